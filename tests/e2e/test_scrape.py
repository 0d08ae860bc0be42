"""/scrape: one exporter for many servers."""

import contextlib
import re
import socket
import threading

import pytest

from exporter import WRAPPER, probe, receive, run
from exposition import Exposition
from fake import close, gated, hang, saying
from poll import eventually
from port import reserve

SHADOW = 1 << 30  # KiB that only a sanitizer maps


@pytest.fixture
def running(exporter):
    return exporter("")


@pytest.mark.parametrize("path", [
    "/scrape", "/scrape?", "/scrape?target=", "/scrape?other=1",
    "/scrape?TARGET=localhost", "/scrape?target", "/scrape?target&x",
])
def test_no_target(running, path):
    answer = running.get(path)
    assert answer.status == 400
    assert answer.text == "'target' parameter must be specified\n"


@pytest.mark.parametrize("target", [
    "localhost:99999", "localhost:0", "[::1]:0", "localhost:-1", "localhost:",
    "localhost:http", "[::1", "[]:1", "::1", "::1:11211", ":", "a b", "host:1 ", "h\xf6st:1",
    "\udcff:1", "host\x01:1", "x" * 300, "a\r\nb:1",
])
def test_bad_target(running, target):
    answer = running.get(probe(target))
    assert answer.status == 400
    assert "host:port" in answer.text


@pytest.mark.parametrize("form", [
    "%s&foo", "%s&foo=", "foo&%s", "&&%s&&", "=&%s", "module&%s", "%s&a=%%zz"])
def test_odd_query(fake, running, form):
    """One part that says nothing does not spoil the others."""
    query = form % f"target={fake().address}"
    assert running.metrics(path=f"/scrape?{query}").up == 1


@pytest.mark.parametrize("query, word", [
    ("target=a%00b", "NUL"), ("target={}%00", "NUL"),
    ("target={}&module=%00", "NUL"), ("target={}&collect[]=slab%00", "NUL"),
    ("target={}&a%00", "NUL"), ("target={}" + "&a=" * 64, "64 parameters"),
    ("target={}" + "&a=" * 2500 + "&collect[]=slab" * 560, "64 parameters"),
], ids=repr)
def test_refused_query(fake, running, query, word):
    server = fake()
    query = query.format(server.address)
    answer = running.get(f"/scrape?{query}")
    assert answer.status == 400 and word in answer.text
    assert server.collections == 0


def test_head(fake, running):
    answer = running.get(probe(fake().address), method="HEAD")
    assert (answer.status, answer.text) == (200, "")
    assert int(answer.headers["Content-Length"]) > 0


def test_post(fake, running):
    assert running.get(probe(fake().address), method="POST").status == 405


def test_dead(running, dead):
    metrics = running.scrape(dead)
    assert (metrics.up, metrics.reason) == (0, "refused")


def test_target_alone(fake, running):
    """Without the metrics of the exporter itself."""
    metrics = running.scrape(fake().address)
    assert (metrics.up, metrics.value("memcached_current_items")) == (1, 7)
    own = ("memcached_exporter_", "process_", "memcached_process_")
    assert not [name for name in metrics.families if name.startswith(own)]


def test_counted(fake, running, dead):
    running.scrape(fake().address)
    running.scrape(dead)
    metrics = running.metrics()
    own = "memcached_exporter_"
    assert metrics.value(f"{own}scrapes_total") == 2
    assert metrics.value(f"{own}scrape_failures_total", reason="refused") == 1
    assert metrics.value(f"{own}targets") == 2
    assert metrics.value(
        f"{own}http_requests_total", handler="/scrape", code="200") == 2


@pytest.mark.parametrize("host, form", [
    ("127.0.0.1", "localhost:%s"), ("::1", "[::1]:%s"), ("127.0.0.1", ":%s"),
])
def test_forms(fake, running, host, form):
    assert running.scrape(form % fake(host=host).port).up == 1


@pytest.mark.parametrize("target, whole", [
    ("cache.example", "cache.example:11211"),
    ("127.77.7.7", "127.77.7.7:11211"),
    ("[::1]", "[::1]:11211"),
])
def test_default_port(exporter, etc, target, whole):
    """Whether somebody listens there is not known here."""
    prefix = etc("127.77.7.7 cache.example\n")
    running = exporter("", "--log.level=debug", prefix=prefix)
    running.scrape(target)
    eventually(lambda: any(
        f" target={whole} " in line for line in running.log()))


SLAB = ["stats", "stats slabs", "stats items"]
SETTINGS = ["stats", "stats settings", "stats slabs"]


@pytest.mark.parametrize("flags, collect, commands", [
    ([], ["settings"], SETTINGS),
    ([], ["slab"], SLAB),
    ([], ["slab", "slab"], SLAB),
    ([], ["stats"], ["stats", "stats slabs"]),
    ([], ["slabs"], ["stats", "stats slabs"]),
    ([], ["items"], SLAB),
    ([], ["slabs", "items"], SLAB),
    ([], ["settings", "slab"],
     ["stats", "stats settings", "stats slabs", "stats items"]),
    (["--no-collector.slab"], [], SETTINGS),
    (["--no-collector.slab"], ["slab"], ["stats", "stats slabs"]),
    ([], ["scrub"], ["stats", "stats slabs"]),
    (["--collector.scrub"], ["scrub"],
     ["stats", "stats slabs", "stats scrub"]),
])
def test_collect(fake, exporter, flags, collect, commands):
    """It narrows what the flags allow."""
    server = fake()
    metrics = exporter("", *flags).scrape(server.address, *collect)
    assert metrics.up == 1
    assert server.commands == commands
    assert set(metrics.success) == {c.split()[-1] for c in commands}


def test_collect_unescaped(fake, running):
    """As people write it; Prometheus escapes the brackets."""
    server = fake()
    query = f"target={server.address}&collect[]=slab"
    assert running.metrics(path=f"/scrape?{query}").up == 1
    assert server.commands == SLAB


@pytest.mark.parametrize("name", ["nonsense", "slab s", "", "SLAB"])
def test_unknown_collector(fake, running, name):
    answer = running.get(probe(fake().address, "slab", name))
    assert answer.status == 400
    assert "collector" in answer.text


def test_collect_in_one_collection(fake, running):
    """Each has what it asked for, and nothing that only another one did."""
    gate = threading.Event()
    server = fake(gated(gate))

    def send(*collect):
        path = probe(server.address, *collect)
        return running.send(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())

    socks = [send()]
    eventually(lambda: server.collections == 1)
    socks += [send("settings"), send("slab")]
    running.settle()
    gate.set()
    _, settings, slab = (Exposition(receive(sock).text) for sock in socks)
    assert server.collections == 3
    assert set(settings.success) == {"stats", "slabs", "settings"}
    assert set(slab.success) == {"stats", "slabs", "items"}
    assert "memcached_max_connections" in settings
    assert "memcached_max_connections" not in slab


def test_own_connections(fake, running):
    """Each target has one, and keeps it."""
    servers = [fake() for _ in range(5)]
    for _ in range(3):
        for server in servers:
            assert running.scrape(server.address).up == 1
    assert [len(server.connections) for server in servers] == [1] * 5
    metrics = running.metrics()
    assert metrics.value("memcached_exporter_connects_total") == 5
    assert metrics.value("memcached_exporter_targets") == 5


def test_one_name_in_any_case(fake, running):
    server = fake()
    for name in ("localhost", "LOCALHOST", "LocalHost"):
        assert running.scrape(f"{name}:{server.port}").up == 1
    assert len(server.connections) == 1


def test_independent(fake, running):
    """A slow target makes nobody else wait."""
    gate = threading.Event()
    slow, other = fake(gated(gate)), fake()
    sock = running.send(
        f"GET {probe(slow.address)} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    eventually(lambda: slow.collections == 1)
    for _ in range(3):
        assert running.scrape(other.address).up == 1
    gate.set()
    assert Exposition(receive(sock).text).up == 1


def test_also_the_address_of_the_flag(fake, exporter):
    """What the flag's target has, /scrape has not: not even a connection."""
    server = fake()
    running = exporter(server.address)
    for _ in range(2):
        assert running.metrics().up == 1
        assert running.scrape(server.address).up == 1
    assert len(server.connections) == 2
    assert running.metrics().value("memcached_exporter_targets") == 2


def test_path(fake, exporter):
    server = fake()
    running = exporter("", "--web.scrape-path=/probe")
    path = probe(server.address, path="/probe")
    assert running.metrics(path=path).up == 1
    assert running.get(probe(server.address)).status == 404


def test_bytes_never_reach_a_server(fake, running):
    server = fake()
    for tail in ("\r\nflush_all\r\n", "\nflush_all", " flush_all", "\0x"):
        running.get(probe(server.address + tail))
    assert running.scrape(server.address).up == 1
    assert set(server.commands) == {
        "stats", "stats settings", "stats slabs", "stats items"}


def garbage(count, start=0):
    """Addresses of loopback where nobody listens, and names that are none."""
    for i in range(start, start + count):
        if i % 10:
            yield f"127.{i >> 16 | 64}.{i >> 8 & 255}.{i & 255}:1"
        else:
            yield f"no-{i}.invalid:1"


@pytest.fixture
def probes(exporter, etc, nameserver, stack):
    """The exporter, and a function that gives it targets one by one."""
    prefix = etc(resolv_conf=nameserver({}).resolv_conf)
    reserved, port = reserve()
    stack.enter_context(reserved)
    running = exporter("", "--log.level=error", prefix=prefix,
                       listeners=0, listen=(f"127.0.0.1:{port}",))
    conn = stack.enter_context(contextlib.closing(running.connection()))

    def give(targets):
        for target in targets:
            text = running.request(conn, probe(target)).text
            assert "\nmemcached_up 0\n" in text, text

    give(garbage(100))
    return running, give


def growth(running, function, *args):
    """In KiB, where that can be measured; no descriptor may stay open."""
    files, memory = running.descriptors(), running.status("VmRSS")
    function(*args)
    eventually(lambda: running.descriptors() <= files)
    if WRAPPER or running.status("VmSize") > SHADOW:
        return 0
    return running.status("VmRSS") - memory


def test_garbage(probes):
    running, give = probes
    assert growth(running, give, garbage(3000, 100)) < 4096


@pytest.mark.slow
def test_much_garbage(probes):
    """Past the number of targets that are kept, nothing grows any more."""
    running, give = probes
    assert growth(running, give, garbage(17000, 100)) < 24 << 10
    assert growth(running, give, garbage(10000, 20000)) < 1024
    assert running.metrics().value("memcached_exporter_targets") <= 16384


def test_more_targets_than_descriptors(fake, exporter):
    """Who has not been asked for longest makes room."""
    servers = [fake() for _ in range(120)]
    limit = ("prlimit", "--nofile=100:100")
    running = exporter("", prefix=limit)
    for _ in range(2):
        for server in servers:
            metrics = running.scrape(server.address)
            assert (metrics.up, metrics.reason) == (1, None)


def series(text):
    """Names and labels, but for the reason, which differs."""
    return {re.sub(r'reason="\w+"', "", line.rsplit(" ", 1)[0])
            for line in text.splitlines() if not line.startswith("#")}


def test_a_failed_scrape_has_the_same_series(fake, exporter, dead, etc,
                                             nameserver):
    """Whatever it was waiting for: no rule that is about collectors goes
    silent when the server cannot even be reached."""
    deaf = socket.socket()
    with deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        running = exporter("", timeout=0.3, prefix=etc(
            resolv_conf=nameserver({}).resolv_conf))
        port = deaf.getsockname()[1]
        filler = socket.create_connection(("127.0.0.1", port))
        targets = {
            "refused": dead, "dns": "no.example:1",
            "closed": fake(close).address, "timeout": fake(hang).address,
            "protocol": fake(saying(b"ERROR\r\n" * 4)).address,
            "connecting": f"127.0.0.1:{port}",
            "in part": fake(saying(b"STAT a 1\r\n")).address,
        }
        found = {name: series(running.get(probe(address)).text)
                 for name, address in targets.items()}
        filler.close()
    for name, lines in found.items():
        assert lines == found["refused"], name
    names = ("stats", "settings", "slabs", "items")
    assert {f'memcached_scrape_collector_success{{collector="{name}"}}'
            for name in names} < found["refused"]
    assert "memcached_scrape_ignored_lines" in found["refused"]


def test_only_the_wanted_collectors_of_a_failed_scrape(running, dead):
    metrics = running.scrape(dead, "settings")
    assert {labels["collector"] for labels in metrics.labels(
        "memcached_scrape_collector_success")} == {"stats", "settings", "slabs"}


def test_own_metrics_of_a_target_that_is_not_allowed(
        fake, exporter, tmp_path):
    """They are wanted most when something is wrong."""
    path = tmp_path / "modules.yml"
    path.write_text("modules: {default: {targets: [127.0.0.2/32]}}\n")
    address = f"localhost:{fake().port}"
    running = exporter(address, f"--config.file={path}")
    metrics = running.metrics()
    assert (metrics.up, metrics.reason) == (0, "forbidden")
    assert metrics.labels("memcached_exporter_build_info")
    assert metrics.value("process_open_fds") > 0
    assert running.get(probe(address)).status == 403
    done = run("--once", f"--memcached.address={address}",
               f"--config.file={path}")
    assert done.returncode == 1 and "\nmemcached_up 0\n" in done.stdout
