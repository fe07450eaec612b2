"""Takeovers: appointments of a calendar that come in under another id than they are recorded under.

Some feeds make fresh UIDs at each request, and programs do when they move house. An appointment whose id nobody knows
is the recorded one of the same source, number, start and title whose id did not come in: it takes over what is
recorded of that, its parked messages too, as an edit of it.

Reads one snapshot of the ledger, and never writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from attrs import evolve

from reminder_kit.errors import ReminderKitError
from reminder_kit.model.appointments import Appointment
from reminder_kit.model.records import AppointmentRecord, Identity, Incoming
from reminder_kit.planning.settings import Settings
from reminder_kit.reconciler.batches import batched
from reminder_kit.reconciler.scope import Scope
from reminder_kit.rules.reminders import reminder_key

if TYPE_CHECKING:
    from reminder_kit.ledger.reader import Reader

__all__ = ["takeovers", "under"]

_Visit = tuple[str, object, frozenset[str], str]
"""By what an appointment is known again: source, start (UTC), numbers, title."""


def takeovers(
    reader: Reader, settings: Settings, all_incoming: Mapping[Identity, Incoming], scopes: Iterable[Scope]
) -> dict[Identity, AppointmentRecord]:
    """Return, by the new identity, the records that are taken over, as they were; `scopes` are those of calendars.

    None are where rules tell several appointments in one message, or where the ledger was put back: what is recorded
    then belongs to other appointments too, or is in doubt.
    """
    spared = {part.source or "": part.spare for part in scopes if part.refusal is None}
    if not spared or settings.combines or reader.standing.restoration() is not None:
        return {}
    candidates = [
        identity
        for identity, incoming in all_incoming.items()
        if identity.source in spared and not incoming.outdated and incoming.appointment.recipients
    ]
    found: dict[Identity, AppointmentRecord] = {}
    for identities in batched(candidates):
        known = reader.recorded(identities)
        unknown = {identity: all_incoming[identity].appointment for identity in identities if identity not in known}
        for identity, record in _pairs(reader, unknown, spared):
            if record.identity not in all_incoming and record not in found.values():
                found[identity] = record
    return found


def _pairs(
    reader: Reader, unknown: Mapping[Identity, Appointment], spared: Mapping[str, object]
) -> Iterator[tuple[Identity, AppointmentRecord]]:
    ranges = [
        (one.phone, appointment.start_at, appointment.start_at)
        for appointment in unknown.values()
        for one in appointment.recipients
    ]
    rows = reader.sharing_number(list(dict.fromkeys(ranges)))
    by_visit: dict[_Visit, list[AppointmentRecord]] = {}
    for record in reader.records(rows=rows) if rows else ():
        visit = None if record.removed or record.identity.source not in spared else _recorded_visit(record)
        if visit is not None and record.identity.id not in spared[record.identity.source]:  # type: ignore[operator]
            by_visit.setdefault(visit, []).append(record)
    for identity, appointment in unknown.items():
        if left := by_visit.get(_visit(appointment)):
            yield identity, left.pop(0)


def _recorded_visit(record: AppointmentRecord) -> _Visit | None:
    """Return by what a recorded appointment is known again; None: it can't be read here."""
    try:
        return _visit(record.appointment)
    except (ReminderKitError, ValueError):
        return None


def _visit(appointment: Appointment) -> _Visit:
    phones = frozenset(recipient.phone for recipient in appointment.recipients)
    return appointment.source, appointment.start_at, phones, appointment.title


def under(identity: Identity, record: AppointmentRecord, namespace: str) -> AppointmentRecord:
    """Return a record as it will be once an identity has taken it over."""
    keys = {one.key: reminder_key(namespace, *identity, one.rule, one.recipient) for one in record.outcomes if one.rule}
    return evolve(
        record,
        identity=identity,
        revision=("", ""),
        outcomes=tuple(evolve(one, key=keys.get(one.key, one.key)) for one in record.outcomes),
        messages=tuple(evolve(one, key=keys.get(one.key, one.key)) for one in record.messages),
    )
