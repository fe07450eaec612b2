"""What a calendar is called where nobody says which source it is."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from reminder_kit.reconciler.calendar_import import source_name


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("visits.ics", "visits"),
        (Path("/srv/clinic/visits.ics"), "visits"),
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
