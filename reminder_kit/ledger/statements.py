"""Every statement of the ledger, built once for each schema and database.

Never runs anything. Lists are handed over as one value (JSON for SQLite, arrays for PostgreSQL), so that a
statement's text never depends on how long they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from reminder_kit.ledger.tables import Tables, tables_of
from reminder_kit.lifecycle import OPEN, SENT, State

__all__ = ["MESSAGE_COLUMNS", "OUTCOME_COLUMNS", "RECORD_COLUMNS", "Filters", "Statements", "statements_for"]

RECORD_COLUMNS = (
    "row_id", "source", "id", "recurrence_id", "snapshot", "fingerprint", "generation", "dirty", "removed",
    "planned_with", "next_at", "starts_at", "recorded_at", "revision_kind", "revision",
)  # fmt: skip
OUTCOME_COLUMNS = (
    "row_id", "key", "rule", "recipient", "to_number", "stand", "reason", "due_at", "send_at", "park_at",
    "replacing", "error",
)  # fmt: skip
MESSAGE_COLUMNS = (
    "row_id", "id", "key", "state", "to_number", "text", "send_at", "subject", "media_urls", "channel", "due_at",
    "start_at", "sender", "provider", "path", "request", "idempotency_key", "created_at", "provider_id", "uncertain",
    "attempts", "next_try_at", "error", "presumed",
)  # fmt: skip
_INTAKE_COLUMNS = (
    "source", "id", "recurrence_id", "snapshot", "fingerprint", "revision_kind", "revision", "starts_at", "ends_at",
)  # fmt: skip
_MOVABLE = (
    "state", "provider_id", "uncertain", "attempts", "next_try_at", "error", "presumed", "due_at", "start_at",
)  # fmt: skip

Filters = frozenset[str]
"""Which of the filters of `Ledger.records` are in use."""


def _words(states: Any) -> list[str]:
    return sorted(state.value for state in states)


@lru_cache(maxsize=64)
def statements_for(schema: str | None, kind: str) -> Statements:
    """Return the statements for a schema on `sqlite` or `postgresql`."""
    return Statements(tables_of(schema), kind)


class Statements:
    """The statements. Each is built when first asked for."""

    def __init__(self, tables: Tables, kind: str) -> None:
        self.tables = tables
        self.kind = kind

    # Building blocks

    def _insert(self, table: sa.Table) -> Any:
        return sqlite_insert(table) if self.kind == "sqlite" else postgresql_insert(table)

    def _among(self, column: Any, name: str) -> Any:
        """Return the condition that a column is in a list handed over by `Runner.pack`."""
        listed = self._listing(name, [column.type])
        return column.in_(sa.select(listed[1][0]))

    def _listing(self, name: str, types: Sequence[Any]) -> tuple[Any, list[Any]]:
        """Return a list of rows handed over by `Runner.pack` as a source to select from, and its columns."""
        if self.kind == "sqlite":
            rows = sa.func.json_each(sa.bindparam(name, type_=sa.Text)).table_valued("value", name=name)
            paths = [sa.literal_column(f"'$[{index}]'") for index in range(len(types))]
            return rows, [sa.func.json_extract(rows.c.value, path) for path in paths]
        arrays = [sa.bindparam(f"{name}{index}", type_=ARRAY(_plain(kind))) for index, kind in enumerate(types)]
        names = [sa.column(f"c{index}", kind) for index, kind in enumerate(types)]
        rows = sa.func.unnest(*arrays).table_valued(*names, name=name).render_derived()
        return rows, list(rows.c)

    def _update(self, table: sa.Table, **values: Any) -> Any:
        return sa.update(table).values(**values)

    def _upsert(self, table: sa.Table, columns: Sequence[str], keys: Sequence[str]) -> Any:
        """Insert, or overwrite what differs: a row that would stay as it is is not written."""
        insert = self._insert(table).values({name: sa.bindparam(name, type_=table.c[name].type) for name in columns})
        fresh = {name: insert.excluded[name] for name in columns if name not in keys}
        differs = sa.or_(*(table.c[name].is_distinct_from(value) for name, value in fresh.items()))
        return insert.on_conflict_do_update(index_elements=list(keys), set_=fresh, where=differs)

    # Appointments

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

    @lru_cache(maxsize=2)  # noqa: B019 - statements live as long as the process
    def record(self, *, as_of: bool) -> Any:
        """Write appointments, unless what is recorded is newer (decided here, in the statement that writes)."""
        table = self.tables.appointments
        insert = self._intake()
        new = insert.excluded
        both = sa.and_(new.revision_kind != "", table.c.revision_kind == new.revision_kind)
        stale = sa.and_(both, new.revision < table.c.revision)
        if as_of:
            ordered = sa.and_(new.revision_kind != "", table.c.revision_kind != "")
            later = sa.and_(sa.not_(ordered), table.c.recorded_at > sa.bindparam("as_of", type_=sa.BigInteger))
            stale = sa.or_(stale, later)
        names = (*_INTAKE_COLUMNS[3:], "recorded_at")
        fresh: dict[str, Any] = {name: new[name] for name in names}
        fresh |= {"generation": table.c.generation + 1, "dirty": sa.true(), "removed": sa.false()}
        keys = ["namespace", "source", "id", "recurrence_id"]
        return insert.on_conflict_do_update(index_elements=keys, set_=fresh, where=sa.not_(stale))

    def _intake(self) -> Any:
        table = self.tables.appointments
        same: dict[str, Any] = {
            "namespace": sa.bindparam("namespace", type_=sa.Text),
            "recorded_at": sa.bindparam("recorded_at", type_=sa.BigInteger),
            "generation": sa.literal_column("1"),
            "dirty": sa.true(),
            "removed": sa.false(),
            "planned_with": sa.literal_column("''"),
            "fence": sa.literal_column("0"),
        }
        if self.kind == "sqlite":
            each = {name: sa.bindparam(name, type_=table.c[name].type) for name in _INTAKE_COLUMNS}
            return self._insert(table).values(each | same)
        rows, columns = self._listing("intakes", [table.c[name].type for name in _INTAKE_COLUMNS])
        chosen = sa.select(*columns, *same.values()).select_from(rows)
        return self._insert(table).from_select([*_INTAKE_COLUMNS, *same], chosen)

    @cached_property
    def reorder(self) -> Any:
        """Store a revision that grew although nothing else changed."""
        table = self.tables.appointments
        return self._update(table, revision_kind=sa.bindparam("new_kind"), revision=sa.bindparam("new_revision")).where(
            table.c.row_id == sa.bindparam("which")
        )

    @cached_property
    def remove(self) -> Any:
        """Mark an appointment as removed."""
        table = self.tables.appointments
        return self._update(
            table,
            removed=sa.true(),
            dirty=sa.true(),
            generation=table.c.generation + 1,
            revision_kind="",
            revision="",
            recorded_at=sa.bindparam("now"),
        ).where(table.c.row_id == sa.bindparam("which"), table.c.removed == sa.false(), table.c.snapshot != "")

    @lru_cache(maxsize=256)  # noqa: B019 - statements live as long as the process
    def page(self, filters: Filters) -> Any:
        """One page of appointments, by row."""
        table = self.tables.appointments
        choose = sa.select(*(table.c[name] for name in RECORD_COLUMNS)).where(
            table.c.namespace == sa.bindparam("namespace"),
            table.c.row_id > sa.bindparam("after"),
            table.c.snapshot != "",
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
        return choose.order_by(table.c.row_id).limit(sa.bindparam("page", type_=sa.Integer))

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
        gone = _words({State.CANCELLED, State.ABANDONED})
        chosen = sa.select(*(table.c[name] for name in MESSAGE_COLUMNS))
        alive = table.c.state.not_in([sa.literal_column(f"'{word}'") for word in gone])
        return chosen.where(self._among(table.c.row_id, "rows"), alive).order_by(table.c.serial)

    @lru_cache(maxsize=8)  # noqa: B019 - statements live as long as the process
    def identities(self, *, source: bool, occurrence: bool) -> Any:
        """The appointments that carry an id."""
        table = self.tables.appointments
        chosen = sa.select(table.c.source, table.c.id, table.c.recurrence_id).where(
            table.c.namespace == sa.bindparam("namespace"), table.c.id == sa.bindparam("id")
        )
        if source:
            chosen = chosen.where(table.c.source == sa.bindparam("source"))
        if occurrence:
            chosen = chosen.where(table.c.recurrence_id == sa.bindparam("recurrence_id"))
        return chosen.order_by(table.c.source, table.c.starts_at, table.c.row_id)

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

    # Claims

    @cached_property
    def claimable(self) -> Any:
        """Those of a list of rows that are free, ran out, or are the owner's own; locked, others' passed over."""
        table = self.tables.appointments
        free = sa.or_(
            table.c.lease_until.is_(None),
            table.c.lease_until <= sa.bindparam("now"),
            table.c.lease_owner == sa.bindparam("owner"),
        )
        chosen = sa.select(table.c.row_id, table.c.fence).where(
            self._among(table.c.row_id, "rows"), table.c.namespace == sa.bindparam("namespace"), free
        )
        return chosen.order_by(table.c.row_id).with_for_update(skip_locked=True)

    @cached_property
    def claim(self) -> Any:
        """Lease a list of rows."""
        table = self.tables.appointments
        return self._update(
            table,
            lease_owner=sa.bindparam("owner"),
            lease_until=sa.bindparam("until"),
            fence=table.c.fence + 1,
        ).where(self._among(table.c.row_id, "rows"))

    @cached_property
    def held(self) -> Any:
        """Who holds a row, by which fence; locked until the transaction ends."""
        table = self.tables.appointments
        chosen = sa.select(table.c.lease_owner, table.c.fence).where(
            table.c.row_id == sa.bindparam("which"), table.c.namespace == sa.bindparam("namespace")
        )
        return chosen.with_for_update(key_share=True)

    @cached_property
    def holders(self) -> Any:
        """Who holds any of a list of rows."""
        table = self.tables.appointments
        chosen = sa.select(table.c.lease_owner).where(
            self._among(table.c.row_id, "rows"), table.c.lease_owner.is_not(None)
        )
        return chosen.distinct().order_by(table.c.lease_owner)

    @cached_property
    def free(self) -> Any:
        """End all leases of a list of owners; their fences stay, so that they can't write any more."""
        table = self.tables.appointments
        return self._update(table, lease_owner=None, lease_until=None).where(
            self._among(table.c.lease_owner, "owners"), table.c.namespace == sa.bindparam("namespace")
        )

    def _own(self) -> Any:
        table = self.tables.appointments
        return sa.and_(
            table.c.row_id == sa.bindparam("which"),
            table.c.lease_owner == sa.bindparam("owner"),
            table.c.fence == sa.bindparam("token"),
        )

    @cached_property
    def renew(self) -> Any:
        """Extend a lease that is still held."""
        return self._update(self.tables.appointments, lease_until=sa.bindparam("until")).where(self._own())

    @cached_property
    def release(self) -> Any:
        """Give a claim back and write what is known; clean only where nothing was written since."""
        table = self.tables.appointments
        same = sa.and_(table.c.generation == sa.bindparam("seen"), sa.bindparam("clean", type_=sa.Boolean) == sa.true())
        return self._update(
            table,
            lease_owner=None,
            lease_until=None,
            planned_with=sa.bindparam("settings"),
            next_at=sa.bindparam("upcoming", type_=sa.BigInteger),
            dirty=sa.case((same, sa.false()), else_=table.c.dirty),
        ).where(self._own())

    # Reminders and messages

    @cached_property
    def keep_outcome(self) -> Any:
        """Write a reminder's outcome where it differs."""
        return self._upsert(self.tables.reminders, ("namespace", *OUTCOME_COLUMNS), ("namespace", "key"))

    @cached_property
    def drop_outcomes(self) -> Any:
        """Forget reminders of one appointment."""
        table = self.tables.reminders
        return sa.delete(table).where(
            table.c.row_id == sa.bindparam("which"),
            table.c.namespace == sa.bindparam("namespace"),
            self._among(table.c.key, "keys"),
        )

    @cached_property
    def create_message(self) -> Any:
        """Insert a message."""
        table = self.tables.messages
        names = ("namespace", "rule", "recipient", *MESSAGE_COLUMNS)
        return self._insert(table).values({name: sa.bindparam(name, type_=table.c[name].type) for name in names})

    @cached_property
    def move_message(self) -> Any:
        """Write a message's new state where it is still in the old one."""
        table = self.tables.messages
        values = {name: sa.bindparam(f"new_{name}", type_=table.c[name].type) for name in _MOVABLE}
        return self._update(table, **values).where(
            table.c.namespace == sa.bindparam("namespace"),
            table.c.id == sa.bindparam("which"),
            table.c.state == sa.bindparam("before"),
        )

    @lru_cache(maxsize=2)  # noqa: B019 - statements live as long as the process
    def find_message(self, by: str) -> Any:
        """A message by our `id` or the provider's `provider_id`, with its appointment."""
        table, owner = self.tables.messages, self.tables.appointments
        chosen = sa.select(
            *(table.c[name] for name in MESSAGE_COLUMNS),
            owner.c.source,
            owner.c.id,
            owner.c.recurrence_id,
            table.c.rule,
            table.c.recipient,
        )
        return (
            chosen.select_from(table.join(owner, owner.c.row_id == table.c.row_id))
            .where(
                table.c.namespace == sa.bindparam("namespace"),
                table.c.provider == sa.bindparam("provider"),
                table.c[by] == sa.bindparam("name"),
            )
            .order_by(table.c.serial.desc())
            .limit(1)
        )

    @lru_cache(maxsize=2)  # noqa: B019 - statements live as long as the process
    def parked(self, *, source: bool) -> Any:
        """How many messages are, or may be, at the provider."""
        table, owner = self.tables.messages, self.tables.appointments
        states = [sa.literal_column(f"'{word}'") for word in _words(OPEN)]
        counted = sa.select(sa.func.count()).select_from(table).where(table.c.state.in_(states))
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
        states = [sa.literal_column(f"'{word}'") for word in _words(SENT)]
        sent = sa.and_(table.c.row_id == owner.c.row_id, table.c.state.in_(states))
        return (
            sa.select(owner.c.source, owner.c.id, *(table.c[name] for name in names))
            .select_from(rows.outerjoin(owner, matches).outerjoin(table, sent))
            .order_by(table.c.serial)
        )

    @cached_property
    def mark_number(self) -> Any:
        """Mark as dirty every appointment whose reminders depend on a number."""
        reminders, messages = self.tables.reminders, self.tables.messages
        stands = reminders.c.stand.in_([sa.literal_column("'parked'"), sa.literal_column("'held'")])
        barred = reminders.c.reason.in_([sa.literal_column("'suppressed'"), sa.literal_column("'opted_out'")])
        wanted = sa.select(reminders.c.row_id).where(
            reminders.c.namespace == sa.bindparam("namespace"),
            reminders.c.to_number == sa.bindparam("number"),
            sa.or_(stands, barred),
        )
        states = [sa.literal_column(f"'{word}'") for word in _words(OPEN)]
        parked = sa.select(messages.c.row_id).where(
            messages.c.namespace == sa.bindparam("namespace"),
            messages.c.to_number == sa.bindparam("number"),
            messages.c.state.in_(states),
        )
        return self._mark(wanted.union(parked))

    @cached_property
    def mark_rows(self) -> Any:
        """Mark a list of rows as dirty."""
        rows, columns = self._listing("rows", [sa.BigInteger])
        return self._mark(sa.select(columns[0]).select_from(rows))

    def _mark(self, rows: Any) -> Any:
        table = self.tables.appointments
        locked = sa.select(table.c.row_id).where(
            table.c.row_id.in_(rows), table.c.namespace == sa.bindparam("namespace"), table.c.snapshot != ""
        )
        locked = locked.order_by(table.c.row_id).with_for_update(key_share=True)
        return self._update(table, dirty=sa.true(), generation=table.c.generation + 1).where(table.c.row_id.in_(locked))

    # Counting

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

    # History, suppressions, runs, events

    @cached_property
    def note(self) -> Any:
        """Append a line of history."""
        return self._insert_all(self.tables.history)

    def _insert_all(self, table: sa.Table) -> Any:
        names = [column.name for column in table.columns if column.name != "serial"]
        return self._insert(table).values({name: sa.bindparam(name, type_=table.c[name].type) for name in names})

    @lru_cache(maxsize=8)  # noqa: B019 - statements live as long as the process
    def history(self, *, source: bool, occurrence: bool) -> Any:
        """What happened to an appointment, in order."""
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
    def suppress(self) -> Any:
        """Add a number; the recipient's own word stands above the host's."""
        table = self.tables.suppressions
        insert = self._insert_all(table)
        fresh = {name: insert.excluded[name] for name in ("reason", "at", "said_by")}
        stronger = sa.and_(insert.excluded.said_by == "recipient", table.c.said_by != "recipient")
        return insert.on_conflict_do_update(index_elements=["namespace", "number"], set_=fresh, where=stronger)

    @cached_property
    def allow(self) -> Any:
        """Take a number off."""
        table = self.tables.suppressions
        return sa.delete(table).where(
            table.c.namespace == sa.bindparam("namespace"), table.c.number == sa.bindparam("number")
        )

    @cached_property
    def mark_run(self) -> Any:
        """Say when a job last ran."""
        return self._upsert(self.tables.runs, ("namespace", "name", "at", "detail"), ("namespace", "name"))

    @cached_property
    def runs(self) -> Any:
        """When each job last ran."""
        table = self.tables.runs
        chosen = sa.select(table.c.name, table.c.at, table.c.detail)
        return chosen.where(table.c.namespace == sa.bindparam("namespace")).order_by(table.c.name)

    @cached_property
    def store_event(self) -> Any:
        """Keep an event, once."""
        return self._insert_all(self.tables.events).on_conflict_do_nothing(index_elements=["namespace", "id"])

    @lru_cache(maxsize=2)  # noqa: B019 - statements live as long as the process
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
    def match_event(self) -> Any:
        """Note that an event's message is known."""
        table = self.tables.events
        return self._update(table, matched=sa.true()).where(
            table.c.namespace == sa.bindparam("namespace"), table.c.id == sa.bindparam("which")
        )


def _plain(kind: Any) -> Any:
    """Return the type of a listing's column: PostgreSQL needs no variants."""
    return sa.BigInteger if isinstance(kind, sa.Integer) or kind is sa.BigInteger else sa.Text
