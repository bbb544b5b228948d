"""What speaks for and against two articles being about one event: the method that comes with the program.

It is that of the Europe Media Monitor (Pouliquen et al., COLING 2004), for these four languages: what two articles
speak of is compared as concepts, whatever language names them, and the nearer in time they are, the less they need to
share. What tells events of one kind apart counts against: another place, another person, another number of the same
thing.
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from sys import intern
from typing import Any

from aggregator import concepts
from aggregator.model import Clipping, Concept, Precision
from aggregator.stories import SAME, Likeness
from aggregator.text import fingerprint

_CLUES = 16  # concepts of an article by which others are found, the weightiest
_LIGHTEST = 0.8  # weight of a concept that leads to candidates
_REASONS = 5  # concepts that a reason names, and …
_TOLD = 0.4  # … the weight of the lightest among them


@dataclass(frozen=True, slots=True)
class Profile:
    """What an article speaks of: concepts by key, and what comparing asks of them again and again; and when it was.

    Words that no table knows, of which there are many, are not among the `concepts` but `words`: weights by key.
    `named` is what the headline names, by kind: weights by key. `given` are the keys of numbers by unit, those of dates
    from the summary too. `lengths` are the squares of the lengths of the vectors of concepts and of words.
    """

    at: datetime
    precision: Precision | None
    language: str
    concepts: Mapping[str, Concept]
    words: Mapping[str, float]
    named: Mapping[str, Mapping[str, float]]
    given: Mapping[str, frozenset[str]]
    lengths: tuple[float, float]


def profile_of(clipping: Clipping, found: Iterable[Concept]) -> Profile:
    """The profile of an article that speaks of these concepts."""
    held: dict[str, Concept] = {}
    words: dict[str, float] = {}
    for one in found:
        if one.kind == "word":
            words[intern(one.key)] = one.weight  # which many articles have
        else:
            held[one.key] = one
    lengths = (one.weight**2 for one in held.values() if one.kind in _COMPARED), (one**2 for one in words.values())
    return _profile(clipping, held, words, (sum(lengths[0]), sum(lengths[1])))


def _profile(
    clipping: Clipping, held: Mapping[str, Concept], words: Mapping[str, float], lengths: tuple[float, float]
) -> Profile:
    named: dict[str, dict[str, float]] = {}
    given: dict[str, set[str]] = {}
    for one in held.values():
        if one.headline and one.kind in _ENTITIES:
            named.setdefault(one.kind, {})[one.key] = one.weight
        if one.kind == "date" or (one.kind == "number" and one.headline):
            given.setdefault(_unit(one), set()).add(one.key)
    return Profile(
        at=clipping.at,
        precision=clipping.precision,
        language=clipping.language.partition("-")[0],
        concepts=held,
        words=words,
        named=named,
        given={unit: frozenset(keys) for unit, keys in given.items()},
        lengths=lengths,
    )


@lru_cache(maxsize=2048)
def _concept(*fields: Any) -> Concept:
    """A concept that was kept: the same one for all articles that have it."""
    return Concept(*fields)


class ByConcepts:
    """The method that comes with the program: shared concepts for, contradicting ones against."""

    name = "concepts"

    def __init__(self, lexicon: concepts.Lexicon, topics: Mapping[str, str]) -> None:
        """`topics` are the names of topics by id: what feeds.yaml watches is a concept too."""
        self._lexicon, self._topics = lexicon, topics

    def profile(self, clipping: Clipping) -> Profile:
        """What an article speaks of, and the topics that it mentions."""
        found = concepts.found(clipping.title, clipping.summary, clipping.language, self._lexicon)
        topics = (Concept(f"t:{topic}", "topic", self._topics.get(topic, topic), _TOPIC) for topic in clipping.topics)
        return profile_of(clipping, (*found, *topics))

    @property
    def edition(self) -> str:
        """The names that are known."""
        return f"{self._lexicon.edition} {sorted(self._topics.items())}"

    def pack(self, profile: Profile) -> bytes:
        """All that cannot be told from the rest as JSON, compressed."""
        words: dict[float, list[str]] = {}
        for key, weight in profile.words.items():
            words.setdefault(weight, []).append(key)
        held = [list(profile.concepts.values()), list(words.items()), profile.lengths]
        return zlib.compress(json.dumps(held, ensure_ascii=False).encode(), 1)

    def unpack(self, packed: bytes, clipping: Clipping) -> Profile:
        """The profile of an article that spoke of these concepts."""
        held, words, lengths = json.loads(zlib.decompress(packed))
        found = {fields[0]: _concept(*fields) for fields in held}
        weights = {key: weight for weight, keys in words for key in map(intern, keys)}
        return _profile(clipping, found, weights, tuple(lengths))

    def clues(self, profile: Profile) -> Mapping[int, float]:
        """The weightiest concepts but countries, in which every press abounds."""
        told = [one for one in profile.concepts.values() if one.kind != "country"]
        weights = {one.key: one.weight for one in told} | dict(profile.words)
        weighty = sorted((-weight, key) for key, weight in weights.items() if weight >= _LIGHTEST)
        return {_number(key): -weight for weight, key in weighty[:_CLUES]}

    def likeness(self, one: Profile, other: Profile, common: Mapping[int, int]) -> Likeness:
        """How like two articles are, by what they share and what contradicts it."""
        shared = shared_by(one, other, common)
        across = one.language != other.language
        if (not across and _is_thin(shared)) or _are_other_parties(one, other):
            return Likeness(0.0, "")
        total = sum(
            WEIGHTS[name][not across] * value for name, value in between(one, other, shared).items() if name in WEIGHTS
        )
        score = 1 / (1 + math.exp(-total))
        if across and _is_thin_across(shared):
            score = min(score, _THIN)
        return Likeness(score, reason(shared, one, other) if score >= SAME else "")


_TOPIC = 1.0
_number = lru_cache(maxsize=4096)(fingerprint)  # of what many articles speak of


def _is_thin(shared: Sequence[Concept]) -> bool:
    """Whether two articles of one language share too little to be compared: they would share words besides."""
    return len(_telling(shared)) < _LEAST


def _are_other_parties(one: Profile, other: Profile) -> bool:
    """Whether headlines of matches, talks or wars name two countries each, and none of them both."""
    first, second = one.named.get("country", {}).keys(), other.named.get("country", {}).keys()
    return len(first) > 1 and len(second) > 1 and not first & second


def _is_thin_across(shared: Sequence[Concept]) -> bool:
    """Whether articles of two languages share too little to begin a story: a place, or one thing that is often news.

    It may still speak for a story that has more.
    """
    told = _telling(shared)
    return not told or (len(told) == 1 and (told[0].kind in ("place", "number") or told[0].weight < _RARE))


def _telling(shared: Sequence[Concept]) -> list[Concept]:
    return [one for one in shared if one.kind not in ("country", "topic") and one.weight >= _TOLD]


def shared_by(one: Profile, other: Profile, common: Mapping[int, int]) -> list[Concept]:
    """What two articles share, in the order of the one that speaks of less."""
    few, many = sorted((one.concepts, other.concepts), key=len)
    told = [_lesser(few[key], many[key]) for key in few if key in many]
    fewer, more = sorted((one.words, other.words), key=len)
    told += [Concept(key, "word", key[len("w:") :], min(fewer[key], more[key])) for key in fewer if key in more]
    if max(common.values(), default=0) > _COMMON:
        told = [_damped(concept, common) for concept in told]
    return told


def _damped(concept: Concept, common: Mapping[int, int]) -> Concept:
    """A concept that says less, since everybody speaks of it in these days."""
    count = common.get(_number(concept.key), 0)
    return concept if count <= _COMMON else concept._replace(weight=concept.weight * math.sqrt(_COMMON / count))


_LEAST = 3  # concepts and words that two articles of one language share at least
_RARE = 2.0  # weight of a single concept that is enough across languages
_THIN = SAME - 0.01
_COMMON = 25  # articles around that share a concept without making it say less


def _lesser(one: Concept, other: Concept) -> Concept:
    return one if one.weight <= other.weight else other


def _heaviest_first(concept: Concept) -> tuple[float, str]:
    return -concept.weight, concept.key


# How much each kind of evidence weighs, between articles of two languages and between those of one: logistic regression
# over the pairs of articles in tests/grouping/tuning-*.tsv (benchmarks/fit_stories.py), what is for held to be positive
# and what is against to be negative; for one language, also over six hundred pairs of a real press, judged by hand.
# "…, else alike" is the same times the cosine: a template filled in anew shares everything but what matters.
WEIGHTS = {
    "always": (-3.42, -3.19),
    "cosine": (11.60, 7.90),
    "cosine of words": (0.00, 0.64),
    "days": (-2.50, -2.39),
    "days, else alike": (-8.38, -2.59),
    "differ country": (0.00, -0.20),
    "differ country, else alike": (-6.34, -3.88),
    "differ organisation": (-0.52, -0.31),
    "differ person": (-0.42, -0.30),
    "differ person, else alike": (-1.53, -1.54),
    "differ thing": (-0.14, -0.15),
    "kinds": (0.08, 0.00),
    "nothing country": (0.00, -0.24),
    "nothing country, else alike": (0.00, -2.43),
    "nothing organisation": (0.00, -0.57),
    "nothing person, else alike": (0.00, -6.72),
    "nothing place, else alike": (-4.52, -6.36),
    "nothing thing": (-1.08, -0.34),
    "other age": (0.00, -2.39),
    "other age, else alike": (0.00, -1.12),
    "other date": (-0.67, -1.46),
    "other date, else alike": (-2.78, -1.45),
    "other measure": (0.00, -1.44),
    "other measure, else alike": (-1.97, -0.39),
    "shared country": (1.19, 0.80),
    "shared name": (1.43, 0.00),
    "shared number 1": (0.00, 0.11),
    "shared number 2": (0.00, 0.71),
    "shared number 3": (2.03, 0.67),
    "shared organisation": (0.74, 0.46),
    "shared place": (0.55, 0.43),
    "shared thing 1": (0.04, 0.11),
    "shared thing 2": (0.79, 0.05),
    "shared word": (2.25, 0.04),
}

_ENTITIES = ("country", "place", "person", "organisation", "thing")
_COMPARED = frozenset({*_ENTITIES, "number", "topic"})
_KINDS = frozenset({*_ENTITIES, "number"})
_MEASURES = ("percent", "magnitude", "degrees", "money", "score")
_AGAINST = ("differ ", "nothing ", "other ", "days")


def between(one: Profile, other: Profile, shared: Sequence[Concept]) -> dict[str, float]:
    """What speaks for and against two articles being about one event, by the names in WEIGHTS.

    always: 1
    shared KIND: the weight of what both name; of numbers and things, how many of each level (1 to 3)
    kinds: of how many kinds that is
    differ KIND: what each headline names and the other article does not, the lesser of the two
    nothing KIND: 1 where both headlines name something of a kind, and the articles share nothing of it
    other UNIT: 1 where both headlines give a number of a unit, and not the same; for dates, in the whole article
    cosine: of the two articles as vectors of concepts, from 0 to 1; of words, as vectors of words that no table knows
    days: between the two, at most 1; less where they share a number that is no coincidence
    """
    across = one.language != other.language
    found = _shared(shared, across=across)
    kinds = {concept.kind for concept in shared}
    for kind in one.named.keys() & other.named.keys():
        left, right = _only(one, other, kind), _only(other, one, kind)
        if left and right:
            found[f"differ {kind}"] = min(left, right)
            if kind not in kinds:
                found[f"nothing {kind}"] = 1.0
    for unit in one.given.keys() & other.given.keys():
        if not one.given[unit] & other.given[unit]:
            found[f"other {unit}"] = 1.0
    found["always"] = 1.0
    found["kinds"] = len(kinds & _KINDS)
    cosine = found["cosine"] = _cosine(shared, _COMPARED, one.lengths[0] * other.lengths[0])
    if not across:
        found["cosine of words"] = _cosine(shared, ("word",), one.lengths[1] * other.lengths[1])
    days = abs((one.at - other.at).total_seconds()) / 86400
    found["days"] = min(1.0, days) * (0.3 if _has_number(shared) else 1.0)
    return found | {
        f"{name}, else alike": cosine * min(1.0, found[name]) for name in found if name.startswith(_AGAINST)
    }


def _has_number(shared: Sequence[Concept]) -> bool:
    """Whether both headlines have a number that is no coincidence: 600, but not 16."""
    return any(one.kind == "number" and one.weight >= 1.7 for one in shared)


def _shared(shared: Sequence[Concept], *, across: bool) -> dict[str, float]:
    found: dict[str, float] = {}
    for concept in shared:
        name, value = f"shared {concept.kind}", concept.weight
        if concept.kind in ("number", "thing"):
            name, value = f"{name} {1 + (concept.weight >= 1) + (concept.weight >= 2)}", 1.0
        elif concept.kind == "name" and not across:
            continue  # in one language a name by its sound is a word like any other
        found[name] = found.get(name, 0.0) + value
    return found


def _only(one: Profile, other: Profile, kind: str) -> float:
    """The weight of what only the first names, in its headline."""
    return sum(weight for key, weight in one.named[kind].items() if key not in other.concepts)


def _unit(concept: Concept) -> str:
    return "measure" if concept.unit in _MEASURES else concept.unit or "number"


def _cosine(shared: Sequence[Concept], kinds: Collection[str], lengths: float) -> float:
    common = sum(concept.weight**2 for concept in shared if concept.kind in kinds)
    return common / math.sqrt(lengths) if common else 0.0


def reason(shared: Sequence[Concept], one: Profile | Clipping, other: Profile | Clipping) -> str:
    """The weightiest of what two articles share, and how far they are apart: `600 · China · repatriation · 2 days`."""
    names: dict[str, str] = {}
    for concept in sorted(shared, key=_heaviest_first):
        if concept.weight >= _TOLD:
            names.setdefault(concept.name.lower(), concept.name)
    return " · ".join((*list(names.values())[:_REASONS], _apart(one, other)))


def _apart(one: Profile | Clipping, other: Profile | Clipping) -> str:
    """How far apart two articles are, no finer than is known."""
    if one.precision is None or other.precision is None:
        return "date unknown"
    hours = abs((one.at - other.at).total_seconds()) / 3600
    if hours >= 24:
        days = round(hours / 24)
        return f"{days} day{'s' * (days > 1)}"
    if Precision.DAY in (one.precision, other.precision):
        return "same day or next"
    return "within a day" if hours >= 1 or Precision.HOUR in (one.precision, other.precision) else "within an hour"
