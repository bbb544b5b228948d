"""The language of a text: by script, then by characters, then by a hint, then by words and n-grams.

Hangul is Korean, kana Japanese. Han characters alone are asked who prints them (`han`); only Latin and other letters
are asked for words (`letters`). An answer says on what ground it stands, and depends on no earlier call. Nothing here
knows sources, topics or outlets.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from aggregator import han, letters
from aggregator import text as texts
from aggregator.model import Language

# --- one sign for every character -------------------------------------------------------------------------------------

# A text is read as a string of signs, one for each character, so that counting is `str.count`: `k` for Hangul, `j` for
# kana, `l` for Latin and `o` for other letters, a blank for the rest. A Han character is a digit: the sum of those who
# do not print it.
_SIGNS: dict[texts.Script, str] = {"hangul": "k", "kana": "j", "latin": "l", "other": "o", "none": " "}
_HAN = "01234567"


class _Signs(dict[int, str]):
    """A table for `str.translate` that finds the sign of a character when it first meets it."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        script = texts.script(char)
        return self.setdefault(code, str(han.strangers(char)) if script == "han" else _SIGNS[script])


_signs = _Signs()

# --- which script carries the sentence --------------------------------------------------------------------------------

# A word in brackets or quotes may be foreign to its sentence.
_ASIDE = re.compile(
    r"\([^()]*\)|（[^（）]*）|\[[^][]*\]|【[^【】]*】|“[^“”]*”|‘[^‘’]*’|「[^「」]*」|『[^『』]*』|《[^《》]*》|〈[^〈〉]*〉"
)

# A word of letters that leave spaces between words, and that hangs on no other letter: neither `iTunes` of `iTunes에서`
# nor the `xml` of `service.xml`.
_SPACED_WORD = re.compile(
    r"(?<![^\W_])(?<![.@/_-])[a-z\u00c0-\u024f\u0370-\u10ff\u1e00-\u1fff]+(?:['’][a-z]+)?(?![^\W_])", re.IGNORECASE
)
_SYLLABLE = 4.0  # Latin letters that weigh as much as one Hangul, kana or Han letter
# The weight of a Latin letter in a word with a capital: the East Asian press prints many names, some of English words.
_NAME, _ENGLISH_NAME = 0.1, 0.5


def detect(text: str, hint: str | None = None) -> Language:
    """The language of a headline or a text; `und` where it has no letters.

    The tag is `ko`, `ja`, `zh-Hans`, `zh-Hant`, `zh` (Chinese, either script), `en` or another BCP 47 tag. The hint is
    the tag that the source is said to have; it decides only where the text does not.
    """
    signs = text.translate(_signs)
    hangul, kana, latin, other = map(signs.count, "kjlo")
    ideographs = sum(map(signs.count, _HAN))
    east = hangul + kana + ideographs
    if latin + other and (not east or _carried_by_words(text, east, latin + other)):
        return (letters.by_latin if latin >= other else letters.by_other)(text, _primary(hint or ""))
    if hangul and (not _quoted_hangul(text, hangul, kana) if kana else 4 * hangul >= ideographs):
        return Language(tag="ko", basis="hangul", confidence=_share(hangul + ideographs / 2, east))
    if kana and not _quoted_kana(text, signs, kana):
        return Language(tag="ja", basis="kana", confidence=_share(kana + ideographs, east))
    if ideographs:
        return _by_characters(text, signs, hint)
    return Language(tag="und", basis="no letters", confidence=1.0)


def _share(part: float, whole: int) -> float:
    return round(0.5 + 0.5 * min(1.0, part / whole), 3)


def _carried_by_words(text: str, east: int, spelt: int) -> bool:
    """Whether a text with East Asian letters is a sentence in spelt words. What stands in an aside counts half."""
    if spelt < east:
        return False
    text = unicodedata.normalize("NFKC", text)
    outside = _ASIDE.sub(" ", text)
    signs = outside.translate(_signs)
    return _weight(text) + _weight(outside) > _SYLLABLE * (east + sum(map(signs.count, "kj" + _HAN)))


def _weight(text: str) -> float:
    return sum(len(word) * _letter_weight(word) for word in _SPACED_WORD.findall(text))


def _letter_weight(word: str) -> float:
    if word[0].islower():
        return 1.0
    return _ENGLISH_NAME if letters.is_english(word) else _NAME


def _quoted_hangul(text: str, hangul: int, kana: int) -> bool:
    """Whether a text with both has more kana than Hangul outside of quotes, or all in all where all of it is quoted."""
    outside = _ASIDE.sub(" ", text).translate(_signs)
    more = outside.count("j") - outside.count("k")
    return more > 0 or (more == 0 and kana > hangul)


def _quoted_kana(text: str, signs: str, kana: int) -> bool:
    """Whether Chinese characters stand around a decorative の or a quoted Japanese name."""
    japan, mainland, taiwan = _misprints(signs)
    margin = japan - min(mainland, taiwan)
    if margin < 2:
        return False
    one_word = margin > 2 and len(re.findall("j+", signs)) == 1 and 4 * kana <= len(text)
    return kana <= 2 or one_word or "j" not in _ASIDE.sub(" ", text).translate(_signs)


# --- Han characters ---------------------------------------------------------------------------------------------------


def _misprints(signs: str) -> tuple[int, int, int]:
    """How many characters Japan, the mainland and Taiwan would not print."""
    _, j, m, jm, t, jt, mt, jmt = map(signs.count, _HAN)
    return j + jm + jt + jmt, m + jm + mt + jmt, t + jt + mt + jmt


def _by_characters(text: str, signs: str, hint: str | None) -> Language:
    """Chinese or Japanese by the characters that only one of them prints, else by the hint, else Chinese."""
    japan, mainland, taiwan = _misprints(signs)
    japan += "。" in text or "，" in text  # a full sentence has kana, and Japan's comma is 、
    chinese = min(mainland, taiwan)
    hinted = _primary(hint or "")
    if japan < chinese:
        return Language(tag="ja", basis=_evidence(text, signs, han.JAPAN), confidence=_sure(chinese - japan))
    if japan == chinese and hinted == "ja":
        return Language(tag="ja", basis="hint", confidence=0.8)
    if mainland == taiwan:
        tag, who = "zh", han.MAINLAND + han.TAIWAN
    else:
        tag, who = ("zh-Hans", han.MAINLAND) if mainland < taiwan else ("zh-Hant", han.TAIWAN)
    if japan > chinese:
        return Language(tag=tag, basis=_evidence(text, signs, who), confidence=_sure(japan - chinese))
    return Language(tag=tag, basis="hint" if hinted == "zh" else "han", confidence=0.8 if hinted == "zh" else 0.6)


def _sure(margin: int) -> float:
    return round(1 - 0.3**margin, 3)


def _evidence(text: str, signs: str, who: int) -> str:
    """The first characters that `who` prints and somebody else does not."""
    telling = [char for char, sign in zip(text, signs, strict=True) if sign in "123456" and not int(sign) & who]
    return "characters: " + "".join(dict.fromkeys(telling))[:3] if telling else "punctuation"


def _primary(tag: str) -> str:
    return tag.split("-")[0].lower()


# --- bilingual text ---------------------------------------------------------------------------------------------------

# Where a sentence ends: after its mark, closing quotes and white space; a Latin mark needs the white space, and may
# number the item of a list instead. A dash, stroke or bar between spaces divides as well.
_END = re.compile(
    r"""[。！？]+[”’"'」』）)\]]*\s*|(?<![.!?…])(?<!\A\d)(?<!\A\d\d)[.!?…]++[”’"'」』）)\]]*+\s+"""
    r"""|(?<=\s)[/|｜／–—]\s+|[｜／]""",
)

_EAST = re.compile(f"[kj{_HAN}]")
_UP_TO_A_WORD, _PAST_A_WORD = re.compile(r".*\s", re.DOTALL), re.compile(r"\S*\s+")
_WORD_OR_TWO = 3  # Han letters that may be a name in whatever language


def segments(text: str) -> tuple[tuple[Language, str], ...]:
    """A text in several languages in its parts: each a run of lines or sentences in one language.

    Put together, the parts are the text. What is too short to show a language of its own goes with what stands before
    it, else with what follows.
    """
    if not text:
        return ()
    clauses = [clause for sentence in _sentences(text) for clause in _clauses(sentence)]
    spelt = " ".join(clause for clause in clauses if not _EAST.search(clause.translate(_signs)))
    hint = detect(spelt).tag  # short English lines are known by the longer ones
    tags = _with_headings([_own_language(clause, hint) for clause in clauses], clauses)
    last = next(filter(None, tags), None) or detect(text).tag
    runs: list[tuple[str, list[str]]] = []
    for tag, clause in zip(tags, clauses, strict=True):
        last = tag or last
        if not runs or _primary(runs[-1][0]) != _primary(last):
            runs.append((last, []))
        runs[-1][1].append(clause)
    parts = [(tag, "".join(run)) for tag, run in runs]
    return tuple((_language_of_run(tag, part), part) for tag, part in parts)


def _sentences(text: str) -> Iterator[str]:
    """The lines of a text, and those with East Asian letters sentence by sentence."""
    for line in text.splitlines(keepends=True):
        if _EAST.search(line.translate(_signs)):
            yield from _split(line, (match.end() for match in _END.finditer(line)))
        else:
            yield line


def _split(text: str, ends: Iterable[int]) -> Iterator[str]:
    start = 0
    for end in (*ends, len(text)):
        if start < end:
            yield text[start:end]
        start = end


def _clauses(sentence: str) -> Iterator[str]:
    """A sentence, cut where East Asian words meet English ones without a mark, or Korean ones Japanese or Chinese.

    What is quoted or in brackets belongs to its sentence.
    """
    outside = _ASIDE.sub(lambda aside: " " * len(aside[0]), sentence)
    signs = outside.translate(_signs)
    east = [match.start() for match in _EAST.finditer(signs)]
    if all(len(_EAST.findall(run)) <= _WORD_OR_TWO for run in signs.split("l")):
        return iter((sentence,))  # names among Latin words, as in "난핑, not 남평", stay with the sentence
    for first, last, is_other in (
        (east[0], east[-1], _is_english),
        (signs.find("k"), signs.rfind("k"), _is_not_korean),
    ):
        before = _UP_TO_A_WORD.match(sentence, 0, max(0, first))
        after = _PAST_A_WORD.match(sentence, last + 1)
        if before and is_other(outside[: before.end()]):
            return _split(sentence, [before.end()])
        if first >= 0 and after and is_other(sentence[after.end() :]):
            return _split(sentence, [after.end()])
    return iter((sentence,))


def _is_english(text: str) -> bool:
    """Whether words are more than a name: four of them, or three that do not all begin with a capital."""
    words = letters.words(text)
    return len(words) > 3 - any(map(str.islower, words)) and any(map(letters.is_english, words))


def _is_not_korean(text: str) -> bool:
    """Whether words are more than a name, and hold kana or simplified characters, which no Korean sentence does."""
    signs = text.translate(_signs)
    return len(_EAST.findall(signs)) > _WORD_OR_TWO and ("j" in signs or str(han.JAPAN + han.TAIWAN) in signs)


def _own_language(clause: str, hint: str) -> str | None:
    """The tag of a clause, `_HEADING` for Han letters of either language, or None for what may be a name."""
    signs = clause.translate(_signs)
    east = len(_EAST.findall(signs))
    language = detect(clause, hint)
    if language.basis == "han":
        return _HEADING if east > _WORD_OR_TWO or "\n" in clause else None
    if language.tag == "und" or (not east and "l" in signs and _may_be_a_name(clause)):
        return None
    return language.tag


_HEADING = "zh or ja"


def _may_be_a_name(clause: str) -> bool:
    """Whether Latin words are few and none is English, or say nothing because all are names and abbreviations."""
    words = letters.words(clause)
    several = len(clause.split()) > 2
    if any(letters.is_english(word) for word in words if several or not word.isupper()):
        return False
    return len(words) < 2 or not any(map(str.islower, words))


def _with_headings(tags: list[str | None], clauses: list[str]) -> list[str | None]:
    """The tags, where undecided Han letters have the language of what they head, else of what stands before them."""
    settled: list[str | None] = []
    before = None
    for tag, clause, behind in zip(tags, clauses, _next_of_han(tags), strict=True):
        if tag == _HEADING:
            tag = (behind or before if clause.endswith("\n") else before or behind) or "zh"
        before = tag if tag and _primary(tag) in ("ja", "zh") else before
        settled.append(tag)
    return settled


def _next_of_han(tags: Sequence[str | None]) -> list[str | None]:
    """For every place, the next tag behind it that is Japanese or Chinese."""
    following: list[str | None] = []
    behind = None
    for tag in reversed(tags):
        following.append(behind)
        behind = tag if tag and _primary(tag) in ("ja", "zh") else behind
    return following[::-1]


def _language_of_run(tag: str, run: str) -> Language:
    """What the whole run says of itself, unless quotations make it say another language than its sentences."""
    language = detect(run, tag)
    return language if _primary(language.tag) == _primary(tag) else Language(tag=tag, basis="sentences", confidence=0.8)
