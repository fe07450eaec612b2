"""One exchange with a provider: a request out, its answer read, errors in our words, one line in the log.

Never repeats a request, never writes to the ledger, and never decides what is asked for. The line in the log holds
neither a text nor a whole number: method, path, status, seconds, our name of the message, its number masked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from time import monotonic
from typing import TypeAlias, TypeVar

from attrs import frozen

from reminder_kit.delivery.routes import Route
from reminder_kit.errors import ProviderError, TransientError, UnknownOutcomeError
from reminder_kit.logs import LOG
from reminder_kit.model.lifecycle import State
from reminder_kit.model.messages import Message
from reminder_kit.model.phones import masked
from reminder_kit.ports import IO, NoAnswerError, NotSentError, Paged, Reading, Receipt, Request, Response

__all__ = ["Exchange", "Told", "logged", "of_message", "state_of"]

T = TypeVar("T")

Told: TypeAlias = tuple[Receipt | None, ProviderError | None]
"""What an answer says of a message, or why it says nothing."""

_PAGES = 5
"""Pages of a list that are read at the most."""

_UNREAD = frozenset({401, 402, 403, 407, 429})
"""Statuses of answers given before anybody has looked at what was posted."""


@frozen
class Exchange:
    """Asks one provider, and lets its circuit breaker learn from what comes back. `clock` is the kit's."""

    route: Route
    clock: Callable[[], datetime]

    async def turn(self) -> None:
        """Wait for a place in the provider's rate, unless the provider is left alone for now anyway."""
        try:
            self.route.breaker.check(self.clock())
        except ProviderError:
            return
        await self.route.io.turn()

    async def answers_posts(self, path: str) -> bool:
        """Say whether the provider answers where messages are posted (`path`), by a post of nothing.

        Nothing has no recipient, so that no text comes of it. Whoever answers a question (GET) may still lose messages,
        and who refuses for the key, the account or the rate has not looked at what was posted. The circuit breaker
        learns from silence, so that not every message in doubt asks; an answer ends an outage.
        """
        breaker, name = self.route.breaker, self.route.provider.name
        nothing = Request("POST", path, b"{}", {"content-type": "application/json"})
        try:
            breaker.admit(self.clock())
            await self.route.io.turn()
            answer = await self._answer(nothing)
        except ProviderError:
            return False
        except (NoAnswerError, NotSentError) as problem:
            breaker.failed(TransientError(str(problem), provider=name, code="no_answer"), self.clock())
            return False
        if answer.status >= 500:
            breaker.failed(TransientError(f"{name} answered with {answer.status}", provider=name), self.clock())
            return False
        if breaker.open_until is not None:
            breaker.answered()
        return answer.status not in _UNREAD

    async def ask(
        self,
        build: Callable[[], Request],
        parse: Callable[[Response], T],
        message: Message,
        *,
        learns: bool = True,
        has_turn: bool = False,
    ) -> tuple[T | None, ProviderError | None]:
        """Send what `build` returns and read the answer with `parse`: returns what it says, or why it says nothing.

        An `UnknownOutcomeError` means that the request may have been carried out, any other error that it was not.
        With `learns` false the circuit breaker is asked, and learns nothing from the answer. `has_turn` says that
        the caller waited for a place in the provider's rate already.
        """

        async def asked() -> T:
            if not has_turn:
                await self.route.io.turn()
            return parse(await self._answer(build(), message))

        return await self._told(asked, learns=learns)

    async def ask_list(
        self, first: Request, read: Callable[[Response, datetime], Iterable[T]], message: Message, since: datetime
    ) -> tuple[list[T] | None, ProviderError | None]:
        """Ask for a list, page by page: returns what was made at `since` (our clock) or later, or why it can't be told.

        `read` is given each answer, with `since` by the provider's clock as that answer tells it. The circuit breaker
        learns nothing: a list that can be read says nothing of whether messages can be posted, and one that can't be,
        neither.
        """
        provider = self.route.provider

        async def asked() -> list[T]:
            rows, page = list[T](), first
            for _ in range(_PAGES):
                await self.route.io.turn()
                answer = await self._answer(page, message)
                at = self.route.skew.theirs(since)
                rows.extend(read(answer, at))
                following = provider.next_page(answer, at) if isinstance(provider, Paged) else None
                if following is None:
                    return rows
                page = following
            raise TransientError(f"{provider.name}: its list goes on after {_PAGES} pages", provider=provider.name)

        return await self._told(asked, learns=False)

    async def converse(self, reading: Reading, message: Message, *, learns: bool = True) -> Told:
        """Send every request of a conversation about a message: returns what they say together, or why nothing."""

        async def asked() -> Receipt:
            answer: Response | None = None
            while True:
                try:
                    request = next(reading) if answer is None else reading.send(answer)
                except StopIteration as end:
                    return end.value  # type: ignore[no-any-return]
                await self.route.io.turn()
                answer = await self._answer(request, message)

        return await self._told(asked, learns=learns)

    async def _answer(self, request: Request, message: Message | None = None) -> Response:
        """Send one request; its answer tells how far the provider's clock is from ours. Raises as `IO.send` does."""
        answer = await logged(self.route.io, self.route.provider.name, request, message)
        self.route.skew.note(answer, self.clock())
        return answer

    async def _told(self, asked: Callable[[], Awaitable[T]], *, learns: bool) -> tuple[T | None, ProviderError | None]:
        """Return what an exchange says, or why it says nothing; the breaker admits it, and learns from it."""
        route = self.route
        try:
            (route.breaker.admit if learns else route.breaker.check)(self.clock())
            found = await asked()
        except NotSentError as problem:
            error: ProviderError = TransientError(str(problem), provider=route.provider.name, code="unreachable")
        except NoAnswerError as problem:
            error = UnknownOutcomeError(str(problem), provider=route.provider.name, code="no_answer")
        except ProviderError as problem:
            error = problem.with_traceback(None)  # a value from here on: its traceback has this frame, which has it
        else:
            if learns:
                route.breaker.answered()
            return found, None
        if learns:
            route.breaker.failed(error, self.clock())
        return None, error


async def logged(io: IO, provider: str, request: Request, message: Message | None = None) -> Response:
    """Send one request and log the exchange in one line; raises as `IO.send` does.

    Of the path only what stands before a `?` is written: a search holds the number.
    """
    path, begun = request.path.partition("?")[0], monotonic()
    about = f", message {message.id} to {masked(message.draft.to)}" if message else ""
    try:
        answer = await io.send(request)
    except (NotSentError, NoAnswerError) as problem:
        what = "not sent" if isinstance(problem, NotSentError) else "no answer"
        LOG.info("%s %s %s: %s after %.2f s%s", provider, request.method, path, what, monotonic() - begun, about)
        raise
    LOG.info("%s %s %s: %d after %.2f s%s", provider, request.method, path, answer.status, monotonic() - begun, about)
    return answer


def of_message(message: Message, told: Told) -> Told:
    """Return what an answer says of a message whose name is known; one that names another message says nothing of it.

    What it leaves open is an `UnknownOutcomeError`, which names neither of the two.
    """
    receipt, name = told[0], message.provider_id or ""
    if receipt is None or receipt.provider_id.casefold() in {"", name.casefold()}:
        return told
    return None, UnknownOutcomeError(
        f"{message.provider} answered about another message than it was asked about; it may have been done",
        provider=message.provider,
        code="other_id",
    )


def state_of(status: str) -> State | None:
    """Return a provider's status as a state; None for a word that says nothing."""
    try:
        state = State(status)
    except ValueError:
        return None
    return None if state is State.UNKNOWN else state
