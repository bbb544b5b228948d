"""Asking sources: fetch | read, on many threads or machines, one source of a host at a time.

What comes back is a Poll: what was said, nothing decided and nothing stored. No exception leaves a poll: a source that
fails is a status and a note.
"""

from __future__ import annotations

import hashlib
import logging
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from aggregator import urls
from aggregator.errors import ReadError
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

SITEMAP_CHILDREN = 5  # of a sitemap index, the newest, are read in one run
_PATIENCE = 0.5  # seconds between two looks at whether somebody wants to stop


def polls(
    sources: Sequence[Source],
    ask: Callable[[Source], Poll],
    executor: Executor,
    at_once: int,
    stopped: Callable[[], bool],
) -> Iterator[Poll]:
    """Asks sources on an executor, `at_once` hosts at a time and one source of a host at a time, until `stopped`."""
    waiting = deque(_by_host(sources))
    running: dict[Future[Poll], deque[Source]] = {}
    while (waiting or running) and not stopped():
        while waiting and len(running) < at_once:
            queue = waiting.popleft()
            running[executor.submit(ask, queue.popleft())] = queue
        done, _ = wait(running, timeout=_PATIENCE, return_when=FIRST_COMPLETED)
        waiting.extend(queue for future in done if (queue := running.pop(future)))
        yield from (future.result() for future in done)


def _by_host(sources: Sequence[Source]) -> Collection[deque[Source]]:
    hosts: dict[str, deque[Source]] = {}
    for source in sources:
        hosts.setdefault(urls.host(source.url), deque()).append(source)
    return hosts.values()


@dataclass(frozen=True, slots=True)
class Poller:
    """Asks one source at a time; threads may share it. `names` are the press names that reference lists are read by."""

    fetcher: Fetcher
    names: Directory
    clock: Callable[[], datetime]

    def poll(self, source: Source, state: SourceState) -> Poll:
        """Fetches and reads one source. Never raises."""
        nothing = Fetched(status=Status.BUG)
        asked = Poll(source=source, state=state, started_at=self.clock(), fetched=nothing, status=Status.BUG)
        try:
            fetched = self.fetcher.fetch(source, state)
            asked = replace(asked, fetched=fetched, status=fetched.status, note=fetched.note)
            return self._read_answer(asked, fetched.document) if fetched.document else asked
        except ReadError as problem:
            return replace(asked, status=Status(problem.status), note=problem.note)
        except Exception as problem:  # one bad source never stops a run
            log.exception("%s: a fault of the program", source.id)
            return replace(asked, status=Status.BUG, note=f"{type(problem).__name__}: {problem}")

    def _read_answer(self, asked: Poll, document: Document) -> Poll:
        body_hash = hashlib.sha256(document.body).hexdigest()
        if body_hash == asked.state.body_hash:
            return replace(asked, status=Status.UNCHANGED, note="the same body again", body_hash=body_hash)
        reading = replace(self.read(document, asked.source), encoding_declared=_declared(document))
        status = Status.OK if reading.items or reading.references else Status.EMPTY
        return replace(asked, status=status, note=_note(reading), reading=reading, body_hash=body_hash)

    def read(self, document: Document, source: Source) -> Reading:
        """What a document says, read as the kind of its source. Raises ReadError."""
        match source.kind:
            case Kind.FEED:
                from aggregator import feeds

                return feeds.parse(document)
            case Kind.PAGE:
                from aggregator import pages

                return pages.parse(document, source.select)
            case Kind.SITEMAP:
                return self._sitemap(document, source)
            case Kind.REFERENCES:
                return self._reference_list(document)

    def _sitemap(self, document: Document, source: Source) -> Reading:
        """A sitemap; of an index also its newest sitemaps. One that cannot be had is a word in the note."""
        from aggregator import sitemaps

        reading = sitemaps.parse(document)
        items, notes = list(reading.items), [reading.note]
        for address in sitemaps.children(document)[:SITEMAP_CHILDREN]:
            child = replace(source, url=address)
            answer = self.fetcher.fetch(child, SourceState(source=child.id, url=address))
            try:
                items += sitemaps.parse(answer.document).items if answer.document else ()
                notes.append("" if answer.document else f"{address}: {answer.status}")
            except ReadError as problem:
                notes.append(f"{address}: {problem.note}")
        return replace(reading, items=tuple(items), note="; ".join(note for note in notes if note))

    def _reference_list(self, document: Document) -> Reading:
        from aggregator import encoding, references

        decoded = encoding.decode(
            document.body, declared=_charset(document), override=document.encoding, language=document.language
        )
        found = references.read(decoded.text, self.names)
        return Reading(
            items=tuple(_cited(one) for one in found if one.url),
            references=found,
            encoding=decoded.encoding,
            encoding_basis=decoded.basis,
            encoding_certain=decoded.certain,
        )


def _charset(document: Document) -> str | None:
    """The encoding that the server named."""
    return (document.content_type or "").partition("charset=")[2].strip("\"' ;") or None


def _declared(document: Document) -> str | None:
    """The encoding that was declared: by the server, else by the document itself."""
    from aggregator import encoding

    return _charset(document) or encoding.label(document.body)


def _note(reading: Reading) -> str:
    """What was odd; above all, text that may have been read in a wrong encoding is never passed over in silence."""
    doubt = f"read as {reading.encoding}, which is not certain: set `encoding` if it looks wrong"
    return "; ".join(note for note in (reading.note, "" if reading.encoding_certain else doubt) if note)


def _cited(reference: Reference) -> Item:
    """A line of a reference list that names its article's address says as much about it as a feed does."""
    dates = (("list", reference.date.isoformat()),)
    return Item(title=reference.headline, link=reference.url, outlet_text=reference.outlet, dates=dates)
