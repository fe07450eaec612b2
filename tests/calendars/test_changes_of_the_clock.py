"""A zone of a VTIMEZONE around its changes: each minute of the hours that come twice, and of those that never come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reminder_kit.calendars.vtimezones import TableZone
from reminder_kit.model.instants import zone

BERLIN = zone("Europe/Berlin")
WINTER, SUMMER = timedelta(hours=1), timedelta(hours=2)
SPRING, AUTUMN = datetime(2026, 3, 29, 1), datetime(2026, 10, 25, 1)
TABLE = TableZone("Office", WINTER, [(SPRING, SUMMER), (AUTUMN, WINTER)])


@pytest.mark.parametrize("change", [SPRING, AUTUMN], ids=["spring", "autumn"])
def test_instants_around_a_change_show_the_same_clock(change):
    """And come back from it as the same instants, also where a wall clock comes twice."""
    for minutes in range(-180, 181, 5):
        instant = (change + timedelta(minutes=minutes)).replace(tzinfo=UTC)
        mine, theirs = instant.astimezone(TABLE), instant.astimezone(BERLIN)
        assert (mine.replace(tzinfo=None), mine.fold) == (theirs.replace(tzinfo=None), theirs.fold)
        assert mine.astimezone(UTC) == instant


@pytest.mark.parametrize("fold", [0, 1])
@pytest.mark.parametrize("change", [SPRING, AUTUMN], ids=["spring", "autumn"])
def test_wall_clocks_around_a_change_mean_the_same_instants(change, fold):
    """Both of an hour that comes twice, and both readings of one that the clock leaps over."""
    for minutes in range(-180, 301, 5):
        wall = (change + timedelta(minutes=minutes)).replace(fold=fold)
        assert wall.replace(tzinfo=TABLE).utcoffset() == wall.replace(tzinfo=BERLIN).utcoffset(), wall


def test_before_and_after_all_changes_the_first_and_the_last_offset_hold():
    """What a VTIMEZONE says nothing of is as at its nearest end."""
    assert datetime(1990, 7, 1, tzinfo=TABLE).utcoffset() == WINTER
    assert datetime(2050, 7, 1, tzinfo=TABLE).utcoffset() == WINTER


def test_a_zone_of_no_known_name_is_the_hosts_own_where_their_clocks_agree(read_events, event, zone_of):
    """Its appointments carry that name, else that of a place with the same clock: texts go by it."""
    office = zone_of("Office", standard="+0100", daylight="+0200")
    booked = event("RRULE:FREQ=MONTHLY;COUNT=3", start="DTSTART;TZID=Office:20260226T090000")
    for own in ("Europe/Vienna", "America/New_York", None):
        found = read_events(office, booked, timezone=own)
        (name,) = {item.appointment.timezone for item in found.found}
        assert name == own if own == "Europe/Vienna" else name.startswith("Europe/")
        assert {item.appointment.starts_at.astimezone(zone(name)).hour for item in found.found} == {9}


def test_a_zone_like_no_place_has_the_offset_of_each_appointment(read_events, event, zone_of):
    """Three hours ahead in winter and four in summer is no place's clock: each occurrence carries its own offset."""
    office = zone_of("Office", standard="+0300", daylight="+0400")
    found = read_events(office, event("RRULE:FREQ=MONTHLY;COUNT=3", start="DTSTART;TZID=Office:20260226T090000"))
    assert [item.appointment.timezone for item in found.found] == ["Etc/GMT-3", "Etc/GMT-3", "Etc/GMT-4"]
    assert {item.appointment.starts_at.hour for item in found.found} == {9}
