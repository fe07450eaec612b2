"""What a calendar is called where nobody says which source it is, and how far ahead it is read."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path

import pytest

from reminder_kit.calendars import CalendarSettings
from reminder_kit.reconciler.calendar_import import horizon_of, refused_problem, source_name
from reminder_kit.rules.rule import Rule
from tests.factories import START, settings_of


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("visits.ics", "visits"),
        (Path("/srv/clinic/visits.ics"), "visits"),
        ("Room #2?.ics", "Room #2?"),
        ("https://clinic.example/feeds/team.ics?key=secret#today", "team"),
        ("https://clinic.example/feeds/", "feeds"),
        ("webcal://clinic.example/basic.ics", "basic"),
        ("-", "calendar"),
        (Path("-"), "calendar"),
        ("", "calendar"),
        (io.BytesIO(b"BEGIN:VCALENDAR"), "calendar"),
        (io.StringIO("BEGIN:VCALENDAR"), "calendar"),
        (b"BEGIN:VCALENDAR", "calendar"),
        ([Path("a.ics"), Path("b.ics")], "calendar"),
    ],
)
def test_a_source_is_called_as_its_file_or_calendar(given, name):
    """By the stem of a file or address, without what may be secret in it; what has no name is "calendar"."""
    assert source_name(given) == name


@pytest.mark.parametrize(
    ("rules", "days"),
    [
        ([], 60),
        ([{"before": "24 hours"}], 60),
        ([{"days_before": 59, "at": "09:00"}], 61),
        ([{"before": "59 days"}], 60),
        ([{"before": "59 days 1 minute"}], 61),
        ([{"before": "24 hours"}, {"before": "100 days"}], 101),
        ([{"after": "100 days"}], 60),
        ([{"after_booking": "100 days"}], 60),
    ],
)
def test_a_calendar_is_read_a_day_further_than_its_rules_reach(rules, days):
    """At the least as far as is configured: what is imported the day before a reminder is due is in time for it."""
    settings = settings_of(*(Rule(f"r{n}", text="Hi", **when) for n, when in enumerate(rules)))
    assert horizon_of(CalendarSettings(), settings, START) == timedelta(days=days)


def test_a_rule_for_one_instant_is_for_whatever_begins_after_it():
    """Years ahead: "we move on Monday" concerns everybody who has a date."""
    moving = Rule("moving", text="We have moved", on=START + timedelta(days=3))
    assert horizon_of(CalendarSettings(), settings_of(moving), START) > timedelta(days=3650)


def test_a_short_horizon_is_a_day_at_the_least():
    """Follow-ups reach no further back than the start."""
    later = Rule("thanks", text="Thanks", after="3 days")
    short = CalendarSettings(horizon=timedelta(hours=12))
    assert horizon_of(short, settings_of(later), START) == timedelta(days=1)


def test_a_refused_calendar_is_said_of_as_a_whole():
    """Not of one event: whoever looks at what waits for a person sees it beside them."""
    problem = refused_problem("too much is gone")
    assert problem.is_whole
    assert str(problem).startswith("too much is gone: nothing of it was changed")
