"""Busy days: who gets dozens of appointments in a day is told of each by itself, whatever a rule says of `together`.

Pure: no clock, no I/O. Never counts reminders: appointments are counted, so that nobody has to be decided to know it.

A day is one of the kit's own zone, and whether it is busy for a number is the same for all appointments of that day.
So a front desk's phone, with hundreds of visits, costs no more than any other: where one of them changes, no other one
has to be looked at for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta

from attrs import define, field

from reminder_kit.model.instants import in_zone, zone

__all__ = ["MOST", "BusyDays", "Calendar", "Day", "Visit"]

MOST = 50
"""How many appointments one message may speak of, and how many a number may have in a day to be told of together."""

Visit = tuple[str, datetime]
"""A number, and a start (UTC)."""

Day = tuple[str, date]
"""A number, and a day by the clocks of the kit's zone."""

_NEXT = timedelta(days=1)


class Calendar:
    """On which days appointments are, by the clocks of one zone."""

    def __init__(self, timezone: str) -> None:
        self._zone = zone(timezone)

    def day_of(self, visit: Visit) -> Day:
        """Return the number and day of a visit."""
        number, start_at = visit
        return number, in_zone(start_at, self._zone).date()

    def days_around(self, visit: Visit, reach: timedelta) -> Iterator[Day]:
        """Yield the days on which appointments may be that start within a reach of a visit."""
        number, start_at = visit
        (_, day), (_, last) = self.day_of((number, start_at - reach)), self.day_of((number, start_at + reach))
        while day <= last:
            yield number, day
            day += _NEXT

    def ranges(self, days: Iterable[Day]) -> list[tuple[str, datetime, datetime]]:
        """Return days as numbers with their first and last instants (UTC), those that follow each other as one."""
        runs: list[tuple[str, date, date]] = []
        for number, day in sorted(days):
            goes_on = bool(runs) and runs[-1][0] == number and runs[-1][2] == day - _NEXT
            runs.append((number, runs.pop()[1] if goes_on else day, day))
        return [
            (number, self._midnight(first), self._midnight(last + _NEXT) - timedelta.resolution)
            for number, first, last in runs
        ]

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self._zone).astimezone(UTC)


@define
class BusyDays:
    """How many appointments some numbers have on which days."""

    _calendar: Calendar
    _counts: Counter[Day] = field(factory=Counter)

    def count(self, visits: Iterable[Visit], *, instead_of: Iterable[Visit] = ()) -> None:
        """Count visits too, in the place of some that were counted; each is one appointment."""
        self._counts.subtract(map(self._calendar.day_of, instead_of))
        self._counts.update(map(self._calendar.day_of, visits))

    def having(self, counts: Mapping[Day, int]) -> BusyDays:
        """Return the busy days with more appointments, as many on each of some days."""
        return BusyDays(self._calendar, self._counts + Counter(counts))

    def is_busy(self, day: Day) -> bool:
        """Say whether a number has more appointments on a day than are told together."""
        return self._counts[day] > MOST

    def __contains__(self, visit: Visit) -> bool:
        """Say whether a number has more appointments, on the day of that start, than are told together."""
        return self.is_busy(self._calendar.day_of(visit))
