"""Files for --web.config.file, and clients for what is in them."""

import base64
import contextlib
import http.client
import json
import os
import ssl
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import crypt

SALT = "abcdefghijklmnopqrstuu"

# What can be set for all answers.
HEADERS = {
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "sameorigin",
    "X-XSS-Protection": "1; mode=block",
    "Content-Security-Policy": "default-src 'none'",
}


def hashed(password, cost=4, kind="2b"):
    """Its bcrypt hash."""
    return crypt.crypt(password, f"${kind}${cost:02}${SALT}")


def basic(name, password):
    """The header of the two."""
    pair = base64.b64encode(f"{name}:{password}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


def put(path, content):
    """Writes a file as one should: nobody ever reads half of it."""
    if not isinstance(content, str):
        content = json.dumps(content)
    aside = f"{path}.new"
    with open(aside, "w", encoding="utf-8") as file:
        file.write(content)
    os.replace(aside, path)
    return f"--web.config.file={path}"


def trusting(authority, pair=None, version=None):
    """What a client needs to believe the exporter."""
    tls = ssl.create_default_context(cafile=authority.cert)
    if pair:
        tls.load_cert_chain(*pair)
    if version:
        tls.minimum_version = tls.maximum_version = version
    return tls


def secure(running, tls):
    """A connection by HTTPS."""
    return http.client.HTTPSConnection(
        running.address, timeout=running.timeout, context=tls)


def get(running, tls, path="/-/healthy", **rest):
    with contextlib.closing(secure(running, tls)) as conn:
        return running.request(conn, path, **rest)


@contextlib.contextmanager
def shaken(running, tls, session=None):
    """A socket after the handshake and one answer: with TLS 1.3 it is only
    then that a client knows what became of its certificate."""
    with running.connect() as plain, tls.wrap_socket(
            plain, server_hostname="127.0.0.1", session=session) as sock:
        sock.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n")
        assert sock.recv(4096).startswith(b"HTTP/1.1 200 ")
        yield sock


def is_turned_away(running, tls):
    """Whether there is no answer for such a client."""
    try:
        get(running, tls)
    except (ssl.SSLError, ConnectionError, http.client.BadStatusLine):
        return True
    return False
