"""SQLite files: opened to write, to read, and to read without leaving a trace.

Never writes a row. A host's file keeps its journal mode; a file of our own gets a write-ahead log.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from sqlite3 import Error
from urllib.parse import quote

from reminder_kit.ledger.databases.patience import PATIENCE
from reminder_kit.ledger.databases.private_files import copy_private, create_private
from reminder_kit.ledger.sql.tables import PREFIX

__all__ = [
    "Error",
    "at_rest",
    "copied",
    "is_own",
    "is_untouched",
    "open_memory",
    "open_still",
    "open_to_read",
    "open_to_write",
    "scrub",
    "use_log",
]


def _opened(path: Path, mode: str, patience: float, *pragmas: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?{mode}", timeout=patience, isolation_level=None, check_same_thread=False, uri=True
    )
    try:
        for pragma in ("trusted_schema = OFF", *pragmas):
            connection.execute(f"PRAGMA {pragma}")
    except Error:
        connection.close()
        raise
    return connection


def open_to_write(path: Path, patience: float = PATIENCE) -> sqlite3.Connection:
    """Open an existing file to write; `patience` is for how many seconds it waits for other writers.

    `synchronous = FULL`, since a committed intent must survive a power cut: NORMAL would be five times as fast for a
    single transaction, but may lose the last commits, and with them messages that are parked already. Commits are
    grouped instead. `secure_delete`, since what is purged has to be overwritten, not only released.
    """
    return _opened(path, "mode=rw", patience, "synchronous = FULL", "secure_delete = ON")


def open_to_read(path: Path, patience: float = PATIENCE) -> sqlite3.Connection:
    """Open an existing file to read; SQLite may create its log and shared memory beside it."""
    return _opened(path, "mode=ro", patience)


def open_still(path: Path) -> sqlite3.Connection:
    """Open a file to read without locks and without a trace; only right while nobody writes to it."""
    return _opened(path, "mode=ro&immutable=1", PATIENCE)


def open_memory() -> sqlite3.Connection:
    """Open a new database in memory."""
    return sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)


def use_log(path: Path, mode: int, patience: float = PATIENCE) -> None:
    """Create a file with a write-ahead log, of this mode; one that is there and not empty stays as it is.

    Changing to a log does not wait for a lock, so that two processes which create the file at once try again. SQLite
    gives log, shared memory and rollback journal the mode of the file. Raises also `OSError`.
    """
    create_private(path, mode)
    give_up = time.monotonic() + patience
    while True:
        connection = open_to_write(path, patience)
        try:
            if connection.execute("PRAGMA page_count").fetchone()[0] == 0:
                connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
            time.sleep(0.01)
        else:
            return
        finally:
            connection.close()


def is_own(connection: sqlite3.Connection) -> bool:
    """Say whether a file holds our tables and nobody else's."""
    others = "name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND substr(tbl_name, 1, length(?)) <> ?"
    found = connection.execute(f"SELECT 1 FROM sqlite_master WHERE {others} LIMIT 1", (PREFIX, PREFIX))  # noqa: S608 - constants
    return found.fetchone() is None


def scrub(path: Path, patience: float = PATIENCE) -> bool:
    """Leave nothing in a file, or its log, of what was deleted or overwritten; False: a reader holds the log.

    `secure_delete` wipes what is deleted where it stands, and not the copies that stay in a page where SQLite moved
    rows to make room. So a file of our own is written anew (VACUUM, some 15 ms a megabyte; others go on reading, and
    wait with writing); a host's is up to the host. A log is then written into the file and cut to nothing.
    """
    connection = open_to_write(path, patience)
    try:
        if is_own(connection):
            connection.execute("VACUUM")
        if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            return True
        return not connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    finally:
        connection.close()


def _beside(path: Path, ending: str) -> Path:
    """Return the path of a file that SQLite keeps beside a database."""
    return path.with_name(path.name + ending)


FileState = tuple[int, ...]
"""Which file it is, its size, and when it was last written to, in nanoseconds by its disk's clock."""


def at_rest(path: Path) -> FileState | None:
    """Return the state of a file with a write-ahead log while no log, hence no writer, is there; None otherwise."""
    state = _state(path)
    return state if state is not None and _has_log(path) else None


def is_untouched(path: Path, since: FileState) -> bool:
    """Say whether nobody has written to a file that was at rest, or has it open, since it had that state."""
    return _state(path) == since


def _state(path: Path) -> FileState | None:
    with suppress(OSError):
        if not _beside(path, "-wal").exists() and not _beside(path, "-journal").exists():
            found = path.stat()
            return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
    return None


def _has_log(path: Path) -> bool:
    """Say whether a file has a write-ahead log, without locks and without a trace.

    SQLite is asked, which opens no such file where it may not lock. To look at the header would be quicker; but a
    process that opens and closes a file itself loses all locks that it has on it, SQLite's own and its host's ("How To
    Corrupt An SQLite Database File", 2.2).
    """
    try:
        with closing(_opened(path, "mode=ro&nolock=1", PATIENCE)) as connection:
            connection.execute("PRAGMA schema_version")
    except Error as error:
        return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_CANTOPEN
    return False


@contextmanager
def copied(path: Path) -> Iterator[Path]:
    """Yield the path of a copy of a file and its log, in a temporary folder.

    Only for a file that SQLite can't open here: locks that this process had on it would be lost (see `_has_log`).
    """
    with tempfile.TemporaryDirectory(prefix="reminder-kit-") as folder:
        copy = Path(folder) / path.name
        for ending in ("-wal", "-journal", ""):
            with suppress(FileNotFoundError):
                copy_private(_beside(path, ending), _beside(copy, ending))
        yield copy
