"""A tick of cron in which nothing is due: seen in the database alone, so that it costs little more than opening it.

Knows the names of tables and no more; whoever wants to know or to change anything else opens a `store`.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from aggregator.errors import RunLocked, StoreError

# Nothing to ask, to visit, to compare, to tell; and feeds.yaml is the one that the last run found right.
_IDLE = """
SELECT NOT EXISTS (SELECT 1 FROM sources WHERE enabled AND (due_at IS NULL OR due_at <= :now OR due_at > :far))
  AND NOT EXISTS (SELECT 1 FROM visits WHERE due_at <= :now)
  AND NOT EXISTS (SELECT 1 FROM ungrouped)
  AND NOT EXISTS (SELECT 1 FROM alerts WHERE told_at IS NULL AND ended_at IS NULL)
  AND EXISTS (SELECT 1 FROM meta WHERE key = :key AND value = :digest)
"""


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """Holds the lock of a database, so that two runs never overlap. Raises RunLocked where another one has it.

    The lock is the kernel's (flock): it ends with the process, however that dies. The file may be another user's. A
    database has one, by whatever name it is called. Raises StoreError where there is no place for it.
    """
    refuse_no_place(path)
    own = path.resolve()
    handle = _opened(own.with_name(own.name + ".lock"))
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            raise RunLocked(f"{path}: another run is at work") from problem
        yield
    finally:
        os.close(handle)


def refuse_no_place(path: Path) -> None:
    """Raises StoreError where no file can have that name."""
    if path.is_dir():
        raise StoreError(f"{path}: is a directory; name the file in it with --db")
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as problem:  # a link that leads to itself, a directory that this user may not enter
        raise StoreError(f"{path}: cannot be reached: {problem.strerror}; name another file with --db") from problem
    else:
        if not stat.S_ISREG(found.st_mode):
            raise StoreError(f"{path}: is no file; name one with --db")
    if not (folder := path.resolve().parent).is_dir():
        raise StoreError(f"{path}: there is no directory {folder}; make it, or name another file with --db")


def _opened(lock: Path) -> int:
    try:
        return os.open(lock, os.O_RDONLY | os.O_CREAT, 0o666)
    except OSError as problem:
        may = "read that file" if lock.exists() else f"write in {lock.parent}"
        raise StoreError(f"the lock {lock} cannot be opened: {problem.strerror}; may this user {may}?") from problem


def connect(path: Path, mode: str, wait: float) -> sqlite3.Connection:
    """Opens a database, for reading (`ro`), for writing (`rw`), or made where it is not there (`rwc`).

    Other programs that hold it are waited for, so many seconds.
    """
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=wait, isolation_level=None)


def glance(path: Path, key: str) -> str | None:
    """What a database has noted under a key; None where it has not, or cannot be read right now.

    Nothing is waited for or changed: for a look before the lock is held.
    """
    with suppress(sqlite3.Error), closing(connect(path, "ro", wait=0)) as connection:
        found = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return str(found[0]) if found else None
    return None


def passed(path: Path, right: tuple[str, str], now: str, far: str, version: str) -> bool:
    """Notes a run in which nothing was due, where that is so; else changes nothing. Raises RunLocked.

    `right` is what the database has noted of the feeds.yaml in use, with its key; `now` and `far`, the latest time that
    a source can be due, are as the database writes them. A database that is odd in any way is for the store to open.
    """
    key, digest = right
    values = {"now": now, "far": far, "key": key, "digest": digest, "version": version}
    with lock(path), suppress(sqlite3.Error), closing(connect(path, "rw", wait=0)) as connection:
        if not connection.execute(_IDLE, values).fetchone()[0]:
            return False
        connection.execute("PRAGMA synchronous = normal")
        connection.execute(
            "INSERT INTO runs (started_at, ended_at, version, exit_code) VALUES (:now, :now, :version, 0)", values
        )
        return True
    return False
