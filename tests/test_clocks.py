"""A clock that jumps, or is kept in another zone: nothing is asked twice for it, and nothing is forgotten for long."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aggregator import config, pipeline, schedule
from aggregator.store import Store
from tests.forks import Forks
from tests.press import Press

NOW = datetime(2023, 10, 12, 6, 0, tzinfo=UTC)
DAY = timedelta(days=1)
RSS = b"<rss version='2.0'><channel><item><title>x</title><link>https://a.example/1</link></item></channel></rss>"
UTC_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")

# what the clock says in one run after another, in how many of them the source is asked, why
CLOCKS = [
    ([NOW, NOW + DAY, NOW], 2, "a day ahead, and back"),
    ([NOW, NOW - DAY, NOW], 1, "a day behind, and back: it is not due before the time that was set"),
    ([datetime(1970, 1, 1, tzinfo=UTC), NOW, NOW], 2, "a machine without a battery, until it has asked for the time"),
    ([datetime(2100, 1, 1, tzinfo=UTC), NOW, NOW], 2, "a clock far ahead, and set right"),
    ([NOW, datetime(2100, 1, 1, tzinfo=UTC), NOW, NOW], 3, "right, far ahead, and right again"),
    ([NOW, datetime(1970, 1, 1, tzinfo=UTC), NOW], 3, "right, in 1970, and right again"),
    ([NOW] * 5, 1, "a clock that stands still"),
]


def feeds_yaml(folder: Path, press: Press) -> Path:
    path = folder / "feeds.yaml"
    path.write_text(f"fetch: {{allow_private: true}}\nsources: [{{id: a, url: '{press.url('/a')}'}}]\ntopics: {{}}\n")
    return path


@pytest.mark.parametrize(("clock", "asked", "why"), CLOCKS, ids=[row[-1] for row in CLOCKS])
def test_a_clock_that_jumps_has_nothing_asked_twice_and_postpones_nothing_beyond_the_cap(
    tmp_path: Path, clock: list[datetime], asked: int, why: str
) -> None:
    with Press() as press, Store(tmp_path / "mentions.db") as store:
        press.serve("/a", RSS)
        given = config.load(feeds_yaml(tmp_path, press))
        for moment in clock:
            before = len(press.requests)
            for _ in range(3):  # cron comes more than once while the clock is wrong
                edges = pipeline.Edges(clock=lambda moment=moment: moment, dice=lambda: 0.5)  # type: ignore[misc]
                pipeline.run(given, store, pipeline.Order(), edges)
            assert len(press.requests) - before <= 1, why
            state = store.states()["a"]
            assert state.due_at
            wait = timedelta() if schedule.is_due(state, moment) else state.due_at - moment
            assert wait <= schedule.LONGEST, why
        assert len(press.requests) == asked, why


def test_whatever_the_zone_of_the_machine_times_are_utc_and_due_times_do_not_move(tmp_path: Path) -> None:
    with Press() as press, Forks(tmp_path) as forks:
        press.serve("/a", RSS)
        feeds_yaml(tmp_path, press)
        for zone in ("Pacific/Kiritimati", "America/St_Johns", "Asia/Seoul", "UTC"):
            run = forks.start(f"import time; time.tzset()\n{forks.command('run')}", {"TZ": zone})
            assert (run.wait(), run.told()) == (0, "")
        assert len(press.requests) == 1
    with Store(tmp_path / "mentions.db") as store:
        (row,) = store._rows("SELECT started_at, first_seen_at, due_at FROM fetches, articles, sources")
    begin, seen, due = (datetime.fromisoformat(row[key]) for key in range(3))
    assert all(UTC_TIME.fullmatch(row[key]) for key in range(3))
    assert abs(datetime.now(UTC) - begin) < timedelta(minutes=5)
    assert timedelta() <= seen - begin < timedelta(minutes=5)
    assert timedelta(minutes=50) < due - begin < timedelta(minutes=65)
