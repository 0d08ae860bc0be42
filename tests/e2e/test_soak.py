"""Many scrapes leave no trace."""

import collections
import contextlib
import http.client
import os
import random
import signal
import threading
import time

import pytest

from exporter import WRAPPER, probe
from exposition import Exposition
from farm import GOOD, Farm
from poll import SLOW, eventually
from web import put, secure, trusting

SCRAPES = 3000
GROWTH = 512  # KiB
SHADOW = 1 << 30  # KiB that only a sanitizer maps


@pytest.mark.slow
def test_soak(memcached, exporter):
    running = exporter(memcached().address)
    with contextlib.closing(running.connection()) as conn:

        def scrape(times):
            for _ in range(times):
                assert "\nmemcached_up 1\n" in running.request(conn).text

        scrape(300)
        files, memory = running.descriptors(), running.status("VmRSS")
        scrape(SCRAPES)
        eventually(lambda: running.descriptors() <= files)
        if not WRAPPER and running.status("VmSize") < SHADOW:
            assert running.status("VmRSS") - memory < GROWTH


@pytest.mark.slow
def test_failures_leave_no_trace(exporter, dead):
    running = exporter(dead)
    with contextlib.closing(running.connection()) as conn:
        running.request(conn)
        files = running.descriptors()
        for _ in range(300):
            assert "\nmemcached_up 0\n" in running.request(conn).text
        eventually(lambda: running.descriptors() <= files)


# ---- Everything at once, for SOAK_SECONDS

SECONDS = float(os.environ.get("SOAK_SECONDS", "20")) / 2  # there are two
SERVERS = int(os.environ.get("SOAK_SERVERS", "20"))
CLIENTS = int(os.environ.get("SOAK_CLIENTS", "6"))
CHANGE_SECONDS = 0.1
TIMEOUT = 0.5
LATE = 0.5  # what a busy machine adds to a deadline
NAMES = "DNS:localhost,IP:127.0.0.1"
BACKOFF = 5  # src/memcached/links.h


class Soak:
    """One exporter, its clients, and what they have found."""

    def __init__(self, running, farm, real, tls=None):
        self.running, self.farm, self.real = running, farm, real
        self.tls = tls
        self.ending = threading.Event()
        self.faults = []
        self.counts = collections.Counter()
        self.threads = [threading.Thread(target=self.client, args=(n,))
                        for n in range(CLIENTS)]

    def connection(self):
        if self.tls is None:
            return self.running.connection()
        return secure(self.running, self.tls)

    def client(self, number):
        chance = random.Random(number)
        conn = self.connection()
        while not self.ending.is_set():
            if chance.random() < 0.1:
                conn.close()
                conn = self.connection()
            try:
                if chance.random() < 0.1:
                    self.scrape_real(conn, chance.choice(self.real))
                else:
                    self.scrape(conn, chance.choice(self.farm.servers))
            except (OSError, http.client.HTTPException) as error:
                self.faults.append(f"{type(error).__name__}: {error}")
                conn.close()
            except AssertionError as error:
                self.faults.append(str(error))
        conn.close()

    def ask(self, conn, address):
        start = time.monotonic()
        answer = self.running.request(conn, probe(address))
        end = time.monotonic()
        assert answer.status == 200, answer.text
        return Exposition(answer.text), start, end

    def scrape_real(self, conn, address):
        samples, _, _ = self.ask(conn, address)
        assert samples.up == 1, f"{address} is down"
        self.counts["real"] += 1

    def scrape(self, conn, server):
        samples, start, end = self.ask(conn, server.address)
        modes = server.modes_between(start - BACKOFF, end)
        now = server.modes_between(start, end)
        took = samples.value("memcached_scrape_duration_seconds")
        assert took < TIMEOUT * SLOW + LATE, f"{took} s for {modes}"
        self.counts["up" if samples.up else "down"] += 1
        if samples.up:
            assert now & set(GOOD), f"up while {now}"
            value = samples.value("memcached_current_items")
            told = [at for at, told in server.told[-200:] if told == value]
            assert told and start <= told[0] + 0.001 and told[0] <= end, \
                f"{value} of server {server.number} is not of this scrape: " \
                f"{told} {server.told[-3:]} {start} {end} {modes}"
        else:
            why = samples.families.get("memcached_scrape_failure")
            assert not modes <= set(GOOD), \
                f"down while {modes}: {why and why.samples}"

    def begin(self):
        for thread in self.threads:
            thread.start()

    def end(self):
        self.ending.set()
        for thread in self.threads:
            thread.join(10 * SLOW)
        assert not self.faults, (len(self.faults), self.faults[:5])

    def left_over(self):
        return (self.running.descriptors(),
                len(os.listdir(f"/proc/{self.running.pid}/task")))


@pytest.mark.slow
@pytest.mark.parametrize("is_tls", [False, True], ids=["plain", "tls"])
def test_everything_at_once(is_tls, exporter, memcached, stack, authority,
                            tmp_path):
    """The answers are right whatever servers, files and clients do."""
    farm = Farm(SERVERS)
    stack.callback(farm.stop)
    config = tmp_path / "config.yml"
    config.write_text("modules: {a: {timeout: 500ms}}\n")
    flags = [f"--config.file={config}", "--web.enable-lifecycle"]

    def rotate():
        pair = authority.issue(NAMES)
        return put(tmp_path / "web.yml", {"tls_server_config": {
            "cert_file": pair.cert, "key_file": pair.key}})

    if is_tls:
        flags.append(rotate())
    running = exporter(None, *flags, timeout=TIMEOUT)
    real = [memcached().address for _ in range(2)]
    soak = Soak(running, farm, real,
                trusting(authority) if is_tls else None)
    for server in farm.servers:
        with contextlib.closing(soak.connection()) as conn:
            soak.scrape(conn, server)
    files, threads = soak.left_over()
    memory = None
    farm.change(CHANGE_SECONDS)
    soak.begin()
    begun = time.monotonic()
    while time.monotonic() - begun < SECONDS and not soak.faults:
        time.sleep(1)
        if is_tls:
            rotate()
        config.write_text(
            f"modules: {{a: {{timeout: {random.randrange(300, 500)}ms}}}}\n")
        running.process.send_signal(signal.SIGHUP)
        if memory is None and time.monotonic() - begun > SECONDS / 4:
            memory = running.status("VmRSS")
    farm.settle()
    soak.end()
    grown = running.status("VmRSS") - memory
    print(f"soak: {dict(soak.counts)}, {grown} KiB more")
    assert soak.counts["up"] > 10 and soak.counts["down"] > 0
    # a connection that was late may be kept beside the one in use
    eventually(lambda: soak.left_over()[0] <= files + 2 * SERVERS, 15)
    assert soak.left_over()[1] == threads
    if not WRAPPER and running.status("VmSize") < SHADOW:
        assert grown < GROWTH + 24 * SERVERS
