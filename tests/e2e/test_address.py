"""The forms of --memcached.address, and what a connection is used for."""

import ctypes
import os
import socket

import pytest

from exporter import GET, probe, receive, run
from fake import serve

ALL = ["stats", "stats settings", "stats slabs", "stats items"]
PIDFD_GETFD = 438
BOTH = "::1 localhost\n127.0.0.1 localhost\n"


@pytest.mark.parametrize("host, form", [
    ("127.0.0.1", "127.0.0.1:%s"),
    ("::1", "[::1]:%s"),
    ("127.0.0.1", "localhost:%s"),
    ("127.0.0.1", "localhost.:%s"),
    ("127.0.0.1", ":%s"),
])
def test_tcp(fake, exporter, host, form):
    server = fake(host=host)
    assert exporter(form % server.port).metrics().up == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_localhost_has_two_addresses(fake, exporter, etc, host):
    server = fake(host=host)
    running = exporter(f"localhost:{server.port}", prefix=etc(BOTH))
    assert running.metrics().up == 1


@pytest.mark.parametrize("form", ["%s", "unix:%s", "unix://%s"])
@pytest.mark.parametrize("kind", ["fake", "memcached"])
def test_unix_socket(request, exporter, folder, kind, form):
    server = request.getfixturevalue(kind)(path=f"{folder}/socket")
    assert exporter(form % server.address).metrics().up == 1


def test_memcached(memcached, exporter):
    server = memcached()
    server.ask(b"set key 0 0 5\r\nvalue\r\n", end=b"STORED\r\n")
    metrics = exporter(server.address).metrics()
    assert metrics.up == 1 and metrics.ignored == 0
    assert metrics.value("memcached_current_items") == 1
    assert metrics.value(
        "memcached_commands_total", command="set", status="hit") == 1
    assert set(metrics.success) == {"stats", "settings", "slabs", "items"}
    assert all(metrics.success.values())


def test_none(exporter):
    metrics = exporter("").metrics()
    assert "memcached_up" not in metrics
    assert metrics.value("memcached_exporter_targets") == 0
    assert "process_start_time_seconds" in metrics


def test_name_without_resolver(exporter):
    """What the machine's resolver does is not known here."""
    target = "no-such-host.invalid:11211"
    metrics = exporter(target, timeout=0.5).metrics()
    assert metrics.up == 0
    assert metrics.reason in ("dns", "timeout")


@pytest.mark.parametrize("addresses, reason", [
    ((), "dns"),
    (None, "dns"),
    (["127.0.0.1"], None),
    (["::1", "127.0.0.1"], None),
    (["127.0.0.2", "127.0.0.1"], None),
    (["127.0.0.4", "127.0.0.3", "127.0.0.2", "127.0.0.1"], None),
    (["127.0.0.2", "127.0.0.3"], "refused"),
])
def test_name(fake, exporter, etc, nameserver, addresses, reason):
    server = fake()
    names = nameserver({"cache.example": addresses} if addresses != () else {})
    metrics = exporter(
        f"cache.example:{server.port}",
        timeout=0.5 if reason else 2,
        prefix=etc(resolv_conf=names.resolv_conf),
    ).metrics()
    assert (metrics.up, metrics.reason) == (0 if reason else 1, reason)


SEARCH = "search inner.example\noptions ndots:5\n"


@pytest.mark.parametrize("name, host", [
    ("cache.example", "127.0.0.2"), ("cache.example.", "127.0.0.1"),
    ("CACHE.example.", "127.0.0.1"),
    ("only", "127.0.0.2"), ("only.", None),
])
def test_search_list(fake, exporter, etc, nameserver, name, host):
    """A dot at the end of a name keeps it out."""
    names = nameserver({
        "cache.example": ["127.0.0.1"],
        "cache.example.inner.example": ["127.0.0.2"],
        "only.inner.example": ["127.0.0.2"],
    })
    first = fake()
    servers = {"127.0.0.1": first,
               "127.0.0.2": fake(host="127.0.0.2", port=first.port)}
    running = exporter("", prefix=etc(resolv_conf=names.resolv_conf + SEARCH))
    metrics = running.scrape(f"{name}:{first.port}")
    assert metrics.reason == (None if host else "dns")
    assert [h for h in servers if servers[h].connections] == [host] * bool(host)


def test_names_with_and_without_a_dot(fake, exporter, etc, nameserver):
    """They may be two servers, whichever is asked first."""
    names = nameserver({"cache.inner.example": ["127.0.0.1"]})
    server = fake()
    running = exporter("", prefix=etc(resolv_conf=names.resolv_conf + SEARCH))
    for name, up in (("cache.", 0), ("cache", 1)) * 2:
        assert running.scrape(f"{name}:{server.port}").up == up


def test_one_connection_one_write(fake, exporter):
    server = fake()
    running = exporter(server.address)
    for _ in range(20):
        assert running.metrics().up == 1
    assert len(server.connections) == 1
    assert server.commands == ALL * 20
    request = "".join(f"{command}\r\n" for command in ALL).encode()
    assert server.reads == [request] * 20


def socket_of(pid, fd):
    """The exporter's own socket, or None."""
    pidfd = os.pidfd_open(pid)
    copy = ctypes.CDLL(None, use_errno=True).syscall(
        PIDFD_GETFD, pidfd, int(fd), 0)
    os.close(pidfd)
    if copy < 0:
        pytest.skip("no right to look at the descriptors of a child")
    try:
        return socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        return None


def test_no_delay_on_both_sides(fake, exporter):
    running = exporter(fake().address)
    conn = running.connection()
    running.request(conn)
    delays = {}
    for fd in os.listdir(f"/proc/{running.pid}/fd"):
        sock = socket_of(running.pid, fd)
        if not sock:
            continue
        with sock:
            listens = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
            tcp = sock.family == socket.AF_INET and \
                sock.type == socket.SOCK_STREAM
            if tcp and not listens:
                delays[sock.getpeername()] = sock.getsockopt(
                    socket.IPPROTO_TCP, socket.TCP_NODELAY)
    conn.close()
    assert list(delays.values()) == [1, 1], delays


def test_answers_in_pieces(fake, exporter):
    """Cut anywhere, a reply is the same reply."""

    def bytewise(conn):
        send = conn.send
        conn.send = lambda data: [send(bytes([byte])) for byte in data]
        serve(conn)

    metrics = exporter(fake(bytewise).address).metrics()
    assert (metrics.up, metrics.ignored) == (1, 0)
    assert metrics.value("memcached_slab_current_items", slab="1") == 7


def test_scrape_through_socket(fake, exporter):
    """The harness's own raw way gives the same as its ordinary one."""
    running = exporter(fake().address)
    answer = receive(running.send(GET))
    assert answer.status == 200 and "memcached_up 1\n" in answer.text


NO_ADDRESS = [
    "tcp://h:11211", "memcached://h", "http://h:11211", "h:11211/", "h/",
    "run/memcached.sock", "//h:11211", "h:1,g:1", "h;g", "h g", "'h'", '"h":1',
    "$HOST:1", "${HOST}", "<host>:1", "*:1", "a%20b", "h:+1", "[h]:1", "[a:b]:1",
    "::1", "m\u00fcnchen", "\ufeffh:1", "127.1", "0x7f000001", "127.0.0.256",
]


@pytest.mark.parametrize("address", NO_ADDRESS)
def test_no_address(exporter, address, tmp_path):
    """Whatever asks for it: refused, with the form that is expected."""
    flag = run("--once", f"--memcached.address={address}")
    assert flag.returncode == 1 and flag.stdout == ""
    path = tmp_path / "modules.yml"
    path.write_text("modules:\n  m:\n    targets:\n    - '%s'\n"
                    % address.replace("'", "''"))
    rule = run("--config.check", f"--config.file={path}")
    query = exporter("").get(probe(address))
    assert query.status == 400
    for said in (flag.stderr, query.text):
        assert "expected host:port, [IPv6]:port or the path of a unix" in said
    if address != "*:1":
        assert rule.returncode == 1 and f"{path}:4:7: expected" in rule.stderr


def test_several_servers(exporter):
    for address in ("h:1,g:1", "h:1;g:1", "h:1 g:1"):
        done = run("--once", f"--memcached.address={address}")
        assert "/scrape?target=" in done.stderr
        assert "/scrape?target=" in exporter("").get(probe(address)).text


@pytest.mark.parametrize("address", [
    "scott:tiger@h:1", "scott:tiger@h", "memcached://scott:tiger@h:1",
    "scott:ti@tiger@h:1", "scott:tiger@h:1,g:1", "scott:tiger@", "[scott:tiger@]",
])
def test_no_password_is_shown(exporter, address, tmp_path):
    """Wherever it comes from; the error says where it belongs."""
    name = "MEMCACHED_EXPORTER_MEMCACHED_ADDRESS"
    path = tmp_path / "arguments"
    path.write_text(f"--memcached.address={address}\n")
    for flags, env in (([f"--memcached.address={address}"], None),
                       (["--memcached.address", address], None),
                       ([f"@{path}"], None), ([], {name: address}),
                       ([f"--scrape.allow-target={address}"], None)):
        done = run("--once", *flags, env=env)
        assert done.returncode == 1 and "tiger" not in done.stderr
        assert "--memcached.password-file" in done.stderr
    for flags in ([address], [f"--web.listen-address={address}"],
                  [f"--memcached.address:{address}"], [f"-a={address}"],
                  [f"--memcached.timeout={address}"]):
        done = run("--once", *flags)
        assert done.returncode == 1 and "tiger" not in done.stderr
    running = exporter("", "--log.level=debug")
    answer = running.get(probe(address))
    assert answer.status == 400 and "--memcached.password-file" in answer.text
    for text in (answer.text, running.get("/").text, running.stderr.decode(),
                 running.get("/api/v1/targets").text):
        assert "tiger" not in text


@pytest.mark.parametrize("form", [
    "[0:0:0:0::1]:%s", "[::0001]:%s", "[::1]:%s",
])
def test_one_text_for_an_address(fake, exporter, form):
    server = fake(host="::1")
    running = exporter("")
    assert running.scrape(form % server.port).up == 1
    assert f'"address":"[::1]:{server.port}"' in running.get(
        "/api/v1/targets").text


def test_mapped_address(fake, exporter):
    """It is the IPv4 address that it stands for."""
    server = fake()
    running = exporter("")
    assert running.scrape(f"[::ffff:7f00:1]:{server.port}").up == 1
    assert f'"address":"{server.address}"' in running.get(
        "/api/v1/targets").text


def test_zone_without_an_interface(exporter):
    """It is no name to look up."""
    metrics = exporter("").scrape("[fe80::1%none0]:11211")
    assert (metrics.up, metrics.reason) == (0, "unreachable")
