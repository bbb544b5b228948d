"""A disk that fails at any moment costs the run that meets it, and nothing else. See tests/disks.py."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests import disks

REQUIRED = os.environ.get("DISKS") == "required"  # CI wants more, and may not skip it
FAULTS, STEP = (disks.FAULTS, 24) if REQUIRED else (disks.FAULTS[:3], 160)


def test_a_disk_that_fails_at_any_moment_is_said_and_harms_nothing_and_the_next_run_goes_on(tmp_path: Path) -> None:
    if not REQUIRED and not disks.works():
        pytest.skip("strace is not here, or may not trace")
    report = disks.fail(tmp_path, STEP, FAULTS)
    assert report.wrong == []
    assert report.failed >= len(FAULTS), "runs that met it"
    assert report.unnoticed >= 1, "and some that had ended, or could do without"
