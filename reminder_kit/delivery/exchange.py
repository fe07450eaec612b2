"""The courier's desk: what goes out to the provider and what is written down of it, one exchange at a time.

Never decides what is asked for; never opens a transaction while it waits for the provider.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from attrs import evolve, field, frozen

from reminder_kit.delivery.message_events import MessageEvents
from reminder_kit.delivery.retry import CircuitBreaker, ClockSkew
from reminder_kit.errors import (
    ClaimLostError,
    ConfigurationError,
    InvalidNumberError,
    LedgerError,
    OptedOutError,
    ProviderError,
    RejectedError,
    TransientError,
    UnknownOutcomeError,
)
from reminder_kit.ledger.ledger import Ledger
from reminder_kit.model.lifecycle import THEIR_STEPS, State, after_provider_said, step
from reminder_kit.model.messages import Message
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import Claim, FoundMessage, HistoryEntry, Identity
from reminder_kit.planning.settings import Settings
from reminder_kit.ports import IO, Capabilities, NoAnswerError, NotSentError, Provider, Receipt, Request
from reminder_kit.rules.window import Window

if TYPE_CHECKING:
    from reminder_kit.ledger.transaction import Transaction

__all__ = ["DispatchResult", "DispatchStatus", "Exchange", "isolated", "reason_of", "state_of"]

T = TypeVar("T")


class DispatchStatus(StrEnum):
    """How an errand ended."""

    DONE = "done"
    FAILED = "failed"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    TOO_LATE = "too_late"
    WAITING = "waiting"
    STALE = "stale"
    SKEWED = "skewed"


@frozen
class DispatchResult:
    """What became of one message. `error` says why where it is not simply done."""

    status: DispatchStatus
    message: Message | None = None
    error: ProviderError | None = None
    reason: Reason | None = None


@frozen
class Exchange:
    """The one who goes to the provider and writes down every step before and after.

    `ledger` takes transactions as functions (`submit`); `clock` is the kit's clock;
    `patient` says whether failed steps are left alone until their back-off is over.
    """

    provider: Provider
    io: IO
    ledger: Ledger
    settings: Settings
    clock: Callable[[], datetime]
    actor: str
    breaker: CircuitBreaker
    patient: bool = False
    skew: ClockSkew = field(factory=ClockSkew)
    new_id: Callable[[], str] = lambda: uuid4().hex

    @property
    def message_events(self) -> MessageEvents:
        """What is made of what the provider tells."""
        return MessageEvents({self.provider.name: self.capabilities.failures}, self.settings.suppress_undeliverable)

    @property
    def window(self) -> Window:
        """The provider's window, with a margin that allows for how far its clock is from ours."""
        window, allowance = self.settings.window, self.skew.allowance
        return evolve(window, margin=window.margin + allowance) if allowance and window.margin else window

    @property
    def capabilities(self) -> Capabilities:
        """What the provider can do."""
        return self.provider.capabilities

    async def commit(self, op: Callable[[Transaction], T]) -> T:
        """Run a function in a transaction of the ledger and return once that is durable."""
        return await self.io.result(self.ledger.submit(op))

    async def _exchange(
        self,
        build: Callable[[str], Request],
        parse: Callable[[Any], Receipt],
        message: Message,
    ) -> tuple[Receipt | None, ProviderError | None]:
        try:
            self.breaker.check(self.clock())
            receipt = parse(await self.io.send(build(message.provider_id or "")))
        except NotSentError as problem:
            error: ProviderError = self._unreachable(problem)
        except NoAnswerError as problem:
            error = self._unanswered(problem)
        except ProviderError as problem:
            error = problem
        else:
            self.breaker.answered()
            return receipt, None
        self.breaker.failed(error, self.clock())
        return None, error

    # Writing down

    async def _move(self, claim: Claim, identity: Identity, rule: str, before: Message, after: Message) -> Message:
        """Write down what became of a message; returns it as it stands then, webhooks included."""
        if after.state is not before.state and after.state not in THEIR_STEPS.get(before.state, ()):
            step(before.state, after.state)

        def write(tx: Transaction) -> Message:
            try:
                tx.move_message(claim, before, after)
                stands = after
            except ClaimLostError:
                stands = self._overtaken(tx, claim, before, after)
            if stands.state is not before.state or stands.error != before.error:
                event = stands.state if stands.state is not before.state else "failed"
                tx.note([self._entry(stands, event, identity, rule, stands.error)])
            self.message_events.bar(tx, stands, stands.error, self.clock())
            if not stands.provider_id or stands.provider_id == before.provider_id:
                return stands
            return self.message_events.join(tx, FoundMessage(stands, identity, rule, ""), self.clock()).message

        return await self.commit(write)

    @staticmethod
    def _overtaken(tx: Transaction, claim: Claim, before: Message, after: Message) -> Message:
        """Write down what became of a message that a webhook moved meanwhile; raises where it was another worker."""
        found = tx.find_message(provider=before.provider, token=before.id)
        if found is None or found.message.state not in THEIR_STEPS.get(before.state, ()):
            raise ClaimLostError(f"message {before.id} is no longer {before.state}: another worker moved it")
        told_of = found.message
        provider_id = told_of.provider_id or after.provider_id
        stands = evolve(told_of, state=after_provider_said(told_of.state, after.state)[0], provider_id=provider_id)
        tx.move_message(claim, told_of, stands)
        return stands

    def _entry(self, message: Message, event: str, identity: Identity, rule: str, reason: str) -> HistoryEntry:
        detail: dict[str, Any] = {"send_at": message.send_at.isoformat()}
        if message.provider_id:
            detail["provider_id"] = message.provider_id
        if message.presumed:
            detail["presumed"] = True
        return HistoryEntry(
            at=self.clock(),
            actor=self.actor,
            event=str(event),
            identity=identity,
            key=message.key,
            rule=rule,
            message_id=message.id,
            reason=reason,
            detail=detail,
        )

    def _unreachable(self, problem: Exception) -> ProviderError:
        return TransientError(str(problem), provider=self.provider.name, code="unreachable")

    def _unanswered(self, problem: Exception) -> ProviderError:
        return UnknownOutcomeError(str(problem), provider=self.provider.name, code="no_answer")

    def _waiting(self, message: Message) -> ProviderError:
        assert message.next_try_at is not None  # noqa: S101 - only asked of messages that wait
        return TransientError(
            f"left alone until {message.next_try_at:%Y-%m-%dT%H:%M:%SZ} after: {message.error}",
            provider=self.provider.name,
            code="waiting",
        )


async def isolated(result: Coroutine[Any, Any, DispatchResult]) -> DispatchResult:
    """Await an errand; whatever the ledger, the configuration or a provider's code raises concerns this one only."""
    try:
        return await result
    except (LedgerError, ConfigurationError) as error:
        return DispatchResult(DispatchStatus.FAILED, None, error)  # type: ignore[arg-type]
    except Exception as error:  # noqa: BLE001 - a fault of an adapter must not stop the neighbours
        return DispatchResult(DispatchStatus.FAILED, None, ProviderError(f"the provider's code failed: {error!r}"))


def reason_of(error: RejectedError) -> Reason:
    """Return why a reminder is not sent that a provider refuses for good."""
    if isinstance(error, OptedOutError):
        return Reason.OPTED_OUT
    return Reason.INVALID_NUMBER if isinstance(error, InvalidNumberError) else Reason.QUARANTINED


def state_of(status: str) -> State | None:
    """Return a provider's status as a state; None for a word that says nothing."""
    try:
        state = State(status)
    except ValueError:
        return None
    return None if state is State.UNKNOWN else state
