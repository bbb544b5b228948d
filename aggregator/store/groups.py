"""Which articles belong together: candidates, copies, stories, and what people ruled."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from aggregator import rows
from aggregator.model import Clipping, Copy, Relation
from aggregator.store.addresses import Addresses

_FORGOTTEN = "clues forgotten"  # under this is noted before which day

_CLIPPING = """
SELECT articles.id, articles.url, articles.title, articles.summary, articles.language, articles.topics,
       articles.published_at, articles.published_precision, articles.first_seen_at, articles.copy_of, articles.story,
       outlets.id AS outlet, outlets.name AS outlet_name, outlets.homepage, outlets.country
FROM articles LEFT JOIN outlets ON outlets.id = articles.outlet
"""
_STORY = """
SELECT articles.id, language, coalesce(date, ''), coalesce(outlets.name, ''), title,
       coalesce(copy_reason, story_reason, '')
FROM articles LEFT JOIN outlets ON outlets.id = articles.outlet
WHERE story = ? ORDER BY coalesce(published_at, first_seen_at), articles.id
"""
# First is who was first as the page of a story tells it: what has no hour stands at the end of its day, what has no day
# behind all others.
_FIRST = "iif(published_at IS NULL OR published_precision = 'day', coalesce(date, '9999') || 'T24', published_at)"
_REFRESH = f"""
UPDATE stories SET
  title = coalesce((SELECT title FROM articles WHERE story = stories.id
                    ORDER BY copy_of IS NOT NULL, {_FIRST}, id LIMIT 1), title),
  languages = (SELECT json_group_array(language) FROM (
    SELECT DISTINCT language FROM articles WHERE story = stories.id ORDER BY language)),
  articles = (SELECT count(*) FROM articles WHERE story = stories.id),
  outlets = (SELECT count(DISTINCT outlet) FROM articles WHERE story = stories.id),
  first_at = (SELECT min(coalesce(published_at, first_seen_at)) FROM articles WHERE story = stories.id),
  last_at = (SELECT max(coalesce(published_at, first_seen_at)) FROM articles WHERE story = stories.id)
WHERE id = ?
"""  # noqa: S608 - a constant
_UNGROUPED = """
SELECT id FROM ungrouped JOIN articles ON articles.id = ungrouped.article
ORDER BY coalesce(published_at, first_seen_at), url
"""
_SHARING = """
SELECT value, (
  SELECT json_group_array(article) FROM (
    SELECT article FROM clues WHERE clue = value AND day BETWEEN ? AND ? ORDER BY day DESC, article DESC LIMIT ?
  )
) FROM json_each(?)
"""
_STANDING = """
SELECT id, CAST(strftime('%s', coalesce(published_at, first_seen_at)) AS INTEGER), url FROM articles
WHERE id IN (SELECT value FROM json_each(?))
"""
_EDITION = "profiles"  # under this name is noted which edition of which method made them


class Groups(Addresses):
    """Which articles belong together."""

    # --- the queue ----------------------------------------------------------------------------------------------------

    def ungrouped(self) -> array[int]:
        """The numbers of the articles that wait for being compared, the oldest article first."""
        return array("q", (number for (number,) in self._connection.execute(_UNGROUPED)))

    def anything_ungrouped(self) -> bool:
        """Whether any article waits."""
        return bool(self._rows("SELECT 1 FROM ungrouped LIMIT 1"))

    def queue(self, articles: Iterable[int] | None = None) -> None:
        """Notes that articles are to be compared (again); without numbers, all of them."""
        if articles is None:
            self._connection.execute("INSERT OR IGNORE INTO ungrouped (article) SELECT id FROM articles")
        else:
            self._connection.executemany(
                "INSERT OR IGNORE INTO ungrouped (article) VALUES (?)", [(one,) for one in articles]
            )

    def grouped(self, articles: Iterable[int]) -> None:
        """Notes that articles were compared."""
        self._connection.executemany("DELETE FROM ungrouped WHERE article = ?", [(one,) for one in articles])

    # --- candidates ---------------------------------------------------------------------------------------------------

    def clippings(self, articles: Iterable[int]) -> dict[int, Clipping]:
        """Articles by their numbers."""
        some = list(articles)
        if not some:
            return {}
        found = self._rows(
            f"{_CLIPPING} WHERE articles.id IN (SELECT value FROM json_each(?))",  # noqa: S608 - constants
            (rows.json_text(some),),
        )
        return {row["id"]: rows.clipping(row) for row in found}

    def standing(self, articles: Iterable[int]) -> dict[int, tuple[int, str]]:
        """When articles were published (or first seen, in seconds), and their canonical URLs, by their numbers."""
        found = self._connection.execute(_STANDING, (rows.json_text(list(articles)),))
        return {article: (at, url) for article, at, url in found}

    def reasons(self, article: int) -> tuple[str | None, str | None]:
        """Why an article is held for a copy, and why it is counted to its story."""
        row = self._rows("SELECT copy_reason, story_reason FROM articles WHERE id = ?", (article,))[0]
        return row["copy_reason"], row["story_reason"]

    def story(self, story: int) -> list[tuple[str, ...]]:
        """The articles of a story for reading: number, language, day, outlet, headline, reason; the earliest first."""
        return [tuple(map(str, row)) for row in self._rows(_STORY, (story,))]

    def sighted(self, article: int) -> list[tuple[str, str, str]]:
        """Which sources have an article: source, since when, the headline there."""
        found = self._rows(
            "SELECT source, first_seen_at, title FROM sightings WHERE article = ? ORDER BY first_seen_at, source",
            (article,),
        )
        return [(row["source"], row["first_seen_at"], row["title"]) for row in found]

    def revised(self, article: int) -> list[tuple[str, str, str, str]]:
        """How an article was changed: kind, field, when that was found, what was there before; the first first."""
        found = self._rows(
            "SELECT kind, field, seen_at, before FROM revisions WHERE article = ? ORDER BY id", (article,)
        )
        return [(row["kind"], row["field"], row["seen_at"], row["before"]) for row in found]

    def grouping(self) -> tuple[int, int, int]:
        """How many copies there are, articles in stories, and stories."""
        row = self._rows(
            "SELECT count(copy_of) AS copies, count(story) AS told, count(DISTINCT story) AS stories FROM articles"
        )[0]
        return row["copies"], row["told"], row["stories"]

    def save_clues(self, article: int, day: int, clues: Iterable[int]) -> None:
        """Writes under which numbers an article is found on a day."""
        self._connection.executemany(
            "INSERT OR IGNORE INTO clues (clue, day, article) VALUES (?, ?, ?)",
            [(clue, day, article) for clue in clues],
        )

    def sharing(self, clues: Iterable[int], days: tuple[int, int], limit: int) -> dict[int, list[int]]:
        """For each clue, the articles of these days (both included) that have it, the last ones, `limit` at most."""
        found = self._connection.execute(_SHARING, (*days, limit, rows.json_text(list(clues))))
        return {clue: json.loads(articles) for clue, articles in found}

    def forget_clues(self, before: int) -> int:
        """Drops the clues of days before a day, by which nothing is looked for any more. Returns how many.

        That reads all clues, so it is done once for each day.
        """
        if self.noted(_FORGOTTEN) == str(before):
            return 0
        self.note(_FORGOTTEN, str(before))
        return self._connection.execute("DELETE FROM clues WHERE day < ?", (before,)).rowcount

    # --- profiles -----------------------------------------------------------------------------------------------------

    def profiles_by(self, edition: str) -> None:
        """Drops what was kept of articles by another edition of the program or of its method."""
        if self.noted(_EDITION) != edition:
            self._connection.execute("DELETE FROM profiles")
            self.note(_EDITION, edition)

    def kept_text(self, article: int) -> bytes | None:
        """What was kept of an article's text."""
        found = self._connection.execute("SELECT text FROM profiles WHERE article = ?", (article,)).fetchone()
        return found[0] if found else None

    def kept_profile(self, article: int) -> bytes | None:
        """What was kept of an article's profile, if the method packs it."""
        found = self._connection.execute("SELECT profile FROM profiles WHERE article = ?", (article,)).fetchone()
        return found[0] if found else None

    def keep(self, article: int, day: int, text: bytes, profile: bytes | None) -> None:
        """Keeps text and profile of an article."""
        self._connection.execute(
            "INSERT OR REPLACE INTO profiles (article, day, text, profile) VALUES (?, ?, ?, ?)",
            (article, day, text, profile),
        )

    def forget_profiles(self, before: int) -> None:
        """Drops the profiles of days before a day."""
        self._connection.execute("DELETE FROM profiles WHERE day < ?", (before,))

    # --- copies -------------------------------------------------------------------------------------------------------

    def text_of(self, articles: Iterable[int]) -> set[int]:
        """Articles with their originals, and with all other copies of these."""
        found = self._rows(
            "SELECT id FROM articles WHERE id IN (SELECT value FROM json_each(:some)) OR copy_of IN"
            " (SELECT coalesce(copy_of, id) FROM articles WHERE id IN (SELECT value FROM json_each(:some)))"
            " OR id IN (SELECT copy_of FROM articles WHERE id IN (SELECT value FROM json_each(:some)))",
            {"some": rows.json_text(list(articles))},
        )
        return {row["id"] for row in found}

    def save_copies(self, copies: Iterable[Copy]) -> None:
        """Writes which articles are copies of which."""
        self._connection.executemany(
            "UPDATE articles SET copy_of = ?, copy_reason = ? WHERE id = ?",
            [(one.original, one.reason, one.article) for one in copies],
        )

    # --- stories ------------------------------------------------------------------------------------------------------

    def members(self, story: int) -> tuple[Clipping, ...]:
        """The articles of a story, the earliest first."""
        found = self._rows(
            f"{_CLIPPING} WHERE articles.story = ?"
            " ORDER BY coalesce(articles.published_at, articles.first_seen_at), articles.url",
            (story,),
        )
        return tuple(map(rows.clipping, found))

    def begin_story(self, articles: Iterable[int]) -> int:
        """The number of a new story of these articles: that of the first of them that names no other story."""
        for number in sorted(articles):
            if not self._rows("SELECT 1 FROM stories WHERE id = ?", (number,)):
                return self._insert("stories", {"id": number, "title": ""})
        return self._insert("stories", {"title": ""})

    def dissolve(self) -> None:
        """Takes back all copies and stories, for comparing everything anew."""
        self._connection.execute(
            "UPDATE articles SET copy_of = NULL, copy_reason = NULL, story = NULL, story_reason = NULL"
        )
        self._connection.execute("DELETE FROM stories")
        self._connection.execute("DELETE FROM clues")

    def save_story(self, story: int, reasons: Mapping[int, str]) -> None:
        """Counts articles to a story, each for a reason; whatever story they leave is counted anew."""
        left = {one.story for one in self.clippings(reasons).values() if one.story not in (None, story)}
        self._connection.executemany(
            "UPDATE articles SET story = ?, story_reason = ? WHERE id = ?",
            [(story, reason, article) for article, reason in reasons.items()],
        )
        self.refresh_stories((story, *(one for one in left if one is not None)))

    def unite(self, article: int, other: int, reason: str, now: datetime) -> None:
        """Makes two rows one; the story that `other` was in is counted anew, and its copies are compared anew."""
        self.leave_story(other)
        copies = [row["id"] for row in self._rows("SELECT id FROM articles WHERE copy_of = ?", (other,))]
        super().unite(article, other, reason, now)
        self.queue(copies)

    def leave_story(self, article: int) -> None:
        """Takes an article out of its story."""
        held = self.clippings([article])[article].story
        if held is not None:
            self._connection.execute("UPDATE articles SET story = NULL, story_reason = NULL WHERE id = ?", (article,))
            self.refresh_stories((held,))

    def merge_stories(self, story: int, others: Iterable[int]) -> None:
        """Makes other stories this one. Their articles keep the reasons for which they came together."""
        for other in others:
            self._connection.execute("UPDATE articles SET story = ? WHERE story = ?", (story, other))
            self._connection.execute("DELETE FROM stories WHERE id = ?", (other,))
        self.refresh_stories((story,))

    def refresh_stories(self, stories: Iterable[int]) -> None:
        """Counts stories anew; one that has a single article left is none."""
        for story in dict.fromkeys(stories):
            self._connection.execute(_REFRESH, (story,))
            if self._rows("SELECT 1 FROM stories WHERE id = ? AND articles < 2", (story,)):
                self._connection.execute(
                    "UPDATE articles SET story = NULL, story_reason = NULL WHERE story = ?", (story,)
                )
                self._connection.execute("DELETE FROM stories WHERE id = ?", (story,))

    # --- what people ruled --------------------------------------------------------------------------------------------

    def rule(self, relation: Relation, pairs: Iterable[tuple[str, str]], *, same: bool, now: datetime) -> None:
        """Writes what a person decided of pairs of articles, by their canonical URLs."""
        self._connection.executemany(
            "INSERT OR REPLACE INTO rulings (relation, one, other, same, ruled_at) VALUES (?, ?, ?, ?, ?)",
            [(relation, *sorted(pair), int(same), rows.to_text(now)) for pair in pairs],
        )

    def unrule(self, relation: Relation, pairs: Iterable[tuple[str, str]]) -> None:
        """Takes back what was ruled on pairs of articles."""
        self._connection.executemany(
            "DELETE FROM rulings WHERE relation = ? AND one = ? AND other = ?",
            [(relation, *sorted(pair)) for pair in pairs],
        )

    def rulings(self, relation: Relation, addresses: Sequence[str]) -> dict[tuple[str, str], bool]:
        """What was ruled on any of these articles: pairs of URLs in their order, and whether they belong together."""
        if not addresses or not self._rows("SELECT 1 FROM rulings LIMIT 1"):
            return {}
        some = rows.json_text(list(addresses))
        found = self._rows(
            "SELECT one, other, same FROM rulings WHERE relation = ? AND"
            " (one IN (SELECT value FROM json_each(?)) OR other IN (SELECT value FROM json_each(?)))",
            (relation, some, some),
        )
        return {(row["one"], row["other"]): bool(row["same"]) for row in found}
