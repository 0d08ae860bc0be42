"""/target: one target in pictures. TARGET_PICTURE=file.png keeps what it looks
like, for the README:

    TARGET_PICTURE=target.png make e2e PYTEST_ARGS='-k test_an_hour'
"""

import html
import math
import os
import pathlib
import random
import re
import urllib.parse

import pytest

from browser import size
from clock import Clock
from exporter import probe
from fake import replay
from poll import eventually

FIXTURE = pathlib.Path(__file__).parents[2] / "fixtures/stats/memcached-1.6.45"
CHARTS = ["hits", "commands", "evictions", "connections", "memory", "traffic"]


class Numbers:
    """The answers of a memcached whose numbers the test moves."""

    def __init__(self, **more):
        self.values = {
            "uptime": 100, "cmd_get": 0, "cmd_set": 0, "get_hits": 0,
            "get_misses": 0, "evictions": 0, "curr_connections": 12,
            "max_connections": 1024, "bytes": 32 << 20,
            "limit_maxbytes": 64 << 20, "bytes_read": 0, "bytes_written": 0,
            "version": "1.6.99", **more}
        self.answers = {**replay(FIXTURE), "stats": self.stats}

    def stats(self):
        return b"".join(
            f"STAT {key} {value}\r\n".encode()
            for key, value in self.values.items()) + b"END\r\n"

    def add(self, seconds, **more):
        self.values["uptime"] += seconds
        for key, value in more.items():
            self.values[key] += value

    def restart(self):
        for key in self.values:
            if key not in ("version", "max_connections", "limit_maxbytes"):
                self.values[key] = 0


def path(address, module=None):
    query = {"address": address, **({"module": module} if module else {})}
    return f"/target?{urllib.parse.urlencode(query)}"


def shown(running, *args):
    """The page of a target that is known."""
    answer = running.get(path(*args))
    assert answer.status == 200, answer.text
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    return answer.text


def figure(text, name):
    return re.search(f'<figure id="{name}">.*?</figure>', text, re.DOTALL)[0]


def words(text, name):
    """What a chart says to those who do not see it."""
    return html.unescape(
        re.search('aria-label="(.*?)"', figure(text, name))[1])


def line(text, name, look="one"):
    """How often the pen of a chart is put down, and how many points follow."""
    path = re.search(f'class="{look}" d="(.*?)"', figure(text, name))[1]
    return path.count("M"), path.count("L")


@pytest.fixture
def clock(tmp_path):
    return Clock(tmp_path)


@pytest.fixture
def numbers():
    return Numbers()


def watch(running, address):
    """Somebody looks at the target, before the second of two scrapes."""
    running.metrics()
    assert "Nothing yet" in shown(running, address)
    running.metrics()
    return running, address


@pytest.fixture
def watched(numbers, fake, exporter):
    """An exporter and the address of a target that somebody looks at."""
    server = fake(answers=numbers.answers)
    return watch(exporter(server.address), server.address)


@pytest.fixture
def timed(clock, numbers, fake, exporter):
    """The same with a clock that the test moves."""
    server = fake(answers=numbers.answers)
    return watch(exporter(server.address, env=clock.env), server.address)


def test_not_known(fake, exporter):
    """Nothing is scraped for the page; it says how to."""
    server = fake()
    running = exporter("")
    answer = running.get(path(server.address))
    assert answer.status == 404
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "This target is not known" in answer.text
    assert server.collections == 0
    link = html.unescape(re.search(r'href="\.(/scrape.*?)"', answer.text)[1])
    assert "memcached_up 1" in running.get(link).text
    assert "<h2" in shown(running, server.address)
    assert server.collections == 1


@pytest.mark.parametrize("query, sentence", [
    ("", "'address' parameter must be specified"),
    ("?address=", "'address' parameter must be specified"),
    ("?address=a:b", "port"),
    ("?address=a&module=none", "Unknown module"),
    ("?address=a%00b", "NUL"),
])
def test_bad_queries(exporter, query, sentence):
    answer = exporter("").get(f"/target{query}")
    assert answer.status == 400
    assert sentence in answer.text


def test_numbers(clock, numbers, timed):
    """Rates are of the time between two scrapes, levels of the last one."""
    running, address = timed
    numbers.add(60, cmd_get=600, get_hits=450, get_misses=150, cmd_set=60,
                evictions=6, bytes_read=60 << 10, bytes_written=120 << 10)
    clock.forward(60)
    running.metrics()
    text = shown(running, address)
    about = {name: words(text, name) for name in CHARTS}
    assert about["hits"].startswith(
        "Hit ratio between scrapes in the last hour: now 75.0 %")
    # the machine's own time passes as well
    for name, pattern in [
            ("commands", r"get now (10|9\.9\d*)/s.*; set now (1|0\.99)/s"),
            ("evictions", r"now 0\.1/s"),
            ("traffic", r"read now (1 KiB|10\d\d B)/s.*; written now "
             r"(2|1\.99) KiB/s")]:
        assert re.search(pattern, about[name]), about[name]
    assert about["connections"] == (
        "Connections in the last hour: now 12, lowest 12, highest 12; "
        "the maximum is 1024")
    assert about["memory"].endswith("now 32 MiB, lowest 32 MiB, highest "
                                    "32 MiB; the maximum is 64 MiB")
    assert line(text, "connections") == (1, 1)
    assert line(text, "commands", "two") == (1, 0)


def test_restart_is_a_gap(clock, numbers, timed):
    """Whether the counters are lower or, by then, higher than before."""
    running, address = timed
    for turn in range(8):
        clock.forward(60)
        numbers.add(60, cmd_get=600, get_hits=600)
        if turn == 2:
            numbers.restart()
        if turn == 5:
            numbers.restart()
            numbers.add(1, cmd_get=99999, get_hits=99999)
        running.metrics()
    text = shown(running, address)
    assert line(text, "commands") == (3, 3)
    assert line(text, "connections") == (1, 8)
    highest = re.search(r"get now .*?, highest ([\d.]+)", words(
        text, "commands"))[1]
    assert float(highest) <= 10


def test_down_is_a_gap(clock, numbers, fake, exporter):
    server = fake(answers=numbers.answers)
    running = exporter(server.address, env=clock.env)
    running.metrics()
    shown(running, server.address)
    for turn in range(6):
        clock.forward(60)
        numbers.add(60, cmd_get=600)
        server.answers["stats"] = \
            b"ERROR\r\n" if turn == 3 else numbers.stats
        assert running.metrics().up == (turn != 3)
    text = shown(running, server.address)
    assert line(text, "connections") == (2, 3)
    assert figure(text, "hits").count('class="down"') == 1


def test_missing_key_is_no_line(clock, numbers, timed):
    running, address = timed
    for key in "cmd_get", "get_misses", "max_connections", "evictions":
        del numbers.values[key]
    for _ in range(3):
        clock.forward(20)
        numbers.add(20, cmd_set=20)
        running.metrics()
    text = shown(running, address)
    assert line(text, "hits") == (0, 0)
    assert line(text, "commands", "one") == (0, 0)
    assert line(text, "commands", "two") == (1, 2)
    assert words(text, "evictions").endswith("no value")
    # maxconns of the settings instead
    assert words(text, "connections").endswith("the maximum is 1024")


def test_only_the_last_hour(clock, numbers, timed):
    """And of that, a point in 15 seconds."""
    running, address = timed
    for turn in range(250):
        clock.forward(30)
        numbers.add(30, cmd_get=300, evictions=1000 if turn == 50 else 0)
        running.metrics()
        if turn % 50 == 0:
            shown(running, address)
    text = shown(running, address)
    assert line(text, "connections")[0] == 1
    assert 118 <= line(text, "connections")[1] <= 120
    assert "highest 0/s" in words(text, "evictions")


def test_nobody_looks(clock, numbers, timed):
    """After an hour without a visit it begins anew."""
    running, address = timed
    for minutes, is_there in (59, True), (61, False):
        for _ in range(minutes):
            clock.forward(60)
            running.metrics()
        assert ("Nothing yet" in shown(running, address)) != is_there


def test_slabs_and_settings(numbers, watched):
    running, address = watched
    text = shown(running, address)
    rows = re.findall(r'<span>Class </span>(\d+)</th>\s*'
                      r'<td .*?>(.*?)</td>', text)
    classes = re.findall(rb"STAT (\d+):chunk_size (\d+)",
                         (FIXTURE / "slabs.txt").read_bytes())
    assert [int(n) for n, _ in rows] == [int(n) for n, _ in classes]
    assert rows[0] == ("1", "96 B")
    settings = dict(re.findall(
        r'role="rowheader">(\w+)</th><td role="cell">(.*?)</td>', text))
    assert settings["maxconns"] == "1024" and settings["evictions"] == "on"
    # paths and addresses are no metrics, and not here either
    assert not {"inter", "domain_socket"} & set(settings)
    # a scrape that asks for less leaves them as they were
    running.metrics(path=probe(address, "stats"))
    assert "growth_factor" in shown(running, address)


def test_what_a_server_says_is_text(fake, exporter):
    evil = '"><script>alert(1)</script>\x1b[0m\xff'
    numbers = Numbers(version=evil, cmd_get=evil, uptime=evil)
    settings = f"STAT hash_algorithm {evil}{'x' * 999}\r\nEND\r\n"
    server = fake(answers={
        **numbers.answers, "stats settings": settings.encode("latin-1")})
    running = exporter(server.address)
    running.metrics()
    shown(running, server.address)
    running.metrics()
    text = shown(running, server.address)
    assert "&lt;script&gt;" in text and "<script>alert" not in text
    assert "\x1b" not in text
    assert text.count("&lt;script&gt;") == 2
    assert "x" * 129 not in text


def test_the_most_a_server_can_say(fake, exporter):
    """Its page has an end, and numbers in it."""
    most = str(2 ** 64 - 2)
    numbers = Numbers(**{key: most for key in Numbers().values})
    classes = [
        f"STAT {n}:{key} {most}\r\n" for n in range(1, 257)
        for key in ("chunk_size", "total_chunks", "used_chunks")]
    items = [
        f"STAT items:{n}:{key} {most}\r\n" for n in range(1, 257)
        for key in ("number", "mem_requested", "evicted")]
    keys = re.findall(r"STAT (\w+)", (FIXTURE / "settings.txt").read_text())
    settings = [f"STAT {key} {'&' * 500}\r\n" for key in keys]
    server = fake(answers={
        "stats": numbers.stats, **{
            command: ("".join(lines) + "END\r\n").encode()
            for command, lines in [("stats slabs", classes),
                                   ("stats items", items),
                                   ("stats settings", settings)]}})
    running, address = watch(exporter(server.address), server.address)
    text = shown(running, address)
    assert text.count('<span>Class </span>') == 256
    assert "&amp;" * 128 + "<" in text and "&amp;" * 129 not in text
    assert not re.search(r"[>\" ](nan|inf)", text)
    assert len(text) < 400000
    assert text.endswith("</html>\n")


def test_links(fake, exporter, folder):
    """From the table and back, for each module that a target has."""
    with open(f"{folder}/modules.yml", "w") as file:
        file.write("modules:\n  a&b:\n    timeout: 3s\n")
    server = fake()
    running = exporter(server.address, f"--config.file={folder}/modules.yml")
    running.metrics()
    for query in "", "&module=a%26b":
        running.get(probe(server.address) + query)
    found = [html.unescape(link) for link in re.findall(
        r'href="\.(/target.*?)"', running.get("/").text)]
    assert len(found) == 3
    seen = set()
    for link in found:
        answer = running.get(link)
        assert answer.status == 200
        seen.add(re.search("<h1>.*? <small>(.*?)</small>", answer.text)[1])
        back = html.unescape(
            re.search(r'href="\.(/\w+.*?)">Metrics', answer.text)[1])
        assert "memcached_up 1" in running.get(back).text
        assert 'href="./"' in answer.text
    assert seen == {"", "default", "a&amp;b"}


def test_only_what_may_be_scraped(fake, exporter):
    """One that is not allowed is never known."""
    server = fake()
    running = exporter("", "--scrape.allow-target=10.0.0.0/8")
    assert running.get(probe(server.address)).status == 403
    assert running.get(path(server.address)).status == 404
    assert server.collections == 0


def test_made_once_a_second(clock, timed):
    running, address = timed

    def is_shared():
        """Though the lines have moved; a slow machine may need more tries."""
        first = shown(running, address)
        clock.forward(0.5)
        return shown(running, address) == first

    eventually(is_shared)
    first = shown(running, address)
    clock.forward(2)
    assert shown(running, address) != first
    # a scrape is there at once
    running.metrics()
    before = shown(running, address)
    clock.forward(0.5)
    running.metrics()
    assert shown(running, address) != before


def test_many_are_looked_at(exporter):
    """The one not looked at for longest has no history any more."""
    running = exporter("", timeout=5)
    addresses = [f"127.1.{i // 250}.{i % 250 + 1}:1" for i in range(257)]
    for address in addresses[:2]:
        running.get(probe(address))
        shown(running, address)
        running.get(probe(address))
        assert "Nothing yet" not in shown(running, address)
    for address in addresses[2:]:
        running.get(probe(address))
        shown(running, address)
    assert "Nothing yet" not in shown(running, addresses[1])
    assert "Nothing yet" in shown(running, addresses[0])


def test_reload_keeps_it(numbers, fake, exporter, folder):
    """The same target of a module that is another one now."""
    def configure(seconds):
        with open(f"{folder}/modules.yml", "w") as file:
            file.write(f"modules:\n  m:\n    timeout: {seconds}s\n")

    configure(3)
    server = fake(answers=numbers.answers)
    running = exporter("", f"--config.file={folder}/modules.yml",
                       "--web.enable-lifecycle")
    for _ in range(2):
        running.get(probe(server.address) + "&module=m")
        shown(running, server.address, "m")
    configure(4)
    assert running.get("/-/reload", method="POST").status == 200
    assert "Nothing yet" not in shown(running, server.address, "m")
    running.get(probe(server.address) + "&module=m")
    assert line(shown(running, server.address, "m"), "connections")[0] == 1


def test_scrapes_of_a_pool(fake, exporter, folder):
    """They are scrapes of its servers as well."""
    servers = [fake(), fake()]
    with open(f"{folder}/pools.yml", "w") as file:
        file.write("pools:\n  p:\n    servers: [%s]\n" % ", ".join(
            f"'{server.address}'" for server in servers))
    running = exporter("", f"--config.file={folder}/pools.yml")
    for _ in range(2):
        assert running.get("/scrape?pool=p").status == 200
        page = shown(running, servers[0].address)
    assert "Nothing yet" not in page
    assert running.get(path(servers[1].address)).status == 200


# In a browser

@pytest.fixture
def hour(clock, numbers, fake, exporter, etc):
    """An hour with ups and downs, some evictions and a restart."""
    server = fake(answers=numbers.answers)
    name = f"cache-1.example.com:{server.port}"
    running = exporter("", env=clock.env,
                       prefix=etc("127.0.0.1 cache-1.example.com\n"))
    running.get(probe(name))
    shown(running, name)
    noise = random.Random(1)
    for turn in range(240):
        gets = 60000 + 22000 * math.sin(turn / 25) + noise.gauss(0, 3000)
        hits = gets * (0.93 + 0.05 * math.sin(turn / 40))
        if turn == 150:
            numbers.restart()
        numbers.add(
            15, cmd_get=int(gets), get_hits=int(hits),
            get_misses=int(gets - hits), cmd_set=int(gets / 5),
            evictions=noise.randrange(570, 640) if 60 < turn < 100 else 0,
            bytes_read=int(gets * 40), bytes_written=int(hits * 800))
        numbers.values["curr_connections"] = int(
            300 + 60 * math.sin(turn / 18) + noise.gauss(0, 8))
        numbers.values["bytes"] = min(
            63 << 20, numbers.values["bytes"] + (1 << 18))
        clock.forward(15)
        server.answers["stats"] = \
            b"ERROR\r\n" if 145 <= turn < 150 else numbers.stats
        running.get(probe(name))
        if turn % 60 == 0:
            shown(running, name)
    return running, name


def open_page(browser, running, address, module="default"):
    browser.open(f"http://{running.address}{path(address, module)}")


def refresh(browser):
    browser.run('document.dispatchEvent(new Event("visibilitychange"));')


def luminance(rgb):
    """WCAG 2, "relative luminance"."""
    parts = [v / 255 for v in rgb[:3]]
    r, g, b = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4
               for v in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 800, 360, 320])
def test_readable(browser, watched, width, scheme):
    running, address = watched
    browser.resize(width, 800, phone=width < 800)
    browser.prefer(scheme)
    open_page(browser, running, address, None)
    assert browser.misplaced(width) == []
    contrasts = browser.contrasts()
    assert len(contrasts) > 100
    assert [c for c in contrasts if c[1] < 4.5] == []
    # lines and bars as well (WCAG 2, "non-text contrast")
    back, *marks = browser.run("""
        const style = (selector, property) => getComputedStyle(
            document.querySelector(selector))[property]
            .match(/[\\d.]+/g).map(Number);
        return [style("section", "backgroundColor"),
            style("path.one", "stroke"), style("path.two", "stroke"),
            style(".used", "fill")];""")
    for mark in marks:
        low, high = sorted(map(luminance, (back, mark)))
        assert (high + 0.05) / (low + 0.05) >= 3, mark


def test_screen_reader(browser, watched):
    running, address = watched
    open_page(browser, running, address, None)
    found = browser.tree()
    named = {role: [n for r, n in found if r == role] for role, _ in found}
    assert named["heading"] == [
        address, "Now", "The last hour", "Slab classes", "Settings"]
    assert len(named["image"]) == len(CHARTS)
    assert named["image"][0].startswith(
        "Hit ratio between scrapes in the last hour:")
    assert named["table"] == [
        "Memory by slab class, and how much of it items use",
        "Settings of the server"]
    assert named["columnheader"] == [
        "Class", "Chunk", "Memory", "Used", "Items", "Evicted", "Setting",
        "Value"]
    assert named["link"] == ["All targets", "Metrics"]
    assert named["checkbox"] == ["Refresh every 5 s"]
    assert {"banner", "main", "navigation"} <= set(named)


def test_refresh(browser, fake, numbers, exporter):
    """What is the same is not touched; news are told."""
    server = fake(answers=numbers.answers)
    running = exporter(server.address)
    running.metrics()
    open_page(browser, running, server.address, None)
    assert "Nothing yet" in browser.text("#hint")
    running.metrics()
    refresh(browser)
    eventually(lambda: "Nothing yet" not in browser.text("#hint"))
    browser.run("window.kept = document.querySelector('#settings');")
    numbers.values["curr_connections"] = 99
    running.metrics()
    refresh(browser)
    eventually(lambda: "99 of 1024" in browser.text("#connections"))
    assert browser.run(
        "return window.kept === document.querySelector('#settings');")
    server.answers["stats"] = b"ERROR\r\n"
    running.metrics()
    refresh(browser)
    eventually(lambda: browser.run(
        "return document.querySelector('#news').textContent") ==
        "This target is down.")
    assert browser.text("#facts .error").startswith("Last error\nprotocol")


def test_target_is_gone(browser, fake, exporter, folder):
    """It is not allowed any more; what was known is still shown."""
    def allow(network):
        with open(f"{folder}/modules.yml", "w") as file:
            file.write(f"modules:\n  m:\n    targets: ['{network}']\n")

    allow("127.0.0.0/8")
    server = fake()
    running = exporter("", f"--config.file={folder}/modules.yml",
                       "--web.enable-lifecycle")
    found = running.get(probe(server.address) + "&module=m")
    assert found.status == 200, found.text
    open_page(browser, running, server.address, "m")
    assert browser.text("#problem") == ""
    allow("10.0.0.0/8")
    assert running.get("/-/reload", method="POST").status == 200
    refresh(browser)
    eventually(lambda: browser.text("#problem").endswith(
        "the target is not known any more."))
    assert browser.text("#facts .state") == "State\nup"
    # Chromium itself says that it was not found
    assert all("404" in line["message"] for line in browser.console())


def test_not_known_in_a_browser(browser, fake, exporter):
    """The page has a link that scrapes it, and nothing to refresh."""
    server = fake()
    running = exporter("")
    browser.open(f"http://{running.address}{path(server.address)}")
    assert all("404" in line["message"] for line in browser.console())
    assert browser.misplaced(1280) == []
    browser.click("main a")
    eventually(lambda: "memcached_up 1" in browser.text("pre"))
    open_page(browser, running, server.address)
    assert browser.text("#facts .state") == "State\nup"


def test_link_of_the_table(browser, watched):
    running, address = watched
    browser.open(f"http://{running.address}/")
    browser.click("#targets tbody a")
    eventually(lambda: browser.text("h1") == address)
    browser.click("nav a")
    eventually(lambda: browser.text("#counts") == "1 known, 0 down")


def test_an_hour(browser, hour, tmp_path):
    running, name = hour
    found = {}
    for kind, width, height, scheme in [
            ("light", 1280, 1000, "light"), ("dark", 1280, 1000, "dark"),
            ("phone", 360, 2600, "light")]:
        browser.resize(width, height, phone=width < 800)
        browser.prefer(scheme)
        open_page(browser, running, name)
        found[kind] = browser.picture()
        assert size(found[kind]) == (width, height)
        (tmp_path / f"{kind}.png").write_bytes(found[kind])
    assert len(set(found.values())) == 3
    if path := os.environ.get("TARGET_PICTURE"):
        with open(path, "wb") as file:
            file.write(found["light"])
