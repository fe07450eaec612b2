"""One appointment and all that is known of it: what a decision looks at.

Pure: no clock, no I/O; never reads the ledger.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from attrs import evolve, field, frozen

from reminder_kit.model.appointments import Appointment
from reminder_kit.model.messages import Message
from reminder_kit.model.records import AppointmentRecord, Identity, PriorMessage, ReminderRecord, Suppression, Traffic

__all__ = ["Observed"]


@frozen
class Observed:
    """One appointment and what is known of it. `appointment` is None where nobody is to be reminded any more.

    `others` are appointments of the same phones around the same day, `telling` (by the key
    of a reminder) messages of others that tell it as well, `written` (by number) what
    went, or is to go, out to it. `error` is why it can't be read. `seen` keeps the looks
    at it as one of many others, by `now`, so that each of those need not look again.
    """

    identity: Identity
    appointment: Appointment | None
    outcomes: Mapping[str, ReminderRecord] = field(factory=dict)
    messages: Mapping[str, tuple[Message, ...]] = field(factory=dict)
    sent_before: Mapping[tuple[str, str], Sequence[PriorMessage]] = field(factory=dict)
    suppressed: Mapping[str, Suppression] = field(factory=dict)
    neighbours: Sequence[Observed] = field(default=(), repr=False)
    included_in: Mapping[str, Sequence[Message]] = field(factory=dict)
    traffic: Mapping[str, Sequence[Traffic]] = field(factory=dict)
    error: str = ""
    assessments: dict[datetime, Any] = field(factory=dict, eq=False, repr=False)

    @classmethod
    def of(
        cls,
        identity: Identity,
        appointment: Appointment | None,
        record: AppointmentRecord | None,
        suppressed: Mapping[str, Suppression],
        sent_before: Mapping[tuple[str, str], Sequence[PriorMessage]] | None = None,
    ) -> Observed:
        """Return the case of an appointment (None: withdrawn) and its record (None: never seen)."""
        if record is None:
            return cls(identity, appointment, suppressed=suppressed, sent_before=sent_before or {})
        if appointment is not None and record.replied:
            appointment = evolve(appointment, tags=appointment.tags | {f"replied:{record.replied}"})
        by_key: dict[str, tuple[Message, ...]] = {}
        for message in record.messages:
            by_key[message.key] = (*by_key.get(message.key, ()), message)
        outcomes = {outcome.key: outcome for outcome in record.outcomes}
        return cls(identity, appointment, outcomes, by_key, sent_before or {}, suppressed)

    @classmethod
    def recorded(
        cls,
        record: AppointmentRecord,
        suppressed: Mapping[str, Suppression],
        sent_before: Mapping[tuple[str, str], Sequence[PriorMessage]] | None = None,
    ) -> Observed:
        """Return the case of what is recorded; one with an `error` where the appointment can't be read here."""
        try:
            return cls.of(record.identity, record.wanted, record, suppressed, sent_before)
        except Exception as error:  # noqa: BLE001 - whatever another machine or library wrote concerns this one only
            return cls(record.identity, None, suppressed=suppressed, error=f"{type(error).__name__}: {error}")
