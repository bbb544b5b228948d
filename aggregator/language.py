"""The language of a text: by script, then by characters, then by a hint, then by n-grams.

Hangul is Korean, kana Japanese. Han characters alone are asked who prints them: Japan, the mainland, or Taiwan and Hong
Kong; that is derived from the national character sets and OpenCC's dictionaries. Only Latin and other letters meet the
profiles of langdetect. An answer says on what ground it stands, and depends on no earlier call. Nothing here knows
sources, topics or outlets.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from aggregator import text as texts
from aggregator.model import Language

# --- one sign for every character -------------------------------------------------------------------------------------

# A text is read as a string of signs, one for each character, so that counting is `str.count`: `k` for Hangul, `j` for
# kana, `l` for Latin and `o` for other letters, a blank for the rest. A Han character is a digit: the sum of those who
# do not print it.
_JAPAN, _MAINLAND, _TAIWAN = 1, 2, 4
_SIGNS: dict[texts.Script, str] = {"hangul": "k", "kana": "j", "latin": "l", "other": "o", "none": " "}
_HAN = "01234567"


class _Signs(dict[int, str]):
    """A table for `str.translate` that finds the sign of a character when it first meets it."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        script = texts.script(char)
        return self.setdefault(code, str(_strangers(char)) if script == "han" else _SIGNS[script])


_signs = _Signs()


def _strangers(char: str) -> int:
    """The sum of those who do not print a Han character."""
    return (
        _JAPAN * (not _printed_in_japan(char))
        + _MAINLAND * (not _printed_on_the_mainland(char))
        + _TAIWAN * (not _printed_in_taiwan(char))
    )


def _printed_in_japan(char: str) -> bool:
    """In Windows' Shift_JIS, and not one of the rarer half (level 2, from 0x989F on) that a newer form replaced."""
    code = _code(char, "cp932")
    return bool(code) and not (b"\x98\x9f" <= code < b"\xed\x40" and char in texts.conversion("t2jp"))


def _printed_on_the_mainland(char: str) -> bool:
    """In GB 2312, or else a simplified form."""
    return char not in _ONLY_IN_JAPAN and bool(_code(char, "gb2312") or _simplified(char))


def _printed_in_taiwan(char: str) -> bool:
    """In the common half of Big5 (up to 0xC67E), or in the rest and in Hong Kong's additions and no newer form."""
    code = _code(char, "big5hkscs")
    if b"\xa4\x40" <= code <= b"\xc6\x7e":
        return True
    return char not in _ONLY_IN_JAPAN and bool(code) and not _simplified(char) and char not in texts.conversion("jp2t")


def _simplified(char: str) -> bool:
    return char in texts.conversion("s2t") and char not in texts.conversion("jp2t")


# In all the character sets, in print only in Japan: the iteration mark.
_ONLY_IN_JAPAN = "々"


def _code(char: str, charset: str) -> bytes:
    return char.encode(charset, "ignore")


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
_NAME = 0.2  # the weight of a Latin letter in a word with a capital: the East Asian press prints many such names


def detect(text: str, hint: str | None = None) -> Language:
    """The language of a headline or a text; `und` where it has no letters.

    The tag is `ko`, `ja`, `zh-Hans`, `zh-Hant`, `zh` (Chinese, either script), `en` or another BCP 47 tag. The hint is
    the tag that the source is said to have; it decides only where the text does not.
    """
    signs = text.translate(_signs)
    hangul, kana, latin, other = map(signs.count, "kjlo")
    han = sum(map(signs.count, _HAN))
    east = hangul + kana + han
    if latin + other and (not east or _carried_by_words(text, east, latin + other)):
        return _by_letters(text, hint, latin >= other)
    if hangul and (hangul >= kana if kana else 4 * hangul >= han):
        return Language(tag="ko", basis="hangul", confidence=_share(hangul + han / 2, east))
    if kana and not _quoted_kana(text, signs, kana):
        return Language(tag="ja", basis="kana", confidence=_share(kana + han, east))
    if han:
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
    return sum(len(word) * (1 if word[0].islower() else _NAME) for word in _SPACED_WORD.findall(text))


def _quoted_kana(text: str, signs: str, kana: int) -> bool:
    """Whether Chinese characters stand around a decorative の or a quoted Japanese name."""
    japan, mainland, taiwan = _misprints(signs)
    if japan < min(mainland, taiwan) + 2:
        return False
    return kana <= 2 or "j" not in _ASIDE.sub(" ", text).translate(_signs)


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
        return Language(tag="ja", basis=_evidence(text, signs, _JAPAN), confidence=_sure(chinese - japan))
    if japan == chinese and hinted == "ja":
        return Language(tag="ja", basis="hint", confidence=0.8)
    if mainland == taiwan:
        tag, who = "zh", _MAINLAND + _TAIWAN
    else:
        tag, who = ("zh-Hans", _MAINLAND) if mainland < taiwan else ("zh-Hant", _TAIWAN)
    if japan > chinese:
        return Language(tag=tag, basis=_evidence(text, signs, who), confidence=_sure(japan - chinese))
    return Language(tag=tag, basis="hint" if hinted == "zh" else "han", confidence=0.8 if hinted == "zh" else 0.6)


def _sure(margin: int) -> float:
    return round(1 - 0.3**margin, 3)


def _evidence(text: str, signs: str, who: int) -> str:
    """The first characters that `who` prints and somebody else does not."""
    telling = [char for char, sign in zip(text, signs, strict=True) if sign in "123456" and not int(sign) & who]
    return "characters: " + "".join(dict.fromkeys(telling))[:3] if telling else "punctuation"


# --- Latin and other letters ------------------------------------------------------------------------------------------

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


def _words(words: str) -> tuple[str, ...]:
    return tuple(words.split())


# Function words of English, and those of its neighbours that English does not print.
_ENGLISH = frozenset(
    _words("""
    about after against ahead all am amid among and any are as at be been before but by could do does down even ever
    for from get had has have he her his how i if into is it its like make me more my never new no not of off on
    only or our out over own said say says she should some than that the their them they this to under until up very
    was we were what when where which while who why will with would you your
    """)
)
_FOREIGN = frozenset(
    _words("""
    aan al alla ang att au auf aus aux av avec bei bij con cu của da dan dans das de degli dei del della dem den der
    des di din dos du e een egy ein eine einen el em en es est et från für gegen het il ile im ja je jest kan không
    la las le les lo los med mga mit na ne nel ng người nicht nie non och oh om ont op pada par para pe per por pour
    på que sa se ska som sont sta sua sul sur te til till tra trong um uma un una und une untuk van ve vil von voor
    và w y yang z za ze zu zum zur à är è é în över
    """)
)
_ENGLISH_ENDING = re.compile(r"['’](?:s|t|re|ve|ll|d)\Z|\w{3}ing\Z")

# What speaks for English, in nats. Headlines are short and full of names, and most of those that look like another
# language are English, so another language must be more likely by a benefit of doubt.
_BENEFIT = 6.0
_FUNCTION_WORD = 4.0
_TITLE_CASE = 6.0
_SILENCE = 1.0  # for each word, where no word and no letter is foreign
_HINT = 6.0

# The profiles of langdetect, by script; without those of languages whose press is small and that resemble English.
_LATIN = _words("cs da de en es et fi fr hr hu id it lt lv nl no pl pt ro sk sl sv tl tr vi")
_OTHER = _words("ar bg bn el fa gu he hi kn mk ml mr ne pa ru ta te th uk ur")


def _by_letters(text: str, hint: str | None, latin: bool) -> Language:
    """The language of a text in Latin or in other letters."""
    text = unicodedata.normalize("NFKC", text)
    favour = {_primary(hint): _HINT} if hint else {}
    if not latin:
        return _by_profiles(text, _OTHER, favour)
    words = _WORD.findall(text)
    english = sum(word.lower() in _ENGLISH or bool(_ENGLISH_ENDING.search(word)) for word in words)
    foreign = sum(word.lower() in _FOREIGN for word in words)
    silent = not foreign and text.isascii()
    if silent and english > 1:
        return Language(tag="en", basis="function words", confidence=0.99)
    evidence = _BENEFIT + _FUNCTION_WORD * (english - foreign) + _TITLE_CASE * _in_title_case(words)
    favour["en"] = favour.get("en", 0.0) + evidence + _SILENCE * silent * len(words)
    return _by_profiles(text, _LATIN, favour)


def _in_title_case(words: list[str]) -> bool:
    """Whether all words but function words begin with a capital, as in English headlines."""
    content = [word for word in words if word not in _ENGLISH]
    return len(content) > 2 and all(word[0].isupper() for word in content)


def _primary(tag: str) -> str:
    return tag.split("-")[0].lower()


def _by_profiles(text: str, names: tuple[str, ...], favour: Mapping[str, float]) -> Language:
    """The most likely language by langdetect's profiles; `favour` is what is known beforehand, in nats.

    langdetect itself draws n-grams at random until it is sure, and it always is. The sum over all n-grams is the same
    every time, and says how sure one can be.
    """
    table = _profiles(names)
    known = [table[gram] for gram in _grams(text[:_ENOUGH]) if gram in table]
    if not known:
        tag = "und" if names is _OTHER else "en"
        return Language(tag=tag, basis="letters", confidence=0.3)
    sums = [favour.get(name, 0.0) for name in names]
    for chances in known:
        sums = [one + math.log(chance + _UNSEEN) for one, chance in zip(sums, chances, strict=True)]
    best = max(sums)
    likely = 1 / sum(math.exp(one - best) for one in sums)
    return Language(tag=names[sums.index(best)], basis="langdetect", confidence=round(likely, 3))


_ENOUGH = 2000  # characters that tell the language of any text
_UNSEEN = 0.00005  # the chance of an n-gram that a profile does not hold: langdetect's alpha / BASE_FREQ


def _grams(text: str) -> Iterator[str]:
    """The n-grams of langdetect: one to three letters, a space at the edges of words, none within capitals."""
    from langdetect.utils.ngram import NGram

    window = NGram()
    for char in NGram.normalize_vi(text):
        window.add_char(char)
        yield from filter(None, map(window.get, range(1, NGram.N_GRAM + 1)))


@cache
def _profiles(names: tuple[str, ...]) -> dict[str, list[float]]:
    """For every n-gram, its frequency in each of the languages."""
    from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory

    factory = DetectorFactory()
    factory.load_json_profile([Path(PROFILES_DIRECTORY, name).read_text(encoding="utf-8") for name in names])
    table: dict[str, list[float]] = factory.word_lang_prob_map
    return table


# --- bilingual text ---------------------------------------------------------------------------------------------------

# Where a line or a sentence ends: after its mark, closing quotes and white space. A Latin mark needs the white space.
_END = re.compile(r"""\n\s*|[。！？]+[”’"'」』）)\]]*\s*|(?<![.!?…])[.!?…]++[”’"'」』）)\]]*+\s+""")

_EAST = re.compile(f"[kj{_HAN}]")
_UP_TO_A_WORD, _PAST_A_WORD = re.compile(r".*\s", re.DOTALL), re.compile(r"\S*\s+")


def segments(text: str) -> tuple[tuple[Language, str], ...]:
    """A text in several languages in its parts: each a run of lines or sentences in one language.

    Put together, the parts are the text. What is too short to show a language of its own goes with what stands before
    it, else with what follows.
    """
    if not text:
        return ()
    hint = detect(text).tag
    labels: list[tuple[str | None, str]] = []
    for sentence in _split(text, (match.end() for match in _END.finditer(text))):
        for clause in _clauses(sentence):
            tag = _own_language(clause, hint)
            hint = tag or hint
            labels.append((tag, clause))
    last = next((tag for tag, _ in labels if tag), hint)
    runs: list[tuple[str, str]] = []
    for tag, clause in labels:
        last = tag or last
        if runs and _primary(runs[-1][0]) == _primary(last):
            runs[-1] = (runs[-1][0], runs[-1][1] + clause)
        else:
            runs.append((last, clause))
    return tuple((_language_of_run(tag, run), run) for tag, run in runs)


def _split(text: str, ends: Iterable[int]) -> Iterator[str]:
    start = 0
    for end in (*ends, len(text)):
        if start < end:
            yield text[start:end]
        start = end


def _clauses(sentence: str) -> Iterator[str]:
    """A sentence, cut where East Asian words and at least four English ones meet without a mark."""
    east = [match.start() for match in _EAST.finditer(sentence.translate(_signs))]
    if len(east) > 5:
        before, after = _UP_TO_A_WORD.match(sentence, 0, east[0]), _PAST_A_WORD.match(sentence, east[-1] + 1)
        if before and _is_english(before[0]):
            return _split(sentence, [before.end()])
        if after and _is_english(sentence[after.end() :]):
            return _split(sentence, [after.end()])
    return iter((sentence,))


def _is_english(text: str) -> bool:
    words = _WORD.findall(text.lower())
    return len(words) > 3 and not _ENGLISH.isdisjoint(words)


def _own_language(piece: str, hint: str) -> str | None:
    """The tag of a piece, or None where it may be no more than a name."""
    language = detect(piece, hint)
    words = [word.lower() for word in _WORD.findall(piece)]
    short = language.basis == "langdetect" and len(words) < 4 and _ENGLISH.isdisjoint(words)
    return None if short or language.tag == "und" else language.tag


def _language_of_run(tag: str, run: str) -> Language:
    """What the whole run says of itself, unless quotations make it say another language than its sentences."""
    language = detect(run, tag)
    return language if _primary(language.tag) == _primary(tag) else Language(tag=tag, basis="sentences", confidence=0.8)
