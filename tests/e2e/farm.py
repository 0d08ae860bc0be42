"""Servers that change their minds, and know what is true: in one thread, by
asyncio. Each has a mode at a time, and the numbers that it has told."""

import asyncio
import bisect
import random
import socket
import struct
import threading
import time

# In which a scrape finds it up, and in which it does not.
GOOD = ("good", "dripping")
BAD = ("hanging", "refusing", "resetting", "lying", "cut")

# A change counts for scrapes that begin or end so close to it.
GRACE_SECONDS = 0.3
DRIP_SECONDS = 0.002
DRIP_BYTES = 8


class Server:
    def __init__(self, number):
        self.number = number
        self.told = []  # (when, curr_items), the answer's last byte sent
        self.modes = [(0.0, "good")]
        self.address = None
        self._value = number * 1_000_000
        self._listener = None
        self._writers = set()
        self._changed = asyncio.Event()

    @property
    def mode(self):
        return self.modes[-1][1]

    def modes_between(self, start, end):
        """The modes of a while, with some grace."""
        times = [at for at, _ in self.modes]
        first = bisect.bisect_right(times, start - GRACE_SECONDS) - 1
        last = bisect.bisect_right(times, end + GRACE_SECONDS)
        return {mode for _, mode in self.modes[max(first, 0):last]}

    async def listen(self, port=0):
        self._listener = await asyncio.start_server(
            self._serve, "127.0.0.1", port)
        self.port = self._listener.sockets[0].getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"

    async def set_mode(self, mode):
        was = self.mode
        self.modes.append((time.monotonic(), mode))
        self._changed.set()
        self._changed = asyncio.Event()
        if mode == "refusing":
            self._listener.close()
            self._drop()
        elif was == "refusing":
            await self.listen(self.port)
        elif mode in ("resetting", "cut"):
            self._drop()

    def restart(self):
        """Its connections end; it is up again at once."""
        now = time.monotonic()
        self.modes += [(now, "restarting"), (now, self.mode)]
        self._drop()

    def end(self):
        self._listener.close()
        self._drop()

    def _drop(self):
        for writer in list(self._writers):
            self._reset(writer)

    @staticmethod
    def _reset(writer):
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                        struct.pack("ii", 1, 0))
        writer.close()

    async def _serve(self, reader, writer):
        self._writers.add(writer)
        try:
            if self.mode == "resetting":
                self._reset(writer)
            while line := await reader.readline():
                await self._answer(line.strip(), writer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer(self, command, writer):
        while self.mode == "hanging":
            await self._changed.wait()
        if self.mode == "lying":
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            return
        if command != b"stats":
            writer.write(b"END\r\n")
            return
        self._value += 1
        value = self._value  # another connection may go on meanwhile
        text = f"STAT uptime {int(time.monotonic())}\r\n" \
            f"STAT curr_items {value}\r\nEND\r\n".encode()
        if self.mode == "cut":
            writer.write(text[:20])
            await writer.drain()
            self._reset(writer)
            return
        if self.mode == "dripping":
            while len(text) > DRIP_BYTES:
                writer.write(text[:DRIP_BYTES])
                text = text[DRIP_BYTES:]
                await asyncio.sleep(DRIP_SECONDS)
        self.told.append((time.monotonic(), value))
        writer.write(text)


class Farm:
    def __init__(self, size, seed=1):
        self._random = random.Random(seed)
        self._loop = asyncio.new_event_loop()
        self._changing = None
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.servers = self._call(self._start(size))

    def _call(self, what):
        return asyncio.run_coroutine_threadsafe(
            what, self._loop).result(10)

    async def _start(self, size):
        servers = [Server(number) for number in range(1, size + 1)]
        for server in servers:
            await server.listen()
        return servers

    async def _change(self, every):
        while True:
            await asyncio.sleep(every)
            server = self._random.choice(self.servers)
            if self._random.random() < 0.2:
                server.restart()
            mode = self._random.choice(GOOD * 3 + BAD)
            await server.set_mode(mode)

    async def _begin(self, every):
        self._changing = asyncio.ensure_future(self._change(every))

    async def _settle(self):
        self._changing.cancel()
        for server in self.servers:
            await server.set_mode("good")

    def change(self, every):
        """One of them changes, every so many seconds."""
        self._call(self._begin(every))

    def settle(self):
        """All are good from now on."""
        self._call(self._settle())

    async def _end(self):
        for server in self.servers:
            server.end()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def stop(self):
        self._call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()
