"""Requests whose end others may see elsewhere: a proxy in front, say. Each is
the last one of its connection."""

import pytest

from test_refusal import count, drained

SMUGGLED = b"GET /api/v1/targets HTTP/1.1\r\nHost: x\r\n\r\n"
LENGTH = f"Content-Length: {len(SMUGGLED)}"
IN_DOUBT = "The header of this request leaves in doubt where it ends."
BODY = "A request has no body here."


@pytest.mark.parametrize("method, header, status, sentence", [
    ("GET", f"Content-Length: 0\r\n{LENGTH}", 400, IN_DOUBT),
    ("GET", "Content-Length: 0\r\nContent-Length: 0", 400, IN_DOUBT),
    ("GET", f"content-length: 0\r\n{LENGTH}", 400, IN_DOUBT),
    ("GET", "Content-Length: +0", 400, IN_DOUBT),
    ("GET", "Content-Length: -0", 400, IN_DOUBT),
    ("GET", "Content-Length: 0, 5", 400, None),
    ("GET", "Content-Length: 0x5", 400, None),
    ("GET", "Content-Length:", 400, None),
    ("GET", f"Content-Length : {len(SMUGGLED)}", 400, IN_DOUBT),
    ("GET", f"Content-Length\t: {len(SMUGGLED)}", 400, IN_DOUBT),
    ("GET", "Transfer-Encoding: gzip", 400, IN_DOUBT),
    ("GET", "Transfer-Encoding:", 400, IN_DOUBT),
    ("GET", "Transfer-Encoding : chunked", 400, IN_DOUBT),
    ("GET", "Transfer-Encoding: \x0bchunked", 400, IN_DOUBT),
    ("GET", "Transfer-Encoding: xchunked", 400, IN_DOUBT),
    ("GET", "X: y\rTransfer-Encoding: chunked", 400, None),
    ("GET", "X: \x7f", 400, IN_DOUBT),
    ("GET", "X\x01: y", 400, IN_DOUBT),
    ("GET", "X Y: z", 400, IN_DOUBT),
    ("GET", ": z", 400, IN_DOUBT),
    ("POST", "Transfer-Encoding: identity", 400, IN_DOUBT),
    # evhttp looks for no body with these
    ("HEAD", "Transfer-Encoding: chunked", 400, None),
    ("TRACE", "Transfer-Encoding: chunked", 400, IN_DOUBT),
    ("HEAD", LENGTH, 413, None),
    ("TRACE", LENGTH, 413, BODY),
    ("FOO", LENGTH, 413, BODY),
    # and itself refuses these
    ("GET", LENGTH, 413, BODY),
    ("GET", "Transfer-Encoding: chunked", 413, BODY),
    ("GET", "Transfer-Encoding: gzip, chunked", 413, BODY),
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
    if sentence:
        assert body.decode() == sentence + "\n"
    assert count(running, status) == 1


@pytest.mark.parametrize("header", [
    "Content-Length: 0", "Content-Length: 00", "X: \t\x80 y", "X:",
    "!#$%&'*+-.^_`|~aZ9: y", "X: y\r\n z"], ids=repr)
def test_accepted(exporter, header):
    running = exporter()
    request = f"GET /-/healthy HTTP/1.1\r\nHost: x\r\n{header}\r\n"
    last = "Connection: close\r\n\r\n"
    with running.send((request + "\r\n" + request + last).encode(
            "latin-1")) as sock:
        data = drained(sock, running.timeout)
    assert data.count(b"HTTP/1.1 200 ") == 2
