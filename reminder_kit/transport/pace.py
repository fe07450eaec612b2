"""The pace: the slow-down that all workers of a process share.

Never sends anything itself, and never waits but by what `turn` and `leave` are given. Its clock is an argument.
"""

from __future__ import annotations

import math
import re
import threading
import time
from collections.abc import Callable, Iterable

from reminder_kit.errors import InvalidInputError
from reminder_kit.forks import Forkable, survive_forks
from reminder_kit.model.rates import HEADROOM
from reminder_kit.ports import IO, Response

__all__ = ["Pace", "per_second"]


_APART = 0.05
"""Seconds between those who were held back together: they don't all come back at once."""


def per_second(rate: str | float) -> float:
    """Return a rate in requests a second; raises `InvalidInputError` for what is no rate."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(?:/\s*(s|sec|second|m|min|minute|h|hour))?\s*", str(rate))
    if isinstance(rate, float) and 0 < rate < math.inf:  # however small: "0.1/h" is 2.8e-05 a second
        return rate
    count = float(found[1]) if found else 0.0
    if not found or count <= 0:
        raise InvalidInputError(f"rate = {rate!r} is no rate: write '50/s', '600/min' or a number a second")
    return count / {"s": 1, "m": 60, "h": 3600}[(found[2] or "s")[0]]


class Pace(Forkable):
    """The slow-down that all workers of a process share; safe between threads.

    `rate` ("50/s", "600/min", or a number a second; None: no limit) spaces requests evenly, with the headroom that
    `rates.HEADROOM` is for. A 429, a 503 with `Retry-After`, or `x-ratelimit-remaining: 0` holds everyone back until
    the time that the provider names, but for no longer than `longest` seconds; where it names none, for 1 s, doubling
    up to 16. `clock` returns seconds that only grow. Raises `InvalidInputError` for what is no rate.
    """

    #: For how many seconds the first refusal holds everyone back that names no time, and whether one of a request that
    #: left before it holds for twice as long.
    _first_hold = 1.0
    _doubles_meanwhile = True

    def __init__(
        self,
        rate: str | float | None = None,
        *,
        longest: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.keep_to([] if rate is None else [rate])
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

    def keep_to(self, rates: Iterable[str | float]) -> None:
        """Space requests by the slowest of these rates from now on; none: by no rate."""
        self._per_second = min(map(per_second, rates), default=0.0)
        self._gap = HEADROOM / self._per_second if self._per_second else 0.0

    async def turn(self, io: IO) -> None:
        """Wait for a place in the line of requests; who was held back anew meanwhile waits for another one."""
        while (wait := self.reserve()) > 0:
            await io.sleep(wait)
            if not self.held():
                return

    async def leave(self, io: IO) -> None:
        """Wait for the very moment of the place that was got in `turn`: here, that is over."""

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
            now = self._clock()
            if slow and (self._doubles_meanwhile or now >= self._until):
                self._refused = min(self._refused + 1, 5)
            wait = response.retry_after
            if wait is None:
                wait = self._first_hold * 2.0 ** (self._refused - 1) if slow else 0.0
            until = now + min(wait, self._longest)
            if until > self._until:
                self._until, self._waiting = until, 0
