"""Story: articles about one event, across outlets and languages. Every link is scored and says why.

    "600 · China · North Korea · repatriation · 2 days"

The method is that of the Europe Media Monitor (Pouliquen et al., COLING 2004), for these four languages: what two
articles speak of is compared as concepts, whatever language names them, and the nearer in time they are, the less they
need to share. What tells events of one kind apart counts against: another place, another person, another number of the
same thing. An article joins the story whose articles it is like, taken together; one that is like none stays alone.
Precision comes first: a wrong merge costs a reader more than a missed one.

Another way of comparing is a `Method`: anything that makes profiles of articles and says how like two of them are.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from aggregator import concepts, zones
from aggregator.model import Clipping, Concept, Joining

WINDOW = timedelta(days=3)  # between two articles that are compared
SAME = 0.7  # the score from which two articles are about one event

_CLUES = 16  # concepts of an article by which others are found, the weightiest
_LIGHTEST = 0.8  # weight of a concept that leads to candidates
_REASONS = 5  # concepts that a reason names


class Likeness(NamedTuple):
    """How like two articles are: from SAME (0.5) to 1 they are about one event; the reason in words."""

    score: float
    reason: str


class Method(Protocol):
    """A way of telling whether articles are about one event. Its profiles are its own affair."""

    name: str

    def profile(self, clipping: Clipping) -> Any:
        """What the method needs of an article, made once."""

    def clues(self, profile: Any) -> Mapping[int, float]:
        """Numbers below 2**48 with weights: articles that share none are never compared."""

    def likeness(self, one: Any, other: Any) -> Likeness:
        """How like two articles are; symmetric."""


# --- by concepts ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Profile:
    """What an article speaks of, by key; `topics` are those of feeds.yaml that it mentions."""

    clipping: Clipping
    concepts: Mapping[str, Concept]
    language: str


class ByConcepts:
    """The method that comes with the program: shared concepts for, contradicting ones against."""

    name = "concepts"

    def __init__(self, lexicon: concepts.Lexicon, topics: Mapping[str, str]) -> None:
        """`topics` are the names of topics by id: what feeds.yaml watches is a concept too."""
        self._lexicon, self._topics = lexicon, topics

    def profile(self, clipping: Clipping) -> Profile:
        """What an article speaks of; its outlet's country counts where it names no other."""
        found = concepts.found(clipping.title, clipping.summary, clipping.language, self._lexicon)
        held = {one.key: one for one in found}
        for topic in clipping.topics:
            held[f"t:{topic}"] = Concept(f"t:{topic}", "topic", self._topics.get(topic, topic), _TOPIC)
        return Profile(clipping, held, clipping.language.partition("-")[0])

    def clues(self, profile: Profile) -> Mapping[int, float]:
        """The weightiest concepts but countries, in which every press abounds."""
        weighty = [one for one in profile.concepts.values() if one.kind != "country" and one.weight >= _LIGHTEST]
        weighty.sort(key=lambda one: (-one.weight, one.key))
        return {clue(one.key): one.weight for one in weighty[:_CLUES]}

    def likeness(self, one: Profile, other: Profile) -> Likeness:
        """How like two articles are by what they share and what contradicts it."""
        evidence = weigh(one, other)
        score = 1 / (1 + math.exp(-evidence.total))
        return Likeness(score, reason(evidence.shared, one.clipping, other.clipping))


_TOPIC = 1.0


@lru_cache(maxsize=65536)
def clue(key: str) -> int:
    """The number of a concept, below 2**48."""
    return int.from_bytes(hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=6).digest())


class Evidence(NamedTuple):
    """What speaks for and against two articles being about one event; over 0 it is more likely than not."""

    total: float
    shared: tuple[Concept, ...]
    features: Mapping[str, float]


ENTITIES = ("country", "place", "person", "organisation", "thing")
UNKNOWN = ("word", "name", "characters", "sound")


def weigh(one: Profile, other: Profile) -> Evidence:
    """The evidence on two articles."""
    keys = one.concepts.keys() & other.concepts.keys()
    shared = sorted((_lesser(one.concepts[key], other.concepts[key]) for key in keys), key=_heaviest_first)
    features = _features(one, other, shared)
    total = sum(_COEFFICIENTS.get(name, 0.0) * value for name, value in features.items()) + _INTERCEPT
    return Evidence(total, tuple(shared), features)


def _lesser(one: Concept, other: Concept) -> Concept:
    return one if one.weight <= other.weight else other


def _heaviest_first(concept: Concept) -> tuple[float, str]:
    return -concept.weight, concept.key


def _features(one: Profile, other: Profile, shared: Sequence[Concept]) -> dict[str, float]:
    features: dict[str, float] = {}
    kinds: set[str] = set()
    for concept in shared:
        if concept.kind in ENTITIES or concept.kind == "number":
            kinds.add(concept.kind)
        level = "" if concept.kind not in ("thing", "number") else " 1" if concept.weight < 1 else " 2" if concept.weight < 2 else " 3"
        name = f"shared {concept.kind}{level}"
        features[name] = features.get(name, 0.0) + (1.0 if level else concept.weight)
    features["kinds"] = len(kinds)
    for kind in ENTITIES:
        left, right = _only(one, other, kind), _only(other, one, kind)
        if left and right:
            features[f"differ {kind}"] = min(left, right)
            if kind not in kinds:
                features[f"nothing {kind}"] = 1.0
    features |= _numbers(one, other)
    features |= _answers(one, other)
    features["cosine"] = _cosine(one, other, shared, _KNOWN)
    if one.language == other.language:
        features["cosine of words"] = _cosine(one, other, shared, UNKNOWN)
        features["same language"] = 1.0
    features["days"] = min(3.0, abs((one.clipping.at - other.clipping.at).total_seconds()) / 86400)
    return features


_KNOWN = (*ENTITIES, "number", "topic")


def _cosine(one: Profile, other: Profile, shared: Sequence[Concept], kinds: Collection[str]) -> float:
    common = sum(concept.weight**2 for concept in shared if concept.kind in kinds)
    if not common:
        return 0.0
    norms = [sum(c.weight**2 for c in p.concepts.values() if c.kind in kinds) for p in (one, other)]
    return common / math.sqrt(norms[0] * norms[1])


def _only(one: Profile, other: Profile, kind: str) -> float:
    """The weight of concepts of a kind that only the first names, in its headline."""
    return sum(
        concept.weight
        for key, concept in one.concepts.items()
        if concept.kind == kind and concept.headline and key not in other.concepts
    )


def _numbers(one: Profile, other: Profile) -> dict[str, float]:
    """How far two articles give other numbers of the same thing."""
    found: dict[str, float] = {}
    for unit in ("percent", "magnitude", "degrees", "money", "people", "score", "age", ""):
        left, right = ({key for key, c in p.concepts.items() if c.kind == "number" and c.unit == unit and c.headline}
                       for p in (one, other))  # fmt: skip
        if left and right and not left & right:
            found[f"other {unit or 'number'}"] = 1.0
    return found


def _answers(one: Profile, other: Profile) -> dict[str, float]:
    """How often two articles give different answers to one question: up or down, hike or cut."""
    given = [_by_question(profile) for profile in (one, other)]
    against = sum(not given[0][question] & given[1][question] for question in given[0].keys() & given[1].keys())
    dates = [{key for key, c in p.concepts.items() if c.kind == "date"} for p in (one, other)]
    found = {"opposite": float(against)} if against else {}
    if all(dates):
        found["other date" if not dates[0] & dates[1] else "same date"] = 1.0
    return found


def _by_question(profile: Profile) -> dict[str, set[str]]:
    answers: dict[str, set[str]] = {}
    for concept in profile.concepts.values():
        question, _, answer = concept.unit.partition(":")
        if answer:
            answers.setdefault(question, set()).add(answer)
    return answers


_COEFFICIENTS = {
    "cosine": 6.48,
    "days": -2.80,
    "differ country": -3.57,
    "differ person": -0.63,
    "differ place": -0.17,
    "differ thing": -0.15,
    "kinds": 0.37,
    "nothing country": -0.58,
    "nothing person": -1.30,
    "nothing place": -0.83,
    "nothing thing": -0.96,
    "other date": -1.87,
    "other number": -0.62,
    "same date": 0.19,
    "same language": -0.56,
    "shared country": 0.27,
    "shared number 1": 0.35,
    "shared number 2": 0.99,
    "shared number 3": 2.63,
    "shared person": 0.21,
    "shared place": 0.44,
    "shared thing 1": 0.18,
    "shared thing 2": 0.43,
}
_INTERCEPT = -2.07


def reason(shared: Sequence[Concept], one: Clipping, other: Clipping) -> str:
    """The weightiest of what two articles share, and how far they are apart: `600 · China · repatriation · 2 days`."""
    names: list[str] = []
    for concept in shared:
        if concept.name.lower() not in map(str.lower, names):
            names.append(concept.name)
    return " · ".join((*names[:_REASONS], _apart(one, other)))


def _apart(one: Clipping, other: Clipping) -> str:
    hours = abs((one.at - other.at).total_seconds()) / 3600
    if hours < 24:
        return "same day" if hours >= 1 else "same hour"
    days = round(hours / 24)
    return f"{days} day{'s' * (days > 1)}"


# --- joining ----------------------------------------------------------------------------------------------------------

_TOGETHER = 0.45  # mean score of an article with those of a story: one that is like a single one of many joins no story
_MOST_COMPARED = 12  # articles of a story that one is compared with, the first and the last

Between = Callable[[int, int], Likeness]


def decide(
    clipping: Clipping, groups: Mapping[int, Sequence[int]], between: Between, ruled: Callable[[int], bool | None]
) -> Joining | None:
    """To which of `groups` an article belongs: None where it stays alone.

    `groups` are the articles of stories by their number, and single articles by minus theirs; `between` says how like two
    articles are, `ruled` what a person decided of the article and another one.
    """
    weighed = [one for key, articles in groups.items() if (one := _weighed(key, articles, clipping, between, ruled))]
    weighed.sort(key=lambda one: (-one.forced, -one.score, one.key))
    if not weighed:
        return None
    first = weighed[0]
    more = [
        one for one in weighed[1:] if one.key not in first.barred and _are_one(first, one, between, forced=one.forced)
    ]
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
    articles: tuple[int, ...]
    score: float
    reason: str
    forced: bool
    barred: frozenset[int] = frozenset()


def _weighed(
    key: int,
    articles: Sequence[int],
    clipping: Clipping,
    between: Between,
    ruled: Callable[[int], bool | None],
) -> _Group | None:
    """A story or a single article as one that may be joined; None where it may not."""
    rulings = {ruled(one) for one in articles}
    if False in rulings:
        return None
    compared = _some(articles)
    likenesses = [between(clipping.id, one) for one in compared]
    best = max(likenesses)
    mean = sum(one.score for one in likenesses) / len(likenesses)
    if True in rulings:
        return _Group(key, compared, 2.0, "by hand", forced=True)
    if best.score < SAME or mean < _TOGETHER:
        return None
    return _Group(key, compared, best.score + mean, best.reason, forced=False)


def _some(articles: Sequence[int]) -> tuple[int, ...]:
    half = _MOST_COMPARED // 2
    return tuple(articles) if len(articles) <= _MOST_COMPARED else (*articles[:half], *articles[-half:])


def _are_one(first: _Group, other: _Group, between: Between, *, forced: bool) -> bool:
    """Whether two groups that an article belongs to are one event: by their own likeness, taken together."""
    if forced:
        return True
    scores = [between(one, two).score for one in first.articles for two in other.articles]
    return sum(scores) / len(scores) >= _TOGETHER
