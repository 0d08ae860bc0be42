"""The binary protocol, for the scripts of fake.py: a good server and faults.
The answers are those that the server gives in ASCII."""

import collections
import itertools
import socket
import struct
import threading

import fake

HEADER = struct.Struct(">BBHBBHIIQ")
ASKS, ANSWERS = 0x80, 0x81
QUIT, VERSION, STAT, MECHANISMS, AUTH = 0x07, 0x0B, 0x10, 0x20, 0x21
NAMES = {STAT: "stats", AUTH: "auth"}
OK, NOT_FOUND, DENIED, UNKNOWN = 0x00, 0x01, 0x20, 0x81

Request = collections.namedtuple("Request", "opcode opaque key value")


def requests(conn):
    """They come as they are asked; the server's commands have "stats …" of
    them, and "auth" with the mechanism."""
    with conn.sock.makefile("rb") as stream:
        while header := stream.read(HEADER.size):
            _, opcode, key, extras, _, _, body, opaque, _ = HEADER.unpack(
                header)
            body = stream.read(body)[extras:]
            request = Request(opcode, opaque, body[:key], body[key:])
            if opcode in NAMES:
                conn.server.commands.append(command(request))
            yield request


def command(request):
    return f"{NAMES[request.opcode]} {request.key.decode()}".rstrip()


def packet(request, key=b"", value=b"", status=OK):
    return HEADER.pack(ANSWERS, request.opcode, len(key), 0, 0, status,
                       len(key) + len(value), request.opaque, 0) + key + value


def entries(answer):
    """The keys and values of an answer in ASCII."""
    if answer.startswith(b"PREFIX "):
        yield b"detailed", answer
    for line in answer.splitlines():
        if line.startswith(b"STAT "):
            yield (*line.split(b" ", 2), b"")[1:3]


def stat_packets(conn, request):
    """One for each entry, and the end."""
    answer = conn.server.answers.get(command(request), b"ERROR\r\n")
    answer = answer() if callable(answer) else answer
    if not answer.endswith(b"END\r\n"):
        return [packet(request, status=NOT_FOUND)]
    return [
        *(packet(request, key, value) for key, value in entries(answer)),
        packet(request),
    ]


def answer(conn, request):
    values = {VERSION: b"1.6.99", MECHANISMS: b"PLAIN", AUTH: b"Authenticated"}
    if request.opcode == STAT:
        conn.send(b"".join(stat_packets(conn, request)))
    elif request.opcode in values:
        conn.send(packet(request, value=values[request.opcode]))
    else:
        conn.send(packet(request, status=UNKNOWN))


def serve(conn):
    for request in requests(conn):
        if request.opcode == QUIT:
            break
        answer(conn, request)


def hang(conn):
    """Reads, and says nothing."""
    for _ in requests(conn):
        pass


def until(opcode, key, fault):
    """A good server until that request; fault(conn, request) is for it."""

    def script(conn):
        for request in requests(conn):
            if (request.opcode, request.key) == (opcode, key):
                fault(conn, request)
                return
            answer(conn, request)

    return script


def half(then):
    """An answer that stops after its first entry, in the middle of one."""

    def fault(conn, request):
        first, second, *_ = stat_packets(conn, request)
        conn.send(first + second[:HEADER.size - 4])
        then(conn)

    return fault


def drip(conn, request):
    """Entries without end, a byte every 50 ms."""
    pause = threading.Event()
    for byte in itertools.cycle(packet(request, b"key", b"value")):
        conn.send(bytes([byte]))
        pause.wait(0.05)


def once_then(fault, then=serve):
    """The first connection has the fault; later ones are of another kind."""
    return lambda conn: (fault if conn.number == 1 else then)(conn)


def both(conn):
    """Whatever the client speaks, as memcached does."""
    first = conn.sock.recv(1, socket.MSG_PEEK)
    (serve if first == bytes([ASKS]) else fake.serve)(conn)
