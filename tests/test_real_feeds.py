"""Feeds of the press in their own bytes: no letter is lost, and no date is another one than it says."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from pathlib import Path

import pytest

from aggregator import dates, feeds
from aggregator.model import Document, Reading

CORPORA = Path(__file__).resolve().parents[2] / "shared" / "corpora"
PRESS, LEGACY = CORPORA / "press_feeds", CORPORA / "encodings"
NOW = datetime(2026, 12, 1, tzinfo=UTC)

# The vendors' supersets, which is what the labels mean.
CODECS = {"Big5": "big5hkscs", "EUC-KR": "cp949", "GB2312": "gb18030", "SHIFT_JIS": "cp932"}
PAGES = {"CP932/hardsoft.at.webry.info.xml"}  # named like a feed, and none
REPLACED = {"Big5/coolloud.org.tw.xml"}  # the character U+FFFD is printed in it

pytestmark = pytest.mark.skipif(not CORPORA.is_dir(), reason="the corpora are not here")


def manifest(folder: Path) -> list[dict[str, str]]:
    with (folder / "manifest.csv").open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def read(body: bytes, language: str | None = None, encoding: str | None = None) -> Reading:
    return feeds.parse(Document(url="https://feeds.example/", body=body, language=language, encoding=encoding))


@cache
def press() -> dict[str, Reading]:
    return {row["file"]: read((PRESS / row["file"]).read_bytes()) for row in manifest(PRESS)}


@cache
def legacy() -> dict[str, Reading]:
    rows = [row for row in manifest(LEGACY) if row["kind"] == "feed" and row["file"] not in PAGES]
    return {row["file"]: read((LEGACY / row["file"]).read_bytes(), row["lang"]) for row in rows}


def shown(reading: Reading) -> list[tuple[str, str, str | None]]:
    return [(item.title, item.summary, item.author) for item in reading.items]


def texts() -> Iterator[str]:
    found = (
        text for reading in (*press().values(), *legacy().values()) for item in reading.items for _, text in item.dates
    )
    return iter(dict.fromkeys(found))


def named_offset(text: str) -> datetime | None:
    """What the standard library reads in a date text, where the text names an offset that the library knows."""
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        if not re.search(r"(?:[+-]\d{4}|GMT|UTC)$", text):
            return None
        try:
            value = parsedate_to_datetime(text)
        except ValueError:
            return None
    return value.astimezone(UTC).replace(microsecond=0) if value.tzinfo else None


def test_every_item_of_the_press_has_a_title_a_link_and_a_date() -> None:
    for row in manifest(PRESS):
        items = press()[row["file"]].items
        assert len(items) == int(row["items"]), row["file"]
        assert all(item.title and item.link and item.dates for item in items), row["file"]


def test_no_letter_is_replaced() -> None:
    readings = {**press(), **legacy()}
    assert {name for name, one in readings.items() if "\ufffd" in str(shown(one))} == REPLACED


def test_legacy_bytes_read_as_they_do_in_their_true_encoding() -> None:
    """Read as UTF-8 that was made with the true encoding, a feed says the same, word for word."""
    true = {row["file"]: CODECS.get(row["true_encoding"], row["true_encoding"]) for row in manifest(LEGACY)}
    for name, reading in legacy().items():
        body = (LEGACY / name).read_bytes().decode(true[name]).encode()
        assert shown(reading) == shown(read(body, encoding="utf-8")), name
        assert reading.encoding_certain, name


def test_every_date_is_read_and_is_what_the_standard_library_reads_where_it_can() -> None:
    unread, other = [], {}
    for text in texts():
        found, expected = dates.parse(text, zone="Asia/Seoul", now=NOW), named_offset(text)
        if found is None:
            unread.append(text)
        elif expected and found.value != expected:
            other[text] = (found.value, expected)
    assert (unread, other) == ([], {})
    assert sum(named_offset(text) is not None for text in texts()) > 3_000
