"""Beyond: what comes of one UID after the horizon, which is counted and not read.

Never reads a file, and never yields an occurrence.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from reminder_kit.calendars.recurrence import Budget
from reminder_kit.calendars.recurrence_sets import goes_on
from reminder_kit.calendars.series import Series
from reminder_kit.calendars.settings import Limits
from reminder_kit.calendars.shared_uids import NumbersOf

__all__ = ["Later", "later"]


class Later(NamedTuple):
    """What comes of one UID after a horizon."""

    #: How many of its appointments begin then.
    beginning: int
    #: How many of them began before, and go on.
    going_on: int


def later(
    series: Series,
    end: datetime,
    limits: Limits,
    budget: Budget,
    numbers_of: NumbersOf,
    *,
    had: bool,
    put_off: bool = False,
) -> Later:
    """Return what comes at or after the end of a horizon (UTC), of what takes place; a series for nobody is none.

    `had` says that there was an instance before, which is what counts of a rule that is too costly to be followed;
    `put_off` that `instances` were asked for what was put off: that is read.
    """
    masters = [event for event in (series.master, *series.others) if event is not None and not series.is_off(event)]
    starts = [(event, event.start) for event in masters if event.start is not None]
    is_read = put_off and not series.recurs and not series.shares
    beginning = sum(start.instant >= end for _, start in starts) if not is_read else 0
    ended = [version.cancelled for since, version in series.ranges if since < end][-1:] == [True]
    going_on = sum(
        goes_on(event, start, end, limits, budget, unclear=had) and bool(numbers_of(event))
        for event, start in starts
        if start.instant < end and event.recurs and not ended
    )
    if beginning or going_on:
        return Later(beginning, going_on)
    unread = [version for key, version in series.overrides.items() if not put_off or key >= end]
    overrides = [version.event for version in unread if not version.cancelled]
    beyond = any(
        event.start is not None and event.start.instant >= end and not series.is_off(event) for event in overrides
    )
    return Later(0, 1) if beyond and starts else Later(int(beyond), 0)
