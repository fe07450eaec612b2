"""Pools: connections at rest, by where they lead, for one who speaks to a provider or for many.

Never opens a connection, and never lends one to two at once: who takes one out gives it back.
"""

from __future__ import annotations

import warnings
import weakref
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from reminder_kit.forks import Forkable, put_aside, survive_forks
from reminder_kit.transport.certificates import Certificates
from reminder_kit.transport.http import Place

if TYPE_CHECKING:
    import asyncio

    import httpx

__all__ = ["AsyncPool", "Pool"]

T = TypeVar("T")
Idle = dict[Place, list[T]]
"""What is at rest, the one that was used last at the end."""


class Pool(Forkable):
    """The blocking face's connections to providers; safe between threads, and to have been made before a fork.

    `name` is what a warning calls those that nobody closed.
    """

    def __init__(self, name: str) -> None:
        self.certificates = Certificates()
        self._name = name
        self._begin_anew()
        survive_forks(self)

    def _begin_anew(self) -> None:
        """Begin without connections; those that are idle when nobody holds this any more are closed, with a warning."""
        self._idle: Idle[httpx.BaseTransport] = {}
        self._unclosed = weakref.finalize(self, _close_left, self._idle, self._name)
        self._unclosed.atexit = False

    def after_fork_in_child(self) -> None:
        """Leave connections to the parent."""
        self._unclosed.detach()
        put_aside(self._idle)
        self._begin_anew()

    def idle(self, place: Place) -> list[httpx.BaseTransport]:
        """Return the connections to a place that nobody uses: one is taken out at its end, and given back there."""
        return self._idle.setdefault(place, [])

    def close(self) -> None:
        """Close all connections; a later request opens new ones."""
        _close_all(self._idle)


def _close_all(idle: Idle[httpx.BaseTransport]) -> bool:
    """Close transports, also while others take and give back; says whether there was one."""
    was_open = False
    for some in list(idle.values()):
        while some:
            was_open = True
            with suppress(IndexError):
                some.pop().close()
    return was_open


def _close_left(idle: Idle[httpx.BaseTransport], name: str) -> None:
    """Close the connections that nobody holds any more, and warn that they were not closed."""
    if _close_all(idle):
        warnings.warn(
            f"unclosed connections to {name}: close the kit, or use it in a `with`", ResourceWarning, stacklevel=2
        )


class AsyncPool:
    """The async face's connections to providers; each event loop has its own, which end with it."""

    def __init__(self) -> None:
        self.certificates = Certificates()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._idle: Idle[httpx.AsyncBaseTransport] = {}
        #: Closes what is idle when its loop ends, or nobody holds this any more; None: there is nothing yet.
        self._keeper: AsyncGenerator[None] | None = None

    async def idle(self, place: Place) -> list[httpx.AsyncBaseTransport]:
        """Return the running loop's connections to a place that nobody uses."""
        from asyncio import get_running_loop

        loop = get_running_loop()
        if loop is not self._loop:
            self._loop, self._idle = loop, {}
            self._keeper = _kept(self._idle)
            await anext(self._keeper)
        return self.at(place)

    def at(self, place: Place) -> list[httpx.AsyncBaseTransport]:
        """Return the latest loop's connections to a place that nobody uses."""
        return self._idle.setdefault(place, [])

    async def aclose(self) -> None:
        """Close all connections; call it in the loop that used them."""
        keeper, self._keeper, self._loop = self._keeper, None, None
        if keeper is not None:
            await keeper.aclose()


async def _kept(idle: Idle[httpx.AsyncBaseTransport]) -> AsyncGenerator[None]:
    """Yield once, and close what is idle when this is closed: by `aclose`, by its loop as that ends, or when dropped.

    A loop closes the generators that were begun in it (`loop.shutdown_asyncgens`, which `asyncio.run` calls), and one
    that nobody holds any more is handed to it to be closed there.
    """
    try:
        yield
    finally:
        for some in list(idle.values()):
            while some:
                await some.pop().aclose()
