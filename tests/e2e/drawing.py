"""What a dashboard of contrib/grafana shows, as one SVG."""

import html
import re

COLUMNS, WIDTH, HEIGHT = 3, 300, 180
LEFT, TOP, RIGHT, BOTTOM = 62, 36, 284, 146  # of a panel's plot
SECONDS = 60
COLOURS = "#3274d9", "#e0752d", "#56a64b", "#c4162a", "#8f3bb8", "#888"
HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{}" height="{}" \
font-family="sans-serif" font-size="10" fill="#555">
<style>.panel{{fill:#fff;stroke:#ddd}}.grid{{stroke:#eee}}\
.title{{font-size:13px;font-weight:bold;fill:#222}}\
polyline{{fill:none;stroke-width:1.5}}</style>
<rect width="100%" height="100%" fill="#f4f5f5"/>"""


def amount(value, unit):
    if unit == "percentunit":
        return f"{100 * value:.3g} %"
    return f"{value:.3g}" if value < 1e3 else f"{value / 1e3:.3g} k"


def series(prometheus, panel):
    """(legend, values) of the job "memcached", which has one server."""
    for query in panel["targets"]:
        text = query["expr"].replace("$__rate_interval", "10s").replace(
            "$job", "memcached").replace('="$instance"', '!=""')
        for labels, values in prometheus.history(text, SECONDS):
            yield re.sub(r"{{(\w+)}}", lambda name, labels=labels: labels.get(
                name[1], ""), query["legendFormat"]), values


def draw_panel(found, panel, x, y):
    """Without what is always 0, when there is something else."""
    lines = [line for line in found if any(line[1])] or found
    unit = panel["fieldConfig"]["defaults"]["unit"]
    top = 1.1 * max((max(values) for _, values in lines), default=0) or 1
    if unit == "percentunit":
        top = min(top, 1)
    yield f'<g transform="translate({x} {y})"><rect x="4" y="4" ' \
        f'width="{WIDTH - 8}" height="{HEIGHT - 8}" class="panel"/>' \
        f'<text x="14" y="24" class="title">{html.escape(panel["title"])}</text>'
    for part in 0, 0.5, 1:
        at = BOTTOM - part * (BOTTOM - TOP)
        yield f'<path d="M{LEFT} {at:g}H{RIGHT}" class="grid"/><text x="' \
            f'{LEFT - 6}" y="{at + 3:g}" text-anchor="end">' \
            f'{amount(part * top, unit)}</text>'
    for n, (name, values) in enumerate(lines):
        colour = COLOURS[n % len(COLOURS)]
        yield f'<polyline stroke="{colour}" points="' + " ".join(
            f"{RIGHT - (len(values) - 1 - i) * (RIGHT - LEFT) / SECONDS:.1f},"
            f"{BOTTOM - v / top * (BOTTOM - TOP):.1f}"
            for i, v in enumerate(values)) + '"/>'
        yield f'<text x="{LEFT + 60 * n}" y="{HEIGHT - 16}" fill="{colour}">' \
            f'{html.escape(name)}</text>'
    yield "</g>"


def draw(prometheus, panels):
    rows = -(-len(panels) // COLUMNS)
    return "\n".join([
        HEAD.format(COLUMNS * WIDTH, rows * HEIGHT),
        *(line for i, panel in enumerate(panels) for line in draw_panel(
            list(series(prometheus, panel)), panel,
            i % COLUMNS * WIDTH, i // COLUMNS * HEIGHT)), "</svg>\n"])
