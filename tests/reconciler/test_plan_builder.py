"""A plan from what comes in and what is recorded: who is looked at, what is withdrawn, held back, and done first."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit import Rule
from reminder_kit.model.records import Identity, Incoming
from reminder_kit.planning.plan import ChangeKind, Guard
from reminder_kit.reconciler.plan_builder import build_plan
from reminder_kit.reconciler.scope import Scope
from tests.factories import BOTH, DAY, EVENING, HOUR, START, visit

NAMED = Rule("day-before", before="24 hours", text="{{ appointment.title }} {{ appointment.id }} {{ when }}")
SYNC = Scope("sync", "default")
COMPLETE = Scope("sync", "default", complete=True)
SWEEP = Scope("resync", sweep=True)


@pytest.fixture
def kit(make_kit):
    return make_kit([NAMED])


def planned(kit, *appointments, scope=SYNC, now=START, cap=None, **changes):
    """Return the plan for what comes in, over a scope, from what the kit's ledger holds."""
    all_incoming = {Identity.of(item): Incoming.of(item) for item in appointments}
    settings = evolve(kit.settings, **changes)
    return kit.ledger.read(
        lambda reader: build_plan(reader, settings, all_incoming, scope, now, guard=Guard(), cap=cap)
    )


def lines(plan):
    """Return what becomes of each appointment: its id, the kind of its change, and the reason."""
    return [(change.identity.id, change.kind.value, change.reason.value) for change in plan.changes]


def ids(identities):
    """Return the ids of identities, in their order."""
    return [identity.id for identity in identities]


def test_what_is_new_is_recorded_and_parked(kit):
    """The plan says both: what is to be recorded first, and what is then to be worked on."""
    plan = planned(kit, visit("A"))
    assert lines(plan) == [("A", "schedule", "on_time")]
    assert ids(item.identity for item in plan.worklist.all_incoming) == ids(plan.worklist.order) == ["A"]
    assert (plan.actor, plan.now, plan.appointments, plan.parked) == ("sync", START, 1, 0)


def test_planning_records_nothing(kit):
    """A ledger that is not there yet is not made, and one that is there stays as it is."""
    planned(kit, visit("A"))
    assert kit.ledger.check_schema() == "absent"
    kit.sync(visit("A"))
    planned(kit, visit("A", title="Cleaning"), visit("B"), scope=COMPLETE)
    (record,) = kit.ledger.read(lambda reader: list(reader.records()))
    assert record.appointment.title == "Check-up"


def test_what_stands_as_it_was_recorded_needs_no_look(kit):
    """It is told of as it was recorded, and nothing is to be done; what is parked is not even counted."""
    kit.sync(visit("A"))
    plan = planned(kit, visit("A"))
    assert lines(plan) == [("A", "keep", "unchanged")]
    assert (plan.worklist.all_incoming, plan.worklist.order, plan.parked) == ((), (), 0)


@pytest.mark.parametrize(
    ("revision", "expected"),
    [(1, ("skip", "stale_revision")), (2, ("keep", "unchanged")), (3, ("replace", "on_time"))],
    ids=["older", "same", "newer"],
)
def test_an_older_revision_is_told_and_left_out(kit, revision, expected):
    """What the ledger knows better is neither recorded nor worked on."""
    kit.sync(visit("A", revision=2))
    plan = planned(kit, visit("A", title="Check-up" if revision == 2 else "Cleaning", revision=revision))
    assert lines(plan) == [("A", *expected)]
    assert (plan.worklist.order == ()) == (revision < 3)


@pytest.mark.parametrize(
    ("scope", "gone"),
    [
        (SYNC, []),
        (COMPLETE, ["B", "C"]),
        (evolve(COMPLETE, spare=["B"]), ["C"]),
        (evolve(COMPLETE, horizon=visit("C", day=3).start_at), ["B"]),
        (evolve(SYNC, covers=["B"]), ["B"]),
        (evolve(SYNC, covered=(evolve(SYNC, covers=["C"]),)), ["C"]),
        (evolve(SYNC, withdraw=(Identity("default", "B"),)), ["B"]),
        (Scope("sync", "another", complete=True), []),
    ],
    ids=["partial", "complete", "spared", "beyond the horizon", "covered", "covered by a calendar",
         "named", "another source"],
)  # fmt: skip
def test_what_its_source_no_longer_has_is_withdrawn(kit, scope, gone):
    """A is handed in; of what else is recorded, the scope says what its absence means."""
    kit.sync([visit("A"), visit("B", 11), visit("C", day=3)])
    plan = planned(kit, visit("A"), scope=scope)
    assert sorted(ids(plan.worklist.removals)) == gone
    assert [line for line in lines(plan) if line[1] == "cancel"] == [(name, "cancel", "removed") for name in gone]


def test_what_is_over_is_never_withdrawn(kit, sandbox):
    """Absence says nothing of the past."""
    kit.sync([visit("A"), visit("B", 11)])
    sandbox.clock.advance(days=4)
    assert planned(kit, scope=COMPLETE, now=sandbox.now()).worklist.removals == ()


@pytest.mark.parametrize(("before", "gone"), [(timedelta(seconds=1), ["A-1"]), (timedelta(0), [])])
def test_what_begins_this_moment_is_not_withdrawn_any_more(kit, before, gone):
    """What a whole list lacks is withdrawn until it begins."""
    absent = visit("A-1", day=1)
    kit.sync(absent)
    plan = planned(kit, visit("A-2", day=9), scope=COMPLETE, now=absent.starts_at - before)
    assert [change.identity.id for change in plan.changes if change.identity.id == "A-1"] == gone


def test_a_sweep_looks_at_what_is_due_and_tells_of_the_rest(kit, sandbox):
    """B was held until now; A stands as it was recorded."""
    kit.sync([visit("A"), visit("B", day=12)])
    assert planned(kit, scope=SWEEP).worklist.order == ()
    plan = planned(kit, scope=SWEEP, now=START + timedelta(days=8))
    assert ("B", "schedule", "on_time") in lines(plan)
    assert "B" in ids(plan.worklist.order)


def test_a_sweep_of_what_is_dirty_looks_at_nothing_else(kit):
    """Only B was recorded without being worked on."""
    kit.sync(visit("A"))
    kit.record(visit("B"))
    plan = planned(kit, scope=evolve(SWEEP, only_dirty=True))
    assert (lines(plan), plan.appointments) == ([("B", "schedule", "on_time")], 1)


def test_other_settings_look_at_everything_anew(kit):
    """What was planned with another sender is to be sent by the new one."""
    kit.sync([visit("A"), visit("B", 11)])
    plan = planned(kit, scope=SWEEP, sender="+12025550101")
    assert [change.causes for change in plan.changes] == [("sender",), ("sender",)]


@pytest.mark.parametrize(
    ("cap", "parked"), [(None, ["A", "B", "C"]), (4, ["A", "B", "C"]), (3, ["A", "B"]), (1, [])], ids=str
)
def test_what_a_provider_has_no_room_for_is_held(kit, cap, parked):
    """One is parked already; of the new ones, those with the nearest send times are parked first."""
    kit.sync(visit("Z"))
    plan = planned(kit, visit("C", 13), visit("A", 9), visit("B", 11), cap=cap)
    assert sorted(name for name, kind, _ in lines(plan) if kind == "schedule") == parked
    assert {reason for _, kind, reason in lines(plan) if kind == "hold"} <= {"at_capacity"}
    assert len(plan.worklist.held_back) == 3 - len(parked)


def test_what_is_cancelled_makes_room(kit):
    """B takes the place that A gives up in the same plan; there is none for C."""
    kit.sync(visit("A"))
    assert lines(planned(kit, visit("B", 11), visit("C", 13), scope=COMPLETE, cap=1)) == [
        ("B", "schedule", "on_time"),
        ("C", "hold", "at_capacity"),
        ("A", "cancel", "removed"),
    ]


@pytest.mark.parametrize(
    ("comes", "parked"),
    [([], 0), ([visit("A", title="Cleaning")], 2), ([visit("A", status="cancelled")], 2), ([visit("C", 12)], 0)],
    ids=["nothing", "a replacement", "a cancellation", "something new"],
)
def test_a_guard_knows_how_many_are_parked_where_any_of_them_go(kit, comes, parked):
    """It is only asked for then."""
    kit.sync([visit("A"), visit("B", 11)])
    assert planned(kit, *comes, scope=evolve(SYNC, guarded=True)).parked == parked


def test_the_soonest_is_worked_on_first(kit):
    """In whatever order they come in."""
    visits = [visit("C", 13), visit("A", day=3), visit("B", 9)]
    orders = {tuple(ids(planned(kit, *some).worklist.order)) for some in (visits, visits[::-1])}
    assert orders == {("B", "C", "A")}


def test_what_stays_parked_makes_nothing_sooner(make_kit):
    """A's first message stays, and its second is later than what is to be parked for B."""
    make_kit([DAY]).sync(visit("A", day=3))
    between = visit("B", day=3, hour=20)
    plan = planned(make_kit([DAY, HOUR]), visit("A", day=3), between)
    assert {change.kind for change in plan.changes} == {ChangeKind.KEEP, ChangeKind.SCHEDULE}
    assert min(change.send_at for change in plan.changes if change.identity.id == "B") < max(
        change.send_at for change in plan.changes if change.identity.id == "A"
    )
    assert ids(plan.worklist.order) == ["B", "A"]


def test_of_a_series_known_in_a_newer_state_nothing_is_taken_in(kit):
    """An occurrence of which nothing is recorded may be gone from it by now."""
    coming = evolve(Incoming.of(visit("A")), outdated=True)
    plan = kit.ledger.read(
        lambda reader: build_plan(reader, kit.settings, {coming.identity: coming}, SYNC, START, guard=Guard(), cap=None)
    )
    assert (lines(plan), plan.worklist.order) == ([("A", "skip", "stale_revision")], ())


def test_who_is_told_together_with_a_change_is_decided_too(make_kit):
    """B comes in; A's message, which is parked, has to include it."""
    kit = make_kit([EVENING])
    kit.sync(visit("A"))
    plan = planned(kit, visit("B", 11))
    assert sorted(lines(plan)) == [("A", "replace", "on_time"), ("B", "skip", "superseded")]
    assert [change.text for change in plan.work] == [BOTH]
    assert (ids(item.identity for item in plan.worklist.all_incoming), sorted(ids(plan.worklist.order))) == (
        ["B"],
        ["A", "B"],
    )


def test_new_messages_of_one_plan_mind_each_other(kit):
    """Two of one number, both new and due at once, keep the gap."""
    plan = planned(kit, visit("A"), visit("B"), min_gap=timedelta(minutes=30))
    first, second = sorted(change.send_at for change in plan.work)
    assert second - first == timedelta(minutes=30)


def test_a_barred_number_is_swept_by_itself(kit):
    """What was marked for a number is looked at, nothing else that is dirty."""
    kit.sync([visit("A"), visit("B", phone="+12025550177")])
    kit.ledger.submit(lambda tx: tx.mark_dirty(number="+12025550123")).result()
    kit.record(visit("C", phone="+12025550177"))
    plan = planned(kit, scope=Scope("suppress", guarded=False, number="+12025550123"))
    assert [name for name, *_ in lines(plan)] == ["A"]
    assert not plan.guarded
