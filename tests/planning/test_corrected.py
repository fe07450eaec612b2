"""Corrections, repetitions and doubts as whole values: when there is one, of what, and due when."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit.model.consent import Suppression
from reminder_kit.model.lifecycle import OPEN, SENT, State
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import ReminderRecord, ReminderStatus
from reminder_kit.model.restorations import IN_GAP, Restoration
from reminder_kit.planning.again import again_id, again_key, refusal, sent_again, wish
from reminder_kit.planning.changes import ChangeKind
from reminder_kit.planning.correction import correction_id, correction_key, corrections, due_after, told_moves
from reminder_kit.planning.decide import decide
from reminder_kit.planning.doubts import is_in_doubt
from reminder_kit.planning.message_times import CLEARED
from reminder_kit.planning.unclear import held_back, waited_too_long
from reminder_kit.rules.late_policy import LatePolicy
from reminder_kit.rules.notices import Notice
from reminder_kit.rules.placement import Placement, PlacementDecision, over_at
from reminder_kit.rules.reminders import reminders_of
from reminder_kit.rules.rule import Rule
from tests.factories import NUMBER, START, WINDOW, message_of, observed_of, settings_of, visit

SECOND, MINUTE, HOUR, A_DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
QUARTER, OTHER = timedelta(minutes=15), "+12025550177"
RULE = Rule("day-before", before="24 hours", text="x", together="All", spread="10 minutes", if_late="skip")
SETTINGS = settings_of(RULE)
BOOKED = visit("A")
(REMINDER,) = reminders_of(BOOKED, (RULE,), SETTINGS.defaults)
DUE, KEY, BEGINS = REMINDER.due_at, REMINDER.key, BOOKED.start_at
OUT = message_of(REMINDER, SETTINGS, State.SENT, start_at=BEGINS - HOUR)
NOTICE = Notice("Moved: {{ when }}")
NOW = DUE + HOUR


def corrected(*messages, reminder=REMINDER, notice=NOTICE, rearm_after=QUARTER, now=NOW, **known):
    observed = observed_of(BOOKED, *messages, **known)
    found = corrections([reminder], observed.messages, observed, notice, rearm_after, now)
    return found[0] if found else None


def test_a_correction_is_a_notice_of_a_rule_of_its_own():
    """Due as the message went out that was wrong, or so long after the change as it says; counted from the start."""
    found = corrected(OUT)
    assert found.rule == Rule(
        "day-before-correction", before="1 minute", text="Moved: {{ when }}", if_late="clamp", shift="later"
    )
    assert found == evolve(
        REMINDER, key=correction_key(KEY), rule=found.rule, due_at=OUT.send_at, anchor_at=BEGINS, is_notice=True
    )
    assert correction_id("x") == "x-correction"
    own = {"empty": "blank", "clock": "place"}
    kept = corrected(OUT, reminder=evolve(REMINDER, rule=RULE.derived(RULE.id, **own)))
    assert (kept.rule.empty, kept.rule.clock) == ("blank", "place")
    later = Notice(NOTICE.text, 10 * MINUTE)
    assert corrected(OUT, notice=later).due_at == NOW + 10 * MINUTE
    assert corrected(OUT, notice=later, changed_at=START).due_at == START + 10 * MINUTE


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_correction_is_due_beyond_the_move_that_is_none(sign):
    """A second more either way."""
    for rearm_after in (QUARTER, HOUR):
        assert corrected(evolve(OUT, start_at=BEGINS + sign * rearm_after), rearm_after=rearm_after) is None
        moved = evolve(OUT, start_at=BEGINS + sign * (rearm_after + SECOND))
        assert corrected(moved, rearm_after=rearm_after) is not None


@pytest.mark.parametrize("state", list(State))
def test_only_what_went_out_is_corrected(state):
    """To the number it went to; a follow-up says nothing of a start."""
    assert (corrected(evolve(OUT, state=state)) is not None) is (state in SENT)
    assert corrected(evolve(OUT, draft=evolve(OUT.draft, to=OTHER))) is None
    follow_up = evolve(REMINDER, rule=Rule("thanks", after="1 hour", text="x"))
    assert corrected(OUT, reminder=follow_up) is None
    assert corrected(OUT, reminder=evolve(REMINDER, recipient=None)) is None


def test_the_last_that_named_a_start_counts():
    """Of one second the one made last, of one made at once the later in their list; a correction is one, too."""
    right = evolve(OUT, id="right", start_at=BEGINS)
    later = evolve(right, draft=evolve(right.draft, send_at=DUE + SECOND))
    made_later = evolve(right, created_at=START + SECOND)
    for last in (later, made_later):
        assert corrected(OUT, last) is None
        assert corrected(last, OUT) is None
        assert corrected(OUT, evolve(last, key=correction_key(KEY))) is None
    assert corrected(OUT, right) is None
    assert corrected(right, OUT) is not None
    wrong = evolve(later, start_at=BEGINS + HOUR)
    assert corrected(right, wrong).due_at == DUE + SECOND


# Told by several rules

SOON = Rule("two-hours", before="2 hours", text="x")
(LATER,) = reminders_of(BOOKED, (SOON,), SETTINGS.defaults)
SAID = message_of(LATER, SETTINGS, State.SENT, id="said", start_at=BEGINS - HOUR)
WRONG = evolve(OUT, key=correction_key(KEY), id="moved", state=State.SCHEDULED)


def corrected_of_both(*messages, first=REMINDER, second=LATER):
    """Return of which rules there is a correction, whichever of the two is asked for first."""
    observed = observed_of(BOOKED, *messages)
    found, again = (
        corrections(reminders, observed.messages, observed, NOTICE, QUARTER, NOW)
        for reminders in ([first, second], [second, first])
    )
    assert found == again
    return [one.rule.id.removesuffix("-correction") for one in found]


def at(message, moment):
    return evolve(message, draft=evolve(message.draft, send_at=moment))


def test_a_number_has_one_correction_whatever_rules_told_it():
    """That of the rule which told it last, due as that went out; of one second the one made last, then by its key."""
    assert corrected_of_both(OUT, SAID) == ["two-hours"]
    assert corrected_of_both(OUT, at(SAID, OUT.draft.send_at - SECOND)) == ["day-before"]
    same = at(SAID, OUT.draft.send_at)
    assert corrected_of_both(OUT, evolve(same, created_at=OUT.created_at + SECOND)) == ["two-hours"]
    assert corrected_of_both(OUT, evolve(same, created_at=OUT.created_at - SECOND)) == ["day-before"]
    by_key = "day-before" if LATER.key < KEY else "two-hours"
    assert corrected_of_both(OUT, evolve(same, created_at=OUT.created_at)) == [by_key]


def test_two_numbers_have_one_each():
    abroad = evolve(LATER, recipient=evolve(LATER.recipient, phone=OTHER))
    there = evolve(SAID, draft=evolve(SAID.draft, to=OTHER))
    observed = observed_of(BOOKED, OUT, there)
    found = corrections([REMINDER, abroad], observed.messages, observed, NOTICE, QUARTER, NOW)
    assert [(one.to, one.due_at) for one in found] == [(NUMBER, OUT.send_at), (OTHER, SAID.send_at)]


def test_who_knows_the_new_start_by_another_rule_is_told_no_more():
    """Nor by what told the old one before that."""
    true = evolve(SAID, start_at=BEGINS)
    assert corrected_of_both(OUT, true) == []
    assert corrected_of_both(OUT, evolve(true, start_at=BEGINS - QUARTER)) == []
    assert corrected_of_both(OUT, at(true, OUT.draft.send_at - SECOND)) == ["day-before"]
    assert corrected_of_both(OUT, evolve(true, key=correction_key(LATER.key))) == []


def test_what_did_not_arrive_is_no_news_and_a_correction_is_tried_once():
    """A reminder of the new start that was undelivered leaves its reader with the old one."""
    lost = evolve(SAID, start_at=BEGINS, state=State.UNDELIVERED)
    assert corrected_of_both(OUT, lost) == ["day-before"]
    assert corrected_of_both(evolve(OUT, state=State.UNDELIVERED), lost) == []
    assert corrected_of_both(OUT, evolve(lost, key=correction_key(LATER.key))) == []


@pytest.mark.parametrize("state", list(State))
def test_a_correction_that_is_parked_stays(state):
    """What an earlier release parked for the one rule is not made anew for the other."""
    expected = [] if state in SENT else ["day-before"] if state in OPEN else ["two-hours"]
    moved = evolve(WRONG, state=state, start_at=BEGINS)
    assert corrected_of_both(OUT, SAID, at(moved, SAID.draft.send_at + SECOND)) == expected
    both = evolve(WRONG, id="both", key=correction_key(LATER.key))
    if state in OPEN:
        assert corrected_of_both(OUT, SAID, moved, both) == ["two-hours"]


def test_of_two_that_are_parked_one_is_taken_back():
    """An earlier release had one for each rule that told the old start."""
    settings = settings_of(RULE, SOON, correction=Notice(NOTICE.text, 10 * MINUTE))
    told = (OUT, at(SAID, NOW - SECOND))
    observed = observed_of(BOOKED, *told, changed_at=NOW)
    made = corrections([LATER], observed.messages, observed, settings.correction, QUARTER, NOW)
    kept = message_of(made[0], settings, id="kept")
    parked = (kept, evolve(kept, id="doubled", key=correction_key(KEY)))
    found = {one.key: one.kind for one in decide(observed_of(BOOKED, *told, *parked, changed_at=NOW), settings, NOW)}
    assert (found[kept.key], found[correction_key(KEY)]) == (ChangeKind.KEEP, ChangeKind.CANCEL)


def test_the_correction_is_of_a_rule_that_may_still_be_sent():
    """Where none may, one is listed with its refusal."""
    first, second = (evolve(one, refusal=Reason.CONDITION) for one in (REMINDER, LATER))
    assert corrected_of_both(OUT, SAID, second=second) == ["day-before"]
    assert corrected_of_both(OUT, SAID, first=first, second=second) == ["two-hours"]
    parked = evolve(WRONG, key=correction_key(LATER.key))
    assert corrected_of_both(OUT, SAID, parked, second=second) == ["day-before"]


def test_a_notice_is_due_once_and_stays_so():
    """As it is recorded, unless it was skipped; in whole seconds."""
    record = ReminderRecord("k", "r", NUMBER, NUMBER, ReminderStatus.PARKED, "on_time", START)

    def due(*outcomes, **known):
        return due_after("k", observed_of(BOOKED, outcomes=outcomes, **known), HOUR, NOW + timedelta(microseconds=7))

    assert due() == NOW + HOUR
    assert due(changed_at=START) == START + HOUR
    for status in ReminderStatus:
        recorded = evolve(record, status=status)
        assert due(recorded) == (NOW + HOUR if status is ReminderStatus.SKIPPED else START)
    assert due(evolve(record, due_at=None)) == NOW + HOUR
    assert due(evolve(record, key="other")) == NOW + HOUR


TOLD = evolve(OUT, key=correction_key(KEY), start_at=BEGINS, due_at=DUE, draft=evolve(OUT.draft, send_at=NOW))


def told(*messages, reminder=REMINDER, rearm_after=QUARTER, off_at=None):
    by_key = observed_of(BOOKED, *messages).messages
    return told_moves([reminder], by_key, NOTICE, rearm_after, lambda _: off_at)


def test_who_has_the_correction_knows_the_start():
    """As the correction that it was, due as it was due then; what is corrected by it is no correction."""
    expected = [(evolve(corrected(OUT), due_at=DUE), NOW)]
    assert told(OUT, TOLD) == expected
    assert told(evolve(TOLD, key=KEY)) == []
    assert told(TOLD, reminder=evolve(REMINDER, recipient=None)) == []
    assert told(evolve(TOLD, draft=evolve(TOLD.draft, to=OTHER))) == []
    assert [told(evolve(TOLD, start_at=BEGINS + step)) == expected for step in (QUARTER, QUARTER + SECOND)] == [
        True,
        False,
    ]
    assert told(evolve(TOLD, start_at=BEGINS - HOUR), rearm_after=HOUR) == expected


@pytest.mark.parametrize("state", list(State))
def test_a_correction_that_did_not_arrive_told_nobody(state):
    """Nor does one that is still to go out, or nobody knows of."""
    assert bool(told(evolve(TOLD, state=state))) is (state in SENT and state is not State.UNDELIVERED)


def test_the_last_correction_counts_and_one_before_a_cancellation_does_not():
    """Of one second the one made last."""
    sooner = evolve(TOLD, id="sooner", start_at=BEGINS - HOUR, draft=evolve(TOLD.draft, send_at=NOW - SECOND))
    made_sooner = evolve(sooner, draft=TOLD.draft, created_at=START - SECOND)
    for other in (sooner, made_sooner):
        assert told(TOLD, other) == told(other, TOLD) == told(TOLD) != []
    assert told(TOLD, evolve(sooner, draft=evolve(TOLD.draft, send_at=NOW + SECOND))) == []
    assert [bool(told(TOLD, off_at=NOW + step * SECOND)) for step in (-1, 0)] == [True, False]


# Once more


def test_a_wish_is_a_record_that_waits():
    """By a key and a rule of its own, each time another; as soon as may be."""
    observed = observed_of(BOOKED, OUT)
    first = wish(REMINDER, observed, NOW)
    assert first == ReminderRecord(
        key=again_key(KEY, 1),
        rule="day-before-again",
        recipient=NUMBER,
        to=NUMBER,
        status=ReminderStatus.HELD,
        reason=Reason.CLAMPED_LATE,
        due_at=NOW,
        park_at=NOW,
    )
    second = wish(REMINDER, observed_of(BOOKED, OUT, outcomes=[first]), NOW)
    assert (second.key, second.rule) == (again_key(KEY, 2), again_id("day-before", 2))
    assert wish(evolve(REMINDER, recipient=None), observed, NOW).recipient == ""
    gap = evolve(second, key=again_key(KEY, 3))
    assert [one.key for one in sent_again([REMINDER], observed_of(BOOKED, outcomes=[first, gap]))] == [first.key]


def test_what_is_sent_again_is_late_by_nature_and_by_itself():
    """Without spread and company; a condition is none, any other refusal is."""
    observed = observed_of(BOOKED, outcomes=[wish(REMINDER, observed_of(BOOKED), NOW)])
    (found,) = sent_again([evolve(REMINDER, refusal=Reason.CONDITION)], observed)
    assert found == evolve(REMINDER, key=again_key(KEY, 1), rule=found.rule, due_at=NOW)
    assert (found.rule.if_late, found.rule.spread) == (LatePolicy("clamp", None, stated=True), timedelta(0))
    assert (found.rule.id, found.rule.together, found.rule.text) == ("day-before-again", "", "x")
    (barred,) = sent_again([evolve(REMINDER, refusal=Reason.OPTED_OUT)], observed)
    assert barred.refusal is Reason.OPTED_OUT


@pytest.mark.parametrize("state", list(State))
def test_why_it_can_not_be_sent_again(state):
    """While anything of it may still go out, or nothing has; of what was sent again before as well."""
    why = refusal(REMINDER, observed_of(BOOKED, evolve(OUT, state=state)), NOW)
    expected = (
        "a message of it is parked: it goes out by itself"
        if state in OPEN
        else "a message of it may have gone out: ask the person, or `retry` it"
        if state is State.UNKNOWN
        else ""
        if state in SENT
        else "nothing of it has gone out yet"
    )
    assert why == expected
    record = evolve(wish(REMINDER, observed_of(BOOKED), NOW), status=ReminderStatus.PARKED)
    again = evolve(OUT, id="again", key=record.key, state=state)
    own = () if state in SENT else (OUT,)
    found = refusal(REMINDER, observed_of(BOOKED, *own, again, outcomes=[record]), NOW)
    assert found == ("" if state not in OPEN and state is not State.UNKNOWN else expected)


def test_why_nobody_is_written_to_again():
    """Once it has begun, but for follow-ups; who is refused; and while it waits."""
    observed = observed_of(BOOKED, OUT)
    assert [refusal(REMINDER, observed, at) for at in (BEGINS - SECOND, BEGINS)] == ["", "the appointment has begun"]
    thanks = evolve(REMINDER, rule=Rule("thanks", after="1 hour", text="x"))
    assert refusal(thanks, observed, BEGINS + HOUR) == ""
    barred = evolve(REMINDER, refusal=Reason.OPTED_OUT)
    assert refusal(barred, observed, NOW) == "nothing goes to this person (opted_out)"
    assert refusal(evolve(REMINDER, refusal=Reason.CONDITION), observed, NOW) == ""
    for status in ReminderStatus:
        record = ReminderRecord(KEY, "day-before", NUMBER, NUMBER, status, "on_time", DUE)
        held = "it waits, and goes out by itself" if status is ReminderStatus.HELD else ""
        assert refusal(REMINDER, observed_of(BOOKED, OUT, outcomes=[record]), NOW) == held


# In doubt

GAP = Restoration(START - HOUR, START)
PLACED = Placement(PlacementDecision.SEND, Reason.ON_TIME, DUE)


def doubted(*messages, reminder=REMINDER, placement=PLACED, gap=GAP, window=WINDOW):
    return is_in_doubt(reminder, placement, messages, window, gap)


def test_only_what_may_have_entered_the_window_by_the_end_of_the_gap_is_in_doubt():
    """By its due time or its place, whichever is sooner; five minutes for clocks. What is clamped may always have."""
    edge = GAP.at + 5 * MINUTE + WINDOW.max_lead
    for step, doubtful in ((0, True), (1, False)):
        at = edge + step * SECOND
        due = evolve(REMINDER, due_at=at)
        assert doubted(reminder=due, placement=evolve(PLACED, send_at=at)) is doubtful
        assert doubted(reminder=due, placement=evolve(PLACED, send_at=None)) is doubtful
        assert doubted(reminder=evolve(REMINDER, due_at=None), placement=evolve(PLACED, send_at=at)) is doubtful
        assert doubted(reminder=due)
        assert doubted(placement=evolve(PLACED, send_at=at))
    far = evolve(REMINDER, due_at=edge + A_DAY)
    clamps = evolve(far, rule=Rule("r", before="1 hour", text="x", if_far="clamp"))
    assert doubted(reminder=clamps, placement=evolve(PLACED, send_at=edge + A_DAY))
    assert doubted(reminder=evolve(REMINDER, due_at=None), placement=evolve(PLACED, send_at=None))
    assert not doubted(gap=None)


@pytest.mark.parametrize("state", list(State))
def test_what_is_known_since_leaves_no_doubt(state):
    """Made after it, still open, or gone out after it; a second before the end of the gap says nothing."""
    old = evolve(OUT, state=state, created_at=GAP.at - SECOND, draft=evolve(OUT.draft, send_at=GAP.at - SECOND))
    assert doubted(old) is (state not in OPEN)
    assert not doubted(evolve(old, created_at=GAP.at))
    assert doubted(evolve(old, draft=evolve(old.draft, send_at=GAP.at))) is (state not in OPEN and state not in SENT)
    assert doubted(evolve(old, created_at=GAP.at, error=f"{IN_GAP}x"))
    assert doubted(evolve(old, error=CLEARED)) is (state not in OPEN and state is not State.REJECTED)
    assert not doubted(old, evolve(old, created_at=GAP.at))


# Unclear

UNCLEAR = Suppression(NUMBER, "", START, holds=True)


@pytest.mark.parametrize("decision", list(PlacementDecision))
def test_what_could_be_sent_waits_for_an_unclear_reply(decision):
    """What waits or is skipped anyway, or is barred, goes on to; a kept message waits as well."""
    placement = evolve(PLACED, decision=decision)
    waits = Placement(PlacementDecision.HOLD, Reason.UNCLEAR_REPLY, None, over_at(REMINDER))
    found = held_back(REMINDER, UNCLEAR, evolve(placement, steps=(("a step",),)))
    assert found == (waits if decision is PlacementDecision.SEND else None)
    if found:
        assert found.trail == ("a step", UNCLEAR.said)
    kept = held_back(REMINDER, UNCLEAR, None)
    assert kept == waits
    assert kept.trail == (UNCLEAR.said,)
    assert held_back(REMINDER, evolve(UNCLEAR, holds=False), None) is None
    assert held_back(REMINDER, None, placement) is None


@pytest.mark.parametrize("reason", list(Reason))
def test_what_waited_until_it_was_too_late_is_named_for_what_it_waited_for(reason):
    """Skipped since time leaves no message for it, and recorded as waiting for that."""
    record = ReminderRecord(KEY, "r", NUMBER, NUMBER, ReminderStatus.HELD, "unclear_reply", DUE)
    skipped = Placement(PlacementDecision.SKIP, reason, steps=(("a step",),))
    found = waited_too_long(skipped, record)
    timely = reason in (Reason.TOO_LATE, Reason.PAST, Reason.QUIET_HOURS)
    assert found == (Placement(PlacementDecision.SKIP, Reason.UNCLEAR_REPLY) if timely else None)
    if found:
        assert found.trail == ("a step",)
    assert waited_too_long(evolve(skipped, decision=PlacementDecision.HOLD), record) is None
    assert waited_too_long(skipped, evolve(record, reason="on_time")) is None
    assert waited_too_long(skipped, None) is None
    assert waited_too_long(None, record) is None
