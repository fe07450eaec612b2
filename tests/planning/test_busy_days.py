"""Busy days: how many appointments a number has in a day, by whose clock, and what is too many."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from reminder_kit.planning.busy_days import MOST, BusyDays, Calendar
from tests.factories import NUMBER

MORNING = datetime(2026, 2, 12, 14, tzinfo=UTC)
LATE = datetime(2026, 2, 12, 23, 30, tzinfo=UTC)


def busy_days(count, start_at=MORNING, timezone="America/New_York"):
    days = BusyDays(Calendar(timezone))
    days.count((NUMBER, start_at + timedelta(minutes=minute)) for minute in range(count))
    return days


def test_a_day_is_busy_from_one_more_on_than_are_told_together():
    """Fifty of a number and day are told together, and of fifty-one each by itself."""
    assert (NUMBER, MORNING) not in busy_days(MOST)
    assert (NUMBER, MORNING) in busy_days(MOST + 1)
    assert ("+12025550177", MORNING) not in busy_days(MOST + 1)


def test_a_day_is_one_of_the_given_zone():
    """What starts after midnight is of another day, by the clocks of the zone that is asked for."""
    assert (NUMBER, LATE) in busy_days(MOST + 1, LATE)
    assert (NUMBER, LATE) not in busy_days(MOST + 1, LATE, "UTC")


def test_what_is_counted_in_the_place_of_others_counts_once():
    """One that is to be recorded anew leaves its day, and those of two lists count together."""
    days = busy_days(MOST)
    days.count([(NUMBER, MORNING + timedelta(days=1))], instead_of=[(NUMBER, MORNING)])
    day = (NUMBER, MORNING.date())
    assert not days.having({day: 1}).is_busy(day)
    assert days.having({day: 2}).is_busy(day)


def test_days_that_follow_each_other_are_asked_for_as_one():
    """A range reaches from midnight to midnight by the zone's clocks, on the days when these change too."""
    calendar = Calendar("America/New_York")
    around = list(calendar.days_around((NUMBER, datetime(2026, 3, 8, 16, tzinfo=UTC)), timedelta(hours=13)))
    assert around == [(NUMBER, date(2026, 3, 7)), (NUMBER, date(2026, 3, 8)), (NUMBER, date(2026, 3, 9))]
    ends = datetime(2026, 3, 10, 4, tzinfo=UTC) - timedelta.resolution
    assert calendar.ranges(around) == [(NUMBER, datetime(2026, 3, 7, 5, tzinfo=UTC), ends)]
    apart = [(NUMBER, date(2026, 3, 7)), (NUMBER, date(2026, 3, 9)), ("+1", date(2026, 3, 8))]
    assert [number for number, *_ in calendar.ranges(apart)] == ["+1", NUMBER, NUMBER]
