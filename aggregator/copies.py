"""Copy: the same text under another outlet's URL, as agencies are printed. Precision comes first.

Two texts are compared without tags, credits, outlets' names, punctuation, width and script variant. They are one text

1. where their headlines are the same letters, long enough to be no coincidence;
2. where one headline is the other with words left out, and the summaries agree, or the headlines are long;
3. where a headline was rewritten, and the summaries are the same sentences.

Templates print nearly the same words every day and everywhere (weather, closings, counts, scores, obituaries), so what
differs decides: other numbers, or another word in the place of a word, are another text, unless the summaries prove
that it is the same. The one published first, then seen first, is the original, and every copy points to it. Pure.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from difflib import SequenceMatcher
from functools import lru_cache
from sys import intern

from aggregator import datelines, headlines, numbers, urls
from aggregator.conversions import Translation
from aggregator.model import Clipping, Copy, Precision
from aggregator.text import fingerprint, fold, fold_all, letters_of_folded, ngrams
from aggregator.words import FILLERS

WINDOW = timedelta(days=3)
HEADLINE_GRAM, SUMMARY_GRAM = 3, 6  # characters of the runs by which candidates are found
_SKETCH = 8  # of those runs, the ones with the least numbers: a sample that two like texts share

_WEIGHT = 20  # of a headline that proves something: a Latin letter weighs 1, any other 2
_LONG_HEADLINE = 36
_LONG_SUMMARY = 40  # weight of a summary that proves something
_RUN = 4  # letters of the runs by which summaries are compared
_SAME_SUMMARY = 0.8  # share of runs from which two summaries are the same sentences
_STRANGE = 0.08  # share of runs below which two summaries are of two texts


_BETWEEN_CLAUSES = re.compile(r"[,，、…‥·:：;；!！?？|“”‘’\"'「」『』〈〉《》()（）\u3000]|\.\.+| [-–—] ")


@dataclass(frozen=True, slots=True)
class Text:
    """A clipping for comparing: letters and digits of its headline and of its summary."""

    headline: str
    numbers: tuple[str, ...]
    words: frozenset[str]
    clauses: frozenset[str]
    summary: str
    summary_numbers: tuple[str, ...]
    pairs: frozenset[str]
    weight: int
    summary_weight: int

    def packed(self) -> bytes:
        """The text for keeping, some hundred bytes."""
        words, clauses = sorted(self.words), sorted(self.clauses)
        held = [self.headline, self.numbers, words, clauses, self.summary, self.summary_numbers]
        return zlib.compress(json.dumps(held, ensure_ascii=False).encode("utf-8", "surrogatepass"), 1)


Texts = Callable[[Clipping], Text]


def unpacked(packed: bytes) -> Text:
    """A text that was kept."""
    headline, numbers, words, clauses, summary, summary_numbers = json.loads(zlib.decompress(packed))
    return _text(headline, (numbers, words, clauses), summary, summary_numbers)


def text_of(clipping: Clipping) -> Text:
    """The text of a clipping, made anew."""
    return text(clipping.title, clipping.summary)


@lru_cache(maxsize=256)
def text(title: str, summary: str) -> Text:
    """A headline and a summary for comparing."""
    bare = datelines.without_tags(title)
    folded, said = fold(bare), fold(datelines.without_credits(summary))
    given = numbers.of_folded(folded)
    words = frozenset(_WORD.findall("\n".join(fold_all(bare.split())))) - FILLERS
    clauses = frozenset(map(_letters, fold_all(_BETWEEN_CLAUSES.split(bare)))) - {""}
    told = sorted(one.digits for one in given), words, clauses
    return _text(
        _letters(_with_digits(folded, given)), told, _letters(said), [one.digits for one in numbers.of_folded(said)]
    )


_WORD = re.compile(r"\w+")


_Told = tuple[Iterable[str], Iterable[str], Iterable[str]]


def _text(headline: str, told: _Told, summary: str, summary_numbers: Iterable[str]) -> Text:
    """A text of which the headline has told these numbers, words and clauses."""
    digits, words, clauses = told
    return Text(
        headline=headline,
        numbers=tuple(digits),
        words=frozenset(words),
        clauses=frozenset(clauses),
        summary=summary,
        summary_numbers=tuple(summary_numbers),
        pairs=frozenset(map(intern, ngrams(headline, 2))),  # the same ones as in other headlines
        weight=headlines.weight(headline),
        summary_weight=headlines.weight(summary),
    )


def _with_digits(folded: str, given: Sequence[numbers.Number]) -> str:
    """A folded text whose numbers are all written in digits: 7천명대 is 7000명대."""
    done, pieces = 0, []
    for one in given:
        pieces += [folded[done : one.start], one.digits]
        done = one.end
    return "".join((*pieces, folded[done:]))


# Characters that Korean headlines write for syllables: 尹대통령 is 윤대통령, 北 the beginning of 북한.
_SYLLABLES = zip(
    "北美中日韓露英佛獨尹文李朴金安洪黃韓對反親前新故軍檢警法黨與野靑女男車株銀",
    "북미중일한러영불독윤문이박김안홍황한대반친전신고군검경법당여야청여남차주은",
    strict=True,
)


_HANGUL = re.compile("[가-힣]")


def _letters(folded: str) -> str:
    bare = letters_of_folded(folded)
    return bare.translate(_AS_SYLLABLES) if _HANGUL.search(bare) else bare


_AS_SYLLABLES = Translation({ord(form): to for char, to in _SYLLABLES for form in (char, fold(char))})


# --- finding candidates -----------------------------------------------------------------------------------------------


def clues(text: Text) -> frozenset[int]:
    """Numbers of which two copies share at least one: a sample of the runs of letters of headline and summary."""
    grams = [f"t{run}" for run in ngrams(text.headline, HEADLINE_GRAM)]
    beginning = text.summary[:120]
    sample = _least(grams, _SKETCH)
    if headlines.weight(beginning) >= _LONG_SUMMARY:
        sample |= _least([f"s{run}" for run in ngrams(beginning, SUMMARY_GRAM)], _SKETCH)
    return frozenset(sample)


def _least(grams: Iterable[str], size: int) -> set[int]:
    return set(sorted({fingerprint(gram) for gram in grams})[:size])


# --- comparing --------------------------------------------------------------------------------------------------------


def likeness(one: Clipping, other: Clipping, texts: Texts = text_of) -> str | None:
    """On what ground two clippings print one text, in words; None where they do not. `texts` has their texts."""
    if one.language.partition("-")[0] != other.language.partition("-")[0]:
        return None
    first, second = texts(one), texts(other)
    if not first.headline or not second.headline:
        return None
    return _compared(first, second)


def _compared(one: Text, other: Text) -> str | None:
    summaries = _agreement(one, other)
    agreement = summaries or 0.0
    weight = min(one.weight, other.weight)
    if one.headline == other.headline:
        strange = summaries is not None and summaries < _STRANGE and weight < _LONG_HEADLINE
        return "same headline" if (weight >= _WEIGHT and not strange) or agreement >= 0.5 else None
    if agreement >= 0.5 and not _same_numbers(one.summary_numbers, other.summary_numbers):
        return None
    alike = len(one.pairs & other.pairs) / max(1, min(len(one.pairs), len(other.pairs)))
    if agreement >= _SAME_SUMMARY and (_numbers_agree(one, other, agreement) or one.summary_numbers):
        return "headline rewritten, same summary" if alike < 0.6 else "nearly the same headline, same summary"
    if weight < _WEIGHT or not _numbers_agree(one, other, agreement):
        return None
    if (alike >= 0.65 or one.words == other.words) and not _replaced(one, other):
        if agreement >= 0.4:
            return "nearly the same headline, same summary"
        return "nearly the same headline" if summaries is None and _dice(one, other) >= _NEARLY else None
    return "headline reworded, same numbers" if summaries is None and _is_reworded(one, other) else None


def _numbers_agree(one: Text, other: Text, agreement: float) -> bool:
    """Whether two headlines give the same numbers; one may leave some out where enough else is the same."""
    enough = agreement >= 0.6 or len(_telling(one) & _telling(other)) >= 2
    shorter, longer = sorted((one.numbers, other.numbers), key=len)
    return shorter == longer or (enough and set(shorter) <= set(longer))


def _telling(text: Text) -> set[str]:
    """The numbers of a headline that two events hardly share: of three digits and more, and not round."""
    bare = {one: one.replace(".", "") for one in text.numbers}
    return {one for one, digits in bare.items() if len(digits) >= 3 and len(digits.strip("0")) >= 2}


def _is_reworded(one: Text, other: Text) -> bool:
    """Whether two headlines have most of their letters in common, and numbers that make it no coincidence.

    Where they differ in a single place, one is the template of the other: 続伸 and 続落.
    """
    if one.numbers != other.numbers or not (len(one.numbers) > 1 or _telling(one)):
        return False
    differences = sum(kind != "equal" for kind, *_ in _opcodes(one.headline, other.headline))
    return differences > 1 and _dice(one, other) >= _REWORDED and not _exchanged(one, other)


def _dice(one: Text, other: Text) -> float:
    """How much two headlines have in common, as the share of their pairs of letters."""
    return 2 * len(one.pairs & other.pairs) / max(1, len(one.pairs) + len(other.pairs))


def _agreement(one: Text, other: Text) -> float | None:
    """How much of the shorter summary stands in the longer one, from 0 to 1; None where one says too little."""
    if min(one.summary_weight, other.summary_weight) < _LONG_SUMMARY:
        return None
    shorter, longer = sorted((one.summary, other.summary), key=len)
    runs = frozenset(ngrams(shorter, _RUN))
    return sum(run in longer for run in runs) / len(runs)


def _same_numbers(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two summaries give the same numbers in one order, as far as the shorter goes; its last may be cut."""
    shorter, longer = sorted((one, other), key=len)
    rest = iter(longer)
    return all(any(number == held for held in rest) for number in shorter[:-1])


_PARTICLES = frozenset("이가은는을를의에로와과도만서며고여명のはがをにでともへやら的了在与和並并及将將")


_NEARLY = 0.75  # of the pairs of letters of two headlines, what is the same where nothing but headlines is there
_REWORDED = 0.62  # of the pairs of letters of two headlines, what a rewording keeps
_TRIFLE = 0.12  # of the letters of two headlines, what one may have more than the other on both sides


def _opcodes(one: str, other: str) -> Sequence[tuple[str, int, int, int, int]]:
    return SequenceMatcher(None, one, other, autojunk=False).get_opcodes()


def _replaced(first: Text, second: Text) -> bool:
    """Whether each headline has words that the other has not: then it may be another event of a template.

    A word in the place of another word always counts; words left out here and added there count unless they are few.
    """
    if _exchanged(first, second):
        return True
    if first.words == second.words:
        return False
    one, other = first.headline, second.headline
    trifle = _TRIFLE * (2 if len(_telling(first) & _telling(second)) >= 2 else 1)
    lost = gained = 0
    for kind, start, end, begin, stop in _opcodes(one, other):
        if kind == "equal":
            continue
        losing, gaining = not set(one[start:end]) <= _PARTICLES, not set(other[begin:stop]) <= _PARTICLES
        if losing and gaining:
            return True
        lost += (end - start) * losing
        gained += (stop - begin) * gaining
    return bool(lost and gained) and lost + gained > trifle * (len(one) + len(other))


def _exchanged(first: Text, second: Text) -> bool:
    """Whether words stand in each other's places: A beats B is not B beats A. Whole clauses may be in another order."""
    if first.clauses == second.clauses:
        return False
    lost, gained = set[str](), set[str]()
    for kind, start, end, begin, stop in _opcodes(first.headline, second.headline):
        if kind != "equal":
            lost.update(ngrams(first.headline[start:end], 2))
            gained.update(ngrams(second.headline[begin:stop], 2))
    return bool(lost & gained - _PARTICLES)


# --- who copied whom --------------------------------------------------------------------------------------------------


def decide(
    cluster: Iterable[Clipping], ruled: Callable[[Clipping, Clipping], bool | None], texts: Texts = text_of
) -> tuple[Copy, ...]:
    """Who copied whom: one Copy for each clipping, originals included. `ruled` is what a person decided of two."""
    decided: list[Copy] = []
    originals: list[Clipping] = []
    for one in sorted(cluster, key=lambda clipping: (clipping.at, clipping.first_seen_at, clipping.url)):
        found = next(
            ((first, ground) for first in originals if (ground := _ground(one, first, ruled(one, first), texts))), None
        )
        if found is None:
            originals.append(one)
            decided.append(Copy(article=one.id, original=None, reason=None))
        else:
            decided.append(Copy(article=one.id, original=found[0].id, reason=_reason(one, *found)))
    return tuple(decided)


def _ground(one: Clipping, original: Clipping, ruled: bool | None, texts: Texts) -> str | None:
    if ruled is not None:
        return "by hand: the same text" if ruled else None
    if one.at - original.at > WINDOW or publisher(one) == publisher(original):
        return None
    return likeness(one, original, texts)


def publisher(clipping: Clipping) -> str:
    """Who shows an article: a portal is not the outlet whose article it shows."""
    if clipping.outlet is None or urls.is_portal(clipping.url):
        return urls.host(clipping.url)
    return clipping.outlet.id


def _reason(one: Clipping, original: Clipping, ground: str) -> str:
    whose = original.outlet.name if original.outlet else urls.host(original.url)
    return f"{ground} as {whose}, {_lag(one, original)}"


def _lag(later: Clipping, earlier: Clipping) -> str:
    """How much later a text was printed again, no finer than is known."""
    if later.precision is None or earlier.precision is None:
        return "date unknown"
    minutes = int((later.at - earlier.at).total_seconds() // 60)
    if Precision.DAY in (later.precision, earlier.precision):
        return "same day or next" if minutes < 1440 else f"about {round(minutes / 1440)} days later"
    if Precision.HOUR in (later.precision, earlier.precision):
        return f"about {_time(minutes)} later"
    return f"{_time(minutes)} later"


def _time(minutes: int) -> str:
    return f"{minutes} minutes" if minutes < 120 else f"{minutes // 60} hours"
