"""Servers that are no stock memcached, played back: fixtures/servers."""

import time

import pytest

from daemons import promtool
from exporter import TOP
from exposition import Exposition, of_the_server
from player import Player

SERVERS = sorted(p.parent for p in TOP.glob("fixtures/servers/*/server.json"))

# Far longer than any answer takes, and yet short enough to wait for once.
TIMEOUT = 2


@pytest.fixture(params=SERVERS, ids=lambda folder: folder.name)
def player(request):
    return Player(request.param)


def is_silent(player):
    return "timeout" in player.how.get("reason", ())


def scrape(running, path):
    """The metrics, and how much of the timeout they took."""
    began = time.monotonic()
    metrics = Exposition(running.get(path).text)
    return metrics, (time.monotonic() - began) / TIMEOUT


@pytest.mark.parametrize("path", ["/metrics", "/scrape?target="])
def test_server(player, path, fake, exporter):
    server = fake(player)
    own = path == "/metrics"
    running = exporter(server.address if own else "", timeout=TIMEOUT)
    path += "" if own else server.address
    first, _ = scrape(running, path)
    second, took = scrape(running, path)
    for metrics in (first, second):
        assert metrics.up == player.how["up"]
        promtool(metrics.text)
    if player.how["up"]:
        expected = (player.folder / "expected.prom").read_text()
        assert of_the_server(first.text) == expected.splitlines()
        assert of_the_server(second.text) == expected.splitlines()
    else:
        assert second.reason in player.how["reason"]
        assert of_the_server(second.text) == []
    assert took < 0.5 or is_silent(player)
    if player.is_steady:
        assert len(server.connections) == 1
