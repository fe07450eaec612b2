"""Yielding: what a run decides while its ledger serves other rules. What is parked stays; what is new is worked on.

Pure: values only. Never keeps a message that has become untrue, whoever parked it: a visit that moved, a number that
changed or must not be written to, a visit that is off. Those are decided by the run's own rules, as ever.
"""

from __future__ import annotations

from collections.abc import Iterable

from attrs import evolve

from reminder_kit.model.lifecycle import State
from reminder_kit.model.messages import Message
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import ReminderRecord, ReminderStatus
from reminder_kit.planning.changes import ChangeKind
from reminder_kit.planning.decision import Decision
from reminder_kit.planning.observed import Observed

__all__ = ["yielding"]

_PARKED = (State.CREATING, State.SCHEDULED)
_SETTLED = (Reason.ALREADY_SENT, Reason.NOT_CONFIRMED)
"""Why nothing follows a message, whatever the rules say."""


def yielding(decisions: Iterable[Decision], observed: Observed, *, fresh: bool) -> list[Decision]:
    """Return the decisions of one appointment as they are while its rule set yields to another.

    `fresh` says that the appointment was written since it was worked on, or is new: then its own rules decide for all
    but the reminders of rules that they don't know.
    """
    found = [_yielded(decision, observed, fresh=fresh) for decision in decisions]
    return [decision for decision in found if decision is not None]


def _yielded(decision: Decision, observed: Observed, *, fresh: bool) -> Decision | None:
    """Return a decision as it is while the rule set yields; None: the reminder is left to the other set."""
    record, own = observed.outcomes.get(decision.key), decision.reminder is not None
    if decision.message is not None:
        return _of_parked(decision, decision.message, observed, fresh=fresh)
    if decision.reason in _SETTLED or (own and fresh) or observed.appointment is None or observed.appointment.is_off:
        return decision
    if own and record is not None and record.status is not ReminderStatus.SKIPPED:
        return decision
    if record is None or record.status is ReminderStatus.PARKED:
        return None
    return _as_recorded(decision, record)


def _of_parked(decision: Decision, message: Message, observed: Observed, *, fresh: bool) -> Decision:
    """Return the decision for a reminder with a parked message: it is kept where it is still true."""
    touches = decision.kind in (ChangeKind.REPLACE, ChangeKind.CANCEL) or decision.adopt
    told_together = bool(message.includes or decision.includes)
    decides = fresh and decision.reminder is not None
    owed = message.state not in _PARKED or decision.reason is Reason.ALREADY_SENT or told_together
    if not touches or decides or owed or not _is_true(message, observed):
        return decision
    record = observed.outcomes.get(decision.key)
    kept = evolve(
        decision,
        kind=ChangeKind.KEEP,
        reason=Reason.OTHER_RULES,
        status=ReminderStatus.PARKED,
        recorded_reason=record.reason if record is not None else Reason.OTHER_RULES.value,
        causes=tuple(cause for cause in decision.causes if cause == "settle"),
        draft=None,
        placement=None,
        park_at=None,
        replacing=False,
        adopt=False,
        error="",
        blocker="",
    )
    if record is None:
        return kept
    return evolve(kept, rule=record.rule, recipient=record.recipient, number=record.to, due_at=record.due_at)


def _as_recorded(decision: Decision, record: ReminderRecord) -> Decision:
    """Return the decision that leaves a reminder without a message just as it is recorded."""
    held = record.status is ReminderStatus.HELD
    return evolve(
        decision,
        kind=ChangeKind.HOLD if held else ChangeKind.SKIP,
        reason=Reason(record.reason),
        recorded_reason=record.reason,
        status=record.status,
        rule=record.rule,
        recipient=record.recipient,
        number=record.to,
        due_at=record.due_at,
        park_at=record.park_at,
        replacing=record.replacing,
        error=record.error,
        blocker=record.blocker,
        draft=None,
        placement=None,
    )


def _is_true(message: Message, observed: Observed) -> bool:
    """Say whether a parked message is for the start that the visit has, and for somebody who may be written to."""
    appointment = observed.appointment
    if appointment is None or appointment.is_off or message.start_at != appointment.start_at:
        return False
    number = message.draft.to
    return number not in observed.suppressed and any(
        recipient.phone == number and recipient.opted_in for recipient in appointment.recipients
    )
