"""Queries of a pool: each key is read where it lives."""

import json
import re

import pytest

from exporter import run
from exposition import Exposition
from fake import hang, once_then
from poll import SLOW
from web import put

NAMES = [f"key:{i}" for i in range(30)]


def query(*keys, **more):
    return {"query": "get " + " ".join(keys), **more}


def config(path, queries, servers, **more):
    put(path, json.dumps({
        "queries": queries,
        "pools": {"p": {"servers": servers, "queries": list(queries),
                        **more.pop("pool", {})}}, **more}))
    return f"--config.file={path}"


def started(tmp_path, exporter, *args, **more):
    return exporter(None, "--memcached.address=",
                    config(tmp_path / "pools.yml", *args, **more))


def homes(tmp_path, keys=tuple(NAMES)):
    """The server of each key."""
    done = run(f"--config.file={tmp_path / 'pools.yml'}", "--locate=p", *keys)
    return {each["key"]: each["server"]
            for each in map(json.loads, done.stdout.splitlines())}


def scrape(running):
    answer = running.get("/scrape?pool=p")
    assert answer.status == 200, answer.text
    return Exposition(answer.text)


def store(server, key, value):
    server.ask(f"set {key} 0 0 {len(value)}\r\n{value}\r\n".encode(),
               end=b"STORED\r\n")


LABELLED = {"columns": ["key", "value"], "labels": ["key"]}


@pytest.mark.parametrize("pool", [
    {}, {"namespace": "app:"}, {"distribution": "ketama", "hash": "md5"},
    {"namespace": "n:", "hash_with_namespace": True}, {"module": "binary"},
], ids=["plain", "namespace", "ketama", "hashed namespace", "binary"])
def test_where_keys_live(tmp_path, exporter, memcached, pool):
    """All servers have a value of each key, and only one of them counts."""
    three = [memcached() for _ in range(3)]
    running = started(
        tmp_path, exporter, {"shop": query(*NAMES, **LABELLED)},
        [s.address for s in three], pool=pool,
        modules={"binary": {"protocol": "binary"}})
    for number, server in enumerate(three):
        for key in NAMES:
            store(server, pool.get("namespace", "") + key, f"{key}|{number}")
    numbers = {s.address: i for i, s in enumerate(three)}
    metrics = scrape(running)
    there = homes(tmp_path)
    assert len(set(there.values())) == 3
    for key in NAMES:
        assert metrics.value("shop", key=key) == numbers[there[key]]
    assert metrics.value("memcached_query_success", query="shop") == 1
    assert "memcached_query_errors" not in metrics.families


def test_down(tmp_path, exporter, memcached, dead):
    """A server that is down costs its keys, and no others."""
    server = memcached()
    running = started(
        tmp_path, exporter,
        {"a": query(*NAMES, **LABELLED), "b": query("key:0")},
        [server.address, dead])
    for key in NAMES:
        store(server, key, f"{key}|1")
    metrics = scrape(running)
    there = homes(tmp_path)
    lost = [key for key in NAMES if there[key] == dead]
    assert 0 < len(lost) < len(NAMES)
    assert metrics.value("memcached_query_success", query="a") == 0
    assert metrics.value("memcached_query_errors", query="a",
                         reason="unanswered") == len(lost)
    assert {labels["key"] for labels in metrics.labels("a")} == (
        set(NAMES) - set(lost))
    assert metrics.value("memcached_query_success", query="b") == (
        there["key:0"] != dead)


def test_silent(tmp_path, exporter, memcached, fake):
    """One deadline for all; a server that answers statistics and no values is
    up."""
    server, silent = memcached(), fake(once_then(hang))
    running = started(
        tmp_path, exporter, {"a": query(*NAMES, **LABELLED)},
        [server.address, silent.address], pool={"module": "m"},
        modules={"m": {"timeout": f"{SLOW}s"}})
    for key in NAMES:
        store(server, key, f"{key}|1")
    metrics = scrape(running)
    there = homes(tmp_path)
    assert metrics.value("memcached_query_success", query="a") == 0
    assert len(metrics.labels("a")) == sum(
        home == server.address for home in there.values())
    assert metrics.value("memcached_scrape_duration_seconds") < 2 * SLOW


def test_duplicates(tmp_path, exporter, memcached):
    """Of equal labels the sample of the first server stays, always."""
    three = [memcached() for _ in range(3)]
    running = started(
        tmp_path, exporter, {"a": query(*NAMES)}, [s.address for s in three])
    for number, server in enumerate(three):
        for key in NAMES:
            store(server, key, str(number))
    for _ in range(20):
        metrics = scrape(running)
        assert metrics.value("a") == 0
    assert metrics.value("memcached_query_errors", query="a",
                         reason="duplicate") == len(NAMES) - 1
    assert metrics.value("memcached_query_success", query="a") == 0


def test_missing_keys(tmp_path, exporter, memcached):
    running = started(tmp_path, exporter, {"a": query(*NAMES)},
                      [memcached().address])
    metrics = scrape(running)
    assert "a" not in metrics.families
    assert metrics.value("memcached_query_success", query="a") == 1


def test_server_twice(tmp_path, exporter, memcached):
    """Its keys are asked for once."""
    server = memcached()
    running = started(tmp_path, exporter, {"a": query(*NAMES, **LABELLED)},
                      [server.address, server.address])
    for key in NAMES:
        store(server, key, f"{key}|1")
    assert len(scrape(running).labels("a")) == len(NAMES)


def test_scrapes_beside(tmp_path, exporter, memcached):
    """The module's own queries are not the pool's."""
    server = memcached()
    running = started(
        tmp_path, exporter, {"a": query("k"), "b": query("k")},
        [server.address], pool={"queries": ["a"]},
        modules={"default": {"queries": ["b"]}})
    store(server, "k", "5")
    assert "b" not in scrape(running).families
    single = running.scrape(server.address)
    assert single.value("b") == 5 and "a" not in single.families
    assert scrape(running).value("a") == 5


def test_filter(tmp_path, exporter, memcached):
    """The globs of metrics know the names of a pool's queries."""
    server = memcached()
    path = config(tmp_path / "pools.yml", {"a_b": query("k"), "a_c": query("k")},
                  [server.address])
    running = exporter(None, "--memcached.address=", path,
                       "--metrics.exclude=a_b")
    store(server, "k", "5")
    metrics = scrape(running)
    assert metrics.value("a_c") == 5 and "a_b" not in metrics.families
    assert not any("has such a name" in line for line in running.log())


def test_reload(tmp_path, exporter, memcached):
    server = memcached()
    path = tmp_path / "pools.yml"
    running = exporter(
        None, "--memcached.address=", "--web.enable-lifecycle",
        config(path, {"a": query("k")}, [server.address]))
    store(server, "k", "5")
    assert scrape(running).value("a") == 5
    config(path, {"b": query("k")}, [server.address])
    assert running.request(
        running.connection(), "/-/reload", "POST").status == 200
    metrics = scrape(running)
    assert metrics.value("b") == 5 and "a" not in metrics.families


def test_many(tmp_path, exporter, memcached):
    """A thousand keys over many servers."""
    servers = [memcached() for _ in range(5)]
    queries = {f"q{i}": query(*(f"k{i}:{j}" for j in range(100)), **LABELLED)
               for i in range(10)}
    running = started(tmp_path, exporter, queries,
                      [s.address for s in servers])
    for server in servers:
        for i in range(10):
            for j in range(0, 100, 10):
                store(server, f"k{i}:{j}", f"{j}|{i}")
    metrics = scrape(running)
    for name in queries:
        assert len(metrics.labels(name)) == 10
        assert metrics.value("memcached_query_success", query=name) == 1


@pytest.mark.parametrize("queries, pool, more, why", [
    ({"a": query("k")}, {"queries": ["b"]}, {}, 'unknown query "b"'),
    ({"a": query("k")}, {"queries": "a"}, {}, "expected a list"),
    ({"a": query("k" * 240)}, {"namespace": "n" * 20}, {},
     'pool "p": key "kkk'),
    ({f"q{i}": query(*(f"{i}:{j}" for j in range(100))) for i in range(11)},
     {}, {}, "expected at most 1000 in all"),
    ({"a": query("k"), "b": query("@@t.k")}, {}, {}, "switches the connection"),
    ({"a": query("k"), "b": query("@@t.k")}, {"queries": ["a"]},
     {"modules": {"default": {"queries": ["b"]}}}, "switches the connection"),
    ({"a": query("@@t.k")}, {"module": "m"},
     {"modules": {"m": {"probe": {"key": "k"}}}}, "switches the connection"),
])
def test_errors(tmp_path, queries, pool, more, why):
    done = run("--config.check", config(
        tmp_path / "pools.yml", queries, ["cache1"], pool=pool, **more))
    assert done.returncode == 1
    assert re.search(r"pools\.yml:1:\d+: ", done.stderr)
    assert why in done.stderr


def test_product_is_bounded(tmp_path):
    """Aliases make much of little."""
    put(tmp_path / "pools.yml", "queries:\n" + "".join(
        f"  q{i}: {{query: get {' '.join(f'{i}:{j}' for j in range(100))}}}\n"
        for i in range(10)) + "pools:\n  p0: {servers: [cache1], queries: &q ["
        + ", ".join(f"q{i}" for i in range(10)) + "]}\n" + "".join(
            f"  p{n}: {{servers: [cache1], queries: *q}}\n"
            for n in range(1, 20)))
    done = run("--config.check", f"--config.file={tmp_path / 'pools.yml'}")
    assert done.returncode == 1
    assert "expected at most 16384 keys in the queries of all" in done.stderr


def test_errors_of_two_pools(tmp_path):
    put(tmp_path / "pools.yml", json.dumps({
        "queries": {"a": query("k"), "b": query("@@t.k")},
        "pools": {name: {"servers": ["cache1"], "queries": [name]}
                  for name in "ab"}}))
    done = run("--config.check", f"--config.file={tmp_path / 'pools.yml'}")
    assert done.returncode == 1 and "switches the connection" in done.stderr
