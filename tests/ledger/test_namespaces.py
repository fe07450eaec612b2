"""What one namespace writes leaves another's rows as they are: the same ids, numbers and events are in both."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from attrs import evolve

from reminder_kit.model.lifecycle import State
from reminder_kit.model.records import ReminderStatus
from reminder_kit.ports import DeliveryEvent
from reminder_kit.testing.ledger_stage import (
    NOW,
    PHONE,
    START,
    barred,
    incoming,
    message,
    outcome,
    park_one,
    record_all,
)

LATER = START + timedelta(days=90)


@pytest.fixture
def others(url, ledgers):
    """Two ledgers of different namespaces in one database, and a function that dumps the rows of the second."""
    mine, theirs = ledgers(url, namespace="mine"), ledgers(url, namespace="theirs")
    mine.upgrade()
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))

    tables = sa.MetaData()
    tables.reflect(engine)

    def dump():
        with engine.connect() as connection:
            rows = {
                name: [tuple(row) for row in connection.execute(sa.select(table).where(table.c.namespace == "theirs"))]
                for name, table in tables.tables.items()
                if "namespace" in table.c
            }
        return {name: sorted(found, key=repr) for name, found in rows.items()}

    yield mine, theirs, dump
    engine.dispose()


def filled(ledger):
    """Fill a namespace with one of everything; returns the appointment, its claim and its message."""
    record, claim, made = park_one(ledger)
    event = DeliveryEvent("e-1", "received", NOW, "telnyx", "P-1", "m-A-1", PHONE, "Hi", "", {"x": 1})
    with ledger.writing() as tx:
        tx.store_event(event, NOW)
        tx.consent.record(barred())
        tx.mark_run("resync", NOW, {"x": 1})
    return record, claim, made


WRITES = {
    "record": lambda tx, row, claim, made: tx.record([incoming(title="Other")], NOW),
    "remove": lambda tx, row, claim, made: tx.remove([row.identity], NOW),
    "mark a number": lambda tx, row, claim, made: tx.mark_dirty(number=PHONE),
    "mark an appointment": lambda tx, row, claim, made: tx.mark_dirty(identities=[row.identity]),
    "reply": lambda tx, row, claim, made: tx.reply(row.identity, "confirm"),
    "expire an owner": lambda tx, row, claim, made: tx.expire(["one"], [row.row]),
    "move a message": lambda tx, row, claim, made: tx.move_message(claim, made, evolve(made, state=State.SENT)),
    "create a message": lambda tx, row, claim, made: tx.create_message(claim, message("m-9"), rule="r", recipient="p"),
    "keep an outcome": lambda tx, row, claim, made: tx.keep_outcomes(claim, [outcome("k-A-1", to="+12025550199")]),
    "drop an outcome": lambda tx, row, claim, made: tx.drop_outcomes(claim, ["k-A-1"]),
    "forget a reminder": lambda tx, row, claim, made: tx.forget_reminders(["k-A-1"]),
    "allow": lambda tx, row, claim, made: tx.consent.allow(PHONE, "", (), id="l", at=NOW, way="api"),
    "suppress": lambda tx, row, claim, made: tx.consent.suppress(PHONE, "other", id="s", at=NOW, way="api"),
    "a STOP": lambda tx, row, claim, made: tx.consent.record(barred(by="recipient", senders=("+12025550100",))),
    "mark a run": lambda tx, row, claim, made: tx.mark_run("resync", LATER, {}),
    "match an event": lambda tx, row, claim, made: tx.match_event("e-1"),
    "purge": lambda tx, row, claim, made: tx.purge(LATER, LATER),
}


@pytest.mark.few(6)
@pytest.mark.parametrize("what", WRITES)
def test_a_write_changes_its_own_namespace_alone(others, what):
    """Whatever the one writes, the other's rows stay as they are, to the last column."""
    mine, theirs, dump = others
    filled(theirs)
    row, claim, made = filled(mine)
    before = dump()
    assert sum(map(len, before.values())) >= 6
    with mine.writing() as tx:
        WRITES[what](tx, row, claim, made)
    assert dump() == before


def test_an_event_of_another_namespace_is_neither_known_nor_matched(others):
    """The same event may come to two: each stores it, and finds its own."""
    mine, theirs, _ = others
    event = DeliveryEvent("e-1", "sent", NOW, "telnyx", "P-1", "m-1", PHONE)
    for ledger in (mine, theirs):
        with ledger.writing() as tx:
            assert tx.store_event(event, NOW)
    with mine.writing() as tx:
        tx.match_event("e-1")
        assert tx.unmatched_events(provider_id="P-1") == []
    with theirs.writing() as tx:
        assert tx.unmatched_events(provider_id="P-1", token="m-1") == [event]


def test_a_removed_number_marks_whom_it_stopped_too(ledger):
    """Allowed again, a number makes due what was skipped for it, whether the person or the host had barred it."""
    for number, reason in enumerate(("suppressed", "opted_out", "unclear_reply", "condition")):
        (record,) = record_all(ledger, incoming(f"A-{number}"))
        with ledger.writing() as tx:
            claim = tx.claim([record.row], "one", NOW, timedelta(minutes=5))[record.row]
            skipped = outcome(f"k-{number}", status=ReminderStatus.SKIPPED, reason=reason, to=f"+120255501{number:02}")
            tx.keep_outcomes(claim, [skipped])
            assert tx.mark_dirty(number=skipped.to) == (reason != "condition"), reason
