"""Runs on a bad day: many at once, told to stop, starved, locked out, their file taken away. None loses anything."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socket import socket

import pytest

from aggregator.store import Store
from tests.forks import Child, Forks
from tests.kills import Killed
from tests.press import Press

RUN = ("-c", "feeds.yaml", "--db", "mentions.db", "run", "--all")


def _may(*command: str) -> bool:
    return bool(shutil.which(command[0])) and not subprocess.run([*command, "true"], check=False).returncode


_ROOT = os.geteuid() == 0  # who may write everything, unless that is given up
_GIVEN_UP = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
_UNPRIVILEGED = _GIVEN_UP if _ROOT and _may(*_GIVEN_UP) else ()
needs_permissions = pytest.mark.skipif(
    _ROOT and not _UNPRIVILEGED, reason="root may write everything here, and cannot give that up"
)
_NOT_NEEDED = "raise SystemExit\n"  # its own processes: they are forked here


@dataclass
class Place:
    """A press that prints, and a program that reads it into a database; see tests/kills.py."""

    press: Press
    world: Killed
    forks: Forks
    articles: dict[str, str]

    @property
    def db(self) -> Path:
        return self.world.db

    def start(self, first: str = "", *options: str) -> Child:
        """A run that has begun; Python that is executed before it."""
        return self.forks.start(f"{first}\n{self.forks.command(*RUN, *options)}")

    def go_on(self) -> None:
        """The database is whole, nothing is lost, and another run finds everything."""
        self.articles, wrong = self.world.look(self.articles)
        assert wrong == []
        self.world.print()
        assert self.forks.run(*RUN) == (0, "")
        self.articles, wrong = self.world.look(self.articles)
        assert wrong == []
        newest = f"https://three.example/{self.world._number}"
        assert newest in self.articles

    @contextmanager
    def holding(self) -> Iterator[threading.Event]:
        """Has a feed answer no sooner than this ends. The event comes when it is asked for."""
        asked, over = threading.Event(), threading.Event()
        self.world.print()

        def wait(request: BaseHTTPRequestHandler, _: socket) -> None:
            asked.set()
            over.wait(30)
            request.send_error(503)

        self.press.route("/three", wait)
        try:
            yield asked
        finally:
            over.set()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("place")
    forked = Forks(folder, wrapper=_UNPRIVILEGED, first=_warm(folder))
    with Press() as press, Killed(press, folder, _NOT_NEEDED) as world, forked as forks:
        opened = Place(press, world, forks, {})
        assert forks.run(*RUN) == (0, "")
        yield opened


def _warm(folder: Path) -> str:
    """A run, so that what is read once a process is read before the first fork."""
    order = ["-q", "-c", str(folder / "feeds.yaml"), "--db", str(folder / "warm.db"), "run", "--all"]
    return f"from aggregator import cli\ntry: cli.main({order!r})\nexcept SystemExit: pass\n"


# --- many at once -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("db", "quiet"), [("mentions.db", False), ("new.db", True)])
def test_of_twenty_runs_at_once_one_works_and_the_others_end_with_75(place: Place, db: str, quiet: bool) -> None:
    order = place.forks.command(*RUN, *(["-q"] if quiet else []), "--db", db)
    with place.holding() as asked:
        begin = time.monotonic()
        at_once = f"import time; time.sleep(max(0, {time.time() + 0.2} - time.time()))\n{order}"
        runs = [place.forks.start(at_once) for _ in range(20)]
        assert asked.wait(20)
        ended = _ended(runs, 19)
        seconds = time.monotonic() - begin
    working = [run for run in runs if run not in ended]
    assert len(working) == 1, [run.told() for run in ended]
    assert (working[0].wait(), working[0].told().count("\n")) == (0, 0 if quiet else 1)
    told = "" if quiet else f"aggregator: {db}: another run is at work\n"
    assert [(run.wait(), run.told()) for run in ended] == [(75, told)] * 19
    assert seconds < 19, "less than a second each, on a busy machine too"
    (place.db.parent / "new.db").unlink(missing_ok=True)
    place.go_on()


def _ended(runs: list[Child], number: int) -> list[Child]:
    """The first so many of some processes that have ended: those that are zombies until they are waited for."""
    deadline = time.monotonic() + 25
    while time.monotonic() < deadline:
        ended = [run for run in runs if _state(run.number) == "Z"]
        if len(ended) >= number:
            return ended
        time.sleep(0.02)
    return ended


def _state(process: int) -> str:
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_run_that_was_killed_leaves_no_lock(place: Place) -> None:
    with place.holding() as asked:
        run = place.start()
        assert asked.wait(20)
        assert place.forks.run(*RUN)[0] == 75
        run.kill()
        assert run.wait() == -signal.SIGKILL
    place.go_on()


def test_a_lock_file_of_another_user_that_nobody_holds_blocks_nothing(place: Place) -> None:
    lock = place.db.with_name("mentions.db.lock")
    lock.write_text("4711\n")
    lock.chmod(0o444)
    assert place.forks.run(*RUN) == (0, "")
    assert lock.read_text() == "4711\n"
    lock.unlink()
    place.go_on()


@needs_permissions
def test_a_lock_file_that_may_not_be_read_is_named(place: Place) -> None:
    lock = place.db.with_name("mentions.db.lock")
    lock.chmod(0)
    code, told = place.forks.run(*RUN)
    lock.unlink()
    assert code == 1
    assert told.startswith(f"aggregator: the lock {lock} cannot be opened: Permission denied; may this user read that")
    folder = place.db.parent
    try:
        folder.chmod(0o555)
        assert f"cannot be opened: Permission denied; may this user write in {folder}?" in place.forks.run(*RUN)[1]
    finally:
        _permit(place.db)
    place.go_on()


# --- told to stop -----------------------------------------------------------------------------------------------------

_AT = """
import os, signal
from {module} import {owner}
before = {owner}.{name}
def told_to_stop(*arguments, **named):
    for _ in range({times}):
        os.kill(os.getpid(), signal.{signal})
    return before(*arguments, **named)
{owner}.{name} = told_to_stop
"""
# the method during which it is told, by which signal, how often, why
MOMENTS = [
    ("aggregator.fetch Fetcher.__enter__", "SIGTERM", 1, "before anything is fetched"),
    ("aggregator.intake Intake.take", "SIGTERM", 1, "between fetching and storing"),
    ("aggregator.store Store.finish", "SIGTERM", 1, "within a transaction"),
    ("aggregator.store Store.finish", "SIGINT", 1, "within a transaction, by Ctrl-C"),
    ("aggregator.store Store.finish", "SIGTERM", 2, "within a transaction, twice: at once"),
    ("aggregator.grouping Grouping.work", "SIGTERM", 1, "while it groups"),
    ("aggregator.grouping Grouping.work", "SIGINT", 2, "while it groups, by Ctrl-C twice"),
    ("aggregator.store Store.end_run", "SIGTERM", 1, "at the very end"),
]


@pytest.mark.parametrize(("method", "number", "times", "why"), MOMENTS, ids=[row[-1] for row in MOMENTS])
def test_a_run_that_is_told_to_stop_at_any_moment_ends_in_order(
    place: Place, method: str, number: str, times: int, why: str
) -> None:
    module, owner, name = re.split(r" |\.(?=\w+$)", method)
    place.world.print()
    run = place.start(_AT.format(module=module, owner=owner, name=name, times=times, signal=number), "-q")
    assert run.wait() == 128 + signal.Signals[number], f"{why}: {run.told()}"
    assert set(run.told().splitlines()) == {"stopping: what was fetched is stored (once more to stop at once)"}
    place.go_on()


# --- starved ----------------------------------------------------------------------------------------------------------

_ROOM = """
import resource
size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize() + {room}
resource.setrlimit(resource.RLIMIT_AS, (size, size))
"""


_NEEDS_MUCH = """
from aggregator.store import Store
before = Store.finish
def finish(*arguments):
    before(*arguments)
    bytearray(10 ** 12)
Store.finish = finish
"""


def test_a_run_without_memory_says_so_and_harms_nothing(place: Place) -> None:
    place.world.print()
    run = place.start(_ROOM.format(room=100_000_000) + _NEEDS_MUCH)
    assert (run.wait(), run.told()) == (1, "aggregator: there is not enough memory; what was stored before is safe\n")
    place.go_on()


def test_a_document_that_there_is_no_memory_for_fails_alone(place: Place) -> None:
    place.world.print()
    long = "가" * 3_000_000
    much = f"<item><title>날씨</title><link>https://three.example/</link><description>{long}</description></item>"
    place.press.serve("/three", f"<rss version='2.0'><channel>{much}</channel></rss>".encode())
    run = place.start(_ROOM.format(room=4_000_000))
    assert run.wait() == 0, run.told()
    assert run.told().startswith("three: too_large: there is not enough memory ")
    place.go_on()


# --- locked out -------------------------------------------------------------------------------------------------------

_IMPATIENT = "from aggregator.store import database\ndatabase.BUSY_SECONDS = 0.3"


def test_another_writer_is_waited_for_and_if_it_takes_too_long_that_is_said(place: Place) -> None:
    with closing(sqlite3.connect(place.db, isolation_level=None)) as other:
        with place.holding() as asked:
            patient = place.start("", "-q")
            assert asked.wait(20)
            other.execute("BEGIN IMMEDIATE")
        time.sleep(1.5)
        assert _state(patient.number) != "Z", "it waits"
        other.execute("ROLLBACK")
        assert (patient.wait(), patient.told()) == (0, "")
        place.go_on()
        with place.holding() as asked:
            impatient = place.start(_IMPATIENT)
            assert asked.wait(20)
            other.execute("BEGIN IMMEDIATE")
        assert impatient.wait() == 1
        assert impatient.told() == "aggregator: mentions.db: another program held it for 0.3 s; try again\n"
    place.go_on()


def _permit(db: Path) -> None:
    """Gives back what was taken; the files that SQLite makes beside a database have the same permissions as it."""
    db.parent.chmod(0o755)
    for path in db.parent.glob(db.name + "*"):
        path.chmod(0o644)


READ_ONLY = "aggregator: mentions.db: attempt to write a readonly database; may this user write the file"


@needs_permissions
def test_a_directory_and_a_file_that_may_not_be_written_are_said_and_reading_goes_on_where_it_can(place: Place) -> None:
    folder, run = place.db.parent, place.forks.run
    try:
        place.db.chmod(0o444)
        code, told = run(*RUN)
        assert (code, told.count("\n"), told[: len(READ_ONLY)]) == (1, 1, READ_ONLY)
        assert run("status")[0] == 0
        _permit(place.db)
        assert run(*RUN) == (0, "")
        folder.chmod(0o555)
        for command in (RUN, ("status",)):
            code, told = run(*command)
            assert (code, told.count("\n")) == (1, 1)
            assert "may this user write the file and its directory?" in told
            assert f"It may not write {folder}" in told
        with Store(place.db) as store:  # somebody who may has it open
            assert store.noted("config")
            assert run("status")[0] == 0
    finally:
        _permit(place.db)
    place.go_on()


@needs_permissions
def test_a_run_that_loses_its_permissions_half_way_loses_nothing(place: Place) -> None:
    folder = place.db.parent
    try:
        with place.holding() as asked:
            run = place.start("", "-q")
            assert asked.wait(20)
            place.db.chmod(0o444)
            folder.chmod(0o555)
        assert (run.wait(), run.told()) == (0, "")
    finally:
        _permit(place.db)
    place.go_on()


_MOUNTED = """
import ctypes, subprocess
assert ctypes.CDLL(None).unshare(0x00020000) == 0  # CLONE_NEWNS
for options in (["--make-rprivate", "/"], ["--bind", "{0}", "{0}"], ["-o", "remount,ro,bind", "{0}"]):
    subprocess.run(["mount", *options], check=True)
"""


@pytest.mark.skipif(not _may("unshare", "--mount"), reason="nothing may be mounted here")
def test_a_read_only_file_system_is_said(place: Place, tmp_path: Path) -> None:
    shutil.copy(place.db, tmp_path / "mentions.db")
    before = (tmp_path / "mentions.db").read_bytes()
    for command in (RUN, ("status",), ("backup", "copy.db")):
        order = place.forks.command(*command, "--db", str(tmp_path / "mentions.db"))
        child = place.forks.start(_MOUNTED.format(tmp_path) + order)
        code, told = child.wait(), child.told()
        assert (code, told.count("\n")) == (1, 1), told
        assert re.search("mentions.db.*(Read-only file system|may this user write)|Read-only.*mentions.db", told)
    assert (tmp_path / "mentions.db").read_bytes() == before


# --- its file taken away ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("then", ["nothing is there", "a backup is there"])
def test_a_database_that_is_moved_away_during_a_run_is_said_and_nothing_is_lost(
    place: Place, tmp_path: Path, then: str
) -> None:
    copy, moved = tmp_path / "copy.db", tmp_path / "moved.db"
    assert place.forks.run("backup", str(copy))[0] == 0
    with place.holding() as asked:
        run = place.start()
        assert asked.wait(20)
        place.db.rename(moved)
        if then == "a backup is there":
            shutil.copy(copy, place.db)
    assert run.wait() == 1
    assert re.fullmatch(r"aggregator: mentions\.db: was moved away or replaced .*\. Run it again\n", run.told())
    before = copy.read_bytes()
    assert not place.db.exists() or place.db.read_bytes() == before, "the new one was not touched"
    moved.rename(place.db)
    place.go_on()


# --- copies and restores ----------------------------------------------------------------------------------------------


def test_a_backup_made_while_runs_write_is_what_they_had_committed_and_can_be_restored(
    place: Place, tmp_path: Path
) -> None:
    copies = []
    for number in range(4):
        place.world.print()
        run = place.start("", "-q")
        for part in range(2):
            copies.append(tmp_path / f"{number}-{part}.db")
            assert place.forks.run("backup", "-q", str(copies[-1])) == (0, "")
        assert (run.wait(), run.told()) == (0, "")
    held: dict[str, str] = {}
    for copy in copies:
        place.world.db, before = copy, place.world.db
        held, wrong = place.world.look(held)  # also that each holds what the one before did
        place.world.db = before
        assert wrong == []
    place.articles, wrong = place.world.look(place.articles)
    assert wrong == []
    for path in place.db.parent.glob("mentions.db*"):
        path.rename(tmp_path / path.name)
    shutil.copy(copies[-1], place.db)
    assert place.forks.run("status")[0] == 0
    place.articles = held
    place.go_on()
