"""What a person replied belongs to the appointment they were last written about, on every database."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reminder_kit.model.messages import DeliveryEvent
from reminder_kit.testing.ledger_stage import NOW, as_recorded, incoming, park_one


def test_a_reply_stays_until_the_start_moves(ledger):
    """A new title keeps what a person replied; a new start forgets it, for it answered the old one."""
    record, _, _ = park_one(ledger)
    with ledger.writing() as tx:
        tx.reply(record.identity, "confirm")
    assert as_recorded(ledger).replied == "confirm"
    starts_at = record.appointment.starts_at
    for changes, replied in (({"title": "Other"}, "confirm"), ({"starts_at": starts_at + timedelta(hours=1)}, "")):
        with ledger.writing() as tx:
            tx.record([incoming(**changes)], NOW + timedelta(hours=1))
        assert as_recorded(ledger).replied == replied


@pytest.mark.parametrize("senders", [(), ("+12025550100",), ("+12025550100", "my clinic, Main St")])
def test_a_reply_that_waits_keeps_to_whom_it_was_sent(ledger, senders):
    """Its number and its pool, whatever they are called, since that tells which message it answers."""
    heard = DeliveryEvent(
        "e-1", "received", NOW, "telnyx", None, None, "+12025550123", "C", raw={"x": 1}, senders=senders
    )
    with ledger.writing() as tx:
        tx.store_event(heard, NOW)
        tx.let_wait("e-1")
    assert ledger.read(lambda reader: reader.waiting_replies()) == [heard]
    assert [one.senders for one in ledger.read(lambda reader: reader.waiting_replies())] == [senders]
