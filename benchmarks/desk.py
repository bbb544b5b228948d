"""How long an analyst waits: pages of Datasette on a million articles, as they come over HTTP.

    python benchmarks/desk.py FILE [ROWS]

FILE is made if it is not there: ROWS (1,000,000 unless said) articles of the made-up press of growth.py, one in fifty a
mention of one of three topics, every tenth a copy, in stories of six. Then Datasette serves it as `aggregator serve`
does, and each page is asked for many times, always with another query or filter, so that nothing is remembered. The
ratio is to the same Datasette's page of articles where there are none.
"""

from __future__ import annotations

import itertools
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import requests

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from growth import Press

from aggregator.store import Store

ROUNDS = 40
TOPICS = ("forced-return", "food", "border")
LANGUAGES = {"ko": "ko", "ja": "ja", "zh": "zh-Hans", "en": "en"}
_ARTICLE = """
INSERT INTO articles (id, date, title, outlet, language, topics, url, link, summary, published_at, published_precision,
  copy_of, copy_reason, story, story_reason, first_seen_at, last_seen_at)
VALUES (?, ?, ?, ?, ?, ?, ?, '', ?, ?, 'minute', ?, ?, ?, 'made', ?, ?)
"""


def fill(path: Path, size: int) -> None:
    """Makes the database."""
    with Store(path) as store, store.transaction():
        connection = store._connection
        connection.executemany("INSERT INTO topics (id, name) VALUES (?, ?)", [(one, one) for one in TOPICS])
        connection.executemany(
            "INSERT INTO outlets (id, name) VALUES (?, ?)", [(f"o{n}", f"O {n}") for n in range(200)]
        )
        connection.executemany("INSERT INTO stories (id, title, articles, outlets) VALUES (?, 'made', 6, 6)",
                               [(n,) for n in range(1, size // 6 + 2)])  # fmt: skip
        connection.executemany(_ARTICLE, _rows(size))
        connection.execute(
            "UPDATE stories SET first_at = (SELECT min(published_at) FROM articles WHERE story = stories.id),"
            " last_at = (SELECT max(published_at) FROM articles WHERE story = stories.id)"
        )
        connection.execute(
            "INSERT INTO mentions (article, topic, kind, term, matched, field, start, end, excerpt, found_at)"
            " SELECT articles.id, topics.value, 'term', 't', 'm', 'title', 0, 1, '[…] ' || title || ' […]',"
            " first_seen_at FROM articles, json_each(articles.topics) AS topics"
        )
    with Store(path) as store:
        begin = time.perf_counter()
        store.reindex()
        print(f"indexed in {(time.perf_counter() - begin) / size * 1e3:.2f} ms an article", flush=True)


def _rows(size: int) -> Iterator[tuple[object, ...]]:
    for number, one in enumerate(Press(size).articles(size), 1):
        moment = f"{one.at:%Y-%m-%dT%H:%M:%SZ}"
        topics = f'["{TOPICS[number // 50 % 3]}"]' if number % 50 == 0 else "[]"
        copied = one.title.startswith("[속보]")
        yield (number, moment[:10], one.title, one.outlet, LANGUAGES[one.language], topics,
               f"https://{one.outlet}.example/{number}", one.summary, moment, number - 1 if copied else None,
               "made" if copied else None, number // 6 + 1, moment, moment)  # fmt: skip


@contextmanager
def served(path: Path) -> Iterator[str]:
    """The address of a Datasette on a database."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "aggregator", "serve", "--db", str(path), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        address = f"http://127.0.0.1:{port}"
        for _ in range(100):
            try:
                requests.get(address, timeout=1)
                break
            except requests.RequestException:
                time.sleep(0.2)
        yield address
        process.terminate()


def waits(urls: Iterable[str]) -> list[float]:
    """Seconds for each page, in order of length."""
    found = []
    for url in itertools.islice(urls, ROUNDS):
        begin = time.perf_counter()
        answer = requests.get(url, timeout=120)
        found.append(time.perf_counter() - begin)
        if not answer.ok or "Interrupted" in answer.text:
            print(f"{answer.status_code} {url}: {answer.text[:200]}")
    return sorted(found)


def main() -> None:
    path, size = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    if not path.exists():
        fill(path, size)
    words = [word for one in Press(3).articles(400) for word in one.title.split()]
    pages: dict[str, Callable[[int], str]] = {
        "articles": lambda n: f"/{path.stem}/articles?_size={50 + n}",
        "articles, a language": lambda n: f"/{path.stem}/articles?language={('ko', 'ja', 'en')[n % 3]}&_size={50 + n}",
        "search, a rare word": lambda n: f"/{path.stem}/articles?_search={quote(words[n])}",
        "search, a frequent one": lambda n: (
            f"/{path.stem}/articles?_search={quote(('中国', '북한', '人', '국')[n % 4])}"
        ),
        "pingbacks (table)": lambda n: f"/{path.stem}/pingbacks?_size={50 + n}",
        "/-/pingbacks": lambda n: f"/-/pingbacks?_size={50 + n}",
        "/-/pingbacks/TOPIC": lambda n: f"/-/pingbacks/{TOPICS[n % 3]}?since=2024-0{1 + n % 5}-01",
        "/-/stories/N": lambda n: f"/-/stories/{1 + n * 977}",
        "/-/coverage": lambda n: f"/-/coverage?until=2024-0{1 + n % 5}-01",
        "an article": lambda n: f"/{path.stem}/articles/{1 + n * 977}",
    }
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder) / "empty.db"
        Store(empty).close()
        with served(empty) as address:
            floor = waits(f"{address}/empty/articles?_size={50 + n}" for n in itertools.count())
    print(f"floor: median {floor[ROUNDS // 2] * 1e3:.0f} ms\n")
    print("| page | median ms | p95 ms | ratio of medians |\n|---|---|---|---|")
    with served(path) as address:
        for name, page in pages.items():
            found = waits(address + page(n) for n in itertools.count())
            median, p95 = found[ROUNDS // 2], found[int(ROUNDS * 0.95)]
            print(f"| {name} | {median * 1e3:.0f} | {p95 * 1e3:.0f} | {median / floor[ROUNDS // 2]:.1f} |", flush=True)


if __name__ == "__main__":
    main()
