"""Servers that do something else than answer."""

import time

import pytest

from daemons import promtool
from exporter import run
from fake import (MINIMAL, close, hang, reset, saying, serve,
                  stat_lines)

HTTP = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n<html>\r\n"
REDIS = b"-ERR unknown command 'stats'\r\n"
SSH = b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"

# What the server does: why memcached_up is 0.
DOWN = {
    "silent": (hang, "timeout"),
    "closes at once": (close, "closed"),
    "resets": (saying(then=reset), "closed"),
    "closes in the middle": (saying(b"STAT pid 1\r\nST", then=close), "closed"),
    "resets in the middle": (saying(b"STAT pid 1\r\nST", then=reset), "closed"),
    "stalls in the middle": (saying(b"STAT pid 1\r\nSTAT u"), "timeout"),
    "HTTP server": (saying(HTTP, then=close), "protocol"),
    "SSH server": (saying(SSH, b"Invalid\r\n", then=close), "protocol"),
    "Redis": (saying(REDIS * 4), "protocol"),
    "binary garbage": (saying(bytes(range(256)) * 9, then=close), "protocol"),
    "ERROR": (saying(b"ERROR\r\n" * 4), "protocol"),
    "SERVER_ERROR": (saying(b"SERVER_ERROR out of memory\r\n"), "protocol"),
    "END alone": (saying(b"END\r\n" * 4), "protocol"),
    "no STAT line": (saying(b"version 2\r\na b\r\nEND\r\n"), "protocol"),
    "auth": (saying(b"CLIENT_ERROR unauthenticated\r\n" * 4), "auth"),
    "10 MB of lines": (
        saying(*[stat_lines(100, "STAT k%d " + "v" * 999 + "\r\n")] * 100),
        "too_large"),
    "10 MB in one line": (saying(*[b"x" * 100000] * 100), "too_large"),
    "100,000 lines": (saying(stat_lines(100000)), "too_large"),
    "endless": (saying(*[b"STAT k v\r\n" * 1000] * 5000), "too_large"),
}


@pytest.mark.parametrize("name", DOWN)
def test_down(fake, exporter, name):
    script, reason = DOWN[name]
    timeout = 10 if reason == "too_large" else 0.5
    running = exporter(fake(script).address, timeout=timeout)
    for count in (1, 2):
        metrics = running.metrics()
        assert (metrics.up, metrics.reason) == (0, reason)
        failures = "memcached_exporter_scrape_failures_total"
        assert metrics.value(failures, reason=reason) == count
        assert "memcached_current_items" not in metrics
        assert not metrics.success["stats"]


def test_itself(exporter):
    """An exporter that is told to scrape itself answers at once that it is no
    memcached."""
    running = exporter("", timeout=60)
    page = running.scrape(running.address)
    assert (page.up, page.reason) == (0, "protocol")


@pytest.mark.parametrize("answer", ["RESET", "ERROR what"])
def test_told_what_came(fake, exporter, answer):
    script = saying(f"{answer}\r\n".encode())
    running = exporter(fake(script).address)
    metrics = running.metrics()
    assert (metrics.up, metrics.reason) == (0, "protocol")
    running.stop()
    assert f"stats was answered with: {answer}" in "\n".join(running.log())


# No memcached, which says this and then nothing; what the log has of it.
AT_ONCE = {
    "Redis": (REDIS * 4, "-ERR unknown command"),
    "SMTP": (b"220 mx ESMTP\r\n" + b"500 what?\r\n" * 4, "220 mx ESMTP"),
    "a word": (b"RECV_TIMEOUT\r\n" * 4, "RECV_TIMEOUT"),
    "beanstalkd": (b"OK 9\r\n---\nx: 1\n\r\n", "OK 9 ---"),
    "END alone": (b"END\r\n" * 4, "without a STAT line"),
}


@pytest.mark.parametrize("name", AT_ONCE)
def test_no_memcached_at_once(fake, exporter, name):
    said, words = AT_ONCE[name]
    running = exporter(fake(saying(said)).address, timeout=30)
    began = time.monotonic()
    metrics = running.metrics()
    assert time.monotonic() - began < 10
    assert (metrics.up, metrics.reason) == (0, "protocol")
    running.stop()
    assert words in "\n".join(running.log())


# What came, without a line's end or with NUL: what the log has of it.
FIRST_WORDS = {
    "FTP": (b"220 my ftp server", "220 my ftp server"),
    "AMQP": (b"AMQP\0\0\x09\x01", "AMQP"),
    "NUL first": (b"\0\0\0\x0bhello there\n", "hello there"),
    "MySQL": (b"J\0\0\0\n8.0.36\0\x0b\0\0\0", "8.0.36"),
    "ESC": (b"\x1b[31mred\r\n", "\\x1b[31mred"),
}


@pytest.mark.parametrize("then", [hang, close])
@pytest.mark.parametrize("name", FIRST_WORDS)
def test_first_words(fake, exporter, name, then):
    said, words = FIRST_WORDS[name]
    running = exporter(fake(saying(said, then=then)).address, timeout=0.3)
    metrics = running.metrics()
    assert (metrics.up, metrics.reason) == (0, "protocol")
    running.stop()
    assert words in "\n".join(running.log())


def test_refused(exporter, dead):
    metrics = exporter(dead).metrics()
    assert (metrics.up, metrics.reason) == (0, "refused")


def test_no_socket(exporter, folder):
    metrics = exporter(f"{folder}/none").metrics()
    assert metrics.up == 0
    assert metrics.reason in ("refused", "unreachable")


def stats(*lines):
    """MINIMAL's answer with other lines before it."""
    text = b"".join(line + b"\r\n" for line in lines)
    return {"stats": text + MINIMAL["stats"]}


LONG = b"STAT uptime " + b"9" * 100000

# Answers: ignored lines. Everything else of MINIMAL is there.
ODD_LINES = {
    "a line of 100 kB": (stats(LONG), 1),
    "10 lines of 100 kB": (stats(*[LONG] * 10), 10),
    "a line of 8 kB": (stats(b"STAT x " + b"9" * 8000), 0),
    "not a number": (stats(b"STAT uptime many"), 1),
    "numbers that strtod takes": (
        stats(b"STAT uptime nan", b"STAT threads 0x10", b"STAT bytes inf",
              b"STAT time 1e999", b"STAT cmd_get +1"), 5),
    "numbers that cannot be": (
        stats(b"STAT threads -1", b"STAT bytes 18446744073709550000",
              b"STAT rusage_user -0.5", b"STAT total_items -5",
              b"STAT limit_maxbytes 9223372036854775808"), 5),
    "no value": (stats(b"STAT uptime"), 1),
    "too large a number": (stats(b"STAT uptime 18446744073709551616"), 1),
    "decimals too large": (
        stats(b"STAT rusage_user " + b"9" * 400 + b".5",
              b"STAT rusage_system " + b"9" * 400), 2),
    "unknown key": (stats(b"STAT what_is_this 42"), 0),
    "repeated key": (stats(b"STAT pid 1", b"STAT pid 2"), 0),
    "not a STAT line": (stats(b"hello", b""), 2),
    "LF only": ({"stats": MINIMAL["stats"].replace(b"\r", b"")}, 0),
    "trailing blanks": ({"stats": MINIMAL["stats"].replace(b"\r", b"  \r")}, 0),
    "odd slab numbers": (
        {"stats slabs": b"STAT 99999999999999999999:chunk_size 1\r\n"
         b"STAT -1:chunk_size 1\r\nSTAT 65536:chunk_size 1\r\n"
         + MINIMAL["stats slabs"],
         "stats items": b"STAT items:70000:number 1\r\n"
         b"STAT items:-2:number 1\r\nSTAT items:x:number 1\r\n"
         + MINIMAL["stats items"]}, 6),
}


@pytest.mark.parametrize("name", ODD_LINES)
def test_odd_line(fake, exporter, name):
    answers, ignored = ODD_LINES[name]
    metrics = exporter(fake(answers=answers).address).metrics()
    assert (metrics.up, metrics.reason) == (1, None)
    assert metrics.ignored == ignored
    assert all(metrics.success.values())
    for odd in ("uptime_seconds", "threads", "current_bytes", "time_seconds",
                "process_user_cpu_seconds_total",
                "process_system_cpu_seconds_total"):
        assert f"memcached_{odd}" not in metrics
    assert metrics.value("memcached_current_items") == 7
    assert metrics.value("memcached_max_connections") == 1024
    assert metrics.value("memcached_malloced_bytes") == 1048576
    assert metrics.labels("memcached_slab_chunk_size_bytes") == [{"slab": "1"}]
    assert metrics.labels("memcached_slab_current_items") == [{"slab": "1"}]


def test_largest_slab_number(fake, exporter):
    answers = {"stats items": b"STAT items:65535:number 1\r\nEND\r\n"}
    metrics = exporter(fake(answers=answers).address).metrics()
    assert metrics.ignored == 0
    assert metrics.value("memcached_slab_current_items", slab="65535") == 1


def test_bytes_outside_of_text(fake, exporter):
    answers = {
        "stats": b"STAT version 1\x00\xff\xc3\xa9\xed\xa0\x80\xc3\r\n"
        b"STAT curr_items 7\x00\r\nSTAT up\x00time 1\r\nSTAT \xfe \xff\r\n"
        b"END\r\n",
        "stats settings": b"STAT hash_algorithm \x80\x01\r\nEND\r\n",
    }
    metrics = exporter(fake(answers=answers).address).metrics()
    assert (metrics.up, metrics.ignored) == (1, 1)
    version = metrics.labels("memcached_version")[0]["version"]
    assert version.startswith("1") and "é" in version
    promtool(metrics.text)


# Answers to sub-commands: the ones that failed.
HALF = {
    "ERROR": (b"ERROR\r\n", {"settings", "slabs", "items"}),
    "SERVER_ERROR": (b"SERVER_ERROR no\r\n", {"settings", "slabs", "items"}),
    "CLIENT_ERROR": (b"CLIENT_ERROR no\r\n", {"settings", "slabs", "items"}),
    "with a colon": (b"SERVER_ERROR: no\r\n", {"settings", "slabs", "items"}),
    "with a blank": (b"ERROR \r\n", {"settings", "slabs", "items"}),
    "another word": (b"INVALID\r\n", {"settings", "slabs", "items"}),
    "of no capitals": (b"Error: no\r\n", {"settings", "slabs", "items"}),
    "of Redis": (b"-ERR no\r\n", {"settings", "slabs", "items"}),
    "empty": (b"END\r\n", set()),
}


@pytest.mark.parametrize("name", HALF)
def test_sub_commands(fake, exporter, name):
    answer, failed = HALF[name]
    answers = dict.fromkeys(list(MINIMAL)[1:], answer)
    metrics = exporter(fake(answers=answers).address).metrics()
    assert_half(metrics, failed)


@pytest.mark.parametrize("answered", [1, 2, 3])
def test_half_an_answer(fake, exporter, answered):
    """What was complete before the fault is there."""

    def script(conn):
        commands = conn.commands()
        for command in list(MINIMAL)[:answered]:
            assert next(commands) == command
            conn.answer(command)
        hang(conn)

    names = [command.split()[-1] for command in MINIMAL]
    running = exporter(fake(script).address, timeout=0.4)
    assert_half(running.metrics(), set(names[answered:]))


TOO_MUCH = {
    "entries": stat_lines(100000, "STAT items:1:k%d 1\r\n") + b"END\r\n",
    "entries without end": stat_lines(300000, "STAT items:1:k%d 1\r\n"),
    "classes": stat_lines(300, "STAT items:%d:number 1\r\n") + b"END\r\n",
    "bytes": b"STAT items:1:x " + b"y" * (10 << 20),
}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_sub_command_too_large(fake, exporter, name):
    answers = {"stats items": TOO_MUCH[name]}
    running = exporter(fake(answers=answers).address, timeout=5)
    assert_half(running.metrics(), {"items"})


def assert_half(metrics, failed):
    """up, with what `stats` said, and without these collectors."""
    assert (metrics.up, metrics.reason) == (1, None)
    assert {n for n, ok in metrics.success.items() if not ok} == failed
    assert metrics.value("memcached_current_items") == 7


def test_a_fault_does_not_last(fake, exporter):
    """The next scrape has a connection, a deadline and a reply of its own."""

    def script(conn):
        saying(LONG, then=reset)(conn) if conn.number == 1 else serve(conn)

    running = exporter(fake(script).address)
    assert running.metrics().up == 0
    metrics = running.metrics()
    assert (metrics.up, metrics.ignored) == (1, 0)


@pytest.mark.parametrize("alive", [True, False])
def test_once(memcached, dead, alive):
    address = memcached().address if alive else dead
    done = run("--once", f"--memcached.address={address}")
    assert done.returncode == (0 if alive else 1)
    assert f"memcached_up {alive:d}\n" in done.stdout
    assert ("memcached_current_items" in done.stdout) == alive
    assert promtool(done.stdout) is not None


def test_once_hung(fake):
    address = fake(hang).address
    done = run("--once", f"--memcached.address={address}",
               "--memcached.timeout=200ms")
    assert done.returncode == 1
    assert 'memcached_scrape_failure{reason="timeout"} 1\n' in done.stdout
