"""Reporting: the lines of a report, of what was planned and what was done.

Pure: no ledger, no provider. Never leaves a planned change out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from attrs import evolve

from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import Identity
from reminder_kit.planning.changes import Change, ChangeKind
from reminder_kit.planning.plan import Plan

__all__ = ["merged", "reported"]


def merged(before: Sequence[Change], after: Sequence[Change]) -> list[Change]:
    """Return the changes of an appointment that one run worked on twice.

    What was written to the provider the first time stays, unless the second time wrote for that reminder again.
    """
    done = {change.key: change for change in before if change.is_work and change.outcome is not None}
    changes = [done.pop(change.key, change) if not change.is_work else change for change in after]
    later = {change.key for change in after}
    return [*changes, *(change for key, change in done.items() if key not in later)]


def _is_outdated(change: Change) -> bool:
    """Say whether a line is of what came in and was older than what is recorded."""
    return not change.key and change.reason is Reason.STALE_REVISION


def reported(plan: Plan, done: dict[Identity, list[Change]], refused: Collection[Identity]) -> Iterable[Change]:
    """Yield the changes of a report: as carried out where worked on, as planned elsewhere, in the plan's order.

    `done` has the changes of appointments that were worked on; `refused` are appointments of which a newer revision
    was recorded meanwhile, with one line each.
    """
    seen: set[Identity] = set()
    for change in plan.changes:
        if change.identity in refused:
            if change.identity not in seen:
                yield evolve(change, kind=ChangeKind.SKIP, key="", rule="", to=None, reason=Reason.STALE_REVISION)
        elif (
            change.identity not in done
            or _is_outdated(change)
            or (change.outcome == "failed" and change not in done[change.identity])
        ):
            yield change
            continue
        elif change.identity not in seen:
            yield from done[change.identity]
        seen.add(change.identity)
    for identity, changes in done.items():
        if identity not in seen:
            yield from changes
