"""A real Prometheus scrapes the exporter of a real memcached."""

from daemons import Prometheus
from poll import eventually


def test_prometheus(memcached, exporter, stack, tmp_path):
    running = exporter(memcached().address)
    prometheus = Prometheus(tmp_path, running.address)
    stack.callback(prometheus.stop)
    eventually(lambda: prometheus.query("memcached_up") == [1], timeout=20)
    assert prometheus.query("up") == [1]
    assert prometheus.query("memcached_current_items") == [0]
    assert prometheus.query("count(memcached_commands_total)")[0] > 10
