"""The pages of articles, visited for what their sources leave out: how to ask, and what to make of the answer.

A page completes an article: date, headline, summary, author and outlet where no source gave them. It never corrects
what a source said, and nothing is taken from a page that is another article's, a notice, or on another site. A link to
a page of ours that only somebody else reported is found on the article's own page, or is not: then it is looked for
once more, a day later, before it counts as gone. Pure: fetches nothing, stores nothing, and is told the time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from aggregator import articles, urls
from aggregator.model import Article, Debt, Found, Item, Kind, Outlet, Page, Source, Status, Visit
from aggregator.outlets import Directory
from aggregator.text import letters, ngrams

RETRIES = (timedelta(hours=1), timedelta(hours=6), timedelta(days=1))  # after one, two and three visits in vain
SECOND_LOOK = timedelta(days=1)  # between the two visits that find a link missing
POSTPONED = timedelta(hours=1)  # how long a page waits whose host is to be left alone
LONGEST = timedelta(days=32)  # no Retry-After postpones a visit beyond this

MAX_BYTES = 3_000_000  # of one page: a newspaper's has a tenth of that
MAX_SUMMARY = 2_000  # characters; what is longer is the article itself
MAX_TITLE = 500

_ALIKE = 0.3  # of the character pairs of the shorter of two headlines: less is another article


def asked(debt: Debt, source: Source) -> Source:
    """The page of an article as something to ask for, in the way in which its source is asked.

    Private addresses stay open only where the source itself is: a feed may link to anything.
    """
    return replace(
        source,
        url=debt.url,
        kind=Kind.PAGE,
        select=None,
        encoding=None,
        max_bytes=min(source.max_bytes, MAX_BYTES),
        allow_private=source.allow_private and urls.same_site(source.url, debt.url),
    )


def decide(page: Page, source: Source, names: Directory, now: datetime) -> Visit:
    """What is to be stored of a visit. `names` tells outlets by host and by name, `now` is the time of the visit."""
    debt, item = page.debt, page.item
    problem = _problem(page)
    status, note = problem or (page.status, page.note)
    tries = debt.tries + 1 if status.failed else 0
    links = _links(page)
    visit = Visit(debt=debt, status=status, note=note, tries=tries, due_at=None, links=links)
    if item is not None and not problem:
        visit = replace(visit, article=_completed(debt, item, source, names, now), canonical=_canonical(item, debt))
    return replace(visit, due_at=_due_at(visit, page, now))


def _problem(page: Page) -> tuple[Status, str] | None:
    """Why nothing is taken from a page that could be read; None where it may be."""
    if page.item is None:
        return None
    if not urls.same_site(page.url, page.debt.url):
        return Status.HTTP_ERROR, "the page leads to another site, from which nothing is taken"
    if not _is_about(page.item, page):
        return Status.EMPTY, "the page has another headline, or none: nothing is taken from it"
    return None


def _due_at(visit: Visit, page: Page, now: datetime) -> datetime | None:
    """When the page is visited again, if ever: after a failure, and to see whether a link is really missing."""
    waits = [SECOND_LOOK] if any(found is Found.MISSING for found, _ in visit.links.values()) else []
    forbidden = page.status is Status.BLOCKED and page.http_status is None  # robots.txt does, so nothing was asked for
    if visit.tries in range(1, len(RETRIES) + 1) and visit.status is not Status.GONE and not forbidden:
        waits += [RETRIES[visit.tries - 1], min(page.retry_after or timedelta(), LONGEST)]
    return now + max(waits) if waits else None


# --- what the page says of the article --------------------------------------------------------------------------------


def _is_about(item: Item, page: Page) -> bool:
    """Whether the page is the article's: it has its headline, or, where no source gave one, its address."""
    title = page.debt.title
    if not title:
        own = (urls.canonical(item.link or ""), urls.canonical(page.url))
        return bool(item.title) and page.debt.url in own
    one, other = _pairs(title), _pairs(item.title)
    return bool(one and other) and len(one & other) >= _ALIKE * min(len(one), len(other))


def _pairs(title: str) -> frozenset[str]:
    """The pairs of neighbouring letters of a headline, folded; of a single letter, that one."""
    return frozenset(ngrams(letters(title), 2))


def _completed(debt: Debt, item: Item, source: Source, names: Directory, now: datetime) -> Article:
    """The article as its sources gave it, with what they left out taken from its page."""
    whole = Item(
        title=debt.title or item.title[:MAX_TITLE],
        link=debt.url,
        summary=debt.summary or item.summary[:MAX_SUMMARY],
        author=item.author,
        language=item.language,
        outlet_text=item.outlet_text,
        dates=item.dates,
    )
    article = articles.derive(articles.presentable(whole), debt.url, source, _outlet(debt, item, names), now)
    printed = f"; the source printed {debt.published_text}" if debt.published_text else ""
    return replace(article, published_basis=f"page: {article.published_basis}{printed}")


def _outlet(debt: Debt, item: Item, names: Directory) -> Outlet | None:
    """The outlet that is known; else the one at home on that host; else the one that the page names.

    A page that names an outlet at home elsewhere is believed only where it is a portal's: anybody can write Reuters.
    """
    if debt.outlet:
        return names.outlets.get(debt.outlet)
    named = names.find(item.outlet_text) if item.outlet_text else None
    elsewhere = named is not None and named.homepage is not None and not urls.same_site(named.homepage, debt.url)
    return names.by_host(debt.url) or (None if elsewhere and not urls.is_portal(debt.url) else named)


def _canonical(item: Item, debt: Debt) -> str | None:
    """The other address, on the same site, that the page calls its own."""
    address = urls.canonical(item.link) if item.link else None
    return address if address and address != debt.url and urls.same_site(address, debt.url) else None


# --- links to pages of ours -------------------------------------------------------------------------------------------


def _links(page: Page) -> Mapping[str, tuple[Found, str]]:
    """What became of each link that somebody reported, by topic; nothing where the answer does not tell."""
    at_home = urls.same_site(page.url, page.debt.url)
    if page.http_status in (404, 410):
        return dict.fromkeys(page.debt.links, (Found.GONE, f"the page answered {page.http_status}"))
    if page.item is None or not at_home:
        return {}
    return {topic: _link(ours, before, page) for topic, (ours, before) in page.debt.links.items()}


def _link(ours: str, before: Found | None, page: Page) -> tuple[Found, str]:
    if ours in page.links:
        return Found.FOUND, "the page has it"
    if before is None:
        return Found.MISSING, "the page did not have it when it was visited; it is visited once more"
    return Found.GONE, "the page did not have it when it was visited twice"
