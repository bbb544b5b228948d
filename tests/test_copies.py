"""Copy: one text under several outlets' URLs, and what only looks like it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import copies, datelines
from aggregator.model import Clipping, Outlet

NOW = datetime(2023, 10, 12, 6, 0, tzinfo=UTC)
WIRE, DAILY, EVENING = (Outlet(id=name.lower(), name=name) for name in ("Wire", "Daily", "Evening"))


def clipping(
    number: int, title: str, summary: str = "", outlet: Outlet | None = DAILY, language: str = "ko", hours: float = 0
) -> Clipping:
    return Clipping(
        id=number, url=f"https://{outlet.id if outlet else number}.example/{number}", title=title, summary=summary,
        language=language, outlet=outlet, at=NOW + timedelta(hours=hours), first_seen_at=NOW,
    )  # fmt: skip


LONG = "통일부 “중국서 다수의 북한 주민 북송…탈북민 숫자는 미확인”"
LEAD = "통일부는 13일 중국 동북 3성에서 다수의 북한 주민이 북한으로 송환된 것으로 보인다며 유감을 표명했다"
LEAD_JA = "中国外務省の報道官は12日の記者会見で、脱北者と呼ばれる人々は国内にいないと述べ、送還の報道を否定した"

# one headline and summary, another, whether they are one text, why
CASES: list[tuple[tuple[str, str], tuple[str, str], bool, str]] = [
    ((LONG, ""), (f"[속보] {LONG}", ""), True, "a tag in front"),
    ((LONG, ""), (f"{LONG}(종합2보)", ""), True, "a wire's version mark behind"),
    ((LONG, ""), (f"{LONG} | 가상일보", ""), True, "an outlet behind"),
    ((LONG, ""), (LONG.replace("“", "'").replace("”", "'").replace("…", ", "), ""), True, "punctuation"),
    (("尹대통령 “깊은 유감” 표명…탈북민 북송 규탄", ""), ("윤 대통령 '깊은 유감' 표명, 탈북민 북송 규탄", ""), True, "尹 for 윤"),
    (("中国が脱北者600人を一斉に強制送還", ""), ("中国が脱北者６００人を一斉に強制送還", ""), True, "full-width digits"),
    (("中國強制遣返六百名脫北者 韓方表遺憾", ""), ("中国强制遣返六百名脱北者 韩方表遗憾", ""), True, "both scripts of Chinese"),
    (("신규확진 7102명, 이틀째 7천명대", LEAD), ("코로나 신규확진 7102명, 이틀째 7000명대", LEAD), True, "7천 and 7000"),
    ((LONG, f"(서울=연합뉴스) 홍길동 기자 = {LEAD}."), ("정부 “탈북민 북송 유감”", LEAD[:60]), True, "rewritten, with the lead"),
    (("「脱北者」は国内にいない", f"【北京共同】{LEAD_JA}。（共同）"), ("中国、送還を否定", LEAD_JA), True, "Japanese credits"),
    (("Seoul voices regret over refugees", "SEOUL (AP) — South Korea voiced regret on Friday over the return of refugees"),
     ("South Korea ‘regrets’ return", "South Korea voiced regret on Friday over the return of refugees."), True, "English"),
    (("코스피 0.5% 상승 마감, 2600선 회복", ""), ("코스피 0.7% 상승 마감, 2600선 회복", ""), False, "another number"),
    (("서울 내일 아침 최저 5도…낮에는 포근", ""), ("부산 내일 아침 최저 5도…낮에는 포근", ""), False, "another city"),
    (("주중 대사에 김하늘 전 차관 임명", ""), ("주중 대사에 이바다 전 차관 임명", ""), False, "another person"),
    (("日経平均終値、３日続伸し３万２千円台", ""), ("日経平均終値、３日続落し３万２千円台", ""), False, "up and down"),
    (("오늘의 운세", ""), ("오늘의 운세", ""), False, "too short to prove anything"),
    ((LONG, LEAD), (LONG.replace("통일부", "정부"), "미국 국무부는 이 사안을 주시하고 있으며 우려를 표명한다고 밝혔다고 한다"), False,
     "nearly the headline, another text"),
    (("삼성전자 3분기 영업이익 9조1000억원", "삼성전자는 3분기 영업이익이 9조1000억원으로 작년 같은 기간보다 늘었다고 8일 공시했다"),
     ("LG전자 3분기 영업이익 7511억원", "LG전자는 3분기 영업이익이 7511억원으로 작년 같은 기간보다 줄었다고 8일 공시했다"), False,
     "a template for two companies"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other", "same", "why"), CASES, ids=[row[-1] for row in CASES])
def test_likeness(one: tuple[str, str], other: tuple[str, str], same: bool, why: str) -> None:
    language = "en" if one[0].isascii() else "ko"
    first, second = clipping(1, *one, language=language), clipping(2, *other, outlet=WIRE, language=language)
    assert bool(copies.likeness(first, second)) is same
    assert copies.likeness(first, second) == copies.likeness(second, first)
    if same:
        assert copies.clues(*one) & copies.clues(*other), "they must find one another"


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
