"""Each limit of a plan at its exact edge, what is carried out of a refused one, and what no plan may show."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reminder_kit.errors import UnsafePlanError
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import Identity
from reminder_kit.planning.changes import Change, ChangeKind, printed
from reminder_kit.planning.message_times import cancellable, forgotten_at, is_past, needs_settling, still_fits
from reminder_kit.planning.plan import Guard, Plan, Worklist
from tests.factories import DAY, NUMBER, START, WINDOW, message_of, settings_of, visit

SECOND = timedelta(seconds=1)


def change(kind, index=0, **values):
    given = {"to": NUMBER, "due_at": START, "send_at": START, "reason": Reason.ON_TIME, "was_at": START}
    return Change(kind, Identity("s", f"A-{index}"), f"k{index}", "r", NUMBER, **{**given, **values})


def plan(*changes, **values):
    return Plan(START, "import", changes, **values)


def several(kind, number, **values):
    return [change(kind, index, **values) for index in range(number)]


@pytest.mark.parametrize("kind", [ChangeKind.SCHEDULE, ChangeKind.REPLACE, ChangeKind.CANCEL])
def test_exactly_max_changes_are_let_through(kind):
    """One more is refused; what writes nothing to the provider is not counted."""
    rest = [change(other, 90) for other in (ChangeKind.KEEP, ChangeKind.HOLD, ChangeKind.SKIP)]
    guard = Guard(max_changes=5)
    assert not plan(*several(kind, 5), *rest, guard=guard).is_unsafe
    assert plan(*several(kind, 6), *rest, guard=guard).is_unsafe
    assert plan(*several(kind, 1), guard=Guard(max_changes=0)).is_unsafe


@pytest.mark.parametrize(
    ("going", "parked", "ratio", "unsafe"),
    [
        (5, 10, 0.5, False),
        (6, 10, 0.5, True),
        (9, 9, 0.5, False),
        (10, 10, 1, False),
        (1, 10, 0, True),
        (0, 10, 0, False),
    ],
)
def test_exactly_the_ratio_is_let_through(going, parked, ratio, unsafe):
    """It counts from ten parked messages on, and more than the part that may go is too much."""
    made = plan(*several(ChangeKind.CANCEL, going), parked=parked, guard=Guard(max_cancel_ratio=ratio))
    assert made.is_unsafe is unsafe


@pytest.mark.parametrize("earlier", [True, False], ids=["earlier", "later"])
def test_a_move_is_noticeable_beyond_fifteen_minutes_either_way(earlier):
    """Fifteen minutes are not; a second more is."""
    for length, noticeable in ((timedelta(minutes=15), False), (timedelta(minutes=15, seconds=1), True)):
        moved = change(ChangeKind.REPLACE, send_at=START - length if earlier else START + length)
        assert moved.moves_noticeably is noticeable


def test_what_takes_nothing_away_is_not_noticeable():
    """Neither a new message, nor one whose intent was committed before, nor one that another message includes."""
    assert change(ChangeKind.CANCEL).moves_noticeably
    assert not change(ChangeKind.CANCEL, causes=("settle",)).moves_noticeably
    assert not change(ChangeKind.CANCEL, reason=Reason.SUPERSEDED).moves_noticeably
    far = START + timedelta(days=1)
    for kind in (ChangeKind.SCHEDULE, ChangeKind.HOLD, ChangeKind.KEEP, ChangeKind.SKIP):
        assert not change(kind, send_at=far).moves_noticeably
    assert not change(ChangeKind.REPLACE, send_at=None).moves_noticeably
    assert not change(ChangeKind.REPLACE, send_at=far, was_at=None).moves_noticeably


def test_of_a_refused_plan_what_was_begun_is_ended_and_who_is_barred_is_spared():
    """Appointment by appointment: one where something else moves noticeably waits, and so does all that is new."""
    settled = change(ChangeKind.KEEP, 1, causes=("settle",))
    moving = change(ChangeKind.KEEP, 2, causes=("settle",)), change(ChangeKind.CANCEL, 2)
    barred = change(ChangeKind.CANCEL, 3, to="+12025550199")
    new = change(ChangeKind.SCHEDULE, 4)
    order = tuple(Identity("s", f"A-{index}") for index in range(1, 5))
    worklist = Worklist(all_incoming=("x",), removals=order, order=order, held_back=frozenset({"k"}), as_of=START)
    made = plan(settled, *moving, barred, new, parked=10, barred=frozenset({"+12025550199"}), worklist=worklist)
    left = made.in_any_case()
    assert left.changes == (settled, barred)
    assert left.worklist == Worklist(order=(order[0], order[2]), held_back=frozenset({"k"}), as_of=START)


def test_who_is_barred_costs_the_guard_nothing():
    """Taking back what is parked for them is owed; what is taken back for others counts."""
    changes = several(ChangeKind.CANCEL, 10)
    assert plan(*changes, parked=10).is_unsafe
    assert not plan(*changes, parked=10, barred=frozenset({NUMBER})).is_unsafe
    moved = several(ChangeKind.REPLACE, 10, send_at=START + timedelta(days=1))
    assert plan(*moved, parked=10, barred=frozenset({NUMBER})).is_unsafe


def test_a_forced_plan_that_was_not_finished_is_not_guarded_again():
    """Neither ratio nor number of changes refuses what is left of it; a feed that broke off still does."""
    changes = several(ChangeKind.CANCEL, 10)
    made = plan(*changes, parked=10, guard=Guard(max_changes=3, max_cancel_ratio=0.1))
    assert made.is_unsafe
    assert not made.unguarded().is_unsafe
    assert made.unguarded().guard.max_cancel_ratio == 0.1
    with pytest.raises(UnsafePlanError, match="the feed broke off"):
        plan(*changes, refusal="the feed broke off").unguarded().raise_if_unsafe()


@pytest.mark.parametrize(
    "shown", [repr, str, lambda made: repr(made.changes[0]), lambda made: printed({}, made.changes)]
)
def test_no_plan_shows_a_text_or_a_whole_number(shown):
    """What ends up in a log has neither; the change itself has both."""
    made = plan(change(ChangeKind.SCHEDULE, text="See you on Monday"))
    assert "Monday" not in shown(made)
    assert "5550123" not in shown(made)
    assert made.changes[0].text == "See you on Monday"


# What time allows with one message


def test_the_edges_of_a_messages_time():
    """A minute after its time it is past, a day after that and the start it is forgotten; both at that second."""
    message = message_of(visit("A"), settings_of(DAY))
    at = message.send_at
    minute, cut_off = timedelta(minutes=1), WINDOW.cancel_cutoff + WINDOW.margin
    assert (is_past(message, at + minute - SECOND), is_past(message, at + minute)) == (False, True)
    assert (needs_settling(message, at + minute - SECOND), needs_settling(message, at + minute)) == (False, True)
    assert (cancellable(message, WINDOW, at - cut_off - SECOND), cancellable(message, WINDOW, at - cut_off)) == (
        True,
        False,
    )
    assert (
        still_fits(message, WINDOW, at - WINDOW.min_lead),
        still_fits(message, WINDOW, at - WINDOW.min_lead + SECOND),
    ) == (
        True,
        False,
    )
    assert forgotten_at(message) == message.start_at + timedelta(days=1)
