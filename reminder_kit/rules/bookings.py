"""Bookings: whether an appointment came in soon enough after it was booked for a rule to speak of that.

Pure: `now` is an argument. Never asks whether it was booked at all: a reminder without that is refused already.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from reminder_kit.model.reasons import Reason
from reminder_kit.rules.placement import Placement, PlacementDecision
from reminder_kit.rules.reminders import BOOKING, Reminder

__all__ = ["FRESH", "refused_as_old"]

FRESH = timedelta(hours=1)
"""How old a booking may be as it comes in: whoever is written to later knows of it, and a first import has them all."""


def refused_as_old(reminder: Reminder, now: datetime) -> Placement | None:
    """Return the placement of a reminder that comes in at `now`, too long after its booking; None: it does not."""
    if reminder.rule.anchor != BOOKING or reminder.refusal is not None or now - reminder.counted_from_at <= FRESH:
        return None
    step = ("booked at {}, more than {} before it came in", reminder.counted_from_at, FRESH)
    return Placement(PlacementDecision.SKIP, Reason.TOO_LATE, steps=(step,))
