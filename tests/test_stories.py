"""Stories: what speaks for one event, what speaks against it, and how an article joins."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from aggregator import concepts, evidence, gazetteer, stories
from aggregator.model import Clipping, Outlet, Precision
from aggregator.stories import Likeness

NOW = datetime(2023, 10, 12, 6, 0, tzinfo=UTC)


@cache
def method() -> evidence.ByConcepts:
    lexicon = concepts.Lexicon(gazetteer.built_in(), gazetteer.pairs())
    return evidence.ByConcepts(lexicon, {"repatriation": "Forced repatriation"})


def clipping(
    title: str, language: str, hours: float = 0, topics: tuple[str, ...] = (),
    precision: Precision | None = Precision.MINUTE,
) -> Clipping:  # fmt: skip
    return Clipping(
        id=abs(hash((title, hours))), url=f"https://{language}.example/{hours}", title=title, summary="",
        language=language, outlet=Outlet(id=language, name=language), at=NOW + timedelta(hours=hours),
        precision=precision, first_seen_at=NOW, topics=topics,
    )  # fmt: skip


def likeness(one: Clipping, other: Clipping, common: Mapping[int, int] | None = None) -> Likeness:
    return method().likeness(method().profile(one), method().profile(other), common or {})


with (Path(__file__).parent / "cases" / "stories.tsv").open(encoding="utf-8", newline="") as file:
    CASES = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.mark.parametrize("case", CASES, ids=[case["why"] for case in CASES])
def test_likeness(case: dict[str, str]) -> None:
    first = clipping(case["one"], case["language"])
    second = clipping(case["other"], case["other_language"], float(case["hours"]))
    found = likeness(first, second)
    assert (found.score >= stories.SAME) is (case["same"] == "yes")
    assert found.score == pytest.approx(likeness(second, first).score)
    if case["same"] == "yes":
        assert method().clues(method().profile(first)).keys() & method().clues(method().profile(second)).keys()


def test_the_reason_reads_like_a_line_of_a_card() -> None:
    found = likeness(
        clipping("중국, 탈북민 600여 명 강제 북송", "ko", topics=("repatriation",)),
        clipping("China forcibly repatriates 600 North Korean defectors", "en", 6, topics=("repatriation",)),
    )
    parts = found.reason.split(" · ")
    assert {"600", "defector", "repatriation"} <= set(parts)
    assert parts[-1] == "within a day"


@pytest.mark.parametrize(
    ("hours", "precision", "expected"),
    [
        (0.5, Precision.MINUTE, "within an hour"),
        (47, Precision.MINUTE, "2 days"),
        (0.5, Precision.HOUR, "within a day"),
        (0.5, Precision.DAY, "same day or next"),
        (24, Precision.DAY, "1 day"),
        (0, None, "date unknown"),
    ],
)
def test_how_far_apart_is_told_no_finer_than_it_is_known(
    hours: float, precision: Precision | None, expected: str
) -> None:
    found = evidence.reason((), clipping("", "ko", precision=precision), clipping("", "ja", hours))
    assert found == expected


def test_what_everybody_speaks_of_says_less() -> None:
    one, other = clipping("바이든 대통령, 코로나 확진", "ko"), clipping("バイデン氏が新型コロナに感染", "ja")
    crowd = dict.fromkeys(method().clues(method().profile(one)), 400)
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


def test_stories_stay_apart_for_a_ruling_on_any_of_their_articles_also_one_that_is_not_compared() -> None:
    long, other = list(range(1, 31)), [40, 41]

    def joined(ruled: tuple[int, int] | None) -> tuple[int, ...]:
        found = stories.decide(
            ME,
            {7: long, 9: other},
            lambda *_: Likeness(0.9, "all alike"),
            lambda *pair: False if pair == ruled else None,
        )
        assert found
        return found.merged

    assert joined(None) == (9,)
    assert joined((15, 40)) == ()
