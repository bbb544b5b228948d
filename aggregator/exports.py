"""Lists that leave the database: text, Markdown, HTML, CSV, JSON, JSON Feed, Atom.

The press writes what it likes into a headline. Here it is made inert for where it goes: escaped in HTML, Markdown and
XML, and no cell of a CSV begins a formula.
"""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree as ET

from aggregator import headlines
from aggregator.model import Pingback

LIST_FORMATS = ("text", "markdown", "html", "csv", "json")

_UNDATED = "          "  # as wide as 2023/10/14


def once(rows: Iterable[Pingback]) -> tuple[Pingback, ...]:
    """A list in which each event stands once: the copy, or the article of a story, that was published first."""
    return tuple(first for first, _ in _gathered(rows, lambda row: row.event))


def folded(rows: Iterable[Pingback]) -> tuple[tuple[Pingback, tuple[Pingback, ...]], ...]:
    """A list in which each text stands once: what was published first, with its copies, the earliest first."""
    return _gathered(rows, lambda row: row.text)


def _gathered(
    rows: Iterable[Pingback], group: Callable[[Pingback], str]
) -> tuple[tuple[Pingback, tuple[Pingback, ...]], ...]:
    """The first of each group, in the place where the list has it, with the rest of its group."""
    rows = tuple(rows)
    groups: dict[str, list[Pingback]] = {}
    for row in sorted(rows, key=lambda row: row.published_at or row.found_at):
        groups.setdefault(group(row), []).append(row)
    return tuple((row, tuple(groups[group(row)][1:])) for row in rows if groups[group(row)][0] is row)


def dressed(
    rows: Iterable[Pingback], is_press: Callable[[str], object], *, quotes: bool = False
) -> tuple[Pingback, ...]:
    """A list for reading: headlines without what sites append to them, in the quotes of their language if asked."""
    bare = (replace(row, title=headlines.without_tail(row.title, is_press)) for row in rows)
    return tuple(replace(row, title=headlines.quoted(row.title, row.language)) if quotes else row for row in bare)


def written(rows: Sequence[Pingback], form: str) -> str:
    """A list in one of LIST_FORMATS, in the order given."""
    writers = {"text": _text, "markdown": _markdown, "html": _html, "csv": _csv, "json": _json}
    return "".join(writers[form](rows))


def feed(rows: Iterable[Pingback], form: str, title: str, name: str) -> Iterator[str]:
    """Articles or mentions as csv, json, jsonfeed or atom, piece by piece: there may be millions.

    `title` is for people, `name` tells the feed from others. Atom alone holds them all at once.
    """
    match form:
        case "csv":
            yield from _csv(rows)
        case "json":
            yield from _json(rows)
        case "jsonfeed":
            yield from _jsonfeed(rows, title)
        case _:
            yield _atom(tuple(rows), title, name)


def _day(row: Pingback) -> str:
    return row.date.strftime("%Y/%m/%d") if row.date else _UNDATED


def web(url: str) -> str:
    """A URL that may be linked, or nothing: the press cannot make us link to a script."""
    return url if urlsplit(url).scheme in ("http", "https") else ""


# --- lists ------------------------------------------------------------------------------------------------------------


def lines(rows: Iterable[Pingback]) -> str:
    """A list as the archive page prints it: date, outlet, headline."""
    return "".join(f"{_line(row)}\n" for row in rows)


def _line(row: Pingback) -> str:
    return " ".join(part for part in (_day(row), row.outlet, row.title) if part)


def _text(rows: Iterable[Pingback]) -> Iterator[str]:
    return (f"{_line(row)}\n{_UNDATED} {row.url}\n" for row in rows)


_MARKDOWN, _ESCAPED = re.compile(r"([\\`*_{}\[\]<>#|~&])"), r"\\\1"
_CLOSING = re.compile(r"[()<>\\\s]")


def _markdown(rows: Iterable[Pingback]) -> Iterator[str]:
    for row in rows:
        title, outlet, excerpt = (_MARKDOWN.sub(_ESCAPED, part) for part in (row.title, row.outlet, row.excerpt))
        head = " ".join(part for part in (_day(row).strip(), outlet, f"[{title}]({_pointed(row.url)})") if part)
        yield f"- {head}\n  > {excerpt}\n"


def _pointed(url: str) -> str:
    """An address between the brackets of a link, which nothing in it may close."""
    return _CLOSING.sub(lambda char: quote(char[0]), web(url))


def _html(rows: Iterable[Pingback]) -> Iterator[str]:
    """A fragment, as a blog lists its pingbacks: it can be pasted below a post."""
    yield '<ol class="pingbacks">\n'
    yield from map(_html_line, rows)
    yield "</ol>\n"


def _html_line(row: Pingback) -> str:
    title, outlet, excerpt = (html.escape(part) for part in (row.title, row.outlet, row.excerpt))
    moment = f'<time datetime="{row.date.isoformat()}">{_day(row)}</time> ' if row.date else ""
    link = f'<a href="{html.escape(web(row.url))}" rel="nofollow"><bdi>{title}</bdi></a>'
    head = f'<li lang="{html.escape(row.language)}">{moment}<cite>{outlet}</cite> {link}'
    return f"{head}\n<p><bdi>{excerpt}</bdi></p></li>\n"


_FIELDS = ("date", "outlet", "title", "url", "language", "excerpt")


def _plain(row: Pingback) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(row, name) for name in _FIELDS}
    return values | {"date": row.date.isoformat() if row.date else None}


def _json(rows: Iterable[Pingback]) -> Iterator[str]:
    yield from _array(map(_plain, rows), "")
    yield "\n"


def _array(objects: Iterable[Mapping[str, Any]], margin: str) -> Iterator[str]:
    """An array as `json.dumps` indents it, object by object."""
    before = "["
    for one in objects:
        yield before + f"\n{json.dumps(one, ensure_ascii=False, indent=2)}".replace("\n", f"\n{margin}  ")
        before = ","
    yield "[]" if before == "[" else f"\n{margin}]"


def _csv(rows: Iterable[Pingback]) -> Iterator[str]:
    yield _cells(_FIELDS)
    yield from (_cells(map(_inert, _plain(row).values())) for row in rows)


def _cells(values: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(values)
    return line.getvalue()


def _inert(value: str | None) -> str:
    """A cell that no spreadsheet takes for a formula (OWASP ASVS 1.2.10; full-width signs are taken for signs too)."""
    cell = value or ""
    return f"'{cell}" if cell.startswith(tuple("=+-@\t\r\n\0＝＋－＠")) else cell


def digest(topic: str, rows: Sequence[Pingback], since: datetime | None, form: str) -> str:
    """What is new about a topic, as a letter: in Markdown, or as an HTML fragment. `topic` is its name."""
    after = f" since {since:%Y/%m/%d %H:%M} UTC" if since else ""
    title = f"{topic}: {len(rows)} new{after}"
    if form == "html":
        return f"<h2>{html.escape(title)}</h2>\n{written(rows, form)}"
    return f"## {_MARKDOWN.sub(_ESCAPED, title)}\n\n{written(rows, 'markdown')}"


# --- feeds ------------------------------------------------------------------------------------------------------------


_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _jsonfeed(rows: Iterable[Pingback], title: str) -> Iterator[str]:
    """JSON Feed 1.1 (jsonfeed.org/version/1.1)."""
    head = json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": title}, ensure_ascii=False, indent=2)
    yield head.removesuffix("\n}") + ',\n  "items": '
    yield from _array(map(_jsonfeed_item, rows), "  ")
    yield "\n}"


def _jsonfeed_item(row: Pingback) -> dict[str, Any]:
    item: dict[str, Any] = {"id": row.url, "url": row.url, "title": row.title, "content_text": row.excerpt}
    item |= {"language": row.language, "authors": [{"name": row.outlet}] if row.outlet else []}
    return item | ({"date_published": _instant(row.published_at)} if row.published_at else {})


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _atom(rows: Sequence[Pingback], title: str, name: str) -> str:
    """Atom (RFC 4287). An entry was updated when it was found, for that is when a subscriber may see it."""
    newest = max((row.found_at for row in rows), default=datetime.fromtimestamp(0, UTC))
    root = ET.Element("feed", {"xmlns": "http://www.w3.org/2005/Atom"})
    _children(root, {"title": title, "id": f"urn:pingbacks:{quote(name, safe='')}", "updated": _instant(newest)})
    for row in rows:
        entry = ET.SubElement(root, "entry", {"xml:lang": row.language})
        _children(entry, {"title": row.title, "id": row.url, "updated": _instant(row.found_at), "summary": row.excerpt})
        if row.published_at:
            _children(entry, {"published": _instant(row.published_at)})
        ET.SubElement(entry, "link", {"rel": "alternate", "href": web(row.url)})
        _children(ET.SubElement(entry, "author"), {"name": row.outlet or "unknown"})
    return _xml(root)


def _children(parent: ET.Element, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        ET.SubElement(parent, name).text = _NO_XML.sub("", text)


def _xml(root: ET.Element) -> str:
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"
