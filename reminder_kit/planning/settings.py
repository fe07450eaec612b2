"""Settings: all that decides besides the data, for one provider and its fallback.

Pure: no clock, no I/O. Never holds anything of an appointment: that is `observed`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from hashlib import blake2b

from attrs import field, frozen

from reminder_kit.model.consent import Writer, sender_name
from reminder_kit.model.messages import Message
from reminder_kit.model.phones import country_of
from reminder_kit.model.rule_sets import RuleSet
from reminder_kit.rules.defaults import Defaults
from reminder_kit.rules.due_times import CHANGE
from reminder_kit.rules.notices import Notice
from reminder_kit.rules.quiet_hours import QuietHours
from reminder_kit.rules.reminders import Reminder
from reminder_kit.rules.rule import Rule
from reminder_kit.rules.senders import SenderCondition
from reminder_kit.rules.window import Window
from reminder_kit.text.composer import Composer

__all__ = [
    "Settings",
]


_DAY = timedelta(hours=27)
"""The longest day that any zone has had since its clocks agree on UTC, and then some."""

_CLOCK = "the place's clock"
"""Told apart from what was parked before texts went by the clock of the place: all of that is looked at once more."""


@frozen
class Settings:
    """All that decides besides the data: rules, defaults, quiet hours, and what the provider allows."""

    #: The rules, in the host's order; no two have the same id.
    rules: tuple[Rule, ...]
    #: What holds where an appointment, a recipient or a rule says nothing.
    defaults: Defaults
    #: How far ahead the provider takes messages, and until when it gives them back.
    window: Window
    #: What the provider sends from (`Provider.sender`).
    sender: str
    #: The provider's name (`Provider.name`).
    provider: str
    #: A digest of the account's credentials; "": there are none.
    account: str = field(default="", repr=False, eq=False, kw_only=True)
    #: What makes texts of templates.
    composer: Composer = field(repr=False, eq=False)
    #: When nobody is written to, in the recipient's zone; None: at no time.
    quiet: QuietHours | None = None
    #: How long after a request the provider knows its idempotency key, as elapsed time; None: it knows no keys.
    key_life: timedelta | None = None
    #: Whether a message whose outcome is unknown is followed by a second one; False: by none, so that some get nothing.
    prefer_duplicate: bool = True
    #: By how much, as elapsed time, a start must move before what was sent for it is sent again.
    rearm_after: timedelta = timedelta(minutes=15)
    #: What becomes of calendars' own alarms: "ignore", "rules" (added to the rules) or "only" (instead of them).
    alarms: str = "ignore"
    #: Whether a number at which no message can arrive is suppressed.
    suppress_undeliverable: bool = True
    #: The names of all that the kit sends from, its fallback too (`sender_names`): a STOP to any of them counts.
    senders: frozenset[str] = frozenset()
    #: Whether nothing goes to a number with an unclear reply until somebody has seen that.
    holds_unclear: bool = False
    #: The numbers, or how they begin, that may be written to; None: any.
    only_to: tuple[str, ...] | None = None
    #: What follows where a start moved that somebody was told; no text: nothing does.
    correction: Notice = Notice()  # noqa: RUF009 - it can't be changed
    #: What follows where an appointment was cancelled that somebody was told of; no text: nothing does.
    cancellation: Notice = Notice()  # noqa: RUF009 - likewise
    #: How far messages to one number are kept apart, as elapsed time; zero: not at all.
    min_gap: timedelta = timedelta(0)
    #: How many messages go to one number in a day of its own clock; None: any number.
    max_per_day: int | None = None
    #: How many SMS parts the provider takes in one message.
    max_parts: int = 10
    #: How many messages may be parked at the provider at once; None: any number. Read for the fallback only.
    cap: int | None = None
    #: By provider, the codes of undelivered messages after which no other sender would fare better.
    permanent_codes: Mapping[str, frozenset[str]] = field(factory=dict, repr=False, eq=False)
    #: The countries that the sender can't write to, each with why; and whether it can send MMS.
    not_to: Mapping[str, str] = field(factory=dict, repr=False, eq=False)
    sends_mms: bool = True
    #: Of a channel: what of a person it goes to (`ports.REACHES`), and the template of what stands above its words; "":
    #: it is a provider, and texts numbers. Read for the fallback only.
    reaches: str = ""
    subject: str = ""
    #: Other senders of the same provider, each with what it is for and its settings: the first that fits is taken.
    others: tuple[tuple[SenderCondition, Settings], ...] = ()
    #: The same for the provider that stands in where a message does not arrive; None: none does.
    fallback: Settings | None = None

    @cached_property
    def origin(self) -> dict[str, str]:
        """Where messages come from: provider, account and sender, by these names."""
        return {"provider": self.provider, "account": self.account, "sender": self.sender}

    @cached_property
    def writer(self) -> Writer:
        """Who writes by these settings, as consent is asked for."""
        return Writer(self.senders, self.holds_unclear)

    @property
    def _later_keys(self) -> tuple[str, ...]:
        """What digests have of notices and the day's limit besides the text of corrections; nothing where unused."""
        waits = ("correction after", repr(self.correction.after)) if self.correction.after else ()
        limit = () if self.max_per_day is None else (f"max_per_day {self.max_per_day}",)
        others = (f"{settings.sender} for {condition!r}" for condition, settings in self.others)
        return (*waits, *self.cancellation.parts("cancellation"), *limit, *others)

    @property
    def _own_senders(self) -> set[str]:
        """The names among `senders` that are told by the providers' own: all but those of pools."""
        spare = self.fallback
        others = (settings.sender for _, settings in self.others)
        return {sender_name(sender) for sender in (self.sender, *others, spare.sender if spare else "")}

    @cached_property
    def combines(self) -> bool:
        """Whether any rule puts several appointments of one phone into one message."""
        return any(rule.together for rule in self.rules)

    @property
    def day_zone(self) -> str:
        """The zone by whose days it is counted how many appointments a phone has (`planning.busy_days`)."""
        return self.defaults.timezone or "UTC"

    @cached_property
    def counts_moves(self) -> bool:
        """Whether any rule is counted from when a start moved."""
        return any(rule.anchor == CHANGE for rule in self.rules)

    @cached_property
    def needs_neighbours(self) -> bool:
        """Whether what is decided for an appointment depends on others of its phone."""
        return self.combines or bool(self.traffic_reach)

    @cached_property
    def spacing_reach(self) -> timedelta:
        """How near in time another message to the same phone must be to matter; zero: it never does."""
        return max(self.min_gap, *(rule.min_silence for rule in self.rules), timedelta(0))

    @cached_property
    def traffic_reach(self) -> timedelta:
        """How long before now what went to a phone still matters; zero: what goes to it is not asked at all."""
        return max(self.spacing_reach, _DAY if self.max_per_day is not None else timedelta(0))

    @cached_property
    def rule_set(self) -> RuleSet:
        """The rules by which a ledger is worked: all of the settings that decides what is parked, and from whom.

        Keys, addresses, windows and rates of providers are left out, and so is what is done about lost messages.
        """
        rules = tuple(sorted((rule.id, rule.version) for rule in self.rules))
        spare = self.fallback
        parts = (
            self.provider,
            self.sender,
            repr(self.defaults),
            repr(self.quiet),
            self.alarms,
            self.correction.text,
            repr(self.min_gap),
            _CLOCK,
            *self._later_keys,
            *((spare.provider, spare.sender) if spare else ()),
            *sorted(f"{rule.id}={rule.fingerprint}" for rule in self.rules),
        )
        digest = blake2b("\x1f".join(parts).encode(), digest_size=16, person=b"rules").hexdigest()
        return RuleSet(digest, rules, alarms=self.alarms != "ignore" and bool(rules))

    def may_write_to(self, number: str) -> bool:
        """Say whether anything may be asked for that concerns this number (E.164), or this e-mail address."""
        if self.only_to is None or number in self.only_to:
            return True
        return "@" not in number and number.startswith(self.only_to)

    def _chosen_for(self, reminder: Reminder) -> Settings:
        """Return the settings of the first of the other senders that is for a reminder, and may send it; else these."""
        to = country_of(reminder.recipient.phone) if self.others and reminder.recipient is not None else ""
        for condition, settings in self.others:
            able = to not in settings.not_to and (settings.sends_mms or reminder.rule.channel != "mms")
            if able and condition.fits(reminder):
                return settings
        return self

    def of(self, what: Message | Reminder) -> Settings:
        """Return the settings of the provider a message belongs to, or a reminder goes through."""
        spare = self.fallback
        if spare is None and not self.others:
            return self
        if isinstance(what, Reminder):
            return spare if spare is not None and what.instead else self._chosen_for(what)
        others = (settings for _, settings in self.others)
        for candidate in filter(None, (self, *others, spare)):
            if (candidate.provider, candidate.sender) == (what.provider, what.sender):
                return candidate
        return self if spare is None else spare if what.provider == spare.provider != self.provider else self

    @property
    def as_fallback(self) -> tuple[str, ...]:
        """What the digest of a kit has of its fallback."""
        own = (self.reaches, self.subject) if self.reaches else ()
        return (self.provider, self.sender, repr(self.window), *own)

    @cached_property
    def digest(self) -> str:
        """What reminders are decided with, as 32 hex digits; where it changes, every appointment is decided anew."""
        parts = (
            self.provider,
            self.sender,
            repr(self.defaults),
            repr(self.window),
            repr(self.quiet),
            repr(self.rearm_after),
            self.alarms,
            repr(self.prefer_duplicate),
            self.correction.text,
            repr(self.min_gap),
            _CLOCK,
            *(self.fallback.as_fallback if self.fallback else ()),
            *(() if self.only_to is None else ("only to", *self.only_to)),
            *(("holds what is unclear",) if self.holds_unclear else ()),
            *self._later_keys,
            *sorted(self.senders - self._own_senders),
            *(f"{rule.id}={rule.fingerprint}" for rule in self.rules),
        )
        return blake2b("\x1f".join(parts).encode(), digest_size=16).hexdigest()
