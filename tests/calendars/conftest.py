"""Fixtures of the calendar tests: events, calendars and readings by factory."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reminder_kit.calendars import CalendarSettings, occurrence_json, read_calendar
from reminder_kit.model.instants import iso
from tests.calendars.written import valarm, vcalendar, vevent, vtimezone

START = datetime(2026, 1, 1, tzinfo=UTC)
END = datetime(2026, 7, 1, tzinfo=UTC)


class Read:
    """A reading that is over, with what tests look at."""

    def __init__(self, reading):
        self.reading = reading
        self.found = list(reading)

    @property
    def starts(self):
        return [iso(item.start) if isinstance(item.start, datetime) else item.start.isoformat() for item in self.found]

    @property
    def ends(self):
        return [iso(item.end) if isinstance(item.end, datetime) else item.end.isoformat() for item in self.found]

    @property
    def live(self):
        return [iso(item.appointment.starts_at) for item in self.found if item.appointment.status.value != "cancelled"]

    @property
    def statuses(self):
        return [item.appointment.status.value for item in self.found]

    @property
    def titles(self):
        return [item.appointment.title for item in self.found]

    @property
    def ids(self):
        return [item.appointment.recurrence_id for item in self.found]

    @property
    def phones(self):
        return [recipient.phone for recipient in self.only.appointment.recipients]

    @property
    def json(self):
        return [occurrence_json(item) for item in self.found]

    @property
    def alarms(self):
        return [iso(alarm) for alarm in self.only.alarms]

    @property
    def only(self):
        (only,) = self.found
        return only

    @property
    def errors(self):
        return [problem for problem in self.reading.problems if problem.severity == "error"]

    @property
    def warnings(self):
        return [problem.message for problem in self.reading.problems if problem.severity == "warning"]


@pytest.fixture
def read():
    """Read text, bytes or a path from START to END, in New York unless told otherwise."""

    def read(source, *, start=START, end=END, known=None, name="clinic", **settings):
        settings = {"timezone": "America/New_York", "region": "US"} | settings
        return Read(read_calendar(source, CalendarSettings(**settings), start=start, end=end, known=known, name=name))

    return read


@pytest.fixture
def read_events(read):
    """Read some events as one calendar."""

    def read_events(*events, **options):
        return read(vcalendar(*events), **options)

    return read_events


@pytest.fixture
def event():
    return vevent


@pytest.fixture
def calendar():
    return vcalendar


@pytest.fixture
def alarm():
    return valarm


@pytest.fixture
def zone_of():
    return vtimezone


@pytest.fixture
def day():
    """A UTC day of 2026 as a window of one day."""

    def day(month, number, days=1):
        start = datetime(2026, month, number, tzinfo=UTC)
        return {"start": start, "end": start + timedelta(days=days)}

    return day
