"""A unix socket whose backlog is full: the kernel says so at once."""

import contextlib
import socket
import threading

from exporter import receive
from exposition import Exposition
from fake import MINIMAL
from poll import SLOW, eventually

DURATION = "memcached_scrape_duration_seconds"


def full(stack, path):
    """A listener, and clients that it has not accepted, until there is no
    room for one more."""
    listener = stack.enter_context(socket.socket(socket.AF_UNIX))
    listener.bind(path)
    listener.listen(1)
    while True:
        client = stack.enter_context(socket.socket(socket.AF_UNIX))
        client.setblocking(False)
        try:
            client.connect(path)
        except BlockingIOError:
            return listener


def answer_one(listener):
    """The first that asks; those before it say nothing and hang up."""
    while True:
        with listener.accept()[0] as sock:
            sock.settimeout(0.2)
            with contextlib.suppress(TimeoutError):
                if sock.recv(65536):
                    sock.sendall(b"".join(MINIMAL.values()))
                    return


def test_full_for_a_moment(exporter, stack, folder):
    listener = full(stack, f"{folder}/socket")
    running = exporter(f"unix:{folder}/socket", timeout=4)
    sock = running.send()
    running.settle()
    accepting = threading.Thread(target=answer_one, args=[listener])
    accepting.start()
    assert Exposition(receive(sock).text).up == 1
    accepting.join()


def test_full_until_the_deadline(exporter, stack, folder):
    full(stack, f"{folder}/socket")
    running = exporter(f"unix:{folder}/socket", timeout=0.3)
    before = running.cpu_seconds()
    metrics = running.metrics()
    assert (metrics.up, metrics.reason) == (0, "timeout")
    assert metrics.value(DURATION) >= 0.29 * SLOW
    assert running.cpu_seconds() - before < 0.1 * SLOW
    # the log may come behind the answer
    eventually(lambda: any("queue of connections is full" in line
                           for line in running.log()))
