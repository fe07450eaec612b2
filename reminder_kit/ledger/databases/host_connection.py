"""The host's own connection: work inside the host's transaction, so that an appointment and its record commit together.

Never commits, rolls back, sets a pragma, opens a second connection for a write, or leaves the caller's thread.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from reminder_kit.errors import InvalidInputError, LedgerError
from reminder_kit.ledger import versions
from reminder_kit.ledger.databases.connections import Database
from reminder_kit.ledger.databases.runner import ConnectionRunner, CursorRunner, Runner
from reminder_kit.ledger.databases.sqlite import SQLiteFile, SQLiteMemory
from reminder_kit.ledger.sql.tables import PREFIX, VERSION_TABLE
from reminder_kit.logs import LOG

__all__ = ["DatabaseIdentity", "borrowed", "identity_of", "prove_same", "runner_on"]

_SAVEPOINT = "reminder_kit"
_IN_TRANSACTION = 2
"""What libpq says of a connection whose transaction is open and sound (PQTRANS_INTRANS)."""


class DatabaseIdentity(NamedTuple):
    """Which database it is, and the version of its tables."""

    #: `sqlite` or `postgresql`.
    kind: str
    #: SQLite: device and number of the file, None for a database without one. PostgreSQL: database, start of the
    #: server and number of a table.
    identity: Any
    #: The version of the ledger's tables; None: there are none.
    version: str | None
    #: Its URL without a password, for messages.
    name: str


@contextmanager
def borrowed(connection: Any) -> Iterator[Runner]:
    """Lend the host's connection as a runner; on PostgreSQL within a savepoint of the host's transaction.

    There any statement that fails makes the whole transaction fail, also for a host that catches the error. On SQLite
    it does not, and a savepoint outside a transaction would be committed by its release. Raises as `runner_on` does.
    """
    connection = _unwrapped(connection)
    runner, driver = runner_on(connection), _driver_of(connection)
    if runner.kind == "postgresql" and _may_hold_savepoint(driver):
        with _savepoint(runner):
            yield runner
        return
    was_open = _in_transaction(driver)
    with _texts_as_such(driver):
        yield runner
    if was_open is False and _in_transaction(driver):
        LOG.debug(
            "what was recorded began a transaction on the host's connection: it is lost unless the host commits that "
            "one; a hook that comes after the host's own commit records without a connection, or commits"
        )


@contextmanager
def _savepoint(runner: Runner) -> Iterator[None]:
    runner.statement(f"SAVEPOINT {_SAVEPOINT}")
    try:
        yield
        runner.statement(f"RELEASE SAVEPOINT {_SAVEPOINT}")  # fails where something failed in it that was caught
    except BaseException:
        with suppress(Exception):  # the connection may be lost: what failed first is what is told
            runner.statement(f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}")
            runner.statement(f"RELEASE SAVEPOINT {_SAVEPOINT}")
        raise


@contextmanager
def _texts_as_such(driver: Any) -> Iterator[None]:
    """Have a connection of sqlite3 return texts as `str` meanwhile, whatever the host has set; no cursor can say so."""
    theirs = getattr(driver, "text_factory", str)
    if theirs is str:
        yield
        return
    driver.text_factory = str
    try:
        yield
    finally:
        driver.text_factory = theirs


def _unwrapped(connection: Any) -> Any:
    """Return the driver's connection of Django's wrapper, opened if need be; anything else as it is."""
    if callable(getattr(connection, "ensure_connection", None)) and hasattr(connection, "vendor"):
        connection.ensure_connection()
        return connection.connection
    return connection


def _driver_of(connection: Any) -> Any:
    """Return the driver's own connection, which knows whether a transaction is open."""
    if hasattr(connection, "get_bind"):
        connection = connection.connection()
    if isinstance(connection, sa.Connection):
        return connection.connection.dbapi_connection
    return connection


def _may_hold_savepoint(driver: Any) -> bool:
    """Say whether a savepoint is possible: a transaction is open, or begins with it since nothing commits by itself."""
    status = getattr(getattr(driver, "info", None), "transaction_status", 0)
    return int(status) == _IN_TRANSACTION or (int(status) == 0 and not getattr(driver, "autocommit", True))


def _in_transaction(driver: Any) -> bool | None:
    """Say whether a connection of sqlite3 has a transaction open; None: another driver's."""
    return getattr(driver, "in_transaction", None)


def runner_on(connection: Any) -> Runner:
    """Return a runner of statements on the host's connection: SQLAlchemy's or a session, sqlite3's or psycopg's.

    Raises `InvalidInputError` for anything else.
    """
    if isinstance(connection, sa.Connection):
        return ConnectionRunner(connection)
    if hasattr(connection, "sync_session") or hasattr(connection, "sync_connection"):
        raise InvalidInputError(
            "this is SQLAlchemy's async side: hand over the sync one, "
            "await session.run_sync(lambda sync: kit.record(appointment, connection=sync))"
        )
    if hasattr(connection, "get_bind") and hasattr(connection, "connection"):
        return ConnectionRunner(connection.connection())
    runner = _driver_runner(connection)
    if runner is None:
        raise InvalidInputError(
            f"a {type(connection).__module__}.{type(connection).__name__} is no connection the ledger can use: give an "
            "SQLAlchemy Connection or Session, Django's connection, or one of sqlite3 or psycopg"
        )
    return runner


def _driver_runner(connection: Any) -> Runner | None:
    """Return a runner on a driver's own connection, known by name so that no driver is loaded; None means another."""
    kinds = {(kind.__module__, kind.__qualname__) for kind in type(connection).__mro__}
    if ("sqlite3", "Connection") in kinds:
        from sqlalchemy.dialects.sqlite.pysqlite import dialect as sqlite_dialect

        return CursorRunner(sqlite_dialect(), lambda: _tuple_cursor(connection))
    if ("psycopg", "Connection") in kinds:
        from psycopg.rows import tuple_row
        from sqlalchemy.dialects.postgresql.psycopg import dialect as psycopg_dialect

        dialect: Dialect = psycopg_dialect()  # type: ignore[no-untyped-call]
        return CursorRunner(dialect, lambda: _cursor_by_name(connection, tuple_row))
    if ("psycopg2.extensions", "connection") in kinds:
        return _psycopg2_runner(connection)
    return None


def _psycopg2_runner(connection: Any) -> Runner:
    from psycopg2.extensions import cursor as tuple_cursor
    from sqlalchemy.dialects.postgresql.psycopg2 import dialect as psycopg2_dialect

    dialect: Dialect = psycopg2_dialect()  # type: ignore[no-untyped-call]
    return CursorRunner(dialect, lambda: connection.cursor(cursor_factory=tuple_cursor))


def _cursor_by_name(connection: Any, row_factory: Any) -> Any:
    """Return a cursor of psycopg 3 that takes values by name, as its raw one does not."""
    import psycopg

    raw = getattr(psycopg, "RawCursor", None)  # from version 3.2 on
    if raw is not None and issubclass(connection.cursor_factory, raw):
        return psycopg.Cursor(connection, row_factory=row_factory)
    return connection.cursor(row_factory=row_factory)


def _tuple_cursor(connection: Any) -> Any:
    """Return a cursor of sqlite3 whose rows are tuples, whatever the host has set."""
    cursor = connection.cursor()
    cursor.row_factory = None
    return cursor


class _Probes(NamedTuple):
    """The statements that find out which database a connection is to."""

    #: What tells it from others.
    where: Any
    #: Whether it holds a table of versions.
    there: Any
    #: The version of the tables.
    version: Any


@lru_cache(maxsize=64)
def _probes(kind: str, schema: str | None) -> _Probes:
    """Return the statements for a kind of database and a schema, built once: prepared statements stay for good."""
    prefix = f'"{schema}".' if schema else ""
    version = sa.text(f"SELECT version_num FROM {prefix}{VERSION_TABLE}")  # noqa: S608 - constants and the schema's name
    if kind == "sqlite":
        master = f"SELECT 1 FROM {prefix}sqlite_master WHERE name = '{VERSION_TABLE}'"  # noqa: S608 - the same
        file = sa.text(f"SELECT file FROM pragma_database_list WHERE name = '{schema or 'main'}'")  # noqa: S608 - the same
        return _Probes(file, sa.text(master), version)
    table = f"to_regclass('{prefix}{PREFIX}appointments')"
    where = sa.text(
        "SELECT current_database()::text, current_user::text, "
        f"CAST(pg_postmaster_start_time() AS text), CAST(CAST({table} AS oid) AS bigint)"
    )
    return _Probes(where, sa.text(f"SELECT 1 WHERE to_regclass('{prefix}{VERSION_TABLE}') IS NOT NULL"), version)


def identity_of(runner: Runner, schema: str | None) -> DatabaseIdentity:
    """Return which database a runner's statements run on; `schema` None means the connection's default one."""
    probes = _probes(runner.kind, schema)
    row: Sequence[Any] = next(iter(runner.rows(probes.where)), ("",))
    found = runner.rows(probes.version) if runner.rows(probes.there) else []
    version = str(found[0][0]) if found else None
    if runner.kind == "sqlite":
        return DatabaseIdentity("sqlite", _file_identity(row[0] or ""), version, f"sqlite:///{row[0] or ''}")
    database, user, started, table = row
    return DatabaseIdentity("postgresql", (database, started, table), version, f"postgresql://{user}@…/{database}")


def _file_identity(path: str) -> Any:
    """Return device and number of a file; None means that there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116 - what SQLite calls a file may be no path at all
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino


def prove_same(
    theirs: DatabaseIdentity, database: Database, ours: Callable[[bool], DatabaseIdentity], connection: Any
) -> None:
    """Raise `LedgerError` unless the host's connection reaches the ledger's own tables, in a version we know.

    Otherwise the record would go where no run looks for it. `theirs` is the identity of the host's database; `ours`
    returns that of the ledger's, from memory or, with True, asked for anew.
    """
    if isinstance(database, SQLiteFile):
        same = theirs.kind == "sqlite" and theirs.identity is not None and theirs.identity == database.stamp()
    elif isinstance(database, SQLiteMemory):
        same = getattr(connection, "engine", None) is database.engine
    else:
        same = theirs.kind == database.kind and any(theirs.identity == ours(anew).identity for anew in (False, True))
    if not same:
        raise LedgerError(
            f"this connection is to {theirs.name}, the ledger is in {database.name}: keep the ledger in the host's "
            "own database, or record without a connection"
        )
    if not versions.is_current(theirs.version):
        raise versions.refuse(theirs.version, database.name)
