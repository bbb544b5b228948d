"""A page as a tree: bytes -> elements, and what an element shows, names and links to.

This module knows HTML and what a printed date looks like. It does not know what a page is about, and reads no date:
their texts leave here as printed. Work is bounded: a page is read to its MAX_TAGS-th tag, an element to its
MAX_PIECES-th piece of text, and no element asks further up than MAX_DEPTH.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

from aggregator import bcp47, encoding, urls
from aggregator.errors import ReadError
from aggregator.model import Decoded, Document, Status
from aggregator.text import plain, resolved

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag
    from bs4.element import PageElement

MAX_TAGS = 60_000  # opening and closing; the longest front pages of the press have about 15,000
MAX_PIECES = 500
MAX_NODES = 4 * MAX_PIECES  # in which they are looked for: elements without end may hold none
MAX_DEPTH = 40

# Words before or behind a date that say that it is the one of a change.
_UPDATED = r"수정|업데이트|갱신|更新|修正|改訂|修改|修订|修訂|编辑|編輯|updated|modified|edited"
_LABEL = (
    rf"(?:최종\s?|最終|最后|最後)?(?:{_UPDATED}|입력|등록|승인|송고|게시|게재|작성|발행|기사입력|公開|掲載|配信|投稿|発行|発表|登録"
    r"|发布|發布|發佈|发表|發表|刊登|发稿|發稿|published|posted|issued|created)"
    r"(?:\s?(?:일시|일자|일|시간|시각|日時|日|時間|时间|于|於|on|at))?"
)
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?"
_DATE = rf"""(?<![\d.])(?:
        (?:\d{{4}}|令和\s?\d{{1,2}})\s?[./年년-]\s?\d{{1,2}}\s?[./月월-]\s?\d{{1,2}}(?!\d)\s?[日일.]?
      | \d{{1,2}}\s?[月월]\s?\d{{1,2}}\s?[日일]
      | \d{{1,2}}[./-]\d{{1,2}}(?=\s+\d{{1,2}}:\d{{2}})
      | {_MONTH}\s\d{{1,2}},?\s\d{{4}}
      | \d{{1,2}}\s{_MONTH},?\s\d{{4}}
    )
    (?:[T\s]*[(（]?[월화수목금토일月火水木金土日]?[)）]?[T\s]*(?:오전|오후|午前|午後|上午|下午|AM|PM)?\s?
       \d{{1,2}}\s?[:：시時时点]\s?\d{{2}}(?:[:：]\d{{2}})?(?:\s?[분分])?(?:\s?[AP]M)?
       (?:\s?[(（]?(?:(?-i:GMT|UTC|[A-Z]{{1,4}}T\b|Z\b)(?:[+-]\d{{1,2}}(?::?\d{{2}})?)?|[+-]\d{{2}}:?\d{{2}}(?!\d))[)）]?)?)?
    | (?<!\d)\d{{1,4}}\s?(?:초|분|시간|일)\s?전
    | (?<!\d)\d{{1,4}}\s?(?:秒|分|分鐘|分钟|時間|小時|小时|日|天)前
    | (?<!\d)\d{{1,4}}\s(?:second|minute|hour|day)s?\sago"""
_LABELLED_DATE = rf"(?P<before>{_LABEL})?[\s:：)\]】>|]*(?P<date>{_DATE})(?:[\s)\]]*(?P<behind>{_LABEL}))?"
_IS_UPDATED = re.compile(_UPDATED, re.IGNORECASE)

_XML_DECLARATION = re.compile(r"<\?xml\b[^<>]*+>?", re.IGNORECASE)
_BAD_SECTION = re.compile(r"<!\[(?!CDATA\[|if\b|else\b|endif\b)", re.IGNORECASE)
_NO_PAGE = re.compile(
    r"\s*(?:<[?!](?:[^<>]|--.*?--)*>\s*)*<(?:[\w-]+:)?(?P<root>rss|feed|rdf|urlset|sitemapindex|opml)\b",
    re.IGNORECASE | re.DOTALL,
)
_KINDS = {"opml": "a list of feeds (OPML), not a page: it can be imported"} | dict.fromkeys(
    ("sitemapindex", "urlset"), "a sitemap, not a page: is kind: sitemap meant?"
)
_FEED = "a feed, not a page: is kind: feed meant?"


# --- the tree ---------------------------------------------------------------------------------------------------------


def tree(document: Document) -> tuple[Decoded, BeautifulSoup, bool]:
    """How a page was decoded, its elements, and whether they are all of them.

    Raises ReadError (`parse_error`, `not_a_feed`) where the document has no markup, or is a feed or a sitemap.
    """
    from bs4 import BeautifulSoup

    decoded = encoding.of_document(document)
    if "<" not in decoded.text:
        raise ReadError(Status.PARSE_ERROR, _without_markup(decoded.text))
    if other := _NO_PAGE.match(decoded.text[:5_000]):
        raise ReadError(Status.NOT_A_FEED, _KINDS.get(other["root"].lower(), _FEED))
    text, whole = _bounded(decoded.text)
    text = _XML_DECLARATION.sub("", text)  # of XHTML: with it, bs4 takes the page for a feed and warns
    text = _BAD_SECTION.sub("&lt;![", text)  # html.parser gives a page up for one of these
    try:
        return decoded, BeautifulSoup(text, "html.parser"), whole
    except Exception as error:  # html.parser asserts, deep markup recurses; the document is at fault
        raise ReadError(Status.PARSE_ERROR, f"html.parser: {type(error).__name__}: {error}") from error


def _bounded(text: str) -> tuple[str, bool]:
    """The text to its last tag that is read, and whether that is all of it."""
    if text.count("<") <= MAX_TAGS:
        return text, True
    cut = next(islice(re.finditer("<", text), MAX_TAGS, None)).start()
    return text[:cut], False


def _without_markup(text: str) -> str:
    if not text.strip():
        return "the body is empty"
    return "JSON, not a page" if text.lstrip()[0] in "{[" else "no markup"


def base(soup: BeautifulSoup, url: str) -> str:
    """What relative addresses of a page are relative to."""
    element = soup.select_one("base[href]")
    return (absolute(attribute(element, "href"), url) if element else None) or url


def meta(soup: BeautifulSoup) -> dict[str, str]:
    """The meta elements by property, name or itemprop in lower case; the first of a name counts."""
    found: dict[str, str] = {}
    for element in soup.find_all("meta"):
        said = attribute(element, "content") or attribute(element, "value")  # as some saved copies have it
        for key in ("property", "name", "itemprop"):
            if said and (name := attribute(element, key)):
                found.setdefault(name.lower(), said)
    return found


def language(soup: BeautifulSoup) -> str | None:
    """The language that a page declares for itself, as a tag."""
    root = soup.select_one("html")
    return bcp47.tag(attribute(root, "lang") or attribute(root, "xml:lang")) if root else None


# --- elements ---------------------------------------------------------------------------------------------------------


def inside(element: Tag) -> Iterator[PageElement]:
    """Everything in an element, in the order of the page. Unlike bs4's own walk it costs nothing before it begins."""
    waiting = element.contents[::-1]
    while waiting:
        yield (one := waiting.pop())
        waiting.extend(getattr(one, "contents", ())[::-1])


def pieces(element: Tag, within: int = MAX_NODES) -> Iterator[str]:
    """The texts in an element that a reader sees: no comments, no scripts, no furigana."""
    from bs4.element import CData, NavigableString

    return (str(one) for one in islice(inside(element), within) if type(one) in (NavigableString, CData))


def seen(element: Tag | None, separator: str = "") -> str:
    """What a reader sees of an element."""
    return plain(separator.join(islice(pieces(element), MAX_PIECES))) if element is not None else ""


def attribute(element: Tag, name: str) -> str:
    """An attribute's value in single spaces, or ""."""
    value = element.get(name)
    return plain(" ".join(value) if isinstance(value, list) else value or "")


def above(element: Tag) -> Iterator[Tag]:
    """The elements that hold this one, from the inside out, up to the body."""
    for parent in islice(element.parents, MAX_DEPTH):
        if parent.name in ("body", "html", "[document]"):
            return
        yield parent


def absolute(address: str, base: str) -> str | None:
    """The http(s) URL that is meant, as written otherwise, or None; a place on the same page is none."""
    if address.startswith("#") or urls.canonical(address, base) is None:
        return None
    return resolved(base, plain(address))


def width(text: str) -> int:
    """Columns: a Chinese, Japanese or Korean character says as much as two letters."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


# --- dates as printed -------------------------------------------------------------------------------------------------


def date_text(element: Tag) -> str:
    """A date for machines, where the element has one, else what it shows."""
    return attribute(element, "datetime") or attribute(element, "content") or seen(element)


@cache
def _dates(pattern: str) -> re.Pattern[str]:
    """Compiled when it is first used: the patterns of dates take as long as the rest of this module."""
    return re.compile(pattern, re.VERBOSE | re.IGNORECASE)


def printed_date(text: str) -> str:
    """The first thing in a text that looks like a date, as printed, or ""."""
    found = _dates(_DATE).search(text)
    return found[0].strip() if found else ""


def labelled_dates(text: str) -> Iterator[tuple[str, bool]]:
    """Everything in a text that looks like a date, as printed, and whether its label says that it is of a change."""
    for found in _dates(_LABELLED_DATE).finditer(text):
        label = found["before"] or found["behind"] or ""
        yield found["date"].strip(), bool(_IS_UPDATED.search(label))
