"""The way of letters: a transport of httpx that hands what is posted to a channel, for both faces.

Never opens a connection itself, and never repeats anything: a channel does what it does in its `deliver`.
"""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Awaitable, Callable
from typing import Any, cast

import httpx

from reminder_kit.errors import ConfigurationError, ProviderError, TransientError, unforeseen
from reminder_kit.ports import NoAnswerError, NotSentError, Receipt
from reminder_kit.ports.channel import Channel, Letter

__all__ = ["LetterTransport"]

_TOLD = (ProviderError, NotSentError, NoAnswerError)


class LetterTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Hands letters to a channel, and answers with its receipts."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Deliver one letter, or ask whether anybody is there."""
        letter = _letter_in(request)
        found = self._told(self._ask(letter))
        if inspect.isawaitable(found):  # nothing of a coroutine has run yet
            if inspect.iscoroutine(found):
                found.close()
            raise NotSentError(f"{self._channel.name} is asynchronous: give it to AsyncReminderKit, or make it plain")
        return self._answer(letter, found)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Deliver one letter, or ask; what is no coroutine runs in a thread."""
        letter = _letter_in(request)
        ask = self._ask(letter)
        if inspect.iscoroutinefunction(ask):
            return self._answer(letter, await self._awaited(ask()))
        found = await asyncio.to_thread(self._told, ask)
        if inspect.isawaitable(found):
            found = await self._awaited(found)
        return self._answer(letter, found)

    def _ask(self, letter: Letter | None) -> Callable[[], Any]:
        if letter is None:
            return self._channel.ping
        deliver = self._channel.deliver
        if inspect.iscoroutinefunction(deliver):

            async def delivered() -> Any:
                return await cast("Awaitable[Any]", deliver(letter))

            return delivered
        return lambda: deliver(letter)

    def _told(self, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except Exception as error:
            raise self._meant(error) from error

    async def _awaited(self, asked: Awaitable[Any]) -> Any:
        try:
            return await asked
        except Exception as error:
            raise self._meant(error) from error

    def _meant(self, error: Exception) -> Exception:
        """Return what an error of a channel means: where its code failed, nobody knows how far it got."""
        if isinstance(error, _TOLD):
            return error
        if isinstance(error, ConfigurationError):
            return TransientError(str(error), provider=self._channel.name, code="configuration")
        return NoAnswerError(f"{self._channel.name}: its code raised {unforeseen(error)}; it may have been done")

    def _answer(self, letter: Letter | None, found: Any) -> httpx.Response:
        if letter is None:
            return httpx.Response(200, text=str(found))
        receipt = found if isinstance(found, Receipt) else Receipt(letter.id, _status(found))
        said = {"id": receipt.provider_id or letter.id, "status": receipt.status, "error": receipt.error}
        return httpx.Response(200, json=said)


def _letter_in(request: httpx.Request) -> Letter | None:
    """Return the letter in a request; None: it asks whether anybody is there."""
    values = json.loads(request.content or b"{}")
    return Letter.from_json(values) if values else None


def _status(found: Any) -> str:
    """Return what a channel said in a word, or by returning nothing."""
    return "sent" if found is None else found if isinstance(found, str) else "unknown"
