"""A decision: what is to be done for one reminder. The plan's line and the ledger's line are derived from it.

Pure: no clock, no I/O. Never carries anything out, and never says what came of it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cached_property

from attrs import evolve, field, frozen

from reminder_kit.model.blockers import Blocker
from reminder_kit.model.messages import Draft, Included, Message
from reminder_kit.model.phones import masked
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import Identity, ReminderRecord, ReminderStatus
from reminder_kit.model.values import value
from reminder_kit.planning.changes import Change, ChangeKind
from reminder_kit.rules.placement import Placement
from reminder_kit.rules.reminders import Reminder

__all__ = ["Decision", "Doubt"]

_UNSHOWN = (ChangeKind.HOLD, ChangeKind.SKIP)
"""Kinds of changes after which nothing goes out; a line of a plan shows neither time nor text for them."""


@frozen
class Doubt:
    """A message that may exist: it is asked for before another one is made."""

    #: Since when (UTC) it may have been made.
    since: datetime
    #: What it would say, and when it would go out.
    draft: Draft


@value
class Decision:
    """What is to be done for one reminder, and all that is needed to do it. Instants are UTC."""

    #: The appointment the reminder is of.
    identity: Identity
    #: The reminder's key.
    key: str
    #: The id of the rule it is by; "" where only its message is known.
    rule: str
    #: The recipient's key; "" where the appointment has no recipient.
    recipient: str = field(repr=lambda key: repr(masked(key)))
    #: The recipient's number as it is now, "" where there is none.
    number: str = field(repr=lambda number: repr(masked(number)))
    #: When the reminder is due by its rule; None where that can't be said any more.
    due_at: datetime | None
    #: What is to be done.
    kind: ChangeKind
    #: Why, as a code.
    reason: Reason
    #: What has become of the reminder once that is done, as the ledger keeps it.
    status: ReminderStatus
    #: Why, as the ledger keeps it: a kept message keeps the reason for which it was parked. "": the same as `reason`.
    recorded_reason: str = ""
    #: Why a parked message is touched, in the order of `changes.CAUSES`; empty: it is not.
    causes: tuple[str, ...] = ()
    #: Whether its text goes by another clock than the reader's now, as all once did (`Change.reworded`).
    reworded: bool = False
    #: When the reminder is to be decided again although nothing changes; None: not before something does.
    park_at: datetime | None = None
    #: Whether the ledger notes that the reminder's old message was taken back for a new one that is still to come.
    replacing: bool = False
    #: Why the text can't be written, or why there is nothing to send; "" where all is well.
    error: str = ""
    #: The name of the blocker for which nothing new is parked now; "": none stops it.
    blocker: str = ""
    #: The recipient's zone, "" where nothing is to be said to anybody.
    zone: str = ""
    #: The wanted reminder; None where it is only recorded, and no rule or recipient wants it any more.
    reminder: Reminder | None = None
    #: Where a new message goes; None where none is placed.
    placement: Placement | None = None
    #: What is to be parked; None: nothing new.
    draft: Draft | None = field(default=None, repr=False)
    #: The message that is, or may be, parked for the reminder now; None: none is.
    message: Message | None = None
    #: Whether the parked message is taken over for the reminder as it is now, without writing to the provider.
    adopt: bool = False
    #: Whether the placement stands in for a message that is, or was, taken back or lost.
    replaces: bool = False
    #: Reminders of other appointments that the message speaks of as well.
    includes: tuple[Reminder, ...] = field(default=(), repr=False)
    #: How long before, and how long after, the draft's send time nothing else may go out to its number.
    clearance: tuple[timedelta, timedelta] = (timedelta(0), timedelta(0))
    #: What other appointments have to do with the reminder, in words for `explain`.
    notes: tuple[str, ...] = ()
    #: The keys of all reminders of its appointment: what these say is not said by another record of the same visit.
    siblings: frozenset[str] = field(default=frozenset(), repr=False)
    #: The message that a ledger which is lost may have made of the reminder; None: it certainly made none.
    doubt: Doubt | None = field(default=None, repr=False)

    @cached_property
    def change(self) -> Change:
        """The decision as a line of a plan, the same each time it is asked for."""
        return self.line()

    def line(self) -> Change:
        """Return the decision as a line of a plan, made anew: most are asked for once."""
        shown = None if self.kind in _UNSHOWN else self.draft or (self.message.draft if self.message else None)
        return Change(
            self.kind,
            self.identity,
            self.key,
            self.rule,
            self.recipient,
            shown.to if shown else self.number or None,
            self.due_at,
            shown.send_at if shown else None,
            self.reason,
            shown.text if shown else None,
            causes=self.causes,
            reworded=self.reworded,
            was_at=self.message.send_at if self.message else None,
            message_id=self.message.provider_id if self.message else None,
            error=self.error or None,
            zone=self.zone,
        )

    @cached_property
    def record(self) -> ReminderRecord:
        """What the ledger keeps of the reminder once the decision is carried out."""
        parked = self.message if self.status is ReminderStatus.PARKED else None
        draft = self.draft or (parked.draft if parked else None)
        return ReminderRecord(
            key=self.key,
            rule=self.rule,
            recipient=self.recipient,
            to=self.number,
            status=self.status,
            reason=self.recorded_reason or self.reason.value,
            due_at=self.due_at,
            send_at=draft.send_at if draft else None,
            park_at=self.park_at,
            replacing=self.replacing,
            error=self.error,
            blocker=self.blocker,
        )

    @property
    def included(self) -> tuple[Included, ...]:
        """The reminders of other appointments that the message speaks of, as the ledger keeps them."""
        return tuple(Included(reminder.key, reminder.appointment.start_at) for reminder in self.includes)

    @property
    def start_at(self) -> datetime:
        """The start (UTC) that a message is parked or adopted for; only decisions with a `reminder` have one."""
        assert self.reminder is not None  # noqa: S101 - nothing else is parked or adopted
        return self.reminder.appointment.start_at

    def waiting_for(self, blocker: Blocker) -> Decision:
        """Return the decision as one to hold until a message may be tried again that this blocker stops."""
        replacing = self.replaces or self.replacing
        waiting = self.unsent(blocker.reason, blocker.next_try_at, error=blocker.error, replacing=replacing)
        return evolve(waiting, blocker=blocker.name)

    def unsent(
        self, reason: Reason, park_at: datetime | None = None, *, error: str = "", replacing: bool = False
    ) -> Decision:
        """Return the decision as one after which nothing goes out for now.

        The reminder is held until `park_at` (UTC); None: it is skipped. `error` "" leaves the error as it is.
        """
        held = park_at is not None
        return evolve(
            self,
            kind=ChangeKind.HOLD if held else ChangeKind.SKIP,
            status=ReminderStatus.HELD if held else ReminderStatus.SKIPPED,
            reason=reason,
            park_at=park_at,
            draft=None,
            error=error or self.error,
            blocker="",
            replacing=replacing,
        )
