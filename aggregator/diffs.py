"""What changed between two prints of a text, as an editor marks it: kept, struck out, put in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Literal, NamedTuple

# A character of Chinese, Japanese or Korean (or any sign) is a piece of its own; a word or a number is one piece.
_PIECE = re.compile(r"\d+|[a-z\u00c0-\u024f]+|\s+|.", re.IGNORECASE | re.DOTALL)
_MOST = 4_000_000  # pieces of the one times pieces of the other: more would take seconds


class Change(NamedTuple):
    """A stretch of text, and what became of it."""

    kind: Literal["kept", "gone", "new"]
    text: str


@lru_cache(maxsize=256)
def changes(before: str, after: str) -> tuple[Change, ...]:
    """The stretches of both texts in reading order: `kept` and `gone` make up the one, `kept` and `new` the other."""
    one, other = _PIECE.findall(before), _PIECE.findall(after)
    if len(one) * len(other) > _MOST:
        return tuple(_replaced(before, after))
    return tuple(_merged(list(_opcodes(one, other))))


def _opcodes(one: Sequence[str], other: Sequence[str]) -> Iterator[Change]:
    for _, begin, end, from_, to in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        gone, new = "".join(one[begin:end]), "".join(other[from_:to])
        if gone == new:
            yield Change("kept", gone)
        else:
            yield from _replaced(gone, new)


def _replaced(gone: str, new: str) -> Iterator[Change]:
    if gone:
        yield Change("gone", gone)
    if new:
        yield Change("new", new)


def _merged(found: list[Change]) -> Iterator[Change]:
    """White space that was kept between two changes is part of them: whole words are struck out, not letters."""
    gone = new = ""
    for place, (kind, text) in enumerate(found):
        between = kind == "kept" and text.isspace() and (gone or new) and place + 1 < len(found)
        if kind == "gone" or between:
            gone += text
        if kind == "new" or between:
            new += text
        if kind == "kept" and not between:
            yield from _replaced(gone, new)
            gone = new = ""
            yield Change("kept", text)
    yield from _replaced(gone, new)
