"""A plan: ordered changes with a digest, and the guard that refuses it.

Pure: never touches the ledger or the provider.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2b
from typing import Any

from attrs import evolve, field, frozen

from reminder_kit.errors import UnsafePlanError
from reminder_kit.model.instants import iso
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import Identity, Incoming
from reminder_kit.planning.changes import Change, ChangeKind, _document, _lines, summarise

__all__ = ["Guard", "Plan"]


@frozen
class Guard:
    """How much one plan may take away or touch before a person must look at it."""

    max_cancel_ratio: float = 0.5
    max_changes: int | None = None
    from_parked: int = 10
    small: int = 20


@frozen
class Plan:
    """What a run would do: ordered changes, and the appointments and removals to record with them.

    `todo` names the appointments that must be worked on, soonest first; `held_back`
    the reminders the provider has no room for. `parked` is the number of messages parked in the plan's scope before it;
    `guarded` says whether the ratio of the guard applies to it at all; what goes because its number was
    barred (`barred`: a STOP, a suppression) counts for nothing there. `refusal` is why
    nothing may be withdrawn although the input asks for it (a truncated feed).
    """

    now: datetime
    actor: str
    changes: tuple[Change, ...] = field(repr=False)
    appointments: int = 0
    all_incoming: tuple[Incoming, ...] = field(default=(), repr=False)
    removals: tuple[Identity, ...] = field(default=(), repr=False)
    todo: tuple[Identity, ...] = field(default=(), repr=False)
    held_back: frozenset[str] = field(default=frozenset(), repr=False)
    parked: int = 0
    guarded: bool = True
    guard: Guard = Guard()
    barred: frozenset[str] = field(default=frozenset(), repr=False)
    refusal: str | None = None
    problems: tuple[Any, ...] = field(default=(), repr=False)
    as_of: datetime | None = None

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
        """Raise `UnsafePlanError` if too much would go, or change, at once (design, §7 and §13)."""
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
        todo = tuple(identity for identity in self.todo if identity in chosen)
        changes = tuple(change for change in self.changes if change.identity in chosen)
        return evolve(self, changes=changes, all_incoming=(), removals=(), todo=todo)

    def unguarded(self) -> Plan:
        """Return the plan without its guard, for what was forced once and not ended; a refused input stays refused."""
        return evolve(self, guarded=False, guard=evolve(self.guard, max_changes=None))

    def as_json(self) -> dict[str, Any]:
        """Return the document of the command line's `--json`."""
        return _document(self.now, self.summary, self.changes)

    def __str__(self) -> str:
        return _lines(self.summary, self.changes)
