"""The ledger: what was recorded, decided, asked of the provider, and what came of it; on SQLite or PostgreSQL.

Never loads SQLAlchemy before it is used, never calls a provider, never reads a clock to decide anything.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from threading import RLock
from typing import TYPE_CHECKING, Any, TypeVar

from reminder_kit.model.messages import Message
from reminder_kit.model.records import AppointmentRecord, FoundMessage, HistoryEntry, Identity, Suppression, Traffic

if TYPE_CHECKING:
    import sqlalchemy as sa

    from reminder_kit.ledger.databases.connections import Database
    from reminder_kit.ledger.databases.host_connection import DatabaseIdentity
    from reminder_kit.ledger.group_commit import Group
    from reminder_kit.ledger.reader import Reader, RecordFilter, SentByWhom
    from reminder_kit.ledger.transaction import Transaction

__all__ = ["Ledger"]

T = TypeVar("T")

_IDENTITIES_AT_ONCE = 500


class Ledger:
    """One ledger, used by any number of threads; safe to have been made before a fork.

    `url` is an SQLAlchemy URL (`sqlite:///reminders.db`, `postgresql://…`) or engine;
    `namespace` bounds everything seen and written; `schema` is the database schema of the
    tables (default: the connection's own). Making one opens nothing. Whatever the database
    refuses is a `LedgerError` that names the ledger and the remedy.
    """

    def __init__(self, url: str | sa.Engine, *, namespace: str = "default", schema: str | None = None) -> None:
        self.namespace = namespace
        self.schema = schema
        self._given = url
        self._lock = RLock()
        self._pid = os.getpid()
        self._abandoned: list[Any] = []
        self._forget()

    def _forget(self) -> None:
        self._database_: Database | None = None
        self._group_: Group | None = None
        self._current: object = None
        self._identity_: DatabaseIdentity | None = None

    def __repr__(self) -> str:
        return f"Ledger({self.url!r}, namespace={self.namespace!r})"

    @property
    def url(self) -> str:
        """Where the ledger is, without its password."""
        return self._database.name

    @property
    def _database(self) -> Database:
        from reminder_kit.ledger.databases.connections import database_for

        with self._lock:
            if self._pid != os.getpid():
                self._abandoned += [self._database_, self._group_]
                self._pid = os.getpid()
                self._forget()
            if self._database_ is None:
                self._database_ = database_for(self._given)
            return self._database_

    # Schema

    def upgrade(self) -> None:
        """Create the tables, or bring them to this library's version; safe to kill and to race.

        Raises `SchemaError` where they are newer than this library.
        """
        from reminder_kit.ledger.databases.connections import create
        from reminder_kit.ledger.versions import upgrade

        database = self._database
        create(database)
        with database.writing() as connection:
            upgrade(connection, self.schema, database.name)
        self._current = database.stamp()

    def prepare(self) -> None:
        """Make ready to write: create or upgrade an SQLite ledger, check a PostgreSQL one.

        Raises `SchemaError`, naming the command, where PostgreSQL's tables are not current.
        """
        database = self._database
        if self._is_known(database):
            return
        if database.exists() and self._version() is not None and self.check_schema(older=True) == "current":
            return
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
        if self._current is None:
            return False
        if self._current == database.stamp():
            return True
        database.close()
        self._current = None
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
        self._current = stamp
        return "current"

    # Writing

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """Open one transaction: committed on exit, rolled back on an exception."""
        from reminder_kit.ledger.databases.runner import ConnectionRunner
        from reminder_kit.ledger.transaction import Transaction

        database = self._database
        with database.writing() as connection:
            transaction = Transaction(ConnectionRunner(connection), self.namespace, self.schema)
            yield transaction
            transaction.flush()

    def submit(self, op: Callable[[Transaction], T]) -> Future[T]:
        """Have an operation run and committed, together with others that wait; its future completes once it is durable.

        Operations run one after another, in the order they came, in one thread. One that
        raises is rolled back and harms no other; since it may then have run twice, an
        operation must depend on nothing but the transaction.
        """
        from reminder_kit.ledger.group_commit import Group

        with self._lock:
            _ = self._database
            if self._group_ is None:
                self._group_ = Group(self.writing)
            group = self._group_
        return group.submit(op)

    @contextmanager
    def on(self, connection: Any) -> Iterator[Transaction]:
        """Work inside the host's own transaction, on its connection: statements only, no commit.

        Takes an SQLAlchemy `Connection` or `Session` (of async ones the sync side, as
        `run_sync` hands it over), or a connection of sqlite3 or psycopg. Raises `LedgerError`,
        naming both databases, where it does not reach the ledger's own tables.
        """
        from reminder_kit.ledger.databases.failures import translated
        from reminder_kit.ledger.databases.host_connection import borrowed, identity_of, prove_same
        from reminder_kit.ledger.transaction import Transaction

        database = self._database
        with translated(database.name):
            runner = borrowed(connection)
            prove_same(identity_of(runner, self.schema), database, self._identity, connection)
            transaction = Transaction(runner, self.namespace, self.schema)
            yield transaction
            transaction.flush()

    def _identity(self, anew: bool) -> DatabaseIdentity:  # noqa: FBT001 - a callback of one argument
        from reminder_kit.ledger.databases.host_connection import identity_of
        from reminder_kit.ledger.databases.runner import ConnectionRunner

        if self._identity_ is None or anew:
            self._identity_ = self._database.ask(lambda found: identity_of(ConnectionRunner(found), self.schema))
        return self._identity_

    # Reading

    def _ask(self, question: Callable[[Reader], T], absent: T) -> T:
        """Put a question to the ledger; an absent one has `absent` to say."""
        from reminder_kit.ledger.databases.runner import ConnectionRunner
        from reminder_kit.ledger.reader import Reader

        return self.ask(
            lambda connection: question(Reader(ConnectionRunner(connection), self.namespace, self.schema)), absent
        )

    def ask(self, question: Callable[[sa.Connection], T], absent: T) -> T:
        """Put a question of your own to a short read-only transaction; `absent` is what an absent ledger says."""
        if not self._database.exists() or self.check_schema() == "absent":
            return absent
        return self._database.ask(question)

    def records(
        self,
        *,
        source: str | None = None,
        ids: Collection[str] | None = None,
        identities: Collection[Identity] | None = None,
        rows: Collection[int] | None = None,
        now: datetime | None = None,
        settings: str | None = None,
        ended_after: datetime | None = None,
        dirty_only: bool = False,
        page: int = 500,
    ) -> Iterator[AppointmentRecord]:
        """Yield recorded appointments with their outcomes and messages, in the order they were first recorded.

        All filters hold together: `source`; appointment `ids`; `identities`; `rows`;
        `now` and `settings`: those that need a look (dirty, planned with other settings, or
        due by then); `ended_after`: those that are dirty, have something coming, or end at
        or after that instant; `dirty_only`. Each page is read in its own short transaction.
        """
        from reminder_kit.ledger.reader import RecordFilter

        if identities is not None:
            listed = list(dict.fromkeys(identities))
            for start in range(0, len(listed), _IDENTITIES_AT_ONCE):
                chosen = listed[start : start + _IDENTITIES_AT_ONCE]
                found: list[int] = self._ask(partial(_rows, chosen), [])
                within = found if rows is None else list(set(found) & set(rows))
                yield from self.records(
                    source=source, ids=ids, rows=within, now=now, settings=settings, ended_after=ended_after,
                    dirty_only=dirty_only, page=page,
                )  # fmt: skip
            return
        wanted = RecordFilter(source, ids, rows, now, settings, ended_after, dirty_only)
        after = 0
        while True:
            found_records: list[AppointmentRecord] = self._ask(partial(_page, wanted, after, page), [])
            yield from found_records
            if len(found_records) < page:
                return
            after = found_records[-1].row

    def history(self, *, source: str | None = None, id: str, recurrence_id: str | None = None) -> list[HistoryEntry]:  # noqa: A002 - the public name of an appointment's identity
        """Return what happened to an appointment, oldest first; in any source and all occurrences unless named."""
        return self._ask(lambda reading: reading.history(id=id, source=source, recurrence_id=recurrence_id), [])

    def identities(self, id: str, source: str | None = None, recurrence_id: str | None = None) -> list[Identity]:  # noqa: A002 - the public name of an appointment's identity
        """Return which appointments (occurrences) carry this id, in any source unless one is named."""
        return self._ask(lambda reading: reading.identities(id, source, recurrence_id), [])

    def of_source(self, source: str) -> list[Identity]:
        """Return what is recorded of a source and not removed."""
        return self._ask(lambda reading: reading.of_source(source), [])

    def suppressions(self) -> dict[str, Suppression]:
        """Return the numbers that must not be written to."""
        return self._ask(lambda reading: reading.suppressions(), {})

    def parked(self, source: str | None = None, *, provider: str | None = None) -> int:
        """Return how many messages are, or may be, parked: in all namespaces, or of one source of this one.

        With `provider`, only those at the provider of that name.
        """
        return self._ask(lambda reading: reading.parked(source, provider), 0)

    def sent_before(self, identity: Identity) -> SentByWhom:
        """Return, by (rule, recipient), what went out for this id, whichever occurrence."""
        pair = (identity.source, identity.id)
        return self.sent_before_many([pair]).get(pair, {})

    def sent_before_many(self, identities: Sequence[tuple[str, str]]) -> dict[tuple[str, str], SentByWhom]:
        """Return the same for many (source, id)."""
        return self._ask(lambda reading: reading.sent_before_many(identities), {})

    def sharing_number(self, ranges: Sequence[tuple[str, datetime, datetime]]) -> list[int]:
        """Return the rows of appointments that are for a number between two instants (or were, until worked on)."""
        return self._ask(lambda reading: reading.sharing_number(ranges), [])

    def phones(self, rows: Sequence[int]) -> dict[int, list[tuple[str, datetime]]]:
        """Return, by row, the numbers appointments are for, and from which start on."""
        return self._ask(lambda reading: reading.phones(rows), {})

    def traffic(self, numbers: Sequence[str], since: datetime) -> dict[str, list[Traffic]]:
        """Return what went, or is to go, out to numbers since an instant."""
        return self._ask(lambda reading: reading.traffic(numbers, since), {})

    def combined(self, numbers: Sequence[str]) -> list[Message]:
        """Return the messages to numbers that tell more than their own reminder, oldest first."""
        return self._ask(lambda reading: reading.combined(numbers), [])

    def reminder_owners(self, keys: Sequence[str]) -> dict[str, tuple[Identity, str, str]]:
        """Return, by key, which appointment a reminder is of, by which rule and to whom."""
        return self._ask(lambda reading: reading.reminder_owners(keys), {})

    def find_message(
        self, *, provider: str, provider_id: str | None = None, token: str | None = None
    ) -> FoundMessage | None:
        """Return the message that carries our token (its id), else the one the provider calls `provider_id`."""
        return self._ask(
            lambda reading: reading.find_message(provider=provider, provider_id=provider_id, token=token), None
        )

    def counts(self) -> dict[str, Any]:
        """Return what `status` shows (`reading.NOTHING` names the keys): numbers by state, due instants, last runs."""
        from reminder_kit.ledger.reader import NOTHING

        return self._ask(lambda reading: reading.counts(), dict(NOTHING))

    def last_run(self, name: str) -> tuple[datetime, dict[str, Any]] | None:
        """Return when a job last ran, and what it said."""
        return self._ask(lambda reading: reading.last_run(name), None)

    def close(self) -> None:
        """Commit what was submitted and close all connections; the ledger opens them again when used."""
        with self._lock:
            group, database = self._group_, self._database_
            if self._pid != os.getpid():
                return
            self._forget()
        if group is not None:
            group.close()
        if database is not None:
            database.close()


def _page(wanted: RecordFilter, after: int, size: int, reader: Reader) -> list[AppointmentRecord]:
    return reader.page(wanted, after, size)


def _rows(identities: Sequence[Identity], reader: Reader) -> list[int]:
    return list(reader.rows(identities).values())
