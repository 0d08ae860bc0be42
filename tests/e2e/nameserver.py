"""A name server on loopback that knows a few names."""

import contextlib
import dataclasses
import ipaddress
import socket
import struct
import threading

A, AAAA, OPT = 1, 28, 41
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, REFUSED = 0, 1, 2, 3, 5


@dataclasses.dataclass
class Query:
    data: bytes
    port: int  # the client's
    over_tcp: bool

    def __post_init__(self):
        labels, end = [], 12
        while self.data[end]:
            labels.append(self.data[end + 1:end + 1 + self.data[end]])
            end += 1 + self.data[end]
        self.name = b".".join(labels).decode()
        self.kind, = struct.unpack_from("!H", self.data, end + 1)
        self.question = self.data[12:end + 5]
        self.id = self.data[:2]
        self.room = 512
        if self.data[end + 5:end + 8] == struct.pack("!BH", 0, OPT):
            self.room, = struct.unpack_from("!H", self.data, end + 8)
        self.has_edns = self.room != 512
        if self.over_tcp:
            self.room = 65535

    def reply(self, addresses=(), rcode=NOERROR, question=None):
        """Those of its kind; cut where there is no more room for them."""
        packed = [ipaddress.ip_address(a).packed for a in addresses]
        wanted = [p for p in packed if len(p) == {A: 4, AAAA: 16}[self.kind]]
        records = [struct.pack("!HHHIH", 0xC00C, self.kind, 1, 60, len(p)) + p
                   for p in wanted]
        size = 12 + len(self.question) + sum(map(len, records))
        flags = 0x8180 | rcode
        if size > self.room:
            records, flags = [], flags | 0x0200
        head = struct.pack("!HHHHH", flags, 1, len(records), 0, 0)
        return b"".join([self.id, head, question or self.question, *records])


def serve(server, query):
    """How a server answers, if at all; others are faults."""
    addresses = server.zone.get(query.name.lower(), ())
    if addresses is None:
        return None
    return query.reply(addresses, NOERROR if addresses else NXDOMAIN)


class Nameserver:
    def __init__(self, zone, script=serve, port=0):
        """zone: lower-case name → addresses; None instead of a list makes the
        server keep silent about the name."""
        self.zone, self.script = zone, script
        self.queries = []
        self.asked = []  # names, in lower case
        self.error = None  # a script's own mistake
        self.tcp = socket.create_server(("127.0.0.1", port))
        self.port = self.tcp.getsockname()[1]
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", self.port))
        self._stopping = False
        for sock in (self.udp, self.tcp):
            sock.settimeout(0.1)
        self._threads = [threading.Thread(target=run, daemon=True)
                         for run in (self._run_udp, self._run_tcp)]
        for thread in self._threads:
            thread.start()

    @property
    def resolv_conf(self):
        return f"nameserver 127.0.0.1:{self.port}\n"

    def _answer(self, data, port, over_tcp=False):
        query = Query(data, port, over_tcp)
        self.queries.append(query)
        self.asked.append(query.name.lower())
        try:
            return self.script(self, query)
        except Exception as error:
            self.error = error
            raise

    def _run_udp(self):
        while not self._stopping:
            with contextlib.suppress(TimeoutError):
                data, peer = self.udp.recvfrom(512)
                if reply := self._answer(data, peer[1]):
                    self.udp.sendto(reply, peer)

    def _run_tcp(self):
        while not self._stopping:
            with contextlib.suppress(TimeoutError, OSError):
                conn, peer = self.tcp.accept()
                with conn, conn.makefile("rwb") as stream:
                    conn.settimeout(1)
                    while length := stream.read(2):
                        data = stream.read(*struct.unpack("!H", length))
                        if reply := self._answer(data, peer[1], True):
                            stream.write(struct.pack("!H", len(reply)) + reply)
                            stream.flush()

    def stop(self):
        self._stopping = True
        for thread in self._threads:
            thread.join(5)
        self.udp.close()
        self.tcp.close()
        assert not self.error, self.error
