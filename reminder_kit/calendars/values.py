"""Values of properties: dates, date-times, durations, periods (RFC 5545, 3.3), kept as they were written.

Pure: no clock, no I/O. Never guesses an instant: a time stays a wall clock with the kind of zone that it was written
in, and a duration keeps its nominal days apart from its exact seconds, since a day is as long as the clock makes it,
and 24 hours are not (RFC 5545, 3.3.6).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from itertools import islice
from typing import NamedTuple, TypeVar

from reminder_kit.calendars.content_lines import Property
from reminder_kit.calendars.quoting import quoted
from reminder_kit.errors import CalendarError
from reminder_kit.model.instants import in_zone, iso, spelled, utc

__all__ = [
    "Period",
    "Span",
    "TimeKind",
    "When",
    "as_span",
    "as_when",
    "day_of",
    "integer",
    "is_day",
    "offset_of",
    "periods",
    "recurrence_text",
    "stamp",
    "whens",
]

T = TypeVar("T")

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
        try:
            return self.wall.replace(tzinfo=self.zone).astimezone(UTC)
        except OverflowError:
            return utc(self.wall.replace(tzinfo=self.zone))  # says so


def moved(moment: datetime, by: timedelta) -> datetime:
    """Return an instant, or a wall clock, some time later, or earlier; at the ends of time, as it is."""
    try:
        return moment + by
    except OverflowError:
        return moment


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


def as_when(text: str, tzid: str, zones: Zones, line: int, *, is_day: bool = False) -> When:
    """Return one DATE or DATE-TIME; `tzid` "" means that none is given, `is_day` that it is a whole day (VALUE=DATE).

    A TZID does not apply to dates and UTC times (RFC 5545, 3.2.19). Besides the RFC's form any of ISO 8601's is taken,
    with dashes, fractions of a second or an offset. Raises `CalendarError`.
    """
    match = _TIME.fullmatch(text.strip())
    wall, kind = _in_words(text, line) if match is None else _in_digits(match, text, line)
    if kind is TimeKind.DATE:
        return When(wall, zones("", line), kind)
    if is_day:
        when = When(wall, UTC if kind is TimeKind.UTC else zones("", line), kind)
        return When(datetime.combine(day_of(when, zones("", line)), time()), zones("", line), TimeKind.DATE)
    if kind is TimeKind.UTC:
        return When(wall, UTC, kind)
    if tzid.strip():
        return When(wall, zones(tzid, line), TimeKind.ZONED)
    return When(wall, zones("", line), kind)


def _in_digits(match: re.Match[str], text: str, line: int) -> tuple[datetime, TimeKind]:
    year, month, day, hour, minute, second, z = match.groups()
    try:
        if hour is None:
            return datetime(int(year), int(month), int(day)), TimeKind.DATE  # noqa: DTZ001 - wall clock
        wall = datetime(int(year), int(month), int(day), int(hour), int(minute), min(int(second or 0), 59))  # noqa: DTZ001 - wall clock
    except ValueError:
        raise CalendarError(f"{quoted(text)} is no date or time", line=line) from None
    return wall, TimeKind.UTC if z else TimeKind.FLOATING


def _in_words(text: str, line: int) -> tuple[datetime, TimeKind]:
    """Read a date or time that is written as ISO 8601 means it, and not as RFC 5545 does."""
    found = spelled(text)
    if found is None:
        raise CalendarError(f"{quoted(text)} is no date or time", line=line)
    if not isinstance(found, datetime):
        return datetime.combine(found, time()), TimeKind.DATE
    if found.tzinfo is None:
        return found.replace(microsecond=0), TimeKind.FLOATING
    return utc(found).replace(tzinfo=None, microsecond=0), TimeKind.UTC


def day_of(when: When, zone: tzinfo) -> date:
    """Return the day that a time means where only days are meant.

    A time in UTC is the midnight of that day: that of `zone`, else UTC's own, else that of another zone, and so the
    nearest one. Other times are on their own day, whatever their zone.
    """
    if when.kind is not TimeKind.UTC:
        return when.wall.date()
    local = in_zone(when.wall.replace(tzinfo=UTC), zone)
    if local.time() == time():
        return local.date()
    if when.wall.time() == time():
        return when.wall.date()
    return local.date() if local.hour < 12 or local.date() == date.max else local.date() + timedelta(days=1)


def is_day(property_: Property) -> bool:
    """Say whether a property's values are days, whatever else is in them (VALUE=DATE)."""
    return property_.parameters.get("VALUE", "").upper() == "DATE"


Unread = Callable[[CalendarError], None]
"""Takes what is wrong with one value of a list, of which the others are read."""


def _listed(property_: Property, limit: int) -> list[str]:
    written = (match[0] for match in re.finditer("[^,]+", property_.value))
    texts = list(islice((text for text in written if text.strip()), limit + 1))
    if len(texts) > limit:
        raise CalendarError(f"holds more than {limit} dates", line=property_.line)
    return texts


def whens(property_: Property, zones: Zones, limit: int, unread: Unread | None = None) -> list[When]:
    """Return the comma-separated times of one property; raises `CalendarError` beyond `limit` of them.

    One that can't be read is handed to `unread`; None: it is raised.
    """
    tzid = property_.parameters.get("TZID", "")
    texts, days = _listed(property_, limit), is_day(property_)
    return list(
        _readable(texts, lambda text: as_when(text, tzid, zones, property_.line, is_day=days), unread),
    )


def _readable(texts: Iterable[str], read: Callable[[str], T], unread: Unread | None) -> Iterator[T]:
    for text in texts:
        try:
            yield read(text)
        except CalendarError as error:
            if unread is None:
                raise
            unread(error)


Period = tuple[When, "When | Span | None"]
"""A start, and the end or length that it was given (None: none)."""


def periods(property_: Property, zones: Zones, limit: int, unread: Unread | None = None) -> list[Period]:
    """Return the times of an RDATE, each with the end or length it was given as a PERIOD (RFC 5545, 3.3.9).

    Raises `CalendarError` beyond `limit` of them. One that can't be read is handed to `unread`; None: it is raised.
    """
    if "/" not in property_.value:
        return [(when, None) for when in whens(property_, zones, limit, unread)]
    return list(_readable(_listed(property_, limit), lambda text: _period(text, property_, zones), unread))


def _period(text: str, property_: Property, zones: Zones) -> Period:
    tzid = property_.parameters.get("TZID", "")
    start, slash, rest = text.strip().partition("/")
    end: When | Span | None = None
    if slash:
        is_span = rest[:1] in "Pp+-" and bool(rest)
        end = as_span(rest, property_.line) if is_span else as_when(rest, tzid, zones, property_.line)
    return as_when(start, tzid, zones, property_.line), end


def as_span(text: str, line: int) -> Span:
    """Return a DURATION, at most ten years long; raises `CalendarError` for anything else."""
    match = _DURATION.fullmatch(text.strip())
    if match is None or not any(match.groups()[1:]):
        raise CalendarError(f"{quoted(text)} is no duration", line=line)
    sign, *parts = match.groups()
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in parts)
    span = Span(weeks * 7 + days, timedelta(seconds=hours * 3600 + minutes * 60 + seconds))
    if span.days > _LONGEST.days or span.exact > _LONGEST:
        raise CalendarError(f"{quoted(text)} is longer than ten years", line=line)
    return -span if sign == "-" else span


def stamp(property_: Property | None) -> datetime | None:
    """Return a UTC stamp (CREATED, DTSTAMP, ACKNOWLEDGED); None where it is absent or unreadable.

    One without `Z` is taken for UTC, as RFC 5545, 3.8.7 requires it to be.
    """
    if property_ is None:
        return None
    match = _TIME.fullmatch(property_.value.strip())
    try:
        read = _in_words(property_.value, 0) if match is None else _in_digits(match, property_.value, 0)
    except CalendarError:
        return None
    return read[0].replace(tzinfo=UTC)


def integer(text: str) -> int | None:
    """Return a whole number of at most nine digits; None means that the text is anything else."""
    return int(text) if re.fullmatch(r"\s*[+-]?\d{1,9}\s*", text) else None


def offset_of(text: str, line: int) -> timedelta:
    """Return a UTC-OFFSET (RFC 5545, 3.3.14), less than a day either way. Raises `CalendarError`."""
    match = _OFFSET.fullmatch(text.strip())
    if match is None:
        raise CalendarError(f"{quoted(text)} is no offset from UTC", line=line)
    sign, hours, minutes, seconds = match.groups()
    found = timedelta(hours=int(hours), minutes=int(minutes), seconds=int(seconds or 0))
    if found >= timedelta(hours=24):
        raise CalendarError(f"{quoted(text)} is an offset of a day or more", line=line)
    return -found if sign == "-" else found


def recurrence_text(original: When) -> str:
    """Return the original start as a recurrence id: a date, a wall clock for floating times, else a UTC instant."""
    if original.kind is TimeKind.DATE:
        return original.wall.date().isoformat()
    return original.wall.isoformat() if original.kind is TimeKind.FLOATING else iso(original.instant)
