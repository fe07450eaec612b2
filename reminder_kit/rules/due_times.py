"""Due times: when the rules mean the reminders of one start to arrive, worked out once for all appointments of it.

Pure: no clock, no I/O. Never knows whom a reminder is for, nor whether it is sent.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache

from reminder_kit.model.instants import whole_seconds, zone
from reminder_kit.rules.days_off import beside_days_off
from reminder_kit.rules.defaults import Defaults
from reminder_kit.rules.offsets import apply_offset
from reminder_kit.rules.rule import Rule

__all__ = ["BOOKING", "CHANGE", "Due", "due_time", "due_times"]

BOOKING = "booking"
"""The anchor of rules that are counted from when an appointment was booked."""

CHANGE = "change"
"""The anchor of rules that are counted from when a start moved: only who knows the ledger can say when that was."""


Due = tuple[datetime, datetime | None, str, bool]
"""When one rule is due for one start. Instants are UTC: the start or end that it is counted from (the start, where it
is counted from something else); when it is due, in whole seconds (None: never, or that is not known here); what a day
off did to that, in words ("": nothing); and whether it is not sent at all for that reason.

A plain tuple, since the garbage collector leaves those alone, and there are many.
"""


def due_time(rule: Rule, anchor_at: datetime, zone_name: str, is_open: Callable[[date], bool]) -> datetime | None:
    """Return the instant that a rule means, UTC in whole seconds; None: the calendar ends before it.

    `anchor_at` is UTC, `zone_name` the IANA zone of wall clocks; `is_open` says which days are business days.
    """
    try:
        moment = apply_offset(anchor_at, zone(zone_name), rule.offset, back=rule.goes_back, is_open=is_open)
    except OverflowError:
        return None
    return whole_seconds(moment) if moment.microsecond else moment


@lru_cache(maxsize=8192)
def due_times(
    rules: tuple[Rule, ...],
    start_at: datetime,
    end_at: datetime,
    booked_at: datetime | None,
    zone_name: str,
    defaults: Defaults,
) -> tuple[Due, ...]:
    """Return when each rule is due for a start, an end and a booking (UTC; None: not known), in the rules' order.

    `zone_name` is the IANA zone of wall clocks. Remembered, since most starts of a host lie on the same quarters of an
    hour: those of a thousand appointments are a few hundred instants.
    """
    return tuple(_due(rule, start_at, end_at, booked_at, zone_name, defaults) for rule in rules)


def _due(
    rule: Rule, start_at: datetime, end_at: datetime, booked_at: datetime | None, zone_name: str, defaults: Defaults
) -> Due:
    anchor_at = end_at if rule.anchor == "end" else start_at
    counted_from = booked_at if rule.anchor == BOOKING else None if rule.anchor == CHANGE else anchor_at
    due_at = None if counted_from is None else due_time(rule, counted_from, zone_name, defaults.is_open)
    return anchor_at, *beside_days_off(rule, due_at, zone_name, defaults)
