"""The sandbox's rate limit: so many requests in so many seconds of the machine's clock, announced as Telnyx does.

Never looks at the sandbox's own clock, which may stand still while clients wait.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from attrs import Factory, define, evolve

from reminder_kit.sandbox.http_messages import Answer

__all__ = ["Limit"]


@define
class Limit:
    """A limit on the requests in each stretch of time."""

    #: Requests in one stretch.
    count: int
    #: How long a stretch is.
    seconds: float
    #: Returns seconds that only grow.
    clock: Callable[[], float] = time.monotonic
    _began: float = Factory(lambda self: self.clock(), takes_self=True)
    _used: int = 0

    def refuses(self) -> bool:
        """Count one request, and say whether it is one too many."""
        now = self.clock()
        if now - self._began >= self.seconds:
            self._began, self._used = now, 0
        self._used += 1
        return self._used > self.count

    def with_headers(self, found: Answer) -> Answer:
        """Return an answer with the `x-ratelimit-*` headers; the reset is in whole seconds, rounded up."""
        reset = math.ceil(max(0.0, self._began + self.seconds - self.clock()))
        headers = {
            "x-ratelimit-limit": str(self.count),
            "x-ratelimit-remaining": str(max(0, self.count - self._used)),
            "x-ratelimit-reset": str(reset),
        }
        return evolve(found, headers={**headers, **found.headers})
