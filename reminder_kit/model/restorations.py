"""Restorations: that a ledger was put back to an older state, and what can be said of the time it knows nothing of.

Pure: values only. Never asks anybody: what lies between is asked by `delivery` and `kit`.

From `since` (the last thing the older state knows of) to `at` (when it was put back) another ledger may have parked,
cancelled and sent messages, and taken appointments, replies and opt-outs in. That is the gap.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attrs import field, frozen

from reminder_kit.model.instants import from_iso, iso

__all__ = ["IN_GAP", "RESTORED", "Restoration"]

IN_GAP = "after the backup from which the ledger was restored: "
"""How the `error` of a message begins of which nobody knows what became of it in the gap: it was parked before, or its
answer was open, or it may have been made there."""

RESTORED = "restored"
"""The name under which the ledger notes that it was put back to an older state."""


@frozen
class Restoration:
    """That a ledger was put back to an older state. Instants are UTC."""

    #: The last instant of which the older state knows anything: there the gap begins.
    since: datetime
    #: When it was put back: there the gap ends.
    at: datetime
    #: Whether a person said that it is to work; until then it writes to nobody.
    adopted: bool = True
    #: Whether a person says that who opted out in the gap is barred by now.
    opt_outs_known: bool = False
    #: Whether the providers' lists of opt-outs were read since.
    opt_outs_read: bool = False
    #: Until when a message of the gap may go out; None: no run has said yet how far ahead its providers take them.
    until: datetime | None = None
    #: The sources that were handed in whole since, each with the highest row of an appointment by then: what was first
    #: recorded later was booked later, too.
    complete: Mapping[str, int] = field(factory=dict)

    @classmethod
    def begun(cls, last_known_at: datetime | None, at: datetime, *, adopted: bool) -> Restoration:
        """Return the restoration to a state that knows all up to an instant (None: nothing at all)."""
        since = min(last_known_at or at, at)
        return cls(since.replace(microsecond=0), at, adopted=adopted)

    @property
    def lets_work(self) -> bool:
        """Whether anybody may be written to again: a person said so, and who opted out meanwhile is known."""
        return self.adopted and (self.opt_outs_known or self.opt_outs_read)

    def is_over_for(self, source: str, row: int, booked_at: datetime | None) -> bool:
        """Say whether an appointment was certainly booked after the gap, so that nothing of it was parked in it."""
        if booked_at is not None and booked_at >= self.at:
            return True
        return source in self.complete and row > self.complete[source]

    def of_ledger(self) -> dict[str, Any]:
        """Return what the ledger keeps of it for all namespaces, as JSON values."""
        return {"since": iso(self.since), "adopted": self.adopted, "opt_outs_known": self.opt_outs_known}

    def of_namespace(self) -> dict[str, Any]:
        """Return what the ledger keeps of it for one namespace, as JSON values."""
        until = iso(self.until) if self.until else None
        return {"opt_outs_read": self.opt_outs_read, "until": until, "complete": dict(self.complete)}

    @classmethod
    def kept(cls, at: datetime, of_ledger: Mapping[str, Any], own: Mapping[str, Any]) -> Restoration:
        """Return what the ledger keeps: `at` with what holds for all namespaces, and what is the namespace's own."""
        until = own.get("until")
        return cls(
            since=from_iso(of_ledger["since"]),
            at=at,
            adopted=bool(of_ledger["adopted"]),
            opt_outs_known=bool(of_ledger["opt_outs_known"]),
            opt_outs_read=bool(own.get("opt_outs_read")),
            until=from_iso(until) if until else None,
            complete=own.get("complete", {}),
        )
