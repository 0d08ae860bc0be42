"""Many clients at a time, of one answer or of many, that read slowly or not
at all."""

import contextlib
import fcntl
import gzip
import re
import select
import socket
import ssl
import struct
import termios
import threading
import time

import pytest

from exporter import WRAPPER, probe, receive
from exposition import Exposition
from fake import gated, hang
from poll import SLOW, eventually
from web import put, trusting

SHADOW = 1 << 30  # KiB that only a sanitizer maps

# A segment and a buffer so small that the kernel takes little of an answer.
SEGMENT, BUFFER = 536, 2048

CROWD = 300
UNSENT = 64 << 10  # KiB, src/http/body.h
CLASSES = range(1, 257)
SLABS = ("chunk_size", "chunks_per_page", "total_pages", "total_chunks",
         "used_chunks", "free_chunks", "free_chunks_end", "get_hits",
         "cmd_set", "delete_hits", "incr_hits", "decr_hits", "cas_hits",
         "cas_badval", "touch_hits", "mem_requested")
ITEMS = ("number", "age", "evicted", "evicted_nonzero", "evicted_time",
         "outofmemory", "tailrepairs", "reclaimed", "expired_unfetched",
         "evicted_unfetched", "crawler_reclaimed", "lrutail_reflocked")


def lines(form, keys):
    return b"".join(form % (number, key.encode(), 10 ** 9 + number)
                    for number in CLASSES for key in keys) + b"END\r\n"


# Some 500 kB of metrics.
LARGE = {"stats slabs": lines(b"STAT %d:%s %d\r\n", SLABS),
         "stats items": lines(b"STAT items:%d:%s %d\r\n", ITEMS)}


@pytest.fixture
def ask(stack):
    """ask(running, path) asks, and does not read."""

    def start(running, path, *headers):
        sock = stack.enter_context(contextlib.closing(socket.socket()))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        sock.settimeout(running.timeout)
        host, _, port = running.address.rpartition(":")
        sock.connect((host, int(port)))
        sock.sendall("\r\n".join(
            [f"GET {path} HTTP/1.1", "Host: x", *headers, "", ""]).encode())
        return sock

    return start


def memory(running):
    """In KiB; None where a tool beside it has its own."""
    if WRAPPER or running.status("VmSize") > SHADOW:
        return None
    return running.status("VmRSS")


@pytest.mark.parametrize("headers", [[], ["Accept-Encoding: gzip"]])
def test_crowd_shares_one_answer(fake, exporter, ask, headers):
    """Rendered and compressed once, and in memory once."""
    gate = threading.Event()
    server = fake(gated(gate), LARGE)
    running = exporter("", timeout=60)
    path = probe(server.address)
    gate.set()
    for _ in range(3):
        whole = len(running.get(path).text)
    assert whole > 400000
    before, cpu = memory(running), running.cpu_seconds()
    running.get(path)
    alone = max(running.cpu_seconds() - cpu, 0.01)
    gate.clear()
    socks = [ask(running, path, *headers) for _ in range(CROWD)]
    running.settle()
    cpu = running.cpu_seconds()
    gate.set()
    for sock in socks:
        assert sock.recv(12, socket.MSG_PEEK) == b"HTTP/1.1 200"
    # The first one's, and that of all the others.
    assert server.collections == 6
    if headers and not WRAPPER:
        assert running.cpu_seconds() - cpu < 30 * alone
    if before is not None:
        assert memory(running) - before < 20 << 10
    answers = [receive_bytes(sock) for sock in socks[:3]]
    for head, body in answers:
        if headers:
            assert "content-encoding: gzip" in head.lower()
            body = gzip.decompress(body)
        text = body.decode()
        assert Exposition(text).up == 1
        # What differs is how long each one has waited, at the end.
        assert "memcached_scrape_duration_seconds" in \
            text.splitlines()[-1]
    bodies = [re.sub(rb"duration_seconds [\d.]+\n", b"", gzip.decompress(body)
                     if headers else body) for _, body in answers]
    assert bodies[1] == bodies[2]


def ask_for(sock, path):
    sock.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())


def waiting(sock):
    """How many bytes it could read."""
    return struct.unpack("i", fcntl.ioctl(sock, termios.FIONREAD, bytes(4)))[0]


def hold_up(connect, path, gate):
    """A crowd is answered: for how long another request waits at most, and
    how much the others have when the last one's answer begins."""
    gate.clear()
    *socks, other = [connect() for _ in range(3 * CROWD + 1)]
    for sock in socks:
        ask_for(sock, path)

    def wait():
        begin = time.monotonic()
        ask_for(other, "/-/healthy")
        assert other.recv(65536).startswith(b"HTTP/1.1 200")
        return time.monotonic() - begin

    wait(), wait()  # all have been read
    gate.set()
    worst = 0
    while not select.select([socks[-1]], [], [], 0)[0]:
        worst = max(worst, wait())
    return worst, sum(map(waiting, socks))


@pytest.mark.parametrize("kind", ["plain", "TLS"])
def test_crowd_holds_nobody_up(fake, exporter, authority, tmp_path, kind):
    """The kernel would take all at once, a millisecond for each megabyte."""
    pair = authority.issue("IP:127.0.0.1")
    flag = put(tmp_path / "web.yml", {"tls_server_config": {
        "cert_file": pair.cert, "key_file": pair.key}} if kind == "TLS" else {})
    # this version sends nothing behind its handshake
    tls = trusting(authority, version=ssl.TLSVersion.TLSv1_2)
    gate = threading.Event()
    gate.set()
    server = fake(gated(gate), LARGE)
    running = exporter("", flag, timeout=60)
    for _ in range(5):  # others want this machine too
        with contextlib.ExitStack() as stack:
            def connect():
                sock = running.connect()
                if kind == "TLS":
                    sock = tls.wrap_socket(sock, server_hostname="127.0.0.1")
                return stack.enter_context(contextlib.closing(sock))

            seconds, taken = hold_up(connect, probe(server.address), gate)
            # a piece or two of 64 KiB each, of the megabytes that fit
            if seconds < 0.08 * SLOW and taken < 128 << 20:
                return
    pytest.fail(f"held up for {seconds} s, by {taken} bytes")


def receive_bytes(sock):
    data = b""
    while b"\r\n\r\n" not in data:
        data += sock.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
    while len(body) < length:
        body += sock.recv(1 << 20)
    return head.decode(), body


def test_unread_answers_have_a_limit(fake, exporter, ask):
    """Each of a collection of its own, and no client reads."""
    server = fake(answers=LARGE)
    running = exporter("", timeout=60)
    path = probe(server.address)
    page = running.get(path).text
    before = memory(running)
    socks = []

    def refused():
        socks.append(ask(running, path))
        return socks[-1].recv(12, socket.MSG_PEEK) != b"HTTP/1.1 200"

    for _ in range(500):
        if refused():
            break
    answer = receive(socks.pop())
    assert answer.status == 503
    assert int(answer.headers["Retry-After"]) >= 1
    assert "do not read" in answer.text
    if before is not None:
        assert memory(running) - before < UNSENT + (16 << 10)
    # What is small goes on being answered.
    unsent = running.metrics().value("memcached_exporter_http_unsent_bytes")
    assert (UNSENT << 10) - len(page) < unsent <= UNSENT << 10
    assert running.get("/-/healthy").status == 200
    assert running.scrape(fake().address).up == 1
    for sock in socks:
        sock.close()
    eventually(lambda: running.get(path).status == 200)
    eventually(lambda: running.metrics().value(
        "memcached_exporter_http_unsent_bytes") == 0)


def test_half_answers_are_shared(fake, exporter, ask):
    """`stats` is whole and the rest never comes: all are up at the deadline,
    with one text."""

    def half(conn):
        for command in conn.commands():
            if command == "stats items":
                hang(conn)
            conn.answer(command)

    server = fake(half, LARGE)
    running = exporter("", timeout=1)
    path = probe(server.address)
    assert running.metrics(path=path).up == 1
    before = memory(running)
    socks = [ask(running, path) for _ in range(CROWD)]
    for sock in socks:
        assert sock.recv(12, socket.MSG_PEEK) == b"HTTP/1.1 200"
    if before is not None:
        assert memory(running) - before < 40 << 10
