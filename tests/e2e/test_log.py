"""What goes to stderr."""

import json
import re
import threading

import pytest

from conftest import started
from daemons import Memcached
from exporter import Exporter, probe
from fake import close, saying
from poll import SLOW, eventually

PAIR = re.compile(r'([a-z_][a-z0-9_.]*)=("(?:[^"\\]|\\.)*"|[^\s"=]+)(?: |$)')
EVIL = b'\x1b[31mEVIL\x00\x7f\xff\xc2\x85" level=ERROR msg=forged \\\r\rx\r\n'


def parse_logfmt(line):
    pairs, end = {}, 0
    while end < len(line):
        match = PAIR.match(line, end)
        assert match, f"no logfmt: {line!r}"
        assert match[1] not in pairs, f"repeated key: {line!r}"
        pairs[match[1]] = match[2].strip('"')
        end = match.end()
    return pairs


PARSE = {"logfmt": parse_logfmt, "json": json.loads}


@pytest.fixture(params=PARSE)
def form(request):
    return request.param


def entries(running, form):
    """All that was logged, read strictly."""
    running.stop()
    lines = [PARSE[form](line) for line in running.log()]
    for line in lines:
        assert re.fullmatch(
            r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
        assert line["level"] in ("DEBUG", "INFO", "WARN", "ERROR")
        assert re.fullmatch(r"[a-z_0-9/]+\.c:\d+", line["source"])
        assert line["msg"]
    return lines


def test_form(fake, exporter, form):
    running = exporter(
        fake().address, "--log.level=debug", f"--log.format={form}")
    assert running.metrics().up == 1
    listening = [
        line for line in entries(running, form)
        if line["msg"] == "Listening on"
    ]
    assert [line["address"] for line in listening] == running.addresses
    assert listening[0]["level"] == "INFO"


def test_changes_of_state(exporter, stack, form):
    """One line when a target fails, one when it is back."""
    server = Memcached()
    stack.callback(server.stop)
    server.stop()
    running = exporter(server.address, f"--log.format={form}")
    for _ in range(2):
        for _ in range(3):
            assert running.metrics().up == 0
        server.start()
        for _ in range(3):
            assert running.metrics().up == 1
        server.stop()
    lines = entries(running, form)
    start = [line["msg"] for line in lines].index("Listening on")
    about = [
        line for line in lines[start + 1:]
        if server.address in " ".join(map(str, line.values()))
    ]
    assert len(about) == 4, about
    down, back, *again = about
    assert down["level"] in ("WARN", "ERROR")
    assert "refused" in " ".join(down.values())
    assert back["level"] == "INFO"
    assert [line["msg"] for line in again] == [down["msg"], back["msg"]]


def test_changes_of_reason(fake, exporter, form):
    """A target that is down for another reason is news."""
    running = exporter("", f"--log.format={form}", timeout=0.5)
    server = fake(saying(b"SERVER_ERROR out of memory\r\n"))
    for _ in range(2):
        assert running.scrape(server.address).up == 0
    server.script = close
    for _ in range(2):
        assert running.scrape(server.address).up == 0
    assert [
        line["reason"] for line in entries(running, form)
        if line.get("target") == server.address
    ] == ["protocol", "closed"]


LOSS = "Lines of the log were dropped"
DROPPED = "memcached_exporter_log_lines_dropped_total"


class Stalled(Exporter):
    """Nobody reads its log, from its start until this is set."""

    def __init__(self, *args, **rest):
        self.is_read = threading.Event()
        super().__init__(*args, **rest)

    def _read(self):
        while chunk := self.process.stderr.read1():
            self.stderr += chunk
            if b"Listening" in self.stderr:
                self.is_read.wait()


@pytest.fixture
def stalled(stack):
    running = started(stack, Stalled, "--memcached.address=",
                      "--log.level=debug", "--log.format=json")
    stack.callback(running.is_read.set)
    eventually(lambda: flood(running, 100) or
               running.metrics().value(DROPPED), timeout=20)
    return running


def flood(running, count):
    """Scrapes so many targets where nobody listens."""
    conn = running.connection()
    for i in range(count):
        path = probe(f"127.1.{i >> 8}.{i & 255}:1")
        assert running.request(conn, path).status == 200


def told(running):
    """How many lines it says it has dropped."""
    return sum(
        int(entry["count"]) for entry in map(json.loads, running.log())
        if entry["msg"] == LOSS)


def test_nobody_reads(stalled):
    """It goes on, counts what it cannot say, and says that later, also when
    there is nothing else to say."""
    stalled.is_read.set()
    eventually(lambda: stalled.metrics() and
               any(LOSS in line for line in stalled.log()))
    dropped = stalled.metrics().value(DROPPED)
    stalled.stop()
    assert told(stalled) == dropped


def test_nobody_reads_to_the_end(stalled):
    stalled.process.terminate()
    assert stalled.process.wait(5 * SLOW) == 0


def test_news_are_bounded(exporter, dead):
    """A client that asks for targets that are none does not fill the disk,
    and cannot hide that the default target is down."""
    running = exporter(dead, "--log.format=json")
    flood(running, 1000)
    assert running.metrics().up == 0
    running.stop()
    down = [entry["target"] for entry in map(json.loads, running.log())
            if entry["msg"] == "Target is down"]
    assert len(down) + told(running) == 1001
    assert dead in down
    assert len(running.stderr) < 100_000


def test_reloads_are_bounded(exporter):
    """Clients may ask for them."""
    running = exporter("", "--log.format=json", "--web.enable-lifecycle")
    conn = running.connection()
    for _ in range(1000):
        assert running.request(
            conn, "/-/reload", method="POST").status == 200
    running.stop()
    lines = [entry for entry in map(json.loads, running.log())
             if entry["msg"].endswith("eloaded")]
    assert len(lines) < 500
    assert len(lines) + told(running) == 1000


@pytest.mark.parametrize("script", [
    saying(EVIL * 3, then=close),
    saying(b"SERVER_ERROR " + EVIL),
    saying(b"CLIENT_ERROR " + EVIL),
    saying(b"STAT " + EVIL + b"STAT curr_items " + EVIL, then=close),
], ids=["garbage", "SERVER_ERROR", "CLIENT_ERROR", "STAT"])
def test_peers_text_is_escaped(fake, exporter, form, script):
    running = exporter(
        fake(script).address, "--log.level=debug", f"--log.format={form}",
        timeout=0.5)
    assert running.metrics().up == 0
    request = b"GET /\x1b[31m\x7f\xff?\x01 HTTP/1.1\r\nHost: x\r\n\r\n"
    with running.send(request) as sock:
        sock.recv(65536)
    assert_escaped(running, form)


@pytest.mark.parametrize("target", [
    EVIL.decode("latin-1") + ":1", "127.0.0.1:1" + EVIL.decode("latin-1"),
    'a"\\b=c:1', '"level=ERROR:1', "\\x1b[31m:1", "%0aforged:1", "a" * 253,
    "unix:/run/" + EVIL.decode("latin-1")[:60],
])
def test_target_is_escaped(exporter, form, target):
    """What a client writes, whether it is a target or none."""
    running = exporter(
        "", "--log.level=debug", f"--log.format={form}", timeout=0.1)
    for text in (target, target.partition("\0")[0].replace("\x1b", "")):
        assert running.get(probe(text)).status in (200, 400, 403)
    assert_escaped(running, form)


def test_socket_is_escaped(exporter, form):
    """One that is allowed may have any name."""
    path = "/run/" + EVIL.decode("latin-1").replace("\0", "")
    running = exporter("", "--log.level=debug", f"--log.format={form}",
                       f"--scrape.allow-target=unix:{path}")
    assert running.scrape(path).up == 0
    assert_escaped(running, form)


def assert_escaped(running, form):
    lines = entries(running, form)
    assert not any(line["msg"] == "forged" for line in lines)
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", running.stderr)
    assert "\x85" not in running.stderr.decode()


def test_error_level_is_quiet(fake, exporter, folder):
    running = exporter(
        fake().address, "--log.level=error",
        listen=(f"unix:{folder}/web",), listeners=0)
    assert running.metrics().up == 1
    running.stop()
    assert running.stderr == b""
