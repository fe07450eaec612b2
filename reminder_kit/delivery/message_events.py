"""What a provider tells us of a message: followed in the order in which it happened, never back from an end.

Never calls the provider. An event out of turn (a message called cancelled that was sent all the same) is kept in
the history as an anomaly, and otherwise left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from attrs import evolve, field, frozen

from reminder_kit.model.lifecycle import State, after_provider_said
from reminder_kit.model.messages import DeliveryEvent, Message
from reminder_kit.model.records import FoundMessage, HistoryEntry, Suppression
from reminder_kit.ports import PERMANENT, Failure

if TYPE_CHECKING:
    from reminder_kit.ledger.transaction import Transaction

__all__ = ["STATES", "MessageEvents"]

STATES = {
    "scheduled": State.SCHEDULED,
    "sent": State.SENT,
    "delivered": State.DELIVERED,
    "undelivered": State.UNDELIVERED,
    "cancelled": State.CANCELLED,
}
"""The types of events that say where a message stands."""


@frozen
class MessageEvents:
    """Follows events about messages.

    `failures` says what each provider's codes mean, by its name; `suppresses` whether a
    number that can never be reached is left alone from then on.
    """

    failures: Mapping[str, Mapping[str, Failure]] = field(factory=dict)
    suppresses: bool = True

    def reason(self, provider: str, code: str) -> str:
        """Return what a provider's code means, "" where that is not known."""
        found = self._failure(provider, code)
        return found.value if found else ""

    def _failure(self, provider: str, code: str) -> Failure | None:
        """Return what a code means; words after it are passed over."""
        return self.failures.get(provider, {}).get(code.partition(" ")[0])

    def follow(
        self, tx: Transaction, found: FoundMessage, event: DeliveryEvent, now: datetime
    ) -> tuple[FoundMessage, bool]:
        """Move the message as an event says; returns it as it is then, and whether that was in turn."""
        tx.match_event(event.id)
        before = found.message
        after, in_turn = _after(before, event)
        why = "" if in_turn else f"{event.type} although {before.state}"
        if after.provider_id != before.provider_id and _is_anothers(tx, before, after.provider_id):
            after, in_turn, why = before, False, f"{event.type} under the id of another message"
        if after != before:
            tx.move_message(None, before, after)
        tx.note([self._entry(found, event, now, why)])
        if after.state is not before.state:
            tx.mark_dirty(identities=[found.identity])
            self.bar(tx, after, event.code, event.occurred_at)
        found = found._replace(message=after)
        if after.provider_id and not before.provider_id:
            found = self.join(tx, found, now)
        return found, in_turn

    def join(self, tx: Transaction, found: FoundMessage, now: datetime) -> FoundMessage:
        """Follow the events that came before the message was known by its provider's id, in the order they happened."""
        message = found.message
        waiting = tx.unmatched_events(provider_id=message.provider_id, token=message.id)
        for event in sorted(waiting, key=lambda event: event.occurred_at):
            if event.type in STATES and event.provider == message.provider:
                found, _ = self.follow(tx, found, event, now)
        return found

    def bar(self, tx: Transaction, message: Message, code: str, at: datetime) -> None:
        """Suppress the number of a message that could not be delivered `at` (UTC), where no other ever will be.

        Who had opted out and has opted in since is not barred for what was blocked in between.
        """
        failure = self._failure(message.provider, code)
        if not self.suppresses or message.state is not State.UNDELIVERED or failure not in PERMANENT:
            return
        by = "recipient" if failure is Failure.OPTED_OUT else "provider"
        number, why = message.draft.to, f"undeliverable: {failure} ({message.provider} {code})"
        if by == "recipient" and tx.reader.opted_in_since(number, at):
            return
        if tx.suppress(Suppression(number, why, at, by=by)):
            tx.mark_dirty(number=number)

    def _entry(self, found: FoundMessage, event: DeliveryEvent, now: datetime, why: str) -> HistoryEntry:
        """Return the line of history about an event; `why` it is an anomaly, "": it is none."""
        said = " ".join(word for word in (event.code, self.reason(event.provider, event.code)) if word)
        return HistoryEntry(
            at=now,
            actor="webhook",
            event="anomaly" if why else event.type,
            identity=found.identity,
            key=found.message.key,
            rule=found.rule,
            message_id=found.message.id,
            reason=said or why,
            detail={"occurred_at": event.occurred_at.isoformat()},
        )


def _after(before: Message, event: DeliveryEvent) -> tuple[Message, bool]:
    """Return the message after an event, and whether that was in turn."""
    state, in_turn = after_provider_said(before.state, STATES[event.type])
    provider_id = before.provider_id or event.provider_id
    if state is before.state and provider_id == before.provider_id:
        return before, in_turn
    after = evolve(before, state=state, provider_id=provider_id, uncertain=False, next_try_at=None, error=event.code)
    return (after if state is before.state else evolve(after, presumed=False)), in_turn


def _is_anothers(tx: Transaction, message: Message, provider_id: str | None) -> bool:
    """Say whether a provider's id is the name of another message already."""
    named = tx.reader.find_message(provider=message.provider, provider_id=provider_id)
    return named is not None and named.message.id != message.id
