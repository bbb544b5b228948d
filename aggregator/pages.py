"""List pages and article pages: what a page without a feed says about articles.

A list page is read by the selectors of its source, or guessed: links that stand in the same place of a repeated block
are a list, and dates and long texts tell a list of articles from a menu. An article page says who it is in JSON-LD,
meta elements and its headings. This module fetches nothing and reads no date: their texts leave here as printed.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from aggregator import encoding, urls
from aggregator.errors import ReadError
from aggregator.model import Decoded, Document, Item, Reading, Selectors, Status
from aggregator.text import links, plain, visible

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

MAX_ITEMS = 500

# https://schema.org/Article and the kinds of it that the press uses.
ARTICLE_TYPES = frozenset(
    {
        "AnalysisNewsArticle",
        "Article",
        "BackgroundNewsArticle",
        "BlogPosting",
        "LiveBlogPosting",
        "NewsArticle",
        "OpinionNewsArticle",
        "Report",
        "ReportageNewsArticle",
        "ReviewNewsArticle",
    }
)
# Names, properties and itemprops of meta elements that date the publication, the best first.
META_DATES = (
    "article:published_time",
    "og:article:published_time",
    "og:published_time",
    "datePublished",
    "article:published",
    "parsely-pub-date",
    "sailthru.date",
    "pubdate",
    "publishdate",
    "publish-date",
    "publication_date",
    "dc.date.issued",
    "dcterms.date",
    "dc.date",
    "citation_publication_date",
    "date",
)
META_CHANGES = ("article:modified_time", "og:updated_time", "dateModified")

_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([\w.:+-]+)", re.IGNORECASE)
_XML_DECLARATION = re.compile(r"<\?xml\b[^<>]*+>?", re.IGNORECASE)
_BAD_SECTION = re.compile(r"<!\[(?!CDATA\[|if\b|else\b|endif\b)", re.IGNORECASE)
_JSON_WRAPPING = re.compile(r"^\s*(?://\s*)?(?:<!\[CDATA\[|<!--)|(?://\s*)?(?:\]\]>|-->)\s*;?\s*$")
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?"
_PRINTED_DATE = re.compile(
    rf"""(?<![\d.])(?:
        (?:\d{{4}}|令和\s?\d{{1,2}})\s?[./年년-]\s?\d{{1,2}}\s?[./月월-]\s?\d{{1,2}}(?!\d)\s?[日일.]?
      | \d{{1,2}}\s?[月월]\s?\d{{1,2}}\s?[日일]
      | \d{{1,2}}[./-]\d{{1,2}}(?=\s+\d{{1,2}}:\d{{2}})
      | {_MONTH}\s\d{{1,2}},?\s\d{{4}}
      | \d{{1,2}}\s{_MONTH},?\s\d{{4}}
    )
    (?:[T\s]*[(（]?[월화수목금토일月火水木金土日]?[)）]?[T\s]*(?:오전|오후|午前|午後|上午|下午|AM|PM)?\s?
       \d{{1,2}}\s?[:：시時点]\s?\d{{2}}(?:[:：]\d{{2}})?(?:\s?[분分])?(?:\s?[AP]M)?)?
    | \d+\s?(?:초|분|시간|일)\s?전
    | \d+\s?(?:秒|分|分鐘|分钟|時間|小時|小时|日|天)前
    | \d+\s(?:second|minute|hour|day)s?\sago
    """,
    re.VERBOSE,
)
_HEADING = re.compile(r"^(?:h[1-6]|strong)\b|tit|head|subject|sbj", re.IGNORECASE)
_STATE_CLASS = re.compile(r"first|last|odd|even|^on$|active|current|\d", re.IGNORECASE)


def read(document: Document, select: Selectors | None) -> tuple[Item, ...]:
    """The items of a page, in its order. Raises ReadError as `parse` does."""
    return parse(document, select).items


def parse(document: Document, select: Selectors | None) -> Reading:
    """All that a page says: what the selectors find, else the article that it is, else the list that it seems to be.

    A page with nothing on it is a Reading without items, whose note says what was looked for. Raises ReadError
    (`parse_error`) where the markup cannot be read at all.
    """
    decoded, soup = _soup(document)
    base = _base(soup, document.url)
    if select is not None:
        items, note = _selected(soup, select, base)
    elif _is_article(soup, article_item := _article(soup, base)):
        items, note = (article_item,), "read as one article"
    else:
        items, note = _guessed(soup, base)
    language = _declared_language(soup)
    return Reading(
        items=tuple(item if item.language else replace(item, language=language) for item in items[:MAX_ITEMS]),
        note=note,
        encoding=decoded.encoding,
        encoding_basis=decoded.basis,
        encoding_certain=decoded.certain,
    )


def article(document: Document) -> Item:
    """What an article page says about its article. Raises ReadError (`parse_error`)."""
    _, soup = _soup(document)
    return _article(soup, _base(soup, document.url))


def _soup(document: Document) -> tuple[Decoded, BeautifulSoup]:
    from bs4 import BeautifulSoup

    charset = _CHARSET.search(document.content_type or "")
    decoded = encoding.decode(
        document.body, declared=charset and charset[1], override=document.encoding, language=document.language
    )
    text = _XML_DECLARATION.sub("", decoded.text)  # of XHTML: with it, bs4 takes the page for a feed and warns
    text = _BAD_SECTION.sub("&lt;![", text)  # html.parser gives a page up for one of these
    if "<" not in text:
        raise ReadError(Status.PARSE_ERROR, "no markup" if text.strip() else "the body is empty")
    try:
        return decoded, BeautifulSoup(text, "html.parser")
    except Exception as error:  # html.parser asserts, deep markup recurses; the document is at fault
        raise ReadError(Status.PARSE_ERROR, f"html.parser: {type(error).__name__}: {error}") from error


# --- by selectors -----------------------------------------------------------------------------------------------------


def _selected(soup: BeautifulSoup, select: Selectors, base: str) -> tuple[tuple[Item, ...], str]:
    blocks = soup.select(select.item, limit=MAX_ITEMS)
    items = tuple(_selected_item(block, select, base) for block in blocks)
    found = {
        f"link {select.link!r}": sum(item.link is not None for item in items),
        f"title {select.title!r}" if select.title else "title": sum(bool(item.title) for item in items),
        f"date {select.date!r}": sum(bool(item.dates) for item in items) if select.date else None,
        f"summary {select.summary!r}": sum(bool(item.summary) for item in items) if select.summary else None,
    }
    items = tuple(item for item in items if item.title and item.link)
    missed = not items or 0 in found.values()
    counts = [f"item {select.item!r}: {len(blocks)}", *(f"{name}: {n}" for name, n in found.items() if n is not None)]
    return items, f"selectors found {', '.join(counts)}" if missed else ""


def _selected_item(block: Tag, select: Selectors, base: str) -> Item:
    anchors = [block] if block.name == "a" else []
    anchors = [anchor for anchor in (*block.select(select.link), *anchors) if anchor.get("href")]
    anchor = next((anchor for anchor in anchors if _seen(anchor)), anchors[0] if anchors else None)
    title = block.select_one(select.title) if select.title else anchor
    date = block.select_one(select.date) if select.date else None
    summary = block.select_one(select.summary) if select.summary else None
    date_text = _date_text(date) if date else ""
    return Item(
        title=_seen(title) or (_attribute(anchor, "title") if anchor else ""),
        link=_absolute(_attribute(anchor, "href"), base) if anchor else None,
        summary=_seen(summary),
        dates=(("select.date", date_text),) if date_text else (),
    )


def _date_text(element: Tag) -> str:
    """A date for machines, where the element has one, else what it shows."""
    return _attribute(element, "datetime") or _attribute(element, "content") or _seen(element)


# --- by guessing ------------------------------------------------------------------------------------------------------


def _guessed(soup: BeautifulSoup, base: str) -> tuple[tuple[Item, ...], str]:
    """The list that a page seems to be: of all groups of links in like places, the one most like headlines."""
    groups: defaultdict[tuple[str, ...], dict[str, Tag]] = defaultdict(dict)
    for anchor in soup.find_all("a", href=True):
        address = _absolute(_attribute(anchor, "href"), base)
        if address and anchor.find(string=re.compile(r"\w")):
            groups[_place(anchor)].setdefault(address, anchor)
    lists = [(place, _group_items(anchors)) for place, anchors in groups.items() if len(anchors) >= 3]
    lists.sort(key=lambda one: _weight(*one), reverse=True)
    dated_lists = [(place, _with_dates(items, groups[place])) for place, items in lists[:5]]
    if not dated_lists:
        feed = soup.select_one("rss, feed, urlset")
        return (), "a feed or sitemap, not a page" if feed else "no list of links was found: selectors would help"
    place, items = max(dated_lists, key=lambda one: _weight(*one))
    dated = sum(bool(item.dates) for item in items)
    return items, f"guessed: {len(items)} links, {dated} with a date, at {' > '.join(place[-4:])}"


def _place(anchor: Tag) -> tuple[str, ...]:
    """The path from the body to a link, in tags and classes; classes that tell one item from the next are left out."""
    steps = []
    for element in (anchor, *anchor.parents):
        if element.name in ("body", "html", "[document]"):
            break
        classes = [name for name in element.get_attribute_list("class") if name and not _STATE_CLASS.search(name)]
        steps.append(".".join((element.name, *sorted(map(str, classes)))))
    return tuple(reversed(steps))


def _group_items(anchors: Mapping[str, Tag]) -> tuple[Item, ...]:
    return tuple(Item(title=_headline(anchor), link=address) for address, anchor in anchors.items())


def _headline(anchor: Tag) -> str:
    """The heading within a link that holds a whole card, else its text."""
    heading = anchor.select_one("h1, h2, h3, h4, h5, h6, strong")
    return _seen(heading) or _seen(anchor)


def _weight(place: tuple[str, ...], items: tuple[Item, ...]) -> float:
    """How much a group of links is like a list of headlines: many, long but not too long, dated, in headings."""
    width = sum(min(_width(item.title), 120) for item in items) / len(items)
    length = min(width, 40) / 40 if width <= 80 else 0.5
    dated = sum(bool(item.dates) for item in items) / len(items)
    heading = any(_HEADING.search(step) for step in place[-3:])
    return min(len(items), 30) * length**2 * (1 + 2 * dated) * (1.5 if heading else 1)


def _width(text: str) -> int:
    """Columns: a Chinese, Japanese or Korean character says as much as two letters."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _with_dates(items: tuple[Item, ...], anchors: Mapping[str, Tag]) -> tuple[Item, ...]:
    """The items with the dates of their blocks. A block reaches as far up as it holds no other link of the group."""
    held = Counter(id(parent) for anchor in anchors.values() for parent in anchor.parents)
    dated = []
    for item, anchor in zip(items, anchors.values(), strict=True):
        own = list(takewhile(lambda parent: held[id(parent)] == 1, anchor.parents))
        dated.append(replace(item, dates=_block_dates(own[-1] if own else anchor, item.title)))
    return tuple(dated)


def _block_dates(block: Tag, title: str) -> tuple[tuple[str, str], ...]:
    """The date of a block: its <time>, else the first text that looks like one and is no part of the title."""
    time = block.select_one("time")
    if time is not None and (text := _date_text(time)):
        return (("time", text),)
    printed = _PRINTED_DATE.search(_seen(block, " ").replace(title, " "))
    return (("text", printed[0].strip()),) if printed else ()


# --- an article -------------------------------------------------------------------------------------------------------


def _is_article(soup: BeautifulSoup, item: Item) -> bool:
    """Whether the page says so, or has a heading as long as a headline and as its own title, with a date."""
    if _meta(soup).get("og:type", "").lower() == "article" or len(list(_article_nodes(soup))) == 1:
        return True
    headed = any(_seen(heading) == item.title for heading in soup.find_all(["h1", "h2"]))
    inner = bool(urlsplit(item.link or "").path.strip("/"))
    return headed and inner and bool(item.dates) and _width(item.title) >= 20


def _article(soup: BeautifulSoup, base: str) -> Item:
    meta, data = _meta(soup), next(_article_nodes(soup), {})
    canonical = soup.select_one("link[rel~=canonical][href]")
    addresses = (_attribute(canonical, "href") if canonical else "", meta.get("og:url", ""), base)
    body = soup.select_one("[itemprop=articleBody]") or soup.select_one("article")
    summaries = (_text(data.get("description")), meta.get("og:description"), meta.get("description"))
    link = next(filter(None, (_absolute(address, base) for address in addresses if address)), None)
    title = _title(soup, meta, data)
    return Item(
        title=title,
        link=link,
        summary=visible(next(filter(None, summaries), "")),
        author=visible(", ".join(_names(data.get("author"))) or meta.get("author", "")) or None,
        language=_text(data.get("inLanguage")) or _declared_language(soup),
        outlet_text=visible(next(iter(_names(data.get("publisher"))), "") or meta.get("og:site_name", "")) or None,
        dates=tuple(dict.fromkeys(_article_dates(soup, meta, data))) or _dates_after(soup, title),
        links=tuple(found for found in links(str(body), base) if found.url != link) if body else (),
    )


def _title(soup: BeautifulSoup, meta: Mapping[str, str], data: Mapping[str, Any]) -> str:
    """The heading that the page's other titles agree with, as they are cut or add the outlet's name; else those."""
    element = _seen(soup.select_one("head title") or soup.select_one("title"))
    given = (data.get("headline"), meta.get("og:title"), meta.get("twitter:title"), element)
    titles = [title for one in given if (title := visible(_text(one)))]
    headings = [text for heading in soup.find_all(["h1", "h2"]) if (text := _seen(heading))]
    agreed = [text for text in headings if any(text in title or text.startswith(title) for title in titles)]
    longest = max(agreed, key=len, default="")
    return longest if _width(longest) > 8 else next(iter([*titles, *headings]), "")


def _dates_after(soup: BeautifulSoup, title: str) -> tuple[tuple[str, str], ...]:
    """The date that is printed beside the heading, where nothing on the page names one to machines."""
    heading = next((one for one in soup.find_all(["h1", "h2", "h3"]) if title and _seen(one) == title), None)
    following = islice(heading.find_all_next(string=True), 80) if heading else ()
    printed = _PRINTED_DATE.search(plain(" ".join(following)).replace(title, " ")[:500])
    return (("text", printed[0].strip()),) if printed else ()


def _article_dates(soup: BeautifulSoup, meta: Mapping[str, str], data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Published before changed; of each what machines read before what readers see."""
    if text := _text(data.get("datePublished")):
        yield "datePublished", text
    yield from ((name, meta[name.lower()]) for name in META_DATES if meta.get(name.lower()))
    yield from (("time", text) for time in soup.select("time", limit=3) if (text := _date_text(time)))
    if text := _text(data.get("dateModified")):
        yield "dateModified", text
    yield from ((name, meta[name.lower()]) for name in META_CHANGES if meta.get(name.lower()))


def _meta(soup: BeautifulSoup) -> dict[str, str]:
    """The meta elements by property, name or itemprop in lower case; the first of a name counts."""
    found: dict[str, str] = {}
    for element in soup.find_all("meta", content=True):
        for key in ("property", "name", "itemprop"):
            if name := _attribute(element, key):
                found.setdefault(name.lower(), _attribute(element, "content"))
    return found


def _article_nodes(soup: BeautifulSoup) -> Iterator[Mapping[str, Any]]:
    """The articles that the page's JSON-LD describes, not those that it merely lists."""
    for script in soup.find_all("script", type="application/ld+json"):
        try:
            found = json.loads(_JSON_WRAPPING.sub("", script.get_text()), strict=False)
        except (ValueError, RecursionError):
            continue
        for node in found if isinstance(found, list) else [found]:
            graph = node.get("@graph") if isinstance(node, dict) else None
            for one in [node, *(graph if isinstance(graph, list) else [])]:
                if isinstance(one, dict) and ARTICLE_TYPES & {_text(kind) for kind in _listed(one.get("@type"))}:
                    yield one


def _names(people: object) -> list[str]:
    """The names in what JSON-LD gives for a person or organisation: text, an object, or a list of them."""
    names = (_text(one.get("name")) if isinstance(one, dict) else _text(one) for one in _listed(people))
    return list(dict.fromkeys(filter(None, names)))


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


# --- of every page ----------------------------------------------------------------------------------------------------


def _base(soup: BeautifulSoup, url: str) -> str:
    element = soup.select_one("base[href]")
    return (_absolute(_attribute(element, "href"), url) if element else None) or url


def _absolute(address: str, base: str) -> str | None:
    """The http(s) URL that is meant, as written otherwise, or None; a place on the same page is none."""
    if address.startswith("#") or urls.canonical(address, base) is None:
        return None
    return urljoin(base, plain(address))


def _seen(element: Tag | None, separator: str = "") -> str:
    return plain(element.get_text(separator)) if element is not None else ""


def _attribute(element: Tag, name: str) -> str:
    value = element.get(name)
    return plain(" ".join(value) if isinstance(value, list) else value or "")


def _declared_language(soup: BeautifulSoup) -> str | None:
    root = soup.select_one("html")
    return (_attribute(root, "lang") or _attribute(root, "xml:lang") or None) if root is not None else None
