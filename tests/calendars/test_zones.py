from __future__ import annotations

import gc
import re
import weakref
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder_kit.calendars import CalendarSettings, read_calendar
from reminder_kit.calendars.zone_names import iana_zone, is_place, known_equivalent
from reminder_kit.model.instants import zone

LOCAL = "20260302T090000"


NAMES = files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()
AREAS = sorted({name.split("/")[0] for name in NAMES if "/" in name} - {"Etc"})


@pytest.mark.parametrize("area", AREAS)
def test_every_area_of_iana_names_places(area):
    """Continents and oceans, from IANA's own list of zones; what is in none of them is no place."""
    assert is_place(f"{area}/Somewhere") is (area not in {"Brazil", "Canada", "Chile", "Mexico", "US"})


def test_each_name_that_outlook_shows_is_that_of_a_place():
    """With the offset that stands before it, which changes twice a year, or without."""
    told = Path(__file__).with_name("outlook_names.tsv").read_text(encoding="utf-8").splitlines()
    wanted = dict(line.split("\t") for line in told if not line.startswith("#"))
    for name, place in wanted.items():
        assert known_equivalent(f"(UTC+01:00) {name}").key == known_equivalent(name.upper()).key == place
    assert set(wanted.values()) <= set(NAMES)


def at(tzid):
    return f"DTSTART;TZID={tzid}:{LOCAL}"


@pytest.mark.parametrize(
    ("tzid", "start", "name"),
    [
        ("Europe/Berlin", "2026-03-02T08:00:00Z", "Europe/Berlin"),
        ("europe/lisbon", "2026-03-02T09:00:00Z", "Europe/Lisbon"),
        ("America/New_york", "2026-03-02T14:00:00Z", "America/New_York"),
        (" Europe/Berlin ", "2026-03-02T08:00:00Z", "Europe/Berlin"),
        ('"Europe/Berlin"', "2026-03-02T08:00:00Z", "Europe/Berlin"),
        ("/mozilla.org/20050126_1/Europe/Berlin", "2026-03-02T08:00:00Z", "Europe/Berlin"),
        (
            "/freeassociation.sourceforge.net/America/Argentina/Ushuaia",
            "2026-03-02T12:00:00Z",
            "America/Argentina/Ushuaia",
        ),
        ("W. Europe Standard Time", "2026-03-02T08:00:00Z", "Europe/Berlin"),
        ("Pacific Standard Time", "2026-03-02T17:00:00Z", "America/Los_Angeles"),
        ('"(UTC-05:00) Eastern Time (US & Canada)"', "2026-03-02T14:00:00Z", "America/New_York"),
        ('"(GMT-08.00) Pacific Time (US & Canada), Tijuana"', "2026-03-02T17:00:00Z", "America/Los_Angeles"),
        ("Mitteleuropaeische Zeit ", "2026-03-02T08:00:00Z", "Europe/Berlin"),
        ("UTC", "2026-03-02T09:00:00Z", None),
    ],
)
def test_zones_go_by_many_names(read_events, event, tzid, start, name):
    """Fault 11, and what other readers read as floating."""
    found = read_events(event(start=at(tzid)))
    assert found.starts == [start]
    assert found.only.appointment.timezone == name
    assert not any("unknown" in warning for warning in found.warnings)


@pytest.mark.parametrize(
    "tzid",
    [
        "Mars/Olympus",
        "localtime",
        "Europe",
        "../../etc/passwd",
        "/etc/passwd",
        "posixrules",
        "A/" * 3000,
        "/" + "A/" * 2000,
    ],
    ids=lambda item: item[:12],
)
def test_an_unknown_zone_is_the_configured_one_with_a_warning(read_events, event, tzid):
    """A TZID that names no zone, or a path, is read in the configured zone, and a warning says so."""
    found = read_events(event(start=at(tzid)))
    assert found.starts == ["2026-03-02T14:00:00Z"]
    assert any("unknown time zone" in warning and "America/New_York" in warning for warning in found.warnings)


def test_each_zone_that_nobody_knows_is_told_once(read, event, calendar):
    """By its line where its name is not shown: two as long as each other are two, one of two calendars is one."""
    first, second = "Upper rooms of Smith", "Upper rooms of Jones"
    events = [event(f"DTEND;TZID={second}:20260302T100000", uid=uid, start=f"DTSTART;TZID={first}:20260302T090000")
              for uid in ("a", "b")]  # fmt: skip
    found = read("".join(map(calendar, events)))
    assert found.warnings == ["unknown time zone (20 characters): read in America/New_York"] * 2
    assert [problem.line for problem in found.reading.problems] == [7, 9]


def test_a_custom_vtimezone_counts_for_its_own_file_only(read_events, event, zone_of):
    """Fault 1: icalendar keeps the first one of a name for the whole process."""
    east = read_events(zone_of("Customized Time Zone", standard="+0900"), event(start=at("Customized Time Zone")))
    west = read_events(zone_of("Customized Time Zone", standard="+0200"), event(start=at("Customized Time Zone")))
    assert (east.starts, west.starts) == (["2026-03-02T00:00:00Z"], ["2026-03-02T07:00:00Z"])


def test_a_zone_of_a_file_keeps_nothing_of_its_reading(calendar, event, zone_of):
    """A million appointments of many calendars: each knows its zone, and that knows no file."""
    window = {"start": datetime(2026, 3, 1, tzinfo=UTC), "end": datetime(2026, 3, 9, tzinfo=UTC)}
    data = calendar(zone_of("Office", standard="+0913"), event(start=at("Office")))
    reading = read_calendar(data, CalendarSettings(), **window)
    (found,) = reading
    gone = weakref.ref(reading)
    gc.collect()
    gc.disable()
    try:
        del reading
        assert gone() is None
    finally:
        gc.enable()
    assert found.appointment.starts_at.utcoffset() == timedelta(hours=9, minutes=13)


def test_each_calendar_of_a_stream_has_its_own_vtimezones(read, event, calendar, zone_of):
    """A TZID means the VTIMEZONE of its own VCALENDAR where a file holds several."""

    def one(offset, uid):
        return calendar(zone_of("Office", standard=offset), event(start=at("Office"), uid=uid))

    found = read(one("+0900", "a") + one("+0200", "b"))
    assert found.starts == ["2026-03-02T00:00:00Z", "2026-03-02T07:00:00Z"]


def test_a_vtimezone_may_come_later_and_in_another_case(read_events, event, zone_of):
    """A TZID finds its VTIMEZONE after the event, in other letter case and with stray spaces."""
    found = read_events(event(start=at("our OFFICE ")), zone_of("Our Office", standard="+0200"))
    assert found.starts == ["2026-03-02T07:00:00Z"]


def test_a_windows_names_own_vtimezone_is_believed_first(read_events, event, zone_of):
    """A VTIMEZONE that differs from its Windows name's zone is believed; it bears the name of its offset."""
    found = read_events(
        zone_of("W. Europe Standard Time", standard="+0300"), event(start=at("W. Europe Standard Time"))
    )
    assert found.starts == ["2026-03-02T06:00:00Z"]
    assert found.only.appointment.timezone == "Etc/GMT-3"


def test_a_vtimezone_that_agrees_with_its_windows_name_is_it(read_events, event, zone_of):
    """A VTIMEZONE with the clock of its Windows name's zone becomes that IANA zone."""
    definition = zone_of("W. Europe Standard Time", standard="+0100", daylight="+0200")
    found = read_events(definition, event("RRULE:FREQ=MONTHLY;COUNT=2", start=at("W. Europe Standard Time")))
    assert found.starts == ["2026-03-02T08:00:00Z", "2026-04-02T07:00:00Z"]
    assert found.found[0].appointment.timezone == "Europe/Berlin"


def test_a_place_is_believed_before_a_wrong_vtimezone(read_events, event, zone_of):
    """A TZID that is IANA's name of a place is that place, and a warning says where its VTIMEZONE differs."""
    found = read_events(zone_of("Europe/Berlin", standard="+0900"), event(start=at("Europe/Berlin")))
    assert found.starts == ["2026-03-02T08:00:00Z"]
    assert found.warnings == [
        "the file's own rules for 'Europe/Berlin' differ from that place's: those of the place count"
    ]
    agreed = read_events(zone_of("Europe/Berlin", standard="+0100", daylight="+0200"), event(start=at("Europe/Berlin")))
    assert (agreed.starts, agreed.warnings) == (["2026-03-02T08:00:00Z"], [])


@pytest.mark.parametrize("name", ["GMT", "EST", "CET", "UTC", "Etc/UTC", "Etc/GMT+5", "Japan", "US/Pacific"])
def test_any_other_name_is_what_the_file_says_it_is(read_events, event, zone_of, name):
    """RFC 5545 §3.2.19: a TZID refers to the VTIMEZONE of its file; writers call their summer time GMT or EST."""
    found = read_events(
        zone_of(name, standard="+0200", daylight="+0300"),
        event("RRULE:FREQ=MONTHLY;COUNT=2", start=at(name)),
    )
    assert found.starts == ["2026-03-02T07:00:00Z", "2026-04-02T06:00:00Z"]
    assert found.warnings == []
    assert [item.appointment.starts_at.hour for item in found.found] == [9, 9]


def test_a_vtimezone_that_says_the_same_is_the_zone_of_its_name(read_events, event, zone_of):
    """UTC that is defined as UTC stays UTC."""
    found = read_events(zone_of("UTC", standard="+0000"), event(start=at("UTC")))
    assert (found.starts, found.only.appointment.timezone) == (["2026-03-02T09:00:00Z"], None)


def test_before_a_vtimezone_begins_its_name_counts(read_events, event):
    """A VTIMEZONE without a part in force yet says nothing: IANA's zone of that name does, with a warning."""
    part = "BEGIN:DAYLIGHT\r\nDTSTART:20260401T000000\r\nTZOFFSETFROM:-0500\r\nTZOFFSETTO:+0100\r\nEND:DAYLIGHT"
    later = f"BEGIN:VTIMEZONE\r\nTZID:EST\r\n{part}\r\nEND:VTIMEZONE"
    found = read_events(later, event("RRULE:FREQ=MONTHLY;COUNT=3", start=at("EST")))
    assert found.starts == ["2026-03-02T14:00:00Z", "2026-04-02T08:00:00Z", "2026-05-02T08:00:00Z"]
    assert found.warnings == ["VTIMEZONE 'EST' begins 2026-04-01: before that it is read as EST"]


def test_an_abbreviation_without_a_vtimezone_is_warned_of(read_events, event):
    """EST without a VTIMEZONE is IANA's, five hours behind all year; that somebody meant New York's can't be told."""
    found = read_events(event("RRULE:FREQ=MONTHLY;COUNT=2", start=at("EST")))
    assert found.starts == ["2026-03-02T14:00:00Z", "2026-04-02T14:00:00Z"]
    assert found.warnings == ["'EST' without a VTIMEZONE is read as IANA's zone of that name"]


@pytest.mark.parametrize(
    ("tzid", "start", "name"),
    [
        ("UTC+02", "2026-03-02T07:00:00Z", "Etc/GMT-2"),
        ("UTC+2", "2026-03-02T07:00:00Z", "Etc/GMT-2"),
        ("UTC-5", "2026-03-02T14:00:00Z", "Etc/GMT+5"),
        ("GMT-5", "2026-03-02T14:00:00Z", "Etc/GMT+5"),
        ("UTC-05", "2026-03-02T14:00:00Z", "Etc/GMT+5"),
        ("GMT+0200", "2026-03-02T07:00:00Z", "Etc/GMT-2"),
        ('"GMT-05:00"', "2026-03-02T14:00:00Z", "Etc/GMT+5"),
        ('"UTC+08:45"', "2026-03-02T00:15:00Z", "Australia/Eucla"),
        ("+0300", "2026-03-02T06:00:00Z", "Etc/GMT-3"),
        ("GMT Standard Time 1", "2026-03-02T09:00:00Z", "Europe/London"),
        ("Eastern Standard Time 2", "2026-03-02T14:00:00Z", "America/New_York"),
        ("Europe/Berlin 1", "2026-03-02T08:00:00Z", "Europe/Berlin"),
        ('"tzone://Microsoft/W. Europe Standard Time"', "2026-03-02T08:00:00Z", "Europe/Berlin"),
        ("Etc/GMT+5", "2026-03-02T14:00:00Z", "Etc/GMT+5"),
    ],
)
def test_names_carry_their_meaning(read_events, event, tzid, start, name):
    """An offset in a name, a number behind one and Exchange's prefix need no VTIMEZONE."""
    found = read_events(event(start=at(tzid)))
    assert (found.starts, found.only.appointment.timezone) == ([start], name)
    assert not [warning for warning in found.warnings if "unknown" in warning]


def test_a_display_name_that_nobody_knows_has_at_least_its_offset(read_events, event):
    """The offset before a name that isn't known is better than the configured zone; a warning says what is lost."""
    found = read_events(event(start=at('"(UTC+02:00) Somewhere"')))
    assert found.starts == ["2026-03-02T07:00:00Z"]
    assert "without summer time" in found.warnings[0]


def test_a_vtimezone_rules_what_texts_and_quiet_hours_go_by(read_events, event, zone_of):
    """An appointment in a zone of the file's own bears the name of a place with that clock, half-hours too."""
    for standard, daylight, names in (
        ("-0500", None, {"Etc/GMT+5"}),
        ("+0530", None, {"Asia/Calcutta", "Asia/Kolkata"}),
        ("+0000", None, {"Etc/GMT"}),
        ("+0100", "+0200", {"Europe/Berlin", "Europe/Paris", "Europe/Budapest", "Europe/Warsaw"}),
    ):
        found = read_events(zone_of("Office", standard=standard, daylight=daylight), event(start=at("Office")))
        assert found.only.appointment.timezone in names


@pytest.mark.parametrize("listed", [False, True], ids=["by rules", "each change listed"])
@pytest.mark.parametrize("day", ["SU", "SA"])
def test_a_clock_that_changes_a_day_sooner_is_that_of_no_such_place(read_events, event, zone_of, day, listed):
    """Whoever goes by it alone is not read in Berlin's zone: one day in the year an hour lies between them."""
    zone_text = zone_of("Office", standard="+0100", daylight="+0200").replace("-1SU", f"-1{day}")
    if listed:
        changed = zone_text.replace("16010101T03", "20251026T03")
        changed = changed.replace("16010101T02", f"202603{29 if day == 'SU' else 28}T02")
        zone_text = re.sub("RRULE:.*\r\n", "", changed)
    found = read_events(zone_text, event(start=at("Office")))
    in_berlin = {"Europe/Berlin", "Europe/Paris", "Europe/Budapest", "Europe/Warsaw"}
    assert (found.only.appointment.timezone in in_berlin) is (day == "SU")


def test_the_zone_that_an_old_event_began_in_is_read_as_it_was_then(read_events, event, zone_of):
    """A series is as long as it was when it began, although its zone's rules are written for the horizon first."""
    found = read_events(
        zone_of("Office", standard="+0300", daylight="+0400"),
        event("DTEND:19950705T070000Z", "RRULE:FREQ=YEARLY;BYMONTH=4", start="DTSTART;TZID=Office:19950705T100000"),
    )
    assert (found.starts, found.ends) == (["2026-04-05T06:00:00Z"], ["2026-04-05T07:00:00Z"])


def test_one_vtimezone_in_many_calendars_is_built_once(read, event, calendar, zone_of):
    """Zones are known by the bytes of their VTIMEZONE, whichever calendar they stand in."""
    zone_text = zone_of("Office", standard="+0300", daylight="+0400")
    text = "".join(calendar(zone_text, event(uid=f"v-{number}", start=at("Office"))) for number in range(30))
    found = read(text)
    assert len(found.found) == 30
    assert len(found.reading.definitions._read) == 1


def test_a_custom_zone_changes_its_clock_as_it_says(read_events, event, zone_of):
    """A VTIMEZONE of no known name is followed through its change to summer time."""
    found = read_events(
        zone_of("Office", standard="+0300", daylight="+0400"),
        event("RRULE:FREQ=WEEKLY;COUNT=2", start="DTSTART;TZID=Office:20260326T090000"),
    )
    assert found.starts == ["2026-03-26T06:00:00Z", "2026-04-02T05:00:00Z"]
    assert found.found[0].start.utcoffset().total_seconds() == 3 * 3600


@pytest.mark.parametrize(
    "broken",
    ["", "TZOFFSETTO:+9900", "TZOFFSETTO:+0100\r\nRRULE:FREQ=SECONDLY"],
    ids=["empty", "more than a day", "every second"],
)
def test_a_broken_vtimezone_is_reported_and_costs_no_event(read_events, event, broken):
    """A VTIMEZONE that can't be used is a warning, and its events are read."""
    part = f"BEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n{broken}\r\nEND:STANDARD\r\n" if broken else ""
    definition = f"BEGIN:VTIMEZONE\r\nTZID:Office\r\n{part}END:VTIMEZONE"
    found = read_events(definition, event(start=at("Office")), event(uid="other"))
    assert len(found.found) == 2
    assert any("VTIMEZONE (6 characters) cannot be used" in warning for warning in found.warnings)


def test_a_tzid_does_not_apply_to_dates(read_events, event):
    """Fault 6; RFC 5545 §3.2.19."""
    found = read_events(event(start="DTSTART;TZID=Europe/Berlin;VALUE=DATE:20260302"))
    assert found.starts == ["2026-03-02"]
    assert found.only.all_day


def test_utc_wins_over_a_tzid(read_events, event):
    """Fault 7."""
    assert read_events(event(start="DTSTART;TZID=Europe/Berlin:20260302T090000Z")).starts == ["2026-03-02T09:00:00Z"]


def test_lower_case_letters_are_read(read_events, event):
    """Fault 18."""
    assert read_events(event(start="dtstart:20260302t090000z")).starts == ["2026-03-02T09:00:00Z"]


def test_b31_b32_floating_times_are_in_the_configured_zone(read_events, event):
    """A time without a zone is meant in the configured one, never in the machine's."""
    found = read_events(event(start=f"DTSTART:{LOCAL}"), timezone="Europe/Berlin")
    assert found.starts == ["2026-03-02T08:00:00Z"]
    assert found.only.appointment.timezone == "Europe/Berlin"


def test_b32_without_a_zone_floating_times_are_utc(read_events, event):
    """Without a configured zone floating times are UTC and said to be."""
    found = read_events(event(start=f"DTSTART:{LOCAL}"), timezone=None)
    assert found.starts == ["2026-03-02T09:00:00Z"]
    assert any("no zone is configured" in warning for warning in found.warnings)


def test_x_wr_timezone_is_the_zone_of_floating_times(read_events, event):
    """X-WR-TIMEZONE names the zone of its calendar's floating times, before the configured one."""
    found = read_events("X-WR-TIMEZONE:Europe/Berlin", event(start=f"DTSTART:{LOCAL}"))
    assert found.starts == ["2026-03-02T08:00:00Z"]


def test_a_utc_series_stays_utc_under_x_wr_timezone(read_events, event):
    """Fault 12."""
    found = read_events(
        "X-WR-TIMEZONE:Europe/Berlin", event("RRULE:FREQ=MONTHLY;COUNT=2", start="DTSTART:20260302T090000Z")
    )
    assert found.starts == ["2026-03-02T09:00:00Z", "2026-04-02T09:00:00Z"]
    assert found.found[0].appointment.timezone == "Europe/Berlin"


def test_a_bad_x_wr_timezone_is_reported(read_events, event):
    """An X-WR-TIMEZONE that names no zone is a warning, and the configured zone counts."""
    found = read_events("X-WR-TIMEZONE:Nowhere", event(start=f"DTSTART:{LOCAL}"))
    assert found.starts == ["2026-03-02T14:00:00Z"]
    assert any("X-WR-TIMEZONE" in warning for warning in found.warnings)


def test_a_prefixed_path_that_is_no_zone_is_none():
    """A very long name of separators only is no zone, and raises nothing."""
    assert iana_zone("/" * 100_000) is None
    assert known_equivalent("," * 100_000) is None


BERLIN = zone("Europe/Berlin")


@given(st.datetimes(datetime(1990, 1, 1), datetime(2030, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC)))
def test_a_table_shows_the_same_clock_as_the_zone_it_describes(instant):
    """A zone built from a VTIMEZONE agrees with the IANA zone at any instant, fold included."""
    local = instant.astimezone(_table())
    theirs = instant.astimezone(BERLIN)
    assert local.replace(tzinfo=None) == theirs.replace(tzinfo=None)
    assert local.fold == theirs.fold
    assert local.astimezone(UTC) == instant


def _table(found=[]):  # noqa: B006 - built once
    if not found:
        lines = [
            "BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\nTZID:Table\r\n",
            *(
                f"BEGIN:{kind}\r\nDTSTART:{start}\r\nTZOFFSETFROM:{before}\r\nTZOFFSETTO:{after}\r\n{rule}END:{kind}\r\n"
                for kind, start, before, after, rule in (
                    ("DAYLIGHT", "19810329T020000", "+0100", "+0200", "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\n"),
                    ("STANDARD", "19961027T030000", "+0200", "+0100", "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\n"),
                    (
                        "STANDARD",
                        "19810927T030000",
                        "+0200",
                        "+0100",
                        "RRULE:FREQ=YEARLY;BYMONTH=9;BYDAY=-1SU;UNTIL=19950924T010000Z\r\n",
                    ),
                )
            ),
            "END:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART;TZID=Table:20290601T000000\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        ]
        reading = read_calendar(
            "".join(lines),
            CalendarSettings(timezone="UTC"),
            start=datetime(2029, 1, 1, tzinfo=UTC),
            end=datetime(2030, 6, 1, tzinfo=UTC),
        )
        list(reading)
        (definition,) = reading.definitions._read.values()
        found.append(definition.zone)
    return found[0]
