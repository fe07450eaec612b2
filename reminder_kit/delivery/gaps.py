"""Gaps: look at the provider for messages that another ledger has made, of which this one, put back, knows nothing.

Never posts anything. Where the provider lists what it has, also what is parked, a message that is not there does not
exist. Where it lists only what was sent, one that is there is known; and what is not listed may exist all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, cast
from uuid import uuid4

from attrs import evolve, frozen

from reminder_kit.delivery.dispatch import ClaimedMessage, DispatchResult, DispatchStatus
from reminder_kit.delivery.exchange import Exchange, state_of
from reminder_kit.delivery.journal import Journal
from reminder_kit.delivery.routes import Route
from reminder_kit.errors import ProviderError, UnknownOutcomeError
from reminder_kit.model.blockers import waiting_time
from reminder_kit.model.lifecycle import State
from reminder_kit.model.messages import Message
from reminder_kit.model.records import Claim, FoundMessage
from reminder_kit.model.restorations import IN_GAP
from reminder_kit.planning.decision import Decision
from reminder_kit.planning.message_times import CLEARED, forgotten_at
from reminder_kit.ports import Listed, Lister, Response

if TYPE_CHECKING:
    from reminder_kit.ledger.transaction import Transaction

__all__ = ["Gaps"]

_NEAR = timedelta(minutes=2)
"""How far from its time a message was sent that is known by its time alone: "accurate to the minute"."""

_RECORDED = timedelta(minutes=10)
"""How long after its time a message that was sent is on a list of those at the latest; it is looked for once."""


@frozen
class _Search:
    """What looking for a message came to."""

    #: The message that must be this one; None: none is.
    found: Listed | None = None
    #: Whether there certainly is none.
    is_absent: bool = False
    #: How many messages to the number there are besides, of which the ledger knows nothing.
    strange: int = 0
    #: Why the provider could not be asked; None: it was, or it keeps no list.
    error: ProviderError | None = None


@frozen
class Gaps:
    """Asks one provider about reminders in doubt. `clock` is the kit's; `new_id` names messages."""

    route: Route
    exchange: Exchange
    journal: Journal
    clock: Callable[[], datetime]
    new_id: Callable[[], str] = lambda: uuid4().hex

    async def ask(self, claim: Claim, decision: Decision) -> DispatchResult:
        """Ask for the message that may exist of a reminder in doubt; `done`: there certainly is none.

        One that is found is written down as what it is. What can't be known is written down as unknown, so that nobody
        is written to but by a person's word. While the provider can't be asked, nothing is.
        """
        draft, doubt = decision.draft, decision.doubt
        assert draft is not None  # noqa: S101 - only decisions with a draft are parked
        assert doubt is not None  # noqa: S101 - nothing else is asked for
        message = self._lost(decision)
        search = await self._search(message, {draft.text, doubt.draft.text}, (doubt.draft.send_at, draft.send_at))
        if search.is_absent:
            return DispatchResult(DispatchStatus.DONE)
        if search.error is not None:
            return DispatchResult(DispatchStatus.FAILED, None, search.error)
        if search.found is not None:
            made = _as_listed(message, search.found)
            return DispatchResult(DispatchStatus.FOUND, await self._noted(claim, decision, made))
        made = evolve(message, next_try_at=self._looked_for_again_at(message), error=_words(search.strange))
        await self._noted(claim, decision, made)
        return DispatchResult(DispatchStatus.UNKNOWN, made, UnknownOutcomeError(made.error))

    def _lost(self, decision: Decision) -> Message:
        """Return the message that may exist, as one of unknown outcome."""
        doubt = decision.doubt
        assert doubt is not None  # noqa: S101 - nothing else is asked for
        return Message(
            id=self.new_id(),
            key=decision.key,
            state=State.UNKNOWN,
            draft=doubt.draft,
            due_at=decision.due_at or doubt.draft.send_at,
            start_at=decision.start_at,
            sender=self.route.provider.sender,
            provider=self.route.provider.name,
            path="",
            request=b"",
            idempotency_key="",
            created_at=doubt.since,
            uncertain=True,
            attempts=1,
        )

    async def _noted(self, claim: Claim, decision: Decision, message: Message) -> Message:
        """Write a message down as it is, and what happened before anybody knew of it."""
        claimed = ClaimedMessage(claim, decision.identity, decision.rule, message)
        entry = self.journal.entry(claimed, message.state, message.error)

        def write(transaction: Transaction) -> None:
            transaction.create_message(claim, message, rule=decision.rule, recipient=decision.recipient)
            transaction.note([entry])
            if message.provider_id:
                found = FoundMessage(message, decision.identity, decision.rule, decision.recipient)
                self.journal.events.join(transaction, found, self.clock())

        await self.journal.commit(write)
        return message

    async def look_again(self, claimed: ClaimedMessage) -> DispatchResult:
        """Look again for a message of which nobody knows what became of it in the gap."""
        message, now = claimed.message, self.clock()
        search = await self._search(message, {message.draft.text}, (message.send_at,))
        after = evolve(message, attempts=message.attempts + 1, next_try_at=None)
        if search.found is not None:
            after = _as_listed(message, search.found)
        elif search.is_absent:
            after = evolve(message, state=State.REJECTED, uncertain=False, next_try_at=None, error=CLEARED)
        elif now >= forgotten_at(message):
            after = evolve(after, state=State.ABANDONED)
        elif search.error is not None:
            after = evolve(after, next_try_at=now + waiting_time(message.attempts))
        else:
            after = evolve(after, next_try_at=self._looked_for_again_at(message), error=_words(search.strange))
        return DispatchResult(DispatchStatus.DONE, await self.journal.move(claimed, after))

    def _looked_for_again_at(self, message: Message) -> datetime | None:
        """Return when (UTC) a message in doubt is looked for again; None: asking could show nothing more."""
        now, able = self.clock(), self.route.capabilities
        if able.listed_within is not None:  # what is strange may become known as another reminder's
            return now + waiting_time(message.attempts)
        recorded_at = message.send_at + _RECORDED
        return recorded_at if able.lists and now < recorded_at else None

    async def _search(self, message: Message, texts: Collection[str], times: Sequence[datetime]) -> _Search:
        """Look for a message, by its words or, where a list has none, by our token or the minute it went out."""
        able, now, number = self.route.capabilities, self.clock(), message.draft.to
        if not able.lists:
            return _Search()
        lister = cast("Lister", self.route.provider)

        def read(answer: Response, since: datetime) -> tuple[Listed, ...]:
            return lister.parse_messages(answer, number=number, since=since)

        request = lister.messages_to(number, self.route.skew.theirs(message.created_at))
        rows, error = await self.exchange.ask_list(request, read, message, message.created_at)
        if rows is None:
            return _Search(error=error)
        names, ended = await self.journal.commit(partial(self._known, rows))
        unknown = [row for row in rows if row.status != "cancelled" and row.provider_id not in names]
        wanted = {text.strip() for text in texts}
        for row in unknown:
            if _is_it(row, message, wanted, times):
                return _Search(found=row)
        within = able.listed_within
        # a clock that is far from the provider's, or not known, may take a message for an older one
        complete = within is not None and now >= ended + within and self.route.skew.is_close
        return _Search(is_absent=complete and not unknown, strange=len(unknown))

    def _known(self, rows: Sequence[Listed], transaction: Transaction) -> tuple[set[str], datetime]:
        """Return which of the listed messages the ledger knows, by the provider's name, and when the gap ended."""
        name, reader = self.route.provider.name, transaction.reader
        listed = (row.provider_id for row in rows)
        known = {found for found in listed if reader.find_message(provider=name, provider_id=found) is not None}
        restoration = reader.standing.restoration()
        return known, restoration.at if restoration else self.clock()


def _is_it(row: Listed, message: Message, texts: Collection[str], times: Sequence[datetime]) -> bool:
    """Say whether a listed message must be the one that is looked for."""
    if row.token and row.token == message.id:
        return True
    if row.text is not None:
        return row.text.strip() in texts
    return row.sent_at is not None and any(abs(row.sent_at - at) <= _NEAR for at in times)


def _as_listed(message: Message, row: Listed) -> Message:
    """Return a message as the provider lists it."""
    state = state_of(row.status) or State.SENT
    return evolve(
        message,
        state=state,
        draft=evolve(message.draft, send_at=row.sent_at or message.draft.send_at),
        provider_id=row.provider_id,
        uncertain=False,
        next_try_at=None,
        error="",
    )


def _words(strange: int) -> str:
    """Return why a message stays in doubt, in words."""
    if strange:
        return f"{IN_GAP}the provider has {strange} to that number of which the ledger knows nothing: look there"
    return f"{IN_GAP}a message of it may have been made, which the provider can't tell"
