"""Where a text may be cut: between graphemes, and between English words where that leaves any.

Nothing here knows what is cut, or why.
"""

from __future__ import annotations

import re
import unicodedata


def cut_left(text: str, place: int, limit: int) -> int:
    """The first good place to cut from `place` on, at most `limit`."""
    while place < limit and not _breaks(text, place):
        place += 1
    word = place
    while word < limit and _splits_word(text, word):
        word += 1
    return word if word < limit else place


def cut_right(text: str, limit: int, place: int) -> int:
    """The last good place to cut up to `place`, at least `limit`."""
    while place > limit and not _breaks(text, place):
        place -= 1
    word = place
    while word > limit and _splits_word(text, word):
        word -= 1
    return word if word > limit else place


def _splits_word(text: str, place: int) -> bool:
    return (
        0 < place < len(text)
        and text[place - 1].isascii()
        and text[place].isascii()
        and text[place - 1 : place + 1].isalnum()
    )


def _breaks(text: str, place: int) -> bool:
    """Whether a grapheme ends before `place` and another begins there."""
    if place <= 0 or place >= len(text):
        return True
    last, char = text[place - 1], text[place]
    if char == "\u200d" or last == "\u200d" or unicodedata.category(char)[0] == "M" or char in "\uff9e\uff9f":
        return False
    if "\U0001f3fb" <= char <= "\U0001f3ff" or "\U000e0020" <= char <= "\U000e007f":
        return False
    if "\U0001f1e6" <= char <= "\U0001f1ff":
        flags = re.search("[\U0001f1e6-\U0001f1ff]*\\Z", text[:place])
        return flags is None or len(flags[0]) % 2 == 0
    return not (
        "\u1160" <= char <= "\u11ff"
        or ("\u1100" <= last <= "\u115f" and ("\u1100" <= char <= "\u115f" or "가" <= char <= "힣"))
    )
