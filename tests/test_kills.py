"""A run that is killed at any moment loses nothing, doubles nothing, and is ahead of nothing. See tests/kills.py."""

from __future__ import annotations

import os
from pathlib import Path

from tests import kills

KILLS = int(os.environ.get("KILLS", "15"))  # CI wants more


def test_runs_killed_at_random_moments(tmp_path: Path) -> None:
    report = kills.kill_runs(tmp_path, KILLS, seed=7)
    assert report.wrong == []
    assert report.ended < report.killed * 2, "the moments lie within the runs"


def test_a_full_disk_is_said_and_harms_nothing_and_with_room_again_the_run_goes_on(tmp_path: Path) -> None:
    report = kills.fill_disk(tmp_path, 20, seed=7)
    assert report.wrong == []
    assert report.killed >= 5, "runs that found no room"
    assert report.ended >= 1, "and some that did"
    assert "is the disk full" in (tmp_path / "errors.txt").read_text()


_CARELESS = """
import time
from contextlib import nullcontext
from aggregator.store import Store
Store.transaction = lambda self: nullcontext()
save = Store.save_mentions
def save_late(*arguments):  # so that many a kill falls between an article and its mention
    time.sleep(0.03)
    return save(*arguments)
Store.save_mentions = save_late
"""


def test_the_same_finds_out_a_program_that_writes_without_transactions(tmp_path: Path) -> None:
    assert kills.kill_runs(tmp_path, 100, seed=7, program=_CARELESS).wrong != []
