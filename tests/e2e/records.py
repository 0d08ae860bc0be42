"""Records of TLS that no library would send.

Python's ssl shakes hands; behind that, Records encrypts what it is told to by
the secrets that the context wrote to its key log (AES-GCM alone).
"""

import ctypes
import ctypes.util
import hashlib
import hmac
import socket
import ssl
import struct

ALERT, HANDSHAKE, DATA = 21, 22, 23
CLIENT_HELLO, NEW_SESSION_TICKET, KEY_UPDATE = 1, 4, 24
TLS12, TLS13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3

CRYPTO = ctypes.CDLL(ctypes.util.find_library("crypto"))
for name in ("EVP_CIPHER_CTX_new", "EVP_aes_128_gcm", "EVP_aes_256_gcm"):
    getattr(CRYPTO, name).restype = ctypes.c_void_p
GET_TAG, TAG_BYTES = 0x10, 16  # EVP_CTRL_AEAD_GET_TAG


def seal(key, nonce, data, more):
    """AES-GCM (RFC 5116)."""
    cipher = getattr(CRYPTO, f"EVP_aes_{len(key) * 8}_gcm")
    ctx = ctypes.c_void_p(CRYPTO.EVP_CIPHER_CTX_new())
    out, n = ctypes.create_string_buffer(len(data) + TAG_BYTES), ctypes.c_int()
    tag = ctypes.create_string_buffer(TAG_BYTES)
    CRYPTO.EVP_EncryptInit_ex(
        ctx, ctypes.c_void_p(cipher()), None, key, nonce)
    CRYPTO.EVP_EncryptUpdate(ctx, None, ctypes.byref(n), more, len(more))
    CRYPTO.EVP_EncryptUpdate(ctx, out, ctypes.byref(n), data, len(data))
    CRYPTO.EVP_EncryptFinal_ex(ctx, tag, ctypes.byref(n))
    CRYPTO.EVP_CIPHER_CTX_ctrl(ctx, GET_TAG, TAG_BYTES, tag)
    CRYPTO.EVP_CIPHER_CTX_free(ctx)
    return out.raw[:len(data)] + tag.raw


# By the length of a secret.
HASHES = {32: hashlib.sha256, 48: hashlib.sha384}


def message(kind, body=b""):
    """Of the handshake."""
    return struct.pack(">I", kind << 24 | len(body)) + body


def record(kind, data):
    """In clear."""
    return struct.pack(">BHH", kind, 0x0303, len(data)) + data


def expand(secret, label, size):
    """HKDF-Expand-Label of RFC 8446, 7.1, for one block."""
    label = b"tls13 " + label
    info = struct.pack(">HB", size, len(label)) + label + b"\0"
    return hmac.digest(secret, info + b"\1", HASHES[len(secret)])[:size]


def prf(secret, seed, size):
    """P_SHA256 of RFC 5246, 5."""
    out, a = b"", seed
    while len(out) < size:
        a = hmac.digest(secret, a, hashlib.sha256)
        out += hmac.digest(secret, a + seed, hashlib.sha256)
    return out[:size]


class Records13:
    """What one side writes in TLS 1.3. sent: its records so far."""

    def __init__(self, secret, sent=0):
        self._use(secret, sent)

    def _use(self, secret, sent=0):
        self.secret, self.sent = secret, sent
        self.key = expand(secret, b"key", 16 if len(secret) == 32 else 32)
        self.iv = int.from_bytes(expand(secret, b"iv", 12), "big")

    def update(self):
        """New keys, as a KeyUpdate has announced them."""
        self._use(expand(self.secret, b"traffic upd", len(self.secret)))

    def make(self, kind, data):
        header = struct.pack(">BHH", DATA, 0x0303, len(data) + 1 + TAG_BYTES)
        nonce = (self.iv ^ self.sent).to_bytes(12, "big")
        self.sent += 1
        return header + seal(self.key, nonce, data + bytes([kind]), header)


class Records12:
    """The same of a client in TLS 1.2, which has sent its Finished."""

    def __init__(self, master, client_random, server_random, sent=1):
        block = prf(master, b"key expansion" + server_random + client_random,
                    2 * (16 + 4))
        self.key, self.iv, self.sent = block[:16], block[32:36], sent

    def make(self, kind, data):
        count = struct.pack(">Q", self.sent)
        more = count + struct.pack(">BHH", kind, 0x0303, len(data))
        self.sent += 1
        return record(kind, count + seal(
            self.key, self.iv + count, data, more))


def keylog(path):
    """{label: (random, secret)} of the last connection."""
    found = {}
    for line in path.read_text().splitlines():
        if not line.startswith("#"):
            label, *values = line.split()
            found[label] = tuple(map(bytes.fromhex, values))
    return found


def shake(sock, tls):
    """A client's handshake on a plain socket; returns the server's random."""
    come, go = ssl.MemoryBIO(), ssl.MemoryBIO()
    side = tls.wrap_bio(come, go, server_hostname="127.0.0.1")
    seen = b""
    while True:
        try:
            side.do_handshake()
            break
        except ssl.SSLWantReadError:
            sock.sendall(go.read())
            chunk = sock.recv(65536)
            assert chunk, "hung up in the handshake"
            come.write(chunk)
            seen += chunk
    sock.sendall(go.read())
    return seen[11:43]  # behind the header, the type, length and version


def client(sock, tls, log, version):
    """What a client writes after the handshake that this makes."""
    tls.minimum_version = tls.maximum_version = version
    tls.keylog_filename = str(log)
    if version == TLS12:
        tls.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
    server_random = shake(sock, tls)
    secrets = keylog(log)
    if version == TLS12:
        random, master = secrets["CLIENT_RANDOM"]
        return Records12(master, random, server_random)
    return Records13(secrets["CLIENT_TRAFFIC_SECRET_0"][1])


def server(conn, log):
    """What a server in Python, which has sent no tickets, writes from now on;
    conn.sock is a plain socket then."""
    timeout = conn.sock.gettimeout()
    conn.sock = socket.socket(fileno=conn.sock.detach())
    conn.sock.settimeout(timeout)
    return Records13(keylog(log)["SERVER_TRAFFIC_SECRET_0"][1])
