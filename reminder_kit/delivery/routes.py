"""A route: one provider of a kit, with all that is its own.

Never sends anything; `exchange` does. A kit has one route, and a second one where it has a fallback.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from attrs import define, evolve, field

from reminder_kit.delivery.retry import CircuitBreaker, ClockSkew
from reminder_kit.errors import QueueFullError
from reminder_kit.planning.settings import Settings
from reminder_kit.ports import IO, Capabilities, Provider
from reminder_kit.rules.window import Window

__all__ = ["Route"]

_FULL = timedelta(minutes=1)
"""For how long nothing is posted to a provider that holds as many messages as it takes, unless one is taken back."""


@define
class Route:
    """A provider, its settings and connections, and what was learned of it in this process.

    `breaker` says whether the provider is left alone for now, `skew` how far its clock is from ours, `full_until` until
    when it is taken to be full.
    """

    provider: Provider
    settings: Settings
    io: IO
    breaker: CircuitBreaker = field(factory=CircuitBreaker)
    skew: ClockSkew = field(factory=ClockSkew)
    full_until: datetime | None = None

    def check(self, now: datetime) -> None:
        """Raise where nothing is to be posted at `now`.

        `QueueFullError`: the provider said a moment ago that it holds as many messages as it takes. `TransientError`:
        it is left alone, after failures.
        """
        if self.full_until is not None and now < self.full_until:
            name = self.provider.name
            raise QueueFullError(f"{name} had no room a moment ago", provider=name, code="no_room")
        self.breaker.check(now)

    def note_full(self, now: datetime) -> None:
        """Note that the provider has no room."""
        self.full_until = now + _FULL

    def note_room(self) -> None:
        """Note that a message was taken back, and left room."""
        self.full_until = None

    @classmethod
    def of(cls, fallback: Provider | None, settings: Settings, io: IO | None) -> Route | None:
        """Return the route of a kit's fallback, None where it has none."""
        if fallback is None or settings.fallback is None or io is None:
            return None
        return cls(fallback, settings.fallback, io)

    @property
    def capabilities(self) -> Capabilities:
        """What the provider can do."""
        return self.provider.capabilities

    @property
    def can_look_up(self) -> bool:
        """Whether a parked message can be asked for: never where nothing is parked, since all is sent at once."""
        return self.capabilities.lookup_age is not None and not self.settings.window.holds_and_sends

    @property
    def window(self) -> Window:
        """The provider's window, with a margin that allows for how far its clock is from ours."""
        window, allowance = self.settings.window, self.skew.allowance
        return evolve(window, margin=window.margin + allowance) if allowance and window.margin else window
