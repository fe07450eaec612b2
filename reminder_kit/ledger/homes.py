"""A home: what all namespaces of one ledger share in a process: its database, its one writer, what is known of them.

Never reads or writes a row, and opens nothing before it is used.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from threading import RLock
from typing import TYPE_CHECKING, Any, TypeVar

from reminder_kit.forks import Forkable, put_aside, survive_forks
from reminder_kit.ledger.openings import Openings, give_back

if TYPE_CHECKING:
    import sqlalchemy as sa

    from reminder_kit.ledger.databases.connections import Database
    from reminder_kit.ledger.databases.host_connection import DatabaseIdentity
    from reminder_kit.ledger.group_commit import Writing
    from reminder_kit.ledger.transaction import Transaction
    from reminder_kit.model.places import Place

__all__ = ["Home"]

T = TypeVar("T")


class Home(Forkable):
    """Where a ledger lives, as one process has it open; safe to have been made before a fork.

    One that nobody holds any more is closed by itself, with a `ResourceWarning`. `given` is an URL or an engine, `mode`
    that of an SQLite file which is made, `patience` for how many seconds a lock is waited for.
    """

    def __init__(self, given: str | sa.Engine, mode: int, patience: float) -> None:
        self.given = given
        self._mode = mode
        self._patience = patience
        #: By namespace, when what it purged is still to be rid of in files; None: that is done at once.
        self.unscrubbed: dict[str, datetime] | None = None
        self._begin_anew()
        survive_forks(self)

    def _begin_anew(self) -> None:
        """Begin with nothing open; what is open when nobody holds this any more is given back, with a warning."""
        self.lock = RLock()
        self._pid = os.getpid()
        self.open = Openings()
        self._unclosed = weakref.finalize(self, give_back, self.open, "ledger")
        self._unclosed.atexit = False
        self._forget()

    def _forget(self) -> None:
        #: Which database was found to have tables of this library's version; None: none yet.
        self.current: object = None
        #: What tells the database from others, and where it is; None: it was not asked for yet.
        self.identity: DatabaseIdentity | None = None
        self.place: Place | None = None

    def before_fork(self) -> None:
        """Have no transaction open that a child would get half of."""
        for group in self.open.groups:
            group.rest()

    def after_fork_in_parent(self) -> None:
        """Go on committing."""
        for group in self.open.groups:
            group.go_on()

    def after_fork_in_child(self) -> None:
        """Leave everything to the parent that is open, and begin anew."""
        self._unclosed.detach()
        put_aside(self.open)
        self._begin_anew()

    @property
    def database(self) -> Database:
        """The database, which opens its connections when they are needed."""
        from reminder_kit.ledger.databases.connections import database_for

        if self._pid != os.getpid():  # forked by a program that does not tell Python
            self.after_fork_in_child()
        with self.lock:
            if self.open.database is None:
                self.open.database = database_for(self.given, self._mode, self._patience)
            return self.open.database

    def submit(
        self, op: Callable[[Transaction], T], writing: Writing, namespace: str, *, apart: bool = False
    ) -> Future[T]:
        """Have the one writer run an operation, within a namespace, in a transaction that `writing` opens.

        Returns at once. `apart`, on PostgreSQL, has another one do it, by itself, for what other processes wait for.
        """
        with self.lock:
            group = self.open.committing(apart=apart and self.database.kind != "sqlite")
        return group.submit(op, writing, namespace)

    def close(self) -> None:
        """Commit what was submitted and close all connections; they are opened again when used."""
        if self._pid != os.getpid():
            return
        with self.lock:
            closing = self.open.taken()
            self._forget()
        closing.close()


def is_engine(given: Any) -> bool:
    """Say whether something is an engine of SQLAlchemy's, of either side."""
    return hasattr(getattr(given, "sync_engine", given), "dialect")
