"""Together: appointments of one phone on one day, told in one message, and told apart again when they part.

Pure: takes `now`. Whoever decides for one of them comes to the same result from the same data: the first of those
that still have to be told (of follow-ups, the last) tells the others along. What can't be changed any more tells
whom it tells, and the rest go on without it, so that nobody waits for a message that will never speak of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import NamedTuple

from reminder_kit.case import Case, Settings, cancellable
from reminder_kit.errors import ReminderKitError
from reminder_kit.instants import iso, zone
from reminder_kit.lifecycle import State
from reminder_kit.looks import Look, first_looks, stays
from reminder_kit.model import Message, Reason
from reminder_kit.placement import Decision as Placed
from reminder_kit.placement import place
from reminder_kit.records import Stand
from reminder_kit.rules import Reminder
from reminder_kit.spacing import silence

__all__ = ["FAILED", "SAME_DAY", "circle_of", "join", "joined"]

SAME_DAY = timedelta(hours=26)
"""Starts of one local day are never farther apart, whatever the clocks do on it."""

FAILED = frozenset(
    {Reason.QUARANTINED, Reason.TEMPLATE_ERROR, Reason.INVALID_NUMBER, Reason.OPTED_OUT, Reason.NOT_CONFIRMED}
)
"""Why nothing came of a reminder, so that its company goes on without it until something does."""


class _Circle(NamedTuple):
    """What is told together: one rule, one phone, one day of the reader's."""

    rule: str
    phone: str
    day: date


def circle_of(reminder: Reminder) -> _Circle | None:
    """Return which circle a reminder belongs to, None where its rule tells every appointment by itself."""
    appointment, recipient = reminder.appointment, reminder.recipient
    if not reminder.rule.together or recipient is None:
        return None
    moment = appointment.starts_at if appointment.all_day else appointment.start_at.astimezone(zone(reminder.zone))
    return _Circle(reminder.rule.id, recipient.phone, moment.date())


def join(looks: Sequence[Look], case: Case, settings: Settings, now: datetime) -> None:
    """Fill in who is told in whose message, what that makes of parked words, and what is better left unsaid."""
    circles: dict[_Circle | None, list[Look]] = {}
    groups = [(looks, case), *_others(looks, case, settings, now)]
    for each in (look for group, _ in groups for look in group):
        circles.setdefault(circle_of(each.reminder), []).append(each)
    circles.pop(None, None)
    company = {
        look.reminder.key: frozenset(each.reminder.key for each in pool if not _is_fixed(each, settings, now))
        for pool in circles.values()
        for look in pool
    }
    for group, owner in groups:
        silence(group, owner, settings, now, lambda look: company.get(look.reminder.key, frozenset()))
    for pool in circles.values():
        for leader, members in list(_led([each for each in pool if _has_to_be_told(each)], settings, now)):
            if any(leader is look for look in looks):
                _lead(leader, members, settings, now)
            for member in members:
                if any(member is look for look in looks):
                    _follow(member, leader)


def _others(looks: Sequence[Look], case: Case, settings: Settings, now: datetime) -> list[tuple[Sequence[Look], Case]]:
    """Return the looks at other appointments' reminders; what can't be judged is nobody's company."""
    found: list[tuple[Sequence[Look], Case]] = []
    if not any(look.reminder.rule.together for look in looks):
        return found
    for other in case.others:
        with suppress(Exception):  # its own decision reports that
            theirs = first_looks(other, settings, now)
            found.append(([each for each in theirs if not _failed(each, other)], other))
    return found


def _failed(look: Look, case: Case) -> bool:
    """Say whether nothing came of this reminder the last time, so that none should wait for it."""
    outcome = case.outcomes.get(look.reminder.key)
    return outcome is not None and outcome.stand is Stand.SKIPPED and outcome.reason in FAILED and look.message is None


def _has_to_be_told(look: Look) -> bool:
    return look.keep or (look.placement is not None and look.placement.decision is not Placed.SKIP)


def _led(candidates: Sequence[Look], settings: Settings, now: datetime) -> Iterable[tuple[Look, list[Look]]]:
    """Yield who tells, with those told along: first what can't be changed any more, then the first of the others."""
    left = sorted(candidates, key=_order)
    for look in [each for each in left if _is_fixed(each, settings, now)]:
        members = [each for each in left if each is not look and _tells(look.message, each.reminder, settings)]
        members = [each for each in members if not _is_fixed(each, settings, now)]
        left = [each for each in left if each is not look and all(each is not one for one in members)]
        yield look, members
    if left and _can_be_said(left[0], left[1:], settings):
        yield left[0], left[1:]
    else:
        yield from ((each, []) for each in left)


def _can_be_said(leader: Look, members: Sequence[Look], settings: Settings) -> bool:
    """Say whether the text for all can be written: if not (a name is missing, too many parts), each has its own."""
    at = leader.placement.send_at if leader.placement else leader.message.send_at if leader.message else None
    if not members or at is None:
        return True
    try:
        settings.composer.compose(leader.reminder, at, [each.reminder for each in members])
    except ReminderKitError:
        return False
    return True


def _order(look: Look) -> tuple[timedelta, str]:
    start_at = look.reminder.appointment.start_at
    since = start_at - datetime(1970, 1, 1, tzinfo=start_at.tzinfo)
    return (-since if look.reminder.rule.is_follow_up else since), look.reminder.key


def _is_fixed(look: Look, settings: Settings, now: datetime) -> bool:
    """Say whether a message goes out as it stands: too near to its time, or a new one would come late."""
    parked = look.message
    if parked is None or parked.state is State.CANCELLING or not look.keep:
        return False
    if look.skip is not None or not cancellable(parked, settings.of(parked).window, now):
        return True
    window = settings.of(look.reminder).window
    placement = place(look.reminder, now=now, window=window, quiet=settings.quiet, replaces=True)
    return stays(parked, placement, ("text",))


def _tells(message: Message | None, reminder: Reminder, settings: Settings) -> bool:
    """Say whether a message tells of a reminder as it is now (or nearly)."""
    start_at = reminder.appointment.start_at
    told = message.told if message else ()
    return any(each.key == reminder.key and abs(each.start_at - start_at) <= settings.rearm_after for each in told)


def _lead(look: Look, members: Sequence[Look], settings: Settings, now: datetime) -> None:
    look.told = tuple(each.reminder for each in members)
    if look.told:
        labels = ", ".join(each.appointment.label for each in look.told)
        look.notes = (*look.notes, f"told in the same message: {labels}")
    parked = look.message
    if not look.keep or parked is None or look.skip is Reason.TEMPLATE_ERROR:
        return
    try:
        fresh = settings.composer.compose(look.reminder, parked.send_at, look.told)
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


def _follow(look: Look, leader: Look) -> None:
    appointment = leader.reminder.appointment
    look.joined, look.skip, look.keep, look.placement = appointment.label, Reason.SUPERSEDED, False, None
    look.notes = (*look.notes, f"told in the message for {appointment.label}, which starts {iso(appointment.start_at)}")


def joined(sent: Sequence[tuple[Reminder, datetime]]) -> list[tuple[Reminder, datetime, tuple[Reminder, ...]]]:
    """Return reminders that go out, each with those told along, as if nothing were parked: for looking at texts."""
    circles: dict[_Circle, list[Look]] = {}
    for reminder, _ in sent:
        if (circle := circle_of(reminder)) is not None:
            circles.setdefault(circle, []).append(Look(reminder))
    told: dict[str, list[Reminder] | None] = {}
    for looks in circles.values():
        first, *rest = sorted(looks, key=_order)
        told |= {each.reminder.key: None for each in rest} | {first.reminder.key: [one.reminder for one in rest]}
    found = ((reminder, send_at, told.get(reminder.key, [])) for reminder, send_at in sent)
    return [(reminder, send_at, tuple(others)) for reminder, send_at, others in found if others is not None]
