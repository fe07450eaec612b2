"""Quiet hours beside a clock that is read minute by minute: any parts, days, closed days and changes of the clocks."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from reminder_kit import QuietHours
from reminder_kit.rules.defaults import Defaults

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MINUTE = timedelta(minutes=1)
MONDAY = datetime(2026, 2, 9, tzinfo=UTC)
ZONE_OF_UTC = ZoneInfo("UTC")
CLOSED = [date(2026, 2, 7) + timedelta(days=number) for number in (0, 2, 3, 4, 9, 20)]


def clock(minutes):
    return f"{minutes // 60:02}:{minutes % 60:02}"


def parts_drawn(seed):
    """Return one to four parts, as begin and end in minutes of the day, and the weekdays on which they begin."""
    drawn = random.Random(seed)
    found = []
    for _ in range(drawn.randint(1, 4)):
        begin, end = drawn.sample([*range(0, 1440, 90), 1, 719, 1439], 2)
        end = drawn.choice([end, end, 1440])
        found.append((begin, end, sorted(drawn.sample(range(7), drawn.choice([1, 2, 3, 7])))))
    return found


def made_of(parts, **options):
    """Return the quiet hours of such parts: the first with the others beside it."""
    own, *others = [
        QuietHours(clock(begin), clock(end), days=[DAYS[day] for day in days], **options) for begin, end, days in parts
    ]
    return QuietHours(own.start, own.end, days=[DAYS[day] for day in own.days], also=others, **options)


def is_quiet(parts, wall, closed=None):
    """Say whether a wall clock's minute is in a part that began on that day or on the one before it."""
    minute = wall.hour * 60 + wall.minute
    for back in (0, 1):
        day, now = wall.date() - timedelta(days=back), minute + back * 1440
        for begin, end, days in parts:
            over = end if end > begin else end + 1440
            if day.weekday() in days and (closed is None or day in closed) and begin <= now < over:
                return True
    return False


def asked_around_each_edge(quiet, zone, minutes, quiet_of):
    """Ask at both sides of each edge, at whole and half minutes, and compare with a walk to the next and last edge."""
    told = [quiet_of(minute) for minute in minutes]
    edges = [at for at, (before, after) in enumerate(pairwise(told), 1) if before is not after]
    for at in edges:
        assert quiet.covers(minutes[at], zone) is told[at]
        assert quiet.covers(minutes[at] - timedelta(microseconds=1), zone) is told[at - 1]
    for first, last in pairwise(edges):
        for moment in (minutes[first], minutes[first] + MINUTE / 2, minutes[last] - MINUTE / 4):
            assert quiet.covers(moment, zone) is told[first]
            assert quiet.over(moment, zone) == (minutes[last] if told[first] else moment)
            assert quiet.began(moment, zone) == (minutes[first] if told[first] else moment)
    return len(edges)


@pytest.mark.few(14)
@pytest.mark.parametrize("seed", range(40))
def test_each_edge_of_a_week_is_where_the_minutes_say(seed):
    """Overlaps are one, those over midnight and over the end of the week, too; `always` is a week without a gap."""
    parts = parts_drawn(seed)
    quiet = made_of(parts)
    minutes = [MONDAY + number * MINUTE for number in range(-1440, 9 * 1440)]
    edges = asked_around_each_edge(quiet, ZONE_OF_UTC, minutes, lambda minute: is_quiet(parts, minute))
    assert quiet.always is (edges == 0)


@pytest.mark.few(7)
@pytest.mark.parametrize("seed", range(100, 120))
def test_each_edge_of_closed_days_is_where_the_minutes_say(seed):
    """Of quiet hours on holidays only, those count that begin on one."""
    parts = parts_drawn(seed)
    quiet = made_of(parts, on="holidays").with_days_off(Defaults(closed_days=CLOSED))
    minutes = [MONDAY + number * MINUTE for number in range(-4 * 1440, 14 * 1440)]
    asked_around_each_edge(quiet, ZONE_OF_UTC, minutes, lambda minute: is_quiet(parts, minute, CLOSED))


@pytest.mark.parametrize(
    "day", [date(2026, 3, 8), date(2026, 11, 1)], ids=["an hour is missing", "an hour comes twice"]
)
@pytest.mark.parametrize(
    "part",
    [(1260, 480, range(7)), (60, 150, range(7)), (90, 120, range(7)), (130, 170, range(7)), (0, 1440, [6])],
    ids=["all night", "into the change", "before it", "within it", "the whole day"],
)
def test_each_edge_of_a_day_on_which_clocks_change_is_where_the_minutes_say(day, part):
    """Quiet is what the clocks on the wall say, however often they say it."""
    zone = ZoneInfo("America/New_York")
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    minutes = [midnight + number * MINUTE for number in range(-2000, 3000)]
    edges = asked_around_each_edge(
        made_of([part]), zone, minutes, lambda minute: is_quiet([part], minute.astimezone(zone))
    )
    assert edges >= 2
