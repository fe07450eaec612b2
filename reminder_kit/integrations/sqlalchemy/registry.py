"""The registry: hears a factory's sessions, collects what they change, and records it as they commit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import product
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import (
    InstanceState,
    Mapper,
    ORMExecuteState,
    Session,
    SessionTransaction,
    object_session,
    sessionmaker,
)

from reminder_kit.errors import InvalidInputError
from reminder_kit.integrations.sqlalchemy.before import Before
from reminder_kit.integrations.sqlalchemy.collecting import Asking, Collected, Collection, all_rows, asked, note
from reminder_kit.integrations.sqlalchemy.tracking import (
    Key,
    Tracked,
    key_of,
    rows_beside,
    rows_gone,
    rows_met,
    rows_of,
    rows_read_again,
)
from reminder_kit.kit.faces import AsyncReminderKit, ReminderKit
from reminder_kit.kit.following import follower_of
from reminder_kit.kit.rows import Row, list_failure, record_each, said
from reminder_kit.logs import LOG
from reminder_kit.model.appointments import Appointment

__all__ = ["SessionReminders"]

T = TypeVar("T")


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
        self._tracked: list[Tracked] = []
        #: Follows each commit; `wait()` waits for it, in tests and at the end of a process.
        self.follower = follower_of(kit)
        self._wake = wake or self.follower.wake
        target = _target_of(factory)
        event.listen(Mapper, "before_delete", _deleting)  # once, however many registries there are
        for name, heard in {
            "before_flush": self._flushing,
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

        `id` says a row's appointment's id, by its own columns: needed where `to_appointment` returns None for a row
        whose appointment's id is not its primary key, and where that id may change. `also` says for other models which
        rows one of theirs changes. `source` is its appointments', whatever they say themselves: needed where
        appointments of another source (a second model, a calendar) may have the same id, since a row that is none any
        more names no source. Returns the registry, so that calls may be chained. Raises `InvalidInputError` for a class
        that is not mapped.
        """
        for one in (model, *(also or {})):
            if sa.inspect(one, raiseerr=False) is None:
                raise InvalidInputError(f"SessionReminders tracks mapped classes, and {one!r} is none")
        self._tracked.append(Tracked(model, to_appointment, id, also or {}, source))
        return self

    def touch(self, session: Any, rows: Iterable[Any]) -> None:
        """Have rows recorded as the session commits, as if they had been changed through it."""
        for instance in rows:
            self._collect(getattr(session, "sync_session", session), instance)

    # Collecting

    def _collected(self, session: Session) -> Collected:
        """Return what a session has changed; each registry that hears it has its own."""
        found: Collected = session.info.setdefault(self, Collected())
        return found

    def _flushed(self, session: Session, _context: object) -> None:
        for instance in (*session.new, *session.dirty):
            self._collect(session, instance)
        self._collected(session).was.clear()

    def _flushing(self, session: Session, _context: object, _instances: object) -> None:
        """Note what is deleted, or may become another appointment, as long as the database has it as it was."""
        collected = self._collected(session)
        collected.going = set()
        self._going(session, session.deleted)
        found = [pair for pair in product(session.dirty, self._tracked) if pair[1].may_be_another(pair[0])]
        instances = [instance for instance, _ in found]
        collected.was = dict(self._asked_before(session, instances, partial(self._named, found)))

    def _going(self, session: Session, instances: Iterable[Any]) -> None:
        """Note instances that a flush of the session deletes, those of them that are not noted yet."""
        collected, kinds = self._collected(session), self._kinds()
        states = [sa.inspect(instance) for instance in instances if isinstance(instance, kinds)]
        new = [state.object for state in states if state not in collected.going]
        collected.going.update(states)
        collected.changes += self._asked_before(session, new, partial(self._deleted, session, new))

    def _asked_before(
        self, session: Session, instances: Sequence[Any], work: Callable[[Callable[[Any], Any], Asking], list[T]]
    ) -> list[T]:
        """Return what the host's functions say of instances as they are saved before a flush."""
        for mapper in {sa.inspect(instance).mapper for instance in instances}:
            session.connection(bind_arguments={"mapper": mapper})  # begun before a savepoint of ours is
        if not instances:
            return []

        def ask(asking: Asking) -> list[T]:
            asking.answered(partial(before.read, instances))  # where that can't be, each by itself
            return work(before.saved, asking)

        with Before(session) as before:
            return asked(session, self._collected(session), ask)

    @staticmethod
    def _named(
        pairs: Sequence[tuple[Any, Tracked]], saved: Callable[[Any], Any], asking: Asking
    ) -> list[tuple[tuple[InstanceState[Any], Tracked], Row]]:
        """Return which appointments rows were; one that can't be told may be none: that is no failure of what it is."""
        found = []
        for instance, tracked in pairs:
            was = asking.answered(lambda: tracked.before(instance, saved(instance)))  # noqa: B023 - called at once
            if isinstance(was, Exception):
                LOG.warning("what a changed %s was before can't be told: %s", tracked.model.__name__, said(was))
            elif was is not None:
                found.append(((sa.inspect(instance), tracked), was))
        return found

    def _collect(self, session: Session, instance: Any) -> None:
        """Note an instance that is new, or was changed."""
        collected = self._collected(session)
        changes, unsure = collected.changes, collected.unsure
        for tracked in self._tracked:
            if isinstance(instance, tracked.model):
                was = collected.was.get((sa.inspect(instance), tracked))
                changes.append((instance, partial(rows_of, session, tracked, instance, unsure, was)))
            for rows in tracked.beside(instance):
                changes.append((instance, partial(rows_beside, session, tracked, rows, instance, unsure)))

    def _deleted(
        self, session: Session, instances: Sequence[Any], saved: Callable[[Any], Any], asking: Asking
    ) -> list[Collection]:
        changes: list[Collection] = []
        for instance, tracked in product(instances, self._tracked):
            if isinstance(instance, tracked.model):
                was = asking.answered(lambda: tracked.name(saved(instance)))  # noqa: B023 - called at once
                if isinstance(was, Exception):  # the function may live in the host's own session alone
                    was = asking.answered(lambda: tracked.name(instance))  # noqa: B023 - the same
                self._collected(session).unsure.add(sa.inspect(instance).key)
                changes.append((instance, partial(rows_gone, tracked, instance, was)))
            for rows in tracked.beside(instance):
                beside = asking.told(partial(key_of, instance), lambda: [*rows(saved(instance))])  # noqa: B023 - the same
                changes += [self._perhaps_gone(session, tracked, row, asking) for row in beside]
        return changes

    def _updated(self, session: Session, met: Sequence[tuple[Any, Key]], asking: Asking) -> list[Collection]:
        """Return what a bulk UPDATE is about to change."""
        unsure = self._collected(session).unsure
        changes: list[Collection] = []
        for (instance, key), tracked in product(met, self._tracked):
            if isinstance(instance, tracked.model):
                changes.append(self._perhaps_gone(session, tracked, instance, asking, key))
            changes += [
                (instance, partial(rows_beside, session, tracked, rows, instance, unsure, stale=True))
                for rows in tracked.beside(instance)
            ]
        return changes

    def _perhaps_gone(
        self, session: Session, tracked: Tracked, instance: Any, asking: Asking, key: Key = None
    ) -> Collection:
        """Return a row that may go, be changed, or get a key, unknown to the session; what it is now is asked now."""
        was = asking.answered(partial(tracked.name, instance))
        former = asking.answered(partial(tracked.former, instance)) if tracked.id is not None else was
        self._collected(session).unsure.add(sa.inspect(instance).key)
        return instance, partial(rows_read_again, session, tracked, instance, was, former, key)

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
                met = [*rows_met(state, model)]
        except Exception as error:  # noqa: BLE001 - the host's statement goes on
            LOG.error("rows of a bulk statement on %s can't be told: %s", model.__name__, said(error))
            return
        collected = self._collected(session)
        told = partial(self._updated, session, met)
        if state.is_delete:
            told = partial(self._deleted, session, [instance for instance, _ in met], _itself)
        collected.changes += asked(session, collected, told)

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
        if collected.changes and (rows := asked(session, collected, partial(all_rows, collected))):
            self._record(session, rows, collected)
        collected.changes.clear()

    def _record(self, session: Session, rows: Sequence[Row], collected: Collected) -> None:
        try:
            mapper = self._tracked[0].model
            failed = record_each(self._kit, rows, session.connection(bind_arguments={"mapper": mapper}))
        except Exception as error:  # noqa: BLE001 - the host's commit goes on
            failed = [(row, said(error)) for row in rows]
        for row, words in failed:
            note(collected, [(row.source, row.id)], words)
        collected.recorded = len(failed) < len(rows)

    def _committed(self, session: Session) -> None:
        """Follow the commit; the session is not used."""
        savepoint = session.get_nested_transaction()
        if savepoint is not None:
            self._collected(session).savepoints.pop(savepoint, None)
            return
        collected = session.info.pop(self, None) or Collected()
        for source, name, words in collected.failed:
            list_failure(self._kit, source or "default", name, words)
        if collected.recorded or collected.failed:
            self._wake()


def _itself(instance: T) -> T:
    """Return what a bulk statement is about: read right before it, it is as it is saved."""
    return instance


def _deleting(_mapper: object, _connection: object, instance: Any) -> None:
    """Have what a flush deletes be noted also where nobody said so: as an orphan, or with one."""
    session = object_session(instance)
    if session is not None:
        for registry in [key for key in session.info if isinstance(key, SessionReminders)]:
            registry._going(session, [instance])  # noqa: SLF001 - its own class, and nobody else's to call


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
