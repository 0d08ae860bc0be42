"""Compressed answers."""

import contextlib
import gzip

import pytest

from exposition import Exposition
from web import basic, hashed, put

# Big enough to be worth it, and the same at each request.
PAGE = "/page.js"


@pytest.fixture
def running(fake, exporter):
    return exporter(fake().address)


def fetch(running, accepted, path=PAGE, method="GET"):
    """The headers and the bytes."""
    with contextlib.closing(running.connection()) as conn:
        conn.putrequest(method, path, skip_accept_encoding=True)
        for value in accepted:
            conn.putheader("Accept-Encoding", value)
        conn.endheaders()
        response = conn.getresponse()
        return response.headers, response.read()


@pytest.mark.parametrize("accepted", [
    ["gzip"], ["GZIP"], ["gzip, deflate, br"], ["br;q=1.0, gzip;q=0.1"],
    ["*"], ["x-gzip"], ["br", "gzip"], ["gzip;q=1"], ["identity;q=0, *"],
], ids=repr)
def test_gzip(running, accepted):
    plain_headers, plain = fetch(running, [])
    assert plain_headers["Content-Encoding"] is None
    headers, packed = fetch(running, accepted)
    assert headers["Content-Encoding"] == "gzip"
    assert headers["Content-Type"] == plain_headers["Content-Type"]
    assert int(headers["Content-Length"]) == len(packed) < len(plain)
    assert gzip.decompress(packed) == plain


@pytest.mark.parametrize("accepted", [
    [], [""], ["identity"], ["gzip;q=0"], ["gzip;q=0.000"], ["gzip;q=0, *"],
    ["br"], ["gzipped"], ["*;q=0"], ["br, gzip; q=0"],
], ids=repr)
def test_identity(running, accepted):
    headers, body = fetch(running, accepted)
    assert headers["Content-Encoding"] is None
    assert int(headers["Content-Length"]) == len(body)
    assert body == fetch(running, [])[1]


@pytest.mark.parametrize("path", [PAGE, "/", "/metrics", "/-/healthy",
                                  "/nothing", "/api/v1/targets"])
@pytest.mark.parametrize("accepted", [[], ["gzip"]])
def test_vary(running, path, accepted):
    """Caches tell the two apart."""
    assert "Accept-Encoding" in fetch(running, accepted, path)[0]["Vary"]


@pytest.mark.parametrize("accepted", [["gzip"], []])
def test_head(running, accepted):
    head, body = fetch(running, accepted, method="HEAD")
    assert body == b""
    get, _ = fetch(running, accepted)
    for name in ("Content-Length", "Content-Encoding", "Content-Type", "Vary"):
        assert head[name] == get[name]


def test_metrics(running):
    headers, packed = fetch(running, ["gzip"], "/metrics")
    assert headers["Content-Encoding"] == "gzip"
    assert Exposition(gzip.decompress(packed).decode()).up == 1


def test_openmetrics(running):
    """The end, which each answer has for itself, is where it belongs."""
    with contextlib.closing(running.connection()) as conn:
        for _ in range(3):
            conn.request("GET", "/metrics", headers={
                "Accept": "application/openmetrics-text",
                "Accept-Encoding": "gzip"})
            text = gzip.decompress(conn.getresponse().read()).decode()
            assert text.count("# EOF") == 1 and text.endswith("\n# EOF\n")
            assert text.count("\nmemcached_scrape_duration_seconds ") == 1


def test_short_answer(running):
    """Not worth it."""
    headers, body = fetch(running, ["gzip"], "/-/healthy")
    assert headers["Content-Encoding"] is None
    assert len(body) < 100


def test_kept_alive(running):
    """One packed answer after the other on a connection."""
    with contextlib.closing(running.connection()) as conn:
        for accepted in ("gzip", "identity") * 3:
            conn.request("GET", PAGE, headers={"Accept-Encoding": accepted})
            response = conn.getresponse()
            body = response.read()
            if accepted == "gzip":
                body = gzip.decompress(body)
            assert b"use strict" in body or b"function" in body


def test_with_users(exporter, tmp_path):
    running = exporter(None, put(tmp_path / "web.yml", {
        "basic_auth_users": {"a": hashed("pw")}}))
    headers = {"Accept-Encoding": "gzip", **basic("a", "pw")}
    with contextlib.closing(running.connection()) as conn:
        conn.request("GET", PAGE, headers=headers)
        response = conn.getresponse()
        assert response.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(response.read()) == fetch_all(running)


def fetch_all(running):
    return running.get(PAGE, headers=basic("a", "pw")).text.encode()
