"""Which message a reply answers: the last one that had gone out to its number by then.

Pure: no clock, no I/O. Never asks for a report on delivery: a message whose send time had passed had gone out, whether
or not the kit has been told so. Where there are several senders, a reply answers the one that it was sent to.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from reminder_kit.model.consent import sender_name
from reminder_kit.model.lifecycle import SENT, State
from reminder_kit.model.messages import Message
from reminder_kit.model.records import FoundMessage

__all__ = ["FAST", "Match", "in_thread", "match"]

FAST = timedelta(minutes=15)
"""How far a provider's clock may be ahead of ours, so that what it reports as sent may have a later send time."""

_OPEN_STEPS = (State.CREATING, State.CANCELLING)
_HARDLY = (State.UNKNOWN, State.ABANDONED, State.UNDELIVERED)
"""How messages stand of which nobody will ever know that they came, or which are reported not to have."""


class Match(NamedTuple):
    """What is known of the message that a reply answers."""

    #: The message; None: none is known.
    found: FoundMessage | None = None
    #: Whether more will be known of it, so that the reply is to be matched again.
    waits: bool = False


def in_thread(candidates: Sequence[FoundMessage], senders: Sequence[str]) -> Sequence[FoundMessage]:
    """Return those of some messages that came from a sender to which a reply was sent; all, where none did.

    `senders` are the names of a number and of the pool that it belongs to: what the pool sent counts only where nothing
    names the number.
    """
    for name in senders:
        if found := [one for one in candidates if sender_name(one.message.sender) == name]:
            return found
    return candidates


def match(candidates: Sequence[FoundMessage], at: datetime) -> Match:
    """Return what a reply that came `at` (UTC) answers.

    `candidates` are messages to its number, by send time, the latest first; those up to `FAST` after `at` may be among
    them. Where the last step of the latest is not settled, nobody can say yet. One of which nobody will ever know, or
    that was not delivered, counts only where no earlier one is known to have gone out for an appointment that was
    still to come: a keyword taken for the wrong appointment would keep somebody from being reminded.
    """
    doubtful: FoundMessage | None = None
    for found in candidates:
        message = found.message
        if message.send_at > at:
            continue
        if message.state in _OPEN_STEPS:
            return Match(waits=True)
        if message.state in _HARDLY:
            doubtful = doubtful or found
        elif doubtful is None or _latest_start(message) > at:
            return Match(found)
    return Match(doubtful) if doubtful else _ahead_of_us([one for one in candidates if one.message.send_at > at])


def _latest_start(message: Message) -> datetime:
    """Return the latest start (UTC) of those that a message tells of."""
    return max([message.start_at, *(included.start_at for included in message.includes)])


def _ahead_of_us(candidates: Sequence[FoundMessage]) -> Match:
    """Return the first message that is known to have gone out although its time is still to come by our clock."""
    for found in reversed(candidates):
        if found.message.state in SENT and not found.message.presumed:
            return Match(found)
    return Match(waits=any(found.message.state in (*_OPEN_STEPS, State.SCHEDULED) for found in candidates))
