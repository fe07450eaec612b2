"""Looking: at which recorded appointments a plan must look, and what it says of those that stand.

Pure: `now` is an argument. Never decides anything: what stands is told as it was recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property

from attrs import evolve, frozen

from reminder_kit.model.blockers import Blocker
from reminder_kit.model.lifecycle import State
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import AppointmentRecord, Incoming, ReminderRecord, ReminderStatus
from reminder_kit.model.rule_sets import Standing
from reminder_kit.planning.changes import Change, ChangeKind
from reminder_kit.planning.settings import Settings
from reminder_kit.planning.unchanged import recorded_changes
from reminder_kit.reconciler.terms import Terms

__all__ = ["Looking"]


@frozen(slots=False)
class Looking:
    """Says of recorded appointments whether they stand."""

    #: What decides besides the data.
    settings: Settings
    #: The instant of the plan, UTC.
    now: datetime
    #: By which rules, and where, the ledger is worked.
    terms: Terms
    #: For which causes providers refuse messages.
    blockers: Sequence[Blocker]

    @property
    def yields(self) -> bool:
        """Whether the ledger serves another rule set, to which this one yields."""
        return self.terms.standing is Standing.YIELDS

    @cached_property
    def account_is_free(self) -> bool:
        """Whether nothing is known to stop the account: it was mended, or has another key by now."""
        accounts = {settings.account for settings in (self.settings, self.settings.fallback) if settings is not None}
        return not any(blocker.is_of_account and blocker.account in accounts for blocker in self.blockers)

    def recorded_changes(self, record: AppointmentRecord) -> list[Change]:
        """Return the lines of an appointment that stands; what another rule set parked says so."""
        changes = recorded_changes(record, self.now)
        if not self.yields or record.planned_with == self.settings.digest:
            return changes
        kept = (ChangeKind.KEEP, Reason.UNCHANGED)
        return [
            evolve(change, reason=Reason.OTHER_RULES) if (change.kind, change.reason) == kept else change
            for change in changes
        ]

    def needs_no_look(self, record: AppointmentRecord | None, incoming: Incoming | None = None) -> bool:
        """Say whether a record stands: planned with these settings, nothing new (`incoming`), nothing due or open."""
        return (
            record is not None
            and not record.dirty
            and (self.yields or record.planned_with == self.settings.digest)
            and (record.next_at is None or record.next_at > self.now)
            and not any(message.state in (State.CREATING, State.CANCELLING) for message in record.messages)
            and not (self.account_is_free and any(map(_waits_for_account, record.outcomes)))
            and (incoming is None or (incoming.fingerprint == record.fingerprint and not record.removed))
        )


def _waits_for_account(reminder_record: ReminderRecord) -> bool:
    """Say whether a reminder, or a change of its parked message, is recorded as waiting until the account is mended."""
    return reminder_record.status is not ReminderStatus.SKIPPED and reminder_record.reason == Reason.WAITING_ACCOUNT
