"""Datasette on a database of ours, and on somebody else's beside it: what an analyst sees, and what nobody should."""

from __future__ import annotations

import asyncio
import html
import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

pytest.importorskip("datasette", reason="Datasette is an optional part")

from datasette.app import Datasette
from datasette.plugins import pm

from aggregator import datasette_plugin, schema
from aggregator.datasette_plugin import cells, tables
from aggregator.store import Store

ROOT = Path(__file__).resolve().parents[1]
SEOUL = "https://news.example/seoul?no=1&page=2"
TOKYO = "https://shiomi.example/"

OUTLETS = [("haeram", "해람통신"), ("shiomi", "汐見新聞")]
ARTICLES = [  # id, date, published_at, precision, outlet, language, topics, url, title
    (1, "2023-10-12", "2023-10-12T02:00:00Z", "second", "haeram", "ko", '["return"]', SEOUL, "탈북민 강제 북송 <확인>"),
    (2, "2023-10-13", "2023-10-13T05:00:00Z", "minute", "shiomi", "ja", '["return"]', TOKYO + "2", "脱北者の送還"),
    (3, "2023-10-11", "2023-10-11T05:00:00Z", "second", "shiomi", "ja", '["return"]', TOKYO + "3", "国連人権理事会"),
    (4, "2023-10-11", "2023-10-10T15:00:00Z", "day", "shiomi", "ja", '["return"]', TOKYO + "4", "北へ送還"),
    (5, None, None, None, None, "en", "[]", "https://east.example/5", "Talks in Beijing"),
    (6, "2023-10-14", "2023-10-14T05:00:00Z", "second", "shiomi", "zh-Hant", "[]", TOKYO + "6", "中國與北韓"),
]  # fmt: skip


@pytest.fixture(autouse=True, scope="module")
def _plugin() -> Iterator[None]:
    """The plugin, as the entry point registers it where the distribution is installed."""
    installed = pm.is_registered(datasette_plugin)
    if not installed:
        pm.register(datasette_plugin, "aggregator")
    yield
    if not installed:
        pm.unregister(datasette_plugin)


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_ours(tmp_path_factory.mktemp("ours") / "mentions.db")


def make_ours(path: Path, more: Callable[[sqlite3.Connection], object] = lambda connection: None) -> Path:
    Store(path).close()
    connection = sqlite3.connect(path)
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    connection.executemany("INSERT INTO outlets (id, name) VALUES (?, ?)", OUTLETS)
    connection.executemany(
        "INSERT INTO articles (id, date, published_at, published_precision, outlet, language, topics, url, title, link,"
        " first_seen_at, last_seen_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, '', '2023-10-14', '2023-10-14')",
        ARTICLES,
    )
    connection.execute("INSERT INTO topics (id, name) VALUES ('return', 'Forced return')")
    connection.executemany(
        "INSERT INTO mentions (article, topic, kind, term, matched, field, start, end, excerpt, found_at)"
        " VALUES (?, 'return', 'term', 't', 'm', 'title', 0, 1, '[…]', '2023-10-14')",
        [(number,) for number in (2, 3, 4, 1)],
    )
    connection.executemany(
        "INSERT INTO sources (id, kind, url, every, enabled, status, last_new_at) VALUES (?, 'feed', ?, 900, ?, ?, ?)",
        [
            ("fresh", "https://a.example/rss?x=1", 1, "ok", now),
            ("quiet", "https://a.example/rss?x=2", 1, "ok", "2023-10-14T00:00:00Z"),
            ("barren", "https://a.example/rss?x=3", 1, "empty", None),
            ("off", "https://a.example/rss?x=4", 0, "gone", None),
            ("young", "https://a.example/rss?x=5", 1, None, None),
        ],
    )
    connection.execute("INSERT INTO runs (started_at, version) VALUES (?, '1')", (now,))
    connection.executemany(
        "INSERT INTO fetches (run, source, started_at, status) VALUES (1, ?, '2023-10-14', 'ok')",
        [("quiet",), ("fresh",)],
    )
    connection.execute(
        "INSERT INTO alerts (source, kind, note, began_at) VALUES ('quiet', 'silent', 'nothing new for 12 days', ?)",
        (now,),
    )
    more(connection)
    connection.commit()
    connection.close()
    with Store(path) as store:
        store.reindex()
    return path


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of somebody else, with names like ours."""
    path = tmp_path_factory.mktemp("theirs") / "theirs.db"
    connection = sqlite3.connect(path)
    connection.executescript("""
        CREATE TABLE articles (id INTEGER PRIMARY KEY, title TEXT, url TEXT, topics TEXT);
        CREATE TABLE links (id INTEGER PRIMARY KEY, url TEXT);
        CREATE TABLE meta (key TEXT, value TEXT);
        CREATE TABLE _sqlite_migrations (migration_set TEXT, name TEXT);
        CREATE VIRTUAL TABLE articles_fts USING fts5(title, content="articles");
        INSERT INTO articles VALUES (1, '脱北者', 'https://there.example/1', '["a"]');
        INSERT INTO articles_fts (rowid, title) VALUES (1, '脱北者');
        INSERT INTO _sqlite_migrations VALUES ('theirs', 'm001');
    """)
    connection.close()
    return path


def pages(paths: list[str], *files: Path, **options: Any) -> list[str]:
    """The answers of one Datasette to GET requests, all of them fine."""

    async def get() -> list[str]:
        datasette = Datasette([str(file) for file in files], **options)
        answers = [await datasette.client.get(path) for path in paths]
        assert [answer.status_code for answer in answers] == [200] * len(paths), answers[-1].text
        return [answer.text for answer in answers]

    return asyncio.run(get())


def rows(path: str, *files: Path) -> list[dict[str, Any]]:
    return list(json.loads(pages([path], *files)[0]))


# --- words ------------------------------------------------------------------------------------------------------------


def test_every_table_view_and_column_is_described_in_the_words_of_the_database(ours: Path) -> None:
    connection = sqlite3.connect(ours)
    described = [one for one in schema.described(connection) if one[0] not in tables.INTERNAL]
    connection.close()
    assert len(described) > 12
    for (name, text, columns), page in zip(
        described, pages([f"/mentions/{name}" for name, _, _ in described], ours), strict=True
    ):
        shown = html.unescape(page)
        assert text in shown, name
        assert [column for column, words in columns.items() if f"<dt>{column}</dt><dd>{words}</dd>" not in shown] == []


def test_what_the_operator_says_wins(ours: Path) -> None:
    said = {"description": "Our clippings", "sort_desc": "id", "columns": {"title": "As we like it"}}
    metadata = {"databases": {"mentions": {"tables": {"articles": said}}}}
    page, order = pages(["/mentions/articles", "/mentions/articles.json?_shape=array"], ours, metadata=metadata)
    assert "Our clippings" in page
    assert "Press articles" not in page.partition("<form class=")[0], "the SQL below it says what it always said"
    assert "<dd>As we like it</dd>" in page
    assert "<dd>canonical address" in page, "what the operator is silent about stays"
    assert [row["id"] for row in json.loads(order)] == [6, 5, 4, 3, 2, 1]


# --- tables -----------------------------------------------------------------------------------------------------------


def shown_tables(page: str) -> set[str]:
    return set(re.findall(r'<div class="db-table">\s*<h3><a href="/mentions/(\w+)"', page))


def test_tables_for_people_are_shown_and_internal_ones_hidden(ours: Path) -> None:
    assert shown_tables(pages(["/mentions"], ours)[0]) == set(tables.SETTINGS) - {"pingbacks"}


def test_a_table_of_the_analyst_is_not_hidden_with_the_internal_one_it_is_named_like(tmp_path: Path) -> None:
    file = make_ours(tmp_path / "mentions.db", lambda db: db.execute("CREATE TABLE links_of_mine (url TEXT)"))
    assert "links_of_mine" in shown_tables(pages(["/mentions"], file)[0])


def test_settings_name_tables_and_columns_that_there_are(ours: Path) -> None:
    connection = sqlite3.connect(ours)
    described = dict(tables.described(connection))
    connection.close()
    for name, settings in tables.SETTINGS.items():
        assert settings.items() <= described[name].items(), name


def test_a_setting_whose_column_is_gone_is_left_out_instead_of_breaking_the_page(tmp_path: Path) -> None:
    file = make_ours(tmp_path / "mentions.db", lambda db: db.execute("ALTER TABLE fetches RENAME status TO state"))
    assert 'id="facet-source"' in pages(["/mentions/fetches"], file)[0]


NEWEST_FIRST = [
    ("articles", "id", [6, 2, 1, 3, 4, 5], "by publication, what has no date at the end"),
    ("mentions", "article", [1, 4, 3, 2], "as they were found"),
    ("fetches", "source", ["fresh", "quiet"], "as they were made"),
    ("pingbacks", "article", [2, 1, 3, 4], "by day, then by the hour"),
]


@pytest.mark.parametrize(("table", "column", "expected", "why"), NEWEST_FIRST, ids=[row[0] for row in NEWEST_FIRST])
def test_newest_first(ours: Path, table: str, column: str, expected: list[object], why: str) -> None:
    assert [row[column] for row in rows(f"/mentions/{table}.json?_shape=array", ours)] == expected, why


def test_paging_shows_every_article_once_though_many_are_of_one_instant(tmp_path: Path) -> None:
    def add(connection: sqlite3.Connection) -> None:
        connection.executemany(
            "INSERT INTO articles (date, published_at, language, url, title, link, first_seen_at, last_seen_at)"
            " VALUES (?, ?, 'en', ?, 't', '', '', '')",
            [(f"2023-09-{n % 3 + 10}", f"2023-09-{n % 3 + 10}T00:00:00Z", f"https://a.example/{n}") for n in range(60)],
        )

    file = make_ours(tmp_path / "mentions.db", add)

    async def walk() -> list[int]:
        datasette, seen, query = Datasette([str(file)]), list[int](), ""
        while query is not None:
            page = (await datasette.client.get(f"/mentions/articles.json?_size=7&_shape=objects{query}")).json()
            seen += [row["id"] for row in page["rows"]]
            query = f"&_next={page['next']}" if page["next"] else None
        return seen

    seen = asyncio.run(walk())
    assert len(seen) == 66
    assert len(set(seen)) == 66


FACETS = [("articles", ("language", "outlet", "topics")), ("fetches", ("status", "source")), ("mentions", ("topic",)),
          ("pingbacks", ("topic", "language")), ("sources", ("status", "kind"))]  # fmt: skip


@pytest.mark.parametrize(("table", "facets"), FACETS, ids=[row[0] for row in FACETS])
def test_facets(ours: Path, table: str, facets: tuple[str, ...]) -> None:
    page = pages([f"/mentions/{table}"], ours)[0]
    assert [facet for facet in facets if f'id="facet-{facet}"' not in page] == []


def test_keys_are_shown_by_their_labels(ours: Path) -> None:
    articles, mentions = pages(["/mentions/articles", "/mentions/mentions"], ours)
    assert '<a href="/mentions/outlets/haeram">해람통신</a>' in articles
    assert '<a href="/mentions/languages/ja">日本語</a>' in articles
    assert '<a href="/mentions/articles/2">脱北者の送還</a>' in mentions
    assert '<a href="/mentions/topics/return">Forced return</a>' in mentions


# --- cells ------------------------------------------------------------------------------------------------------------

CELLS = [
    ("title", {"title": "送還", "url": "https://a.example/1?b=c&d", "language": "ja"},
     '<a href="https://a.example/1?b=c&amp;d" rel="nofollow"><bdi lang="ja">送還</bdi></a>', "leads to the article"),
    ("title", {"title": "送還", "url": "https://a.example/", "language": {"value": "ja", "label": "日本語"}},
     '<a href="https://a.example/" rel="nofollow"><bdi lang="ja">送還</bdi></a>', "an expanded key is its value"),
    ("headline", {"headline": "H", "link": "http://a.example"},
     '<a href="http://a.example" rel="nofollow"><bdi>H</bdi></a>', "without a url the link as given will do"),
    ("title", {"title": "T", "url": "https://a.example", "language": "und"},
     '<a href="https://a.example" rel="nofollow"><bdi>T</bdi></a>', "undetermined is no language to render by"),
    ("title", {"title": "<script>x</script>", "url": "javascript:alert(1)", "language": '"><b>'},
     '<bdi lang="&#34;&gt;&lt;b&gt;">&lt;script&gt;x&lt;/script&gt;</bdi>', "nothing of the press is markup or script"),
    ("title", {"title": "T", "url": "https://a.example/ onclick=x"}, "<bdi>T</bdi>", "white space ends an address"),
    ("title", {"title": "T"}, "<bdi>T</bdi>", "a row without its address"),
    ("excerpt", {"excerpt": "[…] 送還 […]", "language": "zh-Hant"},
     '<bdi lang="zh-Hant">[…] 送還 […]</bdi>', "the letter shapes of its language"),
    ("url", {"url": "https://WWW.a.example:8080/p/?q=1#f"},
     '<a href="{0}" title="{0}" rel="nofollow">a.example:8080</a>', "the host is enough"),
    ("url", {"url": "https://good.example@bad.example/"},
     '<a href="{0}" title="{0}" rel="nofollow">bad.example</a>', "the host is behind the @"),
    ("url", {"url": "https://good.example\\@bad.example/"}, None, "browsers disagree with us about a backslash"),
    ("url", {"url": "ftp://a.example/"}, None, "not of the web"),
    ("topics", {"topics": '["a<b", "c"]'}, "a&lt;b, c", "a list of words"),
    ("topics", {"topics": "[]"}, "&nbsp;", "an empty list is an empty cell"),
    ("hits", {"hits": '[{"matched": "送還"}, {"matched": "北"}, {"matched": "送還"}]'}, "送還, 北", "each word once"),
    ("topics", {"topics": "[oops"}, None, "not JSON"),
    ("topics", {"topics": '{"a": 1}'}, None, "not a list"),
    ("title", {"title": None, "url": "https://a.example/"}, None, "empty"),
    ("id", {"id": 7}, None, "a number"),
    ("author", {"author": "A"}, None, "a column that needs nothing"),
]  # fmt: skip


@pytest.mark.parametrize(("column", "row", "expected", "why"), CELLS, ids=[f"{row[0]}: {row[3]}" for row in CELLS])
def test_cell(column: str, row: dict[str, Any], expected: str | None, why: str) -> None:
    shown = cells.rendered(row, row[column], column, "articles")
    assert shown == (expected and expected.format(row[column])), why


def test_addresses_of_sources_are_shown_in_full_because_they_share_their_hosts() -> None:
    assert cells.rendered({"url": "https://a.example/x"}, "https://a.example/x", "url", "sources") is None


LINKED = ["/mentions/articles", "/mentions/articles/1", "/mentions/pingbacks", "/mentions/who_was_first"]


@pytest.mark.parametrize("path", LINKED)
def test_headlines_lead_to_the_article_itself(ours: Path, path: str) -> None:
    address = SEOUL.replace("&", "&amp;")
    link = f'<a href="{address}" rel="nofollow"><bdi lang="ko">탈북민 강제 북송 &lt;확인&gt;</bdi></a>'
    assert link in pages([path], ours)[0]


def test_the_stylesheet_of_our_pages_is_there(ours: Path) -> None:
    page = pages(["/mentions/articles"], ours)[0]
    match = re.search(r'href="(/-/static-plugins/[^"]+\.css)"', page)
    assert match
    assert "white-space: nowrap" in pages([match[1]], ours)[0]


# --- search -----------------------------------------------------------------------------------------------------------

SEARCHES = [
    ("中国", {6}, "two characters, in the other script"),
    ("国", {3, 6}, "one character"),
    ("脫北者", {2}, "three, traditional for shinjitai"),
    ("国連人権理事会", {3}, "seven, a whole name"),
    ("人権理事", {3}, "from the middle of a name"),
    ("강제북송", {1}, "Korean as it is not spaced in the headline"),
    ("북송 탈북민", {1}, "two words in any order"),
    ("ＢＥＩＪＩＮＧ", {5}, "full width and capitals"),
    ("beij*", {5}, "the beginning of a word"),
    ('"talks in" beijing', {5}, "a phrase and a word"),
    ("!!!", set(), "nothing that could be found, and no error"),
    ("", {1, 2, 3, 4, 5, 6}, "nothing is looked for: the box was left empty"),
    (" ", {1, 2, 3, 4, 5, 6}, "nor is it by a space"),
    ('a"b) OR *', set(), "no syntax of the index leaks through"),
]


@pytest.mark.parametrize(("query", "expected", "why"), SEARCHES, ids=[row[2] for row in SEARCHES])
def test_search(ours: Path, query: str, expected: set[int], why: str) -> None:
    found = rows(f"/mentions/articles.json?{urlencode({'_shape': 'array', '_search': query})}", ours)
    assert {row["id"] for row in found} == expected, why


def test_an_empty_search_narrows_nothing_and_is_left_to_datasette_elsewhere(ours: Path, theirs: Path) -> None:
    found = answers(["/mentions/articles?_search=&language=ja", "/theirs/articles?_search="], ours, theirs)
    assert "3 rows where language" in " ".join(found[0].text.split())
    assert "search matches" not in found[0].text
    assert found[1].status_code == 400


def test_the_list_of_pingbacks_can_be_searched_too(ours: Path) -> None:
    assert 'name="_search"' in pages(["/mentions/pingbacks"], ours)[0]
    found = rows(f"/mentions/pingbacks.json?{urlencode({'_shape': 'array', '_search': '送還'})}", ours)
    assert {row["article"] for row in found} == {2, 4}


# --- questions --------------------------------------------------------------------------------------------------------


def test_who_was_first_in_each_language(ours: Path) -> None:
    answers = rows("/mentions/who_was_first.json?_shape=array", ours)
    urls = {(row["topic"], row["language"]): row["url"] for row in answers}
    assert urls == {("return", "ko"): SEOUL, ("return", "ja"): TOKYO + "3"}, (
        "an article known by its day alone, though it counts from midnight, does not come before one of a known hour"
    )


def test_sources_gone_quiet(ours: Path) -> None:
    quiet = rows("/mentions/sources_gone_quiet.json?_shape=array", ours)
    assert [(row["source"], row["note"]) for row in quiet] == [("quiet", "nothing new for 12 days")]


def test_open_alerts_are_those_that_last(tmp_path: Path) -> None:
    def more(connection: sqlite3.Connection) -> None:
        rows = [("fresh", "gap", "2023-10-15"), ("fresh", "ahead", None), (None, "offline", None)]
        connection.executemany(
            "INSERT INTO alerts (source, kind, ended_at, note, began_at) VALUES (?, ?, ?, '', '1')", rows
        )

    found = rows("/mentions/open_alerts.json?_shape=array", make_ours(tmp_path / "mentions.db", more))
    assert [(row["source"], row["kind"]) for row in found] == [
        ("quiet", "silent"),
        (None, "offline"),
        ("fresh", "ahead"),
    ]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with a story in two languages, a copy, and corrections of today and of a year ago."""

    def more(connection: sqlite3.Connection) -> None:
        connection.execute("""UPDATE topics SET terms = '{"ko": [], "ja": [], "zh-Hans": [], "en": [], "any": []}'""")
        connection.executemany(
            "INSERT INTO stories (id, title, languages, articles, outlets, first_at, last_at)"
            " VALUES (?, ?, ?, 2, ?, ?, '')",
            [(1, "Return", '["ja","ko"]', 2, "2023-10-11"), (2, "Alone", '["ja"]', 1, "2023-10-11"),
             (3, "Talks", '["en","ja","ko","zh-Hant"]', 2, "2023-10-14")],
        )  # fmt: skip
        connection.executemany("UPDATE articles SET story = ? WHERE id = ?", [(1, 1), (1, 2), (2, 3), (3, 4)])
        connection.execute("UPDATE articles SET copy_of = 1, copy_reason = 'same headline' WHERE id = 6")
        connection.execute(
            "UPDATE articles SET published_text = 'someday', published_basis = 'pubDate: no date' WHERE id = 5"
        )
        today = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        connection.executemany(
            "INSERT INTO revisions (article, seen_at, field, before, after, kind) VALUES (?, ?, 'title', 'b', 'a', ?)",
            [(1, today, "correction"), (1, today, "edit"), (2, "2024-01-01T00:00:00Z", "correction")],
        )
        connection.execute("INSERT INTO corrections VALUES (1, '남평', '난핑', ?)", [today])

    return make_ours(tmp_path_factory.mktemp("asked") / "mentions.db", more)


def test_coverage_gaps_are_events_that_a_language_of_the_topic_has_not(asked: Path) -> None:
    gaps = rows("/mentions/coverage_gaps.json?_shape=array", asked)
    found = [(row["title"], sorted(json.loads(row["missing"]))) for row in gaps]
    assert found == [("Return", ["en", "zh"])], "zh-Hant is Chinese, and what one outlet alone wrote is no event yet"


def test_corrections_of_the_last_31_days(asked: Path) -> None:
    found = rows("/mentions/recent_corrections.json?_shape=array", asked)
    assert {(row["what"], row["before"], row["after"], row["outlet"]) for row in found} == {
        ("title", "b", "a", "해람통신"), ("spelling", "남평", "난핑", "해람통신"),
    }  # fmt: skip


def test_whose_texts_others_print(asked: Path) -> None:
    assert rows("/mentions/wire_copies.json?_shape=array", asked) == [
        {"outlet": "해람통신", "copies": 1, "articles": 1, "printed_by": 1, "last_on": "2023-10-14"}
    ]


def test_undated_articles_say_why(asked: Path) -> None:
    (row,) = rows("/mentions/undated_articles.json?_shape=array", asked)
    assert (row["title"], row["published_text"], row["published_basis"]) == (
        "Talks in Beijing", "someday", "pubDate: no date",
    )  # fmt: skip


@pytest.mark.parametrize("name", datasette_plugin.queries.QUERIES)
def test_every_question_is_answered_in_an_empty_database_and_explained_in_the_docs(name: str, tmp_path: Path) -> None:
    path = tmp_path / "mentions.db"
    Store(path).close()
    assert rows(f"/mentions/{name}.json?_shape=array", path) == []
    title = datasette_plugin.queries.QUERIES[name]["title"]
    assert f"**{title}**" in (ROOT / "docs" / "columns.md").read_text(encoding="utf-8")


def test_questions_stand_on_the_page_of_the_database_and_are_explained(ours: Path) -> None:
    front, question = pages(["/mentions", "/mentions/who_was_first"], ours)
    assert "Sources gone quiet</a>" in front
    assert "mentioned it first" in question


# --- pages of our own -------------------------------------------------------------------------------------------------


def answer(path: str, *files: Path, **options: Any) -> Any:
    """One answer of Datasette, whatever its status."""
    return answers([path], *files, **options)[0]


def answers(paths: list[str], *files: Path, **options: Any) -> list[Any]:
    """Answers of one Datasette, whatever their status."""

    async def get() -> list[Any]:
        datasette = Datasette([str(file) for file in files], **options)
        return [await datasette.client.get(path) for path in paths]

    return asyncio.run(get())


def headlines_of(page: str) -> list[str]:
    """The headlines of a page of pingbacks, copies in brackets."""
    listed = page[page.index('<ol class="pingbacks">') :]
    found = re.findall(r"(<ul>|</ul>)|<bdi>([^<]*)</bdi></a>", listed)
    inside, headlines = False, []
    for mark, title in found:
        inside = mark == "<ul>" if mark else inside
        if title:
            headlines.append(f"({html.unescape(title)})" if inside else html.unescape(title))
    return headlines


ALL = ["脱北者の送還", "탈북민 강제 북송 <확인>", "国連人権理事会", "北へ送還"]

LISTS_OF_PINGBACKS = [
    ("", ALL, "newest first, and of one day what has an hour before what has none"),
    ("?language=ja", [ALL[0], *ALL[2:]], "one language"),
    ("?outlet=haeram", [ALL[1]], "one outlet"),
    ("?since=2023-10-12", ALL[:2], "since a day"),
    ("?language=ja&since=2023-10-12&outlet=shiomi", [ALL[0]], "all at once"),
    ("?language=en", [], "nothing that fits"),
    ("?language=&outlet=&since=", ALL, "a form that was sent without a choice"),
    ("?page=2", [], "behind the last page"),
]


@pytest.mark.parametrize(("asked", "expected", "why"), LISTS_OF_PINGBACKS, ids=[row[-1] for row in LISTS_OF_PINGBACKS])
def test_the_list_of_a_topic(ours: Path, asked: str, expected: list[str], why: str) -> None:
    assert headlines_of(pages([f"/-/pingbacks/return{asked}"], ours)[0]) == expected, why


def test_the_page_of_topics_leads_to_their_lists(ours: Path) -> None:
    page, front = pages(["/-/pingbacks", "/"], ours)
    assert "Forced return</a>" in page
    assert "4 articles" in " ".join(page.split())
    assert '<bdi lang="ja">日本語</bdi></a> 3' in page
    links = [html.unescape(link) for link in re.findall(r'href="(/-/pingbacks/[^"]+)"', page)]
    assert links[0] == "/-/pingbacks/return?database=mentions"
    for linked in pages(links, ours):
        assert headlines_of(linked)
    assert 'href="/-/pingbacks"' in front


def test_all_chinese_can_be_asked_for_and_is_counted_as_it_is_listed(tmp_path: Path) -> None:
    def chinese(connection: sqlite3.Connection) -> None:
        tags = [("zh", 1), ("zh-Hant", 3), ("zh-Hans", 4)]
        connection.executemany("UPDATE articles SET language = ? WHERE id = ?", tags)

    path = make_ours(tmp_path / "mentions.db", chinese)
    (front,) = pages(["/-/pingbacks"], path)
    counts = re.findall(r'<a href="([^"]+)"><bdi lang="([^"]+)">[^<]*</bdi></a> (\d+)', front)
    assert [(tag, count) for _, tag, count in counts] == [("zh", "3"), ("ja", "1"), ("zh-Hans", "1"), ("zh-Hant", "1")]
    for (link, tag, count), page in zip(counts, pages([html.unescape(one[0]) for one in counts], path), strict=True):
        assert len(headlines_of(page)) == int(count), link
        assert re.findall(r'<option value="([^"]+)"[^>]* selected', page) == [tag]
    assert ">中文 (3)</option>" in page


def test_a_filter_that_finds_nothing_stays_in_the_form(ours: Path) -> None:
    (page,) = pages(["/-/pingbacks/return?language=en&outlet=nobody"], ours)
    assert re.findall(r'<option value="([^"]+)"[^>]* selected>([^<]+)', page) == [
        ("en", "English (0)"),
        ("nobody", "nobody (0)"),
    ]


FORMS = [
    ("txt", "text/plain", "2023/10/13 汐見新聞 脱北者の送還\n"),
    ("html", "text/html", '<ol class="pingbacks">\n<li lang="ja"><time datetime="2023-10-13">'),
    ("csv", "text/csv", "date,outlet,title,url,language,excerpt\r\n2023-10-13,汐見新聞,"),
    ("atom", "application/atom+xml", "<?xml"),
    (
        "json",
        "application/feed+json",
        '{\n  "version": "https://jsonfeed.org/version/1.1",\n  "title": "Forced return"',
    ),
]


@pytest.mark.parametrize(("form", "kind", "begins"), FORMS, ids=[row[0] for row in FORMS])
def test_the_list_stands_beside_itself_in_other_forms_with_the_same_filters(
    ours: Path, form: str, kind: str, begins: str
) -> None:
    page = pages(["/-/pingbacks/return?language=ja"], ours)[0]
    link = next(link for link in re.findall(r'href="([^"]+)"', page) if f"return.{form}?" in link)
    got = answer(html.unescape(link), ours)
    assert got.headers["content-type"] == f"{kind}; charset=utf-8"
    assert got.text.startswith(begins)
    assert "北へ送還" in got.text
    assert "탈북민" not in got.text


def test_copies_are_folded_under_what_was_published_first(tmp_path: Path) -> None:
    def copied(connection: sqlite3.Connection) -> None:
        connection.execute("UPDATE articles SET copy_of = 3, copy_reason = 'same headline' WHERE id = 2")

    page = pages(["/-/pingbacks/return"], make_ours(tmp_path / "mentions.db", copied))[0]
    assert headlines_of(page) == [ALL[1], ALL[2], f"({ALL[0]})", ALL[3]]
    assert "1 copy" in page
    assert "4 articles" in page


def test_what_the_press_wrote_is_shown_and_never_run(tmp_path: Path) -> None:
    def hostile(connection: sqlite3.Connection) -> None:
        connection.execute("UPDATE articles SET title = '<script>x</script>', url = 'javascript:x' WHERE id = 1")
        connection.execute("UPDATE topics SET name = '<b>bold</b>'")

    path = make_ours(tmp_path / "mentions.db", hostile)
    for page in pages(["/-/pingbacks", "/-/pingbacks/return", "/-/pingbacks/return.html"], path):
        assert "<script>x" not in page
        assert "javascript:" not in page
        assert "<b>bold" not in page


REFUSED = [
    ("/-/pingbacks/nothing", 404, "No topic"),
    ("/-/pingbacks/return?database=other", 404, "No database of pingbacks here"),
    ("/-/pingbacks/return?since=yesterday", 400, "since=yesterday is no day"),
    ("/-/pingbacks/return?page=0", 400, "page=0 is no number from 1"),
    ("/-/pingbacks/return?page=²", 400, "is no number from 1"),
]


@pytest.mark.parametrize(("path", "status", "says"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_is_not_there_is_said(ours: Path, path: str, status: int, says: str) -> None:
    got = answer(path, ours)
    assert (got.status_code, says in got.text) == (status, True)


def test_nobody_sees_the_pingbacks_of_a_database_that_is_closed_to_them(ours: Path, theirs: Path) -> None:
    closed = {"databases": {"mentions": {"allow": {"id": "editor"}}}}
    option = {"config": closed} if hasattr(Datasette, "allowed") else {"metadata": closed}
    for got in answers(["/-/pingbacks", "/-/pingbacks/return", "/-/pingbacks/return.csv"], ours, **option):
        assert (got.status_code, "送還" in got.text, "Forced return" in got.text) == (404, False, False)
    assert answer("/-/pingbacks", theirs).status_code == 404
    assert 'href="/-/pingbacks"' not in answer("/", theirs).text


# --- elsewhere --------------------------------------------------------------------------------------------------------


def test_a_database_that_is_not_ours_looks_untouched_beside_ours(ours: Path, theirs: Path) -> None:
    paths = ["/theirs", "/theirs/articles", "/theirs/articles/1", "/theirs/articles?_search=脱北者", "/theirs/links",
             "/theirs/articles.json?_search=%22脱", "/theirs/meta"]  # fmt: skip
    with_plugin = pages(paths, ours, theirs)
    pm.unregister(datasette_plugin)
    try:
        without = pages(paths, ours, theirs)
    finally:
        pm.register(datasette_plugin, "aggregator")
    changing = re.compile(r'Queries took [\d.]+|"query_ms": [\d.]+|nonce="[^"]*"')
    for path, one, other in zip(paths, with_plugin, without, strict=True):
        assert changing.sub("", one) == changing.sub("", other), path


def test_a_file_that_is_no_database_is_not_ours(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("shopping\n" * 500)
    connection = sqlite3.connect(path)
    assert not tables.are_ours(connection)
    assert dict(tables.described(connection)) == {}
    connection.close()


def test_loading_the_plugin_loads_nothing_heavy() -> None:
    code = "import sys, aggregator.datasette_plugin; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    heavy = {"bs4", "feedparser", "langdetect", "lark", "opencc", "requests", "rich"}
    assert heavy & set(loaded.split()) == set()


# --- the command ------------------------------------------------------------------------------------------------------


def test_serve_is_a_datasette_with_our_plugin(tmp_path: Path, ours: Path) -> None:
    """The process itself, in an environment where the distribution is installed with the entry points it declares."""
    site = installed(tmp_path)
    port = free_port()
    command = [sys.executable, "-m", "aggregator", "serve", "--db", str(ours), "--port", str(port)]
    path = os.pathsep.join((str(ROOT), str(site)))
    with subprocess.Popen(
        command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": path}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        try:
            found = json.loads(fetched(f"http://127.0.0.1:{port}/mentions/articles.json?_shape=array", process))
            page = fetched(f"http://127.0.0.1:{port}/mentions/pingbacks", process)
        finally:
            process.terminate()
    assert [row["id"] for row in found] == [6, 2, 1, 3, 4, 5]
    assert '<bdi lang="ko">' in page


def installed(directory: Path) -> Path:
    """A directory with the metadata that `pip install` would leave."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    plugins = "".join(f"{name} = {value}\n" for name, value in project["entry-points"]["datasette"].items())
    information = directory / f"{project['name'].replace('-', '_')}-0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 0\n", "utf-8")
    (information / "entry_points.txt").write_text(f"[datasette]\n{plugins}", "utf-8")
    return directory


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def fetched(url: str, process: subprocess.Popen[bytes]) -> str:
    """The answer of a server that may still be starting."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if process.poll() is not None and process.stderr:
            pytest.fail(process.stderr.read().decode())
        try:
            with urlopen(url, timeout=10) as answer:
                return str(answer.read().decode("utf-8"))
        except URLError:
            time.sleep(0.05)
    pytest.fail(f"{url}: no answer within 30 s")
