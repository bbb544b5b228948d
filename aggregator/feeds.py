"""RSS, RDF, Atom, CDF and JSON Feed: what each item of a feed says about one article.

This module knows the formats, their dialects and what feedparser makes of them. It fetches nothing, reads no date
(their texts leave here as printed) and does not decide which items are the same article.

feedparser gets UTF-8 that begins at the root element: the encoding is decided by `encoding`, and without a prologue
there is no DOCTYPE, so neither entities that grow nor entities that read files. What it is known to die of or to lose
is rewritten beforehand: impossible character references, and the date elements, which it merges and misreads.
"""

from __future__ import annotations

import html.entities
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import Any

from aggregator import bcp47, cuts, encoding, plainfeeds
from aggregator.errors import ReadError
from aggregator.model import Document, Item, Link, Pace, Reading, Status
from aggregator.text import links, plain, resolved, storable, visible

MAX_ITEMS = 2_000
MAX_TAGS = 50_000  # that are read of what is not well-formed: feedparser takes a second for 20,000

# Local names of the elements that date an item: the publication first, then the rest of its life.
DATE_NAMES = ("pubDate", "published", "issued", "date", "publicationDate", "created", "updated", "modified")

# https://web.resource.org/rss/1.0/modules/syndication/ ; a month and a year of the calendar are not meant.
PERIODS = {
    "daily": timedelta(days=1),
    "hourly": timedelta(hours=1),
    "monthly": timedelta(days=30),
    "weekly": timedelta(weeks=1),
    "yearly": timedelta(days=365),
}
DAYS = frozenset({"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"})

_ROOT = re.compile(r"<(?:[\w.-]+:)?(rss|feed|rdf|channel)(?=[\s/>])", re.IGNORECASE)
_ITEM = re.compile(r"<(?:[\w.-]+:)?(?:item|entry)(?=[\s/>])", re.IGNORECASE)
_ITEM_END = re.compile(r"</(?:[\w.-]+:)?(?:item|entry)\s*>", re.IGNORECASE)
_NO_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_REFERENCE = re.compile(  # but those of XML itself, which alone need no DTD
    r"<!\[CDATA\[.*?(?:\]\]>|\Z)|&(?!(?:amp|apos|gt|lt|quot);)"
    r"(?:#[xX](?P<hex>[0-9A-Fa-f]++);?|#(?P<number>[0-9]++);?|(?P<name>[A-Za-z]\w*+);)?",
    re.ASCII | re.DOTALL,
)
_CROWDED_TAG = re.compile(r"<[A-Za-z](?:[^<>=]*+=){100}[^<>]*+>")
_LONG_AUTHOR = re.compile(
    r"(<(?:[\w.-]+:)?(?:author|creator|managingEditor|owner|publisher|webMaster)(?=[\s>])[^<>]*+>\s*+(?:<!\[CDATA\[)?)"
    r"[^<\]]{1000,}",
    re.IGNORECASE,
)
_PICTURE = re.compile(  # what is in it is its own: its title is no headline, nor are its words a summary
    r"<!\[CDATA\[.*?(?:\]\]>|\Z)|<(?P<tag>(?:[\w.-]+:)?(?:image|textinput))(?:\s[^<>]*?)?(?:/>"
    r"|>(?:[^<]|<(?!/?(?:[\w.-]+:)?(?:entry|image|item|textinput)[\s/>]))*+</(?P=tag)\s*>)",
    re.IGNORECASE | re.DOTALL,
)
_EMPTY_LINK = re.compile(r"<link\s*/>|<link>\s*</link\s*>")
_DATE = re.compile(rf"<(/?)((?:[\w.-]+:)?(?:{'|'.join(DATE_NAMES)}))(?=[\s/>])[^<>]*?(/?)>", re.IGNORECASE)
_SKIPPED_HOUR = re.compile(r"<hour>\s*(\d{1,2})\s*</hour>", re.IGNORECASE)
_SKIPPED_DAY = re.compile(r"<day>\s*(\w+)\s*</day>", re.IGNORECASE)
_MAIL = re.compile(r"(?:\(\s*)?(?:mailto:)?[\w.+-]++@[\w-]++(?:\.[\w-]++)*+(?:\s*\))?(?:\s*\(([^()]*)\))?")
_FEED_LINK = re.compile(r"<link\b[^<>]*application/(?:rss|atom)\+xml[^<>]*>", re.IGNORECASE)
_HREF = re.compile(r"\bhref\s*=\s*[\"']?([^\"'\s>]+)", re.IGNORECASE)


def read(document: Document) -> tuple[Item, ...]:
    """The items of a feed, in its order. Raises ReadError as `parse` does."""
    return parse(document).items


def parse(document: Document) -> Reading:
    """All that a feed says. Raises ReadError (`not_a_feed`, `parse_error`, `truncated`) where the document is none.

    A feed without items is a feed, and one that is not well-formed too, as far as it can be read; `note` says so. One
    that ends too early is none.
    """
    decoded = encoding.of_document(document)
    text = decoded.text.lstrip("\ufeff \t\r\n")
    read_text = _read_json if text[:1] in ("{", "[") else _read_xml
    reading = read_text(text, document.url)
    return replace(reading, encoding=decoded.encoding, encoding_basis=decoded.basis, encoding_certain=decoded.certain)


# --- XML --------------------------------------------------------------------------------------------------------------


def _read_xml(text: str, url: str) -> Reading:
    root = _root(text)
    if root is None:
        raise ReadError(Status.NOT_A_FEED, _what_else(text, url))
    source, surplus = _without_surplus(text[root:])
    source, printed = _mark_dates(_well_behaved(source))
    parsed = _parse(source)
    if not (parsed["version"] or parsed["entries"]):
        raise ReadError(Status.NOT_A_FEED, _what_else(text, url))
    if parsed["bozo"] and _breaks_off(text[root:]):
        raise ReadError(Status.TRUNCATED, "the feed ends too early, before its last end tag")
    feed, atom = parsed["feed"], parsed["version"].startswith("atom")
    # RSS knows no base: a relative link is meant as on the site that the channel links to.
    base = url if atom else _absolute(feed.get("link"), url) or url
    language = bcp47.tag(feed.get("language"))
    items = tuple(_item(entry, base, language, printed, atom) for entry in parsed["entries"][:MAX_ITEMS])
    return Reading(items=items, note=_note(items, surplus, _fault(parsed)), pace=_pace(feed, source))


def _root(text: str) -> int | None:
    """Where the root element of a feed begins. Junk before it is no harm; a web page before it is."""
    for match in islice(_ROOT.finditer(text), 20):
        before = text[: match.start()]
        if re.search(r"<(?:html|head|body)[\s>]", before, re.IGNORECASE):
            return None
        if before.rfind("<!--") <= before.rfind("-->"):
            return match.start()
    return None


def _breaks_off(source: str) -> bool:
    """Whether a feed ends before its root element; where the channel of an RSS feed has ended, nothing is missing."""
    root = _ROOT.match(source)
    if root is None or not cuts.ends_before(source, root[1]):
        return False
    last_item = max((match.start() for match in _ITEM.finditer(source)), default=0)
    return root[1].lower() != "rss" or cuts.last_end(source, "channel") < last_item


def _without_surplus(source: str) -> tuple[str, int]:
    """The source with at most MAX_ITEMS items, and how many were cut: parsing is what costs time."""
    starts = [match.start() for match in _ITEM.finditer(source)]
    if len(starts) <= MAX_ITEMS:
        return source, 0
    cut = starts[MAX_ITEMS]
    ends = [match.end() for match in _ITEM_END.finditer(source, cut)]
    return source[:cut] + (source[ends[-1] :] if ends else ""), len(starts) - MAX_ITEMS


def _well_behaved(source: str) -> str:
    """The source without what no XML may hold, what kills or stalls feedparser, and what says nothing of an article."""
    source = _REFERENCE.sub(_reference, _NO_XML.sub("", source))
    # feedparser's time grows with the square of a tag's attributes, and of an author without a mail address.
    source = _LONG_AUTHOR.sub(r"\1", _CROWDED_TAG.sub("", source))
    # It takes the title of a picture for that of the item.
    source = _PICTURE.sub(lambda match: "" if match["tag"] else match[0], source)
    return _EMPTY_LINK.sub("", source)


def _reference(match: re.Match[str]) -> str:
    """A reference as any XML parser takes it: HTML's names as characters, impossible numbers as U+FFFD, else text."""
    if match[0].startswith("<"):
        return match[0]  # in CDATA an ampersand is an ampersand
    if name := match["name"]:
        character = html.entities.html5.get(f"{name};", "&")
        return character if character not in "<>&\"'" else f"&amp;{name};"
    if match[0] == "&":
        return "&amp;"
    digits = (match["hex"] or match["number"]).lstrip("0")
    number = int(digits or "0", 16 if match["hex"] else 10) if len(digits) <= 7 else -1
    possible = 0x20 <= number < 0xD800 or 0xE000 <= number < 0xFFFE or 0x10000 <= number < 0x110000
    return f"&#{number};" if possible or number in (0x9, 0xA, 0xD) else "\ufffd"


def _mark_dates(source: str) -> tuple[str, dict[str, str]]:
    """The source with date elements renamed so that feedparser passes them on untouched: key of an entry -> element.

    feedparser reads pubDate, issued and dcterms:issued as one thing, dc:date, updated and modified as another.
    """
    names: dict[str, str] = {}

    def rename(match: re.Match[str]) -> str:
        key = f"printed-{match[2].replace(':', '-').lower()}"
        names.setdefault(key, match[2])
        return f"<{match[1]}{key}{match[3]}>"

    source = _DATE.sub(rename, source)
    ranks = {name.lower(): rank for rank, name in enumerate(DATE_NAMES)}
    return source, dict(sorted(names.items(), key=lambda pair: ranks[pair[1].rpartition(":")[2].lower()]))


def _parse(source: str) -> Any:
    """What feedparser says of a feed, by the short way where that is known to come to the same."""
    return plainfeeds.parse(source) or _by_feedparser(_of_bearable_length(source))


def _of_bearable_length(source: str) -> str:
    """The source, up to the last tag that is read where it is not well-formed."""
    if source.count("<") <= MAX_TAGS or plainfeeds.is_well_formed(source):
        return source
    *_, last = islice(re.finditer("<", source), MAX_TAGS + 1)
    return source[: last.start()]


def _by_feedparser(source: str) -> Any:
    """feedparser's result, from memory: no URL, no path, no sanitising, no resolving."""
    import feedparser

    try:
        return feedparser.parse(
            io.BytesIO(source.encode()),
            response_headers={"content-type": "application/xml; charset=utf-8"},
            resolve_relative_uris=False,
            sanitize_html=False,
        )
    except MemoryError:
        raise
    except Exception as error:  # it dies of hostile text in any way; the document is at fault, not the run
        raise ReadError(Status.PARSE_ERROR, f"feedparser: {type(error).__name__}: {error}") from error


def _item(entry: Any, base: str, language: str | None, printed: Mapping[str, str], atom: bool) -> Item:
    link = _link(entry, base)
    title = entry.get("title_detail") or {"value": entry.get("title")}
    bodies = _bodies(entry)
    return Item(
        title=_shown(title, atom),
        link=link,
        guid=entry.get("id") or None,
        summary=next(filter(None, (_shown(body, atom) for body in bodies)), ""),
        author=_author(entry),
        language=bcp47.tag(entry.get("language")) or bcp47.tag(title.get("language")) or language,
        outlet_text=visible((entry.get("source") or {}).get("title") or entry.get("publisher") or "") or None,
        dates=tuple((name, entry[key]) for key, name in printed.items() if entry.get(key)),
        links=_outward(((body, _absolute(body.get("base"), base) or base) for body in bodies), link),
    )


def _bodies(entry: Any) -> list[Mapping[str, Any]]:
    """Summary first, then contents, each with its value and type: feedparser copies a lone content to the summary."""
    bodies = list(entry.get("content", ()))
    if "summary_detail" in entry:
        bodies.insert(0, entry["summary_detail"])
    elif not bodies and entry.get("summary"):
        bodies.append({"value": entry["summary"]})
    return bodies


def _shown(detail: Mapping[str, Any], atom: bool) -> str:
    """What a reader sees. Only Atom says which text holds markup; in RSS all of it may."""
    value = detail.get("value") or ""
    return plain(value) if atom and detail.get("type") == "text/plain" else visible(value)


def _link(entry: Any, base: str) -> str | None:
    """The item's own link, else a guid that is a permalink. feedparser puts the one in the place of the other."""
    guid, link, is_guid = entry.get("id"), entry.get("link"), entry.get("guidislink", True)
    alternates = (one.get("href") for one in entry.get("links", ()) if one.get("rel") == "alternate")
    candidates = (None if is_guid and link == guid else link, *alternates)
    resolved = (_absolute(candidate, base) for candidate in candidates)
    return next(filter(None, resolved), _absolute(guid, "") if is_guid else None)


def _author(entry: Any) -> str | None:
    """The name or names, without the mail addresses that RSS wants beside them."""
    names = [author["name"] for author in entry.get("authors", ()) if author.get("name")]
    given = ", ".join(dict.fromkeys(names)) if len(names) > 1 else entry.get("author") or ""
    return visible(_MAIL.sub(r"\1", given)).strip(" ,;<>") or None


def _pace(feed: Any, source: str) -> Pace:
    hours = frozenset(int(hour) % 24 for hour in _SKIPPED_HOUR.findall(_section(source, "skipHours")))
    days = frozenset(day.title() for day in _SKIPPED_DAY.findall(_section(source, "skipDays"))) & DAYS
    period = PERIODS.get(str(feed.get("sy_updateperiod")).strip().lower())
    frequency = _number(feed.get("sy_updatefrequency")) or 1
    ttls = [timedelta(minutes=_number(feed.get("ttl"))), period / frequency if period else timedelta()]
    return Pace(
        ttl=max(ttls) or None,
        skip_hours=hours if len(hours) < 24 else frozenset(),
        skip_days=days if days < DAYS else frozenset(),
    )


def _section(source: str, name: str) -> str:
    """What stands in the first element of the name. feedparser keeps only the last of several hours or days."""
    return source.partition(f"<{name}>")[2].partition(f"</{name}>")[0]


def _number(value: object) -> int:
    """A positive number of at most six digits, else 0."""
    digits = str(value).strip()
    return int(digits) if re.fullmatch(r"[0-9]{1,6}", digits) else 0


def _fault(parsed: Any) -> str:
    error = parsed.get("bozo_exception") if parsed["bozo"] else None
    if error is None:
        return ""
    message = error.getMessage() if hasattr(error, "getMessage") else str(error)
    return f"not well-formed: {message.removeprefix('not well-formed').strip(' ()')}"


# --- JSON Feed --------------------------------------------------------------------------------------------------------


def _read_json(text: str, url: str) -> Reading:
    """JSON Feed 1.0 and 1.1: https://www.jsonfeed.org/version/1.1/"""
    try:
        feed = json.loads(text, object_hook=storable)
    except (ValueError, RecursionError) as error:
        status = Status.PARSE_ERROR if text.rstrip().endswith("}") else Status.TRUNCATED
        status = status if "jsonfeed.org/version" in text[:1000] else Status.NOT_A_FEED
        raise ReadError(status, f"not JSON to its end: {error}") from error
    version = feed.get("version") if isinstance(feed, dict) else None
    if not isinstance(version, str) or "jsonfeed.org/version" not in version:
        raise ReadError(Status.NOT_A_FEED, "JSON, but not JSON Feed")
    given = feed.get("items")
    entries = [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []
    language = bcp47.tag(feed.get("language"))
    items = tuple(_json_item(entry, url, language) for entry in entries[:MAX_ITEMS])
    return Reading(items=items, note=_note(items, max(0, len(entries) - MAX_ITEMS)))


def _json_item(entry: Mapping[str, Any], base: str, language: str | None) -> Item:
    guid, markup = _string(entry.get("id")), _string(entry.get("content_html"))
    link = _absolute(entry.get("url"), base) or _absolute(entry.get("external_url"), base) or _absolute(guid, "")
    dates = (("date_published", entry.get("date_published")), ("date_modified", entry.get("date_modified")))
    return Item(
        title=plain(_string(entry.get("title"))),
        link=link,
        guid=guid or None,
        summary=plain(_string(entry.get("summary")) or _string(entry.get("content_text"))) or visible(markup),
        author=_json_author(entry),
        language=bcp47.tag(entry.get("language")) or language,
        dates=tuple((name, text) for name, text in dates if text and isinstance(text, str)),
        links=_outward([({"value": markup}, base)], link),
    )


def _json_author(entry: Mapping[str, Any]) -> str | None:
    """1.1 has `authors`, 1.0 had `author`."""
    given = entry.get("authors")
    authors = given if isinstance(given, list) else [entry.get("author")]
    names = [_string(author.get("name")) for author in authors if isinstance(author, dict)]
    return plain(", ".join(filter(None, names))) or None


def _string(value: object) -> str:
    """Text, or a number as text: many write their ids so."""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


# --- of every format --------------------------------------------------------------------------------------------------


def _absolute(url: object, base: str) -> str | None:
    """The http(s) URL that is meant, or None."""
    if not isinstance(url, str) or not url.strip():
        return None
    try:
        joined = resolved(base, url.strip())
    except ValueError:
        return None
    return joined if joined[:8].lower().startswith(("http://", "https://")) else None


def _outward(bodies: Iterable[tuple[Mapping[str, Any], str]], own: str | None) -> tuple[Link, ...]:
    """The hyperlinks of bodies with their bases, each once, without the item's own link."""

    def found() -> Iterator[Link]:
        for body, base in bodies:
            if "href" in (markup := body.get("value") or "") and body.get("type") != "text/plain":
                yield from links(markup, base)

    return tuple(link for link in dict.fromkeys(found()) if link.url != own)


def _note(items: tuple[Item, ...], surplus: int, fault: str = "") -> str:
    """What was odd, in words."""
    without = sum(item.link is None for item in items)
    remarks = (
        fault,
        f"{without} {'item' if without == 1 else 'items'} without a link" if without else "",
        f"{surplus} items beyond the first {MAX_ITEMS} were left out" if surplus else "",
    )
    return "; ".join(filter(None, remarks))


def _what_else(text: str, url: str) -> str:
    """What a document is that is no feed, and what to do about it."""
    head = text[:100_000]
    if not head:
        return "the body is empty"
    if re.search(r"<(?:\w+:)?(?:urlset|sitemapindex)\b", head):
        return "a sitemap, not a feed: is kind: sitemap meant?"
    if re.search(r"<opml\b", head, re.IGNORECASE):
        return "a list of feeds (OPML), not a feed: it can be imported"
    if not re.search(r"<(?:!doctype\s+html|html|head|body)\b", head, re.IGNORECASE):
        return f"neither XML of a feed nor JSON Feed: it begins with {plain(text[:60])!r}"
    if re.search(r"type\s*=\s*[\"']?password", head, re.IGNORECASE):
        return "a web page that asks for a password, not a feed"
    named = _FEED_LINK.search(head)
    address = named and _HREF.search(named[0])
    feed = _absolute(html.unescape(address[1]), url) if address else None
    return f"a web page, not a feed: {f'its feed is {plain(feed)}' if feed else 'is kind: page meant?'}"
