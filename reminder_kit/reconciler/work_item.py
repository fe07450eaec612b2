"""A work item: one claimed appointment while it is worked on: its decisions, what came of them, what is written.

Never asks the provider, and never reads a clock. Writes only inside a transaction that it is handed.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from attrs import define, evolve, field

from reminder_kit.delivery.dispatch import ClaimedMessage, DispatchResult, DispatchStatus
from reminder_kit.delivery.retry import backoff
from reminder_kit.model.lifecycle import OPEN, State
from reminder_kit.model.messages import Message
from reminder_kit.model.reasons import WAITS, Reason
from reminder_kit.model.records import (
    AppointmentRecord,
    Claim,
    HistoryEntry,
    Release,
    ReminderRecord,
    ReminderStatus,
)
from reminder_kit.model.restorations import IN_GAP
from reminder_kit.planning.changes import Change, ChangeKind
from reminder_kit.planning.decide import quarantined
from reminder_kit.planning.decision import Decision
from reminder_kit.planning.message_times import is_doubtful, is_past, next_look, refusals_in_a_row
from reminder_kit.planning.repeats import leaves_its_visit
from reminder_kit.planning.unchanged import changes_anything, marked_unconfirmed
from reminder_kit.reconciler.conclusions import CONCLUSIONS, concluded, why

if TYPE_CHECKING:
    from reminder_kit.ledger.transaction import Transaction

__all__ = ["WorkItem"]


@define
class WorkItem:
    """One claimed appointment while it is worked on. What is kept by key is kept by reminder key."""

    #: The claim under which it is worked on.
    claim: Claim
    #: The appointment as it was read last.
    record: AppointmentRecord
    #: Its messages as they are now, by our id.
    messages: dict[str, Message]
    #: What is to be done for each of its reminders, as decided last.
    decisions: list[Decision] = field(factory=list)
    #: What the report says, by key.
    changes: dict[str, Change] = field(factory=dict)
    #: What the ledger will keep, by key.
    reminder_records: dict[str, ReminderRecord] = field(factory=dict)
    #: How settling a message ended where it did not end well, by key.
    unsettled: dict[str, DispatchResult] = field(factory=dict)
    #: What failed in this run, by key: it is left to the next run.
    failed: dict[str, DispatchResult] = field(factory=dict)
    #: The keys of reminders that were decided on what is no longer so: what is decided next counts.
    stale: set[str] = field(factory=set)
    #: Of those, the keys of which a message was taken back for it.
    taken_back: set[str] = field(factory=set)
    #: The keys of reminders of which a message is of unknown outcome.
    unconfirmed: set[str] = field(factory=set)
    #: The numbers that were barred when it was decided.
    barred: Collection[str] = ()
    #: Why nothing could be decided; "": it could.
    error: str = ""
    #: Whether all is done, so that the next run need not work on it.
    complete: bool = True
    #: Whether it is to be decided again at once.
    decide_again: bool = False
    #: Whether anything is to be done for it; else it is only claimed, and decided, with those that share a number.
    active: bool = True

    @property
    def is_fresh(self) -> bool:
        """Whether the appointment was written since it was worked on, or never was."""
        return self.record.dirty or not self.record.planned_with

    def remember(self, result: DispatchResult) -> None:
        """Keep the message of a result as it is now."""
        if result.message is not None:
            self.messages[result.message.id] = result.message

    def note_failure(self, key: str, result: DispatchResult) -> None:
        """Note a dispatch that did not end well, by the key of its reminder: that it failed, or may have been sent."""
        if result.status is DispatchStatus.FAILED:
            self.failed[key] = result
        elif result.status is DispatchStatus.UNKNOWN:
            self.unconfirmed.add(key)

    def settled(self, message: Message, result: DispatchResult, now: datetime) -> None:
        """Note how settling a message ended, by the key of its reminder, where it did not end well.

        One that waited for a look-up counts as parked, and may be taken back, whatever the look-up came to; but for one
        of which nobody knows whether another has taken its place since the ledger was put back.
        """
        key, after = message.key, result.message
        in_gap = message.error.startswith(IN_GAP)
        if message.state is State.SCHEDULED and not is_past(message, now) and not in_gap:
            return
        self.note_failure(key, result)
        if in_gap and after is not None and after.state is State.SCHEDULED and after.error:
            self.unsettled[key] = DispatchResult(DispatchStatus.WAITING, after, result.error)
        elif result.status in (DispatchStatus.FAILED, DispatchStatus.WAITING):
            self.unsettled[key] = result
        elif result.status is DispatchStatus.UNKNOWN:
            self.unsettled.setdefault(key, result)

    @property
    def parked_for(self) -> set[str]:
        """The numbers for which a message is parked that were not barred when it was decided."""
        return {message.draft.to for message in self.messages.values() if message.state in OPEN} - set(self.barred)

    def claimed(self, message: Message) -> ClaimedMessage:
        """Return a message of the appointment with the claim, as a dispatcher is handed it."""
        rule = next((record.rule for record in self.record.outcomes if record.key == message.key), "")
        return ClaimedMessage(self.claim, self.record.identity, rule, message)

    def note(self, decision: Decision, *, outcome: str | None = None) -> None:
        """Note a decision for the report and for the ledger; `outcome` is the report's word, None: not carried out."""
        self.changes[decision.key] = evolve(decision.change, outcome=outcome)
        self.reminder_records[decision.key] = decision.record

    def conclude(self, decision: Decision, result: DispatchResult, retry_at: datetime) -> None:
        """Note what a dispatch came to, by the table of `conclusions`.

        `retry_at` (UTC) is when a reminder is decided again for which no message was made.
        """
        conclusion = CONCLUSIONS[result.status]
        if result.status is DispatchStatus.STALE:
            self.stale.add(decision.key)
            if decision.kind is ChangeKind.REPLACE:
                self.taken_back.add(decision.key)
        self.note_failure(decision.key, result)
        if result.status is DispatchStatus.MISTIMED and not self._refused_before(decision.key):
            self.decide_again = True
        self.complete = self.complete and conclusion.complete
        self.decide_again = self.decide_again or conclusion.decide_again
        self.changes[decision.key], self.reminder_records[decision.key] = concluded(decision, result, retry_at)

    def forget_stale(self) -> None:
        """Forget what was noted of reminders that are decided again since it was decided on what is no longer so."""
        for key in self.stale:
            self.changes.pop(key, None)
            self.reminder_records.pop(key, None)
        self.stale.clear()

    def _refused_before(self, key: str) -> int:
        """Return how many messages in a row were refused for their moment, of those the ledger told of."""
        return refusals_in_a_row([message for message in self.record.messages if message.key == key])

    def retry_at(self, key: str, now: datetime) -> datetime:
        """Return when (UTC) a reminder is decided again for which no message could be made at `now`."""
        return now + backoff(self._refused_before(key), key)

    def too_late(self, decision: Decision) -> None:
        """Note a message that can't be taken back any more: it is kept.

        Where it went out already, the appointment is decided again: a correction may be due.
        """
        message = self.messages.get(decision.message.id) if decision.message else None
        kept = evolve(
            decision,
            kind=ChangeKind.KEEP,
            reason=Reason.TOO_LATE,
            status=ReminderStatus.PARKED,
            recorded_reason="",
            message=message or decision.message,
            draft=None,
            park_at=None,
        )
        self.note(kept, outcome="done")
        went_out = message is not None and message.state not in (State.SCHEDULED, State.CANCELLING)
        self.decide_again = self.decide_again or went_out

    def record_untouched(self, now: datetime) -> None:
        """Note the decisions without a dispatch: kept, held, skipped, and those whose message could not be settled."""
        for decision in self.decisions:
            change, result = decision.change, self.unsettled.get(decision.key)
            if result is not None and result.status is not DispatchStatus.UNKNOWN:
                self.complete = self.complete and result.status is DispatchStatus.WAITING
                if change.kind is ChangeKind.SCHEDULE:  # nothing new is made while the one before is in doubt
                    waits = Reason.WAITING_PROVIDER
                    change = evolve(change, kind=ChangeKind.HOLD, reason=waits, send_at=None, text=None)
                self.changes[change.key] = evolve(change, outcome="failed", error=str(result.error or why(result)))
                continue
            if change.key not in self.changes:
                self.note(decision, outcome="done" if "settle" in change.causes else None)
            doubtful = any(
                message.key == change.key and is_doubtful(message, now) for message in self.messages.values()
            )
            if doubtful or change.key in self.unconfirmed:  # what is sent at once is in doubt after its time as well
                self.changes[change.key] = marked_unconfirmed(self.changes[change.key])

    def write(self, tx: Transaction, actor: str, now: datetime) -> None:
        """Write reminders, history and adopted messages under the claim.

        Raises `ClaimLostError` where another worker has taken the claim over. `actor` is the verb, `now` is UTC.
        """
        recorded = {record.key: record for record in self.record.outcomes}
        # all of them, also those that did not change: an intent may have overwritten what was recorded
        tx.keep_outcomes(self.claim, list(self.reminder_records.values()))
        versions = {decision.key: decision.reminder.rule.version for decision in self.decisions if decision.reminder}
        entries = [
            HistoryEntry(
                at=now,
                actor=actor,
                event=self.changes[key].kind.value,
                identity=self.record.identity,
                key=key,
                rule=reminder_record.rule,
                reason=self.changes[key].reason.value,
                detail=_detail(reminder_record, versions.get(key)),
            )
            for key, reminder_record in self.reminder_records.items()
            if _belongs_in_history(self.changes[key], is_news=_is_news(recorded.get(key), reminder_record))
        ]
        tx.note(entries)
        self.adopt(tx)

    @property
    def lets_others_speak(self) -> bool:
        """Whether a message that is kept speaks of another start, or of fewer appointments, from now on."""
        return any(
            decision.adopt
            and decision.message is not None
            and (leaves_its_visit(decision) or not set(decision.message.includes) <= set(decision.included))
            for decision in self.decisions
        )

    def adopt(self, tx: Transaction) -> None:
        """Write what kept messages speak of by now, under the claim. Raises `ClaimLostError` as `write` does."""
        for decision in self.decisions:
            if decision.adopt and decision.message is not None and decision.reminder is not None:
                before = self.messages.get(decision.message.id, decision.message)
                due_at = decision.reminder.due_at or before.due_at
                after = evolve(before, due_at=due_at, start_at=decision.start_at, includes=decision.included)
                tx.move_message(self.claim, before, after)
                self.messages[after.id] = after

    def release(self, digest: str, now: datetime) -> Release:
        """Return what is written when the claim is given back; `digest` is that of the settings, `now` is UTC.

        Where nothing was done for it, it is left just as it was.
        """
        if not self.active:
            left = self.record
            return Release(
                self.claim, left.generation, complete=False, planned_with=left.planned_with, next_at=left.next_at
            )
        records = {record.key: record for record in self.record.outcomes} | self.reminder_records
        upcoming = next_look(list(records.values()), list(self.messages.values())) if self.complete else now
        return Release(self.claim, self.record.generation, self.complete, digest, upcoming)

    @property
    def came_otherwise(self) -> bool:
        """Whether anything came to something else than was decided, so that it is decided again for those with it.

        What only waits does not count: those told in its message wait with it.
        """
        dispatched = (decision for decision in self.decisions if decision.change.is_work)
        results = ((decision.record, self.reminder_records.get(decision.key)) for decision in dispatched)
        return any(
            after is not None and after != meant and after.status is not ReminderStatus.HELD for meant, after in results
        )

    def decide_anew(self) -> None:
        """Have what was noted and not carried out decided again, since it was decided on what is no longer so."""
        self.stale |= {key for key, change in self.changes.items() if change.outcome is None}

    def join(self) -> bool:
        """Have something done for an appointment that is only claimed, if anything is to be; says whether it is."""
        if self.active or not any(changes_anything(decision, self.record) for decision in self.decisions):
            return False
        self.active = True
        return True

    def phones(self) -> list[tuple[str, datetime]]:
        """Return the numbers and addresses the appointment is for now, each once, with its start (UTC).

        None where it is removed.
        """
        if self.record.removed:
            return []
        appointment = self.record.appointment
        people = appointment.recipients
        names = {name for one in people for name in one.addresses}
        return [(name, appointment.start_at) for name in names]

    def reported(self) -> list[Change]:
        """Return the report's lines of the appointment."""
        changes = [
            having_taken_back(change) if key in self.taken_back else change for key, change in self.changes.items()
        ]
        return [*changes, quarantined(self.record.identity, self.error)] if self.error else changes


def having_taken_back(change: Change) -> Change:
    """Return a line of a reminder that was decided again after its message was taken back: what came of both."""
    if change.kind is ChangeKind.SCHEDULE:
        return evolve(change, kind=ChangeKind.REPLACE)
    return change if change.is_work else evolve(change, kind=ChangeKind.CANCEL, outcome=change.outcome or "done")


def _belongs_in_history(change: Change, *, is_news: bool) -> bool:
    """Say whether a change is a line of the history: what is new, and all that was done at the provider."""
    return change.kind is not ChangeKind.KEEP and (is_news or (change.is_work and change.outcome == "done"))


def _is_news(before: ReminderRecord | None, after: ReminderRecord) -> bool:
    """Say whether what became of a reminder is another thing than what was recorded.

    One that waits for what may be mended is news once, however often a message was tried, and whether the provider
    did not answer or was not asked.
    """
    if before is None or after.reason not in WAITS:
        return before != after
    error = before.error if after.reason == Reason.WAITING_PROVIDER else after.error
    return evolve(after, park_at=before.park_at, error=error, blocker=before.blocker) != before


def _detail(record: ReminderRecord, version: str | None) -> dict[str, str]:
    """Return what the history says besides: the error, and the version of the rule (None: no rule wants it)."""
    detail = {"error": record.error, "rule_version": version or ""}
    return {name: value for name, value in detail.items() if value}
