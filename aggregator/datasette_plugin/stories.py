"""One event: who wrote about it, the languages side by side, and who was first."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Self

from datasette.utils.asgi import NotFound

from aggregator import rows
from aggregator.datasette_plugin import desk

STORY = r"^/-/stories/(?P<story>[0-9]{1,18})$"

_TOLD = """
SELECT articles.id, articles.date, articles.published_at, articles.published_precision, articles.title, articles.url,
  articles.language, coalesce(languages.name, articles.language) AS language_name, articles.outlet AS outlet_id,
  coalesce(outlets.name, '') AS outlet, articles.copy_of, coalesce(articles.story_reason, '') AS reason
FROM articles LEFT JOIN outlets ON outlets.id = articles.outlet LEFT JOIN languages ON languages.id = articles.language
WHERE articles.story = ? ORDER BY articles.id
"""
_DAY, _EASTERNMOST = timedelta(days=1), timedelta(hours=14)  # how far clocks may be ahead of UTC


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An article of a story. `at` is when it was published, in UTC, where the hour is known."""

    article: int
    date: date | None
    at: datetime | None
    title: str
    url: str
    language: str
    language_name: str
    outlet: str
    outlet_id: str | None
    copy_of: int | None
    reason: str

    @classmethod
    def of(cls, row: sqlite3.Row) -> Self:
        """An article as the database has it: one that is dated by the day alone has no hour."""
        names = ("title", "url", "language", "language_name", "outlet", "outlet_id", "copy_of", "reason")
        return cls(
            article=row["id"],
            date=date.fromisoformat(row["date"]) if row["date"] else None,
            at=None if row["published_precision"] == "day" else rows.to_instant(row["published_at"]),
            **{name: row[name] for name in names},
        )

    @property
    def latest(self) -> datetime:
        """When it was published at the latest: what has no hour stands at the end of its day."""
        return self.at or (_midnight(self.date) + _DAY if self.date else datetime.max.replace(tzinfo=UTC))

    @property
    def earliest(self) -> datetime:
        """When it was published at the earliest: a day begins fourteen hours earlier somewhere."""
        return self.at or (_midnight(self.date) - _EASTERNMOST if self.date else datetime.min.replace(tzinfo=UTC))


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def told(connection: sqlite3.Connection, story: int) -> tuple[Told, ...]:
    """The articles of a story, the earliest first; those of unknown day at the end."""
    cursor = connection.cursor()
    cursor.row_factory = sqlite3.Row
    return tuple(sorted(map(Told.of, cursor.execute(_TOLD, (story,))), key=lambda one: one.latest))


def first(articles: Sequence[Told]) -> Told | None:
    """Who wrote first: None where that cannot be told, because an article of no known hour may have been earlier."""
    timed = next((one for one in articles if one.at is not None), None)
    if timed is None or any(one.at is None and one.earliest < timed.latest for one in articles):
        return None
    return timed


def lag(one: Told, earliest: Told | None) -> str:
    """How much later than the first of all: `+3 h 20 min`; nothing where it is not known."""
    if earliest is None or earliest.at is None or one.at is None or one is earliest:
        return ""
    minutes = (one.at - earliest.at) // timedelta(minutes=1)
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [f"{amount} {unit}" for amount, unit in ((days, "d"), (hours, "h"), (minutes, "min")) if amount]
    return "+" + " ".join(parts[:2]) if parts else "at the same time"


def side_by_side(articles: Sequence[Told]) -> list[tuple[Told, list[tuple[Told, list[Told]]]]]:
    """For each language, the one that wrote first in front: its first article, and its texts with their copies.

    A copy in another language than its original (of which one may be unknown) stands in its own.
    """
    here = {one.article: one.language for one in articles}
    copies: dict[int, list[Told]] = {}
    columns: dict[str, list[Told]] = {}
    for one in articles:
        if one.copy_of and here.get(one.copy_of) == one.language:
            copies.setdefault(one.copy_of, []).append(one)
        else:
            columns.setdefault(one.language, []).append(one)
    return [(texts[0], [(text, copies.get(text.article, [])) for text in texts]) for texts in columns.values()]


def title(connection: sqlite3.Connection, story: int) -> str:
    """What a story is called."""
    return str(connection.execute("SELECT title FROM stories WHERE id = ?", (story,)).fetchone()[0])


async def story(datasette: Any, request: Any, ours: Iterable[str]) -> Any:
    """The page of a story."""
    number = int(request.url_vars["story"])
    for name in await desk.visible(datasette, request, ours, desk.STORIES):
        database = datasette.get_database(name)
        articles = await database.execute_fn(lambda connection: told(connection, number))
        if articles:
            break
    else:
        raise NotFound(f"No story {number} here")
    earliest = first(articles)
    called = await database.execute_fn(lambda connection: title(connection, number))
    context = {
        "story": number,
        "head": next((one for one in articles if one.title == called), articles[0]),
        "title": called,
        "articles": articles,
        "columns": side_by_side(articles),
        "first": earliest,
        "lags": {one.article: lag(one, earliest) for one in articles},
        "outlets": len({one.outlet_id for one in articles} - {None}),
        "days": sorted({one.date for one in articles if one.date}),
    }
    return await desk.page(datasette, request, "press_story.html", name, context)
