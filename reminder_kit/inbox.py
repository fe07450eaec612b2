"""Take in what a provider tells us: store it first, then move the message it speaks of.

Never calls the provider and never goes back from a final state; what comes out of turn is
stored, reported and otherwise left alone (design, §8).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from reminder_kit.ledger import Ledger
from reminder_kit.lifecycle import State, told
from reminder_kit.model import DeliveryEvent
from reminder_kit.ports import Provider
from reminder_kit.records import Found, HistoryEntry, Suppression

if TYPE_CHECKING:
    from reminder_kit.ledger.store import Transaction

__all__ = ["Inbox"]

_STATES = {
    "scheduled": State.SCHEDULED,
    "sent": State.SENT,
    "delivered": State.DELIVERED,
    "undelivered": State.UNDELIVERED,
    "cancelled": State.CANCELLED,
}


@frozen
class Inbox:
    """Where delivery events and replies arrive."""

    ledger: Ledger
    provider: Provider

    def take(self, tx: Transaction, events: Iterable[DeliveryEvent], now: datetime) -> list[DeliveryEvent]:
        """Store events and act on them in one transaction; returns what hosts are to be told, without repetitions."""
        told_on: list[DeliveryEvent] = []
        for event in events:
            if not tx.store_event(event, now):
                continue
            told_on.append(event)
            if event.type in ("opted_out", "opted_in") and event.number:
                self._heard(tx, event, now)
            elif event.type in _STATES:
                told_on += self._moved(tx, event, now)
        return told_on

    def _heard(self, tx: Transaction, event: DeliveryEvent, now: datetime) -> None:
        """Obey a STOP or START at once, for every appointment of that number."""
        number = event.number or ""
        if event.type == "opted_out":
            tx.suppress(Suppression(number, "the recipient asked to stop", now, by="recipient"))
        else:
            tx.allow(number)
        tx.mark_dirty(number=number)

    def _moved(self, tx: Transaction, event: DeliveryEvent, now: datetime) -> list[DeliveryEvent]:
        found = tx.find_message(provider=event.provider, provider_id=event.provider_id, token=event.token)
        if found is None:
            return []
        tx.match_event(event.id)
        before = found.message
        state, in_turn = told(before.state, _STATES[event.type])
        after = evolve(before, state=state, provider_id=before.provider_id or event.provider_id, presumed=False)
        if state is before.state and after.provider_id == before.provider_id:
            after = evolve(before, presumed=before.presumed)
        if after != before:
            tx.move_message(None, before, evolve(after, uncertain=False, next_try_at=None, error=event.code))
        tx.note([_entry(found, event, now, in_turn=in_turn)])
        if state is not before.state:
            tx.mark_dirty(identities=[found.identity])
        return [] if in_turn else [evolve(event, id=f"{event.id}:anomaly", type="anomaly")]


def _entry(found: Found, event: DeliveryEvent, now: datetime, *, in_turn: bool) -> HistoryEntry:
    return HistoryEntry(
        at=now,
        actor="webhook",
        event=event.type if in_turn else "anomaly",
        identity=found.identity,
        key=found.message.key,
        rule=found.rule,
        message_id=found.message.id,
        reason=event.code or ("" if in_turn else f"{event.type} although {found.message.state}"),
        detail={"occurred_at": event.occurred_at.isoformat()},
    )
