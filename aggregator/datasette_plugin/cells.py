"""Cells as HTML. The press writes into them what it likes: everything is escaped, and only web addresses are linked."""

from __future__ import annotations

import json
import re
from typing import Any

from markupsafe import Markup

from aggregator import diffs, schema

_TITLES = ("headline", "title")
_WORDS = ("excerpt", "matched", "summary")
_CHANGED = {"before": "gone", "after": "new"}  # what the one of two prints has and the other has not
_ADDRESSES = ("homepage", "link", "url")  # the first of the last two is where a title leads
_LISTS = ("aliases", "hits", "languages", "missing", "topics")
_ASKED = ("fetches", "sources")  # tables whose addresses share their hosts: there the path is what matters

# An address that a browser reads as it looks: no white space, no backslash, one @ at most.
_WEB = re.compile(r"https?://(?:[^/?#@\\\s]*@)?(?P<host>[^/?#@\\\s]+)(?:[/?#]\S*)?", re.IGNORECASE)


def rendered(row: Any, value: Any, column: str, table: str | None) -> Markup | None:
    """A cell of a row (a mapping of columns) as HTML, or None where there is nothing to improve."""
    if not isinstance(value, str) or not value:
        return None
    if column in _CHANGED and _is_change(row, table):
        return _marked(_text(row, "before"), _text(row, "after"), _CHANGED[column], _text(row, "language"))
    if column == "language" and value in schema.LANGUAGES:
        return Markup('<bdi lang="{0}" title="{0}">{1}</bdi>').format(value, schema.LANGUAGES[value])
    if column in _TITLES:
        return _title(value, _text(row, "url") or _text(row, "link"), _text(row, "language"))
    if column in _WORDS:
        return _words(value, _text(row, "language"))
    if column in _ADDRESSES and table not in _ASKED:
        return _host(value)
    return _list(value) if column in _LISTS else None


def story(row: Any, value: Any, column: str, table: str | None) -> tuple[int, str] | None:
    """The number and the words of the story that a cell names: in its own row, by an article, or in a query."""
    number = words = None
    if table == "stories" and column == "title":
        number, words = row["id"], value
    elif table in ("articles", None) and column == "story":
        number, words = (value["value"], value["label"]) if isinstance(value, dict) else (value, value)
    return (number, str(words)) if isinstance(number, int) else None


def _is_change(row: Any, table: str | None) -> bool:
    """Whether a row says what became of a text. What stands before and after a link is text that nobody changed."""
    return table == "revisions" or (table is None and not {"field", "what"}.isdisjoint(row.keys()))


def _text(row: Any, column: str) -> str:
    """The text in another column of the row: an expanded foreign key counts by its value."""
    value = row[column] if column in row.keys() else None  # noqa: SIM118 - a sqlite3.Row, whose iteration gives values
    value = value["value"] if isinstance(value, dict) else value
    return value if isinstance(value, str) else ""


def _words(text: str, language: str) -> Markup:
    """Text whose direction is its own, and whose language chooses between Chinese and Japanese letter shapes."""
    lang = Markup(' lang="{}"').format(language) if language not in ("", "und") else ""
    return Markup("<bdi{}>{}</bdi>").format(lang, text)


def _marked(before: str, after: str, kind: str, language: str) -> Markup:
    """One of two prints of a text, with what the other has not marked as an editor marks it."""
    mark = Markup("<del>{}</del>") if kind == "gone" else Markup("<ins>{}</ins>")
    changes = [change for change in diffs.changes(before, after) if change.kind in ("kept", kind)]
    return _words(Markup().join(mark.format(text) if of != "kept" else text for of, text in changes), language)


def _title(text: str, address: str, language: str) -> Markup:
    words = _words(text, language)
    return Markup('<a href="{}" rel="nofollow">{}</a>').format(address, words) if _WEB.fullmatch(address) else words


def _host(address: str) -> Markup | None:
    match = _WEB.fullmatch(address)
    if match is None:
        return None
    link = Markup('<a href="{0}" title="{0}" rel="nofollow">{1}</a>')
    return link.format(address, match["host"].lower().removeprefix("www."))


def _list(text: str) -> Markup | None:
    """A JSON array of words, or of hits with their matched words, as those words: each once, in their order."""
    try:
        items = json.loads(text)
    except ValueError:
        return None
    if not isinstance(items, list):
        return None
    words = (item.get("matched") if isinstance(item, dict) else item for item in items)
    return Markup(", ").join(dict.fromkeys(word for word in words if isinstance(word, str))) or Markup("&nbsp;")
