"""A tally: how many requests a provider was sent, how it took them, and how long that was.

Never looks at what was asked or answered, but for the status. Safe between threads.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from attrs import define, field

from reminder_kit.ports import Response

__all__ = ["Tally"]


@define
class Tally:
    """What was exchanged with one provider since it was last taken; seconds are the machine's."""

    #: The requests that left, or were to.
    requests: int = 0
    #: Those that were answered with 4xx or 5xx.
    refused: int = 0
    #: Those without a whole answer.
    unanswered: int = 0
    #: The seconds of all of them together, and of the slowest.
    seconds: float = 0.0
    slowest: float = 0.0
    _lock: threading.Lock = field(factory=threading.Lock, repr=False, eq=False)

    @contextmanager
    def timed(self) -> Iterator[list[Response]]:
        """Count one exchange, whose answer is put into the list that this yields."""
        begun, answers = monotonic(), list[Response]()
        try:
            yield answers
        finally:
            with self._lock:
                took = monotonic() - begun
                self.requests += 1
                self.refused += any(answer.status >= 400 for answer in answers)
                self.unanswered += not answers
                self.seconds += took
                self.slowest = max(self.slowest, took)

    def take(self) -> dict[str, float]:
        """Return the counts, seconds rounded, and begin anew; {}: nothing was exchanged."""
        with self._lock:
            if not self.requests:
                return {}
            found: dict[str, float] = {
                "requests": self.requests,
                "refused": self.refused,
                "unanswered": self.unanswered,
                "mean": round(self.seconds / self.requests, 3),
                "slowest": round(self.slowest, 3),
            }
            self.requests = self.refused = self.unanswered = 0
            self.seconds = self.slowest = 0.0
            return found
