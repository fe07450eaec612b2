"""Where a message is moved to, to the second: the gap itself, the edges of its time, quiet hours, and who is asked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit.model.appointments import Recipient
from reminder_kit.model.lifecycle import State
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import Traffic
from reminder_kit.planning.assessment import assess
from reminder_kit.planning.changes import Change, ChangeKind
from reminder_kit.planning.spacing import (
    EACH_RUN,
    LAST_LOOK,
    apply_min_gap,
    apply_min_silence,
    new_messages,
    note_planned,
    with_planned,
)
from reminder_kit.rules.placement import PlacementDecision
from reminder_kit.rules.quiet_hours import QuietHours
from reminder_kit.rules.rule import Rule
from reminder_kit.rules.window import Window
from tests.factories import NUMBER, START, WINDOW, in_new_york, message_of, observed_of, settings_of, visit

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
GAP, NONE = 30 * MINUTE, timedelta(0)
OTHER = "+12025550177"
DUE = START + timedelta(days=1)
TWO = [Rule("early", before="24 hours", text="x"), Rule("late", before="23 hours", text="x")]


def rule(**changes):
    return Rule("day-before", **{"before": "24 hours", "text": "{{ when }}", **changes})


def spaced(*at, rules=(), message=None, now=START, appointment=None, **changes):
    """Return the assessment of one appointment beside messages that go out so long after its due time."""
    settings = settings_of(*(rules or [rule()]), **{"min_gap": GAP, **changes})
    traffic = {NUMBER: [Traffic(f"o{index}", DUE + away) for index, away in enumerate(at)]}
    observed = observed_of(appointment or visit("A"), *([message] if message else []), traffic=traffic)
    (assessment,) = assessments = assess(observed, settings, now)
    apply_min_gap(assessments, observed, settings, now)
    return assessment


def moved(*at, **given):
    return spaced(*at, **given).placement.send_at - DUE


@pytest.mark.parametrize("sign", [-1, 1], ids=["before", "after"])
def test_a_gap_is_kept_to_the_second(sign):
    """Just so long away is away; a second less is moved that one second."""
    assert moved(sign * GAP) == NONE
    assert moved(sign * (GAP - SECOND)) == -sign * SECOND


def test_of_two_equally_near_the_rule_says_which():
    """By its `shift`; whatever is nearer goes first."""
    for shift, way in (("earlier", -1), ("later", 1)):
        assert moved(NONE, rules=[rule(shift=shift)]) == way * GAP
        assert moved(-SECOND, rules=[rule(shift=shift)]) == GAP - SECOND
        assert moved(SECOND, rules=[rule(shift=shift)]) == SECOND - GAP


def test_it_is_told_from_what_and_where_to_it_was_moved():
    """The nearest of the others, in words and instants."""
    assert spaced(10 * MINUTE, -20 * MINUTE, 50 * MINUTE).placement.trail == (
        *spaced().placement.trail,
        "less than 30 minutes from another message to that number, at 2026-02-11T14:10:00Z",
        "moved to 2026-02-11T13:10:00Z",
    )


def test_no_gap_reaches_before_the_window_or_behind_it():
    """The first and the last instant that the provider takes are ones; a second beyond is none."""
    opens = DUE - 20 * MINUTE - WINDOW.min_lead - WINDOW.margin  # the window begins 20 minutes before the due time
    assert moved(10 * MINUTE, now=opens) == -20 * MINUTE
    assert moved(10 * MINUTE, now=opens + SECOND) == 40 * MINUTE
    closes = DUE + 20 * MINUTE - WINDOW.max_lead + WINDOW.margin
    assert moved(-10 * MINUTE, now=closes) == 20 * MINUTE
    assert moved(-10 * MINUTE, now=closes - SECOND) == -40 * MINUTE


def test_no_gap_reaches_past_the_start():
    """The last instant is `min_notice` before it."""
    short = [rule(min_notice="23 hours", shift="later")]
    assert moved(NONE, GAP, -GAP, rules=short) == HOUR
    assert moved(NONE, GAP + SECOND, -GAP, rules=short) == -HOUR


def test_no_gap_reaches_into_quiet_hours():
    """It goes on to their end, or back to the minute before they begin."""
    quiet = QuietHours("09:10", "10:00")  # ten minutes after the due time
    assert moved(NONE, quiet=quiet, rules=[rule(shift="later")]) == -GAP
    assert moved(-5 * MINUTE, -55 * MINUTE, quiet=quiet, rules=[rule(shift="later")]) == HOUR
    quiet = QuietHours("08:00", "09:00")
    assert moved(5 * MINUTE, quiet=quiet) == 35 * MINUTE
    assert moved(5 * MINUTE, 60 * MINUTE, quiet=quiet) == -61 * MINUTE


def test_where_nothing_is_free_it_keeps_its_time_and_no_gap():
    """In words, too; a rule's silence may be kept all the same."""
    crowd = [index * 20 * MINUTE for index in range(-80, 400)]
    found = spaced(*crowd)
    assert (found.placement.send_at, found.clearance) == (DUE, (NONE, NONE))
    assert found.placement.trail == (
        *spaced().placement.trail,
        "less than 30 minutes from another message to that number, at 2026-02-11T14:00:00Z",
        "nothing else is feasible",
    )
    later = [away for away in crowd if away > NONE]
    found = spaced(*later, rules=[rule(min_silence="10 hours")], now=DUE - 6 * MINUTE)
    assert (found.placement.send_at, found.clearance) == (DUE, (10 * HOUR, NONE))


AT_ONCE = Window(NONE, NONE, NONE)


@pytest.mark.parametrize(("if_late", "holds"), [("clamp", True), ("skip", False)])
def test_a_provider_that_sends_at_once_is_asked_when_the_gap_is_over(if_late, holds):
    """It waits with us, if its rule still has a use for it then; else it goes out at its own time."""
    found = spaced(-10 * MINUTE, rules=[rule(if_late=if_late)], window=AT_ONCE, now=DUE)
    if holds:
        assert (found.placement.decision, found.placement.park_at) == (PlacementDecision.HOLD, DUE + 20 * MINUTE)
        assert found.placement.send_at is None
        assert found.placement.trail == (
            *spaced(rules=[rule()], window=AT_ONCE, now=DUE).placement.trail,
            "less than 30 minutes from another message to that number, at 2026-02-11T13:50:00Z",
            "2026-02-11T14:20:00Z enters the window at 2026-02-11T14:20:00Z",
        )
        assert found.clearance == (GAP, GAP)
    else:
        assert (found.placement.send_at, found.clearance) == (DUE, (NONE, NONE))


@pytest.mark.parametrize(("after", "holds"), [("80 minutes", True), ("79 minutes", False)])
def test_how_late_it_would_be_then_is_counted_from_its_due_time(after, holds):
    """Not from the time at which it would go out now; what replaces another message waits however long."""
    late = {"now": DUE + HOUR, "window": AT_ONCE, "rules": [rule(if_late={"skip_after": after})]}
    found = spaced(50 * MINUTE, **late).placement
    assert found.decision is (PlacementDecision.HOLD if holds else PlacementDecision.SEND)
    old = message_of(visit("A"), settings_of(rule()), due_at=START, start_at=START)
    old = evolve(old, draft=evolve(old.draft, send_at=DUE + 9 * HOUR))
    assert spaced(50 * MINUTE, message=old, **late).placement.decision is PlacementDecision.HOLD


def test_what_went_out_for_another_reminder_of_the_appointment_is_in_the_way():
    """It takes up its time, though no message of that is parked any more."""
    settings = settings_of(*TWO, min_gap=90 * MINUTE)
    out = message_of(visit("A"), settings, State.SENT)
    observed = observed_of(visit("A"), out, traffic={NUMBER: [Traffic(out.key, DUE)]})
    assessments = assess(observed, settings, START)
    apply_min_gap(assessments, observed, settings, START)
    assert [item.placement.send_at - DUE for item in assessments if item.placement] == [90 * MINUTE]


@pytest.mark.parametrize(("ago", "away"), [(0, 20 * MINUTE), (1, NONE)], ids=["it is out", "it is about to go out"])
@pytest.mark.parametrize("key", ["its own", "another's"])
def test_what_went_out_for_the_reminder_itself_is_in_the_way(ago, away, key):
    """It told another start. What is still to go out of it is placed anew, and of others it is in the way."""
    out, settings = DUE - 10 * MINUTE, settings_of(rule(), min_gap=GAP)
    now = out - ago * SECOND
    own = message_of(visit("A"), settings).key
    traffic = {NUMBER: [Traffic(own if key == "its own" else "x", out)]}
    observed = observed_of(visit("A"), traffic=traffic)
    (assessment,) = assessments = assess(observed, settings, now)
    apply_min_gap(assessments, observed, settings, now)
    assert assessment.placement.send_at - DUE == (away if key == "its own" else 20 * MINUTE)


def test_a_message_in_doubt_is_not_in_the_way_of_the_one_that_stands_in_for_it():
    """Nobody knows whether it went out: who never got it need not wait."""
    settings = settings_of(rule(min_silence="1 hour"), min_gap=GAP)
    lost = message_of(visit("A"), settings, State.UNKNOWN)
    observed = observed_of(visit("A"), lost, traffic={NUMBER: [Traffic(lost.key, DUE)]})
    (assessment,) = assessments = assess(observed, settings, DUE)
    apply_min_gap(assessments, observed, settings, DUE)
    assert assessment.placement.send_at - DUE < 6 * MINUTE
    assert assessment.clearance == (HOUR, GAP)


def test_a_rule_without_silence_is_not_silenced_beside_one_that_has_it():
    """Though something else goes out at its very second."""
    rules = [
        Rule("quiet", before="20 hours", text="x", min_silence="1 hour"),
        Rule("loud", before="24 hours", text="x"),
    ]
    settings, observed = settings_of(*rules), observed_of(visit("A"), traffic={NUMBER: [Traffic("o", DUE)]})
    assessments = assess(observed, settings, START)
    apply_min_silence(assessments, observed, settings, START, lambda _: ())
    assert all(item.placement.decision is PlacementDecision.SEND for item in assessments)


def test_what_a_provider_holds_does_not_wait_beyond_its_window():
    """Only one that sends at once does."""
    closes = DUE + MINUTE - WINDOW.max_lead + WINDOW.margin
    crowd = [-index * 20 * MINUTE for index in range(400)]
    assert spaced(*crowd, now=closes).placement.decision is PlacementDecision.SEND


@pytest.mark.parametrize(
    ("silence", "at", "clearance"),
    [
        ("2 hours", [], (2 * HOUR, GAP)),
        ("10 minutes", [], (GAP, GAP)),
        ("2 hours", [-2 * HOUR - SECOND], (2 * HOUR, GAP)),
        ("2 hours", [-2 * HOUR], (GAP, GAP)),
        ("2 hours", [GAP], (2 * HOUR, GAP)),
    ],
)
def test_before_it_the_longer_of_gap_and_silence_is_kept_clear(silence, at, clearance):
    """Where the silence is broken already, the gap is."""
    assert spaced(*at, rules=[rule(min_silence=silence)]).clearance == clearance


def test_a_message_that_is_replaced_at_its_own_time_is_not_moved():
    """Since it takes nobody's place; one that moves is."""
    parked = message_of(visit("A"), settings_of(rule()))
    reworded = [rule(text="New words {{ when }}")]
    found = spaced(NONE, message=parked, rules=reworded)
    assert (found.placement.send_at, found.clearance) == (DUE, (NONE, NONE))
    away = evolve(parked, draft=evolve(parked.draft, send_at=DUE - SECOND))
    assert spaced(NONE, message=away, rules=reworded).placement.send_at == DUE - GAP


def both(*rules, messages=(), appointment=None, **changes):
    settings = settings_of(*rules, **{"min_gap": 90 * MINUTE, **changes})
    observed = observed_of(appointment or visit("A"), *messages)
    assessments = assess(observed, settings, START)
    apply_min_gap(assessments, observed, settings, START)
    return {item.reminder.rule.id: item.placement and item.placement.send_at - DUE for item in assessments}


def test_of_two_new_ones_the_later_makes_room():
    """Of one number: two people of one appointment are none of each other's matter."""
    assert both(*TWO) == {"early": NONE, "late": 90 * MINUTE}
    assert both(*TWO[::-1]) == {"early": NONE, "late": 90 * MINUTE}
    assert both(*TWO, min_gap=NONE) == {"early": NONE, "late": HOUR}
    people = evolve(visit("A"), recipients=[Recipient(NUMBER), Recipient(OTHER)])
    assert both(TWO[0], appointment=people) == {"early": NONE}


def test_one_that_keeps_its_own_time_is_in_the_way_of_the_next():
    """A parked one whose words change, as well as a new one."""
    parked = message_of(visit("A"), settings_of(TWO[0]))
    assert both(Rule("early", before="24 hours", text="other words"), TWO[1], messages=[parked]) == {
        "early": NONE,
        "late": 90 * MINUTE,
    }


def test_the_time_of_a_message_that_is_taken_back_is_free():
    """What stays parked is in the way."""
    settings = settings_of(*TWO, min_gap=90 * MINUTE)
    parked = message_of(visit("A"), settings)
    line = {NUMBER: [Traffic(parked.key, DUE), Traffic("x", DUE - timedelta(days=9))]}
    for state, away in ((State.SCHEDULED, 90 * MINUTE), (State.CANCELLING, 90 * MINUTE)):
        observed = observed_of(visit("A"), evolve(parked, state=state), traffic=line)
        assessments = assess(observed, settings, START)
        apply_min_gap(assessments, observed, settings, START)
        late = next(item for item in assessments if item.reminder.rule.id == "late")
        assert late.placement.send_at - DUE == away


def test_new_messages_come_soonest_first_and_of_one_instant_by_their_keys():
    """Those that are placed, and have somebody to go to."""
    assessments = assess(
        observed_of(visit("A")), settings_of(*TWO[::-1], Rule("same", before="24 hours", text="x")), START
    )
    found = [item.reminder for item, *_ in new_messages(assessments)]
    assert [one.rule.id for one in found][2] == "late"
    assert sorted(one.key for one in found[:2]) == [one.key for one in found[:2]]
    assert [(placement, number) for _, placement, number in new_messages(assessments[:1])] == [
        (assessments[0].placement, NUMBER)
    ]
    first = assessments[0]
    for left_out in (
        evolve(first, placement=None),
        evolve(first, placement=evolve(first.placement, send_at=None)),
        evolve(first, reminder=evolve(first.reminder, recipient=None)),
    ):
        assert new_messages([left_out]) == []


# Silence


def silenced(*at, length="2 hours", number=NUMBER, now=START, besides=(), window=WINDOW):
    settings = settings_of(rule(min_silence=length), window=window)
    traffic = {number: [Traffic(f"o{index}", DUE + away) for index, away in enumerate(at)]}
    observed = observed_of(visit("A"), traffic=traffic)
    (assessment,) = assessments = assess(observed, settings, now)
    apply_min_silence(assessments, observed, settings, now, lambda _: besides)
    return assessment.placement


@pytest.mark.parametrize(
    ("away", "silent"),
    [(-2 * HOUR - SECOND, False), (-2 * HOUR, True), (-SECOND, True), (NONE, True), (SECOND, False)],
)
def test_silence_is_kept_to_the_second(away, silent):
    """From so long before it up to its very time; to other numbers anything may go."""
    assert (silenced(away).decision is PlacementDecision.SKIP) is silent
    assert silenced(away, number=OTHER).send_at == DUE
    assert silenced(away, besides={"o0"}).send_at == DUE


def test_what_is_silent_is_skipped_for_its_condition_and_looked_at_once_more():
    """A quarter of an hour before it could be parked for the last time; from then on no more."""
    again = DUE - WINDOW.min_lead - LAST_LOOK
    found = silenced(-HOUR)
    assert (found.decision, found.reason, found.send_at, found.park_at) == ("skip", Reason.CONDITION, None, again)
    assert found.trail == (*silenced().trail, "something else goes to that number within 2 hours before")
    assert silenced(-HOUR, now=again - SECOND).park_at == again
    assert silenced(-HOUR, now=again).park_at is None
    assert timedelta(minutes=15) == LAST_LOOK


def test_of_own_messages_one_that_is_silent_silences_nothing():
    """The first is said, the second not, the third is far enough from the first."""
    rules = [Rule(f"r{at}", before=f"{at} hours", text="x", min_silence="2 hours") for at in (21, 22, 24, 23)]
    settings, observed = settings_of(*rules), observed_of(visit("A"))
    assessments = assess(observed, settings, START)
    apply_min_silence(assessments, observed, settings, START, lambda _: ())
    said = {item.reminder.rule.id for item in assessments if item.placement.decision is PlacementDecision.SEND}
    assert said == {"r24", "r21"}


@pytest.mark.parametrize(("ago", "silent"), [(0, True), (1, False)], ids=["it is out", "it is about to go out"])
def test_what_went_out_for_a_reminder_whose_message_is_taken_back_is_heard(ago, silent):
    """It told another start; what is taken back is not heard."""
    early, late = Rule("early", before="24 hours", text="x"), Rule("late", before="23 hours", text="x")
    early, late = early.derived("early", only={"tags": ["x"]}), late.derived("late", min_silence="2 hours")
    settings, out = settings_of(early, late), DUE - 30 * MINUTE
    parked = message_of(visit("A"), settings_of(early))
    observed, now = observed_of(visit("A"), parked, traffic={NUMBER: [Traffic(parked.key, out)]}), out - ago * SECOND
    assessments = assess(observed, settings, now)
    apply_min_silence(assessments, observed, settings, now, lambda _: ())
    assert [item.placement.reason for item in assessments if item.placement] == ["condition" if silent else "on_time"]


def test_the_old_message_of_a_reminder_does_not_silence_its_new_one():
    """Nor does any other that is taken back."""
    settings = settings_of(rule(min_silence="2 hours", text="New {{ when }}"))
    parked = message_of(visit("A"), settings, draft=message_of(visit("A"), settings_of(rule(text="Old"))).draft)
    early = evolve(parked, draft=evolve(parked.draft, send_at=DUE - HOUR))
    observed = observed_of(visit("A"), early, traffic={NUMBER: [Traffic(early.key, DUE - HOUR)]})
    (assessment,) = assessments = assess(observed, settings, START)
    apply_min_silence(assessments, observed, settings, START, lambda _: ())
    assert assessment.placement.send_at == DUE


# What is planned for others


@pytest.mark.parametrize("kind", list(ChangeKind))
def test_what_is_about_to_be_parked_is_noted(kind):
    """By number, in its order; what goes nowhere, or has no time, is not."""
    planned = {}
    line = Change(kind, observed_of(visit("A")).identity, "k", "r", NUMBER, NUMBER, DUE, DUE, Reason.ON_TIME)
    note_planned(planned, [line, evolve(line, key="k2", send_at=DUE + SECOND), evolve(line, to=OTHER)])
    note_planned(planned, [evolve(line, to=None), evolve(line, send_at=None)])
    assert planned == (
        {NUMBER: [Traffic("k", DUE), Traffic("k2", DUE + SECOND)], OTHER: [Traffic("k", DUE)]}
        if kind in ("schedule", "replace")
        else {}
    )


def test_what_is_planned_for_its_numbers_is_added_to_what_is_known():
    """For its own numbers and addresses only; the rest stays the very same."""
    known = observed_of(visit("A"), traffic={NUMBER: [Traffic("a", DUE)], "x": [Traffic("x", DUE)]})
    more = [Traffic("b", DUE)]
    assert with_planned(known, {}) is known
    assert with_planned(known, {OTHER: more}) is known
    gone = observed_of(None)
    assert with_planned(gone, {NUMBER: more}) is gone
    assert with_planned(known, {NUMBER: more, OTHER: more}).traffic == {
        NUMBER: [Traffic("a", DUE), *more],
        "x": [Traffic("x", DUE)],
    }
    assert with_planned(evolve(known, traffic={}), {NUMBER: more}).traffic == {NUMBER: more}


def test_each_run_is_the_first_instant_of_all():
    """Before any `now`."""
    assert EACH_RUN.timestamp() == 0
    assert in_new_york("1969-12-31T19:00") == EACH_RUN


def test_no_gap_reaches_past_the_start_from_behind_either():
    """The time before what comes after the start is none."""
    short = [rule(min_notice="1420 minutes", shift="later")]  # up to twenty minutes after the due time
    assert moved(-5 * MINUTE, 61 * MINUTE, rules=short) == -35 * MINUTE


def test_one_that_waits_is_not_in_the_way_of_the_next():
    """Of two that are due at once, both wait for what went out before."""
    same = [Rule(name, before="24 hours", text=name) for name in ("one", "two")]
    settings = settings_of(*same, min_gap=GAP, window=AT_ONCE)
    observed = observed_of(visit("A"), traffic={NUMBER: [Traffic("x", DUE - 10 * MINUTE)]})
    assessments = assess(observed, settings, DUE)
    apply_min_gap(assessments, observed, settings, DUE)
    assert [item.placement.park_at for item in assessments] == [DUE + 20 * MINUTE] * 2
