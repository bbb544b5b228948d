"""What stands above Datasette's own pages of our tables: the days of a list, and all that hangs on an article."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

from datasette.database import QueryInterrupted
from datasette.filters import Filters
from markupsafe import Markup

from aggregator import diffs, lists, search
from aggregator.datasette_plugin import desk
from aggregator.model import Pingback

# --- the days of a list -----------------------------------------------------------------------------------------------

# Tables with days: what they are in order of by an index, and what the search finds in them.
_DATED = {"articles": ("published_at", "id"), "pingbacks": ("date", "article"), "citations": ("date", "")}
_SPAN = 60  # days in a chart
_MILLISECONDS = 300  # a chart that takes longer is left out
_NOT_AHEAD = "date <= date('now', '+1 day')"  # one article that is dated in the future would leave all others out

# What in an address changes nothing about which rows there are.
_NO_FILTER = ("_size", "_sort", "_sort_desc", "_next", "_facet", "_facet_size", "_facet_array", "_facet_date", "_col",
              "_nocol", "_labels", "_trace", "_nofacet", "_nocount", "_nosuggest", "_dl", "_extra")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Day:
    """A day, how many rows it has, how high its bar is in per cent, and the address of its rows."""

    day: date
    rows: int
    height: int
    href: str


def filtered(table: str, asked: Sequence[tuple[str, str]]) -> tuple[str, dict[str, Any]] | None:
    """The condition that an address of a table puts on its rows; None where it asks for what only Datasette knows."""
    columns = [(key, value) for key, value in asked if not key.startswith("_")]
    clauses, values = Filters(sorted(columns)).build_where_clauses(table)
    _, found_by = _DATED[table]
    for key, value in asked:
        if key == "_search" and found_by:
            if expression := search.match_expression(value):
                clauses.append(f"{found_by} IN (SELECT rowid FROM articles_fts WHERE articles_fts MATCH :search)")  # noqa: S608
                values["search"] = expression
            elif value:
                return None
        elif key.startswith("_") and key not in _NO_FILTER:
            return None
    return " AND ".join(clauses) or "1", values


async def days(datasette: Any, request: Any, database: str, table: str) -> Markup | None:
    """A chart of the last days that have rows: each leads to its own. None where there is nothing to show."""
    asked = parse_qsl(request.query_string, keep_blank_values=True)  # `outlet=` is a filter, too
    if table not in _DATED or (condition := filtered(table, asked)) is None:
        return None
    try:
        counted = await _counted(datasette.get_database(database), table, *condition)
    except (QueryInterrupted, sqlite3.Error):  # it takes too long, or the address asks for what is no column
        return None
    if len(counted) < 2:
        return None

    def narrowed(**by: object) -> str:
        rest = [(key, value) for key, value in asked if key not in ("date", "_next", "date__lt")]
        return f"{datasette.urls.table(database, table)}?{urlencode([*rest, *by.items()])}"

    most, last = max(counted.values()), max(counted)
    shown = [last - timedelta(days=back) for back in reversed(range(min(_SPAN, (last - min(counted)).days + 1)))]
    bars = [
        Day(day, rows := counted.get(day, 0), -(-100 * rows // most), narrowed(date=day.isoformat())) for day in shown
    ]
    more = _may_be_earlier(asked, shown[0])
    context = {"days": bars, "earlier": narrowed(date__lt=shown[0].isoformat()) if more else ""}
    return Markup(await datasette.render_template("press_days.html", context, request=request))  # noqa: S704 - a template escapes


def _may_be_earlier(asked: Sequence[tuple[str, str]], day: date) -> bool:
    """Whether an address leaves room for days before a day: not where it asks for those since then."""
    last = {"date__gte": day - timedelta(days=1), "date__gt": day - timedelta(days=2)}
    return all(value <= last[key].isoformat() for key, value in asked if key in last)


async def _counted(database: Any, table: str, condition: str, values: Mapping[str, Any]) -> dict[date, int]:
    """How many rows each of the last days has. The order of an index leads to them, so that few rows are read."""
    order, _ = _DATED[table]
    newest = f"SELECT date FROM {table} WHERE ({condition}) AND {_NOT_AHEAD} ORDER BY {order} DESC LIMIT 99"  # noqa: S608 - a table of ours, a condition of Datasette
    newest = f"SELECT max(date) FROM ({newest})"  # noqa: S608 - likewise
    options = {"custom_time_limit": _MILLISECONDS}
    (last,) = (await database.execute(newest, values, **options)).rows[0]
    if not last:
        return {}
    first = date.fromisoformat(last) - timedelta(days=_SPAN - 1)
    early = first - timedelta(days=1)  # clocks are ahead of UTC
    span = f"date BETWEEN :first AND :last AND {order} >= :early"
    sql = f"SELECT date, count(*) FROM {table} WHERE ({condition}) AND {span} GROUP BY date"  # noqa: S608 - likewise
    bounds = {"first": first.isoformat(), "last": last, "early": early.isoformat()}
    found = await database.execute(sql, {**values, **bounds}, **options)
    return {date.fromisoformat(day): rows for day, rows in found.rows}


# --- all that hangs on an article -------------------------------------------------------------------------------------

_NUMBER = re.compile("[0-9]{1,18}")
_AT_HAND = 12  # articles of a story
_NEEDED = ("articles", "corrections", "mentions", "outlets", "revisions", "stories", "topics")  # to be allowed to see

_GROUP = "SELECT copy_of, copy_reason, story, story_reason FROM articles WHERE id = :article"
_COPIES = "copy_of = :original AND articles.id <> :article"
_STORY = "story = :story AND articles.id <> :article AND articles.copy_of IS NULL"
_MENTIONED = """
SELECT topics.id, topics.name, mentions.kind, mentions.matched, mentions.excerpt
FROM mentions JOIN topics ON topics.id = mentions.topic WHERE article = ? AND retired_at IS NULL ORDER BY topics.name
"""
_REVISED = "SELECT seen_at, field, kind, before, after FROM revisions WHERE article = ? ORDER BY id DESC"
_CORRECTED = 'SELECT wrong, "right" FROM corrections WHERE article = ? ORDER BY wrong'


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A change of a headline or a summary, as an editor would mark it."""

    seen_at: str
    field: str
    kind: str
    changes: tuple[diffs.Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """An article and what hangs on it."""

    article: Pingback
    story: int | None
    story_reason: str
    fellows: tuple[Pingback, ...]
    more: int
    original: Pingback | None
    copy_reason: str
    copies: tuple[Pingback, ...]
    mentions: tuple[sqlite3.Row, ...]
    revisions: tuple[Revision, ...]
    corrections: tuple[tuple[str, str], ...]


def surroundings(connection: sqlite3.Connection, article: int) -> Surroundings:
    """What hangs on an article. Raises LookupError where there is none."""
    cursor = connection.cursor()
    cursor.row_factory = sqlite3.Row
    row = cursor.execute(_GROUP, {"article": article}).fetchone()
    if row is None:
        raise LookupError(article)
    values = {"article": article, "story": row["story"], "original": row["copy_of"] or article}
    fellows = lists.some_articles(connection, _STORY, values) if row["story"] else ()
    return Surroundings(
        article=lists.article(connection, article),
        story=row["story"],
        story_reason=row["story_reason"] or "",
        fellows=fellows[:_AT_HAND],
        more=len(fellows[_AT_HAND:]),
        original=lists.article(connection, row["copy_of"]) if row["copy_of"] else None,
        copy_reason=row["copy_reason"] or "",
        copies=lists.some_articles(connection, _COPIES, values),
        mentions=tuple(cursor.execute(_MENTIONED, (article,))),
        revisions=tuple(
            Revision(seen_at=seen_at, field=field, kind=kind, changes=diffs.changes(before, after))
            for seen_at, field, kind, before, after in connection.execute(_REVISED, (article,))
        ),
        corrections=tuple(connection.execute(_CORRECTED, (article,))),
    )


async def article(datasette: Any, request: Any, database: str, key: str) -> Markup | None:
    """The panel of an article: its story, its copies, its mentions and its changes."""
    if not _NUMBER.fullmatch(key):
        return None
    if not await desk.may_see(datasette, request.actor, database, _NEEDED):
        return None
    try:
        found = await datasette.get_database(database).execute_fn(lambda connection: surroundings(connection, int(key)))
    except LookupError:  # the page says so itself
        return None
    context = {
        "found": found,
        "row": lambda number: datasette.urls.row(database, "articles", str(number)),
        "story_at": lambda story: desk.address(datasette, desk.STORIES, story, database=database),
        "topic_at": lambda topic: desk.address(datasette, desk.PINGBACKS, topic, database=database),
    }
    return Markup(await datasette.render_template("press_article.html", context, request=request))  # noqa: S704 - likewise


# --- the way to a story -----------------------------------------------------------------------------------------------


async def story(datasette: Any, request: Any, database: str, key: str) -> Markup | None:
    """From the row of a story, and from the list of its articles, to its page."""
    if not _NUMBER.fullmatch(key) or not await desk.may_open(datasette, request.actor, database, desk.STORIES):
        return None
    found = await datasette.get_database(database).execute("SELECT title FROM stories WHERE id = ?", (int(key),))
    if not found.rows:
        return None
    at = desk.address(datasette, desk.STORIES, key, database=database)
    link = '<p class="press-story"><a href="{}">Story {}</a>, its languages side by side: <bdi>{}</bdi></p>'
    return Markup(link).format(at, key, found.rows[0]["title"])  # noqa: S704 - it escapes
