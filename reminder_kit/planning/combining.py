"""Together: appointments of one phone on one day, told in one message, and told apart again when they part.

Pure: takes `now`. Whoever decides for one of them comes to the same result from the same data, so nothing may be
asked here that one of them knows and another doesn't: the first of those that still have to be told (of follow-ups, the
last) tells the others along, if there is a text for all. What can't be changed any more tells
whom it tells, and the rest go on without it, so that nobody waits for a message that will never speak of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import NamedTuple

from reminder_kit.errors import ReminderKitError
from reminder_kit.model.instants import iso, zone
from reminder_kit.model.lifecycle import State
from reminder_kit.model.messages import Message
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import ReminderStatus
from reminder_kit.planning.assessment import Assessment, assess, stays
from reminder_kit.planning.message_times import NEVER_SENT, cancellable
from reminder_kit.planning.observed import Observed
from reminder_kit.planning.settings import Settings
from reminder_kit.planning.spacing import apply_min_silence
from reminder_kit.rules.placement import PlacementDecision as Placed
from reminder_kit.rules.placement import place
from reminder_kit.rules.reminders import Reminder
from reminder_kit.text.sms import sms_parts

__all__ = ["SAME_DAY", "combine", "combined_for_preview", "group_of"]

SAME_DAY = timedelta(hours=51)
"""Starts on one date are never farther apart: a day, 26 hours between the zones it is read in, a change of clocks."""

_MOST = 50
"""No message has room for more: where so many share a phone and day, each is told by itself."""


class Group(NamedTuple):
    """What is told together: one rule (of alarms: one instant as well), one phone, one day of the reader's."""

    rule: str
    phone: str
    day: date
    on: datetime | None


_Placed = tuple[Assessment, Group | None]


def group_of(reminder: Reminder) -> Group | None:
    """Return which circle a reminder belongs to, None where its rule tells every appointment by itself."""
    appointment, recipient = reminder.appointment, reminder.recipient
    if not reminder.rule.together or recipient is None:
        return None
    moment = appointment.starts_at if appointment.all_day else appointment.start_at.astimezone(zone(reminder.zone))
    return Group(reminder.rule.id, recipient.phone, moment.date(), reminder.rule.on)


def combine(assessments: Sequence[Assessment], observed: Observed, settings: Settings, now: datetime) -> None:
    """Fill in who is told in whose message, what that makes of parked words, and what is better left unsaid."""
    groups: dict[Group, list[Assessment]] = {}
    for assessment, group in (*_placed(assessments, observed), *_neighbours(assessments, observed, settings, now)):
        if group is not None:
            groups.setdefault(group, []).append(assessment)
    mine = {id(assessment) for assessment in assessments}
    pools = [pool for pool in groups.values() if any(id(assessment) in mine for assessment in pool)]
    if settings.spacing_reach:
        company = {id(assessment): pool for pool in pools for assessment in pool if id(assessment) in mine}
        apply_min_silence(
            assessments,
            observed,
            settings,
            now,
            lambda assessment: _keys(company.get(id(assessment), ()), settings, now),
        )
    for pool in pools:
        for leader, members in list(assign_leaders(pool, settings, now)):
            if id(leader) in mine:
                combined_text(leader, members, settings, now)
            for member in members:
                if id(member) in mine:
                    mark_included(member, leader)


def _placed(assessments: Iterable[Assessment], observed: Observed) -> list[_Placed]:
    """Return looks, each with the circle it belongs to: none where it is told apart anyway."""
    return [
        (assessment, None if _was_refused(assessment, observed) else group_of(assessment.reminder))
        for assessment in assessments
    ]


def _keys(pool: Iterable[Assessment], settings: Settings, now: datetime) -> set[str]:
    """Return the reminders that are told, if at all, together with each other."""
    return {assessment.reminder.key for assessment in pool if not _is_fixed(assessment, settings, now)}


def _neighbours(
    assessments: Sequence[Assessment], observed: Observed, settings: Settings, now: datetime
) -> Iterable[_Placed]:
    """Yield the looks at other appointments' reminders; what can't be judged, or was silenced, is nobody's company."""
    if not any(assessment.reminder.rule.together for assessment in assessments):
        return
    for other in observed.neighbours:
        with suppress(Exception):  # its own decision reports that
            if now not in other.assessments:
                theirs = assess(other, settings, now)
                other.assessments[now] = _placed(
                    [assessment for assessment in theirs if not _is_silent(assessment, other)], other
                )
        yield from other.assessments.get(now, ())


def _is_silent(assessment: Assessment, observed: Observed) -> bool:
    """Say whether it was recorded as silenced; whether it still is, only its own decision knows."""
    outcome = observed.outcomes.get(assessment.reminder.key)
    silenced = outcome is not None and outcome.status is ReminderStatus.SKIPPED and outcome.reason == Reason.CONDITION
    return silenced and bool(assessment.reminder.rule.min_silence) and assessment.message is None


def _was_refused(assessment: Assessment, observed: Observed) -> bool:
    """Say whether the provider ever refused a message of it for good: it is told apart, so that none waits for it."""
    recipient = assessment.reminder.recipient
    return recipient is not None and any(
        message.state is State.REJECTED and message.error != NEVER_SENT and message.draft.to == recipient.phone
        for message in observed.messages.get(assessment.reminder.key, ())
    )


def _has_to_be_told(assessment: Assessment) -> bool:
    return assessment.keep or (assessment.placement is not None and assessment.placement.decision is not Placed.SKIP)


def assign_leaders(
    pool: Sequence[Assessment], settings: Settings, now: datetime
) -> Iterable[tuple[Assessment, list[Assessment]]]:
    """Yield who tells, with those told along: first what can't be changed any more, then the first of the others."""
    candidates = [assessment for assessment in pool if _has_to_be_told(assessment)]
    fixed = sorted((candidate for candidate in candidates if _is_fixed(candidate, settings, now)), key=_order)
    left = (
        [candidate for candidate in candidates if not any(candidate is one for one in fixed)] if fixed else candidates
    )
    gone = [assessment for assessment in pool if assessment.skip is Reason.ALREADY_SENT and assessment.message is None]
    for assessment in fixed:
        members = [
            candidate for candidate in (*left, *gone) if _includes(assessment.message, candidate.reminder, settings)
        ]
        left = [assessment for assessment in left if not any(assessment is one for one in members)]
        yield assessment, sorted(members, key=_order)
    if not left:
        return
    first = min(left, key=_order)
    others = (
        sorted((assessment for assessment in left if assessment is not first), key=_order)
        if len(left) <= _MOST
        else left
    )
    if len(left) <= _MOST and _fits(first, others, settings):
        yield first, others
    else:
        yield from ((assessment, []) for assessment in left)


def _fits(leader: Assessment, members: Sequence[Assessment], settings: Settings) -> bool:
    """Say whether there is a text for all of them that the provider takes; where not, each is told by itself."""
    if not members:
        return True
    parked, placed = leader.message if leader.keep else None, leader.placement
    send_at = parked.send_at if parked else placed.send_at if placed else None
    moment = send_at or leader.reminder.due_at or leader.reminder.anchor_at
    try:
        text = settings.composer.compose(leader.reminder, moment, [member.reminder for member in members]).text
    except ReminderKitError:
        return False
    return leader.reminder.rule.channel != "sms" or sms_parts(text).parts <= settings.max_parts


def _order(assessment: Assessment) -> tuple[timedelta, str]:
    start_at = assessment.reminder.appointment.start_at
    since = start_at - datetime(1970, 1, 1, tzinfo=start_at.tzinfo)
    return (-since if assessment.reminder.rule.is_follow_up else since), assessment.reminder.key


def _is_fixed(assessment: Assessment, settings: Settings, now: datetime) -> bool:
    """Say whether a message goes out as it stands: too near to its time, or a new one would come late."""
    parked = assessment.message
    if parked is None or parked.state is State.CANCELLING or not assessment.keep:
        return False
    if assessment.skip is not None or not cancellable(parked, settings.of(parked).window, now):
        return True
    window = settings.of(assessment.reminder).window
    placement = place(assessment.reminder, now=now, window=window, quiet=settings.quiet, replaces=True)
    return stays(parked, placement, ("text",))


def _includes(message: Message | None, reminder: Reminder, settings: Settings) -> bool:
    """Say whether a message tells of a reminder as it is now (or nearly)."""
    start_at = reminder.appointment.start_at
    told = message.includes if message else ()
    return any(
        included.key == reminder.key and abs(included.start_at - start_at) <= settings.rearm_after for included in told
    )


def combined_text(assessment: Assessment, members: Sequence[Assessment], settings: Settings, now: datetime) -> None:
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
    if _is_fixed(assessment, settings, now):
        assessment.skip = Reason.TOO_LATE
        return
    window = settings.of(assessment.reminder).window
    assessment.placement = place(assessment.reminder, now=now, window=window, quiet=settings.quiet, replaces=True)
    assessment.keep, assessment.replaces = False, True


def mark_included(assessment: Assessment, leader: Assessment) -> None:
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
    """Return reminders that go out, each with those told along, as if nothing were parked: for looking at texts."""
    groups: dict[Group, list[Assessment]] = {}
    for reminder, _ in sent:
        if (group := group_of(reminder)) is not None:
            groups.setdefault(group, []).append(Assessment(reminder))
    told: dict[str, list[Reminder] | None] = {}
    for assessments in groups.values():
        first, *rest = sorted(assessments, key=_order)
        told |= {assessment.reminder.key: None for assessment in rest} | {
            first.reminder.key: [one.reminder for one in rest]
        }
    found = ((reminder, send_at, told.get(reminder.key, [])) for reminder, send_at in sent)
    return [(reminder, send_at, tuple(others)) for reminder, send_at, others in found if others is not None]
