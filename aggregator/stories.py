"""Story: articles about one event, across outlets and languages. Every link is scored and says why.

    "600 · China · North Korea · repatriation · 2 days"

How like two articles are, a `Method` says: anything that makes profiles of articles and compares two of them, such as
the one that comes with the program (evidence.py). An article joins the story whose articles it is like, taken together;
one that is like none stays alone. Precision comes first: a wrong merge costs a reader more than a missed one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from typing import Any, NamedTuple, Protocol, runtime_checkable

from aggregator.identity import BY_HAND
from aggregator.model import Clipping, Joining

WINDOW = timedelta(days=3)  # between two articles that are compared
SAME = 0.7  # the score from which two articles are about one event

_TOGETHER = 0.5  # mean score of an article with those of a story: being like one of many is not enough
_MOST_COMPARED = 12  # articles of a story that one is compared with, the first and the last


class Likeness(NamedTuple):
    """How like two articles are: from SAME (0.7) to 1 they are about one event; the reason in words."""

    score: float
    reason: str


class Method(Protocol):
    """A way of telling whether articles are about one event. Its profiles are its own affair."""

    name: str

    def profile(self, clipping: Clipping) -> Any:
        """What the method needs of an article, made once."""

    def clues(self, profile: Any) -> Mapping[int, float]:
        """Numbers below 2**48 with weights: articles are compared that share two of them, or one that weighs 1.3."""

    def likeness(self, one: Any, other: Any, common: Mapping[int, int], /) -> Likeness:
        """How like two articles are; `common` is how many articles of these days have a clue, as far as it is known."""


@runtime_checkable
class Packs(Protocol):
    """A method whose profiles are kept in the database, since they take long to make."""

    @property
    def edition(self) -> str:
        """What the profiles come from; where it is another, they are made anew."""

    def pack(self, profile: Any) -> bytes:
        """A profile for keeping, some hundred bytes."""

    def unpack(self, packed: bytes, clipping: Clipping) -> Any:
        """The profile again."""


# --- joining ----------------------------------------------------------------------------------------------------------

Between = Callable[[int, int], Likeness]
Ruled = Callable[[int, int], bool | None]


def decide(clipping: Clipping, groups: Mapping[int, Sequence[int]], between: Between, ruled: Ruled) -> Joining | None:
    """To which of `groups` an article belongs: None where it stays alone.

    `groups` are the articles of stories by their number, and single articles by minus theirs; `between` says how like
    two articles are, `ruled` what a person decided of two.
    """
    weighed = [one for group in groups.items() if (one := _weighed(group, clipping, between, ruled))]
    weighed.sort(key=lambda one: (-one.forced, -one.score))
    if not weighed:
        return None
    first = weighed[0]
    more = [one for one in weighed[1:] if _are_one(first, one, between, ruled)]
    numbers = sorted(one.key for one in (first, *more) if one.key > 0)
    singles = tuple(-one.key for one in (first, *more) if one.key < 0)
    return Joining(
        reason=first.reason,
        story=numbers[0] if numbers else None,
        partners=singles,
        merged=tuple(numbers[1:]),
    )


@dataclass(frozen=True, slots=True)
class _Group:
    key: int
    articles: Sequence[int]
    score: float
    reason: str
    forced: bool


def _weighed(group: tuple[int, Sequence[int]], clipping: Clipping, between: Between, ruled: Ruled) -> _Group | None:
    """A story or a single article as one that may be joined; None where it may not."""
    key, articles = group
    rulings = {ruled(clipping.id, one) for one in articles}
    if False in rulings:
        return None
    if True in rulings:
        return _Group(key, articles, 2.0, BY_HAND, forced=True)
    likenesses = [between(clipping.id, one) for one in _some(articles)]
    best = max(likenesses)
    mean = sum(one.score for one in likenesses) / len(likenesses)
    if best.score < SAME or mean < _TOGETHER:
        return None
    return _Group(key, articles, best.score + mean, best.reason, forced=False)


def _some(articles: Sequence[int]) -> tuple[int, ...]:
    half = _MOST_COMPARED // 2
    return tuple(articles) if len(articles) <= _MOST_COMPARED else (*articles[:half], *articles[-half:])


def _are_one(first: _Group, other: _Group, between: Between, ruled: Ruled) -> bool:
    """Whether two groups that an article belongs to are one event: by their own likeness, taken together."""
    if any(ruled(*pair) is False for pair in product(first.articles, other.articles)):
        return False
    pairs = list(product(_some(first.articles), _some(other.articles)))
    return other.forced or sum(between(*pair).score for pair in pairs) / len(pairs) >= _TOGETHER
