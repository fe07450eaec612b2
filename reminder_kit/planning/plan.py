"""A plan: ordered changes with a digest, and the guard that refuses a plan which takes away too much.

Pure: no clock, no I/O. Never carried out here: that is the reconciler's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Any

from attrs import evolve, field, frozen

from reminder_kit.errors import UnsafePlanError
from reminder_kit.model.as_of import Written
from reminder_kit.model.instants import iso
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import Identity, Incoming
from reminder_kit.model.restorations import Restoration
from reminder_kit.model.rule_sets import Bid, Standing
from reminder_kit.planning.changes import Change, ChangeKind, PassedOver, document, printed, summarise

__all__ = ["Guard", "Plan", "Worklist"]


@frozen
class Guard:
    """How much one plan may take away or touch before a person must look at it."""

    #: Which part of the parked messages a plan may take back or move noticeably, from 0 to 1.
    max_cancel_ratio: float = 0.5
    #: How many changes that write to the provider a plan may have; None: any number.
    max_changes: int | None = None
    #: How many people one plan may newly tell that their appointments are cancelled (`cancellation`).
    max_cancellations: int = 10
    #: How many messages must be parked for the ratio to count at all.
    from_parked: int = 10
    #: Has no effect: which sync is too small for the ratio is not up to the host.
    small: int = 20

    def is_too_much(self, going: int, parked: int) -> bool:
        """Say whether so many of the messages that are parked are more than one plan may take back or move."""
        return parked >= self.from_parked and going > self.max_cancel_ratio * parked


@frozen
class Worklist:
    """What whoever carries a plan out needs besides its changes; not for hosts."""

    #: The appointments to be recorded first.
    all_incoming: tuple[Incoming, ...] = field(default=(), repr=False)
    #: The appointments to be marked as removed in the same transaction.
    removals: tuple[Identity, ...] = field(default=(), repr=False)
    #: The appointments to be worked on, those with the soonest send times first.
    order: tuple[Identity, ...] = field(default=(), repr=False)
    #: The keys of reminders for which the provider has no room.
    held_back: frozenset[str] = field(default=frozenset(), repr=False)
    #: The keys of reminders that are tried before others are, by the name of the blocker that stops them all; and of
    #: which appointments they are.
    probes: Mapping[str, str] = field(factory=dict, repr=False)
    probing: tuple[Identity, ...] = field(default=(), repr=False)
    #: Recorded appointments that come in under another identity: the old one and the new one of each.
    takeovers: tuple[tuple[Identity, Identity], ...] = field(default=(), repr=False)
    #: How those of the removals were read that are withdrawn for their absence: where one was written since, it stays.
    seen: Mapping[Identity, Written] = field(factory=dict, repr=False)
    #: When what came in was read, UTC, so that a newer snapshot may overtake what it lacks; None: nothing did.
    seen_at: datetime | None = None
    #: The source that came in completely, and when it was read, UTC, to be noted once the plan is carried out; None:
    #: none did, or nobody knows.
    snapshot: tuple[str, datetime] | None = None
    #: What was recorded later than this, UTC, is not overwritten by what says nothing of its own time; None: it is.
    as_of: datetime | None = None
    #: By which rules the run asks to work; None: nobody is asked.
    bid: Bid | None = None
    #: What it may do with them.
    standing: Standing = Standing.SERVES
    #: Whether the ledger is to note by which rules, and where, it is worked, although nothing else is to be done.
    news: bool = False
    #: Why the ledger writes to nobody for now, in words; "": it may. Otherwise nothing is worked on.
    foreign: str = ""
    #: The sources of which all appointments came in.
    complete: tuple[str, ...] = ()
    #: That the ledger was put back to an older state; None: it never was.
    restoration: Restoration | None = None

    def only(self, chosen: Collection[Identity]) -> Worklist:
        """Return the worklist of the `chosen` appointments alone, with nothing recorded or removed."""
        order = tuple(identity for identity in self.order if identity in chosen)
        probing = tuple(identity for identity in self.probing if identity in chosen)
        return evolve(
            self, all_incoming=(), removals=(), takeovers=(), seen={}, snapshot=None, order=order, probing=probing
        )


@frozen
class Plan:
    """What a run would do: ordered changes, printable, with a digest and a guard."""

    #: The instant it was made for, UTC.
    now: datetime
    #: The verb that made it: "sync", "import", "resync", "withdraw" or "suppress".
    actor: str
    #: What is to be done for each reminder, appointment by appointment.
    changes: tuple[Change, ...] = field(repr=False)
    #: How many appointments were looked at.
    appointments: int = 0
    #: What else there is, which stands; counted in `summary`.
    passed_over: PassedOver = field(default=PassedOver(), repr=False)
    #: How many messages were parked in the plan's scope before it; 0 where it takes none back.
    parked: int = 0
    #: Whether the guard's ratio applies.
    guarded: bool = True
    #: How many people it newly tells that their appointments are cancelled.
    cancellations: int = 0
    #: How much the plan may take away or touch.
    guard: Guard = Guard()
    #: How many new messages it parks for numbers and starts that are told, or parked, under another id already.
    again: int = 0
    #: The numbers that are suppressed: messages taken back for them don't count for the guard.
    barred: frozenset[str] = field(default=frozenset(), repr=False)
    #: Why nothing may be withdrawn although the input asks for it (a feed that broke off); None: it may.
    refusal: str | None = None
    #: Why its rules may not be those of this ledger; "": they may.
    rules_refusal: str = ""
    #: What could not be read of calendars: `Problem`s, and a `CalendarError` for one that could not be read at all; and
    #: an `InvalidInputError` for each appointment that was handed in twice with different content.
    problems: tuple[Any, ...] = field(default=(), repr=False)
    #: The calendars that were read, each by its source with what could not be read of it.
    readings: tuple[tuple[str, tuple[Any, ...]], ...] = field(default=(), repr=False)
    #: The calendars of the batch job of which nothing was withdrawn although it vanished there, by source with why.
    refused: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    #: What is to be noted of calendars once the plan is carried out (`reconciler.polled_calendars.Note`).
    notes: tuple[Any, ...] = field(default=(), repr=False)
    #: What whoever carries it out needs besides; not for hosts.
    worklist: Worklist = field(default=Worklist(), repr=False)

    @property
    def summary(self) -> dict[str, int]:
        """How many changes of each kind there are."""
        return summarise(self.changes, self.appointments, self.passed_over)

    @property
    def digest(self) -> str:
        """What makes it this plan, as 32 hex digits: kinds, keys, numbers, due times, send times and texts.

        Send times and texts of clamped messages are left out, since they change with every minute.
        """
        total = blake2b(digest_size=16)
        for change in sorted(self.changes, key=lambda change: (change.key, change.kind)):
            clamped = change.reason in (Reason.CLAMPED_LATE, Reason.CLAMPED_FAR)
            parts = (
                change.kind.value,
                change.key,
                change.to or "",
                iso(change.due_at) if change.due_at else "",
                "" if clamped or change.send_at is None else iso(change.send_at),
                "" if clamped else change.text or "",
            )
            total.update("\x1f".join(parts).encode("utf-8", "surrogatepass") + b"\x1e")
        return total.hexdigest()

    @property
    def work(self) -> tuple[Change, ...]:
        """The changes that write to the provider."""
        return tuple(change for change in self.changes if change.is_work)

    def raise_if_unsafe(self) -> None:
        """Raise `UnsafePlanError` where the input can't be trusted, or too much would go or change at once."""
        if self.refusal:
            raise UnsafePlanError(f"{self.refusal}; nothing was changed. Check the input, or force it (--force)")
        if self.rules_refusal:
            raise UnsafePlanError(self.rules_refusal)
        going = sum(change.moves_noticeably and not self._is_owed(change) for change in self.changes)
        if self.guarded and self.guard.is_too_much(going, self.parked):
            raise UnsafePlanError(
                f"the plan would withdraw or move {going} of {self.parked} parked reminders{self._reworded}, more than "
                f"{self.guard.max_cancel_ratio:.0%}; nothing was changed. Review it, then force it (--force)"
            )
        if self.guarded and self.guard.is_too_much(self.again, self.parked):
            raise UnsafePlanError(
                f"the plan would tell {self.again} times what is told already under another id, next to {self.parked} "
                f"parked reminders, more than {self.guard.max_cancel_ratio:.0%}; nothing was changed. See whether the "
                "ids of the input are new ones, then force it (--force)"
            )
        if self.cancellations > self.guard.max_cancellations:
            raise UnsafePlanError(
                f"the plan would tell {self.cancellations} people that their appointments are cancelled, more than "
                f"max_cancellations = {self.guard.max_cancellations}; nothing was changed. Review it, then force it "
                "(--force)"
            )
        work = len(self.work)
        if self.guard.max_changes is not None and work > self.guard.max_changes:
            raise UnsafePlanError(
                f"the plan makes {work} changes, more than max_changes = {self.guard.max_changes}; "
                "nothing was changed. Review it, then force it (--force)"
            )

    @property
    def _reworded(self) -> str:
        """How many parked texts go by another clock than before, in words; "": none."""
        count = sum(change.reworded and change.moves_noticeably for change in self.changes)
        return f", {count} of them since texts go by the clock of the place now (clock)" if count else ""

    def _is_owed(self, change: Change) -> bool:
        """Say whether a message is taken back for somebody who is not to be written to any more."""
        return change.kind is ChangeKind.CANCEL and change.to in self.barred

    @property
    def is_unsafe(self) -> bool:
        """Whether the plan is refused unless it is forced."""
        try:
            self.raise_if_unsafe()
        except UnsafePlanError:
            return True
        return False

    def in_any_case(self) -> Plan:
        """Return the part of the plan that is carried out even where the plan is refused.

        That is: appointments where an intent committed earlier is to be ended and nothing else moves noticeably, and
        appointments with somebody who is not to be written to any more.
        """
        settling = {change.identity for change in self.changes if "settle" in change.causes}
        if not self.rules_refusal:
            settling -= {change.identity for change in self.changes if change.moves_noticeably}
        chosen = settling | {change.identity for change in self.changes if self._is_owed(change)}
        changes = tuple(change for change in self.changes if change.identity in chosen)
        worklist, bid = self.worklist.only(chosen), self.worklist.bid
        if bid is not None:
            standing = self.worklist.standing
            kept = Standing.SERVES if standing is Standing.SERVES else Standing.YIELDS
            worklist = evolve(worklist, bid=None, standing=kept, news=False)
        return evolve(self, changes=changes, worklist=worklist)

    def held_whole(self, why: str, reason: Reason = Reason.FOREIGN_LEDGER) -> Plan:
        """Return the plan of a ledger that writes to nobody for now: what comes in is recorded, and all else waits.

        `why` says in words why that is, `reason` as a code.
        """
        worklist = Worklist(
            all_incoming=self.worklist.all_incoming,
            removals=self.worklist.removals,
            takeovers=self.worklist.takeovers,
            as_of=self.worklist.as_of,
            standing=Standing.YIELDS,
            foreign=why,
            complete=self.worklist.complete,
            restoration=self.worklist.restoration,
        )
        changes = tuple(_held(change, reason) if change.is_work else change for change in self.changes)
        return evolve(self, changes=changes, worklist=worklist, rules_refusal="")

    def of_its_instant(self) -> Plan:
        """Return the plan as one that may be carried out later: what is recorded meanwhile is newer than it."""
        return evolve(self, worklist=evolve(self.worklist, as_of=self.now))

    def unguarded(self) -> Plan:
        """Return the plan without its guard: for a plan that was forced and not finished. A `refusal` stays."""
        return evolve(self, guarded=False, guard=evolve(self.guard, max_changes=None))

    def as_json(self) -> dict[str, Any]:
        """Return the document of the command line's `--json`."""
        return document(self.now, self.summary, self.changes)

    def __str__(self) -> str:
        return printed(self.summary, self.changes)


def _held(change: Change, reason: Reason) -> Change:
    """Return a change that would write to the provider as one that waits: for a new message, or with the parked one."""
    parked = change.kind is not ChangeKind.SCHEDULE
    return evolve(
        change,
        kind=ChangeKind.KEEP if parked else ChangeKind.HOLD,
        reason=reason,
        causes=(),
        send_at=change.was_at if parked else None,
        text=None,
    )
