"""Other people's reference lists, line by line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from aggregator import rows
from aggregator.model import Candidate, Citation, Lookup, Outlet, Reference, Resolution
from aggregator.store.sources import Sources

_CITE = """
INSERT INTO citations (list, position, date, outlet_text, outlet, headline, language, url, state)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'unresolved')
ON CONFLICT (list, position) DO UPDATE SET date = excluded.date, outlet_text = excluded.outlet_text,
  outlet = excluded.outlet, headline = excluded.headline, language = excluded.language, url = excluded.url,
  article = NULL, state = excluded.state, reason = ''
WHERE (citations.date, citations.outlet, citations.outlet_text, citations.headline, citations.url)
  IS NOT (excluded.date, excluded.outlet, excluded.outlet_text, excluded.headline, excluded.url)
"""
_CITED = """
SELECT citations.id, citations.date, outlet_text, headline, url, outlets.id AS outlet, outlets.name AS outlet_name,
       outlets.homepage, outlets.country
FROM citations LEFT JOIN outlets ON outlets.id = citations.outlet
"""
_SOON_OR_UNDECIDED = """
WHERE citations.id IN (SELECT id FROM citations WHERE date IN (SELECT value FROM json_each(?))
                       UNION SELECT id FROM citations WHERE reason = '')
"""
_CANDIDATES = """
SELECT articles.id, articles.url, articles.date, articles.title, articles.copy_of, outlets.id AS outlet,
       outlets.name AS outlet_name, outlets.homepage, outlets.country,
       (SELECT json_group_array(title) FROM (
         SELECT sightings.title FROM sightings JOIN sources ON sources.id = sightings.source
         WHERE sightings.article = articles.id AND sources.kind <> 'references'
         UNION SELECT before FROM revisions WHERE article = articles.id AND field = 'title'
         UNION SELECT after FROM revisions WHERE article = articles.id AND field = 'title')) AS headlines,
       (SELECT json_group_array(url) FROM addresses WHERE article = articles.id) AS addresses
FROM articles LEFT JOIN outlets ON outlets.id = articles.outlet
WHERE articles.id IN (
  SELECT id FROM articles WHERE url = :url
  UNION SELECT article FROM addresses WHERE url = :url
  UNION SELECT id FROM articles
  WHERE outlet IN (SELECT value FROM json_each(:outlets)) AND date BETWEEN :first AND :last
  UNION SELECT * FROM (SELECT same.id FROM headlines JOIN articles AS same ON same.id = headlines.article
                       WHERE headlines.key = :key AND :key <> ''
                       ORDER BY abs(julianday(same.date) - julianday(:day)) LIMIT 50))
ORDER BY articles.id
"""


class Citations(Sources):
    """Other people's reference lists, line by line."""

    def save_references(
        self, source: str | None, url: str, references: Sequence[tuple[Reference, Outlet | None]], now: datetime
    ) -> None:
        """Writes the lines of a reference list that stands at `url`, in place of what it said before.

        A line that says what it said before stays what it was found to be; any other waits for a decision.
        """
        self._connection.execute(
            "INSERT INTO reference_lists (source, url, title, first_seen_at, last_seen_at) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (url) DO UPDATE SET last_seen_at = excluded.last_seen_at",
            (source, url, source or url, rows.to_text(now), rows.to_text(now)),
        )
        number = self._rows("SELECT id FROM reference_lists WHERE url = ?", (url,))[0]["id"]
        for position, (reference, outlet) in enumerate(references, start=1):
            self._save_citation(number, position, reference, outlet)
        self._connection.execute("DELETE FROM citations WHERE list = ? AND position > ?", (number, len(references)))

    def _save_citation(self, number: int, position: int, reference: Reference, outlet: Outlet | None) -> None:
        if outlet:
            self._save_outlet_once(outlet)
        self._save_language(reference.language.tag)
        self._connection.execute(
            _CITE,
            (
                number,
                position,
                reference.date.isoformat(),
                reference.outlet,
                outlet.id if outlet else None,
                reference.headline,
                reference.language.tag,
                reference.url,
            ),
        )

    def last_article(self) -> int:
        """The number of the newest article; 0 where there is none."""
        return int(self._rows("SELECT coalesce(max(id), 0) AS id FROM articles")[0]["id"])

    def days_after(self, article: int) -> tuple[date, ...]:
        """The days of the articles with higher numbers; of one without a date, the day on which it was first seen."""
        days = self._rows(
            "SELECT DISTINCT coalesce(date, substr(first_seen_at, 1, 10)) AS date FROM articles WHERE id > ?",
            (article,),
        )
        return tuple(date.fromisoformat(row["date"]) for row in days)

    def citations(self, days: Iterable[date] | None = None) -> tuple[Citation, ...]:
        """All citations, or those of these days and those that nothing was decided on yet."""
        if days is None:
            return tuple(rows.citation(row) for row in self._rows(_CITED))
        wanted = rows.json_text([day.isoformat() for day in days])
        return tuple(rows.citation(row) for row in self._rows(f"{_CITED}{_SOON_OR_UNDECIDED}", (wanted,)))

    def cited(self, url: str) -> list[dict[str, Any]]:
        """What became of each line of the list at `url`, in its order: state, address of the article, reason."""
        found = self._rows(
            "SELECT citations.state, articles.url AS article, citations.reason FROM citations"
            " JOIN reference_lists ON reference_lists.id = citations.list"
            " LEFT JOIN articles ON articles.id = citations.article"
            " WHERE reference_lists.url = ? ORDER BY citations.position",
            (url,),
        )
        return [dict(row) for row in found]

    def candidates(self, lookup: Lookup) -> tuple[Candidate, ...]:
        """The articles that a citation may mean. Of those with its headline, the fifty closest to its day."""
        wanted = {
            "url": lookup.url,
            "key": lookup.key,
            "outlets": rows.json_text(lookup.outlets),
            "day": lookup.day.isoformat(),
            "first": (lookup.day - lookup.slack).isoformat(),
            "last": (lookup.day + lookup.slack).isoformat(),
        }
        return tuple(rows.candidate(row) for row in self._rows(_CANDIDATES, wanted))

    def save_resolutions(self, resolutions: Iterable[Resolution]) -> None:
        """Writes what citations came to, where it is not what they were."""
        self._connection.executemany(
            "UPDATE citations SET state = :state, article = :article, reason = :reason WHERE id = :citation"
            " AND (state, article, reason) IS NOT (:state, :article, :reason)",
            [asdict(one) for one in resolutions],
        )
