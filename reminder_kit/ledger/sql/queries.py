"""The statements that ask the ledger, each built when it is first needed.

Never writes, never runs anything. A page of appointments is found by row number, so that rows which change or come
while pages are read are met once at most.
"""

from __future__ import annotations

from functools import cache, cached_property
from typing import Any

import sqlalchemy as sa

from reminder_kit.ledger.sql.builder import MESSAGE_COLUMNS, OUTCOME_COLUMNS, RECORD_COLUMNS, Builder, words
from reminder_kit.ledger.sql.tables import WAITING
from reminder_kit.model.lifecycle import OPEN, SENT, State
from reminder_kit.model.revisions import OF_SERIES, PART

__all__ = ["Filters", "Queries"]

Filters = frozenset[str]
"""Which of the filters of `RecordFilter` are in use: each set of them has a statement of its own."""

_NOT_BY_ROW: Any = sa.literal_column("0")
"""A zero to be added to a row's number: it keeps SQLite from the index of rows where the one of ids finds few."""


class Queries(Builder):
    """The questions about appointments, reminders, messages, history and events."""

    @cached_property
    def recorded(self) -> Any:
        """What is recorded for a list of identities: one row for each, of NULLs where nothing is."""
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
        """Return the question for one page of appointments, in the order of their rows; purged ones are left out.

        The filters: `source`, `ids`, `rows`; `dirty`; `ended_after` (also what is dirty or has something coming).
        """
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
        return choose.order_by(row).limit(sa.bindparam("page", type_=sa.Integer))

    @cached_property
    def outcomes(self) -> Any:
        """The reminders of a list of appointments' rows."""
        table = self.tables.reminders
        chosen = sa.select(*(table.c[name] for name in OUTCOME_COLUMNS))
        return chosen.where(self._among(table.c.row_id, "rows")).order_by(table.c.row_id, table.c.key)

    @cached_property
    def messages(self) -> Any:
        """The messages of a list of appointments' rows, oldest first, without cancelled and abandoned ones."""
        table = self.tables.messages
        chosen = sa.select(*(table.c[name] for name in MESSAGE_COLUMNS))
        alive = table.c.state.not_in(words({State.CANCELLED, State.ABANDONED}))
        return chosen.where(self._among(table.c.row_id, "rows"), alive).order_by(table.c.serial)

    @cache  # noqa: B019 - statements live as long as the process
    def identities(self, *, source: bool) -> Any:
        """Return the question which appointments carry an id, of one source where that is named."""
        table = self.tables.appointments
        chosen = sa.select(table.c.source, table.c.starts_at, table.c.row_id, table.c.id, table.c.recurrence_id).where(
            table.c.namespace == sa.bindparam("namespace"), table.c.id == sa.bindparam("id")
        )
        if source:
            chosen = chosen.where(table.c.source == sa.bindparam("source"))
        return chosen

    @cached_property
    def recorded_since(self) -> Any:
        """What was written last of the appointments that were recorded later than an instant."""
        table = self.tables.appointments
        names = ("source", "id", "recurrence_id", "fingerprint", "removed", "recorded_at")
        return sa.select(*(table.c[name] for name in names)).where(
            table.c.namespace == sa.bindparam("namespace"),
            table.c.recorded_at > sa.bindparam("since", type_=sa.BigInteger),
        )

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
    def keys_of_row(self) -> Any:
        """The keys of an appointment's reminders, each with rule, recipient and number, also of those with messages."""
        parts = (
            sa.select(table.c.key, table.c.rule, table.c.recipient, table.c.to_number).where(
                table.c.row_id == sa.bindparam("which"), table.c.namespace == sa.bindparam("namespace")
            )
            for table in (self.tables.reminders, self.tables.messages)
        )
        return sa.union(*parts)

    @cached_property
    def state_of_source(self) -> Any:
        """How many appointments of a source there are, how many are removed, and when one was written last."""
        table = self.tables.appointments
        gone = sa.func.sum(sa.case((table.c.removed == sa.true(), 1), else_=0))
        return sa.select(sa.func.count(), gone, sa.func.max(table.c.recorded_at)).where(
            table.c.namespace == sa.bindparam("namespace"), table.c.source == sa.bindparam("source")
        )

    @cached_property
    def series_of_source(self) -> Any:
        """The ids of a source that are not removed, each with the newest revision of its master; "": none is known."""
        table = self.tables.appointments
        master = sa.case(
            (table.c.revision_kind == OF_SERIES, sa.func.substr(table.c.revision, 1, PART)),
            (sa.and_(table.c.revision_kind == "ii", table.c.recurrence_id == ""), table.c.revision),
            else_="",
        )
        return (
            sa.select(table.c.id, sa.func.max(master))
            .where(
                table.c.namespace == sa.bindparam("namespace"),
                table.c.source == sa.bindparam("source"),
                table.c.removed == sa.false(),
                table.c.snapshot != "",
            )
            .group_by(table.c.id)
        )

    @cached_property
    def generation(self) -> Any:
        """How often the appointment of a row was written."""
        table = self.tables.appointments
        return sa.select(table.c.generation).where(
            table.c.row_id == sa.bindparam("which"), table.c.namespace == sa.bindparam("namespace")
        )

    @cached_property
    def holders(self) -> Any:
        """Which workers hold a lease on any of a list of rows."""
        table = self.tables.appointments
        chosen = sa.select(table.c.lease_owner).where(
            self._among(table.c.row_id, "rows"), table.c.lease_owner.is_not(None)
        )
        return chosen.distinct().order_by(table.c.lease_owner)

    @cache  # noqa: B019 - statements live as long as the process
    def find_message(self, by: str) -> Any:
        """Return the question for a provider's message by `id` (ours) or `provider_id`, with its appointment."""
        table = self.tables.messages
        return self._with_appointment(table.c[by] == sa.bindparam("name")).order_by(table.c.serial.desc()).limit(1)

    @cached_property
    def sent_to(self) -> Any:
        """Up to fifty messages to a number through one provider whose send time is no later than an instant.

        The latest first, with their appointments; those that certainly did not go out are left out.
        """
        table = self.tables.messages
        stayed = words({State.CANCELLED, State.REJECTED})
        to = sa.and_(
            table.c.to_number == sa.bindparam("number"),
            table.c.send_at <= sa.bindparam("until"),
            table.c.state.not_in(stayed),
        )
        return self._with_appointment(to).order_by(table.c.send_at.desc(), table.c.serial.desc()).limit(50)

    def _with_appointment(self, condition: Any) -> Any:
        """Return the question for messages of a provider and the appointments they are for."""
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
    def parked(self, *, source: bool) -> Any:
        """Return the question how many messages of a namespace are, or may be, parked: in all, or for one source."""
        table, owner = self.tables.messages, self.tables.appointments
        counted = sa.select(sa.func.count()).select_from(table).where(table.c.state.in_(words(OPEN)))
        if not source:
            return counted.where(table.c.namespace == sa.bindparam("namespace"))
        return counted.where(
            table.c.row_id == owner.c.row_id,
            owner.c.namespace == sa.bindparam("namespace"),
            owner.c.source == sa.bindparam("source"),
        )

    @cached_property
    def parked_everywhere(self) -> Any:
        """How many messages of all namespaces are, or may be, parked at a provider: they share its cap."""
        table = self.tables.messages
        counted = sa.select(sa.func.count()).select_from(table).where(table.c.state.in_(words(OPEN)))
        return counted.where(table.c.provider == sa.bindparam("provider"))

    @cached_property
    def made(self) -> Any:
        """The number of the last message that was ever made, in any namespace: at most so many are parked."""
        return sa.select(sa.func.max(self.tables.messages.c.serial))

    @cached_property
    def sent_before(self) -> Any:
        """Messages that went out for any occurrence of a list of (source, id), so that none is sent twice."""
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
        """Return the question for the history of an id, in order; of one source or occurrence where these are named."""
        table = self.tables.history
        chosen = sa.select(*(column for column in table.columns if column.name not in ("serial", "namespace")))
        chosen = chosen.where(table.c.namespace == sa.bindparam("namespace"), table.c.id == sa.bindparam("id"))
        if source:
            chosen = chosen.where(table.c.source == sa.bindparam("source"))
        if occurrence:
            chosen = chosen.where(table.c.recurrence_id == sa.bindparam("recurrence_id"))
        return chosen.order_by(table.c.serial)

    @cached_property
    def blockers(self) -> Any:
        """Every blocker, without its namespace and name, the oldest first."""
        table = self.tables.blockers
        chosen = sa.select(*(column for column in table.columns if column.name not in ("namespace", "name")))
        return chosen.where(table.c.namespace == sa.bindparam("namespace")).order_by(table.c.since, table.c.name)

    @cache  # noqa: B019 - statements live as long as the process
    def runs(self, *, which: str = "") -> Any:
        """Return the question when jobs last ran: all, the one called `name`, or those whose names begin with `start`.

        `which` is "", "name" or "start".
        """
        table = self.tables.runs
        chosen = sa.select(table.c.name, table.c.at, table.c.detail)
        chosen = chosen.where(table.c.namespace == sa.bindparam("namespace")).order_by(table.c.name)
        if which == "name":
            return chosen.where(table.c.name == sa.bindparam("name"))
        start = sa.bindparam("start", type_=sa.String)
        return chosen.where(sa.func.substr(table.c.name, 1, sa.func.length(start)) == start) if which else chosen

    @cache  # noqa: B019 - statements live as long as the process
    def unmatched(self, by: str) -> Any:
        """Return the question for events that wait for messages by their `provider_id` or `token`, oldest first."""
        table = self.tables.events
        hidden = ("serial", "namespace", "received_at", "matched")
        chosen = sa.select(*(column for column in table.columns if column.name not in hidden))
        return chosen.where(
            table.c.namespace == sa.bindparam("namespace"),
            table.c.matched == sa.false(),
            self._among(table.c[by], "names"),
        ).order_by(table.c.serial)

    @cached_property
    def waiting_replies(self) -> Any:
        """Replies that are to be matched again, the oldest first."""
        table = self.tables.events
        hidden = ("serial", "namespace", "received_at", "matched")
        chosen = sa.select(*(column for column in table.columns if column.name not in hidden))
        return chosen.where(
            table.c.namespace == sa.bindparam("namespace"),
            table.c.token == sa.literal_column(f"'{WAITING}'"),
            table.c.matched == sa.false(),
        ).order_by(table.c.serial)

    @cached_property
    def count_appointments(self) -> Any:
        """How many appointments there are, are dirty, removed and claimed, and when something is to be done next."""
        table = self.tables.appointments

        def number(condition: Any) -> Any:
            return sa.func.sum(sa.case((condition, 1), else_=0))

        counted = sa.select(
            sa.func.count(),
            number(table.c.dirty == sa.true()),
            number(table.c.removed == sa.true()),
            number(table.c.lease_owner.is_not(None)),
            sa.func.min(sa.func.nullif(table.c.next_at, 0)),  # 0: by each run
        )
        return counted.where(table.c.namespace == sa.bindparam("namespace"))

    @cached_property
    def count_reminders(self) -> Any:
        """How many reminders there are of each status and reason."""
        table = self.tables.reminders
        counted = sa.select(table.c.stand, table.c.reason, sa.func.count())
        return (
            counted.where(table.c.namespace == sa.bindparam("namespace"))
            .group_by(table.c.stand, table.c.reason)
            .order_by(table.c.stand, table.c.reason)
        )

    @cached_property
    def count_messages(self) -> Any:
        """How many messages there are in each state, and when the oldest of them was created."""
        table = self.tables.messages
        counted = sa.select(table.c.state, sa.func.count(), sa.func.min(table.c.created_at))
        return counted.where(table.c.namespace == sa.bindparam("namespace")).group_by(table.c.state).order_by("state")

    @cached_property
    def count_unmatched(self) -> Any:
        """How many events name a message that is not known."""
        table = self.tables.events
        unmatched = sa.and_(table.c.namespace == sa.bindparam("namespace"), table.c.matched == sa.false())
        named = sa.or_(table.c.provider_id.is_not(None), table.c.token.is_not(None))
        return sa.select(sa.func.count()).where(unmatched, named)
