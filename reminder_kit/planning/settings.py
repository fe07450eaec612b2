"""What a decision needs and what comes of one: settings, one appointment's case, the decision; what time allows.

Pure: no clock, no I/O.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from hashlib import blake2b

from attrs import field, frozen

from reminder_kit.model.messages import Message
from reminder_kit.rules.placement import QuietHours
from reminder_kit.rules.reminders import Defaults, Reminder, Rule
from reminder_kit.rules.window import Window
from reminder_kit.text.composer import Composer

__all__ = [
    "Settings",
]


@frozen
class Settings:
    """All that decides besides the data: rules, defaults, quiet hours, and what the provider allows.

    `fallback` is the same for the provider that stands in where a message is not delivered;
    `permanent_codes` names, by provider, the codes after which no other message would fare better.
    """

    rules: tuple[Rule, ...]
    defaults: Defaults
    window: Window
    sender: str
    provider: str
    composer: Composer = field(repr=False, eq=False)
    quiet: QuietHours | None = None
    key_life: timedelta | None = None
    prefer_duplicate: bool = True
    rearm_after: timedelta = timedelta(minutes=15)
    alarms: str = "ignore"
    suppress_undeliverable: bool = True
    correction: str = ""
    min_gap: timedelta = timedelta(0)
    max_parts: int = 10

    cap: int | None = None
    permanent_codes: Mapping[str, frozenset[str]] = field(factory=dict, repr=False, eq=False)
    fallback: Settings | None = None

    @cached_property
    def combines(self) -> bool:
        """Whether several appointments of one phone may be told in one message."""
        return any(rule.together for rule in self.rules)

    @cached_property
    def needs_neighbours(self) -> bool:
        """Whether what is decided for an appointment depends on others of the same phone."""
        return self.combines or bool(self.spacing_reach)

    @cached_property
    def spacing_reach(self) -> timedelta:
        """How near another message to the same phone must be to matter."""
        return max(self.min_gap, *(rule.min_silence for rule in self.rules), timedelta(0))

    def of(self, what: Message | Reminder) -> Settings:
        """Return the settings of the provider a message belongs to, or a reminder goes through."""
        spare = self.fallback
        if spare is None:
            return self
        if isinstance(what, Reminder):
            return spare if what.instead else self
        for candidate in (self, spare):
            if (candidate.provider, candidate.sender) == (what.provider, what.sender):
                return candidate
        return spare if what.provider == spare.provider != self.provider else self

    @property
    def digest(self) -> str:
        """What outcomes were decided with; another digest means that everything is looked at again."""
        parts = (
            self.provider,
            self.sender,
            repr(self.defaults),
            repr(self.window),
            repr(self.quiet),
            repr(self.rearm_after),
            self.alarms,
            repr(self.prefer_duplicate),
            self.correction,
            repr(self.min_gap),
            *((self.fallback.provider, self.fallback.sender, repr(self.fallback.window)) if self.fallback else ()),
            *(f"{rule.id}={rule.fingerprint}" for rule in self.rules),
        )
        return blake2b("\x1f".join(parts).encode(), digest_size=16).hexdigest()
