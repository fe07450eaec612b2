"""Bookings and changes: whether a rule that is counted from one has anything to speak of.

Pure: `now` is an argument. Never asks whether it was booked at all: a reminder without that is refused already.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from attrs import evolve

from reminder_kit.model.reasons import Reason
from reminder_kit.rules.placement import Placement, PlacementDecision
from reminder_kit.rules.reminders import BOOKING, CHANGE, Reminder

__all__ = ["FRESH", "refused_as_old", "unchanged"]

FRESH = timedelta(hours=1)
"""How old a booking may be as it comes in: whoever is written to later knows of it, and a first import has them all."""


def unchanged(reminder: Reminder, known: datetime | None = None) -> Reminder:
    """Return a reminder that is counted from a change as refused, since its start did not move; any other as it is.

    `known` is the start (UTC) from which a move is measured; None: the one that it has. It stands in for the due time.
    """
    if reminder.rule.anchor != CHANGE:
        return reminder
    due_at = known or reminder.appointment.start_at
    if reminder.refusal is not None:
        return evolve(reminder, due_at=due_at)
    return evolve(reminder, due_at=due_at, refusal=Reason.CONDITION, detail="after_change: its start did not move")


def refused_as_old(reminder: Reminder, now: datetime) -> Placement | None:
    """Return the placement of a reminder that comes in at `now`, too long after its booking; None: it does not."""
    if reminder.rule.anchor != BOOKING or reminder.refusal is not None or now - reminder.counted_from_at <= FRESH:
        return None
    step = ("booked at {}, more than {} before it came in", reminder.counted_from_at, FRESH)
    return Placement(PlacementDecision.SKIP, Reason.TOO_LATE, steps=(step,))
