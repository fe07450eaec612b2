"""Corrections: one more message to whom a reminder told a start that is no longer true.

Pure: no clock, no I/O. Never speaks of follow-ups, of small moves, or of what nobody was told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from hashlib import blake2b

from attrs import evolve

from reminder_kit.model.lifecycle import SENT
from reminder_kit.model.messages import Message
from reminder_kit.rules.reminders import Reminder, Rule

__all__ = ["correction_key", "corrections"]


def correction_key(key: str) -> str:
    """Return the identity of the correction of a reminder."""
    return blake2b(f"{key}\x1fcorrection".encode(), digest_size=16).hexdigest()


def corrections(
    reminders: Iterable[Reminder], messages: Mapping[str, Sequence[Message]], text: str, rearm_after: timedelta
) -> list[Reminder]:
    """Return the corrections that are due: the start last told moved by more than `rearm_after` (design, §7).

    They are late by nature, so they go out as soon as the provider and quiet hours allow,
    before the start, and give way to a reminder that goes out together with them. Each
    start is told once.
    """
    found = (
        _correction(reminder, messages, text, rearm_after) for reminder in reminders if not reminder.rule.is_follow_up
    )
    return [reminder for reminder in found if reminder is not None]


def _correction(
    reminder: Reminder, messages: Mapping[str, Sequence[Message]], text: str, rearm_after: timedelta
) -> Reminder | None:
    key = correction_key(reminder.key)
    told = [message for message in (*messages.get(reminder.key, ()), *messages.get(key, ())) if message.state in SENT]
    if not told or reminder.recipient is None:
        return None
    last = max(reversed(told), key=lambda message: (message.send_at, message.created_at))
    moved = abs(reminder.appointment.start_at - last.start_at) > rearm_after
    if not moved or last.draft.to != reminder.recipient.phone:
        return None
    rule = Rule(f"{reminder.rule.id}-correction", before="1 minute", text=text, if_late="clamp")
    return evolve(reminder, key=key, rule=rule, due_at=last.send_at, anchor_at=reminder.appointment.start_at)
