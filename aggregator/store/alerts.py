"""What an operator should look at: what begins, what lasts, what was told; and what finding it takes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from aggregator import rows
from aggregator.model import Alert, PastPoll, Silence, Status, Trouble
from aggregator.store.database import Database

if TYPE_CHECKING:
    from aggregator.watch import Changes

# Silence is measured in what is new to the source: a section shows what its front page had before. The usual gap is
# told from days, not articles, as the first poll finds weeks of them at once; it is only asked for where it may matter.
_SILENCES = """
WITH well AS (
  SELECT id, (SELECT max(first_seen_at) FROM sightings WHERE source = sources.id) AS last_at,
    (SELECT started_at FROM fetches WHERE source = sources.id ORDER BY id LIMIT 1) AS asked_at
  FROM sources WHERE enabled AND failures = 0 AND status IS NOT NULL AND kind <> 'references'
)
SELECT id, last_at IS NOT NULL AS ever, julianday(:now) - julianday(coalesce(last_at, asked_at)) AS quiet,
  (SELECT (julianday(max(first_seen_at)) - julianday(min(first_seen_at)))
      / nullif(count(DISTINCT substr(first_seen_at, 1, 10)) - 1, 0)
    FROM sightings WHERE source = well.id AND first_seen_at >= date(last_at, '-90 days')) AS usual
FROM well WHERE coalesce(last_at, asked_at) < :before
"""


class Alerts(Database):
    """What an operator should look at."""

    def alerts(self, since: datetime) -> list[Alert]:
        """The alerts that last, and of each kind and source the last one that ended since a time."""
        found = self._rows(
            "SELECT max(id) AS id, source, kind, note, ended_at FROM alerts"
            " WHERE coalesce(ended_at >= ?, 1) GROUP BY source, kind ORDER BY id",
            (rows.to_text(since),),
        )
        return [rows.alert(row) for row in found]

    def untold(self) -> tuple[Alert, ...]:
        """The alerts that last and that nobody was told of."""
        return tuple(map(rows.alert, self._rows("SELECT * FROM alerts WHERE told_at IS NULL AND ended_at IS NULL")))

    def general_alerts(self) -> tuple[Alert, ...]:
        """The alerts that last and concern all sources."""
        return tuple(map(rows.alert, self._rows("SELECT * FROM alerts WHERE source IS NULL AND ended_at IS NULL")))

    def save_alerts(self, changes: Changes, now: datetime) -> None:
        """Has alerts begin, last again, and end."""
        self._connection.executemany(
            "INSERT INTO alerts (source, kind, note, began_at) VALUES (?, ?, ?, ?)",
            [(source, kind, note, rows.to_text(now)) for (source, kind), note in changes.begun.items()],
        )
        self._mark("ended_at", changes.resumed, None)
        self._mark("ended_at", changes.ended, now)

    def told(self, alerts: Iterable[Alert], now: datetime) -> None:
        """Notes that somebody was told of alerts."""
        with self.transaction():
            self._mark("told_at", (one.id for one in alerts), now)

    def returned(self, exit_code: int) -> None:
        """Notes what the command returned in the end, where the last run had noted something else."""
        with self.transaction():
            self._connection.execute(
                "UPDATE runs SET exit_code = ? WHERE id = (SELECT max(id) FROM runs)", (exit_code,)
            )

    def _mark(self, column: str, alerts: Iterable[int], moment: datetime | None) -> None:
        self._connection.executemany(
            f"UPDATE alerts SET {column} = ? WHERE id = ?",  # noqa: S608 - our own names
            [(rows.to_text(moment), number) for number in alerts],
        )

    def silences(self, now: datetime, at_least: timedelta) -> list[Silence]:
        """The sources that answer and have brought nothing new to themselves for some time."""
        values = {"now": rows.to_text(now), "before": rows.to_text(now - at_least)}
        return [rows.silence(row) for row in self._rows(_SILENCES, values)]

    def past_polls(self, source: str, run: int, limit: int) -> list[PastPoll]:
        """What a source had when it was read before a run and before the trouble that lasts, the newest poll first."""
        found = self._rows(
            "SELECT items, dated FROM fetches WHERE source = :source AND status = :ok AND run < :run"
            " AND dated IS NOT NULL AND NOT EXISTS (SELECT 1 FROM alerts WHERE source = :source AND kind = :kind"
            "   AND ended_at IS NULL AND began_at <= fetches.started_at) ORDER BY id DESC LIMIT :limit",
            {"source": source, "ok": Status.OK, "run": run, "kind": Trouble.CHANGED, "limit": limit},
        )
        return [PastPoll(items=row["items"], dated=row["dated"]) for row in found]
