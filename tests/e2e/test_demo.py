"""What "make demo" runs once all is built."""

import pathlib
import signal
import subprocess
import threading

from exporter import BINARY, environment
from poll import SLOW, eventually

DEMO = pathlib.Path(__file__).resolve().parents[1] / "demo"


def test_demo(stack):
    demo = subprocess.Popen(
        [DEMO], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
        env=environment({"EXPORTER": BINARY}))
    stack.callback(demo.wait)
    stack.callback(demo.kill)
    lines = []
    reader = threading.Thread(target=lambda: lines.extend(demo.stdout))
    reader.start()
    stack.callback(reader.join)
    eventually(lambda: "Ctrl-C ends both.\n" in lines, timeout=20)
    demo.send_signal(signal.SIGINT)
    demo.wait(timeout=10 * SLOW)
    assert "memcached_up 1\n" in lines
    assert any(line.startswith("Its metrics are at http://127.0.0.1:")
               and line.endswith("/metrics, for example:\n") and " version" not in line
               for line in lines)
