"""Transactions of an engine: opened, ended, and what the database refuses as an error of ours.

Never decides what is read or written, nor how a transaction begins: the engine is told that.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.exc import InvalidatePoolError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from reminder_kit.errors import LedgerError
from reminder_kit.ledger.databases import sqlite_files
from reminder_kit.ledger.databases.failures import CommitError

__all__ = ["beginning_with", "greeted_after_rest", "transaction"]

_REST = 1.0
"""Seconds for which a connection that answered is taken to be good: to ask each time costs a fifth of a short read."""


def _seconds() -> float:
    """Return seconds of a clock that is never set, and goes on while the machine sleeps, where there is such a one."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


@contextmanager
def transaction(engine: Engine, explained: Callable[[Exception], LedgerError]) -> Iterator[sa.Connection]:
    """Open a transaction; it commits on exit and rolls back on an exception.

    An error of the database is raised as `explained` says it: with the ledger's name and the remedy.
    """
    try:
        with engine.connect() as connection, connection.begin() as begun:
            yield connection
            try:
                begun.commit()
            except SQLAlchemyError as error:
                _end(connection)
                raise CommitError(str(explained(error))) from error
    except (SQLAlchemyError, sqlite_files.Error) as error:  # SQLite's driver is asked directly
        raise explained(error) from error


def _end(connection: sa.Connection) -> None:
    """Roll back what could not be committed: SQLite would keep it open, and its locks, on a connection of the pool."""
    with suppress(SQLAlchemyError, connection.dialect.loaded_dbapi.Error):
        connection.connection.rollback()


def greeted_after_rest(engine: Engine) -> Engine:
    """Have a connection that rested in the pool asked whether it is good before it is used, and made anew if not.

    So is every connection that rested already when another one was lost.
    """
    lost_at = 0.0

    @sa.event.listens_for(engine, "invalidate")
    def invalidate(_connection: Any, _record: ConnectionPoolEntry, _error: BaseException | None) -> None:
        nonlocal lost_at
        lost_at = _seconds()

    @sa.event.listens_for(engine, "checkin")
    def checkin(_connection: Any, record: ConnectionPoolEntry) -> None:
        record.info["rests_since"] = _seconds()

    @sa.event.listens_for(engine, "checkout")
    def checkout(connection: Any, record: ConnectionPoolEntry, _proxy: Any) -> None:
        since = record.info.get("rests_since")
        if since is None or (since > lost_at and _seconds() - since < _REST):
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error  # all connections are made anew, as they rested too

    return engine


def beginning_with(engine: Engine, statement: str) -> Engine:
    """Have every transaction of an engine begin with this statement, which its driver is asked directly."""

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        cursor = connection.connection.cursor()
        cursor.execute(statement)
        cursor.close()

    return engine
