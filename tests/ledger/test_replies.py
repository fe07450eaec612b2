"""What a person replied belongs to the appointment they were last written about, on every database."""

from __future__ import annotations

from datetime import timedelta

from attrs import evolve

from reminder_kit.model.lifecycle import State
from reminder_kit.testing.ledger_stage import NOW, PHONE, as_recorded, incoming, message, park_one


def sent(ledger, claim, before, **changes):
    with ledger.writing() as tx:
        tx.move_message(claim, before, evolve(before, state=State.SENT, **changes))


def test_the_message_that_went_out_last_is_the_one_answered(ledger):
    """A reply answers the message of its provider that was to go out last, not the one written last."""
    first, claim, made = park_one(ledger)
    second, later, other = park_one(ledger, "A-2")
    with ledger.writing() as tx:
        assert tx.reader.last_sent(provider="telnyx", number=PHONE) is None
    sent(ledger, later, other)
    sent(ledger, claim, made)
    with ledger.writing() as tx:
        assert tx.reader.last_sent(provider="telnyx", number=PHONE).identity == second.identity
        assert tx.reader.last_sent(provider="twilio", number=PHONE) is None
        early = evolve(message("m-0"), draft=evolve(made.draft, send_at=made.send_at - timedelta(days=1)))
        tx.create_message(claim, evolve(early, state=State.DELIVERED), rule="r", recipient="p")
        assert tx.reader.last_sent(provider="telnyx", number=PHONE).message.id != "m-0"
    assert first.replied == ""


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
