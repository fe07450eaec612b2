"""Instants: what the clocks of a zone say, worked out once for a whole day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder_kit.model.instants import steady_offset

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ZONES = ["America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca", "UTC"]


def days_since_epoch(year, month, day):
    return (datetime(year, month, day, tzinfo=UTC) - EPOCH).days


@given(st.sampled_from(ZONES), st.integers(days_since_epoch(2011, 1, 1), days_since_epoch(2035, 1, 1)), st.data())
def test_a_steady_offset_holds_at_every_second_of_its_day(name, day, data):
    """Where a day has one offset, it is the zone's own at any second of that day."""
    zone = ZoneInfo(name)
    offset = steady_offset(zone, day)
    if offset is not None:
        instant = EPOCH + timedelta(days=day, seconds=data.draw(st.integers(0, 86_399)))
        assert instant.astimezone(zone).utcoffset() == timedelta(seconds=offset)


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("America/New_York", (2026, 3, 8)),
        ("America/New_York", (2026, 11, 1)),
        ("Australia/Lord_Howe", (2026, 4, 4)),
        ("Pacific/Apia", (2011, 12, 30)),
    ],
)
def test_a_day_on_which_the_clocks_change_has_no_steady_offset(name, day):
    """Clocks that go forward or back, by half an hour or by a whole day, leave the day to the zone itself."""
    assert steady_offset(ZoneInfo(name), days_since_epoch(*day)) is None


def test_the_ends_of_the_calendar_have_no_steady_offset():
    """Its last day reaches beyond it, wherever the clocks are ahead."""
    assert steady_offset(ZoneInfo("Asia/Tokyo"), days_since_epoch(9999, 12, 31)) is None
