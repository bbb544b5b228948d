"""Which article a line of a reference list means: the right one, or none, and always with the reason."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator import citations, config, pipeline
from aggregator.model import Candidate, Citation, CitationState, Outlet
from aggregator.outlets import directory
from aggregator.store import Store
from tests.press import Press

NAMES = directory()
DAY = date(2023, 10, 12)
LINE = "中国が拘束中の脱北者600人を夜のうちに一斉送還"
URL = "https://www.sankei.com/article/20231012-A"


def outlet(name: str) -> Outlet:
    found = NAMES.find(name)
    assert found
    return found


def cited(headline: str = LINE, name: str | None = "産経", **changes: Any) -> Citation:
    listed = outlet(name) if name else None
    return replace(
        Citation(id=7, date=DAY, outlet_text=name, outlet=listed, headline=headline, url=None),
        **changes,
    )


def article(headline: str = LINE, name: str | None = "産経新聞", days: int | None = 0, **changes: Any) -> Candidate:
    day = None if days is None else DAY + timedelta(days=days)
    publisher = outlet(name) if name else None
    return replace(Candidate(id=1, url=URL, date=day, outlet=publisher, headlines=(headline,)), **changes)


SAME = "same outlet, same day, same headline"
NONE = "no article by 産経新聞 around that day has this headline"
URL_BUT = "the list gives its URL, but the article is"

# the line of the list, the articles at hand, the state, the article, the reason, why it is so
CASES = [
    (cited(), [article()], "resolved", 1, SAME, "all agrees"),
    (cited(name="Sankei"), [article()], "resolved", 1, SAME, "a name in Latin script"),
    (cited(), [article(days=1)], "resolved", 1, "same outlet, one day later, same headline", "counted in another zone"),
    (cited(), [article(days=-1)], "resolved", 1, "same outlet, one day earlier, same headline", "and the other way"),
    (
        cited(LINE.replace("拘束中", "拘束 中").replace("600", "６００")),
        [article(f"【速報】{LINE}｜産経ニュース")],
        "resolved", 1, SAME, "tag, tail, width and spaces aside",
    ),
    (
        cited(LINE.replace("夜のうちに", "夜の内に")),
        [article()],
        "unresolved", None, NONE, "too many letters for its length",
    ),
    (
        cited("Rights groups say hundreds of refugees were sent back overnigth"),
        [article("Rights groups say hundreds of refugees were sent back overnight")],
        "resolved", 1, "same outlet, same day, headline differs by 2 characters", "a slip of the pen",
    ),
    (
        cited(LINE.replace("600", "620")),
        [article()],
        "unresolved", None, NONE, "numbers must agree",
    ),
    (
        cited("소비자물가 상승률 3.5%로 석 달 만에 둔화"),
        [article("소비자물가 상승률 35%로 석 달 만에 둔화")],
        "unresolved", None, NONE, "decimal points are no spaces",
    ),
    (
        cited("中国が拘束中の脱北者600人を夜の…"),
        [article()],
        "resolved", 1, "same outlet, same day, headline cut short", "the list cut it",
    ),
    (
        cited(),
        [article("脱北者の送還 政府が確認急ぐ", headlines=("脱北者の送還 政府が確認急ぐ", LINE))],
        "resolved", 1, "same outlet, same day, same headline as it was before", "rewritten since",
    ),
    (
        cited(name="BBC"),
        [article(name="BBC Japanese")],
        "resolved", 1, "an edition of the outlet (BBCニュース), same day, same headline",
        "BBC cited, its Japanese edition read",
    ),
    (
        cited(name="BBC"),
        [article(name="BBC Japanese"), article(name="BBC", id=2)],
        "resolved", 2, SAME, "the outlet itself beats its edition",
    ),
    (
        cited(name="BBC"),
        [article(LINE[:-1], name="BBC Japanese")],
        "unresolved", None, "no article by BBC around that day has this headline",
        "an edition must have it to the letter",
    ),
    (cited(name=None), [article(days=1)], "resolved", 1, "no outlet in the list; same headline, one day later", "bare"),
    (
        cited("送還に抗議", name=None),
        [article("送還に抗議")],
        "unresolved", None,
        "no outlet in the list, and the headline is too short to be sure of", "short and without an outlet",
    ),
    (cited("送還に抗議"), [article("送還に抗議")], "resolved", 1, SAME, "short, the very day"),
    (
        cited("送還に抗議"),
        [article("送還に抗議", days=1)],
        "unresolved", None, NONE, "short, another day",
    ),
    (
        cited("社説"),
        [article("社説：送還を見送るな")],
        "unresolved", None, NONE, "the name of a column is no headline",
    ),
    (cited(), [article(days=None)], "resolved", 1, "same outlet, an article without a date, same headline", "no date"),
    (
        cited(),
        [article(name="ロイター")],
        "unresolved", None, "the same headline is there, but by Reuters", "another outlet's",
    ),
    (
        cited(),
        [article(name=None, url="https://news.naver.com/1")],
        "unresolved", None, "the same headline is there, but by news.naver.com", "whose it is, nobody knows",
    ),
    (
        cited(name=None),
        [article(), article(name="ロイター", id=2)],
        "unresolved", None, "2 articles fit equally well: Reuters (article 2), 産経新聞 (article 1)",
        "two, equally good",
    ),
    (
        cited(name=None),
        [article(original=2), article(name="ロイター", id=2)],
        "resolved", 2, "no outlet in the list; same headline, same day; the original of 2 with one text", "wire copy",
    ),
    (cited(), [article(original=2), article(name="ロイター", id=2)], "resolved", 1,
     SAME, "wire copy, whose outlet the list names"),
    (
        cited("오늘의 주요 일정과 날씨를 한눈에 보기"),
        [article("오늘의 주요 일정과 날씨를 한눈에 보기", days=days, id=days + 9) for days in (1, 2, 3)],
        "unresolved", None, "産経新聞 prints this headline again and again, but not on that day", "a daily column",
    ),
    (
        cited(),
        [article(days=3)],
        "contradicted", 1, "same outlet, same headline, but the article is of 2023-10-15, 3 days later",
        "day off by three",
    ),
    (
        cited(),
        [article(days=3), article(days=40, id=2)],
        "unresolved", None, NONE, "off by days, and twice",
    ),
    (cited(url=f"{URL}?utm_source=x"), [article()], "resolved", 1, "the list gives its URL", "by its canonical URL"),
    (
        cited("600人を一斉送還 脱北者拘束中の中国が夜のうちに", url=URL),
        [article()],
        "resolved", 1, "the list gives its URL", "by its URL, rewritten headline",
    ),
    (
        cited(name="ロイター", url=URL),
        [article()],
        "contradicted", 1, f"{URL_BUT} by 産経新聞, not by Reuters",
        "URL of another outlet",
    ),
    (
        cited("秋の味覚サンマの水揚げが本格化", url=URL),
        [article(days=9)],
        "contradicted", 1,
        f"{URL_BUT} of 2023-10-21, 9 days later, and its headline is another one: {LINE}",
        "URL of something else",
    ),
    (
        cited(url="https://www.sankei.com/moved"),
        [article()],
        "resolved", 1, SAME, "URL not known, the rest is",
    ),
    (
        cited(name=None, outlet_text="밤섬라디오"),
        [],
        "unresolved", None, "밤섬라디오 is no known outlet, and no article around that day has this headline",
        "a name that nobody knows",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("line", "known", "state", "number", "reason", "why"), CASES, ids=[case[-1] for case in CASES])
def test_what_a_line_comes_to(line, known, state, number, reason, why):
    for order in (known, known[::-1]):
        found = citations.resolve(line, order)
        assert (found.citation, found.state, found.article, found.reason) == (7, state, number, reason)


@pytest.mark.parametrize(
    ("name", "id_"),
    [("産経", "sankei"), ("中央日報(日本語版)", "joongang-ja"), ("存在しない新聞", None), ("", None), (None, None)],
)
def test_whose_name_a_list_writes(name, id_):
    found = citations.whose(name, NAMES)
    assert (found.id if found else None) == id_


HEADLINES = st.text(st.sampled_from("脱北者送還中国600,.…[]｜ aB"), max_size=40) | st.text(max_size=40)


@settings(max_examples=200, deadline=None)
@given(st.lists(HEADLINES, min_size=2, max_size=5), st.booleans(), st.integers(-3, 3))
def test_whatever_the_headlines_there_is_an_answer_with_a_reason_and_order_does_not_matter(titles, named, days):
    line = cited(titles[0], "産経" if named else None)
    known = [article(title, days=days, id=number) for number, title in enumerate(titles[1:], start=1)]
    found = citations.resolve(line, known)
    assert found.reason
    assert (found.article is None) == (found.state is CitationState.UNRESOLVED)
    assert citations.resolve(line, known[::-1]) == found


@settings(max_examples=200, deadline=None)
@given(HEADLINES, HEADLINES)
def test_headlines_with_other_numbers_are_never_one(one, other):
    first, second = (f"{title} 탈북민 {number}명 강제북송 확인" for title, number in ((one, 600), (other, 620)))
    assert citations.resolve(cited(first), [article(second)]).state is not CitationState.RESOLVED


# --- in the run -------------------------------------------------------------------------------------------------------

# As WordPress prints it: glued together, links lost, the first words those of the page that sent it.
EXCERPT = (
    "[…] 參考新聞連結:2023/10/12 中央日報 人権団体「アジア大会の閉幕後、脱北者およそ600人が送還」"
    "2023/10/10 One Korea Circle’s Update on the Return of North Korean Refugees by China"
    "2023/10/12 産経 中国が脱北者600人を夜のうちに送還 拷問に沈黙"
    "2023/10/14 BBC 中国が「多くの」脱北者を送還、韓国政府が遺憾の意"
    "2023/10/13 연합뉴스 통일부 “중국서 북한 주민 다수 북송…탈북민 수는 확인 안 돼”"
    "2023/10/12 ロイター 「脱北者」は国内にいない、送還の報道に中国外務省 […]"
)
FEEDS = """
  okn: [okn, 2023-10-10T15:00:00-04:00, One Korea Circle's Update on the Return of North Korean Refugees by China]
  joongang-ja: [joongang-ja, 2023-10-12T15:33:00+09:00, 人権団体「アジア大会の閉幕後、脱北者およそ６００人が送還」]
  sankei: [sankei, 2023-10-12T20:01:00+09:00, 中国が脱北者600人を夜のうちに送還　拷問に沈黙｜産経]
  bbc-japanese: [bbc-japanese, 2023-10-14T12:00:00+09:00, 中国が「多くの」脱北者を送還、韓国政府が遺憾の意]
  yonhap: [yonhap, 2023-10-13T10:58:00+09:00, '[2보] 통일부 "중국서 북한주민 다수 북송…탈북민 수는 확인 안돼"']
  reuters: [reuters, 2023-10-13T00:10:00+09:00, 「脱北者」は国内にいない、送還の報道に中国外務省]
"""


class Desk:
    """A press, whose feeds are rows of (name, outlet, time, headlines …), and a database."""

    def __init__(self, press: Press, folder: Path) -> None:
        self.press, self.db, self.now = press, folder / "mentions.db", datetime(2023, 10, 15, 6, 0, tzinfo=UTC)
        self.sources = ""
        press.serve("/list", EXCERPT.encode(), content_type="text/plain; charset=utf-8")
        self.sources += f'  - {{id: list, url: "{press.url("/list")}", kind: references}}\n'

    def feed(self, name: str, outlet_id: str, *items: tuple[str, str]) -> None:
        """A feed of (time, headline)."""
        entries = "".join(
            f"<entry><title>{title}</title><id>{number}</id><published>{time}</published>"
            f'<link href="https://{name}.example/{number}"/></entry>'
            for number, (time, title) in enumerate(items)
        )
        self.press.serve(f"/{name}", f'<feed xmlns="http://www.w3.org/2005/Atom">{entries}</feed>'.encode())
        if f"id: {name}," not in self.sources:
            self.sources += f'  - {{id: {name}, url: "{self.press.url(f"/{name}")}", outlet: {outlet_id}}}\n'

    @property
    def config(self) -> config.Config:
        homes = "".join(
            f"  {one.id}: {{name: {one.name}, country: {one.country}}}\n"
            for one in map(outlet, ("中央日報", "産経", "BBC Japanese", "BBC Korean", "聯合ニュース", "ロイター"))
        )
        okn = "  okn: {name: One Korea Circle, country: US}\n"
        return config.parse(
            f"fetch: {{allow_private: true, timeout: 5s}}\noutlets:\n{homes}{okn}\nsources:\n{self.sources}"
        )

    def run(self, *names: str) -> None:
        self.now += timedelta(hours=13)
        edges = pipeline.Edges(clock=lambda: self.now, dice=lambda: 0.5)
        with Store(self.db) as store:
            pipeline.run(self.config, store, pipeline.Order(sources=names), edges)

    def citations(self) -> list[tuple[Any, ...]]:
        return self.rows(
            "SELECT citations.outlet_text, articles.outlet, state, reason FROM citations"
            " LEFT JOIN articles ON articles.id = article ORDER BY position"
        )

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self.db)
        found = connection.execute(sql).fetchall()
        connection.close()
        return found


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Press() as press:
        yield Desk(press, tmp_path)


def feeds() -> Iterator[tuple[str, str, str, str]]:
    """The rows of FEEDS: name, outlet, time, headline."""
    for line in FEEDS.strip().splitlines():
        name, _, row = line.strip().partition(": [")
        outlet_id, time, title = row.removesuffix("]").split(", ", 2)
        yield name, outlet_id, time, title.strip("'")


RESOLVED = [
    ("中央日報", "joongang-ja", "resolved", "same outlet, same day, same headline"),
    (None, "okn", "resolved", "no outlet in the list; same headline, same day"),
    ("産経", "sankei", "resolved", "same outlet, same day, same headline"),
    ("BBC", "bbc-japanese", "resolved", "an edition of the outlet (BBCニュース), same day, same headline"),
    ("연합뉴스", "yonhap", "resolved", "same outlet, same day, same headline"),
    ("ロイター", "reuters", "resolved", "same outlet, one day later, same headline"),
]


def test_a_glued_excerpt_without_urls_finds_its_six_articles(desk: Desk) -> None:
    for name, outlet_id, time, title in feeds():
        desk.feed(name, outlet_id, (time, title))
    desk.run()
    # Reuters is at home in London, where it was still the 12th.
    assert desk.citations() == [*RESOLVED[:5], ("ロイター", "reuters", "resolved", RESOLVED[0][3])]
    assert desk.rows("SELECT count(*) FROM mentions") == [(0,)]


def test_articles_that_come_later_are_found_when_they_come_and_nothing_is_written_when_none_do(desk: Desk) -> None:
    desk.run("list")
    assert {row[2] for row in desk.citations()} == {"unresolved"}
    assert all(row[3] for row in desk.citations())
    for name, outlet_id, time, title in feeds():
        desk.feed(name, outlet_id, (time, title))
        desk.run(name)
    assert [row[2] for row in desk.citations()] == ["resolved"] * 6
    before = desk.rows("SELECT value FROM meta WHERE key = 'citations'")
    desk.run("list", "sankei")
    assert desk.rows("SELECT value FROM meta WHERE key = 'citations'") == before == [("6",)]


def test_a_day_that_is_off_is_contradicted_and_two_articles_that_fit_are_none(desk: Desk) -> None:
    title = "中国が脱北者600人を夜のうちに送還 拷問に沈黙"
    desk.feed("sankei", "sankei", ("2023-10-17T09:00:00+09:00", title))
    for name in ("bbc-japanese", "bbc-korean"):
        desk.feed(name, name, ("2023-10-14T09:00:00+09:00", "脱北者600人"))
    lines = f"2023/10/12 産経 {title}\n2023/10/14 BBC 脱北者600人\n"
    desk.press.serve("/list", lines.encode(), content_type="text/plain; charset=utf-8")
    desk.run()
    first, second = desk.rows("SELECT state, article IS NULL, reason FROM citations ORDER BY position")
    assert first == (
        "contradicted", 0, "same outlet, same headline, but the article is of 2023-10-17, 5 days later"
    )  # fmt: skip
    assert second[:2] == ("unresolved", 1)
    assert second[2].startswith("2 articles fit equally well: BBC News 코리아 (article ")


def test_a_list_that_grows_keeps_what_its_lines_came_to(desk: Desk) -> None:
    for name, outlet_id, time, title in feeds():
        desk.feed(name, outlet_id, (time, title))
    desk.run()
    lines = EXCERPT.replace("[…] 參考新聞連結:", "[…] 參考新聞連結:2023/10/15 BBC 送還めぐり国連が声明を発表")
    desk.press.serve("/list", lines.encode(), content_type="text/plain; charset=utf-8")
    desk.run()
    assert [row[2] for row in desk.citations()] == ["unresolved", *["resolved"] * 6]


def test_rematch_decides_anew_on_every_citation(desk: Desk) -> None:
    for name, outlet_id, time, title in feeds():
        desk.feed(name, outlet_id, (time, title))
    desk.run()
    before = desk.citations()
    connection = sqlite3.connect(desk.db)
    with connection:
        connection.execute("UPDATE citations SET state = 'unresolved', article = NULL, reason = 'by an older rule'")
    connection.close()
    with Store(desk.db) as store:
        pipeline.rematch(desk.config, store, desk.now)
    assert desk.citations() == before


def test_candidates_are_found_through_indexes(tmp_path: Path) -> None:
    from aggregator.store import citations as citation_store

    with Store(tmp_path / "mentions.db"):
        pass
    connection = sqlite3.connect(tmp_path / "mentions.db")
    values = dict.fromkeys(("url", "key", "outlets", "day", "first", "last"), "[]")
    queries = (
        (citation_store._CANDIDATES, values),
        (citation_store._CITED + citation_store._SOON_OR_UNDECIDED, ("[]",)),
    )
    for query, given_ in queries:
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {query}", given_)]
        assert not [
            step for step in plan if step.startswith(("SCAN articles", "SCAN citations")) and "INDEX" not in step
        ]
    connection.close()
