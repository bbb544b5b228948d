"""The full-text index and its queries.

Chinese, Japanese and Korean have no words that SQLite could cut, so every character of theirs is a token of its own and
what is searched is a phrase of characters; other words are tokens as they are. Index and query are folded alike, so
case, width, script variants and Korean spaces do not matter. The index holds no text of its own: what is removed must
be handed over as it was written. To the summary it adds the spellings that the article corrected, as
they are stored; these may not change between `add` and `remove`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence

from aggregator import text as texts

VERSION = "1"  # of the tokens; another version in a database means that the index must be built anew
_ALONE = ("hangul", "kana", "han")  # scripts of which every character is a token


def tokens(text: str) -> str:
    """A text as the index holds it: folded tokens between spaces."""
    return " ".join(_tokens(texts.fold(text)))


def _tokens(folded: str) -> Iterator[str]:
    word = ""
    for char in folded:
        alone = texts.script(char) in _ALONE
        if word and (alone or not char.isalnum()):
            yield word
            word = ""
        if alone:
            yield char
        elif char.isalnum():
            word += char
    if word:
        yield word


def match_expression(query: str) -> str:
    """What a person typed as an FTS5 expression: every word or "quoted phrase" must be found; `word*` begins a word."""
    return " ".join(_phrase(bit) for bit in _bits(query) if tokens(bit))


def _bits(query: str) -> Iterator[str]:
    """Words and quoted phrases. An odd quote is a word boundary like any other."""
    for number, part in enumerate(query.replace("“", '"').replace("”", '"').split('"')):
        if number % 2:
            yield part
        else:
            yield from part.split()


def _phrase(bit: str) -> str:
    return f'"{tokens(bit)}"' + ("*" if bit.endswith("*") else "")


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


def add(connection: sqlite3.Connection, rows: Sequence[tuple[int, str, str]]) -> None:
    """Puts (article, title, summary) into the index, in the caller's transaction."""
    connection.executemany(
        "INSERT INTO articles_fts (rowid, title, summary) VALUES (?, ?, ?)",
        [(article, tokens(title), _tokens_of(connection, article, summary)) for article, title, summary in rows],
    )


def remove(connection: sqlite3.Connection, rows: Sequence[tuple[int, str, str]]) -> None:
    """Takes (article, title, summary) out of the index; the texts must be those that were put in."""
    connection.executemany(
        "INSERT INTO articles_fts (articles_fts, rowid, title, summary) VALUES ('delete', ?, ?, ?)",
        [(article, tokens(title), _tokens_of(connection, article, summary)) for article, title, summary in rows],
    )


def _tokens_of(connection: sqlite3.Connection, article: int, summary: str) -> str:
    """The summary with the spellings that the article corrected, so that it is found by these too."""
    wrong = connection.execute("SELECT wrong FROM corrections WHERE article = ? ORDER BY wrong", (article,))
    return tokens(" ".join((summary, *(spelling for (spelling,) in wrong))))


def rebuild(connection: sqlite3.Connection) -> int:
    """Builds the index anew from the articles, in the caller's transaction. Returns how many there are."""
    connection.execute("INSERT INTO articles_fts (articles_fts) VALUES ('delete-all')")
    rows = connection.execute("SELECT id, title, summary FROM articles ORDER BY id").fetchall()
    add(connection, rows)
    return len(rows)
