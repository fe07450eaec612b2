"""What the answers of all providers have in common: JSON that may be broken, words that may hold a phone number.

Pure: no clock, no I/O. Never lets a provider's words into an error without masking the numbers in them.
"""

from __future__ import annotations

import re
from datetime import datetime

from reminder_kit.errors import InvalidInputError
from reminder_kit.model.instants import from_iso
from reminder_kit.model.phones import masked
from reminder_kit.ports import json_object, text_of
from reminder_kit.text.printable import printable

__all__ = ["instant_of", "json_object", "number_of", "short", "text_of"]

_LONGEST = 160
"""Characters of a provider's words that an error shows."""

_APART = r"(?:\s?[./-]\s?|\s|\)[\s./-]{0,3}|\s?\((?=\d+\)[\s./-]{0,3}\d))?"
_NUMBER = re.compile(rf"\+?\(?\d(?:{_APART}\d){{6,}}")
"""Seven digits or more, however they are grouped: what may be a phone number. None ends within parentheses."""


def instant_of(value: object) -> datetime | None:
    """Return the UTC instant that a JSON text names; None where it names none."""
    try:
        return from_iso(text_of(value))
    except (InvalidInputError, OverflowError):
        return None


def number_of(value: object) -> int | None:
    """Return the whole number, of 18 digits at most, that a JSON scalar is; None where it is anything else."""
    digits = text_of(value)
    return int(digits) if digits.isdecimal() and len(digits) < 19 else None


def short(text: str) -> str:
    """Return a provider's words on one printable line, cut, and with phone numbers masked."""
    line = _NUMBER.sub(lambda found: masked(found.group()), printable(" ".join(text.split())))
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
