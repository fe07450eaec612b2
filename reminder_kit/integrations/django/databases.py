"""Django's databases as a ledger's: where one is, and its connection as SQLAlchemy's, within Django's transaction.

Never commits, rolls back or closes what is Django's.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from django.db import connections
from sqlalchemy.engine import Dialect, Engine
from sqlalchemy.pool import StaticPool

from reminder_kit.errors import ConfigurationError
from reminder_kit.ledger.ledger import Ledger

__all__ = ["ledger_of", "lent", "to_record_on"]

_MEMORY: dict[str, Engine] = {}
"""Engines of SQLite databases in memory, by name: tests have such."""


def ledger_of(alias: str, namespace: str) -> Ledger:
    """Return the ledger in a database of Django's, not opened yet; raises `ConfigurationError` for another kind."""
    return Ledger(_place_of(alias), namespace=namespace)


def _place_of(alias: str) -> str | Engine:
    """Return the address of a database, or the engine of one in SQLite."""
    connection = connections[alias]
    given = connection.settings_dict
    if connection.vendor == "sqlite":
        name = str(given["NAME"])
        if connection.is_in_memory_db():
            return _memory(name)
        return sa.create_engine(sa.URL.create("sqlite", database=name))  # in an address % and ? would mean something
    if connection.vendor == "postgresql":
        return _postgresql(given).render_as_string(hide_password=False)
    raise ConfigurationError(
        f"REMINDER_KIT: database {alias!r} is {connection.display_name}, and a ledger is kept in SQLite or PostgreSQL: "
        'name another DATABASE, or set "DATABASE": None and [ledger] url in reminders.toml'
    )


def _postgresql(given: dict[str, Any]) -> sa.URL:
    """Return the address of a PostgreSQL database as libpq takes it; what is Django's own among its options stays."""
    options = {
        key: str(value)
        for key, value in given["OPTIONS"].items()
        if type(value) in (str, int) and key not in _DJANGOS_OWN
    }
    if role := given["OPTIONS"].get("assume_role"):
        named = str(role).replace("\\", r"\\").replace(" ", r"\ ")
        options["options"] = f"{options.get('options', '')} -c role={named}".strip()
    if given["HOST"].startswith("/"):
        options["host"] = given["HOST"]
    return sa.URL.create(
        "postgresql+psycopg",
        given["USER"] or None,
        given["PASSWORD"] or None,
        None if "host" in options else given["HOST"] or None,
        int(given["PORT"]) if given["PORT"] else None,
        given["NAME"] or None,
        options,
    )


_DJANGOS_OWN = ("isolation_level", "assume_role", "prepare_threshold")
"""Options of a database that are no parameters of libpq's."""


def _memory(name: str) -> Engine:
    """Return the engine of an SQLite database in memory, which Django's connection shares."""
    if name not in _MEMORY:
        _MEMORY[name] = sa.create_engine(
            "sqlite://",
            creator=lambda: sqlite3.connect(name, uri=True, check_same_thread=False),
            poolclass=StaticPool,
        )
    return _MEMORY[name]


class _Lent:
    """A driver's connection of Django's, of which nobody else ends the transaction."""

    def __init__(self, driver: Any) -> None:
        self._driver = driver

    def __getattr__(self, name: str) -> Any:
        return getattr(self._driver, name)

    def commit(self) -> None:
        """Leave that to Django."""

    rollback = close = commit


def _dialect_of(connection: Any) -> Dialect:
    """Return SQLAlchemy's dialect for the driver that Django uses."""
    name = type(connection.connection).__module__.partition(".")[0]
    if connection.vendor == "sqlite":
        from sqlalchemy.dialects.sqlite.pysqlite import dialect as sqlite_dialect

        return sqlite_dialect(dbapi=sqlite3)
    if name == "psycopg2":
        import psycopg2
        from sqlalchemy.dialects.postgresql.psycopg2 import dialect as psycopg2_dialect

        return psycopg2_dialect(dbapi=psycopg2, use_native_hstore=False)  # type: ignore[no-untyped-call]
    import psycopg
    from sqlalchemy.dialects.postgresql.psycopg import dialect as psycopg_dialect

    return psycopg_dialect(dbapi=psycopg, use_native_hstore=False)  # type: ignore[no-untyped-call]


@contextmanager
def lent(connection: Any) -> Iterator[sa.Connection]:
    """Lend Django's connection as one of SQLAlchemy's, inside Django's transaction."""
    connection.ensure_connection()
    dialect = _dialect_of(connection)
    pool = StaticPool(lambda: _Lent(connection.connection), dialect=dialect)
    engine = Engine(pool, dialect, sa.make_url(f"{dialect.name}://"))
    with engine.connect() as borrowed:
        dialect.initialize(borrowed)
        with borrowed.begin() if not borrowed.in_transaction() else borrowed.begin_nested():
            yield borrowed


@contextmanager
def to_record_on(alias: str) -> Iterator[Any]:
    """Yield what `record(connection=)` takes for a database of Django's: its connection.

    A database in memory has no file by which to tell it: there the connection is marked as one of the ledger's engine.
    """
    connection = connections[alias]
    if connection.vendor != "sqlite" or not connection.is_in_memory_db():
        yield connection
        return
    connection.ensure_connection()
    engine = _memory(str(connection.settings_dict["NAME"]))
    pool = StaticPool(lambda: _Lent(connection.connection), dialect=engine.dialect)
    with sa.Connection(engine, connection=pool.connect()) as marked:
        yield marked
