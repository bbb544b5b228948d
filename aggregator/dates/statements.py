"""Statements: the dates of a text, where each stands, and what its labels say of it.

A date may stand at the start, behind a label and behind a separator. The labels before or behind it say whether it is
the date of publication. What is torn, or may be no date, makes the whole text unread.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from aggregator import zones
from aggregator.dates.shapes import ABBREVIATION, BARE_TEXT_SHAPES, LETTER, OF_A_DAY, SHAPES, TIME, Parts
from aggregator.dates.spelling import rewritten
from aggregator.dates.words import (
    APART,
    ENGLISH_PUBLISHED,
    ENGLISH_UPDATED,
    HALVES,
    HAN_DIGITS,
    MONTHS,
    OF_A_LABEL,
    OVER,
    PUBLISHED,
    QUALIFIERS,
    UPDATED,
    any_of,
    compiled,
)

_LONGEST = 1_000  # characters; a longer text is an article, and what it begins with is no date line

_SIGNS = " :=)]】>|,-(/.;、。·・•▶►▷→—"  # between a label and its date
# 수정입력 is an update. English words are often glued: May 7, 2024 9:00 AMUpdatedMay 8, 2024.
_LABELS = tuple(
    rf"(?:{label})(?:\s?(?:{OF_A_LABEL}))*[{re.escape(_SIGNS)}]*"
    for label in (
        rf"(?P<updated>{any_of(UPDATED)})(?:\s?(?:{any_of(PUBLISHED)}))?|(?P<published>{any_of(PUBLISHED)})",
        rf"{APART}(?i:(?P<updated>{any_of(ENGLISH_UPDATED)})|(?P<published>{any_of(ENGLISH_PUBLISHED)})){OVER}",
    )
)
_TOUCHING = rf"(?i)[\s,)\](\[-]*(?:(?:{any_of(QUALIFIERS)})\s?)*[(\[]?"  # between a date and the label behind it
# A date line may begin with who wrote it: 来源：新华网, 김수정 기자 kim@example.kr, 记者 王小明.
_CREDIT = (
    r"(?:(?:来源|來源|출처|記事元)\s?:\s?[^\s\d|]+|[가-힣]{2,4}\s?기자(?:\s\(?[\w.+-]+@[\w.-]+\)?)?"
    r"|(?:记者|記者)\s?:?\s?[一-鿿]{2,4})[\s|·/]+"
)
_OPENING = rf"[\s\[(【<〈「*>|:,]*(?:{_CREDIT})?(?:(?i:on)\s|(?:时间|時間)\s?:\s?)?"
_SEPARATOR = r"[|·•・]\s?"
_CLOCK_FIRST = rf"(?i){TIME}(?:\s?[,·|]\s?|\s)(?:on\s)?"
# What may not follow a date: more of a number, a range, a deadline; a time or an offset that was not taken in.
_MORE_OF_IT = (
    r"(?i)\d|[%℃]|(?<=\d)[A-Za-z_]|[.:/,]\d|\s:\d|(?-i:\.[a-z]{2,4}\b)|(?<=:\d\d):"
    r"|(?<=/\d\d)/[A-Za-z]|(?<=/\d)/[A-Za-z]|[、,·と及和및]\s?\d{1,2}\s?[日일號号]|\s?—\s?\d[\d\s]*[-./:년年월月일日]"
    r"|\s?-\s?\d|\s?~\s?(?:\d|$)|\s?\+|\s?(?:부터|까지|から|まで)"
)
_TIME_OF_DAY = (
    rf"(?i)\s?\d(?!\d?\s?[面版])|\s?[{''.join(HAN_DIGITS)}十]+$|\s?(?:,\s?)?(?:at|{any_of(HALVES)})\s?\d"
    r"|.*?(?:\d:\d\d|\d時|\d\s?[ap]\.?m\b|자정|midnight|中午|午夜|子夜|半夜|深夜)"
)
_CONTINENTS = "Africa|America|Asia|Atlantic|Australia|Europe|Indian|Pacific"
_ELSEWHERE = (
    rf"(?i)\s?[,(\[]?\s?(?:{ABBREVIATION}|[a-z]+\stime\b|(?:{_CONTINENTS})/[A-Z]"
    r"|(?:eastern|central|mountain|pacific)\b|(?-i:[가-힣一-鿿]{1,6})\s?(?:시간|시각|時間|时间))"
)
_CUT_NAMES = {name[:size] for name in (*zones.HOURS, "CST") for size in (1, 2)}
_CUT_WORD = rf"\s\(?(?:{any_of(_CUT_NAMES)})$|\s?(?:[apAP]\.?[mM]?|오)$"  # 09:00:00 GM; 3:20 p; 3:20 pmposted
_WORDS = rf"[\s,’']*(?:\d|{LETTER})"
_LATE_YEAR = r"[\s,]*['’]?\d|\s?\(\d{4}"
_MONTH_LIKE = rf"(?:{'|'.join(MONTHS)})[a-z]*\.?"
_LIKE_A_DATE = rf"(?i)\d\s?[-./:년年월月]\s?\d|{_MONTH_LIKE}\s?\d|\d\s?{_MONTH_LIKE}"
_LIKE_A_DAY = r"\d[-./]\s?\d{1,2}[-./]\s?\d"  # 24.05.07, 05/07/2024
_LIKE_A_WHOLE_DATE = (
    r"(?i)(?<!\d)\d{4}\s?[-./년年]\s?\d{1,2}\s?[-./월月]\s?\d|\d{1,2}\s?[월月]\s?\d{1,2}\s?[일日]"
    rf"|{_MONTH_LIKE}\s?\d{{1,2}},?\s\d{{4}}|\d{{1,2}}\s?{_MONTH_LIKE},?\s\d{{4}}"
)

Labels = tuple[str | None, ...]  # what each date of a text is: published, updated, or not said


class Printed(NamedTuple):
    """One date of a text: where it stands, its shape, its parts."""

    start: int
    end: int
    shape: str
    parts: Parts


class _Beside(NamedTuple):
    """The labels beside one date: the one that ends where it starts, the next one behind it, and whether it touches."""

    before: re.Match[str] | None
    behind: re.Match[str] | None
    touching: bool


class Told(NamedTuple):
    """The dates of a text, what its labels may make of them, whether the labels are clear, and name a publication."""

    dates: list[Printed]
    readings: list[Labels]
    clear: bool = True
    announced: bool = False


def _parts(match: re.Match[str]) -> Parts:
    return {name: part for name, part in match.groupdict().items() if part}


def _read(text: str, start: int) -> tuple[str, Parts, int] | None:
    """The first shape that fits at `start`, its parts, and where it ends. The time of day may come first."""
    clock = compiled(_CLOCK_FIRST).match(text, start)
    start = clock.end() if clock else start
    for shape, pattern in SHAPES:
        found = compiled(pattern).match(text, start)
        if not found:
            continue
        parts = _parts(found)
        if not clock:
            return shape, parts, found.end()
        timeless = "hour" not in parts and parts.keys() & OF_A_DAY
        return (shape, _parts(clock) | parts, found.end()) if timeless else None
    return None


def _torn(parts: Parts, text: str, end: int, stop: int) -> bool:
    """Whether what follows, up to the next label, shows that the date was not read whole or is no date."""
    known = parts.keys()
    doubts = [_MORE_OF_IT]
    if known & OF_A_DAY:
        doubts += [_TIME_OF_DAY] if "minute" not in known else []
        doubts += [_ELSEWHERE] if "offset" not in known else []
        doubts += [_CUT_WORD] if "minute" in known and "offset" not in known else []
        doubts += [_WORDS] if not known & {"year", "days", "hour"} else []  # 今日头条, May 18 uprising
        doubts += [_LATE_YEAR] if "year" not in known else []
    return any(compiled(doubt).match(text, end, stop) for doubt in doubts)


def _starts(text: str, labels: Iterable[re.Match[str]]) -> list[tuple[int, str | None]]:
    """Where a date may start, each with what may not stand before it: the start, behind a date, a separator, a label.

    Behind a separator only words may come first: 조회 12 | 2024.05.08 may be anything.
    """
    opening = compiled(_OPENING).match(text)
    starts: dict[int, str | None] = {date.start(): r"\w" for date in compiled(_LIKE_A_WHOLE_DATE).finditer(text)}
    starts |= {opening.end() if opening else 0: "[0-9]"}
    starts |= dict.fromkeys((mark.end() for mark in compiled(_SEPARATOR).finditer(text)), "[0-9]")
    return sorted((starts | {label.end(): None for label in labels}).items())


def _dates(text: str, labels: list[re.Match[str]]) -> list[Printed]:
    """All dates of a text; none where one of them is torn."""
    found, end = list[Printed](), 0
    for start, barred in _starts(text, labels):
        if start < end or (barred and re.search(barred, text[end:start])) or (barred == r"\w" and not found):
            continue
        read = _read(text, start)
        if not read:
            continue
        shape, parts, end = read
        behind = next((mark for mark in labels if mark.start() >= end), None)
        headless = "bare" in parts and compiled(r"[./]\s?$|-$").search(text, 0, start)  # 입력 .05.08 10:20
        if headless or _torn(parts, text, end, behind.start() if behind else len(text)) or _apart(parts, text, behind):
            return []
        found.append(Printed(start, end, shape, parts))
    return found


def _apart(parts: Parts, text: str, behind: re.Match[str] | None) -> bool:
    """Whether the time of a day stands alone behind the next label: 2024.05.08 입력 15:20."""
    if not behind or behind.lastgroup == "updated" or "hour" in parts:
        return False
    return bool(compiled(rf"(?i){TIME}").match(text, behind.end())) and not _read(text, behind.end())


def _beside(text: str, printed: Printed, labels: list[re.Match[str]]) -> _Beside:
    before = next((label for label in labels if label.end() == printed.start), None)
    behind = next((label for label in labels if label.start() >= printed.end), None)
    touching = behind and compiled(_TOUCHING).fullmatch(text, printed.end, behind.start())
    return _Beside(before, behind, bool(touching))


def _side(text: str, end: int, label: re.Match[str]) -> str:
    """Which of two dates a label between them belongs to, as the signs beside it say; `end` is that of the left one.

    Left in 07 입력 | 08, right in 07 (수정 08), open in 07 수정 08.
    """
    before, after = text[end : label.start()], label[0][len(label[0].rstrip(_SIGNS)) :]
    if ":" in after:
        return "right"
    if re.search(r"[(\[]", before) and re.match(r"\s?[)\]]", after):  # 07 (입력) 08
        before, after = re.sub(r"[(\[]", "", before), after.lstrip()[1:]
    parted_before, parted_after = re.search(r"[^\s)\]\w]", before), re.search(r"[^\s=]", after)
    if bool(parted_before) == bool(parted_after):
        return "open"
    return "right" if parted_before else "left"


def _owners(text: str, dates: list[Printed], beside: list[_Beside]) -> Iterator[str]:
    """Of each label that is the only one between two dates: the side it belongs to, or why that is not known."""
    followed = beside[-1].behind is not None
    for printed, (_, label, touching), (before, _, _) in zip(dates, beside, beside[1:], strict=False):
        if label and label is before:
            side = _side(text, printed.end, label)
            # 08 홍길동 기자 입력 07, but 08 대폭 수정 | 07 and 07 신간 등록 08 대폭 수정 have words that are not known.
            yield side if touching else "far" if followed or side == "left" else "right"


def _readings(text: str, dates: list[Printed], beside: list[_Beside]) -> tuple[list[Labels], bool]:
    """What the labels may make of the dates, and whether that is clear: they stand before the dates, or behind them."""
    lent = [one.behind is not None and one.behind is other.before for one, other in pairwise(beside)]
    forward, backward = list[str | None](), list[str | None]()
    for (before, behind, touching), taken, given in zip(beside, [False, *lent], [*lent, False], strict=True):
        first, second = before and before.lastgroup, behind and behind.lastgroup
        forward.append(first or (second if touching and not given else None))
        backward.append((second if touching or given else None) or (None if taken else first))
    owners, last = set(_owners(text, dates, beside)), beside[-1]
    more = [one for one, after in zip(beside, dates[1:], strict=False) if one.behind and one.behind.end() < after.start]
    if any(one.before and one.touching and one.before.lastgroup != one.behind.lastgroup for one in more if one.behind):
        return [], False  # 뉴스 등록 08 수정 | 입력 07
    if beside[0].before:
        return [tuple(forward)], not (more or (owners and last.behind))
    if owners <= {"right"}:
        return [tuple(forward)], False
    if owners == {"left"} or (last.touching and owners <= {"left", "open"}):
        return [tuple(backward)], False
    return [tuple(forward), tuple(backward)], False


def _unread(text: str, dates: list[Printed], beside: list[_Beside], readings: list[Labels]) -> bool:
    """Whether the date of publication may be among what was not read: a label asks for it, or is on the wrong side."""
    ends = [0, *(printed.end for printed in dates)]
    before = " ".join(text[end : printed.start] for end, printed in zip(ends, dates, strict=False))
    like, first, last = compiled(_LIKE_A_DATE), beside[0].before, beside[-1]
    if {label for labels in readings for label in labels} == {"updated"}:
        return bool(like.search(f"{before} {text[ends[-1] :]}"))
    if any(one.before and _taken(text, end, one.before, one.behind) for end, one in zip(ends, beside, strict=False)):
        return True
    if first:
        return last.touching and bool(like.search(before))
    return bool(compiled(_LIKE_A_WHOLE_DATE).search(text, ends[-1]))


def _taken(text: str, start: int, label: re.Match[str], behind: re.Match[str] | None) -> bool:
    """Whether the label before a date may belong to one before it that was not read: 24.05.07 입력 | 2024.05.08.

    `start` is where the date before that one ends, `behind` the next label.
    """
    number = re.match(r".*\d", text[start : label.start()])
    if not number or not compiled(_LIKE_A_DATE).search(number[0]):
        return False
    end = start + number.end()
    side, touching = _side(text, end, label), not text[end : label.start()].strip(" )")
    day = compiled(_LIKE_A_DAY).search(number[0])
    whole = compiled(_LIKE_A_WHOLE_DATE).search(number[0])
    return side != "right" and bool(whole or (touching and (behind or day or side == "left")))


def stated(text: str) -> Told:
    """The dates of a text and the readings of its labels; none where the date of publication may be left unread."""
    plain = " ".join(text.split())
    if len(plain) > _LONGEST:
        return Told([], [])
    for shape, pattern in BARE_TEXT_SHAPES:
        whole = compiled(pattern).fullmatch(plain)
        if whole:
            return Told([Printed(0, len(plain), shape, _parts(whole))], [(None,)])
    plain = rewritten(plain)
    labels = sorted((label for pattern in _LABELS for label in compiled(pattern).finditer(plain)), key=re.Match.start)
    dates = _dates(plain, labels)
    if not dates:
        return Told([], [])
    beside = [_beside(plain, printed, labels) for printed in dates]
    readings, clear = _readings(plain, dates, beside)
    announced = any(label.lastgroup == "published" for label in labels)
    return Told(dates, [] if _unread(plain, dates, beside, readings) else readings, clear, announced)
