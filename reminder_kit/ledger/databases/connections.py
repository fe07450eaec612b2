"""Connections to a ledger's database: what one offers, and which one an URL or an engine names; PostgreSQL.

Never decides what is read or written. Transactions begin with an explicit `BEGIN`: the drivers' own ideas of when one
begins are off.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib.util import find_spec
from pathlib import Path
from threading import RLock
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from reminder_kit.errors import ConfigurationError, LedgerError
from reminder_kit.ledger.databases.failures import explained, is_worth_another_try
from reminder_kit.ledger.databases.patience import PATIENCE
from reminder_kit.ledger.databases.private_files import OWNER_ALONE
from reminder_kit.ledger.databases.runner import OWN
from reminder_kit.ledger.databases.sqlite import SQLiteFile, SQLiteMemory
from reminder_kit.ledger.databases.transactions import greeted_after_rest, transaction
from reminder_kit.model.places import Place

_WRITING = "READ COMMITTED"
"""The isolation of what may write, on an engine of our own set for good: it travels with `BEGIN`."""

__all__ = ["Database", "PostgreSQL", "database_for"]

T = TypeVar("T")

Question = Callable[[sa.Connection], T]
"""What is asked on a connection; it may be asked again, so that it must change nothing."""


class Database(Protocol):
    """Where a ledger lives."""

    #: Its URL without the password, for messages.
    name: str
    #: `sqlite` or `postgresql`.
    kind: str

    @property
    def is_open(self) -> bool:
        """Whether it has connections of its own."""
        ...

    def exists(self) -> bool:
        """Say whether there is a database to be read; raises `LedgerError` where there can't be one."""
        ...

    def create(self) -> None:
        """Create what can be created without a server: a file. Raises `LedgerError` where that can't be."""
        ...

    def writing(self) -> AbstractContextManager[sa.Connection]:
        """Open a transaction that may write; it commits on exit and rolls back on an exception.

        Raises `LedgerError`, and `CommitError` where nobody knows whether the commit was carried out.
        """
        ...

    def ask(self, question: Question[T]) -> T:
        """Ask a question in a read-only transaction; it is asked again where the first answer can't be trusted.

        Raises `LedgerError`.
        """
        ...

    def scrub(self) -> bool:
        """Leave nothing of what was deleted in files; False where a reader keeps that from being done to the end.

        Raises `LedgerError`.
        """
        ...

    def stamp(self) -> object:
        """Return a value that changes when the database is replaced by another."""
        ...

    def place(self) -> Place | None:
        """Return where the database is; None: nowhere, or it is not there yet."""
        ...

    def close(self) -> None:
        """Close all connections."""
        ...


def database_for(url: str | Engine, mode: int = OWNER_ALONE, patience: float = PATIENCE) -> Database:
    """Return the database that an SQLAlchemy URL or engine names, opening nothing; `mode` is that of a file it makes.

    `patience` is for how many seconds connections of its own wait for a lock.

    Raises `ConfigurationError` for a URL that can't be read and for any other kind of database.
    """
    engine = None if isinstance(url, str) else getattr(url, "sync_engine", url)
    try:
        address = make_url(_url_for_sqlalchemy(url)) if isinstance(url, str) else engine.url  # type: ignore[union-attr]
    except (ArgumentError, ValueError) as error:  # the latter for a port that is no number
        raise ConfigurationError(
            "the ledger's url can't be read: write sqlite:///reminders.db or postgresql://user@host/database"
        ) from error
    backend = address.get_backend_name()
    if backend == "postgresql":
        own = engine is None or engine.dialect.is_async
        return PostgreSQL(address, None if own else engine, patience)
    if backend != "sqlite":
        raise ConfigurationError(f"no ledger is kept in {backend}: use sqlite:///… or postgresql://…")
    if address.database in (None, "", ":memory:"):
        return SQLiteMemory(engine)
    if str(address.database).startswith("file:") or (isinstance(url, str) and "?" in url):
        raise ConfigurationError(
            "the ledger's url has options that SQLite's can't have: write sqlite:///path/to/file.db, a path without a "
            "question mark"
        )
    return SQLiteFile(Path(str(address.database)), mode, patience)


def _url_for_sqlalchemy(url: str) -> str:
    """Return a URL as SQLAlchemy spells it: hosting services still write postgres://."""
    return f"postgresql://{url.removeprefix('postgres://')}" if url.startswith("postgres://") else url


class PostgreSQL:
    """A PostgreSQL database, through psycopg 3 (or psycopg2 where that alone is there) unless a host brings an engine.

    Writing is READ COMMITTED with row locks, reading one REPEATABLE READ snapshot.
    """

    kind = "postgresql"

    def __init__(self, address: sa.URL, engine: Engine | None, patience: float = PATIENCE) -> None:
        self._address = address.set(drivername="postgresql+psycopg")
        self._patience = patience
        self._given = engine
        self._engine = engine
        self._lock = RLock()
        self.name = address.render_as_string(hide_password=True)

    @property
    def is_open(self) -> bool:
        """Whether there is an engine of our own."""
        return self._engine is not None and self._given is None

    @property
    def engine(self) -> Engine:
        """The engine, made when first needed."""
        with self._lock:
            if self._engine is None:
                self._engine = self._made()
        return self._engine

    def _made(self) -> Engine:
        """Return an engine of our own; raises `ConfigurationError` where psycopg is not installed."""
        try:
            options = {"execution_options": {OWN: True}, "isolation_level": _WRITING}
            made = sa.create_engine(_with_driver(self._address), hide_parameters=True, **options)
            return greeted_after_rest(_with_lock_timeout(made, self._patience))
        except (NoSuchModuleError, ImportError) as error:
            raise ConfigurationError(
                f"ledger {self.name}: PostgreSQL needs psycopg: pip install 'reminder-kit[postgres]'"
            ) from error

    def exists(self) -> bool:
        """Return True: where no server answers, the first question raises."""
        return True

    def create(self) -> None:
        """Do nothing: databases are created by whoever runs the server."""

    def _explained(self, error: Exception) -> LedgerError:
        return explained(error, self.name)

    def scrub(self) -> bool:
        """Return True: freed rows are the server's to overwrite (autovacuum; VACUUM FULL writes tables anew)."""
        return True

    def stamp(self) -> object:
        """Return the same value for ever: a server is not replaced unnoticed."""
        return True

    def writing(self) -> AbstractContextManager[sa.Connection]:
        """Open a transaction in READ COMMITTED, whatever the host's engine, the database or its role is set to."""
        engine = self.engine
        if self._given is not None:
            engine = engine.execution_options(isolation_level=_WRITING)
        return transaction(engine, self._explained)

    def ask(self, question: Question[T]) -> T:
        """Ask within one snapshot (REPEATABLE READ, READ ONLY), so that all answers belong together.

        Where the connection was lost meanwhile, it is asked once more on a new one.
        """
        try:
            return self._asked(question)
        except LedgerError as error:
            if not is_worth_another_try(error):
                raise
        return self._asked(question)

    def _asked(self, question: Question[T]) -> T:
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with transaction(self.engine.execution_options(**options), self._explained) as connection:
            return question(connection)

    def place(self) -> Place:
        """Return the cluster and the number of the database: a dump that was restored is another one.

        A cluster that was copied file by file, as a replica is, tells the same. Who may not ask for the cluster's
        number is told the database's alone.
        """
        return self.ask(_place_of)

    def close(self) -> None:
        """Close the connections, unless they are the host's."""
        with self._lock:
            if self._engine is not None and self._given is None:
                self._engine.dispose()
                self._engine = None


def _place_of(connection: sa.Connection) -> Place:
    """Return the place of the PostgreSQL database that a connection is to."""
    name, number = connection.exec_driver_sql(
        "SELECT current_database()::text, oid::text FROM pg_database WHERE datname = current_database()"
    ).one()
    may_ask = connection.exec_driver_sql("SELECT has_function_privilege('pg_control_system()', 'execute')").scalar()
    cluster = ""
    if may_ask:
        cluster = connection.exec_driver_sql("SELECT system_identifier::text FROM pg_control_system()").scalar_one()
    return Place(f"{cluster}/{number}", "", f"postgresql:///{name} (cluster {cluster or 'not known'})")


def _with_driver(address: sa.URL) -> sa.URL:
    """Return an address with the driver that is there: psycopg 3, or psycopg2 alone."""
    old = find_spec("psycopg") is None and find_spec("psycopg2") is not None
    return address.set(drivername="postgresql+psycopg2") if old else address


def _with_lock_timeout(engine: Engine, patience: float) -> Engine:
    """Have statements of an engine wait for at most so many seconds for a row that somebody else has locked."""

    @sa.event.listens_for(engine, "connect")
    def connect(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = {max(1, round(patience * 1000))}")
        connection.commit()

    return engine
