"""Feeds as the press writes them: what each item says, and what becomes of documents that are none."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator import feeds
from aggregator.errors import ReadError
from aggregator.model import Document, Item, Status

FEEDS = Path(__file__).parent / "feeds"
URL = "https://feeds.example/feed.xml"


def document(body: str | bytes, **said: str) -> Document:
    return Document(url=URL, body=body.encode() if isinstance(body, str) else body, **said)


def fixture(name: str) -> Document:
    return document((FEEDS / name).read_bytes())


def rss(item: str, channel: str = "") -> Document:
    return document(f'<rss version="2.0"><channel><title>t</title>{channel}<item>{item}</item></channel></rss>')


# --- the formats ------------------------------------------------------------------------------------------------------


def test_rss_item_as_the_press_writes_it() -> None:
    first, second, third = feeds.read(fixture("daily.rss.xml"))
    assert first.title == "통일부 “北 주민 북송…탈북민 숫자는 미확인”"
    assert first.link == "https://www.hanbit.example/view/20231012001?section=nk&id=1"
    assert first.guid == "20231012001"
    assert first.summary == "통일부는 12일 밝혔다."
    assert first.author == "김하늘 기자"
    assert first.language == "ko-KR"
    assert first.dates == (("pubDate", "2023-10-12 오후 03:31:15"),)
    assert [link.url for link in first.links] == [
        "https://www.hanbit.example/view/0",
        "https://blog.example/archive/nk",
    ]
    assert second.title == "R&D 예산 <속보>"
    assert second.link == second.guid == "https://www.hanbit.example/view/2"
    assert second.outlet_text == "연합뉴스"
    assert second.dates == (("pubDate", "Thu,12 Oct 2023 10:00:00 KST"), ("dc:date", "2023-10-12T01:00:00Z"))
    assert (third.link, third.guid, third.dates) == (None, "hanbit-3", ())


def test_rss_channel_says_how_often_to_ask_and_the_note_what_is_odd() -> None:
    reading = feeds.parse(fixture("daily.rss.xml"))
    assert reading.pace.ttl == timedelta(hours=2)
    assert reading.pace.skip_hours == {0, 3}
    assert reading.pace.skip_days == {"Sunday"}
    assert reading.note == "1 item without a link"
    assert (reading.encoding, reading.encoding_certain) == ("utf-8", True)


def test_rdf_keeps_its_date_under_its_own_name() -> None:
    assert feeds.read(fixture("flash.rdf.xml")) == (
        Item(
            title="脱北者６００人送還か 韓国政府が遺憾",
            link="https://www.hoshi.example/a/1",
            guid="https://www.hoshi.example/a/1",
            language="ja",
            outlet_text="星新聞社",
            dates=(("dc:date", "2023-10-13T17:56:53+09:00"),),
        ),
    )


def test_atom_text_is_text_and_relative_links_follow_xml_base() -> None:
    first, second = feeds.read(fixture("world.atom.xml"))
    assert first.title == "遣返 <b>爭議</b> &amp; 再起"
    assert first.link == "https://news.example/world/1.html"
    assert first.author == "林小明, 王大同"
    assert first.language == "zh-TW"
    assert first.summary == "多名脫北者。 前文"
    assert [link.url for link in first.links] == ["https://news.example/world/0.html"]
    assert first.dates == (("published", "2023-10-13T08:00:00+08:00"), ("updated", "2023-10-13T09:00:00+08:00"))
    assert second.title == "Q&A: forced repatriation"
    assert second.summary == "5 < 6"
    assert (second.link, second.language) == ("https://news.example/world/2", "en")


def test_json_feed_of_both_versions() -> None:
    first, second = feeds.read(fixture("notes.feed.json"))
    assert (first.title, first.guid, first.link) == ("Tom & <Jerry>", "7", "https://feeds.example/notes/7")
    assert (first.summary, first.author, first.language) == ("See the archive.", "Ada, Grace", "en-US")
    assert first.dates == (
        ("date_published", "2023-10-13T08:00:00+09:00"),
        ("date_modified", "2023-10-14T08:00:00+09:00"),
    )
    assert [link.url for link in first.links] == ["https://blog.example/archive/nk"]
    assert (second.title, second.link) == ("", "https://notes.example/8")
    assert (second.summary, second.author, second.language) == ("No title &amp; none needed", "Old Style", "ja")


# --- one field at a time ----------------------------------------------------------------------------------------------

ITEMS = [
    ("title", "<title>A &amp;amp; B</title>", "A & B", "escaped twice: once for XML, once for HTML"),
    ("title", "<title>caf&eacute; &copy; 2024&nbsp;&hellip;</title>", "café © 2024 …", "HTML's names need no DTD"),
    ("title", "<title>AT&T: R&D, M&A; &unknown; &#8217s</title>", "AT&T: R&D, M&A; &unknown; ’s", "bare ampersands"),
    ("title", "<title><![CDATA[S&P <b>500</b> &amp; Q&A;]]></title>", "S&P 500 & Q&A;", "ampersands in CDATA"),
    ("title", "<title>a\x00b\x0bc</title>", "abc", "controls that no XML may hold"),
    ("title", "<title>a&#xD800;b&#9999999999;c&#x110000;d&#0;e</title>", "a�b�c�d�e", "references to no character"),
    ("title", "<title>t</title><image><url>u</url><title>no</title></image>", "t", "a picture of the item has a title"),
    ("title", "<image><title>no</title></image><title>t</title>", "t", "which may come first"),
    ("title", "<title>t</title><image><title><![CDATA[no]]></title></image >", "t", "or be printed in CDATA"),
    ("title", "<title>t</title><image href='/1.png'/><b><title>no</title></b>", "t", "a picture that is only named"),
    ("title", "<title>t</title><textInput><title>no</title></textInput>", "t", "a form has a title"),
    ("title", "<media:content><media:title>no</media:title></media:content><title>t</title>", "t", "media have titles"),
    ("title", "<title>t</title><media:group><media:title>no</media:title></media:group>", "t", "and groups of them"),
    ("title", "<title>t</title><source url='/'><title>no</title></source>", "t", "and sources"),
    ("summary", "<image><description>no</description></image>", "", "what is said of a picture"),
    ("summary", "<description><![CDATA[a <image>b</image> c]]></description>", "a b c", "a picture in a text"),
    ("link", "<link>  https://e.com/1  </link>", "https://e.com/1", "white space around"),
    ("link", "<link>https://e.com/?a=1&b=2</link>", "https://e.com/?a=1&b=2", "a query that is not escaped"),
    ("link", "<link/><guid>https://e.com/1</guid>", "https://e.com/1", "an empty link gives way to the permalink"),
    ("link", '<link/><guid isPermaLink="false">https://e.com/1</guid>', None, "a guid that says it is no permalink"),
    ("link", "<guid>12345</guid>", None, "a guid that is no URL"),
    ("link", "<link>javascript:alert(1)</link>", None, "not http(s)"),
    ("link", "<link>http://[::1/x</link>", None, "no address at all"),
    ("link", '<link href="https://e.com/1"/>', "https://e.com/1", "RSS written like Atom"),
    ("author", "<author>desk@e.com (Min Park)</author>", "Min Park", "a mail address and, in parentheses, the name"),
    ("author", "<author>desk@e.com</author>", None, "a mail address is no name"),
    ("dates", "<pubdate>2024-02-30</pubdate>", (("pubdate", "2024-02-30"),), "an impossible date is kept as printed"),
    ("dates", "<lastBuildDate>2024-02-03</lastBuildDate>", (), "the date of a build dates no article"),
    ("dates", "<pubDate/>", (), "an empty date"),
    ("summary", "<description/>", "", "an empty description"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "markup", "expected", "why"), ITEMS, ids=[case[3] for case in ITEMS])
def test_field_of_an_rss_item(name: str, markup: str, expected: object, why: str) -> None:
    assert getattr(feeds.read(rss(markup))[0], name) == expected


LANGUAGES = [
    ("ko_KR", "ko-KR"),
    ("zh-hant-tw", "zh-Hant-TW"),
    ("JP", "ja"),
    ("utf-8", None),
    ("euc-kr", None),
    ("한국어", None),
]


@pytest.mark.parametrize(("declared", "expected"), LANGUAGES)
def test_declared_language_is_a_tag_or_nothing(declared: str, expected: str | None) -> None:
    reading = feeds.read(rss("<title>x</title>", f"<language>{declared}</language>"))
    assert reading[0].language == expected


NONSENSE = ["<ttl>-5</ttl>", "<ttl>soon</ttl>", f"<ttl>{'9' * 5000}</ttl>", "<skipHours><hour>x</hour></skipHours>"]


@pytest.mark.parametrize("channel", NONSENSE, ids=lambda channel: channel[:30])
def test_a_pace_that_is_nonsense_is_none(channel: str) -> None:
    pace = feeds.parse(rss("", channel)).pace
    assert (pace.ttl, pace.skip_hours, pace.skip_days) == (None, frozenset(), frozenset())


def test_a_feed_that_skips_every_hour_is_asked_all_the_same() -> None:
    hours = "".join(f"<hour>{hour}</hour>" for hour in range(24))
    assert feeds.parse(rss("", f"<skipHours>{hours}</skipHours>")).pace.skip_hours == frozenset()


# --- encodings --------------------------------------------------------------------------------------------------------

LEGACY = [
    ("euc-kr", "cp949", "똠방각하 펲시콜라"),
    ("shift_jis", "cp932", "①髙島屋の決算、発表へ"),
    ("gb2312", "gb18030", "朱镕基回忆录出版，韓國亦關注"),
]


@pytest.mark.parametrize(("declared", "real", "title"), LEGACY)
def test_vendor_characters_under_the_standard_label_are_no_mojibake(declared: str, real: str, title: str) -> None:
    declaration = f'<?xml version="1.0" encoding="{declared}"?>'.encode()
    reading = feeds.parse(document(declaration + rss(f"<title>{title}</title>").body.decode().encode(real)))
    assert (reading.items[0].title, reading.encoding) == (title, real)


def test_the_override_of_the_source_beats_a_server_that_lies() -> None:
    body = rss("<title>한국어 제목입니다</title>").body.decode().encode("cp949")
    said = document(body, content_type="text/xml; charset=shift_jis", encoding="euc-kr")
    assert feeds.read(said)[0].title == "한국어 제목입니다"


# --- what is broken, and what is no feed ------------------------------------------------------------------------------

NO_FEEDS = [
    ("", "the body is empty", "an empty body"),
    ("<!DOCTYPE html><html><body>403</body></html>", "is kind: page meant?", "a web page"),
    ("<html><input type='password'></html>", "asks for a password", "a login page"),
    ('<html><link type="application/rss+xml" href="/rss"></html>', "https://feeds.example/rss", "a page with a feed"),
    ("<urlset><url/></urlset>", "is kind: sitemap meant?", "a sitemap"),
    ('<opml version="2.0"/>', "OPML", "a list of feeds"),
    ('{"items": []}', "not JSON Feed", "JSON of another kind"),
    ("[" * 100_000, "not JSON to its end", "JSON without end"),
    ("plain text", "begins with 'plain text'", "text"),
]


@pytest.mark.parametrize(("body", "note", "why"), NO_FEEDS, ids=[case[2] for case in NO_FEEDS])
def test_what_is_no_feed_says_what_it_is(body: str, note: str, why: str) -> None:
    with pytest.raises(ReadError) as raised:
        feeds.read(document(body))
    assert raised.value.status == Status.NOT_A_FEED
    assert note in raised.value.note


JSON = '{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1"%s}]}'


@pytest.mark.parametrize(
    ("body", "status"),
    [((JSON % "")[:-5], Status.TRUNCATED), (JSON % ", 2", Status.PARSE_ERROR)],
    ids=["cut", "faulty"],
)
def test_a_json_feed_that_is_cut_is_told_from_one_that_is_faulty(body: str, status: Status) -> None:
    with pytest.raises(ReadError) as raised:
        feeds.read(document(body))
    assert raised.value.status == status


def test_a_feed_without_items_is_a_feed() -> None:
    assert feeds.parse(document('<rss version="2.0"><channel/></rss>')).items == ()


ENTRIES = "".join(f"<item><title>t{n}</title><link>https://e.com/{n}</link></item>" for n in (1234560, 1234561))
RSS = f'<rss version="2.0"><channel><title>t</title>{ENTRIES}</channel></rss>'
ATOM = '<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>t</title><link href="https://e.com/1"/></entry></feed>'
RDF = (
    '<rdf:RDF xmlns="http://purl.org/rss/1.0/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><channel/>'
    "<item><title>t</title><link>https://e.com/1</link></item></rdf:RDF>"
)
CUT = [
    (RSS[: RSS.index("1234561") + 4], True, "in an address, which would be another one"),
    (RSS[: RSS.index("</item>") + 7], True, "between two items"),
    (RSS[: RSS.index("</title>") + 3], True, "before the first item"),
    (RSS[: RSS.index("</channel>") + 4], True, "in an end tag"),
    (ATOM[:-9], True, "Atom"),
    (RDF[:-12], True, "RSS 1.0, whose channel ends before its items"),
    (RSS.replace("t1234560", "<![CDATA[</rss>]]>")[:-20], True, "the end tag of the feed stands in a headline only"),
    (RSS[:-1], False, "but for the last letter"),
    (RSS[:-6], False, "after the end of the channel nothing is missing"),
    (RSS.replace("</item>", ""), False, "faulty in the middle, and whole"),
    (RSS.replace("t1234561", "<![CDATA[t"), False, "CDATA that nothing ends, and whole"),
    (RSS.replace("t1234560", "<b>AT&T"), False, "markup that nothing ends, and whole"),
    (RSS + "<!-- 0.2 s --><br><item>", False, "rubbish after the end"),
    (RSS.upper().replace("HTTPS://E", "https://e"), False, "capitals"),
]


@pytest.mark.parametrize(("body", "cut", "why"), CUT, ids=[row[-1] for row in CUT])
def test_a_feed_that_ends_before_its_end_is_none_and_one_that_is_merely_faulty_is_read(
    body: str, cut: bool, why: str
) -> None:
    if not cut:
        assert feeds.read(document(body)), why
        return
    with pytest.raises(ReadError) as raised:
        feeds.read(document(body))
    assert raised.value.status == Status.TRUNCATED, why


def test_what_stands_before_the_root_is_no_harm() -> None:
    warning = "<br />\n<b>Warning</b>: mysql_connect()\n<!-- <rss> -->"
    assert feeds.read(document(warning.encode() + rss("<title>x</title>").body))[0].title == "x"


def test_a_doctype_grows_nothing_and_reads_no_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("SECRET")
    subset = f'<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY x SYSTEM "{secret.as_uri()}"><!ENTITY y "\\1">'
    body = rss("<title>[&b;&x;&y;]</title>").body.decode()
    title = feeds.read(document(f"<!DOCTYPE rss [{subset}]>{body}"))[0].title
    assert "haha" not in title
    assert "SECRET" not in title


def test_no_more_than_2000_items_are_read() -> None:
    items = "".join(f"<item><link>https://e.com/{n}</link></item>" for n in range(2_100))
    reading = feeds.parse(document(f'<rss version="2.0"><channel>{items}<ttl>60</ttl></channel></rss>'))
    assert [len(reading.items), reading.items[-1].link] == [2_000, "https://e.com/1999"]
    assert reading.note == "100 items beyond the first 2000 were left out"
    assert reading.pace.ttl == timedelta(hours=1)


def test_what_is_not_well_formed_is_read_to_its_fifty_thousandth_tag() -> None:
    items = "".join(f"<item><link>https://e.com/{n}</link></item>" for n in range(100))
    begin = time.process_time()
    reading = feeds.parse(document(f'<rss version="2.0"><channel>{items}<b>{"<a></a>" * 200_000}</channel></rss>'))
    assert len(reading.items) == 100
    assert reading.note.startswith("not well-formed")
    assert time.process_time() - begin < 20, "read to its end it takes half a minute"


HOSTILE = [
    rss(f"<item {' '.join(f'a{n}=' + chr(34) * 2 for n in range(20_000))}>"),
    rss(f"<author>{'(' * 50_000}{'a' * 50_000}</author>"),
    rss("<b>" * 5_000),
    document("<!--<rss " * 50_000),
]


@pytest.mark.parametrize("hostile", HOSTILE, ids=["attributes", "author", "depth", "comments"])
def test_hostile_markup_ends_in_time(hostile: Document) -> None:
    """Each of these took minutes when its time grew with the square of its size."""
    try:
        feeds.read(hostile)
    except ReadError as error:
        assert error.status in (Status.NOT_A_FEED, Status.PARSE_ERROR, Status.TRUNCATED)  # noqa: PT017 - either end is good, and none is


PIECES = re.findall(
    r"\S+",
    "<rss version='2.0'> <channel> <item> </item> <title> </title> <![CDATA[ ]]> & &#xD800; &#x; < > \" <link> </link>"
    " <source> </source> <author> <image> <pubDate> </pubDate> xml:base='http://[x' <entry> <feed> <rdf:RDF> 한 \0",
)


@given(st.lists(st.sampled_from(PIECES), max_size=25))
@settings(max_examples=200, deadline=None)
def test_broken_markup_is_read_or_refused_but_raises_nothing_else(pieces: list[str]) -> None:
    try:
        items = feeds.read(document("<rss>" + "".join(pieces)))
    except ReadError:
        return
    assert all(item.link is None or item.link.startswith("http") for item in items)
