"""Metrics from values: `queries` of --config.file."""

import re
import socket
import subprocess
import threading
import urllib.parse

import pytest

import binary
import fake
from conftest import started
from daemons import promtool
from exporter import run
from exposition import Exposition
from poll import SLOW

CONFIG = r"""
queries:
  shop_orders_open:
    query: get orders.de orders.fr orders.none
    description: "Open orders, \"by\" country\\state"
    columns: [state, country, value]
    labels: [state, country]
  shop_visits_total:
    query: get visits
    type: counter
    scale: 1000
  shop_stock:
    query: get stock
modules:
  default:
    queries: [shop_orders_open, shop_visits_total, shop_stock]
"""
VALUES = {"orders.de": 'pa"id|de|17', "orders.fr": "||4", "visits": "12",
          "stock": " 007 "}
NAMES = ["shop_orders_open", "shop_visits_total", "shop_stock"]


def store(server, values):
    with socket.socket(server.socket[0]) as sock:
        sock.settimeout(5 * SLOW)
        sock.connect(server.socket[1])
        for key, value in values.items():
            sock.sendall(f"set {key} 0 0 {len(value)}\r\n{value}\r\n".encode())
            assert sock.recv(100) == b"STORED\r\n"


def config(folder, text):
    path = folder / "queries.yml"
    path.write_text(text)
    return f"--config.file={path}"


def module(**settings):
    """CONFIG, with more in its module."""
    lines = "".join(f"\n    {k}: {v}" for k, v in settings.items())
    return CONFIG.replace("  default:", f"  default:{lines}")


def errors(metrics):
    """Counts by query and reason."""
    name = "memcached_query_errors"
    return {(labels["query"], labels["reason"]): metrics.value(name, **labels)
            for labels in metrics.labels(name)}


def successes(metrics):
    name = "memcached_query_success"
    return {labels["query"]: metrics.value(name, **labels)
            for labels in metrics.labels(name)}


def assert_all(metrics):
    assert metrics.up == 1 and all(metrics.success.values())
    assert metrics.value("shop_orders_open", state='pa"id', country="de") == 17
    assert metrics.value("shop_orders_open", state="", country="") == 4
    assert len(metrics.labels("shop_orders_open")) == 2
    assert metrics.value("shop_visits_total") == 12000
    assert metrics.value("shop_stock") == 7
    assert successes(metrics) == dict.fromkeys(NAMES, 1)
    assert errors(metrics) == {} and metrics.ignored == 0


@pytest.mark.parametrize("protocol", ["ascii", "binary"])
def test_real(memcached, exporter, tmp_path, protocol):
    server = memcached()
    store(server, VALUES)
    running = exporter(
        server.address, config(tmp_path, module(protocol=protocol)))
    for _ in range(3):  # on one connection
        assert_all(running.metrics())
    assert running.metrics().value("memcached_exporter_connects_total") == 1
    assert_all(running.scrape(server.address))


def test_formats(memcached, exporter, tmp_path):
    server = memcached()
    store(server, VALUES)
    running = exporter(server.address, config(tmp_path, CONFIG))
    text = running.get().text
    assert not [name for name in promtool(text) if name in (
        *NAMES, "memcached_query_success", "memcached_query_errors")]
    assert Exposition(text).families["shop_orders_open"].help == \
        r'Open orders, "by" country\\state'
    answer = running.get(headers={"Accept": "application/openmetrics-text"})
    assert answer.headers["Content-Type"].startswith(
        "application/openmetrics-text")
    block = re.search(
        r"# TYPE shop_visits counter\n# HELP shop_visits .*\n"
        r"shop_visits_total 12000\n", answer.text)
    assert block and answer.text.endswith("# EOF\n")
    assert r'# HELP shop_orders_open Open orders, \"by\" country\\state' \
        in answer.text


def test_ascii_authentication(memcached, exporter, tmp_path):
    users = tmp_path / "users"
    users.write_text("me:secret\n")
    (tmp_path / "password").write_text("secret\n")
    server = memcached("-Y", str(users))
    with socket.create_connection(server.socket[1]) as sock:
        sock.sendall(b"set auth 0 0 9\r\nme secret\r\n"
                     b"set stock 0 0 1\r\n7\r\n")
        answer = b""
        while answer.count(b"STORED") < 2:
            answer += sock.recv(100)
    running = exporter(server.address, config(tmp_path, module(
        auth=f"{{username: me, password_file: {tmp_path}/password}}",
        targets=f"['{server.address}']")))
    for _ in range(2):
        metrics = running.metrics()
        assert metrics.up == 1
        assert metrics.value("shop_stock") == 7
        assert successes(metrics) == dict.fromkeys(NAMES, 1)


def test_sasl(memcached, exporter, tmp_path, monkeypatch):
    database = tmp_path / "db"
    (tmp_path / "memcached.conf").write_text(
        f"mech_list: plain\nsasldb_path: {database}\n")
    subprocess.run(
        ["saslpasswd2", "-p", "-a", "memcached", "-c", "-f", database, "me"],
        input="secret", text=True, capture_output=True, check=True)
    (tmp_path / "password").write_text("secret\n")
    monkeypatch.setenv("SASL_CONF_PATH", str(tmp_path))
    server = memcached("-S")
    text = module(
        auth=f"{{type: sasl, username: me, password_file: {tmp_path}/password}}",
        targets=f"['{server.address}']",
        probe="{key: stock, write: true}")
    running = exporter(server.address, config(tmp_path, text))
    for _ in range(2):
        metrics = running.metrics()
        assert metrics.up == 1
        assert successes(metrics) == dict.fromkeys(NAMES, 1)
        assert metrics.value("memcached_probe_success", operation="get") == 1


def test_tls(authority, memcached, exporter, tmp_path):
    cert, key = authority.issue("IP:127.0.0.1")
    server = memcached("-Z", "-o", f"ssl_chain_cert={cert},ssl_key={key}")
    text = module(tls="{insecure_skip_verify: true}", probe="{}")
    running = exporter(server.address, config(tmp_path, text))
    metrics = running.metrics()
    assert metrics.up == 1
    assert successes(metrics) == dict.fromkeys(NAMES, 1)


def test_one_write(fake, exporter, tmp_path):
    """They come behind `stats`, in the same packet, each key by itself."""
    server = fake(answers=dict.fromkeys(
        ["get a", "get b"], b"END\r\n"))
    running = exporter(server.address, config(
        tmp_path, "queries: {q: {query: get a b}}\n"
        "modules: {default: {collectors: [], queries: [q]}}\n"))
    assert running.metrics().up == 1
    assert server.reads == [b"stats\r\nstats slabs\r\nget a\r\nget b\r\n"]


def test_down(dead, exporter, tmp_path):
    metrics = exporter(dead, config(tmp_path, CONFIG)).metrics()
    assert metrics.up == 0
    assert successes(metrics) == dict.fromkeys(NAMES, 0)
    assert errors(metrics) == {
        (NAMES[0], "unanswered"): 3, (NAMES[1], "unanswered"): 1,
        (NAMES[2], "unanswered"): 1}
    assert "shop_stock" not in metrics


ONE = ("queries: {q: {query: get a b}, r: {query: get c}}\n"
       "modules: {default: {queries: [q, r]}}\n")
GOOD = {"get a": b"VALUE a 0 2\r\n42\r\nEND\r\n", "get b": b"END\r\n",
        "get c": b"VALUE c 0 1\r\n7\r\nEND\r\n"}
BIG = 2_000_000


@pytest.mark.parametrize("answer, found, told", [
    (b"END\r\n", {"r": 7}, {}),
    (b"SERVER_ERROR out of memory\r\n", {"r": 7}, {("q", "refused"): 1}),
    (b"CLIENT_ERROR bad command line format\r\n", {"r": 7},
     {("q", "refused"): 1}),
    (b"VALUE z 0 2\r\n42\r\nEND\r\n", {"r": 7}, {("q", "other_key"): 1}),
    (b"VALUE a 0 5\r\nHELLO\r\nEND\r\n", {"r": 7}, {("q", "number"): 1}),
    (b"VALUE a 0 %d\r\n%b\r\nEND\r\n" % (BIG, b"x" * BIG), {"r": 7},
     {("q", "too_large"): 1}),
    (b"VALUE a 0 1\r\n42\r\nEND\r\n", {},
     {("q", "length"): 1, ("q", "unanswered"): 1, ("r", "unanswered"): 1}),
    (b"VALUE a 0 4294967296\r\n42\r\nEND\r\n", {},
     {("q", "length"): 1, ("q", "unanswered"): 1, ("r", "unanswered"): 1}),
    # the length reaches into what follows
    (b"VALUE a 0 20\r\n42\r\nEND\r\n", {},
     {("q", "length"): 1, ("q", "unanswered"): 1, ("r", "unanswered"): 1}),
], ids=["missing", "server-error", "client-error", "other-key", "no-number",
        "too-large", "length-short", "length-absurd", "length-long"])
def test_faults(fake, exporter, tmp_path, answer, found, told):
    """The server is up all the same, now and the next time."""
    server = fake(answers={**GOOD, "get a": answer})
    running = exporter(server.address, config(tmp_path, ONE))
    for _ in range(3):
        metrics = running.metrics()
        assert metrics.up == 1 and all(metrics.success.values())
        assert {name: metrics.value(name)
                for name in "qr" if name in metrics} == found
        assert errors(metrics) == told
        assert successes(metrics) == {
            name: float(not any(name == q for q, _ in told)) for name in "qr"}


@pytest.mark.parametrize("start", [b"", b"VALUE a 0 100\r\nand no end"])
def test_never_ends(stack, exporter, tmp_path, start):
    """At the deadline what came is there, however often that happens."""

    def script(conn):
        for command in conn.commands():
            if command == "get a":
                conn.send(start)
                fake.hang(conn)
                return
            conn.answer(command)

    server = started(stack, fake.FakeServer, script)
    running = exporter(server.address, config(tmp_path, ONE), timeout=0.3)
    for _ in range(6):
        metrics = running.metrics()
        assert metrics.up == 1 and all(metrics.success.values())
        assert errors(metrics) == {("q", "unanswered"): 2,
                                   ("r", "unanswered"): 1}


def test_hung_up_in_a_value(fake, exporter, tmp_path):
    def script(conn):
        for command in conn.commands():
            if command == "get a":
                conn.send(b"VALUE a 0 100\r\nhalf")
                return
            conn.answer(command)

    running = exporter(fake(script).address, config(tmp_path, ONE))
    for _ in range(3):
        metrics = running.metrics()
        assert metrics.up == 1 and all(metrics.success.values())
        assert successes(metrics) == {"q": 0, "r": 0}


def test_answers_that_change_their_length(fake, exporter, tmp_path):
    """What is waited for is what came the last time: nobody waits for long
    when there is less, and nothing is lost when there is more."""
    server = fake(answers=GOOD)
    running = exporter(server.address, config(tmp_path, ONE))
    for length in 200, 1, 1000, 0, 50000, 2:
        value = b"7" + b" " * length
        server.answers["get a"] = b"VALUE a 0 %d\r\n%b\r\nEND\r\n" % (
            len(value), value)
        metrics = running.metrics()
        assert metrics.value("q") == 7 and metrics.value("r") == 7
        assert errors(metrics) == {}
        assert metrics.value("memcached_scrape_duration_seconds") < 0.2 * SLOW
    assert len(server.connections) == 1


def test_slow_value(fake, exporter, tmp_path):
    """It is waited for, and not asked for in another way: the answers to
    `stats` have shown that the server takes several commands."""
    gate = threading.Event()

    def slow():
        gate.wait(0.6 * SLOW)  # of 1 s; a quarter would be for a hedge
        return GOOD["get a"]

    server = fake(answers={**GOOD, "get a": slow})
    running = exporter(server.address, config(tmp_path, ONE))
    for _ in range(2):
        metrics = running.metrics()
        assert metrics.up == 1 and metrics.value("q") == 42
        assert errors(metrics) == {}
    assert len(server.connections) == 1 and len(server.reads) == 2


def one_at_a_time(conn):
    """Answers the first command of each write and drops the rest."""
    for commands in conn.reads():
        for command in commands:
            conn.server.commands.append(command)
        conn.answer(commands[0])


def test_one_by_one(fake, exporter, tmp_path):
    """A server that cannot take several commands in one write."""
    server = fake(one_at_a_time, answers=GOOD)
    running = exporter(server.address, config(tmp_path, ONE))
    for _ in range(2):
        metrics = running.metrics()
        assert metrics.up == 1 and all(metrics.success.values())
        assert metrics.value("q") == 42 and metrics.value("r") == 7
        assert errors(metrics) == {}


@pytest.mark.parametrize("status, reason", [
    (binary.NOT_FOUND, None), (0x85, "refused")])
def test_binary_faults(fake, exporter, tmp_path, status, reason):
    def script(conn):
        for request in binary.requests(conn):
            if request.opcode == 0x0c:
                conn.send(binary.packet(request, status=status))
            else:
                binary.answer(conn, request)

    server = fake(script)
    running = exporter(server.address, config(
        tmp_path, "queries: {q: {query: get a}}\n"
        "modules: {default: {protocol: binary, queries: [q]}}\n"))
    metrics = running.metrics()
    assert metrics.up == 1 and all(metrics.success.values())
    assert errors(metrics) == ({("q", reason): 1} if reason else {})


def test_binary_large(memcached, exporter, tmp_path):
    """Longer than what other packets may have, and past the limit."""
    server = memcached("-I", "4m", "-m", "64")
    store(server, {"a": "1" + " " * 100000, "b": "2" * (1 << 20) + "x"})
    running = exporter(server.address, config(
        tmp_path, "queries: {q: {query: get a}, r: {query: get b}}\n"
        "modules: {default: {protocol: binary, queries: [q, r]}}\n"))
    metrics = running.metrics()
    assert metrics.up == 1 and metrics.value("q") == 1
    assert errors(metrics) == {("r", "too_large"): 1}


def test_modules(memcached, exporter, tmp_path):
    """Only the module that lists a query asks it; a reload changes that."""
    server = memcached()
    store(server, {"a": "1"})
    flag = config(tmp_path, "queries: {q: {query: get a}}\n"
                            "modules: {m: {queries: [q]}}\n")
    running = exporter(server.address, flag, "--web.enable-lifecycle")
    path = f"/scrape?target={urllib.parse.quote(server.address)}"
    assert running.metrics(path=path + "&module=m").value("q") == 1
    assert "q" not in running.metrics(path=path)
    assert "memcached_query_success" not in running.metrics()
    config(tmp_path, "queries: {q: {query: get a, scale: 10}}\n"
                     "modules: {m: {queries: [q]}}\n")
    assert running.get("/-/reload", method="POST").status == 200
    assert running.metrics(path=path + "&module=m").value("q") == 10


# What is wrong in a file, and where

QUERY = "queries:\n  q:\n    query: get a\n"


@pytest.mark.parametrize("text, place, words", [
    ("queries: []\n", "1:10", "expected a mapping"),
    ("queries: {q: {}}\n", "1:14", 'expected "get" and keys'),
    ("queries: {q: {query: get}}\n", "1:22", 'expected "get" and keys'),
    ("queries: {q: {query: set a}}\n", "1:22", "queries only read"),
    ("queries: {q: {query: gets a}}\n", "1:22", "queries only read"),
    ("queries: {q: {query: get a a}}\n", "1:22", 'key "a" again'),
    (f"queries: {{q: {{query: get {'k' * 251}}}}}\n", "1:22",
     "1 to 250 bytes"),
    ('queries: {q: {query: "get a\\x01"}}\n', "1:22", "control character"),
    (f"queries: {{q: {{query: get {' '.join(map(str, range(101)))}}}}}\n",
     "1:22", "at most 100 keys"),
    ("queries: {1q: {query: get a}}\n", "1:11", "no name of a metric"),
    ("queries: {memcached_up: {query: get a}}\n", "1:11",
     "begin with memcached_ are taken"),
    ("queries: {process_x: {query: get a}}\n", "1:11", "are taken"),
    ("queries: {up: {query: get a}}\n", "1:11", "is taken"),
    ("queries: {q: {query: get a, type: counter}}\n", "1:11",
     "counter ends in _total"),
    ("queries: {q_total: {query: get a}}\n", "1:11", "expected type counter"),
    ("queries: {q: {query: get a, type: histogram}}\n", "1:35",
     "expected gauge or counter"),
    ("queries:\n  q: {query: get a}\n"
     "  q_total: {query: get a, type: counter}\n", "3:3",
     "one name in OpenMetrics"),
    ("queries:\n  q_total: {query: get a, type: counter}\n"
     "  q_created: {query: get a}\n", "3:3", "one name in OpenMetrics"),
    (QUERY + "    labels: [a]\n", "4:13", "labels needs columns"),
    (QUERY + "    columns: [a]\n", "3:5", '"value" is none of the columns'),
    (QUERY + "    columns: [a]\n    value: b\n", "5:12",
     '"b" is none of the columns'),
    (QUERY + "    columns: [a, a]\n", "4:18", 'column "a" again'),
    (QUERY + "    columns: [value]\n    labels: [b]\n", "5:14",
     '"b" is none of the columns'),
    (QUERY + "    columns: [value]\n    labels: [value]\n", "5:14",
     "can be no label"),
    (QUERY + "    columns: [value, __x]\n    labels: [__x]\n", "5:14",
     "Prometheus keeps"),
    (QUERY + "    columns: [value, le]\n    labels: [le]\n", "5:14",
     "belongs to histograms"),
    (QUERY + "    columns: [value, a-b]\n    labels: [a-b]\n", "5:14",
     "no name of a label"),
    (QUERY + "    columns: [value]\n    separator: ''\n", "5:16",
     "1 to 8 bytes"),
    (QUERY + "    scale: 0\n", "4:12", "other than 0"),
    (QUERY + "    scale: fast\n", "4:12", "other than 0"),
    (QUERY + "    labls: [a]\n", "4:5", 'unknown key "labls"'),
    ("modules:\n  m:\n    queries: [x]\n", "3:15", 'unknown query "x"'),
    (QUERY + "modules: {m: {queries: [q, q]}}\n", "4:28", "again"),
    ("queries:\n  q: {query: get a}\n  r: {query: get @@t.b}\n"
     "modules: {m: {queries: [q, r]}}\n", "4:28",
     '"a" beside "@@t.b": in the InnoDB plugin a key with @@ switches'),
    ("queries:\n  q: {query: get a @@t.b}\nmodules: {m: {queries: [q]}}\n",
     "3:25", "switches the connection"),
    ("queries:\n  r: {query: get @@t.b}\n"
     "modules: {m: {queries: [r], probe: {key: a}}}\n", "3:25",
     "switches the connection"),
    ("modules: {m: {probe: {write: true}}}\n", "1:15",
     "a probe that writes needs a key"),
    ("modules: {m: {probe: {key: a b}}}\n", "1:28", "no blank"),
    ("".join(["queries:\n",
              *(f"  q{i}: {{query: get {' '.join(map(str, range(100)))}}}\n"
                for i in range(11)),
              f"modules: {{m: {{queries: {[f'q{i}' for i in range(11)]}}}}}\n"]),
     "13:85", "1100 keys with this query, expected at most 1000"),
], ids=lambda value: value[:40])
def test_wrong(tmp_path, text, place, words):
    done = run("--config.check", config(tmp_path, text))
    told = done.stderr.replace(f"{tmp_path}/", "")
    assert told.startswith(
        f"memcached_exporter: error: queries.yml:{place}: "), told
    assert words in told
