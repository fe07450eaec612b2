"""Called off: what is recorded of events that a calendar cancels without saying again when they are, or for whom.

A cancellation need not say more than a UID (RFC 5546, 3.2.5), nor repeat the rule of a series, nor the people of an
occurrence: what is recorded says it. Reads one snapshot of the ledger. Never writes, and never calls off what a
calendar has a newer word on, nor what it merely lacks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from reminder_kit.model.appointments import Appointment, Status
from reminder_kit.model.records import AppointmentRecord, Identity
from reminder_kit.model.revisions import ALONE, SeriesRevision
from reminder_kit.reconciler.batches import batched

if TYPE_CHECKING:
    from reminder_kit.ledger.reader import Reader

__all__ = ["CalledOff", "called_off"]


@frozen
class CalledOff:
    """What a calendar holds, with what it calls off."""

    #: Its appointments; those that it calls off have the people and times that are recorded of them.
    appointments: tuple[Appointment, ...]
    #: Which of them it says nothing of but that they are called off.
    identities: frozenset[Identity]


def called_off(
    reader: Reader, content: Any, appointments: tuple[Appointment, ...], known: Collection[str], now: datetime
) -> CalledOff:
    """Return what came of a calendar with what is recorded of what it calls off.

    `content` is the `Reading` that they came of, at its end. `known` are the recorded ids of which it has no older
    state than the ledger. What comes after `now` (UTC) of an event that is called off as a whole comes in as cancelled.
    """
    wholes = content.cancelled & content.covers & content.masters.keys() if content.sound else set()
    rests = content.rest_off if content.sound else {}
    wanted = {uid for uid in (*wholes, *rests, *(uid for uid, _ in content.for_nobody)) if uid in known}
    if not wanted:
        return CalledOff(appointments, frozenset())
    incoming = {Identity.of(appointment): appointment for appointment in appointments}
    recorded = {record.identity: record for record in _readable(reader, content.name, wanted)}
    absent: dict[Identity, Appointment] = {}
    for identity, record in recorded.items():
        came = incoming.get(identity)
        if came is None and identity.id in wholes and record.start_at > now:
            absent[identity] = _off(record, _revision(record, content.masters[identity.id]))
        elif came is None and identity.id in rests and record.start_at > now:
            since, revision = rests[identity.id]
            if len(since) == len(identity.recurrence_id) and since <= identity.recurrence_id:
                absent[identity] = _off(record, SeriesRevision(None, revision))
        elif came is not None and record.appointment.recipients and _names_nobody(came, content):
            incoming[identity] = _off(record, came.revision)
    series = {identity.id for identity in recorded if identity.recurrence_id}
    left = {one: came for one, came in incoming.items() if one in recorded or not _is_of(series & wholes, came)}
    return CalledOff((*left.values(), *absent.values()), frozenset(absent))


def _readable(reader: Reader, source: str, ids: Collection[str]) -> Iterator[AppointmentRecord]:
    """Yield what is recorded of some ids and still there; what can't be read on this machine is left out."""
    for some in batched(ids):
        for record in reader.records(source=source, ids=some):
            if not record.removed:
                try:
                    record.appointment  # noqa: B018 - it is read when it is asked for
                except ValueError:
                    continue
                yield record


def _off(record: AppointmentRecord, revision: Any) -> Appointment:
    return evolve(record.appointment, status=Status.CANCELLED, revision=revision)


def _revision(record: AppointmentRecord, whole: tuple[int, int]) -> SeriesRevision | tuple[int, int]:
    """Return the revision of a cancellation as that of an occurrence, of the kind that is recorded of it."""
    if not record.identity.recurrence_id:
        return whole
    return SeriesRevision(None if record.revision[0] == ALONE else whole, whole)


def _names_nobody(appointment: Appointment, content: Any) -> bool:
    return (appointment.id, appointment.recurrence_id) in content.for_nobody


def _is_of(series: Collection[str], appointment: Appointment) -> bool:
    """Say whether an appointment is the whole of one of some recorded series, without the rule that makes it one."""
    return appointment.id in series and appointment.recurrence_id is None
