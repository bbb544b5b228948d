"""Runs on a disk that fails: each of the calls by which a run writes is made to fail in its turn, by strace.

    python -m tests.disks          every call, about a second each
    python -m tests.disks 5        every fifth

The first so many are let through, then all fail (a disk that is full, or gone) or just one does (a bad sector). After
each run the database must be whole, nothing that was in it lost, no validator ahead of its rows; a run that failed must
have said so in one line and returned 1; and another run, on a disk that works again, must find everything.
"""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.forks import Child, Forks
from tests.kills import Killed
from tests.press import Press

RUN = ("-c", "feeds.yaml", "--db", "mentions.db", "run", "--all")
# which call fails, with what, and whether all that come after it fail, too
FAULTS = [
    ("pwrite64", "ENOSPC", "+"),
    ("pwrite64", "EIO", ""),
    ("fdatasync", "EIO", "+"),
    ("ftruncate", "EIO", "+"),
    ("unlink", "EIO", "+"),
]
_STOPPED = "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)\n"


class Report(NamedTuple):
    """How many runs failed, how many did not notice, and all that was wrong."""

    failed: int
    unnoticed: int
    wrong: list[str]


def works() -> bool:
    """Whether strace is here, and may trace."""
    order = [
        "strace",
        "-qq",
        "-e",
        "inject=fdatasync:error=EIO:when=1",
        "-e",
        "trace=fdatasync",
        "-o",
        "/dev/null",
        "true",
    ]
    return bool(shutil.which("strace")) and not subprocess.run(order, check=False, capture_output=True).returncode


@contextmanager
def failing(child: Child, call: str, error: str, when: str) -> Iterator[Path]:
    """Lets a process that has stopped itself go on, some of whose calls fail. Yields where strace notes them."""
    _await(child.number, "T")
    log = child.file.with_suffix(".strace")
    fault = f"inject={call}:error={error}:when={when}"
    order = ["strace", "-qq", "-p", str(child.number), "-o", str(log), "-e", f"trace={call}", "-e", fault]
    tracer = subprocess.Popen(order)
    _await(child.number, "t")
    child.kill(18)  # SIGCONT
    yield log
    tracer.wait()


def _await(process: int, state: str) -> None:
    deadline = time.monotonic() + 20
    while Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != state:
        assert time.monotonic() < deadline, f"process {process} never came into the state {state}"
        time.sleep(0.002)


class Disk:
    """A press that prints, and a program that reads it onto a disk that can be made to fail."""

    def __init__(self, world: Killed, forks: Forks) -> None:
        self._world, self._forks, self.articles = world, forks, dict[str, str]()
        self.failed = self.unnoticed = 0
        self.wrong: list[str] = []

    def try_all(self, fault: tuple[str, str, str], begin: int, step: int) -> None:
        """Has a fault come at every so-many-th call, until a run makes no more calls than that."""
        for place in itertools.count(begin, step):
            if not self.run(fault, place):
                break

    def run(self, fault: tuple[str, str, str], place: int) -> bool:
        """A run during which a fault comes, and one after it. Says whether the fault came."""
        call, error, more = fault
        self._world.print()
        child = self._forks.start(_STOPPED + self._forks.command(*RUN))
        with failing(child, call, error, f"{place}{more}") as log:
            code = child.wait()
        self._judge(f"{error} at {call} {place}{more}", code, child.told())
        self._world.print()
        after = self._forks.run(*RUN)
        self.wrong += [f"the run after {call} {place} returned {after}"] * (after != (0, ""))
        self._look(f"after {call} {place}")
        return "INJECTED" in log.read_text()

    def _judge(self, what: str, code: int, told: str) -> None:
        self.failed += code == 1
        self.unnoticed += code == 0
        in_words = re.fullmatch("aggregator: .*mentions\\.db: .+; .+\n", told) if code else told == ""
        if code not in (0, 1) or not in_words:
            self.wrong.append(f"{what}: returned {code} and said {told!r}")
        self._look(what)

    def _look(self, what: str) -> None:
        self.articles, wrong = self._world.look(self.articles)
        self.wrong += [f"{what}: {one}" for one in wrong]


def fail(folder: Path, step: int, faults: list[tuple[str, str, str]]) -> Report:
    """Tries faults at every so-many-th of the calls that a run makes."""
    (folder / "warm").mkdir()
    warm = ["-q", "-c", str(folder / "feeds.yaml"), "--db", str(folder / "warm" / "mentions.db"), "run", "--all"]
    first = f"from aggregator import cli\ntry: cli.main({warm!r})\nexcept SystemExit: pass\n"
    forked = Forks(folder, first=first)
    with Press() as press, Killed(press, folder, "raise SystemExit\n") as world, forked as forks:
        assert forks.run(*RUN) == (0, "")
        disk = Disk(world, forks)
        for number, fault in enumerate(faults):
            disk.try_all(fault, 1 + number % step, step)
        return Report(disk.failed, disk.unnoticed, disk.wrong)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        told = fail(Path(place), int((sys.argv[1:] or ["1"])[0]), FAULTS)
    sys.stdout.write(f"{told.failed} runs failed, {told.unnoticed} did not notice; wrong: {told.wrong or 'nothing'}\n")
    sys.exit(bool(told.wrong))
