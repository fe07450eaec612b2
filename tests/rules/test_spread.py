"""Spread: 300 reminders that are due at nine don't queue behind one number's throughput."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from statistics import mean

import pytest

from reminder_kit.model.appointments import Appointment
from reminder_kit.rules.defaults import Defaults
from reminder_kit.rules.placement import place
from reminder_kit.rules.quiet_hours import QuietHours
from reminder_kit.rules.reminders import reminders_of
from reminder_kit.rules.rule import Rule
from tests.factories import NEW_YORK, WINDOW

NINE = datetime(2026, 2, 15, 14, tzinfo=UTC)


def sent(day, spread, count=300):
    rule = Rule("r", days_before=1, at="14:00", text="Hi", spread=spread)
    start = NINE + timedelta(days=day + 1, hours=3)
    now = start - timedelta(days=3)
    found = []
    for number in range(count):
        visit = Appointment(f"A-{day * 1000 + number}", start, recipients=[f"+1202555{number:04}"])
        (one,) = reminders_of(visit, [rule], Defaults())
        found.append(place(one, now=now, window=WINDOW, quiet=None).send_at)
    return found


def longest_wait(instants, pause):
    """Return how long the last message of a queue waits, one number sending one message in `pause` seconds."""
    free, longest = timedelta(0), timedelta(0)
    begin = min(instants)
    for instant in sorted(instants):
        start = max(free, instant - begin)
        free = start + timedelta(seconds=pause)
        longest = max(longest, free - (instant - begin))
    return longest


@pytest.mark.slow
def test_the_fullest_minute_holds_about_twice_an_even_share():
    """Of 300 reminders over 30 minutes, the fullest minute has fewer than 18 on average and at most 28."""
    worst = [max(Counter(sent(day, "30 minutes")).values()) for day in range(50)]
    assert mean(worst) < 18
    assert max(worst) <= 28


@pytest.mark.slow
@pytest.mark.parametrize(("spread", "wait"), [(0, 300), ("30 minutes", 28)], ids=["all at nine", "spread"])
def test_how_long_the_last_one_waits_at_one_message_a_second(spread, wait):
    """How long the last one waits if one number sends one message a second."""
    assert max(longest_wait(sent(day, spread), pause=1) for day in range(50)) == timedelta(seconds=wait)


def test_a_message_keeps_its_minute_whatever_others_come_and_go():
    """A reminder's share of the spread follows from its own key, not from how many others are due."""
    assert sent(1, "30 minutes", count=300)[:50] == sent(1, "30 minutes", count=50)


@pytest.mark.parametrize(
    ("spread", "minutes"), [("30 seconds", 1), ("1 minute", 1), ("2 minutes", 2), ("150 seconds", 2)]
)
def test_a_spread_has_as_many_minutes_as_it_says(spread, minutes):
    """Whole ones, and the due time's own at least."""
    assert {at - NINE - timedelta(days=1) for at in sent(1, spread, count=60)} == {
        timedelta(minutes=minute) for minute in range(minutes)
    }


@pytest.mark.parametrize("shift", ["earlier", "later"])
@pytest.mark.parametrize("spread", ["1 hour", "6 hours", "14 hours"])
def test_a_spread_leads_into_no_quiet_hours_and_beyond_no_start(shift, spread):
    """Due in the night, each goes its share beside it where that is allowed and in time, else where one goes alone."""
    rule = Rule("r", before="15 hours", text="Hi", spread=spread, shift=shift)
    quiet, start = QuietHours("21:00", "08:00"), datetime(2026, 2, 16, 20, tzinfo=NEW_YORK)
    times = set()
    for number in range(300):
        visit = Appointment(f"A-{number}", start, recipients=[f"+1202555{number:04}"])
        (one,) = reminders_of(visit, [rule], Defaults())
        found = place(one, now=start - timedelta(days=3), window=WINDOW, quiet=quiet)
        times.add(found.send_at.astimezone(NEW_YORK))
    assert all(8 <= at.hour < 21 and at < start for at in times)
    assert len(times) > 30
    assert spread != "1 hour" or {at.day for at in times} == {15 if shift == "earlier" else 16}
