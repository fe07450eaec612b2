"""A first look at each reminder of an appointment: what is parked for it, what is wanted, and where it would go.

Pure: takes `now`. Never decides what is done: `together`, `spacing` and `plan` go on from here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from attrs import define, evolve

from reminder_kit.errors import ConfigurationError
from reminder_kit.model.instants import zone
from reminder_kit.model.lifecycle import OPEN, SENT, State
from reminder_kit.model.messages import Message
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import ReminderRecord, Suppression
from reminder_kit.planning.changes import CAUSES
from reminder_kit.planning.correction import corrections
from reminder_kit.planning.fallback import with_fallbacks
from reminder_kit.planning.message_times import NEVER_SENT, cancellable, is_past, replayable
from reminder_kit.planning.observed import Observed
from reminder_kit.planning.settings import Settings
from reminder_kit.rules.alarms import rules_for
from reminder_kit.rules.placement import Placement, place
from reminder_kit.rules.placement import PlacementDecision as Placed
from reminder_kit.rules.reminders import Reminder, reminders_of
from reminder_kit.rules.superseding import supersede

__all__ = ["Assessment", "as_if_settled", "assess", "stays"]


def as_if_settled(message: Message, settings: Settings, now: datetime) -> Message:
    """Return the message as settling it will most likely leave it: what a plan counts on."""
    if message.state in (State.SCHEDULED, State.CANCELLING) and is_past(message, now):
        return evolve(message, state=State.SENT, presumed=True)
    if message.state is State.CREATING and not replayable(message, settings, now):
        if message.uncertain:
            return evolve(message, state=State.UNKNOWN)
        return evolve(message, state=State.REJECTED, error=NEVER_SENT)
    return message


@define
class Assessment:
    """One reminder, filled in step by step.

    `message` is what is, or may be, parked for it, `replaces` whether a new one is placed in the stead of one
    that is, or was, withdrawn. `told` are the reminders of other
    appointments that its message tells as well; `joined` names the appointment in whose
    message it is told itself.
    """

    reminder: Reminder
    message: Message | None = None
    settles: bool = False
    causes: tuple[str, ...] = ()
    placement: Placement | None = None
    skip: Reason | None = None
    keep: bool = False
    error: str = ""
    said_at: datetime | None = None
    replaces: bool = False
    includes: tuple[Reminder, ...] = ()
    included_in: str = ""
    clearance: tuple[timedelta, timedelta] = (timedelta(0), timedelta(0))
    notes: tuple[str, ...] = ()


def assess(observed: Observed, settings: Settings, now: datetime) -> list[Assessment]:
    """Return a look at every reminder that is wanted of an appointment, as far as it alone decides."""
    wanted = _wanted(observed, settings)
    included = (
        {reminder.key: _messages_that_include(reminder, observed, settings, now) for reminder in wanted}
        if observed.included_in
        else {}
    )
    if settings.correction or settings.fallback:
        told = {
            key: [as_if_settled(message, settings, now) for message in found]
            for key, found in observed.messages.items()
        }
        told |= {key: [*told.get(key, ()), *found] for key, found in included.items()}
        more = corrections(wanted, told, settings.correction, settings.rearm_after) if settings.correction else []
        wanted = [*with_fallbacks(wanted, told, settings), *more]
    assessments = [_assessed(reminder, observed, included.get(reminder.key, []), settings, now) for reminder in wanted]
    _supersede(assessments)
    return assessments


def _messages_that_include(reminder: Reminder, observed: Observed, settings: Settings, now: datetime) -> list[Message]:
    """Return the messages of other reminders that tell this one as well, as if they were its own.

    What can't be taken back any more tells it, whatever becomes of its own reminder.
    """
    found = []
    for message in observed.included_in.get(reminder.key, ()):
        start_at = next(included.start_at for included in message.includes if included.key == reminder.key)
        mine = evolve(as_if_settled(message, settings, now), key=reminder.key, start_at=start_at)
        if mine.state is State.SCHEDULED and not cancellable(mine, settings.of(mine).window, now):
            mine = evolve(mine, state=State.SENT, presumed=True)
        found.append(mine)
    return found


def _wanted(observed: Observed, settings: Settings) -> list[Reminder]:
    if observed.appointment is None:
        return []
    found = reminders_of(
        observed.appointment, rules_for(observed.appointment, settings.rules, settings.alarms), settings.defaults
    )
    if not observed.suppressed:
        return found
    return [_unless_suppressed(reminder, observed.suppressed) for reminder in found]


def _unless_suppressed(reminder: Reminder, suppressed: Mapping[str, Suppression]) -> Reminder:
    hit = suppressed.get(reminder.recipient.phone) if reminder.recipient else None
    if hit is None or reminder.refusal is not None:
        return reminder
    return evolve(reminder, refusal=Reason.OPTED_OUT if hit.by == "recipient" else Reason.SUPPRESSED)


def _assessed(
    reminder: Reminder, observed: Observed, included: list[Message], settings: Settings, now: datetime
) -> Assessment:
    messages = [as_if_settled(message, settings, now) for message in observed.messages.get(reminder.key, ())]
    parked = next((message for message in reversed(messages) if message.state in OPEN), None)
    messages += included
    settles = parked is not None and parked.state in (State.CREATING, State.CANCELLING)
    sent = [message.send_at for message in messages if message.state in SENT and message.state is not State.UNDELIVERED]
    assessment = Assessment(reminder, parked, settles, skip=reminder.refusal, said_at=max(sent, default=None))
    if reminder.refusal is None:
        if parked is not None and _was_told(reminder, messages, settings):
            assessment.skip = Reason.ALREADY_SENT
        elif parked is not None:
            _assess_parked(assessment, parked, settings, now)
        else:
            _assess_unparked(assessment, messages, observed, settings, now)
    return assessment


def _assess_parked(assessment: Assessment, parked: Message, settings: Settings, now: datetime) -> None:
    reminder = assessment.reminder
    try:
        assessment.causes = _drift(parked, reminder, settings)
    except ConfigurationError as error:
        assessment.skip, assessment.error = Reason.TEMPLATE_ERROR, str(error)
        assessment.keep = _is_true(parked, reminder)  # better none than one to a stranger, or with yesterday's time
        return
    withdrawn = parked.state is State.CANCELLING
    if not withdrawn and not assessment.causes:
        assessment.keep = True
        return
    placement = place(reminder, now=now, window=settings.of(reminder).window, quiet=settings.quiet, replaces=True)
    if not withdrawn and stays(parked, placement, assessment.causes):
        assessment.keep, assessment.skip = True, Reason.TOO_LATE
    else:
        assessment.placement, assessment.replaces = placement, True


def _is_true(parked: Message, reminder: Reminder) -> bool:
    """Say whether a parked message is for the start as it is now, and for its reader."""
    to = reminder.recipient.phone if reminder.recipient else ""
    return parked.start_at == reminder.appointment.start_at and parked.draft.to == to


def _drift(parked: Message, reminder: Reminder, settings: Settings) -> tuple[str, ...]:
    """Return what makes a parked message wrong (design, §6 "Sticky"): nothing, or causes in their order.

    The words of a message that may tell several appointments are judged when it is known which.
    """
    assert reminder.recipient is not None  # noqa: S101 - a reminder without recipient is refused before
    assert reminder.due_at is not None  # noqa: S101 - likewise
    found, mine = set(), settings.of(reminder)
    if parked.start_at != reminder.appointment.start_at:
        found.add("moved")
    elif parked.due_at != reminder.due_at:
        found.add("moved" if reminder.rule.is_follow_up else "rule")
    if parked.draft.to != reminder.recipient.phone:
        found.add("recipient")
    if parked.sender != mine.sender or parked.provider != mine.provider:
        found.add("sender")
    fresh = settings.composer.compose(reminder, parked.send_at)
    if fresh.text != parked.draft.text and not reminder.rule.together:
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


def stays(parked: Message, placement: Placement, causes: tuple[str, ...]) -> bool:
    """Say whether the parked message stays since a new one would come too late (design, §13).

    Only where its words or sender changed: with another time or number it must go.
    """
    if not set(causes) <= {"text", "sender", "media"}:
        return False
    if placement.decision is Placed.SKIP:
        return placement.reason in (Reason.TOO_LATE, Reason.QUIET_HOURS, Reason.PAST)
    return placement.reason is Reason.CLAMPED_LATE and placement.send_at != parked.send_at


def _assess_unparked(
    assessment: Assessment, messages: Sequence[Message], observed: Observed, settings: Settings, now: datetime
) -> None:
    reminder, mine = assessment.reminder, settings.of(assessment.reminder)
    if _already_sent(reminder, messages, observed, settings):
        assessment.skip = Reason.ALREADY_SENT
        return
    lost = sum(message.state is State.UNKNOWN and not _material(reminder, message, settings) for message in messages)
    outcome = observed.outcomes.get(reminder.key)
    most = 1 if mine.prefer_duplicate else 0  # a second text at the most, never a third
    if lost > most or (not lost and _was_given_up(reminder, outcome)):
        assessment.skip = Reason.NOT_CONFIRMED
        return
    assessment.replaces = bool(lost) or (outcome is not None and outcome.replacing)
    assessment.placement = place(
        reminder, now=now, window=mine.window, quiet=settings.quiet, replaces=assessment.replaces
    )
    assessment.causes = ("settle",) if lost else ()


def _was_given_up(reminder: Reminder, outcome: ReminderRecord | None) -> bool:
    """Say whether this reminder's message was never confirmed, and is forgotten by now: that makes no new one due."""
    if outcome is None or reminder.recipient is None or outcome.reason != Reason.NOT_CONFIRMED:
        return False
    return outcome.due_at == reminder.due_at and outcome.to == reminder.recipient.phone


def _was_told(reminder: Reminder, messages: Sequence[Message], settings: Settings) -> bool:
    """Say whether the latest message that went out for this reminder was for (nearly) this start and this person."""
    sent = [
        message for message in reversed(messages) if message.state in SENT
    ]  # of those of one second, the one made last
    return bool(sent) and not _material(reminder, max(sent, key=lambda message: message.send_at), settings)


def _already_sent(reminder: Reminder, messages: Sequence[Message], observed: Observed, settings: Settings) -> bool:
    """Say whether the person has this reminder already, for (nearly) this start (design, §13: it can't creep)."""
    if any(message.state in SENT for message in messages):
        return _was_told(reminder, messages, settings)
    if not observed.sent_before:
        return False
    recipient = reminder.recipient.key if reminder.recipient else ""
    start = reminder.appointment.start_at
    earlier = observed.sent_before.get((reminder.rule.id, recipient), ())
    return any(prior.key != reminder.key and abs(prior.start_at - start) <= settings.rearm_after for prior in earlier)


def _material(reminder: Reminder, sent: Message, settings: Settings) -> bool:
    assert reminder.recipient is not None  # noqa: S101 - a reminder without recipient is refused before
    moved = abs(reminder.appointment.start_at - sent.start_at) > settings.rearm_after
    return moved or reminder.recipient.phone != sent.draft.to


def _supersede(assessments: list[Assessment]) -> None:
    """Let reminders of one appointment that would arrive together give way to the one nearest to the start."""
    late = Reason.CLAMPED_LATE
    if len(assessments) < 2 or not any(
        assessment.placement is not None and assessment.placement.reason is late for assessment in assessments
    ):
        return
    staying = {assessment.reminder.key: at for assessment in assessments if (at := _stays_at(assessment)) is not None}
    pairs = [
        (assessment.reminder, assessment.placement) for assessment in assessments if assessment.placement is not None
    ]
    pairs += [
        (assessment.reminder, Placement(Placed.SEND, Reason.UNCHANGED, staying[assessment.reminder.key]))
        for assessment in assessments
        if assessment.reminder.key in staying
    ]
    judged = {reminder.key: placement for reminder, placement in supersede(pairs, parked=staying)}
    for assessment in assessments:
        if assessment.placement is not None:
            assessment.placement = judged[assessment.reminder.key]


def _stays_at(assessment: Assessment) -> datetime | None:
    """Return when a message that is not touched goes out, or went; None where there is none, or a new one is placed."""
    if assessment.placement is not None:
        return None
    if assessment.keep and assessment.message is not None:
        return assessment.message.send_at
    return assessment.said_at if assessment.skip is Reason.ALREADY_SENT else None
