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


def combine(looks: Sequence[Assessment], case: Observed, settings: Settings, now: datetime) -> None:
    """Fill in who is told in whose message, what that makes of parked words, and what is better left unsaid."""
    circles: dict[Group, list[Assessment]] = {}
    for each, circle in (*_placed(looks, case), *_neighbours(looks, case, settings, now)):
        if circle is not None:
            circles.setdefault(circle, []).append(each)
    mine = {id(each) for each in looks}
    pools = [pool for pool in circles.values() if any(id(each) in mine for each in pool)]
    if settings.spacing_reach:
        company = {id(each): pool for pool in pools for each in pool if id(each) in mine}
        apply_min_silence(looks, case, settings, now, lambda look: _keys(company.get(id(look), ()), settings, now))
    for pool in pools:
        for leader, members in list(assign_leaders(pool, settings, now)):
            if id(leader) in mine:
                combined_text(leader, members, settings, now)
            for member in members:
                if id(member) in mine:
                    mark_included(member, leader)


def _placed(looks: Iterable[Assessment], case: Observed) -> list[_Placed]:
    """Return looks, each with the circle it belongs to: none where it is told apart anyway."""
    return [(each, None if _was_refused(each, case) else group_of(each.reminder)) for each in looks]


def _keys(pool: Iterable[Assessment], settings: Settings, now: datetime) -> set[str]:
    """Return the reminders that are told, if at all, together with each other."""
    return {each.reminder.key for each in pool if not _is_fixed(each, settings, now)}


def _neighbours(looks: Sequence[Assessment], case: Observed, settings: Settings, now: datetime) -> Iterable[_Placed]:
    """Yield the looks at other appointments' reminders; what can't be judged, or was silenced, is nobody's company."""
    if not any(look.reminder.rule.together for look in looks):
        return
    for other in case.neighbours:
        with suppress(Exception):  # its own decision reports that
            if now not in other.assessments:
                theirs = assess(other, settings, now)
                other.assessments[now] = _placed([each for each in theirs if not _is_silent(each, other)], other)
        yield from other.assessments.get(now, ())


def _is_silent(look: Assessment, case: Observed) -> bool:
    """Say whether it was recorded as silenced; whether it still is, only its own decision knows."""
    outcome = case.outcomes.get(look.reminder.key)
    silenced = outcome is not None and outcome.status is ReminderStatus.SKIPPED and outcome.reason == Reason.CONDITION
    return silenced and bool(look.reminder.rule.min_silence) and look.message is None


def _was_refused(look: Assessment, case: Observed) -> bool:
    """Say whether the provider ever refused a message of it for good: it is told apart, so that none waits for it."""
    recipient = look.reminder.recipient
    return recipient is not None and any(
        each.state is State.REJECTED and each.error != NEVER_SENT and each.draft.to == recipient.phone
        for each in case.messages.get(look.reminder.key, ())
    )


def _has_to_be_told(look: Assessment) -> bool:
    return look.keep or (look.placement is not None and look.placement.decision is not Placed.SKIP)


def assign_leaders(
    pool: Sequence[Assessment], settings: Settings, now: datetime
) -> Iterable[tuple[Assessment, list[Assessment]]]:
    """Yield who tells, with those told along: first what can't be changed any more, then the first of the others."""
    candidates = [each for each in pool if _has_to_be_told(each)]
    fixed = sorted((each for each in candidates if _is_fixed(each, settings, now)), key=_order)
    left = [each for each in candidates if not any(each is one for one in fixed)] if fixed else candidates
    gone = [each for each in pool if each.skip is Reason.ALREADY_SENT and each.message is None]
    for look in fixed:
        members = [each for each in (*left, *gone) if _includes(look.message, each.reminder, settings)]
        left = [each for each in left if not any(each is one for one in members)]
        yield look, sorted(members, key=_order)
    if not left:
        return
    first = min(left, key=_order)
    others = sorted((each for each in left if each is not first), key=_order) if len(left) <= _MOST else left
    if len(left) <= _MOST and _fits(first, others, settings):
        yield first, others
    else:
        yield from ((each, []) for each in left)


def _fits(leader: Assessment, members: Sequence[Assessment], settings: Settings) -> bool:
    """Say whether there is a text for all of them that the provider takes; where not, each is told by itself."""
    if not members:
        return True
    parked, placed = leader.message if leader.keep else None, leader.placement
    send_at = parked.send_at if parked else placed.send_at if placed else None
    moment = send_at or leader.reminder.due_at or leader.reminder.anchor_at
    try:
        text = settings.composer.compose(leader.reminder, moment, [each.reminder for each in members]).text
    except ReminderKitError:
        return False
    return leader.reminder.rule.channel != "sms" or sms_parts(text).parts <= settings.max_parts


def _order(look: Assessment) -> tuple[timedelta, str]:
    start_at = look.reminder.appointment.start_at
    since = start_at - datetime(1970, 1, 1, tzinfo=start_at.tzinfo)
    return (-since if look.reminder.rule.is_follow_up else since), look.reminder.key


def _is_fixed(look: Assessment, settings: Settings, now: datetime) -> bool:
    """Say whether a message goes out as it stands: too near to its time, or a new one would come late."""
    parked = look.message
    if parked is None or parked.state is State.CANCELLING or not look.keep:
        return False
    if look.skip is not None or not cancellable(parked, settings.of(parked).window, now):
        return True
    window = settings.of(look.reminder).window
    placement = place(look.reminder, now=now, window=window, quiet=settings.quiet, replaces=True)
    return stays(parked, placement, ("text",))


def _includes(message: Message | None, reminder: Reminder, settings: Settings) -> bool:
    """Say whether a message tells of a reminder as it is now (or nearly)."""
    start_at = reminder.appointment.start_at
    told = message.includes if message else ()
    return any(each.key == reminder.key and abs(each.start_at - start_at) <= settings.rearm_after for each in told)


def combined_text(look: Assessment, members: Sequence[Assessment], settings: Settings, now: datetime) -> None:
    look.includes = tuple(each.reminder for each in members)
    if look.includes:
        labels = ", ".join(each.appointment.label for each in look.includes)
        look.notes = (*look.notes, f"told in the same message: {labels}")
    parked = look.message
    if not look.keep or parked is None or look.skip is Reason.TEMPLATE_ERROR:
        return
    try:
        fresh = settings.composer.compose(look.reminder, parked.send_at, look.includes)
    except ReminderKitError as error:
        look.skip, look.error = Reason.TEMPLATE_ERROR, str(error)
        return
    if fresh.text == parked.draft.text:
        return
    look.causes = (*look.causes, "text")
    if _is_fixed(look, settings, now):
        look.skip = Reason.TOO_LATE
        return
    window = settings.of(look.reminder).window
    look.placement = place(look.reminder, now=now, window=window, quiet=settings.quiet, replaces=True)
    look.keep, look.replaces = False, True


def mark_included(look: Assessment, leader: Assessment) -> None:
    appointment = leader.reminder.appointment
    look.included_in, look.skip, look.keep, look.placement = appointment.label, Reason.SUPERSEDED, False, None
    look.notes = (*look.notes, f"told in the message for {appointment.label}, which starts {iso(appointment.start_at)}")


def combined_for_preview(
    sent: Sequence[tuple[Reminder, datetime]],
) -> list[tuple[Reminder, datetime, tuple[Reminder, ...]]]:
    """Return reminders that go out, each with those told along, as if nothing were parked: for looking at texts."""
    circles: dict[Group, list[Assessment]] = {}
    for reminder, _ in sent:
        if (circle := group_of(reminder)) is not None:
            circles.setdefault(circle, []).append(Assessment(reminder))
    told: dict[str, list[Reminder] | None] = {}
    for looks in circles.values():
        first, *rest = sorted(looks, key=_order)
        told |= {each.reminder.key: None for each in rest} | {first.reminder.key: [one.reminder for one in rest]}
    found = ((reminder, send_at, told.get(reminder.key, [])) for reminder, send_at in sent)
    return [(reminder, send_at, tuple(others)) for reminder, send_at, others in found if others is not None]
