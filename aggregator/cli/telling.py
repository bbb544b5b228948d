"""Telling of alerts: by each way once, however long another one fails."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from aggregator.cli.frame import now

if TYPE_CHECKING:
    from aggregator.model import Alert, Channels
    from aggregator.store import Store

HERE = "terminal"  # the way that there always is: what the run prints
CHANNELS = ("command", "webhook")  # those of feeds.yaml
_NOTE = "alerts told"  # the name under which it is noted who was told while somebody else could not be


class Telling:
    """Who is still to be told of which alerts. What all were told is told; of the rest it is noted who was."""

    def __init__(self, store: Store, channels: Channels, alerts: Sequence[Alert]) -> None:
        self._store, self._channels, self._alerts = store, channels, alerts
        self._noted = store.noted(_NOTE) or "{}"
        noted: dict[str, dict[str, str]] = json.loads(self._noted)
        wanted = [HERE, *(way for way in CHANNELS if getattr(channels, way))]
        # what became of each alert by each way: why it failed, or nothing where it did not; None before it is told
        self._told = {str(one.id): {way: noted.get(str(one.id), {}).get(way) for way in wanted} for one in alerts}

    def for_way(self, way: str) -> tuple[Alert, ...]:
        """The alerts that nobody was told of by this way."""
        return tuple(one for one in self._alerts if self._told[str(one.id)].get(way) != "")

    def tell(self) -> list[str]:
        """Tells of alerts where feeds.yaml wants it. Returns a line for each way that fails otherwise than before."""
        problems = []
        for way in CHANNELS:
            alerts = self.for_way(way) if getattr(self._channels, way) else ()
            if not alerts:
                continue
            from aggregator import channels

            problem = channels.tell(self._channels, way, alerts)
            if self._mark(way, alerts, problem) and problem:
                problems.append(f"alerts.{way}: {problem}; it is tried again in the next run")
        return problems

    def _mark(self, way: str, alerts: Sequence[Alert], problem: str) -> bool:
        """Remembers what became of telling; returns whether that is new of any of them."""
        before = {self._told[str(one.id)][way] for one in alerts}
        for one in alerts:
            self._told[str(one.id)][way] = problem
        return before != {problem}

    def done(self) -> None:
        """Notes what became of telling. To be called when the alerts were printed."""
        self._mark(HERE, self._alerts, "")
        rest = {number: told for number, told in self._told.items() if any(told.values())}
        if (note := json.dumps(rest)) != self._noted:
            with self._store.transaction():
                self._store.note(_NOTE, note)
        if told := [one for one in self._alerts if str(one.id) not in rest]:
            self._store.told(told, now())
