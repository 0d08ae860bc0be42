"""Text 0.0.4 and OpenMetrics 1.0.0, as the Accept header has it."""

import os

import pytest
from prometheus_client.parser import text_string_to_metric_families

import openmetrics
from exporter import GET, probe, receive, run
from exposition import Exposition

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,"
    "application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping={0};q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping={0};q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


@pytest.fixture
def running(fake, exporter):
    return exporter(fake().address)


@pytest.mark.parametrize("accept, content_type", [
    (None, TEXT),
    ("", TEXT),
    ("*/*", TEXT),
    ("text/html", TEXT),
    ("text/plain;version=0.0.4", TEXT),
    ("application/openmetrics-text;version=0.0.1", TEXT),
    (PROMETHEUS_2, OPENMETRICS),
    (PROMETHEUS_3.format("allow-utf-8"),
     f"{OPENMETRICS}; escaping=allow-utf-8"),
    (PROMETHEUS_3.format("underscores"),
     f"{OPENMETRICS}; escaping=underscores"),
    (PROMETHEUS_3.format("new-scheme"), OPENMETRICS),
    ("application/openmetrics-text;q=0.5,text/plain;q=0.6", TEXT),
    ("application/openmetrics-text;q=0.6,text/plain;q=0.5", OPENMETRICS),
])
def test_content_type(fake, running, accept, content_type):
    headers = {} if accept is None else {"Accept": accept}
    for path in "/metrics", probe(fake().address):
        answer = running.get(path, headers=headers)
        assert answer.status == 200
        assert answer.headers["Content-Type"] == content_type
        assert answer.headers["Vary"] == "Accept, Accept-Encoding"
        assert answer.text.endswith("\n# EOF\n") == (content_type != TEXT)


def test_several_lines(running):
    """They are one list."""
    request = GET.replace(
        b"\r\n\r\n",
        b"\r\nAccept: text/plain;q=0.5\r\n"
        b"accept: application/openmetrics-text;q=0.6\r\n\r\n")
    assert receive(running.send(request)).headers["Content-Type"] == \
        OPENMETRICS


def test_longest(running):
    """As long as a header may be."""
    accept = "x/y;z=\"a\"," * 1500 + "application/openmetrics-text"
    answer = running.get(headers={"Accept": accept})
    assert answer.headers["Content-Type"] == OPENMETRICS


@pytest.mark.parametrize("up", [True, False])
def test_families(fake, dead, exporter, tmp_path, up):
    """Those about the scrape, the exporter and the process of memcached."""
    pid = tmp_path / "pid"
    pid.write_text(str(os.getpid()))
    running = exporter(fake().address if up else dead,
                       f"--memcached.pid-file={pid}")
    text = running.get(headers=openmetrics.ACCEPT).text
    plain = running.get().text
    assert openmetrics.families(text) == \
        list(openmetrics.expected(Exposition(plain)))
    assert list(text_string_to_metric_families(plain))
    assert ("memcached_process_cpu_seconds", "counter", "seconds") in \
        [family[:3] for family in openmetrics.families(text)]


def test_without_a_target(exporter):
    text = exporter("").get(headers=openmetrics.ACCEPT).text
    assert openmetrics.families(text)


def test_a_format_each(running):
    """What is kept of one answer is not given in another format."""
    conn = running.connection()
    for _ in range(5):
        openmetrics.families(
            running.request(conn, headers=openmetrics.ACCEPT).text)
        Exposition(running.request(conn).text)
    conn.close()


def test_once(fake):
    Exposition(run("--once", f"--memcached.address={fake().address}").stdout)
