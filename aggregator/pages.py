"""Pages without a feed: one article, or a list of articles, or neither, and then what stands in the way.

This module decides what a page is, and knows what a page looks like that is none: a login, a test for robots, a shell
that a script fills. It fetches nothing: not the page that frames or a refresh point to, either.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from aggregator import articlepages, cuts, listpages, markup
from aggregator.errors import ReadError
from aggregator.markup import absolute, attribute, seen, width
from aggregator.model import Document, Item, Reading, Selectors, Status

if TYPE_CHECKING:
    from bs4 import BeautifulSoup

# What tests for robots are made with, in their scripts and forms, and what they tell the reader.
_CHALLENGE = re.compile(
    r"_cf_chl_opt|cf-turnstile|challenge-platform|g-recaptcha|h-captcha|hcaptcha\.com|captcha-delivery\.com"
    r"|_Incapsula_Resource|px-captcha|awsWafCookieDomainList|geetest|aliyunCaptcha|nc_token",
    re.IGNORECASE,
)
_CHALLENGE_WORDS = re.compile(
    r"just a moment|attention required|access denied|are you (?:a robot|human)|verify (?:that )?you are (?:a )?human"
    r"|unusual traffic|enable javascript and cookies|로봇이 아닙|자동등록방지|비정상적인 접근|접근이 (?:차단|제한)"
    r"|ロボットではありません|アクセスが(?:拒否|制限)|人机验证|安全验证|人機驗證|访问被拒绝|请完成验证|滑动验证",
    re.IGNORECASE,
)
_REFRESH = re.compile(r"\s*[\d.]*\s*[;,]?\s*(?:url\s*=\s*)?[\"']?\s*([^\"'\s]+)", re.IGNORECASE)
_ARTICLE = "read as one article"
_LITTLE = 1_000  # columns of text: more of it is a page, whatever else stands on it
_NEXT_TO_NOTHING = 200


def read(document: Document, select: Selectors | None) -> tuple[Item, ...]:
    """The items of a page, in its order. Raises ReadError as `parse` does."""
    return parse(document, select).items


def parse(document: Document, select: Selectors | None) -> Reading:
    """All that a page says: what the selectors find, else the article that it is, else the list that it seems to be.

    A page with nothing on it is a Reading without items, whose note says what was looked for and what is there instead.
    Raises ReadError where the document is no page: `not_a_feed` for a feed or a sitemap, `blocked` for a login or a
    test for robots, `truncated` where it certainly breaks off, `parse_error` for what has no markup or cannot be read.
    """
    decoded, soup, whole = markup.tree(document)
    if cuts.is_half_a_page(decoded.text):
        raise ReadError(Status.TRUNCATED, "the page ends too early, in the middle of something")
    base = markup.base(soup, document.url)
    items, note = _items(soup, select, base)
    if not any(item.dates for item in items):
        _refuse_walls(soup, items)
    if not items:
        note = "; ".join(filter(None, (note, _instead(soup, base, guessed=select is None))))
    if not whole:
        note = "; ".join(filter(None, (note, f"read to its {markup.MAX_TAGS}th tag")))
    language = markup.language(soup)
    return Reading(
        items=tuple(item if item.language else replace(item, language=language) for item in items),
        note=note,
        encoding=decoded.encoding,
        encoding_basis=decoded.basis,
        encoding_certain=decoded.certain,
    )


def article(document: Document) -> Item:
    """What an article page says about its article. Raises ReadError as `parse` does."""
    _, soup, _ = markup.tree(document)
    item = articlepages.article(soup, markup.base(soup, document.url))
    if not item.dates:
        _refuse_walls(soup, (item,))
    return item


def _items(soup: BeautifulSoup, select: Selectors | None, base: str) -> tuple[tuple[Item, ...], str]:
    if select is not None:
        return listpages.selected(soup, select, base)
    item = articlepages.article(soup, base)
    if articlepages.says_so(soup, item):
        return (item,), _ARTICLE
    items, note = listpages.guessed(soup, base)
    # Below the heading of a list stands the date of the first article in it.
    of_the_list = {text for one in items for _, text in one.dates}
    if articlepages.looks_so(soup, item) and item.published_text not in of_the_list:
        return (item,), _ARTICLE
    return items, note


# --- what is there instead --------------------------------------------------------------------------------------------


def _refuse_walls(soup: BeautifulSoup, items: tuple[Item, ...]) -> None:
    """Raises ReadError (`blocked`) for a page with little but a login or a test for robots on it."""
    shown = seen(soup.select_one("body") or soup, " ")
    little = width(shown) < _LITTLE and len(items) < 10
    title = seen(soup.select_one("title"))
    if little and (_CHALLENGE_WORDS.search(f"{title} {shown}") or _CHALLENGE.search(str(soup.find_all(_made_by)))):
        raise ReadError(Status.BLOCKED, "a page that asks whether a person is reading: ask the outlet to let it in")
    if little and soup.select_one("input[type=password i]"):
        raise ReadError(Status.BLOCKED, "a page that asks for a password: use an address that all may read")


def _made_by(element: object) -> bool:
    return getattr(element, "name", "") in ("script", "form", "iframe")


def _instead(soup: BeautifulSoup, base: str, *, guessed: bool) -> str:
    """Why a page has nothing on it, and what to do about it."""
    if address := _refreshed(soup, base):
        return f"a page that only leads on to {address}: use that address"
    frames = [one for one in soup.select("frame[src], iframe[src]") if absolute(attribute(one, "src"), base)]
    if frames and width(seen(soup.select_one("body"))) < _LITTLE:
        shown = ", ".join(str(absolute(attribute(one, "src"), base)) for one in frames[:3])
        return f"a page of frames, which are pages of their own: {shown}"
    if soup.find("script") and width(seen(soup.select_one("body"))) < _NEXT_TO_NOTHING:
        return "an empty shell that a script fills: look for a feed or a sitemap, or the address the script asks"
    return "no list of links was found: selectors would help" if guessed else ""


def _refreshed(soup: BeautifulSoup, base: str) -> str | None:
    """Where a meta refresh leads, if not to the same page again."""
    element = soup.select_one("meta[http-equiv=refresh i][content]")
    target = _REFRESH.match(attribute(element, "content")) if element else None
    address = absolute(target[1], base) if target and not target[1].isdigit() else None
    return address if address != base else None
