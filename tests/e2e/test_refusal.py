"""What is refused before anybody looks at the path, and too many clients."""

import contextlib
import signal
import ssl
import threading

import pytest

from authority import Authority
from exporter import probe, run
from fake import gated
from poll import SLOW, eventually
from web import HEADERS, put, trusting

SURPLUS = 32  # clients past the maximum; src/http/clients.h

LONG = b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 20000 + b"\r\n\r\n"
POST = b"POST /-/healthy HTTP/1.1\r\nHost: x\r\n"
TOO_LARGE = "The request header is too large: at most 16 KiB and 100 lines."
NO_BODY = "Requests with a body are not accepted."
NOT_HTTP = "Not an HTTP/1.1 or HTTP/1.0 request."

REFUSALS = {
    "long header": (
        LONG, 431, TOO_LARGE),
    "many headers": (
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 5000 + b"\r\n", 431,
        TOO_LARGE),
    "body": (
        POST + b"Content-Length: 5\r\n\r\nhello", 413,
        NO_BODY),
    "large body": (
        POST + b"Content-Length: 5000000000\r\n\r\nhello", 413,
        NO_BODY),
    "garbage": (
        b"garbage\r\n\r\n", 400,
        NOT_HTTP),
    "HTTP/2": (
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400,
        NOT_HTTP),
    "no header line": (
        b"GET / HTTP/1.1\r\nnonsense\r\n\r\n", 400,
        'Malformed request header: a line is not "Name: value".'),
    "Expect": (
        POST + b"Content-Length: 5\r\nExpect: magic\r\n\r\n", 417,
        "The Expect header asks for something unknown."),
}


def drained(sock, timeout):
    data = b""
    sock.settimeout(timeout)
    with contextlib.suppress(ConnectionResetError, ssl.SSLEOFError):
        while chunk := sock.recv(65536):
            data += chunk
            assert len(data) < 65536, "there is no end to it"
    return data


def assert_said(data, status, sentence):
    head, _, body = data.decode().partition("\r\n\r\n")
    line, *fields = head.split("\r\n")
    assert line.startswith(f"HTTP/1.1 {status} ")
    headers = dict(field.split(": ", 1) for field in fields)
    assert len(headers) == len(fields)
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Type"] == "text/plain; charset=utf-8"
    assert headers["Connection"] == "close"
    assert body == sentence + "\n"
    assert int(headers["Content-Length"]) == len(body)
    return headers


def count(running, status):
    text = running.get("/metrics").text
    name = "memcached_exporter_http_requests_total"
    return sum(
        float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
        if line.startswith(name + "{") and 'handler="other"' in line
        and f'code="{status}"' in line)


@pytest.mark.parametrize("kind", REFUSALS)
def test_refusal(exporter, kind):
    """One sentence, the end of the connection, and counted."""
    request, status, sentence = REFUSALS[kind]
    running = exporter()
    for n in range(1, 3):
        with running.send(request) as sock:
            assert_said(drained(sock, running.timeout), status, sentence)
        assert count(running, status) == n


@pytest.mark.parametrize("kind", REFUSALS)
def test_configured_headers(exporter, tmp_path, kind):
    request, status, sentence = REFUSALS[kind]
    running = exporter(None, put(tmp_path / "web.yml", {
        "http_server_config": {"headers": HEADERS}}))
    with running.send(request) as sock:
        headers = assert_said(drained(sock, running.timeout), status, sentence)
    assert headers.items() >= HEADERS.items()


@pytest.mark.parametrize("kind", REFUSALS)
def test_refusal_by_tls(exporter, tmp_path, kind):
    request, status, sentence = REFUSALS[kind]
    authority = Authority(tmp_path)
    pair = authority.issue("IP:127.0.0.1")
    running = exporter(None, put(tmp_path / "web.yml", {"tls_server_config": {
        "cert_file": pair.cert, "key_file": pair.key}}))
    with running.connect() as plain, trusting(authority).wrap_socket(
            plain, server_hostname="127.0.0.1") as sock:
        sock.sendall(request)
        assert_said(drained(sock, running.timeout), status, sentence)


@pytest.mark.parametrize("request_bytes", [
    b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n",
    b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST /-/reload HTTP/1.1\r\nHost: x\r\n\r\n"])
def test_plain_http_by_tls(exporter, tmp_path, request_bytes):
    """Without it, there would be an empty answer and no word of why."""
    pair = Authority(tmp_path).issue("IP:127.0.0.1")
    running = exporter(None, "--web.enable-lifecycle", put(
        tmp_path / "web.yml", {"tls_server_config": {
            "cert_file": pair.cert, "key_file": pair.key}}))
    with running.send(request_bytes) as sock:
        assert_said(drained(sock, running.timeout), 400,
                    "The client sent an HTTP request to an HTTPS server.")


def test_after_a_good_request(exporter):
    """The first is answered, whatever comes behind it."""
    running = exporter()
    sock = running.send(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n" + LONG)
    with sock:
        data = drained(sock, running.timeout)
    assert data.startswith(b"HTTP/1.1 200 ")
    assert_said(data[data.index(b"HTTP/1.1 4"):], 431,
                TOO_LARGE)


def test_header_that_just_fits(exporter):
    running = exporter()
    headers = {"X": "x" * 16000}
    assert running.get("/-/healthy", headers=headers).status == 200


# --web.max-connections

def is_open(conn):
    """Nothing has come: neither an answer, which nobody asked for, nor the
    end."""
    conn.sock.setblocking(False)
    try:
        return conn.sock.recv(1) != b""
    except BlockingIOError:
        return True
    except ConnectionError:
        return False
    finally:
        conn.sock.settimeout(10)


def test_max_connections(exporter, stack):
    running = exporter(None, "--web.max-connections=3")
    conns = []

    def join():
        conn = stack.enter_context(contextlib.closing(running.connection()))
        assert running.request(conn, "/-/healthy").status == 200
        conns.append(conn)

    for _ in range(3):
        join()
    # the first speaks again: the second is quiet for longest
    assert running.request(conns[0], "/-/healthy").status == 200
    assert all(is_open(conn) for conn in conns)
    sock = conns[0].sock
    join()
    eventually(lambda: not is_open(conns[1]))
    for n in (0, 2, 3):
        assert running.request(conns[n], "/-/healthy").status == 200
    assert conns[0].sock is sock
    # and so on, many times
    for _ in range(20):
        join()
    assert running.request(conns[-1], "/-/healthy").status == 200
    eventually(lambda: sum(map(is_open, (
        c for c in conns if c.sock is not None))) <= 3)


def status_of(sock):
    """Of the answer, or None when there was nothing but the end."""
    line = drained(sock, 10 * SLOW).partition(b"\r\n")[0]
    return int(line.split()[1]) if line else None


def busy(running, server, stack):
    """A client whose scrape is under way."""
    before = server.collections
    sock = stack.enter_context(running.send(
        f"GET {probe(server.address)} HTTP/1.1\r\nHost: x\r\n"
        "Connection: close\r\n\r\n".encode()))
    eventually(lambda: server.collections > before)
    return sock


HEALTHY = b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n"


def test_all_clients_are_busy(exporter, fake, stack):
    """Nobody of them has to go for a newcomer, and nobody is one too many."""
    gate = threading.Event()
    stack.callback(gate.set)
    running = exporter(None, "--web.max-connections=3", timeout=20)
    socks = [busy(running, fake(gated(gate)), stack) for _ in range(3)]

    def told():
        with running.send(HEALTHY) as sock:
            data = drained(sock, running.timeout)
        assert not data.startswith(b"HTTP/1.1 200 ")
        return data

    # or the end, if it was slow to ask
    data = eventually(told)
    assert data.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nRetry-After: 1\r\n" in data
    assert b"\r\nConnection: close\r\n" in data
    assert data.endswith(b"\r\n\r\nToo many clients, try again later.\n")
    unasked = fake()
    request = HEALTHY.replace(b"/-/healthy", probe(unasked.address).encode())
    before = running.descriptors()
    more = [stack.enter_context(running.send(request)) for _ in range(200)]
    most = 0
    for sock in more:
        most = max(most, running.descriptors())
        assert status_of(sock) in (503, None)
    assert most <= before + SURPLUS
    assert unasked.collections == 0
    eventually(lambda: sum("turned away" in l for l in running.log()) == 1)
    gate.set()
    assert [status_of(sock) for sock in socks] == [200] * 3
    eventually(lambda: is_served(running))


def is_served(running):
    with running.send(HEALTHY.replace(b"Host", b"Connection: close\r\nHost")) \
            as sock:
        return status_of(sock) == 200


def test_request_of_a_client_that_was_sent_away(exporter, fake):
    """It came too late to be read, and starts no work."""
    server = fake()
    running = exporter(None, "--web.max-connections=1")
    before = running.descriptors()
    with running.connect() as first:
        eventually(lambda: running.descriptors() == before + 1)
        running.process.send_signal(signal.SIGSTOP)
        try:
            second = running.send(HEALTHY.replace(
                b"Host", b"Connection: close\r\nHost"))
            first.sendall(f"GET {probe(server.address)} HTTP/1.1\r\n"
                          "Host: x\r\n\r\n".encode())
        finally:
            running.process.send_signal(signal.SIGCONT)
        with second:
            assert status_of(second) == 200
        assert status_of(first) is None
    running.scrape(server.address)
    assert server.collections == 1


@pytest.mark.parametrize("value", ["0", "-1", "x", ""])
def test_max_connections_wrong(value):
    done = run(f"--web.max-connections={value}", "--config.check")
    assert done.returncode != 0
    assert "web.max-connections" in done.stderr
