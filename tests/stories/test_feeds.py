"""Feeds: what becomes of reminders while a calendar is read again and again, in states old and new."""

from __future__ import annotations

import pytest

NUMBER, OTHER = "+12025550123", "+12025550124"


def vevent(uid, start, *lines, phone=NUMBER, sequence=0, zone="America/New_York"):
    """Return a VEVENT of half an hour, by New York's clock."""
    where = f";TZID={zone}" if zone else ""
    head = [
        f"UID:{uid}",
        "DTSTAMP:20260101T000000Z",
        f"SEQUENCE:{sequence}",
        f"DTSTART{where}:{start}",
        "DURATION:PT30M",
    ]
    return "\r\n".join(
        ["BEGIN:VEVENT", *head, "SUMMARY:Physio", f"ATTENDEE;CN=Ada:tel:{phone}", *lines, "END:VEVENT", ""]
    )


def feed(*events, method=""):
    """Return a calendar."""
    said = f"METHOD:{method}\r\n" if method else ""
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//desk//EN\r\n{said}{''.join(events)}END:VCALENDAR\r\n"


def series(hour, sequence, *lines):
    """Return a series of three days from Thursday, 12 February, at an hour."""
    return vevent("s", f"20260212T{hour:02}0000", "RRULE:FREQ=DAILY;COUNT=3", *lines, sequence=sequence)


def override(day, hour, sequence, *lines):
    """Return what moves the occurrence of a day (at ten) to another hour."""
    original = f"RECURRENCE-ID;TZID=America/New_York:202602{day}T100000"
    return vevent("s", f"202602{day}T{hour:02}0000", original, *lines, sequence=sequence)


@pytest.fixture
def taken(kit, sandbox):
    """Import a feed; return how many changes of each kind there were, and when which text is parked."""

    def taken(*events, **options):
        method = options.pop("method", "")
        report = kit.import_calendar(feed(*events, method=method), source="clinic", **options)
        return {kind: count for kind, count in report.summary.items() if count and kind != "appointments"}

    return taken


@pytest.fixture
def parked(sandbox):
    """Return the local hours at which reminders are parked, by day."""
    return lambda: [f"{message.send_at:%d %H}" for message in sorted(sandbox.parked(), key=lambda one: one.send_at)]


def test_an_older_file_moves_no_series_back(taken, parked):
    """Masters are compared: what is older changes nothing, also no occurrence that nobody recorded."""
    taken(series(10, 0))
    taken(series(11, 1))
    assert parked() == ["11 16", "12 16", "13 16"]
    changes = taken(series(10, 0))
    assert set(changes) == {"skip"}
    assert parked() == ["11 16", "12 16", "13 16"]
    assert set(taken(series(10, 0), complete=True)) == {"skip"}
    assert parked() == ["11 16", "12 16", "13 16"]


def test_a_file_speaks_for_all_of_a_series_whose_master_is_not_older(taken, parked):
    """A moved occurrence whose override is gone from the file goes back, although the override was the newer one."""
    taken(series(10, 1), override(13, 14, 5))
    assert parked() == ["11 15", "12 19", "13 15"]
    taken(series(10, 1))
    assert parked() == ["11 15", "12 15", "13 15"]


def test_an_override_that_comes_alone_is_compared_with_that_override(taken, parked):
    """Of two states of one moved occurrence, sent by themselves, the older one changes nothing."""
    taken(series(10, 1))
    taken(override(13, 14, 2))
    taken(override(13, 16, 3))
    assert parked() == ["11 15", "12 21", "13 15"]
    assert taken(override(13, 14, 2)) == {"skip": 1}
    taken(series(10, 1), override(13, 16, 3))
    assert taken(override(13, 14, 2)) == {"skip": 1}
    assert parked() == ["11 15", "12 21", "13 15"]


def test_a_file_with_the_master_speaks_after_an_override_that_came_alone(taken, parked):
    """The calendar of the whole has the last word, though the occurrence alone had a higher SEQUENCE."""
    taken(series(10, 1))
    taken(override(13, 14, 7))
    taken(series(10, 1))
    assert parked() == ["11 15", "12 15", "13 15"]


def test_an_older_cancellation_cancels_nothing(taken, parked):
    """A METHOD:CANCEL that was overtaken by a newer request leaves the series as it is; a newer one cancels it."""
    taken(series(10, 3), method="REQUEST")
    assert set(taken(series(10, 2, "STATUS:CANCELLED"), method="CANCEL")) == {"skip"}
    assert parked() == ["11 15", "12 15", "13 15"]
    taken(series(10, 4, "STATUS:CANCELLED"), method="CANCEL")
    assert parked() == []


def test_an_older_file_brings_no_series_back_for_a_single_visit(taken, parked):
    """What was a series, and is one visit in the newer file, stays that."""
    taken(series(10, 0))
    taken(vevent("s", "20260212T110000", sequence=1))
    assert parked() == ["11 16"]
    assert set(taken(series(10, 0))) == {"skip"}
    assert parked() == ["11 16"]
