"""List pages and article pages: by selectors, by guessing, by what the page says about itself."""

from __future__ import annotations

import time

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator import pages
from aggregator.errors import ReadError
from aggregator.model import Document, Item, Selectors, Status

URL = "https://www.hanbit.example/news/list"

MENU = "".join(f'<li class="m{n}"><a href="/section/{n}">정치{n}</a></li>' for n in range(12))
ROWS = "".join(
    f"""<li class="row row{n}"><a class="thumb" href="/view/{n}"><img src="/{n}.jpg" alt=""></a>
    <div class="txt"><a href="/view/{n}">탈북민 {n}명 강제북송 논란, 외교부 &ldquo;유감&rdquo;</a><p>요약 {n}</p>
    <span class="date">2023.10.{n + 10} 15:2{n}</span><a class="reporter" href="/reporter/{n}">김하늘</a></div></li>"""
    for n in range(5)
)
LIST = f"""<!DOCTYPE html><html lang="ko"><head><title>북한 | 한빛일보</title><base href="https://www.hanbit.example/">
</head><body><ul class="gnb">{MENU}</ul><h1>북한</h1><ul class="list">{ROWS}</ul></body></html>"""
ARTICLE = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html><html lang="ja"><head>
<title>脱北者600人送還か 韓国政府が遺憾を表明：星新聞</title>
<link rel="canonical" href="/articles/1">
<meta property="og:title" content="脱北者600人送還か 韓国政府が遺憾を表明：星新聞">
<meta property="og:site_name" content="星新聞デジタル">
<meta property="article:published_time" content="2023-10-13T17:00:00+09:00">
<meta property="article:modified_time" content="2023-10-13T19:00:00+09:00">
<script type="application/ld+json">{"@graph": [{"@type": "WebSite", "name": "x"}, {"@type": ["NewsArticle"],
 "headline": "脱北者600人送還か 韓国政府が遺憾を表明", "datePublished": "2023-10-13T17:00+09:00",
 "author": [{"@type": "Person", "name": "佐藤花子"}, "鈴木一郎"], "publisher": {"name": "星新聞社"}}]}</script>
</head><body><header><h1>星新聞</h1></header><article><h1>脱北者600人送還か　韓国政府が遺憾を表明</h1>
<time datetime="2023-10-13">2023年10月13日</time><p>詳しくは<a href="https://blog.example/archive/nk">こちら</a>。</p></article>
</body></html>"""


def document(body: str | bytes, url: str = URL) -> Document:
    return Document(url=url, body=body.encode() if isinstance(body, str) else body)


# --- selectors --------------------------------------------------------------------------------------------------------


def test_selectors_read_each_part_of_each_item() -> None:
    select = Selectors(item="ul.list > li", link="a", date=".date", summary="p")
    items = pages.read(document(LIST), select)
    assert len(items) == 5
    assert items[1] == Item(
        title="탈북민 1명 강제북송 논란, 외교부 “유감”",
        link="https://www.hanbit.example/view/1",
        summary="요약 1",
        language="ko",
        dates=(("select.date", "2023.10.11 15:21"),),
    )


TITLE, DATE = Selectors(item=".i", title="h3"), Selectors(item=".i", date=".d")
SELECTED = [
    ("<a class=i href=/1>제목</a>", Selectors(item="a.i"), "", "the item is the link itself"),
    ("<p class=i><a href=/1></a><a href=/1>제목</a></p>", DATE, "", "the link of a picture is passed over"),
    ("<p class=i><a href=/1 title=제목><img></a></p>", DATE, "", "a link whose title is an attribute"),
    ("<div class=i><h3>제목</h3><a href=/1>더 보기</a></div>", TITLE, "", "a title that is no link"),
    ("<p class=i><a href=/1>제목</a><i class=d>어제  09:00</i></p>", DATE, "어제 09:00", "a date as printed"),
    (
        "<p class=i><a href=/1>제목</a><time class=d datetime=2024-05-08T09:00Z>어제</time></p>",
        DATE,
        "2024-05-08T09:00Z",
        "a date for machines before the one for readers",
    ),
]


@pytest.mark.parametrize(("markup", "select", "date", "why"), SELECTED, ids=[case[3] for case in SELECTED])
def test_selected_item(markup: str, select: Selectors, date: str, why: str) -> None:
    (item,) = pages.read(document(f"<body>{markup}</body>"), select)
    assert (item.title, item.link) == ("제목", "https://www.hanbit.example/1")
    assert item.published_text == (date or None)


def test_selectors_that_find_nothing_say_what_each_found() -> None:
    reading = pages.parse(document(LIST), Selectors(item="ul.list > li", link="a.gone", date=".date"))
    assert reading.items == ()
    assert reading.note == "selectors found item 'ul.list > li': 5, link 'a.gone': 0, title: 0, date '.date': 5"


def test_a_date_selector_that_finds_nothing_is_told_too() -> None:
    reading = pages.parse(document(LIST), Selectors(item="ul.list > li", date=".gone"))
    assert len(reading.items) == 5
    assert "date '.gone': 0" in reading.note


# --- guessing ---------------------------------------------------------------------------------------------------------


def test_a_list_is_guessed_among_menus_thumbnails_and_reporters() -> None:
    reading = pages.parse(document(LIST), None)
    assert [item.link for item in reading.items] == [f"https://www.hanbit.example/view/{n}" for n in range(5)]
    assert reading.items[3].title == "탈북민 3명 강제북송 논란, 외교부 “유감”"
    assert reading.items[3].dates == (("text", "2023.10.13 15:23"),)
    assert reading.note.startswith("guessed: 5 links, 5 with a date; to keep it so, select: {")


def test_the_selectors_of_a_guess_can_be_pasted_and_find_the_same() -> None:
    guess = pages.parse(document(LIST), None)
    pasted = yaml.safe_load(guess.note.partition("keep it so, ")[2])["select"]
    assert pasted == {"item": "li.row", "link": "a", "date": "span.date"}
    selected = pages.parse(document(LIST), Selectors(**pasted))
    assert [(one.title, one.link, one.published_text) for one in selected.items] == [
        (one.title, one.link, one.published_text) for one in guess.items
    ]


CARDS = "".join(
    f"<li><a href='/{n}'><h3>제목이 이만큼은 되는 기사 {n}</h3><p>요약</p><time>어제</time></a></li>" for n in range(4)
)
BARE = "".join(f"<p><a href='/{n}'>제목이 이만큼은 되는 기사 {n}번</a></p>" for n in range(4))
PASTED = [
    (
        f"<ul>{CARDS}</ul>",
        {"item": "div > ul > li", "link": "a", "title": "h3", "date": "time"},
        "a card that is one link",
    ),
    (f"<div class='wrap md:w-1/2'>{BARE}</div>", {"item": "div.wrap > p", "link": "a"}, "a class that needs escapes"),
]


@pytest.mark.parametrize(("markup", "select", "why"), PASTED, ids=[case[2] for case in PASTED])
def test_selectors_of_a_guess(markup: str, select: dict[str, str], why: str) -> None:
    note = pages.parse(document(f"<body><div>{markup}</div></body>"), None).note
    assert yaml.safe_load(note.partition("keep it so, ")[2])["select"] == select


def test_a_list_below_a_long_heading_is_no_article() -> None:
    heading = "<title>탈북민과 북한 인권 소식 모음 - 한빛일보</title><h1>탈북민과 북한 인권 소식 모음</h1>"
    reading = pages.parse(document(f"{heading}<ul>{ROWS}</ul>"), None)
    assert len(reading.items) == 5


def test_a_menu_is_no_list() -> None:
    reading = pages.parse(document(f"<body><ul>{MENU}</ul></body>"), None)
    assert (reading.items, reading.note) == ((), "no list of links was found: selectors would help")


PRINTED = [
    "2023.10.12",
    "2023년 10월 12일 오후 3:21",
    "10月12日 15時31分",
    "3시간 전",
    "5 minutes ago",
    "Oct 12, 2023",
    "10.12 15:31",
]


@pytest.mark.parametrize("printed", PRINTED)
def test_a_date_beside_a_guessed_link_is_kept_as_printed(printed: str) -> None:
    rows = "".join(f"<li><a href='/{n}'>충분히 긴 기사 제목입니다 {n}</a> 한빛 {printed}</li>" for n in "가나다라")
    items = pages.read(document(f"<ul>{rows}</ul>"), None)
    assert {item.dates for item in items} == {(("text", printed),)}


def test_a_page_without_a_list_says_so() -> None:
    reading = pages.parse(document("<html><body><p>점검 중입니다</p></body></html>"), None)
    assert (reading.items, reading.note) == ((), "no list of links was found: selectors would help")


# --- what is no page --------------------------------------------------------------------------------------------------

WORDS = "기사 본문입니다. " * 200
NO_PAGES = [
    ('<?xml version="1.0"?><!-- x --><rss version="2.0"><channel/></rss>', Status.NOT_A_FEED, "kind: feed", "a feed"),
    ("<urlset><url/></urlset>", Status.NOT_A_FEED, "kind: sitemap", "a sitemap"),
    ("<opml version='2.0'><body/></opml>", Status.NOT_A_FEED, "OPML", "a list of feeds"),
    ('{"items": []}', Status.PARSE_ERROR, "JSON", "JSON"),
    ("<h1>로그인</h1><form><input name=id><input type=PASSWORD></form>", Status.BLOCKED, "password", "a login"),
    (f"<ul>{MENU}</ul><input type=password>", Status.BLOCKED, "password", "a login below a menu"),
    ("<title>Just a moment...</title><div id=x></div>", Status.BLOCKED, "a person", "a test for robots"),
    ("<p>잠시만요</p><script>var s='geetest'</script>", Status.BLOCKED, "a person", "a test made by a script"),
    ("<h1>请完成验证</h1>", Status.BLOCKED, "a person", "a test in words"),
]


@pytest.mark.parametrize(("body", "status", "note", "why"), NO_PAGES, ids=[case[3] for case in NO_PAGES])
@pytest.mark.parametrize("select", [None, Selectors(item="ul.gone > li")], ids=["guessed", "selected"])
def test_what_is_no_page_says_what_it_is(
    body: str, status: Status, note: str, why: str, select: Selectors | None
) -> None:
    with pytest.raises(ReadError) as raised:
        pages.parse(document(body), select)
    assert raised.value.status == status
    assert note in raised.value.note


def test_an_article_is_not_read_off_a_wall() -> None:
    with pytest.raises(ReadError) as raised:
        pages.article(document("<title>Access Denied</title><h1>Access Denied</h1>"))
    assert raised.value.status == Status.BLOCKED


BOX = "<form class=login><input type=password></form>"
DATED = "".join(f"<li><a href='/{n}'>짧은 제목 {n}</a> 2023.10.1{n}</li>" for n in range(4))
OPEN = [
    (f"{BOX}<ul>{DATED}</ul>", 4, "a list beside a box for logging in"),
    (
        f"<script src='https://www.google.com/recaptcha/g-recaptcha.js'></script><p>{WORDS}</p>",
        0,
        "a form for comments",
    ),
]


@pytest.mark.parametrize(("body", "count", "why"), OPEN, ids=[case[2] for case in OPEN])
def test_what_looks_like_a_wall_and_is_none(body: str, count: int, why: str) -> None:
    assert len(pages.read(document(f"<body>{body}</body>"), None)) == count


INSTEAD = [
    ("<div id=root></div><script src=/app.js></script>", "an empty shell that a script fills", "a shell"),
    ("<meta http-equiv=Refresh content='0; URL=/new/'>", "leads on to https://www.hanbit.example/new/", "a refresh"),
    ("<frameset><frame src=menu.html><frame src=list.html></frameset>", "https://www.hanbit.example/news/", "frames"),
    ("<p>점검 중입니다</p>", "no list of links was found", "nothing at all"),
    ("<meta http-equiv=refresh content=300><p>점검</p>", "no list of links was found", "a page that renews itself"),
]


@pytest.mark.parametrize(("body", "note", "why"), INSTEAD, ids=[case[2] for case in INSTEAD])
def test_a_page_with_nothing_on_it_says_what_is_there_instead(body: str, note: str, why: str) -> None:
    reading = pages.parse(document(f"<html>{body}</html>"), None)
    assert reading.items == ()
    assert note in reading.note


# --- articles ---------------------------------------------------------------------------------------------------------


def test_an_article_page_is_its_article() -> None:
    reading = pages.parse(document(ARTICLE, "https://hoshi.example/articles/1?ref=rss"), None)
    assert reading.note == "read as one article"
    (item,) = reading.items
    assert item.title == "脱北者600人送還か 韓国政府が遺憾を表明"
    assert item.link == "https://hoshi.example/articles/1"
    assert (item.author, item.outlet_text, item.language) == ("佐藤花子, 鈴木一郎", "星新聞社", "ja")
    assert item.dates == (
        ("datePublished", "2023-10-13T17:00+09:00"),
        ("article:published_time", "2023-10-13T17:00:00+09:00"),
        ("time", "2023-10-13"),
        ("text below the headline", "2023年10月13日"),
        ("article:modified_time", "2023-10-13T19:00:00+09:00"),
    )
    assert [link.url for link in item.links] == ["https://blog.example/archive/nk"]


BELOW, ABOVE = "text below the headline", "text above the headline"
JSON_LD = "<script type='application/ld+json'>"
HEADED = "<title>강제북송 논란 계속 - 한빛일보</title><h1>강제북송 논란 계속</h1><p>입력 2023-10-12 15:31</p>"
ARTICLES = [
    (HEADED, ((BELOW, "2023-10-12 15:31"),), "강제북송 논란 계속", "nothing but a date below the heading"),
    ("<meta name=pubdate content=20231012><h1>제목</h1>", (("pubdate", "20231012"),), "제목", "an old meta name"),
    (JSON_LD + "{broken</script><h1>제목</h1>", (), "제목", "JSON-LD that is broken"),
    (JSON_LD + '[1, {"@type": 3, "@graph": 4}]</script><h1>제목</h1>', (), "제목", "JSON-LD of strange types"),
    (
        "<meta property=og:title content='말했다 '><h1>말했다 “북송”</h1>",
        (),
        "말했다 “북송”",
        "a title cut at its quote",
    ),
]


@pytest.mark.parametrize(("markup", "dates", "title", "why"), ARTICLES, ids=[case[3] for case in ARTICLES])
def test_what_an_article_says_of_itself(markup: str, dates: tuple, title: str, why: str) -> None:
    item = pages.article(document(f"<html><body>{markup}</body></html>"))
    assert (item.title, item.dates) == (title, dates)


LOCAL_AS_UTC = "<meta name=article:published_time content=2024-05-08T20:00:00Z>"
H1 = "<h1>탈북민 강제북송 논란 계속</h1>"
DATES = [
    (f"{H1}<p>입력 2024.05.08 09:00 | 수정 2024.05.08 18:00</p>", [(BELOW, "2024.05.08 09:00")], "published, changed"),
    (
        f"{H1}<p>최종수정 2024.05.08 18:00 입력 2024.05.07 09:00</p>",
        [(BELOW, "2024.05.07 09:00")],
        "changed, published",
    ),
    (f"{H1}<p>2024年5月8日 9時00分 公開</p>", [(BELOW, "2024年5月8日 9時00分")], "a label behind the date"),
    (f"{H1}<p>发布时间：2024-05-08 09:00:12</p>", [(BELOW, "2024-05-08 09:00:12")], "a label before it"),
    (f"{H1}<p>2024-05-08 09:00 UTC</p>", [(BELOW, "2024-05-08 09:00 UTC")], "an offset belongs to the date"),
    (f"{H1}<p>2024-05-08 09:00 (GMT+9)</p>", [(BELOW, "2024-05-08 09:00 (GMT+9)")], "an offset from an abbreviation"),
    (f"{H1}<p>2024-05-08 09:00 at Seoul</p>", [(BELOW, "2024-05-08 09:00")], "a word that is no offset"),
    (f"<p>2024.05.08</p>{H1}", [(ABOVE, "2024.05.08")], "above the headline"),
    (f"{H1}<p>오는 5월 20일 회의가 열린다.{WORDS}</p><p>2019.01.01</p>", [], "a date in prose, one of another article"),
    (f"<header>2025년 1월 2일 목요일</header><nav>{WORDS}</nav>{H1}<p>{WORDS}</p>", [], "the clock of the page's head"),
    (f"<meta name=article:published_time value=2024-05-08>{H1}", [("article:published_time", "2024-05-08")], "value"),
    (f"{H1}<dd itemprop=datePublished content=2024-05-08>", [("datePublished", "2024-05-08")], "microdata"),
    (
        f"{LOCAL_AS_UTC}<main>{H1}<time datetime=2024-05-08T20:00:00+09:00></main>",
        [("time", "2024-05-08T20:00:00+09:00"), ("article:published_time", "2024-05-08T20:00:00Z")],
        "a local time that is called UTC comes after the one that is not",
    ),
    (
        f"<ul><time>2025-01-01</time></ul><article>{H1}<time>2024-05-08</time></article>",
        [("time", "2024-05-08")],
        "time",
    ),
]


@pytest.mark.parametrize(("markup", "dates", "why"), DATES, ids=[case[2] for case in DATES])
def test_dates_of_an_article(markup: str, dates: list[tuple[str, str]], why: str) -> None:
    found = pages.article(document(f"<html><body>{markup}</body></html>")).dates
    assert [one for one in found if "of a change" not in one[0]][: max(len(dates), 1)] == dates


TITLES = [
    (
        "<meta property=og:title content='King speaks on the north'><h1>King speaks on the north in bad weather</h1>",
        "King speaks on the north",
        "of two variants the shorter",
    ),
    (
        "<meta property=og:title content='탈북민 강제북송 논란 계속 - 한빛일보'><h1>탈북민 강제북송 논란 계속</h1>",
        "탈북민 강제북송 논란 계속",
        "the outlet is no part of it",
    ),
    (
        "<meta property=og:title content=한빛일보><meta property=og:site_name content=한빛일보><h1>강제북송 논란</h1>",
        "강제북송 논란",
        "the same title on every page",
    ),
    ("<title>强制遣返引发争论_今日新闻_某某网</title>", "强制遣返引发争论", "a title element with its sections"),
    (
        "<title>某某日记 - 强制遣返引发的长期争论</title><h3>■ 强制遣返引发的长期争论</h3>",
        "■ 强制遣返引发的长期争论",
        "h3",
    ),
    ("<title>강제북송 논란</title><h2>원문강제북송 논란</h2>", "강제북송 논란", "a heading with a badge"),
]


@pytest.mark.parametrize(("markup", "title", "why"), TITLES, ids=[case[2] for case in TITLES])
def test_title_of_an_article(markup: str, title: str, why: str) -> None:
    assert pages.article(document(f"<html><head></head><body>{markup}</body></html>")).title == title


# --- what is cut, and what is broken ----------------------------------------------------------------------------------


ENTRIES = "".join(f"<li><a href='/{n}'>탈북민 {n}명 강제북송 논란</a></li>" for n in range(12))
HEAD = "<html lang=ko><head><title>한빛일보</title></head><body>"
CUT = [
    (f"{HEAD}<ul>{ENTRIES}", True, "within a list"),
    (f"{HEAD}<ul>{ENTRIES}</ul><p><a href='/12'>탈북민", True, "within a link"),
    (f"{HEAD}<ul>{ENTRIES}</ul><p><a href='/12", True, "within a tag"),
    (f"{HEAD}<ul>{ENTRIES}</ul><!-- <p>", True, "within a comment"),
    (f"{HEAD}<ul>{ENTRIES}</ul><script>var a = 1", True, "within a script"),
    (f"{HEAD}<ul>{ENTRIES}</body></html>", False, "a list that nothing ends, but the page has its end"),
    (f"{HEAD}<ul>{ENTRIES}</ul>", False, "end tags that HTML allows to leave out"),
    (f"{HEAD}<ul>{ENTRIES}</ul><div><p>끝", False, "and what nobody closes, though he should"),
    (f"{HEAD}<ul>{ENTRIES}</ul><a name=end>", False, "an anchor, which is no link"),
    (f"{HEAD}<ul>{ENTRIES}</ul><script>a = '<ul><a href=x>'</script><!-- <ul> -->", False, "what is no tag"),
    (f"<ul>{ENTRIES}", False, "a piece of a page, asked for as such"),
]


@pytest.mark.parametrize(("body", "cut", "why"), CUT, ids=[row[-1] for row in CUT])
def test_a_page_is_cut_only_where_that_is_certain(body: str, cut: bool, why: str) -> None:
    if not cut:
        assert len(pages.read(document(body), None)) == 12, why
        return
    with pytest.raises(ReadError) as raised:
        pages.read(document(body), None)
    assert raised.value.status == Status.TRUNCATED, why


@pytest.mark.parametrize("body", ["", "  \n", "plain text"])
def test_what_is_no_markup_is_refused(body: str) -> None:
    with pytest.raises(ReadError) as raised:
        pages.read(document(body), None)
    assert raised.value.status == Status.PARSE_ERROR


_LONG = ["".join(f"<li><a href=/{n}>y z</a>{'1' * 50_000}" for n in range(3))]
HOSTILE = ["<div>" * 3_000, "<a href=" * 3_000, " " * 300_000 + "<p>", "<![x <p>", "<li><a href=/x>y z" * 3_000, *_LONG]


@pytest.mark.parametrize("body", HOSTILE, ids=lambda body: body[:8].strip())
def test_hostile_markup_ends_in_time(body: str) -> None:
    assert pages.read(document(body), None) == ()


def test_a_hundred_thousand_links_are_read_as_far_as_is_useful() -> None:
    rows = "".join(f"<li><a href=/{n}>탈북민 {n}명 강제북송 논란</a></li>" for n in range(100_000))
    began = time.process_time()
    reading = pages.parse(document(f"<ul>{rows}</ul>"), None)
    assert len(reading.items) == 500
    assert "read to its 60000th tag" in reading.note
    assert time.process_time() - began < 10


def test_legacy_bytes_are_text() -> None:
    body = f'<meta charset="euc-kr">{LIST}'.encode("cp949")
    assert pages.read(document(body), None)[0].title == "탈북민 0명 강제북송 논란, 외교부 “유감”"


PIECES = [
    *(
        "<a href='/1'>",
        "</a>",
        "<li>",
        "</li>",
        "<time datetime=''>",
        "<h1>",
        "<title>",
        "<!--",
        "<![",
        "<base href='//['>",
    ),
    *("<meta content=x property=og:type>", "<script type='application/ld+json'>", "</script>", "{}", "[]"),
    *("한글", "2023.10.12", "\0"),
]


@given(st.lists(st.sampled_from(PIECES), max_size=20))
@settings(max_examples=150, deadline=None)
def test_broken_markup_is_read_or_refused_but_raises_nothing_else(pieces: list[str]) -> None:
    try:
        items = pages.read(document("<p>" + "".join(pieces)), None)
    except ReadError:
        return
    assert all(item.link for item in items)
