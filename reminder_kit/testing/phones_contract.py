"""What a ledger must know of numbers: which appointments share one, and which messages go out to it.

Never looks inside a ledger; a part of `LedgerContract`.
"""
# ruff: noqa: S101 - its assertions are the contract

from __future__ import annotations

from datetime import datetime, timedelta

from attrs import evolve

from reminder_kit.ledger.ledger import Ledger
from reminder_kit.model.appointments import Recipient
from reminder_kit.model.lifecycle import State
from reminder_kit.model.messages import Included
from reminder_kit.model.records import Release, Sharing, Traffic
from reminder_kit.testing.ledger_stage import NOW, PHONE, START, as_recorded, claim_all, incoming, park_one, record_all

__all__ = ["PhonesContract"]

OTHER = "+12025550188"
HOUR = timedelta(hours=1)


class PhonesContract:
    """Numbers: which appointments share one, which messages go out to it, and what is looked at again."""

    def test_appointments_are_found_by_phone_and_time(self, ledger: Ledger) -> None:
        """Appointments that start between two instants are found, both included, each row once."""
        records = record_all(ledger, incoming("A-1"), incoming("A-2"), incoming("A-3", recipients=[Recipient(OTHER)]))
        start_at = records[0].start_at
        rows = [record.row for record in records]

        def sharing(*ranges: tuple[str, datetime, datetime]) -> list[int]:
            return [one.row for one in ledger.read(lambda reader: reader.sharing_number(ranges))]

        assert sharing((PHONE, start_at, start_at)) == rows[:2]
        assert sharing((PHONE, start_at + HOUR, start_at + 2 * HOUR)) == []
        assert sharing((OTHER, start_at - HOUR, start_at), (PHONE, start_at, start_at)) == rows
        assert sharing() == []
        assert ledger.read(lambda reader: reader.phones(rows[2:])) == {rows[2]: [(OTHER, start_at)]}

    def test_what_an_appointment_was_for_is_known_until_it_was_worked_on(self, ledger: Ledger) -> None:
        """An earlier number or start goes only once the appointment was worked on."""
        (before,) = record_all(ledger, incoming())
        (after,) = record_all(ledger, incoming(starts_at=START + 24 * HOUR, recipients=[Recipient(OTHER)]))
        both = [(PHONE, before.start_at), (OTHER, after.start_at)]
        assert sorted(ledger.read(lambda reader: reader.phones([after.row]))[after.row]) == sorted(both)
        claim = claim_all(ledger, [after.row])[after.row]
        with ledger.writing() as tx:
            tx.drop_phones(Release(claim, after.generation - 1, True, "", None), both[1:])  # noqa: FBT003 - clean
        assert len(ledger.read(lambda reader: reader.phones([after.row]))[after.row]) == 2, "it was written since"
        with ledger.writing() as tx:
            tx.drop_phones(Release(claim, after.generation, True, "", None), both[1:])  # noqa: FBT003 - clean
        assert ledger.read(lambda reader: reader.phones([after.row])) == {after.row: both[1:]}
        with ledger.writing() as tx:
            tx.drop_phones(Release(claim, after.generation, True, "", None), [])  # noqa: FBT003 - clean
        assert ledger.read(lambda reader: reader.phones([after.row])) == {}

    def test_who_shares_a_number_is_known_with_its_start(self, ledger: Ledger) -> None:
        """Each that shares a number is named with its start, whether it stands, and whether it was worked on since."""
        (before,) = record_all(ledger, incoming())
        claim = claim_all(ledger, [before.row])[before.row]
        with ledger.writing() as tx:
            tx.release([Release(claim, before.generation, True, "", None)])  # noqa: FBT003 - clean

        def sharing() -> list[Sharing]:
            return ledger.read(
                lambda reader: reader.sharing_number([(PHONE, START - 99 * HOUR, before.start_at + 24 * HOUR)])
            )

        known = Sharing(before.row, before.identity, PHONE, before.start_at, stands=True, settled=True)
        assert sharing() == [known]
        (after,) = record_all(ledger, incoming(starts_at=before.start_at + HOUR))
        left = known._replace(stands=False, settled=False)
        come = known._replace(start_at=after.start_at, settled=False)
        assert sharing() == [left, come]
        with ledger.writing() as tx:
            tx.remove([before.identity], START)
        assert not any(one.stands for one in sharing())

    def test_what_is_written_to_a_number_and_what_else_it_tells(self, ledger: Ledger) -> None:
        """Messages since an instant are found, that instant included; `is_crowded` leaves both ends out."""
        _, claim, made = park_one(ledger)
        told = (Included("k-9", NOW + HOUR),)
        with ledger.writing() as tx:
            tx.move_message(claim, made, evolve(made, includes=told))
        since, send_at = made.send_at, made.send_at
        assert ledger.read(lambda reader: reader.traffic([PHONE], since)) == {
            PHONE: [Traffic(made.key, send_at, made.due_at, made.start_at)]
        }
        assert (
            ledger.read(lambda reader: reader.traffic([PHONE], since + HOUR))
            == ledger.read(lambda reader: reader.traffic([OTHER], since))
            == ledger.read(lambda reader: reader.traffic([], since))
            == {}
        )
        (telling,) = ledger.read(lambda reader: reader.combined([PHONE, OTHER]))
        assert (telling.id, telling.includes) == (made.id, told)
        assert (
            ledger.read(lambda reader: reader.combined([OTHER]))
            == ledger.read(lambda reader: reader.combined([]))
            == []
        )
        with ledger.writing() as tx:
            assert tx.is_crowded(PHONE, [], send_at - HOUR, send_at + HOUR)
            assert not tx.is_crowded(PHONE, ["k-2", made.key], send_at - HOUR, send_at + HOUR)
            assert not tx.is_crowded(PHONE, [], send_at, send_at + HOUR)
            assert not tx.is_crowded(OTHER, [], send_at - HOUR, send_at + HOUR)

    def test_what_is_live_for_a_number_and_whose_reminders_those_are(self, ledger: Ledger) -> None:
        """A parked message is known by the keys of the reminders it includes, its own among them, until it is over."""
        record, claim, made = park_one(ledger)
        with ledger.writing() as tx:
            tx.move_message(claim, made, evolve(made, includes=(Included("k-9", NOW),)))
            assert tx.parked_reminders(PHONE) == [{made.key, "k-9"}]
            assert tx.parked_reminders(OTHER) == []
            assert tx.reader.reminder_owners([made.key, "k-9"]) == {made.key: (record.identity, "day-before", "p-1")}
            assert tx.reader.reminder_owners([]) == {}
            (told,) = tx.reader.combined([PHONE])
            tx.move_message(claim, told, evolve(told, state=State.SENT))
            assert tx.parked_reminders(PHONE) == []

    def test_phones_that_are_missing_are_added(self, ledger: Ledger) -> None:
        """An older library records appointments without them; an appointment that has all of them is not named."""
        (record,) = record_all(ledger, incoming())
        (known,) = ledger.read(lambda reader: reader.phones([record.row]))[record.row]
        with ledger.writing() as tx:
            tx.lock([record.row])
            assert tx.add_phones({record.row: [known]}) == set()
            assert tx.add_phones({record.row: [known, (OTHER, NOW)]}) == {record.row}
            assert tx.add_phones({}) == set()
        assert sorted(ledger.read(lambda reader: reader.phones([record.row]))[record.row]) == sorted(
            [known, (OTHER, NOW)]
        )

    def test_who_is_woken_looks_again_also_if_at_work(self, ledger: Ledger) -> None:
        """A release of the generation before does not clear what `requeue` has set."""
        record, claim, _ = park_one(ledger)
        with ledger.writing() as tx:
            tx.requeue([record.row], NOW)
            tx.release([Release(claim, record.generation, True, "s", None)])  # noqa: FBT003 - clean
        woken = as_recorded(ledger)
        assert (woken.next_at, woken.generation) == (NOW, record.generation + 1)
        claim = claim_all(ledger, [record.row])[record.row]
        with ledger.writing() as tx:
            tx.release([Release(claim, woken.generation, True, "s", None)])  # noqa: FBT003 - clean
        assert (as_recorded(ledger).next_at, as_recorded(ledger).dirty) == (None, False)

    def test_purging_forgets_phones(self, ledger: Ledger) -> None:
        """No number outlives the appointment's other data."""
        (record,) = record_all(ledger, incoming())
        with ledger.writing() as tx:
            assert tx.purge(START + 1000 * HOUR, NOW) == 1
        assert ledger.read(lambda reader: reader.phones([record.row])) == {}
        assert ledger.read(lambda reader: reader.sharing_number([(PHONE, START - HOUR, START + HOUR)])) == []
