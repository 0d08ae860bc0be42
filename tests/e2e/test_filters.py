"""Which families come out: --metrics.include, --metrics.exclude, and a module's
families. What is left is, byte for byte, what it is without a filter."""

import fnmatch
import json
import re
import signal
import threading

import pytest

from exporter import TOP, probe, receive, run
from fake import gated, replay
from poll import eventually

ANSWERS = replay(TOP / "fixtures/stats/memcached-1.6.18-all")
COLLECTORS = "conns", "sizes", "extstore", "detail", "proxy"
FORMATS = {
    "text": "text/plain",
    "OpenMetrics": "application/openmetrics-text; version=1.0.0",
}
ALWAYS = "memcached_up", "memcached_scrape_*"
# The time differs from one scrape to the next.
DURATION = re.compile(r"^(memcached_scrape_duration_seconds) \S+", re.M)

# Globs to include, and to exclude.
FILTERS = {
    "nothing": ([], ["*"]),
    "one": (["memcached_uptime_seconds"], []),
    "no slab classes": ([], ["memcached_slab_*"]),
    "counters": (["*_total"], []),
    "counters, but some": (["*_total"], ["memcached_prefix_*", "*_bytes_*"]),
    "a histogram": (["memcached_item_size_bytes"], []),
    "no histograms": ([], ["memcached_item_size_bytes",
                           "memcached_connection_idle_seconds"]),
    # it is no family's name
    "buckets": ([], ["*_bucket"]),
    "what stays": ([], ["memcached_up", "memcached_scrape_*"]),
}


def flags(include, exclude):
    return [*(f"--metrics.include={glob}" for glob in include),
            *(f"--metrics.exclude={glob}" for glob in exclude)]


def families(text):
    """(name as in the text format, its lines) of each."""
    lines = DURATION.sub(r"\1", text).removesuffix("# EOF\n")
    first = text[:6]  # HELP in text, TYPE in OpenMetrics
    for block in re.split(rf"^(?={first} )", lines, flags=re.MULTILINE)[1:]:
        name = block.split()[2]
        kind = re.search(r"^# TYPE \S+ (\S+)$", block, re.MULTILINE)[1]
        if first == "# TYPE" and kind == "counter":
            name += "_total"
        yield name, block


def kept(text, include, exclude):
    """What a filter leaves of the families in a text."""

    def is_one(name, globs):
        return any(fnmatch.fnmatchcase(name, glob) for glob in globs)

    return [(name, block) for name, block in families(text)
            if is_one(name, ALWAYS)
            or is_one(name, include or ["*"]) and not is_one(name, exclude)]


def scraped(running, server, kind="text", module=None):
    path = probe(server.address)
    if module:
        path += f"&module={module}"
    answer = running.get(path, headers={"Accept": FORMATS[kind]})
    assert answer.status == 200, answer.text
    return answer.text


@pytest.fixture
def server(fake):
    return fake(answers=ANSWERS)


@pytest.mark.parametrize("kind", FORMATS)
def test_families(exporter, server, kind):
    on = [f"--collector.{name}" for name in COLLECTORS]
    whole = scraped(exporter("", *on), server, kind)
    names = [name for name, _ in families(whole)]
    assert "memcached_item_size_bytes" in names
    assert "memcached_commands_total" in names
    for name, (include, exclude) in FILTERS.items():
        running = exporter("", *on, *flags(include, exclude))
        left = scraped(running, server, kind)
        assert list(families(left)) == kept(whole, include, exclude), name
        assert left.endswith("# EOF\n") == (kind == "OpenMetrics")
        running.stop()


def test_all_of_a_page(exporter, server, tmp_path):
    """Also pools, and what is about the exporter."""
    config = tmp_path / "pools.yml"
    config.write_text("pools: {p: {servers: [%s]}}" % server.address)
    given = f"--config.file={config}"
    own = [name for name, _ in families(
        exporter(server.address, given).get().text)]
    assert {"memcached_pool_servers", "process_open_fds",
            "memcached_exporter_scrapes_total"} < set(own)
    for include, exclude in [
            (["memcached_pool_*", "process_*"], ["*_ratio", "*_fds"]),
            ([], ["memcached_exporter_*"])]:
        running = exporter(server.address, given, *flags(include, exclude))
        text = running.get().text
        assert [name for name, _ in families(text)] == [
            name for name in own if kept(f"# HELP {name} x\n# TYPE {name} x\n",
                                         include, exclude)]
    running = exporter("", given, "--metrics.include=*_ratio")
    eventually(lambda: "memcached_pool_key_ratio{" in running.get().text)
    for path, names in [
            ("/metrics", ["memcached_pool_key_ratio"]),
            ("/scrape?pool=p", [
                "memcached_pool_key_ratio", "memcached_pool_up_key_ratio",
                "memcached_scrape_duration_seconds"])]:
        assert [name for name, _ in families(running.get(path).text)] == names


def modules(path, **families_of):
    path.write_text(json.dumps({"modules": {
        name: {} if filters is None else {"families": filters}
        for name, filters in families_of.items()}}))
    return f"--config.file={path}"


def shown(text):
    """The families of a text, but for those that are always there."""
    return {name for name, _ in families(text) if not any(
        fnmatch.fnmatchcase(name, glob) for glob in ALWAYS)}


def names_of(running, server, module):
    return shown(scraped(running, server, module=module))


def test_modules(exporter, server, tmp_path):
    """A module's families replace those of the flags."""
    running = exporter(
        "", modules(tmp_path / "m.yml", plain=None, all={}, one={
            "include": ["memcached_threads"]}, less={
            "exclude": ["memcached_threads"]}),
        "--metrics.exclude=memcached_slab_*")
    everything = names_of(running, server, "all")
    assert "memcached_slab_chunk_size_bytes" in everything
    assert names_of(running, server, "one") == {"memcached_threads"}
    assert names_of(running, server, "less") == \
        everything - {"memcached_threads"}
    slabs = {n for n in everything if n.startswith("memcached_slab_")}
    for module in None, "plain":
        assert names_of(running, server, module) == everything - slabs


def test_queries(exporter, fake, tmp_path):
    """Metrics from values, and a probe."""
    server = fake(answers={
        "get a": b"VALUE a 0 1\r\n1\r\nEND\r\n",
        "get b": b"VALUE b 0 1\r\nx\r\nEND\r\n",
        "version": b"VERSION 1\r\n"})
    path = tmp_path / "q.yml"
    names = ["shop_a", "shop_b"]
    path.write_text(json.dumps({
        "queries": {name: {"query": f"get {name[-1]}", "type": "gauge",
                           "description": "x"} for name in names},
        "modules": {"m": {"queries": names, "probe": {}}}}))
    given = f"--config.file={path}"
    from_values = {"shop_a", "memcached_query_success",
                   "memcached_query_errors", "memcached_probe_success",
                   "memcached_probe_duration_seconds"}
    for exclude in "nothing", "*_a", "shop_*", "*_success", "*_errors", \
            "*_seconds":
        running = exporter("", given, f"--metrics.exclude={exclude}")
        shown = names_of(running, server, "m")
        assert shown & from_values == {
            name for name in from_values
            if not fnmatch.fnmatchcase(name, exclude)}, exclude
        told = any("No metric" in line for line in running.log())
        assert told == (exclude == "nothing")
        running.stop()


def test_reload(exporter, fake, stack, tmp_path):
    """Scrapes from before a reload, under way and waiting, and one from after
    it: to each what it was asked with."""
    gate = threading.Event()
    stack.callback(gate.set)
    server = fake(gated(gate), ANSWERS)
    path = tmp_path / "m.yml"
    running = exporter(
        server.address, modules(path, default={"include": ["memcached_threads"]}),
        timeout=30)
    asked = [running.send()]
    eventually(lambda: server.collections == 1)
    asked.append(running.send())
    running.settle()
    modules(path, default={"include": ["process_open_fds", "memcached_uptime_*"]})
    running.process.send_signal(signal.SIGHUP)
    eventually(lambda: any("reloaded" in line for line in running.log()))
    asked.append(running.send())
    running.settle()
    gate.set()
    old, new = {"memcached_threads"}, {
        "memcached_uptime_seconds", "process_open_fds"}
    for sock, wanted in zip(asked, [old, old, new]):
        assert shown(receive(sock).text) == wanted


@pytest.mark.parametrize("given, place", [
    (["--metrics.include=a[b"], "--metrics.include=a[b: "),
    (["--metrics.exclude="], "--metrics.exclude=: "),
    (["--metrics.exclude=a-b"], "--metrics.exclude=a-b: "),
    ({"include": ["a", "["]}, ":1:50: "),
    ({"exclude": [[]]}, ":1:45: expected one value"),
    ({"exclude": {}}, ":1:44: expected a list"),
    ({"only": []}, ':1:33: unknown key "only", expected one of include, '
     "exclude"),
    ([], ":1:32: expected a mapping"),
])
def test_wrong(tmp_path, given, place):
    arguments = given
    if not given or isinstance(given, dict):
        arguments = [modules(tmp_path / "m.yml", a=given)]
    done = run("--config.check", *arguments)
    assert done.returncode == 1
    assert place in done.stderr


def test_of_nothing(exporter, tmp_path):
    """A glob that matches no family that may be left out."""
    path = tmp_path / "m.yml"
    given = [modules(path, a={"include": ["memcached_*", "mc_*"]}, b=None),
             "--metrics.exclude=memcached_up",
             "--metrics.exclude=memcached_pool_*",
             "--metrics.exclude=memcached_process_*",
             "--metrics.exclude=memcached_item_size_bytes_bucket"]
    done = run("--config.check", *given)
    assert done.returncode == 0
    told = [re.findall(r'(?:place|glob)="?([^" ]+)', line)
            for line in done.stderr.splitlines()]
    wanted = [["--metrics.exclude", "memcached_up"],
              ["--metrics.exclude", "memcached_item_size_bytes_bucket"],
              [f"{path}:1:60", "mc_*"]]
    assert told == wanted
    running = exporter("", *given)
    assert sum("that may be left out" in line for line in running.log()) == 3
