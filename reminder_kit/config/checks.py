"""Checks of configuration values: each takes what TOML gave and the name of the key, and returns what is meant.

Pure: no clock, no I/O. Never returns a value that can't be meant: it raises `ConfigurationError`, which names the key,
the value and what would be right.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from reminder_kit.errors import ConfigurationError, InvalidInputError, InvalidRuleError
from reminder_kit.ledger.databases import patience, private_files
from reminder_kit.model import phones
from reminder_kit.model.emails import email_address
from reminder_kit.model.instants import zone
from reminder_kit.rules.offsets import parse_length

__all__ = [
    "Check",
    "busy_timeout",
    "count",
    "country",
    "duration",
    "file_mode",
    "flag",
    "length",
    "locale_tag",
    "numbers",
    "one_of",
    "rate",
    "ratio",
    "text",
    "typed",
    "unread",
    "zone_name",
]

Check = Callable[[Any, str], Any]
"""A check: the value and the name of its key in, what is meant out."""

_LONGEST = 86400.0
"""Seconds: no `length` is longer than a day."""


def unread(value: Any, _what: str) -> Any:
    """Return the value unchecked: whatever takes it checks it, and names the key in its own errors."""
    return value


def text(value: Any, what: str) -> str:
    """Return text that is not blank."""
    if not isinstance(value, str) or not value.strip():
        raise ConfigurationError(f'{what} must be text in quotes, not {value!r}: write "…"')
    return value


def zone_name(value: Any, what: str) -> str:
    """Return the name of an IANA time zone."""
    try:
        return zone(text(value, what)).key
    except InvalidInputError as error:
        raise ConfigurationError(f"{what}: {error}") from None


def locale_tag(value: Any, what: str) -> str:
    """Return a language tag that CLDR knows."""
    from reminder_kit.text.time_phrases import is_known

    tag = text(value, what)
    if not is_known(tag):
        raise ConfigurationError(f'{what}: unknown locale {tag!r}: use a language tag such as "en", "es-MX" or "de"')
    return tag


def country(value: Any, what: str) -> str:
    """Return the two letters, in capitals, of a country that has phone numbers of its own."""
    try:
        return phones.country(text(value, what))
    except InvalidInputError as error:
        raise ConfigurationError(f"{what}: {error}") from None


def duration(value: Any, what: str) -> timedelta:
    """Return a length of elapsed time, from words such as "2 days"; a day is 24 hours."""
    try:
        return parse_length(value, what)
    except InvalidRuleError as error:
        raise ConfigurationError(str(error)) from None


def ratio(value: Any, what: str) -> float:
    """Return a share of a whole, from 0 to 1."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ConfigurationError(f"{what} must be a number from 0 to 1, not {value!r}: 0.5 is half of what is parked")
    return float(value)


def count(value: Any, what: str) -> int:
    """Return a whole number from 1 up."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigurationError(f"{what} must be a whole number from 1 up, not {value!r}")
    return value


def length(value: Any, what: str) -> float:
    """Return a length of elapsed time in seconds, from a number of seconds or from words; a day at the most."""
    found = float(value) if type(value) in (int, float) else duration(value, what).total_seconds()
    if not 0 < found <= _LONGEST:
        raise ConfigurationError(f'{what} must be longer than nothing and at most a day, not {value!r}: "30 seconds"')
    return found


def rate(value: Any, what: str) -> str | float:
    """Return a rate of requests as it stands: "50/s", "600/min" or a number a second (what `Pace` reads)."""
    from reminder_kit.transport.pace import Pace

    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ConfigurationError(f'{what} must be text, not {value!r}: write "50/s"')
    try:
        Pace(value)
    except InvalidInputError as error:
        raise ConfigurationError(f"{what}: {error}") from None
    return value


def flag(value: Any, what: str) -> bool:
    """Return true or false."""
    if not isinstance(value, bool):
        raise ConfigurationError(f"{what} must be true or false, not {value!r}")
    return value


def numbers(value: Any, what: str) -> tuple[str, ...]:
    """Return phone numbers, or how they begin ("+1202555"), without blanks, and whole e-mail addresses.

    An empty list stays empty.
    """
    listed = value if isinstance(value, list | tuple | set | frozenset) else [value]
    found = []
    for number in listed:
        if isinstance(number, str) and (address := email_address(number)) is not None:
            found.append(address)
            continue
        plain = re.sub(r"[\s().…-]", "", number) if isinstance(number, str) else ""
        if not re.fullmatch(r"\+[0-9]{1,15}", plain):
            raise ConfigurationError(
                f'{what} must be numbers, or how they begin, with a country code, not {number!r}: write ["+1202555"]'
            )
        found.append(plain)
    return tuple(found)


def file_mode(value: Any, what: str) -> str:
    """Return the mode of a file: the owner's alone, or a group's too."""
    private_files.file_mode(value, what)
    return str(value)


def busy_timeout(value: Any, what: str) -> float:
    """Return for how many seconds a lock is waited for, from a number of seconds or from words; 0: not at all."""
    return patience.patience(value, what)


def one_of(*words: str) -> Check:
    """Return the check that takes one of these words."""

    def check(value: Any, what: str) -> str:
        if value not in words:
            raise ConfigurationError(f"{what} cannot be {value!r}: write {' or '.join(map(repr, words))}")
        return str(value)

    return check


_TYPES: tuple[tuple[str, type | tuple[type, ...], str], ...] = (
    ("str", str, 'text in quotes, "…"'),
    ("bool", bool, "true or false"),
    ("int", int, "a whole number"),
    ("float", (int, float), "a number"),
    ("Iterable", list, "a list"),
    ("Sequence", list, "a list"),
)


def typed(value: Any, annotation: str, what: str) -> Any:
    """Return a value of the type that a provider's constructor declares, by the text of its annotation.

    A length of time (`timedelta`) is written in words. What has no type known here is not checked.
    """
    if "timedelta" in annotation:
        return duration(value, what)
    takes = [(kinds, words) for name, kinds, words in _TYPES if re.search(rf"\b{name}\b", annotation)]
    if takes and not any(isinstance(value, kinds) for kinds, _ in takes):
        raise ConfigurationError(f"{what} must be {' or '.join(words for _, words in takes)}, not {value!r}")
    return value
