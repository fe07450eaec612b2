"""Edges that calendars seldom reach: an hour that comes twice, the ends of time, too many periods, nobody's address."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reminder_kit.calendars import Limits

NIGHT = "DTSTART;TZID=America/New_York:20261030T013000"
INVITED = "ATTENDEE;CN=Ann:tel:+12025550101"


@pytest.mark.parametrize(
    ("written", "start"),
    [("20261101T053000Z", "2026-11-01T05:30:00Z"), ("20261101T063000Z", "2026-11-01T06:30:00Z")],
    ids=["the first", "the second"],
)
def test_a_further_date_in_utc_is_its_instant_in_the_hour_that_comes_twice(read_events, event, written, start):
    """01:30 comes twice that night, and UTC says which of the two is meant."""
    found = read_events(event(f"RDATE:{written}", start=NIGHT), start=datetime(2026, 11, 1, tzinfo=UTC), end=END)
    assert found.starts == [start]


def test_both_times_of_an_hour_that_comes_twice_are_two_occurrences(read_events, event):
    """Each with a name of its own, and each to be moved by itself."""
    both = event("RDATE:20261101T053000Z,20261101T063000Z", start=NIGHT)
    span = {"start": datetime(2026, 11, 1, tzinfo=UTC), "end": END}
    found = read_events(both, **span)
    assert found.starts == ["2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z"]
    assert len(set(found.ids)) == 2
    override = event("RECURRENCE-ID:20261101T063000Z", start="DTSTART:20261101T150000Z")
    assert read_events(both, override, **span).starts == ["2026-11-01T05:30:00Z", "2026-11-01T15:00:00Z"]


END = datetime(2026, 11, 3, tzinfo=UTC)


def test_more_periods_than_are_allowed_are_refused_as_dates_are(read_events, event):
    """None is dropped in silence."""
    periods = ",".join(f"2026030{day}T140000Z/PT1H" for day in range(3, 8))
    assert len(read_events(event(f"RDATE;VALUE=PERIOD:{periods}"), limits=Limits(dates=5)).found) == 6
    refused = read_events(event(f"RDATE;VALUE=PERIOD:{periods}"), limits=Limits(dates=4))
    assert (refused.found, len(refused.errors)) == ([], 1)
    assert "holds more than 4 dates" in refused.errors[0].message


@pytest.mark.parametrize("year", ["0001", "0002", "0004", "9999"])
@pytest.mark.parametrize("kind", ["0101T000000Z", "0101T000000", "1231"])
def test_a_zone_whose_changes_ended_at_the_ends_of_time_costs_no_event(read_events, event, zone_of, year, kind):
    """Whatever its rule's UNTIL says, the event is read, an hour before or after at the worst."""
    rule = f"RRULE:FREQ=YEARLY;UNTIL={year}{kind};BYDAY=-1SU;BYMONTH=3"
    zone = zone_of("Desk", standard="-0500", daylight="-0400").replace("RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3", rule)
    found = read_events(zone, event(start="DTSTART;TZID=Desk:20260302T090000"))
    assert found.errors == []
    assert found.starts in (["2026-03-02T13:00:00Z"], ["2026-03-02T14:00:00Z"])


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (datetime(1, 1, 2, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),
        (datetime(2026, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)),
    ],
    ids=["from the beginning", "to the end"],
)
def test_a_horizon_at_the_ends_of_time_reads_what_lies_in_it(read_events, event, start, end):
    """One event, or a series."""
    found = read_events(event(), event("RRULE:FREQ=DAILY;COUNT=2", uid="series"), start=start, end=end)
    assert (len(found.found), found.errors) == (3, [])


def test_a_series_that_is_moved_whole_keeps_the_second_time_of_that_hour(read_events, event):
    """An override of this and all that follows changes nothing but what it says."""
    whole = event("RECURRENCE-ID;RANGE=THISANDFUTURE:20261030T053000Z", "SUMMARY:Other", start=NIGHT, uid="visit-1")
    found = read_events(
        event("RDATE:20261101T063000Z", start=NIGHT), whole, start=datetime(2026, 11, 1, tzinfo=UTC), end=END
    )
    assert (found.starts, found.titles) == (["2026-11-01T06:30:00Z"], ["Other"])


def test_a_floating_series_has_one_occurrence_of_that_hour(read_events, event):
    """By the clock on the wall there is but one name for both."""
    floating = event("RDATE:20261101T053000Z,20261101T063000Z", start="DTSTART:20261030T013000")
    found = read_events(floating, start=datetime(2026, 11, 1, tzinfo=UTC), end=END)
    assert len(set(zip(found.ids, found.starts, strict=True))) == len(set(found.ids))


def test_people_whose_address_is_left_out_are_people_apart(read_events, event):
    """Two without one are two, and neither is the organizer whose address is left out, too."""
    lines = [
        f'ATTENDEE;CN={name};X-PHONE="{number}":mailto:'
        for name, number in (("Ann", "+12025550101"), ("Bo", "+12025550102"))
    ]
    found = read_events(event("ORGANIZER:mailto:", *lines, phone=None), phones=("x-phone",))
    assert [one.phone for one in found.only.appointment.recipients] == ["+12025550101", "+12025550102"]


@pytest.mark.parametrize(
    ("organizer", "reminded"),
    [("mailto:", True), ("MAILTO: ", True), ("mailto:ann@clinic.example", True), ("tel:+12025550101", False)],
)
def test_nobody_is_taken_for_an_organizer_without_an_address(read_events, event, organizer, reminded):
    """Who has no e-mail is not the organizer whose e-mail is left out; who has the organizer's number is."""
    found = read_events(event(f"ORGANIZER:{organizer}", phone=INVITED)).only.appointment.recipients
    assert [one.phone for one in found] == (["+12025550101"] if reminded else [])


def test_an_answer_beside_its_request_is_no_second_version_of_it(read, event, calendar):
    """Just as old as what it answers, it is passed over without a word."""
    request = calendar("METHOD:REQUEST", event(phone=INVITED))
    reply = calendar("METHOD:REPLY", event(phone=INVITED.replace("CN=Ann", "PARTSTAT=ACCEPTED")))
    found = read(request + reply)
    assert (len(found.found), found.warnings) == (1, [])
