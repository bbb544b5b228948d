"""The run, against a press on loopback: what it asks, what it stores, and what it leaves alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socket import socket
from typing import Any

import pytest

from aggregator import articles, config, hosts, pipeline, polling
from aggregator.errors import UsageError
from aggregator.model import Document, Fetched, Outcome, Poll, Source, SourceState, Status
from aggregator.store import Store
from tests.press import Press
from tests.world import FIRST, HOUR, NOW, OUTLETS, SECOND, World, rss


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with Press() as press:
        yield World(press, tmp_path)


def test_every_item_is_stored_and_those_that_mention_a_topic_are_mentions(world: World) -> None:
    world.press.serve("/daily", rss(FIRST, SECOND))
    world.source("daily")
    summary = world.run()
    assert (summary.due, summary.ok, summary.new, summary.mentions, summary.exit_code) == (1, 1, 2, 1, 0)
    assert world.rows("SELECT topic, date, outlet, title, url, language, excerpt FROM pingbacks") == [
        ("repatriation", "2023-10-12", "데일리", FIRST[0], FIRST[1], "ko", f"[…] {FIRST[0]} […]")
    ]
    assert world.rows("SELECT title, published_at, published_text FROM articles ORDER BY id") == [
        (FIRST[0], "2023-10-12T01:00:00Z", FIRST[2]),
        (SECOND[0], "2023-10-12T02:00:00Z", SECOND[2]),
    ]


def test_a_second_run_with_everything_unchanged_answers_304_and_adds_no_row(world: World) -> None:
    world.press.serve("/daily", rss(FIRST, SECOND))
    world.source("daily")
    world.run()
    before = [world.rows(f"SELECT * FROM {table}") for table in ("articles", "sightings", "mentions", "revisions")]
    summary = world.run(later=HOUR)
    assert (summary.unchanged, summary.new, summary.changed) == (1, 0, 0)
    assert [
        world.rows(f"SELECT * FROM {table}") for table in ("articles", "sightings", "mentions", "revisions")
    ] == before
    assert world.rows("SELECT status, http_status FROM fetches ORDER BY id") == [("ok", 200), ("unchanged", 304)]
    first, second = world.press.asked("/daily")
    assert "If-None-Match" not in first.headers
    assert "If-None-Match" in second.headers


def test_the_same_body_again_is_unchanged_though_the_server_says_200(world: World) -> None:
    world.press.serve("/daily", rss(FIRST), etag=False)
    world.source("daily")
    world.run()
    assert world.run(later=HOUR).unchanged == 1
    assert world.rows("SELECT status, http_status FROM fetches ORDER BY id") == [("ok", 200), ("unchanged", 200)]


@pytest.mark.parametrize(
    ("head", "item", "unchanged", "why"),
    [
        ("<lastBuildDate>Fri, 13 Oct 2023 10:00:00 +0900</lastBuildDate>", FIRST, 1, "many feeds are made when asked"),
        ("<dc:date>2023-10-13T10:00:00+09:00</dc:date>", FIRST, 1, "RSS 1.0 says so in its own way"),
        ("<title>a new name</title>", FIRST, 0, "all else before the items counts"),
        ("", (*FIRST[:2], "Fri, 13 Oct 2023 10:00:00 +0900"), 0, "and so does the date of an item"),
    ],
)
def test_a_feed_that_was_only_made_anew_is_the_same_body(
    world: World, head: str, item: tuple[str, str, str], unchanged: int, why: str
) -> None:
    made = b"<channel><lastBuildDate>Thu, 12 Oct 2023 10:00:00 +0900</lastBuildDate>"
    dated = b"<channel><dc:date>2023-10-12T10:00:00+09:00</dc:date>"
    before = dated if "dc:date" in head else made
    world.press.serve("/daily", rss(FIRST).replace(b"<channel>", before), etag=False)
    world.source("daily")
    world.run()
    after = f"<channel>{head}".encode() if unchanged else before + head.encode()
    world.press.serve("/daily", rss(item).replace(b"<channel>", after), etag=False)
    assert world.run(later=HOUR).unchanged == unchanged, why


NEWS = "http://www.google.com/schemas/sitemap-news/0.9"
OLD = ("지난주 서울 지하철 2호선 지연", "https://daily.example/0", "2023-10-05T10:00:00+09:00")
LATE = ("통일부 “중국서 다수의 북한 주민 북송”", "https://daily.example/1", "2023-10-12T10:00:00+09:00")
LATER = ("서울 지하철 2호선 출근길 지연", "https://daily.example/2", "2023-10-12T11:00:00+09:00")


def urlset(*items: tuple[str, str, str]) -> bytes:
    """A news sitemap of (title, link, date)."""
    urls = "".join(
        f"<url><loc>{link}</loc><n:news><n:publication_date>{date}</n:publication_date><n:title>{title}</n:title>"
        "</n:news></url>"
        for title, link, date in items
    )
    return f'<urlset xmlns:n="{NEWS}">{urls}</urlset>'.encode()


LIST = (
    f"<html><body><ul><li><a href='{LATE[1]}'>{LATE[0]}</a><li><a href='{LATER[1]}'>{LATER[0]}</a></ul></body></html>"
)
HALVES = [
    ("feed", rss(FIRST, SECOND), SECOND[1].encode(), "a feed, in the middle of an address"),
    ("sitemap", urlset(LATE, LATER), LATER[1].encode(), "a sitemap, likewise"),
    ("page, select: {item: li}", LIST.encode(), LATER[1].encode(), "a page, in the middle of a tag"),
]


@pytest.mark.parametrize("etag", [True, False], ids=["304", "the same body"])
def test_what_a_feed_says_of_how_often_it_is_asked_holds_until_it_says_something_else(world: World, etag: bool) -> None:
    daily = rss(FIRST).replace(b"<channel>", b"<channel><ttl>1440</ttl>")
    world.press.serve("/daily", daily, etag=etag)
    world.source("daily")
    for asked, _ in enumerate(range(3), 1):
        world.run(later=HOUR * 24)
        assert world.run(later=HOUR).due == 0
        assert len(world.press.asked("/daily")) == asked
    world.press.serve("/daily", rss(FIRST, SECOND), etag=etag)
    world.run(later=HOUR * 24)
    assert world.run(later=HOUR).due == 1


BARE = f"<ul><li><a href='https://daily.example/9'>머리기사</a><b>{FIRST[0]}</b><i>2023-10-12 10:00</i></ul>"
NAMED_OTHERWISE = rss((FIRST[0], FIRST[1], "2023-10-12 10:00"))
READ = [
    ("kind: page, select: {item: li}", "kind: page, select: {item: li, title: b}", BARE.encode(), "selectors"),
    ("encoding: shift_jis", "encoding: euc-kr", NAMED_OTHERWISE.decode().replace("“", "").replace("”", "").replace(
        "…", "").encode("cp949"), "an encoding"),
    ("kind: references", "kind: feed", NAMED_OTHERWISE, "a kind"),
    ("zone: UTC", "zone: Asia/Seoul", NAMED_OTHERWISE, "a zone"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "body", "why"), READ, ids=[row[-1] for row in READ])
@pytest.mark.parametrize("etag", [True, False], ids=["304", "the same body"])
def test_what_feeds_yaml_now_has_read_in_another_way_is_read_again(
    world: World, before: str, after: str, body: bytes, why: str, etag: bool
) -> None:
    world.press.serve("/daily", body, etag=etag)
    world.source("daily", more=f"outlet: daily, {before}")
    world.run()
    world.run("daily")
    world.sources = world.sources.replace(before, after)
    assert world.run(later=HOUR / 60).due == 1, "it is due at once"
    assert world.rows("SELECT status FROM fetches ORDER BY id DESC LIMIT 1") == [("ok",)], why
    assert world.run(later=HOUR).unchanged == 1


def test_a_zone_that_was_wrong_makes_no_older_copy_of_the_next_body(world: World) -> None:
    world.now += HOUR * 12
    world.press.serve("/daily", rss(("북송 반대", FIRST[1], "2023-10-12 10:00")))
    world.source("daily", more="outlet: daily, zone: UTC")
    world.run()
    world.press.serve("/daily", rss(("북송 반대 집회", FIRST[1], "2023-10-12 10:00")))
    world.sources = world.sources.replace("UTC", "Asia/Seoul")
    world.run(later=HOUR)
    assert world.rows("SELECT title FROM articles") == [("북송 반대 집회",)]


def test_a_source_that_is_switched_off_stays_so_with_another_address(world: World) -> None:
    world.press.serve("/daily", rss(FIRST))
    world.source("daily", more="outlet: daily, enabled: false")
    world.source("other")
    world.run()
    world.sources = world.sources.replace("/daily", "/new")
    world.run()
    assert world.rows("SELECT id, enabled FROM sources ORDER BY id") == [("daily", 0), ("other", 1)]


@pytest.mark.parametrize(("kind", "whole", "place", "why"), HALVES, ids=[row[-1] for row in HALVES])
@pytest.mark.parametrize("length", [True, False], ids=["its own length", "no length"])
def test_half_a_document_stores_nothing_and_no_validator(
    world: World, kind: str, whole: bytes, place: bytes, why: str, length: bool
) -> None:
    half = whole[: whole.index(place) + len(place) - 1]
    lines = f'HTTP/1.1 200 OK\r\nETag: "half"\r\n{f"Content-Length: {len(half)}" if length else "X: y"}\r\n\r\n'
    world.press.raw("/daily", lines.encode() + half)
    world.source("daily", more=f"outlet: daily, kind: {kind}")
    world.run()
    assert world.rows("SELECT status, items FROM fetches") == [("truncated", 0)], why
    assert world.rows("SELECT etag, body_hash, body_at FROM sources") == [(None, None, None)]
    assert world.rows("SELECT count(*) FROM articles") == [(0,)]
    world.press.serve("/daily", whole)
    assert world.run(later=HOUR * 2).new == 2


def test_nothing_is_asked_before_it_is_due_unless_it_is_named_or_all_are_asked(world: World) -> None:
    world.press.serve("/daily", rss(FIRST))
    world.source("daily")
    world.run()
    assert world.run(later=HOUR / 2).due == 0
    assert len(world.press.requests) == 1
    assert world.run("daily").due == 1
    assert world.run(everything=True).due == 1
    with pytest.raises(UsageError, match="nobody"):
        world.run("nobody")


def test_an_edited_headline_is_a_revision_and_a_correction_says_so(world: World) -> None:
    world.source("daily")
    for title in ("남평 통해 북송", "남평 통해 북송 확인", "[정정] 난핑 통해 북송 확인"):
        world.press.serve("/daily", rss((title, *FIRST[1:])))
        world.run(later=HOUR)
    assert world.rows("SELECT before, after, kind FROM revisions ORDER BY id") == [
        ("남평 통해 북송", "남평 통해 북송 확인", "edit"),
        ("남평 통해 북송 확인", "[정정] 난핑 통해 북송 확인", "correction"),
    ]
    assert world.rows("SELECT title FROM articles") == [("[정정] 난핑 통해 북송 확인",)]


def test_yesterdays_copy_of_a_feed_edits_nothing(world: World) -> None:
    old = rss(("북송 반대", *FIRST[1:]))
    new = rss(SECOND, ("북송 반대 집회", *FIRST[1:]))
    world.source("daily")
    for body in (old, new, old, new):
        world.press.serve("/daily", body)
        world.run(later=HOUR)
    assert world.rows("SELECT before, after FROM revisions") == [("북송 반대", "북송 반대 집회")]
    assert world.rows("SELECT title FROM articles WHERE url = 'https://daily.example/1'") == [("북송 반대 집회",)]


def test_one_article_through_two_sources_is_one_row(world: World) -> None:
    world.press.serve("/all", rss(FIRST))
    world.press.serve("/section", rss((FIRST[0], FIRST[1] + "?utm_source=rss", FIRST[2])))
    world.source("all")
    world.source("section")
    summary = world.run()
    assert summary.new == 1
    assert world.rows("SELECT count(*) FROM articles") == [(1,)]
    assert world.rows("SELECT count(*) FROM sightings") == [(2,)]


def test_wire_text_under_another_outlets_address_is_a_copy_of_the_one_published_first(world: World) -> None:
    long = "통일부 “중국서 다수의 북한 주민 북송…탈북민 숫자는 미확인”"
    world.press.serve("/daily", rss((f"[속보] {long}", "https://daily.example/9", "Thu, 12 Oct 2023 12:00:00 +0900")))
    world.press.serve("/wire", rss((long, "https://wire.example/1", "Thu, 12 Oct 2023 11:50:00 +0900")))
    world.source("daily")
    world.run()
    world.source("wire", more="outlet: wire")
    world.run(later=HOUR)
    assert world.rows(
        "SELECT copies.url, originals.url, copies.copy_reason FROM articles AS copies"
        " JOIN articles AS originals ON originals.id = copies.copy_of"
    ) == [("https://daily.example/9", "https://wire.example/1", "same headline as 가상통신, 10 minutes later")]


def test_one_bad_source_stops_nothing(world: World) -> None:
    world.press.serve("/good", rss(FIRST))
    world.press.serve("/page", b"<html><body>Please log in</body></html>", content_type="text/html")
    world.press.serve("/nothing", rss())
    for name in ("page", "missing", "nothing", "good"):
        world.source(name)
    summary = world.run()
    assert {one.source: one.status for one in summary.failures} == {
        "page": Status.NOT_A_FEED,
        "missing": Status.NOT_FOUND,
        "nothing": Status.EMPTY,
    }
    assert (summary.ok, summary.empty, summary.failed, summary.new, summary.exit_code) == (1, 1, 3, 1, 0)
    assert world.rows("SELECT source, status FROM fetches ORDER BY source") == [
        ("good", "ok"), ("missing", "not_found"), ("nothing", "empty"), ("page", "not_a_feed"),
    ]  # fmt: skip
    assert world.rows("SELECT etag FROM sources WHERE id = 'page'") == [(None,)]


def test_a_feed_that_is_gone_is_never_asked_again(world: World) -> None:
    world.press.serve("/daily", b"", status=410)
    world.source("daily")
    assert world.run().exit_code == 1
    assert world.run(later=HOUR * 24 * 40).due == 0
    assert world.rows("SELECT enabled, status FROM sources") == [(0, "gone")]


def test_a_permanent_redirect_is_asked_directly_from_then_on(world: World) -> None:
    world.press.redirect("/daily", world.press.url("/new"), status=301)
    world.press.serve("/new", rss(FIRST))
    world.source("daily")
    world.run()
    world.run(later=HOUR)
    assert [request.path for request in world.press.requests] == ["/daily", "/new", "/new"]


def test_a_source_with_a_new_address_is_asked_there_at_once_and_without_the_old_validators(world: World) -> None:
    world.press.serve("/old", b"", status=410)
    world.press.serve("/new", rss(FIRST))
    world.source("daily", path="/old")
    world.run()
    world.sources = world.sources.replace("/old", "/new")
    assert world.run(later=timedelta(minutes=1)).ok == 1
    assert "If-None-Match" not in world.press.asked("/new")[0].headers


def test_a_host_is_asked_one_thing_at_a_time_and_hosts_at_once(world: World) -> None:
    busy, most, guard = {"127.0.0.1": 0, "localhost": 0}, {"127.0.0.1": 0, "localhost": 0, "all": 0}, threading.Lock()

    def slow(request: BaseHTTPRequestHandler, _: socket) -> None:
        host = request.headers["Host"].partition(":")[0]
        with guard:
            busy[host] += 1
            most[host] = max(most[host], busy[host])
            most["all"] = max(most["all"], sum(busy.values()))
        time.sleep(0.15)
        with guard:
            busy[host] -= 1
        request.send_response(404)
        request.send_header("Content-Length", "0")
        request.end_headers()

    for number in range(6):
        world.press.route(f"/{number}", slow)
        world.source(f"s{number}", path=f"/{number}", host=("127.0.0.1", "localhost")[number % 2])
    assert world.run().due == 6
    assert most == {"127.0.0.1": 1, "localhost": 1, "all": 2}


def test_sitemaps_that_hang_keep_nobody_from_reading(tmp_path: Path) -> None:
    with Press(address="0.0.0.0") as press:
        world = World(press, tmp_path)

        def after_the_others(request: BaseHTTPRequestHandler, line: socket) -> None:
            while len(press.asked("/hangs")) < polling.READERS:
                time.sleep(0.01)
            request.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n" + rss(FIRST))

        press.route("/feed", after_the_others)
        press.route("/hangs", lambda *_: press.closing.wait(2) and None)
        world.source("feed", host="127.0.0.2")
        for number in range(polling.READERS):
            host = f"127.0.0.{number + 3}"
            child = f"<sitemap><loc>{press.url('/hangs', host=host)}</loc></sitemap>"
            press.serve(f"/index-{number}", f"<sitemapindex>{child}</sitemapindex>".encode())
            world.source(f"index-{number}", host=host, more="outlet: daily, kind: sitemap")
        told: list[str] = []
        world.run(edges={"watch": lambda outcome, _due: told.append(outcome.source)})
    assert told[0] == "feed", "reading it needs none of those that wait"


def print_index(world: World, *, etag: bool, one: bytes | None, two: bytes | None) -> None:
    """An index of two sitemaps, whose own words never change."""
    children = "".join(f"<sitemap><loc>{world.press.url(path)}</loc></sitemap>" for path in ("/one", "/two"))
    world.press.serve("/index", f"<sitemapindex>{children}</sitemapindex>".encode(), etag=etag)
    for path, body in (("/one", one), ("/two", two)):
        world.press.serve(path, body or b"", status=200 if body else 503, etag=etag)


# what the two sitemaps of an index say first, what they say then, the status and the new articles of that, why
INDEXES: list[tuple[bytes | None, bytes | None, bytes | None, bytes | None, str, int, str]] = [
    (urlset(LATE), urlset(OLD), urlset(LATE, LATER), urlset(OLD), "ok", 1, "what is new stands in the sitemaps alone"),
    (urlset(LATE), None, urlset(LATE), urlset(LATER), "ok", 1, "one that could not be had is asked again"),
    (urlset(LATE), None, urlset(LATE), urlset(OLD), "ok", 1, "also where it is older than what was had"),
    (urlset(LATE), urlset()[:-3], urlset(LATE), urlset(OLD), "ok", 1, "and where it was cut"),
    (urlset(LATE), None, urlset(LATE), None, "ok", 0, "one that is never had is nothing new"),
    (urlset(LATE), urlset(OLD), urlset(LATE), urlset(OLD), "unchanged", 0, "nothing is new"),
]


@pytest.mark.parametrize("row", INDEXES, ids=[row[-1] for row in INDEXES])
@pytest.mark.parametrize("etag", [True, False], ids=["304", "the same body"])
def test_an_index_of_sitemaps_that_stays_the_same_has_its_sitemaps_asked(
    world: World, row: tuple[bytes | None, bytes | None, bytes | None, bytes | None, str, int, str], etag: bool
) -> None:
    *bodies, status, new, why = row
    world.source("index", more="outlet: daily, kind: sitemap")
    print_index(world, etag=etag, one=bodies[0], two=bodies[1])
    world.run()
    print_index(world, etag=etag, one=bodies[2], two=bodies[3])
    assert world.run(later=HOUR).new == new, why
    assert world.rows("SELECT status, http_status FROM fetches ORDER BY id DESC LIMIT 1") == [(status, 200)]
    assert len(world.press.asked("/one")) == len(world.press.asked("/two")) == 2
    print_index(world, etag=etag, one=bodies[2], two=urlset(OLD))
    world.run(later=HOUR)
    assert world.run(later=HOUR).unchanged == 1, "whatever was before: all of it is there, and nothing is new"


def test_a_host_rests_between_two_of_its_sources_but_holds_up_no_other(world: World) -> None:
    for name in ("a", "b", "c"):
        world.press.serve(f"/{name}", rss(FIRST))
    sources = [
        Source(id=name, url=f"http://{host}.example/{name}", pause=timedelta(seconds=0.8))
        for host, name in (("one", "a"), ("one", "b"), ("two", "c"))
    ]
    asked: list[tuple[float, str]] = []

    def poll(source: Source) -> Poll:
        asked.append((time.monotonic(), source.id))
        state, nothing = SourceState(source=source.id, url=source.url), Fetched(status=Status.OK)
        return Poll(source=source, state=state, started_at=NOW, fetched=nothing, status=Status.OK)

    with ThreadPoolExecutor(4) as executor:
        polls = hosts.ask_all(sources, lambda source: executor.submit(poll, source), hosts.Room(4), lambda: False)
        done = [one.source.id for one in polls]
    at = {name: moment for moment, name in asked}
    assert sorted(done) == ["a", "b", "c"]
    assert at["b"] - at["a"] >= 0.8
    assert at["c"] - at["a"] < 0.7
    assert [source.rest.total_seconds() for source in sources] == [0.8] * 3
    assert replace(sources[0], allow_private=True).rest == timedelta(), "a machine of one's own needs no rest"


HUNG = [
    ("hhhh", "hh", "two that hang say enough: the rest waits for the next run, and no longer than they do"),
    ("hohohh", "hohohh", "one that answers shows that the host is there"),
    ("ohhoo", "ohh", "whatever was before"),
    ("ffff", "ffff", "who refuses at once holds nobody up"),
]


@pytest.mark.parametrize(("answers", "asked", "why"), HUNG, ids=[row[-1] for row in HUNG])
def test_a_host_that_hangs_is_not_asked_for_all_of_its_sources(answers: str, asked: str, why: str) -> None:
    said = {"h": Status.TIMEOUT, "o": Status.OK, "f": Status.CONNECT}

    def poll(source: Source) -> Future[Poll]:
        ended: Future[Poll] = Future()
        state, status = SourceState(source=source.id, url=source.url), said[source.id[-1]]
        ended.set_result(
            Poll(source=source, state=state, started_at=NOW, fetched=Fetched(status=status), status=status)
        )
        return ended

    sources = [
        Source(id=f"{number}-{answer}", url=f"http://one.example/{number}", allow_private=True)
        for number, answer in enumerate(answers)
    ]
    other = Source(id="other-o", url="http://two.example/")
    told = [one.source.id for one in hosts.ask_all([*sources, other], poll, hosts.Room(20), lambda: False)]
    assert "".join(name[-1] for name in told if name != other.id) == asked, why
    assert other.id in told


def test_the_sources_of_a_host_that_hangs_stay_due(world: World) -> None:
    for number in range(5):
        world.press.route(f"/{number}", lambda *_: world.press.closing.wait(5) and None)
        world.source(f"s{number}", path=f"/{number}", more="timeout: 1s")
    begin = time.monotonic()
    assert [one.source for one in world.run().failures] == ["s0", "s1"]
    assert time.monotonic() - begin < 4, "two times one second"
    assert [one.source for one in world.run(later=timedelta(minutes=5)).failures] == ["s2", "s3"]


def test_who_wants_to_stop_waits_for_one_poll_and_not_for_all_that_have_ended() -> None:
    def poll(source: Source) -> Future[Poll]:
        ended: Future[Poll] = Future()
        state, nothing = SourceState(source=source.id, url=source.url), Fetched(status=Status.OK)
        ended.set_result(Poll(source=source, state=state, started_at=NOW, fetched=nothing, status=Status.OK))
        return ended

    sources = [Source(id=f"s{number}", url=f"http://s{number}.example/") for number in range(20)]
    taken: list[Poll] = []
    for one in hosts.ask_all(sources, poll, hosts.Room(20), lambda: len(taken) >= 3):
        taken.append(one)  # noqa: PERF402 - whether to stop is seen by it
    assert len(taken) == 3


ROOM = [
    (None, "d" * 300, 300, "nothing is said of few or many: all at once"),
    (20, "d" * 300, 20, "documents come, and wait to be read"),
    (20, "u" * 300, 274, "nobody says anything new: all that are left, after 26 answers"),
    (20, "d" * 150 + "u" + "d" * 149, 30, "one that says nothing: several others in its place"),
    (400, "d" * 300, 300, "no more than there are"),
]


@pytest.mark.parametrize(("first", "says", "most", "why"), ROOM, ids=[row[-1] for row in ROOM])
def test_few_hosts_are_asked_while_what_they_say_waits_to_be_read(
    first: int | None, says: str, most: int, why: str
) -> None:
    asked = told = at_once = 0

    def poll(source: Source) -> Future[Poll]:
        nonlocal asked, at_once
        asked, at_once = asked + 1, max(at_once, asked + 1 - told)
        ended: Future[Poll] = Future()
        state = SourceState(source=source.id, url=source.url)
        document = Document(url=source.url, body=b"", content_type=None, source=source.id)
        fetched = Fetched(status=Status.OK, document=document if source.id.startswith("d") else None)
        ended.set_result(Poll(source=source, state=state, started_at=NOW, fetched=fetched, status=Status.OK))
        return ended

    sources = [Source(id=f"{one}{number}", url=f"http://s{number}.example/") for number, one in enumerate(says)]
    for _ in hosts.ask_all(sources, poll, hosts.Room(300, first), lambda: False):
        told += 1
    assert (told, at_once) == (300, most), why


def test_where_nobody_answers_many_are_asked() -> None:
    sources = [Source(id=f"s{number}", url=f"http://s{number}.example/") for number in range(300)]
    asked: list[str] = []

    def poll(source: Source) -> Future[Poll]:
        asked.append(source.id)
        return Future()

    begin = time.monotonic()
    assert list(hosts.ask_all(sources, poll, hosts.Room(300, 20), lambda: len(asked) == 300)) == []
    assert time.monotonic() - begin < 10


RESTS = [
    ("429 Too Many Requests", {"Retry-After": "7200"}, 2.0, "the host says when"),
    ("429 Too Many Requests", {}, 0.25, "it does not say when"),
    ("503 Service Unavailable", {"Retry-After": "7200"}, 2.0, "it is in maintenance"),
    ("503 Service Unavailable", {}, 0.0, "that source is in trouble, and the others may not be"),
    ("404 Not Found", {"Retry-After": "7200"}, 0.0, "no matter of the host"),
]


@pytest.mark.parametrize(("status", "headers", "hours", "why"), RESTS, ids=[row[-1] for row in RESTS])
def test_a_host_that_wants_rest_gets_it_from_all_of_its_sources(
    world: World, status: str, headers: dict[str, str], hours: float, why: str
) -> None:
    for name in ("before", "after"):
        world.press.serve(f"/{name}", rss(FIRST))
    world.press.serve("/limited", status=int(status.split()[0]), headers=headers)
    world.press.serve("/elsewhere", rss(SECOND))
    for name in ("before", "limited", "after"):
        world.source(name)
    world.source("elsewhere", host="localhost")
    world.run()
    asked = [request.path for request in world.press.requests]
    assert ("/after" in asked) == (hours == 0), why
    assert "/elsewhere" in asked
    due = dict(world.rows("SELECT id, due_at FROM sources"))
    if hours:
        least = (world.now + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
        assert due["after"] == least
        usual = (world.now + timedelta(minutes=55, seconds=48)).strftime("%Y-%m-%dT%H:%M:%SZ")
        assert due["before"] == max(least, usual)
        world.press.clear()
        world.press.serve("/after", rss(FIRST))
        world.run(later=timedelta(hours=hours) - timedelta(minutes=1))
        assert not world.press.asked("/after")
        world.run(later=timedelta(minutes=1))
        assert world.press.asked("/after")


def test_a_fault_of_ours_is_an_outcome_and_stores_nothing_of_that_source(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    derive = articles.derive

    def faulty(item: Any, *given: Any) -> Any:
        if "지하철" in item.title:
            raise ValueError("a fault")
        return derive(item, *given)

    monkeypatch.setattr(articles, "derive", faulty)
    world.press.serve("/bad", rss(FIRST, SECOND))
    world.press.serve("/good", rss(("다른 기사", "https://daily.example/3", FIRST[2])))
    world.source("bad")
    world.source("good")
    summary = world.run()
    (failure,) = summary.failures
    assert (failure.source, failure.status) == ("bad", Status.BUG)
    assert failure.note.startswith("ValueError in faulty, line "), "where, but not its words: they may hold secrets"
    assert world.rows("SELECT title FROM articles") == [("다른 기사",)]
    assert world.rows("SELECT body_hash FROM sources WHERE id = 'bad'") == [(None,)]
    assert "bad" in caplog.text


def test_what_the_database_refuses_is_the_fault_of_one_source_and_stops_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = Store.save_mentions

    def contradicting(self: Store, article: int, *given: Any) -> tuple[int, int]:
        if "지하철" in self.text(article)[0]:
            self._connection.execute("INSERT INTO meta (key, value) VALUES ('config', 'there is one already')")
        return save(self, article, *given)

    monkeypatch.setattr(Store, "save_mentions", contradicting)
    world.press.serve("/bad", rss(FIRST, SECOND))
    world.press.serve("/good", rss(("다른 기사", "https://daily.example/3", FIRST[2])))
    world.source("bad")
    world.source("good")
    (failure,) = world.run().failures
    assert (failure.source, failure.status) == ("bad", Status.BUG)
    assert failure.note.startswith("StoreConflict")
    assert world.rows("SELECT title FROM articles") == [("다른 기사",)]


def test_a_link_to_our_page_in_a_feeds_body_is_a_mention(world: World) -> None:
    body = (
        '<description>As &lt;a href="https://ours.example/notice?utm_source=x"&gt;they say&lt;/a&gt; now</description>'
    )
    world.press.serve("/daily", rss(("Something else", *FIRST[1:]), extra=body))
    world.source("daily")
    world.run()
    assert world.rows("SELECT kind, term, matched, field, excerpt FROM mentions") == [
        ("link", "https://ours.example/notice", "they say", "body", "[…] As they say now […]")
    ]


def test_a_reference_list_is_kept_line_by_line_and_what_has_an_address_is_an_article(world: World) -> None:
    lines = ("2023/10/12 デイリー 脱北者600人を強制送還 https://daily.example/7", "2023/10/10 One Network’s Update")
    world.press.serve("/list", "\n".join(("參考新聞連結:", *lines)).encode(), content_type="text/plain; charset=utf-8")
    world.source("list", more="kind: references, zone: Asia/Tokyo")
    world.run()
    assert world.rows("SELECT position, date, outlet_text, outlet, headline, url, state FROM citations") == [
        (1, "2023-10-12", "デイリー", "daily", "脱北者600人を強制送還", "https://daily.example/7", "resolved"),
        (2, "2023-10-10", None, None, "One Network’s Update", None, "unresolved"),
    ]
    assert world.rows("SELECT date, outlet, language FROM articles") == [("2023-10-12", "daily", "ja")]
    assert world.rows("SELECT topic FROM mentions") == [("repatriation",)]


def test_rematch_finds_the_past_and_retires_what_no_longer_holds(world: World) -> None:
    world.press.serve("/daily", rss(FIRST, SECOND))
    world.source("daily")
    world.run()
    others = OUTLETS.replace("[북송]", "[지하철]")
    changed = config.parse(f"fetch: {{allow_private: true}}\n{others}\nsources:\n{world.sources}")
    with Store(world.db) as store:
        done = pipeline.rematch(changed, store, NOW + HOUR)
    assert (done.articles, done.came, done.went) == (2, 1, 1)
    assert world.rows("SELECT title FROM pingbacks") == [(SECOND[0],)]
    assert world.rows("SELECT count(*) FROM mentions WHERE retired_at IS NOT NULL") == [(1,)]
    assert len(world.press.requests) == 1


def test_who_wants_to_stop_gets_what_was_fetched_until_then(world: World) -> None:
    seen: list[Outcome] = []
    for number in range(5):
        world.press.serve(f"/{number}", rss((f"기사 {number}", f"https://daily.example/{number}", FIRST[2])))
        world.source(f"s{number}", path=f"/{number}")
    edges = {"watch": lambda outcome, _due: seen.append(outcome), "stopped": lambda: len(seen) >= 2}
    summary = world.run(edges=edges)
    assert summary.ok == 2
    assert world.rows("SELECT count(*) FROM articles") == [(2,)]
    assert world.rows("SELECT due, ok, ended_at FROM runs") == [(5, 2, "2023-10-12T06:00:00Z")]
