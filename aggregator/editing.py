"""feeds.yaml as text: entries are added at the end of its lists, and every character that was there stays.

Where an entry goes is read off the marks of YAML's events; how it is written, in lines or in braces, off the entry
before it. What came of it is proven by reading it: all that was there, and what was added, or nothing is given out.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from shutil import copymode
from typing import Any, NamedTuple

from aggregator import config
from aggregator.errors import ConfigError, UsageError
from aggregator.model import Config, Kind, Outlet, Selectors, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """A source to add, the outlet to add with it where that is not there yet, and the comment to write behind it."""

    source: Source
    outlet: Outlet | None = None
    remark: str = ""


class Edited(NamedTuple):
    """feeds.yaml with additions, as text and as it is read."""

    text: str
    config: Config


# --- the file ---------------------------------------------------------------------------------------------------------


def read(path: Path) -> str:
    """The text of feeds.yaml, line ends as they are. Raises ConfigError where there is none to read."""
    try:
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        config.load(path)  # says the same, and what to do
        raise


def parse(text: str, path: str = "feeds.yaml") -> Config:
    """`config.parse`, except that a file without entries is a list that has none yet."""
    lines = (line.strip() for line in text.removeprefix("\ufeff").splitlines())
    empty = all(not line or line.startswith("#") for line in lines)
    return config.parse(f"{text}\nsources: []\n" if empty else text, path)


def save(path: Path, before: str, after: str) -> None:
    """Puts a new text in the place of `before`, all at once, with the same permissions; a link stays a link.

    Raises UsageError where somebody else has changed the file meanwhile.
    """
    place = path.resolve()
    if read(place) != before:
        raise UsageError(f"{path}: was changed meanwhile, so nothing is written; try again")
    with tempfile.NamedTemporaryFile(dir=place.parent, prefix=f".{place.name}.", delete=False) as file:
        try:
            file.write(after.encode())
            file.flush()
            os.fsync(file.fileno())
            copymode(place, file.name)
            Path(file.name).replace(place)
        except BaseException:
            Path(file.name).unlink()
            raise


# --- adding -----------------------------------------------------------------------------------------------------------


def insert(text: str, additions: Sequence[Addition], path: str = "feeds.yaml") -> Edited:
    """The text with the additions, each in the style of the entry before it.

    Raises ConfigError where the text was wrong before, UsageError where it is written in a way that cannot be added to.
    """
    before = parse(text, path)
    try:
        edited = _inserted(text, additions)
        after = parse(edited, path)
        problem = "" if _is_more(before, after, additions) else "something else would change"
    except ConfigError as error:
        problem = str(error.mistakes[0])
    if problem:
        raise UsageError(f"{path}: write this yourself ({problem}):\n{written(additions)}")
    return Edited(edited, after)


def written(additions: Iterable[Addition]) -> str:
    """The additions as a file of their own, for people to read: without credentials."""
    shown = [replace(one, source=replace(one.source, url=one.source.public_url)) for one in additions]
    return _inserted("", shown)


def _is_more(before: Config, after: Config, additions: Sequence[Addition]) -> bool:
    """Whether the second is the first and the additions, and nothing else."""
    new_sources = [one.source.id for one in additions]
    new_outlets = [one.outlet.id for one in additions if one.outlet]
    return (
        after.topics == before.topics
        and [*after.sources] == [*before.sources, *new_sources]
        and [*after.outlets] == [*before.outlets, *new_outlets]
        and all(after.sources[name] == source for name, source in before.sources.items())
        and all(after.outlets[name] == outlet for name, outlet in before.outlets.items())
        and all(after.sources[one.source.id].url == one.source.url for one in additions)
    )


class _Entry(NamedTuple):
    """An entry in YAML: `- ` or the key with its colon, its fields as `key: value`, a comment."""

    head: str
    fields: tuple[str, ...]
    remark: str = ""


class _Edit(NamedTuple):
    """Put `text` in the place of the characters from `start` to `end`."""

    start: int
    end: int
    text: str


def _inserted(text: str, additions: Sequence[Addition]) -> str:
    newline = "\r\n" if "\r\n" in text else "\n"
    mark, body = ("\ufeff", text[1:]) if text.startswith("\ufeff") else ("", text)
    body += "" if body.endswith("\n") or not body else newline
    entries = {
        "outlets": [_outlet_entry(one.outlet) for one in additions if one.outlet],
        "sources": [_source_entry(one.source, one.remark) for one in additions],
    }
    edits = _Page(body, newline).edits({name: new for name, new in entries.items() if new})
    in_order = sorted(edits, key=lambda edit: edit.start)
    for edit in in_order[::-1]:  # from the end, so that the places before it stay where they are
        body = body[: edit.start] + edit.text + body[edit.end :]
    return mark + body


# --- where ------------------------------------------------------------------------------------------------------------


class _Node(NamedTuple):
    """A YAML node: from its first character (of its anchor, if it has one) to behind its last, comments left out."""

    start: int
    end: int
    column: int
    flow: bool
    text: str = ""
    children: tuple[_Node, ...] = ()


def _node(event: Any, following: Iterator[Any], text: str) -> _Node:
    """The node that begins with an event. A block ends where its last child does, not where the next token begins."""
    from yaml.events import CollectionEndEvent, CollectionStartEvent, ScalarEvent

    start, end = event.start_mark, event.end_mark.index
    if isinstance(event, ScalarEvent):
        end = len(text[:end].rstrip()) if event.style in ("|", ">") else end
        return _Node(start.index, end, start.column, flow=False, text=event.value)
    if not isinstance(event, CollectionStartEvent):
        return _Node(start.index, end, start.column, flow=False, text="*")
    children: list[_Node] = []
    for inner in following:
        if isinstance(inner, CollectionEndEvent):
            end = _index(inner.end_mark) if event.flow_style else children[-1].end
            break
        children.append(_node(inner, following, text))
    return _Node(start.index, end, start.column, flow=bool(event.flow_style), children=tuple(children))


def _index(mark: Any) -> int:
    return int(mark.index)


def _root(text: str) -> tuple[_Node, int]:
    """The node of the whole text, and where its document ends."""
    import yaml
    from yaml.events import DocumentEndEvent, DocumentStartEvent, StreamEndEvent, StreamStartEvent

    root, end = _Node(0, 0, 0, flow=False), len(text)
    events = iter(yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    for event in events:
        if isinstance(event, DocumentEndEvent):
            end = _index(event.start_mark) if event.explicit else end
        elif not isinstance(event, StreamStartEvent | DocumentStartEvent | StreamEndEvent):
            root = _node(event, events, text)
    return root, end


_REST_OF_LINE = re.compile(r"[ \t]*(?P<comma>,?)[ \t]*(?:#[^\r\n]*)?(?=\r?\n)")
_COMMA = re.compile(r"(?:\s|#[^\n]*\n)*,")


class _Page:
    """A text of YAML, with its sections and where they stand."""

    def __init__(self, text: str, newline: str) -> None:
        self._text, self._newline = text, newline
        self._root, self._end = _root(text)
        nodes = self._root.children
        self._sections = {key.text: (key, value) for key, value in zip(nodes[::2], nodes[1::2], strict=True)}
        self._column = nodes[0].column if nodes else 0

    def edits(self, entries: Mapping[str, Sequence[_Entry]]) -> list[_Edit]:
        """The edits that add entries to sections, and behind all of it the sections that are not there yet."""
        edits = [edit for name, new in entries.items() if name in self._sections for edit in self._into(name, new)]
        missing = {name: new for name, new in entries.items() if name not in self._sections}
        return [*edits, self._new_sections(missing)] if missing else edits

    def _into(self, name: str, entries: Sequence[_Entry]) -> list[_Edit]:
        key, value = self._sections[name]
        if value.flow:
            return self._into_braces(value, entries)
        if value.children:
            return [self._into_block(value, entries)]
        if value.text or self._root.flow:  # null, or nothing behind a colon
            return [_Edit(value.start, value.end, " " * (not value.text) + self._braced(name, entries))]
        at = self._line_behind(key.end, key.column)
        return [_Edit(at, at, self._lines(entries, key.column + 2, inline=name == "outlets"))]

    def _new_sections(self, sections: Mapping[str, Sequence[_Entry]]) -> _Edit:
        if self._root.flow:
            at, comma = self._behind_last(self._root)
            braced = [f"{name}: {self._braced(name, new)}" for name, new in sections.items()]
            return _Edit(at, at, comma + ", ".join(braced))
        parts = [
            f"{' ' * self._column}{name}:{self._newline}"
            + self._lines(entries, self._column + 2, inline=name == "outlets")
            for name, entries in sections.items()
        ]
        before = self._text[: self._end].replace("\r", "")
        gap = self._newline if before and not before.endswith("\n\n") else ""
        return _Edit(self._end, self._end, gap + self._newline.join(parts))

    def _into_block(self, value: _Node, entries: Sequence[_Entry]) -> _Edit:
        """Behind the last entry of a list (one node each) or of a mapping (two nodes each)."""
        step = 1 if entries[0].head == "- " else 2
        head, last = value.children[-step], value.children[-1]
        column = self._dash(head) if step == 1 else head.column
        gap = self._text[value.children[-step - 1].end : head.start] if len(value.children) > step else ""
        spaced = re.search(r"\n[ \t]*\r?\n", gap) is not None
        at = self._line_behind(last.end, column)
        return _Edit(at, at, self._lines(entries, column, inline=last.flow or not last.children, spaced=spaced))

    def _into_braces(self, value: _Node, entries: Sequence[_Entry]) -> list[_Edit]:
        """Within brackets or braces; on lines of their own where the last entry is the end of its line."""
        at, comma = self._behind_last(value)
        rest = _REST_OF_LINE.match(self._text, at)
        if not comma or not rest or (not rest["comma"] and _COMMA.match(self._text, at)):
            new = self._braced_entries(entries, self._column + 2)
            return [_Edit(at, at, (comma.rstrip() if new.startswith(self._newline) else comma) + new)]
        column = value.children[-1 if entries[0].head == "- " else -2].column
        new = self._braced_entries(entries, column, own_lines=True) + rest["comma"]
        return [_Edit(at, at, "," * (not rest["comma"])), _Edit(rest.end(), rest.end(), new)]

    def _behind_last(self, value: _Node) -> tuple[int, str]:
        """Where to go on within brackets or braces, and what parts it from what is there."""
        if value.children:
            return value.children[-1].end, ", "
        opening = re.compile(r"[\[{]").search(self._text, value.start)
        return (opening.end() if opening else value.end), ""

    def _dash(self, item: _Node) -> int:
        """The column of the dash before an item."""
        *_, dash = re.finditer(r"^( *)-(?=[ \t\r\n])", self._text[: item.start], re.MULTILINE)
        return len(dash[1])

    def _line_behind(self, at: int, column: int) -> int:
        """The beginning of the line behind a place; comments that follow farther in belong to what stands there."""
        comment = re.compile(rf" {{{column + 1},}}#[^\n]*\n")
        at = self._text.find("\n", at) + 1 or len(self._text)
        while found := comment.match(self._text, at):
            at = found.end()
        return at

    def _lines(self, entries: Iterable[_Entry], column: int, *, inline: bool, spaced: bool = False) -> str:
        """Entries on lines of their own, at a column; `spaced`: with an empty line before each."""
        printed = []
        for entry in entries:
            lines = _in_braces(entry) if inline else _in_lines(entry)
            printed += [""] * spaced + [" " * column + line for line in lines]
        return "".join(line + self._newline for line in printed)

    def _braced(self, name: str, entries: Sequence[_Entry]) -> str:
        opening, closing = "[]" if name == "sources" else "{}"
        return opening + self._braced_entries(entries, self._column + 2) + closing

    def _braced_entries(self, entries: Sequence[_Entry], column: int, *, own_lines: bool = False) -> str:
        """Entries between brackets or braces. One with a comment has a line of its own, and the comment too."""
        begin, text = self._newline + " " * column, ""
        for entry in entries:
            remark = f"{begin}# {entry.remark}" if entry.remark else ""
            comma = "" if not text else "," if remark or own_lines else ", "
            braced = f"{entry.head.removeprefix('- ')}{{{', '.join(entry.fields)}}}"
            text += f"{comma}{remark}{begin if remark or own_lines else ''}{braced}"
        return text


# --- how --------------------------------------------------------------------------------------------------------------


def _in_lines(entry: _Entry) -> list[str]:
    remark = f"  # {entry.remark}" if entry.remark else ""
    if entry.head == "- ":
        first, *rest = entry.fields
        return [f"- {first}{remark}", *(f"  {field}" for field in rest)]
    return [f"{entry.head.rstrip()}{remark}", *(f"  {field}" for field in entry.fields)]


def _in_braces(entry: _Entry) -> list[str]:
    return [f"{entry.head}{{{', '.join(entry.fields)}}}" + (f"  # {entry.remark}" if entry.remark else "")]


def _source_entry(source: Source, remark: str) -> _Entry:
    """What a source says beyond the defaults."""
    values = {
        "id": source.id,
        "outlet": source.outlet,
        "url": source.url,
        "kind": None if source.kind is Kind.FEED else str(source.kind),
        "language": source.language,
        "zone": source.zone,
    }
    lines = [f"{key}: {_scalar(value)}" for key, value in values.items() if value]
    lines += [f"select: {_selectors(source.select)}"] if source.select else []
    return _Entry("- ", (*lines, *(["enabled: false"] if not source.enabled else [])), _one_line(remark))


def _selectors(select: Selectors) -> str:
    pairs = ((part.name, getattr(select, part.name)) for part in fields(select))
    return "{" + ", ".join(f"{name}: {_scalar(value)}" for name, value in pairs if value) + "}"


def _outlet_entry(outlet: Outlet) -> _Entry:
    values = {"name": outlet.name, "country": outlet.country, "homepage": outlet.homepage}
    return _Entry(f"{outlet.id}: ", tuple(f"{key}: {_scalar(value)}" for key, value in values.items() if value))


_PLAIN = re.compile(r"(?:https?://)?[^\W_](?:[\w ./~()·-]*[\w/)])?")  # whatever else YAML may take for something
_NO_TEXT = frozenset(("null", "~"))


def _scalar(text: str) -> str:
    """A value as YAML: plain where it can be taken for nothing else, in lines and in braces, else in double quotes."""
    if _PLAIN.fullmatch(text) and text.isprintable() and text.lower() not in _NO_TEXT:
        return text
    quoted = json.dumps(text.encode(errors="ignore").decode(), ensure_ascii=False)
    return "".join(char if char.isprintable() else f"\\U{ord(char):08x}" for char in quoted)


def _one_line(text: str) -> str:
    """What may stand in a comment."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:120]
