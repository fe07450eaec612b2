"""Restored: what a run minds on a ledger that was put back to an older state.

Never asks a provider, and never writes: it says what is in doubt, and what may not be done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from reminder_kit.errors import LedgerError
from reminder_kit.model.appointments import Appointment
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import Identity
from reminder_kit.model.restorations import Restoration
from reminder_kit.planning.changes import Change, ChangeKind
from reminder_kit.planning.decision import Decision
from reminder_kit.reconciler.scope import Scope

if TYPE_CHECKING:
    from reminder_kit.ledger.transaction import Transaction

__all__ = ["complete_sources", "gap_of_new", "line_of", "refuse_older_state"]


def gap_of_new(identity: Identity, appointment: Appointment, known: Restoration | None) -> Restoration | None:
    """Return the restoration whose gap an appointment may lie in that is about to be recorded first; None: it can't."""
    if known is None or identity.source in known.complete:
        return None
    return None if appointment.booked_at is not None and appointment.booked_at >= known.at else known


def complete_sources(scope: Scope, known: Restoration | None) -> tuple[str, ...]:
    """Return the sources of which all appointments came in since the ledger was put back; none where it was not."""
    if known is None:
        return ()
    return tuple(
        part.source
        for part in (scope, *scope.covered)
        if part.complete and part.source and (part.as_of is None or part.as_of.at >= known.at)
    )


def line_of(decision: Decision) -> Change:
    """Return the plan's line of a decision: one for which a message may exist already is asked about first."""
    if decision.doubt is None:
        return decision.line()
    waiting = evolve(decision.change, kind=ChangeKind.HOLD, reason=Reason.RESTORED_LEDGER, send_at=None, text=None)
    return evolve(waiting, error="the provider is asked first: a message may have been made since the backup")


def refuse_older_state(tx: Transaction) -> None:
    """Raise `LedgerError` where the ledger was put back while a run was at work, and may write to nobody yet."""
    known = tx.reader.restoration
    if known is not None and not known.lets_work:
        raise LedgerError(
            "the ledger was restored from a backup while this run was at work: nothing more was done; run again, and "
            "`reminder-kit attention` says what to do"
        )
