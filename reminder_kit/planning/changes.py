"""Changes and plans: what would be done, as ordered, printable values with a digest and a guard.

Pure: no clock, no I/O; a plan never touches the ledger or the provider.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from typing import Any

from attrs import evolve, field, frozen

from reminder_kit.errors import UnsafePlanError
from reminder_kit.model.appointments import Reason, masked
from reminder_kit.model.instants import iso
from reminder_kit.model.records import Identity, Intake

__all__ = ["CAUSES", "Change", "Guard", "Kind", "Plan", "Report", "summarise"]

CAUSES = ("moved", "text", "recipient", "sender", "media", "rule", "settle")
"""Why a parked message is touched, in the order in which causes are listed."""

_NOTICEABLE = timedelta(minutes=15)
_NEVER = (Reason.OPTED_OUT, Reason.INVALID_NUMBER, Reason.QUARANTINED)


class Kind(StrEnum):
    """What is to be done for one reminder (contract: design, §7)."""

    SCHEDULE = "schedule"
    REPLACE = "replace"
    CANCEL = "cancel"
    HOLD = "hold"
    KEEP = "keep"
    SKIP = "skip"


_HAPPENED = {
    Kind.SCHEDULE: "parked",
    Kind.REPLACE: "replaced",
    Kind.CANCEL: "cancelled",
    Kind.HOLD: "held",
    Kind.KEEP: "kept",
    Kind.SKIP: "skipped",
}


@frozen
class Change:
    """One line of a plan or a report: what happens to one reminder, and why.

    All instants are UTC. `send_at` is when the message goes out (for `cancel`: would
    have gone out); `was_at` is when the message it replaces would have. `outcome` is
    None until it was carried out, then `done`, `failed` or `unknown`. `zone` is the
    recipient's, "" where nothing is to be said to anyone.
    """

    kind: Kind
    identity: Identity
    key: str
    rule: str
    recipient: str = field(repr=lambda key: repr(masked(key)))
    to: str | None = field(repr=lambda number: repr(masked(number or "")))
    due_at: datetime | None
    send_at: datetime | None
    reason: Reason
    text: str | None = field(default=None, repr=False)
    causes: tuple[str, ...] = ()
    was_at: datetime | None = None
    outcome: str | None = None
    message_id: str | None = None
    error: str | None = None
    zone: str = ""

    @property
    def is_work(self) -> bool:
        """Whether carrying it out means writing to the provider."""
        return self.kind in (Kind.SCHEDULE, Kind.REPLACE, Kind.CANCEL)

    @property
    def happened(self) -> str:
        """What became of it, in a word.

        `parked`, `replaced`, `cancelled`, `held`, `kept` or `skipped`; of what was tried and did
        not work, `rejected` (the provider will never take it), `failed` (it is tried
        again) or `unknown` (it may have worked).
        """
        if self.outcome == "failed" and self.kind in (Kind.SCHEDULE, Kind.REPLACE) and self.reason in _NEVER:
            return "rejected"
        return self.outcome if self.outcome in ("failed", "unknown") else _HAPPENED[self.kind]

    @property
    def moves_noticeably(self) -> bool:
        """Whether it withdraws a parked message, or moves one by more than fifteen minutes.

        What only ends an intent committed before is none: that is ended in any case.
        """
        if "settle" in self.causes:
            return False
        if self.kind is Kind.CANCEL:
            return self.reason is not Reason.SUPERSEDED  # it is told in another message
        if self.kind is not Kind.REPLACE or self.was_at is None or self.send_at is None:
            return False
        return abs(self.send_at - self.was_at) > _NOTICEABLE

    def as_json(self) -> dict[str, Any]:
        """Return the object of the command line's `--json` (contract: design, §9)."""
        return {
            "change": self.kind.value,
            "appointment": self.identity.id,
            "recurrence_id": self.identity.recurrence_id or None,
            "rule": self.rule or None,
            "to": self.to,
            "due_at": iso(self.due_at) if self.due_at else None,
            "send_at": iso(self.send_at) if self.send_at else None,
            "text": self.text,
            "reason": self.reason.value,
            "cause": list(self.causes),
            "outcome": self.outcome,
            "message_id": self.message_id,
            "error": self.error,
        }


def summarise(changes: Iterable[Change], appointments: int) -> dict[str, int]:
    """Return how many changes of each kind there are, and how many appointments, failures and unknowns."""
    counts = dict.fromkeys((kind.value for kind in Kind), 0) | {"appointments": appointments, "failed": 0, "unknown": 0}
    for change in changes:
        counts[change.kind.value] += 1
        if change.outcome in ("failed", "unknown"):
            counts[change.outcome] += 1
    return counts


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
    intakes: tuple[Intake, ...] = field(default=(), repr=False)
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
        for change in sorted(self.changes, key=lambda each: (each.key, each.kind)):
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
        return change.kind is Kind.CANCEL and change.to in self.barred

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
        todo = tuple(each for each in self.todo if each in chosen)
        changes = tuple(change for change in self.changes if change.identity in chosen)
        return evolve(self, changes=changes, intakes=(), removals=(), todo=todo)

    def unguarded(self) -> Plan:
        """Return the plan without its guard, for what was forced once and not ended; a refused input stays refused."""
        return evolve(self, guarded=False, guard=evolve(self.guard, max_changes=None))

    def as_json(self) -> dict[str, Any]:
        """Return the document of the command line's `--json`."""
        return _document(self.now, self.summary, self.changes)

    def __str__(self) -> str:
        return _lines(self.summary, self.changes)


@frozen
class Report:
    """What a run did, change by change."""

    now: datetime
    changes: tuple[Change, ...] = field(repr=False)
    appointments: int = 0
    problems: tuple[Any, ...] = field(default=(), repr=False)

    @property
    def summary(self) -> dict[str, int]:
        """How many changes of each kind there are, and how many appointments, failures and unknowns."""
        return summarise(self.changes, self.appointments)

    @property
    def failed(self) -> tuple[Change, ...]:
        """What did not work; the next run tries again, or the error says why not."""
        return tuple(change for change in self.changes if change.outcome == "failed")

    @property
    def unknown(self) -> tuple[Change, ...]:
        """What may or may not be parked, and can't be asked."""
        return tuple(change for change in self.changes if change.outcome == "unknown")

    @property
    def ok(self) -> bool:
        """Whether everything that was to be done is done, and known to be."""
        return not self.failed and not self.unknown

    def as_json(self) -> dict[str, Any]:
        """Return the document of the command line's `--json`."""
        return _document(self.now, self.summary, self.changes)

    def __str__(self) -> str:
        return _lines(self.summary, self.changes)


def _document(now: datetime, summary: dict[str, int], changes: Iterable[Change]) -> dict[str, Any]:
    return {"now": iso(now), "summary": summary, "changes": [change.as_json() for change in changes]}


def _lines(summary: dict[str, int], changes: Iterable[Change]) -> str:
    head = ", ".join(f"{count} {name}" for name, count in summary.items() if count) or "nothing to do"
    rows = [
        f"{change.kind:<8} {change.identity.id} {change.rule} {masked(change.to or '')} "
        f"{iso(change.send_at) if change.send_at else '-'} {change.reason}"
        + (f" [{', '.join(change.causes)}]" if change.causes else "")
        for change in changes
    ]
    return "\n".join([head, *rows])
