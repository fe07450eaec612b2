"""The statements about reminders and messages: where each stands, and the history of both.

Never runs anything. A message moves only from the state it was seen in, which is a condition of the statement.
"""

from __future__ import annotations

from functools import cache, cached_property
from typing import Any

import sqlalchemy as sa

from reminder_kit.ledger.sql.builder import MESSAGE_COLUMNS, OUTCOME_COLUMNS, Builder

__all__ = ["MessageStatements"]

_MOVABLE = (
    "state", "provider_id", "uncertain", "attempts", "next_try_at", "error", "presumed", "due_at", "start_at",
    "told",
)  # fmt: skip
"""Columns of a message that change during its life; what is posted never does."""


class MessageStatements(Builder):
    """What is written of reminders and messages."""

    @cached_property
    def keep_outcome(self) -> Any:
        """Write what became of a reminder, where that differs from what is recorded."""
        table, names = self.tables.reminders, ("namespace", *OUTCOME_COLUMNS)
        upsert = self._upsert(table, names, ("namespace", "key"), insert=self._insert_each(table, names))
        return self._each(upsert, names, apart=("key",))

    @cached_property
    def drop_outcomes(self) -> Any:
        """Delete a list of reminders of one appointment."""
        table = self.tables.reminders
        return sa.delete(table).where(
            table.c.row_id == sa.bindparam("which"),
            table.c.namespace == sa.bindparam("namespace"),
            self._among(table.c.key, "keys"),
        )

    @cached_property
    def forget_reminders(self) -> Any:
        """Delete those of a list of reminders whose appointment has no row."""
        table, owner = self.tables.reminders, self.tables.appointments
        return sa.delete(table).where(
            table.c.namespace == sa.bindparam("namespace"),
            self._among(table.c.key, "keys"),
            ~sa.exists().where(owner.c.row_id == table.c.row_id),
        )

    @cached_property
    def create_message(self) -> Any:
        """Insert a message: the intent, before anything is posted."""
        names = ("namespace", "rule", "recipient", *MESSAGE_COLUMNS)
        return self._each(self._insert_each(self.tables.messages, names), names)

    @cache  # noqa: B019 - statements live as long as the process
    def move_message(self, *, names: bool) -> Any:
        """Return how a message's new state is written, and what changes with it, where it is still in the old one.

        With `names` it gets the provider's name for it, and only where no other message has that name there.
        """
        table = self.tables.messages
        fresh = {f"new_{name}": table.c[name].type for name in _MOVABLE}
        types = {"namespace": sa.Text(), "which": sa.Text(), "before": sa.Text(), **fresh}
        _, row = self._row(types)
        moved = self._update(table, **{name: row[f"new_{name}"] for name in _MOVABLE}).where(
            table.c.namespace == row["namespace"], table.c.id == row["which"], table.c.state == row["before"]
        )
        if not names:
            return self._each(moved, types, apart=("which",))
        other = table.alias("other")
        same = (
            other.c.namespace.concat("") == table.c.namespace,  # no index by namespaces: few have that name
            other.c.provider == table.c.provider,
            other.c.provider_id == row["new_provider_id"],
            other.c.id != table.c.id,
        )
        return self._each(moved.where(~sa.exists().where(*same)), types, apart=("which", "new_provider_id"))

    @cached_property
    def note(self) -> Any:
        """Append an entry of history."""
        names = [column.name for column in self.tables.history.columns if column.name != "serial"]
        return self._each(self._insert_each(self.tables.history, names), names)
