"""Conclusions: what a dispatch comes to for its reminder, as a table by how the dispatch ended.

Pure: no ledger, no provider. Never tries anything again: it says whether to decide again.
"""

from __future__ import annotations

from datetime import datetime

from attrs import evolve, frozen

from reminder_kit.delivery.dispatch import DispatchResult, DispatchStatus
from reminder_kit.errors import RefusedCredentialError
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import ReminderRecord, ReminderStatus
from reminder_kit.planning.changes import Change, ChangeKind
from reminder_kit.planning.decision import Decision
from reminder_kit.planning.revision import without_room

__all__ = ["CONCLUSIONS", "Conclusion", "concluded", "why"]


@frozen
class Conclusion:
    """What one way in which a dispatch ends means for its reminder."""

    #: The report's word: "done", "failed" or "unknown".
    outcome: str
    #: What the report says was done; None: what was decided.
    kind: ChangeKind | None = None
    #: Why, as the report says it; None: as the result says, or else as was decided.
    reason: Reason | None = None
    #: What the ledger keeps as the reminder's status; None: as decided, or held for the next run where no message was
    #: made.
    status: ReminderStatus | None = None
    #: Whether the same run decides once more.
    decide_again: bool = False
    #: Whether the appointment is worked off with it; False: the next run works on it again.
    complete: bool = True


CONCLUSIONS: dict[DispatchStatus, Conclusion] = {
    DispatchStatus.DONE: Conclusion("done"),
    DispatchStatus.REJECTED: Conclusion("failed", status=ReminderStatus.SKIPPED),  # for the reason the result names
    DispatchStatus.UNKNOWN: Conclusion("unknown", reason=Reason.NOT_CONFIRMED, status=ReminderStatus.SKIPPED),
    DispatchStatus.MISTIMED: Conclusion("failed"),  # decided again at once the first time: `WorkItem.conclude`
    DispatchStatus.NO_ROOM: Conclusion(
        "done", kind=ChangeKind.HOLD, reason=Reason.AT_CAPACITY, status=ReminderStatus.HELD
    ),
    DispatchStatus.BLOCKED: Conclusion("done", kind=ChangeKind.HOLD, status=ReminderStatus.HELD),
    DispatchStatus.STALE: Conclusion("done", kind=ChangeKind.SKIP, reason=Reason.STALE_REVISION, decide_again=True),
    DispatchStatus.FOUND: Conclusion("done", kind=ChangeKind.KEEP, reason=Reason.UNCHANGED, decide_again=True),
    DispatchStatus.FAILED: Conclusion("failed", complete=False),
    DispatchStatus.WAITING: Conclusion("failed", complete=False),
    DispatchStatus.TOO_LATE: Conclusion("failed", complete=False),
}
"""What each status means. (`TOO_LATE` when taking back is no failure: `WorkItem.too_late` keeps that message.)"""


def concluded(decision: Decision, result: DispatchResult, retry_at: datetime) -> tuple[Change, ReminderRecord]:
    """Return the line of the report and the line of the ledger that a dispatch comes to.

    `retry_at` (UTC) is when a reminder is decided again for which no message was made.
    """
    conclusion = CONCLUSIONS[result.status]
    message_id = result.message.provider_id if result.message else decision.change.message_id
    if result.status is DispatchStatus.DONE:
        warning = str(result.error) if result.error else decision.change.error
        change = evolve(decision.change, outcome=conclusion.outcome, message_id=message_id, error=warning)
        return change, decision.record
    if result.status is DispatchStatus.NO_ROOM:
        waiting = without_room(decision)
        return evolve(waiting.change, outcome=conclusion.outcome), waiting.record
    if result.blocker is not None:
        stopped = decision.waiting_for(result.blocker)
        fails = not result.blocker.is_of_account or isinstance(result.error, RefusedCredentialError)
        outcome = "failed" if fails else conclusion.outcome
        return evolve(stopped.change, outcome=outcome), stopped.record
    error, reason = str(result.error or why(result)), result.reason or conclusion.reason or decision.reason
    kind, outcome = conclusion.kind or decision.kind, conclusion.outcome
    change = evolve(decision.change, kind=kind, reason=reason, outcome=outcome, message_id=message_id, error=error)
    if conclusion.status is not None:
        return change, evolve(decision, reason=reason, status=conclusion.status, error=error).record
    kept = evolve(decision, replacing=decision.replaces or decision.replacing)
    if result.message is None and decision.kind is not ChangeKind.CANCEL:
        waits = decision.reason if result.status is DispatchStatus.STALE else Reason.WAITING_PROVIDER
        kept = evolve(
            kept, status=ReminderStatus.HELD, draft=None, park_at=retry_at, recorded_reason=waits.value, error=error
        )
    return change, kept.record


def why(result: DispatchResult) -> str:
    """Return in words why a dispatch that names no error is not simply done."""
    if result.status is DispatchStatus.STALE:
        return "the appointment changed meanwhile; the next resync follows it"
    if result.status is DispatchStatus.UNKNOWN:
        return "no answer, and the request can't be repeated: it may be parked"
    return result.status.value
