"""Where it listens: unix sockets, vsock, and sockets that systemd passes."""

import contextlib
import os
import re
import shutil
import socket
import stat
import sys
import tempfile

import pytest

from exporter import VMADDR_CID_LOCAL, run
from poll import eventually

NONE = "--memcached.address="
UMASK = ["sh", "-c", 'umask "$0"; exec "$@"']

# As systemd does it: what the first argument names are descriptors 3, 4, …
PASS = """
import fcntl, os, sys
passed = [fcntl.fcntl(int(fd), fcntl.F_DUPFD, 100)
          for fd in sys.argv[1].split(",")]
for number, fd in enumerate(passed, 3):
    os.dup2(fd, number)
    os.close(fd)
os.environ.setdefault("LISTEN_PID", str(os.getpid()))
os.environ.setdefault("LISTEN_FDS", str(len(passed)))
os.execvp(sys.argv[2], sys.argv[2:])
"""

# Runs a command for which socket(2) knows a family no longer: a filter of
# seccomp(2) that answers EAFNOSUPPORT.
WITHOUT = """
import ctypes, errno, os, struct, sys
def i(code, yes, no, k): return struct.pack("HBBI", code, yes, no, k)
text = ctypes.create_string_buffer(
    i(32, 0, 0, 0) + i(21, 0, 3, 41) + i(32, 0, 0, 16)
    + i(21, 0, 1, int(sys.argv[1])) + i(6, 0, 0, 0x50000 | errno.EAFNOSUPPORT)
    + i(6, 0, 0, 0x7fff0000))
class Program(ctypes.Structure):
    _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
program = Program(6, ctypes.addressof(text))
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(program), 0, 0) == 0
os.execvp(sys.argv[2], sys.argv[2:])
"""


def mode_of(path):
    return stat.S_IMODE(os.stat(path).st_mode)


# Unix sockets

@pytest.mark.parametrize("umask, flags, mode", [
    ("077", ["--web.socket-mode=0660"], 0o660),
    ("000", ["--web.socket-mode=0600"], 0o600),
    ("077", ["--web.socket-mode=777"], 0o777),
    ("027", ["--web.socket-mode="], 0o750),
    ("027", [], 0o750),
])
def test_socket_mode(exporter, folder, umask, flags, mode):
    path = f"{folder}/web"
    running = exporter(
        "", *flags, listen=(f"unix:{path}", "127.0.0.1:0", f"unix:{path}2"),
        prefix=[*UMASK, umask])
    assert [mode_of(path), mode_of(path + "2")] == [mode, mode]
    with open(f"/proc/{running.pid}/status") as status:
        assert f"Umask:\t0{umask}\n" in status.read()
    for address in running.addresses:
        assert running.get("/-/healthy", address).status == 200


@pytest.mark.parametrize("address", ["*:0", ":0"])
def test_all_addresses(exporter, address):
    running = exporter("", listen=(address,))
    port = running.addresses[0].rpartition(":")[2]
    assert running.addresses[0].startswith("[::]:")
    for host in ("127.0.0.1", "[::1]"):
        assert running.get("/-/healthy", f"{host}:{port}").status == 200


def test_unix_url(exporter, folder):
    running = exporter("", listen=(f"unix://{folder}/web",))
    assert running.addresses == [f"unix:{folder}/web"]


@pytest.mark.parametrize("address, words", [
    ("http://localhost:0", ":port"), ("localhost:0/", ":port"),
    (":0,:0", "repeat the flag"), ("127.1:0", "four decimal numbers"),
    ("[*]:0", ":port"), ("<host>:0", ":port"), ("$HOST:0", ":port"),
    ("scott:tiger@localhost:0", "--web.config.file"),
])
def test_no_address(address, words):
    done = run(NONE, f"--web.listen-address={address}")
    assert done.returncode == 1 and words in done.stderr
    assert "expected host:port, :port, [IPv6]:port, unix:/path" in done.stderr
    assert "tiger" not in done.stderr


def test_socket_is_never_wider(exporter, folder):
    """No permission is taken back later: somebody could be in between."""
    if not shutil.which("strace"):
        pytest.skip("strace is missing: make deps-test")
    trace = f"{folder}/trace"
    running = exporter(
        "", "--web.socket-mode=0600", listen=(f"unix:{folder}/web",),
        # LeakSanitizer does not work under it
        env={"ASAN_OPTIONS": "detect_leaks=0"},
        prefix=["strace", "-D", "-o", trace, "-e",
                "trace=umask,bind,listen,chmod,fchmod,fchmodat"])
    assert mode_of(f"{folder}/web") == 0o600
    running.stop()
    with open(trace) as file:
        calls = re.findall(r"^(\w+)\(", file.read(), re.MULTILINE)
    assert calls == ["umask", "bind", "umask", "listen"]


def test_file_of_somebody_else_stays(exporter, folder):
    path = f"{folder}/web"
    running = exporter("", listen=(f"unix:{path}",))
    os.unlink(path)
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(path)
        running.stop()
        assert os.path.exists(path)


def test_busy_listener_is_not_stale(folder):
    """Nor is it waited for when many wait for it already."""
    path = f"{folder}/web"
    with contextlib.ExitStack() as stack:
        busy = stack.enter_context(socket.socket(socket.AF_UNIX))
        busy.bind(path)
        busy.listen(0)
        with contextlib.suppress(BlockingIOError):
            while True:
                client = stack.enter_context(socket.socket(socket.AF_UNIX))
                client.setblocking(False)
                client.connect(path)
        done = run(f"--web.listen-address=unix:{path}", NONE)
    assert (done.returncode, done.stderr) == (
        1, f"memcached_exporter: error: listen on unix:{path}: "
        "Address already in use\n")
    assert os.path.exists(path)


# Several addresses

@pytest.fixture
def port():
    """A free one."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return sock.getsockname()[1]


@pytest.mark.parametrize("listen, bound", [
    (["127.0.0.1:PORT"] * 2, ["127.0.0.1:PORT"]),
    (["localhost:PORT", "127.0.0.1:PORT"], ["127.0.0.1:PORT"]),
    (["0.0.0.0:PORT", "127.0.0.1:PORT"], ["0.0.0.0:PORT"]),
    ([":PORT", "127.0.0.1:PORT", "0.0.0.0:PORT", "[::1]:PORT", "[::]:PORT",
      "*:PORT"], ["[::]:PORT"]),
    (["unix:FOLDER/web", "FOLDER/./web"], ["unix:FOLDER/web"]),
    (["127.0.0.1:PORT", "[::1]:PORT"], ["127.0.0.1:PORT", "[::1]:PORT"]),
], ids=repr)
def test_same_address(exporter, folder, port, listen, bound):
    """Bound once, and nothing is missing."""

    def filled(texts):
        return [t.replace("PORT", str(port)).replace("FOLDER", folder)
                for t in texts]

    running = exporter("", listen=filled(listen), listeners=len(bound))
    assert running.addresses == filled(bound)
    for address in filled(bound):
        address = address.replace("0.0.0.0", "127.0.0.1")
        assert running.get("/-/healthy", address).status == 200


@pytest.mark.parametrize("listen, included", [
    (["127.0.0.1:PORT", "0.0.0.0:PORT"], "127.0.0.1:PORT"),
    (["[::1]:PORT", ":PORT"], "[::1]:PORT"),
    (["0.0.0.0:PORT", ":PORT"], "0.0.0.0:PORT"),
], ids=repr)
def test_address_that_includes_another(port, listen, included):
    """It is not another program that has it."""
    first, second = (t.replace("PORT", str(port)) for t in listen)
    done = run(f"--web.listen-address={first}",
               f"--web.listen-address={second}", NONE)
    assert (done.returncode, done.stderr) == (
        1, f"memcached_exporter: error: listen on {second}: it includes "
        f"{included.replace('PORT', str(port))} of another "
        "--web.listen-address; remove one of the two\n")


def test_address_of_another_program(port):
    with socket.create_server(("127.0.0.1", port)):
        done = run(f"--web.listen-address=127.0.0.1:{port}", NONE)
    assert (done.returncode, done.stderr) == (
        1, f"memcached_exporter: error: listen on 127.0.0.1:{port}: Address "
        "already in use\n")


@pytest.mark.skipif(os.uname().machine != "x86_64",
                    reason="the filter is for x86_64")
@pytest.mark.parametrize("address", ["[::]:0", ":0", "*:0"])
@pytest.mark.parametrize("family, bound", [
    (socket.AF_INET6, "0.0.0.0:"), (socket.AF_INET, "[::]:")])
def test_any_address_of_one_family(exporter, address, family, bound):
    """Where the other one does not exist."""
    running = exporter("", listen=(address,), prefix=[
        sys.executable, "-c", WITHOUT, str(int(family))])
    assert running.address.startswith(bound)
    host = "127.0.0.1" if family == socket.AF_INET6 else "[::1]"
    port = running.address.rpartition(":")[2]
    assert running.get("/-/healthy", f"{host}:{port}").status == 200


# vsock

def vsock(stack):
    try:
        return stack.enter_context(socket.socket(socket.AF_VSOCK))
    except OSError as error:
        pytest.skip(f"this kernel has no vsock: {error}")


def test_vsock(exporter, stack):
    with vsock(stack):
        pass
    running = exporter("", listen=("vsock://:0", "127.0.0.1:0"))
    assert running.address.startswith("vsock://:")
    assert running.get("/-/healthy", running.addresses[1]).status == 200
    done = run(f"--web.listen-address={running.address}", NONE)
    assert (done.returncode, done.stderr) == (
        1, f"memcached_exporter: error: listen on {running.address}: "
        "Address already in use\n")


def test_scrape_through_vsock(fake, exporter, stack):
    with vsock(stack) as listener, vsock(stack) as client:
        listener.bind((socket.VMADDR_CID_ANY, socket.VMADDR_PORT_ANY))
        listener.listen()
        client.settimeout(1)
        try:
            client.connect((VMADDR_CID_LOCAL, listener.getsockname()[1]))
        except OSError as error:
            pytest.skip(f"this kernel has no vsock_loopback: {error}")
    running = exporter(fake().address, listen=("vsock://:0",))
    for _ in range(2):
        assert running.metrics().up == 1


# Sockets that systemd passes

@pytest.fixture
def passed(exporter):
    """The exporter, with these sockets as systemd passes them."""

    def start(*socks, flags=(), **rest):
        fds = [sock.fileno() for sock in socks]
        return exporter(
            "", "--web.systemd-socket", *flags, listen=(),
            listeners=len(socks), pass_fds=fds, prefix=passing(fds), **rest)

    return start


def passing(fds):
    return [sys.executable, "-c", PASS, ",".join(map(str, fds))]


def listener(stack, path=None):
    if path is None:
        return stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    sock = stack.enter_context(socket.socket(socket.AF_UNIX))
    sock.bind(path)
    sock.listen()
    return sock


def test_systemd_sockets(passed, stack, folder):
    socks = [
        listener(stack),
        listener(stack, f"{folder}/web"),
        listener(stack, "\0" + folder),
        stack.enter_context(
            socket.create_server(("::1", 0), family=socket.AF_INET6)),
    ]
    running = passed(*socks)
    assert running.addresses == [
        "127.0.0.1:%d" % socks[0].getsockname()[1],
        f"unix:{folder}/web", f"unix:@{folder}",
        "[::1]:%d" % socks[3].getsockname()[1],
    ]
    for address in running.addresses:
        assert running.get("/-/healthy", address).status == 200
    running.stop()
    # the file is systemd's
    assert os.path.exists(f"{folder}/web")


def test_systemd_socket_instead_of_addresses(passed, stack, folder):
    sock = listener(stack)
    running = passed(
        sock, flags=[f"--web.listen-address=unix:{folder}/web"])
    assert running.get("/-/healthy").status == 200
    assert not os.path.exists(f"{folder}/web")


def test_systemd_socket_takes_what_waits(passed, stack):
    """That is what it is for: a restart refuses nobody."""
    sock = listener(stack)
    with socket.create_connection(sock.getsockname()) as client:
        client.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n")
        for _ in range(2):
            running = passed(sock)
            running.settle()
            running.stop()
        client.settimeout(5)
        assert client.recv(100).startswith(b"HTTP/1.1 200 OK\r\n")


def test_systemd_sockets_are_configured(passed, stack):
    """However they were: it must not block, nor pass them on."""
    sock = listener(stack)
    sock.setblocking(True)
    running = passed(sock)
    with open(f"/proc/{running.pid}/fdinfo/3") as file:
        flags = int(file.read().partition("flags:")[2].split()[0], 8)
    assert flags & os.O_NONBLOCK and flags & os.O_CLOEXEC


def test_systemd_sockets_without_the_flag(exporter, stack):
    """They are not used, which can be seen before an address is missing."""
    sock = listener(stack)
    running = exporter("", pass_fds=[sock.fileno()],
                       prefix=passing([sock.fileno()]))
    assert sum("level=WARN" in line and "--web.systemd-socket" in line
               for line in running.log()) == 1
    taken = "%s:%d" % sock.getsockname()
    done = run(f"--web.listen-address={taken}", NONE,
               pass_fds=[sock.fileno()], prefix=passing([sock.fileno()]))
    assert done.returncode == 1 and "--web.systemd-socket" in done.stderr


def refused(*socks, **env):
    fds = [sock.fileno() for sock in socks]
    done = run("--web.systemd-socket", NONE, env=env, pass_fds=fds,
               prefix=passing(fds) if fds else ())
    assert (done.returncode, done.stdout) == (1, "")
    start = "memcached_exporter: error: "
    assert done.stderr.startswith(start) and done.stderr.count("\n") == 1
    return done.stderr[len(start):-1]


def test_systemd_passed_nothing():
    assert refused() == "systemd has passed no socket: LISTEN_PID is not set"


@pytest.mark.parametrize("env, error", [
    ({"LISTEN_PID": "1"},
     r"the sockets of systemd are for process 1 \(LISTEN_PID\), this is \d+"),
    ({"LISTEN_PID": "x"}, "LISTEN_PID=x is no number"),
    ({"LISTEN_FDS": "0"}, "systemd has passed 0 sockets, expected 1 to 64"),
    ({"LISTEN_FDS": "65"}, "systemd has passed 65 sockets, expected 1 to 64"),
    ({"LISTEN_FDS": "-1"}, "LISTEN_FDS=-1 is no number"),
])
def test_wrong_environment(stack, env, error):
    assert re.fullmatch(error, refused(listener(stack), **env))


def test_wrong_descriptors(stack):
    good = listener(stack)
    file = stack.enter_context(tempfile.TemporaryFile())
    datagram = stack.enter_context(socket.socket(type=socket.SOCK_DGRAM))
    idle = stack.enter_context(socket.socket())
    near, far = socket.socketpair()
    stack.enter_context(near)
    stack.enter_context(far)
    assert refused(file) == (
        "descriptor 3 is no socket: Socket operation on non-socket")
    assert refused(good, datagram) == (
        "descriptor 4 is no stream socket: ListenStream= makes one")
    for sock in idle, near:
        assert refused(sock) == (
            "descriptor 3 is a socket that does not listen: the socket unit "
            "needs Accept=no")


def test_real_systemd(exporter, folder):
    """systemd's own tool starts the program when somebody connects."""
    tool = shutil.which("systemd-socket-activate")
    if not tool:
        pytest.skip("systemd is missing: make deps-test")
    running = exporter(
        "", "--web.systemd-socket", listen=(f"unix:{folder}/web",),
        listeners=0, prefix=[tool, "-l", f"{folder}/web"])
    assert running.get("/-/healthy").status == 200
    running.stop()
    assert f"address=unix:{folder}/web" in "".join(running.log())
