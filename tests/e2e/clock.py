"""A clock that a test moves forward, by libfaketime: the exporter's long
limits pass in no time, as they are."""

import glob
import os

import pytest

from exporter import WRAPPER, run

LIBRARY = "/usr/lib/*/faketime/libfaketime.so.1"


class Clock:
    def __init__(self, folder):
        """Skips the test where the exporter cannot have such a clock."""
        self._path = folder / "clock"
        self._ahead = 0
        self.forward(0)
        found = glob.glob(LIBRARY)
        if not found:
            pytest.skip("libfaketime is missing: make deps-test")
        self.env = {
            "LD_PRELOAD": found[0],
            "FAKETIME_TIMESTAMP_FILE": str(self._path),
            "FAKETIME_NO_CACHE": "1",
        }
        if WRAPPER:
            pytest.skip("EXPORTER_WRAPPER would have the clock, too")
        if run("--version").returncode == 0:
            preloaded = run("--version", env=self.env)
            if preloaded.returncode:
                pytest.skip(f"no libfaketime with this build (sanitizers "
                            f"want to be first): {preloaded.stderr[:200]}")

    def forward(self, seconds):
        """Seen when the exporter's loop next wakes up."""
        self._ahead += seconds
        aside = f"{self._path}.new"
        with open(aside, "w", encoding="ascii") as file:
            file.write(f"{self._ahead:+g}\n")
        os.replace(aside, self._path)
