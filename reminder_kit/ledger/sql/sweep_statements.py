"""The statements of a sweep: what needs a look is found by indexes, and all the rest is only counted.

Never runs anything.
"""

from __future__ import annotations

from functools import cache, cached_property
from typing import Any

import sqlalchemy as sa

from reminder_kit.ledger.sql.builder import Builder, words
from reminder_kit.model.lifecycle import OPEN, State
from reminder_kit.model.reasons import Reason

__all__ = ["SweepStatements"]


class SweepStatements(Builder):
    """The questions which appointments a batch job looks at, and how many of what it passes over."""

    @cache  # noqa: B019 - statements live as long as the process
    def needing_a_look(self, *, waiting: bool) -> Any:
        """Return the question for the rows of appointments at which something is to be done, or to be said.

        They are dirty, due by `now`, have a message of which nobody knows what became of it, or were decided with other
        settings and are not over; with `waiting` also those that wait for their account. Each part goes by an index of
        its own.
        """
        table, messages, reminders = self.tables.appointments, self.tables.messages, self.tables.reminders
        row, here = sa.select(table.c.row_id), table.c.namespace == sa.bindparam("namespace")
        settings = sa.bindparam("settings", type_=sa.Text)
        coming, at_rest = table.c.next_at.is_not(None), table.c.next_at.is_(None)
        parts = [
            row.where(here, table.c.dirty == sa.true()),
            row.where(here, table.c.next_at <= sa.bindparam("now")),
            sa.select(messages.c.row_id).where(
                messages.c.namespace == sa.bindparam("namespace"),
                messages.c.state.in_(words([State.CREATING, State.CANCELLING, State.UNKNOWN])),
            ),
            row.where(here, coming, table.c.planned_with < settings),
            row.where(here, coming, table.c.planned_with > settings),
            row.where(here, at_rest, table.c.ends_at >= sa.bindparam("now"), table.c.planned_with != settings),
        ]
        if waiting:
            parts.append(
                sa.select(reminders.c.row_id).where(
                    reminders.c.namespace == sa.bindparam("namespace"),
                    reminders.c.reason.in_(words([Reason.WAITING_ACCOUNT])),
                )
            )
        return sa.union(*parts).order_by(sa.literal_column("1"))

    @cached_property
    def dirty(self) -> Any:
        """The rows of appointments that were written and not worked on since."""
        table = self.tables.appointments
        return sa.select(table.c.row_id).where(
            table.c.namespace == sa.bindparam("namespace"), table.c.dirty == sa.true()
        )

    @cached_property
    def with_messages(self) -> Any:
        """Those of a list of rows that have any message, each with how many of them can still be taken back."""
        table = self.tables.messages
        to_come = sa.and_(table.c.state.in_(words(OPEN)), table.c.send_at > sa.bindparam("now"))
        counted = sa.select(table.c.row_id, sa.func.sum(sa.case((to_come, 1), else_=0)))
        return counted.where(self._among(table.c.row_id, "rows")).group_by(table.c.row_id)

    @cached_property
    def of_source(self) -> Any:
        """A page of the appointments of a source that are not over, in the order of their rows."""
        table = self.tables.appointments
        return (
            sa.select(table.c.row_id, table.c.id, table.c.recurrence_id)
            .where(*self._not_over(), table.c.source == sa.bindparam("source"), table.c.row_id > sa.bindparam("after"))
            .order_by(table.c.row_id)
            .limit(sa.bindparam("page", type_=sa.Integer))
        )

    @cache  # noqa: B019 - statements live as long as the process
    def count_appointments(self, *, listed: bool) -> Any:
        """Return the question how many appointments are not over at `now`; `listed`: of a list of rows."""
        table = self.tables.appointments
        counted = sa.select(sa.func.count()).select_from(table).where(*self._not_over())
        return counted.where(self._among(table.c.row_id, "rows")) if listed else counted

    @cache  # noqa: B019 - statements live as long as the process
    def count_reminders(self, *, listed: bool) -> Any:
        """Return the question how many of their reminders stand how, and have a message that is or may be parked."""
        owner, table, messages = self.tables.appointments, self.tables.reminders, self.tables.messages
        parked = sa.exists().where(
            messages.c.row_id == table.c.row_id, messages.c.key == table.c.key, messages.c.state.in_(words(OPEN))
        )
        is_parked = sa.case((table.c.stand == sa.literal_column("'parked'"), parked), else_=sa.false())
        counted = (
            sa.select(table.c.stand, is_parked, sa.func.count())
            .select_from(owner.join(table, table.c.row_id == owner.c.row_id))
            .where(*self._not_over(), owner.c.removed == sa.false())
            .group_by(table.c.stand, sa.literal_column("2"))
        )
        return counted.where(self._among(owner.c.row_id, "rows")) if listed else counted

    @cache  # noqa: B019 - statements live as long as the process
    def count_without_phone(self, *, listed: bool) -> Any:
        """Return the question how many of them have nobody to be reminded."""
        owner, table = self.tables.appointments, self.tables.reminders
        counted = (
            sa.select(sa.func.count(owner.c.row_id.distinct()))
            .select_from(table.join(owner, table.c.row_id == owner.c.row_id))
            .where(
                table.c.namespace == sa.bindparam("namespace"),
                table.c.reason.in_(words([Reason.NO_RECIPIENT])),
                *self._not_over(),
                owner.c.removed == sa.false(),
            )
        )
        return counted.where(self._among(owner.c.row_id, "rows")) if listed else counted

    def _not_over(self) -> list[Any]:
        """Return the conditions of appointments that have not ended at `now`, or have something to come."""
        table = self.tables.appointments
        live = sa.or_(table.c.dirty == sa.true(), table.c.next_at.is_not(None), table.c.ends_at >= sa.bindparam("now"))
        return [table.c.namespace == sa.bindparam("namespace"), table.c.snapshot != "", live]
