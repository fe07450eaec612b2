"""The async face of `IO`: tasks of the running event loop.

Never blocks that loop: a blocking function runs in a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar, cast

from reminder_kit.http_bodies import BodyError
from reminder_kit.ports import Provider, Request, Response
from reminder_kit.transport.arrivals import Arrivals
from reminder_kit.transport.http import TIMEOUT, HttpChannel
from reminder_kit.transport.pace import Pace
from reminder_kit.transport.pools import AsyncPool
from reminder_kit.transport.tally import Tally

if TYPE_CHECKING:
    import httpx

__all__ = ["AsyncIO"]

T = TypeVar("T")


class AsyncIO:
    """`IO` for the async face, with at most `concurrency` requests at once; the arguments are those of `BlockingIO`.

    It may be used in one event loop after another: each gets connections of its own.
    """

    def __init__(
        self,
        provider: Provider,
        concurrency: int = 16,
        *,
        timeout: float = TIMEOUT,
        transport: httpx.AsyncBaseTransport | None = None,
        pace: Pace | None = None,
        pool: AsyncPool | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._is_own = pool is None
        self._pool = pool or AsyncPool()
        self._channel = HttpChannel(provider, timeout, pace, self._pool.certificates)
        self._given = transport
        self._sleep = sleep
        self._concurrency = concurrency
        self._arrivals: Arrivals | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._slots = asyncio.Semaphore(concurrency)

    @property
    def pace(self) -> Pace:
        """The slow-down that all who send through this share."""
        return self._channel.pace

    def _slots_here(self) -> asyncio.Semaphore:
        """Return what bounds the requests under way in the running loop."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._slots = loop, asyncio.Semaphore(self._concurrency)
        return self._slots

    @property
    def _idle(self) -> list[httpx.AsyncBaseTransport]:
        return self._pool.at(self._channel.place)

    def load(self) -> None:
        """Load what a first request needs: httpx and the certificates."""
        self._channel.load()

    @property
    def tally(self) -> Tally:
        """What was exchanged with the provider."""
        return self._channel.tally

    async def turn(self) -> None:
        """Wait for a place in the provider's rate; who was held back anew meanwhile waits for another one."""
        await self._channel.pace.turn(self)

    async def send(self, request: Request) -> Response:
        """Send one request and return the whole answer; raises `NotSentError` or `NoAnswerError`."""
        await self._channel.pace.leave(self)
        with self._channel.tally.timed() as answers:
            answers.append(await self._send(request))
        return answers[0]

    async def _send(self, request: Request) -> Response:
        built = self._channel.built(request)
        async with self._slots_here():
            if self._given is not None:
                return await self._exchange(self._given, built)
            idle = await self._pool.idle(self._channel.place)
            transport = idle.pop() if idle else self._channel.opened_async()
            try:
                return await self._exchange(transport, built)
            finally:
                idle.append(transport)
                while len(idle) > self._concurrency:  # others share them
                    await idle.pop(0).aclose()

    async def _exchange(self, transport: httpx.AsyncBaseTransport, built: httpx.Request) -> Response:
        from reminder_kit.transport.lean_httpx import httpx

        channel = self._channel
        try:
            async with asyncio.timeout(2 * channel.timeout):
                response = await transport.handle_async_request(built)
                try:
                    headers, parts = channel.headers(response), list[bytes]()
                    body = channel.body(headers, is_unpacked=response.is_stream_consumed)
                    async for data in response.aiter_bytes() if body.is_unpacked else _stream(response):
                        parts += body.add(data)
                    body.end()
                finally:
                    await response.aclose()
        except TimeoutError as error:
            raise channel.too_much() from error
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, BodyError) as error:
            raise channel.failure(error) from error
        return channel.answer(response.status_code, headers, parts)

    async def call(self, func: Callable[..., T], *args: Any) -> T:
        """Run a blocking function in a thread."""
        return await asyncio.to_thread(func, *args)

    async def result(self, future: Future[T]) -> T:
        """Wait for a future (a group commit of the ledger) and return its result."""
        loop = asyncio.get_running_loop()
        if self._arrivals is None or self._arrivals.loop is not loop:
            self._arrivals = Arrivals(loop)
        return await self._arrivals.result(future)

    async def sleep(self, delay: float) -> None:
        """Wait for so many seconds of the machine's clock."""
        await self._sleep(delay)

    async def gather(self, jobs: Sequence[Callable[[], Coroutine[Any, Any, T]]]) -> list[T]:
        """Carry out independent jobs, by `concurrency` tasks at the most; results in their order.

        No more than that, so that who checked what time allows need not wait for a connection afterwards.
        """
        waiting, results = iter(enumerate(jobs)), dict[int, T]()

        async def work() -> None:
            for index, job in waiting:
                results[index] = await job()

        await asyncio.gather(*(work() for _ in range(min(self._concurrency, len(jobs)))))
        return [results[index] for index in range(len(jobs))]

    async def aclose(self) -> None:
        """Close all connections, unless others share them; call it in the loop that used them."""
        if self._is_own:
            await self._pool.aclose()


def _stream(response: httpx.Response) -> httpx.AsyncByteStream:
    """Return the pieces of an answer as they come: what is read is the whole of it, so that httpx need not count."""
    return cast("httpx.AsyncByteStream", response.stream)
