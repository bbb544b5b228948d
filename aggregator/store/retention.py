"""What is no longer wanted: old articles that nothing refers to, and old logs."""

from __future__ import annotations

from datetime import datetime

from aggregator import rows
from aggregator.store.database import Database

# Old is what was published (or, undated, found) before a day, and was in no source since. Kept is what a list would
# miss: a mention, a story, a line of somebody's list, a ruling, the original of a copy that stays; and what its source
# had when it was read last, since it would come back as new.
_OLD = """
CREATE TEMP TABLE old AS
WITH latest AS MATERIALIZED (SELECT source, max(last_seen_at) AS at FROM sightings GROUP BY source)
SELECT id FROM articles
WHERE coalesce(published_at, first_seen_at) < :before AND last_seen_at < :before AND story IS NULL
  AND NOT EXISTS (SELECT 1 FROM mentions WHERE article = articles.id AND retired_at IS NULL)
  AND NOT EXISTS (SELECT 1 FROM citations WHERE article = articles.id)
  AND NOT EXISTS (SELECT 1 FROM rulings WHERE articles.url IN (one, other))
  AND NOT EXISTS (
    SELECT 1 FROM sightings JOIN latest ON latest.source = sightings.source
    WHERE article = articles.id AND sightings.last_seen_at = latest.at
  )
"""
_STAYS = "DELETE FROM old WHERE id IN (SELECT copy_of FROM articles WHERE copy_of IS NOT NULL AND id NOT IN old)"
_OLD_POLLS = "started_at < ? AND id < (SELECT max(id) FROM fetches AS later WHERE later.source = fetches.source)"
_HANGING = ("sightings", "revisions", "corrections", "mentions", "links", "headlines", "identities", "addresses",
            "clues", "profiles", "ungrouped", "visits")  # fmt: skip
_AT_ONCE = 500  # articles in a transaction, so that readers and their files stay small


class Retention(Database):
    """Takes out what is no longer wanted."""

    def old_articles(self, before: datetime) -> list[int]:
        """The articles that may go: older than a time, and nothing refers to them."""
        with self._explained():
            self._connection.execute("DROP TABLE IF EXISTS temp.old")
            self._connection.execute(_OLD, {"before": rows.to_text(before)})
            self._connection.execute(_STAYS)
        return [row["id"] for row in self._rows("SELECT id FROM old ORDER BY id")]

    def remove_articles(self, articles: list[int]) -> None:
        """Deletes articles with all that hangs on them, some in each transaction."""
        for begin in range(0, len(articles), _AT_ONCE):
            some = rows.json_text(articles[begin : begin + _AT_ONCE])
            among = "IN (SELECT value FROM json_each(?))"
            with self.transaction():
                held = self._rows(f"SELECT id, title, summary FROM articles WHERE id {among}", (some,))  # noqa: S608
                for row in held:
                    self._no_longer_found_by(*row)
                self._connection.execute(f"UPDATE articles SET copy_of = NULL WHERE copy_of {among}", (some,))  # noqa: S608
                for table in _HANGING:
                    self._connection.execute(f"DELETE FROM {table} WHERE article {among}", (some,))  # noqa: S608 - constants
                self._connection.execute(f"DELETE FROM articles WHERE id {among}", (some,))  # noqa: S608

    def old_logs(self, before: datetime) -> int:
        """How many polls are older than a time; the last of each source is none of them."""
        (row,) = self._rows(f"SELECT count(*) AS polls FROM fetches WHERE {_OLD_POLLS}", (rows.to_text(before),))  # noqa: S608
        return int(row["polls"])

    def remove_logs(self, before: datetime) -> None:
        """Deletes polls older than a time, the runs that have none left, and alerts that were over by then."""
        moment = rows.to_text(before)
        with self.transaction():
            self._connection.execute(f"DELETE FROM fetches WHERE {_OLD_POLLS}", (moment,))  # noqa: S608
            self._connection.execute(
                "DELETE FROM runs WHERE started_at < ? AND NOT EXISTS (SELECT 1 FROM fetches WHERE run = runs.id)",
                (moment,),
            )
            self._connection.execute("DELETE FROM alerts WHERE ended_at < ?", (moment,))
