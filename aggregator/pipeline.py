"""The run, as a pipe:

    due(sources) | poll | derive | decide | store | report

`poll` (polling.py: fetch, read) asks many hosts at once; `derive`, `decide` and `store` (intake.py) take place on one
thread, source by source, each in a transaction of its own. A source that fails is an Outcome and stops nothing. Nothing
here knows HTTP, markup or SQL, and nothing below knows the order of the steps. Where nothing is due, nothing heavy is
imported.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from aggregator import __version__, report, schedule
from aggregator.errors import UsageError
from aggregator.model import Article, Config, Mention, Outcome, Poll, Source, SourceState, Summary
from aggregator.store import Store

if TYPE_CHECKING:
    from aggregator.intake import Knowledge


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a run is asked for. Without names it polls what is due; `everything` polls all that are enabled."""

    sources: tuple[str, ...] = ()
    everything: bool = False
    workers: int = 16
    strict: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """What a run takes from outside: the time, chance from 0 to 1, the wish to stop, and who watches it."""

    clock: Callable[[], datetime]
    dice: Callable[[], float]
    stopped: Callable[[], bool] = lambda: False
    watch: Callable[[Outcome, int], None] = lambda _outcome, _due: None


def run(config: Config, store: Store, order: Order, edges: Edges) -> Summary:
    """Polls what is due and stores what came of it. Raises UsageError for a source that feeds.yaml does not have."""
    _configure(config, store)
    states = _states(config, store.states())
    wanted = _wanted(config, states, order, edges.clock())
    number = store.begin_run(edges.clock(), __version__)
    outcomes: list[Outcome] = []
    try:
        if wanted:
            from aggregator.intake import Intake, Knowledge

            intake = Intake(Knowledge.of(config), store, number)
            for answer in _polls(wanted, states, intake.knowledge, order, edges):
                outcomes.append(intake.take(answer, edges.clock(), edges.dice()))
                edges.watch(outcomes[-1], len(wanted))
    finally:
        summary = report.summary(outcomes, strict=order.strict)
        store.end_run(number, summary, edges.clock())
    return summary


def _configure(config: Config, store: Store) -> None:
    """Writes feeds.yaml into the database where it is not what it was."""
    digest = hashlib.sha256(repr(config).encode()).hexdigest()
    if not store.remembers("config", digest):
        moved = schedule.moved(config.sources.values(), store.states())
        with store.transaction():
            store.configure(config)
            store.forget(moved)
            store.note("config", digest)


def _states(config: Config, remembered: Mapping[str, SourceState]) -> dict[str, SourceState]:
    return {name: schedule.state_of(source, remembered.get(name)) for name, source in config.sources.items()}


def _wanted(config: Config, states: Mapping[str, SourceState], order: Order, now: datetime) -> Sequence[Source]:
    if unknown := [name for name in order.sources if name not in config.sources]:
        raise UsageError(f"no such source in feeds.yaml: {', '.join(unknown)}")
    if order.sources:
        return [config.sources[name] for name in dict.fromkeys(order.sources)]
    if order.everything:
        return [one for one in config.sources.values() if one.enabled and states[one.id].enabled]
    return schedule.due(config.sources.values(), states, now)


def _polls(
    wanted: Sequence[Source], states: Mapping[str, SourceState], knowledge: Knowledge, order: Order, edges: Edges
) -> Iterator[Poll]:
    from aggregator import polling
    from aggregator.fetch import Fetcher

    with Fetcher(version=__version__, clock=edges.clock) as fetcher, ThreadPoolExecutor(order.workers) as executor:
        poller = polling.Poller(fetcher, knowledge.names, edges.clock)

        def ask(source: Source) -> Poll:
            return poller.poll(source, states[source.id])

        yield from polling.polls(wanted, ask, executor, order.workers, edges.stopped)
        fetcher.close()  # ends what is still under way when somebody wanted to stop


# --- without storing, without asking ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a poll would come to: its articles, each with its mentions."""

    poll: Poll
    articles: tuple[tuple[Article, tuple[Mention, ...]], ...]


def previews(config: Config, order: Order, edges: Edges) -> Iterator[Preview]:
    """Asks sources and says what would be stored; nothing is."""
    from aggregator.intake import Knowledge, by_address

    states = _states(config, {})
    knowledge = Knowledge.of(config)
    for answer in _polls(_wanted(config, states, order, edges.clock()), states, knowledge, order, edges):
        items = by_address(answer.reading.items if answer.reading else ())
        derived = (knowledge.derive(item, address, answer.source, edges.clock()) for address, item in items.items())
        yield Preview(poll=answer, articles=tuple(derived))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rematched:
    """What came of holding all articles against the topics again."""

    articles: int
    came: int
    went: int


def rematch(config: Config, store: Store, now: datetime) -> Rematched:
    """Holds every stored article against the topics of feeds.yaml again, without the network, in one transaction."""
    from aggregator.intake import compiled

    _configure(config, store)
    matcher = compiled(config)
    count = came = went = 0
    with store.transaction():
        for number, title, summary, language in store.texts():
            mentions = matcher.match(title, summary, language, store.links(number))
            new, retired = store.save_mentions(number, mentions, now)
            count, came, went = count + 1, came + new, went + retired
    return Rematched(articles=count, came=came, went=went)
