"""Correction notices: does a text say that it corrects something, and what was wrong, what is right.

    The name of one of the cities is 난핑, not 남평.          「南平」は「南坪」の誤りでした。
    남평이 아니라 난핑입니다.                                “南平”应为“南坪”。

Whoever looks for the wrong spelling later should find the article that has the right one, so a pair is a spelling and
the one that takes its place: words, no sentences. Wordings that the press uses for nothing else are believed. "X, not
Y" is also how people argue: it counts where the text says that it corrects something, or where the two look alike.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from difflib import SequenceMatcher
from functools import cache
from typing import NamedTuple

from aggregator.model import Correction, Revision, RevisionKind
from aggregator.text import fold, plain

LONGEST = 40  # characters of a spelling; what is longer is a sentence
_NEAR = 200  # characters from a wording to the mark that it needs

# How the press marks that something was corrected.
_MARKS = (
    "correction:",
    "corrected",
    "spelling error",
    "we regret",
    "お詫び",
    "おわび",
    "勘误",
    "更正",
    "訂正",
    "바로잡",
    "정정",
)

_MARK = re.compile(rf"[\[【（(]?\s*(?:{'|'.join(_MARKS)})\w*\s*[\]】）):：]*", re.IGNORECASE)

_OPENING, _CLOSING = "「『“‘\"'《〈", "」』”’\"'》〉"
_IS = r"(?:is|was|are|were|be|been|spelled|spelt|named|called)"
_AS_READ = r"(?:이라고|라고|으로|로)\s?(?:적은|쓴|표기한|보도한|나간)"

# Wordings by language: words of which one must be there (a quick look saves a slow one), whether they need a mark, and
# the wording, in which <wrong> and <right> stand for the spellings.
_WORDINGS = (
    ("en", "not ", True, rf"\b{_IS} <right>,? (?:and )?not <wrong>"),
    ("en", "not ", True, r"\bnot <wrong>,? but <right>"),
    ("en", " should ", True, r"<wrong> should (?:be|read|have been|have read) <right>"),
    (
        "en",
        "mis",
        False,
        rf"\bmis(?:identified|named|spelled|spelt|stated)\b[^.]{{0,80}}? as <wrong>\. It {_IS} <right>",
    ),
    ("ja", "ではなく", True, "<wrong>ではなく、?<right>"),
    ("ja", "の誤|の間違", False, "<wrong>(?:とあるの|としたの|との記述)?は、?<right>の(?:誤り|間違い|誤記|誤植)"),
    ("ja", "訂正|修正", False, "<wrong>(?:とあるの|としたの)?を、?<right>(?:に|と)(?:訂正|修正)"),
    ("ja", "と誤|と間違", False, "<right>を、?<wrong>と(?:誤|間違)"),
    ("ja", "誤", False, r"[（(]誤[）)]\s?<wrong>\s?[→、]?\s?[（(]正[）)]\s?<right>"),
    ("ko", "아니라", True, "<wrong>(?:이|가) 아니라,? <right>(?:입니다|이다|이며|이라고|이었|였|으로|로|이 맞|가 맞)"),
    ("ko", "의 잘못", True, "<wrong>(?:은|는) <right>의 잘못"),
    ("ko", "의 오", False, "<wrong>(?:은|는) <right>의 (?:오기|오타)"),
    ("ko", "니다", False, r"<wrong>(?:을|를|은|는) <right>(?:으로|로) (?:바로\s?잡습|정정합|고칩|수정합)니다"),
    ("ko", "이 맞|가 맞", False, rf"<wrong>{_AS_READ} [^.]{{0,30}}?<right>(?:이|가) 맞"),
    ("ko", "로 잘못 ", False, "<right>(?:을|를) <wrong>(?:으로|로) 잘못 (?:보도|쓰|썼|옮|적|표기)"),
    ("zh", "不是", True, "不是<wrong>[，,]?而?是<right>"),
    ("zh", "不是|并非|並非", True, "是<right>[，,]?而?(?:不是|并非|並非)<wrong>"),
    ("zh", "应|應", False, "<wrong>(?:有误|有誤)?[，,]?[应應][该該]?[为為是作]<right>"),
    ("zh", "正为|正為", False, "<wrong>[更改]正[为為]<right>"),
    ("zh", "误|誤|错|錯", False, "<right>[误誤错錯](?:写|寫|作|植|译|譯|称|稱|报|報)?[成作为為]?<wrong>"),
)
# In quotes a spelling may be anything; without them it is a word, which Chinese and Japanese hardly tell apart.
_WHOLE = r"(?:(?<!\w)|(?<=[はを为為是作成]))[^\W\d_]{2,8}?(?=[はをにとの有应應更误誤错錯]|\W|\Z)"
_WORDS = {
    "en": r"\b(?:[^\W\d_][\w'’-]{0,39}(?: [A-Z][\w'’-]{0,39}){0,3})\b",
    "ja": _WHOLE,
    "ko": r"(?<!\w)\w{1,40}?",
    "zh": _WHOLE,
}


def says_so(text: str) -> bool:
    """Whether a text says that it, or something in it, was corrected."""
    folded = fold(text)
    return any(fold(mark) in folded for mark in _MARKS)


def found(title: str, summary: str, revisions: Iterable[Revision] = ()) -> tuple[Correction, ...]:
    """What an article corrects: by its words, and by what it changed where it says that this was a correction."""
    changed = (between(one.before, one.after) for one in revisions if one.kind is RevisionKind.CORRECTION)
    return tuple(dict.fromkeys((*notices(title), *notices(summary), *filter(None, changed))))


def notices(text: str) -> tuple[Correction, ...]:
    """The corrections that a text puts into words, in the order in which they stand there."""
    places: dict[int, Correction] = {}
    for wording in (one for one in _compiled() if any(hint in text for hint in one.hints)):
        for match in wording.pattern.finditer(text):
            pair = _pair(match["wrong"] or match["wrong_bare"], match["right"] or match["right_bare"])
            near = text[max(0, match.start() - _NEAR) : match.end() + _NEAR]
            if pair and (_speaks_for_itself(wording, match, pair) or says_so(near)):
                places.setdefault(match.start(), pair)
    return tuple(dict.fromkeys(places[place] for place in sorted(places)))


def between(before: str, after: str) -> Correction | None:
    """The one word that a corrected text has in place of another; None where more, or something else, was changed."""
    one, other = (re.findall(r"\w+|[^\w\s]", _MARK.sub(" ", text)) for text in (before, after))
    pairs = set()
    for kind, start, end, start_after, end_after in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if kind == "replace" and end - start == end_after - start_after == 1:
            pairs.add(_pair(*_without_particle(one[start], other[start_after])))
        elif kind != "equal":
            return None
    pair = pairs.pop() if len(pairs) == 1 else None
    return pair if pair and _alike(pair) else None


# --- a pair -----------------------------------------------------------------------------------------------------------

_ARTICLE = re.compile(r"\A(?:an?|the) ", re.IGNORECASE)
_PARTICLE = re.compile(r"(?<=[가-힣]{2})(?:에서|으로|까지|부터|[을를이가은는에의로과와도])\Z")


def _pair(wrong: str, right: str) -> Correction | None:
    wrong, right = (_ARTICLE.sub("", plain(one)) for one in (wrong, right))
    if not (wrong and right) or max(len(wrong), len(right)) > LONGEST or fold(wrong) == fold(right):
        return None
    return Correction(wrong=wrong, right=right)


def _without_particle(one: str, other: str) -> tuple[str, str]:
    """Two Korean words without the particle that both of them end in."""
    first, second = _PARTICLE.search(one), _PARTICLE.search(other)
    if first and second and first[0] == second[0]:
        return one[: first.start()], other[: second.start()]
    return one, other


def _alike(pair: Correction) -> bool:
    """Whether two spellings are of one length and share half of their letters; Hangul is compared by its parts."""
    if len(pair.wrong) != len(pair.right):
        return False
    one, other = (unicodedata.normalize("NFD", spelling) for spelling in (pair.wrong, pair.right))
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= 0.5


# --- wordings as patterns ---------------------------------------------------------------------------------------------


class _Wording(NamedTuple):
    hints: tuple[str, ...]
    needs_mark: bool
    spaced: bool  # whether the language parts its words
    pattern: re.Pattern[str]


@cache
def _compiled() -> tuple[_Wording, ...]:
    return tuple(
        _Wording(
            hints=tuple(hints.split("|")),
            needs_mark=needs_mark,
            spaced=language in ("en", "ko"),
            pattern=re.compile(_pattern(wording, _WORDS[language])),
        )
        for language, hints, needs_mark, wording in _WORDINGS
    )


def _pattern(wording: str, word: str) -> str:
    for name in ("wrong", "right"):
        quoted = rf"[{_OPENING}](?P<{name}>[^{_OPENING}{_CLOSING}]{{1,{LONGEST}}})[{_CLOSING}]"
        wording = wording.replace(f"<{name}>", rf"(?:{quoted}|(?P<{name}_bare>{word}))")
    return wording


def _speaks_for_itself(wording: _Wording, match: re.Match[str], pair: Correction) -> bool:
    """Whether a wording is a correction where nothing else says so."""
    doubts = wording.needs_mark + (not wording.spaced and bool(match["wrong_bare"] or match["right_bare"]))
    return doubts == 0 or (doubts == 1 and _alike(pair))
