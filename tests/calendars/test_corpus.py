"""Calendars as the usual programs write them, read whole."""

from __future__ import annotations

from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"


def by_start(found):
    return list(zip(found.starts, found.titles, strict=True))


def test_a_google_calendar(read):
    """Google's file keeps its moved instance, zones, phone and alarm."""
    found = read(CORPUS / "google.ics")
    assert by_start(found) == [
        ("2026-03-03T19:00:00Z", "Physiotherapy"),
        ("2026-03-11T13:00:00Z", "Physiotherapy (moved)"),
        ("2026-03-24T18:00:00Z", "Physiotherapy"),
        ("2026-03-31T18:00:00Z", "Physiotherapy"),
        ("2026-03-05T19:00:00Z", "First visit"),
    ]
    assert [recipient.phone for recipient in found.found[0].appointment.recipients] == ["+12025550101"]
    assert found.found[-1].appointment.timezone == "America/New_York"
    assert found.json[-1]["alarms"] == ["2026-03-05T18:30:00Z"]
    assert found.reading.sound


def test_an_outlook_invitation(read):
    """Outlook's Windows zone is Europe/Berlin across the change of the clock, with name and number."""
    found = read(CORPUS / "outlook.ics")
    assert by_start(found) == [
        ("2026-03-26T08:00:00Z", "Blutabnahme"),
        ("2026-04-02T07:00:00Z", "Blutabnahme"),
        ("2026-04-09T07:00:00Z", "Blutabnahme"),
    ]
    first = found.found[0].appointment
    assert first.timezone == "Europe/Berlin"
    assert [(recipient.phone, recipient.name) for recipient in first.recipients] == [("+447700900123", "Muster, Mia")]


def test_an_apple_calendar(read):
    """Apple's file keeps its night hours through DST, and its placeholder is no alarm."""
    found = read(CORPUS / "apple.ics", timezone="Europe/London")
    assert by_start(found) == [
        ("2026-04-05", "Closed"),
        ("2026-03-29T01:30:00Z", "Zoë’s visit"),
        ("2026-04-29T00:30:00Z", "Zoë’s visit"),
        ("2026-05-01T08:00:00Z", "Zoë’s visit"),
        ("2026-05-29T00:30:00Z", "Zoë’s visit"),
    ]
    assert found.json[0]["alarms"] == []
    assert [len(item.due_alarms) for item in found.found] == [0, 0, 1, 1, 1]


def test_a_caldav_server(read, day):
    """A CalDAV file keeps floating ids, cancelled instances and THISANDFUTURE."""
    found = read(CORPUS / "caldav.ics", timezone="Europe/Berlin", **day(3, 1, days=24))
    assert found.ids == [f"2026-03-{number:02}T09:00:00" for number in (2, 6, 16, 18, 20)]
    assert found.statuses == ["confirmed", "confirmed", "confirmed", "cancelled", "confirmed"]
    assert found.titles[2:] == ["Floating, later", "", "Floating, later"]
    assert found.found[0].appointment.recipients[0].name == "Bo Ray"
    assert read(CORPUS / "caldav.ics", **day(4, 20)).reading.cancelled == {"gone-1"}


def test_the_whole_folder_is_one_source(read):
    """All files of the corpus are read as one sound source without an error."""
    found = read(CORPUS)
    assert found.errors == []
    assert found.reading.sound
    assert len({item.appointment.id for item in found.found}) == 7
