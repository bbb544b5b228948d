"""Draws what was measured, and prints it as tables.

    python benchmarks/growth/chart.py [FILE [FOLDER]]

FILE is measured.json beside this unless said, FOLDER docs/pictures. On both axes a step is a factor of ten, and dashed
lines rise as what is linear does.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

sys.path.append(str(Path(__file__).resolve().parents[1]))

from soak_chart import STYLE, Points, apart

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BELOW = 760, 230, 60, 190, 34, 30
_MORE_STYLE = """
.linear { stroke: #d0d7de; stroke-dasharray: 3 4 } .dot { stroke-width: 5; stroke-linecap: round }
.c3 { stroke: #8250df } .c4 { stroke: #bf3989 } .c5 { stroke: #9a6700 } .c6 { stroke: #57606a }
text.c3 { stroke: none; fill: #8250df } text.c4 { stroke: none; fill: #bf3989 }
text.c5 { stroke: none; fill: #9a6700 } text.c6 { stroke: none; fill: #57606a }
@media (prefers-color-scheme: dark) {
  .linear { stroke: #3d444d }
  .c3 { stroke: #ab7df8 } .c4 { stroke: #db61a2 } .c5 { stroke: #d29922 } .c6 { stroke: #9198a1 }
  text.c3 { fill: #ab7df8 } text.c4 { fill: #db61a2 } text.c5 { fill: #d29922 } text.c6 { fill: #9198a1 }
}"""


class Panel(NamedTuple):
    """A title that says the unit, which of the figures it shows, and of what."""

    title: str
    figure: str
    names: Sequence[str]


_RUNS = ("a run, 100 new", "a run, 200 bodies, all known", "a run, 200 unchanged", "a run with nothing due")
_COMMANDS = ("reindex", "rematch", "backup", "grouping 2,000")
_SEARCH = ("index, an English word, in a quarter", "index, two characters, frequent", "index, two characters, rare",
           "index, a phrase, rare")  # fmt: skip
_TABLES = ("page, the index", "page, articles", "page, articles of a language", "page, articles with a facet",
           "page, search, frequent", "page, search, rare")  # fmt: skip
_PAGES = ("page, pingbacks of a topic", "page, pingbacks", "page, the last week of a topic", "page, coverage",
          "page, sources", "page, an article", "page, a story")  # fmt: skip
_FEEDS = ("a run, nothing known", "a run, all unchanged", "a run, nothing due")

CHARTS: Mapping[str, tuple[str, Sequence[Panel]]] = {
    "growth-runs": ("articles", (Panel("A run: seconds of processor time", "cpu", _RUNS),
                                 Panel("A run: memory, MB", "peak", _RUNS))),
    "growth-commands": ("articles", (Panel("Other work: seconds of processor time", "cpu", _COMMANDS),
                                     Panel("Other work: memory, MB", "peak", _COMMANDS))),
    "growth-pages": ("articles", (Panel("Queries of the search index, median, s", "p50", _SEARCH),
                                  Panel("Tables in Datasette, p95, s", "p95", _TABLES),
                                  Panel("Our own pages, p95, s", "p95", _PAGES))),
    "growth-feeds": ("feeds", (Panel("A run over feeds of three entries: seconds of processor time", "cpu", _FEEDS),
                               Panel("Its memory, MB", "peak", _FEEDS))),
}  # fmt: skip


def chart(axis: str, panels: Sequence[Panel], measured: Sequence[Mapping[str, Any]]) -> str:
    """An SVG of panels under one another; `axis` is what grows."""
    height = len(panels) * (TOP + HEIGHT + BELOW)
    parts = [part for number, panel in enumerate(panels) for part in _panel(panel, number, axis, measured)]
    titles = escape("; ".join(panel.title for panel in panels))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{titles}">'
        f"<style>{STYLE}{_MORE_STYLE}</style>\n" + "\n".join(parts) + "\n</svg>\n"
    )


def lines(panel: Panel, axis: str, measured: Sequence[Mapping[str, Any]]) -> dict[str, Points]:
    """The points of each line of a panel: (size, figure)."""
    found = {
        name: sorted((one[axis], one[panel.figure]) for one in measured if one["what"] == name and axis in one)
        for name in panel.names
    }
    return {name: points for name, points in found.items() if points}


class Scale(NamedTuple):
    """Where the decades from `low` to `high` lie between two places."""

    low: int
    high: int
    begin: float
    end: float

    def __call__(self, value: float) -> float:
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return self.begin + (self.end - self.begin) * share

    def decades(self) -> list[float]:
        return [10.0**power for power in range(self.low, self.high + 1)]


def _scale(values: Sequence[float], begin: float, end: float) -> Scale:
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return Scale(low, max(high, low + 1), begin, end)


def _panel(panel: Panel, number: int, axis: str, measured: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    top, drawn = number * (TOP + HEIGHT + BELOW) + TOP, lines(panel, axis, measured)
    points = [point for line in drawn.values() for point in line]
    across = _scale([x for x, _ in points], LEFT, WIDTH - RIGHT)
    down = _scale([y for _, y in points], top + HEIGHT, top)
    yield f'<text class="title" x="{LEFT}" y="{top - 14}">{escape(panel.title)}</text>'
    yield from _grid(across, down, axis)
    ends = apart([down(line[-1][1]) for line in drawn.values()])
    for color, ((name, line), end) in enumerate(zip(drawn.items(), ends, strict=True)):
        path = " ".join(f"{across(x):.1f},{down(y):.1f}" for x, y in line)
        yield f'<polyline class="line c{color}" points="{path}"/>'
        yield from (f'<path class="dot c{color}" d="M{across(x):.1f} {down(y):.1f}h0"/>' for x, y in line)
        yield f'<text class="c{color}" x="{WIDTH - RIGHT + 10}" y="{end + 4:.1f}">{escape(_shortened(name))}</text>'


def _shortened(name: str) -> str:
    """What all lines of a panel begin with says nothing."""
    return name.removeprefix("page, ").removeprefix("index, ").removeprefix("a run, ").removeprefix("a run with ")


def _grid(across: Scale, down: Scale, axis: str) -> Iterator[str]:
    for tick in down.decades():
        yield f'<path class="grid" d="M{LEFT} {down(tick):.1f}H{across.end}"/>'
        yield f'<text x="{LEFT - 6}" y="{down(tick) + 4:.1f}" text-anchor="end">{_plain(tick)}</text>'
    for tick in across.decades():
        words = f"{tick:,.0f}" + f" {axis}" * (tick == across.decades()[-1])
        yield f'<path class="grid" d="M{across(tick):.1f} {down.begin}v4"/>'
        yield f'<text x="{across(tick):.1f}" y="{down.begin + 17}" text-anchor="middle">{words}</text>'
    for power in range(down.low - across.high, down.high - across.low):
        yield from _rising(across, down, power)


def _plain(tick: float) -> str:
    return f"{tick:,.9f}".rstrip("0").rstrip(".")


def _rising(across: Scale, down: Scale, power: int) -> Iterator[str]:
    """What is linear, where 10^power is spent on each: within the panel."""
    low, high = max(across.low, down.low - power), min(across.high, down.high - power)
    if low < high:
        ends = [f"{across(10.0**one):.1f} {down(10.0 ** (one + power)):.1f}" for one in (low, high)]
        yield f'<path class="linear" d="M{ends[0]}L{ends[1]}"/>'


# --- tables -----------------------------------------------------------------------------------------------------------

_FIGURES = {"cpu": "{:.3g} s", "peak": "{:.0f} MB", "p50": "{:.3g} s", "p95": "{:.3g} s", "bytes": "{:,.0f}",
            "hits": "{:,}"}  # fmt: skip


def table(axis: str, measured: Sequence[Mapping[str, Any]]) -> str:
    """Everything that was measured along one axis, as Markdown: processor time and memory, or median and p95."""
    some = [one for one in measured if axis in one]
    sizes = sorted({one[axis] for one in some})
    held = {(one["what"], one[axis]): one for one in some}
    names = dict.fromkeys(what for what, _ in held)
    rows = [[what, *(_cell(held.get((what, size), {})) for size in sizes)] for what in names]
    head = [axis.replace("_", " "), *(f"{size:,}" for size in sizes)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))


def _cell(record: Mapping[str, Any]) -> str:
    return ", ".join(form.format(record[key]) for key, form in _FIGURES.items() if key in record)


def draw(file: Path, folder: Path) -> None:
    """Makes all pictures for which there is something, and prints all tables."""
    measured = json.loads(file.read_text())["measured"]
    for name, (axis, panels) in CHARTS.items():
        if shown := [panel for panel in panels if lines(panel, axis, measured)]:
            (folder / f"{name}.svg").write_text(chart(axis, shown, measured), "utf-8")
    for axis in sorted({axis for one in measured for axis in ("articles", "a_day", "feeds") if axis in one}):
        print(f"\n{table(axis, measured)}")


def main() -> None:
    here = Path(__file__).resolve()
    given = dict(enumerate(map(Path, sys.argv[1:])))
    draw(given.get(0, here.with_name("measured.json")), given.get(1, here.parents[2] / "docs" / "pictures"))


if __name__ == "__main__":
    main()
