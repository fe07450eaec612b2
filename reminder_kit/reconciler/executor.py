"""The executor carries a plan out: record, claim, settle, decide again, dispatch, write down, release.

Never reads a clock itself, and never trusts a plan's decisions: they are made again under the claim. One implementation
for both faces of the kit: coroutines over the `IO` port. The package's docstring has the theory.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime
from functools import partial
from itertools import count, groupby
from typing import TYPE_CHECKING, Any

from attrs import define, evolve, field

from reminder_kit.delivery.dispatchers import Dispatchers
from reminder_kit.delivery.routes import Route
from reminder_kit.ledger.ledger import Ledger
from reminder_kit.logs import LOG
from reminder_kit.model.consent import Suppression
from reminder_kit.model.places import Place
from reminder_kit.model.records import FORCED, Claim, Identity, RecordResult, is_open
from reminder_kit.model.rule_sets import OTHERS, Standing
from reminder_kit.planning.changes import Change
from reminder_kit.planning.decision import Decision
from reminder_kit.planning.group import decide_group
from reminder_kit.planning.observed import Observed
from reminder_kit.planning.plan import Plan, Worklist
from reminder_kit.planning.probing import Turns
from reminder_kit.planning.report import Report
from reminder_kit.planning.revision import held
from reminder_kit.planning.settings import Settings
from reminder_kit.planning.yielding import yielding
from reminder_kit.ports import IO
from reminder_kit.reconciler.barred import Barred
from reminder_kit.reconciler.batches import batched
from reminder_kit.reconciler.carrying_out import CarryingOut
from reminder_kit.reconciler.claimed import Claimed, by_id, claim_groups
from reminder_kit.reconciler.leases import Heartbeat, Owner
from reminder_kit.reconciler.neighbours import Neighbours
from reminder_kit.reconciler.releasing import adopt, let_speak, release
from reminder_kit.reconciler.reporting import merged, reported
from reminder_kit.reconciler.restless import note_restless
from reminder_kit.reconciler.restored import refuse_older_state
from reminder_kit.reconciler.settling import Settling
from reminder_kit.reconciler.terms import accept
from reminder_kit.reconciler.work_item import WorkItem

if TYPE_CHECKING:
    from reminder_kit.ledger.reader import Reader
    from reminder_kit.ledger.transaction import Transaction

__all__ = ["Executor"]

_BATCH = 100  # appointments claimed and worked on at a time
_INTAKE = 1000  # appointments recorded in one transaction
_AGAIN = 4  # times a group is decided again within one batch
_PATIENCE = 90.0  # seconds a host's call waits for appointments that another worker holds
_HELD_ELSEWHERE = "another worker holds this appointment; the next resync finishes it"
_ROUNDS = 4  # times a run goes on, at the most, to what the limit of a day has decided again


@define
class Execution:
    """One plan while it is carried out."""

    #: The plan.
    plan: Plan
    #: Whether failed steps are left alone until their back-off is over (the batch job).
    patient: bool = field(kw_only=True)
    #: What may be done by the kit's own rules; None: the ledger was not told of them yet.
    standing: Standing | None = None
    #: Whether a person said that the plan is to be carried out although it is refused.
    forced: bool = field(kw_only=True, default=False)
    #: The report's lines of the appointments that were worked on so far.
    done: dict[Identity, list[Change]] = field(factory=dict)
    #: The appointments for which anything is to be done, as far as is known.
    wanted: frozenset[Identity] = frozenset()
    #: The appointments to be decided again for what came of others on the same day, in order.
    requeued: dict[Identity, None] = field(factory=dict)
    #: Whose turn it is of those that one cause stops.
    turns: Turns = field(factory=Turns)

    @property
    def yields(self) -> bool:
        """Whether the ledger serves other rules, so that what they parked is left as it is."""
        return self.standing is Standing.YIELDS

    def with_room(self, decision: Decision) -> Decision:
        """Return a decision, held where the provider has no room for it by the plan."""
        return held(decision) if decision.key in self.plan.worklist.held_back else decision

    def accepted(self, place: Place | None, now: datetime, tx: Transaction) -> Standing:
        """Have the ledger note by which rules, and where, it is worked, with the first thing that the run writes.

        Returns what the run may do with its rules, which counts once that is committed.
        """
        return self.standing or accept(self.plan.worklist, place, now, forced=self.forced, tx=tx)


@define
class Executor:
    """Carries plans out; both faces of the kit drive it."""

    #: What is recorded.
    ledger: Ledger
    #: What decides besides the data.
    settings: Settings
    #: What waits for commits and runs several jobs at once.
    io: IO
    #: The kit's clock, UTC.
    clock: Callable[[], datetime]
    #: The way to the provider.
    route: Route
    #: The way to the fallback; None: there is none.
    fallback: Route | None = None
    #: The ways of the provider's other senders.
    others: tuple[Route, ...] = ()
    #: The name under which claims are held; each claim adds a number to it.
    owner: Owner | str = field(factory=Owner)
    _claim_numbers: Iterator[int] = field(factory=count)

    async def apply(self, plan: Plan, *, patient: bool = False, forced: bool = False) -> Report:
        """Carry a plan out and report every change, as it really was.

        `patient` leaves failed steps alone until their back-off is over (the batch job). `forced` says that the guard
        was overridden: the ledger notes it until the plan is done, so that the batch job may finish it unforced.
        Raises `ConfigurationError` for a missing credential, before anything is written.
        """
        if plan.work:
            self.route.provider.headers()  # raises for a missing credential before anything is written
        await self.io.call(self.ledger.prepare)
        if forced:
            await self._commit(lambda tx: tx.mark_run(FORCED, plan.now, {"open": True}))
        run = Execution(plan, patient=patient, forced=forced, turns=Turns(plan.worklist.probes))
        if plan.worklist.foreign:
            run.standing = Standing.YIELDS
        refused = await self._record(run)
        probing = [identity for identity in plan.worklist.probing if identity not in refused]
        if probing:  # what follows them depends on what they come to
            await self._work_through(probing, run)
        waiting = [identity for identity in plan.worklist.order if identity not in {*refused, *probing}]
        run.wanted = frozenset(waiting)
        for _ in range(_ROUNDS):
            run.requeued = {}
            await self._work_through(waiting, run)
            waiting = list(run.requeued)
        if plan.worklist.news and run.standing is None:
            await self._commit(partial(run.accepted, await self.io.call(self.ledger.place), self.clock()))
        await self._remember(plan.now)
        changes = tuple(reported(plan, run.done, refused))
        report = Report(now=plan.now, changes=changes, appointments=plan.appointments, passed_over=plan.passed_over)
        if (
            report.ok
            and not report.left
            and (forced or (patient and await self.io.call(self._forced_is_open, plan.now)))
        ):
            await self._commit(lambda tx: tx.mark_run(FORCED, plan.now, {"open": False}))
        LOG.info("%s: %s", plan.actor, report.headline)
        return report

    @property
    def _routes(self) -> list[Route]:
        return [route for route in (self.route, *self.others, self.fallback) if route is not None]

    def start_asking(self, now: datetime) -> list[str]:
        """Have providers that are left alone asked at `now` (UTC); returns the names of their notes in the ledger."""
        for route in self._routes:
            if route.breaker.open_until is not None:
                route.breaker.open_until = min(now, route.breaker.open_until)
        return list(dict.fromkeys(route.outage for route in self._routes))

    async def _remember(self, now: datetime) -> None:
        """Write down whether the providers answer, where that has changed."""
        for route in self._routes:
            if (outage := route.news_of_outage()) is not None:
                await self._commit(partial(_mark_run, route.outage, now, outage))

    def _forced_is_open(self, now: datetime) -> bool:
        return is_open(self.ledger.read(lambda reader: reader.last_run(FORCED)), now)

    async def _record(self, run: Execution) -> set[Identity]:
        """Record what came in and what is gone; returns what a newer revision kept out.

        A long list is written piece by piece, so that others get a turn: what was written before a process died is
        dirty, and the next run goes on with it. What is gone goes with the last piece.
        """
        worklist = run.plan.worklist
        if not worklist.all_incoming and not worklist.removals and not worklist.complete:
            return set()
        place, refused = await self.io.call(self.ledger.place), set()
        pieces = list(batched(worklist.all_incoming, _INTAKE)) or [[]]
        for piece in pieces:
            part = evolve(worklist, all_incoming=tuple(piece))
            if piece is not pieces[-1]:
                part = evolve(part, removals=(), complete=())
            if piece is not pieces[0]:
                part = evolve(part, takeovers=())
            run.standing, results = await self._commit(partial(_recorded, run, part, place, self.clock()))
            refused |= {
                incoming.identity
                for incoming, result in zip(piece, results, strict=True)
                if result is RecordResult.STALE
            }
        return refused

    async def _commit(self, op: Callable[[Any], Any]) -> Any:
        return await self.io.result(self.ledger.submit(op))

    async def _work_through(self, waiting: Sequence[Identity], run: Execution) -> None:
        """Work batch by batch, then wait for what another worker holds; the batch job leaves that to it."""
        waited, delay = 0.0, 0.05
        worked: set[Identity] = set()
        while True:
            tried: list[Identity] = []
            for batch in batched((identity for identity in waiting if identity not in worked), _BATCH):
                worked |= await self._work(batch, run)
                tried += batch
            waiting = [identity for identity in tried if identity not in worked]
            if run.patient or not waiting or waited >= _PATIENCE:
                break
            await self.io.sleep(delay)
            waited, delay = waited + delay, min(delay * 2, 1.0)
        if waiting:
            self._tell_of_others(set(waiting), run)

    @staticmethod
    def _tell_of_others(held: Collection[Identity], run: Execution) -> None:
        """Have the report say of what another worker holds that it is left to that one, or that it failed for it."""
        outcome = None if run.patient else "failed"
        planned: dict[Identity, list[Change]] = {identity: [] for identity in held}
        for change in run.plan.changes:
            if change.identity in held:
                told = evolve(change, outcome=outcome, error=_HELD_ELSEWHERE) if change.is_work else change
                planned[change.identity].append(told)
        for identity, changes in planned.items():
            if not run.patient or identity not in run.done:
                run.done[identity] = changes

    async def _work(self, identities: Sequence[Identity], run: Execution) -> set[Identity]:
        """Work on the appointments of which nobody else holds any of the group; returns which were worked on."""
        claimed = await self._claim(identities, run)
        works, dispatchers = claimed.works, self._dispatchers(run.plan.actor, patient=run.patient)
        carrying_out = CarryingOut(dispatchers, self.settings, self.io, self.clock)
        finished = False
        try:
            with Heartbeat(self.ledger, [work.claim for work in works], self.clock):
                await self._settle_and_decide(works, claimed.active, run, dispatchers)
                await self._carry_out(claimed.active, carrying_out)
                let_speak(works)
                unfinished = claimed.unfinished()
                for _ in range(_AGAIN):
                    if not unfinished:
                        break
                    await self._decide_again(unfinished, run, dispatchers)
                    await self._carry_out([work for work in unfinished if work.active], carrying_out)
                    unfinished = claimed.unfinished()
            for work in unfinished:
                work.complete = False
            finished = True
        finally:
            await (self._release(works, run) if finished else self._expire(works))
        for work in claimed.active:
            run.done[work.record.identity] = merged(run.done.get(work.record.identity, ()), work.reported())
        return {work.record.identity for work in claimed.active}

    def _dispatchers(self, actor: str, *, patient: bool) -> Dispatchers:
        routes = (self.route, self.fallback)
        return Dispatchers.over(routes, self.ledger, self.clock, actor, patient=patient, others=self.others)

    async def _claim(self, identities: Sequence[Identity], run: Execution) -> Claimed:
        """Claim what is free, or held by a process of this machine that is dead, each with its group.

        Broken off (a key press, a cancelled task) while it is committed, it is given back as soon as it is.
        """
        now, owner = self.clock(), f"{self.owner}.{next(self._claim_numbers)}"
        taken: list[Claim] = []
        place = await self.io.call(self.ledger.place) if run.standing is None else None

        def claim(tx: Transaction) -> tuple[Standing | None, Claimed]:
            refuse_older_state(tx)
            standing = run.accepted(place, now, tx)
            learned = tx.reader.runs()
            for route in self._routes:
                route.recall(learned, now)
            claimed = claim_groups(identities, run.wanted, owner, now, self.settings, tx)
            taken[:] = [work.claim for work in claimed.works]
            return standing, claimed

        future = self.ledger.submit(claim)
        try:
            run.standing, found = await self.io.result(future)
        except BaseException:
            if not future.done() or _is_committed(future):
                self.ledger.submit(lambda tx: tx.renew(taken, now))  # behind it, in the ledger's one writer
            raise
        return found

    async def _reread(self, works: Sequence[WorkItem]) -> None:
        records = await self._commit(lambda tx: tx.reader.read([work.claim.row for work in works]))
        fresh = {record.row: record for record in records}
        for work in works:
            work.record = fresh[work.claim.row]
            work.messages = by_id(work.record.messages)
            work.unsettled |= work.failed  # what failed a moment ago is not tried on other terms at once

    async def _carry_out(self, works: Sequence[WorkItem], carrying_out: CarryingOut) -> None:
        """Carry decisions out; what a kept message does not say any more the ledger knows before others say it."""
        if adopting := [work for work in works if work.lets_others_speak]:
            await self._commit(partial(adopt, adopting))
        await carrying_out.carry_out(works)

    # Settling and deciding

    async def _settle_and_decide(
        self, works: Sequence[WorkItem], unsettled: Sequence[WorkItem], run: Execution, dispatchers: Dispatchers
    ) -> None:
        """Settle, then decide; who joins for what was decided is settled too before anything is done for it."""
        decided = False
        while unsettled or not decided:
            if await self._settle(unsettled, dispatchers) or not decided:
                await self.io.call(self._decide, works, run)
                decided = True
            unsettled = [work for work in works if work.join()]

    async def _decide_again(self, works: Sequence[WorkItem], run: Execution, dispatchers: Dispatchers) -> None:
        for work in works:
            work.decide_anew()
        await self._reread(works)
        await self._settle_and_decide(works, (), run, dispatchers)

    async def _settle(self, works: Sequence[WorkItem], dispatchers: Dispatchers) -> bool:
        """Find out what became of messages whose last step is open, then take stale duplicates back.

        Says whether there was any.
        """
        settling, found = Settling(self.ledger, self.settings, self.io, self.clock), False
        for stage in (settling.open_steps, settling.duplicates):
            if jobs := await stage(works, dispatchers):
                await self.io.gather(jobs)
                await self._reread(works)
                found = True
        return found

    def _decide(self, works: Sequence[WorkItem], run: Execution) -> None:
        """Decide by the same functions as the plan, at the current clock and from one snapshot of the ledger."""
        now = self.clock()
        barred, all_observed = self.ledger.read(lambda reader: self._observe(works, now, reader))
        fresh = {work.record.identity for work in works if work.is_fresh}

        def revised(observed: Observed, decisions: list[Decision]) -> list[Decision]:
            return yielding(decisions, observed, fresh=observed.identity in fresh) if run.yields else decisions

        decided = decide_group(all_observed, self.settings, now, revised)
        with_room = [[run.with_room(decision) for decision in one.decisions] for one in decided]
        blockers = all_observed[0].blockers if all_observed else ()
        all_decisions, tried = run.turns.take(with_room, blockers, self.settings, now)
        for work, decisions, (_, error) in zip(works, all_decisions, decided, strict=True):
            work.decide_again = any(decision.blocker in tried for decision in decisions)
            work.barred = barred
            work.forget_stale()
            work.decisions, work.error = decisions, error
            work.complete = work.complete and not error

    def _observe(
        self, works: Sequence[WorkItem], now: datetime, reader: Reader
    ) -> tuple[Mapping[str, Suppression], list[Observed]]:
        """Return which of their numbers are barred, and what is known of each appointment with its neighbours."""
        barred, blockers = Barred(reader, self.settings.writer), reader.blockers()
        for route in self._routes:
            route.know(blockers)
        neighbours = Neighbours(reader, self.settings, now, barred)
        neighbours.know(work.record for work in works)
        sent = neighbours.sent_before(work.record.identity for work in works)
        all_observed = [
            Observed.recorded(work.record, barred.by_number, sent.get(work.record.identity[:2]), blockers)
            for work in works
        ]
        return barred.by_number, neighbours.with_context(all_observed)

    # Writing down

    async def _release(self, works: Sequence[WorkItem], run: Execution) -> None:
        """Write what came of work items, end their claims, and note which other appointments to decide again."""
        if works:
            digest = OTHERS if run.yields else self.settings.digest
            write = partial(release, works, run.plan.actor, self.clock(), digest, self.settings)
            run.requeued |= dict.fromkeys(await self._commit_in_any_case(write))

    async def _expire(self, works: Sequence[WorkItem]) -> None:
        """End the leases of work that was broken off (a key press, a cancelled task): all is still to be done."""
        now = self.clock()
        await self._commit_in_any_case(lambda tx: tx.renew([work.claim for work in works], now))

    async def _commit_in_any_case(self, op: Callable[[Any], Any]) -> Any:
        """Commit what ends claims, also where whoever waits for it is cancelled before its turn comes."""
        future = self.ledger.submit(op)
        try:
            return await self.io.result(future)
        finally:
            if future.cancelled():
                self.ledger.submit(op)


def _is_committed(future: Future[Any]) -> bool:
    return not future.cancelled() and future.exception() is None


def _mark_run(name: str, now: datetime, detail: Mapping[str, Any], tx: Transaction) -> None:
    tx.mark_run(name, now, detail)


def _recorded(
    run: Execution, worklist: Worklist, place: Place | None, now: datetime, tx: Transaction
) -> tuple[Standing, list[RecordResult]]:
    """Record a piece of what came in; returns what the run may do with its rules, and an answer for each."""
    standing = run.accepted(place, now, tx)
    results = _record_all(worklist, now, tx)
    tx.restorations.note_complete(worklist.complete)
    return standing, results


def _record_all(worklist: Worklist, now: datetime, tx: Transaction) -> list[RecordResult]:
    results: list[RecordResult] = []
    tx.take_over(worklist.takeovers, now)
    note_restless((old.source for old, new in worklist.takeovers if old.id != new.id), now, tx)
    for as_of, run in groupby(worklist.all_incoming, lambda item: item.as_of.at if item.as_of else worklist.as_of):
        results += [result for batch in batched(run) for result in tx.record(batch, now, as_of=as_of, note=True)]
    for removals in batched(_still_gone(worklist, now, tx)):
        tx.remove(removals, now, seen=worklist.seen)
    return results


def _still_gone(worklist: Worklist, now: datetime, tx: Transaction) -> list[Identity]:
    """Return what is to be removed, without what is only absent from a list that a newer complete one overtook."""
    if worklist.seen_at is None or not worklist.removals:
        return list(worklist.removals)
    overtaken = tx.reader.overtaken(worklist.seen_at, now)
    return [one for one in worklist.removals if one not in worklist.seen or one.source not in overtaken]
