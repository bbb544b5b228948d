"""Articles beside one another: copies, stories, what people ruled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from aggregator.model.settings import Outlet
from aggregator.model.texts import Precision


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
class Copy:
    """An article is the same text as an earlier one. `original` None takes that back."""

    article: int
    original: int | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Joining:
    """To which story an article belongs, if any. `story` None begins a new one, together with `partners`.

    `merged` are stories that turn out to be this one.
    """

    reason: str
    story: int | None = None
    partners: tuple[int, ...] = ()
    merged: tuple[int, ...] = ()
