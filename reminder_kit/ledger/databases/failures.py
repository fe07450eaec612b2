"""What a ledger's database reports, as one line that says what is wrong and what helps.

Never shows a password or a row: the database's own words stay the cause of the error.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from reminder_kit.errors import LedgerError

__all__ = ["CommitError", "explained", "is_outdated_file", "is_worth_another_try", "translated"]

_SQLITE: dict[int, str] = {
    sqlite3.SQLITE_BUSY: "is locked by another process: wait until it is done, or end it",
    sqlite3.SQLITE_LOCKED: "is locked by another process: wait until it is done, or end it",
    sqlite3.SQLITE_READONLY: "is read-only: make the file and its folder writable for this user",
    sqlite3.SQLITE_PERM: "may not be opened: make the file and its folder accessible to this user",
    sqlite3.SQLITE_AUTH: "may not be opened: make the file and its folder accessible to this user",
    sqlite3.SQLITE_CANTOPEN: "can't be opened: create its folder, and make both accessible to this user",
    sqlite3.SQLITE_NOTADB: "is no SQLite database: name another file",
    sqlite3.SQLITE_CORRUPT: "is damaged: restore it from a backup",
    sqlite3.SQLITE_FULL: "can't grow: the disk is full; make room",
    sqlite3.SQLITE_IOERR: "can't be read or written: the disk reports an error (is it full?)",
    sqlite3.SQLITE_ERROR: "does not have what is looked for: check its tables with `reminder-kit ledger check`",
    sqlite3.SQLITE_SCHEMA: "was changed at the same time by another process: try again",
    sqlite3.SQLITE_NOMEM: "needs more memory than this machine gives: free some, or hand in less at once",
    sqlite3.SQLITE_TOOBIG: "takes no text of that size: hand in shorter titles, texts and data",
    sqlite3.SQLITE_INTERRUPT: "was interrupted: try again",
    sqlite3.SQLITE_ABORT: "was interrupted: try again",
    sqlite3.SQLITE_PROTOCOL: "is locked in a way that can't be waited for: keep the file on a disk of this machine",
    sqlite3.SQLITE_NOLFS: "is larger than this machine's disk takes: keep it on another one",
}
"""What SQLite's primary result codes mean (SQLite, "Result and Error Codes")."""

_POSTGRESQL: dict[str, str] = {
    "08": "lost the connection: check the server and the network, and try again",
    "28P01": "refuses the password: check user and password in the url",
    "28000": "refuses the user: check user and password in the url",
    "3D000": "does not exist: create the database, or check its name in the url",
    "42501": "does not allow this: grant the user the right to use the reminder_kit_ tables",
    "25006": "is read-only: use the primary server",
    "53100": "can't grow: the server's disk is full; make room",
    "53300": "has no connection left: raise max_connections, or use fewer workers",
    "40P01": "was locked by another worker: try again",
    "40001": "was changed by another worker at the same time: try again",
    "55P03": "is locked by another process: wait until it is done",
    "42P01": "has lost its tables: run `reminder-kit ledger upgrade`",
    "42703": "has tables of another version: run `reminder-kit ledger upgrade`",
    "3F000": "has no such schema: create it, or check `schema`",
    "22021": "takes no text with a NUL: leave it out",
    "22P05": "takes no text with that character: its encoding is not UTF8; create the database with ENCODING 'UTF8'",
    "54000": "takes no name of that length: hand in shorter ids",
    "57014": "gave up a statement that took longer than its statement_timeout allows: raise that",
    "57P01": "was shut down by an administrator: wait until the server is up again",
    "57P02": "crashed: wait until the server is up again",
    "57P03": "is starting, or being shut down: wait until the server is up again",
    "58030": "can't be read or written: the server's disk reports an error",
    "53200": "is out of memory: give the server more, or hand in less at once",
    "XX001": "is damaged: restore it from a backup",
    "XX002": "has a damaged index: REINDEX it",
}
"""What PostgreSQL's states mean, or the classes that they begin with (Appendix A, "PostgreSQL Error Codes")."""


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


def explained(error: Exception, name: str) -> LedgerError:
    """Return an error of the database as one of ours; `name` is the ledger's."""
    code, state = _sqlite_code(error), _postgresql_code(error)
    meaning = _SQLITE.get(code) if code is not None else _POSTGRESQL.get(state) or _POSTGRESQL.get(state[:2])
    if meaning is None and code is None and not state and _is_operational(error):
        meaning = _unreachable(str(_original(error)))
    return LedgerError(f"ledger {name} {meaning or _unexpected(_original(error), state)}")


def _unexpected(original: Any, state: str) -> str:
    """Return what can be said of an error that is in no table: its name, its code, and the remedy that remains.

    Its words are left out: a database repeats in them what it was handed.
    """
    kind, known = type(original).__name__, getattr(original, "sqlite_errorname", "") or state
    return (
        f"refuses a statement of this library ({f'{kind}, {known}' if known else kind}): nothing of it was written; "
        "check its tables with `reminder-kit ledger check`, and please report this"
    )


def _unreachable(words: str) -> str:
    """Return what is wrong where no connection could be made: PostgreSQL says it in words only, without a state."""
    if "password" in words or "authentication" in words:
        return _POSTGRESQL["28P01"]
    if "does not exist" in words and "database" in words:
        return _POSTGRESQL["3D000"]
    return "can't be reached: start the server, or check host and port in the url"


def _is_operational(error: Exception) -> bool:
    return type(error).__name__ in ("OperationalError", "InterfaceError")


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
        if type(error).__module__.partition(".")[0] in ("sqlalchemy", "sqlite3", "psycopg"):
            raise explained(error, name) from error
        raise
