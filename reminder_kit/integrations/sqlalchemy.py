"""SQLAlchemy: what a session saves is recorded in its own transaction; sync and async sessions of version 2.

Never fails a commit, and never touches a session after its commit: what can't be recorded is logged and listed, and the
batch job repairs it.

    reminders = SessionReminders(kit, Session)          # a sessionmaker, an async_sessionmaker, or a class of sessions
    reminders.track(Booking, to_appointment, also={Customer: lambda customer: customer.bookings})

Rows are collected as they are flushed and recorded once, as the transaction is committed; what a savepoint or the whole
transaction undoes, rolled back or closed, is dropped. Rows of a bulk UPDATE or DELETE are found by its condition. A
bulk INSERT tells no keys: hand its rows to `touch`, or leave them to the batch job (`kit.resync(rows, complete=True)`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from itertools import product
from typing import Any, TypeVar

import sqlalchemy as sa
from attrs import define, field, frozen
from sqlalchemy import event
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction, sessionmaker

from reminder_kit.errors import InvalidInputError
from reminder_kit.kit.faces import AsyncReminderKit, ReminderKit
from reminder_kit.kit.following import follower_of
from reminder_kit.kit.rows import Row, list_failure, record_each, said
from reminder_kit.ledger.databases.host_connection import borrowed
from reminder_kit.logs import LOG
from reminder_kit.model.appointments import Appointment
from reminder_kit.model.host_data import shown_name

__all__ = ["SessionReminders"]

T = TypeVar("T")


@frozen(eq=False)
class _Tracked:
    """A model whose rows are appointments."""

    model: type
    function: Callable[[Any], Appointment | None]
    #: The id of a row's appointment; None: the appointment says it.
    id: Callable[[Any], str] | None
    #: For other models, which rows one of theirs changes.
    also: Mapping[type, Callable[[Any], Iterable[Any]]]
    #: The source of its appointments; None: each says its own.
    source: str | None = None

    def row(self, instance: Any) -> Row:
        """Return what a row is now."""
        found = self.function(instance)
        if self.id is not None:
            return Row.of(self.source, str(self.id(instance)), found)
        return Row(self.source, found.id if found else _key(instance), found)

    def gone(self, instance: Any) -> Row:
        """Return what a row was that is deleted; whatever its functions raise is raised."""
        if self.id is not None:
            return Row(self.source, str(self.id(instance)))
        found = self.function(instance)
        if found is None:
            return Row(self.source, _key(instance))
        return Row(self.source or found.source, found.id, recurrence_id=found.recurrence_id)

    def gone_by_key(self, instance: Any, error: Exception) -> list[Row]:
        """Return what a row was that is deleted, where its function can't say that any more."""
        LOG.warning("a deleted %s is withdrawn by its key: %s", self.model.__name__, said(error))
        return [Row(self.source, _key(instance))]


def _key(instance: Any) -> str:
    """Return a row's primary key as text."""
    return "-".join(str(part) for part in sa.inspect(instance).identity or ())


_Change = tuple[str, Callable[[], Row]]
"""The name of a row, under which it is told that it could not be recorded, and what says what it is now."""
_Collection = tuple[Any, Callable[[], Iterable[_Change]]]
"""An instance, and what returns the rows that it is or changes."""


@define
class _Collected:
    """What a session has changed since its transaction began, in its order."""

    changes: list[_Collection] = field(factory=list)
    #: How many of them there were as a savepoint began.
    savepoints: dict[SessionTransaction, int] = field(factory=dict)
    #: Whether something was recorded that is to be followed, and what could not be, with why.
    recorded: bool = False
    failed: list[tuple[str | None, str, str]] = field(factory=list)
    #: The transaction's connections on which a statement that fails, caught or not, undoes all that came before it.
    fragile: list[sa.Connection] = field(factory=list)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Have what fails in it undo nothing else. No event of a session tells of it: it is the connections' own."""
        with ExitStack() as stack:
            for connection in self.fragile:
                stack.enter_context(borrowed(connection))
            yield


@frozen
class _Asking:
    """Asks the host's functions, which may ask the database: those of many rows together, or each in a savepoint."""

    collected: _Collected
    together: bool = False

    def told(self, name: Callable[[], str], ask: Callable[[], list[T]], otherwise: Any = None) -> list[T]:
        """Return what a function says; what it raises is raised together, and else noted, or answered `otherwise`."""
        if self.together:
            return ask()
        try:
            with self.collected.savepoint():
                return ask()
        except Exception as error:  # noqa: BLE001 - one row stops nothing else
            if otherwise is None:
                _note(self.collected, [(None, name())], said(error))
            return otherwise(error) if otherwise else []


class SessionReminders:
    """Hears the sessions of a factory, and records what they save.

    `kit` is of either face; its ledger is in the sessions' own database, by URL or engine. Raises `InvalidInputError`
    for what makes no sessions. `wake` is called after each commit of ours, in the place of a follower of its own: where
    an application has one already (`integrations.starlette`).
    """

    def __init__(
        self, kit: ReminderKit | AsyncReminderKit, factory: Any, *, wake: Callable[[], object] | None = None
    ) -> None:
        self._kit = kit
        self._tracked: list[_Tracked] = []
        #: Follows each commit; `wait()` waits for it, in tests and at the end of a process.
        self.follower = follower_of(kit)
        self._wake = wake or self.follower.wake
        target = _target_of(factory)
        for name, heard in {
            "after_flush": self._flushed,
            "before_commit": self._committing,
            "after_commit": self._committed,
            "after_begin": self._connected,
            "after_transaction_create": self._begun,
            "after_transaction_end": self._ended,
            "do_orm_execute": self._executing,
        }.items():
            event.listen(target, name, heard)  # type: ignore[arg-type]

    def track(
        self,
        model: type,
        to_appointment: Callable[[Any], Appointment | None],
        *,
        id: Callable[[Any], str] | None = None,  # noqa: A002 - the identity's public name
        also: Mapping[type, Callable[[Any], Iterable[Any]]] | None = None,
        source: str | None = None,
    ) -> SessionReminders:
        """Say which appointment a row of a model is; None: none, so that what it was is withdrawn.

        `id` says a row's appointment's id: needed where `to_appointment` returns None for a row whose appointment's id
        is not its primary key. `also` says for other models which rows one of theirs changes. `source` is its
        appointments', whatever they say themselves: needed where appointments of another source (a second model, a
        calendar) may have the same id, since a row that is none any more names no source. Returns the registry, so that
        calls may be chained. Raises `InvalidInputError` for a class that is not mapped.
        """
        for one in (model, *(also or {})):
            if sa.inspect(one, raiseerr=False) is None:
                raise InvalidInputError(f"SessionReminders tracks mapped classes, and {one!r} is none")
        self._tracked.append(_Tracked(model, to_appointment, id, also or {}, source))
        return self

    def touch(self, session: Any, rows: Iterable[Any]) -> None:
        """Have rows recorded as the session commits, as if they had been changed through it."""
        for instance in rows:
            self._collect(getattr(session, "sync_session", session), instance)

    # Collecting

    def _collected(self, session: Session) -> _Collected:
        """Return what a session has changed; each registry that hears it has its own."""
        found: _Collected = session.info.setdefault(self, _Collected())
        return found

    def _flushed(self, session: Session, _context: object) -> None:
        for instance in (*session.new, *session.dirty):
            self._collect(session, instance)
        self._collect_deleted(session, session.deleted)

    def _collect(self, session: Session, instance: Any, *, stale: bool = False) -> None:
        """Note an instance; `stale` says that the session does not know what became of its row."""
        changes = self._collected(session).changes
        for tracked in self._tracked:
            if isinstance(instance, tracked.model):
                changes.append((instance, partial(_rows_of, session, tracked, instance, stale=stale)))
            for model, rows in tracked.also.items():
                if isinstance(instance, model):
                    changes.append((instance, partial(_rows_beside, session, tracked, rows, instance)))

    def _collect_deleted(self, session: Session, instances: Iterable[Any]) -> None:
        """Note what instances were, as long as their relations are there."""
        concerned = [instance for instance in instances if isinstance(instance, self._kinds())]
        if concerned:
            collected = self._collected(session)
            collected.changes += _asked(session, collected, partial(self._deleted, session, concerned))

    def _deleted(self, session: Session, instances: Sequence[Any], asking: _Asking) -> list[_Collection]:
        changes: list[_Collection] = []
        for instance, tracked in product(instances, self._tracked):
            name = partial(_key, instance)
            if isinstance(instance, tracked.model):
                by_key = partial(tracked.gone_by_key, instance) if tracked.id is None else None
                told = asking.told(name, lambda: [tracked.gone(instance)], by_key)  # noqa: B023 - called at once
                changes += [(instance, partial(_as_it_was, gone)) for gone in told]
            for model, rows in tracked.also.items():
                if isinstance(instance, model):
                    beside = asking.told(name, lambda: [*rows(instance)])  # noqa: B023 - called at once
                    changes += [(row, partial(_rows_of, session, tracked, row, stale=True)) for row in beside]
        return changes

    def _kinds(self) -> tuple[type, ...]:
        return tuple(kind for tracked in self._tracked for kind in (tracked.model, *tracked.also))

    def _executing(self, state: ORMExecuteState) -> None:
        """Find the rows of a bulk UPDATE or DELETE before it is carried out."""
        if not (state.is_update or state.is_delete) or state.bind_mapper is None:
            return
        session, model = state.session, state.bind_mapper.class_
        if not issubclass(model, self._kinds()):
            return
        if session.autoflush and state.execution_options.get("autoflush", True):
            with suppress(InvalidRequestError):  # it is flushing, or its transaction has failed
                session.flush()  # as the statement does: what a savepoint of ours undoes, the session would not know
        try:
            session.connection(bind_arguments={**state.bind_arguments})
            with session.no_autoflush, self._collected(session).savepoint():
                met = [*_rows_met(state, model)]
        except Exception as error:  # noqa: BLE001 - the host's statement goes on
            LOG.error("rows of a bulk statement on %s can't be told: %s", model.__name__, said(error))
            return
        if state.is_delete:
            self._collect_deleted(session, met)
            return
        for instance in met:
            self._collect(session, instance, stale=True)

    # Transactions

    def _connected(self, session: Session, _transaction: SessionTransaction, connection: sa.Connection) -> None:
        if connection.dialect.name == "postgresql":
            fragile = self._collected(session).fragile
            if connection not in fragile:
                fragile.append(connection)

    def _begun(self, session: Session, transaction: SessionTransaction) -> None:
        if transaction.nested:
            collected = self._collected(session)
            collected.savepoints[transaction] = len(collected.changes)

    def _ended(self, session: Session, transaction: SessionTransaction) -> None:
        """Drop what was collected in a transaction that ends: rolled back, or closed, also with its session.

        What a savepoint that was released has collected is its parent's by then.
        """
        collected = self._collected(session)
        if transaction.nested:
            del collected.changes[collected.savepoints.pop(transaction, len(collected.changes)) :]
        elif transaction.parent is None:
            session.info.pop(self, None)

    def _committing(self, session: Session) -> None:
        """Record what was collected, on the session's own connection, once and for all of it."""
        if session.in_nested_transaction():
            return
        session.flush()
        collected = self._collected(session)
        if collected.changes and (rows := _asked(session, collected, partial(_all_rows, collected))):
            self._record(session, rows, collected)
        collected.changes.clear()

    def _record(self, session: Session, rows: Sequence[Row], collected: _Collected) -> None:
        try:
            mapper = self._tracked[0].model
            failed = record_each(self._kit, rows, session.connection(bind_arguments={"mapper": mapper}))
        except Exception as error:  # noqa: BLE001 - the host's commit goes on
            failed = [(row, said(error)) for row in rows]
        for row, words in failed:
            _note(collected, [(row.source, row.id)], words)
        collected.recorded = len(failed) < len(rows)

    def _committed(self, session: Session) -> None:
        """Follow the commit; the session is not used."""
        savepoint = session.get_nested_transaction()
        if savepoint is not None:
            self._collected(session).savepoints.pop(savepoint, None)
            return
        collected = session.info.pop(self, None) or _Collected()
        for source, name, words in collected.failed:
            list_failure(self._kit, source or "default", name, words)
        if collected.recorded or collected.failed:
            self._wake()


def _target_of(factory: Any) -> Any:
    """Return what events are heard of for a factory of sessions, or a class of them."""
    if isinstance(factory, sessionmaker) or (isinstance(factory, type) and issubclass(factory, Session)):
        return factory
    if hasattr(factory, "session_factory") and hasattr(factory, "registry"):  # a scoped session
        return _target_of(factory.session_factory)
    if hasattr(factory, "configure") and hasattr(factory, "kw"):  # an async_sessionmaker
        inner = factory.kw.get("sync_session_class") or Session
        if not isinstance(inner, type):
            return _target_of(inner)
        heard = type("Session", (inner,), {"__doc__": inner.__doc__})
        factory.configure(sync_session_class=heard)
        return heard
    raise InvalidInputError(
        f"SessionReminders hears a sessionmaker, an async_sessionmaker or a class of sessions, not {factory!r}"
    )


def _rows_met(state: ORMExecuteState, model: type) -> Iterator[Any]:
    """Yield the rows that a bulk statement is about, by its condition or by the keys among its values."""
    if isinstance(state.parameters, list):
        names = [str(column.key) for column in sa.inspect(model).primary_key]  # type: ignore[var-annotated]
        for values in state.parameters:
            found = state.session.get(model, tuple(values[name] for name in names))
            if found is not None:
                yield found
        return
    where = state.statement.whereclause  # type: ignore[attr-defined]
    chosen: sa.Select[Any] = sa.select(model) if where is None else sa.select(model).where(where)
    yield from state.session.scalars(chosen, state.parameters or {}).all()


def _as_it_was(gone: Row) -> list[_Change]:
    return [(gone.id, lambda: gone)]


def _rows_of(session: Session, tracked: _Tracked, instance: Any, *, stale: bool = False) -> list[_Change]:
    """Return the row that an instance is, if there is one still; a stale one is read again."""
    found = _present(session, instance)
    if found is None:
        return []
    if stale and not sa.inspect(found).modified:
        session.refresh(found)
    return [(_key(found), partial(tracked.row, found))]


def _rows_beside(
    session: Session, tracked: _Tracked, rows: Callable[[Any], Iterable[Any]], instance: Any
) -> Iterator[_Change]:
    found = _present(session, instance)
    for row in [] if found is None else list(rows(found)):
        yield from _rows_of(session, tracked, row)


def _present(session: Session, instance: Any) -> Any:
    """Return an instance as the session has it; one that was taken out of it (`expunge_all`) by its key, or None."""
    state = sa.inspect(instance)
    if state.session is session or state.identity is None:
        return instance if state.persistent else None
    return session.get(type(instance), state.identity)


def _asked(session: Session, collected: _Collected, work: Callable[[_Asking], list[T]]) -> list[T]:
    """Return what the host's functions say; what they change is left to the session's next flush.

    Where a statement that fails undoes the transaction all are asked in one savepoint and, if one fails, anew: each in
    one of its own.
    """
    with session.no_autoflush:
        if collected.fragile:
            with suppress(Exception), collected.savepoint():
                return work(_Asking(collected, together=True))
        return work(_Asking(collected))


def _all_rows(collected: _Collected, asking: _Asking) -> list[Row]:
    """Return the rows of all that was collected."""
    return [
        row
        for instance, changes in collected.changes
        for name, tell in asking.told(partial(_key, instance), lambda: [*changes()])  # noqa: B023 - called at once
        for row in asking.told(lambda: name, lambda: [tell()])  # noqa: B023 - called at once
    ]


def _note(collected: _Collected, names: Iterable[tuple[str | None, str]], words: str) -> None:
    for source, name in names:
        LOG.error("row %s could not be recorded: %s (it is saved; the batch job repairs it)", shown_name(name), words)
        collected.failed.append((source, name, words))
