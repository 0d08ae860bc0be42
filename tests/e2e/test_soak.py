"""Many scrapes leave no trace."""

import contextlib

import pytest

from poll import eventually

from exporter import WRAPPER

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
