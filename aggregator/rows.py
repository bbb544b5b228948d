"""How the records of the model look as rows of the database, and rows as records."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict, fields
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from operator import attrgetter
from typing import Any

from aggregator.model import (
    Alert,
    Article,
    Candidate,
    Citation,
    Clipping,
    Debt,
    Decision,
    Found,
    Known,
    Mention,
    Outcome,
    Outlet,
    Pace,
    Pingback,
    Precision,
    Robots,
    Silence,
    Source,
    SourceState,
    Status,
    Topic,
    Trouble,
    Visit,
)


def to_text(moment: datetime | None) -> str | None:
    """An instant as the database writes it: `YYYY-MM-DDTHH:MM:SSZ`."""
    if moment is None:
        return None
    in_utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return f"{in_utc.isoformat()[: len('YYYY-MM-DDTHH:MM:SS')]}Z"


def to_instant(text: str | None) -> datetime | None:
    """The reverse of `to_text`."""
    return datetime.fromisoformat(text) if text else None


def json_text(value: Any) -> str:
    """A list or a mapping as the database writes it."""
    return json.dumps(value, ensure_ascii=False)


def topic_row(topic: Topic) -> dict[str, Any]:
    """A topic as columns of `topics`."""
    parts = {name: json_text(getattr(topic, name)) for name in ("terms", "exclude", "pages")}
    return {"id": topic.id, "name": topic.name, "enabled": 1} | parts


def source_row(source: Source) -> dict[str, Any]:
    """A source as those columns of `sources` that feeds.yaml decides."""
    row = {name: getattr(source, name) for name in ("id", "outlet", "kind", "language", "zone")}
    return row | {"url": source.public_url, "every": int(source.every.total_seconds())}


_POLLED = tuple(one.name for one in fields(Outcome) if one.name not in ("started_at", "status", "mentions", "failures"))
_MOMENTS = ("body_at", "due_at", "last_ok_at", "last_new_at")
_KEPT = tuple(one.name for one in fields(SourceState) if one.name not in ("source", "url", "status", "pace", *_MOMENTS))
_NO_PACE = Pace()
_polled, _moments, _kept = attrgetter(*_POLLED), attrgetter(*_MOMENTS), attrgetter(*_KEPT)
FETCH = ("started_at", "status", *_POLLED)  # the columns of `fetches` that an outcome fills
STATE = ("status", "pace", *_MOMENTS, *_KEPT)  # the columns of `sources` that are remembered of a source


def fetch_row(outcome: Outcome) -> tuple[Any, ...]:
    """An outcome as the columns FETCH."""
    return (to_text(outcome.started_at), outcome.status.value, *_polled(outcome))


def state_row(state: SourceState) -> tuple[Any, ...]:
    """What is to be remembered of a source, as the columns STATE."""
    return (state.status and state.status.value, pace_text(state.pace), *map(to_text, _moments(state)), *_kept(state))


def pace_text(pace: Pace) -> str | None:
    """How often a source wants to be asked, as the column has it; None for most, which say nothing."""
    if pace == _NO_PACE:
        return None
    ttl = {"ttl": int(pace.ttl.total_seconds())} if pace.ttl else {}
    skipped = {"skip_hours": sorted(pace.skip_hours), "skip_days": sorted(pace.skip_days)}
    return json_text(ttl | {name: some for name, some in skipped.items() if some})


def to_pace(text: str | None) -> Pace:
    """The reverse of `pace_text`."""
    if not text:
        return _NO_PACE
    said = json.loads(text)
    return Pace(
        ttl=timedelta(seconds=said["ttl"]) if "ttl" in said else None,
        skip_hours=frozenset(said.get("skip_hours", ())),
        skip_days=frozenset(said.get("skip_days", ())),
    )


def state(row: sqlite3.Row) -> SourceState:
    """A row of `sources` as what is remembered of it."""
    return SourceState(
        source=row["id"],
        url=row["url"],
        enabled=bool(row["enabled"]),
        status=Status(row["status"]) if row["status"] else None,
        note=row["note"],
        etag=row["etag"],
        last_modified=row["last_modified"],
        body_hash=row["body_hash"],
        body_at=to_instant(row["body_at"]),
        pace=to_pace(row["pace"]),
        moved_to=row["moved_to"],
        failures=row["failures"],
        due_at=to_instant(row["due_at"]),
        last_ok_at=to_instant(row["last_ok_at"]),
        last_new_at=to_instant(row["last_new_at"]),
    )


def known(row: sqlite3.Row) -> Known:
    """An article with its outlet, and with what a source said of it last, as deciding needs it."""
    return Known(
        id=row["id"],
        url=row["url"],
        title=row["title"],
        summary=row["summary"],
        outlet=outlet(row),
        published_at=to_instant(row["published_at"]),
        precision=_precision(row),
        first_seen_at=datetime.fromisoformat(row["first_seen_at"]),
        seen_title=row["seen_title"],
        seen_summary=row["seen_summary"],
        seen_by=tuple(json.loads(row["seen_by"])),
        summed_up_by=tuple(json.loads(row["summed_up_by"])),
        former=frozenset(map(tuple, json.loads(row["former"]))) if row["former"] != "[]" else frozenset(),
        titled=bool(row["titled"]),
        author=row["author"],
        published_text=row["published_text"],
    )


def clipping(row: sqlite3.Row) -> Clipping:
    """An article as far as it is compared with others. A day without a time counts from its noon."""
    first_seen_at = datetime.fromisoformat(row["first_seen_at"])
    at = to_instant(row["published_at"]) or first_seen_at
    precision = _precision(row)
    if precision is Precision.DAY:
        at += timedelta(hours=12)
    return Clipping(
        id=row["id"],
        url=row["url"],
        title=row["title"],
        summary=row["summary"],
        language=row["language"],
        outlet=outlet(row),
        at=at,
        precision=precision,
        first_seen_at=first_seen_at,
        topics=() if row["topics"] == "[]" else tuple(json.loads(row["topics"])),
        copy_of=row["copy_of"],
        story=row["story"],
    )


def _precision(row: sqlite3.Row) -> Precision | None:
    return Precision(row["published_precision"]) if row["published_precision"] else None


def outlet(row: sqlite3.Row) -> Outlet | None:
    """The outlet that is joined to a row, if any; without its other names."""
    return _outlet(row["outlet"], row["outlet_name"], row["homepage"], row["country"]) if row["outlet"] else None


@lru_cache(maxsize=1024)  # they are few, and every article has one
def _outlet(id: str, name: str, homepage: str | None, country: str | None) -> Outlet:  # noqa: A002 - its column
    return Outlet(id=id, name=name, homepage=homepage, country=country)


def citation(row: sqlite3.Row) -> Citation:
    """A row of `citations` as its line."""
    day = date.fromisoformat(row["date"])
    same = ("id", "outlet_text", "headline", "url")
    return Citation(date=day, outlet=outlet(row), **{key: row[key] for key in same})


def candidate(row: sqlite3.Row) -> Candidate:
    """An article with every headline that it had, the present one first."""
    return Candidate(
        id=row["id"],
        url=row["url"],
        date=date.fromisoformat(row["date"]) if row["date"] else None,
        outlet=outlet(row),
        headlines=tuple(dict.fromkeys((row["title"], *json.loads(row["headlines"])))),
        addresses=tuple(json.loads(row["addresses"])),
        original=row["copy_of"],
    )


def article_row(decision: Decision) -> dict[str, Any]:
    """A decision as those columns of `articles` that the source decides."""
    columns = article_columns(decision.article, decision.outlet)
    return columns | {"date": decision.day.isoformat()} if decision.day else columns


def article_columns(article: Article, outlet: Outlet | None) -> dict[str, Any]:
    """An article of an outlet as columns of `articles`."""
    published = article.published
    return {
        "date": article.date.isoformat() if article.date else None,
        "title": article.title,
        "outlet": outlet.id if outlet else None,
        "language": article.language.tag,
        "url": article.url,
        "link": article.item.link,
        "summary": article.item.summary,
        "author": article.item.author,
        "published_at": to_text(published.value) if published else None,
        "published_text": article.published_text,
        "published_basis": article.published_basis,
        "published_precision": published.precision if published else None,
        "language_basis": article.language.basis,
    }


def mention_row(article: int, mention: Mention, now: datetime) -> dict[str, Any]:
    """A mention as columns of `mentions`."""
    row = asdict(mention) | {"article": article, "found_at": to_text(now)}
    return row | {"hits": json_text([asdict(hit) for hit in mention.hits])}


def debt(row: sqlite3.Row) -> Debt:
    """An article whose page is to be visited, with what its sources said."""
    links = json.loads(row["links"])
    names = ("article", "url", "source", "title", "summary", "outlet", "published_text", "tries")
    return Debt(
        links={topic: (ours, Found(state) if state else None) for topic, (ours, state) in links.items()},
        **{name: row[name] for name in names},
    )


def visit_row(visit: Visit, now: datetime) -> dict[str, Any]:
    """A visit as columns of `visits`."""
    row = {name: getattr(visit, name) for name in ("status", "note", "tries", "canonical")}
    return {"article": visit.debt.article, "due_at": to_text(visit.due_at), "visited_at": to_text(now)} | row


def robots(row: sqlite3.Row) -> Robots:
    """A row of `robots` as its record."""
    fetched_at = datetime.fromisoformat(row["fetched_at"])
    return Robots(host=row["host"], status=Status(row["status"]), fetched_at=fetched_at, body=row["body"])


def pingback(row: sqlite3.Row) -> Pingback:
    """A row of a list as its line."""
    names = ("topic", "outlet", "title", "url", "language", "excerpt")
    texts = {name: row[name] for name in names} | {name: str(row[name]) for name in ("text", "event")}
    return Pingback(
        article=row["article"],
        story=row["story"],
        date=date.fromisoformat(row["date"]) if row["date"] else None,
        published_at=to_instant(row["published_at"]),
        found_at=datetime.fromisoformat(row["found_at"]),
        **texts,
    )


def alert(row: sqlite3.Row) -> Alert:
    """A row of `alerts`."""
    return Alert(
        id=row["id"],
        source=row["source"],
        kind=Trouble(row["kind"]),
        note=row["note"],
        ended=row["ended_at"] is not None,
    )


def silence(row: sqlite3.Row) -> Silence:
    """A silence, of which the database counts the days."""
    usual = timedelta(days=row["usual"]) if row["usual"] else None
    return Silence(source=row["id"], quiet=timedelta(days=row["quiet"]), usual=usual, ever=bool(row["ever"]))
