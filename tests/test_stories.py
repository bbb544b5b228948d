"""Stories: what speaks for one event, what speaks against it, and how an article joins."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from aggregator import concepts, gazetteer, stories
from aggregator.model import Clipping, Outlet
from aggregator.stories import Likeness

NOW = datetime(2023, 10, 12, 6, 0, tzinfo=UTC)


@cache
def method() -> stories.ByConcepts:
    lexicon = concepts.Lexicon(gazetteer.built_in(), gazetteer.pairs())
    return stories.ByConcepts(lexicon, {"repatriation": "Forced repatriation"})


def clipping(title: str, language: str, hours: float = 0, summary: str = "", topics: tuple[str, ...] = ()) -> Clipping:
    return Clipping(
        id=abs(hash((title, hours))), url=f"https://{language}.example/{hours}", title=title, summary=summary,
        language=language, outlet=Outlet(id=language, name=language), at=NOW + timedelta(hours=hours),
        first_seen_at=NOW, topics=topics,
    )  # fmt: skip


def likeness(one: Clipping, other: Clipping, common: Mapping[int, int] | None = None) -> Likeness:
    return method().likeness(method().profile(one), method().profile(other), common or {})


# one article, another, whether they are about one event, why
CASES = [
    (("중국, 탈북민 600여 명 강제 북송…정부 “유감”", "ko"), ("中国が脱北者600人を一斉に強制送還", "ja"), True, "Korean, Japanese"),
    (("中國強制遣返600名脫北者", "zh-Hant"), ("China sends 600 North Korean defectors back by force", "en", 20), True,
     "Chinese and English, a day apart"),
    (("日銀、マイナス金利を解除　17年ぶり利上げ", "ja"), ("Bank of Japan raises rates for first time in 17 years", "en"), True, "a rate"),
    (("FRB、政策金利を据え置き", "ja"), ("일본은행, 17년 만에 금리 인상", "ko"), False, "two central banks in one week"),
    (("규모 7.2 강진, 대만 화롄 강타", "ko"), ("岩手で震度5強の地震　M6.0", "ja"), False, "two earthquakes"),
    (("한국, 포르투갈에 2-1 역전승…월드컵 16강", "ko"), ("日本、スペインに2―1で逆転勝ち　W杯16強", "ja"), False, "two matches, one result"),
    (("코스피 8.77% 폭락 2441.55 마감", "ko"), ("KOSPI rebounds 3.3% to close at 2,522.15", "en", 24), False, "the next day"),
    (("중국, 탈북민 600여 명 강제 북송", "ko"), ("中国、日本産水産物を全面禁輸", "ja"), False, "China twice"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other", "same", "why"), CASES, ids=[row[-1] for row in CASES])
def test_likeness(one: tuple[str, str], other: tuple[str, ...], same: bool, why: str) -> None:
    first, second = clipping(*one), clipping(*other)  # type: ignore[arg-type]
    found = likeness(first, second)
    assert (found.score >= stories.SAME) is same
    assert found.score == pytest.approx(likeness(second, first).score)
    if same:
        assert method().clues(method().profile(first)).keys() & method().clues(method().profile(second)).keys()


def test_the_reason_reads_like_a_line_of_a_card() -> None:
    found = likeness(
        clipping("중국, 탈북민 600여 명 강제 북송", "ko", topics=("repatriation",)),
        clipping("China sends 600 North Korean defectors back by force", "en", 20, topics=("repatriation",)),
    )
    parts = found.reason.split(" · ")
    assert {"600", "defector", "repatriation"} <= set(parts)
    assert parts[-1] == "same day"


def test_what_everybody_speaks_of_says_less() -> None:
    one, other = clipping("바이든 대통령, 코로나 확진", "ko"), clipping("バイデン氏が新型コロナに感染", "ja")
    crowd = {clue: 400 for clue in method().clues(method().profile(one))}
    assert likeness(one, other, crowd).score < likeness(one, other).score


def test_a_place_alone_begins_no_story() -> None:
    assert likeness(clipping("서울 나들이", "ko"), clipping("Cabbage prices ease in Seoul", "en")).score < stories.SAME


# --- joining ----------------------------------------------------------------------------------------------------------

ME = clipping("x", "ko")


def joining(
    scores: Mapping[tuple[int, int], float], groups: Mapping[int, list[int]], ruled: Mapping[int, bool] | None = None
) -> tuple[int | None, set[int], tuple[int, ...]] | None:
    def between(one: int, other: int) -> Likeness:
        one, other = (0 if number == ME.id else number for number in (one, other))
        return Likeness(scores.get((one, other), scores.get((other, one), 0.0)), f"as {other}")

    found = stories.decide(ME, groups, between, lambda one, other: (ruled or {}).get(other) if one == ME.id else None)
    return (found.story, set(found.partners), found.merged) if found else None


# scores of pairs (0 is the article), what may be joined, what is ruled, what comes of it, why
JOININGS = [
    ({}, {7: [1, 2]}, {}, None, "like nothing: it stays alone"),
    ({(0, 1): 0.9}, {-1: [1]}, {}, (None, {1}, ()), "a single article: the two begin a story"),
    ({(0, 1): 0.9, (0, 2): 0.8}, {7: [1, 2]}, {}, (7, set(), ()), "a story of which it is like all"),
    ({(0, 1): 0.9, (0, 2): 0.0, (0, 3): 0.0}, {7: [1, 2, 3]}, {}, None, "like one of many only"),
    ({(0, 1): 0.9, (0, 2): 0.8}, {7: [1], 9: [2]}, {}, (7, set(), ()), "two stories that are not like one another"),
    ({(0, 1): 0.9, (0, 2): 0.8, (1, 2): 0.7}, {9: [1], 7: [2]}, {}, (7, set(), (9,)), "two stories that are: one"),
    ({(0, 1): 0.99}, {7: [1]}, {1: False}, None, "a person ruled that it does not belong there"),
    ({(0, 1): 0.1, (0, 2): 0.9}, {7: [1], 9: [2]}, {1: True}, (7, set(), ()), "a person ruled that it does"),
]  # fmt: skip


@pytest.mark.parametrize(("scores", "groups", "ruled", "found", "why"), JOININGS, ids=[row[-1] for row in JOININGS])
def test_joining(
    scores: dict[tuple[int, int], float],
    groups: dict[int, list[int]],
    ruled: dict[int, bool],
    found: tuple[int | None, set[int], tuple[int, ...]] | None,
    why: str,
) -> None:
    assert joining(scores, groups, ruled) == found
