"""The topics, and the pingbacks of each as a blog's archive page lists them; in other forms, too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from datasette.utils.asgi import NotFound, Response

from aggregator import exports, lists, schema
from aggregator.datasette_plugin import desk
from aggregator.model import Pingback

TOPICS = r"^/-/pingbacks/?$"
TOPIC = r"^/-/pingbacks/(?P<topic>[^/]+?)(?:\.(?P<form>txt|html|csv|atom|json))?$"

_FORMS = {  # how a list is written, what it is for a browser, and what the link to it says
    "txt": ("text", "text/plain", "Text"),
    "html": ("html", "text/html", "HTML"),
    "csv": ("csv", "text/csv", "CSV"),
    "atom": ("atom", "application/atom+xml", "Atom"),
    "json": ("jsonfeed", "application/feed+json", "JSON Feed"),
}
_WEEKS = 26  # of a sparkline
_ON_A_PAGE = 200  # texts
_ASKED = ("language", "outlet", "since", "until")


async def topics(datasette: Any, request: Any, ours: Iterable[str]) -> Any:
    """The page of all topics of all our databases: how many pingbacks in which language, and when."""
    databases = await desk.visible(datasette, request, ours, desk.PINGBACKS)
    shown = []
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)  # somewhere it has begun; what is dated later is an error
    for name in databases:
        found = await datasette.get_database(name).execute_fn(lists.topics)
        last = max((day for topic in found for day in topic.days if day <= tomorrow), default=None)
        shown += [_summary(datasette, name, topic, last) for topic in found]
    context = {"topics": shown, "weeks": _WEEKS, "named": request.args.get("database")}  # it shows all of them
    return await desk.page(datasette, request, "press_topics.html", databases[0], context)


def _summary(datasette: Any, database: str, topic: lists.Topic, last: date | None) -> dict[str, Any]:
    def list_of(language: str = "") -> str:
        return desk.address(datasette, desk.PINGBACKS, topic.id, database=database, language=language)

    return {
        "name": topic.name,
        "href": list_of(),
        "count": _total(topic),
        "languages": [(share, list_of(share.id)) for share in _languages(topic)],
        "last": max((day for day in topic.days if last and day <= last), default=None),
        "weeks": _weeks(topic.days, last) if last else [],
    }


async def topic(datasette: Any, request: Any, ours: Iterable[str]) -> Any:
    """The list of one topic. Its reader may ask for a language, an outlet, and what came in certain days."""
    databases = await desk.visible(datasette, request, ours, desk.PINGBACKS)
    database, found = await _topic(datasette, request.url_vars["topic"], databases)
    wanted = _wanted(request, found.id)
    rows = await datasette.get_database(database).execute_fn(lambda connection: lists.pingbacks(connection, wanted))
    form = request.url_vars["form"]
    if form:
        return _written(rows, form, found, request.query_string)
    texts = exports.folded(rows)
    given = {key: value for key in _ASKED if (value := request.args.get(key))}
    number = desk.number(request, "page", 1, 1_000_000)
    named = desk.named(datasette, request, database)

    def beside(name: str = found.id, page: int | None = None) -> str:
        return desk.address(datasette, desk.PINGBACKS, name, database=named, **given, page=page)

    context = {
        "topic": found,
        "given": given,
        "database": named,
        "languages": _with(given.get("language"), _languages(found)),
        "outlets": _with(given.get("outlet"), found.outlets),
        "count": len(rows),
        "total": _total(found),
        "texts": texts[(number - 1) * _ON_A_PAGE : number * _ON_A_PAGE],
        "forms": [(beside(f"{found.id}.{form}"), text) for form, (_, _, text) in _FORMS.items()],
        "newer": beside(page=number - 1) if number > 1 else "",
        "older": beside(page=number + 1) if len(texts) > number * _ON_A_PAGE else "",
    }
    return await desk.page(datasette, request, "press_topic.html", database, context)


async def _topic(datasette: Any, wanted: str, databases: Iterable[str]) -> tuple[str, lists.Topic]:
    """The topic that an address names, and the first of the databases that has it."""
    for name in databases:
        for found in await datasette.get_database(name).execute_fn(lists.topics):
            if found.id == wanted:
                return name, found
    raise NotFound(f"No topic {wanted!r} here; /-/pingbacks lists them")


def _wanted(request: Any, topic: str) -> lists.Wanted:
    language, outlet = (request.args.get(key) or "" for key in ("language", "outlet"))
    since, until = (desk.day(request, key) for key in ("since", "until"))
    return lists.Wanted(topic=topic, language=language, outlet=outlet, since=since, until=until)


def _written(rows: Sequence[Pingback], form: str, topic: lists.Topic, asked: str) -> Any:
    how, content_type, _ = _FORMS[form]
    if how in exports.LIST_FORMATS:
        body = exports.written(rows, how)
    else:
        body = "".join(exports.feed(rows, how, topic.name, topic.id + f"?{asked}" * bool(asked)))
    return Response(body, content_type=f"{content_type}; charset=utf-8")


def _languages(topic: lists.Topic) -> list[lists.Share]:
    """What can be asked for: the languages, and all Chinese, of whatever script; each with what asking for it finds."""
    counts = {share.id: share.articles for share in topic.languages}
    names = {share.id: share.name for share in topic.languages}
    for tag, articles in list(counts.items()):
        primary = tag.partition("-")[0]
        if primary != tag:
            counts[primary] = counts.get(primary, 0) + articles
            names.setdefault(primary, schema.LANGUAGES.get(primary, primary))
    shares = (lists.Share(tag, names[tag], counts[tag]) for tag in counts)
    return sorted(shares, key=lambda share: (-share.articles, share.id))


def _with(given: str | None, shares: Sequence[lists.Share]) -> list[lists.Share]:
    """What a form offers: also what was asked for and finds nothing, lest it be lost."""
    if not given or given in (share.id for share in shares):
        return list(shares)
    return [*shares, lists.Share(given, schema.LANGUAGES.get(given, given), 0)]


def _total(topic: lists.Topic) -> int:
    return sum(share.articles for share in topic.languages)


def _weeks(days: Mapping[date, int], last: date) -> list[tuple[int, int]]:
    """How many in each week up to the last, and how high its bar is in a picture 20 high."""
    counts = [0] * _WEEKS
    for day, count in days.items():
        back = (last - day) // timedelta(weeks=1)
        if 0 <= back < _WEEKS:
            counts[_WEEKS - 1 - back] += count
    most = max(1, *counts)
    return [(count, -(-18 * count // most)) for count in counts]
