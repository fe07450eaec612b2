"""METHOD:ADD: an instance more of what is recorded, and nothing in its place."""

from __future__ import annotations

import pytest

from reminder_kit import Rule
from tests.factories import NUMBER

DAY = Rule("day-before", before="24 hours", text="{{ appointment.title }} {{ when }}")


def event(*lines, start="20260212T090000", sequence=0, title="Physio"):
    head = ["UID:A", "DTSTAMP:20260101T000000Z", f"SEQUENCE:{sequence}", f"SUMMARY:{title}"]
    head += [f"DTSTART;TZID=America/New_York:{start}"] if start else []
    return "\r\n".join(["BEGIN:VEVENT", *head, f"ATTENDEE;CN=Ada:tel:{NUMBER}", *lines, "END:VEVENT", ""])


def feed(method, *events):
    return f"BEGIN:VCALENDAR\r\nPRODID:-//desk//EN\r\nMETHOD:{method}\r\n{''.join(events)}END:VCALENDAR\r\n"


ADDED = feed("ADD", event(start="20260213T150000", sequence=1, title="Extra"))
DAILY = "RRULE:FREQ=DAILY;COUNT=3"


@pytest.fixture
def parked(make_kit, sandbox):
    """Return a function that imports calendars one after the other, and says what is parked then, and what is wrong."""
    kit = make_kit([DAY])

    def parked(*texts):
        problems = [problem for text in texts for problem in kit.import_calendar(text, source="desk").problems]
        found = sorted(sandbox.parked(), key=lambda message: message.send_at)
        return [(message.send_at.day, message.text) for message in found], list(map(str, problems))

    return parked


@pytest.mark.parametrize("together", [False, True], ids=["later", "in one file"])
@pytest.mark.parametrize("rule", [(), (DAILY,)], ids=["a visit", "a series"])
def test_what_is_added_replaces_nothing(parked, rule, together):
    """The other instances stay, that of the same day too; what comes again changes nothing."""
    usual = [(11, "Physio tomorrow at 9:00 AM"), (12, "Physio tomorrow at 9:00 AM"), (13, "Physio tomorrow at 9:00 AM")]
    expected = sorted([*usual[: 3 if rule else 1], (12, "Extra tomorrow at 3:00 PM")], key=lambda pair: pair[0])
    request = feed("REQUEST", event(*rule))
    texts = [request + ADDED] * 2 if together else [request, ADDED, ADDED]
    assert parked(*texts) == (expected, [])


def test_the_organizer_s_next_word_may_have_it_too(parked):
    """By RDATE it is the same instance."""
    whole = feed("REQUEST", event("RDATE;TZID=America/New_York:20260213T150000", sequence=2))
    first = [(11, "Physio tomorrow at 9:00 AM")]
    assert parked(feed("REQUEST", event()), ADDED, whole) == ([*first, (12, "Physio tomorrow at 3:00 PM")], [])


def test_an_addition_that_can_not_be_read_leaves_its_series_as_it_is(parked):
    """It is named; what else it adds is, too."""
    broken = feed("REQUEST", event(DAILY)) + feed("ADD", event(start=None, sequence=1))
    found, problems = parked(broken)
    assert ([day for day, _ in found], problems) == ([11, 12, 13], ["line 17, UID A: has no DTSTART"])
    _, problems = parked(feed("ADD", event("RDATE:20260301T090000Z", sequence=2)))
    assert problems == ["line 11, UID A: METHOD:ADD adds the instance of its DTSTART: RDATE is passed over"]
