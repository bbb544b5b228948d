"""Visiting pages of articles: robots.txt first, then fetch | read.

What comes back is a Page: what it said, nothing decided and nothing stored. No exception leaves a visit: a page that
cannot be had is a status and a note.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from aggregator import encoding, pages, robots, text, urls
from aggregator.errors import NO_MEMORY, ReadError, trail, whereabouts
from aggregator.model import Debt, Document, Fetched, Page, Robots, Source, SourceState, Status

if TYPE_CHECKING:
    from aggregator.fetch import Fetcher

log = logging.getLogger(__name__)

LONGEST_PAUSE = timedelta(seconds=5)  # a Crawl-delay beyond this is kept by asking for one page of the host in a run
HOST_TIME = timedelta(minutes=1)  # for the pages of one host in one run
MOST_ORIGINS = 3  # of one site that redirects may lead through: http, https, www

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
        host = self._host(errand.url)
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
        asked, rules = self._asked_robots(errand.debt, errand.source, host)
        if rules is None:
            return asked
        if not _waited(host, robots.delay(rules)):
            return replace(asked, postponed=True)
        fetched, source = self._fetched(errand.source, host), errand.source
        for _ in range(MOST_ORIGINS):
            if fetched.leads_to is None:
                break
            if not urls.same_site(fetched.leads_to, errand.url):
                note = "the page leads to another site, from which nothing is taken"
                return replace(asked, status=Status.HTTP_ERROR, note=note, http_status=fetched.http_status)
            source = replace(source, url=fetched.leads_to)
            host = self._host(source.url)
            if host.closed:
                return replace(asked, status=Status.UNAVAILABLE, postponed=True)
            again, rules = self._asked_robots(errand.debt, source, host)
            asked = replace(again, robots=asked.robots or again.robots)
            if rules is None:
                return asked
            fetched = self._fetched(source, host)
        asked = replace(asked, status=fetched.status, note=fetched.note, http_status=fetched.http_status)
        asked = replace(asked, url=source.url, retry_after=fetched.retry_after)
        return _read(asked, fetched.document) if fetched.document else asked

    def _host(self, url: str) -> _Host:
        return self.hosts.setdefault(urls.host(url), _Host(time.monotonic()))

    def _fetched(self, source: Source, host: _Host) -> Fetched:
        """What a page says, or to which other origin it leads, whose robots.txt may say something else."""
        fetched = self.fetcher.fetch(source, SourceState(source=source.id, url=source.url), stay=True)
        host.closed = fetched.status in _LEFT_ALONE
        return fetched

    def _asked_robots(self, debt: Debt, source: Source, host: _Host) -> tuple[Page, Robots | None]:
        """The page as it is before it is asked for, and the rules by which it may be; none where it may not."""
        rules, new = self._robots(source)
        asked = Page(debt=debt, status=Status.BLOCKED, note="robots.txt does not allow it", robots=new)
        if rules.status is Status.UNAVAILABLE:
            host.closed = True
            note = "robots.txt cannot be had: nothing is asked for now"
            return replace(asked, status=Status.UNAVAILABLE, note=note), None
        return asked, rules if robots.allows(rules, source.url) else None

    def _robots(self, page: Source) -> tuple[Robots, Robots | None]:
        """The robots.txt of the host of a page; again where it was asked for just now."""
        site = robots.origin(page.url) or ""
        known = self.known.get(site)
        if known and robots.fresh(known, self.clock()):
            return known, None
        source = replace(page, url=robots.address(site), kind=robots.KIND)
        fetched = self.fetcher.fetch(source, SourceState(source=source.id, url=source.url))
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
    decoded = encoding.of_document(document)
    targets = (urls.canonical(link.url) for link in text.links(decoded.text, document.url))
    links = frozenset(target for target in targets if target)
    return replace(asked, url=document.url, item=pages.article(document), links=links)
