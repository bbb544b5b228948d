"""Draws what `python benchmarks/speed --write FILE` has measured: a bar for each contender, scenario by scenario.

    python benchmarks/speed/chart.py FILE [PICTURE]

The seconds are those of waiting, in steps of ten; PICTURE is docs/pictures/speed.svg unless said.
"""

from __future__ import annotations

import json
import math
import statistics
import sys
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1]))

from soak_chart import STYLE

OURS = "this program"
SCENARIOS = {
    "cold": "cold: nothing is known",
    "304": "304: nothing has changed",
    "trickle": "trickle: a tenth of the feeds has news",
    "slow": "slow: every server takes a quarter of a second",
    "tls": "tls: nothing has changed, a thousand hosts over TLS",
}
WIDTH, LEFT, RIGHT, TITLE, BAR, GAP = 760, 120, 90, 30, 15, 12
_MORE_STYLE = """
.bar { fill: #8c959f } .ours { fill: #0969da } .number { font-variant-numeric: tabular-nums }
@media (prefers-color-scheme: dark) { .bar { fill: #656c76 } .ours { fill: #4493f8 } }"""


def chart(scenarios: Mapping[str, Mapping[str, Any]]) -> str:
    """An SVG of panels under one another."""
    seconds = {name: {one: _median(held) for one, held in found.items()} for name, found in scenarios.items()}
    shown = {name: seconds[name] for name in SCENARIOS if name in seconds}
    every = [value for found in shown.values() for value in found.values()]
    low, high = math.floor(math.log10(min(every))), math.ceil(math.log10(max(every)))
    parts, top = [], 0
    for name, found in shown.items():
        parts += list(_panel(SCENARIOS[name], found, top, (low, high)))
        top += TITLE + len(found) * BAR + GAP
    label = "Seconds of a run, beside what others take"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" role="img" aria-label="{label}">'
        f"<style>{STYLE}{_MORE_STYLE}</style>\n" + "\n".join(parts) + "\n</svg>\n"
    )


def _median(held: Mapping[str, Any]) -> float:
    return statistics.median(wall for wall, *_ in held["runs"])


def _panel(title: str, found: Mapping[str, float], top: int, decades: tuple[int, int]) -> Iterator[str]:
    yield f'<text class="title" x="0" y="{top + 18}">{escape(title)}</text>'
    low, high = decades
    for place, (name, seconds) in enumerate(sorted(found.items(), key=lambda one: one[1])):
        y = top + TITLE + place * BAR
        width = (WIDTH - LEFT - RIGHT) * (math.log10(seconds) - low) / (high - low)
        yield f'<text x="{LEFT - 8}" y="{y + 10}" text-anchor="end">{escape(name)}</text>'
        yield f'<rect class="{"ours" if name == OURS else "bar"}" x="{LEFT}" y="{y}" width="{width:.1f}" height="11"/>'
        told = f"{seconds:.1f}" if seconds < 10 else f"{seconds:.0f}"
        yield f'<text class="number" x="{LEFT + width + 6:.1f}" y="{y + 10}">{told} s</text>'


def main() -> None:
    here = Path(__file__).resolve()
    picture = Path(sys.argv[2]) if len(sys.argv) > 2 else here.parents[2] / "docs" / "pictures" / "speed.svg"
    picture.write_text(chart(json.loads(Path(sys.argv[1]).read_text())["scenarios"]), "utf-8")


if __name__ == "__main__":
    main()
