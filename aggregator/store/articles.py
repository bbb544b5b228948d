"""Articles, their sightings, revisions, copies and mentions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from aggregator import rows
from aggregator.model import DAY_IN_UTC, Correction, Decision, Found, Known, Link, Mention, MentionKind
from aggregator.store.sources import Sources

_CHUNK = 500  # values in one IN (…): SQLite before 3.32 took 999

_KNOWN = """
SELECT articles.id, articles.url, articles.title, articles.summary, articles.published_at,
       articles.published_text, articles.published_precision, articles.author, articles.first_seen_at,
       outlets.id AS outlet, outlets.name AS outlet_name, outlets.homepage, outlets.country,
       sightings.title AS seen_title, sightings.summary AS seen_summary,
       (SELECT json_group_array(source) FROM sightings WHERE article = articles.id) AS seen_by,
       (SELECT json_group_array(source) FROM sightings WHERE article = articles.id AND summary <> '') AS summed_up_by,
       EXISTS (SELECT 1 FROM sightings WHERE article = articles.id AND title <> '') AS titled,
       (SELECT json_group_array(json_array(field, before)) FROM revisions WHERE article = articles.id) AS former
FROM articles LEFT JOIN outlets ON outlets.id = articles.outlet
LEFT JOIN sightings ON sightings.article = articles.id AND sightings.source = ?
"""
_CHANGE = """
UPDATE articles SET
  title = :title, summary = :summary, outlet = :outlet,
  author = CASE WHEN :speaks THEN coalesce(:author, author) ELSE coalesce(author, :author) END,
  language = CASE WHEN :said THEN :language ELSE language END,
  language_basis = CASE WHEN :said THEN :language_basis ELSE language_basis END,
  link = CASE WHEN :speaks THEN :link ELSE link END,
  date = CASE WHEN :dated OR :moved THEN :date ELSE date END,
  published_text = CASE WHEN :dated THEN :published_text ELSE published_text END,
  published_basis = replace(CASE WHEN :dated THEN :published_basis ELSE published_basis END, :moved, ''),
  published_precision = CASE WHEN :dated THEN :published_precision ELSE published_precision END,
  published_at = CASE WHEN :dated THEN :published_at ELSE published_at END, last_seen_at = :now
WHERE id = :id
"""
_SIGHT = """
INSERT INTO sightings (article, source, guid, link, title, summary, first_seen_at, last_seen_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (article, source) DO UPDATE SET guid = excluded.guid, link = excluded.link, title = excluded.title,
  summary = excluded.summary, last_seen_at = excluded.last_seen_at
"""
_MENTION = """
INSERT INTO mentions (article, topic, kind, term, matched, field, start, "end", excerpt, hits, found_at)
VALUES (:article, :topic, :kind, :term, :matched, :field, :start, :end, :excerpt, :hits, :found_at)
ON CONFLICT (article, topic) DO UPDATE SET kind = excluded.kind, term = excluded.term, matched = excluded.matched,
  field = excluded.field, start = excluded.start, "end" = excluded."end", excerpt = excluded.excerpt,
  hits = excluded.hits, retired_at = NULL,
  link_state = CASE WHEN kind = excluded.kind AND term = excluded.term THEN link_state END,
  link_note = CASE WHEN kind = excluded.kind AND term = excluded.term THEN link_note END
"""


class Articles(Sources):
    """Articles, their sightings, revisions, copies and mentions."""

    def known(self, addresses: Sequence[str], source: str) -> dict[str, Known]:
        """What is held of the articles at these canonical URLs, and what `source` said of them last."""
        numbers = self.at_addresses(addresses)
        known = self.known_articles(set(numbers.values()), source)
        return {address: known[number] for address, number in numbers.items()}

    def at_addresses(self, addresses: Sequence[str]) -> dict[str, int]:
        """The articles at canonical URLs, be they their own or others: URL -> number."""
        found: dict[str, int] = {}
        for begin in range(0, len(addresses), _CHUNK):
            some = {"some": rows.json_text(addresses[begin : begin + _CHUNK])}
            held = self._rows(
                "SELECT url, id FROM articles WHERE url IN (SELECT value FROM json_each(:some))"
                " UNION ALL SELECT url, article FROM addresses WHERE url IN (SELECT value FROM json_each(:some))",
                some,
            )
            found |= {row["url"]: row["id"] for row in held}
        return found

    def known_articles(self, articles: Iterable[int], source: str) -> dict[int, Known]:
        """What is held of articles, and what `source` said of them last."""
        numbers = list(articles)
        found: dict[int, Known] = {}
        for begin in range(0, len(numbers), _CHUNK):
            some = rows.json_text(numbers[begin : begin + _CHUNK])
            held = self._rows(f"{_KNOWN} WHERE articles.id IN (SELECT value FROM json_each(?))", (source, some))  # noqa: S608
            found |= {row["id"]: rows.known(row) for row in held}
        return found

    def save(self, source: str, decision: Decision, now: datetime) -> int:
        """Writes an article as decided, with its sighting, revisions, links and mentions. Returns its number."""
        if decision.outlet:
            self._save_outlet_once(decision.outlet)
        self._save_language(decision.article.language.tag)
        article = decision.known.id if decision.known else self._add(decision, now)
        title = self._change(decision.known, decision, now) if decision.known else decision.article.title
        self._sight(article, source, decision, now)
        self._connection.executemany(
            "INSERT INTO revisions (article, seen_at, field, before, after, kind) VALUES (?, ?, ?, ?, ?, ?)",
            [(article, rows.to_text(now), one.field, one.before, one.after, one.kind) for one in decision.revisions],
        )
        if decision.known and decision.known.seen_by == (source,):  # nobody else can have given the others
            self._connection.execute(
                "DELETE FROM links WHERE article = ? AND url NOT IN (SELECT value FROM json_each(?))",
                (article, rows.json_text([link.url for link in decision.article.links])),
            )
        self._connection.executemany(
            "INSERT OR IGNORE INTO links (article, url, text, before, after) VALUES (?, ?, ?, ?, ?)",
            [(article, link.url, link.text, link.before, link.after) for link in decision.article.links],
        )
        if title == decision.article.title:
            self.save_headline(article, decision.headline)
        return article

    def _add(self, decision: Decision, now: datetime) -> int:
        row = rows.article_row(decision) | {"first_seen_at": rows.to_text(now), "last_seen_at": rows.to_text(now)}
        article = self._insert("articles", row)
        self._found_by(article, row["title"], row["summary"])
        return article

    def _change(self, known: Known, decision: Decision, now: datetime) -> str:
        """A known article: what a source changed is taken over, and what it knows better. Returns its headline now."""
        row = rows.article_row(decision)
        changed = {one.field for one in decision.revisions}
        if not (changed or decision.speaks) or not decision.article.item.title:  # the words that it has stay
            row["title"] = known.title
        if "summary" not in changed:  # another source gave one, or the article's page
            row["summary"] = row["summary"] if decision.sums_up else known.summary or row["summary"]
        flags = {
            "said": int(bool(changed) or decision.speaks),
            "speaks": int(decision.speaks),
            "dated": int(decision.dated or known.published_at is None),
            "moved": DAY_IN_UTC if decision.day else "",
        }
        self._found_by_others(known.id, (known.title, known.summary), (row["title"], row["summary"]))
        self._connection.execute(_CHANGE, row | flags | {"id": known.id, "now": rows.to_text(now)})
        return str(row["title"])

    def _sight(self, article: int, source: str, decision: Decision, now: datetime) -> None:
        item = decision.article.item
        self._connection.execute(
            _SIGHT,
            (article, source, item.guid, item.link, item.title, item.summary, rows.to_text(now), rows.to_text(now)),
        )

    def seen(self, articles: Sequence[int], source: str, now: datetime) -> None:
        """Notes that a source still has articles about which it said nothing new."""
        moment = rows.to_text(now)
        self._connection.executemany(
            "UPDATE sightings SET last_seen_at = ? WHERE article = ? AND source = ?",
            [(moment, article, source) for article in articles],
        )
        self._connection.executemany(
            "UPDATE articles SET last_seen_at = ? WHERE id = ?", [(moment, article) for article in articles]
        )

    def save_corrections(self, article: int, corrections: Iterable[Correction], now: datetime) -> None:
        """Writes what an article says it had wrong; from then on it is found by that, too."""
        title, summary, _ = self.text(article)
        self._no_longer_found_by(article, title, summary)
        self._connection.executemany(
            'INSERT OR IGNORE INTO corrections (article, wrong, "right", found_at) VALUES (?, ?, ?, ?)',
            [(article, one.wrong, one.right, rows.to_text(now)) for one in corrections],
        )
        self._found_by(article, title, summary)

    def save_mentions(self, article: int, mentions: Sequence[Mention], now: datetime) -> tuple[int, int]:
        """Makes these the mentions of an article. Returns how many came and how many were retired.

        A mention that holds on keeps its number and `found_at`; one that no longer holds is kept, but retired. A link
        that the article's own page was found not to have is none, whoever says so.
        """
        held = {
            row["topic"]
            for row in self._rows("SELECT topic FROM mentions WHERE article = ? AND retired_at IS NULL", (article,))
        }
        gone = self._rows(
            "SELECT topic, term FROM mentions WHERE article = ? AND link_state = ?", (article, Found.GONE)
        )
        lost = {(row["topic"], row["term"]) for row in gone}
        mentions = [one for one in mentions if one.kind is not MentionKind.LINK or (one.topic, one.term) not in lost]
        topics = {mention.topic for mention in mentions}
        self._connection.executemany(
            "UPDATE mentions SET retired_at = ? WHERE article = ? AND topic = ?",
            [(rows.to_text(now), article, topic) for topic in held - topics],
        )
        self._connection.executemany(_MENTION, [rows.mention_row(article, mention, now) for mention in mentions])
        if held != topics:
            self._connection.execute(
                "UPDATE articles SET topics = ? WHERE id = ?", (rows.json_text(sorted(topics)), article)
            )
        return len(topics - held), len(held - topics)

    def text(self, article: int) -> tuple[str, str, str]:
        """(title, summary, language) of an article."""
        (row,) = self._rows("SELECT title, summary, language FROM articles WHERE id = ?", (article,))
        return row["title"], row["summary"], row["language"]

    def save_headline(self, article: int, key: str) -> None:
        """Writes the key under which copies of an article are found."""
        self._connection.execute("INSERT OR REPLACE INTO headlines (article, key) VALUES (?, ?)", (article, key))

    def texts(self) -> Iterator[tuple[int, str, str, str]]:
        """(number, title, summary, language) of every article."""
        last = 0
        while some := self._rows(
            "SELECT id, title, summary, language FROM articles WHERE id > ? ORDER BY id LIMIT 1000", (last,)
        ):
            yield from ((row["id"], row["title"], row["summary"], row["language"]) for row in some)
            last = some[-1]["id"]

    def links(self, article: int) -> tuple[Link, ...]:
        """The links of the body of an article."""
        links = self._rows("SELECT url, text, before, after FROM links WHERE article = ?", (article,))
        return tuple(Link(**dict(row)) for row in links)
