"""A plan: ordered changes with a digest, and the guard that refuses it.

Pure: never touches the ledger or the provider.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from hashlib import blake2b
from typing import Any

from attrs import evolve, field, frozen

from reminder_kit.errors import UnsafePlanError
from reminder_kit.model.instants import iso
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import Identity, Incoming
from reminder_kit.planning.changes import Change, ChangeKind, document, printed, summarise

__all__ = ["Guard", "Plan", "Worklist"]


@frozen
class Guard:
    """How much one plan may take away or touch before a person must look at it."""

    max_cancel_ratio: float = 0.5
    max_changes: int | None = None
    from_parked: int = 10
    small: int = 20


@frozen
class Worklist:
    """What carries a plan out needs besides its changes; no host reads it."""

    #: What is to be recorded first.
    all_incoming: tuple[Incoming, ...] = field(default=(), repr=False)
    #: Which appointments are to be marked as removed with it.
    removals: tuple[Identity, ...] = field(default=(), repr=False)
    #: Which appointments must be worked on, soonest first.
    order: tuple[Identity, ...] = field(default=(), repr=False)
    #: The keys of reminders the provider has no room for.
    held_back: frozenset[str] = field(default=frozenset(), repr=False)
    #: When the host's snapshot was taken, in UTC; nothing recorded later is overwritten by it. None: just now.
    as_of: datetime | None = None

    def only(self, chosen: Collection[Identity]) -> Worklist:
        """Return what is to be done for some appointments alone, with nothing recorded or removed before."""
        order = tuple(identity for identity in self.order if identity in chosen)
        return Worklist(order=order, held_back=self.held_back, as_of=self.as_of)


@frozen
class Plan:
    """What a run would do: ordered changes, printable, with a digest and a guard."""

    #: The instant it was made for, in UTC, and the verb that made it.
    now: datetime
    actor: str
    changes: tuple[Change, ...] = field(repr=False)
    #: How many appointments were looked at.
    appointments: int = 0
    #: How many messages were parked in the plan's scope before it.
    parked: int = 0
    #: Whether the guard's ratio applies to it at all, and the guard.
    guarded: bool = True
    guard: Guard = Guard()
    #: Numbers that were barred (a STOP, a suppression): what is cancelled for them counts for nothing there.
    barred: frozenset[str] = field(default=frozenset(), repr=False)
    #: Why nothing may be withdrawn although the input asks for it (a truncated feed); None: it may.
    refusal: str | None = None
    #: What could not be read of a calendar.
    problems: tuple[Any, ...] = field(default=(), repr=False)
    #: What carrying it out needs besides; not for hosts.
    worklist: Worklist = field(default=Worklist(), repr=False)

    @property
    def summary(self) -> dict[str, int]:
        """How many changes of each kind there are."""
        return summarise(self.changes, self.appointments)

    @property
    def digest(self) -> str:
        """What makes it this plan: changes, keys, recipients and due times, not the send times of clamped ones."""
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
        """Raise `UnsafePlanError` if too much would go, or change, at once."""
        if self.refusal:
            raise UnsafePlanError(f"{self.refusal}; nothing was changed. Check the input, or force it (--force)")
        going = sum(change.moves_noticeably and not self._is_owed(change) for change in self.changes)
        if self.guarded and self.parked >= self.guard.from_parked and going > self.guard.max_cancel_ratio * self.parked:
            raise UnsafePlanError(
                f"the plan would withdraw or move {going} of {self.parked} parked reminders, more than "
                f"{self.guard.max_cancel_ratio:.0%}; nothing was changed. Review it, then force it (--force)"
            )
        work = len(self.work)
        if self.guard.max_changes is not None and work > self.guard.max_changes:
            raise UnsafePlanError(
                f"the plan makes {work} changes, more than max_changes = {self.guard.max_changes}; "
                "nothing was changed. Review it, then force it (--force)"
            )

    def _is_owed(self, change: Change) -> bool:
        """Say whether a withdrawal is owed to somebody who is not to be written to."""
        return change.kind is ChangeKind.CANCEL and change.to in self.barred

    @property
    def is_unsafe(self) -> bool:
        """Whether it is refused unless it is forced."""
        try:
            self.raise_if_unsafe()
        except UnsafePlanError:
            return True
        return False

    def in_any_case(self) -> Plan:
        """Return the part that is done also where the plan is refused.

        That is what ends what was begun before, and all of an appointment with somebody
        who is not to be written to any more.
        """
        settling = {change.identity for change in self.changes if "settle" in change.causes}
        settling -= {change.identity for change in self.changes if change.moves_noticeably}
        chosen = settling | {change.identity for change in self.changes if self._is_owed(change)}
        changes = tuple(change for change in self.changes if change.identity in chosen)
        return evolve(self, changes=changes, worklist=self.worklist.only(chosen))

    def unguarded(self) -> Plan:
        """Return the plan without its guard, for what was forced once and not ended; a refused input stays refused."""
        return evolve(self, guarded=False, guard=evolve(self.guard, max_changes=None))

    def as_json(self) -> dict[str, Any]:
        """Return the document of the command line's `--json`."""
        return document(self.now, self.summary, self.changes)

    def __str__(self) -> str:
        return printed(self.summary, self.changes)
