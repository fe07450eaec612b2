"""The blocking face of `IO`: coroutines that never suspend, and the few lines that drive them.

Never used by the async face; inside a running event loop it blocks that loop, as any plain call does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar, cast

from reminder_kit.http_bodies import BodyError
from reminder_kit.ports import Provider, Request, Response
from reminder_kit.transport.http import TIMEOUT, HttpChannel
from reminder_kit.transport.pace import Pace
from reminder_kit.transport.pools import Pool
from reminder_kit.transport.tally import Tally

if TYPE_CHECKING:
    import httpx

__all__ = ["BlockingIO", "run_blocking"]

T = TypeVar("T")


def run_blocking(coroutine: Coroutine[Any, Any, T]) -> T:
    """Drive a coroutine that never suspends to its end, also inside a running event loop, and return its result.

    Raises `RuntimeError` where it suspends all the same: then its `IO` is not a blocking one.
    """
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]
    coroutine.close()
    raise RuntimeError("the coroutine waits for an event loop: give it a blocking IO, or await it")


class BlockingIO:
    """`IO` whose coroutines never suspend, so that `run_blocking` can drive them.

    Up to `concurrency` jobs run at once, each in a thread that ends with them; no thread is started for a single one.
    `timeout` is in seconds, for each step of an exchange and for the whole of the answer. `transport` (one of httpx)
    replaces the network, `sleep` (of seconds) the waiting; `pace` and `pool` None mean one of its own.
    """

    def __init__(
        self,
        provider: Provider,
        concurrency: int = 1,
        *,
        timeout: float = TIMEOUT,
        transport: httpx.BaseTransport | None = None,
        pace: Pace | None = None,
        pool: Pool | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._is_own = pool is None
        self._pool = pool or Pool(provider.name)
        self._channel = HttpChannel(provider, timeout, pace, self._pool.certificates)
        self._concurrency = concurrency
        self._given = transport
        self._sleep = sleep

    @property
    def _idle(self) -> list[httpx.BaseTransport]:
        return self._pool.idle(self._channel.place)

    @property
    def pace(self) -> Pace:
        """The slow-down that all who send through this share."""
        return self._channel.pace

    @contextmanager
    def _transport(self) -> Iterator[httpx.BaseTransport]:
        """Lend a transport that nobody uses: the one that was used last, since its connection may still be open.

        There are as many as there are requests under way at once, whichever threads they are of; nobody waits for one.
        At most `concurrency` are kept after that, those that were used last.
        """
        if self._given is not None:
            yield self._given
            return
        idle = self._idle
        try:
            transport = idle.pop()
        except IndexError:
            transport = self._channel.opened()
        try:
            yield transport
        finally:
            idle.append(transport)
            while len(idle) > self._concurrency:
                with suppress(IndexError):  # another thread was first
                    idle.pop(0).close()

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
            answers.append(self._send(request))
        return answers[0]

    def _send(self, request: Request) -> Response:
        from reminder_kit.transport.lean_httpx import httpx

        channel = self._channel
        built = channel.built(request)
        deadline = time.monotonic() + channel.timeout
        try:
            with self._transport() as transport, closing(transport.handle_request(built)) as response:
                headers, parts = channel.headers(response), list[bytes]()
                body = channel.body(headers, is_unpacked=response.is_stream_consumed)
                for data in response.iter_bytes() if body.is_unpacked else _stream(response):
                    parts += body.add(data)
                    if time.monotonic() > deadline:
                        raise channel.too_much()
                body.end()
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, BodyError) as error:
            raise channel.failure(error) from error
        return channel.answer(response.status_code, headers, parts)

    async def call(self, func: Callable[..., T], *args: Any) -> T:
        """Run a blocking function in this thread, at once."""
        return func(*args)

    async def result(self, future: Future[T]) -> T:
        """Wait for a future (a group commit of the ledger) and return its result."""
        return future.result()

    async def sleep(self, delay: float) -> None:
        """Wait for so many seconds of the machine's clock."""
        self._sleep(delay)

    async def gather(self, jobs: Sequence[Callable[[], Coroutine[Any, Any, T]]]) -> list[T]:
        """Carry out independent jobs in threads, and return their results in the order of the jobs."""
        count = min(self._concurrency, len(jobs))
        if count <= 1:
            return [await job() for job in jobs]
        with ThreadPoolExecutor(count, thread_name_prefix="reminder-kit") as threads:
            return list(threads.map(lambda job: run_blocking(job()), jobs))

    def close(self) -> None:
        """Close all connections, unless others share them; a later request opens new ones."""
        if self._is_own:
            self._pool.close()


def _stream(response: httpx.Response) -> httpx.SyncByteStream:
    """Return the pieces of an answer as they come: what is read is the whole of it, so that httpx need not count."""
    return cast("httpx.SyncByteStream", response.stream)
