"""A calendar's own alarms: ignored unless switched on; then reminders of their own, or the only ones."""

from __future__ import annotations

import pytest

from reminder_kit import Rule
from reminder_kit.calendars import CalendarSettings
from reminder_kit.model.instants import iso
from reminder_kit.rules.alarms import rules_for

EVENT = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//reminder_kit//tests//EN
BEGIN:VEVENT
UID:visit
DTSTAMP:20260201T000000Z
DTSTART;TZID=America/New_York:{start}
SUMMARY:Check-up
LOCATION:12 High Street
ATTENDEE;CN=Ada:tel:+12025550123
BEGIN:VALARM
ACTION:DISPLAY
DESCRIPTION:first
TRIGGER:-PT2H
END:VALARM
BEGIN:VALARM
ACTION:DISPLAY
DESCRIPTION:second
TRIGGER:-PT30H
END:VALARM
END:VEVENT
END:VCALENDAR
"""


@pytest.fixture
def calendar(tmp_path):
    def make(start="20260213T090000"):
        path = tmp_path / "clinic.ics"
        path.write_text(EVENT.format(start=start).replace("\n", "\r\n"), encoding="utf-8")
        return path

    return make


def parked(sandbox):
    return sorted(iso(item.send_at) for item in sandbox.parked())


@pytest.mark.parametrize(
    ("mode", "send_at"),
    [
        ("ignore", ["2026-02-12T14:00:00Z"]),
        ("rules", ["2026-02-12T08:00:00Z", "2026-02-12T14:00:00Z", "2026-02-13T12:00:00Z"]),
        ("only", ["2026-02-12T08:00:00Z", "2026-02-13T12:00:00Z"]),
    ],
)
def test_alarms_are_ignored_added_or_alone(make_kit, sandbox, calendar, mode, send_at):
    """The mode decides whether VALARMs count beside the rules, instead of them or not at all, on each import."""
    kit = make_kit(calendar=CalendarSettings(alarms=mode))
    assert kit.import_calendar(calendar()).ok
    assert parked(sandbox) == send_at
    kit.resync()
    kit.import_calendar(calendar())
    assert parked(sandbox) == send_at


def test_a_moved_event_takes_its_alarms_along(make_kit, sandbox, calendar):
    """A VALARM is relative to its event: moved by two hours, its reminders are replaced by two hours."""
    kit = make_kit(calendar=CalendarSettings(alarms="only"))
    kit.import_calendar(calendar())
    report = kit.import_calendar(calendar("20260213T110000"))
    assert {change.kind.value for change in report.changes} == {"replace"}
    assert parked(sandbox) == ["2026-02-12T10:00:00Z", "2026-02-13T14:00:00Z"]


def test_a_rule_named_alarm_lends_its_text_and_is_no_rule_itself(make_kit, sandbox, calendar, day_before):
    """The rule `alarm` gives reminders of VALARMs their text, and sends nothing at its own offset."""
    rules = [day_before, Rule("alarm", before="1 hour", text="Don't forget: {{ when }}")]
    kit = make_kit(rules, calendar=CalendarSettings(alarms="only"))
    kit.import_calendar(calendar())
    assert {item.text for item in sandbox.parked()} == {
        "Don't forget: today at 9:00 AM",
        "Don't forget: tomorrow at 9:00 AM",
    }


def test_an_appointment_from_code_keeps_the_rules(appointment, day_before):
    """Only an appointment with `data.alarms`, even an empty list, came from a calendar and follows the mode."""
    assert rules_for(appointment(), [day_before], "only") == [day_before]
    assert rules_for(appointment(data={"alarms": []}), [day_before], "only") == []


def test_an_alarm_keeps_the_notice_of_the_rule_it_is_modelled_on(make_kit, calendar):
    """A VALARM ten minutes before goes out no nearer to the start than `min_notice` says."""
    rule = Rule("alarm", before="2 days", text="See you {{ when }}.", min_notice="30 minutes")
    path = calendar()
    path.write_text(path.read_text().replace("TRIGGER:-PT2H", "TRIGGER:-PT10M"))
    kit = make_kit([rule], calendar=CalendarSettings(alarms="only"))
    last = max(change.send_at for change in kit.plan_calendar(path).changes)
    assert iso(last) == "2026-02-13T13:30:00Z"  # it starts at 14:00
