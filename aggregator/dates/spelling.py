"""One spelling: full width, Han numerals, eras, weekdays and clocks of East Asia become what the shapes know.

令和六年五月八日（水）午後三時半 becomes 2024年5月8日 午後3:30.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date

from aggregator.dates.words import ERAS, HALVES, HAN_DIGITS, any_of, compiled


def _number(match: re.Match[str]) -> str:
    """Han numerals as digits: 二〇二四 by place, 二十五 by tens. What is neither stays as it is."""
    numeral = match[0].replace("廿", "二十").replace("卅", "三十")
    if not {"十", "百"} & set(numeral):
        return "".join(str(HAN_DIGITS[sign]) for sign in numeral)
    if not re.fullmatch("(?:[^十百]?百零?)?(?:[^十百]?十)?[^十百]?", numeral):
        return match[0]
    total = digit = 0
    for sign in numeral:
        if sign in "十百":
            total, digit = total + (digit or 1) * (10 if sign == "十" else 100), 0
        else:
            digit = HAN_DIGITS[sign]
    return str(total + digit)


def _common_year(match: re.Match[str]) -> str:
    """令和6年5月8日 as 2024年5月8日, where the day lies in the era and a common year beside it agrees."""
    first, last = ERAS[match["era"]]
    year = first.year - 1 + int(match["counted"])
    try:
        inside = first <= date(year, int(match["month"]), int(match["day"])) <= last
    except ValueError:
        return match[0]
    agrees = all(int(named) == year for named in (match["before"], match["beside"]) if named)
    return f"{year}年{match['month']}月{match['day']}日" if inside and agrees else match[0]


def _clock(match: re.Match[str]) -> str:
    """15시 20분 33초, 15時半, 3点 as 15:20:33, 15:30, 3時."""
    minute = "30" if match["half"] else match["minute"] or match["bare"]
    if not minute:
        return f"{match['hour']}時"
    return f"{match['hour']}:{minute:0>2}" + (f":{match['second']:0>2}" if match["second"] else "")


_DAY_ENDS = r"\d[-./]\s?\d{1,2}\.?|[월月]\s?\d{1,2}\s?[일日]"
_CLOCK_AHEAD = rf"(?:(?:{any_of(HALVES)})\s?)?\d{{1,2}}\s?[:時时시點点]"
_ERA = (
    rf"(?:(?P<before>\d{{4}})\s?[年년]?\s?\(\s?)?(?:中[華华])?(?P<era>{any_of(ERAS)})\s?(?P<counted>\d{{1,3}})\s?[年년]?"
    r"\s?(?:\(\s?(?P<beside>\d{4})\s?[年년]?\s?\))?\s?\)?\s?(?:[年년]|(?P<point>\.))?"
    r"\s?(?P<month>\d{1,2})\s?(?(point)\.|[月월])\s?(?P<day>\d{1,2})(?(point)(?!\.?\d)\.?|\s?[日號号일])"
)
_EAST_ASIAN_CLOCK = (
    r"(?P<hour>\d{1,2})\s?(?:시(?!간)|[時时](?![間间])|[點点])[整钟鐘]?"
    r"(?:\s?(?P<minute>\d{1,2})\s?[분分]|(?P<bare>\d\d)(?![\d:년年월月일日초秒刻])|\s?(?P<half>[반半]))?"
    r"(?:(?<=[분分])\s?(?P<second>\d{1,2})\s?[초秒])?"
)
WEEKDAY = r"\b(?=[mtwfs])(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\b\.?"
_SPELLING = (
    {ord(dash): "-" for dash in "‐‒–−"}
    | {ord("〜"): "~", ord("∶"): ":"}
    | dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"))
)

# Weekdays go: the day counts, even beside a wrong weekday. Noon becomes an hour.
_ENGLISH_REWRITES = (
    (rf"(?i){WEEKDAY},?", " "),
    (r"\(\s*\)", " "),
    (r"[Nn]oon\b", "12時"),
    (r"(?<=[a-z] \d{4} )(\d{1,2})\.(\d\d)\b(?!\.)", r"\1:\2"),  # The Guardian: 8 May 2024 15.20
    (r"(?<!:\d\d )\b([HJK][KS]T) (\d{1,2}:\d\d(?::\d\d)?)\b", r"\2 \1"),  # Hong Kong: HKT 15:20
)
_REWRITES: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
    (r"[(\[<〈]\s?[월화수목금토일月火水木金土日一二三四五六](?:요일|曜日?)?(?:[·・,]?[祝休])?\s?[)\]>〉]", " "),
    (rf"({_DAY_ENDS})(?: [월일月日]|\s?[화수목금토火水木金土])\.?(?=\s?{_CLOCK_AHEAD})", r"\1 "),
    (
        r"(?:(?<=[日일])/)?(?:[월화수목금토일]요일,?|[月火水木金土日]曜日?,?|(?:星期|周|週|礼拜|禮拜)[一二三四五六日天],?)",
        " ",
    ),
    (r"^[월화수목금토일月火水木金土日],", " "),
    (rf"[{''.join(HAN_DIGITS)}十百廿卅]+(?=\s?(?:[年月日號号時时點点刻分秒天]|[个個]?小[时時]))", _number),
    (r"元(?=[年月])", "1"),
    (r"([昨今])(?=[早晚晨朝夜晩夕])", r"\1日 "),
    (r"어젯밤", "어제 밤"),
    (_ERA, _common_year),
    (r"정오|正午", "12時"),
    (_EAST_ASIAN_CLOCK, _clock),
)


def rewritten(text: str) -> str:
    """The text in the spelling that the shapes are written for: single spaces, half width, plain dashes, digits."""
    if not text.isascii():
        text = " ".join(unicodedata.normalize("NFKC", text).translate(_SPELLING).split())
        for pattern, replacement in _REWRITES:
            text = compiled(pattern).sub(replacement, text)
    for pattern, blank in _ENGLISH_REWRITES:
        text = compiled(pattern).sub(blank, text)
    return " ".join(text.split())
