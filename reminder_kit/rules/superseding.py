"""Superseding: of the reminders of one appointment that would arrive together, the one that stays.

Pure: no clock, no I/O. Never skips a reminder whose message is parked or went out, nor one that is at its own time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

from reminder_kit.model.reasons import Reason
from reminder_kit.rules.placement import Placement, PlacementDecision
from reminder_kit.rules.reminders import Reminder

__all__ = ["COLLAPSE_WITHIN", "is_moved", "supersede"]

COLLAPSE_WITHIN = timedelta(minutes=15)
"""A reminder that was moved this near, or nearer, to another of its appointment and phone says nothing new."""


def is_moved(placement: Placement) -> bool:
    """Say whether a reminder goes out at another time than its own: it is late, or quiet hours moved it."""
    return placement.reason in (Reason.CLAMPED_LATE, Reason.SHIFTED_QUIET_HOURS)


def supersede(
    pairs: Sequence[tuple[Reminder, Placement]], parked: Mapping[str, datetime] = MappingProxyType({})
) -> list[tuple[Reminder, Placement]]:
    """Return the placements of one appointment, with moved ones skipped that would arrive together with another.

    A late reminder (`clamped_late`), or one that quiet hours moved (`shifted_quiet_hours`), is skipped as `superseded`
    where, for the same phone, another one goes out less than `COLLAPSE_WITHIN` from it, or one of a rule nearer to the
    start goes out before it; the rule nearest to the start wins. A late one is skipped too where its
    `if_late` is "next rule" and a reminder of a nearer rule is still to come.

    `parked` holds, by reminder key, the send times (UTC) of messages that stay or went out:
    these always win. Follow-ups, words about a booking or a change, and other reminders don't supersede each
    other, since they say different things.
    """
    if not any(is_moved(placement) for _, placement in pairs):
        return list(pairs)
    kept: dict[tuple[str, str], list[tuple[datetime, timedelta]]] = {}
    moved: list[tuple[timedelta, str, str, int, datetime]] = []
    for index, (reminder, placement) in enumerate(pairs):
        moment = parked.get(reminder.key, placement.send_at)
        if moment is None:
            continue
        if is_moved(placement) and reminder.key not in parked:
            moved.append((_distance(reminder), reminder.rule.id, reminder.key, index, moment))
        else:
            kept.setdefault(_audience(reminder), []).append((moment, _distance(reminder)))
    result = list(pairs)
    for distance, *_, index, moment in sorted(moved):
        reminder, placement = pairs[index]
        others = kept.setdefault(_audience(reminder), [])
        near = next((other for other, nearness in others if _collapses(moment, other, distance, nearness)), None)
        if near is not None:
            step: tuple[object, ...] = ("another reminder of this appointment goes out at {}", near)
        elif (
            placement.reason is Reason.CLAMPED_LATE
            and reminder.rule.if_late.gives_way
            and (follower := _follower(reminder, result))
        ):
            step = ("if_late is {}: rule {} still comes", reminder.rule.if_late, follower.rule.id)
        else:
            others.append((moment, distance))
            continue
        result[index] = (reminder, Placement(PlacementDecision.SKIP, Reason.SUPERSEDED, steps=(*placement.steps, step)))
    return result


def _collapses(moment: datetime, other: datetime, distance: timedelta, nearness: timedelta) -> bool:
    """Say whether a moved reminder says nothing new: close to another, or after one of a rule nearer to the start."""
    return abs(other - moment) < COLLAPSE_WITHIN or (other < moment and nearness < distance)


def _follower(late: Reminder, pairs: Sequence[tuple[Reminder, Placement]]) -> Reminder | None:
    """Return the reminder of a rule nearer to the start that is still to come for the same phone; None: none is."""
    for reminder, placement in pairs:
        comes = placement.decision is not PlacementDecision.SKIP
        if comes and _audience(reminder) == _audience(late) and _distance(reminder) < _distance(late):
            return reminder
    return None


def _audience(reminder: Reminder) -> tuple[str, str]:
    """Return what reminders have in common that say the same: a number, and which occasion they speak of."""
    occasion = "after" if reminder.rule.is_follow_up else "before" if reminder.rule.goes_back else reminder.rule.anchor
    return (reminder.to, occasion)


def _distance(reminder: Reminder) -> timedelta:
    """Return how far from the start, before or after it, the reminder is due."""
    return abs(reminder.appointment.start_at - (reminder.due_at or reminder.anchor_at))
