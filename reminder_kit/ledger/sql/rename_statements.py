"""The statements by which an appointment gets another identity, with its reminders, messages and history.

Never runs anything. Each goes by an index: a feed may rename all it has at each request.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import sqlalchemy as sa

from reminder_kit.ledger.sql.builder import Builder, lease_is_over

__all__ = ["RenameStatements"]


class RenameStatements(Builder):
    """What is written where an appointment is taken over."""

    @cached_property
    def appointment(self) -> Any:
        """Write another id and occurrence of an appointment that nobody works on; it has no revision then."""
        table = self.tables.appointments
        return self._update(
            table,
            id=sa.bindparam("new_id"),
            recurrence_id=sa.bindparam("new_occurrence"),
            revision_kind="",
            revision="",
        ).where(
            table.c.row_id == sa.bindparam("which"),
            sa.or_(table.c.lease_owner.is_(None), table.c.lease_until.is_(None), lease_is_over(table)),
        )

    @cached_property
    def keys(self) -> tuple[Any, ...]:
        """Write another key of a row's reminder, of its messages, and of its history under the id that it has now."""
        reminders, messages, history = self.tables.reminders, self.tables.messages, self.tables.history
        wheres = (
            (reminders, reminders.c.row_id == sa.bindparam("which")),
            (messages, messages.c.row_id == sa.bindparam("which")),
            (history, history.c.id == sa.bindparam("id", type_=sa.Text)),
        )
        return tuple(
            self._update(table, key=sa.bindparam("new_key")).where(
                table.c.namespace == sa.bindparam("namespace"), table.c.key == sa.bindparam("old_key"), where
            )
            for table, where in wheres
        )

    @cached_property
    def history(self) -> Any:
        """Write another id and occurrence of the appointment that history is about."""
        table = self.tables.history
        return self._update(table, id=sa.bindparam("new_id"), recurrence_id=sa.bindparam("new_occurrence")).where(
            table.c.namespace == sa.bindparam("namespace"),
            table.c.id == sa.bindparam("old_id"),
            table.c.source == sa.bindparam("source"),
            table.c.recurrence_id == sa.bindparam("old_occurrence"),
        )

    @cached_property
    def included(self) -> Any:
        """Write the reminders that a message includes."""
        table = self.tables.messages
        return self._update(table, told=sa.bindparam("new_told")).where(
            table.c.namespace == sa.bindparam("namespace"), table.c.id == sa.bindparam("id", type_=sa.Text)
        )
