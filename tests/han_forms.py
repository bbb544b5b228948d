"""Which Han characters are forms of one another, from OpenCC's dictionaries: `python -m tests.han_forms` writes them to
aggregator/han.tsv.

What was stored before is found by the forms of before: after a change here, `aggregator reindex` and `rematch`.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from opencc import OpenCC

from aggregator import han

TABLE = Path(han.__file__).with_name("han.tsv")

CONVERSIONS = ("tw2t", "hk2t", "jp2t", "t2jp", "t2s")
# Forms in Japanese and Korean names for which OpenCC has no entry.
_NAME_FORMS = ("吉\U00020bb7", "崎\ufa11", "橋槗", "浜濵", "青靑", "高髙")


def conversion(name: str) -> dict[str, str]:
    """The Han characters that OpenCC's conversion of this name changes, each taken alone."""
    chars = [chr(code) for code in (*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000))]
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


if __name__ == "__main__":
    TABLE.write_text("\n".join(rows()) + "\n", encoding="utf-8")
