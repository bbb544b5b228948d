"""`prune`: what is old and in no list goes with all that hangs on it; nothing else does."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aggregator import cli
from aggregator.store import Store

NOW = datetime.now(UTC)


def ago(days: float) -> str:
    return f"{NOW - timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"


OLD, YOUNG = ago(400), ago(100)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "mentions.db") as store:
        store._connection.executescript("""
            INSERT INTO topics (id, name) VALUES ('t', 'T');
            INSERT INTO sources (id, kind, url, every) VALUES ('s', 'feed', 'https://a.example/', 900);
            INSERT INTO stories (id, title) VALUES (1, 'S');
            INSERT INTO reference_lists (id, url, first_seen_at, last_seen_at) VALUES (1, 'l', '', '');
        """)
        article(store, 99, seen=ago(1))  # what the source has now
        yield store


def article(store: Store, number: int, *, published: str | None = OLD, found: str = OLD, seen: str = OLD) -> None:
    """An article that one source had, with something in every table."""
    connection = store._connection
    connection.execute(
        "INSERT INTO articles (id, title, summary, language, url, link, published_at, first_seen_at, last_seen_at)"
        " VALUES (?, '북송', '훈춘', 'ko', ?, '', ?, ?, ?)",
        (number, f"https://a.example/{number}", published, found, seen),
    )
    connection.execute("INSERT INTO sightings VALUES (?, 's', NULL, '', '', '', ?, ?)", (number, found, seen))
    connection.execute("INSERT INTO headlines VALUES (?, '북송')", (number,))
    connection.execute(
        "INSERT INTO revisions (article, seen_at, field, before, after, kind) VALUES (?, '', '', '', '', '')", (number,)
    )
    connection.execute("INSERT INTO links VALUES (?, 'https://b.example/', '', '', '')", (number,))
    connection.execute("INSERT INTO addresses VALUES (?, ?, '', '')", (f"https://m.a.example/{number}", number))
    connection.execute("INSERT INTO identities VALUES (?, ?)", (number, number))
    mention(store, number, retired=OLD)
    from aggregator import search

    search.add(connection, [(number, "북송", "훈춘")])


def mention(store: Store, number: int, *, retired: str | None = None) -> None:
    store._connection.execute(
        "INSERT OR REPLACE INTO mentions"
        " (article, topic, kind, term, matched, field, start, end, excerpt, found_at, retired_at)"
        " VALUES (?, 't', 'term', '', '', '', 0, 1, '', '', ?)",
        (number, retired),
    )


def story(store: Store) -> None:
    store._connection.execute("UPDATE articles SET story = 1 WHERE id = 1")


def cited(store: Store) -> None:
    store._connection.execute(
        "INSERT INTO citations (list, position, headline, language, article, state)"
        " VALUES (1, 1, '', 'ko', 1, 'resolved')"
    )


def ruled(store: Store) -> None:
    store._connection.execute(
        "INSERT INTO rulings VALUES ('copy', 'https://a.example/1', 'https://a.example/2', 0, '')"
    )


def copied(store: Store) -> None:
    article(store, 2, published=YOUNG, found=YOUNG, seen=YOUNG)
    store._connection.execute("UPDATE articles SET copy_of = 1 WHERE id = 2")


def copied_by_what_is_old(store: Store) -> None:
    article(store, 2)
    store._connection.execute("UPDATE articles SET copy_of = 1 WHERE id = 2")


KEPT = [
    ({}, None, [1], "old, and in no list; its mention was retired"),
    ({"published": YOUNG, "found": YOUNG, "seen": YOUNG}, None, [], "young"),
    ({"published": None}, None, [1], "undated, and found long ago"),
    ({"published": None, "found": YOUNG, "seen": YOUNG}, None, [], "undated, and found lately"),
    ({"seen": YOUNG}, None, [], "an archive page had it lately"),
    ({"seen": ago(1)}, None, [], "its source has it still"),
    ({}, lambda store: mention(store, 1), [], "it mentions a topic"),
    ({}, story, [], "it is of a story"),
    ({}, cited, [], "somebody's list cites it"),
    ({}, ruled, [], "somebody ruled on it"),
    ({}, copied, [], "it is the original of a copy that stays"),
    ({}, copied_by_what_is_old, [1, 2], "it goes with its copies"),
]


@pytest.mark.parametrize(("made", "then", "goes", "why"), KEPT, ids=[row[-1] for row in KEPT])
def test_what_goes(store: Store, made: dict[str, str | None], then: object, goes: list[int], why: str) -> None:
    article(store, 1, **made)  # type: ignore[arg-type]
    if callable(then):
        then(store)
    assert store.old_articles(NOW - timedelta(days=365)) == goes, why


def test_what_is_still_in_a_source_that_fell_silent_long_ago_stays(store: Store) -> None:
    store._connection.execute("DELETE FROM sightings WHERE article = 99")
    article(store, 1)
    article(store, 2, seen=ago(500))
    assert store.old_articles(NOW - timedelta(days=365)) == [2], "the last body that it gave had the other"


def test_all_that_hangs_on_an_article_goes_with_it_and_the_rest_is_untouched(store: Store) -> None:
    article(store, 1)
    mention(store, 99)
    before = counts(store)
    store.remove_articles(store.old_articles(NOW - timedelta(days=365)))
    after = counts(store)
    assert {table: before[table] - after[table] for table in before if before[table] != after[table]} == dict.fromkeys(
        ("articles", "sightings", "headlines", "revisions", "links", "addresses", "identities", "mentions"), 1
    )
    assert [row.article for row in store.search("훈춘", 9)] == [99]
    assert store._rows("PRAGMA foreign_key_check") == []
    store._connection.execute("INSERT INTO articles_fts (articles_fts) VALUES ('integrity-check')")


def counts(store: Store) -> dict[str, int]:
    names = [
        row["name"] for row in store._rows("SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE '% -- %'")
    ]
    return {name: store._rows(f"SELECT count(*) AS n FROM {name}")[0]["n"] for name in names}


def test_many_go_in_small_transactions(store: Store) -> None:
    for number in range(1, 1_205):
        if number != 99:
            article(store, number)
    store.remove_articles(store.old_articles(NOW - timedelta(days=365)))
    assert [row["id"] for row in store._rows("SELECT id FROM articles")] == [99]


def log(store: Store) -> None:
    store._connection.executescript(f"""
        INSERT INTO sources (id, kind, url, every) VALUES ('off', 'feed', 'https://b.example/', 900);
        INSERT INTO runs (id, started_at, version) VALUES (1, '{OLD}', ''), (2, '{OLD}', ''), (3, '{YOUNG}', '');
        INSERT INTO fetches (run, source, started_at, status) VALUES
          (1, 's', '{OLD}', 'ok'), (2, 's', '{OLD}', 'ok'), (3, 's', '{YOUNG}', 'ok'), (2, 'off', '{OLD}', 'gone');
        INSERT INTO alerts (source, kind, note, began_at, ended_at) VALUES
          ('s', 'gap', 'over for long', '{OLD}', '{OLD}'), ('s', 'gap', 'over', '{OLD}', '{YOUNG}'),
          ('off', 'failing', 'lasts', '{OLD}', NULL);
    """)


def test_old_polls_go_but_not_the_last_of_a_source_nor_its_run(store: Store) -> None:
    log(store)
    assert store.old_logs(NOW - timedelta(days=365)) == 2
    store.remove_logs(NOW - timedelta(days=365))
    left = [(row["run"], row["source"]) for row in store._rows("SELECT run, source FROM fetches ORDER BY id")]
    assert left == [(3, "s"), (2, "off")]
    assert [row["id"] for row in store._rows("SELECT id FROM runs")] == [2, 3]
    assert [row["note"] for row in store._rows("SELECT note FROM alerts ORDER BY id")] == ["over", "lasts"]


def call(folder: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--db", str(folder / "mentions.db"), "prune", *arguments])
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out + err


def test_the_command(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    article(store, 1)
    log(store)
    store.close()
    assert call(tmp_path, capsys)[0] == 2
    assert call(tmp_path, capsys, "--articles", "0")[0] == 2
    code, told = call(tmp_path, capsys, "--articles", "365", "--logs", "365", "--dry-run")
    assert (code, told) == (0, "1 article older than 365 days would go\n2 polls older than 365 days would go\n")
    assert call(tmp_path, capsys, "--articles", "365")[1] == "1 article older than 365 days is gone\n"
    assert call(tmp_path, capsys, "--articles", "365")[1] == "0 articles older than 365 days are gone\n"
    connection = sqlite3.connect(tmp_path / "mentions.db")
    assert connection.execute("SELECT count(*) FROM articles").fetchone() == (1,)
    connection.close()
