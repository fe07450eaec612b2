"""Transactions of an engine: opened, ended, and what the database refuses as an error of ours.

Never decides what is read or written, nor how a transaction begins: the engine is told that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from reminder_kit.errors import LedgerError
from reminder_kit.ledger.databases import sqlite_files
from reminder_kit.ledger.databases.failures import CommitError

__all__ = ["beginning_with", "transaction"]


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
                raise CommitError(str(explained(error))) from error
    except (SQLAlchemyError, sqlite_files.Error) as error:  # SQLite's driver is asked directly
        raise explained(error) from error


def beginning_with(engine: Engine, statement: str) -> Engine:
    """Have every transaction of an engine begin with this statement."""

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(statement)

    return engine
