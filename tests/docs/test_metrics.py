"""contrib/METRICS.md is what the program has."""

import docs


def test_page():
    assert docs.METRICS.read_text() == docs.metrics_page(), (
        "the list of metrics is old: make regen")


def test_upstream():
    """Each name of the Go exporter is that of a metric here."""
    names = {f[0] for group in docs.all_families().values() for f in group}
    assert set(docs.UPSTREAM.read_text().split()) <= names


def test_link():
    assert "(contrib/METRICS.md)" in docs.README.read_text()
