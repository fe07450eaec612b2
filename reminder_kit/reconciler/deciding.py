"""Deciding: each appointment of a plan, decided in the light of those that share a number with it.

Reads one snapshot of the ledger, and never writes; what it comes to are lines of the plan, and what is to be worked on.
Nothing of it is final: under the claim the same functions decide again (`planning.group`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from attrs import define, evolve, field

from reminder_kit.model.appointments import Appointment
from reminder_kit.model.lifecycle import State
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import AppointmentRecord, Identity, Incoming, Traffic
from reminder_kit.planning.cancellation import CANCELLATION
from reminder_kit.planning.changes import WORK, Change, ChangeKind
from reminder_kit.planning.day_limit import all_within_day_limit
from reminder_kit.planning.decide import decisions_for, quarantined
from reminder_kit.planning.decision import Decision
from reminder_kit.planning.message_times import is_past, may_be_settled, needs_settling, resting_until
from reminder_kit.planning.observed import Observed
from reminder_kit.planning.probing import Candidate, candidate
from reminder_kit.planning.repeats import Planned, leaves_its_visit
from reminder_kit.planning.settings import Settings
from reminder_kit.planning.spacing import note_planned, with_planned
from reminder_kit.planning.unchanged import changes_anything
from reminder_kit.planning.yielding import yielding
from reminder_kit.reconciler.batches import batched
from reminder_kit.reconciler.looking import Looking
from reminder_kit.reconciler.neighbours import Neighbours
from reminder_kit.reconciler.restored import gap_of_new, line_of

__all__ = ["Deciding"]

_PARKING = (ChangeKind.SCHEDULE, ChangeKind.REPLACE)


@define
class Deciding:
    """What is decided for the appointments of one plan. What is kept by key is kept by reminder key."""

    #: On which terms it is decided, and when.
    looking: Looking
    #: What other appointments have to do with one.
    neighbours: Neighbours
    #: What comes in.
    incoming: Mapping[Identity, Incoming] = field(factory=dict)
    #: The appointments that differ from what is recorded.
    fresh: set[Identity] = field(factory=set)
    #: The plan's lines so far, by appointment.
    changes: dict[Identity, list[Change]] = field(factory=dict)
    #: The appointments of which something older came in, each with the line that says so.
    outdated: dict[Identity, Change] = field(factory=dict)
    #: The appointments to be worked on (a set in the order in which they were decided).
    todo: dict[Identity, None] = field(factory=dict)
    #: The same, those with the soonest send times first.
    order: Sequence[Identity] = ()
    #: What may be tried although something stops it, by key.
    candidates: dict[str, Candidate] = field(factory=dict)
    #: The keys of reminders recorded as waiting for room, of appointments that have nothing else to do.
    waiting: dict[Identity, set[str]] = field(factory=dict)
    #: How many recorded messages are past their time, by provider: they take up no room any more.
    over: dict[Identity, Counter[str]] = field(factory=dict)
    #: The provider, by key, of what does not go through the first one.
    other_providers: dict[str, str] = field(factory=dict)
    #: The keys of new messages that tell of a cancellation.
    told_off: set[str] = field(factory=set)
    #: The keys of new messages for numbers and starts that are told under another id already.
    again: set[str] = field(factory=set)
    #: What is to be parked, as far as it was decided.
    _planned: Planned = field(factory=Planned)
    #: What was known of appointments that say nothing since another one says it.
    _silent: dict[Identity, tuple[Observed, AppointmentRecord | None]] = field(factory=dict)
    #: What is decided for each appointment, where the day's limit depends on all of it.
    _decided: dict[Identity, tuple[list[Decision], Observed, AppointmentRecord | None]] = field(factory=dict)
    #: The appointments (before, now) whose neighbours are still to be decided.
    _affecting: list[tuple[AppointmentRecord | None, Appointment | None]] = field(factory=list)
    #: The appointments that were decided only since others changed, or might have, for a day's limit.
    _affected: set[Identity] = field(factory=set)
    #: What was known of the appointments in `todo`, to decide them again.
    _observed: dict[Identity, tuple[Observed, AppointmentRecord | None]] = field(factory=dict)

    @property
    def _settings(self) -> Settings:
        return self.looking.settings

    @property
    def _now(self) -> datetime:
        return self.looking.now

    def lines(self) -> list[Change]:
        """Return the plan's lines so far."""
        outdated = {identity: [line] for identity, line in self.outdated.items()}
        return [
            change for identity, changes in self.changes.items() for change in (*outdated.get(identity, ()), *changes)
        ]

    def of_keys(self, keys: Collection[str]) -> tuple[Identity, ...]:
        """Return the appointments to be worked on that have a line of any of these keys, in their order."""
        wanted = frozenset(keys)
        return tuple(
            identity
            for identity in self.order
            if wanted and not wanted.isdisjoint(change.key for change in self.changes[identity])
        )

    def leave_waiting(self, held_back: Collection[str]) -> None:
        """Leave those alone that only wait for room, and still do; `held_back` are the keys of all that do."""
        self.order = [one for one in self.order if not self.waiting.get(one, {""}) <= set(held_back)]

    def decide(
        self,
        recorded: Sequence[tuple[Identity, AppointmentRecord | None]],
        given: Mapping[Identity, Appointment | None] = MappingProxyType({}),
    ) -> None:
        """Decide for appointments with their records (None: never recorded), as they are given (None: withdrawn).

        Those that are not given are wanted as they are recorded.
        """
        if not recorded:
            return
        sent = self.neighbours.sent_before(identity for identity, _ in recorded)
        barred = self.neighbours.barred.by_number
        all_observed = [
            Observed.of(identity, given[identity], record, barred, sent.get(identity[:2]), self.looking.blockers)
            if identity in given or record is None
            else Observed.recorded(record, barred, sent.get(identity[:2]), self.looking.blockers)
            for identity, record in recorded
        ]
        for observed, (_, record) in zip(self.neighbours.with_context(all_observed), recorded, strict=True):
            if record is None and observed.appointment is not None:
                gap = gap_of_new(observed.identity, observed.appointment, self.looking.terms.restoration)
                self._add(observed if gap is None else evolve(observed, gap=gap), None)
            else:
                self._add(observed, record)

    def decide_together(self, *, anew: bool) -> None:
        """Decide for those that share a number with what changed, then in the light of all that was decided.

        `anew` says that something is gone: what came in was decided before that was known, and is decided again.
        """
        self._settle_who_speaks()
        self._decide_affected_neighbours(anew=anew)
        self._settle_who_speaks()
        self._apply_day_limit()
        self._respace_new_messages()
        self._apply_day_limit()
        self._leave_out_unaffected()

    def _decide_affected_neighbours(self, *, anew: bool) -> None:
        """Decide for appointments that share a number with one that changed, or did: told with it, or in its stead."""
        decided = set() if anew else set(self.todo)
        if not self._settings.combines:
            decided |= self.fresh  # nobody is told with them: who was silent is decided again in any case
        while self._affecting:
            affecting, self._affecting = self._affecting, []
            for batch in batched(affecting):
                rows = [record.row for record, _ in batch if record is not None]
                affected = self.neighbours.affected_by(rows, [appointment for _, appointment in batch])
                undecided = {identity: record for identity, record in affected.items() if identity not in decided}
                decided.update(undecided)
                if not self._settings.combines or self._settings.max_per_day is not None:
                    self._affected.update(undecided.keys() - self.changes.keys())
                self.decide(list(undecided.items()), self.neighbours.announced)

    def _leave_out_unaffected(self) -> None:
        """Leave out who was decided only since others changed, and gets just what it did."""
        for identity in self._affected - self.todo.keys():
            if not any(change.is_work for change in self.changes[identity]):
                del self.changes[identity]

    def _settle_who_speaks(self) -> None:
        """Decide again for appointments that say nothing, or what one says that comes before them."""
        self._decide_silent_again()
        if outdone := sorted(self._planned.take_outdone()):
            for identities in batched(outdone):
                records = {**self.neighbours.recorded(identities), **self.neighbours.names.records}
                recorded = [(identity, records.get(identity)) for identity in identities]
                news = [one for one, record in recorded if one in self.incoming and (one in self.fresh or not record)]
                self.decide(recorded, {identity: self.incoming[identity].appointment for identity in news})
            self._decide_silent_again()

    def _decide_silent_again(self) -> None:
        """Decide again for appointments that say nothing since another one says it: that may be taken back."""
        for observed, record in [self._silent[identity] for identity in sorted(self._silent)]:
            self._add(observed, record)

    def _respace_new_messages(self) -> None:
        """Decide again, soonest first, where several new messages go to one number, so that they keep apart."""
        self.order = _soonest_first(self.todo, self.lines())
        new = [change for change in self.lines() if change.kind in _PARKING]
        count_by_number = Counter(change.to for change in new)
        planned: dict[str, list[Traffic]] = {}
        for identity in self.order if self._settings.spacing_reach else ():
            numbers = {
                change.to
                for change in self.changes[identity]
                if change.kind in _PARKING and count_by_number[change.to] > 1
            }
            if not numbers or identity not in self._observed:
                continue
            observed, record = self._observed[identity]
            self._add(with_planned(observed, planned), record)
            note_planned(planned, self.changes[identity])

    def _apply_day_limit(self) -> None:
        """Leave unsent what a number gets too much of in one day, in the light of all that was decided."""
        all_decisions = [decisions for decisions, *_ in self._decided.values()]
        all_traffic = [observed.traffic for _, observed, _ in self._decided.values()]
        limited = all_within_day_limit(all_decisions, all_traffic, self._settings, self._now)
        for (before, observed, record), after in zip(list(self._decided.values()), limited, strict=True):
            if after != before:
                self._take(after, "", observed, record)
        still = [identity for identity in self.order if identity in self.todo]  # in the order in which they keep apart
        self.order = tuple(dict.fromkeys((*still, *sorted(self.todo))))

    def _add(self, observed: Observed, record: AppointmentRecord | None) -> None:
        """Decide for one appointment, with its record (None: never recorded), and note what that comes to."""
        decisions, error = decisions_for(self._planned.before(observed), self._settings, self._now)
        self._note(decisions, observed, record)
        self._take(decisions, error, observed, record)

    def _take(
        self, decisions: list[Decision], error: str, observed: Observed, record: AppointmentRecord | None
    ) -> None:
        """Note what is decided for one appointment, in the place of what was before: lines, and what is to be done."""
        identity = observed.identity
        is_new = record is None or record.dirty or not record.planned_with or identity in self.fresh
        if self.looking.yields:
            decisions = yielding(decisions, observed, fresh=is_new)
        self.other_providers |= _other_providers(decisions, self._settings)
        self._note_candidates(decisions)
        self.told_off |= {one.key for one in decisions if _tells_of_cancellation(one, observed.outcomes)}
        self._note_twins(decisions, observed)
        self.changes[identity] = (
            [quarantined(identity, error)] if error else [line_of(decision) for decision in decisions]
        )
        news = (
            error
            or is_new
            or (not self.looking.yields and record is not None and record.planned_with != self._settings.digest)
        )
        effective = [] if news else [one for one in decisions if changes_anything(one, record) or self._is_due(one)]
        if news or effective or (record is not None and self._is_looked_for(record)):
            self.todo[identity] = None
            if self._affects_others(decisions):
                self._affecting.append((record, observed.appointment))
            if self._settings.spacing_reach:
                self._observed[identity] = observed, record
        else:
            self.todo.pop(identity, None)
        if record is not None:
            past = [
                message
                for message in record.messages
                if message.state is State.SCHEDULED and is_past(message, self._now)
            ]
            self.over[identity] = Counter(message.provider for message in past)
            if not news and all(_waits_for_room(decision, record) for decision in effective):
                self.waiting[identity] = {decision.key for decision in effective}

    def _note_twins(self, decisions: Sequence[Decision], observed: Observed) -> None:
        """Note what is told again of what was told in the name of other appointments."""
        new = {decision.key: decision for decision in decisions if decision.kind is ChangeKind.SCHEDULE}
        self.again -= new.keys()
        self.again |= {key for key, decision in new.items() if _is_told_again(decision, observed)}

    def _affects_others(self, decisions: Sequence[Decision]) -> bool:
        """Say whether others of its numbers may have to be decided otherwise for what is decided for an appointment."""
        if self._settings.combines:
            return True
        if self._settings.max_per_day is not None:
            return any(decision.kind in WORK for decision in decisions)
        return any(map(leaves_its_visit, decisions))

    def _note_candidates(self, decisions: Sequence[Decision]) -> None:
        for decision in decisions if self.looking.blockers else ():
            self.candidates.pop(decision.key, None)
            if found := candidate(decision, self.looking.blockers, self._settings, self._now):
                self.candidates[decision.key] = found

    def _is_due(self, decision: Decision) -> bool:
        """Say whether a parked message waits to be replaced, and may be if the one that is tried is taken."""
        return decision.kind is ChangeKind.KEEP and decision.park_at is not None and decision.park_at <= self._now

    def _is_looked_for(self, record: AppointmentRecord) -> bool:
        """Say whether it is to be found out by now what became of a message, whatever is decided meanwhile."""
        return any(
            needs_settling(message, self._now)
            and resting_until(message, self._now) is None
            and may_be_settled(message, self._settings)
            for message in record.messages
        )

    def _note(self, decisions: list[Decision], observed: Observed, record: AppointmentRecord | None) -> None:
        """Note decisions on which those of other appointments depend."""
        self._planned.note(decisions)
        if self._planned.depends(decisions):
            self._silent[observed.identity] = observed, record
        if self._settings.max_per_day is not None and not self.looking.yields:
            self._decided[observed.identity] = decisions, observed, record


def _other_providers(decisions: Iterable[Decision], settings: Settings) -> dict[str, str]:
    """Return, by reminder key, the providers of what goes through, or is parked at, another one than the first."""
    if settings.fallback is None:
        return {}
    subjects = ((decision.key, decision.message or decision.reminder) for decision in decisions)
    providers = ((key, settings.of(subject).provider) for key, subject in subjects if subject is not None)
    return {key: provider for key, provider in providers if provider != settings.provider}


def _waits_for_room(decision: Decision, record: AppointmentRecord) -> bool:
    """Say whether a reminder to be parked is recorded as waiting for room already."""
    reminder_record = next((candidate for candidate in record.outcomes if candidate.key == decision.key), None)
    if reminder_record is None or decision.kind is not ChangeKind.SCHEDULE:
        return False
    return reminder_record.reason == Reason.AT_CAPACITY and reminder_record.due_at == decision.due_at


def _is_told_again(decision: Decision, observed: Observed) -> bool:
    """Say whether a new message is for a number and start that are told already, in the name of another appointment."""
    twins = observed.twins.get((decision.number, decision.start_at), ()) if decision.reminder is not None else ()
    return any(twin.key not in decision.siblings for twin in twins)


def _tells_of_cancellation(decision: Decision, outcomes: Container[str]) -> bool:
    """Say whether a new message is to tell of a cancellation; `outcomes` are the keys of what is recorded."""
    if decision.kind not in _PARKING or decision.reminder is None or decision.key in outcomes:
        return False
    return decision.reminder.rule.id == CANCELLATION


def _soonest_first(todo: Collection[Identity], changes: Sequence[Change]) -> tuple[Identity, ...]:
    """Return the appointments to work on, those with the nearest send times first."""
    nearest: dict[Identity, datetime] = {}
    for change in changes:
        if change.is_work and change.send_at is not None:
            send_at = nearest.get(change.identity, change.send_at)
            nearest[change.identity] = min(send_at, change.send_at)
    with_work = sorted(
        (identity for identity in todo if identity in nearest), key=lambda identity: (nearest[identity], identity)
    )
    return (*with_work, *sorted(identity for identity in todo if identity not in nearest))
