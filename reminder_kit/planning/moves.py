"""Moves: when the start of an appointment moved, for rules that are counted from that (`after_change`).

Pure: `now` is an argument. Never takes for a move what is not known to be one: an appointment that comes in first did
not move, and many small moves add up.

A reminder that has nothing to tell is recorded as skipped for its condition, and its due time is the start from which
a move is measured. Once it was told of one, that is the start of the message.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import evolve

from reminder_kit.model.instants import whole_seconds
from reminder_kit.model.lifecycle import SENT
from reminder_kit.model.messages import Message
from reminder_kit.model.reasons import SAID_BY_OTHERS, Reason
from reminder_kit.model.records import ReminderRecord, ReminderStatus
from reminder_kit.planning.observed import Observed
from reminder_kit.planning.settings import Settings
from reminder_kit.rules.bookings import unchanged
from reminder_kit.rules.due_times import due_time
from reminder_kit.rules.reminders import CHANGE, Reminder

__all__ = ["counted_from_moves"]

_UNTOLD = frozenset({
    *SAID_BY_OTHERS, Reason.DAY_LIMIT, Reason.TEMPLATE_ERROR, Reason.QUARANTINED,
    Reason.NOT_CONFIRMED, Reason.SUPERSEDED, Reason.TOO_LATE, Reason.PAST, Reason.QUIET_HOURS,
})  # fmt: skip
"""Why a move was not told that was to be."""


def counted_from_moves(
    reminders: Sequence[Reminder], observed: Observed, settings: Settings, now: datetime | None
) -> list[Reminder]:
    """Return reminders, those that are counted from a move with their due time, or refused where there was none.

    `now` None: what is recorded says when the move was, or nothing does.
    """
    return [
        _counted(reminder, observed, settings, now) if reminder.rule.anchor == CHANGE else reminder
        for reminder in reminders
    ]


def _counted(reminder: Reminder, observed: Observed, settings: Settings, now: datetime | None) -> Reminder:
    record, start_at = observed.outcomes.get(reminder.key), reminder.appointment.start_at
    told = _last_told(reminder, observed)
    if told is not None and abs(start_at - told.start_at) <= settings.rearm_after:
        return evolve(reminder, due_at=told.due_at)
    if record is not None and _waits(record) and (told is None or record.due_at != told.due_at):
        return evolve(reminder, due_at=record.due_at, changed_at=observed.changed_at)
    known = told.start_at if told is not None else record.due_at if record is not None else None
    if known is None or abs(start_at - known) <= settings.rearm_after:
        return unchanged(reminder, known)
    changed_at = whole_seconds(observed.changed_at or now or start_at)
    due_at = due_time(reminder.rule, changed_at, reminder.local_zone, settings.defaults.is_open)
    return evolve(reminder, due_at=due_at, changed_at=changed_at)


def _last_told(reminder: Reminder, observed: Observed) -> Message | None:
    sent = [message for message in observed.messages.get(reminder.key, ()) if message.state in SENT]
    return max(sent, key=lambda message: (message.send_at, message.created_at), default=None)


def _waits(record: ReminderRecord) -> bool:
    """Say whether a move is to be told, or was not: then what is recorded as due is when it is, or was."""
    return record.due_at is not None and (record.status is not ReminderStatus.SKIPPED or record.reason in _UNTOLD)
