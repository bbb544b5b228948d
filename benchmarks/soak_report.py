"""What soak.py saw, and what comes of it: a summary in words, and charts.

    python benchmarks/soak_report.py FOLDER/record.jsonl [--plot FILE.svg]

says once more what a soak said at its end.
"""

from __future__ import annotations

import json
import statistics
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from soak_chart import Panel, Points, svg

BUSY = 75  # the exit code of what met another run at work


class Reading(NamedTuple):
    """Datasette and the files: seconds from the start; MB, CPU seconds so far, files and threads; MB; rows; load."""

    at: float
    memory: float
    cpu: float
    files: int
    threads: int
    database: float
    wal: float
    articles: int
    load: float


class Asked(NamedTuple):
    """A request: when it was answered, what was asked for, how long it took in seconds, the HTTP code (0: none)."""

    at: float
    page: str
    seconds: float
    code: int


class Ended(NamedTuple):
    """A program that ended: when, which command, wall and CPU seconds, MB at most, exit code."""

    at: float
    command: str
    seconds: float
    cpu: float
    memory: float
    code: int


class Wrong(NamedTuple):
    """Something that should not be."""

    at: float
    what: str


Seen = Reading | Asked | Ended | Wrong


class Record:
    """All that was seen, in lists and in a file of one line each. Threads may add to it."""

    def __init__(self, path: Path, seen: Iterable[Seen] = ()) -> None:
        self.path, self._lock = path, threading.Lock()
        self.readings: list[Reading] = []
        self.asked: list[Asked] = []
        self.ended: list[Ended] = []
        self.wrong: list[Wrong] = []
        for one in seen:
            self._list(one).append(one)

    @classmethod
    def of(cls, path: Path) -> Record:
        kinds = {kind.__name__: kind for kind in (Reading, Asked, Ended, Wrong)}
        lines = map(json.loads, path.read_text("utf-8").splitlines())
        return cls(path, (kinds[name](*values) for name, *values in lines))

    def add(self, one: Seen) -> None:
        with self._lock, self.path.open("a", encoding="utf-8") as file:
            self._list(one).append(one)
            file.write(json.dumps([type(one).__name__, *one], ensure_ascii=False) + "\n")

    def forget(self) -> None:
        """Begins anew."""
        self.path.unlink(missing_ok=True)
        for seen in (self.readings, self.asked, self.ended, self.wrong):
            seen.clear()

    def _list(self, one: Seen) -> list[Seen]:
        return {Reading: self.readings, Asked: self.asked, Ended: self.ended, Wrong: self.wrong}[type(one)]

    @property
    def seconds(self) -> float:
        return self.readings[-1].at

    @property
    def runs(self) -> list[Ended]:
        """The runs that did their work."""
        return [one for one in self.ended if one.command == "run" and one.code != BUSY]

    @property
    def pages(self) -> list[Asked]:
        """What readers asked for; the long questions of the analyst are another matter."""
        return [one for one in self.asked if not one.page.startswith("analyst")]


# --- statistics -------------------------------------------------------------------------------------------------------


def slope(points: Points) -> float:
    """By how much a line over seconds rises in an hour, by least squares; the first sixth, while it warms up, aside."""
    late = [point for point in points if point[0] >= points[-1][0] / 6]
    if len({x for x, _ in late}) < 2:
        return 0.0
    return statistics.linear_regression(*zip(*late, strict=True)).slope * 3600


def median(values: Iterable[float]) -> float:
    return statistics.median([*values] or [0.0])


def p95(values: Iterable[float]) -> float:
    ordered = sorted(values) or [0.0]
    return ordered[int(len(ordered) * 0.95)]


def by_minute(points: Iterable[tuple[float, float]], of: Callable[[list[float]], float]) -> Points:
    """One value for each minute that has any; seconds become minutes."""
    minutes: dict[int, list[float]] = {}
    for at, value in points:
        minutes.setdefault(int(at // 60), []).append(value)
    return [(minute + 0.5, of(values)) for minute, values in sorted(minutes.items())]


# --- the summary ------------------------------------------------------------------------------------------------------


def summary(record: Record) -> Iterator[str]:
    """What is printed at the end."""
    first, last, runs = record.readings[0], record.readings[-1], record.runs
    codes = Counter(one.code for one in record.asked)
    busy = Counter(one.command for one in record.ended if one.code == BUSY)
    done = Counter(one.command for one in record.ended if one.code == 0)
    yield f"{record.seconds / 60:.1f} minutes; load of the machine {median(one.load for one in record.readings):.1f}"
    yield f"{len(runs)} runs, {busy['run']} more met another one; {done['backup']} backups, {done['prune']} prunes"
    yield f"{first.articles:,} articles, at the end {last.articles:,}"
    yield f"{len(record.asked):,} requests: " + ", ".join(f"{n:,} of {code}" for code, n in sorted(codes.items()))
    grows = slope([(one.at, one.memory) for one in record.readings])
    yield f"memory of Datasette: {first.memory:.0f} MB, at the end {last.memory:.0f}; {grows:+.1f} MB an hour"
    grows, peaks = slope([(one.at, one.memory) for one in runs]), [one.memory for one in runs]
    yield f"memory of a run: {median(peaks):.0f} MB, at most {max(peaks, default=0):.0f}; {grows:+.1f} MB an hour"
    most = max(one.files for one in record.readings)
    yield f"open files of Datasette: {first.files}, at the end {last.files}, at most {most}; threads {last.threads}"
    most_wal = max(one.wal for one in record.readings)
    yield f"database: {first.database:.1f} MB, at the end {last.database:.1f}; -wal at most {most_wal:.1f} MB"
    yield ""
    yield from _table(record)
    yield ""
    yield f"{len(record.wrong)} things were wrong" if record.wrong else "nothing was wrong"
    yield from (f"  {one.at:.0f} s: {one.what[:400]}" for one in record.wrong[:20])


def _table(record: Record) -> Iterator[str]:
    """What took how long, in the first and in the last ten minutes; or thirds, where there are no thirty."""
    span = min(600.0, record.seconds / 3)
    yield f"{f'ms, in the first and last {span / 60:.1f} minutes':<40}{'median':>15}{'p95':>15}"
    for name, points in _spent(record).items():
        early = [seconds * 1e3 for at, seconds in points if at <= span]
        late = [seconds * 1e3 for at, seconds in points if at > record.seconds - span]
        yield f"{name:<40}{median(early):>7.0f} {median(late):>7.0f}{p95(early):>7.0f} {p95(late):>7.0f}"


def _spent(record: Record) -> dict[str, Points]:
    """For each kind of work, when it ended and how many seconds it took."""
    spent: dict[str, Points] = {"all pages": [(one.at, one.seconds) for one in record.pages]}
    for page in sorted({one.page for one in record.asked}):
        spent[page] = [(one.at, one.seconds) for one in record.asked if one.page == page]
    spent["Datasette's CPU for a request"] = list(_cpu(record))
    spent["run"] = [(one.at, one.seconds) for one in record.runs]
    spent["run, CPU"] = [(one.at, one.cpu) for one in record.runs]
    for command in ("backup", "prune"):
        spent[command] = [(one.at, one.seconds) for one in record.ended if (one.command, one.code) == (command, 0)]
    return spent


def _cpu(record: Record) -> Iterator[tuple[float, float]]:
    """What a request cost in each minute, whatever else the machine did."""
    minutes = Counter(int(one.at // 60) for one in record.asked)
    last = {int(one.at // 60): one for one in record.readings}
    for (_, before), (minute, after) in pairwise(sorted(last.items())):
        yield after.at, (after.cpu - before.cpu) / max(1, minutes[minute])


# --- the charts -------------------------------------------------------------------------------------------------------


def chart(record: Record) -> str:
    """Memory, latency and files, minute by minute."""
    waited = [(one.at, one.seconds * 1e3) for one in record.pages]
    peaks = [(one.at, one.memory) for one in record.runs]
    readings = record.readings
    panels = (
        Panel("Memory, MB", {"run, the largest": by_minute(peaks, max), "run, median": by_minute(peaks, median),
                             "Datasette": by_minute([(one.at, one.memory) for one in readings], max)}),
        Panel("Pages of Datasette, ms", {"the slowest": by_minute(waited, max), "p95": by_minute(waited, p95),
                                         "median": by_minute(waited, median)}, by_decades=True),
        Panel("Wall time of a run, s", {"the slowest": by_minute([(one.at, one.seconds) for one in record.runs], max),
                                        "median": by_minute([(one.at, one.seconds) for one in record.runs], median)}),
        Panel("Files, MB", {"database": by_minute([(one.at, one.database) for one in readings], max),
                            "-wal": by_minute([(one.at, one.wal) for one in readings], max)}),
    )  # fmt: skip
    return svg(panels, record.seconds / 60)


def main() -> None:
    record = Record.of(Path(sys.argv[1]))
    print("\n".join(summary(record)))
    if sys.argv[2:3] == ["--plot"]:
        Path(sys.argv[3]).write_text(chart(record), "utf-8")


if __name__ == "__main__":
    main()
