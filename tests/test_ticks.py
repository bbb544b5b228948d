"""A tick of cron in which nothing is due costs next to nothing, and nothing that is to be done is mistaken for it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from aggregator import schedule, ticks
from aggregator.cli import running
from aggregator.errors import RunLocked
from aggregator.store import Store

NOW, FAR, LATER = "2023-10-12T06:00:00Z", "2023-11-13T06:00:00Z", "2023-10-12T07:00:00Z"
SOURCE = "INSERT INTO sources (id, kind, url, every, enabled, due_at) VALUES ('s', 'feed', 'https://s.example/', 60, "
ARTICLE = (
    "INSERT INTO articles (id, title, language, url, link, first_seen_at, last_seen_at)"
    " VALUES (1, '', 'ko', 'u', '', '', '')"
)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database in which nothing is to be done."""
    path = tmp_path / "mentions.db"
    with Store(path) as store, store.transaction():
        store.note("right", "digest")
    return path


def passed(path: Path, digest: str = "digest") -> bool:
    return ticks.passed(path, ("right", digest), NOW, FAR, "1.0")


def runs(path: Path) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    found = connection.execute("SELECT started_at, ended_at, version, due, exit_code FROM runs").fetchall()
    connection.close()
    return found


DONE = [
    ("", "nothing is polled at all"),
    (f"{SOURCE} 1, '{LATER}')", "the only source is due later"),
    (f"{SOURCE} 0, NULL)", "the only source is switched off"),
    (f"{ARTICLE}; INSERT INTO visits (article, due_at) VALUES (1, '{LATER}')", "a page is visited later"),
    (f"{ARTICLE}; INSERT INTO visits (article) VALUES (1)", "a page need not be visited any more"),
    ("INSERT INTO alerts (kind, note, began_at, told_at) VALUES ('offline', '', '1', '2')", "an alert that was told"),
    ("INSERT INTO alerts (kind, note, began_at, ended_at) VALUES ('offline', '', '1', '2')", "an alert that is over"),
]


@pytest.mark.parametrize(("sql", "why"), DONE, ids=[row[-1] for row in DONE])
def test_a_tick_in_which_nothing_is_due_is_a_run_all_the_same(database: Path, sql: str, why: str) -> None:
    connection = sqlite3.connect(database)
    connection.executescript(sql)
    connection.close()
    assert passed(database)
    assert runs(database) == [(NOW, NOW, "1.0", 0, 0)]


TO_DO = [
    (f"{SOURCE} 1, NULL)", "a source that was never asked"),
    (f"{SOURCE} 1, '{NOW}')", "a source that is due"),
    (f"{SOURCE} 1, '2099-01-01T00:00:00Z')", "a due time of a clock that was wrong"),
    (f"{ARTICLE}; INSERT INTO visits (article, due_at) VALUES (1, '{NOW}')", "a page to be visited"),
    (f"{ARTICLE}; INSERT INTO ungrouped VALUES (1)", "an article to be compared"),
    ("INSERT INTO alerts (kind, note, began_at) VALUES ('offline', '', '1')", "an alert to be told"),
    ("UPDATE meta SET value = 'another' WHERE key = 'right'", "a feeds.yaml that was edited, or never found right"),
    ("DROP TABLE alerts", "a database of an earlier version"),
]


@pytest.mark.parametrize(("sql", "why"), TO_DO, ids=[row[-1] for row in TO_DO])
def test_whatever_is_to_be_done_is_left_to_a_whole_run(database: Path, sql: str, why: str) -> None:
    connection = sqlite3.connect(database)
    connection.executescript(sql)
    connection.close()
    assert not passed(database)
    assert runs(database) == []


def test_a_file_that_is_no_database_is_left_to_a_whole_run_which_says_so(tmp_path: Path) -> None:
    path = tmp_path / "mentions.db"
    path.write_bytes(b"no database " * 500)
    assert not passed(path)
    assert path.read_bytes() == b"no database " * 500


def test_another_run_is_never_overlapped(database: Path) -> None:
    with ticks.lock(database), pytest.raises(RunLocked):
        passed(database)


def test_the_latest_time_that_a_source_can_be_due_is_that_of_the_schedule() -> None:
    assert running.FAR == schedule.LONGEST
