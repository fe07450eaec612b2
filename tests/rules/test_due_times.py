"""Due times: remembered by start, and never taken for those of another zone, rule or calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reminder_kit import Rule
from reminder_kit.model.appointments import Appointment
from reminder_kit.rules.defaults import Defaults
from reminder_kit.rules.reminders import reminders_of

NINE = datetime(2026, 3, 9, 13, tzinfo=UTC)  # a Monday, 09:00 in New York; its clocks went forward the day before
EVENING = Rule("r", days_before=1, at="18:00", text="x")


def due(rule=EVENING, defaults=Defaults(timezone="America/New_York"), **changes):  # noqa: B008 - frozen
    """Return when the one reminder of an appointment is due, twice asked for."""
    appointments = [Appointment("A", NINE, recipients=["+12025550123"], **changes) for _ in range(2)]
    first, again = (reminders_of(appointment, [rule], defaults)[0].due_at for appointment in appointments)
    assert first == again
    return first


@pytest.mark.parametrize(
    ("changes", "meant"),
    [
        ({}, "2026-03-08T22:00:00+00:00"),
        ({"timezone": "Europe/Paris"}, "2026-03-08T17:00:00+00:00"),
        ({"rule": Rule("r", days_before=1, at="19:00", text="x")}, "2026-03-08T23:00:00+00:00"),
        ({"rule": Rule("r", business_days_before=1, at="18:00", text="x")}, "2026-03-06T23:00:00+00:00"),
    ],
    ids=["as it is", "elsewhere", "a rule of the same id", "business days"],
)
def test_each_zone_and_rule_has_due_times_of_its_own(changes, meant):
    """One start, asked for again and again, in another zone or by another rule."""
    assert due().isoformat() == "2026-03-08T22:00:00+00:00"
    assert due(**changes).isoformat() == meant


def test_each_calendar_has_due_times_of_its_own():
    """A closed Friday moves what is due a business day before from there to Thursday, for that kit alone."""
    rule = Rule("r", business_days_before=1, at="18:00", text="x")
    closed = Defaults(timezone="America/New_York", closed_days=["2026-03-06"])
    assert due(rule) - due(rule, closed) == timedelta(days=1)


def test_an_end_counts_only_where_a_rule_is_counted_from_it():
    """Appointments of one start with different ends, before and after them."""
    ends = [NINE + timedelta(minutes=minutes) for minutes in (30, 60)]
    thanks = Rule("r", after="1 hour", text="x")
    assert [due(thanks, ends_at=end) for end in ends] == [end + timedelta(hours=1) for end in ends]
    assert len({due(ends_at=end) for end in ends}) == 1
