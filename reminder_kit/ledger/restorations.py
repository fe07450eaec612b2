"""What is written where a ledger was put back to an older state.

Never commits, and never asks a provider: it says what nobody knows any more, and what is known of that by now.
"""

from __future__ import annotations

import json
from collections.abc import Collection

from attrs import evolve

from reminder_kit.ledger.databases.runner import Runner
from reminder_kit.ledger.reader import Reader
from reminder_kit.ledger.sql.restoration_statements import EVERYWHERE
from reminder_kit.ledger.sql.row_mapping import micros
from reminder_kit.ledger.sql.statements import Statements
from reminder_kit.model.records import AppointmentRecord
from reminder_kit.model.restorations import IN_GAP, RESTORED, Restoration
from reminder_kit.model.snapshots import fingerprint
from reminder_kit.planning.message_times import CLEARED, NEVER_SENT

__all__ = ["Restorations"]


class Restorations:
    """The writes about restorations, inside one transaction."""

    def __init__(self, runner: Runner, reader: Reader, namespace: str, statements: Statements) -> None:
        self._runner = runner
        self._reader = reader
        self._namespace = namespace
        self._statements = statements

    def begin(self, restoration: Restoration) -> None:
        """Note that the ledger was put back, and mark in all namespaces what nobody knows any more.

        Appointments are to come in again, messages to be looked up, requests not to be repeated; claims are lost.
        """
        values = {"now": micros(restoration.at), "never_sent": NEVER_SENT, "cleared": CLEARED}
        values["doubt"] = f"{IN_GAP}it is asked what became of it"
        for statement in self._statements.restoration.unsettle:
            self._runner.run(statement, **values)
        self._runner.run(self._statements.restoration.forget)
        self.keep(restoration)

    def keep(self, restoration: Restoration) -> None:
        """Write what is known of a restoration, for all namespaces and for this one."""
        same = {"name": RESTORED, "at": micros(restoration.at)}
        pairs = ((EVERYWHERE, restoration.of_ledger()), (self._namespace, restoration.of_namespace()))
        for namespace, detail in pairs:
            values = {"namespace": namespace, "detail": json.dumps(detail)}
            self._runner.run(self._statements.updates.mark_run, **same, **values)

    def note_complete(self, sources: Collection[str]) -> None:
        """Note, of a ledger that was put back, that all appointments of these sources came in by now."""
        restoration = self._reader.standing.restoration() if sources else None
        if restoration is None:
            return
        ((highest,),) = self._runner.rows(self._statements.restoration.highest_row)
        complete = {**restoration.complete, **dict.fromkeys(sources, highest or 0)}
        self.keep(evolve(restoration, complete=complete))

    def recognise(self, record: AppointmentRecord) -> None:
        """Have an appointment that did not come in since the ledger was put back count as if it had, just as it is."""
        values = {"namespace": self._namespace, "which": record.row, "anew": fingerprint(record.snapshot)}
        self._runner.run(self._statements.restoration.recognise, **values)
