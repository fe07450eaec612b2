"""Recorded elsewhere: events of a calendar that another source has already, since its file is called otherwise now.

Reads one snapshot of the ledger, and never writes: a browser saves the next export as "basic (1).ics", and what moved
in it since would be told at its old time, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from reminder_kit.reconciler.batches import batched

if TYPE_CHECKING:
    from reminder_kit.ledger.reader import Reader

__all__ = ["recorded_elsewhere"]


def recorded_elsewhere(reader: Reader, name: str, ids: Iterable[str], now: datetime) -> tuple[Any, ...]:
    """Return the problem, a warning, of ids that are recorded under another source than `name`, if any are.

    Only what is still there, and begins after `now` (UTC), counts; the source that has the most is named.
    """
    from reminder_kit.calendars import Problem

    found: dict[str, set[str]] = {}
    for some in batched(ids):
        for record in reader.records(ids=some):
            if record.identity.source != name and not record.removed and record.start_at > now:
                found.setdefault(record.identity.source, set()).add(record.identity.id)
    if not found:
        return ()
    ((source, count),) = Counter({other: len(known) for other, known in found.items()}).most_common(1)
    said = f"{count} events are recorded under source {source!r}, and none under {name!r}"
    return (Problem(f"{said}: if it is the same calendar, import it with --source {source!r}", severity="warning"),)
