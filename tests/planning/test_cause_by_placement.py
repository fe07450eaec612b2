"""Every cause for touching a parked message, against every place a new one could be given: which of the two stays."""

from __future__ import annotations

from datetime import timedelta
from itertools import combinations

import pytest
from attrs import evolve

from reminder_kit.model.appointments import Recipient
from reminder_kit.model.reasons import Reason
from reminder_kit.planning.assessment import stays
from reminder_kit.planning.changes import CAUSES
from reminder_kit.planning.decide import decide
from reminder_kit.planning.revision import held
from reminder_kit.rules.placement import Placement, PlacementDecision
from reminder_kit.rules.quiet_hours import QuietHours
from reminder_kit.rules.rule import Rule
from tests.factories import DAY, NUMBER, START, WINDOW, message_of, observed_of, settings_of, visit

DUE = START + timedelta(days=1)
SETTINGS = settings_of(DAY)
HARMLESS = {"text", "sender", "media"}
"""Causes that leave the parked message true: of the right start, for the right number, at a time that is allowed."""

PLACEMENTS = {
    (PlacementDecision.SEND, Reason.ON_TIME): False,
    (PlacementDecision.SEND, Reason.SHIFTED_QUIET_HOURS): False,
    (PlacementDecision.SEND, Reason.CLAMPED_FAR): False,
    (PlacementDecision.SEND, Reason.CLAMPED_LATE): True,
    (PlacementDecision.HOLD, Reason.BEYOND_WINDOW): False,
    (PlacementDecision.HOLD, Reason.AT_CAPACITY): False,
    (PlacementDecision.SKIP, Reason.TOO_LATE): True,
    (PlacementDecision.SKIP, Reason.QUIET_HOURS): True,
    (PlacementDecision.SKIP, Reason.PAST): True,
    (PlacementDecision.SKIP, Reason.TOO_FAR): False,
    (PlacementDecision.SKIP, Reason.SUPERSEDED): False,
    (PlacementDecision.SKIP, Reason.CONDITION): False,
    (PlacementDecision.SKIP, Reason.CANCELLED): False,
}
"""Where the new message would go, and whether a parked one that is still true stays instead, since it would be late."""


def placement(decision, reason, at):
    """Return a placement; a message goes out, or is looked at again, `at` that instant."""
    if decision is PlacementDecision.SEND:
        return Placement(decision, reason, send_at=at)
    return Placement(decision, reason, park_at=at if decision is PlacementDecision.HOLD else None)


def sets_of_causes():
    """Return every set of causes that is not empty; "settle" is none that drift has."""
    return [causes for size in range(1, len(CAUSES)) for causes in combinations(CAUSES[:-1], size)]


@pytest.mark.parametrize(("decision", "reason"), PLACEMENTS, ids=str)
def test_a_true_message_stays_rather_than_come_late(decision, reason):
    """Where nothing but words, pictures or sender changed, a message stays rather than be late, or be lost for it."""
    parked = message_of(visit("A"), SETTINGS)
    for causes in sets_of_causes():
        other_time = placement(decision, reason, parked.send_at + timedelta(minutes=6))
        expected = set(causes) <= HARMLESS and PLACEMENTS[decision, reason]
        assert stays(parked, other_time, causes) is expected, causes


def test_what_is_clamped_to_the_time_it_has_is_replaced():
    """A late message that would go out at the very second of the parked one costs nobody anything."""
    parked = message_of(visit("A"), SETTINGS)
    same_time = placement(PlacementDecision.SEND, Reason.CLAMPED_LATE, parked.send_at)
    assert not any(stays(parked, same_time, causes) for causes in sets_of_causes())


ADA = Recipient(NUMBER, name="Ada", id="P-1")  # the same person also with another number: so is the reminder


def told_to(phone=NUMBER, **changes):
    """Return the usual visit, with one recipient who is known by an id."""
    return evolve(visit("A", **changes), recipients=[evolve(ADA, phone=phone)])


PICTURE = Rule(
    "day-before", before="24 hours", text=DAY.text, channel="mms", media_urls=["https://clinic.example/1.png"]
)
CHANGES = {
    "nothing": (told_to(), SETTINGS),
    "words": (told_to(title="Cleaning"), SETTINGS),
    "sender": (told_to(), settings_of(DAY, sender="+12025550101")),
    "pictures": (told_to(), settings_of(PICTURE)),
    "start": (told_to(minute=30), SETTINGS),
    "number": (told_to("+12025550124"), SETTINGS),
    "rule": (told_to(), settings_of(Rule("day-before", before="23 hours", text=DAY.text))),
    "quiet hours": (told_to(), settings_of(DAY, quiet=QuietHours("08:00", "10:00"))),
    "cancelled": (told_to(status="cancelled"), SETTINGS),
    "removed": (None, SETTINGS),
}


def decided(what, before_due):
    """Return kind and reason of what is done about the usual message, so long before its time."""
    appointment, settings = CHANGES[what]
    found = decide(observed_of(appointment, message_of(told_to(), SETTINGS)), settings, DUE - before_due)
    return [(one.change.kind.value, one.change.reason.value) for one in found]


EARLY, NEAR, CUT_OFF = timedelta(hours=2), timedelta(minutes=4), timedelta(seconds=90)
OUTCOMES = {
    ("nothing", EARLY): ("keep", "unchanged"),
    ("nothing", NEAR): ("keep", "unchanged"),
    ("nothing", CUT_OFF): ("keep", "unchanged"),
    ("words", EARLY): ("replace", "on_time"),
    ("words", NEAR): ("keep", "too_late"),
    ("words", CUT_OFF): ("keep", "too_late"),
    ("sender", EARLY): ("replace", "on_time"),
    ("sender", NEAR): ("keep", "too_late"),
    ("sender", CUT_OFF): ("keep", "too_late"),
    ("pictures", EARLY): ("replace", "on_time"),
    ("pictures", NEAR): ("keep", "too_late"),
    ("pictures", CUT_OFF): ("keep", "too_late"),
    ("start", EARLY): ("replace", "on_time"),
    ("start", NEAR): ("replace", "on_time"),
    ("start", CUT_OFF): ("keep", "too_late"),
    ("number", EARLY): ("replace", "on_time"),
    ("number", NEAR): ("replace", "clamped_late"),
    ("number", CUT_OFF): ("keep", "too_late"),
    ("rule", EARLY): ("replace", "on_time"),
    ("rule", NEAR): ("replace", "on_time"),
    ("rule", CUT_OFF): ("keep", "too_late"),
    ("quiet hours", EARLY): ("replace", "shifted_quiet_hours"),
    ("quiet hours", NEAR): ("replace", "clamped_late"),
    ("quiet hours", CUT_OFF): ("keep", "too_late"),
    ("cancelled", EARLY): ("cancel", "cancelled"),
    ("cancelled", NEAR): ("cancel", "cancelled"),
    ("cancelled", CUT_OFF): ("keep", "too_late"),
    ("removed", EARLY): ("cancel", "removed"),
    ("removed", NEAR): ("cancel", "removed"),
    ("removed", CUT_OFF): ("keep", "too_late"),
}


@pytest.mark.parametrize(("what", "before_due"), OUTCOMES, ids=str)
def test_what_becomes_of_a_parked_message_by_what_changed_and_when(what, before_due):
    """From the cut-off on everything stays; nearer than the window allows, only what would be wrong goes."""
    assert decided(what, before_due) == [OUTCOMES[what, before_due]]


UNLESS = Rule("day-before", before="24 hours", text=DAY.text, unless={"tags": ["quiet"]})


def test_only_what_waits_is_remembered_as_a_replacement():
    """Held instead of a message that was taken back, it may be late later; taken back for good, it is as any other."""
    far = evolve(WINDOW, max_lead=timedelta(hours=12))
    for (appointment, settings), expected in (
        ((told_to(hour=23), settings_of(DAY, window=far)), ("cancel", "held", True)),
        ((told_to(status="cancelled"), SETTINGS), ("cancel", "skipped", False)),
        ((told_to(tags=["quiet"]), settings_of(UNLESS)), ("cancel", "skipped", False)),
    ):
        (found,) = decide(observed_of(appointment, message_of(told_to(), SETTINGS)), settings, START)
        assert (found.change.kind.value, found.record.status.value, found.record.replacing) == expected


@pytest.mark.parametrize("before_due", [EARLY, NEAR, CUT_OFF], ids=str)
@pytest.mark.parametrize("what", CHANGES)
def test_for_want_of_room_only_a_new_message_is_held(what, before_due):
    """What is replaced, taken back or kept needs no more room than it has."""
    appointment, settings = CHANGES[what]
    (found,) = decide(observed_of(appointment, message_of(told_to(), SETTINGS)), settings, DUE - before_due)
    assert held(found) == found
    if appointment is not None and appointment.status.value != "cancelled":
        for fresh in decide(observed_of(appointment), settings, DUE - EARLY):
            assert (fresh.change.kind.value, held(fresh).change.kind.value) == ("schedule", "hold")
            assert held(fresh).change.reason is Reason.AT_CAPACITY
