"""The statements about what waits for a person: what is recorded of it, and what was seen.

Never runs anything.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import sqlalchemy as sa

from reminder_kit.ledger.sql.builder import Builder, words
from reminder_kit.model.appointments import Status
from reminder_kit.model.consent import ERASED
from reminder_kit.model.lifecycle import State
from reminder_kit.model.reasons import WAITS, Reason

__all__ = ["AttentionStatements"]

_MENDABLE = (
    *WAITS,
    Reason.RESTORED_LEDGER,
    Reason.QUARANTINED,
    Reason.INVALID_NUMBER,
    Reason.TEMPLATE_ERROR,
    Reason.NO_RECIPIENT,
)
"""Why a reminder is held or skipped, or its parked message is not made anew, that a person can mend."""


class AttentionStatements(Builder):
    """The questions and writes about what waits for a person."""

    @cached_property
    def waiting(self) -> Any:
        """Reminders for which a person can do something, with their appointments, the soonest first.

        They, or their appointments, are to come, or they are tried again though they are late. Of those whose message
        is parked, what can be done is over as it goes out.
        """
        table, owner = self.tables.reminders, self.tables.appointments
        chosen = sa.select(
            table.c.key,
            owner.c.source,
            owner.c.id,
            owner.c.recurrence_id,
            table.c.rule,
            table.c.to_number,
            owner.c.starts_at,
            table.c.reason,
            table.c.error,
            table.c.blocker,
            table.c.stand == sa.literal_column("'parked'"),
        ).select_from(table.join(owner, owner.c.row_id == table.c.row_id))
        later = (owner.c.starts_at > sa.bindparam("now"), table.c.due_at > sa.bindparam("now"))
        is_tried = sa.and_(table.c.stand == sa.literal_column("'held'"), table.c.park_at.is_not(None))
        return chosen.where(
            table.c.namespace == sa.bindparam("namespace"),
            table.c.reason.in_(words(_MENDABLE)),
            sa.or_(table.c.stand != sa.literal_column("'parked'"), table.c.send_at > sa.bindparam("now")),
            owner.c.removed == sa.false(),
            owner.c.snapshot != "",
            sa.or_(*later, is_tried),
        ).order_by(owner.c.starts_at, table.c.key)

    @cached_property
    def unfollowed(self) -> Any:
        """Appointments that are not over, and that the host wrote and nobody looked at since; the oldest first.

        With them comes whether somebody is to be told: they are on, and have a number.
        """
        table, phones = self.tables.appointments, self.tables.phones
        names = ("source", "id", "recurrence_id", "starts_at", "unfollowed_at", "next_at")
        is_off = table.c.snapshot.contains(f'"status":"{Status.CANCELLED}"')
        tells = sa.and_(
            table.c.removed == sa.false(), sa.not_(is_off), sa.exists().where(phones.c.row_id == table.c.row_id)
        )
        chosen = sa.select(*(table.c[name] for name in names), tells).where(
            table.c.namespace == sa.bindparam("namespace"),
            table.c.unfollowed_at.is_not(None),
            table.c.unfollowed_at < sa.bindparam("now"),
            table.c.ends_at > sa.bindparam("now"),
            table.c.snapshot != "",
        )
        return chosen.order_by(table.c.unfollowed_at, table.c.row_id)

    @cached_property
    def erased(self) -> Any:
        """Coming reminders of people who were erased, and are barred still: they were handed in again."""
        table, owner, consents = self.tables.reminders, self.tables.appointments, self.tables.consents
        whose = (owner.c.source, owner.c.id, owner.c.recurrence_id)
        same = sa.and_(table.c.to_number == consents.c.number, table.c.namespace == consents.c.namespace)
        found = consents.join(table, same).join(owner, owner.c.row_id == table.c.row_id)
        chosen = sa.select(table.c.key, *whose, table.c.rule, consents.c.number, owner.c.starts_at).select_from(found)
        barred = chosen.where(
            consents.c.namespace == sa.bindparam("namespace"),
            consents.c.way == sa.literal_column(f"'{ERASED}'"),  # as the index has it
            table.c.reason.in_(words([Reason.SUPPRESSED, Reason.OPTED_OUT])),
            owner.c.removed == sa.false(),
            owner.c.snapshot != "",
            owner.c.starts_at > sa.bindparam("now"),
        )
        return barred.order_by(owner.c.starts_at, table.c.key).distinct()

    @cached_property
    def doubtful(self) -> Any:
        """Messages never confirmed, or answered with anything but that they are scheduled, until their start."""
        table, owner = self.tables.messages, self.tables.appointments
        is_unknown = table.c.state.in_(words([State.UNKNOWN]))
        # not "is not null": a range of the index, which else is walked for all that is parked
        is_answered = sa.and_(table.c.state.in_(words([State.SCHEDULED])), table.c.next_try_at > 0)
        coming = sa.or_(table.c.send_at > sa.bindparam("now"), table.c.start_at > sa.bindparam("now"))
        chosen = sa.select(
            table.c.serial,
            table.c.state,
            table.c.id,
            owner.c.source,
            owner.c.id,
            owner.c.recurrence_id,
            table.c.rule,
            table.c.to_number,
            table.c.start_at,
            table.c.error,
            table.c.next_try_at,
        ).select_from(table.join(owner, owner.c.row_id == table.c.row_id))
        mine = table.c.namespace == sa.bindparam("namespace")
        found = (chosen.where(mine, kind, coming) for kind in (is_unknown, is_answered))
        return sa.union_all(*found).order_by(sa.literal_column("1"))

    @cached_property
    def is_written(self) -> Any:
        """Whether any reminder of a rule was ever written: nothing is wrong with its text for everybody."""
        table = self.tables.messages
        return (
            sa.select(table.c.id)
            .where(table.c.namespace == sa.bindparam("namespace"), table.c.rule == sa.bindparam("rule"))
            .limit(1)
        )

    @cached_property
    def a_moment(self) -> Any:
        """When a line of history was written, any one: by then the ledger was at work."""
        table = self.tables.history
        return sa.select(table.c.at).where(table.c.namespace == sa.bindparam("namespace")).limit(1)

    @cached_property
    def marks(self) -> Any:
        """What is kept of the members of items."""
        table = self.tables.attention
        chosen = sa.select(table.c.item, table.c.member, table.c.since, table.c.seen, table.c.detail)
        return chosen.where(table.c.namespace == sa.bindparam("namespace"))

    @cached_property
    def keep_mark(self) -> Any:
        """Write what is kept of a member."""
        return self._upsert(
            self.tables.attention,
            ("namespace", "item", "member", "since", "seen", "detail"),
            ("namespace", "item", "member"),
        )

    @cached_property
    def drop_mark(self) -> Any:
        """Forget a member that waits no more."""
        table = self.tables.attention
        return sa.delete(table).where(
            table.c.namespace == sa.bindparam("namespace"),
            table.c.item == sa.bindparam("which_item"),
            table.c.member == sa.bindparam("which_member"),
        )
