"""What time allows with one message: whether it is past, may be repeated or taken back, or must be settled.

Pure: `now` is an argument. Never asks what a message says, only when it goes out and how far it got.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import takewhile

from reminder_kit.model.lifecycle import OPEN, State
from reminder_kit.model.messages import Message
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import ReminderRecord
from reminder_kit.model.restorations import IN_GAP
from reminder_kit.planning.settings import Settings
from reminder_kit.rules.window import Window

__all__ = [
    "ASKED",
    "CLEARED",
    "NEVER_SENT",
    "OPTED_OUT",
    "REFUSED_SENDER",
    "cancellable",
    "forgotten_at",
    "is_doubtful",
    "is_past",
    "key_lives",
    "may_be_taken",
    "needs_settling",
    "next_look",
    "out_of_reach",
    "refusals_in_a_row",
    "refused_for",
    "replayable",
    "resting_until",
    "stale_duplicates",
    "still_fits",
    "texts_in_doubt",
    "why_refused",
]

NEVER_SENT = "never sent"
"""How the `error` of a message begins that the provider certainly does not have, and might take another time."""

REFUSED_SENDER = "refused for its sender: "
"""How the `error` of a message begins that the provider might have taken from another sender, or account."""

OPTED_OUT = "opted out: "
"""How the `error` of a message begins that the provider refused for a STOP: after a START it might take the same."""

_REFUSED_FOR = {Reason.INVALID_NUMBER: "can't be reached: ", Reason.OPTED_OUT: "opted out by then: "}
"""How the `error` of a message begins that was refused for good, but neither for its text nor for its media."""

ASKED = "asked by its own request, which may be a second text: "
"""How the `error` of a message begins whose request was repeated as a question, at a provider that is not known to
honour keys, and not answered either."""

CLEARED = f"{NEVER_SENT} {IN_GAP}the provider does not have it, or somebody said so"
"""The `error` of a message that may have been made in the gap of a restoration, once it is certain that it was not."""

_GRACE = timedelta(minutes=1)
"""Telnyx sends "accurate to the minute": only after that is a parked message past."""

_KEEP_UNKNOWN = timedelta(days=1)
"""How long after its send time, and after the start, an `unknown` message may still turn up."""

_LONGEST_REST = timedelta(hours=1)
"""How long a failed step is left alone at the most, whatever it met: what a provider asks for is bounded as well."""


def may_be_taken(message: Message) -> bool:
    """Say whether the provider, which certainly does not have a message, might take the same another time."""
    return message.error.startswith((NEVER_SENT, REFUSED_SENDER, OPTED_OUT))


def refused_for(reason: Reason | None, error: object) -> str:
    """Return the `error` of a message that the provider refused for good, for a reason and in the words of an error."""
    return f"{_REFUSED_FOR.get(reason, '') if reason else ''}{error}"


def why_refused(message: Message) -> tuple[Reason, str]:
    """Return for what reason, and in what words, the provider refused a message for good."""
    for reason, prefix in _REFUSED_FOR.items():
        if message.error.startswith(prefix):
            return reason, message.error.removeprefix(prefix)
    return Reason.QUARANTINED, message.error


def refusals_in_a_row(messages: Sequence[Message]) -> int:
    """Return how many of the latest messages of a reminder were refused, or came too late, for their moment.

    `messages` are those of one reminder, oldest first.
    """
    refused = (message.state is State.REJECTED and message.error == NEVER_SENT for message in reversed(messages))
    return sum(1 for _ in takewhile(bool, refused))


def is_past(message: Message, now: datetime) -> bool:
    """Say whether a parked message should have gone out by now."""
    return now >= message.send_at + _GRACE


def forgotten_at(message: Message) -> datetime:
    """Return when (UTC) a message that was never confirmed matters no more: a day after its send time and the start."""
    return max(message.send_at, message.start_at) + _KEEP_UNKNOWN


def _looked_for_at(message: Message) -> datetime:
    """Return when (UTC) a message of unknown outcome is looked for again, or forgotten."""
    forgotten = forgotten_at(message)
    return min(forgotten, message.next_try_at or forgotten)


def replayable(message: Message, settings: Settings, now: datetime) -> bool:
    """Say whether the very same request may be posted (again) at `now`.

    Its send time must still fit the provider's window, and leave time to take the message back. Where an earlier
    request may have been carried out, the provider must still know the idempotency key: it then answers from memory
    instead of sending twice. What a provider sends at once can't be taken back, so it is decided anew instead.
    """
    settings = settings.of(message)
    if settings.window.holds_and_sends:
        return False
    lives = key_lives(message, settings, now)
    return still_fits(message, settings.window, now) and (lives or not message.uncertain)


def key_lives(message: Message, settings: Settings, now: datetime) -> bool:
    """Say whether the provider still knows the idempotency key of a message; `settings` are the message's own."""
    return settings.key_life is not None and now < message.created_at + settings.key_life


def still_fits(message: Message, window: Window, now: datetime) -> bool:
    """Say whether a request that leaves at `now` fits the window, and leaves time to take the message back."""
    return message.send_at >= now + window.min_lead and cancellable(message, window, now)


def cancellable(message: Message, window: Window, now: datetime) -> bool:
    """Say whether the provider still takes a message back: until cut-off and margin before its send time."""
    return message.send_at > out_of_reach(window, now)


def out_of_reach(window: Window, now: datetime) -> datetime:
    """Return until when (UTC) messages go out whatever is done: the provider takes none of them back any more."""
    return now + window.cancel_cutoff + window.margin


def next_look(reminder_records: Sequence[ReminderRecord], messages: Sequence[Message]) -> datetime | None:
    """Return the earliest instant (UTC) at which something is to be done although nothing changes; None: never.

    `reminder_records` and `messages` are all those of one appointment.
    """
    instants = [record.park_at for record in reminder_records if record.park_at is not None]
    for message in messages:
        if message.state is State.SCHEDULED:
            past_at = message.send_at + _GRACE
            instants.append(min(past_at, message.next_try_at or past_at))
        elif message.state in OPEN:
            instants.append(message.next_try_at or message.created_at)
        elif message.state is State.UNKNOWN:
            instants.append(_looked_for_at(message))
    return min(instants, default=None)


def resting_until(message: Message, now: datetime) -> datetime | None:
    """Return until when (UTC) a message's next step is left alone; None: it is not.

    What is further ahead than any back-off was written by a clock that was ahead, and is over; but a message of unknown
    outcome, and a question about one whose time is over, wait for an instant of their own.
    """
    until = message.next_try_at
    if until is None or until <= now:
        return None
    own = message.state is State.UNKNOWN or (message.state is State.CREATING and now >= message.send_at)
    return until if own or until <= now + _LONGEST_REST else None


def needs_settling(message: Message, now: datetime) -> bool:
    """Say whether a message's last step was left open, or its time has passed without word of it.

    A parked message that waits for a look-up (`next_try_at`) was answered with anything but that it is scheduled.
    """
    if message.state is State.SCHEDULED:
        return is_past(message, now) or (message.next_try_at is not None and now >= message.next_try_at)
    if message.state is State.UNKNOWN:
        return now >= _looked_for_at(message)
    return message.state in OPEN


def may_be_settled(message: Message, settings: Settings) -> bool:
    """Say whether an open step of a message may be finished: to look one up writes to nobody."""
    return message.state in (State.SCHEDULED, State.UNKNOWN) or settings.may_write_to(message.draft.to)


def stale_duplicates(messages: Sequence[Message]) -> list[Message]:
    """Return the parked messages, oldest first, whose reminder may have a newer message parked as well.

    `messages` are those of one appointment, oldest first. Such a message was thought lost, and turned up later.
    """
    newest = {message.key: message.id for message in messages if message.state in OPEN}
    return [message for message in messages if message.state is State.SCHEDULED and message.id != newest[message.key]]


def is_doubtful(message: Message, now: datetime) -> bool:
    """Say whether a message may be out, or go out, although the provider never confirmed it: until the start."""
    return message.state is State.UNKNOWN and now < max(message.send_at, message.start_at)


def texts_in_doubt(message: Message) -> int:
    """Return how many texts may exist of a message that was never confirmed.

    Of one that another ledger may have made nobody knows: none follows it but by a person's word.
    """
    return 2 if message.error.startswith((ASKED, IN_GAP)) else 1
