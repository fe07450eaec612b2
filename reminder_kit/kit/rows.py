"""Rows: what a host's own tables say is recorded in its transaction; what can't be is listed, and the host goes on.

Never commits, and never decides what becomes of a row: the host's function says which appointment it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from inspect import iscoroutine
from typing import Any, TypeVar

from attrs import frozen

from reminder_kit.errors import InvalidInputError, LedgerError, ReminderKitError, unforeseen
from reminder_kit.kit.faces import AsyncReminderKit, ReminderKit
from reminder_kit.ledger.reader import Reader
from reminder_kit.ledger.transaction import Transaction
from reminder_kit.logs import LOG
from reminder_kit.model.appointments import Appointment, normalise
from reminder_kit.model.host_data import shown_name, whole_text
from reminder_kit.model.records import Identity
from reminder_kit.planning.attention import UNREADABLE, Mark
from reminder_kit.transport.blocking import run_blocking

__all__ = ["Row", "Said", "drawn", "list_failure", "list_failures", "record_each", "record_rows", "said", "still_says"]

T = TypeVar("T")
Said = Appointment | Iterable[Appointment] | None
"""What a host's function says of a row: an appointment, all occurrences of one that recurs, or that it is none."""
_LISTED = " could not be recorded: "
_LONGEST = 250
"""Characters of a member's name that are kept of what could not be recorded."""


@frozen
class Row:
    """What a host says of one of its rows."""

    #: The source of its appointment; None: what the appointment itself says, or whichever has the id.
    source: str | None
    #: The id of its appointment.
    id: str
    #: The appointment that it is now; None: there is none any more.
    appointment: Appointment | None = None
    #: Which occurrence of that id there is none of any more; None: all of them.
    recurrence_id: str | date | None = None
    #: All occurrences of one that recurs, so that one which is recorded and absent is withdrawn; None: it is one.
    occurrences: tuple[Appointment, ...] | None = None
    #: What a row was that has another id now: it is withdrawn where that is what is recorded still. None: in any case.
    was: Appointment | None = None

    @property
    def appointments(self) -> tuple[Appointment, ...]:
        """The appointments that it is now."""
        if self.occurrences is not None:
            return self.occurrences
        return () if self.appointment is None else (self.appointment,)

    @classmethod
    def of(cls, source: str | None, id: str, found: Said) -> Row:  # noqa: A002 - the identity's public name
        """Return a row, checked: its appointments must have the row's own id. Raises `InvalidInputError`."""
        is_one = found is None or isinstance(found, Appointment)
        row = cls(source, id, found) if is_one else cls(source, id, occurrences=tuple(found))  # type: ignore[arg-type]
        for appointment in row.appointments:
            if appointment.id != id:
                raise InvalidInputError(
                    f"the function returned appointment {shown_name(appointment.id)} for a row whose `id` is "
                    f"{shown_name(id)}: both must be the same, so that a row that is gone can be withdrawn"
                )
        return row

    def former(self) -> list[Row]:
        """Return what is no more, once the row has another id: another row may have this one by now."""
        return [Row(self.source, self.id, None, one.recurrence_id or None, was=one) for one in self.appointments]


def record_rows(kit: ReminderKit | AsyncReminderKit, rows: Sequence[Row], connection: Any = None) -> None:
    """Record what rows are now, and withdraw those that are none any more, on the host's connection.

    What is said of an appointment last counts. Without a connection it is in a transaction of our own, of a blocking
    kit. In the caller's thread or greenlet.
    """
    for row in [row for row in rows if row.occurrences is not None]:
        _done(kit.record(list(row.appointments), row.source, connection=connection))
        _withdraw_absent(kit, row, connection)
    others = [row for row in rows if row.occurrences is None]
    gone, there = _as_said_last(
        [row for row in others if row.was is None or still_says(kit, row.source, row.id, row.was, connection)]
    )
    for row in gone:
        _done(kit.withdraw(row.id, row.source, row.recurrence_id, connection=connection))
    for source in dict.fromkeys(row.source for row in there):
        found = [row.appointment for row in there if row.source == source and row.appointment is not None]
        _done(kit.record(found, source, connection=connection))


def record_each(
    kit: ReminderKit | AsyncReminderKit, rows: Sequence[Row], connection: Any = None
) -> list[tuple[Row, str]]:
    """Record rows as `record_rows` does, and where one can't be, each by itself; returns those that can't, with why.

    Raises nothing. What the ledger's database refuses is of no row: that is not tried again.
    """
    try:
        record_rows(kit, rows, connection)
    except LedgerError as error:
        return [(row, said(error)) for row in rows]
    except Exception as error:  # noqa: BLE001 - one row stops nothing else
        if len(rows) == 1:
            return [(rows[0], said(error))]
        return [failed for row in rows for failed in record_each(kit, [row], connection)]
    return []


def still_says(
    kit: ReminderKit | AsyncReminderKit,
    source: str | None,
    id: str,  # noqa: A002 - the identity's public name
    appointment: Appointment,
    connection: Any = None,
) -> bool:
    """Say whether what is recorded under an id is this appointment still, by its start and for whom it is.

    What else is said of it may have changed since it was recorded; another row has another start, or other recipients.
    """
    identity = Identity(source or appointment.source, id, appointment.recurrence_id or "")
    was = _whom_and_when(normalise(appointment, kit.settings.defaults.region))

    def ask(reader: Reader) -> bool:
        found = [record for record in reader.records(identities=[identity]) if record.snapshot and not record.removed]
        return any(_whom_and_when(record.appointment) == was for record in found)

    if connection is None:
        return kit.ledger.read(ask)
    with kit.ledger.on(connection) as tx:
        return ask(tx.reader)


def _whom_and_when(appointment: Appointment) -> tuple[set[str], datetime]:
    """Return the addresses that an appointment is for, and its start, UTC."""
    return {address for one in appointment.recipients for address in one.addresses}, appointment.start_at


def _withdraw_absent(kit: ReminderKit | AsyncReminderKit, row: Row, connection: Any) -> None:
    """Withdraw the coming occurrences of a row that it has no longer."""
    present, now = {appointment.recurrence_id or "" for appointment in row.appointments}, kit.now()

    def withdraw(tx: Transaction) -> None:
        known = tx.reader.identities(row.id, row.source)
        coming = [found.identity for found in tx.reader.records(identities=known) if found.start_at > now]
        tx.remove([identity for identity in coming if identity.recurrence_id not in present], now)

    if connection is None:
        kit.ledger.submit(withdraw).result()
        return
    with kit.ledger.on(connection) as tx:
        withdraw(tx)


def _as_said_last(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Return the rows that are gone, each once, and those that are there after whatever went before; in their order."""
    gone: dict[tuple[str | None, str, Any], Row] = {}
    there: dict[tuple[str, str, Any], Row] = {}
    for row in reversed(rows):
        if row.appointment is None:
            gone.setdefault((row.source, row.id, row.recurrence_id), row)
            continue
        source, occurrence = row.source or row.appointment.source, row.appointment.recurrence_id
        went = ((whose, row.id, which) for whose in (source, None) for which in (occurrence, None))
        if gone.keys().isdisjoint(went):
            there.setdefault((source, row.id, occurrence), row)
    return [*reversed(gone.values())], [*reversed(there.values())]


def _done(made: Any) -> Any:
    """Return what a verb of either face returns: on a lent connection none suspends."""
    return run_blocking(made) if iscoroutine(made) else made


def drawn(live: Callable[[], Iterable[Appointment]]) -> Iterator[Appointment]:
    """Yield what a function returns, which is called as the first is drawn: so the kit itself knows when it was read.

    What is recorded from then on is newer, exactly; `as_of` would leave alone also what came up to 5 seconds before.
    """
    yield from live()


def said(error: Exception) -> str:
    """Return what may be told of an error: our own words, or kind and place of another's."""
    return str(error) if isinstance(error, ReminderKitError) else unforeseen(error)


def _member(source: str, id: str) -> str:  # noqa: A002 - the identity's public name
    """Return the name of an appointment among what can't be read: that of a run which meets it again."""
    return whole_text(f"{source}/{id}/")[:_LONGEST]


def list_failure(kit: ReminderKit | AsyncReminderKit, source: str, id: str, words: str) -> None:  # noqa: A002 - the identity's public name
    """Have a row that could not be recorded be listed for a person, until a run meets its appointment again.

    Raises nothing: it is called once the host has committed, and what kept the row out may keep that out as well.
    """
    mark = Mark(kit.now(), seen=False, detail=_detail(id, words))

    def keep(tx: Transaction) -> None:
        tx.keep_marks({(UNREADABLE, _member(source, id)): mark})

    try:
        kit.ledger.prepare()
        kit.ledger.submit(keep).result()
    except Exception as error:  # noqa: BLE001 - the log says both, and the batch job repairs it
        LOG.error("appointment %s can't be listed: %s", shown_name(id), said(error))
    else:
        LOG.warning("waits for a person: %s", mark.detail)


def list_failures(
    kit: ReminderKit, source: str, failed: Mapping[str, str], before: Mapping[tuple[str, str], Mark]
) -> None:
    """Have those of a source's rows be listed, by id and with why, that could not be read, as all of them were by now.

    `before` is what was kept of all members before they were read: what a person has seen stays seen.
    """
    now = kit.now()
    marks = {
        (UNREADABLE, _member(source, id)): _detail(id, words)
        for id, words in failed.items()  # noqa: A001 - the identity's public name
    }

    def keep(tx: Transaction) -> None:
        tx.drop_marks(name for name in _listed(tx.reader.marks(), source) if name not in marks)
        tx.keep_marks(
            {name: before.get(name, Mark(now, seen=False))._replace(detail=detail) for name, detail in marks.items()}
        )

    if marks or _listed(before, source):
        kit.ledger.submit(keep).result()


def _detail(id: str, words: str) -> str:  # noqa: A002 - the identity's public name
    return f"appointment {shown_name(id)}{_LISTED}{words}"


def _listed(marks: Mapping[tuple[str, str], Mark], source: str) -> list[tuple[str, str]]:
    """Return the members of a source that were listed here, and by no run."""
    return [name for name, mark in marks.items() if name[1].startswith(f"{source}/") and _LISTED in mark.detail]
