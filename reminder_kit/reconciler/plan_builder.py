"""The plan builder: a plan of what came in, what is gone and what is recorded, decided one batch after the other.

Reads one snapshot of the ledger. Never writes, and never asks the provider; `now` is an argument.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from attrs import define, field

from reminder_kit.model.as_of import AsOf, Written
from reminder_kit.model.lifecycle import State
from reminder_kit.model.places import Place
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import (
    AppointmentRecord,
    Identity,
    Incoming,
)
from reminder_kit.planning.changes import Change, ChangeKind, PassedOver
from reminder_kit.planning.plan import Guard, Plan, Worklist
from reminder_kit.planning.probing import probes
from reminder_kit.planning.settings import Settings
from reminder_kit.progress import counted
from reminder_kit.reconciler.absences import vanished
from reminder_kit.reconciler.barred import Barred
from reminder_kit.reconciler.batches import batched
from reminder_kit.reconciler.deciding import Deciding
from reminder_kit.reconciler.holding_back import hold_for_probes, hold_for_room
from reminder_kit.reconciler.looking import Looking
from reminder_kit.reconciler.neighbours import Neighbours
from reminder_kit.reconciler.restored import complete_sources
from reminder_kit.reconciler.scope import Scope
from reminder_kit.reconciler.snapshots import Snapshots
from reminder_kit.reconciler.takeovers import NewNames, takeovers
from reminder_kit.reconciler.terms import terms_of

if TYPE_CHECKING:
    from reminder_kit.ledger.reader import Reader

__all__ = ["build_plan"]

_GOING = (ChangeKind.CANCEL, ChangeKind.REPLACE)


@define
class PlanBuilder:
    """A plan in the making: what comes in, what is recorded, and what is gone is passed on to be decided."""

    #: The snapshot of the ledger.
    reader: Reader
    #: What decides besides the data.
    settings: Settings
    #: The instant of the plan, UTC.
    now: datetime
    #: What the plan speaks for.
    scope: Scope
    #: At which recorded appointments it must look, on which terms.
    looking: Looking
    #: What is decided.
    deciding: Deciding
    #: What came in and is to be recorded.
    accepted: list[Incoming] = field(factory=list)
    #: The appointments to be marked as removed.
    removals: list[Identity] = field(factory=list)
    #: The appointments the plan speaks for.
    seen: set[Identity] = field(factory=set)
    #: The keys of reminders for which a provider has no room.
    held_back: set[str] = field(factory=set)
    #: The keys of the reminders that are tried although something stops them, by the name of the blocker.
    probes: Mapping[str, str] = field(factory=dict)
    #: The newest complete snapshots that were carried out.
    snapshots: Snapshots = field(factory=Snapshots)
    #: What comes in under another identity than it is recorded under, as it will be then; and who it was.
    taken_over: dict[Identity, AppointmentRecord] = field(factory=dict)
    formerly: dict[Identity, Identity] = field(factory=dict)
    #: The polled calendars whose absences are not taken for an answer, each with why.
    refused: dict[str, str] = field(factory=dict)
    #: How those were read that are withdrawn for their absence.
    absent: dict[Identity, Written] = field(factory=dict)

    def add_incoming(self, all_incoming: Mapping[Identity, Incoming]) -> None:
        """Decide for what came in."""
        self.deciding.incoming = all_incoming
        if self.settings.combines:
            self._announce(all_incoming)
        for identities in batched(counted(all_incoming, "planning", len(all_incoming))):
            records = self.deciding.neighbours.recorded(identities)
            records |= {identity: self.taken_over[identity] for identity in identities if identity in self.taken_over}
            to_decide = [
                identity for identity in identities if self._must_decide(all_incoming[identity], records.get(identity))
            ]
            self.deciding.decide(
                [(identity, records.get(identity)) for identity in to_decide],
                {identity: all_incoming[identity].appointment for identity in to_decide},
            )
        self.seen.update(all_incoming)

    def _announce(self, all_incoming: Mapping[Identity, Incoming]) -> None:
        """Let neighbours know what is about to be recorded, before anything is decided."""
        for identities in batched(all_incoming):
            records = self.deciding.neighbours.recorded(identities)
            for identity in identities:
                if not self._is_older(all_incoming[identity], records.get(identity)):
                    incoming = all_incoming[identity]
                    self.deciding.neighbours.announce(identity, incoming.appointment)

    def _must_decide(self, incoming: Incoming, record: AppointmentRecord | None) -> bool:
        """Say whether what came in must be decided; else, stale or as it was recorded, it is noted at once."""
        identity = incoming.identity
        if self._is_older(incoming, record):
            self.deciding.outdated[identity], self.deciding.changes[identity] = _stale(identity), []
            return False
        if self.looking.needs_no_look(record, incoming):
            assert record is not None  # noqa: S101 - what stands is recorded
            self.deciding.changes[identity] = self.looking.recorded_changes(record)
            if self._is_noted(incoming, record):
                self.accepted.append(incoming)
            return False
        if record is None or record.removed or record.fingerprint != incoming.fingerprint:
            self.accepted.append(incoming)
            self.deciding.fresh.add(identity)
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
        is_news = AsOf.is_news(record.recorded_at, at) or record.recorded_at > AsOf.latest(self.now)
        return incoming.identity in self.scope.noted and is_news

    def sweep(self, records: Iterable[AppointmentRecord]) -> None:
        """Decide for recorded appointments that did not come in, or only as they were before."""
        for batch in batched(counted(records, "planning")):
            unseen = [record for record in batch if record.identity not in self.seen]
            self.seen.update(record.identity for record in unseen)
            for record in unseen:
                if self.looking.needs_no_look(record) and not record.removed:
                    self.deciding.changes[record.identity] = self.looking.recorded_changes(record)
            known = [*unseen, *(record for record in batch if record.identity in self.deciding.outdated)]
            unfinished = [record for record in known if not self.looking.needs_no_look(record)]
            self.deciding.decide([(record.identity, record) for record in unfinished])

    def came_in(self, identity: Identity) -> bool:
        """Say whether an appointment came in, be it that the plan speaks for it or that it was let go as it is."""
        return identity in self.seen or self.scope.let_go(identity)

    def due(self) -> Iterator[AppointmentRecord]:
        """Yield the recorded appointments at which anything is to be done, or to be said; all others stand."""
        rows = self.scope.rows
        if self.scope.only_dirty:
            return self.reader.records(ended_after=self.now, dirty_only=True)
        if rows is None:
            digest, waiting = self.settings.digest, self.looking.account_is_free
            rows = self.reader.sweep.needing_a_look(self.now, digest, waiting=waiting)
        return self.reader.records(rows=rows, ended_after=self.now)

    def withdraw(self, records: Iterable[AppointmentRecord], *, absent: bool = False) -> None:
        """Withdraw recorded appointments that did not come in; `absent`: for that reason, and not by name.

        Of those that are withdrawn already, whatever an earlier run did not come to the end of is gone on with.
        """
        for batch in batched(records):
            unseen = [record for record in batch if record.identity not in self.seen]
            left = [record for record in unseen if record.removed and not self.looking.needs_no_look(record)]
            self.seen.update(record.identity for record in left)
            self.deciding.decide([(record.identity, record) for record in left])
            gone = [record for record in unseen if not record.removed]
            for record in gone:
                self.seen.add(record.identity)
                self.removals.append(record.identity)
                if absent:
                    self.absent[record.identity] = record.written
                self.deciding.fresh.add(record.identity)
                self.deciding.neighbours.announce(record.identity, None)
            self.deciding.decide(
                [(record.identity, record) for record in gone], {record.identity: None for record in gone}
            )

    def take_over(self, all_incoming: Mapping[Identity, Incoming]) -> None:
        """Find what comes in under another identity than it is recorded under: it is no new appointment, nor gone."""
        scopes = [self.scope] if self.scope.actor == "import" else list(self.scope.covered)
        found = takeovers(self.reader, self.settings, all_incoming, scopes, self.now)
        names = NewNames.of(found, self.settings.defaults.namespace)
        self.deciding.neighbours.rename(names)
        self.taken_over, self.formerly = dict(names.records), dict(names.formerly)
        self.seen.update(self.formerly.values())

    def permitted(self, all_incoming: Mapping[Identity, Incoming], guard: Guard) -> Mapping[Identity, Incoming]:
        """Return what came in without the polled calendars of which too much vanished at once: nothing is done of them.

        What is new there would make room for what vanished to go with the next run.
        """
        for part in self.scope.covered if not self.scope.forced else ():
            if not (part.complete or part.gone) or self.snapshots.overtake(part.source, part.as_of):
                continue
            came_in = (all_incoming.keys() - part.called_off) | self.seen
            gone = vanished(self.reader, part, came_in.__contains__, self.now)
            going = sum(message.state is State.SCHEDULED for record in gone for message in record.messages)
            parked = self.reader.parked(source=part.source)
            if guard.is_too_much(going, parked):
                why = f"of the {parked} parked reminders of calendar {part.source!r} {going} would be withdrawn"
                self.refused[part.source or ""] = f"{why}, more than {guard.max_cancel_ratio:.0%}"
        if not self.refused:
            return all_incoming
        return {identity: one for identity, one in all_incoming.items() if identity.source not in self.refused}

    def choose_probes(self) -> None:
        """Hold what is stopped but for one reminder for each blocker that is due."""
        self.probes = probes(self.deciding.candidates)
        hold_for_probes(self.deciding.changes, self.deciding.candidates, self.probes.values())

    def apply_capacity(self, cap: int | None, provider: str) -> None:
        """Hold what a provider has no room for: the soonest are parked first. `cap` None: it has room for all."""
        if cap is None:
            return
        over = sum(counter[provider] for counter in self.deciding.over.values())

        def is_of(change: Change) -> bool:
            return self.deciding.other_providers.get(change.key, self.settings.provider) == provider

        held_back = hold_for_room(
            self.deciding.changes, is_of, lambda wanted: self.reader.room(cap, wanted, provider), over
        )
        self.held_back |= held_back
        if held_back:
            self.deciding.leave_waiting(self.held_back)

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
        if scope.guarded and (self.deciding.again or any(change.kind in _GOING for change in self.deciding.lines())):
            parked = self.reader.parked(source=None if scope.sweep else scope.source)
        return Plan(
            now=self.now,
            actor=scope.actor,
            changes=tuple(self.deciding.lines()),
            appointments=len(self.seen) - len(self.formerly),
            passed_over=self._passed_over(),
            worklist=Worklist(
                all_incoming=tuple(self.accepted),
                removals=tuple(self.removals),
                takeovers=self._takeovers(),
                order=tuple(self.deciding.order),
                held_back=frozenset(self.held_back),
                probes=self.probes,
                probing=self.deciding.of_keys(self.probes.values()),
                seen=self.absent,
                seen_at=scope.as_of.at if scope.as_of else self.now,
                snapshot=self.snapshots.news(scope),
                bid=self.looking.terms.bid,
                standing=self.looking.terms.standing,
                news=self.looking.terms.news,
                complete=complete_sources(self.scope, self.looking.terms.restoration),
                restoration=self.looking.terms.restoration,
            ),
            parked=parked,
            guarded=scope.guarded,
            cancellations=len(self.deciding.told_off),
            again=len(self.deciding.again),
            guard=guard,
            barred=frozenset(self.deciding.neighbours.barred.by_number)
            & {change.to or "" for change in self.deciding.lines() if change.kind is ChangeKind.CANCEL},
            refusal=scope.refusal,
            refused=tuple(self.refused.items()),
            rules_refusal=self.looking.terms.refusal,
        )


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
    looking = Looking(settings, now, terms, reader.blockers())
    neighbours = Neighbours(reader, settings, now, Barred(reader, settings.writer))
    builder = PlanBuilder(reader, settings, now, scope, looking, Deciding(looking, neighbours))
    builder.snapshots = Snapshots.known(reader, scope, now)
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
    builder.deciding.decide_together(anew=bool(builder.removals))
    builder.choose_probes()
    builder.apply_capacity(cap, settings.provider)
    if settings.fallback is not None and settings.fallback.provider != settings.provider:
        builder.apply_capacity(settings.fallback.cap, settings.fallback.provider)
    plan = builder.plan(guard)
    if not terms.foreign:
        return plan
    restored = terms.restoration is not None and not terms.restoration.adopted
    return plan.held_whole(terms.foreign, Reason.RESTORED_LEDGER if restored else Reason.FOREIGN_LEDGER)
