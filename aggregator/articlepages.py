"""Article pages: what a page says about its one article, in JSON-LD, meta elements, headings, and dates beside them.

A headline and a date stand on a page several times, for search engines, for sharing, for readers, and not always alike.
This module knows which of them counts. It reads no date: their texts leave here as printed, the best first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from aggregator import bcp47, markup
from aggregator.markup import above, absolute, attribute, date_text, labelled_dates, seen, width
from aggregator.model import Item
from aggregator.text import fold, links, ngrams, plain, visible

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag
    from bs4.element import PageElement

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
    "weibo: article:create_at",  # Sina: its published_time is the one of the last edition
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

_NEAR = 500  # characters: how far from its headline the date of an article stands
_LINE = 60  # columns: a longer text is prose, in which dates are those of events
_ARCHIVE = 5  # elements <article>: so many are a list
_HEADINGS = "h1, h2, h3, h4"
_NAMES_UTC = re.compile(r"(?:Z|UTC|GMT|[+-]00:?00)\s*$")
_HALF_OF_DAY = re.compile(r"오전|오후|午前|午後|上午|下午|\b[ap]\.?m\b", re.IGNORECASE)
_JSON_WRAPPING = re.compile(r"^\s*(?://\s*)?(?:<!\[CDATA\[|<!--)|(?://\s*)?(?:\]\]>|-->)\s*;?\s*$")
_SIGNS = re.compile(r"[\W_]+")
_QUOTE = re.compile(r"\s*[\"'“”‘’「『《〈〝]")
_TAIL = re.compile(r"\s*[|｜_»]\s*|\s+[-–—－:：]\s+|[：:](?=\S+$)")
_PERIODICAL = re.compile(
    r"신문|일보|뉴스|경제|방송|닷컴|新聞|新聞社|ニュース|通信|テレビ|デジタル|日报|日報|晚报|时报|時報|网|網|新闻|电视台"
    r"|\b(?:news|times|post|herald|daily|journal|online|standard|guardian|press)\b",
    re.IGNORECASE,
)


def says_so(soup: BeautifulSoup, item: Item) -> bool:
    """Whether a page says of itself that it is an article."""
    if len(list(_nodes(soup))) == 1:
        return True
    inner = bool(urlsplit(item.link or "").path.strip("/"))
    if not inner or markup.meta(soup).get("og:type", "").lower() != "article":
        return False
    own = any(name != "time" for name, _ in item.dates)  # blogging software says so of archives too
    return own or len(soup.select("article", limit=_ARCHIVE)) < _ARCHIVE


def looks_so(soup: BeautifulSoup, item: Item) -> bool:
    """Whether a page has a heading as long as a headline and as its own title, with a date."""
    inner = bool(urlsplit(item.link or "").path.strip("/"))
    heading = _place(soup, item.title)
    alone = heading is not None and not any(one.name in ("a", "li") for one in above(heading))
    return inner and alone and bool(item.dates) and width(item.title) >= 20


def article(soup: BeautifulSoup, base: str) -> Item:
    """What a page says about its article."""
    meta, data = markup.meta(soup), next(_nodes(soup), {})
    canonical = soup.select_one("link[rel~=canonical][href]")
    addresses = (attribute(canonical, "href") if canonical else "", meta.get("og:url", ""), base)
    body = soup.select_one("[itemprop=articleBody]") or soup.find("article")
    summaries = (_text(data.get("description")), meta.get("og:description"), meta.get("description"))
    link = next(filter(None, (absolute(address, base) for address in addresses if address)), None)
    title = _title(soup, meta, data)
    return Item(
        title=title,
        link=link,
        summary=visible(next(filter(None, summaries), "")),
        author=visible(", ".join(_names(data.get("author"))) or meta.get("author", "")) or None,
        language=bcp47.tag(_text(data.get("inLanguage"))) or markup.language(soup),
        outlet_text=visible(next(iter(_names(data.get("publisher"))), "") or meta.get("og:site_name", "")) or None,
        dates=_by_trust(tuple(dict.fromkeys(_dates(soup, title, meta, data)))),
        links=tuple(found for found in links(str(body), base) if found.url != link) if body else (),
    )


# --- the headline -----------------------------------------------------------------------------------------------------


def _title(soup: BeautifulSoup, meta: Mapping[str, str], data: Mapping[str, Any]) -> str:
    """The headline, of which a page has variants: the shortest, for the longer ones are written for search engines.

    A variant that is cut, or half as long as another, is none. The title element is asked where nothing else is there.
    """
    outlets = {_letters(name) for name in (*_names(data.get("publisher")), meta.get("og:site_name", "")) if name}
    element = _without_outlet(seen(soup.select_one("head title") or soup.select_one("title")), outlets)
    given = (_text(data.get("headline")), meta.get("og:title", ""), meta.get("twitter:title", ""))
    titles = (_without_outlet(visible(title), outlets) for title in given)
    headline, *shared = ("" if _letters(title) in outlets else title for title in titles)
    heading = _heading(soup, [headline, *shared, element]) or ("" if headline else _like(soup, element))
    variants = [one for one in (headline, heading, *shared) if width(one) > 8]
    longest = max(map(width, variants), default=0)
    whole = [one for one in variants if width(one) * 2 >= longest and not any(_is_cut(one, two) for two in variants)]
    spellings = {_letters(one): one for one in reversed(whole)}  # of each the first
    shortest = min(spellings.values(), key=width, default="")
    return shortest or next(filter(None, (element, headline, *shared, *_headings(soup))), "")


def _headings(soup: BeautifulSoup) -> Iterator[str]:
    return (text for heading in soup.select(_HEADINGS, limit=100) if (text := seen(heading)))


def _heading(soup: BeautifulSoup, titles: list[str]) -> str:
    """The longest heading that the page's titles agree with, as they are cut or say more, or ""."""
    keys = [key for title in titles if (key := _letters(title))]
    headings = {text: _letters(text) for text in _headings(soup)}
    agreed = [text for text, key in headings.items() if any(key in one or key.startswith(one) for one in keys)]
    longest = max(agreed, key=lambda text: len(headings[text]), default="")
    return longest if any(2 * len(headings.get(longest, "")) > len(key) for key in keys) else ""


def _like(soup: BeautifulSoup, title: str) -> str:
    """The main heading that says what the title element says in other words, or ""."""
    return next((text for one in soup.find_all("h1") if _is_like(text := seen(one), title)), "")


def _letters(text: str) -> str:
    """What two spellings of a headline share: letters and digits."""
    return _SIGNS.sub("", fold(text))


def _is_like(one: str, two: str) -> bool:
    """Whether two texts share half of their pairs of letters, and neither is twice as long as the other."""
    pairs = sorted((set(ngrams(fold(text), 2)) for text in (one, two)), key=len)
    return len(pairs[0]) * 2 > max(len(pairs[1]), 15) and len(pairs[0] & pairs[1]) * 2 > len(pairs[0])


def _is_cut(text: str, other: str) -> bool:
    """Whether a variant ends where an attribute was closed by a quote of the headline, or at an ellipsis."""
    begun = text.rstrip("….").rstrip()
    if not other.startswith(begun) or len(other) <= len(begun):
        return False
    return begun != text or bool(_QUOTE.match(other, len(begun)))


def _without_outlet(title: str, outlets: set[str]) -> str:
    """A title without the outlet that stands at its end, by the names that the page gives, or by how names look."""
    for mark in reversed(list(_TAIL.finditer(title))):
        head, tail = title[: mark.start()], title[mark.end() :]
        named = _letters(tail) in outlets or mark[0].strip() in "|｜_»" or _PERIODICAL.search(tail)
        if not head or not named or width(tail) > 40 or width(tail) > width(head):
            break
        title = head
    return title


# --- dates ------------------------------------------------------------------------------------------------------------


def _dates(
    soup: BeautifulSoup, title: str, meta: Mapping[str, str], data: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """(where it stood, text): published before changed; of each what machines read before what readers see."""
    if text := _text(data.get("datePublished")):
        yield "datePublished", text
    yield from ((name, meta[name.lower()]) for name in META_DATES if meta.get(name.lower()))
    published = soup.select_one("[itemprop~=datePublished]:not(meta)")
    if published is not None and (text := date_text(published)):
        yield "datePublished", text
    heading = _place(soup, title)
    times = _times(soup, heading)
    yield from (("time", text) for time in times if (text := date_text(time)))
    changed: list[tuple[str, str]] = []
    for where, text, is_change in _beside(heading, title) if heading else ():
        if is_change:
            changed.append((f"text {where} the headline, of a change", text))
        else:
            yield f"text {where} the headline", text
    if text := _text(data.get("dateModified")):
        yield "dateModified", text
    yield from ((name, meta[name.lower()]) for name in META_CHANGES if meta.get(name.lower()))
    yield from changed[:1]


def _by_trust(dates: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """The dates, those last that call a local time UTC: another text on the page has the same hour without that."""
    local = {_clock(text) for _, text in dates if not _NAMES_UTC.search(text)} - {None}
    return tuple(sorted(dates, key=lambda one: bool(_NAMES_UTC.search(one[1])) and _clock(one[1]) in local))


def _clock(text: str) -> tuple[int, ...] | None:
    """Year, month, day, hour and minute, where a text names them in figures and in this order."""
    numbers = tuple(int(number) for number in re.findall(r"\d+", text)[:5])
    return numbers if len(numbers) == 5 and numbers[0] > 1_000 and not _HALF_OF_DAY.search(text) else None


def _place(soup: BeautifulSoup, title: str) -> Tag | None:
    """The heading that shows the headline."""
    key = _letters(title)
    if not key:
        return None
    for heading in soup.select(_HEADINGS, limit=100):
        shown = _letters(seen(heading))
        if shown and len(shown) * 2 > len(key) and (shown in key or key in shown):
            return heading
    return None


def _times(soup: BeautifulSoup, heading: Tag | None) -> list[Tag]:
    """The <time> elements of the article, none of the page's head and of other articles."""
    holder = next((one for one in above(heading) if one.name in ("article", "main")), None) if heading else None
    return (holder or soup.select_one("article") or soup).select("time", limit=2)


def _beside(heading: Tag, title: str) -> Iterator[tuple[str, str, bool]]:
    """(above or below, text, whether it is of a change) of the date printed nearest to the headline."""
    below = _lines(islice(heading.next_elements, _NEAR), title, _NEAR)
    before = _lines(islice(heading.previous_elements, _NEAR // 5), title, _NEAR // 5)
    for where, lines in (("below", below), ("above", before[::-1])):
        found = list(labelled_dates(" ".join(lines)))
        published = [date for date, is_change in found if not is_change]
        yield from ((where, date, False) for date in published[:1])
        yield from ((where, date, True) for date, is_change in found if is_change)
        if published:
            return


def _lines(elements: Iterable[PageElement], title: str, near: int) -> list[str]:
    """The texts that begin within `near` characters; for prose stands a mark that no date reaches across."""
    from bs4.element import NavigableString

    lines, far = list[str](), 0
    for one in elements:
        line = plain(str(one)) if type(one) is NavigableString else ""
        if far > near:
            break
        if line and line not in title:
            lines.append(line if width(line) <= _LINE else "¶")
            far += len(line)
    return lines


# --- JSON-LD ----------------------------------------------------------------------------------------------------------


def _nodes(soup: BeautifulSoup) -> Iterator[Mapping[str, Any]]:
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
    return plain(value) if isinstance(value, str) else ""  # JSON can name what is no character
