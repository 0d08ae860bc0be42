"""The completion scripts, in the shells themselves, at a terminal."""

import os
import pty
import re
import select
import shutil
import subprocess
import time

import pytest

from exporter import environment, run
from poll import SLOW

SHELLS = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i"],
}
PREPARE = {
    "bash": "bind 'set bell-style none'; source {script}\n",
    "zsh": "autoload -U compinit; compinit -u -D; source {script}\n",
    "fish": "source {script}\n",
}


@pytest.fixture(params=SHELLS)
def shell(request):
    if not shutil.which(request.param):
        pytest.skip(f"{request.param} is missing: make deps-test")
    return request.param


@pytest.fixture
def script(shell, tmp_path):
    done = run(f"--completion-script-{shell}")
    assert (done.returncode, done.stderr) == (0, "")
    path = tmp_path / shell
    path.write_text(done.stdout)
    return path


def test_valid(shell, script):
    subprocess.run([shell, "-n", script], check=True)


def test_every_flag(script, shell):
    """Those of --help, and no hidden one."""
    text = script.read_text()
    shown = re.findall(r"^ +(?:-h, )?--(?:\[no-\])?([\w.-]+)",
                       run("--help").stdout, re.MULTILINE)
    mark = "-l {} " if shell == "fish" else "--{}"
    assert shown
    for name in shown:
        assert mark.format(name) in text, name
    assert "completion-script" not in text


class Terminal:
    def __init__(self, shell, script, folder):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.environ.clear()
            os.environ.update(environment({
                "TERM": "dumb", "PS1": "$ ", "HOME": str(folder),
                "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}))
            os.execvp(SHELLS[shell][0], SHELLS[shell])
        self.type(PREPARE[shell].format(script=script))
        self.type("echo rea''dy\n")
        self.until(r"(?m)^ready")

    def type(self, text):
        os.write(self.fd, text.encode())

    def until(self, pattern):
        """Reads until that has come."""
        text, deadline = "", time.monotonic() + 20 * SLOW
        while not re.search(pattern, text):
            left = deadline - time.monotonic()
            ready, _, _ = select.select([self.fd], [], [], max(left, 0))
            assert ready, f"no {pattern!r} in {text!r}"
            text += os.read(self.fd, 65536).decode(errors="replace")
        return text

    def close(self):
        os.close(self.fd)
        os.waitpid(self.pid, 0)


@pytest.fixture
def terminal(shell, script, tmp_path, stack):
    made = Terminal(shell, script, tmp_path)
    stack.callback(made.close)
    return made


# fish draws too much there, and answers without one: test_fish.
at_a_terminal = pytest.mark.parametrize("shell", ["bash", "zsh"], indirect=True)


@at_a_terminal
def test_flag(terminal):
    terminal.type("memcached_exporter --web.teleme\t")
    terminal.until("--web.telemetry-path=")


@at_a_terminal
def test_choice(terminal):
    terminal.type("memcached_exporter --log.format=js\t")
    terminal.until("json")


@at_a_terminal
def test_file(terminal, tmp_path):
    (tmp_path / "quite-a-long-name.yml").touch()
    terminal.type("memcached_exporter --config.file=quite-a\t")
    terminal.until("quite-a-long-name.yml")


def test_fish(tmp_path):
    if not shutil.which("fish"):
        pytest.skip("fish is missing: make deps-test")
    path = tmp_path / "script"
    path.write_text(run("--completion-script-fish").stdout)
    for line, found in [
            ("--web.teleme", "--web.telemetry-path"),
            ("--log.format=js", "--log.format=json"),
            ("--no-collector.sett", "--no-collector.settings")]:
        done = subprocess.run(
            ["fish", "--no-config", "-c",
             f"source {path}; complete -C 'memcached_exporter {line}'"],
            capture_output=True, text=True, check=True,
            env=environment({"HOME": str(tmp_path)}))
        assert done.stdout.split("\t")[0].strip() == found
