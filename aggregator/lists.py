"""Lists of articles out of the database: the pingbacks of a topic, and all articles, as lines, newest first."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from aggregator import rows
from aggregator.model import Pingback

_GROUPS = """coalesce(articles.copy_of, articles.id) AS text,
       coalesce('story ' || articles.story, coalesce(articles.copy_of, articles.id)) AS event"""
_NEWEST = "articles.date DESC, articles.published_at DESC, articles.id DESC"  # as the view `pingbacks` orders
_LINE = f"""
SELECT articles.id AS article, articles.story, '' AS topic, articles.date, coalesce(outlets.name, '') AS outlet,
       articles.title, articles.url, articles.language, articles.summary AS excerpt, articles.published_at,
       articles.first_seen_at AS found_at,
       {_GROUPS}
FROM articles LEFT JOIN outlets ON outlets.id = articles.outlet
"""  # noqa: S608 - constants
_MENTIONED = f"""
SELECT pingbacks.*, articles.story, articles.published_at, mentions.found_at,
       {_GROUPS}
FROM pingbacks JOIN articles ON articles.id = pingbacks.article JOIN mentions ON mentions.id = pingbacks.mention
WHERE pingbacks.topic = :topic AND coalesce(articles.date, '') >= :since AND (:until = '' OR articles.date <= :until)
  AND mentions.found_at >= :found_since AND (mentions.id > :told OR mentions.found_at > :told_found_at)
  AND (:language IN ('', articles.language) OR substr(articles.language, 1, length(:language) + 1) = :language || '-')
  AND :outlet IN ('', coalesce(articles.outlet, ''))
ORDER BY {_NEWEST}
"""  # noqa: S608 - constants

_OF_TOPICS = "FROM mentions JOIN articles ON articles.id = mentions.article"
_LANGUAGES = f"""
SELECT topic, articles.language, coalesce(languages.name, articles.language), count(*)
{_OF_TOPICS} LEFT JOIN languages ON languages.id = articles.language WHERE retired_at IS NULL
GROUP BY topic, articles.language ORDER BY count(*) DESC, articles.language
"""
_OUTLETS = f"""
SELECT topic, outlets.id, outlets.name, count(*) {_OF_TOPICS} JOIN outlets ON outlets.id = articles.outlet
WHERE retired_at IS NULL GROUP BY topic, outlets.id ORDER BY outlets.name
"""
_DAYS = f"""
SELECT topic, articles.date, articles.date, count(*) {_OF_TOPICS} WHERE retired_at IS NULL AND articles.date IS NOT NULL
GROUP BY topic, articles.date
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How far the list of a topic was told, and when: the highest number of a mention, and the time of the newest.

    Either says that a mention is new: times are whole seconds, and a number is given again where the last is deleted.
    """

    at: datetime
    mention: int
    found_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which pingbacks of a topic: in one language (`zh` is all Chinese), of one outlet, in these days, found since a
    time, and not told yet.
    """

    topic: str
    language: str = ""
    outlet: str = ""
    since: date | None = None
    until: date | None = None
    found_since: datetime | None = None
    told: Told | None = None


def pingbacks(connection: sqlite3.Connection, wanted: Wanted) -> tuple[Pingback, ...]:
    """The list of a topic."""
    values = {
        "topic": wanted.topic,
        "language": wanted.language,
        "outlet": wanted.outlet,
        "since": wanted.since.isoformat() if wanted.since else "",
        "until": wanted.until.isoformat() if wanted.until else "",
        "found_since": rows.to_text(wanted.found_since) or "",
        "told": wanted.told.mention if wanted.told else -1,
        "told_found_at": wanted.told.found_at if wanted.told else "",
    }
    return tuple(map(rows.pingback, _rows(connection, _MENTIONED, values)))


class Share(NamedTuple):
    """How many pingbacks of a topic one language, outlet or day has; a language is named in its own script."""

    id: str
    name: str
    articles: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A topic and its pingbacks in numbers: languages, those with most first; outlets by name; days that are known."""

    id: str
    name: str
    languages: tuple[Share, ...]
    outlets: tuple[Share, ...]
    days: Mapping[date, int]


def topics(connection: sqlite3.Connection) -> tuple[Topic, ...]:
    """All topics by name: those that are watched, and those that were and still have pingbacks."""
    languages, outlets, days = (_by_topic(connection, sql) for sql in (_LANGUAGES, _OUTLETS, _DAYS))
    return tuple(
        Topic(
            id=row["id"],
            name=row["name"],
            languages=tuple(languages.get(row["id"], ())),
            outlets=tuple(outlets.get(row["id"], ())),
            days={date.fromisoformat(day.id): day.articles for day in days.get(row["id"], ())},
        )
        for row in _rows(connection, "SELECT id, name, enabled FROM topics ORDER BY name, id")
        if row["enabled"] or row["id"] in languages
    )


def _by_topic(connection: sqlite3.Connection, sql: str) -> dict[str, list[Share]]:
    found: dict[str, list[Share]] = {}
    for topic, *share in _rows(connection, sql):
        found.setdefault(topic, []).append(Share(*share))
    return found


def articles(connection: sqlite3.Connection) -> Iterator[Pingback]:
    """All articles."""
    yield from map(rows.pingback, _rows(connection, f"{_LINE} ORDER BY {_NEWEST}"))


def article(connection: sqlite3.Connection, number: int) -> Pingback:
    """One article."""
    return rows.pingback(next(_rows(connection, f"{_LINE} WHERE articles.id = :number", {"number": number})))


def some_articles(connection: sqlite3.Connection, condition: str, values: Mapping[str, object]) -> tuple[Pingback, ...]:
    """Those articles that fulfil a condition, which is SQL of the caller, the earliest first."""
    order = "articles.date IS NULL, articles.date, articles.published_at, articles.id"
    return tuple(map(rows.pingback, _rows(connection, f"{_LINE} WHERE {condition} ORDER BY {order}", values)))


def _rows(
    connection: sqlite3.Connection, sql: str, wanted: Mapping[str, object] | None = None
) -> Iterator[sqlite3.Row]:
    cursor = connection.cursor()
    cursor.row_factory = sqlite3.Row
    return iter(cursor.execute(sql, wanted or {}))
