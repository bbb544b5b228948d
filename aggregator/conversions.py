"""How Han characters are printed elsewhere, word by word: 头发 is 頭髮, 发展 is 發展.

The words are those of OpenCC, in two tables beside this file that `python -m tests.han_forms` makes from its
dictionaries. They are data, and OpenCC is not asked, because what is stored was written by them: what the search index
is told to forget must be what it was told to hold, under another OpenCC too. And they take a sixth of its memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple


class Translation(dict[int, int | str]):
    """A table for `str.translate` that learns what stays as it is: a character that is missing costs an exception.

    Codes of characters take a third of the memory that texts of one character take.
    """

    def __missing__(self, code: int) -> int:
        self[code] = code
        return code


class _Words(NamedTuple):
    """The words that begin with a character, by the rest of each: what it becomes, nothing where that is no surprise.

    `sizes` are the lengths of words that there are, the greatest first.
    """

    sizes: tuple[int, ...]
    become: dict[str, str]


_CLAUSE = re.compile(r"[\w·]+")  # no word of the tables goes beyond one
_NO_WORDS = _Words((), {})


class Conversion:
    """One of OpenCC's conversions, such as `s2t`. A text keeps its length."""

    def __init__(self, name: str, chars: str, become: str, turning: str, pairs: str) -> None:
        """`chars` become `become` where they stand alone, those of `turning` something else in some words.

        There they are one of two in `pairs`: most texts have none of these, and need not be cut into words.
        """
        self._name = name
        self._chars = Translation(zip(map(ord, chars), map(ord, become), strict=True))
        self._changing = frozenset(chars)
        self._turning = re.compile(f"[{turning}]" if turning else "(?!)")
        self._pairs = frozenset(map(str.__add__, pairs[::2], pairs[1::2]))
        self._words: dict[str, _Words] = {}

    def convert(self, text: str) -> str:
        """A text as it would be printed, from left to right by the longest words that the tables have."""
        converted = text if self._changing.isdisjoint(text) else text.translate(self._chars)
        if not self._turns(text, 0, len(text)):
            return converted
        pieces: list[str] = []
        done = 0
        for clause in _CLAUSE.finditer(text):
            if self._turns(text, *clause.span()):
                for start, word in self._surprises(text, *clause.span()):
                    pieces += converted[done:start], word
                    done = start + len(word)
        return "".join((*pieces, converted[done:]))

    def changes(self, char: str) -> bool:
        """Whether a character that stands alone becomes another one."""
        return self.convert(char) != char

    def _turns(self, text: str, begin: int, end: int) -> bool:
        """Whether a word may stand here that does not become what its characters would become alone."""
        places = (found.start() for found in self._turning.finditer(text, begin, end))
        return any(text[one - 1 : one + 1] in self._pairs or text[one : one + 2] in self._pairs for one in places)

    def _surprises(self, text: str, place: int, end: int) -> Iterator[tuple[int, str]]:
        """Such words, as what they become, with their places."""
        while place < end:
            sizes, become = self._words.get(text[place]) or self._beginning_with(text[place])
            for size in sizes:
                word = become.get(text[place + 1 : place + size])
                if word is not None:
                    if word:
                        yield place, word
                    place += size
                    break
            else:
                place += 1

    def _beginning_with(self, char: str) -> _Words:
        """The words that begin with a character, taken from their row when a text first has it."""
        words = _NO_WORDS
        if row := _rows().get((self._name, char)):
            rests = (rest.partition(">") for rest in row.split(" "))
            become = {rest: word for rest, _, word in rests}
            words = _Words(tuple(sorted({1 + len(rest) for rest in become}, reverse=True)), become)
        return self._words.setdefault(char, words)


def conversion(name: str) -> Conversion:
    """OpenCC's conversion of a name: `jp2t`, `s2t`, `t2s`, `t2tw`, `t2jp`."""
    return _conversions()[name]


@cache
def _conversions() -> dict[str, Conversion]:
    return {name: Conversion(name, *columns) for name, *columns in _table("conversions.tsv")}


@cache
def _rows() -> dict[tuple[str, str], str]:
    """The words of each conversion by their first character: the rests, and after > what a word becomes."""
    return {(name, first): rests for name, first, rests in _table("phrases.tsv")}


def _table(name: str) -> Iterator[list[str]]:
    """The rows of a table beside this file."""
    lines = Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines()
    return (line.split("\t") for line in lines[1:])
