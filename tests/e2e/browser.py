"""A headless Chromium, driven by chromedriver's WebDriver protocol:
https://www.w3.org/TR/webdriver2/"""

import base64
import json
import re
import shutil
import struct
import subprocess
import urllib.error
import urllib.request

import pytest

from poll import SLOW, eventually

CHROMIUM, DRIVER = "chromium", "chromedriver"
ARGUMENTS = [
    "--headless=new", "--no-sandbox", "--disable-gpu",
    "--disable-dev-shm-usage", "--disable-background-networking",
    "--no-first-run", "--window-size=1280,900", "--lang=en-GB",
]
# Of each text that is seen: itself and how it stands out from what is behind
# it (WCAG 2, "contrast ratio").
CONTRASTS = """
const parse = (c) => c.match(/[\\d.]+/g).map(Number);
const luminance = (c) => {
    const [r, g, b] = c.slice(0, 3).map((v) => {
        v /= 255;
        return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (e) => {
    for (; e; e = e.parentElement) {
        const c = parse(getComputedStyle(e).backgroundColor);
        if (c.length < 4 || c[3] === 1)
            return c;
    }
    throw new Error("nothing behind it");
};
const found = [];
for (const e of document.querySelectorAll("body *")) {
    const own = [...e.childNodes].some(
        (n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !e.checkVisibility())
        continue;
    const pair = [parse(getComputedStyle(e).color), behind(e)];
    const [low, high] = pair.map(luminance).sort((a, b) => a - b);
    found.push([e.textContent, (high + 0.05) / (low + 0.05)]);
}
return found;
"""

# How the protocol names an element in JSON.
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


def skip_without():
    if not shutil.which(CHROMIUM) or not shutil.which(DRIVER):
        pytest.skip("Chromium is missing: make deps-test installs it")


def size(picture):
    """Of a PNG."""
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", picture[16:24])


class Browser:
    def __init__(self, folder):
        """folder: for its profile and the driver's log."""
        skip_without()
        self.log = f"{folder}/chromedriver.log"
        self.session = None
        self._start()
        try:
            self.url = f"http://127.0.0.1:{eventually(self._port, 30)}"
            self._open(folder)
        except BaseException:
            self.stop()
            raise

    def _start(self):
        with open(self.log, "wb") as log:
            self.driver = subprocess.Popen(
                [DRIVER, "--port=0"], stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT)

    def _port(self):
        ended = self.driver.poll()
        with open(self.log, errors="replace") as log:
            text = log.read()
        if ended is not None:
            # It looks for a port that is free for IPv6 and wants it for IPv4.
            assert "port not available" in text, f"ended with {ended}: {text}"
            self._start()
            return None
        found = re.search(r"successfully on port (\d+)", text)
        return found and int(found[1])

    def _open(self, folder):
        options = {
            "binary": shutil.which(CHROMIUM),
            "args": [*ARGUMENTS, f"--user-data-dir={folder}/profile"],
        }
        value = self._call("POST", "/session", {"capabilities": {
            "alwaysMatch": {
                "goog:chromeOptions": options,
                "goog:loggingPrefs": {"browser": "ALL"},
            },
        }})
        self.session = f"/session/{value['sessionId']}"

    def _call(self, method, path, body=None):
        request = urllib.request.Request(
            self.url + path, method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60 * SLOW) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from None

    def _post(self, path, **body):
        return self._call("POST", self.session + path, body)

    def stop(self):
        """The driver ends the browser."""
        try:
            if self.session:
                self._call("DELETE", self.session)
        finally:
            self.driver.terminate()
            self.driver.wait()

    # What a person does

    def open(self, url):
        self._post("/url", url=url)

    def element(self, selector):
        return self._post("/element", using="css selector",
                          value=selector)[ELEMENT]

    def click(self, selector):
        self._post(f"/element/{self.element(selector)}/click")

    def type(self, selector, text):
        self._post(f"/element/{self.element(selector)}/value", text=text)

    # What the page is like

    def run(self, script, *args):
        """The value of a function's body."""
        return self._post("/execute/sync", script=script, args=list(args))

    def text(self, selector):
        """As it is shown; "" when it is not."""
        return self.run(
            "const e = document.querySelector(arguments[0]);"
            "return e?.checkVisibility() ? e.innerText : '';", selector)

    def contrasts(self):
        """(text, contrast) of each text that is seen."""
        return self.run(CONTRASTS)

    def misplaced(self, width):
        """What is cut off, or makes a page wider than this."""
        assert self.run("return innerWidth") == width
        assert self.run(
            "return document.documentElement.scrollWidth") <= width
        return self.run(
            "return Array.from(document.querySelectorAll("
            "'section, td, th, td *, dd, figure, figure *, a, button, input,"
            " select'))"
            ".filter((e) => e.checkVisibility() && !e.closest('thead')"
            " && !e.closest('svg *'))"
            ".map((e) => [e.outerHTML, e.getBoundingClientRect()])"
            ".filter(([_, r]) => r.left < 0 || r.right > innerWidth)"
            ".map(([html]) => html)")

    def tree(self):
        """(role, name) of what a screen reader is told."""
        nodes = self.devtools("Accessibility.getFullAXTree")["nodes"]
        return [
            (node["role"]["value"], node.get("name", {}).get("value", ""))
            for node in nodes if not node["ignored"]]

    def address(self):
        return self._call("GET", self.session + "/url")

    def console(self):
        """What its console has said since this was asked last."""
        return self._post("/se/log", type="browser")

    def picture(self):
        """A PNG of what is shown."""
        return base64.b64decode(
            self._call("GET", self.session + "/screenshot"))

    # What the browser is made to believe

    def devtools(self, command, **params):
        return self._post("/goog/cdp/execute", cmd=command, params=params)

    def resize(self, width, height, phone=False):
        self.devtools(
            "Emulation.setDeviceMetricsOverride", width=width, height=height,
            deviceScaleFactor=1, mobile=phone)

    def prefer(self, scheme):
        """light or dark"""
        self.devtools("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": scheme}])
