"""What is known of a text: its language, its date, its encoding, its links, each with the ground."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Precision(StrEnum):
    """How much of an instant its text named."""

    SECOND = "second"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"


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
