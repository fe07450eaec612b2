"""A change: one line of a plan or a report.

Pure: no clock, no I/O.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from attrs import field, frozen

from reminder_kit.model.instants import iso
from reminder_kit.model.phones import masked
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import Identity

__all__ = ["CAUSES", "Change", "ChangeKind", "document", "headline", "printed", "summarise"]

CAUSES = ("moved", "text", "recipient", "sender", "media", "rule", "settle")
"""Why a parked message is touched, in the order in which causes are listed."""

_NOTICEABLE = timedelta(minutes=15)
_NEVER = (Reason.OPTED_OUT, Reason.INVALID_NUMBER, Reason.QUARANTINED)


class ChangeKind(StrEnum):
    """What is to be done for one reminder; hosts and scripts read these words."""

    SCHEDULE = "schedule"
    REPLACE = "replace"
    CANCEL = "cancel"
    HOLD = "hold"
    KEEP = "keep"
    SKIP = "skip"


_HAPPENED = {
    ChangeKind.SCHEDULE: "parked",
    ChangeKind.REPLACE: "replaced",
    ChangeKind.CANCEL: "cancelled",
    ChangeKind.HOLD: "held",
    ChangeKind.KEEP: "kept",
    ChangeKind.SKIP: "skipped",
}


@frozen
class Change:
    """One line of a plan or a report: what happens to one reminder, and why.

    All instants are UTC. `send_at` is when the message goes out (for `cancel`: would
    have gone out); `was_at` is when the message it replaces would have. `outcome` is
    None until it was carried out, then `done`, `failed` or `unknown`. `zone` is the
    recipient's, "" where nothing is to be said to anyone.
    """

    kind: ChangeKind
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
        return self.kind in (ChangeKind.SCHEDULE, ChangeKind.REPLACE, ChangeKind.CANCEL)

    @property
    def happened(self) -> str:
        """What became of it, in a word.

        `parked`, `replaced`, `cancelled`, `held`, `kept` or `skipped`; of what was tried and did
        not work, `rejected` (the provider will never take it), `failed` (it is tried
        again) or `unknown` (it may have worked).
        """
        if (
            self.outcome == "failed"
            and self.kind in (ChangeKind.SCHEDULE, ChangeKind.REPLACE)
            and self.reason in _NEVER
        ):
            return "rejected"
        return self.outcome if self.outcome in ("failed", "unknown") else _HAPPENED[self.kind]

    @property
    def moves_noticeably(self) -> bool:
        """Whether it withdraws a parked message, or moves one by more than fifteen minutes.

        What only ends an intent committed before is none: that is ended in any case.
        """
        if "settle" in self.causes:
            return False
        if self.kind is ChangeKind.CANCEL:
            return self.reason is not Reason.SUPERSEDED  # it is told in another message
        if self.kind is not ChangeKind.REPLACE or self.was_at is None or self.send_at is None:
            return False
        return abs(self.send_at - self.was_at) > _NOTICEABLE

    def as_json(self) -> dict[str, Any]:
        """Return the object of the command line's `--json`; scripts read its keys."""
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
    counts = dict.fromkeys((kind.value for kind in ChangeKind), 0) | {
        "appointments": appointments,
        "failed": 0,
        "unknown": 0,
    }
    for change in changes:
        counts[change.kind.value] += 1
        if change.outcome in ("failed", "unknown"):
            counts[change.outcome] += 1
    return counts


def document(now: datetime, summary: dict[str, int], changes: Iterable[Change]) -> dict[str, Any]:
    """Return the document of the command line's `--json`."""
    return {"now": iso(now), "summary": summary, "changes": [change.as_json() for change in changes]}


def headline(summary: dict[str, int]) -> str:
    """Return how many changes of each kind there are, in one line without a name or number of anybody."""
    return ", ".join(f"{count} {name}" for name, count in summary.items() if count) or "nothing to do"


def printed(summary: dict[str, int], changes: Iterable[Change]) -> str:
    """Return changes as lines of text, below how many there are; numbers are masked."""
    rows = [
        f"{change.kind:<8} {change.identity.id} {change.rule} {masked(change.to or '')} "
        f"{iso(change.send_at) if change.send_at else '-'} {change.reason}"
        + (f" [{', '.join(change.causes)}]" if change.causes else "")
        for change in changes
    ]
    return "\n".join([headline(summary), *rows])
