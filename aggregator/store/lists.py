"""Lists of articles: for a topic, for a query, of all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from aggregator import lists, rows, search
from aggregator.model import Pingback
from aggregator.store.database import Database

_DIGEST = "digest "  # with the topic, what is noted of how far its list was told


class Lists(Database):
    """Lists of articles: for a topic, for a query, of all."""

    def pingbacks(
        self,
        topic: str,
        *,
        language: str = "",
        since: date | None = None,
        found_since: datetime | None = None,
        told: lists.Told | None = None,
    ) -> tuple[Pingback, ...]:
        """The list of a topic, newest first: in one language (`zh` is all Chinese), since a day, found since a time,
        and not told yet.
        """
        wanted = lists.Wanted(topic=topic, language=language, since=since, found_since=found_since, told=told)
        with self._explained():
            return lists.pingbacks(self._connection, wanted)

    def last_digest(self, topic: str) -> lists.Told | None:
        """How far the list of a topic was told by digests."""
        noted = self.noted(_DIGEST + topic)
        if noted is None:
            return None
        return self._told_earlier(topic, noted) if noted[0] != "{" else lists.Told(**_with_time(json.loads(noted)))

    def _told_earlier(self, topic: str, noted: str) -> lists.Told:
        """What an earlier version noted: the time alone. What was found in that very second was told, unless it may
        come from a run that began in it: then it is rather told twice than never.
        """
        second = rows.to_text(datetime.fromisoformat(noted)) or ""
        began = self._rows("SELECT 1 FROM runs WHERE started_at = ?", (second,))
        before = "<" if began else "<="
        told = f"SELECT coalesce(max(id), 0) AS last FROM mentions WHERE topic = ? AND found_at {before} ?"  # noqa: S608
        (row,) = self._rows(told, (topic, second))
        return lists.Told(at=datetime.fromisoformat(noted), mention=row["last"], found_at=second)

    def note_digest(self, topic: str, now: datetime) -> None:
        """Notes that the list of a topic was told as it is."""
        newest = "SELECT coalesce(max(id), 0) AS mention, coalesce(max(found_at), '') AS found_at FROM mentions"
        with self.transaction():
            (row,) = self._rows(f"{newest} WHERE topic = ?", (topic,))
            self.note(_DIGEST + topic, json.dumps({"at": now.isoformat(), **dict(row)}))

    def articles(self) -> Iterator[Pingback]:
        """All articles, newest first, as lines of a list."""
        with self._explained():
            yield from lists.articles(self._connection)

    def grounds(self, article: int) -> tuple[str, str, str]:
        """The date of an article as its source printed it, how that was read, and the ground of its language."""
        asked = (
            "SELECT coalesce(published_text, '') AS text, published_basis, language_basis FROM articles WHERE id = ?"
        )
        (row,) = self._rows(asked, (article,))
        return row["text"], row["published_basis"], row["language_basis"]

    def mentioned(self, article: int) -> list[tuple[str, str, str, str]]:
        """The topics that an article mentions: topic, kind, what matched, excerpt."""
        asked = (
            "SELECT topic, kind, term, excerpt FROM mentions WHERE article = ? AND retired_at IS NULL ORDER BY topic"
        )
        return [tuple(row) for row in self._rows(asked, (article,))]

    def search(self, query: str, limit: int) -> tuple[Pingback, ...]:
        """The articles that a query finds, newest first, as lines of a list."""
        with self._explained():
            return tuple(lists.article(self._connection, one) for one in search.find(self._connection, query, limit))


def _with_time(noted: dict[str, Any]) -> dict[str, Any]:
    return noted | {"at": datetime.fromisoformat(noted["at"])}
