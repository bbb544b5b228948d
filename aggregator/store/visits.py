"""Which pages are to be visited, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from aggregator import rows
from aggregator.model import Article, Debt, Robots, Visit
from aggregator.store.articles import Articles

_TITLED = "EXISTS (SELECT 1 FROM sightings AS said WHERE said.article = articles.id AND said.title <> '')"
_UNSEEN_LINK = "mentions.kind = 'link' AND mentions.retired_at IS NULL AND mentions.link_state IS NULL"
_LACKING = f"""
INSERT INTO visits (article, due_at)
SELECT articles.id, articles.first_seen_at
FROM {{sightings}} CROSS JOIN articles ON articles.id = sightings.article
WHERE sightings.source IN (SELECT value FROM json_each(:sources))
  AND (articles.published_at IS NULL OR articles.summary = '' OR NOT {_TITLED}
    OR EXISTS (SELECT 1 FROM mentions WHERE mentions.article = articles.id AND {_UNSEEN_LINK}))
ON CONFLICT (article) DO UPDATE SET due_at = :now, tries = 0
WHERE visits.due_at IS NULL AND EXISTS (SELECT 1 FROM mentions
  WHERE mentions.article = visits.article AND mentions.found_at > visits.visited_at AND {_UNSEEN_LINK})
"""  # noqa: S608 - constants
_OWE_ALL = _LACKING.format(sightings="sightings")
_OWE_SOME = _LACKING.format(
    sightings="json_each(:articles) AS some CROSS JOIN sightings ON sightings.article = some.value"
)
# Else SQLite goes through all that the sources ever had, or all that was ever visited, instead of what is due.
_DEBTS = f"""
SELECT visits.article, visits.tries, articles.url, articles.summary, articles.outlet, articles.published_text,
       CASE WHEN {_TITLED} THEN articles.title ELSE '' END AS title, min(sightings.source) AS source,
       (SELECT json_group_object(topic, json_array(term, link_state)) FROM mentions
        WHERE article = articles.id AND kind = 'link' AND link_state IS NOT 'found'
          AND (retired_at IS NULL OR link_state = 'gone')) AS links
FROM visits INDEXED BY visits_due_at CROSS JOIN articles ON articles.id = visits.article
CROSS JOIN sightings ON sightings.article = articles.id
  AND sightings.source IN (SELECT value FROM json_each(:sources))
WHERE visits.due_at <= :now
GROUP BY visits.article ORDER BY visits.due_at, visits.article LIMIT :limit
"""  # noqa: S608 - constants
_COMPLETE = """
UPDATE articles SET
  title = CASE WHEN :untitled THEN :title ELSE title END,
  language = CASE WHEN :untitled OR summary <> :summary THEN :language ELSE language END,
  language_basis = CASE WHEN :untitled OR summary <> :summary THEN :language_basis ELSE language_basis END,
  summary = CASE WHEN summary = '' THEN :summary ELSE summary END,
  author = coalesce(author, :author), outlet = coalesce(outlet, :outlet),
  date = CASE WHEN published_at IS NULL AND :published_at IS NOT NULL THEN :date ELSE date END,
  published_text = CASE WHEN published_at IS NULL AND :published_at IS NOT NULL THEN :published_text
                        ELSE published_text END,
  published_basis = CASE WHEN published_at IS NULL AND :published_at IS NOT NULL THEN :published_basis
                         ELSE published_basis END,
  published_precision = CASE WHEN published_at IS NULL THEN :published_precision ELSE published_precision END,
  published_at = coalesce(published_at, :published_at)
WHERE id = :id
"""


class Visits(Articles):
    """Which pages are to be visited, and what came of it."""

    def owe_visits(self, sources: Iterable[str], now: datetime, articles: Iterable[int] | None = None) -> None:
        """Notes which articles of these sources lack something that their pages may say, or a look at a link to ours.

        Only some `articles` are looked at, or all that the sources ever had.
        """
        values = {"sources": rows.json_text(list(sources)), "now": rows.to_text(now)}
        if articles is None:
            self._connection.execute(_OWE_ALL, values)
        else:
            self._connection.execute(_OWE_SOME, values | {"articles": rows.json_text(list(articles))})

    def debts(self, sources: Iterable[str], now: datetime, limit: int) -> tuple[Debt, ...]:
        """The articles of these sources whose pages are to be visited now, the oldest debt first."""
        wanted = {"sources": rows.json_text(list(sources)), "now": rows.to_text(now), "limit": limit}
        return tuple(rows.debt(row) for row in self._rows(_DEBTS, wanted))

    def postpone_visit(self, article: int, due_at: datetime) -> None:
        """Writes that the page of an article is not visited before a time."""
        self._connection.execute("UPDATE visits SET due_at = ? WHERE article = ?", (rows.to_text(due_at), article))

    def save_visit(self, visit: Visit, now: datetime) -> None:
        """Writes what became of a visit, and what it completes. The mentions are still to be saved."""
        article = visit.debt.article
        self._upsert("visits", [rows.visit_row(visit, now)], key="article")
        self._connection.executemany(
            "UPDATE mentions SET link_state = ?, link_note = ? WHERE article = ? AND topic = ? AND kind = 'link'",
            [(state, note, article, topic) for topic, (state, note) in visit.links.items()],
        )
        if visit.article:
            self._complete(article, visit.article, untitled=not visit.debt.title)

    def _complete(self, number: int, article: Article, *, untitled: bool) -> None:
        """Fills what is empty in a row of `articles`; the headline where it only stood in for one."""
        if article.outlet:
            self._save_outlet_once(article.outlet)
        self._save_language(article.language.tag)
        before = self.text(number)
        row = rows.article_columns(article, article.outlet)
        self._connection.execute(_COMPLETE, row | {"id": number, "untitled": int(untitled)})
        self._found_by_others(number, before[:2], self.text(number)[:2])

    def robots(self) -> dict[str, Robots]:
        """The robots.txt of each host that was asked for it lately."""
        return {row["host"]: rows.robots(row) for row in self._rows("SELECT * FROM robots")}

    def save_robots(self, robots: Robots, forget_before: datetime) -> None:
        """Writes the robots.txt of a host, and forgets those of all hosts that are older than a time."""
        self._connection.execute("DELETE FROM robots WHERE fetched_at < ?", (rows.to_text(forget_before),))
        row = (robots.host, robots.body, robots.status, rows.to_text(robots.fetched_at))
        self._connection.execute(
            "INSERT OR REPLACE INTO robots (host, body, status, fetched_at) VALUES (?, ?, ?, ?)", row
        )
