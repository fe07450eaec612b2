"""A plan in the making: what came in, what is gone and what is recorded, judged one chunk after the other.

Reads the ledger, never writes it, never touches the provider; `now` is an argument.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from attrs import define, evolve, field

from reminder_kit.model.appointments import Appointment
from reminder_kit.model.lifecycle import State
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import AppointmentRecord, Identity, Incoming, Suppression, Traffic
from reminder_kit.planning.changes import Change, ChangeKind
from reminder_kit.planning.decide import decisions_for, quarantined
from reminder_kit.planning.decision import Decision
from reminder_kit.planning.message_times import is_past
from reminder_kit.planning.observed import Observed
from reminder_kit.planning.plan import Guard, Plan, Worklist
from reminder_kit.planning.settings import Settings
from reminder_kit.planning.spacing import note_planned, with_planned
from reminder_kit.planning.unchanged import recorded_changes
from reminder_kit.reconciler.batches import batched
from reminder_kit.reconciler.neighbours import Neighbours
from reminder_kit.reconciler.scope import Scope

if TYPE_CHECKING:
    from reminder_kit.ledger.reader import Reader

__all__ = ["build_plan"]

_PARKING = (ChangeKind.SCHEDULE, ChangeKind.REPLACE)


@define
class PlanBuilder:
    """A plan in the making. Each appointment is judged in the light of those that share a phone with it."""

    reader: Reader
    settings: Settings
    now: datetime
    scope: Scope
    suppressed: Mapping[str, Suppression]
    digest: str
    neighbours: Neighbours
    changes: dict[Identity, list[Change]] = field(factory=dict)
    todo: dict[Identity, None] = field(factory=dict)
    order: Sequence[Identity] = ()
    accepted: list[Incoming] = field(factory=list)
    removals: list[Identity] = field(factory=list)
    seen: set[Identity] = field(factory=set)
    held_back: set[str] = field(factory=set)
    waiting: dict[Identity, set[str]] = field(factory=dict)
    over: dict[Identity, Counter[str]] = field(factory=dict)
    other_providers: dict[str, str] = field(factory=dict)
    _fresh: set[Identity] = field(factory=set)
    _affecting: list[tuple[AppointmentRecord | None, Appointment | None]] = field(factory=list)
    _observed: dict[Identity, tuple[Observed, AppointmentRecord | None]] = field(factory=dict)

    def add_incoming(self, all_incoming: Mapping[Identity, Incoming]) -> None:
        """Judge what came in."""
        if self.settings.combines:
            self._announce(all_incoming)
        for identities in batched(all_incoming):
            records = {record.identity: record for record in self.reader.records(identities=identities)}
            judged = [
                identity for identity in identities if self._is_decided(all_incoming[identity], records.get(identity))
            ]
            self.decide(
                [(identity, records.get(identity)) for identity in judged],
                {identity: all_incoming[identity].appointment for identity in judged},
            )
        self.seen.update(all_incoming)

    def _announce(self, all_incoming: Mapping[Identity, Incoming]) -> None:
        """Let neighbours know what is about to be recorded, before anyone is judged."""
        for identities in batched(all_incoming):
            records = {record.identity: record for record in self.reader.records(identities=identities)}
            for identity in identities:
                record, incoming = records.get(identity), all_incoming[identity]
                if record is None or not incoming.is_older_than(record, self.scope.as_of):
                    self.neighbours.announce(identity, incoming.appointment)

    def _is_decided(self, incoming: Incoming, record: AppointmentRecord | None) -> bool:
        """Say whether what came in is to be judged; what is stale, or stands as it was recorded, is told here."""
        identity = incoming.identity
        if record is not None and incoming.is_older_than(record, self.scope.as_of):
            self.changes[identity] = [_stale(identity)]
            return False
        if self._needs_no_look(record, incoming):
            assert record is not None  # noqa: S101 - what stands is recorded
            self.changes[identity] = recorded_changes(record, self.now)
            if incoming.order[0] and incoming.order != record.revision:
                self.accepted.append(incoming)
            return False
        if record is None or record.removed or record.fingerprint != incoming.fingerprint:
            self.accepted.append(incoming)
            self._fresh.add(identity)
        return True

    def _needs_no_look(self, record: AppointmentRecord | None, incoming: Incoming | None) -> bool:
        """Say whether a record needs no look: planned with these settings, nothing new, nothing due or open."""
        return (
            record is not None
            and not record.dirty
            and record.planned_with == self.digest
            and (record.next_at is None or record.next_at > self.now)
            and not any(message.state in (State.CREATING, State.CANCELLING) for message in record.messages)
            and (incoming is None or (incoming.fingerprint == record.fingerprint and not record.removed))
        )

    def decide(
        self,
        found: Sequence[tuple[Identity, AppointmentRecord | None]],
        given: Mapping[Identity, Appointment | None] = MappingProxyType({}),
    ) -> None:
        """Decide for appointments as they are recorded (None: never), or are given (None: withdrawn)."""
        if not found:
            return
        sent = self.reader.sent_before_many(
            list(dict.fromkeys((identity.source, identity.id) for identity, _ in found))
        )
        all_observed = [
            Observed.of(identity, given[identity], record, self.suppressed, sent.get((identity.source, identity.id)))
            if identity in given or record is None
            else Observed.recorded(record, self.suppressed, sent.get((identity.source, identity.id)))
            for identity, record in found
        ]
        for observed, (_, record) in zip(self.neighbours.with_context(all_observed), found, strict=True):
            self.add_decisions(observed, record)

    def add_decisions(self, observed: Observed, record: AppointmentRecord | None) -> None:
        """Decide for one appointment and note what that comes to."""
        identity = observed.identity
        decisions, error = decisions_for(observed, self.settings, self.now)
        self.other_providers |= _other_providers(decisions, self.settings)
        self.changes[identity] = (
            [quarantined(identity, error)] if error else [decision.change for decision in decisions]
        )
        news = error or record is None or record.planned_with != self.digest or record.dirty or identity in self._fresh
        matters = [decision for decision in decisions if _has_effect(decision, record)]
        if news or matters:
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
            if not news and all(_waits_for_room(decision, record) for decision in matters):
                self.waiting[identity] = {decision.key for decision in matters}

    def sweep(self, records: Iterable[AppointmentRecord]) -> None:
        """Look at recorded appointments that did not come in."""
        for batch in batched(records):
            waiting = [record for record in batch if record.identity not in self.seen]
            self.seen.update(record.identity for record in waiting)
            for record in waiting:
                if self._needs_no_look(record, None) and not record.removed:
                    self.changes[record.identity] = recorded_changes(record, self.now)
            moved = [record for record in waiting if not self._needs_no_look(record, None)]
            self.decide([(record.identity, record) for record in moved])

    def withdraw(self, records: Iterable[AppointmentRecord]) -> None:
        """Withdraw what its source no longer has."""
        for batch in batched(records):
            gone = [record for record in batch if record.identity not in self.seen and not record.removed]
            for record in gone:
                self.seen.add(record.identity)
                self.removals.append(record.identity)
                self._fresh.add(record.identity)
                self.neighbours.announce(record.identity, None)
            self.decide([(record.identity, record) for record in gone], {record.identity: None for record in gone})

    def decide_affected_neighbours(self) -> None:
        """Judge whoever is told together with, or apart from, an appointment that changed.

        What came in was judged before it was known what is gone: where something is, it is judged again.
        """
        judged = set() if self.removals else set(self.todo)
        while self._affecting:
            stirring, self._affecting = self._affecting, []
            for batch in batched(stirring):
                rows = [record.row for record, _ in batch if record is not None]
                found = self.neighbours.affected_by(rows, [appointment for _, appointment in batch])
                fresh = {identity: record for identity, record in found.items() if identity not in judged}
                judged.update(fresh)
                self.decide(list(fresh.items()), self.neighbours.announced)

    def respace_new_messages(self) -> None:
        """Decide again, soonest first, for those whose new messages to one number must mind each other."""
        self.order = _soonest_first(self.todo, self._all())
        new = [change for change in self._all() if change.kind in _PARKING]
        often = Counter(change.to for change in new)
        planned: dict[str, list[Traffic]] = {}
        for identity in self.order if self.settings.spacing_reach else ():
            numbers = {
                change.to for change in self.changes[identity] if change.kind in _PARKING and often[change.to] > 1
            }
            if not numbers or identity not in self._observed:
                continue
            observed, record = self._observed[identity]
            self.add_decisions(with_planned(observed, planned), record)
            note_planned(planned, self.changes[identity])

    def _all(self) -> list[Change]:
        return [change for found in self.changes.values() for change in found]

    def vanished(self, scope: Scope) -> Iterator[AppointmentRecord]:
        """Yield recorded future appointments of the source that are gone from it."""
        if scope.complete:
            found = self.reader.records(source=scope.source, ended_after=self.now)
            yield from (record for record in found if self._may_vanish(record, scope))
            return
        for ids in batched(scope.covers):
            found = self.reader.records(source=scope.source, ids=ids)
            yield from (record for record in found if self._may_vanish(record, scope))

    def _may_vanish(self, record: AppointmentRecord, scope: Scope) -> bool:
        inside = scope.horizon is None or record.start_at < scope.horizon
        before = record.recorded_at <= self.now
        return record.start_at > self.now and inside and before and record.identity.id not in scope.spare

    def apply_capacity(self, cap: int | None, provider: str) -> None:
        """Hold what a provider has no room for: the soonest are parked first."""
        if cap is None:
            return
        its = [
            (change, found, index)
            for found in self.changes.values()
            for index, change in enumerate(found)
            if self.other_providers.get(change.key, self.settings.provider) == provider
        ]
        new = [candidate for candidate in its if candidate[0].kind is ChangeKind.SCHEDULE]
        room = max(0, cap - self.reader.parked(provider=provider)) if new else 0
        freed = sum(counter[provider] for counter in self.over.values()) + sum(
            candidate[0].kind is ChangeKind.CANCEL for candidate in its
        )
        if len(new) <= room + freed:
            return
        new.sort(key=lambda item: (item[0].send_at, item[0].key))
        for change, found, index in new[room + freed :]:
            self.held_back.add(change.key)
            found[index] = evolve(change, kind=ChangeKind.HOLD, reason=Reason.AT_CAPACITY, send_at=None, text=None)
        self.order = [identity for identity in self.order if not self.waiting.get(identity, {""}) <= self.held_back]

    def plan(self, guard: Guard) -> Plan:
        """Return the plan."""
        scope = self.scope
        parked = 0
        if scope.guarded or scope.refusal:
            parked = self.reader.parked(source=None if scope.sweep else scope.source)
        return Plan(
            now=self.now,
            actor=scope.actor,
            changes=tuple(self._all()),
            appointments=len(self.seen),
            worklist=Worklist(
                all_incoming=tuple(self.accepted),
                removals=tuple(self.removals),
                order=tuple(self.order),
                held_back=frozenset(self.held_back),
                as_of=scope.as_of,
            ),
            parked=parked,
            guarded=scope.guarded,
            guard=guard,
            barred=frozenset(self.suppressed)
            & {change.to or "" for change in self._all() if change.kind is ChangeKind.CANCEL},
            refusal=scope.refusal,
        )


def _other_providers(decisions: Iterable[Decision], settings: Settings) -> dict[str, str]:
    """Return, by key, the providers of reminders that go through, or are parked at, another one than the first."""
    if settings.fallback is None:
        return {}
    whose = ((decision.key, decision.message or decision.reminder) for decision in decisions)
    found = ((key, settings.of(what).provider) for key, what in whose if what is not None)
    return {key: provider for key, provider in found if provider != settings.provider}


def _has_effect(decision: Decision, record: AppointmentRecord | None) -> bool:
    """Say whether carrying a decision out would change the provider or the ledger."""
    if decision.change.is_work or decision.adopt or "settle" in decision.change.causes:
        return True
    return record is None or decision.record not in record.outcomes


def _waits_for_room(decision: Decision, record: AppointmentRecord) -> bool:
    """Say whether a reminder to be parked is recorded as waiting for room already."""
    known = next((outcome for outcome in record.outcomes if outcome.key == decision.key), None)
    if known is None or decision.kind is not ChangeKind.SCHEDULE:
        return False
    return known.reason == Reason.AT_CAPACITY and known.due_at == decision.due_at


def _is_addressed_to(record: AppointmentRecord, number: str) -> bool:
    """Say whether anything recorded of an appointment is addressed to a number."""
    return any(outcome.to == number for outcome in record.outcomes) or any(
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
) -> Plan:
    """Return what a run over this scope would do; all that is read is one snapshot of the ledger."""
    suppressed = reader.suppressions()
    neighbours = Neighbours(reader, settings, now, suppressed)
    builder = PlanBuilder(reader, settings, now, scope, suppressed, settings.digest, neighbours)
    builder.add_incoming(all_incoming)
    for part in (scope, *scope.covered):
        if part.complete or part.covers:
            builder.withdraw(builder.vanished(part))
    if scope.withdraw:
        builder.withdraw(reader.records(identities=scope.withdraw))
    if scope.sweep:
        builder.sweep(reader.records(ended_after=now, dirty_only=scope.only_dirty))
    if scope.number:
        builder.sweep(record for record in reader.records(dirty_only=True) if _is_addressed_to(record, scope.number))
    builder.decide_affected_neighbours()
    builder.respace_new_messages()
    builder.apply_capacity(cap, settings.provider)
    if settings.fallback is not None and settings.fallback.provider != settings.provider:
        builder.apply_capacity(settings.fallback.cap, settings.fallback.provider)
    return builder.plan(guard)


def _soonest_first(todo: Collection[Identity], changes: Sequence[Change]) -> tuple[Identity, ...]:
    """Return the appointments to work on, those with the nearest send times first."""
    nearest: dict[Identity, datetime] = {}
    for change in changes:
        if change.is_work and change.send_at is not None:
            known = nearest.get(change.identity)
            nearest[change.identity] = change.send_at if known is None else min(known, change.send_at)
    with_work = sorted(
        (identity for identity in todo if identity in nearest), key=lambda identity: (nearest[identity], identity)
    )
    return (*with_work, *sorted(identity for identity in todo if identity not in nearest))
