"""Assessment: each wanted reminder by itself: what is parked for it, and where a new message would go.

Pure: `now` is an argument. Never decides what is done: `combining`, `spacing` and `decide` go on from here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from attrs import define, evolve

from reminder_kit.errors import ConfigurationError
from reminder_kit.model.consent import Party, Suppression
from reminder_kit.model.instants import zone
from reminder_kit.model.lifecycle import OPEN, SENT, State
from reminder_kit.model.messages import Message
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import ReminderRecord, ReminderStatus
from reminder_kit.planning.again import sent_again
from reminder_kit.planning.cancellation import cancellations, still_told, told_off_at
from reminder_kit.planning.changes import CAUSES
from reminder_kit.planning.correction import corrections, told_moves
from reminder_kit.planning.doubts import is_in_doubt
from reminder_kit.planning.fallback import with_fallbacks
from reminder_kit.planning.former_keys import told_formerly
from reminder_kit.planning.message_times import (
    NEVER_SENT,
    cancellable,
    is_past,
    may_be_taken,
    needs_settling,
    replayable,
    texts_in_doubt,
)
from reminder_kit.planning.moves import counted_from_moves
from reminder_kit.planning.observed import Observed
from reminder_kit.planning.settings import Settings
from reminder_kit.planning.unclear import held_back, waited_too_long
from reminder_kit.rules.alarms import rules_for
from reminder_kit.rules.bookings import refused_as_old
from reminder_kit.rules.placement import Placement, PlacementDecision, place
from reminder_kit.rules.reminders import BOOKING, Reminder, reminders_of
from reminder_kit.rules.superseding import is_moved, supersede

__all__ = ["Assessment", "as_if_settled", "assess", "said_as_before", "says_when", "stays", "wanted_reminders"]


def as_if_settled(message: Message, settings: Settings, now: datetime) -> Message:
    """Return a message as settling it will most likely leave it: what a plan counts on.

    Past its time, it was sent; where its request can't be repeated, it is unknown, or never reached the provider.
    """
    if message.state in (State.SCHEDULED, State.CANCELLING) and is_past(message, now):
        return evolve(message, state=State.SENT, presumed=True)
    if message.state is State.CREATING and not replayable(message, settings, now):
        if message.uncertain:
            return evolve(message, state=State.UNKNOWN)
        return evolve(message, state=State.REJECTED, error=NEVER_SENT)
    return message


@define
class Assessment:
    """What is known of one wanted reminder, filled in step by step until a decision can be made of it."""

    #: The reminder, wanted as it is now; its `refusal` says why none is to be sent.
    reminder: Reminder
    #: The message that is, or may be, parked for it; None: none is.
    message: Message | None = None
    #: Whether that message's last step is open, so that it is settled first.
    settles: bool = False
    #: Why the parked message is touched, in the order of `changes.CAUSES`.
    causes: tuple[str, ...] = ()
    #: Whether the parked message goes by the reader's clock as all texts once did, and by another one now.
    reworded: bool = False
    #: Where a new message goes, or why none does; None: no new one is wanted.
    placement: Placement | None = None
    #: Why no new message is made, or why a kept one is kept although it drifted; None: nothing forbids one.
    skip: Reason | None = None
    #: Whether the parked message is kept.
    keep: bool = False
    #: Why the text can't be written, in words; "": it can.
    error: str = ""
    #: When (UTC) a message of it, or one that includes it, went out last, unless it was undelivered; None: none did.
    said_at: datetime | None = None
    #: Whether the placement stands in for a message that is, or was, taken back or lost.
    replaces: bool = False
    #: The reminders of other appointments that its message speaks of as well.
    includes: tuple[Reminder, ...] = ()
    #: The label of the appointment whose message speaks of this reminder; "": it has a message of its own.
    included_in: str = ""
    #: How long before, and how long after, its new message nothing else may go out to its number.
    clearance: tuple[timedelta, timedelta] = (timedelta(0), timedelta(0))
    #: What other appointments have to do with it, in words for `explain`.
    notes: tuple[str, ...] = ()
    #: The keys of all reminders of its appointment.
    siblings: frozenset[str] = frozenset()
    #: Since when (UTC) another ledger may have made a message of it that is not known; None: none has.
    doubted_since: datetime | None = None

    @property
    def is_uncertain(self) -> bool:
        """Whether it has a message of its own, if any, since it waits for what a ledger that was put back can't say."""
        awaited = self.placement is not None and self.placement.reason is Reason.RESTORED_LEDGER
        return awaited or self.doubted_since is not None


def assess(observed: Observed, settings: Settings, now: datetime) -> list[Assessment]:
    """Return an assessment of every wanted reminder of an appointment, as far as the appointment alone decides.

    Corrections, cancellations, fallbacks and what is sent again are among them. What neighbours change is up to
    `combining` and `spacing`.
    """
    wanted = wanted_reminders(observed, settings, now)
    again = sent_again(wanted, observed) if observed.outcomes else []
    including = (
        {reminder.key: _messages_that_include(reminder, observed, settings, now) for reminder in wanted}
        if observed.included_in
        else {}
    )
    told: list[tuple[Reminder, datetime]] = []
    if settings.correction or settings.cancellation or settings.fallback:
        by_key = {
            key: [as_if_settled(message, settings, now) for message in messages]
            for key, messages in observed.messages.items()
        }
        by_key |= {key: [*by_key.get(key, ()), *messages] for key, messages in including.items()}
        told_by_key = by_key | told_formerly(wanted, by_key, observed)
        more = _notices(wanted, told_by_key, observed, settings, now)
        due = {reminder.key for reminder in more}
        if settings.correction:
            off = partial(told_off_at, observed=observed, now=now)
            known = told_moves(wanted, told_by_key, settings.correction, settings.rearm_after, off)
            told = [(reminder, at) for reminder, at in known if reminder.key not in due]
        wanted = [*with_fallbacks(wanted, by_key, settings, observed.blockers, now, observed.suppressed), *more]
    wanted += again
    assessments = [_assessed(reminder, observed, including.get(reminder.key, []), settings, now) for reminder in wanted]
    _supersede(assessments, told)
    return assessments


def _notices(
    wanted: Sequence[Reminder],
    messages: Mapping[str, Sequence[Message]],
    observed: Observed,
    settings: Settings,
    now: datetime,
) -> list[Reminder]:
    """Return what is due to those who were told what is no longer true; `messages` are by key."""
    found: list[Reminder] = []
    if settings.correction:
        found += corrections(wanted, messages, observed, settings.correction, settings.rearm_after, now)
    if settings.cancellation:
        found += _whom_may_be_written_to(cancellations(wanted, messages, observed, settings, now), observed, settings)
    return found


def _messages_that_include(reminder: Reminder, observed: Observed, settings: Settings, now: datetime) -> list[Message]:
    """Return the messages of other reminders that include this one, as if they were its own.

    Such a message that can't be taken back any more counts as sent: it goes out, whatever becomes of the reminder
    whose message it is.
    """
    as_its_own = []
    for message in observed.included_in.get(reminder.key, ()):
        start_at = next(included.start_at for included in message.includes if included.key == reminder.key)
        settled = evolve(as_if_settled(message, settings, now), key=reminder.key, start_at=start_at)
        if settled.state is State.SCHEDULED and not cancellable(settled, settings.of(settled).window, now):
            settled = evolve(settled, state=State.SENT, presumed=True)
        as_its_own.append(settled)
    return as_its_own


def wanted_reminders(observed: Observed, settings: Settings, now: datetime | None = None) -> list[Reminder]:
    """Return the reminders of an appointment by its rules, refused where nobody is to be written to.

    `now` None: what is counted from a move is due as it is recorded.
    """
    if observed.appointment is None:
        return []
    reminders = reminders_of(
        observed.appointment, rules_for(observed.appointment, settings.rules, settings.alarms), settings.defaults
    )
    if settings.counts_moves:
        reminders = counted_from_moves(reminders, observed, settings, now)
    return _whom_may_be_written_to(reminders, observed, settings)


def _whom_may_be_written_to(reminders: list[Reminder], observed: Observed, settings: Settings) -> list[Reminder]:
    """Return reminders, refused where their number is barred, or outside of those that may be written to."""
    if observed.suppressed:
        reminders = [_unless_suppressed(reminder, observed.suppressed) for reminder in reminders]
    return reminders if settings.only_to is None else [_unless_outside(reminder, settings) for reminder in reminders]


def _unless_suppressed(reminder: Reminder, suppressed: Mapping[str, Suppression]) -> Reminder:
    suppression = suppressed.get(reminder.to) if reminder.recipient else None
    if suppression is None or suppression.holds or reminder.refusal is not None:
        return reminder
    reason = Reason.OPTED_OUT if suppression.by == Party.RECIPIENT else Reason.SUPPRESSED
    return evolve(reminder, refusal=reason, detail=suppression.said)


def _unless_outside(reminder: Reminder, settings: Settings) -> Reminder:
    if reminder.refusal is not None or reminder.recipient is None or settings.may_write_to(reminder.to):
        return reminder
    return evolve(reminder, refusal=Reason.OUTSIDE_ONLY_TO)


def _assessed(
    reminder: Reminder, observed: Observed, including: list[Message], settings: Settings, now: datetime
) -> Assessment:
    """Return the assessment of one reminder; `including` are messages of other reminders that include it."""
    known = observed.messages.get(reminder.key)
    if not known and not including:
        return _assessed_alone(reminder, observed, settings, now)
    messages = [as_if_settled(message, settings, now) for message in known or ()]
    parked = next((message for message in reversed(messages) if message.state in OPEN), None)
    messages = [*still_told(reminder, [*messages, *including], observed, now)]
    settles = parked is not None and needs_settling(parked, now)
    sent = [message.send_at for message in messages if message.state in SENT and message.state is not State.UNDELIVERED]
    assessment = Assessment(reminder, parked, settles, skip=reminder.refusal, said_at=max(sent, default=None))
    if reminder.refusal is None:
        if parked is not None and _last_sent_is_for(reminder, messages, settings):
            assessment.skip = Reason.ALREADY_SENT
        elif parked is not None:
            _assess_parked(assessment, parked, settings, now)
        else:
            _assess_unparked(assessment, messages, observed, settings, now)
        _assess_unclear(assessment, observed)
    return assessment


def _assessed_alone(reminder: Reminder, observed: Observed, settings: Settings, now: datetime) -> Assessment:
    """Return the assessment of a reminder of which no message is known: of nearly all, where a plan is of many."""
    assessment = Assessment(reminder, skip=reminder.refusal)
    if reminder.refusal is not None:
        return assessment
    if observed.outcomes or observed.sent_before or reminder.rule.anchor == BOOKING:
        _assess_unparked(assessment, (), observed, settings, now)
    else:
        _assess_new(assessment, (), observed, settings.of(reminder), now)
    _assess_unclear(assessment, observed)
    return assessment


def _assess_unclear(assessment: Assessment, observed: Observed) -> None:
    """Fill in what becomes of a reminder whose number left unclear whether it wants any."""
    if not observed.suppressed and not observed.outcomes:
        return
    reminder = assessment.reminder
    if (late := waited_too_long(assessment.placement, observed.outcomes.get(reminder.key))) is not None:
        assessment.placement = late
    if (not assessment.keep and assessment.placement is None) or reminder.recipient is None:
        return
    waiting = held_back(reminder, observed.suppressed.get(reminder.to), assessment.placement)
    if waiting is not None:
        assessment.placement, assessment.keep, assessment.skip, assessment.error = waiting, False, None, ""


def _assess_parked(assessment: Assessment, parked: Message, settings: Settings, now: datetime) -> None:
    """Fill in whether a parked message is kept, and if not, where the one that replaces it would go."""
    reminder = assessment.reminder
    try:
        assessment.causes = _drift(parked, reminder, settings)
        if assessment.causes == ("text",):
            assessment.reworded = said_as_before(parked, reminder, (), settings)
    except ConfigurationError as error:
        assessment.skip, assessment.error = Reason.TEMPLATE_ERROR, str(error)
        # better none than one to a stranger, or with a wrong time
        assessment.keep = is_for_start_and_number(parked, reminder)
        return
    cancelling = parked.state is State.CANCELLING
    if not cancelling and not assessment.causes:
        assessment.keep = True
        return
    placement = place(reminder, now=now, window=settings.of(reminder).window, quiet=settings.quiet, replaces=True)
    if not cancelling and stays(parked, placement, assessment.causes):
        assessment.keep, assessment.skip = True, Reason.TOO_LATE
    else:
        assessment.placement, assessment.replaces = placement, True


def is_for_start_and_number(parked: Message, reminder: Reminder) -> bool:
    """Say whether a parked message is for the start and the number that its reminder has now."""
    return parked.start_at == reminder.appointment.start_at and parked.draft.to == reminder.to


def _drift(parked: Message, reminder: Reminder, settings: Settings) -> tuple[str, ...]:
    """Return what makes a parked message wrong, as causes in the order of `CAUSES`; empty: it is kept as it is.

    A parked message is sticky: neither `now` nor the window is asked. Its text is composed anew for the time it was
    parked for, and compared. Where the rule combines appointments, `combining` compares the text, once it is known
    which appointments are included. Raises `ConfigurationError` where the text can't be written.
    """
    assert reminder.recipient is not None  # noqa: S101 - a reminder without recipient is refused before
    assert reminder.due_at is not None  # noqa: S101 - likewise
    causes, own_settings = set(), settings.of(reminder)
    if parked.start_at != reminder.appointment.start_at:
        causes.add("moved")
    elif parked.due_at != reminder.due_at:
        causes.add("moved" if reminder.rule.is_follow_up else "rule")
    if parked.draft.to != reminder.to:
        causes.add("recipient")
    if parked.sender != own_settings.sender or parked.provider != own_settings.provider:
        causes.add("sender")
    fresh = settings.composer.compose(reminder, parked.send_at)
    if fresh.text != parked.draft.text and not reminder.rule.together:
        causes.add("text")
    if (fresh.subject, fresh.media_urls, fresh.channel) != (
        parked.draft.subject,
        parked.draft.media_urls,
        parked.draft.channel,
    ):
        causes.add("media")
    if settings.quiet is not None and settings.quiet.covers(parked.send_at, zone(reminder.zone)):
        causes.add("rule")
    return tuple(cause for cause in CAUSES if cause in causes)


def said_as_before(parked: Message, reminder: Reminder, others: Sequence[Reminder], settings: Settings) -> bool:
    """Say whether a parked message has the words in which all times were once said: the reader's clock, unnamed.

    Its text then changes though nobody changed anything, and the guard counts it. Raises `ConfigurationError` where
    the text can't be written.
    """
    if not any(one.clocks_differ for one in (reminder, *others)):
        return False
    alone, *included = (evolve(one, local_zone=one.zone) for one in (reminder, *others))
    return settings.composer.compose(alone, parked.send_at, included).text == parked.draft.text


def says_when(causes: tuple[str, ...]) -> bool:
    """Say whether a parked message still says the right time to the right number, for all that changed."""
    return set(causes) <= {"text", "sender", "media"}


def stays(parked: Message, placement: Placement, causes: tuple[str, ...]) -> bool:
    """Say whether a parked message stays since the one to replace it, placed at `placement`, would come too late.

    It may stay only where nothing but its text, pictures or sender changed: with another start or number it must go.
    """
    if not says_when(causes):
        return False
    if placement.decision is PlacementDecision.SKIP:
        return placement.reason in (Reason.TOO_LATE, Reason.QUIET_HOURS, Reason.PAST)
    return placement.reason is Reason.CLAMPED_LATE and placement.send_at != parked.send_at


def _assess_unparked(
    assessment: Assessment, messages: Sequence[Message], observed: Observed, settings: Settings, now: datetime
) -> None:
    """Fill in where a new message would go, or why none is made.

    At most one message may follow those of unknown outcome: a second text, never a third, and what may exist counts.
    With `prefer_duplicate` False none does.
    """
    reminder, own_settings = assessment.reminder, settings.of(assessment.reminder)
    if (messages or observed.sent_before) and _already_sent(reminder, messages, observed, settings):
        assessment.skip = Reason.ALREADY_SENT
        return
    all_unknown = [message for message in messages if message.state is State.UNKNOWN]
    unknown = sum([texts_in_doubt(message) for message in all_unknown if _is_for(reminder, message, settings)])
    record = observed.outcomes.get(reminder.key)
    if reminder.rule.anchor == BOOKING and not messages and (record is None or record.status is ReminderStatus.SKIPPED):
        assessment.placement = refused_as_old(reminder, now)
        if assessment.placement is not None:
            return
    if unknown > (1 if own_settings.prefer_duplicate else 0) or (
        not all_unknown and _was_given_up(reminder, messages, record)
    ):
        assessment.skip = Reason.NOT_CONFIRMED
        return
    assessment.replaces = bool(unknown) or (record is not None and record.replacing)
    assessment.causes = ("settle",) if unknown else ()
    _assess_new(assessment, messages, observed, own_settings, now)


def _assess_new(
    assessment: Assessment, messages: Sequence[Message], observed: Observed, settings: Settings, now: datetime
) -> None:
    """Fill in where a new message goes; `settings` are those of whoever sends it."""
    reminder, replaces = assessment.reminder, assessment.replaces
    placement = place(reminder, now=now, window=settings.window, quiet=settings.quiet, replaces=replaces)
    assessment.placement = placement
    if placement.decision is PlacementDecision.SEND and (observed.is_awaited or observed.gap is not None):
        _assess_restored(assessment, placement, messages, observed, settings)


def _assess_restored(
    assessment: Assessment,
    placement: Placement,
    messages: Sequence[Message],
    observed: Observed,
    settings: Settings,
) -> None:
    """Fill in whether a new message waits since the ledger was put back to an older state.

    Nobody knows whether an appointment is still on that did not come in again since; and nobody whether there is a
    message already of one that did.
    """
    if observed.is_awaited:
        assessment.placement = Placement(PlacementDecision.HOLD, Reason.RESTORED_LEDGER)
        assessment.error = "the ledger was restored from a backup, and the appointment did not come in again since"
    elif is_in_doubt(assessment.reminder, placement, messages, settings.window, observed.gap):
        assert observed.gap is not None  # noqa: S101 - without one nothing is in doubt
        assessment.doubted_since = observed.gap.since


def _was_given_up(reminder: Reminder, messages: Sequence[Message], record: ReminderRecord | None) -> bool:
    """Say whether a message of this due time and number was never confirmed, and is forgotten by now.

    `record` is what the ledger keeps of the reminder, None: nothing. No new message becomes due by forgetting one; it
    does by learning that the latest was never sent.
    """
    if record is None or reminder.recipient is None or record.reason != Reason.NOT_CONFIRMED:
        return False
    if messages and may_be_taken(messages[-1]):
        return False
    return record.due_at == reminder.due_at and record.to == reminder.to


def _last_sent_is_for(reminder: Reminder, messages: Sequence[Message], settings: Settings) -> bool:
    """Say whether the latest message that went out for a reminder was for its start (or nearly) and its number."""
    newest_first = [message for message in reversed(messages) if message.state in SENT]
    # of those sent in one second, `max` finds the one made last
    return bool(newest_first) and _is_for(reminder, max(newest_first, key=lambda message: message.send_at), settings)


def _already_sent(reminder: Reminder, messages: Sequence[Message], observed: Observed, settings: Settings) -> bool:
    """Say whether the person has this reminder already, for its start or nearly; of a booking, for any start.

    Every move is measured from the start that the person was sent, not from the one before: many small moves add up.
    What went out for another occurrence of the same appointment id counts, where that was at nearly the same time.
    """
    if any(message.state in SENT for message in messages):
        return reminder.rule.anchor == BOOKING or _last_sent_is_for(reminder, messages, settings)
    if not observed.sent_before:
        return False
    recipient = reminder.recipient.key if reminder.recipient else ""
    start = reminder.appointment.start_at
    earlier = observed.sent_before.get((reminder.rule.id, recipient), ())
    return any(prior.key != reminder.key and abs(prior.start_at - start) <= settings.rearm_after for prior in earlier)


def _is_for(reminder: Reminder, message: Message, settings: Settings) -> bool:
    """Say whether a message was made for the reminder's number, and its start up to `rearm_after`."""
    assert reminder.recipient is not None  # noqa: S101 - a reminder without recipient is refused before
    near = abs(reminder.appointment.start_at - message.start_at) <= settings.rearm_after
    return near and reminder.to == message.draft.to


def _supersede(assessments: list[Assessment], told: Sequence[tuple[Reminder, datetime]]) -> None:
    """Skip reminders of one appointment that would arrive together with another, but for the one nearest to the start.

    See `rules.superseding`; a message that stays parked, or went out, always wins. `told` are corrections that went
    out, each with its time: no assessment speaks of them any more.
    """
    placements = [assessment.placement for assessment in assessments if assessment.placement is not None]
    if len(assessments) + len(told) < 2 or not any(map(is_moved, placements)):
        return
    settled = {assessment.reminder.key: at for assessment in assessments if (at := _settled_at(assessment)) is not None}
    pairs = [
        (assessment.reminder, assessment.placement) for assessment in assessments if assessment.placement is not None
    ]
    pairs += [
        (assessment.reminder, Placement(PlacementDecision.SEND, Reason.UNCHANGED, settled[assessment.reminder.key]))
        for assessment in assessments
        if assessment.reminder.key in settled
    ]
    for reminder, said_at in told:
        settled[reminder.key] = said_at
        pairs.append((reminder, Placement(PlacementDecision.SEND, Reason.UNCHANGED, said_at)))
    by_key = {reminder.key: placement for reminder, placement in supersede(pairs, parked=settled)}
    for assessment in assessments:
        if assessment.placement is not None:
            assessment.placement = by_key[assessment.reminder.key]


def _settled_at(assessment: Assessment) -> datetime | None:
    """Return when (UTC) a message that stays goes out, or went; None: there is none, or a new one is placed."""
    if assessment.placement is not None:
        return None
    if assessment.keep and assessment.message is not None:
        return assessment.message.send_at
    return assessment.said_at if assessment.skip is Reason.ALREADY_SENT else None
