"""Which Han characters are forms of one another, and how words are printed elsewhere, from OpenCC's dictionaries:
`python -m tests.han_forms` writes them to aggregator/han.tsv, conversions.tsv and phrases.tsv.

What was stored before is found by the forms of before: with other tables `search.VERSION` has to be another one, and
`aggregator rematch` is needed. The columns of the tables:

    variants, simplified           a group of variants; the one of them that stands for all in simplified Chinese
    conversion, chars, become, turning, pairs
                                   the characters that a conversion changes and what each becomes; those that become
                                   something else within some words; and with what they then stand side by side
    conversion, first, rests       the words that it knows by their first character: the rest of each, and after > what
                                   the word becomes, where that is not what its characters would become alone
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import opencc
from opencc import OpenCC

from aggregator import han

TABLE, CHARS, PHRASES = map(Path(han.__file__).with_name, ("han.tsv", "conversions.tsv", "phrases.tsv"))

BY_WORDS = ("jp2t", "s2t", "t2jp", "t2s", "t2tw")
CONVERSIONS = ("tw2t", "hk2t", "jp2t", "t2jp", "t2s")
# Forms in Japanese and Korean names for which OpenCC has no entry.
_NAME_FORMS = ("吉\U00020bb7", "崎\ufa11", "橋槗", "浜濵", "青靑", "高髙")


_COMMON = (*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000))
ALL = (*_COMMON, 0x3007, *range(0xF900, 0xFB00), *range(0x20000, 0x32400))


def conversion(name: str, codes: Sequence[int] = _COMMON) -> dict[str, str]:
    """The Han characters that OpenCC's conversion of this name changes, each taken alone."""
    chars = [chr(code) for code in codes]
    converted = OpenCC(name).convert("\n".join(chars)).split("\n")  # one a line: phrases have nothing to catch
    return {one: other for one, other in zip(chars, converted, strict=True) if one != other}


def groups() -> list[str]:
    """The characters that any conversion leads to one another, sorted."""
    parent: dict[str, str] = {}

    def least(char: str) -> str:
        while char in parent:
            char = parent[char]
        return char

    pairs = [(form[0], form[1]) for form in _NAME_FORMS]
    for name in CONVERSIONS:
        pairs += conversion(name).items()
    for one, other in pairs:
        low, high = sorted((least(one), least(other)))
        if low != high:
            parent[high] = low
    found: dict[str, set[str]] = {}
    for char in parent:
        found.setdefault(least(char), {least(char)}).add(char)
    return sorted("".join(sorted(group)) for group in found.values())


def rows() -> list[str]:
    """The lines of the table: each group, and the one of it that most become on the mainland, where it is in print."""
    simplified = conversion("t2s")
    lines = ["variants\tsimplified"]
    for group in groups():
        votes = Counter(simplified.get(one, one) for one in group)
        chosen = max(
            group, key=lambda one: (not han.strangers(one) & han.MAINLAND and votes[one], votes[one], -ord(one))
        )
        lines.append(f"{group}\t{chosen}")
    return lines


# --- words ------------------------------------------------------------------------------------------------------------


def words(name: str) -> dict[str, str]:
    """The words of a conversion's dictionaries with what it makes of them: of two for a word the first."""
    share = Path(opencc.__file__).parent / "clib" / "share" / "opencc"
    told: dict[str, str] = {}
    for chain in json.loads((share / f"{name}.json").read_text(encoding="utf-8"))["conversion_chain"]:
        for file in _files(chain["dict"]):
            told = dict(_dictionary(share / file)) | told
    return {word: becomes for word, becomes in told.items() if len(word) > 1}


def _files(dictionary: Mapping[str, Any]) -> Iterator[str]:
    if "file" in dictionary:
        yield dictionary["file"]
    for one in dictionary.get("dicts", ()):
        yield from _files(one)


def _dictionary(file: Path) -> Iterator[tuple[str, str]]:
    """The entries of one of OpenCC's dictionaries, as its own tool tells them; of several forms the first."""
    tool = file.parents[2] / "bin" / "opencc_dict"
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder) / "text"
        subprocess.run([tool, "-i", file, "-f", "ocd2", "-o", text, "-t", "text"], check=True)
        for line in text.read_text(encoding="utf-8").splitlines():
            word, _, forms = line.partition("\t")
            yield word, forms.split(" ")[0]


def tables() -> tuple[list[str], list[str]]:
    """The lines of conversions.tsv and of phrases.tsv."""
    conversions, phrases = ["conversion\tchars\tbecome\tturning\tpairs"], ["conversion\tfirst\trests"]
    for name in BY_WORDS:
        chars, turning, pairs = conversion(name, ALL), set[str](), set[str]()
        rests: dict[str, list[str]] = {}
        for word, becomes in sorted(words(name).items()):
            alone = "".join(chars.get(char, char) for char in word)
            for place, char in enumerate(word):
                if becomes[place] != alone[place]:
                    turning.add(char)
                    pairs |= {word[max(0, place - 1) : place + 1], word[place : place + 2]}
            rests.setdefault(word[0], []).append(word[1:] + f">{becomes}" * (becomes != alone))
        told = (chars, chars.values(), sorted(turning), sorted(pair for pair in pairs if len(pair) > 1))
        conversions.append("\t".join((name, *map("".join, told))))
        phrases += ["\t".join((name, first, " ".join(some))) for first, some in rests.items()]
    return conversions, phrases


def write(table: Path, lines: Sequence[str]) -> None:
    """Writes a table."""
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    conversions, phrases = tables()
    write(CHARS, conversions)
    write(PHRASES, phrases)
    write(TABLE, rows())  # asks for the others
