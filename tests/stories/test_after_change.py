"""Counted from a change: whoever has the appointment is told that its start moved, once for each new start."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reminder_kit import Rule
from reminder_kit.errors import InvalidRuleError
from tests.factories import START, at_rest, parked_messages, parked_texts, received_texts

MOVED = Rule("moved", after_change="10 minutes", text="Now {{ when }}.")
LATER = START + timedelta(days=4)


def outcome(report, rule="moved"):
    return next((change.kind.value, change.reason.value) for change in report.changes if change.rule == rule)


def test_what_comes_in_first_did_not_move(make_kit, sandbox, appointment):
    """Nor does another title, or a start that moves by minutes."""
    kit = make_kit([MOVED])
    assert outcome(kit.sync(appointment())) == ("skip", "condition")
    assert outcome(kit.sync(appointment(title="Other"))) == ("skip", "condition")
    for count in (1, 2):
        report = kit.sync(appointment(starts_at=START + timedelta(days=3, minutes=7 * count)))
        assert outcome(report) == ("skip", "condition")
    assert sandbox.parked() == []
    assert at_rest(kit)
    assert "not sent: condition (after_change: its start did not move)" in kit.explain("A-1").reminders[0].steps


def test_small_moves_add_up(make_kit, appointment):
    """Each is measured from the start that was known first, not from the one before."""
    kit = make_kit([MOVED])
    kit.sync(appointment())
    kit.sync(appointment(starts_at=START + timedelta(days=3, minutes=10)))
    assert outcome(kit.sync(appointment(starts_at=START + timedelta(days=3, minutes=20)))) == ("schedule", "on_time")


@pytest.mark.parametrize("recorded", [False, True], ids=["synced", "recorded by a hook"])
def test_a_move_is_told_after_so_long_and_once(make_kit, sandbox, appointment, recorded):
    """Also to who was told nothing yet; a further run does nothing, and the reminders follow as ever."""
    kit = make_kit([MOVED, Rule("day", before="24 hours", text="See you {{ when }}.")])
    kit.sync(appointment())
    sandbox.clock.advance(hours=1)
    if recorded:
        kit.record(appointment(starts_at=LATER))
        sandbox.clock.advance(minutes=2)
        report = kit.resync(force=True)
    else:
        report = kit.sync(appointment(starts_at=LATER), force=True)
    assert outcome(report) == ("schedule", "on_time")
    assert parked_messages(sandbox)[0][1:] == ("2026-02-10T15:10:00Z", "Now Saturday 14 February at 9:00 AM.")
    assert at_rest(kit)
    sandbox.clock.advance(hours=1)
    kit.resync()
    assert received_texts(sandbox) == ["Now Saturday 14 February at 9:00 AM."]
    assert outcome(kit.sync(appointment(starts_at=LATER, title="Other"))) == ("skip", "already_sent")


@pytest.mark.parametrize("moves", [1, 2])
def test_an_edit_while_a_move_waits_does_not_put_it_off(make_kit, sandbox, appointment, moves):
    """Neither the first move nor one after another that was told: it is counted from the move, not from the edit."""
    kit = make_kit([MOVED])
    kit.sync(appointment())
    for count in range(moves):
        sandbox.clock.advance(hours=1)
        kit.sync(appointment(starts_at=LATER + timedelta(days=count)), force=True)
    before = parked_messages(sandbox)
    assert len(before) == 1
    sandbox.clock.advance(minutes=3)
    kit.sync(appointment(starts_at=LATER + timedelta(days=moves - 1), title="Other"))
    assert parked_messages(sandbox) == before


def test_each_new_start_is_told(make_kit, sandbox, appointment):
    """Also the old one, where it comes back after another one was told."""
    kit = make_kit([MOVED])
    kit.sync(appointment())
    for days in (4, 3):
        kit.sync(appointment(days=days), force=True)
        sandbox.clock.advance(hours=1)
        kit.resync()
    assert received_texts(sandbox) == ["Now Saturday 14 February at 9:00 AM.", "Now Friday 13 February at 9:00 AM."]


def test_what_moves_while_it_waits_is_told_as_it_is(make_kit, sandbox, appointment):
    """One text, of the last start, at the time of the first move."""
    kit = make_kit([MOVED])
    kit.sync(appointment())
    kit.sync(appointment(days=4), force=True)
    sandbox.clock.advance(minutes=4)
    kit.sync(appointment(days=5), force=True)
    assert parked_messages(sandbox)[0][2] == "Now Sunday 15 February at 9:00 AM."
    assert at_rest(kit)
    sandbox.clock.advance(hours=1)
    kit.resync()
    assert received_texts(sandbox) == ["Now Sunday 15 February at 9:00 AM."]


def test_it_is_told_before_the_start_and_to_nobody_of_what_is_off(make_kit, sandbox, appointment):
    """As any other reminder."""
    kit = make_kit([MOVED])
    kit.sync(appointment())
    report = kit.sync(appointment(starts_at=START + timedelta(minutes=4)), force=True)
    assert outcome(report) == ("skip", "too_late")
    kit.sync(appointment("A-2", days=4))
    kit.sync(appointment("A-2", days=5, status="cancelled"), force=True)
    assert parked_texts(sandbox) == []


def test_explain_counts_it_from_the_change(make_kit, sandbox, appointment):
    """The trail begins with when the kit learned of it."""
    kit = make_kit([MOVED])
    kit.sync(appointment())
    sandbox.clock.advance(hours=2)
    kit.sync(appointment(days=4), force=True)
    steps = kit.explain("A-1").reminders[0].steps
    assert steps[0].startswith("change 2026-02-10T16:00:00Z, which is Tue 2026-02-10 11:00 in America/New_York")
    assert steps[1] == "10 minutes (exact: elapsed time) after the change"


def test_it_says_so_without_an_anchor():
    """The key itself says what it is counted from, also in a copy of the rule."""
    with pytest.raises(InvalidRuleError, match="anchor cannot be 'start'"):
        Rule("r", after_change="10 minutes", text="x", anchor="start")
    assert MOVED.derived("copy").anchor == "change"
