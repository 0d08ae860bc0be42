"""A certificate authority of one's own, by the openssl command."""

import collections
import os
import pathlib
import ssl
import subprocess

Pair = collections.namedtuple("Pair", "cert key")

# openssl.cnf of the machine would make everybody an authority.
CONFIG = "[req]\ndistinguished_name = name\n[name]\n"

# Of RSA, for openssl asn1parse.
PUBLIC = """asn1=SEQUENCE:public
[public]
algorithm=SEQUENCE:algorithm
key=BITWRAP,SEQUENCE:key
[algorithm]
name=OID:rsaEncryption
parameters=NULL
[key]
modulus=INTEGER:{:#x}
exponent=INTEGER:{:#x}
"""

EC = ("ec", "-pkeyopt", "ec_paramgen_curve:P-256")
RSA = ("rsa:2048",)


class Authority:
    def __init__(self, folder, key=EC, parent=None):
        self.folder = folder
        self.key = key
        self._issued = 0
        (folder / "config").write_text(CONFIG)
        self.pair = self._make("basicConstraints=critical,CA:TRUE", parent)

    def _make(self, extension, signer, env=None):
        self._issued += 1
        name = f"{self.folder / str(self._issued)}"
        pair = Pair(f"{name}.crt", f"{name}.key")
        signed = ["-CA", signer.cert, "-CAkey", signer.key] if signer else []
        subprocess.run(
            ["openssl", "req", "-x509", "-config", self.folder / "config",
             "-newkey", *self.key, "-nodes",
             "-days", "2", "-subj", f"/CN={self.folder.name} {self._issued}",
             "-addext", extension, "-out", pair.cert, "-keyout", pair.key,
             *signed],
            check=True, capture_output=True,
            env={**os.environ, **(env or {})})
        return pair

    @property
    def cert(self):
        return self.pair.cert

    def issue(self, names, **how):
        """A certificate for these, such as "DNS:localhost,IP:127.0.0.1"; two
        days long from the start of the clock in env."""
        return self._make(f"subjectAltName={names}", self.pair, **how)

    def issue_nameless(self):
        """One that has a common name alone."""
        return self._make("keyUsage=digitalSignature", self.pair)

    def vouch(self, modulus, exponent):
        """A certificate for a key of RSA that nobody has."""
        self._issued += 1
        name = f"{self.folder / str(self._issued)}"
        (self.folder / "key").write_text(PUBLIC.format(modulus, exponent))
        for command in (
                ["asn1parse", "-genconf", self.folder / "key", "-noout",
                 "-out", f"{name}.der"],
                ["x509", "-new", "-force_pubkey", f"{name}.der",
                 "-subj", "/CN=nobody", "-CA", self.pair.cert,
                 "-CAkey", self.pair.key, "-out", f"{name}.crt"]):
            subprocess.run(["openssl", *command], check=True,
                           capture_output=True)
        return pathlib.Path(f"{name}.crt").read_text()

    def below(self, folder):
        """Another authority, which this one vouches for."""
        return Authority(folder, self.key, self.pair)


# What can befall a certificate of a bundle.
DAMAGES = {
    "one letter": lambda pem: pem[:100] + "*" + pem[101:],
    "no end": lambda pem: pem[:-30],
    "not base64's length": lambda pem: pem[:100] + pem[101:],
}


def bundle(path, cert, damage, *more):
    """Several certificates in one file, and one of them damaged, or none."""
    pem = pathlib.Path(cert).read_text()
    parts = [pem, "# words\n\n", pem]
    if damage:
        parts.append(DAMAGES[damage](pem))
    parts += [pathlib.Path(other).read_text() for other in more]
    path.write_text("".join(parts))
    return path


def context(pair, version=None):
    """What a server in Python needs."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*pair)
    if version:
        tls.minimum_version = tls.maximum_version = version
    return tls
