"""Service discovery: the nodes of a cluster, as its endpoint lists them."""

import json
import threading
import urllib.parse

import pytest

from daemons import Prometheus
from fake import close, cluster, hang, saying
from poll import SLOW, eventually
from web import put


def ask(running, target, **more):
    return running.get("/sd?" + urllib.parse.urlencode(
        {"target": target, **more}))


def groups(endpoint, *nodes):
    """nodes: (address, ip)"""
    return [{"targets": [address], "labels": {
        "__meta_memcached_address": address,
        "__meta_memcached_cluster": endpoint,
        "__meta_memcached_ip": ip}} for address, ip in nodes]


@pytest.mark.parametrize("old", [False, True])
def test_nodes(fake, exporter, old):
    server = fake(answers=cluster(
        "a.example|10.0.0.1|11211", "|fd00::2|11212", old=old))
    running = exporter("")
    answer = ask(running, server.address)
    assert answer.status == 200, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    assert json.loads(answer.text) == groups(
        server.address, ("a.example:11211", "10.0.0.1"),
        ("[fd00::2]:11212", "fd00::2"))
    assert server.commands == [
        "config get cluster", "get AmazonElastiCache:cluster"][:1 + old]


def test_changes(fake, exporter):
    """Each request asks anew, over the same connection."""
    server = fake(answers=cluster("a||1"))
    running = exporter("")
    assert len(json.loads(ask(running, server.address).text)) == 1
    server.answers.update(cluster("a||1", "b||1", version=2))
    assert len(json.loads(ask(running, server.address).text)) == 2
    assert running.scrape(server.address).up == 1
    assert len(server.connections) == 1


def test_many(fake, exporter):
    nodes = [f"n{i}.{'x' * 60}.{'y' * 60}||11211" for i in range(1001)]
    server = fake(answers=cluster(*nodes[1:]))
    running = exporter("")
    assert len(json.loads(ask(running, server.address).text)) == 1000
    server.answers.update(cluster(*nodes))
    assert ask(running, server.address).status == 500


@pytest.mark.parametrize("answers, why", [
    ({}, "knows no cluster"),
    ({"get AmazonElastiCache:cluster": b"END\r\n"}, "knows no cluster"),
    (cluster(), "no nodes"),
    (cluster("a||1", "b"), "node 2 of the cluster is no host|ip|port"),
    (cluster("unix:/run/x||1"), "node 1"),
    (cluster("a@b||1"), "node 1"),
    (cluster("a||1", version="x"), "no version"),
    (cluster("a||1", length=3), "length is wrong"),
    (cluster("a||1", length=100), "config get cluster"),
    (cluster("a||1", length=2 << 20), "config get cluster"),
    (cluster("a||1", length=1 << 40), "length is wrong"),
])
def test_junk(fake, exporter, answers, why):
    """An error and never an empty list. What the server said stays in the
    log."""
    server = fake(answers=answers)
    running = exporter("", timeout=0.3 * SLOW)
    answer = ask(running, server.address)
    assert answer.status == 500
    assert why in answer.text and "unix:" not in answer.text


@pytest.mark.parametrize("script", [close, hang, saying(b"HTTP/1.0 400\r\n")])
def test_faults(fake, exporter, script):
    running = exporter("", timeout=0.3 * SLOW)
    answer = ask(running, fake(script).address)
    assert answer.status == 500 and answer.text.strip()


def test_dead(dead, exporter):
    assert ask(exporter(""), dead).status == 500


def test_real_memcached(memcached, exporter):
    """It is no cluster's endpoint, but answers scrapes as before."""
    server = memcached()
    running = exporter("")
    assert "knows no cluster" in ask(running, server.address).text
    assert running.scrape(server.address).up == 1


def test_deadline(fake, exporter):
    running = exporter("", timeout=60)
    answer = running.get(
        f"/sd?target={fake(hang).address}",
        headers={"X-Prometheus-Scrape-Timeout-Seconds": str(0.2 * SLOW)})
    assert answer.status == 500 and "config get cluster" in answer.text


def test_parameters(exporter, tmp_path):
    put(tmp_path / "m.yml", "modules: {b: {protocol: binary}}\n"
        "pools: {p: {servers: [a1]}}\n")
    running = exporter("", f"--config.file={tmp_path / 'm.yml'}")
    for query, why in [
            ("", "'pool' and 'target'"), ("target=", "'pool' and 'target'"),
            ("target=a&pool=p", "'pool' and 'target'"),
            ("target=a:b:c", "expected"), ("target=a&module=x", "Unknown"),
    ]:
        answer = running.get(f"/sd?{query}")
        assert answer.status == 400 and why in answer.text
    answer = ask(running, "127.0.0.1:1", module="b")
    assert answer.status == 500 and "protocol ascii" in answer.text


def test_credentials(fake, exporter, tmp_path):
    """memcached -Y wants them before anything else."""
    said = []

    def script(conn):
        commands = conn.commands()
        is_known = False
        for command in commands:
            if command.startswith("set auth"):
                said.append(next(commands))
                is_known = True
                conn.send(b"STORED\r\n")
            elif is_known:
                conn.answer(command)
            else:
                conn.send(b"CLIENT_ERROR unauthenticated\r\n")

    server = fake(script, answers=cluster("a||1"))
    put(tmp_path / "p", "secret")
    put(tmp_path / "m.yml", "modules: {m: {auth: {type: ascii, username: u, "
        f"password_file: p}}, targets: ['{server.address}']}}}}")
    running = exporter("", f"--config.file={tmp_path / 'm.yml'}")
    answer = ask(running, server.address, module="m")
    assert json.loads(answer.text) == groups(server.address, ("a:1", ""))
    assert said == ["u secret"]
    assert ask(running, server.address).status == 500


def test_allowed(fake, exporter, etc, nameserver):
    """The same rules and sentences as of /scrape: a name that is not there is
    not told from one that is not allowed."""
    server = fake(answers=cluster("a||1"), host="127.1.0.1")
    prefix = etc("127.2.0.1 inside.example\n",
                 resolv_conf=nameserver({}).resolv_conf)
    running = exporter("", "--scrape.allow-target=127.1.0.0/16", prefix=prefix)
    assert ask(running, f"127.1.0.1:{server.port}").status == 200
    refusals = [ask(running, target) for target in (
        "inside.example:1", "no.example:1")]
    assert {(a.status, a.text) for a in refusals} == {
        (403, running.get("/scrape?target=no.example:1").text)}
    assert ask(running, "127.2.0.1:1").status == 403
    assert ask(running, "unix:/run/x").status == 403
    eventually(lambda: running.metrics().value(
        "memcached_exporter_targets") == 1)


def test_limits(fake, exporter):
    """It counts among the requests of --web.max-requests."""
    server = fake(hang)
    running = exporter("", "--web.max-requests=1", timeout=60)
    thread = threading.Thread(
        target=lambda: ask(running, server.address), daemon=True)
    thread.start()
    eventually(lambda: server.commands)
    assert ask(running, server.address).status == 503
    server.stop()
    thread.join()


def test_at_once(fake, exporter):
    """Requests that come while one is under way share the next."""
    gate = threading.Event()

    def script(conn):
        for command in conn.commands():
            gate.wait()
            conn.answer(command)

    server = fake(script, answers=cluster("a||1"))
    running = exporter("")
    answers = []
    threads = [threading.Thread(
        target=lambda: answers.append(ask(running, server.address).text))
        for _ in range(8)]
    threads[0].start()
    eventually(lambda: server.commands)
    for thread in threads[1:]:
        thread.start()
    gate.set()
    for thread in threads:
        thread.join()
    assert len(set(answers)) == 1 and json.loads(answers[0])
    assert len(server.connections) == 1


def test_prometheus(memcached, fake, exporter, stack, tmp_path):
    """Prometheus finds the nodes, scrapes them, and keeps them when the
    endpoint fails."""
    nodes = [memcached() for _ in range(3)]
    endpoint = fake(answers=cluster(
        *(f"localhost|127.0.0.1|{node.port}" for node in nodes)))
    running = exporter("")
    prometheus = Prometheus(tmp_path, running.address, f"""\
- job_name: nodes
  metrics_path: /scrape
  http_sd_configs:
  - url: http://{running.address}/sd?target={endpoint.address}
    refresh_interval: 1s
  relabel_configs:
  - source_labels: [__address__]
    target_label: __param_target
  - source_labels: [__address__]
    target_label: instance
  - source_labels: [__meta_memcached_cluster]
    target_label: cluster
  - target_label: __address__
    replacement: {running.address}
""")
    stack.callback(prometheus.stop)
    query = f'memcached_up{{job="nodes",cluster="{endpoint.address}"}}'
    eventually(lambda: prometheus.query(query) == [1, 1, 1], timeout=30)
    failed = len(endpoint.commands)
    endpoint.answers = {}
    eventually(lambda: len(endpoint.commands) > failed + 4, timeout=30)
    assert prometheus.query(query) == [1, 1, 1]
