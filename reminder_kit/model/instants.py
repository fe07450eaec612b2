"""Instants and zones: UTC inside, named zones at the edge.

Pure: no clock, no I/O. Never takes a datetime without a zone.

Works on the standard library's datetimes, since elapsed-time arithmetic on them costs a
thousandth of pendulum's; pendulum is what hosts may hand in and templates get to see.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from reminder_kit.errors import InvalidInputError, NaiveDatetimeError

__all__ = [
    "UTC",
    "from_iso",
    "from_seconds",
    "in_zone",
    "iso",
    "named_zone",
    "seconds",
    "spelled",
    "steady_offset",
    "utc",
    "whole_seconds",
    "zone",
]

_PLAIN_ZONES = (ZoneInfo, timezone)
"""Zones of the standard library, whose own arithmetic is right: others, of wrappers and elders, may move in a gap."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def utc(moment: datetime, what: str = "the instant") -> datetime:
    """Return an aware datetime (pendulum's or the standard library's) as the standard library's, in UTC.

    Raises `NaiveDatetimeError`, naming `what`, where there is no zone, and `InvalidInputError` for an instant that is
    not within the years 1 to 9999 in UTC.
    """
    offset = moment.utcoffset()
    if offset is None:
        raise NaiveDatetimeError(
            f"{what} has no time zone ({moment.isoformat()}): give an aware datetime, for example "
            f"pendulum.datetime({moment.year}, {moment.month}, {moment.day}, {moment.hour}, {moment.minute}, "
            'tz="America/New_York")'
        )
    try:
        if type(moment) is datetime and type(moment.tzinfo) in _PLAIN_ZONES:
            return moment.astimezone(UTC)
        as_utc = datetime(
            moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second, moment.microsecond, UTC
        )
        return as_utc - offset
    except OverflowError:
        raise InvalidInputError(f"{what} is not within the years 1 to 9999: {moment.isoformat()}") from None


def in_zone(moment: datetime, where: tzinfo) -> datetime:
    """Return an aware datetime by a zone's clocks; so near to the ends of time that it has no date there, as it is."""
    try:
        return moment.astimezone(where)
    except OverflowError:
        return moment


def whole_seconds(moment: datetime, *, up: bool = False) -> datetime:
    """Return the instant cut to whole seconds; with `up`, raised to the next one. The zone stays."""
    cut = moment.replace(microsecond=0)
    return cut + timedelta(seconds=1) if up and moment.microsecond else cut


def seconds(moment: datetime) -> int:
    """Return a UTC instant as whole seconds since 1970 began, without its fraction."""
    return (moment - _EPOCH) // timedelta(seconds=1)


def from_seconds(count: int) -> datetime:
    """Return the UTC instant so many seconds after 1970 began."""
    return _EPOCH + timedelta(seconds=count)


_HOURS = [timedelta(hours=hour) for hour in range(25)]


@lru_cache(maxsize=8192)
def steady_offset(where: ZoneInfo, day: int) -> int | None:
    """Return a zone's offset from UTC, in seconds, on a whole UTC day; None: it changes on that day.

    `day` is the number of days since 1970 began. On nearly all days the wall clock is a matter of adding this number.
    """
    begin = _EPOCH + timedelta(days=day)
    try:
        offsets = {(begin + hours).astimezone(where).utcoffset() for hours in _HOURS}
    except OverflowError:  # the calendar begins, or ends
        return None
    offset = offsets.pop()
    return None if offsets or offset is None else offset // timedelta(seconds=1)


def iso(moment: datetime) -> str:
    """Return an aware datetime as `YYYY-MM-DDTHH:MM:SSZ`, the only form we write; fractions of a second go.

    Raises `NaiveDatetimeError` where there is no zone.
    """
    return f"{utc(moment).replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def from_iso(text: str, what: str = "the instant") -> datetime:
    """Return the UTC instant that an ISO 8601 text with an offset (or `Z`) names.

    Any spelling is taken that `spelled` takes. Raises `InvalidInputError`, naming `what`, for other text, and
    `NaiveDatetimeError` where the offset is missing.
    """
    moment = spelled(text)
    if moment is None:
        raise InvalidInputError(f"{what} is no ISO 8601 instant: {text!r}; write 2026-02-15T14:30:00Z")
    return utc(moment if isinstance(moment, datetime) else datetime.combine(moment, time()), what)


_SPELLED = re.compile(
    r"""\s* (?P<day> \d{4}-\d\d-\d\d | \d{8} )
    (?: (?:\s+|T)
        (?P<clock> \d\d (?: :?\d\d (?: :?\d\d (?:[.,]\d+)? )? )? ) \s*
        (?P<zone> Z | UTC | GMT | [+-]\d\d (?: :?\d\d (?: :?\d\d )? )? )?
    )? \s*""",
    re.ASCII | re.IGNORECASE | re.VERBOSE,
)


def spelled(text: str) -> datetime | date | None:
    """Return the datetime, aware or naive, or the date that a text spells as ISO 8601 means it; None: it is neither.

    With and without its dashes and colons, seconds and `T`, in upper and lower case, with `Z`, `UTC` or any offset.
    """
    found = _SPELLED.fullmatch(text)
    if found is None:
        return None
    day, clock, where = found["day"], found["clock"], found["zone"] or ""
    where = "+00:00" if where.upper() in ("Z", "UTC", "GMT") else where
    try:
        if clock is None:
            return date.fromisoformat(day)
        moment = datetime.fromisoformat(f"{day}T{clock}{where}")
        if where:
            utc(moment)
    except (ValueError, OverflowError):  # the latter: its year in UTC would be 0, or 10000
        return None
    return moment


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """Return the IANA zone of a name. Raises `InvalidInputError`, naming it, where there is no such zone."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise InvalidInputError(f"unknown time zone {name!r}: use an IANA name such as 'America/New_York'") from None


_UNNAMED = ("UTC", "GMT", "Etc/", "Z", "Zulu", "UCT", "Universal", "Greenwich")
"""How the names of zones begin that name no place."""


def named_zone(info: tzinfo | None) -> str | None:
    """Return the IANA name of a datetime's zone; None where the zone is UTC or only an offset.

    UTC and fixed offsets name no place: hosts and databases hand them over for instants
    of any zone, so they say nothing of the local time that rules and texts are to go by.
    """
    name = getattr(info, "key", None) or getattr(info, "name", None)
    if not isinstance(name, str) or name.startswith(_UNNAMED) or name[:1] in "+-":
        return None
    return name
