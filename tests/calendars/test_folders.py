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


def test_what_is_hidden_below_a_folder_is_no_part_of_it(read, event, calendar, tmp_path):
    """CalDAV servers and version control keep copies in hidden folders; the folder's own place may be hidden."""
    root = tmp_path / ".calendars" / "clinic"
    for place in ("a.ics", "sub/b.ics", ".Radicale.cache/a.ics", ".git/old/a.ics", "sub/.tmp/a.ics", ".half.ics"):
        file = root / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(calendar(event(uid=place.replace("/", "-"))), encoding="utf-8", newline="")
    assert [item.appointment.id for item in read(root).found] == ["a.ics", "sub-b.ics"]
