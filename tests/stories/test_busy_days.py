"""Busy days: a number with too many appointments in a day is told of each by itself, and together again with fewer."""

from __future__ import annotations

import pytest
from attrs import evolve

from reminder_kit import Recipient
from reminder_kit.planning import busy_days
from tests.factories import parked_texts, visit

BEN = "+12025550177"
THREE = "tomorrow: 9:00 AM Check-up (Ada), 10:00 AM Check-up (Ada), 11:00 AM Check-up (Ada)"
FOUR = [f"Check-up tomorrow at {time}" for time in ("10:00 AM", "11:00 AM", "12:00 PM", "9:00 AM")]


@pytest.fixture(autouse=True)
def three_at_most(monkeypatch):
    """More than three appointments of a number make a day busy here, so that a test needs but a few."""
    monkeypatch.setattr(busy_days, "MOST", 3)


def visits(count, **changes):
    """Return appointments of one day, an hour apart."""
    return [visit(f"V{number}", 9 + number, **changes) for number in range(count)]


def stands(kit):
    """Say whether nothing is to be done even where each appointment is decided again."""
    with kit.ledger.writing() as transaction:
        transaction.mark_dirty(identities=[record.identity for record in transaction.reader.records()])
    return not kit.plan_resync().work


def test_one_too_many_has_each_told_by_itself(evening, sandbox):
    """The one that makes a day busy takes the common message apart, in the run that brings it."""
    evening.sync(visits(3))
    assert parked_texts(sandbox) == [THREE]
    assert evening.sync(visits(4)[3]).ok
    assert parked_texts(sandbox) == FOUR
    assert stands(evening)


@pytest.mark.parametrize("known", [0, 2, 3])
def test_a_plan_tells_who_makes_a_day_busy(evening, known):
    """However many of them are recorded, and new: each is to have a message of its own."""
    evening.sync(visits(known))
    plan = evening.plan(visits(4))
    assert sorted(change.text for change in plan.changes if change.text) == FOUR
    assert {change.kind.value for change in plan.changes} <= {"schedule", "replace"}


def test_recorded_by_a_host_one_too_many_does_the_same(evening, sandbox):
    """So it is where the host only records, one after the other, and the batch job follows."""
    evening.sync(visits(2))
    for one in visits(4)[2:]:
        evening.record(one)
    evening.resync()
    assert parked_texts(sandbox) == FOUR
    assert stands(evening)


@pytest.mark.parametrize(
    "change",
    [
        lambda kit: kit.withdraw("V3"),
        lambda kit: kit.sync(visits(3), complete=True, force=True),
        lambda kit: kit.sync(visit("V3", 12, phone=BEN)),
        lambda kit: kit.sync(evolve(visits(4)[3], recipients=[Recipient(BEN, id="1", name="Ada")])),
        lambda kit: kit.sync(visit("V3", 12, day=4)),
        lambda kit: kit.record(visit("V3", 12, day=4)) or kit.resync(),
    ],
    ids=["withdrawn", "vanished", "of another number", "of another person", "moved", "moved and only recorded"],
)
def test_where_one_leaves_a_busy_day_the_others_are_told_together(evening, sandbox, change):
    """Whoever leaves a day that is busy by one has the others told together again, in the same run."""
    evening.sync(visits(4))
    change(evening)
    assert THREE in parked_texts(sandbox)
    assert not {f"Check-up tomorrow at {time}" for time in ("9:00 AM", "10:00 AM", "11:00 AM")} & {
        *parked_texts(sandbox)
    }
    assert stands(evening)


def test_the_day_after_a_busy_one_is_told_together(evening, sandbox):
    """A busy day takes nothing from the days beside it."""
    evening.sync([*visits(4), *(evolve(one, id=f"N{one.id}") for one in visits(2, day=3))])
    assert parked_texts(sandbox) == [*FOUR, "tomorrow: 9:00 AM Check-up (Ada), 10:00 AM Check-up (Ada)"]
    assert stands(evening)


def test_one_of_a_busy_day_concerns_no_other(evening, sandbox):
    """Of a busy day one is edited, and none of the others is looked at for it."""
    evening.sync(visits(6))
    plan = evening.plan(visit("V2", 11, title="Cleaning"))
    assert [change.identity.id for change in plan.changes] == ["V2"]
    report = evening.apply(plan)
    assert [(change.identity.id, change.kind) for change in report.changes] == [("V2", "replace")]
    assert evening.sync(visit("V6", 15)).summary["schedule"] == 1
    assert len(parked_texts(sandbox)) == 7
    assert stands(evening)
