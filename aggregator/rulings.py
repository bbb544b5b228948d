"""What people rule: that articles belong together, or do not. It stands above what the program finds.

It is remembered: a ruling is written as a pair of addresses, so it holds when everything is compared anew, and when
rows are no more. What follows from it is done at once, by the same comparison that every run makes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import combinations, product

from aggregator import grouping, stories
from aggregator.errors import UsageError
from aggregator.identity import BY_HAND
from aggregator.model import Clipping, Relation
from aggregator.store import Store


def split_story(store: Store, method: stories.Method, story: int, articles: Sequence[int], now: datetime) -> None:
    """Takes articles out of a story, with the other printings of their texts; what is taken out stays together."""
    members = _members(store, story)
    outside = [number for number in articles if number not in members]
    if outside:
        raise UsageError(f"story {story} has no article {outside[0]}; it has {_listed(members)}")
    leaving = store.text_of(articles) & members.keys()
    if len(leaving) == len(members):
        raise UsageError(f"these are all the articles of story {story}: nothing would be left of it")
    with store.transaction():
        gone = [members[number].url for number in sorted(leaving)]
        stay = [one.url for number, one in members.items() if number not in leaving]
        store.rule(Relation.STORY, product(gone, stay), same=False, now=now)
        store.rule(Relation.STORY, ((gone[0], other) for other in gone[1:]), same=True, now=now)
        for number in sorted(leaving):
            store.leave_story(number)
        store.queue(leaving)
    grouping.Grouping(store, method).work(now)


def merge_stories(store: Store, numbers: Sequence[int], now: datetime) -> None:
    """Makes several stories one, which has the number of the first."""
    if len(set(numbers)) < len(numbers):
        raise UsageError(f"these are not {len(numbers)} stories: {_listed(numbers)}")
    held = [_members(store, number) for number in numbers]
    first, *others = (one.url for members in held for one in members.values())
    with store.transaction():
        for one, other in combinations(held, 2):
            store.unrule(Relation.STORY, _pairs(one.values(), other.values()))
        store.rule(Relation.STORY, ((first, other) for other in others), same=True, now=now)
        store.merge_stories(numbers[0], numbers[1:])


def split_copy(store: Store, method: stories.Method, article: int, now: datetime) -> None:
    """Says that an article is no copy of the one that it is held for a copy of."""
    one = _article(store, article)
    if one.copy_of is None:
        raise UsageError(f"article {article} is held for no copy")
    with store.transaction():
        store.rule(Relation.COPY, [(one.url, _article(store, one.copy_of).url)], same=False, now=now)
        store.queue([article])
    grouping.Grouping(store, method).work(now)


def merge_copies(store: Store, method: stories.Method, article: int, other: int, now: datetime) -> None:
    """Says that two articles print one text; which of them is the original is told by their dates."""
    _refuse_one(article, other)
    pair = (_article(store, article).url, _article(store, other).url)
    with store.transaction():
        store.rule(Relation.COPY, [pair], same=True, now=now)
        store.queue([article, other])
    grouping.Grouping(store, method).work(now)


def split_article(store: Store, method: stories.Method, article: int, url: str, now: datetime) -> int:
    """Makes an address of an article an article of its own. Returns its number."""
    own, addresses = _article(store, article).url, store.addresses(article)
    if url not in addresses or url == own:
        others = ", ".join(one for one in addresses if one != own) or "none"
        raise UsageError(f"{url} is no other address of article {article}; there are: {others}")
    with store.transaction():
        store.rule(Relation.ARTICLE, [(own, url)], same=False, now=now)
        number = store.divide(article, url, now)
        store.queue([article, number])
    grouping.Grouping(store, method).work(now)
    return number


def merge_articles(store: Store, method: stories.Method, article: int, other: int, now: datetime) -> None:
    """Makes two articles one, which has the number of the first."""
    _refuse_one(article, other)
    pair = (_article(store, article).url, _article(store, other).url)
    with store.transaction():
        store.unrule(Relation.ARTICLE, [pair])
        store.unite(article, other, BY_HAND, now)
        store.queue([article])
    grouping.Grouping(store, method).work(now)


def _refuse_one(article: int, other: int) -> None:
    if article == other:
        raise UsageError(f"these are one article: {article}")


def _members(store: Store, story: int) -> dict[int, Clipping]:
    members = {one.id: one for one in store.members(story)}
    if not members:
        raise UsageError(f"there is no story {story}")
    return members


def _article(store: Store, number: int) -> Clipping:
    found = store.clippings([number])
    if not found:
        raise UsageError(f"there is no article {number}")
    return found[number]


def _pairs(some: Iterable[Clipping], others: Iterable[Clipping]) -> list[tuple[str, str]]:
    return [(one.url, other.url) for one, other in product(some, others)]


def _listed(members: Iterable[int]) -> str:
    return ", ".join(map(str, members))
