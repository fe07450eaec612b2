"""What kits of one process have in common: connections, and what belongs to an account at a provider.

Never knows a tenant's appointments: those are apart in the ledger. Who asks for a rate is known by its namespace.
"""

from __future__ import annotations

from threading import Lock
from typing import Any, Protocol

from attrs import define, field

from reminder_kit.delivery.accounts import AccountState, account_of
from reminder_kit.forks import Forkable, survive_forks
from reminder_kit.kit.rates import granting
from reminder_kit.ledger.ledger import Ledger
from reminder_kit.ports import Provider
from reminder_kit.transport.pace import Pace, per_second
from reminder_kit.transport.pools import AsyncPool, Pool
from reminder_kit.transport.shared_pace import SharedPace

__all__ = ["Alone", "Common", "Shared"]


class Shared(Protocol):
    """What a kit is given of what it may have in common with others."""

    #: The connections at rest; None: the kit has its own.
    pool: Any
    #: Has what was recorded in a namespace be followed, apart from the request; None: each integration does it.
    follower: Any

    def pace(self, ledger: Ledger, provider: Provider, *, rate: str | float | None) -> Pace:
        """Return the pace at which a ledger's namespace that asks for a rate may send by a provider's account."""
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

    def pace(self, ledger: Ledger, provider: Provider, *, rate: str | float | None) -> Pace:
        """Return a pace of its own, whose places are those of all processes that have the ledger."""
        return SharedPace(rate, granting(ledger, provider))

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
    """One account, and how many requests a second each of those who send by it asked for at most."""

    state: AccountState = field(factory=AccountState)
    #: Nobody asked for it yet: None.
    pace: Pace | None = None
    rates: dict[str, float] = field(factory=dict)

    def paced(self, ledger: Ledger, provider: Provider, rate: str | float | None) -> Pace:
        """Return the pace: that of the slowest of those who asked for any; its places are in the first one's ledger."""
        if rate is None:
            self.rates.pop(ledger.namespace, None)
        else:
            self.rates[ledger.namespace] = per_second(rate)
        self.pace = self.pace or SharedPace(None, granting(ledger, provider))
        self.pace.keep_to([min(self.rates.values())] if self.rates else [])
        return self.pace


@define(eq=False)
class Common(Forkable):
    """What many kits of one process share. Safe between threads, and to have been made before a fork."""

    pool: Pool | AsyncPool
    follower: Any = None
    _accounts: dict[tuple[str, str, str], _Account] = field(factory=dict)
    _said: dict[str, str] = field(factory=dict)
    _lock: Any = field(factory=Lock)

    def __attrs_post_init__(self) -> None:
        survive_forks(self)

    def after_fork_in_child(self) -> None:
        """Forget who held the lock: no such thread is in the child."""
        self._lock = Lock()

    def pace(self, ledger: Ledger, provider: Provider, *, rate: str | float | None) -> Pace:
        """Return the pace of the provider's account, which is that of whoever asked for the slowest rate.

        Its places are those of all processes that have the ledger.
        """
        with self._lock:
            return self._account(provider).paced(ledger, provider, rate)

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
