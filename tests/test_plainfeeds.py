"""The short way of reading feeds comes to the same as feedparser, or leaves the feed to it."""

from __future__ import annotations

from html import escape
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator import feeds, plainfeeds
from aggregator.errors import ReadError
from aggregator.model import Document, Reading

CORPORA = Path(__file__).resolve().parents[2] / "shared" / "corpora"
URL = "https://daily.example/feeds/all.xml"
SPACES = (
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    ' xmlns:media="http://search.yahoo.com/mrss/" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"'
    ' xmlns:slash="http://purl.org/rss/1.0/modules/slash/" xmlns:a="http://www.w3.org/2005/Atom"'
)


def rss(item: str, channel: str = "<title>일보</title><link>https://daily.example/</link>") -> str:
    return f'<rss version="2.0" {SPACES}><channel>{channel}<item>{item}</item></channel></rss>'


def atom(entry: str, feed: str = '<title>日報</title><link href="https://daily.example/"/>') -> str:
    return f'<feed xmlns="http://www.w3.org/2005/Atom" {SPACES}>{feed}<entry>{entry}</entry></feed>'


def rdf(item: str, root: str = "") -> str:
    return (
        '<rdf:RDF xmlns="http://purl.org/rss/1.0/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
        f' xmlns:dc="http://purl.org/dc/elements/1.1/" {root}><channel rdf:about="https://daily.example/"><title>x</title>'
        f'<items><rdf:Seq><rdf:li rdf:resource="https://daily.example/1"/></rdf:Seq></items></channel>{item}</rdf:RDF>'
    )


def both(source: str, monkeypatch: pytest.MonkeyPatch) -> tuple[bool, Reading | str, Reading | str]:
    """Whether a feed is read the short way, and what it says by that way and by feedparser."""
    short: list[bool] = []

    def parse(text: str) -> object:
        found = plainfeeds.parse(text)
        short.append(found is not None)
        return found or feeds._by_feedparser(text)

    def read() -> Reading | str:
        try:
            return feeds.parse(Document(url=URL, body=source.encode()))
        except ReadError as problem:
            return str(problem)

    with monkeypatch.context() as patch:
        patch.setattr(feeds, "_parse", parse)
        quick = read()
        patch.setattr(feeds, "_parse", feeds._by_feedparser)
        return any(short), quick, read()


LINK = "<link>https://daily.example/1</link>"
SHORT = [
    (rss(f"<title> 탈북민 &amp;lt;b&amp;gt; </title>{LINK}<guid>1</guid><pubDate>12 Oct 2023</pubDate>"), "as usual"),
    (rss('<guid isPermaLink="false">a</guid><title>x</title>'), "a guid that is no address"),
    (rss("<guid>https://daily.example/2</guid><title>x</title>"), "a guid that is the address"),
    (rss(f"<guid>https://daily.example/2</guid>{LINK}"), "the guid before the link"),
    (rss("<link>https://daily.example/?a=1&amp;copy=2&amp;amp;b=3</link>"), "an address that was escaped twice"),
    (rss("<link/><guid>https://daily.example/3</guid>"), "an empty link"),
    (rss('<a:link href="https://daily.example/4" rel="alternate"/><title>x</title>'), "a link of Atom in RSS"),
    (rss("<link>https://daily.example/1</link><link>https://daily.example/5</link>"), "two links, the last counts"),
    (rss("<description>&lt;p&gt;요약&lt;/p&gt;</description><content:encoded><![CDATA[<p>본문 <a href='/x'>x</a></p>]]>"
         "</content:encoded>"), "a summary and a body"),
    (rss("<content:encoded>본문</content:encoded><description>요약</description>"), "the body first"),
    (rss("<author>김 기자</author><dc:creator>박 기자</dc:creator>"), "two authors"),
    (rss('<source url="https://wire.example/">해람</source><title>x</title>'), "whose text it is"),
    (rss("<dc:language>ja</dc:language><dc:publisher>汐見</dc:publisher><dc:date>2023-10-12</dc:date>"), "Dublin Core"),
    (rss("<title>\x93quoted\x94 and \xe2\x80\xa6</title>"), "windows-1252 by number, and UTF-8 encoded twice"),
    (rss("<title>x</title>", "<language>ko-KR</language><ttl>30</ttl><sy:updatePeriod>hourly</sy:updatePeriod>"
         "<skipHours><hour>3</hour></skipHours><image><title>no</title><link>https://no.example/</link></image>"),
     "how often it wants to be asked"),
    (f'<rss version="0.92" xml:lang="zh_TW"><channel><item><title>脫北</title>{LINK}</item></channel></rss>', "zh"),
    (atom("<title type='html'>&lt;b&gt;x&lt;/b&gt; &amp;amp; y</title><id>tag:1</id><link href='/1'/>"
          "<summary>a &lt; b</summary><updated>2023-10-12T00:00:00Z</updated>"), "Atom with its types"),
    (atom("<title>x</title><author><name>김</name><email>kim@daily.example</email></author><author><name>박</name></author>"
          "<content type='html'>&lt;a href='https://a.example/'&gt;x&lt;/a&gt;</content>"), "people and a body"),
    (rdf('<item rdf:about="https://daily.example/1"><title>x</title><link>https://daily.example/1</link>'
         "<dc:date>2023-10-12</dc:date><dc:creator>汐見</dc:creator></item>"), "RSS 1.0"),
    (rdf('<item rdf:about="https://daily.example/1"><title>x</title></item>'), "RSS 1.0 without links"),
    (rdf('<item rdf:about="https://daily.example/1"><link>/1</link></item>', 'xml:lang="ja"'), "RSS 1.0 in Japanese"),
    (rdf('<item rdf:about="https://daily.example/1"><title>x</title></item>', 'xml:lang="ja"'), "and with a headline"),
    (rss(f"<title>x</title>{LINK}<image><title>no</title><description>no</description></image>"), "a picture"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "why"), SHORT, ids=[row[-1] for row in SHORT])
def test_a_feed_that_keeps_to_its_format_is_read_the_short_way(
    source: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    short, quick, slow = both(source, monkeypatch)
    assert short
    assert quick == slow


LONG = [
    (rss("<title>a <b>bold</b> title</title>"), "markup that is not escaped"),
    (rss("<title>x</title><title>y</title>"), "two titles"),
    (rss("<description>x</description><description>y</description>"), "two summaries"),
    (rss("<author>kim@daily.example (김)</author>"), "a mailbox beside the name"),
    (rss("<title>x</title><itunes:title xmlns:itunes='http://www.itunes.com/dtds/podcast-1.0.dtd'>y</itunes:title>"),
     "a name of which nothing is known"),
    (rss("<title>x<!-- y --></title>"), "a comment within"),
    (rss("<title>x</title><media:content><media:title>no</media:title></media:content>"), "a picture with a title"),
    (atom("<title>x</title><source><title>no</title></source>"), "whose article it is, in Atom"),
    (rss("<title>x</title><link>https:///daily.example/1</link>"), "slashes that feedparser takes away"),
    (rss("<title xml:lang='ja'>x</title>"), "a language of one element"),
    (rss("<title>x</title>").replace("</item>", ""), "not well-formed"),
    (rss("<title>x</title>").replace("xmlns:dc", "xmlns:cd").replace("<title>", "<dc:title>"), "no such prefix"),
    (atom("<title type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>x</div></title>"), "markup in Atom"),
    (atom("<content src='https://a.example/'/>"), "a body elsewhere"),
    (atom("<title>x</title>").replace("<feed ", "<feed xml:base='https://b.example/' "), "a base"),
    (rdf("<item><title>x</title></item>", 'xmlns:a="http://www.w3.org/2005/Atom"'), "RSS 1.0 or Atom?"),
    ("<channel><item><title>x</title></item></channel>", "no root of a format"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "why"), LONG, ids=[row[-1] for row in LONG])
def test_what_is_not_certain_is_left_to_feedparser(source: str, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    short, quick, slow = both(source, monkeypatch)
    assert not short
    assert quick == slow


# --- made-up feeds ----------------------------------------------------------------------------------------------------

PIECES = ("탈북민 ", "脱北者", "a", " ", "\n", "&", "<", "<b>", "</b>", "<p>", "&amp;", "&lt;", "é", "\x92", "“", "]",
          "1", "(", ")", ":", "//", "/2", "?a=1&b=2", "<a href='/3'>x</a>", "https://daily.example/1")  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)
NAMES = ("title", "link", "description", "content:encoded", "guid", "author", "dc:creator", "category", "pubDate",
         "dc:date", "source", "comments", "dc:language", "media:thumbnail", "slash:comments", "a:link")  # fmt: skip
ATTRIBUTES = (
    "",
    "",
    "",
    ' isPermaLink="false"',
    ' href="https://daily.example/4"',
    ' rel="self" href="/5"',
    ' url="x"',
)
ELEMENTS = st.tuples(st.sampled_from(NAMES), st.sampled_from(ATTRIBUTES), TEXTS, st.booleans())
OF_ATOM = st.tuples(st.sampled_from(("title", "summary", "content", "id", "link", "updated", "published")),
                    st.sampled_from(("", "", ' type="html"', ' type="text"', ' href="/6"', ' rel="related" href="/7"')),
                    TEXTS, st.booleans())  # fmt: skip


def printed(elements: list[tuple[str, str, str, bool]]) -> str:
    return "".join(
        f"<{name}{attributes}><![CDATA[{text.replace(']', '')}]]></{name}>" if cdata
        else f"<{name}{attributes}>{escape(text)}</{name}>"
        for name, attributes, text, cdata in elements
    )  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(st.lists(ELEMENTS, max_size=8), st.lists(OF_ATOM, max_size=6))
def test_whatever_is_read_the_short_way_says_the_same(
    elements: list[tuple[str, str, str, bool]], others: list[tuple[str, str, str, bool]]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for source in (rss(printed(elements)), atom(printed(others))):
            _, quick, slow = both(source, patch)
            assert quick == slow


@pytest.mark.skipif(not CORPORA.is_dir(), reason="the corpora are not here")
def test_feeds_of_the_press_and_of_other_readers_say_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    files = [
        path for folder in ("press_feeds", "encodings", "feed_suites") for path in (CORPORA / folder).rglob("*.xml")
    ]
    found = {}
    for path in [*files[:136:4], *files[136::40]]:
        found[path], quick, slow = both(path.read_bytes().decode("utf-8", "replace"), monkeypatch)
        assert quick == slow, path
    press = [short for path, short in found.items() if "press_feeds" in str(path)]
    assert sum(press) > 0.9 * len(press)
