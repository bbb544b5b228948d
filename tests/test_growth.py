"""What is asked again and again costs the same however much is in the database: in steps of SQLite, not in seconds."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aggregator.datasette_plugin import coverage
from aggregator.store import Store

ROOT = Path(__file__).resolve().parents[1]
NOW = datetime(2023, 10, 13, 6, 0, tzinfo=UTC)
FEW, MANY = 50, 5_000  # articles
_ARTICLE = """
INSERT INTO articles (id, date, title, language, url, link, summary, first_seen_at, last_seen_at)
VALUES (?1, date('2023-10-12', '-' || ?1 || ' days'), 'title', 'ko', 'https://a.example/' || ?1, '', 'summary',
  '2023-10-12T00:00:00Z', '2023-10-12T00:00:00Z')
"""
_SIGHTING = "INSERT INTO sightings SELECT id, 's', NULL, '', title, '', first_seen_at, last_seen_at FROM articles"
_VISITED = "INSERT INTO visits (article, due_at) SELECT id, iif(id <= 3, first_seen_at, NULL) FROM articles"
_MENTIONED = """
INSERT INTO mentions (article, topic, kind, term, matched, field, start, "end", excerpt, found_at)
VALUES (1, 't', 'term', 't', 't', 'title', 0, 1, '', '')
"""
_CLUES = "INSERT INTO clues SELECT id, id % 40, id FROM articles"


def filled(path: Path, articles: int) -> Store:
    """A source with an article a day, all visited but three, one in a list, with clues of forty days."""
    store = Store(path)
    with store.transaction():
        store._connection.execute("INSERT INTO sources (id, kind, url, every) VALUES ('s', 'feed', '', 3600)")
        store._connection.execute("INSERT INTO topics (id, name) VALUES ('t', 't')")
        store._connection.executemany(_ARTICLE, [(number,) for number in range(1, articles + 1)])
        for statement in (_SIGHTING, _VISITED, _MENTIONED, _CLUES):
            store._connection.execute(statement)
    return store


def due_visits(store: Store) -> None:
    assert len(store.debts(["s"], NOW, 20)) == 3


def owing_visits(store: Store) -> None:
    store.owe_visits(["s"], NOW, [1, 2, 3])


def forgetting_again(store: Store) -> None:
    assert store.forget_clues(10) == 0


def the_weeks_of_coverage(store: Store) -> None:
    weeks, _ = coverage.read(store._connection, None, 12)
    assert weeks[-1].isoformat() == "2023-10-09"


def counting_everything(store: Store) -> None:
    assert store.health()


@pytest.mark.parametrize(
    ("work", "grows"),
    [
        pytest.param(due_visits, False, id="visits that are due"),
        pytest.param(owing_visits, False, id="visits that are owed to what a source shows"),
        pytest.param(forgetting_again, False, id="old clues, once they were forgotten on that day"),
        pytest.param(the_weeks_of_coverage, False, id="the weeks of the coverage"),
        pytest.param(counting_everything, True, id="the control: a count of all"),
    ],
)
def test_what_is_asked_again_and_again_costs_the_same_among_many(
    tmp_path: Path, work: Callable[[Store], None], grows: bool
) -> None:
    few, many = (steps(filled(tmp_path / f"{articles}.db", articles), work) for articles in (FEW, MANY))
    assert (many > 3 * few + 10) == grows


def steps(store: Store, work: Callable[[Store], None]) -> int:
    """How many dozens of steps SQLite takes for some work."""
    counted: list[None] = []
    with store, store.transaction():
        store.forget_clues(10)
        store._connection.set_progress_handler(lambda: counted.append(None), 12)
        work(store)
        store._connection.set_progress_handler(None, 12)
    return len(counted)


def test_clues_are_forgotten_anew_on_another_day(tmp_path: Path) -> None:
    with filled(tmp_path / "mentions.db", FEW) as store, store.transaction():
        assert [store.forget_clues(before) for before in (10, 10, 11)] == [19, 0, 2]


def test_the_press_of_the_hour_under_load_prints() -> None:
    code = """
import sys
sys.path[:0] = ["benchmarks", "."]
import soak, soak_press
from tests.press import Press
with Press() as press:
    room = soak_press.Newsroom(press, 1)
    room.print(100)
    entries = [one for feed in room.feeds for one in feed.entries]
    print(len(entries) > 100, {len(one.title) > 5 for one in entries})
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.stdout, done.stderr) == ("True {True}\n", "")
