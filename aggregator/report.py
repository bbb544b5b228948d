"""Outcomes -> the summary of a run, its exit status, and what a person should do about a failing source."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from aggregator.model import Alert, Outcome, Status, Summary, Trouble

# What to do, where the note itself does not say it: the note tells what happened, and often that is enough.
ADVICE = {
    Status.BAD_ENCODING: "set `encoding` for this source",
    Status.BUG: "a fault of this program: please report it",
    Status.CONNECT: "wait if it passes; else see that this machine is online, and that the address is right",
    Status.DNS: "see that the name is spelt right, and that this machine is online",
    Status.EMPTY: "it answered without a single item: open it in a browser; has the site changed?",
    Status.PARSE_ERROR: "wait if it passes; else tell the outlet that its feed is broken",
    Status.PLUGIN: "a fault of that plugin: please report it to its authors",
    Status.REFUSED_ADDRESS: "set `allow_private: true` if a private address is meant",
    Status.TLS: "wait, or tell the outlet: certificates are never ignored",
    Status.TOO_MANY_REDIRECTS: "open it in a browser, and write the address where it ends into feeds.yaml",
    Status.TRUNCATED: "wait: it is asked again",
}

# What usually passes by itself.
PASSING = frozenset({Status.CONNECT, Status.DNS, Status.TIMEOUT, Status.TRUNCATED, Status.UNAVAILABLE})


def summary(outcomes: Iterable[Outcome], *, due: int | None = None, strict: bool = False, left: str = "") -> Summary:
    """What a run came to. The exit code is 1 where every due source failed, or any with `strict`, else 0.

    `due` is how many were, where some were not asked: their hosts wanted rest. `left` says why others could not be
    asked; then the exit code is 1 too.
    """
    outcomes = tuple(outcomes)
    failures = tuple(one for one in outcomes if one.status.failed)
    due = len(outcomes) if due is None else due
    bad = bool(left) or (bool(failures) and (strict or len(failures) == due))
    return Summary(
        due=due,
        ok=_count(outcomes, Status.OK),
        unchanged=_count(outcomes, Status.UNCHANGED),
        empty=_count(outcomes, Status.EMPTY),
        failed=len(failures),
        new=sum(one.new for one in outcomes),
        changed=sum(one.changed for one in outcomes),
        mentions=sum(one.mentions for one in outcomes),
        exit_code=1 if bad else 0,
        failures=failures,
        left=left,
    )


def _count(outcomes: Iterable[Outcome], status: Status) -> int:
    return sum(one.status is status for one in outcomes)


def with_visits(summary: Summary, visited: Sequence[tuple[Status, int]]) -> Summary:
    """The summary with what came of visiting pages: of each its status, and how many mentions are new by it."""
    failed = sum(status.failed for status, _ in visited)
    mentions = summary.mentions + sum(new for _, new in visited)
    return replace(summary, mentions=mentions, visits=(len(visited) - failed, failed))


def headline(summary: Summary) -> str:
    """The summary in one line."""
    left = summary.due - summary.ok - summary.unchanged - summary.failed
    not_asked = f", {left} not asked" if left else ""
    return (
        f"{summary.due} due: {summary.ok} ok, {summary.unchanged} unchanged, {summary.failed} failed{not_asked}; "
        f"{summary.new} new, {summary.changed} changed, {summary.mentions} mentions"
    )


def needs_a_hand(outcome: Outcome) -> bool:
    """Whether a failure should wake somebody: what usually passes by itself does so only when it has come thrice."""
    return outcome.status not in PASSING or outcome.failures >= 3


def failure(outcome: Outcome) -> str:
    """One line for the operator: which source, what happened, what to do."""
    return f"{outcome.source}: {reason(outcome)}"


def reason(outcome: Outcome) -> str:
    """What happened to a source, and what to do."""
    parts = (outcome.status, outcome.note, ADVICE.get(outcome.status, ""))
    return ": ".join(part for part in parts if part)


def alert(alert: Alert) -> str:
    """One line for the operator: which source, what is wrong with it, what to do."""
    kind = "" if alert.kind is Trouble.FAILING else alert.kind  # whose note begins with the status
    return ": ".join(part for part in (alert.source, kind, alert.note) if part)


def distance(text: str | None, now: datetime) -> str:
    """How far a time in UTC, as the database has it, is from now: `3 h ago`, `in 20 min`; nothing for no time."""
    if not text:
        return ""
    seconds = (datetime.fromisoformat(text) - now).total_seconds()
    sizes = ((86400, "d"), (3600, "h"), (60, "min"))
    amount = next((f"{abs(seconds) // size:.0f} {unit}" for size, unit in sizes if abs(seconds) >= size), "1 min")
    return f"in {amount}" if seconds > 0 else f"{amount} ago"
