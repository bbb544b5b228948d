"""Shapes: patterns of one date each, tried in order. What fits leaves its named parts."""

from __future__ import annotations

from aggregator import zones
from aggregator.dates.spelling import WEEKDAY
from aggregator.dates.words import COUNTS, DAYS_AGO, HALVES, PUBLISHED, UPDATED, any_of

Parts = dict[str, str]  # the named groups of a shape that took part
OF_A_DAY = {"day", "days", "word"}

LETTER = "(?-i:[A-Za-z가-힣ぁ-ヿ一-鿿])"  # (?-i: the ranges would compile for long
ABBREVIATION = rf"(?:CST|{any_of(zones.HOURS)})\b"
_OFFSET = (
    r"(?P<offset>(?:(?:GMT|UTC?)\s?)?[+-]\d\d:?\d\d(?![\d:])|(?:GMT|UTC?)\s?[+-]\d{1,2}(?![\d:])"
    rf"|(?<=:\d\d:\d\d)-\d\d(?![\d:])|(?<=:\d\d)\+\d\d(?![\d:])|{ABBREVIATION}"
    rf"|(?-i:(?:[A-Z]{{1,4}}T|MSK|WIB|WITA)\b)|{any_of(zones.PLACES)})"
)
# 4:35:5 is printed by some; 09:00:0 and T15:20:3 have lost a digit.
_SECOND = r"(?P<second>\d\d|(?<!\b0\d:\d\d:)(?<!:0\d:)(?<!T\d\d:\d\d:)\d)"
_ENGLISH_HALF = r"[ap]\.?m(?:\b\.?|(?=(?-i:[A-Z][a-z])))"  # 9:00 PM, 9:00 PMUpdated
TIME = (
    rf"(?:(?P<half>[ap]\.?m\b\.?|{any_of(HALVES)})\s?)?(?P<hour>\d{{1,2}})"
    rf"(?:時(?!間)|:(?P<minute>\d\d|\d(?=:\d))(?::{_SECOND}(?:[.,]\d+)?)?|(?<!1[3-9])(?<!2\d)(?=\s?{_ENGLISH_HALF}))"
    rf"(?:\s?(?P<half_after>{_ENGLISH_HALF}|(?:오전|오후|上午|下午)(?!\s?\d)))?(?:\s?\(?{_OFFSET}\)?)?"
)
# The time of day behind a date, where the date ends in a digit and where it ends in a unit.
_THEN = rf"(?:(?:\s?(?P<t>T)|\s?,\s?(?:at\s)?|\s(?:(?:(?:posted\s)?at|[-—|/·•@])\s|\()?){TIME})?"
_THEN_GLUED = rf"(?:(?:\s?[,、]|\s[-|/·])?\s?{TIME})?"

_DAY, _YEAR, _MONTH = r"(?P<day>\d{1,2})", r"(?P<year>\d{4})", r"(?P<month>\d{1,2})"
_ENGLISH_DAY = rf"{_DAY}(?:st|nd|rd|th)?"
_MONTH_NAME = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t|tember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
# Java prints 5월 and 5月 for May in Korean and East Asian locales.
_RFC_822 = (
    rf"(?:{WEEKDAY},?\s?)?{_DAY}[\s-](?:{_MONTH_NAME}|(?P<local_month>\d{{1,2}})[月월])[\s-](?P<year>\d{{4}}|\d\d)"
    rf",?\s{TIME}"
)
_NUMBERS = rf"{_YEAR}\s?(?P<mark>[-./])\s?{_MONTH}\s?(?P=mark)\s?{_DAY}(?!\d)(?:\s?\.(?!\d))?{_THEN}"
_DIGITS = r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)"
_DIGITS_OF_TIME = rf"T?(?P<hour>\d\d)(?P<minute>\d\d)(?:(?P<second>\d\d)(?:[.,]\d+)?)?(?:\s?{_OFFSET})?"
_UNITS = rf"{_MONTH}\s?[月월]\s?{_DAY}\s?[日號号일]\.?"
_COUNT = rf"\d{{1,4}}|{any_of(COUNTS)}"
_SAID = rf"(?:{any_of({*UPDATED, *PUBLISHED})})(?!\s?{LETTER})"  # 1小時前更新
_BEFORE = rf"\s?(?:전|[之以]?前|ago)(?:(?!{LETTER})|(?={_SAID}))"
_TIME_BEFORE = (
    rf"(?:(?:약|約|约|大約|大约|about)\s?)?(?!{_BEFORE})"
    rf"(?:(?P<hours>{_COUNT})\s?(?:시간|時間|[个個]?小[时時]|hours?|hrs?\.?|h)[\s,]*)?"
    rf"(?:(?P<minutes>{_COUNT})\s?(?:분|分[钟鐘]?|minutes?|mins?\.?|(?-i:m)(?=\sago))\s?)?"
    rf"(?:(?P<seconds>{_COUNT})\s?(?:초|秒[钟鐘]?|seconds?|secs?\.?))?"
    rf"(?P<half_hour>반\s?시간|半[个個]?(?:小[时時]|時間)|half an hour)?{_BEFORE}"
)
_THIS_MOMENT = (
    rf"(?:방금\s?전?|지금|たった今|ただ今|刚刚|剛剛|刚才|剛才|just now|moments ago)(?!\s?{LETTER})"
    rf"|(?:방금\s?전?|たった今|刚刚|剛剛|刚才|剛才)(?=\s?{_SAID}|\s(?:来源|來源|출처)\s?:)"
)
_DAYS_BEFORE = rf"(?P<days>하루|이틀|사흘|(?:{_COUNT})(?=\s?(?:일|日|天|day)))(?:\s?(?:일|日|天|days?))?{_BEFORE}"

# Tried in this order; the first that fits decides.
SHAPES = tuple(
    (shape, f"(?i){pattern}")
    for shape, pattern in (
        ("RFC 822", _RFC_822),
        ("RFC 822 with a numeric month", rf"{WEEKDAY},\s?{_DAY} {_MONTH} {_YEAR} {TIME}"),
        ("year-month-day", _NUMBERS),
        ("year-month-day in digits", rf"{_DIGITS}[T ]{TIME}"),
        ("year-month-day in digits", rf"{_DIGITS}(?:{_DIGITS_OF_TIME})?(?!\d)(?!{LETTER})"),
        ("year, month and day", rf"{_YEAR}\s{_MONTH}(?P<bare>/){_DAY}\s{TIME}"),
        ("year-month-day", rf"{_YEAR}\s?[年년]\s?{_UNITS}{_THEN_GLUED}"),
        ("month name, day, year", rf"{_MONTH_NAME}\s?{_ENGLISH_DAY}(?:\s?,\s?|\s){_YEAR}{_THEN}"),
        ("day, month name, year", rf"{_ENGLISH_DAY}(?:\sof\s|[\s-]){_MONTH_NAME}(?:\s?,\s?|[\s-]){_YEAR}{_THEN}"),
        ("year, month name, day", rf"{_YEAR}[\s-]{_MONTH_NAME}[\s-]{_DAY}(?!\d){_THEN}"),
        ("asctime", rf"{_MONTH_NAME}\s{_DAY}\s{TIME}\s{_YEAR}"),
        ("month and day", rf"{_UNITS}{_THEN_GLUED}"),
        ("month name and day", rf"{_MONTH_NAME}\s?{_ENGLISH_DAY}\b{_THEN}"),
        ("day and month name", rf"{_ENGLISH_DAY}\s{_MONTH_NAME}{_THEN}"),
        ("month and day in bare numbers", rf"{_MONTH}(?P<bare>[-./])\s?{_DAY}\.?\s{TIME}"),
        ("time before", _TIME_BEFORE),
        ("this moment", _THIS_MOMENT),
        ("calendar days before it was read", rf"{_DAYS_BEFORE}{_THEN_GLUED}"),
        ("calendar days before it was read", rf"(?P<word>{any_of(DAYS_AGO)})(?:\s?,\s|\sat\s)?{_THEN_GLUED}"),
    )
)
BARE_TEXT_SHAPES = SHAPES[:5]  # what feeds print: they fit the text as it stands
