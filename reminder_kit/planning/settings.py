"""What a decision needs and what comes of one: settings, one appointment's case, the decision; what time allows.

Pure: no clock, no I/O.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from hashlib import blake2b
from typing import Any

from attrs import evolve, field, frozen

from reminder_kit.model.appointments import Appointment, Draft, Message, Told
from reminder_kit.model.lifecycle import OPEN, State
from reminder_kit.model.records import Identity, Outcome, Record, SentBefore, Stand, Suppression, Written
from reminder_kit.planning.changes import Change
from reminder_kit.rules.placement import Placement, QuietHours, Window
from reminder_kit.rules.reminders import Defaults, Reminder, Rule
from reminder_kit.text.composer import Composer

__all__ = [
    "NEVER_SENT",
    "REFUSED_SENDER",
    "Case",
    "Decision",
    "Settings",
    "cancellable",
    "forgotten_at",
    "is_past",
    "is_same",
    "next_look",
    "replayable",
    "was_rejected",
]

NEVER_SENT = "never sent"
"""The `error` of a message that certainly never reached the provider and no longer fits."""

REFUSED_SENDER = "refused for its sender: "
"""How the `error` of a message begins that another sender, or account, might have been allowed."""

_GRACE = timedelta(minutes=1)
"""Telnyx sends "accurate to the minute": only after that is a parked message past."""

_KEEP_UNKNOWN = timedelta(days=1)


@frozen
class Settings:
    """All that decides besides the data: rules, defaults, quiet hours, and what the provider allows.

    `fallback` is the same for the provider that stands in where a message is not delivered;
    `hopeless` names, by provider, the codes after which no other message would fare better.
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
    hopeless: Mapping[str, frozenset[str]] = field(factory=dict, repr=False, eq=False)
    fallback: Settings | None = None

    @cached_property
    def joins(self) -> bool:
        """Whether several appointments of one phone may be told in one message."""
        return any(rule.together for rule in self.rules)

    @cached_property
    def looks_around(self) -> bool:
        """Whether what is decided for an appointment depends on others of the same phone."""
        return self.joins or bool(self.reach)

    @cached_property
    def reach(self) -> timedelta:
        """How near another message to the same phone must be to matter."""
        return max(self.min_gap, *(rule.min_silence for rule in self.rules), timedelta(0))

    def of(self, what: Message | Reminder) -> Settings:
        """Return the settings of the provider a message belongs to, or a reminder goes through."""
        spare = self.fallback
        if spare is None:
            return self
        if isinstance(what, Reminder):
            return spare if what.instead else self
        for each in (self, spare):
            if (each.provider, each.sender) == (what.provider, what.sender):
                return each
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


@frozen
class Case:
    """One appointment and what is known of it. `appointment` is None where nobody is to be reminded any more.

    `others` are appointments of the same phones around the same day, `telling` (by the key
    of a reminder) messages of others that tell it as well, `written` (by number) what
    went, or is to go, out to it. `error` is why it can't be read. `seen` keeps the looks
    at it as one of many others, by `now`, so that each of those need not look again.
    """

    identity: Identity
    appointment: Appointment | None
    outcomes: Mapping[str, Outcome] = field(factory=dict)
    messages: Mapping[str, tuple[Message, ...]] = field(factory=dict)
    sent_before: Mapping[tuple[str, str], Sequence[SentBefore]] = field(factory=dict)
    suppressed: Mapping[str, Suppression] = field(factory=dict)
    others: Sequence[Case] = field(default=(), repr=False)
    telling: Mapping[str, Sequence[Message]] = field(factory=dict)
    written: Mapping[str, Sequence[Written]] = field(factory=dict)
    error: str = ""
    seen: dict[datetime, Any] = field(factory=dict, eq=False, repr=False)

    @classmethod
    def of(
        cls,
        identity: Identity,
        appointment: Appointment | None,
        record: Record | None,
        suppressed: Mapping[str, Suppression],
        sent_before: Mapping[tuple[str, str], Sequence[SentBefore]] | None = None,
    ) -> Case:
        """Return the case of an appointment (None: withdrawn) and its record (None: never seen)."""
        if record is None:
            return cls(identity, appointment, suppressed=suppressed, sent_before=sent_before or {})
        if appointment is not None and record.replied:
            appointment = evolve(appointment, tags=appointment.tags | {f"replied:{record.replied}"})
        by_key: dict[str, tuple[Message, ...]] = {}
        for message in record.messages:
            by_key[message.key] = (*by_key.get(message.key, ()), message)
        outcomes = {outcome.key: outcome for outcome in record.outcomes}
        return cls(identity, appointment, outcomes, by_key, sent_before or {}, suppressed)

    @classmethod
    def recorded(
        cls,
        record: Record,
        suppressed: Mapping[str, Suppression],
        sent_before: Mapping[tuple[str, str], Sequence[SentBefore]] | None = None,
    ) -> Case:
        """Return the case of what is recorded; one with an `error` where the appointment can't be read here."""
        try:
            return cls.of(record.identity, record.wanted, record, suppressed, sent_before)
        except Exception as error:  # noqa: BLE001 - whatever another machine or library wrote concerns this one only
            return cls(record.identity, None, suppressed=suppressed, error=f"{type(error).__name__}: {error}")


@frozen
class Decision:
    """What is to be done for one reminder, and all that is needed to do it.

    `message` is the one that is, or may be, parked now; `draft` is what is to be parked,
    `replaces` says that it was placed in the stead of one withdrawn, `others` what
    reminders of other appointments it tells as well. `outcome` is what the ledger says once it is done.
    From `apart[0]` before the draft's send time to `apart[1]` after it nothing else goes
    out to its number, or it is decided anew. `notes` are what other appointments have to do with it.
    """

    change: Change
    outcome: Outcome
    reminder: Reminder | None = None
    placement: Placement | None = None
    draft: Draft | None = field(default=None, repr=False)
    message: Message | None = None
    adopt: bool = False
    replaces: bool = False
    others: tuple[Reminder, ...] = field(default=(), repr=False)
    apart: tuple[timedelta, timedelta] = (timedelta(0), timedelta(0))
    notes: tuple[str, ...] = ()

    @property
    def told(self) -> tuple[Told, ...]:
        """What its message tells of other appointments, as the ledger keeps it."""
        return tuple(Told(each.key, each.appointment.start_at) for each in self.others)


def is_past(message: Message, now: datetime) -> bool:
    """Say whether a parked message should have gone out by now."""
    return now >= message.send_at + _GRACE


def forgotten_at(message: Message) -> datetime:
    """Return when a message that was never confirmed matters no more: a day after its time, and after the start."""
    return max(message.send_at, message.start_at) + _KEEP_UNKNOWN


def replayable(message: Message, settings: Settings, now: datetime) -> bool:
    """Say whether the very same request may be posted (again) now.

    It must still fit the provider's window and be cancellable afterwards; where it may
    already have been carried out, the idempotency key must still live (design, §13). What
    is sent at once can't be taken back: it is decided anew instead.
    """
    settings = settings.of(message)
    window = settings.window
    fits = message.send_at >= now + window.min_lead and message.send_at > now + window.cancel_cutoff + window.margin
    if window.holds_and_sends:
        return False
    alive = settings.key_life is not None and now < message.created_at + settings.key_life
    return fits and (alive or not message.uncertain)


def cancellable(message: Message, window: Window, now: datetime) -> bool:
    """Say whether the provider still takes back a message: never within the cut-off and its margin."""
    return now < message.send_at - window.cancel_cutoff - window.margin


def next_look(outcomes: Sequence[Outcome], messages: Sequence[Message]) -> datetime | None:
    """Return the earliest instant at which something is to be done although nothing changes; None: never."""
    instants = [each.park_at for each in outcomes if each.stand is not Stand.PARKED and each.park_at is not None]
    for message in messages:
        if message.state is State.SCHEDULED:
            instants.append(message.send_at + _GRACE)
        elif message.state in OPEN:
            instants.append(message.next_try_at or message.created_at)
        elif message.state is State.UNKNOWN:
            instants.append(forgotten_at(message))
    return min(instants, default=None)


def is_same(parked: Message, draft: Draft, settings: Settings) -> bool:
    """Say whether a parked message is just what a draft asks for."""
    return parked.draft == draft and parked.sender == settings.sender and parked.provider == settings.provider


def was_rejected(draft: Draft, messages: Sequence[Message], settings: Settings) -> bool:
    """Say whether the provider refused just this for good: then asking again only costs."""
    mine = (settings.provider, settings.sender)
    return any(
        each.state is State.REJECTED
        and each.error != NEVER_SENT
        and (each.provider, each.sender) == mine
        and each.draft.to == draft.to
        and each.draft.same_content(draft)
        for each in messages
    )
