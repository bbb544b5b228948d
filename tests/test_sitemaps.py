"""Sitemaps as the press offers them: for search engines, for news, packed, in indexes."""

from __future__ import annotations

import gzip
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator import sitemaps
from aggregator.errors import ReadError
from aggregator.model import Document, Item, Status

SITEMAP = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
NEWS = f"""<?xml version="1.0" encoding="UTF-8"?>
<urlset {SITEMAP} xmlns:n="http://www.google.com/schemas/sitemap-news/0.9"
  xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
  <url>
    <loc>https://hanbit.example/view/1</loc>
    <lastmod>2023-10-12T16:00:00+09:00</lastmod>
    <n:news>
      <n:publication><n:name>한빛일보</n:name><n:language>ko</n:language></n:publication>
      <n:publication_date>2023-10-12T15:31+09:00</n:publication_date>
      <n:title><![CDATA[탈북민 &ldquo;북송&rdquo; 논란]]></n:title>
    </n:news>
    <image:image><image:loc>https://hanbit.example/1.jpg</image:loc><image:title>사진</image:title></image:image>
  </url>
  <url><loc>https://hanbit.example/view/2</loc></url>
</urlset>"""
INDEX = f"""<sitemapindex {SITEMAP}>
  <sitemap><loc>https://hanbit.example/old.xml</loc><lastmod>2022-01-01</lastmod></sitemap>
  <sitemap><loc>https://hanbit.example/undated.xml</loc></sitemap>
  <sitemap><loc>https://hanbit.example/new.xml.gz</loc><lastmod>2023-10-12T00:00:00Z</lastmod></sitemap>
  <sitemap><loc>ftp://hanbit.example/strange.xml</loc></sitemap>
</sitemapindex>"""


def document(body: str | bytes) -> Document:
    return Document(url="https://hanbit.example/sitemap.xml", body=body.encode() if isinstance(body, str) else body)


def status_of(body: str | bytes) -> tuple[str, str]:
    with pytest.raises(ReadError) as raised:
        sitemaps.parse(document(body))
    return raised.value.status, raised.value.note


def test_news_sitemap_gives_titles_dates_and_the_press_name() -> None:
    first, second = sitemaps.read(document(NEWS))
    assert first == Item(
        title="탈북민 “북송” 논란",
        link="https://hanbit.example/view/1",
        language="ko",
        outlet_text="한빛일보",
        dates=(("news:publication_date", "2023-10-12T15:31+09:00"), ("lastmod", "2023-10-12T16:00:00+09:00")),
    )
    assert second == Item(link="https://hanbit.example/view/2")


PACKED = {
    "a gzip file": gzip.compress(NEWS.encode()),
    "a gzip file of two members": gzip.compress(NEWS[:300].encode()) + gzip.compress(NEWS[300:].encode()),
    "a gzip file, packed once more": gzip.compress(gzip.compress(NEWS.encode())),
    "UTF-16": NEWS.replace("UTF-8", "UTF-16").encode("utf-16"),
    "white space before the declaration": b"\r\n " + NEWS.encode(),
}


@pytest.mark.parametrize("body", PACKED.values(), ids=PACKED.keys())
def test_packing_changes_nothing(body: bytes) -> None:
    assert sitemaps.read(document(body)) == sitemaps.read(document(NEWS))


ENCODED = [
    ("euc-kr", "cp949", "한빛일보, 탈북민 북송 논란 갈수록 커져", "EUC-KR, which means cp949"),
    ("Shift_JIS", "cp932", "脱北者の送還めぐり議論ひろがる", "Shift_JIS"),
    ("EUC-JP", "euc_jp", "脱北者の送還めぐり議論ひろがる", "EUC-JP"),
    ("gb2312", "gb18030", "多名脱北者被遣返 韩国政府表示遗憾", "GB 2312, which means GB 18030"),
    ("big5", "big5hkscs", "多名脫北者遭遣返 南韓政府表示遺憾", "Big5"),
]


def in_another(label: str, codec: str, title: str) -> bytes:
    """The news sitemap with a headline of its own, and in an encoding of its own."""
    labelled = NEWS.replace("UTF-8", label).replace("한빛일보", "H")
    return re.sub(r"<!\[CDATA.*?\]\]>", title, labelled).replace("사진", "").encode(codec)


@pytest.mark.parametrize(("label", "codec", "title", "why"), ENCODED, ids=[row[-1] for row in ENCODED])
def test_the_encodings_of_east_asia_are_read(label: str, codec: str, title: str, why: str) -> None:
    reading = sitemaps.parse(document(in_another(label, codec, title)))
    assert [item.title for item in reading.items] == [title, ""]
    assert reading.encoding == codec


def test_feeds_yaml_has_the_last_word_on_the_encoding_of_a_sitemap() -> None:
    lying = in_another("Shift_JIS", "cp949", "북송")
    told = Document(url="https://hanbit.example/sitemap.xml", body=lying, encoding="euc-kr")
    assert sitemaps.read(told)[0].title == "북송"
    assert sitemaps.read(document(lying))[0].title != "북송", "two syllables are too few to refute a label"


def test_an_index_names_its_sitemaps_newest_first() -> None:
    assert sitemaps.children(document(INDEX)) == (
        "https://hanbit.example/new.xml.gz",
        "https://hanbit.example/old.xml",
        "https://hanbit.example/undated.xml",
    )
    assert sitemaps.parse(document(INDEX)).items == ()
    assert sitemaps.children(document(NEWS)) == ()


def test_an_index_that_names_itself_is_not_its_own_child() -> None:
    own = f"<sitemap><loc>https://hanbit.example/sitemap.xml</loc></sitemap>{INDEX[INDEX.index('<sitemap>') :]}"
    assert len(sitemaps.children(document(f"<sitemapindex {SITEMAP}>{own}"))) == 3


ORDERED = [
    ("2023-10-12T23:30:00-05:00", "2023-10-13T04:30:00Z is later than any of the next"),
    ("2023-10-13T00:30:00+09:00", "2023-10-12T15:30:00Z"),
    ("2023-10-12", "a day, which begins at midnight"),
    ("yesterday", "no date of W3C's form goes last, with what has none"),
    ("", "no date"),
]


def test_the_newest_come_first_whatever_their_offsets() -> None:
    def body(dates: list[str]) -> str:
        rows = (f"<url><loc>https://e.example/{date}</loc><lastmod>{date}</lastmod></url>" for date in dates)
        return f"<urlset {SITEMAP}>{''.join(rows)}</urlset>"

    dates = [date for date, _why in ORDERED]
    mixed = [dates[2], *dates[3:], dates[1], dates[0]]
    read = sitemaps.read(document(body(mixed)))
    assert [item.published_text or "" for item in read] == dates


def test_fifty_thousand_entries_are_read_in_time() -> None:
    rows = "".join(f"<url><loc>https://e.example/{n}</loc><lastmod>2023-10-12</lastmod></url>" for n in range(50_000))
    began = time.perf_counter()
    items = sitemaps.read(document(f"<urlset {SITEMAP}>{rows}</urlset>"))
    assert [len(items), items[0].link] == [50_000, "https://e.example/0"], "of one date, in the order of the sitemap"
    assert time.perf_counter() - began < 10


def test_a_faulty_sitemap_keeps_what_came_before_and_says_so() -> None:
    reading = sitemaps.parse(document(NEWS.replace("<url><loc>", "<url><lo>")))
    assert reading.items[0].link == "https://hanbit.example/view/1"
    assert "not well-formed" in reading.note


REFUSED = [
    (b"", Status.NOT_A_FEED, "empty", "an empty body"),
    (b"<html><body>no</body></html>", Status.NOT_A_FEED, "kind: page", "a web page"),
    (b"<rss version='2.0'><channel/></rss>", Status.NOT_A_FEED, "kind: feed", "a feed"),
    (b'{"urls": []}', Status.NOT_A_FEED, "not XML", "no XML"),
    (b"<!DOCTYPE urlset [<!ENTITY a 'ha'>]><urlset/>", Status.PARSE_ERROR, "DOCTYPE", "a DOCTYPE"),
    (f"<urlset {SITEMAP}><</urlset>".encode(), Status.PARSE_ERROR, "not well-formed", "nothing but a fault"),
    (NEWS[: NEWS.index("view/2") + 4].encode(), Status.TRUNCATED, "too early", "cut in an address"),
    (NEWS[: NEWS.index("<url><loc>")].encode(), Status.TRUNCATED, "too early", "cut between two addresses"),
    (INDEX[:-30].encode(), Status.TRUNCATED, "too early", "an index that is cut"),
    (gzip.compress(NEWS.encode())[:-30], Status.TRUNCATED, "too early", "a cut gzip file"),
    (
        gzip.compress(gzip.compress(gzip.compress(b"<urlset/>"))),
        Status.PARSE_ERROR,
        "within gzip",
        "gzip in gzip in gzip",
    ),
    (b"\x1f\x8bnot gzip", Status.PARSE_ERROR, "gzip", "a damaged gzip file"),
    (gzip.compress(b" " * 51_000_000), Status.TOO_LARGE, "unpacked", "a decompression bomb"),
    (b"<urlset>" + b"<url></url>" * 50_001, Status.TOO_LARGE, "50000", "more addresses than the protocol allows"),
]


@pytest.mark.parametrize(("body", "status", "note", "why"), REFUSED, ids=[case[3] for case in REFUSED])
def test_what_is_refused_and_why(body: bytes, status: Status, note: str, why: str) -> None:
    found_status, found_note = status_of(body)
    assert found_status == status
    assert note in found_note


PIECES = "<urlset> </urlset> <url> </url> <loc> </loc> http://[ https://e.com/ & <![CDATA[ ]]> 한 \0"


@given(st.lists(st.sampled_from(re.findall(r"\S+", PIECES)), max_size=20))
@settings(max_examples=150, deadline=None)
def test_broken_markup_is_read_or_refused_but_raises_nothing_else(pieces: list[str]) -> None:
    try:
        items = sitemaps.read(document("<urlset>" + "".join(pieces)))
    except ReadError:
        return
    assert all(item.link is None or item.link.startswith("https://") for item in items)
