"""Many hosts at once, one of its addresses at a time: whom to ask next, and whom to leave alone.

Who asks and what comes of it is others' affair: sources are polled this way, pages visited, workers given errands.
"""

from __future__ import annotations

import heapq
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import timedelta
from queue import Empty, SimpleQueue
from typing import Any, Generic, Protocol, TypeVar

from aggregator import urls

FIRST = 100  # hosts that are asked where nothing of what they say is known yet
HUNG = 2  # times in a row that a host may hang before the rest of its sources waits for the next run
_MORE = 10  # others, in the place of one that says nothing
_BETWEEN_LOOKS = 0.5  # seconds between two looks at whether somebody wants to stop


class Addressed(Protocol):
    """What stands at an address: a source, the page of an article."""

    @property
    def id(self) -> str:
        """What tells it from others."""

    @property
    def url(self) -> str:
        """The address."""

    @property
    def rest(self) -> timedelta:
        """How long its host is left alone after it was asked."""


class Answered(Protocol):
    """What came of asking."""

    @property
    def host_rests(self) -> bool:
        """Whether nothing else may be asked of the host for now."""

    @property
    def host_hangs(self) -> bool:
        """Whether the host let all the time pass that it was given."""

    @property
    def says_something(self) -> bool:
        """Whether there was a document to read."""


Asked = TypeVar("Asked", bound=Addressed)
Answer = TypeVar("Answer", bound=Answered)


@dataclass(slots=True)
class Patience:
    """With one host, in one run: how many times in a row it hung."""

    hung: int = 0

    def ends(self, answer: Answered) -> bool:
        """Whether nothing more is asked of it after an answer: it wants to rest, or hangs again and again."""
        self.hung = self.hung + 1 if answer.host_hangs else 0
        return answer.host_rests or self.hung >= HUNG


@dataclass(slots=True)
class _Queue(Generic[Asked]):
    """What is still to be asked of a host."""

    sources: deque[Asked] = field(default_factory=deque)
    patience: Patience = field(default_factory=Patience)


class Room:
    """How many hosts are asked at a time: few as long as documents come, as those that wait to be read take memory.

    In the place of one that says nothing several others are asked, and where nobody says anything, many.
    """

    def __init__(self, most: int, first: int | None = None) -> None:
        self._most, self.hosts = most, most if first is None else min(first, most)

    def after(self, answer: Answered) -> None:
        """Somebody has answered."""
        if not answer.says_something:
            self.hosts = min(self._most, self.hosts + _MORE)

    def after_silence(self, seconds: float) -> None:
        """Nobody has, for so long."""
        if seconds == _BETWEEN_LOOKS:
            self.hosts = min(self._most, self.hosts + FIRST)


class Inbox(Protocol):
    """Where what is done waits until it is taken up, as `SimpleQueue` has it."""

    def put(self, item: Any, /) -> None:
        """For any thread to call."""

    def get(self, *, timeout: float) -> Any:
        """The next one; raises Empty."""


def ask_all(
    sources: Sequence[Asked],
    ask: Callable[[Asked], Future[Answer]],
    room: Room,
    stopped: Callable[[], bool],
    done: Inbox | None = None,
) -> Iterator[Answer]:
    """Asks sources, as many hosts at a time as there is room for and one source of a host at a time, until `stopped`.

    A host rests between two of its sources. Where it wants to be left alone, or hangs again and again, the rest of its
    sources are not asked: a run would take as many half minutes as these are.
    """
    waiting = deque(_by_host(sources))
    resting: list[tuple[float, int, _Queue[Asked]]] = []  # a heap of hosts by the time when they may be asked again
    running: dict[Future[Answer], tuple[Asked, _Queue[Asked]]] = {}
    done = done or SimpleQueue()
    while (waiting or resting or running) and not stopped():
        while resting and resting[0][0] <= time.monotonic():
            waiting.append(heapq.heappop(resting)[2])
        while waiting and len(running) < room.hosts:
            queue = waiting.popleft()
            asked = queue.sources.popleft()
            future = ask(asked)
            running[future] = asked, queue
            future.add_done_callback(done.put)
        patience = min(_BETWEEN_LOOKS, max(0.0, resting[0][0] - time.monotonic())) if resting else _BETWEEN_LOOKS
        try:
            future = done.get(timeout=patience)
        except Empty:
            room.after_silence(patience)
            continue
        asked, queue = running.pop(future)
        answer = future.result()
        room.after(answer)
        if not queue.patience.ends(answer) and queue.sources:
            heapq.heappush(resting, (time.monotonic() + asked.rest.total_seconds(), id(queue), queue))
        yield answer


def _by_host(sources: Sequence[Asked]) -> Collection[_Queue[Asked]]:
    hosts: dict[str, _Queue[Asked]] = {}
    for source in sources:
        hosts.setdefault(urls.server(source.url), _Queue()).sources.append(source)
    return hosts.values()
