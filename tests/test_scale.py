"""The simulation of docs/scale.md: where theory gives an answer, it is the same; and it is as repeatable as a proof."""

from __future__ import annotations

import importlib.util
import sys
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

_PATH = Path(__file__).resolve().parents[1] / "benchmarks" / "scale.py"
_SPEC = importlib.util.spec_from_file_location("scale", _PATH)
assert _SPEC
assert _SPEC.loader
scale = sys.modules["scale"] = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(scale)

FREE = scale.Costs(*[0.0] * len(scale.Costs._fields))
HOUR = 3_600.0
BETWEEN = 0.93 * HOUR + scale.TICK / 2  # seconds between two polls of an hourly source: what `schedule` says, and cron


def world(**changes: Any) -> Any:
    """Three hundred feeds on as many hosts, alike in everything, which never fail."""
    alike = {"hanging": 0.0, "gone": 0.0, "latency_spread": 0.0, "new_host": 1.0, "rate_spread": 0.0,
             "night": 0.0}  # fmt: skip
    return scale.World(**{"feeds": 300, "articles": 0.0} | alike | changes)


def told(world: Any, costs: Any = FREE, crew: Any = None, seed: int = 1, hours: float = 10) -> Any:
    return scale.Simulation(world, crew or scale.Crew(), costs, seed).told(hours)


def test_feeds_are_asked_as_often_as_the_schedule_and_cron_allow() -> None:
    found = told(world())
    assert found.polls / found.seconds == pytest.approx(300 / BETWEEN, rel=0.03)


def test_as_many_connections_are_open_as_littles_law_says() -> None:
    found = told(world(), FREE._replace(ask=0.1))
    arrivals = found.polls / found.seconds
    assert found.open > arrivals * (scale.LATENCY + 0.1)
    apart = told(world(), FREE._replace(ask=0.1), scale.Crew(processes=300))  # where nobody waits for a processor
    assert apart.open == pytest.approx(arrivals * (scale.LATENCY + 0.1), rel=0.02)


def test_a_writer_is_busy_by_the_rate_times_the_service_time() -> None:
    costs = FREE._replace(keep=0.2, keep_body=0.3, article=0.05, group=0.1)
    found = told(world(articles=20_000.0), costs, scale.Crew(processes=2))
    work = found.polls * 0.2 + found.bodies * 0.3 + found.articles * 0.15
    assert found.writing * found.seconds == pytest.approx(work, rel=0.02)


def test_articles_wait_for_half_an_interval_on_average() -> None:
    lags = told(world(articles=20_000.0)).lags
    assert sum(lags) / len(lags) == pytest.approx(BETWEEN / 2, rel=0.05)


def test_what_is_published_beyond_a_feed_between_two_polls_is_lost() -> None:
    rate = 1.5 * scale.WINDOW / HOUR
    found = told(world(feeds=40, articles=40 * rate * scale.DAY), hours=24)
    expected = 1 - scale.WINDOW / (rate * BETWEEN)
    assert found.lost / (found.lost + found.articles) == pytest.approx(expected, abs=0.03)
    assert told(world(articles=2_000.0)).lost == 0


def test_hosts_that_hang_are_asked_less_and_less_as_the_schedule_says() -> None:
    found = told(world(hanging=1.0), hours=23)
    assert 4 < found.polls / 300 < 9  # half an hour later each time; a source that answers would be asked 24 times
    assert found.articles == 0


def test_the_same_seed_gives_the_same_table_and_another_one_another() -> None:
    real = scale.World(200, 4_000.0)
    rows = [scale.row("", real, scale.Crew(), told(real, seed=seed, hours=6), 3_000) for seed in (1, 1, 2)]
    assert rows[0] == rows[1] != rows[2]


def test_more_processes_and_more_databases_never_make_articles_wait_longer() -> None:
    busy = world(articles=20_000.0, every=timedelta(minutes=15))
    costs = FREE._replace(ask=2.0, read=1.0, keep=0.5, article=0.4)
    crews = [(1, 1), (2, 1), (4, 1), (4, 2), (8, 4)]
    lags = [told(busy, costs, scale.Crew(*crew), hours=4).lags for crew in crews]
    waits = [sum(some) / len(some) for some in lags]
    assert all(later < 1.02 * earlier for earlier, later in pairwise(waits))
    assert waits[-1] < 0.75 * waits[0]


@pytest.mark.parametrize("processes", [2, 16])
def test_beyond_what_a_writer_can_do_feeds_are_asked_more_seldom_however_many_processes_fetch(processes: int) -> None:
    wanted = 300 / BETWEEN
    too_much, enough = FREE._replace(keep=1.3 / wanted), FREE._replace(keep=0.5 / wanted)
    found = told(world(), too_much, scale.Crew(processes))
    assert found.writing > 0.9
    assert found.polls / found.seconds == pytest.approx(wanted / 1.3, rel=0.1)
    found = told(world(), enough, scale.Crew(processes))
    assert found.writing < 0.6
    assert found.polls / found.seconds > 0.95 * wanted
