"""What becomes of an article that is given again: whose it is, whose words count, what was revised."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from aggregator import groups
from aggregator.model import Article, Item, Known, Language, Outlet, Precision, Published, RevisionKind, Source

NOW = datetime(2023, 10, 12, 6, 0, tzinfo=UTC)
WIRE = Outlet(id="wire", name="Wire", homepage="https://wire.example")
DAILY = Outlet(id="daily", name="Daily", homepage="https://www.daily.example")
URL = "https://www.daily.example/news/1"


def article(title: str, summary: str = "", outlet: Outlet | None = DAILY, url: str = URL) -> Article:
    return Article(
        item=Item(title=title, summary=summary, link=url),
        url=url,
        outlet=outlet,
        language=Language(tag="ko", basis="hangul", confidence=1.0),
        published=Published(value=NOW, precision=Precision.SECOND, basis="test"),
        published_text="",
        published_basis="",
        date=date(2023, 10, 12),
    )


def known(title: str, *, seen: str | None = "", **changes: object) -> Known:
    held = Known(
        id=1, url=URL, title=title, summary="", outlet=DAILY, published_at=NOW, first_seen_at=NOW,
        seen_title=title if seen == "" else seen, seen_summary="" if seen is not None else None,
    )  # fmt: skip
    return replace(held, **changes)  # type: ignore[arg-type]


# before, after, the kind of the revision or None, why
REVISIONS = [
    ("북송 반대 집회", "북송 반대 집회 열려", RevisionKind.EDIT, "another word"),
    ("북송 반대 집회", "북송  반대\u00a0집회", None, "white space only"),
    ("ＯＫＮ 집회", "OKN 집회", None, "width only"),
    ("난핑", "남평", RevisionKind.EDIT, "one syllable"),
    ("남평 통해 북송", "[정정] 난핑 통해 북송", RevisionKind.CORRECTION, "Korean: 정정"),
    ("南平から送還", "【訂正】南坪から送還", RevisionKind.CORRECTION, "Japanese: 訂正"),
    ("经南平遣返", "更正：经南坪遣返", RevisionKind.CORRECTION, "Chinese: 更正"),
    ("Sent back through Nampyong", "Correction: Sent back through Nanping", RevisionKind.CORRECTION, "English"),
    ("[정정] 난핑", "[정정] 난핑 통해 북송", RevisionKind.EDIT, "it had said so before"),
]


@pytest.mark.parametrize(("before", "after", "kind", "why"), REVISIONS, ids=[row[-1] for row in REVISIONS])
def test_revisions(before: str, after: str, kind: RevisionKind | None, why: str) -> None:
    revisions = groups.decide(article(after), (), known(before)).revisions
    assert [(one.before, one.after, one.kind) for one in revisions] == ([(before, after, kind)] if kind else [])


def test_what_another_source_calls_the_article_is_no_revision() -> None:
    assert groups.decide(article("[속보] 북송"), (), known("북송", seen=None)).revisions == ()


# whose it is, who gives it now, whose it becomes, why
OWNERS = [
    (None, DAILY, DAILY, "nobody's: the one that comes"),
    (DAILY, WIRE, DAILY, "the outlet at home on the host keeps it"),
    (WIRE, DAILY, DAILY, "the outlet at home on the host gets it"),
    (WIRE, Outlet(id="other", name="Other"), WIRE, "nobody is at home: the first has it"),
    (DAILY, None, DAILY, "a portal never has it"),
]


@pytest.mark.parametrize(("before", "now", "after", "why"), OWNERS, ids=[row[-1] for row in OWNERS])
def test_whose_article_it_is(before: Outlet | None, now: Outlet | None, after: Outlet | None, why: str) -> None:
    assert groups.decide(article("t", outlet=now), (), known("t", outlet=before)).outlet == after


KOREAN, AMERICAN = (
    replace(DAILY, id=name, country=country, homepage=home)
    for name, country, home in (("kr", "KR", DAILY.homepage), ("us", "US", "https://us.example"))
)
LATE = datetime(2023, 10, 12, 16, 30, tzinfo=UTC)  # in Seoul it is the next day

# whose it was, who gives it now, how fine the date is that is held, the day it gets, why
DAYS = [
    (None, KOREAN, Precision.SECOND, date(2023, 10, 13), "nobody's before: its day was counted in UTC"),
    (AMERICAN, KOREAN, Precision.MINUTE, date(2023, 10, 13), "an American's before"),
    (KOREAN, KOREAN, Precision.SECOND, None, "it was counted there"),
    (KOREAN, None, Precision.SECOND, None, "it stays the Korean's, with the day that it has"),
    (None, KOREAN, Precision.DAY, None, "a day that was printed is that day"),
    (None, replace(DAILY, country=None), Precision.SECOND, None, "nobody knows the clock of the owner"),
]


@pytest.mark.parametrize(("before", "now", "precision", "day", "why"), DAYS, ids=[row[-1] for row in DAYS])
def test_the_day_is_counted_where_the_owner_is(
    before: Outlet | None, now: Outlet | None, precision: Precision, day: date | None, why: str
) -> None:
    held = known("t", outlet=before, published_at=LATE, precision=precision)
    given = replace(article("t", outlet=now), published=Published(value=LATE, precision=Precision.DAY, basis="test"))
    assert groups.decide(given, (), held).day == day


def test_a_better_date_of_another_source_is_counted_where_the_owner_is_too() -> None:
    held = known("t", outlet=KOREAN, published_at=LATE, precision=Precision.DAY, seen=None)
    given = replace(
        article("t", outlet=None), published=Published(value=LATE, precision=Precision.SECOND, basis="test")
    )
    decided = groups.decide(given, (), held)
    assert (decided.dated, decided.day) == (True, date(2023, 10, 13))


LONG = "통일부 “중국서 다수의 북한 주민 북송…탈북민 숫자는 미확인”"

# one headline, another, whether they share a key, why
KEYS = [
    (LONG, f"[속보] {LONG}", True, "a tag in front"),
    (LONG, f"{LONG} | 가상일보", True, "an outlet behind"),
    (LONG, f"(종합2보) {LONG}", True, "a wire's version mark"),
    (LONG, LONG.replace("“", "'").replace("”", "'").replace("…", ", "), True, "punctuation"),
    ("中国が脱北者600人を一斉に強制送還", "中国が脱北者６００人を一斉に強制送還", True, "full-width digits"),
    ("中国が脱北者600人を一斉に強制送還", "中国が脱北者500人を一斉に強制送還", False, "another number"),
    ("코스피 0.5% 상승 마감, 2600선 회복", "코스피 0.7% 상승 마감, 2600선 회복", False, "a daily template"),
]


@pytest.mark.parametrize(("one", "other", "same", "why"), KEYS, ids=[row[-1] for row in KEYS])
def test_headline_keys(one: str, other: str, same: bool, why: str) -> None:
    assert (groups.headline_key(one) == groups.headline_key(other)) is same
    assert groups.headline_key(one)


def test_a_short_headline_proves_nothing() -> None:
    assert groups.headline_key("오늘의 운세") == ""


# --- whose words, which date ------------------------------------------------------------------------------------------

FEED, PAGE, PORTAL = (
    Source(id="feed", url="https://daily.example/rss", outlet="daily"),
    Source(id="page", url="https://daily.example/", outlet="daily", kind="page"),
    Source(id="aaa", url="https://news.naver.com/", outlet="portal"),
)

# who gives it now, who gave it before, whether its words become those of the article, why
SPEAKERS = [
    (FEED, [PAGE], True, "a feed before a page"),
    (PAGE, [FEED], False, "a page not before a feed"),
    (FEED, [PORTAL], True, "the outlet's own source before another's"),
    (PORTAL, [FEED], False, "another's source not before the outlet's own"),
    (FEED, [FEED], False, "one that was there already"),
]


@pytest.mark.parametrize(("now", "before", "speaks", "why"), SPEAKERS, ids=[row[-1] for row in SPEAKERS])
def test_whose_words_count(now: Source, before: list[Source], speaks: bool, why: str) -> None:
    assert groups.decide(article("이 제목"), (), known("저 제목", seen=None), now, before).speaks is speaks


def test_what_was_revised_is_newer_than_what_one_more_source_says() -> None:
    held = known("새 제목", seen=None, former=frozenset({("title", "옛 제목")}))
    assert not groups.decide(article("옛 제목"), (), held, FEED, [PAGE]).speaks


# the precision and the hour of the date that is held, whether the new one (a second, 6:00) takes its place, why
DATES = [
    (Precision.DAY, 0, True, "a time instead of a day"),
    (Precision.SECOND, 7, True, "the earlier of two times"),
    (Precision.SECOND, 5, False, "not the later of two"),
]


@pytest.mark.parametrize(("precision", "hour", "dated", "why"), DATES, ids=[row[-1] for row in DATES])
def test_which_date_counts(precision: Precision, hour: int, dated: bool, why: str) -> None:
    held = known("t", seen=None, published_at=NOW.replace(hour=hour), precision=precision)
    assert groups.decide(article("t"), (), held, FEED, [PAGE]).dated is dated


# what the source says, what it said last, what the article was called before, whether the body is newer, news?, why
SAID = [
    ("새 제목", "새 제목", (), False, False, "the same again"),
    ("새 제목", "제목", (), False, True, "an edit"),
    ("옛 제목", "새 제목", ("옛 제목",), False, False, "an old headline in a body that is not newer: a flap"),
    ("옛 제목", "새 제목", ("옛 제목",), True, True, "an old headline in a newer body: it was changed back"),
]


@pytest.mark.parametrize(("says", "said", "former", "newer", "news", "why"), SAID, ids=[row[-1] for row in SAID])
def test_a_feed_that_flaps_back_says_nothing_new(
    says: str, said: str, former: tuple[str, ...], newer: bool, news: bool, why: str
) -> None:
    held = known(said, former=frozenset(("title", one) for one in former))
    assert groups.says_nothing_new(Item(title=says), held, newer=newer) is not news
