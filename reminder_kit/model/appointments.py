"""The values everything else speaks of: frozen, valid by construction.

Pure: no clock, no I/O, no knowledge of providers, ledgers or files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property
from typing import Any

from attrs import evolve, field, frozen

from reminder_kit.errors import InvalidInputError
from reminder_kit.model.host_data import Data, data_of, text_or_none, whole_text
from reminder_kit.model.instants import iso, named_zone, utc, zone
from reminder_kit.model.phones import masked, phone_number

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


class Status(StrEnum):
    """What the host says of an appointment."""

    CONFIRMED = "confirmed"
    TENTATIVE = "tentative"
    CANCELLED = "cancelled"
    COMPLETED = "completed"
    NO_SHOW = "no_show"


def _name(value: object) -> str:
    if value is None or not (name := whole_text(value)).strip():
        raise InvalidInputError(f"an appointment needs an id, not {value!r}: save the host's record first")
    return name


def _tags(value: str | Iterable[str]) -> frozenset[str]:
    return frozenset(whole_text(tag) for tag in ((value,) if isinstance(value, str) else value))


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
    return tuple(recipient if isinstance(recipient, Recipient) else Recipient(recipient) for recipient in value)


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


def normalise(appointment: Appointment, region: str | None) -> Appointment:
    """Return the appointment with its recipients' phones as E.164 where they can be; others stay as given."""
    recipients = tuple(
        recipient if number is None or number == recipient.phone else evolve(recipient, phone=number)
        for recipient in appointment.recipients
        for number in (phone_number(recipient.phone, region),)
    )
    return appointment if recipients == appointment.recipients else evolve(appointment, recipients=recipients)
