"""The changes of an appointment that stands as it was recorded: told without being decided anew.

Pure: takes `now`.
"""

from __future__ import annotations

from datetime import datetime

from attrs import evolve

from reminder_kit.model.lifecycle import OPEN, SENT
from reminder_kit.model.messages import Message
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import AppointmentRecord, Identity, ReminderRecord, ReminderStatus
from reminder_kit.planning.changes import Change, ChangeKind
from reminder_kit.planning.message_times import is_doubtful

__all__ = ["marked_unconfirmed", "recorded_changes"]


def recorded_changes(record: AppointmentRecord, now: datetime) -> list[Change]:
    """Return what to say of an appointment whose outcomes stand as they were recorded."""
    parked = {message.key: message for message in record.messages if message.state in OPEN or message.state in SENT}
    doubtful = {message.key for message in record.messages if is_doubtful(message, now)}
    return [
        marked_unconfirmed(change) if change.key in doubtful else change
        for change in (_unchanged(record.identity, outcome, parked.get(outcome.key)) for outcome in record.outcomes)
    ]


def marked_unconfirmed(change: Change) -> Change:
    """Return a change that says so: whatever else holds for its reminder, one message of it is not accounted for."""
    note = "an earlier message for this reminder was never confirmed: it may be sent as well"
    return evolve(change, outcome="unknown", error=change.error or note)


def _unchanged(identity: Identity, outcome: ReminderRecord, message: Message | None) -> Change:
    kind, reason = ChangeKind.SKIP, Reason(outcome.reason)
    if outcome.status is ReminderStatus.HELD:
        kind = ChangeKind.HOLD
    elif outcome.status is ReminderStatus.PARKED:
        kind, reason = ChangeKind.KEEP, Reason.TOO_LATE if reason is Reason.TOO_LATE else Reason.UNCHANGED
        if message is not None and message.state not in OPEN:
            kind, reason = ChangeKind.SKIP, Reason.ALREADY_SENT
    live = message if message is not None and outcome.status is ReminderStatus.PARKED else None
    return Change(
        kind=kind,
        identity=identity,
        key=outcome.key,
        rule=outcome.rule,
        recipient=outcome.recipient,
        to=outcome.to or None,
        due_at=outcome.due_at,
        send_at=live.send_at if live else None,
        reason=reason,
        text=live.draft.text if live else None,
        message_id=live.provider_id if live else None,
        error=outcome.error or None,
    )
