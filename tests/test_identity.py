"""One article, one row: whatever leads to it, in any order, any number of times."""

from __future__ import annotations

import itertools
import random
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator import identity, pipeline
from aggregator.intake import Intake
from aggregator.knowledge import Knowledge
from aggregator.language import detect
from aggregator.model import (
    Config,
    Copy,
    Debt,
    Document,
    Fetched,
    Item,
    Link,
    Outlet,
    Page,
    Poll,
    Precision,
    Reading,
    Reference,
    Relation,
    Source,
    SourceState,
    Status,
    Topic,
)
from aggregator.store import Store

NOW = datetime(2023, 10, 12, 6, 0, tzinfo=UTC)
OUTLETS = {
    one.id: one
    for one in (
        Outlet(id="khan", name="경향신문", country="KR", homepage="https://www.khan.co.kr"),
        Outlet(id="yonhap", name="연합뉴스", country="KR", homepage="https://www.yna.co.kr"),
        Outlet(id="guardian", name="The Guardian", country="GB", homepage="https://www.theguardian.com"),
        Outlet(id="daily", name="데일리", country="KR", homepage="https://daily.example"),
        Outlet(id="portal", name="네이버", country="KR", homepage="https://news.naver.com"),
    )
}
SOURCES = {
    name: Source(id=name, url=f"https://{name}.example/feed", kind=kind,
                 outlet=name.partition("-")[0] if "-" in name else None)
    for name, kind in {
        "khan-all": "feed", "khan-world": "feed", "yonhap-all": "feed", "yonhap-sitemap": "sitemap",
        "guardian-all": "feed", "daily-all": "feed", "daily-front": "feed", "daily-page": "page", "portal-news": "feed",
        "nobody": "feed",
    }.items()
}  # fmt: skip

HEADLINES = (
    "통일부 “중국서 다수의 북한 주민 북송…탈북민 숫자는 미확인”",
    "중국, 탈북민 600여 명 강제 북송…정부 “깊은 유감”",
    "한국은행, 기준금리 3.50%로 동결…6회 연속",
    "中国が脱北者600人を一斉に強制送還か　人権団体が発表",
    "日銀総裁「賃金と物価の好循環を見極める」　会見で強調",
    "韩国统一部：无法确认被遣返脱北者的准确人数",
    "Seoul voices regret over the return of refugees to North Korea",
)


class Said(NamedTuple):
    """What a source says of one article: {} stands for the number of the headline, `minutes` after its publication."""

    source: str
    url: str
    minutes: float = 0
    guid: str = ""
    title: str = "{title}"
    outlet_text: str = ""
    dated: bool = True


# what is said, how many articles that is, why
CASES: list[tuple[Sequence[Said], int, str]] = [
    ([Said("khan-all", "https://www.khan.co.kr/politics/assembly/article/20231012{:04}001"),
      Said("khan-world", "https://www.khan.co.kr/world/asia/article/20231012{:04}001")],
     1, "one article under the paths of two sections"),
    ([Said("yonhap-all", "https://www.yna.co.kr/view/AKR20231012{:06}001?section=politics/all&site=rss"),
      Said("yonhap-all", "https://m.yna.co.kr/view/AKR20231012{:06}001"),
      Said("yonhap-sitemap", "https://www.yna.co.kr/amp/view/AKR20231012{:06}001", 4)],
     1, "mobile, AMP and tracking, and a sitemap that is minutes late"),
    ([Said("guardian-all", "https://www.theguardian.com/world/2023/oct/12/refugees-{}"),
      Said("guardian-all", "https://amp.theguardian.com/world/2023/oct/12/refugees-{}#comments")],
     1, "an AMP host and a fragment"),
    ([Said("daily-all", "https://daily.example/news/{}-old-slug-of-the-article", guid="tag:daily,2023:{}"),
      Said("daily-all", "https://daily.example/news/{}-new-slug-of-the-article", guid="tag:daily,2023:{}")],
     1, "another slug under the same guid"),
    ([Said("daily-all", "https://daily.example/a/{}", guid="g-{}"),
      Said("daily-all", "https://daily.example/b/{}", guid="g-{}", title="[수정] {title}")],
     1, "another headline and address, the same guid and time"),
    ([Said("daily-all", "https://daily.example/s1/{}", guid="h-{}", dated=False),
      Said("daily-all", "https://daily.example/s2/{}", guid="h-{}", dated=False)],
     1, "no date, the same guid and headline"),
    ([Said("daily-all", "https://daily.example/economy/articleView.html?idxno=7654{:03}"),
      Said("daily-front", "https://daily.example/top/articleView.html?idxno=7654{:03}", 300)],
     1, "the article number and the headline, hours later"),
    ([Said("daily-all", "https://daily.example/view/{}"),
      Said("portal-news", "https://n.news.naver.com/article/001/00142{:05}", 3, outlet_text="데일리")],
     1, "a portal shows it minutes later under its outlet's name"),
    ([Said("daily-all", "https://daily.example/p/{}"), Said("daily-page", "https://daily.example/p/{}", dated=False),
      Said("daily-front", "http://daily.example:80/p/{}?utm_source=x", 1)],
     1, "one address: a feed, a page without dates, and a tracked link"),
    ([Said("daily-all", "https://daily.example/x/{}", title="[속보] {title}"),
      Said("daily-all", "https://daily.example/y/{}", 2)],
     2, "a flash, and the article that follows it"),
    ([Said("daily-all", "https://daily.example/d/{}"), Said("daily-all", "https://daily.example/e/{}", 24 * 60)],
     2, "the same headline a day later"),
    ([Said("daily-all", "https://daily.example/h/{}"), Said("daily-all", "https://daily.example/i/{}", 45)],
     2, "the same headline three quarters of an hour later, under another address"),
    ([Said("daily-all", "https://daily.example/ph/{}", title="[포토] {title}"),
      Said("daily-all", "https://daily.example/pi/{}", title="[포토] {title}")],
     2, "two pictures with one caption"),
    ([Said("daily-all", "https://daily.example/w/{}"), Said("khan-all", "https://www.khan.co.kr/w/{}")],
     2, "two outlets print one headline at one time: a copy, not the same article"),
    ([Said("daily-all", "https://daily.example/n/1{}", title="오늘의 운세"),
      Said("daily-all", "https://daily.example/n/2{}", title="오늘의 운세")],
     2, "a headline too short to prove anything"),
    ([Said("daily-all", "https://daily.example/q/{}", guid="item-1", title="가 {title}"),
      Said("daily-front", "https://daily.example/r/{}", 60, guid="item-1", title="나 {title}")],
     2, "a guid that counts places in the feed"),
]  # fmt: skip


class Given(NamedTuple):
    """An item that a source gives, and the article that it is."""

    source: str
    item: Item
    truth: str


def said(case: int, headline: int) -> list[Given]:
    """What is said in a case of CASES, of one headline."""
    given, number, same = [], case * 50 + headline, CASES[case][1] == 1
    for place, one in enumerate(CASES[case][0]):
        at = NOW + timedelta(days=-3 * headline, minutes=one.minutes - 157 * case)  # apart from all others
        item = Item(
            title=one.title.format(title=HEADLINES[headline]),
            link=one.url.format(number),
            guid=one.guid.format(number) or None,
            summary="",
            outlet_text=one.outlet_text or None,
            dates=(("pubDate", format_datetime(at)),) if one.dated else (),
        )
        given.append(Given(one.source, item, f"{case}/{headline}" + ("" if same else f"/{place}")))
    return given


EVERYTHING = [one for case in range(len(CASES)) for headline in range(len(HEADLINES)) for one in said(case, headline)]


class Desk:
    """A database, and sources that give items to it."""

    def __init__(self, path: Path, *topics: Topic) -> None:
        self.store = Store(path)
        config = Config(sources=SOURCES, outlets=OUTLETS, topics={one.id: one for one in topics})
        with self.store.transaction():
            self.store.configure(config)
        self.intake = Intake(Knowledge(config), self.store, self.store.begin_run(NOW, "test"))

    def give(self, source: str, *items: Item, body_at: datetime | None = None) -> None:
        fetched = Fetched(status=Status.OK, document=Document(url=SOURCES[source].url, body=b""))
        state = SourceState(source=source, url=SOURCES[source].url, body_at=body_at)
        self.intake = Intake(self.intake.knowledge, self.store, self.store.begin_run(NOW, "test"))
        outcome = self.intake.take(
            Poll(source=SOURCES[source], state=state, started_at=NOW, fetched=fetched, status=Status.OK,
                 reading=Reading(items=items)),
            NOW, 0.5,
        )  # fmt: skip
        assert outcome.status is Status.OK, outcome.note

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(self.store.path) as connection:
            found = connection.execute(sql).fetchall()
        connection.close()
        return found

    def articles(self) -> list[tuple[Any, ...]]:
        """All that is known of articles but their numbers and when they came."""
        return sorted(self.rows(
            "SELECT url, title, outlet, language, date, published_at, published_precision, summary,"
            " (SELECT count(*) FROM sightings WHERE article = articles.id),"
            " (SELECT group_concat(url, ' ') FROM (SELECT url FROM addresses WHERE article = articles.id ORDER BY url))"
            " FROM articles"
        ))  # fmt: skip


@pytest.mark.parametrize("case", range(len(CASES)), ids=[case[-1] for case in CASES])
def test_what_is_one_article(case: int, tmp_path: Path) -> None:
    desk = Desk(tmp_path / "m.db")
    for one in said(case, 0):
        desk.give(one.source, one.item)
    assert len(desk.articles()) == CASES[case][1]
    assert all(reason for (reason,) in desk.rows("SELECT reason FROM addresses"))


def test_precision_and_recall_over_all_of_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "m.db")
    for one in EVERYTHING:
        desk.give(one.source, one.item)
    where = dict(desk.rows("SELECT url, id FROM articles UNION ALL SELECT url, article FROM addresses"))
    from aggregator.urls import canonical

    found = [where[canonical(one.item.link or "")] for one in EVERYTHING]
    pairs = [
        (EVERYTHING[i].truth == EVERYTHING[j].truth, found[i] == found[j])
        for i in range(len(found)) for j in range(i)
    ]  # fmt: skip
    assert {pair for pair in pairs if pair[0] != pair[1]} == set()
    assert len(set(found)) == len({one.truth for one in EVERYTHING})


def test_the_order_and_the_number_of_times_do_not_matter(tmp_path: Path) -> None:
    results = []
    for seed in range(4):
        desk = Desk(tmp_path / f"{seed}.db")
        dice = random.Random(seed)
        given = [one for one in EVERYTHING if "[수정]" not in one.item.title]  # of an edit, the order is the meaning
        if seed:
            dice.shuffle(given)
            given += dice.sample(given, len(given) // 2)
        while given:
            source = given[0].source
            some = [one for one in given[: 1 + dice.randrange(300)] if one.source == source]
            desk.give(source, *(one.item for one in some))
            given = [one for one in given if one not in some]
        results.append(desk.articles())
    for result in results[1:]:
        assert set(result) ^ set(results[0]) == set()


def test_rows_that_turn_out_to_be_one_become_one_and_lose_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "m.db")
    title, at = HEADLINES[0], (("pubDate", format_datetime(NOW)),)
    desk.give("daily-all", Item(title=title, link="https://daily.example/1", guid="a", dates=at))
    desk.give("daily-front", Item(title=f"다른 제목: {title}", link="https://daily.example/2", guid="b", dates=at))
    assert len(desk.articles()) == 2
    desk.give("daily-front", Item(title=title, link="https://daily.example/2", guid="b", dates=at))
    assert desk.rows("SELECT id, url FROM articles") == [(1, "https://daily.example/1")]
    assert desk.rows("SELECT url, reason FROM addresses") == [
        ("https://daily.example/2", "same headline at the same time")
    ]
    assert desk.rows("SELECT article, source FROM sightings ORDER BY source") == [(1, "daily-all"), (1, "daily-front")]
    assert desk.rows("SELECT article, before FROM revisions") == [(1, f"다른 제목: {title}")]
    assert len(desk.store.search("다른", 9)) == 0
    assert len(desk.store.search("통일부", 9)) == 1
    assert desk.rows("PRAGMA foreign_key_check") == []


def test_what_people_ruled_and_the_stories_hold_when_rows_become_one(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "m.db")
    title, at = HEADLINES[0], (("pubDate", format_datetime(NOW)),)
    for source, number, words in (
        ("daily-all", 1, title),
        ("khan-all", 2, HEADLINES[1]),
        ("daily-front", 3, "딴 제목"),
    ):
        home = "https://www.khan.co.kr" if source == "khan-all" else "https://daily.example"
        desk.give(source, Item(title=words, link=f"{home}/{number}", guid=f"g{number}", dates=at))
    pair = ("https://daily.example/3", "https://www.khan.co.kr/2")
    with desk.store.transaction():
        desk.store.save_story(desk.store.begin_story((2, 3)), {2: "by the test", 3: "by the test"})
        for relation in (Relation.COPY, Relation.STORY, Relation.ARTICLE):
            desk.store.rule(relation, [pair], same=False, now=NOW)
    desk.give("daily-front", Item(title=title, link="https://daily.example/3", guid="g3", dates=at))
    assert desk.rows("SELECT id, story FROM articles ORDER BY id") == [(1, None), (2, None)]  # of two, one is left
    assert desk.rows("SELECT * FROM stories") == []
    assert desk.rows("SELECT relation, one, other FROM rulings ORDER BY relation") == [
        ("article", *pair), ("copy", "https://daily.example/1", pair[1]), ("story", "https://daily.example/1", pair[1]),
    ]  # fmt: skip


def test_what_people_ruled_holds_under_another_address(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "m.db")
    first, second = said(0, 0)
    desk.give(second.source, replace(first.item, link=f"{first.item.link}?from=very-long"))
    ((own,),), elsewhere = desk.rows("SELECT url FROM articles"), "https://www.yna.co.kr/x"
    with desk.store.transaction():
        desk.store.rule(Relation.STORY, [(own, elsewhere)], same=False, now=NOW)
    desk.give(first.source, first.item)
    ((now,),) = desk.rows("SELECT url FROM articles")
    assert now != own
    assert desk.store.rulings(Relation.STORY, [now]) == {(now, elsewhere): False}


def test_a_citation_finds_an_article_by_the_headline_that_it_has(tmp_path: Path) -> None:
    """Whatever a second source calls it: its words are not those of the article."""
    desk = Desk(tmp_path / "m.db")
    desk.give("daily-all", Item(title=HEADLINES[0], link="https://daily.example/1", guid="a"))
    before = desk.rows("SELECT key FROM headlines")
    desk.give("daily-page", Item(title="북송", link="https://daily.example/1"))
    assert desk.rows("SELECT title FROM articles") == [(HEADLINES[0],)]
    assert desk.rows("SELECT key FROM headlines") == before != [("",)]


def test_a_citation_finds_an_article_by_any_of_its_addresses(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "m.db")
    for one in said(0, 0):
        desk.give(one.source, one.item)
    cited = Reference(date=NOW.date(), outlet=None, headline=HEADLINES[0], url="", language=detect(HEADLINES[0]))
    given = [(replace(cited, url=url), None) for url in desk.store.addresses(1)]
    with desk.store.transaction():
        desk.store.save_references(None, "file:list", given, NOW)
    pipeline.cite(desk.store)
    assert [one["reason"] for one in desk.store.cited("file:list")] == ["the list gives its URL"] * 2


def test_the_day_is_that_of_its_outlet_whichever_source_is_first(tmp_path: Path) -> None:
    late = (("pubDate", "Thu, 12 Oct 2023 16:30:00 +0000"),)
    item = Item(title=HEADLINES[0], link="https://daily.example/1", dates=late)
    for number, order in enumerate((("nobody", "daily-all"), ("daily-all", "nobody"), ("nobody",))):
        desk = Desk(tmp_path / f"{number}.db")
        for source in order:
            desk.give(source, item)
        ((day, outlet, basis),) = desk.rows("SELECT date, outlet, published_basis FROM articles")
        assert (day, outlet, "UTC" in basis) == ("2023-10-13", "daily", False)


def test_an_article_that_becomes_another_outlet_s_is_compared_anew(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "m.db")
    desk.give("portal-news", Item(title=HEADLINES[0], link="https://www.khan.co.kr/1"))
    desk.give("nobody", Item(title=HEADLINES[0], link="https://elsewhere.example/1"))
    desk.give("yonhap-all", Item(title=HEADLINES[1], link="https://elsewhere.example/2"))
    with desk.store.transaction():
        desk.store.save_story(desk.store.begin_story((1, 2)), {1: "by the test", 2: "by the test"})
        desk.store.grouped([1, 2, 3])
    desk.give("daily-all", Item(title=HEADLINES[0], link="https://elsewhere.example/1"))
    assert desk.rows("SELECT outlet FROM articles WHERE id = 2") == [("daily",)]
    assert list(desk.store.ungrouped()) == [2]


def test_what_is_two_articles_again_mentions_what_the_one_did(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "m.db", Topic(id="north", name="North", terms={"ko": ("북송",)}))
    one, other = said(0, 0)
    desk.give(one.source, one.item)
    desk.give(other.source, other.item)
    ((url, _),) = [pair for pair in desk.store.addresses(1).items() if pair[1]]
    with desk.store.transaction():
        number = desk.store.divide(1, url, NOW)
    told = desk.rows("SELECT article, topic, matched, excerpt FROM mentions ORDER BY article")
    assert [row[0] for row in told] == [1, number]
    assert told[0][1:] == told[1][1:]
    assert desk.rows("SELECT DISTINCT topics FROM articles") == [('["north"]',)]
    assert len(set(desk.rows("SELECT key FROM headlines"))) == 1


def test_a_person_may_say_that_two_addresses_are_two_articles(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "m.db")
    one, other = said(0, 0)
    desk.give(one.source, one.item)
    desk.give(other.source, other.item)
    ((url, _),) = [pair for pair in desk.store.addresses(1).items() if pair[1]]
    own = next(address for address, reason in desk.store.addresses(1).items() if not reason)
    with desk.store.transaction():
        desk.store.rule(Relation.ARTICLE, [(own, url)], same=False, now=NOW)
        number = desk.store.divide(1, url, NOW)
    for _ in range(2):
        desk.give(one.source, one.item)
        desk.give(other.source, other.item)
        assert desk.rows("SELECT id FROM articles ORDER BY id") == [(1,), (number,)]


AT = (("pubDate", format_datetime(NOW)),)
NORTH = Topic(id="north", name="North", terms={"ko": ("북송",)}, pages=("https://me.example/page",))


@pytest.mark.parametrize("same", [0, 1], ids=["the longer address is known", "the shorter address is known"])
def test_an_edit_by_which_two_items_of_a_feed_become_one_article(same: int, tmp_path: Path) -> None:
    desk = Desk(tmp_path / "m.db")
    links = ["https://daily.example/section/politics/1", "https://daily.example/2"]
    before = [HEADLINES[0], HEADLINES[1]] if same == 0 else [HEADLINES[1], HEADLINES[0]]
    for titles in (before, [HEADLINES[0], HEADLINES[0]], [HEADLINES[0], HEADLINES[0]]):
        desk.give("daily-all", *(Item(title=title, link=link, guid=link, dates=AT)
                                 for title, link in zip(titles, links, strict=True)))  # fmt: skip
    assert desk.rows("SELECT title, url FROM articles") == [(HEADLINES[0], links[1])]
    assert desk.rows("SELECT url FROM addresses") == [(links[0],)]
    assert desk.rows("SELECT field, before, after FROM revisions") == [("title", HEADLINES[1], HEADLINES[0])]
    assert desk.rows("PRAGMA foreign_key_check") == []


def test_two_items_of_a_body_that_a_person_ruled_apart_stay_apart(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "m.db")
    one, other = said(0, 0)
    both = [replace(one.item, guid="1"), replace(other.item, guid="2")]
    desk.give("khan-all", *both)
    (url,) = [url for url, reason in desk.store.addresses(1).items() if reason]
    own = next(url for url, reason in desk.store.addresses(1).items() if not reason)
    with desk.store.transaction():
        desk.store.rule(Relation.ARTICLE, [(own, url)], same=False, now=NOW)
        desk.store.divide(1, url, NOW)
    desk.give("khan-all", *(replace(item, summary=f"요약 {number}") for number, item in enumerate(both)))
    assert desk.rows("SELECT id FROM articles ORDER BY id") == [(1,), (2,)]
    debt = Debt(article=1, url=own, source="khan-all")
    page = Page(debt=debt, status=Status.OK, url=own, item=Item(title=HEADLINES[0], link=url))
    desk.intake.take_page(page, NOW)
    assert sorted(desk.rows("SELECT url FROM articles")) == sorted([(own,), (url,)])


def test_an_article_mentions_what_its_own_words_say_whoever_else_gives_it(tmp_path: Path) -> None:
    whole = Item(title=HEADLINES[0], link="https://daily.example/1", links=(Link(url=NORTH.pages[0], text="x"),))
    short = Item(title="정부, 확인 못해", link="https://daily.example/1")
    for order in ((("daily-all", whole), ("daily-page", short)), (("daily-page", short), ("daily-all", whole))):
        desk = Desk(tmp_path / f"{order[0][0]}.db", NORTH)
        for source, item in order:
            desk.give(source, item)
        assert desk.rows("SELECT title, topics FROM articles") == [(HEADLINES[0], '["north"]')]
        ((start, end, matched),) = desk.rows('SELECT start, "end", matched FROM mentions WHERE retired_at IS NULL')
        assert HEADLINES[0][start:end] == matched


def test_a_headline_that_comes_later_takes_the_place_of_what_stood_in_for_it(tmp_path: Path) -> None:
    bare, named = (Item(title=title, link="https://daily.example/1") for title in ("", HEADLINES[0]))
    for number, order in enumerate(
        [[("daily-all", bare), ("daily-all", named)], [("daily-all", bare), ("daily-front", named)],
         [("daily-front", named), ("daily-all", bare)]]
    ):  # fmt: skip
        desk = Desk(tmp_path / f"{number}.db", NORTH)
        for source, item in order:
            desk.give(source, item)
        assert desk.rows("SELECT title, language, topics FROM articles") == [(HEADLINES[0], "ko", '["north"]')]
        assert desk.rows("SELECT * FROM revisions") == []


# what a source adds to what it said, what is then known, why
ADDED: list[tuple[dict[str, Any], str, Any, str]] = [
    ({"dates": AT}, "SELECT date FROM articles", "2023-10-12", "a date"),
    ({"author": "홍길동"}, "SELECT author FROM articles", "홍길동", "an author"),
    ({"links": (Link(url="https://me.example/page?utm_source=x", text="x"),)},
     "SELECT topic FROM mentions", "north", "a link to a page of ours"),
]  # fmt: skip


@pytest.mark.parametrize(("more", "sql", "found", "why"), ADDED, ids=[row[-1] for row in ADDED])
def test_what_a_source_adds_later_is_taken_over(
    more: dict[str, Any], sql: str, found: str, why: str, tmp_path: Path
) -> None:
    desk = Desk(tmp_path / "m.db", NORTH)
    item = Item(title=HEADLINES[4], link="https://daily.example/1")
    desk.give("daily-all", item)
    desk.give("daily-all", replace(item, **more))
    assert desk.rows(sql) == [(found,)]
    assert desk.rows("SELECT * FROM revisions") == []


def test_a_date_that_cannot_be_read_is_not_looked_at_again_and_again(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "m.db")
    item = Item(title=HEADLINES[4], link="https://daily.example/1", dates=(("pubDate", "요즘"),))
    for _ in range(3):
        desk.give("daily-all", item)
    with desk.store.transaction():
        desk.store.grouped([1])
    desk.give("daily-all", item)
    assert not desk.store.anything_ungrouped()


def test_a_link_that_the_only_source_took_out_does_not_come_back(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "m.db", NORTH)
    item = Item(
        title=HEADLINES[4], summary="하나", link="https://daily.example/1", links=(Link(url=NORTH.pages[0], text="x"),)
    )
    desk.give("daily-all", item)
    desk.give("daily-all", replace(item, summary="둘", links=()))
    assert desk.rows("SELECT topics FROM articles") == [("[]",)]
    pipeline.rematch(Config(sources=SOURCES, outlets=OUTLETS, topics={"north": NORTH}), desk.store, NOW)
    assert desk.rows("SELECT topics FROM articles") == [("[]",)]


def test_a_change_of_width_in_what_another_source_says_changes_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "m.db")
    desk.give("daily-all", Item(title=HEADLINES[0], summary="자사 요약", link="https://daily.example/1"))
    for title in ("다른 제목 (1)", "다른 제목 （1）"):
        desk.give("nobody", Item(title=title, summary="다른 요약", link="https://daily.example/1"))
    assert desk.rows("SELECT title, summary FROM articles") == [(HEADLINES[0], "자사 요약")]
    assert desk.rows("SELECT * FROM revisions") == []


def test_a_summary_that_comes_and_goes_is_one_edit(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "m.db")
    for summary in ("하나", "둘", "하나", "둘", "하나"):
        desk.give("daily-all", Item(title=HEADLINES[0], summary=summary, link="https://daily.example/1", dates=AT))
    assert desk.rows("SELECT field, before, after FROM revisions") == [("summary", "하나", "둘")]


def test_words_summary_and_date_are_the_same_whichever_source_is_first(tmp_path: Path) -> None:
    title, url = HEADLINES[0], "https://daily.example/a/20231012001"
    section, portal = "https://daily.example/politics/a/20231012001", "https://n.news.naver.com/article/001/0001234567"
    texts = ("Thu, 12 Oct 2023 06:00:00 +0000", "Thu, 12 Oct 2023 06:00:07 +0000", "2023-10-12 15:01", "2023-10-12")
    first, later, minute, day = ((("d", text),) for text in texts)
    given = {
        "daily-all": Item(title=f"{title} 종합", link=url, dates=first),
        "daily-front": Item(title=title, summary="자사 요약", link=f"{url}?utm_source=x", dates=minute),
        "daily-page": Item(title=title, link=section, dates=day),
        "portal-news": Item(title=title, summary="포털 요약", link=portal, outlet_text="데일리", dates=later),
    }
    found = set()
    for number, order in enumerate(itertools.permutations(given)):
        desk = Desk(tmp_path / f"{number}.db")
        for source in order:
            desk.give(source, given[source])
        found.add(tuple(desk.articles()))
    ((article,),) = found
    assert article[:2] == (url, f"{title} 종합")
    assert "자사 요약" in article


def test_no_copy_of_a_copy_is_left_where_rows_become_one(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "m.db")
    for number in range(1, 5):
        desk.give("nobody", Item(title=HEADLINES[number], link=f"https://{number}.example/"))
    with desk.store.transaction():
        desk.store.save_copies([Copy(article=2, original=1, reason="r"), Copy(article=4, original=3, reason="r")])
        desk.store.grouped([1, 2, 3, 4])
        desk.store.unite(2, 3, "by the test", NOW)
    assert desk.rows("SELECT id, copy_of FROM articles ORDER BY id") == [(1, None), (2, 1), (4, 1)]
    assert 4 in desk.store.ungrouped(), "it is compared anew"
    with desk.store.transaction():
        desk.store.unite(2, 1, "by the test", NOW)
    assert desk.rows("SELECT id, copy_of FROM articles ORDER BY id") == [(2, None), (4, 2)]


def test_of_rows_that_become_one_the_finer_date_counts_then_the_earlier(tmp_path: Path) -> None:
    dates = [None, "2023-10-12", "Thu, 12 Oct 2023 06:00:07 +0000", "Thu, 12 Oct 2023 06:00:05 +0000"]
    for order in ((1, 2, 3, 4), (4, 3, 2, 1), (2, 4, 1, 3)):
        desk = Desk(tmp_path / f"{order}.db")
        for number, text in enumerate(dates, 1):
            item = Item(
                title=HEADLINES[number], link=f"https://{number}.example/", dates=(("d", text),) if text else ()
            )
            desk.give("daily-all", item)
        with desk.store.transaction():
            for other in order[1:]:
                desk.store.unite(order[0], other, "by the test", NOW)
        assert desk.rows("SELECT published_at, published_precision FROM articles") == [
            ("2023-10-12T06:00:05Z", "second")
        ]


# --- whatever comes in ------------------------------------------------------------------------------------------------

# What no row may ever show, whatever was said in whatever order: SQL that finds nothing, by what would be wrong.
NEVER = {
    "an address of two articles": "SELECT url FROM articles WHERE url IN (SELECT url FROM addresses)",
    "a copy of a copy": """
SELECT 1 FROM articles JOIN articles AS original ON original.id = articles.copy_of WHERE original.copy_of IS NOT NULL
""",
    "a story that was counted wrong": """
SELECT id FROM stories WHERE articles < 2 OR articles <> (SELECT count(*) FROM articles WHERE story = stories.id)
  OR outlets <> (SELECT count(DISTINCT outlet) FROM articles WHERE story = stories.id)
""",
    "an article that nobody gave": "SELECT id FROM articles WHERE id NOT IN (SELECT article FROM sightings)",
    "half a date": "SELECT id FROM articles WHERE (published_at IS NULL) <> (date IS NULL)",
    "a mention that does not stand where it says": """
SELECT mentions.id FROM mentions JOIN articles ON articles.id = mentions.article
WHERE retired_at IS NULL AND field IN ('title', 'summary')
  AND matched <> substr(iif(field = 'title', title, summary), start + 1, "end" - start)
""",
    "a row that speaks of what is not there": "PRAGMA foreign_key_check",
}


def anything(dice: random.Random) -> Item:
    """An item that is nearly the same as others, or the same in another way."""
    day, hour, late = "2023-10-12", "Thu, 12 Oct 2023 05:12:00 +0000", "Thu, 12 Oct 2023 05:10:05 +0000"
    ours = Link(url=NORTH.pages[0], text="x")
    return Item(
        title=dice.choice([*HEADLINES[:3], f"[속보] {HEADLINES[0]}", "짧은 제목", ""]),
        link=dice.choice([
            "https://daily.example/a/20231012001", "https://daily.example/section/a/20231012001",
            "https://daily.example/b", "https://www.khan.co.kr/c/1", "https://n.news.naver.com/article/001/0001",
        ]),
        summary=dice.choice(["", "강제 북송 하나", "둘은 조금 더 길다"]),
        guid=dice.choice(["g1", "g2", "https://daily.example/", None]),
        outlet_text=dice.choice(["데일리", None]),
        dates=tuple(("d", text) for text in [dice.choice([day, hour, late, ""])] if text),
        links=dice.choice([(), (ours,)]),
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(12))
def test_whatever_comes_in_the_tables_agree_with_each_other(seed: int, tmp_path: Path) -> None:
    dice, desk = random.Random(seed), Desk(tmp_path / "m.db", NORTH)
    config = Config(sources=SOURCES, outlets=OUTLETS, topics={"north": NORTH})
    bodies = {name: [anything(dice)] for name in ("daily-all", "daily-front", "khan-all", "portal-news", "nobody")}
    for step in range(6):
        for source in dice.sample(sorted(bodies), 3):
            bodies[source] = [*dice.sample(bodies[source], min(2, len(bodies[source]))), anything(dice)]
            desk.give(source, *bodies[source])
        pipeline.group(config, desk.store, NOW + timedelta(hours=step))
        for wrong, sql in NEVER.items():
            assert desk.rows(sql) == [], wrong
    before = desk.rows("SELECT id, topics FROM articles")
    pipeline.rematch(config, desk.store, NOW)
    assert desk.rows("SELECT id, topics FROM articles") == before, "nothing was left to find"


# URL, the canonical address that its page names, whether it is believed, why
CANONICALS = [
    ("https://a.example/view/20231012001?x=1", "https://a.example/view/20231012001", True, "the same number"),
    ("https://a.example/view/20231012001", "https://a.example/", False, "a front page for every article"),
    ("https://a.example/n/refugees-sent-back-again", "https://a.example/world/refugees-sent-back-again", True, "words"),
    ("https://a.example/n/refugees-sent-back-again", "https://a.example/world/", False, "a section"),
    ("https://a.example/view/20231012001", "https://a.example/view/20231012002", False, "another article's number"),
]


@pytest.mark.parametrize(("url", "canonical", "believed", "why"), CANONICALS, ids=[row[-1] for row in CANONICALS])
def test_a_page_is_believed_about_its_address(url: str, canonical: str, believed: bool, why: str) -> None:
    assert identity.believable(canonical, url) is believed


def test_the_address_of_an_article_is_its_page_s_word_then_at_home_then_the_shortest() -> None:
    daily = OUTLETS["daily"]
    addresses = {
        "https://n.news.naver.com/article/1/2": "a",
        "https://daily.example/long/path": "b",
        "https://daily.example/p": "c",
        "https://daily.example/section/page/p": identity.CANONICAL,
    }
    chosen = []
    while addresses:
        chosen.append(identity.own(addresses, daily))
        del addresses[chosen[-1]]
    assert chosen == [
        "https://daily.example/section/page/p",
        "https://daily.example/p",
        "https://daily.example/long/path",
        "https://n.news.naver.com/article/1/2",
    ]


def test_the_finer_date_wins_then_the_earlier() -> None:
    day, minute, second = ((NOW, precision) for precision in (Precision.DAY, Precision.MINUTE, Precision.SECOND))
    later = (NOW + timedelta(hours=1), Precision.SECOND)
    assert identity.better_date(minute, day)
    assert identity.better_date(second, later)
    assert not identity.better_date(later, second)
    assert not identity.better_date(day, later)
    assert identity.better_date(day, None)


# --- properties -------------------------------------------------------------------------------------------------------

KEYS = st.lists(st.frozensets(st.integers(0, 8), max_size=3), max_size=6)


@settings(max_examples=200)
@given(KEYS, st.dictionaries(st.integers(0, 8), st.integers(1, 4), max_size=4), st.randoms(use_true_random=False))
def test_what_is_one_does_not_depend_on_the_order(
    keys: list[frozenset[int]], found: dict[int, int], dice: random.Random
) -> None:
    order = list(range(len(keys)))
    dice.shuffle(order)
    one = identity.joined(keys, [None] * len(keys), found)
    other = identity.joined([keys[place] for place in order], [None] * len(keys), found)
    back = sorted((tuple(sorted(order[place] for place in places)), articles) for places, articles in other)
    assert sorted(one) == back
    assert sorted(place for places, _ in one for place in places) == list(range(len(keys)))
