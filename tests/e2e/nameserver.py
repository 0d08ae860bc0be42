"""A name server on loopback that knows a few names."""

import ipaddress
import socket
import struct
import threading

A, AAAA, NXDOMAIN = 1, 28, 3


class Nameserver:
    def __init__(self, zone):
        """zone: lower-case name → addresses; None instead of a list makes the
        server keep silent about the name."""
        self.zone = zone
        self.asked = []  # names, in lower case
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.sock.settimeout(0.1)
        self._stopping = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def resolv_conf(self):
        return "nameserver 127.0.0.1:%d\n" % self.sock.getsockname()[1]

    def _run(self):
        while not self._stopping:
            try:
                query, peer = self.sock.recvfrom(512)
            except TimeoutError:
                continue
            reply = self._reply(query)
            if reply:
                self.sock.sendto(reply, peer)

    def _reply(self, query):
        labels, end = [], 12
        while query[end]:
            labels.append(query[end + 1 : end + 1 + query[end]])
            end += 1 + query[end]
        kind = struct.unpack_from("!H", query, end + 1)[0]
        name = b".".join(labels).decode().lower()
        self.asked.append(name)
        addresses = self.zone.get(name, ())
        if addresses is None:
            return None
        packed = [ipaddress.ip_address(a).packed for a in addresses]
        wanted = [p for p in packed if len(p) == {A: 4, AAAA: 16}.get(kind)]
        flags = 0x8180 if packed else 0x8180 | NXDOMAIN
        head = query[:2] + struct.pack("!HHHHH", flags, 1, len(wanted), 0, 0)
        answers = [
            struct.pack("!HHHIH", 0xC00C, kind, 1, 60, len(p)) + p
            for p in wanted
        ]
        return head + query[12 : end + 5] + b"".join(answers)

    def stop(self):
        self._stopping = True
        self._thread.join(5)
        self.sock.close()
