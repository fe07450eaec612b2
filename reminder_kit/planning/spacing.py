"""Spacing: messages to one number are kept apart in time, and some are not sent so soon after others.

Pure: `now` is an argument. Never touches a message that is parked: only new ones are moved or left unsaid.

- `min_gap` (a setting) moves a new message away from others. That is a courtesy and never costs a reminder: where
  nothing else is feasible, the message goes out at its own time.
- `min_silence` (of a rule) skips a reminder where anything else goes to its number so shortly before it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from attrs import evolve

from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import Traffic
from reminder_kit.planning.assessment import Assessment
from reminder_kit.planning.changes import Change, ChangeKind
from reminder_kit.planning.observed import Observed
from reminder_kit.planning.settings import Settings
from reminder_kit.rules.placement import FeasibleRange, Placement, PlacementDecision, feasible_range, hold

__all__ = ["EACH_RUN", "apply_min_gap", "apply_min_silence", "new_messages", "note_planned", "with_planned"]

_NONE = timedelta(0)
_PARKING = (ChangeKind.SCHEDULE, ChangeKind.REPLACE)
LAST_LOOK = timedelta(minutes=15)
"""How long before its parking time a silenced reminder is decided again: what silenced it may be gone by then."""

EACH_RUN = datetime(1970, 1, 1, tzinfo=UTC)
"""When what was left unsaid for another appointment's message is looked at again: by each run, since that message may
be taken back by any, and a process that dies can tell nobody of it."""


def apply_min_silence(
    assessments: Sequence[Assessment],
    observed: Observed,
    settings: Settings,
    now: datetime,
    besides: Callable[[Assessment], Collection[str]],
) -> None:
    """Skip new messages that would come within their rule's `min_silence` after something else to their number.

    `besides` returns the keys of reminders whose messages don't count for one: those that go out in the same message.
    What is skipped is decided again shortly before its time, since the other message may have been withdrawn.
    """
    if not any(assessment.reminder.rule.min_silence for assessment in assessments):
        return
    going = _going(assessments)
    placed: dict[str, list[datetime]] = {}
    for assessment, placement, number in new_messages(assessments):
        own = {assessment.reminder.key, *besides(assessment)}
        recorded = _send_times(number, observed, now, going, own)
        others = [*recorded, *placed.get(number, ())]
        length = assessment.reminder.rule.min_silence
        if placement.send_at is not None and _is_too_soon(placement.send_at, others, length):
            step = ("something else goes to that number within {} before", length)
            again = placement.send_at - settings.of(assessment.reminder).window.min_lead - LAST_LOOK
            again_at = again if now < again else None
            assessment.placement = Placement(
                PlacementDecision.SKIP, Reason.CONDITION, None, again_at, (*placement.steps, step)
            )
        elif placement.send_at is not None:
            placed.setdefault(number, []).append(placement.send_at)


def apply_min_gap(assessments: Sequence[Assessment], observed: Observed, settings: Settings, now: datetime) -> None:
    """Move new messages away from whatever else goes to their number, and fill in how far they are from it.

    The clearance is asked for once more when the message is parked: other workers park for the same number.
    """
    if not settings.spacing_reach:
        return
    going = _going(assessments)
    placed: dict[str, list[datetime]] = {}
    for assessment, placement, number in new_messages(assessments):
        others = placed.setdefault(number, [])
        if assessment.message is None or assessment.message.send_at != placement.send_at:
            own = {assessment.reminder.key, *(reminder.key for reminder in assessment.includes)}
            lost = {assessment.reminder.key} if "settle" in assessment.causes else ()  # this one stands in for it
            send_times = [*_send_times(number, observed, now, going | own, lost), *others]
            assessment.placement, gap = _moved_apart(assessment, placement, send_times, settings, now)
            audible = [*_send_times(number, observed, now, going, own), *others]
            assessment.clearance = (max(gap, _silence_of(assessment, audible)), gap)
        if assessment.placement is not None and assessment.placement.send_at is not None:
            others.append(assessment.placement.send_at)


def new_messages(assessments: Sequence[Assessment]) -> list[tuple[Assessment, Placement, str]]:
    """Return the assessments with a new message, soonest first, each with its placement and number."""
    new = [
        (
            assessment.placement.send_at,
            assessment.reminder.key,
            assessment,
            assessment.placement,
            assessment.reminder.to,
        )
        for assessment in assessments
        if assessment.placement is not None
        and assessment.placement.send_at is not None
        and assessment.reminder.recipient is not None
    ]
    return [
        (assessment, placement, number) for *_, assessment, placement, number in sorted(new, key=lambda row: row[:2])
    ]


def _going(assessments: Sequence[Assessment]) -> set[str]:
    """Return the keys of reminders whose parked message is taken back: it takes up no time any more."""
    return {
        assessment.reminder.key for assessment in assessments if assessment.message is not None and not assessment.keep
    }


def _send_times(
    number: str, observed: Observed, now: datetime, decided: Collection[str], never: Collection[str] = ()
) -> list[datetime]:
    """Return when (UTC) messages go, or went, to a number.

    Those of reminders with the keys `decided` only where they went out by now: the others are placed anew, or taken
    back. Those with the keys `never` don't count at all.
    """
    return [
        traffic.send_at
        for traffic in observed.traffic.get(number, ())
        if traffic.key not in never and (traffic.key not in decided or traffic.send_at <= now)
    ]


def _is_too_soon(at: datetime, others: Iterable[datetime], length: timedelta) -> bool:
    return bool(length) and any(at - length <= other <= at for other in others)


def _silence_of(assessment: Assessment, others: Iterable[datetime]) -> timedelta:
    """Return how long before a new message nothing else may go out; zero where that can't be kept any more."""
    at, length = assessment.placement.send_at if assessment.placement else None, assessment.reminder.rule.min_silence
    return _NONE if at is None or _is_too_soon(at, others, length) else length


def _moved_apart(
    assessment: Assessment, placement: Placement, others: Sequence[datetime], settings: Settings, now: datetime
) -> tuple[Placement, timedelta]:
    """Return the placement nearest to `placement` that keeps the gap to `others` (UTC), and the gap that it keeps.

    Where no feasible instant keeps it, the placement stays and the gap is zero. A provider that cannot schedule may
    also hold the message until the gap is over.
    """
    reminder, gap, at = assessment.reminder, settings.min_gap, placement.send_at
    window = settings.of(reminder).window
    if not gap or at is None or _is_clear(at, others, gap):
        return placement, gap
    feasible = feasible_range(reminder, now=now, window=window, quiet=settings.quiet)
    step = (
        "less than {} from another message to that number, at {}",
        gap,
        min(others, key=lambda moment: abs(moment - at)),
    )
    fits = [edge for edge in _edges(others, gap, feasible) if _is_clear(edge, others, gap)]
    direction = -1 if reminder.rule.shift == "earlier" else 1
    chosen = sorted(
        (moment for moment in fits if moment <= feasible.latest),
        key=lambda moment: (abs(moment - at), direction * (at - moment)),
    )
    if chosen:
        moved = ("moved to {}", chosen[0])
        return evolve(placement, send_at=chosen[0], steps=(*placement.steps, step, moved)), gap
    waits = sorted(moment for moment in fits if moment > feasible.latest) if window.holds_and_sends else []
    if waits and (
        assessment.message is not None or reminder.rule.if_late.still_useful(waits[0] - (reminder.due_at or at))
    ):
        return hold(waits[0], window, (*placement.steps, step)), gap
    return evolve(placement, steps=(*placement.steps, step, ("nothing else is feasible",))), _NONE


def _is_clear(moment: datetime, others: Iterable[datetime], gap: timedelta) -> bool:
    return all(abs(moment - other) >= gap for other in others)


def _edges(others: Iterable[datetime], gap: timedelta, feasible: FeasibleRange) -> set[datetime]:
    """Return the feasible instants just before and just after the times that others take up."""
    edges = set()
    for other in others:
        edges |= {feasible.up_to(other - gap), feasible.from_then_on(max(other + gap, feasible.earliest))}
    return {edge for edge in edges if edge is not None and edge >= feasible.earliest and feasible.in_time(edge)}


def with_planned(observed: Observed, planned: Mapping[str, Sequence[Traffic]]) -> Observed:
    """Return an appointment with what was planned for its numbers by others before it; `planned` is by number."""
    if not planned or observed.appointment is None:
        return observed
    numbers = {name for one in observed.appointment.recipients for name in one.addresses} & planned.keys()
    more = {number: [*observed.traffic.get(number, ()), *planned[number]] for number in numbers}
    return evolve(observed, traffic={**observed.traffic, **more}) if more else observed


def note_planned(planned: dict[str, list[Traffic]], changes: Iterable[Change]) -> None:
    """Add to `planned`, by number, the messages that these changes are about to park."""
    for change in changes:
        if change.kind in _PARKING and change.to and change.send_at is not None:
            planned.setdefault(change.to, []).append(Traffic(change.key, change.send_at))
