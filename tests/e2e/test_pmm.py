"""The scenario this program is for: MySQL's InnoDB memcached plugin, scraped by
the agent of Percona's PMM, over HTTPS and with a password, as README.md says."""

import contextlib
import gzip
import http.client
import pathlib
import re
import ssl
import subprocess

import pytest

from exposition import Exposition
from fake import replay
from web import basic, hashed, put

TOP = pathlib.Path(__file__).resolve().parents[2]
README = (TOP / "README.md").read_text()

# Of vmagent, which PMM's client runs: it wants no OpenMetrics.
VMAGENT = {
    "User-Agent": "vm_promscrape",
    "Accept": "text/plain;version=0.0.4;q=1,*/*;q=0.1",
    "X-Prometheus-Scrape-Timeout-Seconds": "10.000",
    "Accept-Encoding": "gzip",
    **basic("pmm", "secret"),
}
# What it takes of an answer's head, in bytes.
MAX_HEAD = 4096
SCRAPES = 5


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """The folder where README.md has made it, exporter.pem."""
    folder = tmp_path_factory.mktemp("certificate")
    command = re.search(r"^    (openssl req (?:.*\\\n)*.*exporter\.pem)$",
                        README, re.MULTILINE)[1]
    subprocess.run(
        command, shell=True, cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture
def start(certificate, exporter):
    """With the file of README.md's section, for another password."""
    text = re.search(r"^## PMM$.*?^```yaml\n(.*?)^```$", README,
                     re.DOTALL | re.MULTILINE)[1]
    text, count = re.subn(r"^  pmm: \S+$", f"  pmm: {hashed('secret')}", text,
                          flags=re.MULTILINE)
    assert count == 1
    flag = put(certificate / "web.yml", text)
    return lambda server: exporter(server.address, flag)


def agent(running, certificate):
    """Checks the name in the certificate, as PMM does by default."""
    host, port = running.address.rsplit(":", 1)
    assert host == "127.0.0.1"
    tls = ssl.create_default_context(cafile=certificate / "exporter.pem")
    return contextlib.closing(http.client.HTTPSConnection(
        host, int(port), timeout=running.timeout, context=tls))


def scrape(conn, headers):
    conn.request("GET", "/metrics", headers=headers)
    answer = conn.getresponse()
    return answer, answer.read()


@pytest.mark.parametrize("policy, gets, sets", [
    ("fresh", 0, 0), ("caching", 17, 15)])
def test_plugin(fake, start, certificate, policy, gets, sets):
    answers = replay(TOP / f"fixtures/stats/innodb-mysql-5.7.35-{policy}")
    assert b"STAT logger standard error\r\n" in answers["stats settings"]
    server = fake(answers=answers)
    running = start(server)
    with agent(running, certificate) as conn:
        sockets = set()
        for _ in range(SCRAPES):
            answer, packed = scrape(conn, VMAGENT)
            assert answer.status == 200
            assert len(str(answer.headers)) < MAX_HEAD
            assert answer.headers["Content-Encoding"] == "gzip"
            assert answer.headers["Content-Type"] == (
                "text/plain; version=0.0.4; charset=utf-8")
            metrics = Exposition(gzip.decompress(packed).decode())
            assert (metrics.up, metrics.ignored) == (1, 0)
            assert metrics.success["settings"]
            assert metrics.labels("memcached_settings_info")[0]["logger"] == (
                "standard error")
            for command, count in ("get", gets), ("set", sets):
                assert metrics.value("memcached_commands_total",
                                     command=command, status="hit") == count
            sockets.add(conn.sock)
        assert len(sockets) == 1 and None not in sockets
    # one connection at each side, which scrapes one after the other share
    assert len(server.connections) == 1
    assert server.collections == SCRAPES


def test_password(fake, start, certificate):
    """Nothing is asked of the plugin for one who does not know it."""
    server = fake()
    running = start(server)
    for value in None, "", basic("pmm", "wrong")["Authorization"]:
        headers = {**VMAGENT, "Authorization": value}
        if value is None:
            del headers["Authorization"]
        with agent(running, certificate) as conn:
            assert scrape(conn, headers)[0].status == 401
    assert server.commands == []
    with agent(running, certificate) as conn:
        assert scrape(conn, VMAGENT)[0].status == 200
