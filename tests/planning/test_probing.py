"""Probing: whose turn it is when what stops them is due, and that the others wait."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit.errors import AccountRefusedError, UnknownRefusalError
from reminder_kit.model.blockers import Blocker, turn_of
from reminder_kit.model.phones import country_of
from reminder_kit.model.reasons import Reason
from reminder_kit.planning.changes import ChangeKind
from reminder_kit.planning.decide import decide
from reminder_kit.planning.probing import Turns, candidate, probes
from tests.factories import DAY, START, message_of, observed_of, settings_of, visit

SETTINGS = settings_of(DAY, account="a")
DUE = START + timedelta(minutes=5)


@pytest.fixture
def blocker():
    """Return what a message of an appointment in three days met."""
    message = message_of(visit("A-0", day=3), SETTINGS)
    return Blocker.met(AccountRefusedError("no", code="40312"), message, "a", START, ())


def decisions(blocker, *hours, now=DUE):
    """Return a decision for each of as many people whose visits are at these hours."""
    found = []
    for number, hour in enumerate(hours):
        appointment = visit(f"A-{number}", hour=hour, day=3, phone=f"+120255501{number + 1:02}")
        found += decide(observed_of(appointment, blockers=(blocker,)), SETTINGS, now)
    return found


def candidates(blocker, found, now=DUE):
    pairs = ((decision.key, candidate(decision, (blocker,), SETTINGS, now)) for decision in found)
    return {key: turn for key, turn in pairs if turn is not None}


def test_before_it_is_due_all_are_held(blocker):
    """Until the wait is over nobody is a candidate: each is held until then, with the reason and the words."""
    found = decisions(blocker, 9, 10, now=DUE - timedelta(seconds=1))
    assert {decision.kind for decision in found} == {ChangeKind.HOLD}
    assert {(decision.reason, decision.park_at) for decision in found} == {(Reason.WAITING_ACCOUNT, DUE)}
    assert candidates(blocker, found, DUE - timedelta(seconds=1)) == {}


def test_when_it_is_due_the_soonest_start_is_tried(blocker):
    """One of them, and the others wait for what it comes to."""
    found = decisions(blocker, 11, 9, 10)
    chosen = probes(candidates(evolve(blocker, tried=""), found))
    assert chosen == {blocker.name: found[1].key}
    (after,), tried = Turns(chosen).take([found], (blocker,), SETTINGS, DUE)
    assert [decision.kind.value for decision in after] == ["hold", "schedule", "hold"]
    assert tried == {blocker.name}


def test_each_time_another_is_tried_and_then_the_first_again(blocker):
    """Turns go by start and key, from the one that was tried last."""
    found = decisions(blocker, 9, 10, 11)
    order = []
    for _ in range(4):
        (key,) = probes(candidates(blocker, decisions(blocker, 9, 10, 11))).values()
        tried = next(decision for decision in found if decision.key == key)
        order.append(found.index(tried))
        blocker = evolve(blocker, tried=turn_of(tried.start_at, key))
    assert order == [order[0] + 0, (order[0] + 1) % 3, (order[0] + 2) % 3, order[0]]


def test_one_is_tried_for_each_cause(blocker):
    """Two causes that stop different people are tried by one each."""
    other = evolve(blocker, country=country_of("+447700900123"), code="40309", tried="")
    found = decisions(blocker, 9, 10)
    abroad = decide(observed_of(visit("B-1", day=3, phone="+447700900123"), blockers=(other,)), SETTINGS, DUE)
    all_candidates = {
        decision.key: candidate(decision, (blocker, other), SETTINGS, DUE) for decision in (*found, *abroad)
    }
    assert len(probes(all_candidates)) == 2


def test_who_was_tried_has_had_its_turn(blocker):
    """Decided once more in the same run it goes on; nobody else is tried, whatever it came to."""
    found = decisions(blocker, 9, 10)
    turns = Turns(probes(candidates(evolve(blocker, tried=""), found)))
    assert turns.take([found[1:]], (blocker,), SETTINGS, DUE) == ([[found[1].waiting_for(blocker)]], frozenset())
    for tried in ({blocker.name}, frozenset()):
        expected = [[found[0]], [found[1].waiting_for(blocker)]]
        assert turns.take([found[:1], found[1:]], (blocker,), SETTINGS, DUE) == (expected, tried)
    assert turns.take([found[1:]], (blocker,), SETTINGS, DUE) == ([[found[1].waiting_for(blocker)]], frozenset())


def test_whose_turn_was_planned_and_is_not_wanted_now_leaves_it_to_another(blocker):
    """Here or wherever else one waits for it; but not before it is known that it is not wanted."""
    found = decisions(blocker, 9, 10, 11)
    turns = Turns({blocker.name: found[0].key})
    later = [[found[1]], [found[2]]]
    waiting = [[one.waiting_for(blocker)] for one in found[1:]]
    assert turns.take(later, (blocker,), SETTINGS, DUE) == (waiting, frozenset())
    unsent = found[0].unsent(Reason.DAY_LIMIT)
    assert turns.take([[unsent]], (blocker,), SETTINGS, DUE) == ([[unsent]], frozenset())
    blocker = evolve(blocker, tried=turn_of(found[1].start_at, found[1].key))
    assert turns.take(later, (blocker,), SETTINGS, DUE) == ([waiting[0], [found[2]]], {blocker.name})


def test_where_it_was_nobody_s_turn_by_the_plan_one_is_tried(blocker):
    """What became due after the plan was made, or stops a fallback that was not wanted then."""
    found = decisions(evolve(blocker, tried=""), 9, 10)
    expected = [found[0], found[1].waiting_for(blocker)]
    blocker = evolve(blocker, tried="")
    assert Turns().take([found], (blocker,), SETTINGS, DUE) == ([expected], {blocker.name})


def test_who_waits_for_another_cause_by_now_leaves_its_turn(blocker):
    """The planned one is stopped by something else meanwhile: of those that wait for the first, another is tried."""
    other = evolve(blocker, code="40309", next_try_at=DUE + timedelta(seconds=1))
    found = decisions(blocker, 9, 10)
    turns = Turns({blocker.name: found[0].key})
    stopped = [found[0].waiting_for(other)]
    taken, tried = turns.take([stopped, found[1:]], (blocker,), SETTINGS, DUE)
    assert (taken, tried) == ([stopped, found[1:]], {blocker.name})


def test_what_only_stops_itself_is_no_candidate():
    """A code nobody knows, met by one reminder: when it is due, it is simply placed."""
    message = message_of(visit("A-0", day=3, phone="+12025550101"), SETTINGS)
    own = Blocker.met(UnknownRefusalError("?", code="1"), message, "a", START, ())
    found = decisions(own, 9, 10)
    assert candidates(own, found) == {}
    assert {decision.kind for decision in found} == {ChangeKind.SCHEDULE}
