"""A group: appointments that share a number, decided together, each in the light of what is decided for the others.

Pure: `now` is an argument. Never asks what became of a decision: whoever carries the decisions out has the group
decided once more where one of them came to something else than was meant.

What one appointment gets may depend on another in four ways, and each has its place here:

- those told together are decided by the same function from the same data (`combining`), but for who is silent: that
  is known once each is decided, and then those told with it are decided again;
- what is to go out to a number keeps apart in the order in which the appointments stand (`spacing`);
- of two records of one visit the one with the lower identity says it, unless its message is taken back (`repeats`);
- of all that would go out in a day the nearest to their starts stay (`day_limit`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from attrs import evolve

from reminder_kit.model.reasons import SAID_BY_OTHERS, Reason
from reminder_kit.model.records import Identity, ReminderRecord, ReminderStatus, Traffic
from reminder_kit.planning.changes import Change
from reminder_kit.planning.day_limit import all_within_day_limit
from reminder_kit.planning.decide import decisions_for
from reminder_kit.planning.decision import Decision
from reminder_kit.planning.observed import Observed
from reminder_kit.planning.repeats import Planned
from reminder_kit.planning.settings import Settings
from reminder_kit.planning.spacing import note_planned, with_planned

__all__ = ["Decided", "decide_group"]

_SILENCES = 2
"""How often it may turn out, at the most, that others than thought are silent: who speaks may silence the next one."""


_UNSAID = (*SAID_BY_OTHERS, Reason.DAY_LIMIT)
"""Why a reminder is left unsent for another one's message: nothing keeps apart from it."""


class Decided(NamedTuple):
    """What is decided for one appointment of a group."""

    #: A decision for each of its reminders.
    decisions: list[Decision]
    #: Why nothing could be decided, in words; "": it could.
    error: str


def decide_group(
    all_observed: Sequence[Observed],
    settings: Settings,
    now: datetime,
    revised: Callable[[Observed, list[Decision]], list[Decision]] = lambda _, decisions: decisions,
) -> list[Decided]:
    """Return what is decided for each appointment, in their order, which is also that in which they are spaced.

    `revised` returns an appointment's decisions as the run has them, where other things stand against some.
    """
    if not settings.spacing_reach or len(all_observed) == 1:
        return _decided(all_observed, settings, now, revised)
    apart = _decided(all_observed, settings, now, revised)
    unsaid = {one.key for decisions, _ in apart for one in decisions if one.reason in _UNSAID}
    return _decided(all_observed, settings, now, revised, keeps_apart_from=lambda change: change.key not in unsaid)


def _decided(
    all_observed: Sequence[Observed],
    settings: Settings,
    now: datetime,
    revised: Callable[[Observed, list[Decision]], list[Decision]],
    keeps_apart_from: Callable[[Change], bool] = lambda _: False,
) -> list[Decided]:
    """Return what is decided for each; `keeps_apart_from` says of which new messages later ones do."""
    parked = Planned()
    planned: dict[str, list[Traffic]] = {}

    def decided(observed: Observed) -> Decided:
        decisions, error = decisions_for(parked.before(observed), settings, now)
        parked.note(decisions)
        return Decided(revised(observed, decisions), error)

    group: list[Observed] = []
    found: list[Decided] = []
    for observed in all_observed:
        group.append(with_planned(observed, planned))
        found.append(decided(group[-1]))
        note_planned(planned, filter(keeps_apart_from, (decision.change for decision in found[-1].decisions)))
    heard: dict[Identity, _Records] = {}
    known = tuple(group)  # each round begins with what the ledger says: who was silent a round ago may speak
    for _ in range(_SILENCES):
        if (now_heard := _heard(group, found)) == heard:
            break
        heard = now_heard
        for index, observed in enumerate(known):
            if (again := _having_heard(observed, heard)) is not group[index]:
                group[index], found[index] = again, decided(again)
    for index, observed in sorted(enumerate(group), key=lambda one: one[1].identity):
        # on a message that another one of these takes back, or says in its stead
        if parked.depends(found[index].decisions) or observed.identity in parked.outdone:
            found[index] = decided(observed)
    traffic = [observed.traffic for observed in all_observed]
    limited = all_within_day_limit([one.decisions for one in found], traffic, settings, now)
    return [Decided(decisions, one.error) for one, decisions in zip(found, limited, strict=True)]


_Records = Mapping[str, ReminderRecord]


def _heard(group: Sequence[Observed], found: Sequence[Decided]) -> dict[Identity, _Records]:
    """Return, by appointment, what becomes of the reminders that are silent by now, and were not, or the reverse."""
    changed = {
        observed.identity: _changed(observed.outcomes, one.decisions)
        for observed, one in zip(group, found, strict=True)
    }
    return {identity: records for identity, records in changed.items() if records}


def _changed(outcomes: _Records, decisions: Iterable[Decision]) -> _Records:
    silencing = (
        one for one in decisions if one.reminder and one.reminder.rule.together and one.reminder.rule.min_silence
    )
    return {one.key: one.record for one in silencing if _is_silent(outcomes.get(one.key)) != _is_silent(one.record)}


def _is_silent(record: ReminderRecord | None) -> bool:
    return record is not None and record.status is ReminderStatus.SKIPPED and record.reason == Reason.CONDITION


def _having_heard(observed: Observed, heard: Mapping[Identity, _Records]) -> Observed:
    """Return an appointment with neighbours as they were heard; the very same where none of them was."""
    others: Collection[Identity] = heard.keys() - {observed.identity}
    if not any(neighbour.identity in others for neighbour in observed.neighbours):
        return observed
    neighbours = [
        evolve(neighbour, outcomes={**neighbour.outcomes, **heard[neighbour.identity]}, assessments={})
        if neighbour.identity in others
        else neighbour
        for neighbour in observed.neighbours
    ]
    return evolve(observed, neighbours=neighbours)
