"""What a reload leaves as it was, and what it does not."""

import os
import pathlib
import threading

import pytest

from authority import context
from exporter import probe
from fake import gated, serve
from poll import eventually

CHANGES = {
    "timeout": "timeout: 3s",
    "collectors": "collectors: [settings]",
    "protocol": "protocol: binary",
    "tls": "tls: {}",
    "targets": "targets: ['127.0.0.1:*', 'h:1']",
    "fewer targets": "targets: ['127.0.0.0/8']",
}


def reload(running):
    assert running.get("/-/reload", method="POST").status == 200


@pytest.fixture
def served(fake, exporter, tmp_path):
    """served(flags): a server, an exporter, and what writes its modules."""
    config = tmp_path / "modules.yml"

    def write(a, b="timeout: 2s"):
        config.write_text(f"modules: {{a: {{{a}}}, b: {{{b}}}}}\n")

    def start(script, *flags, a="timeout: 2s"):
        write(a)
        server = fake(script)
        return server, write, exporter(
            server.address, f"--config.file={config}",
            "--web.enable-lifecycle", *flags)

    return start


def scrape(running, server, module):
    return running.metrics(path=f"{probe(server.address)}&module={module}")


def test_nothing_changes(served):
    """All connections are kept: of the flags and of modules."""
    server, write, running = served(serve)
    for _ in range(3):
        assert running.metrics().up == 1
        for module in "default", "a", "b":
            assert scrape(running, server, module).up == 1
        reload(running)
        write("timeout: 2s # as before\n")
    assert len(server.connections) == 4


@pytest.mark.parametrize("change", CHANGES)
def test_one_changes(served, change):
    server, write, running = served(serve)

    def collect():
        running.metrics()
        for module in "a", "b":
            scrape(running, server, module)
        return len(server.connections)

    assert collect() == 3
    write(CHANGES[change])
    reload(running)
    eventually(lambda: server.connections[1].closed_by_peer)
    write("timeout: 2s")
    reload(running)
    assert collect() == 4
    assert not server.connections[0].closed_by_peer
    assert not server.connections[2].closed_by_peer


def rewrite(path, content):
    """As deployments do: another file takes the name."""
    path.with_suffix(".new").write_bytes(content)
    os.replace(path.with_suffix(".new"), path)


def assert_by_content(served, script, path, module, other):
    """Only other content of the file that the module names is a change."""
    content = path.read_bytes()
    server, _, running = served(script, a=module)
    for new, connections in (content, 1), (other, 2), (other, 2):
        assert scrape(running, server, "a").up == 1
        rewrite(path, new)
        reload(running)
        assert scrape(running, server, "a").up == 1
        assert len(server.connections) == connections


def log_in(conn):
    """As memcached -Y: credentials first."""
    commands = conn.commands()
    for command in commands:
        if command.startswith("set "):
            break
        conn.send(b"CLIENT_ERROR unauthenticated\r\n")
    next(commands)
    conn.send(b"STORED\r\n")
    for command in commands:
        conn.answer(command)


def test_password(served, tmp_path):
    path = tmp_path / "password"
    path.write_text("tiger\n")
    assert_by_content(
        served, log_in, path, "auth: {username: u, password_file: password}, "
        "targets: ['127.0.0.1:*']", b"scott\n")


@pytest.mark.parametrize("name", ["ca_file", "cert_file"])
def test_certificates(served, authority, tmp_path, name):
    pair = authority.issue("IP:127.0.0.1")
    files = {"ca_file": authority.cert, "cert_file": pair.cert,
             "key_file": pair.key}
    path = tmp_path / "file.pem"
    path.write_bytes(pathlib.Path(files[name]).read_bytes())
    files[name] = path

    def speak_tls(conn):
        conn.shake_hands(context(pair))
        serve(conn)

    assert_by_content(
        served, speak_tls, path,
        f"tls: {{{', '.join(f'{k}: {v}' for k, v in files.items())}}}",
        b"# renewed\n" + path.read_bytes())


def test_no_more_than_there_may_be(fake, exporter, tmp_path):
    """A target that is being scraped when its module changes has a successor
    only where there is room for both."""
    config = tmp_path / "modules.yml"
    config.write_text("modules: {a: {}}\n")
    gate = threading.Event()
    servers = [fake(gated(gate)) for _ in range(2)]
    running = exporter(
        "", f"--config.file={config}", "--web.enable-lifecycle",
        "--scrape.max-targets=3", timeout=10)

    def known():
        return running.metrics().value("memcached_exporter_targets")

    def send(server):
        sock = running.send((f"GET {probe(server.address)}&module=a HTTP/1.1"
                             "\r\nHost: x\r\n\r\n").encode())
        eventually(lambda: server.commands)
        return sock

    socks = [send(server) for server in servers]
    for changed, count in ("2s", 3), ("3s", 3):
        config.write_text(f"modules: {{a: {{timeout: {changed}}}}}\n")
        reload(running)
        assert known() == count
    gate.set()
    for sock in socks:
        assert b"\nmemcached_up 1\n" in sock.recv(65536)
        sock.close()


def test_max_targets(fake, exporter):
    """The one idle for longest makes room."""
    servers = [fake(serve) for _ in range(3)]
    running = exporter("", "--scrape.max-targets=2")
    for server in servers:
        assert running.scrape(server.address).up == 1
    eventually(lambda: servers[0].connections[0].closed_by_peer)
    assert running.metrics().value("memcached_exporter_targets") == 2
    assert running.scrape(servers[2].address).up == 1
    assert len(servers[2].connections) == 1
