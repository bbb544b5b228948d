"""A printed date is read as the right instant or as none: never a wrong one, on no machine, in no order."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from itertools import product
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aggregator import dates, zones
from aggregator.model import Precision, Published

ROOT = Path(__file__).resolve().parents[1]
CASES = Path(__file__).parent / "cases" / "dates.tsv"
PRINTED = ROOT.parent / "shared" / "corpora" / "dates" / "feed_date_formats.csv"
NOW = datetime(2024, 8, 15, 3, 0, tzinfo=UTC)
SEOUL = "Asia/Seoul"


# --- cases ------------------------------------------------------------------------------------------------------------


def unescaped(cell: str) -> str:
    return re.sub(r"\\u([0-9a-f]{4})", lambda match: chr(int(match[1], 16)), cell).replace(r"\n", "\n")


def table() -> list:
    rows = [line.split("\t") for line in CASES.read_text(encoding="utf-8").splitlines()[1:]]
    return [
        pytest.param(unescaped(text), zone or None, datetime.fromisoformat(now), expected, precision, id=why)
        for text, zone, now, expected, precision, why in rows
    ]


@pytest.mark.parametrize(("text", "zone", "now", "expected", "precision"), table())
def test_the_instant_of(text, zone, now, expected, precision):
    answer = dates.parse(text, zone=zone, now=now)
    if expected == "none":
        assert answer is None
    else:
        assert answer is not None
        assert (f"{answer.value:%Y-%m-%dT%H:%M:%SZ}", answer.precision) == (expected, precision)
        assert answer.value.tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "basis"),
    [
        ("Tue, 13 Aug 2024 21:07:09 +0900", "RFC 822, offset in the text"),
        ("2024年8月13日", "year-month-day, zone of the source"),
        ("8월 13일", "month and day, zone of the source"),
        ("3시간 전", "3 hours before it was read"),
        ("1 hour 5 minutes ago", "1 hour 5 minutes before it was read"),
        ("半小时前", "30 minutes before it was read"),
        ("방금 전", "the moment it was read"),
        ("어제", "calendar days before it was read, zone of the source"),
        ("수정 2024.08.13 21:07", "year-month-day, zone of the source, of the update"),
    ],
)
def test_the_basis_says_what_was_read_and_what_gave_the_zone(text, basis):
    assert dates.parse(text, zone=SEOUL, now=NOW).basis == basis


def test_dates_as_feeds_print_them_are_read_as_the_standard_library_reads_them():
    if not PRINTED.exists():
        pytest.skip(f"{PRINTED} is not here")
    with PRINTED.open(encoding="utf-8", newline="") as lines:
        rows = [(row["example"], row["utc_by_stdlib_or_naive_or_empty"]) for row in csv.DictReader(lines)]
    now = datetime(2026, 11, 22, tzinfo=UTC)
    told = {text: datetime.fromisoformat(expected) for text, expected in rows if expected[:4].isdigit()}
    read = {text: dates.parse(text, zone=SEOUL, now=now) for text in told}
    assert {text: answer and answer.value for text, answer in read.items()} == {
        text: instant.replace(microsecond=0) for text, instant in told.items()
    }


# --- published and updated --------------------------------------------------------------------------------------------

# Of each language: zone, a day of publication and a later one of an update, labels of the two that are known, labels
# that are not. Printed before their dates or behind them, in either order, with whatever sign between.
LABELLED = {
    "Korean": (
        SEOUL, "2024.08.13 10:20", "2024.08.14 11:20", ("입력", "기사입력", "(최초등록)"),
        ("수정", "최종수정", "(일부 수정)"), ("창간 등록", "초판"), ("손질", "전면 수정"),
    ),
    "Japanese": (
        "Asia/Tokyo", "2024年8月13日", "2024年8月14日", ("公開", "最初掲載"),
        ("更新", "最終更新"), ("緊急公開", "初版"), ("差替", "二度更新"),
    ),
    "Chinese": (
        "Asia/Taipei", "2024-08-13 10:20", "2024-08-14 11:20", ("發布", "首次發布"),
        ("更新", "最後更新"), ("小編發布", "首發"), ("改", "小編更新"),
    ),
    "English": (
        "Europe/London", "August 13, 2024", "14 August 2024 11:20 AM", ("published", "First posted"),
        ("updated", "Last Updated"), ("newly published", "online"), ("rewritten", "heavily updated"),
    ),
}  # fmt: skip
BETWEEN = (" ", " | ", " / ", " · ", ", ", "; ", "、", "\u3000", "\n", " - ", " — ", " (")
PLACES = {
    "before": ("{label} {date}", "{label} {date}"),
    "behind": ("{date} {label}", "{date} {label}"),
    "glued": ("{date}{label}", "{date}{label}"),
    "inside": ("{date} {label}", "{label} {date}"),
    "outside": ("{label} {date}", "{date} {label}"),
}


def two_dates(language: str, places: Iterable[str], *, known: bool) -> Iterator[str]:
    """Texts that tell of a publication on the 13th and of an update on the 14th."""
    _, published, updated, of_publication, of_update, odd, odd_update = LABELLED[language]
    labels = set(product((*of_publication, *odd, ""), (*of_update, *odd_update, ""))) - {("", "")}
    clear = set(product(of_publication, of_update))
    for first, second in sorted(clear if known else labels - clear):
        for place, between, backwards in product(places, BETWEEN, (False, True)):
            one, other = PLACES[place]
            texts = [one.format(label=first, date=published), other.format(label=second, date=updated)]
            if backwards:
                texts = [other.format(label=second, date=updated), one.format(label=first, date=published)]
            yield between.join(texts) + ")" * ("(" in between)


def days_told(language: str, texts: Iterable[str]) -> dict[str, int | None]:
    zone = LABELLED[language][0]
    answers = {text: dates.parse(text, zone=zone, now=NOW) for text in texts}
    return {text: answer and answer.value.astimezone(ZoneInfo(zone)).day for text, answer in answers.items()}


@pytest.mark.parametrize("language", LABELLED)
def test_of_two_labelled_dates_the_publication_is_told(language):
    places = ("before", "behind") if language == "English" else ("before", "behind", "glued")
    told = days_told(language, two_dates(language, places, known=True))
    assert {text: day for text, day in told.items() if day != 13} == {}


@pytest.mark.parametrize("language", LABELLED)
def test_an_update_is_never_told_as_the_publication(language):
    told = days_told(language, two_dates(language, PLACES, known=True))
    told |= days_told(language, two_dates(language, PLACES, known=False))
    assert {text: day for text, day in told.items() if day == 14} == {}


# --- properties -------------------------------------------------------------------------------------------------------

PIECES = re.findall(
    r"\S+",
    "2024 08 13 8 0 00 99 21:07 21:07:09 +0900 -04:00 Z T KST CST GMT 년 월 일 年 月 日 시 분 時 分 点 半 오후 오전 "
    "午後 下午 凌晨 令和 平成 元 民國 주체113 (2024) 〇 二 十 三十 전 前 ago 어제 昨日 前天 yesterday hours 시간 小时 "
    "입력 수정 更新 公開 최종 정정 발행 / — 〈水〉 수 "
    "Published Updated Aug Tue, Tuesday (화) （水） . - / : | , ( ) [ ] ~ ９ ： \ud800 \x00 İ ½ ㍻ 정오 noon p.m.",
)
MIXED = st.lists(st.sampled_from([*PIECES, " ", "\n", "\u3000"]), max_size=12).map("".join)
ANY = MIXED | st.text(st.characters(exclude_categories=()), max_size=80)
ZONES = st.sampled_from([None, SEOUL, "Asia/Tokyo", "America/New_York", "Europe/London", "no/such", "../x", "", "\x00"])
# From 1972, when no local time could stand in for the epoch any more, to the day before NOW.
INSTANTS = st.integers(63_072_000, 1_723_600_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@contextmanager
def machine_in(zone: str) -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = zone
    time.tzset()
    try:
        yield
    finally:
        os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
        time.tzset()


@given(ANY, ZONES)
@settings(max_examples=200, deadline=None)
def test_any_text_is_read_or_not_but_never_raises(text, zone):
    answer = dates.parse(text, zone=zone, now=NOW)
    assert answer is None or (answer.value <= NOW + timedelta(days=366) and answer.basis)


@given(st.lists(st.tuples(MIXED, ZONES), max_size=6), st.randoms())
@settings(max_examples=100, deadline=None)
def test_neither_the_machines_zone_nor_the_order_of_the_questions_matters(questions, dice):
    def answers() -> dict[tuple[str, str | None], Published | None]:
        return {question: dates.parse(question[0], zone=question[1], now=NOW) for question in questions}

    before = answers()
    dice.shuffle(questions)
    with machine_in("Pacific/Kiritimati"):
        assert answers() == before


@given(st.lists(st.sampled_from(PIECES), max_size=600).map(" ".join))
@settings(max_examples=20, deadline=None)
def test_a_long_text_takes_no_long_time(text):
    started = time.process_time()
    dates.parse(text, zone=SEOUL, now=NOW)
    assert time.process_time() - started < 0.5


def clock12(half: tuple[str, str]) -> Callable[[datetime], str]:
    return lambda local: f"{half[local.hour // 12]} {(local.hour - 1) % 12 + 1}"


HAN = str.maketrans("0123456789", "〇一二三四五六七八九")
FULL_WIDTH = str.maketrans("0123456789:/", "０１２３４５６７８９：／")
WAYS: dict[str, Callable[[datetime], str]] = {
    "RFC 822": format_datetime,
    "RFC 822 of the Korean press": lambda t: f"{t:%a},{t.day} {t:%b %Y} {t.hour}:{t.minute}:{t.second} GMT+9",
    "RFC 822, numeric month": lambda t: f"{t:%a, %d %m %Y %H:%M:%S %z}",
    "ISO 8601": datetime.isoformat,
    "ISO 8601, basic": lambda t: f"{t:%Y%m%dT%H%M%S%z}",
    "ISO 8601, naive": lambda t: f"{t:%Y-%m-%d %H:%M:%S}",
    "fourteen digits": lambda t: f"{t:%Y%m%d%H%M%S}",
    "dots": lambda t: f"입력 {t.year}. {t.month}. {t.day}. {t:%H:%M:%S}",
    "slashes": lambda t: f"{t:%Y/%m/%d %H:%M:%S}".translate(FULL_WIDTH),
    "Korean": lambda t: f"{t.year}년 {t.month}월 {t.day}일 {t.hour}시 {t.minute}분 {t.second}초",
    "오전, 오후": lambda t: f"{t:%Y-%m-%d} {clock12(('오전', '오후'))(t)}:{t:%M:%S}",
    "Japanese": lambda t: f"公開：{t.year}年{t.month}月{t.day}日(火) {t.hour}時{t.minute}分{t.second}秒",
    "午前, 午後": lambda t: f"{t.year}年{t.month}月{t.day}日{clock12(('午前', '午後'))(t)}時{t.minute}分{t.second}秒",
    "Chinese": lambda t: f"发布时间：{t.year}年{t.month}月{t.day}日 {clock12(('上午', '下午'))(t)}:{t:%M:%S}",
    "Republic of China": lambda t: f"民國{t.year - 1911}年{t.month}月{t.day}日 {t:%H:%M:%S}",
    "Han numerals": lambda t: f"{str(t.year).translate(HAN)}年{t.month}月{t.day}日 {t:%H:%M:%S}",
    "English": lambda t: f"{t:%B} {t.day}, {t.year} at {t:%I:%M:%S %p}",
    "English, day first": lambda t: f"Published {t.day} {t:%b %Y}, {t:%H:%M:%S} KST",
    "English, time first": lambda t: f"{t:%H:%M:%S}, {t.day} {t:%B %Y}",
    "asctime": lambda t: t.ctime(),
    "with an update": lambda t: f"수정 2024.08.15 09:00 | 입력 {t:%Y.%m.%d %H:%M:%S}",
    "with an update behind": lambda t: f"{t:%Y.%m.%d %H:%M:%S} (2024.08.15 09:00 수정)",
    "labels behind": lambda t: f"2024.08.15 09:00 최종수정 | {t:%Y.%m.%d %H:%M:%S} 기사입력",
    "a label that may belong to either": lambda t: f"{t:%Y-%m-%d %H:%M:%S} 更新 2024-08-15 09:00",
    "a weekday as a bare letter": lambda t: f"{t:%Y.%m.%d} 화 {t:%H:%M:%S}",
}


@pytest.mark.parametrize("way", WAYS)
@given(INSTANTS)
@settings(max_examples=100, deadline=None)
def test_what_is_printed_is_read_back_whenever_that_is(way, instant):
    local = instant.astimezone(ZoneInfo(SEOUL))
    # In the summers of 1987 and 1988 Korea kept ten hours, and an hour came twice.
    assume(local.utcoffset() == timedelta(hours=9))
    answer = dates.parse(WAYS[way](local), zone=SEOUL, now=NOW)
    assert (answer.value, answer.precision) == (instant, Precision.SECOND)
    assert dates.parse(WAYS[way](local), zone=SEOUL, now=NOW + timedelta(days=300)) == answer


@given(st.dates(date(1989, 1, 8), date(2024, 8, 14)))
@settings(max_examples=100, deadline=None)
def test_a_day_of_heisei_or_reiwa_is_read_back(day):
    era, first = ("令和", 2019) if day >= date(2019, 5, 1) else ("平成", 1989)
    counted = "元" if day.year == first else day.year - first + 1
    answer = dates.parse(f"{era}{counted}年{day.month}月{day.day}日", zone="Asia/Tokyo", now=NOW)
    assert answer.value.astimezone(ZoneInfo("Asia/Tokyo")).date() == day


@given(st.integers(1, 99), st.integers(100, 113))
@settings(max_examples=100, deadline=None)
def test_han_numerals_are_digits(number, year):
    tens, ones = divmod(number, 10)
    han = ("" if tens < 2 else str(tens).translate(HAN)) + "十" * (tens > 0) + str(ones).translate(HAN) * (ones > 0)
    count = f"一百{'一十' if year >= 110 else '零' * (year > 100)}{str(year % 10).translate(HAN) * (year % 10 > 0)}"
    assert dates.parse(f"{han}分钟前", zone=None, now=NOW).value == NOW - timedelta(minutes=number)
    assert dates.parse(f"民國{count}年三月五日", zone="UTC", now=NOW).value == datetime(year + 1911, 3, 5, tzinfo=UTC)


@given(INSTANTS, st.integers(0, 300), st.sampled_from([SEOUL, "America/New_York"]))
@settings(max_examples=100, deadline=None)
def test_a_day_without_a_year_is_the_latest_one(now, days, zone):
    printed = (now - timedelta(days=days)).astimezone(ZoneInfo(zone))
    assume((printed.month, printed.day) != (2, 29))
    answer = dates.parse(f"{printed.month}月{printed.day}日", zone=zone, now=now)
    assert answer.value.astimezone(ZoneInfo(zone)).date() == printed.date()
    assert answer.precision == Precision.DAY


@pytest.mark.parametrize(
    ("start", "part"),
    [(5, "13"), (5, "00"), (8, "32"), (8, "00"), (11, "24"), (14, "60"), (17, "60")],
    ids=["month 13", "month 0", "day 32", "day 0", "hour 24", "minute 60", "second 60"],
)
@given(INSTANTS)
@settings(max_examples=50, deadline=None)
def test_a_part_that_cannot_be_makes_the_whole_none(start, part, instant):
    text = f"{instant:%Y-%m-%d %H:%M:%S}"
    assert dates.parse(text, zone="UTC", now=NOW)
    assert dates.parse(text[:start] + part + text[start + 2 :], zone="UTC", now=NOW) is None


# --- the module -------------------------------------------------------------------------------------------------------


def test_importing_the_module_asks_for_nothing_heavy():
    code = "import sys, aggregator.dates; print({'importlib.resources', 'feedparser'} & set(sys.modules) or 'nothing')"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout == "nothing\n"


@pytest.mark.parametrize(
    ("country", "zone", "why"),
    [
        ("KR", "Asia/Seoul", "the only one listed"),
        ("kr", "Asia/Seoul", "small letters"),
        ("KP", "Asia/Pyongyang", "the only one listed"),
        ("JP", "Asia/Tokyo", "the only one listed"),
        ("TW", "Asia/Taipei", "the only one listed"),
        ("HK", "Asia/Hong_Kong", "the only one listed"),
        ("GB", "Europe/London", "the only one listed"),
        ("FR", "Europe/Paris", "the only one listed"),
        ("CN", "Asia/Shanghai", "Urumqi is listed too"),
        ("US", "America/New_York", "the press of the east coast"),
        ("RU", "Europe/Moscow", "the press of the capital"),
        ("MN", "Asia/Ulaanbaatar", "Hovd is listed too"),
        ("AQ", None, "many zones and no press"),
        ("XX", None, "no country"),
        ("", None, "nothing"),
        (None, None, "nothing"),
    ],
    ids=str,
)
def test_the_zone_of_a_country(country, zone, why):
    assert zones.zone_of(country) == zone, why


def test_every_zone_of_a_country_is_one_that_dates_are_read_in():
    codes = [a + b for a in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" for b in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    listed = {zone for zone in map(zones.zone_of, codes) if zone}
    assert len(listed) > 200
    assert all(dates.parse("2024-08-13", zone=zone, now=NOW) for zone in listed)
