"""Operations that show whether a server does more than answer `stats`."""

import socket
import struct

import pytest

import binary
from exporter import run
from poll import SLOW

WRITE = "{key: probe.key, write: true}"


def flag(folder, probe, more=""):
    path = folder / "probe.yml"
    path.write_text(f"modules: {{default: {{probe: {probe}{more}}}}}\n")
    return f"--config.file={path}"


def probed(metrics):
    """Success by operation, in the order in which they are asked."""
    name = "memcached_probe_success"
    return {labels["operation"]: metrics.value(name, **labels)
            for labels in metrics.labels(name)}


def durations(metrics):
    name = "memcached_probe_duration_seconds"
    return {labels["operation"]: metrics.value(name, **labels)
            for labels in metrics.labels(name)}


def answer_of(server, request):
    with socket.create_connection(server.socket[1]) as sock:
        sock.settimeout(5 * SLOW)
        sock.sendall(request)
        return sock.recv(1000)


@pytest.mark.parametrize("protocol, first", [
    ("ascii", "version"), ("binary", "noop")])
@pytest.mark.parametrize("probe, rest", [
    ("{}", {}),
    ("{key: there}", {"get": 1}),
    ("{key: missing}", {"get": 0}),
    (WRITE, {"set": 1, "get": 1, "delete": 1}),
], ids=["version", "get", "get-missing", "write"])
def test_real(memcached, exporter, tmp_path, protocol, first, probe, rest):
    server = memcached()
    assert answer_of(server, b"set there 0 0 1\r\nx\r\n") == b"STORED\r\n"
    running = exporter(
        server.address, flag(tmp_path, probe, f", protocol: {protocol}"))
    for _ in range(2):
        metrics = running.metrics()
        assert metrics.up == 1 and all(metrics.success.values())
        assert list(probed(metrics).items()) == [(first, 1), *rest.items()]
        assert durations(metrics).keys() == {first, *rest}
        assert all(0 < d < SLOW for d in durations(metrics).values())
    assert answer_of(server, b"get probe.key\r\n") == b"END\r\n"


def test_nothing_is_written_unless_said(fake, exporter, tmp_path):
    server = fake(answers={
        "version": b"VERSION 1.6.99\r\n",
        "get k": b"VALUE k 0 1\r\nx\r\nEND\r\n"})
    metrics = exporter(server.address, flag(tmp_path, "{key: k}")).metrics()
    assert probed(metrics) == {"version": 1, "get": 1}
    assert server.commands[-2:] == ["version", "get k"]


def test_off(fake, exporter):
    server = fake()
    metrics = exporter(server.address).metrics()
    assert "memcached_probe_success" not in metrics
    assert "version" not in server.commands


def test_one_after_the_other(fake, exporter, tmp_path):
    """Behind all else; each is sent when the one before was answered."""
    server = fake(answers={
        "version": b"VERSION 1\r\n",
        "set probe.key 0 60 18": b"",
        "memcached_exporter": b"STORED\r\n",
        "get probe.key":
        b"VALUE probe.key 0 18\r\nmemcached_exporter\r\nEND\r\n",
        "delete probe.key": b"DELETED\r\n"})
    metrics = exporter(server.address, flag(tmp_path, WRITE)).metrics()
    assert probed(metrics) == {
        "version": 1, "set": 1, "get": 1, "delete": 1}
    assert server.reads[1:] == [
        b"version\r\n",
        b"set probe.key 0 60 18\r\nmemcached_exporter\r\n",
        b"get probe.key\r\n", b"delete probe.key\r\n"]


GOOD = {
    "version": b"VERSION 1\r\n", "set probe.key 0 60 18": b"",
    "memcached_exporter": b"STORED\r\n",
    "get probe.key": b"VALUE probe.key 0 18\r\nmemcached_exporter\r\nEND\r\n",
    "delete probe.key": b"DELETED\r\n"}


@pytest.mark.parametrize("command, answer, found", [
    ("version", b"ERROR\r\n", (0, 1, 1, 1)),
    # the rest is not asked: what is there is not the probe's
    ("memcached_exporter", b"SERVER_ERROR read only\r\n", (1, 0, 0, 0)),
    ("memcached_exporter", b"NOT_STORED\r\n", (1, 0, 0, 0)),
    ("get probe.key", b"END\r\n", (1, 1, 0, 0)),
    ("get probe.key", b"VALUE probe.key 0 2\r\nno\r\nEND\r\n", (1, 1, 0, 0)),
    ("get probe.key", b"SERVER_ERROR\r\n", (1, 1, 0, 0)),
    ("get probe.key", b"VALUE probe.key 0 9\r\nno\r\nEND\r\n", (1, 1, 0, 0)),
    # another exporter, or the expiry, was faster
    ("delete probe.key", b"NOT_FOUND\r\n", (1, 1, 1, 1)),
    ("delete probe.key", b"ERROR\r\n", (1, 1, 1, 0)),
    ("get probe.key", b"", (1, 1, 0, 0)),
], ids=["version", "set-error", "not-stored", "get-missing", "get-other",
        "get-error", "get-length", "delete-missing", "delete-error", "hangs"])
def test_faults(fake, exporter, tmp_path, command, answer, found):
    """The server is up all the same, and so it is the next time."""
    server = fake(answers={**GOOD, command: answer})
    running = exporter(server.address, flag(tmp_path, WRITE), timeout=0.3)
    for _ in range(3):
        metrics = running.metrics()
        assert metrics.up == 1 and all(metrics.success.values())
        assert tuple(probed(metrics).values()) == found
    if found[1] == 0:
        assert "delete probe.key" not in server.commands


def test_down(dead, exporter, tmp_path):
    metrics = exporter(dead, flag(tmp_path, WRITE)).metrics()
    assert metrics.up == 0
    assert set(probed(metrics).values()) == {0}
    assert durations(metrics) == {}


@pytest.mark.parametrize("status, found", [
    (binary.OK, 1), (0x82, 0)])
def test_binary_faults(fake, exporter, tmp_path, status, found):
    def script(conn):
        for request in binary.requests(conn):
            if request.opcode == 0x01:
                conn.send(binary.packet(request, status=status))
            elif request.opcode == 0x0c:
                value = b"\0\0\0\0memcached_exporter"
                conn.send(struct.pack(
                    ">BBHBBHIIQ", 0x81, 0x0c, 9, 4, 0, 0, 9 + len(value),
                    request.opaque, 0) + value[:4] + request.key + value[4:])
            elif request.opcode in (0x04, 0x0a):
                conn.send(binary.packet(request))
            else:
                binary.answer(conn, request)

    server = fake(script)
    metrics = exporter(server.address, flag(
        tmp_path, WRITE, ", protocol: binary")).metrics()
    assert metrics.up == 1
    assert probed(metrics) == {
        "noop": 1, "set": found, "get": found, "delete": found}


def test_once(memcached, tmp_path):
    done = run("--once", f"--memcached.address={memcached().address}",
               flag(tmp_path, WRITE))
    assert done.returncode == 0
    assert 'memcached_probe_success{operation="delete"} 1' in done.stdout
