"""Runs whose sources are asked by the workers of a cluster: what is stored is what one machine would have stored."""

from __future__ import annotations

import json
import pickle
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socket import create_server, socket
from typing import Any

import pytest

from aggregator import cli, cluster
from aggregator.errors import UsageError
from aggregator.model import Outcome, SourceState, Summary
from tests.clusters import IMPORTS, Cluster
from tests.forks import Forks
from tests.press import Press
from tests.world import FIRST, HOUR, NOW, SECOND, World, rss

# --- addresses --------------------------------------------------------------------------------------------------------

ADDRESSES = [
    ("tcp://127.0.0.1:8786", "", "this machine"),
    ("tcp://127.8.8.8:8786", "", "this machine under another of its numbers"),
    ("tcp://localhost:8786", "", "this machine by name"),
    ("tcp://[::1]:8786", "", "this machine in IPv6"),
    ("tls://desk.example:8786", "", "anywhere, with TLS"),
    ("tls://127.0.0.1:8786", "", "this machine, with TLS"),
    ("tcp://192.168.1.5:8786", "tls://192.168.1.5:8786", "a network is shared with others"),
    ("tcp://desk.example:8786", "tls://desk.example:8786", "another machine"),
    ("tcp://0.0.0.0:8786", "tcp:// only to this machine", "all addresses, of which loopback is one"),
    ("tcp://localhost.desk.example:8786", "tcp:// only to this machine", "a name that begins like this machine's"),
    ("tcp://127.0.0.1.desk.example:8786", "tcp:// only to this machine", "a name that begins like a number"),
    ("tcp://2130706433:8786", "tcp:// only to this machine", "127.0.0.1 in a spelling that programs differ on"),
    ("127.0.0.1:8786", "neither tcp:// nor tls://", "dask would take it for tcp"),
    ("ws://127.0.0.1:8786", "neither tcp:// nor tls://", "another protocol of dask's"),
    ("inproc://127.0.0.1/1/1", "neither tcp:// nor tls://", "another one"),
    ("https://desk.example:8786", "neither tcp:// nor tls://", "what people type"),
    ("tcp://127.0.0.1", "a host and a port", "no port"),
    ("tcp://:8786", "a host and a port", "no host"),
    ("tcp://127.0.0.1:8786/status", "a host and a port", "a path"),
    ("tcp://127.0.0.1:8786@desk.example:8786", "a host and a port", "a host that looks like a login"),
    ("tcp://127.0.0.1:port", "no address", "a port that is no number"),
    ("tcp://[::1:8786", "no address", "a bracket that is not closed"),
    ("", "neither tcp:// nor tls://", "nothing"),
]


@pytest.mark.parametrize(("address", "refusal", "why"), ADDRESSES, ids=[row[-1] for row in ADDRESSES])
def test_a_scheduler_is_of_this_machine_or_has_tls(address: str, refusal: str, why: str) -> None:
    with pytest.raises(UsageError, match=re.escape(refusal)) if refusal else nullcontext():
        cluster.check(address)


def called(*arguments: str) -> int | str | None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    return ended.value.code


def test_an_address_that_is_refused_and_a_package_that_is_missing_are_said_before_anything_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert called("run", "--executor", "tcp://desk.example:8786") == 2
    told = capsys.readouterr().err
    assert told.startswith("aggregator: --executor tcp://desk.example:8786: tcp:// only to this machine, tls://desk")
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert called("run", "--executor", "tcp://127.0.0.1:8786") == 2
    told = capsys.readouterr().err
    assert told == "aggregator: --executor needs dask.distributed: pip install 'press-pingbacks[distributed]'\n"
    assert list(tmp_path.iterdir()) == []


# --- what is stored ---------------------------------------------------------------------------------------------------


class Two:
    """A press on many hosts, a cluster, and two worlds that read the press: one by the cluster, one by itself."""

    def __init__(self, cluster: Cluster, press: Press, folder: Path) -> None:
        self.cluster, self.press = cluster, press
        self.far, self.near = (World(press, folder / name) for name in ("far", "near"))
        for world in (self.far, self.near):
            world.db.parent.mkdir()
        self._hosts = 1

    def source(self, name: str, *, host: str = "", **more: Any) -> None:
        """A source, on a host of its own unless one is named."""
        self._hosts += not host
        for world in (self.far, self.near):
            world.source(name, host=host or f"127.0.0.{self._hosts}", **more)

    def run(self, **order: Any) -> Summary:
        """A run of the cluster."""
        return self.far.run(executor=self.cluster.address, **order)

    def differences(self) -> set[object]:
        """What is stored in one of the worlds alone."""
        return content(self.far.db) ^ content(self.near.db)


@pytest.fixture(scope="module")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    with Forks(tmp_path_factory.mktemp("cluster"), first=IMPORTS) as forks:
        yield forks


@pytest.fixture(scope="module")
def opened(forks: Forks) -> Iterator[Cluster]:
    with Cluster(forks) as opened:
        yield opened


@pytest.fixture
def two(opened: Cluster, tmp_path: Path) -> Iterator[Two]:
    opened.workers_up(2)
    with Press(address="0.0.0.0") as press:
        yield Two(opened, press, tmp_path)


TIMES = {"ms", "cpu_ms", "peak_mb"}
NAMES = {"articles": "url", "stories": "title", "reference_lists": "url"}
SHADOWS = ("articles_fts_", "sqlite_", "_sqlite_", "clues", "headlines", "identities")  # indexes by numbers of articles


def content(db: Path) -> set[object]:
    """All rows of all tables, without times and numbers; where a number of another row stands, what that row is."""
    connection = sqlite3.connect(db)
    connection.row_factory = sqlite3.Row
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    named = {
        (table, number): name
        for table, column in NAMES.items()
        for number, name in connection.execute(f"SELECT id, {column} FROM {table}")
    }
    found: set[object] = set()
    for table in (name for name in tables if not name.startswith(SHADOWS)):
        numbers = {row["from"]: row["table"] for row in connection.execute(f"PRAGMA foreign_key_list({table})")}
        for row in connection.execute(f"SELECT * FROM {table}"):
            kept = {
                (column, named.get((numbers.get(column, ""), value), value))
                for column, value in dict(row).items()
                if column not in TIMES and not (column == "id" and isinstance(value, int))
            }
            found.add((table, frozenset(kept)))
    connection.close()
    return found


LIST = "2023/10/12 デイリー 北朝鮮人権団体「脱北者およそ600人が強制送還」\nhttps://daily.example/9\n".encode()
MAP = '<?xml version="1.0"?><{0} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{1}</{0}>'


def whole_press(two: Two) -> None:
    """Sources of every kind, of which some fail; each has its own articles, so that who is first counts for nothing."""
    press = two.press
    press.serve("/daily", rss(FIRST, SECOND))
    press.serve("/euckr", rss(("탈북민 북송 (연합)", "https://wire.example/7", FIRST[2])).decode().encode("euc-kr"))
    press.serve("/empty", rss())
    press.serve("/busy", b"", status=503, headers={"Retry-After": "7200"})
    press.serve("/new", rss(("눈 소식", "https://daily.example/8", FIRST[2])))
    press.redirect("/old", "/new", 301)
    press.serve("/html", b"<html><title>x</title><p>nothing", content_type="text/html")
    press.serve("/list", LIST, content_type="text/plain; charset=utf-8")
    entries = "".join(f"<url><loc>https://daily.example/{n}</loc></url>" for n in range(20, 24))
    press.serve("/child", MAP.format("urlset", entries).encode())
    press.serve("/map", MAP.format("sitemapindex", f"<sitemap><loc>{press.url('/child')}</loc></sitemap>").encode())
    for name in ("daily", "euckr", "empty", "busy", "old", "html", "missing"):
        two.source(name)
    two.source("list", more="kind: references")
    two.source("map", host="127.0.0.1", more="kind: sitemap")
    two.source("late", host="127.0.0.5")  # the host that is busy


def test_what_workers_ask_is_stored_as_one_machine_stores_it(two: Two) -> None:
    whole_press(two)
    for _ in range(2):  # the second time with validators
        here, there = two.near.run(later=HOUR), two.run(later=HOUR)
        assert two.differences() == set()
        assert here.counts == there.counts
    assert two.far.rows("SELECT DISTINCT status FROM fetches ORDER BY 1") == [
        ("empty",), ("not_a_feed",), ("not_found",), ("ok",), ("unavailable",), ("unchanged",),
    ]  # fmt: skip
    assert two.far.rows("SELECT outlet FROM citations") == [("daily",)]
    assert two.far.rows("SELECT count(*) FROM fetches WHERE source = 'late'") == [(0,)]


def test_the_same_finds_a_row_that_differs(two: Two) -> None:
    two.press.serve("/daily", rss(FIRST))
    two.source("daily")
    two.near.run()
    two.run()
    assert two.differences() == set()
    connection = sqlite3.connect(two.far.db)
    connection.execute("UPDATE articles SET title = title || '.'")
    connection.commit()
    connection.close()
    assert {table for table, _ in two.differences()} == {"articles"}


def test_what_travels_is_small_and_the_body_of_a_document_stays_where_it_was_read(two: Two) -> None:
    two.press.serve("/daily", rss(FIRST, extra=f"<x>{'y' * 100_000}</x>"))
    two.source("daily")
    source = two.far.config.sources["daily"]
    errand = cluster.errand(source, SourceState(source="daily", url=source.url), (), NOW)
    assert len(pickle.dumps(errand)) < 2_000
    once, twice = cluster.poll(errand), cluster.poll(errand)
    assert once.reading
    assert once.reading.items == twice.reading.items
    assert pickle.loads(pickle.dumps(once)) == once
    assert len(pickle.dumps(once)) < 4_000
    assert once.fetched.bytes > 100_000
    assert once.started_at == NOW, "a worker has no clock of its own"


# --- manners ----------------------------------------------------------------------------------------------------------


def test_a_host_is_asked_one_thing_at_a_time_by_one_worker_and_hosts_at_once(two: Two) -> None:
    under_way: dict[str, int] = defaultdict(int)
    most: dict[str, int] = defaultdict(int)
    workers: dict[str, set[int]] = defaultdict(set)
    lock = threading.Lock()

    def answer(request: BaseHTTPRequestHandler, _: socket) -> None:
        host = request.headers["Host"].partition(":")[0]
        with lock:
            workers[host].add(two.cluster.who_asks(request).number)
            for name in (host, "all"):
                under_way[name] += 1
                most[name] = max(most[name], under_way[name])
        time.sleep(0.1)
        with lock:
            for name in (host, "all"):
                under_way[name] -= 1
        request.send_error(404)

    for host in range(2, 8):
        for section in "abc":
            two.press.route(f"/{host}{section}", answer)
            two.source(f"s{host}{section}", path=f"/{host}{section}", host=f"127.0.0.{host}")
    assert two.run(workers=4).due == 18
    assert most.pop("all") in (3, 4)
    assert set(most.values()) == {1}
    assert {len(some) for some in workers.values()} == {1}
    assert len(set.union(*workers.values())) == 2, "both of them work"


def test_a_run_that_is_told_to_stop_does_not_wait_and_nothing_more_is_asked(two: Two) -> None:
    over = threading.Event()
    two.press.serve("/daily", rss(FIRST))
    two.source("daily")
    for number in range(12):  # of which eight are under way, as two workers have four threads each
        two.press.route(f"/{number}", lambda _request, _line: over.wait(5) and None)
        two.source(f"s{number}", path=f"/{number}")
    taken: list[Outcome] = []
    edges = {
        "watch": lambda outcome, _: taken.append(outcome),
        "stopped": lambda: bool(taken) and len(two.press.requests) == 9,
    }
    summary = two.run(edges=edges)
    assert not over.is_set(), "nobody was waited for"
    assert (summary.due, summary.ok, summary.left) == (13, 1, "")
    over.set()
    time.sleep(0.3)
    assert len(two.press.requests) == 9


# --- what dies --------------------------------------------------------------------------------------------------------


def dying(two: Two, name: str, times: int) -> None:
    """A source whose first so many visitors are killed while they wait."""
    two.press.serve(f"/{name}", rss(SECOND))
    polite = two.press._routes[f"/{name}"]
    left = iter(range(times))

    def answer(request: BaseHTTPRequestHandler, line: socket) -> None:
        if next(left, None) is not None:
            two.cluster.kill(two.cluster.who_asks(request))
        else:
            polite(request, line)

    two.press.route(f"/{name}", answer)
    two.source(name)


def test_a_worker_that_is_killed_loses_nothing_though_its_source_is_asked_twice(two: Two) -> None:
    two.press.serve("/daily", rss(FIRST))
    two.source("daily")
    dying(two, "second", 1)
    summary = two.run()
    assert (summary.ok, summary.left) == (2, "")
    assert len(two.press.asked("/second")) == 2
    two.near.run()
    assert two.differences() == set()


def test_a_host_whose_worker_died_when_there_was_no_other_is_asked_by_one_that_comes(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    two.press.serve("/first", rss(FIRST))
    two.press.serve("/second", rss(SECOND))
    polite = two.press._routes["/second"]
    first = threading.Event()

    def answer(request: BaseHTTPRequestHandler, line: socket) -> None:
        if first.is_set():
            return polite(request, line)
        first.set()
        asking = two.cluster.who_asks(request)
        for one in sorted(two.cluster.workers, key=lambda one: one is asking):  # else the other would get it
            two.cluster.kill(one)
        monkeypatch.setattr(cluster, "PATIENCE", 1.0)
        return two.cluster.workers_up(2)

    two.press.route("/second", answer)
    for name in ("first", "second"):
        two.source(name, host="127.0.0.9")
    summary = two.run()
    assert (summary.ok, summary.left) == (2, "")
    two.near.run()
    assert two.differences() == set()


def test_a_source_with_which_every_worker_dies_is_a_fault_of_that_source_alone(two: Two) -> None:
    dying(two, "second", 2)
    summary = two.run()
    assert [(one.source, one.status, one.note) for one in summary.failures] == [
        ("second", "bug", "several workers died while they asked it: have they enough memory?")
    ]
    assert summary.left == ""


def interrupted(two: Two, then: Callable[[], None]) -> None:
    """Sources, at one of which the scheduler dies, and then something happens."""
    two.press.serve("/daily", rss(FIRST))
    two.press.serve("/last", rss(SECOND))
    polite = two.press._routes["/last"]
    first = threading.Event()

    def answer(request: BaseHTTPRequestHandler, line: socket) -> None:
        if not first.is_set():
            first.set()
            two.cluster.kill(two.cluster.scheduler)
            then()
        polite(request, line)

    two.press.route("/last", answer)
    for name in ("daily", "last"):
        two.source(name)


def test_a_scheduler_that_is_restarted_gets_again_what_it_has_lost(two: Two) -> None:
    def restart() -> None:
        two.cluster.scheduler_up()
        two.cluster.workers_up(2)

    interrupted(two, restart)
    summary = two.run(workers=1)  # so that the first was answered when it dies
    assert (summary.ok, summary.left, summary.exit_code) == (2, "", 0)
    assert len(two.press.asked("/daily")) == 1
    two.near.run(workers=1)
    assert two.differences() == set()


def test_what_a_scheduler_that_stays_away_has_lost_stays_due(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "CONNECT", 2.0)
    interrupted(two, lambda: None)
    summary = two.run(workers=1)
    assert (summary.due, summary.ok, summary.exit_code) == (2, 1, 1)
    assert summary.left == (
        f"the scheduler at {two.cluster.address}: it went away; 1 of 2 sources were not asked, and stay due"
    )
    assert two.far.rows("SELECT due, exit_code FROM runs") == [(2, 1)]
    assert two.far.rows("SELECT due_at, failures FROM sources WHERE id = 'last'") == [(None, 0)]
    monkeypatch.setattr(cluster, "CONNECT", 0.2)
    again = two.run()
    assert (again.due, again.exit_code) == (1, 1)
    assert again.left.startswith(f"the scheduler at {two.cluster.address} cannot be reached: ")
    monkeypatch.undo()
    two.cluster.scheduler_up()
    two.cluster.workers_up(2)
    assert two.run().ok == 1
    two.near.run("daily")
    two.near.run("last")
    assert {table for table, _ in two.differences()} == {"runs", "fetches"}, "which say in which run it was"


def test_a_scheduler_that_is_not_there_is_one_line_for_cron_and_a_word_for_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cluster, "CONNECT", 0.3)
    (tmp_path / "feeds.yaml").write_text("sources: [{id: daily, url: 'https://daily.example/rss'}]")
    assert called("run", "-q", "--executor", "tcp://127.0.0.1:1") == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert re.fullmatch(
        r"aggregator: the scheduler at tcp://127\.0\.0\.1:1 cannot be reached: .*; all sources stay due\n", told.err
    )
    assert called("run", "--json", "--executor", "tcp://127.0.0.1:1") == 1
    summary = json.loads(capsys.readouterr().out)
    assert (summary["due"], summary["exit_code"]) == (1, 1)
    assert summary["left"] in told.err


def test_a_port_that_accepts_and_keeps_silent_is_no_scheduler(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "CONNECT", 0.3)
    two.source("daily")
    with create_server(("127.0.0.1", 0)) as silent:
        summary = two.far.run(executor=f"tcp://127.0.0.1:{silent.getsockname()[1]}")
    assert "cannot be reached: it keeps silent; all sources stay due" in summary.left


def test_a_run_in_which_nothing_is_due_needs_no_scheduler(tmp_path: Path) -> None:
    with Press() as press:
        world = World(press, tmp_path)
        press.serve("/daily", rss(FIRST))
        world.source("daily")
        world.run()
        summary = world.run(executor="tcp://127.0.0.1:1")
    assert (summary.due, summary.left) == (0, "")


# --- workers that are not as they should be ---------------------------------------------------------------------------

OTHERS = [
    ("import aggregator\naggregator.__version__ = '0.0.1'", "has version 0.0.1 of this program", "another version"),
    ("import sys\nsys.modules['aggregator.cluster'] = None", "does not have this program", "the program is not there"),
]


@pytest.mark.parametrize(("first", "words", "why"), OTHERS, ids=[row[-1] for row in OTHERS])
def test_workers_with_another_program_are_said_and_nothing_is_lost_or_told(
    two: Two, first: str, words: str, why: str
) -> None:
    for one in two.cluster.workers:
        two.cluster.kill(one)
    two.cluster.workers_up(1, first)
    two.press.serve("/daily?token=opensesame", rss(FIRST))
    two.source("daily", path="/daily?token=opensesame")
    summary = two.run()
    assert words in summary.left, why
    assert summary.left.endswith("1 of 1 sources were not asked, and stay due")
    assert two.press.requests == []
    assert "opensesame" not in two.cluster.told()
    for one in two.cluster.workers:
        two.cluster.kill(one)
    two.cluster.workers_up(1)
    assert two.run().ok == 1


def test_a_cluster_without_workers_is_not_waited_for_for_ever(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    for one in two.cluster.workers:
        two.cluster.kill(one)
    monkeypatch.setattr(cluster, "PATIENCE", 0.2)
    two.source("daily")
    assert "no worker is registered with it; 1 of 1 sources" in two.run().left


def test_workers_that_hang_are_not_waited_for_for_ever(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "PATIENCE", 0.2)
    monkeypatch.setattr(cluster, "_REQUESTS", 0.1)  # of five seconds
    two.press.route("/daily", lambda _request, _line: two.press.closing.wait(5) and None)
    two.source("daily")
    assert re.search(r"no worker has answered for \d s; 1 of 1 sources", two.run().left)


def test_a_scheduler_that_hangs_is_not_waited_for_for_ever(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(request: BaseHTTPRequestHandler, _: socket) -> None:
        two.cluster.scheduler.kill(signal.SIGSTOP)
        monkeypatch.setattr(cluster, "PATIENCE", 0.2)
        monkeypatch.setattr(cluster, "CONNECT", 0.5)
        request.send_error(404)

    two.press.route("/daily", answer)
    two.source("daily")
    try:
        assert "it keeps silent; 1 of 1 sources" in two.run().left
    finally:
        two.cluster.scheduler.kill(signal.SIGCONT)


# --- TLS --------------------------------------------------------------------------------------------------------------


def test_with_the_certificates_of_the_documentation_workers_are_asked_over_tls(
    two: Two, forks: Forks, tmp_path: Path
) -> None:
    import dask

    page = (Path(__file__).parents[1] / "docs" / "cluster.md").read_text("utf-8")
    commands = page.partition("```sh\n# certificates")[2].partition("```")[0]
    subprocess.run(["sh", "-e", "-c", commands], cwd=tmp_path, check=True, capture_output=True)
    two.press.serve("/daily", rss(FIRST))
    two.source("daily")
    files = {"ca-file": "ca.pem", "scheduler.cert": "scheduler.pem", "scheduler.key": "scheduler.key",
             "worker.cert": "worker1.pem", "worker.key": "worker1.key", "client.cert": "desk.pem",
             "client.key": "desk.key"}  # fmt: skip
    settings = {f"distributed.comm.tls.{name}": str(tmp_path / file) for name, file in files.items()}
    with Cluster(forks, "tls", settings) as secure:
        secure.workers_up(1)
        without = two.far.run(executor=secure.address)
        assert "cannot be reached: dask's configuration names no certificates" in without.left
        with dask.config.set(settings):
            assert two.far.run(executor=secure.address).ok == 1
        assert "tls://" in secure.workers[0].told()
