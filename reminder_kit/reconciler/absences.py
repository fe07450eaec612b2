"""Absences: which recorded appointments are to be withdrawn since they did not come in.

Reads one snapshot of the ledger. Never withdraws.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from reminder_kit.model.as_of import AsOf
from reminder_kit.model.records import AppointmentRecord, Identity, ReminderStatus
from reminder_kit.planning.cancellation import CANCELLATION
from reminder_kit.reconciler.batches import batched
from reminder_kit.reconciler.scope import Scope

if TYPE_CHECKING:
    from reminder_kit.ledger.reader import Reader

__all__ = ["vanished"]


def vanished(
    reader: Reader, scope: Scope, came_in: Callable[[Identity], bool], now: datetime
) -> Iterator[AppointmentRecord]:
    """Yield recorded future appointments of a scope's source that did not come in, and are to be withdrawn.

    `now` is the instant of the plan, UTC.
    """
    if scope.complete:
        absent = (row for row, identity in reader.sweep.of_source(scope.source or "", now) if not came_in(identity))
        for rows in batched(absent):
            yield from (record for record in reader.records(rows=rows) if _may_vanish(record, scope, now))
        return
    for ids in batched(scope.covers):
        records = reader.records(source=scope.source, ids=ids)
        yield from (record for record in records if not came_in(record.identity) and _may_vanish(record, scope, now))


def _may_vanish(record: AppointmentRecord, scope: Scope, now: datetime) -> bool:
    inside = scope.horizon is None or record.start_at < scope.horizon
    newer = (scope.as_of or AsOf.drawn(now)).is_newer(record.written)
    may = record.start_at > now and inside and not newer and record.identity.id not in scope.spare
    return may and (record.removed or not _tells_of_cancellation(record))


def _tells_of_cancellation(record: AppointmentRecord) -> bool:
    """Say whether somebody is still to hear that it is cancelled: they do, although it is gone by now."""
    return any(
        outcome.rule == CANCELLATION and outcome.status is not ReminderStatus.SKIPPED for outcome in record.outcomes
    )
