"""What drivers and SQLAlchemy report without a code, and which failures are worth another try."""

from __future__ import annotations

import errno
import sqlite3

import psycopg
import pytest
from sqlalchemy import exc

from reminder_kit.errors import LedgerError
from reminder_kit.ledger.databases.failures import (
    CommitError,
    explained,
    is_outdated_file,
    is_worth_another_try,
    translated,
)

NAME = "postgresql://kit@h/d"
REPORT = "run `reminder-kit ledger check`; if all is well there, report it with what --debug shows"
VALUE = "takes no such value (a zero byte, half a character, a number too large): correct what was handed in"
CLOSED = "is asked on a connection that is closed, or whose transaction has failed: begin anew"
UNREACHABLE = "can't be reached: start the server, or check host and port in the url"
PASSWORD = "refuses the password: check user and password in the url"
NO_DATABASE = "does not exist: create the database, or check its name in the url"
READ_ONLY = "is read-only: make the file and its folder writable for this user"


def wrapped(error, lost=False):
    """Return a driver's error as SQLAlchemy raises it."""
    return exc.DBAPIError.instance("SELECT 1", (), error, Exception, connection_invalidated=lost)


def of_psycopg(kind, words):
    return wrapped(getattr(psycopg, kind)(words))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (of_psycopg("OperationalError", "connection refused"), UNREACHABLE),
        (of_psycopg("InterfaceError", "connection refused"), UNREACHABLE),
        (of_psycopg("OperationalError", "password failed"), PASSWORD),
        (of_psycopg("OperationalError", "Ident authentication failed"), PASSWORD),
        (of_psycopg("OperationalError", 'database "d" does not exist'), NO_DATABASE),
        (of_psycopg("OperationalError", 'role "d" does not exist'), UNREACHABLE),
        (of_psycopg("OperationalError", "the database is full"), UNREACHABLE),
        (psycopg.OperationalError("connection refused"), UNREACHABLE),
        (of_psycopg("DataError", "odd"), VALUE),
        (of_psycopg("ProgrammingError", "odd"), f"can't be worked with (ProgrammingError): {REPORT}"),
        (
            exc.TimeoutError(),
            "has no connection free in this process: use fewer threads, or give the engine a larger pool",
        ),
        (exc.StatementError("odd", "SELECT 1", (), ValueError("odd")), VALUE),
        (sqlite3.InterfaceError("odd"), VALUE),
        (sqlite3.DataError("odd"), VALUE),
        (sqlite3.ProgrammingError("odd"), CLOSED),
        (exc.ResourceClosedError("odd"), CLOSED),
        (exc.PendingRollbackError("odd"), CLOSED),
        (exc.ArgumentError("odd"), f"can't be worked with (ArgumentError): {REPORT}"),
        (sqlite3.OperationalError("odd"), f"can't be worked with (OperationalError): {REPORT}"),
        (exc.InterfaceError("SELECT 1", (), ValueError("odd")), f"can't be worked with (ValueError): {REPORT}"),
    ],
    ids=lambda value: value.partition(":")[0] if isinstance(value, str) else type(value).__name__,
)
def test_an_error_without_a_code_is_told_by_its_kind_and_words(error, said):
    """With the ledger's name before it."""
    assert str(explained(error, NAME)) == f"ledger {NAME} {said}"


@pytest.mark.parametrize("known", [True, False], ids=["of a file", "of no file"])
def test_what_sqlite_may_not_open_or_write_is_told_by_its_file(tmp_path, known):
    """A file that is known is looked at; of none the code alone is told."""
    path = tmp_path / "ledger.db"
    path.touch()
    told = {}
    for code in (sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_AUTH):
        error = sqlite3.OperationalError("odd")
        error.sqlite_errorcode = code | 1 << 8
        told[code] = str(explained(error, "l", path if known else None))
    readonly = told.pop(sqlite3.SQLITE_READONLY)
    assert readonly.startswith("ledger l is read-only for user" if known else f"ledger l {READ_ONLY}")
    assert all(("although it may be" in line) is known for line in told.values())
    assert ("may not be opened" in told[sqlite3.SQLITE_PERM]) is not known


def test_a_file_that_was_moved_while_it_was_open_is_told_so(tmp_path):
    """Although its code is one of those of a file that may not be written."""
    error = sqlite3.OperationalError("odd")
    error.sqlite_errorcode = sqlite3.SQLITE_READONLY_DBMOVED
    for path in (None, tmp_path / "ledger.db"):
        said = "ledger l was moved, or replaced by another file, while it was open: run again"
        assert str(explained(error, "l", path)) == said
        assert str(explained(wrapped(error), "l", path)) == said


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.EPERM, "Not permitted"), f"can't be opened (Not permitted): {REPORT}"),
        (OSError("odd"), f"can't be opened (OSError): {REPORT}"),
        (PermissionError("odd"), f"can't be opened (PermissionError): {REPORT}"),
        (
            OSError(errno.ENOSPC, "odd"),
            "can't grow: the disk is full, or a limit on the size of files is reached; make room",
        ),
    ],
    ids=["unknown", "no number", "no number, of a kind", "known"],
)
def test_an_error_of_the_system_is_told_by_its_number_then_in_its_own_words(error, said, tmp_path):
    """A known number is told before the file is looked at; one that is not known only where there is no file."""
    assert str(explained(error, "l")) == f"ledger l {said}"
    path = tmp_path / "none" / "ledger.db"
    told = str(explained(error, "l", path))
    assert ("there is no folder" in told) is (error.errno != errno.ENOSPC)


@pytest.mark.parametrize(
    ("code", "is_outdated"), [(14, True), (8, True), (8 | 3 << 8, True), (5, False), (10, False), (None, False)]
)
def test_a_file_is_outdated_where_sqlite_can_t_open_or_write_beside_it(code, is_outdated):
    """Also as SQLAlchemy wraps it; no error is none."""
    error = sqlite3.OperationalError("odd")
    if code is not None:
        error.sqlite_errorcode = code
    assert is_outdated_file(error) is is_outdated_file(wrapped(error)) is is_outdated
    assert is_outdated_file(None) is False


def caused(cause, kind=LedgerError):
    error = kind("odd")
    error.__cause__ = cause
    return error


class MetError(Exception):
    """A driver's error with a state."""

    def __init__(self, state):
        self.sqlstate = state
        super().__init__(state)


@pytest.mark.parametrize("kind", [LedgerError, CommitError])
@pytest.mark.parametrize(
    ("cause", "tries"),
    [
        (MetError("40P01"), (True, True)),
        (MetError("40001"), (True, True)),
        (MetError("40002"), (False, False)),
        (wrapped(MetError("40001")), (True, True)),
        (wrapped(MetError("57P01"), lost=True), (True, False)),
        (wrapped(MetError("57P01")), (False, False)),
        (ValueError("odd"), (False, False)),
        (None, (False, False)),
    ],
    ids=["deadlock", "serialisation", "another of its class", "wrapped", "lost", "not lost", "of ours", "no cause"],
)
def test_what_met_another_transaction_or_lost_its_connection_is_worth_another_try(cause, tries, kind):
    """Not a commit whose connection was lost: it may have been carried out."""
    assert is_worth_another_try(caused(cause, kind)) is tries[kind is CommitError]


@pytest.mark.parametrize("error", [sqlite3.OperationalError("odd"), psycopg.DataError("odd"), exc.ArgumentError("odd")])
def test_errors_of_any_driver_become_ours(error):
    """With what they were as their cause."""
    with pytest.raises(LedgerError, match=r"^ledger l ") as raised, translated("l"):
        raise error
    assert raised.value.__cause__ is error


@pytest.mark.parametrize(
    "error", [ValueError("odd"), KeyError("odd"), LedgerError("odd")], ids=["value", "key", "ours"]
)
def test_other_errors_stay_as_they_are(error):
    """They are whoever's raised them."""
    with pytest.raises(type(error)) as raised, translated("l"):
        raise error
    assert raised.value is error
