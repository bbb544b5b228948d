"""What feeds.yaml says: sources, outlets, topics."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from aggregator.model.redaction import public


class Kind(StrEnum):
    """What a source is: the kinds that are built in. Plugins add others, which are names without a member here."""

    FEED = "feed"
    PAGE = "page"
    SITEMAP = "sitemap"
    REFERENCES = "references"


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

    def reads_as(self, source: Source) -> str:
        """A digest of how what a source says is read. Where it is another one, the same bytes say something else."""
        home = self.outlets.get(source.outlet or "")
        how = (str(source.kind), source.language, source.zone, source.encoding, source.select, home and home.country)
        return hashlib.sha256(repr((how, sorted(source.options.items()))).encode()).hexdigest()[:16]

    @property
    def visiting(self) -> tuple[str, ...]:
        """The sources whose articles' pages are visited."""
        return tuple(one.id for one in self.sources.values() if one.visit and one.enabled)
