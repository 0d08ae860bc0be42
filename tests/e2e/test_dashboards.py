"""The dashboards and rules of contrib/ show something: each of their
expressions has an answer from a real Prometheus, which scrapes a memcached
with traffic and servers that say what others say. DASHBOARD_PICTURE=file.svg
keeps what one shows, after a minute, for the README:

    DASHBOARD_PICTURE=dashboard.svg make e2e PYTEST_ARGS='-k test_drawn'
"""

import json
import math
import os
import pathlib
import random
import re
import subprocess
import threading
import time
import xml.etree.ElementTree

import pytest
import yaml

from daemons import Memcached, Prometheus
from drawing import SECONDS, draw
from exporter import Exporter
from fake import FakeServer, replay, serve
from poll import SLOW, eventually

TOP = pathlib.Path(__file__).resolve().parents[2]
CONTRIB = TOP / "contrib"
DASHBOARDS = sorted(CONTRIB.glob("grafana/*.json"))
STATS = TOP / "fixtures/stats"
# All that are off by default.
COLLECTORS = ["scrub", "conns", "sizes", "extstore", "detail", "proxy",
              "proxyfuncs", "proxybe"]

# What the public memcached mixin and the widely used collections of alerts
# ask for.
PUBLIC = [
    "memcached_up == 0",
    "memcached_uptime_seconds < 3600",
    "memcached_current_connections / memcached_max_connections * 100",
    "rate(memcached_connections_yielded_total[10s])",
    "rate(memcached_connections_listener_disabled_total[10s])",
    "memcached_current_bytes / memcached_limit_bytes",
    "sum(memcached_current_items) by (instance)",
    "sum(rate(memcached_items_evicted_total[10s])) by (instance)",
    "sum(rate(memcached_items_reclaimed_total[10s])) by (instance)",
    'sum(rate(memcached_commands_total{status="hit"}[10s])) by (command)',
    'sum(rate(memcached_commands_total{command="get", status="hit"}[10s]))'
    ' / sum(rate(memcached_commands_total{command="get"}[10s]))',
    "rate(memcached_read_bytes_total[10s])",
    "rate(memcached_written_bytes_total[10s])",
    "rate(memcached_process_user_cpu_seconds_total[10s])",
    "rate(memcached_process_system_cpu_seconds_total[10s])",
    "memcached_slab_current_chunks",
    "memcached_slab_items_age_seconds",
    "memcached_version",
]


def expressions(node):
    """All of a dashboard, at whatever depth."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "expr":
                yield value
            else:
                yield from expressions(value)
    elif isinstance(node, list):
        for each in node:
            yield from expressions(each)


def of_rules():
    """What is recorded, and the selectors of alerts, which are to be silent."""
    for path in sorted(CONTRIB.glob("prometheus/*.yml")):
        for group in yaml.safe_load(path.read_text())["groups"]:
            for rule in group["rules"]:
                if "record" in rule:
                    yield rule["expr"]


def asked(text):
    """For all servers at once."""
    for old, new in [("$__rate_interval", "10s"), ("$job", ".*"),
                     ("$instance", ".*"), ("$pool", ".*")]:
        text = text.replace(old, new)
    text = re.sub(r'="\.\*"', '=~".*"', text).replace("=~~", "=~")
    return re.sub(r"\[(5m|1h)\]", "[10s]", text)


def assert_answered(prometheus, expression):
    try:
        eventually(lambda: prometheus.query(expression), timeout=30)
    except AssertionError as error:
        raise AssertionError(f"no answer: {expression}") from error


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prometheus")
    things = []

    def started(thing):
        things.append(thing)
        return thing

    server = started(Memcached(
        "-o", f"track_sizes,ext_path={folder}/extstore:64m"))
    server.ask(b"stats detail on\r\n", b"OK\r\n")
    others = [
        started(FakeServer(serve, replay(STATS / name)))
        for name in ("innodb-mysql-5.7-tap-by-hand", "memcached-1.6.45-proxy",
                     "memcached-1.6.45-tls-by-hand")]
    down = others[0].address.replace("127.0.0.1", "127.0.0.2")
    config = folder / "pools.yml"
    config.write_text(f"pools: {{p: {{servers: ['{server.address}']}}}}\n")
    exporter = started(Exporter(
        f"--memcached.address={server.address}", f"--config.file={config}",
        *(f"--collector.{name}" for name in COLLECTORS),
        *([f"--memcached.timeout={SLOW}s"] if SLOW != 1 else [])))
    pools = f"""\
- job_name: pools
  metrics_path: /scrape
  params: {{pool: [p]}}
  static_configs: [{{targets: ['{exporter.address}']}}]
"""
    targets = ", ".join(f"'{each.address}'" for each in others)
    found = started(Prometheus(folder, exporter.address, pools + f"""\
- job_name: others
  metrics_path: /scrape
  static_configs: [{{targets: [{targets}, '{down}']}}]
  relabel_configs:
  - {{source_labels: [__address__], target_label: __param_target}}
  - {{source_labels: [__param_target], target_label: instance}}
  - {{target_label: __address__, replacement: '{exporter.address}'}}
"""))
    ended = threading.Event()

    def traffic():
        """Keys that become known, more and fewer of them at a time."""
        chance = random.Random(1)
        while not ended.wait(0.05):
            asked = b"set a:1 0 0 1\r\nb\r\nget a:1\r\nget missing\r\n"
            for _ in range(round(8 + 6 * math.sin(time.monotonic() / 5))):
                asked += b"get a:%d\r\n" % chance.randrange(1000)
                if chance.random() < 0.4:
                    asked += b"set a:%d 0 0 500\r\n%s\r\n" % (
                        chance.randrange(1000), b"b" * 500)
            server.ask(asked + b"mn\r\n", b"MN\r\n")

    thread = threading.Thread(target=traffic)
    thread.start()
    yield found
    ended.set()
    thread.join()
    for thing in reversed(things):
        thing.stop()


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_dashboard(prometheus, path):
    wanted = {asked(e) for e in expressions(json.loads(path.read_text()))}
    assert wanted
    for expression in wanted:
        assert_answered(prometheus, expression)


@pytest.mark.parametrize("kind", ["recording", "public"])
def test_expressions(prometheus, kind):
    for expression in PUBLIC if kind == "public" else map(asked, of_rules()):
        assert_answered(prometheus, expression)


SVG = "{http://www.w3.org/2000/svg}"


def titles(picture):
    return [text.text for text in xml.etree.ElementTree.fromstring(
        picture).iter(SVG + "text") if text.get("class") == "title"]


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_importable(path):
    """Grafana asks for the data source, and each panel has its place."""
    made = json.loads(path.read_text())
    assert made["uid"] == path.stem and made["schemaVersion"] >= 39
    assert made["__inputs"][0]["name"] == "DS_PROMETHEUS"
    panels = [inner for one in made["panels"]
              for inner in [one, *one.get("panels", [])]]
    assert len({one["id"] for one in panels}) == len(panels)
    places = [(p["gridPos"]["x"], p["gridPos"]["y"]) for p in panels]
    assert len(set(places)) == len(places)
    for one in panels:
        assert one["gridPos"]["x"] + one["gridPos"]["w"] <= 24
        if one["type"] != "row":
            assert one["title"] and one["targets"]
            assert one["datasource"]["uid"] == "${DS_PROMETHEUS}"


def test_drawn(prometheus):
    """The picture for the README has a line in each panel."""
    made = json.loads((CONTRIB / "grafana/memcached-server.json").read_text())
    panels = [next(p for p in made["panels"] if p["title"] == title)
              for title in ("Hit ratio", "Items", "Commands",
                            "Hits and misses of get", "Network", "CPU")]
    assert_answered(prometheus, asked(panels[0]["targets"][0]["expr"]))
    if path := os.environ.get("DASHBOARD_PICTURE"):
        since = 'min(count_over_time(memcached_up{job="memcached"}[10m]))'
        eventually(lambda: prometheus.query(since)[0] > 2.4 * SECONDS,
                   timeout=2 * SECONDS)
    picture = draw(prometheus, panels)
    if path:
        pathlib.Path(path).write_text(picture)
    assert titles(picture) == [panel["title"] for panel in panels]
    assert titles((CONTRIB / "grafana/dashboard.svg").read_text()) == (
        titles(picture))
    for panel in xml.etree.ElementTree.fromstring(picture).findall(SVG + "g"):
        assert len(panel.findall(SVG + "polyline")) >= 1


def test_written():
    """The files are those that the script beside them writes."""
    before = {path: path.read_text() for path in DASHBOARDS}
    subprocess.run([CONTRIB / "grafana/generate"], check=True)
    assert {path: path.read_text() for path in DASHBOARDS} == before
