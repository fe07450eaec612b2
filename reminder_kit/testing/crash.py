"""Crash points: kill a process at its n-th step towards the provider or the ledger.

Never simulates a crash by an exception: the process is killed, as a power cut would do it. Each request and each commit
is two steps, before and after, so that exactly one thing has happened between any two points; on demand, each SQL
statement is a step as well.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from reminder_kit.kit.faces import ReminderKit
from reminder_kit.ledger.ledger import Ledger
from reminder_kit.ports import IO, Request, Response

if TYPE_CHECKING:
    from reminder_kit.ledger.transaction import Transaction

__all__ = ["CrashPoints", "kill_at"]

T = TypeVar("T")


class CrashPoints:
    """An `IO` that counts the steps of the one it wraps, and kills the process at step `point` (from 1; 0: never)."""

    def __init__(self, io: IO, point: int, steps: list[str] | None = None) -> None:
        self._io = io
        self._point = point
        self.steps: list[str] = [] if steps is None else steps

    def step(self, name: str) -> None:
        """Count a step, and kill the process at the chosen one."""
        self.steps.append(name)
        if len(self.steps) == self._point:
            os.kill(os.getpid(), signal.SIGKILL)

    def load(self) -> None:
        """Load what a first request needs."""
        self._io.load()

    async def turn(self) -> None:
        """Wait for a place in the rate; nothing is done, so that is no step."""
        await self._io.turn()

    async def send(self, request: Request) -> Response:
        """Send a request, with a crash point on either side."""
        self.step(f"before {request.method}")
        response = await self._io.send(request)
        self.step(f"after {request.method}")
        return response

    async def result(self, future: Future[T]) -> T:
        """Wait for a commit, with a crash point once it is durable."""
        self.step("before commit")
        result = await self._io.result(future)
        self.step("after commit")
        return result

    async def call(self, func: Callable[..., T], *args: Any) -> T:
        """Run a blocking function, with a crash point before it."""
        inner = getattr(func, "func", func)
        self.step(f"before {getattr(inner, '__name__', 'call')}")
        return await self._io.call(func, *args)

    async def sleep(self, delay: float) -> None:
        """Return at once: a process that is killed has no use for waiting."""

    async def gather(self, jobs: Sequence[Callable[[], Coroutine[Any, Any, T]]]) -> list[T]:
        """Carry out jobs one after another, so that a point is the same step in every run."""
        return [await job() for job in jobs]

    def close(self) -> None:
        """Close the `IO` that it wraps."""
        self._io.close()  # type: ignore[attr-defined]


class _Statements:
    """A runner of SQL that counts every statement before it is run."""

    def __init__(self, runner: Any, points: CrashPoints) -> None:
        self._runner = runner
        self._points = points

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._runner, name)
        if name not in ("rows", "run", "many"):
            return found

        def counted(*args: Any, **values: Any) -> Any:
            self._points.step(name)
            return found(*args, **values)

        return counted


def _count_statements(ledger: Ledger, points: CrashPoints) -> None:
    opened, lent = ledger.writing, ledger.on

    @contextmanager
    def writing(*, together: bool = False) -> Iterator[Transaction]:
        with opened(together=together) as transaction:
            under = transaction._runner  # noqa: SLF001 - statements are steps too
            under._runner = _Statements(under._runner, points)  # noqa: SLF001 - as above
            yield transaction
        points.step("committed")

    @contextmanager
    def on(connection: Any) -> Iterator[Transaction]:
        with lent(connection) as transaction:
            under = transaction._runner  # noqa: SLF001 - as above
            under._runner = _Statements(under._runner, points)  # noqa: SLF001 - as above
            yield transaction
        points.step("handed back")

    ledger.writing = writing  # type: ignore[method-assign]
    ledger.on = on  # type: ignore[method-assign]


def kill_at(kit: ReminderKit, point: int, *, statements: bool = False) -> CrashPoints:
    """Have a kit's process killed at its n-th step (0: never), and return what counts the steps.

    With `statements`, each SQL statement is a step as well.
    """
    points = CrashPoints(kit._io, point)  # noqa: SLF001 - the crash matrix is part of the kit's own house
    kit._io = points  # type: ignore[assignment]  # noqa: SLF001 - likewise
    kit._executor.io = kit._executor.route.io = points  # noqa: SLF001 - likewise
    if (second := kit._executor.fallback) is not None:  # noqa: SLF001 - likewise
        second.io = CrashPoints(second.io, point, points.steps)
    if statements:
        _count_statements(kit.ledger, points)
    return points
