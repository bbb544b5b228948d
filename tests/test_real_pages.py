"""Article pages of many outlets: how many headlines and dates are right, and why the others are not.

What a page was said to hold was found by other programs, and they err too: of each difference stands here who does.
"""

from __future__ import annotations

import csv
import gzip
from datetime import UTC, datetime, time
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from aggregator import dates, pages
from aggregator.model import Document, Item, Precision, Published
from aggregator.text import fold

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpora" / "pages"
ZONES = {"ko": "Asia/Seoul", "ja": "Asia/Tokyo", "zh-Hans": "Asia/Shanghai", "zh-Hant": "Asia/Taipei"}
NOW = datetime(2026, 9, 1, tzinfo=UTC)

TITLES = {
    "fundus/uk/DailyStar_2026_04_20.html.gz": "JSON-LD and og:title differ; elsewhere the shorter is expected",
    "newspaper4k/japanese_article.html": "what is expected ends in the outlet's name",
}
DATES = {
    "newspaper4k/japanese_article2.html": "expected is the change; the page prints when it was published",
    "postlight/buzzap.jp.html": "expected is a <time> that calls local time UTC; a meta element has the instant",
    "postlight/www.itmedia.co.jp.html": "expected is the change; the page prints when it was published",
    "postlight/bookwalker.jp.html": "no article: the day on which a book goes on sale, far below its title",
    "postlight/www.elecom.co.jp.html": "a day without a label, below the text",
}

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of pages is not here")


@cache
def rows() -> list[dict[str, str]]:
    with (CORPUS / "manifest.csv").open(encoding="utf-8") as manifest:
        return list(csv.DictReader(manifest))


def document(row: dict[str, str]) -> Document:
    body = (CORPUS / row["file"]).read_bytes()
    url = row["url"] or row["canonical"] or "https://press.example/news/1"
    return Document(url=url, body=gzip.decompress(body) if row["file"].endswith(".gz") else body)


@cache
def article(number: int) -> Item:
    return pages.article(document(rows()[number]))


def misses(expected: str) -> dict[str, tuple[object, object]]:
    """What was read and what was expected, where they differ, by file; as many as are right are printed."""
    told = {"expected_title": title, "expected_date": date}[expected]
    known = [(row, article(number)) for number, row in enumerate(rows()) if row[expected]]
    found = {row["file"]: told(row, item) for row, item in known}
    report(f"{expected}: {sum(one is None for one in found.values())} of {len(known)} are as expected")
    return {name: one for name, one in found.items() if one}


def report(line: str) -> None:
    """Shown by pytest -rP."""
    print(line)  # noqa: T201 - the figures are what these tests are asked for


def title(row: dict[str, str], item: Item) -> tuple[object, object] | None:
    same = fold(item.title) == fold(row["expected_title"])
    return None if same else (item.title, row["expected_title"])


def date(row: dict[str, str], item: Item) -> tuple[object, object] | None:
    zone = ZONES.get(row["lang"], "UTC")
    wanted = dates.parse(row["expected_date"], zone=zone, now=NOW)
    found = next((one for _, text in item.dates if (one := dates.parse(text, zone=zone, now=NOW))), None)
    assert wanted
    return None if found and same(found, wanted, zone) else (found and day(found, zone), day(wanted, zone))


def same(found: Published, wanted: Published, zone: str) -> bool:
    """The same minute; the same day, where one of the two names no time."""
    midnight = wanted.value.astimezone(ZoneInfo(zone)).time() == time()
    if midnight or Precision.DAY in (found.precision, wanted.precision):
        return day(found, zone) == day(wanted, zone)
    return abs((found.value - wanted.value).total_seconds()) < 60


def day(one: Published, zone: str) -> object:
    return one.value.astimezone(ZoneInfo(zone)).date()


def test_headlines_are_as_expected_or_it_is_known_why_not() -> None:
    missed = misses("expected_title")
    for name, (found, wanted) in missed.items():
        report(f"{name}: {found!r}, not {wanted!r}: {TITLES.get(name, 'not explained')}")
    assert set(missed) == set(TITLES)


def test_dates_are_as_expected_or_it_is_known_why_not() -> None:
    missed = misses("expected_date")
    for name, (found, wanted) in missed.items():
        report(f"{name}: {found}, not {wanted}: {DATES.get(name, 'not explained')}")
    assert set(missed) == set(DATES)


def test_no_date_is_of_another_day() -> None:
    wrong = {name: pair for name, pair in misses("expected_date").items() if pair[0] and pair[0] != pair[1]}
    assert wrong == {}


def test_pages_of_which_nothing_else_is_known_are_told_to_be_articles_or_lists() -> None:
    told: dict[str, list[bool]] = {"article": [], "index": []}
    for row in rows():
        if not row["expected_title"]:
            told[row["kind"]].append(pages.parse(document(row), None).note == "read as one article")
    report(f"{sum(told['article'])} of {len(told['article'])} articles are told from lists")
    assert sum(told["article"]) >= 35
    assert told["index"] == [False] * 8
