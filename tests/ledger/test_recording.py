"""How what is recorded and what comes in decide together what is written, over all their combinations."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest

from reminder_kit.model.appointments import Recipient
from reminder_kit.model.as_of import Written
from reminder_kit.model.messages import Included
from reminder_kit.model.records import SNAPSHOT, HistoryEntry, Identity, RecordResult
from reminder_kit.model.revisions import SeriesRevision
from reminder_kit.rules.reminders import reminder_key
from reminder_kit.testing.ledger_stage import (
    LEASE,
    NOW,
    as_recorded,
    claim_all,
    identities,
    incoming,
    message,
    outcome,
    record_all,
)

MINUTE = timedelta(minutes=1)
REVISIONS = [
    None,
    1,
    2,
    NOW,
    SeriesRevision((2, 0), (2, 0)),
    SeriesRevision((2, 0), (3, 0)),
    SeriesRevision(None, (2, 5)),
]
AS_OF = [None, NOW - MINUTE, NOW, NOW + MINUTE]


def compared(recorded, coming):
    """Return whether a revision is newer (1), older (-1) or the same (0) as a recorded one; None: nobody can say."""
    if type(recorded) is not type(coming) or recorded is None:
        return None
    if not isinstance(coming, SeriesRevision):
        return (coming > recorded) - (coming < recorded)
    if coming.master is None:
        return (coming.own > recorded.own) - (coming.own < recorded.own)
    if recorded.master is None:
        return None
    return (coming.master > recorded.master) - (coming.master < recorded.master)


def expected(recorded, coming, same, as_of, removed):
    """Return what recording answers: revisions decide, then the time; what was removed has none any more."""
    if same and not removed:
        return RecordResult.UNCHANGED
    order = None if removed else compared(recorded, coming)
    is_newer = order == 1
    if order == -1 or (not is_newer and as_of is not None and as_of < NOW):
        return RecordResult.STALE
    return RecordResult.CHANGED


@pytest.mark.parametrize("removed", [False, True], ids=["there", "removed"])
@pytest.mark.parametrize("same", [False, True], ids=["changed", "the same"])
def test_every_revision_meets_every_other(ledger, same, removed):
    """As numbers, instants and series compare; with an instant of reading, where they say nothing that decides."""
    cases = list(product(REVISIONS, REVISIONS, AS_OF))
    record_all(ledger, *(incoming(f"A-{place}", revision=case[0]) for place, case in enumerate(cases)))
    if removed:
        with ledger.writing() as tx:
            gone = [Identity("default", f"A-{place}") for place in range(len(cases))]
            assert sorted(tx.remove(gone, NOW)) == sorted(gone)
    title = "Check-up" if same else "Cleaning"
    for as_of in AS_OF:
        chosen = [(place, case) for place, case in enumerate(cases) if case[2] == as_of]
        coming = [incoming(f"A-{place}", revision=case[1], title=title) for place, case in chosen]
        with ledger.writing() as tx:
            found = tx.record(coming, NOW + LEASE, as_of=as_of)
        assert found == [expected(*case[:2], same, as_of, removed) for _, case in chosen]
    after = {record.identity.id: record for record in ledger.read(lambda reader: list(reader.records()))}
    for place, (recorded, coming, as_of) in enumerate(cases):
        result, record = expected(recorded, coming, same, as_of, removed), after[f"A-{place}"]
        given = incoming(f"A-{place}", revision=coming, title=title)
        if result is RecordResult.CHANGED:
            assert (record.snapshot, record.revision, record.recorded_at) == (given.snapshot, given.order, NOW + LEASE)
            assert (record.generation, record.removed, record.dirty) == (3 if removed else 2, False, True)
        else:
            before = incoming(f"A-{place}", revision=None if removed else recorded)
            kept = before.order
            if result is RecordResult.UNCHANGED and given.order[0]:
                if (kept[0], given.order[0]) == ("m", "o"):
                    continue
                is_grown = given.order[0] != kept[0]
                kept = given.order if is_grown or compared(recorded, coming) == 1 else kept
            assert (record.snapshot, record.revision, record.recorded_at) == (before.snapshot, kept, NOW)
            assert (record.generation, record.removed) == (2 if removed else 1, removed)


@pytest.mark.parametrize("note", [False, True])
@pytest.mark.parametrize("as_of", [None, MINUTE], ids=["now", "as of then"])
def test_what_is_handed_in_again_is_noted_only_where_that_is_asked_for(ledger, note, as_of):
    """As of the instant that is named, else of now; the revision stays."""
    record_all(ledger, incoming(revision=3))
    with ledger.writing() as tx:
        given = {"as_of": None if as_of is None else NOW + as_of, "note": note}
        assert tx.record([incoming(revision=3)], NOW + 2 * MINUTE, **given) == [RecordResult.UNCHANGED]
    record = as_recorded(ledger)
    noted = NOW + (2 * MINUTE if as_of is None else as_of)
    assert (record.recorded_at, record.revision) == (noted if note else NOW, incoming(revision=3).order)


def test_a_newer_complete_snapshot_of_a_source_leaves_nothing_to_an_older_one(ledger):
    """Neither what is unknown nor what was changed; what is unchanged is so, and of another source all is taken."""
    record_all(ledger, incoming("A"), incoming("B"), incoming("C", source="web"))
    with ledger.writing() as tx:
        tx.mark_run(f"{SNAPSHOT}default", NOW + 3 * MINUTE, {})
        tx.mark_run("resync", NOW + 9 * MINUTE, {})
        tx.mark_run(f"{SNAPSHOT}web", NOW + 2 * MINUTE, {})
    coming = [incoming("A"), incoming("B", title="x"), incoming("D"), incoming("C", source="web", title="x")]
    with ledger.writing() as tx:
        assert tx.reader.snapshots() == {"default": NOW + 3 * MINUTE, "web": NOW + 2 * MINUTE}
        assert tx.reader.overtaken(NOW + 2 * MINUTE, NOW) == {"default"}
        assert tx.record(coming, NOW + 4 * MINUTE, as_of=NOW + 2 * MINUTE) == [
            RecordResult.UNCHANGED,
            RecordResult.STALE,
            RecordResult.STALE,
            RecordResult.CHANGED,
        ]
        assert tx.record([incoming("D")], NOW + 4 * MINUTE) == [RecordResult.NEW]


def test_many_are_answered_in_their_order_and_written_once_each(ledger):
    """Also where one comes twice, the second meets the first; an empty list has no answers."""
    first = [incoming(f"A-{place}") for place in (3, 1, 2)]
    again = incoming("A-1", title="Cleaning")
    with ledger.writing() as tx:
        assert tx.record([], NOW) == []
        found = tx.record([*first, again, incoming("A-4"), again], NOW)
    assert found == [RecordResult.NEW] * 3 + [RecordResult.CHANGED, RecordResult.NEW, RecordResult.UNCHANGED]
    records = ledger.read(lambda reader: list(reader.records()))
    assert {record.identity.id: record.generation for record in records} == {"A-1": 2, "A-2": 1, "A-3": 1, "A-4": 1}


def test_the_numbers_and_names_of_everybody_are_listed(ledger):
    """With the start; of several people all, and once each; the words of a changed name take the place of the old."""
    people = [
        Recipient("+12025550123", name="Ada"),
        Recipient("+12025550124", name="Ben", email="ben@clinic.example"),
        Recipient("+12025550123", name="Cy", id="p-3"),
    ]
    (record,) = record_all(ledger, incoming(recipients=people))
    numbers = {name for person in people for name in person.addresses}
    found = ledger.read(lambda reader: reader.phones([record.row]))[record.row]
    assert sorted(found) == sorted((number, record.start_at) for number in numbers)
    assert ledger.read(lambda reader: [reader.looks.named(name) for name in ("ada", "ben", "cy")]) == [[record.row]] * 3
    record_all(ledger, incoming(recipients=[Recipient("+12025550124", name="Dora")]))
    assert ledger.read(lambda reader: [reader.looks.named(name) for name in ("ada", "ben", "dora")]) == [
        [],
        [],
        [record.row],
    ]


def test_what_is_stale_lists_nobody(ledger):
    """Neither its numbers nor its names."""
    record_all(ledger, incoming(revision=2))
    (record,) = record_all(ledger, incoming(revision=1, recipients=[Recipient("+12025550124", name="Zoe")]))
    assert [number for number, _ in ledger.read(lambda reader: reader.phones([record.row]))[record.row]] == [
        "+12025550123"
    ]
    assert ledger.read(lambda reader: reader.looks.named("zoe")) == []


def test_a_start_that_moves_forgets_the_reply_and_one_that_stays_keeps_it(ledger):
    """Whatever else was changed."""
    record_all(ledger, incoming())
    with ledger.writing() as tx:
        tx.reply(incoming().identity, "confirm")
        tx.reply(incoming("B").identity, "cancel")
    record_all(ledger, incoming(title="Cleaning"))
    assert as_recorded(ledger).replied == "confirm"
    record_all(ledger, incoming(starts_at=NOW + MINUTE))
    assert as_recorded(ledger).replied == ""


# Removal


def test_removal_by_name_and_as_seen_is_told_of_each(ledger):
    """What was written since it was seen is left; what is gone, unknown or purged is not named; others stay."""
    records = {one.identity.id: one for one in record_all(ledger, *(incoming(f"A-{place}") for place in range(6)))}
    with ledger.writing() as tx:
        tx.remove([records["A-5"].identity], NOW)
    seen = {
        records["A-0"].identity: records["A-0"].written,
        records["A-1"].identity: records["A-1"].written._replace(fingerprint="other"),
        records["A-2"].identity: records["A-2"].written._replace(recorded_at=NOW - timedelta(microseconds=1)),
        records["A-5"].identity: records["A-5"].written,
    }
    asked = [*(records[f"A-{place}"].identity for place in (3, 2, 1, 0, 5)), Identity("default", "nobody")]
    with ledger.writing() as tx:
        assert tx.remove(asked, NOW + LEASE, seen=seen) == [records["A-3"].identity, records["A-0"].identity]
    after = {one.identity.id: one for one in ledger.read(lambda reader: list(reader.records()))}
    assert {name for name, one in after.items() if one.removed} == {"A-0", "A-3", "A-5"}
    assert {name: one.recorded_at - NOW for name, one in after.items() if one.recorded_at != NOW} == {
        "A-0": LEASE,
        "A-3": LEASE,
    }
    with ledger.writing() as tx:
        assert tx.remove([], NOW) == []


def test_what_was_seen_is_known_by_digest_and_time(ledger):
    """`Written` says what the ledger holds."""
    (record,) = record_all(ledger, incoming())
    assert record.written == Written(record.identity, incoming().fingerprint, False, NOW)


# Taking over


def under(identity, rule="day-before", who="p-1"):
    return reminder_key("default", *identity, rule, who)


def test_all_that_belongs_to_an_appointment_is_taken_over(ledger):
    """Reminders, messages, history and what other messages include, by their new keys; a pair that can't be, is not."""
    pairs = [
        (Identity("default", "A-1"), Identity("default", "B-1", "2026-02-12T15:00:00Z")),
        (Identity("default", "A-2"), Identity("default", "B-2")),
        (Identity("default", "A-9"), Identity("default", "B-9")),
    ]
    olds, news = [old for old, _ in pairs[:2]], [new for _, new in pairs[:2]]
    records = record_all(ledger, incoming("A-1", revision=3), incoming("A-2"), incoming("A-3"))
    claims = claim_all(ledger, [record.row for record in records])
    with ledger.writing() as tx:
        for record in records:
            key = under(record.identity)
            tx.keep_outcomes(
                claims[record.row], [outcome(key), *[outcome("odd", rule="", recipient="")] * (record.row == 1)]
            )
            told = tuple(Included(under(one.identity), one.start_at) for one in records if one is not record)
            made = message(f"m-{record.row}", key, includes=told)
            tx.create_message(claims[record.row], made, rule="day-before", recipient="p-1")
            tx.note([HistoryEntry(NOW, "sync", "schedule", record.identity, key, "day-before")])
            tx.note([HistoryEntry(NOW, "sync", "seen", record.identity)])
    with ledger.writing() as tx:
        tx.take_over(pairs, NOW + LEASE + MINUTE)
    after = {one.row: one for one in ledger.read(lambda reader: list(reader.records()))}
    names = {records[0].row: news[0], records[1].row: news[1], records[2].row: records[2].identity}
    assert {row: one.identity for row, one in after.items()} == names
    assert after[1].revision == after[2].revision == ("", "")
    for row, one in after.items():
        assert under(names[row]) in {each.key for each in one.outcomes}
        (made,) = one.messages
        assert made.key == under(names[row])
        assert {included.key for included in made.includes} == {
            under(name) for other, name in names.items() if other != row
        }
        told = ledger.read(lambda reader, row=row: reader.history(id=names[row].id))
        assert [(line.identity, line.key) for line in told] == [(names[row], under(names[row])), (names[row], "")]
    assert ledger.read(lambda reader: [reader.history(id=old.id) for old in olds]) == [[], []]


@pytest.mark.parametrize(
    ("late", "taken"), [(-timedelta(microseconds=1), False), (timedelta(0), True), (timedelta(microseconds=1), True)]
)
def test_who_is_at_work_keeps_the_name_until_the_lease_is_over(ledger, late, taken):
    """At its very end it is over, as for whoever claims."""
    (record,) = record_all(ledger, incoming())
    claim_all(ledger, [record.row])
    with ledger.writing() as tx:
        tx.take_over([(record.identity, Identity("default", "B-1"))], NOW + LEASE + late)
    found = ledger.read(lambda reader: reader.rows(identities([incoming("A-1"), incoming("B-1")])))
    assert [identity.id for identity in found] == ["B-1" if taken else "A-1"]
