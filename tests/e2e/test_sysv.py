"""The init script of contrib/sysv, run by the shells that systems have. Its
settings are replaced, and nothing else."""

import os
import pathlib
import pwd
import re
import shutil
import signal
import subprocess
import threading

import pytest

from exporter import BINARY, WRAPPER
from poll import SLOW, eventually
from port import reserve

SYSV = pathlib.Path(__file__).resolve().parents[2] / "contrib/sysv"
SCRIPT = (SYSV / "memcached_exporter").read_text()
# Who may not log in.
USER = "nobody"

pytestmark = [
    pytest.mark.skipif(os.getuid() != 0, reason="starts it as another user"),
    pytest.mark.skipif(bool(WRAPPER), reason="a wrapper is another program"),
]


class Service:
    def __init__(self, folder, shell, without=()):
        folder.chmod(0o755)
        self.folder, self.shell = folder, shell
        # where another user may reach it
        self.binary = shutil.copy(BINARY, folder / "memcached_exporter")
        self.reserved, port = reserve()
        self.port = port
        self.log = folder / "exporter.log"
        self.pid_file = folder / "run/memcached_exporter.pid"
        self.settings = folder / "default/memcached_exporter"
        self.settings.parent.mkdir()
        self.set(f"OPTIONS='--web.listen-address=127.0.0.1:{port} "
                 "--memcached.address='")
        text = SCRIPT.replace("/etc/default", str(folder / "default"))
        text = text.replace("/etc/sysconfig", str(folder / "sysconfig"))
        for name, value in {
                "DAEMON": self.binary, "RUNAS": USER, "LOGFILE": self.log,
                "RUNDIR": folder / "run", "STARTTIMEOUT": int(10 * SLOW),
                "STOPTIMEOUT": int(10 * SLOW)}.items():
            text, n = re.subn(rf"^{name}=[^\t\n]*", f"{name}={value}", text,
                              flags=re.MULTILINE)
            assert n == 1, name
        for tool in without:
            text = text.replace(f"command -v {tool}", "command -v /absent")
        self.script = folder / "script"
        self.script.write_text(text)

    def set(self, text):
        self.settings.write_text(text + "\n")

    def __call__(self, action, **rest):
        return subprocess.run(
            ["env", "-i", *self.shell, str(self.script), action],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=60 * SLOW, check=False, **rest)

    def end(self):
        """Until its log has been written."""
        self("stop")
        eventually(lambda: not self.processes())

    def processes(self):
        return subprocess.run(["pgrep", "-f", str(self.folder)],
                              capture_output=True, text=True,
                              check=False).stdout

    def pid(self):
        return int(self.pid_file.read_text())


@pytest.fixture(params=["dash", "bash", "bash --posix"])
def shell(request):
    words = request.param.split()
    if not shutil.which(words[0]):
        pytest.skip(f"{words[0]} is missing")
    return words


@pytest.fixture
def service(tmp_path_factory, shell, stack, folder):
    made = Service(pathlib.Path(folder), shell)
    stack.callback(made.end)
    return made


def test_life(service):
    assert service("status").returncode == 3
    assert service("stop").returncode == 0
    done = service("start")
    assert (done.returncode, done.stderr) == (0, "")
    # it is bound when the script returns
    assert service("status").returncode == 0
    pid = service.pid()
    assert f"(pid {pid})" in done.stdout
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    uid = pwd.getpwnam(USER).pw_uid
    assert re.search(rf"^Uid:\t{uid}\t{uid}\t{uid}\t{uid}$", status, re.MULTILINE)
    assert service("start").returncode == 0
    assert service.pid() == pid
    assert service("reload").returncode == 0
    eventually(lambda: "Configuration reloaded" in service.log.read_text())
    assert service("restart").returncode == 0
    assert service.pid() != pid
    pid = service.pid()
    assert service("try-restart").returncode == 0
    assert service("condrestart").returncode == 0
    assert service.pid() != pid
    assert service("stop").returncode == 0
    assert service("stop").returncode == 0
    assert service("status").returncode == 3
    assert service("condrestart").returncode == 0
    assert service("status").returncode == 3
    assert service("reload").returncode == 7
    assert service("nonsense").returncode == 2
    assert not service.pid_file.exists()


def test_by_su(folder, stack):
    """Where there is no setpriv(1)."""
    service = Service(pathlib.Path(folder), ["sh"], without=["setpriv"])
    stack.callback(service.end)
    assert service("start").returncode == 0
    uid = os.stat(f"/proc/{service.pid()}").st_uid
    assert uid == pwd.getpwnam(USER).pw_uid
    assert service("status").returncode == 0
    assert service("stop").returncode == 0


def test_start_fails_with_the_message(service):
    service.set("OPTIONS='--web.listen-address=127.0.0.1:1 --memcached.adress=x'")
    done = service("start")
    assert done.returncode == 1
    assert "unknown long flag '--memcached.adress'" in done.stderr
    assert service("status").returncode == 3


def test_address_in_use(service, stack, folder):
    assert service("start").returncode == 0
    second = pathlib.Path(folder, "second")
    second.mkdir()
    other = Service(second, service.shell)
    other.set(service.settings.read_text())
    done = other("start")
    assert done.returncode == 1
    assert "Address already in use" in done.stderr


def test_configuration_error_keeps_the_old(service):
    assert service("start").returncode == 0
    pid = service.pid()
    service.set(service.settings.read_text() + "OPTIONS='--log.level=loud'")
    for action in "restart", "reload", "force-reload":
        done = service(action)
        assert done.returncode == 1
        assert "--log.level=loud" in done.stderr
    assert service("configtest").returncode == 1
    assert service.pid() == pid
    assert service("status").returncode == 0


@pytest.mark.parametrize("text", ["999999", "{other}", "1", "-1", "0", "junk", ""])
def test_stale_pid_file(service, stack, text):
    """Another program's pid is never signalled."""
    other = subprocess.Popen(["sleep", "1000"])
    stack.callback(other.wait)
    stack.callback(other.kill)
    service.pid_file.parent.mkdir()
    service.pid_file.write_text(text.format(other=other.pid))
    assert service("status").returncode == 1
    assert service("reload").returncode == 7
    assert service("stop").returncode == 0
    assert other.poll() is None
    service.pid_file.write_text(text.format(other=other.pid))
    assert service("start").returncode == 0
    assert service("status").returncode == 0


def test_exporter_of_another_user(service, stack):
    """The same program, and not the service."""
    other = subprocess.Popen([
        service.binary, "--web.listen-address=127.0.0.1:0",
        "--memcached.address="], stderr=subprocess.PIPE, text=True)
    stack.callback(other.wait)
    stack.callback(other.kill)
    stack.callback(other.stderr.close)
    assert other.stderr.readline()
    service.pid_file.parent.mkdir()
    service.pid_file.write_text(f"{other.pid}\n")
    assert service("status").returncode == 1
    assert service("stop").returncode == 0
    assert other.poll() is None


def test_killed(service):
    assert service("start").returncode == 0
    os.kill(service.pid(), signal.SIGKILL)
    eventually(lambda: service("status").returncode == 1)
    assert service("start").returncode == 0
    assert service("status").returncode == 0


def test_renamed_log_loses_no_line(service):
    assert service("start").returncode == 0
    eventually(lambda: "Listening" in service.log.read_text())
    old = service.log.rename(service.folder / "exporter.log.1")
    for n in range(1, 21):
        assert service("reload").returncode == 0
        eventually(lambda n=n: sum(
            path.read_text().count("Configuration reloaded")
            for path in (old, service.log) if path.exists()) == n)
    assert service.log.read_text().count("Configuration reloaded") == 20


def test_flags_of_other_packages(service):
    """What /etc/default of Debian's and /etc/sysconfig of the RPMs call them."""
    flags = service.settings.read_text().partition("=")[2]
    for name in "ARGS", "MEMCACHED_EXPORTER_OPTS":
        service.set(f"{name}={flags}")
        assert service("start").returncode == 0
        assert service("stop").returncode == 0


def test_variables_are_passed_on(service):
    service.set(service.settings.read_text()
                + "MEMCACHED_EXPORTER_LOG_FORMAT=json")
    assert service("start").returncode == 0
    eventually(lambda: '"msg":"Listening' in service.log.read_text())


def test_no_such_user(service):
    service.set("RUNAS=not_a_user_here")
    done = service("start")
    assert done.returncode == 6
    assert "there is no user not_a_user_here" in done.stderr


def test_a_hundred_times(folder, stack):
    """Under load, none is left behind."""
    service = Service(pathlib.Path(folder), ["dash"])
    stack.callback(service.end)
    ended = threading.Event()

    def load():
        while not ended.is_set():
            pass

    threads = [threading.Thread(target=load) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        assert service("start").returncode == 0
        for _ in range(100):
            assert service("restart").returncode == 0
            assert service("status").returncode == 0
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert service("stop").returncode == 0
    eventually(lambda: not service.processes())
