"""Requests whose end others may see elsewhere: a proxy in front, say. Each is
the last one of its connection."""

import pytest

from test_refusal import count, drained

SMUGGLED = b"GET /api/v1/targets HTTP/1.1\r\nHost: x\r\n\r\n"
LENGTH = f"Content-Length: {len(SMUGGLED)}"
AMBIGUOUS = "Ambiguous request framing: "
ENCODING = AMBIGUOUS + "Transfer-Encoding is not accepted."
NUMBER = AMBIGUOUS + "Content-Length is not a number."
TWICE = AMBIGUOUS + "more than one Content-Length."
CONTROL = AMBIGUOUS + "a control character in a header."
FOLDED = AMBIGUOUS + "a header line begins with a blank."
MALFORMED = 'Malformed request header: a line is not "Name: value".'
HOST = "The request needs exactly one Host header: host or host:port."
BODY = "Requests with a body are not accepted."
NOT_HTTP = "Not an HTTP/1.1 or HTTP/1.0 request."


@pytest.mark.parametrize("method, header, status, sentence", [
    ("GET", f"Content-Length: 0\r\n{LENGTH}", 400, TWICE),
    ("GET", "Content-Length: 0\r\nContent-Length: 0", 400, TWICE),
    ("GET", f"content-length: 0\r\n{LENGTH}", 400, TWICE),
    ("GET", "Content-Length: +0", 400, NUMBER),
    ("GET", "Content-Length: -0", 400, NUMBER),
    ("GET", "Content-Length: -1", 400, NUMBER),
    ("GET", "Content-Length: 0, 5", 400, NUMBER),
    ("GET", "Content-Length: 0x5", 400, NUMBER),
    ("GET", "Content-Length: 99999999999999999999", 400, NUMBER),
    ("GET", "Content-Length:", 400, NUMBER),
    ("GET", f"Content-Length : {len(SMUGGLED)}", 400, MALFORMED),
    ("GET", f"Content-Length\t: {len(SMUGGLED)}", 400, MALFORMED),
    ("GET", "Transfer-Encoding: gzip", 400, ENCODING),
    ("GET", "Transfer-Encoding: gzip, chunked", 400, ENCODING),
    ("GET", "Transfer-Encoding:", 400, ENCODING),
    ("GET", "Transfer-Encoding: xchunked", 400, ENCODING),
    ("GET", f"Transfer-Encoding: chunked\r\n{LENGTH}", 400, ENCODING),
    ("GET", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", 400,
     ENCODING),
    ("POST", "Transfer-Encoding: identity", 400, ENCODING),
    ("GET", "Transfer-Encoding : chunked", 400, MALFORMED),
    ("GET", "Transfer-Encoding: \x0bchunked", 400, CONTROL),
    ("GET", "X: y\rTransfer-Encoding: chunked", 400, CONTROL),
    ("GET", "X: \x7f", 400, CONTROL),
    ("GET", "X: a\0b", 400, CONTROL),
    ("GET", "X: \x1b[2J", 400, CONTROL),
    ("GET", "X\x01: y", 400, CONTROL),
    ("GET", "X\0: y", 400, CONTROL),
    ("GET", "X Y: z", 400, MALFORMED),
    ("GET", ": z", 400, MALFORMED),
    ("GET", "X: y\r\n z", 400, FOLDED),
    ("GET", "X: y\r\n\tz", 400, FOLDED),
    ("GET", " X: y", 400, FOLDED),
    ("GET", "Host: y", 400, HOST),
    ("GET", "hOST: x", 400, HOST),
    ("HEAD", LENGTH, 413, ""),
    ("HEAD", "Transfer-Encoding: chunked", 413, ""),
    ("TRACE", LENGTH, 413, BODY),
    ("FOO", LENGTH, 413, BODY),
    ("GET", LENGTH, 413, BODY),
    ("GET", "Transfer-Encoding: chunked", 413, BODY),
    ("TRACE", "Transfer-Encoding: Chunked", 413, BODY),
], ids=repr)
def test_refused(exporter, method, header, status, sentence):
    """One answer, and nothing behind it."""
    running = exporter()
    head = f"{method} /-/healthy HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n"
    with running.send(head.encode() + SMUGGLED) as sock:
        data = drained(sock, running.timeout)
    head, _, body = data.partition(b"\r\n\r\n")
    assert data.count(b"HTTP/1.") == 1
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"\r\nConnection: close" in head
    assert body.decode() == (sentence and sentence + "\n")
    assert count(running, status) == 1


@pytest.mark.parametrize("header", [
    "Content-Length: 0", "Content-Length: 00", "X: \t\x80 y", "X:",
    "!#$%&'*+-.^_`|~aZ9: y", "Expect: 100-Continue"], ids=repr)
def test_accepted(exporter, header):
    running = exporter()
    request = f"GET /-/healthy HTTP/1.1\r\nHost: x\r\n{header}\r\n"
    last = "Connection: close\r\n\r\n"
    with running.send((request + "\r\n" + request + last).encode(
            "latin-1")) as sock:
        data = drained(sock, running.timeout)
    assert data.count(b"HTTP/1.1 200 ") == 2


def assert_only(running, request, status, sentence):
    with running.send(request + SMUGGLED) as sock:
        data = drained(sock, running.timeout)
    assert data.count(b"\r\nDate: ") == 1
    assert data.startswith(f"HTTP/1.1 {status} ".encode())
    assert data.endswith(f"\r\n\r\n{sentence}\n".encode())


@pytest.mark.parametrize("line, sentence", [
    ("GET /-/healthy", NOT_HTTP),
    ("GET /-/healthy ", NOT_HTTP),
    ("GET  /-/healthy HTTP/1.1", NOT_HTTP),
    ("GET /-/healthy  HTTP/1.1", NOT_HTTP),
    ("GET /-/healthy HTTP/1.1 ", NOT_HTTP),
    ("GET\t/-/healthy HTTP/1.1", NOT_HTTP),
    ("GET /-/hea\x00lthy HTTP/1.1", NOT_HTTP),
    ("GET /-/hea\rlthy HTTP/1.1", NOT_HTTP),
    ("GET /-/healthy HTTP/1.", NOT_HTTP),
    ("GET /-/healthy HTTP/1.11", NOT_HTTP),
    ("GET /-/healthy HTTP/2.0", NOT_HTTP),
    ("GET /-/healthy HTTP/0.9", NOT_HTTP),
    ("GET /-/healthy http/1.1", NOT_HTTP),
    ("G(T /-/healthy HTTP/1.1", NOT_HTTP),
    (" GET /-/healthy HTTP/1.1", NOT_HTTP),
    ("GET -/healthy HTTP/1.1",
     "The request target is neither a path nor an http:// URL."),
    ("GET ftp://x/-/healthy HTTP/1.1",
     "The request target is neither a path nor an http:// URL."),
], ids=repr)
def test_request_line(exporter, line, sentence):
    assert_only(exporter(), f"{line}\r\nHost: x\r\n\r\n".encode(), 400,
                sentence)


@pytest.mark.parametrize("line", [
    "GET http://x/-/healthy HTTP/1.1", "GET HTTPS://x:1/-/healthy HTTP/1.1",
    "GET /-/healthy?x#y HTTP/1.1", "GET /-/healthy# HTTP/1.1",
    "\r\n\nGET /-/healthy HTTP/1.1", "GET /-/healthy HTTP/1.9",
    "GET /%2d/h%65althy HTTP/1.1"], ids=repr)
@pytest.mark.parametrize("end", ["\r\n", "\n"], ids=repr)
def test_good_request_line(exporter, line, end):
    request = end.join([line, "Host: x", "Connection: close", "", ""])
    running = exporter()
    with running.send(request.encode()) as sock:
        assert drained(sock, running.timeout).startswith(b"HTTP/1.1 200 ")


def test_no_host(exporter):
    """HTTP/1.0 does not know it."""
    running = exporter()
    assert_only(running, b"GET /-/healthy HTTP/1.1\r\n\r\n", 400, HOST)
    with running.send(b"GET /-/healthy HTTP/1.0\r\n\r\n") as sock:
        assert drained(sock, running.timeout).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("lines, status", [(99, 200), (100, 431)])
def test_lines_of_a_header(exporter, lines, status):
    """And that of the host."""
    running = exporter()
    with running.send(
            b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n" + b"X:\r\n" * (lines - 1)
            + b"Connection: close\r\n\r\n") as sock:
        data = drained(sock, running.timeout)
    assert data.startswith(f"HTTP/1.1 {status} ".encode())


@pytest.mark.parametrize("size, status", [(16384, 200), (16385, 431)])
@pytest.mark.parametrize("filler", [b"X: %s\r\n", b"X: %s\n"], ids=repr)
def test_bytes_of_a_header(exporter, filler, size, status):
    """All of them count, line ends too."""
    running = exporter()
    request = (b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" +
               filler + b"\r\n")
    fill = b"x" * (size - len(request % b""))
    with running.send(request % fill) as sock:
        data = drained(sock, running.timeout)
    assert data.startswith(f"HTTP/1.1 {status} ".encode())
