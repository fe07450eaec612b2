"""Desired against recorded, without a ledger or a provider: every decision for one reminder."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit.errors import UnsafePlanError
from reminder_kit.model.appointments import Recipient
from reminder_kit.model.consent import Suppression
from reminder_kit.model.lifecycle import State
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import Identity, PriorMessage, ReminderRecord, ReminderStatus
from reminder_kit.planning.changes import Change, ChangeKind
from reminder_kit.planning.decide import decide
from reminder_kit.planning.message_times import NEVER_SENT, next_look, replayable
from reminder_kit.planning.plan import Guard, Plan
from reminder_kit.rules.quiet_hours import QuietHours
from reminder_kit.rules.rule import Rule
from tests.factories import START, TEXT, message_of, observed_of, settings_of


@pytest.fixture
def settings(day_before):
    return settings_of(day_before)


@pytest.fixture
def parked(settings, appointment):
    """Return a factory: the message a first decision would have parked, in any state."""

    def make(state=State.SCHEDULED, **changes):
        return message_of(appointment(), settings, state, **changes)

    return make


def judged(settings, appointment, *messages, now=START, outcomes=(), **known):
    observed = observed_of(appointment, *messages, outcomes=outcomes, **known)
    return [
        (decision.change.kind.value, decision.change.reason.value, decision.change.causes)
        for decision in decide(observed, settings, now)
    ]


def test_unchanged_is_kept_also_outside_the_window(settings, parked, appointment):
    """Unchanged is kept also when the window would not take it any more."""
    late = parked().send_at - timedelta(minutes=2)
    assert judged(settings, appointment(), parked(), now=late) == [("keep", "unchanged", ())]


def test_an_unanswered_message_is_kept_and_settled(settings, parked, appointment):
    """A message whose create was not answered is kept, and the plan asks the provider what became of it."""
    assert judged(settings, appointment(), parked(State.CREATING)) == [("keep", "unchanged", ("settle",))]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ("keep", "unchanged", ("settle",))),
        ({"hours": 1}, ("replace", "on_time", ("moved", "text"))),
        ({"status": "cancelled"}, ("cancel", "cancelled", ())),
    ],
    ids=["stands", "moved", "cancelled"],
)
def test_a_parked_message_in_question_is_looked_up_unless_it_is_taken_back(
    settings, parked, appointment, changes, expected
):
    """What takes it back asks the provider as well, and its answer settles the question."""
    asked = parked(next_try_at=START)
    assert judged(settings, appointment(**changes), asked) == [expected]


@pytest.mark.parametrize(
    ("changes", "causes"),
    [
        ({"title": "Cleaning"}, ("text",)),
        ({"recipients": [Recipient("+12025550123", name="Eve")]}, ("text",)),
        ({"hours": 1}, ("moved", "text")),
    ],
    ids=["title", "name", "hour"],
)
def test_a_change_replaces_with_its_causes_in_order(settings, parked, appointment, changes, causes):
    """A moved start or new words replace the parked message, and the change says which it was."""
    ((kind, reason, found),) = judged(settings, appointment(**changes), parked())
    assert (kind, reason) == ("replace", "on_time")
    assert found == causes


def test_a_change_names_the_message_that_it_concerns(settings, parked, appointment):
    """When that was to go out, and its id at the provider, whether it is kept, replaced or taken back."""
    message = parked(provider_id="m-1")
    for changed in (appointment(), appointment(hours=1), None):
        (decision,) = decide(observed_of(changed, message), settings, START)
        assert (decision.change.was_at, decision.change.message_id) == (message.send_at, "m-1")
    (new,) = decide(observed_of(appointment()), settings, START)
    assert (new.change.was_at, new.change.message_id) == (None, None)


def test_what_certainly_never_left_is_planned_anew(settings, parked, appointment):
    """Its request can't be repeated any more: no provider refused it, and another message is made of it."""
    never = parked(State.CREATING, uncertain=False)
    late = never.send_at - timedelta(minutes=2)
    assert judged(settings, appointment(), never, now=late) == [("schedule", "clamped_late", ())]


def test_another_sender_replaces(settings, parked, appointment):
    """A message parked with the old sender is replaced by one from the new."""
    other = evolve(settings, sender="+12025550101")
    assert judged(other, appointment(), parked()) == [("replace", "on_time", ("sender",))]


def test_new_words_that_come_too_late_leave_the_old_message(settings, parked, appointment):
    """Where the new text has no room in the window, the old one is better than none."""
    just_before = parked().send_at - timedelta(minutes=4)
    assert judged(settings, appointment(title="X"), parked(), now=just_before) == [("keep", "too_late", ("text",))]


def test_a_moved_one_goes_even_if_the_new_one_is_clamped(settings, parked, appointment):
    """A message with a wrong start is replaced although the new one goes out late."""
    just_before = parked().send_at - timedelta(minutes=4)
    sooner = appointment(days=2, hours=1)
    ((kind, reason, causes),) = judged(settings, sooner, parked(), now=just_before)
    assert (kind, reason, causes[0]) == ("replace", "clamped_late", "moved")


def test_nothing_is_withdrawn_within_the_cut_off(settings, parked, appointment):
    """From the provider's cut-off on a message is kept even for a cancelled appointment: it cannot be stopped."""
    at_the_edge = parked().send_at - timedelta(seconds=90)
    assert judged(settings, appointment(status="cancelled"), parked(), now=at_the_edge)[0][:2] == ("keep", "too_late")
    before = at_the_edge - timedelta(seconds=1)
    assert judged(settings, appointment(status="cancelled"), parked(), now=before)[0][:2] == ("cancel", "cancelled")


def test_past_its_time_it_counts_as_sent(settings, parked, appointment):
    """A parked message whose send time is over was sent, for this start: another start is reminded anew."""
    later = parked().send_at + timedelta(minutes=2)
    assert judged(settings, appointment(), parked(), now=later) == [("skip", "already_sent", ())]
    moved = appointment(days=6)
    assert judged(settings, moved, parked(), now=later)[0][:2] == ("schedule", "on_time")


def test_of_two_sent_at_the_same_second_the_one_made_last_counts(settings, parked, appointment):
    """Moved twice within a second, where the provider sends at once: the person knows of the last start."""
    first = parked(State.SENT, id="1" * 32, start_at=appointment(days=2).start_at)
    assert judged(settings, appointment(), first, parked(State.SENT)) == [("skip", "already_sent", ())]
    assert judged(settings, appointment(), parked(State.SENT), first) == [("schedule", "on_time", ())]


def test_what_was_sent_under_another_key_is_not_sent_again(settings, appointment):
    """What was sent for nearly this start under another key is not sent again."""
    start = appointment().start_at
    sent = {("day-before", "+12025550123"): [PriorMessage("other", start + timedelta(minutes=15), START)]}
    assert judged(settings, appointment(), sent_before=sent)[0][1] == "already_sent"
    sent = {("day-before", "+12025550123"): [PriorMessage("other", start + timedelta(minutes=16), START)]}
    assert judged(settings, appointment(), sent_before=sent)[0][1] == "on_time"


def test_a_suppressed_number_withdraws_with_the_reason_who_asked(settings, parked, appointment):
    """A suppression by the host and an opt-out by the person both cancel, each with its own reason."""
    for by, reason in (("host", "suppressed"), ("recipient", "opted_out")):
        suppressed = {"+12025550123": Suppression("+12025550123", "", START, by=by)}
        assert judged(settings, appointment(), parked(), suppressed=suppressed) == [("cancel", reason, ())]


def test_quiet_hours_that_cover_it_now_withdraw_a_parked_message(settings, parked, appointment):
    """New quiet hours replace a message parked within them, for the cause `rule`."""
    quiet = evolve(settings, quiet=QuietHours("08:00", "10:00"))
    assert judged(quiet, appointment(), parked()) == [("replace", "shifted_quiet_hours", ("rule",))]


def test_an_unknown_one_follows_the_policy(settings, parked, appointment):
    """What was never confirmed is sent anew or skipped, as the policy says; a moved start is reminded of."""
    lost = parked(State.UNKNOWN, provider_id=None)
    assert judged(settings, appointment(), lost) == [("schedule", "on_time", ("settle",))]
    strict = evolve(settings, prefer_duplicate=False)
    assert judged(strict, appointment(), lost) == [("skip", "not_confirmed", ())]
    assert judged(strict, appointment(days=4), lost)[0][0] == "schedule"


def test_a_refused_one_is_not_asked_for_again_until_it_differs(settings, parked, appointment):
    """What the provider refused stays refused until its text differs; what was never sent is asked for again."""
    refused = parked(State.REJECTED, error="40310")
    outcome = ReminderRecord(refused.key, "day-before", "", "", ReminderStatus.SKIPPED, "invalid_number", error="40310")
    assert judged(settings, appointment(), refused, outcomes=[outcome])[0][1] == "invalid_number"
    assert judged(settings, appointment(title="X"), refused, outcomes=[outcome])[0][0] == "schedule"
    assert judged(settings, appointment(), parked(State.REJECTED, error=NEVER_SENT))[0][0] == "schedule"


def test_a_replaced_one_is_clamped_whatever_its_rule_says(settings, appointment, parked):
    """`if_late = "skip"` does not hold for a reminder whose message was withdrawn to be replaced."""
    strict = evolve(settings, rules=(Rule("day-before", before="24 hours", text=TEXT, if_late="skip"),))
    soon = appointment(days=0, hours=5)
    assert judged(strict, soon)[0][:2] == ("skip", "too_late")
    waiting = ReminderRecord(parked().key, "day-before", "", "", ReminderStatus.HELD, "clamped_late", replacing=True)
    assert judged(strict, soon, outcomes=[waiting])[0][:2] == ("schedule", "clamped_late")


def test_a_gone_appointment_withdraws_what_is_recorded_for_it(settings, parked):
    """Without its appointment, a parked message is cancelled and a held reminder skipped as removed."""
    assert judged(settings, None, parked()) == [("cancel", "removed", ())]
    held = ReminderRecord("k", "day-before", "r", "+12025550123", ReminderStatus.HELD, "beyond_window")
    assert judged(settings, None, outcomes=[held]) == [("skip", "removed", ())]


def test_a_create_is_replayed_only_while_key_and_window_allow(settings, parked):
    """Stored bytes are posted again within window and key life, or if none can have arrived."""
    message = parked(State.CREATING)
    assert replayable(message, settings, START + timedelta(hours=23))
    assert not replayable(message, settings, START + timedelta(hours=24))
    assert not replayable(message, settings, message.send_at - timedelta(minutes=4))
    keyless = evolve(settings, key_life=None)
    assert not replayable(message, keyless, START)
    assert replayable(evolve(message, uncertain=False), keyless, START)


def test_the_next_look_is_when_time_alone_changes_something(parked):
    """It is `park_at` of what is held, or a minute after the send time of what is parked."""
    held = ReminderRecord("k", "r", "p", "", ReminderStatus.HELD, "beyond_window", park_at=START + timedelta(days=9))
    assert next_look([held], []) == START + timedelta(days=9)
    assert next_look([held], [parked()]) == parked().send_at + timedelta(minutes=1)
    assert next_look([], [parked(State.DELIVERED)]) is None


def change(kind, index=0, **changes):
    values = {"to": "+12025550123", "due_at": START, "send_at": START, "reason": Reason.ON_TIME}
    return Change(kind, Identity("s", f"A-{index}"), f"k{index}", "r", "p", **{**values, **changes})


def cancelling(count, parked, **options):
    changes = tuple(change(ChangeKind.CANCEL, index) for index in range(count))
    return Plan(START, "import", changes, parked=parked, **options)


def test_a_plan_that_takes_too_much_away_is_refused():
    """The error has the numbers; with fewer than ten parked messages, or unguarded, the ratio does not count."""
    with pytest.raises(UnsafePlanError, match=r"withdraw or move 6 of 10 parked reminders, more than 50%"):
        cancelling(6, 10).raise_if_unsafe()
    cancelling(5, 10).raise_if_unsafe()
    cancelling(9, 9).raise_if_unsafe()
    cancelling(6, 10, guarded=False).raise_if_unsafe()
    with pytest.raises(UnsafePlanError, match="6 changes, more than max_changes = 5"):
        cancelling(6, 100, guard=Guard(max_changes=5)).raise_if_unsafe()


def test_the_guard_counts_a_replacement_only_if_it_moves():
    """A replacement within fifteen minutes of the old send time takes nothing away."""
    near = change(ChangeKind.REPLACE, was_at=START + timedelta(minutes=15))
    far = change(ChangeKind.REPLACE, was_at=START + timedelta(minutes=16))
    assert (near.moves_noticeably, far.moves_noticeably) == (False, True)


def test_the_digest_ignores_only_when_a_late_one_goes_out():
    """A late reminder's time and words depend on `now`: all else, if changed, changes the digest."""

    def digest(**changes):
        return Plan(START, "sync", (change(ChangeKind.SCHEDULE, **changes),)).digest

    later = START + timedelta(minutes=1)
    late = {"reason": Reason.CLAMPED_LATE}
    assert digest(**late, text="a") == digest(**late, text="b", send_at=later)
    assert digest() != digest(send_at=later)
    assert digest() != digest(due_at=later)
    assert digest() != digest(to="+12025550124")
