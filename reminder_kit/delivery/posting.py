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
from reminder_kit.delivery.journal import Journal, SameIdError
from reminder_kit.delivery.lost_messages import found_again
from reminder_kit.delivery.retry import Tries, backoff, is_left_alone
from reminder_kit.delivery.routes import Route, honours_keys
from reminder_kit.errors import (
    AccountRefusedError,
    MistimedError,
    OptedOutError,
    ProviderError,
    QueueFullError,
    RateLimitedError,
    RefusedCredentialError,
    RejectedError,
    SenderRefusedError,
    TransientError,
    UnknownOutcomeError,
    UnknownRefusalError,
)
from reminder_kit.model.blockers import waiting_time
from reminder_kit.model.lifecycle import State, after_provider_said
from reminder_kit.model.messages import Message
from reminder_kit.model.restorations import IN_GAP
from reminder_kit.planning.message_times import (
    ASKED,
    NEVER_SENT,
    OPTED_OUT,
    REFUSED_SENDER,
    refused_for,
    replayable,
    still_fits,
)
from reminder_kit.ports import Receipt, Request, Response
from reminder_kit.rules.placement import GRACE

if TYPE_CHECKING:
    from reminder_kit.ledger.transaction import Transaction

__all__ = ["Posting"]

_LOOKS = 6
"""How often a lost message is looked for, in later runs, while the list of messages can't be read."""

_REFUSALS = (AccountRefusedError, MistimedError, RejectedError, UnknownRefusalError)
"""Errors that say: this message was not taken now."""

_LONGEST_ID = 200
"""Characters of a provider's name for a message."""

_LATE = "the answer to its request was lost, and the same request was taken after its time"
"""Why a message is looked up whose request was repeated as a question."""


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
            if isinstance(error, _REFUSALS):
                return await self._refused(claimed, error, doubtful=doubtful)
            if doubtful and self.route.capabilities.key_life is None:
                return await self.look_for(claimed, error)
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

    async def ask_again(self, claimed: ClaimedMessage) -> DispatchResult:
        """Post the stored bytes under their key although their time is over, as a question; commit what it tells.

        A success that the provider repeats from memory says that the first request was carried out, another one is the
        reminder itself: either way the message is there, to be looked up. The caller has a place in the provider's
        rate, and made sure that a text leaving now is allowed and true. Unanswered by a provider that is not known to
        honour keys, the question itself may be a text, and is not asked again.
        """
        stored = self._stored(claimed.message)
        receipt, error = await self.exchange.ask(lambda: stored, self._parse_created, claimed.message, has_turn=True)
        if receipt is not None:
            return await self._accepted(claimed, evolve(receipt, error=receipt.error or _LATE))
        assert error is not None  # noqa: S101 - without a receipt there is an error
        if isinstance(error, _REFUSALS):
            return await self._refused(claimed, error, doubtful=True)
        lost = isinstance(error, UnknownOutcomeError) and not self.route.honours_keys
        return await self.retry_later(claimed, error, doubtful=True, about=ASKED if lost else "")

    def _parse_created(self, answer: Response) -> Receipt:
        receipt = self.route.provider.parse_created(answer)
        if not 0 < len(receipt.provider_id) <= _LONGEST_ID:
            raise UnknownOutcomeError(
                f"{self.route.provider.name} answered with {len(receipt.provider_id)} characters in place of an id; "
                "it may have been done",
                provider=self.route.provider.name,
            )
        return receipt

    def _may_leave(self, message: Message, may_still_send: Callable[[datetime], bool]) -> bool:
        """Say whether a request may leave now: a place in the rate, and a commit, were waited for meanwhile."""
        now, window = self.clock(), self.route.settings.window
        if window.holds_and_sends:
            return now <= message.send_at + GRACE and may_still_send(now)
        return still_fits(message, window, now)

    async def never_sent(self, claimed: ClaimedMessage) -> DispatchResult:
        """Write down that the provider certainly does not have a message: its reminder is decided anew."""
        after = evolve(claimed.message, state=State.REJECTED, uncertain=False, next_try_at=None, error=NEVER_SENT)
        return DispatchResult(DispatchStatus.DONE, await self.journal.move(claimed, after))

    async def _not_sent(self, claimed: ClaimedMessage, status: DispatchStatus, error: ProviderError) -> DispatchResult:
        await self.never_sent(claimed)
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

        Where the answer names another message, nobody knows what became of this one: it is asked about again later.
        """
        try:
            return await self._taken(claimed, receipt, looked=looked)
        except SameIdError as error:
            return await self.retry_later(claimed, error, doubtful=True)

    async def _taken(self, claimed: ClaimedMessage, receipt: Receipt, *, looked: bool) -> DispatchResult:
        """Write down what `_accepted` says; raises `SameIdError`.

        An answer that says anything but `scheduled` is no word on what became of the message: it counts as parked, so
        that whoever wants it back asks for that first, and is to be looked up at once (`next_try_at`).
        """
        await self._note_taken(claimed.message, receipt)
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

    async def _note_taken(self, message: Message, receipt: Receipt) -> None:
        """Write down what a success shows besides: that blockers are over, that the provider honours keys."""
        changed, proven = self.route.note_taken(message), receipt.replayed and not self.route.honours_keys
        if not changed and not proven:
            return
        self.route.honours_keys = self.route.honours_keys or proven
        name, now = honours_keys(self.route.settings), self.clock()

        def write(transaction: Transaction) -> None:
            transaction.drop_blockers([blocker for blocker, left in changed.items() if left is None])
            for left in filter(None, changed.values()):
                transaction.keep_blocker(left)
            if proven:
                transaction.mark_run(name, now, {})

        await self.journal.commit(write)

    async def _refused(self, claimed: ClaimedMessage, error: ProviderError, *, doubtful: bool) -> DispatchResult:
        """Write down that the provider refused a message, by what is at fault: its moment, the account, or itself.

        A refusal says nothing of an earlier request in doubt, unless the provider is known to repeat its answers for a
        key: had that one been carried out, it would not have refused this one. Who is not let in at all is told nothing
        in any case: the account's key is checked before the message's is looked at.
        """
        if doubtful and (not self.route.honours_keys or isinstance(error, RefusedCredentialError)):
            if isinstance(error, AccountRefusedError | UnknownRefusalError):
                return await self.retry_later(claimed, error, doubtful=True)
            return await self.look_for(claimed, error)
        if isinstance(error, AccountRefusedError | UnknownRefusalError):
            return await self._blocked(claimed, error)
        skewed = self.route.skew.explains(claimed.message.send_at, self.route.settings.window, self.clock())
        if skewed or isinstance(error, MistimedError):
            return await self._not_sent(claimed, DispatchStatus.MISTIMED, error)
        assert isinstance(error, RejectedError)  # noqa: S101 - the other refusals were told apart
        said = refused_for(DispatchResult.rejected(error).reason, error)
        if isinstance(error, OptedOutError) and self.journal.events.suppresses:
            await self._note_opt_out(claimed.message, error)
            said = f"{OPTED_OUT}{error}"
        after = evolve(claimed.message, state=State.REJECTED, uncertain=False, next_try_at=None, error=said)
        await self.journal.move(claimed, after)
        return DispatchResult.rejected(error, after)

    async def _note_opt_out(self, message: Message, error: OptedOutError) -> None:
        """Write down that the person had opted out by now: from then on the number is barred, until a START."""
        now = self.clock()
        await self.journal.commit(lambda tx: self.journal.events.bar_refused(tx, message, error.code, now))

    async def _blocked(self, claimed: ClaimedMessage, error: ProviderError) -> DispatchResult:
        """Write down that the provider took no message like this one, and when one is tried again."""
        blocker = self.route.note_refusal(error, claimed.message, self.clock())
        prefix = REFUSED_SENDER if isinstance(error, SenderRefusedError) else f"{NEVER_SENT}: "
        after = evolve(
            claimed.message, state=State.REJECTED, uncertain=False, next_try_at=None, error=f"{prefix}{error}"
        )
        await self.journal.move(claimed, after)
        await self.journal.commit(lambda transaction: transaction.keep_blocker(blocker))
        return DispatchResult(DispatchStatus.BLOCKED, None, error, blocker=blocker)

    async def look_for(self, claimed: ClaimedMessage, error: ProviderError | None) -> DispatchResult:
        """Look for a message whose answer is lost, where the provider lists messages. Not found, it is unknown.

        While the provider can't be asked, or does not answer where messages are posted, it waits: no second message is
        made meanwhile, and one that turns up then can still be taken back; by then the provider may have shown that it
        honours keys, too. Where neither is ever made, it is unknown at once. Where messages are listed, one that is
        unknown is looked for again.
        """
        message, now = claimed.message, self.clock()
        search = await found_again(self.exchange, self.journal, message)
        if search.receipt is not None:
            return await self._accepted(claimed, search.receipt, looked=True)
        doubles = self.route.settings.of(message).prefer_duplicate or self.route.capabilities.key_life is not None
        if (doubles or search.is_absent) and now < max(message.send_at, message.start_at):
            silent = isinstance(search.error, TransientError | UnknownOutcomeError)
            if (silent and message.attempts <= _LOOKS) or not await self.exchange.answers_posts(message.path):
                why = search.error or error or UnknownOutcomeError(message.error or "no answer")
                return await self.retry_later(claimed, why, doubtful=True)
        if search.is_absent:
            return await self.never_sent(claimed)
        asked = message.error.startswith(ASKED)
        said = message.error if asked else str(error or message.error or "no answer")
        after = evolve(message, state=State.UNKNOWN, next_try_at=self._looked_for_again_at(message), error=said)
        await self.journal.move(claimed, after)
        return DispatchResult(DispatchStatus.UNKNOWN, after, error or UnknownOutcomeError(said))

    def _looked_for_again_at(self, message: Message) -> datetime | None:
        """Return when (UTC) an unknown message is looked for again: once it must be listed, or was to go out."""
        capabilities = self.route.capabilities
        if capabilities.listed_within is not None:
            return message.created_at + capabilities.listed_within
        return message.send_at + GRACE if capabilities.finds else None

    def left_alone(self, message: Message, until: datetime) -> DispatchResult:
        """Return what a step comes to that is left alone until an instant (UTC)."""
        text = f"left alone until {until:%Y-%m-%dT%H:%M:%SZ} after: {message.error}"
        waits = TransientError(text, provider=self.route.provider.name, code="waiting")
        return DispatchResult(DispatchStatus.WAITING, message, waits)

    async def put_off(self, claimed: ClaimedMessage, until: datetime) -> DispatchResult:
        """Leave a question to a run at an instant (UTC) or later; nothing is written where that is written down."""
        message = claimed.message
        if message.next_try_at != until:
            message = await self.journal.move(claimed, evolve(message, next_try_at=until))
        return self.left_alone(message, until)

    async def retry_later(
        self, claimed: ClaimedMessage, error: ProviderError, *, doubtful: bool, about: str = ""
    ) -> DispatchResult:
        """Leave a failed step to a later run, after its back-off; `doubtful`: it may have been carried out.

        `about` begins what the ledger notes as the error.
        """
        message = claimed.message
        wait = backoff(message.attempts, message.id)
        if doubtful and isinstance(error, AccountRefusedError | UnknownRefusalError):
            wait = waiting_time(message.attempts)
        keeps = message.error.startswith((ASKED, IN_GAP)) or (is_left_alone(error) and bool(message.error))
        if isinstance(error, RateLimitedError) and error.retry_after is not None:
            wait = max(wait, timedelta(seconds=error.retry_after))
        after = evolve(
            message,
            uncertain=doubtful,
            attempts=message.attempts + 1,
            next_try_at=self.clock() + wait,
            error=message.error if keeps else f"{about}{error}",
        )
        await self.journal.move(claimed, after)
        return DispatchResult(DispatchStatus.FAILED, after, error)
