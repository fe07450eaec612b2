"""Corrections: one more reminder for a person to whom a message named a start that is no longer true.

Pure: no clock, no I/O. Never made for follow-ups, for moves up to `rearm_after`, or where no message went out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import NamedTuple

from attrs import evolve

from reminder_kit.model.instants import whole_seconds
from reminder_kit.model.lifecycle import OPEN, SENT, State
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


class _Told(NamedTuple):
    """A reminder whose person was told a start by it, or by its correction."""

    reminder: Reminder
    #: The last message that told one.
    last: Message
    #: Whether that is its correction.
    is_corrected: bool
    #: Whether a correction of it is parked.
    is_parked: bool


def corrections(
    reminders: Iterable[Reminder],
    messages: Mapping[str, Sequence[Message]],
    observed: Observed,
    notice: Notice,
    rearm_after: timedelta,
    now: datetime,
) -> list[Reminder]:
    """Return the corrections that are due, of all these reminders: at most one for each number.

    One is due where the start moved by more than `rearm_after` (elapsed time) from the one that the latest message
    named. `messages` are those of reminders and their corrections, by key. A correction is late by nature: it goes out
    as soon as the provider and quiet hours allow, or so long after the change as the notice says, before the start, and
    gives way to a reminder that goes out together with it. Each start is corrected once, whatever number of rules told
    the old one.
    """
    told: dict[str, list[_Told]] = {}
    for reminder in reminders:
        if (one := _told(reminder, messages)) is not None:
            told.setdefault(reminder.to, []).append(one)
    wrong = [one for several in told.values() if (one := _wrong(several, rearm_after)) is not None]
    return [_due(one, observed, notice, now) for one in wrong]


def _told(reminder: Reminder, messages: Mapping[str, Sequence[Message]]) -> _Told | None:
    """Return what a reminder's person was told last by it or its correction; None: nothing, or at another number."""
    if reminder.recipient is None or reminder.rule.is_follow_up:
        return None
    corrected = messages.get(correction_key(reminder.key), ())
    sent = [message for message in (*messages.get(reminder.key, ()), *corrected) if message.state in SENT]
    last = max(reversed(sent), key=_order, default=None)
    if last is None or last.draft.to != reminder.to:
        return None
    return _Told(reminder, last, last in corrected, any(message.state in OPEN for message in corrected))


def _wrong(several: Sequence[_Told], rearm_after: timedelta) -> _Told | None:
    """Return of what one number was told the one to be corrected; None: the last that it was told is true.

    A correction that is parked stays, so that it is neither made anew nor doubled; else that of the last is made. A
    reminder that was reported undelivered counts only where nothing else was told; a correction is tried once.
    """
    arrived = [one for one in several if one.is_corrected or one.last.state is not State.UNDELIVERED]
    if not _is_wrong(max(arrived or several, key=_rank), rearm_after):
        return None
    return max((one for one in several if _is_wrong(one, rearm_after)), key=_rank_to_correct)


def _is_wrong(told: _Told, rearm_after: timedelta) -> bool:
    return abs(told.reminder.appointment.start_at - told.last.start_at) > rearm_after


def _rank(told: _Told) -> tuple[datetime, datetime, str]:
    """Return what tells what a number was told last; of one instant, the key."""
    return (*_order(told.last), told.reminder.key)


def _rank_to_correct(told: _Told) -> tuple[bool, bool, tuple[datetime, datetime, str]]:
    """Return what tells which to correct: one that may be sent, that is parked, and that was told last."""
    return (told.reminder.refusal is None, told.is_parked, _rank(told))


def _due(told: _Told, observed: Observed, notice: Notice, now: datetime) -> Reminder:
    key = correction_key(told.reminder.key)
    due_at = due_after(key, observed, notice.after, now) if notice.after else told.last.send_at
    return _correction_of(told.reminder, notice, due_at)


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
    """Return the correction of a reminder, due at `due_at` (UTC): by its rule's clock, and with its `empty`."""
    base = reminder.rule
    rule = Rule(
        correction_id(base.id),
        before="1 minute",
        text=notice.text,
        if_late="clamp",
        shift="later",
        clock=base.clock,
        empty=base.empty,
    )
    key, anchor_at = correction_key(reminder.key), reminder.appointment.start_at
    return evolve(reminder, key=key, rule=rule, due_at=due_at, anchor_at=anchor_at, is_notice=True)


def _order(message: Message) -> tuple[datetime, datetime]:
    """Return what tells which of several messages was the last."""
    return (message.send_at, message.created_at)
