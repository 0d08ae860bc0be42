"""HTTPS: what clients that are turned away are told, and what their
certificates may cost."""

import contextlib
import http.client
import pathlib
import ssl

import pytest

from authority import Authority
from clock import Clock
from poll import eventually
from web import get, is_turned_away, put, secure, shaken, trusting

NAMES = "DNS:localhost,IP:127.0.0.1"
TLS12, TLS13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
REQUIRE = "RequireAndVerifyClientCert"
HOUR, DAY = 3600, 86400
STEP = 300  # less than an idle client may be silent
CHAIN = 10  # src/base/tls_limits.h


@pytest.fixture(scope="module")
def pair(authority):
    return authority.issue(NAMES)


@pytest.fixture(scope="module")
def client_pair(authority):
    return authority.issue("DNS:scraper.test")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "web.yml"


@pytest.fixture
def serving(exporter, path, pair):
    def start(*flags, **keys):
        tls = {"cert_file": pair.cert, "key_file": pair.key, **keys}
        flag = put(path, {"tls_server_config": tls})
        return exporter(None, flag, *flags)

    return start


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT"])
def test_plain_http(serving, method):
    """An answer in clear that says what is wrong, and an end."""
    running = serving()
    with running.connect() as sock:
        sock.sendall(
            f"{method} /metrics HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        sock.settimeout(running.timeout)
        answer = b"".join(iter(lambda: sock.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"\r\nConnection: close" in head
    assert b" an HTTP request to an HTTPS server" in body


def alert(running, tls):
    """What a client is told that is turned away."""
    with running.connect() as plain:
        sock = tls.wrap_socket(plain, do_handshake_on_connect=False,
                               server_hostname="127.0.0.1")
        with pytest.raises(ssl.SSLError) as info, sock:
            sock.do_handshake()
            # with TLS 1.3 the server's verdict comes behind this
            sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            sock.recv(1)
    return info.value.reason


@pytest.mark.parametrize("version", [TLS12, TLS13], ids=["1.2", "1.3"])
@pytest.mark.parametrize("kind, words", [
    ("another name", "SSLV3_ALERT_BAD_CERTIFICATE"),
    ("a stranger's", "TLSV1_ALERT_UNKNOWN_CA"),
])
def test_alert(serving, authority, tmp_path, version, kind, words):
    """It says what is wrong with a certificate (RFC 8446, section 6.2)."""
    running = serving(client_auth_type=REQUIRE, client_ca_file=authority.cert,
                      client_allowed_sans=["scraper.test"])
    issuer = authority if kind == "another name" else Authority(tmp_path)
    tls = trusting(authority, issuer.issue("DNS:other"), version)
    assert alert(running, tls) == words


def test_reload_takes_certificates_away(
        serving, path, authority, pair, client_pair):
    """By other names, or another authority: a session is no way around it."""
    running = serving(client_auth_type=REQUIRE, client_ca_file=authority.cert,
                      client_allowed_sans=["scraper.test"])
    tls = trusting(authority, client_pair)
    with shaken(running, tls) as sock:
        session = sock.session
    keys = {"cert_file": pair.cert, "key_file": pair.key,
            "client_auth_type": REQUIRE}
    for change in ({"client_ca_file": authority.cert,
                    "client_allowed_sans": ["other.test"]},
                   {"client_ca_file": pair.cert}):
        put(path, {"tls_server_config": {**keys, **change}})
        eventually(lambda: is_turned_away(running, tls))
        with pytest.raises((ssl.SSLError, ConnectionError)), \
                shaken(running, tls, session):
            pass


def is_kept(running, conn):
    try:
        return running.request(conn, "/-/healthy").status == 200
    except (http.client.RemoteDisconnected, ConnectionError, ssl.SSLError):
        conn.close()
        return False


def test_reload_ends_connections(serving, path, authority, pair, client_pair):
    """Of clients that show certificates: they have to show them again."""
    keys = {"cert_file": pair.cert, "key_file": pair.key,
            "client_auth_type": REQUIRE, "client_ca_file": authority.cert}
    running = serving(client_auth_type=REQUIRE, client_ca_file=authority.cert)
    with contextlib.closing(
            secure(running, trusting(authority, client_pair))) as conn:
        for _ in range(3):
            assert is_kept(running, conn)
        put(path, {"tls_server_config": {
            **keys, "client_allowed_sans": ["other.test"]}})
        eventually(lambda: not is_kept(running, conn))
        assert not is_kept(running, conn)


def test_expired_while_connected(
        exporter, path, tmp_path, authority, pair):
    clock = Clock(tmp_path)
    clock.forward(-2 * DAY + HOUR / 2)
    brief = authority.issue("DNS:scraper.test", env=clock.env)
    clock.forward(2 * DAY - HOUR / 2)
    flag = put(path, {"tls_server_config": {
        "cert_file": pair.cert, "key_file": pair.key,
        "client_auth_type": REQUIRE, "client_ca_file": authority.cert}})
    running = exporter(None, flag, env=clock.env)
    tls = trusting(authority, brief)
    with contextlib.closing(secure(running, tls)) as conn:
        assert is_kept(running, conn)
        for _ in range(HOUR // STEP):
            clock.forward(STEP)
            kept = is_kept(running, conn)
        assert not kept
    assert is_turned_away(running, tls)


@pytest.mark.parametrize("version", [TLS12, TLS13], ids=["1.2", "1.3"])
def test_end_of_the_exporter(serving, authority, version):
    """close_notify for those that are idle, too."""
    running = serving()
    tls = trusting(authority, version=version)
    tls.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    with running.connect() as plain, tls.wrap_socket(
            plain, server_hostname="127.0.0.1",
            suppress_ragged_eofs=False) as sock:
        sock.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n")
        assert sock.recv(65536)
        running.stop()
        assert sock.recv(65536) == b""


COSTS = {
    "many": (lambda authority, own: own * CHAIN,
             "too many certificates in the chain"),
    "a long key": (lambda authority, own: authority.vouch(1 << 8192 | 1, 3),
                   "a certificate with a key of too many bits"),
    "a long exponent": (
        lambda authority, own: authority.vouch(1 << 2047 | 1, 1 << 64 | 1),
        "a certificate with a key of too many bits"),
}
CHEAP = {
    "as many as may be": lambda authority, own: own * (CHAIN - 1),
    "long enough": lambda authority, own: authority.vouch(
        1 << 8191 | 1, 1 << 63 | 1),
}


def chained(path, authority, pair, chain):
    """A certificate, and some behind it."""
    own = pathlib.Path(pair.cert).read_text()
    path.write_text(own + chain(authority, own))
    return trusting(authority, pair._replace(cert=str(path)))


@pytest.mark.parametrize("auth", [
    "RequestClientCert", "RequireAnyClientCert", REQUIRE])
@pytest.mark.parametrize("kind", COSTS)
def test_certificates_that_cost(
        serving, authority, client_pair, tmp_path, auth, kind):
    """They are refused before anything is computed with them."""
    chain, words = COSTS[kind]
    running = serving("--log.level=debug", client_auth_type=auth,
                      client_ca_file=authority.cert)
    tls = chained(tmp_path / "chain", authority, client_pair, chain)
    assert is_turned_away(running, tls)
    line, = eventually(lambda: [
        line for line in running.log() if "TLS handshake failed" in line])
    assert f'err="{words}"' in line


@pytest.mark.parametrize("kind", CHEAP)
def test_certificates_that_cost_little(
        serving, authority, client_pair, tmp_path, kind):
    running = serving(client_auth_type=REQUIRE, client_ca_file=authority.cert)
    tls = chained(tmp_path / "chain", authority, client_pair, CHEAP[kind])
    assert get(running, tls).status == 200


def test_large_certificate(serving, authority):
    """One of more bytes than a chain may have."""
    running = serving("--log.level=debug", client_auth_type="RequestClientCert")
    names = ",".join(f"DNS:{n}.{'x' * 50}" for n in range(1500))
    assert is_turned_away(
        running, trusting(authority, authority.issue(names)))
    line, = eventually(lambda: [
        line for line in running.log() if "TLS handshake failed" in line])
    assert 'err="excessive message size"' in line


def test_chain_is_not_verified_in_vain(serving, authority, client_pair):
    """Where any certificate will do, even one that no authority could
    vouch for."""
    running = serving(client_auth_type="RequireAnyClientCert",
                      client_ca_file=client_pair.cert)
    assert get(running, trusting(authority, client_pair)).status == 200


def test_many_names(serving, authority):
    """Of a certificate: more than are compared."""
    names = ",".join(f"DNS:{n}.test" for n in range(1001))
    running = serving(client_auth_type=REQUIRE, client_ca_file=authority.cert,
                      client_allowed_sans=["0.test"])
    few = authority.issue("DNS:1.test,DNS:0.test")
    assert get(running, trusting(authority, few)).status == 200
    with contextlib.suppress(http.client.BadStatusLine):
        assert is_turned_away(
            running, trusting(authority, authority.issue(names)))
