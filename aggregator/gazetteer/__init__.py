"""Names of places, people, organisations and things, in Korean, Japanese, Chinese and English: data, and its reader.

Tables beside this file, of tab-separated columns under a header line; a file of the user's has the same form:

    id      what it is called here: a slug, for countries the ISO 3166 code in lower case
    kind    country, place, person, organisation or thing (without the column: what the file is named after)
    weight  1 says little (government, meeting), 2 something (election), 3 much (repatriation); empty for the usual one
    within  for a place, the country that it lies in
    en ko ja zh   its names as headlines print them, between `|`; in English `repatriat*` has any ending

One script of Chinese is enough, and width, case and Korean spaces do not matter. Names of countries are those of the
Unicode CLDR (`python -m tests.country_names`); what headlines call them besides stands in places.tsv.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from functools import cache
from importlib import resources
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from aggregator.errors import UsageError

LANGUAGES = ("en", "ko", "ja", "zh")
KINDS = ("country", "place", "person", "organisation", "thing")

_FILES = {
    "countries.tsv": "country",
    "places.tsv": "place",
    "people.tsv": "person",
    "organisations.tsv": "organisation",
    "politics.tsv": "thing",
    "world.tsv": "thing",
}
_PAIRS = "pairs.tsv"
BETWEEN = "|"  # two names
NOTHING = "-"  # the id of words that mean nothing here, and keep the words inside them from being found


class Entry(NamedTuple):
    """One thing with its names. `weight` is 1 to 3, `within` the id of the country of a place.

    The names of a language are as its column has them, between `|`: of thousands of entries a run needs a few.
    """

    id: str
    kind: str
    weight: int = 2
    within: str = ""
    en: str = ""
    ko: str = ""
    ja: str = ""
    zh: str = ""

    def names(self, language: str) -> tuple[str, ...]:
        """What it is called in one of the LANGUAGES."""
        cell: str = getattr(self, language)
        return tuple(filter(None, map(str.strip, cell.split(BETWEEN)))) if cell else ()

    @property
    def name(self) -> str:
        """What it is called where a reason is given: a thing by its id, all else by its first English name."""
        given = next(filter(None, map(self.names, LANGUAGES)), ())
        return self.id.replace("-", " ") if self.kind == "thing" or not given else given[0]


@cache
def built_in() -> tuple[Entry, ...]:
    """All that comes with the program."""
    return tuple(entry for name, kind in _FILES.items() for entry in read(_table(name), name, kind))


def pairs() -> tuple[Entry, ...]:
    """Countries named together in a word that names neither: 日米, 美中, 한미. `id` is their ids between spaces."""
    return tuple(read(_table(_PAIRS), _PAIRS, "country"))


@cache
def edition() -> str:
    """A hash of all that comes with the program: another one where a name is another."""
    return hashlib.sha256("".join(map(_table, (*_FILES, _PAIRS))).encode()).hexdigest()


def _table(name: str) -> str:
    return resources.files(__name__).joinpath(name).read_text("utf-8")


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
        raise UsageError(f"{name}: the first line names the columns: {', '.join(_COLUMNS)}")
    # A row may have fewer cells than there are columns, or more. Behind them is an empty one: what has no column.
    blanks = [""] * len(columns)
    cells_of = itemgetter(*(columns.index(one) if one in columns else len(columns) for one in _COLUMNS))
    for row in table:
        cells = [*(row + blanks)[: len(columns)], ""]
        number, own, weight, within, *names = map(str.strip, cells_of(cells))
        if number and not number.startswith("#"):
            try:
                yield Entry(number, _kind(own or kind), _weight(weight or "2"), within.lower(), *names)
            except ValueError as problem:
                raise UsageError(f"{name}: line {table.line_num}: {problem}") from problem


_COLUMNS = ("id", "kind", "weight", "within", *LANGUAGES)


def _kind(cell: str) -> str:
    if cell not in KINDS:
        raise ValueError(f"{cell!r} is no kind: {', '.join(KINDS)}")
    return cell


def _weight(cell: str) -> int:
    if cell not in ("1", "2", "3"):
        raise ValueError(f"{cell!r} is no weight from 1 to 3")
    return int(cell)
