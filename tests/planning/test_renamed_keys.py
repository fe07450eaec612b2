"""Renamed keys: what a reminder is known by once its appointment is called otherwise."""

from __future__ import annotations

import pytest

from reminder_kit.model.records import Identity
from reminder_kit.planning.again import again_id, again_key
from reminder_kit.planning.cancellation import CANCELLATION, cancellation_key, shared_key
from reminder_kit.planning.correction import correction_id, correction_key
from reminder_kit.planning.fallback import fallback_id, fallback_key
from reminder_kit.planning.renamed_keys import renamed_key
from reminder_kit.rules.reminders import placed_key, reminder_key
from tests.factories import NUMBER

OLD, NEW = Identity("desk", "a"), Identity("desk", "b", "2026-02-12T15:00:00Z")


@pytest.mark.parametrize(
    ("rule", "derived"),
    [
        pytest.param("day", str, id="a reminder"),
        pytest.param(fallback_id("day"), fallback_key, id="its fallback"),
        pytest.param(correction_id("day"), correction_key, id="its correction"),
        pytest.param(again_id("day", 1), lambda key: again_key(key, 1), id="sent again"),
        pytest.param(again_id("day", 3), lambda key: again_key(key, 3), id="sent again for the third time"),
    ],
)
def test_what_is_derived_of_a_reminder_is_derived_of_its_new_key(rule, derived):
    """A fallback, a correction and what is sent again keep their parts under the new identity."""
    old, new = (reminder_key("default", *identity, "day", "p-1") for identity in (OLD, NEW))
    assert renamed_key("default", OLD, NEW, derived(old), rule, "p-1") == derived(new)


def test_a_rule_may_be_called_as_what_is_derived_is():
    """A host's own rule "day-correction" is no correction of "day"."""
    old, new = (reminder_key("default", *identity, "day-correction", "p-1") for identity in (OLD, NEW))
    assert renamed_key("default", OLD, NEW, old, "day-correction", "p-1") == new


def test_a_cancellation_is_the_appointments():
    """Whom a cancellation is told is known by the appointment and the person."""
    key = cancellation_key(OLD, "p-1")
    assert renamed_key("default", OLD, NEW, key, CANCELLATION, "p-1") == cancellation_key(NEW, "p-1")


@pytest.mark.parametrize("place", [2, 7])
def test_of_several_people_of_one_id_each_keeps_what_is_theirs(place):
    """By their place among the recipients, and of a cancellation by their number."""
    old, new = (reminder_key("default", *identity, "day", placed_key("p-1", place)) for identity in (OLD, NEW))
    assert renamed_key("default", OLD, NEW, old, "day", "p-1", NUMBER) == new
    assert renamed_key("default", OLD, NEW, fallback_key(old), fallback_id("day"), "p-1") == fallback_key(new)
    told, tells = (cancellation_key(identity, shared_key("p-1", NUMBER)) for identity in (OLD, NEW))
    assert renamed_key("default", OLD, NEW, told, CANCELLATION, "p-1", NUMBER) == tells
    assert renamed_key("default", OLD, NEW, told, CANCELLATION, "p-1") == told


def test_a_key_that_was_made_otherwise_stays():
    """Nothing is guessed of a key that no rule of its row makes."""
    assert renamed_key("default", OLD, NEW, "0" * 32, "day", "p-1") == "0" * 32
