"""What templates are given, as they see it: appointments, people and rules, with texts that any phone can show.

Pure: no clock, no I/O. Never shows anything but values, sequences and mappings: no object of ours or of a host.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from attrs import fields

from reminder_kit.model.appointments import Appointment, Recipient
from reminder_kit.model.instants import in_zone, named_zone, seconds, utc, zone
from reminder_kit.text.printable import for_phones, is_blank

__all__ = [
    "APPOINTMENT_FIELDS",
    "MEMBER_FIELDS",
    "RECIPIENT_FIELDS",
    "RULE_FIELDS",
    "AppointmentView",
    "RecipientView",
    "RuleView",
    "View",
]

APPOINTMENT_FIELDS = tuple(attribute.name for attribute in fields(Appointment))
"""The fields of `appointment`."""

MEMBER_FIELDS = (*APPOINTMENT_FIELDS, "recipient")
"""The fields of each one of `appointments`."""

RECIPIENT_FIELDS = (*(attribute.name for attribute in fields(Recipient)), "key")
"""The fields of `recipient`."""

RULE_FIELDS = ("channel", "id", "subject")
"""The fields of `rule`."""


class View:
    """A value of ours as templates see it: its fields by name, and itself as a word. Equal where the values are.

    A text in which nothing shows (blanks, characters without width) is "".
    """

    #: How errors call it.
    kind = ""
    #: Which of its fields it is as a word.
    word = ""
    #: What may be read of it.
    fields: frozenset[str] = frozenset()

    def __init__(self, value: Any) -> None:
        self._value = value

    def __getattr__(self, name: str) -> Any:
        if name not in self.fields:
            raise AttributeError(name)
        value = for_phones(getattr(self._value, name))
        return "" if isinstance(value, str) and is_blank(value) else value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, View) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __str__(self) -> str:
        return str(getattr(self, self.word))

    def __repr__(self) -> str:
        return str(self)


class AppointmentView(View):
    """An appointment: its instants are pendulum datetimes in the zone whose clock the text goes by, `zone_name`.

    The start and the end of an all-day appointment keep their own zone, so that the date stays the same. Of its data,
    see `by_clock`.
    """

    kind = "appointment"
    word = "title"
    fields = frozenset(MEMBER_FIELDS)

    def __init__(self, appointment: Appointment, zone_name: str, recipient: Recipient) -> None:
        super().__init__(appointment)
        self._zone_name = zone_name
        self._recipient = recipient

    def __getattr__(self, name: str) -> Any:
        if name == "recipient":
            return RecipientView(self._recipient, self._zone_name)
        if name == "recipients":
            return tuple(RecipientView(recipient, self._zone_name) for recipient in self._value.recipients)
        value = super().__getattr__(name)
        if name == "data":
            return by_clock(value, self._zone_name)
        if name == "tags":
            return tuple(
                sorted(map(for_phones, value))
            )  # a set's own order differs between processes, and so would the text
        if not isinstance(value, datetime) or name == "revision":
            return value
        import pendulum

        if self._value.all_day and name != "booked_at":
            return pendulum.instance(value)
        return pendulum.from_timestamp(seconds(utc(value)), tz=self._zone_name)


class RecipientView(View):
    """A person, in a text that goes by the clock of the zone `zone_name`."""

    kind = "recipient"
    word = "name"
    fields = frozenset(RECIPIENT_FIELDS)

    def __init__(self, recipient: Recipient, zone_name: str) -> None:
        super().__init__(recipient)
        self._zone_name = zone_name

    def __getattr__(self, name: str) -> Any:
        value = super().__getattr__(name)
        return by_clock(value, self._zone_name) if name == "data" else value


class RuleView(View):
    """A rule."""

    kind = "rule"
    word = "id"
    fields = frozenset(RULE_FIELDS)


def by_clock(value: Any, zone_name: str) -> Any:
    """Return a host's data with its instants on the clock of a zone, however deep they lie in lists and dicts.

    Those in a named zone keep it, and with it the clock that the host chose; UTC and fixed offsets name no place
    (`named_zone`). Dates, times of day and datetimes without a zone stay as they are.
    """
    if isinstance(value, datetime):
        is_placeless = value.utcoffset() is not None and named_zone(value.tzinfo) is None
        return in_zone(value, zone(zone_name)) if is_placeless else value
    if isinstance(value, dict):
        return {key: by_clock(item, zone_name) for key, item in value.items()}
    return [by_clock(item, zone_name) for item in value] if isinstance(value, list) else value
