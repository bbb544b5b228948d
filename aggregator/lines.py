"""Many connections at once, on one thread: whoever waits for one lets the others go on.

A task is a coroutine. It tries, and where a socket is not ready it awaits `turn`; what may block for good, such as a
look-up of a name, it has done `elsewhere`. Every wait has an end, on the monotonic clock, at which TimeoutError is
raised in the task. A thousand connections cost a thousand sockets, and neither threads nor processor time.

Knows sockets and waiting. Knows nothing of what is said over them.
"""

from __future__ import annotations

import heapq
import selectors
import socket
import time
import types
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from queue import Empty, SimpleQueue
from threading import Lock, Thread, get_ident
from typing import Any, Generic, NamedTuple, TypeVar

T = TypeVar("T")

MANY, SOON = 50, 0.005  # results are handed over when there are so many, or after so many seconds
LONGEST = 3_600.0  # seconds until the thread looks up though nothing came: the kernel counts no more than 24 days
HELPERS = 64  # threads for what may block: a name server is not asked for thousands of names at once
READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


class _Wait(NamedTuple):
    """What a task waits for: a socket, or a function that a thread of its own runs; and until when."""

    until: float
    line: socket.socket | None = None
    events: int = 0
    function: Callable[[], Any] | None = None


@types.coroutine
def turn(line: socket.socket, events: int, until: float) -> Generator[_Wait, Any, None]:
    """Waits until a socket can be read from or written to; raises TimeoutError where it cannot in time."""
    yield _Wait(until, line, events)


@types.coroutine
def elsewhere(function: Callable[[], T], until: float) -> Generator[_Wait, Any, T]:
    """What a function returns or raises that may block. It is left behind in its thread, or before it got one, when the
    time is up.
    """
    result: T = yield _Wait(until, function=function)
    return result


@dataclass(slots=True, eq=False)
class _Task:
    coroutine: Coroutine[_Wait, Any, Any]
    future: Future[Any] = field(default_factory=Future)
    line: socket.socket | None = None  # what is watched for it, by its number, as it may be closed by now
    number: int = -1
    events: int = 0
    waits: int = 0  # how often it waited: what comes for an earlier wait comes too late


_NOBODYS: Future[Any] = Future()


class Lines:
    """The thread, which begins with the first task. `end` ends all tasks, and those that are begun from then on."""

    def __init__(self) -> None:
        self._tasks: set[_Task] = set()
        self._ends: list[tuple[float, int, _Task, int]] = []  # a heap of (until, order, task, which wait)
        self._order = count()
        self._inbox: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._results: list[Results[Any]] = []
        self._functions: SimpleQueue[Callable[[], None] | None] = SimpleQueue()  # for the helpers; None ends one
        self._helpers = self._helped = 0  # how many there are, and how many functions they have or wait for them
        self._lock = Lock()
        self._thread: Thread | None = None
        self._rung = False  # whether the thread has been told that there is something for it
        self._ended = False  # no task waits any more
        self._closed = False  # there is no thread that admits tasks
        self._broken: Exception | None = None  # what the thread died of
        self._where: types.TracebackType | None = None  # and where

    def results(self) -> Results[Any]:
        """Where the calling thread waits for what comes of tasks. What it begins from now on begins when it does so."""
        results = Results[Any](self)
        self._results.append(results)
        return results

    def begin(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Has a task begin; for any thread to call."""
        task = _Task(coroutine)
        future = task.future
        with self._lock:
            if self._thread is None and not self._ended:
                self._start()
            if not self._closed:
                self._inbox.put(lambda: self._admit(task))
                if all(one.thread != get_ident() for one in self._results):
                    self.ring()
                return future
        self._admit(task)
        return future

    def end(self) -> None:
        """Has every task meet a TimeoutError where it waits, now and from now on; for any thread to call."""
        with self._lock:
            self._ended = True
            self._closed = self._closed or self._thread is None
            self._tell(self._end_all)

    def close(self) -> None:
        """Ends all tasks, and the thread."""
        self.end()
        with self._lock:
            thread, self._closed = self._thread, True
            self._tell(self._stop)
        if thread:
            thread.join()

    def _start(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._ear, self._bell = socket.socketpair()
        self._ear.setblocking(False)
        self._bell.setblocking(False)
        self._selector.register(self._ear, READ)
        self._thread = Thread(target=self._work, name="lines", daemon=True)
        self._thread.start()

    def _tell(self, what: Callable[[], None]) -> None:
        """Has the thread do something, if there is one."""
        self._inbox.put(what)
        self.ring()

    def ring(self) -> None:
        """Has the thread look for what it was told, if there is one."""
        if self._thread and not self._rung:
            self._rung = True
            with suppress(OSError):  # it has ended
                self._bell.send(b"\0")

    @property
    def is_here(self) -> bool:
        """Whether it is the thread that asks."""
        return self._thread is not None and self._thread.ident == get_ident()

    # --- on the thread ------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        with self._selector, self._ear, self._bell:
            try:
                while True:
                    self._pass()
            except _Stopped:
                return
            except Exception as problem:  # noqa: BLE001 - whoever waits for a task gets it
                self._die(problem)

    def _die(self, problem: Exception) -> None:
        """A fault of the thread itself is raised in all tasks, now and from now on: nobody waits for ever."""
        with self._lock:
            self._broken, self._where = problem, problem.__traceback__
            self._ended = self._closed = True
        with suppress(Empty):
            while True:
                with suppress(_Stopped):
                    self._inbox.get_nowait()()
        self._end_all()
        for results in self._results:
            results.hand_over(all_of_it=True)
        for _ in range(self._helpers):
            self._functions.put(None)

    def _pass(self) -> None:
        """Waits until something can go on, and has it go on. Late is only what was not ready after its time was up."""
        patience, now = self._patience(), time.monotonic()
        for key, _ in self._selector.select(patience):
            if key.data is None:
                self._listen()
            elif key.data in self._tasks:  # it may have been ended just now
                self._go_on(key.data)
        while self._ends and self._ends[0][0] <= now:
            _, _, task, wait = heapq.heappop(self._ends)
            if task.waits == wait:
                self._go_on(task, problem=TimeoutError())
        for results in self._results:
            results.hand_over()

    def _patience(self) -> float | None:
        while self._ends and self._ends[0][2].waits != self._ends[0][3]:
            heapq.heappop(self._ends)
        if any(one.waiting for one in self._results):
            return SOON
        return min(LONGEST, max(0.0, self._ends[0][0] - time.monotonic())) if self._ends else None

    def _listen(self) -> None:
        with suppress(BlockingIOError):
            self._ear.recv(4096)
        self._rung = False  # before looking: what comes from now on rings again
        with suppress(Empty):
            while True:
                self._inbox.get_nowait()()

    def _end_all(self) -> None:
        for task in list(self._tasks):
            self._go_on(task, problem=self._end())

    def _end(self) -> Exception:
        """What a task meets where nobody waits any more."""
        if self._broken is None:
            return TimeoutError()
        self._broken.__traceback__ = self._where  # without the way through the tasks that met it before
        return self._broken

    def _stop(self) -> None:
        self._end_all()
        for _ in range(self._helpers):
            self._functions.put(None)
        raise _Stopped

    def _admit(self, task: _Task) -> None:
        if task.future.set_running_or_notify_cancel():
            self._tasks.add(task)
            self._go_on(task)
        else:
            task.coroutine.close()

    def _go_on(self, task: _Task, given: object = None, problem: BaseException | None = None) -> None:
        """Lets a task go on until it waits again, or ends."""
        task.waits += 1
        try:
            wait = task.coroutine.throw(problem) if problem else task.coroutine.send(given)
        except StopIteration as end:
            self._leave(task).set_result(end.value)
        except BaseException as end:  # noqa: BLE001 - whoever waits for the task gets it
            self._leave(task).set_exception(end)
        else:
            if self._ended:
                self._go_on(task, problem=self._end())
            else:
                self._wait(task, wait)

    def _wait(self, task: _Task, wait: _Wait) -> None:
        heapq.heappush(self._ends, (wait.until, next(self._order), task, task.waits))
        self._watch(task, wait.line, wait.events)
        if wait.function is not None:
            self._send_elsewhere(task, wait.function)

    def _watch(self, task: _Task, line: socket.socket | None, events: int) -> None:
        """Watches what a task waits for, and no longer what it waited for before. What it waits for again stays."""
        if self._broken:
            return
        if task.line is not line:
            if task.line is not None:
                self._selector.unregister(task.number)
            if line is not None:
                task.number = line.fileno()
                self._selector.register(task.number, events, task)
        elif line is not None and task.events != events:
            self._selector.modify(task.number, events, task)
        task.line, task.events = line, events

    def _leave(self, task: _Task) -> Future[Any]:
        """The future of a task that is done, which the heap of ends still knows, but not what it came to."""
        self._watch(task, None, 0)
        self._tasks.discard(task)
        future, task.future = task.future, _NOBODYS
        return future

    def _send_elsewhere(self, task: _Task, function: Callable[[], Any]) -> None:
        wait = task.waits

        def go_on(given: object, problem: BaseException | None) -> None:
            self._helped -= 1
            if task.waits == wait:
                self._go_on(task, given, problem)

        def work() -> None:
            if task.waits != wait:  # nobody waits for it any more
                self._tell(lambda: go_on(None, None))
                return
            try:
                given = function()
            except Exception as problem:  # noqa: BLE001 - the task gets it
                self._tell(lambda problem=problem: go_on(None, problem))  # type: ignore[misc]  # bound now, as it is deleted
            else:
                self._tell(lambda: go_on(given, None))

        self._functions.put(work)
        self._helped += 1
        if self._helpers < min(self._helped, HELPERS):
            self._helpers += 1
            Thread(target=self._help, name="elsewhere", daemon=True).start()

    def _help(self) -> None:
        while work := self._functions.get():
            work()


class Results(Generic[T]):
    """What comes of tasks, for one thread that waits for it.

    Two threads that wake each other for every result take twice the time: the interpreter lets one go on at a time, and
    changing them costs more than a result does. So they are handed over by the dozen.
    """

    def __init__(self, lines: Lines) -> None:
        self.thread = get_ident()
        self.waiting: list[T] = []  # to be handed over
        self._lines = lines
        self._since = 0.0  # when the first of them came
        self._queue: SimpleQueue[list[T]] = SimpleQueue()
        self._mine: deque[T] = deque()

    def put(self, result: T) -> None:
        """For any thread to call; that of the lines says later what came."""
        if not self._lines.is_here:
            self._queue.put([result])
            return
        if not self.waiting:
            self._since = time.monotonic()
        self.waiting.append(result)

    def hand_over(self, *, all_of_it: bool = False) -> None:
        """On the thread of the lines: hands over what came, if it is enough or has waited long enough."""
        if self.waiting and (all_of_it or len(self.waiting) >= MANY or time.monotonic() - self._since >= SOON):
            self._queue.put(self.waiting)
            self.waiting = []

    def get(self, timeout: float) -> T:
        """The next one; raises Empty where none comes in so many seconds."""
        if not self._mine:
            self._lines.ring()
            self._mine.extend(self._queue.get(timeout=timeout))
        return self._mine.popleft()


class _Stopped(Exception):
    """The thread has nothing more to do."""
