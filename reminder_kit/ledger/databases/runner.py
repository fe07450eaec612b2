"""Runners: prepared statements on a connection of SQLAlchemy's, or on cursors of a DB-API driver's.

Never begins, commits or rolls back. A statement is compiled once for each kind of driver and handed over as text after
that, at a tenth of the cost of executing the construct.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import sqlalchemy as sa
from attrs import frozen
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError

from reminder_kit.ledger.sql.each_row import EachRow

__all__ = ["OWN", "Asker", "ConnectionRunner", "CursorRunner", "Prepared", "Runner", "prepared", "runner_of"]

OWN = "reminder_kit_own"
"""The option of an engine for PostgreSQL that is our own."""


@frozen
class Prepared:
    """A statement as text, and how its values are handed over."""

    sql: str
    #: The names of its values in the order of their places; None: the driver takes them by name.
    order: tuple[str, ...] | None
    #: Values that are part of the statement itself.
    constants: Mapping[str, Any]

    def values(self, given: Mapping[str, Any]) -> Any:
        """Return the values as the driver takes them: by position, or by name."""
        known = {**self.constants, **given}
        return known if self.order is None else tuple([known[name] for name in self.order])


_PREPARED: dict[tuple[type[Dialect], str], dict[int, tuple[Any, Prepared]]] = {}
"""By driver and style of parameters, then by the identity of the statement, which is held so that it stays unique."""


def prepared(statement: Any, dialect: Dialect) -> Prepared:
    """Return a statement as text for a driver, compiled the first time it is asked for."""
    known = _PREPARED.setdefault((type(dialect), dialect.paramstyle), {})
    entry = known.get(id(statement))
    if entry is None:
        entry = known[id(statement)] = (statement, _compiled(statement, dialect))
    return entry[1]


def _compiled(statement: Any, dialect: Dialect) -> Prepared:
    if dialect.driver == "psycopg2":  # as for psycopg 3, whose text names the type of each value
        from sqlalchemy.dialects.postgresql.psycopg import dialect as psycopg_dialect

        dialect = psycopg_dialect()  # type: ignore[no-untyped-call]
    compiled = statement.compile(dialect=dialect)
    order = tuple(compiled.positiontup) if compiled.positional else None
    constants = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
    return Prepared(str(compiled), order, constants)


class Asker(Protocol):
    """What questions are asked of."""

    @property
    def kind(self) -> str:
        """Which database it is: `sqlite` or `postgresql`."""
        ...

    def pack(self, name: str, rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
        """Return a list of rows as the values of a statement that knows it by `name`: JSON, or an array a column."""
        ...

    def rows(self, statement: Any, **values: Any) -> Sequence[Sequence[Any]]:
        """Return what a statement finds."""
        ...


class Runner(Asker, Protocol):
    """What statements are run on."""

    dialect: Dialect

    def statement(self, sql: str) -> None:
        """Run a statement without values, as it is written."""
        ...

    def run(self, statement: Any, **values: Any) -> int:
        """Run a statement; returns how many rows it touched."""
        ...

    def many(self, statement: Any, rows: Sequence[Mapping[str, Any]]) -> int:
        """Run a statement for each row of values; returns how many rows were touched."""
        ...


class _Packing:
    dialect: Dialect
    run: Callable[..., int]

    @property
    def kind(self) -> str:
        return self.dialect.name

    def _all_at_once(self, each: EachRow, rows: Sequence[Mapping[str, Any]]) -> int:
        """Run a statement for a list of rows, in parts where some may not be in one list."""
        if len(rows) > 1 and not each.takes(rows):
            return sum(self._all_at_once(each, [row]) for row in rows)
        packed = self.pack("rows", [[row[name] for name in each.columns] for row in rows])
        return self.run(each.statement, **packed)

    def pack(self, name: str, rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
        if self.kind == "sqlite":
            return {name: json.dumps(rows)}
        if not rows:
            return {f"{name}0": []}
        return {f"{name}{index}": list(column) for index, column in enumerate(zip(*rows, strict=True))}


class ConnectionRunner(_Packing):
    """Statements on an SQLAlchemy connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self.dialect = connection.dialect

    def statement(self, sql: str) -> None:
        """Run a statement without values, as it is written."""
        self.connection.exec_driver_sql(sql)

    def rows(self, statement: Any, **values: Any) -> Sequence[Sequence[Any]]:
        """Return what a statement finds."""
        ready = prepared(statement, self.dialect)
        return self.connection.exec_driver_sql(ready.sql, ready.values(values)).fetchall()

    def run(self, statement: Any, **values: Any) -> int:
        """Run a statement; returns how many rows it touched."""
        ready = prepared(statement, self.dialect)
        return int(self.connection.exec_driver_sql(ready.sql, ready.values(values)).rowcount)

    def many(self, statement: Any, rows: Sequence[Mapping[str, Any]]) -> int:
        """Run a statement for each row of values; returns how many rows were touched."""
        if isinstance(statement, EachRow):
            return self._all_at_once(statement, rows)
        ready = prepared(statement, self.dialect)
        return int(self.connection.exec_driver_sql(ready.sql, [ready.values(row) for row in rows]).rowcount)


class CursorRunner(_Packing):
    """Statements on cursors of a driver's own connection; `cursor` returns a new one, whose rows are tuples."""

    def __init__(self, dialect: Dialect, cursor: Callable[[], Any]) -> None:
        self.dialect = dialect
        self._cursor = cursor

    def statement(self, sql: str) -> None:
        """Run a statement without values, as it is written."""
        self._executed("execute", sql).close()

    def _executed(self, method: str, sql: str, *values: Any) -> Any:
        """Return a cursor after its `execute` or `executemany`."""
        cursor = self._cursor()
        getattr(cursor, method)(sql, *values)
        return cursor

    def rows(self, statement: Any, **values: Any) -> Sequence[Sequence[Any]]:
        """Return what a statement finds."""
        ready = prepared(statement, self.dialect)
        cursor = self._executed("execute", ready.sql, ready.values(values))
        found: Sequence[Sequence[Any]] = cursor.fetchall()
        cursor.close()
        return found

    def run(self, statement: Any, **values: Any) -> int:
        """Run a statement; returns how many rows it touched."""
        ready = prepared(statement, self.dialect)
        cursor = self._executed("execute", ready.sql, ready.values(values))
        touched = int(cursor.rowcount)  # psycopg forgets it as the cursor is closed
        cursor.close()
        return touched

    def many(self, statement: Any, rows: Sequence[Mapping[str, Any]]) -> int:
        """Run a statement for each row of values; returns how many rows were touched."""
        if isinstance(statement, EachRow):
            return self._all_at_once(statement, rows)
        ready = prepared(statement, self.dialect)
        cursor = self._executed("executemany", ready.sql, [ready.values(row) for row in rows])
        touched = int(cursor.rowcount)  # psycopg forgets it as the cursor is closed
        cursor.close()
        return touched


class _PostgreSQLRunner(CursorRunner):
    """Statements on cursors of PostgreSQL's driver, whose errors SQLAlchemy learns of as of its own."""

    def __init__(self, connection: sa.Connection) -> None:
        super().__init__(connection.dialect, connection.connection.cursor)
        self._connection = connection

    def _executed(self, method: str, sql: str, *values: Any) -> Any:
        driver = self._connection.connection.driver_connection
        try:
            return super()._executed(method, sql, *values)
        except self.dialect.loaded_dbapi.Error as error:
            lost = self.dialect.is_disconnect(error, driver, None)
            if lost:
                self._connection.invalidate(error)
            wrapped = DBAPIError.instance(
                None, None, error, self.dialect.loaded_dbapi.Error, hide_parameters=True, connection_invalidated=lost
            )
            raise wrapped from error


def runner_of(connection: sa.Connection) -> Runner:
    """Return a runner on a connection of our own, or of the host's engine, within its transaction.

    The drivers are asked directly: nothing they need is SQLAlchemy's, whose results cost more than their answers. On a
    host's own engine for PostgreSQL all goes through SQLAlchemy, as whoever watches that engine expects.
    """
    if connection.dialect.driver == "pysqlite":
        return CursorRunner(connection.dialect, connection.connection.cursor)
    is_own = connection.get_execution_options().get(OWN, False)
    return _PostgreSQLRunner(connection) if is_own else ConnectionRunner(connection)
