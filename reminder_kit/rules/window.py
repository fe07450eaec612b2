"""The window of a provider: how far ahead it takes messages, and until when it gives them back.

Pure: no clock, no I/O. Never depends on a wall clock: all lengths are elapsed time.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cached_property

from attrs import frozen

from reminder_kit.errors import InvalidInputError
from reminder_kit.model.instants import whole_seconds
from reminder_kit.rules.offsets import in_words

__all__ = ["Window"]

_NONE = timedelta(0)


@frozen(cache_hash=True)
class Window:
    """How far ahead a provider takes messages, and until when before their time it gives them back.

    `Window(timedelta(0), timedelta(0), timedelta(0))` is a provider that cannot schedule: we hold each message, and
    send it when it is due.
    Raises `InvalidInputError` for negative lengths, and where the margins leave nothing between the edges.
    """

    #: How far ahead of now a message's time must be at least (elapsed time, as all of these).
    min_lead: timedelta
    #: How far ahead it may be at the most; zero, with `min_lead` zero: the provider cannot schedule.
    max_lead: timedelta
    #: How long before its time a parked message can no longer be withdrawn.
    cancel_cutoff: timedelta
    #: How far we keep from all three edges, for the time a request takes and for clocks that differ.
    margin: timedelta = timedelta(seconds=30)

    def __attrs_post_init__(self) -> None:
        if min(self.min_lead, self.max_lead, self.cancel_cutoff, self.margin) < _NONE:
            raise InvalidInputError("a provider's window has a negative length: give all four as zero or more")
        if not self.holds_and_sends and self.max_lead - self.margin < self.min_lead + self.margin:
            raise InvalidInputError(
                f"a provider's window of {in_words(self.min_lead)} to {in_words(self.max_lead)} ahead leaves no room "
                f"between its margins of {in_words(self.margin)}: lengthen max_lead (schedule_ahead)"
            )

    @cached_property
    def holds_and_sends(self) -> bool:
        """Whether the provider cannot schedule, so that we hold each message and send it when it is due."""
        return self.max_lead == _NONE and self.min_lead == _NONE

    def opens(self, now: datetime) -> datetime:
        """Return the earliest send time, in whole seconds, that the provider takes at `now`."""
        return whole_seconds(now if self.holds_and_sends else now + self.min_lead + self.margin, up=True)

    def closes(self, now: datetime) -> datetime:
        """Return the latest send time, in whole seconds, that the provider takes at `now`."""
        if self.holds_and_sends:
            return self.opens(now)
        return whole_seconds(now + self.max_lead - self.margin)

    def enters(self, send_at: datetime) -> datetime:
        """Return the instant from which on the provider takes a message for `send_at`."""
        return send_at if self.holds_and_sends else send_at - self.max_lead + self.margin
