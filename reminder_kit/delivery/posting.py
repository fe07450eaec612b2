"""Post one message: its stored bytes, until the provider answers, as far as that is safe; and write down the outcome.

Never decides what is posted, and never repeats what may have been carried out but under its idempotency key.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from reminder_kit.delivery.dispatch import ClaimedMessage, DispatchResult, DispatchStatus
from reminder_kit.delivery.exchange import Exchange, state_of
from reminder_kit.delivery.journal import Journal
from reminder_kit.delivery.lost_messages import found_again
from reminder_kit.delivery.retry import Tries, backoff
from reminder_kit.delivery.routes import Route
from reminder_kit.errors import (
    ProviderError,
    QueueFullError,
    RateLimitedError,
    RejectedError,
    SenderRefusedError,
    TransientError,
    UnknownOutcomeError,
)
from reminder_kit.model.lifecycle import State, after_provider_said
from reminder_kit.model.messages import Message
from reminder_kit.planning.message_times import NEVER_SENT, REFUSED_SENDER, replayable, still_fits
from reminder_kit.ports import Receipt, Request, Response
from reminder_kit.rules.placement import GRACE

if TYPE_CHECKING:
    from reminder_kit.ledger.transaction import Transaction

__all__ = ["Posting"]

_LOOKS = 6
"""How often a lost message is looked for, in later runs, while the provider does not say what it holds."""


@frozen
class Posting:
    """Posts the messages of one route. `clock` is the kit's clock."""

    route: Route
    exchange: Exchange
    journal: Journal
    clock: Callable[[], datetime]

    async def post(
        self,
        claimed: ClaimedMessage,
        request: Request | None = None,
        may_still_send: Callable[[datetime], bool] = lambda _at: True,
        is_wanted: Callable[[Transaction], bool] = lambda _transaction: True,
    ) -> DispatchResult:
        """Post a message until the provider answers, as far as that is safe; commit the outcome.

        Without a `request` it is not the first time: the stored bytes are repeated, and may have been carried out.
        The caller has a place in the provider's rate. A refusal for the rate (429) is none of the tries; whether the
        message may still go out is asked each time just before its request leaves; after a wait the ledger is asked too
        whether it is still wanted: the appointment may be written anew, or the number suppressed, meanwhile.
        """
        message, fresh = claimed.message, request is not None
        stored = request or self._stored(message)
        doubtful = message.uncertain and not fresh
        error: ProviderError | None = None
        tries = Tries()
        while self._may_leave(message, may_still_send):
            receipt, error = await self.exchange.ask(lambda: stored, self._parse_created, message, has_turn=True)
            if receipt is not None:
                return await self._accepted(claimed, receipt)
            assert error is not None  # noqa: S101 - without a receipt there is an error
            doubtful = doubtful or isinstance(error, UnknownOutcomeError)
            if isinstance(error, RejectedError):
                return await self._rejected(claimed, error, doubtful=doubtful)
            if doubtful and self.route.capabilities.key_life is None:
                return await self.outcome_unknown(claimed, error)
            if isinstance(error, QueueFullError) and not doubtful:
                self.route.note_full(self.clock())
                return await self._not_sent(claimed, DispatchStatus.NO_ROOM, error)
            delay = tries.delay_after(error)
            if delay is None or not self._may_repeat(
                evolve(message, uncertain=doubtful), timedelta(seconds=delay), may_still_send
            ):
                return await self.retry_later(claimed, error, doubtful=doubtful)
            await self.route.io.sleep(delay)
            await self.exchange.turn()
            if not doubtful and not await self.journal.commit(is_wanted):
                return await self._not_sent(claimed, DispatchStatus.STALE, error)
        if doubtful:
            return await self.retry_later(claimed, error or UnknownOutcomeError("no answer"), doubtful=True)
        late = TransientError("its time passed while a place in the provider's rate was waited for", code="mistimed")
        return await self._not_sent(claimed, DispatchStatus.MISTIMED, late)

    def _parse_created(self, answer: Response) -> Receipt:
        self.route.skew.note(answer, self.clock())
        return self.route.provider.parse_created(answer)

    def _may_leave(self, message: Message, may_still_send: Callable[[datetime], bool]) -> bool:
        """Say whether a request may leave now: a place in the rate, and a commit, were waited for meanwhile."""
        now, window = self.clock(), self.route.settings.window
        if window.holds_and_sends:
            return now <= message.send_at + GRACE and may_still_send(now)
        return still_fits(message, window, now)

    async def _not_sent(self, claimed: ClaimedMessage, status: DispatchStatus, error: ProviderError) -> DispatchResult:
        """Write down that the provider certainly does not have a message: its reminder is decided anew."""
        after = evolve(claimed.message, state=State.REJECTED, uncertain=False, next_try_at=None, error=NEVER_SENT)
        await self.journal.move(claimed, after)
        return DispatchResult(status, None, error)

    def _may_repeat(self, message: Message, delay: timedelta, may_still_send: Callable[[datetime], bool]) -> bool:
        """Say whether a request may be repeated within this run; what is sent at once, as long as it may go out."""
        if self.route.settings.window.holds_and_sends:
            then = self.clock() + delay
            return then <= message.send_at + GRACE and may_still_send(then)
        return replayable(message, self.route.settings, self.clock())

    def _stored(self, message: Message) -> Request:
        headers = {"content-type": "application/json"}
        if self.route.capabilities.key_life is not None:
            headers["idempotency-key"] = message.idempotency_key
        return Request("POST", message.path, message.request, headers)

    async def _accepted(self, claimed: ClaimedMessage, receipt: Receipt, *, looked: bool = False) -> DispatchResult:
        """Write down that the provider has the message; with `looked` it was found where the provider lists it.

        An answer that says anything but `scheduled` is no word on what became of the message: it counts as parked, so
        that whoever wants it back asks for that first, and is to be looked up at once (`next_try_at`).
        """
        said = state_of(receipt.status)
        if self.route.can_look_up and not (looked and said) and (said is not State.SCHEDULED or receipt.error):
            error = receipt.error or f"{self.route.provider.name} did not say that it scheduled the message"
            parked = evolve(claimed.message, state=State.SCHEDULED, provider_id=receipt.provider_id, uncertain=False)
            stands = await self.journal.move(claimed, evolve(parked, next_try_at=self.clock(), error=error))
            return DispatchResult(DispatchStatus.DONE, stands)
        state = after_provider_said(State.CREATING, said or State.SCHEDULED)[0]
        after = evolve(
            claimed.message,
            state=State.SCHEDULED if state is State.CREATING else state,
            provider_id=receipt.provider_id,
            uncertain=False,
            next_try_at=None,
            error="",
        )
        return DispatchResult(DispatchStatus.DONE, await self.journal.move(claimed, after))

    async def _rejected(self, claimed: ClaimedMessage, error: RejectedError, *, doubtful: bool) -> DispatchResult:
        if doubtful and self.route.capabilities.key_life is None:
            return await self.outcome_unknown(claimed, error)
        skewed = self.route.skew.explains(claimed.message.send_at, self.route.settings.window, self.clock())
        refused_sender = isinstance(error, SenderRefusedError) and not doubtful
        said = NEVER_SENT if skewed else f"{REFUSED_SENDER if refused_sender else ''}{error}"
        after = evolve(claimed.message, state=State.REJECTED, uncertain=False, next_try_at=None, error=said)
        await self.journal.move(claimed, after)
        if skewed:
            return DispatchResult(DispatchStatus.MISTIMED, None, error)
        return DispatchResult.rejected(error, after)

    async def outcome_unknown(self, claimed: ClaimedMessage, error: ProviderError | None) -> DispatchResult:
        """Look for a message whose answer is lost. Not found, it is unknown; while it can't be asked for, it waits."""
        message = claimed.message
        receipt, silence = await found_again(self.exchange, self.journal, message)
        if receipt is not None:
            return await self._accepted(claimed, receipt, looked=True)
        if isinstance(silence, TransientError | UnknownOutcomeError) and message.attempts <= _LOOKS:
            return await self.retry_later(claimed, silence, doubtful=True)
        after = evolve(message, state=State.UNKNOWN, next_try_at=None, error=str(error or "no answer"))
        await self.journal.move(claimed, after)
        return DispatchResult(DispatchStatus.UNKNOWN, after, error)

    async def retry_later(self, claimed: ClaimedMessage, error: ProviderError, *, doubtful: bool) -> DispatchResult:
        """Leave a failed step to a later run, after its back-off; `doubtful`: it may have been carried out."""
        message = claimed.message
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
        await self.journal.move(claimed, after)
        return DispatchResult(DispatchStatus.FAILED, after, error)
