"""What the contract of our ledgers puts into them (appointments, outcomes, messages), and how it asks for that again.

Never looks inside a ledger: it writes and asks through the public interface only.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from attrs import evolve

from reminder_kit.ledger.ledger import Ledger
from reminder_kit.model.appointments import Appointment, Recipient
from reminder_kit.model.consent import Act, ConsentEvent, Party, Way
from reminder_kit.model.lifecycle import State
from reminder_kit.model.messages import Draft, Message
from reminder_kit.model.records import AppointmentRecord, Claim, Identity, Incoming, ReminderRecord, ReminderStatus

__all__ = [
    "LEASE",
    "NOW",
    "PHONE",
    "START",
    "as_recorded",
    "barred",
    "claim_all",
    "identities",
    "incoming",
    "lifted",
    "message",
    "outcome",
    "park_one",
    "record_all",
    "record_one",
]

NOW = datetime(2026, 2, 10, 14, 0, 0, 123456, tzinfo=UTC)
LEASE = timedelta(seconds=60)
PHONE = "+12025550123"
START = datetime(2026, 2, 12, 15, 0, tzinfo=UTC)


def incoming(id: str = "A-1", **changes: Any) -> Incoming:  # noqa: A002 - the public name of an appointment's identity
    """Return an appointment about to be recorded."""
    fields: dict[str, Any] = {"starts_at": START, "title": "Check-up", "recipients": (Recipient(PHONE, name="Ada"),)}
    return Incoming.of(Appointment(id, **(fields | changes)))


def outcome(key: str = "k-1", **changes: Any) -> ReminderRecord:
    """Return a parked reminder's outcome."""
    given = ReminderRecord(key, "day-before", "p-1", PHONE, ReminderStatus.PARKED, "on_time", START, START, None)
    return evolve(given, **changes)


def message(id: str = "m-1", key: str = "k-1", **changes: Any) -> Message:  # noqa: A002 - the message's own name
    """Return a message in `creating` with a telling value in every field, so that a lost one shows."""
    draft = Draft(PHONE, "Grüße 🗓 'x'", START - timedelta(days=1), "Hi", ("https://example.com/a.png",), "mms")
    given = Message(
        id=id,
        key=key,
        state=State.CREATING,
        draft=draft,
        due_at=START - timedelta(days=1),
        start_at=START,
        sender="+12025550100",
        provider="telnyx",
        path="/messages",
        request=b'{"text":"\x00\xff"}',
        idempotency_key=f"key-{id}",
        created_at=NOW,
        uncertain=True,
        attempts=1,
    )
    return evolve(given, **changes)


def barred(number: str = PHONE, **changes: Any) -> ConsentEvent:
    """Return what a host said to bar a number; the event's name follows from the number and who said it."""
    given = ConsentEvent(f"bar {number}", number, Party.HOST, Act.BAR, NOW, NOW, Way.API, "asked at the desk")
    made = evolve(given, **changes)
    return made if "id" in changes else evolve(made, id=f"{made.by} {made.act} {number} {made.occurred_at}")


def lifted(number: str = PHONE, **changes: Any) -> ConsentEvent:
    """Return what a host said a minute later to lift that again."""
    at = NOW + LEASE
    return barred(number, **({"act": Act.LIFT, "occurred_at": at, "recorded_at": at, "lifts_before": at} | changes))


def identities(all_incoming: Sequence[Incoming]) -> list[Identity]:
    """Return the identities of appointments about to be recorded."""
    return [incoming.identity for incoming in all_incoming]


def record_all(ledger: Ledger, *all_incoming: Incoming, at: datetime = NOW) -> list[AppointmentRecord]:
    """Record appointments and return them as the ledger has them."""
    with ledger.writing() as transaction:
        transaction.record(all_incoming, at)
    return ledger.read(lambda reader: list(reader.records(identities=identities(all_incoming))))


def claim_all(ledger: Ledger, rows: Sequence[int], owner: str = "one", now: datetime = NOW) -> dict[int, Claim]:
    """Claim rows and return the claims by row."""
    with ledger.writing() as transaction:
        return transaction.claim(rows, owner, now, LEASE)


def record_one(ledger: Ledger) -> tuple[AppointmentRecord, Claim]:
    """Return a recorded appointment and a claim on it."""
    (record,) = record_all(ledger, incoming())
    return record, claim_all(ledger, [record.row])[record.row]


def park_one(ledger: Ledger, id: str = "A-1", number: str = PHONE) -> tuple[AppointmentRecord, Claim, Message]:  # noqa: A002 - as above
    """Return a recorded appointment, a claim on it, and its message in `creating`."""
    (record,) = record_all(ledger, incoming(id))
    claim = claim_all(ledger, [record.row])[record.row]
    made = message(f"m-{id}", f"k-{id}", draft=evolve(message().draft, to=number))
    with ledger.writing() as transaction:
        transaction.create_message(claim, made, rule="day-before", recipient="p-1")
        transaction.keep_outcomes(claim, [outcome(f"k-{id}", to=number)])
    return record, claim, made


def as_recorded(ledger: Ledger, id: str = "A-1") -> AppointmentRecord:  # noqa: A002 - as above
    """Return an appointment as the ledger has it now."""
    (record,) = ledger.read(lambda reader: list(reader.records(ids=[id])))
    return record
