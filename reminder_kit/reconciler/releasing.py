"""The end of work: what came of claimed work items is written, and who is to be decided again for it is found.

Never asks the provider, and never reads a clock. Writes only inside a transaction that it is handed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from reminder_kit.errors import ClaimLostError
from reminder_kit.ledger.asks import Asks
from reminder_kit.model.reasons import SAID_BY_OTHERS, Reason
from reminder_kit.model.records import Identity
from reminder_kit.planning.changes import ChangeKind
from reminder_kit.planning.day_limit import too_many
from reminder_kit.planning.settings import Settings
from reminder_kit.reconciler.work_item import WorkItem

if TYPE_CHECKING:
    from reminder_kit.ledger.transaction import Transaction

__all__ = ["adopt", "let_speak", "release"]

_UNSAID = (*SAID_BY_OTHERS, Reason.DAY_LIMIT)
"""Why a reminder is left unsent for a message of another appointment, and sent once that is taken back."""

_PARKING = (ChangeKind.SCHEDULE, ChangeKind.REPLACE)
"""What parks a message."""

_GOING = (ChangeKind.CANCEL, ChangeKind.REPLACE)
"""What takes a parked message back."""


def release(
    works: Sequence[WorkItem], actor: str, now: datetime, digest: str, settings: Settings, tx: Transaction
) -> list[Identity]:
    """Write what came of work items and end their claims; returns other appointments to be decided again for it.

    `actor` is the verb, `now` is UTC, `digest` is that of the settings. `settings` say who writes, and how much in a
    day. A lost claim is no error: its holder finishes the work.
    """
    all_works, works = works, [work for work in works if work.active]
    requeued = _one_too_many(tx, works, settings, now)
    tx.lock(sorted({work.record.row for work in all_works} | set(requeued)))
    tx.foresee([Asks(claim=work.claim) for work in works])
    for work in works:
        try:
            work.write(tx, actor, now)
        except ClaimLostError:
            work.complete = False
    parked_for = {number for work in works for number in work.parked_for}
    barred = tx.reader.consent.suppressions(parked_for, settings.writer) if parked_for else {}
    for work in works:  # barred while it was worked on: what is parked is withdrawn by the next run
        work.complete = work.complete and work.parked_for.isdisjoint(barred)
    tx.requeue(sorted(requeued), now)
    releases = {work.record.row: work.release(digest, now) for work in all_works}
    worked_on = {work.record.row for work in works if work.record.dirty and work.complete}
    known = tx.reader.phones(sorted(worked_on))
    for work in (work for work in works if work.record.row in worked_on):  # others may be such as can't be read here
        if not set(known.get(work.record.row, ())) <= set(work.phones()):
            tx.drop_phones(releases[work.record.row], work.phones())
    tx.release(list(releases.values()))
    return list(requeued.values())


def adopt(works: Sequence[WorkItem], tx: Transaction) -> None:
    """Write what kept messages of work items speak of by now. A lost claim is no error, as in `release`."""
    for work in works:
        try:
            work.adopt(tx)
        except ClaimLostError:
            work.complete = False


def let_speak(works: Sequence[WorkItem]) -> None:
    """Have those decided again that were left unsaid for messages of others of these, which are taken back by now."""
    gone = {
        decision.message.draft.to
        for work in works
        for decision in work.decisions
        if decision.kind in _GOING and decision.message is not None
    }
    for work in works if gone else ():
        is_unsaid = any(one.reason in _UNSAID and one.number in gone for one in work.decisions)
        work.decide_again = work.decide_again or is_unsaid


def _one_too_many(tx: Transaction, works: Sequence[WorkItem], settings: Settings, now: datetime) -> dict[int, Identity]:
    """Return, by row, the appointments with messages on a day on which a number would now get more than it may."""
    if settings.max_per_day is None:
        return {}
    parked = {
        change.to: change.zone
        for work in works
        for change in work.changes.values()
        if change.to and change.kind in _PARKING and change.outcome == "done"
    }
    traffic = tx.reader.traffic(list(parked), now - settings.traffic_reach)
    keys = {
        key
        for number, zone in parked.items()
        for key in too_many(traffic.get(number, ()), zone, settings.max_per_day, now)
    }
    owners = {owner for owner, *_ in tx.reader.reminder_owners(sorted(keys)).values()}
    batch = {work.record.row for work in works}
    records = tx.reader.records(identities=sorted(owners)) if owners else ()
    return {record.row: record.identity for record in records if record.row not in batch}
