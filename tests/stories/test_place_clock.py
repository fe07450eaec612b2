"""Texts that once went by their reader's clock go by the place's: those whose words change, and under the guard."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from reminder_kit import Appointment, Recipient, Rule
from reminder_kit.errors import UnsafePlanError
from tests.factories import NEW_YORK, at_rest, parked_texts

STARTS = datetime(2026, 2, 12, 10, tzinfo=NEW_YORK)
BEFORE, NOW = (
    Rule("day", before="24 hours", text="At {{ appointment.starts_at | time }}", clock=clock)
    for clock in ("reader", None)
)


def visits(travellers, others):
    """Return appointments on site of people who are in Los Angeles, and of people who are not."""
    zones = ["America/Los_Angeles"] * travellers + [None] * others
    return [
        Appointment(
            f"A-{number}",
            STARTS + timedelta(minutes=15 * number),
            recipients=[Recipient(f"+120255501{number:02}", timezone=zone)],
            location="12 Harbour Street",
        )
        for number, zone in enumerate(zones)
    ]


def test_only_texts_whose_words_change_are_replaced(make_kit, sandbox):
    """Three of twelve people travel; the others' messages stay as they are, and the next run finds nothing to do."""
    make_kit([BEFORE]).sync(visits(3, 9))
    before = {message.id for message in sandbox.parked()}
    kit = make_kit([NOW])
    report = kit.resync()
    assert report.summary["replace"] == 3
    assert len(before & {message.id for message in sandbox.parked()}) == 9
    assert parked_texts(sandbox)[:2] == ["At 10:00 AM", "At 10:15 AM"]
    assert at_rest(kit)


def test_the_guard_counts_them_on_the_first_run(make_kit, sandbox):
    """Nobody edited a text, so that more than half of them is for a person to look at first."""
    make_kit([BEFORE]).sync(visits(7, 5))
    kit = make_kit([NOW])
    with pytest.raises(UnsafePlanError, match=r"7 of 12 .*, 7 of them since texts go by the clock of the place now"):
        kit.resync()
    assert kit.resync(force=True).summary["replace"] == 7
    assert at_rest(kit)


def test_an_edit_of_the_words_is_no_matter_for_the_guard(make_kit):
    """As before: other words of the same rules take over at once."""
    make_kit([BEFORE]).sync(visits(12, 0))
    report = make_kit([Rule("day", before="24 hours", text="See you at {{ appointment.starts_at | time }}")]).resync()
    assert report.summary["replace"] == 12


def test_explain_says_whose_clock_it_is_and_why(make_kit):
    """The place's, for its location; or as the rule says."""
    kit = make_kit([NOW, Rule("own", before="2 hours", text="x", clock="reader")])
    kit.sync(visits(1, 0))
    first, second = kit.explain("A-0").reminders
    assert "by the place's clock, America/New_York, since it has a location" in str(first.steps)
    assert 'by the reader\'s clock, America/Los_Angeles, as clock = "reader" says' in str(second.steps).replace(
        "\\", ""
    )
