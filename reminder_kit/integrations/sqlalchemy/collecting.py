"""What a session has changed since its transaction began, and how the host's functions are asked about it.

Never fails a session: what can't be told is noted, logged, and listed once the host has committed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import Any, TypeVar

import sqlalchemy as sa
from attrs import define, field, frozen
from sqlalchemy.orm import InstanceState, Session, SessionTransaction

from reminder_kit.integrations.sqlalchemy.tracking import Change, Tracked, key_of
from reminder_kit.kit.rows import Row, said
from reminder_kit.ledger.databases.host_connection import borrowed
from reminder_kit.logs import LOG
from reminder_kit.model.host_data import shown_name

__all__ = ["Asking", "Collected", "Collection", "all_rows", "asked", "note"]

T = TypeVar("T")

Collection = tuple[Any, Callable[[], Iterable[Change]]]
"""An instance, and what returns the rows that it is or changes."""


@define
class Collected:
    """What a session has changed since its transaction began, in its order."""

    changes: list[Collection] = field(factory=list)
    #: What is deleted by the flush that is going on, as far as it is noted.
    going: set[InstanceState[Any]] = field(factory=set)
    #: What rows are that it may make others, by instance and tracked model.
    was: dict[tuple[InstanceState[Any], Tracked], Row] = field(factory=dict)
    #: Keys of rows of which the session does not know what became of them.
    unsure: set[Any] = field(factory=set)
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
class Asking:
    """Asks the host's functions, which may ask the database: those of many rows together, or each in a savepoint."""

    collected: Collected
    together: bool = False

    def told(self, name: Callable[[], str], ask: Callable[[], list[T]]) -> list[T]:
        """Return what a function says; what it raises is raised together, and else noted."""
        found = self.answered(ask)
        if isinstance(found, Exception):
            note(self.collected, [(None, name())], said(found))
            return []
        return found

    def answered(self, ask: Callable[[], T]) -> T | Exception:
        """Return what a function says; what it raises is raised together, and else returned."""
        if self.together:
            return ask()
        try:
            with self.collected.savepoint():
                return ask()
        except Exception as error:  # noqa: BLE001 - one row stops nothing else
            return error


def asked(session: Session, collected: Collected, work: Callable[[Asking], list[T]]) -> list[T]:
    """Return what the host's functions say; what they change is left to the session's next flush.

    Where a statement that fails undoes the transaction all are asked in one savepoint and, if one fails, anew: each in
    one of its own.
    """
    with session.no_autoflush:
        if collected.fragile:
            with suppress(Exception), collected.savepoint():
                return work(Asking(collected, together=True))
        return work(Asking(collected))


def all_rows(collected: Collected, asking: Asking) -> list[Row]:
    """Return the rows of all that was collected, what some were before the others: another may have their id by now."""
    told = [
        asking.told(lambda: name, tell)  # noqa: B023 - called at once
        for instance, changes in collected.changes
        for name, tell in asking.told(partial(key_of, instance), lambda: [*changes()])  # noqa: B023 - called at once
    ]
    return [row for rows in told for row in rows[:-1]] + [row for rows in told for row in rows[-1:]]


def note(collected: Collected, names: Iterable[tuple[str | None, str]], words: str) -> None:
    """Note rows, each by source and id, that could not be recorded, with why."""
    for source, name in names:
        LOG.error(
            "row %s could not be recorded: %s (what was saved is saved; the batch job repairs it)",
            shown_name(name),
            words,
        )
        collected.failed.append((source, name, words))
