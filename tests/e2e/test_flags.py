"""The command line and the environment."""

import os
import re
import socket
import stat
import subprocess

import pytest

from exporter import BINARY, WRAPPER, environment, run
from fake import MINIMAL

SCRUB = {"stats scrub": b"STAT scrubber:status stopped\r\nEND\r\n"}
ALL = list(MINIMAL)
NO_SETTINGS = ["stats", "stats slabs", "stats items"]
NO_SLAB = ["stats", "stats settings", "stats slabs"]


@pytest.mark.parametrize("flags", [
    ["--nonsense"],
    ["--no-nonsense"],
    ["--memcached.timeout=soon"],
    ["--memcached.timeout=-1s"],
    ["--memcached.timeout="],
    ["--memcached.timeout"],
    ["--no-memcached.timeout"],
    ["--memcached.address=host:99999"],
    ["--memcached.address=host:0"],
    ["--memcached.address=[::1:11211"],
    ["--log.level=loud"],
    ["--log.format=xml"],
    ["--web.listen-address=:99999"],
    ["--web.listen-address=nowhere"],
    ["--collector.settings=maybe"],
    ["--no-collector.settings=maybe"],
    ["--scrape.allow-target="],
    ["unexpected"],
    ["-x"],
    ["@/does/not/exist"],
])
def test_bad(flags):
    assert_refused(run(*flags), flags[0].split("=")[0].lstrip("-@"))


@pytest.mark.parametrize("name, value", [
    ("MEMCACHED_TIMEOUT", "soon"),
    ("LOG_LEVEL", "loud"),
    ("COLLECTOR_SLAB", "maybe"),
])
def test_bad_environment(name, value):
    name = f"MEMCACHED_EXPORTER_{name}"
    assert_refused(run(env={name: value}), value)


def assert_refused(done, word):
    assert done.returncode == 1
    assert done.stdout == ""
    assert re.fullmatch(
        r"memcached_exporter: error: .+, try --help\n", done.stderr)
    assert word in done.stderr


@pytest.mark.parametrize("flag", [
    "--help", "-h", "--help-long", "--help-man", "--version"])
def test_answers_on_stdout(flag):
    done = run(flag)
    assert (done.returncode, done.stderr) == (0, "")
    assert "memcached_exporter" in done.stdout
    assert run("--nonsense", "word", flag).stdout == done.stdout


def test_terminal(tmp_path):
    """An error does not make a terminal obey what an argument holds."""
    path = tmp_path / "arguments"
    path.write_bytes(b"--log.level=\x1b[2J\x07\xff\xc2\x9b31m")
    done = run(f"@{path}")
    assert_refused(done, r"\x1b[2J\x07\xff\x9b31m")
    assert done.stderr[:-1].isprintable()


# Without effect

def warnings(text):
    return [line for line in text.splitlines() if "level=WARN" in line]


@pytest.mark.parametrize("mode", ["--once", "--config.check"])
def test_without_effect(dead, mode):
    done = run(mode, f"--memcached.address={dead}", "--web.socket-mode=0660",
               "--memcached.tls.ca-file=/does/not/exist")
    told = warnings(done.stderr)
    assert done.returncode == (1 if mode == "--once" else 0)
    assert [line for line in told if "--memcached.tls.enable" in line]
    assert [line for line in told if "--web.socket-mode" in line]


MODULE = "modules: {default: {timeout: 1s}}\n"


@pytest.mark.parametrize("flag", [
    "tls.enable", "tls.ca-file=a", "tls.server-name=a",
    "tls.insecure-skip-verify", "protocol=binary", "auth=sasl"])
def test_beside_a_default_module(tmp_path, flag):
    (tmp_path / "modules.yml").write_text(MODULE)
    done = run("--config.check", f"--config.file={tmp_path}/modules.yml",
               f"--memcached.{flag}")
    assert done.returncode == 1
    assert (f"--memcached.{flag.split('=')[0]} has no effect beside a module "
            "default") in done.stderr


@pytest.mark.parametrize("flag", [
    "tls.enable=false", "tls.ca-file=", "protocol=ascii", "timeout=2s"])
def test_nothing_beside_a_default_module(tmp_path, flag):
    (tmp_path / "modules.yml").write_text(MODULE)
    done = run("--config.check", f"--config.file={tmp_path}/modules.yml",
               f"--memcached.{flag}")
    assert (done.returncode, done.stderr) == (0, "")


def test_unknown_variables(exporter):
    env = {f"MEMCACHED_EXPORTER_{name}": "tcp://10.0.0.1:9150" for name in (
        "MEMCACHED_ADRESS", "OPTS", "PORT", "PORT_9150_TCP", "SERVICE_HOST",
        "WEB_PORT", "VERSION")}
    env["MEMCACHED_EXPORTER_ARGS"] = ""
    told = warnings("\n".join(exporter("", env=env).log()))
    assert sorted(re.search("name=MEMCACHED_EXPORTER_([A-Z_]+)$", line)[1]
                  for line in told) == ["MEMCACHED_ADRESS", "OPTS"]


def test_version():
    assert re.search(r"\bversion \d+\.\d+\.\d+\b", run("--version").stdout)


def test_help_names_the_flags():
    words = run("--help").stdout.split()
    flags = {
        re.sub(r"\[no-\]|=.*|,$", "", word)
        for word in words
    }
    assert flags >= {
        "-h", "--help", "--version", "--once", "--memcached.address",
        "--memcached.timeout", "--memcached.pid-file", "--web.listen-address",
        "--web.telemetry-path", "--log.level", "--log.format",
        "--collector.settings", "--collector.slabs", "--collector.items",
        "--collector.scrub", "--collector.conns",
    }


# Flags, environment: the commands that the server gets.
ASKED = [
    ([], {}, ALL),
    (["--no-collector.settings"], {}, NO_SETTINGS),
    (["--collector.settings=false"], {}, NO_SETTINGS),
    (["--collector.settings=true"], {}, ALL),
    (["--no-collector.settings", "--collector.settings"], {}, ALL),
    (["--no-collector.slab"], {}, NO_SLAB),
    (["--no-collector.slab", "--no-collector.settings"], {},
     ["stats", "stats slabs"]),
    (["--collector.scrub"], {}, [*ALL, "stats scrub"]),
    (["--collector.scrub=true"], {}, [*ALL, "stats scrub"]),
    ([], {"COLLECTOR_SETTINGS": "false"}, NO_SETTINGS),
    ([], {"COLLECTOR_SCRUB": "true"}, [*ALL, "stats scrub"]),
    ([], {"COLLECTOR_SETTINGS": ""}, ALL),
    (["--collector.settings"], {"COLLECTOR_SETTINGS": "false"}, ALL),
    (["--no-collector.slab"], {"COLLECTOR_SLAB": "true"}, NO_SLAB),
]


@pytest.mark.parametrize("flags, env, commands", ASKED)
def test_collectors(fake, exporter, flags, env, commands):
    server = fake(answers=SCRUB)
    env = {f"MEMCACHED_EXPORTER_{name}": env[name] for name in env}
    metrics = exporter(server.address, *flags, env=env).metrics()
    assert metrics.up == 1
    assert server.commands == commands
    assert set(metrics.success) == {c.split()[-1] for c in commands}
    assert all(metrics.success.values())
    assert metrics.value("memcached_scrubber_running") == (
        0 if "stats scrub" in commands else None)
    assert metrics.value("memcached_malloced_bytes") == 1048576
    assert ("memcached_max_connections" in metrics) == (
        "stats settings" in commands)
    per_slab = [name for name in metrics.families if "slab_c" in name]
    assert bool(per_slab) == ("stats items" in commands)


def test_argument_file(fake, exporter, tmp_path):
    path = tmp_path / "arguments"
    path.write_text(
        f"--memcached.address={fake().address}\n"
        "# a comment\n"
        "--web.listen-address\n127.0.0.1:0\n"
        "--no-collector.settings\n")
    metrics = exporter(None, f"@{path}", listen=(), listeners=1).metrics()
    assert metrics.up == 1
    assert "settings" not in metrics.success


def test_value_as_next_argument(fake, exporter):
    server = fake()
    assert exporter(None, "--memcached.address", server.address).metrics().up


def test_environment(fake, exporter, dead):
    server = fake()
    env = {
        "MEMCACHED_EXPORTER_MEMCACHED_ADDRESS": server.address,
        "MEMCACHED_EXPORTER_WEB_LISTEN_ADDRESS": "127.0.0.1:0\n127.0.0.1:0\n",
        "MEMCACHED_EXPORTER_WEB_TELEMETRY_PATH": "",
    }
    running = exporter(listen=(), listeners=2, env=env)
    assert len(set(running.addresses)) == 2
    for address in running.addresses:
        assert running.metrics(address=address).up == 1
    # A flag takes the place of the whole list.
    metrics = exporter(dead, listen=("127.0.0.1:0",), env=env).metrics()
    assert metrics.reason == "refused"


def test_listen_addresses(exporter, folder):
    path = f"{folder}/web"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(path)
    running = exporter("", listen=(f"unix:{path}", "127.0.0.1:0", "[::1]:0"))
    assert len(set(running.addresses)) == 3
    for address in running.addresses:
        assert running.get("/-/healthy", address).status == 200
    running.stop()
    assert not os.path.exists(path)


def test_all_addresses(exporter):
    """:0 is every address, of IPv6 and IPv4."""
    running = exporter("", listen=(":0",))
    port = running.address.rpartition(":")[2]
    for host in ("127.0.0.1", "[::1]"):
        assert running.get("/-/healthy", f"{host}:{port}").status == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "", "unix"])
def test_address_in_use(exporter, folder, host):
    first = exporter("", listen=(
        f"unix:{folder}/web" if host == "unix" else f"{host}:0",))
    taken = first.address
    if not host:
        taken = taken[taken.rindex(":"):]
    done = run(f"--web.listen-address={taken}", "--memcached.address=")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert taken.removeprefix("unix:") in done.stderr
    assert first.get("/-/healthy").status == 200


def test_a_file_is_no_stale_socket(tmp_path):
    path = tmp_path / "file"
    path.write_text("precious")
    done = run(f"--web.listen-address=unix:{path}", "--memcached.address=")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert stat.S_ISREG(path.stat().st_mode)


def test_telemetry_path(exporter):
    running = exporter("", "--web.telemetry-path=/data")
    assert running.metrics(path="/data").families
    assert running.get("/metrics").status == 404
    assert 'href="./data"' in running.get("/").text


@pytest.mark.parametrize("flag", ["--web.telemetry-path", "--web.scrape-path"])
@pytest.mark.parametrize("path", ["/", "/-/healthy", "/-/reload"])
def test_path_of_another_page(exporter, flag, path):
    """The flag's page takes its place, for all methods and in the metrics."""
    running = exporter("", "--web.enable-lifecycle", f"{flag}={path}")
    metrics = "/metrics" if flag == "--web.scrape-path" else path
    assert running.get(path).status == (400 if metrics != path else 200)
    assert running.get(path, method="POST").status == 405
    counts = running.metrics(path=metrics).labels(
        "memcached_exporter_http_requests_total")
    assert {"handler": path, "code": "405"} in counts


@pytest.mark.parametrize("flag", ["--help", "--version"])
def test_full_disk(flag):
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([*WRAPPER, BINARY, flag], stdout=full,
                              env=environment(), check=False)
    assert done.returncode == 1
