"""Take in what a provider tells us: store it first, then move the message it speaks of.

Never calls the provider and never goes back from a final state; what comes out of turn is
stored, reported and otherwise left alone (design, §8).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from attrs import evolve, field, frozen

from reminder_kit.delivery.message_events import STATES, MessageEvents
from reminder_kit.model.messages import DeliveryEvent
from reminder_kit.model.records import HistoryEntry, Suppression
from reminder_kit.providers.replies import Replies

if TYPE_CHECKING:
    from reminder_kit.ledger.transaction import Transaction

__all__ = ["Inbox"]


@frozen
class Inbox:
    """Where delivery events and replies arrive."""

    tidings: MessageEvents = field(factory=MessageEvents)
    replies: Replies = field(factory=Replies)

    def take(self, tx: Transaction, events: Iterable[DeliveryEvent], now: datetime) -> list[DeliveryEvent]:
        """Store events and act on them in one transaction; returns what hosts are to be told, without repetitions."""
        told_on: list[DeliveryEvent] = []
        for event in events:
            if not tx.store_event(event, now):
                continue
            if event.type in STATES:
                told_on += self._moved(tx, event, now)
            else:
                told_on += self._replied(tx, event, now)
        return told_on

    def _replied(self, tx: Transaction, event: DeliveryEvent, now: datetime) -> list[DeliveryEvent]:
        """Obey what a person asks for; a reply is about the message that went to them last."""
        if not event.number:
            return [event]
        found = tx.last_sent(provider=event.provider, number=event.number)
        event = evolve(event, appointment=found.identity if found else None)
        if event.type in ("opted_out", "opted_in"):
            self._heard(tx, event, now)
        word = self.replies.name_of(event.text or "") if event.type == "received" else None
        if word is None:
            return [event]
        if found is not None:
            told = tx.reminder_owners([included.key for included in found.message.includes])
            about = list(dict.fromkeys([found.identity, *(identity for identity, *_ in told.values())]))
            for identity in about:
                tx.reply(identity, word)
            tx.mark_dirty(identities=about)
            tx.note([HistoryEntry(now, "webhook", "replied", identity, reason=word) for identity in about])
        return [event, evolve(event, id=f"{event.id}:{word}", type=word)]

    def _heard(self, tx: Transaction, event: DeliveryEvent, now: datetime) -> None:
        """Obey a STOP or START at once, for every appointment of that number."""
        number = event.number or ""
        if event.type == "opted_out":
            tx.suppress(Suppression(number, "the recipient asked to stop", now, by="recipient"))
        else:
            tx.allow(number)
        tx.mark_dirty(number=number)

    def _moved(self, tx: Transaction, event: DeliveryEvent, now: datetime) -> list[DeliveryEvent]:
        """Follow an event about a message; one about a message we don't know yet is kept until we do."""
        found = tx.find_message(provider=event.provider, provider_id=event.provider_id, token=event.token)
        reason = self.tidings.reason(event.provider, event.code)
        event = evolve(event, reason=reason, appointment=found.identity if found else None)
        if found is None:
            return [event]
        _, in_turn = self.tidings.follow(tx, found, event, now)
        return [event] if in_turn else [event, evolve(event, id=f"{event.id}:anomaly", type="anomaly")]
