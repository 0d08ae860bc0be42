"""What the program is, and what the documentation says of it."""

import functools
import os
import pathlib
import re
import shlex
import socket
import subprocess
import sys
import tempfile
import textwrap

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests/e2e"))

from exporter import Exporter, run  # noqa: E402
from poll import eventually  # noqa: E402

README = TOP / "README.md"
CHANGELOG = TOP / "CHANGELOG.md"
MAN = TOP / "memcached_exporter.1"
METRICS = TOP / "contrib/METRICS.md"
UPSTREAM = TOP / "tests/docs/upstream_metrics.txt"
SYSTEMD = TOP / "contrib/systemd"

BEGIN = '.\\" Written by "make regen", from here\n'
END = '.\\" to here.\n'

UNIT = re.compile(r"_(seconds|bytes|ratio)(?:_total)?$")

FAMILY = re.compile(
    r"^# HELP (\S+) (.+)\n# TYPE \S+ (\w+)\n\1(?:\{(.*)\})? ", re.MULTILINE)


# The program

@functools.cache
def catalogue():
    """The text of an answer with a sample of each family of the catalogue, and
    what each is made of, a line a key."""
    with tempfile.TemporaryDirectory() as folder:
        program = f"{folder}/families"
        sources = [*TOP.glob("src/stats/*.c"), *TOP.glob("src/base/*.c")]
        compiler = shlex.split(os.environ.get("CC") or "cc")
        subprocess.run(
            [*compiler, "-std=gnu11", "-D_GNU_SOURCE", "-Isrc", "-o", program,
             "tests/docs/families.c", *sources, "-levent_core", "-lssl", "-lcrypto"],
            cwd=TOP, check=True)
        return [subprocess.check_output([program, *arguments], text=True)
                for arguments in ([], ["sources"])]


@functools.cache
def answer():
    """A scrape of a server that is down, with --memcached.pid-file, and of a
    pool: every family that is not of the catalogue."""
    with socket.socket() as dead, tempfile.TemporaryDirectory() as folder:
        dead.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{dead.getsockname()[1]}"
        pathlib.Path(folder, "pid").write_text(str(os.getpid()))
        config = pathlib.Path(folder, "config.yml")
        config.write_text(f"pools: {{p: {{servers: ['{address}']}}}}\n")
        running = Exporter(
            f"--memcached.address={address}", f"--config.file={config}",
            f"--memcached.pid-file={folder}/pid")
        try:
            eventually(lambda: "memcached_pool_key_ratio{" in running.get().text,
                       timeout=20)
            pool = running.get("/scrape?pool=p").text
            found = running.get().text
        finally:
            running.stop()
    begin = pool.index("# HELP memcached_pool_server_up")
    return found + pool[begin:pool.index("# HELP memcached_scrape_")]


def families(text):
    """(name, label names, type, help) of each."""
    return [
        (name, re.findall(r'(\w+)="', labels), kind, help_text)
        for name, help_text, kind, labels in FAMILY.findall(text)
    ]


def all_families():
    """The same by heading."""
    own = families(answer())
    server = families(catalogue()[0])
    return {
        "The scrape": [f for f in own if re.match(
            "memcached_(up$|scrape_)", f[0])],
        "The server": [f for f in server if "slab" not in f[1] and not re.match(
            "memcached_(query|probe)_", f[0])],
        "Each slab class": [f for f in server if "slab" in f[1]],
        "Queries and probes": [f for f in server if re.match(
            "memcached_(query|probe)_", f[0])],
        "The exporter": [f for f in own if not re.match(
            "memcached_(up$|scrape_|process_|pool_)", f[0])],
        "Pools": [f for f in own if re.match("memcached_pool_", f[0])],
        "The process of memcached": [f for f in own if re.match(
            "memcached_process_", f[0])],
    }


def sources():
    """(collectors, STAT keys) by family, of those that a server has. A collector
    that adds up names its keys in the help."""
    found = {}
    for line in catalogue()[1].splitlines():
        name, collector, key = line.split(" ", 2)
        collectors, stat_keys = found.setdefault(name, ({}, {}))
        collectors[collector] = stat_keys[key] = True
    return found


def reasons():
    """Of memcached_up being 0."""
    return re.findall(
        r'^memcached_exporter_scrape_failures_total\{reason="(\w+)"\}',
        answer(), re.MULTILINE)


def close_reasons():
    """Of the end of a connection."""
    return re.findall(
        r'^memcached_exporter_connection_closes_total\{reason="(\w+)"\}',
        answer(), re.MULTILINE)


def flags():
    """Default by name: of --help, where a switch has on or off."""
    found = {}
    for block in re.split(r"\n +(?:-h, )?--", run("--help").stdout)[1:]:
        switch, name, preset = re.match(
            r"(\[no-\])?([\w.-]+)(?:=(\S*))?", block).groups()
        if switch or name == "help":
            preset = "on" if "On by default" in block else "off"
        found[name] = preset.replace('""', "none")
    return found


def environment_name(flag):
    return "MEMCACHED_EXPORTER_" + re.sub(r"\W", "_", flag).upper()


def defines():
    """Value by name: of the numbers that the source names."""
    found = {}
    for path in TOP.glob("src/**/*.[ch]"):
        for name, text in re.findall(
                r"^#define (\w+)\s+\(?(\d+U?(?: << \d+)?)\)?\s*(?:/\*.*)?$",
                path.read_text(), re.MULTILINE):
            number, _, shift = text.replace("U", "").partition(" << ")
            found[name] = int(number) << int(shift or 0)
    return found


# The manual page

def unhyphenated(help_text):
    """Keeps names in one piece: words with _, and the keys in parentheses."""
    return re.sub(
        r"\([^)]*\)|\S*_\S*",
        lambda match: re.sub(r"(\S+)", r"\\%\1", match[0]),
        help_text)


def metrics_section():
    lines = []
    for heading, list_of_families in all_families().items():
        lines += [f".Ss {heading}", ".Bl -tag -width Ds"]
        for name, labels, kind, help_text in list_of_families:
            # a long list may break behind each comma
            listed = ",\\:".join(labels)
            braces = f" Ns No {{{listed}}}" if labels else ""
            lines.append(f".It Ic {name}{braces} {kind}")
            lines += textwrap.wrap(
                unhyphenated(help_text), 78, break_on_hyphens=False)
        lines.append(".El")
    return "\n".join(lines) + "\n"


# The list of metrics

def metrics_page():
    made_of = sources()
    upstream = UPSTREAM.read_text().split()
    lines = [
        "# Metrics", "",
        "Written by `make regen` from the tables of the program. `yes` in the "
        "last column: the Go exporter 0.16 has the metric, under this name. "
        "Metrics of [queries](../README.md#turn-values-into-metrics) have the names "
        "that their configuration gives them.",
    ]
    for heading, list_of_families in all_families().items():
        lines += ["", f"## {heading}", "",
                  "| name | type | unit | labels | collector | STAT keys "
                  "| meaning | Go exporter |", "|---|---|---|---|---|---|---|---|"]
        for name, labels, kind, help_text in list_of_families:
            collectors, keys = made_of.get(name, ({}, {}))
            in_help = re.search(r" \(([^()]+)\)\.$", help_text)
            if collectors and in_help and not any(keys):
                keys = in_help[1].split(", ")
            unit = re.search(UNIT, name)
            lines.append("| " + " | ".join([
                f"`{name}`", kind, unit[1] if unit else "",
                listed(labels), listed(collectors), listed(filter(None, keys)),
                help_text.replace("|", "\\|").replace("<", "&lt;"),
                "yes" if name in upstream else ""]) + " |")
    return "\n".join(lines) + "\n"


def listed(words):
    return ", ".join(f"`{word}`" for word in words)


def split_man():
    """What is in front of the written section, the section, what is behind."""
    before, begin, rest = MAN.read_text().partition(BEGIN)
    written, end, after = rest.partition(END)
    assert begin and end, f"{MAN.name} needs the lines {BEGIN!r} and {END!r}"
    return before, written, after


def section(text, heading, mark):
    """From a heading to the next one of its kind; mark: '## ' or '.Sh '."""
    head = f"\n{mark}{heading}\n"
    assert head in text, f"no heading {heading!r}"
    return text.partition(head)[2].partition(f"\n{mark}")[0]
