"""What a text speaks of, in one form whatever the language prints: places, people, organisations, things, numbers.

    "中国が脱北者600人を一斉に強制送還"  -> China · North Korean defector · 600 · repatriation
    "중국, 탈북민 600여 명 강제 북송"   -> the same

Names come from the gazetteer and from the user's own tables. What no table knows still counts: words as they are
written, which one language repeats; characters, which Japanese and Chinese share; what every press prints in Latin
letters; and names by their sound, so that ゼレンスキー, 젤렌스키 and Zelensky meet. Pure: the tables are an argument.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, chain, pairwise
from typing import NamedTuple

import ahocorasick

from aggregator import datelines, gazetteer, numbers, sounds
from aggregator.gazetteer import Entry
from aggregator.model import Concept
from aggregator.text import fold_all
from aggregator.words import COMMON

SUMMARY = 300  # characters of a summary that count

# How much it says that two texts share a concept, by kind and by the weight of its entry.
_WEIGHTS = {
    "country": (0.5, 1.0, 2.0),
    "place": (1.0, 2.5, 3.0),
    "person": (2.0, 3.0, 3.5),
    "organisation": (1.0, 2.2, 3.0),
    "thing": (0.5, 1.3, 2.4),
}

_SCORE = 1.8  # of a result, the higher number first
IN_SUMMARY = 0.6  # of the weight, for what only the summary names


class _Term(NamedTuple):
    """A name as it is looked for, and what must stand around it."""

    entry: Entry
    stem: bool  # any ending may follow
    capitals: bool  # only as printed in capitals
    capital: bool  # in English, only with a capital


class Found(NamedTuple):
    """An entry in a text, where the squeezed text has it."""

    start: int
    end: int
    entry: Entry
    inside: bool = False  # of a longer name


@dataclass(frozen=True, slots=True)
class Squeezed:
    """A text as names are looked for: folded, without the spaces of Korean, and yet with the begins of its words."""

    text: str
    printed: str  # the same before case was folded, where that changes no length
    starts: frozenset[int]


class Lexicon:
    """Everything that has a name, compiled for looking it up; of a language when a text first asks for it."""

    def __init__(self, entries: Collection[Entry], pairs: Collection[Entry] = (), edition: str = "") -> None:
        """Compiles entries; those of `pairs` stand for several, whose ids theirs name. `edition` tells them apart."""
        self.entries = (*entries, *pairs)
        self._edition = edition
        self._entries: dict[str, Entry] = {}
        self._concepts: dict[tuple[str, int], Concept] = {}
        for entry in entries:
            if entry.id != gazetteer.NOTHING:
                self._entries.setdefault(entry.id, entry)
        self._names: dict[str, _Names] = {}

    @property
    def edition(self) -> str:
        """What is another one where an entry is another."""
        return self._edition or hashlib.sha256(repr(self.entries).encode()).hexdigest()

    def entries_of(self, entry: Entry) -> Iterator[Entry]:
        """The entries that one stands for: itself, or the countries of a pair."""
        if entry.id in self._entries:
            yield self._entries[entry.id]
        else:
            yield from (self._entries[one] for one in entry.id.split() if one in self._entries)

    def concept(self, entry: Entry, meanings: int = 1) -> Concept:
        """An entry as a concept; a word of several meanings says less of each."""
        made = self._concepts.get((entry.id, meanings))
        if made is None:
            weight = _WEIGHTS[entry.kind][entry.weight - 1] / meanings
            made = self._concepts[entry.id, meanings] = Concept(entry.id, entry.kind, entry.name, weight)
        return made

    def country(self, code: str) -> Entry | None:
        """The entry of a country by its ISO 3166 code, in lower case."""
        return self._entries.get(code)

    def find(self, squeezed: Squeezed, language: str) -> list[Found]:
        """What a text names, from left to right; of what stands inside longer names, only what these imply."""
        found = [one for name in _languages(language) for one in self._matches(squeezed, name)]
        found.sort(key=lambda one: (one.start, -one.end, one.entry.kind == "thing"))
        kept: list[Found] = []
        outer: Found | None = None
        for one in found:
            if outer is None or one.end > outer.end:
                outer = one
                kept.append(one)
            elif (one.start, one.end) == (outer.start, outer.end):
                if one.entry.kind != "thing" or outer.entry.kind == "thing":
                    kept.append(one)  # a word of two meanings; but a name is not a thing besides
            elif _implies(outer.entry, one.entry):
                kept.append(one._replace(inside=True))
        return kept

    def _matches(self, squeezed: Squeezed, language: str) -> Iterator[Found]:
        if language not in self._names:
            self._names[language] = _Names(language, self.entries)
        return self._names[language].find(squeezed)


def _implies(outer: Entry, inner: Entry) -> bool:
    """Whether a name says what stands inside it: 탄도미사일 a missile, 日本銀行 Japan; but 京都 is not in 東京都."""
    return outer.kind == inner.kind == "thing" or (inner.kind == "country" and outer.kind in ("organisation", "thing"))


def _languages(tag: str) -> tuple[str, ...]:
    """The tables for a language: its own, and the English one, for every press prints Latin letters."""
    primary = tag.partition("-")[0]
    return ("en",) if primary not in ("ko", "ja", "zh") else (primary, "en")


class _Names:
    """The names that entries have in a language, compiled; what is told of a name waits until it is found."""

    def __init__(self, language: str, entries: Sequence[Entry]) -> None:
        self._language, self._entries = language, entries
        named = [entry.names(language) for entry in entries]
        words = _squeezed(list(map(_plain, chain.from_iterable(named))))
        # The names are many and few of them are found, so they are kept as numbers: how long the word of each is that
        # is looked for, and where the names of each entry begin. A word stands for the first of its names.
        self._lengths = array("I", map(len, words))
        self._begins = array("L", accumulate(map(len, named), initial=0))
        first = dict(zip(reversed(words), reversed(range(len(words))), strict=True))
        first.pop("", None)
        self._others: dict[int, list[int]] = {}
        for name, word in enumerate(words):
            if first.get(word, name) != name:
                self._others.setdefault(first[word], []).append(name)
        self._automaton = ahocorasick.Automaton(ahocorasick.STORE_INTS)
        for word, name in first.items():
            self._automaton.add_word(word, name)
        self._automaton.make_automaton()
        self._terms: dict[int, tuple[_Term, ...]] = {}  # of the words that were found once

    def find(self, squeezed: Squeezed) -> Iterator[Found]:
        """All of them that stand in a text."""
        if not self._automaton:
            return
        for last, word in self._automaton.iter(squeezed.text):
            start = last + 1 - self._lengths[word]
            for term in self._terms.get(word) or self._named(word):
                if _stands(squeezed, start, last + 1, term):
                    yield Found(start, last + 1, term.entry)

    def _named(self, word: int) -> tuple[_Term, ...]:
        """Everything that has this name, and how it is told from other words."""
        return self._terms.setdefault(word, tuple(map(self._numbered, (word, *self._others.get(word, ())))))

    def _numbered(self, name: int) -> _Term:
        """The name of a number, counted through all entries."""
        number = bisect_right(self._begins, name) - 1
        entry = self._entries[number]
        return _term(entry, entry.names(self._language)[name - self._begins[number]])


def _plain(name: str) -> str:
    """A name without the star that says that any ending may follow."""
    return name.rstrip("*").strip()


def _term(entry: Entry, printed: str) -> _Term:
    name, stem = _plain(printed), printed[-1:] == "*"
    capitals = name.isascii() and name.isupper() and len(name) <= 5
    return _Term(entry, stem, capitals, entry.kind != "thing" and name[:1].isascii() and name[:1].isupper())


def _squeezed(names: Sequence[str]) -> list[str]:
    """The texts of names for looking them up, all at once; for single words and for English, folding is enough."""
    words = fold_all(names)
    several = [place for place, name in enumerate(names) if not name.isascii() and len(name.split()) > 1]
    pieces = [names[place].split() for place in several]
    forms = iter(fold_all(list(chain.from_iterable(pieces))))
    for place, some in zip(several, pieces, strict=True):
        words[place] = _joined([next(forms) for _ in some])
    return words


def _joined(forms: Iterable[str]) -> str:
    text = ""
    for form in filter(None, forms):
        text += _gap(text, form) + form
    return text


def _gap(before: str, form: str) -> str:
    """What stands before a word: nothing in Korean, which is spaced as it pleases, nor at the begin."""
    return " " if before and not ("가" <= form[0] <= "힣" and "가" <= before[-1] <= "힣") else ""


def squeeze(text: str) -> Squeezed:
    """A text for looking names up."""
    pieces: list[str] = []
    printed: list[str] = []
    starts: list[int] = []
    length, last = 0, ""
    words = text.split()
    for word, form in zip(words, fold_all(words), strict=True):
        if not form:
            continue
        gap = _gap(last, form)
        normal = unicodedata.normalize("NFKC", word)
        starts.append(length + len(gap))
        pieces += (gap, form)
        printed += (gap, normal if len(normal) == len(form) else form)
        length, last = length + len(gap) + len(form), form
    return Squeezed("".join(pieces), "".join(printed), frozenset(starts))


# --- where a name stands ----------------------------------------------------------------------------------------------

# What a Korean name may follow inside a word: 주한, 방미, 대북, 친중, 반일, 재일, 탈북, 前, 對北.
_KOREAN_PREFIXES = frozenset("주방대친반재전남북동서양각美中日北韓對駐訪親反在前")


def _stands(squeezed: Squeezed, start: int, end: int, term: _Term) -> bool:
    """Whether a name at this place is that name, and not a part of other words."""
    text = squeezed.text
    first, last = text[start], text[end - 1]
    if term.capitals and not squeezed.printed[start:end].isupper():
        return False
    if term.capital and not squeezed.printed[start].isupper():
        return False
    if first.isascii() and start and _is_latin(text[start - 1]):
        return False
    if last.isascii() and not term.stem and end < len(text) and _is_latin(text[end]) and not _is_plural(text, end):
        return False
    if "가" <= first <= "힣":
        return _stands_in_korean(squeezed, start, end, term)
    return not (_is_katakana(first) and _is_katakana(last)) or _stands_in_katakana(text, start, end)


def _is_latin(char: str) -> bool:
    return char.isascii() and char.isalnum()


def _is_plural(text: str, end: int) -> bool:
    """Whether an English word ends in s or es here."""
    rest = text[end : end + 3]
    return any(rest.startswith(ending) and not _is_latin(rest[len(ending) : len(ending) + 1]) for ending in ("s", "es"))


def _stands_in_korean(squeezed: Squeezed, start: int, end: int, term: _Term) -> bool:
    """A Korean name begins a word, or stands within one; it never begins within one and ends in the next."""
    if start in squeezed.starts or start == 0 or not "가" <= squeezed.text[start - 1] <= "힣":
        return True
    if any(start < place < end for place in squeezed.starts):
        return False
    if term.entry.kind == "thing" or end - start >= 4:
        return True
    return squeezed.text[start - 1] in _KOREAN_PREFIXES


def _is_katakana(char: str) -> bool:
    return "ァ" <= char <= "ヺ" or char == "ー"


def _stands_in_katakana(text: str, start: int, end: int) -> bool:
    """Whether no katakana of another word touches it: タイ is not in タイトル; サッカー is in サッカー協会."""
    before = start > 0 and _is_katakana(text[start - 1])
    behind = end < len(text) and _is_katakana(text[end])
    return not (before or behind) if end - start <= 4 else not (before and behind)


# --- what a text speaks of --------------------------------------------------------------------------------------------


def found(title: str, summary: str, language: str, lexicon: Lexicon) -> tuple[Concept, ...]:
    """What an article speaks of, each concept once, the weightiest first. Names by their sound only of the headline."""
    concepts: dict[str, Concept] = {}
    for one in _of(datelines.without_tags(title), language, lexicon):
        if _held(concepts, one.key) <= one.weight:
            concepts[one.key] = one
    for one in _of(datelines.without_credits(summary[:SUMMARY]), language, lexicon):
        weight = one.weight * IN_SUMMARY
        if one.kind != "name" and _held(concepts, one.key) < weight:
            concepts[one.key] = Concept(one.key, one.kind, one.name, weight, unit=one.unit, headline=False)
    return tuple(sorted(concepts.values(), key=_weightiest_first))


def _held(concepts: Mapping[str, Concept], key: str) -> float:
    """The weight under a key so far: of two concepts with one key the weightier one counts."""
    return concepts[key].weight if key in concepts else -1.0


def _weightiest_first(concept: Concept) -> tuple[float, str]:
    return -concept.weight, concept.key


def _of(text: str, language: str, lexicon: Lexicon) -> Iterator[Concept]:
    if not text:
        return
    squeezed = squeeze(text)
    places = lexicon.find(squeezed, language)
    meanings = Counter((start, end) for start, end, _ in {(one.start, one.end, one.entry.id) for one in places})
    for place in places:
        for entry in lexicon.entries_of(place.entry):
            yield lexicon.concept(entry, meanings[place.start, place.end] + place.inside)
            if entry.within and (country := lexicon.country(entry.within)):
                yield lexicon.concept(country)
    given = numbers.of_folded(squeezed.text)
    for number in given:
        if concept := _number(number):
            yield concept
    for one, other in pairwise(given):
        if one.kind == other.kind == "score" and other.start - one.end <= 4:
            high, low = sorted((int(one.value), int(other.value)), reverse=True)
            yield Concept(f"#{high}-{low}", "number", f"{high}-{low}", _SCORE, unit="score")
    yield from _unknown(squeezed, places, language.partition("-")[0])


def _number(number: numbers.Number) -> Concept | None:
    """A number as a concept, where it says what and not when: the more digits, the less it is a coincidence."""
    if number.kind == numbers.DATE:
        return Concept(f"@{number.digits}", "date", number.digits, 0.0, unit="date")
    if number.kind in numbers.CALENDAR or number.kind in (numbers.NAME, "ordinal", "score"):
        return None
    digits = len(number.digits.replace(".", "").strip("0"))
    if "." in number.digits or number.value >= 100:
        weight = 1.2 + 0.5 * min(3, digits) + 0.4 * ("." in number.digits) - 0.5 * (number.value < 100)
    else:
        weight = 0.4 if number.value <= 12 else 1.2
    return Concept(f"#{number.digits}", "number", _readable(number.digits), weight, unit=number.kind)


def _readable(digits: str) -> str:
    whole, point, rest = digits.partition(".")
    return f"{int(whole):,}{point}{rest}"


# --- what no table knows ----------------------------------------------------------------------------------------------

_LATIN = re.compile(r"[a-z][a-z0-9]*(?:[-'’&.][a-z0-9]+)*")
_HANGUL = re.compile(r"[가-힣]{2,}")
_KATAKANA = re.compile(r"[ァ-ヺー]{3,}")
_HAN = re.compile(r"[々\u3400-\u9fff]{2,}")
_KOREAN_ENDING = re.compile(
    r"(?<=[가-힣]{2})(?:에서는|으로는|에서|에게|에는|으로|까지|부터|라고|이라|라며|한다|했다|됐다|된다|하는|하고|이다|들이|들은|들|"
    r"은|는|이|가|을|를|에|의|로|와|과|도|만|서|측|며|고)\Z"
)
_SHORTEST = 4  # consonants of a name that is no coincidence
_NAME, _WORD = 2.0, 0.8


def _unknown(squeezed: Squeezed, places: Iterable[Found], language: str) -> Iterator[Concept]:
    """Words and names that no table knows: names by their sound, words as they stand, of Chinese characters pairs."""
    rest = _without(squeezed.text, places)
    for match in _LATIN.finditer(rest):
        printed = squeezed.printed[match.start() : match.end()]
        yield from _word(match[0].removesuffix("'s"), is_name=printed[:1].isupper() or language != "en")
    for match in _KATAKANA.finditer(rest):
        yield from _word(match[0], is_name=True)
    if language == "ko":
        for start, end in _korean_words(squeezed, rest):
            yield from _word(_KOREAN_ENDING.sub("", rest[start:end]), is_name=True)
    for match in _HAN.finditer(rest):
        yield from map(_pair, match[0], match[0][1:])


@lru_cache(maxsize=2048)
def _pair(one: str, other: str) -> Concept:
    return Concept(f"w:{one}{other}", "word", one + other, _WORD / 2)


@lru_cache(maxsize=2048)
def _word(word: str, *, is_name: bool) -> tuple[Concept, ...]:
    if len(word) < 2 or word in COMMON:
        return ()
    heard = sorted(sounds.skeletons(word)) if is_name and len(word) > 2 else ()
    names = (Concept(f"s:{one}", "name", word, _NAME) for one in heard if len(one) >= _SHORTEST)
    return (Concept(f"w:{word}", "word", word, _WORD), *names)


def _without(text: str, places: Iterable[Found]) -> str:
    """The text with blanks where the tables know it."""
    chars = list(text)
    for place in places:
        chars[place.start : place.end] = " " * (place.end - place.start)
    return "".join(chars)


def _korean_words(squeezed: Squeezed, rest: str) -> Iterator[tuple[int, int]]:
    """The words of a Korean text that the tables leave over, cut where spaces were."""
    for match in _HANGUL.finditer(rest):
        within = (one for one in squeezed.starts if match.start() < one < match.end())
        yield from pairwise(sorted({match.start(), match.end(), *within}))
