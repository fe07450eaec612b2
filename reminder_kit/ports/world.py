"""The port of the world: the ways in which a coroutine of the kit touches it. Adapters don't need it.

Never decides anything: it sends, waits and calls.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future
from typing import Any, Protocol, TypeVar

from reminder_kit.ports.exchange import Request, Response

__all__ = ["IO"]

T = TypeVar("T")


class IO(Protocol):
    """The ways in which a coroutine of the kit touches the world. Adapters don't need it.

    Its blocking form never suspends, so that the same coroutines serve both faces of the kit.
    """

    async def turn(self) -> None:
        """Wait for a place in the provider's rate, which the next `send` takes up.

        That may take a minute: who waited checks again what time allows before a request leaves.
        """
        ...

    async def send(self, request: Request) -> Response:
        """Send one request, with the provider's address and headers, and return the whole answer.

        Raises `NotSentError` where it certainly did not reach the provider, `NoAnswerError` where it may have.
        """
        ...

    def load(self) -> None:
        """Load what a first request needs, connected to nobody."""
        ...

    async def call(self, func: Callable[..., T], *args: Any) -> T:
        """Run a blocking function and return its result, in a thread where the face is asynchronous."""
        ...

    async def result(self, future: Future[T]) -> T:
        """Wait for a future (a group commit of the ledger) and return its result."""
        ...

    async def sleep(self, delay: float) -> None:
        """Wait `delay` seconds of the machine's clock."""
        ...

    async def gather(self, jobs: Sequence[Callable[[], Coroutine[Any, Any, T]]]) -> list[T]:
        """Carry out jobs that don't depend on each other, as many at once as the kit allows; results in their order."""
        ...
