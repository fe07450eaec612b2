"""SQLite as a ledger's database: a file, our own or the host's, or memory.

Never decides what is read or written, nor how a file is opened: that is `sqlite_files`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from stat import S_ISDIR
from threading import RLock
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.pool import NullPool, Pool, QueuePool, StaticPool

from reminder_kit.errors import LedgerError
from reminder_kit.ledger.databases import sqlite_files
from reminder_kit.ledger.databases.failures import explained, is_outdated_file
from reminder_kit.ledger.databases.patience import PATIENCE
from reminder_kit.ledger.databases.private_files import OWNER_ALONE
from reminder_kit.ledger.databases.transactions import beginning_with, transaction
from reminder_kit.model.places import Place

__all__ = ["SQLiteFile", "SQLiteMemory"]

T = TypeVar("T")

Question = Callable[[sa.Connection], T]


class SQLiteMemory:
    """A ledger in memory, for tests: one connection, one transaction at a time."""

    kind = "sqlite"
    name = "sqlite:// (in memory)"

    def __init__(self, engine: Engine | None) -> None:
        self._given = engine
        self._engine = engine
        self._lock = RLock()

    @property
    def is_open(self) -> bool:
        """Whether there is a connection of our own, and with it anything to be forgotten."""
        return self._engine is not None and self._given is None

    @property
    def engine(self) -> Engine:
        """The engine, made when first needed."""
        if self._engine is None:
            options: dict[str, Any] = {
                "creator": sqlite_files.open_memory,
                "poolclass": StaticPool,
                "hide_parameters": True,
            }
            self._engine = beginning_with(sa.create_engine("sqlite://", **options), "BEGIN IMMEDIATE")
        return self._engine

    def exists(self) -> bool:
        """Return True: memory is always there."""
        return True

    def create(self) -> None:
        """Do nothing: memory is there."""

    def stamp(self) -> object:
        """Return a value that changes when the ledger is closed, which forgets it."""
        return id(self._engine)

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Open the only transaction; others wait for it."""
        with self._lock, transaction(self.engine, self._explained) as connection:
            yield connection

    def ask(self, question: Question[T]) -> T:
        """Ask in the only transaction; others wait for it."""
        with self.writing() as connection:
            return question(connection)

    def _explained(self, error: Exception) -> LedgerError:
        return explained(error, self.name)

    def scrub(self) -> bool:
        """Return True: nothing is left anywhere."""
        return True

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

    Reading leaves the file, and the log of a writer that was killed, byte for byte as they were. `mode` is that of a
    file that is made; log and shared memory get it from the file. `patience` is for how
    many seconds a lock is waited for.
    """

    kind = "sqlite"

    def __init__(self, path: Path, mode: int = OWNER_ALONE, patience: float = PATIENCE) -> None:
        self.path = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links that may be replaced
        self.name = f"sqlite:///{path}"
        self._mode = mode
        self._patience = patience
        self._lock = RLock()
        #: To write, to read a file in use, and to read a file at rest; made when first needed.
        self._writer: Engine | None = None
        self._reader: Engine | None = None
        self._still: Engine | None = None
        #: Which file the writer's connections are to.
        self._written: object = None

    @property
    def is_open(self) -> bool:
        """Whether there are connections that are kept."""
        return self._writer is not None or self._reader is not None

    def create(self) -> None:
        """Create the file where there is none; raises `LedgerError` where that can't be."""
        try:
            sqlite_files.use_log(self.path, self._mode, self._patience)
        except (sqlite_files.Error, OSError) as error:
            raise self._explained(error) from error

    def _explained(self, error: Exception) -> LedgerError:
        return explained(error, self.name, self.path)

    def exists(self) -> bool:
        """Say whether the file is there; raises `LedgerError` where it is a folder, or may not be looked at."""
        try:
            found = self.path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise self._explained(error) from error
        if S_ISDIR(found.st_mode):
            raise LedgerError(f"ledger {self.name} can't be opened: it is a folder, name a file in it")
        return True

    def stamp(self) -> object:
        """Return which file stands there (device and number); None means none."""
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Open an immediate transaction: there is one writer at a time, and others wait for as long as was said.

        Raises `LedgerError` where another file was put in the place of the one that is open: what is written to that
        would be lost.
        """
        with self._lock:
            if self._writer is None:
                self._written = self.stamp()
                self._writer = self._engine(
                    lambda: sqlite_files.open_to_write(self.path, self._patience), "BEGIN IMMEDIATE"
                )
            writer, written = self._writer, self._written
        with transaction(writer, self._explained) as connection:
            is_there = self.stamp() == written
            if is_there:
                yield connection
        if not is_there:
            self._abandon(writer)
            raise LedgerError(
                f"ledger {self.name} was replaced by another file while it was open: nothing was written; run again"
            )

    def _abandon(self, writer: Engine) -> None:
        """Have the next transaction open the file anew."""
        with self._lock:
            if self._writer is writer:
                self._writer = None
        writer.dispose()

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
                if sqlite_files.is_untouched(self.path, before):
                    return answer
        try:
            return self._ask_pooled(question)
        except LedgerError as error:
            if not is_outdated_file(error.__cause__):
                raise
        return self._ask_copy(question)

    def _ask_copy(self, question: Question[T]) -> T:
        with ExitStack() as stack:
            try:
                copy = stack.enter_context(sqlite_files.copied(self.path))
            except OSError as error:
                raise self._explained(error) from error
            engine = self._engine(lambda: sqlite_files.open_to_write(copy), "BEGIN", pool=NullPool)
            return question(stack.enter_context(transaction(engine, self._explained)))

    def _ask_still(self, question: Question[T]) -> T:
        with self._lock:
            if self._still is None:
                self._still = self._engine(lambda: sqlite_files.open_still(self.path), "BEGIN", pool=NullPool)
        with transaction(self._still, self._explained) as connection:
            return question(connection)

    def _ask_pooled(self, question: Question[T]) -> T:
        with self._lock:
            if self._reader is None:
                self._reader = self._engine(lambda: sqlite_files.open_to_read(self.path, self._patience), "BEGIN")
        with transaction(self._reader, self._explained) as connection:
            return question(connection)

    def scrub(self) -> bool:
        """Leave nothing of what was deleted in the file and its log; False where a reader holds the log."""
        try:
            return sqlite_files.scrub(self.path, self._patience)
        except sqlite_files.Error as error:
            raise self._explained(error) from error

    @staticmethod
    def _engine(opened: Callable[[], Any], begin: str, *, pool: type[Pool] = QueuePool) -> Engine:
        options: dict[str, Any] = {"creator": opened, "poolclass": pool, "hide_parameters": True}
        return beginning_with(sa.create_engine("sqlite://", **options), begin)

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
