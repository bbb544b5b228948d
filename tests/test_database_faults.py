"""What becomes of a database whose process is killed, whose file is damaged, or whose directory is closed to it."""

from __future__ import annotations

import gzip
import os
import shutil
import signal
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlite_utils

from aggregator import schema, search
from aggregator.errors import StoreBusy, StoreDamaged, StoreError
from aggregator.store import Store
from tests.forks import Forks

STEP = max(1, 1000 // int(os.environ.get("KILLS", "25")))  # statements from kill to kill; with 1000 it is all of them
ARTICLES = 40


def fill(path: Path) -> None:
    """Writes articles with what tables have had since the first version."""
    connection = sqlite3.connect(path)
    row = "'탈북민 ' || value || '명 북송', 'https://a.example/' || value, '', 'ko', '2023-10-12', '2023-10-12'"
    connection.execute(
        "INSERT INTO articles (title, url, link, language, first_seen_at, last_seen_at)"
        f" WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n LIMIT {ARTICLES}) SELECT {row} FROM n"
    )
    connection.commit()
    connection.close()


def of_version(path: Path, version: int) -> None:
    """Makes a database as the program of an earlier version left it; of version 0 there is none."""
    if not version:
        return
    migrations = schema._migrations()
    names = [one.name for one in migrations._migrations]
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = wal")
    migrations.apply(sqlite_utils.Database(connection), stop_before=names[version:])
    assert schema.version(connection) == version
    connection.close()
    fill(path)


@pytest.fixture(scope="module")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    with Forks(tmp_path_factory.mktemp("forks"), first="import sqlite_utils; from aggregator import store") as opened:
        yield opened


# --- killed while it is brought up to date ----------------------------------------------------------------------------


_DOOMED = """
import os, signal, sqlite3, sqlite_utils
from contextlib import nullcontext
from pathlib import Path
from aggregator.store import Store

class Doomed(Store):
    left = {statement}

    def _connect(self):
        connection = super()._connect()
        connection.set_trace_callback(self.count)
        return connection

    def count(self, _):
        self.left -= 1
        if not self.left:
            os.kill(os.getpid(), signal.SIGKILL)

if {careless}:
    sqlite_utils.Database.atomic = lambda self: nullcontext(self)
    Store.transaction = lambda self: nullcontext()
Doomed(Path("{path}")).close()
"""


def open_and_die(forks: Forks, path: Path, statement: int, *, careless: bool = False) -> bool:
    """Opens a database in a process that is killed at so-and-so many statements. Says whether there were so many."""
    child = forks.start(_DOOMED.format(path=path, statement=statement, careless=careless))
    code = child.wait()
    assert code in (0, -signal.SIGKILL), child.told()
    return code != 0


def look(path: Path) -> tuple[int, int]:
    """The version of a database and how many articles it has; it must be whole."""
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    version = schema.version(connection)
    articles = connection.execute("SELECT count(*) FROM articles").fetchone()[0] if version else 0
    connection.close()
    return version, articles


@pytest.mark.parametrize("version", range(schema.VERSION))
def test_an_upgrade_that_is_killed_at_any_statement_has_happened_or_not_and_is_completed(
    forks: Forks, tmp_path: Path, version: int
) -> None:
    articles = ARTICLES if version else 0
    seen, statement = set(), 1
    of_version(tmp_path / "before.db", version)
    while True:
        path = tmp_path / f"{statement}.db"
        if version:
            shutil.copy(tmp_path / "before.db", path)
        killed = open_and_die(forks, path, statement)
        found = look(path)
        assert found in {(version, articles), (schema.VERSION, articles if version else 0)}, f"at {statement}"
        seen.add(found[0])
        with Store(path) as store:
            assert len(store.search("북송", ARTICLES + 1)) == articles
            assert store.noted("search") == search.VERSION
        assert look(path) == (schema.VERSION, articles)
        if not killed:
            break
        statement += STEP
    assert statement > 2 * STEP, "it was killed some times"
    assert seen == {version, schema.VERSION}


def test_the_same_finds_out_an_upgrade_without_a_transaction(forks: Forks, tmp_path: Path) -> None:
    path = tmp_path / "mentions.db"
    assert open_and_die(forks, path, 40, careless=True)
    with pytest.raises(StoreError, match="is a database of another program"):
        Store(path)


@pytest.mark.parametrize("version", range(schema.VERSION))
def test_programs_that_open_an_earlier_version_at_the_same_moment_bring_it_up_to_date_once(
    forks: Forks, tmp_path: Path, version: int
) -> None:
    path = tmp_path / "mentions.db"
    of_version(path, version)
    opening = f"from pathlib import Path; from aggregator.store import Store; Store(Path('{path}')).close()"
    together = f"import time; time.sleep(max(0, {time.time() + 0.1} - time.time())); {opening}"
    openings = [forks.start(together) for _ in range(8)]
    assert [(one.wait(), one.told()) for one in openings] == [(0, "")] * 8
    assert look(path) == (schema.VERSION, ARTICLES if version else 0)


@pytest.mark.parametrize(
    ("holds", "why"),
    [
        ("BEGIN IMMEDIATE", "it is about to write"),
        ("BEGIN EXCLUSIVE", "it writes"),
        ("BEGIN; SELECT * FROM sqlite_master", "it reads"),
    ],
)
def test_a_new_database_that_another_program_holds_for_a_moment_is_waited_for(
    tmp_path: Path, holds: str, why: str
) -> None:
    path = tmp_path / "mentions.db"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    for statement in holds.split("; "):
        other.execute(statement).fetchall()
    goes = threading.Timer(0.3, lambda: other.execute("COMMIT"))
    goes.start()
    Store(path).close()
    assert goes.finished.is_set(), f"{why}, and that was not waited for"
    goes.join()
    other.close()
    assert look(path) == (schema.VERSION, 0)


def test_a_new_database_that_another_program_goes_on_holding_is_given_up_with_the_time_that_was_waited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aggregator.store.database.BUSY_SECONDS", 0.2)
    path = tmp_path / "mentions.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        with pytest.raises(StoreBusy, match=r"mentions\.db: another program held it for 0\.2 s; try again"):
            Store(path)
        assert time.monotonic() - begun >= 0.2


# --- damaged files ----------------------------------------------------------------------------------------------------

PAGE = 4096


def zeroed(begin: int, end: int) -> Callable[[bytes], bytes]:
    return lambda body: body[:begin] + bytes(end - begin) + body[end:]


def page_of(path: Path, table: str) -> int:
    """The number of the page on which a table or an index begins."""
    connection = sqlite3.connect(path)
    ((page,),) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchall()
    connection.close()
    return int(page)


def without(table: str) -> Callable[[bytes], bytes]:
    """Zeroes the page on which a table or an index begins."""

    def damage(body: bytes) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "whole.db").write_bytes(body)
            page = page_of(Path(folder) / "whole.db", table)
        return zeroed((page - 1) * PAGE, page * PAGE)(body)

    return damage


# what is done to the file, a part of what is said, why
UNREADABLE: list[tuple[Callable[[bytes], bytes], str, str]] = [
    (lambda body: body[: len(body) // 2], "malformed", "half of it is there"),
    (lambda body: body[: PAGE + 100], "malformed", "a page and a bit are there"),
    (lambda body: body[:100], "malformed", "the header alone is there"),
    (lambda body: b"x" + body[1:], "not a database", "its first byte is another"),
    (zeroed(0, PAGE), "not a database", "its first page is gone"),
    (zeroed(100, PAGE), "malformed", "its tables are nowhere named"),
    (without("meta"), "malformed", "a page that is needed first is gone"),
    (lambda _: b"SQLite format 3\0", "not a database", "it ends after the first word"),
    (lambda _: b"\0" * 8192, "not a database", "the disk has given nothing but zeros"),
    (lambda body: gzip.compress(body), "not a database", "it is packed"),
]  # fmt: skip


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """A database with some articles, closed."""
    path = tmp_path / "mentions.db"
    Store(path).close()
    fill(path)
    with Store(path) as store:
        store.reindex()
    return path


@pytest.mark.parametrize(("damage", "told", "why"), UNREADABLE, ids=[row[-1] for row in UNREADABLE])
def test_a_file_that_cannot_be_read_is_refused_and_left_byte_for_byte(
    filled: Path, damage: Callable[[bytes], bytes], told: str, why: str
) -> None:
    damaged = damage(filled.read_bytes())
    filled.write_bytes(damaged)
    for readonly in (True, False):
        with pytest.raises(StoreDamaged, match=f"{told}.*; it is left as it is; restore it from a backup"):
            Store(filled, readonly=readonly)
        assert filled.read_bytes() == damaged, why


@pytest.mark.parametrize("table", ["articles", "articles_date", "articles_fts_data", "languages"])
def test_a_damage_inside_is_found_by_a_backup_which_makes_no_copy(filled: Path, table: str) -> None:
    damaged = without(table)(filled.read_bytes())
    filled.write_bytes(damaged)
    with (
        Store(filled, readonly=True) as store,
        pytest.raises(StoreDamaged, match=r"(is damaged|malformed).*; restore it"),
    ):
        store.backup(filled.with_name("copy.db"))
    assert [path.name for path in filled.parent.glob("copy*")] == []
    assert filled.read_bytes() == damaged


def behind_the_back_of_an_index(path: Path, index: str, change: str) -> None:
    """Changes a table, and has an index know nothing of it."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA writable_schema = on")
    (row,) = connection.execute("SELECT * FROM sqlite_master WHERE name = ?", (index,)).fetchall()
    connection.execute("DELETE FROM sqlite_master WHERE name = ?", (index,))
    connection.execute("PRAGMA writable_schema = reset")
    connection.execute(change)
    connection.execute("PRAGMA writable_schema = on")
    connection.execute("INSERT INTO sqlite_master VALUES (?, ?, ?, ?, ?)", row)
    connection.close()


def test_a_row_that_an_index_does_not_know_is_found_by_a_backup(filled: Path) -> None:
    behind_the_back_of_an_index(filled, "articles_date", "UPDATE articles SET date = '2023-10-12' WHERE id = 1")
    with Store(filled, readonly=True) as store, pytest.raises(StoreDamaged, match="missing from index articles_date"):
        store.backup(filled.with_name("copy.db"))
    assert list(filled.parent.glob("copy*")) == []


def test_what_a_run_reads_and_finds_damaged_is_said_in_words(filled: Path) -> None:
    filled.write_bytes(without("articles")(filled.read_bytes()))
    with Store(filled, readonly=True) as store, pytest.raises(StoreDamaged, match="malformed; it is left as it is"):
        list(store.articles())


def test_an_empty_file_is_as_good_as_none(tmp_path: Path) -> None:
    path = tmp_path / "mentions.db"
    path.touch()
    with pytest.raises(StoreError, match="there is no database yet; `aggregator run`"):
        Store(path, readonly=True)
    assert path.read_bytes() == b""
    Store(path).close()
    assert look(path) == (schema.VERSION, 0)


def killed_after_writing(forks: Forks, path: Path) -> None:
    """Writes a note in a process that is killed: it is in the -wal file alone."""
    do = f"""
import os
from pathlib import Path
from aggregator.store import Store
store = Store(Path("{path}"))
with store.transaction():
    store.note("note", "written")
os.kill(os.getpid(), 9)
"""
    assert forks.start(do).wait() == -signal.SIGKILL
    assert path.with_name(path.name + "-wal").stat().st_size > 0


def test_what_was_written_by_a_process_that_was_killed_is_there(forks: Forks, filled: Path) -> None:
    killed_after_writing(forks, filled)
    with Store(filled, readonly=True) as store:
        assert store.noted("note") == "written"


def test_without_the_wal_of_a_killed_process_the_database_is_what_it_was_before(forks: Forks, filled: Path) -> None:
    killed_after_writing(forks, filled)
    filled.with_name("mentions.db-wal").unlink()
    with Store(filled) as store:
        assert store.noted("note") is None
    assert look(filled) == (schema.VERSION, ARTICLES)


@pytest.mark.parametrize("readonly", [True, False])
@pytest.mark.parametrize("left", ["nothing", "an empty file"])
def test_a_wal_whose_database_is_gone_is_not_thrown_away(forks: Forks, filled: Path, left: str, readonly: bool) -> None:
    killed_after_writing(forks, filled)
    log = filled.with_name("mentions.db-wal")
    before = log.read_bytes()
    filled.unlink() if left == "nothing" else filled.write_bytes(b"")
    with pytest.raises(StoreDamaged, match=r"mentions\.db-wal beside it is not; it is left as it is"):
        Store(filled, readonly=readonly)
    assert log.read_bytes() == before


@pytest.mark.parametrize("readonly", [True, False])
def test_a_backup_beside_the_wal_of_the_database_that_was_there_before_is_left_alone(
    forks: Forks, filled: Path, readonly: bool
) -> None:
    with Store(filled, readonly=True) as store:
        store.backup(filled.with_name("copy.db"))
    killed_after_writing(forks, filled)
    restored = filled.with_name("copy.db").read_bytes()
    filled.write_bytes(restored)
    with pytest.raises(StoreDamaged, match=r"mentions\.db-wal: belongs to another database"):
        Store(filled, readonly=readonly)
    assert filled.read_bytes() == restored
    filled.with_name("mentions.db-wal").unlink()
    with Store(filled) as store:
        assert store.noted("note") is None
    assert look(filled) == (schema.VERSION, ARTICLES)


# --- databases that are none of ours ----------------------------------------------------------------------------------


MIGRATED = """CREATE TABLE _sqlite_migrations (migration_set TEXT, name TEXT, applied_at TEXT);
INSERT INTO _sqlite_migrations VALUES ('places', 'm001', '2023-10-12')"""


@pytest.mark.parametrize("version", [0, 1, schema.VERSION, 67])
@pytest.mark.parametrize("readonly", [True, False])
@pytest.mark.parametrize("more", ["", MIGRATED, "CREATE TABLE _sqlite_migrations (name TEXT)"])
def test_a_database_of_another_program_is_not_added_to(tmp_path: Path, version: int, readonly: bool, more: str) -> None:
    path = tmp_path / "places.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript(f"CREATE TABLE places (url TEXT); PRAGMA user_version = {version}; {more}")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="is a database of another program"):
        Store(path, readonly=readonly)
    assert path.read_bytes() == before


# --- reading ----------------------------------------------------------------------------------------------------------


def test_what_is_opened_for_reading_cannot_be_written(filled: Path) -> None:
    before = filled.read_bytes()
    with Store(filled, readonly=True) as store, pytest.raises(StoreError, match="readonly"), store.transaction():
        store.note("note", "written")
    with Store(filled, readonly=True) as store, pytest.raises(StoreError, match="readonly"):
        store.reindex()
    assert filled.read_bytes() == before


@pytest.mark.parametrize("version", range(1, schema.VERSION))
def test_reading_brings_an_earlier_version_up_to_date_first(tmp_path: Path, version: int) -> None:
    path = tmp_path / "mentions.db"
    of_version(path, version)
    with Store(path, readonly=True) as store:
        assert len(store.search("북송", 99)) == ARTICLES
        with pytest.raises(StoreError, match="readonly"), store.transaction():
            store.note("note", "written")
    assert look(path) == (schema.VERSION, ARTICLES)


@pytest.mark.parametrize("name", ["a b.db", "what?.db", "100%.db", "#1.db", "file:x.db", "북송.db"])
def test_a_name_may_hold_what_means_something_in_addresses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Store(Path(name)).close()
    with Store(Path(name), readonly=True) as store:
        store.backup(Path(f"copy of {name}"))
    assert {name, f"copy of {name}"} <= {path.name for path in tmp_path.iterdir()}


# --- backups ----------------------------------------------------------------------------------------------------------


def test_a_backup_that_cannot_be_written_says_which_file_and_leaves_nothing(filled: Path) -> None:
    with (
        Store(filled, readonly=True) as store,
        pytest.raises(StoreError, match=r"away/copy\.db: there is no directory .*away; make it first"),
    ):
        store.backup(filled.parent / "away" / "copy.db")


def test_a_backup_that_is_killed_has_no_name_yet(forks: Forks, filled: Path) -> None:
    target = filled.with_name("copy.db")
    do = f"""
import os
from pathlib import Path
from aggregator.store import Store
os.fsync = lambda _: os.kill(os.getpid(), 9)
Store(Path("{filled}"), readonly=True).backup(Path("{target}"))
"""
    assert forks.start(do).wait() == -signal.SIGKILL
    assert not target.exists()
    with Store(filled, readonly=True) as store:
        store.backup(target)
    assert look(target) == (schema.VERSION, ARTICLES)


# --- the -wal file ----------------------------------------------------------------------------------------------------


def write_much(path: Path, notes: int) -> int:
    """Writes as a run does. Returns how long the -wal file is while nobody else has the database open."""
    with Store(path) as store:
        for number in range(notes):
            with store.transaction():
                store.note(f"note {number}", "x" * 20_000)
        store.tidy()
        return path.with_name(path.name + "-wal").stat().st_size


def test_a_reader_that_reads_long_holds_up_no_writer_and_when_it_is_done_the_wal_is_emptied(filled: Path) -> None:
    reader = sqlite3.connect(f"file:{filled}?mode=ro", uri=True, isolation_level=None)
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM articles").fetchone() == (ARTICLES,)
    begin = time.monotonic()
    grown = [write_much(filled, 100) for _ in range(2)]
    assert time.monotonic() - begin < 5, "it waited for nobody"
    assert 2_000_000 < grown[0] < grown[1], "what the reader still sees is kept"
    reader.execute("COMMIT")
    assert write_much(filled, 1) == 0
    assert reader.execute("SELECT count(*) FROM meta WHERE key LIKE 'note%'").fetchone() == (100,)
    reader.close()


def test_the_wal_is_emptied_though_somebody_has_the_database_open(filled: Path) -> None:
    reader = sqlite3.connect(f"file:{filled}?mode=ro", uri=True)
    assert reader.execute("SELECT count(*) FROM articles").fetchall() == [(ARTICLES,)]
    assert write_much(filled, 20) == 0
    reader.close()
