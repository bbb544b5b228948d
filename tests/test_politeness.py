"""Thirty simulated days with a press that keeps a record of its visitors, scored by the rules for readers of feeds.

The rules are those that publishers wrote down after looking at their logs (rachelbythebay.com/fs, earth.org.uk on RSS
efficiency). Every tick of cron is a new process to the program: nothing is remembered but what is in the database.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from socket import socket
from typing import NamedTuple

import pytest

from aggregator import config, pipeline
from aggregator.store import Store
from tests.press import Press

BEGIN = datetime(2023, 10, 1, 0, 0, tzinfo=UTC)  # a Sunday
DAYS, TICK, EVERY = 30, timedelta(minutes=15), timedelta(hours=4)
FORMAT = "%Y-%m-%dT%H:%M:%SZ"


class Visit(NamedTuple):
    """A request as the server saw it, and what it answered."""

    at: datetime
    path: str
    headers: dict[str, str]
    status: int
    said: dict[str, str]


class Server:
    """Feeds of many habits. Each gets the number of the visit and answers (status, headers, body)."""

    def __init__(self, press: Press) -> None:
        self.visits: list[Visit] = []
        self.now = BEGIN
        self._press, self._dice = press, random.Random(3)
        for name in HABITS:
            press.route(f"/{name}", self._answer(name))

    def of(self, name: str) -> list[Visit]:
        return [visit for visit in self.visits if visit.path == f"/{name}"]

    def _answer(self, name: str) -> Callable[[BaseHTTPRequestHandler, socket], None]:
        def answer(request: BaseHTTPRequestHandler, _: socket) -> None:
            asked = {key.lower(): value for key, value in request.headers.items()}
            status, headers, body = HABITS[name](self, asked)
            self.visits.append(Visit(self.now, request.path, asked, status, headers))
            request.send_response_only(status)
            request.send_header("Date", format_datetime(self.now, usegmt=True))
            for key, value in headers.items():
                request.send_header(key, value)
            request.send_header("Content-Length", str(len(body)))
            request.end_headers()
            request.wfile.write(body)

        return answer

    @property
    def days(self) -> int:
        return (self.now - BEGIN).days

    def edition(self, hours: int = 30) -> int:
        """The number of the edition: a new one every few hours."""
        return int((self.now - BEGIN) / timedelta(hours=hours))

    def chance(self) -> float:
        return self._dice.random()


Answer = tuple[int, dict[str, str], bytes]


def feed(number: int, more: str = "") -> bytes:
    return f"""<?xml version="1.0"?><rss version="2.0"><channel><title>x</title>{more}
    <item><title>기사 {number}</title><link>https://a.example/{number}</link></item></channel></rss>""".encode()


def known(asked: dict[str, str], validators: dict[str, str], body: bytes, more: dict[str, str] | None = None) -> Answer:
    """What a careful server answers: 304 to who has it."""
    tag, date = asked.get("if-none-match"), asked.get("if-modified-since")
    has = tag == validators.get("ETag") if tag else date is not None and date == validators.get("Last-Modified")
    return (304, validators, b"") if has else (200, validators | (more or {}), body)


def ordinary(server: Server, asked: dict[str, str]) -> Answer:
    n = server.edition()
    date = format_datetime(BEGIN + n * timedelta(hours=30), usegmt=True)
    return known(asked, {"ETag": f'"v{n}"', "Last-Modified": date}, feed(n))


def odd_date(server: Server, asked: dict[str, str]) -> Answer:
    n = server.edition(50)
    return known(asked, {"Last-Modified": f"sunday, {n} of never, 12h00 "[:-1]}, feed(n))


def weak(server: Server, asked: dict[str, str]) -> Answer:
    return known(asked, {"ETag": f'W/"{server.edition()}-gzip"'}, feed(server.edition()))


def renewed(server: Server, asked: dict[str, str]) -> Answer:
    """Gives another tag with every 304, and takes only the last one it gave."""
    last = server.of("renewed")[-1].said["ETag"] if server.of("renewed") else None
    new = {"ETag": f'"{len(server.of("renewed"))}"'}
    return (304, new, b"") if last and asked.get("if-none-match") == last else (200, new, feed(1))


def touched(server: Server, asked: dict[str, str]) -> Answer:
    """Always the same body, under another tag each day."""
    return known(asked, {"ETag": f'"{server.days}"'}, feed(1))


def dropped(server: Server, asked: dict[str, str]) -> Answer:
    """Gives no validators any more from the tenth day on."""
    n = server.edition()
    return known(asked, {"ETag": f'"{n}"'}, feed(n)) if server.days < 10 else (200, {}, feed(n))


def limited(server: Server, asked: dict[str, str]) -> Answer:
    if server.chance() < 0.2:
        return 429, {"Retry-After": "28800"}, b""
    return ordinary(server, asked)


def tired(server: Server, asked: dict[str, str]) -> Answer:
    if server.chance() < 0.2:
        return 503, {"Retry-After": format_datetime(server.now + timedelta(hours=9), usegmt=True)}, b""
    return ordinary(server, asked)


def broken(server: Server, asked: dict[str, str]) -> Answer:
    return (500, {}, b"") if 5 <= server.days < 15 else ordinary(server, asked)


def fresh(server: Server, asked: dict[str, str]) -> Answer:
    status, headers, body = ordinary(server, asked)
    return status, headers | {"Cache-Control": "max-age=21600"}, body


def paced(server: Server, asked: dict[str, str]) -> Answer:
    """Wants to be asked every six hours, and at night and on Saturdays not at all."""
    hours = "".join(f"<hour>{hour}</hour>" for hour in range(6))
    pace = f"<ttl>360</ttl><skipHours>{hours}</skipHours><skipDays><day>Saturday</day></skipDays>"
    return 200, {}, feed(server.edition(), pace + f"<description>{server.now}</description>")


def moved(server: Server, asked: dict[str, str]) -> Answer:
    return 301, {"Location": "/home"}, b""


def gone(server: Server, asked: dict[str, str]) -> Answer:
    return (410, {}, b"") if server.days >= 5 else ordinary(server, asked)


def sticky(server: Server, asked: dict[str, str]) -> Answer:
    status, headers, body = ordinary(server, asked)
    return status, headers | {"Set-Cookie": "seen=1; Path=/"}, body


HABITS: dict[str, Callable[[Server, dict[str, str]], Answer]] = {
    "ordinary": ordinary, "odd-date": odd_date, "weak": weak, "renewed": renewed, "touched": touched,
    "dropped": dropped, "limited": limited, "tired": tired, "broken": broken, "fresh": fresh, "paced": paced,
    "moved": moved, "home": ordinary, "gone": gone, "sticky": sticky, "neighbour": ordinary,
}  # fmt: skip
RESTING = ("limited", "tired", "neighbour")  # on a host of their own, since the whole host rests


def _url(press: Press, name: str) -> str:
    return press.url(f"/{name}", host="localhost" if name in RESTING else None)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server after thirty days with our program."""
    database = tmp_path_factory.mktemp("month") / "mentions.db"
    with Press() as press:
        server = Server(press)
        named = "".join(
            f'  - {{id: {name}, url: "{_url(press, name)}", every: {EVERY.seconds // 3600}h}}\n'
            for name in HABITS
            if name != "home"
        )
        settings = config.parse(f"fetch: {{allow_private: true, contact: desk@ours.example}}\nsources:\n{named}")
        while server.now < BEGIN + timedelta(days=DAYS):
            with Store(database) as store:  # as cron starts it: nothing else is remembered
                edges = pipeline.Edges(clock=lambda: server.now, dice=lambda: 0.5)
                pipeline.run(settings, store, pipeline.Order(), edges)
                due = store._rows("SELECT min(due_at) AS at FROM sources WHERE enabled")[0]["at"]
            ticks = max(1, -((server.now - datetime.strptime(due, FORMAT).replace(tzinfo=UTC)) // TICK))
            server.now += ticks * TICK
        yield server


FEEDS = pytest.mark.parametrize("name", HABITS)


def gaps(visits: list[Visit]) -> list[timedelta]:
    return [later.at - earlier.at for earlier, later in itertools.pairwise(visits)]


def test_the_month_was_long_enough_to_show_anything(server: Server) -> None:
    counts = {name: len(server.of(name)) for name in HABITS}
    assert all(
        count > 100 for name, count in counts.items() if name not in ("moved", "gone", "paced", "fresh", *RESTING)
    )
    assert len({visit.at for visit in server.visits}) > 100, "restarts"
    assert {200, 301, 304, 410, 429, 500, 503} == {visit.status for visit in server.visits}


@FEEDS
def test_1_to_7_validators_go_back_byte_for_byte_always_and_only_the_last_ones_of_that_feed(
    server: Server, name: str
) -> None:
    etag = modified = None
    for visit in server.of(name):
        sent = visit.headers.get("if-none-match"), visit.headers.get("if-modified-since")
        assert sent == (etag, modified), f"{visit.at}: what the server last said goes back, and nothing else"
        if visit.status == 200:
            etag, modified = visit.said.get("ETag"), visit.said.get("Last-Modified")
        elif visit.status == 304:
            etag, modified = visit.said.get("ETag", etag), visit.said.get("Last-Modified", modified)


@FEEDS
def test_8_and_9_the_interval_is_kept_though_every_tick_is_a_restart(server: Server, name: str) -> None:
    assert all(gap >= EVERY * 0.9 for gap in gaps(server.of(name)))


def test_10_nothing_is_asked_twice_at_a_time_and_nothing_but_what_feeds_yaml_names(server: Server) -> None:
    asked = [(visit.at, visit.path) for visit in server.visits]
    assert len(asked) == len(set(asked))
    assert {path for _, path in asked} == {f"/{name}" for name in HABITS}, "no robots.txt, no favicon, no query of ours"


def test_11_to_13_a_request_says_who_asks_and_what_it_can_read_and_no_more(server: Server) -> None:
    for visit in server.visits:
        assert visit.headers.keys().isdisjoint({"cookie", "referer", "from", "authorization"})
        assert "desk@ours.example" in visit.headers["user-agent"]
        assert "rss" in visit.headers["accept"]
        assert "gzip" in visit.headers["accept-encoding"]


def test_14_a_host_that_asks_for_rest_gets_it_from_all_its_feeds(server: Server) -> None:
    visits = [visit for name in RESTING for visit in server.of(name)]
    limits = [visit for visit in visits if visit.status in (429, 503)]
    assert len(limits) > 10
    for limit in limits:
        rest = timedelta(hours=8 if limit.status == 429 else 9)
        assert not [visit for visit in visits if limit.at < visit.at < limit.at + rest], limit.at


def test_15_what_is_fresh_is_not_asked_for(server: Server) -> None:
    assert all(gap >= timedelta(hours=6) for gap in gaps(server.of("fresh")))


def test_16_hours_and_days_that_a_feed_wants_for_itself_and_its_rhythm_are_kept(server: Server) -> None:
    later = server.of("paced")[1:]  # the first visit cannot know
    assert len(later) > 40
    assert all(gap >= timedelta(hours=6) for gap in gaps(later))
    assert not [visit.at for visit in later if visit.at.hour < 6 or visit.at.weekday() == 5]


def test_17_what_has_moved_is_asked_at_its_new_place_and_what_is_gone_no_more(server: Server) -> None:
    assert len(server.of("moved")) == 1
    assert [visit.status for visit in server.of("gone")].count(410) == 1
    assert server.of("gone")[-1].status == 410


def test_a_feed_in_trouble_is_asked_less_and_less_often_up_to_once_a_day(server: Server) -> None:
    failing = [visit for visit in server.of("broken") if visit.status == 500]
    waits = gaps(failing)
    assert waits[0] < waits[3] < timedelta(days=1, hours=1)
    assert max(waits) <= timedelta(days=1, hours=1)
    assert len(failing) < 20
