"""What a ledger's database reports, as one line that says what is wrong and what helps.

Never shows a password or a row: the database's own words stay the cause of the error.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reminder_kit.errors import LedgerError
from reminder_kit.ledger.databases.access import refused

__all__ = ["CommitError", "explained", "is_outdated_file", "is_worth_another_try", "translated"]

_LOCKED = (
    "is locked, by another process or by a transaction that this very thread has open: wait until that is done, or end "
    "it; inside your own transaction hand its connection over (record(…, connection=…)), and sync after its commit"
)
_ACCESS = "may not be opened: make the file and its folder accessible to this user"
_FULL = "can't grow: the disk is full, or a limit on the size of files is reached; make room"
_AGAIN = "was changed by another process meanwhile: run again"
_CHECK = "run `reminder-kit ledger check`, and restore a backup if it finds damage"
_TABLES = "has other tables than it should: run `reminder-kit ledger upgrade`; if that does not help, restore a backup"
_REPORT = "run `reminder-kit ledger check`; if all is well there, report it with what --debug shows"

_SQLITE: dict[int, str] = {
    sqlite3.SQLITE_ERROR: _TABLES,
    sqlite3.SQLITE_INTERNAL: f"can't be worked with: SQLite found a fault of its own: {_CHECK}",
    sqlite3.SQLITE_PERM: _ACCESS,
    sqlite3.SQLITE_ABORT: "broke off: run again",
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_NOMEM: "can't be worked with: there is no memory left; give the process more",
    sqlite3.SQLITE_READONLY: "is read-only: make the file and its folder writable for this user",
    sqlite3.SQLITE_INTERRUPT: "was interrupted: run again",
    sqlite3.SQLITE_IOERR: (
        "can't be read or written: the disk reports an error: see whether it is full, a limit on the size of files is "
        "reached, or it is failing"
    ),
    sqlite3.SQLITE_CORRUPT: "is damaged: restore it from a backup",
    sqlite3.SQLITE_NOTFOUND: f"can't be worked with: SQLite misses a part of itself: {_CHECK}",
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_CANTOPEN: "can't be opened: create its folder, and make both accessible to this user",
    sqlite3.SQLITE_PROTOCOL: "can't be locked: keep it on a disk of this machine, not on a network's, or wait",
    sqlite3.SQLITE_SCHEMA: _AGAIN,
    sqlite3.SQLITE_TOOBIG: "takes no value of more than a thousand million bytes: hand in less",
    sqlite3.SQLITE_CONSTRAINT: f"holds rows that contradict what was to be written: {_CHECK}",
    sqlite3.SQLITE_MISMATCH: f"holds rows of another kind than it should: {_CHECK}",
    sqlite3.SQLITE_MISUSE: "was closed while it was used: open it anew",
    sqlite3.SQLITE_NOLFS: "can't grow: its file system takes no larger files; move it, then `ledger adopt`",
    sqlite3.SQLITE_AUTH: _ACCESS,
    sqlite3.SQLITE_RANGE: f"was asked what it doesn't know: {_REPORT}",
    sqlite3.SQLITE_NOTADB: "is no SQLite database: name another file",
}
"""What SQLite's primary result codes mean (SQLite, "Result and Error Codes")."""

_REFUSED = frozenset({sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_AUTH})
"""Codes of a file that this user may not open or write."""

_ERRNO: dict[int, str] = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: _FULL,
    errno.EMFILE: "can't be opened: too many files are open; close some, or raise the limit (`ulimit -n`)",
    errno.ENFILE: "can't be opened: too many files are open on this machine; close some",
    errno.EIO: _SQLITE[sqlite3.SQLITE_IOERR],
    errno.ENAMETOOLONG: "can't be opened: its path is too long; name a shorter one",
}
"""What the system's errors mean, beside those that say who may do what."""

_POSTGRESQL: dict[str, str] = {
    "28P01": "refuses the password: check user and password in the url",
    "28000": "refuses the user: check user and password in the url",
    "3D000": "does not exist: create the database, or check its name in the url",
    "3F000": "has no such schema: create it, or check `schema`",
    "42501": "does not allow this: grant the user the right to use the reminder_kit_ tables",
    "25006": "is read-only: use the primary server",
    "25P02": "takes no more statements in a transaction that has failed: roll it back, then begin anew",
    "53100": "can't grow: the server's disk is full; make room",
    "53200": "can't be worked with: the server has no memory left; give it more, or use fewer workers",
    "53300": "has no connection left: raise max_connections, or use fewer workers",
    "40P01": "was locked by another worker: try again",
    "40001": "was changed by another worker at the same time: try again",
    "55P03": (
        "is locked by another process, or by a transaction of your own: wait until it is done, and inside your own "
        "transaction hand its connection over (record(…, connection=…))"
    ),
    "57014": "broke the statement off: raise the server's statement_timeout for this user, or run again",
    "57P03": "can't be reached yet: the server is starting, or stopping; wait",
    "42P01": "has lost its tables: run `reminder-kit ledger upgrade`",
    "22P05": "takes no text with that character: its encoding is not UTF8; create the database with ENCODING 'UTF8'",
    "54000": "takes no name of that length: hand in shorter ids",
    "42703": "has lost columns of its tables: run `reminder-kit ledger upgrade`, or restore a backup",
    "22021": "takes no text with a zero byte, or with half characters: correct what was handed in",
}
"""What PostgreSQL's states mean (PostgreSQL, Appendix A, "PostgreSQL Error Codes")."""

_POSTGRESQL_CLASSES: dict[str, str] = {
    "08": "lost the connection: start the server, or check the network between",
    "0A": "is asked for what its version does not know: use PostgreSQL 12 or newer",
    "22": "takes no such value: correct what was handed in",
    "23": "holds rows that contradict what was to be written: run `reminder-kit ledger check`",
    "25": "is in a state in which this can't be done: end the transaction, then begin anew",
    "28": "refuses the user: check user and password in the url",
    "40": "was changed by another worker at the same time: try again",
    "42": "has other tables than this version expects: run `reminder-kit ledger upgrade`",
    "53": "has too little of something (disk, memory, connections): see the server's log, and give it more",
    "54": "can't take so much at once: hand in less",
    "55": "can't do this just now: wait, and run again",
    "57": "was stopped by whoever runs the server: wait until it is there again",
    "58": "can't be read or written: the server's system reports an error; see the server's log",
    "XX": "is damaged, or its server has a fault: see the server's log, and restore a backup if need be",
}
"""What the first two characters of other states mean (the same table)."""


class CommitError(LedgerError):
    """A commit failed: where the connection was lost, it may have been carried out all the same."""


def _original(error: Any) -> Any:
    """Return the driver's own error, which SQLAlchemy wraps."""
    return getattr(error, "orig", None) or error


def _sqlite_code(error: Any) -> int | None:
    """Return SQLite's primary result code; None means that the error is not SQLite's."""
    code = getattr(_original(error), "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _postgresql_code(error: Any) -> str:
    """Return PostgreSQL's state; "" means that the error carries none."""
    original = _original(error)
    return getattr(original, "sqlstate", None) or getattr(original, "pgcode", None) or ""


def explained(error: Exception, name: str, path: Path | None = None) -> LedgerError:
    """Return an error of the database as one of ours; `name` is the ledger's, `path` its file (None: it has none)."""
    return LedgerError(f"ledger {name} {_meaning(error, path)}")


def _meaning(error: Exception, path: Path | None) -> str:
    """Return what is wrong and what helps, in words."""
    if isinstance(error, OSError):
        return _of_system(error, path)
    code, state = _sqlite_code(error), _postgresql_code(error)
    if code is not None:
        return _of_sqlite(error, code, path)
    if state:
        known = _POSTGRESQL.get(state) or _POSTGRESQL_CLASSES.get(state[:2])
        return known or f"reports the error {state}: see PostgreSQL's table of errors, and the server's log"
    return _of_driver(error)


def _of_system(error: OSError, path: Path | None) -> str:
    """Return what an error of the system means for a file."""
    known = _ERRNO.get(error.errno or 0)
    if known is None and path is not None:
        known = refused(path, to_write=True)
    return known or f"can't be opened ({error.strerror or type(error).__name__}): {_REPORT}"


def _of_sqlite(error: Exception, code: int, path: Path | None) -> str:
    """Return what an error of SQLite's means."""
    if getattr(_original(error), "sqlite_errorcode", code) == sqlite3.SQLITE_READONLY_DBMOVED:
        return "was moved, or replaced by another file, while it was open: run again"
    if code in _REFUSED and path is not None:
        return refused(path, to_write=code == sqlite3.SQLITE_READONLY)
    return _SQLITE.get(code) or f"reports SQLite's error {code}: {_REPORT}"


def _of_driver(error: Exception) -> str:
    """Return what an error means that carries no code: a driver's, or SQLAlchemy's own."""
    original, kind = _original(error), type(error).__name__
    if kind in ("OperationalError", "InterfaceError") and type(original).__module__.startswith("psycopg"):
        return _unreachable(str(original))
    if kind == "TimeoutError":
        return "has no connection free in this process: use fewer threads, or give the engine a larger pool"
    if kind in ("DataError", "StatementError") or isinstance(original, sqlite3.InterfaceError | sqlite3.DataError):
        return "takes no such value (a zero byte, half a character, a number too large): correct what was handed in"
    if isinstance(original, sqlite3.ProgrammingError) or kind in ("ResourceClosedError", "PendingRollbackError"):
        return "is asked on a connection that is closed, or whose transaction has failed: begin anew"
    return f"can't be worked with ({type(original).__name__}): {_REPORT}"


def _unreachable(words: str) -> str:
    """Return what is wrong where no connection could be made: PostgreSQL says it in words only, without a state."""
    if "password" in words or "authentication" in words:
        return _POSTGRESQL["28P01"]
    if "does not exist" in words and "database" in words:
        return _POSTGRESQL["3D000"]
    return "can't be reached: start the server, or check host and port in the url"


def is_outdated_file(error: BaseException | None) -> bool:
    """Say whether SQLite could not read a file only since it may not write beside that file (its log, its locks)."""
    return _sqlite_code(error) in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)


def is_worth_another_try(error: BaseException) -> bool:
    """Say whether a transaction that failed may simply be repeated.

    That is so where two transactions met (deadlock, serialisation) or a connection was lost before the commit.
    """
    cause = error.__cause__
    if _postgresql_code(cause) in ("40P01", "40001"):
        return True
    return bool(getattr(cause, "connection_invalidated", False)) and not isinstance(error, CommitError)


@contextmanager
def translated(name: str) -> Iterator[None]:
    """Raise the errors of any database driver as `LedgerError`; `name` is the ledger's."""
    try:
        yield
    except Exception as error:
        if type(error).__module__.partition(".")[0] in ("sqlalchemy", "sqlite3", "psycopg", "psycopg2"):
            raise explained(error, name) from error
        raise
