"""Lines of reference lists, and the articles that they mean."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from aggregator.model.settings import Outlet


class CitationState(StrEnum):
    """What became of a citation."""

    UNRESOLVED = "unresolved"
    RESOLVED = "resolved"
    CONTRADICTED = "contradicted"


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

    `addresses` are its other ones, `original` the article that it is a copy of.
    """

    id: int
    url: str
    date: date | None
    outlet: Outlet | None
    headlines: tuple[str, ...]
    addresses: tuple[str, ...] = ()
    original: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What a citation came to, with the reason in words; where it is contradicted, `article` is what contradicts it."""

    citation: int
    state: CitationState
    article: int | None
    reason: str
