"""The run, as a pipe:

    due(sources) | poll | derive | decide | store | report

`poll` (hosts.py: many at once; polling.py: fetch, read) waits for nobody; `derive`, `decide` and `store` (intake.py)
take place on one thread, source by source, each that says something in a transaction of its own. A source that fails is
an Outcome and stops nothing. Nothing here knows HTTP, markup or SQL, and nothing below knows the order of the steps.
Where nothing is due, nothing heavy is imported.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, cached_property
from typing import TYPE_CHECKING

from aggregator import __version__, quiet, report, schedule
from aggregator.errors import ClusterAway, UsageError
from aggregator.model import (
    Article,
    Config,
    Cost,
    Debt,
    Mention,
    Outcome,
    Page,
    Poll,
    Source,
    SourceState,
    Status,
    Summary,
)
from aggregator.store import Store

if TYPE_CHECKING:
    from aggregator.intake import Intake
    from aggregator.knowledge import Knowledge
    from aggregator.outlets import Directory


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a run is asked for. Without names it polls what is due; `everything` polls all that are enabled.

    `visits` is how many pages of articles it may ask for, beside what it polls. `executor` is the address of a
    scheduler whose workers poll, instead of threads.
    """

    sources: tuple[str, ...] = ()
    everything: bool = False
    workers: int = 1000
    strict: bool = False
    visits: int = 20
    executor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """What a run takes from outside: the time, chance from 0 to 1, the wish to stop, who watches it, what it cost, and
    which exit code there is beside that of the summary, after what was raised, if anything was.
    """

    clock: Callable[[], datetime]
    dice: Callable[[], float]
    stopped: Callable[[], bool] = lambda: False
    watch: Callable[[Outcome, int], None] = lambda _outcome, _due: None
    cost: Callable[[], Cost | None] = lambda: None
    exit_code: Callable[[BaseException | None], int] = lambda problem: 1 if problem else 0


def run(config: Config, store: Store, order: Order, edges: Edges) -> Summary:
    """Polls what is due and stores what came of it. Raises UsageError for a source that feeds.yaml does not have."""
    _configure(config, store, edges.clock())
    states = _states(config, store.states())
    wanted = _wanted(config, states, order, edges.clock())
    number = store.begin_run(edges.clock(), __version__)
    outcomes: list[Outcome] = []
    visited: list[tuple[Status, int]] = []
    takers, left, code = _Takers(config, store, number), "", 0
    try:
        try:
            for answer in _polls(config, wanted, states, order, edges):
                outcomes.append(takers.take(answer, edges.clock(), edges.dice()))
                edges.watch(outcomes[-1], len(wanted))
        except ClusterAway as problem:  # what came is stored, and may be compared
            left = str(problem)
        takers.notebook.write()
        for page in _pages(config, store, order, edges):
            visited += takers.intake.take_page(page, edges.clock())
        if wanted or visited:
            cite(store)
        if store.anything_ungrouped():
            group(config, store, edges.clock(), edges.stopped)
        if outcomes:
            _watch(config, store, number, [(one, states[one.source].last_ok_at) for one in outcomes], edges.clock())
        code = edges.exit_code(None)
    except BaseException as problem:
        code = edges.exit_code(problem)
        raise
    finally:
        summary = report.summary(outcomes, due=len(wanted), strict=order.strict, left=left)
        summary = report.with_visits(summary, visited)
        code = code or summary.exit_code
        summary = replace(summary, exit_code=code, alerts=store.untold(), cost=edges.cost())
        store.end_run(number, summary, edges.clock())
    return summary


class _Takers:
    """Who takes in what was asked for. Where nothing is new, only the notebook is needed, and nothing heavy."""

    def __init__(self, config: Config, store: Store, run: int) -> None:
        self._config, self._store, self._run = config, store, run
        self.notebook = quiet.Notebook(store, run)

    @cached_property
    def intake(self) -> Intake:
        """Decides on what was said."""
        from aggregator.intake import Intake
        from aggregator.knowledge import Knowledge

        return Intake(Knowledge(self._config), self._store, self._run)

    def take(self, poll: Poll, now: datetime, dice: float) -> Outcome:
        """Stores what came of a poll, or notes it."""
        if quiet.is_quiet(poll):
            return self.notebook.note(poll, now, dice)
        if poll.host_rests:
            self.notebook.write()  # it says when sources are due, and the host has the last word on that
        return self.intake.take(poll, now, dice)


def _watch(
    config: Config, store: Store, run: int, polled: Sequence[tuple[Outcome, datetime | None]], now: datetime
) -> None:
    """Has alerts begin and end, after what came of sources that had answered before at some time."""
    from aggregator import watch

    shown: watch.Shown = {}
    for outcome, last_ok_at in polled:
        past = store.past_polls(outcome.source, run, watch.PAST) if outcome.status is Status.OK else ()
        shown |= watch.of_poll(outcome, config.sources[outcome.source], last_ok_at, past)
    shown |= watch.silent(store.silences(now, watch.LEAST_SILENCE))
    shown |= watch.offline([outcome for outcome, _ in polled])
    in_use = {one.id for one in config.sources.values() if one.enabled}
    changes = watch.decide(shown, store.alerts(now - watch.RECALL), in_use)
    with store.transaction():
        store.save_alerts(changes, now)


def _configure(config: Config, store: Store, now: datetime) -> None:
    """Writes feeds.yaml into the database where it is not what it was."""
    digest = f"{__version__} {config.origin or hashlib.sha256(repr(config).encode()).hexdigest()}"
    if store.noted("config") != digest:
        moved = schedule.moved(config.sources.values(), store.states())
        read_otherwise = schedule.read_otherwise(config, store.read_as())
        with store.transaction():
            store.forget(moved)
            store.have_read_again(read_otherwise)
            store.configure(config)
            store.owe_visits(config.visiting, now)
            store.note("config", digest)


def _states(config: Config, remembered: Mapping[str, SourceState]) -> dict[str, SourceState]:
    return {name: schedule.state_of(source, remembered.get(name)) for name, source in config.sources.items()}


def named(config: Config, sources: Sequence[str]) -> Sequence[Source]:
    """The sources of these names, each once. Raises UsageError for those that feeds.yaml does not have."""
    if unknown := [name for name in sources if name not in config.sources]:
        raise UsageError(f"no such source in feeds.yaml: {', '.join(unknown)}")
    return [config.sources[name] for name in dict.fromkeys(sources)]


def _wanted(config: Config, states: Mapping[str, SourceState], order: Order, now: datetime) -> Sequence[Source]:
    if order.sources:
        return named(config, order.sources)
    if order.everything:
        return [one for one in config.sources.values() if one.enabled and states[one.id].enabled]
    return schedule.due(config.sources.values(), states, now)


def _polls(
    config: Config, wanted: Sequence[Source], states: Mapping[str, SourceState], order: Order, edges: Edges
) -> Iterator[Poll]:
    if not wanted:
        return
    from aggregator import hosts, polling
    from aggregator.fetch import Fetcher

    @cache
    def names() -> Directory:
        from aggregator import outlets

        return outlets.directory(config.outlets.values())

    if order.executor:
        from aggregator import cluster

        errands = [cluster.errand(one, states[one.id], config.outlets.values(), edges.clock()) for one in wanted]
        yield from cluster.polls(errands, order.executor, order.workers, edges.clock, edges.stopped)
        return
    with (
        ThreadPoolExecutor(polling.READERS) as readers,
        ThreadPoolExecutor(min(order.workers, polling.THREADS)) as askers,  # of what asks again while it is read
        Fetcher(version=__version__, clock=edges.clock) as fetcher,
    ):
        poller = polling.Poller(fetcher, names, edges.clock)

        def ask(source: Source) -> Future[Poll]:
            state = states[source.id]
            if polling.read_alone(source):
                return poller.begin(source, state, readers)
            return askers.submit(poller.poll, source, state)

        known = (bool(states[one.id].etag or states[one.id].last_modified) for one in wanted)  # they answer in a line
        room = hosts.Room(order.workers, first=max(hosts.FIRST, sum(known)))
        try:
            for poll in hosts.ask_all(wanted, ask, room, edges.stopped, fetcher.results()):
                yield poll
                poller.done(poll)
        finally:
            poller.close()
            for executor in (readers, askers):  # where somebody wanted to stop, nothing more is read
                executor.shutdown(wait=False, cancel_futures=True)


def _debts(config: Config, store: Store, order: Order, edges: Edges) -> Sequence[Debt]:
    """The articles whose pages are visited in this run: of the named sources, where there are names."""
    named = [name for name in config.visiting if not order.sources or name in order.sources]
    return store.debts(named, edges.clock(), order.visits) if named and order.visits else ()


def _pages(config: Config, store: Store, order: Order, edges: Edges) -> Iterator[Page]:
    debts = () if edges.stopped() else _debts(config, store, order, edges)
    if not debts:
        return
    from aggregator import hosts, polling, visiting, visits
    from aggregator.fetch import Fetcher

    with (
        ThreadPoolExecutor(min(order.workers, polling.THREADS)) as visitors,
        Fetcher(version=__version__, clock=edges.clock) as fetcher,
    ):
        visitor = visiting.Visitor(fetcher, store.robots(), edges.clock)
        errands = [visiting.Errand(debt=one, source=visits.asked(one, config.sources[one.source])) for one in debts]

        def ask(errand: visiting.Errand) -> Future[Page]:
            return visitors.submit(visitor.visit, errand)

        yield from hosts.ask_all(errands, ask, hosts.Room(order.workers), edges.stopped)


# --- without storing, without asking ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a poll would come to: its articles, each with its mentions."""

    poll: Poll
    articles: tuple[tuple[Article, tuple[Mention, ...]], ...]


def previews(config: Config, order: Order, edges: Edges) -> Iterator[Preview]:
    """Asks sources and says what would be stored; nothing is."""
    from aggregator.knowledge import Knowledge

    states = _states(config, {})
    knowledge = Knowledge(config)
    wanted = _wanted(config, states, order, edges.clock())
    for answer in _polls(config, wanted, states, order, edges):
        yield _preview(answer, knowledge, edges.clock())


def preview(config: Config, poll: Poll, now: datetime) -> Preview:
    """What a poll comes to that was made already."""
    from aggregator.knowledge import Knowledge

    return _preview(poll, Knowledge(config), now)


def _preview(poll: Poll, knowledge: Knowledge, now: datetime) -> Preview:
    from aggregator.knowledge import by_address

    items = by_address(poll.reading.items if poll.reading else ())
    derived = (knowledge.derive(item, address, poll.source, now) for address, item in items.items())
    return Preview(poll=poll, articles=tuple((article, knowledge.mentions(article)) for article in derived))


_CITED = "citations"  # under this name the store notes the last article that citations were held against


def cite(store: Store, *, everything: bool = False) -> None:
    """Decides which articles citations mean, in one transaction; writes nothing where nothing new came.

    Looked at is what was never decided on, and what is cited for the days of new articles; or `everything`.
    """
    last = store.last_article()
    if not everything and str(last) == store.noted(_CITED) and not store.citations(()):
        return
    from aggregator import citations

    days = citations.days_around(store.days_after(int(store.noted(_CITED) or 0)))
    found = store.citations(None if everything else days)
    if days or found:
        with store.transaction():
            store.save_resolutions(citations.resolve(one, store.candidates(citations.lookup(one))) for one in found)
            store.note(_CITED, str(last))


def group(config: Config, store: Store, now: datetime, stopped: Callable[[], bool] = lambda: False) -> int:
    """Compares the articles that wait for it with one another: copies, stories. Returns how many were compared.

    Where it is stopped, the rest waits for the next run.
    """
    from aggregator import methods
    from aggregator.grouping import Grouping

    return Grouping(store, methods.method(config)).work(now, stopped)


def regroup(config: Config, store: Store, now: datetime) -> int:
    """Compares all articles anew, in one transaction; what people ruled holds. Returns how many were compared."""
    with store.whole():
        store.dissolve()
        store.queue()
        return group(config, store, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rematched:
    """What came of holding all articles against the topics again."""

    articles: int
    came: int
    went: int


def rematch(config: Config, store: Store, now: datetime) -> Rematched:
    """Holds every stored article against the topics of feeds.yaml again, in one transaction, and then every citation
    against the articles. Needs no network.
    """
    from aggregator.knowledge import compiled

    _configure(config, store, now)
    matcher = compiled(config)
    count = came = went = 0
    with store.transaction():
        for number, title, summary, language in store.texts():
            mentions = matcher.match(title, summary, language, store.links(number))
            new, retired = store.save_mentions(number, mentions, now)
            count, came, went = count + 1, came + new, went + retired
        store.owe_visits(config.visiting, now)
    cite(store, everything=True)
    return Rematched(articles=count, came=came, went=went)
