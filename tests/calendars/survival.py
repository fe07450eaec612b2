"""Whether the calendar reader survives some bytes, whatever they are."""

from __future__ import annotations

from datetime import UTC, datetime

from reminder_kit.calendars import CalendarSettings, Limits, Occurrence, read_calendar
from reminder_kit.errors import CalendarError

START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)
SMALL = Limits(file_bytes=2_000_000, lines=100_000, line_bytes=10_000, dates=1000, candidates=5000, work=50_000)


def survives(data):
    """Read bytes as a calendar: only CalendarError may be raised, and only at once."""
    options = CalendarSettings(timezone="America/New_York", region="US", limits=SMALL)
    try:
        reading = read_calendar(data, options, start=START, end=END, known=lambda uid: True)
    except CalendarError:
        return
    found = list(reading)
    assert all(
        isinstance(occurrence, Occurrence) and START <= occurrence.appointment.start_at < END for occurrence in found
    )
    assert not reading.covers & reading.unreadable
    unforeseen = [problem for problem in reading.problems if problem.message.startswith("cannot be read (")]
    assert all("OverflowError" in problem.message or "year" in problem.message for problem in unforeseen), unforeseen
