"""Where a clock hangs: IANA zones, the offsets and places that printed times name, the zone a country's press keeps.

Pure: neither the machine's zone nor its clock is asked. What a name means where it means two things (CST, BST, IST) is
decided by the zone of the source, else it is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone, tzinfo
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

# Hours from UTC: RFC 822 section 5, and what the press of East Asia prints. CST depends on the zone.
HOURS = {
    "Z": 0, "UT": 0, "UTC": 0, "GMT": 0,
    "EST": -5, "EDT": -4, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
    "HKT": 8, "SGT": 8, "JST": 9, "KST": 9,
}  # fmt: skip
_SETTLED = frozenset(("KST", "JST", "HKT", "GMT", "UTC", "EST", "EDT"))  # are what they are, in every zone

PLACES = {
    "한국시간": "Asia/Seoul", "한국시각": "Asia/Seoul", "韓国時間": "Asia/Seoul", "韓國時間": "Asia/Seoul",
    "日本時間": "Asia/Tokyo", "北京时间": "Asia/Shanghai", "北京時間": "Asia/Shanghai",
    "台北時間": "Asia/Taipei", "臺北時間": "Asia/Taipei", "台灣時間": "Asia/Taipei", "臺灣時間": "Asia/Taipei",
    "香港時間": "Asia/Hong_Kong",
}  # fmt: skip

_CHANGING = {"ET": "America/New_York", "PT": "America/Los_Angeles"}  # one name for winter and summer
_CHINESE = frozenset((
    "Asia/Chongqing", "Asia/Chungking", "Asia/Harbin", "Asia/Hong_Kong", "Asia/Kashgar", "Asia/Macao", "Asia/Macau",
    "Asia/Shanghai", "Asia/Taipei", "Asia/Urumqi", "Hongkong", "PRC", "ROC",
))  # fmt: skip

EAST_ASIAN = _CHINESE | {"Asia/Pyongyang", "Asia/Seoul", "Asia/Tokyo", "Japan", "ROK"}
"""The zones of the lands that write the month before the day."""

# Countries with several zones whose press keeps the time of one city, which is not always the capital.
_PRESS = {
    "AR": "America/Argentina/Buenos_Aires",
    "AU": "Australia/Sydney",
    "BR": "America/Sao_Paulo",
    "CA": "America/Toronto",
    "CD": "Africa/Kinshasa",
    "CL": "America/Santiago",
    "CN": "Asia/Shanghai",  # one time by law; zone.tab lists Urumqi beside it
    "CY": "Asia/Nicosia",
    "DE": "Europe/Berlin",  # Busingen keeps the same
    "EC": "America/Guayaquil",
    "ES": "Europe/Madrid",
    "ID": "Asia/Jakarta",
    "KZ": "Asia/Almaty",  # one time since 2024-03-01
    "MN": "Asia/Ulaanbaatar",
    "MX": "America/Mexico_City",
    "MY": "Asia/Kuala_Lumpur",
    "NZ": "Pacific/Auckland",
    "PG": "Pacific/Port_Moresby",
    "PT": "Europe/Lisbon",
    "RU": "Europe/Moscow",
    "UA": "Europe/Kyiv",
    "US": "America/New_York",  # the wires and the papers of record
    "UZ": "Asia/Tashkent",
}

_WESTMOST, _EASTMOST = timedelta(hours=-12), timedelta(hours=14)


@lru_cache(maxsize=64)
def zone(name: str | None) -> tzinfo | None:
    """The zone of an IANA name; None where there is none."""
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):  # not listed; no key at all; a folder of the database
        return None


def offset(text: str, own: str | None, local: datetime) -> tzinfo | None:
    """The offset that a text names: signed (+0900, GMT+9), by a place, by an abbreviation. None where it is not known.

    `own` is the IANA name of the zone of the source, and `local` the naive or aware local time beside the offset: an
    abbreviation that the own zone keeps at that time is meant as the own zone means it, but for those that mean one
    thing to everybody: KST is nine hours in Pyongyang too, whose clocks called eight and a half by that name.
    """
    if "+" in text or "-" in text:
        return _signed(text)
    name = text.upper()
    if name in PLACES or name in _CHANGING:
        return zone(PLACES.get(name) or _CHANGING[name])
    if name == "CST":
        return timezone(timedelta(hours=8 if own in _CHINESE else -6))
    home = zone(own) if name not in _SETTLED else None
    if home and local.replace(tzinfo=home).tzname() == name:  # BST in London, IST in India
        return home
    return timezone(timedelta(hours=HOURS[name])) if name in HOURS else None


@lru_cache(maxsize=64)
def _signed(text: str) -> tzinfo | None:
    """The offset that +0900, -04:00 or GMT+9 names; None where no land keeps it."""
    digits = re.sub(r"\D", "", text)
    hours, minutes = int(digits[:2]), int(digits[2:] or 0)
    shift = timedelta(hours=hours, minutes=minutes) * (-1 if "-" in text else 1)
    return timezone(shift) if minutes < 60 and _WESTMOST <= shift <= _EASTMOST else None


def zone_of(country: str | None) -> str | None:
    """The IANA zone that the press of a country keeps, by its ISO 3166 code; None where there is no one such zone."""
    code = (country or "").upper()
    listed = _listed().get(code, ())
    return _PRESS.get(code) or (listed[0] if len(listed) == 1 else None)


@cache
def _listed() -> Mapping[str, tuple[str, ...]]:
    """The zones of each country, from zone.tab of the time zone database: country code, coordinates, zone, comment."""
    from importlib.resources import files  # here: it takes three times as long as the rest of this module

    found: dict[str, tuple[str, ...]] = {}
    for line in files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            country, _, name = line.split("\t")[:3]
            found[country] = (*found.get(country, ()), name)
    return found
