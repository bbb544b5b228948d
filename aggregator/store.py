"""The database: executes what was decided, one transaction a source, and answers what deciding needs to know.

Nothing is decided here. A source's rows and its validators are written together, so that after a kill at any moment
either both are there or neither. Writers say BEGIN IMMEDIATE, so that a busy database is waited for.
"""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aggregator import rows, schema, search
from aggregator.errors import RunLocked, StoreBusy, StoreDamaged, StoreError, StoreNewer
from aggregator.model import (
    Article,
    Candidate,
    Citation,
    Config,
    Copy,
    Correction,
    Debt,
    Decision,
    Found,
    Known,
    Link,
    Lookup,
    Mention,
    MentionKind,
    Outcome,
    Outlet,
    Pingback,
    Reference,
    Resolution,
    Robots,
    SourceState,
    Status,
    Summary,
    Visit,
)

BUSY_SECONDS = 10  # how long another writer is waited for
_CHUNK = 500  # values in one IN (…): SQLite before 3.32 took 999


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """Holds the lock of a database, so that two runs never overlap. Raises RunLocked where another one has it.

    The lock is the kernel's (flock): it ends with the process, however that dies.
    """
    with path.with_name(path.name + ".lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            raise RunLocked(f"{path}: another run is at work") from problem
        yield


class Store:
    """An open database. Use it as a context manager; one thread at a time."""

    def __init__(self, path: Path, *, create: bool = True) -> None:
        """Opens the database and brings its tables up to date. Raises StoreError with what is wrong and what to do."""
        self.path = path
        if not create and not path.exists():
            raise StoreError(f"{path}: there is no database yet; `aggregator run` makes it")
        with self._explained():
            self._connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
            self._prepare()

    def _prepare(self) -> None:
        found = schema.version(self._connection)
        if found > schema.VERSION:
            raise StoreNewer(f"{self.path}: was written by a newer version of this program; please upgrade")
        if self._connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            self._connection.execute("PRAGMA journal_mode = wal")
        self._connection.execute("PRAGMA synchronous = normal")  # WAL survives a kill; a power cut costs a run at most
        if found < schema.VERSION:
            schema.migrate(self._connection)
        self._connection.execute("PRAGMA foreign_keys = on")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turns what SQLite says into what an operator can act upon."""
        try:
            yield
        except sqlite3.OperationalError as problem:
            if "locked" in str(problem) or "busy" in str(problem):
                raise StoreBusy(f"{self.path}: another program held it for {BUSY_SECONDS} s; try again") from problem
            raise StoreError(f"{self.path}: {problem}") from problem
        except sqlite3.DatabaseError as problem:
            hint = "it is left as it is; restore it from a backup or move it away"
            raise StoreDamaged(f"{self.path}: {problem}; {hint}") from problem

    def close(self) -> None:
        """Closes the database."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written within is there as a whole, or not at all."""
        with self._explained():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def _rows(self, sql: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[sqlite3.Row]:
        with self._explained():
            cursor = self._connection.execute(sql, values)
            cursor.row_factory = sqlite3.Row
            return cursor.fetchall()

    # --- feeds.yaml ---------------------------------------------------------------------------------------------------

    def noted(self, key: str) -> str | None:
        """What the program has noted about itself."""
        found = self._rows("SELECT value FROM meta WHERE key = ?", (key,))
        return found[0]["value"] if found else None

    def note(self, key: str, value: str) -> None:
        """Notes something about the program itself."""
        self._connection.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (key, value))

    def configure(self, config: Config) -> None:
        """Writes sources, outlets and topics of feeds.yaml into their tables; what it no longer has is switched off."""
        self._save_outlets(config.outlets.values())
        self._connection.execute("UPDATE topics SET enabled = 0")
        self._upsert("topics", [rows.topic_row(topic) for topic in config.topics.values()])
        self._upsert("sources", [rows.source_row(source) for source in config.sources.values()])
        asked = rows.json_text([source.id for source in config.sources.values() if source.enabled])
        self._connection.execute(
            "UPDATE sources SET enabled = status IS NOT ? AND id IN (SELECT value FROM json_each(?))",
            (Status.GONE, asked),
        )

    def forget(self, sources: Iterable[str]) -> None:
        """Takes back what is remembered of how sources answered; their articles stay."""
        self._connection.executemany(
            "UPDATE sources SET enabled = 1, status = NULL, note = '', failures = 0, due_at = NULL, moved_to = NULL,"
            " etag = NULL, last_modified = NULL, body_hash = NULL, body_at = NULL WHERE id = ?",
            [(source,) for source in sources],
        )

    def _upsert(self, table: str, values: Sequence[Mapping[str, Any]], *, key: str = "id") -> None:
        """Inserts rows by their key, or changes just the columns given: nothing else of an old row is touched."""
        if not values:
            return
        names = list(values[0])
        changes = ", ".join(f'"{name}" = excluded."{name}"' for name in names if name != key)
        columns, marks = ", ".join(f'"{name}"' for name in names), ", ".join(f":{name}" for name in names)
        self._connection.executemany(
            f"INSERT INTO {table} ({columns}) VALUES ({marks}) ON CONFLICT ({key}) DO UPDATE SET {changes}",  # noqa: S608 - our own names
            values,
        )

    def _save_outlets(self, outlets: Iterable[Outlet]) -> None:
        self._upsert("outlets", [asdict(outlet) | {"aliases": rows.json_text(outlet.aliases)} for outlet in outlets])

    # --- runs ---------------------------------------------------------------------------------------------------------

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
        counts = {key: value for key, value in summary.as_dict().items() if key not in ("failures", "visits")}
        changes = ", ".join(f"{key} = :{key}" for key in counts)
        with self.transaction():
            self._connection.execute(
                f"UPDATE runs SET {changes}, ended_at = :now WHERE id = :run",  # noqa: S608 - names of our own fields
                counts | {"now": rows.to_text(now), "run": run},
            )

    def finish(self, run: int, outcome: Outcome, state: SourceState) -> None:
        """Writes what a source came to in a run, and what is to be remembered of it."""
        row = asdict(outcome) | {"run": run, "started_at": rows.to_text(outcome.started_at)}
        del row["mentions"], row["failures"]
        self._insert("fetches", row)
        times = {key: rows.to_text(getattr(state, key)) for key in ("body_at", "due_at", "last_ok_at", "last_new_at")}
        kept = asdict(state) | times
        del kept["url"], kept["source"]
        changes = ", ".join(f"{key} = :{key}" for key in kept)
        self._connection.execute(f"UPDATE sources SET {changes} WHERE id = :id", kept | {"id": state.source})  # noqa: S608

    def _insert(self, table: str, row: Mapping[str, Any]) -> int:
        columns, marks = ", ".join(f'"{name}"' for name in row), ", ".join(f":{name}" for name in row)
        cursor = self._connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", row)  # noqa: S608 - our own names
        return int(cursor.lastrowid or 0)

    # --- articles -----------------------------------------------------------------------------------------------------

    def known(self, addresses: Sequence[str], source: str) -> dict[str, Known]:
        """What is held of the articles at these canonical URLs, and what `source` said of them last."""
        found: dict[str, Known] = {}
        for begin in range(0, len(addresses), _CHUNK):
            chunk = addresses[begin : begin + _CHUNK]
            marks = ", ".join("?" * len(chunk))
            held = self._rows(
                f"{_KNOWN} LEFT JOIN sightings ON sightings.article = articles.id AND sightings.source = ?"
                f" WHERE articles.url IN ({marks})",
                (source, *chunk),
            )
            found |= {row["url"]: rows.known(row) for row in held}
        return found

    def headline_cluster(self, key: str) -> tuple[Known, ...]:
        """The articles whose headlines have this key."""
        held = self._rows(
            f"{_KNOWN} LEFT JOIN sightings ON 0"  # noqa: S608 - a constant
            " WHERE articles.id IN (SELECT article FROM headlines WHERE key = ?)",
            (key,),
        )
        return tuple(rows.known(row) for row in held)

    def save(self, source: str, decision: Decision, now: datetime) -> int:
        """Writes an article as decided, with its sighting, revisions, links and mentions. Returns its number."""
        if decision.outlet:
            self._save_outlet_once(decision.outlet)
        self._save_language(decision.article.language.tag)
        article = decision.known.id if decision.known else self._add(decision, now)
        if decision.known:
            self._change(decision.known, decision, now)
        self._sight(article, source, decision, now)
        self._connection.executemany(
            "INSERT INTO revisions (article, seen_at, field, before, after, kind) VALUES (?, ?, ?, ?, ?, ?)",
            [(article, rows.to_text(now), one.field, one.before, one.after, one.kind) for one in decision.revisions],
        )
        self._connection.executemany(
            "INSERT OR IGNORE INTO links (article, url, text, before, after) VALUES (?, ?, ?, ?, ?)",
            [(article, link.url, link.text, link.before, link.after) for link in decision.article.links],
        )
        self.save_headline(article, decision.headline)
        return article

    def _save_outlet_once(self, outlet: Outlet) -> None:
        """An outlet that feeds.yaml does not name, but the built-in list does, is written when it is first needed."""
        if not self._rows("SELECT 1 FROM outlets WHERE id = ?", (outlet.id,)):
            self._save_outlets([outlet])

    def _save_language(self, tag: str) -> None:
        self._connection.execute("INSERT OR IGNORE INTO languages (id, name) VALUES (?, ?)", (tag, tag))

    def _add(self, decision: Decision, now: datetime) -> int:
        row = rows.article_row(decision) | {"first_seen_at": rows.to_text(now), "last_seen_at": rows.to_text(now)}
        article = self._insert("articles", row)
        search.add(self._connection, [(article, row["title"], row["summary"])])
        return article

    def _change(self, known: Known, decision: Decision, now: datetime) -> None:
        """A known article: what the source changed is taken over, and a date that was missing until now."""
        row = rows.article_row(decision)
        changed = {one.field for one in decision.revisions}
        article = known.id
        if known.seen_title is None:  # this source has it for the first time: the others' words stay
            row["title"], row["summary"] = known.title, known.summary or row["summary"]
        elif not changed or not decision.article.item.title:
            row["title"] = known.title
        if "summary" not in changed:  # it gives none, but another source or the article's page did
            row["summary"] = row["summary"] or known.summary
        search.remove(self._connection, [(article, known.title, known.summary)])
        search.add(self._connection, [(article, row["title"], row["summary"])])
        self._connection.execute(_CHANGE, row | {"id": article, "now": rows.to_text(now), "said": int(bool(changed))})

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
        search.remove(self._connection, [(article, title, summary)])
        self._connection.executemany(
            'INSERT OR IGNORE INTO corrections (article, wrong, "right", found_at) VALUES (?, ?, ?, ?)',
            [(article, one.wrong, one.right, rows.to_text(now)) for one in corrections],
        )
        search.add(self._connection, [(article, title, summary)])

    def save_copies(self, copies: Iterable[Copy]) -> None:
        """Writes which articles are copies of which."""
        self._connection.executemany(
            "UPDATE articles SET copy_of = ?, copy_reason = ? WHERE id = ?",
            [(one.original, one.reason, one.article) for one in copies],
        )

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

    # --- visits -------------------------------------------------------------------------------------------------------

    def owe_visits(self, source: str, now: datetime) -> None:
        """Notes which articles of a source lack something that their pages may say, or a look at a link to ours."""
        self._connection.execute(_OWE, {"source": source, "now": rows.to_text(now)})

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
        search.remove(self._connection, [(number, *before[:2])])
        search.add(self._connection, [(number, *self.text(number)[:2])])

    def text(self, article: int) -> tuple[str, str, str]:
        """(title, summary, language) of an article."""
        (row,) = self._rows("SELECT title, summary, language FROM articles WHERE id = ?", (article,))
        return row["title"], row["summary"], row["language"]

    def save_headline(self, article: int, key: str) -> None:
        """Writes the key under which copies of an article are found."""
        self._connection.execute("INSERT OR REPLACE INTO headlines (article, key) VALUES (?, ?)", (article, key))

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

    # --- reference lists ----------------------------------------------------------------------------------------------

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

    # --- reading ------------------------------------------------------------------------------------------------------

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

    def topics(self) -> dict[str, str]:
        """Name of each topic by its id."""
        return {row["id"]: row["name"] for row in self._rows("SELECT id, name FROM topics ORDER BY id")}

    def search(self, query: str, limit: int) -> tuple[Pingback, ...]:
        """The articles that a query finds, newest first, as lines of a list."""
        with self._explained():
            found = search.find(self._connection, query, limit)
        lines = (self._rows(f"{_LINE} WHERE articles.id = ?", (article,))[0] for article in found)
        return tuple(rows.pingback(row) for row in lines)

    def health(self) -> list[dict[str, Any]]:
        """Each source as `status` shows it: how it is, since when, and when it is asked next."""
        return [dict(row) for row in self._rows(_HEALTH)]

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

    def reindex(self) -> int:
        """Builds the search index anew. Returns the number of articles."""
        with self.transaction():
            return search.rebuild(self._connection)

    def backup(self, target: Path) -> None:
        """Copies the database into a new file, whole and consistent, while others read and write."""
        if target.exists():
            raise StoreError(f"{target}: is there already; a backup never overwrites")
        with self._explained():
            self._connection.execute("VACUUM INTO ?", (str(target),))


_KNOWN = """
SELECT articles.id, articles.url, articles.title, articles.summary, articles.published_at, articles.first_seen_at,
       outlets.id AS outlet, outlets.name AS outlet_name, outlets.homepage, outlets.country,
       sightings.title AS seen_title, sightings.summary AS seen_summary
FROM articles LEFT JOIN outlets ON outlets.id = articles.outlet
"""
_CHANGE = """
UPDATE articles SET
  title = :title, summary = :summary, outlet = :outlet, author = coalesce(author, :author),
  language = CASE WHEN :said THEN :language ELSE language END,
  language_basis = CASE WHEN :said THEN :language_basis ELSE language_basis END,
  date = CASE WHEN published_at IS NULL THEN :date ELSE date END,
  published_text = CASE WHEN published_at IS NULL THEN :published_text ELSE published_text END,
  published_basis = CASE WHEN published_at IS NULL THEN :published_basis ELSE published_basis END,
  published_precision = CASE WHEN published_at IS NULL THEN :published_precision ELSE published_precision END,
  published_at = coalesce(published_at, :published_at), last_seen_at = :now
WHERE id = :id
"""
_SIGHT = """
INSERT INTO sightings (article, source, guid, link, title, summary, first_seen_at, last_seen_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (article, source) DO UPDATE SET guid = excluded.guid, link = excluded.link, title = excluded.title,
  summary = excluded.summary, last_seen_at = excluded.last_seen_at
"""
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
         UNION SELECT after FROM revisions WHERE article = articles.id AND field = 'title')) AS headlines
FROM articles LEFT JOIN outlets ON outlets.id = articles.outlet
WHERE articles.id IN (
  SELECT id FROM articles WHERE url = :url
  UNION SELECT id FROM articles
  WHERE outlet IN (SELECT value FROM json_each(:outlets)) AND date BETWEEN :first AND :last
  UNION SELECT * FROM (SELECT same.id FROM headlines JOIN articles AS same ON same.id = headlines.article
                       WHERE headlines.key = :key AND :key <> ''
                       ORDER BY abs(julianday(same.date) - julianday(:day)) LIMIT 50))
ORDER BY articles.id
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
_TITLED = "EXISTS (SELECT 1 FROM sightings AS said WHERE said.article = articles.id AND said.title <> '')"
_UNSEEN_LINK = "mentions.kind = 'link' AND mentions.retired_at IS NULL AND mentions.link_state IS NULL"
_OWE = f"""
INSERT INTO visits (article, due_at)
SELECT articles.id, articles.first_seen_at
FROM sightings JOIN articles ON articles.id = sightings.article
WHERE sightings.source = :source AND (articles.published_at IS NULL OR articles.summary = '' OR NOT {_TITLED}
  OR EXISTS (SELECT 1 FROM mentions WHERE mentions.article = articles.id AND {_UNSEEN_LINK}))
ON CONFLICT (article) DO UPDATE SET due_at = :now, tries = 0
WHERE visits.due_at IS NULL AND EXISTS (SELECT 1 FROM mentions
  WHERE mentions.article = visits.article AND mentions.found_at > visits.visited_at AND {_UNSEEN_LINK})
"""  # noqa: S608 - constants
_DEBTS = f"""
SELECT visits.article, visits.tries, articles.url, articles.summary, articles.outlet, articles.published_text,
       CASE WHEN {_TITLED} THEN articles.title ELSE '' END AS title, min(sightings.source) AS source,
       (SELECT json_group_object(topic, json_array(term, link_state)) FROM mentions
        WHERE article = articles.id AND kind = 'link' AND link_state IS NOT 'found'
          AND (retired_at IS NULL OR link_state = 'gone')) AS links
FROM visits JOIN articles ON articles.id = visits.article
JOIN sightings ON sightings.article = articles.id
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
_HEALTH = """
SELECT id, kind, enabled, status, note, failures, last_ok_at, last_new_at, due_at,
       (SELECT count(*) FROM sightings WHERE source = sources.id) AS articles
FROM sources ORDER BY enabled DESC, failures DESC, id
"""
