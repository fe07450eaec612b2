"""Crash points: kill a process at its n-th step towards the provider or the ledger.

Never simulates a crash by an exception: the process is killed, as the power would do it.
Every request and every commit counts twice, before and after, so that between any two
points lies exactly one thing that has happened.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

from reminder_kit.kit import ReminderKit
from reminder_kit.ports import IO, Request, Response

__all__ = ["CrashPoints", "kill_at"]

T = TypeVar("T")


class CrashPoints:
    """An `IO` that counts the steps of the one it wraps, and kills the process at step `point` (from 1; 0: never)."""

    def __init__(self, io: IO, point: int) -> None:
        self._io = io
        self._point = point
        self.steps: list[str] = []

    def _step(self, name: str) -> None:
        self.steps.append(name)
        if len(self.steps) == self._point:
            os.kill(os.getpid(), signal.SIGKILL)

    async def send(self, request: Request) -> Response:
        """Send a request, with a crash point on either side."""
        self._step(f"before {request.method}")
        response = await self._io.send(request)
        self._step(f"after {request.method}")
        return response

    async def wait(self, future: Future[T]) -> T:
        """Wait for a commit, with a crash point once it is durable."""
        self._step("before commit")
        result = await self._io.wait(future)
        self._step("after commit")
        return result

    async def call(self, func: Callable[..., T], *args: Any) -> T:
        """Run a blocking function, with a crash point before it."""
        self._step(f"before {getattr(func, '__name__', 'call')}")
        return await self._io.call(func, *args)

    async def sleep(self, delay: float) -> None:
        """Wait."""
        await self._io.sleep(delay)

    async def each(self, jobs: Sequence[Callable[[], Coroutine[Any, Any, T]]]) -> list[T]:
        """Carry out jobs one after another: a point is then the same step in every run."""
        return [await job() for job in jobs]

    def close(self) -> None:
        """Close what it wraps."""
        self._io.close()  # type: ignore[attr-defined]


def kill_at(kit: ReminderKit, point: int) -> CrashPoints:
    """Make a kit die at its n-th step; returns what counts them."""
    points = CrashPoints(kit._io, point)  # noqa: SLF001 - the crash matrix is part of the kit's own house
    kit._io = points  # type: ignore[assignment]  # noqa: SLF001 - likewise
    kit._engine.io = points  # noqa: SLF001 - likewise
    return points
