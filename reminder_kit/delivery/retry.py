"""Patience with a provider: when to try again, when to leave it alone, how far its clock is from ours.

Pure but for what it remembers; never waits by itself, and never reads a clock.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from attrs import define

from reminder_kit.errors import (
    MessageNotFoundError,
    ProviderError,
    RateLimitedError,
    RefusedCredentialError,
    RejectedError,
    TransientError,
)
from reminder_kit.ports import Response
from reminder_kit.rules.window import Window

__all__ = ["TRIES", "CircuitBreaker", "ClockSkew", "backoff", "retry_delay"]

TRIES = 3
"""How often one request is sent in one run."""

_OPEN = "breaker_open"
_LONGEST_WAIT = 30.0
_SKEW_FROM, _SKEW_TO = timedelta(seconds=30), timedelta(minutes=15)


def retry_delay(attempt: int, error: ProviderError) -> float | None:
    """Return how many seconds to wait before trying again within this run, or None to give up for now.

    `attempt` counts from 1. A named `Retry-After` is kept to, unless it is longer than
    a run should wait.
    """
    if attempt >= TRIES or isinstance(error, RejectedError | RefusedCredentialError):
        return None
    if isinstance(error, RateLimitedError) and error.retry_after is not None:
        return error.retry_after if error.retry_after <= _LONGEST_WAIT else None
    return 0.25 * float(4 ** (attempt - 1))


def backoff(attempts: int, message_id: str) -> timedelta:
    """Return how long later runs leave a failed step alone: 30 s, 1, 2, then 5 minutes, less up to a fifth.

    The part taken off is the message's own, so that many failed at once don't return at once.
    """
    steps = (30, 60, 120, 300)
    whole = steps[min(attempts, len(steps)) - 1] if attempts > 0 else steps[0]
    return timedelta(seconds=whole * (1 - 0.2 * (int(message_id[:4] or "0", 16) % 100) / 100))


@define
class CircuitBreaker:
    """Stop asking a provider that does not answer: open after ten failures in a row, tried again after a minute.

    A refused credential opens it at once: nothing will work until it is mended.
    """

    failures: int = 0
    open_until: datetime | None = None
    cause: ProviderError | None = None

    def check(self, now: datetime) -> None:
        """Raise while it is open: the refusal itself, or that the provider is left alone for now."""
        if self.open_until is None or self.cause is None or now >= self.open_until:
            return
        if isinstance(self.cause, RefusedCredentialError):
            raise self.cause
        raise TransientError(f"not asked, since it does not answer: {self.cause}", code=_OPEN)

    def answered(self) -> None:
        """Note that the provider works."""
        self.failures, self.open_until, self.cause = 0, None, None

    def failed(self, error: ProviderError, now: datetime) -> None:
        """Note a failure. What `check` refused is none: it neither prolongs the minute nor is its own cause."""
        if error.code == _OPEN or error is self.cause:
            return
        if isinstance(error, RejectedError | RateLimitedError | MessageNotFoundError):
            self.answered()
            return
        self.failures += 1
        if self.failures >= 10 or isinstance(error, RefusedCredentialError):
            self.open_until, self.cause = now + timedelta(seconds=60), error


@define
class ClockSkew:
    """How far the provider's clock is ahead of ours, as its answers tell (`Date`); allowed for from 30 seconds on.

    More than a quarter of an hour is no skew but another clock (a sandbox, a test), and is not allowed for.
    """

    ahead: timedelta = timedelta(0)

    def note(self, response: Response, now: datetime) -> None:
        """Measure by an answer that has just come."""
        if response.answered_at is not None:
            self.ahead = response.answered_at - now

    @property
    def allowance(self) -> timedelta:
        """How much farther than usual to keep from both edges of the window."""
        return abs(self.ahead) if _SKEW_FROM < abs(self.ahead) <= _SKEW_TO else timedelta(0)

    def explains(self, send_at: datetime, window: Window, now: datetime) -> bool:
        """Say whether a time that is right by our clock is outside the window by the provider's."""
        lead = send_at - now - self.ahead
        return bool(self.allowance) and not window.min_lead <= lead <= window.max_lead
