"""What a blog received (comments feeds, WordPress exports, JF2) becomes items that link to it, and the lists in it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator import config, pipeline, received
from aggregator.errors import ReadError
from aggregator.model import Document, Link, Reading, Status
from aggregator.outlets import directory
from aggregator.store import Store
from tests.press import Press

NAMES = directory()
POST = "https://ours.example/archive/repatriation/"
LIST = "[&#8230;] 參考新聞連結:2023/10/12 産経 中国が脱北者600人を一斉送還2023/10/14 BBC 韓国政府が遺憾の意 [&#8230;]"


def read(body: str, names=NAMES) -> Reading | None:
    return received.parse(Document(url="https://ours.example/comments/feed", body=body.encode()), names)


def atom(*comments: tuple[str, str, str, int]) -> str:
    """A comments feed of WordPress as Atom: (author, address of the author, markup, number)."""
    entries = "".join(
        f"""
  <entry>
    <title>By: {author}</title>
    <link rel="alternate" href="{POST}comment-page-2/#comment-{number}" type="text/html" />
    <author><name>{author}</name>{f"<uri>{address}</uri>" if address else ""}</author>
    <id>{POST}#comment-{number}</id>
    <updated>2023-10-15T04:12:0{number}Z</updated>
    <published>2023-10-15T04:12:0{number}Z</published>
    <content type="html" xml:base="{POST}#comment-{number}"><![CDATA[{markup}]]></content>
    <thr:in-reply-to ref="{POST}" href="{POST}" type="text/html" />
  </entry>"""
        for author, address, markup, number in comments
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:thr="http://purl.org/syndication/thread/1.0" xml:lang="zh-TW">
  <title type="text">〈強制遣返〉的留言</title>
  <link rel="alternate" type="text/html" href="{POST}" />
  <link rel="self" type="application/atom+xml" href="{POST}feed/atom/" />{entries}
</feed>"""


def rss(*comments: tuple[str, str, int]) -> str:
    """The same feed as RSS, which does not say where an author is at home: (author, markup, number)."""
    items = "".join(
        f"""
  <item>
    <title>作者：{author}</title>
    <link>{POST}#comment-{number}</link>
    <dc:creator><![CDATA[{author}]]></dc:creator>
    <pubDate>Sun, 15 Oct 2023 04:12:0{number} +0000</pubDate>
    <guid isPermaLink="false">https://ours.example/?p=7#comment-{number}</guid>
    <description><![CDATA[{markup}]]></description>
    <content:encoded><![CDATA[<p>{markup}</p>]]></content:encoded>
  </item>"""
        for author, markup, number in comments
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"
  xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"
  xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>Comments</title>
  <atom:link href="{POST}feed/" rel="self" type="application/rss+xml" /><link>{POST}</link>{items}
</channel></rss>"""


def export(*comments: dict[str, str]) -> str:
    """A WordPress export of one post, with comments given by their `wp:comment_…` elements."""
    usual = {
        "id": "3", "author": "Notes on the Border", "author_url": "https://notes.example/2023/10/border",
        "date": "2023-10-15 13:12:09", "date_gmt": "2023-10-15 04:12:09", "content": "[&#8230;] as they say [&#8230;]",
        "approved": "1", "type": "pingback",
    }  # fmt: skip
    written = "".join(
        "<wp:comment>"
        + "".join(f"<wp:comment_{name}><![CDATA[{text}]]></wp:comment_{name}>" for name, text in (usual | one).items())
        + "</wp:comment>"
        for one in comments
    )
    return f"""<?xml version="1.0" encoding="UTF-8" ?>
<rss version="2.0" xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/"
  xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:wp="http://wordpress.org/export/1.2/">
<channel><title>Ours</title><link>https://ours.example</link><wp:wxr_version>1.2</wp:wxr_version>
<item><title>Repatriation</title><link>{POST}</link><guid isPermaLink="false">https://ours.example/?p=7</guid>
<content:encoded><![CDATA[The post itself]]></content:encoded><wp:post_id>7</wp:post_id>{written}</item>
</channel></rss>"""


MENTION = {
    "type": "entry",
    "author": {"type": "card", "name": "An Editor", "url": "https://notes.example"},
    "url": "https://elsewhere.example/claimed",
    "name": "Notes on the border",
    "published": "2023-10-15T13:12:09+09:00",
    "wm-received": "2023-10-15T04:20:00Z",
    "wm-id": 1704,
    "wm-source": "https://notes.example/2023/10/border",
    "wm-target": POST,
    "wm-property": "mention-of",
    "wm-private": False,
    "content": {"html": f'<p>All of it is <a href="{POST}">in the archive</a> now.</p>', "text": "All of it …"},
}


def jf2(*changes: dict[str, object]) -> str:
    return json.dumps({"type": "feed", "name": "Webmentions", "children": [MENTION | one for one in changes]})


def test_a_pingback_of_a_comments_feed_is_an_item_that_links_to_the_page_of_ours() -> None:
    reading = read(
        atom(
            ("Notes &amp; Borders", "https://notes.example/1", "<p>[&#8230;] all are in the archive [&#8230;]</p>", 1),
            ("A reader", "https://reader.example", "<p>Thank you for this.</p>", 2),
        )
    )
    assert reading
    (item,) = reading.items
    assert (item.title, item.link) == ("Notes & Borders", "https://notes.example/1")
    assert item.summary == "[…] all are in the archive […]"
    assert item.dates[0] == ("published", "2023-10-15T04:12:01Z")
    (link,) = item.links
    assert (link.url, link.before + link.after) == (POST, "all are in the archive")
    assert not reading.references


def test_a_list_in_an_excerpt_is_read_also_where_the_feed_does_not_say_who_sent_it() -> None:
    reading = read(rss(("Reading list", LIST, 1), ("A reader", "Thank you", 2)))
    assert reading
    assert [(one.outlet, one.headline) for one in reading.references] == [
        ("産経", "中国が脱北者600人を一斉送還"),
        ("BBC", "韓国政府が遺憾の意"),
    ]
    assert not reading.items
    assert reading.note == "1 pingbacks without the address of their page, which the Atom form of this feed names"


READERS_ONLY = [rss(("A reader", "Well said.", 1)), atom(("A reader", "", "Well said.", 1)), export()]


@pytest.mark.parametrize("body", READERS_ONLY, ids=["RSS", "Atom", "export"])
def test_that_only_readers_have_written_yet_is_as_it_should_be(body: str) -> None:
    reading = read(body)
    assert reading is not None
    assert (reading.items, reading.references, reading.may_be_empty) == ((), (), True)


def test_one_page_that_sent_to_two_pages_of_ours_is_one_item_with_two_links() -> None:
    other = POST.replace("repatriation", "crossings")
    sent = atom(("Notes", "https://notes.example/1", "[…] first […]", 1), ("Notes", "https://notes.example/1", LIST, 2))
    reading = read(sent.replace(f'href="{POST}" type="text/html" />\n  </entry>\n  <entry>',
                                f'href="{other}" type="text/html" />\n  </entry>\n  <entry>'))  # fmt: skip
    assert reading
    (item,) = reading.items
    assert [link.url for link in item.links] == [other, POST]
    assert item.summary.startswith("[…] first […] […] 參考新聞連結")


def test_of_an_export_approved_pingbacks_and_trackbacks_are_read_with_their_time_in_gmt() -> None:
    trackback = {
        "id": "4",
        "type": "trackback",
        "author_url": "http://tb.example/1",
        "content": "<strong>T</strong>\n\nx",
    }
    others = ({"approved": "spam"}, {"approved": "0"}, {"type": "comment"}, {"type": ""})
    reading = read(export({}, trackback, *others))
    assert reading
    first, second = reading.items
    assert (first.link, first.guid) == ("https://notes.example/2023/10/border", "comment-3")
    assert first.dates == (("wp:comment_date_gmt", "2023-10-15 04:12:09Z"),)
    assert first.links[0].url == second.links[0].url == POST
    assert second.summary == "T x"
    unknown = read(export({"date_gmt": "0000-00-00 00:00:00"}))
    assert unknown
    assert unknown.items[0].dates == ()


def test_a_webmention_names_the_page_that_was_seen_to_link_not_what_that_page_claims() -> None:
    reading = read(jf2({}, {"wm-private": True, "wm-source": "https://secret.example"}))
    assert reading
    (item,) = reading.items
    assert (item.title, item.link, item.guid) == ("Notes on the border", MENTION["wm-source"], "1704")
    assert item.dates == (("published", MENTION["published"]), ("wm-received", MENTION["wm-received"]))
    assert item.links == (Link(url=POST, text="in the archive", before="All of it is ", after=" now."),)


@pytest.mark.parametrize(
    ("changes", "summary", "why"),
    [
        ({"content": {"text": "only text"}}, "only text", "no markup"),
        ({"content": None, "summary": {"value": "a summary"}}, "a summary", "a summary instead"),
        ({"content": None}, "", "a like has no words"),
        ({"content": "bare", "name": None, "published": None, "wm-id": None}, "bare", "nulls everywhere"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_webmentions_in_other_shapes(changes, summary, why):
    reading = read(jf2(changes))
    assert reading
    assert (reading.items[0].summary, reading.items[0].links[0].url) == (summary, POST)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("2023/10/12 産経 中国が脱北者を送還", "a reference list"),
        ("<html><body><a href='#comment-1'>2023/10/12 産経 送還</a></body></html>", "a page with comments"),
        (rss(("x", "y", 1)).replace("#comment-1", ""), "a feed of posts"),
        (rss(("x", "y", 1), ("x", "y", 2)).replace(f"{POST}#comment-2", POST), "a feed of posts, one with an anchor"),
        ('{"type": "feed", "children": [{"name": "no wm-source here"}]}', "JF2 of something else"),
        ('["wm-source"]', "JSON of something else"),
        ("", "nothing"),
    ],
    ids=lambda value: value if len(value) < 40 else "",
)
def test_what_is_no_record_of_pingbacks_is_left_to_others(body, why):
    assert read(body) is None


def test_what_would_grow_in_memory_or_reach_for_files_is_refused() -> None:
    bomb = '<!DOCTYPE rss [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
    with pytest.raises(ReadError, match="DOCTYPE"):
        read(export({}).replace("<rss ", f"{bomb}<rss "))
    with pytest.raises(ReadError, match="not JSON"):
        read(jf2({})[:-3])


def test_what_comes_before_a_fault_is_kept_and_the_note_says_so() -> None:
    reading = read(
        export({}, {"id": "9", "author_url": "https://late.example"}).replace("<wp:comment_id><![CDATA[9", "\x01")
    )
    assert reading
    assert [item.link for item in reading.items] == ["https://notes.example/2023/10/border"]
    assert "not well-formed" in reading.note


@pytest.mark.parametrize(
    "whole", [export({}, {"id": "9"}), rss(("A", "[…] as they say […]", 1))], ids=["export", "feed"]
)
def test_what_is_cut_is_no_record(whole: str) -> None:
    with pytest.raises(ReadError) as raised:
        read(whole[:-60])
    assert raised.value.status is Status.TRUNCATED


def test_addresses_that_are_none_are_no_items() -> None:
    reading = read(export({"author_url": "javascript:alert(1)"}, {"author_url": ""}))
    assert reading
    assert reading.items == ()


@settings(max_examples=200, deadline=None)
@given(
    st.text(max_size=60), st.sampled_from(["{}", '[{{"wm-source": {}}}]', "<rss>#comment-1{}</rss>", "{}#comment-2"])
)
def test_whatever_comes_nothing_but_a_refusal_is_raised(noise, frame):
    with suppress(ReadError):
        read(frame.format(noise))


def test_pingbacks_that_were_sent_are_mentions_of_the_topic_and_their_lists_are_citations(tmp_path: Path) -> None:
    with Press() as press:
        body = atom(("Notes", "https://notes.example/1", LIST, 1)).encode()
        press.serve("/atom", body, content_type="application/atom+xml; charset=utf-8")
        settings_ = config.parse(
            "fetch: {allow_private: true, timeout: 5s}\n"
            f"sources:\n  - {{id: received, url: '{press.url('/atom')}', kind: references}}\n"
            f"topics:\n  ours: {{name: Ours, pages: ['{POST}']}}\n"
        )
        now = datetime(2023, 10, 16, tzinfo=UTC)
        edges = pipeline.Edges(clock=lambda: now, dice=lambda: 0.5)
        with Store(tmp_path / "mentions.db") as store:
            summary = pipeline.run(settings_, store, pipeline.Order(), edges)
    assert (summary.ok, summary.new, summary.mentions) == (1, 1, 1)
    connection = sqlite3.connect(tmp_path / "mentions.db")
    (mention,) = connection.execute(
        "SELECT kind, term, articles.url, date FROM mentions JOIN articles ON articles.id = article"
    )
    assert mention == ("link", POST, "https://notes.example/1", "2023-10-15")
    assert connection.execute("SELECT outlet, state FROM citations ORDER BY position").fetchall() == [
        ("sankei", "unresolved"),
        ("bbc", "unresolved"),
    ]
    connection.close()
