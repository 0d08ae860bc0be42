"""From nothing to a firing alert: a real Prometheus with the scrape
configuration of README.md and the rules of README.md or of contrib/."""

import pathlib
import re

import pytest

from daemons import Prometheus
from poll import eventually

TOP = pathlib.Path(__file__).resolve().parents[2]
SECTION = re.search(r"^## Prometheus$.*?^## ", (TOP / "README.md").read_text(),
                    re.DOTALL | re.MULTILINE)[0]
JOBS, ALERT = re.findall(r"^```yaml\n(.*?)^```$", SECTION,
                         re.DOTALL | re.MULTILINE)
RULES = {
    "README": [ALERT],
    "contrib": [path.read_text()
                for path in sorted(TOP.glob("contrib/prometheus/*.yml"))],
}


def hurried(text):
    """Each rule is asked twice a second, and an alert waits no minutes."""
    text = re.sub(r"^( +for: )\w+$", r"\g<1>1s", text, flags=re.MULTILINE)
    return re.sub(r"^- name: .*$", r"\g<0>\n  interval: 500ms", text,
                  flags=re.MULTILINE)


def alerts(prometheus):
    rule, = (rule for rule in prometheus.rules()
             if rule["name"] == "MemcachedDown")
    return rule["alerts"]


def firing(prometheus):
    """(instance, description) of each."""
    return [
        (alert["labels"]["instance"], alert["annotations"]["description"])
        for alert in alerts(prometheus) if alert["state"] == "firing"]


@pytest.mark.parametrize("origin", RULES)
def test_memcached_down(memcached, exporter, stack, tmp_path, origin):
    servers = [memcached(), memcached()]
    running = [exporter(server.address) for server in servers]
    jobs = JOBS
    for name, each in zip(("cache1:9150", "cache2:9150"), running):
        assert name in jobs
        jobs = jobs.replace(name, each.address)
    for number, text in enumerate(RULES[origin]):
        (tmp_path / f"{number}.rules").write_text(hurried(text))
    prometheus = Prometheus(tmp_path, jobs=jobs,
                            more="rule_files: ['*.rules']\n")
    stack.callback(prometheus.stop)

    eventually(lambda: prometheus.query("memcached_up") == [1, 1], timeout=20)
    eventually(lambda: all(r["health"] == "ok" for r in prometheus.rules()),
               timeout=20)
    assert alerts(prometheus) == []

    servers[1].stop()
    (instance, description), = eventually(
        lambda: firing(prometheus), timeout=20)
    assert instance == running[1].address
    assert re.search(r"\bReason: refused\b", description)

    servers[1].start()
    eventually(lambda: alerts(prometheus) == [], timeout=20)
