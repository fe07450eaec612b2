"""The intention to park a message: what is committed before its request leaves, and whether it is still wanted.

Never calls a provider. It is data: a group commit asks for many of them at once what each would ask.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from reminder_kit.ledger.asks import Asks
from reminder_kit.model.consent import Writer, bars_letter
from reminder_kit.model.messages import Message
from reminder_kit.model.records import Claim, HistoryEntry
from reminder_kit.planning.decision import Decision
from reminder_kit.planning.repeats import is_repeated

if TYPE_CHECKING:
    from reminder_kit.ledger.transaction import Transaction

__all__ = ["Intention"]


@frozen
class Intention:
    """A message that is to be posted, as an operation of the ledger: it says whether that may be done."""

    claim: Claim
    #: How often the appointment had been written when the decision was made.
    generation: int
    decision: Decision
    message: Message
    entry: HistoryEntry
    #: Who writes.
    writer: Writer

    @property
    def asks(self) -> Asks:
        """What it asks of the ledger."""
        return Asks(claim=self.claim, number=self.message.draft.to, start_at=self.message.start_at)

    def is_wanted(self, transaction: Transaction) -> bool:
        """Say whether the appointment is as it was decided on, and the number not barred."""
        is_same = transaction.generation(self.claim.row) == self.generation
        return is_same and not self._is_barred(transaction)

    def _is_barred(self, transaction: Transaction) -> bool:
        """Say whether it must not be written to; a letter neither where it goes nor where its person has a number."""
        to, reminder = self.message.draft.to, self.decision.reminder
        if reminder is None or reminder.detour is None or reminder.recipient is None:
            return transaction.is_barred(to, self.writer)
        number = reminder.recipient.phone
        found = transaction.reader.consent.suppressions({to, number} - {""}, self.writer)
        return any(bars_letter(barred, number) for barred in found.values())

    def __call__(self, transaction: Transaction) -> bool:
        """Write the message down as one whose request is about to leave; False: it is not wanted any more."""
        if not self.is_wanted(transaction) or self._is_in_the_way(transaction):
            return False
        decision = self.decision
        transaction.create_message(self.claim, self.message, rule=decision.rule, recipient=decision.recipient)
        transaction.keep_outcomes(self.claim, [decision.record])
        transaction.note([self.entry])
        return True

    def _is_in_the_way(self, transaction: Transaction) -> bool:
        """Say whether something parked for that number tells the same, or lies nearer than the decision meant."""
        decision, draft = self.decision, self.message.draft
        keys = [decision.key, *(reminder.key for reminder in decision.includes)]
        combines = decision.reminder is not None and decision.reminder.rule.together
        if combines and not all(parked.isdisjoint(keys) for parked in transaction.parked_reminders(draft.to)):
            return True
        twins = transaction.twins(draft.to, self.message.start_at)
        if any(is_repeated(twin, draft.text, draft.send_at, self.message.due_at, decision.siblings) for twin in twins):
            return True
        before, after = decision.clearance
        crowd = (draft.to, keys, draft.send_at - before, draft.send_at + after)
        return bool(before or after) and transaction.is_crowded(*crowd)
