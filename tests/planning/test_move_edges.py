"""From which start a move is measured, and what was told of one: at the edge of what counts as a move."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit.model.lifecycle import SENT, State
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import ReminderRecord, ReminderStatus
from reminder_kit.planning.moves import counted_from_moves
from reminder_kit.rules.reminders import reminders_of
from reminder_kit.rules.rule import Rule
from tests.factories import DAY, NUMBER, START, message_of, observed_of, settings_of, visit

MOVED = Rule("moved", after_change="10 minutes", text="Now {{ when }}.")
SETTINGS = settings_of(MOVED)
BOOKED = visit("A")
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
QUARTER = 15 * MINUTE  # `rearm_after`
CHANGED_AT = START + HOUR
NOW = START + timedelta(days=1)
(REMINDER,) = reminders_of(BOOKED, [MOVED], SETTINGS.defaults)


def sent(away=timedelta(0), state=State.SENT, **changes):
    """Return a message that told of a start, so far from the one of now; it was due at START."""
    values = {"start_at": BOOKED.start_at + away, "due_at": START, **changes}
    return message_of(evolve(REMINDER, due_at=START), SETTINGS, state, **values)


def recorded(due_at, status=ReminderStatus.SKIPPED, reason=Reason.CONDITION):
    return ReminderRecord(REMINDER.key, "moved", NUMBER, NUMBER, status, reason, due_at)


def counted(*messages, record=None, now=NOW, changed_at=CHANGED_AT, settings=SETTINGS):
    observed = observed_of(BOOKED, *messages, outcomes=[record] if record else [], changed_at=changed_at)
    (found,) = counted_from_moves([REMINDER], observed, settings, now)
    return found


def told(found):
    """Return when a reminder is due, since when it moved, and whether it is refused since it did not."""
    return found.due_at, found.changed_at, found.refusal is Reason.CONDITION


NO_MOVE = BOOKED.start_at, None, True
A_MOVE = CHANGED_AT + 10 * MINUTE, CHANGED_AT, False


def test_what_comes_in_first_did_not_move():
    """Nothing is recorded of it, and it is measured from the start that it has."""
    assert told(counted()) == NO_MOVE


@pytest.mark.parametrize("sign", [-1, 1], ids=["sooner", "later"])
@pytest.mark.parametrize(("away", "moved"), [(QUARTER, False), (QUARTER + SECOND, True)], ids=["small", "a move"])
def test_a_move_is_one_beyond_a_quarter_of_an_hour_either_way(away, moved, sign):
    """Measured from the start that is recorded as known; what did not move keeps that."""
    known = BOOKED.start_at + sign * away
    assert told(counted(record=recorded(known))) == (A_MOVE if moved else (known, None, True))


@pytest.mark.parametrize("sign", [-1, 1], ids=["sooner", "later"])
@pytest.mark.parametrize(("away", "moved"), [(QUARTER, False), (QUARTER + SECOND, True)], ids=["small", "a move"])
def test_once_it_was_told_of_a_move_that_start_counts(away, moved, sign):
    """A small further move keeps what was told as it was due; a larger one is counted from the change anew."""
    found = counted(sent(sign * away), record=recorded(START, ReminderStatus.PARKED, Reason.ON_TIME))
    assert told(found) == (A_MOVE if moved else (START, None, False))


@pytest.mark.parametrize("state", list(State))
def test_only_what_went_out_told_anybody(state):
    """What is parked, unknown or was taken back did not."""
    found = counted(sent(HOUR, state), record=recorded(BOOKED.start_at))
    assert told(found) == (A_MOVE if state in SENT else NO_MOVE)


def test_the_last_that_went_out_counts_and_of_one_second_the_one_made_last():
    """Whatever the order in which they are known."""
    old, new = sent(HOUR, id="old"), sent(id="new")
    for messages in (
        (old, evolve(new, draft=evolve(new.draft, send_at=START + MINUTE))),
        (old, evolve(new, created_at=NOW)),
    ):
        assert told(counted(*messages)) == (START, None, False)
        assert told(counted(*reversed(messages))) == (START, None, False)


@pytest.mark.parametrize(
    ("record", "waits"),
    [
        (recorded(START + HOUR, ReminderStatus.HELD, Reason.BEYOND_WINDOW), True),
        (recorded(START + HOUR, ReminderStatus.SKIPPED, Reason.QUIET_HOURS), True),
        (recorded(START, ReminderStatus.HELD, Reason.BEYOND_WINDOW), False),
        (recorded(None, ReminderStatus.HELD, Reason.BEYOND_WINDOW), False),
        (recorded(START + HOUR), False),
    ],
    ids=["held", "not told", "the told one's own", "never due", "nothing to tell"],
)
def test_a_second_move_that_waits_keeps_its_time_beside_what_was_told(record, waits):
    """What is recorded as due is that of the second move, unless it is that of the message which went out."""
    expected = (START + HOUR, CHANGED_AT, False) if waits else A_MOVE
    assert told(counted(sent(HOUR), record=record)) == expected


@pytest.mark.parametrize(
    ("now", "changed_at", "since"),
    [
        (NOW, CHANGED_AT + timedelta(microseconds=7), CHANGED_AT),
        (NOW + timedelta(microseconds=7), None, NOW),
        (None, CHANGED_AT, CHANGED_AT),
        (None, None, BOOKED.start_at),
    ],
    ids=["recorded", "just now", "recorded, no now", "nobody knows"],
)
def test_since_when_it_moved(now, changed_at, since):
    """As it is recorded, else now, else its start; in whole seconds."""
    found = counted(record=recorded(START), now=now, changed_at=changed_at)
    assert told(found) == (since + 10 * MINUTE, since, False)


def test_other_rules_are_left_as_they_are():
    """Only those counted from a move are; their order stays."""
    (other,) = reminders_of(BOOKED, [DAY], SETTINGS.defaults)
    found = counted_from_moves([other, REMINDER, other], observed_of(BOOKED), SETTINGS, NOW)
    assert (found[0], found[2]) == (other, other)
    assert found[1].refusal is Reason.CONDITION
