"""The forms of --memcached.address, and what a connection is used for."""

import ctypes
import os
import socket

import pytest

from exporter import GET, receive
from fake import serve

ALL = ["stats", "stats settings", "stats slabs", "stats items"]
PIDFD_GETFD = 438
BOTH = "::1 localhost\n127.0.0.1 localhost\n"


@pytest.mark.parametrize("host, form", [
    ("127.0.0.1", "127.0.0.1:%s"),
    ("::1", "[::1]:%s"),
    ("127.0.0.1", "localhost:%s"),
    ("127.0.0.1", "localhost.:%s"),
    ("127.0.0.1", ":%s"),
])
def test_tcp(fake, exporter, host, form):
    server = fake(host=host)
    assert exporter(form % server.port).metrics().up == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_localhost_has_two_addresses(fake, exporter, etc, host):
    server = fake(host=host)
    running = exporter(f"localhost:{server.port}", prefix=etc(BOTH))
    assert running.metrics().up == 1


@pytest.mark.parametrize("form", ["%s", "unix:%s"])
@pytest.mark.parametrize("kind", ["fake", "memcached"])
def test_unix_socket(request, exporter, folder, kind, form):
    server = request.getfixturevalue(kind)(path=f"{folder}/socket")
    assert exporter(form % server.address).metrics().up == 1


def test_memcached(memcached, exporter):
    server = memcached()
    server.ask(b"set key 0 0 5\r\nvalue\r\n", end=b"STORED\r\n")
    metrics = exporter(server.address).metrics()
    assert metrics.up == 1 and metrics.ignored == 0
    assert metrics.value("memcached_current_items") == 1
    assert metrics.value(
        "memcached_commands_total", command="set", status="hit") == 1
    assert set(metrics.success) == {"stats", "settings", "slabs", "items"}
    assert all(metrics.success.values())


def test_none(exporter):
    metrics = exporter("").metrics()
    assert "memcached_up" not in metrics
    assert metrics.value("memcached_exporter_targets") == 0
    assert "process_start_time_seconds" in metrics


def test_name_without_resolver(exporter):
    """What the machine's resolver does is not known here."""
    target = "no-such-host.invalid:11211"
    metrics = exporter(target, timeout=0.5).metrics()
    assert metrics.up == 0
    assert metrics.reason in ("dns", "timeout")


@pytest.mark.parametrize("addresses, reason", [
    ((), "dns"),
    (None, "dns"),
    (["127.0.0.1"], None),
    (["::1", "127.0.0.1"], None),
    (["127.0.0.2", "127.0.0.1"], None),
    (["127.0.0.4", "127.0.0.3", "127.0.0.2", "127.0.0.1"], None),
    (["127.0.0.2", "127.0.0.3"], "refused"),
])
def test_name(fake, exporter, etc, nameserver, addresses, reason):
    server = fake()
    names = nameserver({"cache.example": addresses} if addresses != () else {})
    metrics = exporter(
        f"cache.example:{server.port}",
        timeout=0.5 if reason else 2,
        prefix=etc(resolv_conf=names.resolv_conf),
    ).metrics()
    assert (metrics.up, metrics.reason) == (0 if reason else 1, reason)


SEARCH = "search inner.example\noptions ndots:5\n"


@pytest.mark.parametrize("name, host", [
    ("cache.example", "127.0.0.2"), ("cache.example.", "127.0.0.1"),
    ("CACHE.example.", "127.0.0.1"),
    ("only", "127.0.0.2"), ("only.", None),
])
def test_search_list(fake, exporter, etc, nameserver, name, host):
    """A dot at the end of a name keeps it out."""
    names = nameserver({
        "cache.example": ["127.0.0.1"],
        "cache.example.inner.example": ["127.0.0.2"],
        "only.inner.example": ["127.0.0.2"],
    })
    first = fake()
    servers = {"127.0.0.1": first,
               "127.0.0.2": fake(host="127.0.0.2", port=first.port)}
    running = exporter("", prefix=etc(resolv_conf=names.resolv_conf + SEARCH))
    metrics = running.scrape(f"{name}:{first.port}")
    assert metrics.reason == (None if host else "dns")
    assert [h for h in servers if servers[h].connections] == [host] * bool(host)


def test_names_with_and_without_a_dot(fake, exporter, etc, nameserver):
    """They may be two servers, whichever is asked first."""
    names = nameserver({"cache.inner.example": ["127.0.0.1"]})
    server = fake()
    running = exporter("", prefix=etc(resolv_conf=names.resolv_conf + SEARCH))
    for name, up in (("cache.", 0), ("cache", 1)) * 2:
        assert running.scrape(f"{name}:{server.port}").up == up


def test_one_connection_one_write(fake, exporter):
    server = fake()
    running = exporter(server.address)
    for _ in range(20):
        assert running.metrics().up == 1
    assert len(server.connections) == 1
    assert server.commands == ALL * 20
    request = "".join(f"{command}\r\n" for command in ALL).encode()
    assert server.reads == [request] * 20


def socket_of(pid, fd):
    """The exporter's own socket, or None."""
    pidfd = os.pidfd_open(pid)
    copy = ctypes.CDLL(None, use_errno=True).syscall(
        PIDFD_GETFD, pidfd, int(fd), 0)
    os.close(pidfd)
    if copy < 0:
        pytest.skip("no right to look at the descriptors of a child")
    try:
        return socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        return None


def test_no_delay_on_both_sides(fake, exporter):
    running = exporter(fake().address)
    conn = running.connection()
    running.request(conn)
    delays = {}
    for fd in os.listdir(f"/proc/{running.pid}/fd"):
        sock = socket_of(running.pid, fd)
        if not sock:
            continue
        with sock:
            listens = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
            tcp = sock.family == socket.AF_INET and \
                sock.type == socket.SOCK_STREAM
            if tcp and not listens:
                delays[sock.getpeername()] = sock.getsockopt(
                    socket.IPPROTO_TCP, socket.TCP_NODELAY)
    conn.close()
    assert list(delays.values()) == [1, 1], delays


def test_answers_in_pieces(fake, exporter):
    """Cut anywhere, a reply is the same reply."""

    def bytewise(conn):
        send = conn.send
        conn.send = lambda data: [send(bytes([byte])) for byte in data]
        serve(conn)

    metrics = exporter(fake(bytewise).address).metrics()
    assert (metrics.up, metrics.ignored) == (1, 0)
    assert metrics.value("memcached_slab_current_items", slab="1") == 7


def test_scrape_through_socket(fake, exporter):
    """The harness's own raw way gives the same as its ordinary one."""
    running = exporter(fake().address)
    answer = receive(running.send(GET))
    assert answer.status == 200 and "memcached_up 1\n" in answer.text
