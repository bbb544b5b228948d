"""What is polled and watched, and what came of every run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from aggregator import rows
from aggregator.model import Config, Outcome, Outlet, SourceState, Status, Summary
from aggregator.store.database import Database

_HEALTH = """
SELECT id, kind, enabled, status, note, failures, last_ok_at, last_new_at, due_at,
  (SELECT count(*) FROM sightings WHERE source = sources.id) AS articles,
  (SELECT group_concat(kind || ': ' || note, '; ') FROM alerts
    WHERE source = sources.id AND kind <> 'failing' AND ended_at IS NULL) AS alerts
FROM sources ORDER BY enabled DESC, failures DESC, alerts IS NULL, id
"""
_FETCHED = f"INSERT INTO fetches (run, {', '.join(rows.FETCH)}) VALUES (?{', ?' * len(rows.FETCH)})"  # noqa: S608 - our own names
_REMEMBERED = f"UPDATE sources SET {', '.join(f'{name} = ?' for name in rows.STATE)} WHERE id = ?"  # noqa: S608


class Sources(Database):
    """What is polled and watched, and what came of every run."""

    def configure(self, config: Config) -> None:
        """Writes sources, outlets and topics of feeds.yaml into their tables; what it no longer has is switched off."""
        self._save_outlets(config.outlets.values())
        self._connection.execute("UPDATE topics SET enabled = 0")
        self._upsert("topics", [rows.topic_row(topic) for topic in config.topics.values()])
        sources = config.sources.values()
        self._upsert("sources", [rows.source_row(one) | {"read_as": config.reads_as(one)} for one in sources])
        asked = rows.json_text([source.id for source in sources if source.enabled])
        self._connection.execute(
            "UPDATE sources SET enabled = status IS NOT ? AND id IN (SELECT value FROM json_each(?))",
            (Status.GONE, asked),
        )

    def forget(self, sources: Iterable[str]) -> None:
        """Takes back what is remembered of how sources answered; their articles stay. For before `configure`, which
        says which of them are switched off.
        """
        given = [(source,) for source in sources]
        self.have_read_again(source for (source,) in given)
        self._connection.executemany(
            "UPDATE sources SET status = NULL, note = '', failures = 0, moved_to = NULL, pace = NULL WHERE id = ?",
            given,
        )

    def have_read_again(self, sources: Iterable[str]) -> None:
        """Has the next body of sources read, whether it was read before or not, as soon as possible."""
        self._connection.executemany(
            "UPDATE sources SET due_at = NULL, etag = NULL, last_modified = NULL, body_hash = NULL, body_at = NULL"
            " WHERE id = ?",
            [(source,) for source in sources],
        )

    def read_as(self) -> dict[str, str | None]:
        """How each source was read the last time, as a digest; None where that was not noted."""
        return {row["id"]: row["read_as"] for row in self._rows("SELECT id, read_as FROM sources")}

    def _save_outlets(self, outlets: Iterable[Outlet]) -> None:
        self._upsert("outlets", [asdict(outlet) | {"aliases": rows.json_text(outlet.aliases)} for outlet in outlets])

    def _save_outlet_once(self, outlet: Outlet) -> None:
        """An outlet that feeds.yaml does not name, but the built-in list does, is written when it is first needed."""
        if not self._rows("SELECT 1 FROM outlets WHERE id = ?", (outlet.id,)):
            self._save_outlets([outlet])

    def _save_language(self, tag: str) -> None:
        self._connection.execute("INSERT OR IGNORE INTO languages (id, name) VALUES (?, ?)", (tag, tag))

    def states(self) -> dict[str, SourceState]:
        """What is remembered of each source."""
        return {row["id"]: rows.state(row) for row in self._rows("SELECT * FROM sources")}

    def begin_run(self, now: datetime, version: str) -> int:
        """The number of a new run."""
        with self.transaction():
            cursor = self._connection.execute(
                "INSERT INTO runs (started_at, version) VALUES (?, ?)", (rows.to_text(now), version)
            )
        return int(cursor.lastrowid or 0)

    def end_run(self, run: int, summary: Summary, now: datetime) -> None:
        """Writes what a run came to."""
        told = summary.counts | (asdict(summary.cost) if summary.cost else {})
        changes = ", ".join(f"{key} = :{key}" for key in told)
        with self.transaction():
            self._connection.execute(
                f"UPDATE runs SET {changes}, ended_at = :now WHERE id = :run",  # noqa: S608 - names of our own fields
                told | {"now": rows.to_text(now), "run": run},
            )

    def finish(self, run: int, polled: Sequence[tuple[Outcome, SourceState]]) -> None:
        """Writes what sources came to in a run, and what is to be remembered of them."""
        self._connection.executemany(_FETCHED, [(run, *rows.fetch_row(outcome)) for outcome, _ in polled])
        self._connection.executemany(_REMEMBERED, [(*rows.state_row(state), state.source) for _, state in polled])

    def postpone(self, sources: Sequence[str], until: datetime) -> None:
        """Has sources asked no earlier than a time."""
        self._connection.execute(
            "UPDATE sources SET due_at = max(coalesce(due_at, ''), :until)"
            " WHERE id IN (SELECT value FROM json_each(:some))",
            {"until": rows.to_text(until), "some": rows.json_text(sources)},
        )

    def health(self) -> list[dict[str, Any]]:
        """Each source as `status` shows it: how it is, since when, and when it is asked next."""
        return [dict(row) for row in self._rows(_HEALTH)]

    def topics(self) -> dict[str, str]:
        """Name of each topic by its id."""
        return {row["id"]: row["name"] for row in self._rows("SELECT id, name FROM topics ORDER BY id")}
