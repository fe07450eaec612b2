"""Lagging: which appointments were written by the host, and not followed when they should have been.

Pure: `now` is an argument. Never bothers a host that only records and leaves the rest to its batch job, as long as that
is expected, and nothing has become due meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from reminder_kit.model.records import Identity
from reminder_kit.rules.conditions import Condition
from reminder_kit.rules.offsets import Offset, OffsetKind
from reminder_kit.rules.rule import Rule

__all__ = ["Unfollowed", "lags", "leads_of"]

_PATIENCE = timedelta(minutes=5)
"""How long after something became due whoever follows may still be at it."""


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
    #: Whether somebody is to be told of it: it is on, and has a number.
    tells: bool = True


def leads_of(rules: Iterable[Rule]) -> tuple[timedelta, ...]:
    """Return how long before the start, at the least, the reminders of rules are due; of some rules that is not known.

    Left out are follow-ups, rules that count from anything but the start, and those that are not for everybody.
    """
    wanted = (rule.offset for rule in rules if rule.goes_back and rule.anchor == "start" and _is_for_all(rule))
    return tuple(sorted({lead for offset in wanted if (lead := _lead(offset)) is not None}))


def _is_for_all(rule: Rule) -> bool:
    bounds = (rule.when, rule.min_booking_lead, rule.max_booking_lead)
    return rule.only == Condition() and rule.unless == Condition() and not any(bound is not None for bound in bounds)


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
    expected_every: timedelta,
) -> bool:
    """Say whether an appointment should have been followed by `now`.

    It should since the batch job was expected, and since a reminder of it became due after it was written: by a rule
    that is for all (`leads`), if somebody is to be told, or by what was planned before.
    """
    if now - one.since > expected_every:
        return True
    moments = [one.start_at - lead for lead in leads] if one.tells else []
    moments += [one.next_at] if one.next_at is not None else []
    return any(one.since < moment <= now - _PATIENCE for moment in moments)
