"""Absences: which recorded appointments are to be withdrawn since they did not come in.

Reads one snapshot of the ledger. Never withdraws: whoever plans leaves out what came in.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from reminder_kit.model.appointments import Status
from reminder_kit.model.records import AppointmentRecord
from reminder_kit.reconciler.batches import batched
from reminder_kit.reconciler.scope import Scope

if TYPE_CHECKING:
    from reminder_kit.ledger.reader import Reader

__all__ = ["vanished"]


def vanished(reader: Reader, scope: Scope, now: datetime) -> Iterator[AppointmentRecord]:
    """Yield recorded future appointments of a scope's source that are to be withdrawn unless they came in.

    `now` is the instant of the plan, UTC.
    """
    if scope.complete:
        records = reader.records(source=scope.source, ended_after=now)
        yield from (record for record in records if _may_vanish(record, scope, now))
        return
    for ids in batched(scope.covers):
        records = reader.records(source=scope.source, ids=ids)
        yield from (record for record in records if _may_vanish(record, scope, now))


def _may_vanish(record: AppointmentRecord, scope: Scope, now: datetime) -> bool:
    inside = scope.horizon is None or record.start_at < scope.horizon
    newer = scope.as_of is not None and scope.as_of.is_newer(record.written)
    before = record.recorded_at <= now and not newer
    may = record.start_at > now and inside and before and record.identity.id not in scope.spare
    return may and (record.removed or not _is_cancelled(record))


def _is_cancelled(record: AppointmentRecord) -> bool:
    """Say whether an appointment is recorded as cancelled: who is to hear so, does, although it is gone by now."""
    try:
        return record.appointment.status is Status.CANCELLED
    except Exception:  # noqa: BLE001 - what another machine wrote, and can't be read here, may go
        return False
