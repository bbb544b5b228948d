"""What everything costs as the database grows, and as the feeds become more.

    python benchmarks/growth [--articles 10000,100000,1000000] [--a-day 3000,30000,100000] [--feeds 100,1000,10000]
                             [--quick] [--folder FOLDER] [--write FILE]
    python benchmarks/growth/chart.py

For each size a database is filled as years of reading leave it (press.py, filling.py); then `reindex`, `rematch`, runs,
the comparing of new articles, `search` and `backup` are measured on it as processes of their own (runs.py), and the
pages of Datasette over HTTP (pages.py). The comparing is measured again where a day has more articles. Runs over feeds
are those of benchmarks/speed, with three entries a feed. FILE is measured.json beside this unless said; it keeps what
it has of other sizes. chart.py draws it. FOLDER keeps the databases: one that is there is taken as it is. A million
articles are 2.5 GB, and as much again for the backup.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

import pages
import runs
from press import Press

ENTRIES = 3  # of a feed, where the feeds become more
AXES = {"articles": "articles", "a_day": "articles a day", "feeds": "feeds"}  # what grows

Record = dict[str, Any]


def of_articles(size: int, folder: Path, *, quick: bool = False) -> Iterator[Record]:
    """Everything that is measured on a database of so many articles."""
    path, press = filled(folder / f"{size}.db", size), Press()
    yield from runs.commands(path, press, quick=quick)
    if not quick:
        yield {"what": "file", "bytes": path.stat().st_size}
        yield from pages.queries(path, press)
    yield from pages.pages(path, press, quick=quick)


def of_days(a_day: int, folder: Path) -> Iterator[Record]:
    """The comparing of new articles among those of three days, which have so many each."""
    press = Press(a_day)
    path = filled(folder / f"{a_day}-a-day.db", 3 * a_day, a_day)
    with tempfile.TemporaryDirectory() as place:
        desk = runs.Desk(path, Path(place))
        desk.settings.write_text(press.settings([]))
        yield runs.grouped(desk, press)


def filled(path: Path, *sizes: int) -> Path:
    """A database, made where it is not there."""
    if not path.exists():
        part = path.with_suffix(".part")
        part.unlink(missing_ok=True)
        subprocess.run([sys.executable, str(HERE / "filling.py"), str(part), *map(str, sizes)], check=True)
        part.rename(path)
    return path


def of_feeds(count: int, folder: Path) -> Iterator[Record]:
    """Runs over so many feeds: nothing known, nothing changed, nothing due, and one due."""
    scenarios = {"cold": "a run, nothing known", "304": "a run, all unchanged", "idle": "a run, nothing due"}
    yield from _raced(folder, scenarios, count)
    yield from _raced(folder, {"304": "a run, one due"}, count, "--arguments", "press0")


def _raced(folder: Path, scenarios: Mapping[str, str], count: int, *more: str) -> Iterator[Record]:
    written = folder / "feeds.json"
    said = {"feeds": count, "entries": ENTRIES, "rounds": 1, "only": ",".join(scenarios), "write": written}
    options = [str(word) for name, value in said.items() for word in (f"--{name}", value)]
    subprocess.run([sys.executable, str(HERE.parent / "speed"), "--alone", *options, *more], check=True,
                   stdout=subprocess.DEVNULL)  # fmt: skip
    found = json.loads(written.read_text())["scenarios"]
    for scenario, what in scenarios.items():
        (used,) = found[scenario]["this program"]["runs"]
        yield {"what": what, **dict(zip(("wall", "cpu", "peak"), used, strict=True))}


_UNITS = {"wall": "{:.2f} s", "cpu": "{:.2f} s of processor time", "peak": "{:.0f} MB", "p50": "median {:.4f} s",
          "p95": "p95 {:.4f} s", "bytes": "{:,} bytes", "hits": "{:,} hits"}  # fmt: skip


def shown(record: Record) -> str:
    """A measurement as a line."""
    size = next(f"{record[axis]:,} {words}" for axis, words in AXES.items() if axis in record)
    figures = [form.format(record[key]) for key, form in _UNITS.items() if key in record]
    return f"{size}: {record['what']}: {', '.join(figures)}"


def write(file: Path, record: Record) -> None:
    """Writes a measurement beside the others, in place of what it was before."""
    held = json.loads(file.read_text())["measured"] if file.exists() else []
    every = [one for one in held if _key(one) != _key(record)] + [record]
    machine = {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version, "machine": platform.machine(),
               "cores": os.cpu_count()}  # fmt: skip
    lines = ",\n".join(json.dumps(one) for one in every)
    file.write_text(f'{{"machine": {json.dumps(machine)}, "measured": [\n{lines}\n]}}\n')


def _key(record: Record) -> tuple[object, ...]:
    return record["what"], *map(record.get, AXES)


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    numbers = {"type": lambda text: [int(one) for one in text.split(",") if one]}
    parser.add_argument("--articles", **numbers, default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--a-day", **numbers, default=[3_000, 30_000, 100_000])
    parser.add_argument("--feeds", **numbers, default=[100, 1_000, 10_000])
    parser.add_argument("--write", type=Path, default=HERE / "measured.json", help="where what was measured is kept")
    parser.add_argument("--quick", action="store_true", help="without what reads every article, and without the search")
    parser.add_argument("--folder", type=Path, help="where databases are kept")
    return parser.parse_args()


def main() -> None:
    chosen = options()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (chosen.folder or Path(temporary)).resolve()
        folder.mkdir(exist_ok=True)
        todo = [("articles", size, partial(of_articles, quick=chosen.quick)) for size in chosen.articles]
        todo += [("a_day", count, of_days) for count in chosen.a_day]
        todo += [("feeds", count, of_feeds) for count in chosen.feeds]
        for name, size, measure in todo:
            for record in measure(size, folder):
                print(shown(record | {name: size}), flush=True)
                write(chosen.write, record | {name: size})


if __name__ == "__main__":
    main()
