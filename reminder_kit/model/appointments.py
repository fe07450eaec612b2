"""Appointments and recipients: what a host says of whom to remind, and of what.

Pure: no clock, no I/O. Never knows of providers, ledgers or files; never holds what cannot be meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, cast

from attrs import evolve, field, frozen

from reminder_kit.errors import InvalidInputError
from reminder_kit.model.emails import email_address
from reminder_kit.model.host_data import NO_DATA, Data, data_of, shown_name, text_or_none, too_long, whole_text
from reminder_kit.model.instants import iso, named_zone, spelled, utc, zone
from reminder_kit.model.phones import masked, phone_number
from reminder_kit.model.suggestions import suggestion

__all__ = [
    "Appointment",
    "Data",
    "Recipient",
    "Revision",
    "Status",
    "normalise",
    "recurrence_name",
]

Revision = int | datetime | tuple[Any, ...]
"""What orders the updates of an appointment: a counter, an aware datetime, or a tuple of these.

Those of calendars are told in `model.revisions`.
"""


class Status(StrEnum):
    """What the host says of an appointment.

    Nobody is reminded of one that is cancelled; of a completed one only by follow-ups, and of one that the person
    missed (`no_show`) only by follow-ups for that (`only = {status = ["no_show"]}`).
    """

    CONFIRMED = "confirmed"
    TENTATIVE = "tentative"
    CANCELLED = "cancelled"
    COMPLETED = "completed"
    NO_SHOW = "no_show"


_LONGEST_PHONE = 250
"""Characters of a phone number that are kept: what is longer can't be one (phonenumbers reads no more either)."""

_LONGEST_EMAIL = 320
"""Characters of an e-mail address that are kept: what is longer can't be one."""

_LONGEST_NAMES = (("id", 1000), ("source", 500), ("recurrence_id", 500))
"""Bytes of UTF-8 of what an appointment is known by: PostgreSQL finds no row by more."""


def _phone(value: object) -> str:
    return whole_text(value)[:_LONGEST_PHONE]


def _email(value: object) -> str:
    return "" if value is None else whole_text(value)[:_LONGEST_EMAIL]


def _appointment_id(value: object) -> str:
    if value is None or not (name := whole_text(value)).strip():
        raise InvalidInputError(f"an appointment needs an id, not {value!r}: save the host's record first")
    return name


# What follows lets values of a wrong kind through, for `_check_kinds` to refuse: it knows the appointment.


def _tags(value: str | Iterable[str]) -> frozenset[str]:
    if type(value) is frozenset and not value:
        return value
    if not isinstance(value, Iterable) or isinstance(value, Mapping | bytes):
        return cast("frozenset[str]", value)
    return frozenset(whole_text(tag) for tag in ((value,) if isinstance(value, str) else value))


def _data(value: Mapping[str, Any]) -> Data:
    return data_of(value) if type(value) is dict or isinstance(value, Mapping) else cast("Data", value)


def _flag(value: object) -> bool:
    """Return a yes or no; 0 and 1, as databases have them, are taken too."""
    return bool(value) if isinstance(value, int) and value in (0, 1) else cast("bool", value)


def _known_zone(_instance: object, _attribute: object, value: str | None) -> None:
    if value is not None:
        zone(value)


@frozen
class Recipient:
    """A person to be reminded.

    phone: The number to write to, kept as it was given (250 characters of it). The kit reads it as E.164, with its
        default region where it has no country code; one that cannot be a number is refused when a reminder needs it.
        "" where none is known.
    id: The host's own name for the person. With it, a new number follows the person; None: the number *is* the person.
    name: For texts; "" where it is not known.
    timezone: The IANA zone in which the person reads times, and in which quiet hours hold; None: the appointment's.
    locale: The language tag of the person's texts ("es", "pt-BR"); None: the kit's default.
    opted_in: Whether the person agreed to be written to; False: every reminder is refused with `opted_out`.
    data: The host's own data, for conditions and texts; empty by default.
    email: The address to write to where a text does not arrive and the kit's `fallback` writes e-mails, kept as it was
        given (320 characters of it); "" where none is known. One that cannot be an address is never written to.

    Raises `InvalidInputError` for an unknown zone, for data that the ledger cannot keep, and for an `opted_in` that is
    neither yes nor no.
    """

    phone: str = field(default="", converter=_phone, repr=lambda phone: repr(masked(phone)))
    id: str | None = field(default=None, converter=text_or_none)
    name: str = field(default="", converter=whole_text, repr=False)
    timezone: str | None = field(default=None, validator=_known_zone)
    locale: str | None = field(default=None, converter=text_or_none)
    opted_in: bool = field(default=True, converter=_flag)
    data: Mapping[str, Any] = field(default=NO_DATA, converter=_data, hash=False)
    email: str = field(default="", converter=_email, repr=lambda email: repr(masked(email)), kw_only=True)

    def __attrs_post_init__(self) -> None:
        for name, kind, right in (("opted_in", bool, "True or False"), ("data", Data, "a dict")):
            if not isinstance(value := getattr(self, name), kind):
                raise InvalidInputError(
                    f"a recipient's {name} must be {right}, not a {type(value).__name__}; or leave {name} out"
                )

    @property
    def key(self) -> str:
        """What makes this the same person next time: `id`, else `phone` as it stands, else `email`."""
        return self.id or self.phone or self.email

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where the person can be written to, as far as that is known: the number, then the e-mail address."""
        return tuple(filter(None, (self.phone, self.email)))


def _recipients(value: Recipient | str | Iterable[Recipient | str]) -> tuple[Recipient, ...]:
    several = (value,) if isinstance(value, Recipient | str) else value
    if type(several) not in (list, tuple) and (
        not isinstance(several, Iterable) or isinstance(several, Mapping | bytes)
    ):
        return cast("tuple[Recipient, ...]", value)
    return tuple(Recipient(one) if type(one) in (str, int) else cast("Recipient", one) for one in several)


def _status(value: str) -> Status:
    try:
        return Status(value)
    except ValueError:
        return cast("Status", value)


_KINDS = (
    ("recipients", tuple, 'Recipients or phone numbers: write [Recipient("+1…")]'),
    ("tags", frozenset, 'words: write ["dental"]'),
    ("data", Data, 'a dict: write {"doctor": "Rey"}'),
    ("all_day", bool, "True or False"),
)
"""The kind of each field that is not plain text, and what would be right."""


def _check_kinds(appointment: Appointment) -> None:
    """Raise `InvalidInputError`, naming the appointment and the field, for a value of a wrong kind.

    The value itself is not shown: it may hold a name or a number.
    """
    for name, most in _LONGEST_NAMES:
        if (value := getattr(appointment, name)) is not None and too_long(value, most):
            raise InvalidInputError(
                f"appointment {shown_name(appointment.id)}: {name} has more than {most} bytes: give it a shorter one"
            )
    for name, kind, right in _KINDS:
        if not isinstance(value := getattr(appointment, name), kind):
            raise _wrong_kind(appointment, name, value, right)
    for recipient in appointment.recipients:
        if not isinstance(recipient, Recipient):
            raise _wrong_kind(appointment, "recipients", recipient, _KINDS[0][2])
    if not isinstance(appointment.status, Status):
        hint = suggestion(str(appointment.status), Status)
        raise InvalidInputError(f"appointment {appointment.id!r}: unknown status {appointment.status!r}: {hint}")


def _wrong_kind(appointment: Appointment, name: str, value: object, right: str) -> InvalidInputError:
    named = "None" if value is None else f"a {type(value).__name__}"
    return InvalidInputError(
        f"appointment {appointment.id!r}: {name} must be {right}, not {named}; or leave {name} out"
    )


def recurrence_name(value: str | datetime | date | None) -> str | None:
    """Return the name of one occurrence of a series, which is its original start; None: it is no occurrence.

    An aware datetime becomes a UTC instant, a date (all-day) stays a date, a naive datetime
    (floating) a wall-clock time, all as ISO 8601. So does text that spells one of these, however it does
    ("20260215T143000Z", "2026-02-15 09:30-05:00"); other text stays as it is. Raises `InvalidInputError` for what is
    none of these.
    """
    if isinstance(value, str):
        found = spelled(value)
        return text_or_none(value) if found is None else recurrence_name(found)
    if value is None:
        return None
    if isinstance(value, datetime):
        return iso(value) if value.tzinfo else value.replace(microsecond=0).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    raise InvalidInputError(f"a recurrence_id is a datetime, a date or text, not a {type(value).__name__}")


@frozen
class Appointment:
    """Something that people are reminded of. Its identity is `source`, `id` and `recurrence_id`.

    id: The host's own name for it, unique within its source; other values become text. Never empty, and of 1,000 bytes
        at most (`source` and `recurrence_id`: 500).
    starts_at: When it starts: an aware datetime of any zone, pendulum's or the standard library's.
    ends_at: When it ends, likewise; None: not known, and counted as its start.
    timezone: The IANA zone in which wall-clock rules are counted and its recipients read times; None: the zone of
        `starts_at` where that has a name, else the kit's default.
    recipients: Whom to remind: one or several, each a `Recipient` or just a phone number; none by default.
    title: For texts and conditions; "" by default.
    location: For texts and conditions; "" by default.
    status: What the host says of it, a `Status` or its word; "confirmed" by default.
    source: Which calendar or system it comes from; "default" where there is but one.
    recurrence_id: The original start of one occurrence of a series, as datetime, date or text; None: it does not recur.
    revision: Orders updates: an older one than recorded is ignored. An int, an aware datetime, or a tuple of these;
        None: the last one written is the latest.
    booked_at: When it was booked: an aware datetime. A reminder that was due earlier than that is not sent late unless
        its rule says so; None: not known, and taken as long ago.
    tags: Words for conditions, one or several; none by default.
    data: The host's own data, for conditions and texts; empty by default.
    url: A link for texts; None by default.
    all_day: Whether only the date of `starts_at` is meant; texts then name no time. False by default.

    Raises `NaiveDatetimeError` for a datetime without zone, and `InvalidInputError` for whatever else cannot be meant.
    """

    id: str = field(converter=_appointment_id)
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
    data: Mapping[str, Any] = field(default=NO_DATA, converter=_data, hash=False)
    url: str | None = field(default=None, converter=text_or_none)
    all_day: bool = field(default=False, converter=_flag)

    def __attrs_post_init__(self) -> None:
        _check_kinds(self)
        for name in ("starts_at", "ends_at", "booked_at"):
            moment = getattr(self, name)
            if moment is not None:
                if not isinstance(moment, datetime):
                    raise InvalidInputError(
                        f"appointment {self.id!r}: {name} must be an aware datetime, not {moment!r}"
                    )
                utc(moment, f"appointment {self.id!r}: {name}")
        for part in self.revision if isinstance(self.revision, tuple) else (self.revision,):
            if isinstance(part, datetime) and part.utcoffset() is not None:
                utc(part, f"appointment {self.id!r}: revision")
        if self.ends_at is not None and self.end_at < self.start_at:
            raise InvalidInputError(
                f"appointment {self.id!r}: ends_at ({self.ends_at.isoformat()}) is before starts_at "
                f"({self.starts_at.isoformat()}): correct one of them, or leave ends_at out"
            )
        if self.timezone is not None:
            zone(self.timezone)

    @cached_property
    def start_at(self) -> datetime:
        """The start as an instant, UTC."""
        return utc(self.starts_at)

    @cached_property
    def end_at(self) -> datetime:
        """The end as an instant, UTC; the start where no end is known."""
        return utc(self.starts_at if self.ends_at is None else self.ends_at)

    @property
    def zone_name(self) -> str | None:
        """The IANA zone that the appointment itself names, by `timezone` or `starts_at`; None where it names none."""
        return self.timezone or named_zone(self.starts_at.tzinfo)

    @property
    def is_off(self) -> bool:
        """Whether nobody is to be reminded that it takes place: it was cancelled or missed."""
        return self.status in (Status.CANCELLED, Status.NO_SHOW)

    @property
    def label(self) -> str:
        """The name for errors and tables: its id, and for an occurrence `id@recurrence_id`."""
        return f"{self.id}@{self.recurrence_id}" if self.recurrence_id else self.id


def normalise(appointment: Appointment, region: str | None) -> Appointment:
    """Return the appointment with its recipients' phones as E.164, and their e-mail addresses as they are compared.

    What cannot be a number, or an address, stays as it was given. `region` (two letters, "US") is the country of
    numbers without a country code; None: those stay as they are.
    """
    recipients = tuple(_normal(recipient, region) for recipient in appointment.recipients)
    return appointment if recipients == appointment.recipients else evolve(appointment, recipients=recipients)


def _normal(recipient: Recipient, region: str | None) -> Recipient:
    phone = phone_number(recipient.phone, region) or recipient.phone
    email = (email_address(recipient.email) or recipient.email) if recipient.email else ""
    if (phone, email) == (recipient.phone, recipient.email):
        return recipient
    return evolve(recipient, phone=phone, email=email)
