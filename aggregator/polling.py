"""Asking sources: fetch | read.

What comes back is a Poll: what was said, nothing decided and nothing stored. No exception leaves a poll: a source that
fails is a status and a note.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Semaphore
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aggregator import robots, urls
from aggregator.errors import NO_MEMORY, ReadError, trail, whereabouts
from aggregator.model import (
    Document,
    Fetched,
    Item,
    Kind,
    Poll,
    Reading,
    Reference,
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
SITEMAP_CHILDREN = 5  # of a sitemap index, the newest, are read in one run
_INCOMPLETE = ""  # the hash that is remembered of an index of which a sitemap could not be had
_EVERYBODY = 100  # more than are begun before the readers are told to stop
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
        asked = Poll(source=source, state=state, started_at=started_at, fetched=_NOTHING, status=_NOTHING.status)
        try:
            fetched = fetch()
            asked = replace(asked, fetched=fetched, status=fetched.status, note=fetched.note)
            return self._read_answer(asked, fetched.document) if fetched.document else asked
        except ReadError as problem:
            status, note = Status(problem.status), problem.note
        except MemoryError:
            status, note = Status.TOO_LARGE, NO_MEMORY
        except Exception as problem:  # noqa: BLE001 - one bad source never stops a run
            log.error("%s: a fault of the program\n%s", source.id, trail(problem))  # noqa: TRY400 - its words may hold secrets
            status, note = Status.BUG, whereabouts(problem)
        return replace(asked, status=status, note=note)

    def _fetch(self, source: Source, state: SourceState) -> Fetched:
        if source.kind in tuple(Kind):
            return self.fetcher.fetch(source, state)
        from aggregator import kinds

        return kinds.fetch(source, state, self.fetcher.fetch)

    def _read_answer(self, asked: Poll, document: Document) -> Poll:
        body_hash = _hash(document.body)
        if body_hash == asked.state.body_hash:
            return replace(asked, status=Status.UNCHANGED, note="the same body again", body_hash=body_hash)
        if asked.source.kind == Kind.SITEMAP:
            reading, parts = self._sitemap(document, asked.source)
            if parts:
                asked, body_hash = _as_index(asked), _hash_of_parts(parts)
            if parts and body_hash == asked.state.body_hash != _INCOMPLETE:
                return replace(asked, status=Status.UNCHANGED, note="the same sitemaps again", body_hash=body_hash)
        else:
            reading = self.read(document, asked.source)
        reading = replace(reading, encoding_declared=_declared(document))
        something = reading.items or reading.references or reading.may_be_empty
        status = Status.OK if something else Status.EMPTY
        return replace(asked, status=status, note=_note(reading), reading=reading, body_hash=body_hash)

    def read(self, document: Document, source: Source) -> Reading:
        """What a document says, read as the kind of its source. Raises ReadError."""
        if source.kind == Kind.SITEMAP:
            return self._sitemap(document, source)[0]
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

    def _sitemap(self, document: Document, source: Source) -> tuple[Reading, Sequence[str]]:
        """A sitemap; of an index its newest sitemaps. One that cannot be had is a word in the note.

        Also gives the hash of each sitemap that an index names, "" where it cannot be had.
        """
        from aggregator import sitemaps

        with self.readers:  # but not while others are asked for
            reading = sitemaps.parse(document)
            children = () if reading.items else sitemaps.children(document)
        items, notes, parts = list(reading.items), [reading.note], []
        seen = {urls.canonical(address) for address in (source.url, document.url)}
        others = [address for address in children if urls.canonical(address) not in seen]
        for child in (_child(source, address) for address in others[:SITEMAP_CHILDREN]):
            found, body_hash = self._child_sitemap(child)
            items += found.items
            parts.append(body_hash)
            notes.append(f"{_shown(child)}: {found.note}" if found.note else "")
        return replace(reading, items=tuple(items), note="; ".join(note for note in notes if note)), parts

    def _child_sitemap(self, child: Source) -> tuple[Reading, str]:
        """A sitemap that an index names, and its hash; where it cannot be had, a note that says so, and ""."""
        from aggregator import sitemaps

        answer = self.fetcher.fetch(child, SourceState(source=child.id, url=child.public_url))
        if answer.document is None:
            return Reading(items=(), note=answer.status), ""
        try:
            with self.readers:
                return sitemaps.parse(answer.document), _hash(answer.document.body)
        except ReadError as problem:
            return Reading(items=(), note=problem.note), ""

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


def _as_index(asked: Poll) -> Poll:
    """The poll of a sitemap that is an index: it has its sitemaps asked each time, so it has no validators.

    Where one of them could not be had the last time, what it says may be older than what the others said.
    """
    fetched = replace(asked.fetched, etag=None, last_modified=None)
    state = replace(asked.state, body_at=None) if asked.state.body_hash == _INCOMPLETE else asked.state
    return replace(asked, fetched=fetched, state=state)


def _hash_of_parts(parts: Sequence[str]) -> str:
    """What an index comes to, by the hashes of its sitemaps: never twice the same where one of them is missing."""
    return hashlib.sha256(" ".join(parts).encode()).hexdigest() if all(parts) else _INCOMPLETE


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
