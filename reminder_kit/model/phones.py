"""Phone numbers: as E.164, and as logs may show them.

Pure: no clock, no I/O. A number that cannot be one is None, never an exception.
"""

from __future__ import annotations

from functools import lru_cache

__all__ = ["is_possible", "masked", "phone_number"]


def masked(number: str) -> str:
    """Return a phone number as logs and errors may show it."""
    return f"{number[:3]}…{number[-2:]}" if len(number) > 6 else "…"


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
