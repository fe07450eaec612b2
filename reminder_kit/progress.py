"""Progress: how much of a list a run has worked through, for whoever watches it (the command line's bar).

Costs a run that nobody watches one look at a variable for each list. Whoever watches hears of its own runs only: of
those begun in the same thread or task.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

__all__ = ["Watcher", "counted", "watched"]

T = TypeVar("T")

Watcher = Callable[[str, int, int | None], object]
"""Called with what is done to a list ("reading"), how many of it are done, and how many there are (None: unknown)."""

_WATCHER: ContextVar[Watcher | None] = ContextVar("reminder_kit_progress", default=None)

_STEP = 50
"""After how many items it is told: each of them costs much more than the count, and less than the call."""


@contextmanager
def watched(watcher: Watcher) -> Iterator[None]:
    """Have a watcher hear of the lists that are worked through meanwhile."""
    before = _WATCHER.set(watcher)
    try:
        yield
    finally:
        _WATCHER.reset(before)


def counted(items: Iterable[T], what: str, total: int | None = None) -> Iterable[T]:
    """Return the items, which are told to whoever watches as they are drawn; `total` None: nobody knows how many."""
    watcher = _WATCHER.get()
    return items if watcher is None else _told(items, what, total, watcher)


def _told(items: Iterable[T], what: str, total: int | None, watcher: Watcher) -> Iterator[T]:
    done = 0
    watcher(what, done, total)
    for done, item in enumerate(items, 1):
        yield item
        if done % _STEP == 0:
            watcher(what, done, total)
    watcher(what, done, total)
