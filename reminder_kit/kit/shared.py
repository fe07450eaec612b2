"""What kits of one process have in common: connections, and what belongs to an account at a provider.

Never knows a tenant's appointments: those are apart in the ledger. Who asks for a rate is known by its namespace.
"""

from __future__ import annotations

from threading import Lock
from typing import Any, Protocol

from attrs import define, field

from reminder_kit.delivery.accounts import AccountState, account_of
from reminder_kit.ports import Provider
from reminder_kit.transport.pace import Pace, gap_of
from reminder_kit.transport.pools import AsyncPool, Pool

__all__ = ["Alone", "Common", "Shared"]


class Shared(Protocol):
    """What a kit is given of what it may have in common with others."""

    #: The connections at rest; None: the kit has its own.
    pool: Any
    #: Has what was recorded in a namespace be followed, apart from the request; None: each integration does it.
    follower: Any

    def pace(self, namespace: str, provider: Provider, *, rate: str | float | None) -> Pace:
        """Return the pace at which a namespace that asks for a rate may send by a provider's account."""
        ...

    def account(self, provider: Provider) -> AccountState:
        """Return what is learned of a provider's account."""
        ...

    def is_first(self, namespace: str, about: str) -> bool:
        """Say whether something is said of a namespace for the first time in this process."""
        ...


class Alone:
    """Nothing: a kit by itself."""

    pool: Any = None
    follower: Any = None

    def pace(self, namespace: str, provider: Provider, *, rate: str | float | None) -> Pace:
        """Return a pace of its own."""
        del namespace, provider
        return Pace(rate)

    def account(self, provider: Provider) -> AccountState:
        """Return a state of its own."""
        del provider
        return AccountState()

    def is_first(self, namespace: str, about: str) -> bool:
        """Return True: nobody said it before."""
        del namespace, about
        return True


@define
class _Account:
    """One account, and how many seconds each of those who send by it asked to have between two requests."""

    state: AccountState = field(factory=AccountState)
    pace: Pace = field(factory=Pace)
    gaps: dict[str, float] = field(factory=dict)

    def paced(self, namespace: str, rate: str | float | None) -> Pace:
        """Return the pace: that of the slowest of those who asked for any."""
        self.gaps[namespace] = gap_of(rate)
        self.pace.keep_to(max(self.gaps.values()))
        return self.pace


@define
class Common:
    """What many kits of one process share. Safe between threads."""

    pool: Pool | AsyncPool
    follower: Any = None
    _accounts: dict[tuple[str, str, str], _Account] = field(factory=dict)
    _said: dict[str, str] = field(factory=dict)
    _lock: Any = field(factory=Lock)

    def pace(self, namespace: str, provider: Provider, *, rate: str | float | None) -> Pace:
        """Return the pace of the provider's account, which is that of whoever asked for the slowest rate."""
        with self._lock:
            return self._account(provider).paced(namespace, rate)

    def account(self, provider: Provider) -> AccountState:
        """Return what is learned of the provider's account."""
        with self._lock:
            return self._account(provider).state

    def _account(self, provider: Provider) -> _Account:
        """Return the account whose credentials these are, at that address."""
        name = (provider.name, provider.base_url, account_of(provider))
        if name not in self._accounts:
            self._accounts[name] = _Account()
        return self._accounts[name]

    def is_first(self, namespace: str, about: str) -> bool:
        """Say whether something else was said of a namespace the last time, or nothing."""
        with self._lock:
            before, self._said[namespace] = self._said.get(namespace), about
            return before != about
