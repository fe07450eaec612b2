"""What the ledger keeps of a run: that it was made, how the provider answered, when a source was read as a whole.

Never looks at what was sent to whom.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from reminder_kit.model.instants import iso
from reminder_kit.model.records import RECENT, SNAPSHOT
from reminder_kit.planning.plan import Plan
from reminder_kit.planning.report import Report
from reminder_kit.ports import IO, Provider
from reminder_kit.transport.tally import Tally

if TYPE_CHECKING:
    from reminder_kit.ledger.transaction import Transaction

__all__ = ["exchanged", "note_run"]

_RUNS = 60
"""How many of the latest runs the ledger keeps."""

Exchanged = Mapping[str, Mapping[str, float]]
"""What was exchanged with each provider, by its name (`Tally.take`)."""


def exchanged(routes: Iterable[tuple[Provider, IO]]) -> Exchanged:
    """Return what was exchanged since it was asked for last; of a world of somebody's own nothing is known."""
    tallies = [(provider.name, getattr(io, "tally", None)) for provider, io in routes]
    taken = [(name, tally.take()) for name, tally in tallies if isinstance(tally, Tally)]
    return {name: found for name, found in taken if found}


def note_run(plan: Plan, report: Report, job: str, exchanged: Exchanged, now: datetime, tx: Transaction) -> None:
    """Note that a job was done ("": none that has a name), and when all that a source has was read."""
    from reminder_kit.reconciler.polled_calendars import note_read

    counts = {name: count for name, count in report.summary.items() if count}
    if job:
        tx.mark_run(job, now, counts)
        _note_recent(job, plan, {"counts": counts, "providers": exchanged}, now, tx)
    if plan.worklist.snapshot is not None:
        source, taken_at = plan.worklist.snapshot
        tx.mark_run(f"{SNAPSHOT}{source}", taken_at, {})
    note_read(plan.notes, tx, now)


def _note_recent(job: str, plan: Plan, found: Mapping[str, object], now: datetime, tx: Transaction) -> None:
    """Note a run among the latest ones, with the seconds it took by the kit's clock, and what was `found`."""
    seconds = round((now - plan.now).total_seconds(), 1)
    known = tx.reader.last_run(RECENT)
    before = known[1]["runs"] if known else []
    run = {"at": iso(now), "job": job, "seconds": seconds, **found}
    tx.mark_run(RECENT, now, {"runs": [*before[1 - _RUNS :], run]})
