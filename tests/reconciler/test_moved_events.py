"""What a calendar moves: whoever was told the old start hears of the new one, wherever that is."""

from __future__ import annotations

import pytest

from reminder_kit import Rule
from tests.factories import NUMBER, received_texts

DAY = Rule("day-before", before="24 hours", text="See you {{ when }}")
DAILY = "RRULE:FREQ=DAILY;COUNT=3"
THURSDAY = "20260212T090000"


def event(*lines, start=THURSDAY, sequence=0):
    head = ["UID:A", "DTSTAMP:20260101T000000Z", f"SEQUENCE:{sequence}", f"DTSTART;TZID=America/New_York:{start}"]
    return "\r\n".join(["BEGIN:VEVENT", *head, f"ATTENDEE;CN=Ada:tel:{NUMBER}", *lines, "END:VEVENT", ""])


def feed(*events):
    return f"BEGIN:VCALENDAR\r\nPRODID:-//desk//EN\r\n{''.join(events)}END:VCALENDAR\r\n"


def of(day):
    return f"RECURRENCE-ID;TZID=America/New_York:202602{day}T090000"


@pytest.fixture
def kit(make_kit):
    return make_kit([DAY], correction="Moved to {{ when }}", cancellation="Cancelled: {{ when }}")


@pytest.fixture
def told(kit, sandbox):
    """Return a function that imports a calendar, and a day later (Ada was told of Thursday) others; what is told then.

    Within the hour after each of them, by text; what waits for a person, too.
    """

    def tell(first, *others):
        kit.import_calendar(first, source="desk")
        sandbox.clock.advance(days=1, hours=1)
        kit.resync()
        assert received_texts(sandbox) == ["See you tomorrow at 9:00 AM"]
        for text in others:
            kit.import_calendar(text, source="desk")
            sandbox.clock.advance(hours=1)
            kit.resync()
        return received_texts(sandbox)[1:], list(kit.attention())

    return tell


SOMETIME = "20260901T100000"
MOVED = "Moved to Tuesday 1 September at 10:00 AM"


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (feed(event()), feed(event(start=SOMETIME, sequence=1))),
        (feed(event(DAILY)), feed(event(DAILY), event(of(12), start=SOMETIME, sequence=1))),
        (feed(event(DAILY)), feed(event(of(12), start=SOMETIME, sequence=1))),
    ],
    ids=["a visit", "an occurrence", "an occurrence that comes alone"],
)
def test_who_was_told_hears_of_a_start_beyond_the_horizon(told, first, then):
    """Once; nobody has to look at an event that is followed there."""
    assert told(first, then, then) == ([MOVED], [])


def test_what_was_put_off_comes_back(told, sandbox):
    """It is the appointment that it was; what is parked for it follows."""
    far, back = feed(event(start=SOMETIME, sequence=1)), feed(event(start="20260216T090000", sequence=2))
    assert told(feed(event()), far, back) == ([MOVED, "Moved to Monday 16 February at 9:00 AM"], [])
    assert [message.send_at.day for message in sandbox.parked()] == [15]


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (feed(event()), event("STATUS:CANCELLED", start=SOMETIME, sequence=1)),
        (feed(event(DAILY)), event(of(12), "STATUS:CANCELLED", start=SOMETIME, sequence=1)),
    ],
    ids=["a visit", "an occurrence"],
)
def test_what_was_put_off_and_cancelled_is_cancelled(told, first, then):
    """Of the start that was told."""
    assert told(first, feed(then)) == (["Cancelled: tomorrow at 9:00 AM"], [])


def test_a_polled_calendar_follows_what_it_puts_off(make_kit, sandbox, tmp_path):
    """Of one that is complete, too."""
    desk = tmp_path / "desk.ics"
    kit = make_kit([DAY], correction="Moved to {{ when }}", sources=[{"path": str(desk), "complete": True}])
    desk.write_text(feed(event()), newline="")
    kit.resync()
    sandbox.clock.advance(days=1, hours=1)
    desk.write_text(feed(event(start=SOMETIME, sequence=1)), newline="")
    assert kit.resync().problems == ()
    sandbox.clock.advance(minutes=11)
    assert received_texts(sandbox)[1:] == [MOVED]
    desk.write_text(feed(event(start="20260216T090000", sequence=2)), newline="")
    kit.resync()
    assert [message.send_at.day for message in sandbox.parked() if message.text.startswith("See")] == [15]
