"""Numbers in a text, in one form whatever the language prints: 600명 = 600人 = 六百人 = 600, 5,000억 = 500 billion.

    "탈북민 600여 명"            -> 600 people
    "基準金利を0.25%引き上げ"      -> 0.25 percent
    "1兆2000億円" "1.2 trillion yen" -> 1200000000000 money
    "10월 12일" "Oct. 12" "2023年"  -> dates, which are kept apart: they say when, not what

A number has a kind as far as the words beside it tell, and "" where they do not: English prints `600 refugees`, and
only a dictionary would know that these are people. Pure and total; offsets count characters of the folded text.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from typing import NamedTuple

from aggregator.text import fold

DATE, YEAR, TIME, NAME = "date", "year", "time", "name"
CALENDAR = frozenset({DATE, YEAR, TIME})  # kinds that say when


class Number(NamedTuple):
    """A number of a text: what it amounts to, what kind of thing it counts, and where it stands in the folded text."""

    value: Decimal
    kind: str
    start: int
    end: int

    @property
    def digits(self) -> str:
        """The value without exponent or final zeros: `600`, `0.25`, `1200000000000`."""
        return f"{self.value.normalize():f}"


_SMALL = {"십": 10, "백": 100, "천": 1000, "十": 10, "百": 100, "千": 1000}
_GREAT = {"만": 10**4, "억": 10**8, "조": 10**12, "万": 10**4, "亿": 10**8, "兆": 10**12}
_WORDS = {"hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12,
          "mn": 10**6, "bn": 10**9, "tn": 10**12, "m": 10**6, "k": 10**3}  # fmt: skip
_HAN = {"〇": 0, "零": 0, "一": 1, "二": 2, "両": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_ENGLISH = {word: value for value, word in enumerate(re.findall(
    r"\w+", "zero one two three four five six seven eight nine ten eleven twelve"))}  # fmt: skip
_ORDINALS = {word: value for value, word in enumerate(re.findall(
    r"\w+", "first second third fourth fifth sixth seventh eighth ninth tenth"), start=1)}  # fmt: skip

_ARABIC = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_MARKS = "".join((*_SMALL, *_GREAT))
_HAN_DIGITS = "".join(_HAN)

# 1조2000억, 3천억, 16.5만, 5 million; 六百, 三万五千, 二〇二三; five. What may follow is told apart by _UNITS.
_NUMBER = re.compile(
    rf"""(?P<arabic>(?<![\d.,])(?:{_ARABIC})(?:[{_MARKS}]+(?:(?:{_ARABIC})[{_MARKS}]+
           |(?:{_ARABIC})(?![\d.,년월月年일日号]))*)?)
         (?:[ -]?(?P<word>hundred|thousand|million|billion|trillion|mn|bn|tn|[mk](?![a-z0-9]))(?![a-z]))?
       | (?P<han>(?<![{_HAN_DIGITS}十百千])
           (?:[{_HAN_DIGITS}]?[十百千][{_HAN_DIGITS}十百千]*[万亿兆]?|[{_HAN_DIGITS}][万亿])
           [{_HAN_DIGITS}十百千万亿]*(?=[人名位死伤件日月岁年円元余多個个隻棟戸級点分成周時%起]))
       | (?P<places>(?<![{_HAN_DIGITS}])[{_HAN_DIGITS}]{{4}}(?=年))
       | \b(?P<english>{"|".join((*_ENGLISH, *_ORDINALS))})\b""",
    re.VERBOSE,
)

_LOOSELY = r"(?:여|余|餘|多|数|强|強|약)?\s?"  # 600여 명, 六百余人

# What stands behind a number, the first that fits; kinds are compared, so one kind is one unit.
_UNITS = tuple(
    (kind, re.compile(_LOOSELY + pattern))
    for kind, pattern in (
        ("percent", r"(?:%|퍼센트|프로(?!그|젝)|パーセント|ポイント|percent(?:age)?\b|per cent\b|pc\b)"),
        (YEAR, r"(?:년|年)(?!間|间|ぶり|연속|連続|级|級|生|来|만|간)"),
        (DATE, r"(?:월|月)(?!間)"),
        (DATE, r"(?:일|日|号)(?!間|间|ぶり|연속|連続|本|元|円|간|만)"),
        (TIME, r"(?:시(?!간|즌|민|장|리)|時(?!間|代)|点(?!の)|분|分(?!の)|[ap]\.?m\b)"),
        ("money", (r"(?:원(?!유|전|내|인)|달러|엔|위안|유로|円|ドル|ウォン|ユーロ|元|美元|日元|韩元|欧元|港元|"
                  r"won\b|yen\b|yuan\b|dollars?\b|euros?\b|usd\b)")),
        ("people", r"(?:명|인(?!치|분|용)|人|名(?!古)|people\b|persons?\b|dead\b|killed\b|deaths?\b|injured\b|hurt\b)"),
        ("age", r"(?:세(?!계|기|대|트|력)|살|岁|才|-year-old|years old)"),
        ("degrees", r"(?:도(?!로|쿄|시|심|내|의)|°|度(?!の|目))"),
        ("magnitude", r"(?:級|級?地震|規模)"),
        ("ordinal", (r"(?:위(?!안|원|협|해|험|기|성)|位|등(?!록|장|급)|회|回|次|차(?!량|기|관|별)|호|届|代|"
                    r"(?:st|nd|rd|th)\b)")),
    )
)  # fmt: skip
_BEFORE = (
    ("magnitude", re.compile(r"(?:규모|マグニチュード|magnitude|里氏|芮氏|規模|震級)\s?(?:은|는|が|は|of|:)?\s?\Z|"
                             r"(?<![a-z])m\s?\Z")),
    ("money", re.compile(r"(?:[$¥€£₩]|us\$|hk\$|nt\$)\s?\Z")),
    ("ordinal", re.compile(r"(?:第|제|no\.?|#)\s?\Z")),
    (DATE, re.compile(r"(?:\b(?:jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec)[a-z]*\.?)\s?\Z")),
)  # fmt: skip
_MONTH_BEHIND = re.compile(r"(?:st|nd|rd|th)?\s(?:january|february|march|april|may|june|july|august|september|october|"
                           r"november|december)\b")  # fmt: skip
_DATES = re.compile(r"(?<!\d)(?:19|20)\d\d[./-]\d{1,2}[./-]\d{1,2}(?!\d)|(?<!\d)\d{1,2}/\d{1,2}(?![\d%])|"
                    r"(?<!\d)\d{1,2}:\d{2}(?::\d{2})?(?!\d)")  # fmt: skip
_SCORE = re.compile(r"(?<![\d.,-])(\d{1,3})\s?(?:-|:|대|对|比|vs\.?|to)\s?(\d{1,3})(?![\d.,%]|-\d|년|월|月|年|호)")
_NAMED = re.compile(r"[a-z]{2}-?\Z|(?<![a-z])[a-ln-z]-?\Z")  # GPT-4, F-35, H3; but M7.6
_PLAIN_YEAR = re.compile(r"(?:19[5-9]|20[0-4])\d")


def found(text: str) -> tuple[Number, ...]:
    """The numbers of a text, in their order; a score (`2-1`, `3대1`) is two numbers of that kind."""
    return of_folded(fold(text))


def of_folded(folded: str) -> tuple[Number, ...]:
    """The same, of a text that is folded already."""
    if not _MAY_HOLD.search(folded):
        return ()
    scores = {match.start(group): match.end(group) for match in _SCORE.finditer(folded) for group in (1, 2)}
    dates = [match.span() for match in _DATES.finditer(folded)]
    numbers = []
    for match in _NUMBER.finditer(folded):
        start, end = match.span()
        value = _value(match)
        in_date = any(begin <= start < close for begin, close in dates)
        if _NAMED.search(folded, max(0, start - 3), start):
            kind = NAME
        else:
            kind = DATE if in_date else "score" if scores.get(start) == end else _kind(folded, start, end)
        if match["english"] in _ORDINALS:
            kind = "ordinal"
        if not kind and match["arabic"] and _PLAIN_YEAR.fullmatch(match["arabic"]):
            kind = YEAR
        numbers.append(Number(value, kind, start, end))
    return tuple(numbers)


_MAY_HOLD = re.compile(rf"\d|[{_HAN_DIGITS}十百千]|\b(?:{'|'.join((*_ENGLISH, *_ORDINALS))})\b")


def _kind(folded: str, start: int, end: int) -> str:
    for kind, pattern in _BEFORE:
        if pattern.search(folded, max(0, start - 16), start):
            return kind
    for kind, pattern in _UNITS:
        if pattern.match(folded, end):
            return kind
    return DATE if _MONTH_BEHIND.match(folded, end) else ""


@cache
def _pieces() -> re.Pattern[str]:
    return re.compile(rf"({_ARABIC})|([{_MARKS}])|([{_HAN_DIGITS}])")


def _value(match: re.Match[str]) -> Decimal:
    if word := match["english"]:
        return Decimal(_ENGLISH[word] if word in _ENGLISH else _ORDINALS[word])
    if match["places"]:
        return Decimal("".join(str(_HAN[char]) for char in match["places"]))
    return _amount(match["arabic"] or match["han"]) * _WORDS.get(match["word"] or "", 1)


def _amount(text: str) -> Decimal:
    """What a number with marks amounts to: digits times marks up to a thousand, in sections of ten thousands."""
    total = section = Decimal(0)
    pending: Decimal | None = None
    for arabic, mark, han in _pieces().findall(text):
        if mark in _GREAT:
            section += pending or 0
            total += (section or 1) * _GREAT[mark]
            section, pending = Decimal(0), None
        elif mark:
            section += (1 if pending is None else pending) * _SMALL[mark]
            pending = None
        else:
            digit = Decimal(arabic.replace(",", "")) if arabic else Decimal(_HAN[han])
            pending = digit if pending is None else pending * 10 + digit
    return total + section + (pending or 0)
