"""What a ledger must know of consent: what was said about numbers, and whom it bars them for.

Never looks inside a ledger; a part of `LedgerContract`. How bars follow from events is for `model.consent`.
"""
# ruff: noqa: S101 - its assertions are the contract

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit.errors import InvalidInputError
from reminder_kit.ledger.ledger import Ledger
from reminder_kit.model.consent import Act, Party, Suppression, Way, Writer
from reminder_kit.model.records import Release
from reminder_kit.testing.ledger_stage import (
    LEASE,
    NOW,
    PHONE,
    as_recorded,
    barred,
    claim_all,
    lifted,
    outcome,
    record_all,
)
from reminder_kit.testing.ledger_stage import incoming as appointment

__all__ = ["ConsentContract"]

OTHER = "+12025550188"
OURS, POOL = "+12025550100", "profile-1"
AT_OURS = Writer(frozenset({OURS}))
AT_POOL = Writer(frozenset({POOL}))
STOP = barred(
    by=Party.RECIPIENT, way=Way.REPLY, words="Stop please", senders=(OURS, POOL), occurred_at=NOW - LEASE, id="stop"
)


class ConsentContract:
    """Consent: events are kept as they were, and found by number and by sender."""

    def test_an_event_comes_back_as_it_was_once(self, ledger: Ledger) -> None:
        """Every field is kept, a repetition is known by its id, and events come as they happened."""
        desk = barred()
        with ledger.writing() as tx:
            assert [tx.consent.record(event) for event in (desk, STOP, desk, STOP)] == [True, True, False, False]
        found = ledger.read(lambda reader: reader.consent.events(PHONE))
        assert found == [evolve(STOP, namespace=ledger.namespace), evolve(desk, namespace=ledger.namespace)]
        assert ledger.read(lambda reader: reader.consent.events(OTHER)) == []

    def test_who_bars_a_number_is_known_until_it_is_lifted(self, ledger: Ledger) -> None:
        """The person's word is named first; each party lifts its own."""
        with ledger.writing() as tx:
            tx.consent.record(barred())
            tx.consent.record(STOP)
            assert [bar.by for bar in tx.reader.consent.bars(PHONE, ())] == ["recipient", "host"]
            tx.consent.record(lifted())
            stop = Suppression(PHONE, "the recipient asked to stop", NOW - LEASE, "recipient", "reply")
            assert tx.reader.suppressions() == {PHONE: stop}
            assert tx.reader.consent.is_barred(PHONE, AT_OURS)
            assert not tx.reader.consent.is_barred(OTHER, AT_OURS)
            tx.consent.record(lifted(by=Party.RECIPIENT, senders=(OURS,)))
        assert ledger.read(lambda reader: reader.suppressions()) == {}
        assert len(ledger.read(lambda reader: reader.consent.events(PHONE))) == 4

    def test_many_numbers_are_asked_for_at_once(self, ledger: Ledger) -> None:
        """Those that are barred are found among any number of others, and all of them without a list."""
        numbers = [f"+1202555{index:04}" for index in range(1200)]
        with ledger.writing() as tx:
            for number in numbers[::400]:
                tx.consent.record(barred(number))
        read = ledger.read
        assert set(read(lambda reader: reader.consent.suppressions(numbers, AT_OURS))) == set(numbers[::400])
        assert set(read(lambda reader: reader.consent.suppressions(None, AT_OURS))) == set(numbers[::400])
        assert read(lambda reader: reader.consent.suppressions([], AT_OURS)) == {}

    def test_a_stop_holds_wherever_its_sender_is_used(self, ledger: Ledger) -> None:
        """Another namespace sees that it is barred at this number or pool, neither where nor in which words."""
        other = Ledger(ledger._given, namespace="other", schema=ledger.schema)  # noqa: SLF001 - the same place
        try:
            with ledger.writing() as tx:
                tx.consent.record(STOP)
                tx.consent.record(barred(OTHER, senders=(OURS,)))
            seen = Suppression(PHONE, "opted out at this sender", NOW - LEASE, "recipient")
            for writer in (AT_OURS, AT_POOL):
                with other.writing() as tx:
                    assert tx.reader.consent.suppressions(None, writer) == {PHONE: seen}
                    assert tx.reader.consent.count(writer.senders)[0] == 1
            elsewhere = Writer(frozenset({"+12025550199"}))
            assert other.read(lambda reader: reader.consent.suppressions([PHONE, OTHER], elsewhere)) == {}
            assert other.read(lambda reader: reader.consent.events(PHONE)) == []
        finally:
            other.close()

    def test_a_stop_makes_appointments_dirty_in_every_namespace(self, ledger: Ledger) -> None:
        """What a host says marks its own alone; what a person says marks whatever may be written to the number."""
        other = Ledger(ledger._given, namespace="other", schema=ledger.schema)  # noqa: SLF001 - the same place
        try:
            for place in (ledger, other):
                (record,) = record_all(place, appointment())
                claim = claim_all(place, [record.row])[record.row]
                with place.writing() as tx:
                    tx.keep_outcomes(claim, [outcome(f"k-{place.namespace}")])
                    tx.release([Release(claim, 1, complete=True, planned_with="", next_at=None)])
            with ledger.writing() as tx:
                assert tx.mark_dirty(number=PHONE) == 1
            assert (as_recorded(ledger).dirty, as_recorded(other).dirty) == (True, False)
            with ledger.writing() as tx:
                assert tx.mark_dirty(number=PHONE, everywhere=True) == 2
            assert as_recorded(other).dirty
        finally:
            other.close()

    def test_a_host_bars_and_lifts_within_one_instant(self, ledger: Ledger) -> None:
        """What a host says counts in the order in which it says it, also where its clock stands still or goes back."""
        with ledger.writing() as tx:
            for number, at in enumerate((NOW, NOW - LEASE, NOW)):
                tx.consent.suppress(PHONE, "by mistake", id=f"bar-{number}", at=at, way="api")
                assert tx.reader.consent.is_barred(PHONE, AT_OURS)
                assert tx.consent.allow(PHONE, "", (OURS,), id=f"lift-{number}", at=at - LEASE, way="cli")
                assert not tx.reader.consent.is_barred(PHONE, AT_OURS)
            assert not tx.consent.allow(PHONE, "", (OURS,), id="lift-4", at=NOW, way="cli")

    def test_a_stop_is_lifted_on_the_persons_word_only(self, ledger: Ledger) -> None:
        """Without a word nothing is lifted at all; with one it is kept, and lifts no STOP that happens later."""
        with ledger.writing() as tx:
            tx.consent.record(STOP)
            tx.consent.record(barred())
            with pytest.raises(
                InvalidInputError, match=r"barred by the recipient since 2026-02-10T13:59:00Z \(reply\)"
            ):
                tx.consent.allow(PHONE, "", (OURS,), id="lift", at=NOW, way="api")
            assert len(tx.reader.consent.events(PHONE)) == 2
            done = tx.consent.allow(PHONE, "signed form, 12 May", (OURS,), id="lift", at=NOW + LEASE, way="api")
            assert ([bar.by for bar in done.bars], "texts START" in done.note) == (["recipient", "host"], True)
            assert not tx.reader.consent.is_barred(PHONE, AT_OURS)
            (said,) = [event for event in tx.reader.consent.events(PHONE) if event.act is Act.CONSENT]
            assert (said.act, said.words, said.by) == (Act.CONSENT, "signed form, 12 May", Party.HOST)
            tx.consent.record(evolve(STOP, id="again", occurred_at=NOW + LEASE / 2))
            assert tx.reader.consent.is_barred(PHONE, AT_OURS)

    def test_what_is_unclear_stands_until_it_is_seen(self, ledger: Ledger) -> None:
        """It bars who holds what is unclear and nobody else, is listed oldest first, and is over once it was seen."""
        holding = Writer(frozenset({OURS}), holds_unclear=True)
        first = evolve(STOP, id="first", act=Act.UNCLEAR, words="stop maybe?")
        second = evolve(first, id="second", number=OTHER, occurred_at=NOW - timedelta(days=1))
        with ledger.writing() as tx:
            tx.consent.record(first)
            tx.consent.record(second)
            assert [event.id for event in tx.reader.consent.unclear((OURS,))] == ["second", "first"]
            assert tx.reader.consent.suppressions(None, AT_OURS) == {}
            assert {why.holds for why in tx.reader.consent.suppressions(None, holding).values()} == {True}
            tx.consent.see(PHONE, (OURS,), id="seen", at=NOW, way="api")
            tx.consent.see(PHONE, (OURS,), id="seen again", at=NOW, way="api")
            assert [event.id for event in tx.reader.consent.unclear((OURS,))] == ["second"]
            assert not tx.reader.consent.is_barred(PHONE, holding)
            assert [event.id for event in tx.reader.consent.events(PHONE)] == ["first", "seen"]
