"""SQLite files: opened to write, to read, and to read without leaving a trace.

Never writes a row. A host's file keeps its journal mode; a file of our own gets a write-ahead log.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
    "open_memory",
    "open_still",
    "open_to_read",
    "open_to_write",
    "scrub",
    "use_log",
]

_WAL = 2
"""The version number in byte 18 of a file with a write-ahead log (SQLite, "Database File Format", 1.3.3)."""


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


def at_rest(path: Path) -> tuple[int, ...] | None:
    """Return what a file with a write-ahead log looks like while no log, hence no writer, is there; None otherwise.

    Two equal values mean that nobody wrote to the file in between.
    """
    with suppress(OSError):
        if _beside(path, "-wal").exists() or _beside(path, "-journal").exists():
            return None
        with path.open("rb") as file:
            header = file.read(100)
        if len(header) == 100 and header[18] == _WAL:
            found = path.stat()
            return found.st_ino, found.st_size, found.st_mtime_ns, hash(header)
    return None


@contextmanager
def copied(path: Path) -> Iterator[Path]:
    """Yield the path of a copy of a file and its log, in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="reminder-kit-") as folder:
        copy = Path(folder) / path.name
        for ending in ("-wal", "-journal", ""):
            with suppress(FileNotFoundError):
                copy_private(_beside(path, ending), _beside(copy, ending))
        yield copy
