"""Probing: of the reminders that a blocker stops, one is tried when it is due; the others wait for what that comes to.

Pure: `now` is an argument. Never decides whether a reminder is wanted, only whether it is this one's turn.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from attrs import define, field, frozen

from reminder_kit.model.blockers import Blocker, stopping, turn_of
from reminder_kit.planning.changes import ChangeKind
from reminder_kit.planning.decision import Decision
from reminder_kit.planning.settings import Settings

__all__ = ["Candidate", "Turns", "candidate", "probes"]


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


def probes(candidates: Mapping[str, Candidate]) -> dict[str, str]:
    """Return the key of whoever is tried, by the blocker's name: each time another, the soonest start first."""
    by_blocker: dict[str, list[tuple[str, str]]] = {}
    for key, found in candidates.items():
        by_blocker.setdefault(found.blocker.name, []).append((found.turn, key))
    tried = {found.blocker.name: found.blocker.tried for found in candidates.values()}
    return {
        name: next((key for turn, key in sorted(turns) if turn > tried[name]), min(turns)[1])
        for name, turns in by_blocker.items()
    }


@define
class Turns:
    """Whose turn it is in one run: for each blocker that is due one reminder is tried, and no other after it.

    What is kept by name is kept by the blocker's.
    """

    #: The keys of those whose turn it is by the plan, by name; of what is due only since then, anybody's.
    planned: Mapping[str, str] = field(factory=dict)
    #: The keys of those that were tried, by name.
    _tried: dict[str, str] = field(factory=dict)
    #: The names of those for which another one is tried, since whose turn it is by the plan is not to be parked now.
    _passed: set[str] = field(factory=set)

    def take(
        self,
        all_decisions: Sequence[Sequence[Decision]],
        blockers: Sequence[Blocker],
        settings: Settings,
        now: datetime,
    ) -> tuple[list[list[Decision]], frozenset[str]]:
        """Return the decisions of each of several appointments, those held that wait for another one's turn.

        Besides, the names of the blockers for which one of these is tried now, so that all that wait for them are
        decided again once it is known what that comes to.
        """
        found = {
            decision.key: candidate(decision, blockers, settings, now)
            for decisions in all_decisions
            for decision in decisions
        }
        candidates = {key: one for key, one in found.items() if one is not None}
        news = self._turns_of(candidates, found)
        self._tried |= news

        def in_turn(decision: Decision) -> Decision:
            one = candidates.get(decision.key)
            if one is None or self._tried.get(one.blocker.name) == decision.key:
                return decision
            return decision.waiting_for(one.blocker)

        return [[in_turn(decision) for decision in decisions] for decisions in all_decisions], frozenset(news)

    def _turns_of(self, candidates: Mapping[str, Candidate], decided: Collection[str]) -> dict[str, str]:
        """Return the keys of those of the candidates, by name, that are tried now; `decided` are the keys of all."""
        for name, key in self.planned.items():
            if key in decided and (key not in candidates or candidates[key].blocker.name != name):
                self._passed.add(name)
        return probes(
            {
                key: one
                for key, one in candidates.items()
                for name in [one.blocker.name]
                if name not in self._tried and (name in self._passed or self.planned.get(name, key) == key)
            }
        )
