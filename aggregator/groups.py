"""What belongs together: same article, revision, copy. All of it pure: what is already known is an argument.

1. Same article: one canonical URL is one article. Sources may call it by other titles; that is a sighting, no revision.
2. Revision: a source changes what it said itself. A change in white space or width only is none. One that says so is
   a correction.
3. Copy: another outlet prints the same headline within days, tags, credits and punctuation aside. Numbers are part of
   the headline, so that daily templates (weather, market closings) are no copies. Short headlines prove nothing.
   The one published first, then seen first, is the original, and every copy points to it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from aggregator import corrections, headlines, urls
from aggregator.model import Article, Copy, Decision, Known, Mention, Outlet, Revision, RevisionKind

COPY_WINDOW = timedelta(days=3)
_COPY_WEIGHT = 20  # a Latin letter weighs 1, any other 2: ten Chinese characters, or four English words


def decide(article: Article, mentions: Sequence[Mention], known: Known | None) -> Decision:
    """What is to be stored of an article, where `known` is what is held of its URL."""
    return Decision(
        article=article,
        known=known,
        outlet=_owner(article, known),
        headline=headline_key(article.title),
        revisions=_revisions(article, known) if known else (),
        mentions=tuple(mentions),
    )


# --- same article -----------------------------------------------------------------------------------------------------


def _owner(article: Article, known: Known | None) -> Outlet | None:
    """Whose article it is: the outlet at home on that host, else the one that had it first."""
    if known is None or known.outlet is None:
        return article.outlet
    if article.outlet is None or _at_home(known.outlet, article.url) or not _at_home(article.outlet, article.url):
        return known.outlet
    return article.outlet


def _at_home(outlet: Outlet, url: str) -> bool:
    return outlet.homepage is not None and urls.same_site(outlet.homepage, url)


# --- revision ---------------------------------------------------------------------------------------------------------


def _revisions(article: Article, known: Known) -> tuple[Revision, ...]:
    """What the source changed since it last gave the article; nothing where it gives it for the first time."""
    said = {"title": known.seen_title, "summary": known.seen_summary}
    says = {"title": article.item.title, "summary": article.item.summary}
    return tuple(
        Revision(field=field, before=before, after=says[field], kind=_kind(before, says[field]))
        for field, before in said.items()
        if before and says[field] and _bare(before) != _bare(says[field])
    )


def _bare(text: str) -> str:
    """A text without white space, and with every width made one: what differs beyond that was edited."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def _kind(before: str, after: str) -> RevisionKind:
    says_so_now = corrections.says_so(after) and not corrections.says_so(before)
    return RevisionKind.CORRECTION if says_so_now else RevisionKind.EDIT


# --- copy -------------------------------------------------------------------------------------------------------------


def headline_key(title: str) -> str:
    """The key under which the copies of a headline meet; "" for a headline that is too short to prove anything."""
    key = headlines.core(title)
    weight = sum(1 if char.isascii() else 2 for char in key)
    return key if weight >= _COPY_WEIGHT else ""


def copies(cluster: Iterable[Known]) -> tuple[Copy, ...]:
    """Who copied whom among articles of one headline: one Copy for each article, originals included."""
    decided: list[Copy] = []
    originals: list[Known] = []
    for one in sorted(cluster, key=lambda known: (_when(known), known.first_seen_at, known.id)):
        original = next((first for first in reversed(originals) if _is_copy(one, first)), None)
        if original is None:
            originals.append(one)
            decided.append(Copy(article=one.id, original=None, reason=None))
        else:
            decided.append(Copy(article=one.id, original=original.id, reason=_reason(one, original)))
    return tuple(decided)


def _when(known: Known) -> datetime:
    return known.published_at or known.first_seen_at


def _publisher(known: Known) -> str:
    return known.outlet.id if known.outlet else urls.host(known.url)


def _is_copy(one: Known, original: Known) -> bool:
    return _when(one) - _when(original) <= COPY_WINDOW and _publisher(one) != _publisher(original)


def _reason(one: Known, original: Known) -> str:
    whose = original.outlet.name if original.outlet else urls.host(original.url)
    minutes = int((_when(one) - _when(original)).total_seconds() // 60)
    lag = f"{minutes} minutes" if minutes < 120 else f"{minutes // 60} hours"
    return f"same headline as {whose}, {lag} later"
