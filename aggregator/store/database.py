"""An open database: its connection, its transactions, its lock, and what goes wrong with them in words."""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aggregator import schema, search
from aggregator.errors import RunLocked, StoreBusy, StoreDamaged, StoreError, StoreNewer

BUSY_SECONDS = 10  # how long another writer is waited for
_HINTS = {  # what to do about what SQLite says
    "disk is full": "make room and run it again: what was stored before is safe",
    "disk I/O error": "is the disk full, or failing? `df` and `dmesg` tell; what was stored before is safe",
    "readonly": "may this user write the file and its directory?",
    "unable to open": "may this user write the file and its directory?",
}
_INDEX = "search"  # what the version of the search index is noted under


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """Holds the lock of a database, so that two runs never overlap. Raises RunLocked where another one has it.

    The lock is the kernel's (flock): it ends with the process, however that dies.
    """
    with path.with_name(path.name + ".lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            raise RunLocked(f"{path}: another run is at work") from problem
        yield


def wal_reset_fault(version: tuple[int, ...]) -> bool:
    """Whether a version of SQLite may damage a database in WAL mode (sqlite.org/wal.html#walresetbug).

    It takes two connections, of which one writes and one checkpoints at the same moment.
    """
    mended = (version[:2] == (3, 44) and version >= (3, 44, 6)) or (version[:2] == (3, 50) and version >= (3, 50, 7))
    return (3, 7, 0) <= version < (3, 51, 3) and not mended


def faulty_sqlite() -> str:
    """The version of SQLite that is in use, if it has that fault."""
    return sqlite3.sqlite_version if wal_reset_fault(sqlite3.sqlite_version_info) else ""


class Database:
    """An open database. Use it as a context manager; one thread at a time."""

    def __init__(self, path: Path, *, create: bool = True) -> None:
        """Opens the database and brings its tables up to date. Raises StoreError with what is wrong and what to do."""
        self.path = path
        if not create and not path.exists():
            raise StoreError(f"{path}: there is no database yet; `aggregator run` makes it")
        with self._explained():
            self._connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
            self._prepare()

    def _prepare(self) -> None:
        found = schema.version(self._connection)
        if found > schema.VERSION:
            raise StoreNewer(f"{self.path}: was written by a newer version of this program; please upgrade")
        if self._connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            self._connection.execute("PRAGMA journal_mode = wal")
        self._connection.execute("PRAGMA synchronous = normal")  # WAL survives a kill; a power cut costs a run at most
        if found < schema.VERSION:
            schema.migrate(self._connection)
        self._connection.execute("PRAGMA foreign_keys = on")
        if self.noted(_INDEX) != search.VERSION:
            self.reindex()

    def reindex(self) -> int:
        """Builds the search index anew. Returns the number of articles."""
        with self.transaction():
            articles = search.rebuild(self._connection)
            self.note(_INDEX, search.VERSION)
        return articles

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turns what SQLite says into what an operator can act upon."""
        try:
            yield
        except sqlite3.OperationalError as problem:
            if "locked" in str(problem) or "busy" in str(problem):
                raise StoreBusy(f"{self.path}: another program held it for {BUSY_SECONDS} s; try again") from problem
            hint = next((f"; {hint}" for said, hint in _HINTS.items() if said in str(problem)), "")
            raise StoreError(f"{self.path}: {problem}{hint}") from problem
        except sqlite3.DatabaseError as problem:
            hint = "it is left as it is; restore it from a backup or move it away"
            raise StoreDamaged(f"{self.path}: {problem}; {hint}") from problem

    def close(self) -> None:
        """Closes the database."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written within is there as a whole, or not at all."""
        with self._explained():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                if self._connection.in_transaction:  # SQLite ends it by itself where the disk is full
                    self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def _rows(self, sql: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[sqlite3.Row]:
        with self._explained():
            cursor = self._connection.execute(sql, values)
            cursor.row_factory = sqlite3.Row
            return cursor.fetchall()

    def _upsert(self, table: str, values: Sequence[Mapping[str, Any]], *, key: str = "id") -> None:
        """Inserts rows by their key, or changes just the columns given: nothing else of an old row is touched."""
        if not values:
            return
        names = list(values[0])
        changes = ", ".join(f'"{name}" = excluded."{name}"' for name in names if name != key)
        columns, marks = ", ".join(f'"{name}"' for name in names), ", ".join(f":{name}" for name in names)
        self._connection.executemany(
            f"INSERT INTO {table} ({columns}) VALUES ({marks}) ON CONFLICT ({key}) DO UPDATE SET {changes}",  # noqa: S608 - our own names
            values,
        )

    def _insert(self, table: str, row: Mapping[str, Any]) -> int:
        columns, marks = ", ".join(f'"{name}"' for name in row), ", ".join(f":{name}" for name in row)
        cursor = self._connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", row)  # noqa: S608 - our own names
        return int(cursor.lastrowid or 0)

    def noted(self, key: str) -> str | None:
        """What the program has noted about itself."""
        found = self._rows("SELECT value FROM meta WHERE key = ?", (key,))
        return found[0]["value"] if found else None

    def note(self, key: str, value: str) -> None:
        """Notes something about the program itself."""
        self._connection.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (key, value))

    def backup(self, target: Path) -> None:
        """Copies the database into a new file, whole and consistent, while others read and write."""
        if target.exists():
            raise StoreError(f"{target}: is there already; a backup never overwrites")
        with self._explained():
            self._connection.execute("VACUUM INTO ?", (str(target),))
