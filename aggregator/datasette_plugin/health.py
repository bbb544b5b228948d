"""The sources and how they are: which are silent for longer than usual, which fail, and what the last runs came to."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aggregator import report
from aggregator.datasette_plugin import desk, queries
from aggregator.model import Status

SOURCES = r"^/-/sources/?$"

_POLLS = 12  # the last ones of each source
_RUNS = 24

_SOURCES = f"""
SELECT sources.id, coalesce(outlets.name, '') AS outlet, kind, enabled, status, note, failures, last_ok_at, last_new_at,
  due_at, (SELECT json_group_array(json_array(status, started_at, new)) FROM (
    SELECT status, started_at, new FROM fetches WHERE source = sources.id ORDER BY id DESC LIMIT {_POLLS}
  )) AS polls
FROM sources LEFT JOIN outlets ON outlets.id = sources.outlet
ORDER BY enabled DESC, failures DESC, sources.id
"""  # noqa: S608 - constants
_LAST_RUNS = f"""
SELECT started_at, round((julianday(ended_at) - julianday(started_at)) * 86400) AS seconds, due, ok, unchanged, failed,
  new, changed, mentions, exit_code
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
    """A source as an operator wants to see it. `quiet` says how long it has been silent, where that is unusual."""

    row: sqlite3.Row
    polls: tuple[Poll, ...]
    quiet: str

    @property
    def words(self) -> str:
        """What there is to say of it, in words."""
        row = self.row
        status = (row["status"] or "") if self.state in ("failing", "off") else ""
        times = f"{row['failures']} times in a row" if row["failures"] > 1 else ""
        return "; ".join(part for part in (status, times, self.quiet if self.state != "off" else "") if part)

    @property
    def state(self) -> str:
        """In a word: off, waiting, failing, quiet or well."""
        if not self.row["enabled"]:
            return "off"
        if self.row["status"] is None:
            return "waiting"
        if self.row["failures"]:
            return "failing"
        return "quiet" if self.quiet else "well"


def sources(connection: sqlite3.Connection) -> tuple[Source, ...]:
    """All sources: those that fail first, those that are off last."""
    cursor = connection.cursor()
    cursor.row_factory = sqlite3.Row
    silent = {row["source"]: _quiet(row) for row in cursor.execute(queries.SOURCES_GONE_QUIET)}
    found = [
        Source(row=row, polls=_polls(row["polls"]), quiet=silent.get(row["id"], "")) for row in cursor.execute(_SOURCES)
    ]
    order = ("failing", "quiet", "waiting", "well", "off")
    return tuple(sorted(found, key=lambda source: order.index(source.state)))


def _polls(text: str) -> tuple[Poll, ...]:
    """The last polls, the oldest first."""
    return tuple(
        Poll(mark=_mark(status), status=status, started_at=started_at, new=new)
        for status, started_at, new in reversed(json.loads(text))
    )


def _mark(status: str) -> str:
    return status if status in (Status.OK, Status.UNCHANGED) else "failed"


def _quiet(row: sqlite3.Row) -> str:
    if row["days_quiet"] is None:
        return "has never brought anything"
    usual = f"; usually every {_days(max(row['usual_gap_in_days'], 0.1))}" if row["usual_gap_in_days"] else ""
    return f"nothing new for {_days(row['days_quiet'])}{usual}"


def _days(days: float) -> str:
    return f"{days:.0f} days" if days >= 2 else f"{max(1, round(days * 24))} h"


def runs(connection: sqlite3.Connection) -> tuple[sqlite3.Row, ...]:
    """The last runs, the newest first."""
    cursor = connection.cursor()
    cursor.row_factory = sqlite3.Row
    return tuple(cursor.execute(_LAST_RUNS))


async def health(datasette: Any, request: Any, ours: Iterable[str]) -> Any:
    """The page of the sources of a database."""
    name = (await desk.visible(datasette, request, ours, desk.SOURCES))[0]
    database = datasette.get_database(name)
    found = await database.execute_fn(sources)
    last_runs = await database.execute_fn(runs)
    now = datetime.now(UTC)
    then = datetime.fromisoformat(last_runs[0]["started_at"]) if last_runs else now
    context = {
        "sources": found,
        "counts": [(state, sum(one.state == state for one in found)) for state in ("failing", "quiet", "well", "off")],
        "runs": last_runs,
        "since": report.distance(last_runs[0]["started_at"], now) if last_runs else "",
        "ago": lambda text: report.distance(text, then),
        "source_at": lambda source: datasette.urls.row(name, "sources", source),
        "fetches_at": lambda source: f"{datasette.urls.table(name, 'fetches')}?source={source}",
    }
    return await desk.page(datasette, request, "press_sources.html", name, context)
