"""Which method finds stories: the built-in one, or one that another package brings.

A package names it in its metadata, and feeds.yaml asks for it by that name:

    [project.entry-points."aggregator.stories"]
    embeddings = "my_package:method"

What the name leads to is called with a Setting and returns a `stories.Method`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

from aggregator import concepts, gazetteer, stories
from aggregator.errors import UsageError
from aggregator.model import Config

GROUP = "aggregator.stories"  # of the entry points
BUILT_IN = stories.ByConcepts.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a method may build on: every name there is, and the names of the topics by id."""

    lexicon: concepts.Lexicon
    topics: Mapping[str, str]


def method(config: Config) -> stories.Method:
    """The method that feeds.yaml asks for. Raises UsageError where it is not there, or fails."""
    return named(config.stories.method, setting(config))


def setting(config: Config) -> Setting:
    """The names of the gazetteer, those of feeds.yaml's own tables, and those of the topics."""
    own = [entry for path in config.stories.names for entry in gazetteer.load(Path(path))]
    lexicon = _lexicon(own) if own else _built_in_lexicon()
    return Setting(lexicon=lexicon, topics={topic.id: topic.name for topic in config.topics.values()})


def _lexicon(own: Iterable[gazetteer.Entry]) -> concepts.Lexicon:
    return concepts.Lexicon((*own, *gazetteer.built_in()), gazetteer.pairs())


@cache
def _built_in_lexicon() -> concepts.Lexicon:
    return _lexicon(())


def named(name: str, setting: Setting) -> stories.Method:
    """A method by its name."""
    if name == BUILT_IN:
        return stories.ByConcepts(setting.lexicon, setting.topics)
    found = [one for one in entry_points(group=GROUP) if one.name == name]
    if not found:
        there = ", ".join((BUILT_IN, *sorted(one.name for one in entry_points(group=GROUP))))
        raise UsageError(f"no method {name!r} for stories is installed; there are: {there}")
    try:
        made: stories.Method = found[0].load()(setting)
    except Exception as problem:  # whatever it is, it is the plugin's, and it is told
        raise UsageError(
            f"the method {name!r} for stories cannot be used: {type(problem).__name__}: {problem}"
        ) from problem
    if not all(callable(getattr(made, part, None)) for part in ("profile", "clues", "likeness")):
        raise UsageError(f"the method {name!r} for stories has not all of profile, clues and likeness")
    return made
