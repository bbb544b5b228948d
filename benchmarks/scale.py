"""How many feeds one machine can read, and what gives way first: a simulation, event by event.

    python benchmarks/scale.py [--from FILE] [--seed 1] [--only NAME]

Feeds publish at rates that differ by orders of magnitude, more by day than by night in their zone; when each is asked
again is decided by `aggregator.schedule` itself. Cron begins a run every five minutes unless one is at work. In it
hosts answer late, hang or are gone, one feed of a host is asked at a time, and rests follow; fetching processes read
the bodies, one writer for each database stores feed by feed, and compares the new articles when all are stored. FILE
(measured.json, as benchmarks/growth writes it) says what each step costs; the rest is assumed, and named at the top.
docs/scale.md tells what follows.
"""

from __future__ import annotations

import argparse
import heapq
import json
import math
import random
import sys
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from aggregator import hosts, schedule
from aggregator.model import Fetched, Poll, Source, SourceState, Status

TICK = 300.0  # seconds between two runs, as docs/cron.md has it
CONNECTIONS = 1000  # hosts that a fetching process asks at a time: `aggregator run --workers`
DAY = 86_400.0
_BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
_MEASURED = Path(__file__).resolve().parent / "growth" / "measured.json"

# Assumed.
WINDOW = 30  # entries in a feed
LATENCY, LATENCY_SPREAD = 0.4, 0.9  # seconds until the median host has answered; of the logarithm
HANGING, GONE = 0.02, 0.04  # of the hosts: never answer, answer 404
TIMEOUT = 30.0  # seconds, as feeds.yaml has it unless said
RATE_SPREAD = 1.5  # of the logarithm of what feeds publish: the largest hundredth publishes a quarter of everything
NEW_HOST = 0.6  # of the feeds; the others are on one that is known. The shipped feeds.yaml has 135 on 96
NIGHT = 0.8  # by how much less than the average is published at four in the morning
ZONES = (9, 9, 8, 8, 8, 5.5, 3, 1, 1, 0, -3, -5, -5, -8)  # hours ahead of UTC

# What benchmarks/growth does not tell apart: shares of the processor time, by py-spy on the runs that it measures.
ASKING = 0.6  # of what an unchanged feed costs, the rest is the writer's
READING = 0.2  # of what a body costs in which all is known
STORING = 0.38  # of what a feed costs of which nothing is known; the comparing takes nearly all else


POLL_BYTES = 200  # of the table fetches, for each time that a feed is asked: docs/operating.md

Measured = Sequence[Mapping[str, Any]]


class Costs(NamedTuple):
    """Processor seconds. `ask` and `read` are a fetching process's, all else is the writer's; `begin` is each run's,
    `begin_each` for each feed that there is."""

    begin: float
    begin_each: float
    ask: float
    keep: float
    read: float
    keep_body: float
    article: float
    group: float

    @classmethod
    def of(cls, measured: Measured, a_day: float) -> Costs:
        """The costs that benchmarks/growth has measured, where a database gets so many articles a day."""
        by_feeds = {name: _slope(measured, name) for name in ("one due", "all unchanged", "nothing known")}
        at = {one["what"]: one for one in measured if one.get("articles") == 100_000}
        dense = sorted((one for one in measured if "a_day" in one), key=lambda one: one["a_day"])
        compared = next((one for one in dense if one["a_day"] >= a_day), dense[-1])
        group = compared["cpu"] / compared["count"]
        unchanged = by_feeds["all unchanged"] - by_feeds["one due"]
        body = (at["a run, 200 bodies, all known"]["cpu"] - at["a run, 200 unchanged"]["cpu"]) / 200
        article = by_feeds["nothing known"] / 3 * STORING
        begin = min((one["feeds"], one["cpu"]) for one in measured if one["what"] == "a run, one due")[1]
        return cls(begin, by_feeds["one due"], unchanged * ASKING, unchanged * (1 - ASKING), body * READING,
                   body * (1 - READING), article, group)  # fmt: skip


def _slope(measured: Measured, name: str) -> float:
    """What one feed more costs, between the two largest sizes."""
    points = sorted((one["feeds"], one["cpu"]) for one in measured if one["what"] == f"a run, {name}")
    (few, less), (many, more) = points[-2:]
    return float((more - less) / (many - few))


class World(NamedTuple):
    """How many feeds there are, what they publish a day together, and how often each is asked."""

    feeds: int
    articles: float
    every: timedelta = timedelta(hours=1)
    hanging: float = HANGING
    gone: float = GONE
    latency_spread: float = LATENCY_SPREAD
    new_host: float = NEW_HOST
    rate_spread: float = RATE_SPREAD
    night: float = NIGHT


class Crew(NamedTuple):
    """How many processes fetch, and how many databases are written. Of one process, both share its processor."""

    processes: int = 1
    databases: int = 1


@dataclass(slots=True)
class Feed:
    """A feed: how much it publishes a second, up to when its entries were seen, and what is remembered of it."""

    number: int
    host: int
    rate: float
    night: float
    ahead: float
    fails: Status | None
    source: Source
    state: SourceState
    seen: float
    new: list[float] = field(default_factory=list)


class Told(NamedTuple):
    """What came of a simulation. Times are seconds, `asking` and `writing` how much of the time processes are at work;
    `open` is how many connections are, on average."""

    polls: int
    bodies: int
    articles: int
    lost: int
    seconds: float
    runs: Sequence[float]
    lags: Sequence[float]
    asking: float
    writing: float
    open: float


# --- the press --------------------------------------------------------------------------------------------------------


def feeds_of(world: World, dice: random.Random) -> list[Feed]:
    """The feeds of a world, each due at some time of its first interval."""
    rates = [math.exp(dice.gauss(0, world.rate_spread)) for _ in range(world.feeds)]
    whole = world.articles / DAY / sum(rates)
    source = Source(id="", url="https://a.example/", every=world.every)
    hosts: list[int] = []
    fate: list[Status | None] = []
    feeds = []
    for number, rate in enumerate(rates):
        host = len(fate) if not hosts or dice.random() < world.new_host else dice.choice(hosts)
        if host == len(fate):
            draw = dice.random()
            fails = Status.TIMEOUT if draw < world.hanging else Status.NOT_FOUND
            fate.append(fails if draw < world.hanging + world.gone else None)
        hosts.append(host)
        due = dice.random() * world.every.total_seconds()
        state = SourceState(source="", url="", due_at=_BEGIN + timedelta(seconds=due))
        seen = due - world.every.total_seconds()
        feeds.append(Feed(number, host, rate * whole, world.night, dice.choice(ZONES), fate[host], source, state, seen))
    return feeds


def published(feed: Feed, until: float, dice: random.Random) -> list[float]:
    """When a feed published what it did since it was seen, the earliest first: the last WINDOW are still in it."""
    count = _poisson(feed.rate * (_day_and_night(until, feed) - _day_and_night(feed.seen, feed)), dice)
    return sorted(feed.seen + (until - feed.seen) * dice.random() for _ in range(count))


def _day_and_night(at: float, feed: Feed) -> float:
    """The integral of a rhythm that is highest at four in the afternoon where the feed is at home."""
    turn = 2 * math.pi / DAY
    return at + feed.night / turn * math.sin(turn * (at + (feed.ahead - 16) * 3600))


def _poisson(mean: float, dice: random.Random) -> int:
    if mean > 50:
        return max(0, round(dice.gauss(mean, math.sqrt(mean))))
    limit, product, count = math.exp(-mean), dice.random(), 0
    while product > limit:
        product *= dice.random()
        count += 1
    return count


# --- the runs ---------------------------------------------------------------------------------------------------------


class Simulation:
    """Runs, one after the other, until a time. What happens in the first interval of the feeds is not counted."""

    def __init__(self, world: World, crew: Crew, costs: Costs, seed: int) -> None:
        self._world, self._crew, self._costs, self._dice = world, crew, costs, random.Random(seed)
        self._feeds = feeds_of(world, self._dice)
        self._due: list[tuple[float, int]] = []
        for feed in self._feeds:
            self._asked_again(feed)
        self._from = world.every.total_seconds()
        writers = crew.databases if crew.processes > 1 or crew.databases > 1 else 0
        self._free = [0.0] * (crew.processes + writers)  # when each processor is done with what it was given
        self._busy = [0.0] * len(self._free)
        self._resting: dict[int, deque[Feed]] = {}  # hosts that rest, by the feed that is next
        self._polls = self._bodies = self._lost = 0
        self._open = 0.0
        self._runs: list[float] = []
        self._lags: list[float] = []

    def told(self, hours: float) -> Told:
        """What came of so many hours."""
        end, at = self._from + hours * 3600, 0.0
        while at < end:
            due = []
            while self._due and self._due[0][0] <= at:
                due.append(self._feeds[heapq.heappop(self._due)[1]])
            done = self._run(at, due) if due else at
            at = max(at + TICK, math.ceil(done / TICK) * TICK)
        seconds, fetching = at - self._from, self._crew.processes
        return Told(self._polls, self._bodies, len(self._lags), self._lost, seconds, self._runs, sorted(self._lags),
                    sum(self._busy[:fetching]) / seconds / fetching, sum(self._busy[self._writer(0) :]) / seconds
                    / self._crew.databases, self._open / seconds)  # fmt: skip

    def _writer(self, feed: int) -> int:
        shared = len(self._free) == 1
        return 0 if shared else self._crew.processes + feed % self._crew.databases

    def _work(self, processor: int, at: float, seconds: float) -> float:
        """Gives a processor work at a time. Returns when it is done."""
        begin = max(self._free[processor], at)
        if begin >= self._from:
            self._busy[processor] += seconds
        self._free[processor] = begin + seconds
        return begin + seconds

    def _run(self, begin: float, due: Sequence[Feed]) -> float:
        """A run from beginning to end. Returns when it is over."""
        start = self._costs.begin + self._costs.begin_each * len(self._feeds) / self._crew.databases
        events: list[tuple[float, int, str]] = []
        waiting = deque(_by_host(due))
        queues: dict[int, deque[Feed]] = {}
        hung = Counter[int]()  # hosts
        most, new = CONNECTIONS * self._crew.processes, [0] * self._crew.databases
        at = max(self._work(self._writer(number), begin, start) for number in range(self._crew.databases))
        while True:
            while waiting and len(queues) < most:
                queue = waiting.popleft()
                feed = queue.popleft()
                queues[feed.number] = queue
                heapq.heappush(events, (at + self._latency(feed), feed.number, "answered"))
            if not events:
                break
            self._open += len(queues) * (events[0][0] - at) * (at >= self._from)
            at, number, what = heapq.heappop(events)
            feed = self._feeds[number]
            if what == "answered":
                heapq.heappush(events, (self._answered(feed, at), number, "read"))
            elif what == "read":
                heapq.heappush(events, (self._keep(feed, at), number, "kept"))
                queue = queues.pop(number)
                hung[feed.host] += feed.fails is Status.TIMEOUT
                if hung[feed.host] == hosts.HUNG:  # the rest of the host stays due
                    for left in queue:
                        heapq.heappush(self._due, (at, left.number))
                elif queue:
                    heapq.heappush(events, (at + feed.source.rest.total_seconds(), queue[0].number, "rested"))
                    self._resting[queue[0].number] = queue
            elif what == "rested":
                waiting.append(self._resting.pop(number))
            else:
                new[number % self._crew.databases] += self._kept(feed, at)
        done = max(self._work(self._writer(one), at, self._costs.group * count) for one, count in enumerate(new))
        if begin >= self._from:
            self._runs.append(done - begin)
        return done

    def _latency(self, feed: Feed) -> float:
        if feed.fails is Status.TIMEOUT:
            return TIMEOUT
        return min(TIMEOUT, LATENCY * math.exp(self._dice.gauss(0, 1) * self._world.latency_spread))

    def _answered(self, feed: Feed, at: float) -> float:
        """A process takes the answer, and reads the body where it is another one. Returns when it is done."""
        feed.new = [] if feed.fails else published(feed, at, self._dice)
        work = self._costs.ask + (self._costs.read if feed.new else 0.0)
        if not feed.fails:
            feed.seen = at
        return self._work(feed.number % self._crew.processes, at, work)

    def _keep(self, feed: Feed, at: float) -> float:
        """The writer stores what a feed had. Returns when it is done."""
        body = self._costs.keep_body + self._costs.article * min(len(feed.new), WINDOW) if feed.new else 0.0
        return self._work(self._writer(feed.number), at, self._costs.keep + body)

    def _kept(self, feed: Feed, at: float) -> int:
        """All is stored: the schedule says when the feed is asked again. Returns how many articles are new."""
        status = feed.fails or (Status.OK if feed.new else Status.UNCHANGED)
        now = _BEGIN + timedelta(seconds=at)
        poll = Poll(source=feed.source, state=feed.state, started_at=now, fetched=Fetched(status=status), status=status)
        feed.state = schedule.next_state(poll, new=len(feed.new), now=now, dice=self._dice.random())
        self._asked_again(feed)
        kept = feed.new[-WINDOW:]
        if at >= self._from:
            self._polls += 1
            self._bodies += bool(kept)
            self._lost += len(feed.new) - len(kept)
            self._lags += [at - moment for moment in kept]
        return len(kept)

    def _asked_again(self, feed: Feed) -> None:
        if feed.state.due_at and feed.state.enabled:
            heapq.heappush(self._due, ((feed.state.due_at - _BEGIN).total_seconds(), feed.number))


def _by_host(due: Sequence[Feed]) -> Iterator[deque[Feed]]:
    hosts: dict[int, deque[Feed]] = {}
    for feed in due:
        hosts.setdefault(feed.host, deque()).append(feed)
    yield from hosts.values()


# --- the table --------------------------------------------------------------------------------------------------------

TWICE_A_DAY = timedelta(hours=12)
SCENARIOS: Mapping[str, tuple[World, Sequence[Crew], float]] = {  # the last are the hours that are counted
    "as shipped": (World(135, 2_700), [Crew()], 24),
    "a thousand": (World(1_000, 20_000), [Crew(), Crew(4)], 24),
    "ten thousand": (World(10_000, 80_000), [Crew(), Crew(4), Crew(4, 4)], 24),
    "the world, twice a day": (World(180_000, 300_000, TWICE_A_DAY), [Crew(), Crew(4), Crew(4, 4)], 12),
    "the world, hourly": (World(180_000, 300_000), [Crew(), Crew(4), Crew(4, 4), Crew(16, 16)], 3),
}
_COLUMNS = ("scenario", "feeds", "articles a day", "fetching", "writing", "requests/s", "open", "run, s", "longest",
            "fetching busy", "writing busy", "stored after, min", "p95", "lost", "GB a year")  # fmt: skip


def row(name: str, world: World, crew: Crew, told: Told, each: float) -> str:
    """A simulation as a line of Markdown. An article takes `each` bytes of the database."""
    runs = sorted(told.runs)
    median, p95 = (told.lags[int(len(told.lags) * share)] / 60 for share in (0.5, 0.95))
    together = "with it" if crew == Crew() else f"{crew.databases}"
    cells = (name, f"{world.feeds:,}", f"{told.articles / told.seconds * DAY:,.0f}", f"{crew.processes}", together,
             f"{told.polls / told.seconds:.2f}", f"{told.open:.1f}", f"{runs[len(runs) // 2]:.0f}", f"{runs[-1]:.0f}",
             f"{told.asking:.1%}", f"{told.writing:.1%}", f"{median:.0f}", f"{p95:.0f}",
             f"{told.lost / max(1, told.lost + told.articles):.2%}",
             f"{(told.articles * each + told.polls * POLL_BYTES) / told.seconds * DAY * 365 / 1e9:,.0f}")  # fmt: skip
    return _line(cells)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--from", dest="measured", type=Path, default=_MEASURED, metavar="FILE", help="what steps cost")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=SCENARIOS, help="one scenario")
    chosen = parser.parse_args()
    measured = json.loads(chosen.measured.read_text())["measured"]
    each = max((one["articles"], one["bytes"] / one["articles"]) for one in measured if one["what"] == "file")[1]
    print(f"{each:,.0f} bytes an article; milliseconds: {_steps(Costs.of(measured, 0))}")
    print(f"where a day has most: {_steps(Costs.of(measured, math.inf))}\n")
    print(_line(_COLUMNS), _line(["---"] * len(_COLUMNS)), sep="\n")
    for name, (world, crews, hours) in SCENARIOS.items():
        for crew in crews if chosen.only in (None, name) else ():
            costs = Costs.of(measured, world.articles / crew.databases)
            told = Simulation(world, crew, costs, chosen.seed).told(hours)
            print(row(name, world, crew, told, each), flush=True)


def _steps(costs: Costs) -> str:
    return ", ".join(f"{name} {seconds * 1e3:.2f}" for name, seconds in costs._asdict().items())


if __name__ == "__main__":
    main()
