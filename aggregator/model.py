"""The records and enums of every stage: frozen values, no behaviour but what can be read off them.

Sources, outlets and topics come from feeds.yaml. A Document is what a source answered, an Item what it said about one
article, an Article what we make of that, a Mention the pingback. Later stages hold the earlier record instead of
copying its fields. Instants are aware datetimes in UTC; durations are timedeltas; languages are BCP 47 tags.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit, urlunsplit

# --- enums ------------------------------------------------------------------------------------------------------------


class Kind(StrEnum):
    """What a source is: the kinds that are built in. Plugins add others, which are names without a member here."""

    FEED = "feed"
    PAGE = "page"
    SITEMAP = "sitemap"
    REFERENCES = "references"


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


class Trouble(StrEnum):
    """What an operator should look at. docs/operating.md says of each what to do."""

    FAILING = "failing"
    OFFLINE = "offline"
    SILENT = "silent"
    GAP = "gap"
    CHANGED = "changed"
    AHEAD = "ahead"


class Precision(StrEnum):
    """How much of an instant its text named."""

    SECOND = "second"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"


class MentionKind(StrEnum):
    """On what ground an article mentions a topic."""

    TERM = "term"
    LINK = "link"
    REFERENCE = "reference"


class RevisionKind(StrEnum):
    """An edit, or a correction: an edit that says so."""

    EDIT = "edit"
    CORRECTION = "correction"


class CitationState(StrEnum):
    """What became of a citation."""

    UNRESOLVED = "unresolved"
    RESOLVED = "resolved"
    CONTRADICTED = "contradicted"


class Found(StrEnum):
    """Whether a link to a page of ours stands on the article's own page."""

    FOUND = "found"
    MISSING = "missing"
    GONE = "gone"


# --- knowledge of text ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """The language of a text: a BCP 47 tag (or `und`), on what ground, and how sure from 0 to 1."""

    tag: str
    basis: str
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """An instant read from a date text: aware, in UTC; a day is local midnight of its zone."""

    value: datetime
    precision: Precision
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """Bytes read as text. Where `certain` is false the text may be wrong, and whoever shows it should say so."""

    text: str
    encoding: str
    basis: str
    certain: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One hyperlink of a body: its address (absolute where a base was known), its text, and the text around it."""

    url: str
    text: str
    before: str = ""
    after: str = ""


# --- feeds.yaml -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """A press organisation or edition. `aliases` are its names in other scripts."""

    id: str
    name: str
    aliases: tuple[str, ...] = ()
    country: str | None = None
    homepage: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Selectors:
    """CSS selectors of a list page: one item, and within it its parts."""

    item: str
    link: str = "a"
    title: str | None = None
    date: str | None = None
    summary: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One address that is polled, with the defaults of feeds.yaml already applied.

    `kind` is a member of Kind where it is built in, else the name of a plugin's, and `options` is for that plugin.
    """

    id: str
    url: str
    kind: str = Kind.FEED
    outlet: str | None = None
    language: str | None = None
    zone: str | None = None
    encoding: str | None = None
    select: Selectors | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    enabled: bool = True
    visit: bool = False
    every: timedelta = timedelta(hours=1)
    contact: str | None = None
    allow_private: bool = False
    timeout: timedelta = timedelta(seconds=30)
    pause: timedelta = timedelta(seconds=1)
    max_bytes: int = 10_000_000

    @property
    def rest(self) -> timedelta:
        """How long its host is left alone after it was asked: not at all where that is a machine of one's own."""
        return timedelta() if self.allow_private else self.pause

    @property
    def public_url(self) -> str:
        """The address without its secrets: the only form that may be stored or shown."""
        return public(self.url)


# Names of parameters whose values open doors; `keyword` and `author` are none.
_SECRET = re.compile(
    r"token|secret|passw|passcode|passphrase|credential|signature|session|jwt|api[-_]?key|access[-_]?key"
    r"|(?:auth|authorization|hmac|key|pass|pw|pwd|sid|sig)$",
    re.IGNORECASE,
)
_PARAMETER = re.compile(r"(?<![^?&;])([^?&;=]++)=(?!hidden-[0-9a-f]{4}(?:[?&;]|\Z))([^?&;]+)")

_WITHOUT_SECRETS = re.compile(r"https?://[^@?#\s\0-\x1f]+")  # most addresses are such
_LOGIN = re.compile(r"(?<=//)[^/?#\\\s]*@")


def without_login(url: str) -> str:
    """An address, of whatever shape, without credentials. The rest of it stays as it is."""
    return _LOGIN.sub("", url)


def public(url: str) -> str:
    """An address without its secrets: no credentials, and `hidden-3f2a` for what a query calls a token, a key, ….

    The four digits differ where the secrets do: a source whose token was changed has another address.
    """
    if _WITHOUT_SECRETS.fullmatch(url):
        return url
    parts = urlsplit(url)
    query, fragment = (_PARAMETER.sub(_hidden, part) for part in (parts.query, parts.fragment))
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query=query, fragment=fragment))


def _hidden(parameter: re.Match[str]) -> str:
    if not _SECRET.search(unquote(parameter[1])):
        return parameter[0]
    return f"{parameter[1]}=hidden-{hashlib.sha256(parameter[2].encode('utf-8', 'replace')).hexdigest()[:4]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """What is watched: queries by language (`any` for all), exclusions by language, and pages of ours."""

    id: str
    name: str
    terms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    exclude: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stories:
    """How stories are found: by which method, and with which tables of names beside the built-in ones (paths)."""

    method: str = "concepts"
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """Where alerts go beside the terminal: to a command that reads them, to an address that they are posted to."""

    command: str | None = None
    webhook: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All of feeds.yaml, valid, in its order. Keys are ids. `origin` tells the text apart that it was read from."""

    sources: Mapping[str, Source]
    outlets: Mapping[str, Outlet]
    topics: Mapping[str, Topic]
    stories: Stories = Stories()
    alerts: Channels = Channels()
    origin: str = field(default="", compare=False, repr=False)

    @property
    def visiting(self) -> tuple[str, ...]:
        """The sources whose articles' pages are visited."""
        return tuple(one.id for one in self.sources.values() if one.visit and one.enabled)


# --- fetching ---------------------------------------------------------------------------------------------------------


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
    """The end of one request, redirects included. There is a document only where `status` is ok."""

    status: Status
    note: str = ""
    document: Document | None = None
    http_status: int | None = None
    etag: str | None = None
    last_modified: str | None = None
    moved_to: str | None = None
    retry_after: timedelta | None = None
    max_age: timedelta | None = None
    bytes: int = 0
    ms: int = 0


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
    moved_to: str | None = None
    failures: int = 0
    due_at: datetime | None = None
    last_ok_at: datetime | None = None
    last_new_at: datetime | None = None


# --- reading ----------------------------------------------------------------------------------------------------------


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
class Pace:
    """How often a source itself wants to be asked. Hours are 0-23 in UTC, days English names."""

    ttl: timedelta | None = None
    skip_hours: frozenset[int] = frozenset()
    skip_days: frozenset[str] = frozenset()


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


# --- deciding ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """What we make of an item: one canonical URL, with everything derived and on what ground.

    `date` is the calendar day in the zone of the outlet. `published_text` is the text that `published` was read from,
    or the text that nothing could be read from; `published_basis` says which.
    """

    item: Item
    url: str
    outlet: Outlet | None
    language: Language
    published: Published | None
    published_text: str | None
    published_basis: str
    date: date | None
    links: tuple[Link, ...] = ()

    @property
    def title(self) -> str:
        """The headline; where the source gave none, the beginning of the summary, or the address."""
        return self.item.title or self.item.summary[:80] or self.url


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One place where a term matched: `field` is title, summary or body; offsets count code points."""

    term: str
    matched: str
    field: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """An article mentions a topic: the pingback. `hits` are all other places than the first."""

    topic: str
    kind: MentionKind
    term: str
    matched: str
    field: str
    start: int
    end: int
    excerpt: str
    hits: tuple[Hit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the store holds of an article, as far as deciding needs it.

    `seen_title` and `seen_summary` are what the source in question said last, None where it never had the article.
    `seen_by` are all sources that have it, `former` the headlines and summaries that it had before, by field.
    """

    id: int
    url: str
    title: str
    summary: str
    outlet: Outlet | None
    published_at: datetime | None
    first_seen_at: datetime
    seen_title: str | None = None
    seen_summary: str | None = None
    precision: Precision | None = None
    seen_by: tuple[str, ...] = ()
    former: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """The outlet changed the title or the summary."""

    field: str
    before: str
    after: str
    kind: RevisionKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is to be stored of one article that a source gave: the store executes it, it does not decide.

    `known` is None for a new article. `headline` is the key under which citations find it, `identities` are numbers
    that no other article has, each with its ground. `others` are articles that turned out to be this one, `addresses`
    its other URLs that were found now, each with its ground. `speaks` says that the words of this source become those
    of the article, `dated` that its date does.
    """

    article: Article
    known: Known | None
    outlet: Outlet | None
    headline: str
    identities: Mapping[int, str] = field(default_factory=dict)
    others: tuple[int, ...] = ()
    addresses: Mapping[str, str] = field(default_factory=dict)
    speaks: bool = False
    dated: bool = False
    revisions: tuple[Revision, ...] = ()
    mentions: tuple[Mention, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """An article is the same text as an earlier one. `original` None takes that back."""

    article: int
    original: int | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What an outlet says it had wrong, and how it is right."""

    wrong: str
    right: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A line of a reference list. `outlet` is whom its press name stands for; `outlet_text` that name as written."""

    id: int
    date: date
    outlet_text: str | None
    outlet: Outlet | None
    headline: str
    url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """Where the articles are that a citation may mean: at this URL, under this headline key, or with these outlets."""

    url: str | None
    key: str
    outlets: tuple[str, ...]
    day: date
    slack: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An article that a citation may mean. `headlines` are all that it had, the present one first.

    `original` is the article that it is a copy of.
    """

    id: int
    url: str
    date: date | None
    outlet: Outlet | None
    headlines: tuple[str, ...]
    original: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What a citation came to, with the reason in words; where it is contradicted, `article` is what contradicts it."""

    citation: int
    state: CitationState
    article: int | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pingback:
    """One line of a list: of the mentions of a topic, or (then `topic` is empty) of articles.

    `outlet` is the name of the outlet, empty where it is not known; `excerpt` the mention's, else the summary;
    `found_at` when the mention, or the article, was found. Articles of one `text` are copies; those of one `event` are
    copies, or of one story. `article` and `story` are numbers in the database.
    """

    article: int
    story: int | None
    topic: str
    date: date | None
    outlet: str
    title: str
    url: str
    language: str
    excerpt: str
    published_at: datetime | None
    found_at: datetime
    text: str
    event: str


# --- visits -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Robots:
    """The robots.txt of a host (`https://example.org`: with its scheme, and its port where that is unusual).

    The status is ok (the body says what may be asked), not_found (there is none, so everything may) or unavailable
    (nothing may, for now).
    """

    host: str
    status: Status
    fetched_at: datetime
    body: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Debt:
    """An article whose own page is to be visited, with what its sources said; `title` is empty where none named one.

    `source` is one that wants its pages visited. `links` are the pages of ours that it is said to link to, by topic, as
    far as its page was not seen to have them. `tries` counts visits failed in a row.
    """

    article: int
    url: str
    source: str
    title: str = ""
    summary: str = ""
    outlet: str | None = None
    published_text: str | None = None
    tries: int = 0
    links: Mapping[str, tuple[str, Found | None]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What came of visiting the page of an article: what it says, and where all its links lead (canonical URLs).

    `url` is where it was found in the end, `robots` the robots.txt that was read for it, where that is new. A page that
    is `postponed` was not asked for: its host is to be left alone for now.
    """

    debt: Debt
    status: Status
    note: str = ""
    http_status: int | None = None
    url: str = ""
    retry_after: timedelta | None = None
    item: Item | None = None
    links: frozenset[str] = frozenset()
    robots: Robots | None = None
    postponed: bool = False

    @property
    def host_rests(self) -> bool:
        """Never: who visits pages postpones those of a host that is to be left alone."""
        return False

    @property
    def host_hangs(self) -> bool:
        """Never, likewise."""
        return False

    @property
    def says_something(self) -> bool:
        """Whether there was a page to read."""
        return self.item is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What is to be stored of a visit. `article` is the article as its page completes it, where there was anything.

    `canonical` is another address that the page calls its own, on the same site; `due_at` when it is visited again;
    `links` what was found out about the links to pages of ours, by topic, each with the ground.
    """

    debt: Debt
    status: Status
    note: str
    tries: int
    due_at: datetime | None
    canonical: str | None = None
    article: Article | None = None
    links: Mapping[str, tuple[Found, str]] = field(default_factory=dict)


# --- copies and stories -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Clipping:
    """An article as far as it is compared with others.

    `at` is its publication, as finely as `precision` says (a day stands for its noon); where that is None, the date is
    not known, and `at` is when it was first seen. `topics` are those that it mentions, `copy_of` and `story` what was
    decided of it before.
    """

    id: int
    url: str
    title: str
    summary: str
    language: str
    outlet: Outlet | None
    at: datetime
    precision: Precision | None
    first_seen_at: datetime
    topics: tuple[str, ...] = ()
    copy_of: int | None = None
    story: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Joining:
    """To which story an article belongs, if any. `story` None begins a new one, together with `partners`.

    `merged` are stories that turn out to be this one.
    """

    reason: str
    story: int | None = None
    partners: tuple[int, ...] = ()
    merged: tuple[int, ...] = ()


class Relation(StrEnum):
    """What people rule on: whether two addresses are one article, two articles one text, or about one event."""

    ARTICLE = "article"
    COPY = "copy"
    STORY = "story"


class Concept(NamedTuple):
    """Something that an article speaks of. `key` is the same in every language, `name` is for reasons.

    `weight` says how much it tells that two articles share it; `unit` is the kind of thing that a number counts;
    `headline` whether the headline has it, or only the summary.
    """

    key: str
    kind: str
    name: str
    weight: float
    unit: str = ""
    headline: bool = True


# --- reporting --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one source came to in one run: one `fetches` row.

    Of its `items`, `known` were in it before, `dated` have a date that can be read, and `ahead` are new and dated in
    the future. `failures` counts polls failed in a row, this one too.
    """

    source: str
    status: Status
    note: str = ""
    started_at: datetime
    ms: int = 0
    url: str = ""
    http_status: int | None = None
    bytes: int = 0
    items: int = 0
    known: int = 0
    dated: int = 0
    ahead: int = 0
    new: int = 0
    changed: int = 0
    mentions: int = 0
    failures: int = 0
    encoding_declared: str | None = None
    encoding: str | None = None
    encoding_basis: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PastPoll:
    """What a source had in an earlier poll: how many items, and how many of them with a date."""

    items: int
    dated: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """For how long a source has brought nothing new, and how long it usually takes, where that is known.

    `ever` says whether it has brought anything; where not, `quiet` counts from the first poll.
    """

    source: str
    quiet: timedelta
    usual: timedelta | None
    ever: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A trouble of a source, or of all where there is none. `ended` says whether it is over."""

    id: int
    source: str | None
    kind: Trouble
    note: str
    ended: bool = False

    def as_dict(self) -> dict[str, str | None]:
        """What programs are told of it."""
        return {"source": self.source, "kind": str(self.kind), "note": self.note}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a run took: processor time in milliseconds, and memory at its largest in megabytes."""

    cpu_ms: int
    peak_mb: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a run came to. `failures` are the outcomes of failed sources, `visits` the pages visited (well, in vain).

    `alerts` are those that nobody was told of yet. `left` says why some sources could not be asked, if so.
    """

    due: int = 0
    ok: int = 0
    unchanged: int = 0
    empty: int = 0
    failed: int = 0
    new: int = 0
    changed: int = 0
    mentions: int = 0
    exit_code: int = 0
    failures: tuple[Outcome, ...] = ()
    visits: tuple[int, int] = (0, 0)
    alerts: tuple[Alert, ...] = ()
    cost: Cost | None = None
    left: str = ""

    @property
    def counts(self) -> dict[str, int]:
        """The numbers, by name."""
        names = ("due", "ok", "unchanged", "empty", "failed", "new", "changed", "mentions", "exit_code")
        return {name: getattr(self, name) for name in names}

    def as_dict(self) -> dict[str, Any]:
        """The object that `run --json` prints: visits and sources left where there are any, alerts where failures do
        not say it.
        """
        failures = [{"source": one.source, "status": str(one.status), "note": one.note} for one in self.failures]
        visits = {"visits": dict(zip(("ok", "failed"), self.visits, strict=True))} if any(self.visits) else {}
        told = [one.as_dict() for one in self.alerts if one.kind is not Trouble.FAILING]
        left = {"left": self.left} if self.left else {}
        return self.counts | {"failures": failures} | visits | ({"alerts": told} if told else {}) | left
