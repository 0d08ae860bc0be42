"""OpenMetrics, as Debian's python3-prometheus-client reads it."""

from prometheus_client.openmetrics.parser import text_string_to_metric_families

ACCEPT = {"Accept": "application/openmetrics-text; version=1.0.0"}
UNITS = "seconds", "bytes"


def families(text):
    """(name, type, unit, help) of each, in their order. What the format does
    not allow is a ValueError."""
    return [
        (family.name, family.type, family.unit, family.documentation)
        for family in text_string_to_metric_families(text)
    ]


def expected(metrics):
    """What families() should give, by the text format's Exposition."""
    for name, family in metrics.families.items():
        kind = family.type
        if kind == "counter" and name.endswith("_total"):
            name = name.removesuffix("_total")
        elif kind == "counter":
            kind = "unknown"
        kind = "unknown" if kind == "untyped" else kind
        units = [unit for unit in UNITS if name.endswith("_" + unit)]
        yield name, kind, "".join(units), family.help
