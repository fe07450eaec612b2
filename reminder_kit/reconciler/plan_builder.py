"""The plan builder: a plan of what came in, what is gone and what is recorded, decided one batch after the other.

Reads one snapshot of the ledger. Never writes, and never asks the provider; `now` is an argument.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from attrs import define, evolve, field

from reminder_kit.model.appointments import Appointment
from reminder_kit.model.as_of import AsOf, Written
from reminder_kit.model.blockers import Blocker
from reminder_kit.model.lifecycle import State
from reminder_kit.model.places import Place
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import (
    AppointmentRecord,
    Identity,
    Incoming,
    ReminderRecord,
    ReminderStatus,
    Traffic,
)
from reminder_kit.model.rule_sets import Standing
from reminder_kit.planning.cancellation import CANCELLATION
from reminder_kit.planning.changes import Change, ChangeKind, PassedOver
from reminder_kit.planning.day_limit import all_within_day_limit
from reminder_kit.planning.decide import decisions_for, quarantined
from reminder_kit.planning.decision import Decision
from reminder_kit.planning.message_times import is_past, needs_settling
from reminder_kit.planning.observed import Observed
from reminder_kit.planning.plan import Guard, Plan, Worklist
from reminder_kit.planning.probing import Candidate, candidate, probes
from reminder_kit.planning.repeats import Planned
from reminder_kit.planning.settings import Settings
from reminder_kit.planning.spacing import note_planned, with_planned
from reminder_kit.planning.unchanged import recorded_changes
from reminder_kit.planning.yielding import yielding
from reminder_kit.progress import counted
from reminder_kit.reconciler.absences import vanished
from reminder_kit.reconciler.barred import Barred
from reminder_kit.reconciler.batches import batched
from reminder_kit.reconciler.holding_back import hold_for_probes, hold_for_room
from reminder_kit.reconciler.neighbours import Neighbours
from reminder_kit.reconciler.restored import complete_sources, gap_of_new, line_of
from reminder_kit.reconciler.scope import Scope
from reminder_kit.reconciler.snapshots import Snapshots
from reminder_kit.reconciler.takeovers import NewNames, takeovers
from reminder_kit.reconciler.terms import Terms, terms_of

if TYPE_CHECKING:
    from reminder_kit.ledger.reader import Reader

__all__ = ["build_plan"]

_PARKING = (ChangeKind.SCHEDULE, ChangeKind.REPLACE)
_GOING = (ChangeKind.CANCEL, ChangeKind.REPLACE)
_WORK = (*_PARKING, ChangeKind.CANCEL)


@define
class PlanBuilder:
    """A plan in the making. Each appointment is decided in the light of those that share a number with it."""

    #: The snapshot of the ledger.
    reader: Reader
    #: What decides besides the data.
    settings: Settings
    #: The instant of the plan, UTC.
    now: datetime
    #: What the plan speaks for.
    scope: Scope
    #: The numbers that must not be written to, as far as they were asked for.
    barred: Barred
    #: The digest of the settings.
    digest: str
    #: For which causes providers refuse messages.
    blockers: Sequence[Blocker]
    #: What other appointments have to do with one.
    neighbours: Neighbours
    #: By which rules, and where, the ledger is worked.
    terms: Terms
    #: The plan's lines so far, by appointment.
    changes: dict[Identity, list[Change]] = field(factory=dict)
    #: The appointments to be worked on (a set in the order in which they were decided).
    todo: dict[Identity, None] = field(factory=dict)
    #: The same, those with the soonest send times first.
    order: Sequence[Identity] = ()
    #: What came in and is to be recorded.
    accepted: list[Incoming] = field(factory=list)
    #: The appointments to be marked as removed.
    removals: list[Identity] = field(factory=list)
    #: The appointments the plan speaks for.
    seen: set[Identity] = field(factory=set)
    #: The keys of reminders for which a provider has no room.
    held_back: set[str] = field(factory=set)
    #: What may be tried although something stops it, by reminder key.
    candidates: dict[str, Candidate] = field(factory=dict)
    #: The keys of those that are tried.
    probes: frozenset[str] = frozenset()
    #: The keys of reminders recorded as waiting for room, of appointments that have nothing else to do.
    waiting: dict[Identity, set[str]] = field(factory=dict)
    #: How many recorded messages are past their time, by provider: they take up no room any more.
    over: dict[Identity, Counter[str]] = field(factory=dict)
    #: The provider, by reminder key, of what does not go through the first one.
    other_providers: dict[str, str] = field(factory=dict)
    #: What is to be parked, as far as it was decided.
    planned: Planned = field(factory=Planned)
    #: What was known of appointments that say nothing since another one says it.
    _silent: dict[Identity, tuple[Observed, AppointmentRecord | None]] = field(factory=dict)
    #: What is decided for each appointment, where the day's limit depends on all of it.
    _decided: dict[Identity, tuple[list[Decision], Observed]] = field(factory=dict)
    #: The keys of new messages that tell of a cancellation.
    told_off: set[str] = field(factory=set)
    #: The appointments of which something older came in, each with the line that says so.
    outdated: dict[Identity, Change] = field(factory=dict)
    #: The newest complete snapshots that were carried out.
    snapshots: Snapshots = field(factory=Snapshots)
    #: What comes in under another identity than it is recorded under, as it will be then; and who it was.
    taken_over: dict[Identity, AppointmentRecord] = field(factory=dict)
    formerly: dict[Identity, Identity] = field(factory=dict)
    #: The keys of new messages for numbers and starts that are told under another id already.
    again: set[str] = field(factory=set)
    #: The polled calendars whose absences are not taken for an answer, each with why.
    refused: dict[str, str] = field(factory=dict)
    #: How those were read that are withdrawn for their absence.
    absent: dict[Identity, Written] = field(factory=dict)
    #: The appointments that differ from what is recorded.
    _fresh: set[Identity] = field(factory=set)
    #: The appointments (before, now) whose neighbours are still to be decided.
    _affecting: list[tuple[AppointmentRecord | None, Appointment | None]] = field(factory=list)
    #: What was known of the appointments in `todo`, to decide them again.
    _observed: dict[Identity, tuple[Observed, AppointmentRecord | None]] = field(factory=dict)

    def add_incoming(self, all_incoming: Mapping[Identity, Incoming]) -> None:
        """Decide for what came in."""
        if self.settings.combines:
            self._announce(all_incoming)
        for identities in batched(counted(all_incoming, "planning", len(all_incoming))):
            records = {record.identity: record for record in self.reader.records(identities=identities)}
            records |= {identity: self.taken_over[identity] for identity in identities if identity in self.taken_over}
            to_decide = [
                identity for identity in identities if self._must_decide(all_incoming[identity], records.get(identity))
            ]
            self.decide(
                [(identity, records.get(identity)) for identity in to_decide],
                {identity: all_incoming[identity].appointment for identity in to_decide},
            )
        self.seen.update(all_incoming)

    def _announce(self, all_incoming: Mapping[Identity, Incoming]) -> None:
        """Let neighbours know what is about to be recorded, before anything is decided."""
        for identities in batched(all_incoming):
            records = {record.identity: record for record in self.reader.records(identities=identities)}
            for identity in identities:
                if not self._is_older(all_incoming[identity], records.get(identity)):
                    incoming = all_incoming[identity]
                    self.neighbours.announce(identity, incoming.appointment)

    def _must_decide(self, incoming: Incoming, record: AppointmentRecord | None) -> bool:
        """Say whether what came in must be decided; else, stale or as it was recorded, it is noted at once."""
        identity = incoming.identity
        if self._is_older(incoming, record):
            self.outdated[identity], self.changes[identity] = _stale(identity), []
            return False
        if self._needs_no_look(record, incoming):
            assert record is not None  # noqa: S101 - what stands is recorded
            self.changes[identity] = self._recorded_changes(record)
            if self._is_noted(incoming, record):
                self.accepted.append(incoming)
            return False
        if record is None or record.removed or record.fingerprint != incoming.fingerprint:
            self.accepted.append(incoming)
            self._fresh.add(identity)
        elif self._is_noted(incoming, record):
            self.accepted.append(incoming)
        return True

    def _is_older(self, incoming: Incoming, record: AppointmentRecord | None) -> bool:
        """Say whether the ledger knows something newer than what came in, also that it is not there any more."""
        overtaken = self.snapshots.overtake(incoming.identity.source, incoming.as_of)
        if record is None:
            return overtaken or incoming.outdated
        return incoming.is_older_than(record, overtaken=overtaken)

    def _is_noted(self, incoming: Incoming, record: AppointmentRecord) -> bool:
        """Say whether something is to be written of what came in as it was recorded: its revision, or that it came."""
        if incoming.order[0] and incoming.order != record.revision:
            return True
        at = incoming.as_of.at if incoming.as_of else self.now
        return incoming.identity in self.scope.noted and AsOf.is_news(record.recorded_at, at)

    @property
    def yields(self) -> bool:
        """Whether the ledger serves another rule set, to which this one yields."""
        return self.terms.standing is Standing.YIELDS

    def _recorded_changes(self, record: AppointmentRecord) -> list[Change]:
        """Return the lines of an appointment that stands; what another rule set parked says so."""
        changes = recorded_changes(record, self.now)
        if not self.yields or record.planned_with == self.digest:
            return changes
        kept = (ChangeKind.KEEP, Reason.UNCHANGED)
        return [
            evolve(change, reason=Reason.OTHER_RULES) if (change.kind, change.reason) == kept else change
            for change in changes
        ]

    def _needs_no_look(self, record: AppointmentRecord | None, incoming: Incoming | None) -> bool:
        """Say whether a record stands: planned with these settings, nothing new (`incoming`), nothing due or open."""
        return (
            record is not None
            and not record.dirty
            and (self.yields or record.planned_with == self.digest)
            and (record.next_at is None or record.next_at > self.now)
            and not any(message.state in (State.CREATING, State.CANCELLING) for message in record.messages)
            and not (self._account_is_free and any(map(_waits_for_account, record.outcomes)))
            and (incoming is None or (incoming.fingerprint == record.fingerprint and not record.removed))
        )

    @property
    def _account_is_free(self) -> bool:
        """Whether nothing is known to stop the account: it was mended, or has another key by now."""
        accounts = {settings.account for settings in (self.settings, self.settings.fallback) if settings is not None}
        return not any(blocker.is_of_account and blocker.account in accounts for blocker in self.blockers)

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
        sent = self.reader.sent_before_many(
            list(dict.fromkeys((identity.source, identity.id) for identity, _ in recorded))
        )
        barred = self.barred.by_number
        all_observed = [
            Observed.of(identity, given[identity], record, barred, sent.get(identity[:2]), self.blockers)
            if identity in given or record is None
            else Observed.recorded(record, barred, sent.get(identity[:2]), self.blockers)
            for identity, record in recorded
        ]
        for observed, (_, record) in zip(self.neighbours.with_context(all_observed), recorded, strict=True):
            if record is None and observed.appointment is not None:
                gap = gap_of_new(observed.identity, observed.appointment, self.terms.restoration)
                self.add_decisions(observed if gap is None else evolve(observed, gap=gap), None)
            else:
                self.add_decisions(observed, record)

    def add_decisions(self, observed: Observed, record: AppointmentRecord | None) -> None:
        """Decide for one appointment, with its record (None: never recorded), and note what that comes to."""
        identity = observed.identity
        decisions, error = decisions_for(self.planned.before(observed), self.settings, self.now)
        self._note(decisions, observed, record)
        is_new = record is None or record.dirty or not record.planned_with or identity in self._fresh
        if self.yields:
            decisions = yielding(decisions, observed, fresh=is_new)
        self.other_providers |= _other_providers(decisions, self.settings)
        for decision in decisions if self.blockers else ():
            self.candidates.pop(decision.key, None)
            if found := candidate(decision, self.blockers, self.settings, self.now):
                self.candidates[decision.key] = found
        self.told_off |= {
            decision.key
            for decision in decisions
            if decision.kind in _PARKING and _tells_of_cancellation(decision) and decision.key not in observed.outcomes
        }
        self._note_twins(decisions, observed)
        self.changes[identity] = (
            [quarantined(identity, error)] if error else [line_of(decision) for decision in decisions]
        )
        news = error or is_new or (not self.yields and record is not None and record.planned_with != self.digest)
        effective = [decision for decision in decisions if _has_effect(decision, record) or self._is_due(decision)]
        if news or effective or (record is not None and self._is_looked_for(record)):
            self.todo[identity] = None
            if self.settings.combines:
                self._affecting.append((record, observed.appointment))
            if self.settings.spacing_reach:
                self._observed[identity] = observed, record
        if record is not None:
            past = [
                message
                for message in record.messages
                if message.state is State.SCHEDULED and is_past(message, self.now)
            ]
            self.over[identity] = Counter(message.provider for message in past)
            if not news and all(_waits_for_room(decision, record) for decision in effective):
                self.waiting[identity] = {decision.key for decision in effective}

    def _note_twins(self, decisions: Sequence[Decision], observed: Observed) -> None:
        """Note what is told again of what was told in the name of other appointments."""
        new = {decision.key: decision for decision in decisions if decision.kind is ChangeKind.SCHEDULE}
        self.again -= new.keys()
        self.again |= {key for key, decision in new.items() if _is_told_again(decision, observed)}

    def _is_due(self, decision: Decision) -> bool:
        """Say whether a parked message waits to be replaced, and may be if the one that is tried is taken."""
        return decision.kind is ChangeKind.KEEP and decision.park_at is not None and decision.park_at <= self.now

    def _is_looked_for(self, record: AppointmentRecord) -> bool:
        """Say whether a message of unknown outcome is to be looked for again, whatever is decided meanwhile."""
        return any(message.state is State.UNKNOWN and needs_settling(message, self.now) for message in record.messages)

    def sweep(self, records: Iterable[AppointmentRecord]) -> None:
        """Decide for recorded appointments that did not come in, or only as they were before."""
        for batch in batched(counted(records, "planning")):
            unseen = [record for record in batch if record.identity not in self.seen]
            self.seen.update(record.identity for record in unseen)
            for record in unseen:
                if self._needs_no_look(record, None) and not record.removed:
                    self.changes[record.identity] = self._recorded_changes(record)
            known = [*unseen, *(record for record in batch if record.identity in self.outdated)]
            unfinished = [record for record in known if not self._needs_no_look(record, None)]
            self.decide([(record.identity, record) for record in unfinished])

    def came_in(self, identity: Identity) -> bool:
        """Say whether an appointment came in, be it that the plan speaks for it or that it was let go as it is."""
        return identity in self.seen or self.scope.let_go(identity)

    def due(self) -> Iterator[AppointmentRecord]:
        """Yield the recorded appointments at which anything is to be done, or to be said; all others stand."""
        rows = self.scope.rows
        if self.scope.only_dirty:
            return self.reader.records(ended_after=self.now, dirty_only=True)
        if rows is None:
            rows = self.reader.sweep.needing_a_look(self.now, self.digest, waiting=self._account_is_free)
        return self.reader.records(rows=rows, ended_after=self.now)

    def withdraw(self, records: Iterable[AppointmentRecord], *, absent: bool = False) -> None:
        """Withdraw recorded appointments that did not come in; `absent`: for that reason, and not by name.

        Of those that are withdrawn already, whatever an earlier run did not come to the end of is gone on with.
        """
        for batch in batched(records):
            unseen = [record for record in batch if record.identity not in self.seen]
            left = [record for record in unseen if record.removed and not self._needs_no_look(record, None)]
            self.seen.update(record.identity for record in left)
            self.decide([(record.identity, record) for record in left])
            gone = [record for record in unseen if not record.removed]
            for record in gone:
                self.seen.add(record.identity)
                self.removals.append(record.identity)
                if absent:
                    self.absent[record.identity] = record.written
                self._fresh.add(record.identity)
                self.neighbours.announce(record.identity, None)
            self.decide([(record.identity, record) for record in gone], {record.identity: None for record in gone})

    def take_over(self, all_incoming: Mapping[Identity, Incoming]) -> None:
        """Find what comes in under another identity than it is recorded under: it is no new appointment, nor gone."""
        scopes = [self.scope] if self.scope.actor == "import" else list(self.scope.covered)
        found = takeovers(self.reader, self.settings, all_incoming, scopes, self.now)
        names = self.neighbours.names = NewNames.of(found, self.settings.defaults.namespace)
        self.taken_over, self.formerly = dict(names.records), dict(names.formerly)
        self.seen.update(self.formerly.values())

    def permitted(self, all_incoming: Mapping[Identity, Incoming], guard: Guard) -> Mapping[Identity, Incoming]:
        """Return what came in without the polled calendars of which too much vanished at once: nothing is done of them.

        What is new there would make room for what vanished to go with the next run.
        """
        for part in self.scope.covered if not self.scope.forced else ():
            if not part.complete or self.snapshots.overtake(part.source, part.as_of):
                continue
            gone = vanished(self.reader, part, lambda one: one in all_incoming or one in self.seen, self.now)
            going = sum(message.state is State.SCHEDULED for record in gone for message in record.messages)
            parked = self.reader.parked(source=part.source)
            if guard.is_too_much(going, parked):
                why = f"of the {parked} parked reminders of calendar {part.source!r} {going} would be withdrawn"
                self.refused[part.source or ""] = f"{why}, more than {guard.max_cancel_ratio:.0%}"
        if not self.refused:
            return all_incoming
        return {identity: one for identity, one in all_incoming.items() if identity.source not in self.refused}

    def decide_affected_neighbours(self) -> None:
        """Decide for appointments that are combined with one that changed, or no longer are.

        What came in was decided before it was known what is gone: where something is, it is decided again.
        """
        decided = set() if self.removals else set(self.todo)
        while self._affecting:
            affecting, self._affecting = self._affecting, []
            for batch in batched(affecting):
                rows = [record.row for record, _ in batch if record is not None]
                affected = self.neighbours.affected_by(rows, [appointment for _, appointment in batch])
                undecided = {identity: record for identity, record in affected.items() if identity not in decided}
                decided.update(undecided)
                self.decide(list(undecided.items()), self.neighbours.announced)

    def respace_new_messages(self) -> None:
        """Decide again, soonest first, where several new messages go to one number, so that they keep apart."""
        self.order = _soonest_first(self.todo, self._all())
        new = [change for change in self._all() if change.kind in _PARKING]
        count_by_number = Counter(change.to for change in new)
        planned: dict[str, list[Traffic]] = {}
        for identity in self.order if self.settings.spacing_reach else ():
            numbers = {
                change.to
                for change in self.changes[identity]
                if change.kind in _PARKING and count_by_number[change.to] > 1
            }
            if not numbers or identity not in self._observed:
                continue
            observed, record = self._observed[identity]
            self.add_decisions(with_planned(observed, planned), record)
            note_planned(planned, self.changes[identity])

    def _note(self, decisions: list[Decision], observed: Observed, record: AppointmentRecord | None) -> None:
        """Note decisions on which those of other appointments depend."""
        self.planned.note(decisions)
        if self.planned.depends(decisions):
            self._silent[observed.identity] = observed, record
        if self.settings.max_per_day is not None and not self.yields:
            self._decided[observed.identity] = decisions, observed

    def decide_silent_again(self) -> None:
        """Decide again for appointments that say nothing since another one says it: that may be taken back."""
        for observed, record in list(self._silent.values()):
            self.add_decisions(observed, record)

    def apply_day_limit(self) -> None:
        """Leave unsent what a number gets too much of in one day, in the light of all that was decided."""
        all_decisions = [decisions for decisions, _ in self._decided.values()]
        all_traffic = [observed.traffic for _, observed in self._decided.values()]
        limited = all_within_day_limit(all_decisions, all_traffic, self.settings, self.now)
        for identity, before, after in zip(self._decided, all_decisions, limited, strict=True):
            if after != before:
                self.changes[identity] = [line_of(decision) for decision in after]

    def _all(self) -> list[Change]:
        outdated = {identity: [line] for identity, line in self.outdated.items()}
        return [
            change for identity, changes in self.changes.items() for change in (*outdated.get(identity, ()), *changes)
        ]

    def choose_probes(self) -> None:
        """Hold what is stopped but for one reminder for each blocker that is due."""
        self.probes = probes(self.candidates)
        hold_for_probes(self.changes, self.candidates, self.probes)

    def apply_capacity(self, cap: int | None, provider: str) -> None:
        """Hold what a provider has no room for: the soonest are parked first. `cap` None: it has room for all."""
        if cap is None:
            return
        over = sum(counter[provider] for counter in self.over.values())

        def is_of(change: Change) -> bool:
            return self.other_providers.get(change.key, self.settings.provider) == provider

        held_back = hold_for_room(self.changes, is_of, lambda wanted: self.reader.room(cap, wanted, provider), over)
        self.held_back |= held_back
        if held_back:
            self.order = [identity for identity in self.order if not self.waiting.get(identity, {""}) <= self.held_back]

    def _passed_over(self) -> PassedOver:
        """Return how much the batch job did not look at, which stands as it was decided."""
        if not self.scope.sweep or not self.scope.whole:
            return PassedOver()
        rows = [row for batch in batched(self.seen) for row in self.reader.rows(batch).values()]
        return self.reader.sweep.passed_over(rows, self.now)

    def _takeovers(self) -> tuple[tuple[Identity, Identity], ...]:
        """Return the identities that are taken over, each with the one that does: those that are to be recorded."""
        accepted = {incoming.identity for incoming in self.accepted}
        return tuple((old, new) for new, old in self.formerly.items() if new in accepted)

    def plan(self, guard: Guard) -> Plan:
        """Return the plan as it is by now, with the guard that may refuse it."""
        scope = self.scope
        parked = 0
        if scope.guarded and (self.again or any(change.kind in _GOING for change in self._all())):
            parked = self.reader.parked(source=None if scope.sweep else scope.source)
        return Plan(
            now=self.now,
            actor=scope.actor,
            changes=tuple(self._all()),
            appointments=len(self.seen) - len(self.formerly),
            passed_over=self._passed_over(),
            worklist=Worklist(
                all_incoming=tuple(self.accepted),
                removals=tuple(self.removals),
                takeovers=self._takeovers(),
                order=tuple(self.order),
                held_back=frozenset(self.held_back),
                probes=self.probes,
                probing=tuple(
                    identity
                    for identity in self.order
                    if self.probes and not self.probes.isdisjoint(change.key for change in self.changes[identity])
                ),
                seen=self.absent,
                seen_at=scope.as_of.at if scope.as_of else self.now,
                snapshot=self.snapshots.news(scope),
                bid=self.terms.bid,
                standing=self.terms.standing,
                news=self.terms.news,
                complete=complete_sources(self.scope, self.terms.restoration),
                restoration=self.terms.restoration,
            ),
            parked=parked,
            guarded=scope.guarded,
            cancellations=len(self.told_off),
            again=len(self.again),
            guard=guard,
            barred=frozenset(self.barred.by_number)
            & {change.to or "" for change in self._all() if change.kind is ChangeKind.CANCEL},
            refusal=scope.refusal,
            refused=tuple(self.refused.items()),
            rules_refusal=self.terms.refusal,
        )


def _other_providers(decisions: Iterable[Decision], settings: Settings) -> dict[str, str]:
    """Return, by reminder key, the providers of what goes through, or is parked at, another one than the first."""
    if settings.fallback is None:
        return {}
    subjects = ((decision.key, decision.message or decision.reminder) for decision in decisions)
    providers = ((key, settings.of(subject).provider) for key, subject in subjects if subject is not None)
    return {key: provider for key, provider in providers if provider != settings.provider}


def _has_effect(decision: Decision, record: AppointmentRecord | None) -> bool:
    """Say whether carrying a decision out would write to the provider or change the record."""
    if decision.kind in _WORK or decision.adopt or "settle" in decision.causes:
        return True
    return record is None or decision.record not in record.outcomes


def _waits_for_account(reminder_record: ReminderRecord) -> bool:
    """Say whether a reminder is recorded as waiting until the account is mended."""
    return reminder_record.status is ReminderStatus.HELD and reminder_record.reason == Reason.WAITING_ACCOUNT


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


def _tells_of_cancellation(decision: Decision) -> bool:
    return decision.reminder is not None and decision.reminder.rule.id == CANCELLATION


def _is_addressed_to(record: AppointmentRecord, number: str) -> bool:
    """Say whether anything recorded of an appointment is addressed to a number."""
    return any(reminder_record.to == number for reminder_record in record.outcomes) or any(
        message.draft.to == number for message in record.messages
    )


def _stale(identity: Identity) -> Change:
    return Change(ChangeKind.SKIP, identity, "", "", "", None, None, None, Reason.STALE_REVISION)


def build_plan(
    reader: Reader,
    settings: Settings,
    all_incoming: Mapping[Identity, Incoming],
    scope: Scope,
    now: datetime,
    *,
    guard: Guard,
    cap: int | None,
    place: Place | None = None,
) -> Plan:
    """Return the plan of a run over this scope at `now` (UTC); all that is read is one snapshot of the ledger.

    `cap` is how many messages may be parked at the provider at once, None: any number. `place` is where the ledger is,
    None: nowhere (in memory), or not there yet.
    """
    terms = terms_of(reader, settings.rule_set, scope, place, now)
    barred = Barred(reader, settings.writer)
    neighbours = Neighbours(reader, settings, now, barred)
    blockers = reader.blockers()
    builder = PlanBuilder(reader, settings, now, scope, barred, settings.digest, blockers, neighbours, terms)
    builder.snapshots = Snapshots.known(reader, scope)
    builder.take_over(all_incoming)
    builder.add_incoming(builder.permitted(all_incoming, guard))
    for part in (scope, *(part for part in scope.covered if part.source not in builder.refused)):
        if (part.complete or part.covers) and not builder.snapshots.overtake(part.source, part.as_of):
            builder.withdraw(vanished(reader, part, builder.came_in, now), absent=True)
    if scope.withdraw:
        builder.withdraw(reader.records(identities=scope.withdraw))
    if scope.sweep:
        builder.sweep(builder.due())
    if scope.number:
        builder.sweep(record for record in reader.records(dirty_only=True) if _is_addressed_to(record, scope.number))
    builder.decide_silent_again()
    builder.decide_affected_neighbours()
    builder.decide_silent_again()
    builder.respace_new_messages()
    builder.apply_day_limit()
    builder.choose_probes()
    builder.apply_capacity(cap, settings.provider)
    if settings.fallback is not None and settings.fallback.provider != settings.provider:
        builder.apply_capacity(settings.fallback.cap, settings.fallback.provider)
    plan = builder.plan(guard)
    if not terms.foreign:
        return plan
    restored = terms.restoration is not None and not terms.restoration.adopted
    return plan.held_whole(terms.foreign, Reason.RESTORED_LEDGER if restored else Reason.FOREIGN_LEDGER)


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
