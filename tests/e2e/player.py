"""A folder of fixtures/servers as a script of fake.FakeServer.

server.json says how the server behaves (all but `server`, `why` and `up` are
optional):

    up, reason    memcached_up, and what memcached_scrape_failure may say
    pipelined     what becomes of several commands in one write:
                    each              answered in order
                    drop-after-error  an error throws away what was read with it
                    fail-if-more      more than one is answered with `if_more`
                                      and the connection closed
                    first-only        of what one read gives, the first counts
    after         {sub-command: fin | silence}: what follows its answer
    on_connect    close: what follows connect.txt, which comes unasked
    write         lines: a packet for each line
    shuffle       another order of the lines of stats each time
"""

import json
import random

from fake import hang

COMMANDS = {"stats": "stats", "stats settings": "settings",
            "stats slabs": "slabs", "stats items": "items"}
ERRORS = b"ERROR", b"CLIENT_ERROR", b"SERVER_ERROR"


class Player:
    def __init__(self, folder):
        self.folder = folder
        self.how = json.loads((folder / "server.json").read_text())
        self.answers = {
            name: path.read_bytes()
            for name in ("connect", *COMMANDS.values())
            if (path := folder / f"{name}.txt").exists()
        }

    @property
    def pipelined(self):
        return self.how.get("pipelined", "each")

    @property
    def is_steady(self):
        """It keeps its connections."""
        return (self.how["up"] and self.pipelined == "each"
                and not self.how.get("after"))

    def __call__(self, conn):
        conn.send(self.answers.get("connect", b""))
        if "on_connect" in self.how:
            return
        for lines in conn.reads():
            if self.pipelined == "fail-if-more" and len(lines) > 1:
                conn.send(self.how["if_more"].encode())
                return
            for line in lines:
                if self._answer(conn, line) == "fin":
                    return
                if self.pipelined == "first-only":
                    break
                if self.pipelined == "drop-after-error" and self._is_error(line):
                    break

    def _answer(self, conn, line):
        """Returns what follows."""
        answer = self._text(line)
        pieces = [answer]
        if self.how.get("write") == "lines":
            pieces = answer.splitlines(keepends=True)
        for piece in pieces:
            conn.send(piece)
        then = self.how.get("after", {}).get(COMMANDS.get(line))
        if then == "silence":
            hang(conn)
        return then

    def _text(self, line):
        if line not in COMMANDS:
            return b"ERROR\r\n"
        answer = self.answers.get(COMMANDS[line], b"")
        if self.how.get("shuffle") and line == "stats":
            *lines, end = answer.splitlines(keepends=True)
            random.shuffle(lines)
            answer = b"".join([*lines, end])
        return answer

    def _is_error(self, line):
        return self._text(line).split()[0] in ERRORS
