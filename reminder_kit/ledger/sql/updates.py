"""The statements that write appointments, claims and events, each built when it is first needed.

Never runs anything. What must not happen between reading and writing is a condition of the statement that writes: an
older revision overwrites no newer one, a release clears `dirty` only where the generation is that which was worked on.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, cached_property
from typing import Any

import sqlalchemy as sa

from reminder_kit.ledger.sql.builder import Builder, lease_is_over, words
from reminder_kit.ledger.sql.tables import WAITING
from reminder_kit.model.lifecycle import OPEN
from reminder_kit.model.reasons import Reason
from reminder_kit.model.revisions import ALONE, OF_SERIES, PART

__all__ = ["Updates"]

_BARRED = (Reason.SUPPRESSED, Reason.OPTED_OUT, Reason.UNCLEAR_REPLY)
"""Why a reminder is not sent that may be once its number is no longer barred."""

_INCOMING_COLUMNS = (
    "source", "id", "recurrence_id", "snapshot", "fingerprint", "revision_kind", "revision", "starts_at", "ends_at",
)  # fmt: skip
"""Columns of an appointment that come in with it; the others begin the same for all."""


def _compared(new: Any, old: Any) -> tuple[Any, Any, Any]:
    """Return whether the revisions of two rows can be compared, and what of each is: as `revisions.is_older` does."""
    series = sa.and_(new.revision_kind == OF_SERIES, old.revision_kind == OF_SERIES)
    alone = sa.and_(new.revision_kind == ALONE, old.revision_kind == OF_SERIES)
    same = sa.and_(new.revision_kind != "", old.revision_kind == new.revision_kind)
    master, own = sa.func.substr(old.revision, 1, PART), sa.func.substr(old.revision, PART + 1)
    mine = sa.case((series, sa.func.substr(new.revision, 1, PART)), else_=new.revision)
    return sa.or_(same, alone), mine, sa.case((series, master), (alone, own), else_=old.revision)


class Updates(Builder):
    """The writes, and the questions that lock rows for them."""

    @cache  # noqa: B019 - statements live as long as the process
    def record(self, *, as_of: bool) -> Any:
        """Return the insert of appointments that overwrites what is recorded, unless that is newer.

        Revisions of one kind decide; with `as_of`, and where these say nothing, the time of recording does, unless it
        is of a clock that was ahead.
        """
        table = self.tables.appointments
        insert = self._incoming()
        new = insert.excluded
        both, mine, theirs = _compared(new, table.c)
        stale = sa.and_(both, mine < theirs)
        if as_of:
            newer = sa.and_(both, mine > theirs)
            since, latest = (sa.bindparam(name, type_=sa.BigInteger) for name in ("as_of", "latest"))
            later = sa.and_(table.c.recorded_at > since, table.c.recorded_at <= latest)
            stale = sa.or_(stale, sa.and_(sa.not_(newer), later))
        names = (*_INCOMING_COLUMNS[3:], "recorded_at")
        fresh: dict[str, Any] = {name: new[name] for name in names}
        fresh |= {"generation": table.c.generation + 1, "dirty": sa.true(), "removed": sa.false()}
        fresh["unfollowed_at"] = sa.func.coalesce(table.c.unfollowed_at, new.recorded_at)
        same_start = table.c.starts_at == new.starts_at
        fresh["replied"] = sa.case((same_start, table.c.replied), else_=sa.literal_column("''"))
        keys = ["namespace", "source", "id", "recurrence_id"]
        return insert.on_conflict_do_update(index_elements=keys, set_=fresh, where=sa.not_(stale))

    def _incoming(self) -> Any:
        """Return the insert of appointments: row by row on SQLite, as one list on PostgreSQL."""
        table = self.tables.appointments
        same: dict[str, Any] = {
            "namespace": sa.bindparam("namespace", type_=sa.Text),
            "recorded_at": sa.bindparam("recorded_at", type_=sa.BigInteger),
            "unfollowed_at": sa.bindparam("recorded_at", type_=sa.BigInteger),
            "generation": sa.literal_column("1"),
            "dirty": sa.true(),
            "removed": sa.false(),
            "planned_with": sa.literal_column("''"),
            "fence": sa.literal_column("0"),
        }
        if self.kind == "sqlite":
            bound = {name: sa.bindparam(name, type_=table.c[name].type) for name in _INCOMING_COLUMNS}
            return self._insert(table).values(bound | same)
        rows, columns = self._listing("intakes", [table.c[name].type for name in _INCOMING_COLUMNS])
        chosen = sa.select(*columns, *same.values()).select_from(rows)
        return self._insert(table).from_select([*_INCOMING_COLUMNS, *same], chosen)

    @cached_property
    def renew_row(self) -> Any:
        """Write when an unchanged appointment was handed in last, and its revision, which may have grown."""
        table = self.tables.appointments
        at, latest = (sa.bindparam(name, type_=sa.BigInteger) for name in ("handed_in_at", "latest"))
        is_later = sa.or_(table.c.recorded_at < at, table.c.recorded_at > latest)
        return self._update(
            table,
            revision_kind=sa.bindparam("new_kind"),
            revision=sa.bindparam("new_revision"),
            recorded_at=sa.case((is_later, at), else_=table.c.recorded_at),
        ).where(table.c.row_id == sa.bindparam("which"))

    @cached_property
    def reply(self) -> Any:
        """Write the host's keyword that was replied about an appointment."""
        table = self.tables.appointments
        return self._update(table, replied=sa.bindparam("word")).where(
            table.c.namespace == sa.bindparam("namespace"),
            table.c.source == sa.bindparam("which_source"),
            table.c.id == sa.bindparam("which_id"),
            table.c.recurrence_id == sa.bindparam("which_occurrence"),
        )

    @cache  # noqa: B019 - statements live as long as the process
    def remove(self, *, as_seen: bool) -> Any:
        """Mark an appointment as removed, once; it has no revision then, so that any that comes after is newer.

        `as_seen`: only where it was not written since somebody read it.
        """
        table = self.tables.appointments
        statement = self._update(
            table,
            removed=sa.true(),
            dirty=sa.true(),
            generation=table.c.generation + 1,
            revision_kind="",
            revision="",
            recorded_at=sa.bindparam("now"),
            unfollowed_at=sa.func.coalesce(table.c.unfollowed_at, sa.bindparam("now", type_=sa.BigInteger)),
        ).where(table.c.row_id == sa.bindparam("which"), table.c.removed == sa.false(), table.c.snapshot != "")
        if not as_seen:
            return statement
        return statement.where(
            table.c.fingerprint == sa.bindparam("seen"),
            table.c.recorded_at <= sa.bindparam("seen_at", type_=sa.BigInteger),
        )

    @cached_property
    def claimable(self) -> Any:
        """Those of a list of rows that nobody else holds, locked; rows that are locked already are passed over."""
        table = self.tables.appointments
        free = sa.or_(table.c.lease_until.is_(None), lease_is_over(table), table.c.lease_owner == sa.bindparam("owner"))
        chosen = sa.select(table.c.row_id, table.c.fence).where(
            self._among(table.c.row_id, "rows"), table.c.namespace == sa.bindparam("namespace"), free
        )
        return chosen.order_by(table.c.row_id).with_for_update(skip_locked=True)

    @cached_property
    def claim(self) -> Any:
        """Lease a list of rows under a new, higher fence."""
        table = self.tables.appointments
        return self._update(
            table,
            lease_owner=sa.bindparam("owner"),
            lease_until=sa.bindparam("until"),
            fence=table.c.fence + 1,
        ).where(self._among(table.c.row_id, "rows"))

    @cached_property
    def held(self) -> Any:
        """Who holds each of a list of rows, by which fence, and how often it was written.

        The rows are locked until the transaction ends, in their order.
        """
        table = self.tables.appointments
        chosen = sa.select(table.c.row_id, table.c.lease_owner, table.c.fence, table.c.generation).where(
            self._among(table.c.row_id, "rows"), table.c.namespace == sa.bindparam("namespace")
        )
        return chosen.order_by(table.c.row_id).with_for_update(key_share=True)

    @cached_property
    def expire(self) -> Any:
        """End the leases of a list of workers on some rows; the fences stay, so that a later claim has a higher one."""
        table = self.tables.appointments
        return self._update(table, lease_owner=None, lease_until=None).where(
            self._among(table.c.lease_owner, "owners"),
            self._among(table.c.row_id, "rows"),
            table.c.namespace == sa.bindparam("namespace"),
        )

    @cached_property
    def expire_rows(self) -> Any:
        """End the leases on a list of rows; the fences stay."""
        table = self.tables.appointments
        return self._update(table, lease_owner=None, lease_until=None).where(
            self._among(table.c.row_id, "rows"), table.c.namespace == sa.bindparam("namespace")
        )

    def _own_lease(self, row: Mapping[str, Any]) -> Any:
        """Return the condition that a row is leased to a worker by one fence."""
        table = self.tables.appointments
        return sa.and_(
            table.c.row_id == row["which"], table.c.lease_owner == row["owner"], table.c.fence == row["token"]
        )

    @cached_property
    def renew(self) -> Any:
        """Extend a lease that is still held."""
        types = {"which": sa.BigInteger(), "owner": sa.Text(), "token": sa.BigInteger(), "until": sa.BigInteger()}
        _, row = self._row(types)
        renewed = self._update(self.tables.appointments, lease_until=row["until"]).where(self._own_lease(row))
        return self._each(renewed, types, apart=("which",))

    @cached_property
    def release(self) -> Any:
        """End a lease that is still held and write what is known then.

        `dirty` is cleared only where all was done, and neither that nor `next_at`, nor since when nobody looked at it,
        where the appointment was written since it was worked on.
        """
        table = self.tables.appointments
        types = {"which": sa.BigInteger(), "owner": sa.Text(), "token": sa.BigInteger(), "seen": sa.BigInteger()}
        types |= {"clean": sa.Boolean(), "settings": sa.Text(), "upcoming": sa.BigInteger()}
        _, row = self._row(types)
        unchanged = table.c.generation == row["seen"]
        same = sa.and_(unchanged, row["clean"] == sa.true())
        released = self._update(
            table,
            lease_owner=None,
            lease_until=None,
            planned_with=row["settings"],
            next_at=sa.case((unchanged, row["upcoming"]), else_=table.c.next_at),
            dirty=sa.case((same, sa.false()), else_=table.c.dirty),
            unfollowed_at=sa.case((unchanged, sa.null()), else_=table.c.unfollowed_at),
        )
        return self._each(released.where(self._own_lease(row)), types, apart=("which",))

    @cache  # noqa: B019 - statements live as long as the process
    def mark_number(self, *, everywhere: bool) -> Any:
        """Return what marks as dirty each appointment with a reminder or message for a number that a bar touches.

        `everywhere` says: in every namespace, since all that write from the sender are barred.
        """
        reminders, messages = self.tables.reminders, self.tables.messages
        stands = reminders.c.stand.in_([sa.literal_column("'parked'"), sa.literal_column("'held'")])
        barred = reminders.c.reason.in_([sa.literal_column(f"'{reason.value}'") for reason in _BARRED])
        wanted = sa.select(reminders.c.row_id).where(
            reminders.c.to_number == sa.bindparam("number"), sa.or_(stands, barred)
        )
        parked = sa.select(messages.c.row_id).where(
            messages.c.to_number == sa.bindparam("number"), messages.c.state.in_(words(OPEN))
        )
        if everywhere:
            return self._mark(wanted.union(parked), everywhere=True)
        wanted = wanted.where(reminders.c.namespace == sa.bindparam("namespace"))
        return self._mark(wanted.union(parked.where(messages.c.namespace == sa.bindparam("namespace"))))

    @cached_property
    def mark_rows(self) -> Any:
        """Mark a list of rows as dirty."""
        rows, columns = self._listing("rows", [sa.BigInteger])
        return self._mark(sa.select(columns[0]).select_from(rows))

    def _mark(self, rows: Any, *, everywhere: bool = False) -> Any:
        """Return the update that marks chosen rows as dirty, locking them in their order first."""
        table = self.tables.appointments
        locked = sa.select(table.c.row_id).where(table.c.row_id.in_(rows), table.c.snapshot != "")
        if not everywhere:
            locked = locked.where(table.c.namespace == sa.bindparam("namespace"))
        locked = locked.order_by(table.c.row_id).with_for_update(key_share=True)
        return self._update(table, dirty=sa.true(), generation=table.c.generation + 1).where(table.c.row_id.in_(locked))

    @cached_property
    def keep_blocker(self) -> Any:
        """Write a blocker in the place of the one of its name."""
        names = tuple(column.name for column in self.tables.blockers.columns)
        return self._upsert(self.tables.blockers, names, ("namespace", "name"))

    @cached_property
    def drop_blockers(self) -> Any:
        """Forget a list of blockers."""
        table = self.tables.blockers
        return sa.delete(table).where(
            table.c.namespace == sa.bindparam("namespace"), self._among(table.c.name, "names")
        )

    @cached_property
    def mark_run(self) -> Any:
        """Write when a job last ran, and what it said."""
        return self._upsert(self.tables.runs, ("namespace", "name", "at", "detail"), ("namespace", "name"))

    @cached_property
    def store_event(self) -> Any:
        """Insert a delivery event, once: a repetition has the same id."""
        return self._insert_all(self.tables.events).on_conflict_do_nothing(index_elements=["namespace", "id"])

    @cached_property
    def match_event(self) -> Any:
        """Mark an event as one whose message is known."""
        table = self.tables.events
        return self._update(table, matched=sa.true()).where(
            table.c.namespace == sa.bindparam("namespace"), table.c.id == sa.bindparam("which")
        )

    @cached_property
    def let_wait(self) -> Any:
        """Mark a reply as one that is to be matched again."""
        table = self.tables.events
        return self._update(table, token=sa.literal_column(f"'{WAITING}'")).where(
            table.c.namespace == sa.bindparam("namespace"), table.c.id == sa.bindparam("which")
        )

    # Purging

    @cached_property
    def purgeable(self) -> Any:
        """Up to a thousand appointments that are over, still hold personal data, and have nothing parked; locked.

        They are found by an index that only has what is not purged.
        """
        table, messages = self.tables.appointments, self.tables.messages
        parked = sa.exists().where(messages.c.row_id == table.c.row_id, messages.c.state.in_(words(OPEN)))
        chosen = sa.select(table.c.row_id).where(
            table.c.namespace == sa.bindparam("namespace"),
            table.c.snapshot != sa.literal_column("''"),
            table.c.ends_at < sa.bindparam("before"),
            sa.or_(table.c.next_at.is_(None), table.c.next_at < sa.bindparam("before")),
            sa.or_(table.c.lease_until.is_(None), lease_is_over(table)),
            sa.not_(parked),
        )
        return chosen.order_by(table.c.ends_at, table.c.row_id).limit(1000).with_for_update(skip_locked=True)

    @cached_property
    def purges(self) -> tuple[Any, ...]:
        """What takes the personal data out of a list of rows, in order: history first, while its owner is known."""
        appointments, reminders, messages, history = (
            self.tables.appointments,
            self.tables.reminders,
            self.tables.messages,
            self.tables.history,
        )
        lines = history.alias("lines")
        whose = sa.and_(
            lines.c.namespace == appointments.c.namespace,
            lines.c.id == appointments.c.id,
            lines.c.source == appointments.c.source,
            lines.c.recurrence_id == appointments.c.recurrence_id,
        )
        theirs = (
            sa.select(lines.c.serial)
            .select_from(appointments.join(lines, whose))
            .where(self._among(appointments.c.row_id, "rows"), lines.c.detail != "{}")
        )
        blank = {
            "snapshot": "",
            "fingerprint": "",
            "dirty": sa.false(),
            "unfollowed_at": None,
            "next_at": None,
            "lease_owner": None,
            "replied": "",
        }
        silent = {"to_number": "", "recipient": "", "text": "", "subject": "", "media_urls": "[]", "request": b""}
        return (
            self._update(history, detail="{}").where(history.c.serial.in_(theirs)),
            self._update(messages, error="", **silent).where(self._among(messages.c.row_id, "rows")),
            self._update(reminders, to_number="", recipient="", error="").where(
                self._among(reminders.c.row_id, "rows")
            ),
            sa.delete(self.tables.phones).where(self._among(self.tables.phones.c.row_id, "rows")),
            sa.delete(self.tables.names).where(self._among(self.tables.names.c.row_id, "rows")),
            self._update(appointments, lease_until=None, **blank).where(self._among(appointments.c.row_id, "rows")),
        )

    @cached_property
    def purge_events(self) -> Any:
        """Take the personal data out of events that came before an instant, where there is any."""
        table = self.tables.events
        return self._update(table, number=None, text=None, raw="{}").where(
            table.c.namespace == sa.bindparam("namespace"),
            table.c.received_at < sa.bindparam("until"),
            table.c.raw != sa.literal_column("'{}'"),
        )
