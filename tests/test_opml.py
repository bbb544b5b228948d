"""Lists of subscriptions: those of other readers are understood, and what is written can be read again."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator import opml
from aggregator.errors import ReadError
from aggregator.model import Config, Kind, Outlet, Selectors, Source
from aggregator.opml import Subscription

SHARED = Path(__file__).resolve().parents[2] / "shared" / "corpora" / "feed_suites" / "newsboat"


def listed(body: str, declaration: str = '<?xml version="1.0"?>') -> bytes:
    return f'{declaration}<opml version="2.0"><head><title>x</title></head><body>{body}</body></opml>'.encode()


CASES = [
    ("as the specification has it", '<outline text="가" type="rss" xmlUrl="https://x.example/"/>', {"text": "가"}),
    ("attributes in small letters", '<outline title="가" xmlurl="https://x.example/"/>', {"title": "가"}),
    ("a stray ampersand", '<outline xmlUrl="https://x.example/?a&b=1"/>', {"url": "https://x.example/?a&b=1"}),
    ("an entity of HTML", '<outline text="a&nbsp;b" xmlUrl="https://x.example/"/>', {"text": "a b"}),
    (
        "a homepage",
        '<outline xmlUrl="https://x.example/" htmlUrl="https://h.example"/>',
        {"homepage": "https://h.example"},
    ),
    ("a language", '<outline xmlUrl="https://x.example/" language="zh-tw"/>', {"language": "zh-tw"}),
    (
        "folders, of Miniflux by text and of others by title",
        '<outline text="한국"><outline title="북한"><outline xmlUrl="https://x.example/"/></outline></outline>',
        {"folders": ("한국", "북한")},
    ),
    (
        "a feed that holds feeds",
        '<outline text="가" xmlUrl="https://x.example/"><outline text="나"/></outline>',
        {"text": "가"},
    ),
    (
        "what Miniflux adds",
        (
            '<outline xmlUrl="https://x.example/" miniflux:disabled="true" miniflux:hideGlobally="true"'
            ' miniflux:scraperRules="div.a"/>'
        ),
        {"enabled": False, "unused": ("miniflux:scraperRules",)},
    ),
    (
        "what FreshRSS adds",
        (
            '<outline xmlns:frss="https://freshrss.org/opml" xmlUrl="https://x.example/" type="HTML+XPath"'
            ' frss:priority="main" frss:xPathItem="//li" frss:ttl="-3600"/>'
        ),
        {"kind": Kind.PAGE, "enabled": False, "unused": ("frss:xPathItem",)},
    ),
    ("what FreshRSS reads as JSON", '<outline xmlUrl="https://x.example/" type="JSON+DotNotation"/>', {"kind": None}),
    ("a JSON Feed is a feed", '<outline xmlUrl="https://x.example/" type="JSONFeed"/>', {"kind": Kind.FEED}),
    ("a kind of this program", '<outline xmlUrl="https://x.example/" type="sitemap"/>', {"kind": Kind.SITEMAP}),
]


@pytest.mark.parametrize(("body", "said"), [pytest.param(*case, id=why) for why, *case in CASES])
def test_what_a_list_says(body: str, said: dict[str, object]) -> None:
    (found,) = opml.read(listed(body))
    assert found == Subscription(**{"url": "https://x.example/"} | said)  # type: ignore[arg-type]  # keys of a case


def test_a_list_in_an_old_encoding() -> None:
    body = listed(
        '<outline text="연합뉴스 북한 소식" xmlUrl="https://x.example/"/>', '<?xml version="1.0" encoding="euc-kr"?>'
    )
    assert opml.read(body.decode().encode("euc-kr"))[0].text == "연합뉴스 북한 소식"


def test_a_list_without_subscriptions() -> None:
    assert opml.read(listed('<outline text="empty"/>')) == ()


@pytest.mark.parametrize(
    ("body", "note"),
    [
        pytest.param(b"", "not well-formed", id="nothing"),
        pytest.param(b"<rss/>", "no OPML: the root element is 'rss'", id="a feed"),
        pytest.param(b"<opml><body>", "not well-formed", id="half a list"),
        pytest.param(b'<!DOCTYPE opml SYSTEM "file:///etc/passwd"><opml/>', "a DOCTYPE", id="a file to read"),
        pytest.param(b'<!DOCTYPE opml [<!ENTITY a "aaaa">]><opml/>', "a DOCTYPE", id="an entity that grows"),
    ],
)
def test_what_is_no_list_is_refused(body: bytes, note: str) -> None:
    with pytest.raises(ReadError, match=note):
        opml.read(body)


def test_lists_of_another_reader() -> None:
    if not SHARED.is_dir():
        pytest.skip("the corpora are not there")
    found = {path.name: len(opml.read(path.read_bytes())) for path in SHARED.glob("ex*.opml")}
    assert found == {"example.opml": 7, "example2.opml": 7}


# --- writing ----------------------------------------------------------------------------------------------------------

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20)


@settings(max_examples=100, deadline=None)
@given(TEXTS, TEXTS, st.sampled_from(list(Kind)))
def test_what_is_written_is_read(name: str, query: str, kind: Kind) -> None:
    select = Selectors(item="ul.news > li", title="a", date="[class*='date']") if kind is Kind.PAGE else None
    source = Source(id="x", url=f"https://x.example/?{query}", kind=kind, outlet="o", language="ko", select=select)
    outlet = Outlet(id="o", name=name, homepage="https://o.example/")
    (found,) = opml.read(opml.write(Config(sources={"x": source}, outlets={"o": outlet}, topics={})).encode())
    assert (found.url, found.title, found.kind, found.select) == (source.public_url, "x", kind, select)
    assert (found.homepage, found.language, found.unused) == (outlet.homepage, "ko", ())


def test_credentials_and_kinds_of_plugins_stay_behind() -> None:
    sources = {
        "a": Source(id="a", url="https://me:secret@x.example/"),
        "b": Source(id="b", url="maildir:/home", kind="maildir"),
    }
    text = opml.write(Config(sources=sources, outlets={}, topics={}))
    assert [one.url for one in opml.read(text.encode())] == ["https://x.example/"]
