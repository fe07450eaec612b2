"""What appointments and people are called, and the words they are found by."""

from __future__ import annotations

import pytest
from attrs import evolve

from reminder_kit.model.appointments import Recipient
from reminder_kit.model.names import NOBODY, Called, words_of
from reminder_kit.model.snapshots import encode
from tests.factories import NUMBER, visit


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Ada Lovelace", ("ada", "lovelace")),
        ("Müller-Lüdenscheidt, JOSÉ", ("muller", "ludenscheidt", "jose")),
        ("Straße", ("strasse",)),
        ("Ada Ada", ("ada",)),
        ("李小龙", ("李小龙",)),
        ("<b>O'Neil</b>", ("b", "o", "neil")),
        ("…", ()),
        (" ".join(f"w{number}" for number in range(20)), tuple(f"w{number}" for number in range(12))),
        ("x" * 100, ("x" * 40,)),
    ],
)
def test_people_are_found_by_words_without_case_and_accents(name, words):
    """Each word once, folded; at most twelve, and none longer than forty characters."""
    assert words_of(name) == words


def test_a_snapshot_tells_the_same_names_as_its_appointment():
    """Title and names are those of the appointment, by the person's key and by number."""
    appointment = visit("A-1", name="Ada")
    both = Recipient("+12025550177", id="P-2", name="Ben")
    appointment = evolve(appointment, recipients=(*appointment.recipients, both))
    called = Called.in_snapshot(encode(appointment))
    assert called == Called.of(appointment)
    assert called.label("P-2") == called.label("gone", "+12025550177") == "Check-up, Ben"
    assert called.label(NUMBER) == "Check-up, Ada"
    assert called.label("gone") == "Check-up"
    assert NOBODY.label(NUMBER) == ""


def test_names_stay_out_of_what_is_shown_of_a_value():
    """Neither title nor name is in the `repr`, which logs and errors may hold."""
    shown = repr(Called.of(visit("A-1")))
    assert "Ada" not in shown
    assert "Check-up" not in shown
