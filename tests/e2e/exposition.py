"""A strict reader of the text exposition format, version 0.0.4."""

import re

SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\[\\"n])*)"(?:,|$)')
META = re.compile(r"# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)")
TYPES = "counter", "gauge", "histogram", "untyped"
PARTS = re.compile(r"_(bucket|sum|count)$")  # of a histogram
ESCAPED = {r"\\": "\\", r"\"": '"', r"\n": "\n"}

# Families about the exporter or the scrape, not read from a STAT line.
OWN = re.compile(
    r"process_|memcached_(up$|scrape_|exporter_|process_"
    r"(cpu_seconds|resident_memory|virtual_memory|open_fds|max_fds|start_time))"
)


class Family:
    def __init__(self, help_text):
        self.help = help_text
        self.type = None
        self.samples = {}  # frozenset of label pairs → value as text


def parse_labels(text):
    labels, end = [], 0
    while end < len(text):
        match = LABEL.match(text, end)
        assert match, f"labels: {text!r}"
        value = re.sub(r"\\.", lambda m: ESCAPED[m.group()], match[2])
        labels.append((match[1], value))
        end = match.end()
    assert len(dict(labels)) == len(labels), f"repeated label: {text!r}"
    return frozenset(labels)


class Exposition:
    """Fails on anything that a family in one piece, with HELP and TYPE
    before distinct samples, is not."""

    def __init__(self, text):
        assert text.endswith("\n"), "the last line has no end"
        self.text = text
        self.families = {}
        self.parts = {}  # of histograms
        self._name = None
        for line in text[:-1].split("\n"):
            (self._meta if line.startswith("#") else self._sample)(line)

    def _meta(self, line):
        match = META.fullmatch(line)
        assert match, f"no HELP, no TYPE: {line!r}"
        kind, name, rest = match.groups()
        if kind == "HELP":
            assert name not in self.families, f"{name} in two pieces"
            self.families[name] = Family(rest)
            self._name = name
            return
        family = self.families[name]
        assert name == self._name and not family.samples, f"late: {line}"
        assert family.type is None and rest in TYPES, line
        family.type = rest

    def _sample(self, line):
        match = SAMPLE.fullmatch(line)
        assert match, f"no sample: {line!r}"
        name, labels, value = match.groups()
        if name != self._name:
            self._part(name, labels or "", value)
            return
        float(value)
        family = self.families[name]
        assert family.type, f"{name} without TYPE"
        key = parse_labels(labels or "")
        assert key not in family.samples, f"twice: {line}"
        family.samples[key] = value

    def _part(self, name, labels, value):
        """A line of a histogram, in a family of its own here."""
        family = self.families.get(self._name)
        assert family and family.type == "histogram" and \
            PARTS.sub("", name) == self._name, f"{name} outside of its family"
        self.parts.setdefault(name, {})[parse_labels(labels)] = float(value)

    def histogram(self, name):
        """Its cumulated buckets by bound, the sum and the count."""
        buckets = {dict(labels)["le"]: value for labels, value
                   in self.parts.get(f"{name}_bucket", {}).items()}
        assert list(buckets.values()) == sorted(buckets.values())
        none = frozenset()
        total, count = (self.parts.get(f"{name}_{part}", {}).get(none)
                        for part in ("sum", "count"))
        assert not buckets or buckets["+Inf"] == count
        return buckets, total, count

    def __contains__(self, name):
        return bool(self.labels(name))

    def labels(self, name):
        """The label sets of a family's series, in their order."""
        family = self.families.get(name)
        return [dict(labels) for labels in family.samples] if family else []

    def value(self, name, /, **labels):
        """A number; None when there is no such series."""
        family = self.families.get(name)
        text = family and family.samples.get(frozenset(labels.items()))
        return None if text is None else float(text)

    @property
    def up(self):
        return self.value("memcached_up")

    @property
    def reason(self):
        """Why memcached_up is 0."""
        labels = self.labels("memcached_scrape_failure")
        return labels[0]["reason"] if labels else None

    @property
    def ignored(self):
        return self.value("memcached_scrape_ignored_lines")

    @property
    def success(self):
        """The sub-commands asked, and whether each was answered."""
        name = "memcached_scrape_collector_success"
        return {
            labels["collector"]: self.value(name, **labels) == 1
            for labels in self.labels(name)
        }


def of_the_server(text):
    """The lines of the families that come from the server's answer."""
    lines = []
    for line in text.splitlines():
        meta = META.fullmatch(line)
        name = meta[2] if meta else SAMPLE.fullmatch(line)[1]
        if not OWN.match(name):
            lines.append(line)
    return lines
