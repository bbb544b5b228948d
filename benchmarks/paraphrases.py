"""A stress test of copies and stories: sentences that say the same in other words, and sentences that only look so.

    python benchmarks/paraphrases.py FOLDER

FOLDER holds `pawsx/dev-{en,ja,ko,zh}.tsv` (sentence, sentence, 1 where they say the same: PAWS-X,
github.com/google-research-datasets/paws) and pairs of translations `{ja,ko,zh}-en.{en,ja,ko,zh}`, one sentence to a
line. None are news: encyclopedias and everyday talk, which is what the program was not made for.

A paraphrase is no copy, since a copy is the same text; so the first table says how often two sentences that look alike
are taken for one text although they say something else. Translations say how often the four languages meet in two
sentences without a date, and (each sentence held against the next line's translation) how often they meet for nothing.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from aggregator import copies, methods, stories
from aggregator.model import Clipping, Config, Outlet, Precision

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
OUTLETS = (Outlet(id="one", name="One"), Outlet(id="other", name="Other"))


def clipping(number: int, text: str, language: str) -> Clipping:
    return Clipping(
        id=number, url=f"https://press.example/{number}", title=text.strip(), summary="", language=language,
        outlet=OUTLETS[number % 2], at=NOON, precision=Precision.MINUTE, first_seen_at=NOON,
    )  # fmt: skip


def main() -> None:
    folder = Path(sys.argv[1])
    method = methods.named(methods.BUILT_IN, methods.setting(Config(sources={}, outlets={}, topics={})))

    def alike(one: Clipping, other: Clipping) -> bool:
        return method.likeness(method.profile(one), method.profile(other), {}).score >= stories.SAME

    print("pairs of one language: taken for one text, for one event")
    for language in ("en", "ja", "ko", "zh"):
        lines = (folder / "pawsx" / f"dev-{language}.tsv").read_text(encoding="utf-8").splitlines()
        rows = [parts for parts in (line.split("\t") for line in lines) if len(parts) == 3]  # a few are broken
        for label, name in (("1", "say the same"), ("0", "only look so")):
            pairs = [
                (clipping(0, one, language), clipping(1, other, language)) for one, other, says in rows if says == label
            ]
            same = sum(copies.likeness(*pair) is not None for pair in pairs)
            event = sum(alike(*pair) for pair in pairs)
            print(f"  {language} {name:13} {len(pairs):5}  {same / len(pairs):7.1%} {event / len(pairs):7.1%}")
    print("pairs of two languages: taken for one event")
    for language in ("ja", "ko", "zh"):
        texts = [
            [clipping(number, line, tag) for line in (folder / f"{language}-en.{tag}").read_text("utf-8").splitlines()]
            for number, tag in enumerate(("en", language))
        ]
        right = list(zip(*texts, strict=True))
        wrong = [(one[0], other[1]) for one, other in pairwise(right)]
        for name, pairs in (("translations", right), ("of two things", wrong)):
            found = sum(alike(*pair) for pair in pairs)
            print(f"  {language} {name:13} {len(pairs):5}  {found / len(pairs):7.1%}")


if __name__ == "__main__":
    main()
