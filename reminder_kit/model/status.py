"""Status: what there is in a ledger, and what of it was today, as one value.

Pure: no clock, no I/O. Never counts anything itself: it is handed the counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from attrs import field, fields, frozen

__all__ = ["KitStatus", "Today", "today_of"]

_ARRIVING = ("sent", "delivered", "undelivered", "too_late")
"""States of a message that went out."""


@frozen
class Today:
    """What went out, or is to go out, on the present day of the kit's zone, and what people replied."""

    #: The day begins and ends at these instants, UTC.
    since: datetime
    until: datetime
    #: Messages that went out: those that arrived, did not, or of which nobody has said yet.
    sent: int = 0
    #: Of these, those that arrived, and those that did not.
    delivered: int = 0
    undelivered: int = 0
    #: Messages that are, or may be, parked for later today.
    to_come: int = 0
    #: Replies by what they were taken for: `received`, `opted_out` (a STOP), `opted_in`.
    replies: Mapping[str, int] = field(factory=dict)


def today_of(
    since: datetime, until: datetime, counted: Mapping[str, Mapping[str, int]], replies: Mapping[str, int]
) -> Today:
    """Return what was, and is to be, from `since` to `until`; `counted` are its messages by rule and state."""
    states: dict[str, int] = {}
    for by_state in counted.values():
        for state, count in by_state.items():
            states[state] = states.get(state, 0) + count
    return Today(
        since,
        until,
        sent=sum(states.get(state, 0) for state in _ARRIVING),
        delivered=states.get("delivered", 0),
        undelivered=states.get("undelivered", 0),
        to_come=sum(states.get(state, 0) for state in ("creating", "scheduled", "cancelling")),
        replies=dict(replies),
    )


@frozen
class KitStatus(Mapping[str, Any]):
    """What there is in a ledger, at one instant; also a mapping from the names of its fields to their values."""

    #: Appointments that were recorded; of these not worked on yet, withdrawn, and being worked on now.
    appointments: int
    dirty: int
    removed: int
    claimed: int
    #: Messages, by the value of their `State`.
    messages: Mapping[str, int]
    #: Reminders, by the value of their `ReminderStatus`, then of their `Reason`.
    reminders: Mapping[str, Mapping[str, int]]
    #: When something is to be done next although nothing changes, UTC; None: never.
    next_at: datetime | None
    #: Since when the oldest message is in creating, cancelling or unknown, UTC; None: none is.
    oldest_unsettled_at: datetime | None
    #: Numbers that are barred, and of these, by each party.
    suppressions: int
    barred_by: Mapping[str, int]
    #: Reports of the provider on messages that are not known.
    unmatched_events: int
    #: By name, when each job last ran (UTC), and what it said.
    runs: Mapping[str, tuple[datetime, Mapping[str, Any]]]
    #: What waits for a person: how many `items`, and how many of them nobody has seen (`unseen`).
    attention: Mapping[str, int]
    #: What went out today.
    today: Today

    def __getitem__(self, name: str) -> Any:
        if name not in _NAMES:
            raise KeyError(name)
        return getattr(self, name)

    def __iter__(self) -> Iterator[str]:
        return iter(_NAMES)

    def __len__(self) -> int:
        return len(_NAMES)


_NAMES = tuple(attribute.name for attribute in fields(KitStatus))
