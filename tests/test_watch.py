"""What an operator is told of, when, and how often: once, and until it is over."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aggregator import report, watch
from aggregator.model import Alert, Outcome, PastPoll, Silence, Source, Status, Trouble
from aggregator.store import Store
from tests.press import Press
from tests.world import FIRST, HOUR, NOW, SECOND, World, rss

DAY = timedelta(days=1)
T = Trouble
SOURCE = Source(id="s", url="https://s.example/rss", every=2 * HOUR)
LIST, MAP, REFERENCES = (
    Source(id="s", url="https://s.example/", kind=kind, every=2 * HOUR) for kind in ("page", "sitemap", "references")
)
USUAL = [PastPoll(items=30, dated=30)] * 3


def polled(status: Status = Status.OK, *, source: Source = SOURCE, past: Sequence[PastPoll] = USUAL, hours: float = 2,
           **counts: int) -> watch.Shown:  # fmt: skip
    """What a poll shows of a source that had answered some hours before; of 30 items, 29 are known and all dated."""
    usual = {"items": 30, "known": 29, "dated": 30} if status is Status.OK else {}
    outcome = Outcome(source="s", status=status, started_at=NOW, **(usual | counts))  # type: ignore[arg-type]
    return watch.of_poll(outcome, source, NOW - hours * HOUR, past)


# --- what a poll shows ------------------------------------------------------------------------------------------------

NOTHING_YET = [PastPoll(items=2, dated=0)]
POLLS = [
    (polled(), {T.FAILING: "", T.GAP: "", T.CHANGED: "", T.AHEAD: ""}, "all is well"),
    (polled(Status.UNCHANGED), {T.FAILING: ""}, "a 304 says nothing about markup, dates and what was missed"),
    (polled(Status.NOT_FOUND, failures=1), {T.FAILING: "not_found"}, "what does not pass is told at once"),
    (polled(Status.TIMEOUT, failures=2), {}, "what may pass is neither there nor over"),
    (polled(Status.TIMEOUT, failures=3), {T.FAILING: "timeout"}, "but not the third time in a row"),
    (polled(Status.EMPTY, failures=1), {T.FAILING: "empty: it answered without"}, "200 and nothing"),
    (polled(known=0), {T.GAP: "none of its 30 items was there 2 h ago"}, "the window of the feed moved past us"),
    (polled(known=0), {T.GAP: "set `every` to 60m or less"}, "asked twice as often it may not"),
    (polled(known=0, hours=72), {T.GAP: "it could not be asked in between"}, "the machine was off for three days"),
    (polled(known=0, source=LIST), {T.GAP: "none of its 30"}, "a front page moves on as feeds do"),
    (polled(known=0, source=MAP), {T.GAP: None}, "a sitemap is read from where it was left"),
    (polled(known=0, source=REFERENCES), {T.GAP: None}, "a list of somebody else is no window"),
    (polled(items=3, known=3, source=LIST), {T.CHANGED: "3 items where there are 30 as a rule"}, "a new layout"),
    (polled(items=3, known=3), {T.CHANGED: ""}, "a feed of today has few items in the morning"),
    (polled(items=8, known=8, dated=8, source=LIST), {T.CHANGED: ""}, "a quarter is no new layout"),
    (polled(items=1, known=1, source=LIST, past=NOTHING_YET), {T.CHANGED: ""}, "it never had many"),
    (polled(dated=0), {T.CHANGED: "none of its 30 items has a date that can be read"}, "dates in another form"),
    (polled(dated=0, past=NOTHING_YET * 3), {T.CHANGED: ""}, "it never had dates"),
    (polled(dated=0, past=[]), {T.CHANGED: None}, "read for the first time"),
    (polled(ahead=3), {T.AHEAD: "3 of its 30 items are dated in the future"}, "a wrong zone"),
    (polled(known=30), {T.AHEAD: None}, "without a new item nothing is known of their dates"),
]


@pytest.mark.parametrize(("shown", "expected", "why"), POLLS, ids=[row[-1] for row in POLLS])
def test_a_poll_shows_troubles_that_are_there_and_troubles_that_are_over(
    shown: watch.Shown, expected: dict[Trouble, str | None], why: str
) -> None:
    for trouble, note in expected.items():
        found = shown.get(("s", trouble))
        assert (found is None) == (note is None)
        assert note == found if not note else note in (found or "")
    if not expected:
        assert shown == {}


SILENCES = [
    (13, 0.5, True, "nothing new for 13 days, usually every 12 h: ", "much longer than usual"),
    (2.5, 1.0, True, "", "a weekend"),
    (3.1, 1.0, True, "nothing new for 3 days, usually every 24 h: ", "longer than a weekend"),
    (1.9, 0.1, True, "", "less than two days are nothing"),
    (20, 7.0, True, "", "a weekly may take a holiday"),
    (5, None, True, "", "how often it prints is not known yet"),
    (7, None, True, "nothing new for 7 days: ", "but now it should be"),
    (3, None, False, "it has brought nothing in 3 days: ", "nor ever did"),
    (1, None, False, "", "it was added yesterday"),
]


@pytest.mark.parametrize(("days", "usual", "ever", "note", "why"), SILENCES, ids=[row[-1] for row in SILENCES])
def test_silence_is_measured_by_the_rhythm_of_the_source(
    days: float, usual: float | None, ever: bool, note: str, why: str
) -> None:
    gap = timedelta(days=usual) if usual else None
    shown = watch.silent([Silence(source="s", quiet=timedelta(days=days), usual=gap, ever=ever)])
    assert shown == ({("s", T.SILENT): note + "open its address in a browser; has it moved, or ended?"} if note else {})


# --- alerts -----------------------------------------------------------------------------------------------------------

LASTS = Alert(id=1, source="s", kind=T.GAP, note="")
ENDED = Alert(id=1, source="s", kind=T.GAP, note="", ended=True)
SILENT = Alert(id=1, source="s", kind=T.SILENT, note="")
OFFLINE = Alert(id=1, source=None, kind=T.OFFLINE, note="")
HERE, OVER = {("s", T.GAP): "a gap"}, {("s", T.GAP): ""}
ALERTS = [
    (HERE, [], (["a gap"], 0, 0), "it begins"),
    (HERE, [LASTS], ([], 0, 0), "it lasts, and is not told again"),
    (OVER, [LASTS], ([], 0, 1), "it is over"),
    ({}, [LASTS], ([], 0, 0), "nothing was seen of it"),
    (HERE, [ENDED], ([], 1, 0), "it comes back within a week and was told already"),
    (OVER, [ENDED], ([], 0, 0), "it stays over"),
    ({}, [SILENT], ([], 0, 1), "who is not silent any more is not shown"),
    ({("s", T.FAILING): "gone", (None, T.OFFLINE): ""}, [], (["gone"], 0, 0), "one fails"),
    ({("s", T.FAILING): "dns", (None, T.OFFLINE): "off"}, [], (["off"], 0, 0), "all fail: that is one alert"),
    ({(None, T.OFFLINE): ""}, [OFFLINE], ([], 0, 1), "the machine is back"),
    ({("t", T.FAILING): ""}, [OFFLINE], ([], 0, 0), "one source alone does not tell"),
]


@pytest.mark.parametrize(("shown", "alerts", "expected", "why"), ALERTS, ids=[row[-1] for row in ALERTS])
def test_an_alert_begins_once_and_ends_once(
    shown: watch.Shown, alerts: list[Alert], expected: tuple[list[str], int, int], why: str
) -> None:
    changes = watch.decide(shown, alerts, {"s", "t"})
    assert (list(changes.begun.values()), len(changes.resumed), len(changes.ended)) == expected


def test_what_is_said_of_a_source_that_is_no_longer_in_use_is_over() -> None:
    assert watch.decide({}, [LASTS, OFFLINE], {"t"}).ended == [1]


def test_an_alert_is_one_line() -> None:
    failing = Alert(id=1, source="s", kind=T.FAILING, note="not_found: HTTP 404")
    assert report.alert(failing) == "s: not_found: HTTP 404", "its note begins with the status"
    assert report.alert(Alert(id=1, source="s", kind=T.GAP, note="a gap")) == "s: gap: a gap"
    assert report.alert(Alert(id=1, source=None, kind=T.OFFLINE, note="no way")) == "offline: no way"


# --- runs -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with Press() as press:
        yield World(press, tmp_path)


def told(world: World, later: timedelta = HOUR) -> list[str]:
    """What a run an hour later tells, as the command line does."""
    summary = world.run(later=later, everything=True)
    with Store(world.db) as store:
        store.told(summary.alerts, world.now)
    return [report.alert(alert) for alert in summary.alerts]


def news(world: World, number: int, *, hours_ahead: float = 0) -> bytes:
    """A feed of three items, each poll with one more than the last."""
    date = f"{world.now + hours_ahead * HOUR:%a, %d %b %Y %H:%M:%S +0000}"
    return rss(*((f"소식 {n}번", f"https://daily.example/{n}", date) for n in range(number, number + 3)))


def test_a_daily_source_that_falls_silent_is_told_once_and_again_when_it_does_so_later(world: World) -> None:
    world.source("daily")
    heard: list[tuple[int, str]] = []
    printed = 0
    for day in range(40):
        if day not in range(10, 18) and day not in range(30, 40):
            printed += 1
            world.press.serve("/daily", news(world, printed))
        heard += [(day, line) for line in told(world, later=DAY)]
    do = "open its address in a browser; has it moved, or ended?"
    assert heard == [
        (13, f"daily: silent: nothing new for 4 days, usually every 24 h: {do}"),
        (34, f"daily: silent: nothing new for 5 days, usually every 33 h: {do}"),
    ]
    assert world.rows("SELECT count(*), count(ended_at), count(told_at) FROM alerts") == [(2, 1, 2)]


def test_a_section_that_shows_what_the_front_page_had_first_is_not_silent(world: World) -> None:
    world.source("daily")
    world.source("section")
    heard = []
    for day in range(12):
        for path in ("/daily", "/section"):
            world.press.serve(path, news(world, day))
        heard += told(world, later=DAY)
    assert heard == []
    assert world.rows("SELECT last_new_at IS NULL FROM sources WHERE id = 'section'") == [(1,)]


def test_a_feed_that_prints_faster_than_it_is_read_is_told_with_the_interval_that_would_do(world: World) -> None:
    world.source("daily", more="outlet: daily, every: 1h")
    world.press.serve("/daily", news(world, 1))
    assert told(world) == []
    world.press.serve("/daily", news(world, 3))
    assert told(world) == [], "one item was there before"
    world.press.serve("/daily", news(world, 6))
    (line,) = told(world)
    assert line.startswith("daily: gap: none of its 3 items was there 60 min ago, so others may have been missed: ")
    assert line.endswith("set `every` to 30m or less")
    world.press.serve("/daily", news(world, 9))
    assert told(world) == [], "it was told"


def test_dates_in_the_future_are_told(world: World) -> None:
    world.source("daily")
    world.press.serve("/daily", news(world, 1))
    assert told(world) == []
    world.press.serve("/daily", news(world, 2, hours_ahead=10))
    assert told(world) == ["daily: ahead: 1 of its 3 items are dated in the future: is its `zone` right?"]
    assert world.rows("SELECT items, known, dated, ahead, new FROM fetches ORDER BY id DESC LIMIT 1") == [
        (3, 2, 3, 1, 1)
    ]


ROWS = "".join(f"<li><a href='/{n}'>북한 인권 소식 제{n}보</a> <b>2023-10-11 1{n % 10}:00</b></li>" for n in range(20))


def test_a_site_that_changed_its_markup_is_told_though_something_is_still_found(world: World) -> None:
    world.source("list", more="outlet: daily, kind: page, select: {item: li, date: b}")
    for page in (ROWS, ROWS.replace("제1보", "제一보")):
        world.press.serve("/list", f"<ul>{page}</ul>".encode(), content_type="text/html; charset=utf-8")
        assert told(world) == []
    undated = ROWS.replace("b>", "time>")
    world.press.serve("/list", f"<ul>{undated}</ul>".encode(), content_type="text/html; charset=utf-8")
    (line,) = told(world)
    assert line.startswith("list: changed: none of its 20 items has a date that can be read, as they had before: ")
    assert "aggregator check --fetch list" in line


def test_a_machine_that_is_offline_is_one_alert_and_not_one_for_each_source(world: World) -> None:
    for name in ("daily", "other"):
        world.press.serve(f"/{name}", status=503)
        world.source(name)
    assert [told(world) for _ in range(4)] == [
        [],
        [],
        ["offline: none of 2 sources can be reached: is this machine online?"],
        [],
    ]
    for name in ("daily", "other"):
        world.press.serve(f"/{name}", rss(FIRST, SECOND))
    assert told(world) == []
    assert world.rows("SELECT kind, ended_at IS NOT NULL FROM alerts") == [("offline", 1)]


def test_an_alert_that_could_not_be_delivered_is_told_by_the_next_run(world: World) -> None:
    world.source("nowhere")
    first, second = world.run(everything=True), world.run(later=HOUR, everything=True)
    assert [alert.note for alert in first.alerts] == [alert.note for alert in second.alerts] != []
    with Store(world.db) as store:
        store.told(second.alerts, world.now)
    assert world.run(later=HOUR, everything=True).alerts == ()


def test_scripts_read_alerts_that_no_failure_says(world: World) -> None:
    world.source("nowhere")
    world.source("daily")
    world.press.serve("/daily", news(world, 1))
    world.run(everything=True)
    world.press.serve("/daily", news(world, 5))
    summary = json.loads(json.dumps(world.run(later=HOUR, everything=True).as_dict()))
    assert [one["source"] for one in summary["failures"]] == ["nowhere"]
    assert [(one["source"], one["kind"]) for one in summary["alerts"]] == [("daily", "gap")]


def test_a_run_in_which_nothing_is_due_looks_for_nothing(world: World) -> None:
    world.source("daily")
    world.press.serve("/daily", news(world, 1))
    world.run()
    assert world.run(later=timedelta(minutes=1)).alerts == ()
    assert NOW.tzinfo is UTC
    assert datetime.fromisoformat(world.rows("SELECT max(started_at) FROM runs")[0][0]) > NOW
