"""The real servers: memcached and Prometheus."""

import contextlib
import json
import os
import socket
import subprocess
import time
import urllib.parse
import urllib.request

from poll import SLOW, eventually
from port import reserve


def connects(family, address):
    with socket.socket(family) as sock:
        return sock.connect_ex(address) == 0


class Daemon:
    """A process that is ready when ready() says so."""

    def __init__(self, command):
        self.command = command
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        with contextlib.ExitStack() as stack:
            stack.callback(self.stop)
            eventually(self._is_ready, timeout=30)
            stack.pop_all()

    def _is_ready(self):
        assert self.process.poll() is None, f"ended: {self.command}"
        return self.ready()

    def stop(self):
        self.process.kill()
        self.process.wait()

    def restart(self):
        self.stop()
        self.start()


class Memcached(Daemon):
    def __init__(self, *args, path=None):
        command = ["memcached", "-t", "1", *args]
        if os.getuid() == 0:
            command += ["-u", "root"]
        if path:
            self.address, self.socket = path, (socket.AF_UNIX, path)
            command += ["-s", path]
        else:
            self.reserved, self.port = reserve()
            self.address = f"127.0.0.1:{self.port}"
            self.socket = socket.AF_INET, ("127.0.0.1", self.port)
            command += ["-l", "127.0.0.1", "-p", str(self.port), "-U", "0"]
        super().__init__(command)

    def ready(self):
        return connects(*self.socket)

    def ask(self, request, end=b"END\r\n"):
        """Sends a request; the answer, that ends so."""
        answer = b""
        with socket.socket(self.socket[0]) as sock:
            sock.settimeout(5 * SLOW)
            sock.connect(self.socket[1])
            sock.sendall(request)
            while not answer.endswith(end):
                answer += sock.recv(65536)
        return answer.decode()


def assert_restarts(server, running):
    """The exporter sees the server's end, and no restart between scrapes."""
    assert running.metrics().up == 1
    server.restart()
    assert running.metrics().up == 1
    server.stop()
    metrics = running.metrics()
    assert (metrics.up, metrics.reason) == (0, "refused")
    server.start()
    assert running.metrics().up == 1


class Prometheus(Daemon):
    def __init__(self, folder, target=None, more="", jobs=None):
        """more: lines of the job's; jobs: the whole section instead of a job
        for the target."""
        config = folder / "prometheus.yml"
        config.write_text(
            "global: {scrape_interval: 500ms, scrape_timeout: 500ms}\n"
            + (jobs or "scrape_configs:\n"
               "- job_name: memcached\n"
               f"  static_configs: [{{targets: ['{target}']}}]\n")
            + more
        )
        self.reserved, port = reserve()
        listen = f"127.0.0.1:{port}"
        self.url = f"http://{listen}"
        super().__init__([
            "prometheus",
            f"--config.file={config}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={listen}",
        ])

    def _get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=5) as answer:
            return answer.read()

    def ready(self):
        with contextlib.suppress(OSError):
            return self._get("/-/ready")

    def metadata(self, family):
        """(type, unit) that the target said the family has."""
        data = json.loads(
            self._get("/api/v1/targets/metadata?metric=" + family))
        return [(found["type"], found["unit"])
                for found in data.get("data") or []]

    def rules(self):
        """With their health and alerts."""
        groups = json.loads(self._get("/api/v1/rules"))["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]

    def query(self, expression):
        """The values of the series that it selects."""
        data = json.loads(self._get("/api/v1/query?query=" + urllib.parse.quote(expression)))
        return [float(r["value"][1]) for r in data["data"]["result"]]

    def history(self, expression, seconds):
        """(labels, values) of each series until now, a value a second."""
        now = time.time()
        query = urllib.parse.urlencode({
            "query": expression, "start": now - seconds, "end": now,
            "step": 1})
        data = json.loads(self._get(f"/api/v1/query_range?{query}"))
        return [(r["metric"], [float(value) for _, value in r["values"]])
                for r in data["data"]["result"]]


def promtool(text):
    """promtool's verdict: a parse error is an AssertionError, the lint
    messages come back as {metric: message}."""
    done = subprocess.run(
        ["promtool", "check", "metrics"],
        input=text.encode(),
        capture_output=True,
        timeout=30 * SLOW,
        check=False,
    )
    output = done.stderr.decode() + done.stdout.decode()
    assert done.returncode in (0, 3), output
    return dict(line.split(" ", 1) for line in output.splitlines())
