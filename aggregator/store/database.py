"""An open database: its connection, its transactions, its lock, and what goes wrong with them in words."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aggregator import schema, search
from aggregator.errors import StoreBusy, StoreConflict, StoreDamaged, StoreError, StoreNewer
from aggregator.ticks import connect, refuse_no_place

BUSY_SECONDS = 10  # how long another writer is waited for
PAUSE_SECONDS = 0.02  # until it is asked for again, where SQLite does not wait by itself
LOG = (
    4_000  # pages of the -wal file (16 MB) until it is emptied: SQLite's own 1,000 write the same pages again and again
)
CACHE = 8_000  # kilobytes of pages that a writer keeps: SQLite's own 2,000 read indexes again for every article
_MAY = "may this user write the file and its directory? Reading takes the latter, too: SQLite keeps files beside it"
_HINTS = {  # what to do about what SQLite says
    "disk is full": "make room and run it again: what was stored before is safe",
    "disk I/O error": "is the disk full, or failing? `df` and `dmesg` tell; what was stored before is safe",
    "readonly": _MAY,
    "unable to open": _MAY,
}
_LEFT = "it is left as it is; restore it from a backup or move it away"
_NO_LOG = b"\1\1"  # what the header of a database says that keeps no log, such as a backup
_INDEX = "search"  # what the version of the search index is noted under


def wal_reset_fault(version: tuple[int, ...]) -> bool:
    """Whether a version of SQLite may damage a database in WAL mode (sqlite.org/wal.html#walresetbug).

    It takes two connections, of which one writes and one checkpoints at the same moment.
    """
    mended = (version[:2] == (3, 44) and version >= (3, 44, 6)) or (version[:2] == (3, 50) and version >= (3, 50, 7))
    return (3, 7, 0) <= version < (3, 51, 3) and not mended


def faulty_sqlite() -> str:
    """The version of SQLite that is in use, if it has that fault."""
    return sqlite3.sqlite_version if wal_reset_fault(sqlite3.sqlite_version_info) else ""


def look(path: Path, *, there: bool) -> None:
    """Raises StoreError where a database cannot be opened, or must be `there` and is not; before anything is changed.

    SQLite throws a log away where the database is empty, and writes it into one that it does not belong to.
    """
    refuse_no_place(path)
    own = path.resolve()  # SQLite keeps it there
    log = own.with_name(own.name + "-wal")
    head = _head(path)
    if log.exists() and log.stat().st_size:
        if not head:
            raise StoreDamaged(f"{path}: is missing or empty, but {log.name} beside it is not; {_LEFT}")
        if head[18:20] == _NO_LOG:
            raise StoreDamaged(f"{log}: belongs to another database than the one beside it; move it away")
    if not head and there:
        raise StoreError(f"{path}: there is no database yet; `aggregator run` makes it")


def _head(path: Path) -> bytes:
    """The first bytes of a file: none where it is empty, or not there."""
    try:
        if not path.is_file():
            return b""
        with path.open("rb") as file:
            return file.read(20)
    except OSError as problem:
        raise StoreError(f"{path}: cannot be read: {problem.strerror}; may this user read it?") from problem


def _closed(path: Path) -> str:
    """Which of a file and its directory this user may not write, as a sentence; nothing where that is not known."""
    closed = [str(one) for one in (path, path.absolute().parent) if one.exists() and not os.access(one, os.W_OK)]
    return f". It may not write {' and '.join(closed)}" if closed else ""


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file of the machine has a name now."""
    with suppress(OSError):
        found = path.stat()
        return found.st_dev, found.st_ino
    return None


def _is_utf8(path: Path) -> bool:
    """Whether a path is text; other bytes of it are half characters to Python."""
    with suppress(UnicodeEncodeError):
        return bool(str(path).encode())
    return False


class Database:
    """An open database. Use it as a context manager; one thread at a time."""

    def __init__(self, path: Path, *, readonly: bool = False) -> None:
        """Opens the database and brings its tables up to date. Raises StoreError with what is wrong and what to do.

        `readonly` opens what is there already, so that nothing can be written; an earlier version is brought up to date
        first.
        """
        self.path, self._readonly = path, readonly
        self._torn = False  # a transaction could not be taken back
        self._whole = False  # a transaction is under way, of which others are parts
        self._entries: list[search.Entry] = []  # what the search index is to be told at the end of a transaction
        look(path, there=readonly)
        with self._explained():
            self._connection = self._connect()
            try:
                self._file = _identity(self.path)
                self._prepare()
            except BaseException:
                self._connection.close()
                raise

    def _connect(self) -> sqlite3.Connection:
        return connect(self.path, "ro" if self._readonly else "rwc", BUSY_SECONDS)

    def _prepare(self) -> None:
        found = schema.version(self._connection)
        self._refuse_foreign()
        if found > schema.VERSION:
            raise StoreNewer(f"{self.path}: was written by a newer version of this program; please upgrade")
        if self._readonly:
            self._have_it_up_to_date(found)
        else:
            self._bring_up_to_date(found)

    def _refuse_foreign(self) -> None:
        """Another program's tables are not added to."""
        names = [name for (name,) in self._connection.execute("SELECT name FROM sqlite_master")]
        if names and not self._is_ours():
            raise StoreError(f"{self.path}: is a database of another program; give the name of another file with --db")

    def _is_ours(self) -> bool:
        """Whether this program brought the tables up to date; others keep their migrations in a table of that name."""
        columns = self._connection.execute("SELECT name FROM pragma_table_info('_sqlite_migrations')")
        if ("migration_set",) not in columns.fetchall():
            return False
        ours = "SELECT 1 FROM _sqlite_migrations WHERE migration_set = ?"
        return self._connection.execute(ours, (schema.SET,)).fetchone() is not None

    def _have_it_up_to_date(self, found: int) -> None:
        if found < schema.VERSION or self.noted(_INDEX) != search.VERSION:
            self._connection.close()
            type(self)(self.path).close()
            self._connection = self._connect()

    def _bring_up_to_date(self, found: int) -> None:
        self._keep_a_log()
        self._connection.execute(f"PRAGMA cache_size = -{CACHE}")
        self._connection.execute(f"PRAGMA wal_autocheckpoint = {LOG}")
        self._connection.execute("PRAGMA synchronous = normal")  # WAL survives a kill; a power cut costs a run at most
        if found < schema.VERSION:
            with self.transaction():  # of programs that open it at the same time, one does it and the others wait
                schema.migrate(self._connection)
        self._connection.execute("PRAGMA foreign_keys = on")
        if self.noted(_INDEX) != search.VERSION:
            self.reindex()

    def _keep_a_log(self) -> None:
        """Has the database keep a log (WAL), which it does from then on.

        SQLite itself waits for nobody here: whoever reads already and wants to write, is refused at once.
        """
        give_up = time.monotonic() + BUSY_SECONDS
        while self._connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            try:
                self._connection.execute("PRAGMA journal_mode = wal")
            except sqlite3.OperationalError as problem:
                if "locked" not in str(problem) or time.monotonic() > give_up:
                    raise
                time.sleep(PAUSE_SECONDS)

    def reindex(self) -> int:
        """Builds the search index anew. Returns the number of articles."""
        with self.transaction():
            articles = search.rebuild(self._connection)
            self.note(_INDEX, search.VERSION)
        return articles

    @contextmanager
    def _explained(self, written: Path | None = None) -> Iterator[None]:
        """Turns what SQLite says into what an operator can act upon; of the file that is written, if it is another."""
        try:
            yield
        except sqlite3.OperationalError as problem:
            if "locked" in str(problem) or "busy" in str(problem):
                raise StoreBusy(f"{self.path}: another program held it for {BUSY_SECONDS} s; try again") from problem
            hint = next((hint for said, hint in _HINTS.items() if said in str(problem)), "")
            hint += _closed(written or self.path) if hint is _MAY else ""
            raise StoreError(f"{written or self.path}: {problem}" + f"; {hint}" * bool(hint)) from problem
        except sqlite3.IntegrityError as problem:
            raise StoreConflict(f"{self.path}: {problem}: a fault of this program; nothing was stored") from problem
        except sqlite3.DatabaseError as problem:
            raise StoreDamaged(f"{self.path}: {problem}; {_LEFT}") from problem

    def tidy(self) -> None:
        """Empties the -wal file, as SQLite does where nobody else has the database open: Datasette may have.

        For whoever holds the lock. Where somebody reads just now, it is left to the next.
        """
        with suppress(sqlite3.OperationalError):
            self._connection.execute("PRAGMA busy_timeout = 0")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Closes the database."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _found_by(self, article: int, title: str, summary: str) -> None:
        """Has the search find an article by these texts, and by the spellings that it corrected so far."""
        self._search(search.entry(self._connection, article, title, summary))

    def _no_longer_found_by(self, article: int, title: str, summary: str) -> None:
        """Takes back what `_found_by` did; the texts, and what the article corrected, must be those of then."""
        self._search(search.entry(self._connection, article, title, summary)._replace(goes=True))

    def _found_by_others(self, article: int, before: Sequence[str], after: Sequence[str]) -> None:
        """Has the search find an article by another title and summary than before."""
        if tuple(before) != tuple(after):
            self._no_longer_found_by(article, *before)
            self._found_by(article, *after)

    def _search(self, entry: search.Entry) -> None:
        if self._connection.in_transaction:
            self._entries.append(entry)  # the index is changed once in a transaction
        else:
            search.write(self._connection, [entry])

    @contextmanager
    def whole(self) -> Iterator[None]:
        """The same, of which transactions within are parts: others see nothing of it before its end."""
        with self.transaction():
            self._whole = True
            try:
                yield
            finally:
                self._whole = False

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written within is there as a whole, or not at all."""
        if self._whole:
            yield
            return
        with self._explained():
            try:
                if self._torn:
                    self._take_back()
                self._connection.execute("BEGIN IMMEDIATE")
                self._refuse_another_file()
                yield
                search.write(self._connection, self._entries)
                self._connection.execute("COMMIT")
            except BaseException:
                self._torn = True
                self._take_back()
                raise
            finally:
                self._entries.clear()

    def _take_back(self) -> None:
        """Ends a transaction without what it wrote; the next one does, where there is no memory even for that."""
        with suppress(MemoryError):
            if self._connection.in_transaction:  # SQLite ends it by itself where the disk is full
                self._connection.execute("ROLLBACK")
            self._torn = False

    def _refuse_another_file(self) -> None:
        """What is written into a file that was moved away, nobody would find."""
        if _identity(self.path) != self._file:
            moved = "was moved away or replaced while it was open; what was stored before is in the file that was moved"
            raise StoreError(f"{self.path}: {moved}. Run it again")

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
        """Copies the database into a new file, whole and consistent, while others read and write.

        The copy gets its name when it is complete and found sound. Raises StoreDamaged where it is not.
        """
        if target.exists():
            raise StoreError(f"{target}: is there already; a backup never overwrites")
        if not _is_utf8(target.absolute()):
            raise StoreError(f"{target}: SQLite writes no file whose path is not UTF-8; give it another name")
        if not target.parent.is_dir():
            raise StoreError(
                f"{target}: there is no directory {target.parent}; make it first: mkdir -p {target.parent}"
            )
        part = target.absolute().with_name(f"{target.name}.{os.getpid()}.part")
        try:
            with self._explained(target):
                self._connection.execute("VACUUM INTO ?", (str(part),))
            self._refuse_damage_of(part)
            with part.open("rb") as written:
                os.fsync(written.fileno())
            part.rename(target)
        finally:
            part.unlink(missing_ok=True)

    def _refuse_damage_of(self, copy: Path) -> None:
        """A copy has the damage of what it is copied from."""
        with self._explained(copy), closing(connect(copy, "ro", wait=0)) as connection:
            (told,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
        if told != "ok":
            raise StoreDamaged(f"{self.path}: is damaged ({' '.join(told.split())}); {_LEFT}")
