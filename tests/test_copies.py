"""Copy: one text under several outlets' URLs, and what only looks like it."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import copies, datelines
from aggregator.model import Clipping, Outlet, Precision

NOW = datetime(2023, 10, 12, 6, 0, tzinfo=UTC)
WIRE, DAILY, EVENING = (Outlet(id=name.lower(), name=name) for name in ("Wire", "Daily", "Evening"))


def clipping(
    number: int,
    title: str,
    summary: str = "",
    outlet: Outlet | None = DAILY,
    language: str = "ko",
    hours: float = 0,
    precision: Precision | None = Precision.MINUTE,
) -> Clipping:
    return Clipping(
        id=number, url=f"https://{outlet.id if outlet else number}.example/{number}", title=title, summary=summary,
        language=language, outlet=outlet, at=NOW + timedelta(hours=hours), precision=precision, first_seen_at=NOW,
    )  # fmt: skip


LONG = "통일부 “중국서 다수의 북한 주민 북송…탈북민 숫자는 미확인”"
LEAD = "통일부는 13일 중국 동북 3성에서 다수의 북한 주민이 북한으로 송환된 것으로 보인다며 유감을 표명했다"

with (Path(__file__).parent / "cases" / "copies.tsv").open(encoding="utf-8", newline="") as file:
    CASES = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.mark.parametrize("case", CASES, ids=[case["why"] for case in CASES])
def test_likeness(case: dict[str, str]) -> None:
    language = "en" if case["one"].isascii() else "ko"
    first = clipping(1, case["one"], case["summary"], language=language)
    second = clipping(2, case["other"], case["other_summary"], outlet=WIRE, language=language)
    assert bool(copies.likeness(first, second)) is (case["same"] == "yes")
    assert copies.likeness(first, second) == copies.likeness(second, first)
    if case["same"] == "yes":
        assert copies.clues(copies.text_of(first)) & copies.clues(copies.text_of(second)), "never compared"


def test_texts_of_two_languages_are_no_copies() -> None:
    assert copies.likeness(clipping(1, LONG), clipping(2, LONG, language="ja", outlet=WIRE)) is None


def nobody(_: Clipping, __: Clipping) -> None:
    return None


def decided(*cluster: Clipping) -> dict[int, int | None]:
    return {copy.article: copy.original for copy in copies.decide(cluster, nobody)}


def test_the_one_published_first_is_the_original_in_whatever_order_they_came() -> None:
    some = [clipping(1, LONG, hours=2), clipping(2, LONG, outlet=WIRE), clipping(3, LONG, outlet=None, hours=3)]
    assert decided(*some) == decided(*some[::-1]) == {2: None, 1: 2, 3: 2}


def test_the_reason_names_the_ground_the_original_and_the_lag() -> None:
    *_, copy = copies.decide([clipping(1, LONG, outlet=WIRE), clipping(2, LONG, hours=1)], nobody)
    assert copy.reason == "same headline as Wire, 60 minutes later"


@pytest.mark.parametrize(
    ("hours", "precision", "lag"),
    [
        (5, Precision.SECOND, "5 hours later"),
        (1, Precision.HOUR, "about 60 minutes later"),
        (5, Precision.DAY, "same day or next"),
        (48, Precision.DAY, "about 2 days later"),
        (5, None, "date unknown"),
    ],
)
def test_the_lag_is_told_no_finer_than_it_is_known(hours: float, precision: Precision | None, lag: str) -> None:
    *_, copy = copies.decide(
        [clipping(1, LONG, outlet=WIRE), clipping(2, LONG, hours=hours, precision=precision)], nobody
    )
    assert copy.reason == f"same headline as Wire, {lag}"


def test_an_outlet_does_not_copy_itself_and_a_week_is_too_long() -> None:
    assert set(decided(clipping(1, LONG), clipping(2, LONG, hours=1)).values()) == {None}
    assert set(decided(clipping(1, LONG), clipping(2, LONG, outlet=WIRE, hours=24 * 7)).values()) == {None}


def test_what_a_portal_shows_is_a_copy_of_the_outlet_s_own_article() -> None:
    shown = Clipping(**{name: getattr(clipping(2, LONG, hours=1), name) for name in Clipping.__slots__}
                     | {"url": "https://news.yahoo.co.jp/articles/2"})  # fmt: skip
    assert decided(clipping(1, LONG), shown) == {1: None, 2: 1}


def test_what_a_person_ruled_stands_above_what_is_found() -> None:
    one, other = clipping(1, LONG), clipping(2, LONG, outlet=WIRE, hours=1)
    assert [copy.original for copy in copies.decide([one, other], lambda *_: False)] == [None, None]
    apart = clipping(3, "전혀 다른 제목의 기사가 여기 있다", outlet=EVENING, hours=2)
    *_, copy = copies.decide([one, apart], lambda *_: True)
    assert (copy.original, copy.reason) == (1, "by hand: the same text as Daily, 2 hours later")


# a text as it is printed, what is left of it, why
DATELINES = [
    ("(서울=연합뉴스) 홍길동 기자 = 통일부는 12일", "통일부는 12일", "Yonhap"),
    ("[서울=뉴시스]홍길동 기자 = 통일부는", "통일부는", "Newsis"),
    ("【北京共同】中国外務省は（共同）", "中国外務省は", "Kyodo, on both sides"),
    ("[ソウル 12日 ロイター] - 韓国政府は", "韓国政府は", "Reuters in Japanese"),
    ("新华社北京10月12日电（记者张三）外交部", "外交部", "Xinhua"),
    ("（中央社記者王小明台北12日電）外交部", "外交部", "CNA of Taiwan"),
    ("SEOUL, Oct. 12 (Reuters) - South Korea said", "South Korea said", "Reuters"),
    ("TOKYO (AP) — Japan said", "Japan said", "AP"),
    ("통일부는 12일 (현지시간) 밝혔다", "통일부는 12일 (현지시간) 밝혔다", "brackets within a text"),
]


@pytest.mark.parametrize(("printed", "left", "why"), DATELINES, ids=[row[-1] for row in DATELINES])
def test_datelines(printed: str, left: str, why: str) -> None:
    assert datelines.without_credits(printed) == left


# --- properties -------------------------------------------------------------------------------------------------------

TITLES = st.text(alphabet="가나다라마바사 12, 북송탈민…“”[]속보", min_size=1, max_size=40)


@given(TITLES, TITLES, st.sampled_from(["", LEAD]), st.sampled_from(["", LEAD[:70]]))
def test_likeness_is_symmetric_and_total(one: str, other: str, summary: str, said: str) -> None:
    first, second = clipping(1, one, summary), clipping(2, other, said, outlet=WIRE)
    assert copies.likeness(first, second) == copies.likeness(second, first)


@given(st.lists(st.tuples(TITLES, st.sampled_from([WIRE, DAILY, EVENING]), st.integers(0, 60)), max_size=8))
def test_copies_point_to_originals_that_are_earlier(some: list[tuple[str, Outlet, int]]) -> None:
    cluster = [clipping(n, title, outlet=outlet, hours=hours) for n, (title, outlet, hours) in enumerate(some, 1)]
    found = decided(*cluster)
    by_id = {one.id: one for one in cluster}
    for copy, original in found.items():
        if original is not None:
            assert found[original] is None
            assert by_id[original].at <= by_id[copy].at
    assert len(found) == len(cluster)
    assert all(one.id < other.id for one, other in pairwise(cluster))
