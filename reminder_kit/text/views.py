"""What templates are given, as they see it: appointments, people and rules, with texts that any phone can show.

Pure: no clock, no I/O. Never shows anything but values, sequences and mappings: no object of ours or of a host.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from attrs import fields

from reminder_kit.model.appointments import Appointment, Recipient
from reminder_kit.model.instants import seconds, utc
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

    Those of an all-day appointment keep their own zone, so that the date stays the same.
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
            return RecipientView(self._recipient)
        if name == "recipients":
            return tuple(RecipientView(recipient) for recipient in self._value.recipients)
        value = super().__getattr__(name)
        if name == "tags":
            return tuple(
                sorted(map(for_phones, value))
            )  # a set's own order differs between processes, and so would the text
        if not isinstance(value, datetime) or name == "revision":
            return value
        import pendulum

        if self._value.all_day:
            return pendulum.instance(value)
        return pendulum.from_timestamp(seconds(utc(value)), tz=self._zone_name)


class RecipientView(View):
    """A person."""

    kind = "recipient"
    word = "name"
    fields = frozenset(RECIPIENT_FIELDS)


class RuleView(View):
    """A rule."""

    kind = "rule"
    word = "id"
    fields = frozenset(RULE_FIELDS)
