"""The tables, as readable SQL. The comment behind a column is its documentation: SQLite keeps it, Datasette shows it.

Text keys are readable slugs; times are UTC `YYYY-MM-DDTHH:MM:SSZ`; lists are JSON arrays; foreign keys are bare nouns.
Each migration is one transaction, and `PRAGMA user_version` counts them, so that a database from a newer version of
the program is noticed, and an up-to-date one costs a single read.
"""

from __future__ import annotations

import functools
import re
import sqlite3
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database, Migrations

VERSION = 7  # how many migrations there are
SET = "aggregator"  # what they are called together in the table where sqlite-utils keeps those that were applied

TABLES = """
CREATE TABLE outlets ( -- Press organisations and editions.
  id TEXT PRIMARY KEY, -- readable slug, as in feeds.yaml
  name TEXT NOT NULL, -- as printed at home
  aliases TEXT NOT NULL DEFAULT '[]', -- its names in other scripts (JSON array)
  country TEXT, -- ISO 3166 code
  homepage TEXT -- its own site; the host decides whose article a URL is
);
CREATE TABLE languages ( -- Languages of articles, named in their own script.
  id TEXT PRIMARY KEY, -- BCP 47 tag; `zh` where the script cannot be told, `und` where nothing can
  name TEXT NOT NULL -- in its own script
);
CREATE TABLE topics ( -- What is watched.
  id TEXT PRIMARY KEY, -- readable slug, as in feeds.yaml
  name TEXT NOT NULL, -- title in words
  terms TEXT NOT NULL DEFAULT '{}', -- queries by language (JSON object)
  exclude TEXT NOT NULL DEFAULT '{}', -- exclusions by language (JSON object)
  pages TEXT NOT NULL DEFAULT '[]', -- our pages; a link to one is a mention (JSON array)
  enabled INTEGER NOT NULL DEFAULT 1 -- 0 when feeds.yaml no longer has it
);
CREATE TABLE sources ( -- Addresses that are polled, and how they are.
  id TEXT PRIMARY KEY, -- readable slug, as in feeds.yaml
  outlet TEXT REFERENCES outlets(id), -- whose articles it gives
  kind TEXT NOT NULL, -- feed, page, sitemap, references, or a kind that a plugin adds
  url TEXT NOT NULL, -- the address, without credentials and tokens
  language TEXT, -- hint from feeds.yaml
  zone TEXT, -- time zone of dates that name no offset
  every INTEGER NOT NULL, -- seconds between polls
  enabled INTEGER NOT NULL DEFAULT 1, -- 0 when it answered 410 Gone, or feeds.yaml no longer has it
  status TEXT, -- what became of the last poll
  note TEXT NOT NULL DEFAULT '', -- the same in words, with what to do
  etag TEXT, -- validator of the last body, byte for byte
  last_modified TEXT, -- the other validator, byte for byte
  body_hash TEXT, -- SHA-256 of the last body: the same body is not read twice
  body_at TEXT, -- newest date in the last body: an older body changes nothing
  moved_to TEXT, -- where a permanent redirect led; asked directly from then on
  failures INTEGER NOT NULL DEFAULT 0, -- polls failed in a row
  due_at TEXT, -- not asked before
  last_ok_at TEXT, -- when it last answered as it should
  last_new_at TEXT -- when it last had a new article
);
CREATE TABLE stories ( -- Articles about one event, across outlets and languages.
  id INTEGER PRIMARY KEY, -- number
  title TEXT NOT NULL, -- headline of its first article
  languages TEXT NOT NULL DEFAULT '[]', -- of its articles (JSON array)
  articles INTEGER NOT NULL DEFAULT 0, -- how many
  outlets INTEGER NOT NULL DEFAULT 0, -- how many
  first_at TEXT, -- first publication
  last_at TEXT -- last publication
);
CREATE TABLE articles ( -- Press articles: one canonical URL, one row, whoever pointed to it.
  id INTEGER PRIMARY KEY, -- number
  date TEXT, -- calendar day of publication where the outlet is, empty where it is not known
  title TEXT NOT NULL, -- the newest headline, as printed
  outlet TEXT REFERENCES outlets(id), -- who published it, empty where only a portal shows it
  language TEXT NOT NULL REFERENCES languages(id), -- of title and summary
  topics TEXT NOT NULL DEFAULT '[]', -- topics it mentions (JSON array)
  url TEXT NOT NULL UNIQUE, -- canonical address: the identity of the article
  link TEXT NOT NULL, -- address as the source gave it
  summary TEXT NOT NULL DEFAULT '', -- as the source gave it, without markup
  author TEXT, -- as the source gave it
  published_at TEXT, -- instant of publication in UTC, empty where it is not known
  published_text TEXT, -- the date as the source printed it
  published_basis TEXT NOT NULL DEFAULT '', -- where that text stood and how it was read, or why it was not
  published_precision TEXT, -- second, minute, hour or day
  language_basis TEXT NOT NULL DEFAULT '', -- on what ground the language was told
  copy_of INTEGER REFERENCES articles(id), -- the original, where this is the same text under another outlet's URL
  copy_reason TEXT, -- why it is held for a copy
  story INTEGER REFERENCES stories(id), -- the event it is about
  story_reason TEXT, -- why it is counted to that event
  first_seen_at TEXT NOT NULL, -- when it was first found; never changes
  last_seen_at TEXT NOT NULL -- when a source last had it
);
CREATE INDEX articles_date ON articles(date DESC, id);
CREATE INDEX articles_outlet ON articles(outlet, date);
CREATE INDEX articles_language ON articles(language);
CREATE INDEX articles_published_at ON articles(published_at DESC, id);
CREATE INDEX articles_copy_of ON articles(copy_of);
CREATE INDEX articles_story ON articles(story);
CREATE TABLE sightings ( -- Which source had which article, in its own words.
  article INTEGER NOT NULL REFERENCES articles(id), -- the article
  source TEXT NOT NULL REFERENCES sources(id), -- where it was seen
  guid TEXT, -- what the source calls it
  link TEXT NOT NULL, -- address as this source gives it
  title TEXT NOT NULL, -- headline as this source last gave it
  summary TEXT NOT NULL DEFAULT '', -- summary as this source last gave it
  first_seen_at TEXT NOT NULL, -- when this source first had it
  last_seen_at TEXT NOT NULL, -- when this source last had it
  PRIMARY KEY (article, source)
) WITHOUT ROWID;
CREATE INDEX sightings_source ON sightings(source);
CREATE TABLE revisions ( -- Changes that outlets made to headlines and summaries.
  id INTEGER PRIMARY KEY, -- number
  article INTEGER NOT NULL REFERENCES articles(id), -- the article
  seen_at TEXT NOT NULL, -- when the change was found
  field TEXT NOT NULL, -- title or summary
  before TEXT NOT NULL, -- as it was
  after TEXT NOT NULL, -- as it became
  kind TEXT NOT NULL -- edit, or correction where it says that it is one
);
CREATE INDEX revisions_article ON revisions(article);
CREATE TABLE corrections ( -- Spellings that articles say were wrong, and what takes their place.
  article INTEGER NOT NULL REFERENCES articles(id), -- the article, which the search finds by both
  wrong TEXT NOT NULL, -- as it was
  "right" TEXT NOT NULL, -- as it should be
  found_at TEXT NOT NULL, -- when it was first found
  PRIMARY KEY (article, wrong, "right")
) WITHOUT ROWID;
CREATE TABLE mentions ( -- Pingbacks: this article mentions that topic.
  id INTEGER PRIMARY KEY, -- number
  article INTEGER NOT NULL REFERENCES articles(id), -- the article
  topic TEXT NOT NULL REFERENCES topics(id), -- the topic
  kind TEXT NOT NULL, -- term (words matched), link (it links to a page of ours), reference (somebody's list says so)
  term TEXT NOT NULL, -- the line of feeds.yaml, or the page, that matched
  matched TEXT NOT NULL, -- the words that matched, as printed
  field TEXT NOT NULL, -- where: title, summary or body
  start INTEGER NOT NULL, -- first character of the match in that field, counted from 0
  "end" INTEGER NOT NULL, -- character after the match
  excerpt TEXT NOT NULL, -- […] before matched after […]
  hits TEXT NOT NULL DEFAULT '[]', -- every other place that matched (JSON array)
  found_at TEXT NOT NULL, -- when it was first found
  retired_at TEXT, -- when it ceased to hold, because the text or the topic changed, or the link is gone
  link_state TEXT, -- of a link, on the article's own page: found, missing (once) or gone; empty where nobody looked
  link_note TEXT, -- the same in words
  UNIQUE (article, topic)
);
CREATE INDEX mentions_topic ON mentions(topic);
CREATE TABLE links ( -- Links in the bodies that feeds carry, so that pages added later are found in the past.
  article INTEGER NOT NULL REFERENCES articles(id), -- the article
  url TEXT NOT NULL, -- canonical address of the target
  text TEXT NOT NULL, -- the linked words
  before TEXT NOT NULL, -- the words before
  after TEXT NOT NULL, -- the words after
  PRIMARY KEY (article, url)
) WITHOUT ROWID;
CREATE INDEX links_url ON links(url);
CREATE TABLE headlines ( -- Headlines reduced to what copies share: one row an article, an index for finding copies.
  article INTEGER PRIMARY KEY REFERENCES articles(id), -- the article
  key TEXT NOT NULL -- folded headline without tags, credits and punctuation
);
CREATE INDEX headlines_key ON headlines(key);
CREATE TABLE reference_lists ( -- Other people's reading lists.
  id INTEGER PRIMARY KEY, -- number
  source TEXT REFERENCES sources(id), -- the source that is polled for it, if any
  url TEXT NOT NULL UNIQUE, -- where it stands: an address, or the name of a file
  title TEXT NOT NULL DEFAULT '', -- what it is called
  first_seen_at TEXT NOT NULL, -- when it was first read
  last_seen_at TEXT NOT NULL -- when it was last read
);
CREATE TABLE citations ( -- Lines of those lists: date, outlet, headline, with or without a URL.
  id INTEGER PRIMARY KEY, -- number
  list INTEGER NOT NULL REFERENCES reference_lists(id), -- the list
  position INTEGER NOT NULL, -- place in the list, from 1
  date TEXT, -- as the list says
  outlet_text TEXT, -- press name as the list writes it
  outlet TEXT REFERENCES outlets(id), -- the outlet of that name
  headline TEXT NOT NULL, -- as the list writes it
  language TEXT NOT NULL REFERENCES languages(id), -- of the headline
  url TEXT, -- as the list gives it
  article INTEGER REFERENCES articles(id), -- the article it turned out to be, or the one that contradicts it
  state TEXT NOT NULL, -- unresolved, resolved or contradicted
  reason TEXT NOT NULL DEFAULT '', -- on what ground; empty until it is decided, at the end of the run
  UNIQUE (list, position)
);
CREATE INDEX citations_article ON citations(article);
CREATE INDEX citations_date ON citations(date);
CREATE INDEX citations_undecided ON citations(id) WHERE reason = '';
CREATE TABLE runs ( -- Every run of the program.
  id INTEGER PRIMARY KEY, -- number
  started_at TEXT NOT NULL, -- begin
  ended_at TEXT, -- end; empty while it runs, or where it was killed
  version TEXT NOT NULL, -- of the program
  due INTEGER NOT NULL DEFAULT 0, -- sources that were due
  ok INTEGER NOT NULL DEFAULT 0, -- sources that had something
  unchanged INTEGER NOT NULL DEFAULT 0, -- sources that had nothing new to say
  empty INTEGER NOT NULL DEFAULT 0, -- sources that answered without a single item
  failed INTEGER NOT NULL DEFAULT 0, -- sources that failed, empty ones included
  new INTEGER NOT NULL DEFAULT 0, -- new articles
  changed INTEGER NOT NULL DEFAULT 0, -- articles with a new headline or summary
  mentions INTEGER NOT NULL DEFAULT 0, -- new mentions
  exit_code INTEGER -- what the command returned
);
CREATE TABLE fetches ( -- Every poll of every source.
  id INTEGER PRIMARY KEY, -- number
  run INTEGER NOT NULL REFERENCES runs(id), -- the run
  source TEXT NOT NULL REFERENCES sources(id), -- the source
  started_at TEXT NOT NULL, -- begin
  ms INTEGER NOT NULL DEFAULT 0, -- milliseconds it took to fetch
  url TEXT NOT NULL DEFAULT '', -- what was asked in the end, without credentials and tokens
  http_status INTEGER, -- of the last answer
  status TEXT NOT NULL, -- ok, unchanged, empty, not_a_feed, timeout, … (docs/operating.md lists them all)
  note TEXT NOT NULL DEFAULT '', -- the same in words, with what to do
  bytes INTEGER NOT NULL DEFAULT 0, -- of the body, decompressed
  items INTEGER NOT NULL DEFAULT 0, -- in the body
  new INTEGER NOT NULL DEFAULT 0, -- new articles
  changed INTEGER NOT NULL DEFAULT 0, -- articles with a new headline or summary
  encoding_declared TEXT, -- what the server said, else the document
  encoding TEXT, -- what was used
  encoding_basis TEXT, -- on what ground
  UNIQUE (run, source)
);
CREATE INDEX fetches_source ON fetches(source);
CREATE TABLE visits ( -- Pages of articles, visited for what their sources left out: one row an article.
  article INTEGER PRIMARY KEY REFERENCES articles(id), -- the article
  due_at TEXT, -- not visited before; empty where there is nothing more to ask
  visited_at TEXT, -- the last visit; empty before the first
  status TEXT, -- what became of it: ok, not_found, blocked, … (docs/operating.md lists them all)
  note TEXT NOT NULL DEFAULT '', -- the same in words
  tries INTEGER NOT NULL DEFAULT 0, -- visits failed in a row
  canonical TEXT -- another address, on the same site, that the page calls its own
);
CREATE INDEX visits_due_at ON visits(due_at);
CREATE TABLE robots ( -- Robots.txt of the hosts whose pages were visited, for a day.
  host TEXT PRIMARY KEY, -- scheme and host, and the port where it is unusual
  body TEXT NOT NULL, -- as the host gave it
  status TEXT NOT NULL, -- ok, not_found (there is none: all is allowed) or unavailable (nothing is, for now)
  fetched_at TEXT NOT NULL -- when it was asked for
) WITHOUT ROWID;
CREATE TABLE meta ( -- What the program remembers of itself.
  key TEXT PRIMARY KEY, -- name
  value TEXT NOT NULL -- value
) WITHOUT ROWID;
"""

GROUPS = """
CREATE TABLE addresses ( -- Other addresses of articles: one article, one row, whatever leads to it.
  url TEXT PRIMARY KEY, -- canonical address, other than the one in articles.url
  article INTEGER NOT NULL REFERENCES articles(id), -- the article
  reason TEXT NOT NULL, -- on what ground it is the same article
  found_at TEXT NOT NULL -- when it was found
) WITHOUT ROWID;
CREATE INDEX addresses_article ON addresses(article);
CREATE TABLE identities ( -- What only one article can have, as numbers: an index for finding the same article.
  key INTEGER PRIMARY KEY, -- of a guid, or of an outlet, a headline and a time
  article INTEGER NOT NULL REFERENCES articles(id) -- the article
);
CREATE INDEX identities_article ON identities(article);
CREATE TABLE clues ( -- What like articles share, as numbers: an index for finding copies and stories.
  clue INTEGER NOT NULL, -- of a run of letters, or of a concept
  day INTEGER NOT NULL, -- of publication, counted from 1970-01-01
  article INTEGER NOT NULL, -- the article
  PRIMARY KEY (clue, day, article)
) WITHOUT ROWID;
CREATE TABLE ungrouped ( -- Articles that wait for being compared with others, at the end of the run.
  article INTEGER PRIMARY KEY REFERENCES articles(id) -- the article
);
CREATE TABLE rulings ( -- What people decided of two articles: it stands above what the program finds.
  relation TEXT NOT NULL, -- article, copy or story
  one TEXT NOT NULL, -- canonical address of one of them
  other TEXT NOT NULL, -- of the other
  same INTEGER NOT NULL, -- 1: they belong together, 0: they do not
  ruled_at TEXT NOT NULL, -- when
  PRIMARY KEY (relation, one, other)
) WITHOUT ROWID;
CREATE INDEX rulings_other ON rulings(other);
CREATE INDEX stories_last_at ON stories(last_at DESC);
INSERT INTO ungrouped (article) SELECT id FROM articles;
"""

# The comment within is what Datasette and sqlite-utils know the searched table by; to FTS5 the index has no content.
SEARCH = """
DROP TABLE IF EXISTS articles_fts;
CREATE VIRTUAL TABLE articles_fts USING fts5(
  words, /* content="articles" */ content='', tokenize="porter unicode61 remove_diacritics 0"
);
"""

PINGBACKS = """
CREATE VIEW pingbacks AS -- The list that the press never sent: who mentioned which topic, newest first.
SELECT
  mentions.topic AS topic, -- the topic
  articles.date AS date, -- calendar day of publication
  coalesce(outlets.name, '') AS outlet, -- name of the outlet
  articles.title AS title, -- headline
  articles.url AS url, -- canonical address
  articles.language AS language, -- BCP 47 tag
  mentions.excerpt AS excerpt, -- […] before matched after […]
  mentions.id AS mention, -- the mention
  articles.id AS article -- the article
FROM mentions
JOIN articles ON articles.id = mentions.article
LEFT JOIN outlets ON outlets.id = articles.outlet
WHERE mentions.retired_at IS NULL
ORDER BY articles.date DESC, articles.published_at DESC, articles.id DESC;
"""

NEWEST = """
DROP INDEX IF EXISTS articles_language;
CREATE INDEX articles_language ON articles(language, published_at DESC);
CREATE INDEX articles_outlet_newest ON articles(outlet, published_at DESC);
DROP INDEX IF EXISTS sightings_source;
CREATE INDEX sightings_source ON sightings(source, first_seen_at);
"""

# SQLite keeps no comment of a column that is added, so these tables are made anew.
WATCH = """
CREATE TABLE alerts ( -- What an operator should look at; each is told once.
  id INTEGER PRIMARY KEY, -- number
  source TEXT REFERENCES sources(id), -- the source; empty where it concerns all of them
  kind TEXT NOT NULL, -- failing, offline, silent, gap, changed or ahead (docs/operating.md tells of each)
  note TEXT NOT NULL, -- what is wrong, and what to do
  began_at TEXT NOT NULL, -- when it was found
  told_at TEXT, -- when a run told of it; empty before
  ended_at TEXT -- when it was over; empty while it lasts
);
CREATE INDEX alerts_source ON alerts(source);
CREATE TABLE new_runs ( -- Every run of the program.
  id INTEGER PRIMARY KEY, -- number
  started_at TEXT NOT NULL, -- begin
  ended_at TEXT, -- end; empty while it runs, or where it was killed
  version TEXT NOT NULL, -- of the program
  due INTEGER NOT NULL DEFAULT 0, -- sources that were due
  ok INTEGER NOT NULL DEFAULT 0, -- sources that had something
  unchanged INTEGER NOT NULL DEFAULT 0, -- sources that had nothing new to say
  empty INTEGER NOT NULL DEFAULT 0, -- sources that answered without a single item
  failed INTEGER NOT NULL DEFAULT 0, -- sources that failed, empty ones included
  new INTEGER NOT NULL DEFAULT 0, -- new articles
  changed INTEGER NOT NULL DEFAULT 0, -- articles with a new headline or summary
  mentions INTEGER NOT NULL DEFAULT 0, -- new mentions
  exit_code INTEGER, -- what the command returned
  cpu_ms INTEGER, -- milliseconds of processor time it took
  peak_mb INTEGER -- megabytes of memory it took at most
);
INSERT INTO new_runs SELECT *, NULL, NULL FROM runs;
DROP TABLE runs;
ALTER TABLE new_runs RENAME TO runs;
CREATE TABLE new_fetches ( -- Every poll of every source.
  id INTEGER PRIMARY KEY, -- number
  run INTEGER NOT NULL REFERENCES runs(id), -- the run
  source TEXT NOT NULL REFERENCES sources(id), -- the source
  started_at TEXT NOT NULL, -- begin
  ms INTEGER NOT NULL DEFAULT 0, -- milliseconds it took to fetch
  url TEXT NOT NULL DEFAULT '', -- what was asked in the end, without credentials and tokens
  http_status INTEGER, -- of the last answer
  status TEXT NOT NULL, -- ok, unchanged, empty, not_a_feed, timeout, … (docs/operating.md lists them all)
  note TEXT NOT NULL DEFAULT '', -- the same in words, with what to do
  bytes INTEGER NOT NULL DEFAULT 0, -- of the body, decompressed
  items INTEGER NOT NULL DEFAULT 0, -- in the body
  known INTEGER, -- of its items, how many it had before
  dated INTEGER, -- of its items, how many have a date that can be read
  ahead INTEGER, -- of its new items, how many are dated in the future
  new INTEGER NOT NULL DEFAULT 0, -- new articles
  changed INTEGER NOT NULL DEFAULT 0, -- articles with a new headline or summary
  encoding_declared TEXT, -- what the server said, else the document
  encoding TEXT, -- what was used
  encoding_basis TEXT, -- on what ground
  UNIQUE (run, source)
);
INSERT INTO new_fetches
SELECT id, run, source, started_at, ms, substr(url, 1, instr(url || '?', '?') - 1), http_status, status, note, bytes,
  items, NULL, NULL, NULL, new, changed, encoding_declared, encoding, encoding_basis
FROM fetches;
DROP TABLE fetches;
ALTER TABLE new_fetches RENAME TO fetches;
CREATE INDEX fetches_source ON fetches(source);
DELETE FROM meta WHERE key = 'config';
CREATE INDEX fetches_read ON fetches(source, id) WHERE status = 'ok';
"""

PROFILES = """
CREATE TABLE profiles ( -- What articles of the last days say and speak of, so that it is found out once.
  article INTEGER PRIMARY KEY REFERENCES articles(id), -- the article
  day INTEGER NOT NULL, -- of publication, counted from 1970-01-01
  text BLOB NOT NULL, -- what is compared for finding copies, packed
  profile BLOB -- what is compared for finding stories, as the method packs it
);
CREATE INDEX profiles_day ON profiles(day);
"""

# A day is no instant: an article dated by the day alone stands at its end, as in the question who was first. Somewhere
# its day began fourteen hours before it did in UTC: from then on nobody can say how much later another one was.
COVERAGE = """
DROP VIEW IF EXISTS coverage;
CREATE VIEW coverage AS -- Who wrote first about each topic in each language, and which language has nothing.
WITH wanted AS (
  SELECT DISTINCT topics.id AS topic, substr(terms.key, 1, instr(terms.key || '-', '-') - 1) AS language
  FROM topics, json_each(topics.terms) AS terms WHERE topics.enabled AND terms.key <> 'any'
), written AS (
  SELECT mentions.topic, substr(articles.language, 1, instr(articles.language || '-', '-') - 1) AS language,
    articles.id, articles.outlet, articles.title, articles.url, articles.date, articles.first_seen_at,
    CASE WHEN articles.published_precision IS NOT 'day' THEN articles.published_at END AS at
  FROM mentions JOIN articles ON articles.id = mentions.article WHERE mentions.retired_at IS NULL
), counted AS (
  SELECT topic, language, count(*) AS articles, count(DISTINCT outlet) AS outlets FROM written GROUP BY topic, language
), dated AS (
  SELECT *, coalesce(at, date || 'T24') AS latest,
    CASE WHEN at IS NULL THEN strftime('%Y-%m-%dT%H:%M:%SZ', date, '-14 hours') END AS maybe
  FROM written WHERE date IS NOT NULL
), ranked AS (
  SELECT *, row_number() OVER (PARTITION BY topic, language ORDER BY latest, first_seen_at, id) AS place,
    min(maybe) OVER (PARTITION BY topic, language) AS doubt, min(maybe) OVER (PARTITION BY topic) AS doubt_of_all,
    min(at) OVER (PARTITION BY topic) AS first_of_all
  FROM dated
)
SELECT
  wanted.topic AS topic, -- the topic
  wanted.language AS language, -- a language of its terms; zh is all Chinese
  coalesce(counted.articles, 0) AS articles, -- how many mention it; 0 is a gap
  coalesce(counted.outlets, 0) AS outlets, -- of how many outlets
  coalesce(outlets.name, '') AS first_outlet, -- who was first, as far as days and times are known
  ranked.date AS first_on, -- on which calendar day
  ranked.at AS first_at, -- when, where the time is known; in UTC
  CASE WHEN ranked.at <= coalesce(ranked.doubt, ranked.at)
    AND ranked.first_of_all <= coalesce(ranked.doubt_of_all, ranked.first_of_all)
    THEN round((julianday(ranked.at) - julianday(ranked.first_of_all)) * 24, 1)
  END AS lag_hours, -- later than the first of all, where no article of unknown hour may have come before
  ranked.title AS title, -- headline of that article
  ranked.url AS url -- its address
FROM wanted
LEFT JOIN counted ON counted.topic = wanted.topic AND counted.language = wanted.language
LEFT JOIN ranked ON ranked.topic = wanted.topic AND ranked.language = wanted.language AND ranked.place = 1
LEFT JOIN outlets ON outlets.id = ranked.outlet
ORDER BY wanted.topic, ranked.latest IS NULL, ranked.latest;
"""

# The sitemaps that an index names had ceased to be asked, so all of that kind are read once more.
READING = """
CREATE TABLE new_sources ( -- Addresses that are polled, and how they are.
  id TEXT PRIMARY KEY, -- readable slug, as in feeds.yaml
  outlet TEXT REFERENCES outlets(id), -- whose articles it gives
  kind TEXT NOT NULL, -- feed, page, sitemap, references, or a kind that a plugin adds
  url TEXT NOT NULL, -- the address, without credentials and tokens
  language TEXT, -- hint from feeds.yaml
  zone TEXT, -- time zone of dates that name no offset
  every INTEGER NOT NULL, -- seconds between polls
  enabled INTEGER NOT NULL DEFAULT 1, -- 0 when it answered 410 Gone, or feeds.yaml no longer has it
  status TEXT, -- what became of the last poll
  note TEXT NOT NULL DEFAULT '', -- the same in words, with what to do
  etag TEXT, -- validator of the last body, byte for byte; an index of sitemaps has none
  last_modified TEXT, -- the other validator, byte for byte
  body_hash TEXT, -- SHA-256 of the last body, of an index that of its sitemaps: the same is not read twice
  body_at TEXT, -- newest date in the last body: an older body changes nothing
  read_as TEXT, -- digest of what feeds.yaml says of how it is read: where that changes, the same body is read again
  pace TEXT, -- how often the last body wants to be asked for: ttl (seconds), skip_hours, skip_days (JSON object)
  moved_to TEXT, -- where a permanent redirect led; asked directly from then on
  failures INTEGER NOT NULL DEFAULT 0, -- polls failed in a row
  due_at TEXT, -- not asked before
  last_ok_at TEXT, -- when it last answered as it should
  last_new_at TEXT -- when it last had a new article
);
INSERT INTO new_sources
SELECT id, outlet, kind, url, language, zone, every, enabled, status, note, etag, last_modified, body_hash, body_at,
  NULL, NULL, moved_to, failures, due_at, last_ok_at, last_new_at
FROM sources;
UPDATE new_sources SET etag = NULL, last_modified = NULL, body_hash = NULL WHERE kind = 'sitemap';
DROP TABLE sources;
ALTER TABLE new_sources RENAME TO sources;
DELETE FROM meta WHERE key = 'config';
"""

LANGUAGES = {
    "en": "English",
    "ja": "日本語",
    "ko": "한국어",
    "und": "unknown",
    "zh": "中文",
    "zh-Hans": "简体中文",
    "zh-Hant": "繁體中文",
}


@functools.cache
def _migrations() -> Migrations:
    from sqlite_utils import Migrations

    migrations = Migrations(SET)

    @migrations()
    def m001_first_tables(db: Database) -> None:
        _execute(db, TABLES + PINGBACKS)
        db.conn.executemany("INSERT INTO languages (id, name) VALUES (?, ?)", LANGUAGES.items())
        db.conn.execute("PRAGMA user_version = 1")

    @migrations()
    def m002_groups(db: Database) -> None:
        _execute(db, GROUPS)
        db.conn.execute("PRAGMA user_version = 2")

    @migrations()
    def m003_the_desk(db: Database) -> None:
        _execute(db, SEARCH + NEWEST)
        db.conn.execute("PRAGMA user_version = 3")

    @migrations()
    def m004_alerts(db: Database) -> None:
        _execute(db, WATCH)
        db.conn.execute("PRAGMA user_version = 4")

    @migrations()
    def m005_profiles(db: Database) -> None:
        _execute(db, PROFILES)
        db.conn.execute("PRAGMA user_version = 5")

    @migrations()
    def m006_coverage(db: Database) -> None:
        _execute(db, COVERAGE)
        db.conn.execute("PRAGMA user_version = 6")

    @migrations()
    def m007_reading(db: Database) -> None:
        _execute(db, READING)
        db.conn.execute("PRAGMA user_version = 7")

    return migrations


def _execute(db: Database, script: str) -> None:
    """Executes statements within the transaction of a migration, which `executescript` would end."""
    for statement in script.split(";\n"):
        if statement.strip():
            db.conn.execute(statement)


def version(connection: sqlite3.Connection) -> int:
    """How many migrations a database has seen: 0 for a new one, more than VERSION where a newer program wrote it."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate(connection: sqlite3.Connection) -> None:
    """Brings the database up to date. Each step happens whole or not at all."""
    if version(connection) == VERSION:
        return  # the usual case, in which sqlite_utils need not even be imported
    from sqlite_utils import Database

    _migrations().apply(Database(connection))


_TABLE = re.compile(r"CREATE (?:TABLE|VIEW) \"?(\w+)\"? (?:\(|AS) -- (.+)")
_COLUMN = re.compile(r'^ +(?:(?:(?! -- ).)+ AS )?"?(\w+)"?(?:(?! -- ).)* -- (.+)$', re.MULTILINE)


def described(connection: sqlite3.Connection) -> Iterator[tuple[str, str, dict[str, str]]]:
    """(table or view, what it holds, {column: what it says}), read from the database itself."""
    rows = connection.execute("SELECT sql FROM sqlite_master WHERE type IN ('table', 'view') AND sql LIKE '% -- %'")
    for (sql,) in rows:
        head, _, body = sql.partition("\n")
        if match := _TABLE.match(head):
            yield match[1], match[2], dict(_COLUMN.findall(body))
