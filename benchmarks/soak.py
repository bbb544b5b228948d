"""A desk for an hour: runs from a loop like cron's, Datasette with readers, backups, prunes; and what grows of it.

    python benchmarks/soak.py [--minutes 60] [--seed 1] [--plot docs/pictures/soak.svg] [--folder FOLDER]

soak_press.py plays a press of some hundred feeds, hostile ones among them. `aggregator run -q` is started every few
seconds, whether the last one has ended or not; `aggregator serve` has four readers who ask for every kind of page; an
analyst holds long queries; a backup is made and looked at every three minutes, and a tenth of the old articles is
pruned at a time: the database begins with 500 of them for each minute. FOLDER (a temporary one unless said) keeps the
database and record.jsonl, from which soak_report.py makes summary and charts.

Ends with 1 if anything was wrong: an answer that is no 200 (but for a 404 of what was pruned, and a long query
that met its limit), a program that ended with neither 0 nor 75 (another one is at work), a traceback, a source with the
status `bug`, a new article that is gone, a copy that is not whole, a damaged database. Linux only: memory is read from
/proc. It takes one core or more for the whole time, so what else the machine does is seen in the latencies.
"""

from __future__ import annotations

import argparse
import os
import random
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from urllib.parse import quote

import requests

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import growth.press
import soak_report
from soak_report import BUSY, Asked, Ended, Reading, Record, Wrong

from aggregator.store import Store

RUN_EVERY, BACKUP_EVERY, PRUNE_EVERY, ANALYST_EVERY, READING_EVERY = 10, 180, 360, 45, 5  # seconds
READERS, THINKING = 4, 1.0  # seconds between two pages of one reader, on average
OLD_A_MINUTE, OLDEST = 500, 60  # articles that are there before; days
HELD = 20  # seconds that the analyst reads in one transaction
LONG_QUERY = "analyst: long query"
LONG = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000) SELECT count(*) FROM n"
TODAY = "SELECT count(*) FILTER (WHERE url NOT LIKE 'https://old.example/%'), max(id) FROM articles"
# The peak of a process counts from before its exec on, so what starts it has to be small.
LAUNCHER = """
import os, sys
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(child, 0)
cpu = usage.ru_utime + usage.ru_stime
print(" |", os.waitstatus_to_exitcode(status), cpu, usage.ru_maxrss, file=sys.stderr)
"""
LAST_STORIES = "SELECT id FROM stories ORDER BY id DESC LIMIT 100"
WORDS = ("中国", "북한", "핵", "人", "大統領", "trade", "missile", "Korea", "制裁", "국회")


class Desk:
    """A database, the programs that are started on it, and the record."""

    def __init__(self, folder: Path, minutes: float, seed: int) -> None:
        self.folder, self.minutes, self.seed = folder, minutes, seed
        self.database = folder / "mentions.db"
        self.record = Record(folder / "record.jsonl")
        self.over = threading.Event()
        self.begin = time.monotonic()
        self.address, self.datasette = "", 0
        self.today, self.newest, self.stories = 0, 1, [1]

    def now(self) -> float:
        """Seconds from the start."""
        return time.monotonic() - self.begin

    def wrong(self, what: str) -> None:
        print(f"{self.now():7.0f} s  {what}", flush=True)
        self.record.add(Wrong(self.now(), what))

    def start(self, *command: str) -> int:
        """Starts the program as cron does, waits for its end, and returns its exit code."""
        began = time.monotonic()
        launch = [sys.executable, "-S", "-c", LAUNCHER, *program(*command)]
        done = subprocess.run(launch, cwd=self.folder, env=environment(), capture_output=True, text=True, check=False)
        text, _, measured = done.stderr.rpartition(" | ")
        code, (cpu, memory) = int(measured.split()[0]), map(float, measured.split()[1:])
        self.record.add(Ended(self.now(), command[0], time.monotonic() - began, cpu, memory / 1e3, code))
        if code not in (0, BUSY) or "Traceback" in text:
            self.wrong(f"{' '.join(command)} ended with {code}: {text[-1500:]}")
        return code

    def read(self) -> sqlite3.Connection:
        return sqlite3.connect(f"{self.database.as_uri()}?mode=ro", uri=True, timeout=10)


def program(*command: str) -> list[str]:
    return [sys.executable, "-m", "aggregator", *command]


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT)}


# --- who works at it --------------------------------------------------------------------------------------------------


def cron(desk: Desk) -> None:
    """Starts a run, and does not wait for it."""
    threading.Thread(target=desk.start, args=("run", "-q")).start()


def backup(desk: Desk) -> None:
    """Makes a copy, and looks whether it is whole."""
    copy = desk.folder / "copy.db"
    if desk.start("backup", "-q", str(copy)) == 0:
        with closing(sqlite3.connect(copy)) as connection:
            if found := damage(connection):
                desk.wrong(f"a copy is damaged: {found}")
        copy.unlink()


def prune(desk: Desk) -> None:
    """Takes out the oldest of the old articles; where a run is at work, it tries again."""
    days = max(2, round(OLDEST * (1 - desk.now() / 60 / desk.minutes)))
    while desk.start("prune", "-q", "--articles", str(days), "--logs", "1") == BUSY and not desk.over.wait(1):
        pass


def analyst(desk: Desk, turns: Iterator[int]) -> None:
    """One of three: a transaction that is held open, a question that takes long, the whole table as CSV."""
    match next(turns) % 3:
        case 0:
            with closing(desk.read()) as connection:
                connection.execute("BEGIN")
                before = articles(connection)
                desk.over.wait(HELD)
                if articles(connection) != before:
                    desk.wrong("a transaction saw what came after it began")
        case 1:
            ask(desk, LONG_QUERY, f"/mentions.json?sql={quote(LONG)}")
        case _:
            ask(desk, "analyst: whole CSV", "/mentions/articles.csv?_stream=on")


def reader(desk: Desk, number: int) -> None:
    """Asks for page after page until all is over."""
    dice = random.Random(f"{desk.seed} {number}")
    pages = list(PAGES)
    while not desk.over.wait(dice.expovariate(1 / THINKING)):
        name = dice.choice(pages)
        ask(desk, name, PAGES[name](desk, dice))


FORGIVEN = {"an article": 404, "/-/stories/N": 404, LONG_QUERY: 400}  # pruned; longer than sql_time_limit_ms

PAGES: dict[str, Callable[[Desk, random.Random], str]] = {
    "/": lambda _, __: "/",
    "articles": lambda _, dice: f"/mentions/articles?_size={dice.randrange(50, 100)}",
    "articles, a language": lambda _, dice: f"/mentions/articles?language={dice.choice(('ko', 'ja', 'en', 'zh-Hans'))}",
    "articles, search": lambda _, dice: f"/mentions/articles?_search={quote(dice.choice(WORDS))}",
    "articles, JSON": lambda _, dice: f"/mentions/articles.json?_shape=objects&_size={dice.randrange(50, 100)}",
    "articles, CSV": lambda _, dice: f"/mentions/articles.csv?_size={dice.randrange(50, 100)}",
    "an article": lambda desk, dice: f"/mentions/articles/{max(1, desk.newest - dice.randrange(100))}",
    "pingbacks": lambda _, dice: f"/mentions/pingbacks?_size={dice.randrange(50, 100)}",
    "/-/pingbacks": lambda _, __: "/-/pingbacks",
    "/-/pingbacks/TOPIC": lambda _, dice: f"/-/pingbacks/{dice.choice(('first', 'second', 'third'))}",
    "/-/pingbacks/TOPIC.atom": lambda _, dice: f"/-/pingbacks/{dice.choice(('first', 'second', 'third'))}.atom",
    "/-/stories/N": lambda desk, dice: f"/-/stories/{dice.choice(desk.stories)}",
    "/-/coverage": lambda _, __: "/-/coverage",
    "/-/sources": lambda _, __: "/-/sources",
}


def ask(desk: Desk, page: str, path: str) -> None:
    """Asks Datasette for a page, and keeps how long that took."""
    began = time.monotonic()
    try:
        answer = requests.get(desk.address + path, timeout=60)
        code, text = answer.status_code, answer.text
    except requests.RequestException as error:
        code, text = 0, str(error)
    desk.record.add(Asked(desk.now(), page, time.monotonic() - began, code))
    if code not in (200, FORGIVEN.get(page)):
        desk.wrong(f"{path} was answered {code}: {text[:300]}")


# --- what is measured -------------------------------------------------------------------------------------------------


def measure(desk: Desk) -> None:
    """A reading. Of the articles that came today none may go."""
    with closing(desk.read()) as connection:
        connection.execute("BEGIN")
        today, desk.newest = connection.execute(TODAY).fetchone()
        desk.stories = [row[0] for row in connection.execute(LAST_STORIES)] or [1]
        desk.record.add(reading(desk, connection))
    if today < desk.today:
        desk.wrong(f"of {desk.today} new articles {today} are left")
    desk.today = today


def reading(desk: Desk, connection: sqlite3.Connection) -> Reading:
    family = list(_family(desk.datasette))
    wal = desk.database.with_name("mentions.db-wal")
    return Reading(
        at=desk.now(),
        memory=sum(_kilobytes(one) for one in family) / 1e3,
        cpu=sum(_cpu(one) for one in family),
        files=sum(_entries(one, "fd") for one in family),
        threads=sum(_entries(one, "task") for one in family),
        database=desk.database.stat().st_size / 1e6,
        wal=wal.stat().st_size / 1e6 if wal.exists() else 0.0,
        articles=articles(connection),
        load=os.getloadavg()[0],
    )


def _family(process: int) -> Iterator[int]:
    """A process and all that it started."""
    yield process
    for task in Path(f"/proc/{process}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from _family(int(child))


def _entries(process: int, folder: str) -> int:
    return len(list(Path(f"/proc/{process}/{folder}").iterdir()))


def _kilobytes(process: int) -> int:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def _cpu(process: int) -> float:
    after_name = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def articles(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM articles").fetchone()[0])


def damage(connection: sqlite3.Connection) -> str:
    """What is wrong with a database; "" for a whole one."""
    found = [row[0] for row in connection.execute("PRAGMA integrity_check(5)") if row[0] != "ok"]
    found += [f"a row of {row[0]} refers to nothing" for row in connection.execute("PRAGMA foreign_key_check")]
    return "; ".join(found[:5])


# --- the hour ---------------------------------------------------------------------------------------------------------


def soak(desk: Desk) -> None:
    """Everybody works for so many minutes."""
    with press(desk), served(desk):
        desk.begin = time.monotonic()
        turns = iter(range(10**9))
        loops: dict[Callable[[], None], float] = {
            lambda: measure(desk): READING_EVERY,
            lambda: cron(desk): RUN_EVERY,
            lambda: backup(desk): BACKUP_EVERY,
            lambda: prune(desk): PRUNE_EVERY,
            lambda: analyst(desk, turns): ANALYST_EVERY,
        }
        others = set(threading.enumerate())
        for work, seconds in loops.items():
            threading.Thread(target=every, args=(desk, seconds, work)).start()
        for number in range(READERS):
            threading.Thread(target=reader, args=(desk, number)).start()
        time.sleep(desk.minutes * 60)
        desk.over.set()
        while working := set(threading.enumerate()) - others:
            working.pop().join()
        measure(desk)
    look_at_the_end(desk)


def every(desk: Desk, seconds: float, work: Callable[[], None]) -> None:
    """Does something every so many seconds until all is over."""
    while not desk.over.is_set():
        began = time.monotonic()
        try:
            work()
        except Exception as problem:  # noqa: BLE001 - the others work on, and in the end it was wrong
            desk.wrong(f"{type(problem).__name__}: {problem}")
        desk.over.wait(max(0, seconds - (time.monotonic() - began)))


@contextmanager
def press(desk: Desk) -> Iterator[None]:
    """The press, and the database: what a first run finds, and what is old."""
    command = [sys.executable, str(ROOT / "benchmarks" / "soak_press.py"), str(desk.folder), str(desk.seed)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        desk.start("run", "-q")
        age(desk)
        desk.record.forget()  # the first run is none of those that are compared
        yield
        if process.poll() is not None:
            desk.wrong("the press has ended before its time")
        process.stdin.close()


def age(desk: Desk) -> None:
    """Puts in what was found in the last sixty days, so that there is something to prune."""
    today, count = datetime.now(UTC), round(desk.minutes * OLD_A_MINUTE)
    rows = []
    for number, one in enumerate(islice(growth.press.Press().endless(f"old {desk.seed}"), count)):
        days = OLDEST - (OLDEST - 2) * number / count
        at = f"{today - timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"
        rows.append((at[:10], one.title, one.language, f"https://old.example/{number}", one.summary, at, at, at))
    with Store(desk.database) as store:
        with store.transaction():
            store._connection.executemany(
                "INSERT INTO articles (date, title, language, url, link, summary, published_at, published_precision,"
                " first_seen_at, last_seen_at) VALUES (?, ?, ?, ?, '', ?, ?, 'minute', ?, ?)",
                rows,
            )
        store.reindex()


@contextmanager
def served(desk: Desk) -> Iterator[None]:
    """Datasette on the database."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    desk.address = f"http://127.0.0.1:{port}"
    with (desk.folder / "datasette.log").open("w") as log:
        command = program("serve", "--port", str(port))
        process = subprocess.Popen(command, cwd=desk.folder, env=environment(), stdout=log, stderr=log)
    desk.datasette = process.pid
    for _ in range(150):
        try:
            requests.get(desk.address, timeout=1)
            break
        except requests.RequestException:
            time.sleep(0.2)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def look_at_the_end(desk: Desk) -> None:
    """Whether the database is whole, and what the program itself takes for its fault."""
    with closing(sqlite3.connect(desk.database)) as connection:
        if found := damage(connection):
            desk.wrong(f"the database is damaged: {found}")
        for source, note in connection.execute("SELECT DISTINCT source, note FROM fetches WHERE status = 'bug'"):
            desk.wrong(f"a fault of the program, reading {source}: {note}")


def main() -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--minutes", type=float, default=60)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--plot", type=Path, help="an SVG to write")
    options.add_argument("--folder", type=Path, help="an empty one, to keep everything in")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        desk = Desk((asked.folder or Path(temporary)).resolve(), asked.minutes, asked.seed)
        soak(desk)
        print("\n".join(soak_report.summary(desk.record)))
        if asked.plot:
            asked.plot.write_text(soak_report.chart(desk.record), "utf-8")
    return bool(desk.record.wrong)


if __name__ == "__main__":
    sys.exit(main())
