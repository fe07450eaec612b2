"""The ledger: what was recorded, decided, asked of the provider, and what came of it; on SQLite or PostgreSQL.

Never loads SQLAlchemy before it is used, never calls a provider, never reads a clock to decide anything.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from copy import copy
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import evolve, frozen

from reminder_kit.errors import InvalidInputError, LedgerError
from reminder_kit.ledger.databases.patience import PATIENCE, patience
from reminder_kit.ledger.databases.private_files import file_mode
from reminder_kit.ledger.homes import Home, is_engine
from reminder_kit.ledger.openings import Done, Openings
from reminder_kit.model.host_data import shown_name, too_long, whole_text
from reminder_kit.model.instants import utc
from reminder_kit.model.places import Place, adopted
from reminder_kit.model.restorations import Restoration

if TYPE_CHECKING:
    import sqlalchemy as sa

    from reminder_kit.ledger.databases.connections import Database
    from reminder_kit.ledger.databases.host_connection import DatabaseIdentity
    from reminder_kit.ledger.reader import Reader
    from reminder_kit.ledger.transaction import Transaction

__all__ = ["Ledger", "Purged"]

T = TypeVar("T")

_NAMESPACE = 200
"""Bytes of a namespace, which is part of what rows are found by."""

_MEANING = frozenset(".%:\"'\\")
"""Characters that have another meaning in the statements of this or that library between us and the database."""


@frozen
class Purged:
    """What a purge came to."""

    #: How many appointments were rid of personal data.
    count: int
    #: Whether no file of the ledger holds any of it by now; False: a reader holds the log.
    is_gone: bool = True


class Ledger:
    """One ledger, used by any number of threads; safe to have been made before a fork.

    One that nobody holds any more is closed by itself, with a `ResourceWarning`.

    `url` is an SQLAlchemy URL (`sqlite:///reminders.db`, `postgresql://…`) or engine;
    `namespace` bounds everything seen and written; `schema` is the database schema of the
    tables (default: the connection's own). `mode` is that of an SQLite file which is made: "0600", the owner
    alone, unless "0640" or "0660" lets a group in; a file that is there keeps its own. Making one opens nothing.
    `busy_timeout` is how long a lock that somebody else holds is waited for: seconds, or words ("5 seconds").
    Whatever the database refuses is a `LedgerError` that names the ledger and the remedy. Raises `InvalidInputError`
    for another object than an URL or engine, for a namespace of more than 200 bytes or with half characters, and for a
    schema whose name has a quote, a backslash, `.`, `%`, `:` or a control character, `ConfigurationError` for another
    mode or length.
    """

    def __init__(
        self,
        url: str | sa.Engine,
        *,
        namespace: str = "default",
        schema: str | None = None,
        mode: str = "0600",
        busy_timeout: float | str | timedelta = PATIENCE,
    ) -> None:
        if not isinstance(url, str) and not is_engine(url):
            raise InvalidInputError(
                f"a ledger is kept in SQLite or PostgreSQL, not in a {type(url).__name__}: give an URL "
                "(sqlite:///reminders.db, postgresql://…), an SQLAlchemy engine, or a reminder_kit.ledger.Ledger"
            )
        self.namespace = _namespace(namespace)
        self.schema = _schema(schema)
        self._home = Home(url, file_mode(mode, "mode"), patience(busy_timeout, "busy_timeout"))
        self._is_lent = False

    def namespaced(self, namespace: str, *, closes: bool = False) -> Ledger:
        """Return the same ledger for another namespace: it shares database, connections and writer with this one.

        Closing it closes nothing, since this one is closed by whoever made it; with `closes` it closes them for both.
        Raises `InvalidInputError` as the constructor.
        """
        other = copy(self)
        other.namespace, other._is_lent = _namespace(namespace), not closes  # noqa: SLF001 - one of our own
        return other

    def __repr__(self) -> str:
        return f"Ledger({self.url!r}, namespace={self.namespace!r})"

    @property
    def url(self) -> str:
        """Where the ledger is, without its password."""
        return self._database.name

    @property
    def _given(self) -> str | sa.Engine:
        return self._home.given

    @property
    def _database(self) -> Database:
        return self._home.database

    @property
    def _open(self) -> Openings:
        return self._home.open

    # Schema

    def upgrade(self) -> Done:
        """Create the tables, or bring them to this library's version; safe to kill and to race.

        It is done as it returns; an async host may await it as well. Raises `SchemaError` where they are newer than
        this library.
        """
        from reminder_kit.ledger.versions import upgrade

        database = self._database
        database.create()
        with database.writing() as connection:
            upgrade(connection, self.schema, database.name)
        self._home.current = database.stamp()
        return Done()

    def prepare(self) -> None:
        """Make ready to write: create or upgrade an SQLite ledger, check a PostgreSQL one.

        Raises `SchemaError`, naming the command, where PostgreSQL's tables are not current.
        """
        if self.check_schema(older=True) == "current":
            return
        database = self._database
        if database.kind == "sqlite":
            self.upgrade()
            return
        from reminder_kit.ledger.versions import refuse

        raise refuse(self._version(), database.name)

    def upgrade_if_older(self) -> None:
        """Upgrade an older SQLite ledger before it is read in order to write; one that is absent stays so.

        Raises `SchemaError`, naming the command, where PostgreSQL's tables are older.
        """
        if self.check_schema(older=True) == "older":
            self.prepare()

    def _is_known(self, database: Database) -> bool:
        """Say whether this very database was found to be current; connections to one that was replaced are dropped."""
        if self._home.current is None:
            return False
        if self._home.current == database.stamp():
            return True
        database.close()
        self._home.current = None
        return False

    def _version(self) -> str | None:
        from reminder_kit.ledger.versions import version_of

        database = self._database
        return database.ask(lambda connection: version_of(connection, self.schema)) if database.exists() else None

    def check_schema(self, *, older: bool = False) -> str:
        """Return `absent` or `current` (with `older`, also `older`).

        Raises `SchemaError` where the tables are older or newer than this library.
        """
        from reminder_kit.ledger.versions import VERSIONS, is_current, refuse

        database = self._database
        if self._is_known(database):
            return "current"
        stamp, version = database.stamp(), self._version()
        if version is None:
            return "absent"
        if not is_current(version):
            if older and version in VERSIONS:
                return "older"
            raise refuse(version, database.name)
        self._home.current = stamp
        return "current"

    # Its place

    def place(self) -> Place | None:
        """Return where the ledger is; None: nowhere (in memory), or not there yet."""
        database = self._database
        if database.kind == "sqlite":
            return database.place()
        if self._home.place is None:
            self._home.place = database.place()
        return self._home.place

    def adopt(self, *, restored: datetime | None = None, opt_outs_known: bool = False) -> None:
        """Have the ledger work where it is now: it was moved or restored, and the one it was works no more.

        A ledger that is found at another place than it last worked at, or that `restore` put back, writes to nobody
        until then: a copy of it would write to the same people once more. `restored` says that it is an older state,
        put back by other means, and when that was (the kit's instant, aware); see `restore` for what follows.
        `opt_outs_known` says that who opted out meanwhile is barred again, where no provider can tell. Raises
        `SchemaError` where its tables are not current.
        """
        self.prepare()
        place = self.place()
        with self.writing() as tx:
            if place is not None:
                tx.keep_places(adopted(place, tx.reader.standing.places()), everywhere=True)
            if restored is not None:
                last, at = tx.reader.standing.last_known_at(), utc(restored, "restored")
                tx.restorations.begin(Restoration.begun(last, at, adopted=True))
            if (known := tx.reader.standing.restoration()) is not None:
                told = opt_outs_known or known.opt_outs_known
                tx.restorations.keep(evolve(known, adopted=True, opt_outs_known=told))

    # Copies

    def backup(self, file: str | os.PathLike[str]) -> None:
        """Write a copy of an SQLite ledger, whole and of one moment, while others work with it.

        A new file is its owner's alone; a copy that stands there is replaced once the new one is whole. Raises
        `LedgerError`, for PostgreSQL with what to use instead.
        """
        from reminder_kit.ledger.backups import back_up

        back_up(self._database, Path(file))

    def restore(self, file: str | os.PathLike[str], now: datetime, *, force: bool = False) -> Restoration:
        """Put a backup in the place of the ledger; `now` is the kit's instant, aware (`kit.now()`).

        Nobody knows what was done after the backup. So it writes to nobody until it is adopted. From then on parked
        messages are looked up, appointments are held (`restored_ledger`) until they come in again, and whatever may
        have been parked meanwhile is asked from the provider, and is unknown where it can't be. Raises `LedgerError`
        where the present ledger knows more (unless forced), or is the host's own file, and for PostgreSQL.
        """
        from reminder_kit.ledger.backups import restore

        return restore(self._database, Path(file), utc(now, "now"), force=force)

    # Purging

    def purge(self, before: datetime, now: datetime) -> Purged:
        """Remove the personal data of appointments that ended before an instant, from the ledger and from its files.

        Counts, times and reasons stay, and so do suppressions. Where a reader holds the log, or the disk is full, the
        next call finishes it. `now` is the kit's instant. Raises `LedgerError`.
        """
        from reminder_kit.ledger.transaction import PURGED

        self.prepare()
        with self.writing() as tx:
            count = tx.purge(before, now)
            is_open = (tx.reader.last_run(PURGED) or (now, {}))[1].get("open", False)
        if not is_open:
            return Purged(count)
        if (put_off := self._home.unscrubbed) is not None:
            put_off[self.namespace] = now
            return Purged(count, is_gone=False)
        try:
            is_gone = self._scrubbed({self.namespace: now})
        except LedgerError as error:
            words = f"{count} past appointments were purged, but may still stand in free space"
            raise LedgerError(f"{words}: {error}") from error
        return Purged(count, is_gone=is_gone)

    @contextmanager
    def scrubbing_once(self) -> Iterator[None]:
        """Rid the files only at the end of what is purged meanwhile, in whichever namespace: once, not for each.

        Nothing is lost where that fails: it is noted, and the next purge does it.
        """
        self._home.unscrubbed = {}
        try:
            yield
        finally:
            open_still, self._home.unscrubbed = self._home.unscrubbed, None
            if open_still:
                self._scrubbed(open_still)

    def _scrubbed(self, purged: Mapping[str, datetime]) -> bool:
        """Rid the files of what namespaces purged, and note that; False: a reader holds the log."""
        from reminder_kit.ledger.transaction import PURGED

        if not self._database.scrub():
            return False
        with self.writing() as tx:
            for namespace, now in purged.items():
                tx.within(namespace).mark_run(PURGED, now, {"open": False})
        return True

    # Writing

    @contextmanager
    def writing(self, *, together: bool = False) -> Iterator[Transaction]:
        """Open one transaction: committed on exit, rolled back on an exception.

        `together` is for a group commit: see `Transaction`.
        """
        from reminder_kit.ledger.databases.runner import runner_of
        from reminder_kit.ledger.transaction import Transaction

        database = self._database
        with database.writing() as connection:
            transaction = Transaction(runner_of(connection), self.namespace, self.schema, together=together)
            yield transaction
            transaction.flush()

    def submit(self, op: Callable[[Transaction], T], *, apart: bool = False) -> Future[T]:
        """Have an operation run and committed, together with others that wait; its future completes once it is durable.

        Operations run one after another, in the order they came, in one thread. One that
        raises is rolled back and harms no other; since it may then have run twice, an
        operation must depend on nothing but the transaction. `apart`, on PostgreSQL, is for one that other processes
        wait for: they are not to wait for all else that this one writes.
        """
        return self._home.submit(op, self.writing, self.namespace, apart=apart)

    @contextmanager
    def on(self, connection: Any) -> Iterator[Transaction]:
        """Work inside the host's own transaction, on its connection: statements only, no commit.

        Takes an SQLAlchemy `Connection` or `Session` (of async ones the sync side, as `run_sync` hands it over),
        Django's `connection`, or one of sqlite3, psycopg or psycopg2. On PostgreSQL, inside an open transaction, it is
        a savepoint, so that what fails here leaves the host's transaction usable. Raises `LedgerError`, naming both
        databases, where it does not reach the ledger's own tables.
        """
        from reminder_kit.ledger.databases.failures import translated
        from reminder_kit.ledger.databases.host_connection import borrowed, identity_of, prove_same
        from reminder_kit.ledger.transaction import Transaction

        database = self._database
        with translated(database.name), borrowed(connection) as runner:
            prove_same(identity_of(runner, self.schema), database, self._identity, connection)
            transaction = Transaction(runner, self.namespace, self.schema)
            yield transaction
            transaction.flush()

    def _identity(self, anew: bool) -> DatabaseIdentity:  # noqa: FBT001 - a callback of one argument
        from reminder_kit.ledger.databases.host_connection import identity_of
        from reminder_kit.ledger.databases.runner import runner_of

        if self._home.identity is None or anew:
            self._home.identity = self._database.ask(lambda found: identity_of(runner_of(found), self.schema))
        return self._home.identity

    # Reading

    def read(self, question: Callable[[Reader], T]) -> T:
        """Put questions to the ledger, all of them answered from one snapshot.

        A ledger that is not there yet answers as an empty one. `question` returns what it found, whole (a list, no
        generator), and depends on nothing but its reader: where the first answer can't be trusted it is put again.
        Raises `SchemaError` where the tables are older or newer than this library.
        """
        from reminder_kit.ledger.databases.runner import runner_of
        from reminder_kit.ledger.reader import NoLedger, Reader

        database = self._database
        if not database.exists() or self.check_schema() == "absent":
            return question(Reader(NoLedger(), self.namespace, self.schema))
        return database.ask(lambda connection: question(Reader(runner_of(connection), self.namespace, self.schema)))

    def ask(self, question: Callable[[sa.Connection], T], absent: T) -> T:
        """Put a question of your own to a short read-only transaction; `absent` is what an absent ledger says."""
        if not self._database.exists() or self.check_schema() == "absent":
            return absent
        return self._database.ask(question)

    def close(self) -> None:
        """Commit what was submitted and close all connections; the ledger opens them again when used."""
        if not self._is_lent:
            self._home.close()


def _namespace(name: str) -> str:
    """Return the name of a namespace; raises `InvalidInputError` for what can't be one."""
    if not isinstance(name, str) or whole_text(name) != name or too_long(name, _NAMESPACE):
        raise InvalidInputError(
            f"a ledger's namespace is a text of {_NAMESPACE} bytes at most, of whole characters without NUL, not "
            f"{shown_name(name)}"
        )
    return name


def _schema(name: str | None) -> str | None:
    """Return the name of a schema, None for the connection's own; raises `InvalidInputError` for what can't be one."""
    if name is None:
        return None
    if not isinstance(name, str) or whole_text(name) != name or not name.isprintable() or _MEANING & set(name):
        raise InvalidInputError(
            f"a ledger's schema is the name of one without any of {' '.join(sorted(_MEANING))} and control characters, "
            f"not {shown_name(name)}: rename it (ALTER SCHEMA … RENAME TO …), or take another one"
        )
    return name
