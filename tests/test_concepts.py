"""What a text speaks of: names in four languages, and names only where they stand as such."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import concepts, gazetteer, methods
from aggregator.errors import UsageError
from aggregator.model import Config, Outlet
from tests import country_names


@cache
def lexicon() -> concepts.Lexicon:
    return concepts.Lexicon(gazetteer.built_in(), gazetteer.pairs())


def keys(text: str, language: str, summary: str = "") -> set[str]:
    return {one.key for one in concepts.found(text, summary, language, lexicon())}


# a text, its language, a concept, whether it is there, why
CASES = [
    ("중국, 탈북민 600여 명 강제 북송", "ko", "repatriation", True, "two words of which the second is within a term"),
    ("中国が脱北者600人を一斉に強制送還", "ja", "repatriation", True, "Japanese"),
    ("中國強制遣返600名脫北者", "zh-Hant", "repatriation", True, "traditional, where the table has simplified"),
    ("China sends 600 refugees back to North Korea", "en", "kp", True, "a country of two words"),
    ("North Korean defectors sent back", "en", "kp", True, "an adjective"),
    ("中国が脱北者を送還", "ja", "cn", True, "a country"),
    ("유일한 국가대표", "ko", "kr", False, "한국 across two words: 유일한 국가"),
    ("한국 정부", "ko", "kr", True, "at the begin of a word"),
    ("주한미군 감축", "ko", "us", True, "within a word, behind a prefix"),
    ("美, 대북제재 논의", "ko", "us", True, "one Chinese character in a Korean headline"),
    ("日米首脳会談", "ja", "us", True, "two countries in one word"),
    ("日米首脳会談", "ja", "jp", True, "and the other of them"),
    ("タイトル防衛に成功", "ja", "th", False, "タイ in タイトル"),
    ("タイの首相が辞任", "ja", "th", True, "タイ alone"),
    ("東京都知事選", "ja", "kyoto", False, "京都 in 東京都"),
    ("Let us go there in March", "en", "us", False, "us is not US"),
    ("US to send envoy", "en", "us", True, "US is"),
    ("turkey prices rise", "en", "tr", False, "a bird has no capital"),
    ("합참 “北, 탄도미사일 발사”", "ko", "ballistic-missile", True, "the longer name"),
    ("합참 “北, 탄도미사일 발사”", "ko", "missile", True, "and the shorter one that it implies"),
    ("용인 자동차 부품 공장서 불", "ko", "kr", True, "a place implies its country"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "language", "concept", "there", "why"), CASES, ids=[row[-1] for row in CASES])
def test_what_is_named(text: str, language: str, concept: str, there: bool, why: str) -> None:
    assert (concept in keys(text, language)) is there


def test_numbers_are_one_in_every_language() -> None:
    texts = [("탈북민 600여 명", "ko"), ("約600人", "ja"), ("六百人被遣返", "zh-Hans"), ("some 600 refugees", "en")]
    assert set.intersection(*(keys(*one) for one in texts)) >= {"#600"}


def test_the_headline_weighs_more_than_the_summary() -> None:
    (title,) = (one for one in concepts.found("시진핑 방북", "", "ko", lexicon()) if one.kind == "person")
    (summary,) = (one for one in concepts.found("", "시진핑 방북", "ko", lexicon()) if one.kind == "person")
    assert title.weight > summary.weight
    assert (title.headline, summary.headline) == (True, False)


def test_datelines_are_not_what_a_text_speaks_of() -> None:
    assert "seoul" not in keys("", "ko", "(서울=연합뉴스) 홍길동 기자 = 통일부는 12일 이같이 밝혔다")


def test_a_name_that_no_table_knows_is_known_by_its_sound() -> None:
    sounds = [
        {key for key in keys(text, language) if key.startswith("s:")}
        for text, language in (("Menendez resigns", "en"), ("メネンデス氏が辞任", "ja"), ("메넨데스 사임", "ko"))
    ]
    assert set.intersection(*sounds)


def test_a_table_of_one_s_own_adds_names() -> None:
    table = "id\tkind\twithin\ten\tko\tja\tzh\nnamyang-ri\tplace\tkp\tNamyang\t남양\t南陽\t南阳\n"
    own = concepts.Lexicon((*gazetteer.read(table, "names.tsv"), *gazetteer.built_in()))
    found = {one.key for one in concepts.found("남양 세관 재개", "", "ko", own)}
    assert {"namyang-ri", "kp"} <= found


# a table, what is wrong with it, why
WRONG = [
    ("name\tx\n", "first line names the columns", "no header"),
    ("id\tkind\ten\nx\triver\tX\n", "line 2: 'river' is no kind", "a kind that is none"),
    ("id\tweight\ten\nx\t9\tX\n", "line 2: '9' is no weight", "a weight that is none"),
]


@pytest.mark.parametrize(("table", "message", "why"), WRONG, ids=[row[-1] for row in WRONG])
def test_a_table_that_is_wrong_says_where(table: str, message: str, why: str) -> None:
    with pytest.raises(UsageError, match=message):
        list(gazetteer.read(table, "names.tsv"))


# a row under the columns id, weight, en, ko; its names, why
ROWS = [
    ("x\t3\tOne|Two\t하나", {"en": ("One", "Two"), "ko": ("하나",)}, "all cells"),
    ("x\t\t One | |Two|\t", {"en": ("One", "Two")}, "spaces, and nothing between two bars"),
    ("x\t2\tOne", {"en": ("One",)}, "fewer cells than columns"),
    ("x\t2\tOne\t하나\tmore", {"en": ("One",), "ko": ("하나",)}, "more cells than columns"),
]


@pytest.mark.parametrize(("row", "names", "why"), ROWS, ids=[row[-1] for row in ROWS])
def test_the_names_of_a_row(row: str, names: dict[str, tuple[str, ...]], why: str) -> None:
    (entry,) = gazetteer.read(f"id\tweight\ten\tko\n{row}\n", "names.tsv")
    assert {language: given for language in gazetteer.LANGUAGES if (given := entry.names(language))} == names


def test_the_built_in_tables_are_sound() -> None:
    entries = gazetteer.built_in()
    assert len(entries) > 5000
    things = [one for one in entries if one.kind == "thing"]
    alone = [one.id for one in things if sum(bool(one.names(language)) for language in gazetteer.LANGUAGES) < 2]
    assert alone == [], "a thing that one language alone names says nothing here"
    short = [
        (one.id, name) for one in things for language in ("ko", "ja", "zh") for name in one.names(language)
        if len(name) < 2
    ]  # fmt: skip
    assert short == []
    countries = {one.id for one in entries if one.kind == "country"}
    assert {one.within for one in entries if one.within} <= countries


def test_the_names_of_countries_are_those_of_the_cldr() -> None:
    told, derived = set(country_names.TABLE.read_text(encoding="utf-8").splitlines()), set(country_names.rows())
    assert len(told ^ derived) < len(told) / 10  # every CLDR changes some


@given(st.text(max_size=60), st.sampled_from(["ko", "ja", "zh-Hans", "en", "und"]))
def test_whatever_comes_in(text: str, language: str) -> None:
    found = concepts.found(text, text, language, lexicon())
    assert len({one.key for one in found}) == len(found)
    assert all(one.weight >= 0 for one in found)


@given(st.text(alphabet="가나다 한국중國韓ab １２", max_size=30))
def test_squeezing_keeps_the_begin_of_every_word(text: str) -> None:
    squeezed = concepts.squeeze(text)
    assert len(squeezed.printed) == len(squeezed.text)
    assert all(0 <= place < len(squeezed.text) for place in squeezed.starts)


# a headline, its language, the outlet that it names, why
PRESS = [
    ("BBC 사장 사임", "ko", "press bbc", "Latin letters, in any language"),
    ("朝日新聞が訂正記事を掲載", "ja", "press asahi", "a Japanese name"),
    ("경향을 분석하다", "ko", None, "a name that is a common word"),
    ("가람통신 기자 석방", "ko", "press garam", "one of feeds.yaml"),
    ("Garam Wire reporter released", "en", "press garam", "its other name, in another language"),
]


@pytest.mark.parametrize(("title", "language", "press", "why"), PRESS, ids=[row[-1] for row in PRESS])
def test_the_press_is_named_too(title: str, language: str, press: str | None, why: str) -> None:
    own = Outlet(id="garam", name="가람통신", aliases=("Garam Wire",))
    lexicon = methods.setting(Config(sources={}, outlets={"garam": own}, topics={})).lexicon
    named = {one.key for one in concepts.found(title, "", language, lexicon) if one.key.startswith("press ")}
    assert named == ({press} if press else set()), why
