"""The page at / in a real browser. PAGE_PICTURE=file.png keeps what it looks
like, for the README:

    PAGE_PICTURE=page.png make e2e PYTEST_ARGS='-k test_pictures'
"""

import http.server
import os
import threading

import pytest

from browser import size
from exporter import probe
from fake import hang
from poll import eventually

REFRESH = 'document.dispatchEvent(new Event("visibilitychange"));'
ROW = "#targets tbody tr"


def open_page(browser, running):
    browser.open(f"http://{running.address}/")


def cells(browser):
    """The texts of all rows, by class, as they are in the document."""
    return browser.run(
        "return Array.from(document.querySelectorAll(arguments[0]), (row) =>"
        " Object.fromEntries(Array.from(row.cells, (cell) =>"
        " [cell.className, cell.textContent])));", ROW)


def refresh(browser):
    """As if its tab had been hidden and is shown again."""
    browser.run("window.before = performance.now();" + REFRESH)
    eventually(lambda: browser.run(
        "return performance.getEntriesByType('resource').some((e) =>"
        " e.initiatorType === 'fetch' && e.startTime >= window.before"
        " && e.responseEnd > 0);"))


def fill(server, items, hits):
    """So many items of 2 kB, and a thousand look-ups."""
    server.ask(b"".join(
        b"set k%d 0 0 2000 noreply\r\n%s\r\n" % (i, b"x" * 2000)
        for i in range(items)) + b"mn\r\n", b"MN\r\n")
    server.ask(b"get k1\r\n" * hits + b"get none\r\n" * (1000 - hits) +
               b"mn\r\n", b"MN\r\n")


@pytest.fixture
def fleet(memcached, fake, exporter, dead):
    """An exporter that knows servers of several kinds."""
    first, second = memcached("-m", "16"), memcached("-m", "64")
    fill(first, 2000, 942)
    fill(second, 200, 17)
    running = exporter(first.address, timeout=0.5)
    assert running.metrics().up == 1
    for address in (second.address, fake().address, fake(hang).address, dead,
                    "cache-9.invalid"):
        assert running.get(probe(address)).status == 200
    return running


def test_table(browser, fleet):
    """The same with and without the script."""
    browser.devtools("Emulation.setScriptExecutionDisabled", value=True)
    open_page(browser, fleet)
    browser.devtools("Emulation.setScriptExecutionDisabled", value=False)
    written = cells(browser)
    assert [row["state"] for row in written] == ["down"] * 3 + ["up"] * 3
    assert "cache-9.invalid:11211" in [r["address"] for r in written]
    assert browser.text("#counts") == "6 known, 3 down"
    assert not browser.run(
        "return document.querySelector('#live').checkVisibility()")

    open_page(browser, fleet)
    browser.run(f"document.querySelectorAll('{ROW}').forEach("
                "(row) => row.remove());")
    refresh(browser)
    eventually(lambda: len(cells(browser)) == 6)
    for old, new in zip(written, cells(browser)):
        for passing in "since", "connection":
            for row in old, new:
                row[passing] = row[passing].lstrip("0123456789")
        assert new == old


def test_refresh(browser, memcached, exporter):
    """By itself and in place: the page is not loaded again."""
    server = memcached()
    running = exporter("")
    assert running.scrape(server.address).up == 1
    open_page(browser, running)
    assert cells(browser)[0]["state"] == "up"
    browser.run("window.kept = document.querySelector(arguments[0]);", ROW)
    server.stop()
    assert running.scrape(server.address).up == 0
    eventually(lambda: cells(browser)[0]["state"] == "down", timeout=15)
    row, = cells(browser)
    assert row["error"].startswith("refused connect to ")
    assert row["connection"] == "\u2013"
    assert browser.text("#counts") == "1 known, 1 down"
    assert browser.run(
        "return window.kept === document.querySelector(arguments[0])", ROW)
    news = "return document.querySelector('#news').textContent"
    assert browser.run(news) == f"{server.address} is down: refused."
    server.start()
    assert running.scrape(server.address).up == 1
    refresh(browser)
    eventually(lambda: browser.run(news) == f"{server.address} is up.")


def test_what_stays_the_same_is_not_touched(browser, fleet):
    """It may be selected."""
    open_page(browser, fleet)
    browser.run("window.kept = Array.from(document.querySelectorAll("
                "arguments[0] + ' .address'));", ROW)
    refresh(browser)
    refresh(browser)
    assert browser.run(
        "const now = document.querySelectorAll(arguments[0] + ' .address');"
        "return window.kept.length === 6 && window.kept.every("
        "(cell, i) => cell === now[i]);", ROW)


def test_a_row_that_goes_and_comes(browser, memcached, fake, exporter):
    """The order is the page's: down first, then by address."""
    running = exporter("")
    first, second = memcached(), fake(host="127.0.0.2")
    running.scrape(first.address)
    open_page(browser, running)
    assert len(cells(browser)) == 1
    running.scrape(f"127.0.0.2:{second.port}")
    refresh(browser)
    eventually(lambda: [row["address"] for row in cells(browser)] ==
               [first.address, f"127.0.0.2:{second.port}"])
    second.stop()
    running.scrape(f"127.0.0.2:{second.port}")
    refresh(browser)
    eventually(lambda: [row["address"] for row in cells(browser)] ==
               [f"127.0.0.2:{second.port}", first.address])
    assert browser.text("#counts") == "2 known, 1 down"


@pytest.fixture
def proxied(stack):
    """proxied(running, prefix): the address of a proxy that serves it there."""

    def start(running, prefix):
        class Proxy(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                found = self.path.startswith(prefix)
                answer = running.get(
                    self.path[len(prefix) - 1:] if found else "/nothing")
                self.send_response(answer.status)
                self.send_header("Content-Type",
                                 answer.headers["Content-Type"])
                self.end_headers()
                self.wfile.write(answer.text.encode())

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
        stack.callback(server.server_close)
        stack.callback(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"127.0.0.1:{server.server_port}{prefix}"

    return start


def test_behind_a_prefix(browser, fake, exporter, proxied):
    running = exporter("")
    browser.open(f"http://{proxied(running, '/a/b/')}?from=elsewhere")
    assert cells(browser) == []
    server = fake()
    running.scrape(server.address)
    refresh(browser)
    eventually(lambda: [row["address"] for row in cells(browser)] ==
               [server.address])


def test_another_page_in_its_place(browser, exporter, fake):
    """A proxy asks for a password, say."""
    running = exporter(fake().address)
    running.metrics()
    open_page(browser, running)
    browser.run("window.fetch = async () => new Response('<p>Log in</p>');" +
                REFRESH)
    eventually(lambda: browser.text("#problem"))
    assert len(cells(browser)) == 1


def test_news_are_changes_only(browser, fake, exporter):
    """Nothing is said of what is new, or stays as it was."""
    running = exporter("")
    open_page(browser, running)
    assert "None yet" in browser.text("#none")
    assert browser.text("#targets") == ""
    server = fake()
    running.scrape(server.address)
    refresh(browser)
    eventually(lambda: cells(browser))
    assert browser.text("#none") == ""
    refresh(browser)
    assert browser.run(
        "return document.querySelector('#news').textContent") == ""


def test_pause(browser, fake, exporter):
    running = exporter(fake().address)
    open_page(browser, running)
    browser.click("#live input")
    running.metrics()
    browser.run(REFRESH)
    # a request after it would come later
    browser.run("return fetch('./api/v1/targets').then((r) => r.text())")
    assert cells(browser) == []
    browser.click("#live input")
    eventually(lambda: cells(browser))


def test_exporter_is_gone(browser, exporter):
    running = exporter("")
    open_page(browser, running)
    assert browser.text("#problem") == ""
    running.stop()
    browser.run(REFRESH)
    eventually(lambda: browser.text("#problem"), timeout=15)
    assert "the exporter does not answer" in browser.text("#problem")
    # Chromium itself says that there was no answer
    assert all("ERR_CONNECTION_REFUSED" in line["message"]
               for line in browser.console())


def test_form(browser, fake, exporter, folder):
    with open(f"{folder}/modules.yml", "w") as file:
        file.write("modules:\n  patient:\n    timeout: 3s\n")
    server = fake()
    running = exporter("", f"--config.file={folder}/modules.yml")
    open_page(browser, running)
    browser.click("button")
    assert browser.address().endswith("/"), "a target is required"
    browser.type("#target", server.address)
    browser.click("#module option:first-child")
    browser.click("button")
    eventually(lambda: "/scrape?" in browser.address())
    assert browser.address().endswith("&module=patient")
    text = eventually(lambda: browser.text("pre"))
    assert "memcached_up 1" in text and "memcached_current_items 7" in text
    open_page(browser, running)
    assert [(row["address"], row["module"]) for row in cells(browser)] == \
        [(server.address, "patient")]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 1160, 800, 360, 320])
def test_readable(browser, fleet, width, scheme):
    browser.resize(width, 800, phone=width < 800)
    browser.prefer(scheme)
    open_page(browser, fleet)
    assert browser.misplaced(width) == []
    contrasts = browser.contrasts()
    assert len(contrasts) > 30
    assert [c for c in contrasts if c[1] < 4.5] == []
    light = browser.run("return getComputedStyle(document.body).color"
                        ".match(/\\d+/)[0] < 128")
    assert light == (scheme == "light")


@pytest.mark.parametrize("width", [1280, 360])
def test_screen_reader(browser, fleet, width):
    browser.resize(width, 800, phone=width < 800)
    open_page(browser, fleet)
    found = browser.tree()
    named = {role: [n for r, n in found if r == role] for role, _ in found}
    assert named["heading"] == [
        "memcached_exporter 0.1.0", "Scrape a server", "Targets"]
    assert named["table"] == [
        "The servers that this exporter scrapes, first those that are down"]
    assert named["columnheader"] == [
        "Target", "Module", "State", "Since", "Scrape took", "Hit ratio",
        "Memory used", "Connected for", "Last error"]
    assert len(named["rowheader"]) == 6 and len(named["row"]) == 7
    assert set(named["meter"]) == {"Hit ratio", "Memory used"}
    assert named["textbox"] == ["Target"]
    assert named["button"] == ["Scrape"]
    assert named["checkbox"] == ["Refresh every 5 s"]
    assert named["link"] == ["Metrics", "Targets as JSON", "Health",
                             *named["rowheader"]]
    assert len(named["status"]) == 2
    assert {"banner", "main", "navigation"} <= set(named)


def test_keyboard(browser, fleet):
    """Each control is reached by the tab key and shows that it is."""
    open_page(browser, fleet)
    seen = []
    for _ in range(6):
        for kind in "keyDown", "keyUp":
            browser.devtools("Input.dispatchKeyEvent", type=kind, key="Tab",
                             code="Tab", windowsVirtualKeyCode=9)
        seen.append(browser.run(
            "const e = document.activeElement; return [e.tagName,"
            " parseFloat(getComputedStyle(e).outlineWidth)];"))
    assert [tag for tag, _ in seen] == ["A", "A", "A", "INPUT", "BUTTON",
                                        "INPUT"]
    assert all(width >= 2 for _, width in seen)


@pytest.fixture
def known_by_name(memcached, fake, exporter, etc):
    """What a person may have: servers with names, two of them down."""
    names = [f"cache-{i}.example.com" for i in range(1, 5)]
    hosts = "".join(f"127.0.0.1 {name}\n" for name in names)
    running = exporter("", timeout=0.5, prefix=etc(hosts))
    large, small = memcached("-m", "16"), memcached("-m", "8")
    fill(large, 3000, 942)
    fill(small, 3000, 678)
    servers = large.port, small.port, fake().port, fake(hang).port
    for name, port in zip(names, servers):
        assert running.get(probe(f"{name}:{port}")).status == 200
    assert running.get(probe("cache-5.example.com")).status == 200
    return running


def test_pictures(browser, known_by_name, tmp_path):
    found = {}
    for name, width, height, scheme in [
            ("light", 1280, 780, "light"), ("dark", 1280, 780, "dark"),
            ("phone", 360, 1200, "light")]:
        browser.resize(width, height, phone=width < 800)
        browser.prefer(scheme)
        open_page(browser, known_by_name)
        found[name] = browser.picture()
        assert size(found[name]) == (width, height)
        (tmp_path / f"{name}.png").write_bytes(found[name])
    assert len(set(found.values())) == 3
    if path := os.environ.get("PAGE_PICTURE"):
        with open(path, "wb") as file:
            file.write(found["light"])
