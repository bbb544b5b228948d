"""What commands take on a database: wall and processor seconds, megabytes at most. Each is a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1] / "speed"))

import hosts
import server
from filling import add, address
from press import OUTLETS, Made, Press
from workload import Feed

_ROOT, _METER = Path(__file__).resolve().parents[2], Path(__file__).with_name("meter.py")
NEW = 100  # articles, in a run that brings some
GROUPED = 2_000  # articles that are compared
_IN_A_FEED = 30
_RSS = '<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0"><channel><title>Outlet</title>{}</channel></rss>'
_LAST = """
SELECT id, url, title, summary, published_at FROM articles WHERE outlet = ? ORDER BY published_at DESC LIMIT ?
"""

Record = dict[str, Any]


def commands(path: Path, press: Press, *, quick: bool) -> Iterator[Record]:
    """What each command takes on a database, in an order in which each finds what it needs.

    `quick` leaves out what reads every article, and what needs the index that is built by it.
    """
    with tempfile.TemporaryDirectory() as place:
        desk = Desk(path, Path(place))
        if not quick:
            yield desk.measured("reindex", "reindex")
        with closing(sqlite3.connect(path)) as connection:
            (count,) = connection.execute("SELECT max(id) FROM articles").fetchone()
            fresh = [one for one in press.day(0, f"fresh {count}") if not one.is_copy][:NEW]
            feeds = [_feed(connection, number, fresh, count) for number in range(OUTLETS)]
        with _answering(feeds) as (answers, port):
            addresses = [f"http://{hosts.host(number)}:{port}/{number}.xml" for number in range(OUTLETS)]
            desk.settings.write_text(press.settings(addresses))
            if not quick:
                yield desk.measured("rematch", "rematch")
            yield from _polls(desk, answers)
        yield desk.measured("a run with nothing due", "run")
        yield grouped(desk, press)
        if not quick:
            yield from _searches(desk, press)
            yield desk.measured("backup", "backup", str(path.with_suffix(".copy")))
            path.with_suffix(".copy").unlink()


class Desk:
    """A database, a feeds.yaml, and commands on them."""

    def __init__(self, path: Path, folder: Path) -> None:
        self.path, self.folder, self.settings = path, folder, folder / "feeds.yaml"

    def measured(self, what: str, *command: str) -> Record:
        """Runs a command to its end."""
        common = ["-q", "-c", str(self.settings), "--db", str(self.path)]
        line = [sys.executable, "-S", str(_METER), os.devnull, sys.executable, "-m", "aggregator", *command, *common]
        done = subprocess.run(line, stdout=subprocess.PIPE, check=False, cwd=_ROOT)
        if done.returncode:
            sys.exit(f"{what}: exited with {done.returncode}")
        return {"what": what, **json.loads(done.stdout)}

    def forget_bodies(self) -> None:
        """As if all feeds were made anew, and had been something else before."""
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute("UPDATE sources SET body_hash = 'another'")

    def came_to(self) -> Mapping[str, int]:
        """The counts of the last run."""
        with closing(sqlite3.connect(self.path)) as connection:
            connection.row_factory = sqlite3.Row
            return dict(connection.execute("SELECT * FROM runs ORDER BY id DESC LIMIT 1").fetchone())


def _polls(desk: Desk, answers: server.Press) -> Iterator[Record]:
    """Runs that poll every source: all sent again, nothing changed, some new. Each must come to what it is meant to."""
    told = {
        "cold": (f"a run, {OUTLETS} bodies, all known", {"ok": OUTLETS, "new": 0, "changed": 0}),
        "304": (f"a run, {OUTLETS} unchanged", {"unchanged": OUTLETS, "new": 0}),
        "trickle": (f"a run, {NEW} new", {"new": NEW, "failed": 0}),
    }
    answers.control("cold")
    desk.measured("what was filled in, in the words of the feeds", "run", "--all")
    desk.forget_bodies()
    for scenario, (what, expected) in told.items():
        answers.control(scenario)
        record = desk.measured(what, "run", "--all")
        came = desk.came_to()
        if any(came[name] != count for name, count in expected.items()):
            came = {name: came[name] for name in expected}
            sys.exit(f"{what}: it came to {came}, and not to {expected}")
        yield record


def grouped(desk: Desk, press: Press) -> Record:
    """New articles are compared by a run that has nothing else to do."""
    count = add(desk.path, press, GROUPED)
    return {**desk.measured(f"grouping {GROUPED:,}", "run", "-v"), "count": count}


def _searches(desk: Desk, press: Press) -> Iterator[Record]:
    for what, words in press.queries().items():
        yield desk.measured(f"search, {what}", "search", words[0])


# --- feeds ------------------------------------------------------------------------------------------------------------


def _feed(connection: sqlite3.Connection, outlet: int, fresh: Sequence[Made], count: int) -> Feed:
    """The feed of an outlet: its last articles as they are known; later with those of the fresh ones that are its.

    No headline is there twice: of two articles that say the same at the same hour, one would become the other.
    """
    known = {
        title: _item(number, url, title, summary, datetime.fromisoformat(at))
        for number, url, title, summary, at in connection.execute(_LAST, (f"o{outlet}", _IN_A_FEED))
    }
    new = {
        one.title: _item(number, address(number, one), one.title, one.summary, one.at)
        for number, one in enumerate(fresh, count + 1_000_000)
        if one.outlet == outlet
    }
    body, later = (_RSS.format("".join(items.values())).encode() for items in (known, new | known))
    return Feed("", "application/rss+xml; charset=utf-8", body, later, again=False)


def _item(number: int, url: str, title: str, summary: str, at: datetime) -> str:
    return (
        f"<item><title>{escape(title)}</title><link>{url}?utm_source=rss</link><description>{escape(summary)}</description>"
        f'<guid isPermaLink="false">guid-{number}</guid><pubDate>{at:%a, %d %b %Y %H:%M:%S +0000}</pubDate></item>\n'
    )


@contextmanager
def _answering(feeds: list[Feed]) -> Iterator[tuple[server.Press, int]]:
    """The feeds on loopback, and their port."""
    loop, press = asyncio.new_event_loop(), server.Press(feeds)
    listening = loop.run_until_complete(loop.create_server(lambda: server.Line(press), "0.0.0.0", 0, backlog=4096))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield press, listening.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        listening.close()
        loop.close()
