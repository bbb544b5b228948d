"""Lists of articles: for a topic, for a query, of all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from aggregator import rows, search
from aggregator.model import Pingback
from aggregator.store.database import Database

_NEWEST = "articles.date DESC, articles.published_at DESC, articles.id DESC"  # as the view `pingbacks` orders
_LINE = """
SELECT '' AS topic, articles.date, coalesce(outlets.name, '') AS outlet, articles.title, articles.url,
       articles.language, articles.summary AS excerpt, articles.published_at, articles.first_seen_at AS found_at,
       coalesce('story ' || articles.story, coalesce(articles.copy_of, articles.id)) AS event
FROM articles LEFT JOIN outlets ON outlets.id = articles.outlet
"""
_MENTIONED = """
SELECT pingbacks.*, articles.published_at, mentions.found_at,
       coalesce('story ' || articles.story, coalesce(articles.copy_of, articles.id)) AS event
FROM pingbacks JOIN articles ON articles.id = pingbacks.article JOIN mentions ON mentions.id = pingbacks.mention
WHERE pingbacks.topic = :topic AND coalesce(articles.date, '') >= :since AND mentions.found_at > :found_after
  AND (:language IN ('', articles.language) OR articles.language LIKE :language || '-%')
ORDER BY articles.date DESC, articles.published_at DESC, articles.id DESC
"""


class Lists(Database):
    """Lists of articles: for a topic, for a query, of all."""

    def pingbacks(
        self, topic: str, *, language: str = "", since: date | None = None, found_after: datetime | None = None
    ) -> tuple[Pingback, ...]:
        """The list of a topic, newest first: in one language (`zh` is all Chinese), since a day, found after a time."""
        wanted = {
            "topic": topic,
            "language": language,
            "since": since.isoformat() if since else "",
            "found_after": rows.to_text(found_after) or "",
        }
        return tuple(rows.pingback(row) for row in self._rows(_MENTIONED, wanted))

    def articles(self) -> Iterator[Pingback]:
        """All articles, newest first, as lines of a list."""
        yield from (rows.pingback(row) for row in self._rows(f"{_LINE} ORDER BY {_NEWEST}"))

    def search(self, query: str, limit: int) -> tuple[Pingback, ...]:
        """The articles that a query finds, newest first, as lines of a list."""
        with self._explained():
            found = search.find(self._connection, query, limit)
        lines = (self._rows(f"{_LINE} WHERE articles.id = ?", (article,))[0] for article in found)
        return tuple(rows.pingback(row) for row in lines)

    def reindex(self) -> int:
        """Builds the search index anew. Returns the number of articles."""
        with self.transaction():
            return search.rebuild(self._connection)
