"""A feeds.yaml that was found right before, read again for a run: nothing is checked, which takes half the time.

Where something is not as it was, the exception says nothing to anybody: `config` reads it with all checks, which do.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from aggregator.keys import SCALARS, SECTIONS
from aggregator.model import Channels, Config, Outlet, Selectors, Source, Stories, Topic

_Pairs = list[tuple[yaml.Node, yaml.Node]]


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # which of them is there
    """What YAML takes a value for is of no interest: that takes a third of its time."""

    def resolve(self, *_: object) -> str:
        """No tag."""
        return ""


def config(text: str, folder: Path) -> Config:
    """All of a feeds.yaml that is right, in which relative paths begin in a folder. Raises whatever comes up."""
    root: Any = yaml.compose(text.removeprefix("\ufeff"), Loader=_Loader)
    parts: dict[str, Any] = {key.value: node.value for key, node in root.value}
    defaults = {"id": "", "url": ""} | _fields(parts.get("fetch"), "fetch", folder)
    sources = [Source(**defaults | _fields(node.value, "sources[]", folder)) for node in parts.get("sources", ())]
    outlets = {key.value: _fields(node.value, "outlets.ID", folder) for key, node in parts.get("outlets", ())}
    topics = {key.value: _fields(node.value, "topics.ID", folder) for key, node in parts.get("topics", ())}
    return Config(
        sources={source.id: source for source in sources},
        outlets={name: Outlet(id=name, **fields) for name, fields in outlets.items()},
        topics={name: Topic(**{"id": name, "name": name} | fields) for name, fields in topics.items()},
        stories=Stories(**_fields(parts.get("stories"), "stories", folder)),
        alerts=Channels(**_fields(parts.get("alerts"), "alerts", folder)),
    )


def _fields(pairs: _Pairs | None, section: str, folder: Path) -> dict[str, Any]:
    keys = SECTIONS[section]
    return {key.value: _value(keys[key.value].type, node, folder) for key, node in pairs or ()}


def _value(type_: str, node: yaml.Node, folder: Path) -> Any:
    if type_ in SCALARS:
        return _scalar(type_, node.value)
    match type_:
        case "list of URLs":
            return tuple(_scalar("page", item.value) for item in node.value)
        case "list of texts":
            return tuple(_scalar("text", item.value) for item in node.value)
        case "list of files":
            return tuple(str(folder / _scalar("text", item.value)) for item in node.value)
        case "options":
            return {key.value: _scalar("text", item.value) for key, item in node.value}
        case "queries":
            return _queries(node.value)
        case "selectors":
            return Selectors(**_fields(node.value, "sources[].select", folder))
    raise LookupError(type_)


def _queries(pairs: _Pairs) -> dict[str, tuple[str, ...]]:
    queries: dict[str, tuple[str, ...]] = {}
    for key, node in pairs:
        language = key.value if key.value == "any" else _scalar("language", key.value)
        queries[language] = queries.get(language, ()) + tuple(_scalar("query", item.value) for item in node.value)
    return queries


@lru_cache(maxsize=2048)
def _scalar(type_: str, written: str) -> Any:
    """The value of a text: a thousand sources have few languages, zones and lengths of time."""
    kind = SCALARS[type_]
    value = (kind.known or kind.read)(written.strip())
    if value is None:
        raise ValueError
    return value
