"""Recurrence sets: what DTSTART, RRULE and RDATE make, less EXRULE and EXDATE (RFC 5545, 3.8.5).

Never reads a file, and knows nothing of overrides. Instances are compared as instants.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain

from reminder_kit.calendars.events import Event
from reminder_kit.calendars.recurrence import Budget, expand
from reminder_kit.calendars.rrule import Rule
from reminder_kit.calendars.settings import Limits
from reminder_kit.calendars.values import Span, TimeKind, When, day_of, moved, recurrence_text
from reminder_kit.errors import CalendarError
from reminder_kit.model.instants import in_zone

__all__ = ["as_in", "goes_on", "instant_of", "starts_between", "taken_out"]

_FIRST, _LAST = datetime(1, 1, 8), datetime(9999, 12, 24)  # noqa: DTZ001 - bounds of wall clocks
_MARGIN = timedelta(days=2)
_LOOKED_AHEAD = timedelta(days=4 * 366)
"""How far a rule is followed to see whether it goes on: to the next leap day."""


def instant_of(original: When, first: When | None) -> datetime:
    """Return the UTC instant of an original start, read in the way that the series' own starts were written."""
    if first is None or original.kind is first.kind is TimeKind.DATE:
        return original.instant
    if first.kind is TimeKind.DATE:
        return When(datetime.combine(day_of(original, first.zone), time()), first.zone, TimeKind.DATE).instant
    if original.kind is TimeKind.DATE:
        return first._replace(wall=datetime.combine(original.wall, first.wall.time())).instant
    if original.kind is TimeKind.FLOATING:
        return first._replace(wall=original.wall).instant
    return original.instant


def starts_between(
    master: Event, first: When, low: datetime, high: datetime, limits: Limits, budget: Budget
) -> list[tuple[When, When | Span | None]]:
    """Return the recurrence set between two instants: DTSTART, RRULE, RDATE, less EXRULE, EXDATE (RFC 5545, 3.8.5)."""
    bounds = _wall(low), _wall(high)
    found: dict[datetime, tuple[When, When | Span | None]] = {}
    if low <= first.instant <= high:
        found[first.instant] = (first, None)
    for rule in master.rules:
        for wall in _walls(rule, first, *bounds, limits, budget):
            when = first._replace(wall=wall)
            found.setdefault(when.instant, (when, None))
            if len(found) > limits.occurrences:
                budget.source -= 10 * len(found)
                raise CalendarError(f"has more than {limits.occurrences} occurrences in the time asked for")
    for when, length in master.extra:
        instant = instant_of(when, first)
        if low <= instant <= high:
            found[instant] = (as_in(first, instant), length)
    return sorted(_remaining(master, first, found, bounds, limits, budget), key=lambda item: item[0].instant)


def goes_on(master: Event, first: When, end: datetime, limits: Limits, budget: Budget, *, unclear: bool) -> bool:
    """Say whether a recurrence set has anything at or after an instant (UTC); what an EXRULE takes away counts.

    `unclear` is the answer where finding out costs more than the budget has.
    """
    gone, days = _taken_out(master, first)
    low, high = _wall(moved(end, -_MARGIN)), _wall(moved(end, _LOOKED_AHEAD))
    budget.series()
    try:
        added = (as_in(first, at) for when, _ in master.extra if (at := instant_of(when, first)) >= end)
        walls = (wall for rule in master.rules for wall in _walls(rule, first, low, high, limits, budget))
        return any(
            when.instant >= end and when.instant not in gone and when.wall.date() not in days
            for when in chain(added, (first._replace(wall=wall) for wall in walls))
        )
    except (CalendarError, ArithmeticError):
        return unclear


def taken_out(master: Event, first: When) -> frozenset[str]:
    """Return the recurrence ids that EXDATE takes out, and the days that it takes out whole, as dates."""
    gone, days = _taken_out(master, first)
    ids = (recurrence_text(as_in(first, at)) for at in gone if _FIRST <= at.replace(tzinfo=None) <= _LAST)
    return frozenset((*ids, *(day.isoformat() for day in days)))


def _taken_out(master: Event, first: When) -> tuple[set[datetime], set[date]]:
    """Return the instants (UTC), and the whole days by the series' clock, that EXDATE takes out."""
    gone = {instant_of(when, first) for when in master.without}
    return gone, {when.wall.date() for when in master.without if when.kind is TimeKind.DATE is not first.kind}


def _remaining(
    master: Event,
    first: When,
    found: dict[datetime, tuple[When, When | Span | None]],
    bounds: tuple[datetime, datetime],
    limits: Limits,
    budget: Budget,
) -> list[tuple[When, When | Span | None]]:
    gone, days = _taken_out(master, first)
    for rule in master.exceptions:
        gone.update(first._replace(wall=wall).instant for wall in _walls(rule, first, *bounds, limits, budget))
    return [
        occurrence
        for instant, occurrence in found.items()
        if instant not in gone and occurrence[0].wall.date() not in days
    ]


def as_in(first: When, instant: datetime) -> When:
    """Return an instant by the clock of the series; of an hour that comes twice a local time names the first only."""
    wall = instant.astimezone(first.zone).replace(tzinfo=None)
    return When(wall.replace(fold=0) if first.kind is TimeKind.FLOATING else wall, first.zone, first.kind)


def _walls(
    rule: Rule, first: When, low: datetime, high: datetime, limits: Limits, budget: Budget
) -> Iterator[datetime]:
    budget.begin(limits.candidates, within_days=rule.freq in ("HOURLY", "MINUTELY", "SECONDLY"))
    if rule.until is not None:
        high = min(high, _until(rule.until, rule.until_kind, first))
    return expand(rule, first.wall, low, high, budget, dates=first.kind is TimeKind.DATE)


def _until(until: datetime, kind: str, first: When) -> datetime:
    """Return UNTIL as a wall clock of the series: a date includes its day, a local time is local (RFC 5545, 3.3.10).

    In UTC it ends a series of days on the day that it is by the series' own clock; at the edge of a UTC day, on that.
    """
    if kind == "utc" and first.kind is TimeKind.DATE and until.time() not in _DAYS_EDGES:
        until = in_zone(until.replace(tzinfo=UTC), first.zone).replace(tzinfo=None, fold=0)
    if kind == "date" or first.kind is TimeKind.DATE:
        return datetime.combine(until, time.max)
    if kind == "utc" and first.kind is TimeKind.ZONED:
        return until.replace(tzinfo=UTC).astimezone(first.zone).replace(tzinfo=None, fold=0)
    return until


_DAYS_EDGES = (time(), time(23, 59), time(23, 59, 59))
"""Times of UTC by which programs that know no zones write the beginning or the end of a day."""


def _wall(instant: datetime) -> datetime:
    return min(max(instant.replace(tzinfo=None), _FIRST), _LAST)
