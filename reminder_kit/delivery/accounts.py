"""What is learned of an account at a provider while a process runs, by all who send by it.

Never learns by itself, and never reads a clock.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2b

from attrs import define, field

from reminder_kit.delivery.retry import CircuitBreaker, ClockSkew
from reminder_kit.errors import ConfigurationError
from reminder_kit.ports import Provider

__all__ = ["AccountState", "account_of"]


@define
class AccountState:
    """Whether an account is to be left alone, for those of one kit, or of many kits, who send by it."""

    #: Whether the provider is left alone for now.
    breaker: CircuitBreaker = field(factory=CircuitBreaker)
    #: How far its clock is from ours.
    skew: ClockSkew = field(factory=ClockSkew)
    #: Until when, UTC, it is taken to hold as many messages as it takes; None: it is not.
    full_until: datetime | None = None


def account_of(provider: Provider) -> str:
    """Return eight hex digits that tell one account's credentials from another's; "" where there are none.

    They say nothing of the credentials. Where the token of each request is made anew, an adapter says by `account` what
    it is made of (`Vonage`); without that it is another account each time.
    """
    try:
        credentials = getattr(provider, "account", "") or provider.headers().get("authorization", "")
    except ConfigurationError:
        return ""
    return blake2b(credentials.encode(), digest_size=4, person=b"account").hexdigest()
