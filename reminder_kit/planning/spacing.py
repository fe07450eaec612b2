"""Spacing: what is written to one phone keeps apart, and some things are not said so soon after others.

Pure: takes `now`. Moves or silences only what is not parked yet. Keeping apart is a courtesy and never costs a
reminder: where nothing else is feasible, it goes out at its own time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from attrs import evolve

from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import Traffic
from reminder_kit.planning.assessment import Assessment
from reminder_kit.planning.changes import Change, ChangeKind
from reminder_kit.planning.observed import Observed
from reminder_kit.planning.settings import Settings
from reminder_kit.rules.placement import FeasibleRange, Placement, feasible_range, hold
from reminder_kit.rules.placement import PlacementDecision as Placed

__all__ = ["apply_min_gap", "apply_min_silence", "note_planned", "with_planned"]

_NONE = timedelta(0)
_LAST_LOOK = timedelta(minutes=15)


def apply_min_silence(
    assessments: Sequence[Assessment],
    observed: Observed,
    settings: Settings,
    now: datetime,
    besides: Callable[[Assessment], Collection[str]],
) -> None:
    """Skip new messages that would come too soon after something else to their number.

    `besides` names the reminders whose messages don't count: those that go with it. They are
    looked at once more before their time, since that something may have been withdrawn.
    """
    if not any(assessment.reminder.rule.min_silence for assessment in assessments):
        return
    going = _going(assessments)
    placed: dict[str, list[datetime]] = {}
    for assessment, placement, number in _new(assessments):
        written = _send_times(number, observed, {assessment.reminder.key, *going, *besides(assessment)})
        others = [*written, *placed.get(number, ())]
        length = assessment.reminder.rule.min_silence
        if placement.send_at is not None and _is_too_soon(placement.send_at, others, length):
            step = ("something else goes to that number within {} before", length)
            again = placement.send_at - settings.of(assessment.reminder).window.min_lead - _LAST_LOOK
            again_at = again if now < again else None
            assessment.placement = Placement(Placed.SKIP, Reason.CONDITION, None, again_at, (*placement.steps, step))
        elif placement.send_at is not None:
            placed.setdefault(number, []).append(placement.send_at)


def apply_min_gap(assessments: Sequence[Assessment], observed: Observed, settings: Settings, now: datetime) -> None:
    """Move new messages apart from whatever else goes to their number."""
    if not settings.spacing_reach:
        return
    going = _going(assessments)
    placed: dict[str, list[datetime]] = {}
    for assessment, placement, number in _new(assessments):
        others = placed.setdefault(number, [])
        if assessment.message is None or assessment.message.send_at != placement.send_at:
            besides = {assessment.reminder.key, *going, *(reminder.key for reminder in assessment.includes)}
            written = [*_send_times(number, observed, besides), *others]
            assessment.placement, gap = _moved_apart(assessment, placement, written, settings, now)
            assessment.clearance = (max(gap, _silence_of(assessment, written)), gap)
        if assessment.placement is not None and assessment.placement.send_at is not None:
            others.append(assessment.placement.send_at)


def _new(assessments: Sequence[Assessment]) -> list[tuple[Assessment, Placement, str]]:
    """Return what is to be sent anew, soonest first, with its number."""
    found = [
        (
            assessment.placement.send_at,
            assessment.reminder.key,
            assessment,
            assessment.placement,
            assessment.reminder.recipient.phone,
        )
        for assessment in assessments
        if assessment.placement is not None
        and assessment.placement.send_at is not None
        and assessment.reminder.recipient is not None
    ]
    return [
        (assessment, placement, number)
        for *_, assessment, placement, number in sorted(found, key=lambda found_at: found_at[:2])
    ]


def _going(assessments: Sequence[Assessment]) -> set[str]:
    """Return the reminders whose parked message is withdrawn: it takes up no time any more."""
    return {
        assessment.reminder.key for assessment in assessments if assessment.message is not None and not assessment.keep
    }


def _send_times(number: str, observed: Observed, besides: Collection[str]) -> list[datetime]:
    return [traffic.send_at for traffic in observed.traffic.get(number, ()) if traffic.key not in besides]


def _is_too_soon(at: datetime, others: Iterable[datetime], length: timedelta) -> bool:
    return bool(length) and any(at - length <= other <= at for other in others)


def _silence_of(assessment: Assessment, others: Iterable[datetime]) -> timedelta:
    """Return how long before a message nothing else may go out: none where that can't be kept any more."""
    at, length = assessment.placement.send_at if assessment.placement else None, assessment.reminder.rule.min_silence
    return _NONE if at is None or _is_too_soon(at, others, length) else length


def _moved_apart(
    assessment: Assessment, placement: Placement, others: Sequence[datetime], settings: Settings, now: datetime
) -> tuple[Placement, timedelta]:
    """Return the placement nearest to the one at hand that keeps the gap, and the gap that it keeps."""
    reminder, gap, at = assessment.reminder, settings.min_gap, placement.send_at
    window = settings.of(reminder).window
    if not gap or at is None or _is_clear(at, others, gap):
        return placement, gap
    room = feasible_range(reminder, now=now, window=window, quiet=settings.quiet)
    step = (
        "less than {} from another message to that number, at {}",
        gap,
        min(others, key=lambda moment: abs(moment - at)),
    )
    fits = [edge for edge in _edges(others, gap, room) if _is_clear(edge, others, gap)]
    first = -1 if reminder.rule.shift == "earlier" else 1
    chosen = sorted(
        (moment for moment in fits if moment <= room.latest),
        key=lambda moment: (abs(moment - at), first * (at - moment)),
    )
    if chosen:
        moved = ("moved to {}", chosen[0])
        return evolve(placement, send_at=chosen[0], steps=(*placement.steps, step, moved)), gap
    waits = sorted(moment for moment in fits if moment > room.latest) if window.holds_and_sends else []
    if waits and (
        assessment.message is not None or reminder.rule.if_late.still_useful(waits[0] - (reminder.due_at or at))
    ):
        return hold(waits[0], window, (*placement.steps, step)), gap
    return evolve(placement, steps=(*placement.steps, step, ("nothing else is feasible",))), _NONE


def _is_clear(moment: datetime, others: Iterable[datetime], gap: timedelta) -> bool:
    return all(abs(moment - other) >= gap for other in others)


def _edges(others: Iterable[datetime], gap: timedelta, room: FeasibleRange) -> set[datetime]:
    """Return the feasible instants next to what others take up."""
    found = set()
    for other in others:
        found |= {room.up_to(other - gap), room.from_then_on(max(other + gap, room.earliest))}
    return {moment for moment in found if moment is not None and moment >= room.earliest and room.in_time(moment)}


_PARKING = (ChangeKind.SCHEDULE, ChangeKind.REPLACE)


def with_planned(observed: Observed, planned: Mapping[str, Sequence[Traffic]]) -> Observed:
    """Return the case with what is about to be written to its numbers before."""
    if not planned or observed.appointment is None:
        return observed
    numbers = {recipient.phone for recipient in observed.appointment.recipients} & planned.keys()
    more = {number: [*observed.traffic.get(number, ()), *planned[number]] for number in numbers}
    return evolve(observed, traffic={**observed.traffic, **more}) if more else observed


def note_planned(planned: dict[str, list[Traffic]], changes: Iterable[Change]) -> None:
    """Note what changes are about to write, by number."""
    for change in changes:
        if change.kind in _PARKING and change.to and change.send_at is not None:
            planned.setdefault(change.to, []).append(Traffic(change.key, change.send_at))
