"""Probing: of the reminders that a blocker stops, one is tried when it is due; the others wait for what that comes to.

Pure: `now` is an argument. Never decides whether a reminder is wanted, only whether it is this one's turn.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from attrs import frozen

from reminder_kit.model.blockers import Blocker, stopping, turn_of
from reminder_kit.planning.changes import ChangeKind
from reminder_kit.planning.decision import Decision
from reminder_kit.planning.fallback import fallback_key
from reminder_kit.planning.settings import Settings

__all__ = ["Candidate", "candidate", "probes", "waiting_their_turn"]


@frozen
class Candidate:
    """A reminder that may be tried, since what stops it is due."""

    #: What stops it.
    blocker: Blocker
    #: Its place among the others (`turn_of`).
    turn: str


def candidate(decision: Decision, blockers: Sequence[Blocker], settings: Settings, now: datetime) -> Candidate | None:
    """Return a decision to park as a candidate, None where nothing stops it, or only itself."""
    if not blockers or decision.kind is not ChangeKind.SCHEDULE or decision.reminder is None or decision.draft is None:
        return None
    origin = settings.of(decision.reminder).origin
    blocker = stopping(blockers, decision.key, decision.draft, **origin)
    if blocker is None or not blocker.is_of_account or now < blocker.next_try_at:
        return None
    return Candidate(blocker, turn_of(decision.start_at, decision.key))


def probes(candidates: Mapping[str, Candidate]) -> frozenset[str]:
    """Return the keys of those to be tried: one for each blocker, each time another, the soonest start first."""
    by_blocker: dict[str, list[tuple[str, str]]] = {}
    for key, found in candidates.items():
        by_blocker.setdefault(found.blocker.name, []).append((found.turn, key))
    tried = {found.blocker.name: found.blocker.tried for found in candidates.values()}
    return frozenset(
        next((key for turn, key in sorted(turns) if turn > tried[name]), min(turns)[1])
        for name, turns in by_blocker.items()
    )


def waiting_their_turn(
    decisions: Sequence[Decision],
    chosen: Collection[str],
    blockers: Sequence[Blocker],
    settings: Settings,
    now: datetime,
) -> list[Decision]:
    """Return decisions with those held that would have to wait for one of the `chosen` keys.

    Where one of these is refused again, its fallback, which may wait for another account, is tried as well.
    """
    tried = {*chosen, *map(fallback_key, chosen)}
    found = [(decision, candidate(decision, blockers, settings, now)) for decision in decisions]
    return [
        decision if turn is None or decision.key in tried else decision.waiting_for(turn.blocker)
        for decision, turn in found
    ]
