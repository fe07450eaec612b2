"""Corrections: one more reminder for a person to whom a message named a start that is no longer true.

Pure: no clock, no I/O. Never made for follow-ups, for moves up to `rearm_after`, or where no message went out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b

from attrs import evolve

from reminder_kit.model.instants import whole_seconds
from reminder_kit.model.lifecycle import SENT, State
from reminder_kit.model.messages import Message
from reminder_kit.model.records import ReminderStatus
from reminder_kit.planning.observed import Observed
from reminder_kit.rules.notices import Notice
from reminder_kit.rules.reminders import Reminder
from reminder_kit.rules.rule import Rule

__all__ = ["correction_id", "correction_key", "corrections", "due_after", "told_moves"]


def correction_key(key: str) -> str:
    """Return the key of the correction of the reminder with this key."""
    return blake2b(f"{key}\x1fcorrection".encode(), digest_size=16).hexdigest()


def correction_id(rule_id: str) -> str:
    """Return the rule id under which plans, reports and history name the corrections of a rule's reminders."""
    return f"{rule_id}-correction"


def due_after(key: str, observed: Observed, after: timedelta, now: datetime) -> datetime:
    """Return when (UTC) a notice is due: so long after the change, which stays once it was said.

    `key` is its own.
    """
    record = observed.outcomes.get(key)
    if record is not None and record.due_at is not None and record.status is not ReminderStatus.SKIPPED:
        return record.due_at
    return whole_seconds((observed.changed_at or now) + after)


def corrections(
    reminders: Iterable[Reminder],
    messages: Mapping[str, Sequence[Message]],
    observed: Observed,
    notice: Notice,
    rearm_after: timedelta,
    now: datetime,
) -> list[Reminder]:
    """Return the corrections that are due, of all these reminders.

    One is due where the start moved by more than `rearm_after` (elapsed time) from the one that the latest message
    named. `messages` are those of reminders and their corrections, by key. A correction is late by nature: it goes out
    as soon as the provider and quiet hours allow, or so long after the change as the notice says, before the start, and
    gives way to a reminder that goes out together with it. Each start is corrected once.
    """
    corrected = (
        _correction(reminder, messages, observed, notice, rearm_after, now)
        for reminder in reminders
        if not reminder.rule.is_follow_up
    )
    return [reminder for reminder in corrected if reminder is not None]


def _correction(
    reminder: Reminder,
    messages: Mapping[str, Sequence[Message]],
    observed: Observed,
    notice: Notice,
    rearm_after: timedelta,
    now: datetime,
) -> Reminder | None:
    key = correction_key(reminder.key)
    sent = [message for message in (*messages.get(reminder.key, ()), *messages.get(key, ())) if message.state in SENT]
    if not sent or reminder.recipient is None:
        return None
    last = max(reversed(sent), key=_order)
    moved = abs(reminder.appointment.start_at - last.start_at) > rearm_after
    if not moved or last.draft.to != reminder.recipient.phone:
        return None
    due_at = due_after(key, observed, notice.after, now) if notice.after else last.send_at
    return _correction_of(reminder, notice, due_at)


def told_moves(
    reminders: Iterable[Reminder],
    messages: Mapping[str, Sequence[Message]],
    notice: Notice,
    rearm_after: timedelta,
    told_off: Callable[[Reminder], datetime | None],
) -> list[tuple[Reminder, datetime]]:
    """Return the corrections by which people know the present start, each with the time (UTC) at which it went out.

    A reminder that is late has nothing to add to them. `messages` are those of corrections, by key; `told_off` returns
    when a reminder's person was told last that the appointment is cancelled: what went out before that is undone.
    """
    found = []
    for reminder in reminders:
        sent = [message for message in messages.get(correction_key(reminder.key), ()) if message.state in SENT]
        last = max(sent, key=_order, default=None)
        if last is None or last.state is State.UNDELIVERED or last.draft.to != reminder.to:
            continue
        off_at = told_off(reminder)
        is_known = abs(reminder.appointment.start_at - last.start_at) <= rearm_after
        if is_known and (off_at is None or last.send_at > off_at):
            found.append((_correction_of(reminder, notice, last.due_at), last.send_at))
    return found


def _correction_of(reminder: Reminder, notice: Notice, due_at: datetime) -> Reminder:
    """Return the correction of a reminder, due at `due_at` (UTC)."""
    rule = Rule(correction_id(reminder.rule.id), before="1 minute", text=notice.text, if_late="clamp")
    key, anchor_at = correction_key(reminder.key), reminder.appointment.start_at
    return evolve(reminder, key=key, rule=rule, due_at=due_at, anchor_at=anchor_at, is_notice=True)


def _order(message: Message) -> tuple[datetime, datetime]:
    """Return what tells which of several messages was the last."""
    return (message.send_at, message.created_at)
