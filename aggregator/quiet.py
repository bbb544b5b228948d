"""Polls that say nothing, which most are: nothing to decide, and many are noted in one transaction.

    Poll -> Outcome and SourceState -> rows

Where the program is killed before that, these sources are asked once more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from aggregator import schedule
from aggregator.model import Outcome, Poll, SourceState
from aggregator.store import Store

_TOGETHER = 1_000  # polls in a transaction


def is_quiet(poll: Poll) -> bool:
    """Whether there is nothing to decide: it said nothing, and nothing of it concerns other sources."""
    return poll.reading is None and not poll.host_rests


@dataclass(frozen=True, slots=True)
class Notebook:
    """Notes the quiet polls of one run."""

    store: Store
    run: int
    _noted: list[tuple[Outcome, SourceState]] = field(default_factory=list)

    def note(self, poll: Poll, now: datetime, dice: float) -> Outcome:
        """Notes a poll. `dice` is a random number from 0 to 1, for the next due time."""
        if len(self._noted) >= _TOGETHER:
            self.write()
        noted = outcome(poll)
        self._noted.append((noted, schedule.next_state(poll, new=0, now=now, dice=dice)))
        return noted

    def write(self) -> None:
        """Stores what was noted. Before a poll is taken in that has the other sources of its host wait, too."""
        if self._noted:
            with self.store.transaction():
                self.store.finish(self.run, self._noted)
            self._noted.clear()


def outcome(poll: Poll) -> Outcome:
    """What a poll came to, as far as no article is concerned."""
    fetched, reading = poll.fetched, poll.reading
    document = fetched.document
    return Outcome(
        source=poll.source.id,
        status=poll.status,
        note=poll.note,
        started_at=poll.started_at,
        ms=fetched.ms,
        url=document.url if document else poll.source.public_url,
        http_status=fetched.http_status,
        bytes=fetched.bytes,
        items=len(reading.items) if reading else 0,
        failures=poll.state.failures + 1 if poll.status.failed else 0,
        encoding_declared=reading.encoding_declared if reading else None,
        encoding=reading.encoding if reading else None,
        encoding_basis=reading.encoding_basis if reading else None,
    )
