"""Apply a plan: record, claim, settle, decide again at the current clock, carry out, write down, give back.

The only place where what is wanted, what is recorded and what is done come together; one
implementation for both faces: coroutines over the `IO` port. Never reads a clock itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Coroutine, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

from attrs import define, evolve, field

from reminder_kit.delivery.dispatcher import Dispatcher, DispatchResult, DispatchStatus
from reminder_kit.delivery.exchange import isolated
from reminder_kit.delivery.retry import CircuitBreaker, ClockSkew
from reminder_kit.delivery.routes import Dispatchers, Route
from reminder_kit.errors import SenderRefusedError
from reminder_kit.ledger.ledger import Ledger
from reminder_kit.model.lifecycle import State
from reminder_kit.model.messages import Message
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import (
    FORCED,
    AppointmentRecord,
    Claim,
    Identity,
    RecordResult,
    ReminderRecord,
    ReminderStatus,
    Traffic,
    is_open,
)
from reminder_kit.planning.changes import Change, ChangeKind
from reminder_kit.planning.decide import decisions_for
from reminder_kit.planning.decision import Decision
from reminder_kit.planning.message_times import needs_settling, stale_duplicates
from reminder_kit.planning.observed import Observed
from reminder_kit.planning.plan import Plan
from reminder_kit.planning.report import Report
from reminder_kit.planning.revision import held, may_still_send, placed_again, start_of
from reminder_kit.planning.settings import Settings
from reminder_kit.planning.spacing import note_planned, with_planned
from reminder_kit.ports import IO, Provider
from reminder_kit.reconciler.batches import batched
from reminder_kit.reconciler.leases import LEASE, Heartbeat, Owner, is_dead
from reminder_kit.reconciler.neighbours import Neighbours
from reminder_kit.reconciler.reporting import merged, reported, why
from reminder_kit.reconciler.work_item import WorkItem, release

if TYPE_CHECKING:
    from reminder_kit.ledger.transaction import Transaction

__all__ = ["Executor"]

_BATCH = 100
_AGAIN = 2
_PATIENCE = 90.0
_ROUNDS = 4
"""How often what is told together is gone through at the most, until nothing that was done concerns another one."""

_RETRY_HELD = timedelta(seconds=30)


@define
class Execution:
    """One plan while it is carried out: what was done so far, and who is to be looked at again."""

    plan: Plan
    patient: bool = field(kw_only=True)
    done: dict[Identity, list[Change]] = field(factory=dict)
    woken: dict[Identity, None] = field(factory=dict)


@define
class Executor:
    """What both faces of the kit drive."""

    ledger: Ledger
    provider: Provider
    settings: Settings
    io: IO
    clock: Callable[[], datetime]
    breaker: CircuitBreaker = field(factory=CircuitBreaker)
    skew: ClockSkew = field(factory=ClockSkew)
    owner: Owner | str = field(factory=Owner)
    fallback: Route | None = None
    _claim_numbers: Iterator[int] = field(factory=count)

    async def apply(self, plan: Plan, *, patient: bool = False, forced: bool = False) -> Report:
        """Carry a plan out and report every change, as it really was.

        `patient` leaves failed steps alone until their back-off is over (the batch job).
        `forced` says that its guard was overridden: that is noted until it has ended, so
        that the batch job need not be forced to end it if this process is killed.
        """
        if plan.work:
            self.provider.headers()  # a missing key is told before anything is written
        await self.io.call(self.ledger.prepare)
        if forced:
            await self._commit(lambda tx: tx.mark_run(FORCED, plan.now, {"open": True}))
        refused = await self._record(plan)
        run = Execution(plan, patient=patient)
        waiting = [identity for identity in plan.todo if identity not in refused]
        for _ in range(_ROUNDS):
            run.woken = {}
            await self._work_through(waiting, run)
            waiting = list(run.woken)
        changes = tuple(reported(plan, run.done, refused))
        report = Report(now=plan.now, changes=changes, appointments=plan.appointments)
        if report.ok and (forced or (patient and await self.io.call(self._forced_is_open, plan.now))):
            await self._commit(lambda tx: tx.mark_run(FORCED, plan.now, {"open": False}))
        return report

    def _forced_is_open(self, now: datetime) -> bool:
        return is_open(self.ledger.last_run(FORCED), now)

    async def _record(self, plan: Plan) -> set[Identity]:
        """Record what came in and what is gone, all or nothing; returns what a newer revision kept out meanwhile."""
        if not plan.all_incoming and not plan.removals:
            return set()
        kept = await self._commit(partial(_record_all, plan, self.clock()))
        return {
            incoming.identity
            for incoming, result in zip(plan.all_incoming, kept, strict=True)
            if result is RecordResult.STALE
        }

    async def _commit(self, op: Callable[[Any], Any]) -> Any:
        return await self.io.result(self.ledger.submit(op))

    async def _work_through(self, waiting: Sequence[Identity], run: Execution) -> None:
        """Work batch by batch, past what another worker holds; then wait for that (the batch job leaves it to it)."""
        waited, delay = 0.0, 0.05
        while True:
            waiting = [identity for batch in batched(waiting, _BATCH) for identity in await self._work(batch, run)]
            if run.patient or not waiting or waited >= _PATIENCE:
                break
            await self.io.sleep(delay)
            waited, delay = waited + delay, min(delay * 2, 1.0)
        error = "another worker holds this appointment; the next resync finishes it"
        for identity in () if run.patient else waiting:
            planned = [change for change in run.plan.changes if change.identity == identity]
            run.done[identity] = [evolve(change, outcome="failed", error=error) for change in planned if change.is_work]

    async def _work(self, identities: Sequence[Identity], run: Execution) -> list[Identity]:
        """Work on appointments nobody else holds; returns those somebody does, and notes whom else it concerns."""
        works = await self._claim(identities)
        dispatchers = self._dispatchers(run.plan.actor, patient=run.patient)
        finished = False
        try:
            with Heartbeat(self.ledger, [work.claim for work in works], self.clock):
                await self._settle(works, dispatchers)
                await self.io.call(self._decide, works, run.plan.held_back)
                await self._carry_out(works, dispatchers)
                for _ in range(_AGAIN):
                    if again := [work for work in works if work.decide_again]:
                        await self._reread(again)
                        await self.io.call(self._decide, again, run.plan.held_back)
                        await self._carry_out(again, dispatchers)
            finished = True
        finally:
            await (self._release(works, run) if finished else self._expire(works))
        for work in works:
            run.done[work.record.identity] = merged(run.done.get(work.record.identity, ()), work.reported())
        held = {work.record.identity for work in works}
        return [identity for identity in identities if identity not in held]

    def _dispatchers(self, actor: str, *, patient: bool) -> Dispatchers:
        first = Route(self.provider, self.settings, self.io, self.breaker, self.skew)
        found = [
            Dispatcher(
                route.provider,
                route.io,
                self.ledger,
                route.settings,
                self.clock,
                actor,
                route.breaker,
                patient=patient,
                skew=route.skew,
            )
            for route in (first, self.fallback)
            if route is not None
        ]
        return Dispatchers(*found)

    async def _claim(self, identities: Sequence[Identity]) -> list[WorkItem]:
        now, owner = self.clock(), f"{self.owner}.{next(self._claim_numbers)}"

        def claim(tx: Transaction) -> tuple[dict[int, Claim], list[AppointmentRecord]]:
            rows = list(tx.rows(identities).values())
            claims = tx.claim(rows, owner, now, LEASE)
            if missing := [row for row in rows if row not in claims]:
                tx.expire([owner for owner in tx.holders(missing) if is_dead(owner)])
                claims |= tx.claim(missing, owner, now, LEASE)
            return claims, tx.read(list(claims))

        claims, records = await self._commit(claim)
        place = {identity: index for index, identity in enumerate(identities)}
        records = sorted(records, key=lambda record: place[record.identity])
        return [WorkItem(claims[record.row], record, {m.id: m for m in record.messages}) for record in records]

    async def _reread(self, works: Sequence[WorkItem]) -> None:
        records = await self._commit(lambda tx: tx.read([work.claim.row for work in works]))
        fresh = {record.row: record for record in records}
        for work in works:
            work.record = fresh[work.claim.row]
            work.messages = {message.id: message for message in work.record.messages}
            work.unsettled |= work.failed  # what failed a moment ago is not tried on other terms at once

    # Settling and deciding

    async def _settle(self, works: Sequence[WorkItem], dispatchers: Dispatchers) -> None:
        now = self.clock()
        jobs = [
            self._settling(work, message, dispatchers)
            for work in works
            for message in work.record.messages
            if needs_settling(message, now)
        ]
        if jobs:
            await self.io.gather(jobs)
            await self._reread(works)
        doubles = [
            self.cancel_duplicate(work, duplicate, dispatchers)
            for work in works
            for duplicate in stale_duplicates(work.record.messages)
        ]
        if doubles:
            await self.io.gather(doubles)
            await self._reread(works)

    def cancel_duplicate(
        self, work: WorkItem, message: Message, dispatchers: Dispatchers
    ) -> Callable[[], Coroutine[Any, Any, None]]:
        """Take back a message that was thought lost, since a newer one of its reminder is parked."""

        async def job() -> None:
            outcome = next(outcome for outcome in work.record.outcomes if outcome.key == message.key)
            identity, reason = work.record.identity, Reason.UNCHANGED.value
            result = await isolated(dispatchers.cancel(work.claim, identity, message, outcome, reason))
            if result.status is DispatchStatus.FAILED:
                work.unsettled[message.key] = result

        return job

    def _settling(
        self, work: WorkItem, message: Message, dispatchers: Dispatchers
    ) -> Callable[[], Coroutine[Any, Any, None]]:
        async def job() -> None:
            rule = work.rule_of(message.key)
            result = await isolated(dispatchers.settle(work.claim, work.record.identity, rule, message))
            work.settled(message.key, result)

        return job

    def _decide(self, works: Sequence[WorkItem], held_back: Collection[str]) -> None:
        suppressed = self.ledger.suppressions()
        pairs = list(dict.fromkeys((work.record.identity.source, work.record.identity.id) for work in works))
        sent = self.ledger.sent_before_many(pairs) if pairs else {}
        now = self.clock()
        all_observed = [
            Observed.recorded(work.record, suppressed, sent.get((work.record.identity.source, work.record.identity.id)))
            for work in works
        ]
        planned: dict[str, list[Traffic]] = {}
        all_observed = Neighbours(self.ledger, self.settings, now, suppressed).with_context(all_observed)
        for work, observed in zip(works, all_observed, strict=True):
            work.redecided, work.decide_again, work.suppressed = work.redecided or work.decide_again, False, suppressed
            work.decisions, work.error = decisions_for(with_planned(observed, planned), self.settings, now)
            work.decisions = [
                held(decision) if decision.change.key in held_back else decision for decision in work.decisions
            ]
            if self.settings.spacing_reach:
                note_planned(planned, [decision.change for decision in work.decisions])
            if work.error:
                work.complete = False

    # Carrying out

    async def _carry_out(self, works: Sequence[WorkItem], dispatchers: Dispatchers) -> None:
        """Withdraw and replace first, then park what is new: a person's number may have changed hands."""
        for kind in (ChangeKind.CANCEL, ChangeKind.REPLACE, ChangeKind.SCHEDULE):
            jobs = [
                self._dispatching(work, decision, dispatchers)
                for work in works
                for decision in work.decisions
                if decision.change.kind is kind and decision.change.key not in self._blocked(work)
            ]
            if jobs:
                await self.io.gather(jobs)
        for work in works:
            work.record_untouched(self.clock())

    @staticmethod
    def _blocked(work: WorkItem) -> set[str]:
        """Return the reminders of which an older message is still unsettled: nothing new while it is."""
        return {key for key, result in work.unsettled.items() if result.status is not DispatchStatus.UNKNOWN}

    def _dispatching(
        self, work: WorkItem, decision: Decision, dispatchers: Dispatchers
    ) -> Callable[[], Coroutine[Any, Any, None]]:
        async def job() -> None:
            if decision.change.kind is ChangeKind.SCHEDULE:
                await self._schedule(work, decision, dispatchers)
            elif decision.change.kind is ChangeKind.CANCEL:
                await self._cancel(work, decision, dispatchers)
            else:
                await self._replace(work, decision, dispatchers)

        return job

    async def _schedule(self, work: WorkItem, decision: Decision, dispatchers: Dispatchers) -> None:
        assert decision.reminder is not None  # noqa: S101 - what is to be parked belongs to a wanted reminder
        own = dispatchers.of(decision.reminder)
        fresh = placed_again(decision, self.settings, own.window, own.skew.allowance, self.clock())
        if fresh.draft is None:
            work.conclude(fresh, "done")
            return
        result = await isolated(
            own.park(
                work.claim,
                work.record.generation,
                work.record.identity,
                evolve(fresh, outcome=evolve(fresh.outcome, replacing=fresh.replaces)),
                fresh.draft,
                start_of(fresh),
                may_still_send(fresh, self.settings.quiet),
            )
        )
        work.remember(result)
        self._conclude(work, fresh, result)

    async def _cancel(self, work: WorkItem, decision: Decision, dispatchers: Dispatchers) -> None:
        result = await self._withdrawn(work, decision, dispatchers, decision.outcome)
        if result.status is DispatchStatus.TOO_LATE:
            work.too_late(decision)
            return
        if result.status is DispatchStatus.DONE and decision.change.reason is Reason.ALREADY_SENT:
            work.decide_again = work.decide_again or self.fallback is not None
        self._conclude(work, decision, result)

    async def _replace(self, work: WorkItem, decision: Decision, dispatchers: Dispatchers) -> None:
        wish = evolve(decision.outcome, status=ReminderStatus.HELD, replacing=True)
        result = await self._withdrawn(work, decision, dispatchers, wish)
        if result.status is DispatchStatus.TOO_LATE:
            work.too_late(decision)
        elif result.status is DispatchStatus.DONE:
            await self._schedule(work, evolve(decision, replaces=True), dispatchers)
        else:
            work.reminder_records[decision.change.key] = wish
            self._conclude(work, evolve(decision, outcome=wish), result)

    async def _withdrawn(
        self, work: WorkItem, decision: Decision, dispatchers: Dispatchers, outcome: ReminderRecord
    ) -> DispatchResult:
        message = work.messages[decision.message.id] if decision.message else None
        assert message is not None  # noqa: S101 - only parked messages are withdrawn
        if message.state is State.CANCELLED:
            return DispatchResult(DispatchStatus.DONE, message)
        identity, reason = work.record.identity, decision.change.reason.value
        result = await isolated(dispatchers.cancel(work.claim, identity, message, outcome, reason))
        work.remember(result)
        return result

    # Writing down

    def _conclude(self, work: WorkItem, decision: Decision, result: DispatchResult) -> None:
        change = decision.change
        number = result.message.provider_id if result.message else change.message_id
        if result.status is DispatchStatus.DONE:
            work.conclude(evolve(decision, change=evolve(change, message_id=number)), "done")
            return
        work.note_failure(change.key, result)
        error = str(result.error) if result.error else why(result)
        if result.status is DispatchStatus.REJECTED and result.reason is not None:
            work.decide_again = work.decide_again or bool(decision.includes)  # by itself it may be taken
            change = evolve(change, reason=result.reason)
            outcome = evolve(decision.outcome, status=ReminderStatus.SKIPPED, reason=result.reason.value, error=error)
            work.decide_again = work.decide_again or (
                self.fallback is not None and isinstance(result.error, SenderRefusedError)
            )
        elif result.status is DispatchStatus.UNKNOWN:
            work.decide_again = work.decide_again or self.settings.prefer_duplicate
            change = evolve(change, reason=Reason.NOT_CONFIRMED)
            outcome = evolve(
                decision.outcome, status=ReminderStatus.SKIPPED, reason=Reason.NOT_CONFIRMED.value, error=error
            )
        else:
            work.decide_again = work.decide_again or result.status is DispatchStatus.SKEWED
            work.complete = work.complete and result.status is DispatchStatus.SKEWED
            outcome = evolve(decision.outcome, replacing=decision.replaces or decision.outcome.replacing)
            if result.message is None and change.kind is not ChangeKind.CANCEL:
                outcome = evolve(outcome, status=ReminderStatus.HELD, send_at=None, park_at=self.clock() + _RETRY_HELD)
        word = "unknown" if result.status is DispatchStatus.UNKNOWN else "failed"
        if result.status is DispatchStatus.STALE:
            work.decide_again = True
            change, word = evolve(change, kind=ChangeKind.SKIP, reason=Reason.STALE_REVISION), "done"
        work.conclude(evolve(decision, change=evolve(change, message_id=number, error=error), outcome=outcome), word)

    async def _release(self, works: Sequence[WorkItem], run: Execution) -> None:
        """Write down what came of works, end their claims, and note whom else that concerns."""
        if works:
            now, settings = self.clock(), self.settings
            done = run.done if settings.combines else None
            write = partial(release, works, run.plan.actor, now, settings.digest, done)
            run.woken |= dict.fromkeys(await self._commit(write))

    async def _expire(self, works: Sequence[WorkItem]) -> None:
        """End the leases of work that was broken off (a key press, a cancelled task): all is still to be done."""
        now = self.clock()
        await self._commit(lambda tx: tx.renew([work.claim for work in works], now))


def _record_all(plan: Plan, now: datetime, tx: Transaction) -> list[RecordResult]:
    kept = [result for batch in batched(plan.all_incoming) for result in tx.record(batch, now, as_of=plan.as_of)]
    for removals in batched(plan.removals):
        tx.remove(removals, now)
    return kept
