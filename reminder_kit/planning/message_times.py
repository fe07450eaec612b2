"""What time allows with one message: whether it is past, may be repeated, taken back, or must be looked at.

Pure: takes `now`, reads no clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from reminder_kit.model.lifecycle import OPEN, State
from reminder_kit.model.messages import Message
from reminder_kit.model.records import (
    ReminderRecord,
    ReminderStatus,
)
from reminder_kit.planning.settings import Settings
from reminder_kit.rules.window import Window

__all__ = [
    "NEVER_SENT",
    "REFUSED_SENDER",
    "cancellable",
    "forgotten_at",
    "is_doubtful",
    "is_past",
    "needs_settling",
    "next_look",
    "replayable",
    "stale_duplicates",
]


NEVER_SENT = "never sent"
"""The `error` of a message that certainly never reached the provider and no longer fits."""


REFUSED_SENDER = "refused for its sender: "
"""How the `error` of a message begins that another sender, or account, might have been allowed."""


_GRACE = timedelta(minutes=1)
"""Telnyx sends "accurate to the minute": only after that is a parked message past."""


_KEEP_UNKNOWN = timedelta(days=1)


def is_past(message: Message, now: datetime) -> bool:
    """Say whether a parked message should have gone out by now."""
    return now >= message.send_at + _GRACE


def forgotten_at(message: Message) -> datetime:
    """Return when a message that was never confirmed matters no more: a day after its time, and after the start."""
    return max(message.send_at, message.start_at) + _KEEP_UNKNOWN


def replayable(message: Message, settings: Settings, now: datetime) -> bool:
    """Say whether the very same request may be posted (again) now.

    It must still fit the provider's window and be cancellable afterwards; where it may
    already have been carried out, the idempotency key must still live (design, §13). What
    is sent at once can't be taken back: it is decided anew instead.
    """
    settings = settings.of(message)
    window = settings.window
    fits = message.send_at >= now + window.min_lead and message.send_at > now + window.cancel_cutoff + window.margin
    if window.holds_and_sends:
        return False
    alive = settings.key_life is not None and now < message.created_at + settings.key_life
    return fits and (alive or not message.uncertain)


def cancellable(message: Message, window: Window, now: datetime) -> bool:
    """Say whether the provider still takes back a message: never within the cut-off and its margin."""
    return now < message.send_at - window.cancel_cutoff - window.margin


def next_look(outcomes: Sequence[ReminderRecord], messages: Sequence[Message]) -> datetime | None:
    """Return the earliest instant at which something is to be done although nothing changes; None: never."""
    instants = [
        outcome.park_at
        for outcome in outcomes
        if outcome.status is not ReminderStatus.PARKED and outcome.park_at is not None
    ]
    for message in messages:
        if message.state is State.SCHEDULED:
            instants.append(message.send_at + _GRACE)
        elif message.state in OPEN:
            instants.append(message.next_try_at or message.created_at)
        elif message.state is State.UNKNOWN:
            instants.append(forgotten_at(message))
    return min(instants, default=None)


def needs_settling(message: Message, now: datetime) -> bool:
    """Say whether a message's last step was left open, or its time has passed unheard."""
    if message.state is State.SCHEDULED:
        return is_past(message, now)
    if message.state is State.UNKNOWN:
        return now >= forgotten_at(message)
    return message.state in OPEN


def stale_duplicates(messages: Sequence[Message]) -> list[Message]:
    """Return the parked messages, oldest first, of whose reminder a newer one may be parked as well."""
    newest = {message.key: message.id for message in messages if message.state in OPEN}
    return [message for message in messages if message.state is State.SCHEDULED and message.id != newest[message.key]]


def is_doubtful(message: Message, now: datetime) -> bool:
    """Say whether a message may be parked without our ever having learned of it."""
    return message.state is State.UNKNOWN and message.send_at > now
