"""Quiet hours by country: whoever lives in a zone of a country has that country's, everybody else the kit's."""

from __future__ import annotations

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder_kit import QuietHours, Recipient, Rule
from reminder_kit.errors import InvalidInputError
from reminder_kit.rules.defaults import Defaults

TORONTO, NEW_YORK = ZoneInfo("America/Toronto"), ZoneInfo("America/New_York")
BOTH = QuietHours.from_mapping({"country": "US", "countries": ["CA"]})


def local(text, zone=NEW_YORK):
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


@pytest.mark.parametrize(
    ("zone", "quiet"),
    [
        ("America/Toronto", True),
        ("Canada/Eastern", True),
        ("America/New_York", False),
        ("US/Eastern", False),
        ("UTC", False),
    ],
)
def test_the_zone_says_which_country_it_is(zone, quiet):
    """Saturday, 18:30: quiet in Canada, where weekends end at six."""
    info = ZoneInfo(zone)
    assert BOTH.covers(local("2026-02-14 18:30", info), info) is quiet


def test_begin_and_end_are_that_countrys_too():
    """`over`, `began` and `within` use the country of the zone, and other zones the kit's own quiet hours."""
    saturday = local("2026-02-14 18:30")
    assert BOTH.over(saturday, TORONTO) == local("2026-02-15 10:00")
    assert BOTH.began(saturday, TORONTO) == local("2026-02-14 18:00")
    assert BOTH.within(TORONTO) == QuietHours.for_country("CA")
    assert BOTH.within(NEW_YORK) == QuietHours("21:00", "08:00")
    assert BOTH.within(NEW_YORK).within(TORONTO) == QuietHours("21:00", "08:00")


def test_a_country_may_have_hours_of_ones_own():
    """A table under `countries` replaces the built-in quiet hours of that country."""
    quiet = QuietHours(
        "21:00", "08:00", countries={"fr": {"start": "20:00", "end": "09:00", "also": [BOTH.within(NEW_YORK)]}}
    )
    paris = ZoneInfo("Europe/Paris")
    assert quiet.over(local("2026-02-14 20:30", paris), paris) == local("2026-02-15 09:00", paris)
    assert quiet.describe() == "21:00–08:00 (in FR: 20:00–09:00; 21:00–08:00)"


def test_each_recipient_has_the_hours_of_the_own_country(make_kit, sandbox, appointment):
    """Each recipient is placed and explained by the hours of their own country."""
    kit = make_kit([Rule("eve", days_before=1, at="18:30", text="x")], quiet_hours=BOTH)
    people = [
        Recipient("+12025550123", timezone="America/New_York"),
        Recipient("+12025550124", timezone="America/Toronto"),
    ]
    kit.sync(appointment(days=5, recipients=people))  # Sunday the 15th; the eve is a Saturday
    sent = {item.to: item.send_at for item in sandbox.parked()}
    assert sent == {"+12025550123": local("2026-02-14 18:30"), "+12025550124": local("2026-02-14 17:59")}
    (step,) = [step for why in kit.explain("A-1").reminders for step in why.steps if step.startswith("quiet hours")]
    weekends = "21:30–10:00 Friday; 18:00–10:00 Saturday; 18:00–09:00 Sunday"
    assert step == (
        f"quiet hours (21:30–09:00 Monday, Tuesday, Wednesday, Thursday; {weekends}) cover the due time, "
        "Sat 2026-02-14 18:30 in America/Toronto"
    )


def test_a_kit_takes_the_table_of_a_file_as_well(make_kit):
    """`quiet_hours` may be a mapping in code, read and checked as in a file."""
    kit = make_kit(quiet_hours={"country": "US", "countries": ["CA"]})
    assert kit.settings.quiet == BOTH
    with pytest.raises(InvalidInputError, match="it takes start"):
        make_kit(quiet_hours={"start": "21:00"})


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"country": "XX"}, "unknown country 'XX'"),
        ({"country": 1}, "unknown country 1"),
        ({"country": "US", "countries": ["ZZ"]}, "unknown country 'ZZ'"),
        ({"country": "US", "countries": 5}, "unknown country 5"),
        ({"country": "US", "countries": {"CA": 5}}, "5 is no table"),
        ({"country": "US", "start": "21:00"}, "it takes start"),
        ({"country": "US", "countries": {"CA": {"country": "CA", "countries": ["MX"]}}}, "no countries of their own"),
        ({"start": "21:00", "end": "08:00", "also": "22:00"}, "no table"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused(table, said):
    """Unknown countries, mixed tables and countries within countries are named in the error."""
    with pytest.raises(InvalidInputError, match=said):
        QuietHours.from_mapping(table)


@pytest.mark.parametrize(
    ("quiet", "always"),
    [
        (QuietHours("00:00", "24:00"), True),
        (QuietHours("12:00", "11:59", also=[QuietHours("11:00", "13:00")]), True),
        (QuietHours("00:01", "24:00"), False),
        (QuietHours("00:00", "24:00", days="weekends"), False),
        (QuietHours("21:00", "08:00"), False),
    ],
    ids=lambda value: value.describe() if isinstance(value, QuietHours) else str(value),
)
def test_a_week_without_a_minute_for_anything_is_told(quiet, always):
    """`always` is true only where the intervals cover every minute of the week."""
    assert quiet.always is always


def test_a_closed_day_is_quiet_by_each_zones_own_calendar():
    """One instant is a closed day in London and the evening before it in New York: only London is quiet."""
    holidays = QuietHours("00:00", "24:00", on="holidays").with_days_off(Defaults(closed_days=["2026-02-13"]))
    instant = local("2026-02-13 02:00", ZoneInfo("Europe/London"))
    quiet = {name: holidays.covers(instant, ZoneInfo(name)) for name in ("Europe/London", "America/New_York")}
    assert quiet == {"Europe/London": True, "America/New_York": False}


@given(
    st.sampled_from(["America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"]),
    st.datetimes(datetime(2011, 12, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
)
def test_quiet_is_what_the_clock_on_the_wall_says(name, instant):
    """Every night from 21:00 to 08:00, on any day of any zone, those on which clocks change among them."""
    wall = instant.astimezone(ZoneInfo(name)).time()
    assert QuietHours("21:00", "08:00").covers(instant, ZoneInfo(name)) is not (time(8) <= wall < time(21))
