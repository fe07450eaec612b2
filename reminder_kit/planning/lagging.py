"""Lagging: which appointments were written by the host, and not followed when they should have been.

Pure: `now` is an argument. Never bothers a host that only records and leaves the rest to its batch job, as long as that
is expected, and nothing has become due meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from reminder_kit.model.records import Identity
from reminder_kit.rules.offsets import Offset, OffsetKind
from reminder_kit.rules.rule import Rule

__all__ = ["Unfollowed", "lags", "leads_of"]

_PATIENCE = timedelta(minutes=5)
"""How long after something became due whoever follows may still be at it."""
_LONGEST_RUN = timedelta(hours=1)
"""How long a batch job may have been at work as it ended: what was written meanwhile is left to the next one."""


class Unfollowed(NamedTuple):
    """An appointment that the host wrote, and nobody looked at since. Instants are UTC."""

    #: Which one.
    identity: Identity
    #: When it starts.
    start_at: datetime
    #: When the host first wrote what nobody looked at since.
    since: datetime
    #: When something of it, as it was before, was to be done; None: nothing was, or it is new.
    next_at: datetime | None


def leads_of(rules: Iterable[Rule]) -> tuple[timedelta, ...]:
    """Return how long before the start, at the least, the reminders of rules are due; of some rules that is not known.

    Left out are follow-ups, and rules that count from anything but the start.
    """
    wanted = (rule.offset for rule in rules if rule.goes_back and rule.anchor == "start")
    return tuple(sorted({lead for offset in wanted if (lead := _lead(offset)) is not None}))


def _lead(offset: Offset) -> timedelta | None:
    """Return how long before the start a reminder is due at the least; None: that is not known."""
    if offset.kind is OffsetKind.LOCAL and offset.at is not None:
        by_the_clock = timedelta(hours=offset.at.hour, minutes=offset.at.minute)
        return max(timedelta(days=offset.days) - by_the_clock, timedelta(0))
    return offset.least()


def lags(
    one: Unfollowed,
    now: datetime,
    *,
    leads: Iterable[timedelta],
    worked_at: datetime | None,
    expected_every: timedelta,
) -> bool:
    """Say whether an appointment should have been followed by `now`.

    It should since the batch job was expected, or ran (`worked_at`, UTC; None: it never did) without looking at it; and
    since a reminder of it became due after it was written, by its rule (`leads`) or by what was planned before.
    """
    if now - one.since > expected_every or (worked_at is not None and one.since < worked_at - _LONGEST_RUN):
        return True
    moments = [one.start_at - lead for lead in leads]
    moments += [one.next_at] if one.next_at is not None else []
    return any(one.since < moment <= now - _PATIENCE for moment in moments)
