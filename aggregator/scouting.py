"""An address -> what can be polled there: fetched, read, and seen to have items.

In this order: the address itself; the feeds that its page names or links to, also by way of one page about them; the
sitemaps that robots.txt names, where they have headlines; the page as a list; sitemaps without headlines. Each is asked
as a run asks it, so what is found is what a run will get. Knows nothing of outlets, and writes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urljoin, urlsplit

from aggregator import config, discover, urls
from aggregator.discover import Candidate
from aggregator.errors import ConfigError, ReadError
from aggregator.model import Document, Kind, Poll, Reading, Selectors, Source, SourceState, Status

if TYPE_CHECKING:
    from aggregator.polling import Poller

MAX_FEEDS = 8  # that a page offers are tried
MAX_SITEMAPS = 3

_SELECT = re.compile(r"select: \{[^{}]*\}")  # in the note of a page that was guessed, as feeds.yaml has it


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was found: the poll of a source that has items, who named it, how its site calls itself, what else is there.

    `poll` is None where nothing was found. `looked` says of every address that was asked what it is.
    """

    poll: Poll | None = None
    named_by: str = ""
    name: str = ""
    others: tuple[Candidate, ...] = ()
    looked: tuple[str, ...] = ()


class _Attempt(NamedTuple):
    poll: Poll
    named_by: str
    others: tuple[Candidate, ...] = ()


def scout(probe: Source, poller: Poller) -> Finding:
    """What can be polled at the address of `probe`, a source with the limits that asking has to keep. Never raises."""
    looked: list[str] = []
    first = _asked(probe, poller)
    page = first.fetched.document
    name = discover.page_name(page) if page and _is_page(first) else ""
    for poll, named_by, others in chain([_Attempt(first, "the address itself")], _attempts(first, poller)):
        looked.append(_said(poll))
        document = poll.fetched.document
        if poll.status is Status.OK and document is not None:
            name = name or (discover.feed_name(document) if poll.source.kind == Kind.FEED else "")
            return Finding(poll=_settled(poll), named_by=named_by, name=name, others=others, looked=tuple(looked))
    return Finding(looked=tuple(looked))


def _attempts(first: Poll, poller: Poller) -> Iterator[_Attempt]:
    """What else may be polled, where the address is a page."""
    page = first.fetched.document
    if page is None or not _is_page(first):
        return
    yield from _feeds(page, first.source, poller)
    without_headlines = []
    for attempt in _sitemaps(page, first.source, poller):
        if attempt.poll.reading and not any(item.title for item in attempt.poll.reading.items):
            without_headlines.append(attempt)
        else:
            yield attempt
    yield _Attempt(_list_page(first, page, poller), "the page itself, as a list of articles")
    yield from without_headlines


# --- asking -----------------------------------------------------------------------------------------------------------


def _asked(source: Source, poller: Poller) -> Poll:
    """The poll of an address, as the feed or the sitemap that it turns out to be."""
    poll = poller.poll(source, SourceState(source=source.id, url=source.public_url))
    document = poll.fetched.document
    if document is None or source.kind != Kind.FEED or not _is_page(poll):
        return poll
    sitemap = replace(poll, source=replace(source, kind=Kind.SITEMAP))
    try:
        return _read(sitemap, poller.read(document, sitemap.source))
    except ReadError:
        return poll


def _is_page(poll: Poll) -> bool:
    """Whether there is a document that is neither feed nor sitemap."""
    return poll.status in (Status.NOT_A_FEED, Status.PARSE_ERROR)


def _read(poll: Poll, reading: Reading) -> Poll:
    status = Status.OK if reading.items else Status.EMPTY
    return replace(poll, status=status, note=reading.note, reading=reading)


def _beside(source: Source, url: str, kind: Kind) -> Source:
    """Another address as a source: what was meant for the first alone goes along to its own site alone."""
    own, other = urlsplit(source.url), urlsplit(url)
    login = own.netloc.rpartition("@")[0]
    if login and "@" not in other.netloc and (own.scheme, own.hostname, own.port) == (
        other.scheme, other.hostname, other.port,
    ):  # fmt: skip
        url = other._replace(netloc=f"{login}@{other.netloc}").geturl()
    private = source.allow_private and urls.same_site(source.url, url)
    return replace(source, url=url, kind=kind, allow_private=private)


def _settled(poll: Poll) -> Poll:
    """The poll with the address that the source has for good, where it has moved."""
    moved_to = poll.fetched.moved_to
    return replace(poll, source=replace(poll.source, url=moved_to)) if moved_to and "@" not in poll.source.url else poll


def _said(poll: Poll) -> str:
    """What an address is, without credentials."""
    count = len(poll.reading.items) if poll.reading else 0
    what = f"a {poll.source.kind} of {count} items" if poll.status is Status.OK else f"{poll.status}: {poll.note}"
    return f"{poll.source.public_url}: {what}".removesuffix(": ")


# --- what there may be ------------------------------------------------------------------------------------------------


def _feeds(page: Document, source: Source, poller: Poller) -> Iterator[_Attempt]:
    """The feeds that a page offers, and those that the first page offers to which it links as to a feed."""
    waiting = list(discover.feeds(page))
    known = {urls.canonical(one.url) for one in waiting} | {urls.canonical(source.url)}
    hop = True
    for _ in range(MAX_FEEDS):
        if not waiting:
            return
        candidate = waiting.pop(0)
        poll = _asked(_beside(source, candidate.url, Kind.FEED), poller)
        if hop and _is_page(poll) and poll.fetched.document:
            more = [one for one in discover.feeds(poll.fetched.document) if urls.canonical(one.url) not in known]
            known |= {urls.canonical(one.url) for one in more}
            waiting, hop = [*more, *waiting], not more
        yield _Attempt(poll, candidate.named_by, tuple(waiting))


def _sitemaps(page: Document, source: Source, poller: Poller) -> Iterator[_Attempt]:
    """robots.txt, and the sitemaps that it names."""
    robots = poller.poll(
        _beside(source, urljoin(page.url, "/robots.txt"), Kind.REFERENCES),
        SourceState(source=source.id, url=page.url),
    )
    named = discover.sitemaps(robots.fetched.document) if robots.fetched.document else ()
    if robots.fetched.document:
        note = f"it names {len(named)} sitemaps" if named else "it names no sitemap"
        robots = replace(robots, status=Status.EMPTY, note=note, reading=None)
    yield _Attempt(robots, "")
    for candidate in named[:MAX_SITEMAPS]:
        yield _Attempt(_asked(_beside(source, candidate.url, Kind.SITEMAP), poller), candidate.named_by)


def _list_page(first: Poll, page: Document, poller: Poller) -> Poll:
    """The page as a list of articles: by selectors where those that were guessed give the same items and dates."""
    poll = replace(first, source=replace(first.source, kind=Kind.PAGE))
    try:
        guess = poller.read(page, poll.source)
    except ReadError as problem:
        return replace(poll, status=Status(problem.status), note=problem.note)
    if len(guess.items) == 1:
        return replace(poll, status=Status.EMPTY, note="a single article, not a list of them")
    selected = replace(poll.source, select=_selectors(guess.note))
    reading = poller.read(page, selected) if selected.select else guess
    if len(reading.items) < len(guess.items) or _dated(reading) < _dated(guess):
        return _read(poll, guess)
    return _read(replace(poll, source=selected), reading)


def _dated(reading: Reading) -> int:
    return sum(bool(item.dates) for item in reading.items)


def _selectors(note: str) -> Selectors | None:
    """The selectors that a note holds, read as feeds.yaml is."""
    found = _SELECT.search(note)
    if found is None:
        return None
    try:
        text = f"sources: [{{id: guessed, url: https://guessed.example/, kind: page, {found[0]}}}]"
        return config.parse(text).sources["guessed"].select
    except ConfigError:
        return None
