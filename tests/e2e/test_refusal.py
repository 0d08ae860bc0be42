"""What is refused before anybody looks at the path, and too many clients."""

import contextlib
import ssl

import pytest

from authority import Authority
from exporter import run
from poll import eventually
from web import HEADERS, put, trusting

LONG = b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 20000 + b"\r\n\r\n"
POST = b"POST /-/healthy HTTP/1.1\r\nHost: x\r\n"

REFUSALS = {
    "long header": (
        LONG, 431, "The header is too long: 16 KiB are allowed."),
    "many headers": (
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 5000 + b"\r\n", 431,
        "The header is too long: 16 KiB are allowed."),
    "body": (
        POST + b"Content-Length: 5\r\n\r\nhello", 413,
        "A request has no body here."),
    "large body": (
        POST + b"Content-Length: 5000000000\r\n\r\nhello", 413,
        "A request has no body here."),
    "garbage": (
        b"garbage\r\n\r\n", 400,
        "This is no HTTP request that could be understood."),
    "HTTP/2": (
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400,
        "This is no HTTP request that could be understood."),
    "no header line": (
        b"GET / HTTP/1.1\r\nnonsense\r\n\r\n", 400,
        "This is no HTTP request that could be understood."),
    "Expect": (
        POST + b"Content-Length: 5\r\nExpect: magic\r\n\r\n", 417,
        "Nothing can be expected here: a request has no body."),
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


def test_after_a_good_request(exporter):
    """The first is answered, whatever comes behind it."""
    running = exporter()
    sock = running.send(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n" + LONG)
    with sock:
        data = drained(sock, running.timeout)
    assert data.startswith(b"HTTP/1.1 200 ")
    assert_said(data[data.index(b"HTTP/1.1 4"):], 431,
                "The header is too long: 16 KiB are allowed.")


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


@pytest.mark.parametrize("value", ["0", "-1", "x", ""])
def test_max_connections_wrong(value):
    done = run(f"--web.max-connections={value}", "--config.check")
    assert done.returncode != 0
    assert "web.max-connections" in done.stderr
