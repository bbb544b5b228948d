"""Datasette on a database of this program: what its tables mean, in which order they stand, how their cells look.

Found by Datasette through the entry point in pyproject.toml, from 0.65 on and in the pre-releases of 1.0: a hook that a
version does not know is never called. Whatever is not a database of this program looks as it does without the plugin,
and what the operator writes into metadata.yaml or datasette.yaml wins over what stands here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from datasette.utils.sqlite import sqlite3
from markupsafe import Markup
from pluggy import HookimplMarker

from aggregator import search
from aggregator.datasette_plugin import cells, pages, queries, tables

hookimpl = HookimplMarker("datasette")

_STATIC = str(Path(__file__).parent / "static")

# For each Datasette in this process: the metadata of each of its databases that is ours.
_known: WeakKeyDictionary[Any, dict[str, dict[str, Any]]] = WeakKeyDictionary()


@hookimpl
def startup(datasette: Any) -> Any:
    """Finds out which databases are ours and what they say of themselves."""

    async def find() -> None:
        _known[datasette] = ours = {}
        for name, database in datasette.databases.items():
            if found := await _described(database):
                ours[name] = {"tables": found, "queries": queries.QUERIES}
        if ours and hasattr(datasette, "set_resource_metadata"):
            await _configure(datasette, ours)

    return find


async def _described(database: Any) -> dict[str, Any]:
    try:
        return dict(await database.execute_fn(tables.described))
    except sqlite3.Error:  # a file that cannot be read is Datasette's to report
        return {}


@hookimpl
def get_metadata(datasette: Any) -> dict[str, Any]:
    """Datasette 0.65 asks for it, again and again, and writes the operator's own into it: so it is made anew."""
    return {"databases": _copy(_known.get(datasette, {}))}


def _copy(value: Any) -> Any:
    return {key: _copy(item) for key, item in value.items()} if isinstance(value, dict) else value


async def _configure(datasette: Any, ours: dict[str, dict[str, Any]]) -> None:
    """Datasette 1.0 is told: words and queries go into its internal database, all else into its configuration."""
    for name, metadata in ours.items():
        configured = datasette.config.setdefault("databases", {}).setdefault(name, {}).setdefault("tables", {})
        for table, settings in metadata["tables"].items():
            await _describe(datasette, name, table, settings)
            configuration = {key: value for key, value in settings.items() if key not in ("columns", "description")}
            configured[table] = configuration | configured.get(table, {})
        for query, settings in metadata["queries"].items():
            held = await datasette.get_query(name, query)
            if held is None or held.source == "plugin":
                await datasette.add_query(name, query, is_trusted=True, **settings)
    await datasette.apply_metadata_json()  # once more, so that the operator's own words stand above ours


async def _describe(datasette: Any, database: str, table: str, settings: dict[str, Any]) -> None:
    if "description" in settings:
        await datasette.set_resource_metadata(database, table, "description", settings["description"])
    for column, text in settings.get("columns", {}).items():
        await datasette.set_column_metadata(database, table, column, "description", text)


@hookimpl(trylast=True)
def prepare_connection(conn: sqlite3.Connection) -> None:
    """The search box speaks the language of our index: it finds Chinese, Japanese and Korean words of any length.

    Called last, because the function that is registered last wins over Datasette's own of the same name.
    """
    if tables.are_ours(conn):
        conn.create_function("escape_fts", 1, _match_expression)


def _match_expression(query: Any) -> str:
    """A query without a letter or digit finds nothing, where an empty expression would be an error."""
    return search.match_expression(str(query or "")) or '""'


@hookimpl
def render_cell(row: Any, value: Any, column: str, table: str | None, database: str, datasette: Any) -> Markup | None:
    """How the cells of our databases look; None leaves a cell to Datasette."""
    if database not in _known.get(datasette, {}):
        return None
    return cells.rendered(row, value, column, table)


@hookimpl
def extra_css_urls(template: str | None, database: str | None, datasette: Any) -> list[str]:
    """The stylesheet, on our own pages and those of our databases only."""
    if template not in pages.TEMPLATES and database not in _known.get(datasette, {}):
        return []
    from datasette.plugins import get_plugins  # while that module loads, it loads this one

    name = next(plugin["name"] for plugin in get_plugins() if plugin["static_path"] == _STATIC)
    return [datasette.urls.static_plugins(name, "pages.css")]


@hookimpl
def register_routes() -> list[tuple[str, Any]]:
    """Our own pages: the topics, and the list of each."""
    return [(pages.TOPICS, _topics), (pages.TOPIC, _topic)]


async def _topics(datasette: Any, request: Any) -> Any:
    return await pages.topics(datasette, request, sorted(_known.get(datasette, {})))


async def _topic(datasette: Any, request: Any) -> Any:
    return await pages.topic(datasette, request, sorted(_known.get(datasette, {})))


@hookimpl
def menu_links(datasette: Any, request: Any) -> list[dict[str, str]]:
    """The way to our own pages: from the front page and from the pages of our databases."""
    ours = _known.get(datasette)
    asked = request.url_vars.get("database") if request else None
    if not ours or (asked is not None and asked not in ours):
        return []
    return [{"href": datasette.urls.path("/-/pingbacks"), "label": "Pingbacks"}]
