"""Names of places, people, organisations and things, in Korean, Japanese, Chinese and English: data, and its reader.

Tables beside this file, of tab-separated columns under a header line; a file of the user's has the same form:

    id      what it is called here: a slug, for countries the ISO 3166 code in lower case
    kind    country, place, person, organisation or thing (without the column: what the file is named after)
    weight  1 says little (government, meeting), 2 something (election), 3 much (repatriation); empty for the usual one
    within  for a place, the country that it lies in
    en ko ja zh   its names as headlines print them, between `|`; in English `repatriat*` has any ending

One script of Chinese is enough, and width, case and Korean spaces do not matter. Names of countries come from the
Unicode CLDR, through Babel; what headlines call them besides stands in places.tsv.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from aggregator.errors import UsageError

LANGUAGES = ("en", "ko", "ja", "zh")
KINDS = ("country", "place", "person", "organisation", "thing")

_FILES = {
    "places.tsv": "place",
    "people.tsv": "person",
    "organisations.tsv": "organisation",
    "politics.tsv": "thing",
    "world.tsv": "thing",
}
_LOCALES = {"en": ("en",), "ko": ("ko",), "ja": ("ja",), "zh": ("zh_Hans", "zh_Hant")}
_SHORTEST = 2  # characters of a name from CLDR
_NO_COUNTRIES = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})  # unions, stand-ins, and what is not known
NOTHING = "-"  # the id of words that mean nothing here, and keep the words inside them from being found


class Entry(NamedTuple):
    """One thing with its names by language. `weight` is 1 to 3, `within` the id of the country of a place."""

    id: str
    kind: str
    weight: int = 2
    within: str = ""
    names: Mapping[str, tuple[str, ...]] = MappingProxyType({})

    @property
    def name(self) -> str:
        """What it is called where a reason is given: a thing by its id, all else by its first English name."""
        given = self.names.get("en") or next(iter(self.names.values()), ())
        return self.id.replace("-", " ") if self.kind == "thing" or not given else given[0]


@cache
def built_in() -> tuple[Entry, ...]:
    """All that comes with the program."""
    folder = resources.files(__name__)
    entries = list(_countries())
    for name, kind in _FILES.items():
        entries += read(folder.joinpath(name).read_text("utf-8"), name, kind)
    return tuple(entries)


def pairs() -> tuple[Entry, ...]:
    """Countries named together in a word that names neither: 日米, 美中, 한미. `id` is their ids between spaces."""
    return tuple(read(resources.files(__name__).joinpath("pairs.tsv").read_text("utf-8"), "pairs.tsv", "country"))


def load(path: Path) -> tuple[Entry, ...]:
    """The entries of a user's table. Raises UsageError where it cannot be read, with what is wrong."""
    try:
        return tuple(read(path.read_text("utf-8-sig"), path.name))
    except (OSError, UnicodeDecodeError) as problem:
        reason = "not UTF-8" if isinstance(problem, UnicodeDecodeError) else problem.strerror
        raise UsageError(f"{path}: a table of names that cannot be read: {reason}") from problem


def read(text: str, name: str, kind: str = "thing") -> Iterator[Entry]:
    """The entries of a table; `kind` is theirs where it has no such column. Raises UsageError with the line."""
    table = csv.reader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    columns = next(table, [])
    if "id" not in columns or not set(LANGUAGES) & set(columns):
        raise UsageError(f"{name}: the first line names the columns: id, kind, weight, within, en, ko, ja, zh")
    place = {column: columns.index(column) for column in columns}
    for row in table:
        cells = [*row, *[""] * (len(columns) - len(row))]
        number = cells[place["id"]].strip()
        if number and not number.startswith("#"):
            try:
                yield _entry(number, cells, place, kind)
            except ValueError as problem:
                raise UsageError(f"{name}: line {table.line_num}: {problem}") from problem


def _entry(number: str, cells: Sequence[str], place: Mapping[str, int], kind: str) -> Entry:
    def cell(column: str) -> str:
        return cells[place[column]].strip() if column in place else ""

    kind = cell("kind") or kind
    weight = cell("weight") or "2"
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is no kind: {', '.join(KINDS)}")
    if weight not in ("1", "2", "3"):
        raise ValueError(f"{weight!r} is no weight from 1 to 3")
    names = {language: _names(given) for language in LANGUAGES if (given := cell(language))}
    return Entry(number, kind, int(weight), cell("within").lower(), names)


def _names(cell: str) -> tuple[str, ...]:
    return tuple(filter(None, map(str.strip, cell.split("|"))))


def _countries() -> Iterable[Entry]:
    """The countries and territories of CLDR, by ISO 3166 code."""
    from babel import Locale

    locales = {language: [Locale.parse(name).territories for name in names] for language, names in _LOCALES.items()}
    for code in sorted(map(str, locales["en"][0])):
        if len(code) == 2 and code.isalpha() and code not in _NO_COUNTRIES:
            names = {language: _distinct(one.get(code) for one in given) for language, given in locales.items()}
            yield Entry(id=code.lower(), kind="country", names=names)


def _distinct(names: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name and len(name) >= _SHORTEST))
