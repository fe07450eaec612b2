"""Kept out: appointments that a person withdrew although their calendar still has them, until they change there.

Pure but for `note_withdrawal`, which writes inside a transaction that it is handed. What a host hands in itself is
never kept out. An appointment is known by what its calendar says of it. What a person cancelled, so that others are
told of it, is recorded otherwise: what the calendar said is noted before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from attrs import evolve

from reminder_kit.model.appointments import Appointment, Status
from reminder_kit.model.instants import iso
from reminder_kit.model.records import AppointmentRecord, Identity, Incoming
from reminder_kit.model.snapshots import encode, fingerprint
from reminder_kit.reconciler.restless import is_restless

if TYPE_CHECKING:
    from reminder_kit.ledger.reader import Reader
    from reminder_kit.ledger.transaction import Transaction

__all__ = ["not_kept_out", "note_withdrawal", "without_kept_out"]

_JOB = "kept out"
"""The name under which the ledger keeps what is kept out."""

_CANCELLED = "cancelled by a person"
"""The name under which it keeps what calendars said of appointments that a person cancelled."""

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


def _said_of(record: AppointmentRecord) -> dict[str, str]:
    """Return what is recorded of an appointment, as digests."""
    # not the digest that is recorded: a ledger that was restored has none until its appointments come in again
    return {
        "occurrence": fingerprint(record.snapshot),
        "content": _content(record.appointment),
        "visit": _visit(record.appointment),
    }


def _with_status(record: AppointmentRecord, status: str) -> str:
    """Return the digest of a recorded appointment as it would be in a status."""
    return fingerprint(encode(evolve(record.appointment, status=status)))


def _said_by_calendar(record: AppointmentRecord, cancelled: Mapping[str, Any]) -> dict[str, str]:
    """Return what its calendar said of a recorded appointment, also where a person cancelled it since."""
    said = _said_of(record)
    noted = cancelled.get(_name(record.identity), {}).get(record.identity.recurrence_id)
    return noted if noted is not None and noted["cancelled"] == said["occurrence"] else said


def note_withdrawal(
    found: Sequence[Identity], now: datetime, tx: Transaction, *, keep: bool, notify: bool, whole: bool
) -> None:
    """Note that a person takes recorded appointments back: all that is needed of them before they are recorded so.

    `keep` keeps them out until they change; with `whole` also occurrences of them that are yet to come: these are no
    single ones of a series. `notify` says that they are recorded as cancelled next.
    """
    records = list(tx.reader.records(identities=found)) if keep or notify else []
    if keep:
        _bar(records, now, tx, whole=whole)
    if notify:
        _note_cancelled(records, now, tx)


def _bar(records: Iterable[AppointmentRecord], now: datetime, tx: Transaction, *, whole: bool) -> None:
    kept, cancelled = dict(_noted(tx.reader, _JOB)), _noted(tx.reader, _CANCELLED)
    for record in records:
        entry = kept.setdefault(_name(record.identity), {"occurrences": {}, "contents": []})
        occurrence, said = record.identity.recurrence_id, _said_by_calendar(record, cancelled)
        known = entry["occurrences"].get(occurrence)
        if _is_barred_as_cancelled(record, known):
            continue
        entry["occurrences"][occurrence] = said["occurrence"]
        if whole and said["content"] not in entry["contents"]:
            entry["contents"].append(said["content"])
        entry.setdefault("visits", {})[occurrence] = said["visit"]
    tx.mark_run(_JOB, now, kept)


def _is_barred_as_cancelled(record: AppointmentRecord, known: str | None) -> bool:
    """Say whether what is recorded as cancelled is kept out already, and may be so by a person's word only."""
    is_cancelled = record.appointment.status == Status.CANCELLED
    return is_cancelled and known in [_with_status(record, status) for status in Status]


def not_kept_out(reader: Reader, found: Sequence[Identity]) -> list[Identity]:
    """Return the recorded appointments that come in again with their calendar, as it is recorded."""
    kept, cancelled = _noted(reader, _JOB), _noted(reader, _CANCELLED)
    coming = []
    for record in reader.records(identities=found):
        entry = kept.get(_name(record.identity), {"occurrences": {}, "contents": []})
        known, said = entry["occurrences"].get(record.identity.recurrence_id), _said_by_calendar(record, cancelled)
        is_kept = said["content"] in entry["contents"] if known is None else known == said["occurrence"]
        if not is_kept and not _is_barred_as_cancelled(record, known):
            coming.append(record.identity)
    return coming


def _note_cancelled(records: Iterable[AppointmentRecord], now: datetime, tx: Transaction) -> None:
    """Note what calendars say of appointments that are yet to come, and forget those that are over."""
    before = _noted(tx.reader, _CANCELLED)
    noted = {
        name: coming
        for name, occurrences in before.items()
        if (coming := {key: said for key, said in occurrences.items() if said["start"] > iso(now)})
    }
    for record in records:
        said = _said_by_calendar(record, before)
        own = {"cancelled": _with_status(record, Status.CANCELLED), "start": iso(record.start_at)}
        noted.setdefault(_name(record.identity), {})[record.identity.recurrence_id] = {**said, **own}
    tx.mark_run(_CANCELLED, now, noted)


def _noted(reader: Reader, name: str) -> Mapping[str, Any]:
    noted = reader.last_run(name)
    return noted[1] if noted else {}


def without_kept_out(reader: Reader, all_incoming: Mapping[Identity, Incoming]) -> dict[Identity, Incoming]:
    """Return what came of calendars without what is kept out there.

    By its id; where a source deals its ids anew, by its visit, if no id of it came in again.
    """
    kept = _noted(reader, _JOB)
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
