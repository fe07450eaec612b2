"""The statements about numbers: which appointments share one, and which messages went, or will go, out to it.

Never runs anything. A row of the table `phones` says that an appointment is for a number from a start on. The rows of
an earlier start or number stay until the appointment was worked on, so that appointments which shared that number with
it are found and looked at again.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import sqlalchemy as sa

from reminder_kit.ledger.sql.builder import MESSAGE_COLUMNS, Builder, words
from reminder_kit.model.lifecycle import OPEN, SENT, State

__all__ = ["PhoneStatements"]

_TRAFFIC = (OPEN | SENT | {State.UNKNOWN}) - {State.UNDELIVERED}
"""States in which a message reaches, or may reach, the person."""


class PhoneStatements(Builder):
    """What is asked and written about numbers."""

    @cached_property
    def sharing_number(self) -> Any:
        """Which appointments are for a number and start between two instants, for a list of such ranges.

        Each with the number and the start, whether it stands (it is not removed, and that is its start now), and
        whether it was worked on since it was written.
        """
        table, owner = self.tables.phones, self.tables.appointments
        rows, (number, low, high) = self._listing("ranges", [sa.Text, sa.BigInteger, sa.BigInteger])
        matches = sa.and_(
            table.c.namespace == sa.bindparam("namespace"),
            table.c.number == number,
            table.c.starts_at.between(low, high),
        )
        joined = rows.join(table, matches).join(owner, owner.c.row_id == table.c.row_id)
        stands = sa.and_(owner.c.removed.is_(sa.false()), owner.c.starts_at == table.c.starts_at)
        columns = (table.c.row_id, owner.c.source, owner.c.id, owner.c.recurrence_id, table.c.number, table.c.starts_at)
        chosen = sa.select(*columns, stands, owner.c.dirty).select_from(joined).where(owner.c.snapshot != "")
        return chosen.order_by(table.c.row_id, table.c.number, table.c.starts_at)

    @cached_property
    def phones_of(self) -> Any:
        """The numbers of a list of appointments' rows, each with the start it is for."""
        table = self.tables.phones
        chosen = sa.select(table.c.row_id, table.c.number, table.c.starts_at)
        return chosen.where(self._among(table.c.row_id, "rows")).order_by(table.c.row_id, table.c.number)

    @cached_property
    def traffic(self) -> Any:
        """The messages to a list of numbers that go out at an instant or later, or did: of which reminder, and when."""
        table = self.tables.messages
        states = words(_TRAFFIC)
        return (
            sa.select(table.c.to_number, table.c.key, table.c.send_at, table.c.due_at, table.c.start_at)
            .where(
                table.c.namespace == sa.bindparam("namespace"),
                self._among(table.c.to_number, "numbers"),
                table.c.send_at >= sa.bindparam("since"),
                table.c.state.in_(states),
            )
            .order_by(table.c.serial)
        )

    @cached_property
    def twins(self) -> Any:
        """The messages that go, or went, out to a number about a start, for a list of such pairs."""
        table = self.tables.messages
        rows, (number, start_at) = self._listing("visits", [sa.Text, sa.BigInteger])
        matches = sa.and_(
            table.c.namespace == sa.bindparam("namespace"),
            table.c.to_number == number,
            table.c.start_at == start_at,
            table.c.state.in_(words(_TRAFFIC)),
        )
        names = ("to_number", "start_at", "key", "send_at", "due_at", "text", "rule")
        owners = self.tables.appointments
        joined = rows.join(table, matches).join(owners, owners.c.row_id == table.c.row_id)
        columns = [*(table.c[name] for name in names), owners.c.source]
        return sa.select(*columns).select_from(joined).order_by(table.c.serial)

    @cached_property
    def combined(self) -> Any:
        """The messages to a list of numbers that include further reminders, unless they were never sent."""
        table = self.tables.messages
        over = words({State.CANCELLED, State.ABANDONED, State.REJECTED})
        return (
            sa.select(*(table.c[name] for name in MESSAGE_COLUMNS))
            .where(
                table.c.namespace == sa.bindparam("namespace"),
                self._among(table.c.to_number, "numbers"),
                table.c.told != "",
                table.c.state.not_in(over),
            )
            .order_by(table.c.serial)
        )

    @cached_property
    def parked_reminders(self) -> Any:
        """The messages that are, or may be, parked for a number: each one's reminder, and those it includes."""
        table = self.tables.messages
        return sa.select(table.c.key, table.c.told).where(
            table.c.namespace == sa.bindparam("namespace"),
            table.c.to_number == sa.bindparam("number"),
            table.c.state.in_(words(OPEN)),
        )

    @cached_property
    def reminder_owners(self) -> Any:
        """Which appointments a list of reminders' keys belongs to, by which rule and for whom."""
        reminders, owner = self.tables.reminders, self.tables.appointments
        names = (owner.c.source, owner.c.id, owner.c.recurrence_id, reminders.c.rule, reminders.c.recipient)
        chosen = sa.select(reminders.c.key, *names)
        return (
            chosen.select_from(reminders.join(owner, owner.c.row_id == reminders.c.row_id))
            .where(reminders.c.namespace == sa.bindparam("namespace"), self._among(reminders.c.key, "keys"))
            .order_by(owner.c.source, owner.c.id, owner.c.recurrence_id, reminders.c.key)
        )

    @cached_property
    def crowd(self) -> Any:
        """Whether a message other than those of a list of reminders goes out to a number between two instants.

        A message at either instant is not between them.
        """
        table = self.tables.messages
        return (
            sa.select(table.c.key)
            .where(
                table.c.namespace == sa.bindparam("namespace"),
                table.c.to_number == sa.bindparam("number"),
                sa.not_(self._among(table.c.key, "besides")),
                table.c.send_at > sa.bindparam("low"),
                table.c.send_at < sa.bindparam("high"),
                table.c.state.in_(words(_TRAFFIC)),
            )
            .limit(1)
        )

    @cached_property
    def lock_number(self) -> Any:
        """A lock by which one transaction at a time parks for a number (PostgreSQL; SQLite has one writer)."""
        return sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(sa.bindparam("number"), 7301)))

    @cached_property
    def lock_numbers(self) -> Any:
        """The same lock for a list of numbers, in an order that is the same for all."""
        rows, (number,) = self._listing("numbers", [sa.Text])
        listed = sa.select(sa.func.hashtextextended(number, 7301).label("lock")).select_from(rows).distinct()
        ordered = listed.order_by(sa.text("lock")).subquery()
        return sa.select(sa.func.pg_advisory_xact_lock(ordered.c.lock))

    @cached_property
    def add_phones(self) -> Any:
        """Note further numbers of rows, each with its start."""
        table = self.tables.phones
        rows, (row, number, starts_at) = self._listing("phones", [sa.BigInteger, sa.Text, sa.BigInteger])
        columns = (row, number, starts_at, sa.bindparam("namespace", type_=sa.Text))
        chosen = sa.select(*columns).select_from(rows).where(row > 0)
        names = ["row_id", "number", "starts_at", "namespace"]
        return self._insert(table).from_select(names, chosen).on_conflict_do_nothing()

    @cached_property
    def drop_phones(self) -> Any:
        """Forget numbers and starts that an appointment had before, unless it was written since it was worked on."""
        table, owner = self.tables.phones, self.tables.appointments
        rows, (number, starts_at) = self._listing("kept", [sa.Text, sa.BigInteger])
        kept = sa.exists().select_from(rows).where(number == table.c.number, starts_at == table.c.starts_at)
        same = sa.exists().where(
            owner.c.row_id == table.c.row_id, owner.c.generation == sa.bindparam("seen", type_=sa.BigInteger)
        )
        return sa.delete(table).where(table.c.row_id == sa.bindparam("which"), sa.not_(kept), same)

    @cached_property
    def lock_rows(self) -> Any:
        """Lock a list of rows in their order, so that two workers never wait for each other in a ring."""
        table = self.tables.appointments
        chosen = sa.select(table.c.row_id).where(
            self._among(table.c.row_id, "rows"), table.c.namespace == sa.bindparam("namespace")
        )
        return chosen.order_by(table.c.row_id).with_for_update(key_share=True)

    @cached_property
    def requeue(self) -> Any:
        """Have a list of rows looked at again, also by a worker that is at work on them: their generation grows."""
        table = self.tables.appointments
        return self._update(table, generation=table.c.generation + 1, next_at=sa.bindparam("now")).where(
            table.c.row_id.in_(self.lock_rows)
        )
