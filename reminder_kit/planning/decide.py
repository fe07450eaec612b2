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


def decide(case: Observed, settings: Settings, now: datetime) -> list[Decision]:
    """Return what is to be done for every reminder of an appointment, wanted or only recorded, in a stable order."""
    looks = assess(case, settings, now)
    if settings.needs_neighbours:
        combine(looks, case, settings, now)
        apply_min_gap(looks, case, settings, now)
    decisions = [_decision(look, case, settings, now) for look in looks]
    known = {look.reminder.key for look in looks}
    gone = [key for key in {**case.outcomes, **case.messages} if key not in known]
    decisions += [each for key in gone for each in _withdrawal(key, case, settings, Reason.REMOVED, now)]
    return decisions


def _decision(look: Assessment, case: Observed, settings: Settings, now: datetime) -> Decision:
    parked, mine = look.message, settings.of(look.reminder)
    if look.keep and parked is not None:
        return _kept(look, parked, case)
    if look.placement is None:
        assert look.skip is not None  # noqa: S101 - a look without placement has a refusal
        return _without(look, case, look.skip, settings, now)
    if look.placement.decision is not Placed.SEND:
        return _without(look, case, look.placement.reason, settings, now)
    assert look.placement.send_at is not None  # noqa: S101 - a placement to send has its instant
    try:
        draft = settings.composer.compose(look.reminder, look.placement.send_at, look.includes)
    except ConfigurationError as error:
        look.error = str(error)
        return _without(look, case, Reason.TEMPLATE_ERROR, settings, now)
    if parked is None:
        if was_rejected(draft, case.messages.get(look.reminder.key, ()), mine):
            return _without(look, case, _rejection(look, case), settings, now)
        return _made(look, case, ChangeKind.SCHEDULE, look.placement.reason, draft=draft)
    if parked.state is not State.CANCELLING and is_same(parked, draft, mine):
        return evolve(_kept(look, parked, case), adopt=True)
    if parked.state is not State.CANCELLING and not cancellable(parked, settings.of(parked).window, now):
        look.skip = Reason.TOO_LATE
        return _kept(look, parked, case)
    return _made(look, case, ChangeKind.REPLACE, look.placement.reason, draft=draft)


def _rejection(look: Assessment, case: Observed) -> Reason:
    outcome = case.outcomes.get(look.reminder.key)
    kept = (Reason.INVALID_NUMBER, Reason.OPTED_OUT, Reason.QUARANTINED)
    return Reason(outcome.reason) if outcome is not None and outcome.reason in kept else Reason.QUARANTINED


def _without(look: Assessment, case: Observed, reason: Reason, settings: Settings, now: datetime) -> Decision:
    """Return the decision for a reminder that gets no (new) message now: held, skipped, or its message withdrawn."""
    parked = look.message
    if parked is not None:
        if parked.state is not State.CANCELLING and not cancellable(parked, settings.of(parked).window, now):
            look.skip = Reason.TOO_LATE
            return _kept(look, parked, case)
        return _made(look, case, ChangeKind.CANCEL, reason)
    held = look.placement is not None and look.placement.decision is Placed.HOLD and reason is look.placement.reason
    return _made(look, case, ChangeKind.HOLD if held else ChangeKind.SKIP, reason)


def _kept(look: Assessment, parked: Message, case: Observed) -> Decision:
    reason = look.skip or Reason.UNCHANGED
    causes = (*look.causes, "settle") if look.settles else look.causes
    change = _change(look, case, ChangeKind.KEEP, reason, causes, parked.draft, parked)
    outcome = _outcome(look, ReminderStatus.PARKED, _reason_of_parked(look, case, reason), parked.send_at)
    decision = Decision(
        change, outcome, look.reminder, look.placement, None, parked, includes=look.includes, notes=look.notes
    )
    tells_anew = reason is Reason.UNCHANGED and parked.state is State.SCHEDULED and decision.included != parked.includes
    return evolve(decision, adopt=True) if tells_anew else decision


def _reason_of_parked(look: Assessment, case: Observed, reason: Reason) -> str:
    """Return why a kept message stands where it does: what was recorded when it was parked, or that it is too late."""
    known = case.outcomes.get(look.reminder.key)
    if known is None or known.status is not ReminderStatus.PARKED or Reason.TOO_LATE in (reason, known.reason):
        return reason.value
    return known.reason


def _made(
    look: Assessment, case: Observed, kind: ChangeKind, reason: Reason, *, draft: Draft | None = None
) -> Decision:
    causes = tuple(dict.fromkeys((*look.causes, "settle"))) if look.settles else look.causes
    shown = draft or (look.message.draft if look.message else None)
    change = _change(look, case, kind, reason, causes, shown, look.message)
    held = look.placement is not None and look.placement.decision is Placed.HOLD and reason is look.placement.reason
    stand = ReminderStatus.PARKED if draft is not None else ReminderStatus.HELD if held else ReminderStatus.SKIPPED
    park_at = look.placement.park_at if draft is None and look.placement is not None else None
    outcome = _outcome(look, stand, reason.value, draft.send_at if draft else None, park_at)
    if look.included_in or (held and _replacing(look, case)):
        outcome = evolve(outcome, replacing=True)
    return Decision(
        change, outcome, look.reminder, look.placement, draft, look.message, replaces=look.replaces,
        includes=look.includes if draft is not None else (), clearance=look.clearance, notes=look.notes,
    )  # fmt: skip


def _replacing(look: Assessment, case: Observed) -> bool:
    known = case.outcomes.get(look.reminder.key)
    return look.message is not None or (known is not None and known.replacing)


def _change(
    look: Assessment,
    case: Observed,
    kind: ChangeKind,
    reason: Reason,
    causes: tuple[str, ...],
    shown: Draft | None,
    parked: Message | None,
) -> Change:
    reminder = look.reminder
    return Change(
        kind=kind,
        identity=case.identity,
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
        error=look.error or None,
        zone=reminder.zone,
    )


def _outcome(
    look: Assessment, stand: ReminderStatus, reason: str, send_at: datetime | None, park_at: datetime | None = None
) -> ReminderRecord:
    reminder = look.reminder
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
        error=look.error,
    )


def _withdrawal(key: str, case: Observed, settings: Settings, reason: Reason, now: datetime) -> list[Decision]:
    """Return what is to be done for a reminder that is recorded and no longer wanted by any rule or recipient."""
    outcome = case.outcomes.get(key)
    messages = [as_if_settled(each, settings, now) for each in case.messages.get(key, ())]
    parked = next((each for each in reversed(messages) if each.state in OPEN), None)
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
    elif base.status is not ReminderStatus.HELD and any(each.state in SENT for each in messages):
        why = Reason.ALREADY_SENT
    shown = parked.draft if parked else None
    change = Change(
        kind=kind,
        identity=case.identity,
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
        each.state is State.REJECTED
        and each.error != NEVER_SENT
        and (each.provider, each.sender) == mine
        and each.draft.to == draft.to
        and each.draft.same_content(draft)
        for each in messages
    )


def decisions_for(case: Observed, settings: Settings, now: datetime) -> tuple[list[Decision], str]:
    """Return the decisions of one appointment, or none and the error: a broken one never stops the others."""
    if case.error:
        return [], case.error
    try:
        return decide(case, settings, now), ""
    except Exception as error:  # noqa: BLE001 - whatever a host's data or callable raises concerns this appointment only
        return [], f"{type(error).__name__}: {error}"


def quarantined(identity: Identity, error: str) -> Change:
    """Return the change that lists an appointment nothing could be decided for."""
    return Change(
        ChangeKind.SKIP, identity, "", "", "", None, None, None, Reason.QUARANTINED, outcome="failed", error=error
    )
