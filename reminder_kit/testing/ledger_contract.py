"""What our own two ledgers, SQLite and PostgreSQL, are both held to, as tests.

Ours: a kit takes no other ledger, and the port that these tests speak to will change with the work on speed.
Never looks inside a ledger: it writes and asks through that port only.

A subclass runs them on what its fixture `ledger` returns, an empty ledger with its tables:

    class TestSqlite(LedgerContract):
        @pytest.fixture
        def ledger(self): ...
"""
# ruff: noqa: S101, S106, PT012 - its assertions are the contract; tokens are no passwords; transactions fail in the end

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from attrs import evolve

from reminder_kit.errors import ClaimLostError
from reminder_kit.ledger.ledger import Ledger
from reminder_kit.model.lifecycle import State
from reminder_kit.model.messages import DeliveryEvent
from reminder_kit.model.places import Place
from reminder_kit.model.records import (
    SNAPSHOT,
    Claim,
    HistoryEntry,
    Identity,
    RecordResult,
    Release,
    ReminderStatus,
)
from reminder_kit.model.rule_sets import RuleSet, RuleSetRecord
from reminder_kit.testing.consent_contract import ConsentContract
from reminder_kit.testing.ledger_stage import (
    LEASE,
    NOW,
    PHONE,
    START,
    as_recorded,
    barred,
    claim_all,
    identities,
    incoming,
    message,
    outcome,
    park_one,
    record_all,
    record_one,
)
from reminder_kit.testing.phones_contract import PhonesContract

__all__ = ["LEASE", "NOW", "PHONE", "LedgerContract", "incoming", "message", "outcome"]


class _Recording:
    """How appointments are recorded and removed."""

    def test_what_is_recorded_comes_back_as_it_was(self, ledger: Ledger) -> None:
        """A record holds snapshot, start, revision and time of recording, to the microsecond."""
        given = incoming(revision=7, recurrence_id="2026-02-12T15:00:00Z")
        (record,) = record_all(ledger, given)
        assert record.appointment == evolve(given.appointment, revision=None)
        assert (record.snapshot, record.fingerprint) == (given.snapshot, given.fingerprint)
        assert (record.start_at, record.recorded_at, record.revision) == (START, NOW, given.order)
        assert (record.generation, record.dirty, record.removed, record.next_at) == (1, True, False, None)
        assert (record.outcomes, record.messages) == ((), ())

    def test_each_is_answered_in_order(self, ledger: Ledger) -> None:
        """Recording answers new, changed, unchanged or stale for each appointment, within one batch too."""
        first, second = incoming(revision=1), incoming("A-2")
        with ledger.writing() as transaction:
            assert transaction.record([first, second, second], NOW) == [
                RecordResult.NEW,
                RecordResult.NEW,
                RecordResult.UNCHANGED,
            ]
        batch = [incoming(revision=3, title="Cleaning"), second, incoming(revision=2, title="Late"), incoming("A-3")]
        with ledger.writing() as transaction:
            assert transaction.record(batch, NOW) == [
                RecordResult.CHANGED,
                RecordResult.UNCHANGED,
                RecordResult.STALE,
                RecordResult.NEW,
            ]
        assert as_recorded(ledger).appointment.title == "Cleaning"

    def test_the_last_of_a_batch_stands(self, ledger: Ledger) -> None:
        """Several saves of one appointment in one transaction leave the last."""
        record_all(ledger, incoming(title="one"), incoming(title="two"), incoming(title="three"))
        assert as_recorded(ledger).appointment.title == "three"

    def test_nothing_is_written_for_what_is_unchanged(self, ledger: Ledger) -> None:
        """The same appointment, later, changes neither generation nor time of recording."""
        (before,) = record_all(ledger, incoming())
        (after,) = record_all(ledger, incoming(), at=NOW + timedelta(hours=1))
        assert after == before

    def test_a_grown_revision_is_stored_without_work(self, ledger: Ledger) -> None:
        """Nothing but the revision changes, and older ones are then stale."""
        (before,) = record_all(ledger, incoming(revision=1))
        (after,) = record_all(ledger, incoming(revision=5), at=NOW + timedelta(hours=1))
        assert after == evolve(before, revision=incoming(revision=5).order)
        with ledger.writing() as transaction:
            assert transaction.record([incoming(revision=4, title="Old")], NOW) == [RecordResult.STALE]

    def test_what_is_handed_in_again_is_noted_where_that_is_asked_for(self, ledger: Ledger) -> None:
        """Nothing but the time changes, and only forward, by more than the seconds that clocks may differ."""
        (before,) = record_all(ledger, incoming(revision=5))
        for again, seconds, noted in ((5, 5, 0), (5, 60, 60), (5, 30, 60), (4, 90, 60), (6, 90, 90)):
            with ledger.writing() as transaction:
                at = NOW + timedelta(seconds=seconds)
                assert transaction.record([incoming(revision=again)], at, note=True) == [RecordResult.UNCHANGED]
            (after,) = ledger.read(lambda reader: list(reader.records()))
            assert after.recorded_at == NOW + timedelta(seconds=noted)
        assert after == evolve(before, recorded_at=after.recorded_at, revision=incoming(revision=6).order)

    def test_a_snapshot_that_was_overtaken_is_stale(self, ledger: Ledger) -> None:
        """Of its source nothing is taken but newer revisions, nor what was not known; of others all is."""
        record_all(ledger, incoming("A", revision=1), incoming("B"))
        with ledger.writing() as transaction:
            transaction.mark_run(f"{SNAPSHOT}default", NOW + timedelta(minutes=2), {})
        late = [
            incoming("A", title="x", revision=2),
            incoming("B", title="x"),
            incoming("C"),
            incoming("D", source="o"),
        ]
        with ledger.writing() as transaction:
            results = transaction.record(late, NOW + timedelta(minutes=3), as_of=NOW + timedelta(minutes=1))
        assert results == [RecordResult.CHANGED, RecordResult.STALE, RecordResult.STALE, RecordResult.NEW]
        assert ledger.read(lambda reader: reader.snapshots()) == {"default": NOW + timedelta(minutes=2)}

    @pytest.mark.parametrize(
        ("recorded", "coming", "kept"),
        [
            pytest.param(5, 4, RecordResult.STALE, id="older"),
            pytest.param(5, 5, RecordResult.CHANGED, id="equal"),
            pytest.param(-5, 4, RecordResult.CHANGED, id="newer, from below zero"),
            pytest.param(9, 10, RecordResult.CHANGED, id="numbers are not compared as words"),
            pytest.param(5, None, RecordResult.CHANGED, id="without one, the last write wins"),
            pytest.param(None, 5, RecordResult.CHANGED, id="none recorded"),
            pytest.param(5, NOW, RecordResult.CHANGED, id="of another kind, the last write wins"),
            pytest.param((2, NOW), (1, NOW + LEASE), RecordResult.STALE, id="tuples, by their first"),
            pytest.param((2, NOW), (2, NOW - LEASE), RecordResult.STALE, id="tuples, by their second"),
        ],
    )
    def test_revisions_order_updates(self, ledger: Ledger, recorded: Any, coming: Any, kept: RecordResult) -> None:
        """An older revision is refused, whatever it says."""
        record_all(ledger, incoming(revision=recorded))
        with ledger.writing() as transaction:
            assert transaction.record([incoming(revision=coming, title="Other")], NOW) == [kept]
        assert (as_recorded(ledger).appointment.title == "Other") is (kept is RecordResult.CHANGED)

    @pytest.mark.parametrize(
        ("recorded", "coming", "kept"),
        [
            pytest.param(None, None, RecordResult.STALE, id="no revisions"),
            pytest.param(1, None, RecordResult.STALE, id="one has none"),
            pytest.param(None, 1, RecordResult.STALE, id="the other has none"),
            pytest.param(1, 2, RecordResult.CHANGED, id="revisions decide where both have one"),
            pytest.param(1, 1, RecordResult.STALE, id="equal ones say nothing"),
            pytest.param(1, NOW, RecordResult.STALE, id="nor do those of two kinds"),
        ],
    )
    def test_a_bulk_run_overwrites_nothing_recorded_later(
        self, ledger: Ledger, recorded: Any, coming: Any, kept: RecordResult
    ) -> None:
        """`as_of` keeps out what was read before the row was last recorded."""
        record_all(ledger, incoming(revision=recorded))
        began = NOW - timedelta(microseconds=1)
        with ledger.writing() as transaction:
            assert transaction.record([incoming(revision=coming, title="Bulk")], NOW, as_of=began) == [kept]
        with ledger.writing() as transaction:
            later = incoming(revision=coming, title="Later bulk")
            assert transaction.record([later], NOW + LEASE, as_of=NOW + LEASE) == [RecordResult.CHANGED]

    def test_a_bulk_run_does_not_bring_back_what_was_removed_meanwhile(self, ledger: Ledger) -> None:
        """A removal is newer than a list read before it."""
        record_all(ledger, incoming(revision=3))
        with ledger.writing() as transaction:
            transaction.remove([incoming().identity], NOW + LEASE)
            assert transaction.record([incoming(revision=4)], NOW + LEASE, as_of=NOW) == [RecordResult.STALE]

    @pytest.mark.parametrize("moved", [timedelta(0), LEASE], ids=["at once", "later"])
    def test_what_was_written_since_it_was_read_is_not_removed(self, ledger: Ledger, moved: timedelta) -> None:
        """Absence means what was read; the statement that writes decides, and a removal by name asks for nothing."""
        records = record_all(ledger, incoming("A-1"), incoming("A-2"))
        seen = {record.identity: record.written for record in records}
        record_all(ledger, incoming("A-2", title="Other"), at=NOW + moved)
        with ledger.writing() as transaction:
            assert transaction.remove(list(seen), NOW + LEASE, seen=seen) == [incoming("A-1").identity]
            assert transaction.remove(list(seen), NOW + LEASE) == [incoming("A-2").identity]

    def test_what_came_back_as_it_was_is_not_removed(self, ledger: Ledger) -> None:
        """It was written anew, later, although it is the same."""
        (record,) = record_all(ledger, incoming())
        with ledger.writing() as transaction:
            transaction.remove([record.identity], NOW)
        record_all(ledger, incoming(), at=NOW + LEASE)
        with ledger.writing() as transaction:
            seen = {record.identity: record.written}
            assert transaction.remove([record.identity], NOW + LEASE, seen=seen) == []

    def test_what_was_recorded_since_an_instant_is_told_as_it_was_written(self, ledger: Ledger) -> None:
        """With what was removed since; the instant itself is before."""
        record_all(ledger, incoming("A-1"), incoming("A-2"))
        record_all(ledger, incoming("A-3"), at=NOW + LEASE)
        with ledger.writing() as transaction:
            transaction.remove([incoming("A-1").identity], NOW + LEASE)
        records = ledger.read(lambda reader: list(reader.records()))
        later = {record.written for record in records if record.identity.id != "A-2"}
        assert ledger.read(lambda reader: reader.recorded_since(NOW)) == later
        assert {written.removed for written in later} == {False, True}

    def test_removal_is_told_once_and_clears_the_revision(self, ledger: Ledger) -> None:
        """What is recorded again after a removal is taken, whatever its revision."""
        given = incoming(revision=9)
        record_all(ledger, given)
        with ledger.writing() as transaction:
            assert transaction.remove([given.identity, Identity("default", "nobody")], NOW) == [given.identity]
            assert transaction.remove([given.identity], NOW) == []
        record = as_recorded(ledger)
        assert (record.removed, record.dirty, record.generation, record.revision) == (True, True, 2, ("", ""))
        with ledger.writing() as transaction:
            assert transaction.record([incoming(revision=1)], NOW) == [RecordResult.CHANGED]
        assert (as_recorded(ledger).removed, as_recorded(ledger).generation) == (False, 3)

    def test_a_transaction_that_raises_leaves_nothing(self, ledger: Ledger) -> None:
        """Writes that were put off are dropped as well."""
        record, claim = record_one(ledger)
        with pytest.raises(ZeroDivisionError), ledger.writing() as transaction:
            transaction.record([incoming("A-2")], NOW)
            transaction.keep_outcomes(claim, [outcome()])
            raise ZeroDivisionError
        assert ledger.read(lambda reader: list(reader.records())) == [as_recorded(ledger)] == [record]


class _Asking:
    """How records are found."""

    def test_pages_are_put_together_without_gap_or_double(self, ledger: Ledger) -> None:
        """A page's size changes nothing."""
        given = [incoming(f"A-{index}") for index in range(25)]
        record_all(ledger, *given)
        found = [record.identity for record in ledger.read(lambda reader: list(reader.records(page=7)))]
        assert sorted(found) == sorted(identities(given))
        assert found == [record.identity for record in ledger.read(lambda reader: list(reader.records()))]

    def test_what_is_written_between_pages_does_not_confuse_them(self, ledger: Ledger) -> None:
        """Records that change or come while pages are read are met once at most."""
        record_all(ledger, *(incoming(f"A-{index}") for index in range(6)))
        found = []
        for record in ledger.read(lambda reader: list(reader.records(page=2))):
            found.append(record.identity.id)
            record_all(ledger, incoming(record.identity.id, title="Changed"))
        assert sorted(found) == [f"A-{index}" for index in range(6)]

    def test_filters_hold_together(self, ledger: Ledger) -> None:
        """Source, ids, identities and rows narrow what is found."""
        records = record_all(
            ledger, incoming(), incoming("A-2"), incoming(source="clinic"), incoming("A'3\"", source="clinic")
        )
        by_identity = {record.identity: record for record in records}
        clinic = by_identity[Identity("clinic", "A-1")]
        assert {record.identity.id for record in ledger.read(lambda reader: list(reader.records(source="clinic")))} == {
            "A-1",
            "A'3\"",
        }
        assert [
            record.identity.source for record in ledger.read(lambda reader: list(reader.records(ids=["A'3\"", "none"])))
        ] == ["clinic"]
        assert ledger.read(lambda reader: list(reader.records(source="clinic", ids=["A-1", "A-2"]))) == [clinic]
        assert ledger.read(lambda reader: list(reader.records(rows=[clinic.row]))) == [clinic]
        assert ledger.read(lambda reader: list(reader.records(identities=[clinic.identity, Identity("x", "y")]))) == [
            clinic
        ]
        assert (
            ledger.read(lambda reader: list(reader.records(ids=[])))
            == ledger.read(lambda reader: list(reader.records(identities=[])))
            == ledger.read(lambda reader: list(reader.records(rows=[])))
            == []
        )

    def test_what_needs_a_look_is_found(self, ledger: Ledger) -> None:
        """A row is found whose appointment is dirty, was planned with other settings, or is due."""
        names = ["dirty", "other", "due", "fine"]
        rows = {record.identity.id: record.row for record in record_all(ledger, *(incoming(name) for name in names))}
        claims = claim_all(ledger, list(rows.values()))
        known = {"other": ("old", None), "due": ("new", NOW), "fine": ("new", NOW + LEASE)}
        with ledger.writing() as transaction:
            transaction.release(
                [
                    Release(claims[rows[name]], 1, complete=True, planned_with=p, next_at=at)
                    for name, (p, at) in known.items()
                ]
            )

        found = ledger.read(lambda reader: reader.sweep.needing_a_look(NOW, "new", waiting=True))
        assert found == [row for name, row in rows.items() if name != "fine"]
        assert [record.identity.id for record in ledger.read(lambda reader: list(reader.records(dirty_only=True)))] == [
            "dirty"
        ]

    def test_what_is_over_and_done_is_left_out(self, ledger: Ledger) -> None:
        """`ended_after` keeps what is dirty, has something coming, or ends then or later."""
        early = START - timedelta(days=30)
        given = [
            incoming("done", starts_at=early),
            incoming("coming", starts_at=early),
            incoming("dirty", starts_at=early),
        ]
        ends = [incoming("ends now", starts_at=early, ends_at=START), incoming("later")]
        rows = {record.identity.id: record.row for record in record_all(ledger, *given, *ends)}
        claims = claim_all(ledger, [row for name, row in rows.items() if name != "dirty"])
        with ledger.writing() as transaction:
            transaction.release(
                [
                    Release(claim, 1, complete=True, planned_with="", next_at=NOW if row == rows["coming"] else None)
                    for row, claim in claims.items()
                ]
            )
        assert {
            record.identity.id for record in ledger.read(lambda reader: list(reader.records(ended_after=START)))
        } == set(rows) - {"done"}

    def test_an_id_is_found_in_any_source_and_occurrence(self, ledger: Ledger) -> None:
        """`identities` narrows by source and occurrence where they are named."""
        day = "2026-02-12"
        both = [incoming(recurrence_id=day), incoming(source="clinic")]
        record_all(ledger, *both, incoming("A-2"))
        assert sorted(ledger.read(lambda reader: reader.identities("A-1"))) == sorted(identities(both))
        assert ledger.read(lambda reader: reader.identities("A-1", source="clinic")) == [both[1].identity]
        assert ledger.read(lambda reader: reader.identities("A-1", recurrence_id=day)) == [both[0].identity]
        assert ledger.read(lambda reader: reader.identities("nobody")) == []

    def test_a_source_knows_what_is_not_removed(self, ledger: Ledger) -> None:
        """`known` is of one source."""
        record_all(ledger, incoming(), incoming("A-2"), incoming("A-3", source="clinic"))
        with ledger.writing() as transaction:
            transaction.remove([Identity("default", "A-2")], NOW)
        assert ledger.read(lambda reader: reader.of_source("default")) == [Identity("default", "A-1")]

    def test_namespaces_know_nothing_of_each_other(self, ledger: Ledger) -> None:
        """The same appointment is recorded in each; only where a provider has room, all parked messages count."""
        park_one(ledger)
        other = Ledger(ledger._given, namespace="other", schema=ledger.schema)  # noqa: SLF001 - the same place
        try:
            assert other.read(lambda reader: list(reader.records())) == []
            assert other.read(lambda reader: (reader.identities("A-1"), reader.of_source("default"))) == ([], [])
            assert other.read(lambda reader: (reader.parked(), reader.parked("default"))) == (0, 0)
            assert ledger.read(lambda reader: reader.parked("default")) == 1
            with other.writing() as transaction:
                assert transaction.record([incoming()], NOW) == [RecordResult.NEW]
                transaction.consent.record(barred())
                assert transaction.reader.find_message(provider="telnyx", token="m-A-1") is None
                assert transaction.mark_dirty(number=PHONE) == 0
            assert ledger.read(lambda reader: reader.suppressions()) == {}
        finally:
            other.close()


class _Claiming:
    """How rows are claimed, leased and released."""

    def test_a_row_is_held_by_one(self, ledger: Ledger) -> None:
        """Another worker gets the rows that are left; the holder gets its row anew, with a higher fence."""
        first, second = record_all(ledger, incoming(), incoming("A-2"))
        mine = claim_all(ledger, [first.row])[first.row]
        assert set(claim_all(ledger, [first.row, second.row], "two")) == {second.row}
        again = claim_all(ledger, [first.row])[first.row]
        assert again.fence > mine.fence

    def test_a_lease_that_ran_out_is_taken_over(self, ledger: Ledger) -> None:
        """It runs out by the kit's clock; then the old worker's writes are refused, and its release does nothing."""
        record, old = record_one(ledger)
        assert claim_all(ledger, [record.row], "two", NOW + LEASE - timedelta(microseconds=1)) == {}
        new = claim_all(ledger, [record.row], "two", NOW + LEASE)[record.row]
        assert new.fence > old.fence
        for write in (
            lambda tx: tx.keep_outcomes(old, [outcome()]),
            lambda tx: tx.drop_outcomes(old, ["k-1"]),
            lambda tx: tx.create_message(old, message(), rule="r", recipient="p"),
            lambda tx: tx.move_message(old, message(), message()),
        ):
            with pytest.raises(ClaimLostError, match="took over"):
                ledger.submit(write).result()
        with ledger.writing() as transaction:
            transaction.release([Release(old, 1, complete=True, planned_with="old", next_at=None)])
            transaction.keep_outcomes(new, [outcome()])
        assert (as_recorded(ledger).dirty, as_recorded(ledger).planned_with) == (True, "")

    def test_a_lease_of_a_clock_that_was_ahead_is_taken_over(self, ledger: Ledger) -> None:
        """It may end half an hour from now, since clocks differ; one that ends later would hold the row for nobody."""
        record, old = record_one(ledger)
        assert claim_all(ledger, [record.row], "two", NOW - timedelta(minutes=30)) == {}
        new = claim_all(ledger, [record.row], "two", NOW - timedelta(minutes=30, microseconds=1))[record.row]
        assert new.fence > old.fence

    def test_a_lease_can_be_renewed_while_held(self, ledger: Ledger) -> None:
        """A lease that was lost stays lost."""
        record, claim = record_one(ledger)
        with ledger.writing() as transaction:
            transaction.renew([claim], NOW + 2 * LEASE)
        assert claim_all(ledger, [record.row], "two", NOW + LEASE) == {}
        new = claim_all(ledger, [record.row], "two", NOW + 2 * LEASE)[record.row]
        with ledger.writing() as transaction:
            transaction.renew([claim], NOW + 9 * LEASE)
        assert claim_all(ledger, [record.row], "three", NOW + 3 * LEASE)[record.row].fence > new.fence

    def test_a_release_gives_the_row_back(self, ledger: Ledger) -> None:
        """The row is clean afterwards, unless it was written meanwhile or not all of the work was done."""
        record, claim = record_one(ledger)
        done = Release(claim, record.generation, complete=True, planned_with="digest", next_at=START)
        with ledger.writing() as transaction:
            transaction.release([evolve(done, complete=False)])
        assert (as_recorded(ledger).dirty, as_recorded(ledger).planned_with, as_recorded(ledger).next_at) == (
            True,
            "digest",
            START,
        )
        claim = claim_all(ledger, [record.row], "two")[record.row]
        record_all(ledger, incoming(title="Moved"))
        with ledger.writing() as transaction:
            transaction.release([evolve(done, claim=claim)])
        assert as_recorded(ledger).dirty
        claim = claim_all(ledger, [record.row], "three")[record.row]
        with ledger.writing() as transaction:
            transaction.release([evolve(done, claim=claim, generation=2, next_at=None)])
        assert (as_recorded(ledger).dirty, as_recorded(ledger).next_at) == (False, None)

    def test_who_gave_a_claim_back_may_not_write_under_it(self, ledger: Ledger) -> None:
        """A write under a released claim is refused, although nobody took over; within the same transaction too."""
        _, claim = record_one(ledger)
        with pytest.raises(ClaimLostError), ledger.writing() as transaction:
            transaction.keep_outcomes(claim, [outcome()])
            transaction.release([Release(claim, 1, complete=True, planned_with="", next_at=None)])
            transaction.keep_outcomes(claim, [outcome()])

    def test_of_a_group_all_are_claimed_or_none(self, ledger: Ledger) -> None:
        """Where another holds one of a group none of it is claimed; groups may meet, and each is claimed once."""
        rows = [record.row for record in record_all(ledger, *(incoming(f"A-{number}") for number in range(5)))]
        held = claim_all(ledger, [rows[1]], "other")[rows[1]]
        groups = [frozenset(rows[:2]), frozenset(rows[2:4]), frozenset(rows[3:])]

        def claimed() -> dict[int, Claim]:
            with ledger.writing() as transaction:
                return transaction.claim_groups(groups, "w", NOW, LEASE)

        assert sorted(claimed()) == rows[2:]
        with ledger.writing() as transaction:
            transaction.renew([held], NOW)
        again = claimed()
        assert sorted(again) == rows
        with ledger.writing() as transaction:
            for claim in again.values():
                transaction.keep_outcomes(claim, [])
            assert transaction.claim_groups([], "w", NOW, LEASE) == {}

    def test_the_dead_can_be_relieved(self, ledger: Ledger) -> None:
        """`holders` says who holds rows, `expire` ends the leases of a worker on those it is told, and no others."""
        first, second, third = record_all(ledger, incoming(), incoming("A-2"), incoming("A-3"))
        dead = claim_all(ledger, [first.row, third.row], "dead")[first.row]
        with ledger.writing() as transaction:
            assert transaction.holders([first.row, second.row]) == ["dead"]
            assert transaction.expire(["dead"], [first.row, second.row]) == 1
            assert transaction.expire(["dead"], []) == transaction.expire([], [third.row]) == 0
            assert transaction.holders([first.row]) == []
            assert transaction.holders([third.row]) == ["dead"]
        assert set(claim_all(ledger, [first.row], "alive")) == {first.row}
        with pytest.raises(ClaimLostError), ledger.writing() as transaction:
            transaction.keep_outcomes(dead, [outcome()])


class _Messages:
    """How reminders and messages are recorded and found."""

    def test_outcomes_come_back_as_they_were(self, ledger: Ledger) -> None:
        """Reminders are replaced by key, and can be dropped."""
        record, claim = record_one(ledger)
        held = outcome(
            "k-2", status=ReminderStatus.HELD, send_at=None, park_at=NOW, replacing=True, error="x", due_at=None
        )
        with ledger.writing() as transaction:
            transaction.keep_outcomes(claim, [outcome(), held])
            assert transaction.reader.read([record.row])[0].outcomes == (outcome(), held)
            transaction.keep_outcomes(claim, [outcome(reason="clamped_late")])
        assert as_recorded(ledger).outcomes == (outcome(reason="clamped_late"), held)
        with ledger.writing() as transaction:
            transaction.drop_outcomes(claim, ["k-1"])
        assert as_recorded(ledger).outcomes == (held,)

    def test_messages_come_back_as_they_were(self, ledger: Ledger) -> None:
        """A message keeps its bytes and every field; the oldest comes first, though all were made at one instant."""
        record, claim = record_one(ledger)
        made = [message(name) for name in ("m-9", "m-1", "m-5")]
        with ledger.writing() as transaction:
            for item in made:
                transaction.create_message(claim, item, rule="day-before", recipient="p-1")
        assert as_recorded(ledger).messages == tuple(made)
        assert record.messages == ()

    def test_a_message_moves_from_the_state_it_was_in(self, ledger: Ledger) -> None:
        """Everything that may change is written; the second worker to move a message gets `ClaimLostError`."""
        _, claim, before = park_one(ledger)
        after = evolve(
            before, state=State.SCHEDULED, provider_id="P-1", uncertain=False, attempts=3, next_try_at=NOW, error="e",
            presumed=True, due_at=NOW, start_at=NOW,
        )  # fmt: skip
        with ledger.writing() as transaction:
            transaction.move_message(claim, before, after)
        assert as_recorded(ledger).messages == (after,)
        with pytest.raises(ClaimLostError, match="no longer creating"), ledger.writing() as transaction:
            transaction.move_message(None, before, after)

    @pytest.mark.parametrize("state", [State.CANCELLED, State.ABANDONED])
    def test_what_is_over_for_good_is_not_among_a_records_messages(self, ledger: Ledger, state: State) -> None:
        """A cancelled or abandoned message can still be found by its id."""
        _, claim, before = park_one(ledger)
        with ledger.writing() as transaction:
            transaction.move_message(claim, before, evolve(before, state=state))
        assert as_recorded(ledger).messages == ()
        assert ledger.read(lambda reader: reader.find_message(provider="telnyx", token=before.id)) is not None

    def test_a_message_is_found_by_token_or_the_providers_name(self, ledger: Ledger) -> None:
        """A message of another provider is not found."""
        record, claim, before = park_one(ledger)
        after = evolve(before, state=State.SCHEDULED, provider_id="P-1")
        with ledger.writing() as transaction:
            transaction.move_message(claim, before, after)
            assert transaction.reader.find_message(provider="telnyx", provider_id="P-1") is not None
        by_names = ({"token": before.id}, {"provider_id": "P-1"}, {"token": "lost", "provider_id": "P-1"})
        found = ledger.read(lambda reader: [reader.find_message(provider="telnyx", **names) for names in by_names])
        assert found == [(after, record.identity, "day-before", "p-1")] * 3
        assert ledger.read(lambda reader: reader.find_message(provider="twilio", provider_id="P-1")) is None
        assert ledger.read(lambda reader: reader.find_message(provider="telnyx")) is None

    def test_what_was_sent_before_is_found_for_any_occurrence(self, ledger: Ledger) -> None:
        """Messages that went out are found by (source, id), then by (rule, recipient); one that was not sent is not."""
        series = [incoming(recurrence_id=f"2026-02-1{day}") for day in (2, 3, 4)]
        records = record_all(ledger, *series)
        claims = claim_all(ledger, [record.row for record in records])
        states = [State.SENT, State.CANCELLED, State.TOO_LATE]
        with ledger.writing() as transaction:
            for record, state in zip(records, states, strict=True):
                made = message(f"m-{record.row}", f"k-{record.row}", state=state)
                transaction.create_message(claims[record.row], made, rule="day-before", recipient="p-1")
        found = ledger.read(lambda reader: reader.sent_before(series[0].identity))
        assert set(found) == {("day-before", "p-1")}
        assert sorted(prior.key for prior in found["day-before", "p-1"]) == sorted(
            f"k-{records[index].row}" for index in (0, 2)
        )
        assert {(prior.start_at, prior.sent_at) for prior in found["day-before", "p-1"]} == {(START, message().send_at)}
        assert ledger.read(lambda reader: reader.sent_before_many([("default", "A-1"), ("x", "y")])) == {
            ("default", "A-1"): found
        }
        assert (
            ledger.read(lambda reader: reader.sent_before(Identity("clinic", "A-1"))),
            ledger.read(lambda reader: reader.sent_before_many([])),
        ) == ({}, {})

    def test_the_parked_are_counted(self, ledger: Ledger) -> None:
        """Messages being created and cancelled count as parked, for each source; a provider's cap is everybody's."""
        _, claim, made = park_one(ledger)
        park_one(ledger, "A-2")
        assert (
            ledger.read(lambda reader: reader.parked()),
            ledger.read(lambda reader: reader.parked("default")),
            ledger.read(lambda reader: reader.parked("clinic")),
        ) == (2, 2, 0)
        park_one(other := ledger.namespaced("other"))
        assert [one.read(lambda reader: reader.parked()) for one in (ledger, other)] == [2, 1]
        names = (made.provider, "nobody")
        assert [ledger.read(partial(_parked_at, provider=name)) for name in names] == [3, 0]
        with ledger.writing() as transaction:
            transaction.move_message(claim, made, evolve(made, state=State.REJECTED))
        assert ledger.read(lambda reader: reader.parked()) == 1


class _Remembering:
    """History, events, runs, counts."""

    def test_history_is_kept_in_order(self, ledger: Ledger) -> None:
        """History is asked for an id in any source and occurrence, or in the ones that are named."""
        day, clinic = Identity("default", "A-1", "2026-02-12"), Identity("clinic", "A-1")
        lines = [
            HistoryEntry(NOW, "sync", "schedule", day, "k-1", "day-before", "m-1", "on_time", {"error": "x", "n": 1}),
            HistoryEntry(NOW, "webhook", "sent", clinic),
            HistoryEntry(NOW - LEASE, "resync", "skip", day, reason="too_late"),
        ]
        with ledger.writing() as transaction:
            transaction.note(lines)
            transaction.note([evolve(lines[0], identity=Identity("default", "A-2"))])
        assert ledger.read(lambda reader: reader.history(id="A-1")) == lines
        assert ledger.read(lambda reader: reader.history(id="A-1", source="clinic")) == [lines[1]]
        assert ledger.read(lambda reader: reader.history(id="A-1", recurrence_id="2026-02-12")) == [lines[0], lines[2]]

    def test_a_number_makes_its_appointments_dirty(self, ledger: Ledger) -> None:
        """Appointments with a parked or held reminder to it become dirty, and those it was barred from; no others."""
        stands = {
            "parked": outcome("k-1"),
            "held": outcome("k-2", status=ReminderStatus.HELD),
            "barred": outcome("k-3", status=ReminderStatus.SKIPPED, reason="suppressed"),
            "late": outcome("k-4", status=ReminderStatus.SKIPPED, reason="too_late"),
            "someone": outcome("k-5", to="+12025550199"),
        }
        for name, item in stands.items():
            (record,) = record_all(ledger, incoming(name))
            claim = claim_all(ledger, [record.row])[record.row]
            with ledger.writing() as transaction:
                transaction.keep_outcomes(claim, [item])
                transaction.release([Release(claim, 1, complete=True, planned_with="", next_at=None)])
        with ledger.writing() as transaction:
            assert transaction.mark_dirty(number=PHONE) == 3
        assert {record.identity.id for record in ledger.read(lambda reader: list(reader.records(dirty_only=True)))} == {
            "parked",
            "held",
            "barred",
        }
        assert as_recorded(ledger, "held").generation == 2

    def test_a_number_of_an_open_message_makes_its_appointment_dirty(self, ledger: Ledger) -> None:
        """The appointment becomes dirty although its reminder goes to another number by now."""
        _, claim, _ = park_one(ledger)
        with ledger.writing() as transaction:
            transaction.keep_outcomes(claim, [outcome("k-A-1", to="+12025550199")])
            assert transaction.mark_dirty(number=PHONE) == 1
            assert transaction.mark_dirty(identities=[Identity("default", "A-1"), Identity("x", "y")]) == 1
            assert transaction.generation(claim.row) == 3
            assert transaction.generation(claim.row + 1) is None

    def test_an_event_is_stored_once(self, ledger: Ledger) -> None:
        """An event is found by token or by the provider's id until its message is known."""
        event = DeliveryEvent("e-1", "sent", NOW, "telnyx", "P-1", "m-1", PHONE, "Hi", "40001", {"data": {"x": [1]}})
        with ledger.writing() as transaction:
            assert (transaction.store_event(event, NOW), transaction.store_event(event, NOW)) == (True, False)
            assert transaction.unmatched_events(provider_id="P-1") == [event]
            assert transaction.unmatched_events(token="m-1", provider_id="P-1") == [event]
            assert transaction.unmatched_events(provider_id="P-2") == []
            transaction.match_event("e-1")
            assert transaction.unmatched_events(provider_id="P-1", token="m-1") == []

    def test_what_may_have_gone_out_to_a_number_is_found(self, ledger: Ledger) -> None:
        """Messages of this provider to the number up to an instant, the latest first; cancelled ones are left out."""
        _, _, first = park_one(ledger)
        _, claim, second = park_one(ledger, "A-2")

        def found(provider: str = "telnyx", number: str = PHONE, until: datetime = first.send_at) -> list[str]:
            about = ledger.read(lambda reader: reader.sent_to(provider=provider, number=number, until=until))
            return [one.message.id for one in about]

        assert found() == [second.id, first.id]
        assert found("vonage") == found(number="+12025550199") == found(until=first.send_at - LEASE) == []
        with ledger.writing() as transaction:
            transaction.move_message(claim, second, evolve(second, state=State.CANCELLED))
        assert found() == [first.id]

    def test_a_reply_waits_until_it_is_matched(self, ledger: Ledger) -> None:
        """A reply of which nothing is known yet is found again as it came, until it is matched."""
        event = DeliveryEvent("e-1", "received", NOW, "telnyx", number=PHONE, text="C")
        with ledger.writing() as transaction:
            transaction.store_event(event, NOW)
            assert transaction.reader.waiting_replies() == []
            transaction.let_wait("e-1")
        assert ledger.read(lambda reader: reader.waiting_replies()) == [event]
        with ledger.writing() as transaction:
            transaction.match_event("e-1")
        assert ledger.read(lambda reader: reader.waiting_replies()) == []

    def test_a_reply_is_kept_until_the_start_moves(self, ledger: Ledger) -> None:
        """The reply stays when only the title changes."""
        record_all(ledger, incoming())
        with ledger.writing() as transaction:
            transaction.reply(incoming().identity, "confirmed")
        assert as_recorded(ledger).replied == "confirmed"
        record_all(ledger, incoming(title="Cleaning"))
        assert as_recorded(ledger).replied == "confirmed"
        record_all(ledger, incoming(title="Cleaning", starts_at=START + timedelta(hours=1)))
        assert as_recorded(ledger).replied == ""

    def test_a_job_says_when_it_last_ran(self, ledger: Ledger) -> None:
        """Each job is listed once, by name."""
        assert ledger.read(lambda reader: reader.last_run("resync")) is None
        for at, detail in ((NOW, {"kept": 1}), (NOW + LEASE, {"kept": 2})):
            with ledger.writing() as transaction:
                transaction.mark_run("resync", at, detail)
        assert ledger.read(lambda reader: reader.last_run("resync")) == (NOW + LEASE, {"kept": 2})

    def test_rule_sets_and_places_come_back_as_they_were(self, ledger: Ledger) -> None:
        """Each set once, the oldest first; what was not used for long is forgotten, but never the one that serves."""
        old = RuleSetRecord(RuleSet("a" * 32, (("day", "1"),)), serves=False, since=NOW, worked_at=NOW, yielded_at=NOW)
        new = RuleSetRecord(RuleSet("b" * 32, alarms=True), serves=True, since=NOW + LEASE, worked_at=NOW + LEASE)
        place = Place("7", "/srv/reminders.db", "sqlite:////srv/reminders.db")
        with ledger.writing() as transaction:
            transaction.keep_rule_sets([new, evolve(old, serves=True, yielded_at=None)])
            transaction.keep_rule_sets([old])
            transaction.keep_places([place])
            assert transaction.reader.standing.rule_sets() == [old, new]
            assert transaction.forget_rule_sets(NOW) == 0
            assert transaction.forget_rule_sets(NOW + 2 * LEASE) == 1
        assert ledger.read(lambda reader: reader.standing.rule_sets()) == [new]
        assert ledger.read(lambda reader: reader.standing.places()) == [place]

    def test_counts_tell_how_things_stand(self, ledger: Ledger) -> None:
        """Messages are counted by state, reminders by status and reason, and it says what is due and unsettled."""
        _, claim, made = park_one(ledger)
        record_all(ledger, incoming("A-2"))
        with ledger.writing() as transaction:
            transaction.release([Release(claim, 1, complete=True, planned_with="", next_at=START)])
            transaction.consent.record(barred())
            transaction.store_event(DeliveryEvent("e-1", "sent", NOW, "telnyx", "P-1"), NOW)
            transaction.mark_run("resync", NOW, {})
        assert ledger.read(lambda reader: reader.counts()) == {
            "appointments": 2,
            "dirty": 1,
            "removed": 0,
            "claimed": 0,
            "messages": {"creating": 1},
            "reminders": {"parked": {"on_time": 1}},
            "next_at": START,
            "oldest_unsettled_at": made.created_at,
            "suppressions": 1,
            "barred_by": {"recipient": 0, "host": 1, "provider": 0},
            "unmatched_events": 1,
            "runs": {"resync": (NOW, {})},
        }

    def test_purging_takes_the_person_and_leaves_the_count(self, ledger: Ledger) -> None:
        """Appointments that are over lose their personal data; one that is parked, claimed or coming stays whole."""
        _, claim, made = park_one(ledger)
        with ledger.writing() as transaction:
            transaction.note([HistoryEntry(NOW, "sync", "sent", incoming().identity, detail={"error": "x"})])
            transaction.consent.record(barred())
            transaction.store_event(DeliveryEvent("e-1", "received", NOW, "telnyx", number=PHONE, text="Hi"), NOW)
        later = START + timedelta(days=90)
        with ledger.writing() as transaction:
            assert transaction.purge(START + timedelta(days=1), later) == 0
            transaction.move_message(claim, made, evolve(made, state=State.SENT))
            assert transaction.purge(START, later) == 0
            before = ledger_counts(transaction)
            assert transaction.purge(START + timedelta(days=1), later) == 1
            assert transaction.purge(START + timedelta(days=1), later) == 0
            found = transaction.reader.find_message(provider="telnyx", token=made.id)
            assert found is not None
            assert (found.message.draft.to, found.message.draft.text, found.message.request) == ("", "", b"")
            assert (found.message.state, found.rule, found.recipient) == (State.SENT, "day-before", "")
            after = ledger_counts(transaction) | {"runs": before["runs"]}  # it notes that files are to be rid of it
            assert after == before | {"dirty": 0, "claimed": 0}
            assert set(transaction.reader.suppressions()) == {PHONE}
        assert ledger.read(lambda reader: list(reader.records())) == []
        assert [entry.detail for entry in ledger.read(lambda reader: reader.history(id="A-1"))] == [{}]

    def test_what_was_purged_can_be_recorded_again(self, ledger: Ledger) -> None:
        """A purged appointment that is recorded again is like any other."""
        record_all(ledger, incoming())
        with ledger.writing() as transaction:
            assert transaction.purge(START + LEASE, START + LEASE) == 1
            assert transaction.record([incoming()], NOW) == [RecordResult.CHANGED]
        assert as_recorded(ledger).appointment == incoming().appointment


def ledger_counts(transaction: Any) -> dict[str, Any]:
    """Return the counts as a transaction sees them."""
    counts: dict[str, Any] = transaction.reader.counts()
    return counts


class LedgerContract(_Recording, _Asking, _Claiming, _Messages, PhonesContract, ConsentContract, _Remembering):
    """What both of our ledgers keep: recording, asking, claiming, messages, phones, consent, what is remembered."""


def _parked_at(reader: Any, provider: str) -> int:
    found: int = reader.parked_everywhere(provider)
    return found
