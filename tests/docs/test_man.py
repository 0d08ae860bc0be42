"""The manual page says what the program does."""

import re
import shutil
import subprocess

import pytest

import docs

PAGE = docs.MAN.read_text()
UNITS = {None: 1, "bytes": 1, "s": 1, "KiB": 1 << 10, "MiB": 1 << 20}


def section(heading):
    return docs.section(PAGE, heading, ".Sh ")


# Not from the environment: a variable MEMCACHED_EXPORTER_VERSION asks nothing.
QUESTIONS = {"help", "version"}


def test_flags():
    found = {}
    for item in section("FLAGS").split("\n.It ")[1:]:
        head = re.match(r"Fl (?:h , )?-(?:\[no-\])?([\w.-]+)", item)
        if head:
            found[head[1]] = re.findall(
                r"^\.Pq default: (?:Cm )?(\S+) ; Ev (\w+)$", item,
                re.MULTILINE)
    assert found == {
        name: [] if name in QUESTIONS else [(preset, docs.environment_name(name))]
        for name, preset in docs.flags().items()
    }, "--help and FLAGS differ"


def test_metrics():
    assert docs.split_man()[1] == docs.metrics_section(), (
        "the list of metrics is old: make regen")


def test_metrics_once():
    names = [f[0] for group in docs.all_families().values() for f in group]
    assert len(names) == len(set(names))


def test_limits():
    found = re.findall(
        r'^\.\\" ([A-Z_]+)\n\.It (\d+)(?: (\w+))?$', section("LIMITS"),
        re.MULTILINE)
    assert len(found) == section("LIMITS").count("\n.It "), (
        "each limit has its name in src/ in a comment above it")
    real = docs.defines()
    for name, number, unit in found:
        assert int(number) * UNITS[unit or None] == real.get(name), (
            f"LIMITS has another {name} than src/")


def test_reasons():
    found = re.findall(r"^\.It Cm (\w+)$", section("DIAGNOSTICS"), re.MULTILINE)
    assert found == docs.reasons() + docs.close_reasons()


def test_drain():
    assert docs.defines()["DRAIN_SECONDS"] == 2
    assert "in two seconds at most" in section("SIGNALS")


def test_lint():
    if not shutil.which("mandoc"):
        pytest.skip("mandoc is missing: make deps-test")
    done = subprocess.run(
        ["mandoc", "-T", "lint", "-W", "style", docs.MAN],
        capture_output=True, text=True, check=False)
    # Which other pages there are is up to the machine.
    assert [
        line for line in done.stdout.splitlines()
        if "referenced manual not found" not in line
    ] == []
