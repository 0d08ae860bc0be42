"""The binary under test."""

import collections
import contextlib
import http.client
import os
import pathlib
import re
import shlex
import signal
import socket
import subprocess
import threading
import urllib.parse

from exposition import Exposition
from poll import SLOW, eventually

TOP = pathlib.Path(__file__).resolve().parents[2]
BINARY = str(TOP / (os.environ.get("EXPORTER") or "build/memcached_exporter"))
# Such as valgrind with its flags.
WRAPPER = shlex.split(os.environ.get("EXPORTER_WRAPPER", ""))

LISTENING = re.compile(r'Listening on".*\baddress"?[=:]"?([^\s"}]+)')
# What a sanitizer or valgrind says when it found something.
FINDING = re.compile(
    r"(ERROR|WARNING): \w+Sanitizer|runtime error:"
    r"|^==\d+== (Invalid|Conditional|Use of|Syscall|Mismatched|.* lost in)",
    re.MULTILINE,
)
GET = b"GET /metrics HTTP/1.1\r\nHost: test\r\n\r\n"

# Of a machine to itself, vsock(7).
VMADDR_CID_LOCAL = 1

Answer = collections.namedtuple("Answer", "status headers text")


def environment(extra=None):
    """Ours, without what would configure the exporter."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not re.match(
            "MEMCACHED_EXPORTER_|LISTEN_|NOTIFY_SOCKET|WATCHDOG_", name)
    }
    return {**kept, **(extra or {})}


def run(*flags, env=None, prefix=(), pass_fds=()):
    """Runs the binary to its end."""
    return subprocess.run(
        [*prefix, *WRAPPER, BINARY, *flags],
        pass_fds=pass_fds,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environment(env),
        timeout=10 * SLOW,
        check=False,
    )


def probe(target, *collect, path="/scrape"):
    """The path that scrapes a target, with these of the collectors."""
    query = [("target", target), *(("collect[]", name) for name in collect)]
    return f"{path}?{urllib.parse.urlencode(query, errors='surrogateescape')}"


class SocketConnection(http.client.HTTPConnection):
    """Through another kind of socket than TCP."""

    def __init__(self, family, where, timeout):
        super().__init__("localhost", timeout=timeout)
        self.family, self.where = family, where

    def connect(self):
        self.sock = socket.socket(self.family)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.where)


class Exporter:
    timeout = 10 * SLOW

    def __init__(self, *flags, listen=("127.0.0.1:0",), listeners=None,
                 env=None, prefix=(), pass_fds=()):
        """Starts it. listen: its --web.listen-address; listeners: how many
        there are when other flags name them, 0 when the log is silent;
        pass_fds: descriptors that it gets, under the same numbers."""
        listen_flags = [f"--web.listen-address={a}" for a in listen]
        self.process = subprocess.Popen(
            [*prefix, *WRAPPER, BINARY, *listen_flags, *flags],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environment(env),
            pass_fds=pass_fds,
        )
        self.stderr = b""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        wanted = len(listen) if listeners is None else listeners
        self.addresses = list(listen)
        with contextlib.ExitStack() as stack:
            stack.callback(self._kill)
            eventually(lambda: self._is_ready(wanted), timeout=10)
            stack.pop_all()

    def _read(self):
        while chunk := self.process.stderr.read1():
            self.stderr += chunk

    def _is_ready(self, wanted):
        ended = self.process.poll()
        assert ended is None, f"ended with {ended}: {self.stderr.decode()}"
        if not wanted:
            return self.accepts()
        found = LISTENING.findall(self.stderr.decode())
        self.addresses = found
        return len(found) == wanted

    @property
    def address(self):
        return self.addresses[0]

    @property
    def pid(self):
        return self.process.pid

    def log(self):
        """The lines so far; after stop(), all of them."""
        return self.stderr.decode().splitlines()

    # HTTP

    def connection(self, address=None):
        """An http.client connection that is kept alive."""
        address = address or self.address
        if address.startswith("unix:"):
            path = address[5:].replace("@", "\0", 1)
            return SocketConnection(socket.AF_UNIX, path, self.timeout)
        if address.startswith("vsock:"):
            where = (VMADDR_CID_LOCAL, int(address.rpartition(":")[2]))
            return SocketConnection(socket.AF_VSOCK, where, self.timeout)
        return http.client.HTTPConnection(address, timeout=self.timeout)

    def connect(self):
        """A socket."""
        conn = self.connection()
        conn.connect()
        return conn.sock

    def accepts(self):
        try:
            self.connect().close()
        except OSError:
            return False
        return True

    def send(self, request=GET):
        sock = self.connect()
        sock.sendall(request)
        return sock

    @staticmethod
    def request(conn, path="/metrics", method="GET", headers=None, body=None):
        conn.request(method, path, body=body, headers=headers or {})
        response = conn.getresponse()
        text = response.read().decode()
        return Answer(response.status, response.headers, text)

    def get(self, path="/metrics", address=None, **rest):
        with contextlib.closing(self.connection(address)) as conn:
            return self.request(conn, path, **rest)

    def metrics(self, **rest):
        """A scrape that must be HTTP 200, read strictly."""
        answer = self.get(**rest)
        assert answer.status == 200, answer.text
        return Exposition(answer.text)

    def scrape(self, target, *collect):
        """The same of a target."""
        return self.metrics(path=probe(target, *collect))

    def settle(self):
        """Everything sent before has been read by the exporter: its loop took
        two later requests since."""
        for _ in range(2):
            assert self.get("/-/healthy").status == 200

    # What the kernel knows of it

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def status(self, field):
        """A size of /proc/PID/status, in KiB."""
        text = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(rf"^{field}:\s+(\d+) kB", text, re.MULTILINE)[1])

    def cpu_seconds(self):
        text = pathlib.Path(f"/proc/{self.pid}/stat").read_text()
        ticks = text.rpartition(")")[2].split()[11:13]
        return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")

    # Its end

    def wait(self, timeout=5):
        """Waits for its end, that must be a clean one."""
        with contextlib.ExitStack() as stack:
            stack.callback(self._kill)
            code = self.process.wait(timeout * SLOW)
        output = self.stderr.decode()
        assert not FINDING.search(output), output
        assert code == 0, f"exit {code}: {output}"

    def stop(self):
        if self._reader.is_alive() or self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
            self.wait()

    def _kill(self):
        self.process.kill()
        self.process.wait()
        self._reader.join(5)


def receive(sock):
    """The answer on a socket of Exporter.send()."""
    with sock, http.client.HTTPResponse(sock) as response:
        response.begin()
        text = response.read().decode()
        return Answer(response.status, response.headers, text)
