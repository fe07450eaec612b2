"""What a tracked model's instances say: which appointment a row is, was, or changes, and which rows there are.

Asks the host's functions, and raises what they raise.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, cast

import sqlalchemy as sa
from attrs import frozen
from sqlalchemy.orm import ORMExecuteState, Session

from reminder_kit.kit.rows import Row, said
from reminder_kit.logs import LOG
from reminder_kit.model.appointments import Appointment

__all__ = [
    "Change",
    "Key",
    "Tracked",
    "Was",
    "key_of",
    "rows_beside",
    "rows_gone",
    "rows_met",
    "rows_of",
    "rows_read_again",
]


Was = Row | Exception | None
"""Which appointment a row was as it was asked, or what kept that from being told; None: none, as far as is known."""

Key = tuple[Any, ...] | None
"""The primary key that a row gets; None: it keeps its own."""


@frozen(eq=False)
class Tracked:
    """A model whose rows are appointments."""

    model: type
    function: Callable[[Any], Appointment | None]
    #: The id of a row's appointment; None: the appointment says it.
    id: Callable[[Any], str] | None
    #: For other models, which rows one of theirs changes.
    also: Mapping[type, Callable[[Any], Iterable[Any]]]
    #: The source of its appointments; None: each says its own.
    source: str | None = None

    def rows(self, instance: Any, was: Was) -> list[Row]:
        """Return what a row is now, after what it was if that was another appointment."""
        found = self.function(instance)
        if self.id is not None:
            now = Row.of(self.source, str(self.id(instance)), found)
            return [was, now] if isinstance(was, Row) and was.id != now.id else [now]
        if found is None:
            return [was if isinstance(was, Row) else Row(self.source, key_of(instance))]
        now = Row(self.source, found.id, found)
        return [was, now] if isinstance(was, Row) and was != self._named(found) else [now]

    def beside(self, instance: Any) -> list[Callable[[Any], Iterable[Any]]]:
        """Return what says which rows an instance changes that is of another model."""
        return [rows for model, rows in self.also.items() if isinstance(instance, model)]

    def name(self, instance: Any) -> Row | None:
        """Return which appointment a row is, without what it holds; None: none that can be told."""
        if self.id is not None:
            return Row(self.source, str(self.id(instance)))
        return self._named(self.function(instance))

    def former(self, instance: Any) -> Row | None:
        """Return which appointment a row is, to be withdrawn once it is another one, as long as it is recorded still.

        With `id` another row may have that id by then; None: it is none, so that what has its id is another row's.
        """
        if self.id is None:
            return self.name(instance)
        rows = Row.of(self.source, str(self.id(instance)), self.function(instance)).former()
        return rows[0] if rows else None

    def before(self, instance: Any, saved: Any) -> Row | None:
        """Return which appointment a row that is to be flushed was, asked about what it held only for another id."""
        stays = self.id is not None and str(self.id(instance)) == str(self.id(saved))
        return self.name(saved) if stays else self.former(saved)

    def _named(self, found: Appointment | None) -> Row | None:
        return None if found is None else Row(self.source or found.source, found.id, recurrence_id=found.recurrence_id)

    def may_be_another(self, instance: Any) -> bool:
        """Say whether an instance that is to be flushed may have been another appointment: by its id, or by its key."""
        if not isinstance(instance, self.model):
            return False
        if self.id is not None:
            return True
        state = sa.inspect(instance)
        names = [state.mapper.get_property_by_column(column).key for column in state.mapper.primary_key]
        return any(state.attrs[name].history.has_changes() for name in names)

    def gone(self, instance: Any, was: Was) -> list[Row]:
        """Return what a row was that is gone: by its key, unless that was told; what kept its id from it is raised."""
        if isinstance(was, Row):
            return [was]
        if was is not None:
            if self.id is not None:
                raise was
            LOG.warning("a deleted %s is withdrawn by its key: %s", self.model.__name__, said(was))
        return [Row(self.source, key_of(instance))]


def key_of(instance: Any) -> str:
    """Return a row's primary key as text."""
    return "-".join(str(part) for part in sa.inspect(instance).identity or ())


Change = tuple[str, Callable[[], list[Row]]]
"""The name of a row, under which it is told that it could not be recorded, and what says what it is now: see `rows`."""


def rows_met(state: ORMExecuteState, model: type) -> Iterator[tuple[Any, Key]]:
    """Yield the rows that a bulk statement is about, by its condition or by the keys among its values.

    Each with the key that an UPDATE gives it, as the database says by the statement's own values.
    """
    if isinstance(state.parameters, list):
        names = [str(column.key) for column in sa.inspect(model).primary_key]  # type: ignore[var-annotated]
        for values in state.parameters:
            found = state.session.get(model, tuple(values[name] for name in names))
            if found is not None:
                yield found, None
        return
    where = state.statement.whereclause  # type: ignore[attr-defined]
    chosen: sa.Select[Any] = sa.select(model, *_key_given(state, model))
    chosen = chosen if where is None else chosen.where(where)
    for row in state.session.execute(chosen, state.parameters or {}).unique().all():
        yield row[0], tuple(row[1:]) or None


def _key_given(state: ORMExecuteState, model: type) -> list[Any]:
    """Return the key that a bulk UPDATE gives its rows, in columns to be selected; empty: it leaves it as it is."""
    mapper: Any = sa.inspect(model)
    statement, parameters = state.statement, cast("Mapping[str, Any]", state.parameters or {})
    values = dict(getattr(statement, "_values", None) or getattr(statement, "_ordered_values", None) or ())
    given = {getattr(name, "key", name): value for name, value in {**values, **parameters}.items()}
    names = {column: (column.key, mapper.get_property_by_column(column).key) for column in mapper.primary_key}
    found = {column: given[name] for column, both in names.items() for name in both if name in given}
    new = [sa.type_coerce(found.get(column, column), column.type) for column in names] if found else []
    return [value.label(f"key_{number}") for number, value in enumerate(new)]


def rows_gone(tracked: Tracked, instance: Any, was: Was) -> list[Change]:
    """Return the row that an instance was, if there was one."""
    name = key_of(instance)
    return [(name, partial(tracked.gone, instance, was))] if name else []


def rows_of(
    session: Session, tracked: Tracked, instance: Any, unsure: Collection[Any] = (), was: Was = None
) -> list[Change]:
    """Return the row that an instance is, if there is one still; of one with an `unsure` key the database knows."""
    found = _present(session, instance)
    if found is not None and sa.inspect(found).key in unsure:
        found = _read_again(session, found)
    return [] if found is None else [(key_of(found), partial(tracked.rows, found, was))]


def rows_read_again(
    session: Session, tracked: Tracked, instance: Any, was: Was, former: Was, key: Key = None
) -> list[Change]:
    """Return the row that an instance is by now, or was, where the session does not know what became of it."""
    found = _read_again(session, instance) if key is None else session.get(type(instance), key, populate_existing=True)
    return rows_gone(tracked, instance, was) if found is None else rows_of(session, tracked, found, was=former)


def rows_beside(
    session: Session,
    tracked: Tracked,
    rows: Callable[[Any], Iterable[Any]],
    instance: Any,
    unsure: Collection[Any],
    *,
    stale: bool = False,
) -> Iterator[Change]:
    """Yield the rows that an instance of another model changes; a stale one is read again."""
    found = _read_again(session, instance) if stale else _present(session, instance)
    for row in [] if found is None else list(rows(found)):
        yield from rows_of(session, tracked, row, unsure)


def _read_again(session: Session, instance: Any) -> Any:
    """Return an instance as the database has it, if it has it still; one that is to be flushed as it is."""
    found = _present(session, instance)
    if found is None or sa.inspect(found).modified:
        return found
    return session.get(type(found), sa.inspect(found).identity, populate_existing=True)


def _present(session: Session, instance: Any) -> Any:
    """Return an instance as the session has it; one that was taken out of it (`expunge_all`) by its key, or None."""
    state = sa.inspect(instance)
    if state.session is session or state.identity is None:
        return instance if state.persistent else None
    return session.get(type(instance), state.identity)
