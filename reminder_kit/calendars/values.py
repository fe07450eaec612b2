"""Values of properties: dates, date-times, durations, periods (RFC 5545, 3.3), kept as they were written.

Pure: no clock, no I/O. Never guesses an instant: a time stays a wall clock with the kind of zone that it was written
in, and a duration keeps its nominal days apart from its exact seconds, since a day is as long as the clock makes it,
and 24 hours are not (RFC 5545, 3.3.6).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import NamedTuple

from reminder_kit.calendars.content_lines import Property
from reminder_kit.errors import CalendarError
from reminder_kit.model.instants import utc

__all__ = ["Span", "TimeKind", "When", "as_span", "as_when", "integer", "offset_of", "periods", "stamp", "whens"]

_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(?:[Tt](\d\d)(\d\d)(\d\d)?([Zz])?)?")
_DURATION = re.compile(
    r"([+-]?)P(?:(\d{1,9})W)?(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?", re.IGNORECASE
)
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)(?::?(\d\d))?")
_LONGEST = timedelta(days=3660)
"""The longest duration that is taken: ten years."""


class TimeKind(StrEnum):
    """How a time was written, which says in which zone it is read."""

    #: Without a time of day.
    DATE = "date"
    #: A wall clock without a zone: the same digits wherever one is.
    FLOATING = "floating"
    #: With a Z.
    UTC = "utc"
    #: With a TZID.
    ZONED = "zoned"


class When(NamedTuple):
    """A date or time as it was written."""

    #: The wall clock, naive; midnight for a date.
    wall: datetime
    #: The zone in which it is read.
    zone: tzinfo
    #: How it was written.
    kind: TimeKind

    @property
    def instant(self) -> datetime:
        """The UTC instant; a time in a gap of the clock is read with the offset before the gap (RFC 5545, 3.3.5)."""
        return utc(self.wall.replace(tzinfo=self.zone))


class Span(NamedTuple):
    """A length of time; both parts have the same sign."""

    #: Nominal days, as long as the clock makes them.
    days: int = 0
    #: Exact seconds, counted after the days.
    exact: timedelta = timedelta()

    def after(self, instant: datetime, zone: tzinfo) -> datetime:
        """Return the UTC instant this long after another: first the days on that zone's wall clock, then the rest."""
        if self.days:
            wall = instant.astimezone(zone).replace(tzinfo=None, fold=0) + timedelta(days=self.days)
            instant = utc(wall.replace(tzinfo=zone))
        return instant + self.exact

    def __neg__(self) -> Span:
        return Span(-self.days, -self.exact)

    @property
    def is_negative(self) -> bool:
        """Whether it leads back in time."""
        return self.days < 0 or self.exact < timedelta()


Zones = Callable[[str, int], tzinfo]
"""Returns the zone of a TZID, or of floating times for ""; the line is for warnings."""


def as_when(text: str, tzid: str, zones: Zones, line: int) -> When:
    """Return one DATE or DATE-TIME; `tzid` "" means that none is given.

    A TZID does not apply to dates and UTC times (RFC 5545, 3.2.19). Raises `CalendarError`.
    """
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise CalendarError(f"{text[:40]!r} is no date or time", line=line)
    year, month, day, hour, minute, second, z = match.groups()
    try:
        if hour is None:
            return When(datetime(int(year), int(month), int(day)), zones("", line), TimeKind.DATE)  # noqa: DTZ001 - wall clock
        wall = datetime(int(year), int(month), int(day), int(hour), int(minute), min(int(second or 0), 59))  # noqa: DTZ001 - wall clock
    except ValueError:
        raise CalendarError(f"{text[:40]!r} is no date or time", line=line) from None
    if z:
        return When(wall, UTC, TimeKind.UTC)
    if tzid.strip():
        return When(wall, zones(tzid, line), TimeKind.ZONED)
    return When(wall, zones("", line), TimeKind.FLOATING)


def whens(property_: Property, zones: Zones, limit: int) -> list[When]:
    """Return the comma-separated times of one property; raises `CalendarError` beyond `limit` of them."""
    tzid = property_.parameters.get("TZID", "")
    texts = [text for text in property_.value.split(",", limit) if text.strip()]
    if len(texts) > limit or (texts and texts[-1].count(",")):
        raise CalendarError(f"{property_.name} holds more than {limit} dates", line=property_.line)
    return [as_when(text, tzid, zones, property_.line) for text in texts]


def periods(property_: Property, zones: Zones, limit: int) -> list[tuple[When, When | Span | None]]:
    """Return the times of an RDATE, each with the end or length it was given as a PERIOD (RFC 5545, 3.3.9)."""
    if "/" not in property_.value:
        return [(when, None) for when in whens(property_, zones, limit)]
    tzid = property_.parameters.get("TZID", "")
    found: list[tuple[When, When | Span | None]] = []
    for text in property_.value.split(",", limit)[:limit]:
        start, slash, rest = text.strip().partition("/")
        end: When | Span | None = None
        if slash:
            is_span = rest[:1] in "Pp+-" and bool(rest)
            end = as_span(rest, property_.line) if is_span else as_when(rest, tzid, zones, property_.line)
        found.append((as_when(start, tzid, zones, property_.line), end))
    return found


def as_span(text: str, line: int) -> Span:
    """Return a DURATION, at most ten years long; raises `CalendarError` for anything else."""
    match = _DURATION.fullmatch(text.strip())
    if match is None or not any(match.groups()[1:]):
        raise CalendarError(f"{text[:40]!r} is no duration", line=line)
    sign, *parts = match.groups()
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in parts)
    span = Span(weeks * 7 + days, timedelta(seconds=hours * 3600 + minutes * 60 + seconds))
    if span.days > _LONGEST.days or span.exact > _LONGEST:
        raise CalendarError(f"{text[:40]!r} is longer than ten years", line=line)
    return -span if sign == "-" else span


def stamp(property_: Property | None) -> datetime | None:
    """Return a UTC stamp (CREATED, DTSTAMP, ACKNOWLEDGED); None where it is absent or unreadable.

    One without `Z` is taken for UTC, as RFC 5545, 3.8.7 requires it to be.
    """
    match = None if property_ is None else _TIME.fullmatch(property_.value.strip())
    if match is None:
        return None
    try:
        return datetime(*(int(part or 0) for part in match.groups()[:6]), tzinfo=UTC)  # type: ignore[misc,arg-type]
    except ValueError:
        return None


def integer(text: str) -> int | None:
    """Return a whole number of at most nine digits; None means that the text is anything else."""
    return int(text) if re.fullmatch(r"\s*[+-]?\d{1,9}\s*", text) else None


def offset_of(text: str, line: int) -> timedelta:
    """Return a UTC-OFFSET (RFC 5545, 3.3.14), less than a day either way. Raises `CalendarError`."""
    match = _OFFSET.fullmatch(text.strip())
    if match is None:
        raise CalendarError(f"{text[:40]!r} is no offset from UTC", line=line)
    sign, hours, minutes, seconds = match.groups()
    found = timedelta(hours=int(hours), minutes=int(minutes), seconds=int(seconds or 0))
    if found >= timedelta(hours=24):
        raise CalendarError(f"{text[:40]!r} is an offset of a day or more", line=line)
    return -found if sign == "-" else found
