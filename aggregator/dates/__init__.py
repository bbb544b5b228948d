"""What a printed date says: Korean, Japanese, Chinese, English, and what feeds print as RFC 822 and ISO 8601.

`parse` goes five steps; the first three have modules of their own, beside the `words` that they know:

1. *One spelling* (`spelling`): full width, Han numerals, eras, weekdays and clocks of East Asia become what the shapes
   are written for: 令和六年五月八日（水）午後三時半 becomes 2024年5月8日 午後3:30.
2. *Shapes* (`shapes`): patterns of one date each, tried in order. What fits leaves its named parts.
3. *Statements* (`statements`): a date may stand at the start, behind a label and behind a separator. What is torn, or
   may be no date, makes the whole text unread. A label may belong to the date behind it or to the one before it: where
   the text leaves that open, it has two readings.
4. *Instants* (`_instant`, `_moment`): the parts become an instant in UTC, or nothing.
5. *The publication* (`_publication`): the date that every reading calls so, and that is no later than any update.

Whatever would take a guess is None: a part that cannot be, two ways to read, a time of day or an offset that is not
understood. Pure: the clock is an argument, and neither the machine's zone nor its locale is asked. Knows no source: who
calls says which zone holds where the text names no offset.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, tzinfo

from aggregator import zones
from aggregator.dates.shapes import OF_A_DAY, Parts
from aggregator.dates.statements import Labels, Printed, Told, stated
from aggregator.dates.words import COUNTS, DAYS_AGO, HALVES, MONTHS
from aggregator.model import Precision, Published

# --- instants ---------------------------------------------------------------------------------------------------------


_TIMES = (Precision.SECOND, Precision.MINUTE, Precision.HOUR)
_FIRST_NEWSPAPER = 1605  # the Relation of Strasbourg: an earlier year stands in for none, or has lost its century
_ZERO_DAYS = {date(1970, 1, 1), date(1900, 1, 1), date(1899, 12, 30)}  # of Unix, of SQL Server, of OLE
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AHEAD, _AHEAD_WITHOUT_YEAR = timedelta(days=366), timedelta(days=1)


def _ground(parts: Parts, zone: str | None, local: datetime) -> tzinfo | None:
    """What the local time is counted from: the offset in the text, else the zone of the source."""
    offset = parts.get("offset")
    if not offset:
        return zones.zone(zone)
    if offset[0] == "-" and ":" in offset and not parts.keys() & {"second", "t"}:  # 09:00-18:00 are two times
        return None
    return zones.offset(offset, zone, local)


def _hour(parts: Parts) -> int | None:
    """The hour on the 24-hour clock; None where the half of the day contradicts it or leaves it open."""
    printed = int(parts["hour"])
    halves = [HALVES[parts[name].replace(".", "").lower()] for name in ("half", "half_after") if name in parts]
    readings = {printed, (printed + 12) % 24} if halves and printed <= 12 else {printed}
    readings.intersection_update(*halves)
    return readings.pop() if len(readings) == 1 else None


def _month(parts: Parts) -> int:
    month = parts.get("local_month") or parts["month"]
    return int(month) if month.isdigit() else MONTHS.index(month[:3].lower()) + 1


def _year(printed: str) -> int:
    """Two digits as RFC 2822 section 4.3 reads them."""
    year = int(printed)
    return year if len(printed) == 4 else year + (2000 if year < 50 else 1900)


def _count(printed: str) -> int:
    return int(printed) if printed.isdigit() else COUNTS[printed.lower()]


def _days(parts: Parts, zone: str | None, now: datetime) -> Iterator[tuple[int, int, int]]:
    """Year, month and day of the printed day; without a printed year, of each year it may be, the latest first."""
    if "days" in parts or "word" in parts:
        ground = _ground(parts, zone, now)
        ago = _count(parts["days"]) if "days" in parts else DAYS_AGO[parts["word"].lower()]
        if ground:
            yield (now.astimezone(ground).date() - timedelta(days=ago)).timetuple()[:3]
    elif "year" in parts:
        yield _year(parts["year"]), _month(parts), int(parts["day"])
    else:
        month, day = _month(parts), int(parts["day"])
        oldest = -8 if (month, day) == (2, 29) else -1  # from 2104 back to 2096 there is no leap year
        yield from ((now.year + ahead, month, day) for ahead in range(1, oldest - 1, -1))


def _stands_in(local: datetime, value: datetime) -> bool:
    """Whether a program that knew no date wrote this one: the zero of its calendar, or a year without a press."""
    return value == _EPOCH or local.date() in _ZERO_DAYS or local.year < _FIRST_NEWSPAPER


def _instant(shape: str, parts: Parts, zone: str | None, now: datetime) -> Published | None:
    """The instant of the day and time that the parts name; None where a part cannot be, or the day is a stand-in."""
    hour = _hour(parts) if "hour" in parts else 0
    if hour is None or ("bare" in parts and zone not in zones.EAST_ASIAN):
        return None
    minute, second = int(parts.get("minute", 0)), int(parts.get("second", 0))
    latest = now + (_AHEAD if "year" in parts else _AHEAD_WITHOUT_YEAR)
    for year, month, day in _days(parts, zone, now):
        try:
            local = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
            ground = _ground(parts, zone, local)
            value = local.replace(tzinfo=ground).astimezone(UTC) if ground else None
        except (ValueError, OverflowError):
            continue
        if value and value <= latest and not _stands_in(local, value):
            precision = next((time for time in _TIMES if time in parts), Precision.DAY)
            where = "offset in the text" if "offset" in parts else "zone of the source"
            return Published(value=value, precision=precision, basis=f"{shape}, {where}")
    return None


def _moment(parts: Parts, now: datetime) -> Published:
    """So long before now as the parts say, not rounded."""
    counts = {f"{unit}s": _count(parts[f"{unit}s"]) for unit in reversed(_TIMES) if f"{unit}s" in parts}
    precision = Precision(list(counts)[-1][:-1]) if counts else Precision.MINUTE
    if "half_hour" in parts:
        counts, precision = {"minutes": 30}, Precision.MINUTE
    said = " ".join(f"{count} {unit if count != 1 else unit[:-1]}" for unit, count in counts.items())
    basis = f"{said} before it was read" if said else "the moment it was read"
    return Published(value=now.astimezone(UTC) - timedelta(**counts), precision=precision, basis=basis)


def _said(printed: Printed, zone: str | None, now: datetime) -> Published | None:
    parts = printed.parts
    return _instant(printed.shape, parts, zone, now) if parts.keys() & OF_A_DAY else _moment(parts, now)


# --- the publication --------------------------------------------------------------------------------------------------

_LASTING = {
    Precision.DAY: timedelta(days=1),
    Precision.HOUR: timedelta(hours=1),
    Precision.MINUTE: timedelta(minutes=1),
    Precision.SECOND: timedelta(seconds=1),
}


def _later(one: Published, other: Published) -> bool:
    """Whether one is later than all that the other may be: a day lasts until the next."""
    return one.value >= other.value + _LASTING[other.precision]


def _publication(told: Told, labels: Labels, said: list[Published]) -> Published | None:
    """The date of publication in one reading, else the one of the update; None where that is not certain.

    Where the labels are not clear, no update is earlier, nor a date without a label, which may be the publication.
    """
    best = next(label for label in ("published", None, "updated") if label in labels)
    answers = [one for one, label in zip(said, labels, strict=True) if label == best]
    answer, clear = answers[0], told.clear and best == "published"
    if not clear and any(other.value != answer.value for other in answers):
        return None
    if best == "updated":
        return None if told.announced else replace(answer, basis=f"{answer.basis}, of the update")
    others = [one for one, label in zip(said, labels, strict=True) if label != "published"]
    return answer if clear or not any(_later(answer, other) for other in others) else None


def _possible(labels: Labels, said: list[Published]) -> bool:
    """Whether no update comes before all publications."""
    published = [one for one, label in zip(said, labels, strict=True) if label != "updated"]
    updates = [one for one, label in zip(said, labels, strict=True) if label == "updated"]
    return not any(all(_later(one, update) for one in published) for update in updates if published)


def parse(text: str, *, zone: str | None, now: datetime) -> Published | None:
    """The instant that a date text names, in UTC, or None: never a guess, and no exception whatever the text.

    `zone` is the IANA name of the zone that holds where the text names no offset, `now` the aware instant at which the
    text was read. A day is local midnight. With neither an offset nor a known zone there is no instant. Of several
    dates in one text the one of publication is told, and none where any of them cannot be.
    """
    told = stated(text)
    said = [answer for printed in told.dates if (answer := _said(printed, zone, now))]
    if len(said) < len(told.dates):
        return None
    readings = [labels for labels in told.readings if len(told.readings) == 1 or _possible(labels, said)]
    answers = [_publication(told, labels, said) for labels in readings]
    return answers[0] if len({answer and answer.value for answer in answers}) == 1 else None
