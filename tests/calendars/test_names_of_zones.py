"""By which names zones are known, in which order a name's meanings count, and what a VTIMEZONE makes of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo, available_timezones

import pytest

from reminder_kit.calendars import Limits
from reminder_kit.calendars.vtimezones import TableZone
from reminder_kit.calendars.zone_names import (
    fixed_zone,
    folded,
    iana_zone,
    is_abbreviation,
    is_place,
    known_equivalent,
    offset_in,
    places,
)

HOUR = timedelta(hours=1)


def key(info):
    return getattr(info, "key", info)


@pytest.mark.parametrize(
    ("tzid", "name"),
    [
        *((name, UTC) for name in ("UTC", "gmt", "Etc/UTC", "Etc/GMT", "Z", "Zulu", "UCT", "Universal")),
        ("tzone://Microsoft/Utc", UTC),
        ('  "Europe/Berlin" ', "Europe/Berlin"),
        ("europe/BERLIN", "Europe/Berlin"),
        ("/Europe/Berlin", "Europe/Berlin"),
        ("/x.example/2/America/Argentina/Ushuaia", "America/Argentina/Ushuaia"),
        ("x.example/America/Argentina/Ushuaia", "America/Argentina/Ushuaia"),
        ("x.example/Europe/Berlin", "Europe/Berlin"),
        ("/x/Berlin", None),
        ("/Berlin", None),
        ("Berlin", None),
        ("x/Berlin", None),
        ("/" + "x" * 200 + "/Europe/Berlin", "Europe/Berlin"),
        ("EST", "EST"),
        ("localtime", None),
        ("posixrules", None),
        ("Factory", None),
        ("leapseconds", None),
        ("tzdata", None),
        ("/x/y/localtime", None),
        ("", None),
    ],
)
def test_ianas_names_are_known_in_any_case_and_behind_prefixes(tzid, name):
    """The longest that the end of a path is; files of the database that are no zones are none."""
    assert key(iana_zone(tzid)) == name


def test_every_zone_of_iana_is_known_by_its_name():
    """But for those that are UTC, which is a zone of its own, and for the machine's own."""
    utc = {"UTC", "GMT", "Etc/UTC", "Etc/GMT", "Zulu", "UCT", "Universal"}
    for name in available_timezones() - {"localtime", "Factory", "posixrules"}:
        assert key(iana_zone(name)) == (UTC if name in utc else name)
    assert folded(' " Etc/UTC " ') == "etc/utc"


@pytest.mark.parametrize(
    ("tzid", "name"),
    [
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("tzone://Microsoft/W. Europe Standard Time", "Europe/Berlin"),
        ("w. europe standard time 12", "Europe/Berlin"),
        ("W. Europe Standard Time-1", "Europe/Berlin"),
        ("W. Europe Standard Time 123", None),
        ("Europe/Berlin 1", "Europe/Berlin"),
        ("Europe/Berlin", None),
        ("(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna", "Europe/Berlin"),
        ("(GMT+1) W. Europe Standard Time", "Europe/Berlin"),
        ("Pacific Time (US & Canada), Tijuana, Elsewhere", "America/Los_Angeles"),
        ("(CET) W. Europe Standard Time", None),
        ("UTC-5", None),
        ("GMT+1", None),
        ("(UTC+01:00)", None),
        ("Nowhere", None),
        ("", None),
    ],
)
def test_windows_and_outlooks_names_are_known_with_what_stands_around_them(tzid, name):
    """An offset or a prefix before, a number or further towns behind; IANA's own are none of them."""
    assert getattr(known_equivalent(tzid), "key", None) == name


@pytest.mark.parametrize(
    ("tzid", "hours", "is_all"),
    [
        ("UTC+2", 2, True),
        ("gmt +02", 2, True),
        ("+0530", 5.5, True),
        ("-05:30", -5.5, True),
        ("UTC−3", -3, True),
        ("(UTC+05.45)", 5.75, True),
        ("(GMT-08:00) Somewhere", -8, False),
        ("UTC+14", 14, True),
        ("UTC-14:00", -14, True),
        ("UTC+14:01", None, None),
        ("UTC+15", None, None),
        ("UTC+02:59", 2 + 59 / 60, True),
        ("UTC+02:60", None, None),
        ("UTC+0", 0, True),
        ("UTC", None, None),
        ("2", None, None),
        ("EST+5", None, None),
    ],
)
def test_a_name_may_carry_an_offset(tzid, hours, is_all):
    """Up to fourteen hours; and nothing else, or more that says what it can't."""
    found = offset_in(tzid)
    assert (found is None) is (hours is None)
    if found is not None:
        assert found[0].utcoffset(datetime(2026, 7, 1)) == timedelta(seconds=round(hours * 3600))
        assert found[1] is is_all


def test_an_offset_has_ianas_name_where_there_is_one():
    """From twelve hours behind Greenwich to fourteen ahead, in whole hours."""
    for hours in range(-15, 17):
        found = fixed_zone(hours * HOUR)
        if not hours:
            assert found is UTC
        elif -12 <= hours <= 14:
            assert isinstance(found, ZoneInfo)
            assert found.key == f"Etc/GMT{-hours:+}"
            assert found.utcoffset(datetime(2026, 7, 1)) == hours * HOUR
        else:
            assert found == timezone(hours * HOUR)
    assert fixed_zone(HOUR / 2) == timezone(HOUR / 2)


@pytest.mark.parametrize(
    ("tzid", "is_short"),
    [("EST", True), ("gmt", True), ("CET", True), ("WET", True), ("ROK", True), ("UTC", False), ("Z", False),
     ("UCT", False), ("Cuba", True), ("Japan", False), ("XYZ", False), ("Etc/UTC", False), ("EST5EDT", False)],
)  # fmt: skip
def test_an_abbreviation_is_a_name_of_at_most_four_letters(tzid, is_short):
    """That IANA knows, and that is not UTC's own."""
    assert is_abbreviation(tzid) is is_short


def test_places_are_those_of_continents_and_oceans_each_once():
    """Those by which Windows names a zone before the others, which are in the order of the alphabet."""
    found = [info.key for info in places()]
    assert len(set(found)) == len(found)
    assert all(map(is_place, found))
    assert set(found) == {name for name in available_timezones() if is_place(name)}
    others = found[-200:]
    assert others == sorted(others)
    assert found.index("Europe/Berlin") < found.index("Europe/Amsterdam")


def at(tzid, time="20260302T090000"):
    return f"DTSTART;TZID={tzid}:{time}"


def read_warnings(read_events, *parts, **options):
    found = read_events(*parts, **options)
    return found.starts, [(problem.message, problem.line) for problem in found.reading.problems]


@pytest.mark.parametrize(
    ("tzid", "start", "warnings"),
    [
        ("Mars", "14:00", ["unknown time zone (4 characters): read in America/New_York"]),
        ("M" * 70, "14:00", ["unknown time zone (70 characters): read in America/New_York"]),
        ('"(UTC+02:00) Mars"', "07:00",
         ["unknown time zone (16 characters): read with the offset in its name, without summer time"]),
        ("Amerika/New_York", "14:00", ["unknown time zone 'Amerika/New_York': read in America/New_York"]),
        ("UTC+2", "07:00", []),
        ("CET", "08:00", ["'CET' without a VTIMEZONE is read as IANA's zone of that name"]),
        ("Japan", "00:00", []),
    ],
)  # fmt: skip
def test_a_name_without_a_vtimezone_is_read_as_far_as_it_goes(read_events, event, tzid, start, warnings):
    """What is not known is said, once, with the line of the event."""
    starts, said = read_warnings(read_events, event(start=at(tzid)), event(uid="b", start=at(tzid)))
    assert starts == [f"2026-03-02T{start}:00Z"] * 2
    assert [message for message, _ in said] == warnings
    assert {line for _, line in said} <= {7}


@pytest.mark.parametrize(
    ("own", "configured", "start", "warnings"),
    [
        ("Mars", "Europe/Berlin", "08:00", ["unknown X-WR-TIMEZONE (4 characters): read in Europe/Berlin"]),
        ("Mars", None, "09:00", ["unknown X-WR-TIMEZONE (4 characters): read in UTC",
                                 "floating or all-day times, and no zone is configured: they are read in UTC"]),
        ("W. Europe Standard Time", "Asia/Tokyo", "08:00", []),
        ("M" * 70, "Asia/Tokyo", "00:00", ["unknown X-WR-TIMEZONE (70 characters): read in Asia/Tokyo"]),
        ("UTC", "Asia/Tokyo", "09:00", []),
        (None, None, "09:00", ["floating or all-day times, and no zone is configured: they are read in UTC"]),
        (None, "Asia/Tokyo", "00:00", []),
    ],
)  # fmt: skip
def test_floating_times_are_in_the_calendars_zone_else_in_the_configured_one(
    read_events, event, own, configured, start, warnings
):
    """And in UTC, which is said, where there is neither."""
    lines = [f"X-WR-TIMEZONE:{own}"] if own else []
    starts, said = read_warnings(read_events, *lines, event(start="DTSTART:20260302T090000"), timezone=configured)
    assert (starts, [message for message, _ in said]) == ([f"2026-03-02T{start}:00Z"], warnings)


def part(start, before, after, kind="STANDARD", extra=()):
    lines = [f"DTSTART:{start}", *([f"TZOFFSETFROM:{before}"] if before else []), f"TZOFFSETTO:{after}", *extra]
    return "\r\n".join([f"BEGIN:{kind}", *lines, f"END:{kind}"])


def vtimezone(*parts, tzid="Office", extra=()):
    return "\r\n".join(["BEGIN:VTIMEZONE", f"TZID:{tzid}", *extra, *parts, "END:VTIMEZONE"])


def starts_of(read_events, event, definition, *times):
    """Return the instants of some wall clocks in a zone of the file's own."""
    return read_events(definition, *(event(uid=time, start=at("office", time)) for time in times))


@pytest.mark.parametrize(
    ("parts", "starts"),
    [
        ([part("19700101T000000", None, "+0200")], ["02-01T07", "03-15T07", "05-01T07"]),
        ([part("20260301T000000", "+0100", "+0300")], ["02-01T08", "03-15T06", "05-01T06"]),
        ([part("20260301T000000", "+0100", "+0300", extra=["RDATE:20260401T000000,20270401T000000"])],
         ["02-01T08", "03-15T06", "05-01T06"]),
        ([part("19700301T000000", "+0100", "+0300", extra=["RRULE:FREQ=YEARLY;UNTIL=20100301"]),
          part("20100401T000000", "+0300", "+0500", "DAYLIGHT")], ["02-01T04", "03-15T04", "05-01T04"]),
        ([part("19700301T000000", "+0100", "+0300", extra=["RRULE:FREQ=YEARLY;COUNT=57"]),
          part("19701001T000000", "+0300", "+0100", extra=["RRULE:FREQ=YEARLY;UNTIL=20250930T205959Z"])],
         ["02-01T06", "03-15T06", "05-01T06"]),
        ([part("19700301T000000", "+0100", "+0300", extra=["RRULE:FREQ=YEARLY;COUNT=57"]),
          part("19701001T000000", "+0300", "+0100", extra=["RRULE:FREQ=YEARLY;UNTIL=20250930T210000Z"])],
         ["02-01T08", "03-15T06", "05-01T06"]),
    ],
    ids=["always", "one change", "a change twice", "a rule that ended", "until before", "until the very instant"],
)  # fmt: skip
def test_a_zone_is_what_its_parts_say(read_events, event, parts, starts):
    """The offset before its first change, and after each one."""
    times = ("20260201T090000", "20260315T090000", "20260501T090000")
    found = starts_of(read_events, event, vtimezone(*parts), *times)
    assert found.starts == [f"2026-{start}:00:00Z" for start in starts]


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        (vtimezone(), "its VTIMEZONE has neither STANDARD nor DAYLIGHT"),
        (vtimezone(*[part("19700101T000000", "+0100", "+0100")] * 401), "its VTIMEZONE has more than 400 parts"),
        (vtimezone(part("odd", "+0100", "+0100")), ""),
        (vtimezone(part("19700101T000000", "+0100", "odd")), ""),
    ],
    ids=["no part", "too many parts", "an odd start", "an odd offset"],
)
def test_a_zone_that_can_not_be_used_is_told_with_the_reason(read_events, event, definition, said):
    """And what it would have said is not known."""
    starts, warnings = read_warnings(read_events, definition, event(start=at("Office")))
    assert starts == ["2026-03-02T14:00:00Z"]
    assert warnings[0][0].startswith(f"VTIMEZONE (6 characters) cannot be used: {said}")
    assert warnings[1][0] == "unknown time zone (6 characters): read in America/New_York"


def test_four_hundred_parts_are_read(read_events, event):
    """That many no real zone has."""
    definition = vtimezone(*[part("19700101T000000", "+0200", "+0200")] * 400)
    assert read_warnings(read_events, definition, event(start=at("Office"))) == (["2026-03-02T07:00:00Z"], [])


def test_as_many_different_zones_are_read_as_may_be(read, event, calendar):
    """The same one again is no other one."""

    def one(number):
        definition = vtimezone(part("19700101T000000", "+0200", f"+0{number}00"))
        return calendar(definition, event(uid=f"u{number}", start=at("Office")))

    found = read(one(2) + one(3) + one(2).replace("u2", "u9"), limits=Limits(zones=2))
    assert (len(found.found), found.warnings) == (3, [])
    found = read(one(2) + one(3) + one(4), limits=Limits(zones=2))
    assert found.warnings[0] == "VTIMEZONE (6 characters) cannot be used: there are more than 2 different ones"


def test_a_zone_that_says_where_it_is_has_the_name_of_that_place(read_events, event):
    """Where its clock is the same; else of the place that its name is known for, or of the configured one."""
    berlin = [
        part("19700329T020000", "+0100", "+0200", "DAYLIGHT", ["RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU"]),
        part("19701025T030000", "+0200", "+0100", extra=["RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU"]),
    ]
    for location, configured, name in (
        (" Europe/Madrid ", "Europe/Vienna", "Europe/Madrid"),
        ("Europe/London", "Europe/Vienna", "Europe/Vienna"),
        ("Mars", "Europe/Vienna", "Europe/Vienna"),
        ("Europe/Oslo", None, "Europe/Oslo"),
    ):
        definition = vtimezone(*berlin, extra=[f"X-LIC-LOCATION:{location}"])
        found = read_events(definition, event(start=at("Office")), timezone=configured)
        assert found.only.appointment.timezone == name


def test_a_table_is_shown_with_its_name_and_without_summer_time():
    """What it says of daylight is in its offsets."""
    table = TableZone("Office", HOUR, [(datetime(2026, 3, 29, 1), 2 * HOUR)])
    assert (table.tzname(None), table.dst(None), table.utcoffset(None)) == ("Office", timedelta(), 2 * HOUR)
    assert table.begins == datetime(2026, 3, 29, 1, tzinfo=UTC)
    later = table.after(timezone(5 * HOUR))
    assert datetime(2026, 3, 29, 2, 59, 59, tzinfo=later).utcoffset() == 5 * HOUR
    assert datetime(2026, 3, 29, 3, tzinfo=later).utcoffset() == 2 * HOUR
    assert datetime(2026, 3, 28, 12, tzinfo=UTC).astimezone(later).isoformat() == "2026-03-28T17:00:00+05:00"
    assert (later.tzid, later.begins) == ("Office", table.begins)


def test_the_shape_of_a_table_has_each_week_and_both_sides_of_each_change():
    """Between two instants, both of them included."""
    change = datetime(2026, 3, 29, 1)
    table = TableZone("Office", HOUR, [(change, 2 * HOUR), (datetime(2026, 10, 25, 1), HOUR)])
    start = datetime(2026, 3, 15, 1, tzinfo=UTC)
    shape = table.shape(start, start + timedelta(days=21))
    second = timedelta(seconds=1)
    assert shape == (
        (start, HOUR),
        (start + timedelta(days=7), HOUR),
        (start + timedelta(days=14) - second, HOUR),
        (start + timedelta(days=14), 2 * HOUR),
        (start + timedelta(days=21), 2 * HOUR),
    )
    utc = change.replace(tzinfo=UTC)
    for begin, end, instants in ((utc, utc, [utc - second, utc]), (utc + second, utc + second, [utc + second])):
        assert [instant for instant, _ in table.shape(begin, end)] == instants
    assert [instant for instant, _ in table.shape(utc, utc - second)] == [utc]
