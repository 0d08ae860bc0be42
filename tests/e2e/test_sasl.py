"""The binary protocol and SASL: by libmemcached, on threads."""

import contextlib
import functools
import select
import signal
import socket
import subprocess
import time

import pytest

import binary
import fake as ascii_server
from binary import AUTH, OK, STAT
from exporter import receive, run
from exposition import OWN, Exposition, of_the_server
from fake import MINIMAL, close, replay
from poll import SLOW, eventually
from test_transcripts import SERVERS

BINARY = "--memcached.protocol=binary"
PASSWORD = "secret"
THREADS, WAITING = 16, 256  # at most; src/base/worker.h
ANSWERED = {"stats": True, "settings": True, "slabs": True, "items": True}
NOT_ANSWERED = dict.fromkeys(ANSWERED, False)

# What a server counts while it is asked.
MOVES = ("_bytes_total", "_seconds", "_seconds_total", "_connections",
         "_connections_total", "_structures", "_buffers", "_freelist",
         "_juggles_total")


def connects(metrics):
    return metrics.value("memcached_exporter_connects_total")


def password_file(folder, password=PASSWORD):
    path = folder / "password"
    path.write_text(f"{password}\n")
    return path


def login_flags(folder):
    return ["--memcached.auth=sasl", "--memcached.username=user",
            f"--memcached.password-file={password_file(folder)}"]


@pytest.fixture
def sasl(tmp_path, monkeypatch, memcached):
    """memcached -S, which lets "user" in."""
    database = tmp_path / "db"
    (tmp_path / "memcached.conf").write_text(
        f"mech_list: plain\nsasldb_path: {database}\n")
    subprocess.run(
        ["saslpasswd2", "-p", "-a", "memcached", "-c", "-f", database, "user"],
        input=PASSWORD, text=True, capture_output=True, check=True)
    monkeypatch.setenv("SASL_CONF_PATH", str(tmp_path))
    return memcached("-S")


@pytest.fixture(params=["flags", "file"])
def login(request, tmp_path, exporter):
    """login(address, username, password) runs an exporter with these, which
    may be None."""

    def flags(_address, username, path):
        given = ["--memcached.auth=sasl"]
        if username:
            given += [f"--memcached.username={username}",
                      f"--memcached.password-file={path}"]
        return given

    def file(address, username, path):
        auth = f"{{type: sasl, username: {username}, password_file: {path}}}"
        return [config_file(tmp_path, f"""
            default:
              protocol: binary
              targets: ['{address}']
              {f'auth: {auth}' if username else ''}
            """)]

    def start(address, username=None, password=None, **rest):
        path = password_file(tmp_path, password) if password else None
        given = {"flags": flags, "file": file}[request.param]
        return exporter(address, *given(address, username, path), **rest)

    return start


def config_file(folder, modules):
    path = folder / "exporter.yml"
    path.write_text(f"modules:{modules}")
    return f"--config.file={path}"


@pytest.fixture
def by_module(tmp_path, exporter):
    """An exporter whose module "binary" speaks that."""
    return functools.partial(
        exporter, None, "--memcached.address=",
        config_file(tmp_path, " {binary: {protocol: binary}}"))


def probe(target, module="binary"):
    return f"/scrape?target={target}&module={module}"


def ask(target, module="binary"):
    return (f"GET {probe(target, module)} HTTP/1.1\r\n"
            "Host: test\r\n\r\n").encode()


# Credentials, by the real server

def test_right(sasl, login):
    running = login(sasl.address, "user", PASSWORD)
    for _ in range(3):
        metrics = running.metrics()
        assert (metrics.up, metrics.reason) == (1, None)
        assert (metrics.success, metrics.ignored) == (ANSWERED, 0)
        assert connects(metrics) == 1


@pytest.mark.parametrize("username, password", [
    ("user", "wrong"),
    ("nobody", PASSWORD),
    (None, None),
])
def test_refused(sasl, login, username, password):
    running = login(sasl.address, username, password)
    for _ in range(2):
        metrics = running.metrics()
        assert (metrics.up, metrics.reason) == (0, "auth")
        assert metrics.success == NOT_ANSWERED
    running.stop()
    down = [line for line in running.log() if "reason=auth" in line]
    assert len(down) == 1 and sasl.address in down[0]
    assert not password or password not in "\n".join(running.log())


def test_credentials_go_to_their_targets_only(sasl, fake, login):
    other = fake(binary.serve)
    running = login(sasl.address, "user", PASSWORD)
    assert running.get(probe(other.address, "default")).status in (200, 403)
    assert "auth PLAIN" not in other.commands
    assert running.metrics().up == 1


def test_password_that_changes(sasl, login, tmp_path):
    running = login(sasl.address, "user", "wrong")
    assert running.metrics().reason == "auth"
    password_file(tmp_path)
    running.process.send_signal(signal.SIGHUP)
    eventually(lambda: running.metrics().up == 1)


def test_what_does_not_go_together(tmp_path):
    done = run(BINARY, *login_flags(tmp_path)[1:])
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("memcached_exporter: error: ")
    assert "binary" in done.stderr and done.stderr.count("\n") == 1


# The protocol, by the real server

def test_server_of_the_binary_protocol_alone(memcached, exporter):
    server = memcached("-B", "binary")
    metrics = exporter(server.address, timeout=0.3).metrics()
    assert (metrics.up, metrics.success) == (0, NOT_ANSWERED)
    assert metrics.reason in ("closed", "timeout")
    metrics = exporter(server.address, BINARY).metrics()
    assert (metrics.up, metrics.success) == (1, ANSWERED)


def test_server_without_sasl(memcached, tmp_path, exporter):
    metrics = exporter(
        memcached().address, *login_flags(tmp_path)).metrics()
    assert (metrics.up, metrics.reason) in ((1, None), (0, "auth"))


def series(metrics):
    return {
        (name, labels): value
        for name, family in metrics.families.items() if not OWN.match(name)
        for labels, value in family.samples.items()
    }


def fill(server):
    for size in (10, 1000, 50000):
        server.ask(b"set k%d 0 0 %d\r\n%s\r\n" % (size, size, b"x" * size),
                   end=b"STORED\r\n")


def test_same_metrics_as_in_ascii(memcached, exporter):
    server = memcached()
    fill(server)
    a, b = (
        series(exporter(server.address, *flags).metrics())
        for flags in ([], [BINARY])
    )
    assert len({dict(k[1])["slab"] for k in a if "slab" in dict(k[1])}) == 3
    assert set(a) == set(b)
    assert {k for k in a if a[k] != b[k] and not k[0].endswith(MOVES)} == set()


@pytest.mark.parametrize("server", SERVERS, ids=lambda folder: folder.name)
def test_same_metrics_of_every_server(fake, exporter, server):
    address = fake(binary.serve, answers=replay(server)).address
    flags = [f"--collector.{path.stem}" for path in server.glob("*.txt")]
    metrics = exporter(address, BINARY, *flags, timeout=10).metrics()
    wanted = (server / "expected.prom").read_text()
    assert of_the_server(metrics.text) == of_the_server(wanted)


@pytest.mark.parametrize("form", ["%s", "unix:%s"])
def test_unix_socket(fake, exporter, folder, form):
    server = fake(binary.serve, path=f"{folder}/socket")
    assert exporter(form % server.address, BINARY).metrics().up == 1


@pytest.mark.parametrize("host, form", [
    ("::1", "[::1]:%s"),
    ("127.0.0.1", "localhost:%s"),
])
def test_tcp(fake, exporter, host, form):
    server = fake(binary.serve, host=host)
    assert exporter(form % server.port, BINARY).metrics().up == 1


@pytest.mark.parametrize("flags, commands", [
    ([], list(MINIMAL)),
    (["--no-collector.settings"], ["stats", "stats slabs", "stats items"]),
    (["--no-collector.slab"], ["stats", "stats settings", "stats slabs"]),
    (["--collector.scrub"], [*MINIMAL, "stats scrub"]),
])
def test_collectors(fake, exporter, flags, commands):
    server = fake(binary.serve)
    metrics = exporter(server.address, BINARY, *flags).metrics()
    assert metrics.up == 1
    assert server.commands == commands
    # this server has no scrubber, which costs nothing else
    assert metrics.success == {
        command.split()[-1]: command in MINIMAL for command in commands}


# Connections

@pytest.fixture(params=["sasl", "binary"])
def real(request, tmp_path, memcached):
    """A memcached, and the flags that it needs."""
    if request.param == "sasl":
        return request.getfixturevalue("sasl"), login_flags(tmp_path)
    return memcached(), [BINARY]


def test_persistent(real, exporter):
    server, flags = real
    running = exporter(server.address, *flags)
    seen = {
        running.metrics().value("memcached_connections_total")
        for _ in range(10)
    }
    assert len(seen) == 1 and None not in seen


def test_restarted(real, exporter):
    server, flags = real
    running = exporter(server.address, *flags)
    assert running.metrics().up == 1
    server.restart()
    metrics = running.metrics()
    assert (metrics.up, connects(metrics)) == (1, 2)
    server.stop()
    for _ in range(2):
        metrics = running.metrics()
        assert (metrics.up, metrics.reason) == (0, "refused")
    server.start()
    assert running.metrics().up == 1


def test_refused_and_unknown(exporter, dead, etc):
    assert exporter(dead, BINARY).metrics().reason == "refused"
    metrics = exporter("no-such-host.invalid", BINARY, timeout=0.5,
                       prefix=etc()).metrics()
    assert (metrics.up, metrics.reason) == (0, "dns")


def test_forbidden(fake, exporter):
    server = fake(binary.serve)
    flags = "--scrape.allow-target=192.0.2.0/24", BINARY
    running = exporter(server.address, *flags)
    # the flags' protocol and target are allowed as such
    assert running.metrics().up == 1
    assert running.get(probe(server.address, "default")).status == 403


# Faults

def stops(key, then=binary.hang):
    return binary.until(STAT, key, binary.half(then))


@pytest.mark.parametrize("then, reason", [
    (binary.hang, "timeout"),
    (close, "closed"),
    (ascii_server.reset, "closed"),
])
def test_stops_in_the_middle_of_stats(fake, exporter, then, reason):
    server = fake(stops(b"", then))
    running = exporter(server.address, BINARY, timeout=0.5)
    start = time.monotonic()
    metrics = running.metrics()
    assert time.monotonic() - start < 1.5 * SLOW
    assert (metrics.up, metrics.reason) == (0, reason)
    assert metrics.success == NOT_ANSWERED
    assert "memcached_current_items" not in metrics
    server.script = binary.serve
    assert running.metrics().up == 1


@pytest.mark.parametrize("then", [binary.hang, close, ascii_server.reset])
def test_stops_in_the_middle_of_settings(fake, exporter, then):
    answers = {"stats settings": b"STAT maxconns 1\r\nSTAT a b\r\nEND\r\n"}
    server = fake(stops(b"settings", then), answers=answers)
    running = exporter(server.address, BINARY, timeout=0.5)
    start = time.monotonic()
    metrics = running.metrics()
    assert time.monotonic() - start < 1.5 * SLOW
    assert (metrics.up, metrics.reason) == (1, None)
    assert metrics.success["stats"] and not metrics.success["settings"]
    assert metrics.value("memcached_current_items") == 7
    server.script = binary.serve
    assert running.metrics().success == ANSWERED


LONG = b"STAT long %s\r\nEND\r\n" % (b"x" * 400)


@pytest.mark.parametrize("command", ["stats", "stats settings"])
def test_long_value(fake, exporter, command):
    """A value is as long as its packet says: 350 bytes are not special."""
    server = fake(binary.serve, answers={command: LONG})
    metrics = exporter(server.address, BINARY).metrics()
    assert (metrics.up, metrics.reason) == (1, None)
    assert all(metrics.success.values())


def header(opcode, key, body, status=OK):
    return binary.HEADER.pack(
        binary.ANSWERS, opcode, key, 0, 0, status, body, 0, 0)


GARBAGE = {
    "ascii": b"ERROR\r\n" * 10,
    "zeros": bytes(64),
    "magic": b"\x81" * 64,
    "key beyond the body": header(STAT, 500, 4) + b"abcd",
    "64 KiB of key": header(STAT, 65535, 300) + b"x" * 70000,
    "4 GiB": header(STAT, 1, 2**32 - 1) + b"x" * 70000,
    "4 GiB of nothing": header(STAT, 0, 2**32 - 1, status=1) + b"x" * 70000,
    "login": header(AUTH, 0, 0),
    "item": header(0x0C, 65535, 65535) + b"x" * 70000,
    "bad status": header(STAT, 0, 0, status=0xFFFF),
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
def test_garbage(fake, exporter, garbage):
    def fault(conn, _request):
        conn.send(garbage)
        binary.hang(conn)

    server = fake(binary.until(STAT, b"", fault))
    running = exporter(server.address, BINARY, timeout=0.3)
    metrics = running.metrics()
    assert metrics.up == 0
    assert metrics.reason in ("protocol", "closed", "timeout", "too_large")
    server.script = binary.serve
    assert running.metrics().up == 1


@pytest.mark.parametrize("opcode, size", [
    (binary.VERSION, 200), (binary.VERSION, 70000),
    (binary.MECHANISMS, 70000), (AUTH, 70000),
])
def test_long_answers_to_what_comes_first(fake, exporter, tmp_path, opcode,
                                          size):
    def script(conn):
        for request in binary.requests(conn):
            if request.opcode == opcode:
                conn.send(binary.packet(request, value=b"1.6.18" * size))
            else:
                binary.answer(conn, request)

    server = fake(script)
    running = exporter(server.address, *login_flags(tmp_path), timeout=0.5)
    running.metrics()
    server.script = binary.serve
    assert running.metrics().up == 1


def test_no_end_of_entries(fake, exporter):
    """Nobody reads for ever."""
    def flood(conn, request):
        entries = b"".join(
            binary.packet(request, b"k%d" % i, b"1") for i in range(1000))
        while True:
            conn.send(entries)

    server = fake(binary.until(STAT, b"", flood))
    running = exporter(server.address, BINARY)
    assert running.metrics().reason in ("too_large", "timeout")
    eventually(lambda: server.connections[0].sock.fileno() < 0)
    server.script = binary.serve
    assert running.metrics().up == 1


@pytest.mark.parametrize("fault", [
    binary.hang,
    binary.until(STAT, b"", binary.drip),
])
def test_never_ends(fake, exporter, fault):
    """HTTP has its answer at the deadline, whatever the thread still does."""
    server = fake(fault)
    running = exporter(server.address, BINARY, timeout=0.3)
    start = time.monotonic()
    metrics = running.metrics()
    took = time.monotonic() - start
    assert (metrics.up, metrics.reason) == (0, "timeout")
    assert 0.25 * SLOW <= took < 1.2 * SLOW
    server.script = binary.serve
    metrics = running.metrics()
    assert (metrics.up, metrics.value("memcached_current_items")) == (1, 7)


def test_late_answer(fake, exporter):
    """It is not taken for that to the next question."""
    def late(conn, request):
        eventually(lambda: len(conn.server.connections) == 2)
        conn.send(binary.packet(request, b"curr_items", b"666") +
                  binary.packet(request))
        binary.hang(conn)

    first = binary.until(STAT, b"", late)
    server = fake(binary.once_then(first))
    running = exporter(server.address, BINARY, timeout=0.3)
    assert running.metrics().reason == "timeout"
    metrics = running.metrics()
    assert (metrics.up, metrics.value("memcached_current_items")) == (1, 7)


def test_auth_that_never_ends(fake, exporter, tmp_path):
    """A server that sends one SASL challenge after the other."""
    def challenge(conn, request):
        conn.send(binary.packet(request, value=b"more", status=0x21))
        for request in binary.requests(conn):
            conn.send(binary.packet(request, value=b"more", status=0x21))

    server = fake(binary.until(AUTH, b"PLAIN", challenge))
    metrics = exporter(
        server.address, *login_flags(tmp_path), timeout=0.5).metrics()
    assert (metrics.up, metrics.reason) == (0, "auth")


# Many at once

@pytest.fixture
def silent(stack):
    """silent(count): addresses where the kernel accepts, and nobody else."""
    def listen():
        sock = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        return f"127.0.0.1:{sock.getsockname()[1]}"

    return lambda count: [listen() for _ in range(count)]


def sent(running, address):
    return running.send(ask(address))


def readable(socks):
    poll = select.poll()
    for sock in socks:
        poll.register(sock, select.POLLIN)
    return len(poll.poll(0))


def test_silent_ones_harm_no_others(fake, silent, by_module):
    running = by_module(timeout=1.5)
    before = threads(running)
    well = fake().address
    start = time.monotonic()
    socks = [sent(running, address) for address in silent(40)]
    running.settle()
    for _ in range(10):
        asked = time.monotonic()
        answer = running.get(probe(well, "default"))
        assert Exposition(answer.text).up == 1
        assert time.monotonic() - asked < 0.5 * SLOW
    assert readable(socks) == 0
    for answer in map(receive, socks):
        assert answer.status == 200
        metrics = Exposition(answer.text)
        assert (metrics.up, metrics.reason) == (0, "timeout")
    assert 1.4 * SLOW < time.monotonic() - start < 3 * SLOW
    assert threads(running) <= before + THREADS


def threads(running):
    with open(f"/proc/{running.pid}/status") as status:
        lines = dict(line.split(":", 1) for line in status)
    return int(lines["Threads"])


def test_sick_ones_leave_the_threads(fake, by_module):
    """A well server waits for no sick one that was asked before."""
    running = by_module(timeout=0.5)
    sick = [fake(binary.until(STAT, b"", binary.drip)).address
            for _ in range(THREADS)]
    well = fake(binary.serve).address
    for answer in map(receive, [sent(running, a) for a in sick]):
        assert Exposition(answer.text).reason == "timeout"
    assert Exposition(running.get(probe(well)).text).up == 1


# Its end

@pytest.mark.parametrize("script", [
    binary.hang, binary.until(STAT, b"", binary.drip),
], ids=["silent", "drip"])
def test_end_while_a_thread_is_blocked(fake, exporter, script):
    server = fake(script)
    running = exporter(server.address, BINARY, timeout=60)
    with contextlib.closing(running.send()):
        eventually(lambda: server.connections)
        start = time.monotonic()
        running.process.send_signal(signal.SIGTERM)
        running.wait(timeout=10)
        assert time.monotonic() - start < 3.5 * SLOW


def test_once(fake, exporter, dead):
    server = fake(binary.serve)
    done = run(f"--memcached.address={server.address}", BINARY, "--once")
    assert (done.returncode, done.stderr) == (0, "")
    assert Exposition(done.stdout).up == 1
    done = run(f"--memcached.address={dead}", BINARY, "--once")
    assert done.returncode == 1
    assert Exposition(done.stdout).reason == "refused"
