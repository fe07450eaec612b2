"""Transport: HTTP to a provider, and waiting, for both faces of the kit.

Never decides what is sent, and never repeats a request: what a missing answer means is decided where the intent is
known. May import `ports` and the rooms below it, and httpx, which is loaded with the first request. In reading order:

- `http`: one request out and one whole answer back: addresses, credentials, limits, and which failure of httpx means
  that nothing was sent.
- `conversation`, `connections`: HTTP/1.1 over sockets of our own, as transports of httpx; without httpx's detours.
- `pools`, `certificates`: connections at rest and what servers are trusted by, for one kit or for many that share them.
- `lean_httpx`: httpx without its command line, which takes memory.
- `pace`: the slow-down that all workers of a process share, learned from the provider's answers.
- `shared_pace`: a rate that holds across processes: its places are taken elsewhere, in blocks.
- `arrivals`: what an event loop waits for from other threads.
- `blocking`, `asynchronous`: `IO` (`reminder_kit.ports`) for either face, and `run_blocking`.

To know:

- There is one implementation of the kit: coroutines over `IO`. The blocking `IO` never suspends, so that `run_blocking`
  drives such a coroutine to its end without an event loop.
- `NotSentError` means that the provider certainly never saw the request; `NoAnswerError` means that it may have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reminder_kit.transport.blocking import BlockingIO, run_blocking
from reminder_kit.transport.pace import Pace
from reminder_kit.transport.shared_pace import SharedPace

if TYPE_CHECKING:
    from reminder_kit.transport.asynchronous import AsyncIO

__all__ = ["AsyncIO", "BlockingIO", "Pace", "SharedPace", "run_blocking"]


def __getattr__(name: str) -> Any:
    if name != "AsyncIO":
        raise AttributeError(f"module 'reminder_kit.transport' has no attribute {name!r}")
    from reminder_kit.transport.asynchronous import AsyncIO  # loads asyncio, which the blocking face need not wait for

    return AsyncIO
