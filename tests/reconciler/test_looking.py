"""At which recorded appointments a plan must look, which are withdrawn for their absence, and what it counts."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from attrs import evolve

from reminder_kit import Rule
from reminder_kit.errors import AccountRefusedError
from reminder_kit.model.as_of import AsOf
from reminder_kit.model.blockers import Blocker
from reminder_kit.model.consent import Act, ConsentEvent, Party, Way
from reminder_kit.model.lifecycle import State
from reminder_kit.model.records import AppointmentRecord, Identity, Incoming, ReminderRecord, ReminderStatus
from reminder_kit.model.rule_sets import Bid, Standing
from reminder_kit.model.snapshots import encode
from reminder_kit.planning.plan import Guard
from reminder_kit.reconciler.absences import vanished
from reminder_kit.reconciler.looking import Looking
from reminder_kit.reconciler.plan_builder import build_plan
from reminder_kit.reconciler.scope import Scope
from reminder_kit.reconciler.terms import Terms
from tests.factories import DAY, EVENING, NUMBER, START, message_of, settings_of, visit

OTHER = "+12025550177"
HERE = visit("A", day=3)
SETTINGS = settings_of(DAY, account="ours")
SECOND = timedelta(seconds=1)
SWEEP = Scope("resync", sweep=True)
NAMED = Rule("day-before", before="24 hours", text="{{ appointment.title }} {{ appointment.id }} {{ when }}")


def kept(key="k", **changes):
    values = {"status": ReminderStatus.PARKED, "reason": "on_time", **changes}
    return ReminderRecord(key, "r", "p", NUMBER, **values)


def record(**changes):
    incoming = Incoming.of(HERE)
    values = {
        "row": 7,
        "identity": incoming.identity,
        "snapshot": encode(HERE),
        "fingerprint": incoming.fingerprint,
        "generation": 4,
        "dirty": False,
        "removed": False,
        "planned_with": SETTINGS.digest,
        "next_at": None,
        "start_at": HERE.start_at,
        "recorded_at": START,
    }
    return AppointmentRecord(**{**values, **changes})


def blocker(account="ours"):
    error = AccountRefusedError("disabled", code="40312")
    return Blocker.met(error, message_of(HERE, SETTINGS), account, START, ())


def looking(*blockers, standing=Standing.SERVES, settings=SETTINGS):
    return Looking(settings, START, Terms(Bid(settings.rule_set), standing), blockers)


WAITS = kept(status=ReminderStatus.HELD, reason="waiting_account")


@pytest.mark.parametrize(
    ("changes", "stands"),
    [
        ({}, True),
        ({"dirty": True}, False),
        ({"planned_with": "other"}, False),
        ({"planned_with": ""}, False),
        ({"next_at": START - SECOND}, False),
        ({"next_at": START}, False),
        ({"next_at": START + SECOND}, True),
        ({"messages": (message_of(HERE, SETTINGS, State.SCHEDULED),)}, True),
        ({"messages": (message_of(HERE, SETTINGS, State.SENT), message_of(HERE, SETTINGS, State.CREATING))}, False),
        ({"messages": (message_of(HERE, SETTINGS, State.CANCELLING),)}, False),
        ({"messages": (message_of(HERE, SETTINGS, State.UNKNOWN),)}, True),
        ({"outcomes": (kept(), WAITS)}, False),
        ({"outcomes": (evolve(WAITS, reason="waiting_provider"),)}, True),
        ({"outcomes": (evolve(WAITS, status=ReminderStatus.SKIPPED),)}, True),
        ({"outcomes": (evolve(WAITS, status=ReminderStatus.PARKED),)}, False),
        ({"removed": True}, True),
    ],
    ids=["stands", "written", "other settings", "never worked on", "was due", "is due", "comes due", "parked",
         "in doubt", "wanted back", "unknown", "waits for the account", "waits for the provider", "skipped",
         "kept meanwhile", "removed"],
)  # fmt: skip
def test_what_stands_needs_no_look(changes, stands):
    """Planned with these settings, nothing new, nothing due, nothing open."""
    assert looking().needs_no_look(record(**changes)) is stands


@pytest.mark.parametrize(
    ("recorded", "incoming", "stands"),
    [
        (record(), HERE, True),
        (record(), evolve(HERE, title="Cleaning"), False),
        (record(removed=True), HERE, False),
        (None, HERE, False),
    ],
    ids=["as it is recorded", "another title", "withdrawn", "new"],
)
def test_what_comes_in_as_it_is_recorded_needs_no_look(recorded, incoming, stands):
    """Unless it was withdrawn meanwhile."""
    assert looking().needs_no_look(recorded, Incoming.of(incoming)) is stands
    assert not looking().needs_no_look(None)


def test_who_yields_leaves_what_others_planned():
    """And looks at what is due all the same."""
    yields = looking(standing=Standing.YIELDS)
    assert (yields.yields, looking().yields) == (True, False)
    assert yields.needs_no_look(record(planned_with="theirs"))
    assert not yields.needs_no_look(record(planned_with="theirs", next_at=START))


@pytest.mark.parametrize(
    ("accounts", "fallback", "free"),
    [((), None, True), (("ours",), None, False), (("theirs",), None, True), (("theirs",), "theirs", False),
     (("theirs", "ours"), None, False)],
    ids=["nothing", "ours", "an earlier one", "the fallback's", "both"],
)  # fmt: skip
def test_what_waits_for_the_account_is_tried_once_nothing_stops_it(accounts, fallback, free):
    """It was mended, or has another key by now."""
    settings = evolve(SETTINGS, fallback=evolve(SETTINGS, account=fallback) if fallback else None)
    here = looking(*map(blocker, accounts), settings=settings)
    assert here.account_is_free is free
    waits = record(outcomes=(WAITS,), planned_with=settings.digest)
    assert here.needs_no_look(waits) is not free


def test_a_cause_of_the_reminders_own_stops_no_account():
    """Only what is known to be the account's does."""
    assert looking(evolve(blocker(), known=False)).account_is_free


@pytest.mark.parametrize(
    ("standing", "planned_with", "reason"),
    [
        (Standing.SERVES, "theirs", "unchanged"),
        (Standing.YIELDS, "theirs", "other_rules"),
        (Standing.YIELDS, SETTINGS.digest, "unchanged"),
    ],
    ids=["ours serve", "theirs serve", "theirs serve, planned by ours"],
)
def test_what_other_rules_parked_says_so(standing, planned_with, reason):
    """What is held, skipped, or kept despite other words is told as it is recorded."""
    held = kept("l", status=ReminderStatus.HELD, reason="beyond_window")
    outcomes = (kept("k"), held, kept("m", reason="too_late"), kept("n", reason="template_error"))
    found = looking(standing=standing).recorded_changes(record(planned_with=planned_with, outcomes=outcomes))
    assert [(change.kind.value, change.reason.value) for change in found] == [
        ("keep", reason),
        ("hold", "beyond_window"),
        ("keep", "too_late"),
        ("keep", "template_error"),
    ]


# Absences


@pytest.fixture
def absent(make_kit):
    """Return a function that says which recorded appointments of the desk are to be withdrawn."""
    kit = make_kit([DAY], cancellation="{{ when }} is off")
    desk = [visit(name, hour, phone=f"+120255501{hour:02}", source="desk") for name, hour in (("A", 9), ("B", 10))]
    kit.sync([*desk, visit("C", 11, phone=OTHER)])

    def found(*came, now=START, **changes):
        scope = Scope("sync", "desk", **{"complete": True, **changes})
        return [
            one.identity.id
            for one in kit.ledger.read(
                lambda reader: list(vanished(reader, scope, lambda identity: identity.id in came, now))
            )
        ]

    found.kit = kit
    return found


@pytest.mark.parametrize(
    ("came", "changes", "gone"),
    [
        ((), {}, ["A", "B"]),
        (("A",), {}, ["B"]),
        ((), {"spare": ["A"]}, ["B"]),
        ((), {"complete": False}, []),
        ((), {"complete": False, "covers": ["A", "C"]}, ["A"]),
        (("A",), {"complete": False, "covers": ["A", "B"]}, ["B"]),
        ((), {"complete": False, "covers": ["A"], "spare": ["A"]}, []),
        ((), {"source": "default"}, ["C"]),
        ((), {"horizon": visit("A", 9).start_at}, []),
        ((), {"horizon": visit("A", 9).start_at + SECOND}, ["A"]),
        ((), {"as_of": AsOf.drawn(START)}, ["A", "B"]),
        ((), {"as_of": AsOf.drawn(START - SECOND)}, []),
        ((), {"now": START - SECOND}, []),
        ((), {"now": visit("A", 9).start_at}, ["B"]),
        ((), {"now": visit("A", 9).start_at - SECOND}, ["A", "B"]),
    ],
    ids=["all", "one came", "spared", "a part", "covered", "one covered came", "covered and spared", "another source",
         "at the horizon", "before the horizon", "read now", "read before", "planned before", "begins now", "begins"],
)  # fmt: skip
def test_what_did_not_come_in_is_gone(absent, came, changes, gone):
    """If it is yet to come, was there by then, and the list would hold it."""
    source = changes.pop("source", None)
    if source:
        changes["source"] = source
        scope = Scope("sync", **{"complete": True, **changes})
        rows = absent.kit.ledger.read(lambda reader: list(vanished(reader, scope, lambda _one: False, START)))
        assert [one.identity.id for one in rows] == gone
        return
    assert absent(*came, **changes) == gone


def test_who_is_still_to_hear_of_a_cancellation_is_not_withdrawn(absent, sandbox):
    """What was cancelled may be gone from the list by the next reading: the people hear of it all the same."""
    kit = absent.kit
    sandbox.clock.advance(days=1, minutes=5)
    kit.resync()
    off = [visit("A", 9, phone="+12025550109", source="desk", status="cancelled")]
    kit.sync(off)
    assert absent(now=kit.now()) == ["B"]
    kit.withdraw("A", "desk")
    assert absent(now=kit.now()) == ["A", "B"]


# What a plan counts


@pytest.fixture
def kit(make_kit):
    return make_kit([NAMED])


def planned(kit, *appointments, scope=None, now=START, cap=None, **changes):
    """Return the plan for what comes in, from what the kit's ledger holds."""
    all_incoming = {Identity.of(item): Incoming.of(item) for item in appointments}
    settings = evolve(kit.settings, **changes)
    return kit.ledger.read(
        lambda reader: build_plan(reader, settings, all_incoming, scope or Scope("sync"), now, guard=Guard(), cap=cap)
    )


def lines(plan):
    return sorted((change.identity.id, change.kind.value, change.reason.value) for change in plan.changes)


def test_of_those_that_a_refused_account_stops_one_is_tried(kit):
    """The soonest; it is worked on first, and the others wait for what comes of it, and say why."""
    kit.sync(visit("Z", day=4, phone="+12025550199"))
    (message,) = kit.ledger.read(lambda reader: next(reader.records()).messages)
    stops = Blocker.met(AccountRefusedError("disabled", code="40312"), message, kit.settings.account, START, ())
    kit.ledger.submit(lambda tx: tx.keep_blocker(evolve(stops, tried=""))).result()
    comes = [visit("B", 10, phone=OTHER), visit("A", 9), visit("C", day=3, phone="+12025550178")]
    waits = planned(kit, *comes)
    assert {line[1:] for line in lines(waits)} == {("hold", "waiting_account")}
    assert (waits.worklist.probes, waits.worklist.probing) == ({}, ())
    plan = planned(kit, *comes, now=stops.next_try_at)
    assert lines(plan) == [
        ("A", "schedule", "on_time"),
        ("B", "hold", "waiting_account"),
        ("C", "hold", "waiting_account"),
    ]
    assert [one.id for one in plan.worklist.probing] == ["A"]
    (of_a,) = (change.key for change in plan.changes if change.identity.id == "A")
    assert plan.worklist.probes == {stops.name: of_a}
    assert {change.error for change in plan.changes} == {None, "disabled"}
    assert sorted(one.id for one in plan.worklist.order) == ["A", "B", "C"]


def test_where_nothing_is_stopped_nothing_is_tried_first(kit):
    """All are worked on alike."""
    plan = planned(kit, visit("A"), visit("B", 10))
    assert (plan.worklist.probes, plan.worklist.probing) == ({}, ())
    assert len(plan.worklist.order) == 2


@pytest.mark.parametrize("order", ["AB", "BA"])
@pytest.mark.parametrize("gone", [False, True], ids=["moves", "is withdrawn"])
def test_who_says_nothing_since_another_says_it_speaks_once_that_is_gone(make_kit, order, gone):
    """In the same plan, whichever comes in first."""
    kit = make_kit([DAY])
    kit.sync(visit("A"))
    comes = {"A": visit("A", 15), "B": visit("B")}
    if gone:
        plan = planned(kit, comes["B"], scope=Scope("sync", "default", complete=True))
        assert lines(plan) == [("A", "cancel", "removed"), ("B", "schedule", "on_time")]
    else:
        plan = planned(kit, *(comes[name] for name in order))
        assert lines(plan) == [("A", "replace", "on_time"), ("B", "schedule", "on_time")]


def test_who_is_told_already_under_another_id_is_counted(kit):
    """A number and a start for which something is parked, in the name of another appointment."""
    kit.sync([visit("A"), visit("B", 10)])
    assert planned(kit, visit("C", title="Other"), visit("D", 11)).again == 1
    assert planned(kit, visit("C", title="Other"), visit("D", 10, title="Other")).again == 2
    assert planned(kit, visit("A"), visit("D", 11)).again == 0


def test_who_is_newly_told_of_a_cancellation_is_counted(make_kit, sandbox):
    """Once: what is parked already, or was told, is no news."""
    kit = make_kit([DAY], cancellation="{{ when }} is off")
    kit.sync([visit("A"), visit("B", 10, phone=OTHER)])
    sandbox.clock.advance(days=1, hours=2)
    kit.resync()
    off = visit("A", status="cancelled")
    assert planned(kit, off, now=kit.now()).cancellations == 1
    kit.sync(off)
    assert planned(kit, off, scope=SWEEP, now=kit.now()).cancellations == 0


def test_what_went_out_takes_no_room(kit):
    """What is past its time is counted as parked by the ledger until it is looked up."""
    kit.sync([visit("A", 9), visit("B", 10)])
    past = visit("A").start_at - timedelta(hours=24) + timedelta(minutes=1)
    comes = [visit("C", day=4), visit("D", 10, day=4)]
    assert lines(planned(kit, *comes, now=past - SECOND, scope=SWEEP, cap=3))[-2:] == [
        ("C", "schedule", "on_time"),
        ("D", "hold", "at_capacity"),
    ]
    assert lines(planned(kit, *comes, now=past, scope=SWEEP, cap=3))[-2:] == [
        ("C", "schedule", "on_time"),
        ("D", "schedule", "on_time"),
    ]


def test_who_only_waits_for_room_is_left_alone_while_there_is_none(make_kit):
    """It is told of, and worked on once there is."""
    kit = make_kit([NAMED])
    plan = planned(kit, visit("A"), visit("B", 10), cap=1)
    kit.record([visit("A"), visit("B", 10)])
    full = evolve(kit.provider.capabilities, cap=1)
    kit.provider.capabilities = full
    kit.resync()
    again = planned(kit, scope=SWEEP, cap=1, now=START + timedelta(minutes=1))
    assert [one.id for one in plan.worklist.order] == ["A", "B"]
    assert [one.id for one in again.worklist.order] == []
    assert ("B", "hold", "at_capacity") in lines(again)
    free = planned(kit, scope=SWEEP, cap=2, now=START + timedelta(minutes=1))
    assert [one.id for one in free.worklist.order] == ["B"]


def test_more_than_a_day_may_have_is_left_unsent(make_kit):
    """The nearest to their starts are sent; the plan says so of the others, whoever came in first."""
    kit = make_kit([NAMED])
    comes = [visit("A", 9), visit("B", 10), visit("C", 11)]
    for order in (comes, comes[::-1]):
        plan = planned(kit, *order, max_per_day=2)
        assert sorted(line[1:] for line in lines(plan)) == [
            ("schedule", "on_time"),
            ("schedule", "on_time"),
            ("skip", "day_limit"),
        ]
    assert {line[1] for line in lines(planned(kit, *comes, max_per_day=3))} == {"schedule"}


@pytest.mark.parametrize("order", ["ABC", "CBA"])
def test_new_messages_to_a_number_keep_apart_from_those_before(make_kit, order):
    """Each of them half an hour from every other; another number's are where they are due."""
    kit = make_kit([NAMED])
    kit.sync(visit("Z", 9))
    comes = {"A": visit("A", 9), "B": visit("B", 9), "C": visit("C", 9, phone=OTHER)}
    plan = planned(kit, *(comes[name] for name in order), min_gap=timedelta(minutes=30))
    times = {change.identity.id: change.send_at for change in plan.changes if change.kind.value == "schedule"}
    due = visit("A").start_at - timedelta(hours=24)
    assert times.pop("C") == due
    assert len({due, *times.values()}) == 3
    ordered = sorted({due, *times.values()})
    assert all(later - sooner >= timedelta(minutes=30) for sooner, later in pairwise(ordered))


def test_what_is_taken_back_for_who_is_barred_is_named(kit):
    """So that a guard does not count it; who is barred, and has nothing parked, is not named."""
    kit.sync([visit("A"), visit("B", 10, phone=OTHER)])
    for number in (OTHER, "+12025550178"):
        said = ConsentEvent(f"e{number}", number, Party.RECIPIENT, Act.BAR, START, START, Way.WEBHOOK, "STOP", ())
        kit.ledger.submit(lambda tx, said=said: tx.consent.record(said)).result()
    kit.ledger.submit(lambda tx: tx.mark_dirty(number=OTHER)).result()
    for scope in (Scope("suppress", guarded=False, number=OTHER), SWEEP):
        plan = planned(kit, scope=scope)
        assert [(change.identity.id, change.kind.value) for change in plan.work] == [("B", "cancel")]
        assert plan.barred == {OTHER}
    assert planned(kit, visit("C", 12, phone="+12025550178")).barred == frozenset()
    assert planned(kit, scope=Scope("suppress", guarded=False, number=NUMBER)).changes == ()


def test_those_who_are_no_longer_told_together_are_decided_too(make_kit):
    """B leaves: A's message, which speaks of both, is to speak of A alone."""
    kit = make_kit([EVENING])
    kit.sync([visit("A"), visit("B", 11)])
    plan = planned(kit, visit("A"), scope=Scope("sync", "default", complete=True))
    assert lines(plan) == [("A", "replace", "on_time"), ("B", "skip", "removed")]
    assert [change.text for change in plan.work] == ["Check-up tomorrow at 9:00 AM"]
