"""Settling: find out what became of messages whose last step is open, before anything is decided for their reminders.

Never decides what a reminder gets, and never posts anything new: `delivery` repeats, asks and looks up.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from attrs import frozen

from reminder_kit.delivery.dispatch import DispatchStatus
from reminder_kit.delivery.dispatchers import Dispatchers, isolated
from reminder_kit.ledger.ledger import Ledger
from reminder_kit.model.consent import Suppression
from reminder_kit.model.lifecycle import State
from reminder_kit.model.messages import Message
from reminder_kit.model.reasons import Reason
from reminder_kit.planning.message_times import may_be_settled, needs_settling, stale_duplicates
from reminder_kit.planning.observed import Observed
from reminder_kit.planning.revision import leaving_from
from reminder_kit.planning.settings import Settings
from reminder_kit.ports import IO
from reminder_kit.reconciler.barred import Barred
from reminder_kit.reconciler.work_item import WorkItem

if TYPE_CHECKING:
    from reminder_kit.ledger.reader import Reader

__all__ = ["Job", "Settling"]

Job = Callable[[], Coroutine[Any, Any, None]]
"""Something to be done at once with others."""


@frozen
class Settling:
    """Settles the messages of work items that are claimed; `clock` is the kit's, UTC.

    Both stages return jobs that may run at once; the work items are read again after each.
    """

    ledger: Ledger
    settings: Settings
    io: IO
    clock: Callable[[], datetime]

    async def open_steps(self, works: Sequence[WorkItem], dispatchers: Dispatchers) -> list[Job]:
        """Return the jobs that find out what became of messages whose last step is open."""
        now = self.clock()
        open_ones = [
            (work, message)
            for work in works
            for message in work.record.messages
            if needs_settling(message, now) and may_be_settled(message, self.settings)
        ]
        asked = [work for work, message in open_ones if message.state is State.CREATING and message.uncertain]
        barred = await self.io.call(self.ledger.read, partial(self._barred_for, asked)) if asked else {}
        return [self._settling(work, message, dispatchers, barred) for work, message in open_ones]

    async def duplicates(self, works: Sequence[WorkItem], dispatchers: Dispatchers) -> list[Job]:
        """Return the jobs that take back messages that were thought lost: newer ones of their reminders are parked."""
        return [
            self._taking_back(work, duplicate, dispatchers)
            for work in works
            for duplicate in stale_duplicates(work.record.messages)
            if self.settings.may_write_to(duplicate.draft.to)
        ]

    def _barred_for(self, works: Sequence[WorkItem], reader: Reader) -> Mapping[str, Suppression]:
        """Return which numbers of appointments are barred, and why."""
        barred = Barred(reader, self.settings.writer)
        barred.learn([Observed.recorded(work.record, barred.by_number) for work in works])
        return barred.by_number

    def _settling(
        self, work: WorkItem, message: Message, dispatchers: Dispatchers, barred: Mapping[str, Suppression]
    ) -> Job:
        async def job() -> None:
            leaves_at = leaving_from(message, Observed.recorded(work.record, barred), self.settings)
            alone = not any(other.state is State.UNKNOWN and other.key == message.key for other in work.record.messages)
            result = await isolated(dispatchers.settle(work.claimed(message), leaves_at, alone=alone))
            work.settled(message, result, self.clock())

        return job

    @staticmethod
    def _taking_back(work: WorkItem, message: Message, dispatchers: Dispatchers) -> Job:
        async def job() -> None:
            record = next(record for record in work.record.outcomes if record.key == message.key)
            result = await isolated(dispatchers.cancel(work.claimed(message), record, Reason.UNCHANGED.value))
            if result.status is DispatchStatus.FAILED:
                work.unsettled[message.key] = result

        return job
