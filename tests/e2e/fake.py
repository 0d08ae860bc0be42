"""A server that answers as scripted.

A script is a function that gets each connection, in a thread of its own:
serve() is a good server, the others are faults.
"""

import functools
import socket
import struct
import threading

from port import reserve

MINIMAL = {
    "stats": b"STAT curr_items 7\r\nSTAT version 1.6.99\r\nEND\r\n",
    "stats settings": b"STAT maxconns 1024\r\nEND\r\n",
    "stats slabs": b"STAT 1:chunk_size 96\r\nSTAT active_slabs 1\r\n"
    b"STAT total_malloced 1048576\r\nEND\r\n",
    "stats items": b"STAT items:1:number 7\r\nEND\r\n",
}


def replay(folder):
    """The answers that a folder holds, byte by byte."""
    commands = {"stats": "stats", "detail": "stats detail dump"}
    return {
        commands.get(path.stem, f"stats {path.stem}"): path.read_bytes()
        for path in folder.glob("*.txt")
    }


def cluster(*nodes, version=1, length=None, old=False):
    """The answers of a cluster's configuration endpoint, by command; old: as
    before memcached 1.4.14."""
    body = f"{version}\n{' '.join(nodes)}\n".encode()
    command, word = (
        ("get AmazonElastiCache:cluster", "VALUE AmazonElastiCache:cluster")
        if old else ("config get cluster", "CONFIG cluster"))
    length = len(body) if length is None else length
    return {command: f"{word} 0 {length}\r\n".encode() + body
            + b"\r\nEND\r\n"}


def stat_lines(count, form="STAT k%d 1\r\n"):
    return "".join(form % i for i in range(count)).encode()


class Connection:
    def __init__(self, server, sock, number):
        self.server, self.sock = server, sock
        self.number = number  # 1 for the server's first
        self.resumed = False  # an earlier session of TLS
        self.closed_by_peer = False

    def commands(self):
        """The command lines, as they come."""
        for lines in self.reads():
            for command in lines:
                self.server.commands.append(command)
                yield command

    def reads(self):
        """The command lines that each read of the socket completes."""
        rest = b""
        while chunk := self._receive():
            self.server.reads.append(chunk)
            *lines, rest = (rest + chunk).split(b"\n")
            yield [line.strip().decode(errors="replace") for line in lines]

    def shake_hands(self, tls):
        self.sock = tls.wrap_socket(
            self.sock, server_side=True,
            suppress_ragged_eofs=self.server.ragged)
        self.resumed = self.sock.session_reused

    def _receive(self):
        try:
            chunk = self.sock.recv(65536)
        except ConnectionResetError:
            chunk = b""
        self.closed_by_peer = not chunk
        return chunk

    def send(self, data):
        self.sock.sendall(data)

    def answer(self, command):
        answer = self.server.answers.get(command, b"ERROR\r\n")
        self.send(answer() if callable(answer) else answer)

    def collection(self):
        """Answers one scrape."""
        commands = self.commands()
        for _ in range(4):
            self.answer(next(commands))

    def reset(self):
        """Closes with RST."""
        linger = struct.pack("ii", 1, 0)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.sock.close()


def serve(conn):
    for command in conn.commands():
        conn.answer(command)


def hang(conn):
    """Reads, and says nothing."""
    for _ in conn.commands():
        pass


def saying(*pieces, then=hang):
    """Sends the pieces for the first command, whatever that is."""

    def script(conn):
        next(conn.commands())
        for piece in pieces:
            conn.send(piece)
        then(conn)

    return script


def close(_conn):
    """What follows a script's end anyway."""


def reset(conn):
    conn.reset()


def drip(conn):
    """An answer without end, a byte every 50 ms."""
    next(conn.commands())
    pause = threading.Event()
    while True:
        for byte in b"STAT curr_items 7\r\n":
            conn.send(bytes([byte]))
            pause.wait(0.05)


def gated(gate):
    """Answers while gate is set."""

    def script(conn):
        for command in conn.commands():
            gate.wait()
            conn.answer(command)

    return script


def once_then(fault, then=serve):
    """The first connection answers one scrape and then has the fault; later
    ones are of another kind."""

    def script(conn):
        if conn.number == 1:
            conn.collection()
            fault(conn)
        else:
            then(conn)

    return script


class FakeServer:
    def __init__(self, script=serve, answers=None, host="127.0.0.1", port=0,
                 path=None, tls=None, ragged=True):
        """tls: the ssl.SSLContext of a server that speaks that; ragged:
        whether a connection may end without a word in it."""
        self.script = script
        self.tls = tls
        self.ragged = ragged
        self.answers = {**MINIMAL, **(answers or {})}
        self.connections = []
        self.commands = []  # lines of all connections
        self.reads = []  # what each recv() gave
        self.error = None  # a script's own mistake
        self._threads = []
        if path:
            self.address = path
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(path)
            self.listener.listen()
        else:
            self.reserved, self.port = reserve(host, port)
            self.listener = socket.create_server(
                (host, self.port), family=self.reserved.family)
            self.address = f"[{host}]:{self.port}".replace("[127.0.0.1]", host)
        self._start(self._accept)

    def _start(self, function):
        thread = threading.Thread(target=function, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self):
        while True:
            try:
                sock = self.listener.accept()[0]
            except OSError:
                return
            if sock.family != socket.AF_UNIX:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            conn = Connection(self, sock, len(self.connections) + 1)
            self.connections.append(conn)
            self._start(functools.partial(self._run, conn))

    def _run(self, conn):
        try:
            if self.tls:
                conn.shake_hands(self.tls)
            self.script(conn)
        except OSError:
            pass  # the exporter hung up
        except Exception as error:
            self.error = error
        finally:
            conn.sock.close()

    @property
    def collections(self):
        return self.commands.count("stats")

    def refuse(self):
        """No new connections; the old ones go on."""
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()

    def stop(self):
        self.refuse()
        for conn in self.connections:
            try:
                conn.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self._threads:
            thread.join(1)
        assert not self.error, self.error
