"""The units of contrib/systemd: valid, hardened, and about flags there are."""

import re
import shutil
import subprocess

import pytest

import docs
from exporter import BINARY

NAMES = ["memcached_exporter.service", "memcached_exporter.socket"]
TEXTS = {name: (docs.SYSTEMD / name).read_text() for name in NAMES}
INSTALLED = "/usr/local/bin/memcached_exporter"


def with_examples(text):
    """With the settings that it has as comments."""
    return re.sub(r"^#(?=[A-Z]\w+=)", "", text, flags=re.MULTILINE)


def unchanged(text):
    return text


@pytest.fixture(params=[unchanged, with_examples])
def units(request, tmp_path):
    """The paths of the units, for the binary that there is."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd is missing: make deps-test")
    for name, text in TEXTS.items():
        (tmp_path / name).write_text(
            request.param(text).replace(INSTALLED, BINARY))
    return [str(tmp_path / name) for name in NAMES]


def analyze(*arguments):
    return subprocess.run(
        ["systemd-analyze", "--no-pager", *arguments], check=False, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def test_verify(units):
    done = analyze("verify", "--man=no", *units)
    assert (done.returncode, done.stdout) == (0, "")


def test_security(units):
    """No worse than README.md says."""
    score = re.search(
        r"exposure level .* (\d+)\.(\d) OK", docs.README.read_text())
    done = analyze("security", "--offline=true",
                   f"--threshold={int(score[1] + score[2])}", units[0])
    assert done.returncode == 0, done.stdout


def test_installed():
    makefile = (docs.TOP / "Makefile").read_text()
    prefix = re.search(r"^PREFIX = (.+)$", makefile, re.MULTILINE)[1]
    assert INSTALLED == f"{prefix}/bin/memcached_exporter"
    assert f"\nExecStart={INSTALLED}\n" in TEXTS[NAMES[0]]


@pytest.mark.parametrize("name", NAMES)
def test_variables(name):
    variables = set(re.findall(r"MEMCACHED_EXPORTER_\w+", TEXTS[name]))
    assert variables <= set(map(docs.environment_name, docs.flags()))
