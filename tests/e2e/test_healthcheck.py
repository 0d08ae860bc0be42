"""--healthcheck: what a container asks itself."""

import json
import pathlib
import signal

import pytest

from exporter import Exporter, run
from fake import FakeServer, saying
from port import reserve
from web import hashed, put


def check(*flags):
    return run("--healthcheck", "--memcached.address=", *flags)


@pytest.mark.parametrize("host, listen", [
    ("127.0.0.1", "127.0.0.1:{}"), ("[::1]", "[::1]:{}"),
    ("", ":{}"), ("0.0.0.0", "0.0.0.0:{}"), ("[::]", "[::]:{}"),
    ("localhost", "localhost:{}")])
def test_address(stack, host, listen):
    _, port = reserve()
    listen = listen.format(port)
    running = Exporter("--memcached.address=", listen=(listen,))
    stack.callback(running.stop)
    done = check(f"--web.listen-address={listen}")
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "")


def test_unix_socket(stack, folder):
    listen = f"unix:{folder}/web.sock"
    stack.callback(Exporter("--memcached.address=", listen=(listen,)).stop)
    assert check(f"--web.listen-address={listen}").returncode == 0


def test_first_of_several(stack, folder):
    first, second = f"unix:{folder}/1", f"unix:{folder}/2"
    stack.callback(Exporter("--memcached.address=", listen=(second,)).stop)
    flags = [f"--web.listen-address={each}" for each in (first, second)]
    assert check(*flags).returncode == 1
    assert check(*reversed(flags)).returncode == 0


@pytest.mark.parametrize("client_auth", ["NoClientCert", "RequireAndVerifyClientCert"])
@pytest.mark.parametrize("version", ["TLS12", "TLS13"])
def test_tls(stack, folder, authority, client_auth, version):
    pair = authority.issue("DNS:elsewhere.example")
    path = pathlib.Path(folder, "web.yml")
    put(path, json.dumps({"tls_server_config": {
        "cert_file": str(pair.cert), "key_file": str(pair.key),
        "max_version": version, "client_auth_type": client_auth,
        **({} if client_auth == "NoClientCert"
           else {"client_ca_file": str(authority.cert)})}}))
    listen = f"unix:{folder}/web.sock"
    flags = "--memcached.address=", f"--web.config.file={path}"
    stack.callback(Exporter(*flags, listen=(listen,)).stop)
    done = check(f"--web.listen-address={listen}", *flags)
    assert (done.returncode, done.stderr) == (0, "")


def test_password(stack, folder):
    path = pathlib.Path(folder, "web.yml")
    put(path, json.dumps({"basic_auth_users": {"a": hashed("b")}}))
    listen = f"unix:{folder}/web.sock"
    flags = "--memcached.address=", f"--web.config.file={path}"
    stack.callback(Exporter(*flags, listen=(listen,)).stop)
    assert check(f"--web.listen-address={listen}", *flags).returncode == 0


def test_nobody_listens(folder):
    done = check(f"--web.listen-address=unix:{folder}/web.sock")
    assert done.returncode == 1
    assert done.stderr.endswith(
        f"connect to unix:{folder}/web.sock: No such file or directory\n")


def test_hangs(stack, folder):
    listen = f"unix:{folder}/web.sock"
    running = Exporter("--memcached.address=", listen=(listen,))
    stack.callback(running.stop)
    running.process.send_signal(signal.SIGSTOP)
    try:
        done = check(f"--web.listen-address={listen}")
    finally:
        running.process.send_signal(signal.SIGCONT)
    assert done.returncode == 1
    assert "no answer within 3 seconds" in done.stderr


def test_another_server(stack, folder):
    path = f"{folder}/web.sock"
    stack.callback(
        FakeServer(saying(b"SSH-2.0-x y\r\n"), path=path).stop)
    done = check(f"--web.listen-address=unix:{path}")
    assert done.returncode == 1
    assert "what answers there is no HTTP server" in done.stderr


def test_systemd_socket():
    done = check("--web.systemd-socket")
    assert done.returncode == 1
    assert "--healthcheck does not know where systemd listens" in done.stderr
