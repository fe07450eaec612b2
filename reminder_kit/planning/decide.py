"""Desired against recorded, one appointment at a time: what is to be done for each of its reminders.

Pure: takes `now`, the appointment and what the ledger knows of it; returns decisions.
The same function makes the preview and, under the claim, what is really done.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import evolve

from reminder_kit.errors import ConfigurationError
from reminder_kit.model.lifecycle import OPEN, SENT, State
from reminder_kit.model.messages import Draft, Message
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import (
    Identity,
    ReminderRecord,
    ReminderStatus,
)
from reminder_kit.planning.assessment import Assessment, as_if_settled, assess
from reminder_kit.planning.changes import Change, ChangeKind
from reminder_kit.planning.combining import combine
from reminder_kit.planning.decision import Decision
from reminder_kit.planning.message_times import (
    NEVER_SENT,
    cancellable,
)
from reminder_kit.planning.observed import Observed
from reminder_kit.planning.settings import Settings
from reminder_kit.planning.spacing import apply_min_gap
from reminder_kit.rules.placement import PlacementDecision as Placed

__all__ = ["decide", "decisions_for", "is_same", "quarantined", "was_rejected"]


def decide(observed: Observed, settings: Settings, now: datetime) -> list[Decision]:
    """Return what is to be done for every reminder of an appointment, wanted or only recorded, in a stable order."""
    assessments = assess(observed, settings, now)
    if settings.needs_neighbours:
        combine(assessments, observed, settings, now)
        apply_min_gap(assessments, observed, settings, now)
    decisions = [_decision(assessment, observed, settings, now) for assessment in assessments]
    known = {assessment.reminder.key for assessment in assessments}
    gone = [key for key in {**observed.outcomes, **observed.messages} if key not in known]
    decisions += [decision for key in gone for decision in _withdrawal(key, observed, settings, Reason.REMOVED, now)]
    return decisions


def _decision(assessment: Assessment, observed: Observed, settings: Settings, now: datetime) -> Decision:
    parked, mine = assessment.message, settings.of(assessment.reminder)
    if assessment.keep and parked is not None:
        return _kept(assessment, parked, observed)
    if assessment.placement is None:
        assert assessment.skip is not None  # noqa: S101 - a look without placement has a refusal
        return _without(assessment, observed, assessment.skip, settings, now)
    if assessment.placement.decision is not Placed.SEND:
        return _without(assessment, observed, assessment.placement.reason, settings, now)
    assert assessment.placement.send_at is not None  # noqa: S101 - a placement to send has its instant
    try:
        draft = settings.composer.compose(assessment.reminder, assessment.placement.send_at, assessment.includes)
    except ConfigurationError as error:
        assessment.error = str(error)
        return _without(assessment, observed, Reason.TEMPLATE_ERROR, settings, now)
    if parked is None:
        if was_rejected(draft, observed.messages.get(assessment.reminder.key, ()), mine):
            return _without(assessment, observed, _rejection(assessment, observed), settings, now)
        return _made(assessment, observed, ChangeKind.SCHEDULE, assessment.placement.reason, draft=draft)
    if parked.state is not State.CANCELLING and is_same(parked, draft, mine):
        return evolve(_kept(assessment, parked, observed), adopt=True)
    if parked.state is not State.CANCELLING and not cancellable(parked, settings.of(parked).window, now):
        assessment.skip = Reason.TOO_LATE
        return _kept(assessment, parked, observed)
    return _made(assessment, observed, ChangeKind.REPLACE, assessment.placement.reason, draft=draft)


def _rejection(assessment: Assessment, observed: Observed) -> Reason:
    outcome = observed.outcomes.get(assessment.reminder.key)
    kept = (Reason.INVALID_NUMBER, Reason.OPTED_OUT, Reason.QUARANTINED)
    return Reason(outcome.reason) if outcome is not None and outcome.reason in kept else Reason.QUARANTINED


def _without(assessment: Assessment, observed: Observed, reason: Reason, settings: Settings, now: datetime) -> Decision:
    """Return the decision for a reminder that gets no (new) message now: held, skipped, or its message withdrawn."""
    parked = assessment.message
    if parked is not None:
        if parked.state is not State.CANCELLING and not cancellable(parked, settings.of(parked).window, now):
            assessment.skip = Reason.TOO_LATE
            return _kept(assessment, parked, observed)
        return _made(assessment, observed, ChangeKind.CANCEL, reason)
    held = (
        assessment.placement is not None
        and assessment.placement.decision is Placed.HOLD
        and reason is assessment.placement.reason
    )
    return _made(assessment, observed, ChangeKind.HOLD if held else ChangeKind.SKIP, reason)


def _kept(assessment: Assessment, parked: Message, observed: Observed) -> Decision:
    reason = assessment.skip or Reason.UNCHANGED
    causes = (*assessment.causes, "settle") if assessment.settles else assessment.causes
    change = _change(assessment, observed, ChangeKind.KEEP, reason, causes, parked.draft, parked)
    outcome = _outcome(
        assessment, ReminderStatus.PARKED, _reason_of_parked(assessment, observed, reason), parked.send_at
    )
    decision = Decision(
        change,
        outcome,
        assessment.reminder,
        assessment.placement,
        None,
        parked,
        includes=assessment.includes,
        notes=assessment.notes,
    )
    tells_anew = reason is Reason.UNCHANGED and parked.state is State.SCHEDULED and decision.included != parked.includes
    return evolve(decision, adopt=True) if tells_anew else decision


def _reason_of_parked(assessment: Assessment, observed: Observed, reason: Reason) -> str:
    """Return why a kept message stands where it does: what was recorded when it was parked, or that it is too late."""
    known = observed.outcomes.get(assessment.reminder.key)
    if known is None or known.status is not ReminderStatus.PARKED or Reason.TOO_LATE in (reason, known.reason):
        return reason.value
    return known.reason


def _made(
    assessment: Assessment, observed: Observed, kind: ChangeKind, reason: Reason, *, draft: Draft | None = None
) -> Decision:
    causes = tuple(dict.fromkeys((*assessment.causes, "settle"))) if assessment.settles else assessment.causes
    shown = draft or (assessment.message.draft if assessment.message else None)
    change = _change(assessment, observed, kind, reason, causes, shown, assessment.message)
    held = (
        assessment.placement is not None
        and assessment.placement.decision is Placed.HOLD
        and reason is assessment.placement.reason
    )
    stand = ReminderStatus.PARKED if draft is not None else ReminderStatus.HELD if held else ReminderStatus.SKIPPED
    park_at = assessment.placement.park_at if draft is None and assessment.placement is not None else None
    outcome = _outcome(assessment, stand, reason.value, draft.send_at if draft else None, park_at)
    if assessment.included_in or (held and _replacing(assessment, observed)):
        outcome = evolve(outcome, replacing=True)
    return Decision(
        change,
        outcome,
        assessment.reminder,
        assessment.placement,
        draft,
        assessment.message,
        replaces=assessment.replaces,
        includes=assessment.includes if draft is not None else (),
        clearance=assessment.clearance,
        notes=assessment.notes,
    )


def _replacing(assessment: Assessment, observed: Observed) -> bool:
    known = observed.outcomes.get(assessment.reminder.key)
    return assessment.message is not None or (known is not None and known.replacing)


def _change(
    assessment: Assessment,
    observed: Observed,
    kind: ChangeKind,
    reason: Reason,
    causes: tuple[str, ...],
    shown: Draft | None,
    parked: Message | None,
) -> Change:
    reminder = assessment.reminder
    return Change(
        kind=kind,
        identity=observed.identity,
        key=reminder.key,
        rule=reminder.rule.id,
        recipient=reminder.recipient.key if reminder.recipient else "",
        to=shown.to if shown else reminder.recipient.phone if reminder.recipient else None,
        due_at=reminder.due_at,
        send_at=shown.send_at if shown else None,
        reason=reason,
        text=shown.text if shown else None,
        causes=causes,
        was_at=parked.send_at if parked else None,
        message_id=parked.provider_id if parked else None,
        error=assessment.error or None,
        zone=reminder.zone,
    )


def _outcome(
    assessment: Assessment,
    stand: ReminderStatus,
    reason: str,
    send_at: datetime | None,
    park_at: datetime | None = None,
) -> ReminderRecord:
    reminder = assessment.reminder
    return ReminderRecord(
        key=reminder.key,
        rule=reminder.rule.id,
        recipient=reminder.recipient.key if reminder.recipient else "",
        to=reminder.recipient.phone if reminder.recipient else "",
        status=stand,
        reason=reason,
        due_at=reminder.due_at,
        send_at=send_at,
        park_at=park_at,
        error=assessment.error,
    )


def _withdrawal(key: str, observed: Observed, settings: Settings, reason: Reason, now: datetime) -> list[Decision]:
    """Return what is to be done for a reminder that is recorded and no longer wanted by any rule or recipient."""
    outcome = observed.outcomes.get(key)
    messages = [as_if_settled(message, settings, now) for message in observed.messages.get(key, ())]
    parked = next((message for message in reversed(messages) if message.state in OPEN), None)
    if outcome is None and parked is None:
        return []
    base = outcome or ReminderRecord(
        key, "", "", parked.draft.to if parked else "", ReminderStatus.PARKED, reason.value
    )
    kind, why, stand = ChangeKind.SKIP, reason, ReminderStatus.SKIPPED
    if parked is not None:
        kind = ChangeKind.CANCEL
        if parked.state is not State.CANCELLING and not cancellable(parked, settings.of(parked).window, now):
            kind, why, stand = ChangeKind.KEEP, Reason.TOO_LATE, ReminderStatus.PARKED
    elif base.status is not ReminderStatus.HELD and any(message.state in SENT for message in messages):
        why = Reason.ALREADY_SENT
    shown = parked.draft if parked else None
    change = Change(
        kind=kind,
        identity=observed.identity,
        key=key,
        rule=base.rule,
        recipient=base.recipient,
        to=base.to or None,
        due_at=base.due_at,
        send_at=shown.send_at if shown else None,
        reason=why,
        text=shown.text if shown else None,
        causes=("settle",) if parked and parked.state in (State.CREATING, State.CANCELLING) else (),
        was_at=shown.send_at if shown else None,
        message_id=parked.provider_id if parked else None,
    )
    send_at = None if stand is ReminderStatus.SKIPPED else base.send_at
    kept = evolve(base, status=stand, reason=why.value, send_at=send_at, park_at=None, replacing=False, error="")
    return [Decision(change, kept, message=parked)]


def is_same(parked: Message, draft: Draft, settings: Settings) -> bool:
    """Say whether a parked message is just what a draft asks for."""
    return parked.draft == draft and parked.sender == settings.sender and parked.provider == settings.provider


def was_rejected(draft: Draft, messages: Sequence[Message], settings: Settings) -> bool:
    """Say whether the provider refused just this for good: then asking again only costs."""
    mine = (settings.provider, settings.sender)
    return any(
        message.state is State.REJECTED
        and message.error != NEVER_SENT
        and (message.provider, message.sender) == mine
        and message.draft.to == draft.to
        and message.draft.same_content(draft)
        for message in messages
    )


def decisions_for(observed: Observed, settings: Settings, now: datetime) -> tuple[list[Decision], str]:
    """Return the decisions of one appointment, or none and the error: a broken one never stops the others."""
    if observed.error:
        return [], observed.error
    try:
        return decide(observed, settings, now), ""
    except Exception as error:  # noqa: BLE001 - whatever a host's data or callable raises concerns this appointment only
        return [], f"{type(error).__name__}: {error}"


def quarantined(identity: Identity, error: str) -> Change:
    """Return the change that lists an appointment nothing could be decided for."""
    return Change(
        ChangeKind.SKIP, identity, "", "", "", None, None, None, Reason.QUARANTINED, outcome="failed", error=error
    )
