"""Former keys: what numbers were told of an appointment when they were another recipient's, or by another key.

Pure: no clock, no I/O. A host that gives its recipients ids, or whose people exchange numbers, has told nobody less.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from reminder_kit.model.lifecycle import SENT
from reminder_kit.model.messages import Message
from reminder_kit.planning.correction import correction_id
from reminder_kit.planning.observed import Observed
from reminder_kit.rules.reminders import Reminder

__all__ = ["told_formerly", "told_others"]


def told_others(observed: Observed) -> frozenset[str]:
    """Return the keys of reminders that went out to a number which is not their recipient's by now.

    Of several recipients with one number it is the first one's, who is told for all of them.
    """
    if observed.appointment is None:
        return frozenset()
    reached: dict[str, str] = {}
    for one in observed.appointment.recipients:
        for address in one.addresses:
            reached.setdefault(address, one.key)
    return frozenset(
        key
        for key, record in observed.outcomes.items()
        for message in observed.messages.get(key, ())
        if message.state in SENT and reached.get(message.draft.to) != record.recipient
    )


def told_formerly(
    reminders: Iterable[Reminder], messages: Mapping[str, Sequence[Message]], observed: Observed
) -> dict[str, list[Message]]:
    """Return, by key, what numbers were told by these reminders' rules, and corrections, before they were theirs.

    `messages` are by key. Only of reminders that told their number nothing themselves.
    """
    former = told_others(observed)
    found: dict[str, list[Message]] = {}
    for reminder in reminders if former else ():
        rules = (reminder.rule.id, correction_id(reminder.rule.id))
        told = [
            message
            for key in former
            if observed.outcomes[key].rule in rules
            for message in messages.get(key, ())
            if message.state in SENT and message.draft.to == reminder.to
        ]
        own = messages.get(reminder.key, ())
        if told and not any(message.state in SENT and message.draft.to == reminder.to for message in own):
            found[reminder.key] = [*own, *sorted(told, key=lambda message: (message.send_at, message.created_at))]
    return found
