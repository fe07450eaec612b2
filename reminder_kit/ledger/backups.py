"""Backups: a ledger's file copied while it is at work, and put back so that it writes to nobody who can't be sure.

Never asks a provider. What a ledger that was put back may do is said by its `Restoration`, which is written into the
copy before that takes the place of the ledger: there is no moment at which an older state is taken for the latest.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from reminder_kit.errors import LedgerError
from reminder_kit.ledger.databases.backups import copied_whole, in_the_making, put_back
from reminder_kit.ledger.databases.failures import explained
from reminder_kit.ledger.databases.runner import runner_of
from reminder_kit.ledger.databases.sqlite import SQLiteFile
from reminder_kit.ledger.databases.sqlite_files import is_own, open_to_read
from reminder_kit.ledger.reader import Reader
from reminder_kit.ledger.transaction import Transaction
from reminder_kit.ledger.versions import VERSIONS, refuse, upgrade, version_of
from reminder_kit.model.instants import iso
from reminder_kit.model.restorations import Restoration

if TYPE_CHECKING:
    import sqlalchemy as sa

    from reminder_kit.ledger.databases.connections import Database

__all__ = ["back_up", "restore"]

_AWAY = "move it away, together with the files beside it that end in -wal, -shm and -journal, and restore again"


def back_up(database: Database, target: Path) -> None:
    """Write a copy of a ledger as it is at one moment, while others work with it; a new file is its owner's alone.

    A ledger's copy that stands there is replaced, once the new one is whole, and keeps its mode. Raises `LedgerError`,
    also for what is kept on a server or in memory.
    """
    source = _file_of(database)
    if not source.exists() or source.ask(lambda connection: version_of(connection, None)) is None:
        raise LedgerError(f"ledger {source.name} is not there yet: there is nothing to back up")
    with _explaining(target):
        if target.exists():
            _refuse_others(source, target)
    with _explaining(target), in_the_making(target) as part:
        with _explaining(source.path, source.name):
            copied_whole(source.path, part, source.name)
        if target.exists():
            part.chmod(stat.S_IMODE(target.stat().st_mode))
        part.replace(target)
        _write_through(target.parent)


def restore(database: Database, backup: Path, now: datetime, *, force: bool = False) -> Restoration:
    """Put a backup in the place of a ledger, which writes to nobody until it is adopted; `now` is the kit's instant.

    One of an older version is brought to this one; the backup itself stays as it is. Raises `LedgerError` where the
    ledger that is there knows more (unless forced), holds other tables or can't be overwritten, and for what is kept on
    a server or in memory; `SchemaError` for a backup that a newer version made.
    """
    ledger = _file_of(database)
    with _explaining(backup):
        if not backup.is_file():
            raise LedgerError(f"there is no backup {backup}: name a file that `ledger backup` made")
        if ledger.exists() and backup.samefile(ledger.path):
            raise LedgerError(f"{backup} is the ledger itself: name a file that `ledger backup` made")
    with _explaining(ledger.path, ledger.name), in_the_making(ledger.path) as part:
        with _explaining(backup):
            copied_whole(backup, part, str(backup))
        copy = SQLiteFile(part)
        try:
            known = _made_current(copy, backup)
            _refuse_to_lose(ledger, known, force=force)
            restoration = Restoration.begun(known.until, now, adopted=False)
            with copy.writing() as connection:
                transaction = Transaction(runner_of(connection), "default", None)
                transaction.restorations.begin(restoration)
                transaction.flush()
        finally:
            copy.close()
        ledger.create()
        put_back(part, ledger.path)
    return restoration


def _file_of(database: Database) -> SQLiteFile:
    """Return the file that a ledger is; raises `LedgerError`, with what to use instead, where it is none."""
    if isinstance(database, SQLiteFile):
        return database
    if database.kind == "postgresql":
        raise LedgerError(
            f"ledger {database.name} is kept on a server: back it up with the server's own means (pg_dump, or base "
            "backups and WAL); after putting one back, run `reminder-kit ledger adopt --restored`"
        )
    raise LedgerError(f"ledger {database.name} is kept in memory, which has no backups: keep it in a file")


@contextmanager
def _explaining(path: Path, name: str = "") -> Iterator[None]:
    """Raise what SQLite or the system say of a file as `LedgerError`; `name` "": it is called by its path."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise explained(error, name or str(path), path) from error


def _refuse_others(source: SQLiteFile, target: Path) -> None:
    """Raise `LedgerError` where a file that would be replaced is no copy of a ledger, or the ledger itself."""
    if target.samefile(source.path):
        raise LedgerError(f"{target} is the ledger itself: name another file for its copy")
    there = SQLiteFile(target)
    try:
        known = target.is_file() and there.ask(lambda connection: version_of(connection, None))
    except LedgerError:
        known = None
    finally:
        there.close()
    if not known:
        raise LedgerError(f"{target} is there, and is no copy of a ledger: name another file, or remove it")


def _write_through(folder: Path) -> None:
    """Have a folder's new entry survive a power cut, where the system knows how."""
    if os.name == "posix":
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


@frozen
class _Known:
    """How much a ledger knows."""

    #: The last instant it knows of, UTC; None: it is empty.
    until: datetime | None
    #: The number of its last line of history.
    line: int

    def exceeds(self, other: _Known) -> bool:
        """Say whether it knows anything that another one does not."""
        later = self.until is not None and (other.until is None or self.until > other.until)
        return later or self.line > other.line

    def __str__(self) -> str:
        return f"{iso(self.until)} (line {self.line} of its history)" if self.until else "nothing"


def _made_current(copy: SQLiteFile, backup: Path) -> _Known:
    """Bring a copy of a backup to this version; returns how much it knows."""
    version = copy.ask(lambda connection: version_of(connection, None))
    if version is None:
        raise LedgerError(f"{backup} holds no ledger: name a file that `ledger backup` made")
    if version not in VERSIONS:
        raise refuse(version, str(backup))
    if not _is_own(copy.path):
        raise LedgerError(
            f"{backup} holds other tables, too: restore it as the host's own backups are, then run "
            "`reminder-kit ledger adopt --restored`"
        )
    with copy.writing() as connection:
        upgrade(connection, None, copy.name)
    return _known(copy)


def _is_own(path: Path) -> bool:
    with closing(open_to_read(path)) as connection:
        return is_own(connection)


def _known(file: SQLiteFile) -> _Known:
    def asked(connection: sa.Connection) -> _Known:
        standing = Reader(runner_of(connection), "default", None).standing
        return _Known(standing.last_known_at(), standing.last_line())

    return file.ask(asked)


def _refuse_to_lose(ledger: SQLiteFile, backup: _Known, *, force: bool) -> None:
    """Raise `LedgerError` where a backup would take the place of a ledger that knows more."""
    if not ledger.exists():
        return
    try:
        version = ledger.ask(lambda connection: version_of(connection, None))
        alone, present = _is_own(ledger.path), _known(ledger) if version == VERSIONS[-1] else None
    except (LedgerError, sqlite3.Error) as error:
        raise LedgerError(f"what stands at {ledger.path} can't be overwritten ({error}): {_AWAY}") from error
    if not alone:
        raise LedgerError(
            f"ledger {ledger.name} is the host's own file, with other tables: put that back as the host does, then run "
            "`reminder-kit ledger adopt --restored`"
        )
    if present is not None and present.exceeds(backup) and not force:
        raise LedgerError(
            f"ledger {ledger.name} is whole, and knows all up to {present}; the backup only up to {backup}: to lose "
            "what lies between all the same, force it (--force)"
        )
