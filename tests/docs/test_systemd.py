"""The units of contrib/systemd: valid, hardened, and about flags there are."""

import re
import shutil
import subprocess

import pytest

import docs
from exporter import BINARY, Exporter, run
from fake import FakeServer
from web import basic, hashed, put

NAMES = ["memcached_exporter.service", "memcached_exporter.socket"]
TEXTS = {name: (docs.SYSTEMD / name).read_text() for name in NAMES}
INSTALLED = "/usr/local/bin/memcached_exporter"


def with_examples(text):
    """With the settings that it has as comments."""
    return re.sub(r"^#(?=[A-Z]\w+=)", "", text, flags=re.MULTILINE)


def unchanged(text):
    return text


@pytest.fixture(params=[unchanged, with_examples])
def units(request, tmp_path):
    """The paths of the units, for the binary that there is."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd is missing: make deps-test")
    for name, text in TEXTS.items():
        (tmp_path / name).write_text(
            request.param(text).replace(INSTALLED, BINARY))
    return [str(tmp_path / name) for name in NAMES]


def analyze(*arguments):
    return subprocess.run(
        ["systemd-analyze", "--no-pager", *arguments], check=False, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def test_verify(units):
    done = analyze("verify", "--man=no", *units)
    assert (done.returncode, done.stdout) == (0, "")


def test_security(units):
    """No worse than README.md says."""
    score = re.search(
        r"exposure level .* (\d+)\.(\d) OK", docs.README.read_text())
    done = analyze("security", "--offline=true",
                   f"--threshold={int(score[1] + score[2])}", units[0])
    assert done.returncode == 0, done.stdout


def test_installed():
    makefile = (docs.TOP / "Makefile").read_text()
    prefix = re.search(r"^PREFIX = (.+)$", makefile, re.MULTILINE)[1]
    assert INSTALLED == f"{prefix}/bin/memcached_exporter"
    assert setting("ExecStart").split()[0] == INSTALLED


@pytest.mark.parametrize("name", NAMES)
def test_variables(name):
    variables = set(re.findall(r"MEMCACHED_EXPORTER_\w+", TEXTS[name]))
    variables.discard("MEMCACHED_EXPORTER_OPTS")
    assert variables <= set(map(docs.environment_name, docs.flags()))


def setting(name):
    return re.search(rf"^{name}=(.*)$", TEXTS[NAMES[0]], re.MULTILINE)[1]


@pytest.mark.parametrize("variables", [
    {},
    {"ARGS": ""},
    {"ARGS": "--log.level=debug --web.listen-address=127.0.0.1:0"},
    {"MEMCACHED_EXPORTER_OPTS": "--memcached.address=cache1:11211"},
], ids=str)
def test_flags_of_other_packages(variables):
    """Their files keep working, and systemd does not warn of what is unset."""
    preset = dict(word.split("=") for word in setting("Environment").split())
    words = [
        flag for word in setting("ExecStart").split()[1:]
        for flag in {**preset, **variables}[word.removeprefix("$")].split()]
    assert words == " ".join(variables.values()).split()
    done = run(*words, "--config.check", env={**preset, **variables})
    assert (done.returncode, done.stderr) == (0, "")


def system_calls(word):
    """Those of a word of SystemCallFilter=, groups in groups included."""
    if not word.startswith("@"):
        return {word}
    done = analyze("syscall-filter", word)
    assert done.returncode == 0, done.stdout
    return set().union(*(
        system_calls(line.strip()) for line in done.stdout.splitlines()[1:]
        if line.strip() and not line.strip().startswith("#")))


def test_system_calls(tmp_path):
    """All that it makes are allowed: also by the threads for passwords."""
    if not shutil.which("strace"):
        pytest.skip("strace is missing: make deps-test")
    allowed = set()
    for words in re.findall(
            r"^SystemCallFilter=(.*)$", TEXTS[NAMES[0]], re.MULTILINE):
        calls = set().union(
            *map(system_calls, words.removeprefix("~").split()))
        allowed = allowed - calls if words[0] == "~" else allowed | calls
    path = tmp_path / "calls"
    flag = put(tmp_path / "web.yml", {"basic_auth_users": {"a": hashed("pw")}})
    server = FakeServer()
    running = Exporter(f"--memcached.address={server.address}", flag, prefix=[
        "strace", "-D", "-f", "-qq", "-e", "signal=none", "-o", str(path)])
    try:
        assert running.get(headers=basic("a", "pw")).status == 200
    finally:
        running.stop()
        server.stop()
    made = set(re.findall(r"^\d+ +(\w+)\(", path.read_text(), re.MULTILINE))
    assert "setpriority" in made
    assert made - allowed == set()
