"""A reminder that went out is sent once more because a person says so: what that takes, and what refuses it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit.model.lifecycle import State
from reminder_kit.model.reasons import Reason
from reminder_kit.planning.again import again_id, refusal, wish
from reminder_kit.planning.assessment import wanted_reminders
from reminder_kit.planning.decide import decide
from reminder_kit.rules.quiet_hours import QuietHours
from tests.factories import DAY, in_new_york, message_of, observed_of, settings_of, visit

NOW = in_new_york("2026-02-11T17:00")
SETTINGS = settings_of(DAY)


def told(state=State.DELIVERED, *, outcomes=(), settings=SETTINGS, **changes):
    """The appointment of Thursday at nine, of which the person was told on Wednesday."""
    appointment = visit("A-1", **changes)
    return observed_of(appointment, message_of(appointment, settings, state), outcomes=outcomes)


def wished(observed, settings=SETTINGS, now=NOW):
    (reminder,) = wanted_reminders(observed, settings, now)
    return evolve(observed, outcomes={**observed.outcomes, (record := wish(reminder, observed, now)).key: record})


def test_a_wish_is_one_new_message_in_true_words():
    """As soon as the provider takes it, with the text of then, beside the reminder that stays as it is."""
    first, again = decide(wished(told()), SETTINGS, NOW)
    assert (first.change.kind, first.change.reason) == ("skip", Reason.ALREADY_SENT)
    assert (again.change.kind, again.change.rule, again.change.reason) == (
        "schedule",
        "day-before-again",
        "clamped_late",
    )
    assert again.change.send_at == NOW + timedelta(minutes=5, seconds=30)
    assert again.change.text == "Check-up tomorrow at 9:00 AM"


def test_it_keeps_quiet_hours_and_the_start():
    """A wish in the evening goes out in the morning; one that has no time left goes out no more."""
    settings = settings_of(DAY, quiet=QuietHours("16:00", "07:00"))
    _, again = decide(wished(told(), settings), settings, NOW)
    assert again.change.send_at == in_new_york("2026-02-12T07:00")
    late = in_new_york("2026-02-12T08:58")
    _, again = decide(wished(told(), now=late), SETTINGS, late)
    assert (again.change.kind, again.change.reason) == ("skip", Reason.TOO_LATE)


def test_a_second_wish_is_another_message():
    """With a rule id of its own, also where the first went out for the same start."""
    assert [again_id("day-before", number) for number in (1, 2)] == ["day-before-again", "day-before-again-2"]
    twice = wished(wished(told()))
    assert [decision.rule for decision in decide(twice, SETTINGS, NOW)][1:] == [
        "day-before-again",
        "day-before-again-2",
    ]


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (State.SCHEDULED, "is parked"),
        (State.CREATING, "is parked"),
        (State.UNKNOWN, "may have gone out"),
        (State.REJECTED, "nothing of it has gone out yet"),
        (State.DELIVERED, ""),
        (State.UNDELIVERED, ""),
        (State.SENT, ""),
    ],
)
def test_nothing_is_sent_again_that_may_still_go_out(state, why):
    """While one is parked or in doubt, or before any went out, a wish is refused, with the reason."""
    observed = told(state)
    (reminder,) = wanted_reminders(observed, SETTINGS, NOW)
    said = refusal(reminder, observed, NOW)
    assert (why in said) if why else not said


def test_a_wish_that_waits_refuses_another():
    """Until it went out, or can't any more."""
    observed = wished(told())
    (reminder,) = wanted_reminders(observed, SETTINGS, NOW)
    assert "waits" in refusal(reminder, observed, NOW)


def test_what_has_begun_and_who_is_refused_is_not_sent_again():
    """After the start nothing is; a number that can't be one gets nothing either."""
    observed = told()
    (reminder,) = wanted_reminders(observed, SETTINGS, NOW)
    assert refusal(reminder, observed, reminder.appointment.start_at) == "the appointment has begun"
    assert "opted_out" in refusal(evolve(reminder, refusal=Reason.OPTED_OUT), observed, NOW)
    assert refusal(evolve(reminder, refusal=Reason.CONDITION), observed, NOW) == ""
