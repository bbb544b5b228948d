"""How long an analyst waits: queries of the search, and pages of Datasette as they come over HTTP.

Every page is asked for many times, always with another query or filter, so that nothing is remembered.
"""

from __future__ import annotations

import itertools
import re
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests
from press import END, Press

from aggregator import search

ROUNDS = 20
_FOUND = 20  # articles, as `aggregator search` shows
_LONGEST = 120  # seconds that a page is waited for

Record = dict[str, Any]


def queries(path: Path, press: Press) -> Iterator[Record]:
    """What the index takes to find the newest articles, without a process around it."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        search.match_expression("中国")  # loads the forms of characters
        for what, words in press.queries().items():
            spent, hits = [], 0
            for word in itertools.islice(itertools.cycle(words), ROUNDS):
                begin = time.perf_counter()
                search.find(connection, word, _FOUND)
                spent.append(time.perf_counter() - begin)
                hits += _hits(connection, word)
            yield {"what": f"index, {what}", **_shares(spent), "hits": hits // ROUNDS}


def _hits(connection: sqlite3.Connection, word: str) -> int:
    sql = "SELECT count(*) FROM articles_fts WHERE articles_fts MATCH ?"
    return int(connection.execute(sql, (search.match_expression(word),)).fetchone()[0])


_NEED_ALL = ("search", "pingbacks", "topic", "coverage")  # pages that show what `reindex` and `rematch` find


def pages(path: Path, press: Press, *, quick: bool) -> Iterator[Record]:
    """What each page takes, and what Datasette has taken in the end."""
    with served(path) as (address, process):
        for what, page in _pages(path, press).items():
            if quick and any(word in what for word in _NEED_ALL):
                continue
            yield {"what": f"page, {what}", **_waits(address + page(number) for number in range(ROUNDS))}
        yield {"what": "Datasette", "peak": _peak(process)}


def _pages(path: Path, press: Press) -> Mapping[str, Callable[[int], str]]:
    words, base = press.queries(), f"/{path.stem}"
    with closing(sqlite3.connect(path)) as connection:
        some = "SELECT id FROM {} ORDER BY id LIMIT 2000"
        articles, stories = (
            [number for (number,) in connection.execute(some.format(table))] for table in ("articles", "stories")
        )
    return {
        "the index": lambda n: f"/?{n}",
        "articles": lambda n: f"{base}/articles?_size={50 + n}",
        "articles of a language": lambda n: f"{base}/articles?language={('ko', 'ja', 'en')[n % 3]}&_size={50 + n}",
        "articles with a facet": lambda n: f"{base}/articles?_facet=published_precision&_size={50 + n}",
        "search, rare": lambda n: f"{base}/articles?_search={quote(words['two characters, rare'][n])}",
        "search, frequent": lambda n: (
            f"{base}/articles?_search={quote(words['two characters, frequent'][n % 3])}&_size={50 + n}"
        ),
        "an article": lambda n: f"{base}/articles/{articles[n * 97]}",
        "a story": lambda n: f"/-/stories/{stories[n * 97]}",
        "pingbacks": lambda n: f"/-/pingbacks?_={n}",
        "pingbacks of a topic": lambda n: f"/-/pingbacks/topic-{n % 3}?_={n}",
        "the last week of a topic": lambda n: (
            f"/-/pingbacks/topic-{n % 3}?since={END - timedelta(days=7 + n):%Y-%m-%d}"
        ),
        "coverage": lambda n: f"/-/coverage?weeks={12 + n}",
        "sources": lambda n: f"/-/sources?_={n}",
    }


@contextmanager
def served(path: Path) -> Iterator[tuple[str, int]]:
    """The address of a Datasette on a database, as `aggregator serve` starts it, and the number of its process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "aggregator", "serve", "--db", str(path), "--port", str(port)]
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=root) as process:
        address = f"http://127.0.0.1:{port}"
        for _ in range(300):
            try:
                requests.get(f"{address}/-/versions.json", timeout=1)
                break
            except requests.RequestException:
                time.sleep(0.2)
        yield address, process.pid
        process.terminate()


def _waits(urls: Iterable[str]) -> Record:
    spent = []
    for url in urls:
        begin = time.perf_counter()
        answer = requests.get(url, timeout=_LONGEST)
        spent.append(time.perf_counter() - begin)
        if not answer.ok or "Interrupted" in answer.text:
            print(f"{answer.status_code} {url}: {answer.text[:200]}", file=sys.stderr)
    return _shares(spent)


def _shares(spent: list[float]) -> Record:
    ordered = sorted(spent)
    return {"p50": ordered[len(ordered) // 2], "p95": ordered[int(len(ordered) * 0.95)]}


def _peak(process: int) -> float:
    """The most memory of a process so far, in megabytes."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0
