"""List pages and article pages: by selectors, by guessing, by what the page says about itself."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator import pages
from aggregator.errors import ReadError
from aggregator.model import Document, Item, Selectors, Status
from aggregator.text import fold

CORPORA = Path(__file__).resolve().parents[2] / "shared" / "corpora" / "pages"
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
    assert reading.note.startswith("guessed: 5 links, 5 with a date, at ")


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


def test_a_feed_is_no_page_and_is_told_so() -> None:
    feed = '<?xml version="1.0"?><rss version="2.0"><channel><item><title>x</title></item></channel></rss>'
    assert pages.parse(document(feed), None).note == "a feed or sitemap, not a page"


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
        ("article:modified_time", "2023-10-13T19:00:00+09:00"),
    )
    assert [link.url for link in item.links] == ["https://blog.example/archive/nk"]


JSON_LD = "<script type='application/ld+json'>"
HEADED = "<title>강제북송 논란 계속 - 한빛일보</title><h1>강제북송 논란 계속</h1><p>입력 2023-10-12 15:31</p>"
ARTICLES = [
    (HEADED, (("text", "2023-10-12 15:31"),), "강제북송 논란 계속", "nothing but a date below the heading"),
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


# --- what is broken ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", ["", "  \n", "plain text"])
def test_what_is_no_markup_is_refused(body: str) -> None:
    with pytest.raises(ReadError) as raised:
        pages.read(document(body), None)
    assert raised.value.status == Status.PARSE_ERROR


@pytest.mark.parametrize(
    "body", ["<div>" * 3_000, "<a href=" * 3_000, " " * 300_000 + "<p>", "<![x <p>"], ids=lambda body: body[:8].strip()
)
def test_hostile_markup_ends_in_time(body: str) -> None:
    assert pages.read(document(body), None) == ()


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


# --- real pages -------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not CORPORA.is_dir(), reason="the corpora are not here")
def test_real_articles_give_title_and_date() -> None:
    with (CORPORA / "manifest.csv").open(encoding="utf-8") as manifest:
        rows = [row for row in csv.DictReader(manifest) if row["expected_title"] and row["expected_date"]][::3]
    titles = dates = 0
    for row in rows:
        body = (CORPORA / row["file"]).read_bytes()
        item = pages.article(document(gzip.decompress(body) if row["file"].endswith(".gz") else body))
        titles += fold(item.title) == fold(row["expected_title"])
        dates += bool(item.dates)
    assert titles >= 0.6 * len(rows)
    assert dates >= 0.7 * len(rows)
