"""The language of a text in spelt words: English by its words, the others by the n-grams of langdetect's profiles.

A headline is short, full of names, and mostly English, so the profiles alone are not enough: what they say is weighed
against words, endings and the manner of English headlines, all in nats. Nothing here knows Hangul, kana or Han.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from array import array
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from sys import intern

from aggregator.model import Language
from aggregator.words import ENGLISH, FOREIGN

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")

# Endings of English that its neighbours hardly print.
_ENDING = re.compile(
    r"['’](?:s|t|re|ve|ll|d)\Z|[a-z]{2}(?:[^aeiouh]ed|ck|dly|ight|ings?|ks|lly|ness|ough|rly|sh|ship|tch|th|wn)\Z"
)

# A Korean given name, whose second half is no foreign word: `Jae-in`, `Jong-un`.
_GIVEN_NAME = re.compile(r"\b([A-Z][a-z]+)-[a-z]+\b")

# The result of a match, as the American press prints it.
_SCORES = re.compile(r"[A-Z][a-z]+ \d{1,3}, (?:[A-Z][a-z]+ )+\d{1,3}\b")

# What the German or Dutch verb of a headline leaves at its end: `stellt vor`, `rukt uit`.
_REST_OF_VERB = dict.fromkeys(("ab", "auf", "aus", "vor", "zu"), "de") | dict.fromkeys(("aan", "af", "uit"), "nl")

# What speaks for English. Without a doubt in its favour, each tenth short headline would be Dutch, Danish or French.
_DOUBT = 4.0
_ENGLISH_WORD = 6.0
_ENGLISH_ENDING = 2.0
_TITLE_CASE = 6.0
_RESULT = 8.0
_SILENCE = 1.0  # for each word, where no word and no letter is foreign
_FOREIGN_WORD = -8.0
_PARTICLE = -2.0  # a foreign word in a name: El Salvador, Rio de Janeiro
_HINT = 6.0
_SMALL_PRESS = -4.0
_NO_PRESS = -30.0  # where a word or the manner is English, and no word and no letter foreign
_LAST_WORD = 6.0  # for the language of the verb
_NAME = 0.6  # the weight of the n-grams of a word with a capital, where others have none


def _words(words: str) -> tuple[str, ...]:
    return tuple(words.split())


# The profiles of langdetect, by script; without those of languages whose press is small and that resemble English.
_LATIN = _words("cs da de en es et fi fr hr hu id it lt lv nl no pl pt ro sk sl sv tl tr vi")
_OTHER = _words("ar bg bn el fa gu he hi kn mk ml mr ne pa ru ta te th uk ur")
_SMALL = dict.fromkeys(_words("et hr lt lv no sk sl tl"), _SMALL_PRESS)
_NO_SMALL = dict.fromkeys(_SMALL, _NO_PRESS)


def words(text: str) -> list[str]:
    """The words of a text, in full or half width, as they are spelt."""
    return _WORD.findall(unicodedata.normalize("NFKC", text))


def is_english(word: str) -> bool:
    """Whether a word is in the vocabulary of English headlines and in none of its neighbours'."""
    return word.lower() in ENGLISH


def by_latin(text: str, hint: str | None = None) -> Language:
    """The language of a text in Latin letters; the hint is a primary tag, and only tips the scales."""
    text = text[:_ENOUGH]
    spelt = words(text)
    if "-" in text and _in_title_case(whole := words(_GIVEN_NAME.sub(r"\1", text))):
        spelt = whole
    english = sum(map(is_english, spelt))
    foreign = sum(map(_foreignness, ["", *spelt], spelt, [*spelt[1:], ""]))
    silent = foreign > _FOREIGN_WORD and "".join(spelt).replace("’", "'").isascii()
    if silent and english > 1:
        return Language(tag="en", basis="function words", confidence=0.99)
    title_case = _in_title_case(spelt)
    endings = sum(not is_english(word) and bool(_ENDING.search(word.lower())) for word in spelt)
    evidence = _DOUBT + _ENGLISH_WORD * english + _ENGLISH_ENDING * endings + foreign
    evidence += _TITLE_CASE * title_case + _SILENCE * silent * len(spelt) + _RESULT * bool(_SCORES.search(text))
    favour = (_NO_SMALL if silent and (english or title_case) else _SMALL) | {"en": evidence}
    if not english and (verb := _REST_OF_VERB.get("".join(spelt[-1:]))):
        favour[verb] = _LAST_WORD
        favour["en"] += _FOREIGN_WORD
    if hint:
        favour[hint] = favour.get(hint, 0.0) + _HINT
    names = [] if title_case or not any(word[0].islower() for word in spelt) else [w for w in spelt if w[0].isupper()]
    others = [word for word in spelt if not word[0].isupper()] if names else spelt
    return _by_profiles([(" ".join(names), _NAME), (" ".join(others), 1.0)], _LATIN, favour)


def by_other(text: str, hint: str | None = None) -> Language:
    """The language of a text in letters of other scripts than Latin; the hint is a primary tag."""
    text = unicodedata.normalize("NFKC", text[:_ENOUGH])
    return _by_profiles([(text, 1.0)], _OTHER, {hint: _HINT} if hint else {})


def _foreignness(before: str, word: str, after: str) -> float:
    """What a word says against English, by itself and between its neighbours."""
    if word.lower() not in FOREIGN:
        return 0.0
    in_a_name = word[0].isupper() or (before[:1].isupper() and after[:1].isupper())
    return _PARTICLE if in_a_name else _FOREIGN_WORD


def _in_title_case(spelt: list[str]) -> bool:
    """Whether all words but function words begin with a capital, as in English headlines."""
    content = [word for word in spelt if word not in ENGLISH and word not in FOREIGN]
    return len(content) > 2 and all(word[0].isupper() for word in content)


# --- the profiles of langdetect ---------------------------------------------------------------------------------------

_ENOUGH = 2000  # characters that tell the language of any text
_UNSEEN = 0.00005  # the chance of an n-gram that a profile does not hold: langdetect's alpha / BASE_FREQ


def _by_profiles(parts: Sequence[tuple[str, float]], names: tuple[str, ...], favour: Mapping[str, float]) -> Language:
    """The most likely language of weighted parts; `favour` is what is known beforehand, in nats.

    langdetect itself draws n-grams at random until it is sure, and it always is. The sum over all n-grams is the same
    every time, and says how sure one can be.
    """
    known = [(chances, weight) for text, weight in parts for gram in _grams(text) if (chances := _chances(gram, names))]
    if not known:
        tag = "und" if names is _OTHER else "en"
        return Language(tag=tag, basis="letters", confidence=0.3)
    sums = [favour.get(name, 0.0) for name in names]
    for chances, weight in known:
        sums = [one + weight * chance for one, chance in zip(sums, chances, strict=True)]
    best = max(sums)
    likely = 1 / sum(math.exp(one - best) for one in sums)
    return Language(tag=names[sums.index(best)], basis="langdetect", confidence=round(likely, 3))


def _grams(text: str) -> Iterator[str]:
    """The n-grams of langdetect: one to three letters, a space at the edges of words, none within capitals."""
    from langdetect.utils.ngram import NGram

    window = NGram()
    for char in f"{NGram.normalize_vi(text)} ":
        window.add_char(char)
        yield from filter(None, map(window.get, range(1, NGram.N_GRAM + 1)))


@lru_cache(maxsize=4096)
def _chances(gram: str, names: tuple[str, ...]) -> Sequence[float]:
    """The logarithm of how frequent an n-gram is in each of the languages; nothing where it is in none of them."""
    place = len(gram) - 1
    frequencies = [frequency.get(gram, 0) / total[place] for frequency, total in _profiles(names)]
    return array("d", (math.log(one + _UNSEEN) for one in frequencies)) if any(frequencies) else ()


@cache
def _profiles(names: tuple[str, ...]) -> tuple[tuple[Mapping[str, int], Sequence[int]], ...]:
    """Of each language, how often it has which n-gram, and how many it has of one, two and three letters."""
    from langdetect.detector_factory import PROFILES_DIRECTORY

    profiles = (json.loads(Path(PROFILES_DIRECTORY, name).read_text(encoding="utf-8")) for name in names)
    return tuple((_with_shared_keys(one["freq"]), one["n_words"]) for one in profiles)


def _with_shared_keys(frequency: Mapping[str, int]) -> Mapping[str, int]:
    """The same; languages have most n-grams in common, of which each is a text of its own as it was read."""
    return dict(zip(map(intern, frequency), frequency.values(), strict=True))
