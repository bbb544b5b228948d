"""What a printed date says: Korean, Japanese, Chinese, English, and what feeds print as RFC 822 and ISO 8601.

`parse` goes four steps, and each is a section below:

1. *One spelling* (`_rewritten`): full width, Han numerals, eras, weekdays and clocks of East Asia become what the
   shapes are written for: 令和六年五月八日（水）午後三時半 becomes 2024年5月8日 午後3:30.
2. *Shapes* (`_SHAPES`): patterns of one date each, tried in order. What fits leaves its named parts.
3. *Statements* (`_told`): a date may stand at the start, behind a label and behind a separator. The labels before or
   behind it say whether it is the date of publication. What is torn, or may be no date, makes the whole text unread.
4. *Instants* (`_published`): the parts become an instant in UTC, or nothing.

Whatever would take a guess is None: a part that cannot be, two ways to read, a time of day or an offset that is not
understood. Pure: the clock is an argument, and neither the machine's zone nor its locale is asked. Knows no source: who
calls says which zone holds where the text names no offset.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache
from typing import NamedTuple

from aggregator import zones
from aggregator.model import Precision, Published

# --- words ------------------------------------------------------------------------------------------------------------

# Windows of the 24-hour clock. A printed hour is the one hour, itself or twelve later, that falls into the window:
# 밤 12시 and 早上12点 fall into none, so they say nothing.
_AM, _PM = frozenset(range(12)), frozenset(range(12, 24))
_EARLY, _MIDDAY, _LATE, _NIGHT = (frozenset(range(*hours)) for hours in ((4, 12), (10, 18), (15, 24), (17, 24)))
_HALVES = {
    "am": _AM, "오전": _AM, "새벽": _AM, "午前": _AM, "上午": _AM, "凌晨": _AM, "未明": _AM,
    "아침": _EARLY, "早朝": _EARLY, "早晨": _EARLY, "早上": _EARLY, "清晨": _EARLY,
    "晨": _EARLY, "朝": _EARLY, "早": _EARLY,
    "낮": _MIDDAY, "昼": _MIDDAY, "中午": _MIDDAY,
    "pm": _PM, "오후": _PM, "午後": _PM, "午后": _PM, "下午": _PM,
    "저녁": _LATE, "夕方": _LATE, "傍晚": _LATE, "夕": _LATE,
    "밤": _NIGHT, "晚上": _NIGHT, "晚間": _NIGHT, "晚间": _NIGHT, "晚": _NIGHT, "晩": _NIGHT, "夜": _NIGHT,
}  # fmt: skip

_DAYS_AGO = {
    "today": 0, "오늘": 0, "금일": 0, "今日": 0, "今天": 0, "本日": 0, "きょう": 0,
    "yesterday": 1, "어제": 1, "어저께": 1, "작일": 1, "昨日": 1, "昨天": 1, "きのう": 1,
    "그제": 2, "그저께": 2, "一昨日": 2, "おととい": 2, "前天": 2, "大前天": 3,
}  # fmt: skip

# First and last day; the first year is the one of the first day. Japan's proclamations; 民國 and 주체 count from 1912.
_SINCE_1912 = (date(1912, 1, 1), date.max)
_ERAS = {
    "大正": (date(1912, 7, 30), date(1926, 12, 25)),
    "昭和": (date(1926, 12, 25), date(1989, 1, 7)),
    "平成": (date(1989, 1, 8), date(2019, 4, 30)),
    "令和": (date(2019, 5, 1), date.max),
    **dict.fromkeys(("民国", "民國", "주체", "主体", "主體", "チュチェ"), _SINCE_1912),
}

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_COUNTS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "하루": 1, "이틀": 2, "사흘": 3,
    "한": 1, "두": 2, "세": 3, "네": 4, "다섯": 5, "여섯": 6, "일곱": 7, "여덟": 8, "아홉": 9, "열": 10,
}  # fmt: skip
_HAN_DIGITS = {
    **{numeral: digit for digit, numeral in enumerate("〇一二三四五六七八九")},
    "零": 0, "○": 0, "◯": 0, "两": 2, "兩": 2,
}  # fmt: skip

# What stands before or behind a date and says whose date it is.
_UPDATED = (
    "수정", "업데이트", "갱신", "변경", "고침", "更新", "修正", "改訂", "訂正", "修改", "修訂", "修订", "编辑", "編輯",
)  # fmt: skip
_PUBLISHED = (
    "입력", "등록", "승인", "송고", "게시", "게재", "작성", "발행", "배포", "보도", "출고", "공개", "발간", "방송",
    "날짜", "일시", "入力", "公開", "掲載", "配信", "投稿", "発行", "発表", "登録", "作成", "初出", "放送", "日付",
    "日時", "出版", "上架", "上線", "上线", "建立", "发布", "發布", "發佈", "发表", "發表", "刊登", "刊发", "刊發",
    "发稿", "發稿", "发行", "發行", "创建", "上传", "日期",
)  # fmt: skip
_ENGLISH_UPDATED = ("amended", "edited", "modified", "revised", "updated")
_ENGLISH_PUBLISHED = (
    "created", "date", "filed", "issued", "posted", "pubdate", "publication", "publish", "published", "released",
)  # fmt: skip
_OF_A_LABEL = r"일시|일자|일|시간|시각|날짜|日時|日付|日期|日|時刻|時間|时间|于|於|(?:on|at|date|time)\b"


def _any(words: Iterable[str]) -> str:
    """An alternation of words, the longest first."""
    return "|".join(sorted(words, key=len, reverse=True))


@cache
def _pattern(text: str) -> re.Pattern[str]:
    r"""Compiled when it is first used: most texts need few patterns, and all together take 60 ms.

    ASCII: \d is 0-9, and \b ends a Latin word even where a Chinese one begins.
    """
    return re.compile(text, re.ASCII)


# --- one spelling -----------------------------------------------------------------------------------------------------


def _number(match: re.Match[str]) -> str:
    """Han numerals as digits: 二〇二四 by place, 二十五 by tens. What is neither stays as it is."""
    numeral = match[0].replace("廿", "二十").replace("卅", "三十")
    if not {"十", "百"} & set(numeral):
        return "".join(str(_HAN_DIGITS[sign]) for sign in numeral)
    if not re.fullmatch("(?:[^十百]?百零?)?(?:[^十百]?十)?[^十百]?", numeral):
        return match[0]
    total = digit = 0
    for sign in numeral:
        if sign in "十百":
            total, digit = total + (digit or 1) * (10 if sign == "十" else 100), 0
        else:
            digit = _HAN_DIGITS[sign]
    return str(total + digit)


def _common_year(match: re.Match[str]) -> str:
    """令和6年5月8日 as 2024年5月8日, where the day lies in the era and a common year beside it agrees."""
    first, last = _ERAS[match["era"]]
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


_ERA = (
    rf"(?:(?P<before>\d{{4}})\s?年?\s?\(\s?)?(?:中[華华])?(?P<era>{_any(_ERAS)})\s?(?P<counted>\d{{1,3}})\s?[年년]?"
    r"\s?(?:\(\s?(?P<beside>\d{4})\s?[年년]?\s?\))?\s?\)?\s?[年년]?"
    r"\s?(?P<month>\d{1,2})\s?[月월]\s?(?P<day>\d{1,2})\s?[日號号일]"
)
_EAST_ASIAN_CLOCK = (
    r"(?P<hour>\d{1,2})\s?(?:시(?!간)|[時时](?![間间])|[點点])[整钟鐘]?"
    r"(?:\s?(?P<minute>\d{1,2})\s?[분分]|(?P<bare>\d\d)(?![\d:년年월月일日초秒刻])|\s?(?P<half>[반半]))?"
    r"(?:(?<=[분分])\s?(?P<second>\d{1,2})\s?[초秒])?"
)
_WEEKDAY = r"\b(?=[mtwfs])(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\b\.?"
_SPELLING = (
    {ord(dash): "-" for dash in "‐‒–−"}
    | {ord("〜"): "~", ord("∶"): ":"}
    | dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"))
)

# Weekdays go: the day counts, even beside a wrong weekday. Noon becomes an hour.
_ENGLISH_REWRITES = (
    (rf"(?i){_WEEKDAY},?", " "),
    (r"\(\s*\)", " "),
    (r"[Nn]oon\b", "12時"),
    (r"(?<=[a-z] \d{4} )(\d{1,2})\.(\d\d)\b(?!\.)", r"\1:\2"),  # The Guardian: 8 May 2024 15.20
    (r"(?<!:\d\d )\b([HJK][KS]T) (\d{1,2}:\d\d(?::\d\d)?)\b", r"\2 \1"),  # Hong Kong: HKT 15:20
)
_REWRITES: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
    (r"[(\[]\s?[월화수목금토일月火水木金土日一二三四五六](?:요일|曜日?)?(?:[·・,]?[祝休])?\s?[)\]]", " "),
    (r"[월화수목금토일]요일,?|[月火水木金土日]曜日?,?|(?:星期|周|週|礼拜|禮拜)[一二三四五六日天],?", " "),
    (r"^[월화수목금토일月火水木金土日],", " "),
    (rf"[{''.join(_HAN_DIGITS)}十百廿卅]+(?=\s?(?:[年月日號号時时點点刻分秒天]|[个個]?小[时時]))", _number),
    (r"元(?=[年月])", "1"),
    (r"([昨今])(?=[早晚晨朝夜晩夕])", r"\1日 "),
    (r"어젯밤", "어제 밤"),
    (_ERA, _common_year),
    (r"정오|正午", "12時"),
    (_EAST_ASIAN_CLOCK, _clock),
)


def _rewritten(text: str) -> str:
    """The text in the spelling that the shapes are written for: single spaces, half width, plain dashes, digits."""
    if not text.isascii():
        text = " ".join(unicodedata.normalize("NFKC", text).translate(_SPELLING).split())
        for pattern, replacement in _REWRITES:
            text = _pattern(pattern).sub(replacement, text)
    for pattern, blank in _ENGLISH_REWRITES:
        text = _pattern(pattern).sub(blank, text)
    return " ".join(text.split())


# --- shapes -----------------------------------------------------------------------------------------------------------

Parts = dict[str, str]  # the named groups of a shape that took part
_OF_A_DAY = {"day", "days", "word"}

_LETTER = "(?-i:[A-Za-z가-힣ぁ-ヿ一-鿿])"  # (?-i: the ranges would compile for long
_ABBREVIATION = rf"(?:CST|{_any(zones.HOURS)})\b"
_OFFSET = (
    r"(?P<offset>(?:(?:GMT|UTC?)\s?)?[+-]\d\d:?\d\d(?![\d:])|(?:GMT|UTC?)\s?[+-]\d{1,2}(?![\d:])"
    rf"|(?<=:\d\d:\d\d)-\d\d(?![\d:])|(?<=:\d\d)\+\d\d(?![\d:])|{_ABBREVIATION}"
    rf"|(?-i:(?:[A-Z]{{1,4}}T|MSK|WIB|WITA)\b)|{_any(zones.PLACES)})"
)
# 4:35:5 is printed by some; 09:00:0 and T15:20:3 have lost a digit.
_SECOND = r"(?P<second>\d\d|(?<!\b0\d:\d\d:)(?<!:0\d:)(?<!T\d\d:\d\d:)\d)"
_TIME = (
    rf"(?:(?P<half>[ap]\.?m\b\.?|{_any(_HALVES)})\s?)?(?P<hour>\d{{1,2}})"
    rf"(?:時(?!間)|:(?P<minute>\d\d|\d(?=:\d))(?::{_SECOND}(?:[.,]\d+)?)?|(?<!1[3-9])(?<!2\d)(?=\s?[ap]\.?m\b))"
    rf"(?:\s?(?P<half_after>[ap]\.?m\b\.?|(?:오전|오후|上午|下午)(?!\s?\d)))?(?:\s?\(?{_OFFSET}\)?)?"
)
# The time of day behind a date, where the date ends in a digit and where it ends in a unit.
_THEN = rf"(?:(?:\s?(?P<t>T)|\s?,\s?(?:at\s)?|\s(?:(?:(?:posted\s)?at|[-|/·@])\s|\()?){_TIME})?"
_THEN_GLUED = rf"(?:(?:\s?[,、]|\s[-|/·])?\s?{_TIME})?"

_DAY, _YEAR, _MONTH = r"(?P<day>\d{1,2})", r"(?P<year>\d{4})", r"(?P<month>\d{1,2})"
_ENGLISH_DAY = rf"{_DAY}(?:st|nd|rd|th)?"
_MONTH_NAME = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t|tember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
# Java prints 5월 and 5月 for May in Korean and East Asian locales.
_RFC_822 = (
    rf"(?:{_WEEKDAY},?\s?)?{_DAY}[\s-](?:{_MONTH_NAME}|(?P<local_month>\d{{1,2}})[月월])[\s-](?P<year>\d{{4}}|\d\d)"
    rf",?\s{_TIME}"
)
_NUMBERS = rf"{_YEAR}\s?(?P<mark>[-./])\s?{_MONTH}\s?(?P=mark)\s?{_DAY}(?!\d)(?:\s?\.(?!\d))?{_THEN}"
_DIGITS = r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)"
_DIGITS_OF_TIME = rf"T?(?P<hour>\d\d)(?P<minute>\d\d)(?:(?P<second>\d\d)(?:[.,]\d+)?)?(?:\s?{_OFFSET})?"
_UNITS = rf"{_MONTH}\s?[月월]\s?{_DAY}\s?[日號号일]\.?"
_COUNT = rf"\d{{1,4}}|{_any(_COUNTS)}"
_BEFORE = rf"\s?(?:전|[之以]?前|ago)(?!{_LETTER})"
_TIME_BEFORE = (
    rf"(?:(?:약|約|约|大約|大约|about)\s?)?(?!{_BEFORE})"
    rf"(?:(?P<hours>{_COUNT})\s?(?:시간|時間|[个個]?小[时時]|hours?|hrs?|h)[\s,]*)?"
    rf"(?:(?P<minutes>{_COUNT})\s?(?:분|分[钟鐘]?|minutes?|mins?)\s?)?"
    rf"(?:(?P<seconds>{_COUNT})\s?(?:초|秒[钟鐘]?|seconds?|secs?))?"
    rf"(?P<half_hour>반\s?시간|半[个個]?(?:小[时時]|時間)|half an hour)?{_BEFORE}"
)
_THIS_MOMENT = r"방금\s?전?|지금|たった今|ただ今|刚刚|剛剛|刚才|剛才|just now|moments ago"
_DAYS_BEFORE = rf"(?P<days>하루|이틀|사흘|(?:{_COUNT})(?=\s?(?:일|日|天|day)))(?:\s?(?:일|日|天|days?))?{_BEFORE}"

# Tried in this order; the first that fits decides.
_SHAPES = tuple(
    (shape, f"(?i){pattern}")
    for shape, pattern in (
        ("RFC 822", _RFC_822),
        ("RFC 822 with a numeric month", rf"{_WEEKDAY},\s?{_DAY} {_MONTH} {_YEAR} {_TIME}"),
        ("year-month-day", _NUMBERS),
        ("year-month-day in digits", rf"{_DIGITS}[T ]{_TIME}"),
        ("year-month-day in digits", rf"{_DIGITS}(?:{_DIGITS_OF_TIME})?(?!\d)(?!{_LETTER})"),
        ("year-month-day", rf"{_YEAR}\s?[年년]\s?{_UNITS}{_THEN_GLUED}"),
        ("month name, day, year", rf"{_MONTH_NAME}\s?{_ENGLISH_DAY}(?:\s?,\s?|\s){_YEAR}{_THEN}"),
        ("day, month name, year", rf"{_ENGLISH_DAY}(?:\sof\s|[\s-]){_MONTH_NAME}(?:\s?,\s?|[\s-]){_YEAR}{_THEN}"),
        ("year, month name, day", rf"{_YEAR}[\s-]{_MONTH_NAME}[\s-]{_DAY}(?!\d){_THEN}"),
        ("asctime", rf"{_MONTH_NAME}\s{_DAY}\s{_TIME}\s{_YEAR}"),
        ("month and day", rf"{_UNITS}{_THEN_GLUED}"),
        ("month name and day", rf"{_MONTH_NAME}\s?{_ENGLISH_DAY}\b{_THEN}"),
        ("day and month name", rf"{_ENGLISH_DAY}\s{_MONTH_NAME}{_THEN}"),
        ("month and day in bare numbers", rf"{_MONTH}(?P<bare>[-./])\s?{_DAY}\.?\s{_TIME}"),
        ("time before", _TIME_BEFORE),
        ("this moment", rf"(?:{_THIS_MOMENT})(?!\s?{_LETTER})"),
        ("calendar days before it was read", rf"{_DAYS_BEFORE}{_THEN_GLUED}"),
        ("calendar days before it was read", rf"(?P<word>{_any(_DAYS_AGO)})(?:\s?,\s|\sat\s)?{_THEN_GLUED}"),
    )
)
_BARE_TEXT_SHAPES = _SHAPES[:5]  # what feeds print: they fit the text as it stands


# --- statements -------------------------------------------------------------------------------------------------------

_LONGEST = 1_000  # characters; a longer text is an article, and what it begins with is no date line

_LABELS = tuple(
    rf"(?:{label})(?:\s?(?:{_OF_A_LABEL}))*[\s:=)\]】>|,\-(]*"
    for label in (
        rf"(?P<updated>{_any(_UPDATED)})|(?P<published>{_any(_PUBLISHED)})",
        rf"\b(?i:(?P<updated>{_any(_ENGLISH_UPDATED)})|(?P<published>{_any(_ENGLISH_PUBLISHED)}))\b",
    )
)
# A date line may begin with who wrote it: 来源：新华网, 김수정 기자 kim@example.kr, 记者 王小明.
_CREDIT = (
    r"(?:(?:来源|來源|출처|記事元)\s?:\s?[^\s\d|]+|[가-힣]{2,4}\s?기자(?:\s\(?[\w.+-]+@[\w.-]+\)?)?"
    r"|(?:记者|記者)\s?:?\s?[一-鿿]{2,4})[\s|·/]+"
)
_OPENING = rf"[\s\[(【<〈「*>|:,]*(?:{_CREDIT})?(?:[Oo]n\s|(?:时间|時間)\s?:\s?)?"
_SEPARATOR = r"[|·•・]\s?"
_CLOCK_FIRST = rf"(?i){_TIME}(?:\s?[,·|]\s?|\s)(?:on\s)?"
# What may not follow a date: more of a number, a range, a deadline; a time or an offset that was not taken in.
_MORE_OF_IT = (
    r"(?i)\d|[%℃]|(?<=\d)[A-Za-z_]|[.:/,]\d|(?-i:\.[a-z]{2,4}\b)|(?<=:\d\d):"
    r"|\s?-\s?\d|\s?~\s?(?:\d|$)|\s?\+|\s?(?:부터|까지|から|まで)"
)
_TIME_OF_DAY = (
    rf"(?i)\s?\d(?!\d?\s?[面版])|\s?[{''.join(_HAN_DIGITS)}十]+$|\s?(?:,\s?)?(?:at|{_any(_HALVES)})\s?\d"
    r"|.*?(?:\d:\d\d|\d時|\d\s?[ap]\.?m\b|자정|midnight|中午|午夜|子夜|半夜|深夜)"
)
_CONTINENTS = "Africa|America|Asia|Atlantic|Australia|Europe|Indian|Pacific"
_ELSEWHERE = (
    rf"(?i)\s?[,(\[]?\s?(?:{_ABBREVIATION}|[a-z]+\stime\b|(?:{_CONTINENTS})/[A-Z]"
    r"|(?:eastern|central|mountain|pacific)\b|(?-i:[가-힣一-鿿]{1,6})\s?(?:시간|시각|時間|时间))"
)
_CUT_NAMES = {name[:size] for name in (*zones.HOURS, "CST") for size in (1, 2)}
_CUT_WORD = rf"\s\(?(?:{_any(_CUT_NAMES)})$|\s?(?:[apAP]\.?|오)$"  # 09:00:00 GM; 3:20 p
_WORDS = rf"[\s,’']*(?:\d|{_LETTER})"
_LATE_YEAR = r"[\s,]*['’]?\d|\s?\(\d{4}"
_LIKE_A_DATE = r"\d\s?[-./:년年월月]\s?\d"


class _Statement(NamedTuple):
    """One date of a text: the label before it (published, updated or none), the one behind it, its shape, its parts."""

    label: str | None
    label_behind: str | None
    shape: str
    parts: Parts


def _parts(match: re.Match[str]) -> Parts:
    return {name: part for name, part in match.groupdict().items() if part}


def _read(text: str, start: int) -> tuple[str, Parts, int] | None:
    """The first shape that fits at `start`, its parts, and where it ends. The time of day may come first."""
    clock = _pattern(_CLOCK_FIRST).match(text, start)
    start = clock.end() if clock else start
    for shape, pattern in _SHAPES:
        found = _pattern(pattern).match(text, start)
        if not found:
            continue
        parts = _parts(found)
        if not clock:
            return shape, parts, found.end()
        timeless = "hour" not in parts and parts.keys() & _OF_A_DAY
        return (shape, _parts(clock) | parts, found.end()) if timeless else None
    return None


def _torn(parts: Parts, text: str, end: int, stop: int) -> bool:
    """Whether what follows, up to the next label, shows that the date was not read whole or is no date."""
    known = parts.keys()
    doubts = [_MORE_OF_IT]
    if known & _OF_A_DAY:
        doubts += [_TIME_OF_DAY] if "minute" not in known else []
        doubts += [_ELSEWHERE] if "offset" not in known else []
        doubts += [_CUT_WORD] if "minute" in known and "offset" not in known else []
        doubts += [_WORDS] if not known & {"year", "days", "hour"} else []  # 今日头条, May 18 uprising
        doubts += [_LATE_YEAR] if "year" not in known else []
    return any(_pattern(doubt).match(text, end, stop) for doubt in doubts)


def _starts(text: str, labels: Iterable[re.Match[str]]) -> list[tuple[int, str | None]]:
    """Where a date may start, each with its label: at the start, behind a separator, behind a label."""
    opening = _pattern(_OPENING).match(text)
    starts: dict[int, str | None] = {opening.end() if opening else 0: None}
    starts |= dict.fromkeys(mark.end() for mark in _pattern(_SEPARATOR).finditer(text))
    return sorted((starts | {label.end(): label.lastgroup for label in labels}).items())


def _statements(text: str, labels: list[re.Match[str]]) -> list[_Statement]:
    """All dates of a text; none where one of them is torn."""
    found, rest, end = list[_Statement](), "", 0
    for start, label in _starts(text, labels):
        # Behind a separator only words may come first: 조회 12 | 2024.05.08 may be anything.
        if start < end or (not label and re.search("[0-9]", text[end:start])):
            continue
        read = _read(text, start)
        if not read:
            continue
        rest += text[end:start] + " "
        shape, parts, end = read
        behind = next((mark for mark in labels if mark.start() >= end), None)
        if _torn(parts, text, end, behind.start() if behind else len(text)) or _apart(parts, text, behind):
            return []
        touches = behind and not text[end : behind.start()].strip(" )]")
        found.append(_Statement(label, behind.lastgroup if behind and touches else None, shape, parts))
    return [] if _unsure(found, rest, text[end:]) else found


def _unsure(statements: list[_Statement], before: str, after: str) -> bool:
    """Whether the date of publication may be left unread: only updates are told, or labels stand on both sides."""
    if {statement.label or statement.label_behind for statement in statements} == {"updated"}:
        before += after
    elif not (statements and statements[0].label and statements[-1].label_behind):
        return False
    return bool(_pattern(_LIKE_A_DATE).search(before))


def _apart(parts: Parts, text: str, behind: re.Match[str] | None) -> bool:
    """Whether the time of a day stands alone behind the next label: 2024.05.08 입력 15:20."""
    if not behind or behind.lastgroup == "updated" or "hour" in parts:
        return False
    return bool(_pattern(rf"(?i){_TIME}").match(text, behind.end())) and not _read(text, behind.end())


def _told(text: str) -> list[_Statement]:
    """The dates of a text, the one of publication first; none where that one cannot be told."""
    plain = " ".join(text.split())
    if len(plain) > _LONGEST:
        return []
    for shape, pattern in _BARE_TEXT_SHAPES:
        whole = _pattern(pattern).fullmatch(plain)
        if whole:
            return [_Statement(None, None, shape, _parts(whole))]
    plain = _rewritten(plain)
    labels = sorted((label for pattern in _LABELS for label in _pattern(pattern).finditer(plain)), key=re.Match.start)
    told = _statements(plain, labels)
    if told and not told[0].label and told[-1].label_behind:  # 2024.05.07 입력 | 2024.05.08 수정
        told = [statement._replace(label=statement.label_behind) for statement in told]
    told.sort(key=lambda statement: ("published", None, "updated").index(statement.label))
    unread = told and told[0].label == "updated" and any(label.lastgroup == "published" for label in labels)
    return [] if unread else told


# --- instants ---------------------------------------------------------------------------------------------------------


_TIMES = (Precision.SECOND, Precision.MINUTE, Precision.HOUR)
_FIRST_NEWSPAPER = 1605  # the Relation of Strasbourg: an earlier year stands in for none, or has lost its century
_ZERO_DAYS = {date(1970, 1, 1), date(1900, 1, 1), date(1899, 12, 30)}  # of Unix, of SQL Server, of OLE
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AHEAD, _AHEAD_WITHOUT_YEAR = timedelta(days=366), timedelta(days=1)


def _ground(parts: Parts, zone: str | None, local: datetime) -> tzinfo | None:
    """What the local time is counted from: the offset in the text, else the zone of the source."""
    offset = parts.get("offset")
    if not offset:
        return zones.zone(zone)
    if offset[0] == "-" and ":" in offset and not parts.keys() & {"second", "t"}:  # 09:00-18:00 are two times
        return None
    return zones.offset(offset, zone, local)


def _hour(parts: Parts) -> int | None:
    """The hour on the 24-hour clock; None where the half of the day contradicts it or leaves it open."""
    printed = int(parts["hour"])
    halves = [_HALVES[parts[name].replace(".", "").lower()] for name in ("half", "half_after") if name in parts]
    readings = {printed, (printed + 12) % 24} if halves and printed <= 12 else {printed}
    readings.intersection_update(*halves)
    return readings.pop() if len(readings) == 1 else None


def _month(parts: Parts) -> int:
    month = parts.get("local_month") or parts["month"]
    return int(month) if month.isdigit() else _MONTHS.index(month[:3].lower()) + 1


def _year(printed: str) -> int:
    """Two digits as RFC 2822 section 4.3 reads them."""
    year = int(printed)
    return year if len(printed) == 4 else year + (2000 if year < 50 else 1900)


def _count(printed: str) -> int:
    return int(printed) if printed.isdigit() else _COUNTS[printed.lower()]


def _days(parts: Parts, zone: str | None, now: datetime) -> Iterator[tuple[int, int, int]]:
    """Year, month and day of the printed day; without a printed year, of each year it may be, the latest first."""
    if "days" in parts or "word" in parts:
        ground = _ground(parts, zone, now)
        ago = _count(parts["days"]) if "days" in parts else _DAYS_AGO[parts["word"].lower()]
        if ground:
            yield (now.astimezone(ground).date() - timedelta(days=ago)).timetuple()[:3]
    elif "year" in parts:
        yield _year(parts["year"]), _month(parts), int(parts["day"])
    else:
        yield from ((now.year + ahead, _month(parts), int(parts["day"])) for ahead in (1, 0, -1))


def _stands_in(local: datetime, value: datetime) -> bool:
    """Whether a program that knew no date wrote this one: the zero of its calendar, or a year without a press."""
    return value == _EPOCH or local.date() in _ZERO_DAYS or local.year < _FIRST_NEWSPAPER


def _instant(shape: str, parts: Parts, zone: str | None, now: datetime) -> Published | None:
    """The instant of the day and time that the parts name; None where a part cannot be, or the day is a stand-in."""
    hour = _hour(parts) if "hour" in parts else 0
    if hour is None or ("bare" in parts and zone not in zones.EAST_ASIAN):
        return None
    minute, second = int(parts.get("minute", 0)), int(parts.get("second", 0))
    latest = now + (_AHEAD if "year" in parts else _AHEAD_WITHOUT_YEAR)
    for year, month, day in _days(parts, zone, now):
        try:
            local = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
            ground = _ground(parts, zone, local)
            value = local.replace(tzinfo=ground).astimezone(UTC) if ground else None
        except (ValueError, OverflowError):
            continue
        if value and value <= latest and not _stands_in(local, value):
            precision = next((time for time in _TIMES if time in parts), Precision.DAY)
            where = "offset in the text" if "offset" in parts else "zone of the source"
            return Published(value=value, precision=precision, basis=f"{shape}, {where}")
    return None


def _moment(parts: Parts, now: datetime) -> Published:
    """So long before now as the parts say, not rounded."""
    counts = {f"{unit}s": _count(parts[f"{unit}s"]) for unit in reversed(_TIMES) if f"{unit}s" in parts}
    precision = Precision(list(counts)[-1][:-1]) if counts else Precision.MINUTE
    if "half_hour" in parts:
        counts, precision = {"minutes": 30}, Precision.MINUTE
    said = " ".join(f"{count} {unit if count != 1 else unit[:-1]}" for unit, count in counts.items())
    basis = f"{said} before it was read" if said else "the moment it was read"
    return Published(value=now.astimezone(UTC) - timedelta(**counts), precision=precision, basis=basis)


def _published(statement: _Statement, zone: str | None, now: datetime) -> Published | None:
    shape, parts = statement.shape, statement.parts
    answer = _instant(shape, parts, zone, now) if parts.keys() & _OF_A_DAY else _moment(parts, now)
    if answer and statement.label == "updated":
        return replace(answer, basis=f"{answer.basis}, of the update")
    return answer


def parse(text: str, *, zone: str | None, now: datetime) -> Published | None:
    """The instant that a date text names, in UTC, or None: never a guess, and no exception whatever the text.

    `zone` is the IANA name of the zone that holds where the text names no offset, `now` the aware instant at which the
    text was read. A day is local midnight. With neither an offset nor a known zone there is no instant. Of several
    dates in one text the one of publication is told, and none where any of them cannot be.
    """
    answers = [_published(statement, zone, now) for statement in _told(text)]
    return answers[0] if all(answers) and answers else None
