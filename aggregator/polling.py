"""Asking sources: fetch | read, many at once, one source of a host at a time.

What comes back is a Poll: what was said, nothing decided and nothing stored. No exception leaves a poll: a source that
fails is a status and a note.
"""

from __future__ import annotations

import hashlib
import heapq
import logging
import re
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from threading import Semaphore
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar
from urllib.parse import urlsplit

from aggregator import robots, urls
from aggregator.errors import NO_MEMORY, ReadError, trail, whereabouts
from aggregator.model import (
    Debt,
    Document,
    Fetched,
    Item,
    Kind,
    Page,
    Poll,
    Reading,
    Reference,
    Robots,
    Source,
    SourceState,
    Status,
)

if TYPE_CHECKING:
    from aggregator.fetch import Fetcher
    from aggregator.outlets import Directory

log = logging.getLogger(__name__)

READERS = 2  # documents that are read at the same time: one that takes long holds up no other, more take turns
AHEAD = 12  # documents that are read before what they say is stored: their items take memory, too
THREADS = 100  # that wait for what asks more than once: sitemaps, the kinds of plugins, pages with their robots.txt
FIRST = 100  # hosts that are asked where nothing of what they say is known yet
HUNG = 2  # times in a row that a host may hang before the rest of its sources waits for the next run
SITEMAP_CHILDREN = 5  # of a sitemap index, the newest, are read in one run
_MORE = 10  # others, in the place of one that says nothing
_EVERYBODY = 100  # more than are begun before the readers are told to stop
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


def polls(
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


_NOTHING = Fetched(status=Status.BUG)


def read_alone(source: Source) -> bool:
    """Whether reading what a source answers asks for nothing more."""
    return source.kind in (Kind.FEED, Kind.PAGE, Kind.REFERENCES)


@dataclass(frozen=True, slots=True)
class Poller:
    """Asks sources; threads may share it. `names` gives the press names, which reference lists need."""

    fetcher: Fetcher
    names: Callable[[], Directory]
    clock: Callable[[], datetime]
    readers: Semaphore = field(default_factory=lambda: Semaphore(READERS))
    ahead: Semaphore = field(default_factory=lambda: Semaphore(AHEAD))

    def poll(self, source: Source, state: SourceState) -> Poll:
        """Fetches and reads one source. Never raises."""
        return self._polled(source, state, self.clock(), lambda: self._fetch(source, state))

    def begin(self, source: Source, state: SourceState, readers: Executor) -> Future[Poll]:
        """The same of a source that is `read_alone`, for whoever does not wait: only reading takes a reader.

        Some are read ahead: who has done with a poll says so by `done`.
        """
        poll: Future[Poll] = Future()
        started_at = self.clock()

        def polled(fetching: Future[Fetched]) -> Poll:
            return self._polled(source, state, started_at, fetching.result)

        def go_on(fetching: Future[Fetched]) -> None:
            if fetching.result().document:
                with suppress(RuntimeError):  # the readers have gone, and nobody waits for it any more
                    readers.submit(read, fetching).add_done_callback(finish)
            else:
                poll.set_result(polled(fetching))

        def read(fetching: Future[Fetched]) -> Poll:
            self.ahead.acquire()
            return polled(fetching)

        def finish(reading: Future[Poll]) -> None:
            if not reading.cancelled():
                poll.set_result(reading.result())

        self.fetcher.begin(source, state).add_done_callback(go_on)
        return poll

    def done(self, poll: Poll) -> None:
        """Makes room for reading another one ahead."""
        if poll.fetched.document and read_alone(poll.source):
            self.ahead.release()

    def close(self) -> None:
        """Has nobody wait for room any more."""
        self.ahead.release(_EVERYBODY)

    def _polled(self, source: Source, state: SourceState, started_at: datetime, fetch: Callable[[], Fetched]) -> Poll:
        """What came of asking, with what it says."""
        fetched = _NOTHING
        try:
            fetched = fetch()
            asked = Poll(
                source=source,
                state=state,
                started_at=started_at,
                fetched=fetched,
                status=fetched.status,
                note=fetched.note,
            )
            return self._read_answer(asked, fetched.document) if fetched.document else asked
        except ReadError as problem:
            status, note = Status(problem.status), problem.note
        except MemoryError:
            status, note = Status.TOO_LARGE, NO_MEMORY
        except Exception as problem:  # noqa: BLE001 - one bad source never stops a run
            log.error("%s: a fault of the program\n%s", source.id, trail(problem))  # noqa: TRY400 - its words may hold secrets
            status, note = Status.BUG, whereabouts(problem)
        return Poll(source=source, state=state, started_at=started_at, fetched=fetched, status=status, note=note)

    def _fetch(self, source: Source, state: SourceState) -> Fetched:
        if source.kind in tuple(Kind):
            return self.fetcher.fetch(source, state)
        from aggregator import kinds

        return kinds.fetch(source, state, self.fetcher.fetch)

    def _read_answer(self, asked: Poll, document: Document) -> Poll:
        body_hash = _hash(document.body)
        if body_hash == asked.state.body_hash:
            return replace(asked, status=Status.UNCHANGED, note="the same body again", body_hash=body_hash)
        reading = replace(self.read(document, asked.source), encoding_declared=_declared(document))
        something = reading.items or reading.references or reading.may_be_empty
        status = Status.OK if something else Status.EMPTY
        return replace(asked, status=status, note=_note(reading), reading=reading, body_hash=body_hash)

    def read(self, document: Document, source: Source) -> Reading:
        """What a document says, read as the kind of its source. Raises ReadError."""
        if source.kind == Kind.SITEMAP:
            return self._sitemap(document, source)
        with self.readers:
            return self._parsed(document, source)

    def _parsed(self, document: Document, source: Source) -> Reading:
        match source.kind:
            case Kind.FEED:
                from aggregator import feeds

                return feeds.parse(document)
            case Kind.PAGE:
                from aggregator import pages

                return pages.parse(document, source.select)
            case Kind.REFERENCES:
                return self._reference_list(document)
            case _:
                from aggregator import kinds

                return kinds.read(document, source)

    def _sitemap(self, document: Document, source: Source) -> Reading:
        """A sitemap; of an index also its newest sitemaps. One that cannot be had is a word in the note."""
        from aggregator import sitemaps

        with self.readers:  # but not while others are asked for
            reading = sitemaps.parse(document)
            children = () if reading.items else sitemaps.children(document)
        items, notes = list(reading.items), [reading.note]
        seen = {urls.canonical(address) for address in (source.url, document.url)}
        others = [address for address in children if urls.canonical(address) not in seen]
        for child in (_child(source, address) for address in others[:SITEMAP_CHILDREN]):
            found = self._child_sitemap(child)
            items += found.items
            notes.append(f"{_shown(child)}: {found.note}" if found.note else "")
        return replace(reading, items=tuple(items), note="; ".join(note for note in notes if note))

    def _child_sitemap(self, child: Source) -> Reading:
        """A sitemap that an index names; without items where it cannot be had, and a note that says so."""
        from aggregator import sitemaps

        answer = self.fetcher.fetch(child, SourceState(source=child.id, url=child.public_url))
        if answer.document is None:
            return Reading(items=(), note=answer.status)
        try:
            with self.readers:
                return sitemaps.parse(answer.document)
        except ReadError as problem:
            return Reading(items=(), note=problem.note)

    def _reference_list(self, document: Document) -> Reading:
        """A reference list; or what a blog received, with the lists in it."""
        from aggregator import encoding, received, references

        if reading := received.parse(document, self.names()):
            return replace(reading, items=(*reading.items, *(_cited(one) for one in reading.references if one.url)))
        decoded = encoding.of_document(document)
        found = references.read(decoded.text, self.names())
        return Reading(
            items=tuple(_cited(one) for one in found if one.url),
            references=found,
            encoding=decoded.encoding,
            encoding_basis=decoded.basis,
            encoding_certain=decoded.certain,
        )


def _child(source: Source, address: str) -> Source:
    """A sitemap that an index names: what was meant for the index alone goes along to its own origin alone."""
    own, named = urlsplit(source.url), urlsplit(address)
    home = robots.origin(address) == robots.origin(source.url)
    host = named.netloc.rpartition("@")[2]
    login = own.netloc.rpartition("@")[0] if home else ""
    url = named._replace(netloc=f"{login}@{host}" if login else host).geturl()
    return replace(source, url=url, allow_private=source.allow_private and urls.same_site(source.url, address))


def _shown(source: Source) -> str:
    """An address for a note: no credentials, and no query, which may hold a token."""
    return urlsplit(source.public_url)._replace(query="", fragment="").geturl()


_FIRST_ITEM = re.compile(rb"<(?:[\w.-]+:)?(?:item|entry)[\s>]")
_MADE = re.compile(rb"<(lastBuildDate|pubDate|updated|dc:date)>[^<>]*</\1>")
_HEAD = 65_536  # bytes before the first item, of what is a feed


def _hash(body: bytes) -> str:
    """SHA-256 of a body without the date that a feed has before its items: many say there when they were asked."""
    first = _FIRST_ITEM.search(body, 0, _HEAD)
    begin = first.start() if first else 0
    digest = hashlib.sha256(_MADE.sub(b"", body[:begin]))
    digest.update(memoryview(body)[begin:])
    return digest.hexdigest()


def _declared(document: Document) -> str | None:
    """The encoding that was declared: by the server, else by the document itself."""
    from aggregator import encoding

    return encoding.charset(document.content_type) or encoding.label(document.body)


def _note(reading: Reading) -> str:
    """What was odd; above all, text that may have been read in a wrong encoding is never passed over in silence."""
    doubt = f"read as {reading.encoding}, which is not certain: set `encoding` if it looks wrong"
    return "; ".join(note for note in (reading.note, "" if reading.encoding_certain else doubt) if note)


def _cited(reference: Reference) -> Item:
    """A line of a reference list that names its article's address says as much about it as a feed does."""
    dates = (("list", reference.date.isoformat()),)
    return Item(title=reference.headline, link=reference.url, outlet_text=reference.outlet, dates=dates)


# --- pages of articles ------------------------------------------------------------------------------------------------

LONGEST_PAUSE = timedelta(seconds=5)  # a Crawl-delay beyond this is kept by asking for one page of the host in a run
HOST_TIME = timedelta(minutes=1)  # for the pages of one host in one run

# After these a host is left alone for the rest of the run.
_LEFT_ALONE = frozenset(
    {
        Status.BLOCKED,
        Status.CONNECT,
        Status.DNS,
        Status.RATE_LIMITED,
        Status.REFUSED_ADDRESS,
        Status.TIMEOUT,
        Status.TLS,
        Status.UNAVAILABLE,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """A page to be visited: whose it is, and how it is asked for."""

    debt: Debt
    source: Source

    @property
    def id(self) -> str:
        """The source that wants it visited."""
        return self.source.id

    @property
    def url(self) -> str:
        """The address of the page."""
        return self.source.url

    @property
    def rest(self) -> timedelta:
        """None: the visitor waits as long as robots.txt wants."""
        return timedelta()


@dataclass(slots=True)
class _Host:
    """How a host was treated in this run; seconds on the monotonic clock."""

    begun: float
    asked: float | None = None
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Visitor:
    """Visits pages, as robots.txt allows; threads may share it, one for a host. `known` are robots.txt by host."""

    fetcher: Fetcher
    known: dict[str, Robots]
    clock: Callable[[], datetime]
    hosts: dict[str, _Host] = field(default_factory=dict)

    def visit(self, errand: Errand) -> Page:
        """Fetches and reads one page, robots.txt first. Never raises."""
        host = self.hosts.setdefault(urls.host(errand.url), _Host(time.monotonic()))
        try:
            return self._visit(errand, host)
        except ReadError as problem:
            return Page(debt=errand.debt, status=Status(problem.status), note=problem.note)
        except MemoryError:
            return Page(debt=errand.debt, status=Status.TOO_LARGE, note=NO_MEMORY)
        except RecursionError:
            return Page(debt=errand.debt, status=Status.PARSE_ERROR, note="nested too deeply")
        except Exception as problem:  # noqa: BLE001 - one bad page never stops a run
            log.error("%s: a fault of the program\n%s", errand.id, trail(problem))  # noqa: TRY400 - its words may hold secrets
            return Page(debt=errand.debt, status=Status.BUG, note=whereabouts(problem))

    def _visit(self, errand: Errand, host: _Host) -> Page:
        if host.closed:
            return Page(debt=errand.debt, status=Status.UNAVAILABLE, postponed=True)
        rules, new = self._robots(errand)
        asked = Page(debt=errand.debt, status=Status.BLOCKED, note="robots.txt does not allow it", robots=new)
        if rules.status is Status.UNAVAILABLE:
            host.closed = True
            return replace(asked, status=Status.UNAVAILABLE, note="robots.txt cannot be had: nothing is asked for now")
        if not robots.allows(rules, errand.url):
            return asked
        if not _waited(host, robots.delay(rules)):
            return replace(asked, postponed=True)
        fetched = self.fetcher.fetch(errand.source, SourceState(source=errand.id, url=errand.url))
        host.closed = fetched.status in _LEFT_ALONE
        asked = replace(asked, status=fetched.status, note=fetched.note, http_status=fetched.http_status)
        asked = replace(asked, url=errand.url, retry_after=fetched.retry_after)
        return _read(asked, fetched.document) if fetched.document else asked

    def _robots(self, errand: Errand) -> tuple[Robots, Robots | None]:
        """The robots.txt of the host of a page; again where it was asked for just now."""
        site = robots.origin(errand.url) or ""
        known = self.known.get(site)
        if known and robots.fresh(known, self.clock()):
            return known, None
        source = replace(errand.source, url=robots.address(site), kind=Kind.REFERENCES)
        fetched = self.fetcher.fetch(source, SourceState(source=errand.id, url=source.url))
        found = self.known[site] = robots.judged(site, fetched, self.clock())
        return found, found


def _waited(host: _Host, delay: timedelta) -> bool:
    """Waits until the host may be asked again; False where that is not in this run."""
    now = time.monotonic()
    if host.asked is not None:
        if delay > LONGEST_PAUSE or now - host.begun > HOST_TIME.total_seconds():
            return False
        time.sleep(max(0.0, host.asked + delay.total_seconds() - now))
    host.asked = time.monotonic()
    return True


def _read(asked: Page, document: Document) -> Page:
    """The page with what it says and where its links lead. Raises ReadError."""
    from aggregator import encoding, pages, text

    decoded = encoding.of_document(document)
    targets = (urls.canonical(link.url) for link in text.links(decoded.text, document.url))
    links = frozenset(target for target in targets if target)
    return replace(asked, url=document.url, item=pages.article(document), links=links)
