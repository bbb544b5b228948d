"""Taking in what was asked for: derive | decide | store, poll by poll, each in one transaction.

    Poll -> Items -> Articles and Mentions -> Decisions -> rows

One thread does this. A fault of the program in here is an outcome of that source and stores nothing of it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from aggregator import articles, citations, corrections, groups, outlets, robots, schedule, topics, urls, visits
from aggregator.model import (
    Article,
    Config,
    Decision,
    Item,
    Kind,
    Mention,
    Outcome,
    Outlet,
    Page,
    Poll,
    Source,
    Status,
    Visit,
)
from aggregator.store import Store

log = logging.getLogger(__name__)

SITEMAP_ITEMS = 2_000  # of a sitemap, the newest, are taken in one run
_SLACK = timedelta(days=1)  # sitemaps print days without times, and list articles late


# --- derive -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What deriving an article takes: feeds.yaml, the press names, the compiled topics."""

    config: Config
    names: outlets.Directory
    topics: topics.Topics

    @classmethod
    def of(cls, config: Config) -> Knowledge:
        """Gathers the names and compiles the topics."""
        return cls(config, outlets.directory(config.outlets.values()), compiled(config))

    def outlet(self, source: Source) -> Outlet | None:
        """The outlet of a source."""
        return self.config.outlets.get(source.outlet) if source.outlet else None

    def derive(self, item: Item, address: str, source: Source, now: datetime) -> tuple[Article, tuple[Mention, ...]]:
        """The article of an item, and its mentions."""
        outlet = articles.publisher(item, self.outlet(source), self.names.find)
        article = articles.derive(item, address, source, outlet, now)
        return article, self.topics.match(article.title, item.summary, article.language.tag, article.links)

    def body_at(self, poll: Poll, now: datetime) -> datetime | None:
        """The newest date of a feed. Pages print "3 hours ago": no ground to tell which copy is older."""
        if poll.reading is None or poll.source.kind not in (Kind.FEED, Kind.SITEMAP):
            return None
        zone = articles.reading_zone(poll.source, self.outlet(poll.source))
        return articles.newest(poll.reading.items, zone, now)

    def news(self, poll: Poll, now: datetime) -> Sequence[Item]:
        """The items of a poll; of a sitemap, which lists years, only those since the newest that is known."""
        if poll.reading is None or poll.source.kind is not Kind.SITEMAP:
            return poll.reading.items if poll.reading else ()
        zone = articles.reading_zone(poll.source, self.outlet(poll.source))
        since = poll.state.body_at - _SLACK if poll.state.body_at else None
        return articles.since(poll.reading.items, since, zone, now)[:SITEMAP_ITEMS]


def compiled(config: Config) -> topics.Topics:
    """The topics, with the addresses of our pages in canonical form, as links of articles are."""
    return topics.compile(
        {
            name: replace(topic, pages=tuple(urls.canonical(page) or page for page in topic.pages))
            for name, topic in config.topics.items()
        }
    )


def by_address(items: Sequence[Item]) -> dict[str, Item]:
    """Items by canonical URL. Of items that share one, the first is it; an item without one is no article."""
    found: dict[str, Item] = {}
    for item in items:
        if address := articles.address(item):
            found.setdefault(address, item)
    return found


# --- decide, store ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes in the polls of one run, one after the other."""

    knowledge: Knowledge
    store: Store
    run: int

    def take(self, poll: Poll, now: datetime, dice: float) -> Outcome:
        """Decides on a poll and stores it. `dice` is a random number from 0 to 1, for the next due time."""
        try:
            return self._store(poll, self._decide(poll, now), now, dice)
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as problem:
            log.exception("%s: a fault of the program", poll.source.id)
            note = f"{type(problem).__name__}: {problem}"
            fault = replace(poll, status=Status.BUG, note=note, reading=None)
            return self._store(fault, Verdict(body_at=poll.state.body_at), now, dice)

    def _decide(self, poll: Poll, now: datetime) -> Verdict:
        before = poll.state.body_at
        body_at = self.knowledge.body_at(poll, now)
        flap = before is not None and body_at is not None and body_at < before
        items = by_address(self.knowledge.news(poll, now))
        known = self.store.known(list(items), poll.source.id)
        verdict = Verdict(body_at=before if flap or body_at is None else body_at)
        for address, item in items.items():
            held = known.get(address)
            if held and (flap or (item.title, item.summary) == (held.seen_title, held.seen_summary)):
                verdict.seen.append(held.id)
            else:
                article, mentions = self.knowledge.derive(item, address, poll.source, now)
                verdict.decisions.append(groups.decide(article, mentions, held))
        return verdict

    def _store(self, poll: Poll, verdict: Verdict, now: datetime, dice: float) -> Outcome:
        store, source = self.store, poll.source.id
        with store.transaction():
            mentions = sum(self._save(source, decision, now) for decision in verdict.decisions)
            store.seen(verdict.seen, source, now)
            if poll.reading and poll.reading.references:
                cited = [(one, citations.whose(one.outlet, self.knowledge.names)) for one in poll.reading.references]
                store.save_references(source, poll.source.public_url, cited, now)
            if poll.source.visit and poll.reading:
                store.owe_visits(source, now)
            outcome = replace(_outcome(poll), new=verdict.new, changed=verdict.changed, mentions=mentions)
            state = schedule.next_state(poll, new=verdict.new, now=now, dice=dice)
            store.finish(self.run, outcome, replace(state, body_at=verdict.body_at))
        return outcome

    def _save(self, source: str, decision: Decision, now: datetime) -> int:
        """Stores a decision and what follows from it: corrections, copies. Returns how many mentions are new."""
        number = self.store.save(source, decision, now)
        item = decision.article.item
        if corrected := corrections.found(item.title, item.summary, decision.revisions):
            self.store.save_corrections(number, corrected, now)
        if decision.headline:
            self.store.save_copies(groups.copies(self.store.headline_cluster(decision.headline)))
        return self.store.save_mentions(number, decision.mentions, now)[0]

    # --- pages of articles --------------------------------------------------------------------------------------------

    def take_page(self, page: Page, now: datetime) -> tuple[tuple[Status, int], ...]:
        """Decides on what a page says and stores it. Returns (status, new mentions), nothing where the visit waits."""
        source = self.knowledge.config.sources[page.debt.source]
        try:
            visit = visits.decide(page, source, self.knowledge.names, now)
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as problem:
            log.exception("%s: a fault of the program", page.debt.url)
            fault = replace(page, status=Status.BUG, note=f"{type(problem).__name__}: {problem}", item=None)
            visit = visits.decide(fault, source, self.knowledge.names, now)
        with self.store.transaction():
            if page.robots:
                self.store.save_robots(page.robots, now - robots.LIFE)
            if page.postponed:
                self.store.postpone_visit(page.debt.article, now + visits.POSTPONED)
                return ()
            mentions = self._save_visit(visit, now)
        return ((visit.status, mentions),)

    def _save_visit(self, visit: Visit, now: datetime) -> int:
        """Stores a visit and what follows from what is now known: mentions and copies. Returns the new mentions."""
        article = visit.debt.article
        self.store.save_visit(visit, now)
        if visit.article and (key := groups.headline_key(visit.article.title)):
            self.store.save_headline(article, key)
            self.store.save_copies(groups.copies(self.store.headline_cluster(key)))
        mentions = self.knowledge.topics.match(*self.store.text(article), self.store.links(article))
        return self.store.save_mentions(article, mentions, now)[0]


@dataclass(slots=True, kw_only=True)
class Verdict:
    """What is to be stored of a poll: decisions, articles of which nothing new was said, the date of the body."""

    body_at: datetime | None
    decisions: list[Decision] = field(default_factory=list)
    seen: list[int] = field(default_factory=list)

    @property
    def new(self) -> int:
        """How many articles are new."""
        return sum(decision.known is None for decision in self.decisions)

    @property
    def changed(self) -> int:
        """How many articles have a new headline or summary."""
        return sum(bool(decision.revisions) for decision in self.decisions)


def _outcome(poll: Poll) -> Outcome:
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
