"""Desired against recorded, one appointment at a time: what is to be done for each of its reminders.

Pure: takes `now`, the appointment and what the ledger knows of it; returns decisions.
The same function makes the preview and, under the claim, what is really done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from attrs import define, evolve

from reminder_kit.alarm_rules import rules_for
from reminder_kit.case import (
    NEVER_SENT,
    Case,
    Decision,
    Settings,
    cancellable,
    is_past,
    is_same,
    replayable,
    was_rejected,
)
from reminder_kit.changes import CAUSES, Change, Kind
from reminder_kit.correction import corrections
from reminder_kit.errors import ConfigurationError
from reminder_kit.instants import zone
from reminder_kit.lifecycle import OPEN, SENT, State
from reminder_kit.model import Draft, Message, Reason
from reminder_kit.placement import Decision as Placed
from reminder_kit.placement import Placement, place
from reminder_kit.records import Outcome, Stand, Suppression
from reminder_kit.rules import Reminder, reminders
from reminder_kit.superseding import supersede

__all__ = ["decide"]


def _assumed(message: Message, settings: Settings, now: datetime) -> Message:
    """Return the message as settling it will most likely leave it: what a plan counts on."""
    if message.state in (State.SCHEDULED, State.CANCELLING) and is_past(message, now):
        return evolve(message, state=State.SENT, presumed=True)
    if message.state is State.CREATING and not replayable(message, settings, now):
        if message.uncertain:
            return evolve(message, state=State.UNKNOWN)
        return evolve(message, state=State.REJECTED, error=NEVER_SENT)
    return message


@define
class _Look:
    """A first look at one reminder, filled in step by step: what is parked for it, and what is wanted."""

    reminder: Reminder
    message: Message | None = None
    settles: bool = False
    causes: tuple[str, ...] = ()
    placement: Placement | None = None
    skip: Reason | None = None
    keep: bool = False
    error: str = ""
    said_at: datetime | None = None


def decide(case: Case, settings: Settings, now: datetime) -> list[Decision]:
    """Return what is to be done for every reminder of an appointment, wanted or only recorded, in a stable order."""
    wanted = _wanted(case, settings)
    if settings.correction:
        told = {key: [_assumed(each, settings, now) for each in found] for key, found in case.messages.items()}
        wanted += corrections(wanted, told, settings.correction, settings.rearm_after)
    looks = [_look(each, case, settings, now) for each in wanted]
    _supersede(looks)
    decisions = [_decision(look, case, settings, now) for look in looks]
    known = {each.key for each in wanted}
    gone = [key for key in {**case.outcomes, **case.messages} if key not in known]
    reason = Reason.REMOVED
    decisions += [each for key in gone for each in _withdrawal(key, case, settings, reason, now)]
    return decisions


def _wanted(case: Case, settings: Settings) -> list[Reminder]:
    if case.appointment is None:
        return []
    found = reminders(case.appointment, rules_for(case.appointment, settings.rules, settings.alarms), settings.defaults)
    if not case.suppressed:
        return found
    return [_unless_suppressed(each, case.suppressed) for each in found]


def _unless_suppressed(reminder: Reminder, suppressed: Mapping[str, Suppression]) -> Reminder:
    hit = suppressed.get(reminder.recipient.phone) if reminder.recipient else None
    if hit is None or reminder.refusal is not None:
        return reminder
    return evolve(reminder, refusal=Reason.OPTED_OUT if hit.by == "recipient" else Reason.SUPPRESSED)


def _look(reminder: Reminder, case: Case, settings: Settings, now: datetime) -> _Look:
    messages = [_assumed(each, settings, now) for each in case.messages.get(reminder.key, ())]
    parked = next((each for each in reversed(messages) if each.state in OPEN), None)
    settles = parked is not None and parked.state in (State.CREATING, State.CANCELLING)
    sent = [each.send_at for each in messages if each.state in SENT]
    look = _Look(reminder, parked, settles, skip=reminder.refusal, said_at=max(sent, default=None))
    if reminder.refusal is None:
        if parked is not None and _has_it(reminder, messages, settings):
            look.skip = Reason.ALREADY_SENT
        elif parked is not None:
            _look_at_parked(look, parked, settings, now)
        else:
            _look_at_nothing(look, messages, case, settings, now)
    return look


def _look_at_parked(look: _Look, parked: Message, settings: Settings, now: datetime) -> None:
    reminder = look.reminder
    try:
        look.causes = _drift(parked, reminder, settings)
    except ConfigurationError as error:
        look.keep, look.skip, look.error = True, Reason.TEMPLATE_ERROR, str(error)
        return
    withdrawn = parked.state is State.CANCELLING
    if not withdrawn and not look.causes:
        look.keep = True
        return
    placement = place(reminder, now=now, window=settings.window, quiet=settings.quiet, replaces=True)
    if not withdrawn and _stays(parked, placement, look.causes):
        look.keep, look.skip = True, Reason.TOO_LATE
    else:
        look.placement = placement


def _drift(parked: Message, reminder: Reminder, settings: Settings) -> tuple[str, ...]:
    """Return what makes a parked message wrong (design, §6 "Sticky"): nothing, or causes in their order."""
    assert reminder.recipient is not None  # noqa: S101 - a reminder without recipient is refused before
    assert reminder.due_at is not None  # noqa: S101 - likewise
    found = set()
    if parked.start_at != reminder.appointment.start_at:
        found.add("moved")
    elif parked.due_at != reminder.due_at:
        found.add("moved" if reminder.rule.is_follow_up else "rule")
    if parked.draft.to != reminder.recipient.phone:
        found.add("recipient")
    if parked.sender != settings.sender or parked.provider != settings.provider:
        found.add("sender")
    fresh = settings.composer.compose(reminder, parked.send_at)
    if fresh.text != parked.draft.text:
        found.add("text")
    if (fresh.subject, fresh.media_urls, fresh.channel) != (
        parked.draft.subject,
        parked.draft.media_urls,
        parked.draft.channel,
    ):
        found.add("media")
    if settings.quiet is not None and settings.quiet.covers(parked.send_at, zone(reminder.zone)):
        found.add("rule")
    return tuple(cause for cause in CAUSES if cause in found)


def _stays(parked: Message, placement: Placement, causes: tuple[str, ...]) -> bool:
    """Say whether the parked message stays since a new one would come too late (design, §13).

    Only where its words or sender changed: with another time or number it must go.
    """
    if not set(causes) <= {"text", "sender", "media"}:
        return False
    if placement.decision is Placed.SKIP:
        return placement.reason in (Reason.TOO_LATE, Reason.QUIET_HOURS, Reason.PAST)
    return placement.reason is Reason.CLAMPED_LATE and placement.send_at != parked.send_at


def _look_at_nothing(look: _Look, messages: Sequence[Message], case: Case, settings: Settings, now: datetime) -> None:
    reminder = look.reminder
    if _already_sent(reminder, messages, case, settings):
        look.skip = Reason.ALREADY_SENT
        return
    lost = sum(each.state is State.UNKNOWN and not _material(reminder, each, settings) for each in messages)
    outcome = case.outcomes.get(reminder.key)
    most = 1 if settings.prefer_duplicate else 0  # a second text at the most, never a third
    if lost > most or (not lost and _was_given_up(reminder, outcome)):
        look.skip = Reason.NOT_CONFIRMED
        return
    replaces = bool(lost) or (outcome is not None and outcome.replacing)
    look.placement = place(reminder, now=now, window=settings.window, quiet=settings.quiet, replaces=replaces)
    look.causes = ("settle",) if lost else ()


def _was_given_up(reminder: Reminder, outcome: Outcome | None) -> bool:
    """Say whether this reminder's message was never confirmed, and is forgotten by now: that makes no new one due."""
    if outcome is None or reminder.recipient is None or outcome.reason != Reason.NOT_CONFIRMED:
        return False
    return outcome.due_at == reminder.due_at and outcome.to == reminder.recipient.phone


def _has_it(reminder: Reminder, messages: Sequence[Message], settings: Settings) -> bool:
    """Say whether the latest message that went out for this reminder was for (nearly) this start and this person."""
    sent = [each for each in messages if each.state in SENT]
    return bool(sent) and not _material(reminder, max(sent, key=lambda each: each.send_at), settings)


def _already_sent(reminder: Reminder, messages: Sequence[Message], case: Case, settings: Settings) -> bool:
    """Say whether the person has this reminder already, for (nearly) this start (design, §13: it can't creep)."""
    if any(each.state in SENT for each in messages):
        return _has_it(reminder, messages, settings)
    recipient = reminder.recipient.key if reminder.recipient else ""
    start = reminder.appointment.start_at
    earlier = case.sent_before.get((reminder.rule.id, recipient), ())
    return any(each.key != reminder.key and abs(each.start_at - start) <= settings.rearm_after for each in earlier)


def _material(reminder: Reminder, sent: Message, settings: Settings) -> bool:
    assert reminder.recipient is not None  # noqa: S101 - a reminder without recipient is refused before
    moved = abs(reminder.appointment.start_at - sent.start_at) > settings.rearm_after
    return moved or reminder.recipient.phone != sent.draft.to


def _supersede(looks: list[_Look]) -> None:
    """Let reminders of one appointment that would arrive together give way to the one nearest to the start."""
    if len(looks) < 2 or not any(look.placement is not None for look in looks):
        return
    staying = {look.reminder.key: at for look in looks if (at := _stays_at(look)) is not None}
    pairs = [(look.reminder, look.placement) for look in looks if look.placement is not None]
    pairs += [
        (look.reminder, Placement(Placed.SEND, Reason.UNCHANGED, staying[look.reminder.key]))
        for look in looks
        if look.reminder.key in staying
    ]
    judged = {reminder.key: placement for reminder, placement in supersede(pairs, parked=staying)}
    for look in looks:
        if look.placement is not None:
            look.placement = judged[look.reminder.key]


def _stays_at(look: _Look) -> datetime | None:
    """Return when a message that is not touched goes out, or went; None where there is none, or a new one is placed."""
    if look.placement is not None:
        return None
    if look.keep and look.message is not None:
        return look.message.send_at
    return look.said_at if look.skip is Reason.ALREADY_SENT else None


def _decision(look: _Look, case: Case, settings: Settings, now: datetime) -> Decision:
    parked = look.message
    if look.keep and parked is not None:
        return _kept(look, parked, case)
    if look.placement is None:
        assert look.skip is not None  # noqa: S101 - a look without placement has a refusal
        return _without(look, case, look.skip, settings, now)
    if look.placement.decision is not Placed.SEND:
        return _without(look, case, look.placement.reason, settings, now)
    assert look.placement.send_at is not None  # noqa: S101 - a placement to send has its instant
    try:
        draft = settings.composer.compose(look.reminder, look.placement.send_at)
    except ConfigurationError as error:
        look.error = str(error)
        return _without(look, case, Reason.TEMPLATE_ERROR, settings, now)
    if parked is None:
        if was_rejected(draft, case.messages.get(look.reminder.key, ())):
            return _without(look, case, _rejection(look, case), settings, now)
        return _made(look, case, Kind.SCHEDULE, look.placement.reason, draft=draft)
    if parked.state is not State.CANCELLING and is_same(parked, draft, settings):
        return evolve(_kept(look, parked, case), adopt=True)
    if parked.state is not State.CANCELLING and not cancellable(parked, settings.window, now):
        look.skip = Reason.TOO_LATE
        return _kept(look, parked, case)
    return _made(look, case, Kind.REPLACE, look.placement.reason, draft=draft)


def _rejection(look: _Look, case: Case) -> Reason:
    outcome = case.outcomes.get(look.reminder.key)
    kept = (Reason.INVALID_NUMBER, Reason.OPTED_OUT, Reason.QUARANTINED)
    return Reason(outcome.reason) if outcome is not None and outcome.reason in kept else Reason.QUARANTINED


def _without(look: _Look, case: Case, reason: Reason, settings: Settings, now: datetime) -> Decision:
    """Return the decision for a reminder that gets no (new) message now: held, skipped, or its message withdrawn."""
    parked = look.message
    if parked is not None:
        if parked.state is not State.CANCELLING and not cancellable(parked, settings.window, now):
            look.skip = Reason.TOO_LATE
            return _kept(look, parked, case)
        return _made(look, case, Kind.CANCEL, reason)
    held = look.placement is not None and look.placement.decision is Placed.HOLD and reason is look.placement.reason
    return _made(look, case, Kind.HOLD if held else Kind.SKIP, reason)


def _kept(look: _Look, parked: Message, case: Case) -> Decision:
    reason = look.skip or Reason.UNCHANGED
    causes = (*look.causes, "settle") if look.settles else look.causes
    change = _change(look, case, Kind.KEEP, reason, causes, parked.draft, parked)
    outcome = _outcome(look, Stand.PARKED, _reason_of_parked(look, case, reason), parked.send_at)
    return Decision(change, outcome, look.reminder, look.placement, None, parked)


def _reason_of_parked(look: _Look, case: Case, reason: Reason) -> str:
    """Return why a kept message stands where it does: what was recorded when it was parked."""
    known = case.outcomes.get(look.reminder.key)
    return known.reason if known is not None and known.stand is Stand.PARKED else reason.value


def _made(look: _Look, case: Case, kind: Kind, reason: Reason, *, draft: Draft | None = None) -> Decision:
    causes = tuple(dict.fromkeys((*look.causes, "settle"))) if look.settles else look.causes
    shown = draft or (look.message.draft if look.message else None)
    change = _change(look, case, kind, reason, causes, shown, look.message)
    held = look.placement is not None and look.placement.decision is Placed.HOLD and reason is look.placement.reason
    stand = Stand.PARKED if draft is not None else Stand.HELD if held else Stand.SKIPPED
    park_at = look.placement.park_at if held and look.placement is not None else None
    outcome = _outcome(look, stand, reason.value, draft.send_at if draft else None, park_at)
    if held and _replacing(look, case):
        outcome = evolve(outcome, replacing=True)
    return Decision(change, outcome, look.reminder, look.placement, draft, look.message)


def _replacing(look: _Look, case: Case) -> bool:
    known = case.outcomes.get(look.reminder.key)
    return look.message is not None or (known is not None and known.replacing)


def _change(
    look: _Look,
    case: Case,
    kind: Kind,
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
    )


def _outcome(
    look: _Look, stand: Stand, reason: str, send_at: datetime | None, park_at: datetime | None = None
) -> Outcome:
    reminder = look.reminder
    return Outcome(
        key=reminder.key,
        rule=reminder.rule.id,
        recipient=reminder.recipient.key if reminder.recipient else "",
        to=reminder.recipient.phone if reminder.recipient else "",
        stand=stand,
        reason=reason,
        due_at=reminder.due_at,
        send_at=send_at,
        park_at=park_at,
        error=look.error,
    )


def _withdrawal(key: str, case: Case, settings: Settings, reason: Reason, now: datetime) -> list[Decision]:
    """Return what is to be done for a reminder that is recorded and no longer wanted by any rule or recipient."""
    outcome = case.outcomes.get(key)
    messages = [_assumed(each, settings, now) for each in case.messages.get(key, ())]
    parked = next((each for each in reversed(messages) if each.state in OPEN), None)
    if outcome is None and parked is None:
        return []
    base = outcome or Outcome(key, "", "", parked.draft.to if parked else "", Stand.PARKED, reason.value)
    kind, why, stand = Kind.SKIP, reason, Stand.SKIPPED
    if parked is not None:
        kind = Kind.CANCEL
        if parked.state is not State.CANCELLING and not cancellable(parked, settings.window, now):
            kind, why, stand = Kind.KEEP, Reason.TOO_LATE, Stand.PARKED
    elif base.stand is not Stand.HELD and any(each.state in SENT for each in messages):
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
    kept = evolve(base, stand=stand, reason=why.value, park_at=None, replacing=False, error="")
    if stand is Stand.SKIPPED:
        kept = evolve(kept, send_at=None)
    return [Decision(change, kept, message=parked)]
