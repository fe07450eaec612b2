"""Delivery events and replies: stored first, then acted upon, in one transaction.

Never calls the provider, and never takes a message back from a final state: an event that comes out of turn is stored,
reported as an anomaly and otherwise left alone.
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

    #: How an event moves the message that it is about.
    message_events: MessageEvents = field(factory=MessageEvents)
    #: The host's own keywords.
    replies: Replies = field(factory=Replies)

    def take(self, tx: Transaction, events: Iterable[DeliveryEvent], now: datetime) -> list[DeliveryEvent]:
        """Store verified events and act on them; returns the events that hosts are to hear of.

        An event that was stored before is passed over. A reply that is a keyword, and an event out of turn, are
        returned as two events.
        """
        announced: list[DeliveryEvent] = []
        for event in events:
            if not tx.store_event(event, now):
                continue
            if event.type in STATES:
                announced += self._follow_message(tx, event, now)
            elif event.type == "unknown":
                announced.append(event)  # a word that decides nothing is nobody's reply
            else:
                announced += self._take_reply(tx, event, now)
        return announced

    def _take_reply(self, tx: Transaction, event: DeliveryEvent, now: datetime) -> list[DeliveryEvent]:
        """Act on what a person replied, and return it: a reply is about the message that went to its number last.

        A keyword is recorded for every appointment that this message speaks of.
        """
        if not event.number:
            return [event]
        found = tx.reader.last_sent(provider=event.provider, number=event.number)
        event = evolve(event, appointment=found.identity if found else None)
        if event.type in ("opted_out", "opted_in"):
            self._obey_opt_out(tx, event, now)
        word = self.replies.name_of(event.text or "") if event.type == "received" else None
        if word is None:
            return [event]
        if found is not None:
            owners = tx.reader.reminder_owners([included.key for included in found.message.includes])
            about = list(dict.fromkeys([found.identity, *(identity for identity, *_ in owners.values())]))
            for identity in about:
                tx.reply(identity, word)
            tx.mark_dirty(identities=about)
            tx.note([HistoryEntry(now, "webhook", "replied", identity, reason=word) for identity in about])
        return [event, evolve(event, id=f"{event.id}:{word}", type=word)]

    def _obey_opt_out(self, tx: Transaction, event: DeliveryEvent, now: datetime) -> None:
        """Suppress the number of a STOP, or lift that after a START; every appointment for it becomes dirty."""
        number = event.number or ""
        if event.type == "opted_out":
            tx.suppress(Suppression(number, "the recipient asked to stop", now, by="recipient"))
        else:
            tx.allow(number)
        tx.mark_dirty(number=number)

    def _follow_message(self, tx: Transaction, event: DeliveryEvent, now: datetime) -> list[DeliveryEvent]:
        """Move the message that an event is about, and return the event; without a message yet, the event waits."""
        found = tx.reader.find_message(provider=event.provider, provider_id=event.provider_id, token=event.token)
        reason = self.message_events.reason(event.provider, event.code)
        event = evolve(event, reason=reason, appointment=found.identity if found else None)
        if found is None:
            return [event]
        _, in_turn = self.message_events.follow(tx, found, event, now)
        return [event] if in_turn else [event, evolve(event, id=f"{event.id}:anomaly", type="anomaly")]
