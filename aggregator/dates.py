"""What a printed date says: Korean, Japanese, Chinese, English, and what feeds print as RFC 822 and ISO 8601.

`parse` goes four steps, and each is a section below:

1. *One spelling* (`_rewritten`): full width, Han numerals, eras, weekdays and clocks of East Asia become what the
   shapes are written for: 令和六年五月八日（水）午後三時半 becomes 2024年5月8日 午後3:30.
2. *Shapes* (`_SHAPES`): patterns of one date each, tried in order. What fits leaves its named parts.
3. *Statements* (`_told`): a date may stand at the start, behind a label and behind a separator. What is torn, or may be
   no date, makes the whole text unread. A label may belong to the date behind it or to the one before it: where the
   text leaves that open, it has two readings.
4. *Instants* (`_instant`, `_moment`): the parts become an instant in UTC, or nothing.
5. *The publication* (`_publication`): the date that every reading calls so, and that is no later than any update.

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
from itertools import pairwise
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
    "그제": 2, "그저께": 2, "一昨日": 2, "おととい": 2, "前天": 2, "the day before yesterday": 2, "大前天": 3,
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
    "수정", "업데이트", "갱신", "변경", "고침", "정정", "개정", "보완", "편집", "更新", "修正", "改訂", "改定", "訂正",
    "加筆", "編集", "修改", "修訂", "修订", "编辑", "編輯", "更正", "补充", "補充",
)  # fmt: skip
_PUBLISHED = (
    "입력", "등록", "승인", "송고", "게시", "게재", "작성", "발행", "배포", "보도", "출고", "공개", "발간", "방송",
    "날짜", "일시", "入力", "公開", "掲載", "配信", "投稿", "発行", "発表", "登録", "作成", "初出", "放送", "日付",
    "日時", "出版", "上架", "上線", "上线", "建立", "发布", "發布", "發佈", "发表", "發表", "刊登", "刊发", "刊發",
    "发稿", "發稿", "发行", "發行", "创建", "上传", "上傳", "日期", "전송", "発信", "公表", "张贴", "張貼", "录入",
    "錄入", "发文", "發文", "播出", "首播",
)  # fmt: skip
_ENGLISH_UPDATED = ("amended", "corrected", "edited", "modified", "revised", "update", "updated")
_ENGLISH_PUBLISHED = (
    "created", "date", "filed", "issued", "posted", "pubdate", "publication", "publish", "published", "released",
    "uploaded",
)  # fmt: skip
_APART, _OVER = r"(?:(?<![A-Za-z])|(?<=\d[AaPp][Mm])|(?<=\d [AaPp][Mm]))", "(?:(?![A-Za-z])|(?=[A-Z][a-z]))"
_OF_A_LABEL = r"일시|일자|일|시간|시각|날짜|日時|日付|日期|日|時刻|時間|时间|于|於|" + rf"(?i:on|at|date|time){_OVER}"
_QUALIFIERS = (  # of a label: 최종수정, 最終更新, last updated
    "최종", "최초", "최근", "기사", "일부", "추가", "신규", "처음", "첫", "마지막", "재", "最終", "最後", "最后",
    "最新", "最初", "初回", "初", "原", "首次", "再次", "再", "一部", "大幅", "記事", "last", "first", "latest",
    "originally", "was",
)  # fmt: skip


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


_DAY_ENDS = r"\d[-./]\s?\d{1,2}\.?|[월月]\s?\d{1,2}\s?[일日]"
_CLOCK_AHEAD = rf"(?:(?:{_any(_HALVES)})\s?)?\d{{1,2}}\s?[:時时시點点]"
_ERA = (
    rf"(?:(?P<before>\d{{4}})\s?[年년]?\s?\(\s?)?(?:中[華华])?(?P<era>{_any(_ERAS)})\s?(?P<counted>\d{{1,3}})\s?[年년]?"
    r"\s?(?:\(\s?(?P<beside>\d{4})\s?[年년]?\s?\))?\s?\)?\s?(?:[年년]|(?P<point>\.))?"
    r"\s?(?P<month>\d{1,2})\s?(?(point)\.|[月월])\s?(?P<day>\d{1,2})(?(point)(?!\.?\d)\.?|\s?[日號号일])"
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
    (r"[(\[<〈]\s?[월화수목금토일月火水木金土日一二三四五六](?:요일|曜日?)?(?:[·・,]?[祝休])?\s?[)\]>〉]", " "),
    (rf"({_DAY_ENDS})(?: [월일月日]|\s?[화수목금토火水木金土])\.?(?=\s?{_CLOCK_AHEAD})", r"\1 "),
    (
        r"(?:(?<=[日일])/)?(?:[월화수목금토일]요일,?|[月火水木金土日]曜日?,?|(?:星期|周|週|礼拜|禮拜)[一二三四五六日天],?)",
        " ",
    ),
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
_ENGLISH_HALF = r"[ap]\.?m(?:\b\.?|(?=(?-i:[A-Z][a-z])))"  # 9:00 PM, 9:00 PMUpdated
_TIME = (
    rf"(?:(?P<half>[ap]\.?m\b\.?|{_any(_HALVES)})\s?)?(?P<hour>\d{{1,2}})"
    rf"(?:時(?!間)|:(?P<minute>\d\d|\d(?=:\d))(?::{_SECOND}(?:[.,]\d+)?)?|(?<!1[3-9])(?<!2\d)(?=\s?{_ENGLISH_HALF}))"
    rf"(?:\s?(?P<half_after>{_ENGLISH_HALF}|(?:오전|오후|上午|下午)(?!\s?\d)))?(?:\s?\(?{_OFFSET}\)?)?"
)
# The time of day behind a date, where the date ends in a digit and where it ends in a unit.
_THEN = rf"(?:(?:\s?(?P<t>T)|\s?,\s?(?:at\s)?|\s(?:(?:(?:posted\s)?at|[-—|/·•@])\s|\()?){_TIME})?"
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
_SAID = rf"(?:{_any({*_UPDATED, *_PUBLISHED})})(?!\s?{_LETTER})"  # 1小時前更新
_BEFORE = rf"\s?(?:전|[之以]?前|ago)(?:(?!{_LETTER})|(?={_SAID}))"
_TIME_BEFORE = (
    rf"(?:(?:약|約|约|大約|大约|about)\s?)?(?!{_BEFORE})"
    rf"(?:(?P<hours>{_COUNT})\s?(?:시간|時間|[个個]?小[时時]|hours?|hrs?\.?|h)[\s,]*)?"
    rf"(?:(?P<minutes>{_COUNT})\s?(?:분|分[钟鐘]?|minutes?|mins?\.?|(?-i:m)(?=\sago))\s?)?"
    rf"(?:(?P<seconds>{_COUNT})\s?(?:초|秒[钟鐘]?|seconds?|secs?\.?))?"
    rf"(?P<half_hour>반\s?시간|半[个個]?(?:小[时時]|時間)|half an hour)?{_BEFORE}"
)
_THIS_MOMENT = (
    rf"(?:방금\s?전?|지금|たった今|ただ今|刚刚|剛剛|刚才|剛才|just now|moments ago)(?!\s?{_LETTER})"
    rf"|(?:방금\s?전?|たった今|刚刚|剛剛|刚才|剛才)(?=\s?{_SAID}|\s(?:来源|來源|출처)\s?:)"
)
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
        ("year, month and day", rf"{_YEAR}\s{_MONTH}(?P<bare>/){_DAY}\s{_TIME}"),
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
        ("this moment", _THIS_MOMENT),
        ("calendar days before it was read", rf"{_DAYS_BEFORE}{_THEN_GLUED}"),
        ("calendar days before it was read", rf"(?P<word>{_any(_DAYS_AGO)})(?:\s?,\s|\sat\s)?{_THEN_GLUED}"),
    )
)
_BARE_TEXT_SHAPES = _SHAPES[:5]  # what feeds print: they fit the text as it stands


# --- statements -------------------------------------------------------------------------------------------------------

_LONGEST = 1_000  # characters; a longer text is an article, and what it begins with is no date line

_SIGNS = " :=)]】>|,-(/.;、。·・•▶►▷→—"  # between a label and its date
# 수정입력 is an update. English words are often glued: May 7, 2024 9:00 AMUpdatedMay 8, 2024.
_LABELS = tuple(
    rf"(?:{label})(?:\s?(?:{_OF_A_LABEL}))*[{re.escape(_SIGNS)}]*"
    for label in (
        rf"(?P<updated>{_any(_UPDATED)})(?:\s?(?:{_any(_PUBLISHED)}))?|(?P<published>{_any(_PUBLISHED)})",
        rf"{_APART}(?i:(?P<updated>{_any(_ENGLISH_UPDATED)})|(?P<published>{_any(_ENGLISH_PUBLISHED)})){_OVER}",
    )
)
_TOUCHING = rf"(?i)[\s,)\](\[-]*(?:(?:{_any(_QUALIFIERS)})\s?)*[(\[]?"  # between a date and the label behind it
# A date line may begin with who wrote it: 来源：新华网, 김수정 기자 kim@example.kr, 记者 王小明.
_CREDIT = (
    r"(?:(?:来源|來源|출처|記事元)\s?:\s?[^\s\d|]+|[가-힣]{2,4}\s?기자(?:\s\(?[\w.+-]+@[\w.-]+\)?)?"
    r"|(?:记者|記者)\s?:?\s?[一-鿿]{2,4})[\s|·/]+"
)
_OPENING = rf"[\s\[(【<〈「*>|:,]*(?:{_CREDIT})?(?:(?i:on)\s|(?:时间|時間)\s?:\s?)?"
_SEPARATOR = r"[|·•・]\s?"
_CLOCK_FIRST = rf"(?i){_TIME}(?:\s?[,·|]\s?|\s)(?:on\s)?"
# What may not follow a date: more of a number, a range, a deadline; a time or an offset that was not taken in.
_MORE_OF_IT = (
    r"(?i)\d|[%℃]|(?<=\d)[A-Za-z_]|[.:/,]\d|\s:\d|(?-i:\.[a-z]{2,4}\b)|(?<=:\d\d):"
    r"|(?<=/\d\d)/[A-Za-z]|(?<=/\d)/[A-Za-z]|[、,·と及和및]\s?\d{1,2}\s?[日일號号]|\s?—\s?\d[\d\s]*[-./:년年월月일日]"
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
_CUT_WORD = rf"\s\(?(?:{_any(_CUT_NAMES)})$|\s?(?:[apAP]\.?[mM]?|오)$"  # 09:00:00 GM; 3:20 p; 3:20 pmposted
_WORDS = rf"[\s,’']*(?:\d|{_LETTER})"
_LATE_YEAR = r"[\s,]*['’]?\d|\s?\(\d{4}"
_MONTH_LIKE = rf"(?:{'|'.join(_MONTHS)})[a-z]*\.?"
_LIKE_A_DATE = rf"(?i)\d\s?[-./:년年월月]\s?\d|{_MONTH_LIKE}\s?\d|\d\s?{_MONTH_LIKE}"
_LIKE_A_DAY = r"\d[-./]\s?\d{1,2}[-./]\s?\d"  # 24.05.07, 05/07/2024
_LIKE_A_WHOLE_DATE = (
    r"(?i)(?<!\d)\d{4}\s?[-./년年]\s?\d{1,2}\s?[-./월月]\s?\d|\d{1,2}\s?[월月]\s?\d{1,2}\s?[일日]"
    rf"|{_MONTH_LIKE}\s?\d{{1,2}},?\s\d{{4}}|\d{{1,2}}\s?{_MONTH_LIKE},?\s\d{{4}}"
)

Labels = tuple[str | None, ...]  # what each date of a text is: published, updated, or not said


class _Date(NamedTuple):
    """One date of a text: where it stands, its shape, its parts."""

    start: int
    end: int
    shape: str
    parts: Parts


class _Beside(NamedTuple):
    """The labels beside one date: the one that ends where it starts, the next one behind it, and whether it touches."""

    before: re.Match[str] | None
    behind: re.Match[str] | None
    touching: bool


class _Told(NamedTuple):
    """The dates of a text, what its labels may make of them, whether the labels are clear, and name a publication."""

    dates: list[_Date]
    readings: list[Labels]
    clear: bool = True
    announced: bool = False


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
    """Where a date may start, each with what may not stand before it: the start, behind a date, a separator, a label.

    Behind a separator only words may come first: 조회 12 | 2024.05.08 may be anything.
    """
    opening = _pattern(_OPENING).match(text)
    starts: dict[int, str | None] = {date.start(): r"\w" for date in _pattern(_LIKE_A_WHOLE_DATE).finditer(text)}
    starts |= {opening.end() if opening else 0: "[0-9]"}
    starts |= dict.fromkeys((mark.end() for mark in _pattern(_SEPARATOR).finditer(text)), "[0-9]")
    return sorted((starts | {label.end(): None for label in labels}).items())


def _dates(text: str, labels: list[re.Match[str]]) -> list[_Date]:
    """All dates of a text; none where one of them is torn."""
    found, end = list[_Date](), 0
    for start, barred in _starts(text, labels):
        if start < end or (barred and re.search(barred, text[end:start])) or (barred == r"\w" and not found):
            continue
        read = _read(text, start)
        if not read:
            continue
        shape, parts, end = read
        behind = next((mark for mark in labels if mark.start() >= end), None)
        headless = "bare" in parts and _pattern(r"[./]\s?$|-$").search(text, 0, start)  # 입력 .05.08 10:20
        if headless or _torn(parts, text, end, behind.start() if behind else len(text)) or _apart(parts, text, behind):
            return []
        found.append(_Date(start, end, shape, parts))
    return found


def _apart(parts: Parts, text: str, behind: re.Match[str] | None) -> bool:
    """Whether the time of a day stands alone behind the next label: 2024.05.08 입력 15:20."""
    if not behind or behind.lastgroup == "updated" or "hour" in parts:
        return False
    return bool(_pattern(rf"(?i){_TIME}").match(text, behind.end())) and not _read(text, behind.end())


def _beside(text: str, printed: _Date, labels: list[re.Match[str]]) -> _Beside:
    before = next((label for label in labels if label.end() == printed.start), None)
    behind = next((label for label in labels if label.start() >= printed.end), None)
    touching = behind and _pattern(_TOUCHING).fullmatch(text, printed.end, behind.start())
    return _Beside(before, behind, bool(touching))


def _side(text: str, end: int, label: re.Match[str]) -> str:
    """Which of two dates a label between them belongs to, as the signs beside it say; `end` is that of the left one.

    Left in 07 입력 | 08, right in 07 (수정 08), open in 07 수정 08.
    """
    before, after = text[end : label.start()], label[0][len(label[0].rstrip(_SIGNS)) :]
    if ":" in after:
        return "right"
    if re.search(r"[(\[]", before) and re.match(r"\s?[)\]]", after):  # 07 (입력) 08
        before, after = re.sub(r"[(\[]", "", before), after.lstrip()[1:]
    parted_before, parted_after = re.search(r"[^\s)\]\w]", before), re.search(r"[^\s=]", after)
    if bool(parted_before) == bool(parted_after):
        return "open"
    return "right" if parted_before else "left"


def _owners(text: str, dates: list[_Date], beside: list[_Beside]) -> Iterator[str]:
    """Of each label that is the only one between two dates: the side it belongs to, or why that is not known."""
    followed = beside[-1].behind is not None
    for printed, (_, label, touching), (before, _, _) in zip(dates, beside, beside[1:], strict=False):
        if label and label is before:
            side = _side(text, printed.end, label)
            # 08 홍길동 기자 입력 07, but 08 대폭 수정 | 07 and 07 신간 등록 08 대폭 수정 have words that are not known.
            yield side if touching else "far" if followed or side == "left" else "right"


def _readings(text: str, dates: list[_Date], beside: list[_Beside]) -> tuple[list[Labels], bool]:
    """What the labels may make of the dates, and whether that is clear: they stand before the dates, or behind them."""
    lent = [one.behind is not None and one.behind is other.before for one, other in pairwise(beside)]
    forward, backward = list[str | None](), list[str | None]()
    for (before, behind, touching), taken, given in zip(beside, [False, *lent], [*lent, False], strict=True):
        first, second = before and before.lastgroup, behind and behind.lastgroup
        forward.append(first or (second if touching and not given else None))
        backward.append((second if touching or given else None) or (None if taken else first))
    owners, last = set(_owners(text, dates, beside)), beside[-1]
    more = [one for one, after in zip(beside, dates[1:], strict=False) if one.behind and one.behind.end() < after.start]
    if any(one.before and one.touching and one.before.lastgroup != one.behind.lastgroup for one in more if one.behind):
        return [], False  # 뉴스 등록 08 수정 | 입력 07
    if beside[0].before:
        return [tuple(forward)], not (more or (owners and last.behind))
    if owners <= {"right"}:
        return [tuple(forward)], False
    if owners == {"left"} or (last.touching and owners <= {"left", "open"}):
        return [tuple(backward)], False
    return [tuple(forward), tuple(backward)], False


def _unread(text: str, dates: list[_Date], beside: list[_Beside], readings: list[Labels]) -> bool:
    """Whether the date of publication may be among what was not read: a label asks for it, or is on the wrong side."""
    ends = [0, *(printed.end for printed in dates)]
    before = " ".join(text[end : printed.start] for end, printed in zip(ends, dates, strict=False))
    like, first, last = _pattern(_LIKE_A_DATE), beside[0].before, beside[-1]
    if {label for labels in readings for label in labels} == {"updated"}:
        return bool(like.search(f"{before} {text[ends[-1] :]}"))
    if any(one.before and _taken(text, end, one.before, one.behind) for end, one in zip(ends, beside, strict=False)):
        return True
    if first:
        return last.touching and bool(like.search(before))
    return bool(_pattern(_LIKE_A_WHOLE_DATE).search(text, ends[-1]))


def _taken(text: str, start: int, label: re.Match[str], behind: re.Match[str] | None) -> bool:
    """Whether the label before a date may belong to one before it that was not read: 24.05.07 입력 | 2024.05.08.

    `start` is where the date before that one ends, `behind` the next label.
    """
    number = re.match(r".*\d", text[start : label.start()])
    if not number or not _pattern(_LIKE_A_DATE).search(number[0]):
        return False
    end = start + number.end()
    side, touching = _side(text, end, label), not text[end : label.start()].strip(" )")
    day = _pattern(_LIKE_A_DAY).search(number[0])
    whole = _pattern(_LIKE_A_WHOLE_DATE).search(number[0])
    return side != "right" and bool(whole or (touching and (behind or day or side == "left")))


def _told(text: str) -> _Told:
    """The dates of a text and the readings of its labels; none where the date of publication may be left unread."""
    plain = " ".join(text.split())
    if len(plain) > _LONGEST:
        return _Told([], [])
    for shape, pattern in _BARE_TEXT_SHAPES:
        whole = _pattern(pattern).fullmatch(plain)
        if whole:
            return _Told([_Date(0, len(plain), shape, _parts(whole))], [(None,)])
    plain = _rewritten(plain)
    labels = sorted((label for pattern in _LABELS for label in _pattern(pattern).finditer(plain)), key=re.Match.start)
    dates = _dates(plain, labels)
    if not dates:
        return _Told([], [])
    beside = [_beside(plain, printed, labels) for printed in dates]
    readings, clear = _readings(plain, dates, beside)
    announced = any(label.lastgroup == "published" for label in labels)
    return _Told(dates, [] if _unread(plain, dates, beside, readings) else readings, clear, announced)


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
        month, day = _month(parts), int(parts["day"])
        oldest = -8 if (month, day) == (2, 29) else -1  # from 2104 back to 2096 there is no leap year
        yield from ((now.year + ahead, month, day) for ahead in range(1, oldest - 1, -1))


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


def _said(printed: _Date, zone: str | None, now: datetime) -> Published | None:
    parts = printed.parts
    return _instant(printed.shape, parts, zone, now) if parts.keys() & _OF_A_DAY else _moment(parts, now)


# --- the publication --------------------------------------------------------------------------------------------------

_LASTING = {
    Precision.DAY: timedelta(days=1),
    Precision.HOUR: timedelta(hours=1),
    Precision.MINUTE: timedelta(minutes=1),
    Precision.SECOND: timedelta(seconds=1),
}


def _later(one: Published, other: Published) -> bool:
    """Whether one is later than all that the other may be: a day lasts until the next."""
    return one.value >= other.value + _LASTING[other.precision]


def _publication(told: _Told, labels: Labels, said: list[Published]) -> Published | None:
    """The date of publication in one reading, else the one of the update; None where that is not certain.

    Where the labels are not clear, no update is earlier, nor a date without a label, which may be the publication.
    """
    best = next(label for label in ("published", None, "updated") if label in labels)
    answers = [one for one, label in zip(said, labels, strict=True) if label == best]
    answer, clear = answers[0], told.clear and best == "published"
    if not clear and any(other.value != answer.value for other in answers):
        return None
    if best == "updated":
        return None if told.announced else replace(answer, basis=f"{answer.basis}, of the update")
    others = [one for one, label in zip(said, labels, strict=True) if label != "published"]
    return answer if clear or not any(_later(answer, other) for other in others) else None


def _possible(labels: Labels, said: list[Published]) -> bool:
    """Whether no update comes before all publications."""
    published = [one for one, label in zip(said, labels, strict=True) if label != "updated"]
    updates = [one for one, label in zip(said, labels, strict=True) if label == "updated"]
    return not any(all(_later(one, update) for one in published) for update in updates if published)


def parse(text: str, *, zone: str | None, now: datetime) -> Published | None:
    """The instant that a date text names, in UTC, or None: never a guess, and no exception whatever the text.

    `zone` is the IANA name of the zone that holds where the text names no offset, `now` the aware instant at which the
    text was read. A day is local midnight. With neither an offset nor a known zone there is no instant. Of several
    dates in one text the one of publication is told, and none where any of them cannot be.
    """
    told = _told(text)
    said = [answer for printed in told.dates if (answer := _said(printed, zone, now))]
    if len(said) < len(told.dates):
        return None
    readings = [labels for labels in told.readings if len(told.readings) == 1 or _possible(labels, said)]
    answers = [_publication(told, labels, said) for labels in readings]
    return answers[0] if len({answer and answer.value for answer in answers}) == 1 else None
