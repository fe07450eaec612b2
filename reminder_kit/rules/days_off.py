"""Days off: rules that count days step aside where their day is a holiday or a closed day (`if_holiday`).

Pure: no clock, no I/O. Never moves a reminder to a later day: it would be nearer to the start than the rule means.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from reminder_kit.model.instants import in_zone, zone
from reminder_kit.rules.defaults import Defaults
from reminder_kit.rules.offsets import from_local
from reminder_kit.rules.rule import Rule

__all__ = ["Aside", "beside_days_off"]

_MOST = 366
"""Days that are looked at for one that is open."""


class Aside(NamedTuple):
    """When a reminder is due, and what a day off did to that."""

    #: When it is due, UTC; None: never.
    due_at: datetime | None
    #: What became of it, in words; "": nothing.
    note: str = ""
    #: Whether it is not sent at all.
    skips: bool = False


def beside_days_off(rule: Rule, due_at: datetime | None, zone_name: str, defaults: Defaults) -> Aside:
    """Return when a reminder is due that steps aside from holidays and closed days as its rule says.

    `due_at` is UTC (None: never), `zone_name` the IANA zone in which the day is counted.
    """
    if rule.if_holiday is None or due_at is None:
        return Aside(due_at)
    local = zone(zone_name)
    wall = in_zone(due_at, local).replace(tzinfo=None)
    if not defaults.is_day_off(wall.date()):
        return Aside(due_at)
    named = f"{wall:%a %Y-%m-%d} is a holiday or a closed day"
    if rule.if_holiday == "skip":
        return Aside(due_at, f"if_holiday: {named}", skips=True)
    for days in range(1, _MOST):
        if defaults.is_open((wall - timedelta(days=days)).date()):
            moved = from_local(wall - timedelta(days=days), local)
            return Aside(moved, f"{named}: moved to the business day before")
    return Aside(due_at, f"if_holiday: {named}, and no day is open before", skips=True)
