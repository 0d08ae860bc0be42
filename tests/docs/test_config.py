"""The configuration file: its examples work, and name all keys there are."""

import re
import subprocess

import docs
import pytest
from exporter import run

EXAMPLE = (docs.TOP / "contrib/memcached_exporter.yml").read_text()
MANUAL = (docs.TOP / "memcached_exporter.1").read_text()
README = (docs.TOP / "README.md").read_text()
IN_README = re.search(r"```yaml\n(modules:.*?)```", README, re.DOTALL)[1]
IN_MANUAL = re.search(r"^modules:\n.*?(?=^\.Ed)", MANUAL,
                      re.DOTALL | re.MULTILINE)[0].replace(
                          "/etc/ssl/certs/", "")


def keys():
    source = (docs.TOP / "src/config/file.c").read_text()
    return set(re.findall(r'^\t{ "(\w+)", \w+, ', source, re.MULTILINE))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """With the files that the examples name."""
    path = tmp_path_factory.mktemp("config")
    for name in "locked.password", "sasl.password":
        (path / name).write_text("secret\n")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj",
         "/CN=example", "-keyout", "exporter.key", "-out", "exporter.pem"],
        cwd=path, check=True, capture_output=True)
    (path / "cache-ca.pem").write_bytes((path / "exporter.pem").read_bytes())
    return path


@pytest.mark.parametrize("text", [EXAMPLE, IN_README, IN_MANUAL],
                         ids=["contrib", "README", "manual"])
def test_examples(folder, text):
    (folder / "config.yml").write_text(text)
    done = run("--config.check", "--memcached.address=",
               f"--config.file={folder}/config.yml")
    assert (done.returncode, done.stderr) == (0, "")


def test_all_keys():
    assert keys() >= {"timeout", "tls", "auth", "targets"}
    for key in keys():
        assert re.search(rf"^ *(# )?{key}:", EXAMPLE, re.MULTILINE), (
            f"{key} is not in contrib/memcached_exporter.yml")
        assert re.search(rf"\b{key}\b", MANUAL), (
            f"{key} is not in the manual page")
