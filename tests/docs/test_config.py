"""The configuration file: its examples work, and name all keys there are."""

import re
import subprocess

import pytest

import docs
from exporter import run

EXAMPLE = (docs.TOP / "contrib/memcached_exporter.yml").read_text()
SECTION = docs.section(docs.MAN.read_text(), "CONFIGURATION FILE", ".Sh ")
IN_README = re.search(
    r"```yaml\n(modules:.*?)```", docs.README.read_text(), re.DOTALL)[1]
POOLS_IN_README = re.search(
    r"```yaml\n(pools:.*?)```", docs.README.read_text(), re.DOTALL)[1]
QUERIES_IN_README = re.search(
    r"```yaml\n(queries:.*?)```", docs.README.read_text(), re.DOTALL)[1]
IN_MANUAL = re.search(
    r"^modules:\n.*?(?=^\.Ed)", SECTION, re.DOTALL | re.MULTILINE)[0]


def keys():
    """Of the tables in the source."""
    source = "".join((docs.TOP / "src/config" / name).read_text()
                     for name in ("file.c", "pool.c", "query.c"))
    return sorted(set(re.findall(
        r'^\t{ "(\w+)", \w+, ', source, re.MULTILINE)))


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


def check(folder, text):
    (folder / "modules.yml").write_text(text)
    return run("--config.check", "--memcached.address=",
               f"--config.file={folder}/modules.yml")


@pytest.mark.parametrize("text", [
    EXAMPLE,
    # with what it has as comments
    re.sub(r"# (\w+: )", r"\1", EXAMPLE),
    IN_README,
    POOLS_IN_README,
    QUERIES_IN_README,
    IN_MANUAL.replace("/etc/ssl/certs/", ""),
], ids=["contrib", "contrib-all", "README", "README-pools", "README-queries", "manual"])
def test_examples(folder, text):
    done = check(folder, text)
    assert (done.returncode, done.stderr) == (0, "")


def test_error_in_manual(folder):
    done = check(folder, "modules:\n  a:\n    tmeout: 1s\n")
    told = re.search(r"^modules.yml:.*?(?=^\.Ed)", SECTION,
                     re.DOTALL | re.MULTILINE)[0]
    assert done.stderr.endswith("/" + told.replace(",\n", ", "))


def test_keys_in_example():
    # names of modules stand two blanks from the left
    found = re.findall(
        r"^(?:    +(?:- )?|)(?:# )?(\w+):(?: |$)", EXAMPLE, re.MULTILINE)
    assert sorted(set(found)) == keys()


def test_keys_in_manual():
    items = re.findall(r"^\.It Ic (.+)$", SECTION, re.MULTILINE)
    # of what has the same key twice, each has its own list
    assert sorted(set(" , ".join(items).split(" , "))) == keys()
