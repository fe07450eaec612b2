"""What the host wrote and nobody followed: from when on that waits for a person."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit import Rule
from reminder_kit.model.records import Identity
from reminder_kit.planning.attention import UNREADABLE, AttentionFacts, Mark, attention_items, item_id
from reminder_kit.planning.lagging import Unfollowed, lags, leads_of
from tests.factories import START

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ONE = Unfollowed(Identity("desk", "A-1", ""), START + 3 * DAY, START, None)
DUE = ONE.start_at - DAY


def lagging(one=ONE, *, after=HOUR, leads=(DAY,), expected_every=7 * DAY):
    return lags(one, START + after, leads=leads, expected_every=expected_every)


@pytest.mark.parametrize(("after", "late"), [(DAY, False), (DAY + MINUTE, True)])
def test_a_host_that_leaves_it_to_its_batch_job_is_told_when_that_is_over_due(after, late):
    """Not before, as long as nothing becomes due meanwhile."""
    assert lagging(after=after, expected_every=DAY) is late


@pytest.mark.parametrize(("step", "late"), [(4 * MINUTE, False), (5 * MINUTE, True)])
def test_what_became_due_since_it_was_written_is_late(step, late):
    """By its rule, or as it was planned before; whoever follows has a moment for it."""
    assert lagging(after=DUE - START + step) is late
    planned = ONE._replace(next_at=START + HOUR)
    assert lagging(planned, after=HOUR + step) is late


@pytest.mark.parametrize(
    "changes",
    [{"start_at": START + DAY}, {"start_at": START + HOUR}, {"next_at": START}, {"next_at": START - HOUR}],
    ids=["due as it was written", "late as it was written", "planned for then", "planned for before"],
)
def test_what_was_late_already_is_left_to_the_batch_job(changes):
    """Who books for today, and follows once a night, is not told of each booking."""
    assert not lagging(ONE._replace(**changes), after=2 * HOUR)


def test_who_has_nobody_to_tell_is_late_only_by_what_was_planned():
    """It is off, or without a number: no reminder of it becomes due."""
    nobody = ONE._replace(tells=False)
    assert not lagging(nobody, after=DUE - START + HOUR)
    assert lagging(nobody._replace(next_at=START + HOUR), after=2 * HOUR)
    assert lagging(nobody, after=8 * DAY)


def test_how_long_before_the_start_reminders_are_due_at_the_least():
    """Of rules for all that count from the start; by the clock, as if the visit began the day."""
    rules = [
        Rule("elapsed", before="24 hours", text="x"),
        Rule("again", before="24 hours", text="y"),
        Rule("days", before="2 days", text="x"),
        Rule("clock", days_before=1, at="18:00", text="x"),
        Rule("half past", days_before=1, at="18:30", text="x"),
        Rule("morning", days_before=0, at="07:00", text="x"),
        Rule("end", before="1 hour", anchor="end", text="x"),
        Rule("after", after="1 hour", text="x"),
        Rule("tagged", before="3 hours", text="x", only={"tags": ["vip"]}),
        Rule("untagged", before="4 hours", text="x", unless={"tags": ["vip"]}),
        Rule("asked", before="5 hours", text="x", when=lambda _appointment, _recipient: True),
        Rule("tier", before="7 hours", text="x", min_booking_lead="2 days"),
    ]
    assert leads_of(rules) == (timedelta(0), 5 * HOUR + 30 * MINUTE, 6 * HOUR, DAY, 2 * DAY)


def test_all_that_lags_is_one_item_since_the_first_of_it():
    """With who they are and when they start; an appointment that can't be read is told of as that."""
    second = ONE._replace(identity=Identity("desk", "A-2", ""), since=START + HOUR)
    unread = ONE._replace(identity=Identity("desk", "A-3", ""))
    early = ONE._replace(identity=Identity("desk", "A-4", ""), since=START + 2 * DAY)
    marks = {(UNREADABLE, "desk/A-3/"): Mark(START, seen=True)}
    facts = AttentionFacts(unfollowed=[ONE, unread, second, early], marks=marks, worked_at=START, has_run=False)
    now = START + DAY + 2 * HOUR
    found = {item.kind: item for item in attention_items(facts, now, expected_every=DAY)}
    item = found["follower"]
    assert (item.id, item.since, item.next_try_at) == (item_id("follower"), START, None)
    assert [(one.key, one.identity.id, one.start_at) for one in item.affected] == [
        ("desk/A-1/", "A-1", ONE.start_at),
        ("desk/A-2/", "A-2", ONE.start_at),
    ]
    assert "`reminder-kit resync`" in item.remedy
    calm = evolve(facts, unfollowed=[early], worked_at=now)
    assert attention_items(calm, now, expected_every=DAY) == []
