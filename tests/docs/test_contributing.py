"""CONTRIBUTING.md is short, and names what there is."""

import re

import docs

TEXT = (docs.TOP / "CONTRIBUTING.md").read_text()
# The made-up collector, and what stands for others.
MADE_UP = {"src/stats/tenants.c", "fixtures/stats/SERVER/tenants.txt",
           "fixtures/stats/KIND-VERSION"}


def test_length():
    assert len(TEXT.splitlines()) < 200


def test_files():
    found = set(re.findall(
        r"(?<![\w/])(?:src|tests|fixtures|contrib)/[\w./-]*[\w-]", TEXT)) - MADE_UP
    assert {name for name in found if not (docs.TOP / name).exists()} == set()
    rooms = re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE)
    assert sorted(rooms) == sorted(
        path.name for path in (docs.TOP / "src").iterdir() if path.is_dir())


def test_targets():
    makefile = (docs.TOP / "Makefile").read_text()
    for name in re.findall(r"(?:`|^    )make ([a-z][a-z-]+)", TEXT,
                           re.MULTILINE):
        assert re.search(rf"^{name}:", makefile, re.MULTILINE), name
