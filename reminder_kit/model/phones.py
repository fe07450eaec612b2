"""Phone numbers: as E.164, and as logs may show them.

Pure: no clock, no I/O. Never raises for a number that cannot be one: such a number is None.
"""

from __future__ import annotations

from functools import lru_cache

__all__ = ["country_of", "is_possible", "masked", "phone_number"]


def masked(number: str) -> str:
    """Return a phone number as logs and errors may show it: its first three characters and its last two.

    Of six characters or less nothing is shown.
    """
    return f"{number[:3]}…{number[-2:]}" if len(number) > 6 else "…"


def phone_number(phone: str, region: str | None) -> str | None:
    """Return the E.164 form of a phone number, or None where it can't be one.

    A number can be one where `phonenumbers.is_possible_number` says so: by its length and
    country code, not by whether anybody has it. `region` (two letters, "US") is the country
    of numbers without a country code; None: such a number can't be read.
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


@lru_cache(maxsize=100_000)
def country_of(number: str) -> str:
    """Return the country of an E.164 number as two letters; where that can't be told, its calling code, or ""."""
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return ""
    return str(phonenumbers.region_code_for_number(parsed) or parsed.country_code)


def is_possible(number: str) -> bool:
    """Say whether a text is a possible number in its E.164 form already."""
    return phone_number(number, None) == number
