"""What an event becomes: its title, place, data and revision, its zone, and how problems with it are told."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from reminder_kit.calendars import Limits
from reminder_kit.calendars.occurrences import Problem, occurrence_json
from reminder_kit.calendars.problems import Problems


@pytest.fixture
def said(read_events, event):
    """Return the appointment that an event with these lines becomes."""

    def said(*lines, **options):
        settings = {key: options.pop(key) for key in ("alarms", "limits", "timezone") if key in options}
        return read_events(event(*lines, **options), **settings).only.appointment

    return said


def test_all_that_an_event_says_is_passed_on(said):
    """Title and place on one line, address, tags, when it was booked, and what templates may use."""
    found = said(
        "SUMMARY:  Check-up\\n with  Zoë ", "LOCATION:Room\t1\\n", "URL: https://a.example/1 ",
        "CATEGORIES:a,b\\,c, ,d", "CATEGORIES:a,e", "CREATED:20260101T090000Z", "STATUS:TENTATIVE", "SEQUENCE:3",
        "LAST-MODIFIED:20260102T000000Z", "DESCRIPTION:Bring\\nit", "ORGANIZER;CN=The\\, Desk: MAILTO:Desk@x.example",
        "RESOURCES:Chair,Lamp\\, big", "RESOURCES:Chair", "ATTENDEE;CUTYPE=room;CN= Room 1 :mailto:r@x.example",
        "ATTENDEE;CUTYPE=RESOURCE;CN=Lamp:mailto:l@x.example", "ATTENDEE;CUTYPE=ROOM:mailto:n@x.example",
        "ATTENDEE;CN=Zed:mailto:z@x.example", "ATTENDEE;CN=Bo:mailto:b@x.example", "DURATION:PT45M",
    )  # fmt: skip
    assert (found.title, found.location, found.url) == ("Check-up with Zoë", "Room 1", "https://a.example/1")
    assert found.tags == {"a", "b,c", "d", "e"}
    assert found.booked_at == datetime(2026, 1, 1, 9, tzinfo=UTC)
    assert str(found.status) == "tentative"
    assert found.data == {
        "description": "Bring\nit",
        "organizer": "Desk@x.example",
        "organizer_name": "The, Desk",
        "attendees": ["b@x.example", "z@x.example"],
        "resources": ["Chair", "Lamp, big", "Room 1", "Lamp"],
    }
    assert (found.source, found.recurrence_id, found.all_day) == ("clinic", None, False)


def test_an_event_that_says_nothing_has_none_of_it(said):
    """No key of what templates may use is there without a value."""
    found = said()
    assert (found.title, found.location, found.url, found.tags, found.data) == ("", "", None, frozenset(), {})
    assert (str(found.status), found.booked_at) == ("confirmed", None)
    assert said("ORGANIZER:tel:+12025550109").data == {"organizer": "tel:+12025550109"}
    assert said(alarms="rules").data == {"alarms": []}


def test_long_texts_are_cut(said):
    """A thousand characters of a title or place, ten thousand of a description."""
    for key in ("SUMMARY", "LOCATION"):
        found = said(f"{key}:{'x' * 1001}")
        assert found.title + found.location == "x" * 1000
    assert said(f"DESCRIPTION:{'x' * 10_001}").data["description"] == "x" * 10_000


def test_as_many_categories_are_read_as_may_be(read_events, event):
    """Each counts once; of one more it is said, with its line."""
    lines = ("CATEGORIES:a,b,a", "CATEGORIES:a,c")
    found = read_events(event(*lines), limits=Limits(categories=3))
    assert (found.only.appointment.tags, found.warnings) == ({"a", "b", "c"}, [])
    found = read_events(event(*lines), limits=Limits(categories=2))
    assert found.only.appointment.tags == {"a", "b"}
    (problem,) = found.reading.problems
    assert (problem.message, problem.line) == ("has more than 2 CATEGORIES: only the first are read", 9)


@pytest.mark.parametrize(
    ("start", "own", "name", "starts_at"),
    [
        ("DTSTART;TZID=Europe/Berlin:20260302T090000", "", "Europe/Berlin", "2026-03-02T09:00:00+01:00"),
        ("DTSTART:20260302T090000Z", "", None, "2026-03-02T09:00:00+00:00"),
        ("DTSTART:20260302T090000Z", "X-WR-TIMEZONE:Asia/Tokyo", "Asia/Tokyo", "2026-03-02T09:00:00+00:00"),
        ("DTSTART:20260302T090000", "X-WR-TIMEZONE:Asia/Tokyo", "Asia/Tokyo", "2026-03-02T09:00:00+09:00"),
        ("DTSTART:20260302T090000", "", "America/New_York", "2026-03-02T09:00:00-05:00"),
        ("DTSTART;TZID=UTC:20260302T090000", "X-WR-TIMEZONE:Asia/Tokyo", None, "2026-03-02T09:00:00+00:00"),
        ('DTSTART;TZID="UTC+03:07":20260302T090000', "", None, "2026-03-02T09:00:00+03:07"),
        ("DTSTART;VALUE=DATE:20260302", "", "America/New_York", "2026-03-02T00:00:00-05:00"),
    ],
)  # fmt: skip
def test_an_appointment_has_the_zone_of_its_start(read_events, event, start, own, name, starts_at):
    """Its name where it has one; a time in UTC is shown in the calendar's own."""
    found = read_events(*filter(None, (own, event("DURATION:P1D", start=start)))).only
    assert (found.appointment.timezone, found.appointment.starts_at.isoformat()) == (name, starts_at)
    assert found.all_day is found.appointment.all_day is ("DATE:" in start)


def test_an_occurrence_is_printed_whole(read_events, event, alarm):
    """Instants in UTC, dates of whole days, everybody's number and name."""
    lines = ("SUMMARY:Visit", "LOCATION:Here", "SEQUENCE:2", "DURATION:PT30M", "RRULE:FREQ=DAILY;COUNT=1")
    found = read_events(event(*lines, alarm("TRIGGER:-PT15M"))).only
    assert occurrence_json(found) == {
        "id": "visit-1",
        "recurrence_id": "2026-03-02T14:00:00Z",
        "start_at": "2026-03-02T14:00:00Z",
        "end_at": "2026-03-02T14:30:00Z",
        "all_day": False,
        "timezone": "America/New_York",
        "status": "confirmed",
        "title": "Visit",
        "location": "Here",
        "recipients": [{"phone": "+12025550101", "name": "Ann"}],
        "alarms": ["2026-03-02T13:45:00Z"],
        "sequence": 2,
    }
    whole = occurrence_json(read_events(event(start="DTSTART;VALUE=DATE:20260302")).only)
    assert (whole["start_at"], whole["end_at"], whole["all_day"]) == ("2026-03-02", "2026-03-03", True)


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem("odd"), "odd"),
        (Problem("odd", line=3), "line 3: odd"),
        (Problem("odd", "u"), "UID u: odd"),
        (Problem("odd", "u", 3, file="a.ics"), "a.ics, line 3, UID u: odd"),
        (Problem("odd", "u", 0, more=2), "line 0, UID u: odd (and so of 2 more)"),
        (Problem("o\x1bdd", "u\n"), "UID u\\n: o\\x1bdd"),
        (Problem("odd", file=""), ": odd"),
    ],
)
def test_a_problem_is_told_with_its_place(problem, text):
    """File, line, UID, as far as they are known; on one line, and without control characters."""
    assert str(problem) == text
    assert problem.severity == "error"


def test_the_same_warning_is_listed_thrice_and_then_counted():
    """Once for each event; the last one that is listed says of how many more."""
    found = Problems(10, "a.ics")
    for number in (1, 1, 2, 3, 4, 5):
        found.warn("odd", f"u{number}", number)
    found.warn("other")
    assert found.listed() == [
        *(Problem("odd", f"u{number}", number, "warning", "a.ics") for number in (1, 2)),
        Problem("odd", "u3", 3, "warning", "a.ics", more=2),
        Problem("other", None, None, "warning", "a.ics"),
    ]
    few = Problems(10)
    for number in range(3):
        few.warn("odd", str(number))
    assert [one.more for one in few.listed()] == [0, 0, 0]


def test_two_thousand_different_warnings_are_listed():
    """Then that there are more; the same as before are counted all the same."""
    found = Problems(10)
    for number in range(2003):
        found.warn(f"odd {number}", "u", 1)
    found.warn("odd 0", "v", 2)
    listed = found.listed()
    assert len(listed) == 2002
    assert listed[1999] == Problem("odd 1999", "u", 1, "warning")
    assert listed[2000] == Problem("further warnings than these 2000 are left out", None, None, "warning")
    assert listed[2001] == Problem("odd 0", "v", 2, "warning")


def test_reading_ends_with_one_event_too_many_that_can_not_be_read():
    """What is not read proves nothing, and neither does an event without an id."""
    found = Problems(2, "a.ics")
    assert [found.fail("odd", "u", number) for number in (1, 2)] == [False, False]
    assert (found.ended, found.unsound_because) == (False, "")
    assert found.fail("odd", None, 3)
    assert (found.ended, found.unsound_because) == (True, "more than 2 events cannot be read: the rest is passed over")
    found.end("again")
    assert found.listed() == [
        Problem("odd", "u", 1, "error", "a.ics"),
        Problem("odd", "u", 2, "error", "a.ics"),
        Problem("more than 2 events cannot be read: the rest is passed over"),
    ]
    nameless = Problems(2)
    nameless.fail("odd", None, 7)
    nameless.distrust("another reason")
    assert nameless.unsound_because == "the event at line 7 has no readable UID"
    nameless.add("whole")
    assert nameless.listed()[1] == Problem("whole", None, None, "error", None)


def test_a_zone_that_has_a_name_is_a_zone(said):
    """So that texts go by its clock."""
    assert isinstance(said().starts_at.tzinfo, ZoneInfo)
