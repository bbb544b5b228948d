"""How much dearer are thousands of terms than a few? `python benchmarks/topics.py [HEADLINES] [TERMS]`.

Holds made-up headlines in four languages against made-up topics: through `topics.match`, and as the plain way a regular
expression per term over the folded headline. The second is run on a sample and scaled. Prints seconds and the ratio.
"""

from __future__ import annotations

import random
import re
import sys
import time

from aggregator import text, topics

ALPHABETS = {
    "ko": [chr(code) for code in range(0xAC00, 0xAC00 + 11172, 13)],
    "ja": [chr(code) for code in range(0x3042, 0x3094)] + [chr(code) for code in range(0x4E00, 0x9000, 17)],
    "zh-Hans": [chr(code) for code in range(0x4E00, 0x9000, 11)],
    "en": [],
}
SAMPLE = 500


def word(dice: random.Random, language: str) -> str:
    if language == "en":
        return "".join(dice.choices("abcdefghijklmnopqrstuvwxyz", k=dice.randrange(4, 10)))
    return "".join(dice.choices(ALPHABETS[language], k=dice.randrange(2, 6)))


def headline(dice: random.Random, language: str, terms: list[str]) -> str:
    """Eight words that nobody looks for; in one of ten headlines a term is among them."""
    words = [word(dice, language) for _ in range(8)]
    if dice.random() < 0.1:
        words[dice.randrange(8)] = dice.choice(terms)
    return " ".join(words)


def main(headlines: int = 100_000, terms: int = 5_000) -> None:
    dice = random.Random(1)
    words = {language: [word(dice, language) for _ in range(terms)] for language in ALPHABETS}
    given = {
        f"t{number}": {"terms": {language.partition("-")[0]: [words[language][number]] for language in ALPHABETS}}
        for number in range(terms // len(ALPHABETS))
    }
    texts = [
        (headline(dice, language, words[language]), language) for language in dice.choices(list(ALPHABETS), k=headlines)
    ]
    begun = time.process_time()
    matcher = topics.compile(given)
    compiled = time.process_time()
    found = sum(len(matcher.match(title, "", language)) for title, language in texts)
    ours = time.process_time() - compiled
    patterns = [re.compile(re.escape(text.fold(line))) for one in given.values() for [line] in one["terms"].values()]
    begun_plain = time.process_time()
    for title, _ in texts[:SAMPLE]:
        folded = text.fold(title)
        for pattern in patterns:
            pattern.search(folded)
    plain = (time.process_time() - begun_plain) * headlines / SAMPLE
    print(f"{headlines} headlines, {len(patterns)} terms, {found} mentions")
    print(f"compile {compiled - begun:.2f} s, match {ours:.2f} s ({ours / headlines * 1e6:.0f} us a headline)")
    print(f"a regular expression per term {plain:.1f} s: {plain / ours:.0f} times as long")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
