"""What the ledger is told of a message: each step before it is taken, and what came of it.

Never calls a provider; no transaction stays open while anybody waits for one.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import evolve, frozen

from reminder_kit.delivery.dispatch import ClaimedMessage
from reminder_kit.delivery.message_events import MessageEvents
from reminder_kit.errors import ClaimLostError, UnknownOutcomeError
from reminder_kit.ledger.asks import Asks
from reminder_kit.ledger.ledger import Ledger
from reminder_kit.model.consent import Way
from reminder_kit.model.lifecycle import THEIR_STEPS, after_provider_said, step
from reminder_kit.model.messages import Message
from reminder_kit.model.records import Claim, FoundMessage, HistoryEntry
from reminder_kit.ports import IO

if TYPE_CHECKING:
    from reminder_kit.ledger.transaction import Transaction

__all__ = ["Journal", "SameIdError"]

T = TypeVar("T")


class SameIdError(UnknownOutcomeError):
    """A provider gave a message the id of another one: which of the two it has, or whether both, nobody knows."""

    def __init__(self, provider: str, provider_id: str, other: FoundMessage) -> None:
        super().__init__(
            f"{provider} answered with the id of another message ({provider_id}, of appointment "
            f"{other.identity.id!r}, rule {other.rule!r}); it may have been done",
            provider=provider,
            code="same_id",
        )


@frozen
class Journal:
    """Writes about claimed messages.

    `ledger` takes transactions as functions (`submit`); `io` waits until one is durable; `clock` is the kit's clock;
    `actor` is what the history names; `events` follows what webhooks told of a message before its id was known.
    """

    ledger: Ledger
    io: IO
    clock: Callable[[], datetime]
    actor: str
    events: MessageEvents

    async def commit(self, op: Callable[[Transaction], T]) -> T:
        """Run a function in a transaction of the ledger and return once that is durable."""
        return await self.io.result(self.ledger.submit(op))

    async def move(self, claimed: ClaimedMessage, after: Message) -> Message:
        """Write down what became of a message; returns it as it stands then, webhooks included.

        Raises `ClaimLostError` where another worker moved it meanwhile, `IllegalTransitionError` for a step that is
        neither ours nor the provider's, `SameIdError` for a provider's id that is another message's already.
        """
        before = claimed.message
        if after.state is not before.state and after.state not in THEIR_STEPS.get(before.state, ()):
            step(before.state, after.state)

        return await self.commit(_Outcome(self, claimed, after))

    def entry(self, claimed: ClaimedMessage, event: str, reason: str) -> HistoryEntry:
        """Return the line of history that says what happened to a message."""
        message = claimed.message
        detail: dict[str, Any] = {"send_at": message.send_at.isoformat()}
        if message.provider_id:
            detail["provider_id"] = message.provider_id
        if message.presumed:
            detail["presumed"] = True
        return HistoryEntry(
            at=self.clock(),
            actor=self.actor,
            event=str(event),
            identity=claimed.identity,
            key=message.key,
            rule=claimed.rule,
            message_id=message.id,
            reason=reason,
            detail=detail,
        )


@frozen
class _Outcome:
    """What became of a message, as an operation of the ledger: it says how the message stands then."""

    journal: Journal
    claimed: ClaimedMessage
    after: Message

    @property
    def asks(self) -> Asks:
        """What it asks of the ledger: for events under a name that is new."""
        claim, before = self.claimed.claim, self.claimed.message
        if not self.after.provider_id or self.after.provider_id == before.provider_id:
            return Asks(claim=claim)
        return Asks(claim=claim, token=before.id, provider_id=self.after.provider_id)

    def __call__(self, tx: Transaction) -> Message:
        """Move the message, and follow what webhooks told of it before its name was known."""
        claimed, before, journal = self.claimed, self.claimed.message, self.journal
        try:
            tx.move_message(claimed.claim, before, self.after)
            stands = self.after
        except ClaimLostError:
            stands = _overtaken(tx, claimed.claim, before, self.after)
        if stands.state is not before.state or stands.error != before.error:
            event = stands.state if stands.state is not before.state or not stands.error else "failed"
            entry = journal.entry(claimed.having(stands), event, stands.error)
            if event != "failed" or not before.error or not _is_noted(tx, entry):
                tx.note([entry])
        now = journal.clock()
        journal.events.bar(tx, stands, stands.error, now, now, Way.ANSWER)
        if not stands.provider_id or stands.provider_id == before.provider_id:
            return stands
        return journal.events.join(tx, FoundMessage(stands, claimed.identity, claimed.rule, ""), now).message


def _is_noted(tx: Transaction, entry: HistoryEntry) -> bool:
    """Say whether the history says the same of that message already: an outage may give two errors by turns."""
    identity = entry.identity
    return any(
        (noted.message_id, noted.event, noted.reason) == (entry.message_id, entry.event, entry.reason)
        for noted in tx.reader.history(source=identity.source, id=identity.id, recurrence_id=identity.recurrence_id)
    )


def _overtaken(tx: Transaction, claim: Claim, before: Message, after: Message) -> Message:
    """Write down what became of a message that a webhook moved meanwhile; raises where it was another worker.

    Raises `SameIdError` where it was not moved at all, but its new name is another message's.
    """
    if after.provider_id and after.provider_id != before.provider_id:
        named = tx.reader.find_message(provider=before.provider, provider_id=after.provider_id)
        if named is not None and named.message.id != before.id:
            raise SameIdError(before.provider, after.provider_id, named)
    found = tx.reader.find_message(provider=before.provider, token=before.id)
    if found is None or found.message.state not in THEIR_STEPS.get(before.state, ()):
        raise ClaimLostError(f"message {before.id} is no longer {before.state}: another worker moved it")
    by_webhook = found.message
    provider_id = by_webhook.provider_id or after.provider_id
    stands = evolve(by_webhook, state=after_provider_said(by_webhook.state, after.state)[0], provider_id=provider_id)
    tx.move_message(claim, by_webhook, stands)
    return stands
