"""Fallbacks: one more message, through another sender, for a reminder of which the own message did not arrive.

Pure: no clock, no I/O. Never speaks of corrections, nor of what no other sender could change (an opt-out, a landline).

- A fallback is a `Reminder` derived from another one and its messages, as a correction is: with a key of its own
  (a digest of the other's), the rule id `<rule>-fallback`, and `instead`, which says what it stands in for.
- From there on it is a reminder like any other: placed, rendered, parked with its intent first, settled, withdrawn
  when its reminder is refused, moved or gone. `Settings.of` and `Couriers.of` say whose it, or a message, is.
- It is due where all that went out for this start and number is `undelivered`, no code says that the number itself is
  at fault, and nothing is parked; or where the sender was refused when parking (`REFUSED_SENDER`), at the usual time.
- It is late by nature: as soon as window and quiet hours allow, up to `min_notice` before the start. A follow-up waits
  as long as a late one does, and `skip_after` bounds it where the rule has one.
- It is one for each start: what went out under its key is never sent again for (nearly) the same start, and a
  fallback whose answer is lost is never doubled, whatever `unknown_outcome` says. It has no fallback itself.
- While it has spoken, or stands in for a refused sender, its reminder is not parked again through the first one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b

from attrs import evolve

from reminder_kit.model.instants import iso
from reminder_kit.model.lifecycle import OPEN, SENT, State
from reminder_kit.model.messages import Message
from reminder_kit.model.reasons import Reason
from reminder_kit.planning.message_times import REFUSED_SENDER
from reminder_kit.planning.settings import Settings
from reminder_kit.rules.late_policy import LatePolicy
from reminder_kit.rules.placement import FOLLOW_UP_PATIENCE
from reminder_kit.rules.reminders import Reminder
from reminder_kit.rules.rule import Rule

__all__ = ["fallback_id", "fallback_key", "fallback_rule", "with_fallbacks"]


def fallback_key(key: str) -> str:
    """Return the identity of the fallback of a reminder."""
    return blake2b(f"{key}\x1ffallback".encode(), digest_size=16).hexdigest()


def fallback_id(rule_id: str) -> str:
    """Return what the fallback of a rule's reminders is called in plans, reports and history."""
    return f"{rule_id}-fallback"


def fallback_rule(rule: Rule, *, late: bool) -> Rule:
    """Return the rule of a fallback: the same, but for its id and, where the time is over, for what it says of that."""
    if not late:
        return rule.derived(fallback_id(rule.id))
    policy = LatePolicy("clamp", _patience(rule), stated=True)
    return rule.derived(fallback_id(rule.id), if_late=policy, spread=timedelta(0))


def _patience(rule: Rule) -> timedelta | None:
    """Return how late a fallback may be; None: until the start forbids it."""
    said = rule.if_late
    if said.within is not None:
        return said.within
    clamps = said.stated and said.policy != "skip"
    return FOLLOW_UP_PATIENCE if rule.is_follow_up and not clamps else None


def with_fallbacks(
    reminders: Iterable[Reminder], messages: Mapping[str, Sequence[Message]], settings: Settings
) -> list[Reminder]:
    """Return the reminders, refused where a fallback stands in for them for good, and then the fallbacks."""
    wanted = list(reminders)
    if settings.fallback is None:
        return wanted
    found = [_pair(reminder, messages, settings) for reminder in wanted if reminder.recipient is not None]
    taken = {own.key: own for own, _ in found}
    return [taken.get(reminder.key, reminder) for reminder in wanted] + [
        spare for _, spare in found if spare is not None
    ]


def _pair(
    reminder: Reminder, messages: Mapping[str, Sequence[Message]], settings: Settings
) -> tuple[Reminder, Reminder | None]:
    """Return a reminder as it is wanted now, and its fallback if that is due."""
    every, key = messages.get(reminder.key, ()), fallback_key(reminder.key)
    own = [message for message in every if _is_for(message, reminder, settings)]
    others = [message for message in messages.get(key, ()) if _is_for(message, reminder, settings)]
    gone = [message for message in own if message.state in SENT]
    if told := [message for message in others if message.state in SENT]:
        refused = reminder if gone else _left(reminder, Reason.ALREADY_SENT)
        return refused, _derived(reminder, "a message that was not delivered", told[-1].due_at)
    if any(message.state in OPEN for message in every):
        return reminder, None
    if gone:
        last = max(gone, key=lambda message: message.send_at)
        return reminder, _instead_of(reminder, last) if all(_failed(message, settings) for message in gone) else None
    refusals = [
        message for message in own if message.state is State.REJECTED and message.error.startswith(REFUSED_SENDER)
    ]
    stands = any(message.state in OPEN for message in others)
    if refusals and (stands or _is_of(refusals[-1], settings)):
        spare = _derived(reminder, "a message that was refused for its sender", reminder.due_at, late=False)
        return _left(reminder, Reason.QUARANTINED), spare
    return reminder, None


def _is_for(message: Message, reminder: Reminder, settings: Settings) -> bool:
    """Say whether a message was made for (nearly) this start and for this number."""
    near = abs(reminder.appointment.start_at - message.start_at) <= settings.rearm_after
    return near and reminder.recipient is not None and message.draft.to == reminder.recipient.phone


def _is_of(message: Message, settings: Settings) -> bool:
    return (message.provider, message.sender) == (settings.provider, settings.sender)


def _failed(message: Message, settings: Settings) -> bool:
    """Say whether a message certainly did not arrive, and another sender might fare better."""
    if message.state is not State.UNDELIVERED or (settings.fallback and _is_of(message, settings.fallback)):
        return False
    return message.error.partition(" ")[0] not in settings.permanent_codes.get(message.provider, ())


def _left(reminder: Reminder, reason: Reason) -> Reminder:
    """Return a reminder that its fallback takes care of."""
    if reminder.refusal is not None:
        return reminder
    return evolve(reminder, refusal=reason, detail="its fallback takes care of it")


def _instead_of(reminder: Reminder, last: Message) -> Reminder:
    code = f" ({last.error})" if last.error else ""
    return _derived(reminder, f"the message of {iso(last.send_at)}, which was not delivered{code}", last.send_at)


def _derived(reminder: Reminder, what: str, due_at: datetime | None, *, late: bool = True) -> Reminder:
    return evolve(
        reminder,
        key=fallback_key(reminder.key),
        rule=fallback_rule(reminder.rule, late=late),
        due_at=due_at,
        instead=f"instead of {what}",
    )
