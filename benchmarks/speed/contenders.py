"""Who runs: this program, what others use instead, and the least that Python can do. Each as a process of its own."""

from __future__ import annotations

import os
import shlex
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import certifi

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(__file__).resolve().parent / "programs"
ZONES = {"ko": "Asia/Seoul", "ja": "Asia/Tokyo", "zh-Hans": "Asia/Shanghai", "zh-Hant": "Asia/Taipei", "en": "UTC"}

_TOPICS = """
topics:
  forced-repatriation:
    name: Forced repatriation
    terms:
      {ko: [강제북송, 탈북민 AND (북송 OR 송환)], ja: [脱北者 AND 送還], zh: [强制遣返], en: ['"forced repatriation"']}
  presidents:
    name: Presidents
    terms: {ko: [대통령], ja: [大統領], zh: [总统], en: [president]}
"""
_ASKING = frozenset({"cold", "304", "trickle", "slow", "tls", "tls-cold"})
_NEWSBOAT = "reload-threads 16\nauto-reload no\nssl-verifypeer no\nssl-verifyhost no\nerror-log /dev/null\n"


class Place(NamedTuple):
    """What a contender is given: a folder that it may fill, the addresses to be asked, the scenario."""

    folder: Path
    addresses: Path
    scenario: str


class Contender(NamedTuple):
    """A name for the table, the command line, in which scenarios it makes sense, and its database.

    The latter is a file and the columns of it that hold addresses of feeds, so that what was stored over one transport
    can be asked for over another.
    """

    name: str
    command: Callable[[Place], Sequence[str]]
    scenarios: frozenset[str]
    database: str = ""
    columns: Sequence[str] = ()

    def move(self, folder: Path, before: Sequence[str], after: Sequence[str]) -> None:
        """Gives the stored feeds other addresses."""
        with closing(sqlite3.connect(folder / self.database)) as database, database:
            for table, column in (name.split(".") for name in self.columns):
                database.executemany(f"UPDATE {table} SET {column} = ? WHERE {column} = ?",
                                     zip(after, before, strict=True))  # fmt: skip


COMPILED = {"PYTHONDONTWRITEBYTECODE": ""}  # what is installed is compiled once, and not at every start


class Run(NamedTuple):
    """What a run took: seconds, seconds of processor time of all its processes, megabytes of the largest of them."""

    wall: float
    cpu: float
    peak: float


def measured(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Run:
    """Runs a command to its end; ends the benchmark where it fails."""
    with (folder / "errors").open("w+") as errors:
        begin = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors, cwd=folder,
                                   env=os.environ | COMPILED | {"HOME": str(folder)} | environment)  # fmt: skip
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        if process.returncode:
            sys.exit(f"{shlex.join(command)} exited with {process.returncode}:\n{errors.read()[-2000:]}")
    return Run(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def trusting(folder: Path, authority: Path) -> dict[str, str]:
    """An environment in which Python trusts an authority beside the usual ones, so that all of them are still read.

    What asks certifi and nobody else, as this program does, is told by a sitecustomize.
    """
    bundle = folder / "bundle.pem"
    bundle.write_text(Path(certifi.where()).read_text() + authority.read_text())
    (folder / "site").mkdir()
    (folder / "site/sitecustomize.py").write_text(f"import certifi\ncertifi.where = lambda: {str(bundle)!r}\n")
    return {"REQUESTS_CA_BUNDLE": str(bundle), "PYTHONPATH": str(folder / "site")}


# --- this program -----------------------------------------------------------------------------------------------------


def ours(name: str, tree: Path, arguments: str, languages: Sequence[str]) -> Contender:
    """This program as it lies in a tree, with more arguments for its `run`. `languages` are those of the feeds."""
    start = f"import sys; sys.path.insert(0, {str(tree)!r}); from aggregator.cli import main; main()"

    def command(place: Place) -> list[str]:
        return [sys.executable, "-c", start, *our_arguments(place, arguments, languages)]

    return Contender(name, command, _ASKING | {"idle"}, "mentions.db", ["sources.url"])


def our_arguments(place: Place, arguments: str, languages: Sequence[str]) -> list[str]:
    """What is said to this program."""
    settings = place.folder / "feeds.yaml"
    settings.write_text(_settings(place.addresses.read_text().split(), languages))
    everything = [] if place.scenario == "idle" else ["--all"]
    database = str(place.folder / "mentions.db")
    return ["run", "-q", *everything, *shlex.split(arguments), "-c", str(settings), "--db", database]


def _settings(addresses: Sequence[str], languages: Sequence[str]) -> str:
    outlets = [f"  press{n}: {{name: Press {n}, homepage: 'https://press{n}.example'}}" for n in range(len(addresses))]
    sources = [
        f"  - {{id: press{n}, outlet: press{n}, url: '{url}', language: {language}, zone: {ZONES[language]}}}"
        for n, (url, language) in enumerate(zip(addresses, languages, strict=True))
    ]
    head = ["fetch: {every: 1d, allow_private: true}", "outlets:", *outlets, "sources:", *sources]
    return "\n".join(head) + _TOPICS


# --- the others -------------------------------------------------------------------------------------------------------


def others(folder: Path) -> list[Contender]:
    """Those that can be had here; for the rest a word on why not. The folder keeps what is installed for them."""
    found = [_python("thirty lines", sys.executable, "thirty.py", ["feeds.url"])]
    if shutil.which("newsboat"):
        found.append(Contender("newsboat", _newsboat, _ASKING, "cache.db", ["rss_feed.rssurl", "rss_item.feedurl"]))
    else:
        print("newsboat is not installed: left out", file=sys.stderr)
    if peers := _peers(folder):
        found.append(_python("reader", peers, "library.py", ["feeds.url", "entries.feed"]))
        found.append(_python("floor", peers, "floor.py", ["feeds.url"]))
    return [*found, Contender("bare Python", lambda _: [sys.executable, "-c", "import sqlite3"], frozenset({"idle"}))]


def _python(name: str, interpreter: str, program: str, columns: Sequence[str]) -> Contender:
    def command(place: Place) -> list[str]:
        return [interpreter, str(PROGRAMS / program), str(place.addresses), str(place.folder / "entries.db")]

    return Contender(name, command, _ASKING, "entries.db", columns)


def _newsboat(place: Place) -> list[str]:
    (place.folder / "config").write_text(_NEWSBOAT)
    files = {"-u": place.addresses, "-c": place.folder / "cache.db", "-C": place.folder / "config"}
    return ["newsboat", "-q", "-x", "reload", *(str(word) for pair in files.items() for word in pair)]


def _peers(folder: Path) -> str | None:
    """A Python that has `reader` and lxml, in a virtual environment of its own; made where it is not there."""
    interpreter = folder / "bin/python"
    if not interpreter.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        wanted = ["reader>=3.20", "sgmllib3k", "lxml"]
        done = subprocess.run([interpreter, "-m", "pip", "install", "-q", *wanted], check=False, capture_output=True)
        if done.returncode:
            shutil.rmtree(folder)
            print("reader and lxml cannot be installed: left out, and so is the floor", file=sys.stderr)
            return None
    return str(interpreter)
