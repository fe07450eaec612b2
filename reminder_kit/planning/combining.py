"""Combining: appointments of one phone and day in one message, for rules with `together`; apart again when they part.

Pure: `now` is an argument. Never asks what is known to one of the appointments only: each is decided by itself, and
all must come to the same result from the same data.

- A *group* is the reminders of one rule, phone and day. Its *leader* has the message; its *members* are included in it.
- The leader is the reminder of the earliest start (of follow-ups: the latest) that is still to be sent. It includes all
  others, if there is a text for all of them that the provider takes; else each has a message of its own.
- A message that can't be changed any more leads what it includes already. The rest of the group goes on without it, so
  that no reminder waits for a message that will never speak of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import NamedTuple

from reminder_kit.errors import ReminderKitError
from reminder_kit.model.instants import in_zone, iso, zone
from reminder_kit.model.lifecycle import State
from reminder_kit.model.messages import Message
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import ReminderStatus
from reminder_kit.planning.assessment import Assessment, assess, said_as_before, stays
from reminder_kit.planning.busy_days import MOST
from reminder_kit.planning.message_times import cancellable, may_be_taken
from reminder_kit.planning.observed import Observed
from reminder_kit.planning.settings import Settings
from reminder_kit.planning.spacing import apply_min_silence
from reminder_kit.rules.placement import PlacementDecision, place
from reminder_kit.rules.reminders import Reminder
from reminder_kit.text.sms import sms_parts

__all__ = ["SAME_DAY", "combine", "combined_for_preview", "group_of"]

SAME_DAY = timedelta(hours=51)
"""How far apart two starts on one date can be: a day, 26 hours between zones, and an hour where clocks change."""


class Group(NamedTuple):
    """What reminders have in common that go out in one message."""

    #: The id of their rule.
    rule: str
    #: Their number.
    phone: str
    #: The day of their starts, by the clock that their texts go by.
    day: date
    #: The instant (UTC) of the alarm they were made of; None: they are of no alarm.
    on: datetime | None


_Grouped = tuple[Assessment, Group | None]


def group_of(reminder: Reminder) -> Group | None:
    """Return the group a reminder belongs to; None: its rule has a message for each appointment."""
    appointment, recipient = reminder.appointment, reminder.recipient
    if not reminder.rule.together or recipient is None:
        return None
    moment = appointment.starts_at if appointment.all_day else in_zone(appointment.start_at, zone(reminder.clock))
    return Group(reminder.rule.id, recipient.phone, moment.date(), reminder.rule.on)


def combine(assessments: Sequence[Assessment], observed: Observed, settings: Settings, now: datetime) -> None:
    """Fill in which reminder is included in whose message, and what that makes of the texts of parked messages.

    `assessments` are those of the observed appointment; only they are changed. What `min_silence` forbids is skipped
    first, since no message may wait for a reminder that is not sent.
    """
    groups: dict[Group, list[Assessment]] = {}
    grouped = _grouped(assessments, observed)
    for assessment, shared in (*grouped, *_neighbours(assessments, observed, settings, now)):
        if shared is not None:
            groups.setdefault(shared, []).append(assessment)
    own = {id(assessment) for assessment in assessments}
    own_groups = [group for group in groups.values() if any(id(assessment) in own for assessment in group)]
    own_groups += [
        [assessment] for assessment, shared in grouped if shared is None and assessment.reminder.rule.together
    ]
    if settings.spacing_reach:
        group_by_id = {id(assessment): group for group in own_groups for assessment in group if id(assessment) in own}
        apply_min_silence(
            assessments,
            observed,
            settings,
            now,
            lambda assessment: _keys(group_by_id.get(id(assessment), ()), settings, now),
        )
    for group in own_groups:
        for leader, members in list(assign_leaders(group, settings, now)):
            if id(leader) in own:
                combined_text(leader, members, settings, now)
            for member in members:
                if id(member) in own:
                    mark_included(member, leader)


def _grouped(assessments: Iterable[Assessment], observed: Observed) -> list[_Grouped]:
    """Return assessments, each with its group; None: it has a message of its own in any case."""
    return [
        (
            assessment,
            None if _is_alone(assessment, observed) or _is_unclear(assessment) else group_of(assessment.reminder),
        )
        for assessment in assessments
    ]


def _is_unclear(assessment: Assessment) -> bool:
    """Say whether a reminder waits, or waited, for an unclear reply: each is named by itself for that."""
    return assessment.placement is not None and assessment.placement.reason is Reason.UNCLEAR_REPLY


def _keys(group: Iterable[Assessment], settings: Settings, now: datetime) -> set[str]:
    """Return the keys of a group's reminders that go out, if at all, in one message."""
    return {assessment.reminder.key for assessment in group if not _is_fixed(assessment, settings, now)}


def _neighbours(
    assessments: Sequence[Assessment], observed: Observed, settings: Settings, now: datetime
) -> Iterable[_Grouped]:
    """Yield the assessments of the neighbours' reminders, with their groups.

    Left out are neighbours that can't be assessed, and reminders that `min_silence` silenced.
    """
    if not any(assessment.reminder.rule.together for assessment in assessments):
        return
    for other in observed.neighbours:
        with suppress(Exception):  # the neighbour's own decision reports that
            if now not in other.assessments:
                audible = [
                    assessment for assessment in assess(other, settings, now) if not _is_silent(assessment, other)
                ]
                other.assessments[now] = _grouped(audible, other)
        yield from other.assessments.get(now, ())


def _is_silent(assessment: Assessment, observed: Observed) -> bool:
    """Say whether a neighbour's reminder was skipped for its `min_silence` when that neighbour was decided last.

    Whether it still is depends on all that goes to its number, and is found out when that neighbour is decided again.
    """
    record = observed.outcomes.get(assessment.reminder.key)
    silenced = record is not None and record.status is ReminderStatus.SKIPPED and record.reason == Reason.CONDITION
    return silenced and bool(assessment.reminder.rule.min_silence) and assessment.message is None


def _is_alone(assessment: Assessment, observed: Observed) -> bool:
    """Say whether a reminder has a message of its own: its number has a busy day, or the provider refused it for good.

    So a refusal never keeps its group from being sent; nor does what waits since a ledger was put back.
    """
    recipient = assessment.reminder.recipient
    if assessment.is_uncertain or (recipient is not None and recipient.phone in observed.busy):
        return True
    return recipient is not None and any(
        message.state is State.REJECTED and not may_be_taken(message) and message.draft.to == recipient.phone
        for message in observed.messages.get(assessment.reminder.key, ())
    )


def _is_to_be_sent(assessment: Assessment) -> bool:
    """Say whether a reminder has a message parked that is kept, or a new one that is sent or held."""
    placement = assessment.placement
    return assessment.keep or (placement is not None and placement.decision is not PlacementDecision.SKIP)


def assign_leaders(
    group: Sequence[Assessment], settings: Settings, now: datetime
) -> Iterable[tuple[Assessment, list[Assessment]]]:
    """Yield the leaders of a group, each with its members.

    First come messages that can't be changed any more, with the reminders they include already. Then the first of the
    others leads the rest, if one message has room for them; else each leads itself.
    """
    candidates = [assessment for assessment in group if _is_to_be_sent(assessment)]
    order = _order_of(group)
    fixed = sorted((candidate for candidate in candidates if _is_fixed(candidate, settings, now)), key=order)
    left = _without(candidates, fixed)
    sent = [assessment for assessment in group if assessment.skip is Reason.ALREADY_SENT and assessment.message is None]
    for leader in fixed:
        members = [candidate for candidate in (*left, *sent) if _includes(leader.message, candidate.reminder, settings)]
        left = _without(left, members)
        yield leader, sorted(members, key=order)
    if not left:
        return
    first = min(left, key=order)
    others = sorted(_without(left, [first]), key=order) if len(left) <= MOST else left
    if len(left) <= MOST and _fits(first, others, settings):
        yield first, others
    else:
        yield from ((assessment, []) for assessment in left)


def _without(assessments: list[Assessment], excluded: Sequence[Assessment]) -> list[Assessment]:
    """Return assessments but those excluded; compared by identity, not by value."""
    ids = {id(assessment) for assessment in excluded}
    return [assessment for assessment in assessments if id(assessment) not in ids] if ids else assessments


def _fits(leader: Assessment, members: Sequence[Assessment], settings: Settings) -> bool:
    """Say whether there is a text for a leader and all its members that the provider takes."""
    if not members:
        return True
    parked, placement = leader.message if leader.keep else None, leader.placement
    send_at = parked.send_at if parked else placement.send_at if placement else None
    moment = send_at or leader.reminder.due_at or leader.reminder.anchor_at
    try:
        text = settings.composer.compose(leader.reminder, moment, [member.reminder for member in members]).text
    except ReminderKitError:
        return False
    return leader.reminder.rule.channel != "sms" or sms_parts(text).parts <= settings.max_parts


def _order_of(group: Iterable[Assessment]) -> Callable[[Assessment], tuple[timedelta, int, str]]:
    """Return what the reminders of a group are sorted by: as `_order` says, and of one start as they are told already.

    So whoever joins at the same start, or gets another key, changes no more of a parked message than its words.
    """
    told: dict[str, int] = {}
    for assessment in group:
        if assessment.message is not None and assessment.message.includes and assessment.keep:
            keys = (assessment.reminder.key, *(included.key for included in assessment.message.includes))
            told.update({key: place for place, key in enumerate(keys, -len(keys))})

    def order(assessment: Assessment) -> tuple[timedelta, int, str]:
        since_epoch, key = _order(assessment)
        return since_epoch, told.get(key, 0), key

    return order


def _order(assessment: Assessment) -> tuple[timedelta, str]:
    """Return what reminders of a group are sorted by: the earliest start first, of follow-ups the latest."""
    start_at = assessment.reminder.appointment.start_at
    since_epoch = start_at - datetime(1970, 1, 1, tzinfo=start_at.tzinfo)
    return (-since_epoch if assessment.reminder.rule.is_follow_up else since_epoch), assessment.reminder.key


def _is_fixed(assessment: Assessment, settings: Settings, now: datetime) -> bool:
    """Say whether a kept message goes out as it is: its time is too near, or a new one would come too late."""
    parked = assessment.message
    if parked is None or parked.state is State.CANCELLING or not assessment.keep:
        return False
    if assessment.skip is not None or not cancellable(parked, settings.of(parked).window, now):
        return True
    window = settings.of(assessment.reminder).window
    placement = place(assessment.reminder, now=now, window=window, quiet=settings.quiet, replaces=True)
    return stays(parked, placement, ("text",))


def _includes(message: Message | None, reminder: Reminder, settings: Settings) -> bool:
    """Say whether a message includes a reminder with the start it has now, or nearly; None includes nothing."""
    start_at = reminder.appointment.start_at
    includes = message.includes if message else ()
    return any(
        included.key == reminder.key and abs(included.start_at - start_at) <= settings.rearm_after
        for included in includes
    )


def combined_text(assessment: Assessment, members: Sequence[Assessment], settings: Settings, now: datetime) -> None:
    """Fill in the members that a leader's message includes; a parked message with another text is placed anew.

    Where it can't be changed any more, it is kept as it is (`too_late`).
    """
    assessment.includes = tuple(member.reminder for member in members)
    if assessment.includes:
        labels = ", ".join(reminder.appointment.label for reminder in assessment.includes)
        assessment.notes = (*assessment.notes, f"told in the same message: {labels}")
    parked = assessment.message
    if not assessment.keep or parked is None or assessment.skip is Reason.TEMPLATE_ERROR:
        return
    try:
        fresh = settings.composer.compose(assessment.reminder, parked.send_at, assessment.includes)
    except ReminderKitError as error:
        assessment.skip, assessment.error = Reason.TEMPLATE_ERROR, str(error)
        return
    if fresh.text == parked.draft.text:
        return
    assessment.causes = (*assessment.causes, "text")
    assessment.reworded = said_as_before(parked, assessment.reminder, assessment.includes, settings)
    if _is_fixed(assessment, settings, now):
        assessment.skip = Reason.TOO_LATE
        return
    window = settings.of(assessment.reminder).window
    assessment.placement = place(assessment.reminder, now=now, window=window, quiet=settings.quiet, replaces=True)
    assessment.keep, assessment.replaces = False, True


def mark_included(assessment: Assessment, leader: Assessment) -> None:
    """Fill in that a reminder is included in its leader's message, and so has none of its own (`superseded`)."""
    appointment = leader.reminder.appointment
    assessment.included_in, assessment.skip, assessment.keep, assessment.placement = (
        appointment.label,
        Reason.SUPERSEDED,
        False,
        None,
    )
    assessment.notes = (
        *assessment.notes,
        f"told in the message for {appointment.label}, which starts {iso(appointment.start_at)}",
    )


def combined_for_preview(
    sent: Sequence[tuple[Reminder, datetime]],
) -> list[tuple[Reminder, datetime, tuple[Reminder, ...]]]:
    """Return reminders to be sent, each with its send time (UTC) and the reminders that its message includes.

    `sent` are all of them with their send times; those included in another one's message are left out. As if nothing
    were parked, and whatever the length: for looking at texts.
    """
    groups: dict[Group, list[Assessment]] = {}
    for reminder, _ in sent:
        if (group := group_of(reminder)) is not None:
            groups.setdefault(group, []).append(Assessment(reminder))
    includes: dict[str, list[Reminder] | None] = {}  # None: included in another one's message
    for assessments in groups.values():
        leader, *members = sorted(assessments, key=_order)
        includes |= {member.reminder.key: None for member in members}
        includes[leader.reminder.key] = [member.reminder for member in members]
    lines = ((reminder, send_at, includes.get(reminder.key, [])) for reminder, send_at in sent)
    return [(reminder, send_at, tuple(included)) for reminder, send_at, included in lines if included is not None]
