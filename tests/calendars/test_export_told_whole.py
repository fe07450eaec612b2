"""Exported reminders, whole: each line of the calendar, each cell of the table."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta, timezone
from io import StringIO

import pytest

from reminder_kit.calendars.export import COLUMNS, to_csv, to_ics
from reminder_kit.errors import InvalidInputError

NOW = datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=2)))
ROW = {
    "send_at": "2026-03-02T09:00:00-05:00", "appointment": "A-1", "recurrence_id": "2026-03-03", "title": "Check-up",
    "rule": "r", "to": "+12…01", "text": "Hi\nAnn", "name": "Ann", "state": "scheduled",
}  # fmt: skip


def lines_of(*rows, **options):
    return to_ics(rows, NOW, **options).decode().split("\r\n")


def test_a_calendar_is_one_event_a_reminder():
    """At the instant at which it is sent, which takes no time of anybody's."""
    assert sorted(lines_of(ROW)) == sorted(
        [
            "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//reminder_kit//reminders//EN", "METHOD:PUBLISH",
            "X-WR-CALNAME:Reminders", "BEGIN:VEVENT", "SUMMARY:Check-up\\, Ann", "DTSTART:20260302T140000Z",
            "DTSTAMP:20260301T100000Z", "UID:86d0677a80d4e6269e05ea757cbf2e59@reminder-kit",
            "DESCRIPTION:+12…01\\nHi\\nAnn", "TRANSP:TRANSPARENT", "END:VEVENT", "END:VCALENDAR", "",
        ]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "summary", "description"),
    [
        ({}, "Check-up\\, Ann", "+12…01\\nHi\\nAnn"),
        ({"title": None}, "Ann", "+12…01\\nHi\\nAnn"),
        ({"name": ""}, "Check-up", "+12…01\\nHi\\nAnn"),
        ({"title": "", "name": None}, "Reminder", "+12…01\\nHi\\nAnn"),
        ({"to": None}, "Check-up\\, Ann", "Hi\\nAnn"),
        ({"text": None}, "Check-up\\, Ann", "+12…01"),
        ({"title": "a\nb\x1b"}, "a\\\\nb\\\\x1b\\, Ann", "+12…01\\nHi\\nAnn"),
    ],
)
def test_an_event_says_what_there_is(changes, summary, description):
    """Title and name, number and text; control characters are escapes."""
    lines = lines_of(ROW | changes)
    assert f"SUMMARY:{summary}" in lines
    assert f"DESCRIPTION:{description}" in lines


def test_what_makes_another_reminder_makes_another_uid():
    """Appointment, occurrence, rule and number; nothing else does, and what is missing is empty."""

    def uid(**changes):
        (found,) = (line for line in lines_of(ROW | changes) if line.startswith("UID:"))
        assert len(found) == len("UID:") + 32 + len("@reminder-kit")
        assert found.endswith("@reminder-kit")
        return found

    others = {uid(**{key: "x"}) for key in ("appointment", "recurrence_id", "rule", "to")}
    assert len(others | {uid()}) == 5
    assert {uid(**{key: "x"}) for key in ("title", "text", "name", "state")} == {uid()}
    assert uid(rule=None) == uid(rule="")
    assert uid(appointment="A-1r", rule="") != uid(appointment="A-1", recurrence_id="r2026-03-03", rule="")


def test_the_calendar_has_the_name_that_it_is_given():
    """And no event where there is no reminder."""
    assert "X-WR-CALNAME:Desk" in lines_of(name="Desk")
    assert "BEGIN:VEVENT" not in lines_of()


def test_a_table_has_each_column_in_its_place():
    """Instants in UTC; what is missing is empty."""
    header, row, bare = csv.reader(StringIO(to_csv([ROW, {"send_at": NOW, "appointment": 7}])))
    assert tuple(header) == COLUMNS == (
        "send_at", "appointment", "recurrence_id", "title", "rule", "to", "text", "name", "state",
    )  # fmt: skip
    assert row == ["2026-03-02T14:00:00Z", *(ROW[key] for key in COLUMNS[1:])]
    assert bare == ["2026-03-01T10:00:00Z", "7", *[""] * 7]


@pytest.mark.parametrize(
    ("text", "is_formula"),
    [
        ("=1", True), ("@x", True), ("+1+2", True), ("-1", True), (" =1", True), ("\n=1", True), ("＝1", True),
        ("＠x", True), ("＋1", True), ("－1", True), ("+", True), ("+12025550101", False), ("+12…01", False),
        ("+12…", False), ("+…", True), ("+12 02", True), ("a=1", False), ("", False), ("1-2", False),
    ],
)  # fmt: skip
def test_what_looks_like_a_formula_gets_an_apostrophe(text, is_formula):
    """In any cell but that of the instant; a number, whole or masked, is none."""
    for key in ("appointment", "text", "state"):
        (found,) = csv.DictReader(StringIO(to_csv([ROW | {key: text}])))
        shown = text.replace("\n", "\\n") if key != "text" else text
        looks = is_formula and not shown.startswith("\\n")
        assert found[key] == (f"'{shown}" if looks else shown)


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (None, "send_at of appointment 'A-1' is no instant: None; give an aware datetime"),
        (5, "send_at of appointment 'A-1' is no instant: 5; give an aware datetime"),
        ("soon", "send_at of appointment 'A-1'"),
        (datetime(2026, 3, 1), "send_at of appointment 'A-1'"),
    ],
    ids=["None", "a number", "a word", "without a zone"],
)
def test_what_is_no_instant_is_told_with_its_appointment(moment, said):
    """In the calendar and in the table."""
    for export in (to_csv, lambda rows: to_ics(rows, NOW)):
        with pytest.raises(InvalidInputError) as caught:
            export([ROW | {"send_at": moment}])
        assert said in str(caught.value)
    with pytest.raises(InvalidInputError, match="now"):
        to_ics([ROW], datetime(2026, 3, 1))
