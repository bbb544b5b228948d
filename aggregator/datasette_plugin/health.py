"""The sources and how they are: which fail, which somebody should look at, and what the last runs came to."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aggregator import report
from aggregator.datasette_plugin import desk
from aggregator.model import Status, Trouble

SOURCES = r"^/-/sources/?$"

_ORDER = ("failing", "quiet", "odd", "waiting", "well", "off")
_POLLS = 12  # the last ones of each source
_RUNS = 24
_TIME = "%Y-%m-%dT%H:%M:%SZ"  # as the database has it

_SOURCES = f"""
SELECT sources.id, coalesce(outlets.name, '') AS outlet, kind, enabled, status, note, failures, last_ok_at, last_new_at,
  due_at, (SELECT json_group_array(json_array(status, started_at, new)) FROM (
    SELECT status, started_at, new FROM fetches WHERE source = sources.id ORDER BY id DESC LIMIT {_POLLS}
  )) AS polls,
  (SELECT json_group_array(json_array(kind, note)) FROM alerts
    WHERE source = sources.id AND kind <> 'failing' AND ended_at IS NULL) AS alerts
FROM sources LEFT JOIN outlets ON outlets.id = sources.outlet
ORDER BY enabled DESC, failures DESC, sources.id
"""  # noqa: S608 - constants
_LAST_RUNS = f"""
SELECT started_at, ended_at, round((julianday(ended_at) - julianday(started_at)) * 86400) AS seconds, due, ok,
  unchanged, failed, new, changed, mentions, exit_code, cpu_ms, peak_mb
FROM runs ORDER BY id DESC LIMIT {_RUNS}
"""  # noqa: S608 - constants


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """One poll of a source: `mark` is ok, unchanged or failed."""

    mark: str
    status: str
    started_at: str
    new: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A source as an operator wants to see it. `alerts` are (kind, note) of what should be looked at."""

    row: sqlite3.Row
    polls: tuple[Poll, ...]
    alerts: tuple[tuple[str, str], ...]

    @property
    def words(self) -> str:
        """What there is to say of it, in words."""
        row = self.row
        status = (row["status"] or "") if self.state in ("failing", "off") else ""
        times = f"{row['failures']} times in a row" if row["failures"] > 1 else ""
        notes = [note for _, note in self.alerts] if self.state != "off" else []
        return "; ".join(part for part in (status, times, *notes) if part)

    @property
    def state(self) -> str:
        """In a word: off, waiting, failing, quiet, odd or well."""
        if not self.row["enabled"]:
            return "off"
        if self.row["status"] is None:
            return "waiting"
        if self.row["failures"]:
            return "failing"
        if any(kind == Trouble.SILENT for kind, _ in self.alerts):
            return "quiet"
        return "odd" if self.alerts else "well"


def sources(connection: sqlite3.Connection) -> tuple[Source, ...]:
    """All sources: those that fail first, those that are off last."""
    cursor = connection.cursor()
    cursor.row_factory = sqlite3.Row
    found = [
        Source(row=row, polls=_polls(row["polls"]), alerts=tuple(map(tuple, json.loads(row["alerts"]))))
        for row in cursor.execute(_SOURCES)
    ]
    return tuple(sorted(found, key=lambda source: _ORDER.index(source.state)))


def general(connection: sqlite3.Connection) -> tuple[str, ...]:
    """What is wrong with all of them at once."""
    rows = connection.execute("SELECT note FROM alerts WHERE source IS NULL AND ended_at IS NULL ORDER BY id")
    return tuple(note for (note,) in rows)


def _polls(text: str) -> tuple[Poll, ...]:
    """The last polls, the oldest first."""
    return tuple(
        Poll(mark=_mark(status), status=status, started_at=started_at, new=new)
        for status, started_at, new in reversed(json.loads(text))
    )


def _mark(status: str) -> str:
    return status if status in (Status.OK, Status.UNCHANGED) else "failed"


def runs(connection: sqlite3.Connection) -> tuple[sqlite3.Row, ...]:
    """The last runs, the newest first."""
    cursor = connection.cursor()
    cursor.row_factory = sqlite3.Row
    return tuple(cursor.execute(_LAST_RUNS))


def _as_of(run: sqlite3.Row, found: Iterable[Source], now: datetime) -> str:
    """Of when the page tells: of the end of the last run; of its last answer, where it is at work or was killed."""
    answers = (source.row["last_ok_at"] for source in found)
    known = (run["started_at"], run["ended_at"]) if run["ended_at"] else (run["started_at"], *answers)
    return min(f"{now:{_TIME}}", max(str(text) for text in known if text))


async def health(datasette: Any, request: Any, ours: Iterable[str]) -> Any:
    """The page of the sources of a database."""
    name = (await desk.visible(datasette, request, ours, desk.SOURCES))[0]
    database = datasette.get_database(name)
    found = await database.execute_fn(sources)
    last_runs = await database.execute_fn(runs)
    now = datetime.now(UTC)
    as_of = _as_of(last_runs[0], found, now) if last_runs else f"{now:{_TIME}}"
    then = datetime.fromisoformat(as_of)
    context = {
        "sources": found,
        "counts": [(state, sum(one.state == state for one in found)) for state in _ORDER if state != "waiting"],
        "general": await database.execute_fn(general),
        "runs": last_runs,
        "since": report.distance(last_runs[0]["started_at"], now) if last_runs else "",
        "ago": lambda text: report.distance(text and min(text, as_of), then),  # what is past was never to come
        "due": lambda text: report.distance(text, then),
        "source_at": lambda source: datasette.urls.row(name, "sources", source),
        "fetches_at": lambda source: f"{datasette.urls.table(name, 'fetches')}?source={source}",
    }
    return await desk.page(datasette, request, "press_sources.html", name, context)
