"""Holding back: lines of a plan that are to be parked, and wait instead: for a probe, or for room at the provider.

Pure: changes the lines that it is handed, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from attrs import evolve

from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import Identity
from reminder_kit.planning.changes import Change, ChangeKind
from reminder_kit.planning.probing import Candidate

__all__ = ["hold_for_probes", "hold_for_room"]

Lines = Mapping[Identity, list[Change]]
"""The lines of a plan, by appointment."""

_OF_ROOM = (ChangeKind.SCHEDULE, ChangeKind.CANCEL)
"""What takes up room at a provider, or gives it back."""


def hold_for_probes(lines: Lines, candidates: Mapping[str, Candidate], probes: Collection[str]) -> None:
    """Hold the candidates, given by reminder key, that are none of the probes."""
    for changes in lines.values() if candidates else ():
        for index, change in enumerate(changes):
            if change.key in candidates and change.key not in probes:
                blocker = candidates[change.key].blocker
                changes[index] = evolve(
                    change,
                    kind=ChangeKind.HOLD,
                    reason=blocker.reason,
                    send_at=None,
                    text=None,
                    error=blocker.error,
                )


def hold_for_room(lines: Lines, is_of: Callable[[Change], bool], room: Callable[[int], int], over: int) -> set[str]:
    """Hold what a provider has no room for, the soonest parked first; returns the keys of what is held.

    `is_of` says which lines are the provider's. `room` returns how many more messages it takes, of a number that is
    wanted, and is asked only where any is. `over` is how many of those it is counted to hold are past their time.
    """
    mine = [
        (change, changes, index)
        for changes in lines.values()
        for index, change in enumerate(changes)
        if change.kind in _OF_ROOM and is_of(change)
    ]
    new = [line for line in mine if line[0].kind is ChangeKind.SCHEDULE]
    freed = over + sum(line[0].kind is ChangeKind.CANCEL for line in mine)
    takes = (max(0, room(len(new))) if new else 0) + freed
    new.sort(key=lambda line: (line[0].send_at, line[0].key))
    for change, changes, index in new[takes:]:
        changes[index] = evolve(change, kind=ChangeKind.HOLD, reason=Reason.AT_CAPACITY, send_at=None, text=None)
    return {change.key for change, _, _ in new[takes:]}
