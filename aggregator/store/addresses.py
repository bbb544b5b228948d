"""One article, one row: its other addresses, the keys by which it is known again, and rows that turn out to be one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from aggregator import rows
from aggregator.model import Outlet, Relation
from aggregator.store.articles import Articles

# Tables that speak of an article, and hold at most one row of a kind for each: what the other one has more is moved.
_MOVED = ("sightings", "links", "corrections", "mentions", "visits", "headlines", "profiles", "ungrouped")
_MORE = ("revisions", "identities", "addresses", "citations")
_DIVIDED = ("mentions", "links", "headlines")  # what holds of both: they have the same words until the next poll
_UNSEEN: dict[str, None] = {"link_state": None, "link_note": None}  # by the page of what is an article anew
_WORDS = """
UPDATE articles SET (title, summary, link, language, language_basis, author) =
  (SELECT title, coalesce(nullif(summary, ''), articles.summary), link, language, language_basis,
          coalesce(author, articles.author) FROM articles AS other WHERE other.id = :other)
WHERE id = :article
"""
_SUMMARY = """
UPDATE articles SET summary = (SELECT summary FROM articles WHERE id = :other) WHERE id = :article AND summary = ''
"""
# Of two dates the finer, then the earlier, as `identity.better_date` has it.
_DATE = """
UPDATE articles SET (date, published_at, published_text, published_basis, published_precision) =
  (SELECT date, published_at, published_text, published_basis, published_precision FROM articles WHERE id = :other)
WHERE id = :article AND (published_at IS NULL OR EXISTS (
  SELECT 1 FROM articles AS other WHERE other.id = :other AND other.published_at IS NOT NULL
  AND (instr('second minute hour day', other.published_precision), other.published_at)
    < (instr('second minute hour day', articles.published_precision), articles.published_at)))
"""


class Addresses(Articles):
    """One article, one row."""

    def identified(self, keys: Iterable[int]) -> dict[int, int]:
        """Which articles have these keys: key -> article."""
        found = self._rows(
            "SELECT key, article FROM identities WHERE key IN (SELECT value FROM json_each(?))",
            (rows.json_text(list(keys)),),
        )
        return {row["key"]: row["article"] for row in found}

    def save_identities(self, article: int, keys: Iterable[int]) -> None:
        """Writes the keys of an article; one that another article has is that one's."""
        self._connection.executemany(
            "INSERT OR IGNORE INTO identities (key, article) VALUES (?, ?)", [(key, article) for key in keys]
        )

    def forget_identities(self, article: int) -> None:
        """Drops the keys of an article: by what it said so far, nothing is taken for it any more."""
        self._connection.execute("DELETE FROM identities WHERE article = ?", (article,))

    def addresses(self, article: int) -> dict[str, str]:
        """The addresses of an article, its own one included, each with the ground on which it is one."""
        found = self._rows(
            "SELECT url, '' AS reason FROM articles WHERE id = ?"
            " UNION ALL SELECT url, reason FROM addresses WHERE article = ?",
            (article, article),
        )
        return {row["url"]: row["reason"] for row in found}

    def outlet(self, article: int) -> Outlet | None:
        """Whose an article is."""
        found = self._rows(
            "SELECT outlets.id AS outlet, outlets.name AS outlet_name, homepage, country FROM articles"
            " LEFT JOIN outlets ON outlets.id = articles.outlet WHERE articles.id = ?",
            (article,),
        )
        return rows.outlet(found[0])

    def save_addresses(self, article: int, addresses: Mapping[str, str], now: datetime) -> None:
        """Writes other addresses of an article, each with its ground; what another article is known by stays that."""
        own = self.addresses(article).keys()
        taken = {url for url, other in self.at_addresses(list(addresses)).items() if other != article}
        self._connection.executemany(
            "INSERT OR IGNORE INTO addresses (url, article, reason, found_at) VALUES (?, ?, ?, ?)",
            [(url, article, reason, rows.to_text(now)) for url, reason in addresses.items() if url not in own | taken],
        )

    def settle(self, article: int, url: str, now: datetime) -> None:
        """Makes one of the addresses of an article the one it is known by."""
        before = self._rows("SELECT url FROM articles WHERE id = ?", (article,))[0]["url"]
        if url == before:
            return
        reason = self.addresses(article)[url]
        self._connection.execute("DELETE FROM addresses WHERE url = ?", (url,))
        self._connection.execute("UPDATE articles SET url = ? WHERE id = ?", (url, article))
        self.save_addresses(article, {before: reason}, now)
        self._rulings_follow(before, url)

    def _rulings_follow(self, before: str, after: str) -> None:
        """What people ruled of a text or an event goes along with the article, whatever it is known by.

        What they ruled of addresses stays what it was.
        """
        held = self._rows(
            "SELECT relation, one, other, same, ruled_at FROM rulings WHERE relation <> ? AND (one = ? OR other = ?)",
            (Relation.ARTICLE, before, before),
        )
        for relation, one, other, same, ruled_at in held:
            self._connection.execute(
                "DELETE FROM rulings WHERE relation = ? AND one = ? AND other = ?", (relation, one, other)
            )
            pair = sorted(after if url == before else url for url in (one, other))
            if pair[0] != pair[1]:
                self._connection.execute(
                    "INSERT OR IGNORE INTO rulings (relation, one, other, same, ruled_at) VALUES (?, ?, ?, ?, ?)",
                    (relation, *pair, same, ruled_at),
                )

    def take_words(self, article: int, other: int) -> None:
        """Gives an article the words of another one: headline, summary, and what was made of them."""
        before, after = self.text(article)[:2], self.text(other)[:2]
        self._found_by_others(article, before, (after[0], after[1] or before[1]))
        self._connection.execute(_WORDS, {"article": article, "other": other})
        self._connection.execute(
            "INSERT OR REPLACE INTO headlines (article, key) SELECT ?, key FROM headlines WHERE article = ?",
            (article, other),
        )

    def unite(self, article: int, other: int, reason: str, now: datetime) -> None:
        """Makes two rows one: `other` is no more, and all that spoke of it speaks of `article`."""
        held = self._rows("SELECT url, title, summary FROM articles WHERE id = ?", (other,))[0]
        own = self._rows("SELECT url FROM articles WHERE id = ?", (article,))[0]["url"]
        self._no_longer_found_by(other, held["title"], held["summary"])
        before = self.text(article)
        self._no_longer_found_by(article, *before[:2])
        for table in _MOVED:
            self._connection.execute(f"UPDATE OR IGNORE {table} SET article = ? WHERE article = ?", (article, other))  # noqa: S608
            self._connection.execute(f"DELETE FROM {table} WHERE article = ?", (other,))  # noqa: S608 - constants
        for table in _MORE:
            self._connection.execute(f"UPDATE {table} SET article = ? WHERE article = ?", (article, other))  # noqa: S608
        self._connection.execute(
            "UPDATE articles SET copy_of = NULL, copy_reason = NULL WHERE id = ? AND copy_of = ?", (article, other)
        )
        self._connection.execute(
            "UPDATE articles SET copy_of = coalesce((SELECT copy_of FROM articles WHERE id = :article), :article)"
            " WHERE copy_of = :other",
            {"article": article, "other": other},
        )
        self._connection.execute(_SUMMARY, {"article": article, "other": other})
        self._connection.execute(_DATE, {"article": article, "other": other})
        self._connection.execute("DELETE FROM clues WHERE article = ?", (other,))
        self._connection.execute("DELETE FROM articles WHERE id = ?", (other,))
        self._found_by(article, *self.text(article)[:2])
        self.save_addresses(article, {held["url"]: reason}, now)
        self._rulings_follow(held["url"], own)
        self._refresh_topics(article)

    def divide(self, article: int, url: str, now: datetime) -> int:
        """Makes an address of an article an article of its own again, with what is held of the two. Returns its number.

        Its sightings go along as far as they gave that address; its words change with the next poll that has others.
        """
        row = dict(self._rows("SELECT * FROM articles WHERE id = ?", (article,))[0])
        del row["id"]
        self._connection.execute("DELETE FROM addresses WHERE url = ?", (url,))
        blank = {"copy_of": None, "copy_reason": None, "story": None, "story_reason": None}
        number = self._insert("articles", row | blank | {"url": url, "link": url, "last_seen_at": rows.to_text(now)})
        self._found_by(number, row["title"], row["summary"])
        for table in _DIVIDED:
            for held in map(dict, self._rows(f"SELECT * FROM {table} WHERE article = ?", (article,))):  # noqa: S608
                held.pop("id", None)
                if held.get("retired_at") is None:
                    self._insert(table, held | {"article": number} | (_UNSEEN if table == "mentions" else {}))
        self._connection.execute(
            "UPDATE sightings SET article = ? WHERE article = ? AND link = ?", (number, article, url)
        )
        self.forget_identities(article)
        return number

    def _refresh_topics(self, article: int) -> None:
        self._connection.execute(
            "UPDATE articles SET topics = (SELECT json_group_array(topic) FROM (SELECT topic FROM mentions"
            " WHERE article = articles.id AND retired_at IS NULL ORDER BY topic)) WHERE id = ?",
            (article,),
        )
