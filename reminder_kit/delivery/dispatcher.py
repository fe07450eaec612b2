"""Carry out one step at the provider: park, cancel or settle one message, intent first.

Never decides what is wanted, never opens a transaction while it waits for the provider. Every step is a coroutine
over the `IO` port; what may be repeated, and when, is a pure function.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar
from uuid import uuid4

from attrs import evolve, frozen

from reminder_kit.delivery.dispatch import ClaimedMessage, DispatchResult, DispatchStatus
from reminder_kit.delivery.exchange import Exchange, Told, of_message, state_of
from reminder_kit.delivery.gaps import Gaps
from reminder_kit.delivery.intention import Intention
from reminder_kit.delivery.journal import Journal
from reminder_kit.delivery.lost_messages import found_again
from reminder_kit.delivery.message_events import MessageEvents
from reminder_kit.delivery.posting import Posting
from reminder_kit.delivery.retry import Tries, backoff
from reminder_kit.delivery.routes import Route
from reminder_kit.errors import (
    ProviderError,
    QueueFullError,
    RefusedCredentialError,
    RejectedError,
    UnknownOutcomeError,
)
from reminder_kit.ledger.ledger import Ledger
from reminder_kit.model.lifecycle import State, after_provider_said, step
from reminder_kit.model.messages import Draft, Message
from reminder_kit.model.records import Claim, ReminderRecord
from reminder_kit.model.restorations import IN_GAP
from reminder_kit.planning.decision import Decision
from reminder_kit.planning.message_times import (
    ASKED,
    cancellable,
    forgotten_at,
    is_past,
    key_lives,
    replayable,
    resting_until,
)
from reminder_kit.ports import Request

if TYPE_CHECKING:
    from reminder_kit.ledger.transaction import Transaction

__all__ = ["Dispatcher"]

T = TypeVar("T")


@frozen
class Dispatcher:
    """Goes to one provider, and writes down every step before it is taken and what came of it.

    `clock` is the kit's clock; `patient` says whether a failed step is left alone until its back-off is over;
    `new_id` names messages, and with them the idempotency keys of their requests.
    """

    route: Route
    exchange: Exchange
    journal: Journal
    posting: Posting
    gaps: Gaps
    clock: Callable[[], datetime]
    patient: bool = False
    new_id: Callable[[], str] = lambda: uuid4().hex

    @classmethod
    def over(
        cls, route: Route, ledger: Ledger, clock: Callable[[], datetime], actor: str, *, patient: bool
    ) -> Dispatcher:
        """Return the dispatcher that goes by a route; `actor` is what the history names."""
        failures = {route.provider.name: route.capabilities.failures}
        events = MessageEvents(failures, route.settings.suppress_undeliverable)
        journal = Journal(ledger, route.io, clock, actor, events)
        exchange = Exchange(route, clock)
        posting, gaps = Posting(route, exchange, journal, clock), Gaps(route, exchange, journal, clock)
        return cls(route, exchange, journal, posting, gaps, clock, patient=patient)

    # Parking

    async def park(
        self, claim: Claim, generation: int, decision: Decision, may_still_send: Callable[[datetime], bool]
    ) -> DispatchResult:
        """Park a new message: commit the intent, post it, commit what came of it.

        `generation` is the one the decision was made for: where the appointment was written since, nothing is sent.
        `may_still_send` says whether what is sent at once may still go out at an instant.
        """
        draft, provider = decision.draft, self.route.provider
        assert draft is not None  # noqa: S101 - only decisions with a draft are parked
        if (blocker := self.route.blocker(decision.key, draft, self.clock())) is not None:
            return DispatchResult(DispatchStatus.BLOCKED, blocker=blocker)
        message_id = self.new_id()
        try:
            provider.headers()  # a missing key is an error before anything is written
            self.route.check(self.clock())
            request = self._request(decision, draft, message_id)
        except RejectedError as error:
            return DispatchResult.rejected(error)
        except ProviderError as error:
            status = DispatchStatus.NO_ROOM if isinstance(error, QueueFullError) else DispatchStatus.FAILED
            return DispatchResult(status, None, error)
        message = self._intended(decision, draft, request, message_id)
        claimed = ClaimedMessage(claim, decision.identity, decision.rule, message)
        entry = self.journal.entry(claimed, State.CREATING, decision.record.reason)

        intention = Intention(claim, generation, decision, message, entry, self.route.settings.writer)
        if not await self.journal.commit(intention):
            return DispatchResult(DispatchStatus.STALE)
        posted = await self.posting.post(claimed, request, may_still_send, intention.is_wanted)
        return await self._confirmed(claimed, posted)

    def _request(self, decision: Decision, draft: Draft, message_id: str) -> Request:
        """Return the request that creates a message; a channel is told more of the reminder than its words."""
        writer = self.route.letter_writer
        if writer is not None and decision.reminder is not None:
            return writer.letter(decision.reminder, draft, token=message_id)
        return self.route.provider.create(draft, token=message_id, idempotency_key=message_id)

    def _intended(self, decision: Decision, draft: Draft, request: Request, message_id: str) -> Message:
        """Return the message that a request is to create, which repeats it under the message's own name."""
        return Message(
            id=message_id,
            key=decision.key,
            state=State.CREATING,
            draft=draft,
            due_at=decision.due_at or draft.send_at,
            start_at=decision.start_at,
            sender=self.route.provider.sender,
            provider=self.route.provider.name,
            path=request.path,
            request=request.body,
            idempotency_key=message_id,
            created_at=self.clock(),
            uncertain=True,
            attempts=1,
            includes=decision.included,
        )

    async def _confirmed(self, claimed: ClaimedMessage, result: DispatchResult) -> DispatchResult:
        """Look a posted message up at once where the answer said anything but that it is scheduled.

        The result warns of that answer, and says where the message turned out to be. One that reaches nobody is a
        failure: the next run decides anew.
        """
        message = result.message
        if message is None or message.state is not State.SCHEDULED or message.next_try_at is None:
            return result
        found = (await self.look_up(claimed.having(message))).message or message
        seen = f"looked up, it is {found.state}" if found.next_try_at is None else "it is looked up again"
        warning = ProviderError(f"{message.error}; {seen}", provider=self.route.provider.name, code="not_scheduled")
        lost = found.state in (State.CANCELLED, State.UNDELIVERED)
        return DispatchResult(DispatchStatus.FAILED if lost else DispatchStatus.DONE, found, warning)

    # Cancelling

    async def cancel(self, claimed: ClaimedMessage, record: ReminderRecord, reason: str) -> DispatchResult:
        """Take back a parked message: commit the wish, ask for it, commit what came of it.

        `record` is what its reminder comes to, `reason` what the history says.
        """
        message = claimed.message
        if not cancellable(message, self.route.settings.window, self.clock()):
            return DispatchResult(DispatchStatus.TOO_LATE, message)
        if message.state is not State.CANCELLING:
            step(message.state, State.CANCELLING)
        wished = claimed.having(evolve(message, state=State.CANCELLING, attempts=1, next_try_at=None, error=""))
        entry = self.journal.entry(wished, State.CANCELLING, reason)

        def intend(transaction: Transaction) -> None:
            transaction.move_message(claimed.claim, message, wished.message)
            transaction.keep_outcomes(claimed.claim, [record])
            transaction.note([entry])

        await self.journal.commit(intend)
        return await self.finish_cancel(wished)

    async def finish_cancel(self, claimed: ClaimedMessage) -> DispatchResult:
        """Ask for a message in `cancelling` to be taken back; whatever is not a plain yes is settled by looking.

        After a failure of the provider's it is asked again first.
        """
        message, tries = claimed.message, Tries()
        while True:
            await self.exchange.turn()
            if not cancellable(message, self.route.settings.window, self.clock()):
                return await self.look_up(claimed)
            receipt, error = await self._ask_to_cancel(message)
            if receipt is None and tries.calls_for_a_look(error):
                receipt, silence = await self._ask_about(message)
                if receipt is None or not _is_down(error):
                    error = None if receipt else silence or error
            state = state_of(receipt.status) if receipt else None
            if state is not None and state is not State.SCHEDULED:
                return await self._cancel_finished(claimed, state)
            error = error or ProviderError(
                f"{self.route.provider.name} did not say that it cancelled the message",
                provider=self.route.provider.name,
            )
            delay = tries.delay_after(error)
            if delay is None:
                return await self.posting.retry_later(claimed, error, doubtful=message.uncertain)
            await self.route.io.sleep(delay)

    async def _ask_to_cancel(self, message: Message) -> Told:
        provider = self.route.provider
        told = await self.exchange.ask(
            lambda: provider.cancel(message.provider_id or ""), provider.parse_cancelled, message, has_turn=True
        )
        return of_message(message, told)

    async def _ask_about(self, message: Message) -> Told:
        provider, now = self.route.provider, self.clock()
        # whether one that is parked can be read says nothing of whether it can be taken back
        learns = message.state not in (State.SCHEDULED, State.CANCELLING) or is_past(message, now)
        asked = provider.read(message.provider_id or "")
        if not isinstance(asked, Request):
            return of_message(message, await self.exchange.converse(asked, message, learns=learns))
        return of_message(message, await self.exchange.ask(lambda: asked, provider.parse_read, message, learns=learns))

    async def _cancel_finished(self, claimed: ClaimedMessage, state: State) -> DispatchResult:
        """Write down how a cancellation ended: cancelled, or the message goes out, or went, all the same."""
        if state is State.CANCELLED:
            self.route.note_room()
            after = evolve(claimed.message, state=State.CANCELLED, next_try_at=None, error="")
            await self.journal.move(claimed, after)
            return DispatchResult(DispatchStatus.DONE, after)
        then = after_provider_said(State.CANCELLING, state)[0]
        after = evolve(claimed.message, state=State.TOO_LATE if then is State.CANCELLING else then, next_try_at=None)
        await self.journal.move(claimed, after)
        return DispatchResult(DispatchStatus.TOO_LATE, after)

    # Settling

    async def settle(
        self, claimed: ClaimedMessage, leaves_at: Callable[[datetime], datetime | None], *, alone: bool = True
    ) -> DispatchResult:
        """Find out, as far as it can be, what became of a message whose last step was left open.

        `leaves_at` says from when on its text, leaving, would be wanted, allowed and true, from an instant (UTC) on;
        `alone` whether it is the only text of its reminder that may exist.
        """
        message, now = claimed.message, self.clock()
        is_due = message.state is State.SCHEDULED and is_past(message, now)
        rests_until = resting_until(message, now)
        if self.patient and not is_due and rests_until is not None:
            return self.posting.left_alone(message, rests_until)
        if message.state is State.CREATING:
            return await self._settle_creating(claimed, leaves_at, alone=alone)
        if message.state is State.CANCELLING and cancellable(message, self.route.settings.window, now):
            return await self.finish_cancel(claimed)
        if message.state is State.UNKNOWN:
            return await self._look_again(claimed)
        return await self.look_up(claimed)

    async def _look_again(self, claimed: ClaimedMessage) -> DispatchResult:
        """Look again for a message of unknown outcome; a day after its send time and the start it matters no more."""
        message, now = claimed.message, self.clock()
        if message.error.startswith(IN_GAP):
            return await self.gaps.look_again(claimed)
        search = await found_again(self.exchange, self.journal, message)
        if search.is_absent:
            return await self.posting.never_sent(claimed)
        after = evolve(message, next_try_at=None)
        if search.receipt is not None:
            state = state_of(search.receipt.status) or State.SENT
            after = evolve(after, state=state, provider_id=search.receipt.provider_id)
        elif now >= forgotten_at(message):
            after = evolve(after, state=State.ABANDONED)
        elif search.error is not None:
            again_at = now + backoff(message.attempts, message.id)
            after = evolve(after, attempts=message.attempts + 1, next_try_at=again_at)
        return DispatchResult(DispatchStatus.DONE, await self.journal.move(claimed, after))

    async def _settle_creating(
        self, claimed: ClaimedMessage, leaves_at: Callable[[datetime], datetime | None], *, alone: bool
    ) -> DispatchResult:
        """Finish an open request: repeat it where that is safe, else ask by it, else look for its message.

        Where the provider is not known to honour keys, asking by it may make a second text: it is asked only of one
        that answers, and once, since that is written down before the request leaves. A question that only quiet hours
        forbid waits until they are over.
        """
        message, proven = claimed.message, self.route.honours_keys
        repeats = self._repeats(message, leaves_at, alone=alone)
        if repeats is False and not proven and not await self.exchange.answers_posts(message.path):
            silence = UnknownOutcomeError(message.error or "no answer")
            return await self.posting.retry_later(claimed, silence, doubtful=True)
        if repeats is not None:
            await self.exchange.turn()
            repeats = self._repeats(message, leaves_at, alone=alone)
        if repeats is not None:
            asked = f"{ASKED}{message.error}" if not repeats and not proven else message.error
            again = evolve(message, uncertain=True, next_try_at=None, error=asked)
            await self.journal.commit(lambda transaction: transaction.move_message(claimed.claim, message, again))
            posted = claimed.having(evolve(again, uncertain=message.uncertain, error=message.error))
            post = self.posting.post if repeats else self.posting.ask_again
            return await self._confirmed(posted, await post(posted))
        later = leaves_at(self.clock())
        if later is not None and self._may_ask(message, later, alone=alone):
            return await self.posting.put_off(claimed, later)
        if message.uncertain:
            return await self._confirmed(claimed, await self.posting.look_for(claimed, None))
        return await self.posting.never_sent(claimed)

    def _repeats(
        self, message: Message, leaves_at: Callable[[datetime], datetime | None], *, alone: bool
    ) -> bool | None:
        """Say how a request may be repeated: True within its window, False as a question after it, None not now."""
        now = self.clock()
        if replayable(message, self.route.settings, now):
            return True
        return False if self._may_ask(message, now, alone=alone) and leaves_at(now) == now else None

    def _may_ask(self, message: Message, at: datetime, *, alone: bool) -> bool:
        """Say whether a request may be repeated at an instant as a question: under a key that lives.

        Until the provider is known to honour keys, the question may make a text of its own: it is asked once, of a
        message that is `alone`, and not where a second text is worse than none (`prefer_missing`).
        """
        settings = self.route.settings.of(message)
        if not message.uncertain or settings.window.holds_and_sends or not key_lives(message, settings, at):
            return False
        risks = settings.prefer_duplicate and alone and not message.error.startswith(ASKED)
        return risks or self.route.honours_keys

    async def look_up(self, claimed: ClaimedMessage) -> DispatchResult:
        """Ask what became of a message; past its time, silence means that it was sent (presumed)."""
        message, now = claimed.message, self.clock()
        past, age = is_past(message, now), self.route.capabilities.lookup_age
        if past and (age is None or now - message.created_at > age or message.provider_id is None):
            return await self._presume_sent(claimed)
        receipt, error = await self._ask_about(message)
        if receipt is None:
            if isinstance(error, RefusedCredentialError):
                return DispatchResult(DispatchStatus.FAILED, message, error)
            if past and (not message.error.startswith(IN_GAP) or now >= forgotten_at(message)):
                return await self._presume_sent(claimed)
            return await self.posting.retry_later(claimed, error or _silence(), doubtful=False)
        state, cancelling = state_of(receipt.status), message.state is State.CANCELLING
        if message.next_try_at is not None and not (cancelling or past) and state in (None, State.SCHEDULED):
            return await self._still_parked(claimed, said=state is not None)
        if past and (state is None or (state is State.SCHEDULED and now >= forgotten_at(message))):
            return await self._presume_sent(claimed)
        if state is None or state is message.state or state is State.SCHEDULED:
            status = DispatchStatus.TOO_LATE if cancelling else DispatchStatus.DONE
            return DispatchResult(status, await self._asked_later(claimed) if past else message)
        if cancelling:
            return await self._cancel_finished(claimed, state)
        then = after_provider_said(message.state, state)[0]
        after = evolve(message, state=then, next_try_at=None, error=receipt.error)
        await self.journal.move(claimed, after)
        return DispatchResult(DispatchStatus.DONE, after)

    async def _still_parked(self, claimed: ClaimedMessage, *, said: bool) -> DispatchResult:
        """Write down that a message is parked after all; until the provider has `said` so, it is looked up again."""
        if not said:
            return DispatchResult(DispatchStatus.DONE, await self._asked_later(claimed))
        after = evolve(claimed.message, next_try_at=None, error="")
        return DispatchResult(DispatchStatus.DONE, await self.journal.move(claimed, after))

    async def _asked_later(self, claimed: ClaimedMessage) -> Message:
        """Write down when a message is looked up again, each time a little later."""
        message = claimed.message
        again_at = self.clock() + backoff(message.attempts, message.id)
        return await self.journal.move(claimed, evolve(message, attempts=message.attempts + 1, next_try_at=again_at))

    async def abandon(self, claimed: ClaimedMessage) -> DispatchResult:
        """Write down what most likely became of a message nobody can be asked for any more."""
        message = claimed.message
        if message.state in (State.SCHEDULED, State.CANCELLING):
            return await self._presume_sent(claimed)
        if message.state is State.CREATING and not message.uncertain:
            return await self.posting.never_sent(claimed)
        forgotten = message.state is State.UNKNOWN and self.clock() >= forgotten_at(message)
        after = evolve(message, state=State.ABANDONED if forgotten else State.UNKNOWN, next_try_at=None)
        await self.journal.move(claimed, after)
        return DispatchResult(DispatchStatus.UNKNOWN if after.state is State.UNKNOWN else DispatchStatus.DONE, after)

    async def _presume_sent(self, claimed: ClaimedMessage) -> DispatchResult:
        then = after_provider_said(claimed.message.state, State.SENT)[0]
        after = evolve(claimed.message, state=then, presumed=True, next_try_at=None)
        await self.journal.move(claimed, after)
        return DispatchResult(DispatchStatus.DONE, after)


def _silence() -> ProviderError:
    return UnknownOutcomeError("the provider did not say what became of the message")


def _is_down(error: ProviderError | None) -> bool:
    """Say whether an error tells of a failure of the provider's, which no look at a message takes back."""
    return error is not None and (error.status or 0) >= 500
