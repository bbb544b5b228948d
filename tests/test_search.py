"""The search: what is printed is found, by whatever part of it somebody types, and nothing else is.

The truth is a scan of the folded texts. Against it stand the queries of our own program, and those of programs that
know nothing of ours and hand to SQLite what was typed: Datasette without the plugin, and sqlite-utils.
"""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opencc import OpenCC

from aggregator import schema, search
from aggregator import text as texts
from aggregator.store import Store

ARTICLES = (  # title, summary
    ("탈북민 600여 명 강제 북송 확인", "훈춘·난핑을 통해 북송됐다. 통일부 “유감”"),
    ("[단독] 한·중 외교장관 6·25 앞두고 통화", "KBS뉴스데스크 ＯＫＮ 보도, 10월 12일"),
    ("韓美日 공조…北韓 규탄", "이재명 대통령은 北 인권을 말했다"),
    ("脱北者の強制送還「国際法違反」", "国連人権理事会で発表　キム・ジョンウン氏は沈黙"),
    ("ロイター：対中政策の転換を沢田氏が要求", "Ｇ７サミットで弁護士会が予算を議論"),
    ("脫北者遭強制遣返 韓國表遺憾", "臺灣與歐洲聯盟關切，理髮店主也發聲"),
    ("中国遣返脱北者 韩国表示遗憾", "头发凌乱的难民；国际社会关注人权发展，制度与制造"),
    ("Forced repatriation of refugees continues", "The U.S. says COVID-19 rules don't apply, cafés reopen"),
    ("Refugee forces repatriated", "Talks in Beijing on 2023-10-12"),
)

# query, what it finds, whether a program without our plugin finds it too, why
QUERIES = [
    ("탈북", {0}, True, "two syllables, the start of a longer word"),
    ("강제북송", {0}, True, "four, where a space is printed"),
    ("강제 북송", {0}, True, "and with the space"),
    ("제북", {0}, True, "across the space"),
    ("송", {0}, True, "one syllable"),
    ("난핑", {0}, True, "in the summary, behind a dot"),
    ("한·중", {1}, True, "countries with the dot of the headlines"),
    ("6·25", {1}, True, "a day that is a name"),
    ("KBS뉴스", {1}, True, "Latin letters that run on in Hangul"),
    ("10월", {1}, True, "a number with its counter"),
    ("OKN", {1}, True, "what is printed in full width"),
    ("ＯＫＮ", {1}, True, "typed in full width"),
    ("韓", {2, 5, 6}, True, "one character, in Korean, traditional and simplified texts"),
    ("韩国", {5, 6}, True, "simplified"),
    ("韓國", {5, 6}, True, "traditional"),
    ("韓国", {5, 6}, True, "Japanese"),
    ("北韩", {2}, True, "simplified for Hanja in a Korean headline"),
    ("脱北者", {3, 5, 6}, True, "Japanese and simplified"),
    ("脫北者", {3, 5, 6}, True, "traditional"),
    ("强制送还", {3}, True, "four, simplified for Japanese"),
    ("国連人権", {3}, True, "the first four of seven"),
    ("連人權理", {3}, True, "from their middle, traditional"),
    ("人权", {3, 6}, True, "simplified"),
    ("人權", {3, 6}, True, "traditional"),
    ("人権", {3, 6}, True, "Japanese"),
    ("發表", {3}, True, "traditional for a form that is in print in Japan alone"),
    ("頭髮", {6}, True, "the word decides which traditional form 发 has"),
    ("發展", {6}, True, "here it is the other"),
    ("製造", {6}, True, "so with 制"),
    ("台湾", {5}, True, "simplified"),
    ("ロイター", {4}, True, "four kana"),
    ("ジョンウン", {3}, False, "five kana"),
    ("ﾛｲﾀｰ", {4}, False, "half width"),
    ("国連人権理事会", {3}, False, "a long name"),
    ("國際法違反", {3}, False, "five, traditional"),
    ("國聯人權", {3}, False, "聯, which Japan prints 連"),
    ("탈북민 600여명", {0}, False, "a long run with a number"),
    ("forced repatriation", {7, 8}, True, "English words by their stems"),
    ("refugee", {7, 8}, True, "one for many"),
    ("U.S.", {7}, True, "dots within a word"),
    ("COVID-19", {7}, True, "a hyphen"),
    ("don't", {7}, True, "an apostrophe"),
    ("cafe", set(), True, "marks are letters"),
    ("2023-10-12", {8}, True, "a date"),
    ("없는말", set(), True, "nowhere"),
]


def filled(articles: Sequence[tuple[str, str]]) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    schema.migrate(connection)
    search.add(connection, [(number, *article) for number, article in enumerate(articles)])
    return connection


@pytest.fixture(scope="module")
def index() -> Iterator[sqlite3.Connection]:
    connection = filled(ARTICLES)
    yield connection
    connection.close()


def matches(index: sqlite3.Connection, expression: str) -> set[int]:
    found = index.execute("SELECT rowid FROM articles_fts WHERE articles_fts MATCH ?", (expression,))
    return {number for (number,) in found}


def ours(index: sqlite3.Connection, query: str) -> set[int]:
    expression = search.match_expression(query)
    return matches(index, expression) if expression else set()


def as_typed(query: str) -> str:
    """What Datasette makes of a query without the plugin: every word in quotes."""
    return " ".join(f'"{word}"' for word in query.split())


def scan(word: str, articles: Sequence[tuple[str, str]]) -> set[int]:
    """The truth: the folded word stands in the folded text, Latin letters as whole words.

    A word with signs in it stands there with whatever signs.
    """
    units = re.findall(r"[a-z0-9]+|[^\W_]", texts.fold(word))
    between = r"[\W_]*" if re.search(r"[^\W_][\W_]+[^\W_]", texts.fold(word)) else ""
    whole = [rf"(?<![a-z0-9]){unit}(?![a-z0-9])" if unit.isascii() else unit for unit in units]
    pattern = re.compile(between.join(whole))
    return {n for n, fields in enumerate(articles) if units and any(pattern.search(texts.fold(one)) for one in fields)}


@pytest.mark.parametrize(("query", "expected", "plain", "why"), QUERIES, ids=[row[-1] for row in QUERIES])
def test_a_query_finds_what_is_printed(
    index: sqlite3.Connection, query: str, expected: set[int], plain: bool, why: str
) -> None:
    assert ours(index, query) == expected, why
    if plain:
        assert matches(index, as_typed(query)) == expected, why


MORE = [
    ("repatriat*", {7, 8}, "a stemmer would have cut it elsewhere"),
    ("ｒｅｐａｔ*", {7, 8}, "in full width"),
    ('"forced repatriat*"', {7, 8}, "a beginning is no part of a phrase"),
    ("탈북*", {0}, "a part of a word is found anyway"),
    ('"repatriation of refugees"', {7}, "a phrase"),
    ('"refugees of repatriation"', set(), "its words in another order"),
    ('"확인 훈춘"', set(), "the end of the title and the begin of the summary are no phrase"),
    ('"forced"repatriation', {7, 8}, "a quote ends a word"),
    ("*", set(), "nothing to look for"),
    ("NEAR( OR ^x:", set(), "what SQLite would take for commands is text"),
]  # fmt: skip


@pytest.mark.parametrize(("query", "expected", "why"), MORE, ids=[row[-1] for row in MORE])
def test_phrases_and_beginnings(index: sqlite3.Connection, query: str, expected: set[int], why: str) -> None:
    assert ours(index, query) == expected, why


# Few characters, so that they meet: forms of one another, kana, Hangul, words, signs.
_LETTERS = [*"国國韓韩韓発發髪发人権權权ロイﾛ北송탈7", "ok", "kbs"]


def _texts(*more: str) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from([*_LETTERS, *more]), max_size=14).map("".join)


_PRINTED = _texts("ＯＫ", " ", "　", "・", "、", "-", "・")


@given(st.lists(st.tuples(_PRINTED, _PRINTED), max_size=4), _texts("·"))
def test_every_query_finds_just_what_a_scan_of_the_folded_texts_finds(
    articles: list[tuple[str, str]], query: str
) -> None:
    connection = filled(articles)
    assert ours(connection, query) == scan(query, articles)
    connection.close()


@pytest.mark.parametrize("spelling", ["", "t2s", "s2tw", "s2t", "t2jp"], ids=lambda name: name or "as printed")
def test_up_to_four_characters_are_found_in_every_form_without_our_help(
    index: sqlite3.Connection, spelling: str
) -> None:
    for number, article in enumerate(ARTICLES):
        printed = "\n".join(texts.casefold(field) for field in article)
        if spelling:
            traditional = OpenCC("jp2t").convert(printed) if re.search("[ぁ-ヿ]", printed) else printed
            printed = OpenCC(spelling).convert(traditional)
        for run in re.findall(r"[^\W\d_a-zé]+", printed):
            for part in {run[begin : begin + size] for size in (1, 2, 3, 4) for begin in range(len(run))}:
                found, truth = matches(index, f'"{part}"'), scan(part, ARTICLES)
                assert found <= truth, part
                assert number in found or number not in truth, part  # 沉默 is no form of 沈默 to a scan


# --- programs that know nothing of ours -------------------------------------------------------------------------------

_PLAIN = """
import asyncio, json, sys
from urllib.parse import urlencode
from datasette.app import Datasette
from datasette.plugins import pm
pm.unregister(name="aggregator")
async def ask(file, queries):
    datasette = Datasette([file])
    for query in queries:
        path = "/mentions/articles.json?" + urlencode({"_shape": "array", "_search": query})
        print(json.dumps(sorted(row["id"] for row in (await datasette.client.get(path)).json())))
asyncio.run(ask(sys.argv[1], json.loads(sys.argv[2])))
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("search") / "mentions.db"
    with Store(path) as store:
        connection = store._connection
        connection.executemany(
            "INSERT INTO articles (id, title, summary, language, url, link, first_seen_at, last_seen_at)"
            " VALUES (?, ?, ?, 'und', ?, '', '2023-10-12', '2023-10-12')",
            [(number, *texts, f"https://a.example/{number}") for number, texts in enumerate(ARTICLES)],
        )
        store.reindex()
    return path


def test_datasette_without_the_plugin_finds_them(file: Path) -> None:
    pytest.importorskip("datasette", reason="Datasette is an optional part")
    queries = [row for row in QUERIES if row[2]]
    given = [sys.executable, "-c", _PLAIN, str(file), json.dumps([query for query, *_ in queries])]
    done = subprocess.run(given, stdout=subprocess.PIPE, text=True, check=True)
    found = [set(json.loads(line)) for line in done.stdout.splitlines()]
    assert [(query, one) for (query, *_), one in zip(queries, found, strict=True)] == [row[:2] for row in queries]


@pytest.mark.parametrize("query", ["탈북", "脫北者", "韩国", "国連人権", "forced repatriation", "ＯＫＮ"])
def test_sqlite_utils_finds_them(file: Path, query: str) -> None:
    command = [sys.executable, "-m", "sqlite_utils", "search", str(file), "articles", query, "-c", "id"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    expected = next(found for one, found, *_ in QUERIES if one == query)
    assert {row["id"] for row in json.loads(done.stdout)} == expected


# --- keeping it -------------------------------------------------------------------------------------------------------


def test_what_is_taken_out_leaves_nothing_behind() -> None:
    connection = filled(ARTICLES)
    entries = [search.entry(connection, number, *article) for number, article in enumerate(ARTICLES)]
    search.write(connection, [entry._replace(goes=True) for entry in entries])
    assert [query for query, *_ in QUERIES if ours(connection, query)] == []
    connection.execute("INSERT INTO articles_fts (articles_fts) VALUES ('integrity-check')")
    connection.close()


def test_an_index_of_another_version_is_built_anew_where_the_database_is_opened(file: Path) -> None:
    with Store(file) as store, store.transaction():
        store.note("search", "1")
        store._connection.execute("INSERT INTO articles_fts (articles_fts) VALUES ('delete-all')")
    with Store(file) as store:
        assert len(store.search("탈북", 9)) == 1
        assert store.noted("search") == search.VERSION


def test_nothing_in_the_schema_needs_our_functions(file: Path) -> None:
    connection = sqlite3.connect(file)
    assert connection.execute("SELECT count(*) FROM sqlite_master WHERE type = 'trigger'").fetchone() == (0,)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.executescript("INSERT INTO articles_fts (articles_fts) VALUES ('optimize'); VACUUM")
    assert matches(connection, '"중국"') == set()
    assert matches(connection, '"한·중"') == {1}
    connection.close()


def test_the_characters_that_are_taken_for_units_at_a_glance_are_units() -> None:
    every = [chr(code) for code in range(0x10000) if search._PLAIN.fullmatch(chr(code))]
    assert len(every) > 30_000
    assert {char for char in every if texts.script(char) not in search._ALONE} == set()
