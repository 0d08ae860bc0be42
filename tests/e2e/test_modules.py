"""--config.file: what is wrong in one, and where."""

import pathlib
import re

import pytest

from authority import Authority
from exporter import run

AUTH = "auth: {username: u, password_file: none.password}"
TARGETS = "targets: ['h:1']"
# Sizes and depths: src/config/tree.h.
BYTES, DEPTH = 256 << 10, 32


@pytest.fixture
def check(tmp_path):
    """check(text): what is told of that file, without its path."""
    path = tmp_path / "modules.yml"

    def told(text):
        path.write_text(text)
        done = run("--config.check", "--memcached.address=",
                   f"--config.file={path}")
        assert done.returncode == (1 if done.stderr else 0)
        return done.stderr.replace(f"{tmp_path}/", "").removeprefix(
            "memcached_exporter: error: ")

    return told


@pytest.mark.parametrize("text, place, words", [
    ("module: {}\n", "1:1", 'unknown key "module", expected one of queries, modules'),
    ("modules: []\n", "1:10", "expected a mapping"),
    ("modules: {a: {timeout: soon}}\n", "1:24", "expected a duration"),
    ("modules: {a: {protocol: both}}\n", "1:25", "expected ascii or binary"),
    ("modules: {a: {auth: {}}}\n", "1:15",
     "expected both username and password_file"),
    (f"modules: {{a: {{{AUTH}}}}}\n", "1:15",
     "a module with auth needs targets"),
    (f"modules:\n  a:\n    protocol: binary\n    {AUTH}\n    {TARGETS}\n",
     "4:5", "protocol binary authenticates with auth of type sasl"),
    (f"modules:\n  a:\n    protocol: ascii\n    {TARGETS}\n    "
     + AUTH.replace("{", "{type: sasl, ") + "\n",
     "5:5", "auth of type sasl needs protocol binary"),
    (f"modules:\n  a:\n    {TARGETS}\n    "
     + AUTH.replace("{", "{type: sasl, ") + "\n    protocol: ascii\n",
     "5:5", "auth of type sasl needs protocol binary"),
    (f"modules: {{a: {{auth: {{username: {'u' * 256}}}}}}}\n", "1:32",
     "expected a name of at most 255 bytes"),
    ("modules: {a: \n", "2:1", "expected YAML"),
])
def test_wrong(check, text, place, words):
    told = check(text)
    assert told.startswith(f"modules.yml:{place}: ")
    assert words in told


@pytest.mark.parametrize("protocol", ["", "protocol: binary,"])
def test_sasl(check, tmp_path, protocol):
    (tmp_path / "p").write_text("secret\n")
    assert check(
        f"modules: {{a: {{{protocol} {TARGETS}, auth: {{type: sasl, "
        "username: u, password_file: p}}}\n") == ""


@pytest.mark.parametrize("levels", [DEPTH + 1, BYTES],
                         ids=["one more", "all of the file"])
def test_too_deep(check, levels):
    """libyaml alone would take minutes for some of them."""
    assert check("[" * levels) == (
        f"modules.yml:1:{DEPTH + 1}: expected at most {DEPTH} levels\n")


def long_path(tmp_path, name):
    """One that an error cannot hold as a whole."""
    folder = tmp_path.joinpath(*["d" * 200] * 4)
    folder.mkdir(parents=True)
    return folder / name


def test_long_path(tmp_path):
    """The sentence is there, and the end of the path."""
    path = long_path(tmp_path, "modules.yml")
    path.write_text("modules:\n  m:\n    tmeout: 1s\n")
    done = run("--config.check", f"--config.file={path}")
    assert done.returncode == 1
    assert 'dd/modules.yml:3:5: unknown key "tmeout"' in done.stderr
    assert "timeout, collectors" in done.stderr
    path.write_text("modules:\n  m:\n    auth:\n      username: u\n"
                    "      password_file: none\n    targets: [h]\n")
    done = run("--config.check", f"--config.file={path}")
    assert "dd/none: No such file or directory\n" in done.stderr


@pytest.mark.parametrize("flags, words", [
    (["--config.file=PATH"], "name: No such file or directory"),
    (["--web.config.file=PATH"], "name: No such file or directory"),
    (["--memcached.username=u", "--memcached.password-file=PATH"],
     "name: No such file or directory"),
    (["--memcached.tls.enable", "--memcached.tls.ca-file=PATH"],
     "No such file or directory"),
    (["@PATH"], "name: No such file or directory"),
    (["--memcached.address=unix:PATH"],
     "a socket's path has 1 to 107 characters"),
    (["--web.telemetry-path=PATH?"], "none of ?#"),
])
def test_long_value(tmp_path, flags, words):
    path = long_path(tmp_path, "name")
    done = run("--config.check", *(f.replace("PATH", str(path))
                                   for f in flags))
    assert done.returncode == 1 and words in done.stderr
    assert len(done.stderr) < 600


def test_answer_to_a_reload(exporter, tmp_path):
    """It has nothing that a terminal would obey."""
    path = tmp_path / "modules.yml"
    path.write_text("")
    running = exporter(
        "", f"--config.file={path}", "--web.enable-lifecycle")
    path.write_text('"\\e[2J": 1\n')
    answer = running.get("/-/reload", method="POST")
    assert answer.status == 500
    assert f'{path}:1:1: unknown key "\\x1b[2J", expected' in answer.text


def test_deep(check):
    assert "levels" not in check("[" * DEPTH + "]" * DEPTH)


def test_size(check):
    begin = "modules: {}\n# "
    assert check(begin.ljust(BYTES, "x")) == ""
    assert check(begin.ljust(BYTES + 1, "x")) == (
        f"modules.yml: larger than {BYTES} bytes\n")


@pytest.mark.parametrize("module, words", [
    (f"{AUTH}, {TARGETS}", "none.password: No such file or directory"),
    ("tls: {ca_file: none.pem}", "CA file none.pem: "),
    ("tls: {cert_file: none.pem, key_file: the.key}", "certificate none.pem: "),
    ("tls: {cert_file: the.pem, key_file: none.key}", "key none.key: "),
    ("tls: {ca_file: modules.yml}", "CA file modules.yml: "),
])
def test_files_of_a_module(check, tmp_path, module, words):
    """The error names file, module and place."""
    pair = Authority(tmp_path).pair
    (tmp_path / "the.pem").write_bytes(open(pair.cert, "rb").read())
    (tmp_path / "the.key").write_bytes(open(pair.key, "rb").read())
    told = check(f"modules:\n  fine: {{}}\n  broken: {{{module}}}\n")
    assert told.startswith(f"modules.yml:3:3: module broken: {words}"), told


def test_authorities_are_read_once(exporter, authority, tmp_path):
    """For all modules; only their look at the file is each one's own."""
    size, count = 200_000, 50
    ca = tmp_path / "ca.pem"
    ca.write_text("#" * size + "\n" +
                  pathlib.Path(authority.cert).read_text())
    modules = "".join(
        f"  m{n}: {{tls: {{ca_file: {ca}, server_name: s{n}.test}}}}\n"
        for n in range(count))
    (tmp_path / "modules.yml").write_text(f"modules:\n{modules}")
    running = exporter("", f"--config.file={tmp_path / 'modules.yml'}")
    text = pathlib.Path(f"/proc/{running.pid}/io").read_text()
    assert int(re.search(r"^rchar: (\d+)", text)[1]) < 1.5 * count * size
