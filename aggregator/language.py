"""The language of a text: by script, then by characters, then by a hint, then by words and n-grams.

Hangul is Korean, kana Japanese. Han characters alone are asked who prints them (`han`); only Latin and other letters
are asked for words (`letters`). An answer says on what ground it stands, and depends on no earlier call. Nothing here
knows sources, topics or outlets.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
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
_EAST, _LAST_EAST = re.compile(f"[kj{_HAN}]"), re.compile(f".*[kj{_HAN}]")


def _han(signs: str) -> int:
    return sum(map(signs.count, _HAN))


def _with_signs(text: str) -> Iterator[tuple[str, str]]:
    return zip(text, text.translate(_signs), strict=True)


# --- which script carries the sentence --------------------------------------------------------------------------------

# A word in brackets or quotes may be foreign to its sentence.
_ASIDE = re.compile(
    r"""[(（][^()（）]*[)）]|\[[^][]*\]|【[^【】]*】|“[^“”]*”|‘[^‘’]*’|[「｢][^「」｢｣]*[」｣]|『[^『』]*』|《[^《》]*》"""
    r"""|〈[^〈〉]*〉|<[^<>]*>|«[^«»]*»|„[^„“”]*[“”]|"[^"]*"|'(?<![A-Za-z0-9]')[^']*'(?![A-Za-z0-9])"""
)

# A word of letters that leave spaces between words, and that hangs on no other letter: neither `iTunes` of `iTunes에서`
# nor the `xml` of `service.xml`.
_SPACED_WORD = re.compile(
    r"(?<![^\W_])(?<![.@/_-])[a-z\u00c0-\u024f\u0370-\u10ff\u1e00-\u1fff]+(?:['’][a-z]+)?(?![^\W_])", re.IGNORECASE
)
_SENTENCE = 3  # words without a capital that no name has; one less if one is English
_NAME_OR_TWO = 2  # words between spaces
_SYLLABLE = 4.0  # Latin letters that weigh as much as one Hangul, kana or Han letter
_READING = 3.0  # Latin letters that spell one at most: what is more than the reading of a name
# The weight of a Latin letter in a word with a capital: the East Asian press prints many names, some of English words.
_NAME, _ENGLISH_NAME = 0.1, 0.5


def detect(text: str, hint: str | None = None) -> Language:
    """The language of a headline or a text; `und` where it has no letters.

    The tag is `ko`, `ja`, `zh-Hans`, `zh-Hant`, `zh` (Chinese, either script), `en` or another BCP 47 tag. The hint is
    the tag that the source is said to have; it decides only where the text does not.
    """
    signs = text.translate(_signs)
    hangul, kana, latin, other = map(signs.count, "kjlo")
    ideographs = _han(signs)
    east = hangul + kana + ideographs
    if latin + other and (not east or _carried_by_words(text, east, latin + other)):
        spelt = "".join(char for char, sign in _with_signs(text) if not _EAST.match(sign)) if east else text
        return (letters.by_latin if latin >= other else letters.by_other)(spelt, _primary(hint or ""))
    if hangul and (hangul == east or _is_korean(text, signs)):
        return Language(tag="ko", basis="hangul", confidence=_share(hangul + ideographs / 2, east))
    if kana and (kana == east or _is_japanese(text, signs)):
        return Language(tag="ja", basis="kana", confidence=_share(kana + ideographs, east))
    if ideographs:
        return _by_characters(_without_foreign_asides(text) if hangul or kana else text, hint)
    return Language(tag="und", basis="no letters", confidence=1.0)


def _share(part: float, whole: int) -> float:
    return round(0.5 + 0.5 * min(1.0, part / whole), 3)


def _carried_by_words(text: str, east: int, spelt: int) -> bool:
    """Whether a text with East Asian letters is a sentence in spelt words. What stands in an aside counts half."""
    if spelt < east:
        return False
    text = unicodedata.normalize("NFKC", text)
    outside = _ASIDE.sub(" ", text)
    signs, words = outside.translate(_signs), _SPACED_WORD.findall(outside)
    east_outside = len(_EAST.findall(signs))
    if east_outside and not words:
        return False
    is_sentence = _stand_between_words(signs, outside) if east_outside else _are_a_headline(words, text, spelt / east)
    return is_sentence or _weight(text) + _weight(outside) > _SYLLABLE * (east + east_outside)


def _stand_between_words(signs: str, text: str) -> bool:
    """Whether a text begins and ends in spelt words, and has only words or names of East Asia among them."""
    first, last = _EAST.search(signs), _LAST_EAST.match(signs)
    if not first or not last or max(map(len, map(str.split, signs.split("l")))) > _NAME_OR_TWO:
        return False
    spelt = list(_SPACED_WORD.finditer(text))
    before = [word[0] for word in spelt if word.end() <= first.start()]
    after = [word[0] for word in spelt if word.start() >= last.end()]
    plain = [word for word in before + after if word[0].islower()]
    spoken = len(plain) >= _SENTENCE - any(map(letters.is_english, plain))
    return spoken and _are_words(before) and _are_words(after)


def _are_words(words: Sequence[str]) -> bool:
    """Whether words are more than one name."""
    return len(words) > 1 or any(word.islower() or letters.is_english(word) for word in words)


def _weight(text: str) -> float:
    return sum(len(word) * _letter_weight(word) for word in _SPACED_WORD.findall(text))


def _letter_weight(word: str) -> float:
    if word[0].islower():
        return 1.0
    return _ENGLISH_NAME if letters.is_english(word) else _NAME


# Marks of the East Asian press: its brackets, and what it puts before a headline, as in `[포토] BLACKPINK`.
_EASTERN_MARK = re.compile(r"[「『《〈【]|\A\s*[\[<]")
_GLOSS_OF_WORD, _QUOTED_END = re.compile(r"\w[”’\"']?\s[(\[]"), re.compile(r"[”’\"']\W*\Z")


def _are_a_headline(words: Sequence[str], text: str, share: float) -> bool:
    """Whether words around East Asian letters, all of them in asides, are more than the name of a speaker.

    A clause with English words is. So are three words, two English ones, or two before and after a bracket, if their
    letters are several times those in asides; but what is quoted after names is what they say, as in `Stray Kids ‘특’`.
    """
    english, lower = sum(map(letters.is_english, words)), any(map(str.islower, words))
    if _EASTERN_MARK.search(text):
        return english > 1 and lower and len(words) > 2
    if (english > 1 and (lower or len(words) > 3)) or (english and lower and len(words) > 2):
        return True
    if _GLOSS_OF_WORD.search(text):
        return len(words) > 1 and share > _READING
    return share > _SYLLABLE and (english > 1 or (len(words) > 2 and (english > 0 or not _QUOTED_END.search(text))))


# --- Hangul and kana beside Han characters ----------------------------------------------------------------------------

_SPEAKER = 8  # Hanja that may stand alone before what is said

# Old forms that Japanese names keep.
_IN_NAMES = re.compile(
    "[澤齋豐濱瀧眞惠榮櫻壽藏嶽澁淺彌顯]|[渡田川]邊|廣[瀬田岡島]|圓谷|萬[田斎]|德[永川田]|國[分村學]|慶應|學院大"
)

# How the Chinese press sets off a foreign title or word, and everybody the reading of a name.
_CHINESE_TITLE, _BRACKET = re.compile(r"[\u3400-\u9fff]《[^《》]*》"), re.compile(r"[(（][^()（）]*[)）]")
_CHINESE_QUOTE = re.compile(r"[\u3400-\u9fff][“‘][\u3041-\u30ff]+[”’][\u3400-\u9fff]")


def _is_korean(text: str, signs: str) -> bool:
    """Whether a text with Hangul and other East Asian letters is Korean."""
    hangul, kana = signs.count("k"), signs.count("j")
    outside = _ASIDE.sub(" ", text)
    around = outside.translate(_signs)
    hangul_around, kana_around, han_around = around.count("k"), around.count("j"), _han(around)
    if han_around and not hangul_around + kana_around:
        return _are_hanja(text, outside, hangul)
    if kana:
        return hangul_around > kana_around or (hangul_around == kana_around and hangul >= kana)
    return 4 * hangul >= _han(signs) and (han_around <= hangul_around or _not_in_korea(outside) < 2)


def _are_hanja(text: str, outside: str, hangul: int) -> bool:
    """Whether Han characters around quoted Hangul are a Korean speaker, or else no more than what is quoted.

    In Chinese and Japanese, a quotation touches the words around it, or its marks are none of the Korean press.
    """
    marked = _ASIDE.sub(lambda aside: "가" if "k" in aside[0].translate(_signs) else " ", text).translate(_signs)
    if _not_in_korea(outside) or re.search(f"[{_HAN}]k[{_HAN}]{{2}}", marked):
        return False
    apart = not re.search(f"[{_HAN}]k", marked) and not re.search("[（「『《]", text)
    return _han(marked) <= max(hangul, _SPEAKER * apart)


def _not_in_korea(text: str) -> int:
    """How many Han characters Korea's character set lacks: nearly all that are simplified or in print only in Japan."""
    return sum(sign in _HAN and not char.encode("euc_kr", "ignore") for char, sign in _with_signs(text))


def _is_japanese(text: str, signs: str) -> bool:
    """Whether a text with kana and Han characters is not Chinese around a decorative の, a Japanese name or a quote."""
    outside = _ASIDE.sub(" ", text)
    around = outside.translate(_signs)
    margin = _margin(signs)
    if "j" not in around and _han(around):
        return min(margin, _margin(around)) < 2 and not _is_chinese_around_kana(text, outside)
    if margin < 2:
        return True
    kana = signs.count("j")
    one_word = margin > 2 and len(re.findall("j+", signs)) == 1 and 4 * kana <= len(text)
    return kana > 2 and not one_word and "j" in around


def _is_chinese_around_kana(text: str, outside: str) -> bool:
    """Whether Han characters around quoted or bracketed kana are Chinese by themselves or by the marks they use.

    What a Japanese says stands in 「」: an old form before it may be that of a name.
    """
    around = outside.translate(_signs)
    margin = _margin(around) + ("，" in outside) - ("・" in outside)
    if _sets_off_kana(_CHINESE_TITLE, text) or (_CHINESE_QUOTE.search(text) and not _misprints(around)[1]):
        margin += 1
    elif not _sets_off_kana(_BRACKET, text):
        margin -= len(_IN_NAMES.findall(outside))
    return margin > 0


def _sets_off_kana(mark: re.Pattern[str], text: str) -> bool:
    return any("j" in aside[0].translate(_signs) for aside in mark.finditer(text))


def _without_foreign_asides(text: str) -> str:
    """What stands outside, where it has Han characters and neither Hangul nor kana: it decides alone."""
    outside = _ASIDE.sub(" ", text)
    signs = outside.translate(_signs)
    return outside if _han(signs) and not ("k" in signs or "j" in signs) else text


# --- Han characters ---------------------------------------------------------------------------------------------------


def _misprints(signs: str) -> tuple[int, int, int]:
    """How many characters Japan, the mainland and Taiwan would not print."""
    _, j, m, jm, t, jt, mt, jmt = map(signs.count, _HAN)
    return j + jm + jt + jmt, m + jm + mt + jmt, t + jt + mt + jmt


def _margin(signs: str) -> int:
    """How many more characters Japan would not print than the Chinese press that is likelier."""
    japan, mainland, taiwan = _misprints(signs)
    return japan - min(mainland, taiwan)


def _by_characters(text: str, hint: str | None) -> Language:
    """Chinese or Japanese by the characters that only one of them prints, else by the hint, else Chinese."""
    signs = text.translate(_signs)
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

_UP_TO_A_WORD, _PAST_A_WORD = re.compile(r".*\s", re.DOTALL), re.compile(r"\S*\s+")
_GOES_ON = re.compile(r"[a-z]|(?<!\s)[^\W\d_]")  # what follows a quoted sentence within another
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
            yield from _split(line, _ends(line))
        else:
            yield line


def _ends(line: str) -> Iterator[int]:
    """Where the sentences of a line end: not before what is quoted or in brackets does."""
    asides = [aside.span() for aside in _ASIDE.finditer(line)]
    for match in _END.finditer(line):
        before = bisect_left(asides, (match.end(), 0)) - 1
        _, closed = asides[before] if before >= 0 else (0, 0)
        goes_on = match.start() < closed and _GOES_ON.match(line, match.end())
        if closed <= match.end() and not goes_on:
            yield match.end()


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
        after = _PAST_A_WORD.match(sentence, last + 1) if first >= 0 else None
        sides = outside[: before.end()] if before else "", sentence[after.end() :] if after else ""
        ends = [end.end() for end, side in zip((before, after), sides, strict=True) if end and is_other(side)]
        if ends and not _is_one_sentence(sentence, *sides):
            return _split(sentence, ends)
    return iter((sentence,))


def _is_one_sentence(sentence: str, before: str, after: str) -> bool:
    """Whether the language on both sides of a word is that of the sentence."""
    tag = _primary(detect(sentence).tag)
    if tag == "ko":
        return False
    if tag in ("ja", "zh"):
        return all(_EAST.search(side.translate(_signs)) for side in (before, after))
    return _are_words(letters.words(before)) and _are_words(letters.words(after))


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
