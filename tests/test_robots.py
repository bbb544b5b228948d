"""robots.txt: what it allows to us, how long it holds, and what a file made for us costs."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator import robots
from aggregator.model import Document, Fetched, Robots, Status

NOW = datetime(2023, 10, 13, 6, 0, tzinfo=UTC)
SITE = "https://daily.example"


def said(body: str) -> Robots:
    return Robots(host=SITE, status=Status.OK, fetched_at=NOW, body=body)


# robots.txt, path, may be visited, why
RULES = [
    ("", "/1", True, "an empty file allows everything"),
    ("<html><body>Not found</body></html>", "/1", True, "a page instead of a file allows everything"),
    ("User-agent: *\nDisallow: /", "/1", False, "what all may not, we may not"),
    ("User-agent: *\nDisallow:", "/1", True, "disallowing nothing allows everything"),
    ("User-agent: *\nDisallow: /private/", "/private/1", False, "a path and what is under it"),
    ("User-agent: *\nDisallow: /private/", "/privates", True, "a path beside it"),
    ("User-agent: *\nDisallow: /\nAllow: /news/", "/news/1", True, "the longest rule wins"),
    ("User-agent: *\nDisallow: /*?print=", "/1?print=y", False, "a star stands for anything"),
    ("User-agent: *\nDisallow: /*.pdf$", "/1.pdf", False, "a dollar is the end"),
    ("User-agent: *\nDisallow: /*.pdf$", "/1.pdf?x", True, "and nothing after it"),
    ("User-agent: press-pingbacks\nDisallow: /", "/1", False, "we are named"),
    ("User-agent: Press-Pingbacks/0.1 # hello\nDisallow: /", "/1", False, "in any case, with a version and a comment"),
    (
        "User-agent: *\nDisallow: /\n\nUser-agent: press-pingbacks\nAllow: /",
        "/1",
        True,
        "who is named need not heed all",
    ),
    ("User-agent: press\nDisallow: /", "/1", True, "a part of our name is another robot"),
    ("User-agent: GPTBot\nDisallow: /", "/1", True, "another robot's rules are not ours"),
    ("User-agent: GPTBot\nUser-agent: *\nDisallow: /", "/1", False, "a group for several robots"),
    ("User-agent: *\nAllow: /\nUser-agent: GPTBot\nDisallow: /", "/1", True, "another robot ends our group"),
    ("User-agent: *\r\nDisallow: /\r\n", "/1", False, "lines may end like those of Windows"),
    ("User-agent: *\nDisallow: /뉴스/", "/%EB%89%B4%EC%8A%A4/1", False, "letters and their bytes are the same path"),
]


@pytest.mark.parametrize(("body", "path", "allowed", "why"), RULES, ids=[row[-1] for row in RULES])
def test_what_a_file_allows(body: str, path: str, allowed: bool, why: str) -> None:
    assert robots.allows(said(body), SITE + path) is allowed


def document(body: bytes) -> Document:
    return Document(url=f"{SITE}/robots.txt", body=body)


# answer, what it is held for, why
ANSWERS = [
    (Fetched(status=Status.OK, http_status=200, document=document(b"Disallow:")), Status.OK, "a body"),
    (Fetched(status=Status.NOT_FOUND, http_status=404), Status.NOT_FOUND, "there is none"),
    (Fetched(status=Status.BLOCKED, http_status=403), Status.NOT_FOUND, "any 4xx says that there is none"),
    (Fetched(status=Status.RATE_LIMITED, http_status=429), Status.UNAVAILABLE, "but 429 says not now"),
    (Fetched(status=Status.UNAVAILABLE, http_status=503), Status.UNAVAILABLE, "a server in trouble"),
    (Fetched(status=Status.HTTP_ERROR, http_status=500), Status.UNAVAILABLE, "likewise"),
    (Fetched(status=Status.TIMEOUT), Status.UNAVAILABLE, "no answer"),
    (Fetched(status=Status.BLOCKED, http_status=200), Status.UNAVAILABLE, "a page that asks who is there"),
]


@pytest.mark.parametrize(("fetched", "status", "why"), ANSWERS, ids=[row[-1] for row in ANSWERS])
def test_what_an_answer_means(fetched: Fetched, status: Status, why: str) -> None:
    found = robots.judged(SITE, fetched, NOW)
    assert found.status is status
    assert robots.allows(found, f"{SITE}/1") is (status is not Status.UNAVAILABLE)


def test_half_a_megabyte_is_read_and_a_byte_order_mark_is_none_of_it() -> None:
    body = b"\xef\xbb\xbfUser-agent: *\nDisallow: /first\n" + b"#" * robots.MAX_BYTES + b"\nDisallow: /last\n"
    found = robots.judged(SITE, Fetched(status=Status.OK, http_status=200, document=document(body)), NOW)
    assert not robots.allows(found, f"{SITE}/first")
    assert robots.allows(found, f"{SITE}/last")
    assert len(found.body) <= robots.MAX_BYTES


# age, status, still good, why
AGES = [
    (timedelta(hours=23), Status.OK, True, "within a day"),
    (timedelta(hours=24), Status.OK, False, "a day old"),
    (timedelta(hours=23), Status.NOT_FOUND, True, "that there is none holds as long"),
    (timedelta(minutes=9), Status.UNAVAILABLE, True, "a site in trouble is left alone"),
    (timedelta(minutes=10), Status.UNAVAILABLE, False, "but not for long"),
    (timedelta(hours=-1), Status.OK, False, "written by a clock that was wrong"),
]


@pytest.mark.parametrize(("age", "status", "good", "why"), AGES, ids=[row[-1] for row in AGES])
def test_how_long_it_holds(age: timedelta, status: Status, good: bool, why: str) -> None:
    assert robots.fresh(Robots(host=SITE, status=status, fetched_at=NOW - age), NOW) is good


# robots.txt, seconds, why
DELAYS = [
    ("User-agent: *\nCrawl-delay: 2.5", 2.5, "for all"),
    ("User-agent: *\nCrawl-delay: 2\nUser-agent: press-pingbacks\nCrawl-delay: 9", 9, "for us"),
    ("User-agent: *\nDisallow: /x", 0, "none"),
    ("User-agent: *\nCrawl-delay: soon", 0, "not a number"),
    ("User-agent: *\nCrawl-delay: -1", 0, "less than nothing"),
    ("User-agent: *\nCrawl-delay: 1e300", 86_400, "a day is enough"),
]


@pytest.mark.parametrize(("body", "seconds", "why"), DELAYS, ids=[row[-1] for row in DELAYS])
def test_how_long_to_wait(body: str, seconds: float, why: str) -> None:
    assert robots.delay(said(body)) == timedelta(seconds=seconds)


# URL, what its robots.txt speaks for
ORIGINS = [
    ("https://www.daily.example/a/1?b", "https://www.daily.example"),
    ("https://user:secret@daily.example:443/", "https://daily.example"),
    ("http://127.0.0.1:8001/a", "http://127.0.0.1:8001"),
    ("mailto:desk@daily.example", None),
]


@pytest.mark.parametrize(("url", "origin"), ORIGINS, ids=[row[0] for row in ORIGINS])
def test_a_file_speaks_for_scheme_host_and_port(url: str, origin: str | None) -> None:
    assert robots.origin(url) == origin


# a file made to cost time or memory, why
HOSTILE = [
    ("".join(f"user-agent: a{n}\n" for n in range(15_000)) + "disallow: /x\n" * 20_000, "every rule for every robot"),
    (
        "user-agent: press-pingbacks\nuser-agent: *\n" * 11_000 + "allow: /$\n" * 1_000,
        "the same robots again and again",
    ),
    ("user-agent: *\n" + "disallow: /a*b*c*d\n" * 25_000, "many stars in many lines"),
    ("user-agent: *\ndisallow: /" + "*a" * 250_000, "many stars in one line"),
    ("user-agent" + " " * 500_000, "nothing but white space"),
]


@pytest.mark.parametrize(("body", "why"), HOSTILE, ids=[row[-1] for row in HOSTILE])
def test_a_hostile_file_costs_no_more_than_a_moment(body: str, why: str) -> None:
    begun = time.process_time()
    robots.allows(said(body[: robots.MAX_BYTES]), f"{SITE}/" + "abc" * 600)
    assert time.process_time() - begun < 3


LINES = st.lists(
    st.one_of(st.text(max_size=30), st.sampled_from(["User-agent: *", "Disallow: /[", "Allow: *$", "Crawl-delay: 1"]))
)


@given(LINES.map("\n".join))
@settings(max_examples=150, deadline=None)
def test_whatever_a_file_says_there_is_an_answer(body: str) -> None:
    assert robots.allows(said(body), f"{SITE}/a?b=c") in (True, False)
    assert timedelta() <= robots.delay(said(body)) <= robots.LIFE
