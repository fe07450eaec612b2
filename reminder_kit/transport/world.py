"""The whole `IO` port for both faces: HTTP from `transport`, plus waiting for the ledger and fanning out.

Never decides anything; how many jobs run at once is all it knows.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from reminder_kit.ports import Provider
from reminder_kit.transport.http import AsyncIO, BlockingIO, run_blocking

__all__ = ["AsyncWorld", "BlockingWorld"]

T = TypeVar("T")


class BlockingWorld(BlockingIO):
    """The world of the blocking face: up to `concurrency` threads, none while there is but one job."""

    def __init__(self, provider: Provider, concurrency: int, **options: Any) -> None:
        super().__init__(provider, **options)
        self._concurrency = concurrency
        self._threads: ThreadPoolExecutor | None = None
        self._pid = os.getpid()

    async def wait(self, future: Future[T]) -> T:
        """Return what a group commit brings."""
        return future.result()

    async def each(self, jobs: Sequence[Callable[[], Coroutine[Any, Any, T]]]) -> list[T]:
        """Carry out independent jobs in threads; results in their order."""
        if len(jobs) == 1 or self._concurrency == 1:
            return [await job() for job in jobs]
        return list(self._pool().map(lambda job: run_blocking(job()), jobs))

    def _pool(self) -> ThreadPoolExecutor:
        """Return the threads of this process: a forked one has none of its parent's, and starts its own."""
        if self._threads is None or self._pid != os.getpid():
            self._threads = ThreadPoolExecutor(self._concurrency, thread_name_prefix="reminder-kit")
            self._pid = os.getpid()
        return self._threads

    def close(self) -> None:
        """End the threads and close all connections."""
        if self._threads is not None and self._pid == os.getpid():
            self._threads.shutdown()
        self._threads = None
        super().close()


class AsyncWorld(AsyncIO):
    """The world of the async face: tasks of the running loop."""

    async def wait(self, future: Future[T]) -> T:
        """Return what a group commit brings."""
        return await asyncio.wrap_future(future)

    async def each(self, jobs: Sequence[Callable[[], Coroutine[Any, Any, T]]]) -> list[T]:
        """Carry out independent jobs as tasks; results in their order."""
        return list(await asyncio.gather(*(job() for job in jobs)))
