"""What goes on: which series yield something beyond the horizon, so that a calendar read once says so."""

from __future__ import annotations

import pytest

from reminder_kit.calendars import Limits

FIRST, LAST = "DTSTART:20260601T090000Z", "DTSTART:20260629T090000Z"
"""Within the horizon, which ends with June; the one is a Monday, the other the last one of it."""


@pytest.mark.parametrize(
    ("lines", "goes_on"),
    [
        (["RRULE:FREQ=WEEKLY"], True),
        (["RRULE:FREQ=WEEKLY;COUNT=5"], False),
        (["RRULE:FREQ=WEEKLY;COUNT=6"], True),
        (["RRULE:FREQ=WEEKLY;UNTIL=20260706T085959Z"], False),
        (["RRULE:FREQ=WEEKLY;UNTIL=20260706T090000Z"], True),
        (["RRULE:FREQ=YEARLY"], True),
        (["RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29"], True),
        (["RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"], False),
        (["RRULE:FREQ=SECONDLY;COUNT=100"], False),
        (["RRULE:FREQ=WEEKLY;COUNT=6", "EXDATE:20260706T090000Z"], False),
        (["RRULE:FREQ=WEEKLY;COUNT=6", "EXDATE;VALUE=DATE:20260706"], False),
        (["RRULE:FREQ=WEEKLY;COUNT=7", "EXDATE:20260706T090000Z"], True),
        (["RDATE:20260629T090000Z"], False),
        (["RDATE:20260701T000000Z"], True),
        (["RDATE:20260701T000000Z", "EXDATE:20260701T000000Z"], False),
        (["RRULE:FREQ=WEEKLY", "STATUS:CANCELLED"], False),
        ([], False),
    ],
)  # fmt: skip
def test_a_series_goes_on_where_its_rule_or_dates_yield_anything_later(read_events, event, lines, goes_on):
    """At the end of the horizon or after it; what never comes, is taken out, or is cancelled does not go on."""
    reading = read_events(event(*lines, start=FIRST)).reading
    assert (reading.going_on, reading.beyond) == (int(goes_on), 0)


def test_a_series_that_begins_later_is_none_that_goes_on(read_events, event):
    """It is an event that begins then."""
    reading = read_events(event("RRULE:FREQ=WEEKLY", start="DTSTART:20260701T000000Z"), event(uid="b")).reading
    assert (reading.going_on, reading.beyond) == (0, 1)


def test_a_series_for_nobody_goes_on_for_nobody(read_events, event):
    """A team's meeting ends no reminders."""
    reading = read_events(event("RRULE:FREQ=WEEKLY", phone=None), event("RRULE:FREQ=DAILY", uid="b")).reading
    assert reading.going_on == 1


@pytest.mark.parametrize(
    ("override", "counts"),
    [
        (["RECURRENCE-ID:20260629T090000Z"], (1, 0)),
        (["RECURRENCE-ID:20260629T090000Z", "STATUS:CANCELLED"], (0, 0)),
    ],
    ids=["put off", "cancelled"],
)
def test_an_occurrence_that_is_put_off_beyond_is_its_series(read_events, event, override, counts):
    """It is no event besides; of a series that goes on anyway it is one visit more of that."""
    moved = event(*override, start="DTSTART:20270105T090000Z")
    reading = read_events(event("RRULE:FREQ=WEEKLY;COUNT=5", start=FIRST), moved).reading
    assert (reading.going_on, reading.beyond) == counts
    reading = read_events(event("RRULE:FREQ=WEEKLY", start=FIRST), moved).reading
    assert (reading.going_on, reading.beyond) == (1, 0)


def test_a_series_that_is_cancelled_from_an_instance_on_does_not_go_on(read_events, event):
    """RANGE=THISANDFUTURE ends it."""
    ends = event("RECURRENCE-ID;RANGE=THISANDFUTURE:20260615T090000Z", "STATUS:CANCELLED", start=FIRST)
    assert read_events(event("RRULE:FREQ=WEEKLY", start=FIRST), ends).reading.going_on == 0


def test_each_of_several_series_of_one_uid_counts(read_events, event):
    """They are taken for themselves."""
    one, two = (event("RRULE:FREQ=WEEKLY", uid="None", start=start) for start in (FIRST, LAST))
    assert read_events(one, two).reading.going_on == 2


@pytest.mark.parametrize(
    ("rule", "start", "candidates", "goes_on"),
    [
        ("FREQ=DAILY;BYMONTH=6;UNTIL=20270501", FIRST, 30_000, False),
        ("FREQ=DAILY;BYMONTH=6;UNTIL=20270501", FIRST, 200, True),
        ("FREQ=DAILY;BYMONTH=6;BYMONTHDAY=31", "DTSTART:20250601T090000Z", 200, False),
    ],
    ids=["followed", "too costly", "too costly, and nothing so far"],
)
def test_a_rule_that_is_too_costly_to_follow_goes_on_if_it_has_anything_now(
    read_events, event, rule, start, candidates, goes_on
):
    """Following it takes nothing from what reading may cost."""
    reading = read_events(event(f"RRULE:{rule}", start=start), limits=Limits(candidates=candidates)).reading
    assert (reading.going_on, reading.problems) == (int(goes_on), [])
    assert reading.budget.source == Limits().work
