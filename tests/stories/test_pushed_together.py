"""Reminders that quiet hours push together: the one nearest to the start says it all."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reminder_kit import QuietHours, Rule
from tests.factories import START, received_texts

DAY = Rule("day", days_before=1, at="20:30", text="Day")
HALF = Rule("half", before="12 hours", text="Half")
SOON = Rule("soon", before="2 hours", text="Soon")
NIGHT = QuietHours("21:00", "08:00")


@pytest.fixture
def visit(appointment):
    return appointment(starts_at=START + timedelta(days=3, minutes=30))  # 9:30 in New York


def test_two_that_the_night_moves_to_its_edge_are_one(make_kit, sandbox, visit):
    """What is on time stays, and so does a follow-up."""
    kit = make_kit([DAY, HALF, SOON, Rule("thanks", after="12 hours", text="Thanks")], quiet_hours=NIGHT)
    report = kit.sync(visit)
    assert {change.rule: change.reason.value for change in report.changes} == {
        "day": "on_time", "half": "superseded", "soon": "shifted_quiet_hours", "thanks": "shifted_quiet_hours",
    }  # fmt: skip
    sandbox.clock.advance(days=5)
    assert received_texts(sandbox) == ["Day", "Soon", "Thanks"]


def test_one_that_is_parked_already_stays(make_kit, sandbox, visit):
    """A rule that is added later gives way to what is parked."""
    make_kit([DAY, HALF], quiet_hours=NIGHT).sync(visit)
    parked = {message.text for message in sandbox.parked()}
    report = make_kit([DAY, HALF, SOON], quiet_hours=NIGHT).resync(force=True)
    assert {change.rule: change.reason.value for change in report.changes if change.rule == "soon"} == {
        "soon": "superseded"
    }
    assert {message.text for message in sandbox.parked()} == parked


def test_those_that_stay_apart_are_two(make_kit, sandbox, visit):
    """Half an hour between them is no collision."""
    kit = make_kit([DAY, SOON], quiet_hours=NIGHT)
    kit.sync(visit)
    assert len(sandbox.parked()) == 2
