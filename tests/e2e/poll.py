"""Waiting for a state, never for a time."""

import os
import time

# Everything takes so many times longer: under valgrind, say.
SLOW = float(os.environ.get("EXPORTER_SLOW") or 1)


def eventually(check, timeout=5):
    """The first true value of check(); an AssertionError after timeout."""
    deadline = time.monotonic() + timeout * SLOW
    while True:
        result = check()
        if result:
            return result
        assert time.monotonic() < deadline, f"not so within {timeout} s"
        time.sleep(0.005)
