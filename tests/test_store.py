"""What the database keeps, and that it keeps it whole."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from aggregator import schema
from aggregator.errors import RunLocked, StoreBusy, StoreDamaged, StoreError, StoreNewer
from aggregator.model import (
    Article,
    Config,
    Copy,
    Decision,
    Item,
    Language,
    Link,
    Mention,
    MentionKind,
    Outcome,
    Outlet,
    Pace,
    Precision,
    Published,
    Revision,
    RevisionKind,
    Source,
    SourceState,
    Status,
    Topic,
)
from aggregator.store import Store, lock, wal_reset_fault

NOW = datetime(2023, 10, 12, 6, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
DAILY = Outlet(id="daily", name="데일리", aliases=("Daily",), country="KR", homepage="https://daily.example")
SOURCES = {
    name: Source(id=name, url=f"https://me:secret@daily.example/{name}.xml", outlet="daily") for name in ("a", "b")
}
TOPICS = {name: Topic(id=name, name=name.title(), terms={"ko": ("북송",)}) for name in ("t", "u")}
CONFIG = Config(sources=SOURCES, outlets={"daily": DAILY}, topics=TOPICS)
MENTION = Mention(
    topic="t", kind=MentionKind.TERM, term="북송", matched="북송", field="title", start=0, end=2, excerpt="[…] 북송 […]"
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "mentions.db") as opened:
        with opened.transaction():
            opened.configure(CONFIG)
        yield opened


def rows(store: Store, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    with sqlite3.connect(store.path) as connection:
        found = connection.execute(sql, values).fetchall()
    connection.close()
    return found


def article(number: int = 1, title: str = "북송 반대 집회", **changes: Any) -> Article:
    url = f"https://daily.example/{number}"
    made = Article(
        item=Item(title=title, summary="요약", link=url + "?utm_source=x", guid=f"g{number}"),
        url=url,
        outlet=DAILY,
        language=Language(tag="ko", basis="hangul", confidence=1.0),
        published=Published(value=NOW, precision=Precision.MINUTE, basis="test"),
        published_text="2023.10.12 15:00",
        published_basis="pubDate: test",
        date=date(2023, 10, 12),
    )
    return replace(made, **changes)


def save(store: Store, given: Article, source: str = "a", now: datetime = NOW, **changes: Any) -> int:
    known = store.known([given.url], source).get(given.url)
    decision = Decision(article=given, known=known, outlet=given.outlet, headline="key", **changes)
    with store.transaction():
        return store.save(source, decision, now)


def test_an_article_is_kept_with_everything_it_was_derived_from(store: Store) -> None:
    save(store, article())
    (row,) = rows(
        store,
        "SELECT date, title, outlet, language, topics, url, link, published_at, published_text, published_basis,"
        " published_precision, language_basis, first_seen_at, last_seen_at FROM articles",
    )
    assert row == (
        "2023-10-12", "북송 반대 집회", "daily", "ko", "[]", "https://daily.example/1",
        "https://daily.example/1?utm_source=x", "2023-10-12T06:00:00Z", "2023.10.12 15:00", "pubDate: test", "minute",
        "hangul", "2023-10-12T06:00:00Z", "2023-10-12T06:00:00Z",
    )  # fmt: skip


def test_two_sources_of_one_article_are_two_sightings(store: Store) -> None:
    assert save(store, article()) == save(store, article(title="[속보] 북송 반대 집회"), source="b", now=LATER)
    assert rows(store, "SELECT title, first_seen_at, last_seen_at FROM articles") == [
        ("북송 반대 집회", "2023-10-12T06:00:00Z", "2023-10-12T07:00:00Z")
    ]
    assert rows(store, "SELECT source, title FROM sightings ORDER BY source") == [
        ("a", "북송 반대 집회"),
        ("b", "[속보] 북송 반대 집회"),
    ]


def test_a_revision_changes_the_headline_and_the_index_and_keeps_what_was(store: Store) -> None:
    save(store, article(title="남평 통해 북송"))
    change = Revision(field="title", before="남평 통해 북송", after="난핑 통해 북송", kind=RevisionKind.CORRECTION)
    save(store, article(title="난핑 통해 북송"), now=LATER, revisions=(change,))
    assert rows(store, "SELECT title, first_seen_at FROM articles") == [("난핑 통해 북송", "2023-10-12T06:00:00Z")]
    assert rows(store, "SELECT seen_at, field, before, after, kind FROM revisions") == [
        ("2023-10-12T07:00:00Z", "title", "남평 통해 북송", "난핑 통해 북송", "correction")
    ]
    assert len(store.search("난핑", 9)) == 1
    assert store.search("남평", 9) == ()


def test_a_date_that_came_later_is_taken_over_and_one_that_is_there_stays(store: Store) -> None:
    undated = article(published=None, published_text=None, published_basis="the source gives no date", date=None)
    save(store, undated)
    save(store, article(), source="b", now=LATER)
    assert rows(store, "SELECT date, published_basis FROM articles") == [("2023-10-12", "pubDate: test")]
    save(store, article(date=date(2020, 1, 1), published_basis="other"), source="a", now=LATER)
    assert rows(store, "SELECT date, published_basis FROM articles") == [("2023-10-12", "pubDate: test")]


def test_mentions_keep_their_number_and_time_and_are_retired_not_deleted(store: Store) -> None:
    number = save(store, article())
    for now, mentions, came_and_went in (
        (NOW, [MENTION], (1, 0)),
        (LATER, [MENTION, replace(MENTION, topic="u")], (1, 0)),
        (LATER, [replace(MENTION, topic="u")], (0, 1)),
    ):
        with store.transaction():
            assert store.save_mentions(number, mentions, now) == came_and_went
    assert rows(store, "SELECT topic, found_at, retired_at FROM mentions ORDER BY topic") == [
        ("t", "2023-10-12T06:00:00Z", "2023-10-12T07:00:00Z"),
        ("u", "2023-10-12T07:00:00Z", None),
    ]
    assert rows(store, "SELECT topics FROM articles") == [('["u"]',)]
    assert [row.topic for row in store.pingbacks("u")] == ["u"]
    assert store.pingbacks("t") == ()


def test_the_view_is_the_list_newest_first_with_names(store: Store) -> None:
    for number, day in ((1, 10), (2, 12), (3, 11)):
        moment = Published(value=NOW.replace(day=day), precision=Precision.DAY, basis="test")
        given = article(number, title=f"{day}", date=date(2023, 10, day), published=moment)
        with_number = save(store, given)
        with store.transaction():
            store.save_mentions(with_number, [MENTION], NOW)
    found = rows(store, "SELECT topic, date, outlet, title, url, language, excerpt, mention, article FROM pingbacks")
    assert [row[3] for row in found] == ["12", "11", "10"]
    assert found[0] == ("t", "2023-10-12", "데일리", "12", "https://daily.example/2", "ko", "[…] 북송 […]", 2, 2)


def test_coverage_says_who_was_first_how_much_later_and_where_there_is_nothing(store: Store) -> None:
    languages = {"ko": ("북송",), "ja": ("送還",), "zh": ("遣返",), "any": ("OKN",)}
    with store.transaction():
        store.configure(replace(CONFIG, topics={"t": replace(TOPICS["t"], terms=languages)}))
    for number, tag, hours in ((1, "ko", 2), (2, "ko", 0), (3, "zh-Hant", 5)):
        moment = Published(value=NOW + timedelta(hours=hours), precision=Precision.MINUTE, basis="test")
        told = article(number, language=Language(tag=tag, basis="test", confidence=1), published=moment)
        saved = save(store, told)
        with store.transaction():
            store.save_mentions(saved, [MENTION], NOW)
    assert rows(store, "SELECT language, articles, outlets, first_outlet, url, lag_hours FROM coverage") == [
        ("ko", 2, 1, "데일리", "https://daily.example/2", 0.0),
        ("zh", 1, 1, "데일리", "https://daily.example/3", 5.0),
        ("ja", 0, 0, "", None, None),
    ]


def test_copies_and_links_are_kept(store: Store) -> None:
    link = Link(url="https://example.org/ours", text="here", before="see ", after=" now")
    first, second = save(store, article()), save(store, article(2, links=(link,)))
    with store.transaction():
        store.save_copies([Copy(article=second, original=first, reason="same headline")])
    assert rows(store, "SELECT id, copy_of, copy_reason FROM articles WHERE copy_of IS NOT NULL") == [
        (second, first, "same headline")
    ]
    assert store.links(second) == (link,)
    assert store.text_of([second]) == store.text_of([first]) == {first, second}


def test_credentials_stay_in_feeds_yaml(store: Store) -> None:
    assert b"secret" not in store.path.read_bytes() + store.path.with_name("mentions.db-wal").read_bytes()


def test_a_source_that_left_feeds_yaml_is_switched_off_and_its_history_stays(store: Store) -> None:
    save(store, article())
    with store.transaction():
        store.configure(replace(CONFIG, sources={"b": SOURCES["b"]}))
    assert rows(store, "SELECT id, enabled FROM sources ORDER BY id") == [("a", 0), ("b", 1)]
    assert rows(store, "SELECT count(*) FROM sightings") == [(1,)]


def test_a_source_that_comes_back_or_is_switched_on_is_asked_again_but_not_one_that_is_gone(store: Store) -> None:
    off = replace(SOURCES["a"], enabled=False)
    steps = [({"b": SOURCES["b"]}, 0), (SOURCES, 1), (SOURCES | {"a": off}, 0), (SOURCES, 1)]
    for sources, enabled in steps:
        with store.transaction():
            store.configure(replace(CONFIG, sources=sources))
        assert rows(store, "SELECT enabled FROM sources WHERE id = 'a'") == [(enabled,)]
    run = store.begin_run(NOW, "1")
    with store.transaction():
        state = SourceState(source="a", url=SOURCES["a"].public_url, status=Status.GONE, enabled=False)
        store.finish(run, [(Outcome(source="a", status=Status.GONE, started_at=NOW), state)])
        store.configure(CONFIG)
    assert rows(store, "SELECT enabled FROM sources WHERE id = 'a'") == [(0,)]


def test_what_is_remembered_of_a_source_comes_back(store: Store) -> None:
    run = store.begin_run(NOW, "1")
    state = SourceState(
        source="a", url=SOURCES["a"].public_url, status=Status.OK, etag='W/"é"', last_modified="x", body_hash="h",
        body_at=NOW, pace=Pace(ttl=LATER - NOW, skip_hours=frozenset({3}), skip_days=frozenset({"Sunday"})),
        moved_to="https://daily.example/new", failures=2, due_at=LATER, last_ok_at=NOW, last_new_at=NOW,
    )  # fmt: skip
    with store.transaction():
        store.finish(run, [(Outcome(source="a", status=Status.OK, started_at=NOW, items=3, new=2), state)])
    assert store.states()["a"] == state
    assert rows(store, "SELECT run, source, status, items, new FROM fetches") == [(run, "a", "ok", 3, 2)]


def test_a_transaction_that_fails_leaves_nothing(store: Store) -> None:
    def half() -> None:
        with store.transaction():
            store.note("half", "done")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    assert store.noted("half") != "done"


def test_a_second_run_is_refused_while_the_first_holds_the_lock(tmp_path: Path) -> None:
    with lock(tmp_path / "x.db"), pytest.raises(RunLocked), lock(tmp_path / "x.db"):
        pass
    with lock(tmp_path / "x.db"):
        pass  # given back
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "link.db").symlink_to(tmp_path / "x.db")
    with lock(tmp_path / "x.db"), pytest.raises(RunLocked), lock(tmp_path / "folder" / "link.db"):
        pass


def test_every_table_view_and_column_is_described(store: Store) -> None:
    with sqlite3.connect(store.path) as connection:
        described = {name: set(columns) for name, _, columns in schema.described(connection)}
        kept = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE '%fts%' AND name NOT LIKE '_sqlite%' AND name NOT LIKE 'sqlite_%'"  # noqa: E501
        for (table,) in connection.execute(kept):
            assert described[table] == {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}, table
    connection.close()


def test_a_backup_is_whole_and_never_overwrites(store: Store, tmp_path: Path) -> None:
    save(store, article())
    store.backup(tmp_path / "copy.db")
    with Store(tmp_path / "copy.db") as copy:
        assert [row.title for row in copy.articles()] == ["북송 반대 집회"]
    with pytest.raises(StoreError, match="never overwrites"):
        store.backup(tmp_path / "copy.db")


def test_reading_a_database_that_is_not_there_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="aggregator run"):
        Store(tmp_path / "none.db", readonly=True)
    assert not (tmp_path / "none.db").exists()


def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "mentions.db"
    path.write_text("these are my notes, not a database " * 40)
    before = path.read_bytes()
    with pytest.raises(StoreDamaged, match="backup"):
        Store(path)
    assert path.read_bytes() == before


def test_a_database_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    Store(tmp_path / "mentions.db").close()
    with sqlite3.connect(tmp_path / "mentions.db") as connection:
        connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    connection.close()
    with pytest.raises(StoreNewer, match="upgrade"):
        Store(tmp_path / "mentions.db")


def test_a_database_that_another_program_holds_is_waited_for_then_said(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr("aggregator.store.database.BUSY_SECONDS", 0.1)
    with Store(store.path) as second, pytest.raises(StoreBusy, match="another program"), second.transaction():
        pass
    other.close()


# query, whether it finds the article, why
QUERIES = [
    ("북송", True, "two Korean syllables"),
    ("강제북송", True, "without the space that is there"),
    ("强制", True, "simplified, where traditional is printed"),
    ("中国", True, "two Han characters"),
    ("okn", True, "full width and case"),
    ('"통해 북송"', False, "a phrase that is not there"),
    ("보도 북송", True, "two words in any order"),
    ("북한", False, "a word that is not there"),
    ("repatriat*", True, "the beginning of a word"),
    ("repatriat", False, "half a word is no word"),
    ('"', False, "nothing to look for"),
    ("", False, "nothing at all"),
    ("NEAR( OR ^x:", False, "what FTS5 would take for commands is text"),
]


@pytest.mark.parametrize(("query", "found", "why"), QUERIES, ids=[row[-1] for row in QUERIES])
def test_search(store: Store, query: str, found: bool, why: str) -> None:
    title = "ＯＫＮ 중국대사관 앞 강제 북송 반대 집회 보도 強制送還 中國 Forced repatriation"
    save(store, article(title=title))
    save(store, article(2, title="오늘의 날씨"))
    assert [row.url for row in store.search(query, 9)] == (["https://daily.example/1"] if found else [])


def test_a_database_of_an_earlier_version_is_brought_up_to_date_and_can_be_searched(tmp_path: Path) -> None:
    path = tmp_path / "mentions.db"
    connection = sqlite3.connect(path)
    schema._migrations().apply(Database(connection), stop_before="m003_the_desk")
    connection.executescript("""
        CREATE VIRTUAL TABLE articles_fts USING fts5(
          title, summary, /* content="articles" */ content='', tokenize="unicode61 remove_diacritics 0");
        INSERT INTO articles (id, title, url, link, language, first_seen_at, last_seen_at)
          VALUES (7, '탈북민 강제 북송', 'https://a.example/7', '', 'ko', '2023-10-12', '2023-10-12');
        INSERT INTO articles_fts (rowid, title) VALUES (7, '탈 북 민 강 제 북 송');
    """)
    assert schema.version(connection) == 2
    connection.close()
    for _ in range(2):
        with Store(path) as store:
            assert [row.article for row in store.search("강제북송", 9)] == [7]
            assert store._rows("SELECT * FROM coverage") == []


def test_what_is_remembered_of_sources_outlives_a_new_version_but_for_sitemaps_which_are_read_once_more(
    tmp_path: Path,
) -> None:
    path = tmp_path / "mentions.db"
    connection = sqlite3.connect(path)
    schema._migrations().apply(Database(connection), stop_before="m007_reading")
    connection.executescript("""
        INSERT INTO sources (id, kind, url, every, etag, body_hash, body_at, failures, due_at) VALUES
          ('a', 'feed', 'https://a.example/', 60, '"x"', 'h', '2023-10-12T00:00:00Z', 2, '2023-10-13T00:00:00Z'),
          ('b', 'sitemap', 'https://b.example/', 60, '"y"', 'i', '2023-10-12T00:00:00Z', 0, '2023-10-13T00:00:00Z');
        INSERT INTO articles (id, title, url, link, language, first_seen_at, last_seen_at)
          VALUES (7, 'x', 'https://a.example/7', '', 'ko', '2023-10-12', '2023-10-12');
        INSERT INTO sightings (article, source, link, title, first_seen_at, last_seen_at)
          VALUES (7, 'a', '', '', '', '');
    """)
    connection.close()
    with Store(path) as store:
        kept = "SELECT id, etag, body_hash, failures, read_as, pace FROM sources ORDER BY id"
        assert rows(store, kept) == [("a", '"x"', "h", 2, None, None), ("b", None, None, 0, None, None)]
        assert {one.body_at for one in store.states().values()} == {datetime(2023, 10, 12, tzinfo=UTC)}
        assert rows(store, "PRAGMA foreign_key_check") == []
        with pytest.raises(StoreError), store.transaction():
            store._connection.execute("DELETE FROM sources WHERE id = 'a'")


def test_reindex_builds_the_same_index(store: Store) -> None:
    save(store, article(title="강제 북송"))
    assert store.reindex() == 1
    assert len(store.search("강제북송", 9)) == 1


def test_lists_are_json(store: Store) -> None:
    ((aliases, terms),) = rows(store, "SELECT aliases, terms FROM outlets, topics WHERE topics.id = 't'")
    assert json.loads(aliases) == ["Daily"]
    assert json.loads(terms) == {"ko": ["북송"]}


WAL_RESET = [
    ((3, 6, 23), False, "before there was WAL"),
    ((3, 7, 0), True, "the first with WAL"),
    ((3, 40, 1), True, "Debian 12"),
    ((3, 44, 5), True, "before it was mended there"),
    ((3, 44, 6), False, "mended there"),
    ((3, 45, 0), True, "not mended in this line"),
    ((3, 50, 7), False, "mended there, too"),
    ((3, 51, 2), True, "the last of all"),
    ((3, 51, 3), False, "mended"),
]


@pytest.mark.parametrize(("version", "faulty", "why"), WAL_RESET, ids=[row[-1] for row in WAL_RESET])
def test_which_versions_of_sqlite_may_damage_a_database(version: tuple[int, ...], faulty: bool, why: str) -> None:
    assert wal_reset_fault(version) == faulty, why


def test_a_place_that_cannot_be_written_is_said_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "folder.db").mkdir()
    with pytest.raises(StoreError, match=r"folder\.db: is a directory; name the file in it with --db"):
        Store(tmp_path / "folder.db")
    Store(tmp_path / "mentions.db").close()
    with Store(tmp_path / "mentions.db") as store:
        store._connection.execute("PRAGMA max_page_count = 1")
        with pytest.raises(StoreError, match="disk is full; make room"), store.transaction():
            store.note("long", "x" * 1_000_000)
