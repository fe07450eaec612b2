"""Make a plan: read what the ledger knows, compare it with what came in, write nothing.

Never touches the provider, never creates or migrates a ledger; `now` is an argument.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import TypeVar

from attrs import define, evolve, field, frozen

from reminder_kit.case import Case, Decision, Settings, forgotten_at, is_past
from reminder_kit.changes import Change, Guard, Kind, Plan
from reminder_kit.ledger import Ledger
from reminder_kit.lifecycle import OPEN, SENT, State
from reminder_kit.model import Appointment, Message, Reason, normalise
from reminder_kit.plan import decide
from reminder_kit.records import Identity, Intake, Outcome, Record, SentBefore, Stand, Suppression

__all__ = [
    "Scope",
    "chunks",
    "decisions_for",
    "doubled",
    "in_doubt",
    "intakes_of",
    "is_doubtful",
    "make_plan",
    "needs_settling",
    "poisoned",
]

T = TypeVar("T")

_CHUNK = 500


@frozen
class Scope:
    """What a run is about.

    `source` is where the appointments come from; `complete` withdraws what that source
    no longer has, up to `horizon`; `covers` names ids of which all occurrences were
    handed in; `sweep` also looks at everything else in the ledger (the batch job);
    `guarded` says whether the guard's ratio applies.
    """

    actor: str
    source: str | None = None
    complete: bool = False
    covers: Collection[str] = ()
    spare: Collection[str] = ()
    sweep: bool = False
    only_dirty: bool = False
    guarded: bool = True
    horizon: datetime | None = None
    as_of: datetime | None = None
    refusal: str | None = None
    withdraw: Sequence[Identity] = ()
    covered: Sequence[Scope] = ()


def chunks(items: Iterable[T], size: int = _CHUNK) -> Iterator[list[T]]:
    """Yield the items in lists of at most that many."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def intakes_of(appointments: Iterable[Appointment], region: str | None) -> dict[Identity, Intake]:
    """Return what came in, one for each identity: of several, the one with the latest revision, else the last."""
    found: dict[Identity, Intake] = {}
    for appointment in appointments:
        intake = Intake.of(normalise(appointment, region))
        before = found.get(intake.identity)
        if before is None or not _is_older(intake, before):
            found[intake.identity] = intake
    return found


def _is_older(intake: Intake, other: Intake) -> bool:
    kind, order = intake.order
    return bool(kind) and kind == other.order[0] and order < other.order[1]


def needs_settling(message: Message, now: datetime) -> bool:
    """Say whether a message's last step was left open, or its time has passed unheard."""
    if message.state is State.SCHEDULED:
        return is_past(message, now)
    if message.state is State.UNKNOWN:
        return now >= forgotten_at(message)
    return message.state in OPEN


def doubled(messages: Sequence[Message]) -> list[Message]:
    """Return the parked messages, oldest first, of whose reminder a newer one may be parked as well."""
    newest = {message.key: message.id for message in messages if message.state in OPEN}
    return [each for each in messages if each.state is State.SCHEDULED and each.id != newest[each.key]]


def decisions_for(case: Case, settings: Settings, now: datetime) -> tuple[list[Decision], str]:
    """Return the decisions of one appointment, or none and the error: a broken one never stops the others."""
    try:
        return decide(case, settings, now), ""
    except Exception as error:  # noqa: BLE001 - whatever a host's data or callable raises concerns this appointment only
        return [], f"{type(error).__name__}: {error}"


def poisoned(identity: Identity, error: str) -> Change:
    """Return the change that lists an appointment nothing could be decided for."""
    return Change(Kind.SKIP, identity, "", "", "", None, None, None, Reason.QUARANTINED, outcome="failed", error=error)


def recorded_changes(record: Record, now: datetime) -> list[Change]:
    """Return what to say of an appointment whose outcomes stand as they were recorded."""
    parked = {message.key: message for message in record.messages if message.state in OPEN or message.state in SENT}
    doubtful = {message.key for message in record.messages if is_doubtful(message, now)}
    return [
        in_doubt(change) if change.key in doubtful else change
        for change in (_standing(record.identity, outcome, parked.get(outcome.key)) for outcome in record.outcomes)
    ]


def is_doubtful(message: Message, now: datetime) -> bool:
    """Say whether a message may be parked without our ever having learned of it."""
    return message.state is State.UNKNOWN and message.send_at > now


def in_doubt(change: Change) -> Change:
    """Return a change that says so: whatever else holds for its reminder, one message of it is not accounted for."""
    note = "an earlier message for this reminder was never confirmed: it may be sent as well"
    return evolve(change, outcome="unknown", error=change.error or note)


def _standing(identity: Identity, outcome: Outcome, message: Message | None) -> Change:
    kind, reason = Kind.SKIP, Reason(outcome.reason)
    if outcome.stand is Stand.HELD:
        kind = Kind.HOLD
    elif outcome.stand is Stand.PARKED:
        kind, reason = (Kind.KEEP, Reason.UNCHANGED)
        if message is not None and message.state not in OPEN:
            kind, reason = Kind.SKIP, Reason.ALREADY_SENT
    live = message if message is not None and outcome.stand is Stand.PARKED else None
    return Change(
        kind=kind,
        identity=identity,
        key=outcome.key,
        rule=outcome.rule,
        recipient=outcome.recipient,
        to=outcome.to or None,
        due_at=outcome.due_at,
        send_at=live.send_at if live else None,
        reason=reason,
        text=live.draft.text if live else None,
        message_id=live.provider_id if live else None,
        error=outcome.error or None,
    )


@define
class _Draft:
    """A plan in the making."""

    ledger: Ledger
    settings: Settings
    now: datetime
    scope: Scope
    suppressed: Mapping[str, Suppression]
    digest: str
    changes: list[Change] = field(factory=list)
    todo: list[Identity] = field(factory=list)
    intakes: list[Intake] = field(factory=list)
    removals: list[Identity] = field(factory=list)
    seen: set[Identity] = field(factory=set)
    held_back: set[str] = field(factory=set)
    waiting: dict[Identity, set[str]] = field(factory=dict)
    over: int = 0

    def take_in(self, incoming: Mapping[Identity, Intake]) -> None:
        for identities in chunks(incoming):
            records = {record.identity: record for record in self.ledger.records(identities=identities)}
            sent = self._sent([each for each in identities if not self._stands(records.get(each), incoming[each])])
            for identity in identities:
                self._take_one(incoming[identity], records.get(identity), sent.get((identity.source, identity.id)))
        self.seen.update(incoming)

    def _sent(
        self, identities: Sequence[Identity]
    ) -> Mapping[tuple[str, str], Mapping[tuple[str, str], list[SentBefore]]]:
        pairs = list(dict.fromkeys((each.source, each.id) for each in identities))
        return self.ledger.sent_before_many(pairs) if pairs else {}

    def _stands(self, record: Record | None, intake: Intake | None) -> bool:
        """Say whether a record needs no look: planned with these settings, nothing new, nothing due or open."""
        return (
            record is not None
            and not record.dirty
            and record.planned_with == self.digest
            and (record.next_at is None or record.next_at > self.now)
            and not any(each.state in (State.CREATING, State.CANCELLING) for each in record.messages)
            and (intake is None or (intake.fingerprint == record.fingerprint and not record.removed))
        )

    def _take_one(
        self,
        intake: Intake,
        record: Record | None,
        sent: Mapping[tuple[str, str], list[SentBefore]] | None,
    ) -> None:
        identity = intake.identity
        if record is not None and intake.is_older_than(record, self.scope.as_of):
            self.changes.append(_stale(identity))
            return
        if self._stands(record, intake):
            assert record is not None  # noqa: S101 - what stands is recorded
            self.changes += recorded_changes(record, self.now)
            if intake.order[0] and intake.order != record.revision:
                self.intakes.append(intake)
            return
        if record is None or record.removed or record.fingerprint != intake.fingerprint:
            self.intakes.append(intake)
        self.judge(identity, intake.appointment, record, sent)

    def judge(
        self,
        identity: Identity,
        appointment: Appointment | None,
        record: Record | None,
        sent: Mapping[tuple[str, str], list[SentBefore]] | None,
    ) -> None:
        decisions, error = decisions_for(
            Case.of(identity, appointment, record, self.suppressed, sent), self.settings, self.now
        )
        if error:
            self.changes.append(poisoned(identity, error))
        self.changes += [each.change for each in decisions]
        news = error or record is None or record.planned_with != self.digest or self._is_news(identity, record)
        matters = [each for each in decisions if _matters(each, record)]
        if news or matters:
            self.todo.append(identity)
        if record is not None:
            self.over += sum(each.state is State.SCHEDULED and is_past(each, self.now) for each in record.messages)
            if not news and all(_waits(each, record) for each in matters):
                self.waiting[identity] = {each.change.key for each in matters}

    def _is_news(self, identity: Identity, record: Record) -> bool:
        """Say whether the appointment itself is new to the ledger, or not worked on since it changed."""
        written = bool(self.intakes) and self.intakes[-1].identity == identity
        removed = bool(self.removals) and self.removals[-1] == identity
        return record.dirty or written or removed

    def look_at(self, records: Iterable[Record]) -> None:
        """Look at recorded appointments that did not come in."""
        for batch in chunks(records):
            waiting = [each for each in batch if each.identity not in self.seen]
            sent = self._sent([each.identity for each in waiting if not self._stands(each, None)])
            for record in waiting:
                self.seen.add(record.identity)
                if self._stands(record, None):
                    if not record.removed:
                        self.changes += recorded_changes(record, self.now)
                    continue
                pair = (record.identity.source, record.identity.id)
                self.judge(record.identity, None if record.removed else record.appointment, record, sent.get(pair))

    def withdraw(self, records: Iterable[Record]) -> None:
        """Withdraw what its source no longer has."""
        for record in records:
            if record.identity in self.seen or record.removed:
                continue
            self.seen.add(record.identity)
            self.removals.append(record.identity)
            self.judge(record.identity, None, record, None)

    def vanished(self, scope: Scope) -> Iterator[Record]:
        """Yield recorded future appointments of the source that are gone from it (design, §13 "Completeness")."""
        if scope.complete:
            found = self.ledger.records(source=scope.source, ended_after=self.now)
            yield from (record for record in found if self._may_vanish(record, scope))
            return
        for ids in chunks(scope.covers):
            found = self.ledger.records(source=scope.source, ids=ids)
            yield from (record for record in found if self._may_vanish(record, scope))

    def _may_vanish(self, record: Record, scope: Scope) -> bool:
        inside = scope.horizon is None or record.start_at < scope.horizon
        before = record.recorded_at <= self.now
        return record.start_at > self.now and inside and before and record.identity.id not in scope.spare

    def hold_back(self, cap: int | None) -> None:
        """Hold what the provider has no room for: the soonest are parked first."""
        if cap is None:
            return
        new = [index for index, change in enumerate(self.changes) if change.kind is Kind.SCHEDULE]
        room = max(0, cap - self.ledger.parked()) if new else 0
        freed = self.over + sum(change.kind is Kind.CANCEL for change in self.changes)
        if len(new) <= room + freed:
            return
        new.sort(key=lambda index: (self.changes[index].send_at, self.changes[index].key))
        for index in new[room + freed :]:
            change = self.changes[index]
            self.held_back.add(change.key)
            self.changes[index] = evolve(change, kind=Kind.HOLD, reason=Reason.AT_CAPACITY, send_at=None, text=None)
        self.todo = [each for each in self.todo if not self.waiting.get(each, {""}) <= self.held_back]


def _matters(decision: Decision, record: Record | None) -> bool:
    """Say whether carrying a decision out would change the provider or the ledger."""
    if decision.change.is_work or decision.adopt or "settle" in decision.change.causes:
        return True
    return record is None or decision.outcome not in record.outcomes


def _waits(decision: Decision, record: Record) -> bool:
    """Say whether a reminder to be parked is recorded as waiting for room already."""
    known = next((each for each in record.outcomes if each.key == decision.change.key), None)
    if known is None or decision.change.kind is not Kind.SCHEDULE:
        return False
    return known.reason == Reason.AT_CAPACITY and known.due_at == decision.outcome.due_at


def _stale(identity: Identity) -> Change:
    return Change(Kind.SKIP, identity, "", "", "", None, None, None, Reason.STALE_REVISION)


def make_plan(
    ledger: Ledger,
    settings: Settings,
    incoming: Mapping[Identity, Intake],
    scope: Scope,
    now: datetime,
    *,
    guard: Guard,
    cap: int | None,
) -> Plan:
    """Return what a run over this scope would do."""
    draft = _Draft(ledger, settings, now, scope, ledger.suppressions(), settings.digest)
    draft.take_in(incoming)
    for each in (scope, *scope.covered):
        if each.complete or each.covers:
            draft.withdraw(draft.vanished(each))
    if scope.withdraw:
        draft.withdraw(ledger.records(identities=scope.withdraw))
    if scope.sweep:
        draft.look_at(ledger.records(ended_after=now, dirty_only=scope.only_dirty))
    draft.hold_back(cap)
    parked = ledger.parked(source=None if scope.sweep else scope.source) if scope.guarded or scope.refusal else 0
    return Plan(
        now=now,
        actor=scope.actor,
        changes=tuple(draft.changes),
        appointments=len(draft.seen),
        intakes=tuple(draft.intakes),
        removals=tuple(draft.removals),
        todo=_soonest_first(draft.todo, draft.changes),
        held_back=frozenset(draft.held_back),
        parked=parked,
        guarded=scope.guarded,
        guard=guard,
        refusal=scope.refusal,
        as_of=scope.as_of,
    )


def _soonest_first(todo: Sequence[Identity], changes: Sequence[Change]) -> tuple[Identity, ...]:
    """Return the appointments to work on, those with the nearest send times first."""
    nearest: dict[Identity, datetime] = {}
    for change in changes:
        if change.is_work and change.send_at is not None:
            known = nearest.get(change.identity)
            nearest[change.identity] = change.send_at if known is None else min(known, change.send_at)
    with_work = sorted((each for each in todo if each in nearest), key=lambda each: (nearest[each], each))
    return (*with_work, *sorted(each for each in todo if each not in nearest))
