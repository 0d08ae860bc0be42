"""--web.config.file: what is wrong in one, TLS, and changes while it runs."""

import contextlib
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import ssl
import subprocess
import time

import pytest

from authority import DAMAGES, EC, RSA, Authority, bundle
from daemons import Prometheus
from exporter import GET, run
from exposition import Exposition
from fake import MINIMAL
from poll import eventually
from web import basic, get, hashed, is_turned_away, put, secure, shaken
from web import trusting

NAMES = "DNS:localhost,IP:127.0.0.1"
TLS12 = ssl.TLSVersion.TLSv1_2
TLS13 = ssl.TLSVersion.TLSv1_3
HASH = "$2b$04$" + "a" * 53
PAIR = "tls_server_config:\n  cert_file: c\n  key_file: k\n"
NO_ENCRYPT_THEN_MAC = 1 << 19  # SSL_OP_NO_ENCRYPT_THEN_MAC of OpenSSL
QUIET = 0.4  # seconds; LOOK_US of src/http/web.c
CURRENT = "memcached_exporter_web_config_last_reload_successful"
READ_AT = "memcached_exporter_web_config_last_reload_success_timestamp_seconds"


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    """Another authority."""
    return Authority(tmp_path_factory.mktemp("stranger"))


@pytest.fixture(scope="module")
def pair(authority):
    return authority.issue(NAMES)


@pytest.fixture(scope="module")
def client_pair(authority):
    return authority.issue("DNS:scraper.test,IP:192.0.2.7,URI:spiffe://a/b")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "web.yml"


@pytest.fixture
def serving(exporter, path, pair):
    """serving(key=value…): an exporter with these of tls_server_config."""

    def start(*flags, more=None, **keys):
        tls = {"cert_file": pair.cert, "key_file": pair.key, **keys}
        flag = put(path, {"tls_server_config": tls, **(more or {})})
        return exporter(None, flag, *flags)

    return start


# What is wrong

@pytest.mark.parametrize("text, place, words", [
    ("tls_config: {}\n", "1:1", 'unknown key "tls_config", expected one of'),
    ("tls_server_config:\n  certs: c\n", "2:3", 'unknown key "certs"'),
    ("tls_server_config:\n  cert_file: c\n", "2:3",
     "expected key_file or key"),
    ("tls_server_config:\n  key_file: k\n", "2:3",
     "expected cert_file or cert"),
    ("tls_server_config:\n  client_auth_type: RequireAnyClientCert\n", "2:3",
     "expected cert_file or cert"),
    (PAIR + "  cert: c\n", "4:3", "cert and cert_file, expected one of them"),
    (PAIR + "  key: k\n", "4:3", "key and key_file, expected one of them"),
    (PAIR + "  cipher_suites: [TLS_NULL]\n", "4:19",
     'unknown cipher "TLS_NULL", expected a name such as TLS_ECDHE_RSA'),
    (PAIR + "  curve_preferences: [P-256]\n", "4:23",
     'unknown curve "P-256", expected one of CurveP256'),
    (PAIR + "  min_version: TLS1.2\n", "4:16",
     "expected one of TLS10, TLS11, TLS12, TLS13"),
    (PAIR + "  max_version: SSL3\n", "4:16", "expected one of TLS10"),
    (PAIR + "  min_version: TLS13\n  max_version: TLS12\n", "5:3",
     "expected a min_version not above max_version"),
    (PAIR + "  cipher_suites: [TLS_AES_128_GCM_SHA256]\n"
     "  max_version: TLS12\n", "5:3",
     "cipher_suites, expected one that a version up to max_version has"),
    (PAIR + "  client_ca_file: a\n", "4:3",
     "expected a client_auth_type that asks for certificates"),
    (PAIR + "  client_allowed_sans: [a]\n", "4:3",
     "expected a client_auth_type that asks for certificates"),
    (PAIR + "  client_auth_type: Always\n", "4:21",
     "expected one of NoClientCert, RequestClientCert"),
    (PAIR + "  prefer_server_cipher_suites: 7\n", "4:32", "expected"),
    ("tls_server_config: [a]\n", "1:20", "expected a mapping"),
    ("auth_excluded_paths: /\n", "1:22", "expected a list"),
    ("basic_auth_users:\n  a: secret\n", "2:6", "expected a bcrypt hash"),
    (f"basic_auth_users:\n  a: {HASH[:-1]}\n", "2:6", "a bcrypt hash"),
    (f"basic_auth_users:\n  a: {HASH[:-1]}!\n", "2:6", "a bcrypt hash"),
    (f"basic_auth_users:\n  a: {HASH.replace('04', '03')}\n", "2:6",
     "a bcrypt hash"),
    (f"basic_auth_users:\n  a: {HASH.replace('2b', '1b')}\n", "2:6",
     "a bcrypt hash"),
    (f"basic_auth_users:\n  a: {HASH.replace('04', '31')}\n", "2:6",
     "a bcrypt hash of cost 31, expected at most 16"),
    (f"basic_auth_users:\n  'a:b': {HASH}\n", "2:3",
     "expected a name without a colon"),
    (f"basic_auth_users:\n  a: {HASH}\n  a: {HASH}\n", "3:3",
     '"a" again, expected it once'),
    ("http_server_config:\n  headers:\n    Server: x\n", "3:5",
     'the header "Server" cannot be set, expected one of'),
    ("http_server_config:\n  headers:\n    X-Frame-Options: none\n", "3:22",
     "expected deny or sameorigin"),
    ("http_server_config:\n  headers:\n    X-Content-Type-Options: x\n",
     "3:29", "expected nosniff"),
    ("http_server_config:\n  headers:\n"
     '    X-XSS-Protection: "1\\r\\nSet-Cookie: a"\n', "3:23",
     "expected one line"),
    ("rate_limit:\n  interval: 1s\n", "2:3",
     "expected a burst as well"),
    ("rate_limit:\n  interval: often\n  burst: 1\n", "2:13",
     "expected a duration such as 1s"),
    ("rate_limit:\n  interval: 1s\n  burst: -1\n", "3:10",
     "expected a number of requests"),
    ("http_server_config: {}\n# \x1b[2J\n", "2:3",
     "control characters are not allowed"),
    ("http_server_config: {<<: {http2: no}}\n", "1:22",
     "merge keys (<<) are not read"),
    (PAIR + "  client_auth_type: RequireAndVerifyClientCert\n"
     "  client_allowed_sans: []\n", "5:24", "expected at least one name"),
    ("basic_auth_users: {}\n", "1:19", "expected at least one user"),
    ("a: [\n", "2:1", "expected YAML"),
])
def test_wrong(path, text, place, words):
    flag = put(path, text)
    done = run(flag, "--config.check")
    assert done.returncode == 1
    assert f"{path}:{place}: " in done.stderr
    assert words in done.stderr.replace('\\"', '"')
    # nor does it start
    done = run(flag, "--web.listen-address=127.0.0.1:0")
    assert done.returncode == 1
    assert f"{path}:{place}: " in done.stderr


def test_no_such_file(tmp_path):
    done = run(f"--web.config.file={tmp_path / 'none'}", "--config.check")
    assert done.returncode == 1
    assert f"{tmp_path / 'none'}" in done.stderr
    assert "No such file" in done.stderr


@pytest.mark.parametrize("keys, words", [
    ({"cert_file": "none"}, "certificate {folder}/none: No such file"),
    ({"key_file": "none"}, "key {folder}/none: No such file"),
    ({"cert_file": "web.yml"}, "certificate {folder}/web.yml: "),
    ({"key_file": "web.yml"}, "key {folder}/web.yml: "),
    ({"client_ca_file": "web.yml",
      "client_auth_type": "RequireAndVerifyClientCert"},
     "client authorities {folder}/web.yml: "),
    ({"cert_file": "", "cert": "nonsense"}, "certificate: "),
])
def test_bad_pem(path, pair, keys, words):
    """Of files whose paths are relative to the web configuration."""
    tls = {"cert_file": pair.cert, "key_file": pair.key, **keys}
    done = run(put(path, {"tls_server_config": tls}), "--config.check")
    assert done.returncode == 1
    assert words.format(folder=path.parent) in done.stderr


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("inline", [False, True], ids=["file", "text"])
@pytest.mark.parametrize("key", ["cert", "client_ca"])
def test_damaged_bundle(path, authority, pair, key, inline, damage):
    """In the middle or at the end: what is behind it would not count."""
    file = bundle(path.parent / "bundle", pair.cert, damage, authority.cert)
    tls = {"key_file": pair.key, "client_auth_type": REQUIRE}
    if key == "client_ca":
        tls["cert_file"] = pair.cert
    if inline:
        tls[key] = file.read_text()
    else:
        tls[f"{key}_file"] = str(file)
    done = run(put(path, {"tls_server_config": tls}), "--config.check")
    what = {"cert": "certificate", "client_ca": "client authorities"}[key]
    where = "" if inline else f" {file}"
    assert done.returncode == 1
    assert f"error: {what}{where}: " in done.stderr


def test_bundle(serving, path, authority, stranger, client_pair):
    """With words in between; the last one counts as well."""
    file = bundle(path.parent / "bundle", stranger.cert, None, authority.cert)
    running = serving(client_auth_type=REQUIRE, client_ca_file=str(file))
    assert not is_turned_away(running, trusting(authority, client_pair))


def test_certificate_and_key_in_one_file(exporter, path, authority, pair):
    both = "".join(pathlib.Path(name).read_text() for name in (
        pair.key, pair.cert, authority.cert))
    put(path.parent / "both", both)
    running = exporter(None, put(path, {"tls_server_config": {
        "cert_file": "both", "key_file": "both"}}))
    assert get(running, trusting(authority)).status == 200


# What is no regular file: reading it might wait for ever, or never end.
DEVICES = {"FIFO": os.mkfifo,
           "device": lambda path: os.symlink("/dev/zero", path)}


@pytest.mark.parametrize("make", DEVICES.values(), ids=DEVICES)
@pytest.mark.parametrize("key", ["cert_file", "key_file", "client_ca_file"])
def test_no_regular_file(path, pair, key, make):
    make(path.parent / "odd")
    tls = {"cert_file": pair.cert, "key_file": pair.key,
           "client_auth_type": REQUIRE, key: "odd"}
    done = run(put(path, {"tls_server_config": tls}), "--config.check")
    assert done.returncode == 1
    assert f"{path.parent / 'odd'}: is no regular file\n" in done.stderr


@pytest.mark.parametrize("make", DEVICES.values(), ids=DEVICES)
@pytest.mark.parametrize("flag", ["web.config.file", "config.file"])
def test_no_regular_configuration(path, flag, make):
    """It is not an empty one, which would let everybody in."""
    make(path)
    done = run(f"--{flag}={path}", "--config.check")
    assert done.returncode == 1
    assert done.stderr == (
        f"memcached_exporter: error: {path}: is no regular file\n")


def test_fifo_comes_later(exporter, path, authority, pair):
    """Nobody waits for a writer, and what was there stays in force."""
    cert, key = copied(pair, path.parent)
    running = exporter(None, put(path, {"tls_server_config": {
        "cert_file": cert, "key_file": key}, **users(a="pw")}))
    for n, file in enumerate([cert, key, path], 1):
        kept = pathlib.Path(file).read_text()
        os.unlink(file)
        os.mkfifo(file)
        eventually(lambda: len(complaints(running)) == n)
        assert f"{file}: is no regular file" in complaints(running)[-1]
        assert get(running, trusting(authority)).status == 401
        put(file, kept)
        eventually(lambda: reloads(running) == n)


def test_key_of_another(path, pair, client_pair):
    tls = {"cert_file": pair.cert, "key_file": client_pair.key}
    done = run(put(path, {"tls_server_config": tls}), "--config.check")
    assert done.returncode == 1
    assert f"key {client_pair.key}: " in done.stderr


@pytest.mark.parametrize("command", [
    ["pkcs8", "-topk8"], ["ec", "-aes256"]], ids=["PKCS 8", "traditional"])
@pytest.mark.parametrize("inline", [False, True], ids=["file", "text"])
def test_key_with_passphrase(path, pair, command, inline):
    """Refused, and nobody is asked for it."""
    key = subprocess.run(
        ["openssl", *command, "-in", pair.key, "-passout", "pass:x"],
        check=True, capture_output=True, text=True).stdout
    put(path.parent / "key", key)
    keys = {"key": key} if inline else {"key_file": "key"}
    flag = put(path, {"tls_server_config": {"cert_file": pair.cert, **keys}})
    done = run(flag, "--config.check")
    assert done.returncode == 1
    what = "key" if inline else f"key {path.parent / 'key'}"
    assert done.stderr == (
        f"memcached_exporter: error: {what}: it has a passphrase: "
        "expected a key without one\n")


@pytest.mark.parametrize("text", [
    "", "# nothing\n", "tls_server_config:\nauth_excluded_paths:\n",
    "tls_server_config: {}\n", "rate_limit: {interval: 0, burst: 0}\n",
    "http_server_config: {http2: false}\n",
])
def test_right(exporter, path, text):
    flag = put(path, text)
    assert run(flag, "--config.check").returncode == 0
    assert exporter(None, flag).get("/-/healthy").status == 200


# TLS

def test_https(fake, exporter, path, pair, authority):
    flag = put(path, {"tls_server_config": {
        "cert_file": pair.cert, "key_file": pair.key}})
    running = exporter(fake().address, flag)
    answer = get(running, trusting(authority), "/metrics")
    assert answer.status == 200
    assert "\nmemcached_up 1\n" in answer.text
    # kept alive as well
    with contextlib.closing(secure(running, trusting(authority))) as conn:
        for _ in range(3):
            assert running.request(conn, "/-/healthy").status == 200
            sock = conn.sock
            assert running.request(conn, "/nothing").status == 404
            assert conn.sock is sock


def test_not_trusted(serving, stranger):
    with pytest.raises(ssl.SSLCertVerificationError):
        get(serving(), trusting(stranger))


@pytest.mark.parametrize("sent", [GET, b"\0" * 1000, b"\x16\x03\x01"],
                         ids=["HTTP", "NUL", "half a record"])
def test_no_tls_on_its_port(serving, authority, sent):
    """The end of that connection, and of no other."""
    running = serving()
    with running.send(sent) as sock:
        sock.settimeout(running.timeout)
        if sent == b"\x16\x03\x01":
            sock.close()
        else:
            with contextlib.suppress(ConnectionError):
                while data := sock.recv(4096):
                    assert not data.startswith(b"HTTP/1.1 2")
    assert get(running, trusting(authority)).status == 200


def test_stalled_handshakes(serving, authority):
    running = serving()
    with contextlib.ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(running.send(b"\x16\x03\x01\x02\x00\x01"))
        tls = trusting(authority)
        for _ in range(10):
            assert get(running, tls).status == 200


@pytest.mark.parametrize("key", [RSA, EC], ids=["RSA", "EC"])
@pytest.mark.parametrize("version", [TLS12, TLS13], ids=["1.2", "1.3"])
def test_chain(exporter, path, tmp_path_factory, key, version):
    """With an authority between the root, which the client has, and the
    server, which shows both."""
    root = Authority(tmp_path_factory.mktemp("root"), key)
    between = root.below(tmp_path_factory.mktemp("between"))
    leaf = between.issue(NAMES)
    cert = pathlib.Path(leaf.cert).read_text()
    keys = {"cert": cert + pathlib.Path(between.cert).read_text(),
            "key_file": leaf.key}
    running = exporter(None, put(path, {"tls_server_config": keys}))
    assert get(running, trusting(root, version=version)).status == 200
    put(path, {"tls_server_config": {**keys, "cert": cert}})
    eventually(lambda: is_turned_away(running, trusting(root)))


REQUIRE = "RequireAndVerifyClientCert"


@pytest.mark.parametrize("version", [TLS12, TLS13], ids=["1.2", "1.3"])
@pytest.mark.parametrize("auth, none, theirs, ours", [
    ("", True, True, True),
    ("NoClientCert", True, True, True),
    ("RequestClientCert", True, True, True),
    ("RequireAnyClientCert", False, True, True),
    ("RequireClientCert", False, True, True),
    ("VerifyClientCertIfGiven", True, False, True),
    (REQUIRE, False, False, True),
])
def test_client_auth(serving, authority, stranger, client_pair, version, auth,
                     none, theirs, ours):
    """Without a certificate, with one of another authority, with the right."""
    keys = {} if auth in ("", "NoClientCert") else {
        "client_ca_file": authority.cert}
    running = serving(client_auth_type=auth, **keys)
    pairs = (None, stranger.issue("DNS:scraper.test"), client_pair)
    assert [not is_turned_away(running, trusting(authority, p, version))
            for p in pairs] == [none, theirs, ours]


@pytest.mark.parametrize("auth", [REQUIRE, "VerifyClientCertIfGiven"])
def test_authorities_of_the_system(exporter, path, pair, authority, stranger,
                                   client_pair, auth):
    """They are what counts without client_ca, as in Go."""
    flag = put(path, {"tls_server_config": {
        "cert_file": pair.cert, "key_file": pair.key,
        "client_auth_type": auth}})
    running = exporter(None, flag, env={"SSL_CERT_FILE": authority.cert})
    assert not is_turned_away(running, trusting(authority, client_pair))
    other = stranger.issue("DNS:scraper.test")
    assert is_turned_away(running, trusting(authority, other))
    assert is_turned_away(running, trusting(authority)) == (auth == REQUIRE)


@pytest.mark.parametrize("sans, let_in", [
    (["scraper.test"], True),
    (["other", "192.0.2.7"], True),
    (["spiffe://a/b"], True),
    (["other", "scraper.tes", "scraper.test.", "192.0.2.8"], False),
])
@pytest.mark.parametrize("auth, none", [
    ("RequestClientCert", True), ("RequireAnyClientCert", False),
    ("VerifyClientCertIfGiven", True), (REQUIRE, False)])
def test_allowed_sans(serving, authority, client_pair, auth, none, sans,
                      let_in):
    """Every certificate that is shown has one of them."""
    running = serving(client_auth_type=auth, client_ca_file=authority.cert,
                      client_allowed_sans=sans)
    tls = trusting(authority, client_pair)
    assert is_turned_away(running, tls) != let_in
    assert is_turned_away(running, trusting(authority)) != none


@pytest.mark.parametrize("keys, spoken", [
    ({}, [TLS12, TLS13]),
    ({"min_version": "TLS13"}, [TLS13]),
    ({"max_version": "TLS12"}, [TLS12]),
])
def test_versions(serving, authority, keys, spoken):
    running = serving(**keys)
    assert [v for v in (TLS12, TLS13) if not is_turned_away(
        running, trusting(authority, version=v))] == spoken


def test_old_version(serving, authority):
    """It is there for who asks for it."""
    running = serving(min_version="TLS10")
    tls = trusting(authority)
    tls.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        tls.minimum_version = tls.maximum_version = ssl.TLSVersion.TLSv1_1
    with shaken(running, tls) as sock:
        assert sock.version() == "TLSv1.1"


def test_cipher_suites(serving, authority):
    """The one that both have, in TLS 1.2; those of 1.3 are always there."""
    running = serving(
        cipher_suites=["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"])
    with shaken(running, trusting(authority, version=TLS12)) as sock:
        assert sock.cipher()[0] == "ECDHE-ECDSA-AES256-GCM-SHA384"
    other = trusting(authority, version=TLS12)
    other.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
    assert is_turned_away(running, other)
    with shaken(running, trusting(authority)) as sock:
        assert sock.version() == "TLSv1.3"


@pytest.mark.parametrize("keys, chosen", [
    ({}, "TLS_AES_128_GCM_SHA256"),
    # what OpenSSL's clients would like best
    ({"prefer_server_cipher_suites": False}, "TLS_AES_256_GCM_SHA384"),
])
def test_fastest_cipher_suite(serving, authority, keys, chosen):
    with shaken(serving(**keys), trusting(authority)) as sock:
        assert sock.cipher()[0] == chosen


@pytest.mark.parametrize("least", ["TLS10", "TLS11", "TLS12", "TLS13"])
def test_cipher_suites_of_tls13_alone(serving, authority, least):
    """As in Go: no other version has one, and in this one all are on."""
    running = serving(cipher_suites=["TLS_AES_128_GCM_SHA256"],
                      min_version=least)
    assert is_turned_away(running, trusting(authority, version=TLS12))
    assert not is_turned_away(running, trusting(authority, version=TLS13))


@pytest.mark.parametrize("prefer", [None, True, False])
def test_preferred_ciphers(serving, authority, prefer):
    """Whose order counts, in TLS 1.2: the server's, unless told otherwise."""
    mine = ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384"]
    keys = {} if prefer is None else {"prefer_server_cipher_suites": prefer}
    running = serving(cipher_suites=[
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"], **keys)
    tls = trusting(authority, version=TLS12)
    tls.set_ciphers(":".join(mine))
    with shaken(running, tls) as sock:
        assert sock.cipher()[0] == mine[0 if prefer is False else 1]


CURVES = {"CurveP256": "P-256", "CurveP384": "P-384", "CurveP521": "P-521",
          "X25519": "X25519"}


@pytest.mark.parametrize("names", [
    ["CurveP256"], ["CurveP384"], ["CurveP521"], ["X25519"],
    ["X25519", "CurveP384"]], ids=" ".join)
def test_curves(serving, names):
    """Python's ssl cannot ask for each."""
    running = serving(curve_preferences=names)
    for name, theirs in CURVES.items():
        done = subprocess.run(
            ["openssl", "s_client", "-connect", running.address, "-groups",
             theirs], stdin=subprocess.DEVNULL, capture_output=True,
            check=False, timeout=running.timeout)
        assert (done.returncode == 0) == (name in names), name


def test_inline(exporter, path, authority, pair, client_pair):
    cert, key, client_ca = (
        pathlib.Path(p).read_text() for p in (*pair, authority.cert))
    flag = put(path, {"tls_server_config": {
        "cert": cert, "key": key, "client_ca": client_ca,
        "client_auth_type": REQUIRE}})
    running = exporter(None, flag)
    assert not is_turned_away(running, trusting(authority, client_pair))
    assert is_turned_away(running, trusting(authority))
    # all of these are secrets, or of no use in a log
    assert "BEGIN" not in "\n".join(running.log())


@pytest.mark.parametrize("offered, chosen", [
    (["h2", "http/1.1"], "http/1.1"), (["http/1.1"], "http/1.1"),
    (["http/1.0"], "http/1.0"), (["http/1.0", "http/1.1"], "http/1.1"),
    ([], None)])
def test_alpn(serving, authority, offered, chosen):
    tls = trusting(authority)
    if offered:
        tls.set_alpn_protocols(offered)
    with shaken(serving(), tls) as sock:
        assert sock.selected_alpn_protocol() == chosen


@pytest.mark.parametrize("version", [TLS12, TLS13], ids=["1.2", "1.3"])
def test_http2_alone(serving, authority, version):
    """Hears of it in the handshake (RFC 7301, section 3.2)."""
    running = serving()
    tls = trusting(authority, version=version)
    tls.set_alpn_protocols(["h2"])
    with pytest.raises(ssl.SSLError, match="(?i)no.application.protocol"):
        get(running, tls)
    # one that would rather speak it falls back
    done = subprocess.run(
        ["curl", "-sS", "--http2-prior-knowledge", "--cacert", authority.cert,
         f"https://{running.address}/-/healthy"],
        check=True, capture_output=True, text=True, timeout=running.timeout)
    assert done.stdout == "memcached_exporter is healthy.\n"


def plain_http(tls, sock):
    sock.sendall(GET)
    sock.recv(1)


def handshake(tls, sock):
    with tls.wrap_socket(sock, server_hostname="127.0.0.1") as secret:
        secret.sendall(GET)
        secret.recv(1)


@pytest.mark.parametrize("version", [TLS12, TLS13], ids=["1.2", "1.3"])
@pytest.mark.parametrize("kind, words", [
    ("plain HTTP", "http request"),
    ("does not trust us", "tlsv1 alert unknown ca"),
    ("HTTP/2 alone", "no application protocol"),
    ("no certificate", "peer did not return a certificate"),
    ("a stranger's", "certificate verify failed: unable to get local issuer"),
    ("another name", "certificate verify failed: none of its names is in client_allowed_sans"),
])
def test_log_of_handshakes(serving, authority, stranger, client_pair, version,
                           kind, words):
    """Whoever is turned away there: one line says who, and why."""
    running = serving(
        "--log.level=debug", client_auth_type=REQUIRE,
        client_ca_file=authority.cert, client_allowed_sans=["scraper.test"])
    pairs = {"no certificate": None, "another name": authority.issue("DNS:x"),
             "a stranger's": stranger.issue("DNS:scraper.test")}
    tls = trusting(stranger if kind == "does not trust us" else authority,
                   pairs.get(kind, client_pair), version)
    if kind == "HTTP/2 alone":
        tls.set_alpn_protocols(["h2"])
    assert not is_turned_away(running, trusting(authority, client_pair))
    with running.connect() as sock, contextlib.suppress(OSError):
        client = "{}:{}".format(*sock.getsockname())
        (plain_http if kind == "plain HTTP" else handshake)(tls, sock)
    line, = eventually(lambda: [
        line for line in running.log() if "TLS handshake failed" in line])
    assert "level=DEBUG" in line
    assert f"client={client} " in line
    assert f'err="{words}' in line


@pytest.mark.parametrize("version", [TLS12, TLS13])
@pytest.mark.parametrize("request_bytes", [
    GET.replace(b"Host", b"Connection: close\r\nHost"),
    b"GET /-/healthy HTTP/1.0\r\n\r\n",
    b"HEAD /page.js HTTP/1.0\r\n\r\n",
    b"GET / HTTP/1.1\r\nTransfer-Encoding: x\r\n\r\n",
], ids=repr)
def test_end_is_said(serving, authority, version, request_bytes):
    """With close_notify: nobody has cut the answer off."""
    running = serving()
    tls = trusting(authority, version=version)
    tls.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    with running.connect() as plain, tls.wrap_socket(
            plain, server_hostname="127.0.0.1",
            suppress_ragged_eofs=False) as sock:
        sock.sendall(request_bytes)
        while sock.recv(65536):
            pass


def test_end_before_a_check(serving, authority):
    """What is written when the loop has ended goes out, and leaves nothing."""
    slow = hashed("right").replace("$04$", "$16$")
    running = serving(more={"basic_auth_users": {"slow": slow}})
    tls = trusting(authority)
    name, value = basic("slow", "wrong").popitem()
    with running.connect() as plain, tls.wrap_socket(
            plain, server_hostname="127.0.0.1") as sock:
        sock.sendall(GET.replace(b"Host", f"{name}: {value}\r\nHost".encode()))
        for _ in range(2):
            assert get(running, tls).status == 401
        running.stop()
        answer = b"".join(iter(lambda: sock.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert answer.endswith(b"\r\n\r\nThe exporter is stopping.\n")


@pytest.mark.parametrize("version", [TLS12, TLS13], ids=["1.2", "1.3"])
@pytest.mark.parametrize("auth, resumed", [
    ("NoClientCert", True), ("RequestClientCert", False),
    ("RequireAnyClientCert", False), ("VerifyClientCertIfGiven", False),
    (REQUIRE, False)])
def test_resumption(serving, authority, client_pair, version, auth, resumed):
    """A certificate is shown again each time: it may have expired, or not be
    allowed any more."""
    keys = {} if auth == "NoClientCert" else {"client_ca_file": authority.cert}
    running = serving(client_auth_type=auth, **keys)
    tls = trusting(authority, client_pair, version)
    with shaken(running, tls) as sock:
        session = sock.session
        assert not sock.session_reused
        assert session.has_ticket == resumed
    with shaken(running, tls, session) as sock:
        assert sock.session_reused == resumed


def test_client_leaves(serving, authority):
    """At any moment, without a word in TLS."""
    running = serving()
    before = running.descriptors()
    tls = trusting(authority)
    for _ in range(20):
        conn = secure(running, tls)
        conn.connect()
        conn.request("GET", "/")
        conn.sock.close()
        conn.close()
    assert get(running, tls).status == 200
    eventually(lambda: running.descriptors() <= before + 1)


def test_large_answer(serving, authority):
    """Many answers, piled up before the client reads any."""
    running = serving()
    with running.connect() as plain, trusting(authority).wrap_socket(
            plain, server_hostname="127.0.0.1") as sock:
        page = b"GET /page.js HTTP/1.1\r\nHost: x\r\n"
        sock.sendall((page + b"\r\n") * 20 + page +
                     b"Connection: close\r\n\r\n")
        sock.settimeout(running.timeout)
        data = b""
        while chunk := sock.recv(65536):
            data += chunk
    assert data.count(b"HTTP/1.1 200 OK\r\n") == 21


def slabs(count):
    """What a server says that has so many classes."""
    keys = ("chunk_size", "used_chunks", "free_chunks", "get_hits", "cmd_set",
            "delete_hits", "incr_hits", "decr_hits", "cas_hits", "touch_hits")
    lines = [f"STAT {n}:{key} {n}\r\n" for n in range(1, count + 1)
             for key in keys]
    return {**MINIMAL,
            "stats slabs": "".join([*lines, "END\r\n"]).encode()}


@pytest.mark.parametrize("version", [TLS12, TLS13], ids=["1.2", "1.3"])
@pytest.mark.parametrize("classes", [1, 100])
def test_slow_reader(serving, authority, fake, version, classes):
    """The socket takes a part of each answer; none is lost or sent twice."""
    running = serving(
        f"--memcached.address={fake(answers=slabs(classes)).address}")
    ask = b"GET /metrics HTTP/1.1\r\nHost: x\r\n"
    with running.connect() as plain:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        with trusting(authority, version=version).wrap_socket(
                plain, server_hostname="127.0.0.1") as sock:
            sock.sendall((ask + b"\r\n") * 3 + ask +
                         b"Connection: close\r\n\r\n")
            data = b"".join(iter(lambda: sock.recv(1000), b""))
    for _ in range(4):
        header, _, data = data.partition(b"\r\n\r\n")
        assert header.startswith(b"HTTP/1.1 200 OK\r\n")
        length = int(re.search(rb"Content-Length: (\d+)", header)[1])
        text, data = data[:length].decode(), data[length:]
        assert text.count("\nmemcached_slab_chunk_size_bytes{") == classes
        assert Exposition(text).up == 1
    assert data == b""


@pytest.mark.parametrize("name", [
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"])
def test_records_that_come_at_once(serving, authority, fake, name):
    """OpenSSL makes several in one go, for a client like Prometheus."""
    classes = 250
    server = fake(answers=slabs(classes))
    running = serving(f"--memcached.address={server.address}",
                      cipher_suites=[name])
    tls = trusting(authority, version=TLS12)
    tls.options |= NO_ENCRYPT_THEN_MAC
    text = get(running, tls, "/metrics").text
    assert len(text) > 8 * 16384
    assert text.count("\nmemcached_slab_chunk_size_bytes{") == classes
    assert Exposition(text).up == 1


KTLS = """
openssl_conf = main
[main]
ssl_conf = ssl
[ssl]
system_default = all
[all]
Options = KTLS
"""


def test_system_calls(exporter, path, pair, authority, fake, tmp_path):
    """The records of an answer go out together, and none of the kernel's
    TLS."""
    if not shutil.which("strace"):
        pytest.skip("strace is missing: make deps-test")
    trace, config = tmp_path / "trace", tmp_path / "openssl.cnf"
    config.write_text(KTLS)
    running = exporter(
        fake(answers=slabs(100)).address, put(path, {"tls_server_config": {
            "cert_file": pair.cert, "key_file": pair.key}}),
        # LeakSanitizer does not work under it
        env={"OPENSSL_CONF": config, "ASAN_OPTIONS": "detect_leaks=0"},
        prefix=["strace", "-D", "-o", trace, "-e", "trace=setsockopt,write"])
    assert len(get(running, trusting(authority), "/metrics").text) > 65536
    running.stop()
    calls = trace.read_text()
    assert "TCP_ULP" not in calls
    corked = re.findall(
        r"TCP_CORK, \[1\].*\n((?:write.*\n)*)setsockopt.*TCP_CORK, \[0\]", calls)
    assert any(writes.count("\n") > 4 for writes in corked), calls


# Changes

def serial(running, tls):
    with shaken(running, tls) as sock:
        return sock.getpeercert()["serialNumber"]


def copied(pair, folder):
    """The pair in files that can be changed."""
    names = [str(folder / "cert"), str(folder / "key")]
    for name, original in zip(names, pair):
        put(name, pathlib.Path(original).read_text())
    return names


def test_new_certificate(exporter, path, authority, pair):
    cert, key = copied(pair, path.parent)
    flag = put(path, {"tls_server_config": {
        "cert_file": "cert", "key_file": "key"}})
    running = exporter(None, flag)
    tls = trusting(authority)
    kept = secure(running, tls)
    assert running.request(kept, "/-/healthy").status == 200
    sock = kept.sock
    old = serial(running, tls)
    copied(authority.issue(NAMES), path.parent)
    eventually(lambda: serial(running, tls) != old)
    # who was there stays
    assert running.request(kept, "/-/healthy").status == 200
    assert kept.sock is sock
    kept.close()


def answers(running, password):
    return running.get("/-/healthy", headers=basic("a", password)).status


def users(**passwords):
    return {"basic_auth_users": {
        name: hashed(password) for name, password in passwords.items()}}


def test_users_change(exporter, path):
    running = exporter(None, put(path, users(a="old")))
    assert answers(running, "old") == 200
    put(path, users(a="new"))
    eventually(lambda: answers(running, "new") == 200)
    assert answers(running, "old") == 401
    put(path, users(b="new"))
    eventually(lambda: answers(running, "new") == 401)
    put(path, {"rate_limit": {"interval": "1ms", "burst": 100}})
    eventually(lambda: running.get("/-/healthy").status == 200)
    put(path, users(a="old"))
    eventually(lambda: running.get("/-/healthy").status == 401)
    assert answers(running, "old") == 200


def complaints(running):
    return [line for line in running.log()
            if "Web configuration not reloaded" in line]


def reloads(running):
    return sum("Web configuration reloaded" in line for line in running.log())


def values(running):
    text = running.get("/metrics", headers=basic("a", "pw")).text
    return {name: float(value) for name, value in
            re.findall(r"^(memcached_exporter_web_\w+) (\S+)$", text, re.M)}


def test_broken_and_mended(exporter, path):
    running = exporter(None, put(path, users(a="pw")))
    first = values(running)
    assert first[CURRENT] == 1
    assert first[READ_AT] > 1e9
    put(path, "basic_auth_users: {a: b}\n")
    eventually(lambda: values(running)[CURRENT] == 0)
    assert answers(running, "pw") == 200
    assert answers(running, "b") == 401
    assert values(running)[READ_AT] == first[READ_AT]
    # A second change is a second line; the looks between them said nothing.
    put(path, "nonsense: 1\n")
    eventually(lambda: len(complaints(running)) == 2)
    assert f"{path}:1:1: unknown key" in complaints(running)[1]
    put(path, users(a="pw"))
    eventually(lambda: values(running)[CURRENT] == 1)
    assert values(running)[READ_AT] >= first[READ_AT]
    assert len(complaints(running)) == 2


def test_file_goes_and_comes(exporter, path):
    running = exporter(None, put(path, users(a="pw")))
    path.unlink()
    eventually(lambda: values(running)[CURRENT] == 0)
    assert answers(running, "pw") == 200
    put(path, users(a="pw"))
    eventually(lambda: values(running)[CURRENT] == 1)
    assert len(complaints(running)) == 1


def test_file_that_is_named_comes_later(exporter, path, authority, pair):
    """The web configuration first, the certificate behind it."""
    cert, key = copied(pair, path.parent)
    keys = {"cert_file": cert, "key_file": key}
    running = exporter(None, put(path, {"tls_server_config": keys}))
    tls = trusting(authority)
    old = serial(running, tls)
    keys = {"cert_file": cert + "2", "key_file": key + "2"}
    put(path, {"tls_server_config": keys})
    eventually(lambda: complaints(running))
    assert serial(running, tls) == old
    for name, original in zip(keys.values(), authority.issue(NAMES)):
        put(name, pathlib.Path(original).read_text())
    eventually(lambda: serial(running, tls) != old)


def test_written_in_place(exporter, path):
    """Bit by bit: while there is less, nobody gets in, and nobody is told."""
    running = exporter(None, put(path, users(a="old")))
    text = "http_server_config: {}\n" + json.dumps(users(a="new"))[1:-1]
    pauses = []
    with open(path, "wb", buffering=0) as file:
        for byte in text.encode():
            begin = time.monotonic()
            file.write(bytes([byte]))
            while time.monotonic() < begin + 0.02:
                assert running.get("/-/healthy").status == 401
                assert answers(running, "old") == 200
            pauses.append(time.monotonic() - begin)
    eventually(lambda: answers(running, "new") == 200)
    assert answers(running, "old") == 401
    assert not complaints(running) or max(pauses) > QUIET


def test_left_empty(exporter, path):
    """However long, it is no way in; until somebody asks for it."""
    running = exporter(None, put(path, users(a="pw")))
    for n, half in enumerate(["", "# users\n", "http_server_config: {}\n"], 1):
        path.write_text(half)
        eventually(lambda: len(complaints(running)) == n)
        assert f"{path}: says nothing any more, which takes a SIGHUP" in \
            complaints(running)[-1]
        assert running.get("/-/healthy").status == 401
        assert values(running)[CURRENT] == 0
    path.write_text(json.dumps(users(a="new")))
    eventually(lambda: answers(running, "new") == 200)
    path.write_text("")
    running.process.send_signal(signal.SIGHUP)
    eventually(lambda: running.get("/-/healthy").status == 200)
    assert values(running)[CURRENT] == 1


def test_less_is_asked_of_clients(serving, path, authority, pair):
    running = serving(client_auth_type=REQUIRE, client_ca_file=authority.cert)
    tls = trusting(authority)
    assert is_turned_away(running, tls)
    put(path, {"tls_server_config": {
        "cert_file": pair.cert, "key_file": pair.key}})
    eventually(lambda: not is_turned_away(running, tls))
    assert not complaints(running)


def test_permissions_change(exporter, path, pair):
    """Whoever may read a file now, it is read."""
    cert, key = copied(pair, path.parent)
    running = exporter(None, put(path, {"tls_server_config": {
        "cert_file": cert, "key_file": key}}))
    for n, file in enumerate([path, cert, key], 1):
        os.chmod(file, 0o600)
        eventually(lambda: reloads(running) == n)


def bytes_read(running):
    text = pathlib.Path(f"/proc/{running.pid}/io").read_text()
    return int(re.search(r"^rchar: (\d+)", text)[1])


def test_unreadable_for_a_while(exporter, path):
    """For a reason that no file shows, it is read again when that is gone."""
    running = exporter(None, put(path, users(a="pw", b="gone")))
    kept = running.connection()
    assert running.request(
        kept, "/-/healthy", headers=basic("b", "gone")).status == 200
    number = resource.RLIMIT_NOFILE
    soft, hard = resource.prlimit(running.pid, number)
    resource.prlimit(running.pid, number, (3, hard))
    put(path, users(a="pw"))
    eventually(lambda: complaints(running))
    assert f"{path}: Too many open files" in complaints(running)[0]
    resource.prlimit(running.pid, number, (soft, hard))
    eventually(lambda: running.request(
        kept, "/-/healthy", headers=basic("b", "gone")).status == 401,
        timeout=10)
    kept.close()
    assert len(complaints(running)) == 1
    assert values(running)[CURRENT] == 1


def test_trying_again_is_no_news(exporter, path):
    """However often it fails; a new reason is news."""
    running = exporter(None, put(path, users(a="pw")))
    size = 100000
    put(path, "#" * size + "\nwrong: 1\n")
    eventually(lambda: complaints(running))
    begin = bytes_read(running)
    eventually(lambda: bytes_read(running) > begin + size, timeout=10)
    assert len(complaints(running)) == 1
    assert answers(running, "pw") == 200
    put(path, "#" * size + "\nwrong: 1\n")
    eventually(lambda: len(complaints(running)) == 2)


def test_sighup(exporter, path):
    """Reads it anew, changed or not."""
    running = exporter(None, put(path, users(a="pw")))
    for n in range(1, 3):
        running.process.send_signal(signal.SIGHUP)
        eventually(lambda: reloads(running) == n)
    put(path, "a")
    running.process.send_signal(signal.SIGHUP)
    eventually(lambda: values(running)[CURRENT] == 0)
    assert answers(running, "pw") == 200


def test_tls_switched(serving, exporter, path, authority, pair, tmp_path):
    """Takes a restart, in both directions."""
    running = serving()
    put(path, {})
    eventually(lambda: complaints(running))
    assert f"{path}: switches TLS off, which takes a restart" in \
        complaints(running)[0]
    assert get(running, trusting(authority)).status == 200
    other = tmp_path / "other.yml"
    plain = exporter(None, put(other, {}))
    put(other, {"tls_server_config": {
        "cert_file": pair.cert, "key_file": pair.key}})
    eventually(lambda: complaints(plain))
    assert "switches TLS on" in complaints(plain)[0]
    assert plain.get("/-/healthy").status == 200


# All at once

def test_prometheus(fake, exporter, path, tmp_path, stack, authority, pair,
                    client_pair):
    """A real one: HTTPS, a client's certificate, and a password."""
    flag = put(path, {
        "tls_server_config": {
            "cert_file": pair.cert, "key_file": pair.key,
            "client_ca_file": authority.cert, "client_auth_type": REQUIRE,
            "client_allowed_sans": ["scraper.test"]},
        **users(a="pw")})
    running = exporter(fake().address, flag)
    prometheus = Prometheus(tmp_path, running.address, more=(
        "  scheme: https\n"
        f"  tls_config: {{ca_file: {authority.cert}, "
        f"cert_file: {client_pair.cert}, key_file: {client_pair.key}}}\n"
        "  basic_auth: {username: a, password: pw}\n"))
    stack.callback(prometheus.stop)
    eventually(lambda: prometheus.query("memcached_up") == [1], timeout=20)
    assert prometheus.query("up") == [1]
