"""Recurrence: rules expanded over wall clocks (RFC 5545, 3.3.10).

Pure: no clock, no I/O. Never walks beyond the end that is asked for, and never without counting: every candidate (a
date or time that is looked at) is paid for from a budget, whether or not it belongs to the result, so that a rule which
never matches costs no more than one that does. A rule without COUNT begins at the start that is asked for, however old
the series is.

Written here and not taken from dateutil, which can't be bounded that way, gives all seven days for a bare BYWEEKNO, and
counts BYSETPOS in the first week from DTSTART instead of from WKST.
"""

from __future__ import annotations

from calendar import isleap, monthrange
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from itertools import product
from math import prod

from attrs import define, evolve

from reminder_kit.calendars.rrule import Rule
from reminder_kit.errors import CalendarError

__all__ = ["Budget", "expand"]

_FREE = 500
"""Candidates of each rule, and occurrences of each series, that cost the source nothing."""
_RULES = 4
"""Rules of one series that have such a share: RRULE, EXRULE, and what people merge."""
_UNIT = {"HOURLY": 3600, "MINUTELY": 60, "SECONDLY": 1}


@define
class Budget:
    """How many candidates may still be looked at: for one rule, and for the whole source.

    The first 500 of each rule cost the source nothing, so that no series suffers from what others have used up; that
    holds for the first rules of a series, and once all is used up for none that repeats within a day.
    """

    #: What is left for the whole source.
    source: int
    #: What is left for the rule under way, of how many it was granted.
    rule: int = 0
    limit: int = 0
    #: What is left for that rule before the source pays.
    free: int = 0
    #: Rules of the series under way that had a share of their own.
    rules: int = 0

    def series(self) -> None:
        """Begin a series, or the zone of a VTIMEZONE."""
        self.rules = 0

    def begin(self, limit: int, *, within_days: bool = False) -> None:
        """Grant one rule its own share; `within_days` says that it repeats within a day."""
        self.rules += 1
        self.rule = self.limit = limit
        self.free = 0 if self.rules > _RULES or (within_days and self.source < 0) else _FREE

    def spend(self, count: int) -> None:
        """Pay for candidates; raises `CalendarError` where the rule's or the source's share is used up."""
        self.rule -= count
        if self.rule < 0:
            raise CalendarError(f"its recurrence makes more than {self.limit} candidates; shorten or simplify the rule")
        self.free -= count
        if self.free >= 0:
            return
        self._charge(min(count, -self.free))

    def made(self, occurrences: int) -> None:
        """Pay for the occurrences of one series beyond the first 500, as for ten candidates each.

        Raises `CalendarError` where the source's share is used up.
        """
        self._charge(10 * max(0, occurrences - _FREE))

    def _charge(self, count: int) -> None:
        self.source -= count
        if count and self.source < 0:
            raise CalendarError("the calendar's recurrences make too many candidates; its limit `work` is used up")


def expand(
    rule: Rule, start: datetime, low: datetime, high: datetime, budget: Budget, *, dates: bool = False
) -> Iterator[datetime]:
    """Yield the wall clocks (naive) of a rule from `low` to `high`, both included, in order, never before `start`.

    `start` is DTSTART, which a rule with COUNT counts even where it doesn't match
    (RFC 5545, 3.8.5.3). `dates` ignores the parts that dates have no use for (RFC 5545, 3.3.10).
    """
    if dates:
        if rule.freq in _UNIT:
            raise CalendarError(f"FREQ={rule.freq} cannot repeat a whole day")
        rule = evolve(rule, by={name: value for name, value in rule.by.items() if name not in _TIME_PARTS})
    rule = _completed(rule, start)
    if rule.count is None:
        yield from _bounded(_instants(rule, start, max(low, start), high, budget), max(low, start), high)
        return
    since, passed = _leap(rule, start, low)
    left = rule.count - passed
    for number, moment in enumerate(_bounded(_instants(rule, start, since, high, budget), since, high), passed):
        left -= 1 if number or moment == start else 2
        if left < 0:
            return
        if moment >= low:
            yield moment
        if not left:
            return


def _leap(rule: Rule, start: datetime, low: datetime) -> tuple[datetime, int]:
    """Return from where a rule with COUNT has to be walked, and how many instances lie before that.

    Simple daily and weekly rules have the same number in every step; others are walked from DTSTART.
    """
    times = tuple(rule.values(name) for name in _TIME_PARTS)
    if rule.by.keys() - _TIME_PARTS or low <= start or times != ((start.hour,), (start.minute,), (start.second,)):
        return start, 0
    weekdays = {day for _, day in rule.days}
    if rule.freq == "DAILY" and not weekdays:
        steps = (low - start).days // rule.interval
        return start + timedelta(days=steps * rule.interval), steps
    if rule.freq == "WEEKLY" and start.weekday() in weekdays:
        steps = (low - start).days // (7 * rule.interval)
        return start + timedelta(weeks=steps * rule.interval), steps * len(weekdays)
    return start, 0


_TIME_PARTS = ("BYHOUR", "BYMINUTE", "BYSECOND")


def _bounded(walls: Iterable[datetime], low: datetime, high: datetime) -> Iterator[datetime]:
    for wall in walls:
        if wall > high:
            return
        if wall >= low:
            yield wall


def _completed(rule: Rule, start: datetime) -> Rule:
    """Return a rule with what it leaves open filled in from DTSTART."""
    by = dict(rule.by)
    days = rule.days
    if rule.freq in ("YEARLY", "MONTHLY", "WEEKLY", "DAILY"):
        by.setdefault("BYHOUR", (start.hour,))
        by.setdefault("BYMINUTE", (start.minute,))
        by.setdefault("BYSECOND", (start.second,))
    elif rule.freq != "SECONDLY":
        by.setdefault("BYSECOND", (start.second,))
        if rule.freq == "HOURLY":
            by.setdefault("BYMINUTE", (start.minute,))
    chosen = days or any(name in by for name in ("BYMONTHDAY", "BYYEARDAY"))
    if rule.freq == "WEEKLY" and not days:
        days = ((0, start.weekday()),)
    elif rule.freq in ("YEARLY", "MONTHLY") and not chosen:
        if "BYWEEKNO" in by:
            days = ((0, start.weekday()),)
        else:
            by["BYMONTHDAY"] = (start.day,)
            if rule.freq == "YEARLY":
                by.setdefault("BYMONTH", (start.month,))
    return evolve(rule, days=days, by=by)


def _instants(rule: Rule, start: datetime, low: datetime, high: datetime, budget: Budget) -> Iterator[datetime]:
    positions = rule.values("BYSETPOS")
    if rule.freq in _UNIT:
        yield from _within_days(rule, start, low, high, budget)
        return
    parts = [rule.values(name) for name in _TIME_PARTS]
    if prod(map(len, parts)) > _FREE:
        budget.spend(prod(map(len, parts)))
    times = [time(h, m, s) for h, m, s in product(*parts) if s < 60]
    for days in _periods(rule, start.date(), low.date(), high.date(), budget):
        if positions:
            budget.spend(len(days) * len(times))
            yield from _positioned([datetime.combine(day, moment) for day in days for moment in times], positions)
            continue
        for day in days:
            if low.date() <= day:
                for moment in times:
                    budget.spend(1)
                    yield datetime.combine(day, moment)


def _positioned(walls: list[datetime], positions: tuple[int, ...]) -> list[datetime]:
    size = len(walls)
    indices = {position - 1 if position > 0 else size + position for position in positions}
    return [walls[index] for index in sorted(indices) if 0 <= index < size]


def _periods(rule: Rule, start: date, low: date, high: date, budget: Budget) -> Iterator[list[date]]:
    """Yield the matching dates of one period (year, month, week or day) after the other."""
    step = {"YEARLY": _years, "MONTHLY": _months, "WEEKLY": _weeks, "DAILY": _single_days}[rule.freq]
    for first, length in step(rule, start, low, high):
        budget.spend(1)
        months = rule.values("BYMONTH")
        if months and length <= 31 and rule.freq != "WEEKLY" and first.month not in months:
            continue
        yield _matching(rule, first, length, budget)


def _years(rule: Rule, start: date, low: date, high: date) -> Iterator[tuple[date, int]]:
    first = start.year + max(0, -(-(low.year - start.year) // rule.interval)) * rule.interval
    for year in range(first, high.year + 1, rule.interval):
        yield date(year, 1, 1), 366 if isleap(year) else 365


def _months(rule: Rule, start: date, low: date, high: date) -> Iterator[tuple[date, int]]:
    origin, since = start.year * 12 + start.month - 1, low.year * 12 + low.month - 1
    first = origin + max(0, -(-(since - origin) // rule.interval)) * rule.interval
    for month in range(first, high.year * 12 + high.month, rule.interval):
        yield date(month // 12, month % 12 + 1, 1), monthrange(month // 12, month % 12 + 1)[1]


def _weeks(rule: Rule, start: date, low: date, high: date) -> Iterator[tuple[date, int]]:
    origin = start.toordinal() - (start.weekday() - rule.wkst) % 7
    step = 7 * rule.interval
    first = origin + max(0, (low.toordinal() - 6 - origin + step - 1) // step) * step
    for week in range(first, high.toordinal() + 1, step):
        if week >= 1:
            yield date.fromordinal(week), 7


def _single_days(rule: Rule, start: date, low: date, high: date) -> Iterator[tuple[date, int]]:
    origin = start.toordinal()
    first = origin + max(0, -(-(low.toordinal() - origin) // rule.interval)) * rule.interval
    for day in range(first, high.toordinal() + 1, rule.interval):
        yield date.fromordinal(day), 1


def _matching(rule: Rule, first: date, length: int, budget: Budget) -> list[date]:
    simple = _simple(rule, first)
    if simple is not None:
        return simple
    months = rule.values("BYMONTH") if rule.freq == "YEARLY" else ()
    pieces = [(date(first.year, month, 1), monthrange(first.year, month)[1]) for month in months] or [(first, length)]
    budget.spend(sum(size for _, size in pieces) // 4)
    return [
        day
        for begin, size in pieces
        for day in map(date.fromordinal, range(begin.toordinal(), min(begin.toordinal() + size, _LAST + 1)))
        if _fits(rule, day)
    ]


_LAST = date.max.toordinal()


def _simple(rule: Rule, first: date) -> list[date] | None:
    """Return the dates of the commonest rules without looking at every day; None: it is none of those rules."""
    names = rule.by.keys() & _DATE_PARTS
    if rule.freq == "DAILY" and not names and not rule.days:
        return [first]
    if rule.freq == "WEEKLY" and not names:
        offsets = sorted({(day - first.weekday()) % 7 for _, day in rule.days})
        return [first + timedelta(days=offset) for offset in offsets if first.toordinal() + offset <= _LAST]
    if rule.freq == "YEARLY" and not rule.days and names == {"BYMONTH", "BYMONTHDAY"}:
        found = {
            _month_day(first.year, month, day) for month in rule.values("BYMONTH") for day in rule.values("BYMONTHDAY")
        }
        return sorted(day for day in found if day is not None)
    if rule.freq == "MONTHLY" and not rule.days and names <= {"BYMONTHDAY", "BYMONTH"}:
        found = {_month_day(first.year, first.month, day) for day in rule.values("BYMONTHDAY")}
        return sorted(day for day in found if day is not None)
    if names == {"BYMONTH"} and rule.freq in ("YEARLY", "MONTHLY") and all(nth for nth, _ in rule.days):
        months = rule.values("BYMONTH") if rule.freq == "YEARLY" else (first.month,)
        found = {_nth_weekday(first.year, month, *day) for month in months for day in rule.days}
        return sorted(day for day in found if day is not None)
    return None


_DATE_PARTS = {"BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO"}


def _month_day(year: int, month: int, day: int) -> date | None:
    length = monthrange(year, month)[1]
    day = day if day > 0 else length + day + 1
    return date(year, month, day) if 1 <= day <= length else None


def _nth_weekday(year: int, month: int, nth: int, weekday: int) -> date | None:
    """Return the nth of a weekday in a month, from the back where `nth` is negative; None: the month has none."""
    begins, length = monthrange(year, month)
    first = 1 + (weekday - begins) % 7
    last = first + (length - first) // 7 * 7
    day = first + (nth - 1) * 7 if nth > 0 else last + (nth + 1) * 7
    return date(year, month, day) if 1 <= day <= length else None


def _fits(rule: Rule, day: date) -> bool:
    """Say whether a date passes every BY part: within a year or month, to expand by a part is to limit by it."""
    by = rule.by
    if "BYMONTH" in by and day.month not in by["BYMONTH"]:
        return False
    if "BYMONTHDAY" in by and not {day.day, day.day - monthrange(day.year, day.month)[1] - 1} & set(by["BYMONTHDAY"]):
        return False
    if "BYYEARDAY" in by:
        number = day.timetuple().tm_yday
        if not {number, number - (367 if isleap(day.year) else 366)} & set(by["BYYEARDAY"]):
            return False
    if "BYWEEKNO" in by and not _weeknumbers(day, rule.wkst) & set(by["BYWEEKNO"]):
        return False
    return not rule.days or any(
        day.weekday() == weekday and (not nth or nth in _ordinals(rule, day)) for nth, weekday in rule.days
    )


def _ordinals(rule: Rule, day: date) -> tuple[int, int]:
    """Return the how-many-th of its weekday a date is within its month or year: from the front, and from the back."""
    if rule.freq == "MONTHLY" or "BYMONTH" in rule.by:
        index, length = day.day - 1, monthrange(day.year, day.month)[1]
    else:
        index, length = day.timetuple().tm_yday - 1, 366 if isleap(day.year) else 365
    return index // 7 + 1, -((length - 1 - index) // 7 + 1)


def _weeknumbers(day: date, wkst: int) -> set[int]:
    """Return the number of a date's week, from the front and from the back; week 1 has four of the year's days."""
    middle = day + timedelta(days=3 - (day.weekday() - wkst) % 7) if day.toordinal() < _LAST - 3 else day
    number = (middle.timetuple().tm_yday - 1) // 7 + 1
    january = date(middle.year, 1, 4)
    first = january.toordinal() - (january.weekday() - wkst) % 7
    next_first = first + 7 * 52
    following = date(middle.year + 1, 1, 4) if middle.year < date.max.year else None
    weeks = 53 if following and (following.toordinal() - (following.weekday() - wkst) % 7) > next_first else 52
    return {number, number - weeks - 1}


def _within_days(rule: Rule, start: datetime, low: datetime, high: datetime, budget: Budget) -> Iterator[datetime]:
    """Yield the wall clocks of HOURLY, MINUTELY and SECONDLY rules; days and hours that can't match are passed over."""
    base = _UNIT[rule.freq]
    unit = base * rule.interval
    origin = (start.hour * 3600 + start.minute * 60 + start.second) // base * base
    for ordinal in range(low.toordinal(), high.toordinal() + 1):
        budget.spend(1)
        day = date.fromordinal(ordinal)
        if _fits(rule, day):
            offset = (origin - (ordinal - start.toordinal()) * 86400) % unit
            since = (low.hour * 3600 + low.minute * 60 + low.second) // base * base if day == low.date() else 0
            yield from _day_times(rule, datetime.combine(day, time()), _aligned(offset, unit, since), high, budget)


def _day_times(rule: Rule, midnight: datetime, second: int, high: datetime, budget: Budget) -> Iterator[datetime]:
    base = _UNIT[rule.freq]
    unit = base * rule.interval
    hours, minutes, seconds = (rule.values(name) for name in _TIME_PARTS)
    positions = rule.values("BYSETPOS")
    last = min(86400, int((high - midnight).total_seconds()) + 1)
    while second < last:
        budget.spend(1)
        hour, minute = second // 3600, second // 60 % 60
        if hours and hour not in hours:
            second = _aligned(second, unit, (hour + 1) * 3600)
        elif base <= 60 and minutes and minute not in minutes:
            second = _aligned(second, unit, (second // 60 + 1) * 60)
        else:
            budget.spend(max(1, len(minutes)) * max(1, len(seconds)) if base == 3600 else max(1, len(seconds)))
            period = [
                midnight + timedelta(hours=hour, minutes=m, seconds=s)
                for m in (minutes if base == 3600 else (minute,))
                for s in ((second % 60,) if base == 1 else seconds)
                if s < 60 and (base != 1 or not seconds or s in seconds)
            ]
            yield from _positioned(period, positions) if positions else period
            second += unit


def _aligned(offset: int, unit: int, at_least: int) -> int:
    """Return the first second of a rule's grid, from `offset` in steps of `unit`, that is not before another."""
    return offset + max(0, -(-(at_least - offset) // unit)) * unit
