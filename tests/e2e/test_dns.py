"""Names, and what name servers do to them."""

import concurrent.futures
import itertools
import struct
import threading
import time

import pytest

from exporter import probe
from nameserver import (
    A, FORMERR, NOERROR, NXDOMAIN, REFUSED, SERVFAIL, serve)
from poll import SLOW, eventually

NAME = "cache.example"
HOME = ["127.0.0.1"]


@pytest.fixture
def named(fake, exporter, etc, nameserver):
    """named(script, addresses…): the name server, and an exporter of the name
    of a server at home."""

    def start(script=serve, addresses=HOME, timeout=2, more="", hosts=""):
        names = nameserver({NAME: list(addresses)}, script)
        running = exporter(
            f"{NAME}:{fake(close_after).port}", timeout=timeout,
            prefix=etc(resolv_conf=names.resolv_conf + more,
                       hosts="127.0.0.1 localhost\n" + hosts))
        return names, running

    return start


def close_after(conn):
    """Each scrape needs a look-up."""
    conn.collection()


def lowering(server, query):
    return query.reply(
        server.zone.get(query.name.lower(), ()),
        question=query.question.lower())


def case_sensitive(server, query):
    """It does not find what is spelt otherwise."""
    addresses = server.zone.get(query.name, ())
    return query.reply(addresses, NOERROR if addresses else NXDOMAIN)


def empty_when_mixed(server, query):
    return query.reply(server.zone.get(query.name, ()))


def silent_when_mixed(server, query):
    return serve(server, query) if query.name.islower() else None


def formerr_to_edns(server, query):
    if query.has_edns:
        return query.reply(rcode=FORMERR)
    return serve(server, query)


def bare_formerr_to_edns(server, query):
    """Without the question, as some do."""
    if query.has_edns:
        return query.id + struct.pack("!HHHHH", 0x8180 | FORMERR, 0, 0, 0, 0)
    return serve(server, query)


def silent_to_edns(server, query):
    return None if query.has_edns else serve(server, query)


def never_aaaa(server, query):
    return serve(server, query) if query.kind == A else None


def refused_aaaa(server, query):
    return serve(server, query) if query.kind == A else query.reply(
        rcode=REFUSED)


def failing_at_first(server, query):
    if len(server.queries) < 3:
        return query.reply(rcode=SERVFAIL)
    return serve(server, query)


def dropping_at_first(server, query):
    return serve(server, query) if len(server.queries) > 2 else None


def forging(change):
    """Answers that others would have to guess come before the right one."""
    def script(server, query):
        forged = change(query, query.reply(["127.0.0.66"]))
        server.udp.sendto(forged, ("127.0.0.1", query.port))
        return serve(server, query)

    script.__name__ = change.__name__
    return script


def other_id(_query, reply):
    return bytes([reply[0] ^ 1]) + reply[1:]


def other_case(query, reply):
    return reply.replace(query.question, query.question.swapcase())


def other_name(query, reply):
    return reply.replace(query.question, b"\1x" + query.question)


def a_question(_query, reply):
    return reply[:2] + bytes([reply[2] & 0x7F]) + reply[3:]


def rubbish(_query, reply):
    return reply[:11]


@pytest.mark.parametrize("script", [
    serve, lowering, case_sensitive, empty_when_mixed, silent_when_mixed,
    formerr_to_edns, bare_formerr_to_edns, silent_to_edns, never_aaaa,
    refused_aaaa, failing_at_first, dropping_at_first,
    *map(forging, [other_id, other_case, other_name, a_question, rubbish]),
], ids=lambda script: script.__name__)
def test_up(named, script):
    names, running = named(script)
    for _ in range(2):
        assert running.metrics().up == 1


@pytest.mark.parametrize("script, words", [
    (lambda _server, query: query.reply(rcode=NXDOMAIN), "no such name"),
    (lambda _server, query: query.reply(), "no such name"),
    (lambda _server, query: query.reply(rcode=SERVFAIL), "server failed"),
    (lambda _server, query: query.reply(rcode=REFUSED), "server failed"),
    (lambda _server, query: query.reply(HOME * 3)[:-1], "server failed"),
    (lambda _server, query: None, "no answer"),
    (lambda _server, query: b"", "no answer"),
], ids=["NXDOMAIN", "no data", "SERVFAIL", "REFUSED", "cut", "silent", "empty"])
def test_down(named, script, words):
    _, running = named(script)
    assert running.metrics().reason == "dns"
    eventually(lambda: any(words in line for line in running.log()))


def test_late_answer(named):
    """It comes when the server, which is busy, has been asked once more."""
    def script(server, query):
        if len(server.queries) <= 2:
            threading.Timer(0.4, server.udp.sendto, (
                serve(server, query), ("127.0.0.1", query.port))).start()

    _, running = named(script)
    assert running.metrics().up == 1


def test_nobody_serves(exporter, etc, dead):
    running = exporter(f"{NAME}:11211", prefix=etc(
        resolv_conf=f"nameserver {dead}\n"), timeout=20)
    assert running.metrics().reason == "dns"
    eventually(lambda: any("refused" in line for line in running.log()))


def test_hard_to_guess(named):
    """The port, the id and the case are others each time."""
    names, running = named()
    for _ in range(20):
        assert running.metrics().up == 1
    asked = [q for q in names.queries if q.kind == A]
    assert len(asked) == 20
    assert len({q.port for q in asked}) > 15
    assert len({q.id for q in asked}) > 15
    assert len({q.name for q in asked}) > 15
    assert {q.name.lower() for q in asked} == {NAME}


@pytest.mark.parametrize("number, over_tcp", [
    (16, False), (40, False), (300, True),
])
def test_many_addresses(named, number, over_tcp):
    """So many records are more than 512 bytes, and than a datagram."""
    names, running = named(addresses=HOME * number)
    assert running.metrics().up == 1
    assert any(q.over_tcp for q in names.queries) == over_tcp


def test_many_addresses_without_edns(named):
    names, running = named(formerr_to_edns, addresses=HOME * 40)
    assert running.metrics().up == 1
    assert any(q.over_tcp for q in names.queries)


@pytest.mark.parametrize("size", [16384, 16385, 65535])
def test_long_answers(named, size):
    """The limit of src/memcached/attempt.h."""
    def script(server, query):
        reply = query.reply(HOME * 1000)
        return reply.ljust(size, b"\0") if query.over_tcp else reply

    _, running = named(script)
    assert (running.metrics().up == 1) == (size == 16384)


def test_ipv6(fake, exporter, etc, nameserver):
    server = fake(host="::1")
    names = nameserver({NAME: ["::1"]})
    running = exporter(f"{NAME}:{server.port}", prefix=etc(
        resolv_conf=names.resolv_conf))
    assert running.metrics().up == 1


def test_second_server(fake, exporter, etc, nameserver):
    """The next look-up begins with the one that answered."""
    silent = nameserver({}, lambda _server, _query: None)
    names = nameserver({NAME: HOME})
    running = exporter(
        f"{NAME}:{fake(close_after).port}", timeout=2,
        prefix=etc(resolv_conf=silent.resolv_conf + names.resolv_conf))
    assert running.metrics().up == 1
    first = len(silent.queries)
    assert first == 2
    assert running.metrics().up == 1
    assert len(silent.queries) == first


@pytest.mark.parametrize("more, asked", [
    ("search a.example b.example\n",
     ["short.a.example", "short.b.example", "short"]),
    ("search a.example\noptions ndots:0\n", ["short", "short.a.example"]),
    ("domain a.example\nsearch b.example\n", ["short.b.example", "short"]),
])
def test_search(exporter, etc, nameserver, more, asked):
    names = nameserver({})
    running = exporter("short:11211", prefix=etc(
        resolv_conf=names.resolv_conf + more))
    assert running.metrics().reason == "dns"
    found = [q.name.lower() for q in names.queries if q.kind == A]
    assert found == 2 * asked


def test_absolute(exporter, etc, nameserver):
    names = nameserver({})
    running = exporter("short.:11211", prefix=etc(
        resolv_conf=names.resolv_conf + "search a.example\n"))
    assert running.metrics().reason == "dns"
    assert {q.name.lower() for q in names.queries} == {"short"}


def test_hosts_come_first(named):
    names, running = named(
        addresses=["127.0.0.66"], hosts="127.0.0.1 other CACHE.example # x\n")
    assert running.metrics().up == 1
    assert names.queries == []


def scrapes(running, paths, stop):
    conn = running.connection()
    for path in itertools.cycle(paths):
        if stop.is_set():
            break
        running.request(conn, path)


@pytest.fixture
def load(stack):
    """load(exporter, paths): shares them out among clients, which ask for
    them until the test ends."""

    def start(running, paths, clients=8):
        stop = threading.Event()
        pool = stack.enter_context(
            concurrent.futures.ThreadPoolExecutor(clients))
        stack.callback(stop.set)
        for i in range(clients):
            pool.submit(scrapes, running, paths[i % len(paths)::clients], stop)

    return start


def test_recovers_under_load(fake, exporter, etc, nameserver, load):
    """A wrong name server at boot: look-ups always overlap."""
    silent = nameserver({}, lambda _server, _query: None)
    good = nameserver({NAME: HOME})
    server = fake()
    prefix = etc(resolv_conf=silent.resolv_conf)
    running = exporter("", prefix=prefix, timeout=0.5)
    target = f"{NAME}:{server.port}"
    load(running, [probe(f"silent{i}.example:1") for i in range(64)])
    load(running, [probe(target)], clients=2)
    eventually(lambda: len(silent.queries) > 100)
    etc(resolv_conf=good.resolv_conf)
    eventually(lambda: running.scrape(target).up == 1, timeout=3)


@pytest.mark.parametrize("limit", [1024, 256])
def test_silent_names_starve_nobody(
        fake, exporter, etc, nameserver, load, limit):
    """Also when there are more of them than a quarter of the descriptors."""
    def script(server, query):
        return None if query.name.lower().startswith("x") else serve(
            server, query)

    names = nameserver({f"good{i}.example": HOME for i in range(20)}, script)
    server = fake()
    prefix = etc(resolv_conf=names.resolv_conf)
    running = exporter("", timeout=2, prefix=[
        *prefix, "prlimit", f"--nofile={limit}", "--"])
    load(running, [probe(f"x{i}.example:1") for i in range(1000)], clients=100)
    eventually(lambda: len(names.queries) > 300)
    for i in range(20):
        begin = time.monotonic()
        metrics = running.scrape(f"good{i}.example:{server.port}")
        assert metrics.up == 1
        assert time.monotonic() - begin < SLOW
