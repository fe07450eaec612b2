"""The statements about a ledger that was put back to an older state: what nobody knows any more is marked as such.

Never runs anything. They are for all namespaces, since a ledger is put back as a whole.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import sqlalchemy as sa

from reminder_kit.ledger.sql.builder import Builder, words
from reminder_kit.model.lifecycle import State
from reminder_kit.model.restorations import RESTORED

__all__ = ["EVERYWHERE", "RestorationStatements"]

EVERYWHERE = ""
"""What stands in the place of a namespace in what holds for all of them; no namespace is called so."""


class RestorationStatements(Builder):
    """The questions and writes about restorations."""

    @cached_property
    def kept(self) -> Any:
        """What is kept of the last restoration: for all namespaces, and for one."""
        table = self.tables.runs
        mine = sa.or_(table.c.namespace == sa.bindparam("namespace"), table.c.namespace == EVERYWHERE)
        return sa.select(table.c.namespace, table.c.at, table.c.detail).where(table.c.name == RESTORED, mine)

    @cached_property
    def last_line(self) -> Any:
        """The number of the last line of history."""
        return sa.select(sa.func.max(self.tables.history.c.serial))

    @cached_property
    def last_known_at(self) -> Any:
        """The latest instant of which the ledger knows anything."""
        tables = self.tables
        latest = [
            sa.select(sa.func.max(column).label("at"))
            for column in (
                tables.history.c.at,
                tables.appointments.c.recorded_at,
                tables.messages.c.created_at,
                tables.events.c.received_at,
                tables.consents.c.recorded_at,
                tables.runs.c.at,
            )
        ]
        return sa.select(sa.func.max(sa.union_all(*latest).subquery().c.at))

    @cached_property
    def highest_row(self) -> Any:
        """The highest row of an appointment."""
        return sa.select(sa.func.max(self.tables.appointments.c.row_id))

    @cached_property
    def forget(self) -> Any:
        """Forget what namespaces keep of an earlier restoration."""
        table = self.tables.runs
        return sa.delete(table).where(table.c.name == RESTORED)

    @cached_property
    def unsettle(self) -> tuple[Any, ...]:
        """What makes an older state one of which nobody is sure, in order.

        Appointments lose the digest by which one that comes in is known to be unchanged: whatever comes in is news, and
        what did not come in is told by that. All are looked at again, under new claims. A message that may be parked is
        looked up; a request whose answer was open may have been followed by another one, and is not repeated.
        """
        appointments, messages = self.tables.appointments, self.tables.messages
        now, doubt = sa.bindparam("now", type_=sa.BigInteger), sa.bindparam("doubt", type_=sa.Text)
        live = sa.and_(appointments.c.snapshot != "", appointments.c.removed == sa.false())
        looked_up = messages.c.state.in_(words([State.SCHEDULED, State.CANCELLING]))
        return (
            self._update(
                appointments,
                generation=appointments.c.generation + 1,
                fence=appointments.c.fence + 1,
                lease_owner=None,
                lease_until=None,
                dirty=sa.true(),
            ).where(appointments.c.snapshot != ""),
            self._update(appointments, fingerprint="").where(live),
            self._update(messages, next_try_at=now, attempts=1, error=doubt).where(looked_up),
            self._update(
                messages, state=State.UNKNOWN.value, uncertain=sa.true(), next_try_at=now, attempts=1, error=doubt
            ).where(messages.c.state == State.CREATING.value),
            self._update(messages, error=sa.bindparam("never_sent", type_=sa.Text)).where(
                messages.c.error == sa.bindparam("cleared", type_=sa.Text)
            ),
        )

    @cached_property
    def recognise(self) -> Any:
        """Give a row the digest of what it holds again: a person said that it is as it should be."""
        table = self.tables.appointments
        return self._update(table, fingerprint=sa.bindparam("anew")).where(
            table.c.row_id == sa.bindparam("which"),
            table.c.namespace == sa.bindparam("namespace"),
            table.c.fingerprint == "",
            table.c.snapshot != "",
        )
