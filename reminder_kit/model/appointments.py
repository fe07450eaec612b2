"""The values everything else speaks of: frozen, valid by construction.

Pure: no clock, no I/O, no knowledge of providers, ledgers or files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property, lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple

from attrs import evolve, field, frozen

from reminder_kit.errors import InvalidInputError
from reminder_kit.model.host_data import Data, data_of, text_or_none, whole_text
from reminder_kit.model.instants import iso, named_zone, utc, zone
from reminder_kit.model.lifecycle import State

__all__ = [
    "Appointment",
    "Data",
    "DeliveryEvent",
    "Draft",
    "Message",
    "Reason",
    "Recipient",
    "Revision",
    "Status",
    "Told",
    "is_possible",
    "masked",
    "normalise",
    "phone_number",
    "recurrence_name",
    "reminder_key",
]

Revision = int | datetime | tuple[Any, ...]


def masked(number: str) -> str:
    """Return a phone number as logs and errors may show it."""
    return f"{number[:3]}…{number[-2:]}" if len(number) > 6 else "…"


class Status(StrEnum):
    """What the host says of an appointment."""

    CONFIRMED = "confirmed"
    TENTATIVE = "tentative"
    CANCELLED = "cancelled"
    COMPLETED = "completed"
    NO_SHOW = "no_show"


class Reason(StrEnum):
    """Why a reminder is where it is. The words are a contract (design, §6)."""

    ON_TIME = "on_time"
    SHIFTED_QUIET_HOURS = "shifted_quiet_hours"
    CLAMPED_LATE = "clamped_late"
    CLAMPED_FAR = "clamped_far"
    BEYOND_WINDOW = "beyond_window"
    AT_CAPACITY = "at_capacity"
    TOO_LATE = "too_late"
    TOO_FAR = "too_far"
    SUPERSEDED = "superseded"
    PAST = "past"
    QUIET_HOURS = "quiet_hours"
    CONDITION = "condition"
    CANCELLED = "cancelled"
    REMOVED = "removed"
    SUPPRESSED = "suppressed"
    OPTED_OUT = "opted_out"
    INVALID_NUMBER = "invalid_number"
    NO_RECIPIENT = "no_recipient"
    DUPLICATE_NUMBER = "duplicate_number"
    ALREADY_SENT = "already_sent"
    NOT_CONFIRMED = "not_confirmed"
    QUARANTINED = "quarantined"
    STALE_REVISION = "stale_revision"
    TEMPLATE_ERROR = "template_error"
    UNCHANGED = "unchanged"


def _name(value: object) -> str:
    if value is None or not (name := whole_text(value)).strip():
        raise InvalidInputError(f"an appointment needs an id, not {value!r}: save the host's record first")
    return name


def _tags(value: str | Iterable[str]) -> frozenset[str]:
    return frozenset(whole_text(each) for each in ((value,) if isinstance(value, str) else value))


def _known_zone(_instance: object, _attribute: object, value: str | None) -> None:
    if value is not None:
        zone(value)


@frozen
class Recipient:
    """A person to be reminded.

    `phone` is kept as it was given; the kit reads it as E.164, with its default
    region where there is no country code. `id` is the host's own name for the person:
    with it a new number follows the person, without it a number *is* the person.
    `timezone` is an IANA name, `locale` a language tag ("es", "pt_BR").
    """

    phone: str = field(converter=whole_text, repr=lambda phone: repr(masked(phone)))
    id: str | None = field(default=None, converter=text_or_none)
    name: str = field(default="", converter=whole_text, repr=False)
    timezone: str | None = field(default=None, validator=_known_zone)
    locale: str | None = field(default=None, converter=text_or_none)
    opted_in: bool = True
    data: Mapping[str, Any] = field(factory=Data, converter=data_of, hash=False)

    @property
    def key(self) -> str:
        """What makes this the same person next time: `id`, else the number."""
        return self.id or self.phone


def _recipients(value: Recipient | str | Iterable[Recipient | str]) -> tuple[Recipient, ...]:
    if isinstance(value, Recipient | str):
        value = (value,)
    return tuple(each if isinstance(each, Recipient) else Recipient(each) for each in value)


def _status(value: str) -> Status:
    try:
        return Status(value)
    except ValueError:
        raise InvalidInputError(f"unknown appointment status {value!r}: use one of {', '.join(Status)}") from None


def recurrence_name(value: str | datetime | date | None) -> str | None:
    """Return the name of an occurrence: its original start as UTC instant, date (all-day) or wall time (floating)."""
    if value is None or isinstance(value, str):
        return text_or_none(value)
    if isinstance(value, datetime):
        return iso(value) if value.tzinfo else value.replace(microsecond=0).isoformat()
    return value.isoformat()


@frozen
class Appointment:
    """Something people are reminded of.

    `starts_at` and `ends_at` are aware datetimes (pendulum's or the standard
    library's); a naive one raises `NaiveDatetimeError`. `timezone` is the IANA zone in
    which local rules and the text are read; without it, the zone of `starts_at` where
    that has a name, else the kit's default. `recurrence_id` is the original start of
    one occurrence of a series. `revision` (an int, an aware datetime or a tuple of
    them) orders updates: an older one than recorded is ignored. `booked_at` is when it
    was booked, `all_day` says that only the date of `starts_at` is meant.
    """

    id: str = field(converter=_name)
    starts_at: datetime
    ends_at: datetime | None = None
    timezone: str | None = None
    recipients: tuple[Recipient, ...] = field(default=(), converter=_recipients)
    title: str = field(default="", converter=whole_text)
    location: str = field(default="", converter=whole_text)
    status: Status = field(default=Status.CONFIRMED, converter=_status)
    source: str = field(default="default", converter=whole_text)
    recurrence_id: str | None = field(default=None, converter=recurrence_name)
    revision: Revision | None = None
    booked_at: datetime | None = None
    tags: frozenset[str] = field(default=frozenset(), converter=_tags)
    data: Mapping[str, Any] = field(factory=Data, converter=data_of, hash=False)
    url: str | None = field(default=None, converter=text_or_none)
    all_day: bool = False

    def __attrs_post_init__(self) -> None:
        for name in ("starts_at", "ends_at", "booked_at"):
            moment = getattr(self, name)
            if moment is not None:
                if not isinstance(moment, datetime):
                    raise InvalidInputError(
                        f"appointment {self.id!r}: {name} must be an aware datetime, not {moment!r}"
                    )
                utc(moment, f"appointment {self.id!r}: {name}")
        if self.timezone is not None:
            zone(self.timezone)

    @cached_property
    def start_at(self) -> datetime:
        """The start as a plain UTC instant."""
        return utc(self.starts_at)

    @cached_property
    def end_at(self) -> datetime:
        """The end as a plain UTC instant; the start where no end is known."""
        return utc(self.starts_at if self.ends_at is None else self.ends_at)

    @property
    def zone_name(self) -> str | None:
        """The zone this appointment itself names, if any."""
        return self.timezone or named_zone(self.starts_at.tzinfo)

    @property
    def is_off(self) -> bool:
        """Whether nobody is to be reminded of it any more."""
        return self.status in (Status.CANCELLED, Status.NO_SHOW)

    @property
    def label(self) -> str:
        """How errors and tables name it."""
        return f"{self.id}@{self.recurrence_id}" if self.recurrence_id else self.id


def phone_number(phone: str, region: str | None) -> str | None:
    """Return the E.164 form of a phone number, or None where it can't be one.

    "Can be" is `phonenumbers`' `is_possible_number`: length and country code, not
    whether the number is in use. `region` is for numbers without a country code.
    """
    return _phone_number(phone, None if phone.startswith("+") else region)


@lru_cache(maxsize=100_000)
def _phone_number(phone: str, region: str | None) -> str | None:
    import phonenumbers

    try:
        parsed = phonenumbers.parse(phone, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


def is_possible(number: str) -> bool:
    """Say whether a recipient's normalised phone is an E.164 number."""
    return phone_number(number, None) == number


def normalise(appointment: Appointment, region: str | None) -> Appointment:
    """Return the appointment with its recipients' phones as E.164 where they can be; others stay as given."""
    recipients = tuple(
        each if number is None or number == each.phone else evolve(each, phone=number)
        for each in appointment.recipients
        for number in (phone_number(each.phone, region),)
    )
    return appointment if recipients == appointment.recipients else evolve(appointment, recipients=recipients)


def reminder_key(
    namespace: str, source: str, appointment: str, recurrence_id: str | None, rule: str, recipient: str
) -> str:
    """Return the identity of a reminder: a digest of who and what, never of when."""
    occurrence = recurrence_id or ""
    text = (
        f"{len(namespace)}:{namespace}\x1f{len(source)}:{source}\x1f{len(appointment)}:{appointment}\x1f"
        f"{len(occurrence)}:{occurrence}\x1f{len(rule)}:{rule}\x1f{len(recipient)}:{recipient}"
    )
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


@frozen
class Draft:
    """What a message says, to whom and when: all that the provider is told."""

    to: str = field(repr=lambda number: repr(masked(number)))
    text: str = field(repr=False)
    send_at: datetime
    subject: str = ""
    media_urls: tuple[str, ...] = ()
    channel: str = "sms"

    def same_content(self, other: Draft) -> bool:
        """Say whether both would read the same, whatever their send times and numbers."""
        return evolve(self, to=other.to, send_at=other.send_at) == other


class Told(NamedTuple):
    """Another reminder that a message tells as well: its key, and the start it tells of."""

    key: str
    start_at: datetime


@frozen
class Message:
    """One message at the provider, as the ledger knows it. All instants are UTC.

    `request` and `path` are exactly what was, or will be, posted. `uncertain` says that
    a post may have been carried out without our learning of it. `sender` is whatever
    the provider sends from. `due_at` and `start_at` are what it was decided for, `told` the
    reminders of other appointments that it tells as well, by key.
    """

    id: str
    key: str
    state: State
    draft: Draft
    due_at: datetime
    start_at: datetime
    sender: str
    provider: str
    path: str
    request: bytes = field(repr=False)
    idempotency_key: str
    created_at: datetime
    provider_id: str | None = None
    uncertain: bool = False
    attempts: int = 0
    next_try_at: datetime | None = None
    error: str = ""
    presumed: bool = False
    told: tuple[Told, ...] = ()

    @property
    def send_at(self) -> datetime:
        """When the provider sends it."""
        return self.draft.send_at


def _text_kept(value: str | None) -> str | None:
    return None if value is None else whole_text(value)


@frozen
class DeliveryEvent:
    """What a provider told us of one message, or a person's reply, in our words.

    `type` is one of `scheduled`, `sent`, `delivered`, `undelivered`, `cancelled`,
    `received`, `opted_out`, `opted_in`, `unknown`. `token` is the one we put into the
    message's webhook address. `raw` is what came, untouched. `code` is the provider's
    word for what went wrong. The kit fills in `reason`, our word for that
    (`reminder_kit.ports.Failure`), and `appointment`: source, id and recurrence id of
    the one it is about. A reply that is one of the host's own keywords is told once
    more, with the keyword's name as `type`.
    """

    id: str = field(converter=whole_text)
    type: str
    occurred_at: datetime
    provider: str
    provider_id: str | None = field(default=None, converter=text_or_none)
    token: str | None = field(default=None, converter=text_or_none)
    number: str | None = field(default=None, repr=False, converter=text_or_none)
    text: str | None = field(default=None, repr=False, converter=_text_kept)
    code: str = field(default="", converter=whole_text)
    raw: Mapping[str, Any] = field(factory=dict, repr=False, hash=False)
    reason: str = ""
    appointment: tuple[str, str, str] | None = None
