"""What a tracked model's instances say: which appointment a row is, was, or changes, and which rows there are.

Asks the host's functions, and raises what they raise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

import sqlalchemy as sa
from attrs import frozen
from sqlalchemy.orm import ORMExecuteState, Session

from reminder_kit.kit.rows import Row, said
from reminder_kit.logs import LOG
from reminder_kit.model.appointments import Appointment

__all__ = ["Change", "Tracked", "as_it_was", "key_of", "rows_beside", "rows_met", "rows_of"]


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

    def row(self, instance: Any) -> Row:
        """Return what a row is now."""
        found = self.function(instance)
        if self.id is not None:
            return Row.of(self.source, str(self.id(instance)), found)
        return Row(self.source, found.id if found else key_of(instance), found)

    def gone(self, instance: Any) -> Row:
        """Return what a row was that is deleted; whatever its functions raise is raised."""
        if self.id is not None:
            return Row(self.source, str(self.id(instance)))
        found = self.function(instance)
        if found is None:
            return Row(self.source, key_of(instance))
        return Row(self.source or found.source, found.id, recurrence_id=found.recurrence_id)

    def gone_by_key(self, instance: Any, error: Exception) -> list[Row]:
        """Return what a row was that is deleted, where its function can't say that any more."""
        LOG.warning("a deleted %s is withdrawn by its key: %s", self.model.__name__, said(error))
        return [Row(self.source, key_of(instance))]


def key_of(instance: Any) -> str:
    """Return a row's primary key as text."""
    return "-".join(str(part) for part in sa.inspect(instance).identity or ())


Change = tuple[str, Callable[[], Row]]
"""The name of a row, under which it is told that it could not be recorded, and what says what it is now."""


def rows_met(state: ORMExecuteState, model: type) -> Iterator[Any]:
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


def as_it_was(gone: Row) -> list[Change]:
    """Return what is known already of a row that goes."""
    return [(gone.id, lambda: gone)]


def rows_of(session: Session, tracked: Tracked, instance: Any, *, stale: bool = False) -> list[Change]:
    """Return the row that an instance is, if there is one still; a stale one is read again."""
    found = _present(session, instance)
    if found is None:
        return []
    if stale and not sa.inspect(found).modified:
        session.refresh(found)
    return [(key_of(found), partial(tracked.row, found))]


def rows_beside(
    session: Session, tracked: Tracked, rows: Callable[[Any], Iterable[Any]], instance: Any
) -> Iterator[Change]:
    """Yield the rows that an instance of another model changes."""
    found = _present(session, instance)
    for row in [] if found is None else list(rows(found)):
        yield from rows_of(session, tracked, row)


def _present(session: Session, instance: Any) -> Any:
    """Return an instance as the session has it; one that was taken out of it (`expunge_all`) by its key, or None."""
    state = sa.inspect(instance)
    if state.session is session or state.identity is None:
        return instance if state.persistent else None
    return session.get(type(instance), state.identity)
