"""What is written to one number keeps apart where that is feasible; some is not said so soon after something else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reminder_kit.model.records import Traffic
from reminder_kit.planning.assessment import assess
from reminder_kit.planning.spacing import apply_min_gap, apply_min_silence
from reminder_kit.rules.placement import PlacementDecision
from reminder_kit.rules.rule import Rule
from tests.factories import NUMBER, START, message_of, observed_of, settings_of, visit

DUE = START + timedelta(days=1)
TEXT = "{{ appointment.title }} {{ when }}"
HALF_AN_HOUR = timedelta(minutes=30)
SPACED = settings_of(Rule("day-before", before="24 hours", text=TEXT), min_gap=HALF_AN_HOUR)
LATER = settings_of(Rule("day-before", before="24 hours", text=TEXT, shift="later"), min_gap=HALF_AN_HOUR)
SILENT = settings_of(Rule("day-before", before="24 hours", text=TEXT, min_silence="2 hours"))
NOTHING = timedelta(0)


def traffic_at(*minutes, key="other", number=NUMBER):
    """Return what goes to a number, in minutes after the time the reminder is due."""
    return {number: [Traffic(key, DUE + timedelta(minutes=at)) for at in minutes]}


def spaced(traffic, settings=SPACED, *messages, now=START, appointment=None):
    """Return the assessment of one appointment after it was moved apart from the traffic."""
    observed = observed_of(appointment or visit("A"), *messages, traffic=traffic)
    (assessment,) = assessments = assess(observed, settings, now)
    apply_min_gap(assessments, observed, settings, now)
    return assessment


def silenced(traffic, *messages, besides=(), now=START, appointment=None):
    """Return the assessment of one appointment after it was silenced, or not, by the traffic."""
    observed = observed_of(appointment or visit("A"), *messages, traffic=traffic)
    (assessment,) = assessments = assess(observed, SILENT, now)
    apply_min_silence(assessments, observed, SILENT, now, lambda _assessment: besides)
    return assessment


@pytest.mark.parametrize(
    ("settings", "others", "moved"),
    [
        (SPACED, [], 0),
        (SPACED, [-30, 30], 0),
        (SPACED, [0], -30),
        (LATER, [0], 30),
        (SPACED, [10], -20),
        (SPACED, [-10], 20),
        (SPACED, [-10, 30], -40),
        (SPACED, [-40, -10, 20, 50], -70),
    ],
    ids=["alone", "apart", "same time", "same time, later", "after it", "before it", "no room between", "a crowd"],
)
def test_a_new_message_moves_to_the_nearest_free_instant(settings, others, moved):
    """Where two are equally near, the rule's `shift` says which."""
    found = spaced(traffic_at(*others), settings)
    assert (found.placement.send_at - DUE, found.clearance) == (
        timedelta(minutes=moved),
        (HALF_AN_HOUR, HALF_AN_HOUR),
    )
    assert len(found.placement.steps) == len(spaced({}, settings).placement.steps) + (2 if moved else 0)


@pytest.mark.parametrize(
    "traffic",
    [traffic_at(0, number="+12025550177"), traffic_at(0, key=message_of(visit("A"), SPACED).key)],
    ids=["another number", "its own"],
)
def test_only_what_else_goes_to_the_number_counts(traffic):
    """Neither other numbers nor the reminder's own message stand in its way."""
    assert spaced(traffic).placement.send_at == DUE


def test_without_a_gap_nothing_is_moved():
    """No setting asks for it: two may come in one second."""
    settings = settings_of(*SPACED.rules)
    found = spaced(traffic_at(0), settings)
    assert (found.placement.send_at, found.clearance) == (DUE, (NOTHING, NOTHING))


APART = settings_of(Rule("day-before", before="24 hours", text=TEXT, min_silence="2 hours"), min_gap=HALF_AN_HOUR)
TWO_HOURS = timedelta(hours=2)


@pytest.mark.parametrize(
    ("settings", "others", "clearance"),
    [
        (SPACED, [], (HALF_AN_HOUR, HALF_AN_HOUR)),
        (SILENT, [], (TWO_HOURS, NOTHING)),
        (APART, [], (TWO_HOURS, HALF_AN_HOUR)),
        (APART, [-180, 60], (TWO_HOURS, HALF_AN_HOUR)),
        (APART, [-60], (HALF_AN_HOUR, HALF_AN_HOUR)),
        (SILENT, [-60], (NOTHING, NOTHING)),
    ],
    ids=["a gap", "silence", "both", "both kept", "silence broken already", "nothing to keep"],
)
def test_what_is_kept_clear_is_asked_for_once_more_when_it_is_parked(settings, others, clearance):
    """Others park for the same number meanwhile: before it as long as gap and silence say, after it as the gap does."""
    assert spaced(traffic_at(*others), settings).clearance == clearance


def test_where_nothing_else_is_feasible_it_keeps_its_time():
    """With no free instant it goes out at its own: keeping apart is a courtesy and never costs a reminder."""
    found = spaced(traffic_at(*range(-1500, 1500, 20)))
    assert (found.placement.decision, found.placement.send_at) == (PlacementDecision.SEND, DUE)
    assert found.placement.steps[-1] == ("nothing else is feasible",)
    assert found.clearance == (NOTHING, NOTHING)


def test_a_parked_message_that_stays_is_not_moved():
    """Only what is to be parked anew is moved."""
    found = spaced(traffic_at(0), SPACED, message_of(visit("A"), SPACED))
    assert (found.keep, found.placement) == (True, None)


def test_new_words_take_the_place_of_the_old_message():
    """A message whose words alone change is sent when the old one would have been, whatever came near it meanwhile."""
    found = spaced(traffic_at(0), SPACED, message_of(visit("A"), SPACED), appointment=visit("A", title="Cleaning"))
    assert (found.causes, found.placement.send_at) == (("text",), DUE)


@pytest.mark.parametrize(
    ("others", "silent"),
    [([-121], False), ([-120], True), ([-1], True), ([0], True), ([1], False), ([], False)],
    ids=["long before", "just within", "just before", "at once", "after it", "nothing"],
)
def test_soon_after_something_else_nothing_is_said(others, silent):
    """`min_silence` looks back only: the reminder is skipped for its condition."""
    found = silenced(traffic_at(*others))
    assert (found.placement.decision is PlacementDecision.SKIP, found.placement.reason == "condition") == (
        silent,
        silent,
    )


def test_what_is_silenced_is_looked_at_once_more_before_its_time():
    """What silenced it may have been withdrawn by then; later than that there is no other look."""
    again_at = DUE - SILENT.window.min_lead - timedelta(minutes=15)
    assert silenced(traffic_at(-60)).placement.park_at == again_at
    assert silenced(traffic_at(-60), now=again_at).placement.park_at is None


def test_what_goes_with_it_does_not_silence_it():
    """Messages of those that are told together with it don't count."""
    assert silenced(traffic_at(-60), besides=["other"]).placement.send_at == DUE


def test_a_parked_message_that_stays_is_not_silenced():
    """Only what is to be parked anew is silenced."""
    assert silenced(traffic_at(-60), message_of(visit("A"), SILENT)).keep


def test_of_two_new_ones_of_an_appointment_the_later_is_silent():
    """Reminders of one appointment mind each other, soonest first."""
    rules = [
        Rule("late", before="23 hours", text=TEXT, min_silence="2 hours"),
        Rule("early", before="24 hours", text=TEXT, min_silence="2 hours"),
    ]
    settings, observed = settings_of(*rules), observed_of(visit("A"))
    assessments = assess(observed, settings, START)
    apply_min_silence(assessments, observed, settings, START, lambda _assessment: ())
    assert {item.reminder.rule.id: item.placement.decision for item in assessments} == {
        "early": PlacementDecision.SEND,
        "late": PlacementDecision.SKIP,
    }
