"""What a ledger's check finds, and what it may repair."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from attrs import evolve

from reminder_kit.errors import SchemaError
from reminder_kit.ledger.integrity import check
from reminder_kit.ledger.sql.tables import VERSION_TABLE
from reminder_kit.model.lifecycle import State
from reminder_kit.model.records import Release
from reminder_kit.testing.ledger_contract import LEASE, NOW, incoming, message, outcome


def settled(ledger, *, outcomes=(), messages=(), next_at=NOW):
    """Record an appointment with these, all worked on."""
    with ledger.writing() as transaction:
        transaction.record([incoming()], NOW)
        (claim,) = transaction.claim([1], "one", NOW, LEASE).values()
        transaction.keep_outcomes(claim, outcomes)
        for message in messages:
            transaction.create_message(claim, message, rule="day-before", recipient="p-1")
        transaction.release([Release(claim, 1, complete=True, planned_with="d", next_at=next_at)])


def sql(ledger, statement):
    with ledger._database.writing() as connection:
        connection.execute(sa.text(statement))


def test_all_is_well_with_an_ordinary_ledger(ledger):
    """A parked reminder with its message and a time to look again gives no finding."""
    settled(ledger, outcomes=[outcome()], messages=[message()])
    assert check(ledger, now=NOW) == []


def test_an_absent_ledger_is_well_too_and_a_newer_one_refused(url, ledgers):
    """No tables give no finding; tables of a newer version than ours can't be judged, and are refused."""
    assert check(ledgers(url)) == []
    newer = ledgers(url)
    newer.upgrade()
    sql(newer, f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    with pytest.raises(SchemaError):
        check(ledgers(url))


@pytest.mark.parametrize(
    ("made", "finding"),
    [
        pytest.param(
            {"outcomes": [outcome()], "messages": [message(), message("m-2", state=State.SCHEDULED)]},
            "two live messages for one reminder",
            id="twice",
        ),
        pytest.param({"outcomes": [outcome()]}, "parked, but has no message", id="empty"),
        pytest.param({"messages": [message()]}, "its reminder is not recorded", id="loose"),
        pytest.param(
            {"outcomes": [outcome()], "messages": [message()], "next_at": None},
            "nothing is to look at it again",
            id="forgotten",
        ),
    ],
)
def test_what_the_next_resync_can_mend_is_marked_for_it(ledger, made, finding):
    """A check alone changes nothing; a repair marks the appointment, and the next resync mends it."""
    settled(ledger, **made)
    (line,) = check(ledger)
    assert line.startswith("A-1: ")
    assert finding in line
    assert check(ledger) == [line]
    assert not next(iter(ledger.read(lambda reader: list(reader.records())))).dirty
    assert check(ledger, repair=True) == [f"{line} (marked for the next resync)"]
    assert next(iter(ledger.read(lambda reader: list(reader.records())))).dirty


def test_orphans_are_told_and_only_reminders_dropped(ledger):
    """Without its appointment a reminder is dropped, but a message is left: it may still be parked."""
    settled(ledger, outcomes=[outcome()], messages=[message()])
    sql(ledger, "DELETE FROM reminder_kit_appointments")
    lines = check(ledger, repair=True)
    assert [line.partition("(")[2] for line in lines] == ["left as it is)", "dropped)"]
    assert check(ledger) == ["row 1: a message whose appointment is not recorded"]
    assert ledger.read(lambda reader: reader.parked()) == 1


def test_a_lease_that_ran_out_is_freed(ledger):
    """A lease that still runs is no finding; one that ran out is freed by a repair."""
    settled(ledger)
    with ledger.writing() as transaction:
        transaction.claim([1], "gone", NOW, LEASE)
    assert check(ledger) == check(ledger, now=NOW + LEASE - timedelta(seconds=1)) == []
    assert check(ledger, now=NOW + LEASE, repair=True) == ["A-1: its worker's lease ran out (freed)"]
    with ledger.writing() as transaction:
        assert transaction.holders([1]) == []


def test_messages_that_were_sent_or_are_unknown_are_no_fault(ledger):
    """A reminder whose message was sent or is unknown is in order; one without a message is not."""
    settled(
        ledger,
        outcomes=[outcome(), outcome("k-2"), outcome("k-3", reason="not_confirmed")],
        messages=[message(state=State.SENT), message("m-2", "k-2", state=State.UNKNOWN)],
        next_at=None,
    )
    (line,) = check(ledger)
    assert "has no message" in line


def test_a_purged_appointment_is_no_fault(ledger):
    """Purging an appointment leaves nothing behind that a check would find."""
    settled(ledger, outcomes=[outcome()], messages=[evolve(message(), state=State.DELIVERED)], next_at=None)
    with ledger.writing() as transaction:
        assert transaction.purge(NOW + timedelta(days=9), NOW) == 1
    assert check(ledger, now=NOW) == []
