"""Makes one call of a process fail, by tests/torture/torture.c."""

import errno
import mmap
import os
import pathlib
import struct
import subprocess

SOURCE = pathlib.Path(__file__).resolve().parents[1] / "torture/torture.c"

ALLOCATE = "allocate"
# In the order of torture.c.
CALLS = [ALLOCATE, "socket", "connect", "send", "recv", "readv", "writev",
         "accept4", "epoll_wait", "epoll_ctl", "open", "getsockopt",
         "setsockopt"]
LEFT, LIVE, TRACE, COUNTS = 8, 16, 24, 32


def build(folder):
    library = pathlib.Path(folder) / "torture.so"
    subprocess.run(
        [os.environ.get("CC", "cc").split()[-1], "-shared", "-fPIC", "-O1",
         "-D_GNU_SOURCE", "-fno-builtin-malloc", "-o", str(library),
         str(SOURCE), "-ldl"],
        check=True)
    return library


class Torture:
    def __init__(self, library, folder, libraries=False):
        """libraries: only their allocations fail."""
        path = pathlib.Path(folder) / "control"
        path.write_bytes(bytes(COUNTS + 8 * len(CALLS)))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)
        trace = bool(os.environ.get("TORTURE_TRACE"))
        self._map[TRACE:COUNTS] = struct.pack("ii", trace, libraries)
        self.env = {"LD_PRELOAD": str(library), "TORTURE_CONTROL": str(path)}

    def arm(self, call, number, err=errno.ENOMEM):
        """The number-th call from now fails."""
        self._map[:LEFT] = struct.pack("Ii", CALLS.index(call), err)
        self._map[LEFT:LIVE] = struct.pack("q", number)

    def disarm(self):
        """Whether it has failed."""
        left, = struct.unpack("q", self._map[LEFT:LIVE])
        self._map[LEFT:LIVE] = bytes(8)
        return left <= 0

    def live(self):
        return struct.unpack("q", self._map[LIVE:TRACE])[0]

    def count(self, call):
        at = COUNTS + 8 * CALLS.index(call)
        return struct.unpack("q", self._map[at:at + 8])[0]
