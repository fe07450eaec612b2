"""Arrivals: results from other threads, handed to an event loop together.

Never wakes the loop once for each of them, as `asyncio.wrap_future` does: of a group commit a hundred come at once, and
each waking is a write to a socket.
"""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import Future
from typing import TypeVar

from attrs import define, field

__all__ = ["Arrivals"]

T = TypeVar("T")


@define
class Arrivals:
    """What one event loop waits for from other threads."""

    loop: asyncio.AbstractEventLoop
    _ready: deque[asyncio.Future[None]] = field(factory=deque, init=False)
    #: Whether the loop was told to look, and has not looked yet.
    _is_told: bool = field(default=False, init=False)

    async def result(self, future: Future[T]) -> T:
        """Wait for a future of another thread and return its result; cancelled, it is not waited for any more."""
        if not future.done():
            waiter = self.loop.create_future()
            future.add_done_callback(lambda _done: self._arrived(waiter))
            try:
                await waiter
            except asyncio.CancelledError:
                future.cancel()
                raise
        return future.result()

    def _arrived(self, waiter: asyncio.Future[None]) -> None:
        """Note, in another thread, that something came; a loop that ended waits for nothing."""
        self._ready.append(waiter)
        if not self._is_told and not self.loop.is_closed():
            self._is_told = True
            self.loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        self._is_told = False  # first: what comes from here on has the loop told again
        while self._ready:
            waiter = self._ready.popleft()
            if not waiter.done():
                waiter.set_result(None)
