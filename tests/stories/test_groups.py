"""Groups: an appointment is worked on with all that share its number, by one worker at a time, all of them or none."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from reminder_kit.ledger.ledger import Ledger
from tests.factories import APART, BOTH, EVENING, START, at_rest, parked_texts, visit

ELSEWHERE = "elsewhere:1:1:x"  # a worker of another machine, of which nobody knows whether it lives


def records(kit):
    """Return what is recorded, by id, but for how often it was claimed."""
    found = kit.ledger.read(lambda reader: list(reader.records()))
    return {record.identity.id: record for record in found}


def claim_elsewhere(kit, name):
    with kit.ledger.writing() as transaction:
        assert transaction.claim([records(kit)[name].row], ELSEWHERE, START, timedelta(minutes=1))


def give_back(kit):
    with kit.ledger.writing() as transaction:
        assert transaction.expire([ELSEWHERE], [record.row for record in records(kit).values()]) == 1


@pytest.mark.parametrize("held", ["A", "C"], ids=["told with it", "two days away"])
def test_while_another_holds_one_of_a_group_none_of_it_is_touched(evening, sandbox, held):
    """The batch job leaves the whole group to whoever holds one of it, and finishes it once that is given back."""
    evening.sync([visit("A"), visit("C", day=4)])
    before = parked_texts(sandbox)
    claim_elsewhere(evening, held)
    evening.record(visit("B", 11))
    assert evening.resync().ok
    assert parked_texts(sandbox) == before
    give_back(evening)
    assert evening.resync().ok
    assert parked_texts(sandbox) == ["Check-up tomorrow at 9:00 AM", BOTH]
    assert at_rest(evening)


def test_who_shares_no_number_is_worked_on_meanwhile(evening, sandbox):
    """Only the group waits: everybody else is told."""
    evening.sync(visit("A"))
    claim_elsewhere(evening, "A")
    evening.record([visit("B", 11), visit("D", 11, phone="+12025550177")])
    assert evening.resync().ok
    assert parked_texts(sandbox) == APART


def test_a_call_that_waits_says_which_it_could_not_finish(make_kit, monkeypatch):
    """A host's call waits a while for the group, then names the appointment; the next run finishes it."""
    monkeypatch.setattr("reminder_kit.reconciler.executor._PATIENCE", 0.0)
    kit = make_kit([EVENING])
    kit.sync(visit("A"))
    claim_elsewhere(kit, "A")
    (failed,) = kit.sync(visit("B", 11)).failed
    assert failed.identity.id == "A"
    assert "another worker holds" in failed.error
    give_back(kit)
    kit.resync()
    assert at_rest(kit)


def test_who_was_only_claimed_with_others_is_left_as_it_was(evening):
    """One of the day after is claimed with the edited one: nothing of it is written, nor is it held any longer."""
    evening.sync([visit("A"), visit("B", 11), visit("C", day=3)])
    before = records(evening)
    report = evening.sync(visit("A", title="Cleaning"))
    assert {change.identity.id for change in report.changes if change.outcome} == {"A"}
    assert records(evening)["C"] == before["C"]
    assert evening.status()["claimed"] == 0


def test_what_a_dead_process_held_of_a_group_is_taken_over(evening, sandbox, monkeypatch):
    """A holder that is certainly dead keeps no group waiting."""
    evening.sync(visit("A"))
    claim_elsewhere(evening, "A")
    monkeypatch.setattr("reminder_kit.reconciler.claimed.is_dead", lambda owner: owner == ELSEWHERE)
    assert evening.sync(visit("B", 11)).ok
    assert parked_texts(sandbox) == [BOTH]


def test_who_was_recorded_by_an_older_library_is_of_the_group_too(evening, sandbox):
    """An older library, still at work on the same ledger, lists no numbers: whoever claims first lists them."""
    evening.sync(visit("A"))
    evening.record(visit("B", 11))
    row = records(evening)["B"].row
    with evening.ledger._database.writing() as connection:
        connection.exec_driver_sql(f"DELETE FROM reminder_kit_phones WHERE row_id = {row}")
    assert evening.resync().ok
    assert parked_texts(sandbox) == [BOTH]
    assert row in evening.ledger.read(lambda reader: reader.phones([row]))
    assert at_rest(evening)


def book_at_once(kits, visits):
    """Have each kit sync the visits one by one at the same time as the others, in an order of its own."""
    start, failed = threading.Barrier(len(kits)), []

    def book(kit, turn):
        start.wait()
        for one in [*visits[turn:], *visits[:turn]]:
            failed.extend(kit.sync(one).failed)

    turns = [number * len(visits) // len(kits) for number in range(len(kits))]
    threads = [threading.Thread(target=book, args=pair) for pair in zip(kits, turns, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failed


@pytest.mark.parametrize(
    "place", ["sqlite_url", pytest.param("postgres_url", marks=pytest.mark.slow)], ids=["sqlite", "postgresql"]
)
def test_workers_whose_groups_meet_tell_everybody_once(make_kit, sandbox, request, place):
    """Three workers book the same days at once, whose groups overlap: none waits forever, and each is told once."""
    url = request.getfixturevalue(place)
    ledger = Ledger(url)
    ledger.upgrade()
    ledger.close()
    kits = [make_kit([EVENING], ledger=url) for _ in range(3)]
    visits = [visit(f"V{day}-{hour}", hour, day=day) for day in (1, 2, 3) for hour in (9, 11)]
    assert book_at_once(kits, visits) == []
    assert kits[0].resync().ok
    assert parked_texts(sandbox) == [BOTH] * 3
    assert at_rest(kits[0])
    with kits[0].ledger.writing() as transaction:
        transaction.mark_dirty(identities=[record.identity for record in records(kits[0]).values()])
    assert not kits[0].plan_resync().work


def test_who_can_t_have_the_whole_group_keeps_nothing_of_it(evening, sandbox):
    """A row that an older library wrote shows its group only once it is claimed: it is given back at once."""
    evening.sync(visit("A"))
    evening.record(visit("B", 11))
    row = records(evening)["B"].row
    with evening.ledger._database.writing() as connection:
        connection.exec_driver_sql(f"DELETE FROM reminder_kit_phones WHERE row_id = {row}")
    claim_elsewhere(evening, "A")
    evening.resync()
    give_back(evening)
    assert evening.status()["claimed"] == 0
    evening.resync()
    assert parked_texts(sandbox) == [BOTH]
