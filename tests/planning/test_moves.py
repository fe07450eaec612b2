"""When a start moved, for rules that are counted from that: which moves wait to be told, and from which time on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import ReminderRecord, ReminderStatus
from reminder_kit.planning.moves import counted_from_moves
from reminder_kit.rules.reminders import reminders_of
from reminder_kit.rules.rule import Rule
from tests.factories import DEFAULTS, NUMBER, START, observed_of, settings_of, visit

MOVED = Rule("moved", after_change="10 minutes", text="Now {{ when }}.")
SETTINGS = settings_of(MOVED)
DUE = START + timedelta(minutes=10)
UNTOLD = {
    Reason.SAME_TEXT,
    Reason.TOLD_ELSEWHERE,
    Reason.DAY_LIMIT,
    Reason.TEMPLATE_ERROR,
    Reason.QUARANTINED,
    Reason.NOT_CONFIRMED,
    Reason.SUPERSEDED,
    Reason.TOO_LATE,
    Reason.PAST,
    Reason.QUIET_HOURS,
}
"""Why a move that was to be told was not: it still is to be, as far as its time allows."""


def counted(status, reason):
    """Return the reminder of a move of which this is recorded."""
    appointment = visit("A")
    (reminder,) = reminders_of(appointment, [MOVED], DEFAULTS)
    record = ReminderRecord(reminder.key, "moved", NUMBER, NUMBER, status, reason, DUE)
    observed = observed_of(appointment, outcomes=[record], changed_at=START + timedelta(hours=1))
    (found,) = counted_from_moves([reminder], observed, SETTINGS, START + timedelta(days=1))
    return found


@pytest.mark.parametrize("reason", list(Reason))
def test_a_move_that_was_not_told_keeps_its_time(reason):
    """Of any other reason what is recorded as due is the start that was known: it is counted from the change anew."""
    found = counted(ReminderStatus.SKIPPED, reason)
    assert (found.due_at == DUE) is (reason in UNTOLD)


@pytest.mark.parametrize("status", [ReminderStatus.PARKED, ReminderStatus.HELD])
def test_a_move_that_waits_keeps_its_time(status):
    """Whatever it waits for."""
    assert counted(status, Reason.ON_TIME).due_at == DUE
