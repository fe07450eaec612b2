"""Carrying out: what was decided for claimed work items, done at the provider: taken back, replaced, parked.

Never decides what a reminder gets: where a dispatch ends otherwise than was meant, the work item is decided again.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from attrs import evolve, frozen

from reminder_kit.delivery.dispatch import DispatchResult, DispatchStatus
from reminder_kit.delivery.dispatchers import Dispatchers, isolated
from reminder_kit.model.lifecycle import State
from reminder_kit.model.reasons import WAITS, Reason
from reminder_kit.model.records import Identity, ReminderRecord, ReminderStatus
from reminder_kit.planning.changes import WORK, ChangeKind
from reminder_kit.planning.decision import Decision
from reminder_kit.planning.repeats import Visit
from reminder_kit.planning.revision import may_still_send, placed_again
from reminder_kit.planning.settings import Settings
from reminder_kit.ports import IO
from reminder_kit.reconciler.work_item import WorkItem

__all__ = ["CarryingOut"]

Step = tuple[WorkItem, Decision]
"""What is to be done for a work item."""


@frozen
class CarryingOut:
    """Carries decisions out through the dispatchers of a run; `clock` is the kit's, UTC."""

    dispatchers: Dispatchers
    settings: Settings
    io: IO
    clock: Callable[[], datetime]

    async def carry_out(self, works: Sequence[WorkItem]) -> None:
        """Take back and replace first, then park what is new: a person's number may have changed hands.

        Of messages that come to the visits of one another, all are taken back before any is parked anew.
        """
        wanted = [
            (work, decision)
            for work in works
            for decision in work.decisions
            if decision.kind in WORK and decision.key not in self._blocked(work)
        ]
        crossing = _crossing([decision for _, decision in wanted])
        parted: list[Step] = []

        async def part(work: WorkItem, decision: Decision) -> None:
            if await self._is_taken_back(work, decision):
                parted.append((work, evolve(decision, replaces=True)))

        await self._each(self._cancel, wanted, ChangeKind.CANCEL)
        await self._each(part, [step for step in wanted if step[1].key in crossing])
        await self._each(self._replace, [step for step in wanted if step[1].key not in crossing], ChangeKind.REPLACE)
        await self._each(self._schedule, [step for step in wanted if step[1].kind is ChangeKind.SCHEDULE] + parted)
        for work in works:
            work.record_untouched(self.clock())

    async def _each(
        self,
        do: Callable[[WorkItem, Decision], Coroutine[Any, Any, None]],
        steps: Sequence[Step],
        kind: ChangeKind | None = None,
    ) -> None:
        """Do something with each step, several at once; `kind`: only with those of it."""
        jobs = [partial(do, work, decision) for work, decision in steps if kind is None or decision.kind is kind]
        if jobs:
            await self.io.gather(jobs)

    @staticmethod
    def _blocked(work: WorkItem) -> set[str]:
        """Return the keys of reminders with a message that could not be settled: nothing new is parked for them."""
        return {key for key, result in work.unsettled.items() if result.status is not DispatchStatus.UNKNOWN}

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
        if await self._is_taken_back(work, decision):
            await self._schedule(work, evolve(decision, replaces=True))

    async def _is_taken_back(self, work: WorkItem, decision: Decision) -> bool:
        """Say whether a message that is to be replaced is taken back for certain; what else it came to is noted."""
        intent = evolve(decision, status=ReminderStatus.HELD, replacing=True)
        result = await self._taken_back(work, decision, intent.record)
        if result.status is DispatchStatus.TOO_LATE:
            work.too_late(decision)
        elif result.status is not DispatchStatus.DONE:
            self._conclude(work, intent, result)
        return result.status is DispatchStatus.DONE

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


def _crossing(decisions: Sequence[Decision]) -> frozenset[str]:
    """Return the keys of reminders to be replaced that come to the visit of another appointment's, or leave it to one.

    There it would be the same visit told in the same words, as long as the other one's message is parked.
    """
    leaving: dict[Visit, set[Identity]] = {}
    coming: dict[Visit, set[Identity]] = {}
    moving = [
        (decision, (message.draft.to, message.start_at), (decision.number, decision.start_at))
        for decision in decisions
        for message in [decision.message]
        if decision.kind is ChangeKind.REPLACE and message is not None
    ]
    for decision, old, new in moving:
        leaving.setdefault(old, set()).add(decision.identity)
        coming.setdefault(new, set()).add(decision.identity)
    return frozenset(
        decision.key
        for decision, old, new in moving
        if leaving.get(new, set()) - {decision.identity} or coming.get(old, set()) - {decision.identity}
    )


def _has_waiting(work: WorkItem) -> bool:
    """Say whether others of an appointment wait for what was just tried: they follow, or wait on as long as it does."""
    return any(other.status is ReminderStatus.HELD and other.reason in WAITS for other in work.decisions)
