"""What pages and robots.txt offer to poll: only what they name, the main feed first, no comments."""

from __future__ import annotations

import csv
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator import discover
from aggregator.model import Document

CASES = Path(__file__).with_name("cases") / "discover.tsv"


def document(text: str, url: str = "https://haeram.example/news/") -> Document:
    return Document(url=url, body=text.encode(errors="surrogatepass"))


def cases() -> list[object]:
    with CASES.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [pytest.param(row["markup"], row["url"].split(), id=row["why"]) for row in rows]


@pytest.mark.parametrize(("markup", "addresses"), cases())
def test_feeds_of_a_page(markup: str, addresses: list[str]) -> None:
    page = document(f"<html><head><title>x</title></head><body>{markup}</body></html>")
    assert [one.url for one in discover.feeds(page)] == addresses


def test_a_feed_is_called_what_the_page_calls_it() -> None:
    page = document(
        '<link rel=alternate type="application/rss+xml" href="/a" title="정치 &amp; 사회">'
        '<a href="/rss"> 전체\nRSS </a>'
    )
    assert [one.title for one in discover.feeds(page)] == ["정치 & 사회", "전체 RSS"]


def test_a_page_in_an_old_encoding_is_read() -> None:
    markup = '<meta charset="euc-kr"><meta property="og:site_name" content="해람통신 뉴스 속보와 사설">'
    page = Document(url="https://haeram.example/", body=markup.encode("euc-kr"))
    assert discover.page_name(page) == "해람통신 뉴스 속보와 사설"


def test_sitemaps_of_robots_txt_with_those_of_news_first() -> None:
    robots = document(
        "User-agent: *\nDisallow: /x\nSitemap: https://haeram.example/sitemap.xml\n"
        "# Sitemap: https://haeram.example/off.xml\nsitemap:/news-sitemap.xml # relative\nSitemap: ftp://x.example/\n",
        url="https://haeram.example/robots.txt",
    )
    found = [one.url for one in discover.sitemaps(robots)]
    assert found == ["https://haeram.example/news-sitemap.xml", "https://haeram.example/sitemap.xml"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("<rss><channel><title>해람 &amp; 통신</title><item><title>기사</title>", "해람 & 통신"),
        ("<feed><title type='html'><![CDATA[ 海嵐 <b>通信</b> ]]></title><entry><title>x</title>", "海嵐 通信"),
        ("<rss><channel><item><title>기사</title></item></channel></rss>", ""),
        ('{"version": "https://jsonfeed.org/version/1.1", "title": "Haeram"}', "Haeram"),
        ('{"title": null}', ""),
        ("{", ""),
        ("", ""),
    ],
)
def test_the_name_of_a_feed(text: str, name: str) -> None:
    assert discover.feed_name(document(text)) == name


PIECES = [*"<>\"'=/ &;x한{", "<link ", "rel=alternate ", "href=", "<a ", "[::", "http://", "<!--", "]]>"]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(PIECES)))
def test_whatever_stands_there_is_read(parts: list[str]) -> None:
    page = document("".join(parts))
    for one in (*discover.feeds(page), *discover.sitemaps(page)):
        assert one.url.startswith(("http://", "https://"))
    assert isinstance(discover.page_name(page) + discover.feed_name(page), str)


@pytest.mark.parametrize("part", ["<!--", "<link ", '<link a="', "<a ", "<a href=x>", "<title>", "<meta x ", "rel= "])
def test_a_page_made_to_be_slow_is_not(part: str) -> None:
    """Eight times the page takes about eight times as long; what is not linear would take sixty-four."""

    def seconds(length: int) -> float:
        page = document(part * (length // len(part)))
        begins = []
        for _ in range(3):
            begin = time.process_time()
            discover.feeds(page)
            discover.page_name(page)
            discover.feed_name(page)
            begins.append(time.process_time() - begin)
        return min(begins)

    assert seconds(160_000) < 40 * seconds(20_000)
