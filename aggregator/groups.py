"""What becomes of an article that is given again: whose it is, whose words count, which date, what was revised.

1. An article belongs to the outlet at home on its host, else to the one that had it first; a portal never has it.
2. Several sources give it, each in its own words. Those of the outlet's own sources count, feeds before pages: always
   the same ones, whichever came first. So does the finest date, then the earliest.
3. Revision: a source changes what it said itself. A change in white space or width only is none, nor is an old headline
   that comes back in a body that is not newer. One that says so is a correction.

All of it pure: what is already known is an argument.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

from aggregator import corrections, headlines, identity, urls, zones
from aggregator.model import (
    Article,
    Decision,
    Item,
    Kind,
    Known,
    Mention,
    Outlet,
    Precision,
    Revision,
    RevisionKind,
    Source,
)

_HEADLINE_WEIGHT = 20  # below that a headline proves nothing across outlets


def decide(
    article: Article,
    mentions: Sequence[Mention],
    known: Known | None,
    source: Source | None = None,
    rivals: Sequence[Source] = (),
) -> Decision:
    """What is to be stored of an article, where `known` is what is held of it.

    `source` gives it now, `rivals` gave it before; without these, the words that are there stay.
    """
    outlet = _owner(article, known)
    again = known if known and known.seen_title is None else None  # a source has it for the first time
    is_named = bool(known and not known.titled and article.item.title)
    dated = bool(known and (known.published_at is None or again) and _dates(article, known))
    return Decision(
        article=article,
        known=known,
        outlet=outlet,
        headline=headline_key(article.title),
        revisions=revised(article.item, known) if known else (),
        mentions=tuple(mentions),
        speaks=is_named or bool(again and source and _speaks(article, again, outlet, source, rivals)),
        sums_up=bool(again and source and _sums_up(article, again, outlet, source, rivals)),
        dated=dated,
        day=_day(article, known, outlet, dated=dated or known.published_at is None) if known else None,
    )


# --- whose it is ------------------------------------------------------------------------------------------------------


def _owner(article: Article, known: Known | None) -> Outlet | None:
    """Whose article it is: the outlet at home on that host, else the one that had it first."""
    if known is None or known.outlet is None:
        return article.outlet
    if article.outlet is None or _at_home(known.outlet, article.url) or not _at_home(article.outlet, article.url):
        return known.outlet
    return article.outlet


def _at_home(outlet: Outlet, url: str) -> bool:
    return outlet.homepage is not None and urls.same_site(outlet.homepage, url)


def together(known: Sequence[Known], said_of: int | None = None) -> Known | None:
    """What is held of articles that turn out to be one: the first, with what the source said of any of them.

    Best of the one that has the address at which it says something now: `said_of`.
    """
    if not known:
        return None
    in_turn = sorted(known, key=lambda one: one.id != said_of)
    said = next((one for one in in_turn if one.seen_title is not None), known[0])
    seen_by = tuple(dict.fromkeys(source for one in known for source in one.seen_by))
    return replace(
        known[0], seen_title=said.seen_title, seen_summary=said.seen_summary, seen_by=seen_by,
        titled=any(one.titled for one in known), summed_up_by=tuple(name for one in known for name in one.summed_up_by),
    )  # fmt: skip


def speaker(known: Sequence[Known], outlet: Outlet | None, sources: Mapping[str, Source]) -> int:
    """Of articles that turn out to be one, the number of that whose words stay: what was revised, then the best source.

    `sources` are those of feeds.yaml; one that is no longer in it has no say.
    """

    def rank(one: Known) -> tuple[bool, bool, list[tuple[bool, int, str]]]:
        given = sorted(_rank(sources[name], outlet) for name in one.seen_by if name in sources)
        return not one.titled, not any(field == "title" for field, _ in one.former), given or [(True, len(_KINDS), "")]

    return min(known, key=rank).id


# --- whose words, which date -----------------------------------------------------------------------------------------

_KINDS = (Kind.FEED, Kind.PAGE, Kind.SITEMAP, Kind.REFERENCES)


def _speaks(article: Article, known: Known, outlet: Outlet | None, source: Source, rivals: Iterable[Source]) -> bool:
    """Whether the words of a source that gives an article for the first time become those of the article."""
    if not article.item.title or any(field == "title" for field, _ in known.former):
        return False  # what was revised is newer than what one more source says
    return all(_rank(source, outlet) < _rank(rival, outlet) for rival in rivals)


def _sums_up(article: Article, known: Known, outlet: Outlet | None, source: Source, rivals: Iterable[Source]) -> bool:
    """Whether the summary of a source that gives an article for the first time becomes that of the article."""
    if not article.item.summary or any(field == "summary" for field, _ in known.former):
        return False
    rivals = [one for one in rivals if one.id in known.summed_up_by]
    return bool(rivals) and all(_rank(source, outlet) < _rank(rival, outlet) for rival in rivals)


def _rank(source: Source, outlet: Outlet | None) -> tuple[bool, int, str]:
    own = outlet is not None and source.outlet == outlet.id
    kind = _KINDS.index(Kind(source.kind)) if source.kind in _KINDS else len(_KINDS)
    return not own, kind, source.id


def _dates(article: Article, known: Known) -> bool:
    """Whether the date of a source that gives an article for the first time is better than the one that is held."""
    if article.published is None:
        return False
    held = (known.published_at, known.precision) if known.published_at and known.precision else None
    return identity.better_date((article.published.value, article.published.precision), held)


def _day(article: Article, known: Known, owner: Outlet | None, *, dated: bool) -> date | None:
    """The calendar day where the owner is; None where it was counted there, or was printed, or nobody can tell."""
    at = article.published.value if dated and article.published else known.published_at
    precision = article.published.precision if dated and article.published else known.precision
    counted_by = article.outlet if dated else known.outlet
    zone = zones.zone_of(owner.country) if owner else None
    if at is None or zone is None or precision is Precision.DAY or (counted_by and owner and counted_by.id == owner.id):
        return None
    return at.astimezone(ZoneInfo(zone)).date()


# --- revision ---------------------------------------------------------------------------------------------------------


def revised(item: Item, known: Known) -> tuple[Revision, ...]:
    """What the source changed since it last gave the article; nothing where it gives it for the first time."""
    said = {"title": known.seen_title, "summary": known.seen_summary}
    says = {"title": item.title, "summary": item.summary}
    return tuple(
        Revision(field=field, before=before, after=says[field], kind=_kind(before, says[field]))
        for field, before in said.items()
        if before and says[field] and _bare(before) != _bare(says[field])
    )


def says_nothing_new(item: Item, known: Known, *, newer: bool) -> bool:
    """Whether a source says what it said before, or only has old words again in a body that is not `newer`.

    A date or an author is something new where the article has none.
    """
    if known.published_at is None and item.dates and item.published_text != known.published_text:
        return False
    if item.author and not known.author:
        return False
    if (item.title, item.summary) == (known.seen_title, known.seen_summary):
        return True
    field, says = ("title", item.title) if item.title != known.seen_title else ("summary", item.summary)
    return (field, says) in known.former and known.seen_title is not None and not newer


def _bare(text: str) -> str:
    """A text without white space, and with every width made one: what differs beyond that was edited."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def _kind(before: str, after: str) -> RevisionKind:
    says_so_now = corrections.says_so(after) and not corrections.says_so(before)
    return RevisionKind.CORRECTION if says_so_now else RevisionKind.EDIT


# --- for citations ----------------------------------------------------------------------------------------------------


def headline_key(title: str) -> str:
    """The key under which a headline is found as others cite it; "" for one that is too short to prove anything."""
    key = headlines.core(title)
    return key if headlines.weight(key) >= _HEADLINE_WEIGHT else ""
