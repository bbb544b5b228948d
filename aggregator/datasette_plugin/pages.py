"""Pages of our own: the topics, and the pingbacks of each as a blog's archive page lists them.

A page shows what its reader may see: whoever may not read the view `pingbacks` of a database is told that there is no
such page. The list stands beside itself as text, as a fragment of HTML, as CSV, and as Atom and JSON Feed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from datasette.utils.asgi import BadRequest, NotFound, Response

from aggregator import exports, lists
from aggregator.model import Pingback

TOPICS = r"^/-/pingbacks/?$"
TOPIC = r"^/-/pingbacks/(?P<topic>[^/]+?)(?:\.(?P<form>txt|html|csv|atom|json))?$"

TEMPLATES = _TOPICS, _TOPIC = ("press_pingbacks_topics.html", "press_pingbacks_topic.html")

_FORMS = {  # how a list is written, what it is for a browser, and what the link to it says
    "txt": ("text", "text/plain", "Text"),
    "html": ("html", "text/html", "HTML"),
    "csv": ("csv", "text/csv", "CSV"),
    "atom": ("atom", "application/atom+xml", "Atom"),
    "json": ("jsonfeed", "application/feed+json", "JSON Feed"),
}
_WEEKS = 26  # of a sparkline
_ON_A_PAGE = 200  # texts


async def topics(datasette: Any, request: Any, ours: Iterable[str]) -> Any:
    """The page of all topics of all our databases: how many pingbacks in which language, and when."""
    shown = []
    for name in await _visible(datasette, request, ours):
        found = await datasette.get_database(name).execute_fn(lists.topics)
        last = max((day for topic in found for day in topic.days), default=None)
        shown += [
            {
                "name": topic.name,
                "href": _address(datasette, topic.id, {"database": name}),
                "count": _total(topic),
                "languages": [
                    (share, _address(datasette, topic.id, {"database": name, "language": share.id}))
                    for share in topic.languages
                ],
                "last": max(topic.days, default=None),
                "weeks": _weeks(topic.days, last) if last else [],
            }
            for topic in found
        ]
    return await _page(datasette, request, _TOPICS, {"topics": shown, "weeks": _WEEKS})


async def topic(datasette: Any, request: Any, ours: Iterable[str]) -> Any:
    """The list of one topic. Its reader may ask for a language, an outlet, and what came since a day."""
    database, found = await _topic(datasette, request, ours)
    wanted = _wanted(request, found.id)
    rows = await datasette.get_database(database).execute_fn(lambda connection: lists.pingbacks(connection, wanted))
    form = request.url_vars["form"]
    if form:
        return _written(rows, form, found.name)
    texts = exports.folded(rows)
    given = {key: value for key in ("database", "language", "outlet", "since") if (value := request.args.get(key))}
    number = _number(request.args.get("page") or "1")
    context = {
        "topic": found,
        "given": given,
        "count": len(rows),
        "total": _total(found),
        "texts": texts[(number - 1) * _ON_A_PAGE : number * _ON_A_PAGE],
        "forms": [(_address(datasette, f"{found.id}.{form}", given), text) for form, (_, _, text) in _FORMS.items()],
        "back": _address(datasette, "", {}),
        "newer": _address(datasette, found.id, given | {"page": number - 1}) if number > 1 else "",
        "older": _address(datasette, found.id, given | {"page": number + 1})
        if len(texts) > number * _ON_A_PAGE
        else "",
        "web": exports.web,
    }
    return await _page(datasette, request, _TOPIC, context)


async def _topic(datasette: Any, request: Any, ours: Iterable[str]) -> tuple[str, lists.Topic]:
    """The topic that an address names, and the database that has it: the one asked for, else the first."""
    wanted, database = request.url_vars["topic"], request.args.get("database")
    for name in await _visible(datasette, request, ours):
        if database in (None, "", name):
            for found in await datasette.get_database(name).execute_fn(lists.topics):
                if found.id == wanted:
                    return name, found
    raise NotFound(f"No topic {wanted!r} here; /-/pingbacks lists them")


async def _visible(datasette: Any, request: Any, ours: Iterable[str]) -> list[str]:
    """Those of our databases whose pingbacks the reader may see. Raises NotFound where there is none."""
    visible = [name for name in ours if await _may_see(datasette, request.actor, name)]
    if not visible:
        raise NotFound("No database of pingbacks here")
    return visible


async def _may_see(datasette: Any, actor: Any, database: str) -> bool:
    if hasattr(datasette, "allowed"):  # from 1.0 on
        from datasette.resources import TableResource

        return bool(
            await datasette.allowed(action="view-table", resource=TableResource(database, "pingbacks"), actor=actor)
        )
    asked = [("view-table", (database, "pingbacks")), ("view-database", database), "view-instance"]
    visible, _ = await datasette.check_visibility(actor, permissions=asked)
    return bool(visible)


def _wanted(request: Any, topic: str) -> lists.Wanted:
    """What the address asks for. Raises BadRequest where `since` is no day."""
    text = request.args.get("since") or ""
    try:
        since = date.fromisoformat(text) if text else None
    except ValueError:
        raise BadRequest(f"since={text} is no day: write it as 2023-10-12") from None
    language, outlet = (request.args.get(key) or "" for key in ("language", "outlet"))
    return lists.Wanted(topic=topic, language=language, outlet=outlet, since=since)


def _number(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 1_000_000:
        raise BadRequest(f"page={text} is no page: they are counted from 1")
    return int(text)


def _written(rows: Sequence[Pingback], form: str, name: str) -> Any:
    how, content_type, _ = _FORMS[form]
    body = exports.written(rows, how) if how in exports.LIST_FORMATS else exports.feed(rows, how, name)
    return Response(body, content_type=f"{content_type}; charset=utf-8")


def _total(topic: lists.Topic) -> int:
    return sum(share.articles for share in topic.languages)


def _weeks(days: Mapping[date, int], last: date) -> list[tuple[int, int]]:
    """How many in each week up to the last, and how high its bar is in a picture 20 high."""
    counts = [0] * _WEEKS
    for day, count in days.items():
        back = (last - day) // timedelta(weeks=1)
        if back < _WEEKS:
            counts[_WEEKS - 1 - back] += count
    most = max(1, *counts)
    return [(count, -(-18 * count // most)) for count in counts]


def _address(datasette: Any, name: str, asked: Mapping[str, object]) -> str:
    query = f"?{urlencode(asked)}" if asked else ""
    return str(datasette.urls.path(f"/-/pingbacks/{name}" if name else "/-/pingbacks")) + query


async def _page(datasette: Any, request: Any, template: str, context: dict[str, Any]) -> Any:
    return Response.html(await datasette.render_template(template, context, request=request))
