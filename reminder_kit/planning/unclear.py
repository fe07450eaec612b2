"""Unclear: reminders to a number with a reply that may ask for no more messages wait until somebody has seen that.

Pure: values only. Never skips anything for it while there is still time: what could be sent or stay parked is held, and
is sent once the reply was seen. What waited until its time was over is skipped, and named for what it waited for.
"""

from __future__ import annotations

from reminder_kit.model.consent import Suppression
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import ReminderRecord
from reminder_kit.rules.placement import Placement, PlacementDecision, over_at
from reminder_kit.rules.reminders import Reminder

__all__ = ["held_back", "waited_too_long"]

_TIMELY = (Reason.TOO_LATE, Reason.PAST, Reason.QUIET_HOURS)
"""Why time leaves no message for a reminder."""


def held_back(reminder: Reminder, suppression: Suppression | None, placement: Placement | None) -> Placement | None:
    """Return the placement of a reminder that must wait since its number is unclear; None: it need not.

    `placement` is that of its new message; None: its parked message is kept. What waits for its window goes on to.
    """
    if suppression is None or not suppression.holds:
        return None
    if placement is not None and placement.decision is not PlacementDecision.SEND:
        return None
    steps = placement.steps if placement is not None else ()
    return Placement(
        PlacementDecision.HOLD, Reason.UNCLEAR_REPLY, None, over_at(reminder), (*steps, (suppression.said,))
    )


def waited_too_long(placement: Placement | None, record: ReminderRecord | None) -> Placement | None:
    """Return the placement of a reminder whose time went by while it waited for an unclear reply; None: it did not.

    `record` is what the ledger keeps of it.
    """
    if placement is None or record is None or record.reason != Reason.UNCLEAR_REPLY:
        return None
    if placement.decision is not PlacementDecision.SKIP or placement.reason not in _TIMELY:
        return None
    return Placement(PlacementDecision.SKIP, Reason.UNCLEAR_REPLY, None, None, placement.steps)
