"""ASCII authentication, as of memcached -Y."""

import re

import pytest

from daemons import assert_restarts
from exporter import run

USER, PASSWORD = "reader", "correct=horse'battery\"staple:"
# memcached 1.6.18 takes none of these, whatever its file says.
BLANKS = "correct  horse battery\tstaple "
SECRETS = ("correct", "horse", "battery", "staple")
STATS = ["stats", "stats settings", "stats slabs", "stats items"]


@pytest.fixture
def secret(tmp_path):
    """The flags of a user with that password."""

    def flags(password=PASSWORD, user=USER):
        path = tmp_path / "password"
        path.write_bytes(password.encode() + b"\n")
        return [f"--memcached.username={user}",
                f"--memcached.password-file={path}"]

    return flags


@pytest.fixture
def server(memcached, tmp_path):
    path = tmp_path / "users"
    path.write_text(f"other:else\n{USER}:{PASSWORD}\n")
    return memcached("-Y", str(path))


def test_authenticated(server, exporter, secret):
    running = exporter(server.address, *secret())
    totals = set()
    for _ in range(3):
        metrics = running.metrics()
        assert (metrics.up, metrics.reason, metrics.ignored) == (1, None, 0)
        assert all(metrics.success.values())
        totals.add(metrics.value("memcached_connections_total"))
    assert len(totals) == 1


def test_longest_name(memcached, exporter, secret, tmp_path):
    """As memcached takes it; a longer one is refused at once."""
    user = "u" * 253
    (tmp_path / "users").write_text(f"{user}:p\n")
    server = memcached("-Y", str(tmp_path / "users"))
    assert exporter(server.address, *secret("p", user)).metrics().up == 1
    done = run("--config.check", *secret("p", "u" * 20000))
    assert done.returncode == 1
    assert "expected a name of at most 255 bytes" in done.stderr
    assert len(done.stderr) < 200


def test_unix_socket(memcached, exporter, folder, secret, tmp_path):
    (tmp_path / "users").write_text(f"{USER}:{PASSWORD}\n")
    server = memcached("-Y", str(tmp_path / "users"), path=f"{folder}/socket")
    assert exporter(server.address, *secret()).metrics().up == 1


def test_environment(server, exporter, secret):
    env = {}
    for flag in secret():
        name, _, value = flag.lstrip("-").partition("=")
        env["MEMCACHED_EXPORTER_" + re.sub("[.-]", "_", name).upper()] = value
    assert exporter(server.address, env=env).metrics().up == 1


@pytest.mark.parametrize("password, user", [
    ("wrong", USER), (PASSWORD, "nobody"), (PASSWORD + "x", USER),
    (PASSWORD[:-1], USER), ("else", USER),
])
def test_wrong(server, exporter, secret, password, user):
    running = exporter(server.address, *secret(password, user))
    for _ in range(2):
        metrics = running.metrics()
        assert (metrics.up, metrics.reason) == (0, "auth")


def test_missing(server, exporter):
    metrics = exporter(server.address).metrics()
    assert (metrics.up, metrics.reason) == (0, "auth")


def test_restarted(server, exporter, secret):
    assert_restarts(server, exporter(server.address, *secret()))


def test_not_for_targets(server, exporter, secret):
    """Only the flag's address is told, not even the same as a target."""
    running = exporter(server.address, *secret())
    assert running.metrics().up == 1
    metrics = running.scrape(server.address)
    assert (metrics.up, metrics.reason) == (0, "auth")
    assert running.metrics().up == 1


def test_not_for_who_does_not_ask(fake, exporter, secret):
    """Another server would keep them as an item."""
    server = fake()
    running = exporter(server.address, *secret())
    for _ in range(2):
        assert running.metrics().up == 1
    assert server.commands == STATS * 2


@pytest.mark.parametrize("answer", [
    b"ERROR\r\n", b"SERVER_ERROR no\r\n", b"CLIENT_ERROR no\r\n",
    b"STAT x y\r\nERROR\r\n", b"HTTP/1.1 401 Unauthorized\r\n\r\n",
])
def test_not_for_other_errors(fake, exporter, secret, answer):
    server = fake(answers={"stats": answer})
    exporter(server.address, *secret(), timeout=0.3).metrics()
    assert server.commands and set(server.commands) <= set(STATS)


def test_never_logged(server, fake, exporter, secret):
    """Not the password, and nothing of it; right or wrong."""
    echoing = fake(asking(b"CLIENT_ERROR LINE"))
    for address in (server.address, echoing.address):
        for password in (PASSWORD, f"wrong {PASSWORD}"):
            running = exporter(
                address, *secret(password), "--log.level=debug")
            metrics = running.metrics()
            running.stop()
            log = "\n".join(running.log())
            for word in SECRETS:
                assert word not in log and word not in metrics.text


def asking(verdict=b"STORED\r\n", refuse=1):
    """Refuses so many commands, one by one, then takes the credentials."""

    def script(conn):
        commands = conn.commands()
        for _ in range(4):
            next(commands)
        conn.send(b"CLIENT_ERROR unauthenticated\r\n" * refuse)
        next(commands), next(commands)  # the key, the credentials
        line = conn.server.reads[-1].partition(b"\n")[2]
        conn.send(verdict.replace(b"LINE", line))
        for command in commands:
            conn.answer(command)

    return script


@pytest.mark.parametrize("refuse", [1, 2, 4])
def test_each_command_is_refused(fake, exporter, secret, refuse):
    """Or one for all that came in one write."""
    server = fake(asking(refuse=refuse))
    running = exporter(server.address, *secret(BLANKS))
    for _ in range(2):
        metrics = running.metrics()
        assert (metrics.up, metrics.ignored) == (1, 0)
        assert all(metrics.success.values())
        assert metrics.value("memcached_current_items") == 7
    assert len(server.connections) == 1
    line = f"{USER} {BLANKS}".encode()
    assert server.reads[1] == b"set auth 0 0 %d\r\n%s\r\n" % (len(line), line)


@pytest.mark.parametrize("answer", [
    b"CLIENT_ERROR authentication failure\r\n", b"ERROR\r\n",
    b"SERVER_ERROR out of memory storing object\r\n",
    b"CLIENT_ERROR unauthenticated\r\n",
])
def test_refused_by_a_fake(fake, exporter, secret, answer):
    server = fake(asking(answer, refuse=4))
    running = exporter(server.address, *secret(), timeout=0.5)
    metrics = running.metrics()
    assert (metrics.up, metrics.reason) == (0, "auth")
    assert server.commands.count(f"{USER} {PASSWORD}") == 1


def test_asked_again_and_again(fake, exporter, secret):
    """A server that stores and still refuses gets no second try."""

    def script(conn):
        for command in conn.commands():
            if command.startswith("stats"):
                conn.send(b"CLIENT_ERROR unauthenticated\r\n")
            elif not command.startswith("set"):
                conn.send(b"STORED\r\n")

    server = fake(script)
    running = exporter(server.address, *secret(), timeout=0.5)
    metrics = running.metrics()
    assert (metrics.up, metrics.reason) == (0, "auth")
    assert server.commands.count(f"{USER} {PASSWORD}") == 1


def test_demanded_in_the_middle(fake, exporter, secret):
    """What was answered stands; the rest is not worth a password."""
    answers = {"stats settings": b"CLIENT_ERROR unauthenticated\r\n"}
    server = fake(answers=answers)
    metrics = exporter(server.address, *secret()).metrics()
    assert metrics.up == 1 and not metrics.success["settings"]
    assert server.commands == STATS


def test_first_line_of_the_file(memcached, exporter, tmp_path):
    """Whatever ends it, and whatever follows."""
    (tmp_path / "users").write_text(f"{USER}:secret\n")
    server = memcached("-Y", str(tmp_path / "users"))
    for content in (b"secret", b"secret\n", b"secret\r\n", b"secret\n\nmore\n"):
        path = tmp_path / "password"
        path.write_bytes(content)
        running = exporter(
            server.address, f"--memcached.username={USER}",
            f"--memcached.password-file={path}")
        assert running.metrics().up == 1


def test_once(server, secret):
    flags = [f"--memcached.address={server.address}", "--once"]
    assert run(*flags, *secret()).returncode == 0
    done = run(*flags, *secret("wrong"))
    assert done.returncode == 1
    assert 'memcached_scrape_failure{reason="auth"} 1\n' in done.stdout


def refused(*flags):
    done = run("--web.listen-address=127.0.0.1:0", *flags)
    assert done.returncode == 1
    line = re.fullmatch(
        r"memcached_exporter: error: (.+?)(, try --help)?\n", done.stderr)
    assert line, done.stderr
    return line[1]


@pytest.mark.parametrize("half", [0, 1])
def test_half_a_pair(secret, half):
    line = refused(secret()[half])
    assert "username" in line and "password-file" in line


@pytest.mark.parametrize("user", ["a b", "a\tb", "a\x01b", "a\x7f"])
def test_bad_user(secret, user):
    assert "username" in refused(*secret(user=user))


@pytest.mark.parametrize("content", [
    None, b"", b"\n", b"\nsecond\n", b"x" * 2000, b"nul\0inside\n", "folder",
])
def test_bad_password_file(tmp_path, content):
    path = tmp_path / "file"
    if content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    line = refused(
        f"--memcached.username={USER}", f"--memcached.password-file={path}")
    assert str(path) in line
    assert "inside" not in line


def test_nobody_to_tell(secret):
    assert "--memcached.address" in refused("--memcached.address=", *secret())
