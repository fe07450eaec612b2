"""Quiet hours: local times at which nobody is written to.

Pure: no clock, no I/O. Never counts elapsed time: quiet hours go by the recipient's wall clock, so that a night in
which the clocks change is an hour longer or shorter.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from attrs import evolve, field, frozen

from reminder_kit.errors import ConfigurationError, InvalidInputError, InvalidRuleError
from reminder_kit.model.instants import steady_offset
from reminder_kit.rules.defaults import Defaults, is_holiday
from reminder_kit.rules.offsets import WEEKDAYS, weekday_number

__all__ = ["QuietHours"]

_DAY = 24 * 60
_WEEK = 7 * _DAY
_SECOND = timedelta(seconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_IN_WEEK = 3 * _DAY
"""Minutes of its week before 1970 began, on a Thursday."""
_LONGEST_CLOSED = 400
"""Days: closed for longer than about as many counts as closed for good."""
_GROUPS = {"weekdays": range(5), "weekends": range(5, 7), "daily": range(7)}


def _clock_text(value: str) -> str:
    hour, colon, minute = str(value).partition(":")
    if colon and hour.isdigit() and minute[:2].isdigit() and len(minute) in (2, 5):
        minutes = int(hour) * 60 + int(minute[:2])
        if int(minute[:2]) < 60 and minutes <= _DAY and minute[2:] in ("", ":00"):
            return f"{minutes // 60:02}:{minutes % 60:02}"
    raise InvalidInputError(f'quiet_hours: {value!r} is no local time: write "21:00"')


def _country(value: object) -> str:
    from phonenumbers import SUPPORTED_REGIONS

    code = value.upper() if isinstance(value, str) else ""
    if code not in SUPPORTED_REGIONS:
        raise InvalidInputError(f'quiet_hours: unknown country {value!r}: use two letters such as "US" or "CA"')
    return code


def _weekday_numbers(value: str | Iterable[str] | None) -> tuple[int, ...]:
    if value is None:
        return tuple(range(7))
    names = (value,) if isinstance(value, str) else tuple(value)
    try:
        found = {
            number for name in names for number in _GROUPS.get(name, ()) or (weekday_number(name, "quiet_hours.days"),)
        }
    except InvalidRuleError as error:
        raise InvalidInputError(f'{error}, or "weekdays", "weekends"') from None
    if not found:
        raise InvalidInputError('quiet_hours.days is empty: name weekdays, or leave it out for all ("daily")')
    return tuple(sorted(found))


def _further(value: Any) -> tuple[QuietHours, ...]:
    several = value if isinstance(value, list | tuple) else (value,)
    return tuple(_quiet_hours_of(value) for value in several)


def _quiet_hours_of(value: Any) -> QuietHours:
    if isinstance(value, QuietHours):
        return value
    if not isinstance(value, Mapping):
        raise InvalidInputError(f'quiet_hours: {value!r} is no table: write {{ start = "21:00", end = "08:00" }}')
    return QuietHours.from_mapping(value)


def _countries(value: Any) -> tuple[tuple[str, QuietHours], ...]:
    """Return quiet hours by country, sorted; from a table, or from names of countries, for their customary ones."""
    if not isinstance(value, Mapping):
        names = value if isinstance(value, list | tuple) else (value,)
        value = dict(name if isinstance(name, tuple) else (name, {"country": name}) for name in names)
    found = {_country(name): _quiet_hours_of(own) for name, own in value.items()}
    if any(own.countries for own in found.values()):
        raise InvalidInputError("quiet_hours.countries: a country's quiet hours have no countries of their own")
    return tuple(sorted(found.items(), key=lambda pair: pair[0]))


def _on(value: object) -> str:
    if value not in ("", "holidays"):
        raise InvalidInputError(f'quiet_hours.on cannot be {value!r}: write on = "holidays", or leave it out')
    return str(value)


@lru_cache(maxsize=1024)
def _country_of(zone_name: str) -> str | None:
    """Return the country that a zone lies in, by CLDR; None: CLDR knows none."""
    from babel.core import get_global

    name = get_global("zone_aliases").get(zone_name, zone_name)
    found = get_global("zone_territories").get(name)
    return None if found is None else str(found)


@frozen(cache_hash=True)
class QuietHours:
    """Local times, in the recipient's zone, at which nothing is sent.

    `QuietHours("21:00", "08:00")` is every night: 21:00 is quiet, 08:00 no longer is.

    start: When they begin, a wall-clock time "HH:MM".
    end: When they are over, likewise, on the next day where it is not later than `start`; "24:00" is midnight.
    on: "holidays": they begin on the kit's `holidays` and `closed_days` only; "" (the default): on any day.
    days: The weekdays on which they begin ("sunday", "weekdays", "weekends", "daily", or several); all by default.
    also: Further quiet hours that hold besides; none by default.
    countries: Other quiet hours for recipients in a zone of these countries, none by default: a table
        (`{"FR": {"start": "20:00", "end": "09:00"}}`), or names of countries, for their customary ones.

    Raises `InvalidInputError`, naming the value, for what cannot be meant.
    """

    start: str = field(converter=_clock_text)
    end: str = field(converter=_clock_text)
    on: str = field(default="", converter=_on, kw_only=True)
    days: tuple[int, ...] = field(default=None, converter=_weekday_numbers, kw_only=True)
    also: tuple[QuietHours, ...] = field(default=(), converter=_further, kw_only=True)
    countries: tuple[tuple[str, QuietHours], ...] = field(default=(), converter=_countries, kw_only=True)
    _days_off: tuple[tuple[str, ...], frozenset[date]] = field(default=((), frozenset()), kw_only=True, repr=False)

    def __attrs_post_init__(self) -> None:
        if self.start == self.end:
            raise InvalidInputError(
                f'quiet_hours begin and end at {self.start}: write "00:00" to "24:00" for a whole day, '
                "or leave quiet_hours out for none"
            )

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> QuietHours:
        """Return the quiet hours that a TOML table or a dict describes.

        Its keys are `start`, `end`, `days`, `on` and `also`, or `country` alone for the customary ones; `countries`
        goes with both. Raises `InvalidInputError` for unknown and missing keys.
        """
        if "country" in values and set(values) <= {"country", "countries"}:
            return cls.for_country(values["country"]).with_countries(values.get("countries", ()))
        unknown = set(values) - {"start", "end", "days", "on", "also", "countries"}
        if unknown or not {"start", "end"} <= set(values):
            raise InvalidInputError(
                f"quiet_hours has the keys {', '.join(sorted(values)) or 'none'}: it takes "
                'start = "21:00" and end = "08:00", and optionally days, on, also and countries; or country = "US" and '
                "countries"
            )
        return cls(**values)

    @classmethod
    def for_country(cls, country: str) -> QuietHours:
        """Return customary quiet hours for a two-letter country code: a courtesy, not legal advice.

        US: 47 CFR 64.1200(c)(1), 8 am to 9 pm. CA: CRTC Unsolicited Telecommunications
        Rules, 9:00 to 21:30, at weekends 10:00 to 18:00. Elsewhere: 21:00 to 08:00.
        Raises `InvalidInputError` for a code of no country.
        """
        if _country(country) == "CA":
            return cls(
                "21:30",
                "09:00",
                days=("monday", "tuesday", "wednesday", "thursday"),
                also=(
                    cls("21:30", "10:00", days="friday"),
                    cls("18:00", "10:00", days="saturday"),
                    cls("18:00", "09:00", days="sunday"),
                ),
            )
        return cls("21:00", "08:00")

    def describe(self) -> str:
        """Return the quiet hours in words, those of countries too."""
        names = "" if len(self.days) == 7 else " " + ", ".join(WEEKDAYS[day].capitalize() for day in self.days)
        names += " on holidays" if self.on else ""
        others = "".join(f" (in {country}: {own.describe()})" for country, own in self.countries)
        return (
            "; ".join([f"{self.start}–{self.end}{names}", *(quiet_hours.describe() for quiet_hours in self.also)])
            + others
        )

    def within(self, zone: ZoneInfo) -> QuietHours:
        """Return the quiet hours that hold in a zone: those of its country where `countries` has some, else these."""
        if not self.countries:
            return self
        return dict(self.countries).get(_country_of(zone.key) or "", self._without_countries)

    @cached_property
    def _without_countries(self) -> QuietHours:
        return self.with_countries(())

    def with_countries(self, countries: Any) -> QuietHours:
        """Return these quiet hours with other `countries`, in any form that the constructor takes."""
        return evolve(self, days=[WEEKDAYS[day] for day in self.days], countries=countries)

    @cached_property
    def goes_by_date(self) -> bool:
        """Whether any of them hold on holidays only, so that no two weeks need be alike."""
        return bool(self.on) or any(quiet_hours.goes_by_date for quiet_hours in self.also)

    def with_days_off(self, defaults: Defaults) -> QuietHours:
        """Return these quiet hours with the holidays and closed days that `on = "holidays"` means.

        Raises `ConfigurationError` where it means none.
        """
        parts = (self, *self.also, *(own for _, own in self.countries))
        if not any(part.goes_by_date for part in parts):
            return self
        if not defaults.holidays and not defaults.closed_days:
            raise ConfigurationError(
                'quiet_hours: on = "holidays" means no day: name calendars (holidays = ["US"]) or closed_days'
            )
        return evolve(
            self,
            days=[WEEKDAYS[day] for day in self.days],
            also=[part.with_days_off(defaults) for part in self.also],
            countries={country: own.with_days_off(defaults) for country, own in self.countries},
            days_off=(defaults.holidays, defaults.closed_days),
        )

    def _begins_on(self, day: date) -> bool:
        if day.weekday() not in self.days:
            return False
        calendars, closed = self._days_off
        return not self.on or day in closed or any(is_holiday(calendar, day) for calendar in calendars)

    def spans(self, first: date, count: int) -> list[tuple[int, int]]:
        """Return begins and ends, in minutes since `first` began, of those that begin within so many days from then."""
        begin, length = self._minutes
        own = [
            (number * _DAY + begin, number * _DAY + begin + length)
            for number in range(count)
            if self._begins_on(first + timedelta(days=number))
        ]
        return own + [span for quiet_hours in self.also for span in quiet_hours.spans(first, count)]

    @property
    def always(self) -> bool:
        """Whether all of the week is quiet, so that nothing would ever be sent."""
        begins, ends = self.intervals
        return len(begins) == 1 and ends[0] - begins[0] >= _WEEK

    @cached_property
    def intervals(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """All begins and all ends, in minutes since Monday 00:00, with overlaps merged; an end may lie a week later."""
        merged: list[list[int]] = []
        for begin, end in sorted(self._unmerged()):
            if merged and begin <= merged[-1][1]:
                merged[-1][1] = max(merged[-1][1], end)
            else:
                merged.append([begin, end])
        while merged and merged[-1][1] - _WEEK >= merged[0][0] and len(merged) > 1:
            first = merged.pop(0)
            merged[-1][1] = max(merged[-1][1], first[1] + _WEEK)
        return tuple(begin for begin, _ in merged), tuple(end for _, end in merged)

    @cached_property
    def _minutes(self) -> tuple[int, int]:
        """When they begin, in minutes since midnight, and how long they last."""
        start, end = (int(clock[:2]) * 60 + int(clock[3:]) for clock in (self.start, self.end))
        return start % _DAY, (end - start) % _DAY or _DAY

    def _unmerged(self) -> list[tuple[int, int]]:
        begin, length = self._minutes
        own = [] if self.on else [(day * _DAY + begin, day * _DAY + begin + length) for day in self.days]
        return own + [interval for quiet_hours in self.also for interval in quiet_hours._unmerged()]  # noqa: SLF001 - its own kind

    def covers(self, instant: datetime, zone: ZoneInfo) -> bool:
        """Say whether a UTC instant is quiet on the clocks of that zone."""
        return _seconds_to_edges(self, instant, zone) is not None

    def over(self, instant: datetime, zone: ZoneInfo) -> datetime | None:
        """Return the first instant from a UTC instant on that is not quiet in that zone; None: all of the week is."""
        return instant if _seconds_to_edges(self, instant, zone) is None else _quiet_until(self, instant, zone)

    def began(self, instant: datetime, zone: ZoneInfo) -> datetime | None:
        """Return when the quiet time around a UTC instant began in that zone; None: all of the week is quiet.

        An instant that is not quiet comes back as it is.
        """
        return instant if _seconds_to_edges(self, instant, zone) is None else _quiet_since(self, instant, zone)


def _seconds_to_edges(quiet: QuietHours, instant: datetime, zone: ZoneInfo) -> tuple[int, int] | None:
    """Return seconds since the begin and until the end of the quiet time around an instant; None: it is not quiet.

    Both are wall-clock seconds: a change of the clocks in between is not counted.
    """
    if quiet.countries:
        quiet = quiet.within(zone)
    if quiet.goes_by_date:
        return _seconds_on_date(quiet, instant.astimezone(zone).replace(tzinfo=None))
    now, second = divmod(_wall_clock(instant, zone), 60)
    now = (now + _EPOCH_IN_WEEK) % _WEEK
    begins, ends = quiet.intervals
    index = bisect_right(begins, now) - 1
    if index < 0:
        index, now = len(begins) - 1, now + _WEEK
    if now >= ends[index]:
        return None
    return (now - begins[index]) * 60 + second, (ends[index] - now) * 60 - second


def _wall_clock(instant: datetime, zone: ZoneInfo) -> int:
    """Return what the clocks of a zone say at a UTC instant, in seconds since they said that 1970 began."""
    elapsed = instant - _EPOCH
    offset = steady_offset(zone, elapsed.days)
    if offset is None:
        elapsed = instant.astimezone(zone).replace(tzinfo=UTC) - _EPOCH
        offset = 0
    return elapsed.days * 86_400 + elapsed.seconds + offset


# These are cached, since the reminders of one plan ask for the same few instants again and again.


@lru_cache(maxsize=8192)
def _seconds_on_date(quiet: QuietHours, local: datetime) -> tuple[int, int] | None:
    """Return the same for quiet hours of which some hold on certain dates only; `local` is its naive wall clock.

    Looked at are the days around it, and more of them while all of these are quiet: holidays may follow each other.
    """
    around = 2
    while True:
        now = around * _DAY + local.hour * 60 + local.minute
        found = _merged_around(quiet.spans(local.date() - timedelta(days=around), 2 * around + 1), now)
        if found is None:
            return None
        begin, end = found
        if (begin > _DAY and end < 2 * around * _DAY) or around > _LONGEST_CLOSED:
            return (now - begin) * 60 + local.second, (end - now) * 60 - local.second
        around *= 4


def _merged_around(spans: list[tuple[int, int]], now: int) -> tuple[int, int] | None:
    """Return the longest time without a gap that these make around a minute; None: it is in none of them."""
    begin = end = -1
    for start, stop in sorted(spans):
        if start <= end:
            end = max(end, stop)
        elif now < end:
            break
        else:
            begin, end = start, stop
    return (begin, end) if begin <= now < end else None


@lru_cache(maxsize=8192)
def _quiet_until(quiet: QuietHours, instant: datetime, zone: ZoneInfo) -> datetime | None:
    for _ in range(64):
        edges = _seconds_to_edges(quiet, instant, zone)
        if edges is None:
            return instant
        end = instant + timedelta(seconds=edges[1], microseconds=-instant.microsecond)
        instant = _offset_change(instant, end, zone) or end
    return None


@lru_cache(maxsize=8192)
def _quiet_since(quiet: QuietHours, instant: datetime, zone: ZoneInfo) -> datetime | None:
    begin = probe = instant
    for _ in range(64):
        edges = _seconds_to_edges(quiet, probe, zone)
        if edges is None:
            return begin
        first = probe - timedelta(seconds=edges[0], microseconds=probe.microsecond)
        begin = _offset_change(first, probe, zone) or first
        probe = begin - _SECOND
    return None


def _offset_change(early: datetime, late: datetime, zone: ZoneInfo) -> datetime | None:
    """Return the instant between two from which on the zone has the later one's offset; None: it is the same."""
    then = late.astimezone(zone).utcoffset()
    if early.astimezone(zone).utcoffset() == then:
        return None
    low, high = 0, int((late - early).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        if (early + timedelta(seconds=middle)).astimezone(zone).utcoffset() == then:
            high = middle
        else:
            low = middle
    return early + timedelta(seconds=high)
