"""Taking in what was said: derive | decide | store, poll by poll, each in one transaction.

    Poll -> Items -> Articles and Mentions -> Decisions -> rows

Deriving is for whoever has the `knowledge`. One thread does this. A fault of the program in here is an outcome of that
source and stores nothing of it.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from aggregator import (
    citations,
    corrections,
    groups,
    identity,
    quiet,
    robots,
    schedule,
    urls,
    visits,
)
from aggregator.errors import NO_MEMORY, AggregatorError, StoreConflict, trail, whereabouts
from aggregator.knowledge import Knowledge, by_address
from aggregator.model import (
    Decision,
    Item,
    Known,
    Mention,
    Outcome,
    Page,
    Poll,
    Relation,
    Source,
    Status,
    Visit,
)
from aggregator.store import Store

log = logging.getLogger(__name__)

_AHEAD = timedelta(hours=1)  # a clock may go wrong by less; a zone is wrong by more


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
        except MemoryError:
            fault = replace(poll, status=Status.TOO_LARGE, note=NO_MEMORY, reading=None)
        except Exception as problem:
            if isinstance(problem, AggregatorError) and not isinstance(problem, StoreConflict):
                raise  # the database is at fault, and no other source would fare better
            log.error("%s: a fault of the program\n%s", poll.source.id, trail(problem))  # noqa: TRY400 - its words may hold secrets
            fault = replace(poll, status=Status.BUG, note=whereabouts(problem), reading=None)
        return self._store(fault, Verdict(body_at=poll.state.body_at), now, dice)

    def _decide(self, poll: Poll, now: datetime) -> Verdict:
        before = poll.state.body_at
        if poll.reading is None:
            return Verdict(body_at=before)
        body_at = self.knowledge.body_at(poll, now)
        flap = before is not None and body_at is not None and body_at < before
        newer = before is not None and body_at is not None and body_at > before
        items = by_address(self.knowledge.news(poll, now))
        known = self.store.known(list(items), poll.source.id)
        verdict = Verdict(body_at=before if flap or body_at is None else body_at)
        verdict.known = sum(held.seen_title is not None for held in known.values())
        told: dict[str, Item] = {}
        taken: set[int] = set()
        for address, item in items.items():
            held = known.get(address)
            if held and held.id in taken:
                continue  # one article under two addresses of one body: the first of them counts
            taken |= {held.id} if held else set()
            if held and (
                flap or (groups.says_nothing_new(item, held, newer=newer) and not self._leads_to_us(item, held))
            ):
                verdict.seen.append(held.id)
            else:
                told[address] = item
        verdict.dated = sum(bool(item.dates) for address, item in items.items() if address not in told)
        self._add_decisions(verdict, told, known, poll, now)
        return verdict

    def _leads_to_us(self, item: Item, held: Known) -> bool:
        """Whether an item links to a page of ours to which the article is not known to link."""
        near = (link.url for link in item.links if any(host in link.url for host in self.knowledge.our_hosts))
        found = {urls.canonical(url) for url in near} & self.knowledge.ours
        return bool(found) and not found <= {link.url for link in self.store.links(held.id)}

    def _add_decisions(
        self, verdict: Verdict, told: Mapping[str, Item], known: Mapping[str, Known], poll: Poll, now: datetime
    ) -> None:
        """Decides on what a body says that was not known, each article once, under whatever addresses it has there."""
        source = poll.source
        named = {(item.guid, item.title) for item in (poll.reading.items if poll.reading else ())}
        guids = Counter(guid for guid, _ in named)
        derived = [self.knowledge.derive(item, address, source, now) for address, item in told.items()]
        keys = [identity.keys(one, source.id, guid_is_shared=guids[one.item.guid] > 1) for one in derived]
        held = [known[address].id if address in known else None for address in told]
        found = self.store.identified({key for some in keys for key in some})
        one_article = identity.joined(keys, held, found, self._apart(list(told)))
        all_known = self.store.known_articles({number for _, some in one_article for number in some}, source.id)
        for places, numbers in one_article:
            first, grounds = places[0], {derived[place].url: _ground(keys[place], found) for place in places}
            if len(numbers) == 1 and numbers[0] in verdict.seen:
                verdict.addresses[numbers[0]] = grounds
                continue
            article, same = derived[first], [all_known[number] for number in numbers]
            mentions = () if same else self.knowledge.mentions(article)  # of what is known, by the words that it keeps
            one = groups.together(same, held[first])
            rivals = [self.knowledge.config.sources[name] for name in (one.seen_by if one else ())
                      if name in self.knowledge.config.sources and name != source.id]  # fmt: skip
            decision = groups.decide(article, mentions, one, source, rivals)
            verdict.known += one is not None and one.seen_title is not None and held[first] is None
            verdict.dated += article.published is not None
            verdict.ahead += article.published is not None and article.published.value > now + _AHEAD
            identities = {key: ground for place in places for key, ground in keys[place].items()}
            verdict.decisions.append(
                replace(
                    decision,
                    identities=identities,
                    others=numbers[1:],
                    speaker=self._speaker(same, decision),
                    addresses=grounds,
                )
            )

    def _speaker(self, known: Sequence[Known], decision: Decision) -> int | None:
        """Which of articles that are one keeps its words; none where the source has just said what counts."""
        if len(known) < 2 or decision.speaks or decision.revisions:
            return None
        return groups.speaker(known, decision.outlet, self.knowledge.config.sources)

    def _apart(self, addresses: Sequence[str]) -> frozenset[tuple[int, int]]:
        """What a person ruled not to be one article: the place of an address, and an article that it is not."""
        ruled = self.store.rulings(Relation.ARTICLE, addresses)
        others = {(one, other) for pair, same in ruled.items() if not same for one, other in (pair, pair[::-1])}
        numbers = self.store.at_addresses([other for _, other in others])
        return frozenset(
            (addresses.index(one), numbers[other]) for one, other in others if one in addresses and other in numbers
        )

    def _store(self, poll: Poll, verdict: Verdict, now: datetime, dice: float) -> Outcome:
        store, source = self.store, poll.source.id
        with store.transaction():
            saved = [self._save(source, decision, now) for decision in verdict.decisions]
            gone = {other for decision in verdict.decisions for other in decision.others}
            verdict.seen = [one for one in verdict.seen if one not in gone]
            store.seen(verdict.seen, source, now)
            for article, addresses in verdict.addresses.items():
                self._settle(article, addresses, now)
            if poll.reading and poll.reading.references:
                cited = [(one, citations.whose(one.outlet, self.knowledge.names)) for one in poll.reading.references]
                store.save_references(source, poll.source.public_url, cited, now)
            if visiting := self.knowledge.visiting:
                store.owe_visits(visiting, now, {*(number for number, _ in saved), *verdict.seen, *verdict.addresses})
            outcome = _outcome(poll, verdict, sum(new for _, new in saved))
            state = schedule.next_state(poll, new=verdict.new, now=now, dice=dice)
            store.finish(self.run, [(outcome, replace(state, body_at=verdict.body_at))])
            if rest := schedule.rest_of_host(poll, now):
                store.postpone(self._neighbours(poll.source), rest)
        return outcome

    def _neighbours(self, source: Source) -> list[str]:
        """The other sources of a host."""
        return [one for one in self.knowledge.hosts[urls.server(source.url)] if one != source.id]

    def _save(self, source: str, decision: Decision, now: datetime) -> tuple[int, int]:
        """Stores a decision and what follows from it: corrections, addresses.

        Returns the number of the article, and how many of its mentions are new.
        """
        number = self.store.save(source, decision, now)
        item = decision.article.item
        if corrected := corrections.found(item.title, item.summary, decision.revisions):
            self.store.save_corrections(number, corrected, now)
        self.store.save_identities(number, decision.identities)
        for other in decision.others:
            if other == decision.speaker:
                self.store.take_words(number, other)
            self.store.unite(number, other, next(iter(decision.addresses.values()), ""), now)
        if decision.others or len(decision.addresses) > 1 or decision.known:
            self._settle(number, decision.addresses, now)
        if _is_other_to_others(decision):
            self.store.queue([number])
        mentions = decision.mentions if decision.known is None else self._mentions(number)
        return number, self.store.save_mentions(number, mentions, now)[0]

    def _mentions(self, article: int) -> Sequence[Mention]:
        """What an article mentions by the words and links that it has now, whoever gave them."""
        return self.knowledge.topics.match(*self.store.text(article), self.store.links(article))

    def _settle(self, article: int, addresses: Mapping[str, str], now: datetime) -> None:
        """Adds addresses to an article, and has it known by the best of all that it has."""
        self.store.save_addresses(article, addresses, now)
        known = self.store.addresses(article)
        if len(known) > 1:
            self.store.settle(article, identity.own(known, self.store.outlet(article)), now)

    # --- pages of articles --------------------------------------------------------------------------------------------

    def take_page(self, page: Page, now: datetime) -> tuple[tuple[Status, int], ...]:
        """Decides on what a page says and stores it. Returns (status, new mentions), nothing where the visit waits."""
        source = self.knowledge.config.sources[page.debt.source]
        try:
            visit = visits.decide(page, source, self.knowledge.names, now)
        except AggregatorError:
            raise
        except Exception as problem:  # noqa: BLE001 - one bad page never stops a run
            log.error("%s: a fault of the program\n%s", source.id, trail(problem))  # noqa: TRY400 - its words may hold secrets
            fault = replace(page, status=Status.BUG, note=whereabouts(problem), item=None)
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
        if visit.article:
            self.store.save_headline(article, groups.headline_key(visit.article.title))
            self.store.queue([article])
            self._unite_by_page(visit, now)
        return self.store.save_mentions(article, self._mentions(article), now)[0]

    def _unite_by_page(self, visit: Visit, now: datetime) -> None:
        """The address that a page calls its own becomes one of the article, which may be in the database under it."""
        article, canonical = visit.debt.article, visit.canonical
        if not canonical or not identity.believable(canonical, visit.debt.url):
            return
        other = self.store.at_addresses([canonical]).get(canonical)
        if other not in (None, article):
            if self._apart([canonical]):
                return
            self.store.unite(article, other, identity.CANONICAL, now)
        self._settle(article, {canonical: identity.CANONICAL}, now)


@dataclass(slots=True, kw_only=True)
class Verdict:
    """What is to be stored of a poll: decisions, articles of which nothing new was said, the date of the body.

    `addresses` are those under which it had the latter, with their grounds, where they are new. Of the articles,
    `known` were in the source before, `dated` have a date, and `ahead` one in the future.
    """

    body_at: datetime | None
    known: int = 0
    dated: int = 0
    ahead: int = 0
    decisions: list[Decision] = field(default_factory=list)
    seen: list[int] = field(default_factory=list)
    addresses: dict[int, Mapping[str, str]] = field(default_factory=dict)

    @property
    def new(self) -> int:
        """How many articles are new."""
        return sum(decision.known is None for decision in self.decisions)

    @property
    def changed(self) -> int:
        """How many articles have a new headline or summary."""
        return sum(bool(decision.revisions) for decision in self.decisions)


def _is_other_to_others(decision: Decision) -> bool:
    """Whether an article is to be compared with others (again): its words, its date or its outlet are other ones."""
    known = decision.known
    if known is None or decision.revisions or decision.others or decision.speaks or decision.sums_up or decision.dated:
        return True
    return decision.outlet is not None and (known.outlet is None or known.outlet.id != decision.outlet.id)


def _ground(keys: Mapping[int, str], found: Mapping[int, int]) -> str:
    """On what ground an address is one of an article: the key that an article in the database has, else the first."""
    return next((ground for key, ground in keys.items() if key in found), next(iter(keys.values()), ""))


def _outcome(poll: Poll, verdict: Verdict, mentions: int) -> Outcome:
    return replace(
        quiet.outcome(poll),
        known=verdict.known,
        dated=verdict.dated,
        ahead=verdict.ahead,
        new=verdict.new,
        changed=verdict.changed,
        mentions=mentions,
    )
