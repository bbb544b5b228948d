"""What a document offers to poll: the feeds that a page names or links to, the sitemaps that a robots.txt names.

Only what is named is offered: no address is made up because others have it there. This module fetches nothing, and does
not say whether there is a feed at an address. It reads single tags of HTML, never its structure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from aggregator import encoding, urls
from aggregator.model import Document, Kind
from aggregator.text import links, plain, visible

MAX_CANDIDATES = 100
MAX_TEXT = 2_000_000  # characters of a page are looked at

FEED_TYPES = frozenset(
    {
        "application/atom+xml",
        "application/feed+json",
        "application/rdf+xml",
        "application/rss+xml",
        "application/xml",
        "text/rss+xml",
        "text/xml",
    }
)

# Feeds of what readers write, by a word of their title or address.
_COMMENTS = re.compile(r"\bcomments?\b|댓글|コメント|评论|評論|留言|回应|迴響|回應", re.IGNORECASE)
# Addresses and texts of links that lead to a feed, or to a page of them; /feedback is none.
_FEED_PATH = re.compile(
    r"(?:^|[/._-])(?:rss|atom|feeds?|rdf)(?:[0-9.]*$|[/._-])|\.(?:rss|rdf|atom)$|feed\.json$"
    r"|(?:^|&)(?:feed|format|type|output|alt)=(?:rss|atom|rdf)",
    re.IGNORECASE,
)
_FEED_TEXT = re.compile(r"^(?:rss|atom|xml)\b|\brss\b|피드|フィード", re.IGNORECASE)
_FEED_HOST = re.compile(r"^(?:feeds?|rss)[0-9]*\.")
_LONGEST_HEAD = 20_000  # characters of a feed before its first item
_LONGEST_LINK_TEXT = 40  # what is longer is a headline about feeds
_NEWS = re.compile(r"news|뉴스|latest|recent", re.IGNORECASE)
_SITEMAP_LINE = re.compile(r"^\s*sitemap\s*:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
_FIRST_ITEM = re.compile(r"<(?:\w+:)?(?:item|entry)[\s>]", re.IGNORECASE)
_TITLE = re.compile(r"<(?:\w+:)?title[^>]*>(?:\s*<!\[CDATA\[)?(.{0,1000}?)(?:\]\]>\s*)?</", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"""<(base|link|meta)(?=[\s/])((?:[^<>"']|"[^"]{0,2000}"|'[^']{0,2000}')*+)>""", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""(?<![\w:-])([\w:-]++)\s*+=\s*+(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+))""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An address that may be polled, what it is said to be and called, and who says so."""

    url: str
    kind: Kind = Kind.FEED
    title: str = ""
    named_by: str


def feeds(document: Document) -> tuple[Candidate, ...]:
    """The feeds that a page offers, without those of comments: first the ones its head names, then those it links to.

    Of several, a feed of the very section that the page is comes before the others.
    """
    markup = _markup(document)
    base = next((_absolute(tag["href"], document.url) for tag in _tags(markup, "base") if tag.get("href")), None)
    base = base or document.url
    named = [
        Candidate(url=url, title=link.get("title", ""), named_by="the head of the page")
        for link in _tags(markup, "link")
        if _is_alternate(link) and (url := _absolute(link["href"], base))
    ]
    linked = [
        Candidate(url=url, title=link.text, named_by="a link on the page")
        for link in links(markup, base)
        if (url := _absolute(link.url, base)) and _leads_to_feed(url, link.text, document.url)
    ]
    section = urlsplit(document.url).path.rstrip("/")
    own = sorted(named, key=lambda one: not (section and section in urlsplit(one.url).path))
    return _distinct(one for one in (*own, *linked) if not _is_of_comments(one))


def sitemaps(document: Document) -> tuple[Candidate, ...]:
    """The sitemaps that a robots.txt names (https://www.sitemaps.org/protocol.html), those of news first."""
    text = _text(document)
    found = [
        Candidate(url=url, kind=Kind.SITEMAP, named_by="robots.txt")
        for line in _SITEMAP_LINE.finditer(text)
        if (url := _absolute(line[1], document.url))
    ]
    return _distinct(sorted(found, key=lambda one: not _NEWS.search(one.url)))


def page_name(document: Document) -> str:
    """What a page says its site is called (Open Graph), or "" where it does not say."""
    metas = list(_tags(_markup(document), "meta"))
    said = {meta.get("property") or meta.get("name"): meta.get("content", "") for meta in metas[::-1]}
    return said.get("og:site_name") or said.get("application-name") or ""


def feed_name(document: Document) -> str:
    """What a feed is called, or "": of RSS and Atom the title before the first item, of JSON Feed its title."""
    text = _text(document).lstrip("\ufeff \t\r\n")
    if text.startswith("{"):
        with suppress(ValueError, RecursionError, AttributeError):
            return visible(str(json.loads(text).get("title") or ""))
        return ""
    head = text[:_LONGEST_HEAD]
    first = _FIRST_ITEM.search(head)
    title = _TITLE.search(head, 0, first.start() if first else len(head))
    return visible(title[1]) if title else ""


def _is_alternate(link: dict[str, str]) -> bool:
    rel = link.get("rel", "").lower().split()
    kind = link.get("type", "").partition(";")[0].strip().lower()
    return bool(link.get("href")) and ("feed" in rel or ("alternate" in rel and kind in FEED_TYPES))


def _leads_to_feed(url: str, text: str, page: str) -> bool:
    parts = urlsplit(url)
    home = urls.same_site(url, page) or _FEED_HOST.match(parts.netloc)
    named = _FEED_PATH.search(parts.path) or _FEED_PATH.search(parts.query)
    return bool(home and (named or (_FEED_TEXT.search(text) and len(text) <= _LONGEST_LINK_TEXT)))


def _is_of_comments(candidate: Candidate) -> bool:
    return bool(_COMMENTS.search(candidate.title) or _COMMENTS.search(urlsplit(candidate.url).path))


def _distinct(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """The first for each address."""
    found: dict[str | None, Candidate] = {}
    for one in candidates:
        found.setdefault(urls.canonical(one.url), one)
    return tuple(found.values())[:MAX_CANDIDATES]


def _absolute(address: str, base: str) -> str | None:
    """The http(s) address that is meant, or None; feed: is how browsers were once told to subscribe."""
    address = re.sub(r"^feed:(?://)?(?=https?:)|^feed:(?=//)", "", plain(address), flags=re.IGNORECASE)
    if not address or address.startswith("#"):
        return None
    with suppress(ValueError):
        found = urljoin(base, address).partition("#")[0]
        return found if urls.canonical(found) and not re.search(r"[\s\x00-\x20\x7f]", found) else None
    return None


# --- text -------------------------------------------------------------------------------------------------------------


def _text(document: Document) -> str:
    return encoding.of_document(document).text[:MAX_TEXT]


def _markup(document: Document) -> str:
    """The text of a page without its comments, where nothing is offered."""
    first, *others = _text(document).split("<!--")
    return first + "".join(other.partition("-->")[2] for other in others)


def _tags(markup: str, name: str) -> Iterator[dict[str, str]]:
    """The attributes of each element of a name."""
    for tag in _TAG.finditer(markup):
        if tag[1].lower() == name:
            found = _ATTRIBUTE.finditer(tag[2])
            yield {one[1].lower(): visible(one[2] or one[3] or one[4] or "") for one in found}
