"""What it takes to make articles of items: press names, topics, our pages; all of it from feeds.yaml. Asks nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

from aggregator import articles, outlets, topics, urls
from aggregator.model import Article, Config, Item, Kind, Mention, Outlet, Poll, Source

SITEMAP_ITEMS = 2_000  # of a sitemap, the newest, are taken in one run
LONGEST_TITLE, LONGEST_SUMMARY = 2_000, 100_000  # characters; feeds with whole articles have some tens of thousands
_SLACK = timedelta(days=1)  # sitemaps print days without times, and list articles late


@dataclass(frozen=True)
class Knowledge:
    """What deriving an article takes. A run in which nothing is new needs nothing of it."""

    config: Config

    @cached_property
    def names(self) -> outlets.Directory:
        """The press names."""
        return outlets.directory(self.config.outlets.values())

    @cached_property
    def topics(self) -> topics.Topics:
        """The topics, compiled."""
        return compiled(self.config)

    @cached_property
    def ours(self) -> frozenset[str | None]:
        """The addresses of our pages."""
        return frozenset(urls.canonical(page) for topic in self.config.topics.values() for page in topic.pages)

    @cached_property
    def our_hosts(self) -> frozenset[str]:
        """The hosts on which they are."""
        return frozenset(urls.host(page) for page in self.ours if page)

    @cached_property
    def visiting(self) -> tuple[str, ...]:
        """The sources whose articles' pages are visited."""
        return self.config.visiting

    @cached_property
    def hosts(self) -> Mapping[str, Sequence[str]]:
        """The sources of each host."""
        found: dict[str, list[str]] = {}
        for one in self.config.sources.values():
            found.setdefault(urls.server(one.url), []).append(one.id)
        return found

    def outlet(self, source: Source) -> Outlet | None:
        """The outlet of a source."""
        return self.config.outlets.get(source.outlet) if source.outlet else None

    def derive(self, item: Item, address: str, source: Source, now: datetime) -> Article:
        """The article of an item."""
        outlet = articles.publisher(item, address, self.outlet(source), self._at_home(address, source), self.names.find)
        return articles.derive(item, address, source, outlet, now)

    def mentions(self, article: Article) -> tuple[Mention, ...]:
        """What an article mentions by the words and links of its item."""
        return self.topics.match(article.title, article.item.summary, article.language.tag, article.links)

    def _at_home(self, address: str, source: Source) -> Outlet | None:
        """The outlet at home at an address. What feeds.yaml says of a source only feeds.yaml itself overrules."""
        home = self.names.by_host(address)
        return home if home and (home.id in self.config.outlets or not source.outlet) else None

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
    """Items by canonical URL. Of items that share one, the first is it; an item without one is no article.

    A headline or a summary of millions of characters, which is none, is cut: its index alone would fill the memory.
    """
    found: dict[str, Item] = {}
    for item in items:
        if address := articles.address(item):
            found.setdefault(address, item)
    return {address: _of_human_length(articles.presentable(item)) for address, item in found.items()}


def _of_human_length(item: Item) -> Item:
    if len(item.title) <= LONGEST_TITLE and len(item.summary) <= LONGEST_SUMMARY:
        return item
    return replace(item, title=_cut(item.title, LONGEST_TITLE), summary=_cut(item.summary, LONGEST_SUMMARY))


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[:longest] + "…"
