"""Sitemaps, news sitemaps and indexes of sitemaps: https://www.sitemaps.org/protocol.html and Google's news extension.

This module knows their elements. It fetches nothing, also none of the sitemaps that an index names. Dates leave here as
printed; they are looked at only to put the newest first. A DOCTYPE is refused, so no entity grows and no file is read.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from xml.parsers import expat

from aggregator import bcp47, cuts, encoding
from aggregator.errors import ReadError
from aggregator.model import Decoded, Document, Item, Reading, Status
from aggregator.text import plain, resolved, visible

MAX_DECODED = 50_000_000  # bytes: the protocol's own limit for one sitemap
MAX_URLS = 50_000  # likewise
MAX_LAYERS = 2  # of gzip: a packed file, and a server that packs it once more

_GZIP = b"\x1f\x8b"
_EXTENSION = re.compile(r"sitemap-(\w+)")  # of the namespace: news, image, video
_DATES = ("news:publication_date", "lastmod")
_KNOWN_ROOTS = ("urlset", "sitemapindex")


def read(document: Document) -> tuple[Item, ...]:
    """The articles of a sitemap, the newest first. Raises ReadError as `parse` does."""
    return parse(document).items


def parse(document: Document) -> Reading:
    """All that a sitemap says, the newest first, what names no date last; an index has no items, only `children`.

    A sitemap that is not a news sitemap names no titles: they are "". Raises ReadError (`not_a_feed`, `parse_error`,
    `too_large`, `truncated`) where the document is no sitemap, or nothing of it can be read.
    """
    decoded = _decoded(document)
    found = _found(decoded.text)
    items: tuple[Item, ...] = ()
    note = f"an index of {len(found.entries)} sitemaps"
    if found.root != "sitemapindex":
        entries = sorted(found.entries, key=_date, reverse=True)
        items, note = tuple(_item(entry, document.url) for entry in entries), found.fault
    reading = Reading(items=items, note=note)
    return replace(reading, encoding=decoded.encoding, encoding_basis=decoded.basis, encoding_certain=decoded.certain)


def children(document: Document) -> tuple[str, ...]:
    """The addresses of the sitemaps that an index names, itself aside, the newest first, those without a date last."""
    found = _found(_decoded(document).text)
    if found.root != "sitemapindex":
        return ()
    addresses = (_address(entry, document.url) for entry in sorted(found.entries, key=_date, reverse=True))
    return tuple(dict.fromkeys(address for address in addresses if address and address != document.url))


def _date(entry: dict[str, str]) -> datetime:
    """What an entry is put in order by: its W3C date, in UTC where it names no offset; the first of all for none."""
    for name in _DATES:
        try:
            date = datetime.fromisoformat(entry.get(name, ""))
            return date.replace(tzinfo=date.tzinfo or UTC).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return datetime.min.replace(tzinfo=UTC)


def _item(entry: dict[str, str], base: str) -> Item:
    dates = ((name, entry.get(name, "")) for name in _DATES)
    return Item(
        title=visible(entry.get("news:title", "")),
        link=_address(entry, base),
        language=bcp47.tag(entry.get("news:language")),
        outlet_text=visible(entry.get("news:name", "")) or None,
        dates=tuple((name, text) for name, text in dates if text),
    )


def _address(entry: dict[str, str], base: str) -> str | None:
    try:
        address = resolved(base, plain(entry.get("loc", "")))
    except ValueError:
        return None
    return address if entry.get("loc") and address.lower().startswith(("http://", "https://")) else None


# --- XML --------------------------------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class _Found:
    """What was read so far: local name of the root, texts of each `url` or `sitemap` by element, what was wrong."""

    root: str = ""
    entries: list[dict[str, str]] = field(default_factory=list)
    fault: str = ""


def _decoded(document: Document) -> Decoded:
    """A sitemap as text. The parser would read none of the encodings that take several bytes for a character."""
    return encoding.of_document(replace(document, body=_unpacked(document.body)))


def _found(text: str) -> _Found:
    printed = text.lstrip("\ufeff \t\r\n")
    found = _Found()
    try:
        _parser(found).Parse(printed.encode("utf-8", "replace"), True)
    except expat.ExpatError as error:
        found.fault = f"not well-formed: {error}"
    if found.root not in _KNOWN_ROOTS:
        raise ReadError(Status.NOT_A_FEED, _what_else(printed, found.root))
    if found.fault and cuts.ends_before(printed, found.root):
        raise ReadError(Status.TRUNCATED, "the sitemap ends too early, before its last end tag")
    if found.fault and not found.entries:
        raise ReadError(Status.PARSE_ERROR, found.fault)
    return found


def _parser(found: _Found) -> expat.XMLParserType:
    """A parser that fills `found` as it goes, so that what comes before a fault is kept."""
    texts: list[str] = []

    def start(name: str, _: object) -> None:
        texts.clear()
        found.root = found.root or _key(name)
        if _key(name) in ("url", "sitemap") and found.root in _KNOWN_ROOTS:
            if len(found.entries) == MAX_URLS:
                raise ReadError(Status.TOO_LARGE, f"more than {MAX_URLS} addresses in one sitemap")
            found.entries.append({})

    def end(name: str) -> None:
        text = "".join(texts).strip()
        if found.entries and text:
            found.entries[-1].setdefault(_key(name), text)
        texts.clear()

    def refuse(*_: object) -> None:
        raise ReadError(Status.PARSE_ERROR, "a DOCTYPE, which no sitemap needs")

    parser = expat.ParserCreate(encoding="utf-8", namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = texts.append
    parser.StartDoctypeDeclHandler = refuse
    return parser


def _key(name: str) -> str:
    """`{namespace} {local name}` as `loc` or, in an extension, `news:title`."""
    namespace, _, local = name.rpartition(" ")
    extension = _EXTENSION.search(namespace)
    return f"{extension[1]}:{local}" if extension else local


def _unpacked(body: bytes) -> bytes:
    """The body without gzip, which sitemaps come in as files, not only as an encoding of the transfer."""
    for _ in range(MAX_LAYERS):
        body = _unpacked_once(body) if body.startswith(_GZIP) else body
    if body.startswith(_GZIP):
        raise ReadError(Status.PARSE_ERROR, f"gzip within gzip, more than {MAX_LAYERS} layers")
    return body


def _unpacked_once(body: bytes) -> bytes:
    plain = bytearray()
    while body.startswith(_GZIP):
        member = zlib.decompressobj(wbits=31)
        try:
            plain += member.decompress(body, MAX_DECODED + 1 - len(plain))
        except zlib.error as error:
            raise ReadError(Status.PARSE_ERROR, f"damaged gzip: {error}") from error
        if len(plain) > MAX_DECODED:
            raise ReadError(Status.TOO_LARGE, f"more than {MAX_DECODED} bytes when unpacked")
        if not member.eof:
            raise ReadError(Status.TRUNCATED, "the gzip file ends too early")
        body = member.unused_data
    return bytes(plain)


def _what_else(text: str, root: str) -> str:
    if not text:
        return "the body is empty"
    if root in ("rss", "RDF", "feed"):
        return "a feed, not a sitemap: is kind: feed meant?"
    if "<html" in text[:2000].lower():
        return "a web page, not a sitemap: is kind: page meant?"
    return f"no sitemap: the root element is {root!r}" if root else "no sitemap: not XML"
