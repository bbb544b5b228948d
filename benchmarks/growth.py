"""What a new article costs as the database grows: seconds per 100,000 articles at 10,000, 100,000 and 1,000,000 rows.

    python benchmarks/growth.py [ROWS ...]

A made-up press writes 3,000 articles a day in four languages: a fifth of them about events that several languages write
about, a tenth copies. A database is filled with ROWS of them, as if they had been read and compared over the years;
then 2,000 more come, and are timed being compared. The ratio is to the first size. Everything is made from a seed.
"""

from __future__ import annotations

import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from aggregator import concepts, copies, gazetteer, grouping, stories
from aggregator.model import Clipping, Config, Outlet, Precision, Source
from aggregator.store import Store

A_DAY = 3_000
NEW = 2_000
END = datetime(2024, 6, 1, tzinfo=UTC)
LANGUAGES = ("ko", "ja", "zh", "en")
SHAPES = {"ko": "{0}, {1} {2}…{3}명 {4}", "ja": "{0}の{1}、{2}　{3}人{4}", "zh": "{0}{1}：{2} {3}人{4}",
          "en": "{0} {1} after {2}: {3} {4}"}  # fmt: skip


class Made(NamedTuple):
    """A made-up article."""

    outlet: str
    language: str
    at: datetime
    title: str
    summary: str


class Press:
    """A press that writes about whatever the gazetteer names."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        everywhere = [one for one in gazetteer.built_in() if all(one.names.get(name) for name in LANGUAGES)]
        self._places = [one for one in everywhere if one.kind in ("place", "country")]
        self._people = [one for one in everywhere if one.kind in ("person", "organisation")]
        self._things = [one for one in everywhere if one.kind == "thing"]

    def articles(self, count: int) -> Iterator[Made]:
        """So many articles, the last of them at END."""
        dice = self._dice
        event: list[object] = []
        last: Made | None = None
        for number in range(count):
            at = END - timedelta(days=(count - number) / A_DAY)
            if last and dice.random() < 0.1:
                yield last._replace(outlet=f"o{dice.randrange(200)}", at=at, title=f"[속보] {last.title}")
                continue
            if not event or dice.random() > 0.2:
                event = [dice.choice(self._places), dice.choice(self._people), dice.choice(self._things),
                         dice.randrange(2, 5_000), dice.choice(self._things)]  # fmt: skip
            language = dice.choice(LANGUAGES)
            last = Made(f"o{dice.randrange(200)}", language, at, self._printed(event, language), "")
            last = last._replace(summary=self._printed([*event[:4], dice.choice(self._things)], language))
            yield last

    def _printed(self, event: list[object], language: str) -> str:
        words = [part if isinstance(part, int) else part.names[language][0].rstrip("*") for part in event]  # type: ignore[attr-defined]
        return SHAPES[language].format(*words)


def fill(store: Store, method: stories.Method, size: int) -> None:
    """Makes and stores articles as if they had been compared long ago: with clues, as far as they are kept.

    They are never all in memory, so that the peak is the program's and not the benchmark's.
    """
    outlets = {f"o{n}": Outlet(id=f"o{n}", name=f"O{n}", country="KR") for n in range(200)}
    sources = {"s": Source(id="s", url="https://s.example/", outlet="o0")}
    connection = store._connection
    with store.transaction():
        store.configure(Config(sources=sources, outlets=outlets, topics={}))
        connection.executemany(
            "INSERT INTO articles (id, date, title, outlet, language, url, link, summary, published_at,"
            " published_precision, first_seen_at, last_seen_at) VALUES (?, ?, ?, ?, ?, ?, '', ?, ?, 'minute', ?, ?)",
            ((number, f"{one.at:%Y-%m-%d}", one.title, one.outlet, one.language, f"https://{one.outlet}.example/{number}",
              one.summary, text := f"{one.at:%Y-%m-%dT%H:%M:%SZ}", text, text)
             for number, one in enumerate(Press(size).articles(size), 1)),
        )  # fmt: skip
    with store.transaction():
        for number, one in enumerate(Press(size).articles(size), 1):
            if END - one.at <= grouping.KEPT:
                clipping = Clipping(id=number, url="", title=one.title, summary=one.summary, language=one.language,
                                    outlet=None, at=one.at, precision=Precision.MINUTE,
                                    first_seen_at=one.at)  # fmt: skip
                day = (one.at - datetime(1970, 1, 1, tzinfo=UTC)).days
                store.save_clues(number, day, copies.clues(one.title, one.summary))
                store.save_clues(number, day, method.clues(method.profile(clipping)))


def main() -> None:
    sizes = [int(text) for text in sys.argv[1:]] or [10_000, 100_000, 1_000_000]
    method = stories.ByConcepts(concepts.Lexicon(gazetteer.built_in(), gazetteer.pairs()), {})
    first = 0.0
    print(f"{'rows':>10} {'s per 100,000':>14} {'ratio':>6} {'clues':>10} {'MB of file':>10} {'peak MB':>8}")
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "mentions.db") as store:
            fill(store, method, size + NEW)
            with store.transaction():
                store.queue(range(size + 1, size + NEW + 1))
            begin = time.perf_counter()
            grouping.Grouping(store, method).work(END)
            seconds = (time.perf_counter() - begin) / NEW * 100_000
            first = first or seconds
            clues = store._connection.execute("SELECT count(*) FROM clues").fetchone()[0]
            file = (Path(folder) / "mentions.db").stat().st_size / 1e6
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
            print(
                f"{size:>10,} {seconds:>14.0f} {seconds / first:>6.2f} {clues:>10,} {file:>10.0f} {peak:>8.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
