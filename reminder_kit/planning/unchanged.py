"""Unchanged: the plan's lines of an appointment that stands as it was recorded.

Pure: `now` is an argument. Never decides anything: the lines repeat what the ledger says.
"""

from __future__ import annotations

from datetime import datetime

from attrs import evolve

from reminder_kit.model.lifecycle import OPEN, SENT
from reminder_kit.model.messages import Message
from reminder_kit.model.reasons import KEPT_DESPITE, Reason
from reminder_kit.model.records import AppointmentRecord, Identity, ReminderRecord, ReminderStatus
from reminder_kit.planning.changes import WORK, Change, ChangeKind
from reminder_kit.planning.decision import Decision
from reminder_kit.planning.message_times import is_doubtful

__all__ = ["changes_anything", "marked_unconfirmed", "recorded_changes"]


def changes_anything(decision: Decision, record: AppointmentRecord | None) -> bool:
    """Say whether carrying a decision out would write to the provider or change the record; None: nothing is known."""
    if decision.kind in WORK or decision.adopt or "settle" in decision.causes:
        return True
    return record is None or decision.record not in record.outcomes


def recorded_changes(record: AppointmentRecord, now: datetime) -> list[Change]:
    """Return the changes of an appointment whose reminders stand as they were recorded, one for each."""
    parked = {message.key: message for message in record.messages if message.state in OPEN or message.state in SENT}
    doubtful = {message.key for message in record.messages if is_doubtful(message, now)}
    return [
        marked_unconfirmed(change) if change.key in doubtful else change
        for change in (
            _unchanged(record.identity, reminder_record, parked.get(reminder_record.key))
            for reminder_record in record.outcomes
        )
    ]


def marked_unconfirmed(change: Change) -> Change:
    """Return a change as `unknown`: whatever else holds for its reminder, one of its messages was never confirmed."""
    note = "an earlier message for this reminder was never confirmed: it may be sent as well"
    return evolve(change, outcome="unknown", error=change.error or note)


def _unchanged(identity: Identity, record: ReminderRecord, message: Message | None) -> Change:
    """Return the change of a reminder as it was recorded; `message` is its latest that is open or went out."""
    kind, reason = ChangeKind.SKIP, Reason(record.reason)
    if record.status is ReminderStatus.HELD:
        kind = ChangeKind.HOLD
    elif record.status is ReminderStatus.PARKED:
        kind, reason = ChangeKind.KEEP, reason if reason in KEPT_DESPITE else Reason.UNCHANGED
        if message is not None and message.state not in OPEN:
            kind, reason = ChangeKind.SKIP, Reason.ALREADY_SENT
    parked = message if message is not None and record.status is ReminderStatus.PARKED else None
    return Change(
        kind=kind,
        identity=identity,
        key=record.key,
        rule=record.rule,
        recipient=record.recipient,
        to=record.to or None,
        due_at=record.due_at,
        send_at=parked.send_at if parked else None,
        reason=reason,
        text=parked.draft.text if parked else None,
        message_id=parked.provider_id if parked else None,
        error=record.error or None,
    )
