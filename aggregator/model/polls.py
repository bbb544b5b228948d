"""Asking a source: what came back as bytes, what a reader got out of it, what is remembered until the next time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from aggregator.model.settings import Source
from aggregator.model.texts import Language, Link


class Status(StrEnum):
    """What became of one source in one run. A small fixed vocabulary, so that it can be counted and faceted."""

    OK = "ok"
    UNCHANGED = "unchanged"
    EMPTY = "empty"
    NOT_A_FEED = "not_a_feed"
    PARSE_ERROR = "parse_error"
    BAD_ENCODING = "bad_encoding"
    HTTP_ERROR = "http_error"
    NOT_FOUND = "not_found"
    GONE = "gone"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    BLOCKED = "blocked"
    TIMEOUT = "timeout"
    TOO_LARGE = "too_large"
    TRUNCATED = "truncated"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    REFUSED_ADDRESS = "refused_address"
    PLUGIN = "plugin"
    BUG = "bug"

    @property
    def failed(self) -> bool:
        """Whether this counts as a failure of the source."""
        return self not in (Status.OK, Status.UNCHANGED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What a source answered: bytes, never text. `source` is the id of the source, `url` where the bytes came from.

    `encoding` and `language` are what feeds.yaml says of the source: an override for the decoder, and a hint.
    """

    url: str
    body: bytes
    content_type: str | None = None
    source: str | None = None
    encoding: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """The end of one request, redirects included. There is a document only where `status` is ok.

    `leads_to` is another origin to which a redirect leads that was not followed.
    """

    status: Status
    note: str = ""
    document: Document | None = None
    http_status: int | None = None
    etag: str | None = None
    last_modified: str | None = None
    moved_to: str | None = None
    leads_to: str | None = None
    retry_after: timedelta | None = None
    max_age: timedelta | None = None
    bytes: int = 0
    ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often a source itself wants to be asked. Hours are 0-23 in UTC, days English names."""

    ttl: timedelta | None = None
    skip_hours: frozenset[int] = frozenset()
    skip_days: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """What is remembered of a source between runs."""

    source: str
    url: str
    enabled: bool = True
    status: Status | None = None
    note: str = ""
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    body_at: datetime | None = None
    pace: Pace = Pace()
    moved_to: str | None = None
    failures: int = 0
    due_at: datetime | None = None
    last_ok_at: datetime | None = None
    last_new_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What one source said about one article. Titles and summaries are visible text: entities resolved, tags out.

    `dates` are the date texts as printed, each with the name of the element it came from, the best first.
    `outlet_text` is the press name that the source itself gives (RSS <source>), `language` a declared tag.
    """

    title: str = ""
    link: str | None = None
    guid: str | None = None
    summary: str = ""
    author: str | None = None
    language: str | None = None
    outlet_text: str | None = None
    dates: tuple[tuple[str, str], ...] = ()
    links: tuple[Link, ...] = ()

    @property
    def published_text(self) -> str | None:
        """The first date text, as printed."""
        return self.dates[0][1] if self.dates else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One line of a reference list: date, outlet, headline, with or without a URL."""

    date: date
    outlet: str | None
    headline: str
    url: str | None
    language: Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """All that a reader got out of a document. `note` says what was odd, in words for the operator.

    `may_be_empty` says that such a document without items is as it should be: nobody has sent a pingback yet.
    """

    items: tuple[Item, ...]
    references: tuple[Reference, ...] = ()
    note: str = ""
    may_be_empty: bool = False
    pace: Pace = Pace()
    encoding_declared: str | None = None
    encoding: str | None = None
    encoding_basis: str | None = None
    encoding_certain: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """What came of asking one source: fetched, read, nothing decided yet. There is a reading only where it is ok."""

    source: Source
    state: SourceState
    started_at: datetime
    fetched: Fetched
    status: Status
    note: str = ""
    reading: Reading | None = None
    body_hash: str | None = None

    @property
    def host_rests(self) -> bool:
        """Whether nothing else may be asked of its host for now, for the host said so."""
        limited = self.status is Status.RATE_LIMITED
        return limited or (self.status is Status.UNAVAILABLE and self.fetched.retry_after is not None)

    @property
    def host_hangs(self) -> bool:
        """Whether its host let all the time pass that it was given."""
        return self.status is Status.TIMEOUT

    @property
    def says_something(self) -> bool:
        """Whether there was a document to read."""
        return self.fetched.document is not None
