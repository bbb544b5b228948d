"""Coverage: which topic was written about in which language in which week, and in which by nobody."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from aggregator.datasette_plugin import desk

COVERAGE = r"^/-/coverage/?$"

_WEEKS, _MOST_WEEKS = 12, 53
_WEEK = timedelta(weeks=1)

# max() would go through all articles.
_LAST = "SELECT (SELECT date FROM pingbacks WHERE date <= date('now', '+1 day') ORDER BY date DESC LIMIT 1)"
_NAMES = "SELECT id, name FROM topics"
_LANGUAGES = "SELECT id, name FROM languages"
_WHOLE = "SELECT topic, language, articles, outlets, first_outlet, first_on, first_at, lag_hours FROM coverage"
_PRIMARY = "substr(language, 1, instr(language || '-', '-') - 1)"
_BY_WEEK = f"""
SELECT topic, {_PRIMARY} AS language, date(date, 'weekday 0', '-6 days') AS week, count(*) AS articles
FROM pingbacks WHERE date BETWEEN ? AND ? GROUP BY 1, 2, 3
"""  # noqa: S608 - constants


class Language(NamedTuple):
    """What one language has of a topic: how many articles in each week; all of them; and who was first, and when."""

    id: str
    name: str
    weeks: tuple[int, ...]
    articles: int
    outlets: int
    first_outlet: str
    first_on: str | None
    first_at: str | None
    lag_hours: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """The languages that a topic has terms in, the first to write in front; those without an article at the end."""

    id: str
    name: str
    languages: tuple[Language, ...]
    most: int


def weeks_until(last: date, count: int) -> tuple[date, ...]:
    """The Mondays of so many weeks, the last of which has the day."""
    monday = last - timedelta(days=last.weekday())
    return tuple(monday - _WEEK * back for back in reversed(range(count)))


def read(connection: sqlite3.Connection, until: date | None, count: int) -> tuple[tuple[date, ...], tuple[Topic, ...]]:
    """The weeks up to a day (the newest article's unless said), and what each topic has in them."""
    (newest,) = connection.execute(_LAST).fetchone()
    weeks = weeks_until(until or date.fromisoformat(newest or "1970-01-01"), count)
    span = (weeks[0].isoformat(), (weeks[-1] + _WEEK - timedelta(days=1)).isoformat())
    cells = {(topic, language, week): n for topic, language, week, n in connection.execute(_BY_WEEK, span)}
    languages = dict(connection.execute(_LANGUAGES).fetchall())
    names = dict(connection.execute(_NAMES).fetchall())
    topics: dict[str, list[Language]] = {}
    for topic, tag, *whole in connection.execute(_WHOLE):
        counts = tuple(cells.get((topic, tag, week.isoformat()), 0) for week in weeks)
        topics.setdefault(topic, []).append(Language(tag, languages.get(tag, tag), counts, *whole))
    return weeks, tuple(
        Topic(id=topic, name=names[topic], languages=tuple(found), most=max(max(one.weeks) for one in found))
        for topic, found in topics.items()
    )


async def coverage(datasette: Any, request: Any, ours: Iterable[str]) -> Any:
    """The page of all topics. Its reader may ask for the weeks up to a day, and for how many."""
    name = (await desk.visible(datasette, request, ours, desk.COVERAGE))[0]
    count = desk.number(request, "weeks", _WEEKS, _MOST_WEEKS)
    until = desk.day(request, "until")
    weeks, topics = await datasette.get_database(name).execute_fn(lambda connection: read(connection, until, count))
    database = desk.named(datasette, request, name)
    asked = {"database": database, "weeks": request.args.get("weeks")}

    def list_of(topic: str, language: str, week: date | None = None) -> str:
        days = {"since": week, "until": week + _WEEK - timedelta(days=1)} if week else {}
        return desk.address(datasette, desk.PINGBACKS, topic, database=database, language=language, **days)

    context = {
        "topics": topics,
        "weeks": weeks,
        "list_of": list_of,
        "earlier": desk.address(datasette, desk.COVERAGE, **asked, until=weeks[0] - timedelta(days=1)),
        "later": desk.address(datasette, desk.COVERAGE, **asked, until=weeks[-1] + _WEEK * count) if until else "",
    }
    return await desk.page(datasette, request, "press_coverage.html", name, context)
