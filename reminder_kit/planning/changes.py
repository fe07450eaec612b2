"""A change: one line of a plan or a report, as a value, as JSON and as text.

Pure: no clock, no I/O. Never says what the ledger keeps: that is a `Decision`'s record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from attrs import field, frozen

from reminder_kit.model.instants import iso
from reminder_kit.model.phones import masked
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import Identity
from reminder_kit.text.printable import printable

__all__ = ["CAUSES", "WORK", "Change", "ChangeKind", "PassedOver", "document", "headline", "printed", "summarise"]

CAUSES = ("moved", "text", "recipient", "sender", "media", "rule", "settle")
"""Why a parked message is touched, in the order in which causes are listed."""

_NOTICEABLE = timedelta(minutes=15)
"""By how much a send time must move before the guard counts it."""

_REFUSED_FOR_GOOD = (Reason.OPTED_OUT, Reason.INVALID_NUMBER, Reason.QUARANTINED)


class ChangeKind(StrEnum):
    """What is to be done for one reminder; hosts and scripts read these words."""

    #: A message is parked for it.
    SCHEDULE = "schedule"
    #: Its parked message is taken back, and another one is parked.
    REPLACE = "replace"
    #: Its parked message is taken back.
    CANCEL = "cancel"
    #: It waits with us until its time enters the window, or the provider has room.
    HOLD = "hold"
    #: Its parked message stays.
    KEEP = "keep"
    #: No message is made of it, or it has had its message.
    SKIP = "skip"


WORK = (ChangeKind.SCHEDULE, ChangeKind.REPLACE, ChangeKind.CANCEL)
"""The kinds that write to the provider."""

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
    """One line of a plan or a report: what happens to one reminder, and why. Instants are UTC."""

    #: What is to be done.
    kind: ChangeKind
    #: The appointment it is about.
    identity: Identity
    #: The reminder's key; "": the change is about the appointment as a whole.
    key: str
    #: The id of the rule; "" likewise, or where only the reminder's message is known.
    rule: str
    #: The recipient's key; "" where the appointment has no recipient.
    recipient: str = field(repr=lambda key: repr(masked(key)))
    #: The number, E.164 or as it was given; None where there is none.
    to: str | None = field(repr=lambda number: repr(masked(number or "")))
    #: When the reminder is due by its rule; None where that can't be said any more.
    due_at: datetime | None
    #: When its message goes out (`cancel`: would have gone out); None: none goes out.
    send_at: datetime | None
    #: Why, as a code.
    reason: Reason
    #: What the message says; None: none goes out.
    text: str | None = field(default=None, repr=False)
    #: Why a parked message is touched, in the order of `CAUSES`; empty: it is not.
    causes: tuple[str, ...] = ()
    #: When the message that is parked now goes out, or would have; None: none is parked.
    was_at: datetime | None = None
    #: What came of it: "done", "failed" or "unknown"; None: it was not carried out.
    outcome: str | None = None
    #: The provider's id of the message; None: it has none, or none is known.
    message_id: str | None = None
    #: What went wrong, in words; None: nothing did.
    error: str | None = None
    #: The recipient's IANA zone; "" where nobody is to be written to.
    zone: str = ""
    #: Whether a parked message has the words in which all times were once said, and only its clock is another one now.
    reworded: bool = False

    @property
    def is_work(self) -> bool:
        """Whether carrying the change out means writing to the provider."""
        return self.kind in WORK

    @property
    def is_left(self) -> bool:
        """Whether it means writing to the provider and was not carried out: in a report, it was left to others."""
        return self.is_work and self.outcome is None

    @property
    def happened(self) -> str:
        """What became of the reminder, in a word.

        `parked`, `replaced`, `cancelled`, `held`, `kept` or `skipped`; of what was tried and did not work, `rejected`
        (the provider will never take it), `failed` (it is tried again) or `unknown` (it may have worked); `left` of
        what was not carried out, since another worker holds the appointment: that one, or the next run, finishes it.
        """
        if self.is_left:
            return "left"
        if (
            self.outcome == "failed"
            and self.kind in (ChangeKind.SCHEDULE, ChangeKind.REPLACE)
            and self.reason in _REFUSED_FOR_GOOD
        ):
            return "rejected"
        return self.outcome if self.outcome in ("failed", "unknown") else _HAPPENED[self.kind]

    @property
    def moves_noticeably(self) -> bool:
        """Whether the change takes a parked message back, moves one by more than fifteen minutes, or rewords one.

        A change that ends an intent committed earlier does not count: that intent is ended in any case. Nor does one
        whose reminder is included in another message.
        """
        if "settle" in self.causes:
            return False
        if self.kind is ChangeKind.CANCEL:
            return self.reason is not Reason.SUPERSEDED
        if self.kind is not ChangeKind.REPLACE or self.was_at is None or self.send_at is None:
            return False
        return self.reworded or abs(self.send_at - self.was_at) > _NOTICEABLE

    def as_json(self) -> dict[str, Any]:
        """Return the object of the command line's `--json`; scripts read its keys."""
        return {
            "change": self.kind.value,
            "appointment": self.identity.id,
            "source": self.identity.source,
            "recurrence_id": self.identity.recurrence_id or None,
            "rule": self.rule or None,
            "to": self.to,
            "due_at": iso(self.due_at) if self.due_at else None,
            "send_at": iso(self.send_at) if self.send_at else None,
            "was_at": iso(self.was_at) if self.was_at else None,
            "timezone": self.zone or None,
            "text": self.text,
            "reason": self.reason.value,
            "cause": list(self.causes),
            "outcome": self.outcome,
            "message_id": self.message_id,
            "error": self.error,
        }


@frozen
class PassedOver:
    """What a batch job did not look at, since nothing is to be done about it: it stands as it was decided."""

    #: How many appointments that are not over.
    appointments: int = 0
    #: How many of their reminders are kept (parked), held, or skipped (no message, or it went out).
    reminders: Mapping[ChangeKind, int] = field(factory=dict)
    #: How many of the appointments have nobody to be reminded: no number at all.
    without_phone: int = 0


def summarise(changes: Iterable[Change], appointments: int, passed_over: PassedOver) -> dict[str, int]:
    """Return how many changes of each kind there are, and how many appointments, failures and unknowns.

    `appointments` is how many were looked at; what was `passed_over` counts as well.
    """
    counts = {kind.value: passed_over.reminders.get(kind, 0) for kind in ChangeKind} | {
        "appointments": appointments + passed_over.appointments,
        "failed": 0,
        "unknown": 0,
    }
    for change in changes:
        counts[change.kind.value] += 1
        if change.outcome in ("failed", "unknown"):
            counts[change.outcome] += 1
    return counts


def document(now: datetime, summary: dict[str, int], changes: Iterable[Change]) -> dict[str, Any]:
    """Return the document of the command line's `--json`, as plain JSON values; `now` is the run's instant."""
    return {"now": iso(now), "summary": summary, "changes": [change.as_json() for change in changes]}


def headline(summary: dict[str, int]) -> str:
    """Return how many changes of each kind there are, in one line without a name or number of anybody."""
    return ", ".join(f"{count} {name}" for name, count in summary.items() if count) or "nothing to do"


def printed(summary: dict[str, int], changes: Iterable[Change]) -> str:
    """Return changes as lines of text, below their headline; numbers are masked, instants are UTC."""
    rows = [
        f"{change.kind:<8} {change.identity.id} {change.rule} {masked(change.to or '')} "
        f"{iso(change.send_at) if change.send_at else '-'} {change.reason}"
        + (f" [{', '.join(change.causes)}]" if change.causes else "")
        for change in changes
    ]
    return "\n".join([headline(summary), *map(printable, rows)])
