"""The statements that ask the ledger. Each is built when first needed.

Never writes, never runs anything.
"""

from __future__ import annotations

from functools import cache, cached_property
from typing import Any

import sqlalchemy as sa

from reminder_kit.ledger.sql.builder import MESSAGE_COLUMNS, OUTCOME_COLUMNS, RECORD_COLUMNS, Builder, words
from reminder_kit.model.lifecycle import OPEN, SENT, State

__all__ = ["Filters", "Queries"]

Filters = frozenset[str]
"""Which of the filters of `Ledger.records` are in use."""


_NOT_BY_ROW: Any = sa.literal_column("0")
"""Added to a row's number, it keeps SQLite from going through all rows where another index leads to few."""


class Queries(Builder):
    """The questions."""

    @cached_property
    def known(self) -> Any:
        """What is recorded for a list of identities."""
        table = self.tables.appointments
        rows, (source, id_, recurrence_id) = self._listing("identities", [sa.Text, sa.Text, sa.Text])
        matches = sa.and_(
            table.c.namespace == sa.bindparam("namespace"),
            table.c.source == source,
            table.c.id == id_,
            table.c.recurrence_id == recurrence_id,
        )
        names = ("row_id", "source", "id", "recurrence_id", "fingerprint", "removed", "revision_kind", "revision")
        return sa.select(*(table.c[name] for name in (*names, "recorded_at"))).select_from(
            rows.outerjoin(table, matches)
        )

    @cache  # noqa: B019 - statements live as long as the process
    def page(self, filters: Filters) -> Any:
        """One page of appointments, by row."""
        table = self.tables.appointments
        row = table.c.row_id + _NOT_BY_ROW if "ids" in filters else table.c.row_id
        choose = sa.select(*(table.c[name] for name in RECORD_COLUMNS)).where(
            table.c.namespace == sa.bindparam("namespace"), row > sa.bindparam("after"), table.c.snapshot != ""
        )
        if "source" in filters:
            choose = choose.where(table.c.source == sa.bindparam("source"))
        if "ids" in filters:
            choose = choose.where(self._among(table.c.id, "ids"))
        if "rows" in filters:
            choose = choose.where(self._among(table.c.row_id, "rows"))
        if "dirty" in filters:
            choose = choose.where(table.c.dirty == sa.true())
        if "ended_after" in filters:
            ends = table.c.ends_at >= sa.bindparam("ended_after")
            choose = choose.where(sa.or_(table.c.dirty == sa.true(), table.c.next_at.is_not(None), ends))
        if "due" in filters:
            other = table.c.planned_with != sa.bindparam("settings")
            due = table.c.next_at <= sa.bindparam("now")
            choose = choose.where(sa.or_(table.c.dirty == sa.true(), other, due))
        return choose.order_by(row).limit(sa.bindparam("page", type_=sa.Integer))

    @cached_property
    def outcomes(self) -> Any:
        """The reminders of a list of rows."""
        table = self.tables.reminders
        chosen = sa.select(*(table.c[name] for name in OUTCOME_COLUMNS))
        return chosen.where(self._among(table.c.row_id, "rows")).order_by(table.c.row_id, table.c.key)

    @cached_property
    def messages(self) -> Any:
        """The messages of a list of rows, oldest first, without those that are over for good."""
        table = self.tables.messages
        chosen = sa.select(*(table.c[name] for name in MESSAGE_COLUMNS))
        alive = table.c.state.not_in(words({State.CANCELLED, State.ABANDONED}))
        return chosen.where(self._among(table.c.row_id, "rows"), alive).order_by(table.c.serial)

    @cache  # noqa: B019 - statements live as long as the process
    def identities(self, *, source: bool, occurrence: bool) -> Any:
        """Ask which appointments carry an id."""
        table = self.tables.appointments
        chosen = sa.select(table.c.source, table.c.starts_at, table.c.row_id, table.c.id, table.c.recurrence_id).where(
            table.c.namespace == sa.bindparam("namespace"), table.c.id == sa.bindparam("id")
        )
        if source:
            chosen = chosen.where(table.c.source == sa.bindparam("source"))
        if occurrence:
            chosen = chosen.where(table.c.recurrence_id == sa.bindparam("recurrence_id"))
        return chosen

    @cached_property
    def of_source(self) -> Any:
        """The appointments of a source that are not removed."""
        table = self.tables.appointments
        return (
            sa.select(table.c.source, table.c.id, table.c.recurrence_id)
            .where(
                table.c.namespace == sa.bindparam("namespace"),
                table.c.source == sa.bindparam("source"),
                table.c.removed == sa.false(),
                table.c.snapshot != "",
            )
            .order_by(table.c.row_id)
        )

    @cached_property
    def generation(self) -> Any:
        """How often an appointment was written."""
        table = self.tables.appointments
        return sa.select(table.c.generation).where(
            table.c.row_id == sa.bindparam("which"), table.c.namespace == sa.bindparam("namespace")
        )

    @cached_property
    def holders(self) -> Any:
        """Who holds any of a list of rows."""
        table = self.tables.appointments
        chosen = sa.select(table.c.lease_owner).where(
            self._among(table.c.row_id, "rows"), table.c.lease_owner.is_not(None)
        )
        return chosen.distinct().order_by(table.c.lease_owner)

    @cache  # noqa: B019 - statements live as long as the process
    def find_message(self, by: str) -> Any:
        """Ask for a message by our `id` or the provider's `provider_id`, with its appointment."""
        table = self.tables.messages
        return self._found(table.c[by] == sa.bindparam("name")).order_by(table.c.serial.desc()).limit(1)

    @cached_property
    def last_sent(self) -> Any:
        """The message that went out last to a number, with its appointment."""
        table = self.tables.messages
        to = sa.and_(table.c.to_number == sa.bindparam("number"), table.c.state.in_(words(SENT)))
        return self._found(to).order_by(table.c.send_at.desc(), table.c.serial.desc()).limit(1)

    def _found(self, condition: Any) -> Any:
        table, owner = self.tables.messages, self.tables.appointments
        chosen = sa.select(
            *(table.c[name] for name in MESSAGE_COLUMNS),
            owner.c.source,
            owner.c.id,
            owner.c.recurrence_id,
            table.c.rule,
            table.c.recipient,
        )
        return chosen.select_from(table.join(owner, owner.c.row_id == table.c.row_id)).where(
            table.c.namespace == sa.bindparam("namespace"),
            table.c.provider == sa.bindparam("provider"),
            condition,
        )

    @cache  # noqa: B019 - statements live as long as the process
    def parked(self, *, source: bool, provider: bool) -> Any:
        """How many messages are, or may be, parked."""
        table, owner = self.tables.messages, self.tables.appointments
        states = words(OPEN)
        counted = sa.select(sa.func.count()).select_from(table).where(table.c.state.in_(states))
        if provider:
            counted = counted.where(table.c.provider == sa.bindparam("provider"))
        if not source:
            return counted
        return counted.where(
            table.c.row_id == owner.c.row_id,
            owner.c.namespace == sa.bindparam("namespace"),
            owner.c.source == sa.bindparam("source"),
        )

    @cached_property
    def sent_before(self) -> Any:
        """Messages that went out for any occurrence of a list of (source, id)."""
        table, owner = self.tables.messages, self.tables.appointments
        rows, (source, id_) = self._listing("pairs", [sa.Text, sa.Text])
        matches = sa.and_(owner.c.namespace == sa.bindparam("namespace"), owner.c.source == source, owner.c.id == id_)
        names = ("rule", "recipient", "key", "start_at", "send_at")
        states = words(SENT)
        sent = sa.and_(table.c.row_id == owner.c.row_id, table.c.state.in_(states))
        return (
            sa.select(owner.c.source, owner.c.id, *(table.c[name] for name in names))
            .select_from(rows.outerjoin(owner, matches).outerjoin(table, sent))
            .order_by(table.c.serial)
        )

    @cache  # noqa: B019 - statements live as long as the process
    def history(self, *, source: bool, occurrence: bool) -> Any:
        """Ask what happened to an appointment, in order."""
        table = self.tables.history
        chosen = sa.select(*(column for column in table.columns if column.name not in ("serial", "namespace")))
        chosen = chosen.where(table.c.namespace == sa.bindparam("namespace"), table.c.id == sa.bindparam("id"))
        if source:
            chosen = chosen.where(table.c.source == sa.bindparam("source"))
        if occurrence:
            chosen = chosen.where(table.c.recurrence_id == sa.bindparam("recurrence_id"))
        return chosen.order_by(table.c.serial)

    @cached_property
    def suppressions(self) -> Any:
        """All numbers not to be written to."""
        table = self.tables.suppressions
        chosen = sa.select(table.c.number, table.c.reason, table.c.at, table.c.said_by)
        return chosen.where(table.c.namespace == sa.bindparam("namespace"))

    @cached_property
    def is_suppressed(self) -> Any:
        """Whether one number is not to be written to."""
        table = self.tables.suppressions
        return sa.select(table.c.number).where(
            table.c.namespace == sa.bindparam("namespace"), table.c.number == sa.bindparam("number")
        )

    @cached_property
    def runs(self) -> Any:
        """When each job last ran."""
        table = self.tables.runs
        chosen = sa.select(table.c.name, table.c.at, table.c.detail)
        return chosen.where(table.c.namespace == sa.bindparam("namespace")).order_by(table.c.name)

    @cache  # noqa: B019 - statements live as long as the process
    def unmatched(self, by: str) -> Any:
        """Events whose message was not known when they came, by `provider_id` or `token`."""
        table = self.tables.events
        hidden = ("serial", "namespace", "received_at", "matched")
        chosen = sa.select(*(column for column in table.columns if column.name not in hidden))
        return chosen.where(
            table.c.namespace == sa.bindparam("namespace"),
            table.c.matched == sa.false(),
            table.c[by] == sa.bindparam("name"),
        ).order_by(table.c.serial)

    @cached_property
    def count_appointments(self) -> Any:
        """How many there are, are dirty, are removed, are claimed; and what is due next."""
        table = self.tables.appointments

        def number(condition: Any) -> Any:
            return sa.func.sum(sa.case((condition, 1), else_=0))

        counted = sa.select(
            sa.func.count(),
            number(table.c.dirty == sa.true()),
            number(table.c.removed == sa.true()),
            number(table.c.lease_owner.is_not(None)),
            sa.func.min(table.c.next_at),
        )
        return counted.where(table.c.namespace == sa.bindparam("namespace"))

    @cached_property
    def count_reminders(self) -> Any:
        """How many reminders stand where, and why."""
        table = self.tables.reminders
        counted = sa.select(table.c.stand, table.c.reason, sa.func.count())
        return (
            counted.where(table.c.namespace == sa.bindparam("namespace"))
            .group_by(table.c.stand, table.c.reason)
            .order_by(table.c.stand, table.c.reason)
        )

    @cached_property
    def count_messages(self) -> Any:
        """How many messages are in which state, and since when the oldest of them."""
        table = self.tables.messages
        counted = sa.select(table.c.state, sa.func.count(), sa.func.min(table.c.created_at))
        return counted.where(table.c.namespace == sa.bindparam("namespace")).group_by(table.c.state).order_by("state")

    @cached_property
    def count_suppressions(self) -> Any:
        """How many numbers are barred."""
        table = self.tables.suppressions
        return sa.select(sa.func.count()).where(table.c.namespace == sa.bindparam("namespace"))

    @cached_property
    def count_unmatched(self) -> Any:
        """How many events speak of messages that are not known."""
        table = self.tables.events
        unmatched = sa.and_(table.c.namespace == sa.bindparam("namespace"), table.c.matched == sa.false())
        named = sa.or_(table.c.provider_id.is_not(None), table.c.token.is_not(None))
        return sa.select(sa.func.count()).where(unmatched, named)
