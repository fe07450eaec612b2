"""What is to be done for one reminder, and all that is needed to do it.

Pure: no clock, no I/O.
"""

from __future__ import annotations

from datetime import timedelta

from attrs import field, frozen

from reminder_kit.model.messages import Draft, Included, Message
from reminder_kit.model.records import ReminderRecord
from reminder_kit.planning.changes import Change
from reminder_kit.rules.placement import Placement
from reminder_kit.rules.reminders import Reminder

__all__ = ["Decision"]


@frozen
class Decision:
    """What is to be done for one reminder, and all that is needed to do it.

    `message` is the one that is, or may be, parked now; `draft` is what is to be parked,
    `replaces` says that it was placed in the stead of one withdrawn, `others` what
    reminders of other appointments it tells as well. `outcome` is what the ledger says once it is done.
    From `apart[0]` before the draft's send time to `apart[1]` after it nothing else goes
    out to its number, or it is decided anew. `notes` are what other appointments have to do with it.
    """

    change: Change
    outcome: ReminderRecord
    reminder: Reminder | None = None
    placement: Placement | None = None
    draft: Draft | None = field(default=None, repr=False)
    message: Message | None = None
    adopt: bool = False
    replaces: bool = False
    includes: tuple[Reminder, ...] = field(default=(), repr=False)
    clearance: tuple[timedelta, timedelta] = (timedelta(0), timedelta(0))
    notes: tuple[str, ...] = ()

    @property
    def included(self) -> tuple[Included, ...]:
        """What its message tells of other appointments, as the ledger keeps it."""
        return tuple(Included(reminder.key, reminder.appointment.start_at) for reminder in self.includes)
