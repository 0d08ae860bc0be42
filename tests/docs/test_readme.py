"""README.md and the other documents say what is there."""

import re
import shutil
import subprocess

import pytest

import docs

README = docs.README.read_text()
SCRAPE_CONFIGS = docs.TOP / "contrib/prometheus-scrape.yml"
CONTRIB = sorted([*docs.TOP.glob("contrib/*.yml"), *docs.SYSTEMD.glob("*.*")])
DOCUMENTS = [docs.README, docs.CHANGELOG, docs.MAN, *CONTRIB]
NAMES = [path.name for path in DOCUMENTS]
FLAG = re.compile(r"(?<![\w-])--(?:no-)?(\w[\w.-]*\w)")


def flags_of(text):
    """Without those that other programs have."""
    lines = text.replace("\\\n", " ").splitlines()
    return set(FLAG.findall("\n".join(
        line for line in lines
        if not re.search("--[A-Z]|useradd|pmm-admin|curl|systemctl|systemd-analyze", line))))


def test_flags():
    there = set(docs.flags())
    assert flags_of(README) - {"flag"} <= there
    for path in CONTRIB:
        assert flags_of(path.read_text()) <= there, path


def test_metrics():
    families = {f[0] for group in docs.all_families().values() for f in group}
    for name, star in re.findall(r"\b(memcached_\w+)(\*?)", README):
        assert (name in families or name == "memcached_exporter"
                or star and any(f.startswith(name) for f in families)), name


def test_reasons():
    table = docs.section(README, "When memcached_up is 0", "## ")
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == docs.reasons()


def promtool(kind, text):
    if not shutil.which("promtool"):
        pytest.skip("promtool is missing: make deps-test")
    done = subprocess.run(
        ["promtool", "check", *kind.split(), "/dev/stdin"], input=text,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        check=False)
    assert done.returncode == 0, done.stdout


def test_yaml():
    for indent, block in re.findall(
            r"^( *)```yaml\n(.*?)```", README, re.DOTALL | re.MULTILINE):
        # these are for our own files: test_config.py, test_web_config.py
        if not block.startswith(
                ("modules:", "pools:", "queries:",
                     "tls_server_config:")):
            # the certificates that it names are not there
            kind = ("config --syntax-only" if "scrape_configs:" in block
                    else "rules")
            promtool(kind, re.sub(f"^{indent}", "", block, flags=re.MULTILINE))


def test_scrape_configs():
    text = SCRAPE_CONFIGS.read_text()
    promtool("config", text)
    # Debian's promtool does not know Kubernetes: the rest of that job.
    before, mark, job = text.partition("#- job_name")
    job = re.sub("^#", "", mark + job, flags=re.MULTILINE)
    discovery = "kubernetes_sd_configs:\n  - role: pod\n"
    assert discovery in job
    promtool("config", before + job.replace(
        discovery, "static_configs:\n  - targets: [pod]\n"))


@pytest.mark.parametrize("path", DOCUMENTS, ids=NAMES)
def test_make_targets(path):
    makefile = (docs.TOP / "Makefile").read_text()
    targets = set(re.findall(r"^([\w-]+):", makefile, re.MULTILINE))
    used = set(re.findall(
        r"(?:^    |[`\"])make ([a-z][\w-]*)", path.read_text(), re.MULTILINE))
    assert used <= targets


@pytest.mark.parametrize("path", DOCUMENTS, ids=NAMES)
def test_links(path):
    for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
        file, _, anchor = link.partition("#")
        if not re.match(r"\w+:", link) and file:
            assert (path.parent / file).exists(), link
        elif anchor and not file:
            headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
            assert anchor in [h.lower().replace(" ", "-") for h in headings]


@pytest.mark.parametrize("path", DOCUMENTS, ids=NAMES)
def test_no_path_of_a_machine(path):
    assert not re.search(r"/(home|root|tmp|work)/", path.read_text())


def test_version():
    makefile = (docs.TOP / "Makefile").read_text()
    version = re.search(r"^VERSION = (\S+)$", makefile, re.MULTILINE)[1]
    assert f"\n## {version} " in docs.CHANGELOG.read_text()
