"""No spelling of an address leads where nobody may ask, on no way: not a byte arrives there.

Each way is walked twice: as it is, and with the guard taken away. Only what arrives without it shows that it is a door
that was tried, and no wall.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest

from aggregator import articles, feeds, guard, outlets, polling, visiting, visits
from aggregator.fetch import Fetcher
from aggregator.model import Debt, Fetched, Kind, Source, SourceState, Status
from tests import ssrf
from tests.ssrf import ADDRESSES, METADATA, PUBLIC, SPELLINGS, Internet, Spelling

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SECONDS = timedelta(seconds=2)
ROOT = Path(__file__).resolve().parents[1]

Way = Callable[[Internet, Fetcher, Sequence[Any]], None]


@pytest.fixture(scope="module")
def one_internet() -> Iterator[Internet]:
    with Internet() as internet:
        yield internet


@pytest.fixture
def internet(one_internet: Internet, monkeypatch: pytest.MonkeyPatch) -> Internet:
    """The internet, with nothing in it yet."""
    for said in (one_internet.says, one_internet.names, one_internet.visited, one_internet.intruders):
        said.clear()
    ssrf.open_to(one_internet, monkeypatch)
    return one_internet


@pytest.fixture
def unguarded(internet: Internet, monkeypatch: pytest.MonkeyPatch) -> Internet:
    """The same, where the guard lets everything pass."""
    monkeypatch.setattr(guard, "refused", lambda *_: None)
    return internet


@pytest.fixture(scope="module")
def fetcher() -> Iterator[Fetcher]:
    with Fetcher(version="1", clock=lambda: NOW) as fetcher:
        yield fetcher


def ask(fetcher: Fetcher, url: str, *, allow_private: bool = False) -> Fetched:
    source = Source(id="s", url=url, allow_private=allow_private, timeout=SECONDS)
    return fetcher.fetch(source, SourceState(source="s", url=url))


# --- the ways ---------------------------------------------------------------------------------------------------------


def directly(_: Internet, fetcher: Fetcher, spellings: Sequence[Spelling], *, allow_private: bool = False) -> None:
    """The address of a source."""
    for spelling in spellings:
        fetched = ask(fetcher, spelling.url, allow_private=allow_private)
        assert fetched.document is None, spelling
        assert fetched.status is not Status.BUG, (spelling, fetched.note)


def by_redirects(
    internet: Internet, fetcher: Fetcher, spellings: Sequence[Spelling], *, hops: int, allow_private: bool = False
) -> None:
    """Where the last of several redirects leads, the others being of a press that may be asked."""
    for number, spelling in enumerate(spellings):
        places = [f"/{number}/{hop}" for hop in range(hops)]
        for place, following in zip(places, [*places[1:], spelling.url], strict=True):
            internet.says[PUBLIC[0], place] = ssrf.moved(following.replace("\r\n", "\r\n "))
        fetched = ask(fetcher, f"http://{PUBLIC[0]}{places[0]}", allow_private=allow_private)
        assert fetched.document is None, spelling
        assert fetched.status is not Status.BUG, (spelling, fetched.note)
    assert len(internet.visited) >= hops * len(spellings), "the press itself may be asked"


def by_names(internet: Internet, fetcher: Fetcher, spellings: Sequence[str], *, answers: str) -> None:
    """A name that leads there: at once, the second time that it is asked for, or beside a public address."""
    for number, address in enumerate(spellings):
        name = f"name-{number}.example"
        internet.names[name] = {
            "at once": [[address]],
            "the second time": [[PUBLIC[0]], [address]],
            "at once and elsewhere": [[address, PUBLIC[1], PUBLIC[2]]],
        }[answers]
        internet.says[name, "/"] = ssrf.moved("/again")
        assert ask(fetcher, f"http://{name}/").document is None, address


def by_sitemaps(internet: Internet, fetcher: Fetcher, spellings: Sequence[Spelling]) -> None:
    """The sitemaps that an index names."""
    poller = polling.Poller(fetcher, outlets.directory, lambda: NOW)
    printable = [one.url for one in spellings if one.url.isprintable()]
    for number in range(0, len(printable), polling.SITEMAP_CHILDREN):
        some = printable[number : number + polling.SITEMAP_CHILDREN]
        children = "".join(f"<sitemap><loc>{escape(url)}</loc></sitemap>" for url in some)
        index = f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{children}</sitemapindex>'
        internet.says[PUBLIC[0], f"/{number}"] = ssrf.sent(index.encode())
        source = Source(id="s", url=f"http://{PUBLIC[0]}/{number}", kind=Kind.SITEMAP, timeout=SECONDS)
        poll = poller.poll(source, SourceState(source="s", url=source.url))
        assert poll.status is Status.EMPTY, (some, poll.note)


def by_robots(internet: Internet, fetcher: Fetcher, spellings: Sequence[Spelling]) -> None:
    """Where the robots.txt of an article's host is said to be."""
    for number, spelling in enumerate(spellings):
        host = f"press-{number}.example"
        internet.names[host] = [[PUBLIC[0]]]
        internet.says[f"{host}:8080", "/robots.txt"] = ssrf.moved(spelling.url.replace("\r\n", "\r\n "))
    assert len(internet.visited) == 0
    visit(fetcher, [f"http://{host}:8080/1" for host in internet.names])
    assert len(internet.visited) >= len(spellings)


def by_visits(internet: Internet, fetcher: Fetcher, spellings: Sequence[Spelling]) -> None:
    """The articles that a feed links to, whose pages are visited: robots.txt there, then the page."""
    items = [{"id": str(number), "url": one.url, "title": one.why} for number, one in enumerate(spellings)]
    body = json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "x", "items": items}).encode()
    internet.says[PUBLIC[0], "/feed"] = ssrf.sent(body, "application/feed+json")
    feed = ask(fetcher, f"http://{PUBLIC[0]}/feed").document
    assert feed
    addresses = {articles.address(item) for item in feeds.read(feed)}
    visit(fetcher, [address for address in addresses if address])


def visit(fetcher: Fetcher, pages: Sequence[str]) -> None:
    """Visits the pages of articles, of each host one."""
    feed = Source(id="s", url=f"http://{PUBLIC[0]}/feed", visit=True, timeout=SECONDS)
    for number, url in enumerate(pages):
        debt = Debt(article=number, url=url, source="s")
        visitor = visiting.Visitor(fetcher, {}, lambda: NOW)
        page = visitor.visit(visiting.Errand(debt=debt, source=visits.asked(debt, feed)))
        assert page.item is None, url
        assert page.status is not Status.BUG, (url, page.note)


NEVER_OPEN = ("0.", "100.", "168.", "169.254.", "192.0.", "2", "::ffff", "fd00:ec2", "fe80", "ff")
NEVER = [one for one in SPELLINGS if one.why.startswith((METADATA, *NEVER_OPEN))]
ALL = "PRESS_PINGBACKS_ALL" in os.environ  # takes a minute
SOME = SPELLINGS[:: 1 if ALL else 7]
WAYS: list[tuple[str, Way, Sequence[Any], float]] = [  # way, who walks it, how many of them arrive where nothing guards
    ("directly", directly, SPELLINGS, 0.6),
    ("directly, where private addresses are open", partial(directly, allow_private=True), NEVER, 0.4),
    ("the first redirect", partial(by_redirects, hops=1), SPELLINGS if ALL else SPELLINGS[::3], 0.6),
    (
        "a redirect of a press, where private addresses are open",
        partial(by_redirects, hops=1, allow_private=True),
        SOME,
        0.6,
    ),
    ("the third redirect", partial(by_redirects, hops=3), SOME, 0.6),
    ("the fifth redirect", partial(by_redirects, hops=5), SOME, 0.6),
    ("a name", partial(by_names, answers="at once"), ADDRESSES, 0.8),
    ("a name that turns", partial(by_names, answers="the second time"), ADDRESSES, 0.8),
    ("a name of several addresses", partial(by_names, answers="at once and elsewhere"), ADDRESSES, 0.8),
    ("a sitemap of an index", by_sitemaps, SOME, 0.6),
    ("robots.txt", by_robots, SOME, 0.6),
    ("pages of articles", by_visits, SPELLINGS if ALL else SPELLINGS[::3], 0.4),
]
NAMES = [row[0] for row in WAYS]


# where feeds.yaml says that a source is, with `allow_private`; where it leads to; whether that is asked; why
INSIDE = [
    ("http://press.example/", "http://10.0.0.7/", False, "a press leads nobody into the house"),
    ("http://press.example/", "http://www.press.example/", True, "its own site is where it is"),
    ("http://press.example/", "http://other.example/", False, "another name of a machine inside is not its site"),
    ("http://wiki.example/", "http://wiki.example:8080/", True, "another port of the same machine"),
    ("http://wiki.example/", "http://10.0.0.7/", True, "a machine inside leads on within the house"),
    ("http://127.0.0.1/", "http://localhost/", True, "as this one does"),
    ("http://wiki.example/", "http://169.254.169.254/", False, "but not to the secrets of clouds"),
]


@pytest.mark.parametrize(("home", "there", "asked", "why"), INSIDE, ids=[row[-1] for row in INSIDE])
@pytest.mark.parametrize("remembered", [False, True], ids=["now", "remembered"])
def test_a_redirect_leads_inside_only_from_inside(
    internet: Internet, fetcher: Fetcher, home: str, there: str, asked: bool, why: str, remembered: bool
) -> None:
    inside = ("www.press.example", "other.example", "wiki.example")
    internet.names |= {"press.example": [[PUBLIC[0]]]} | {name: [["10.0.0.7"]] for name in inside}

    def answer(line: socket.socket) -> bool:
        heard = line.recv(65536).decode()
        if heard == "that is all":
            return True
        host = heard.partition("Host: ")[2].partition("\r\n")[0]
        line.sendall(ssrf.moved(there) if host == home.split("/")[2] else ssrf.sent(b"<rss/>"))
        return False

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(internet, "_answer", answer)
        source = Source(id="s", url=home, allow_private=True, timeout=SECONDS)
        state = SourceState(source="s", url=home, moved_to=there if remembered else None)
        fetched = fetcher.fetch(source, state)
    assert (fetched.document is not None) == asked, (why, fetched.note)
    assert asked or fetched.status is Status.REFUSED_ADDRESS


def test_there_are_hundreds_of_spellings() -> None:
    assert len({one.url for one in SPELLINGS}) >= 300
    assert sum(one.leads for one in SPELLINGS) > 220


@pytest.mark.parametrize(("way", "spellings"), [row[1:3] for row in WAYS], ids=NAMES)
def test_not_a_byte_arrives_where_nobody_may_ask(
    internet: Internet, fetcher: Fetcher, way: Way, spellings: Sequence[Any]
) -> None:
    way(internet, fetcher, spellings)
    assert internet.intruders == []


@pytest.mark.parametrize(("way", "spellings", "share"), [row[1:] for row in WAYS], ids=NAMES)
def test_without_the_guard_they_do_arrive(
    unguarded: Internet, fetcher: Fetcher, way: Way, spellings: Sequence[Any], share: float
) -> None:
    way(unguarded, fetcher, spellings)
    assert len(unguarded.intruders) >= share * len(spellings)


def test_every_spelling_that_is_said_to_lead_there_does_where_nothing_guards_it(
    unguarded: Internet, fetcher: Fetcher
) -> None:
    astray = []
    for spelling in SPELLINGS:
        unguarded.intruders.clear()
        ask(fetcher, spelling.url)
        if spelling.leads and not unguarded.intruders:
            astray.append(spelling)
    assert astray == []


def test_the_same_holds_where_the_kernel_makes_all_addresses_those_of_this_machine() -> None:
    """Here nothing of the program is touched: a connection to 10.0.0.1 is one, and arrives."""
    if not ALL:
        pytest.skip("takes half a minute: PRESS_PINGBACKS_ALL=1 has it done")
    if ssrf.IN_A_NETWORK_OF_ITS_OWN or not shutil.which("unshare") or not shutil.which("ip"):
        pytest.skip("within it already, or no commands to make one with")
    roads = "ip link set lo up && ip route add local 0.0.0.0/0 dev lo && ip -6 route add local ::/0 dev lo"
    if subprocess.run(["unshare", "-rn", "sh", "-c", roads], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody make a network of their own")
    tests = f"{sys.executable} -m pytest -n0 -p no:cacheprovider {Path(__file__)} -k arrive"
    made = subprocess.run(
        ["unshare", "-rn", "sh", "-c", f"{roads} && exec {tests}"],
        env=os.environ | {"PRESS_PINGBACKS_NETWORK": "own"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout
    assert f"{2 * len(WAYS)} passed" in made.stdout
