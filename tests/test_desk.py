"""The pages and panels of the desk: a story, the coverage, the sources, the days of a list, an article."""

from __future__ import annotations

import asyncio
import html
import json
import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import yaml

pytest.importorskip("datasette", reason="Datasette is an optional part")

from datasette import hookimpl
from datasette.app import Datasette
from datasette.plugins import pm
from datasette.utils import tilde_encode

from aggregator import search
from aggregator.datasette_plugin import coverage, stories
from aggregator.store import Store
from tests.press import Press
from tests.test_datasette import ROOT, _plugin, answer, answers, make_ours, pages, rows  # noqa: F401 - the first is a fixture
from tests.world import HOUR, World, rss


def eventful(connection: sqlite3.Connection) -> None:
    """A story of four articles and a copy in three languages, changes, and three sources in trouble."""
    connection.execute("""UPDATE topics SET terms = '{"ko": [], "ja": [], "zh-Hant": [], "en": [], "any": []}'""")
    connection.execute(
        "INSERT INTO stories (id, title, languages, articles, outlets) VALUES (7, 'Return', '[\"ja\",\"ko\"]', 5, 2)"
    )
    connection.execute("UPDATE articles SET story = 7, story_reason = '600 · China' WHERE id IN (1, 2, 3, 4, 6)")
    connection.execute("UPDATE articles SET copy_of = 3, copy_reason = 'same headline' WHERE id = 2")
    connection.executemany(
        "INSERT INTO revisions (article, seen_at, field, before, after, kind) VALUES (1, ?, 'title', ?, ?, ?)",
        [
            ("2023-10-12T06:00:00Z", "탈북민 북송 <확인>", "탈북민 강제 북송 <확인>", "edit"),
            ("2023-10-12T05:00:00Z", "훈춘·남평", "훈춘·난핑", "correction"),
        ],
    )
    connection.execute("INSERT INTO corrections VALUES (1, '남평', '난핑', '2023-10-12T05:00:00Z')")
    connection.execute("UPDATE sources SET failures = 3, status = 'timeout', note = 'too <slow>' WHERE id = 'barren'")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_ours(tmp_path_factory.mktemp("desk") / "mentions.db", eventful)


def words(page: str) -> str:
    """What a page says, without markup."""
    body = re.sub(r"(?s)<(style|script|svg).*?</\1>", " ", page)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


# --- a story ----------------------------------------------------------------------------------------------------------


def told(article: int, at: str | None = None, day: str | None = None, **more: Any) -> stories.Told:
    """An article of a story: with an instant, or a day, or neither."""
    moment = datetime.fromisoformat(f"2023-10-{at}:00+00:00") if at else None
    on = date.fromisoformat(f"2023-10-{day}") if day else moment.date() if moment else None
    given = {"title": f"T{article}", "url": "https://a.example/", "language": "ko", "language_name": "한국어"}
    rest = {"outlet": "O", "outlet_id": "o", "copy_of": None, "reason": ""}
    return stories.Told(article=article, date=on, at=moment, **(given | rest | more))


FIRST = [
    ([told(1, "12T02:00"), told(2, "12T03:00")], 1, "the earlier hour"),
    ([told(1, "12T12:00"), told(2, day="13")], None, "the 13th begins on the 12th at 10:00 UTC in Kiritimati"),
    ([told(1, "12T02:00"), told(2, day="12")], None, "some time on the same day may be earlier"),
    ([told(1, "12T02:00"), told(2, day="14")], 1, "two days later is later everywhere"),
    ([told(1, "12T02:00"), told(2)], None, "what has no date may be earlier"),
    ([told(1, day="12"), told(2, day="13")], None, "no hour is known at all"),
]


@pytest.mark.parametrize(("articles", "expected", "why"), FIRST, ids=[row[-1] for row in FIRST])
def test_who_was_first_is_said_only_where_it_is_known(
    articles: list[stories.Told], expected: int | None, why: str
) -> None:
    found = stories.first(sorted(articles, key=lambda one: one.latest))
    assert (found.article if found else None) == expected, why


LAGS = [
    (told(2, "12T02:40"), "+40 min", "minutes"),
    (told(2, "12T05:20"), "+3 h 20 min", "hours"),
    (told(2, "14T02:00"), "+2 d", "whole days"),
    (told(2, "14T03:30"), "+2 d 1 h", "no finer than is worth reading"),
    (told(2, "12T02:00"), "at the same time", "nothing between them"),
    (told(2, day="13"), "", "not known"),
]


@pytest.mark.parametrize(("one", "expected", "why"), LAGS, ids=[row[-1] for row in LAGS])
def test_how_much_later(one: stories.Told, expected: str, why: str) -> None:
    assert stories.lag(one, told(1, "12T02:00")) == expected, why


def test_languages_stand_side_by_side_with_copies_under_their_originals() -> None:
    ko, ja, copy, other, alone = (
        told(1, "12T02:00"),
        told(2, "12T03:00", language="ja"),
        told(3, "12T04:00", copy_of=2, language="ja"),
        told(4, "12T04:30", copy_of=2, language="zh-Hans"),
        told(5, "12T05:00", copy_of=99),
    )
    assert stories.side_by_side([ko, ja, copy, other, alone]) == [
        (ko, [(ko, []), (alone, [])]),
        (ja, [(ja, [copy])]),
        (other, [(other, [])]),
    ], "the language that wrote first in front; a copy whose original is elsewhere stands for itself"


def test_the_page_of_a_story(file: Path) -> None:
    (page,) = pages(["/-/stories/7"], file)
    said = words(page)
    assert "5 articles of 2 outlets in 3 languages, 2023/10/11 to 2023/10/14" in said
    assert "Who was first is not known" in said, "one of its articles is dated by the day alone"
    assert "日本語 2" in said
    assert "2023/10/12 02:00 UTC" in said
    assert "1 copy 2023/10/13 汐見新聞 脱北者の送還" in said
    assert "600 · China" in said
    assert 'href="/mentions/articles/1"' in page
    assert answer("/-/stories/8", file).status_code == 404
    assert answer("/-/stories/999999999999999999999", file).status_code == 404


def test_the_page_of_a_story_says_what_its_row_says(tmp_path: Path) -> None:
    def more(connection: sqlite3.Connection) -> None:
        eventful(connection)
        connection.execute("INSERT INTO outlets (id, name) VALUES ('namesake', '汐見新聞')")
        connection.execute("UPDATE articles SET story = 7")  # 5 is of nobody and of no day, 4 of a day that ends last
        connection.execute("UPDATE articles SET outlet = 'namesake', copy_of = 3 WHERE id = 6")
        connection.execute("DELETE FROM articles WHERE id = 2")

    path = make_ours(tmp_path / "mentions.db", more)
    with Store(path) as store, store.transaction():
        store.refresh_stories([7])
    (row,) = rows("/mentions/stories.json?_shape=array", path)
    (page,) = pages(["/-/stories/7"], path)
    assert row["title"] == "国連人権理事会"
    assert re.findall(r"<h1[^>]*><bdi>(.*?)</bdi></h1>", page) == [row["title"]]
    assert (row["articles"], row["outlets"], json.loads(row["languages"])) == (5, 3, ["en", "ja", "ko", "zh-Hant"])
    assert "5 articles of 3 outlets in 4 languages" in words(page)
    assert page.count("<section") == 4
    assert "copy of Article 3" in words(page)


# --- the coverage -----------------------------------------------------------------------------------------------------


def test_weeks_begin_on_monday() -> None:
    assert coverage.weeks_until(date(2023, 10, 15), 2) == (date(2023, 10, 2), date(2023, 10, 9)), (
        "a Sunday ends its week"
    )
    assert coverage.weeks_until(date(2023, 10, 16), 1) == (date(2023, 10, 16),)


def test_the_coverage_counts_languages_by_week_and_names_the_gaps(file: Path) -> None:
    (page,) = pages(["/-/coverage?weeks=2"], file)
    said = words(page)
    assert "language 2023/ 10/02 2023/ 10/09 all outlets first to write" in said
    assert "日本語 0 3 3 1 汐見新聞 , 2023/10/11 05:00 UTC" in said
    assert "한국어 0 1 1 1 해람통신 , 2023/10/12 02:00 UTC 中文 0" in said, "a Japanese one of the 11th has no hour"
    assert "English 0 0 gap 0" in said
    (link,) = re.findall(r'href="([^"]+language=ja[^"]+)"', page)[:1]
    assert html.unescape(link) == "/-/pingbacks/return?language=ja&since=2023-10-09&until=2023-10-15"
    (listed,) = pages([html.unescape(link)], file)
    assert "3 of 4 articles" in words(listed)


# Articles as (language, day, time in UTC or nothing); which is first in Korean, and the lag of the Japanese one.
EARLIEST = [
    ([("ko", 12, "02:00"), ("ko", 12, "01:00"), ("ja", 12, "03:30")], 2, 2.5, "the earlier hour"),
    ([("ko", 12, "02:00"), ("ko", 1, None), ("ja", 13, "03:00")], 2, None, "a day of a fortnight ago is earlier"),
    ([("ko", 12, "23:00"), ("ko", 12, None), ("ja", 13, "03:00")], 1, None, "a day stands at its end"),
    ([("ko", 12, "02:00"), ("ko", 13, None), ("ja", 12, "03:00")], 1, 1.0, "the 13th begins on the 12th at 10:00 UTC"),
    ([("ko", 12, "11:00"), ("ko", 13, None), ("ja", 12, "12:00")], 1, None, "from then on it may have been before"),
    ([("ko", 12, "02:00"), ("ja", 13, "02:00"), ("ja", 13, None)], 1, None, "nor is it known when Japanese began"),
    ([("ko", 12, "02:00"), ("ko", None, None), ("ja", 12, "03:00")], 1, 1.0, "what has no day at all is not asked"),
    ([("ko", 12, None), ("ko", 12, None), ("ja", 12, "03:00")], 1, None, "of two days the one that was found first"),
]  # fmt: skip


@pytest.mark.parametrize(("articles", "korean", "lag", "why"), EARLIEST, ids=[row[-1] for row in EARLIEST])
def test_coverage_and_the_question_who_was_first_agree(
    tmp_path: Path, articles: list[tuple[str, int | None, str | None]], korean: int, lag: float | None, why: str
) -> None:
    def only(connection: sqlite3.Connection) -> None:
        connection.executescript("DELETE FROM mentions; DELETE FROM articles;")
        connection.execute("""UPDATE topics SET terms = '{"ko": [], "ja": []}'""")
        for number, (language, day, hour) in enumerate(articles, 1):
            on = f"2023-10-{day:02}" if day else None
            at = f"{on}T{hour or '00:00'}:00Z" if day else None
            precision = "second" if hour else "day" if day else None
            row = (number, on, at, precision, language, f"https://a.example/{number}")
            connection.execute(
                "INSERT INTO articles (id, date, published_at, published_precision, language, url, title, link,"
                " first_seen_at, last_seen_at) VALUES (?, ?, ?, ?, ?, ?, '', '', '2023-10-20', '')", row
            )  # fmt: skip
            connection.execute(
                "INSERT INTO mentions (article, topic, kind, term, matched, field, start, end, excerpt, found_at)"
                " VALUES (?, 'return', 'term', '', '', 'title', 0, 1, '', '')", [number]
            )  # fmt: skip

    path = make_ours(tmp_path / "mentions.db", only)
    view = {row["language"]: row for row in rows("/mentions/coverage.json?_shape=array", path)}
    asked = {row["language"]: row for row in rows("/mentions/who_was_first.json?_shape=array", path)}
    assert view["ko"]["url"] == f"https://a.example/{korean}", why
    assert {language: row["url"] for language, row in view.items()} == {key: row["url"] for key, row in asked.items()}
    assert view["ja"]["lag_hours"] == lag, why
    said = words(pages(["/-/coverage"], path)[0])
    assert f"unknown outlet , 2023/10/{articles[korean - 1][1]:02}" in said
    assert ("+" in said) == (lag is not None)


def test_the_coverage_of_other_weeks(file: Path) -> None:
    earlier = re.search(r'href="([^"]+)" rel="prev"', pages(["/-/coverage?weeks=2"], file)[0])
    assert earlier
    (page,) = pages([html.unescape(earlier[1])], file)
    assert "09/18 2023/ 09/25" in words(page)
    assert 'rel="next"' in page
    assert answer("/-/coverage?until=soon", file).status_code == 400
    assert answer("/-/coverage?weeks=99", file).status_code == 400


# --- the sources ------------------------------------------------------------------------------------------------------


def test_sources_in_trouble_come_first_with_what_is_wrong(file: Path) -> None:
    (page,) = pages(["/-/sources"], file)
    said = words(page)
    states = ("barren failing", "quiet quiet", "young waiting", "fresh well", "off off")
    order = [said.index(state) for state in states]
    assert order == sorted(order)
    assert "failing timeout; 3 times in a row too <slow>" in said
    assert "1 failing 1 quiet 1 well 1 off" in said
    assert 'href="/mentions/fetches?source=quiet"' in page
    assert "not ended" in said, "the run that was killed"


def test_what_somebody_should_look_at_is_told_and_what_concerns_all_stands_above(tmp_path: Path) -> None:
    def more(connection: sqlite3.Connection) -> None:
        rows = [("fresh", "gap", "none of its 20 <items>"), (None, "offline", "is this machine online?")]
        connection.executemany("INSERT INTO alerts (source, kind, note, began_at) VALUES (?, ?, ?, '2023-10-14')", rows)
        connection.execute("UPDATE runs SET cpu_ms = 1240, peak_mb = 97")

    (page,) = pages(["/-/sources"], make_ours(tmp_path / "mentions.db", more))
    said = words(page)
    assert said.index("is this machine online?") < said.index("quiet quiet nothing new for 12 days")
    assert "fresh odd none of its 20 <items>" in said
    assert "1 quiet 1 odd" in said
    assert "1.2 s 97 MB" in said


RAN = [
    ("12:10", "12:04", "6 min ago", "a poll within the run, told at its end"),
    (None, "12:04", "1 min ago", "a run at work, told at its last answer"),
    ("12:10", "12:11", "1 min ago", "after its end, by a clock that was set back"),
    ("12:10", "09:00", "3 h ago", "before the run"),
]


@pytest.mark.parametrize(("ended", "answered", "expected", "why"), RAN, ids=[row[-1] for row in RAN])
def test_what_is_past_is_never_told_as_to_come(
    tmp_path: Path, ended: str | None, answered: str, expected: str, why: str
) -> None:
    def more(connection: sqlite3.Connection) -> None:
        end = f"2023-10-14T{ended}:00Z" if ended else None
        connection.execute("UPDATE runs SET started_at = '2023-10-14T12:00:00Z', ended_at = ?", (end,))
        connection.execute("DELETE FROM sources WHERE id <> 'quiet'")
        connection.execute(
            "UPDATE sources SET last_ok_at = ?1, last_new_at = ?1, due_at = '2023-10-14T12:45:00Z'",
            (f"2023-10-14T{answered}:00Z",),
        )

    (page,) = pages(["/-/sources"], make_ours(tmp_path / "mentions.db", more))
    cells = re.findall(r"(?s)<td class=\"nowrap[^>]*>(.*?)</td>", page)
    assert [words(cell) for cell in cells[:2]] == [expected, expected], why
    assert words(cells[2]).startswith("in "), "what is to come is"


# --- the days of a list -----------------------------------------------------------------------------------------------

DAYS = [
    ("articles", "", ["2023-10-11: 2", "2023-10-12: 1", "2023-10-13: 1", "2023-10-14: 1"], "all that have a day"),
    ("articles", "language=ja", ["2023-10-11: 2", "2023-10-13: 1"], "narrowed to a language"),
    ("articles", "_search=送還", ["2023-10-11: 1", "2023-10-13: 1"], "narrowed by a search"),
    ("articles", "_search=送還&language=ja&_sort=id", ["2023-10-11: 1", "2023-10-13: 1"], "by both, in any order"),
    ("articles", "topics__arraycontains=return", ["2023-10-11: 2", "2023-10-12: 1", "2023-10-13: 1"], "to a topic"),
    ("pingbacks", "_search=送還", ["2023-10-11: 1", "2023-10-13: 1"], "in the view"),
    ("articles", "date=2023-10-12", [], "one day needs no chart"),
    ("articles", "_where=1", [], "SQL of one's own is not counted"),
    ("articles", "nothing=1", [], "what is no column"),
    ("articles", "_search=", ["2023-10-11: 2", "2023-10-12: 1", "2023-10-13: 1", "2023-10-14: 1"], "an empty search"),
    ("articles", "author=", [], "an empty filter is one"),
    ("pingbacks", "outlet=&date__gte=2023-10-12", [], "of two, as well"),
    ("articles", "_search=!!!", [], "what finds nothing"),
    ("sightings", "", [], "a table without days"),
]  # fmt: skip


@pytest.mark.parametrize(("table", "asked", "expected", "why"), DAYS, ids=[row[-1] for row in DAYS])
def test_the_chart_counts_the_rows_of_the_list(
    file: Path, table: str, asked: str, expected: list[str], why: str
) -> None:
    query = urlencode([tuple(pair.split("=")) for pair in asked.split("&") if pair])
    got = answer(f"/mentions/{table}?{query}", file)
    assert re.findall(r'aria-label="(\d{4}-\d\d-\d\d: \d+)"', got.text) == expected, why


def test_a_bar_leads_to_the_rows_of_its_day(file: Path) -> None:
    (page,) = pages(["/mentions/articles?language=ja"], file)
    links = [html.unescape(link) for link in re.findall(r'<a href="([^"]+date=[^"]+)"', page)]
    assert "/mentions/articles?language=ja&date=2023-10-11" in links
    found = rows("/mentions/articles.json?_shape=array&language=ja&date=2023-10-11", file)
    assert {row["id"] for row in found} == {3, 4}


def test_long_lists_show_their_last_days_and_the_way_back(tmp_path: Path) -> None:
    def long(connection: sqlite3.Connection) -> None:
        connection.executemany(
            "INSERT INTO articles (date, published_at, language, url, title, link, first_seen_at, last_seen_at)"
            " VALUES (?1, ?1 || 'T05:00:00Z', 'ko', ?2, '', '', '', '')",
            [(f"{date(2023, 1, 1) + timedelta(days=n)}", f"https://a.example/{n}") for n in range(250)],
        )

    (page,) = pages(["/mentions/articles"], make_ours(tmp_path / "mentions.db", long))
    assert "2023/08/16 to 2023/10/14" in page
    (earlier,) = re.findall(r'<a href="([^"]+)">Earlier', page)
    (before,) = pages([html.unescape(earlier)], tmp_path / "mentions.db")
    assert "2023/06/17 to 2023/08/15" in before


AHEAD = "2090-01-01"


def one_ahead(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE articles SET date = ?1, published_at = ?1 || 'T00:00:00Z' WHERE id = 4", [AHEAD])


def test_one_article_dated_in_the_future_hides_no_chart_and_flattens_none(tmp_path: Path) -> None:
    path = make_ours(tmp_path / "mentions.db", one_ahead)
    listed, viewed, topics = pages(["/mentions/articles", "/mentions/pingbacks", "/-/pingbacks"], path)
    for page, last in ((listed, "2023-10-14: 1"), (viewed, "2023-10-13: 1")):
        assert re.findall(r'aria-label="(\d{4}-\d\d-\d\d: \d+)"', page)[-1] == last
    assert re.findall(r'aria-label="Articles in each of the last 26 weeks: ([^"]+)"', topics) == ["0, " * 25 + "3"]
    assert "4 articles, the last of 2023/10/13" in words(topics)


ROOM = [
    ("", True, "nothing is said of days"),
    ("date__gte=2023-10-11", False, "the chart begins where the list does"),
    ("date__gt=2023-10-10", False, "likewise"),
    ("date__gte=2023-10-10", True, "there is a day between"),
    ("date__lt=2023-10-14", True, "only the end is said"),
]


@pytest.mark.parametrize(("asked", "expected", "why"), ROOM, ids=[row[-1] for row in ROOM])
def test_the_way_back_is_there_where_something_may_be(file: Path, asked: str, expected: bool, why: str) -> None:
    (page,) = pages([f"/mentions/articles?{asked}"], file)
    found = re.findall(r'<a href="([^"]+)">Earlier', page)
    assert bool(found) == expected, why
    assert all("date__lt=2023-10-11" in link for link in found)


def test_the_links_of_a_chart_keep_filters_with_nothing_in_them(tmp_path: Path) -> None:
    bare = "UPDATE mentions SET excerpt = ''"
    path = make_ours(tmp_path / "mentions.db", lambda connection: connection.execute(bare))
    (page,) = pages(["/mentions/pingbacks?excerpt=&topic=return"], path)
    links = re.findall(r'<a href="(/mentions/pingbacks[^"]+)"[^>]* aria-label="\d', page)
    assert len(links) == 3
    assert all("excerpt=&" in html.unescape(link) for link in links)


# --- what hangs on an article -----------------------------------------------------------------------------------------


def test_an_article_has_its_mentions_story_copies_and_changes_at_hand(file: Path) -> None:
    one, original, copy, other = pages([f"/mentions/articles/{number}" for number in (1, 3, 2, 5)], file)
    assert "<del>남평</del><ins>난핑</ins>" in one
    assert "탈북민<ins> 강제</ins> 북송 &lt;확인&gt;" in one
    assert "Forced return : […]" in words(one)
    assert "Story 7 600 · China 2023/10/11 汐見新聞" in words(one)
    assert "国連人権理事会 Article 3" in words(one)
    assert "1 copy 2023/10/13 汐見新聞 脱北者の送還 Article 2" in words(original)
    assert "Copy 2023/10/11 汐見新聞 国連人権理事会 Article 3 same headline" in words(copy)
    assert "Story" not in words(other).split("This data as")[0]
    assert answer("/mentions/articles/99", file).status_code == 404


def test_revisions_are_marked_where_they_stand_in_a_table(file: Path) -> None:
    (page,) = pages(["/mentions/revisions"], file)
    assert "<bdi>훈춘·<del>남평</del></bdi>" in page
    assert "<bdi>훈춘·<ins>난핑</ins></bdi>" in page


def test_the_words_around_a_link_are_no_changes(tmp_path: Path) -> None:
    def linked(connection: sqlite3.Connection) -> None:
        eventful(connection)
        connection.execute("INSERT INTO links VALUES (1, 'https://b.example/', 'here', 'seen before', 'seen after')")
        connection.execute("UPDATE revisions SET seen_at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now')")

    path = make_ours(tmp_path / "mentions.db", linked)
    own = "/mentions/-/query" if hasattr(Datasette, "allowed") else "/mentions"
    asked = ["/mentions/links", f"{own}?sql=select+*+from+links", "/mentions/recent_corrections", "/mentions/revisions"]
    marked = [("<del>" in page, "<ins>" in page) for page in pages(asked, path)]
    assert marked == [(False, False), (False, False), (True, True), (True, True)]


def test_a_story_is_reached_from_wherever_it_is_named(tmp_path: Path) -> None:
    def more(connection: sqlite3.Connection) -> None:
        eventful(connection)
        connection.execute("UPDATE stories SET title = '<Return>', languages = '[\"ko\"]'")

    path = make_ours(tmp_path / "mentions.db", more)
    leading = ["/mentions/stories", "/mentions/stories/7", "/mentions/coverage_gaps", "/mentions/articles?story=7",
               "/mentions/articles/1", "/mentions/pingbacks"]  # fmt: skip
    found = ['href="/-/stories/7?database=mentions"' in page for page in pages(leading, path)]
    assert found == [True, True, True, True, True, False]
    link = '<a href="/-/stories/7?database=mentions">Story 7</a>, its languages side by side: <bdi>&lt;Return&gt;</bdi>'
    narrowed, other, strange = pages([f"/mentions/articles?story={story}" for story in ("7", "8", "x")], path)
    assert [link in page for page in (narrowed, other, strange)] == [True, False, False]
    closing_it = answer("/mentions/articles?story=7", path, **closed({"languages": 0}))
    assert "press-story" not in closing_it.text, "what its page needs is closed"


# --- who may see it ---------------------------------------------------------------------------------------------------

PAGES = ["/-/pingbacks", "/-/pingbacks/return", "/-/stories/7", "/-/coverage", "/-/sources"]


def test_every_page_says_in_which_language_it_is_and_leads_to_the_others(file: Path) -> None:
    for path, page in zip(PAGES, pages(PAGES, file), strict=True):
        assert '<html lang="en">' in page, path
        for other in ("/-/pingbacks", "/-/coverage", "/-/sources", "/mentions"):
            assert f'href="{other}"' in page, path
        assert 'action="/mentions/articles"' in page, path


def closed(tables: dict[str, Any]) -> dict[str, Any]:
    """Options that close tables to everybody."""
    databases = {"databases": {"mentions": {"tables": {name: {"allow": False} for name in tables}}}}
    return {"config": databases} if hasattr(Datasette, "allowed") else {"metadata": databases}


def test_a_page_shows_nothing_of_a_table_that_is_closed(file: Path) -> None:
    options = closed({"fetches": 0, "stories": 0})
    found = answers([*PAGES, "/mentions/articles/1"], file, **options)
    assert [got.status_code for got in found] == [200, 200, 404, 200, 404, 200]
    page = found[0].text
    assert 'href="/-/coverage"' in page
    assert 'href="/-/sources"' not in page
    assert "600 · China" not in words(found[-1].text).split("This data as")[0]
    for table in ("topics", "outlets", "mentions"):
        assert "press-article" not in answer("/mentions/articles/1", file, **closed({table: 0})).text, table


@contextmanager
def watched() -> Iterator[set[str]]:
    """The tables and views that are read meanwhile."""
    read: set[str] = set()

    class Watch:
        __name__ = "watch"

        @hookimpl
        def prepare_connection(self, conn: sqlite3.Connection) -> None:
            conn.set_authorizer(note)

    def note(action: int, table: str | None, *_: object) -> int:
        if action == sqlite3.SQLITE_READ and table:
            read.add(table)
        return sqlite3.SQLITE_OK

    watch = Watch()
    pm.register(watch)
    try:
        yield read
    finally:
        pm.unregister(watch)


ASKED_OF_LISTS = ["/-/pingbacks/return?language=ja&outlet=shiomi&since=2023-10-01", "/-/pingbacks/return.txt"]


@pytest.mark.parametrize("path", [*PAGES, *ASKED_OF_LISTS])
def test_a_page_is_closed_with_every_table_that_it_reads(file: Path, path: str) -> None:
    connection = sqlite3.connect(file)
    there = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")}
    connection.close()

    async def read_by(path: str) -> set[str]:
        with watched() as found:
            datasette = Datasette([str(file)])
            await datasette.client.get("/mentions")
            found.clear()  # what is read to know the database
            assert (await datasette.client.get(path)).status_code == 200
        return found & there

    needed = asyncio.run(read_by(path))
    assert len(needed) >= 3
    for table in sorted(needed - {"_sqlite_migrations"}):  # by which each connection knows the database for ours
        assert answer(path, file, **closed({table: 0})).status_code == 404, table


def test_two_databases_are_told_apart(file: Path, tmp_path: Path) -> None:
    other = make_ours(tmp_path / "other.db")
    assert answer("/-/stories/7?database=other", file, other).status_code == 404
    (page,) = pages(["/-/stories/7?database=mentions"], file, other)
    assert 'href="/-/coverage?database=mentions"' in page
    (page,) = pages(["/other/articles/1"], file, other)
    assert 'href="/-/pingbacks/return?database=other"' in page


def test_links_of_a_page_stay_with_the_database_that_it_shows(file: Path, tmp_path: Path) -> None:
    def more(connection: sqlite3.Connection) -> None:
        eventful(connection)
        connection.execute("INSERT INTO topics (id, name) VALUES ('alone', 'Alone')")
        connection.execute("UPDATE mentions SET topic = 'alone'")

    other = make_ours(tmp_path / "other.db", more)
    page, story, weeks, front = pages(
        ["/-/pingbacks/alone", "/-/stories/7?database=other", "/-/coverage?database=other", "/-/pingbacks"], file, other
    )
    for shown in (page, story, weeks):
        links = re.findall(r'href="(/-/(?:stories|pingbacks|coverage|sources)[^"]*)"', shown)
        assert links
        assert all("database=other" in link for link in links), links
    assert 'href="/-/stories/7?database=other"' in page
    assert '<input type="hidden" name="database" value="other">' in page
    assert 'href="/-/pingbacks" aria-current="page"' in front, "that page shows all databases"


@pytest.mark.parametrize("name", ["언론", "my press.v2"])
def test_a_database_whose_name_addresses_have_to_encode_has_its_menu(tmp_path: Path, name: str) -> None:
    path = make_ours(tmp_path / f"{name}.db", eventful)
    at = f"/{tilde_encode(name)}"
    for page in pages([at, f"{at}/articles", f"{at}/articles/1", f"{at}/articles?_search="], path):
        assert 'href="/-/coverage"' in page
        assert "search matches" not in page


@pytest.mark.parametrize("strips", [False, True], ids=["a proxy that keeps the prefix", "a proxy that strips it"])
def test_all_works_under_a_prefix(file: Path, strips: bool) -> None:
    def asked(path: str) -> str:
        return path if strips else f"/press{path}"

    async def get(*paths: str) -> list[Any]:
        datasette = Datasette([str(file)], settings={"base_url": "/press/"})
        await datasette.invoke_startup()
        return [await datasette.client.request("GET", asked(path), avoid_path_rewrites=True) for path in paths]

    own, story, table, empty = asyncio.run(
        get("/-/coverage", "/-/stories/7", "/mentions/articles?language=ja", "/mentions/articles?_search=")
    )
    charted = re.findall(r"(?s)<figure.*?</figure>", table.text)[0]  # Datasette's own links beside it are not all right
    scripts = " ".join(re.findall(r'(?:href|src)="[^"]*static-plugins[^"]*"', table.text))
    links = re.findall(r'(?:href|src|action)="(/[^"]*)"', own.text + story.text + charted + scripts)
    assert [link for link in links if not link.startswith("/press/") or "/press/press" in link] == []
    assert 'href="/press/-/coverage" aria-current="page"' in own.text
    assert re.findall(r'href="(/press/mentions/articles\?language=ja&amp;date=[^"]+)"', table.text)
    assert "search matches" not in empty.text
    files = [re.sub("^/press", "", link) for link in links if "static-plugins" in link]
    assert len(files) == 4
    assert [got.status_code for got in asyncio.run(get(*files))] == [200] * 4


NOWHERE = ["/.env", "/-/pingbacks/a/b", "/a/b/c/d", "/mentions/articles/1/2/3", "/-/stories/x"]


@pytest.mark.parametrize("path", NOWHERE)
def test_an_address_that_leads_nowhere_is_404_and_no_error(
    file: Path, path: str, capfd: pytest.CaptureFixture[str]
) -> None:
    got = answer(path, file)
    assert got.status_code == 404
    assert "<h1>Error 404</h1>" in got.text
    assert answer(f"{path}.json", file).json()["status"] == 404
    assert "Traceback" not in "".join(capfd.readouterr())


def test_what_the_press_wrote_is_shown_and_never_run(tmp_path: Path) -> None:
    def hostile(connection: sqlite3.Connection) -> None:
        eventful(connection)
        evil = "<script>x</script>\u202e"
        connection.execute("UPDATE articles SET title = ?, url = 'javascript:x' || id, story_reason = ?", (evil, evil))
        connection.execute("UPDATE revisions SET after = ?", (evil,))
        connection.execute("UPDATE outlets SET name = ?", (evil,))
        connection.execute("UPDATE topics SET name = ?", (evil,))
        connection.execute("UPDATE sources SET note = ?", (evil,))
        connection.execute("UPDATE mentions SET excerpt = ?", (evil,))

    path = make_ours(tmp_path / "mentions.db", hostile)
    shown = [*PAGES, "/mentions/articles/1", "/mentions/articles/2", "/mentions/revisions", "/mentions/articles"]
    for where, page in zip(shown, pages(shown, path), strict=True):
        assert "<script>x" not in page, where
        assert 'href="javascript' not in page, where


def test_pages_of_an_empty_database_say_what_to_do(tmp_path: Path) -> None:
    Store(tmp_path / "mentions.db").close()
    topics, weeks, sources = pages(["/-/pingbacks", "/-/coverage", "/-/sources"], tmp_path / "mentions.db")
    assert "feeds.yaml says what is watched" in topics
    assert "feeds.yaml says what is watched" in weeks
    assert "No source yet" in sources
    assert "No run yet" in sources


# --- as the docs say --------------------------------------------------------------------------------------------------


# Tables with addresses of the press and of its readers, not of what is polled.
OPEN_ADDRESSES = {"addresses", "articles", "citations", "coverage", "links", "pingbacks"}


def keepers(file: Path) -> set[str]:
    """The tables that name a source, or have addresses that nobody has called open."""
    connection = sqlite3.connect(file)
    columns = connection.execute(
        "SELECT tables.name, columns.name FROM sqlite_master AS tables, pragma_table_info(tables.name) AS columns"
    ).fetchall()
    connection.close()
    named = {table for table, column in columns if column == "source"}
    return named | {table for table, column in columns if column == "url"} - OPEN_ADDRESSES


def test_the_public_instance_of_the_docs_shows_the_lists_and_nothing_of_their_keepers(file: Path) -> None:
    text = (ROOT / "docs" / "public.md").read_text(encoding="utf-8")
    config = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)[0])
    options = {"config": config} if hasattr(Datasette, "allowed") else {"metadata": config}
    settings = dict(re.findall(r"--setting (\w+) (\w+)", text))
    options["settings"] = {key: {"on": True, "off": False}.get(value) if not value.isdigit() else int(value)
                           for key, value in settings.items()}  # fmt: skip
    asked = [*PAGES[:-1], "/", "/mentions", "/mentions/articles?_search=送還", "/mentions/articles/1",
             "/mentions/pingbacks.json", "/mentions/who_was_first", "/-/pingbacks/return.atom"]  # fmt: skip
    assert [got.status_code for got in answers(asked, file, **options)] == [200] * len(asked)
    closed_tables = config["databases"]["mentions"]["tables"]
    assert keepers(file) <= set(closed_tables)
    refused = [f"/mentions/{table}{form}" for table in closed_tables for form in ("", ".json", ".csv")]
    sql = f"/mentions{'/-/query' * hasattr(Datasette, 'allowed')}.json?sql=select+url+from+sources"
    refused += [
        "/mentions/sources_gone_quiet",
        "/mentions/open_alerts",
        sql,
        "/mentions.db",
        "/-/sources",
    ]
    for path, got in zip(refused, answers(refused, file, **options), strict=True):
        assert got.status_code in (403, 404), path
    front = answer("/mentions", file, **options).text
    assert not [table for table in closed_tables if f'href="/mentions/{table}"' in front]


SAID = "훈춘 강변에서 목격된 행렬이 밤새 이어졌다"  # the words of a summary
LINKED = "붉은 다리 너머에서 찍은 사진을 보라"  # the words before a link in a body


def test_the_recipe_of_the_docs_leaves_nothing_of_a_summary(tmp_path: Path) -> None:
    extra = (
        f"<description>{SAID} 북송 {{}}</description><c:encoded xmlns:c='http://purl.org/rss/1.0/modules/content/'>"
        f"&lt;p&gt;{LINKED} &lt;a href='https://ours.example/notice'>글&lt;/a&gt; {SAID}&lt;/p&gt;</c:encoded>"
    )
    at = "Thu, 12 Oct 2023 10:00:00 +0900"
    items = [("강변의 밤", "https://daily.example/1", at), ("아침의 강", "https://daily.example/2", at)]
    with Press() as press:
        world = World(press, tmp_path)
        world.source("daily")
        world.source("wire", more="outlet: wire")
        for more in ("1", "2"):  # the second is a revision of the first
            body = rss(*items, extra=extra.format(more))
            press.serve("/daily", body)
            press.serve("/wire", body)
            world.run(later=HOUR)
    for table in ("links", "profiles", "revisions", "mentions"):
        assert world.rows(f"SELECT count(*) FROM {table}") > [(0,)], "there is something to take out"
    assert any(said.encode() in world.db.read_bytes() for said in (SAID, LINKED))
    text = (ROOT / "docs" / "public.md").read_text(encoding="utf-8")
    (recipe,) = re.findall(r'sqlite3 public/new\.db "(.*?)"', text, re.DOTALL)
    for script in (recipe, "VACUUM"):
        with closing(sqlite3.connect(world.db, isolation_level=None)) as connection:
            connection.executescript(script)
        left = world.db.read_bytes()
        assert [said for said in (SAID, LINKED) if said.encode() in left] == []
        with Store(world.db) as store:
            store.reindex()
    ((reason,),) = world.rows("SELECT DISTINCT story_reason FROM articles")  # in which the docs say that words remain
    words_of_it = {*SAID.split(), *LINKED.split()} - set(reason.split())
    assert [word for word in words_of_it if word.encode() in left] == [], "nor their words, without the old index"


def test_reading_never_fails_and_never_goes_stale_while_a_run_writes(tmp_path: Path) -> None:
    path = make_ours(tmp_path / "mentions.db")
    wrote, failed = 0, []

    def write() -> None:
        nonlocal wrote
        with Store(path) as store:
            for number in range(100, 160):
                with store.transaction():
                    store._connection.execute(
                        "INSERT INTO articles (id, date, language, url, title, link, first_seen_at, last_seen_at)"
                        " VALUES (?, '2023-10-15', 'ko', ?, '북송', '', '', '')",
                        (number, f"https://b.example/{number}"),
                    )
                    search.add(store._connection, [(number, "북송", "")])
                    time.sleep(0.01)
                wrote = number

    async def read() -> list[int]:
        datasette = Datasette([str(path)])
        writer = threading.Thread(target=write)
        counts = []
        await datasette.invoke_startup()
        writer.start()
        while writer.is_alive() or wrote < 159:
            before = wrote
            for asked in ("/mentions/articles?_search=북송", "/-/coverage", "/mentions/articles/1"):
                got = await datasette.client.get(asked)
                if got.status_code != 200:
                    failed.append((asked, got.status_code))
            found = (await datasette.client.get("/mentions/articles.json?_shape=array&_size=max&_search=북송")).json()
            counts.append(len(found))
            assert before < 100 or max(row["id"] for row in found) >= before, "what was written before it was asked"
        writer.join()
        found = (await datasette.client.get("/mentions/articles.json?_shape=array&_size=max&_search=북송")).json()
        return [*counts, len(found)]

    counts = asyncio.run(read())
    assert failed == []
    assert counts == sorted(counts)
    assert counts[-1] == 61
