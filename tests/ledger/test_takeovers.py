"""An appointment under another id: its row, reminders and messages have that name, on every database."""

from __future__ import annotations

from datetime import timedelta

from attrs import evolve

from reminder_kit.model.messages import Included
from reminder_kit.model.records import HistoryEntry, Identity
from reminder_kit.rules.reminders import reminder_key
from reminder_kit.testing.ledger_stage import NOW, as_recorded, claim_all, incoming, message, outcome, record_all

OLD, NEW = Identity("default", "A-1"), Identity("default", "B-7")


def park_one(ledger, id="A-1"):
    """Return a recorded appointment, a claim on it, and its message, under the key that a plan computes."""
    (record,) = record_all(ledger, incoming(id))
    claim = claim_all(ledger, [record.row])[record.row]
    key = reminder_key("default", *record.identity, "day-before", "p-1")
    made = message(f"m-{id}", key)
    with ledger.writing() as transaction:
        transaction.create_message(claim, made, rule="day-before", recipient="p-1")
        transaction.keep_outcomes(claim, [outcome(key)])
    return record, claim, made


def take_over(ledger, *pairs):
    with ledger.writing() as transaction:
        transaction.take_over(pairs or [(OLD, NEW)], NOW + timedelta(hours=1))


def test_reminders_and_messages_go_with_their_appointment(ledger):
    """What was parked under the old id is found under the new one, by the key that a plan computes for it."""
    park_one(ledger)
    before = as_recorded(ledger)
    take_over(ledger)
    after = as_recorded(ledger, "B-7")
    assert ledger.read(lambda reader: reader.recorded([OLD])) == {}
    assert (after.row, after.identity, after.revision) == (before.row, NEW, ("", ""))
    assert [message.id for message in after.messages] == [message.id for message in before.messages]
    expected = [reminder_key("default", *NEW, one.rule, one.recipient) for one in after.outcomes]
    assert [one.key for one in after.outcomes] == expected
    assert {message.key for message in after.messages} <= set(expected)


def test_an_id_that_is_known_by_now_takes_nothing_over(ledger):
    """Another process may have recorded the new id meanwhile, or removed the old one: nothing is changed then."""
    for name in ("A-1", "A-2"):
        park_one(ledger, name)
    removed = Identity("default", "A-2")
    with ledger.writing() as transaction:
        transaction.record([incoming("B-7")], NOW)
        transaction.remove([removed], NOW)
    take_over(
        ledger, (OLD, NEW), (removed, Identity("default", "C")), (Identity("default", "gone"), Identity("default", "D"))
    )
    assert [as_recorded(ledger, name).identity.id for name in ("A-1", "A-2", "B-7")] == ["A-1", "A-2", "B-7"]
    unknown = [Identity("default", "C"), Identity("default", "D")]
    assert ledger.read(lambda reader: reader.recorded(unknown)) == {}


def test_an_appointment_that_somebody_works_on_keeps_its_id(ledger):
    """A worker that holds a claim writes under the keys it knows: it is not taken over before that ends."""
    record, *_ = park_one(ledger)
    with ledger.writing() as transaction:
        transaction.claim([record.row], "worker", NOW + timedelta(hours=1), timedelta(minutes=1))
    take_over(ledger)
    assert as_recorded(ledger).identity == OLD


def test_messages_that_include_a_reminder_include_it_under_its_new_key(ledger):
    """What is told in another appointment's message stays so, also where that keeps its own id."""
    (other, claim, made), _ = park_one(ledger, "B-1"), park_one(ledger)
    (key,) = [one.key for one in as_recorded(ledger).outcomes]
    told = (Included(key, NOW), Included("k-9", NOW))
    with ledger.writing() as transaction:
        transaction.move_message(claim, made, evolve(made, includes=told))
    take_over(ledger)
    (after,) = as_recorded(ledger, "B-7").outcomes
    (telling,) = as_recorded(ledger, other.identity.id).messages
    assert after.key != key
    assert telling.includes == (Included(after.key, NOW), Included("k-9", NOW))


def test_history_goes_with_its_appointment(ledger):
    """What happened under the old id is told of the new one, by the keys its reminders have now; nobody else's is."""
    park_one(ledger)
    before = ledger.read(lambda reader: reader.history(id="A-1"))
    take_over(ledger)
    after = ledger.read(lambda reader: reader.history(id="B-7"))
    assert ledger.read(lambda reader: reader.history(id="A-1")) == []
    assert [(entry.at, entry.event, bool(entry.key)) for entry in after] == [
        (entry.at, entry.event, bool(entry.key)) for entry in before
    ]
    assert {entry.key for entry in after} - {""} <= {one.key for one in as_recorded(ledger, "B-7").outcomes}


def test_history_of_an_occurrence_goes_with_it(ledger):
    """Under the start that it is known by now; that of other occurrences stays theirs."""
    old, stays = (Identity("default", "S", day) for day in ("2026-03-02T09:00:00Z", "2026-03-09T09:00:00Z"))
    new = Identity("default", "S", "2026-03-03T09:00:00Z")
    for identity in (old, stays):
        record_all(ledger, incoming("S", recurrence_id=identity.recurrence_id))
        with ledger.writing() as transaction:
            transaction.note([HistoryEntry(at=NOW, actor="sync", event="seen", identity=identity)])
    take_over(ledger, (old, new))
    seen = [entry.identity for entry in ledger.read(lambda reader: reader.history(id="S")) if entry.event == "seen"]
    assert seen == [new, stays]
