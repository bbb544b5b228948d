"""OPML 1 and 2: lists of subscriptions, read as other readers write them, written so that they can be read again.

A list from elsewhere is not trusted: a DOCTYPE is refused, so no entity grows and no file is read. What Miniflux
(`miniflux:`) and FreshRSS (`frss:`) add is understood where this program has the same, and named where it has not.
http://opml.org/spec2.opml, https://freshrss.github.io/FreshRSS/en/developers/OPML.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any
from xml.etree import ElementTree as ET
from xml.parsers import expat

from aggregator import encoding
from aggregator.errors import ReadError
from aggregator.model import Config, Kind, Selectors, Source, Status
from aggregator.text import plain, visible

MAX_OUTLINES = 20_000

OWN = "pingbacks"  # the prefix of what only this program writes: the selectors of a page
NAMESPACE = "https://pypi.org/project/press-pingbacks/opml"

# Values of `type` that name another format than a feed (FreshRSS), and what becomes of them.
_PAGE_TYPES = frozenset({"html+xpath"})
_UNREADABLE_TYPES = frozenset({"html+xpath+json+dotnotation", "json+dotnotation", "json+xpath", "xml+xpath"})
_OFF, _MINIFLUX = "miniflux:disabled", "https://miniflux.app/opml"
_UNDERSTOOD = frozenset({"frss:ttl", _OFF})  # of the attributes that other readers add
_HARMLESS = re.compile(r"xmlns:|frss:(?:priority|unicity)|miniflux:(?:hideGlobally|noMediaPlayer)")  # about showing

_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_STRAY_AMPERSAND = re.compile(r"&(?!(?:amp|apos|gt|lt|quot|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One feed of a list. `text` is its name, `folders` the outlines around it, the outermost first.

    `kind` is None for what cannot be polled here; `unused` names the settings that this program has no place for.
    """

    url: str
    title: str = ""
    text: str = ""
    homepage: str | None = None
    language: str | None = None
    kind: Kind | None = Kind.FEED
    enabled: bool = True
    select: Selectors | None = None
    folders: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()


# --- reading ----------------------------------------------------------------------------------------------------------


def read(body: bytes) -> tuple[Subscription, ...]:
    """The subscriptions of a list, in its order. Raises ReadError (`not_a_feed`, `parse_error`) where it is none."""
    text = _DECLARATION.sub("", encoding.decode(body).text.lstrip("\ufeff"))
    found = _Found()
    try:
        _parser(found).Parse(_STRAY_AMPERSAND.sub("&amp;", text), True)
    except expat.ExpatError as error:
        raise ReadError(Status.PARSE_ERROR, f"not well-formed XML: {error}") from error
    if found.root != "opml":
        raise ReadError(Status.NOT_A_FEED, f"no OPML: the root element is {found.root!r}")
    return tuple(found.subscriptions)


@dataclass(slots=True)
class _Found:
    """What was read so far, and the names of the outlines that are open."""

    root: str = ""
    open: list[str] = field(default_factory=list)
    subscriptions: list[Subscription] = field(default_factory=list)


def _parser(found: _Found) -> expat.XMLParserType:
    def start(name: str, attributes: dict[str, str]) -> None:
        found.root = found.root or name.lower()
        if name.lower() != "outline":
            return
        said = {key if ":" in key else key.lower(): value for key, value in attributes.items()}
        if plain(said.get("xmlurl", "")):
            if len(found.subscriptions) == MAX_OUTLINES:
                raise ReadError(Status.TOO_LARGE, f"more than {MAX_OUTLINES} subscriptions")
            found.subscriptions.append(_subscription(said, tuple(filter(None, found.open))))
        found.open.append(visible(said.get("text") or said.get("title") or ""))

    def end(name: str) -> None:
        if name.lower() == "outline":
            found.open.pop()

    def refuse(*_: object) -> None:
        raise ReadError(Status.PARSE_ERROR, "a DOCTYPE, which no list of subscriptions needs")

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.StartDoctypeDeclHandler = refuse
    return parser


def _subscription(said: Mapping[str, str], folders: tuple[str, ...]) -> Subscription:
    off = said.get(_OFF) == "true" or said.get("frss:ttl", "").startswith("-")
    foreign = (name for name in said if ":" in name and not name.startswith(f"{OWN}:"))
    return Subscription(
        url=plain(said["xmlurl"]),
        title=visible(said.get("title", "")),
        text=visible(said.get("text", "")),
        homepage=plain(said.get("htmlurl", "")) or None,
        language=plain(said.get("language", "")) or None,
        kind=_kind(said.get("type", "").strip().lower()),
        enabled=not off,
        select=_selectors(said),
        folders=folders,
        unused=tuple(sorted(name for name in foreign if name not in _UNDERSTOOD and not _HARMLESS.match(name))),
    )


def _kind(type_: str) -> Kind | None:
    if type_ in _UNREADABLE_TYPES:
        return None
    return Kind.PAGE if type_ in _PAGE_TYPES else Kind(type_) if type_ in tuple(Kind) else Kind.FEED


def _selectors(said: Mapping[str, str]) -> Selectors | None:
    given = {part.name: said[name] for part in fields(Selectors) if (name := f"{OWN}:{part.name}") in said}
    return Selectors(**given) if "item" in given else None


# --- writing ----------------------------------------------------------------------------------------------------------


def write(config: Config) -> str:
    """The sources as OPML 2.0, each with the name of its outlet. Credentials stay behind, and kinds of plugins too."""
    names = {f"xmlns:{OWN}": NAMESPACE}
    if not all(source.enabled for source in config.sources.values()):
        names["xmlns:miniflux"] = _MINIFLUX
    root = ET.Element("opml", {"version": "2.0", **names})
    ET.SubElement(ET.SubElement(root, "head"), "title").text = "Press sources"
    body = ET.SubElement(root, "body")
    for source in config.sources.values():
        if source.kind in tuple(Kind):
            ET.SubElement(body, "outline", dict(_attributes(source, config)))
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _attributes(source: Source, config: Config) -> Iterator[tuple[str, Any]]:
    """Of a source that is no feed, the type is its kind: other readers then do not take it for one."""
    outlet = config.outlets.get(source.outlet or "")
    yield "type", "rss" if source.kind == Kind.FEED else str(source.kind)
    yield "text", outlet.name if outlet else source.id
    yield "title", source.id
    yield "xmlUrl", source.public_url
    if outlet and outlet.homepage:
        yield "htmlUrl", outlet.homepage
    if source.language:
        yield "language", source.language
    if not source.enabled:
        yield _OFF, "true"
    for part in fields(Selectors) if source.select else ():
        if value := getattr(source.select, part.name):
            yield f"{OWN}:{part.name}", value
