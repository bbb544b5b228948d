"""What a run came to, and what a person is told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aggregator import report
from aggregator.model import Outcome, Status

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def outcome(status: Status, **counts: int) -> Outcome:
    return Outcome(source="s", status=status, started_at=NOW, note="HTTP 404", **counts)  # type: ignore[arg-type]


OK, SAME, EMPTY, LOST = (outcome(status) for status in (Status.OK, Status.UNCHANGED, Status.EMPTY, Status.NOT_FOUND))

# outcomes, strict, exit code, why
EXITS = [
    ((), False, 0, "nothing was due"),
    ((OK, SAME), False, 0, "all is well"),
    ((OK, LOST), False, 0, "a failed source is no failure of the run"),
    ((OK, LOST), True, 1, "unless it is strict"),
    ((LOST, EMPTY), False, 1, "every due source failed"),
    ((SAME,), True, 0, "unchanged is success"),
]


@pytest.mark.parametrize(("outcomes", "strict", "code", "why"), EXITS, ids=[row[-1] for row in EXITS])
def test_exit_codes(outcomes: tuple[Outcome, ...], strict: bool, code: int, why: str) -> None:
    assert report.summary(outcomes, strict=strict).exit_code == code


def test_counts_add_up() -> None:
    summary = report.summary([outcome(Status.OK, new=2, changed=1, mentions=1), OK, SAME, EMPTY, LOST])
    assert (summary.due, summary.ok, summary.unchanged, summary.empty, summary.failed) == (5, 2, 1, 1, 2)
    assert (summary.new, summary.changed, summary.mentions) == (2, 1, 1)
    assert [one.status for one in summary.failures] == [Status.EMPTY, Status.NOT_FOUND]


def test_what_was_due_and_not_asked_is_counted_and_said() -> None:
    summary = report.summary([LOST], due=3)
    assert (summary.due, summary.failed, summary.exit_code) == (3, 1, 0)
    assert report.headline(summary).startswith("3 due: 0 ok, 0 unchanged, 1 failed, 2 not asked; 0 new")
    assert report.summary([LOST], due=3, strict=True).exit_code == 1


def test_the_printed_object_has_the_keys_that_scripts_read() -> None:
    assert report.summary([LOST]).as_dict() == {
        "due": 1, "ok": 0, "unchanged": 0, "empty": 0, "failed": 1, "new": 0, "changed": 0, "mentions": 0,
        "exit_code": 1,
        "failures": [{"source": "s", "status": "not_found", "note": "HTTP 404"}],
    }  # fmt: skip


# status, its line, why
LINES = [
    (Status.NOT_FOUND, "s: not_found: HTTP 404", "the note says it all"),
    (Status.TLS, f"s: tls: HTTP 404: {report.ADVICE[Status.TLS]}", "what to do is added"),
]


@pytest.mark.parametrize(("status", "line", "why"), LINES, ids=[row[-1] for row in LINES])
def test_a_failure_is_one_line(status: Status, line: str, why: str) -> None:
    assert report.failure(outcome(status)) == line


def test_what_usually_passes_needs_a_hand_when_it_has_come_thrice_all_else_at_once() -> None:
    needy = {status for status in Status if status.failed and report.needs_a_hand(outcome(status, failures=1))}
    assert needy == {status for status in Status if status.failed} - report.PASSING
    assert all(report.needs_a_hand(outcome(status, failures=3)) for status in report.PASSING)


def test_advice_is_for_failures_only() -> None:
    assert all(status.failed for status in report.ADVICE)
