"""Labelled articles: what is one event, what one text, and how well the program finds it.

`tests/grouping/*.tsv` hold headlines that were written for this, about real events, in four languages: rows of one
`event` are one event, rows of one `text` print one text, and `near` names an event that is easily confused with it. The
tables called `tuning` were used to fit the weights, those called `heldout` were not looked at for that.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

from aggregator import groups
from aggregator.grouping import Grouping
from aggregator.model import (
    Article,
    Clipping,
    Config,
    Item,
    Language,
    Outlet,
    Precision,
    Published,
    Source,
)
from aggregator.store import Store
from aggregator.stories import Method

FOLDER = Path(__file__).parent / "grouping"
HELDOUT = ("heldout-1.tsv", "heldout-2.tsv")
TUNING = ("tuning-1.tsv", "tuning-2.tsv", "tuning-3.tsv")

# The invented outlets of the tables, and where they are.
OUTLETS = {
    name: Outlet(id=name, name=name.title(), country=country)
    for country, names in {
        "KR": "saebyeok haneul mirae gangnaru hanbit hanyang",
        "JP": "kyomei shiomi asagiri kitami",
        "CN": "xinlu huadu",
        "SG": "rongwan",
        "TW": "daoyu chaoxi",
        "HK": "hoiseng",
        "GB": "meridian fenwick",
        "US": "northlight",
    }.items()
    for name in names.split()
}


class Row(NamedTuple):
    """One labelled article."""

    event: str
    text: str
    outlet: str
    language: str
    at: datetime
    title: str
    summary: str
    near: str


def read(*names: str) -> list[Row]:
    """The rows of tables, one table after the other."""
    rows = []
    for name in names:
        with (FOLDER / name).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
                at = datetime.fromisoformat(row.pop("at")).astimezone(UTC)
                rows.append(Row(at=at, **{key: value or "" for key, value in row.items()}))
    return rows


def article(row: Row, number: int) -> Article:
    url = f"https://{row.outlet}.example/{number}"
    return Article(
        item=Item(title=row.title, summary=row.summary, link=url),
        url=url,
        outlet=OUTLETS[row.outlet],
        language=Language(tag=row.language, basis="labelled", confidence=1.0),
        published=Published(value=row.at, precision=Precision.MINUTE, basis="labelled"),
        published_text="",
        published_basis="",
        date=row.at.date(),
    )


def clipping(row: Row, number: int) -> Clipping:
    return Clipping(
        id=number, url=f"https://{row.outlet}.example/{number}", title=row.title, summary=row.summary,
        language=row.language, outlet=OUTLETS[row.outlet], at=row.at, precision=Precision.MINUTE, first_seen_at=row.at,
    )  # fmt: skip


def fill(store: Store, rows: Sequence[Row], order: Sequence[int] | None = None) -> None:
    """Stores labelled articles as if they had been read, row by row unless there is another order of their numbers.

    Row n, counted from 1, has the address n, and without another order it becomes article n.
    """
    sources = {name: Source(id=name, url=f"https://{name}.example/rss", outlet=name) for name in OUTLETS}
    with store.transaction():
        store.configure(Config(sources=sources, outlets=OUTLETS, topics={}))
        for expected, number in enumerate(order or range(1, len(rows) + 1), start=1):
            row = rows[number - 1]
            saved = store.save(row.outlet, groups.decide(article(row, number), (), None), row.at)
            assert saved == expected
            store.queue([saved])


class Found(NamedTuple):
    """What the program made of labelled articles, by their place in the list."""

    stories: list[int | None]
    reasons: list[str | None]
    texts: list[int]


def grouped(store: Store, rows: Sequence[Row], method: Method) -> Found:
    """Stores and compares labelled articles."""
    fill(store, rows)
    Grouping(store, method).work(datetime(2000, 1, 1, tzinfo=UTC))
    held = [store.clippings([number])[number] for number in range(1, len(rows) + 1)]
    reasons = [store.reasons(one.id)[1] for one in held]
    return Found([one.story for one in held], reasons, [one.copy_of or one.id for one in held])


class Score(NamedTuple):
    """Pairs that were rightly put together, wrongly put together, and missed."""

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        return self.right / max(1, self.right + self.missed)

    def __str__(self) -> str:
        return f"precision {self.precision:.3f}  recall {self.recall:.3f}  ({self.wrong} wrong, {self.missed} missed)"


def score(
    found: Sequence[object], rows: Sequence[Row], truth: Callable[[Row], str], *, across: bool | None = None
) -> Score:
    """How the pairs of `found` compare with the truth; `across`: only pairs of two languages, or (False) of one."""
    counts = {(True, True): 0, (True, False): 0, (False, True): 0, (False, False): 0}
    for (group, row), (other, partner) in combinations(zip(found, rows, strict=True), 2):
        if across is None or across == (row.language[:2] != partner.language[:2]):
            together = group is not None and group == other
            counts[together, bool(truth(row)) and truth(row) == truth(partner)] += 1
    return Score(counts[True, True], counts[True, False], counts[False, True])


def wrong(found: Found, rows: Sequence[Row]) -> Iterable[list[Row]]:
    """The stories that hold more than one event."""
    stories: dict[int, list[Row]] = {}
    for story, row in zip(found.stories, rows, strict=True):
        if story is not None:
            stories.setdefault(story, []).append(row)
    return [some for some in stories.values() if len({row.event for row in some}) > 1]
