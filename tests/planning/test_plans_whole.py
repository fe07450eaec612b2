"""Plans as whole values: what their errors say, what is left of a refused one, and of one that may write to nobody."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit.errors import UnsafePlanError
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import Identity
from reminder_kit.model.restorations import Restoration
from reminder_kit.model.rule_sets import Bid, RuleSet, Standing
from reminder_kit.planning.changes import Change, ChangeKind, PassedOver
from reminder_kit.planning.plan import Guard, Plan, Worklist
from reminder_kit.planning.report import Report
from tests.factories import NUMBER, START

HOUR = timedelta(hours=1)
A, B, C = (Identity("s", name) for name in "ABC")
OTHER = "+12025550177"


def change(kind=ChangeKind.CANCEL, identity=A, key="k", **values):
    given = {"to": NUMBER, "due_at": START, "send_at": START, "reason": Reason.ON_TIME, "was_at": START}
    return Change(ChangeKind(kind), identity, key, "r", NUMBER, **(given | values))


def plan(*changes, **values):
    return Plan(START, "import", changes, **values)


def refusal(*changes, **values):
    with pytest.raises(UnsafePlanError) as caught:
        plan(*changes, **values).raise_if_unsafe()
    return str(caught.value)


def test_each_refusal_says_what_is_too_much_and_what_to_do():
    """In numbers; the first that holds is told."""
    going = [change(key=str(index)) for index in range(6)]
    assert refusal(*going, parked=10) == (
        "the plan would withdraw or move 6 of 10 parked reminders, more than 50%; nothing was changed. Review it, then "
        "force it (--force)"
    )
    reworded = [change("replace", key=str(index), reworded=True) for index in range(4)]
    stays = [change("keep", key=str(index), reworded=True) for index in range(9)]
    assert refusal(*going[:3], *reworded, *stays, parked=10).startswith(
        "the plan would withdraw or move 7 of 10 parked reminders, 4 of them since texts go by the clock of the place "
        "now (clock), more than 50%; nothing"
    )
    assert refusal(again=6, parked=10) == (
        "the plan would tell 6 times what is told already under another id, next to 10 parked reminders, more than "
        "50%; nothing was changed. See whether the ids of the input are new ones, then force it (--force)"
    )
    assert refusal(cancellations=11) == (
        "the plan would tell 11 people that their appointments are cancelled, more than max_cancellations = 10; "
        "nothing was changed. Review it, then force it (--force)"
    )
    assert refusal(*going, guard=Guard(max_changes=5)) == (
        "the plan makes 6 changes, more than max_changes = 5; nothing was changed. Review it, then force it (--force)"
    )
    broken = "the feed broke off; nothing was changed. Check the input, or force it (--force)"
    assert refusal(refusal="the feed broke off", rules_refusal="other rules", again=99, parked=10) == broken
    assert refusal(*going, parked=10, rules_refusal="other rules", guarded=False) == "other rules"


def test_each_limit_lets_through_just_as_many():
    """What is told again by the same part of the parked as what goes; without a guard neither counts."""
    assert not plan(again=5, parked=10).is_unsafe
    assert plan(again=6, parked=10).is_unsafe
    assert not plan(again=6, parked=10, guarded=False).is_unsafe
    assert not plan(again=6, parked=9).is_unsafe
    assert not plan(cancellations=10).is_unsafe
    assert plan(cancellations=1, guard=Guard(max_cancellations=0)).is_unsafe
    assert plan(cancellations=11, guarded=False).is_unsafe
    guard = Guard()
    assert (guard.max_cancel_ratio, guard.max_changes, guard.max_cancellations) == (0.5, None, 10)
    assert (guard.from_parked, guard.small) == (10, 20)
    assert [guard.is_too_much(9, parked) for parked in (9, 10)] == [False, True]
    assert [Guard(from_parked=3).is_too_much(9, parked) for parked in (2, 3)] == [False, True]


def test_a_digest_is_of_all_that_is_to_be_done_but_when_the_late_go_out():
    """Whatever the order; a number, a key, a kind, a time or a text more or less is another plan."""

    def digest(*changes):
        return plan(*changes).digest

    usual, other = change("schedule", text="a"), change("schedule", key="l", text="b")
    assert digest(usual, other) == digest(other, usual)
    assert len(digest()) == 32
    differing = [
        {},
        {"key": "m"},
        {"kind": ChangeKind.REPLACE},
        {"to": OTHER},
        {"to": None},
        {"due_at": START + HOUR},
        {"due_at": None},
        {"send_at": START + HOUR},
        {"send_at": None},
        {"text": "c"},
        {"text": None},
    ]
    assert len({digest(evolve(usual, **values)) for values in differing}) == len(differing)
    for reason in Reason:
        clamped = reason in (Reason.CLAMPED_LATE, Reason.CLAMPED_FAR)
        same = evolve(usual, reason=reason)
        assert (digest(same) == digest(evolve(same, send_at=START + HOUR))) is clamped
        assert (digest(same) == digest(evolve(same, text="c"))) is clamped
    assert digest(usual, usual) != digest(usual)
    assert digest(change("keep"), change("cancel")) == digest(change("cancel"), change("keep"))
    assert len(digest(evolve(usual, text="\ud800"))) == 32


WORKLIST = Worklist(
    all_incoming=("incoming",),
    removals=(A,),
    order=(A, B, C),
    held_back=frozenset({"k"}),
    probes={"b": "p"},
    probing=(B, C),
    takeovers=((A, B),),
    seen={A: "written"},
    seen_at=START,
    snapshot=("s", START),
    as_of=START,
    standing=Standing.SERVES,
    news=True,
    complete=("s",),
    restoration=Restoration(START - HOUR, START),
)


def test_the_worklist_of_some_records_and_removes_nothing():
    """The rest is as it was, in its order."""
    assert WORKLIST.only({C, B}) == evolve(
        WORKLIST, all_incoming=(), removals=(), takeovers=(), seen={}, snapshot=None, order=(B, C), probing=(B, C)
    )
    assert WORKLIST.only({A}).probing == ()


def test_a_plan_that_writes_to_nobody_records_and_all_else_waits():
    """New messages are held; what would be replaced or taken back stays as it is parked."""
    lines = [
        change("schedule", text="a", causes=("settle",), was_at=None),
        change("replace", text="b", causes=("text",), send_at=START + HOUR),
        change("cancel"),
        *(change(kind, text="c", causes=("settle",)) for kind in ("keep", "hold", "skip")),
    ]
    made = plan(*lines, rules_refusal="other rules", worklist=WORKLIST, parked=7)
    for reason in (Reason.FOREIGN_LEDGER, Reason.RESTORED_LEDGER):
        found = made.held_whole("it moved", reason) if reason is Reason.RESTORED_LEDGER else made.held_whole("it moved")
        held = {"reason": reason, "causes": (), "text": None}
        assert found == evolve(
            made,
            changes=(
                evolve(lines[0], kind=ChangeKind.HOLD, send_at=None, **held),
                evolve(lines[1], kind=ChangeKind.KEEP, send_at=START, **held),
                evolve(lines[2], kind=ChangeKind.KEEP, send_at=START, **held),
                *lines[3:],
            ),
            rules_refusal="",
            worklist=Worklist(
                all_incoming=("incoming",),
                removals=(A,),
                takeovers=((A, B),),
                as_of=START,
                standing=Standing.YIELDS,
                foreign="it moved",
                complete=("s",),
                restoration=WORKLIST.restoration,
            ),
        )


def test_of_a_refused_plan_what_was_begun_is_ended_where_nothing_else_moves():
    """Where it is the rules that are refused, also where something moves: that is left as it is then."""
    lines = [
        change("keep", A, causes=("settle",)),
        change("keep", B, causes=("settle",)),
        change("cancel", B),
        change("cancel", C, to=OTHER),
        change("replace", C, to=OTHER),
    ]
    made = plan(*lines, worklist=WORKLIST, barred=frozenset({OTHER}))
    found = made.in_any_case()
    assert found == evolve(made, changes=(lines[0], *lines[3:]), worklist=WORKLIST.only({A, C}))
    refused = evolve(made, rules_refusal="other rules").in_any_case()
    assert refused.changes == made.changes
    assert evolve(made, barred=frozenset()).in_any_case().changes == (lines[0],)


@pytest.mark.parametrize("standing", list(Standing))
def test_of_a_refused_plan_nobody_is_asked_for_its_rules(standing):
    """It serves as it did, or else yields."""
    bid = Bid(RuleSet("d" * 32, ()))
    made = plan(worklist=evolve(WORKLIST, bid=bid, standing=standing)).in_any_case().worklist
    assert (made.bid, made.news) == (None, False)
    assert made.standing is (Standing.SERVES if standing is Standing.SERVES else Standing.YIELDS)
    unasked = plan(worklist=evolve(WORKLIST, standing=standing)).in_any_case().worklist
    assert (unasked.news, unasked.standing) == (True, standing)


def test_a_plan_of_its_instant_is_older_than_what_is_recorded_meanwhile():
    """It may be carried out later."""
    made = plan(worklist=evolve(WORKLIST, as_of=None))
    assert made.of_its_instant() == evolve(made, worklist=WORKLIST)


def test_a_forced_plan_is_without_its_guard():
    """But for how many may be told of cancellations."""
    made = plan(guard=Guard(0.1, 3, 7))
    assert made.unguarded() == evolve(made, guarded=False, guard=Guard(0.1, None, 7))


OVER = PassedOver(3, {ChangeKind.KEEP: 2, ChangeKind.HOLD: 1}, 1)
LINES = (
    change("schedule", outcome="done"),
    change("schedule", outcome="failed"),
    change("cancel", outcome="unknown", to=None, send_at=None, causes=("text", "settle")),
    change("keep"),
)
SUMMARY = {
    "schedule": 2, "replace": 0, "cancel": 1, "hold": 1, "keep": 3, "skip": 0, "appointments": 8, "failed": 1,
    "unknown": 1,
}  # fmt: skip
PRINTED = (
    "2 schedule, 1 cancel, 1 hold, 3 keep, 8 appointments, 1 failed, 1 unknown\n"
    "schedule A r +12…23 2026-02-10T14:00:00Z on_time\n"
    "schedule A r +12…23 2026-02-10T14:00:00Z on_time\n"
    "cancel   A r … - on_time [text, settle]\n"
    "keep     A r +12…23 2026-02-10T14:00:00Z on_time"
)


@pytest.mark.parametrize(
    "made",
    [Plan(START, "sync", LINES, 5, OVER), Report(START, LINES, 5, OVER)],
    ids=["plan", "report"],
)
def test_a_plan_and_a_report_are_printed_counted_and_given_to_programs_alike(made):
    """What stands is counted as well."""
    assert made.summary == SUMMARY
    assert str(made) == PRINTED
    assert made.as_json() == {
        "now": "2026-02-10T14:00:00Z", "summary": SUMMARY, "changes": [line.as_json() for line in LINES],
    }  # fmt: skip


def test_a_report_says_what_failed_and_what_is_unknown():
    """It is well where neither is."""
    made = Report(START, LINES)
    assert (made.failed, made.unknown) == ((LINES[1],), (LINES[2],))
    oks = [evolve(made, changes=lines).ok for lines in ((), LINES[:1], LINES[1:2], LINES[2:3], LINES[3:])]
    assert oks == [True, True, False, False, True]
    assert made.headline == "2 schedule, 1 cancel, 1 keep, 1 failed, 1 unknown"
    left = evolve(made, changes=(change("schedule"), LINES[0]))
    assert (left.ok, left.left, left.headline) == (True, left.changes[:1], "2 schedule, 1 left")
    assert plan(*LINES).work == LINES[:3]


def test_no_plan_shows_what_is_in_it():
    """A log may have it."""
    made = plan(*LINES, worklist=WORKLIST, barred=frozenset({OTHER}), passed_over=OVER, problems=("problem",))
    shown = repr(made) + repr(WORKLIST) + repr(Report(START, LINES, problems=("problem",)))
    for secret in (NUMBER, OTHER, "incoming", "problem", "written"):
        assert secret not in shown
