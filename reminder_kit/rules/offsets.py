"""Offsets: how far a reminder lies from its anchor, as elapsed time or by the wall clock.

Pure: no clock, no I/O. Never a `pendulum.Duration`, for which 24 hours are one day.

Two kinds of time, as in RFC 5545 §3.3.6: hours, minutes and seconds are *exact* (elapsed
time; 24 hours before Sunday 10:00 is Saturday 09:00 when the clocks went forward in
between), days and weeks are *nominal* (the same wall clock). Local times that occur twice
mean the first of the two; those that the clock leaps over are read with the offset before
the leap, so that they move forward by it (RFC 5545 §3.3.5).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from attrs import frozen

from reminder_kit.errors import InvalidRuleError
from reminder_kit.model.instants import iso

__all__ = [
    "UNITS",
    "WEEKDAYS",
    "Offset",
    "OffsetKind",
    "apply_offset",
    "dst_note",
    "from_local",
    "in_words",
    "is_weekday",
    "local_time",
    "parse_length",
    "weekday_number",
]

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
"""Names of weekdays, in the order of `date.weekday()`."""

UNITS = {
    "w": "weeks",
    "week": "weeks",
    "weeks": "weeks",
    "d": "days",
    "day": "days",
    "days": "days",
    "h": "hours",
    "hr": "hours",
    "hrs": "hours",
    "hour": "hours",
    "hours": "hours",
    "min": "minutes",
    "mins": "minutes",
    "minute": "minutes",
    "minutes": "minutes",
    "sec": "seconds",
    "secs": "seconds",
    "second": "seconds",
    "seconds": "seconds",
}
"""The units in which lengths of time are written, and what each means."""
_TERM = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)")
_JOINTS = re.compile(r"\s*(?:,|\band\b)?\s*")
_ISO = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_ISO_UNITS = ("weeks", "days", "hours", "minutes", "seconds")
_EXAMPLE = 'write for example "24 hours" (elapsed time) or "1 day" (same wall clock)'
_DIRECTION = "the rule's key (before, after) says the direction"
_LENGTH = "it is a length, so write it without the minus"
_LONGEST = timedelta(days=3660)
_NONE = timedelta(0)


class OffsetKind(StrEnum):
    """How an offset is counted."""

    #: As elapsed time.
    EXACT = "exact"
    #: In days at the anchor's wall clock, and elapsed time besides.
    NOMINAL = "nominal"
    #: In days, at a local time.
    LOCAL = "local"
    #: To the nearest such day but the anchor's, at a local time.
    WEEKDAY = "weekday"
    #: In business days, at a local time or the anchor's wall clock.
    BUSINESS = "business"
    #: Not at all: one instant.
    ABSOLUTE = "absolute"


@frozen(cache_hash=True)
class Offset:
    """How far a reminder lies from its anchor. The direction is the rule's."""

    #: How it is counted.
    kind: OffsetKind
    #: Days on the calendar of the appointment's zone.
    days: int = 0
    #: Elapsed time, beyond the days.
    elapsed: timedelta = _NONE
    #: The local time, in the appointment's zone, that replaces the anchor's wall clock; None: that one stays.
    at: time | None = None
    #: The weekday, Monday = 0; None: none is meant.
    weekday: int | None = None
    #: The UTC instant, whatever the anchor; None: the anchor counts.
    instant: datetime | None = None

    @classmethod
    def parse(cls, value: str | timedelta | Offset, what: str = "offset", *, zero: bool = False) -> Offset:
        """Return the offset that a text ("24 hours", "1 day", "PT24H") or a `timedelta` (elapsed time) means.

        Raises `InvalidRuleError`, naming `what`, for what can't be read, for negative amounts and those of more than
        ten years, for nothing at all unless `zero`, and for a `pendulum.Duration`, to which 24 hours are one day.
        """
        if isinstance(value, Offset):
            return value
        days, exact = _amounts(value, what)
        if not days and not exact and not zero:
            raise InvalidRuleError(f"{what} is zero ({value!r}): {_EXAMPLE}")
        if timedelta(days=days) + exact > _LONGEST:
            raise InvalidRuleError(f"{what} is more than ten years ({value!r}): {_EXAMPLE}")
        return cls(OffsetKind.NOMINAL if days else OffsetKind.EXACT, days, exact)

    def describe(self) -> str:
        """Return the offset in words, with how it is counted: "24 hours (exact: elapsed time)"."""
        if self.kind is OffsetKind.EXACT:
            return f"{in_words(self.elapsed)} (exact: elapsed time)"
        if self.kind is OffsetKind.ABSOLUTE:
            return f"at {iso(self.instant)} (absolute)" if self.instant else "absolute"
        clock = f"at {self.at:%H:%M} local time" if self.at else "same wall clock"
        if self.kind is OffsetKind.WEEKDAY and self.weekday is not None:
            return f"the nearest {WEEKDAYS[self.weekday].capitalize()} on another day, {clock}"
        unit = "business day" if self.kind is OffsetKind.BUSINESS else "day"
        count = f"{self.days} {unit}{'' if self.days == 1 else 's'}"
        more = f" and {in_words(self.elapsed)} of elapsed time" if self.elapsed else ""
        return f"{count}{more} ({self.kind}: {clock})"

    def least(self) -> timedelta | None:
        """Return how far from its anchor a reminder lies; None where that depends on the anchor's wall clock."""
        if self.kind is OffsetKind.EXACT:
            return self.elapsed
        return timedelta(days=self.days) + self.elapsed if self.kind is OffsetKind.NOMINAL else None


def _amounts(value: object, what: str, without: str = _DIRECTION) -> tuple[int, timedelta]:
    """Return whole calendar days and elapsed time besides; a `timedelta` is elapsed time. Raises `InvalidRuleError`.

    `without` is what to do about a negative one.
    """
    if isinstance(value, str):
        return _amounts_in(value, what, without)
    if type(value).__module__.startswith("pendulum"):
        raise InvalidRuleError(
            f"{what} is a pendulum {type(value).__name__}, which takes 24 hours and 1 day for the same: {_EXAMPLE}"
        )
    if not isinstance(value, timedelta):
        raise InvalidRuleError(f"{what} must have a unit, and {value!r} has none: {_EXAMPLE}")
    if value < _NONE:
        raise InvalidRuleError(f"{what} is negative ({value!r}): {without}")
    return 0, timedelta(days=value.days, seconds=value.seconds)


def _amounts_in(text: str, what: str, without: str) -> tuple[int, timedelta]:
    """Return the calendar days and the elapsed time that a text means. Raises `InvalidRuleError`, as `_amounts`."""
    cleaned = text.strip()
    if cleaned.startswith("-"):
        raise InvalidRuleError(f"{what} is negative ({text!r}): {without}")
    terms = _iso_terms(cleaned) or _terms(cleaned.lower())
    if not terms:
        raise InvalidRuleError(f"{what} cannot be read ({text!r}): {_EXAMPLE}")
    sums = dict.fromkeys(_ISO_UNITS, 0.0)
    try:
        for amount, unit in terms:
            sums[unit] += float(amount)
        exact = timedelta(hours=sums["hours"], minutes=sums["minutes"], seconds=round(sums["seconds"]))
        days = sums["weeks"] * 7 + sums["days"]
        timedelta(days=days)
    except (OverflowError, ValueError):
        raise InvalidRuleError(f"{what} is more than ten years ({text[:40]!r}): {_EXAMPLE}") from None
    if days != int(days):
        raise InvalidRuleError(f"{what} has part of a day ({text!r}): write it in hours, which are elapsed time")
    return int(days), exact


def _iso_terms(text: str) -> list[tuple[str, str]]:
    """Return the amounts of an ISO 8601 duration ("PT24H") with their units, or nothing where it is none."""
    match = _ISO.fullmatch(text)
    if not match or not any(match.groups()):
        return []
    return [(amount, unit) for amount, unit in zip(match.groups(), _ISO_UNITS, strict=True) if amount]


def _terms(text: str) -> list[tuple[str, str]]:
    """Return the amounts of a text ("1 hour and 30 minutes") with their units, or nothing where any part is neither."""
    terms: list[tuple[str, str]] = []
    position = 0
    while position < len(text):
        term = _TERM.match(text, position)
        if not term or term[2] not in UNITS:
            return []
        terms.append((term[1], UNITS[term[2]]))
        joint = _JOINTS.match(text, term.end())
        position = joint.end() if joint else term.end()
    return terms


def parse_length(value: str | float | timedelta, what: str) -> timedelta:
    """Return a length as elapsed time: here a day is 24 hours. 0, without a unit, is no time at all.

    Raises `InvalidRuleError`, naming `what`, for what `Offset.parse` can't read either.
    """
    if isinstance(value, int | float) and not isinstance(value, bool) and value == 0:
        return _NONE
    days, exact = _amounts(value, what, _LENGTH)
    try:
        return timedelta(days=days) + exact
    except OverflowError:
        raise InvalidRuleError(f"{what} is longer than time itself ({str(value)[:40]!r}): {_EXAMPLE}") from None


def local_time(value: str | time, what: str) -> time:
    """Return a wall-clock time, "18:00" or a `time` without zone. Raises `InvalidRuleError`, naming `what`."""
    if isinstance(value, str):
        try:
            value = time.fromisoformat(value.strip())
        except ValueError:
            raise InvalidRuleError(f'{what} is no local time ({value!r}): write "18:00"') from None
    if not isinstance(value, time) or value.tzinfo is not None:
        raise InvalidRuleError(
            f'{what} must be a local time without zone ({value!r}): write "18:00"; the zone is the appointment\'s'
        )
    return value.replace(microsecond=0, fold=0)


def weekday_number(value: str | int, what: str) -> int:
    """Return a weekday as a number, Monday = 0, from its English name or at least three first letters of it.

    Raises `InvalidRuleError`, naming `what`.
    """
    if isinstance(value, str) and len(value) >= 3:
        for number, name in enumerate(WEEKDAYS):
            if name.startswith(value.strip().lower()):
                return number
    raise InvalidRuleError(f'{what} is no weekday ({value!r}): write "friday"')


def in_words(length: timedelta, *, days: bool = False) -> str:
    """Return a length of time in words: "1 hour 30 minutes".

    `days` also counts days of 24 hours, where it does not matter whether days are elapsed time.
    """
    total = int(length.total_seconds())
    words = []
    for unit, size in (*((("day", 86_400),) if days else ()), ("hour", 3600), ("minute", 60), ("second", 1)):
        amount, total = divmod(total, size)
        if amount:
            words.append(f"{amount} {unit}{'' if amount == 1 else 's'}")
    return " ".join(words) or "0 minutes"


def from_local(wall: datetime, zone: ZoneInfo, *, fold: int = 0) -> datetime:
    """Return the UTC instant of a naive wall-clock time (RFC 5545 §3.3.5; see the module).

    `fold` 1: of a time that occurs twice, the second; one that the clock leaps over moves back by the leap.
    """
    return wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)


def dst_note(wall: datetime, zone: ZoneInfo) -> str:
    """Return in words what a change of clocks makes of a naive wall-clock time in a zone; "" for nearly all."""
    first = wall.replace(tzinfo=zone, fold=0).utcoffset() or _NONE
    second = wall.replace(tzinfo=zone, fold=1).utcoffset() or _NONE
    if first == second:
        return ""
    if first > second:
        return f"{wall:%H:%M} occurs twice that day in {zone.key}: the first is meant"
    meant = from_local(wall, zone).astimezone(zone)
    leap = in_words(second - first)
    return f"{wall:%H:%M} does not occur that day in {zone.key}: the clock leaps by {leap}, and {meant:%H:%M} is meant"


def is_weekday(day: date) -> bool:
    """Say whether a day is Monday to Friday."""
    return day.weekday() < 5


def apply_offset(
    anchor_at: datetime,
    zone: ZoneInfo,
    offset: Offset,
    *,
    back: bool,
    is_open: Callable[[date], bool] = is_weekday,
) -> datetime:
    """Return the UTC instant that lies the offset before (`back`) or after a UTC anchor.

    `zone` is where wall clocks are read; `is_open` says which days are business days. A day that a zone left out
    altogether (Apia, 30 December 2011) never puts "before" on or after its anchor: the time is then moved back by the
    leap, not forward. Raises `OverflowError` where the calendar ends, and `InvalidRuleError` where no business day lies
    within ten years.
    """
    if offset.kind is OffsetKind.EXACT:
        return anchor_at - offset.elapsed if back else anchor_at + offset.elapsed
    if offset.instant is not None:
        return offset.instant
    return _on_calendar(anchor_at, zone, offset, is_open, back=back)


def _on_calendar(
    anchor_at: datetime, zone: ZoneInfo, offset: Offset, is_open: Callable[[date], bool], *, back: bool
) -> datetime:
    local = anchor_at.astimezone(zone)
    wall = datetime.combine(_day(local.date(), offset, is_open, back=back), offset.at or local.time())
    moment = from_local(wall, zone)
    if back and moment >= anchor_at and wall.date() < local.date():
        moment = from_local(wall, zone, fold=1)
    return moment - offset.elapsed if back else moment + offset.elapsed


def _day(day: date, offset: Offset, is_open: Callable[[date], bool], *, back: bool) -> date:
    step = timedelta(days=-1 if back else 1)
    if offset.kind is OffsetKind.BUSINESS:
        return _business_day(day, offset.days, is_open, step)
    if offset.weekday is not None:
        distance = (day.weekday() - offset.weekday if back else offset.weekday - day.weekday()) % 7
        return day + step * (distance or 7)
    return day + step * offset.days


def _business_day(day: date, count: int, is_open: Callable[[date], bool], step: timedelta) -> date:
    for _ in range(3660):
        if count <= 0:
            return day
        day += step
        count -= is_open(day)
    raise InvalidRuleError("no business day within ten years: the closed days or weekends leave none open")
