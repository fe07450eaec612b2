"""What users of other systems suffered from alarms in calendars: each a test named by its number."""

from __future__ import annotations

SERIES = "RRULE:FREQ=DAILY;COUNT=3"


def test_b52_an_alarm_of_a_whole_day_stops_nothing_else(read_events, event, alarm):
    """Elsewhere an all-day event with an alarm of a whole day before it made the whole query fail."""
    found = read_events(
        event(alarm("TRIGGER:-P1D"), uid="all-day", start="DTSTART;VALUE=DATE:20260302"),
        event(alarm("TRIGGER:-PT15M"), uid="timed"),
        event(alarm("TRIGGER;RELATED=END:P1D"), uid="after", start="DTSTART;VALUE=DATE:20260303"),
    )
    assert found.errors == []
    assert {item.appointment.id: [f"{at:%d %H:%M}" for at in item.alarms] for item in found.found} == {
        "all-day": ["01 05:00"],
        "timed": ["02 13:45"],
        "after": ["05 05:00"],
    }


def test_r3_cancelled_occurrences_and_placeholders_are_silent(read_events, event, alarm):
    """A cancelled occurrence and Apple's placeholder of 1976 add no alarm to the rest of the series."""
    placeholder = alarm("X-APPLE-DEFAULT-ALARM:TRUE", "TRIGGER;VALUE=DATE-TIME:19760401T005545Z")
    found = read_events(
        event(SERIES, alarm("TRIGGER:-PT15M"), placeholder),
        event(
            "RECURRENCE-ID;TZID=America/New_York:20260303T090000",
            "STATUS:CANCELLED",
            alarm("TRIGGER:-PT30M"),
            start="DTSTART;TZID=America/New_York:20260303T090000",
        ),
        alarms="only",
    )
    assert found.statuses == ["confirmed", "cancelled", "confirmed"]
    live = [item for item in found.found if item.appointment.status.value != "cancelled"]
    assert [item.appointment.data["alarms"] for item in live] == [["2026-03-02T13:45:00Z"], ["2026-03-04T13:45:00Z"]]


def test_r3_no_alarm_of_what_is_cancelled_is_ever_parked(read_events, event, alarm, make_kit, sandbox, tmp_path):
    """An import of two occurrences, one of them cancelled, parks the alarm of the other."""
    from reminder_kit import Rule
    from reminder_kit.calendars import CalendarSettings

    path = tmp_path / "desk.ics"
    lines = event(
        "RRULE:FREQ=DAILY;COUNT=2", alarm("TRIGGER:-PT15M"), start="DTSTART;TZID=America/New_York:20260212T090000"
    )
    gone = event(
        "RECURRENCE-ID;TZID=America/New_York:20260213T090000",
        "STATUS:CANCELLED",
        alarm("TRIGGER:-PT15M"),
        start="DTSTART;TZID=America/New_York:20260213T090000",
    )
    path.write_text(f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\n{lines}\r\n{gone}\r\nEND:VCALENDAR\r\n")
    kit = make_kit([Rule("alarm", before="1 day", text="{{ when }}")], calendar=CalendarSettings(alarms="only"))
    kit.import_calendar(path, source="desk")
    assert [f"{item.send_at:%d %H:%M}" for item in sandbox.parked()] == ["12 13:45"]
