"""Counted from the booking: who has just booked is told, once; who booked long ago never."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reminder_kit import QuietHours, Rule
from reminder_kit.errors import InvalidRuleError
from tests.factories import START, at_rest, parked_messages, received_texts

BOOKED = Rule("booked", after_booking="10 minutes", text="Booked for {{ when }}.")
NIGHT = QuietHours("21:00", "08:00")


def outcome(report, rule="booked"):
    return next((change.kind.value, change.reason.value) for change in report.changes if change.rule == rule)


def minutes(count):
    return START - timedelta(minutes=count)


@pytest.mark.few(4)
@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"booked_at": minutes(0)}, ("schedule", "on_time")),
        ({"booked_at": minutes(8)}, ("schedule", "clamped_late")),
        ({"booked_at": minutes(60)}, ("schedule", "clamped_late")),
        ({"booked_at": minutes(61)}, ("skip", "too_late")),
        ({"booked_at": minutes(60 * 24 * 30)}, ("skip", "too_late")),
        ({"booked_at": None}, ("skip", "condition")),
        ({"booked_at": minutes(1), "recurrence_id": START + timedelta(days=3)}, ("skip", "condition")),
        ({"booked_at": minutes(1), "starts_at": START + timedelta(minutes=4)}, ("skip", "too_late")),
    ],
    ids=str,
)
def test_who_is_told(make_kit, appointment, changes, found):
    """Whoever booked within the hour, not by a series, and has until after the text; a first import texts nobody."""
    assert outcome(make_kit([BOOKED]).sync(appointment(**changes))) == found


def test_it_is_told_once_for_a_booking(make_kit, sandbox, appointment):
    """Neither a move nor another run tells it again, though the words would differ; a reminder follows the move."""
    kit = make_kit([BOOKED, Rule("day", before="24 hours", text="See you {{ when }}.")])
    kit.sync(appointment(booked_at=START))
    sandbox.clock.advance(hours=1)
    report = kit.sync(appointment(booked_at=START, starts_at=START + timedelta(days=4)))
    assert outcome(report) == ("skip", "already_sent")
    assert outcome(report, "day")[0] == "replace"
    assert received_texts(sandbox) == ["Booked for Friday 13 February at 9:00 AM."]
    assert at_rest(kit)


def test_what_moves_before_it_is_told_is_told_as_it_is(make_kit, sandbox, appointment):
    """The parked text follows its appointment, as any other."""
    kit = make_kit([BOOKED])
    kit.sync(appointment(booked_at=START))
    kit.sync(appointment(booked_at=START, starts_at=START + timedelta(days=1)))
    sandbox.clock.advance(hours=2)
    kit.resync()
    assert received_texts(sandbox) == ["Booked for tomorrow at 9:00 AM."]


def test_what_waits_for_the_morning_is_not_too_old_then(make_kit, sandbox, appointment):
    """How old the booking was counts as it came in: at night, and recorded by a hook, it is told at eight."""
    sandbox.clock.set(START + timedelta(hours=13))  # 22:00
    kit = make_kit([BOOKED], quiet_hours=NIGHT)
    kit.record(appointment(booked_at=sandbox.now()))
    sandbox.clock.advance(minutes=20)
    assert outcome(kit.resync()) == ("schedule", "clamped_late")
    assert [at for _, at, _ in parked_messages(sandbox)] == ["2026-02-11T13:00:00Z"]


def test_what_is_held_for_days_is_told_then(make_kit, sandbox, appointment):
    """What lies beyond the provider's window came in soon enough, and is parked once it is in it."""
    kit = make_kit([Rule("booked", after_booking="6 days", text="Bring {{ appointment.title }} papers.")])
    assert outcome(kit.sync(appointment(booked_at=START, days=9))) == ("hold", "beyond_window")
    sandbox.clock.advance(days=2)
    assert outcome(kit.resync()) == ("schedule", "on_time")


def test_explain_counts_it_from_the_booking(make_kit, appointment):
    """The trail begins with when it was booked, and says why one is too old."""
    kit = make_kit([BOOKED])
    kit.sync(appointment(booked_at=minutes(90)))
    steps = kit.explain("A-1").reminders[0].steps
    assert steps[0].startswith("booking 2026-02-10T12:30:00Z, which is Tue 2026-02-10 07:30 in America/New_York")
    assert steps[1] == "10 minutes (exact: elapsed time) after the booking"
    assert "booked at 2026-02-10T12:30:00Z, more than 1 hour before it came in" in steps


def test_it_says_so_without_an_anchor():
    """The key itself says what it is counted from, also in a copy of the rule."""
    with pytest.raises(InvalidRuleError, match="anchor cannot be 'end'"):
        Rule("r", after_booking="10 minutes", text="x", anchor="end")
    assert BOOKED.derived("copy").anchor == "booking"
    assert Rule("r", after_booking="0 minutes", text="x", min_notice="2 hours").goes_back is False
