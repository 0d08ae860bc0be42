"""Collectors that are off by default."""

import pytest

from daemons import promtool
from exposition import of_the_server
from fake import MINIMAL, stat_lines

# Flag: what is sent.
OFF = {
    "scrub": "stats scrub", "conns": "stats conns", "sizes": "stats sizes",
    "extstore": "stats extstore", "detail": "stats detail dump",
    "proxy": "stats proxy", "proxyfuncs": "stats proxyfuncs",
    "proxybe": "stats proxybe",
}


def asking(*names):
    return [f"--collector.{name}" for name in names]


@pytest.mark.parametrize("name", OFF)
def test_one_word(fake, exporter, name):
    """Flag, collect[] and label are the same, and it is asked when it is on."""
    server = fake(answers={OFF[name]: b"END\r\n"})
    metrics = exporter(server.address).metrics()
    assert server.commands == list(MINIMAL) and name not in metrics.success
    server.commands.clear()
    running = exporter("", *asking(name))
    metrics = running.scrape(server.address, name)
    assert server.commands == ["stats", "stats slabs", OFF[name]]
    assert metrics.success == {"stats": True, "slabs": True, name: True}
    promtool(metrics.text)


def test_real_memcached(memcached, exporter):
    server = memcached("-o", "track_sizes")
    server.ask(b"stats detail on\r\n", b"OK\r\n")
    server.ask(b"set users:1 0 0 100\r\n" + b"x" * 100 + b"\r\n", b"STORED\r\n")
    server.ask(b"get users:1\r\n")
    server.ask(b"get users:2\r\n")
    metrics = exporter(server.address, *asking("conns", "sizes", "detail")
                       ).metrics()
    assert all(metrics.success.values()) and metrics.ignored == 0
    states = metrics.labels("memcached_connections_by_state")
    assert {"state": "listening", "transport": "tcp"} in states
    buckets, total, count = metrics.histogram("memcached_item_size_bytes")
    assert count == 1 and 100 < total < 256 and buckets["256"] == 1
    _, idle, connections = metrics.histogram(
        "memcached_connection_idle_seconds")
    assert connections >= 1 and 0 <= idle < 60
    commands = {
        (labels["command"], labels["status"]): metrics.value(
            "memcached_prefix_commands_total", **labels)
        for labels in metrics.labels("memcached_prefix_commands_total")
        if labels["prefix"] == "users"
    }
    assert commands == {("get", "hit"): 1, ("get", "miss"): 1,
                        ("set", "any"): 1, ("delete", "any"): 0}


def test_real_memcached_in_binary(memcached, exporter):
    """It has no `conns` there, and all prefixes are one value."""
    server = memcached("-o", "track_sizes")
    server.ask(b"stats detail on\r\n", b"OK\r\n")
    server.ask(b"get users:1\r\nget pages:1\r\n", b"END\r\nEND\r\n")
    metrics = exporter(server.address, "--memcached.protocol=binary",
                       *asking("conns", "sizes", "detail")).metrics()
    assert {n for n, ok in metrics.success.items() if not ok} == {"conns"}
    name = "memcached_prefix_commands_total"
    assert {labels["prefix"] for labels in metrics.labels(name)} == {
        "users", "pages"}
    assert metrics.value(
        name, prefix="users", command="get", status="miss") == 1
    assert metrics.histogram("memcached_item_size_bytes")[2] == 0


def test_sizes_are_not_counted(memcached, exporter):
    metrics = exporter(memcached().address, "--collector.sizes").metrics()
    assert metrics.up == 1 and not metrics.success["sizes"]
    assert "memcached_item_size_bytes" not in metrics.families


def test_100000_connections(fake, exporter):
    lines = "".join(
        f"STAT {i}:addr tcp:10.0.0.1:{i}\r\n"
        f"STAT {i}:listen_addr tcp:0.0.0.0:11211\r\n"
        f"STAT {i}:state conn_{'read' if i % 4 else 'waiting'}\r\n"
        f"STAT {i}:secs_since_last_cmd {i % 7200}\r\n"
        for i in range(100000))
    server = fake(answers={"stats conns": lines.encode() + b"END\r\n"})
    running = exporter(server.address, "--collector.conns", timeout=20)
    before = running.status("VmRSS")
    metrics = running.metrics()
    assert metrics.success["conns"]
    assert metrics.value("memcached_connections_by_state", state="read",
                         transport="tcp") == 75000
    assert metrics.histogram("memcached_connection_idle_seconds")[2] == 100000
    assert running.status("VmRSS") - before < 2 << 10


# Past its lines, or its names, a collector fails and nothing else does.
TOO_MUCH = {
    "conns": stat_lines(700000, "STAT %d:state conn_read\r\n"),
    "proxybe": stat_lines(2000, "STAT bad_%d 1\r\n"),
    "items": stat_lines(40000, "STAT items:1:k%d 1\r\n"),
}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_too_much(fake, exporter, name):
    server = fake(answers={f"stats {name}": TOO_MUCH[name] + b"END\r\n",
                           "stats proxyfuncs": b"STAT funcs_a 1\r\nEND\r\n"})
    running = exporter(
        server.address, *asking(name, "proxyfuncs"), timeout=20)
    for _ in range(2):
        metrics = running.metrics()
        assert metrics.up == 1
        assert [n for n, ok in metrics.success.items() if not ok] == [name]
        assert metrics.labels("memcached_proxy_functions") == [{"name": "a"}]
        assert "memcached_proxy_backend_bad" not in metrics
        assert "memcached_connections_by_state" not in metrics
    assert len(server.connections) == 1


def test_half_an_answer(fake, exporter):
    """What is added up counts only when it is whole."""
    server = fake(answers={"stats conns": b"STAT 1:state conn_read\r\n"})
    metrics = exporter(
        server.address, "--collector.conns", timeout=0.5).metrics()
    assert metrics.up == 1 and not metrics.success["conns"]
    assert "memcached_connections_by_state" not in metrics


def test_classes(fake, exporter):
    """Totals of `stats slabs` stay when its series of classes are off."""
    for flag, families in [
            ("slabs", {"memcached_slab_current_items"}),
            ("items", {"memcached_slab_chunk_size_bytes"})]:
        metrics = exporter(fake().address, f"--no-collector.{flag}").metrics()
        found = {name for name in metrics.families if "_slab_c" in name}
        assert found == families
        assert metrics.value("memcached_malloced_bytes") == 1048576
        assert metrics.value("memcached_active_slabs") == 1
    text = exporter(fake().address, "--no-collector.slab").metrics().text
    assert "slab=" not in text and of_the_server(text)


def test_busiest_prefixes(fake, exporter):
    """The others are added up."""
    lines = "".join(f"PREFIX p{i} get {10 * i} hit {i} set {i} del 1\r\n"
                    for i in range(1000))
    server = fake(answers={"stats detail dump": lines.encode() + b"END\r\n"})
    name = "memcached_prefix_commands_total"
    metrics = exporter(server.address, "--collector.detail",
                       "--collector.detail.max-prefixes=3").metrics()
    found = {labels["prefix"] for labels in metrics.labels(name)}
    assert found == {"", "p997", "p998", "p999"}
    hits = [metrics.value(name, command="get", status="hit", prefix=prefix)
            for prefix in ("", "p997", "p998", "p999")]
    assert hits == [sum(range(997)), 997, 998, 999]
    metrics = exporter(server.address, "--collector.detail").metrics()
    assert len(metrics.labels(name)) == 4 * 101
