"""The day's limit: no more than so many messages go to one number in a day of its own clock (`max_per_day`).

Pure: `now` is an argument. Never withholds a correction or a cancellation, though both count.

Of all that would go out on a day, those stay that are nearest to what they speak of: "in two hours" before "tomorrow".
Whoever decides for one appointment counts only messages that are nearer than its own, so that all come to the same
result from the same data, in whatever order they are decided.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from attrs import evolve

from reminder_kit.model.instants import in_zone, zone
from reminder_kit.model.lifecycle import State
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import Traffic
from reminder_kit.planning.changes import ChangeKind
from reminder_kit.planning.decision import Decision
from reminder_kit.planning.message_times import cancellable, out_of_reach
from reminder_kit.planning.settings import Settings
from reminder_kit.planning.spacing import EACH_RUN

__all__ = ["all_within_day_limit", "planned_traffic", "too_many", "within_day_limit"]

_GOES_OUT = (ChangeKind.SCHEDULE, ChangeKind.REPLACE, ChangeKind.KEEP)


class _Rank(NamedTuple):
    """What decides which message of a day stays: the lower, the sooner."""

    #: How far from its start the reminder is due; below zero: it goes out in any case.
    distance: timedelta
    #: When it is due, wherever it was moved from there: who stays does not depend on what it was to keep apart from.
    due_at: datetime
    key: str


def within_day_limit(
    decisions: Sequence[Decision], traffic: Mapping[str, Iterable[Traffic]], settings: Settings, now: datetime
) -> list[Decision]:
    """Return the decisions of one appointment, those unsent that `max_per_day` leaves no room for.

    `traffic` is, by number, what goes or went out to it otherwise. What is left unsent is decided again by each
    run, since another message of that day may have been withdrawn.
    """
    limit = settings.max_per_day
    if limit is None:
        return list(decisions)
    own, keys = planned_traffic([decisions]), _keys(decisions)
    gone = out_of_reach(settings.window, now)
    everything = {
        number: [*planned, *_besides(planned, traffic.get(number, ()), keys, now)] for number, planned in own.items()
    }
    return [
        _unsent(decision, settings)
        if _may_be_withheld(decision, settings, now) and _nearer(decision, everything, gone) >= limit
        else decision
        for decision in decisions
    ]


def all_within_day_limit(
    all_decisions: Sequence[Sequence[Decision]],
    all_traffic: Sequence[Mapping[str, Sequence[Traffic]]],
    settings: Settings,
    now: datetime,
) -> list[list[Decision]]:
    """Return the decisions of several appointments, each in the light of what is decided for all of them.

    `all_traffic` is what the ledger has for each one's numbers, in the same order.
    """
    if settings.max_per_day is None:
        return [list(decisions) for decisions in all_decisions]
    planned = planned_traffic(all_decisions)
    decided = frozenset[str]().union(*map(_keys, all_decisions))
    limited = []
    for decisions, traffic in zip(all_decisions, all_traffic, strict=True):
        others = {
            number: [*already, *_besides(already, traffic.get(number, ()), decided, now)]
            for number in {decision.number for decision in decisions}
            for already in [planned.get(number, [])]
        }
        limited.append(within_day_limit(decisions, others, settings, now))
    return limited


def planned_traffic(all_decisions: Iterable[Iterable[Decision]]) -> dict[str, list[Traffic]]:
    """Return, by number, what goes out for these appointments' decisions."""
    found: dict[str, list[Traffic]] = {}
    for decisions in all_decisions:
        for decision in decisions:
            if (traffic := _traffic_of(decision)) is not None:
                found.setdefault(decision.number, []).append(traffic)
    return found


def too_many(traffic: Iterable[Traffic], name: str, limit: int, now: datetime) -> set[str]:
    """Return the keys of messages to one number of whose day, in the zone `name`, there are more than so many.

    What went out by now counts, and is none of them: nothing can be done about it.
    """
    by_day: dict[date, list[Traffic]] = {}
    for one in traffic:
        by_day.setdefault(_day(one.send_at, name), []).append(one)
    too_full = [of_day for of_day in by_day.values() if len(of_day) > limit]
    return {one.key for of_day in too_full for one in of_day if one.send_at > now}


def _besides(
    planned: Sequence[Traffic], traffic: Iterable[Traffic], keys: Collection[str], now: datetime
) -> list[Traffic]:
    """Return what the ledger has for a number besides what is planned.

    Of the reminders with these keys, which are decided now, only what went out: nothing that is decided changes that.
    What is only planned for others, as it is known to those that keep apart from it, is neither due nor
    has a start: it is counted with all that is decided (`all_within_day_limit`).
    """
    counted = {(one.key, one.send_at, one.is_new) for one in planned}
    return [
        one
        for one in traffic
        if (one.key not in keys or one.send_at <= now)
        and (one.key, one.send_at, one.is_new) not in counted
        and (one.send_at <= now or (one.due_at, one.start_at) != (None, None))
    ]


def _keys(decisions: Sequence[Decision]) -> frozenset[str]:
    """Return the keys of all reminders of an appointment: what of them is to go out is what was decided before."""
    siblings = next((decision.siblings for decision in decisions if decision.siblings), frozenset[str]())
    return siblings | {decision.key for decision in decisions}


def _traffic_of(decision: Decision) -> Traffic | None:
    """Return a decision as what goes to its number; None: nothing goes out."""
    draft = decision.draft or (decision.message.draft if decision.message is not None else None)
    if decision.kind not in _GOES_OUT or decision.reminder is None or draft is None or draft.to != decision.number:
        return None
    is_new = decision.kind is not ChangeKind.KEEP and not decision.reminder.is_notice
    return Traffic(decision.key, draft.send_at, decision.due_at, decision.start_at, is_new)


def _may_be_withheld(decision: Decision, settings: Settings, now: datetime) -> bool:
    """Say whether a message is one that can wait for another day, and that the provider, if it has it, gives back."""
    if _traffic_of(decision) is None or decision.reminder is None or decision.reminder.is_notice:
        return False
    parked = decision.message
    if decision.kind is ChangeKind.SCHEDULE or parked is None:
        return True
    return parked.state is State.SCHEDULED and cancellable(parked, settings.of(parked).window, now)


def _nearer(decision: Decision, others: Mapping[str, Iterable[Traffic]], gone: datetime) -> int:
    """Return how many other messages of the same day stay before this one; `others` are by number.

    What has not gone out until `gone` can be taken back.
    A message of its own of which nobody knows whether it went out does not count: this one stands in for it.
    """
    own = _traffic_of(decision)
    assert own is not None  # noqa: S101 - asked by the caller
    day, rank = _day(own.send_at, decision.zone), _rank(own, gone)
    stands_in = decision.key if "settle" in decision.causes else ""
    return sum(
        _day(other.send_at, decision.zone) == day and _rank(other, gone) < rank
        for other in others[decision.number]
        if other.key != stands_in
    )


def _day(moment: datetime, name: str) -> date:
    return in_zone(moment, zone(name)).date()


def _rank(traffic: Traffic, gone: datetime) -> _Rank:
    """Return the rank of a message; one that went out, or will whatever is done, counts before all others.

    One that is to go out at once, as at a provider that can't schedule, has not gone out for that; a notice will.
    """
    due_at, start_at = traffic.due_at or traffic.send_at, traffic.start_at or traffic.send_at
    is_out = traffic.send_at <= gone and not traffic.is_new
    distance = timedelta(-1) if is_out else abs(start_at - due_at)
    return _Rank(distance, due_at, traffic.key)


def _unsent(decision: Decision, settings: Settings) -> Decision:
    """Return a decision after which nothing goes out, and what is parked is taken back."""
    note = f"{settings.max_per_day} other messages go to that number that day (max_per_day)"
    return evolve(
        decision.unsent(Reason.DAY_LIMIT),
        kind=ChangeKind.SKIP if decision.kind is ChangeKind.SCHEDULE else ChangeKind.CANCEL,
        recorded_reason="",
        causes=(),
        adopt=False,
        park_at=EACH_RUN,
        notes=(*decision.notes, note),
    )
