"""feeds.yaml -> Config, or every mistake at once, each with its line and the path of its key.

Knows YAML; what the keys mean stands in keys.py. It opens no address and guesses nothing. Anchors and aliases are
allowed, tags and merge keys are not. Addresses may hold credentials: no message quotes a value that may be one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from aggregator.errors import ConfigError, Mistake, UsageError
from aggregator.keys import SCALARS, SECTIONS, TYPES, WEB, shown, slug
from aggregator.model import Channels, Config, Kind, Outlet, Selectors, Source, Stories, Topic

if TYPE_CHECKING:
    import yaml

# --- nodes ------------------------------------------------------------------------------------------------------------

_MAX_DEPTH = 20  # feeds.yaml needs six; libyaml overruns the stack at some ten thousand
_MAX_NODES = 200_000  # aliases followed; a thousand sources have some 20,000
_MAX_TEXT = 2_000  # characters of one scalar
_MAP, _NULL = "tag:yaml.org,2002:map", "tag:yaml.org,2002:null"
_PLAIN_TAGS = frozenset(
    f"tag:yaml.org,2002:{kind}"
    for kind in ("bool", "float", "int", "map", "merge", "null", "seq", "str", "timestamp", "value")
)
_UNPRINTABLE = (
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"  # YAML 1.1, 5.1; compiled when used
)

# What libyaml says, and what an operator can do about it.
_SYNTAX = (
    ("another document", "a second document begins here: remove the line ---"),
    ("cannot start any token", "a tab or one of @ ` % cannot stand here: indent with spaces, put the value in quotes"),
    ("mapping values are not allowed", "a colon or an indentation too many: put a value that holds ': ' in quotes"),
    ("tab character", "indent with spaces, not with tabs"),
    ("undefined alias", "* begins an alias here: put the value in quotes"),
    ("unexpected end of stream", "a quote opens here and is never closed"),
)


class _File(NamedTuple):
    """What holds for all places: where mistakes are collected (a set: reading twice is no harm), and the folder in
    which relative paths begin.
    """

    mistakes: set[Mistake]
    folder: Path


class _Place(NamedTuple):
    """A node, the line of its key, and the keys and numbers that lead to it."""

    node: yaml.Node
    line: int
    keys: tuple[str | int, ...]
    file: _File

    @property
    def path(self) -> str:
        """The way to it in words: `sources[3].url`."""
        steps = (f"[{key}]" if isinstance(key, int) else f".{shown(key)}" for key in self.keys)
        return "".join(steps).lstrip(".")

    def refuse(self, message: str) -> None:
        self.file.mistakes.add(Mistake(line=self.line, key=self.path or "file", message=message))


def _guess(word: str, known: Mapping[str, object]) -> str:
    from difflib import get_close_matches

    if near := get_close_matches(word[:60], known, n=1):
        return f"did you mean {shown(near[0])}?"
    names = [*map(shown, known)][:15] + ["…"] * (len(known) > 15)
    return f"known are {', '.join(names) or 'none'}"


def _fits(place: _Place, kind: str, type_: str) -> bool:
    """Whether the node is a scalar, sequence or mapping as wanted, without a tag; refuses it where it is not."""
    node = place.node
    if node.tag not in _PLAIN_TAGS:
        place.refuse("tags such as !!python/object are not allowed: write the plain value")
    elif node.tag == _NULL and kind == "scalar":
        place.refuse(f"nothing is written here: write {TYPES[type_]}, or remove the key")
    elif node.tag != _NULL and node.id != kind:  # type: ignore[attr-defined]  # the stubs know id of subclasses only
        place.refuse(f"write {TYPES[type_]}")
    else:
        return node.tag != _NULL
    return False


def _mapping(place: _Place, type_: str = "mapping") -> dict[str, _Place]:
    """The values of a mapping, by key as written; nothing is an empty mapping. Refuses repeated keys."""
    children: dict[str, _Place] = {}
    for key, node in place.node.value if _fits(place, "mapping", type_) else ():
        line = key.start_mark.line + 1
        if not isinstance(key.value, str) or key.tag not in _PLAIN_TAGS:
            place._replace(line=line).refuse("a key is one plain word")
            continue
        child = _Place(node, line, (*place.keys, key.value), place.file)
        first = children.setdefault(key.value, child)
        if first is not child:
            child.refuse(f"repeated: it stands on line {first.line} already")
    return children


def _items(place: _Place, type_: str) -> Iterator[_Place]:
    """The items of a list; nothing is an empty list."""
    for index, node in enumerate(place.node.value if _fits(place, "sequence", type_) else ()):
        yield _Place(node, node.start_mark.line + 1, (*place.keys, index), place.file)


def _read(place: _Place, text: str, type_: str) -> Any:
    """The text as the value of a type, or None where it is refused."""
    if len(text) > _MAX_TEXT:
        return place.refuse(f"longer than {_MAX_TEXT} characters")
    try:
        value = SCALARS[type_].read(text) if text else None
    except RecursionError:
        return place.refuse("nested too deeply")
    except ValueError as problem:
        return place.refuse(str(problem))
    return place.refuse(f"write {TYPES[type_]}") if value is None else value


def _scalar(place: _Place, type_: str) -> Any:
    return _read(place, place.node.value.strip(), type_) if _fits(place, "scalar", type_) else None


def _list(place: _Place, type_: str, item: str) -> tuple[Any, ...]:
    values = (_scalar(each, item) for each in _items(place, type_))
    return tuple(value for value in values if value is not None)


def _queries(place: _Place) -> dict[str, tuple[str, ...]]:
    queries: dict[str, tuple[str, ...]] = {}
    for tag, child in _mapping(place, "queries").items():
        language = tag if tag == "any" else _read(child, tag, "language")
        if language is not None:
            queries[language] = queries.get(language, ()) + _list(child, "list of texts", "query")
    return queries


def _files(place: _Place, type_: str) -> tuple[str, ...]:
    """The paths of tables of names, which must be right."""
    from aggregator import gazetteer

    paths = []
    for item in _items(place, type_):
        if (name := _scalar(item, "text")) is None:
            continue
        paths.append(str(place.file.folder / name))
        try:
            gazetteer.load(place.file.folder / name)
        except UsageError as problem:
            item.refuse(str(problem))
    return tuple(paths)


def _value(place: _Place, type_: str) -> Any:
    """The value of a key of that type, or None where it is refused."""
    match type_:
        case "list of URLs":
            return _list(place, type_, "page")
        case "list of texts":
            return _list(place, type_, "text")
        case "list of files":
            return _files(place, type_)
        case "options":
            return {name: _scalar(child, "text") for name, child in _mapping(place, type_).items()}
        case "queries":
            return _queries(place)
        case "selectors":
            return Selectors(**{"item": ""} | _fields(place, "sources[].select"))
        case _:
            return _scalar(place, type_)


def _known(place: _Place, section: str) -> dict[str, _Place]:
    """The values of a section, by key. Refuses unknown keys, and required ones that are missing."""
    children, keys = _mapping(place), SECTIONS[section]
    for name in children.keys() - keys.keys():
        children.pop(name).refuse(f"unknown key; {_guess(name, keys)}")
    for name in (key.name.rpartition(".")[2] for key in keys.values() if key.required):
        if name not in children and place.node.tag in (_MAP, _NULL):
            place.refuse(f"{name} is missing")
    return children


def _values(children: Mapping[str, _Place], section: str) -> dict[str, Any]:
    """What was understood, by key."""
    keys = SECTIONS[section]
    values = {name: _value(child, keys[name].type) for name, child in children.items()}
    return {name: value for name, value in values.items() if value is not None}


def _fields(place: _Place, section: str) -> dict[str, Any]:
    return _values(_known(place, section), section)


# --- sections ---------------------------------------------------------------------------------------------------------
# What was refused is left blank in its record: a single mistake, and no record is given out.


_First = dict[tuple[str, str], _Place]  # where each id and each address of a source stands first


def _by_id(place: _Place) -> dict[str, _Place]:
    entries = _mapping(place)
    for name, entry in entries.items():
        _read(entry, name, "slug")
    return entries


def _outlet(id_: str, place: _Place) -> Outlet:
    return Outlet(**{"id": id_, "name": ""} | _fields(place, "outlets.ID"))


def _topic(id_: str, place: _Place) -> Topic:
    before = len(place.file.mistakes)
    topic = Topic(**{"id": id_, "name": id_} | _fields(place, "topics.ID"))
    if not any(topic.terms.values()) and not topic.pages and len(place.file.mistakes) == before:
        place.refuse("nothing to look for: write terms or pages")
    return topic


def _called(place: _Place) -> _Place:
    """The same source, by its id instead of its number, where it has one."""
    pairs = place.node.value if place.node.id == "mapping" else ()  # type: ignore[attr-defined]  # as in _fits
    for key, node in pairs:
        if key.value == "id" and isinstance(node.value, str) and slug(node.value):
            return place._replace(keys=("sources", node.value))
    return place


def _source(item: _Place, defaults: Mapping[str, Any], outlets: Mapping[str, Outlet], first: _First) -> Source:
    children = _known(item, "sources[]")
    fields = _values(children, "sources[]")
    source = Source(**{"id": "", "url": "", **defaults, **fields})
    if source.outlet is not None and source.outlet not in outlets:
        children["outlet"].refuse(f"{source.outlet} is not under outlets; {_guess(source.outlet, outlets)}")
    if "kind" in fields or "kind" not in children:
        _hold_to_kind(source, children)
    for key, value in _same(source):
        at = children.get(key, item)
        if value and first.setdefault((key, value), at) is not at:
            at.refuse(f"the same {key} as {first[key, value].path} on line {first[key, value].line}")
    return source


def _hold_to_kind(source: Source, children: Mapping[str, _Place]) -> None:
    """Refuses what the kind of a source does not take: selectors, options, the scheme of its address."""
    schemes, options = _taken(source.kind)
    if "select" in children and source.kind != Kind.PAGE:
        children["select"].refuse("selectors are for list pages: write kind: page, or remove select")
    if source.url and urlsplit(source.url).scheme not in schemes:
        wanted = " or ".join(f"{scheme}:" for scheme in schemes)
        children["url"].refuse(f"write {TYPES['URL'] if schemes == WEB else f'an address that begins with {wanted}'}")
    if "options" in children and source.kind in tuple(Kind):
        children["options"].refuse("options are for the kinds that plugins add: remove them")
    elif "options" in children:
        for name, child in _mapping(children["options"], "options").items():
            if name not in options:
                child.refuse(f"unknown option; {_guess(name, dict.fromkeys(options))}")


def _taken(kind: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The schemes and the options that a kind takes."""
    if kind in tuple(Kind):
        return WEB, ()
    from aggregator import kinds

    _, found = kinds.find(kind)
    return found.schemes, found.options


def _same(source: Source) -> Iterator[tuple[str, str]]:
    """What no two sources may share. Of an address, the fragment and the case of its host do not matter."""
    yield "id", source.id
    parts = urlsplit(source.url)
    yield "url", parts._replace(netloc=parts.netloc.lower(), fragment="").geturl()


def _sources(place: _Place, defaults: Mapping[str, Any], outlets: Mapping[str, Outlet]) -> dict[str, Source]:
    first: _First = {}
    items = map(_called, _items(place, "list of mappings"))
    return {source.id: source for source in (_source(item, defaults, outlets, first) for item in items)}


def _config(root: _Place) -> Config:
    import yaml

    nothing = root._replace(node=yaml.ScalarNode(_NULL, ""))
    sections = dict.fromkeys(SECTIONS[""], nothing) | _known(root, "")
    defaults = _fields(sections["fetch"], "fetch")
    outlets = {name: _outlet(name, entry) for name, entry in _by_id(sections["outlets"]).items()}
    sources = _sources(sections["sources"], defaults, outlets)
    topics = {name: _topic(name, entry) for name, entry in _by_id(sections["topics"]).items()}
    stories = Stories(**_fields(sections["stories"], "stories"))
    alerts = Channels(**_fields(sections["alerts"], "alerts"))
    return Config(sources=sources, outlets=outlets, topics=topics, stories=stories, alerts=alerts)


# --- the file ---------------------------------------------------------------------------------------------------------


class _Unreadable(Exception):
    """Nothing of the text can be read: the line, and what to do."""


def _compose(text: str) -> yaml.Node:
    """The root node. Raises _Unreadable where the text is no YAML, empty, or larger than it looks."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    if bad := re.search(_UNPRINTABLE, text):
        line = text.count("\n", 0, bad.start()) + 1
        raise _Unreadable(line, f"the character U+{ord(bad[0]):04X} cannot stand here: remove it")
    try:
        _hold_depth(yaml.parse(text, Loader=loader))
        node = yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as problem:
        raise _Unreadable(*_syntax(problem)) from None  # its marks quote the file, credentials included
    if node is None:
        raise _Unreadable(1, "the file is empty: `aggregator init` writes one to start from")
    _hold_size(node)
    return node


def _syntax(problem: yaml.MarkedYAMLError) -> tuple[int, str]:
    """The line of a mistake in the YAML itself, and what to do about it. An open quote is reported where it opens."""
    said, begun, found = problem.problem or "", problem.context_mark, problem.problem_mark
    mark = begun if begun and "end of stream" in said else found or begun
    line = mark.line + 1 if mark else 1
    for known, message in _SYNTAX:
        if known in said:
            return line, message
    context = f" {problem.context} that begins on line {begun.line + 1}," if begun else ""
    return line, f"not YAML:{context} {shown(said)}"


def _hold_depth(events: Iterator[Any]) -> None:
    """Raises _Unreadable before libyaml's composer recurses too deep: it has no limit of its own."""
    from yaml.events import CollectionEndEvent, CollectionStartEvent

    depth = 0
    for event in events:
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > _MAX_DEPTH:
            raise _Unreadable(event.start_mark.line + 1, f"nested more than {_MAX_DEPTH} deep")


def _hold_size(root: yaml.Node) -> None:
    """Raises _Unreadable where aliases make too many nodes out of few, or hold themselves."""
    import yaml

    waiting, count = [root], 0
    while waiting:
        node, count = waiting.pop(), count + 1
        if count > _MAX_NODES:
            raise _Unreadable(1, f"more than {_MAX_NODES} values, aliases followed: write fewer aliases")
        if not isinstance(node.value, str):
            waiting += chain.from_iterable(node.value) if isinstance(node, yaml.MappingNode) else node.value


def _text(path: Path) -> str:
    try:
        body = path.read_bytes()
        return body.decode()
    except UnicodeDecodeError as problem:
        line = body.count(b"\n", 0, problem.start) + 1
        raise _Unreadable(line, "not UTF-8: save the file as UTF-8") from problem
    except FileNotFoundError as problem:
        raise _Unreadable(1, "there is no such file: `aggregator init` writes one to start from") from problem
    except IsADirectoryError as problem:
        raise _Unreadable(1, "this is a directory: name the file in it") from problem
    except OSError as problem:
        raise _Unreadable(1, f"cannot be read: {problem.strerror}") from problem


def _config_of(read: Callable[[], str], path: str) -> Config:
    mistakes: set[Mistake] = set()
    try:
        text = read()
        root = _compose(text.removeprefix("\ufeff"))
        config = _config(_Place(root, 1, (), _File(mistakes, Path(path).parent)))
    except _Unreadable as problem:
        line, message = problem.args
        raise ConfigError(path, [Mistake(line=line, key="file", message=message)]) from problem
    if mistakes:
        raise ConfigError(path, tuple(mistakes))
    return replace(config, origin=_digest(text))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def parse(text: str, path: str = "feeds.yaml") -> Config:
    """All of feeds.yaml; `path` is what mistakes name. Raises ConfigError with every mistake found."""
    return _config_of(lambda: text, path)


def load(path: Path, *, known: bool = False) -> Config:
    """`parse` of a file in UTF-8. Raises ConfigError too where the file is not there or cannot be read.

    `known` says that this very text was right before: then it is not checked again, which takes tenths of a second
    that a run with little to do does not have.
    """
    if known:
        from aggregator import rereading

        with suppress(Exception):  # something is not as it was: what it is, is said below
            text = _text(path)
            return replace(rereading.config(text, path.parent), origin=_digest(text))
    return _config_of(lambda: _text(path), str(path))
