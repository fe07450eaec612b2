"""What a person replied belongs to the appointment they were last written about, on every database."""

from __future__ import annotations

from datetime import timedelta

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
