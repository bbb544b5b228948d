"""What our own pages share: who may see them, where they are, how they are made."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from datasette import __version__
from datasette.utils.asgi import BadRequest, NotFound, Response

PINGBACKS, STORIES, COVERAGE, SOURCES = "pingbacks", "stories", "coverage", "sources"  # in our addresses

_YEARS = range(1800, 3000)  # in which there is a day before every day, and one after it
_STATIC = str(Path(__file__).parent / "static")

# For each of our pages, what its reader must be allowed to see: all that it reads, and what its views read.
_LISTS = ("articles", "languages", "mentions", "outlets", "pingbacks", "topics")
_NEEDED: Mapping[str, Collection[str]] = {
    PINGBACKS: _LISTS,
    STORIES: ("articles", "languages", "outlets", "stories"),
    COVERAGE: ("coverage", *_LISTS),
    SOURCES: ("alerts", "fetches", "outlets", "runs", "sources"),
}
PLACES = {PINGBACKS: "Pingbacks", COVERAGE: "Coverage", SOURCES: "Sources"}  # the pages that a menu names


async def visible(datasette: Any, request: Any, ours: Iterable[str], page: str) -> list[str]:
    """Those of our databases that a page may show to its reader. Raises NotFound where there is none."""
    asked = request.args.get("database")
    found = [
        name for name in ours if asked in (None, "", name) and await may_open(datasette, request.actor, name, page)
    ]
    if not found:
        raise NotFound("No database of pingbacks here")
    return found


async def may_open(datasette: Any, actor: Any, database: str, page: str) -> bool:
    """Whether a page of ours shows a database to a reader."""
    return await may_see(datasette, actor, database, _NEEDED[page])


async def may_see(datasette: Any, actor: Any, database: str, tables: Iterable[str]) -> bool:
    """Whether all of these tables are open to a reader."""
    return all([await _may_see(datasette, actor, database, table) for table in tables])


async def _may_see(datasette: Any, actor: Any, database: str, table: str) -> bool:
    if hasattr(datasette, "allowed"):  # from 1.0 on
        from datasette.resources import TableResource

        return bool(await datasette.allowed(action="view-table", resource=TableResource(database, table), actor=actor))
    asked = [("view-table", (database, table)), ("view-database", database), "view-instance"]
    allowed, _ = await datasette.check_visibility(actor, permissions=asked)
    return bool(allowed)


def address(datasette: Any, *parts: object, **asked: object) -> str:
    """The address of a page of ours. What is asked for with nothing is left out."""
    given = {key: value for key, value in asked.items() if value not in (None, "")}
    path = datasette.urls.path("/-/" + "/".join(map(str, parts)))
    return f"{path}?{urlencode(given)}" if given else str(path)


def day(request: Any, name: str) -> date | None:
    """A day that the address asks for. Raises BadRequest where it is none."""
    text = request.args.get(name) or ""
    try:
        found = date.fromisoformat(text) if text else None
    except ValueError:
        found = date.max
    if found and found.year not in _YEARS:
        raise BadRequest(f"{name}={text[:40]} is no day: write it as 2023-10-12")
    return found


def number(request: Any, name: str, default: int, most: int) -> int:
    """A number that the address asks for. Raises BadRequest where it is none, or too large."""
    text = request.args.get(name) or str(default)
    digits = text.isdecimal() and text.isascii() and len(text) <= len(str(most))  # int() refuses thousands of them
    if not digits or not 0 < int(text) <= most:
        raise BadRequest(f"{name}={text[:40]} is no number from 1 to {most}")
    return int(text)


def static(datasette: Any, file: str) -> Any:
    """The address of a file in our folder `static`: Datasette's own kind of text, to which it adds nothing more."""
    from datasette.plugins import get_plugins  # while that module loads, it loads this one

    name = next(plugin["name"] for plugin in get_plugins() if plugin["static_path"] == _STATIC)
    return datasette.urls.static_plugins(name, file)


def named(datasette: Any, request: Any, database: str) -> str | None:
    """The database that a link of ours names: where there are others, the one that the page shows."""
    alone = not datasette.databases.keys() - {database, "_internal", "_memory"}  # of which two are Datasette's own
    return request.args.get("database") if alone else database


async def page(datasette: Any, request: Any, template: str, database: str, context: Mapping[str, Any]) -> Any:
    """A page with its navigation, which leads to what its reader may see of a database."""
    base = context["named"] if "named" in context else named(datasette, request, database)
    places = [
        (name, address(datasette, part), address(datasette, part, database=base))
        for part, name in PLACES.items()
        if await may_open(datasette, request.actor, database, part)
    ]
    common = {
        "stylesheet": static(datasette, "desk.css"),
        "here": str(datasette.urls.path(request.scope.get("route_path", request.path))),
        "places": places,
        "search_at": datasette.urls.table(database, "articles"),
        "datasette_version": __version__,
        "tables": datasette.urls.database(database),
        "row": lambda article: datasette.urls.row(database, "articles", str(article)),
        "story_at": lambda story: address(datasette, STORIES, story, database=base),
    }
    html = await datasette.render_template(template, common | dict(context), request=request)
    return Response.html(html)
