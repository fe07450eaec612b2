"""The dispatchers of a kit: one for each of its providers; a message goes through the one it belongs to.

Never asks a provider for another one's message, and never decides what is dispatched.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from attrs import frozen

from reminder_kit.delivery.dispatch import ClaimedMessage, DispatchResult, DispatchStatus
from reminder_kit.delivery.dispatcher import Dispatcher
from reminder_kit.errors import ConfigurationError, LedgerError, ProviderError
from reminder_kit.ledger.ledger import Ledger
from reminder_kit.model.lifecycle import State
from reminder_kit.model.messages import Message
from reminder_kit.model.records import ReminderRecord
from reminder_kit.planning.message_times import is_past
from reminder_kit.rules.reminders import Reminder

if TYPE_CHECKING:
    from reminder_kit.delivery.routes import Route

__all__ = ["Dispatchers", "isolated"]


@frozen
class Dispatchers:
    """The dispatcher of the provider, and the one of its fallback if there is one."""

    first: Dispatcher
    second: Dispatcher | None = None
    #: Those of the provider's other senders.
    others: tuple[Dispatcher, ...] = ()

    @classmethod
    def over(
        cls,
        routes: tuple[Route, Route | None],
        ledger: Ledger,
        clock: Callable[[], datetime],
        actor: str,
        *,
        patient: bool,
        others: Iterable[Route] = (),
    ) -> Dispatchers:
        """Return the dispatchers over a kit's routes for one run; `others` are those of further senders."""
        first, second = (
            None if route is None else Dispatcher.over(route, ledger, clock, actor, patient=patient) for route in routes
        )
        assert first is not None  # noqa: S101 - a kit has a provider
        further = (Dispatcher.over(route, ledger, clock, actor, patient=patient) for route in others)
        return cls(first, second, tuple(further))

    def of(self, what: Message | Reminder) -> Dispatcher:
        """Return the dispatcher whose provider a message belongs to, or a reminder goes through."""
        settings = self.first.route.settings
        found = settings.of(what)
        if found is settings:
            return self.first
        own = (dispatcher for dispatcher in self.others if dispatcher.route.settings is found)
        return next(own, self.second or self.first)

    def settle(
        self, claimed: ClaimedMessage, leaves_at: Callable[[datetime], datetime | None], *, alone: bool = True
    ) -> Coroutine[Any, Any, DispatchResult]:
        """Find out what became of a message; of one at a provider that is gone, only what time tells.

        `leaves_at` says from when on its text, leaving, would be wanted, allowed and true, from an instant (UTC) on;
        `alone` whether it is the only text of its reminder that may exist.
        """
        message, dispatcher = claimed.message, self.of(claimed.message)
        if dispatcher.route.provider.name == message.provider:
            return dispatcher.settle(claimed, leaves_at, alone=alone)
        if message.state is State.UNKNOWN or is_past(message, dispatcher.clock()):
            return dispatcher.abandon(claimed)
        return _unknown_provider(message)

    def cancel(
        self, claimed: ClaimedMessage, record: ReminderRecord, reason: str
    ) -> Coroutine[Any, Any, DispatchResult]:
        """Take back a parked message; `record` is what its reminder comes to, `reason` what the history says."""
        dispatcher = self.of(claimed.message)
        if dispatcher.route.provider.name == claimed.message.provider:
            return dispatcher.cancel(claimed, record, reason)
        return _unknown_provider(claimed.message)


async def _unknown_provider(message: Message) -> DispatchResult:
    error = ProviderError(
        f"the message is parked at {message.provider}, which this kit does not know any more: give it as `fallback` "
        "until nothing is parked there",
        provider=message.provider,
    )
    return DispatchResult(DispatchStatus.FAILED, message, error)


async def isolated(dispatch: Coroutine[Any, Any, DispatchResult]) -> DispatchResult:
    """Await a dispatch; whatever the ledger, the configuration or a provider's code raises concerns this one only."""
    try:
        return await dispatch
    except (LedgerError, ConfigurationError) as error:
        return DispatchResult(DispatchStatus.FAILED, None, error)  # type: ignore[arg-type]
    except Exception as error:  # noqa: BLE001 - a fault of an adapter must not stop the neighbours
        return DispatchResult(DispatchStatus.FAILED, None, ProviderError(f"the provider's code failed: {error!r}"))
