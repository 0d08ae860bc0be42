"""The rules of contrib/prometheus: valid, tested, explained, and about metrics
there are."""

import re
import shutil
import subprocess

import pytest
import yaml

import docs

RULES = docs.TOP / "contrib/prometheus"
RUNBOOK = (RULES / "RUNBOOK.md").read_text()
TEST = docs.TOP / "tests/prometheus/rules_test.yml"


def rules(name):
    groups = yaml.safe_load((RULES / name).read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


ALERTS = rules("alerts.yml")
RECORDS = rules("recording.yml")


def promtool(*arguments):
    if not shutil.which("promtool"):
        pytest.skip("promtool is missing: make deps-test")
    done = subprocess.run(
        ["promtool", *arguments], text=True, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout


def test_check():
    promtool("check", "rules", RULES / "recording.yml", RULES / "alerts.yml")


def test_rules():
    promtool("test", "rules", TEST)


def test_each_rule_is_tested():
    """Each alert fires for one instance and stays silent for another."""
    cases = yaml.safe_load(TEST.read_text())["tests"]
    fires, instances = set(), {}
    for case in cases:
        for alert in case.get("alert_rule_test", []):
            name = alert["alertname"]
            firing = {a["exp_labels"]["instance"] for a in alert["exp_alerts"]}
            there = set(re.findall(r'instance="(\w+)"', " ".join(
                s["series"] for s in case["input_series"])))
            if firing:
                fires.add(name)
            instances.setdefault(name, set()).update(there - firing)
    names = {rule["alert"] for rule in ALERTS}
    assert fires == names
    assert {name for name, silent in instances.items() if silent} == names
    asked = re.findall(r"instance\w*:\w+:\w+", TEST.read_text())
    assert {rule["record"] for rule in RECORDS} == set(asked)


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_alert(rule):
    notes = rule["annotations"]
    assert rule["labels"]["severity"] in ("warning", "critical")
    assert set(notes) == {"summary", "description", "runbook"}
    anchor = notes["runbook"].partition("#")[2]
    assert anchor == rule["alert"].lower()
    assert f"\n## {rule['alert']}\n" in RUNBOOK


def test_runbook_has_no_other_alert():
    headings = re.findall(r"^## (.+)$", RUNBOOK, re.MULTILINE)
    assert headings == [rule["alert"] for rule in ALERTS]


def test_metrics():
    there = {f[0] for group in docs.all_families().values() for f in group}
    text = RUNBOOK + "".join(rule["expr"] for rule in RECORDS + ALERTS)
    for name in re.findall(r"(?<![\w:])memcached_\w+", text):
        assert name in there or name == "memcached_exporter", name
    records = {rule["record"] for rule in RECORDS}
    for name in re.findall(r"instance\w*:\w+:\w+", text):
        assert name in records, name
