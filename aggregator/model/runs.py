"""What a run came to: outcomes, alerts, the summary."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from aggregator.model.polls import Status


class Trouble(StrEnum):
    """What an operator should look at. docs/operating.md says of each what to do."""

    FAILING = "failing"
    OFFLINE = "offline"
    SILENT = "silent"
    GAP = "gap"
    CHANGED = "changed"
    AHEAD = "ahead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one source came to in one run: one `fetches` row.

    Of its `items`, `known` were in it before, `dated` have a date that can be read, and `ahead` are new and dated in
    the future. `failures` counts polls failed in a row, this one too.
    """

    source: str
    status: Status
    note: str = ""
    started_at: datetime
    ms: int = 0
    url: str = ""
    http_status: int | None = None
    bytes: int = 0
    items: int = 0
    known: int = 0
    dated: int = 0
    ahead: int = 0
    new: int = 0
    changed: int = 0
    mentions: int = 0
    failures: int = 0
    encoding_declared: str | None = None
    encoding: str | None = None
    encoding_basis: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PastPoll:
    """What a source had in an earlier poll: how many items, and how many of them with a date."""

    items: int
    dated: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """For how long a source has brought nothing new, and how long it usually takes, where that is known.

    `ever` says whether it has brought anything; where not, `quiet` counts from the first poll.
    """

    source: str
    quiet: timedelta
    usual: timedelta | None
    ever: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A trouble of a source, or of all where there is none. `ended` says whether it is over."""

    id: int
    source: str | None
    kind: Trouble
    note: str
    ended: bool = False

    def as_dict(self) -> dict[str, str | None]:
        """What programs are told of it."""
        return {"source": self.source, "kind": str(self.kind), "note": self.note}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a run took: processor time in milliseconds, and memory at its largest in megabytes."""

    cpu_ms: int
    peak_mb: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a run came to. `failures` are the outcomes of failed sources, `visits` the pages visited (well, in vain).

    `alerts` are those that nobody was told of yet. `left` says why some sources could not be asked, if so.
    """

    due: int = 0
    ok: int = 0
    unchanged: int = 0
    empty: int = 0
    failed: int = 0
    new: int = 0
    changed: int = 0
    mentions: int = 0
    exit_code: int = 0
    failures: tuple[Outcome, ...] = ()
    visits: tuple[int, int] = (0, 0)
    alerts: tuple[Alert, ...] = ()
    cost: Cost | None = None
    left: str = ""

    @property
    def counts(self) -> dict[str, int]:
        """The numbers, by name."""
        names = ("due", "ok", "unchanged", "empty", "failed", "new", "changed", "mentions", "exit_code")
        return {name: getattr(self, name) for name in names}

    def as_dict(self) -> dict[str, Any]:
        """The object that `run --json` prints: visits and sources left where there are any, alerts where failures do
        not say it.
        """
        failures = [{"source": one.source, "status": str(one.status), "note": one.note} for one in self.failures]
        visits = {"visits": dict(zip(("ok", "failed"), self.visits, strict=True))} if any(self.visits) else {}
        told = [one.as_dict() for one in self.alerts if one.kind is not Trouble.FAILING]
        left = {"left": self.left} if self.left else {}
        return self.counts | {"failures": failures} | visits | ({"alerts": told} if told else {}) | left
