"""Open SQLite files: to write, to read, and to read without leaving a trace.

Never writes a row. Foreign files keep their journal mode; a file of our own gets a write-ahead log.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from sqlite3 import Error
from urllib.parse import quote

__all__ = ["Error", "at_rest", "copied", "open_memory", "open_still", "open_to_read", "open_to_write", "use_log"]

_PATIENCE = 30.0
_WAL = 2


def _opened(path: Path, mode: str, *pragmas: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?{mode}", timeout=_PATIENCE, isolation_level=None, check_same_thread=False, uri=True
    )
    try:
        for pragma in ("trusted_schema = OFF", *pragmas):
            connection.execute(f"PRAGMA {pragma}")
    except Error:
        connection.close()
        raise
    return connection


def open_to_write(path: Path) -> sqlite3.Connection:
    """Open, or create, a file. `synchronous = FULL`: a committed intent must survive a power cut.

    NORMAL would be five times as fast for a single transaction, but may lose the last commits
    when the power fails, and with them messages that were parked already; commits are grouped instead.
    What is purged is overwritten, not only forgotten.
    """
    return _opened(path, "mode=rwc", "synchronous = FULL", "secure_delete = ON")


def open_to_read(path: Path) -> sqlite3.Connection:
    """Open an existing file read-only."""
    return _opened(path, "mode=ro")


def open_still(path: Path) -> sqlite3.Connection:
    """Open a file that nobody writes to, without locks."""
    return _opened(path, "mode=ro&immutable=1")


def open_memory() -> sqlite3.Connection:
    """Open a database in memory."""
    return sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)


def use_log(path: Path) -> None:
    """Give a new, empty file a write-ahead log; leave any other as it is.

    Changing the mode does not wait for a lock by itself, so two who create the file at once try again.
    """
    give_up = time.monotonic() + _PATIENCE
    while True:
        connection = open_to_write(path)
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


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def at_rest(path: Path) -> tuple[int, ...] | None:
    """Return the state of a file in WAL mode that has no log, thus no writer; None for any other."""
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
    """Yield a copy of a file and its log in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="reminder-kit-") as folder:
        copy = Path(folder) / path.name
        for ending in ("-wal", "-journal", ""):
            with suppress(FileNotFoundError):
                shutil.copyfile(_beside(path, ending), _beside(copy, ending))
        yield copy
