"""What a dispatch comes to for its reminder, as a table: by how the dispatch ended.

Pure: no ledger, no provider. Never decides what is tried again at once; it says whether to decide again.
"""

from __future__ import annotations

from datetime import datetime

from attrs import evolve, frozen

from reminder_kit.delivery.dispatch import DispatchResult, DispatchStatus
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import ReminderRecord, ReminderStatus
from reminder_kit.planning.changes import Change, ChangeKind
from reminder_kit.planning.decision import Decision

__all__ = ["CONCLUSIONS", "Conclusion", "concluded", "why"]


@frozen
class Conclusion:
    """What one ending of a dispatch means.

    `outcome` is the report's word. `kind` and `reason` replace the decision's where the report says something else.
    `status` is where the reminder is recorded to stand then; None: as decided, or held for the next run where no
    message was made. `decide_again` says whether the same run decides once more, `complete` whether the appointment
    needs no further look.
    """

    outcome: str
    kind: ChangeKind | None = None
    reason: Reason | None = None
    status: ReminderStatus | None = None
    decide_again: bool = False
    complete: bool = True


CONCLUSIONS: dict[DispatchStatus, Conclusion] = {
    DispatchStatus.DONE: Conclusion("done"),
    DispatchStatus.REJECTED: Conclusion("failed", status=ReminderStatus.SKIPPED),  # for the reason the result names
    DispatchStatus.UNKNOWN: Conclusion("unknown", reason=Reason.NOT_CONFIRMED, status=ReminderStatus.SKIPPED),
    DispatchStatus.SKEWED: Conclusion("failed", decide_again=True),
    DispatchStatus.STALE: Conclusion(
        "done", kind=ChangeKind.SKIP, reason=Reason.STALE_REVISION, decide_again=True, complete=False
    ),
    DispatchStatus.FAILED: Conclusion("failed", complete=False),
    DispatchStatus.WAITING: Conclusion("failed", complete=False),
    DispatchStatus.TOO_LATE: Conclusion("failed", complete=False),
}
"""What each ending means. A message that goes out all the same is not concluded by this table but kept."""


def concluded(decision: Decision, result: DispatchResult, retry_at: datetime) -> tuple[Change, ReminderRecord]:
    """Return the line of the report and the line of the ledger that a dispatch comes to.

    `retry_at` is when a reminder is looked at again of which no message was made.
    """
    conclusion = CONCLUSIONS[result.status]
    message_id = result.message.provider_id if result.message else decision.change.message_id
    if result.status is DispatchStatus.DONE:
        return evolve(decision.change, outcome=conclusion.outcome, message_id=message_id), decision.record
    error, reason = str(result.error or why(result)), result.reason or conclusion.reason or decision.reason
    told = evolve(decision, kind=conclusion.kind or decision.kind, reason=reason, error=error)
    change = evolve(told.change, outcome=conclusion.outcome, message_id=message_id)
    if conclusion.status is not None:
        return change, evolve(told, status=conclusion.status, draft=None).record
    kept = evolve(decision, replacing=decision.replaces or decision.replacing)
    if result.message is None and decision.kind is not ChangeKind.CANCEL:
        kept = evolve(kept, status=ReminderStatus.HELD, draft=None, park_at=retry_at)
    return change, kept.record


def why(result: DispatchResult) -> str:
    """Return in words why a dispatch without an error of its own did not simply succeed."""
    if result.status is DispatchStatus.STALE:
        return "the appointment changed meanwhile; the next resync follows it"
    if result.status is DispatchStatus.UNKNOWN:
        return "no answer, and the request can't be repeated: it may be parked"
    return result.status.value
