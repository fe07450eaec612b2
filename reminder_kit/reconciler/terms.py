"""Terms: on which terms a run works on a ledger: by whose rules, and whether the ledger is where it last was.

Reads one snapshot of the ledger. Never writes, but inside a transaction that it is handed; `now` is an argument.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from reminder_kit.errors import UnsafePlanError
from reminder_kit.model.instants import iso
from reminder_kit.model.places import Place
from reminder_kit.model.restorations import Restoration
from reminder_kit.model.rule_sets import Bid, RuleSet, Standing, noted
from reminder_kit.planning.plan import Worklist
from reminder_kit.reconciler.scope import Scope

if TYPE_CHECKING:
    from reminder_kit.ledger.reader import Reader
    from reminder_kit.ledger.transaction import Transaction

__all__ = ["Terms", "accept", "terms_of", "why_still"]

_FORGOTTEN = timedelta(days=30)
"""After how long a rule set that was replaced counts as one that was never seen."""


@frozen
class Terms:
    """On which terms a run works."""

    #: What it asks for.
    bid: Bid
    #: What it may do with its rules.
    standing: Standing
    #: Why its rules are refused, in words; "": they are not.
    refusal: str = ""
    #: Whether the ledger is to note by which rules, and where, it is worked.
    news: bool = False
    #: Why the ledger writes to nobody until it is adopted, in words; "": it may.
    foreign: str = ""
    #: That the ledger was put back to an older state; None: it never was.
    restoration: Restoration | None = None


def terms_of(reader: Reader, own: RuleSet, scope: Scope, place: Place | None, now: datetime) -> Terms:
    """Return the terms of a run over a scope; `place` is where the ledger is now, None: it is nowhere (in memory)."""
    bid = Bid(own, takes=scope.takes, whole=scope.whole, forced=scope.forced)
    records = reader.standing.rule_sets()
    found = bid.standing(records, now)
    known, restoration = reader.standing.places(), reader.restoration
    return Terms(
        bid,
        found,
        refusal=bid.refusal(records) if found is Standing.REFUSED else "",
        news=bool(scope.takes and noted(own, records, now, found)) or not _is_known(place, known),
        foreign=_why_still(reader, restoration, place, known, now),
        restoration=restoration,
    )


def _is_known(place: Place | None, known: list[Place]) -> bool:
    return place is None or any((other.identity, other.path) == (place.identity, place.path) for other in known)


def why_still(reader: Reader, place: Place | None, now: datetime) -> str:
    """Return why a ledger writes to nobody until it is adopted, in words; "": it may.

    It was put back to an older state, or has anything live in it and is not where it was last worked on.
    """
    return _why_still(reader, reader.restoration, place, reader.standing.places(), now)


def _why_still(
    reader: Reader, restoration: Restoration | None, place: Place | None, known: list[Place], now: datetime
) -> str:
    if restoration is not None and not restoration.adopted:
        return f"the ledger was restored from a backup of {iso(restoration.since)}, and not adopted since"
    if place is None or not known or _is_known(place, known) or not _is_live(reader, now):
        return ""
    return f"the ledger last worked at {known[0].name}, and is at {place.name} now"


def _is_live(reader: Reader, now: datetime) -> bool:
    """Say whether anybody may still be written to by what is recorded."""
    if reader.standing.is_anything_parked():
        return True
    return any(not record.removed for record in reader.records(ended_after=now, page=50))


def accept(worklist: Worklist, place: Place | None, now: datetime, *, forced: bool, tx: Transaction) -> Standing:
    """Note by which rules, and where, the ledger is worked from now on; returns what the run may do with its rules.

    What the plan was told may have changed meanwhile. `forced`: a person said that a refused plan is to be carried out.
    Raises `UnsafePlanError` where the rules are refused by now.
    """
    if place is not None and not _is_known(place, tx.reader.standing.places()):
        tx.keep_places([place])
    bid = worklist.bid
    if bid is None or worklist.standing is Standing.YIELDS:
        if bid is not None and bid.takes:
            tx.keep_rule_sets(noted(bid.own, tx.reader.standing.rule_sets(), now, Standing.YIELDS))
        return worklist.standing
    if forced and worklist.standing is Standing.REFUSED:
        bid = evolve(bid, forced=True)
    records = tx.reader.standing.rule_sets()
    found = bid.standing(records, now)
    if found is Standing.REFUSED:
        raise UnsafePlanError(bid.refusal(records))
    if bid.takes:
        tx.keep_rule_sets(noted(bid.own, records, now, found))
    if found is Standing.TAKES_OVER:
        tx.forget_rule_sets(now - _FORGOTTEN)
    return found
