"""What we make of an item, what is decided of it, and the line that a list prints in the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from aggregator.model.polls import Item
from aggregator.model.settings import Outlet
from aggregator.model.texts import Language, Link, Precision, Published


class MentionKind(StrEnum):
    """On what ground an article mentions a topic."""

    TERM = "term"
    LINK = "link"
    REFERENCE = "reference"


class RevisionKind(StrEnum):
    """An edit, or a correction: an edit that says so."""

    EDIT = "edit"
    CORRECTION = "correction"


DAY_IN_UTC = "; day in UTC, since no zone is known"  # ends the basis of a date whose outlet's clock is not known


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
    `seen_by` are all sources that have it, `summed_up_by` those that gave a summary, `former` the headlines and
    summaries that it had before, by field. It is `titled` where one of them gave a headline: else something stands in
    for it.
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
    summed_up_by: tuple[str, ...] = ()
    former: frozenset[tuple[str, str]] = frozenset()
    titled: bool = True
    author: str | None = None
    published_text: str | None = None


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
    that no other article has, each with its ground. `others` are articles that turned out to be this one (the words of
    the `speaker` stay, where it is one of them), `addresses` its other URLs that were found now, each with its ground.
    `speaks` says that the words of this source become those of the article, `sums_up` that its summary does, `dated`
    that its date does; `day` is the calendar day at its outlet's, where it was counted elsewhere.
    """

    article: Article
    known: Known | None
    outlet: Outlet | None
    headline: str
    identities: Mapping[int, str] = field(default_factory=dict)
    others: tuple[int, ...] = ()
    speaker: int | None = None
    addresses: Mapping[str, str] = field(default_factory=dict)
    speaks: bool = False
    sums_up: bool = False
    dated: bool = False
    day: date | None = None
    revisions: tuple[Revision, ...] = ()
    mentions: tuple[Mention, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What an outlet says it had wrong, and how it is right."""

    wrong: str
    right: str


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
