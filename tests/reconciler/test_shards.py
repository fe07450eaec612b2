"""Shards: the batch job in parts. Who shares a number is in one part; what only the whole can judge is left whole."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit import Rule
from reminder_kit.errors import InvalidInputError
from reminder_kit.model.appointments import Recipient
from tests.factories import parked_texts

LATER = 12


@pytest.fixture
def booked(make_kit, appointment):
    """Return a function that books visits of different people beyond the provider's window; returns the kit."""

    def book(count=12, **options):
        kit = make_kit(**options)
        kit.record([appointment(f"A-{n}", days=LATER, hours=n, phone=f"+120255501{n:02d}") for n in range(count)])
        kit.resync()
        return kit

    return book


def rows(kit, *ids):
    """Return the numbers that the ledger gave to appointments."""
    found = kit.ledger.read(lambda reader: {record.identity.id: record.row for record in reader.records(ids=ids)})
    return [found[name] for name in ids]


def test_all_that_is_due_is_in_one_part_or_another_once_the_soonest_first(booked, sandbox):
    """No part has more than was asked for."""
    kit = booked()
    sandbox.clock.advance(days=LATER - 3)
    shards = kit.shards(most=5)
    assert [len(part) for part in shards] == [5, 5, 2]
    assert [row for part in shards for row in part] == rows(kit, *[f"A-{n}" for n in range(12)])


def test_where_nothing_is_due_there_is_no_part(booked):
    """And nothing is written by asking."""
    assert booked().shards().parts == ()


def test_who_shares_a_number_is_in_one_part_however_many_they_are(make_kit, appointment):
    """Also where one appointment with two numbers joins two others that have none in common."""
    kit = make_kit()
    far = {"days": LATER}
    kit.record([appointment(f"B-{n}", hours=n, phone=f"+120255501{n:02d}", **far) for n in range(4)])
    kit.record([appointment("B-1-again", hours=30, phone="+12025550101", **far)])
    both = [Recipient("+12025550101"), Recipient("+12025550103")]
    kit.record([appointment("B-both", hours=40, recipients=both, **far)])
    together = set(rows(kit, "B-1", "B-1-again", "B-both", "B-3"))
    found = [set(part) for part in kit.shards(most=2)]
    assert together in found
    assert sorted(row for part in found for row in part) == sorted({*together, *rows(kit, "B-0", "B-2")})


def test_the_parts_together_do_what_the_batch_job_does(booked, sandbox):
    """Each reads and works on its own appointments alone."""
    kit = booked()
    sandbox.clock.advance(days=LATER - 3)
    shards = kit.shards(most=5)
    first = kit.resync(shard=shards.parts[0])
    assert (first.summary["schedule"], first.appointments, len(sandbox.parked())) == (5, 5, 5)
    for part in shards.parts[1:]:
        assert kit.resync(shard=part).ok
    assert len(set(parked_texts(sandbox))) == 12
    assert kit.shards().parts == ()
    assert kit.status()["runs"]["resync"][0] == sandbox.clock()


def test_a_part_that_is_done_twice_changes_nothing(booked, sandbox):
    """The broker may deliver a task again."""
    kit = booked()
    sandbox.clock.advance(days=LATER - 3)
    (part, *_) = kit.shards(most=5)
    kit.resync(shard=part)
    asked = len(sandbox.requests)
    assert kit.resync(shard=part).ok
    assert len(sandbox.requests) == asked


def test_an_appointment_that_another_worker_holds_is_left_to_it(booked, sandbox):
    """Its lease is what keeps two from one."""
    kit = booked()
    sandbox.clock.advance(days=LATER - 3)
    (part, *_) = kit.shards(most=5)
    kit.ledger.submit(lambda tx: tx.claim(part[:2], "elsewhere:1:", sandbox.clock(), timedelta(minutes=1))).result()
    kit.resync(shard=part)
    assert len(sandbox.parked()) == 3


def test_rows_that_nobody_knows_are_nothing(booked):
    """A task that waited while the ledger was replaced does no harm."""
    assert booked().resync(shard=[10**9]).changes == ()


def test_a_shard_is_a_part_of_what_is_recorded(booked, appointment):
    """Nothing is handed in with it."""
    kit = booked(1)
    for options in ({"appointments": [appointment()]}, {"complete": True}, {"only_dirty": True}):
        with pytest.raises(InvalidInputError, match="a part of what is recorded"):
            kit.resync(shard=[1], **options)


# What is left whole


def cancelled(kit, appointment, sandbox):
    """All that is parked is cancelled by the host at once."""
    sandbox.clock.advance(days=LATER - 3)
    kit.resync()
    kit.record(
        [appointment(f"A-{n}", days=LATER, hours=n, phone=f"+120255501{n:02d}", status="cancelled") for n in range(12)]
    )


def test_more_than_may_go_at_once_is_left_to_one_worker_whose_guard_refuses_it(booked, sandbox, appointment):
    """In parts, none of them would see how much it is."""
    kit = booked()
    cancelled(kit, appointment, sandbox)
    assert "taken back" in kit.shards(most=5).whole
    assert kit.plan_resync().is_unsafe


def test_the_guard_judges_all_of_it_however_little_is_spread_at_once(booked, sandbox, appointment, monkeypatch):
    """Slice after slice would be little of what is parked, and in the end all would be gone."""
    monkeypatch.setattr("reminder_kit.reconciler.shards._AT_ONCE", 4)
    kit = booked()
    cancelled(kit, appointment, sandbox)
    assert "taken back" in kit.shards(most=2).whole


def test_the_next_round_has_what_is_more_than_is_spread_at_once(booked, sandbox, monkeypatch):
    """The ledger may be of any size."""
    monkeypatch.setattr("reminder_kit.reconciler.shards._AT_ONCE", 4)
    kit = booked()
    sandbox.clock.advance(days=LATER - 3)
    for _ in range(3):
        for part in kit.shards(most=2):
            assert kit.resync(shard=part).summary["schedule"] == 2
    assert (kit.shards().parts, len(sandbox.parked())) == ((), 12)


@pytest.mark.parametrize("given", [3, "12", [1.5], [1, "2"], [(1, 2)], [True], [None]], ids=repr)
def test_what_is_no_shard_is_refused(booked, given):
    """All shards at once, or a text of digits, would else be nothing, or something else."""
    kit = booked(count=1)
    with pytest.raises(InvalidInputError, match="one of the parts"):
        kit.resync(shard=given)


@pytest.mark.parametrize("most", [0, -1, "3", 2.5, True, None], ids=repr)
def test_a_size_that_is_none_is_refused(booked, most):
    """Whether anything is due or not."""
    with pytest.raises(InvalidInputError, match="one appointment at least"):
        booked(count=1).shards(most)


def test_many_that_would_hear_of_a_cancellation_are_left_to_one_worker(booked, sandbox, appointment):
    """`max_cancellations` counts them all, also where the ratio lets them go."""
    kit = booked(cancellation="{{ appointment.title }} is cancelled.", guard={"max_cancel_ratio": 1.0})
    cancelled(kit, appointment, sandbox)
    assert "told that their appointments are cancelled" in kit.shards(most=5).whole


def test_what_came_in_under_other_ids_is_left_to_one_worker(booked, sandbox, appointment):
    """Twice the same, next to what is parked: the guard sees that of all of it only."""
    kit = booked()
    sandbox.clock.advance(days=LATER - 3)
    kit.resync()
    kit.record([appointment(f"N-{n}", days=LATER, hours=n, phone=f"+120255501{n:02d}") for n in range(12)])
    assert "under another id" in kit.shards(most=5).whole


def test_what_is_new_is_spread_however_much_it_is(booked, sandbox, appointment):
    """More new appointments than are parked, of people who were told nothing."""
    kit = booked()
    sandbox.clock.advance(days=LATER - 3)
    kit.resync()
    kit.record([appointment(f"N-{n}", phone=f"+1202555{n:04d}") for n in range(1200, 1240)])
    assert len(kit.shards(most=5)) == 8


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"guard": {"max_changes": 100}}, "max_changes"),
        ({"sources": ["calendars"]}, "calendars"),
    ],
    ids=["max_changes", "calendars"],
)
def test_what_counts_for_a_run_as_a_whole_leaves_it_whole(booked, sandbox, options, why, tmp_path, monkeypatch):
    """And says why."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "calendars").mkdir()
    kit = booked(**options)
    sandbox.clock.advance(days=LATER - 3)
    assert why in kit.shards(most=5).whole


def test_a_provider_without_room_for_all_leaves_it_whole(booked, sandbox, monkeypatch):
    """Who is first is decided among all."""
    kit = booked()
    sandbox.clock.advance(days=LATER - 3)
    monkeypatch.setattr(kit.provider, "capabilities", evolve(kit.provider.capabilities, cap=10))
    assert "no room" in kit.shards(most=5).whole


def test_a_blocked_account_leaves_it_whole(booked, sandbox):
    """One reminder tries it, not one of each part."""
    kit = booked()
    sandbox.clock.advance(days=LATER - 3)
    sandbox.fault("error", times=50, method="POST", code="20100", status=403)  # of all that leave at once
    kit.resync(shard=kit.shards(most=5).parts[0])
    assert kit.ledger.read(lambda reader: reader.blockers())
    assert "blocked" in kit.shards(most=2).whole


def test_other_rules_leave_it_whole(booked, make_kit, sandbox):
    """A kit with rules that the ledger does not serve works on terms that hold for a run."""
    booked()
    sandbox.clock.advance(days=LATER - 3)
    other = make_kit([Rule("other", before="2 hours", text="See you {{ when }}.")])
    assert "other rules" in other.shards(most=5).whole
