"""Quoting: of what can't be read a message shows what looks like a date or a few digits, and of anything else a length.

What somebody wrote into the wrong field may be a name or a phone number, and messages go into logs.
"""

from __future__ import annotations

import pytest

from reminder_kit.calendars.quoting import quoted

SECRET = "call +12025550123 Ada Secret"


@pytest.mark.parametrize(
    "text",
    [
        "", "20260230", "20260230T100000", "20260230T100000Z", "2026-02-30", "2026-02-30 10:00:00", "2026/2/30",
        "2026-02-10T25:00:00+01:00", "30.02.2026", "2/30/2026 10:00", "2026", "PT1.5H", "-P", "+24:00", "123456",
    ],
)  # fmt: skip
def test_what_looks_like_a_date_or_is_few_digits_is_shown(text):
    """As it was written, without the space around it."""
    assert quoted(f" {text} ") == repr(text)


@pytest.mark.parametrize(
    "text",
    [
        SECRET, "Ada", "tomorrow", "+12025550123", "+1 202 555 0123", "202-555-0123", "2025550123", "5550123",
        "01.02.03.04.05", "20260230T100000 Ada", "x" * 90, "1" * 7,
    ],
)  # fmt: skip
def test_of_what_may_be_a_name_or_a_number_the_length_is_shown(text):
    """Enough, with the line and the UID, to find it."""
    assert quoted(text) == f"({len(text)} characters)"


@pytest.mark.parametrize(
    "lines",
    [
        [f"DTEND:{SECRET}"],
        [f"DURATION:{SECRET}"],
        [f"SEQUENCE:{SECRET}"],
        [f"EXDATE:{SECRET}", "RRULE:FREQ=DAILY;COUNT=2"],
        [f"RDATE:{SECRET}"],
        [f"RDATE;VALUE=PERIOD:20260302T090000Z/{SECRET}"],
        [f"RECURRENCE-ID:{SECRET}"],
        [f"RRULE:{SECRET}"],
        [f"RRULE:FREQ={SECRET}"],
        [f"RRULE:FREQ=DAILY;{SECRET}=1"],
        [f"RRULE:FREQ=DAILY;RSCALE={SECRET}"],
        *([f"RRULE:FREQ=DAILY;{name}={SECRET}"] for name in ("INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", "BYHOUR")),
        [f"DTEND;TZID={SECRET}:20260302T100000"],
        [f"DTEND;TZID=Europe/{SECRET}:20260302T100000"],
        ["BEGIN:VALARM", f"TRIGGER:{SECRET}", "END:VALARM"],
        ["BEGIN:VALARM", f"TRIGGER;VALUE=DATE-TIME:{SECRET}", "END:VALARM"],
        ["BEGIN:VALARM", "TRIGGER:-PT1H", "REPEAT:2", f"DURATION:{SECRET}", "END:VALARM"],
        [f"ATTENDEE;CN={SECRET}"],
    ],
    ids=lambda lines: ", ".join(line.replace(SECRET, "…") for line in lines),
)
def test_what_stands_in_the_wrong_field_is_not_repeated(read_events, event, lines):
    """Whatever is said of it has its line."""
    found = read_events(event(*lines))
    told = [str(problem) for problem in found.reading.problems]
    assert told
    for line in told:
        assert "line " in line
        for word in ("2025550123", "ada", "secret"):
            assert word not in line.lower()


@pytest.mark.parametrize(
    "lines",
    [[f"X-WR-TIMEZONE:{SECRET}"], ["BEGIN:VTIMEZONE", f"TZID:{SECRET}", "END:VTIMEZONE"]],
    ids=["X-WR-TIMEZONE", "VTIMEZONE"],
)
def test_a_zone_of_the_calendar_is_not_repeated_either(read_events, event, lines):
    """Nor is the start of the event that names it."""
    found = read_events(*lines, event(start=f"DTSTART;TZID={SECRET}:20260302T090000"))
    told = " ".join(map(str, found.reading.problems))
    assert "time zone (28 characters)" in told
    assert "Secret" not in told


def test_a_start_that_cannot_be_read_is_not_repeated(read_events, event):
    """The event is named by its UID and line."""
    found = read_events(event(start=f"DTSTART:{SECRET}"))
    assert [str(problem) for problem in found.reading.problems] == [
        "line 7, UID visit-1: DTSTART (28 characters) is no date or time"
    ]
