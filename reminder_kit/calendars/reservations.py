"""Reservations: what is said of events that could be read, and are passed over or taken apart all the same.

Never decides anything: which events count is decided by then.
"""

from __future__ import annotations

from collections.abc import Sequence

from reminder_kit.calendars.events import NO_DEFINITION, Event
from reminder_kit.calendars.problems import Problems
from reminder_kit.calendars.series import Series
from reminder_kit.calendars.shared_uids import passed_over

__all__ = ["mention"]


def mention(found: Problems, uid: str, events: Sequence[Event], series: Series) -> None:
    """Warn of events that are passed over although they could be read, and of a UID that names several.

    `events` are all of that UID ("": it has none), `series` is what was made of them.
    """
    kept = [event for event in (series.master, *series.others) if event is not None]
    if series.shares and series.master is not None:
        found.warn(
            f"{len(kept)} appointments have this UID, of different starts or people: each is taken for itself",
            uid or None,
            series.master.line,
        )
    if events and all(event.method in NO_DEFINITION for event in events):
        method = events[0].method
        how = ": an answer counts where its invitation is read with it" if method == "REPLY" else ""
        found.warn(f"METHOD:{method} describes no appointment{how}", uid or None, events[0].line)
    versions = [event for event in events if event.method not in NO_DEFINITION]
    for first, event in passed_over(versions, kept, shares=series.shares):
        lines = sorted((first.line, event.line))
        found.warn(
            f"comes several times (lines {lines[0]} and {lines[1]}), none of them newer: the one of line "
            f"{event.line} counts",
            uid or None,
            event.line,
        )
