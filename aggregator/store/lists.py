"""Lists of articles: for a topic, for a query, of all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from aggregator import lists, search
from aggregator.model import Pingback
from aggregator.store.database import Database


class Lists(Database):
    """Lists of articles: for a topic, for a query, of all."""

    def pingbacks(
        self, topic: str, *, language: str = "", since: date | None = None, found_after: datetime | None = None
    ) -> tuple[Pingback, ...]:
        """The list of a topic, newest first: in one language (`zh` is all Chinese), since a day, found after a time."""
        wanted = lists.Wanted(topic=topic, language=language, since=since, found_after=found_after)
        with self._explained():
            return lists.pingbacks(self._connection, wanted)

    def articles(self) -> Iterator[Pingback]:
        """All articles, newest first, as lines of a list."""
        with self._explained():
            yield from lists.articles(self._connection)

    def search(self, query: str, limit: int) -> tuple[Pingback, ...]:
        """The articles that a query finds, newest first, as lines of a list."""
        with self._explained():
            return tuple(lists.article(self._connection, one) for one in search.find(self._connection, query, limit))
