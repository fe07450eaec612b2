"""The pace: the slow-down that all workers of a process share.

Never sends anything itself, and never waits: it says how long to. Its clock is an argument.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable

from reminder_kit.errors import InvalidInputError
from reminder_kit.forks import Forkable, survive_forks
from reminder_kit.ports import Response

__all__ = ["Pace", "gap_of"]


_APART = 0.05
"""Seconds between those who were held back together: they don't all come back at once."""


def _per_second(rate: str | float | None) -> float:
    """Return a rate in requests a second, 0 for None; raises `InvalidInputError` for what is no rate."""
    if rate is None:
        return 0.0
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(?:/\s*(s|sec|second|m|min|minute|h|hour))?\s*", str(rate))
    count = float(found[1]) if found else 0.0
    if not found or count <= 0:
        raise InvalidInputError(f"rate = {rate!r} is no rate: write '50/s', '600/min' or a number a second")
    return count / {"s": 1, "m": 60, "h": 3600}[(found[2] or "s")[0]]


def gap_of(rate: str | float | None) -> float:
    """Return how many seconds a rate has between two requests, 0 for None; raises as `Pace` does."""
    per_second = _per_second(rate)
    return 1 / per_second if per_second else 0.0


class Pace(Forkable):
    """The slow-down that all workers of a process share; safe between threads.

    `rate` ("50/s", "600/min", or a number a second; None: no limit) spaces requests evenly. A 429, a 503 with
    `Retry-After`, or `x-ratelimit-remaining: 0` holds everyone back until the time that the provider names, but for no
    longer than `longest` seconds; where it names none, for 1 s, doubling up to 16. `clock` returns seconds that only
    grow. Raises `InvalidInputError` for what is no rate.
    """

    def __init__(
        self,
        rate: str | float | None = None,
        *,
        longest: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._gap = gap_of(rate)
        self._longest = longest
        self._clock = clock
        self._lock = threading.Lock()
        self._next = 0.0
        self._until = 0.0
        self._refused = 0
        self._waiting = 0
        survive_forks(self)

    def after_fork_in_child(self) -> None:
        """Forget who held the lock: no such thread is in the child."""
        self._lock = threading.Lock()

    def keep_to(self, gap: float) -> None:
        """Space requests by so many seconds from now on; 0: by no rate."""
        self._gap = gap

    def reserve(self) -> float:
        """Take the next place in the line of requests, and return how many seconds to wait for it."""
        with self._lock:
            now = self._clock()
            at = max(now, self._next, self._until)
            if self._gap:
                self._next = at + self._gap
            elif self._until > now:
                at += self._waiting * _APART
                self._waiting += 1
            return at - now

    def held(self) -> float:
        """Return for how many seconds everyone is still held back: asked again after each wait."""
        return max(0.0, self._until - self._clock())

    def learn(self, response: Response) -> None:
        """Note what an answer says of the provider's limits."""
        exhausted = response.headers.get("x-ratelimit-remaining", "").strip() == "0"
        slow = response.status == 429 or (response.status == 503 and response.retry_after is not None)
        if not slow and not exhausted:
            self._refused = 0
            return
        with self._lock:
            self._refused = min(self._refused + slow, 5)
            wait = response.retry_after
            if wait is None:
                wait = 2.0 ** (self._refused - 1) if slow else 0.0
            until = self._clock() + min(wait, self._longest)
            if until > self._until:
                self._until, self._waiting = until, 0
