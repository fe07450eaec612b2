"""Assessments as whole values: what other messages, bookings, unclear replies and lost answers make of a reminder."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit.model.appointments import Recipient
from reminder_kit.model.consent import Suppression
from reminder_kit.model.lifecycle import SENT, State
from reminder_kit.model.messages import Included
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import PriorMessage, ReminderRecord, ReminderStatus
from reminder_kit.model.restorations import IN_GAP, Restoration
from reminder_kit.planning.assessment import Assessment, as_if_settled, assess, said_as_before, wanted_reminders
from reminder_kit.planning.message_times import ASKED, NEVER_SENT
from reminder_kit.rules.notices import Notice
from reminder_kit.rules.placement import Placement, PlacementDecision, over_at
from reminder_kit.rules.quiet_hours import QuietHours
from reminder_kit.rules.reminders import reminders_of
from reminder_kit.rules.rule import Rule
from tests.factories import DAY, NUMBER, START, WINDOW, message_of, observed_of, settings_of, visit

SETTINGS = settings_of(DAY)
BOOKED = visit("A")
(REMINDER,) = reminders_of(BOOKED, SETTINGS.rules, SETTINGS.defaults)
DUE, KEY, BEGINS = REMINDER.due_at, REMINDER.key, BOOKED.start_at
PARKED = message_of(BOOKED, SETTINGS)
OTHER = "+12025550177"
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
PLACED = Placement(PlacementDecision.SEND, Reason.ON_TIME, DUE)
NEW = Assessment(REMINDER, placement=PLACED)


def assessed(*messages, appointment=BOOKED, settings=SETTINGS, now=START, **known):
    (found,) = assess(observed_of(appointment, *messages, **known), settings, now)
    return found


def record(status=ReminderStatus.SKIPPED, reason="on_time", **changes):
    return evolve(ReminderRecord(KEY, "day-before", NUMBER, NUMBER, status, reason, DUE), **changes)


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("uncertain", [False, True])
def test_a_message_is_taken_as_settling_it_will_leave_it(state, uncertain):
    """Past its time it was sent; what can't be repeated is unknown, or never arrived."""
    message = evolve(PARKED, state=state, uncertain=uncertain)
    late = DUE - WINDOW.min_lead + SECOND
    gone = {
        True: evolve(message, state=State.UNKNOWN),
        False: evolve(message, state=State.REJECTED, error=NEVER_SENT),
    }[uncertain]
    sent = evolve(message, state=State.SENT, presumed=True)
    assert as_if_settled(message, SETTINGS, late) == (gone if state is State.CREATING else message)
    assert as_if_settled(message, SETTINGS, late - SECOND) == message
    past = DUE + MINUTE
    if state in (State.SCHEDULED, State.CANCELLING):
        assert as_if_settled(message, SETTINGS, past) == sent
        assert as_if_settled(message, SETTINGS, past - SECOND) == message


def test_what_is_new_is_placed_and_nothing_else_is_known():
    """Whatever is recorded of it without a message."""
    assert assessed() == NEW
    assert assessed(outcomes=[record()]) == NEW
    assert assessed(sent_before={("x", "y"): ()}) == NEW
    assert not NEW.is_uncertain


# Messages that include it


def including(state=State.SCHEDULED, start_at=BEGINS, **changes):
    """Return another reminder's message, for an hour before, that speaks of this one as well."""
    message = message_of(visit("B", 8), SETTINGS, state)
    return evolve(message, includes=(Included("x", START), Included(KEY, start_at)), **changes)


@pytest.mark.parametrize("state", list(State))
def test_another_reminders_message_that_includes_it_counts_once_it_goes_out(state):
    """From its cut-off on, for nearly the start that it names; before that it is no message of its own."""
    message = including(state)
    cut_off = message.send_at - WINDOW.cancel_cutoff - WINDOW.margin
    for now in (cut_off - SECOND, cut_off):
        found = assessed(included_in={KEY: [message]}, now=now)
        out = state in SENT or (state is State.SCHEDULED and now == cut_off)
        assert found.skip is (Reason.ALREADY_SENT if out else None)
        said = message.send_at if out and state is not State.UNDELIVERED else None
        assert (found.message, found.said_at) == (None, said)
    moved = including(State.SENT, BEGINS - 16 * MINUTE)
    assert assessed(included_in={KEY: [moved]}).skip is None
    assert assessed(included_in={KEY: [including(State.SENT, BEGINS - 15 * MINUTE)]}).skip is Reason.ALREADY_SENT
    assert assessed(included_in={"other": [including(State.SENT)]}).skip is None


def test_what_was_said_last_is_known():
    """Of what went out, its own or another's; undelivered is unsaid."""
    own = evolve(PARKED, state=State.SENT)
    assert assessed(own, included_in={KEY: [including(State.SENT)]}).said_at == DUE
    assert assessed(evolve(own, state=State.UNDELIVERED)).said_at is None
    later = including(State.DELIVERED)
    later = evolve(later, draft=evolve(later.draft, send_at=DUE + MINUTE))
    assert assessed(own, included_in={KEY: [later]}).said_at == DUE + MINUTE


def test_a_parked_message_behind_one_that_went_out_for_this_start_is_taken_back():
    """It was put back to a start that was told already; of another start it stays."""
    out = evolve(PARKED, id="out", state=State.SENT)
    found = assessed(out, PARKED)
    assert (found.skip, found.keep, found.message) == (Reason.ALREADY_SENT, False, PARKED)
    found = assessed(evolve(out, start_at=BEGINS + HOUR), PARKED)
    assert (found.skip, found.keep) == (None, True)


# What was never confirmed


@pytest.mark.parametrize(
    ("errors", "prefer", "again"),
    [
        ([""], True, True),
        ([""], False, False),
        (["", ""], True, False),
        ([f"{ASKED}x"], True, False),
        ([f"{IN_GAP}x"], True, False),
    ],
)
def test_there_are_never_three_texts(errors, prefer, again):
    """One may follow one that may exist, if a duplicate is preferred; those for another start or number don't count."""
    settings = settings_of(DAY, prefer_duplicate=prefer)
    lost = [evolve(PARKED, state=State.UNKNOWN, error=error) for error in errors]
    found = assessed(*lost, settings=settings)
    assert found.skip is (None if again else Reason.NOT_CONFIRMED)
    assert (found.causes, found.replaces) == ((("settle",), True) if again else ((), False))
    for changes in ({"start_at": BEGINS + 16 * MINUTE}, {"draft": evolve(PARKED.draft, to=OTHER)}):
        others = [evolve(message, **changes) for message in lost]
        assert (found := assessed(*others, settings=settings)).skip is None
        assert (found.causes, found.replaces) == ((), False)


def test_what_was_given_up_stays_so_for_its_due_time_and_number():
    """Unless it is learned that the latest was never sent."""
    given_up = record(reason="not_confirmed")
    assert assessed(outcomes=[given_up]) == Assessment(REMINDER, skip=Reason.NOT_CONFIRMED)
    assert assessed(outcomes=[evolve(given_up, due_at=DUE - SECOND)]) == NEW
    assert assessed(outcomes=[evolve(given_up, to=OTHER)]) == NEW
    assert assessed(outcomes=[evolve(given_up, reason="past")]) == NEW
    refused = evolve(PARKED, state=State.REJECTED, error="40310")
    never = evolve(refused, error=NEVER_SENT)
    assert assessed(never, refused, outcomes=[given_up]).skip is Reason.NOT_CONFIRMED
    assert assessed(refused, never, outcomes=[given_up]).skip is None
    lost = evolve(PARKED, state=State.UNKNOWN)
    assert assessed(lost, outcomes=[given_up]).skip is None


@pytest.mark.parametrize("replacing", [False, True])
def test_what_was_taken_back_for_a_new_one_is_placed_however_late(replacing):
    """As it is recorded."""
    strict = settings_of(Rule("day-before", before="24 hours", text=DAY.text, if_late="skip"))
    found = assessed(settings=strict, now=DUE + HOUR, outcomes=[record(ReminderStatus.HELD, replacing=replacing)])
    assert found.replaces is replacing
    assert (found.placement.decision is PlacementDecision.SEND) is replacing


def test_what_went_out_under_another_key_counts_for_nearly_the_same_start():
    """Of this rule and person; never its own key."""

    def skip(away, key="other", rule="day-before", who=NUMBER):
        return assessed(sent_before={(rule, who): [PriorMessage(key, BEGINS + away, START)]}).skip

    for away in (-15 * MINUTE, 15 * MINUTE):
        assert skip(away) is Reason.ALREADY_SENT
        assert skip(away + (SECOND if away > timedelta(0) else -SECOND)) is None
    nothing = timedelta(0)
    assert skip(nothing, key=KEY) is None
    assert skip(nothing, rule="other") is None
    assert skip(nothing, who=OTHER) is None
    prior = PriorMessage("other", BEGINS, START)
    lost = evolve(PARKED, state=State.CANCELLED)
    assert assessed(lost, sent_before={("day-before", NUMBER): [prior]}).skip is Reason.ALREADY_SENT


# Bookings

BOOKING = settings_of(Rule("booked", after_booking="10 minutes", text="Booked {{ when }}", if_late="clamp"))


def booked(*messages, ago=HOUR, outcomes=(), start=BEGINS):
    appointment = evolve(BOOKED, booked_at=START - ago)
    (reminder,) = reminders_of(appointment, BOOKING.rules, BOOKING.defaults)
    outcomes = [evolve(one, key=reminder.key) for one in outcomes]
    made = [message_of(reminder, BOOKING, state, start_at=start) for state in messages]
    return assessed(*made, appointment=appointment, settings=BOOKING, outcomes=outcomes)


def test_a_booking_is_told_within_an_hour_unless_it_waited():
    """Older ones are as good as known; what was held, or is lost, is told all the same."""
    assert booked().placement.decision is PlacementDecision.SEND
    late = HOUR + SECOND
    old = booked(ago=late)
    assert (old.placement.decision, old.placement.reason) == (PlacementDecision.SKIP, Reason.TOO_LATE)
    assert old.placement.trail == ("booked at 2026-02-10T12:59:59Z, more than 1 hour before it came in",)
    assert booked(ago=late, outcomes=[record()]).placement.decision is PlacementDecision.SKIP
    for status in (ReminderStatus.HELD, ReminderStatus.PARKED):
        assert booked(ago=late, outcomes=[record(status)]).placement.decision is PlacementDecision.SEND
    assert booked(State.CANCELLED, ago=late).placement.decision is PlacementDecision.SEND


def test_a_booking_is_told_once_whatever_moves():
    """What went out for it was for any start."""
    assert booked(State.SENT, start=BEGINS + 9 * HOUR).skip is Reason.ALREADY_SENT
    assert assessed(evolve(PARKED, state=State.SENT, start_at=BEGINS + 9 * HOUR)).skip is None


# Unclear replies

UNCLEAR = Suppression(NUMBER, "", START, holds=True)
WAITS = Placement(PlacementDecision.HOLD, Reason.UNCLEAR_REPLY, None, over_at(REMINDER))


def test_whoever_left_it_unclear_waits_until_somebody_has_seen_it():
    """What would be sent, and what is parked; what waits or is skipped anyway goes on to."""
    barred = {NUMBER: UNCLEAR}
    assert assessed(suppressed=barred) == evolve(NEW, placement=WAITS)
    assert assessed(suppressed=barred).placement.trail[-1] == UNCLEAR.said
    held = assessed(PARKED, suppressed=barred)
    assert held == Assessment(REMINDER, PARKED, placement=WAITS)
    assert assessed(suppressed={OTHER: UNCLEAR}) == NEW
    assert assessed(suppressed={NUMBER: evolve(UNCLEAR, holds=False)}).skip is Reason.SUPPRESSED
    far = visit("A", day=18)
    assert assessed(appointment=far, suppressed=barred).placement.reason is Reason.BEYOND_WINDOW
    out = assessed(evolve(PARKED, state=State.SENT), suppressed=barred)
    assert (out.skip, out.placement) == (Reason.ALREADY_SENT, None)
    broken = settings_of(Rule("day-before", before="24 hours", text="{{ data.room }}"))
    found = assessed(PARKED, settings=broken, suppressed=barred)
    assert (found.placement, found.keep, found.skip, found.error) == (WAITS, False, None, "")


@pytest.mark.parametrize("reason", ["unclear_reply", "on_time"])
def test_what_waited_until_its_time_was_over_is_named_for_that(reason):
    """As it is recorded."""
    late = BEGINS - MINUTE
    found = assessed(now=late, outcomes=[record(ReminderStatus.HELD, reason)])
    assert (found.placement.decision, found.placement.reason) == (
        PlacementDecision.SKIP,
        Reason.UNCLEAR_REPLY if reason == "unclear_reply" else Reason.TOO_LATE,
    )
    again = assessed(outcomes=[record(ReminderStatus.HELD, reason)])
    assert again.placement == PLACED


# Drift


@pytest.mark.parametrize(
    ("changes", "causes"),
    [
        ({"due_at": DUE - SECOND}, ("rule",)),
        ({"start_at": BEGINS - SECOND}, ("moved",)),
        ({"start_at": BEGINS - SECOND, "due_at": DUE - SECOND}, ("moved",)),
        ({"sender": OTHER}, ("sender",)),
        ({"provider": "twilio"}, ("sender",)),
        ({"draft": evolve(PARKED.draft, to=OTHER)}, ("recipient",)),
        ({"draft": evolve(PARKED.draft, text="x")}, ("text",)),
        ({"draft": evolve(PARKED.draft, subject="x")}, ("media",)),
        ({"draft": evolve(PARKED.draft, media_urls=("https://clinic.example/1.png",))}, ("media",)),
        ({"draft": evolve(PARKED.draft, channel="mms")}, ("media",)),
        ({"draft": evolve(PARKED.draft, text="x", to=OTHER, channel="mms"), "sender": "x", "due_at": START},
         ("text", "recipient", "sender", "media", "rule")),
    ],
)  # fmt: skip
def test_each_difference_has_a_cause(changes, causes):
    """In one order, whatever else differs."""
    assert assessed(evolve(PARKED, **changes)).causes == causes
    assert assessed(PARKED).causes == ()


def test_quiet_hours_over_a_parked_time_are_a_cause():
    """From their first minute, up to their end; by the reader's clock."""
    for begin, end, causes in (
        ("09:00", "10:00", ("rule",)),
        ("08:00", "09:00", ()),
        ("08:00", "09:01", ("rule",)),
        ("14:00", "15:00", ()),
    ):
        assert assessed(PARKED, settings=settings_of(DAY, quiet=QuietHours(begin, end))).causes == causes


def test_a_follow_up_moves_with_its_end():
    """Its due time is no matter of the rule alone."""
    thanks = Rule("thanks", after="1 hour", text="Thanks")
    settings = settings_of(thanks)
    message = message_of(BOOKED, settings, due_at=START)
    assert assessed(message, settings=settings).causes == ("moved",)


def test_a_text_of_several_is_compared_once_it_is_known_which():
    """Not for one alone."""
    together = settings_of(Rule("day-before", before="24 hours", text=DAY.text, together="All"))
    other_words = evolve(PARKED, draft=evolve(PARKED.draft, text="x"))
    assert assessed(other_words, settings=together).keep


def test_words_by_the_clock_of_the_reader_are_known_as_those_of_once():
    """Where the place's clock is another one, and the words were the reader's."""
    there = evolve(visit("A", location="1 Main St"), recipients=[Recipient(NUMBER, timezone="America/Los_Angeles")])
    (reminder,) = reminders_of(there, SETTINGS.rules, SETTINGS.defaults)
    old = message_of(evolve(reminder, local_zone=reminder.zone), SETTINGS)
    found = assessed(old, appointment=there)
    assert (found.causes, found.reworded) == (("text",), True)
    other = evolve(old, draft=evolve(old.draft, text="x"))
    assert not assessed(other, appointment=there).reworded
    assert not assessed(evolve(old, due_at=START), appointment=there).reworded
    assert not said_as_before(PARKED, REMINDER, (), SETTINGS)
    assert not said_as_before(PARKED, REMINDER, (REMINDER,), SETTINGS)


# A ledger that was put back

GAP = Restoration(START - HOUR, START)


@pytest.mark.parametrize("placed", ["doubted", "awaited", "neither"])
def test_what_a_restored_ledger_can_not_say_is_uncertain(placed):
    """Until it is asked for, or comes in again."""
    known = {"doubted": {"gap": GAP}, "awaited": {"is_awaited": True}, "neither": {}}[placed]
    found = assessed(**known)
    assert found.is_uncertain is (placed != "neither")
    assert found.doubted_since == (GAP.since if placed == "doubted" else None)
    far = assessed(appointment=visit("A", day=18), **known)
    assert (far.doubted_since, far.error) == (None, "")


# Who is wanted


def test_who_is_barred_or_outside_is_refused_once():
    """A refusal that it has stays; nobody has none."""
    nobody = evolve(BOOKED, recipients=[])
    settings = evolve(SETTINGS, only_to=())
    for appointment in (nobody, evolve(BOOKED, recipients=[Recipient(NUMBER, opted_in=False)])):
        (before,) = wanted_reminders(observed_of(appointment), SETTINGS)
        barred = observed_of(
            appointment, suppressed={NUMBER: Suppression(NUMBER, "", START), "": Suppression("", "", START)}
        )
        assert wanted_reminders(barred, settings) == [before]
    barred = observed_of(BOOKED, suppressed={NUMBER: Suppression(NUMBER, "", START)})
    assert wanted_reminders(barred, settings)[0].refusal is Reason.SUPPRESSED
    assert wanted_reminders(observed_of(BOOKED), settings)[0].refusal is Reason.OUTSIDE_ONLY_TO
    assert wanted_reminders(observed_of(None), SETTINGS) == []


def test_notices_follow_only_where_they_are_asked_for():
    """A correction where it moved, a cancellation where it is off; both to those who may be written to."""
    told = message_of(BOOKED, SETTINGS, State.SENT)
    now = DUE + HOUR

    def rules(appointment, suppressed=(), **changes):
        settings = settings_of(DAY, **changes)
        found = assess(observed_of(appointment, told, suppressed=dict(suppressed)), settings, now)
        return [(item.reminder.rule.id, item.skip) for item in found][1:]

    correction = {"correction": Notice("Moved: {{ when }}")}
    cancellation = {"cancellation": Notice("Off: {{ when }}")}
    moved, off = visit("A", 15), visit("A", status="cancelled")
    assert rules(moved) == rules(off) == []
    assert rules(moved, **correction) == rules(moved, **correction, **cancellation) == [("day-before-correction", None)]
    assert rules(off, **cancellation) == rules(off, **correction, **cancellation) == [("cancellation", None)]
    assert rules(moved, **cancellation) == rules(off, **correction) == []
    barred = {NUMBER: Suppression(NUMBER, "", START)}
    assert rules(off, barred, **cancellation) == [("cancellation", Reason.SUPPRESSED)]
    assert rules(off, only_to=(), **cancellation) == [("cancellation", Reason.OUTSIDE_ONLY_TO)]


# Those that would arrive together


def test_one_that_is_late_gives_way_to_what_is_there():
    """To a message that stays parked, or went out by now for this start."""
    rules = [Rule("early", before="30 hours", text="early"), Rule("late", before="24 hours", text="late")]
    settings = settings_of(*rules)
    late = reminders_of(BOOKED, settings.rules, settings.defaults)[1]
    now = DUE - WINDOW.min_lead - WINDOW.margin - MINUTE
    parked = message_of(late, settings)

    def early(*messages):
        found = assess(observed_of(BOOKED, *messages), settings, now)
        return {item.reminder.rule.id: item.placement and item.placement.reason for item in found}

    assert early(parked) == {"early": Reason.SUPERSEDED, "late": None}
    assert early() == {"early": Reason.SUPERSEDED, "late": Reason.ON_TIME}
    out = evolve(parked, state=State.SENT, draft=evolve(parked.draft, send_at=now))
    assert early(out) == {"early": Reason.SUPERSEDED, "late": None}


def test_a_message_that_is_taken_back_is_no_reason_to_give_way():
    """It goes out no more; another one would have."""
    vip = Rule("late", before="24 hours", text="late", only={"tags": ["vip"]})
    settings = settings_of(Rule("early", before="30 hours", text="early"), vip)
    late = reminders_of(evolve(BOOKED, tags={"vip"}), settings.rules, settings.defaults)[1]
    now = DUE - WINDOW.min_lead - WINDOW.margin - MINUTE
    found = assess(observed_of(BOOKED, message_of(late, settings)), settings, now)
    assert [(item.skip, item.placement and item.placement.reason) for item in found] == [
        (None, Reason.CLAMPED_LATE),
        (Reason.CONDITION, None),
    ]


def test_a_message_of_its_own_and_one_that_included_it_both_told():
    """The last of the two is corrected where it named another start."""
    settings = settings_of(DAY, correction=Notice("Moved"))
    own = evolve(PARKED, state=State.SENT, start_at=BEGINS + HOUR)
    other = including(State.SENT)
    before = evolve(other, draft=evolve(other.draft, send_at=DUE - MINUTE))
    after = evolve(other, draft=evolve(other.draft, send_at=DUE + MINUTE))
    for message, count in ((before, 2), (after, 1)):
        observed = observed_of(BOOKED, own, included_in={KEY: [message]})
        assert len(assess(observed, settings, DUE + HOUR)) == count
