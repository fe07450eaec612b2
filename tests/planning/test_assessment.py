"""What each reminder of an appointment comes to by itself: kept, placed anew, or not sent, and why."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reminder_kit.model.consent import Suppression
from reminder_kit.model.lifecycle import State
from reminder_kit.model.records import PriorMessage, ReminderRecord, ReminderStatus
from reminder_kit.planning.assessment import assess
from reminder_kit.rules.placement import PlacementDecision
from reminder_kit.rules.rule import Rule
from tests.factories import DAY, NUMBER, START, message_of, observed_of, settings_of, visit

DUE = START + timedelta(days=1)
SETTINGS = settings_of(DAY)


def assessed(appointment, *messages, settings=SETTINGS, now=START, **known):
    """Return the one assessment of an appointment with one recipient and one rule."""
    (assessment,) = assess(observed_of(appointment, *messages, **known), settings, now)
    return assessment


def parked(state=State.SCHEDULED, **changes):
    """Return the message of the usual visit."""
    return message_of(visit("A"), SETTINGS, state, **changes)


def test_a_new_reminder_is_placed_where_it_is_due():
    """Nothing is known of it but the appointment: it goes out on time."""
    found = assessed(visit("A"))
    assert (found.placement.decision, found.placement.send_at) == (PlacementDecision.SEND, DUE)
    assert (found.message, found.skip, found.keep, found.replaces, found.causes) == (None, None, False, False, ())


def test_a_withdrawn_appointment_wants_no_reminder():
    """What is still parked for it is no reminder's any more."""
    assert assess(observed_of(None, parked()), SETTINGS, START) == []


def test_a_message_that_is_right_is_kept():
    """It says what would be said now, to whom and when: nothing is placed."""
    found = assessed(visit("A"), parked())
    assert (found.keep, found.placement, found.causes, found.settles) == (True, None, (), False)


@pytest.mark.parametrize(
    ("appointment", "causes"),
    [
        (visit("A", title="Cleaning"), ("text",)),
        (visit("A", phone="+12025550177"), ("recipient",)),
        (visit("A", 10), ("moved", "text")),
        (visit("A", 10, phone="+12025550177"), ("moved", "text", "recipient")),
    ],
    ids=["title", "number", "hour", "both"],
)
def test_drift_is_named_by_its_causes(appointment, causes):
    """A message that has become wrong is to be replaced, for causes in a fixed order."""
    known = message_of(appointment, SETTINGS).key
    found = assessed(appointment, parked(key=known))
    assert (found.causes, found.replaces, found.keep) == (causes, True, False)
    assert found.placement.decision is PlacementDecision.SEND


@pytest.mark.parametrize(
    ("minutes", "appointment", "skip"),
    [(5, visit("A", title="Cleaning"), "too_late"), (7, visit("A", title="Cleaning"), None), (5, visit("A", 10), None)],
    ids=["new words, too near", "new words, in time", "moved, too near"],
)
def test_new_words_stay_away_where_they_would_come_late(minutes, appointment, skip):
    """Late words replace nothing; a message for another time must go, late or not."""
    found = assessed(appointment, parked(), now=DUE - timedelta(minutes=minutes))
    assert (found.skip, found.keep) == (skip, skip is not None)


@pytest.mark.parametrize("by", ["host", "recipient"])
def test_who_is_not_to_be_written_to_is_refused(by):
    """The reason says who said so: the person, or the host."""
    found = assessed(visit("A"), suppressed={NUMBER: Suppression(NUMBER, "", START, by)})
    assert (found.skip, found.placement) == ("opted_out" if by == "recipient" else "suppressed", None)


@pytest.mark.parametrize(
    ("minute", "skip"),
    [(0, "already_sent"), (15, "already_sent"), (16, None)],
    ids=["unmoved", "nearly", "moved"],
)
def test_what_was_sent_for_nearly_this_start_is_not_sent_again(minute, skip):
    """A start that moved by more than `rearm_after` (15 minutes) is another start."""
    found = assessed(visit("A", minute=minute), parked(State.DELIVERED))
    assert (found.skip, found.placement is None) == (skip, skip is not None)


def test_what_went_out_under_another_key_counts_as_sent():
    """An occurrence that comes again under another name is not told twice."""
    appointment = visit("A")
    prior = PriorMessage("another key", appointment.start_at + timedelta(minutes=10), START)
    assert assessed(appointment, sent_before={("day-before", NUMBER): [prior]}).skip == "already_sent"
    assert assessed(appointment, sent_before={("another rule", NUMBER): [prior]}).skip is None
    own = prior._replace(key=message_of(appointment, SETTINGS).key)
    assert assessed(appointment, sent_before={("day-before", NUMBER): [own]}).skip is None


@pytest.mark.parametrize(
    ("state", "changes", "expected"),
    [
        (State.CREATING, {}, ("creating", True)),
        (State.CANCELLING, {}, ("cancelling", True)),
        (State.SCHEDULED, {}, ("scheduled", False)),
        (State.REJECTED, {}, (None, False)),
        (State.CANCELLED, {}, (None, False)),
    ],
    ids=str,
)
def test_what_is_open_is_settled_first(state, changes, expected):
    """A message that is being created or cancelled is the reminder's, and is settled; an ended one is not its."""
    found = assessed(visit("A"), parked(state, **changes))
    assert (found.message and found.message.state, found.settles) == expected


@pytest.mark.parametrize(
    ("prefer_duplicate", "lost", "expected"),
    [(True, 1, (None, ("settle",))), (True, 2, ("not_confirmed", ())), (False, 1, ("not_confirmed", ()))],
    ids=["one, duplicate preferred", "two, duplicate preferred", "one, missing preferred"],
)
def test_a_lost_answer_makes_a_second_text_at_the_most(prefer_duplicate, lost, expected):
    """What nobody knows of is sent once more where a duplicate is preferred, and never a third time."""
    settings = settings_of(DAY, prefer_duplicate=prefer_duplicate)
    found = assessed(visit("A"), *[parked(State.UNKNOWN)] * lost, settings=settings)
    assert (found.skip, found.causes) == expected
    assert found.replaces == (found.skip is None)


def test_what_was_never_confirmed_and_is_forgotten_stays_so():
    """The message is purged, its outcome is not: that makes no new message due."""
    key = message_of(visit("A"), SETTINGS).key
    outcome = ReminderRecord(key, "day-before", NUMBER, NUMBER, ReminderStatus.SKIPPED, "not_confirmed", DUE)
    assert assessed(visit("A"), outcomes=[outcome]).skip == "not_confirmed"
    assert assessed(visit("A", 10), outcomes=[outcome]).skip is None


@pytest.mark.parametrize(("appointment", "keep"), [(visit("A"), True), (visit("A", 10), False)], ids=["true", "moved"])
def test_where_no_text_can_be_written_what_is_still_true_stays(appointment, keep):
    """Better none than one with yesterday's time."""
    broken = settings_of(Rule("day-before", before="24 hours", text="{{ data.room }}"))
    found = assessed(appointment, parked(), settings=broken)
    assert (found.skip, found.keep) == ("template_error", keep)
    assert "room" in found.error


def test_late_ones_give_way_to_the_one_nearest_to_the_start():
    """Two reminders that would arrive together, both late, are one: of the rule nearest to the start."""
    rules = [Rule(f"r{hours}", before=f"{hours} hours", text="{{ when }}") for hours in (72, 60)]
    found = assess(observed_of(visit("A")), settings_of(*rules), START)
    assert [(item.reminder.rule.id, item.placement.reason) for item in found] == [
        ("r72", "superseded"),
        ("r60", "clamped_late"),
    ]
