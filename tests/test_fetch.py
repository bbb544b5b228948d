"""One source asked over real sockets: politely, within limits, behind the guard, and never with an exception."""

from __future__ import annotations

import gzip
import shutil
import socket
import ssl
import subprocess
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Thread, Timer
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aggregator import answers, guard
from aggregator.fetch import Fetcher
from aggregator.model import Fetched, Kind, Source, SourceState, Status
from tests.press import Press

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
FEED = "<rss version='2.0'><channel><title>통일부 정례브리핑</title></channel></rss>".encode()

Ask = Callable[..., Fetched]


@pytest.fixture(scope="module")
def fetcher() -> Iterator[Fetcher]:
    with Fetcher(version="1.2", clock=lambda: NOW) as fetcher:
        yield fetcher


@pytest.fixture(scope="module")
def one_press() -> Iterator[Press]:
    with Press() as press:
        yield press


@pytest.fixture
def press(one_press: Press) -> Press:
    """The press, with nothing printed yet."""
    one_press.clear()
    return one_press


@pytest.fixture
def ask(fetcher: Fetcher) -> Ask:
    """Ask an address as a source that may look at loopback, with two seconds and 100 kB."""

    def ask(url: str, *, state: dict[str, Any] | None = None, seconds: float = 2, **source: Any) -> Fetched:
        defaults = {"id": "s", "url": url, "allow_private": True, "max_bytes": 100_000}
        asked = Source(**defaults | source, timeout=timedelta(seconds=seconds))
        return fetcher.fetch(asked, SourceState(source="s", url=url, **state or {}))

    return ask


def head(*lines: str, status: str = "200 OK") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode("latin-1")


def sent(body: bytes, *lines: str) -> bytes:
    return head(*lines, f"Content-Length: {len(body)}") + body


# --- politeness -------------------------------------------------------------------------------------------------------


def test_a_document_comes_with_all_that_its_reader_needs(ask: Ask, press: Press) -> None:
    press.serve("/feed?page=1", FEED, content_type="text/xml; charset=euc-kr")
    fetched = ask(press.url("/feed?page=1"), encoding="utf-8", language="ko")
    document = fetched.document
    assert (fetched.status, fetched.http_status, fetched.bytes, fetched.note) == (Status.OK, 200, len(FEED), "")
    assert document
    assert (document.url, document.body) == (press.url("/feed?page=1"), FEED)
    assert (document.content_type, document.source) == ("text/xml; charset=euc-kr", "s")
    assert (document.encoding, document.language) == ("utf-8", "ko")


def test_the_time_that_a_request_took_is_told(ask: Ask, press: Press) -> None:
    press.raw("/", b"", sent(FEED), pause=0.05)
    assert 50 <= ask(press.url("/")).ms < 1_000


def test_the_second_request_is_conditional_and_costs_no_body(ask: Ask, press: Press) -> None:
    press.serve("/feed", FEED)
    first = ask(press.url("/feed"))
    again = ask(press.url("/feed"), state={"etag": first.etag, "last_modified": first.last_modified})
    plain, conditional = press.requests
    assert "If-None-Match" not in plain.headers
    assert "If-Modified-Since" not in plain.headers
    assert conditional.headers["If-None-Match"] == first.etag
    assert conditional.headers["If-Modified-Since"] == first.last_modified
    assert (again.status, again.http_status, again.bytes, again.document) == (Status.UNCHANGED, 304, 0, None)
    assert (again.etag, again.last_modified) == (first.etag, first.last_modified)


VALIDATORS = [
    ("a strong ETag keeps its quotes", '"abc"', None),
    ("a weak ETag stays weak", 'W/"abc"', None),
    ("an ETag without quotes gets none", "abc", None),
    ("bytes beyond ASCII come back as they are", '"\xc7\xd1\x85\xff"', None),
    ("a comma does not split an ETag", '"a, b"', None),
    ("Last-Modified is never parsed: not a date", None, "yesterday"),
    ("Last-Modified is never parsed: a zone that HTTP does not have", None, "Sun, 22 Nov 2026 21:00:00 +0900"),
    ("both are kept", '"abc"', "Sun, 22 Nov 2026 12:00:00 GMT"),
    ("neither is invented", None, None),
]


@pytest.mark.parametrize(("etag", "modified"), [row[1:] for row in VALIDATORS], ids=[row[0] for row in VALIDATORS])
def test_validators_go_back_byte_for_byte(ask: Ask, press: Press, etag: str | None, modified: str | None) -> None:
    given = {"ETag": etag, "Last-Modified": modified}
    press.raw("/", sent(FEED, *(f"{name}: {value}" for name, value in given.items() if value)))
    first = ask(press.url("/"))
    assert (first.etag, first.last_modified) == (etag, modified)
    ask(press.url("/"), state={"etag": first.etag, "last_modified": first.last_modified})
    assert press.requests[1].headers["If-None-Match"] == etag
    assert press.requests[1].headers["If-Modified-Since"] == modified


RENEWALS = [
    ("neither", [], '"old"', "then"),
    ("a new ETag", ['ETag: "new"'], '"new"', "then"),
    ("a new date", ["Last-Modified: now"], '"old"', "now"),
    ("both", ['ETag: "new"', "Last-Modified: now"], '"new"', "now"),
]


@pytest.mark.parametrize(("lines", "etag", "date"), [row[1:] for row in RENEWALS], ids=[row[0] for row in RENEWALS])
def test_a_304_renews_the_validators_it_brings_and_keeps_the_others(
    ask: Ask, press: Press, lines: list[str], etag: str, date: str
) -> None:
    press.raw("/", head(*lines, status="304 Not Modified"))
    fetched = ask(press.url("/"), state={"etag": '"old"', "last_modified": "then"})
    assert (fetched.status, fetched.etag, fetched.last_modified) == (Status.UNCHANGED, etag, date)


def test_a_validator_that_is_no_longer_sent_is_dropped(ask: Ask, press: Press) -> None:
    press.raw("/", sent(FEED, "Last-Modified: now"))
    fetched = ask(press.url("/"), state={"etag": '"old"', "last_modified": "then"})
    assert (fetched.etag, fetched.last_modified) == (None, "now")


def test_a_validator_of_more_than_1000_bytes_is_neither_kept_nor_sent(ask: Ask, press: Press) -> None:
    press.raw("/", sent(FEED, "ETag: " + "x" * 1_001, "Last-Modified: " + "y" * 1_000))
    fetched = ask(press.url("/"), state={"etag": "x" * 1_001, "last_modified": "y" * 1_000})
    assert (fetched.etag, fetched.last_modified) == (None, "y" * 1_000)
    assert "If-None-Match" not in press.requests[0].headers
    assert press.requests[0].headers["If-Modified-Since"] == "y" * 1_000


def test_a_stored_validator_cannot_smuggle_a_header(ask: Ask, press: Press) -> None:
    press.serve("/", FEED)
    assert ask(press.url("/"), state={"etag": '"a"\r\nCookie: b'}).status is Status.OK
    assert {"If-None-Match", "Cookie"}.isdisjoint(press.requests[0].headers)


def test_a_304_that_nobody_asked_for_is_an_error_and_does_no_harm(ask: Ask, press: Press) -> None:
    press.raw("/", head('ETag: "x"', status="304 Not Modified"))
    fetched = ask(press.url("/"))
    assert (fetched.status, fetched.http_status, fetched.etag) == (Status.HTTP_ERROR, 304, None)


CONTACTS = [
    ("the contact of the source", "https://example.org/about", "press-pingbacks/1.2 (+https://example.org/about)"),
    ("without one, the page of the project", None, "press-pingbacks/1.2 (+https://pypi.org/project/press-pingbacks/)"),
    (
        "a header holds ASCII only",
        "https://example.org/소개\r\n",
        "press-pingbacks/1.2 (+https://example.org/%EC%86%8C%EA%B0%9C%0D%0A)",
    ),
]


@pytest.mark.parametrize(("contact", "agent"), [row[1:] for row in CONTACTS], ids=[row[0] for row in CONTACTS])
def test_the_user_agent_says_who_asks(ask: Ask, press: Press, contact: str | None, agent: str) -> None:
    press.serve("/", FEED)
    ask(press.url("/"), contact=contact)
    assert press.requests[0].headers["User-Agent"] == agent


@pytest.mark.parametrize(
    ("kind", "first"),
    [
        (Kind.FEED, "application/rss+xml"),
        (Kind.PAGE, "text/html"),
        (Kind.SITEMAP, "application/xml"),
        (Kind.REFERENCES, "text/plain"),
    ],
)
def test_accept_names_what_the_source_is(ask: Ask, press: Press, kind: Kind, first: str) -> None:
    press.serve("/", FEED)
    ask(press.url("/"), kind=kind)
    assert press.requests[0].headers["Accept"].startswith(first)


def test_a_request_says_nothing_that_it_need_not_say(ask: Ask, press: Press) -> None:
    press.redirect("/old", "/new")
    press.serve("/new", FEED, headers={"Set-Cookie": "a=b; Path=/"})
    ask(press.url("/old"))
    ask(press.url("/new"))
    usual = ["Accept", "Accept-Encoding", "Connection", "Host", "User-Agent"]
    assert [sorted(request.headers.keys()) for request in press.requests] == [usual] * 3
    assert {request.headers["Accept-Encoding"] for request in press.requests} == {"gzip, deflate"}


def test_the_environment_is_not_asked(ask: Ask, press: Press, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with Press() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url())
        monkeypatch.setenv("http_proxy", proxy.url())
        press.serve("/", FEED)
        assert ask(press.url("/")).status is Status.OK
        assert not proxy.requests
    assert "Authorization" not in press.requests[0].headers


# --- credentials ------------------------------------------------------------------------------------------------------


def with_login(url: str, login: str = "user:p%40ss") -> str:
    return url.replace("://", f"://{login}@")


def test_credentials_become_a_header_and_appear_nowhere_else(ask: Ask, press: Press) -> None:
    press.serve("/feed", FEED)
    fetched = ask(with_login(press.url("/feed")))
    assert press.requests[0].headers["Authorization"] == "Basic dXNlcjpwQHNz"  # user:p@ss
    assert fetched.document
    assert fetched.document.url == press.url("/feed")


def test_credentials_follow_a_redirect_within_their_origin_only(ask: Ask, press: Press) -> None:
    with Press() as elsewhere:
        press.redirect("/", "/moved")
        press.redirect("/moved", elsewhere.url("/"))
        elsewhere.redirect("/", press.url("/back"))
        press.serve("/back", FEED)
        assert ask(with_login(press.url("/"))).status is Status.OK
        assert all("Authorization" in request.headers for request in press.requests)
        assert len(press.requests) == 3
        assert "Authorization" not in elsewhere.requests[0].headers


def test_credentials_go_along_to_the_address_that_is_remembered(ask: Ask, press: Press) -> None:
    press.serve("/new", FEED)
    ask(with_login(press.url("/old")), state={"moved_to": press.url("/new")})
    assert "Authorization" in press.requests[0].headers


def test_credentials_in_a_redirect_are_neither_used_nor_remembered(ask: Ask, press: Press) -> None:
    press.redirect("/old", with_login(press.url("/new")), 301)
    press.serve("/new", FEED)
    fetched = ask(press.url("/old"))
    assert (fetched.status, fetched.moved_to) == (Status.OK, None)
    assert "Authorization" not in press.requests[1].headers


FAILING = [
    ("not found", head(status="404 Not Found")),
    ("credentials are wrong", head(status="401 Unauthorized")),
    ("no HTTP", b"220 mail.example.org ESMTP\r\n"),
    ("nothing at all", b""),
    ("cut", head("Content-Length: 9") + b"1234"),
    ("too large", head("Content-Length: 999999")),
    ("unknown compression", head("Content-Encoding: br")),
    ("a redirect to itself", head("Location: ?token=geheim", status="302 Found")),
    ("a redirect to nowhere", head("Location: http://user:geheim@[?token=geheim", status="302 Found")),
    (
        "a redirect to what is not HTTP",
        head("Location: ftp://user:geheim@example.org/?token=geheim", status="302 Found"),
    ),
    ("a header that is none", b"HTTP/1.1 500 Oops\r\nnonsense\r\n\r\n"),
]


@pytest.mark.parametrize("answer", [row[1] for row in FAILING], ids=[row[0] for row in FAILING])
def test_no_failure_tells_a_secret(
    ask: Ask, press: Press, answer: bytes, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    press.raw("/feed?token=geheim", answer)
    fetched = ask(with_login(press.url("/feed?token=geheim"), "user:geheim"))
    assert fetched.status.failed
    assert fetched.note
    assert "geheim" not in fetched.note
    assert "geheim" not in caplog.text
    assert "geheim" not in "".join(capfd.readouterr())


def test_a_bug_of_ours_is_a_status_that_tells_no_secret(press: Press) -> None:
    def clock() -> datetime:
        raise RuntimeError("geheim")

    press.raw("/", sent(FEED, "Expires: Fri, 01 Jan 2100 00:00:00 GMT"))
    with Fetcher(version="1", clock=clock) as fetcher:
        source = Source(id="s", url=press.url("/"), allow_private=True)
        fetched = fetcher.fetch(source, SourceState(source="s", url=source.url))
    assert fetched.status is Status.BUG
    assert "RuntimeError in clock" in fetched.note
    assert "geheim" not in fetched.note


# --- redirects --------------------------------------------------------------------------------------------------------

MOVES = [
    ("301 is for good", [301], "/1"),
    ("308 is for good", [308], "/1"),
    ("302 is for now", [302], None),
    ("303 is for now", [303], None),
    ("307 is for now", [307], None),
    ("permanent all the way", [301, 308], "/2"),
    ("what follows a temporary one is temporary", [302, 301], None),
    ("the permanent part before a temporary one is kept", [301, 302, 301], "/1"),
    ("five are followed", [302] * 5, None),
]


@pytest.mark.parametrize(("codes", "moved"), [row[1:] for row in MOVES], ids=[row[0] for row in MOVES])
def test_redirects_are_followed_and_permanent_ones_remembered(
    ask: Ask, press: Press, codes: list[int], moved: str | None
) -> None:
    for number, code in enumerate(codes):
        press.redirect(f"/{number}", f"/{number + 1}", code)
    press.serve(f"/{len(codes)}", FEED)
    fetched = ask(press.url("/0"))
    assert fetched.status is Status.OK
    assert fetched.moved_to == (press.url(moved) if moved else None)
    assert fetched.document
    assert fetched.document.url == press.url(f"/{len(codes)}")


def test_the_address_that_is_remembered_is_asked_and_stays_remembered(ask: Ask, press: Press) -> None:
    press.serve("/new", FEED)
    fetched = ask(press.url("/old"), state={"moved_to": press.url("/new")})
    assert [request.path for request in press.requests] == ["/new"]
    assert fetched.moved_to == press.url("/new")


def test_a_move_is_not_remembered_where_it_leads_to_nothing(ask: Ask, press: Press) -> None:
    press.redirect("/old", "/gone", 301)
    assert ask(press.url("/old")).moved_to is None


LOCATIONS = [
    ("relative", b"new", "/dir/new"),
    ("from the root", b"/new", "/new"),
    ("a query only", b"?page=2", "/dir/old?page=2"),
    ("a fragment is for readers", b"/new#top", "/new"),
    ("a space", b"/a b", "/a%20b"),
    ("white space around", b"  /new \t", "/new"),
    ("UTF-8 as it is", "/뉴스".encode(), "/%EB%89%B4%EC%8A%A4"),
    ("UTF-8 with the byte that is a line end in Latin-1", "/템".encode(), "/%ED%85%9C"),
    ("EUC-KR as it is", "/뉴스".encode("euc-kr"), "/%B4%BA%BD%BA"),
    ("EUC-KR escaped, beside a stray percent sign", b"/?q=%b4%ba&r=100%", "/?q=%B4%BA&r=100%25"),
    ("escaped already", b"/a%20b", "/a%20b"),
]


@pytest.mark.parametrize(("location", "path"), [row[1:] for row in LOCATIONS], ids=[row[0] for row in LOCATIONS])
def test_a_redirect_leads_where_it_was_meant_to(ask: Ask, press: Press, location: bytes, path: str) -> None:
    press.raw("/dir/old", b"HTTP/1.1 302 Found\r\nLocation: " + location + b"\r\n\r\n")
    press.serve(path, FEED)
    assert ask(press.url("/dir/old")).status is Status.OK
    assert press.requests[1].path == path


def test_a_redirect_may_leave_the_scheme_out(ask: Ask, press: Press) -> None:
    press.redirect("/old", press.url("/new").removeprefix("http:"))
    press.serve("/new", FEED)
    assert ask(press.url("/old")).status is Status.OK


BAD_REDIRECTS = [
    ("a circle of one", "/", Status.TOO_MANY_REDIRECTS, "circle"),
    ("a fragment makes no other address", "/#a", Status.TOO_MANY_REDIRECTS, "circle"),
    ("a file", "file:///etc/passwd", Status.HTTP_ERROR, "not of http"),
    ("data", "data:text/xml,<rss/>", Status.HTTP_ERROR, "not of http"),
    ("ftp", "ftp://127.0.0.1/", Status.HTTP_ERROR, "not of http"),
    ("gopher", "gopher://127.0.0.1/", Status.HTTP_ERROR, "not of http"),
    ("a scheme that starts like one", "httpx://127.0.0.1/", Status.HTTP_ERROR, "not of http"),
    ("a script", "javascript:alert(1)", Status.HTTP_ERROR, "not of http"),
    ("a port that is none", "http://127.0.0.1:99999/", Status.HTTP_ERROR, "cannot be read"),
    ("brackets that do not close", "http://[::1/", Status.HTTP_ERROR, "cannot be read"),
    ("no address", "", Status.HTTP_ERROR, "names no address"),
]


@pytest.mark.parametrize(
    ("location", "status", "words"), [row[1:] for row in BAD_REDIRECTS], ids=[row[0] for row in BAD_REDIRECTS]
)
def test_a_redirect_that_cannot_be_followed_is_a_failure(
    ask: Ask, press: Press, location: str, status: Status, words: str
) -> None:
    press.redirect("/", location)
    fetched = ask(press.url("/"))
    assert fetched.status is status
    assert words in fetched.note


def test_a_circle_of_two_and_a_sixth_redirect_are_not_followed(ask: Ask, press: Press) -> None:
    press.redirect("/a", "/b")
    press.redirect("/b", "/a")
    for number in range(6):
        press.redirect(f"/{number}", f"/{number + 1}")
    press.serve("/6", FEED)
    assert ask(press.url("/a")).status is Status.TOO_MANY_REDIRECTS
    assert ask(press.url("/0")).status is Status.TOO_MANY_REDIRECTS
    assert not press.asked("/6")


def test_the_body_of_a_redirect_is_never_read(ask: Ask, press: Press) -> None:
    def endless(_: BaseHTTPRequestHandler, line: socket.socket) -> None:
        line.sendall(head("Location: /new", "Content-Encoding: gzip", status="302 Found"))
        while not press.closing.is_set():
            line.sendall(b"x" * 65_536)

    press.route("/old", endless)
    press.serve("/new", FEED)
    fetched = ask(press.url("/old"))
    assert fetched.status is Status.OK
    assert fetched.ms < 1_500


INTERIM = [
    ("100 Continue", Status.OK, "what is sent where there was a body"),
    ("102 Processing", Status.OK, "it takes a while"),
    ("103 Early Hints", Status.OK, "what will be needed"),
    ("199 Unheard Of", Status.OK, "whatever begins with 1"),
    ("101 Switching Protocols", Status.HTTP_ERROR, "what follows is no HTTP any more"),
]


@pytest.mark.parametrize(("before", "status", "why"), INTERIM, ids=[row[0] for row in INTERIM])
def test_what_comes_before_an_answer_is_none(ask: Ask, press: Press, before: str, status: Status, why: str) -> None:
    press.raw("/", head("Link: </style.css>; rel=preload", status=before), sent(FEED))
    assert ask(press.url("/")).status is status, why


# --- one deadline for everything --------------------------------------------------------------------------------------

DRIPS = [
    ("silence", [b""] * 50),
    ("a status line, byte by byte", [bytes([byte]) for byte in head() * 3]),
    ("headers without end", [b"HTTP/1.1 200 OK\r\n", *[b"X: y\r\n"] * 50]),
    ("100 Continue without end", [b"HTTP/1.1 100 Continue\r\n\r\n"] * 50),
    ("103 Early Hints without end", [b"HTTP/1.1 103 Early Hints\r\n\r\n"] * 50),
    ("a body, byte by byte", [head("Content-Length: 50"), *[b"x"] * 50]),
    ("a body that nobody measured", [head(), *[b"x"] * 50]),
    ("chunks, byte by byte", [head("Transfer-Encoding: chunked"), *[b"1\r\nx\r\n"] * 50]),
    ("trailers without end", [head("Transfer-Encoding: chunked") + b"0\r\n", *[b"X: y\r\n"] * 50]),
    ("an error page", [head("Content-Type: text/html", status="503 No"), *[b""] * 50]),
]


@pytest.mark.parametrize("parts", [row[1] for row in DRIPS], ids=[row[0] for row in DRIPS])
def test_whoever_drips_is_left_at_the_deadline(ask: Ask, press: Press, parts: list[bytes]) -> None:
    press.raw("/", *parts, pause=0.05)
    fetched = ask(press.url("/"), seconds=0.25)
    assert fetched.status in (Status.TIMEOUT, Status.UNAVAILABLE)
    assert 200 <= fetched.ms < 1_500
    assert fetched.document is None


def test_the_deadline_is_for_all_redirects_together(ask: Ask, press: Press) -> None:
    for number in range(5):
        press.raw(f"/{number}", b"", head(f"Location: /{number + 1}", status="302 Found"), pause=0.1)
    fetched = ask(press.url("/0"), seconds=0.25)
    assert fetched.status is Status.TIMEOUT


def test_a_slow_source_within_its_time_is_no_failure(ask: Ask, press: Press) -> None:
    press.raw("/", *[bytes([byte]) for byte in sent(b"<rss/>")], pause=0.002)
    assert ask(press.url("/")).status is Status.OK


def test_a_name_server_that_hangs_is_left_at_the_deadline(ask: Ask, names: Names) -> None:
    names.answer = lambda: time.sleep(1) or []
    fetched = ask("http://slow.example/", seconds=0.2)
    assert fetched.status is Status.TIMEOUT
    assert "name server" in fetched.note
    assert fetched.ms < 900


def test_an_address_that_swallows_everything_leaves_time_for_the_next(ask: Ask, press: Press, names: Names) -> None:
    press.serve("/", FEED)
    with closing(socket.create_server(("127.0.0.1", 0), backlog=0)) as full:
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        names.answer = lambda: [full.getsockname(), ("127.0.0.1", press.port)]
        fetched = ask("http://two.example/", seconds=0.6)
        for one in waiting:
            one.close()
    assert fetched.status is Status.OK
    assert fetched.ms >= 250


def test_closing_ends_what_is_under_way_and_what_comes_after(press: Press) -> None:
    press.raw("/", b"HTTP/1.1 200 OK\r\n", pause=5)
    source = Source(id="s", url=press.url("/"), allow_private=True)
    with Fetcher(version="1", clock=lambda: NOW) as fetcher:
        Timer(0.1, fetcher.close).start()
        started = time.monotonic()
        ended = fetcher.fetch(source, SourceState(source="s", url=source.url))
        after = fetcher.fetch(source, SourceState(source="s", url=source.url))
    assert ended.status.failed
    assert after.status is Status.TIMEOUT
    assert time.monotonic() - started < 4
    assert len(press.requests) == 1


# --- bodies -----------------------------------------------------------------------------------------------------------


def deflated(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


def chunked(*chunks: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))


BODIES = [
    ("as it is", sent(FEED)),
    ("identity is no encoding", sent(FEED, "Content-Encoding: identity")),
    ("until the connection closes", head() + FEED),
    ("in chunks", head("Transfer-Encoding: chunked") + chunked(FEED[:7], FEED[7:])),
    ("gzip", sent(gzip.compress(FEED), "Content-Encoding: gzip")),
    ("gzip by its old name, in capitals", sent(gzip.compress(FEED), "Content-Encoding: X-GZIP")),
    ("gzip in chunks", head("Content-Encoding: gzip", "Transfer-Encoding: chunked") + chunked(gzip.compress(FEED))),
    ("gzip of two members", sent(gzip.compress(FEED[:9]) + gzip.compress(FEED[9:]), "Content-Encoding: gzip")),
    ("gzip with padding", sent(gzip.compress(FEED) + b"\0" * 9, "Content-Encoding: gzip")),
    ("deflate is zlib", sent(zlib.compress(FEED), "Content-Encoding: deflate")),
    ("deflate is not even zlib", sent(deflated(FEED), "Content-Encoding: deflate")),
    ("203 is 200 from somebody in between", sent(FEED).replace(b"200 OK", b"203 OK")),
    ("HTTP/1.0", sent(FEED).replace(b"HTTP/1.1", b"HTTP/1.0")),
]


@pytest.mark.parametrize("answer", [row[1] for row in BODIES], ids=[row[0] for row in BODIES])
def test_a_body_arrives_as_it_was_written(ask: Ask, press: Press, answer: bytes) -> None:
    press.raw("/", answer)
    fetched = ask(press.url("/"))
    assert fetched.document
    assert fetched.document.body == FEED
    assert fetched.bytes == len(FEED)


@pytest.mark.parametrize(("pack", "window"), [(gzip.compress, 31), (zlib.compress, 15), (deflated, -15)])
def test_no_byte_is_lost_where_a_decoded_piece_is_just_full(pack: Callable[[bytes], bytes], window: int) -> None:
    """The last bytes may still be within the decoder when all of the input is used up."""
    for size in range(answers.PIECE - 3, answers.PIECE + 600):
        assert sum(map(len, answers.inflated(iter([pack(b"x" * size)]), lambda _: window))) == size


EMPTY = [
    ("200", sent(b"")),
    ("204", head(status="204 No Content")),
    ("200 that says it is compressed", sent(b"", "Content-Encoding: gzip")),
]


@pytest.mark.parametrize("answer", [row[1] for row in EMPTY], ids=[row[0] for row in EMPTY])
def test_an_empty_body_is_a_document_for_readers_to_judge(ask: Ask, press: Press, answer: bytes) -> None:
    press.raw("/", answer)
    fetched = ask(press.url("/"))
    assert fetched.status is Status.OK
    assert fetched.document
    assert fetched.document.body == b""


CUT = [
    ("shorter than its Content-Length", head("Content-Length: 99") + b"<rss>"),
    ("no byte of what was announced", head("Content-Length: 99")),
    ("cut within a chunk", head("Transfer-Encoding: chunked") + b"9\r\n<rss>"),
    ("cut between chunks", head("Transfer-Encoding: chunked") + b"5\r\n<rss>\r\n"),
    ("a chunk without a size", head("Transfer-Encoding: chunked") + b"5\r\n<rss>\r\nzz\r\n"),
    ("gzip that is cut, of matching length", sent(gzip.compress(FEED)[:-20], "Content-Encoding: gzip")),
    ("gzip without its check sum", sent(gzip.compress(FEED)[:-4], "Content-Encoding: gzip")),
    ("gzip with a wrong check sum", sent(gzip.compress(FEED)[:-8] + b"12345678", "Content-Encoding: gzip")),
    ("gzip whose second member is cut", sent(gzip.compress(FEED) + b"\x1f\x8b", "Content-Encoding: gzip")),
    ("deflate that is cut", sent(zlib.compress(FEED)[:-6], "Content-Encoding: deflate")),
    ("said to be gzip, but is not", sent(FEED, "Content-Encoding: gzip")),
]


@pytest.mark.parametrize("answer", [row[1] for row in CUT], ids=[row[0] for row in CUT])
def test_a_body_that_is_cut_is_no_document_and_leaves_no_validator(ask: Ask, press: Press, answer: bytes) -> None:
    press.raw("/", answer.replace(b"\r\n", b'\r\nETag: "x"\r\n', 1))
    fetched = ask(press.url("/"))
    assert (fetched.status, fetched.http_status) == (Status.TRUNCATED, 200)
    assert (fetched.document, fetched.etag) == (None, None)


def test_a_connection_that_breaks_within_the_body_is_a_cut_body(ask: Ask, press: Press) -> None:
    def reset(_: BaseHTTPRequestHandler, line: socket.socket) -> None:
        line.sendall(head("Content-Length: 99") + b"<rss>")
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        line.close()

    press.route("/", reset)
    assert ask(press.url("/")).status is Status.TRUNCATED


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "\x1b[31mred"])
def test_a_compression_that_was_not_offered_is_an_error(ask: Ask, press: Press, encoding: str) -> None:
    press.raw("/", sent(b"?", f"Content-Encoding: {encoding}"))
    fetched = ask(press.url("/"))
    assert fetched.status is Status.HTTP_ERROR
    assert fetched.note.isprintable()


LARGE = [
    ("announced", head("Content-Length: 100001")),
    ("measured by nobody", head() + b"x" * 100_001),
    ("in chunks", head("Transfer-Encoding: chunked") + chunked(b"x" * 60_000, b"x" * 60_000)),
    ("compressed", sent(gzip.compress(b"x" * 100_001), "Content-Encoding: gzip")),
    ("a million empty members of gzip", head("Content-Encoding: gzip") + gzip.compress(b"") * 20_000),
    ("headers", b"HTTP/1.1 200 OK\r\n" + (b"X: " + b"y" * 60_000 + b"\r\n") * 9),
    ("100 Continue", b"HTTP/1.1 100 Continue\r\n\r\n" * 20_000),
    ("103 Early Hints", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 20_000),
    ("trailers", head("Transfer-Encoding: chunked") + b"0\r\n" + b"X: y\r\n" * 70_000),
]


@pytest.mark.parametrize("answer", [row[1] for row in LARGE], ids=[row[0] for row in LARGE])
def test_what_is_larger_than_allowed_is_refused(ask: Ask, press: Press, answer: bytes) -> None:
    press.raw("/", answer)
    fetched = ask(press.url("/"))
    assert fetched.status is Status.TOO_LARGE
    assert fetched.document is None
    assert "max_bytes" in fetched.note


@pytest.mark.parametrize(
    "answer", [sent(b"x" * 100_000), sent(gzip.compress(b"x" * 100_000), "Content-Encoding: gzip")]
)
def test_what_is_as_large_as_allowed_is_taken(ask: Ask, press: Press, answer: bytes) -> None:
    press.raw("/", answer)
    assert ask(press.url("/")).bytes == 100_000


def test_a_bomb_costs_no_more_than_the_cap(ask: Ask, press: Press) -> None:
    press.raw("/", sent(gzip.compress(bytes(30_000_000)), "Content-Encoding: gzip"))
    tracemalloc.start()
    try:
        fetched = ask(press.url("/"), max_bytes=1_000_000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert fetched.status is Status.TOO_LARGE
    assert fetched.bytes <= 1_000_000 + answers.PIECE
    assert peak < 4_000_000


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=3_000), st.integers(1, 300), st.sampled_from(["gzip", "zlib", "raw"]))
def test_decoding_does_not_depend_on_where_the_pieces_end(body: bytes, size: int, form: str) -> None:
    packed = {"gzip": gzip.compress, "zlib": zlib.compress, "raw": deflated}[form](body)
    window = {"gzip": 31, "zlib": 15, "raw": -15}[form]
    pieces = (packed[start : start + size] for start in range(0, len(packed), size))
    assert b"".join(answers.inflated(pieces, lambda _: window)) == body


# --- what an answer means ---------------------------------------------------------------------------------------------

CODES = [
    (101, Status.HTTP_ERROR), (201, Status.HTTP_ERROR), (206, Status.HTTP_ERROR), (300, Status.HTTP_ERROR),
    (400, Status.HTTP_ERROR), (401, Status.BLOCKED), (402, Status.HTTP_ERROR), (403, Status.BLOCKED),
    (404, Status.NOT_FOUND), (406, Status.HTTP_ERROR), (410, Status.GONE), (418, Status.HTTP_ERROR),
    (429, Status.RATE_LIMITED), (451, Status.BLOCKED), (500, Status.HTTP_ERROR), (502, Status.HTTP_ERROR),
    (503, Status.UNAVAILABLE), (504, Status.HTTP_ERROR), (520, Status.HTTP_ERROR), (999, Status.HTTP_ERROR),
]  # fmt: skip


@pytest.mark.parametrize(("code", "status"), CODES)
def test_a_code_is_a_status_and_a_word_for_the_operator(ask: Ask, press: Press, code: int, status: Status) -> None:
    press.raw("/feed", head("Content-Length: 0", 'ETag: "x"', status=f"{code} \x1b[31m"))
    fetched = ask(press.url("/feed"))
    assert (fetched.status, fetched.http_status) == (status, code)
    assert (fetched.document, fetched.etag) == (None, None)
    assert fetched.note.startswith(f"{press.url('/feed')} answered {code}")
    assert fetched.note.isprintable()
    assert len(fetched.note.partition(": ")[2]) > 10


WALL = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>"
KOREAN_WALL = "<html><title>잠시만 기다리십시오…</title><script>window._cf_chl_opt={};</script></html>".encode()
ARTICLE = b"<rss><channel><item><title>Just a moment...</title></item></channel></rss>"
WALLS = [
    ("the header of Cloudflare", 403, {"cf-mitigated": "challenge"}, b"", "text/html", Status.BLOCKED),
    ("the header of Cloudflare, with 200", 200, {"CF-Mitigated": "challenge"}, FEED, "text/xml", Status.BLOCKED),
    ("the header of AWS", 202, {"x-amzn-waf-action": "challenge"}, b"", "text/html", Status.BLOCKED),
    ("the page, with 200", 200, {}, WALL, "text/html; charset=UTF-8", Status.BLOCKED),
    ("the page, with 503", 503, {}, WALL, "text/html", Status.BLOCKED),
    ("the page, with 429", 429, {}, WALL, "text/html", Status.BLOCKED),
    ("the page, compressed", 503, {"Content-Encoding": "gzip"}, gzip.compress(WALL), "text/html", Status.BLOCKED),
    ("the page, in Korean", 503, {}, KOREAN_WALL, "text/html", Status.BLOCKED),
    ("an honest 503 page", 503, {}, b"<title>Maintenance</title>", "text/html", Status.UNAVAILABLE),
    ("a damaged 503 page", 503, {"Content-Encoding": "gzip"}, WALL, "text/html", Status.UNAVAILABLE),
    ("an article of that name", 200, {}, ARTICLE, "application/rss+xml", Status.OK),
]


@pytest.mark.parametrize(
    ("code", "headers", "body", "kind", "status"), [row[1:] for row in WALLS], ids=[row[0] for row in WALLS]
)
def test_a_page_that_asks_for_a_person_is_no_document(
    ask: Ask, press: Press, code: int, headers: dict[str, str], body: bytes, kind: str, status: Status
) -> None:
    press.serve("/", body, status=code, headers=headers, content_type=kind)
    fetched = ask(press.url("/"))
    assert (fetched.status, fetched.http_status) == (status, code)
    assert (fetched.document is not None) is (status is Status.OK)


NOISE = [
    ("another protocol", b"SSH-2.0-OpenSSH_9.2\r\n", Status.HTTP_ERROR),
    ("HTTP/0.9", FEED, Status.HTTP_ERROR),
    ("random bytes", bytes(range(256)), Status.HTTP_ERROR),
    ("a code that is none", b"HTTP/1.1 abc OK\r\n\r\n", Status.HTTP_ERROR),
    ("a header line of 70 kB", head("X: " + "y" * 70_000), Status.HTTP_ERROR),
    ("500 headers", head(*["X: y"] * 500), Status.HTTP_ERROR),
    ("nothing", b"", Status.CONNECT),
]


@pytest.mark.parametrize(("answer", "status"), [row[1:] for row in NOISE], ids=[row[0] for row in NOISE])
def test_what_is_not_http_is_a_failure_like_others(ask: Ask, press: Press, answer: bytes, status: Status) -> None:
    press.raw("/", answer)
    assert ask(press.url("/")).status is status


def test_a_closed_port_and_a_reset_are_failures_to_connect(ask: Ask, press: Press) -> None:
    def reset(_: BaseHTTPRequestHandler, line: socket.socket) -> None:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        line.close()

    press.route("/", reset)
    assert ask(press.url("/")).status is Status.CONNECT
    with closing(socket.create_server(("127.0.0.1", 0))) as unused:
        port = unused.getsockname()[1]
    closed = ask(f"http://127.0.0.1:{port}/")
    assert closed.status is Status.CONNECT
    assert "refused" in closed.note.lower()


ADDRESSES = [
    ("no scheme", "127.0.0.1/feed", Status.HTTP_ERROR),
    ("a file", "file:///etc/passwd", Status.HTTP_ERROR),
    ("no host", "http://", Status.HTTP_ERROR),
    ("nothing", "", Status.HTTP_ERROR),
    ("an empty label", "http://a..b/", Status.DNS),
    ("a label of 70 letters", f"http://{'a' * 70}.example/", Status.DNS),
    ("a NUL", "http://exa\0mple.org/", Status.HTTP_ERROR),
    ("a name that is not there", "http://press.invalid/", Status.DNS),
]


@pytest.mark.parametrize(("url", "status"), [row[1:] for row in ADDRESSES], ids=[row[0] for row in ADDRESSES])
def test_an_address_that_leads_nowhere_is_a_failure(ask: Ask, url: str, status: Status) -> None:
    assert ask(url).status is status


# --- when to ask again ------------------------------------------------------------------------------------------------

DATE = "Date: Sun, 22 Nov 2026 10:00:00 GMT"  # two hours behind the clock of the tests
WAITS = [
    ("seconds", ["Retry-After: 120"], 120),
    ("zero", ["Retry-After: 0"], 0),
    ("a date, by the clock of the server", [DATE, "Retry-After: Sun, 22 Nov 2026 10:05:00 GMT"], 300),
    ("a date, by our clock where the server has none", ["Retry-After: Sun, 22 Nov 2026 12:05:00 GMT"], 300),
    ("a date, by our clock where the server's is junk", ["Date: ?", "Retry-After: Sun, 22 Nov 2026 12:05:00 GMT"], 300),
    ("a date in the form of C", ["Retry-After: Sun Nov 22 12:05:00 2026"], 300),
    ("a date in the past", [DATE, "Retry-After: Sun, 22 Nov 2026 09:00:00 GMT"], None),
    ("a century", ["Retry-After: 1000000000"], 32 * 86_400),
    ("more digits than a number has", ["Retry-After: " + "9" * 5_000], 32 * 86_400),
    ("a far date", ["Retry-After: Fri, 31 Dec 9999 23:59:59 GMT"], 32 * 86_400),
    ("negative", ["Retry-After: -5"], None),
    ("a fraction", ["Retry-After: 1.5"], None),
    ("a word", ["Retry-After: soon"], None),
    ("full width digits", ["Retry-After: \xef\xbc\x95"], None),
    ("an impossible date", ["Retry-After: Sun, 32 Nov 2026 12:00:00 GMT"], None),
    ("nothing", [], None),
]


@pytest.mark.parametrize(("lines", "seconds"), [row[1:] for row in WAITS], ids=[row[0] for row in WAITS])
@pytest.mark.parametrize("code", ["429 Slow", "503 Later"])
def test_retry_after_is_honoured(ask: Ask, press: Press, code: str, lines: list[str], seconds: int | None) -> None:
    press.raw("/", head(*lines, status=code))
    assert ask(press.url("/")).retry_after == (None if seconds is None else timedelta(seconds=seconds))


FRESHNESS = [
    ("max-age", ["Cache-Control: max-age=600"], 600),
    ("max-age among others, in capitals", ["Cache-Control: public, MAX-AGE=600, must-revalidate"], 600),
    ("max-age in quotes", ['Cache-Control: max-age="600"'], 600),
    ("max-age in the second of two headers", ["Cache-Control: public", "Cache-Control: max-age=600"], 600),
    ("less the time it has been in a cache", ["Cache-Control: max-age=600", "Age: 100"], 500),
    ("stale already", ["Cache-Control: max-age=600", "Age: 700"], None),
    ("an Age that is none", ["Cache-Control: max-age=600", "Age: old"], 600),
    ("s-maxage is for shared caches", ["Cache-Control: s-maxage=600"], None),
    ("max-age beats Expires", [DATE, "Cache-Control: max-age=600", "Expires: Sun, 22 Nov 2026 10:01:00 GMT"], 600),
    ("Expires, by the clock of the server", [DATE, "Expires: Sun, 22 Nov 2026 10:01:00 GMT"], 60),
    ("Expires, by ours", ["Expires: Sun, 22 Nov 2026 12:01:00 GMT"], 60),
    ("Expires 0 is past", ["Expires: 0"], None),
    ("Expires -1 is past", ["Expires: -1"], None),
    ("no-cache", ["Cache-Control: no-cache, max-age=600"], None),
    ("no-store", ["Cache-Control: max-age=600,no-store"], None),
    ("no-cache beats Expires", [DATE, "Cache-Control: no-cache", "Expires: Sun, 22 Nov 2026 10:01:00 GMT"], None),
    ("a year", ["Cache-Control: max-age=31536000"], 32 * 86_400),
    ("junk", ["Cache-Control: max-age=soon"], None),
    ("nothing", [], None),
]


@pytest.mark.parametrize(("lines", "seconds"), [row[1:] for row in FRESHNESS], ids=[row[0] for row in FRESHNESS])
def test_freshness_is_told(ask: Ask, press: Press, lines: list[str], seconds: int | None) -> None:
    press.raw("/", sent(FEED, *lines))
    assert ask(press.url("/")).max_age == (None if seconds is None else timedelta(seconds=seconds))


def test_freshness_of_a_304_is_told_too(ask: Ask, press: Press) -> None:
    press.raw("/", head("Cache-Control: max-age=600", status="304 Not Modified"))
    assert ask(press.url("/"), state={"etag": '"x"'}).max_age == timedelta(seconds=600)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
@example("0\x1f")
def test_no_header_is_too_odd_for_a_wait(value: str) -> None:
    wait = answers.retry_after(value, lambda: NOW)
    assert wait is None or timedelta(0) <= wait <= timedelta(days=32)


# --- the guard --------------------------------------------------------------------------------------------------------

LOOPBACK, PRIVATE, NEVER, PUBLIC = "loopback", "private", "", None
KINDS_OF_ADDRESS = [
    ("0.0.0.0", NEVER), ("0.1.2.3", NEVER), ("10.0.0.1", PRIVATE), ("10.255.255.255", PRIVATE),
    ("11.0.0.0", PUBLIC), ("100.63.255.255", PUBLIC), ("100.64.0.1", NEVER), ("100.100.100.200", NEVER),
    ("100.128.0.0", PUBLIC), ("127.0.0.1", LOOPBACK), ("127.255.255.254", LOOPBACK), ("128.0.0.1", PUBLIC),
    ("168.63.129.16", NEVER), ("168.63.129.17", PUBLIC), ("169.253.255.255", PUBLIC), ("169.254.0.1", NEVER),
    ("169.254.169.254", NEVER), ("169.254.170.2", NEVER), ("172.15.255.255", PUBLIC), ("172.16.0.1", PRIVATE),
    ("172.31.255.255", PRIVATE), ("172.32.0.0", PUBLIC), ("192.0.0.8", NEVER), ("192.0.0.192", NEVER),
    ("192.0.2.1", NEVER), ("192.88.99.1", NEVER), ("192.167.255.255", PUBLIC), ("192.168.0.1", PRIVATE),
    ("192.169.0.0", PUBLIC), ("198.17.255.255", PUBLIC), ("198.18.0.1", NEVER), ("198.19.255.255", NEVER),
    ("198.20.0.0", PUBLIC), ("198.51.100.7", NEVER), ("203.0.113.9", NEVER), ("211.115.0.1", PUBLIC),
    ("223.255.255.255", PUBLIC), ("224.0.0.1", NEVER), ("239.255.255.255", NEVER), ("240.0.0.1", NEVER),
    ("255.255.255.255", NEVER), ("8.8.8.8", PUBLIC),
    ("::", NEVER), ("::1", LOOPBACK), ("::2", NEVER), ("::127.0.0.1", NEVER), ("::8.8.8.8", NEVER),
    ("::ffff:127.0.0.1", NEVER), ("::ffff:10.0.0.1", NEVER), ("::ffff:8.8.8.8", NEVER), ("::ffff:0:127.0.0.1", NEVER),
    ("64:ff9b::7f00:1", NEVER), ("64:ff9b::808:808", NEVER), ("64:ff9b:1::1", NEVER), ("100::1", NEVER),
    ("1000::1", NEVER), ("2001::1", NEVER), ("2001:0:53aa:64c::1", NEVER), ("2001:2::1", NEVER),
    ("2001:10::1", NEVER), ("2001:db8::1", NEVER), ("2001:2d8::1", PUBLIC), ("2002:7f00:1::", NEVER),
    ("2002:808:808::1", NEVER), ("2404:4600::1", PUBLIC), ("2606:4700::1", PUBLIC), ("3fff::1", NEVER),
    ("4000::1", NEVER), ("5f00::1", NEVER), ("fc00::1", PRIVATE), ("fd00::2", PRIVATE), ("fd00:ec2::254", NEVER),
    ("fd20:ce::254", NEVER), ("fe80::1", NEVER), ("fe80::1%eth0", NEVER), ("febf::1", NEVER), ("fec0::1", NEVER),
    ("ff02::1", NEVER), ("ff0e::1", NEVER),
    ("", NEVER), ("localhost", NEVER), ("2130706433", NEVER), ("0177.0.0.1", NEVER), ("127.1", NEVER),
    ("0x7f.0.0.1", NEVER), ("8.8.8.8 ", NEVER), ("[::1]", NEVER),
]  # fmt: skip


@pytest.mark.parametrize(("address", "kind"), KINDS_OF_ADDRESS)
def test_which_addresses_may_be_connected_to(address: str, kind: str | None) -> None:
    why, why_even_so = guard.refused(address, allow_private=False), guard.refused(address, allow_private=True)
    assert (why is None) is (kind is PUBLIC)
    assert (why_even_so is None) is (kind is not NEVER)
    assert ("allow_private" in (why or "")) is (kind in (LOOPBACK, PRIVATE))


@settings(max_examples=200, deadline=None)
@given(st.ip_addresses(), st.booleans())
def test_what_python_calls_private_is_refused_too(address: Any, allowed: bool) -> None:
    """The table may be stricter than the standard library, never laxer (but for NAT64 and what else it misses)."""
    if not address.is_global:
        assert guard.refused(str(address), allow_private=False)
    if guard.refused(str(address), allow_private=True):
        assert guard.refused(str(address), allow_private=False)


SPELLINGS = [
    "127.0.0.1", "127.1", "0177.0.0.1", "0x7f.0.0.1", "2130706433", "0x7f000001", "127.0.0.1.", "localhost",
    "LOCALHOST.", "user@127.0.0.1", "example.org@127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[0:0:0:0:0:0:0:1]",
    "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[::127.0.0.1]", "0.0.0.0", "0", "[::]", "[fe80::1%25lo]",
    "①②⑦.⓪.⓪.①", "１２７.０.０.１", "127。0。0。1",
]  # fmt: skip


@pytest.mark.parametrize("host", SPELLINGS)
def test_no_spelling_of_loopback_gets_through(ask: Ask, press: Press, host: str) -> None:
    press.serve("/", FEED)
    fetched = ask(press.url("/", host=host), allow_private=False)
    assert fetched.status in (Status.REFUSED_ADDRESS, Status.HTTP_ERROR, Status.DNS)
    assert fetched.document is None
    assert not press.requests


CONTROLS = ["127.0.0.1", "127.1", "0177.0.0.1", "2130706433", "0x7f000001", "localhost", "user@127.0.0.1"]


@pytest.mark.parametrize("host", CONTROLS)
def test_the_same_spellings_do_get_through_where_they_are_allowed(ask: Ask, press: Press, host: str) -> None:
    """What shows that the test above looks at a door and not at a wall."""
    press.serve("/", FEED)
    assert ask(press.url("/", host=host)).status is Status.OK
    assert len(press.requests) == 1


def test_the_host_that_is_asked_is_the_host_that_is_checked(ask: Ask, press: Press) -> None:
    """For `http://127.0.0.1\\@example.com/`, parsers disagree about what the host is."""
    fetched = ask(press.url("\\@8.8.8.8/"), allow_private=False)
    assert fetched.status is Status.REFUSED_ADDRESS
    assert "127.0.0.1" in fetched.note
    assert not press.requests


@pytest.mark.parametrize("hops", [1, 3, 5])
def test_a_redirect_is_guarded_on_every_hop(ask: Ask, press: Press, hops: int) -> None:
    """The first hops are allowed; link-local is not, whatever is allowed."""
    for number in range(1, hops):
        press.redirect(f"/{number}", f"/{number + 1}")
    press.redirect(f"/{hops}", "http://169.254.169.254/latest/meta-data/")
    fetched = ask(press.url("/1"))
    assert fetched.status is Status.REFUSED_ADDRESS
    assert "169.254.169.254" in fetched.note
    assert len(press.requests) == hops


class Names:
    """A name server under control: what it answers for every name, and how often it was asked."""

    def __init__(self) -> None:
        self.answer: Callable[[], Any] = list
        self.asked = 0


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    names, real = Names(), socket.getaddrinfo

    def getaddrinfo(host: str, port: int, *rest: Any, flags: int = 0, **named: Any) -> Any:
        if flags & socket.AI_NUMERICHOST:
            return real(host, port, *rest, flags=flags, **named)
        names.asked += 1
        return [
            (socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM, 0, "", (address, at))
            for address, at in names.answer()
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return names


def test_a_name_is_resolved_once_so_that_no_second_answer_can_differ(ask: Ask, press: Press, names: Names) -> None:
    """A rebinding name: a good address for whoever checks, another one for whoever connects."""
    press.serve("/", FEED)
    turns = iter([[("127.0.0.1", press.port)], [("169.254.169.254", 80)]])
    names.answer = lambda: next(turns)
    assert ask("http://rebind.example/").status is Status.OK
    assert names.asked == 1
    assert ask("http://rebind.example/").status is Status.REFUSED_ADDRESS


def test_a_name_that_leads_inside_even_once_leads_nowhere(ask: Ask, press: Press, names: Names) -> None:
    names.answer = lambda: [("127.0.0.1", press.port), ("169.254.169.254", 80)]
    assert ask("http://mixed.example/").status is Status.REFUSED_ADDRESS
    assert not press.requests


def test_a_name_server_that_is_down_is_told_from_a_name_that_is_not_there(ask: Ask, names: Names) -> None:
    def fail(code: int) -> Callable[[], Any]:
        def answer() -> Any:
            raise socket.gaierror(code, "no")

        return answer

    names.answer = fail(socket.EAI_AGAIN)
    offline = ask("http://a.example/")
    names.answer = fail(socket.EAI_NONAME)
    unknown = ask("http://a.example/")
    assert (offline.status, unknown.status) == (Status.DNS, Status.DNS)
    assert "for now" in offline.note
    assert "no host named a.example" in unknown.note


# --- TLS --------------------------------------------------------------------------------------------------------------


def certificate(directory: Path, host: str) -> ssl.SSLContext:
    """The context of a server whose certificate, its own authority, is for this host; both lie in HOST.pem."""
    command = shutil.which("openssl")
    if not command:
        pytest.skip("no openssl command to make a certificate with")
    both = directory / f"{host}.pem"
    subprocess.run(
        [command, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}", "-keyout", both, "-out", f"{both}.cert"],
        check=True,
        capture_output=True,
    )  # fmt: skip
    both.write_bytes(both.read_bytes() + Path(f"{both}.cert").read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return context


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, ssl.SSLContext]]:
    directory = tmp_path_factory.mktemp("certificates")
    hosts = ("localhost", "other.example")
    contexts = {host: certificate(directory, host) for host in hosts}
    trusted = directory / "trusted.pem"
    trusted.write_text("".join((directory / f"{host}.pem.cert").read_text() for host in hosts))
    return trusted, contexts


@pytest.fixture
def over_tls(certificates: tuple[Path, dict[str, ssl.SSLContext]]) -> Iterator[Ask]:
    """Ask as `ask` does, trusting the certificates of the tests."""
    with Fetcher(version="1", clock=lambda: NOW, certificates=str(certificates[0])) as fetcher:

        def ask(url: str, seconds: float = 2, **more: Any) -> Fetched:
            wait = timedelta(seconds=seconds)
            source = Source(id="s", url=url, **{"allow_private": True, "max_bytes": 100_000} | more, timeout=wait)
            return fetcher.fetch(source, SourceState(source="s", url=url))

        yield ask


@pytest.fixture
def secure(certificates: tuple[Path, dict[str, ssl.SSLContext]]) -> Iterator[Press]:
    with Press(certificates[1]["localhost"]) as press:
        yield press


def test_a_document_comes_over_tls(over_tls: Ask, secure: Press, press: Press) -> None:
    secure.serve("/", FEED)
    press.redirect("/", secure.url("/"), 301)
    fetched = over_tls(press.url("/"))
    assert fetched.status is Status.OK
    assert fetched.moved_to == secure.url("/")
    assert fetched.document
    assert fetched.document.body == FEED


def test_a_certificate_that_nobody_vouches_for_is_refused(ask: Ask, secure: Press) -> None:
    fetched = ask(secure.url("/"))
    assert fetched.status is Status.TLS
    assert "self-signed" in fetched.note
    assert not secure.requests


def test_a_certificate_for_another_host_is_refused(
    over_tls: Ask, certificates: tuple[Path, dict[str, ssl.SSLContext]]
) -> None:
    with Press(certificates[1]["other.example"]) as other:
        fetched = over_tls(other.url("/"))
        assert fetched.status is Status.TLS
        assert "other.example" not in fetched.note
        assert "localhost" in fetched.note
        assert not other.requests


def test_the_certificate_is_for_the_name_though_the_address_was_checked(
    over_tls: Ask, names: Names, certificates: tuple[Path, dict[str, ssl.SSLContext]]
) -> None:
    with Press(certificates[1]["other.example"]) as other:
        asked: list[str | None] = []
        certificates[1]["other.example"].sni_callback = lambda _line, name, _context: asked.append(name)
        names.answer = lambda: [("127.0.0.1", other.port)]
        other.serve("/", FEED)
        assert over_tls("https://other.example/").status is Status.OK
        assert asked == ["other.example"]


def test_loopback_over_tls_is_guarded_too(over_tls: Ask, secure: Press) -> None:
    secure.serve("/", FEED)
    assert over_tls(secure.url("/"), allow_private=False).status is Status.REFUSED_ADDRESS
    assert not secure.requests


def test_plain_http_where_tls_is_expected_is_a_failure_of_tls(over_tls: Ask, press: Press) -> None:
    assert over_tls(press.url("/").replace("http:", "https:")).status is Status.TLS


@pytest.mark.parametrize("opening", [b"", b"\x16\x03\x03\x40\x00"], ids=["silent", "a record of TLS, byte by byte"])
def test_a_handshake_that_hangs_is_left_at_the_deadline(over_tls: Ask, opening: bytes) -> None:
    def drip(server: socket.socket) -> None:
        line, _ = server.accept()
        with closing(line), suppress(OSError):
            line.sendall(opening)
            for _ in range(50 if opening else 0):
                time.sleep(0.05)
                line.sendall(b"\0")
            line.recv(10_000)
            line.recv(1)

    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        dripping = Thread(target=drip, args=(server,))
        dripping.start()
        fetched = over_tls(f"https://127.0.0.1:{server.getsockname()[1]}/", seconds=0.25)
        dripping.join()
    assert fetched.status is Status.TIMEOUT
    assert fetched.ms < 1_500


@pytest.mark.parametrize("parts", [DRIPS[0][1], DRIPS[1][1], DRIPS[4][1]], ids=["silence", "head", "body"])
def test_whoever_drips_over_tls_is_left_at_the_deadline(over_tls: Ask, secure: Press, parts: list[bytes]) -> None:
    secure.raw("/", *parts, pause=0.05)
    fetched = over_tls(secure.url("/"), seconds=0.25)
    assert fetched.status is Status.TIMEOUT
    assert fetched.ms < 1_500


def test_what_is_too_large_over_tls_is_refused(over_tls: Ask, secure: Press) -> None:
    secure.raw("/", b"HTTP/1.1 100 Continue\r\n\r\n" * 20_000)
    assert over_tls(secure.url("/")).status is Status.TOO_LARGE


def test_one_fetcher_serves_many_threads(ask: Ask, press: Press) -> None:
    statuses: list[Status] = []
    press.serve("/", FEED)
    threads = [Thread(target=lambda: statuses.append(ask(press.url("/")).status)) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [Status.OK] * 30
