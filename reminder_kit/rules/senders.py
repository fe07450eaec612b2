"""Which reminders a sender is for: by rule, source, location, country of the number, and channel.

Pure: no clock, no I/O. Never knows what a sender may do: that is its provider's to declare.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import frozen

from reminder_kit.errors import ConfigurationError, InvalidRuleError
from reminder_kit.model.phones import country_of
from reminder_kit.model.suggestions import suggestion
from reminder_kit.rules.conditions import Condition
from reminder_kit.rules.reminders import Reminder

__all__ = ["SENDER_KEYS", "SenderCondition"]

SENDER_KEYS = ("rule", "source", "location", "country", "channel")
"""By what a sender is chosen."""

_CHANNELS = ("sms", "mms")


@frozen
class SenderCondition:
    """What must be so for a sender to be taken: every key that is given fits, by any one of its values.

    Empty ones fit everything.
    """

    #: Ids of rules.
    rules: tuple[str, ...] = ()
    #: Countries of the recipient's number, two letters each.
    countries: tuple[str, ...] = ()
    #: How it is sent: "sms", "mms".
    channels: tuple[str, ...] = ()
    #: The appointment's source, and patterns for its location.
    appointment: Condition = Condition()  # noqa: RUF009 - it can't be changed

    @classmethod
    def read(cls, values: Mapping[str, Any], what: str) -> Self:
        """Return the condition that a table states. Raises `ConfigurationError`, naming `what` and the key."""
        from phonenumbers import SUPPORTED_REGIONS

        for key in values:
            if key not in SENDER_KEYS:
                raise ConfigurationError(f"{what}: unknown key {key!r}: {suggestion(str(key), ('from', *SENDER_KEYS))}")
        countries = tuple(country.upper() for country in _words(values, "country", what))
        for country in countries:
            if country not in SUPPORTED_REGIONS:
                raise ConfigurationError(f'{what}: unknown country {country!r}: use two letters such as "US" or "GB"')
        channels = _words(values, "channel", what)
        if unknown := set(channels) - set(_CHANNELS):
            raise ConfigurationError(f"{what}: channel cannot be {min(unknown)!r}: write 'sms' or 'mms'")
        try:
            own = Condition.read({key: values[key] for key in ("source", "location") if key in values}, what)
        except InvalidRuleError as error:
            raise ConfigurationError(str(error)) from None
        return cls(_words(values, "rule", what), countries, channels, own)

    def fits(self, reminder: Reminder) -> bool:
        """Say whether a reminder is one that the sender is for."""
        if self.rules and reminder.rule.id not in self.rules:
            return False
        if self.channels and reminder.rule.channel not in self.channels:
            return False
        if self.countries and (
            reminder.recipient is None or country_of(reminder.recipient.phone) not in self.countries
        ):
            return False
        return self.appointment.failing(reminder.appointment, reminder.recipient) is None


def _words(values: Mapping[str, Any], key: str, what: str) -> tuple[str, ...]:
    found = values.get(key, ())
    several = (found,) if isinstance(found, str) else found
    if not isinstance(several, list | tuple) or not all(isinstance(word, str) and word for word in several):
        raise ConfigurationError(f"{what}: {key} must be one or more words in quotes, not {found!r}")
    if key in values and not several:
        raise ConfigurationError(f"{what}: {key} is empty: name one or more, or leave it out")
    return tuple(several)
