from __future__ import annotations

import pytest

SPRING = "DTSTART;TZID=America/New_York:20260308T100000"  # the clocks went forward at 02:00 that day


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        ("-PT24H", "2026-03-07T14:00:00Z"),
        ("-PT1440M", "2026-03-07T14:00:00Z"),
        ("-P1D", "2026-03-07T15:00:00Z"),
        ("-P1DT1H", "2026-03-07T14:00:00Z"),
        ("-P1W", "2026-03-01T15:00:00Z"),
        ("PT0S", "2026-03-08T14:00:00Z"),
        ("P", "2026-03-08T14:00:00Z"),
        ("PT15M", "2026-03-08T14:15:00Z"),
    ],
)
def test_b53_hours_are_exact_and_days_nominal(read_events, event, alarm, trigger, expected):
    """Fault 15: 24 hours before 10:00 of the spring day is 09:00 the day before, one day before is 10:00."""
    assert read_events(event(alarm(f"TRIGGER:{trigger}"), start=SPRING)).alarms == [expected]


def test_an_hour_before_over_the_spring_gap(read_events, event, alarm):
    """An hour before half past three of the spring day is half past one."""
    found = read_events(event(alarm("TRIGGER:-PT1H"), start="DTSTART;TZID=America/New_York:20260308T033000"))
    assert found.alarms == ["2026-03-08T06:30:00Z"]


def test_alarms_relate_to_the_end_where_they_say_so(read_events, event, alarm):
    """A TRIGGER with RELATED=END counts from the event's end."""
    found = read_events(event("DURATION:PT1H", alarm("TRIGGER;RELATED=END:-PT5M")))
    assert found.alarms == ["2026-03-02T14:55:00Z"]


def test_alarms_of_whole_days_count_from_local_midnight(read_events, event, alarm):
    """Fault 16."""
    found = read_events(event(alarm("TRIGGER:-P1D"), alarm("TRIGGER:-PT15H"), start="DTSTART;VALUE=DATE:20260302"))
    assert found.alarms == ["2026-03-01T05:00:00Z", "2026-03-01T14:00:00Z"]


def test_alarms_repeat_within_bounds_and_say_so(read_events, event, alarm):
    """Fault 17."""
    found = read_events(event(alarm("TRIGGER:-PT1H", "REPEAT:2", "DURATION:PT10M")))
    assert found.alarms == ["2026-03-02T13:00:00Z", "2026-03-02T13:10:00Z", "2026-03-02T13:20:00Z"]
    endless = read_events(event(alarm("TRIGGER:-P9D", "REPEAT:900000000", "DURATION:PT1M")))
    assert len(endless.alarms) == 101
    assert endless.warnings == ["alarm repeats 900000000 times: only the first 100 are read"]


def test_an_absolute_alarm_of_one_event_is_at_its_instant(read_events, event, alarm):
    """A TRIGGER with a UTC time is that instant, whatever the event's start is."""
    found = read_events(event(alarm("TRIGGER;VALUE=DATE-TIME:20260301T120000Z")))
    assert found.alarms == ["2026-03-01T12:00:00Z"]


def test_an_absolute_alarm_of_a_series_is_due_once(read_events, event, alarm, day):
    """An absolute alarm of a series is due once for the occurrence it precedes."""
    series = event("RRULE:FREQ=DAILY;COUNT=3", alarm("TRIGGER;VALUE=DATE-TIME:20260303T120000Z"))
    assert [len(item.due_alarms) for item in read_events(series).found] == [0, 1, 0]
    assert [len(item.alarms) for item in read_events(series).found] == [0, 1, 1]
    assert [len(item.due_alarms) for item in read_events(series, **day(3, 4)).found] == [0]


def test_dismissed_and_snoozed_alarms_are_valid_and_not_due(read_events, event, alarm):
    """An alarm that was acknowledged or snoozed is listed, and only the others are due."""
    found = read_events(
        event(
            alarm("UID:a", "TRIGGER:-PT15M", "ACKNOWLEDGED:20260302T134600Z"),
            alarm("TRIGGER;VALUE=DATE-TIME:20260302T135500Z", "RELATED-TO;RELTYPE=SNOOZE:a"),
            alarm("TRIGGER:-PT1M"),
        )
    )
    assert found.alarms == ["2026-03-02T13:45:00Z", "2026-03-02T13:55:00Z", "2026-03-02T13:59:00Z"]
    assert len(found.only.due_alarms) == 1


def test_thunderbirds_last_acknowledgement_counts_for_all_alarms(read_events, event, alarm):
    """X-MOZ-LASTACK dismisses each alarm of the event up to its instant."""
    found = read_events(event("X-MOZ-LASTACK:20260302T133000Z", alarm("TRIGGER:-PT1H"), alarm("TRIGGER:-PT15M")))
    assert [f"{alarm:%H:%M}" for alarm in found.only.due_alarms] == ["13:45"]


def test_vendors_placeholders_are_no_alarms(read_events, event, alarm):
    """ACTION:NONE and Apple's default alarm of 1976 stand for "none", and are not listed."""
    none = "BEGIN:VALARM\r\nACTION:NONE\r\nTRIGGER;VALUE=DATE-TIME:19760401T005545Z\r\nEND:VALARM"
    apples = alarm("X-APPLE-DEFAULT-ALARM:TRUE", "TRIGGER;VALUE=DATE-TIME:19760401T005545Z")
    assert read_events(event(none, apples)).alarms == []


def test_apples_never_is_no_reminder(read_events, event, alarm):
    """Apple's "never" is no reminder also where another program rewrote it."""
    found = read_events(event(alarm("TRIGGER;VALUE=DATE-TIME:19760401T005545Z"), alarm("TRIGGER:-PT1H")), alarms="only")
    assert found.alarms == ["1976-04-01T00:55:45Z", "2026-03-02T13:00:00Z"]
    assert found.only.appointment.data["alarms"] == ["2026-03-02T13:00:00Z"]


@pytest.mark.parametrize(
    "lines",
    [
        ("TRIGGER:soon",),
        (),
        ("TRIGGER:-P999999999D",),
        ("TRIGGER:-P99999999999999999999D",),
        ("TRIGGER;VALUE=DATE-TIME:20261399T000000Z",),
        ("TRIGGER:-PT1H", "REPEAT:2", "DURATION:often"),
    ],
)
def test_a_bad_alarm_costs_only_itself(read_events, event, alarm, lines):
    """Fault 17: elsewhere it costs all alarms of its event, or the file."""
    found = read_events(event(alarm(*lines), alarm("TRIGGER:-PT15M")))
    assert found.alarms == ["2026-03-02T13:45:00Z"]
    assert any("alarm left out" in warning for warning in found.warnings)


def test_only_the_first_of_very_many_alarms_are_read(read_events, event, alarm):
    """An event yields at most 50 alarms, and a warning says how many it had."""
    found = read_events(event(*[alarm(f"TRIGGER:-PT{number}M") for number in range(1, 200)]))
    assert len(found.alarms) == 50
    assert "has 199 alarms: only the first 50 are read" in found.warnings


def test_alarms_of_an_alarm_are_not_the_events_uid(read_events, event, alarm):
    """A UID inside a VALARM is the alarm's, and the event keeps its own."""
    assert read_events(event(alarm("UID:alarm-1", "TRIGGER:-PT15M"))).only.appointment.id == "visit-1"


def test_alarms_stand_in_the_data_where_they_are_switched_on(read_events, event, alarm):
    """Alarms are in the appointment's data only where `alarms` asks for them."""
    one = event(alarm("TRIGGER:-PT15M"))
    assert "alarms" not in read_events(one).only.appointment.data
    assert read_events(one, alarms="rules").only.appointment.data["alarms"] == ["2026-03-02T13:45:00Z"]
