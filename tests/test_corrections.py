"""Correction notices: what was wrong and what is right, never guessed; and found by both."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator import articles, config, corrections, groups, search
from aggregator.model import Correction, Item, Revision, RevisionKind
from aggregator.store import Store
from aggregator.text import plain

NOW = datetime(2023, 10, 12, 6, 0, tzinfo=UTC)

# text, wrong, right, why
NOTICES = [
    ("The name of one of the cities they were sent through is 난핑, not 남평.", "남평", "난핑", "en: mixed scripts"),
    ("Correction: The city is Nanping, not Nampyong.", "Nampyong", "Nanping", "en: is X, not Y"),
    (
        "We regret the error: the agency is the Red Cross, not the Blue Cross.",
        "Blue Cross",
        "Red Cross",
        "en: without articles",
    ),
    (
        "The article misspelled the name of a city as Nampyong. It is Nanping.",
        "Nampyong",
        "Nanping",
        "en: misspelled as",
    ),
    ('Correction: "600" should read "620".', "600", "620", "en: should read"),
    ("남평이 아니라 난핑입니다", "남평", "난핑", "ko: 아니라"),
    ("[정정] 도문이 아니라 훈춘으로 송환", "도문", "훈춘", "ko: 아니라, unlike, but marked"),
    ("'남평'은 '난핑'의 오기입니다.", "남평", "난핑", "ko: 오기"),
    ("기사의 '남평'을 '난핑'으로 바로잡습니다.", "남평", "난핑", "ko: 바로잡습니다"),
    ("처음에 남평이라고 적은 지명은 난핑이 맞습니다.", "남평", "난핑", "ko: 맞습니다"),
    ("난핑을 남평으로 잘못 표기했습니다.", "남평", "난핑", "ko: the right one first"),
    ("「南平」は「南坪」の誤りでした。", "南平", "南坪", "ja: の誤り"),
    ("お詫び：「南平」とあるのは「南坪」の間違いです。", "南平", "南坪", "ja: とあるのは"),
    ("南平は南坪の誤りでした。", "南平", "南坪", "ja: without quotes, alike"),
    ("「南坪」を「南平」と誤って記載しました。", "南平", "南坪", "ja: the right one first"),
    ("【訂正】（誤）南平（正）南坪", "南平", "南坪", "ja: 誤, 正"),
    ("「南平」应为「南坪」", "南平", "南坪", "zh: 应为"),
    ("“南平”有誤，應為“南坪”。", "南平", "南坪", "zh: traditional"),
    ("更正：文中将“南坪”误写为“南平”。", "南平", "南坪", "zh: the right one first"),
    ("更正：地名是“南坪”，不是“南平”。", "南平", "南坪", "zh: 是, 不是"),
]
NO_NOTICES = [
    ("The answer is yes, not no.", "en: rhetoric"),
    ("South Korea is a democracy, not a monarchy.", "en: an argument"),
    ("문제는 경제가 아니라 정치다", "ko: rhetoric"),
    ("서울이 아니라 부산으로 간다", "ko: another place"),
    ("사고는 운전자의 잘못으로 드러났다", "ko: somebody's fault"),
    ("それは彼の誤りだ", "ja: somebody's mistake"),
    ("政治ではなく経済が問題だ", "ja: an argument"),
    ("价格应为三元", "zh: ought to be"),
    ("他不是记者，而是间谍", "zh: an argument"),
    ("정정: 기사 제목을 고쳤습니다.", "a mark alone names nothing"),
    ("'난핑'은 '난핑'의 오기입니다.", "the same word"),
    (f"'{'가' * 50}'은 '난핑'의 오기입니다.", "a sentence is no spelling"),
    ("", "nothing"),
]


@pytest.mark.parametrize(("text", "wrong", "right", "why"), NOTICES, ids=[row[-1] for row in NOTICES])
def test_a_notice_names_what_was_wrong_and_what_is_right(text, wrong, right, why):
    assert corrections.notices(text) == (Correction(wrong=wrong, right=right),)


@pytest.mark.parametrize(("text", "why"), NO_NOTICES, ids=[row[-1] for row in NO_NOTICES])
def test_what_only_sounds_like_a_notice_is_none(text, why):
    assert corrections.notices(text) == ()


# before, after, wrong, right, why
CHANGES = [
    ("훈춘·남평 통해 북송", "[정정] 훈춘·난핑 통해 북송", "남평", "난핑", "one word"),
    (
        "남평을 통해 북송, 남평 주민 증언",
        "바로잡습니다 난핑을 통해 북송, 난핑 주민 증언",
        "남평",
        "난핑",
        "twice, with a particle",
    ),
    ("Sent through Nampyong", "Correction: Sent through Nanpyong", "Nampyong", "Nanpyong", "English"),
    ("남평 통해 북송", "[정정] 난핑 통해 송환", None, None, "another word too"),
    ("남평 통해 북송", "[정정] 훈춘 통해 북송", None, None, "not alike"),
    ("남평 통해 북송", "[정정] 난핑 통해 북송 확인", None, None, "something was added"),
    ("북송", "[정정] 북송", None, None, "nothing but the mark"),
]


@pytest.mark.parametrize(("before", "after", "wrong", "right", "why"), CHANGES, ids=[row[-1] for row in CHANGES])
def test_a_revision_that_says_so_gives_the_one_word_that_it_changed(before, after, wrong, right, why):
    expected = Correction(wrong=wrong, right=right) if wrong else None
    assert corrections.between(before, after) == expected
    revision = Revision(field="title", before=before, after=after, kind=RevisionKind.CORRECTION)
    assert corrections.found("", "", [revision]) == ((expected,) if expected else ())
    assert corrections.found("", "", [replace(revision, kind=RevisionKind.EDIT)]) == ()


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60), st.sampled_from(["{}", "'{}'은 '{}'의 오기", "정정 {} should be {}", "「{}」应为「{}」"]))
def test_every_text_has_an_answer_in_words_that_stand_in_it(noise, frame):
    printed = frame.replace("{}", noise)
    for pair in corrections.notices(printed):
        assert plain(pair.wrong) in plain(printed)
        assert plain(pair.right) in plain(printed)
        assert pair.wrong != pair.right


@pytest.mark.parametrize("piece", ["a-", "가", "「", "是", "is a, ", "not ", "A b "])
def test_hostile_texts_cost_no_time(piece):
    begun = time.perf_counter()
    corrections.notices(piece * (20_000 // len(piece)))
    assert time.perf_counter() - begun < 2


# --- in the database --------------------------------------------------------------------------------------------------

SETTINGS = config.parse("sources: [{id: daily, url: 'https://daily.example/rss', zone: Asia/Seoul}]")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "mentions.db") as opened:
        with opened.transaction():
            opened.configure(SETTINGS)
        yield opened


def save(store: Store, title: str, summary: str = "") -> int:
    """What a run does with one item, as far as corrections go."""
    item = Item(title=title, summary=summary, link="https://daily.example/1")
    article = articles.derive(item, "https://daily.example/1", SETTINGS.sources["daily"], None, NOW)
    decision = groups.decide(article, (), store.known([article.url], "daily").get(article.url))
    with store.transaction():
        number = store.save("daily", decision, NOW)
        found = corrections.found(title, summary, decision.revisions)
        if found:
            store.save_corrections(number, found, NOW)
    return number


def rows(store: Store, sql: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(store.path)
    found = connection.execute(sql).fetchall()
    connection.close()
    return found


def test_an_article_is_found_by_the_spelling_that_it_corrected_also_after_its_text_has_changed(store: Store) -> None:
    save(store, "훈춘·남평 통해 북송")
    save(store, "[정정] 훈춘·난핑 통해 북송")
    assert rows(store, 'SELECT wrong, "right", found_at FROM corrections') == [("남평", "난핑", "2023-10-12T06:00:00Z")]
    assert [len(store.search(word, 9)) for word in ("남평", "난핑", "단둥")] == [1, 1, 0]
    save(store, "훈춘·난핑 거쳐 북송")
    assert [len(store.search(word, 9)) for word in ("남평", "난핑", "통해")] == [1, 1, 0]


def test_the_index_stays_exact_however_often_an_article_changes_and_is_the_same_when_built_anew(store: Store) -> None:
    for title, summary in (
        ("북송", ""),
        ("북송 확인", "'남평'은 '난핑'의 오기입니다"),
        ("북송 확인", "'도문'은 '두만'의 오기입니다"),
        ("북송", "끝"),
    ):
        save(store, title, summary)
    finds = ("북송", "확인", "남평", "난핑", "도문", "오기", "끝")
    counts = [len(store.search(word, 9)) for word in finds]
    assert counts == [1, 0, 1, 0, 1, 0, 1]
    store.reindex()
    assert [len(store.search(word, 9)) for word in finds] == counts
    connection = sqlite3.connect(store.path)
    search.write(connection, [search.entry(connection, 1, "북송", "끝")._replace(goes=True)])
    assert [search.find(connection, word, 9) for word in finds] == [[]] * len(finds)
    connection.close()
