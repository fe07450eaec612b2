"""A folder of calendars of which several are broken, and who is asked for what is not in them."""

from __future__ import annotations

import pytest

from reminder_kit.errors import CalendarError


def test_where_no_file_is_a_calendar_the_first_is_named(read, tmp_path):
    """All of them broken is no calendar at all: the error is that of the first."""
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.ics").write_text("<html>")
    with pytest.raises(CalendarError, match=r"a\.ics"):
        read(tmp_path)


def test_an_event_without_an_id_is_no_known_one(read_events, event):
    """What is past is read again only where its id is known; without an id nobody is asked."""
    asked = []

    def known(uid):
        asked.append(uid)
        return True

    past = "DTSTART;TZID=America/New_York:20250302T090000"
    read_events(event(uid=None, start=past), event(uid="past", start=past), known=known)
    assert set(asked) == {"past"}


def test_a_problem_of_an_event_without_an_id_names_none(read_events, event):
    """It has its line, and None for the id; that of an event with one has it."""
    odd = "SEQUENCE:x"
    found = read_events(event(odd, uid=None), event(odd, uid="a"))
    told = [(problem.uid, problem.line) for problem in found.reading.problems]
    assert {uid for uid, _ in told} == {None, "a"}
    assert all(line for _, line in told)


def test_what_is_said_of_a_number_in_a_text_names_the_file_of_its_event(read, event, calendar, tmp_path):
    """Whose number it is shows once all files were read; two files may have an event of one UID at the same line."""
    only = "RECURRENCE-ID;TZID=America/New_York:20260303T090000\r\nDESCRIPTION:Ask +12025550102"
    written = {
        "a.ics": event("RRULE:FREQ=DAILY;COUNT=2", "DESCRIPTION:+12025550101", uid="x", phone="ATTENDEE;CN=Ann:urn:1"),
        "b.ics": event(only, uid="x", start="DTSTART:20260303T160000Z", phone="ATTENDEE;CN=Bo:urn:2"),
        "c.ics": event("DESCRIPTION:+12025550103", uid="y", phone="ATTENDEE;CN=Cy:urn:3"),
        "d.ics": event(uid="z"),
    }
    for name, text in written.items():
        (tmp_path / name).write_text(calendar(text), encoding="utf-8", newline="")
    told = {problem.message.split()[0]: problem.file for problem in read(tmp_path).reading.problems}
    assert told == {"Ann": str(tmp_path / "a.ics"), "Bo": str(tmp_path / "b.ics"), "Cy": str(tmp_path / "c.ics")}


def test_what_is_said_of_a_desks_number_names_the_file_of_its_event(read, event, calendar, tmp_path):
    """Not the last one that was read."""
    for who in ("Ann", "Bo", "Cy"):
        text = calendar(event("DESCRIPTION:Ask +12025550100", uid=who, phone=f"ATTENDEE;CN={who}:urn:{who}"))
        (tmp_path / f"{who}.ics").write_text(text, encoding="utf-8", newline="")
    told = [(problem.uid, problem.file) for problem in read(tmp_path).reading.problems]
    assert told == [(who, str(tmp_path / f"{who}.ics")) for who in ("Ann", "Bo", "Cy")]


def test_what_is_hidden_below_a_folder_is_no_part_of_it(read, event, calendar, tmp_path):
    """CalDAV servers and version control keep copies in hidden folders; the folder's own place may be hidden."""
    root = tmp_path / ".calendars" / "clinic"
    for place in ("a.ics", "sub/b.ics", ".Radicale.cache/a.ics", ".git/old/a.ics", "sub/.tmp/a.ics", ".half.ics"):
        file = root / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(calendar(event(uid=place.replace("/", "-"))), encoding="utf-8", newline="")
    assert [item.appointment.id for item in read(root).found] == ["a.ics", "sub-b.ics"]
