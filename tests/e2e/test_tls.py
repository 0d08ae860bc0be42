"""TLS to memcached."""

import os
import pathlib
import re
import ssl
import subprocess

import pytest

from authority import DAMAGES, EC, RSA, Authority, bundle, context
from clock import Clock
from daemons import assert_restarts
from exporter import TOP, run
from exposition import of_the_server
from fake import close, hang, once_then, replay, reset, saying, serve
from poll import eventually

TLS = "--memcached.tls."
NAMES = "DNS:localhost,IP:127.0.0.1"
CERTIFICATES = 1000  # src/base/openssl.h
CHAIN = 10  # src/base/tls_limits.h
HOUR, DAY = 3600, 86400
STEP = 300  # less than an idle target is kept
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]

pytestmark = pytest.mark.skipif(
    "--enable-ssl" not in subprocess.run(
        ["memcached", "-h"], capture_output=True, text=True,
        check=False).stdout,
    reason="this memcached was built without TLS")


@pytest.fixture(scope="session")
def pair(authority):
    return authority.issue(NAMES)


@pytest.fixture
def flags(authority):
    """Those that trust our authority."""
    return [f"{TLS}enable", f"{TLS}ca-file={authority.cert}"]


@pytest.fixture
def secure(memcached, pair):
    """A memcached that speaks TLS; more: of its -o."""

    def start(*args, pair=pair, more=""):
        options = f"ssl_chain_cert={pair.cert},ssl_key={pair.key}{more}"
        return memcached("-Z", "-o", options, *args)

    return start


@pytest.fixture
def server(secure):
    return secure()


def test_verified(server, exporter, flags):
    """By name, and by number."""
    running = exporter("", *flags)
    for host in ("localhost", "localhost.", "127.0.0.1"):
        metrics = running.scrape(f"{host}:{server.port}")
        assert (metrics.up, metrics.ignored) == (1, 0)
        assert all(metrics.success.values())


def test_environment(server, exporter, authority):
    env = {
        "MEMCACHED_EXPORTER_MEMCACHED_TLS_ENABLE": "true",
        "MEMCACHED_EXPORTER_MEMCACHED_TLS_CA_FILE": authority.cert,
    }
    assert exporter(server.address, env=env).metrics().up == 1


def assert_tls(running, *words):
    """It fails with OpenSSL's words in the log."""
    metrics = running.metrics()
    assert (metrics.up, metrics.reason) == (0, "tls")
    log, = eventually(lambda: [
        line for line in running.log() if "Target is down" in line])
    assert "reason=tls" in log
    for word in words:
        assert word in log


def test_unknown_authority(server, exporter, tmp_path):
    other = Authority(tmp_path)
    running = exporter(
        server.address, f"{TLS}enable", f"{TLS}ca-file={other.cert}")
    assert_tls(running, "certificate verify failed", "issuer certificate",
               f"set {TLS}ca-file (ca_file in a module)")


def test_long_names(secure, authority, exporter, flags):
    """What is shown of them has an end, and the advice is still there."""
    label = "a" * 60
    server = secure(pair=authority.issue(",".join(
        f"DNS:{n}.{label}" for n in range(500))))
    host = ".".join([label] * 4)
    running = exporter(server.address, *flags, f"{TLS}server-name={host}")
    assert_tls(running, f"certificate is for 0.{label}, ...", label,
               f"set {TLS}server-name")


def test_authorities_of_the_system(server, exporter):
    assert_tls(exporter(server.address, f"{TLS}enable"), "verify failed")


@pytest.mark.parametrize("host, words", [
    ("127.0.0.1", "IP address mismatch"), ("localhost", "ostname mismatch"),
])
def test_wrong_name(secure, authority, exporter, flags, host, words):
    server = secure(pair=authority.issue("DNS:other.example,IP:127.0.0.2"))
    target = f"{host}:{server.port}"
    assert_tls(
        exporter(target, *flags), f"{words}: certificate is for other.example,"
        f" 127.0.0.2, expected {host}: set {TLS}server-name (server_name")
    # Another name may be expected instead.
    override = f"{TLS}server-name=other.example"
    assert exporter(target, *flags, override).metrics().up == 1


@pytest.mark.parametrize("hosts, other", [
    (["127.0.0.1", "127.0.0.2"], None), (["127.0.0.2", "127.0.0.1"], None),
    (["127.0.0.1", "127.0.0.2"], hang), (["127.0.0.1", "127.0.0.2"], close),
], ids=["refused", "refused before", "silent", "closed"])
def test_wrong_name_at_one_of_two_addresses(
        fake, authority, exporter, flags, etc, hosts, other):
    """What is wrong at the other one, the second, does not hide it."""
    server = fake(tls=context(authority.issue("DNS:other.example")))
    if other:
        fake(other, host=hosts[1], port=server.port)
    prefix = etc("".join(f"{host} cache.example\n" for host in hosts))
    running = exporter(f"cache.example:{server.port}", *flags, prefix=prefix)
    assert_tls(running, "(127.0.0.1:", "ostname mismatch")


def test_wrong_name_is_expected(server, exporter, flags):
    """The server's name takes the place of the target's."""
    running = exporter(
        server.address, *flags, f"{TLS}server-name=other.example")
    assert_tls(running, "ostname mismatch")


def test_no_host(secure, authority, exporter, flags, tmp_path):
    """It is localhost, so that not just anyone gets the password."""
    (tmp_path / "users").write_text("user:secret\n")
    (tmp_path / "password").write_text("secret\n")
    login = ["--memcached.username=user",
             f"--memcached.password-file={tmp_path / 'password'}"]
    own, other = (
        secure("-Y", str(tmp_path / "users"), pair=authority.issue(names))
        for names in (NAMES, "DNS:other.example"))
    assert_tls(
        exporter(f":{other.port}", *flags, *login), "ostname mismatch")
    assert exporter(f":{own.port}", *flags, *login).metrics().up == 1


def test_common_name_is_none(secure, authority, exporter, flags):
    """A certificate without a subjectAltName is nobody's (RFC 6125)."""
    pair = authority.issue_nameless()
    name = f"{authority.folder.name} {authority._issued}"
    running = exporter(secure(pair=pair).address, *flags,
                       f"{TLS}server-name={name}")
    assert_tls(running, "certificate is for no name (subjectAltName)")


@pytest.mark.parametrize("name, up", [
    ("*.example.test", 1), ("cache*.example.test", 0)])
def test_wildcards(secure, authority, exporter, flags, name, up):
    """For a whole label alone."""
    server = secure(pair=authority.issue(f"DNS:{name}"))
    running = exporter(
        server.address, *flags, f"{TLS}server-name=cache1.example.test")
    assert running.metrics().up == up


def test_unverified(server, exporter):
    flags = [f"{TLS}enable", f"{TLS}insecure-skip-verify"]
    assert exporter(server.address, *flags).metrics().up == 1


@pytest.mark.parametrize("host, name", [
    ("127.0.0.1", None), ("localhost", "localhost"),
    ("localhost.", "localhost"),
])
def test_server_name_indication(fake, exporter, pair, flags, host, name):
    """A number is no name (RFC 6066)."""
    names = []
    tls = context(pair)
    tls.sni_callback = lambda sock, name, tls: names.append(name)
    server = fake(tls=tls)
    assert exporter(f"{host}:{server.port}", *flags).metrics().up == 1
    assert names == [name]


@pytest.fixture
def strict(secure, authority):
    """It demands a certificate from its clients."""
    return secure(more=f",ssl_verify_mode=2,ssl_ca_cert={authority.cert}")


def test_client_certificate(strict, authority, exporter, flags):
    cert, key = authority.issue("DNS:exporter")
    mine = [f"{TLS}cert-file={cert}", f"{TLS}key-file={key}"]
    running = exporter(strict.address, *flags, *mine)
    for _ in range(2):
        assert running.metrics().up == 1


def test_no_client_certificate(strict, exporter, flags):
    assert_tls(exporter(strict.address, *flags), "certificate required",
               f"set {TLS}cert-file and {TLS}key-file")


def test_unknown_client_certificate(strict, tmp_path, exporter, flags):
    cert, key = Authority(tmp_path).issue("DNS:exporter")
    mine = [f"{TLS}cert-file={cert}", f"{TLS}key-file={key}"]
    assert_tls(exporter(strict.address, *flags, *mine), "unknown ca",
               f"the server refuses the client certificate of {TLS}cert-file")


def test_plain_server(fake, exporter, flags):

    def script(conn):
        conn.sock.recv(65536)
        conn.send(b"ERROR\r\n")
        hang(conn)

    assert_tls(
        exporter(fake(script).address, *flags), "wrong version number",
        f"the server does not speak TLS: unset {TLS}enable")


def test_plain_client(server, exporter):
    metrics = exporter(server.address, timeout=0.5).metrics()
    assert metrics.up == 0
    assert metrics.reason in ("closed", "protocol", "timeout")


def test_refused(exporter, dead, flags):
    assert exporter(dead, *flags).metrics().reason == "refused"


def test_silent_before_the_handshake(fake, exporter, flags):
    running = exporter(fake(hang).address, *flags, timeout=0.3)
    assert running.metrics().reason == "timeout"
    line, = eventually(lambda: [
        line for line in running.log() if "Target is down" in line])
    assert "no TLS handshake in time: does the server speak TLS?" in line


@pytest.mark.parametrize("version", VERSIONS, ids=lambda v: v.name)
def test_end_is_said(fake, exporter, pair, flags, version):
    """With close_notify: the server need not take it for an attack."""
    ends = []

    def script(conn):
        conn.collection()
        ends.append(None)
        ends[-1] = conn.sock.recv(1)

    tls = context(pair, version)
    tls.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    server = fake(script, tls=tls, ragged=False)
    running = exporter(server.address, *flags)
    assert running.metrics().up == 1
    running.stop()
    eventually(lambda: ends == [b""])


@pytest.mark.parametrize("more", [
    [], [f"{TLS}insecure-skip-verify"]], ids=["verified", "unverified"])
@pytest.mark.parametrize("make, words", [
    (lambda authority, own: own * CHAIN,
     "the server sent too many certificates in the chain"),
    (lambda authority, own: authority.vouch(1 << 8192 | 1, 3),
     "the server sent a certificate with a key of too many bits"),
], ids=["many", "a long key"])
def test_certificates_that_cost(
        fake, authority, exporter, pair, flags, tmp_path, more, make, words):
    """They are refused before anything is computed with them."""
    path = tmp_path / "chain"
    own = pathlib.Path(pair.cert).read_text()
    path.write_text(own + make(authority, own))
    server = fake(tls=context(pair._replace(cert=str(path))))
    assert_tls(exporter(server.address, *flags, *more), words)
    path.write_text(own * CHAIN)
    server = fake(tls=context(pair._replace(cert=str(path))))
    assert exporter(server.address, *flags, *more).metrics().up == 1


def test_unknown_name(exporter, etc, nameserver, flags):
    prefix = etc(resolv_conf=nameserver({}).resolv_conf)
    running = exporter("no.example", *flags, prefix=prefix)
    assert running.metrics().reason == "dns"


# What a server does behind the handshake.
FAULTS = {
    "silent": (hang, "timeout"),
    "silent in the middle": (saying(b"STAT pid 1\r\nST"), "timeout"),
    "closes": (saying(then=close), "closed"),
    "closes in the middle": (saying(b"STAT pid 1\r\nST", then=close), "closed"),
    "resets in the middle": (saying(b"STAT pid 1\r\nST", then=reset), "closed"),
    "ERROR": (saying(b"ERROR\r\n" * 4), "protocol"),
    "auth": (saying(b"CLIENT_ERROR unauthenticated\r\n"), "auth"),
    "endless": (saying(*[b"STAT k v\r\n" * 1000] * 5000), "too_large"),
}


@pytest.mark.parametrize("version", VERSIONS, ids=lambda v: v.name)
@pytest.mark.parametrize("name", FAULTS)
def test_fault(fake, exporter, pair, flags, name, version):
    """Its reason is the same as without TLS."""
    script, reason = FAULTS[name]
    server = fake(script, tls=context(pair, version))
    timeout = 10 if reason == "too_large" else 0.5
    running = exporter(server.address, *flags, timeout=timeout)
    metrics = running.metrics()
    assert (metrics.up, metrics.reason) == (0, reason)


def test_persistent(server, exporter, flags):
    running = exporter(server.address, *flags)
    totals = {
        running.metrics().value("memcached_connections_total")
        for _ in range(5)
    }
    assert len(totals) == 1


def test_restarted(server, exporter, flags):
    assert_restarts(server, exporter(server.address, *flags))


def when_asked(conn):
    next(conn.commands(), None)


@pytest.mark.parametrize("version", VERSIONS, ids=lambda v: v.name)
@pytest.mark.parametrize("fault", [close, reset, when_asked])
def test_resumed(fake, exporter, pair, flags, fault, version):
    """Each connection but the first saves itself a whole handshake."""

    def script(conn):
        conn.collection()
        fault(conn)

    server = fake(script, tls=context(pair, version))
    running = exporter(server.address, *flags)
    for _ in range(4):
        assert running.metrics().up == 1
    assert [conn.resumed for conn in server.connections] == [
        False, True, True, True]


def test_sessions_are_the_targets_own(fake, exporter, pair, flags):
    """And a server that does not know a session has its way."""
    one, other = (
        fake(lambda conn: conn.collection(), tls=context(pair))
        for _ in range(2))
    running = exporter("", *flags)
    for server in (one, other, one, other):
        assert running.scrape(server.address).up == 1
    one.refuse()
    same = fake(port=one.port, tls=context(pair))  # with keys of its own
    assert running.scrape(one.address).up == 1
    for server in (one, other):
        assert [conn.resumed for conn in server.connections] == [False, True]
    assert [conn.resumed for conn in same.connections] == [False]


def test_unverified_session_is_nobody_elses(fake, exporter, pair, authority):
    """Two flags, two exporters: what one took, the other still refuses."""
    server = fake(once_then(close), tls=context(pair))
    lax = exporter(
        server.address, f"{TLS}enable", f"{TLS}insecure-skip-verify")
    assert lax.metrics().up == 1
    assert_tls(exporter(server.address, f"{TLS}enable"), "verify failed")


@pytest.fixture
def clock(tmp_path):
    return Clock(tmp_path)


def test_expired(secure, authority, exporter, flags, clock):
    clock.forward(-3 * DAY)
    server = secure(pair=authority.issue(NAMES, env=clock.env))
    assert_tls(exporter(server.address, *flags), "certificate has expired: "
               "it was valid until 20", "issued again")


def test_expired_meanwhile(fake, authority, exporter, flags, clock):
    """A session is no way around the end of a certificate."""
    clock.forward(-2 * DAY + HOUR / 2)
    pair = authority.issue(NAMES, env=clock.env)
    clock.forward(2 * DAY - HOUR / 2)

    def script(conn):
        conn.collection()

    server = fake(script, tls=context(pair))
    running = exporter(server.address, *flags, env=clock.env)
    ups = []
    for _ in range(HOUR // STEP):
        ups.append(running.metrics().up)
        clock.forward(STEP)
    assert ups[:3] == [1, 1, 1]
    assert [conn.resumed for conn in server.connections[:3]] == [
        False, True, True]
    assert_tls(running, "certificate has expired")


def test_unix_socket(fake, exporter, folder, pair, flags):
    """A path has no name: it is localhost's."""
    server = fake(path=f"{folder}/socket", tls=context(pair))
    assert exporter(server.address, *flags).metrics().up == 1


def bytewise(conn):
    send = conn.send
    conn.send = lambda data: [
        send(data[i : i + 7]) for i in range(0, len(data), 7)]
    serve(conn)


@pytest.mark.parametrize("script", [serve, bytewise])
def test_big_answer(fake, exporter, pair, flags, script):
    """Whole, in records of any size: the same as without TLS."""
    lines = "".join(
        f"STAT items:{slab}:{key} {slab}\r\n"
        for slab in range(1, 201) for key in ("number", "age", "evicted"))
    server = max(
        (p.parent for p in TOP.glob("fixtures/stats/*/stats.txt")),
        key=lambda folder: sum(f.stat().st_size for f in folder.iterdir()))
    answers = {**replay(server), "stats items": f"{lines}END\r\n".encode()}
    plain, secret = (
        exporter(fake(kind, answers, tls=tls).address, *more, timeout=10)
        for kind, tls, more in (
            (serve, None, ()), (script, context(pair), flags)))
    wanted = of_the_server(plain.metrics().text)
    assert len(wanted) > 600
    for _ in range(2):
        assert of_the_server(secret.metrics().text) == wanted


def test_with_ascii_authentication(secure, exporter, flags, tmp_path):
    (tmp_path / "users").write_text("user:secret\n")
    (tmp_path / "password").write_text("secret\n")
    server = secure("-Y", str(tmp_path / "users"))
    assert exporter(server.address, *flags).metrics().reason == "auth"
    running = exporter(
        server.address, *flags, "--memcached.username=user",
        f"--memcached.password-file={tmp_path / 'password'}")
    for _ in range(2):
        assert running.metrics().up == 1


def refused(*flags):
    done = run("--web.listen-address=127.0.0.1:0", f"{TLS}enable", *flags)
    assert done.returncode == 1
    line = re.fullmatch(r"memcached_exporter: error: (.+)\n", done.stderr)
    assert line, done.stderr
    return line[1]


@pytest.mark.parametrize("content", [
    None, "", "garbage\n", "folder", "FIFO"])
@pytest.mark.parametrize("flag", ["ca-file", "cert-file", "key-file"])
def test_bad_file(pair, tmp_path, flag, content):
    path = tmp_path / "file"
    if content == "folder":
        path.mkdir()
    elif content == "FIFO":
        os.mkfifo(path)
    elif content is not None:
        path.write_text(content)
    files = {"cert-file": pair.cert, "key-file": pair.key, flag: path}
    line = refused(*(f"{TLS}{name}={files[name]}" for name in files))
    assert str(path) in line


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("flag", ["ca-file", "cert-file"])
def test_damaged_bundle(pair, tmp_path, flag, damage):
    """In the middle or at the end: what is behind it would not count."""
    path = bundle(tmp_path / "bundle", pair.cert, damage)
    files = {"cert-file": pair.cert, "key-file": pair.key, flag: path}
    line = refused(*(f"{TLS}{name}={files[name]}" for name in files))
    assert f"{path}: " in line


def test_bundle(server, exporter, authority, pair, tmp_path):
    """With words in between."""
    path = bundle(tmp_path / "bundle", pair.cert, None, authority.cert)
    running = exporter(
        server.address, f"{TLS}enable", f"{TLS}ca-file={path}")
    assert running.metrics().up == 1


def test_too_many_certificates(pair, tmp_path):
    path = tmp_path / "bundle"
    with open(pair.cert, encoding="ascii") as file:
        pem = file.read()
    flag = f"{TLS}ca-file={path}"
    path.write_text(pem * CERTIFICATES)
    assert run("--config.check", f"{TLS}enable", flag).returncode == 0
    path.write_text(pem * (CERTIFICATES + 1))
    assert f"{path}: too many certificates" in refused(flag)


@pytest.mark.parametrize("kind, words", [
    (EC, "key values mismatch"), (RSA, "different key types"),
], ids=["same kind", "another kind"])
def test_another_key(pair, tmp_path, kind, words):
    key = Authority(tmp_path, kind).pair.key
    line = refused(f"{TLS}cert-file={pair.cert}", f"{TLS}key-file={key}")
    assert f"{key}: {words}" in line


@pytest.mark.parametrize("flag", ["cert", "key"])
def test_half_a_pair(pair, flag):
    line = refused(f"{TLS}{flag}-file={getattr(pair, flag)}")
    assert "certificate" in line and "key" in line


def test_key_with_a_passphrase(pair, tmp_path):
    """Nobody is asked for it on a terminal."""
    key = tmp_path / "locked.key"
    subprocess.run(
        ["openssl", "pkey", "-in", pair.key, "-out", key, "-aes256",
         "-passout", "pass:secret"], check=True)
    line = refused(f"{TLS}cert-file={pair.cert}", f"{TLS}key-file={key}")
    assert str(key) in line
