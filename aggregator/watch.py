"""What an operator should look at: sources that fail, fall silent, lose articles, changed, or date them ahead. Pure.

    Outcomes, Silences -> what they show -> Alerts that begin and that end

A poll shows of some troubles that they are there, of some that they are over, and of others nothing: a 304 says nothing
about markup. An alert begins where a trouble is first seen and ends where it is seen to be over, so that it is told
once, however long it lasts; what comes back within a week was told already.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aggregator import report
from aggregator.model import Alert, Kind, Outcome, PastPoll, Silence, Source, Status, Trouble

RECALL = timedelta(days=7)  # what comes back within this was told already
PAST = 10  # polls of a source that say what is usual
LEAST_SILENCE = timedelta(days=2)
_UNKNOWN_GAP = timedelta(days=2)  # of a source that brought something on one day only
_TIMES = 3  # longer than usual is silence
_ENOUGH = 5  # items, fewer of which say nothing about a page
_SHRUNK = 4  # times fewer items than usual are a page that is read wrong

Place = tuple[str | None, Trouble]  # where a trouble may be: a source, or None for all of them
Shown = dict[Place, str]  # what was seen: a note, or nothing where the trouble is over


def of_poll(outcome: Outcome, source: Source, last_ok_at: datetime | None, past: Sequence[PastPoll]) -> Shown:
    """What a poll shows. `last_ok_at` is when the source had answered before, `past` what it had then, newest first."""
    if outcome.status.failed:
        failing = report.reason(outcome) if report.needs_a_hand(outcome) else ""
        return {(source.id, Trouble.FAILING): failing} if failing else {}
    shown: Shown = {(source.id, Trouble.FAILING): ""}
    if outcome.status is not Status.OK or not outcome.items or source.kind == Kind.REFERENCES:
        return shown
    if last_ok_at and source.kind != Kind.SITEMAP:
        shown[source.id, Trouble.GAP] = _gap(outcome, source, last_ok_at)
    if past:
        shown[source.id, Trouble.CHANGED] = _changed(outcome, source, past)
    if outcome.items > outcome.known:
        shown[source.id, Trouble.AHEAD] = _ahead(outcome)
    return shown


def _gap(outcome: Outcome, source: Source, last_ok_at: datetime) -> str:
    """Whether what a source shows moved past us between two polls."""
    if outcome.known:
        return ""
    between = outcome.started_at - last_ok_at
    what = f"none of its {outcome.items} items was there {words(between)} ago, so others may have been missed: "
    if between > 2 * source.every:
        return what + "it could not be asked in between"
    return what + f"set `every` to {words(between / 2, short=True)} or less"


def _changed(outcome: Outcome, source: Source, past: Sequence[PastPoll]) -> str:
    """Whether a site gives less than it used to: items, or their dates."""
    from statistics import median  # brings the decimals with it, which most runs do not need

    usual = median(poll.items for poll in past)
    items, dated = sum(poll.items for poll in past), sum(poll.dated for poll in past)
    look = f"has the site changed? `aggregator check --fetch {source.id}` shows what is read"
    if source.kind == Kind.PAGE and usual >= _ENOUGH and outcome.items * _SHRUNK < usual:
        return f"{outcome.items} items where there are {usual:.0f} as a rule: {look}"
    if outcome.items >= _ENOUGH and not outcome.dated and dated > 0.8 * items:
        return f"none of its {outcome.items} items has a date that can be read, as they had before: {look}"
    return ""


def _ahead(outcome: Outcome) -> str:
    if not outcome.ahead:
        return ""
    return f"{outcome.ahead} of its {outcome.items} items are dated in the future: is its `zone` right?"


def silent(silences: Iterable[Silence]) -> Shown:
    """Which sources that answer have brought nothing new for far longer than is usual for them."""
    return {(one.source, Trouble.SILENT): note for one in silences if (note := _silence(one))}


def _silence(one: Silence) -> str:
    do = "open its address in a browser; has it moved, or ended?"
    if not one.ever:
        return f"it has brought nothing in {words(one.quiet)}: {do}" if one.quiet > LEAST_SILENCE else ""
    if one.quiet <= max(LEAST_SILENCE, _TIMES * (one.usual or _UNKNOWN_GAP)):
        return ""
    usual = f", usually every {words(one.usual)}" if one.usual else ""
    return f"nothing new for {words(one.quiet)}{usual}: {do}"


def offline(outcomes: Sequence[Outcome]) -> Shown:
    """Whether it is not the sources that fail, but the way to them."""
    if len(outcomes) < 2:
        return {}
    cut_off = all(one.status in report.PASSING for one in outcomes)
    for_good = any(report.needs_a_hand(one) for one in outcomes)
    note = f"none of {len(outcomes)} sources can be reached: is this machine online?"
    return {(None, Trouble.OFFLINE): note if cut_off and for_good else ""}


# --- alerts -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What becomes of alerts: those that begin, by place with their notes, and the numbers of the others."""

    begun: Mapping[Place, str]
    resumed: Collection[int]
    ended: Collection[int]


def decide(shown: Mapping[Place, str], alerts: Iterable[Alert], watched: Collection[str]) -> Changes:
    """What becomes of alerts. `alerts` are those that last and those that ended lately, `watched` sources in use.

    A trouble of a source that is no longer in use is over. Where nothing can be reached no source is said to fail, and
    silence is over where it is not shown, since it is looked for in all sources at once.
    """
    known = {(one.source, one.kind): one for one in alerts}
    if shown.get((None, Trouble.OFFLINE)):
        shown = {place: note for place, note in shown.items() if place[1] is not Trouble.FAILING}
    troubles = {place: note for place, note in shown.items() if note}
    over = {place for place, note in shown.items() if not note}
    return Changes(
        begun={place: note for place, note in troubles.items() if place not in known},
        resumed=[known[place].id for place in troubles if place in known and known[place].ended],
        ended=[
            one.id
            for place, one in known.items()
            if not one.ended and place not in troubles and (place in over or _passed(one, watched))
        ],
    )


def _passed(alert: Alert, watched: Collection[str]) -> bool:
    return alert.kind is Trouble.SILENT or (alert.source is not None and alert.source not in watched)


def words(span: timedelta, *, short: bool = False) -> str:
    """A span of time as a person says it: `3 days`, `5 h`, `20 min`; as feeds.yaml writes it: `3d`, `5h`, `20m`."""
    sizes = ((86_400, " days", "d"), (3_600, " h", "h"), (60, " min", "m"))
    size, *names = next((one for one in sizes if span.total_seconds() >= 2 * one[0]), sizes[-1])
    return f"{max(1, int(span.total_seconds() / size))}{names[short]}"
