"""TLS peers that do not stop: before any certificate, and behind it."""

import itertools
import socket
import struct
import threading

import pytest

import records
from authority import context
from poll import eventually
from records import CLIENT_HELLO, DATA, HANDSHAKE, KEY_UPDATE
from records import NEW_SESSION_TICKET, TLS12, TLS13, message, record
from web import get, put, trusting

TLS = "--memcached.tls."
NAMES = "DNS:localhost,IP:127.0.0.1"

# Bytes: more than any limit of src/base/tls_limits.h and the buffers between.
ENDLESS = 8 << 20


def pour(sock, pieces):
    """Sends them until the other side has enough; false when it never has."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
    sent, batch = 0, b""
    try:
        for piece in pieces:
            batch += piece
            if len(batch) > 16384:
                sock.sendall(batch)
                sent += len(batch)
                batch = b""
            if sent > ENDLESS:
                return False
    except (ConnectionError, TimeoutError):
        return True
    return False


HELLO_REQUESTS = {
    "one in a record": record(HANDSHAKE, message(0)),
    "many in a record": record(HANDSHAKE, message(0) * 4096),
}

# In TLS 1.2: a ServerHello, then a Certificate of 65,520 bytes by the byte.
FRAGMENTS = itertools.chain(
    [record(HANDSHAKE, message(
        2, b"\3\3" + b"r" * 32 + b"\0\xc0\x2b\0\0\5\xff\1\0\1\0")),
     record(HANDSHAKE, b"\x0b\0\xff\xf0")],
    itertools.repeat(record(HANDSHAKE, b"x")))


@pytest.fixture
def pair(authority):
    return authority.issue(NAMES)


@pytest.fixture
def flags(authority):
    return [f"{TLS}enable", f"{TLS}ca-file={authority.cert}"]


class Flood:
    """A script for a server: pours what make(conn) says."""

    def __init__(self, make):
        self.make = make
        self.began = threading.Event()
        self.outcomes = []

    def __call__(self, conn):
        conn.sock.settimeout(60)
        pieces = self.make(conn)
        self.began.set()
        self.outcomes.append(pour(conn.sock, pieces))


def assert_bounded(running, server, flood, words):
    """While one server floods, everybody else is served, and the flood ends
    before the scrape's deadline, or with it."""
    scrapes = []
    path = f"/scrape?target={server.address}"
    thread = threading.Thread(
        target=lambda: scrapes.append(running.metrics(path=path)))
    thread.start()
    assert flood.began.wait(10)
    while thread.is_alive():
        assert running.get("/-/healthy").status == 200
    thread.join()
    assert (scrapes[0].up, scrapes[0].reason) == (0, "tls")
    line, = eventually(lambda: [
        line for line in running.log() if "Target is down" in line])
    assert f"TLS: the server sent too many {words} of handshake" in line
    eventually(lambda: flood.outcomes)
    assert all(flood.outcomes)


@pytest.mark.parametrize("name", HELLO_REQUESTS)
def test_hello_requests_of_a_server(fake, exporter, flags, name):
    """In clear, before it has shown a certificate."""
    flood = Flood(lambda conn: itertools.repeat(HELLO_REQUESTS[name]))
    running = exporter("", *flags, timeout=2)
    assert_bounded(running, fake(flood), flood, "messages")


def test_fragments_of_a_server(fake, exporter, flags):
    """A message of the handshake that comes in pieces of a byte."""
    flood = Flood(lambda conn: FRAGMENTS)
    running = exporter("", *flags, timeout=2)
    assert_bounded(running, fake(flood), flood, "bytes")


def tickets(made):
    ticket = message(NEW_SESSION_TICKET, struct.pack(
        ">IIB1sHBH", 7200, 0, 1, b"n", 1, 116, 0))
    while True:
        yield made.make(HANDSHAKE, ticket * 500)


def key_update(made):
    piece = made.make(HANDSHAKE, message(KEY_UPDATE, b"\0"))
    made.update()
    return piece


def key_updates(made):
    while True:
        yield key_update(made)


def key_updates_between_data(made):
    """A request that gets on by a byte from time to time."""
    yield made.make(DATA, b"GET /")
    while True:
        for _ in range(16):
            yield key_update(made)
        yield made.make(DATA, b"x")


@pytest.mark.parametrize("make", [tickets, key_updates])
def test_flood_behind_the_handshake_of_a_server(
        fake, exporter, pair, flags, tmp_path, make):
    tls = context(pair, TLS13)
    tls.num_tickets = 0
    tls.keylog_filename = str(tmp_path / "keys")

    def after(conn):
        return make(records.server(conn, tmp_path / "keys"))

    flood = Flood(after)
    running = exporter("", *flags, timeout=5)
    assert_bounded(running, fake(flood, tls=tls), flood, "messages")


def renegotiations(made):
    hello = message(CLIENT_HELLO, b"\3\3" + b"r" * 32 + b"\0\0\2\xc0\x2b\1\0")
    while True:
        yield made.make(HANDSHAKE, hello)


@pytest.fixture
def serving(exporter, tmp_path, pair):
    def start(*flags, **keys):
        tls = {"cert_file": pair.cert, "key_file": pair.key, **keys}
        flag = put(tmp_path / "web.yml", {"tls_server_config": tls})
        return exporter(None, flag, *flags)

    return start


@pytest.mark.parametrize("version, make, words", [
    (TLS12, renegotiations, "messages of handshake in a row"),
    (TLS13, key_updates, "messages of handshake in a row"),
    (TLS13, key_updates_between_data, "bytes of handshake"),
], ids=["renegotiations", "KeyUpdates", "KeyUpdates and data"])
def test_flood_of_a_client(
        serving, authority, tmp_path, version, make, words):
    """One without a password, too."""
    running = serving("--log.level=debug")
    outcomes = []
    with running.connect() as sock:
        made = records.client(
            sock, trusting(authority), tmp_path / "keys", version)
        thread = threading.Thread(
            target=lambda: outcomes.append(pour(sock, make(made))))
        thread.start()
        while thread.is_alive():
            assert get(running, trusting(authority)).status == 200
        thread.join()
    assert outcomes == [True]
    line, = eventually(lambda: [
        line for line in running.log() if "TLS connection closed" in line])
    assert f'err="too many {words}"' in line


def test_records_between_data(serving, authority, tmp_path):
    """A client may change its keys as it likes, if it also asks."""
    running = serving()
    with running.connect() as sock:
        made = records.client(
            sock, trusting(authority), tmp_path / "keys", TLS13)
        ask = b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n"
        for _ in range(100):
            sock.sendall(key_update(made) + made.make(DATA, ask))
            assert sock.recv(65536)


@pytest.mark.parametrize("first", [7, 9, 109])
def test_announced_hello(serving, first):
    """One that would take 131 kB of memory before it has come."""
    running = serving()
    hello = b"\x16\3\1\x40\0\1\2\0\0" + b"x" * 100
    with running.connect() as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(hello[:first])
        sock.settimeout(running.timeout)
        try:
            sock.sendall(hello[first:])
            assert sock.recv(100) == b""
        except ConnectionError:
            pass
