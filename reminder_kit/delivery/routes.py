"""Couriers: one for each provider of a kit; a message is carried by the one it belongs to.

Never asks a provider for another one's message, and never decides what is carried.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, field, frozen

from reminder_kit.delivery.dispatcher import Dispatcher
from reminder_kit.delivery.exchange import DispatchResult, DispatchStatus
from reminder_kit.delivery.retry import CircuitBreaker, ClockSkew
from reminder_kit.errors import ProviderError
from reminder_kit.model.lifecycle import State
from reminder_kit.model.messages import Message
from reminder_kit.model.records import Claim, Identity, ReminderRecord
from reminder_kit.planning.message_times import is_past
from reminder_kit.planning.settings import Settings
from reminder_kit.ports import IO, Provider
from reminder_kit.rules.reminders import Reminder

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

__all__ = ["Dispatchers", "Route"]


@define
class Route:
    """A provider with all that is its own: settings, connections, and what was learned of it."""

    provider: Provider
    settings: Settings
    io: IO
    breaker: CircuitBreaker = field(factory=CircuitBreaker)
    skew: ClockSkew = field(factory=ClockSkew)

    @classmethod
    def of(cls, fallback: Provider | None, settings: Settings, io: IO | None) -> Route | None:
        """Return the route of a kit's fallback, if it has one."""
        if fallback is None or settings.fallback is None or io is None:
            return None
        return cls(fallback, settings.fallback, io)


@frozen
class Dispatchers:
    """The courier of the provider, and the one of its fallback if there is one."""

    first: Dispatcher
    second: Dispatcher | None = None

    def of(self, what: Message | Reminder) -> Dispatcher:
        """Return the courier whose provider a message belongs to, or a reminder goes through."""
        if self.second is None or self.first.settings.of(what) is self.first.settings:
            return self.first
        return self.second

    def settle(
        self, claim: Claim, identity: Identity, rule: str, message: Message
    ) -> Coroutine[Any, Any, DispatchResult]:
        """Find out what became of a message; of one at a provider that is gone, only what time tells."""
        dispatcher = self.of(message)
        if self._knows(dispatcher, message):
            return dispatcher.settle(claim, identity, rule, message)
        if message.state is State.UNKNOWN or is_past(message, dispatcher.clock()):
            return dispatcher.abandon(claim, identity, rule, message)
        return _unknown_provider(message)

    def cancel(
        self, claim: Claim, identity: Identity, message: Message, outcome: ReminderRecord, reason: str
    ) -> Coroutine[Any, Any, DispatchResult]:
        """Withdraw a parked message."""
        dispatcher = self.of(message)
        if self._knows(dispatcher, message):
            return dispatcher.cancel(claim, identity, message, outcome, reason)
        return _unknown_provider(message)

    @staticmethod
    def _knows(dispatcher: Dispatcher, message: Message) -> bool:
        return dispatcher.provider.name == message.provider


async def _unknown_provider(message: Message) -> DispatchResult:
    error = ProviderError(
        f"the message is parked at {message.provider}, which this kit does not know any more: give it as `fallback` "
        "until nothing is parked there",
        provider=message.provider,
    )
    return DispatchResult(DispatchStatus.FAILED, message, error)
