"""Line charts over time as one SVG, which a page may show in light and in dark."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import NamedTuple

Points = Sequence[tuple[float, float]]

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BELOW = 760, 150, 60, 130, 34, 26
STYLE = """
text { font: 12px system-ui, sans-serif; fill: #57606a } .title { font-weight: 600; fill: #1f2328 }
.grid { stroke: #d0d7de; stroke-width: 1 } .line { fill: none; stroke-width: 1.6; stroke-linejoin: round }
.c0 { stroke: #0969da } .c1 { stroke: #bc4c00 } .c2 { stroke: #1a7f37 }
text.c0 { stroke: none; fill: #0969da } text.c1 { stroke: none; fill: #bc4c00 } text.c2 { stroke: none; fill: #1a7f37 }
@media (prefers-color-scheme: dark) {
  text { fill: #9198a1 } .title { fill: #f0f6fc } .grid { stroke: #3d444d }
  .c0 { stroke: #4493f8 } .c1 { stroke: #f0883e } .c2 { stroke: #3fb950 }
  text.c0 { fill: #4493f8 } text.c1 { fill: #f0883e } text.c2 { fill: #3fb950 }
}"""


class Panel(NamedTuple):
    """One chart: a title that says the unit, and lines of (minutes, value) by name. `steps` are decades, not equal."""

    title: str
    lines: Mapping[str, Points]
    by_decades: bool = False


def svg(panels: Sequence[Panel], minutes: float) -> str:
    """The panels under one another, over so many minutes."""
    height = len(panels) * (TOP + HEIGHT + BELOW)
    parts = [part for number, panel in enumerate(panels) for part in _panel(panel, number, minutes)]
    titles = escape("; ".join(panel.title for panel in panels))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{titles}">'
        f"<style>{STYLE}</style>\n" + "\n".join(parts) + "\n</svg>\n"
    )


def _panel(panel: Panel, number: int, minutes: float) -> Iterator[str]:
    top = number * (TOP + HEIGHT + BELOW) + TOP
    ticks = _decades(panel) if panel.by_decades else _steps(max(y for line in panel.lines.values() for _, y in line))
    right, bottom = WIDTH - RIGHT, top + HEIGHT

    def across(minute: float) -> float:
        return LEFT + (right - LEFT) * min(minute / minutes, 1)

    def down(value: float) -> float:
        low, high, at = ((math.log10(one) for one in (ticks[0], ticks[-1], max(value, ticks[0])))
                         if panel.by_decades else (ticks[0], ticks[-1], value))  # fmt: skip
        return bottom - HEIGHT * (at - low) / (high - low)

    yield f'<text class="title" x="{LEFT}" y="{top - 14}">{escape(panel.title)}</text>'
    for tick in ticks:
        yield f'<path class="grid" d="M{LEFT} {down(tick):.1f}H{right}"/>'
        yield f'<text x="{LEFT - 6}" y="{down(tick) + 4:.1f}" text-anchor="end">{tick:,.10g}</text>'
    for minute in _steps(minutes):
        if minute <= minutes:
            words = f"{minute:g}" if minute else "0 min"
            yield f'<text x="{across(minute):.1f}" y="{bottom + 17}" text-anchor="middle">{words}</text>'
    ends = apart([down(line[-1][1]) for line in panel.lines.values()])
    for color, ((name, line), end) in enumerate(zip(panel.lines.items(), ends, strict=True)):
        path = " ".join(f"{across(x):.1f},{down(y):.1f}" for x, y in line)
        yield f'<polyline class="line c{color}" points="{path}"/>'
        yield f'<text class="c{color}" x="{right + 12}" y="{end + 4:.1f}">{escape(name)}</text>'


def _steps(most: float) -> list[float]:
    """Round numbers from nothing to beyond the largest, four to seven of them."""
    size = 10 ** math.floor(math.log10(most or 1))
    step = next(size * part for part in (0.2, 0.5, 1, 2) if most / (size * part) <= 6)
    return [step * count for count in range(math.ceil(most / step) + 1)]


def _decades(panel: Panel) -> list[float]:
    values = [y for line in panel.lines.values() for _, y in line if y > 0] or [1.0]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return [10.0**power for power in range(low, max(high, low + 1) + 1)]


def apart(ends: Sequence[float]) -> list[float]:
    """Where the names of lines stand, so that none covers another."""
    places = list(ends)
    last = -math.inf
    for number in sorted(range(len(ends)), key=lambda one: ends[one]):
        last = places[number] = max(ends[number], last + 14)
    return places
