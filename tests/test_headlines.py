"""Headlines for lists and for comparing: tails, tags, quotes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator import headlines, outlets

PRESS = outlets.directory().find

# headline, without its tail, why
TAILS = [
    ("脱北者を一斉に送還｜朝日新聞デジタル", "脱北者を一斉に送還", "a full-width bar"),
    ("脱北者を一斉に送還 - 産経ニュース", "脱北者を一斉に送還", "the name that the site gives itself"),
    ("통일부 “유감” : 네이버 뉴스", "통일부 “유감”", "a portal"),
    ("통일부 “유감” | 연합뉴스", "통일부 “유감”", "an agency"),
    ("外交部回应_手机新浪网", "外交部回应", "an underscore"),
    ("円安が進む：時事ドットコム", "円安が進む", "a full-width colon"),
    ("Seoul voices regret - BBC News - BBC", "Seoul voices regret", "two tails"),
    ("Seoul voices regret - report", "Seoul voices regret - report", "no name of the press"),
    ("코스피 - 0.5% 하락", "코스피 - 0.5% 하락", "a minus"),
    ("首相：増税せず", "首相：増税せず", "a colon of the headline itself"),
    ("| 연합뉴스", "| 연합뉴스", "nothing but a tail is left as it is"),
]


@pytest.mark.parametrize(("title", "bare", "why"), TAILS, ids=[row[-1] for row in TAILS])
def test_what_sites_append(title: str, bare: str, why: str) -> None:
    assert headlines.without_tail(title, PRESS) == bare


# headline, language, quoted, why
QUOTES = [
    ("통일부 유감 표명", "ko", "“통일부 유감 표명”", "Korean"),
    ("中国が「多数の」脱北者を送還", "ja", "「中国が『多数の』脱北者を送還」", "quotes inside become the inner ones"),
    ("「脱北者はいない」", "ja", "「脱北者はいない」", "quoted as a whole already"),
    ("「脱北者」は「いない」", "ja", "「『脱北者』は『いない』」", "two quotes are no whole"),
    ("外交部回应", "zh-Hans", "《外交部回应》", "simplified Chinese"),
    ("違反《公約》", "zh-Hant", "《違反〈公約〉》", "a title inside"),
    ("Seoul says ‘many’", "en", "“Seoul says ‘many’”", "English"),
    ("Paris s’inquiète", "fr", "“Paris s’inquiète”", "another language is quoted as English is"),
]


@pytest.mark.parametrize(("title", "language", "quoted", "why"), QUOTES, ids=[row[-1] for row in QUOTES])
def test_quotes_by_language(title: str, language: str, quoted: str, why: str) -> None:
    assert headlines.quoted(title, language) == quoted


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40), st.sampled_from(["ko", "ja", "zh-Hans", "zh", "en", "und"]))
def test_any_headline_can_be_dressed_and_quotes_are_not_doubled(title: str, language: str) -> None:
    bare = headlines.without_tail(title, PRESS)
    assert title.startswith(bare)
    assert headlines.without_tail(bare, PRESS) == bare
    once = headlines.quoted(title, language)
    assert headlines.quoted(once, language) == once
