"""Users, headers and the rate of --web.config.file."""

import contextlib
import re
import select
import socket

import pytest

from exporter import receive
from poll import eventually
from web import HEADERS, basic, hashed, put

# auth.h and worker.h
WAITING_MAX = 64
THREADS = 2

USERS = {
    "a": hashed("right", kind="2a"),
    "b": hashed("right", kind="2b"),
    "y": hashed("right", kind="2y"),
    "utf-8": hashed("naïve: ☃"),
}
PATHS = ["/", "/metrics", "/scrape?target=x", "/-/healthy", "/-/ready",
         "/nothing", "/api/v1/targets", "/target?address=x", "/page.js"]


@pytest.fixture
def serving(exporter, tmp_path):
    """serving(key=value…): an exporter with these in its file."""

    def start(*flags, **keys):
        return exporter(None, put(tmp_path / "web.yml", keys), *flags)

    return start


@pytest.fixture
def guarded(serving):
    return serving(basic_auth_users=USERS)


def ask(name, password, path="/-/healthy"):
    """The bytes of a request."""
    header, = basic(name, password).items()
    return (f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            f"{header[0]}: {header[1]}\r\n\r\n").encode()


def assert_unauthorized(answer):
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == \
        'Basic realm="memcached_exporter", charset="UTF-8"'
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.text == ("Unauthorized: a user of --web.config.file and the "
                           "right password are needed.\n")


@pytest.mark.parametrize("name, password", [
    ("a", "right"), ("b", "right"), ("y", "right"), ("utf-8", "naïve: ☃")])
def test_right(guarded, name, password):
    headers = basic(name, password)
    for _ in range(2):
        assert guarded.get("/-/healthy", headers=headers).status == 200


@pytest.mark.parametrize("value", [
    None,
    basic("a", "wrong"),
    basic("a", ""),
    basic("a", "right "),
    basic("nobody", "right"),
    basic("", "right"),
    basic("A", "right"),
    basic("utf-8", "right"),
    basic("a", "right\0"),
    basic("a\0", "right"),
    basic("a", "x" * 5000),
    "Basic",
    "Basic ",
    "Basic =",
    "Basic ====",
    "Basic YTpyaWdod",
    "Basic YTpyaWdodA==YTpyaWdodA==",
    "Basic YQ==",
    "Basic !!!!",
    "Bearer YTpyaWdodA==",
    "YTpyaWdodA==",
    "BasicYTpyaWdodA==",
    "",
], ids=repr)
def test_wrong(guarded, value):
    headers = {"Authorization": value} if isinstance(value, str) else value
    for _ in range(2):
        assert_unauthorized(guarded.get("/-/healthy", headers=headers))


def test_scheme_in_any_case(guarded):
    """RFC 9110, section 11.1."""
    for scheme in ("basic", "BASIC", "Basic "):
        headers = {"Authorization": f"{scheme} YTpyaWdodA=="}
        assert guarded.get("/-/healthy", headers=headers).status == 200


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_path(guarded, path, method):
    assert_unauthorized(guarded.get(path, method=method))
    answer = guarded.get(path, method=method, headers=basic("a", "right"))
    assert answer.status != 401


def test_refused_without_its_use(guarded, fake):
    """Nothing is scraped for who may not ask."""
    server = fake()
    assert guarded.get(f"/scrape?target={server.address}").status == 401
    assert server.collections == 0
    answer = guarded.get(f"/scrape?target={server.address}",
                         headers=basic("a", "right"))
    assert answer.status == 200
    assert server.collections == 1


def test_open_paths(serving):
    running = serving(basic_auth_users=USERS,
                      auth_excluded_paths=["/-/healthy", "/nothing"])
    assert running.get("/-/healthy").status == 200
    assert running.get("/-/healthy?a=b").status == 200
    assert running.get("/nothing").status == 404
    assert running.get("/-/healthy", headers=basic("a", "x")).status == 200
    for path in ("/", "/-/ready", "/-/healthy/", "//-/healthy", "/metrics",
                 "/-/healthy/../../metrics", "/metrics?/-/healthy",
                 "/metrics#/-/healthy", "/-/Healthy"):
        assert running.get(path).status == 401


def test_keep_alive(guarded):
    """Each request of a connection has its own credentials."""
    with contextlib.closing(guarded.connection()) as conn:
        for headers, status in [
                (basic("a", "right"), 200), ({}, 401), (basic("a", "x"), 401),
                (basic("a", "right"), 200)]:
            answer = guarded.request(conn, "/-/healthy", headers=headers)
            assert answer.status == status


def test_pipelined(guarded):
    """Answers in the order of their requests, whatever each check takes."""
    asked = b"".join(
        ask("a", password).replace(b"Connection: close\r\n", b"")
        for password in ("w1", "right", "w2", "right"))
    sock = guarded.send(asked + ask("a", "w3"))
    data = b""
    sock.settimeout(guarded.timeout)
    with sock:
        while chunk := sock.recv(65536):
            data += chunk
    # a status begins where the body before it ends
    statuses = re.findall(rb"HTTP/1\.1 (\d+) ", data)
    assert statuses == [b"401", b"200", b"401", b"200", b"401"]


class Crowd:
    """Wrong passwords, each on its own connection, and what has come."""

    def __init__(self, stack, running, size):
        self.socks = []
        for n in range(size):
            sock = stack.enter_context(running.send(ask("slow", f"no {n}")))
            # the checks yield to whatever else the machine does
            sock.settimeout(6 * running.timeout)
            self.socks.append(sock)

    def answered(self):
        return select.select(self.socks, [], [], 0)[0]


def from_elsewhere(running, request):
    """The same from another address."""
    host, port = running.address.split(":")
    sock = socket.create_connection(
        (host, int(port)), running.timeout, ("127.0.0.2", 0))
    sock.sendall(request)
    return receive(sock)


def test_crowd_of_wrong_passwords(serving, stack):
    """A password checked before waits for nobody, a fresh one from another
    address for what is under way: both come while most of the crowd waits."""
    running = serving(basic_auth_users={
        "slow": hashed("right", cost=8), "quick": hashed("right")})
    known = ask("quick", "right")
    assert receive(running.send(known)).status == 200
    crowd = Crowd(stack, running, 50)
    assert receive(running.send(known)).status == 200
    assert len(crowd.answered()) < 40
    assert from_elsewhere(running, ask("slow", "right")).status == 200
    assert len(crowd.answered()) < 45
    for sock in crowd.socks:
        assert_unauthorized(receive(sock))


def test_crowd_after_a_change_of_users(serving, stack, tmp_path):
    """Where only others changed, a password that was right is so at once; where
    its hash did, it is the next one, though all have the same address."""
    slow = {"slow": hashed("right", cost=8), "other": hashed("x")}
    running = serving(basic_auth_users={**slow, "changed": hashed("right")})
    for name in "slow", "changed":
        assert receive(running.send(ask(name, "right"))).status == 200
    users = {**slow, "changed": hashed("right", cost=8), "new": hashed("x")}
    put(tmp_path / "web.yml", {"basic_auth_users": users})
    eventually(lambda: receive(
        running.send(ask("new", "x"))).status == 200, timeout=20)
    crowd = Crowd(stack, running, 50)
    for name in "slow", "changed":
        assert receive(running.send(ask(name, "right"))).status == 200
        assert len(crowd.answered()) < 25


def test_too_many_wait(serving, stack):
    """The last are told to come again; the others get their verdict. There is
    still room for another address."""
    running = serving(basic_auth_users={"slow": hashed("right", cost=8)})
    more = 16
    crowd = Crowd(stack, running, WAITING_MAX + THREADS + more)
    assert from_elsewhere(running, ask("slow", "right")).status == 200
    answers = [receive(sock) for sock in crowd.socks]
    busy = [n for n, answer in enumerate(answers) if answer.status == 503]
    assert 0 < len(busy) <= more + 1
    assert min(busy) >= WAITING_MAX
    for answer in answers:
        if answer.status != 503:
            assert_unauthorized(answer)
            continue
        assert answer.headers["Retry-After"] == "1"
        assert answer.text == ("Too many passwords to check, try again "
                               "later.\n")


def test_same_password_is_one_check(serving, stack):
    """However many send it at a time: none is turned away."""
    running = serving(basic_auth_users={"slow": hashed("right", cost=8)})
    socks = [running.send(ask("slow", "right")) for _ in range(200)]
    assert {receive(sock).status for sock in socks} == {200}


def test_client_leaves(serving, stack):
    """While its password waits."""
    running = serving(basic_auth_users={"slow": hashed("right", cost=8)})
    before = running.descriptors()
    with contextlib.ExitStack() as leaving:
        Crowd(leaving, running, 50)
    assert receive(running.send(ask("slow", "right"))).status == 200
    eventually(lambda: running.descriptors() <= before + 1, timeout=20)


def test_users_change_under_checks(serving, stack, tmp_path):
    """A verdict is on the hash that counts when it comes."""
    slow = {"slow": hashed("right", cost=12)}
    running = serving(basic_auth_users=slow)
    sock = running.send(ask("slow", "new"))
    put(tmp_path / "web.yml",
        {"basic_auth_users": {"slow": hashed("new", cost=4)}})
    eventually(lambda: receive(
        running.send(ask("slow", "new"))).status == 200, timeout=20)
    assert receive(sock).status in (200, 401)


def test_end_while_checks_wait(serving, stack):
    """Whoever waits is answered, or hung up on; the end is a clean one."""
    running = serving(basic_auth_users={"slow": hashed("right", cost=10)})
    crowd = Crowd(stack, running, 30)
    eventually(crowd.answered)
    running.stop()


def test_end_before_checks(serving, stack):
    """Whoever waits hears of the end, not of a crowd that is none."""
    slow = hashed("right").replace("$04$", "$16$")
    running = serving(basic_auth_users={"slow": slow})
    crowd = Crowd(stack, running, THREADS + 2)
    for _ in range(2):
        assert running.get("/").status == 401
    running.stop()
    for sock in crowd.socks:
        answer = receive(sock)
        assert answer.status == 503
        assert answer.headers["Retry-After"] == "1"
        assert answer.text == "The exporter is stopping.\n"
    warning, = [line for line in running.log() if "level=WARN" in line]
    assert "Requests under way did not end in time" in warning


# Headers and the rate

@pytest.mark.parametrize("credentials", [{}, basic("a", "right")],
                         ids=["401", "right"])
def test_headers(serving, credentials):
    """On every answer, each of them once: instead of the page's own."""
    running = serving(basic_auth_users=USERS,
                      http_server_config={"headers": HEADERS})
    for path in PATHS:
        headers = running.get(path, headers=credentials).headers
        assert {n: headers.get_all(n) for n in HEADERS} == {
            n: [value] for n, value in HEADERS.items()}, path


def test_empty_header_is_none(serving):
    running = serving(http_server_config={
        "headers": {"X-Frame-Options": "", "X-XSS-Protection": "0"}})
    headers = running.get("/-/healthy").headers
    assert headers["X-Frame-Options"] is None
    assert headers["X-XSS-Protection"] == "0"


def test_rate(serving):
    running = serving(rate_limit={"burst": 2, "interval": "1h"})
    assert running.get("/-/healthy").status == 200
    assert running.get("/nothing").status == 404
    for path in ("/-/healthy", "/metrics"):
        answer = running.get(path)
        assert answer.status == 429
        assert 3590 < int(answer.headers["Retry-After"]) <= 3600
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert answer.text == ("More requests than rate_limit in "
                               "--web.config.file allows.\n")


def test_rate_comes_back(serving):
    running = serving(rate_limit={"burst": 1, "interval": "300ms"})
    assert running.get("/-/healthy").status == 200
    refused = running.get("/-/healthy")
    if refused.status == 429:
        assert refused.headers["Retry-After"] == "1"
    eventually(lambda: running.get("/-/healthy").status == 200)


def test_rate_says_when(serving):
    """The seconds that are left, not those of an interval."""
    running = serving(rate_limit={"burst": 1, "interval": "3s"})
    assert running.get("/-/healthy").status == 200
    waits = []

    def comes_back():
        answer = running.get("/-/healthy")
        if answer.status == 429:
            waits.append(int(answer.headers["Retry-After"]))
        return answer.status == 200

    eventually(comes_back)
    assert waits == sorted(waits, reverse=True)
    assert set(waits) == {3, 2, 1}


def test_rate_comes_before_passwords(serving):
    """So that guessing has a limit, too."""
    running = serving(basic_auth_users=USERS,
                      rate_limit={"burst": 1, "interval": "1h"})
    assert running.get("/-/healthy").status == 401
    assert running.get("/-/healthy", headers=basic("a", "right")).status == 429
