"""Decide: what is wanted against what is recorded, one appointment at a time; a decision for each of its reminders.

Pure: `now` is an argument. Never carries anything out: the same function makes a dry run, a plan, and, under a claim,
what is really done.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from attrs import evolve

from reminder_kit.errors import ConfigurationError
from reminder_kit.model.blockers import Blocker, stopping
from reminder_kit.model.lifecycle import OPEN, SENT, State
from reminder_kit.model.messages import Draft, Message
from reminder_kit.model.phones import country_of
from reminder_kit.model.reasons import KEPT_DESPITE, Reason
from reminder_kit.model.records import Identity, ReminderStatus
from reminder_kit.planning.assessment import Assessment, as_if_settled, assess, says_when
from reminder_kit.planning.changes import Change, ChangeKind
from reminder_kit.planning.combining import combine
from reminder_kit.planning.decision import Decision, Doubt
from reminder_kit.planning.fallback import fallback_key, stopped_by
from reminder_kit.planning.message_times import cancellable, may_be_taken, why_refused
from reminder_kit.planning.observed import Observed
from reminder_kit.planning.repeats import siblings_of, skip_same_texts
from reminder_kit.planning.settings import Settings
from reminder_kit.planning.spacing import apply_min_gap
from reminder_kit.rules.placement import PlacementDecision, place

__all__ = ["decide", "decisions_for", "is_same", "quarantined", "rejected_before"]


def decide(observed: Observed, settings: Settings, now: datetime) -> list[Decision]:
    """Return a decision for every reminder of an appointment at `now`: the wanted ones, then those only recorded.

    The order is the same each time. The day's limit is left to whoever knows what is decided for others of the day
    (`day_limit`). Raises whatever the host's data or callables raise; see `decisions_for`.
    """
    assessments = assess(observed, settings, now)
    if settings.needs_neighbours:
        combine(assessments, observed, settings, now)
    skip_same_texts(assessments, observed, settings)
    if settings.needs_neighbours:
        apply_min_gap(assessments, observed, settings, now)
        skip_same_texts(assessments, observed, settings)
    siblings = siblings_of(assessments, observed)
    for assessment in assessments:
        assessment.siblings = siblings
    for assessment in assessments if settings.others else ():
        assessment.notes = (*assessment.notes, f"sent from {settings.of(assessment.reminder).sender}")
    decisions = [_decision(assessment, observed, settings, now) for assessment in assessments]
    if settings.fallback is not None and observed.blockers:
        decisions = _stopped_both_ways(decisions, observed, settings)
    if observed.outcomes or observed.messages:
        known = {assessment.reminder.key for assessment in assessments}
        gone = [key for key in {**observed.outcomes, **observed.messages} if key not in known]
        decisions += [found for key in gone for found in _withdrawal(key, observed, settings, Reason.REMOVED, now)]
    return decisions if settings.only_to is None else [_fenced(decision, observed, settings) for decision in decisions]


def _fenced(decision: Decision, observed: Observed, settings: Settings) -> Decision:
    """Return a decision under which nothing is asked of the provider that concerns a number outside of `only_to`.

    Whatever is parked for such a number stays: the ledger may be a copy of one that is at work.
    """
    message = decision.message
    if message is None or settings.may_write_to(message.draft.to):
        return decision
    record = observed.outcomes.get(decision.key)
    return evolve(
        decision,
        kind=ChangeKind.KEEP,
        reason=Reason.OUTSIDE_ONLY_TO,
        status=ReminderStatus.PARKED,
        recorded_reason=record.reason if record is not None else "",
        number=message.draft.to,
        causes=(),
        draft=None,
        placement=None,
        park_at=None,
        replacing=False,
        adopt=False,
        error="",
        blocker="",
    )


def _decision(assessment: Assessment, observed: Observed, settings: Settings, now: datetime) -> Decision:
    """Return the decision for a wanted reminder."""
    parked, own_settings = assessment.message, settings.of(assessment.reminder)
    if assessment.keep and parked is not None:
        return _kept(assessment, parked, observed)
    if assessment.placement is None:
        assert assessment.skip is not None  # noqa: S101 - an assessment without placement has a refusal
        return _without(assessment, observed, assessment.skip, settings, now)
    if assessment.placement.decision is not PlacementDecision.SEND:
        return _without(assessment, observed, assessment.placement.reason, settings, now)
    assert assessment.placement.send_at is not None  # noqa: S101 - a placement to send has its instant
    try:
        draft = settings.composer.compose(assessment.reminder, assessment.placement.send_at, assessment.includes)
    except ConfigurationError as error:
        assessment.error = str(error)
        return _without(assessment, observed, Reason.TEMPLATE_ERROR, settings, now)
    if why := own_settings.not_to and own_settings.not_to.get(country_of(draft.to)):
        assessment.error = why
        return _without(assessment, observed, Reason.QUARANTINED, settings, now)
    if parked is None:
        return _new(assessment, observed, draft, settings, now)
    if parked.state is not State.CANCELLING and is_same(parked, draft, own_settings):
        return evolve(_kept(assessment, parked, observed), adopt=True)
    if parked.state is not State.CANCELLING and not cancellable(parked, settings.of(parked).window, now):
        assessment.skip = Reason.TOO_LATE
        return _kept(assessment, parked, observed)
    blocker = _stopping(assessment, observed, draft, own_settings)
    stopped = blocker is not None and not blocker.lets(assessment.reminder.key)
    if blocker is not None and stopped and parked.state is State.SCHEDULED and says_when(assessment.causes):
        assessment.skip = blocker.reason  # better yesterday's words than none: nothing would be taken in its stead
        kept = _kept(assessment, parked, observed)
        return evolve(kept, park_at=blocker.looked_at_again(now), error=blocker.error, blocker=blocker.name)
    return _parking(assessment, observed, ChangeKind.REPLACE, draft, assessment.placement.reason)


def _new(assessment: Assessment, observed: Observed, draft: Draft, settings: Settings, now: datetime) -> Decision:
    """Return the decision for a reminder of which nothing is parked, and `draft` is to be."""
    assert assessment.placement is not None  # noqa: S101 - the draft is for that place
    own_settings = settings.of(assessment.reminder)
    refused = rejected_before(draft, observed.messages.get(assessment.reminder.key, ()), own_settings)
    if refused is not None:
        reason, assessment.error = _rejection(refused, observed)
        return _without(assessment, observed, reason, settings, now)
    decision = _parking(assessment, observed, ChangeKind.SCHEDULE, draft, assessment.placement.reason)
    if assessment.doubted_since is not None:
        return evolve(decision, doubt=Doubt(assessment.doubted_since, _lost_draft(assessment, draft, settings)))
    blocker = _stopping(assessment, observed, draft, own_settings)
    return decision if blocker is None or blocker.next_try_at <= now else decision.waiting_for(blocker)


def _stopped_both_ways(decisions: Sequence[Decision], observed: Observed, settings: Settings) -> list[Decision]:
    """Return decisions that name what stops a reminder where its fallback, which should take care of it, does not."""
    unparked = {decision.key for decision in decisions if decision.status is not ReminderStatus.PARKED}

    def named(decision: Decision) -> Decision:
        is_left_to_it = decision.reason is Reason.WAITING_ACCOUNT and decision.kind is ChangeKind.SKIP
        if not is_left_to_it or decision.reminder is None or fallback_key(decision.key) not in unparked:
            return decision
        blocker = stopped_by(decision.reminder, settings, observed.blockers)
        return decision if blocker is None else evolve(decision, blocker=blocker.name)

    return [named(decision) for decision in decisions]


def _lost_draft(assessment: Assessment, draft: Draft, settings: Settings) -> Draft:
    """Return what a ledger that is lost would have parked for a reminder in time, if it did; else the draft of now."""
    since = assessment.doubted_since
    assert since is not None  # noqa: S101 - asked only of what is in doubt
    window = settings.of(assessment.reminder).window
    placement = place(assessment.reminder, now=since, window=window, quiet=settings.quiet)
    send_at = placement.send_at or assessment.reminder.due_at or draft.send_at
    try:
        return settings.composer.compose(assessment.reminder, send_at, assessment.includes)
    except ConfigurationError:
        return draft


def _stopping(assessment: Assessment, observed: Observed, draft: Draft, settings: Settings) -> Blocker | None:
    """Return what keeps the provider from taking a draft; None: nothing that is known does."""
    key = assessment.reminder.key
    return stopping(observed.blockers, key, draft, **settings.origin) if observed.blockers else None


def _rejection(refused: Message, observed: Observed) -> tuple[Reason, str]:
    """Return why a message was refused, and in what words: by the message, since its reminder may be recorded anew.

    The messages of older releases tell the words only: then the reason counts that is recorded with them.
    """
    reason, error = why_refused(refused)
    record = observed.outcomes.get(refused.key)
    if reason is Reason.QUARANTINED and record is not None and record.error == error:
        kept = (Reason.INVALID_NUMBER, Reason.OPTED_OUT)
        reason = next((one for one in kept if one == record.reason), reason)
    return reason, error


def _without(assessment: Assessment, observed: Observed, reason: Reason, settings: Settings, now: datetime) -> Decision:
    """Return the decision for a reminder that gets no new message now: held, skipped, or its message taken back."""
    parked = assessment.message
    if (
        parked is not None
        and parked.state is not State.CANCELLING
        and not cancellable(parked, settings.of(parked).window, now)
    ):
        assessment.skip = Reason.TOO_LATE
        return _kept(assessment, parked, observed)
    return _unsent(assessment, observed, reason, cancels=parked is not None)


def _kept(assessment: Assessment, parked: Message, observed: Observed) -> Decision:
    """Return the decision for a reminder whose parked message is kept; adopted where it speaks of other ones now."""
    reason = assessment.skip or Reason.UNCHANGED
    decision = _decided(
        assessment,
        observed,
        ChangeKind.KEEP,
        reason,
        ReminderStatus.PARKED,
        recorded_reason=_reason_of_parked(assessment, observed, reason),
        includes=assessment.includes,
    )
    is_undisturbed = reason is Reason.UNCHANGED and parked.state is State.SCHEDULED
    return evolve(decision, adopt=True) if is_undisturbed and decision.included != parked.includes else decision


def _reason_of_parked(assessment: Assessment, observed: Observed, reason: Reason) -> str:
    """Return why a kept message is where it is: what was recorded when it was parked, or why it is no other one."""
    record = observed.outcomes.get(assessment.reminder.key)
    if record is None or record.status is not ReminderStatus.PARKED:
        return reason.value
    return reason.value if reason in KEPT_DESPITE or record.reason in KEPT_DESPITE else record.reason


def _parking(assessment: Assessment, observed: Observed, kind: ChangeKind, draft: Draft, reason: Reason) -> Decision:
    """Return the decision for a reminder that gets a new message."""
    return _decided(
        assessment,
        observed,
        kind,
        reason,
        ReminderStatus.PARKED,
        draft=draft,
        replaces=assessment.replaces,
        replacing=bool(assessment.included_in),
        includes=assessment.includes,
        clearance=assessment.clearance,
    )


def _unsent(assessment: Assessment, observed: Observed, reason: Reason, *, cancels: bool) -> Decision:
    """Return the decision for a reminder that is held or skipped, its parked message (if any) taken back."""
    placement = assessment.placement
    waits = placement is not None and placement.decision is PlacementDecision.HOLD and reason is placement.reason
    kind = ChangeKind.CANCEL if cancels else ChangeKind.HOLD if waits else ChangeKind.SKIP
    status = ReminderStatus.HELD if waits else ReminderStatus.SKIPPED
    return _decided(
        assessment,
        observed,
        kind,
        reason,
        status,
        park_at=placement.park_at if placement is not None else None,
        replaces=assessment.replaces,
        replacing=bool(assessment.included_in) or (waits and _replacing(assessment, observed)),
        clearance=assessment.clearance,
    )


def _replacing(assessment: Assessment, observed: Observed) -> bool:
    """Say whether a held reminder's next message replaces one that is, or was, taken back."""
    record = observed.outcomes.get(assessment.reminder.key)
    return assessment.message is not None or (record is not None and record.replacing)


def _decided(
    assessment: Assessment, observed: Observed, kind: ChangeKind, reason: Reason, status: ReminderStatus, **own: Any
) -> Decision:
    """Return a decision for a wanted reminder: what all of them have in common, and what is its `own`."""
    reminder, message = assessment.reminder, assessment.message
    # one that is parked and taken back needs no look-up first, and counts for the guard like any other
    parked = message is not None and message.state is State.SCHEDULED
    settles = assessment.settles and not (parked and kind in (ChangeKind.REPLACE, ChangeKind.CANCEL))
    return Decision(
        identity=observed.identity,
        key=reminder.key,
        rule=reminder.rule.id,
        recipient=reminder.recipient.key if reminder.recipient else "",
        number=reminder.to,
        due_at=reminder.due_at,
        kind=kind,
        reason=reason,
        status=status,
        causes=tuple(dict.fromkeys((*assessment.causes, "settle"))) if settles else assessment.causes,
        error=assessment.error,
        zone=reminder.zone,
        reminder=reminder,
        placement=assessment.placement,
        message=message,
        notes=assessment.notes,
        reworded=assessment.reworded,
        siblings=assessment.siblings,
        **own,
    )


def _withdrawal(key: str, observed: Observed, settings: Settings, reason: Reason, now: datetime) -> list[Decision]:
    """Return what is to be done for a reminder that is recorded and no longer wanted by any rule or recipient.

    Empty where neither a record nor a parked message of it is left.
    """
    record = observed.outcomes.get(key)
    messages = [as_if_settled(message, settings, now) for message in observed.messages.get(key, ())]
    parked = next((message for message in reversed(messages) if message.state in OPEN), None)
    if record is None and parked is None:
        return []
    kind, status = ChangeKind.SKIP, ReminderStatus.SKIPPED
    if parked is not None:
        kind = ChangeKind.CANCEL
        if parked.state is not State.CANCELLING and not cancellable(parked, settings.of(parked).window, now):
            kind, reason, status = ChangeKind.KEEP, Reason.TOO_LATE, ReminderStatus.PARKED
    elif (record is None or record.status is not ReminderStatus.HELD) and any(
        message.state in SENT for message in messages
    ):
        reason = Reason.ALREADY_SENT
    return [
        Decision(
            identity=observed.identity,
            key=key,
            rule=record.rule if record else "",
            recipient=record.recipient if record else "",
            number=record.to if record else parked.draft.to if parked else "",
            due_at=record.due_at if record else None,
            kind=kind,
            reason=reason,
            status=status,
            causes=("settle",) if parked and parked.state in (State.CREATING, State.CANCELLING) else (),
            message=parked,
        )
    ]


def is_same(parked: Message, draft: Draft, settings: Settings) -> bool:
    """Say whether a parked message is just what a draft asks for, from the sender and provider of these settings."""
    return parked.draft == draft and parked.sender == settings.sender and parked.provider == settings.provider


def rejected_before(draft: Draft, messages: Sequence[Message], settings: Settings) -> Message | None:
    """Return the message for which the provider refused this very content, for this number, for good; None: none.

    Asking again would only cost. Of several it is the last; `messages` are those of one reminder, oldest first.
    """
    route = (settings.provider, settings.sender)
    return next(
        (
            message
            for message in reversed(messages)
            if message.state is State.REJECTED
            and not may_be_taken(message)
            and (message.provider, message.sender) == route
            and message.draft.to == draft.to
            and message.draft.same_content(draft)
        ),
        None,
    )


def decisions_for(observed: Observed, settings: Settings, now: datetime) -> tuple[list[Decision], str]:
    """Return the decisions of one appointment and "", or none and the error in words. Never raises.

    One broken appointment stops nothing else (README, promise 6).
    """
    if observed.error:
        return [], observed.error
    try:
        return decide(observed, settings, now), ""
    except Exception as error:  # noqa: BLE001 - whatever a host's data or callable raises concerns this appointment only
        return [], f"{type(error).__name__}: {error}"


def quarantined(identity: Identity, error: str) -> Change:
    """Return the change that lists an appointment for which nothing could be decided, with the error in words."""
    return Change(
        ChangeKind.SKIP, identity, "", "", "", None, None, None, Reason.QUARANTINED, outcome="failed", error=error
    )
