"""Observed: one appointment and all that is known of it, from which its reminders are decided.

Pure: no clock, no I/O. Never reads the ledger: whoever makes one hands it what is recorded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from attrs import evolve, field

from reminder_kit.model.appointments import Appointment
from reminder_kit.model.blockers import Blocker
from reminder_kit.model.consent import Suppression
from reminder_kit.model.messages import Message
from reminder_kit.model.records import AppointmentRecord, Identity, PriorMessage, ReminderRecord, Traffic, Twin
from reminder_kit.model.restorations import Restoration
from reminder_kit.model.revisions import OF_CALENDARS, revision_order
from reminder_kit.model.values import value

__all__ = ["Observed"]


def _is_as_recorded(appointment: Appointment, record: AppointmentRecord) -> bool:
    """Say whether start and status of an appointment are those that are recorded."""
    if appointment.start_at != record.start_at:
        return False
    return not appointment.is_off or (record.wanted is not None and record.wanted.status is appointment.status)


@value
class Observed:
    """One appointment, what is recorded of it, and what other appointments of its phones have to do with it."""

    #: Which appointment it is.
    identity: Identity
    #: The appointment as it is wanted; None: nobody is to be reminded of it any more.
    appointment: Appointment | None
    #: What is recorded of its reminders, by reminder key.
    outcomes: Mapping[str, ReminderRecord] = field(factory=dict)
    #: The messages of its reminders, oldest first, by reminder key.
    messages: Mapping[str, tuple[Message, ...]] = field(factory=dict)
    #: What went out for the same appointment id, whichever the occurrence, by rule id and recipient key.
    sent_before: Mapping[tuple[str, str], Sequence[PriorMessage]] = field(factory=dict)
    #: Which of its numbers, and its neighbours', must not be written to, and why; by number.
    suppressed: Mapping[str, Suppression] = field(factory=dict)
    #: Appointments of the same phones around the same day; empty where no rule combines any.
    neighbours: Sequence[Observed] = field(default=(), repr=False)
    #: Its numbers that have too many appointments on its day for any of them to be told together.
    busy: frozenset[str] = field(default=frozenset(), repr=False)
    #: Messages of other appointments' reminders that include one, by the key of the one they include.
    included_in: Mapping[str, Sequence[Message]] = field(factory=dict)
    #: What went out to a number, or is to go out, by number; empty where nothing is kept apart in time.
    traffic: Mapping[str, Sequence[Traffic]] = field(factory=dict)
    #: What goes, or went, out to its numbers about its start, of other appointments too; by number and start (UTC).
    twins: Mapping[tuple[str, datetime], Sequence[Twin]] = field(factory=dict, repr=False)
    #: The numbers for which another appointment of the same start still stands, where this one is cancelled.
    still_expected: frozenset[str] = field(default=frozenset(), repr=False)
    #: Whether it comes from a calendar, where one visit may have one id after the other.
    is_of_calendar: bool = False
    #: For which causes the provider refuses messages.
    blockers: Sequence[Blocker] = field(default=(), repr=False)
    #: What a ledger that was put back knows nothing of; None: nothing of this appointment can lie in it.
    gap: Restoration | None = None
    #: When (UTC) its start and status were recorded as they are; None: they are new, or nobody knows.
    changed_at: datetime | None = None
    #: Whether the appointment did not come in again since the ledger was put back.
    is_awaited: bool = False
    #: Why the recorded appointment can't be read on this machine; "": it can.
    error: str = ""
    #: What `combining` found when it assessed this one as a neighbour, by `now`: it is a neighbour of many, and
    #: assessed once.
    assessments: dict[datetime, Any] = field(factory=dict, eq=False, repr=False)

    @classmethod
    def of(
        cls,
        identity: Identity,
        appointment: Appointment | None,
        record: AppointmentRecord | None,
        suppressed: Mapping[str, Suppression],
        sent_before: Mapping[tuple[str, str], Sequence[PriorMessage]] | None = None,
        blockers: Sequence[Blocker] = (),
    ) -> Observed:
        """Return an appointment (None: withdrawn) with its record (None: never recorded).

        `suppressed` is by number; `sent_before` by rule id and recipient key, None: nothing went out; `blockers` are
        all that are known.
        A reply that is recorded becomes a tag of the appointment, `replied:<keyword>`, until its start moves.
        """
        kind = revision_order(appointment.revision)[0] if appointment is not None else ""
        kind = kind or (record.revision[0] if record is not None else "")
        of_calendar = kind in OF_CALENDARS
        if record is None:
            return cls(
                identity,
                appointment,
                suppressed=suppressed,
                sent_before=sent_before or {},
                blockers=blockers,
                is_of_calendar=of_calendar,
            )
        if appointment is not None and record.replied and appointment.start_at == record.start_at:
            appointment = evolve(appointment, tags=appointment.tags | {f"replied:{record.replied}"})
        by_key: dict[str, tuple[Message, ...]] = {}
        for message in record.messages:
            by_key[message.key] = (*by_key.get(message.key, ()), message)
        reminder_records = {reminder_record.key: reminder_record for reminder_record in record.outcomes}
        gap = None if appointment is None else record.gap_of(appointment)
        return cls(
            identity,
            appointment,
            reminder_records,
            by_key,
            sent_before or {},
            suppressed,
            blockers=blockers,
            gap=gap,
            is_of_calendar=of_calendar,
            changed_at=record.recorded_at if appointment is not None and _is_as_recorded(appointment, record) else None,
        )

    @classmethod
    def recorded(
        cls,
        record: AppointmentRecord,
        suppressed: Mapping[str, Suppression],
        sent_before: Mapping[tuple[str, str], Sequence[PriorMessage]] | None = None,
        blockers: Sequence[Blocker] = (),
    ) -> Observed:
        """Return a recorded appointment; one with an `error` where it can't be read on this machine. Never raises."""
        try:
            observed = cls.of(record.identity, record.wanted, record, suppressed, sent_before, blockers)
            return evolve(observed, is_awaited=True) if record.is_awaited else observed
        except Exception as error:  # noqa: BLE001 - whatever another machine or library wrote concerns this one only
            return cls(record.identity, None, suppressed=suppressed, error=f"{type(error).__name__}: {error}")
