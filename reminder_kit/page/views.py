"""What there is to see, as values: a day, what a search finds, a person. Read in one snapshot of the ledger.

Never decides or writes anything, and never reads more than a page of appointments.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from attrs import evolve, field, frozen

from reminder_kit.model.lifecycle import OPEN, State
from reminder_kit.model.looks import Look, Reply, Told
from reminder_kit.model.messages import Message
from reminder_kit.model.names import NOBODY
from reminder_kit.model.reason_words import reason_words
from reminder_kit.model.records import AppointmentRecord, Identity, ReminderRecord, ReminderStatus

if TYPE_CHECKING:
    from reminder_kit.ledger.reader import Reader
    from reminder_kit.model.appointments import Recipient

__all__ = ["PAGE", "Day", "Part", "Person", "Seen", "Visit", "day", "found_by_name", "person_at", "person_of", "visit"]

PAGE = 100
"""Appointments that are shown at once."""
_MESSAGES = 200
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)

_STANDS = {
    State.CREATING: ("being parked", "wait"),
    State.SCHEDULED: ("parked", "wait"),
    State.CANCELLING: ("being withdrawn", "wait"),
    State.CANCELLED: ("withdrawn", "off"),
    State.TOO_LATE: ("could not be withdrawn", "warn"),
    State.SENT: ("sent", "good"),
    State.DELIVERED: ("delivered", "good"),
    State.UNDELIVERED: ("not delivered", "bad"),
    State.REJECTED: ("refused", "bad"),
    State.UNKNOWN: ("not known", "warn"),
    State.ABANDONED: ("never known", "off"),
}
"""What a message's state is called for people, and how it looks."""


@frozen
class Seen:
    """How one reminder stands: in a word, how that looks, why, and until or since when."""

    rule: str
    word: str
    #: "good", "bad", "warn", "wait" or "off".
    look: str
    #: When it goes or went out, or is looked at again, UTC; None: it does not.
    at: datetime | None = None
    #: Why, in words; "": there is nothing to say.
    why: str = ""


@frozen
class Part:
    """One person of an appointment, and how that person's reminders stand."""

    #: Which of the appointment's recipients it is, from 0.
    place: int
    name: str = field(repr=False)
    number: str = field(repr=False)
    reminders: tuple[Seen, ...] = ()


@frozen
class Visit:
    """One appointment, as a line of a day."""

    row: int
    identity: Identity
    start_at: datetime
    title: str = field(repr=False)
    place: str = field(repr=False)
    #: "" where it is on; else what became of it.
    status: str = ""
    #: The host's keyword that was replied last; "": none.
    replied: str = ""
    people: tuple[Part, ...] = ()
    #: Reminders that are for nobody.
    others: tuple[Seen, ...] = ()


@frozen
class Day:
    """A page of a day's appointments, or of what a search found."""

    visits: tuple[Visit, ...]
    #: Where the next page goes on: a start (UTC) and a row; None: this was the last.
    further: tuple[datetime, int] | None = None


@frozen
class Person:
    """One person: the appointments, what was said to and by them, who bars the number, and who looked."""

    number: str = field(repr=False)
    name: str = field(repr=False)
    visits: tuple[Visit, ...] = ()
    told: tuple[Told, ...] = ()
    replies: tuple[Reply, ...] = ()
    #: Who bars the number, and all that was said about writing to it, in words.
    bars: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    looks: tuple[Look, ...] = ()


def day(reader: Reader, since: datetime, until: datetime, after_row: int = 0) -> Day:
    """Return the appointments from `since` to before `until` (UTC), in their order, at most a hundred."""
    rows = reader.looks.day(since, until, after_row, PAGE + 1)
    shown = rows[:PAGE]
    further = (shown[-1][1], shown[-1][0]) if len(rows) > PAGE else None
    records = {record.row: record for record in reader.read([row for row, _ in shown])}
    return Day(tuple(visit(records[row]) for row, _ in shown if row in records), further)


def found_by_name(reader: Reader, text: str, now: datetime) -> tuple[Visit, ...]:
    """Return appointments of people whose names begin so: what is to come first, at most a hundred."""
    records = reader.read(reader.looks.named(text))
    nearest = sorted(records, key=lambda record: (record.start_at < now, abs(record.start_at - now)))
    return tuple(map(visit, nearest[:PAGE]))


def visit(record: AppointmentRecord) -> Visit:
    """Return a recorded appointment as a line; one that can't be read on this machine has its id alone."""
    seen = {outcome.key: _seen(outcome, record.messages) for outcome in record.outcomes}
    status = "withdrawn" if record.removed else ""
    try:
        appointment = record.appointment
    except ValueError:
        return Visit(
            record.row, record.identity, record.start_at, "", "", "can't be read here", others=(*seen.values(),)
        )
    status = status or ("" if appointment.status == "confirmed" else appointment.status.replace("_", " "))
    people = tuple(_part(place, one, record, seen) for place, one in enumerate(appointment.recipients))
    return Visit(
        record.row,
        record.identity,
        record.start_at,
        appointment.title,
        appointment.location,
        status,
        record.replied,
        people,
        tuple(seen.values()),  # what no recipient has taken
    )


def _part(place: int, one: Recipient, record: AppointmentRecord, seen: dict[str, Seen]) -> Part:
    """Return one recipient with the reminders that are for them, which are taken out of `seen`."""
    mine = [outcome.key for outcome in record.outcomes if outcome.recipient == one.key]
    return Part(place, one.name, one.phone, tuple(seen.pop(key) for key in mine if key in seen))


def _seen(outcome: ReminderRecord, messages: Sequence[Message]) -> Seen:
    """Return how a reminder stands: as its latest message does, else as it is recorded."""
    mine = [message for message in messages if message.key == outcome.key]
    why = "; ".join(filter(None, (reason_words(outcome.reason).short, outcome.error)))
    if mine and (outcome.status is ReminderStatus.PARKED or mine[-1].state not in OPEN):
        word, look = _STANDS[mine[-1].state]
        return Seen(outcome.rule, word, look, mine[-1].send_at, mine[-1].error or why)
    if outcome.status is ReminderStatus.HELD:
        return Seen(outcome.rule, "held", "wait", outcome.park_at or outcome.due_at, why)
    return Seen(outcome.rule, "not sent", "off", None, why)


def person_at(reader: Reader, row: int, place: int) -> tuple[str, str] | None:
    """Return number and name of a recipient of an appointment; None: there is no such row, or it was purged."""
    for record in reader.read([row]):
        people = record.appointment.recipients
        if place < len(people):
            return people[place].phone, people[place].name
    return None


def person_of(
    reader: Reader, number: str, name: str, consent: tuple[Iterable[str], Iterable[str]], now: datetime
) -> Person:
    """Return all there is to see of a number; `consent`: who bars it, and what was said, in words."""
    records = reader.read(reader.people.rows(number)[-PAGE:])
    told = reader.looks.told(_FIRST, _LAST, number=number, most=_MESSAGES)
    called = reader.looks.called(one.identity for one in told)
    named = [evolve(one, called=called.get(one.identity, NOBODY)) for one in told]
    names = [name, *(one.name for one in named), *(_name_in(record, number) for record in records)]
    nearest = sorted(records, key=lambda record: (record.start_at < now, abs(record.start_at - now)))
    bars, said = consent
    return Person(
        number,
        next(filter(None, names), ""),
        tuple(map(visit, nearest)),
        tuple(named),
        tuple(reader.looks.replies([number], _FIRST, _LAST, _MESSAGES)),
        tuple(bars),
        tuple(said),
        tuple(reader.looks.looks(number)),
    )


def _name_in(record: AppointmentRecord, number: str) -> str:
    return next((one.name for one in record.appointment.recipients if one.phone == number), "")


def stand(message: Message) -> tuple[str, str]:
    """Return what a message's state is called for people, and how it looks."""
    return _STANDS[message.state]
