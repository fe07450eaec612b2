"""Once more: a reminder that went out is sent again, because a person said so.

Pure: no clock, no I/O. Never made by itself: the ledger's record of a reminder under one of these keys is the wish.

What is sent again is a reminder like any other, derived as a fallback is, with a key and a rule id of its own
(`<rule>-again`, `<rule>-again-2`, …): placed within window and quiet hours, before the start, to nobody who is barred,
in words that are true as it goes out; and once for each wish.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from hashlib import blake2b

from attrs import evolve

from reminder_kit.model.lifecycle import OPEN, SENT, State
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import ReminderRecord, ReminderStatus
from reminder_kit.planning.observed import Observed
from reminder_kit.rules.late_policy import LatePolicy
from reminder_kit.rules.reminders import Reminder
from reminder_kit.rules.rule import Rule

__all__ = ["again_id", "again_key", "refusal", "sent_again", "wish"]


def again_key(key: str, number: int) -> str:
    """Return the key of what is sent again, for the first time or the `number`th, of the reminder with this key."""
    return blake2b(f"{key}\x1fagain {number}".encode(), digest_size=16).hexdigest()


def again_id(rule_id: str, number: int) -> str:
    """Return the rule id under which plans, reports and history name what is sent again."""
    return f"{rule_id}-again" if number == 1 else f"{rule_id}-again-{number}"


def sent_again(reminders: Iterable[Reminder], observed: Observed) -> list[Reminder]:
    """Return what is wished to be sent again of these reminders, each time it was."""
    return [found for reminder in reminders for found in _wished(reminder, observed)]


def _wished(reminder: Reminder, observed: Observed) -> Iterator[Reminder]:
    number = 1
    while (record := observed.outcomes.get(key := again_key(reminder.key, number))) is not None:
        refusal = None if reminder.refusal is Reason.CONDITION else reminder.refusal  # a person decided
        rule = _rule(reminder.rule, number)
        yield evolve(reminder, key=key, rule=rule, due_at=record.due_at, refusal=refusal)
        number += 1


def _rule(rule: Rule, number: int) -> Rule:
    """Return the rule of what is sent again: late by nature, and by itself."""
    late = LatePolicy("clamp", None, stated=True)
    return rule.derived(again_id(rule.id, number), if_late=late, spread=timedelta(0), together="")


def refusal(reminder: Reminder, observed: Observed, now: datetime) -> str:
    """Return in words why a reminder can't be sent again at `now` (UTC); "": it can."""
    if reminder.refusal is not None and reminder.refusal is not Reason.CONDITION:
        return f"nothing goes to this person ({reminder.refusal})"
    if not reminder.rule.is_follow_up and reminder.appointment.start_at <= now:
        return "the appointment has begun"
    keys = [reminder.key, *(found.key for found in _wished(reminder, observed))]
    messages = [message for key in keys for message in observed.messages.get(key, ())]
    if any(message.state in OPEN for message in messages):
        return "a message of it is parked: it goes out by itself"
    if any(message.state is State.UNKNOWN for message in messages):
        return "a message of it may have gone out: ask the person, or `retry` it"
    if any(observed.outcomes[key].status is ReminderStatus.HELD for key in keys if key in observed.outcomes):
        return "it waits, and goes out by itself"
    told = any(message.state in SENT for message in messages) or _was_told_with_others(reminder, observed)
    return "" if told else "nothing of it has gone out yet"


def _was_told_with_others(reminder: Reminder, observed: Observed) -> bool:
    """Say whether a message of another reminder spoke of this one, and went out."""
    record = observed.outcomes.get(reminder.key)
    return record is not None and record.reason == Reason.ALREADY_SENT


def wish(reminder: Reminder, observed: Observed, now: datetime) -> ReminderRecord:
    """Return the record by which a reminder is sent once more, as soon as it may be after `now` (UTC)."""
    number = sum(1 for _ in _wished(reminder, observed)) + 1
    who = reminder.recipient
    return ReminderRecord(
        key=again_key(reminder.key, number),
        rule=again_id(reminder.rule.id, number),
        recipient=who.key if who else "",
        to=reminder.to,
        status=ReminderStatus.HELD,
        reason=Reason.CLAMPED_LATE,
        due_at=now,
        park_at=now,
    )
