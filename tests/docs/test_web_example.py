"""The web configuration: its examples work, and name all keys there are."""

import re
import subprocess

import pytest

import docs
from exporter import run

EXAMPLE = (docs.TOP / "contrib/web-config.yml").read_text()
README = docs.README.read_text()
SECTION = docs.section(docs.MAN.read_text(), "WEB CONFIGURATION FILE", ".Sh ")
IN_README = re.search(
    r"```yaml\n(tls_server_config:.*?)```", README, re.DOTALL)[1]
IN_MANUAL = re.search(
    r"^tls_server_config:\n.*?(?=^\.Ed)", SECTION, re.DOTALL | re.MULTILINE)[0]


def source():
    return "".join((docs.TOP / f"src/config/{name}.c").read_text()
                   for name in ("web", "web_tls"))


def keys():
    """Of the tables in the source."""
    return sorted(re.findall(r'^\t{ "(\w+)", \w+, ', source(), re.MULTILINE)
                  + re.findall(r'^\t{ "(\w+)", \w+,$', source(), re.MULTILINE))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """With the certificates that README.md has made."""
    path = tmp_path_factory.mktemp("web")
    commands = re.findall(
        r"^    (openssl req (?:.*\\\n)*.*)$", README, re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        subprocess.run(
            command, shell=True, cwd=path, check=True, capture_output=True)
    (path / "prometheus-ca.pem").write_bytes(
        (path / "prometheus.pem").read_bytes())
    return path


def check(folder, text):
    (folder / "web.yml").write_text(text)
    return run("--config.check", "--memcached.address=",
               f"--web.config.file={folder}/web.yml")


@pytest.mark.parametrize("text", [EXAMPLE, IN_README, IN_MANUAL],
                         ids=["contrib", "README", "manual"])
def test_examples(folder, text):
    done = check(folder, text)
    assert (done.returncode, done.stderr) == (0, "")


def test_texts_instead_of_files(folder):
    """What the example has as comments."""
    text = re.sub(r"^  \w+_file: .*\n", "", EXAMPLE, flags=re.MULTILINE)
    for key, file in (("cert", "exporter.pem"), ("key", "exporter.key"),
                      ("client_ca", "prometheus-ca.pem")):
        block = "".join(
            f"    {line}\n"
            for line in (folder / file).read_text().splitlines())
        text, n = re.subn(
            rf"^  # {key}: \|\n(  #   .*\n)+", f"  {key}: |\n{block}", text,
            flags=re.MULTILINE)
        assert n == 1
    done = check(folder, text)
    assert (done.returncode, done.stderr) == (0, "")


def test_missing_certificate(folder):
    done = check(folder, IN_README.replace("exporter.pem", "absent.pem"))
    assert done.returncode == 1
    assert "absent.pem" in done.stderr


def test_keys_in_example():
    # names of headers are capitalised, that of a user is the only other one
    found = set(re.findall(
        r"^ *(?:# )?([a-z]\w+):(?: |$)", EXAMPLE, re.MULTILINE))
    assert sorted(found - {"prometheus"}) == keys()


def test_keys_in_manual():
    items = re.findall(r"^\.It Ic (.+)$", SECTION, re.MULTILINE)
    assert sorted(" , ".join(items).split(" , ")) == keys()


def test_words_in_manual():
    """Each word that a key may have, but the names of the ciphers."""
    words = re.findall(
        r'"((?:\w+ClientCert\w*|VerifyClientCertIfGiven|TLS1\d|Curve\w+|X25519'
        r'|Strict-[\w-]+|X-[\w-]+|Content-[\w-]+))"', source())
    assert len(words) > 15
    for word in words:
        assert re.search(
            rf"^\.(?:It )?Cm .*{re.escape(word)}\b", SECTION,
            re.MULTILINE) or re.search(
                rf"^\.Pq default: .*{word}\b", SECTION, re.MULTILINE), word


def test_headers_in_example():
    headers = re.findall(r'^\t{ "([\w-]+)", { ', source(), re.MULTILINE)
    assert headers == re.findall(
        r"^    ([A-Z][\w-]+): ", EXAMPLE, re.MULTILINE)
