"""Datasette on a database of this program: what its tables mean, in which order they stand, how their cells look.

Found by Datasette through the entry point in pyproject.toml, from 0.65 on and in the pre-releases of 1.0: a hook that a
version does not know is never called. Whatever is not a database of this program looks as it does without the plugin,
and what the operator writes into metadata.yaml or datasette.yaml wins over what stands here.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from weakref import WeakKeyDictionary

from datasette.utils import tilde_decode
from datasette.utils.sqlite import sqlite3
from markupsafe import Markup
from pluggy import HookimplMarker

from aggregator import search
from aggregator.datasette_plugin import cells, coverage, desk, health, panels, pingbacks, queries, stories, tables

hookimpl = HookimplMarker("datasette")

_ROUTES: dict[str, Callable[..., Awaitable[Any]]] = {
    pingbacks.TOPICS: pingbacks.topics,
    pingbacks.TOPIC: pingbacks.topic,
    stories.STORY: stories.story,
    coverage.COVERAGE: coverage.coverage,
    health.SOURCES: health.health,
}

# For each Datasette in this process: the metadata of each of its databases that is ours.
_known: WeakKeyDictionary[Any, dict[str, dict[str, Any]]] = WeakKeyDictionary()


@hookimpl
def startup(datasette: Any) -> Any:
    """Finds out which databases are ours and what they say of themselves."""

    async def find() -> None:
        _quieten()
        _known[datasette] = ours = {}
        for name, database in datasette.databases.items():
            if found := await _described(database):
                ours[name] = {"tables": found, "queries": _open_queries(datasette, name, found)}
        if ours and hasattr(datasette, "set_resource_metadata"):
            await _configure(datasette, ours)

    return find


def _quieten() -> None:
    """Has Datasette tell of an error as it does where Rich, which it may do without, is not installed.

    It asks Rich to print the error that is being handled. An address that leads nowhere is none, at which Rich raises
    one of its own, and the reader gets 500 for 404. All else that is refused would fill the log with what the program
    holds at that moment.
    """
    if handler := sys.modules.get("datasette.handle_exception"):  # a plugin of Datasette itself, loaded before us
        handler.rich = None  # type: ignore[attr-defined]


async def _described(database: Any) -> dict[str, Any]:
    try:
        return dict(await database.execute_fn(tables.described))
    except sqlite3.Error:  # a file that cannot be read is Datasette's to report
        return {}


def _open_queries(datasette: Any, database: str, names: Iterable[str]) -> dict[str, Any]:
    """The questions that read nothing but what is open: Datasette lets everybody ask them who may see the database."""
    closed = [name for name in names if _is_closed(datasette, database, name)]
    return {
        question: settings
        for question, settings in queries.QUERIES.items()
        if not any(re.search(rf"\b{name}\b", str(settings["sql"])) for name in closed)
    }


def _is_closed(datasette: Any, database: str, table: str) -> bool:
    """Whether the operator has said who may see a table."""
    if hasattr(datasette, "set_resource_metadata"):  # from 1.0 on
        told = datasette.config.get("databases", {}).get(database, {}).get("tables", {})
        return not {"allow", "permissions"}.isdisjoint(told.get(table, {}))
    return datasette.metadata("allow", database=database, table=table, fallback=False) is not None


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


@hookimpl
def asgi_wrapper(datasette: Any) -> Callable[[Any], Any]:
    """A search box that was left empty looks for nothing: the list is whole, which no expression of the index says."""

    def wrapped(app: Any) -> Any:
        async def answer(scope: dict[str, Any], receive: Any, send: Any) -> None:
            asked = scope.get("query_string", b"")
            if _EMPTY_SEARCH.search(asked):
                await datasette.invoke_startup()  # the very first request comes here before it
                if _is_in_ours(datasette, scope["path"]):
                    scope = scope | {"query_string": _EMPTY_SEARCH.sub(b"", asked)}
            await app(scope, receive, send)

        return answer

    return wrapped


_EMPTY_SEARCH = re.compile(rb"(?<![^&])_search=(?:\+|%20)*(?:&|$)")


def _is_in_ours(datasette: Any, path: str) -> bool:
    name = path.removeprefix(datasette.setting("base_url")).strip("/").partition("/")[0].partition(".")[0]
    return _are_ours(datasette, name)


def _are_ours(datasette: Any, encoded: str) -> bool:
    """Whether a database is ours, by its name as addresses write it."""
    routes = {datasette.get_database(name).route for name in _known.get(datasette, {})}
    return tilde_decode(encoded) in routes


def _match_expression(query: Any) -> str:
    """A query without a letter or digit finds nothing, where an empty expression would be an error."""
    return search.match_expression(str(query or "")) or '""'


@hookimpl
def render_cell(row: Any, value: Any, column: str, table: str | None, database: str, datasette: Any) -> Markup | None:
    """How the cells of our databases look; None leaves a cell to Datasette."""
    if database not in _known.get(datasette, {}):
        return None
    if told := cells.story(row, value, column, table):
        number, words = told
        at = desk.address(datasette, desk.STORIES, number, database=database)
        return Markup('<a href="{}"><bdi>{}</bdi></a>').format(at, words)
    return cells.rendered(row, value, column, table)


# --- above Datasette's own pages --------------------------------------------------------------------------------------


@hookimpl
def top_table(datasette: Any, request: Any, database: str, table: str) -> Any:
    """The days of a list. Datasette 1.0 asks for it."""
    return _panel(datasette, request, database, table, None)


@hookimpl
def top_row(datasette: Any, request: Any, database: str, table: str) -> Any:
    """What hangs on an article. Datasette 1.0 asks for it."""
    return _panel(datasette, request, database, table, request.url_vars["pks"])


@hookimpl
def extra_template_vars(
    datasette: Any, request: Any, database: str | None, table: str | None, view_name: str | None
) -> Any:
    """The same for Datasette 0.65, where our templates table.html and row.html put it on the page."""
    if hasattr(datasette, "allowed") or view_name not in ("row", "table") or database is None or table is None:
        return {}

    async def variables() -> dict[str, Any]:
        pks = request.url_vars["pks"] if view_name == "row" else None
        return {"press_panel": await _panel(datasette, request, database, table, pks)}

    return variables


async def _panel(datasette: Any, request: Any, database: str, table: str, pks: str | None) -> Markup:
    """A chart of days above a table, a panel above an article, the way to a story, nothing above all else."""
    found: list[Markup | None] = []
    if database in _known.get(datasette, {}):
        if pks is None:
            told = request.args.get("story") if table == "articles" else None
            found.append(await panels.story(datasette, request, database, told or ""))
            found.append(await panels.days(datasette, request, database, table))
        elif table == "articles":
            found.append(await panels.article(datasette, request, database, tilde_decode(pks)))
        elif table == "stories":
            found.append(await panels.story(datasette, request, database, tilde_decode(pks)))
    return Markup().join(filter(None, found))


# --- pages of our own -------------------------------------------------------------------------------------------------


@hookimpl
def extra_css_urls(database: str | None, datasette: Any) -> list[str]:
    """The stylesheet of Datasette's pages of our databases."""
    if database not in _known.get(datasette, {}):
        return []
    return [desk.static(datasette, "tables.css")]


@hookimpl
def extra_js_urls(database: str | None, datasette: Any) -> list[str]:
    """A script for the same pages: Datasette 0.65 does not say in which language they are, which listeners need."""
    if database not in _known.get(datasette, {}):
        return []
    return [desk.static(datasette, "tables.js")]


@hookimpl
def register_routes() -> list[tuple[str, Any]]:
    """Our own pages."""
    return [(route, _view(page)) for route, page in _ROUTES.items()]


def _view(page: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def view(datasette: Any, request: Any) -> Any:
        return await page(datasette, request, sorted(_known.get(datasette, {})))

    return view


@hookimpl
def menu_links(datasette: Any, request: Any) -> list[dict[str, str]]:
    """The way to our own pages: from the front page and from the pages of our databases."""
    ours = _known.get(datasette)
    asked = request.url_vars.get("database") if request else None
    if not ours or (asked is not None and not _are_ours(datasette, asked)):
        return []
    return [{"href": desk.address(datasette, part), "label": name} for part, name in desk.PLACES.items()]
