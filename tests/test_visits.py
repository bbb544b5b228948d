"""Visits: what a page may add to its article, what it may not, and how it is asked for on a press on loopback."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socket import socket
from typing import Any

import pytest
from click.testing import CliRunner

from aggregator import config, outlets, pipeline, polling, visits
from aggregator.cli import cli
from aggregator.model import Debt, Found, Item, Kind, Outlet, Page, Source, Status, Summary
from aggregator.store import Store
from tests.press import Press

NOW = datetime(2023, 10, 13, 6, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OURS = "https://ours.example/notice"
URL = "https://daily.example/1"
TITLE = "통일부 “중국서 다수의 북한 주민 북송”"

# --- decisions --------------------------------------------------------------------------------------------------------

SOURCE = Source(id="daily", url="https://daily.example/rss", outlet="daily", zone="Asia/Seoul", visit=True)
NAMES = outlets.directory(
    [
        Outlet(id="daily", name="데일리", country="KR", homepage="https://daily.example"),
        Outlet(id="wire", name="가상통신", country="KR", homepage="https://wire.example"),
        Outlet(id="homeless", name="떠돌이신문", country="KR"),
    ]
)
ITEM = Item(
    title=TITLE,
    link=URL,
    summary="정부가 유감을 표명했다",
    author="김기자",
    dates=(("datePublished", "2023-10-12T10:00:00+09:00"),),
)


def debt(**said: Any) -> Debt:
    return Debt(**{"article": 1, "url": URL, "source": "daily", "title": TITLE, "outlet": "daily"} | said)


def page(item: Item | None = ITEM, owed: Debt | None = None, **answer: Any) -> Page:
    return Page(**{"debt": owed or debt(), "status": Status.OK, "http_status": 200, "url": URL, "item": item} | answer)


def decided(answer: Page) -> Any:
    return visits.decide(answer, SOURCE, NAMES, NOW)


def test_a_page_completes_what_no_source_said() -> None:
    visit = decided(page())
    assert (visit.status, visit.tries, visit.due_at) == (Status.OK, 0, None)
    assert visit.article.published.value == datetime(2023, 10, 12, 1, tzinfo=UTC)
    assert visit.article.published_basis.startswith("page: datePublished: ")
    assert visit.article.published_text == "2023-10-12T10:00:00+09:00"
    assert (visit.article.item.summary, visit.article.item.author) == (ITEM.summary, ITEM.author)


def test_what_a_source_said_stands() -> None:
    article = decided(page(owed=debt(summary="짧은 요약", published_text="12일"))).article
    assert (article.item.title, article.item.summary) == (TITLE, "짧은 요약")
    assert article.published_basis.endswith("; the source printed 12일")


# the page's headline, its address, where it was found, what the source called it, whether it is believed, why
ABOUT = [
    (TITLE, URL, URL, TITLE, True, "the same headline"),
    ("[종합] 통일부 “中서 다수 북한 주민 북송” | 데일리", URL, URL, TITLE, True, "the same headline, edited"),
    ("로그인이 필요합니다", URL, URL, TITLE, False, "a page that asks who reads"),
    ("Page not found", URL, URL, TITLE, False, "a notice in another script"),
    ("", URL, URL, TITLE, False, "no headline"),
    ("무슨 제목이든", URL, URL, "", True, "no source gave a headline, and it stands at the article's address"),
    ("데일리 첫 화면", "https://daily.example/", "https://daily.example/", "", False, "the front page instead"),
    ("무슨 제목이든", URL, "https://daily.example/m/1", "", True, "it names the article's address as its own"),
    (TITLE, URL, "https://parked.example/1", TITLE, False, "another site"),
]


@pytest.mark.parametrize(("title", "link", "url", "called", "believed", "why"), ABOUT, ids=[row[-1] for row in ABOUT])
def test_nothing_is_taken_from_a_page_that_is_not_the_articles(
    title: str, link: str, url: str, called: str, believed: bool, why: str
) -> None:
    item = Item(title=title, link=link, dates=ITEM.dates)
    visit = decided(page(item, debt(title=called), url=url))
    assert (visit.article is not None) is believed
    assert visit.status.failed is not believed


# what the page calls its own address, what is noted, why
CANONICAL = [
    (URL, None, "its own"),
    ("https://daily.example/news/1?utm_source=x", "https://daily.example/news/1", "another one on the same site"),
    ("https://wire.example/1", None, "another site's"),
    ("javascript:alert(1)", None, "no address"),
    (None, None, "none"),
]


@pytest.mark.parametrize(("link", "noted", "why"), CANONICAL, ids=[row[-1] for row in CANONICAL])
def test_the_address_that_a_page_calls_its_own_is_noted_on_the_same_site_only(
    link: str | None, noted: str | None, why: str
) -> None:
    assert decided(page(Item(title=TITLE, link=link))).canonical == noted


# URL, outlet so far, what the page says, outlet, why
WHOSE = [
    (URL, "wire", "데일리", "wire", "what is known stands"),
    (URL, None, "가상통신", "daily", "the outlet at home on that host"),
    ("https://blog.example/1", None, "가상통신", None, "a stranger who says that it is the wire"),
    ("https://blog.example/1", None, "떠돌이신문", "homeless", "an outlet without a home"),
    ("https://n.news.naver.com/article/001/0000000001", None, "가상통신", "wire", "a portal shows others' articles"),
    ("https://blog.example/1", None, None, None, "nobody says"),
]


@pytest.mark.parametrize(("url", "so_far", "says", "outlet", "why"), WHOSE, ids=[row[-1] for row in WHOSE])
def test_whose_article_it_is(url: str, so_far: str | None, says: str | None, outlet: str | None, why: str) -> None:
    answer = page(Item(title=TITLE, link=url, outlet_text=says), debt(url=url, outlet=so_far), url=url)
    found = decided(answer).article.outlet
    assert (found and found.id) == outlet


# status, HTTP status, failed before, what is waited for, why
AGAIN = [
    (Status.TIMEOUT, None, 0, HOUR, "an hour after the first"),
    (Status.UNAVAILABLE, 503, 1, 6 * HOUR, "six hours after the second"),
    (Status.NOT_FOUND, 404, 2, DAY, "a day after the third"),
    (Status.TIMEOUT, None, 3, None, "never after the fourth"),
    (Status.GONE, 410, 0, None, "never where it is gone"),
    (Status.BLOCKED, None, 0, None, "never where robots.txt forbids it"),
    (Status.BLOCKED, 403, 0, HOUR, "again where the server does"),
]


@pytest.mark.parametrize(("status", "http_status", "tries", "wait", "why"), AGAIN, ids=[row[-1] for row in AGAIN])
def test_when_a_page_is_visited_again(
    status: Status, http_status: int | None, tries: int, wait: timedelta | None, why: str
) -> None:
    visit = decided(page(None, debt(tries=tries), status=status, http_status=http_status))
    assert (visit.tries, visit.due_at) == (tries + 1, wait and NOW + wait)


def test_a_server_that_says_when_is_asked_then_but_not_in_a_year() -> None:
    later = page(None, status=Status.RATE_LIMITED, http_status=429, retry_after=3 * HOUR)
    assert decided(later).due_at == NOW + 3 * HOUR
    never = page(None, status=Status.RATE_LIMITED, http_status=429, retry_after=365 * DAY)
    assert decided(never).due_at == NOW + visits.LONGEST


# link on the page, state before, HTTP status, status, state, visited again after, why
LINKS = [
    (True, None, 200, Status.OK, Found.FOUND, None, "there it is"),
    (True, Found.MISSING, 200, Status.OK, Found.FOUND, None, "there it is after all"),
    (True, Found.GONE, 200, Status.OK, Found.FOUND, None, "it came back"),
    (False, None, 200, Status.OK, Found.MISSING, DAY, "once is a slip"),
    (False, Found.MISSING, 200, Status.OK, Found.GONE, None, "twice is an answer"),
    (False, None, 404, Status.NOT_FOUND, Found.GONE, HOUR, "no page, no link"),
    (False, None, 410, Status.GONE, Found.GONE, None, "withdrawn"),
    (False, Found.MISSING, 503, Status.UNAVAILABLE, None, HOUR, "a server in trouble says nothing of links"),
    (False, Found.MISSING, None, Status.TIMEOUT, None, HOUR, "nor does silence"),
    (False, Found.MISSING, 403, Status.BLOCKED, None, HOUR, "nor does a closed door"),
]


@pytest.mark.parametrize(
    ("there", "before", "http_status", "status", "state", "wait", "why"), LINKS, ids=[row[-1] for row in LINKS]
)
def test_what_becomes_of_a_reported_link(
    there: bool, before: Found | None, http_status: int | None, status: Status, state: Found | None,
    wait: timedelta | None, why: str,
) -> None:  # fmt: skip
    item = ITEM if status is Status.OK else None
    owed, targets = debt(links={"topic": (OURS, before)}), frozenset({OURS} if there else ())
    visit = decided(page(item, owed, status=status, http_status=http_status, links=targets))
    assert {topic: found for topic, (found, _) in visit.links.items()} == ({"topic": state} if state else {})
    assert visit.due_at == (wait and NOW + wait)


def test_a_page_is_asked_for_as_its_source_is_but_without_what_was_meant_for_that_alone() -> None:
    private = Source(
        id="inside", url="http://me:secret@10.0.0.1/rss", allow_private=True, encoding="euc-kr", contact="a@b.example"
    )
    asked = visits.asked(debt(url="http://10.0.0.1/1"), private)
    assert (asked.url, asked.kind, asked.encoding, asked.contact) == (
        "http://10.0.0.1/1", Kind.PAGE, None, "a@b.example",
    )  # fmt: skip
    assert asked.allow_private
    assert not visits.asked(debt(url="http://10.0.0.2/admin"), private).allow_private
    assert asked.max_bytes == visits.MAX_BYTES


# --- runs -------------------------------------------------------------------------------------------------------------


def html(title: str = TITLE, date: str = "2023-10-12T10:00:00+09:00", body: str = "", head: str = "") -> bytes:
    """The page of an article."""
    published = f'<meta property="article:published_time" content="{date}">' if date else ""
    return (
        f'<!doctype html><html lang="ko"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta property="og:type" content="article"><meta property="og:title" content="{title}">'
        f'<meta property="og:description" content="정부가 유감을 표명했다"><meta name="author" content="김기자">'
        f"{published}{head}</head><body><article><h1>{title}</h1><p>본문 {body}</p></article></body></html>"
    ).encode()


class World:
    """A press whose feed leaves out dates and summaries, the pages of its articles, and a database."""

    def __init__(self, press: Press, folder: Path) -> None:
        self.press, self.db, self.now, self.visit = press, folder / "mentions.db", NOW, "true"
        self.kind, self.sources = "feed", ["daily"]

    def feed(self, *paths: str, name: str = "daily", host: str | None = None, extra: str = "") -> None:
        """A feed of articles that all have the same headline and nothing else."""
        items = "".join(
            f"<item><title>{TITLE}</title><link>{self.press.url(path, host=host)}</link>{extra}</item>"
            for path in paths
        )
        self.press.serve(f"/{name}", f'<rss version="2.0"><channel>{items}</channel></rss>'.encode())

    def page(self, path: str, body: bytes = b"", **answer: Any) -> None:
        self.press.serve(path, body, **{"content_type": "text/html; charset=utf-8", "etag": False} | answer)

    @property
    def config(self) -> config.Config:
        hosts = {"other": "localhost"}
        addresses = {name: self.press.url(f"/{name}", host=hosts.get(name)) for name in self.sources}
        sources = "".join(
            f'  - {{id: {name}, url: "{url}", kind: {self.kind}, zone: Asia/Seoul, visit: {self.visit}}}\n'
            for name, url in addresses.items()
        )
        topics = f"topics: {{repatriation: {{pages: ['{OURS}'], terms: {{ko: [유감]}}}}}}"
        return config.parse(f"fetch: {{allow_private: true, timeout: 5s}}\n{topics}\nsources:\n{sources}")

    def run(self, *, later: timedelta = timedelta(), **order: Any) -> Summary:
        self.now += later
        edges = pipeline.Edges(clock=lambda: self.now, dice=lambda: 0.5)
        with Store(self.db) as store:
            return pipeline.run(self.config, store, pipeline.Order(**order), edges)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self.db)
        found = connection.execute(sql).fetchall()
        connection.close()
        return found

    @property
    def visited(self) -> list[str]:
        """The paths that were asked for, feeds and robots.txt aside."""
        aside = {"/robots.txt", *(f"/{name}" for name in self.sources)}
        return [request.path for request in self.press.requests if request.path not in aside]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with Press() as press:
        yield World(press, tmp_path)


def test_what_the_feed_left_out_comes_from_the_page(world: World) -> None:
    world.feed("/1")
    world.page("/1", html(head=f'<link rel="canonical" href="{world.press.url("/news/1")}">'))
    summary = world.run()
    assert (summary.new, summary.visits, summary.as_dict()["visits"]) == (1, (1, 0), {"ok": 1, "failed": 0})
    assert world.rows("SELECT date, title, summary, author, published_at, published_precision FROM articles") == [
        ("2023-10-12", TITLE, "정부가 유감을 표명했다", "김기자", "2023-10-12T01:00:00Z", "second")
    ]
    ((basis, text),) = world.rows("SELECT published_basis, published_text FROM articles")
    assert (basis[:6], text) == ("page: ", "2023-10-12T10:00:00+09:00")
    assert world.rows("SELECT article, status, tries, due_at, canonical FROM visits") == [
        (1, "ok", 0, None, world.press.url("/news/1"))
    ]


def test_the_new_summary_is_held_against_the_topics_and_is_found_by_the_search(world: World) -> None:
    world.feed("/1")
    world.page("/1", html())
    assert world.run().mentions == 1
    assert world.rows("SELECT topic, field, matched FROM mentions") == [("repatriation", "summary", "유감")]
    assert world.rows("SELECT topics FROM articles") == [('["repatriation"]',)]
    with Store(world.db) as store:
        assert len(store.search("유감", 5)) == 1


def test_a_page_is_visited_once_and_asked_for_politely(world: World) -> None:
    world.feed("/1")
    world.page("/1", html())
    world.run()
    world.run(later=30 * DAY)
    assert world.visited == ["/1"]
    (request,) = world.press.asked("/1")
    assert request.headers["User-Agent"].startswith("press-pingbacks/")
    assert "(+" in request.headers["User-Agent"]
    assert request.headers["Accept"].startswith("text/html")
    assert [request.headers[name] for name in ("Cookie", "Referer", "Authorization")] == [None] * 3


def test_nothing_is_visited_without_the_key(world: World) -> None:
    world.visit = "false"
    world.feed("/1")
    world.page("/1", html())
    summary = world.run()
    assert (summary.new, summary.visits, "visits" in summary.as_dict()) == (1, (0, 0), False)
    assert (world.visited, world.press.asked("/robots.txt"), world.rows("SELECT * FROM visits")) == ([], [], [])


def test_nothing_is_visited_where_the_key_was_taken_back(world: World) -> None:
    world.feed("/1")
    world.page("/1", html())
    world.run(visits=0)
    world.visit = "false"
    world.run(later=HOUR)
    assert world.visited == []


def test_nothing_is_visited_without_a_budget_and_what_is_owed_is_visited_by_a_run_in_which_nothing_is_due(
    world: World,
) -> None:
    world.feed("/1")
    world.page("/1", html())
    world.run(visits=0)
    assert world.visited == []
    summary = world.run()
    assert (summary.due, summary.visits) == (0, (1, 0))


def test_the_key_works_for_what_the_source_still_shows(world: World) -> None:
    world.visit = "false"
    world.feed("/1")
    world.run()
    world.visit = "true"
    world.feed("/1", "/2")
    world.page("/1", html())
    world.page("/2", html())
    assert world.run(later=DAY).visits == (2, 0)


def test_an_article_that_lacks_nothing_is_not_visited(world: World) -> None:
    world.feed("/1", extra="<pubDate>Thu, 12 Oct 2023 10:00:00 +0900</pubDate><description>요약</description>")
    world.run()
    assert world.visited == []
    assert world.press.asked("/robots.txt") == []


def test_the_budget_goes_to_the_oldest_debt_first(world: World) -> None:
    paths = [f"/{number}" for number in range(5)]
    for path in paths:
        world.page(path, html())
    world.feed("/3", "/4")
    world.run(visits=0)
    world.feed(*paths)
    assert world.run(visits=3, later=DAY).visits == (3, 0)
    assert world.visited[:2] == ["/3", "/4"]
    assert world.run(later=HOUR).visits == (2, 0)
    assert sorted(world.visited) == paths


def test_a_sitemap_without_headlines_gets_them_from_the_pages(world: World) -> None:
    world.kind = "sitemap"
    entry = f"<url><loc>{world.press.url('/1')}</loc><lastmod>2023-10-12</lastmod></url>"
    space = "http://www.sitemaps.org/schemas/sitemap/0.9"
    world.press.serve("/daily", f'<urlset xmlns="{space}">{entry}</urlset>'.encode())
    world.page("/1", html())
    world.run()
    assert world.rows("SELECT title, language, published_text FROM articles") == [(TITLE, "ko", "2023-10-12")]
    with Store(world.db) as store:
        assert len(store.search("북송", 5)) == 1


def test_the_command_takes_the_budget_and_tells_of_visits(world: World, tmp_path: Path) -> None:
    feeds = tmp_path / "feeds.yaml"
    source = f'{{id: daily, url: "{world.press.url("/daily")}", allow_private: true, visit: true}}'
    feeds.write_text(f"sources: [{source}]\n", "utf-8")
    world.feed("/1", "/2", "/3")
    world.page("/1", html())
    world.page("/3", html())
    common = ["run", "-c", str(feeds), "--db", str(world.db)]
    first = CliRunner().invoke(cli, [*common, "--visits", "1", "--json"])
    assert (first.exit_code, json.loads(first.stdout)["visits"]) == (0, {"ok": 1, "failed": 0})
    second = CliRunner().invoke(cli, [*common, "-v"])
    assert second.stdout.endswith("; 1 pages visited, 1 in vain\n")
    assert CliRunner().invoke(cli, [*common, "-q"]).output == ""


# --- robots.txt -------------------------------------------------------------------------------------------------------


def test_what_robots_txt_forbids_is_not_visited_and_not_tried_again(world: World) -> None:
    world.feed("/private/1", "/2")
    world.page("/private/1", html())
    world.page("/2", html())
    world.press.serve("/robots.txt", b"User-agent: press-pingbacks\nDisallow: /private/\n", content_type="text/plain")
    assert world.run().visits == (1, 1)
    world.run(later=2 * DAY)
    assert world.visited == ["/2"]
    assert world.rows("SELECT status, note, due_at FROM visits WHERE article = 1") == [
        ("blocked", "robots.txt does not allow it", None)
    ]


def test_while_robots_txt_is_in_trouble_nothing_is_visited(world: World) -> None:
    world.feed("/1", "/2")
    world.page("/1", html())
    world.page("/2", html())
    world.press.serve("/robots.txt", b"", status=503)
    assert world.run().visits == (0, 1)
    assert world.visited == []
    assert world.rows("SELECT status, tries FROM visits ORDER BY article") == [("unavailable", 1), (None, 0)]
    assert len(world.press.asked("/robots.txt")) == 1
    world.press.serve("/robots.txt", b"", content_type="text/plain")
    assert world.run(later=HOUR).visits == (2, 0)


def test_robots_txt_is_kept_for_a_day(world: World) -> None:
    for number, later in enumerate((timedelta(), HOUR, 22 * HOUR, 2 * HOUR)):
        world.feed(*(f"/{n}" for n in range(number + 1)))
        world.page(f"/{number}", html())
        world.run(later=later)
    assert world.visited == ["/0", "/1", "/2", "/3"]
    assert len(world.press.asked("/robots.txt")) == 2
    assert world.rows("SELECT host, status FROM robots") == [(world.press.url(""), "not_found")]


def test_a_crawl_delay_is_waited_for_and_a_long_one_leaves_the_rest_for_later(world: World) -> None:
    world.feed("/1", "/2")
    world.page("/1", html())
    world.page("/2", html())
    world.press.serve("/robots.txt", b"User-agent: *\nCrawl-delay: 0.4\n", content_type="text/plain")
    begun = time.monotonic()
    assert world.run().visits == (2, 0)
    assert time.monotonic() - begun >= 0.4


def test_with_a_long_crawl_delay_the_others_of_the_host_wait_for_an_hour(world: World) -> None:
    world.feed("/1", "/2", "/3")
    for path in ("/1", "/2", "/3"):
        world.page(path, html())
    world.press.serve("/robots.txt", b"User-agent: *\nCrawl-delay: 30\n", content_type="text/plain")
    assert world.run().visits == (1, 0)
    assert world.rows("SELECT tries, due_at FROM visits ORDER BY article")[1:] == [(0, "2023-10-13T07:00:00Z")] * 2
    assert world.run(later=HOUR).visits == (1, 0)


# --- bad pages --------------------------------------------------------------------------------------------------------


def test_a_failed_visit_fails_nothing_else_and_is_tried_three_times_more(world: World) -> None:
    world.feed("/1")
    world.page("/1", b"", status=500)
    assert (world.run().exit_code, len(world.visited)) == (0, 1)
    for later, count in ((HOUR - timedelta(minutes=1), 1), (HOUR, 2), (6 * HOUR, 3), (DAY, 4), (30 * DAY, 4)):
        world.run(later=later)
        assert len(world.visited) == count
    assert world.rows("SELECT status, tries, due_at FROM visits") == [("http_error", 4, None)]
    assert world.rows("SELECT published_at FROM articles") == [(None,)]


def test_a_host_in_trouble_is_asked_once_and_its_other_pages_wait_without_a_failure(world: World) -> None:
    world.feed("/1", "/2")
    world.page("/1", b"", status=503)
    world.page("/2", html())
    assert world.run().visits == (0, 1)
    assert world.visited == ["/1"]
    assert world.rows("SELECT tries, due_at FROM visits ORDER BY article") == [
        (1, "2023-10-13T07:00:00Z"),
        (0, "2023-10-13T07:00:00Z"),
    ]


HOSTILE = [
    (b"<div>" * 10_000, "nested without an end"),
    (b"\x00\xff" * 50_000, "no text"),
    (b"", "nothing"),
    (html(title="<script>alert(1)</script>" * 1_000), "a headline of scripts"),
    (html(date="2199-01-01T00:00:00Z", head='<script type="application/ld+json">[[[[{"@type":</script>'), "lies"),
    (b"<" * 200_000, "brackets alone"),
    (html(title=TITLE) + b"x" * (visits.MAX_BYTES + 1), "larger than a page"),
]


@pytest.mark.parametrize(("body", "why"), HOSTILE, ids=[row[-1] for row in HOSTILE])
def test_a_hostile_page_brings_no_date_and_no_harm(
    world: World, body: bytes, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    world.feed("/1")
    world.page("/1", body)
    assert world.run().exit_code == 0
    assert world.rows("SELECT title, published_at FROM articles") == [(TITLE, None)]
    assert world.rows("SELECT status FROM visits WHERE status = 'bug'") == []
    assert caplog.text == ""


def test_one_page_of_a_host_at_a_time_and_hosts_at_once(world: World) -> None:
    busy, most, guard = dict.fromkeys(("127.0.0.1", "localhost"), 0), {"one": 0, "all": 0}, threading.Lock()

    def slow(request: BaseHTTPRequestHandler, _: socket) -> None:
        host = request.headers["Host"].partition(":")[0]
        with guard:
            busy[host] += 1
            most["one"], most["all"] = max(most["one"], busy[host]), max(most["all"], sum(busy.values()))
        time.sleep(0.15)
        with guard:
            busy[host] -= 1
        body = html()
        request.send_response(200)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    world.sources = ["daily", "other"]
    paths = [f"/{number}" for number in range(6)]
    for path in paths:
        world.press.route(path, slow)
    world.feed(*paths[:3])
    world.feed(*paths[3:], name="other", host="localhost")
    assert world.run().visits == (6, 0)
    assert most == {"one": 1, "all": 2}


# --- links ------------------------------------------------------------------------------------------------------------

LINK = f'<description>&lt;a href="{OURS}"&gt;they say&lt;/a&gt;</description>'


def states(world: World) -> list[tuple[Any, ...]]:
    return world.rows("SELECT link_state, link_note, retired_at IS NOT NULL FROM mentions WHERE kind = 'link'")


def pinged(world: World) -> list[tuple[Any, ...]]:
    return world.rows("SELECT mention FROM pingbacks")


def test_a_link_that_a_feed_reports_is_confirmed_by_the_page(world: World) -> None:
    world.feed("/1", extra=LINK)
    world.page("/1", html(body=f'<a href="{OURS}?utm_source=x">그들은</a>', head=""))
    world.run()
    assert states(world) == [("found", "the page has it", 0)]
    world.run(later=30 * DAY)
    assert world.visited == ["/1"]


def test_a_link_that_another_source_reports_is_looked_for_though_the_first_shows_the_article_no_more(
    world: World,
) -> None:
    world.feed("/1", extra="<pubDate>Thu, 12 Oct 2023 10:00:00 +0900</pubDate><description>요약</description>")
    world.run()
    world.feed("/2", extra="<pubDate>Fri, 13 Oct 2023 10:00:00 +0900</pubDate><description>다른 요약</description>")
    world.run(later=DAY)
    assert world.visited == []
    world.sources = ["daily", "other"]
    world.feed("/1", name="other", extra=LINK)
    world.page("/1", html(body=f'<a href="{OURS}">그들은</a>'))
    world.run(later=DAY)
    assert world.visited == ["/1"]
    assert states(world) == [("found", "the page has it", 0)]


def test_a_link_that_the_page_does_not_have_is_retired_at_the_second_look(world: World) -> None:
    world.feed("/1", extra=LINK)
    world.page("/1", html(body=f"nothing but the words {OURS}"))
    world.run()
    assert [(state, retired) for state, _, retired in states(world)] == [("missing", 0)]
    assert len(pinged(world)) == 1
    world.run(later=DAY)
    assert states(world) == [("gone", "the page did not have it when it was visited twice", 1)]
    assert (pinged(world), world.rows("SELECT topics FROM articles")) == ([], [("[]",)])


@pytest.mark.parametrize("status", [404, 410])
def test_a_page_that_is_gone_takes_its_link_along(world: World, status: int) -> None:
    world.feed("/1", extra=LINK)
    world.page("/1", status=status)
    world.run()
    assert states(world) == [("gone", f"the page answered {status}", 1)]


def test_a_link_that_is_gone_stays_so_whoever_says_it_again_until_the_page_has_it(world: World) -> None:
    world.feed("/1", extra=LINK)
    world.page("/1", status=404)
    world.run()
    with Store(world.db) as store:
        pipeline.rematch(world.config, store, world.now)
    world.feed("/1", extra=LINK.replace("they say", "as they say"))
    world.page("/1", html(body=f'<a href="{OURS}">그들은</a>'))
    world.run(visits=0, later=2 * HOUR)
    assert pinged(world) == []
    world.run()
    assert [(state, retired) for state, _, retired in states(world)] == [("found", 0)]
    assert len(pinged(world)) == 1


# --- sitemaps ---------------------------------------------------------------------------------------------------------


def sitemap(world: World, *entries: str, root: str = "urlset") -> bytes:
    return f'<{root} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{"".join(entries)}</{root}>'.encode()


def test_of_a_sitemap_only_what_is_newer_than_the_last_time_is_taken(world: World) -> None:
    def entry(path: str, day: int) -> str:
        return f"<url><loc>{world.press.url(path)}</loc><lastmod>2023-10-{day:02}T09:00:00Z</lastmod></url>"

    world.kind, world.visit = "sitemap", "false"
    world.press.serve("/daily", sitemap(world, entry("/1", 10)))
    assert world.run().new == 1
    world.press.serve("/daily", sitemap(world, entry("/old", 1), entry("/1", 10), entry("/2", 12), entry("/late", 10)))
    summary = world.run(later=DAY)
    assert (summary.ok, summary.new) == (1, 2)
    assert world.rows("SELECT count(*) FROM articles WHERE url LIKE '%/old'") == [(0,)]


def test_of_a_large_sitemap_the_newest_are_taken(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aggregator.knowledge.SITEMAP_ITEMS", 2)
    world.kind, world.visit = "sitemap", "false"
    days = (3, 9, 1, 7)
    entries = (f"<url><loc>{world.press.url(f'/{day}')}</loc><lastmod>2023-10-0{day}</lastmod></url>" for day in days)
    world.press.serve("/daily", sitemap(world, *entries))
    assert world.run().new == 2
    assert world.rows("SELECT date FROM articles ORDER BY date") == [("2023-10-07",), ("2023-10-09",)]


def test_an_index_reads_a_few_of_its_sitemaps_never_itself_and_notes_no_tokens(world: World) -> None:
    world.kind, world.visit = "sitemap", "false"
    children = [f"/child/{number:03}?token=secret" for number in range(100)]
    locations = [world.press.url("/daily"), *map(world.press.url, children)]
    index = [f"<sitemap><loc>{one}</loc><lastmod>2023-10-12</lastmod></sitemap>" for one in locations]
    world.press.serve("/daily", sitemap(world, *index, root="sitemapindex"))
    world.run()
    assert len(world.press.asked("/daily")) == 1
    assert len(world.visited) == polling.SITEMAP_CHILDREN
    ((note,),) = world.rows("SELECT note FROM fetches")
    assert "/child/000: not_found" in note
    assert "secret" not in note


def test_credentials_of_a_sitemap_go_to_its_own_origin_alone(world: World) -> None:
    with Press() as stranger:
        inside = world.press.url("/inside", host="localhost")
        locations = (world.press.url("/own"), stranger.url("/foreign"), inside)
        index = [f"<sitemap><loc>{one}</loc></sitemap>" for one in locations]
        world.press.serve("/daily", sitemap(world, *index, root="sitemapindex"))
        address = world.press.url("/daily").replace("//", "//me:secret@")
        text = f'sources: [{{id: daily, url: "{address}", kind: sitemap, allow_private: true}}]'
        edges = pipeline.Edges(clock=lambda: NOW, dice=lambda: 0.5)
        with Store(world.db) as store:
            pipeline.run(config.parse(text), store, pipeline.Order(), edges)
        assert world.press.asked("/own")[0].headers["Authorization"].startswith("Basic ")
        assert stranger.asked("/foreign")[0].headers["Authorization"] is None
    assert world.press.asked("/inside") == []  # private, and not where the source is
    assert "secret" not in str(world.rows("SELECT note FROM fetches"))


FORBIDDEN = b"User-agent: *\nDisallow: /2"
LEADS: list[tuple[str, str | None, bytes, str, list[str], str]] = [
    ("other", None, b"User-agent: *\nDisallow: /1", "ok", ["/robots.txt", "/2"], "another origin allows it"),
    ("other", None, FORBIDDEN, "blocked", ["/robots.txt"], "or does not, whatever the first one says"),
    ("other", "localhost", b"", "http_error", [], "another site is not even asked: nothing would be taken"),
    ("own", None, b"", "ok", ["/2"], "the same origin needs no second robots.txt"),
]


@pytest.mark.parametrize("row", LEADS, ids=[row[-1] for row in LEADS])
def test_a_page_that_leads_to_another_origin_is_asked_for_there_as_its_robots_txt_allows(
    world: World, row: tuple[str, str | None, bytes, str, list[str], str]
) -> None:
    name, host, rules, status, asked, why = row
    with Press() as other:
        there = {"own": world.press, "other": other}[name]
        world.feed("/1")
        world.press.redirect("/1", there.url("/2", host=host))
        there.serve("/2", html(), content_type="text/html; charset=utf-8", etag=False)
        other.serve("/robots.txt", rules, content_type="text/plain")
        world.run()
        paths = [request.path for request in there.requests if there is other or request.path == "/2"]
    assert world.rows("SELECT status FROM visits") == [(status,)], why
    assert paths == asked
    assert world.rows("SELECT date FROM articles") == [("2023-10-12" if status == "ok" else None,)]


def test_pages_that_lead_from_origin_to_origin_come_to_an_end(world: World) -> None:
    with Press() as other:
        world.feed("/1")
        world.press.redirect("/1", other.url("/1"))
        other.redirect("/1", world.press.url("/1"))
        world.run()
        assert len([one for one in (*world.press.requests, *other.requests) if one.path == "/1"]) < 6
    assert world.rows("SELECT status FROM visits") == [("http_error",)]


def test_robots_txt_is_asked_for_as_the_text_that_it_is(world: World) -> None:
    world.feed("/1")
    world.page("/1", html())
    world.run()
    (request,) = world.press.asked("/robots.txt")
    assert request.headers["Accept"] == "text/plain, */*;q=0.5"
