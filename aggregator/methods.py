"""Which method finds stories: the built-in one, or one that another package brings.

A package names it in its metadata, and feeds.yaml asks for it by that name:

    [project.entry-points."aggregator.stories"]
    embeddings = "my_package:method"

What the name leads to is called with a Setting and returns a `stories.Method`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from aggregator import concepts, evidence, gazetteer, outlets, stories
from aggregator.errors import UsageError
from aggregator.model import Config, Outlet
from aggregator.text import script

GROUP = "aggregator.stories"  # of the entry points
BUILT_IN = evidence.ByConcepts.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a method may build on: every name there is, and the names of the topics by id."""

    lexicon: concepts.Lexicon
    topics: Mapping[str, str]


def method(config: Config) -> stories.Method:
    """The method that feeds.yaml asks for. Raises UsageError where it is not there, or fails."""
    return named(config.stories.method, setting(config))


def setting(config: Config) -> Setting:
    """The names of the gazetteer, of feeds.yaml's own tables, of the press, and of the topics."""
    own = [entry for path in config.stories.names for entry in gazetteer.load(Path(path))]
    press = tuple(config.outlets.values())
    lexicon = _lexicon(own, press) if own else _lexicon_without_own(press)
    return Setting(lexicon=lexicon, topics={topic.id: topic.name for topic in config.topics.values()})


def _lexicon(own: Collection[gazetteer.Entry], press: Iterable[Outlet]) -> concepts.Lexicon:
    named = [entry for one in outlets.directory(press).outlets.values() if (entry := _as_entry(one))]
    more = hashlib.sha256(repr((own, named)).encode()).hexdigest()
    edition = f"{gazetteer.edition()} {more}"
    return concepts.Lexicon((*own, *gazetteer.built_in(), *named), gazetteer.pairs(), edition)


@lru_cache(maxsize=4)
def _lexicon_without_own(press: tuple[Outlet, ...]) -> concepts.Lexicon:
    return _lexicon((), press)


_PRESS_WORDS = re.compile(r"통신|신문|일보|通信|通訊|通讯|新聞|新闻|日報|日报")
_SHORTEST = {"en": 3, "ko": 4, "ja": 4, "zh": 4}  # characters of a name that is no word besides: 경향 is a tendency


def _as_entry(outlet: Outlet) -> gazetteer.Entry | None:
    """An outlet as something that others write about, BBC or Reuters; it says little, for they are cited every day."""
    names: dict[str, list[str]] = {}
    for name in (one for one in (outlet.name, *outlet.aliases) if gazetteer.BETWEEN not in one):
        scripts = {script(char) for char in name}
        for language in _languages(scripts):
            if len(name) >= _SHORTEST[language] or _PRESS_WORDS.search(name):
                names.setdefault(language, []).append(name)
    given = {language: gazetteer.BETWEEN.join(some) for language, some in names.items()}
    return gazetteer.Entry(id=f"press {outlet.id}", kind="organisation", weight=1, **given) if given else None


def _languages(scripts: Collection[str]) -> tuple[str, ...]:
    """In which of the tables a name of these scripts belongs."""
    if "hangul" in scripts:
        return ("ko",)
    if "kana" in scripts:
        return ("ja",)
    return ("ja", "zh") if "han" in scripts else ("en",)


def found(name: str) -> EntryPoint:
    """Where a package has the method of a name. Raises UsageError where none has."""
    there = {one.name: one for one in entry_points(group=GROUP)}
    if name not in there:
        names = ", ".join((BUILT_IN, *sorted(there)))
        raise UsageError(f"no method {name!r} for stories is installed; there are: {names}")
    return there[name]


def named(name: str, setting: Setting) -> stories.Method:
    """A method by its name."""
    if name == BUILT_IN:
        return evidence.ByConcepts(setting.lexicon, setting.topics)
    there = found(name)
    try:
        made: stories.Method = there.load()(setting)
    except Exception as problem:  # whatever it is, it is the plugin's, and it is told
        raise UsageError(
            f"the method {name!r} for stories cannot be used: {type(problem).__name__}: {problem}"
        ) from problem
    if not all(callable(getattr(made, part, None)) for part in ("profile", "clues", "likeness")):
        raise UsageError(f"the method {name!r} for stories has not all of profile, clues and likeness")
    return made
