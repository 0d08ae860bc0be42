"""The probe of a pool's module: each server is asked for a key of its own."""

import json
import re

import pytest

from exporter import run
from exposition import Exposition
from poll import SLOW, eventually
from web import put

SUCCESS = "memcached_probe_success"
DURATION = "memcached_probe_duration_seconds"


def config(path, servers, probe, pool=None, **module):
    put(path, json.dumps({
        "modules": {"m": {"probe": probe, **module}},
        "pools": {"p": {"servers": servers, "module": "m", **(pool or {})}}}))
    return f"--config.file={path}"


def started(tmp_path, exporter, *args, **more):
    return exporter(None, "--memcached.address=", "--web.enable-lifecycle",
                    config(tmp_path / "pools.yml", *args, **more))


def reload(running):
    assert running.request(
        running.connection(), "/-/reload", "POST").status == 200


def scrape(running):
    answer = running.get("/scrape?pool=p")
    assert answer.status == 200, answer.text
    return Exposition(answer.text)


def scrape_probed(running, servers):
    """Once there is a key for so many servers."""
    def probed():
        metrics = scrape(running)
        return len({each["server"] for each in metrics.labels(SUCCESS)}) == (
            servers) and metrics
    return eventually(probed)


def results(metrics, name=SUCCESS):
    """By server, then by operation."""
    found = {}
    for labels in metrics.labels(name):
        assert labels.keys() == {"operation", "pool", "server"}
        assert labels["pool"] == "p"
        found.setdefault(labels["server"], {})[labels["operation"]] = (
            metrics.value(name, **labels))
    return found


def locate(tmp_path, keys):
    done = run(f"--config.file={tmp_path / 'pools.yml'}", "--locate=p", *keys)
    return {each["key"]: each["server"]
            for each in map(json.loads, done.stdout.splitlines())}


def store(server, key, value="x"):
    server.ask(f"set {key} 0 0 {len(value)}\r\n{value}\r\n".encode(),
               end=b"STORED\r\n")


def items(server):
    return int(re.search(r"STAT curr_items (\d+)",
                         server.ask(b"stats\r\n")).group(1))


def counted(server, name):
    return int(re.search(rf"STAT {name} (\d+)",
                         server.ask(b"stats\r\n")).group(1))


@pytest.mark.parametrize("pool", [
    {}, {"namespace": "app:"}, {"distribution": "ketama", "hash": "md5"},
    {"namespace": "n:", "hash_with_namespace": True},
], ids=["plain", "namespace", "ketama", "hashed namespace"])
@pytest.mark.parametrize("protocol, first", [
    ("ascii", "version"), ("binary", "noop")])
def test_where_keys_live(
        tmp_path, exporter, memcached, pool, protocol, first):
    """The first key that lives on a server is read there, and no other."""
    three = [memcached() for _ in range(3)]
    running = started(tmp_path, exporter, [s.address for s in three],
                      {"key": "probe.key"}, pool, protocol=protocol)
    metrics = scrape_probed(running, 3)
    addresses = [s.address for s in three]
    assert results(metrics) == {a: {first: 1, "get": 0} for a in addresses}
    homes = locate(tmp_path, [f"probe.key:{i}" for i in range(100)])
    assert set(homes.values()) == set(addresses)
    for server in three:
        key = next(k for k, home in homes.items() if home == server.address)
        store(server, pool.get("namespace", "") + key)
    metrics = scrape(running)
    assert results(metrics) == {a: {first: 1, "get": 1} for a in addresses}
    for each in results(metrics, DURATION).values():
        assert each.keys() == {first, "get"}
        assert all(0 < d < SLOW for d in each.values())


def test_write_leaves_nothing_behind(tmp_path, exporter, memcached):
    three = [memcached() for _ in range(3)]
    running = started(tmp_path, exporter, [s.address for s in three],
                      {"key": "probe.key", "write": True})
    for _ in range(2):
        metrics = scrape_probed(running, 3)
        assert results(metrics) == {s.address: {
            "version": 1, "set": 1, "get": 1, "delete": 1} for s in three}
        assert results(metrics, DURATION).keys() == {
            s.address for s in three}
    for server in three:
        assert items(server) == 0
        assert counted(server, "delete_hits") >= 2


def test_heads(tmp_path, exporter, memcached):
    """One family each over all servers, the labels in alphabetical order."""
    three = [memcached() for _ in range(3)]
    running = started(
        tmp_path, exporter, [s.address for s in three], {"key": "k"})
    scrape_probed(running, 3)
    text = running.get("/scrape?pool=p").text
    for name in SUCCESS, DURATION:
        assert text.count(f"# TYPE {name} gauge\n") == 1
        lines = [line for line in text.splitlines() if name + "{" in line]
        assert len(lines) == 6
        at = text.splitlines().index(lines[0])
        assert text.splitlines()[at:at + 6] == lines
        for line in lines:
            assert re.match(
                r'\w+\{operation="\w+",pool="p",server="[^"]+"\} \S+$', line)


def test_without_key(tmp_path, exporter, memcached):
    """The same probe for all."""
    three = [memcached() for _ in range(3)]
    running = started(tmp_path, exporter, [s.address for s in three], {})
    assert results(scrape(running)) == {
        s.address: {"version": 1} for s in three}


def test_down(tmp_path, exporter, memcached, dead):
    server = memcached()
    running = started(tmp_path, exporter, [server.address, dead],
                      {"key": "k", "write": True})
    metrics = scrape_probed(running, 2)
    names = ["version", "set", "get", "delete"]
    assert results(metrics) == {server.address: dict.fromkeys(names, 1),
                                dead: dict.fromkeys(names, 0)}
    assert results(metrics, DURATION).keys() == {server.address}
    assert metrics.value("memcached_pool_server_up", pool="p",
                         server=dead) == 0


@pytest.mark.parametrize("answer", [b"SERVER_ERROR no\r\n", b""],
                         ids=["error", "hangs"])
def test_only_statistics(tmp_path, exporter, fake, memcached, answer):
    """A server that answers `stats` and fails the probe is up."""
    real, broken = memcached(), fake(answers={
        "version": b"VERSION 1\r\n",
        **{f"get k:{i}": answer for i in range(100)}})
    running = started(tmp_path, exporter, [real.address, broken.address],
                      {"key": "k"}, timeout=f"{SLOW}s")
    homes = locate(tmp_path, [f"k:{i}" for i in range(100)])
    for key, home in homes.items():
        if home == real.address:
            store(real, key)
    metrics = scrape_probed(running, 2)
    assert results(metrics) == {
        real.address: {"version": 1, "get": 1},
        broken.address: {"version": 1, "get": 0}}
    for server in real, broken:
        assert metrics.value("memcached_pool_server_up", pool="p",
                             server=server.address) == 1


def test_server_twice(tmp_path, exporter, memcached):
    """It is probed once."""
    one, two = memcached(), memcached()
    running = started(
        tmp_path, exporter, [one.address, two.address, one.address],
        {"key": "k", "write": True})
    assert results(scrape_probed(running, 2)).keys() == {
        one.address, two.address}


def test_beside_queries(tmp_path, exporter, memcached):
    """On the same connection as the pool's queries."""
    three = [memcached() for _ in range(3)]
    path = tmp_path / "pools.yml"
    put(path, json.dumps({
        "queries": {"shop": {"query": "get a"}},
        "modules": {"default": {"probe": {"key": "k", "write": True}}},
        "pools": {"p": {"servers": [s.address for s in three],
                        "queries": ["shop"]}}}))
    running = exporter(None, "--memcached.address=", f"--config.file={path}")
    for server in three:
        store(server, "a", "5")
    metrics = scrape_probed(running, 3)
    assert metrics.value("shop") == 5
    assert metrics.value("memcached_query_success", query="shop") == 1
    assert all(set(each.values()) == {1} for each in results(metrics).values())
    # and the module's own scrape has the key as it was given
    assert running.scrape(three[0].address).value(
        SUCCESS, operation="delete") == 1


def test_filter(tmp_path, exporter, memcached):
    running = started(tmp_path, exporter, [memcached().address], {},
                      families={"exclude": [DURATION]})
    metrics = scrape(running)
    assert SUCCESS in metrics.families and DURATION not in metrics.families


def test_reload(tmp_path, exporter, memcached):
    """The pool is as before and its module's probe is another."""
    server = memcached()
    path, servers = tmp_path / "pools.yml", [server.address]
    running = started(tmp_path, exporter, servers, {"key": "k"})
    assert results(scrape_probed(running, 1)) == {
        server.address: {"version": 1, "get": 0}}
    store(server, "other:0")
    for probe, found in [
            ({"key": "other"}, {"version": 1, "get": 1}),
            ({"key": "k", "write": True},
             {"version": 1, "set": 1, "get": 1, "delete": 1}),
            ({}, {"version": 1})]:
        config(path, servers, probe)
        reload(running)
        assert results(scrape_probed(running, 1)) == {server.address: found}
    put(path, json.dumps({"modules": {"m": {}}, "pools": {
        "p": {"servers": servers, "module": "m"}}}))
    reload(running)
    assert SUCCESS not in scrape(running).families


def test_no_key(tmp_path, exporter, memcached):
    """The weight of a server may be too low for any key; the log says so."""
    one, two = memcached(), memcached()
    running = started(
        tmp_path, exporter,
        [{"address": one.address, "weight": 10000},
         {"address": two.address, "weight": 1}],
        {"key": "k", "write": True}, {"distribution": "ketama_weighted"})

    def told():
        return [line for line in running.log() if "no key was found" in line]

    (line,) = eventually(told)
    assert "pool=p servers=1" in line and f"first={two.address}" in line
    metrics = scrape(running)
    assert results(metrics).keys() == {one.address}
    assert metrics.value("memcached_pool_server_up", pool="p",
                         server=two.address) == 1
    reload(running)
    scrape(running)
    assert len(told()) == 1


@pytest.mark.parametrize("key, pool, why", [
    ("k" * 240, {"namespace": "n" * 20}, "expected at most 250 bytes"),
    ("k" * 245, {}, "expected at most 250 bytes"),
])
def test_errors(tmp_path, key, pool, why):
    done = run("--config.check", config(
        tmp_path / "pools.yml", ["cache1"], {"key": key}, pool))
    assert done.returncode == 1
    assert re.search(r"pools\.yml:1:\d+: pool \"p\": ", done.stderr)
    assert why in done.stderr
