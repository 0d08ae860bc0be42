"""Every server of fixtures/stats, played back byte by byte."""

import re

import pytest

import openmetrics
from daemons import promtool
from exporter import TOP
from exposition import OWN, of_the_server
from fake import replay

SERVERS = sorted(p.parent for p in TOP.glob("fixtures/stats/*/stats.txt"))

# Names that promtool would have otherwise. Each is that of another exporter,
# whose dashboards work with this one, or that of memcached's own counter.
TOTAL_MISSING = 'counter metrics should have "_total" suffix'
LINT = {
    "memcached_slab_items_moves_to_cold": TOTAL_MISSING,
    "memcached_slab_items_moves_to_warm": TOTAL_MISSING,
    "memcached_slab_items_moves_within_lru": TOTAL_MISSING,
    "memcached_proxy_backend_total":
        'non-counter metrics should not have "_total" suffix',
}


def samples_of_the_server(text):
    """The lines that both formats have, but for how bounds are written."""
    text = re.sub(r'(le="\d+)\.0"', r'\1"', text)
    return [line for line in text.splitlines()
            if not line.startswith("#") and not OWN.match(line.split()[0])]


@pytest.fixture(params=SERVERS, ids=lambda folder: folder.name)
def server(request):
    return request.param


@pytest.fixture
def running(server, fake, exporter):
    address = fake(answers=replay(server)).address
    flags = [f"--collector.{path.stem}" for path in server.glob("*.txt")]
    return exporter(address, *flags, timeout=10)


@pytest.fixture
def metrics(running):
    return running.metrics()


def test_there_are_servers():
    assert SERVERS, "fixtures/stats is empty"


def test_up(metrics):
    assert metrics.up == 1
    assert metrics.reason is None
    assert metrics.success["stats"]


def test_expected(server, metrics):
    path = server / "expected.prom"
    assert path.exists(), f"{path} is missing: make regen"
    assert of_the_server(metrics.text) == of_the_server(path.read_text())


def test_promtool(metrics):
    lint = promtool(metrics.text)
    assert {k: v for k, v in lint.items() if LINT.get(k) != v} == {}


def test_openmetrics(running, metrics):
    text = running.get(headers=openmetrics.ACCEPT).text
    assert openmetrics.families(text) == list(openmetrics.expected(metrics))
    assert samples_of_the_server(text) == samples_of_the_server(metrics.text)


def test_slabs_in_numeric_order(metrics):
    for name in metrics.families:
        if metrics.families[name].type != "histogram":
            assert metrics.labels(name) or OWN.match(name), f"{name} is empty"
        slabs = [int(s["slab"]) for s in metrics.labels(name) if "slab" in s]
        assert slabs == sorted(slabs), name


def test_every_sub_command(server, metrics):
    """Sub-commands that the server knows count as answered."""
    known = {
        path.stem for path in server.glob("*.txt")
        if (answer := path.read_bytes()).endswith(b"END\r\n")
        and b"sizes_status disabled" not in answer
    }
    asked = metrics.success
    assert {name for name in asked if asked[name]} == known & set(asked)


@pytest.mark.parametrize("command, line, name, labels", [
    ("stats", "STAT version 1.4.14 (Ubuntu)", "memcached_version",
     {"version": "1.4.14 (Ubuntu)"}),
    ("stats settings", "STAT logger standard error",
     "memcached_settings_info", {"logger": "standard error"}),
    ("stats", r'STAT version a "b\c', "memcached_version",
     {"version": r'a "b\c'}),
])
def test_whole_value(fake, exporter, command, line, name, labels):
    answers = {command: f"{line}\r\nEND\r\n".encode()}
    metrics = exporter(fake(answers=answers).address).metrics()
    assert metrics.up == 1 and metrics.ignored == 0
    assert labels in metrics.labels(name)
