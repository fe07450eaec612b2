"""Carry out one step at the provider: park, withdraw or settle one message, intent first.

Never decides what is wanted, never opens a transaction while it waits for the provider.
Every step is a coroutine over the `IO` port; what may be retried, and when, is a pure function.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, TypeVar, cast

from attrs import evolve, frozen

from reminder_kit.delivery.exchange import DispatchResult, DispatchStatus, Exchange, reason_of, state_of
from reminder_kit.delivery.retry import TRIES, backoff, retry_delay
from reminder_kit.errors import (
    ProviderError,
    RateLimitedError,
    RefusedCredentialError,
    RejectedError,
    SenderRefusedError,
    TransientError,
    UnknownOutcomeError,
)
from reminder_kit.model.lifecycle import State, after_provider_said, step
from reminder_kit.model.messages import Draft, Message
from reminder_kit.model.records import Claim, Identity, ReminderRecord
from reminder_kit.planning.decision import Decision
from reminder_kit.planning.message_times import NEVER_SENT, REFUSED_SENDER, cancellable, is_past, replayable
from reminder_kit.ports import (
    Finder,
    NoAnswerError,
    NotSentError,
    Receipt,
    Request,
)
from reminder_kit.rules.placement import GRACE

if TYPE_CHECKING:
    from reminder_kit.ledger.transaction import Transaction

__all__ = ["DispatchResult", "DispatchStatus", "Dispatcher"]

T = TypeVar("T")

_LOOKS = 6
"""How often a lost message is looked for, in later runs, while the provider does not say what it holds."""


@frozen
class Dispatcher(Exchange):
    """The one who goes to the provider and writes down every step before and after."""

    # Parking

    async def park(
        self,
        claim: Claim,
        generation: int,
        identity: Identity,
        decision: Decision,
        draft: Draft,
        start_at: datetime,
        may_go: Callable[[datetime], bool] = lambda _at: True,
    ) -> DispatchResult:
        """Park a new message: commit the intent, post it, commit what came of it.

        `may_go` says whether what is sent at once may still go out at an instant.
        """
        outcome = decision.outcome
        message_id, key = self.new_id(), self.new_id()
        try:
            self.provider.headers()  # a missing key is told before anything is written
            self.breaker.check(self.clock())
            request = self.provider.create(draft, token=message_id, idempotency_key=key)
        except RejectedError as error:
            return DispatchResult(DispatchStatus.REJECTED, None, error, reason_of(error))
        except ProviderError as error:
            return DispatchResult(DispatchStatus.FAILED, None, error)
        now = self.clock()
        message = Message(
            id=message_id,
            key=outcome.key,
            state=State.CREATING,
            draft=draft,
            due_at=outcome.due_at or draft.send_at,
            start_at=start_at,
            sender=self.provider.sender,
            provider=self.provider.name,
            path=request.path,
            request=request.body,
            idempotency_key=key,
            created_at=now,
            uncertain=True,
            attempts=1,
            includes=decision.included,
        )
        entry = self._entry(message, State.CREATING, identity, outcome.rule, outcome.reason)

        def intend(transaction: Transaction) -> bool:
            if transaction.generation(claim.row) != generation or transaction.is_suppressed(draft.to):
                return False
            if _is_in_the_way(transaction, decision, draft):
                return False
            transaction.create_message(claim, message, rule=outcome.rule, recipient=outcome.recipient)
            transaction.keep_outcomes(claim, [outcome])
            transaction.note([entry])
            return True

        if not await self.commit(intend):
            return DispatchResult(DispatchStatus.STALE)
        return await self.post(claim, identity, outcome.rule, message, request, fresh=True, may_go=may_go)

    async def post(
        self,
        claim: Claim,
        identity: Identity,
        rule: str,
        message: Message,
        request: Request | None = None,
        *,
        fresh: bool = False,
        may_go: Callable[[datetime], bool] = lambda _at: True,
    ) -> DispatchResult:
        """Post a message's stored bytes until the provider answers, as far as that is safe; commit the outcome."""
        request = request or self._stored(message)
        doubtful = message.uncertain and not fresh
        error: ProviderError | None = None
        for attempt in range(1, TRIES + 1):
            try:
                self.breaker.check(self.clock())
                answer = await self.io.send(request)
                self.skew.note(answer, self.clock())
                receipt = self.provider.parse_created(answer)
                self.breaker.answered()
                return await self._accepted(claim, identity, rule, message, receipt)
            except NotSentError as problem:
                error = self._unreachable(problem)
            except NoAnswerError as problem:
                doubtful, error = True, self._unanswered(problem)
            except UnknownOutcomeError as problem:
                doubtful, error = True, problem
            except ProviderError as problem:
                error = problem
            self.breaker.failed(error, self.clock())
            if isinstance(error, RejectedError):
                return await self._rejected(claim, identity, rule, message, error, doubtful=doubtful)
            if doubtful and self.capabilities.key_life is None:
                return await self.outcome_unknown(claim, identity, rule, message, error)
            delay = retry_delay(attempt, error)
            if delay is None or not self._may_repeat(message, timedelta(seconds=delay), may_go):
                break
            await self.io.sleep(delay)
        assert error is not None  # noqa: S101 - the loop ends by an error
        return await self.retry_later(claim, identity, rule, message, error, doubtful=doubtful)

    def _may_repeat(self, message: Message, delay: timedelta, may_go: Callable[[datetime], bool]) -> bool:
        """Say whether a request may be repeated within this run; what is sent at once, as long as it may go out."""
        if self.settings.window.holds_and_sends:
            then = self.clock() + delay
            return then <= message.send_at + GRACE and may_go(then)
        return replayable(message, self.settings, self.clock())

    def _stored(self, message: Message) -> Request:
        headers = {"content-type": "application/json"}
        if self.capabilities.key_life is not None:
            headers["idempotency-key"] = message.idempotency_key
        return Request("POST", message.path, message.request, headers)

    async def _accepted(
        self, claim: Claim, identity: Identity, rule: str, message: Message, receipt: Receipt
    ) -> DispatchResult:
        state = after_provider_said(State.CREATING, state_of(receipt.status) or State.SCHEDULED)[0]
        after = evolve(
            message,
            state=State.SCHEDULED if state is State.CREATING else state,
            provider_id=receipt.provider_id,
            uncertain=False,
            next_try_at=None,
            error="",
        )
        return DispatchResult(DispatchStatus.DONE, await self._move(claim, identity, rule, message, after))

    async def _rejected(
        self, claim: Claim, identity: Identity, rule: str, message: Message, error: RejectedError, *, doubtful: bool
    ) -> DispatchResult:
        if doubtful and self.capabilities.key_life is None:
            return await self.outcome_unknown(claim, identity, rule, message, error)
        if self.skew.explains(message.send_at, self.settings.window, self.clock()):
            after = evolve(message, state=State.REJECTED, uncertain=False, next_try_at=None, error=NEVER_SENT)
            await self._move(claim, identity, rule, message, after)
            return DispatchResult(DispatchStatus.SKEWED, None, error)
        certain = isinstance(error, SenderRefusedError) and not doubtful
        said = f"{REFUSED_SENDER if certain else ''}{error}"
        after = evolve(message, state=State.REJECTED, uncertain=False, next_try_at=None, error=said)
        await self._move(claim, identity, rule, message, after)
        return DispatchResult(DispatchStatus.REJECTED, after, error, reason_of(error))

    async def outcome_unknown(
        self, claim: Claim, identity: Identity, rule: str, message: Message, error: ProviderError | None
    ) -> DispatchResult:
        """Look for a message whose answer is lost. Not found, it is unknown; while it can't be asked for, it waits."""
        receipt, silence = await self._find(message)
        if receipt is not None:
            return await self._accepted(claim, identity, rule, message, receipt)
        if isinstance(silence, TransientError | UnknownOutcomeError) and message.attempts <= _LOOKS:
            return await self.retry_later(claim, identity, rule, message, silence, doubtful=True)
        after = evolve(message, state=State.UNKNOWN, next_try_at=None, error=str(error or "no answer"))
        await self._move(claim, identity, rule, message, after)
        return DispatchResult(DispatchStatus.UNKNOWN, after, error)

    async def _find(self, message: Message) -> tuple[Receipt | None, ProviderError | None]:
        """Return the one message at the provider that must be this one, or why it could not be asked."""
        if not self.capabilities.finds:
            return None, None
        finder, draft, named = cast("Finder", self.provider), message.draft, {"token": message.id}
        request = finder.find(draft, **named, created_at=message.created_at, now=self.clock())
        if request is None:
            return None, None
        try:
            self.breaker.check(self.clock())
            answer = await self.io.send(request)
            found = finder.parse_found(answer, draft, **named, created_at=message.created_at)
        except (NotSentError, NoAnswerError) as problem:
            return None, self._unanswered(problem)
        except ProviderError as problem:
            return None, problem
        strange = [receipt for receipt in found if not await self.commit(partial(self._is_known, receipt))]
        return (strange[0] if len(strange) == 1 else None), None

    def _is_known(self, receipt: Receipt, transaction: Transaction) -> bool:
        name = self.provider.name
        return transaction.find_message(provider=name, provider_id=receipt.provider_id) is not None

    async def retry_later(
        self, claim: Claim, identity: Identity, rule: str, message: Message, error: ProviderError, *, doubtful: bool
    ) -> DispatchResult:
        wait = backoff(message.attempts, message.id)
        if isinstance(error, RateLimitedError) and error.retry_after is not None:
            wait = max(wait, timedelta(seconds=error.retry_after))
        after = evolve(
            message,
            uncertain=doubtful,
            attempts=message.attempts + 1,
            next_try_at=self.clock() + wait,
            error=str(error),
        )
        await self._move(claim, identity, rule, message, after)
        return DispatchResult(DispatchStatus.FAILED, after, error)

    # Withdrawing

    async def cancel(
        self, claim: Claim, identity: Identity, message: Message, outcome: ReminderRecord, reason: str
    ) -> DispatchResult:
        """Withdraw a parked message: commit the wish, ask for it, commit what came of it."""
        if not cancellable(message, self.settings.window, self.clock()):
            return DispatchResult(DispatchStatus.TOO_LATE, message)
        if message.state is not State.CANCELLING:
            step(message.state, State.CANCELLING)
        after = evolve(message, state=State.CANCELLING, attempts=1, next_try_at=None, error="")
        entry = self._entry(after, State.CANCELLING, identity, outcome.rule, reason)

        def intend(transaction: Transaction) -> None:
            transaction.move_message(claim, message, after)
            transaction.keep_outcomes(claim, [outcome])
            transaction.note([entry])

        await self.commit(intend)
        return await self.finish_cancel(claim, identity, outcome.rule, after)

    async def finish_cancel(self, claim: Claim, identity: Identity, rule: str, message: Message) -> DispatchResult:
        """Ask for a message in `cancelling` to be withdrawn; whatever is not a plain yes is settled by looking."""
        error: ProviderError | None = None
        for attempt in range(1, TRIES + 1):
            if not cancellable(message, self.settings.window, self.clock()):
                return await self.look_up(claim, identity, rule, message)
            receipt, error = await self._try_to_cancel(message)
            if receipt is None and not isinstance(error, TransientError):
                receipt, error = await self._ask(message, error)
            state = state_of(receipt.status) if receipt else None
            if state is not None and state is not State.SCHEDULED:
                return await self._cancel_finished(claim, identity, rule, message, state)
            error = error or ProviderError(
                f"{self.provider.name} still has the message parked after it was asked to cancel it",
                provider=self.provider.name,
            )
            delay = retry_delay(attempt, error)
            if delay is None:
                break
            await self.io.sleep(delay)
        assert error is not None  # noqa: S101 - the loop ends by an error
        return await self.retry_later(claim, identity, rule, message, error, doubtful=message.uncertain)

    async def _try_to_cancel(self, message: Message) -> tuple[Receipt | None, ProviderError | None]:
        return await self._exchange(self.provider.cancel, self.provider.parse_cancelled, message)

    async def _ask(self, message: Message, before: ProviderError | None) -> tuple[Receipt | None, ProviderError | None]:
        receipt, error = await self._exchange(self.provider.read, self.provider.parse_read, message)
        return receipt, error or before if receipt is None else None

    async def _cancel_finished(
        self, claim: Claim, identity: Identity, rule: str, message: Message, state: State
    ) -> DispatchResult:
        if state is State.CANCELLED:
            after = evolve(message, state=State.CANCELLED, next_try_at=None, error="")
            await self._move(claim, identity, rule, message, after)
            return DispatchResult(DispatchStatus.DONE, after)
        then = after_provider_said(State.CANCELLING, state)[0]
        after = evolve(message, state=State.TOO_LATE if then is State.CANCELLING else then, next_try_at=None)
        await self._move(claim, identity, rule, message, after)
        return DispatchResult(DispatchStatus.TOO_LATE, after)

    # Settling

    async def settle(self, claim: Claim, identity: Identity, rule: str, message: Message) -> DispatchResult:
        """Find out, as far as it can be, what became of a message whose last step was left open."""
        now = self.clock()
        if self.patient and message.next_try_at is not None and now < message.next_try_at:
            return DispatchResult(DispatchStatus.WAITING, message, self._waiting(message))
        if message.state is State.CREATING:
            return await self._settle_creating(claim, identity, rule, message, now)
        if message.state is State.CANCELLING and cancellable(message, self.settings.window, now):
            return await self.finish_cancel(claim, identity, rule, message)
        if message.state is State.UNKNOWN:
            receipt, _ = await self._find(message)
            state = (state_of(receipt.status) if receipt else None) or State.ABANDONED
            after = evolve(message, state=state, provider_id=receipt.provider_id if receipt else None)
            await self._move(claim, identity, rule, message, after)
            return DispatchResult(DispatchStatus.DONE, after)
        return await self.look_up(claim, identity, rule, message)

    async def _settle_creating(
        self, claim: Claim, identity: Identity, rule: str, message: Message, now: datetime
    ) -> DispatchResult:
        if replayable(message, self.settings, now):
            again = evolve(message, uncertain=True, next_try_at=None)
            await self.commit(lambda transaction: transaction.move_message(claim, message, again))
            return await self.post(claim, identity, rule, evolve(again, uncertain=message.uncertain))
        if message.uncertain:
            return await self.outcome_unknown(claim, identity, rule, message, None)
        after = evolve(message, state=State.REJECTED, next_try_at=None, error=NEVER_SENT)
        await self._move(claim, identity, rule, message, after)
        return DispatchResult(DispatchStatus.DONE, after)

    async def look_up(self, claim: Claim, identity: Identity, rule: str, message: Message) -> DispatchResult:
        """Ask what became of a message; past its time, silence means that it was sent (presumed)."""
        now = self.clock()
        past = is_past(message, now)
        age = self.capabilities.lookup_age
        if past and (age is None or now - message.created_at > age or message.provider_id is None):
            return await self._presume(claim, identity, rule, message)
        receipt, error = await self._exchange(self.provider.read, self.provider.parse_read, message)
        state = state_of(receipt.status) if receipt else None
        if receipt is None and isinstance(error, RefusedCredentialError):
            return DispatchResult(DispatchStatus.FAILED, message, error)
        if receipt is None:
            if past:
                return await self._presume(claim, identity, rule, message)
            return await self.retry_later(claim, identity, rule, message, error or _silence(), doubtful=False)
        if state is None or state is message.state or state is State.SCHEDULED:
            return DispatchResult(
                DispatchStatus.TOO_LATE if message.state is State.CANCELLING else DispatchStatus.DONE, message
            )
        if message.state is State.CANCELLING:
            return await self._cancel_finished(claim, identity, rule, message, state)
        after = evolve(
            message, state=after_provider_said(message.state, state)[0], next_try_at=None, error=receipt.error
        )
        await self._move(claim, identity, rule, message, after)
        return DispatchResult(DispatchStatus.DONE, after)

    async def abandon(self, claim: Claim, identity: Identity, rule: str, message: Message) -> DispatchResult:
        """Write down what most likely became of a message nobody can be asked for any more."""
        if message.state in (State.SCHEDULED, State.CANCELLING):
            return await self._presume(claim, identity, rule, message)
        if message.state is State.CREATING:
            after = evolve(message, state=State.UNKNOWN if message.uncertain else State.REJECTED, next_try_at=None)
            after = after if message.uncertain else evolve(after, error=NEVER_SENT)
        else:
            after = evolve(message, state=State.ABANDONED)
        await self._move(claim, identity, rule, message, after)
        return DispatchResult(DispatchStatus.UNKNOWN if after.state is State.UNKNOWN else DispatchStatus.DONE, after)

    async def _presume(self, claim: Claim, identity: Identity, rule: str, message: Message) -> DispatchResult:
        after = evolve(
            message, state=after_provider_said(message.state, State.SENT)[0], presumed=True, next_try_at=None
        )
        await self._move(claim, identity, rule, message, after)
        return DispatchResult(DispatchStatus.DONE, after)


def _is_in_the_way(transaction: Transaction, decision: Decision, draft: Draft) -> bool:
    """Say whether something parked for that number tells the same, or lies nearer than the decision meant (§13)."""
    keys = [decision.outcome.key, *(reminder.key for reminder in decision.includes)]
    joins = decision.reminder is not None and decision.reminder.rule.together
    if joins and not all(reminder.isdisjoint(keys) for reminder in transaction.parked_reminders(draft.to)):
        return True
    before, after = decision.clearance
    crowd = (draft.to, keys, draft.send_at - before, draft.send_at + after)
    return bool(before or after) and transaction.is_crowded(*crowd)


def _silence() -> ProviderError:
    return UnknownOutcomeError("the provider did not say what became of the message")
