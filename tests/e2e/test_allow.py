"""--scrape.allow-target: which targets a client may name."""

import re

import pytest

from exporter import probe, run
from poll import eventually

FLAG = "--scrape.allow-target"
HOSTS = """\
127.0.0.1 localhost inside.example cache-1.example 127.inside.example
127.1.0.1 outside.example 127.outside.example
127.1.0.1 both.example
127.0.0.1 both.example
"""


def codes(running, *targets):
    return [running.get(probe(target)).status for target in targets]


# Rules, of which PORT is that of a server on 127.0.0.1: the targets that one
# of them allows, and those that none does.
RULES = {
    "host": (["localhost:PORT"],
             ["localhost:PORT", "LOCALHOST:PORT", "localhost.:PORT", ":PORT"],
             ["127.0.0.1:PORT", "localhost:1", "localhost", "xlocalhost:PORT",
              "localhostx:PORT", "localhost.x:PORT", ":1"]),
    "host with a dot": (["localhost.:PORT"], ["localhost.:PORT"],
                        ["localhost:PORT", ":PORT"]),
    "default port": (["localhost"], ["localhost", "localhost:11211"],
                     ["localhost:PORT"]),
    "any host": (["*:PORT"],
                 ["localhost:PORT", "127.0.0.1:PORT", "[::1]:PORT"],
                 ["localhost:1"]),
    # A star stays within a label.
    "host star": (["cache-*.example:PORT", "cache-*:PORT"],
                  ["cache-1.example:PORT"],
                  ["cache-1.inside.example:PORT", "cache-.attacker.test:PORT"]),
    "a name is no address": (["1*:*", "f?*:*", "*.*.*.*:*"], ["127.0.0.1:PORT"],
                             ["[fd00::1]:PORT", "[1::1]:PORT"]),
    "host glob": (["cache-?.example:PORT"], ["cache-1.example:PORT"],
                  ["cache-10.example:PORT", "inside.example:PORT",
                   "cache-1.example.evil:PORT"]),
    "set of hosts": (["cache-[1-3].*:*"], ["cache-1.example:PORT"],
                     ["cache-4.example:PORT"]),
    "port glob": (["127.0.0.1:1121[12]"],
                  ["127.0.0.1:11211", "127.0.0.1:11212", "127.0.0.1"],
                  ["127.0.0.1:11213", "127.0.0.1:1121"]),
    "any port": (["127.0.0.1:*"], ["127.0.0.1:1", "127.0.0.1:PORT"],
                 ["127.0.0.2:1"]),
    "IPv6": (["[::1]:*"], ["[::1]:1", "[::1]:PORT"],
             ["[::2]:1", "127.0.0.1:PORT"]),
    "IPv6 glob": (["[::*]:1"], ["[::1]:1", "[::1:2]:1"], ["[1::1]:1"]),
    # A name is no number, whatever it looks like.
    "number glob": (["127.*:*"], ["127.0.0.1:PORT", "127.1.0.1:PORT"],
                    ["127.inside.example:PORT", "127.outside.example:PORT"]),
    "number set": (["127.[0-9]*:*"], ["127.0.0.1:PORT"],
                   ["127.0.example:PORT"]),
    "network": (["127.0.0.0/16"],
                ["127.0.0.1:PORT", "127.0.255.1:1", "inside.example:PORT",
                 "[::ffff:127.0.0.1]:PORT", "localhost:PORT"],
                ["127.1.0.1:PORT", "outside.example:PORT", "[::1]:PORT",
                 "[::ffff:127.1.0.1]:PORT", "[::127.0.0.1]:PORT",
                 "0.0.0.0:PORT"]),
    "odd network": (["127.0.0.128/25"], ["127.0.0.128:1", "127.0.0.255:1"],
                    ["127.0.0.127:1", "127.0.1.128:1", "localhost:PORT"]),
    "one address": (["127.0.0.1/32"], ["127.0.0.1:1", "localhost:PORT"],
                    ["127.0.0.2:1"]),
    "all of IPv4": (["0.0.0.0/0"], ["127.0.0.1:PORT", "outside.example:1"],
                    ["[::1]:PORT"]),
    "all of IPv6": (["::/0"], ["[::1]:PORT"],
                    ["127.0.0.1:PORT", "localhost:PORT"]),
    "IPv6 network": (["fd00::/8", "::1/128"], ["[::1]:1"],
                     ["[::2]:1", "127.0.0.1:1"]),
    "several": (["localhost:PORT", "127.0.0.2/32", "[::1]:*"],
                ["localhost:PORT", "127.0.0.2:1", "[::1]:7"],
                ["127.0.0.1:PORT", "127.0.0.3:1", "localhost:1"]),
    "network with a port": (["127.0.0.0/16:PORT", "[::1/128]:7"],
                            ["127.0.0.1:PORT", "inside.example:PORT",
                             "[::ffff:127.0.0.1]:PORT", "[::1]:7"],
                            ["127.0.0.1:1", "inside.example:1",
                             "outside.example:PORT", "[::1]:PORT"]),
    "network with a port glob": (["127.0.0.0/16:1121[12]"],
                                 ["127.0.0.1:11212", "inside.example"],
                                 ["127.0.0.1:11213", "inside.example:1"]),
    "a socket's name": (["unix:/run/a"],
                        ["unix:/run/a", "/run/a", "unix:///run/a"],
                        ["/run/b", "/run/a/", "/run//a", "/run/./a",
                         "localhost:PORT"]),
    "another name of it": (["unix:///run/a", "/run/b"],
                           ["/run/a", "unix:/run/b", "unix:///run/b"],
                           ["/run/c"]),
    "no glob for sockets": (["unix:/run/*", "*:*"], ["localhost:1"],
                            ["/run/a", "unix:/run/a"]),
}


@pytest.mark.parametrize("name", RULES)
def test_rule(fake, exporter, etc, name):
    server = fake()
    rules, allowed, others = (
        [item.replace("PORT", str(server.port)) for item in items]
        for items in RULES[name])
    flags = [f"{FLAG}={rule}" for rule in rules]
    running = exporter("", *flags, timeout=0.5, prefix=etc(HOSTS))
    found = dict(zip(allowed + others, codes(running, *allowed, *others)))
    assert found == {
        **dict.fromkeys(allowed, 200), **dict.fromkeys(others, 403)}


def test_without_a_rule(fake, exporter, folder):
    """Any TCP target, and no socket."""
    server, socket = fake(), fake(path=f"{folder}/socket")
    running = exporter("")
    assert running.scrape(server.address).up == 1
    assert codes(running, socket.address, f"unix:{socket.address}") == [403] * 2
    assert not socket.connections


def test_socket_by_name(fake, exporter, folder):
    server = fake(path=f"{folder}/socket")
    running = exporter("", f"{FLAG}=unix:{server.address}")
    for form in ("%s", "unix:%s"):
        assert running.scrape(form % server.address).up == 1


def test_the_flags_target_needs_no_rule(fake, exporter):
    server = fake()
    running = exporter(server.address, f"{FLAG}=other.example:1")
    assert running.metrics().up == 1
    assert codes(running, server.address) == [403]


def test_no_connection_when_forbidden(fake, exporter, etc):
    server = fake(host="127.1.0.1")
    running = exporter("", f"{FLAG}=127.0.0.0/16", prefix=etc(HOSTS))
    forbidden = [f"{host}:{server.port}"
                 for host in ("127.1.0.1", "outside.example")]
    assert codes(running, *forbidden) == [403, 403]
    metrics = running.metrics()
    assert metrics.value("memcached_exporter_connects_total") == 0
    assert metrics.value("memcached_exporter_scrapes_total") == 0
    assert not server.connections


@pytest.mark.parametrize("host, reason", [
    ("127.0.0.1", None), ("127.1.0.1", "refused"),
])
def test_only_the_allowed_addresses_of_a_name(
        fake, exporter, etc, host, reason):
    server = fake(host=host)
    running = exporter("", f"{FLAG}=127.0.0.0/16", prefix=etc(HOSTS))
    metrics = running.scrape(f"both.example:{server.port}")
    assert (metrics.up, metrics.reason) == (0 if reason else 1, reason)
    assert len(server.connections) == (0 if reason else 1)


def test_v4_in_v6(fake, exporter):
    server = fake()
    running = exporter("", f"{FLAG}=127.0.0.0/8")
    assert running.scrape(f"[::ffff:127.0.0.1]:{server.port}").up == 1


def test_a_name_that_moves(fake, exporter, etc):
    """Checked whenever it is looked up."""
    server = fake(gone_after_each)
    running = exporter("", f"{FLAG}=127.0.0.0/16", prefix=etc(HOSTS))
    target = f"inside.example:{server.port}"
    assert running.scrape(target).up == 1
    etc("127.1.0.1 inside.example\n")
    assert codes(running, target) == [403]
    etc(HOSTS)
    assert running.scrape(target).up == 1


def gone_after_each(conn):
    conn.collection()


def refusal(running, target):
    answer = running.get(probe(target))
    return answer.status, answer.text


def test_unknown_name_is_a_secret(exporter, etc, nameserver):
    """Neither the answer, nor a metric, nor the list of targets tells whether
    a name is there that no rule allows."""
    prefix = etc("127.1.0.1 inside.example\n",
                 resolv_conf=nameserver({}).resolv_conf)
    running = exporter("", f"{FLAG}=10.0.0.0/8", prefix=prefix)
    there, missing = (
        refusal(running, f"{host}.example:1") for host in ("inside", "no"))
    assert there == missing
    assert there[0] == 403 and "not allowed" in there[1]
    eventually(lambda: running.metrics().value(
        "memcached_exporter_targets") == 0)
    metrics = running.metrics()
    assert metrics.value("memcached_exporter_scrapes_total") == 0
    assert metrics.value(
        "memcached_exporter_scrape_failures_total", reason="dns") == 0
    assert '"targets":[]' in running.get("/api/v1/targets").text


def test_refused_targets_take_no_place(fake, exporter, etc):
    """What is found out only by looking its name up is forgotten at once."""
    names = [f"n{i}.example" for i in range(50)]
    server = fake(host="127.1.0.1")
    running = exporter("", f"{FLAG}=127.1.0.0/16", prefix=etc(
        "".join(f"127.2.0.1 {name}\n" for name in names)))
    assert running.scrape(f"127.1.0.1:{server.port}").up == 1
    assert codes(running, *(f"{name}:1" for name in names)) == [403] * 50
    eventually(lambda: running.metrics().value(
        "memcached_exporter_targets") == 1)


def test_name_without_networks_is_no_secret(exporter, etc, nameserver):
    """Any name may be asked for, or this one: the operator wants to know."""
    prefix = etc(resolv_conf=nameserver({}).resolv_conf)
    for flags in [], [f"{FLAG}=no.example:1"]:
        running = exporter("", *flags, prefix=prefix)
        assert running.scrape("no.example:1").reason == "dns"


def test_name_of_a_known_server_is_no_secret(fake, exporter, tmp_path, etc):
    """It has been scraped, and now its name is gone."""
    server = fake()
    running = exporter("", f"{FLAG}=127.0.0.0/8", timeout=0.5,
                       prefix=etc("127.0.0.1 cache.example\n"))
    target = f"cache.example:{server.port}"
    assert running.scrape(target).up == 1
    server.stop()
    (tmp_path / "hosts").write_text("127.0.0.1 localhost\n")
    eventually(lambda: running.scrape(target).reason == "dns")


@pytest.mark.parametrize("rule", [
    "host:", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x",
    "10.0.0/8", "host/8", "::/129", "fd00::/x", "[::1", "[::1]x", "::1",
    "a:b:c", ":1", "unix:", "run/a", "unix:/" + "x" * 200, "unix://run/a",
    "h:0", "h:65536", "h:http", "127.1:1", "2130706433:1", "a,b", "tcp://h:1",
    "cache-{1,2}:1", "[a:b]:1", "10.0.0.0/8:0", "[10.0.0.0/8]:1", "010.*:1",
    "[2001:0db8:*]:1",
])
def test_bad_rule(rule):
    done = run("--web.listen-address=127.0.0.1:0", f"{FLAG}=fine:1",
               f"{FLAG}={rule}")
    assert done.returncode == 1
    assert re.fullmatch(
        r"memcached_exporter: error: .+, try --help\n", done.stderr)
    assert FLAG in done.stderr and rule[:100] in done.stderr


@pytest.mark.parametrize("where", ["flag", "environment", "file"])
def test_no_password_of_a_rule(where, tmp_path):
    """It is not shown, and the error says where it belongs."""
    rule, env, flags = "scott:tiger@h:1", None, ()
    if where == "flag":
        flags = f"{FLAG}={rule}",
    elif where == "environment":
        env = {"MEMCACHED_EXPORTER_SCRAPE_ALLOW_TARGET": rule}
    else:
        path = tmp_path / "modules.yml"
        path.write_text(f"modules:\n  m:\n    targets: ['{rule}']\n")
        flags = f"--config.file={path}",
    done = run("--web.listen-address=127.0.0.1:0", *flags, env=env)
    assert done.returncode == 1 and "tiger" not in done.stderr
    assert "--memcached.password-file" in done.stderr


def test_no_name_in_brackets(fake, exporter, etc, nameserver):
    """Its name server would say where the password goes."""
    names = nameserver({})
    running = exporter("", f"{FLAG}=[2001:db8:*]:*", f"{FLAG}=127.*:*",
                       prefix=etc(resolv_conf=names.resolv_conf))
    assert codes(
        running, "[2001:db8:.attacker.test]:1", "[2001:db8::1.attacker.test]:1",
        "127.1:1", "127.0.0.01:1", "0x7f.0.0.1:1", "2130706433:1",
        "127.0.0.1.:1", "[127.0.0.1]:1", "[fe80::1%attacker.test:1]:1",
    ) == [400] * 9
    assert codes(running, "127.attacker.test:1") == [403]
    assert not names.asked


def test_too_many_rules(tmp_path):
    path = tmp_path / "arguments"
    path.write_text(f"{FLAG}=host:1\n" * 1025)
    done = run("--web.listen-address=127.0.0.1:0", f"@{path}")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)


def test_environment(exporter):
    env = {"MEMCACHED_EXPORTER_SCRAPE_ALLOW_TARGET":
           "127.0.0.1:1\n127.0.0.2/32\n"}
    targets = ["127.0.0.1:1", "127.0.0.2:7", "127.0.0.3:1"]
    assert codes(exporter("", env=env), *targets) == [200, 200, 403]
    # A flag takes the place of the whole list.
    running = exporter("", f"{FLAG}=127.0.0.3:1", env=env)
    assert codes(running, *targets) == [403, 403, 200]
