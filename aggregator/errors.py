"""Everything this program raises on purpose.

AggregatorError
 ├─ ConfigError          feeds.yaml is wrong; holds every mistake at once
 ├─ QueryError           a topic's query is wrong; says in which column and what was expected
 ├─ UsageError           a command was asked for something that is not there (source, topic, file)
 ├─ ReadError            a document could not be read; holds the status that its source gets
 └─ StoreError           the database cannot be used
     ├─ StoreBusy        another program has held the database for too long
     ├─ StoreConflict    a step that the database refuses, for a fault of this program
     ├─ StoreNewer       the database was written by a newer version of this program
     └─ StoreDamaged     the file is no database, or a damaged one
RunLocked is an AggregatorError too: another run holds the lock. So is ClusterAway: the workers cannot be reached.

A source that cannot be fetched or read never raises out of a run: it becomes an Outcome. What is raised here
is for a person: what is wrong, where, and what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class AggregatorError(Exception):
    """The root: catching it catches whatever this program raises on purpose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One thing wrong in feeds.yaml: the line (from 1), the path of the key, and what to do."""

    line: int
    key: str
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.key}: {self.message}"


class ConfigError(AggregatorError):
    """feeds.yaml is wrong. `mistakes` holds all that was found, in the order of their lines."""

    def __init__(self, path: str, mistakes: Sequence[Mistake]) -> None:
        self.path = path
        self.mistakes = tuple(sorted(mistakes, key=lambda mistake: (mistake.line, mistake.key)))
        super().__init__("\n".join(f"{path}: {mistake}" for mistake in self.mistakes))


class QueryError(AggregatorError):
    """A query cannot be read. `column` counts characters from 1."""

    def __init__(self, query: str, column: int, expected: str) -> None:
        self.query, self.column, self.expected = query, column, expected
        super().__init__(f"column {column} of {query!r}: expected {expected}")


class UsageError(AggregatorError):
    """Something was asked for that is not there."""


class ReadError(AggregatorError):
    """A document cannot be read as what its source is said to be. `status` is a word of `model.Status`."""

    def __init__(self, status: str, note: str) -> None:
        self.status, self.note = status, note
        super().__init__(f"{status}: {note}")


class RunLocked(AggregatorError):
    """Another run holds the lock."""


class ClusterAway(AggregatorError):
    """Workers that were to ask sources cannot be used, or no longer."""


class StoreError(AggregatorError):
    """The database cannot be used."""


class StoreBusy(StoreError):
    """Another program has held the database for too long."""


class StoreConflict(StoreError):
    """The database refuses what would contradict what it holds: nothing of that step was stored."""


class StoreNewer(StoreError):
    """The database was written by a newer version of this program."""


class StoreDamaged(StoreError):
    """The file is no database, or a damaged one."""


NO_MEMORY = "there is not enough memory for it: lower max_bytes"  # for a document that is alone in that


def whereabouts(problem: BaseException) -> str:
    """What was raised and where, but not its words: they may quote an address with its secrets."""
    import traceback

    *_, last = traceback.extract_tb(problem.__traceback__)
    return f"{type(problem).__name__} in {last.name}, line {last.lineno}"


def trail(problem: BaseException) -> str:
    """The way to where it was raised, for a log: a traceback without the words."""
    import traceback

    return "".join(traceback.format_tb(problem.__traceback__)) + type(problem).__name__
