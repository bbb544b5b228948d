"""When a source is asked: what is due now, and when next, after what came of it. Pure: clock and dice are given.

A source is asked again after its interval, less a few per cent, so that a cron job of the same interval meets it; the
dice spread the sources. What the server asks for (Retry-After, max-age, Expires, ttl, skipHours, skipDays) only ever
postpones, and no wait is longer than 32 days. Failures back off linearly up to a day: temporary ones by half an
interval each, the others by a whole one. 410 Gone ends it. A host that asks for rest gets it from all of its sources.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from aggregator.model import Config, Pace, Poll, Source, SourceState, Status

LONGEST = timedelta(days=32)  # between two polls, whatever is asked for: a due time beyond is of a wrong clock
LONGEST_BACK_OFF = timedelta(days=1)
_REST = timedelta(minutes=15)  # for a host that said "too many requests", and not when to come again
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_EARLIEST, _LATEST = 0.90, 0.96  # of the interval: early enough for the next tick of cron

_TEMPORARY = frozenset({Status.TIMEOUT, Status.CONNECT, Status.DNS, Status.UNAVAILABLE, Status.TRUNCATED, Status.BUG})
_LOST = frozenset({Status.GONE, Status.NOT_FOUND, Status.DNS})  # where a remembered redirect leads nowhere any more
_TRIED = 3  # failures in a row after which one is not trusted either: what it leads to may be a parked domain


def state_of(source: Source, remembered: SourceState | None) -> SourceState:
    """What is remembered of a source; nothing where it is new."""
    return remembered or SourceState(source=source.id, url=source.public_url)


def moved(sources: Iterable[Source], states: Mapping[str, SourceState]) -> tuple[str, ...]:
    """The sources to which feeds.yaml now gives another address: what is remembered was of the old one."""
    return tuple(one.id for one in sources if one.id in states and states[one.id].url != one.public_url)


def read_otherwise(config: Config, read_as: Mapping[str, str | None]) -> tuple[str, ...]:
    """The sources that feeds.yaml now has read in another way: the body that was read then may say something else."""
    sources = (config.sources[name] for name, before in read_as.items() if before and name in config.sources)
    return tuple(one.id for one in sources if config.reads_as(one) != read_as[one.id])


def due(sources: Iterable[Source], states: Mapping[str, SourceState], now: datetime) -> tuple[Source, ...]:
    """The sources to be asked now, in their order."""
    return tuple(source for source in sources if source.enabled and is_due(states[source.id], now))


def is_due(state: SourceState, now: datetime) -> bool:
    """Whether a source may be asked. A due time beyond what we ever set comes from a clock that was wrong."""
    if not state.enabled:
        return False
    return state.due_at is None or state.due_at <= now or state.due_at > now + LONGEST


def next_state(poll: Poll, *, new: int, now: datetime, dice: float) -> SourceState:
    """What is to be remembered after a poll that found `new` articles. `dice` is a random number from 0 to 1.

    Validators, the hash of the body and a new address are taken over only where the body was read, so that they are
    never ahead of the rows: after a failure the source is asked as before. What is switched off stays so.
    """
    state, fetched = poll.state, poll.fetched
    failures = state.failures + 1 if poll.status.failed else 0
    lost = state.moved_to is not None and (poll.status in _LOST or failures >= _TRIED)
    changes: dict[str, Any] = {
        "status": poll.status,
        "note": poll.note,
        "enabled": poll.source.enabled and (lost or poll.status is not Status.GONE),
        "failures": failures,
        "moved_to": None if lost else state.moved_to,
        "due_at": _next_due(poll, now, dice),
    }
    if not poll.status.failed:
        changes |= {
            "moved_to": fetched.moved_to or state.moved_to,
            "etag": fetched.etag,
            "last_modified": fetched.last_modified,
            "pace": poll.reading.pace if poll.reading else state.pace,
            "body_hash": state.body_hash if poll.body_hash is None else poll.body_hash,
            "last_ok_at": now,
            "last_new_at": now if new else state.last_new_at,
        }
    return replace(state, **changes)


def rest_of_host(poll: Poll, now: datetime) -> datetime | None:
    """Until when all sources of a host are to be left alone, after what it answered to one of them."""
    if not poll.host_rests:
        return None
    return now + min(poll.fetched.retry_after or _REST, LONGEST)


def _next_due(poll: Poll, now: datetime, dice: float) -> datetime:
    every = poll.source.every
    wait = every * (_EARLIEST + (_LATEST - _EARLIEST) * dice)
    if poll.status.failed:
        weight = 0.5 if poll.status in _TEMPORARY else 1.0
        wait += min(every * weight * poll.state.failures, max(LONGEST_BACK_OFF - every, timedelta()))
    pace = poll.reading.pace if poll.reading else poll.state.pace  # the same body again wants the same
    ttl = pace.ttl if poll.reading or not poll.status.failed else None  # a failure does not renew it
    asked = (poll.fetched.retry_after, poll.fetched.max_age, ttl)
    wait = max([wait, *(min(least, LONGEST) for least in asked if least)])
    return min(_outside(now + wait, pace), now + LONGEST)


def _outside(moment: datetime, pace: Pace) -> datetime:
    """The first moment from `moment` on that is in no hour and on no day that the feed wants to be left alone."""
    for _ in range(8 * 24):
        if moment.hour not in pace.skip_hours and _DAYS[moment.weekday()] not in pace.skip_days:
            break
        moment = (moment + timedelta(hours=1)).replace(minute=0, second=0, microsecond=0)
    return moment
