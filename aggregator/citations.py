"""Which article a line of a reference list means: by its URL, else by outlet, day and headline. Precision comes first.

1. The URL of the list, in canonical form, is one of the article, unless outlet, day or headline plainly say otherwise.
2. Else the outlet must be the same one, or an edition of it; the day the same or the one beside it, since lists count
   days elsewhere; the headline the same, or almost, with the same numbers. It may be one that the article had before.
3. A line without an outlet needs the whole headline, long enough to be no coincidence.
4. Two articles that fit equally well are none, unless one text is behind both: then it is the original.
5. A headline that its outlet prints again and again (weather, market closings) is only its article of the very day.

A wrong article is worse than none, so whatever else is found becomes the reason why the line stays open. Everything is
pure: the candidates are an argument, and `lookup` says which ones are needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from aggregator import groups, headlines, urls
from aggregator import text as texts
from aggregator.model import Candidate, Citation, CitationState, Lookup, Outlet, Resolution
from aggregator.outlets import Directory

DAY_SLACK = timedelta(days=1)
_LONG = 20  # a Latin letter weighs 1, any other 2: ten Chinese characters, or four English words
_LETTERS_A_DIFFERENCE = 15  # one letter may differ in every fifteen …
_MOST_DIFFERENCES = 3  # … but never more than these
_SHARED_AT_LEAST = 1 / 3  # of the pairs of letters; with fewer, a headline is plainly another one

# What an outlet's id ends in where it is an edition of the outlet whose id stands before: bbc-japanese, joongang-ja.
EDITIONS = ("chinese", "cn", "en", "english", "hk", "ja", "japanese", "jp", "ko", "korean", "kr", "tw", "zh")


def whose(name: str | None, names: Directory) -> Outlet | None:
    """The outlet that a list calls by this name; an edition in brackets behind it may be unknown."""
    if not name:
        return None
    head = names.prefix(name)
    return names.find(name) or (head[0] if head else None)


def lookup(citation: Citation) -> Lookup:
    """Where the candidates of a citation are to be looked for."""
    return Lookup(
        url=urls.canonical(citation.url) if citation.url else None,
        key=groups.headline_key(citation.headline),
        outlets=_editions(citation.outlet.id) if citation.outlet else (),
        day=citation.date,
        slack=DAY_SLACK,
    )


def _editions(outlet: str) -> tuple[str, ...]:
    """The ids of an outlet, of its editions, and of the outlet that it is an edition of."""
    base, _, edition = outlet.rpartition("-")
    above = (base,) if base and edition in EDITIONS else ()
    return (outlet, *above, *(f"{outlet}-{name}" for name in EDITIONS))


def resolve(citation: Citation, candidates: Iterable[Candidate]) -> Resolution:
    """What a citation is, given the articles that its `lookup` finds."""
    given = tuple(candidates)
    address = urls.canonical(citation.url) if citation.url else None
    if at_url := next((one for one in given if address in (one.url, *one.addresses)), None):
        return _by_url(citation, at_url)
    fits = [fit for one in given if (fit := _fit(citation, one))]
    best = _best([fit for fit in fits if _holds(fit)])
    if best:
        return _chosen(citation, best, fits)
    return _off_by_days(citation, fits) or _open(citation, _why_open(citation, given))


def _open(citation: Citation, reason: str) -> Resolution:
    return Resolution(citation=citation.id, state=CitationState.UNRESOLVED, article=None, reason=reason)


def _resolved(citation: Citation, article: int, reason: str) -> Resolution:
    return Resolution(citation=citation.id, state=CitationState.RESOLVED, article=article, reason=reason)


def _contradicted(citation: Citation, article: int, reason: str) -> Resolution:
    return Resolution(citation=citation.id, state=CitationState.CONTRADICTED, article=article, reason=reason)


# --- by its URL -------------------------------------------------------------------------------------------------------


def _by_url(citation: Citation, article: Candidate) -> Resolution:
    against = list(_contradictions(citation, article))
    if against:
        return _contradicted(citation, article.id, f"the list gives its URL, but {', and '.join(against)}")
    return _resolved(citation, article.id, "the list gives its URL")


def _contradictions(citation: Citation, article: Candidate) -> Iterable[str]:
    """What plainly speaks against the article that a URL led to."""
    listed = citation.outlet
    if listed and article.outlet and _relation(listed, article.outlet) is None:
        yield f"the article is by {article.outlet.name}, not by {listed.name}"
    days = _days(citation, article)
    if days is not None and abs(days) > DAY_SLACK.days:
        yield f"the article is of {article.date}, {_lag(days)}"
    if all(_is_another(citation.headline, headline) for headline in article.headlines):
        yield f"its headline is another one: {article.headlines[0]}"


def _is_another(one: str, other: str) -> bool:
    """Whether two headlines share so little that one cannot be the other rewritten."""
    first, second = (set(texts.ngrams(_form(title).full, 2)) for title in (one, other))
    shorter = min(len(first), len(second))
    return _likeness(one, other) is None and len(first & second) < shorter * _SHARED_AT_LEAST


# --- by outlet, day and headline --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Fit:
    """How an article answers a citation. Less is better; `days` is None where the article has no date."""

    relation: int  # of the outlets: an index of _RELATIONS
    likeness: _Likeness
    days: int | None
    article: Candidate
    former: bool  # the headline is one that the article had before

    @property
    def rank(self) -> tuple[int, _Likeness, int]:
        return self.relation, self.likeness, 2 if self.days is None else abs(self.days)


_SAME, _EDITION, _SILENT = range(3)
_RELATIONS = ("same outlet", "an edition of the outlet", "no outlet in the list")


def _fit(citation: Citation, article: Candidate) -> _Fit | None:
    """The article as an answer, where outlet and headline allow it, whatever the day."""
    relation = _relation(citation.outlet, article.outlet)
    found = [(like, place) for place, title in enumerate(article.headlines)
             if (like := _likeness(citation.headline, title))]  # fmt: skip
    if relation is None or not found:
        return None
    likeness, place = min(found)
    return _Fit(relation, likeness, _days(citation, article), article, former=place > 0)


def _relation(listed: Outlet | None, outlet: Outlet | None) -> int | None:
    if listed is None:
        return _SILENT
    if outlet is None:
        return None
    if listed.id == outlet.id:
        return _SAME
    return _EDITION if outlet.id in _editions(listed.id) else None


def _holds(fit: _Fit) -> bool:
    """Whether a fit is good enough to be the article, if none is better."""
    exact, likeness = fit.relation == _SAME, fit.likeness
    if fit.days is None:
        return exact and likeness.same and likeness.long
    if abs(fit.days) > DAY_SLACK.days:
        return False
    if not likeness.long:
        return likeness.same and fit.days == 0 and fit.relation != _SILENT
    return likeness.same or exact


def _best(fits: Sequence[_Fit]) -> list[_Fit]:
    """The fits that no other one beats."""
    best = min((fit.rank for fit in fits), default=None)
    return [fit for fit in fits if fit.rank == best]


def _chosen(citation: Citation, best: Sequence[_Fit], fits: Sequence[_Fit]) -> Resolution:
    first = best[0]
    if first.days != 0 and sum(fit.article.outlet == first.article.outlet and fit.likeness.same for fit in fits) > 1:
        return _open(citation, f"{_publisher(first.article)} prints this headline again and again, but not on that day")
    if len(best) == 1:
        return _resolved(citation, first.article.id, _ground(first))
    texts_behind = {fit.article.original or fit.article.id for fit in best}
    if len(texts_behind) == 1:
        return _resolved(citation, texts_behind.pop(), f"{_ground(first)}; the original of {len(best)} with one text")
    named = ", ".join(sorted(f"{_publisher(fit.article)} (article {fit.article.id})" for fit in best))
    return _open(citation, f"{len(best)} articles fit equally well: {named}")


def _ground(fit: _Fit) -> str:
    relation = _RELATIONS[fit.relation]
    if fit.relation == _EDITION:
        relation = f"{relation} ({_publisher(fit.article)})"
    if fit.relation == _SILENT:
        return f"{relation}; {_how(fit)}, {_when(fit.days)}"
    return f"{relation}, {_when(fit.days)}, {_how(fit)}"


def _how(fit: _Fit) -> str:
    former = " as it was before" if fit.former else ""
    if fit.likeness.same:
        return f"same headline{former}"
    differences = fit.likeness.rank - _CUT_SHORT
    if differences == 0:
        return f"headline{former} cut short"
    return f"headline{former} differs by {differences} character{'s' * (differences > 1)}"


def _when(days: int | None) -> str:
    if days is None:
        return "an article without a date"
    return {0: "same day", 1: "one day later", -1: "one day earlier"}[days]


def _off_by_days(citation: Citation, fits: Sequence[_Fit]) -> Resolution | None:
    """The one article of that outlet with that headline, where nothing but the day speaks against it."""
    same = [fit for fit in fits if fit.relation == _SAME and fit.likeness.same and fit.likeness.long]
    if len(same) != 1 or same[0].days is None:
        return None
    article = same[0].article
    reason = f"{_RELATIONS[_SAME]}, same headline, but the article is of {article.date}, {_lag(same[0].days)}"
    return _contradicted(citation, article.id, reason)


def _why_open(citation: Citation, candidates: Sequence[Candidate]) -> str:
    key = groups.headline_key(citation.headline)
    if citation.outlet is None:
        who = f"{citation.outlet_text} is no known outlet" if citation.outlet_text else _RELATIONS[_SILENT]
        nothing = "no article around that day has this headline" if key else "the headline is too short to be sure of"
        return f"{who}, and {nothing}"
    strangers = [one for one in candidates if _relation(citation.outlet, one.outlet) is None]
    others = {_publisher(one) for one in strangers if key and key in map(groups.headline_key, one.headlines)}
    if others:
        return f"the same headline is there, but by {', '.join(sorted(others))}"
    return f"no article by {citation.outlet.name} around that day has this headline"


def _publisher(article: Candidate) -> str:
    return article.outlet.name if article.outlet else urls.host(article.url)


def _days(citation: Citation, article: Candidate) -> int | None:
    return (article.date - citation.date).days if article.date else None


def _lag(days: int) -> str:
    return f"{abs(days)} days {'later' if days > 0 else 'earlier'}"


def days_around(days: Iterable[date]) -> tuple[date, ...]:
    """The days on which a list may put articles of these days."""
    return tuple(sorted({day + step for day in days for step in (-DAY_SLACK, timedelta(), DAY_SLACK)}))


# --- headlines --------------------------------------------------------------------------------------------------------

_DIGITS = re.compile(r"\d+")
_DECIMAL = re.compile(r"\d+\.\d+")
_ELLIPSES = ("\u2026", "...")
_CUT_SHORT = 1  # the rank of a headline that is the beginning of another; each letter that differs adds one


@dataclass(frozen=True, slots=True)
class _Form:
    """A headline for comparing: all its letters and digits, those of its core, and those behind the core."""

    full: str
    core: str
    tail: str
    decimals: tuple[str, ...]
    cut: bool


@dataclass(frozen=True, slots=True, order=True)
class _Likeness:
    """How like two headlines are: 0 is the same, `tagged` where one of them has a tag or a tail more.

    Only where they are `long`, that is no coincidence.
    """

    rank: int
    tagged: bool
    long: bool

    @property
    def same(self) -> bool:
        return self.rank == 0


@lru_cache(maxsize=16384)
def _form(title: str) -> _Form:
    folded, core = texts.fold(title), headlines.core(title)
    full = "".join(char for char in folded if char.isalnum())
    decimals = tuple(_DECIMAL.findall(folded))
    return _Form(full, core, full[full.rfind(core) + len(core) :], decimals, title.rstrip().endswith(_ELLIPSES))


def _likeness(one: str, other: str) -> _Likeness | None:
    """How like two headlines are; None where they are not.

    They may differ in a tag, and in a tail that only one of them has: of two tails each may be the point.
    """
    first, second = _form(one), _form(other)
    if first.decimals != second.decimals:
        return None
    ranks = [(rank, False) for rank in _rank(first.full, second.full, first.cut, second.cut)]
    bare = first.core == first.full and second.core == second.full
    if not bare and not (first.tail and second.tail) and _is_long(first.core) and _is_long(second.core):
        ranks += [(rank, True) for rank in _rank(first.core, second.core, first.cut, second.cut)]
    if not ranks:
        return None
    rank, tagged = min(ranks)
    return _Likeness(rank, tagged, tagged or _is_long(min(first.full, second.full, key=len)))


def _rank(one: str, other: str, one_cut: bool, other_cut: bool) -> Iterator[int]:
    """The rank of a likeness; nothing where there is none."""
    if one == other:
        yield from (0,) if one else ()
    elif (one_cut and _begins(other, one)) or (other_cut and _begins(one, other)):
        yield _CUT_SHORT
    elif _DIGITS.findall(one) == _DIGITS.findall(other):
        letters = len(_DIGITS.sub("", min(one, other, key=len)))  # of daily templates, most is the date
        differences = _differences(one, other, min(letters // _LETTERS_A_DIFFERENCE, _MOST_DIFFERENCES))
        if differences is not None:
            yield _CUT_SHORT + differences


def _begins(whole: str, beginning: str) -> bool:
    return _is_long(beginning) and whole.startswith(beginning)


def _is_long(letters: str) -> bool:
    return sum(1 if char.isascii() else 2 for char in letters) >= _LONG


def _differences(one: str, other: str, most: int) -> int | None:
    """Letters to add, take away or change to make one text the other (Levenshtein); None where they are over `most`."""
    if abs(len(one) - len(other)) > most or len({*one} ^ {*other}) > 2 * most:
        return None  # most headlines are told apart by their letters alone
    above = list(range(len(other) + 1))
    for row, char in enumerate(one, start=1):
        here = [row, *[most + 1] * len(other)]
        for column in range(max(1, row - most), min(len(other), row + most) + 1):  # beyond, no way leads back
            changed = above[column - 1] + (char != other[column - 1])
            here[column] = min(changed, above[column] + 1, here[column - 1] + 1)
        if min(here) > most:
            return None
        above = here
    return above[-1] if above[-1] <= most else None
