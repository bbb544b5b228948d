"""Pages of articles that are visited, for what their sources did not say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from aggregator.model.articles import Article
from aggregator.model.polls import Item, Status


class Found(StrEnum):
    """Whether a link to a page of ours stands on the article's own page."""

    FOUND = "found"
    MISSING = "missing"
    GONE = "gone"


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
