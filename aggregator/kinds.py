"""Other kinds of sources, from packages installed beside this program: found by entry point, called through pluggy.

A plugin is a module with the hook `register_kinds`, named in the metadata of its package:

    [project.entry-points.aggregator]
    maildir = "aggregator_maildir"

Whatever a plugin does, it costs its own sources a status and a note, never the run: what it raises is caught, and what
it returns is held against the annotations of the records. No note quotes an exception of it, whose words may hold
credentials or options. Imported only where feeds.yaml names a kind that is not built in.
"""

from __future__ import annotations

import re
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, is_dataclass, replace
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from itertools import chain, count, repeat
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import pluggy

from aggregator.errors import ReadError, UsageError
from aggregator.model import Document, Fetched, Kind, Reading, Source, SourceState, Status
from aggregator.text import plain

PROJECT = "aggregator"  # of pluggy, and the group of the entry points

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

Ask = Callable[[Source, SourceState], Fetched]
Record = TypeVar("Record")

_WEB = ("http", "https")
_NAME = re.compile("[a-z0-9]+(-[a-z0-9]+)*")
_SCHEME = re.compile("[a-z][a-z0-9+.-]*")  # RFC 3986, section 3.1, in lower case
_FAILURES = tuple(status for status in Status if status.failed)
_MAX_FAULT = 200  # characters of why a plugin cannot be used

# --- what a plugin writes ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceKind:
    """A kind of source: what feeds.yaml calls it, and how its documents are read. Raises ValueError where it cannot be.

    `read(document, source)` says what is in a document, and raises ReadError where it cannot be read. `fetch(source,
    state, ask)` is only for what is not HTTP; without it the ordinary fetcher asks. It keeps `source.timeout` itself.
    `ask` is that fetcher with all its limits, for what turns out to be HTTP. `schemes` are those that addresses may
    have. `options` names what a source may say under `options`: texts, handed on in `Source.options`.
    """

    name: str
    read: Callable[[Document, Source], Reading]
    fetch: Callable[[Source, SourceState, Ask], Fetched] | None = None
    schemes: tuple[str, ...] = _WEB
    options: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if misfit := _misfit(self, SourceKind, "kind"):
            raise ValueError(misfit)
        if not _NAME.fullmatch(self.name):
            raise ValueError("the name of a kind has lower-case letters, digits and hyphens")
        if self.name in tuple(Kind):
            raise ValueError(f"the kind {self.name} is built in")
        if not self.schemes or not all(map(_SCHEME.fullmatch, self.schemes)):
            raise ValueError(f"the kind {self.name} needs schemes, in lower case and without a colon")
        if self.fetch is None and not set(self.schemes) <= set(_WEB):
            raise ValueError(f"the kind {self.name} has no fetch, which what is not http or https needs")


@hookspec
def register_kinds() -> Iterable[SourceKind]:
    """The kinds of source that a plugin adds. Asked for once, and only where feeds.yaml names one that is not built in.

    It opens nothing and takes no time: a command that never polls asks too.
    """
    return ()


# --- what is installed ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """An installed plugin: its package, and the kinds it adds. `fault` says why it cannot be used, if it cannot."""

    name: str
    version: str
    kinds: tuple[SourceKind, ...] = ()
    fault: str = ""


@cache
def plugins() -> tuple[Plugin, ...]:
    """All that are installed, in the order of their names. Never raises: one that cannot be loaded says why."""
    return tuple(sorted(map(_plugin, entry_points(group=PROJECT)), key=lambda plugin: plugin.name))


def _plugin(entry: EntryPoint) -> Plugin:
    name, version = (entry.dist.name, entry.dist.version) if entry.dist else (entry.name, "")
    try:
        return Plugin(name=name, version=version, kinds=_kinds(entry))
    except (Exception, SystemExit) as problem:  # noqa: BLE001 - whatever it is, it is the plugin's, and it is told
        fault = " ".join(f"{type(problem).__name__}: {problem}".split())
        return Plugin(name=name, version=version, fault=fault[:_MAX_FAULT])


def _kinds(entry: EntryPoint) -> tuple[SourceKind, ...]:
    """What a plugin registers. A manager of its own for each plugin: one that fails takes no other along."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(sys.modules[__name__])
    manager.register(entry.load())
    manager.check_pending()
    kinds = tuple(chain.from_iterable(manager.hook.register_kinds()))
    if misfit := _misfit(kinds, tuple[SourceKind, ...], "register_kinds()"):
        raise TypeError(misfit)
    return kinds


def find(name: str) -> tuple[Plugin, SourceKind]:
    """The kind of that name, with its plugin. Raises UsageError where there is none, or more than one."""
    claims = [(plugin, kind) for plugin in plugins() for kind in plugin.kinds if kind.name == name]
    if not claims:
        raise UsageError(_unknown())
    if len(claims) > 1:
        names = " and ".join(plugin.name for plugin, _ in claims)
        raise UsageError(f"claimed by more than one plugin, {names}: uninstall all but one")
    return claims[0]


def _unknown() -> str:
    """What is there instead, and how there can be more."""
    added = [f"{kind.name} (of {plugin.name})" for plugin in plugins() for kind in plugin.kinds]
    faults = [f"; the plugin {one.name} cannot be used: {one.fault}" for one in plugins() if one.fault]
    return (
        f"no kind of that name: known are {', '.join([*Kind, *added])}; others come with plugins, "
        f"installed with pip where this program is{''.join(faults)}"
    )


# --- asking and reading -----------------------------------------------------------------------------------------------


def fetch(source: Source, state: SourceState, ask: Ask) -> Fetched:
    """Asks a source as its kind does, or by `ask`. Raises ReadError with a status, whatever the plugin does."""
    plugin, kind = find(source.kind)
    if kind.fetch is None:
        return ask(source, state)
    started = time.monotonic()
    fetched = _called(plugin, Fetched, kind.fetch, source, state, ask)
    fetched = replace(fetched, note=plain(fetched.note), ms=round((time.monotonic() - started) * 1_000))
    if (fetched.status is Status.OK) is (fetched.document is None):
        raise ReadError(Status.PLUGIN, f"{plugin.name}: there is a document exactly where the status is ok")
    return replace(fetched, **_received(fetched.document, source)) if fetched.document else fetched


def _received(document: Document, source: Source) -> dict[str, Any]:
    """What holds of every document, whoever fetched it: bounded, no credentials in its address, its source known."""
    if len(document.body) > source.max_bytes:
        raise ReadError(Status.TOO_LARGE, f"more than {source.max_bytes} bytes: raise `max_bytes` if that is right")
    known = replace(
        document,
        url=replace(source, url=document.url).public_url,
        source=source.id,
        encoding=source.encoding,
        language=source.language,
    )
    return {"document": known, "bytes": len(document.body)}


def read(document: Document, source: Source) -> Reading:
    """What a document says, read as its source's kind. Raises ReadError with a status, whatever the plugin does."""
    plugin, kind = find(source.kind)
    reading = _called(plugin, Reading, kind.read, document, source)
    return replace(reading, note=plain(reading.note))


def _called(plugin: Plugin, wanted: type[Record], function: Callable[..., Record], *given: object) -> Record:
    """What a function of a plugin returns, which is the record that is wanted. Raises nothing but ReadError."""
    try:
        record = function(*given)
    except (Exception, SystemExit) as problem:
        if isinstance(problem, ReadError) and problem.status in _FAILURES:
            raise ReadError(problem.status, plain(str(problem.note))) from problem
        raise ReadError(Status.PLUGIN, f"{plugin.name}: {_whereabouts(problem)}") from problem
    if misfit := _misfit(record, wanted, wanted.__name__):
        raise ReadError(Status.PLUGIN, f"{plugin.name}: {misfit}")
    return record


def _whereabouts(problem: BaseException) -> str:
    """What was raised and where in the plugin, but not its words."""
    frames = traceback.extract_tb(problem.__traceback__)
    entered = frames[min(1, len(frames) - 1)]  # the first is the call in this module
    *_, last = (frame for frame in frames if frame.filename == entered.filename)
    return f"{type(problem).__name__} in {last.name}, line {last.lineno}"


# --- holding values against annotations -------------------------------------------------------------------------------


def _misfit(value: object, wanted: Any, place: str) -> str | None:
    """The first place where a value is not what the annotations of its record say; None where everything fits."""
    if get_origin(wanted) in (Union, UnionType):
        misfits = [_misfit(value, one, place) for one in get_args(wanted)]
        return None if None in misfits else misfits[0]
    plain_type = get_origin(wanted) or wanted
    if not isinstance(value, plain_type):
        return f"{place} is of type {type(value).__name__}, not {plain_type.__name__}"
    if isinstance(value, tuple) and Ellipsis not in (lengths := get_args(wanted)) and len(value) != len(lengths):
        return f"{place} has {len(value)} parts, not {len(lengths)}"
    if isinstance(value, str) and not _writable(value):
        return f"{place} holds half a character, which no file can hold"
    return next(filter(None, (_misfit(*part) for part in _parts(value, wanted, place))), None)


def _parts(value: Any, wanted: Any, place: str) -> Iterator[tuple[object, Any, str]]:
    """The parts of a record, or of a tuple, each with what it should be and where it stands."""
    inner = get_args(wanted)
    if isinstance(wanted, type) and is_dataclass(wanted):
        yield from ((getattr(value, name), hint, f"{place}.{name}") for name, hint in _hints(wanted).items())
    elif get_origin(wanted) is tuple:
        hints = repeat(inner[0]) if Ellipsis in inner else inner
        yield from ((one, hint, f"{place}[{at}]") for at, one, hint in zip(count(), value, hints, strict=False))


@cache
def _hints(record: Any) -> Mapping[str, Any]:
    return get_type_hints(record)


def _writable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
