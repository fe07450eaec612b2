"""The blocking face of `IO`: coroutines that never suspend, and the few lines that drive them.

Never used by the async face; inside a running event loop it blocks that loop, as any plain call does.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from reminder_kit.http_bodies import BodyError
from reminder_kit.ports import Provider, Request, Response
from reminder_kit.transport.http import TIMEOUT, HttpChannel
from reminder_kit.transport.pace import Pace

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

    Up to `concurrency` jobs run at once, each in a thread; no thread is started for a single one. `timeout` is in
    seconds, for each step of an exchange and for the whole of the answer. `transport` (one of httpx) replaces the
    network, `sleep` (of seconds) the waiting; `pace` None means one of its own.
    """

    def __init__(
        self,
        provider: Provider,
        concurrency: int = 1,
        *,
        timeout: float = TIMEOUT,
        transport: httpx.BaseTransport | None = None,
        pace: Pace | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._channel = HttpChannel(provider, timeout, pace)
        self._concurrency = concurrency
        self._given = transport
        self._sleep = sleep
        self._local = threading.local()
        self._opened: list[httpx.HTTPTransport] = []
        self._lock = threading.Lock()
        self._threads: ThreadPoolExecutor | None = None
        self._pid = os.getpid()

    @property
    def pace(self) -> Pace:
        """The slow-down that all who send through this share."""
        return self._channel.pace

    def _transport(self) -> httpx.BaseTransport:
        """Return this thread's transport; a forked process opens one of its own."""
        import httpx

        if self._given is not None:
            return self._given
        process = os.getpid()
        found: httpx.HTTPTransport | None = getattr(self._local, "transport", None)
        if found is None or found not in self._opened or self._local.process != process:
            with self._lock:
                found = httpx.HTTPTransport(**self._channel.transport_options())
                self._opened.append(found)
            self._local.transport, self._local.process = found, process
        return found

    async def turn(self) -> None:
        """Wait for a place in the provider's rate; who was held back anew meanwhile waits for another one."""
        pace = self._channel.pace
        while (wait := pace.reserve()) > 0:
            self._sleep(wait)
            if not pace.held():
                return

    async def send(self, request: Request) -> Response:
        """Send one request and return the whole answer; raises `NotSentError` or `NoAnswerError`."""
        import httpx

        channel = self._channel
        built = channel.built(request)
        deadline = time.monotonic() + channel.timeout
        try:
            response = self._transport().handle_request(built)
            try:
                body, parts = channel.body(response), list[bytes]()
                for data in response.iter_bytes() if body.is_unpacked else response.iter_raw():
                    parts += body.add(data)
                    if time.monotonic() > deadline:
                        raise channel.too_much()
                body.end()
            finally:
                response.close()
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, BodyError) as error:
            raise channel.failure(error) from error
        return channel.answer(response, b"".join(parts))

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
        if len(jobs) == 1 or self._concurrency == 1:
            return [await job() for job in jobs]
        return list(self._pool().map(lambda job: run_blocking(job()), jobs))

    def _pool(self) -> ThreadPoolExecutor:
        """Return the threads of this process; a forked process has none of its parent's, and starts its own."""
        if self._threads is None or self._pid != os.getpid():
            self._threads = ThreadPoolExecutor(self._concurrency, thread_name_prefix="reminder-kit")
            self._pid = os.getpid()
        return self._threads

    def close(self) -> None:
        """End the threads and close all connections; a later request opens new ones."""
        if self._threads is not None and self._pid == os.getpid():
            self._threads.shutdown()
        self._threads = None
        with self._lock:
            opened, self._opened = self._opened, []
        for transport in opened:
            transport.close()
