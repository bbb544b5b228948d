"""The search against a scan of the folded texts: what each program finds, how long it takes, what the index weighs.

    python benchmarks/search.py HEADLINES.csv...

Takes headlines from the column `text` (or `title`, with `summary`) of CSV files, makes a database of them, and asks it
a table of queries: as Datasette asks without our plugin, as it asks with it, as `sqlite-utils search` asks, and by a
scan, which is the truth. English words are scanned by their stems. Then it takes runs of one to four characters out of
the texts themselves, writes each in four forms, and counts what is missed and what is found wrongly. Run it under the
Python of each Datasette to be compared.
"""

from __future__ import annotations

import asyncio
import csv
import itertools
import random
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from datasette import __version__ as datasette_version
from datasette.app import Datasette
from datasette.plugins import pm
from opencc import OpenCC
from sqlite_utils import Database

from aggregator import search
from aggregator import text as texts
from aggregator.store import Store

QUERIES = [
    "탈북", "북한", "강제북송", "대통령", "검찰", "한·중", "中国", "中國",
    "北朝鮮", "北朝鲜", "韓国", "韓國", "韩国", "新闻", "問題", "问题",
    "人権", "人权", "人權", "国", "ロシア", "首相", "経済", "經濟",
    "KBS", "ＫＢＳ", "ｱﾒﾘｶ", "日本経済新聞", "국민건강보험", "COVID-19",
    "oil prices", "forced repatriation",
]  # fmt: skip
SAMPLE = 400  # runs of each length
_STEMS = {"forced": "forc(?:e|es|ed|ing)", "oil": "oils?", "prices": "pric(?:e|es|ed|ing)",
          "repatriation": "repatriat(?:e|es|ed|ing|ion|ions)"}  # fmt: skip


def read(file: str) -> list[tuple[str, str]]:
    with Path(file).open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    return [(texts.visible(row.get("text") or row["title"]), texts.visible(row.get("summary") or "")) for row in rows]


def fill(path: Path, articles: list[tuple[str, str]]) -> None:
    with Store(path) as store:
        store._connection.executemany(
            "INSERT INTO articles (id, title, summary, language, url, link, first_seen_at, last_seen_at)"
            " VALUES (?, ?, ?, 'und', ?, '', '', '')",
            ((number, *article, f"https://a.example/{number}") for number, article in enumerate(articles)),
        )
        begin = time.perf_counter()
        store.reindex()
        seconds = time.perf_counter() - begin
        store._connection.execute("INSERT INTO articles_fts (articles_fts) VALUES ('optimize')")
        (size,) = store._connection.execute("SELECT sum(pgsize) FROM dbstat WHERE name LIKE 'articles_fts%'").fetchone()
        characters = sum(len(title) + len(summary) for title, summary in articles)
    each = len(articles)
    print(
        f"{each:,} articles, {characters / each:.0f} characters each: an index of {size / each:.0f} bytes an article,"
    )
    print(f"{size / characters:.1f} a character; written in {seconds / each * 1e3:.2f} ms an article\n")


class Truth:
    """A scan of the folded texts."""

    def __init__(self, articles: list[tuple[str, str]]) -> None:
        self._folded = [tuple(texts.fold(field) for field in article) for article in articles]

    def __call__(self, query: str) -> set[int]:
        found = set(range(len(self._folded)))
        for word in query.split():
            folded = texts.fold(word)
            units = re.findall(r"[a-z0-9]+|[^\W_]", folded)
            whole = [rf"(?<![a-z0-9]){_STEMS.get(one, one)}(?![a-z0-9])" if one.isascii() else one for one in units]
            pattern = re.compile((r"[\W_]*" if re.search(r"\w\W+\w", folded) else "").join(whole))
            found = {number for number in found if any(map(pattern.search, self._folded[number]))}
        return found


def in_datasette(path: Path) -> list[set[int]]:
    """What a Datasette with the plugins that are there now finds."""

    async def ask() -> list[set[int]]:
        served = Datasette([str(path)], settings={"max_returned_rows": 1_000_000, "sql_time_limit_ms": 60_000})
        found = []
        for query in QUERIES:
            asked = urlencode({"_shape": "array", "_search": query, "_size": "max", "_col": "id", "_nofacet": 1})
            answer = await served.client.get(f"/{path.stem}/articles.json?{asked}")
            found.append({row["id"] for row in answer.json()})
        return found

    return asyncio.run(ask())


def in_sqlite_utils(path: Path) -> list[set[int]]:
    """Words as they are; what has signs in it needs quotes, as its users know."""
    table = Database(path)["articles"]
    signs = re.compile(r"[^\w\s]")
    return [{row["id"] for row in table.search(query, quote=bool(signs.search(query)))} for query in QUERIES]


def main() -> None:
    articles = [article for file in sys.argv[1:] for article in read(file)]
    truth = Truth(articles)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mentions.db"
        fill(path, articles)
        plugin = pm.unregister(name="aggregator")
        plain = in_datasette(path)
        pm.register(plugin, "aggregator")
        rows = zip(QUERIES, plain, in_sqlite_utils(path), in_datasette(path), strict=True)
        print(
            f"| query | truth | Datasette {datasette_version} | sqlite-utils | with the plugin |\n|---|---|---|---|---|"
        )
        for query, *answers in rows:
            expected = truth(query)
            print(f"| {query} | {len(expected)} | {' | '.join(_cell(found, expected) for found in answers)} |")
        sampled(path, articles, truth)


def _cell(found: set[int], truth: set[int]) -> str:
    if found == truth:
        return str(len(found))
    return f"{len(found)} ({len(truth - found)} missed, {len(found - truth)} wrong)"


def sampled(path: Path, articles: list[tuple[str, str]], truth: Truth) -> None:
    """Runs out of the texts, in four forms."""
    dice = random.Random(7)
    spelt = {"as printed": str} | {name: OpenCC(name).convert for name in ("t2s", "s2tw", "t2jp")}
    print("\n| form | runs | right | found | missed | wrong | amiss with the plugin |\n|---|---|---|---|---|---|---|")
    with Store(path) as store:
        for form, convert in spelt.items():
            runs = right = found = missed = wrong = amiss = 0
            for part in itertools.islice(parts(articles, convert, dice), SAMPLE):
                expected = truth(part)
                plain, ours = (matches(store, one) for one in (f'"{part}"', search.match_expression(part)))
                runs, right, found = runs + 1, right + len(expected), found + len(plain)
                missed, wrong = missed + len(expected - plain), wrong + len(plain - expected)
                amiss += len(ours ^ expected)
            print(f"| {form} | {runs} | {right} | {found} | {missed} | {wrong} | {amiss} |")


def matches(store: Store, expression: str) -> set[int]:
    sql = "SELECT rowid FROM articles_fts WHERE articles_fts MATCH ?"
    return {number for (number,) in store._connection.execute(sql, (expression,))}


def parts(articles: list[tuple[str, str]], convert: Callable[[str], str], dice: random.Random) -> Iterator[str]:
    """One to four characters out of a text, in a form. Japanese is made traditional first, as OpenCC wants it."""
    traditional = OpenCC("jp2t").convert
    while True:
        text = texts.casefold(" ".join(dice.choice(articles)))
        text = convert(traditional(text) if convert is not str and re.search("[ぁ-ヿ]", text) else text)
        if runs := [run for run in re.findall(r"[^\W\da-z_]+", text) if not run.isascii()]:
            run = dice.choice(runs)
            begin = dice.randrange(len(run))
            yield run[begin : begin + dice.randint(1, 4)]


if __name__ == "__main__":
    main()
