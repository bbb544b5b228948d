"""Pingbacks, trackbacks and webmentions that others did send, as the blog that got them hands them on.

1. A comments feed of WordPress (RSS, Atom): a pingback is a comment that is an excerpt, `[…] … […]`. Only Atom names
   the page that sent it.
2. A WordPress export (WXR): comments of type pingback and trackback that were approved.
3. webmention.io's JF2 (https://github.com/aaronpk/webmention.io): whatever is not private.

What sent one becomes an Item: its page, that page's title, the excerpt, and a link to the page of ours. An excerpt that
holds a reference list gives References too. What kind a document is, it says itself. Nothing here goes and sees whether
a page really links to us: that is for a visit to the page, and until then the mention rests on the receiver's word.
A DOCTYPE is refused, so no entity grows and no file is read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from xml.parsers import expat

from aggregator import cuts, encoding, references, text
from aggregator.errors import ReadError
from aggregator.model import Document, Item, Link, Reading, Reference, Status
from aggregator.outlets import Directory

MAX_PINGS = 10_000  # of one document
MAX_SUMMARY = 1_000  # characters; a webmention may carry the whole post

_TRACE = re.compile(rb"wordpress\.org/export/|#(?:comment-|c)[0-9]|\bwm-(?:source|target)\b")
_FEED = re.compile(r"<(rss|feed)[\s>]")
_PAGE = re.compile(r"<(?:html|body)[\s>]", re.IGNORECASE)
_HEAD = 2_000  # characters in which a document says what it is
_COMMENT = re.compile(r"(/comment-page-[0-9]+/?)?#(?:comment-|c)[0-9]+\Z")
_EXCERPT = re.compile(r"\[\s?(?:…|\.\.\.|⋯)\s?\](.*)\[\s?(?:…|\.\.\.|⋯)\s?\]", re.DOTALL)
_NO_DATE = "0000-00-00 00:00:00"
_TYPES = ("mention", "pingback", "trackback", "webmention")  # comment types of WordPress and its webmention plugin


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ping:
    """One mention as it was received: who links (`source`), to which page of ours, with which words (markup)."""

    source: str | None
    target: str | None
    title: str = ""
    words: str = ""
    guid: str | None = None
    dates: tuple[tuple[str, str], ...] = ()


def parse(document: Document, names: Directory) -> Reading | None:
    """What was received, or None where the document is no record of that kind.

    Raises ReadError (`parse_error`, `truncated`) where it is one, but cannot be read. `names` are the press names for
    the reference lists in excerpts.
    """
    if not _TRACE.search(document.body):
        return None
    decoded = encoding.of_document(document)
    printed = decoded.text.lstrip("\ufeff \t\r\n")
    found = _from_json(printed) if printed[:1] in ("{", "[") else _from_xml(printed)
    if found is None:
        return None
    pings, fault = found
    reading = _reading(pings[:MAX_PINGS], names, fault)
    return replace(reading, encoding=decoded.encoding, encoding_basis=decoded.basis, encoding_certain=decoded.certain)


def _reading(pings: list[_Ping], names: Directory, fault: str) -> Reading:
    lists: dict[Reference, None] = {}
    for ping in pings:
        lists |= dict.fromkeys(references.read(ping.words, names))
    nameless = sum(ping.source is None for ping in pings)
    lost = f"{nameless} pingbacks without the address of their page, which the Atom form of this feed names"
    note = "; ".join(filter(None, (fault, lost if nameless else "")))
    return Reading(items=tuple(_items(pings)), references=tuple(lists), note=note, may_be_empty=not pings and not fault)


def _items(pings: Iterable[_Ping]) -> Iterator[Item]:
    """One item for each page that sent something, with a link to every page of ours that it sent it to."""
    by_source: dict[str, list[_Ping]] = {}
    for ping in pings:
        if ping.source and ping.target:
            by_source.setdefault(ping.source, []).append(ping)
    for source, sent in by_source.items():
        first = sent[0]
        summaries = dict.fromkeys(text.visible(ping.words) for ping in sent)
        yield Item(
            title=text.visible(first.title),
            link=source,
            guid=first.guid,
            summary=text.plain(" ".join(filter(None, summaries))[:MAX_SUMMARY]),
            dates=first.dates,
            links=tuple({link.url: link for ping in reversed(sent) if (link := _link(ping))}.values())[::-1],
        )


def _link(ping: _Ping) -> Link | None:
    """The link to the page of ours as it stands in the words; where it is lost, in the middle, as excerpts are cut."""
    if ping.target is None:
        return None
    own = (link for link in text.links(ping.words, ping.source) if link.url.rstrip("/") == ping.target.rstrip("/"))
    words = text.visible(ping.words)
    excerpt = _EXCERPT.fullmatch(words)
    around = text.plain(excerpt[1] if excerpt else words)[:MAX_SUMMARY]
    middle = len(around) // 2
    lost = Link(url=ping.target, text="", before=around[:middle], after=around[middle:])
    return replace(next(own, lost), url=ping.target)


def _http(address: object) -> str | None:
    given = address.strip() if isinstance(address, str) else ""
    return given if given[:8].lower().startswith(("http://", "https://")) else None


# --- JF2 --------------------------------------------------------------------------------------------------------------


def _from_json(printed: str) -> tuple[list[_Ping], str] | None:
    try:
        given = json.loads(printed, object_hook=text.storable)
    except (ValueError, RecursionError) as error:
        raise ReadError(Status.PARSE_ERROR, f"not JSON to its end: {error}") from error
    entries = given.get("children", [given]) if isinstance(given, dict) else given
    if not isinstance(entries, list):
        return None
    sent = [one for one in entries if isinstance(one, dict) and "wm-source" in one and "wm-target" in one]
    return ([_webmention(one) for one in sent if not one.get("wm-private")], "") if sent else None


def _webmention(entry: Mapping[str, Any]) -> _Ping:
    """`wm-source` is the page that was seen to link to us; `url` is only what that page says of itself."""
    content, summary = entry.get("content"), entry.get("summary")
    parts = content if isinstance(content, dict) else {"text": content}
    value = summary.get("value") if isinstance(summary, dict) else summary
    words = next((part for part in (parts.get("html"), parts.get("text"), value) if _printed(part)), "")
    dates = ((name, _printed(entry.get(name))) for name in ("published", "wm-received"))
    return _Ping(
        source=_http(entry["wm-source"]),
        target=_http(entry["wm-target"]),
        title=_printed(entry.get("name")),
        words=_printed(words),
        guid=_printed(entry.get("wm-id")) or None,
        dates=tuple((name, date) for name, date in dates if date),
    )


def _printed(value: object) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


# --- WordPress --------------------------------------------------------------------------------------------------------

# What a namespace is written as here; elements of others are of no interest.
_NAMESPACES = (
    ("http://purl.org/dc/elements/1.1/", "dc:"),
    ("http://purl.org/rss/1.0/modules/content/", "content:"),
    ("http://purl.org/syndication/thread/1.0", "thr:"),
    ("http://wordpress.org/export/", "wp:"),
    ("http://www.w3.org/2005/Atom", "atom:"),
)
_RECORDS = ("item", "atom:entry", "wp:comment")


def _from_xml(printed: str) -> tuple[list[_Ping], str] | None:
    root = _FEED.search(printed[:_HEAD])
    if root is None or _PAGE.search(printed[:_HEAD]):
        return None
    exported, fault = "wordpress.org/export/" in printed[:_HEAD], ""
    records: list[dict[str, str]] = []
    try:
        _parser(records).Parse(printed.encode("utf-8", "replace"), True)
    except expat.ExpatError as error:
        fault = f"not well-formed: {error}"
    received = exported or (records and all(_COMMENT.search(_address(one)) for one in records))
    if not received:
        return None
    if fault and cuts.ends_before(printed, root[1]):
        raise ReadError(Status.TRUNCATED, "what was received ends too early, before its last end tag")
    if exported:
        comments = [one for one in records if "wp:comment_id" in one]
        return [_exported(one) for one in comments if _is_ping(one)], fault
    excerpts = (one for one in records if _EXCERPT.fullmatch(text.visible(_words(one))))
    return [_commented(one) for one in excerpts], fault


def _is_ping(comment: Mapping[str, str]) -> bool:
    return comment.get("wp:comment_type") in _TYPES and comment.get("wp:comment_approved") == "1"


def _exported(comment: Mapping[str, str]) -> _Ping:
    """A comment of an export. Its time in GMT says so by its name alone."""
    date = comment.get("wp:comment_date_gmt", "")
    return _Ping(
        source=_http(comment.get("wp:comment_author_url")),
        target=_http(comment.get("page")),
        title=comment.get("wp:comment_author", ""),
        words=comment.get("wp:comment_content", ""),
        guid=f"comment-{comment['wp:comment_id']}",
        dates=(("wp:comment_date_gmt", f"{date}Z"),) if date and date != _NO_DATE else (),
    )


def _commented(comment: Mapping[str, str]) -> _Ping:
    """A comment of a feed, which stands under the page of ours."""
    names = ("atom:published", "pubDate", "dc:date", "atom:updated")
    return _Ping(
        source=_http(comment.get("atom:uri")),
        target=_http(comment.get("thr:in-reply-to")) or _http(_COMMENT.sub("", _address(comment))),
        title=comment.get("atom:name") or comment.get("dc:creator", ""),
        words=_words(comment),
        guid=comment.get("atom:id") or comment.get("guid"),
        dates=tuple((name.removeprefix("atom:"), comment[name]) for name in names if name in comment),
    )


def _address(comment: Mapping[str, str]) -> str:
    return comment.get("atom:link") or comment.get("link") or comment.get("guid", "")


def _words(comment: Mapping[str, str]) -> str:
    found = (comment.get(name) for name in ("content:encoded", "atom:content", "description", "atom:summary"))
    return next(filter(None, found), "")


def _parser(records: list[dict[str, str]]) -> expat.XMLParserType:
    """A parser that fills `records` as it goes: texts and addresses by element; a comment knows its `page`."""
    open_records: list[dict[str, str]] = []
    texts: list[str] = []

    def start(name: str, attributes: Mapping[str, str]) -> None:
        texts.clear()
        key = _key(name)
        if key in _RECORDS:
            open_records.append({"page": open_records[-1].get("link", "")} if open_records else {})
            records.append(open_records[-1])
        elif open_records and "href" in attributes and attributes.get("rel", "alternate") == "alternate":
            open_records[-1].setdefault(key, attributes["href"])

    def end(name: str) -> None:
        key, printed = _key(name), "".join(texts).strip()
        if key in _RECORDS:
            open_records.pop()
        elif open_records and key and printed:
            open_records[-1].setdefault(key, printed)
        texts.clear()

    def refuse(*_: object) -> None:
        raise ReadError(Status.PARSE_ERROR, "a DOCTYPE, which no feed and no export needs")

    parser = expat.ParserCreate(encoding="utf-8", namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = texts.append
    parser.StartDoctypeDeclHandler = refuse
    return parser


def _key(name: str) -> str:
    """`{namespace} {local name}` as `link`, `wp:comment_id`; "" for what is of no interest."""
    namespace, _, local = name.rpartition(" ")
    if not namespace:
        return local
    return next((prefix + local for begin, prefix in _NAMESPACES if namespace.startswith(begin)), "")
