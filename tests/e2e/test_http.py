"""The HTTP side: routes, and clients that behave badly."""

import contextlib
import email.utils
import html
import http.client
import resource
import select
import socket
import struct
import threading
import time
import urllib.parse

import pytest

from exporter import GET, probe, receive
from exposition import Exposition
from fake import gated
from poll import SLOW, eventually
from web import put, trusting


@pytest.fixture
def running(fake, exporter):
    return exporter(fake().address)


def drained(sock):
    """What still comes until the other side closes."""
    data = b""
    sock.settimeout(10 * SLOW)
    with contextlib.suppress(ConnectionResetError), sock:
        while chunk := sock.recv(65536):
            data += chunk
    return data


def assert_refused(running, request):
    """No 200, and the exporter lives on."""
    sock = running.connect()
    with contextlib.suppress(ConnectionError):
        sock.sendall(request)
        sock.shutdown(socket.SHUT_WR)
    assert not drained(sock).startswith(b"HTTP/1.1 2")
    assert running.metrics().up == 1


@pytest.mark.parametrize("method, path, status", [
    ("GET", "/metrics", 200),
    ("GET", "/metrics?x=y", 200),
    ("GET", "/", 200),
    ("GET", "/-/healthy", 200),
    ("GET", "/-/ready", 200),
    ("HEAD", "/metrics", 200),
    ("HEAD", "/", 200),
    ("HEAD", "/-/healthy", 200),
    ("GET", "/api/v1/targets", 200),
    ("GET", "/api/v1/targets?limit=1", 200),
    ("GET", "/api/v1/targets?limit=", 400),
    ("GET", "/api/v1/targets?limit=-1", 400),
    ("GET", "/target", 400),
    ("GET", "/target?address=none", 404),
    ("GET", "/page.css", 200),
    ("GET", "/page.js", 200),
    ("GET", "/page.svg", 200),
    ("GET", "/nothing", 404),
    ("GET", "/metrics/", 404),
    ("GET", "/metric%73", 200),
    ("GET", "/metrics%20", 404),
    ("GET", "/metrics%00", 404),
    ("GET", "/metrics%2", 404),
    ("GET", "//nothing", 404),
    ("GET", "*", 404),
    ("HEAD", "/nothing", 404),
])
def test_routes(running, method, path, status):
    assert running.get(path, method=method).status == status


@pytest.mark.parametrize("path, location", [
    ("//metrics", "/metrics"),
    ("/./metrics?x=%20y&z#f", "/metrics?x=%20y&z"),
    ("/a/../metrics", "/metrics"),
    ("/../../metrics", "/metrics"),
    ("/%2e%2e/metrics", "/metrics"),
    ("/metrics/.", "/metrics"),
    ("//", "/"),
    ("/x/..//-//healthy", "/-/healthy"),
])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_cleaned_path(running, method, path, location):
    """As Go's ServeMux has it; a page would be right for any path that another
    program takes for that one."""
    sock = running.send(f"{method} {path} HTTP/1.1\r\nHost: x\r\n"
                        "Connection: close\r\n\r\n".encode())
    head = drained(sock).decode().partition("\r\n\r\n")[0].split("\r\n")
    assert head[0] == "HTTP/1.1 307 Temporary Redirect"
    assert f"Location: {location}" in head


@pytest.mark.parametrize("path", [
    "/métriques", "/m(1)", "/m'x", "/a|b", "/[x]", "/{x}", "/m!*", "/m+1"])
def test_path_of_other_characters(exporter, path):
    """Prometheus and browsers send them percent-encoded."""
    running = exporter("", f"--web.telemetry-path={path}")
    quoted = urllib.parse.quote(path)
    for asked in quoted, quoted.lower(), "/" + quoted:
        status = 307 if asked.startswith("//") else 200
        assert running.get(asked).status == status
    with running.send(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()) \
            as sock:
        assert sock.recv(12) == b"HTTP/1.1 200"
    assert running.get("/").text.count(quoted) + \
        html.unescape(running.get("/").text).count(path) > 0


# --web.max-requests

def test_max_requests(fake, exporter, stack):
    """Of both kinds of scrapes together; all else is served."""
    gate = threading.Event()
    stack.callback(gate.set)
    server = fake(gated(gate))
    running = exporter(server.address, "--web.max-requests=2", timeout=20)
    socks = [running.send(), running.send(
        f"GET {probe(server.address)} HTTP/1.1\r\nHost: x\r\n\r\n".encode())]
    eventually(lambda: server.collections > 0)
    running.settle()
    for path in "/metrics", probe(server.address):
        answer = running.get(path)
        assert (answer.status, answer.text) == (
            503, "Limit of concurrent requests reached (2), "
            "try again later.\n")
    gate.set()
    assert [receive(sock).status for sock in socks] == [200, 200]
    assert running.metrics().up == 1


def test_max_requests_of_clients_that_leave(fake, exporter, stack):
    """They count until their scrapes end, but not longer."""
    gate = threading.Event()
    stack.callback(gate.set)
    server = fake(gated(gate))
    running = exporter(server.address, "--web.max-requests=1", timeout=20)
    with running.send():
        eventually(lambda: server.collections == 1)
    running.settle()
    assert running.get().status == 503
    gate.set()
    eventually(lambda: running.get().status == 200)


# Also names that are none.
METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE",
           "CONNECT", "PROPFIND", "FOO", "get"]


def test_methods(fake, exporter):
    """Of a path that is there, what it allows; of another one, nothing."""
    running = exporter(fake().address, "--web.enable-lifecycle")
    reading = {"GET": 200, "HEAD": 200}
    for path, served, allow in [
            ("/metrics", reading, "GET, HEAD"),
            ("/scrape?target=x:1", reading, "GET, HEAD"),
            ("/", reading, "GET, HEAD"),
            ("/api/v1/targets", reading, "GET, HEAD"),
            ("/-/healthy", reading, "GET, HEAD"),
            ("/-/reload", {"POST": 200}, "POST"),
            ("/nothing", dict.fromkeys(METHODS, 404), None)]:
        for method in METHODS:
            with running.send(f"{method} {path} HTTP/1.1\r\nHost: x\r\n"
                              "Connection: close\r\n\r\n".encode()) as sock:
                head, _, body = drained(sock).decode().partition("\r\n\r\n")
            row = f"{method} {path}"
            status = served.get(method, 405)
            assert head.startswith(f"HTTP/1.1 {status} "), row
            allowed = f"\r\nAllow: {allow}\r\n" in head + "\r\n"
            assert allowed == (status == 405), row
            assert (body == "") == (method == "HEAD"), row
            assert "\r\nContent-Length: " in head, row
            if status != 200:
                assert "\r\nContent-Type: text/plain; " in head, row
                assert body.count("\n") == (method != "HEAD"), row


def test_connect(running):
    """Its path is that of a proxy, which this is not."""
    sock = running.send(b"CONNECT example.org:443 HTTP/1.1\r\n"
                        b"Host: x\r\nConnection: close\r\n\r\n")
    assert drained(sock).startswith(b"HTTP/1.1 405 ")


def test_content_type(running):
    headers = running.get().headers
    assert headers["Content-Type"] == \
        "text/plain; version=0.0.4; charset=utf-8"
    assert running.get("/").headers["Content-Type"].startswith("text/html")
    for path in ("/", "/metrics", "/nothing"):
        assert running.get(path).headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", [
    "/", "/page.css", "/api/v1/targets", "/-/healthy", "/metrics", "/nothing",
    "/target?address=none"])
def test_head(running, path):
    """HEAD gives GET's header and no body."""
    get = running.get(path)
    sock = running.send(
        f"HEAD {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        .encode())
    head, _, body = drained(sock).decode().partition("\r\n\r\n")
    assert body == ""
    lines = [line.split(": ") for line in head.split("\r\n")[1:]]
    headers = http.client.HTTPMessage()
    for name, value in lines:
        headers[name] = value
    assert int(headers["Content-Length"]) > 0
    assert headers["Content-Type"] == get.headers["Content-Type"]
    ours = {name.lower() for name in headers} - {"connection"}
    assert ours == {name.lower() for name in get.headers} - {"connection"}


def test_keep_alive(running):
    conn = running.connection()
    for _ in range(3):
        assert running.request(conn).status == 200
        sock = conn.sock
        assert sock
        assert running.request(conn, "/nothing").status == 404
        assert conn.sock is sock
    conn.close()


def test_http_1_0(running):
    sock = running.send(b"GET /metrics HTTP/1.0\r\n\r\n")
    head, _, body = drained(sock).partition(b"\r\n\r\n")
    assert b" 200 " in head.split(b"\r\n")[0]
    assert f"\r\nContent-Length: {len(body)}\r\n".encode() in head + b"\r\n"
    assert Exposition(body.decode()).up == 1


def test_http_1_0_keep_alive(running):
    """For those who ask; the answer has to say that it is so."""
    request = b"GET /nothing HTTP/1.0\r\n"
    keep = request + b"Connection: x, Keep-Alive\r\n\r\n"
    data = drained(running.send(keep + keep + request + b"\r\n"))
    assert data.count(b"\r\nConnection: keep-alive\r\n") == 2
    assert data.count(b"\r\nConnection: close\r\n") == 1
    assert data.count(b" 404 ") == 3


@pytest.mark.parametrize("last", ["close", "Close", "x , CLOSE", "close, x"])
def test_connection_close(running, last):
    """It ends with the answer, whatever is behind it."""
    data = drained(running.send(
        b"GET /nothing HTTP/1.1\r\nHost: x\r\n" +
        f"Connection: {last}\r\n\r\n".encode() + GET))
    assert data.count(b"HTTP/1.1 ") == 1
    assert b"\r\nConnection: close\r\n" in data


def test_date(running):
    """RFC 9110, section 6.6.1."""
    date = email.utils.parsedate_to_datetime(
        running.get("/-/healthy").headers["Date"])
    assert abs(date.timestamp() - time.time()) < 5 * SLOW


@pytest.mark.parametrize("kind", ["plain", "TLS"])
@pytest.mark.parametrize("paths", [
    # some answers come at once, some later; more than is read ahead
    ["/metrics", "/-/healthy", "/nothing", "/page.css?" + "x" * 999,
     "/-/healthy"] * 40,
    # more than one client has in a turn
    ["/-/healthy"] * 100,
], ids=["mixed", "cheap"])
def test_pipelined_in_order(fake, exporter, authority, tmp_path, kind, paths):
    flags = []
    if kind == "TLS":
        pair = authority.issue("IP:127.0.0.1")
        flags.append(put(tmp_path / "web.yml", {"tls_server_config": {
            "cert_file": pair.cert, "key_file": pair.key}}))
    running = exporter(fake().address, *flags)
    sock = running.connect()
    if kind == "TLS":
        sock = trusting(authority).wrap_socket(
            sock, server_hostname="127.0.0.1")
    sock.settimeout(running.timeout)
    sock.sendall(b"".join(
        f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for path in paths))
    with sock, sock.makefile("rb") as file:
        for path in paths:
            status = int(file.readline().split()[1])
            headers = http.client.parse_headers(file)
            body = file.read(int(headers["Content-Length"]))
            assert status == (404 if path == "/nothing" else 200)
            assert headers["Content-Type"].startswith(
                "text/css" if path.startswith("/page") else "text/plain")
            assert (b"memcached_up 1" in body) == (path == "/metrics")
            assert (b"is healthy" in body) == (path == "/-/healthy")


def test_pipelined(running):
    last = GET.replace(b"Host", b"Connection: close\r\nHost")
    data = drained(running.send(GET.replace(b"/metrics", b"/-/healthy") + last))
    assert data.count(b"HTTP/1.1 200 ") == 2
    assert Exposition(data.rpartition(b"\r\n\r\n")[2].decode()).up == 1


def test_request_in_pieces(running):
    sock = running.connect()
    for byte in GET:
        sock.sendall(bytes([byte]))
    assert receive(sock).status == 200


BIG = b"x" * 100000
BODY = b"POST /metrics HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize("request_bytes", [
    b"GET /metrics HTTP/1.1\r\nHost: x\r\nX: " + BIG + b"\r\n\r\n",
    b"GET /metrics HTTP/1.1\r\nHost: x\r\nX: " + BIG,
    b"GET /metrics HTTP/1.1\r\n" + b"X: y\r\n" * 20000 + b"\r\n",
    b"GET /" + BIG + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    BIG * 20,
    BODY + b"Content-Length: 10\r\n\r\n0123456789",
    BODY + b"Content-Length: 10000000\r\n\r\n" + BIG,
    BODY + b"Content-Length: -1\r\n\r\n",
    BODY + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    GET.replace(b"Host", b"Content-Length: 9\r\nHost") + b"012345678",
    b"nonsense\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"\0" * 1000,
], ids=["long header", "header without end", "many headers", "long path",
        "2 MB", "body", "large body", "negative length", "chunked",
        "GET with body", "nonsense", "TLS", "NUL"])
def test_refused(running, request_bytes):
    assert_refused(running, request_bytes)


def test_half_closed_client(running):
    sock = running.send()
    sock.shutdown(socket.SHUT_WR)
    data = drained(sock)
    assert data == b"" or data.startswith(b"HTTP/1.1 200 ")
    assert running.metrics().up == 1


@pytest.mark.parametrize("linger", [0, 1], ids=["FIN", "RST"])
def test_client_leaves(fake, exporter, linger):
    gate = threading.Event()
    server = fake(gated(gate))
    running = exporter(server.address, timeout=10)
    before = running.descriptors()
    socks = [running.send() for _ in range(10)]
    eventually(lambda: server.collections == 1)
    running.settle()
    for sock in socks:
        if linger:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                            struct.pack("ii", 1, 0))
        sock.close()
    running.settle()
    gate.set()
    assert running.metrics().up == 1
    # One more than at first: the connection to the server.
    eventually(lambda: running.descriptors() == before + 1)


def test_client_that_does_not_read(running):
    """Answers to it pile up to some end."""
    sock = running.connect()
    sock.setblocking(False)
    sent = 0
    with contextlib.suppress(BlockingIOError, ConnectionError):
        while sent < 4 << 20:
            sent += sock.send(GET * 100)
    assert running.metrics().up == 1
    assert running.status("VmRSS") < 64 << 10 or SLOW > 1
    sock.close()
    assert running.metrics().up == 1


def test_out_of_descriptors(running):
    """No more of them than the system gives: no spinning, no end."""
    limits = resource.prlimit(running.pid, resource.RLIMIT_NOFILE)
    few = running.descriptors() + 8
    resource.prlimit(running.pid, resource.RLIMIT_NOFILE, (few, limits[1]))
    with contextlib.ExitStack() as stack:
        for _ in range(50):
            stack.enter_context(running.connect())
        before, start = running.cpu_seconds(), time.monotonic()
        threading.Event().wait(0.5)
        spent = running.cpu_seconds() - before
        assert spent < 0.5 * (time.monotonic() - start)
    eventually(lambda: running.metrics().up == 1)


@pytest.mark.slow
def test_slow_clients(running):
    """1,000 clients with a byte a second: scrapes go on, and in the end the
    clients are thrown out. The limit is for the header of a request, not for
    a connection that is kept alive between two."""
    with contextlib.ExitStack() as stack:
        kept = stack.enter_context(contextlib.closing(running.connection()))
        assert running.request(kept).status == 200
        sock = kept.sock
        start = time.monotonic()
        slow = [stack.enter_context(running.connect()) for _ in range(1000)]
        request = iter(GET.replace(b"\r\n\r\n", b"\r\nX: ") + b"x" * 999)
        while slow:
            byte = bytes([next(request)])
            for client in slow:
                with contextlib.suppress(ConnectionError):
                    client.send(byte)
            asked = time.monotonic()
            assert running.metrics().up == 1
            assert time.monotonic() - asked < SLOW
            threading.Event().wait(1)
            slow = still_open(slow)
            assert time.monotonic() - start < 20 * SLOW, len(slow)
        assert time.monotonic() - start > 5
        assert running.request(kept).status == 200
        assert kept.sock is sock
    eventually(lambda: running.descriptors() < 100)


def still_open(socks):
    poll = select.poll()
    for sock in socks:
        poll.register(sock, select.POLLIN)
    gone = {fd for fd, _ in poll.poll(0)}
    return [sock for sock in socks if sock.fileno() not in gone]
