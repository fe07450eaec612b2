"""Connections to a ledger's database, and what SQLite and PostgreSQL do differently about them.

Never decides what is read or written. Transactions begin with an explicit `BEGIN`: the drivers' own ideas of when one
begins are off.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from threading import RLock
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool, Pool, QueuePool, StaticPool

from reminder_kit.errors import ConfigurationError, LedgerError
from reminder_kit.ledger.databases import sqlite_files
from reminder_kit.ledger.databases.failures import CommitError, explained, is_outdated_file
from reminder_kit.model.places import Place

__all__ = ["Database", "PostgreSQL", "SQLiteFile", "SQLiteMemory", "create", "database_for"]

T = TypeVar("T")

Question = Callable[[sa.Connection], T]
"""What is asked on a connection; it may be asked again, so that it must change nothing."""


class Database(Protocol):
    """Where a ledger lives."""

    #: Its URL without the password, for messages.
    name: str
    #: `sqlite` or `postgresql`.
    kind: str

    def exists(self) -> bool:
        """Say whether there is a database to be read; raises `LedgerError` where there can't be one."""
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

    def stamp(self) -> object:
        """Return a value that changes when the database is replaced by another."""
        ...

    def place(self) -> Place | None:
        """Return where the database is; None: nowhere, or it is not there yet."""
        ...

    def close(self) -> None:
        """Close all connections."""
        ...


def database_for(url: str | Engine) -> Database:
    """Return the database that an SQLAlchemy URL or engine names, opening nothing.

    Raises `ConfigurationError` for a URL that can't be read and for any other kind of database.
    """
    engine = None if isinstance(url, str) else getattr(url, "sync_engine", url)
    try:
        address = make_url(_url_for_sqlalchemy(url)) if isinstance(url, str) else engine.url  # type: ignore[union-attr]
    except ArgumentError as error:
        raise ConfigurationError(
            "the ledger's url can't be read: write sqlite:///reminders.db or postgresql://user@host/database"
        ) from error
    backend = address.get_backend_name()
    if backend == "postgresql":
        own = engine is None or engine.dialect.is_async
        return PostgreSQL(address, None if own else engine)
    if backend != "sqlite":
        raise ConfigurationError(f"no ledger is kept in {backend}: use sqlite:///… or postgresql://…")
    if address.database in (None, "", ":memory:"):
        return SQLiteMemory(engine)
    if str(address.database).startswith("file:") or (address.query and engine is None):
        raise ConfigurationError(
            "the ledger's url has options that SQLite's can't have: write sqlite:///path/to/file.db"
        )
    return SQLiteFile(Path(str(address.database)))


def create(database: Database) -> None:
    """Create the file of an SQLite ledger that has none yet; raises `LedgerError` where that can't be."""
    if isinstance(database, SQLiteFile):
        try:
            sqlite_files.use_log(database.path)
        except sqlite_files.Error as error:
            raise explained(error, database.name) from error


def _url_for_sqlalchemy(url: str) -> str:
    """Return a URL as SQLAlchemy spells it: hosting services still write postgres://."""
    return f"postgresql://{url.removeprefix('postgres://')}" if url.startswith("postgres://") else url


@contextmanager
def _transaction(engine: Engine, name: str) -> Iterator[sa.Connection]:
    """Open a transaction; an error of the database is raised as `LedgerError` that names ledger and remedy."""
    try:
        with engine.connect() as connection, connection.begin() as transaction:
            yield connection
            try:
                transaction.commit()
            except SQLAlchemyError as error:
                raise CommitError(str(explained(error, name))) from error
    except (SQLAlchemyError, sqlite_files.Error) as error:  # SQLite's driver is asked directly
        raise explained(error, name) from error


class PostgreSQL:
    """A PostgreSQL database, through psycopg 3 unless the host brings its own engine.

    Writing is READ COMMITTED with row locks, reading one REPEATABLE READ snapshot.
    """

    kind = "postgresql"

    def __init__(self, address: sa.URL, engine: Engine | None) -> None:
        self._address = address.set(drivername="postgresql+psycopg")
        self._given = engine
        self._engine = engine
        self._lock = RLock()
        self.name = address.render_as_string(hide_password=True)

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
            return _with_lock_timeout(sa.create_engine(self._address, pool_pre_ping=True, hide_parameters=True))
        except (NoSuchModuleError, ImportError) as error:
            raise ConfigurationError(
                f"ledger {self.name}: PostgreSQL needs psycopg: pip install 'reminder-kit[postgres]'"
            ) from error

    def exists(self) -> bool:
        """Return True: where no server answers, the first question raises."""
        return True

    def stamp(self) -> object:
        """Return the same value for ever: a server is not replaced unnoticed."""
        return True

    def writing(self) -> AbstractContextManager[sa.Connection]:
        """Open a transaction in READ COMMITTED, PostgreSQL's default, whatever the host's engine is set to."""
        engine = self.engine
        if self._given is not None:
            engine = engine.execution_options(isolation_level="READ COMMITTED")
        return _transaction(engine, self.name)

    def ask(self, question: Question[T]) -> T:
        """Ask within one snapshot (REPEATABLE READ, READ ONLY), so that all answers belong together."""
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with _transaction(self.engine.execution_options(**options), self.name) as connection:
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


class SQLiteMemory:
    """A ledger in memory, for tests: one connection, one transaction at a time."""

    kind = "sqlite"
    name = "sqlite:// (in memory)"

    def __init__(self, engine: Engine | None) -> None:
        self._engine = engine
        self._lock = RLock()

    @property
    def engine(self) -> Engine:
        """The engine, made when first needed."""
        if self._engine is None:
            options: dict[str, Any] = {
                "creator": sqlite_files.open_memory,
                "poolclass": StaticPool,
                "hide_parameters": True,
            }
            self._engine = _beginning_with(sa.create_engine("sqlite://", **options), "BEGIN IMMEDIATE")
        return self._engine

    def exists(self) -> bool:
        """Return True: memory is always there."""
        return True

    def stamp(self) -> object:
        """Return a value that changes when the ledger is closed, which forgets it."""
        return id(self._engine)

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Open the only transaction; others wait for it."""
        with self._lock, _transaction(self.engine, self.name) as connection:
            yield connection

    def ask(self, question: Question[T]) -> T:
        """Ask in the only transaction; others wait for it."""
        with self.writing() as connection:
            return question(connection)

    def place(self) -> None:
        """Return None: memory is nowhere."""
        return

    def close(self) -> None:
        """Close the connection, and with it forget everything."""
        with self._lock:
            if self._engine is not None:
                self._engine.dispose()
                self._engine = None


class SQLiteFile:
    """A ledger in an SQLite file: our own with a write-ahead log (WAL), or the host's with whatever that has.

    Reading leaves the file, and the log of a writer that was killed, byte for byte as they were.
    """

    kind = "sqlite"

    def __init__(self, path: Path) -> None:
        self.path = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links that may be replaced
        self.name = f"sqlite:///{path}"
        self._lock = RLock()
        #: To write, to read a file in use, and to read a file at rest; made when first needed.
        self._writer: Engine | None = None
        self._reader: Engine | None = None
        self._still: Engine | None = None

    def exists(self) -> bool:
        """Say whether the file is there; raises `LedgerError` where it is a folder."""
        if self.path.is_dir():
            raise LedgerError(f"ledger {self.name} can't be opened: it is a folder, name a file in it")
        return self.path.exists()

    def stamp(self) -> object:
        """Return which file stands there (device and number); None means none."""
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def writing(self) -> AbstractContextManager[sa.Connection]:
        """Open an immediate transaction: there is one writer at a time, and others wait for up to 30 seconds."""
        with self._lock:
            if self._writer is None:
                self._writer = self._engine(lambda: sqlite_files.open_to_write(self.path), "BEGIN IMMEDIATE")
        return _transaction(self._writer, self.name)

    def ask(self, question: Question[T]) -> T:
        """Ask without leaving a trace.

        A file that no writer has open is read without locks and without the shared memory that would appear beside
        it; that answer counts if nobody touched the file meanwhile. A file in use is read as SQLite does. Where that
        can't be, in a read-only folder, a copy is asked.
        """
        before = sqlite_files.at_rest(self.path)
        if before is not None:
            with suppress(LedgerError):
                answer = self._ask_still(question)
                if sqlite_files.at_rest(self.path) == before:
                    return answer
        try:
            return self._ask_pooled(question)
        except LedgerError as error:
            if not is_outdated_file(error.__cause__):
                raise
        with sqlite_files.copied(self.path) as copy:
            engine = self._engine(lambda: sqlite_files.open_to_write(copy), "BEGIN", pool=NullPool)
            with _transaction(engine, self.name) as connection:
                return question(connection)

    def _ask_still(self, question: Question[T]) -> T:
        with self._lock:
            if self._still is None:
                self._still = self._engine(lambda: sqlite_files.open_still(self.path), "BEGIN", pool=NullPool)
        with _transaction(self._still, self.name) as connection:
            return question(connection)

    def _ask_pooled(self, question: Question[T]) -> T:
        with self._lock:
            if self._reader is None:
                self._reader = self._engine(lambda: sqlite_files.open_to_read(self.path), "BEGIN")
        with _transaction(self._reader, self.name) as connection:
            return question(connection)

    @staticmethod
    def _engine(opened: Callable[[], Any], begin: str, *, pool: type[Pool] = QueuePool) -> Engine:
        options: dict[str, Any] = {"creator": opened, "poolclass": pool, "hide_parameters": True}
        return _beginning_with(sa.create_engine("sqlite://", **options), begin)

    def place(self) -> Place | None:
        """Return path and number of the file, links resolved; None: it is not there.

        The device is left out: containers and restarts give the same file another one.
        """
        real = os.path.realpath(self.path)
        try:
            number = Path(real).stat().st_ino
        except OSError:
            return None
        return Place(str(number), real, f"sqlite:///{real}")

    def close(self) -> None:
        """Close all connections; SQLite writes the log into the file as the last one closes."""
        with self._lock:
            for engine in (self._reader, self._writer):
                if engine is not None:
                    engine.dispose()
            self._writer = self._reader = None


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


def _with_lock_timeout(engine: Engine) -> Engine:
    """Have statements of an engine wait for at most 30 seconds for a row that somebody else has locked."""

    @sa.event.listens_for(engine, "connect")
    def connect(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '30s'")
        connection.commit()

    return engine


def _beginning_with(engine: Engine, statement: str) -> Engine:
    """Have every transaction of an engine begin with this statement."""

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(statement)

    return engine
