"""When a source is asked next, after what came of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import schedule
from aggregator.model import (
    Config,
    Fetched,
    Kind,
    Outlet,
    Pace,
    Poll,
    Reading,
    Selectors,
    Source,
    SourceState,
    Status,
)

NOW = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)  # a Sunday
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SOURCE = Source(id="s", url="https://example.org/feed", every=HOUR)
STATE = SourceState(source="s", url=SOURCE.public_url, etag='"old"', last_modified="then", body_hash="h")


def poll(status: Status, *, state: SourceState = STATE, pace: Pace | None = None, **fetched: object) -> Poll:
    return Poll(
        source=SOURCE,
        state=state,
        started_at=NOW,
        fetched=Fetched(status=status, **fetched),  # type: ignore[arg-type]
        status=status,
        reading=Reading(items=(), pace=pace) if pace else None,
        body_hash="new" if status is Status.OK else None,
    )


def wait(asked: Poll, dice: float = 1.0) -> timedelta:
    due_at = schedule.next_state(asked, new=0, now=NOW, dice=dice).due_at
    assert due_at is not None
    return due_at - NOW


def failed(times: int, status: Status = Status.NOT_FOUND) -> Poll:
    return poll(status, state=replace(STATE, failures=times))


def paced(status: Status, pace: Pace) -> Poll:
    return poll(status, state=replace(STATE, pace=pace))


# what came of it, the least and the most it waits, why
WAITS = [
    (poll(Status.OK), 0.9 * HOUR, 0.97 * HOUR, "an interval, a little early for the next tick of cron"),
    (poll(Status.UNCHANGED), 0.9 * HOUR, 0.97 * HOUR, "nothing new is no reason to wait"),
    (failed(0), 0.9 * HOUR, HOUR, "a first failure is asked again after an interval"),
    (failed(3), 3.9 * HOUR, 4 * HOUR, "failures back off by an interval each"),
    (failed(4, Status.TIMEOUT), 2.9 * HOUR, 3 * HOUR, "temporary ones by half of one"),
    (failed(500), 23 * HOUR, DAY, "a day is the longest back-off"),
    (poll(Status.RATE_LIMITED, retry_after=5 * HOUR), 5 * HOUR, 5 * HOUR, "Retry-After is waited for"),
    (poll(Status.OK, max_age=3 * HOUR), 3 * HOUR, 3 * HOUR, "max-age is waited for"),
    (poll(Status.OK, max_age=timedelta(minutes=1)), 0.9 * HOUR, HOUR, "a short max-age does not hurry us"),
    (poll(Status.OK, pace=Pace(ttl=6 * HOUR)), 6 * HOUR, 6 * HOUR, "ttl is waited for"),
    (paced(Status.UNCHANGED, Pace(ttl=6 * HOUR)), 6 * HOUR, 6 * HOUR, "and again where the body is the same"),
    (paced(Status.UNCHANGED, Pace(skip_hours=frozenset({6, 7}))), 2 * HOUR, 2 * HOUR, "as are the hours"),
    (paced(Status.UNCHANGED, Pace(skip_days=frozenset({"Sunday"}))), 18 * HOUR, 18 * HOUR, "and the days"),
    (paced(Status.TIMEOUT, Pace(ttl=6 * HOUR)), 0.9 * HOUR, HOUR, "a ttl is over; a failure does not renew it"),
    (paced(Status.TIMEOUT, Pace(skip_hours=frozenset({6, 7}))), 2 * HOUR, 2 * HOUR, "the hours hold for all"),
    (poll(Status.RATE_LIMITED, retry_after=400 * DAY), 32 * DAY, 32 * DAY, "nobody postpones us for longer"),
    (poll(Status.OK, pace=Pace(skip_hours=frozenset({6, 7}))), 2 * HOUR, 2 * HOUR, "hours to be left alone"),
    (poll(Status.OK, pace=Pace(skip_days=frozenset({"Sunday"}))), 18 * HOUR, 18 * HOUR, "days to be left alone"),
]


@pytest.mark.parametrize(("asked", "least", "most", "why"), WAITS, ids=[row[-1] for row in WAITS])
@pytest.mark.parametrize("dice", [0.0, 0.5, 1.0])
def test_how_long_it_waits(asked: Poll, least: timedelta, most: timedelta, why: str, dice: float) -> None:
    assert least <= wait(asked, dice) <= most


def test_dice_spread_the_sources() -> None:
    assert wait(poll(Status.OK), 0.0) < wait(poll(Status.OK), 1.0)


def test_a_read_body_brings_its_validators_a_failure_keeps_the_old_ones() -> None:
    good = schedule.next_state(poll(Status.OK, etag='"new"'), new=2, now=NOW, dice=0)
    assert (good.etag, good.last_modified, good.body_hash, good.last_new_at) == ('"new"', None, "new", NOW)
    for status in Status:
        if status.failed:
            bad = schedule.next_state(poll(status, etag='"new"'), new=0, now=NOW, dice=0)
            assert (bad.etag, bad.last_modified, bad.body_hash, bad.failures) == ('"old"', "then", "h", 1)


def test_the_pace_of_a_body_is_remembered_until_another_one_is_read() -> None:
    daily, nothing = Pace(ttl=DAY), Pace()
    before = replace(STATE, pace=daily)
    rows = [
        (poll(Status.OK, pace=daily), daily, "a body says it"),
        (poll(Status.UNCHANGED, state=before), daily, "the same body again"),
        (poll(Status.OK, state=before, pace=nothing), nothing, "another body does not say it any more"),
        (poll(Status.EMPTY, state=before, pace=nothing), daily, "what failed says nothing"),
    ]
    for asked, pace, why in rows:
        assert schedule.next_state(asked, new=0, now=NOW, dice=0).pace == pace, why


def test_a_source_that_is_read_in_another_way_is_told_from_the_others() -> None:
    korean = Outlet(id="o", name="O", country="KR")
    source = replace(SOURCE, outlet="o")
    before = Config(sources={"s": source}, outlets={"o": korean}, topics={})
    read_as = {"s": before.reads_as(source), "old": "1", "gone": "2"}
    rows = [
        (source, korean, False, "as before"),
        (replace(source, every=DAY, timeout=HOUR, visit=True), korean, False, "how it is asked is another matter"),
        (source, replace(korean, name="P", aliases=("Q",)), False, "and so is how its outlet is called"),
        (replace(source, zone="Asia/Tokyo"), korean, True, "another zone"),
        (source, replace(korean, country="JP"), True, "another country, which is another zone"),
        (replace(source, encoding="euc-kr"), korean, True, "another encoding"),
        (replace(source, language="ja"), korean, True, "another hint, on which the encoding may depend"),
        (replace(source, kind=Kind.PAGE), korean, True, "another kind"),
        (replace(source, select=Selectors(item="li")), korean, True, "selectors"),
        (replace(source, kind="letters", options={"folder": "Press"}), korean, True, "options"),
    ]
    for one, outlet, other, why in rows:
        config = replace(before, sources={"s": one, "old": SOURCE}, outlets={"o": outlet})
        assert schedule.read_otherwise(config, read_as | {"old": None}) == (("s",) if other else ()), why


def test_success_forgets_failures_and_gone_ends_it() -> None:
    assert schedule.next_state(poll(Status.OK, state=replace(STATE, failures=9)), new=0, now=NOW, dice=0).failures == 0
    gone = schedule.next_state(poll(Status.GONE), new=0, now=NOW, dice=0)
    assert not gone.enabled
    assert not schedule.is_due(gone, NOW + 100 * DAY)


def test_a_permanent_redirect_is_remembered() -> None:
    moved = schedule.next_state(poll(Status.OK, moved_to="https://example.org/new"), new=0, now=NOW, dice=0)
    assert moved.moved_to == "https://example.org/new"
    again = schedule.next_state(poll(Status.OK, state=moved), new=0, now=NOW, dice=0)
    assert again.moved_to == "https://example.org/new"


def test_a_redirect_that_leads_nowhere_any_more_is_forgotten_and_the_first_address_asked_again() -> None:
    moved = replace(STATE, moved_to="https://example.org/new")
    for status in (Status.GONE, Status.NOT_FOUND, Status.DNS):
        lost = schedule.next_state(poll(status, state=moved), new=0, now=NOW, dice=0)
        assert (lost.moved_to, lost.enabled) == (None, True)
    kept = schedule.next_state(poll(Status.TIMEOUT, state=moved), new=0, now=NOW, dice=0)
    assert kept.moved_to == moved.moved_to
    again = replace(moved, failures=2)
    assert schedule.next_state(poll(Status.NOT_A_FEED, state=again), new=0, now=NOW, dice=0).moved_to is None


def test_a_redirect_to_what_is_no_feed_is_not_followed_a_second_time() -> None:
    for status in (Status.NOT_A_FEED, Status.EMPTY, Status.PARSE_ERROR):
        asked = poll(status, moved_to="https://example.org/maintenance")
        assert schedule.next_state(asked, new=0, now=NOW, dice=0).moved_to is None


def test_what_is_switched_off_stays_so_though_somebody_asks_it_by_name() -> None:
    asked = replace(poll(Status.OK), source=replace(SOURCE, enabled=False))
    assert not schedule.next_state(asked, new=1, now=NOW, dice=0).enabled


# what is remembered, whether it is due, why
DUE = [
    (STATE, True, "never asked"),
    (replace(STATE, due_at=NOW), True, "due now"),
    (replace(STATE, due_at=NOW + HOUR), False, "due later"),
    (replace(STATE, due_at=NOW + 400 * DAY), True, "due beyond what we ever set: a clock was wrong"),
    (replace(STATE, enabled=False), False, "switched off"),
]


@pytest.mark.parametrize(("state", "due", "why"), DUE, ids=[row[-1] for row in DUE])
def test_what_is_due(state: SourceState, due: bool, why: str) -> None:
    assert schedule.is_due(state, NOW) is due


def test_a_source_with_a_new_address_is_told_from_the_others() -> None:
    elsewhere = replace(SOURCE, url="https://example.org/other")
    assert schedule.moved([elsewhere], {"s": STATE}) == ("s",)
    assert schedule.moved([SOURCE], {"s": STATE}) == ()
    assert schedule.moved([SOURCE], {}) == ()


@given(
    st.sampled_from([status for status in Status if status is not Status.GONE]), st.integers(0, 10_000), st.floats(0, 1)
)
def test_every_wait_is_positive_and_bounded(status: Status, failures: int, dice: float) -> None:
    assert timedelta() < wait(poll(status, state=replace(STATE, failures=failures)), dice) <= schedule.LONGEST


# every, what the server asks for, the hours the feed wants to be left alone
FAR_AHEAD = [
    (40 * DAY, None, frozenset[int]()),
    (HOUR, 400 * DAY, frozenset({0, 1, 2, 3})),
    (HOUR, 32 * DAY, frozenset(range(23))),
]


@pytest.mark.parametrize(("every", "max_age", "hours"), FAR_AHEAD)
def test_a_poll_is_never_due_again_at_once(every: timedelta, max_age: timedelta | None, hours: frozenset[int]) -> None:
    asked = poll(Status.OK, pace=Pace(skip_hours=hours), max_age=max_age)
    state = schedule.next_state(replace(asked, source=replace(SOURCE, every=every)), new=0, now=NOW, dice=1)
    assert not schedule.is_due(state, NOW + timedelta(minutes=5))
