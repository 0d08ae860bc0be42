"""Many targets at once, some of them sick."""

import asyncio
import collections
import re
import socket
import struct
import time

import pytest

from exporter import probe
from fake import MINIMAL
from poll import SLOW

TIMEOUT = 3 * SLOW
SLACK = 1.5 * SLOW

ANSWER = b"".join(MINIMAL.values())
LAST = b"stats items\r\n"

Result = collections.namedtuple("Result", "up reason seconds")


async def healthy(reader, writer):
    while True:
        await reader.readuntil(LAST)
        writer.write(ANSWER)


async def silent(reader, writer):
    await reader.read()


async def dripping(reader, writer):
    """An answer that is never whole."""
    while True:
        for byte in b"STAT curr_items 7\r\n":
            writer.write(bytes([byte]))
            await asyncio.sleep(0.1)


async def resetting(reader, writer):
    """In the middle."""
    await reader.readuntil(LAST)
    writer.write(ANSWER[:20])
    await writer.drain()
    writer.get_extra_info("socket").setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


FLEET = {healthy: 430, silent: 50, dripping: 10, resetting: 10}


def serving(script):
    async def run(reader, writer):
        try:
            await script(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # the exporter hung up
        finally:
            writer.close()

    return run


async def start(count, script):
    """The addresses of so many servers."""
    servers = [
        await asyncio.start_server(serving(script), "127.0.0.1", 0)
        for _ in range(count)
    ]
    return ["%s:%d" % server.sockets[0].getsockname() for server in servers]


async def get(running, path):
    host, port = running.address.split(":")
    start = time.monotonic()
    reader, writer = await asyncio.open_connection(host, port)
    request = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    writer.write(request.encode())
    text = (await reader.read()).decode()
    writer.close()
    assert text.startswith("HTTP/1.1 200 "), text
    return text, time.monotonic() - start


async def scrape(running, address):
    text, seconds = await get(running, probe(address))
    reason = re.search(r'scrape_failure{reason="(\w+)"} 1\n', text)
    return Result("\nmemcached_up 1\n" in text, reason and reason[1], seconds)


async def knock(running):
    """The longest time that the loop let somebody else wait."""
    worst = 0
    while True:
        try:
            worst = max(worst, (await get(running, "/-/healthy"))[1])
            await asyncio.sleep(0.05)
        except asyncio.CancelledError:
            return worst


async def sweep(running, fleet):
    """All of it at once: the results by kind, how long it took, and the
    longest time that /-/healthy took meanwhile."""
    begin = time.monotonic()
    knocking = asyncio.create_task(knock(running))
    kinds = [script for script in fleet for _ in fleet[script]]
    results = await asyncio.gather(*(
        scrape(running, address)
        for addresses in fleet.values() for address in addresses))
    took = time.monotonic() - begin
    knocking.cancel()
    found = collections.defaultdict(list)
    for kind, result in zip(kinds, results):
        found[kind].append(result)
    return found, took, await knocking


async def sweeps(running, times):
    fleet = {script: await start(count, script)
             for script, count in FLEET.items()}
    return [await sweep(running, fleet) for _ in range(times)]


@pytest.mark.slow
def test_sick_fleet(exporter):
    running = exporter("", timeout=3)
    for found, took, loop in asyncio.run(sweeps(running, 2)):
        states = {
            kind: {(r.up, r.reason) for r in results}
            for kind, results in found.items()
        }
        assert states == {
            healthy: {(True, None)},
            silent: {(False, "timeout")},
            dripping: {(False, "timeout")},
            resetting: {(False, "closed")},
        }
        for kind in (healthy, resetting):
            assert max(r.seconds for r in found[kind]) < TIMEOUT / 2
        for kind in (silent, dripping):
            assert min(r.seconds for r in found[kind]) > TIMEOUT * 0.9
        assert took < TIMEOUT + SLACK
        assert loop < TIMEOUT / 2
    metrics = running.metrics()
    # The healthy ones kept theirs, the others needed another each time.
    sick = sum(FLEET.values()) - FLEET[healthy]
    assert metrics.value("memcached_exporter_connects_total") == (
        FLEET[healthy] + 2 * sick)


async def storm(running):
    """One healthy target between many that are asked again and again."""
    good, = await start(1, healthy)
    bad = await start(20, resetting)
    results = []
    for _ in range(10):
        one, *_ = await asyncio.gather(
            scrape(running, good), *(scrape(running, b) for b in bad * 5))
        results.append(one)
    return results


def test_storm_of_reconnects(exporter):
    running = exporter("", timeout=5)
    results = asyncio.run(storm(running))
    assert {(r.up, r.reason) for r in results} == {(True, None)}
    assert max(r.seconds for r in results) < 2.5 * SLOW
