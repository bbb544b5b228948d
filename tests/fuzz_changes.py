"""What fuzzing does to inputs: changes that keep most of the structure, and pieces repeated until it is large."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

LARGEST = 8_000  # bytes of an input; one in some hundreds is inflated
INFLATED = 200_000

_MARKS = re.compile(rb"[<>&;\"'=\s\[\]{}():,/|]")
_NUMBER = re.compile(rb"[0-9]+")
_NUMBERS = (b"0", b"1", b"-1", b"99", b"2147483648", b"18446744073709551616", b"1" * 400, b"00000000001")

Dice = random.Random


def mutated(data: bytes, other: bytes, words: Sequence[bytes], dice: Dice) -> bytes:
    """The data after some random changes; `other` is an input that parts are taken from."""
    largest = max(LARGEST, len(data))
    for _ in range(dice.choice((1, 1, 1, 2, 2, 4, 8, 16))):
        data = dice.choice(_CHANGES)(data, other, words, dice)
    return data[:largest]


def _piece(data: bytes, dice: Dice) -> tuple[int, int]:
    """Where a piece of the data begins and ends: between two marks of structure, or anywhere."""
    start = dice.randrange(len(data) + 1)
    end = min(len(data), start + dice.choice((1, 2, 4, 16, 64, 400)))
    if dice.random() < 0.7:
        marks = [mark.start() for mark in _MARKS.finditer(data, start, min(len(data), start + 1_000))]
        start = marks[0] if marks else start
        end = dice.choice(marks[1:6]) if len(marks) > 1 else max(start, end)
    return start, end


def _replace(data: bytes, other: bytes, words: Sequence[bytes], dice: Dice) -> bytes:
    start, end = _piece(data, dice)
    return data[:start] + dice.choice(words) + data[end:]


def _insert(data: bytes, other: bytes, words: Sequence[bytes], dice: Dice) -> bytes:
    start, _ = _piece(data, dice)
    return data[:start] + b"".join(dice.choices(words, k=dice.choice((1, 1, 2, 3)))) + data[start:]


def _remove(data: bytes, other: bytes, words: Sequence[bytes], dice: Dice) -> bytes:
    start, end = _piece(data, dice)
    return data[:start] + data[end:]


def _repeat(data: bytes, other: bytes, words: Sequence[bytes], dice: Dice) -> bytes:
    start, end = _piece(data, dice)
    return data[:end] + (data[start:end] * dice.choice((1, 1, 2, 10, 100)))[: LARGEST // 2] + data[end:]


def inflated(data: bytes, dice: Dice) -> bytes:
    """The data with a piece of it, or two, so often that it is large: what takes more than linear time shows."""
    (start, end), (first, last) = _piece(data, dice), _piece(data, dice)
    pieces = [data[start:end], data[first:last]][: dice.choice((1, 1, 2))]
    times = INFLATED // max(1, sum(map(len, pieces)))
    return data[:end] + b"".join(piece * times for piece in pieces) + data[end:]


def _move(data: bytes, other: bytes, words: Sequence[bytes], dice: Dice) -> bytes:
    start, end = _piece(data, dice)
    rest = data[:start] + data[end:]
    at, _ = _piece(rest, dice)
    return rest[:at] + data[start:end] + rest[at:]


def _borrow(data: bytes, other: bytes, words: Sequence[bytes], dice: Dice) -> bytes:
    start, end = _piece(data, dice)
    first, last = _piece(other, dice)
    return data[:start] + other[first:last] + data[end:]


def _count(data: bytes, other: bytes, words: Sequence[bytes], dice: Dice) -> bytes:
    numbers = [*_NUMBER.finditer(data)]
    if not numbers:
        return _insert(data, other, _NUMBERS, dice)
    start, end = dice.choice(numbers).span()
    return data[:start] + dice.choice((*_NUMBERS, b"%d" % dice.randrange(10_000))) + data[end:]


def _flip(data: bytes, other: bytes, words: Sequence[bytes], dice: Dice) -> bytes:
    at = dice.randrange(len(data) + 1)
    return data[:at] + bytes([dice.randrange(256)]) + data[at + 1 :]


def _letter(data: bytes, other: bytes, words: Sequence[bytes], dice: Dice) -> bytes:
    start, _ = _piece(data, dice)
    highest = dice.choice((0x80, 0x250, 0x3100, 0xFFFF, 0x10FFFF))
    return data[:start] + chr(dice.randrange(highest)).encode("utf-8", "surrogatepass") + data[start:]


_CHANGES = (_replace, _insert, _insert, _remove, _repeat, _move, _borrow, _borrow, _count, _flip, _letter)
