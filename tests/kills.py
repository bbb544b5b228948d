"""Kills runs at random moments, and looks at what each has left behind.

    python -m tests.kills 1000

A press prints one article more for every run, in three feeds with validators, under headlines that change now and then.
A run is killed (SIGKILL) after a random part of the time that a whole one takes. After each kill the database must be
whole, what was in it before must still be there, once, and what is remembered of a feed (its validators) must never be
ahead of the rows that came with them. Every tenth run is left alone and must find everything.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.press import Press

FEEDS = ("one", "two", "three")
SHOWN = 20  # articles in a feed
_CHILD = """
import os, resource, signal, sys
from aggregator import cli
def run(database):
    try:
        cli.main(["-q", "-c", sys.argv[1], "--db", database, "run", "--all"])
    except SystemExit as ended:
        return ended.code or 0
run(sys.argv[2] + ".warm")  # what is read once a process is read before the first fork
for line in sys.stdin:
    child = os.fork()
    if not child:
        if line.strip():  # no file may grow beyond this
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (int(line), int(line)))
        os._exit(run(sys.argv[2]))
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@dataclass
class Report:
    """How many runs were killed, how many had ended before, and all that was wrong."""

    killed: int = 0
    ended: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)


class Killed:
    """A press, and a program that runs against it until it is killed."""

    def __init__(self, press: Press, folder: Path, program: str = "") -> None:
        self._press, self.db, self.errors = press, folder / "mentions.db", folder / "errors.txt"
        self._number = 0
        feeds = "".join(f'  - {{id: {name}, url: "{press.url("/" + name)}", outlet: {name}}}\n' for name in FEEDS)
        homes = "".join(
            f"  {name}: {{name: {name}, country: KR, homepage: https://{name}.example}}\n" for name in FEEDS
        )
        topics = "topics:\n  t: {terms: {ko: [북송]}}\n"
        settings = f"fetch: {{allow_private: true}}\noutlets:\n{homes}sources:\n{feeds}{topics}"
        (folder / "feeds.yaml").write_text(settings, "utf-8")
        self.print()
        self._log = self.errors.open("a")
        self._program = subprocess.Popen(
            [sys.executable, "-c", program + _CHILD, str(folder / "feeds.yaml"), str(self.db)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True,
            cwd=Path(__file__).resolve().parents[1],
        )  # fmt: skip

    def print(self) -> None:
        """Prints one article more in every feed; every fifth headline is another than it was."""
        self._number += 1
        for name in FEEDS:
            entries = "".join(self._entry(name, n) for n in range(max(1, self._number - SHOWN + 1), self._number + 1))
            body = f'<?xml version="1.0"?><rss version="2.0"><channel><title>{name}</title>{entries}</channel></rss>'
            self._press.serve(f"/{name}", body.encode(), headers={"ETag": f'"{self._number}"'}, etag=False)

    def _entry(self, name: str, n: int) -> str:
        edited = " 수정" if n % 5 == 0 and self._number > n else ""
        return (
            f"<item><title>탈북민 {n}명 북송 확인 {name}{edited}</title><link>https://{name}.example/{n}</link></item>"
        )

    def run(self, kill_after: float | None = None, room: int | None = None) -> tuple[int, float]:
        """One run, killed after so many seconds if it has not ended: its exit code and how long it took.

        With `room`, no file of it can grow beyond so many bytes: as on a disk that is full.
        """
        stdin, stdout = self._program.stdin, self._program.stdout
        assert stdin
        assert stdout
        stdin.write(f"{room or ''}\n")
        stdin.flush()
        child = int(stdout.readline())
        begin = time.perf_counter()
        if kill_after is not None:
            time.sleep(kill_after)
            with contextlib.suppress(ProcessLookupError):  # it has ended
                os.kill(child, signal.SIGKILL)
        return int(stdout.readline()), time.perf_counter() - begin

    def __enter__(self) -> Killed:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._program.stdin
        self._program.stdin.close()
        self._program.wait()
        assert self._program.stdout
        self._program.stdout.close()
        self._log.close()

    def look(self, before: dict[str, str]) -> tuple[dict[str, str], list[str]]:
        """The articles that are there, and what is wrong with the database."""
        connection = sqlite3.connect(self.db)
        rows: Any = connection.execute
        wrong = [f"integrity: {told}" for (told,) in rows("PRAGMA integrity_check(3)") if told != "ok"]
        wrong += [f"foreign key: {row}" for row in rows("PRAGMA foreign_key_check")]
        articles = dict(rows("SELECT url, title FROM articles").fetchall())
        wrong += [f"lost: {url}" for url in before.keys() - articles.keys()]
        for name, etag in rows("SELECT id, etag FROM sources WHERE etag IS NOT NULL"):
            last = int(etag.strip('"'))
            due = {f"https://{name}.example/{n}" for n in range(max(1, last - SHOWN + 1), last + 1)}
            wrong += [f"validator {etag} of {name} is ahead of {url}" for url in due - articles.keys()]
        for what, sql in _TWINS.items():
            wrong += [f"{what}: {row}" for row in rows(sql)]
        connection.close()
        return articles, wrong


_TWINS = {
    "no sighting": "SELECT url FROM articles WHERE id NOT IN (SELECT article FROM sightings)",
    "no mention": "SELECT url FROM articles WHERE id NOT IN (SELECT article FROM mentions)",
    "not found by the search": "SELECT url FROM articles WHERE id NOT IN"
    " (SELECT rowid FROM articles_fts WHERE articles_fts MATCH '\"북송\"')",
    "revised twice": "SELECT article, after FROM revisions GROUP BY article, before, after HAVING count(*) > 1",
}


def kill_runs(folder: Path, kills: int, seed: int, program: str = "") -> Report:
    """Kills so many runs; of a program to which something was done first, until that is found out."""
    dice, report, begin = random.Random(seed), Report(), time.perf_counter()
    with Press() as press, Killed(press, folder, program) as world:
        code, whole = world.run()
        articles, wrong = world.look({})
        report.wrong += [f"the first run returned {code}"] * (code != 0) + wrong
        while report.killed < kills and not (program and report.wrong):
            world.print()
            code, _ = world.run(dice.uniform(0, 1.1 * whole))
            report.killed += code == -signal.SIGKILL
            report.ended += code == 0
            articles, wrong = world.look(articles)
            report.wrong += wrong
            if report.killed % 10 == 0:
                world.print()
                code, whole = world.run()
                articles, wrong = world.look(articles)
                report.wrong += [f"a run that nobody killed returned {code}"] * (code != 0) + wrong
    report.seconds = time.perf_counter() - begin
    return report


def fill_disk(folder: Path, rounds: int, seed: int) -> Report:
    """Runs on a disk that is full after so and so many bytes; each must say so, or find that there was room."""
    dice, report = random.Random(seed), Report()
    with Press() as press, Killed(press, folder) as world:
        world.run()
        articles, report.wrong = world.look({})
        for _ in range(rounds):
            world.print()
            before = len(world.errors.read_text())
            code, _ = world.run(room=dice.choice((dice.randrange(1, 40), dice.randrange(40, 200))) * 4096)
            told = world.errors.read_text()[before:]
            report.killed += code == 1
            report.ended += code == 0
            if code not in (0, 1) or "Traceback" in told or (code == 1 and "mentions.db: " not in told):
                report.wrong.append(f"returned {code} and said: {told}")
            articles, wrong = world.look(articles)
            report.wrong += wrong
        world.print()
        code, _ = world.run()
        articles, wrong = world.look(articles)
        report.wrong += [f"with room again it returned {code}"] * (code != 0) + wrong
    return report


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        told = kill_runs(Path(place), int(sys.argv[1]), seed=1)
    counted = f"{told.killed} runs killed, {told.ended} ended before, in {told.seconds:.0f} s"
    sys.stdout.write(f"{counted}; wrong: {told.wrong or 'nothing'}\n")
    sys.exit(bool(told.wrong))
