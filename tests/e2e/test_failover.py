"""Servers that go and come, kick and move: the next scrape is up."""

import pytest

from fake import close, hang, once_then, serve
from poll import eventually

HOSTS = "127.0.0.1 localhost\n"
NAME = "cache.example"


def test_idle_kick(memcached, exporter):
    server = memcached("-o", "idle_timeout=1")
    running = exporter(server.address)
    assert running.metrics().up == 1
    eventually(
        lambda: "STAT idle_kicks 1\r" in server.ask(b"stats\r\n"), timeout=20)
    metrics = running.metrics()
    assert metrics.up == 1
    assert metrics.value("memcached_exporter_connects_total") == 2


def test_restarted_between_targets(memcached, exporter):
    servers = [memcached() for _ in range(3)]
    running = exporter("")
    for restarted in (None, *servers):
        if restarted:
            restarted.restart()
        for server in servers:
            assert running.scrape(server.address).up == 1


@pytest.fixture
def moving(fake, exporter, etc):
    """A name for a server of a script, the exporter of it, and a function
    that gives the name to another on the same port."""

    def start(script, timeout=1):
        first = fake(script)
        prefix = etc(f"{HOSTS}127.0.0.1 {NAME}\n")
        running = exporter(
            f"{NAME}:{first.port}", timeout=timeout, prefix=prefix)
        assert running.metrics().up == 1

        def move(*hosts):
            second = fake(host="127.0.0.2", port=first.port)
            etc(HOSTS + "".join(f"{host} {NAME}\n" for host in hosts))
            return second

        return first, running, move

    return start


@pytest.mark.parametrize("script", [
    once_then(close), once_then(lambda conn: next(conn.commands(), None)),
], ids=["at rest", "when asked"])
def test_moved_when_closed(moving, script):
    first, running, move = moving(script)
    second = move("127.0.0.2")
    first.refuse()
    assert running.metrics().up == 1
    assert (len(first.connections), len(second.connections)) == (1, 1)


def test_moved_when_silent(moving):
    """The old machine vanished: its connection never says another word."""
    first, running, move = moving(once_then(hang), timeout=2)
    second = move("127.0.0.2")
    for _ in range(2):
        assert running.metrics().up == 1
    assert len(second.connections) == 1


def test_one_of_two_addresses_is_dead(moving):
    first, running, move = moving(once_then(close))
    second = move("127.0.0.1", "127.0.0.2")
    first.refuse()
    assert running.metrics().up == 1
    assert len(second.connections) == 1


def test_moved_while_it_answers(moving):
    """No reason to look: the connection is as good as ever."""
    first, running, move = moving(serve)
    second = move("127.0.0.2")
    for _ in range(3):
        assert running.metrics().up == 1
    assert (len(first.connections), len(second.connections)) == (1, 0)


def test_moved_by_the_name_server(fake, exporter, etc, nameserver):
    first = fake(once_then(close))
    second = fake(host="127.0.0.2", port=first.port)
    names = nameserver({NAME: ["127.0.0.1"]})
    running = exporter(
        f"{NAME}:{first.port}", prefix=etc(resolv_conf=names.resolv_conf))
    assert running.metrics().up == 1
    first.refuse()
    names.zone[NAME] = ["127.0.0.2"]
    assert running.metrics().up == 1
    assert len(second.connections) == 1


def test_the_name_is_gone(fake, exporter, etc, nameserver):
    """It is up again with its name."""
    server = fake(once_then(close))
    names = nameserver({NAME: ["127.0.0.1"]})
    running = exporter(
        f"{NAME}:{server.port}", timeout=2,
        prefix=etc(resolv_conf=names.resolv_conf))
    assert running.metrics().up == 1
    names.zone.clear()
    assert running.metrics().reason == "dns"
    names.zone[NAME] = ["127.0.0.1"]
    assert running.metrics().up == 1


@pytest.mark.parametrize("number, up", [(16, 1), (17, 0)])
def test_addresses_of_a_name(fake, exporter, etc, number, up):
    """So many are tried, src/memcached/endpoints.h; nobody listens at those
    before the last."""
    hosts = [f"127.0.1.{n}" for n in range(1, number + 1)]
    server = fake(host=hosts[-1])
    prefix = etc(HOSTS + "".join(f"{host} {NAME}\n" for host in hosts))
    metrics = exporter(f"{NAME}:{server.port}", prefix=prefix).metrics()
    assert (metrics.up, metrics.reason) == (up, None if up else "refused")
