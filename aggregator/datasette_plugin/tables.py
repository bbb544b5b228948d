"""What Datasette is told of our tables: what they hold, how they are sorted, by what they are narrowed down.

Words come out of the database itself; what stands here is only what SQL has no place for. Keys are those of Datasette's
table configuration (docs.datasette.io/en/stable/metadata.html). A setting that names a column which a database does not
have is left out, because Datasette would answer such a page with an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import Any

from datasette.utils.sqlite import sqlite3

from aggregator import schema

SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "addresses": {"sort_desc": "found_at"},
    "alerts": {"facets": ["kind"], "sort_desc": "id"},
    "articles": {
        "facets": ["language", "outlet", {"array": "topics"}],
        "label_column": "title",
        "sort_desc": "published_at",
    },
    "citations": {"facets": ["state", "language"], "label_column": "headline"},
    "corrections": {"sort_desc": "found_at"},
    "fetches": {"facets": ["status", "source"], "sort_desc": "id"},
    "languages": {"label_column": "name"},
    "mentions": {"facets": ["topic", "kind"], "sort_desc": "id"},
    "outlets": {"label_column": "name"},
    "pingbacks": {"facets": ["topic", "language"], "fts_pk": "article", "fts_table": "articles_fts"},
    "reference_lists": {"label_column": "title"},
    "revisions": {"facets": ["kind", "field"], "sort_desc": "id"},
    "rulings": {"facets": ["relation"], "sort_desc": "ruled_at"},
    "runs": {"sort_desc": "id"},
    "sightings": {"facets": ["source"], "sort_desc": "first_seen_at"},
    "sources": {"facets": ["status", "kind"]},
    "stories": {"label_column": "title", "sort_desc": "last_at"},
    "topics": {"label_column": "name"},
    "visits": {"facets": ["status"], "sort_desc": "visited_at"},
}
# A facet of lists reads every row: among many it would make the page of the articles wait for a second.
_FEW = 200_000
_WITHOUT_TOPICS = {**SETTINGS["articles"], "facets": ["language", "outlet"]}

INTERNAL = ("_sqlite_migrations", "clues", "headlines", "identities", "links", "meta", "profiles", "robots",
            "ungrouped")  # fmt: skip

_ARE_OURS = """
SELECT 1 FROM _sqlite_migrations WHERE migration_set = 'aggregator'
AND (SELECT count(*) FROM sqlite_master WHERE name IN ('articles', 'articles_fts', 'mentions', 'sightings')) = 4
"""


def are_ours(connection: sqlite3.Connection) -> bool:
    """Whether the tables of a database are those of this program."""
    try:
        return connection.execute(_ARE_OURS).fetchone() is not None
    except sqlite3.Error:  # it has no such tables, or is no database
        return False


def described(connection: sqlite3.Connection) -> Iterator[tuple[str, dict[str, Any]]]:
    """(table or view, its settings with descriptions); nothing where the database is not ours."""
    if not are_ours(connection):
        return
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")}
    hidden = _hidden(names)
    words = {name: (text, columns) for name, text, columns in schema.described(connection)}
    for name in sorted(words.keys() | hidden):
        settings: dict[str, Any] = {"hidden": True} if name in hidden else {}
        if name in words:
            text, columns = words[name]
            ours = SETTINGS.get(name, {}) if name != "articles" or _are_few(connection) else _WITHOUT_TOPICS
            settings |= {"description": text, "columns": columns} | _fitting(ours, columns.keys())
        yield name, settings


def _are_few(connection: sqlite3.Connection) -> bool:
    return (connection.execute("SELECT max(id) FROM articles").fetchone()[0] or 0) <= _FEW


def _hidden(names: Set[str]) -> set[str]:
    """Tables that are nobody's business. Datasette 0.65 hides with each all whose names begin like it: not others'."""
    others = tuple(names - set(INTERNAL))
    return {name for name in INTERNAL if name in names and not any(other.startswith(name) for other in others)}


def _fitting(settings: Mapping[str, Any], columns: Set[str]) -> dict[str, Any]:
    """The settings whose columns are all there."""
    facets = [facet for facet in settings.get("facets", ()) if _facet_column(facet) in columns]
    named = ("fts_pk", "label_column", "sort_desc")
    rest = {key: value for key, value in settings.items() if key != "facets" and (key not in named or value in columns)}
    return rest | ({"facets": facets} if facets else {})


def _facet_column(facet: str | dict[str, str]) -> str:
    return facet if isinstance(facet, str) else next(iter(facet.values()))
