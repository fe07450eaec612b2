"""Patience with a provider: when to try again, when to leave it alone, how far its clock is from ours.

Pure but for what it remembers; never waits by itself, and never reads a clock.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from attrs import define

from reminder_kit.errors import (
    AccountRefusedError,
    MessageNotFoundError,
    MistimedError,
    ProviderError,
    QueueFullError,
    RateLimitedError,
    RefusedCredentialError,
    RejectedError,
    TooLateToCancelError,
    TransientError,
    UnknownRefusalError,
)
from reminder_kit.ports import Response
from reminder_kit.rules.window import Window

__all__ = ["CircuitBreaker", "ClockSkew", "Tries", "backoff", "is_left_alone"]

_ANSWERS = (
    AccountRefusedError,
    MessageNotFoundError,
    MistimedError,
    QueueFullError,
    RateLimitedError,
    RejectedError,
    TooLateToCancelError,
    UnknownRefusalError,
)
"""Errors that show that a provider works."""

_TRIES = 3
"""How often one request is sent in one run, refusals for the rate not counted."""

_OPEN = "breaker_open"
_FAILURES, _LEFT_ALONE = 10, timedelta(seconds=60)
"""After how many failures in a row a provider is left alone, and for how long."""
_REFUSALS, _LONGEST_WAIT, _LONGEST_REFUSED = 10, 30.0, 60.0
"""How often a run puts up with a refusal for the rate, and how many seconds it waits: at a time, and in all."""
_SKEW_FROM, _SKEW_TO = timedelta(seconds=30), timedelta(minutes=15)


def backoff(attempts: int, message_id: str) -> timedelta:
    """Return how long later runs leave a failed step alone: 30 s, 1, 2, then 5 minutes, less up to a fifth.

    The part taken off is the message's own, so that many failed at once don't return at once.
    """
    steps = (30, 60, 120, 300)
    whole = steps[min(attempts, len(steps)) - 1] if attempts > 0 else steps[0]
    return timedelta(seconds=whole * (1 - 0.2 * (int(message_id[:4] or "0", 16) % 100) / 100))


@define
class Tries:
    """How often one request was sent in one run, and how many seconds were waited for the provider's rate."""

    failures: int = 0
    refusals: int = 0
    waited: float = 0.0

    def delay_after(self, error: ProviderError) -> float | None:
        """Note how the last try ended; return how many seconds to wait for the next one, or None to give up for now.

        A refusal for the rate is none of the tries: the time that the provider names is kept to, or else a second,
        doubled each time; ten times and for a minute in all at most, since somebody may wait for the run.
        """
        if isinstance(error, RateLimitedError):
            self.refusals += 1
            delay = error.retry_after if error.retry_after is not None else 2.0 ** (self.refusals - 1)
            self.waited += delay
            given_up = self.refusals > _REFUSALS or delay > _LONGEST_WAIT or self.waited > _LONGEST_REFUSED
            return None if given_up else delay
        self.failures += 1
        if self.failures >= _TRIES or isinstance(error, RejectedError | AccountRefusedError | UnknownRefusalError):
            return None
        return 0.25 * float(4 ** (self.failures - 1))

    def calls_for_a_look(self, error: ProviderError | None) -> bool:
        """Say whether the message is to be looked at, since a try that ended so may have been carried out.

        A success that can't be read may mean just that. A failure of the provider's is asked again first, and after the
        last try the message tells. To be asked before `delay_after`.
        """
        if not isinstance(error, TransientError):
            return True
        if error.status is None or isinstance(error, RateLimitedError):
            return False
        return error.status < 300 or self.failures >= _TRIES - 1


def is_left_alone(error: ProviderError) -> bool:
    """Say whether a request was not made, since the provider is left alone for now."""
    return error.code == _OPEN


@define
class CircuitBreaker:
    """Stop asking a provider that does not answer: open after ten failures in a row, tried again after a minute.

    A refused credential opens it at once: nothing will work until it is mended.
    """

    failures: int = 0
    open_until: datetime | None = None
    cause: ProviderError | None = None
    #: Whether this process was answered since it left the provider alone last.
    was_answered: bool = False

    def check(self, now: datetime) -> None:
        """Raise while it is open: the refusal itself, or that the provider is left alone for now.

        What is open for longer than two minutes was opened by a clock that was ahead, and is over.
        """
        if self.open_until is None or not now < self.open_until <= now + 2 * _LEFT_ALONE:
            return
        if isinstance(self.cause, RefusedCredentialError):
            raise self.cause
        raise TransientError(f"not asked, since it does not answer: {self.cause}", code=_OPEN)

    def admit(self, now: datetime) -> None:
        """Raise as `check` does; once the minute is over, let one request through and no other before its answer."""
        self.check(now)
        if self.open_until is not None:
            self.open_until = now + _LEFT_ALONE

    def open(self, until: datetime, cause: ProviderError) -> None:
        """Leave the provider alone until an instant (UTC), as another process found out."""
        self.failures, self.open_until, self.cause, self.was_answered = _FAILURES, until, cause, False

    def answered(self) -> None:
        """Note that the provider works."""
        self.failures, self.open_until, self.cause, self.was_answered = 0, None, None, True

    def failed(self, error: ProviderError, now: datetime) -> None:
        """Note a failure. What `check` refused is none: it neither prolongs the minute nor is its own cause."""
        if is_left_alone(error) or error is self.cause:
            return
        if isinstance(error, _ANSWERS) and not isinstance(error, RefusedCredentialError):
            self.answered()
            return
        self.failures += 1
        if self.failures >= _FAILURES or isinstance(error, RefusedCredentialError):
            self.open_until, self.cause, self.was_answered = now + _LEFT_ALONE, error, False


@define
class ClockSkew:
    """How far the provider's clock is ahead of ours, as its answers tell (`Date`); allowed for from 30 seconds on.

    More than a quarter of an hour is no skew but another clock (a sandbox, a test), and is not allowed for.
    """

    ahead: timedelta = timedelta(0)
    #: Whether an answer told it.
    is_known: bool = False

    def note(self, response: Response, now: datetime) -> None:
        """Measure by an answer that has just come."""
        if response.answered_at is not None:
            self.ahead, self.is_known = response.answered_at - now, True

    @property
    def is_close(self) -> bool:
        """Whether the two clocks are known to agree: no message seems older to one of them than it is."""
        return self.is_known and abs(self.ahead) <= _SKEW_FROM

    def theirs(self, at: datetime) -> datetime:
        """Return an instant of our clock by the provider's, as far as that is known."""
        return at + self.ahead

    @property
    def allowance(self) -> timedelta:
        """How much farther than usual to keep from both edges of the window."""
        return abs(self.ahead) if _SKEW_FROM < abs(self.ahead) <= _SKEW_TO else timedelta(0)

    def explains(self, send_at: datetime, window: Window, now: datetime) -> bool:
        """Say whether a time that is right by our clock is outside the window by the provider's."""
        lead = send_at - now - self.ahead
        return bool(self.allowance) and not window.min_lead <= lead <= window.max_lead
