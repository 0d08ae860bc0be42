"""Pools: where keys live, as applications with libmemcached have them."""

import functools
import json
import pathlib
import re
import shutil
import subprocess
import urllib.parse

import pytest

from exporter import run
from exposition import Exposition
from fake import hang
from poll import SLOW, eventually
from web import put

HERE = pathlib.Path(__file__).parent
KEYS = 1000

DISTRIBUTIONS = ["modula", "consistent", "ketama", "ketama_weighted", "ketama_spy"]
HASHES = ["default", "md5", "crc", "fnv1_64", "fnv1a_64", "fnv1_32", "fnv1a_32",
          "hsieh", "murmur", "murmur3", "jenkins"]


@pytest.fixture(scope="module")
def writer(tmp_path_factory):
    program = tmp_path_factory.mktemp("writer") / "pool_writer"
    subprocess.run(["cc", "-o", program, HERE / "pool_writer.c", "-lmemcached"],
                   check=True)
    return program


@functools.cache
def names(count):
    return [f"key:{i}" for i in range(count)]


def config(path, pools, **more):
    put(path, json.dumps({"pools": pools, **more}))
    return f"--config.file={path}"


def located(flag, pool, keys):
    done = run(flag, f"--locate={pool}", *keys)
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


def holders(servers, prefix, keys):
    """The server of each key that one has."""
    found = {}
    for server in servers:
        for at in range(0, len(keys), 100):
            part = [prefix + key for key in keys[at:at + 100]]
            answer = server.ask(f"get {' '.join(part)}\r\n".encode())
            for key in re.findall(r"^VALUE (\S+)", answer, re.MULTILINE):
                assert key not in found
                found[key.removeprefix(prefix)] = server.address
    return found


def assert_found(tmp_path, writer, servers, distribution, hash_name,
                 weights=(1, 1, 1), namespace="", with_namespace=False):
    for server in servers:
        server.ask(b"flush_all\r\n", end=b"OK\r\n")
    done = subprocess.run(
        [writer, str(KEYS), distribution, hash_name, namespace,
         str(int(with_namespace)),
         *(f"{s.port}/{w}" for s, w in zip(servers, weights))],
        check=True, capture_output=True, text=True)
    flag = config(tmp_path / "pools.yml", {"p": {
        "servers": [{"address": s.address, "weight": w}
                    for s, w in zip(servers, weights)],
        "distribution": distribution, "hash": hash_name,
        "namespace": namespace, "hash_with_namespace": with_namespace}})
    if done.stdout:
        refused = run("--config.check", flag)
        assert refused.returncode == 1
        assert "libmemcached: INVALID ARGUMENTS" in refused.stderr
        return
    keys = names(KEYS)
    there = holders(servers, namespace, keys)
    assert len(there) == KEYS
    assert {each["key"]: each["server"]
            for each in located(flag, "p", keys)} == there


@pytest.fixture
def three(memcached):
    return [memcached() for _ in range(3)]


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_every_hash(tmp_path, writer, three, distribution):
    for hash_name in HASHES:
        assert_found(tmp_path, writer, three, distribution, hash_name)


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_weights_and_namespace(tmp_path, writer, three, distribution):
    for with_namespace in False, True:
        assert_found(tmp_path, writer, three, distribution, "md5", (1, 5, 2),
                     "app:", with_namespace)


@pytest.mark.skipif(not shutil.which("memccp"),
                    reason="libmemcached-tools is missing: make deps-test")
def test_memccp(tmp_path, three):
    """Debian's tool copies files into the servers, by its defaults."""
    files = []
    for name in names(50):
        path = tmp_path / name
        path.write_text("v")
        files.append(str(path))
    subprocess.run(
        ["memccp", "--servers=" + ",".join(s.address for s in three), *files],
        check=True, capture_output=True)
    flag = config(tmp_path / "pools.yml", {
        "p": {"servers": [s.address for s in three]}})
    there = holders(three, "", names(50))
    assert len(there) == 50
    assert {each["key"]: each["server"]
            for each in located(flag, "p", names(50))} == there


def test_options(tmp_path, three, writer):
    """libmemcached's configuration string."""
    text = " ".join(f"--SERVER=127.0.0.1:{s.port}" for s in three)
    text += " --DISTRIBUTION=consistent --HASH=MD5"
    subprocess.run([writer, str(KEYS), "options", text], check=True)
    flag = config(tmp_path / "pools.yml", {"p": {"options": text}})
    assert {each["key"]: each["server"]
            for each in located(flag, "p", names(KEYS))} == holders(
                three, "", names(KEYS))


def started(tmp_path, exporter, pools, *flags, **more):
    flag = config(tmp_path / "pools.yml", pools, **more)
    return exporter(None, "--memcached.address=", flag, *flags)


def pool_metrics(running):
    def sampled():
        text = running.get().text
        return text if "memcached_pool_key_ratio{" in text else None
    return Exposition(eventually(sampled, timeout=20))


def test_shares(tmp_path, exporter):
    """Weights that the distribution ignores show, and a server that is there
    twice."""
    weighted = [{"address": "cache1", "weight": 1},
                {"address": "cache2", "weight": 3}]
    running = started(tmp_path, exporter, {
        "blind": {"servers": weighted, "distribution": "modula"},
        "seeing": {"servers": weighted, "distribution": "ketama_weighted"},
        "twice": {"servers": ["cache1", "cache2", "cache1"]},
    })
    eventually(lambda: 'ratio{pool="twice"' in running.get().text, timeout=20)
    metrics = pool_metrics(running)

    def ratio(pool, server):
        return metrics.value("memcached_pool_key_ratio", pool=pool,
                             server=f"{server}:11211")

    assert ratio("blind", "cache2") < 0.6
    assert 0.7 < ratio("seeing", "cache2") < 0.8
    assert 0.6 < ratio("twice", "cache1") < 0.72
    for pool in "blind", "seeing", "twice":
        assert abs(ratio(pool, "cache1") + ratio(pool, "cache2") - 1) < 1e-9
    assert metrics.value("memcached_pool_servers", pool="twice") == 3


def test_scrape(tmp_path, exporter, three, dead):
    running = started(tmp_path, exporter, {
        "p": {"servers": [*(s.address for s in three), dead]}})
    pool_metrics(running)
    answer = running.get("/scrape?pool=p")
    assert answer.status == 200
    metrics = Exposition(answer.text)
    for server in three:
        assert metrics.value("memcached_pool_server_up", pool="p",
                             server=server.address) == 1
    assert metrics.value("memcached_pool_server_up", pool="p", server=dead) == 0
    lost = metrics.value("memcached_pool_key_ratio", pool="p", server=dead)
    up = metrics.value("memcached_pool_up_key_ratio", pool="p")
    assert abs(up + lost - 1) < 1e-9


def test_silent_ones(tmp_path, exporter, fake):
    """All are asked at once: five silent ones among a hundred cost the
    timeout, and no more."""
    servers = [fake(hang) for _ in range(5)] + [fake() for _ in range(95)]
    running = started(tmp_path, exporter, {"p": {
        "servers": [s.address for s in servers], "module": "m"}},
        modules={"m": {"timeout": f"{SLOW}s"}})
    metrics = Exposition(running.get("/scrape?pool=p").text)
    for i, server in enumerate(servers):
        assert metrics.value("memcached_pool_server_up", pool="p",
                             server=server.address) == (i >= 5)
    took = metrics.value("memcached_scrape_duration_seconds")
    assert 0.99 * SLOW <= took < 2 * SLOW


def test_not_allowed(tmp_path, exporter, three):
    running = started(
        tmp_path, exporter, {"p": {"servers": [s.address for s in three]}},
        f"--scrape.allow-target={three[0].address}")
    answer = running.get("/scrape?pool=p")
    assert answer.status == 403
    assert three[1].address in answer.text


def test_unknown_pool(tmp_path, exporter):
    running = started(tmp_path, exporter, {"p": {"servers": ["cache1"]}})
    assert running.get("/scrape?pool=q").status == 400
    assert running.get("/sd?pool=q").status == 404
    assert running.get("/api/v1/locate?pool=q&key=a").status == 404


def test_locate(tmp_path, exporter):
    pools = {"p": {"servers": ["cache1", "cache2"], "namespace": "n:"}}
    running = started(tmp_path, exporter, pools)
    for key in "a", "%", "&=+", "naïve", '"':
        answer = running.get(
            "/api/v1/locate?" + urllib.parse.urlencode({"pool": "p", "key": key}))
        made = json.loads(answer.text)
        assert made["status"] == "success"
        assert [made["data"]] == located(
            f"--config.file={tmp_path / 'pools.yml'}", "p", [key])
    for key, why in [("a b", "blanks"), ("a\tb", "blanks"), ("a" * 249, "250"),
                     ("", "specified")]:
        answer = running.get(
            "/api/v1/locate?" + urllib.parse.urlencode({"pool": "p", "key": key}))
        assert answer.status == 400 and why in answer.text
    assert running.get("/api/v1/locate?pool=p&key=" + "a" * 248).status == 200


def test_form(tmp_path, exporter):
    running = started(tmp_path, exporter, {"<p>": {"servers": ["cache1"]}})
    page = running.get("/").text
    assert '<form action="./api/v1/locate">' in page
    assert "<option>&lt;p&gt;</option>" in page
    assert "locate" not in exporter(None, "--memcached.address=").get("/").text


def test_discovery(tmp_path, exporter):
    running = started(tmp_path, exporter, {"p": {"servers": [
        "cache1", {"address": "cache2:1", "weight": 7}, "cache1"]}})
    answer = running.get("/sd?pool=p")
    assert answer.headers["Content-Type"] == "application/json"
    assert json.loads(answer.text) == [
        {"targets": [address], "labels": {
            "__meta_memcached_pool": "p", "__meta_memcached_weight": weight,
            "__meta_memcached_address": address}}
        for address, weight in [("cache1:11211", "1"), ("cache2:1", "7")]]


def test_discovery_of_options(tmp_path, exporter):
    """The weights in libmemcached's string."""
    running = started(tmp_path, exporter, {"p": {
        "options": "--SERVER=cache1 --SERVER=cache2:1/?7 --SERVER=cache2/?3"}})
    assert [(each["targets"][0], each["labels"]["__meta_memcached_weight"])
            for each in json.loads(running.get("/sd?pool=p").text)] == [
        ("cache1:11211", "1"), ("cache2:1", "7"), ("cache2:11211", "3")]


def test_reload(tmp_path, exporter):
    running = started(tmp_path, exporter, {"p": {"servers": ["cache1"]}},
                      "--web.enable-lifecycle")
    config(tmp_path / "pools.yml", {"q": {"servers": ["cache1", "cache2"]}})
    conn = running.connection()
    assert running.request(conn, "/-/reload", "POST").status == 200
    metrics = pool_metrics(running)
    assert metrics.value("memcached_pool_servers", pool="q") == 2
    assert 'pool="p"' not in running.get().text
    put(tmp_path / "pools.yml", "pools: {q: {hash: md6, servers: [a1]}}")
    assert running.request(conn, "/-/reload", "POST").status == 500
    assert 'pool="q"' in running.get().text


@pytest.mark.parametrize("text, why", [
    ("{}", "1:9: expected servers, or options with them"),
    ("{servers: []}", "1:9: expected servers, or options with them"),
    ("{servers: ['']}", "expected"),
    ("{servers: [{weight: 1}]}", "expected the key address"),
    ("{servers: [{address: a1, weight: 0}]}", "expected a number from 1 to"),
    ("{servers: [a1], distribution: random}", "unknown distribution"),
    ("{servers: [a1], hash: hsieh}", "libmemcached: INVALID ARGUMENTS"),
    ("{servers: [a1], hash: md6}", "unknown hash"),
    ("{servers: [a1], module: m}", 'no module "m"'),
    ("{servers: [a1], namespace: 'a b'}", "without blanks"),
    ("{servers: [a1], options: '--SERVER=cache1'}", "do not go together"),
    ("{options: '--SERVER=cache1 --FOO'}", "libmemcached: Error occured"),
    ("{options: '--SERVER=cache1 --CONFIGURE-FILE=/x'}", "no place here"),
    ("{options: 'INCLUDE /etc/passwd'}", "no place here"),
    ("{options: '--SERVER=cache1 --USE-UDP'}", "no place here"),
    ("{options: '--SERVER=cache1 --DISTRIBUTION=random'}", "no place here"),
    ("{options: '--HASH=MD5'}", "expected 1 to 1000 servers, found 0"),
    ("{servers: [a1], weights: 1}", 'unknown key "weights"'),
])
def test_errors(tmp_path, text, why):
    path = tmp_path / "pools.yml"
    put(path, f"pools: {{p: {text}}}")
    done = run("--config.check", f"--config.file={path}")
    assert done.returncode == 1
    assert re.search(r"pools\.yml:1:\d+: ", done.stderr)
    assert why in done.stderr


def test_product_is_bounded(tmp_path):
    """Aliases make much of little."""
    path = tmp_path / "pools.yml"
    servers = ", ".join(f"c{i}" for i in range(1000))
    put(path, f"pools:\n  p0: {{servers: &all [{servers}]}}\n" + "".join(
        f"  p{i}: {{servers: *all}}\n" for i in range(1, 30)))
    done = run("--config.check", f"--config.file={path}")
    assert done.returncode == 1
    assert "expected at most 16384 servers in all pools" in done.stderr


def test_many(tmp_path):
    """A thousand servers, a thousand pools."""
    path = tmp_path / "pools.yml"
    servers = ", ".join(f"c{i}" for i in range(1000))
    put(path, f"pools:\n  large: {{servers: [{servers}], "
        "distribution: modula}\n" + "".join(
            f"  p{i}: {{servers: [cache1, cache2]}}\n" for i in range(999)))
    done = run("--config.check", f"--config.file={path}")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("pool", [
    {"servers": [f"c{i}" for i in range(101)], "distribution": "ketama"},
    {"options": " ".join(f"--SERVER=cache{i}" for i in range(101))
     + " --DISTRIBUTION=consistent"},
], ids=["servers", "options"])
def test_full_circle(tmp_path, pool):
    """With more servers libmemcached would end the process."""
    done = run("--config.check", config(tmp_path / "pools.yml", {"p": pool}))
    assert done.returncode == 1
    assert "libmemcached has room for 100 servers" in done.stderr


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_hundred(tmp_path, distribution):
    """Of all weights."""
    flag = config(tmp_path / "pools.yml", {"p": {
        "servers": [{"address": f"cache{i}", "weight": 1 + i * i}
                    for i in range(100)], "distribution": distribution}})
    assert len(located(flag, "p", names(KEYS))) == KEYS


def test_locate_needs_keys(tmp_path):
    flag = config(tmp_path / "pools.yml", {"p": {"servers": ["cache1"]}})
    for arguments, why in [
            (("--locate=p",), "--locate needs keys"),
            (("--locate=q", "a"), "unknown pool q"),
            (("--locate=p", "a b"), "without blanks"),
            (("a",), "unexpected a")]:
        done = run(flag, *arguments)
        assert done.returncode == 1 and why in done.stderr
    assert [each["key"] for each in located(flag, "p", ["--", "-a", "@b"])] == [
        "-a", "@b"]
