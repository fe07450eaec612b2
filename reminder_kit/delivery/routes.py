"""A route: one provider of a kit, with all that is its own.

Never sends anything; `exchange` does. A kit has one route, one more for each further sender, and one where it has a
fallback.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from attrs import define, evolve, field

from reminder_kit.delivery.accounts import AccountState
from reminder_kit.delivery.retry import CircuitBreaker, ClockSkew
from reminder_kit.errors import ProviderError, QueueFullError, RefusedCredentialError, TransientError
from reminder_kit.model.blockers import Blocker, stopping
from reminder_kit.model.messages import Draft, Message
from reminder_kit.planning.settings import Settings
from reminder_kit.ports import IO, Capabilities, LetterWriter, Provider
from reminder_kit.rules.window import Window

__all__ = ["Route", "honours_keys"]

_FULL = timedelta(minutes=1)
"""For how long nothing is posted to a provider that holds as many messages as it takes, unless one is taken back."""


def honours_keys(settings: Settings) -> str:
    """Return the name under which the ledger notes that an account's repeated request was answered from memory."""
    return f"{settings.provider} {settings.account} honours idempotency keys"


@define
class Route:
    """A provider, its settings and connections, and what was learned of it in this process.

    `account` is what all who send by the provider's account learn of it together, `blockers` for which causes it
    refuses messages, `honours_keys` whether it has answered a repeated request from memory, so that its idempotency
    keys are known to work.
    """

    provider: Provider
    settings: Settings
    io: IO
    account: AccountState = field(factory=AccountState)
    blockers: tuple[Blocker, ...] = ()
    honours_keys: bool = False
    _noted_until: datetime | None = None

    @property
    def breaker(self) -> CircuitBreaker:
        """Whether the provider is left alone for now."""
        return self.account.breaker

    @property
    def skew(self) -> ClockSkew:
        """How far the provider's clock is from ours."""
        return self.account.skew

    def check(self, now: datetime) -> None:
        """Raise where nothing is to be posted at `now`.

        `QueueFullError`: the provider said a moment ago that it holds as many messages as it takes. `TransientError`:
        it is left alone, after failures.
        """
        if self.account.full_until is not None and now < self.account.full_until <= now + _FULL:
            name = self.provider.name
            raise QueueFullError(f"{name} had no room a moment ago", provider=name, code="no_room")
        self.breaker.check(now)

    @property
    def outage(self) -> str:
        """The name under which the ledger notes whether the provider answers."""
        return f"{self.provider.name} outage"

    def recall(self, learned: Mapping[str, tuple[datetime, Mapping[str, Any]]], now: datetime) -> None:
        """Take over what the ledger notes of the provider: whether it honours keys, until when it is left alone.

        What was noted of an outage that is over by `now` says nothing to who has been answered since.
        """
        self.honours_keys = honours_keys(self.settings) in learned
        noted = learned.get(self.outage, (None, {}))[1]
        until = datetime.fromisoformat(noted["until"]) if noted.get("until") else None
        is_news = until is not None and until != self._noted_until and self.breaker.open_until is None
        if until is not None and is_news and (until > now or not self.breaker.was_answered):
            self.breaker.open(until, TransientError(noted["cause"], provider=self.provider.name))
        self._noted_until = until

    def news_of_outage(self) -> dict[str, str] | None:
        """Return what the ledger is to note of whether the provider answers; None: nothing has changed."""
        until, cause = self.breaker.open_until, self.breaker.cause
        if until == self._noted_until or isinstance(cause, RefusedCredentialError):
            return None
        self._noted_until = until
        return {"until": until.isoformat(), "cause": str(cause)} if until else {}

    def know(self, blockers: Iterable[Blocker]) -> None:
        """Take over from the ledger for which causes messages are refused."""
        self.blockers = tuple(blocker for blocker in blockers if blocker.provider == self.provider.name)

    def blocker(self, key: str, draft: Draft, now: datetime) -> Blocker | None:
        """Return what keeps a draft of the reminder with this key from being posted at `now`; None: nothing does."""
        found = stopping(self.blockers, key, draft, **self.settings.origin)
        return found if found is not None and now < found.next_try_at else None

    def note_refusal(self, error: ProviderError, message: Message, now: datetime) -> Blocker:
        """Note a refusal that is not the message's own fault; returns the blocker that it met, to be written down."""
        met = Blocker.met(error, message, self.settings.account, now, self.blockers)
        self.blockers = (*(blocker for blocker in self.blockers if blocker.name != met.name), met)
        return met

    def note_taken(self, message: Message) -> dict[Blocker, Blocker | None]:
        """Note that the provider took a message; returns the blockers that this changes, each with what is left of it.

        Those that another account met are over: their key is not in use any more.
        """
        changed: dict[Blocker, Blocker | None] = {}
        for blocker in self.blockers:
            if blocker.is_like(message.provider, blocker.account, message.sender, message.draft):
                own = blocker.account == self.settings.account
                left = blocker.after_success(message.key) if own else None
                if left != blocker:
                    changed[blocker] = left
        kept = (changed.get(blocker, blocker) for blocker in self.blockers)
        self.blockers = tuple(blocker for blocker in kept if blocker is not None)
        return changed

    def note_full(self, now: datetime) -> None:
        """Note that the provider has no room."""
        self.account.full_until = now + _FULL

    def note_room(self) -> None:
        """Note that a message was taken back, and left room."""
        self.account.full_until = None

    @classmethod
    def of(
        cls, fallback: Provider | None, settings: Settings, io: IO | None, account: AccountState | None = None
    ) -> Route | None:
        """Return the route of a kit's fallback, None where it has none."""
        if fallback is None or settings.fallback is None or io is None:
            return None
        return cls(fallback, settings.fallback, io, account or AccountState())

    def beside(self, provider: Provider, settings: Settings) -> Route:
        """Return the route of another sender of the same provider: whether that answers is known to both."""
        return Route(provider, settings, self.io, self.account)

    @property
    def capabilities(self) -> Capabilities:
        """What the provider can do."""
        return self.provider.capabilities

    @cached_property
    def letter_writer(self) -> LetterWriter | None:
        """The provider, where it is a channel; None: it is told of the words alone."""
        return self.provider if isinstance(self.provider, LetterWriter) else None

    @property
    def can_look_up(self) -> bool:
        """Whether a parked message can be asked for: never where nothing is parked, since all is sent at once."""
        return self.capabilities.lookup_age is not None and not self.settings.window.holds_and_sends

    @property
    def window(self) -> Window:
        """The provider's window, with a margin that allows for how far its clock is from ours."""
        window, allowance = self.settings.window, self.skew.allowance
        return evolve(window, margin=window.margin + allowance) if allowance and window.margin else window
