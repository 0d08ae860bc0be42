"""A real Prometheus scrapes the exporter of a real memcached."""

import http.server
import threading

import pytest

from daemons import Prometheus
from poll import eventually


class WithoutAccept(http.server.BaseHTTPRequestHandler):
    """Hands requests on without their Accept header, for the text format:
    Prometheus 2.42 asks for OpenMetrics whenever it can have that."""

    exporter = None

    def do_GET(self):
        answer = self.exporter.get(self.path)
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers["Content-Type"])
        self.end_headers()
        self.wfile.write(answer.text.encode())

    def log_message(self, *_):
        pass


def without_accept(stack, running):
    handler = type("Handler", (WithoutAccept,), {"exporter": running})
    server = stack.enter_context(
        http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    stack.callback(thread.join)
    stack.callback(server.shutdown)
    return f"127.0.0.1:{server.server_port}"


@pytest.mark.parametrize("text, families", [
    (False, {
        "memcached_commands": ("counter", ""),
        "memcached_process_user_cpu_seconds": ("counter", "seconds"),
        "memcached_limit_bytes": ("gauge", "bytes"),
        "memcached_slab_items_moves_to_cold": ("unknown", ""),
        "memcached_up": ("gauge", ""),
    }),
    (True, {
        "memcached_commands_total": ("counter", ""),
        "memcached_process_user_cpu_seconds_total": ("counter", ""),
        "memcached_limit_bytes": ("gauge", ""),
        "memcached_slab_items_moves_to_cold": ("counter", ""),
        "memcached_up": ("gauge", ""),
    }),
], ids=["openmetrics", "text"])
def test_prometheus(memcached, exporter, stack, tmp_path, text, families):
    server = memcached()
    server.ask(b"set a 0 0 1\r\nb\r\n", end=b"STORED\r\n")
    running = exporter(server.address)
    address = without_accept(stack, running) if text else running.address
    prometheus = Prometheus(tmp_path, address)
    stack.callback(prometheus.stop)
    eventually(lambda: prometheus.query("memcached_up") == [1], timeout=20)
    assert prometheus.query("up") == [1]
    assert prometheus.query("memcached_current_items") == [1]
    assert prometheus.query("count(memcached_commands_total)")[0] > 10
    assert len(prometheus.query("memcached_slab_items_moves_to_cold")) == 1
    assert {f: prometheus.metadata(f) for f in families} == {
        f: [kind] for f, kind in families.items()}
