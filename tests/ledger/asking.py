"""What a reader may ask of a ledger, all at once."""

from __future__ import annotations


def ask_everything(ledger):
    """Ask for this and that; returns the ids of all appointments."""
    assert ledger.check_schema() == "current"
    ledger.read(lambda reader: reader.history(id="A-1"))
    ledger.read(lambda reader: reader.counts())
    ledger.read(lambda reader: reader.parked())
    return [record.identity.id for record in ledger.read(lambda reader: list(reader.records()))]
