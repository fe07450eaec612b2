"""The sandbox's clock: the real one, a stopped one, or one that runs from another time.

Never moves by itself once stopped. A call returns the time, so that it serves as a kit's `clock=` too.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from reminder_kit.model.instants import from_iso, utc

__all__ = ["Clock"]


class Clock:
    """A clock that can be set.

    `at` (an aware datetime or ISO text with an offset) stops it there, and with `running` it goes on from there. `at`
    None means the real time.
    """

    def __init__(self, at: datetime | str | None = None, *, running: bool | None = None) -> None:
        self._running = at is None if running is None else running
        self._moved: list[Callable[[], None]] = []
        self._set(at or datetime.now(UTC))

    def __call__(self) -> datetime:
        """Return the time, in UTC."""
        passed = time.monotonic() - self._since if self._running else 0.0
        return self._at + timedelta(seconds=passed)

    @property
    def running(self) -> bool:
        """Whether time passes by itself."""
        return self._running

    def _set(self, at: datetime | str) -> None:
        self._at = from_iso(at) if isinstance(at, str) else utc(at)
        self._since = time.monotonic()

    def set(self, at: datetime | str) -> datetime:
        """Set the clock and return the time (UTC); what has fallen due by then happens now."""
        self._set(at)
        return self._after_move()

    def advance(self, by: timedelta | None = None, **parts: float) -> datetime:
        """Move the clock on, by a timedelta or by its parts (`hours=24`), and return the time (UTC)."""
        self._set(self() + (by or timedelta(**parts)))
        return self._after_move()

    def when_moved(self, call: Callable[[], None]) -> None:
        """Have a function called whenever the clock is set or moved on."""
        self._moved.append(call)

    def _after_move(self) -> datetime:
        """Call whoever wants to know that the clock was moved, and return the time."""
        for call in self._moved:
            call()
        return self()
