"""The lines of a report, of what was planned and what was done; and the lines of a plan that wait instead."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit.errors import AccountRefusedError
from reminder_kit.model.blockers import Blocker
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import Identity
from reminder_kit.planning.changes import Change, ChangeKind
from reminder_kit.planning.plan import Plan
from reminder_kit.planning.probing import Candidate
from reminder_kit.reconciler.holding_back import hold_for_probes, hold_for_room
from reminder_kit.reconciler.reporting import merged, reported
from tests.factories import DAY, NUMBER, START, message_of, settings_of, visit

A, B, C = (Identity("default", name) for name in "ABC")


def line(identity, kind="schedule", key="k", reason=Reason.ON_TIME, at=1, **changes):
    """Return a line for a reminder, to go out in some hours; with the key "" it is about the appointment."""
    values = {"text": "See you", **changes}
    return Change(
        ChangeKind(kind),
        identity,
        key,
        "r" if key else "",
        "p",
        NUMBER,
        START,
        START + timedelta(hours=at),
        reason,
        **values,
    )


def told(changes):
    """Return who is told of, with the kind, the key and what came of it."""
    return [(one.identity.id, one.kind.value, one.key, one.outcome) for one in changes]


def report_of(*planned, done=None, refused=()):
    """Return the lines of the report on a plan of these lines."""
    return list(reported(Plan(START, "sync", tuple(planned)), done or {}, refused))


def test_what_was_not_worked_on_is_told_as_it_was_planned():
    """In the plan's order."""
    planned = [line(A, "keep"), line(B), line(A, "hold", "l")]
    assert report_of(*planned) == planned


def test_what_was_worked_on_is_told_as_it_came():
    """All of an appointment at once, where the plan speaks of it first, and once."""
    done = [line(A, key="k", outcome="done"), line(A, key="m", outcome="failed")]
    planned = [line(B, "keep"), line(A, key="k"), line(C, "keep"), line(A, key="l")]
    assert report_of(*planned, done={A: done}) == [planned[0], *done, planned[2]]


def test_what_the_plan_did_not_speak_of_comes_last():
    """It was decided with another one."""
    planned, done = line(A, "keep"), line(B, outcome="done")
    assert report_of(planned, done={B: [done]}) == [planned, done]
    assert report_of(line(B), done={B: [done]}) == [done]


def test_what_a_newer_revision_kept_out_is_one_line():
    """It names neither a rule nor a number, and stands where the plan spoke of it first."""
    (before, only) = report_of(line(B, "keep"), line(A, key="k"), line(A, key="l"), refused={A})
    assert before == line(B, "keep")
    assert only == evolve(
        line(A, key="k"), kind=ChangeKind.SKIP, key="", rule="", to=None, reason=Reason.STALE_REVISION
    )


def test_what_a_newer_revision_kept_out_is_not_told_as_done_besides():
    """Whatever became of it under the other's revision is told by who brought that."""
    assert told(report_of(line(A), line(B), done={A: [line(A, outcome="done")]}, refused={A})) == [
        ("A", "skip", "", None),
        ("B", "schedule", "k", None),
    ]


@pytest.mark.parametrize(
    ("key", "reason", "stays"),
    [
        ("", Reason.STALE_REVISION, True),
        ("k", Reason.STALE_REVISION, False),
        ("", Reason.QUARANTINED, False),
    ],
    ids=["an older one came in", "a reminder of it", "another reason"],
)
def test_that_something_older_came_in_is_told_beside_what_was_done(key, reason, stays):
    """The appointment may have been worked on all the same, as it is recorded."""
    planned, done = line(A, "skip", key, reason), line(A, key="m", outcome="done")
    assert report_of(planned, done={A: [done]}) == ([planned, done] if stays else [done])


def test_what_the_plan_says_has_failed_is_told_unless_it_was_done():
    """Once."""
    failed, done = line(A, outcome="failed", error="it can't be read"), line(A, key="l", outcome="done")
    assert report_of(failed, done={A: [done]}) == [failed, done]
    assert report_of(failed, done={A: [failed, done]}) == [failed, done]
    assert report_of(evolve(failed, outcome="unknown"), done={A: [done]}) == [done]


def test_worked_on_twice_what_was_written_first_stays():
    """Where the second time wrote nothing for that reminder; else that is told."""
    first = [line(A, key="k", outcome="done"), line(A, key="l", outcome="done"), line(A, "keep", "m", outcome="done")]
    second = [line(A, "keep", "k"), line(A, "replace", "l", outcome="failed"), line(A, "hold", "m")]
    assert merged(first, second) == [first[0], second[1], second[2]]


def test_what_the_second_time_knows_nothing_of_is_told_after_the_rest():
    """If it wrote to the provider, and was carried out."""
    first = [line(A, key="k", outcome="done"), line(A, key="l"), line(A, "keep", "m", outcome="done")]
    assert merged(first, [line(A, "keep", "n")]) == [line(A, "keep", "n"), first[0]]
    assert merged((), first) == first
    assert merged(first, ()) == [first[0]]


def blocker(code="40312"):
    """Return what stops an account."""
    message = message_of(visit("A"), settings_of(DAY))
    return Blocker.met(AccountRefusedError(f"refused: {code}", code=code), message, "account", START, ())


def test_those_that_are_no_probe_wait_for_one():
    """They say for what, and neither when nor in which words they would go out; the others stay as they are."""
    stops = blocker()
    lines = {A: [line(A, key="k"), line(A, key="l")], B: [line(B, key="m")], C: [line(C, key="n")]}
    before = {identity: list(changes) for identity, changes in lines.items()}
    candidates = {key: Candidate(stops, key) for key in ("k", "l", "m")}
    hold_for_probes(lines, candidates, {"l"})
    held = {"kind": ChangeKind.HOLD, "reason": Reason.WAITING_ACCOUNT, "send_at": None, "text": None}
    assert lines[A] == [evolve(before[A][0], **held, error="refused: 40312"), before[A][1]]
    assert lines[B] == [evolve(before[B][0], **held, error="refused: 40312")]
    assert lines[C] == before[C]


def test_where_nothing_is_stopped_nothing_waits_for_a_probe():
    """Nobody's line is touched."""
    lines = {A: [line(A)]}
    hold_for_probes(lines, {}, set())
    assert lines == {A: [line(A)]}


def room_for(count, *asked):
    """Return a function that says how much room is left, and notes what it is asked."""

    def room(wanted):
        asked[0].append(wanted)
        return count

    return room


def is_ours(change):
    return change.to == NUMBER


@pytest.mark.parametrize(
    ("room", "over", "cancels", "parked"),
    [
        (0, 0, 0, ""),
        (1, 0, 0, "s"),
        (2, 0, 0, "st"),
        (3, 0, 0, "stu"),
        (9, 0, 0, "stu"),
        (-5, 0, 0, ""),
        (-5, 1, 0, "s"),
        (0, 2, 0, "st"),
        (0, 0, 1, "s"),
        (1, 1, 1, "stu"),
    ],
)
def test_the_soonest_take_the_room_there_is(room, over, cancels, parked):
    """What is past its time, and what is taken back, leaves room; more than is left can't be missing."""
    lines = {
        A: [line(A, key="u", at=3), line(A, key="s", at=1)],
        B: [line(B, key="t", at=2), line(B, "keep", "v", at=0), line(B, "replace", "w", at=0)],
        C: [line(C, "cancel", f"x{number}") for number in range(cancels)],
    }
    before = {identity: list(changes) for identity, changes in lines.items()}
    asked = []
    held = hold_for_room(lines, is_ours, room_for(room, asked), over)
    assert held == set("stu") - set(parked)
    assert asked == [3]
    waits = {"kind": ChangeKind.HOLD, "reason": Reason.AT_CAPACITY, "send_at": None, "text": None}
    assert lines == {
        identity: [evolve(change, **waits) if change.key in held else change for change in changes]
        for identity, changes in before.items()
    }


def test_of_one_instant_the_first_key_is_parked():
    """So that a plan is the same each time."""
    lines = {A: [line(A, key="t")], B: [line(B, key="s")]}
    assert hold_for_room(lines, is_ours, room_for(1, []), 0) == {"t"}


def test_where_nothing_is_new_nobody_asks_for_room():
    """And what goes through another provider takes none of this one's."""
    asked = []
    lines = {A: [line(A, "keep"), line(A, "cancel", "l")], B: [evolve(line(B), to="+12025550177")]}
    assert hold_for_room(lines, is_ours, room_for(0, asked), 0) == set()
    assert asked == []
    assert told(lines[B]) == [("B", "schedule", "k", None)]
