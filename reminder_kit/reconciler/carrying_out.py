"""Carrying out: what was decided for claimed work items, done at the provider: taken back, replaced, parked.

Never decides what a reminder gets: where a dispatch ends otherwise than was meant, the work item is decided again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from attrs import evolve, frozen

from reminder_kit.delivery.dispatch import DispatchResult, DispatchStatus
from reminder_kit.delivery.dispatchers import Dispatchers, isolated
from reminder_kit.model.lifecycle import State
from reminder_kit.model.reasons import WAITS, Reason
from reminder_kit.model.records import ReminderRecord, ReminderStatus
from reminder_kit.planning.changes import ChangeKind
from reminder_kit.planning.decision import Decision
from reminder_kit.planning.revision import may_still_send, placed_again
from reminder_kit.planning.settings import Settings
from reminder_kit.ports import IO
from reminder_kit.reconciler.settling import Job
from reminder_kit.reconciler.work_item import WorkItem

__all__ = ["CarryingOut"]


@frozen
class CarryingOut:
    """Carries decisions out through the dispatchers of a run; `clock` is the kit's, UTC."""

    dispatchers: Dispatchers
    settings: Settings
    io: IO
    clock: Callable[[], datetime]

    async def carry_out(self, works: Sequence[WorkItem]) -> None:
        """Take back and replace first, then park what is new: a person's number may have changed hands."""
        for kind in (ChangeKind.CANCEL, ChangeKind.REPLACE, ChangeKind.SCHEDULE):
            jobs = [
                self._dispatching(work, decision)
                for work in works
                for decision in work.decisions
                if decision.kind is kind and decision.key not in self._blocked(work)
            ]
            if jobs:
                await self.io.gather(jobs)
        for work in works:
            work.record_untouched(self.clock())

    @staticmethod
    def _blocked(work: WorkItem) -> set[str]:
        """Return the keys of reminders with a message that could not be settled: nothing new is parked for them."""
        return {key for key, result in work.unsettled.items() if result.status is not DispatchStatus.UNKNOWN}

    def _dispatching(self, work: WorkItem, decision: Decision) -> Job:
        async def job() -> None:
            if decision.kind is ChangeKind.SCHEDULE:
                await self._schedule(work, decision)
            elif decision.kind is ChangeKind.CANCEL:
                await self._cancel(work, decision)
            else:
                await self._replace(work, decision)

        return job

    async def _schedule(self, work: WorkItem, decision: Decision) -> None:
        assert decision.reminder is not None  # noqa: S101 - what is to be parked belongs to a wanted reminder
        own = self.dispatchers.of(decision.reminder)
        await own.exchange.turn()  # whatever time allows is asked after that
        revised = placed_again(decision, self.settings, own.route.window, own.route.skew.allowance, self.clock())
        if revised.draft is None:
            work.note(revised, outcome="done")
            return
        intent = evolve(revised, replacing=revised.replaces)  # until it is parked, the old one is still to be replaced
        may_send = may_still_send(revised, self.settings.quiet)
        result = DispatchResult(DispatchStatus.DONE)
        if revised.doubt is not None:  # a message may exist already
            result = await isolated(own.gaps.ask(work.claim, revised))
        if result.status is DispatchStatus.DONE:
            result = await isolated(own.park(work.claim, work.record.generation, intent, may_send))
        work.remember(result)
        self._conclude(work, revised, result)

    async def _cancel(self, work: WorkItem, decision: Decision) -> None:
        result = await self._taken_back(work, decision, decision.record)
        if result.status is DispatchStatus.TOO_LATE:
            work.too_late(decision)
            return
        if result.status is DispatchStatus.DONE and decision.reason is Reason.ALREADY_SENT:
            work.decide_again = work.decide_again or self.dispatchers.second is not None
        self._conclude(work, decision, result)

    async def _replace(self, work: WorkItem, decision: Decision) -> None:
        """Take the parked message back, and park the new one only when that is certain."""
        intent = evolve(decision, status=ReminderStatus.HELD, replacing=True)
        result = await self._taken_back(work, decision, intent.record)
        if result.status is DispatchStatus.TOO_LATE:
            work.too_late(decision)
        elif result.status is DispatchStatus.DONE:
            await self._schedule(work, evolve(decision, replaces=True))
        else:
            self._conclude(work, intent, result)

    async def _taken_back(self, work: WorkItem, decision: Decision, record: ReminderRecord) -> DispatchResult:
        """Return how taking back a decision's message ended; `record` is what the reminder comes to with it."""
        message = work.messages[decision.message.id] if decision.message else None
        assert message is not None  # noqa: S101 - only parked messages are cancelled
        if message.state is State.CANCELLED:
            return DispatchResult(DispatchStatus.DONE, message)
        result = await isolated(self.dispatchers.cancel(work.claimed(message), record, decision.reason.value))
        work.remember(result)
        return result

    def _conclude(self, work: WorkItem, decision: Decision, result: DispatchResult) -> None:
        """Note what a dispatch came to, and whether another decision may do better at once."""
        work.conclude(decision, result, work.retry_at(decision.key, self.clock()))
        if result.status is DispatchStatus.BLOCKED:
            work.decide_again = work.decide_again or self.dispatchers.second is not None or _has_waiting(work)
        elif result.status is DispatchStatus.DONE and decision.kind is not ChangeKind.CANCEL:
            work.decide_again = work.decide_again or _has_waiting(work)
        elif result.status is DispatchStatus.UNKNOWN:
            work.decide_again = work.decide_again or self.settings.prefer_duplicate


def _has_waiting(work: WorkItem) -> bool:
    """Say whether others of an appointment wait for what was just tried: they follow, or wait on as long as it does."""
    return any(other.status is ReminderStatus.HELD and other.reason in WAITS for other in work.decisions)
