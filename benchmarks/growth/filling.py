"""Makes a database as years of reading leave it: articles, sightings, keys, copies, stories, clues, polls.

    python benchmarks/growth/filling.py FILE ARTICLES [ARTICLES_A_DAY]

The search index, but for the last days, and the mentions are left to `reindex` and `rematch`, which are measured.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path

from press import A_DAY, END, OUTLETS, Made, Press

from aggregator import config, copies, grouping, groups, methods, search, stories
from aggregator.model import Clipping, Precision
from aggregator.store import Store

LOGGED = 90  # days of polls are kept, an hour apart, as docs/operating.md advises
INDEXED = 7  # days are in the search index: what feeds still show, and may change
_KEYS = 2  # of each article, by which it is known again
_SECOND = 0.2  # of the articles stand in a second source
_CACHE = 2_000_000  # kilobytes, while the database is filled

_ARTICLE = """
INSERT INTO articles (id, date, title, outlet, language, url, link, summary, published_at, published_text,
  published_basis, published_precision, language_basis, copy_of, copy_reason, story, story_reason, first_seen_at,
  last_seen_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'rss:pubDate', 'second', 'script', ?, ?, ?, ?, ?, ?)
"""
_SIGHTING = "INSERT INTO sightings VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_STORY = "INSERT INTO stories VALUES (?, ?, ?, ?, ?, ?, ?)"
_FETCH = """
INSERT INTO fetches (run, source, started_at, ms, url, http_status, status, bytes, items, known, dated, new)
VALUES (?, ?, ?, 200, ?, ?, ?, ?, ?, ?, ?, ?)
"""


def fill(path: Path, size: int, press: Press) -> None:
    """Makes the database, day by day, the earliest first."""
    settings = config.parse(press.settings([f"https://o{number}.example/rss" for number in range(OUTLETS)]))
    setting = methods.setting(settings)
    method = stories.ByConcepts(setting.lexicon, setting.topics)
    with Store(path) as store:
        store._connection.execute(f"PRAGMA cache_size = -{_CACHE}")
        store._connection.execute("PRAGMA synchronous = off")
        with store.transaction():
            store.configure(settings)
            store.profiles_by(grouping.Grouping(store, method).edition)
        done = 0
        for back in range(-(-size // press.a_day) - 1, -1, -1):
            made = press.day(back)[-(size - done - back * press.a_day) :]
            with store.transaction():
                _save_day(store, made, done + 1)
                if timedelta(days=back) <= grouping.KEPT:
                    _save_clues(store, method, made, done + 1, keep=timedelta(days=back) <= grouping.KEPT_PROFILES)
                if back < INDEXED:
                    search.add(store._connection, ((n, one.title, one.summary) for n, one in enumerate(made, done + 1)))
                if back < LOGGED:
                    _save_polls(store, END - timedelta(days=back + 1))
            done += len(made)


def add(path: Path, press: Press, count: int) -> int:
    """Adds articles of the last day, which wait for being compared. Returns how many."""
    with Store(path) as store, store.transaction():
        last = store.last_article()
        made = press.day(0, f"added {last}")[:count]
        numbered, dice = list(enumerate(made, last + 1)), random.Random(last)
        store._connection.executemany(_ARTICLE, (_article(one, number) for number, one in numbered))
        store._connection.executemany(_SIGHTING, (row for pair in numbered for row in _sightings(*pair, dice)))
        store.queue(number for number, _ in numbered)
    return len(made)


def _save_day(store: Store, made: Sequence[Made], first: int) -> None:
    execute, dice, numbered = store._connection.executemany, random.Random(first), list(enumerate(made, first))
    by_event = [list(some) for _, some in groupby(numbered, key=lambda pair: pair[1].event)]
    told = [some for some in by_event if len(some) > 1]
    stories_of = {number: some[0][0] for some in told for number, _ in some}
    execute(_STORY, map(_story, told))
    execute(_ARTICLE, _articles(numbered, stories_of))
    execute(_SIGHTING, (row for number, one in numbered for row in _sightings(number, one, dice)))
    execute("INSERT INTO headlines VALUES (?, ?)",
            ((number, groups.headline_key(one.title)) for number, one in numbered))  # fmt: skip
    execute("INSERT OR IGNORE INTO identities VALUES (?, ?)",
            ((dice.getrandbits(63), number) for number, _ in numbered for _ in range(_KEYS)))  # fmt: skip


def _story(some: Sequence[tuple[int, Made]]) -> tuple[object, ...]:
    (number, earliest), (_, latest) = some[0], some[-1]
    languages = ", ".join(f'"{tag}"' for tag in sorted({one.language for _, one in some}))
    outlets = len({one.outlet for _, one in some})
    return number, earliest.title, f"[{languages}]", len(some), outlets, _text(earliest.at), _text(latest.at)


def _articles(numbered: Sequence[tuple[int, Made]], told: Mapping[int, int]) -> Iterator[tuple[object, ...]]:
    original = 0
    for number, one in numbered:
        original = original if one.is_copy and original else number
        yield _article(one, number, original if original != number else None, told.get(number))


def _article(one: Made, number: int, original: int | None = None, story: int | None = None) -> tuple[object, ...]:
    moment, url = _text(one.at), address(number, one)
    reasons = "the same headline" if original else None, "made: 2 numbers · 3 names · 1 day" if story else None
    return (number, moment[:10], one.title, f"o{one.outlet}", one.language, url, f"{url}?utm_source=rss", one.summary,
            moment, f"{one.at:%a, %d %b %Y %H:%M:%S +0000}", original, reasons[0], story, reasons[1], moment,
            moment)  # fmt: skip


def _sightings(number: int, one: Made, dice: random.Random) -> Iterator[tuple[object, ...]]:
    sources = [one.outlet] if dice.random() > _SECOND else [one.outlet, (one.outlet + 1) % OUTLETS]
    link, moment = f"{address(number, one)}?utm_source=rss", _text(one.at)
    for source in sources:
        yield number, f"s{source}", f"guid-{number}", link, one.title, one.summary, moment, moment


def address(number: int, one: Made) -> str:
    """The canonical address of an article."""
    return f"https://o{one.outlet}.example/{one.at:%Y/%m/%d}/{number}.html"


def _save_clues(store: Store, method: stories.ByConcepts, made: Sequence[Made], first: int, *, keep: bool) -> None:
    for number, one in enumerate(made, first):
        clipping = Clipping(id=number, url="", title=one.title, summary=one.summary, language=one.language,
                            outlet=None, at=one.at, precision=Precision.SECOND, first_seen_at=one.at)  # fmt: skip
        day = (one.at - datetime(1970, 1, 1, tzinfo=UTC)).days
        text, profile = copies.text_of(clipping), method.profile(clipping)
        store.save_clues(number, day, copies.clues(text))
        store.save_clues(number, day, method.clues(profile))
        if keep:
            store.keep(number, day, text.packed(), method.pack(profile))


def _save_polls(store: Store, day: datetime) -> None:
    """Every source once an hour; one in four answers has something new."""
    for hour in range(24):
        moment = _text(day + timedelta(hours=hour))
        run = store._insert("runs", {"started_at": moment, "ended_at": moment, "version": "0", "due": OUTLETS})
        store._connection.executemany(_FETCH, (
            (run, f"s{n}", moment, f"https://o{n}.example/rss", *_answer((n + hour) % 4 == 0)) for n in range(OUTLETS)
        ))  # fmt: skip


def _answer(new: bool) -> tuple[object, ...]:
    return (200, "ok", 20_000, 30, 28, 30, 2) if new else (304, "unchanged", 0, 0, 0, 0, 0)


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def main() -> None:
    path, size, a_day = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else A_DAY
    begin = time.perf_counter()
    fill(path, size, Press(a_day))
    print(f"{size:,} articles: filled in {time.perf_counter() - begin:.0f} s, {path.stat().st_size / 1e6:,.0f} MB")


if __name__ == "__main__":
    main()
