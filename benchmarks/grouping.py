"""How well articles are grouped: precision and recall of pairs, level by level, on labelled headlines.

    python benchmarks/grouping.py [--method NAME | --method MODULE:NAME] [--wrong]

Prints what the built-in method makes of the tables that nothing was fitted on, what another method makes of them if one
is named (an entry point of the group `aggregator.stories`, or an object to import), and a floor: the same text of
headline and nothing else. `--wrong` lists the stories that hold more than one event.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from aggregator import methods, stories
from aggregator.model import Clipping, Config
from aggregator.store import Store
from aggregator.text import letters, ngrams
from tests import labelled


class SharedLetters:
    """A floor to compare with: what two headlines share in runs of two letters, whatever the language."""

    name = "shared letters"

    def profile(self, clipping: Clipping) -> frozenset[str]:
        return frozenset(ngrams(letters(clipping.title), 2))

    def clues(self, profile: frozenset[str]) -> Mapping[int, float]:
        return {int.from_bytes(pair.encode()[:6]): 1.0 for pair in sorted(profile)}

    def likeness(self, one: frozenset[str], other: frozenset[str], _: object, /) -> stories.Likeness:
        dice = 2 * len(one & other) / max(1, len(one) + len(other))
        return stories.Likeness(min(1.0, dice * 2), f"{dice:.0%} of the letters")


def measured(method: stories.Method, *tables: str) -> tuple[list[labelled.Row], labelled.Found, float]:
    rows = labelled.read(*tables)
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "mentions.db") as store:
        begin = time.perf_counter()
        found = labelled.grouped(store, rows, method)
        return rows, found, (time.perf_counter() - begin) / len(rows)


def report(method: stories.Method, *tables: str) -> tuple[list[labelled.Row], labelled.Found]:
    rows, found, seconds = measured(method, *tables)
    events = len({row.event for row in rows})
    print(f"{method.name}: {', '.join(tables)}: {len(rows)} articles, {events} events, {seconds * 1e3:.1f} ms each")
    print("  copies                  ", labelled.score(found.texts, rows, lambda row: row.text))
    for name, across in (("across languages", True), ("within a language", False), ("all", None)):
        print(f"  stories {name:17}", labelled.score(found.stories, rows, lambda row: row.event, across=across))
    return rows, found


def other(name: str, setting: methods.Setting) -> stories.Method:
    module, colon, attribute = name.partition(":")
    made: stories.Method = getattr(import_module(module), attribute)(setting) if colon else methods.named(name, setting)
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--method", help="another method to compare with")
    parser.add_argument("--wrong", action="store_true", help="list stories that hold more than one event")
    given = parser.parse_args()
    setting = methods.setting(Config(sources={}, outlets={}, topics={}))
    rows, found = report(methods.named(methods.BUILT_IN, setting), *labelled.HELDOUT)
    for some in labelled.wrong(found, rows) if given.wrong else ():
        print("    --")
        for row in some:
            print(f"    {row.event:32} {row.language:8} {row.at:%m-%d %H:%M} {row.title}")
    for table in labelled.TUNING:
        report(methods.named(methods.BUILT_IN, setting), table)
    report(SharedLetters(), *labelled.HELDOUT)
    if given.method:
        report(other(given.method, setting), *labelled.HELDOUT)


if __name__ == "__main__":
    main()
