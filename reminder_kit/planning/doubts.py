"""Doubts: of which reminders a ledger that was put back to an older state can't say whether a message exists.

Pure: no clock, no I/O. Never asks anybody: a reminder in doubt is asked about before a message is made of it.

The ledger that was at work in the gap (`Restoration`) parked what entered the provider's window by its end. So a
reminder is in doubt that may have entered it by then, by its due time or the place it has now, unless

- something is known of it since: a message of it was made after the gap; or was still parked at its end, where nothing
  can have taken its place; or went out after its end, likewise; or
- it is certain that there is none: the provider lists what it has, or a person says so (`CLEARED`); or
- its appointment was booked after the gap (`Restoration.is_over_for`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from reminder_kit.model.lifecycle import OPEN, SENT, State
from reminder_kit.model.messages import Message
from reminder_kit.model.restorations import IN_GAP, Restoration
from reminder_kit.planning.message_times import CLEARED
from reminder_kit.rules.placement import Placement
from reminder_kit.rules.reminders import Reminder
from reminder_kit.rules.window import Window

__all__ = ["is_in_doubt"]

_GRACE = timedelta(minutes=5)
"""By how much the clocks of the two ledgers may differ, and how late a message may leave that is due."""


def is_in_doubt(
    reminder: Reminder, placement: Placement, messages: Iterable[Message], window: Window, gap: Restoration | None
) -> bool:
    """Say whether a message may exist of a reminder that is to be parked; `messages` are those that are known of it.

    `window` is its provider's, `gap` None: nothing lies between.
    """
    if gap is None or any(_is_known_since(message, gap) for message in messages):
        return False
    instants = [moment for moment in (reminder.due_at, placement.send_at) if moment is not None]
    reached = min(instants) - window.max_lead <= gap.at + _GRACE if instants else True
    return reached or reminder.rule.if_far == "clamp"


def _is_known_since(message: Message, gap: Restoration) -> bool:
    """Say whether what is known of a message shows that the ledger of the gap left no other one."""
    if message.error.startswith(IN_GAP):
        return False
    if message.state is State.REJECTED and message.error == CLEARED:
        return True
    if message.created_at >= gap.at or message.state in OPEN:
        return True
    return message.state in SENT and message.send_at >= gap.at
