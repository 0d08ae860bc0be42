"""The files of contrib/kubernetes. No tool of Debian's has the API's schema:
what a typing error would break is compared here."""

import re
import subprocess

import pytest
import yaml

import docs
from exporter import run

FOLDER = docs.TOP / "contrib/kubernetes"
OBJECTS = {
    f"{path.stem}-{i}-{each['kind']}": each
    for path in sorted(FOLDER.glob("*.yaml"))
    for i, each in enumerate(yaml.safe_load_all(path.read_text()))
}
IMAGE = "memcached_exporter"

# Of the parts of the API that the files use: keys of each mapping, by its place.
FIELDS = {
    "": {"apiVersion", "kind", "metadata", "spec"},
    "metadata": {"name", "labels"},
    "spec.template": {"metadata", "spec"},
    "spec.template.metadata": {"labels"},
    "spec.template.spec": {
        "automountServiceAccountToken", "enableServiceLinks",
        "securityContext", "containers"},
    "spec.template.spec.securityContext": {
        "runAsNonRoot", "runAsUser", "runAsGroup", "seccompProfile"},
    "spec.template.spec.containers": {
        "name", "image", "args", "ports", "livenessProbe", "readinessProbe",
        "resources", "securityContext"},
    "spec.template.spec.containers.ports": {"name", "containerPort"},
    "spec.template.spec.containers.livenessProbe": {"httpGet"},
    "spec.template.spec.containers.readinessProbe": {"httpGet"},
    "spec.template.spec.containers.livenessProbe.httpGet": {"path", "port"},
    "spec.template.spec.containers.readinessProbe.httpGet": {"path", "port"},
    "spec.template.spec.containers.resources": {"requests", "limits"},
    "spec.template.spec.containers.securityContext": {
        "runAsUser", "allowPrivilegeEscalation", "readOnlyRootFilesystem",
        "capabilities"},
    "spec.podMetricsEndpoints": {"port", "path", "relabelings"},
    "spec.podMetricsEndpoints.relabelings": {
        "sourceLabels", "targetLabel", "replacement"},
    "spec.endpoints": {"port"},
}
SPEC = {
    ("apps/v1", "Deployment"): {"replicas", "selector", "template"},
    ("apps/v1", "StatefulSet"): {
        "serviceName", "replicas", "selector", "template"},
    ("v1", "Service"): {"selector", "ports"},
    ("networking.k8s.io/v1", "NetworkPolicy"): {
        "podSelector", "policyTypes", "ingress", "egress"},
    ("monitoring.coreos.com/v1", "PodMonitor"): {
        "selector", "podMetricsEndpoints"},
    ("monitoring.coreos.com/v1", "ServiceMonitor"): {"selector", "endpoints"},
}


def mappings(node, place=""):
    if isinstance(node, list):
        for each in node:
            yield from mappings(each, place)
    elif isinstance(node, dict):
        yield place, node
        for key, value in node.items():
            yield from mappings(value, f"{place}.{key}".lstrip("."))


@pytest.mark.parametrize("name", OBJECTS)
def test_fields(name):
    made = OBJECTS[name]
    kind = made["apiVersion"], made["kind"]
    assert set(made["spec"]) <= SPEC[kind]
    for place, mapping in mappings(made):
        if place in FIELDS:
            assert set(mapping) <= FIELDS[place], place


def pods():
    return {name: made["spec"]["template"] for name, made in OBJECTS.items()
            if "template" in made["spec"]}


@pytest.mark.parametrize("name", pods())
def test_restricted(name):
    """As the restricted pod security standard demands."""
    pod = pods()[name]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault"
    for container in pod["containers"]:
        own = container["securityContext"]
        assert own["allowPrivilegeEscalation"] is False
        assert own["readOnlyRootFilesystem"] is True
        assert own["capabilities"] == {"drop": ["ALL"]}
        user = own.get("runAsUser", pod["securityContext"].get("runAsUser"))
        assert isinstance(user, int) and user > 0


@pytest.mark.parametrize("name", pods())
def test_exporter(name):
    """Its flags, its version, its port and its paths."""
    version = re.search(
        r"^VERSION = (\S+)$", (docs.TOP / "Makefile").read_text(),
        re.MULTILINE)[1]
    ours = [c for c in pods()[name]["spec"]["containers"]
            if c["image"].startswith(IMAGE)]
    assert len(ours) == 1
    assert ours[0]["image"] == f"{IMAGE}:{version}"
    done = run("--config.check", *ours[0].get("args", []))
    assert (done.returncode, done.stderr) == (0, "")
    assert ours[0]["ports"] == [{"name": "metrics", "containerPort": 9150}]
    for probe in "livenessProbe", "readinessProbe":
        assert ours[0][probe]["httpGet"]["port"] == "metrics"
        assert ours[0][probe]["httpGet"]["path"] in ("/-/healthy", "/-/ready")


@pytest.mark.parametrize("name", pods())
def test_selectors(name):
    made = OBJECTS[name]
    labels = made["spec"]["template"]["metadata"]["labels"]
    assert made["spec"]["selector"]["matchLabels"] == labels
    selected = [each["spec"] for each in OBJECTS.values()
                if each["kind"].endswith("Monitor")
                and each["spec"]["selector"]["matchLabels"] == labels]
    ports = {p["name"] for c in made["spec"]["template"]["spec"]["containers"]
             for p in c["ports"]}
    assert selected
    for spec in selected:
        for end in spec.get("podMetricsEndpoints", spec.get("endpoints")):
            assert end["port"] in ports


def test_relabelings(tmp_path):
    """As Prometheus itself calls them, they are valid."""
    rules = OBJECTS["monitor-2-PodMonitor"]["spec"]["podMetricsEndpoints"][0]
    text = yaml.safe_dump({"scrape_configs": [{
        "job_name": "memcached", "metrics_path": rules["path"],
        "relabel_configs": [{
            re.sub("(?<=[a-z])[A-Z]", lambda m: "_" + m[0].lower(), key): value
            for key, value in rule.items()} for rule in rules["relabelings"]]}]})
    (tmp_path / "prometheus.yml").write_text(text)
    subprocess.run(["promtool", "check", "config", tmp_path / "prometheus.yml"],
                   check=True, capture_output=True)


def test_chart():
    """The values of the public chart, in the README."""
    text = (FOLDER / "README.md").read_text()
    values = yaml.safe_load(re.search(r"```yaml\n(.*?)```", text, re.DOTALL)[1])
    flags = [f"--{k}={v}" for k, v in values["extraArgs"].items()]
    done = run("--config.check", "--web.listen-address=:9150", *flags)
    assert (done.returncode, done.stderr) == (0, "")
