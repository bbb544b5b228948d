"""The full-text index and its queries.

Chinese, Japanese and Korean have no words that SQLite could cut out, and a program that knows nothing of this one
(Datasette, sqlite-utils) hands SQLite what was typed as it is. So the index holds every run of one to four of their
characters as a word, as it is printed and as it would be typed on the mainland, in Taiwan and in Japan, and a single
one in all its forms: whatever part of a text somebody types, it is there. Longer runs are phrases of overlapping runs
of four, for which a query must pass through `match_expression`; so must half-width kana and forms that nobody's country
prints together.

Other scripts have words. SQLite stems them as English; each stands a second time in full width, out of the stemmer's
reach: for `word*`, and for who types in full width.

The index holds no text of its own: what is removed must be handed over as it was written. To title and summary it adds
the spellings that the article corrected, as they are stored; these may not change between `add` and `remove`.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, groupby
from typing import NamedTuple

from aggregator import han
from aggregator import text as texts

VERSION = "2"  # of the tokens; another version in a database means that the index must be built anew
_ALONE = frozenset(("hangul", "kana", "han"))  # scripts of which every character is a unit
_LONGEST = 4  # units in a run that is a word of the index
_GAP = "\ue000"  # stands where no phrase may reach across; nobody types it
_WIDE = {code: code + 0xFEE0 for code in range(ord("a"), ord("z") + 1)}
_RUN = re.compile(r"[^\W_]+")

Run = str | tuple[str, ...]  # units that stand side by side: a string of such characters; else with words among them


# --- what the index holds ---------------------------------------------------------------------------------------------


def tokens(*fields: str) -> str:
    """Texts of one article as the index holds them, between spaces.

    First the units in their order, then the runs of four in theirs, in which phrases are looked for; then, each once,
    all that is only looked for as a whole.
    """
    unified = [_runs(_unified(field)) for field in fields]
    variants = han.variants()
    varied = [text for field in fields if not variants.keys().isdisjoint(text := texts.casefold(field))]
    printed = [_runs(text) for text in varied]
    others = [_runs(spelling) for text in varied for spelling in han.spellings(text)]
    whole = {form: None for char in "".join(varied) if char in variants for form in variants[char]}
    fours: dict[Run, Sequence[str]] = {}
    for run in dict.fromkeys(run for field in (*unified, *printed, *others) for run in field):
        grams = _grams(run)
        whole |= dict.fromkeys(chain(_wide(run), *grams))
        fours[run] = grams[-1]
    ordered = [*_units(unified), *_units(printed), *_fours(unified, fours)]
    known = frozenset(ordered)
    return " ".join([*ordered, *[token for token in whole if token not in known]])


def _units(fields: Iterable[Sequence[Run]]) -> list[str]:
    units: list[str] = []
    for runs in fields:
        for run in runs:
            units += run
        units.append(_GAP)
    return units


def _fours(fields: Iterable[Sequence[Run]], of: Mapping[Run, Sequence[str]]) -> list[str]:
    """Runs of four. A gap stands where two that are no neighbours overlap as neighbours do."""
    fours: list[str] = []
    for runs in fields:
        for run in runs:
            if of[run] and fours and fours[-1].endswith("".join(run[: _LONGEST - 1])):
                fours.append(_GAP)
            fours += of[run]
    return fours


def _wide(run: Run) -> list[str]:
    """The words of a run in letters of full width."""
    return [] if isinstance(run, str) else [wide for unit in run if (wide := unit.translate(_WIDE)) != unit]


def _grams(run: Run) -> list[list[str]]:
    """The runs of one unit in a longer one, those of two, and so on."""
    grams: list[list[str]] = [list(run)]
    for size in range(1, _LONGEST):
        grams.append([*map(str.__add__, grams[-1], run[size:])] if len(run) > size else [])
    return grams


def _runs(text: str) -> list[Run]:
    return [run if _PLAIN.fullmatch(run) or _ALONE.issuperset(map(texts.script, run)) else _cut(run)
            for run in _RUN.findall(text)]  # fmt: skip


_PLAIN = re.compile("[가-힣ぁ-ゖァ-ヺ一-鿿]+")  # most of such characters, for speed


def _cut(run: str) -> tuple[str, ...]:
    """A run with words in it, in its units."""
    if run.isascii():
        return (run,)
    units: list[str] = []
    inside = False
    for char in run:
        alone = texts.script(char) in _ALONE
        if inside and not alone:
            units[-1] += char
        else:
            units.append(char)
        inside = not alone
    return tuple(units)


def _unified(text: str) -> str:
    """The folded text, in which the simplified form stands for all: it is the one that most who search share."""
    folded = texts.fold(text)
    return folded if folded.isascii() else folded.translate(han.simplified())


# --- queries ----------------------------------------------------------------------------------------------------------


def match_expression(query: str) -> str:
    """What a person typed as an FTS5 expression: every word or "quoted phrase" must be found; `word*` begins a word.

    A beginning is no part of a phrase: what it stands for may be anywhere.
    """
    return " ".join(expression for bit in _bits(query) if (expression := _expression(bit)))


def _bits(query: str) -> Iterator[str]:
    """Words and quoted phrases. An odd quote is a word boundary like any other."""
    for number, part in enumerate(query.replace("“", '"').replace("”", '"').split('"')):
        if number % 2:
            yield part
        else:
            yield from part.split()


def _expression(bit: str) -> str:
    runs = _runs(_unified(bit))
    if bit.endswith("*") and runs and not isinstance(runs[-1], str) and len(runs[-1]) == 1:
        begun = f'"{runs.pop()[0].translate(_WIDE)}"*'
        return f"{_phrase(runs)} {begun}" if runs else begun
    return _phrase(runs) if runs else ""


def _phrase(runs: Sequence[Run]) -> str:
    """One run is looked for as it is, whatever its length; several are a phrase of their units."""
    one = runs[0]
    words = [unit for run in runs for unit in run] if len(runs) > 1 else _grams(one)[min(len(one), _LONGEST) - 1]
    return '"' + " ".join(words) + '"'


def find(connection: sqlite3.Connection, query: str, limit: int) -> list[int]:
    """Ids of the articles that a query finds, newest first; nothing for a query without a letter or digit."""
    expression = match_expression(query)
    if not expression:
        return []
    found = connection.execute(
        "SELECT articles.id FROM articles_fts JOIN articles ON articles.id = articles_fts.rowid"
        " WHERE articles_fts MATCH ? ORDER BY articles.published_at DESC, articles.id DESC LIMIT ?",
        (expression, limit),
    )
    return [number for (number,) in found]


# --- keeping it -------------------------------------------------------------------------------------------------------


class Entry(NamedTuple):
    """The words of an article, to be put into the index or taken out of it."""

    article: int
    words: str
    goes: bool = False


def entry(connection: sqlite3.Connection, article: int, title: str, summary: str) -> Entry:
    """The words of an article with these texts, as things stand now."""
    return Entry(article, _tokens_of(connection, article, title, summary))


def write(connection: sqlite3.Connection, entries: Iterable[Entry]) -> None:
    """Changes the index, in the caller's transaction. What goes must be what was put in.

    Best done once in a transaction, and as its last step: other statements in between can make SQLite write out what
    the index has gathered, article by article.
    """
    for goes, some in groupby(entries, key=lambda one: one.goes):
        connection.executemany(_ERASE if goes else _WRITE, ((one.article, one.words) for one in some))


_WRITE = "INSERT INTO articles_fts (rowid, words) VALUES (?, ?)"
_ERASE = "INSERT INTO articles_fts (articles_fts, rowid, words) VALUES ('delete', ?, ?)"


def add(connection: sqlite3.Connection, rows: Iterable[tuple[int, str, str]]) -> None:
    """Puts (article, title, summary) into the index, in the caller's transaction."""
    write(connection, (entry(connection, *row) for row in rows))


def _tokens_of(connection: sqlite3.Connection, article: int, title: str, summary: str) -> str:
    """The words of an article with the spellings that it corrected, so that it is found by these too."""
    wrong = connection.execute("SELECT wrong FROM corrections WHERE article = ? ORDER BY wrong", (article,))
    return tokens(title, summary, *(spelling for (spelling,) in wrong))


def rebuild(connection: sqlite3.Connection) -> int:
    """Builds the index anew from the articles, in the caller's transaction. Returns how many there are."""
    connection.execute("INSERT INTO articles_fts (articles_fts) VALUES ('delete-all')")
    add(connection, connection.execute("SELECT id, title, summary FROM articles ORDER BY id"))
    return int(connection.execute("SELECT count(*) FROM articles").fetchone()[0])
