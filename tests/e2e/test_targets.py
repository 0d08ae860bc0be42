"""What is known of the targets: as JSON, and as the page's table."""

import contextlib
import datetime
import itertools
import json
import os
import re
import threading
from html.parser import HTMLParser

import pytest

from exporter import probe
from fake import gated, saying
from poll import SLOW, eventually

SCRIPT = '"><script>alert(1)'
NONE = {
    "reason": "", "lastError": "", "connectionAgeSeconds": None,
    "hitRatio": None, "memoryUsedRatio": None,
}


class Page(HTMLParser):
    """The table's rows as {class: text}, and all elements there are."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.elements, self.text = [], [], text
        self._cell = None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.elements.append((tag, attrs))
        if tag == "tr" and "data-state" in attrs:
            self.rows.append({})
        elif tag in ("td", "th") and self.rows:
            self._cell = attrs["class"]
            self.rows[-1][self._cell] = ""

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self._cell = None

    def handle_data(self, data):
        if self._cell:
            self.rows[-1][self._cell] += data


def data(running, query=""):
    answer = running.get(f"/api/v1/targets{query}")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json"
    parsed = json.loads(answer.text)
    assert parsed["status"] == "success"
    return parsed["data"]


def targets(running, query=""):
    """By address."""
    return {t["address"]: t for t in data(running, query)["targets"]}


def page(running):
    return Page(running.get("/").text)


def seconds_ago(text):
    then = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z")
    now = datetime.datetime.now(datetime.timezone.utc)
    return (now - then).total_seconds()


def test_none(exporter):
    running = exporter("")
    assert data(running)["targets"] == []
    assert data(running)["known"] == data(running)["down"] == 0
    assert page(running).rows == []
    assert "None yet" in running.get("/").text


def test_up(memcached, exporter):
    server = memcached("-m", "16")
    server.ask(b"set a 0 0 1\r\nx\r\n", b"STORED\r\n")
    server.ask(b"get a\r\nget a\r\nget a\r\nget b\r\nget a\r\nget b\r\n"
               b"get a\r\nget a\r\nmn\r\n", b"MN\r\n")
    running = exporter(server.address)
    metrics = running.metrics()
    target = targets(running)[server.address]
    age = target.pop("connectionAgeSeconds")
    assert 0 <= age < 60 and -1 <= seconds_ago(target.pop("since")) < 60
    assert 0 < target.pop("lastScrapeDurationSeconds") < 1 * SLOW
    assert target == {
        **{k: v for k, v in NONE.items() if k != "connectionAgeSeconds"},
        "address": server.address, "module": "", "state": "up",
        "hitRatio": 0.75,
        "memoryUsedRatio":
            metrics.value("memcached_current_bytes") / (16 << 20),
    }
    row, = page(running).rows
    assert row["address"] == server.address
    assert row["state"] == "up" and row["hits"] == "75.0 %"
    assert row["memory"] == "0.0 %" and re.fullmatch(r"\d+ s", row["since"])
    assert re.fullmatch(r"\d+(\.\d\d)? ms", row["duration"])
    assert row["error"].strip() == row["module"] == "\u2013"
    eventually(
        lambda: targets(running)[server.address]["connectionAgeSeconds"] > age)


# bytes, limit_maxbytes, hits, misses: what JSON and the page say of them.
RATIOS = {
    "small": ((1024, 2776087813685248, 1, 1), 1024 / 2776087813685248, 0.5,
              "0.0 %", "50.0 %"),
    "only rounded": ((99999, 100000, 10 ** 19, 1), 0.99999, 1 - 2 ** -53,
                     "99.9 %", "99.9 %"),
    "all": ((5, 5, 7, 0), 1, 1, "100.0 %", "100.0 %"),
    "wrapped": ((2 ** 64 - 5, 100, 0, 0), None, None, "\u2013", "\u2013"),
}


@pytest.mark.parametrize("name", RATIOS)
def test_ratios(fake, exporter, name):
    (used, limit, hits, misses), memory, hit, *shown = RATIOS[name]
    answer = (f"STAT bytes {used}\r\nSTAT limit_maxbytes {limit}\r\n"
              f"STAT get_hits {hits}\r\nSTAT get_misses {misses}\r\nEND\r\n")
    server = fake(answers={"stats": answer.encode()})
    running = exporter(server.address)
    running.metrics()
    target = targets(running)[server.address]
    assert (target["memoryUsedRatio"], target["hitRatio"]) == (memory, hit)
    assert re.search(r'"memoryUsedRatio":(null|[\d.]+)[,}]',
                     running.get("/api/v1/targets").text)
    row, = page(running).rows
    assert [row["memory"], row["hits"]] == shown


def test_down_and_up_again(memcached, exporter):
    server = memcached()
    server.ask(b"get a\r\nmn\r\n", b"MN\r\n")
    running = exporter("")
    assert running.scrape(server.address).up == 1
    server.stop()
    for _ in range(2):
        assert running.scrape(server.address).reason == "refused"
    target = targets(running)[server.address]
    assert target["state"] == "down" and target["reason"] == "refused"
    assert target["lastError"] == \
        f"connect to {server.address}: Connection refused"
    assert target["connectionAgeSeconds"] is None
    assert target["hitRatio"] == 0  # as it was
    assert data(running)["down"] == 1
    row, = page(running).rows
    assert row["error"] == f"refused {target['lastError']}"
    assert row["connection"] == "\u2013" and row["module"] == "default"
    server.start()
    assert running.scrape(server.address).up == 1
    target = targets(running)[server.address]
    assert target["state"] == "up"
    assert target["reason"] == target["lastError"] == ""
    assert data(running)["down"] == 0


def test_keys_that_are_not_there(fake, exporter):
    server = fake()
    running = exporter(server.address)
    assert running.metrics().up == 1
    target = targets(running)[server.address]
    assert target["state"] == "up"
    assert target["hitRatio"] is target["memoryUsedRatio"] is None
    shown = page(running)
    assert shown.rows[0]["hits"] == shown.rows[0]["memory"] == "\u2013"
    meters = [attrs for tag, attrs in shown.elements if tag == "meter"]
    assert len(meters) == 2 and all("hidden" in m for m in meters)


def test_unknown_while_the_first_scrape_is_under_way(fake, exporter):
    gate = threading.Event()
    server = fake(gated(gate))
    running = exporter(server.address, timeout=10)
    sock = running.send()
    eventually(lambda: server.collections == 1)
    target = targets(running)[server.address]
    assert target["state"] == "unknown"
    assert target["lastScrapeDurationSeconds"] is None
    assert page(running).rows[0]["duration"] == "\u2013"
    gate.set()
    eventually(lambda: targets(running)[server.address]["state"] == "up")
    sock.close()


def test_down_comes_first(fake, exporter, dead):
    hosts = ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
    servers = [f"{host}:{fake(host=host).port}" for host in hosts]
    running = exporter("")
    for address in servers[2], servers[0], dead, servers[1]:
        running.scrape(address)
    wanted = [dead, *servers]
    assert [t["address"] for t in data(running)["targets"]] == wanted
    assert [row["address"] for row in page(running).rows] == wanted
    assert list(targets(running, "?limit=2")) == wanted[:2]
    assert data(running, "?limit=0")["known"] == 4


def test_modules(fake, exporter, folder):
    """A target is there once for each; a reload brings other modules."""
    name = "'\"><b>&amp;"
    config = f"{folder}/modules.yml"
    with open(config, "w") as file:
        json.dump({"modules": {name: {"timeout": "1s"}}}, file)
    server = fake()
    running = exporter(server.address, f"--config.file={config}",
                       "--web.enable-lifecycle")
    running.metrics()
    path = probe(server.address)
    assert running.get(path).status == 200
    assert running.get(f"{path}&module=%27%22%3E%3Cb%3E%26amp%3B").status == 200
    found = [t["module"] for t in data(running)["targets"]]
    assert sorted(found) == ["", name, "default"]
    shown = page(running)
    assert sorted(r["module"] for r in shown.rows) == [name, "default", "\u2013"]
    assert ("option", {"selected": None}) in shown.elements
    assert name not in shown.text
    os.unlink(config)
    with open(config, "w") as file:
        file.write("modules: {}\n")
    assert running.get("/-/reload", method="POST").status == 200
    assert "<select" not in running.get("/").text
    found = [t["module"] for t in data(running)["targets"]]
    assert sorted(found) == ["", "default"]


def test_known_after_a_reload(fake, exporter, dead, tmp_path):
    """Unless the module is not for it any more."""
    config = tmp_path / "modules.yml"
    changes = itertools.count(1)

    def write(host):
        config.write_text(f"modules: {{a: {{targets: ['{host}:*'],"
                          f" timeout: 1{next(changes)}s}}}}\n")

    write("127.0.0.1")
    up = fake(answers={"stats": b"STAT get_hits 3\r\nSTAT get_misses 1\r\n"
                       b"END\r\n"})
    gate = threading.Event()
    busy = fake(gated(gate))
    running = exporter(up.address, f"--config.file={config}",
                       "--web.enable-lifecycle", timeout=10)

    def reload(host="127.0.0.1"):
        write(host)
        assert running.get("/-/reload", method="POST").status == 200
        found = {(t["address"], t["module"]): t
                 for t in data(running)["targets"]}
        assert len(found) == len(data(running)["targets"])
        # what has not changed keeps its connection
        assert found[up.address, ""].pop("connectionAgeSeconds") > 0
        return found

    running.metrics()
    for address in up.address, dead, busy.address:
        if address == busy.address:
            gate.set()
        running.get(f"{probe(address)}&module=a")
    gate.clear()
    before = reload()
    assert {t.get("connectionAgeSeconds") for t in before.values()} == {None}
    assert set(before) == {
        (up.address, ""), *((server, "a") for server in (
            up.address, dead, busy.address))}
    assert before[up.address, "a"]["hitRatio"] == 0.75
    assert before[dead, "a"]["reason"] == "refused"
    with running.send(f"GET {probe(busy.address)}&module=a HTTP/1.1\r\n"
                      "Host: x\r\n\r\n".encode()) as sock:
        eventually(lambda: busy.collections == 2)
        assert reload() == before  # the one that is being asked as well
        gate.set()
        assert b"\nmemcached_up 1\n" in sock.recv(65536)
    assert reload() == before
    assert set(reload("127.0.0.9")) == {(up.address, "")}


def elements(running):
    """Each tag of the page and how often; its attributes' names."""
    return [(tag, sorted(attrs)) for tag, attrs in page(running).elements]


def assert_shown(running, address, error=""):
    """These very texts, and no element that they might have made."""
    plain = elements(running)
    assert not [attrs for _, attrs in plain
                if any(name.startswith("on") or name == "style"
                       for name in attrs)]
    assert sum(tag == "script" for tag, _ in plain) == 1
    assert not {"img", "svg", "i"} & {tag for tag, _ in plain}
    row = next(r for r in page(running).rows if r["address"] == address)
    assert error in row["error"]


def test_hostile_path(fake, exporter, folder):
    """A socket's path may hold any byte."""
    server = fake(path=os.fsdecode(
        f"{folder}/<i>'\"&\n".encode() + b"\xff\x1b"))
    running = exporter(server.address)
    assert running.metrics().up == 1
    wanted = f"unix:{folder}/<i>'\"&"
    assert f"{wanted}\n\ufffd\x1b" in targets(running)
    assert_shown(running, f"{wanted}\ufffd\ufffd\ufffd")


def test_what_a_server_says_is_for_the_log(fake, exporter):
    """It may be another service's banner, and anybody can ask for it."""
    words = "SSH-2.0-secret-of-another-service"
    for said in f"{words}\r\n" * 4, f"SERVER_ERROR {words}\r\n" * 4:
        running = exporter("")
        address = fake(saying(said.encode())).address
        assert running.scrape(address).up == 0
        assert targets(running)[address]["reason"] == "protocol"
        assert "the log" in targets(running)[address]["lastError"]
        for path in "/", "/api/v1/targets", "/metrics":
            assert "secret" not in running.get(path).text
        running.stop()
        assert words in "\n".join(running.log())


def test_target_in_the_query_of_the_page(exporter):
    running = exporter("")
    query = probe(SCRIPT, path="/")
    assert running.get(query).text == running.get("/").text


@pytest.fixture
def many(exporter):
    """An exporter that knows 1,003 targets, all of them down."""
    running = exporter("", timeout=5)
    with contextlib.closing(running.connection()) as conn:
        for i in range(1003):
            path = probe(f"127.1.{i // 250}.{i % 250 + 1}:1")
            assert running.request(conn, path).status == 200
    return running


def test_many(many):
    """The page and the JSON have their limit; the JSON has all if asked."""
    found = data(many)
    assert len(found["targets"]) == 1000
    assert found["known"] == found["down"] == 1003
    found = data(many, "?limit=99999999")
    assert len(found["targets"]) == found["known"] == found["down"] == 1003
    shown = page(many)
    assert len(shown.rows) == 1000
    assert "<span>3</span> more" in shown.text
    assert "limit=16384" in shown.text


def test_many_are_listed_once_a_second(many, dead):
    """However many ask; what they get is as old as it says."""
    for path in "/api/v1/targets", "/":
        with contextlib.closing(many.connection()) as conn:
            def fetch():
                return many.request(conn, path).text

            first = fetch()
            many.scrape(dead)
            rounds = 0
            while fetch() == first:
                rounds += 1
            assert rounds > 3
            eventually(lambda: dead in fetch() or "1004" in fetch())


def test_few_are_listed_as_they_are(fake, exporter):
    running = exporter("")
    for known in range(1, 6):
        running.scrape(fake().address)
        assert data(running)["known"] == len(page(running).rows) == known


def test_limits_of_one_second(many):
    """Each is a list of its own, and those are not without number."""
    with contextlib.closing(many.connection()) as conn:
        def fetch(limit):
            answer = many.request(conn, f"/api/v1/targets?limit={limit}")
            if answer.status == 503:
                assert int(answer.headers["Retry-After"]) >= 1
            else:
                listed = json.loads(answer.text)["data"]["targets"]
                assert len(listed) == limit
            return answer.status

        assert 503 in [fetch(limit) for limit in range(1, 12)]
        eventually(lambda: fetch(3) == 200)


POLICY = {
    "default-src 'none'", "script-src 'self'", "style-src 'self'",
    "img-src 'self'", "connect-src 'self'", "form-action 'self'",
    "base-uri 'none'", "frame-ancestors 'none'",
}


def test_policy(exporter):
    headers = exporter("").get("/").headers
    found = headers["Content-Security-Policy"].split("; ")
    assert len(found) == len(POLICY) and set(found) == POLICY
    assert headers["Referrer-Policy"] == "no-referrer"


def test_links(fake, exporter):
    """All relative, so that a proxy's prefix works, and all lead somewhere."""
    server = fake()
    running = exporter(server.address, "--web.telemetry-path=/a'b&c/d",
                       "--web.scrape-path=/s")
    links = [
        attrs[name] for _, attrs in page(running).elements
        for name in ("href", "src", "action") if name in attrs]
    assert {"./a'b&c/d", "./api/v1/targets", "./page.css", "./page.js",
            "./page.svg", "./s"} <= set(links)
    for link in links:
        assert re.match(r"\./\w|\./-/", link)
        status = running.get(link[1:]).status
        assert status == (400 if link == "./s" else 200), link


@pytest.mark.parametrize("path, kind, word", [
    ("/page.css", "text/css; charset=utf-8", "prefers-color-scheme: dark"),
    ("/page.js", "text/javascript; charset=utf-8", "textContent"),
    ("/page.svg", "image/svg+xml", "</svg>"),
    ("/favicon.ico", "image/svg+xml", "</svg>"),
])
def test_files(exporter, path, kind, word):
    answer = exporter("").get(path)
    assert answer.headers["Content-Type"] == kind
    assert word in answer.text and answer.text.endswith("\n")
    assert "://" not in answer.text.replace("http://www.w3.org/2000/svg", "")
