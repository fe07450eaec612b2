"""Kept out: appointments that a person withdrew although their calendar still has them, until they change there.

Pure but for `bar`, which writes inside a transaction that it is handed. What a host hands in itself is never kept out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from attrs import evolve

from reminder_kit.model.appointments import Appointment
from reminder_kit.model.instants import iso
from reminder_kit.model.records import AppointmentRecord, Identity, Incoming
from reminder_kit.model.snapshots import encode, fingerprint
from reminder_kit.reconciler.restless import is_restless

if TYPE_CHECKING:
    from reminder_kit.ledger.reader import Reader
    from reminder_kit.ledger.transaction import Transaction

__all__ = ["bar", "without_kept_out"]

_JOB = "kept out"
"""The name under which the ledger keeps what is kept out."""

_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)


def _content(appointment: Appointment) -> str:
    """Return a digest of what all occurrences of an appointment have in common: everything but their times."""
    timeless = evolve(
        appointment,
        starts_at=_ANY_TIME,
        ends_at=None,
        timezone="UTC",
        recurrence_id=None,
        revision=None,
        booked_at=None,
    )
    return fingerprint(encode(evolve(timeless, data={}, url=None)))


def _name(identity: Identity) -> str:
    return f"{identity.source}/{identity.id}"


def _visit(appointment: Appointment) -> str:
    """Return a digest of when, for which numbers and under which title an appointment is, whatever it is called."""
    numbers = sorted({one.phone for one in appointment.recipients})
    said = repr((iso(appointment.start_at), numbers, appointment.title))
    return blake2b(said.encode("utf-8", "replace"), digest_size=16).hexdigest()


def bar(records: Iterable[AppointmentRecord], now: datetime, tx: Transaction) -> None:
    """Keep recorded appointments out, and occurrences of them that are yet to come, until they change."""
    kept = dict(_kept_out(tx.reader))
    for record in records:
        entry = kept.setdefault(_name(record.identity), {"occurrences": {}, "contents": []})
        # not the digest that is recorded: a ledger that was restored has none until its appointments come in again
        entry["occurrences"][record.identity.recurrence_id] = fingerprint(record.snapshot)
        content = _content(record.appointment)
        if content not in entry["contents"]:
            entry["contents"].append(content)
        entry.setdefault("visits", {})[record.identity.recurrence_id] = _visit(record.appointment)
    tx.mark_run(_JOB, now, kept)


def _kept_out(reader: Reader) -> Mapping[str, Any]:
    noted = reader.last_run(_JOB)
    return noted[1] if noted else {}


def without_kept_out(reader: Reader, all_incoming: Mapping[Identity, Incoming]) -> dict[Identity, Incoming]:
    """Return what came of calendars without what is kept out there.

    By its id; where a source deals its ids anew, by its visit, if no id of it came in again.
    """
    kept = _kept_out(reader)
    left = {identity: incoming for identity, incoming in all_incoming.items() if not _is_kept_out(kept, incoming)}
    visits = _visits_kept_out(kept, {identity.source for identity in left}, reader)
    if not visits:
        return left
    for identity in reader.recorded(all_incoming):  # a source of which any id came again is steady
        visits.pop(identity.source, None)
    return {
        identity: incoming
        for identity, incoming in left.items()
        if _visit(incoming.appointment) not in visits.get(identity.source, ())
    }


def _visits_kept_out(kept: Mapping[str, Any], sources: Iterable[str], reader: Reader) -> dict[str, set[str]]:
    """Return the visits that are kept out, by source, of those that deal their ids anew."""
    found: dict[str, set[str]] = {}
    for source in sources:
        entries = [entry for name, entry in kept.items() if name.startswith(f"{source}/")]
        visits = {visit for entry in entries for visit in entry.get("visits", {}).values()}
        if visits and is_restless(reader, source):
            found[source] = visits
    return found


def _is_kept_out(kept: Mapping[str, Any], incoming: Incoming) -> bool:
    entry = kept.get(_name(incoming.identity))
    if entry is None:
        return False
    known = entry["occurrences"].get(incoming.identity.recurrence_id)
    if known is not None:
        return bool(known == incoming.fingerprint)
    return _content(incoming.appointment) in entry["contents"]
