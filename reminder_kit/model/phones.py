"""Phone numbers: as E.164, and as logs may show them.

Pure: no clock, no I/O. Never raises for a number that cannot be one: such a number is None.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from reminder_kit.errors import InvalidInputError

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

__all__ = ["country", "country_of", "is_given_out", "is_possible", "lacks_country", "masked", "phone_number"]


def masked(number: str) -> str:
    """Return a phone number as logs and errors may show it: its first three characters and its last two.

    Of six characters or less nothing is shown. Of an e-mail address that is the first character and the last two, for
    what stands before its @ is mostly a name.
    """
    if "@" in number:
        return f"{number[0]}…@…{number[-2:]}"
    return f"{number[:3]}…{number[-2:]}" if len(number) > 6 else "…"


def phone_number(phone: str, region: str | None) -> str | None:
    """Return the E.164 form of a phone number, or None where it can't be one.

    A number can be one where `phonenumbers.is_possible_number` says so: by its length and
    country code, not by whether anybody has it; one that is only dialled locally ("555-0123") can't. `region` (two
    letters, "US") is the country of numbers without a country code; None: such a number can't be read. Digits that
    begin with that country's own code are read with it where the rest is a mobile number ("49 151 …" in DE). What is
    remarked behind a number ("(mum)") is dropped.
    """
    return _phone_number(phone, None if phone.startswith("+") else region)


_REMARK = re.compile(r"(?P<number>[(+\d][\d\s()./\-]*\d)[^\d+]*[^\W\d_](?P<remark>.*)", re.DOTALL)
"""A number, and behind it something that begins with a letter; that may also be an extension, or letters for digits."""

_ANOTHER = 5
"""So many digits behind a number are no remark: they may be another number."""


@lru_cache(maxsize=100_000)
def _phone_number(phone: str, region: str | None) -> str | None:
    remarked = _REMARK.fullmatch(phone.strip())
    if remarked is not None and sum(map(str.isdigit, remarked["remark"])) < _ANOTHER:
        found = _as_e164(remarked["number"], region)
        if found is not None:
            return found
    return _as_e164(phone, region)


def _as_e164(phone: str, region: str | None) -> str | None:
    import phonenumbers

    try:
        parsed = phonenumbers.parse(phone, region)
    except phonenumbers.NumberParseException:
        return None
    if phonenumbers.is_possible_number_with_reason(parsed) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    if region is not None and not _is_mobile(parsed):
        parsed = _with_its_code(phone, str(parsed.country_code)) or parsed
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


def _is_mobile(parsed: PhoneNumber) -> bool:
    import phonenumbers

    kinds = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)
    return phonenumbers.number_type(parsed) in kinds


def _with_its_code(phone: str, code: str) -> PhoneNumber | None:
    """Return a mobile number whose country code was written without its "+"; None: it is none."""
    import phonenumbers

    digits = phonenumbers.normalize_digits_only(phone)
    if not digits.startswith(code):
        return None
    parsed = phonenumbers.parse(f"+{digits}")
    return parsed if _is_mobile(parsed) else None


def country(name: str) -> str:
    """Return the two letters, in capitals, of a country that has phone numbers of its own.

    Raises `InvalidInputError` for any other text.
    """
    from phonenumbers import SUPPORTED_REGIONS

    letters = name.upper()
    if letters not in SUPPORTED_REGIONS:
        raise InvalidInputError(f'unknown country {name!r}: use two letters such as "US" or "GB"')
    return letters


@lru_cache(maxsize=100_000)
def country_of(number: str) -> str:
    """Return the country of an E.164 number as two letters; where that can't be told, its calling code, or ""."""
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return ""
    return str(phonenumbers.region_code_for_number(parsed) or parsed.country_code)


@lru_cache(maxsize=100_000)
def is_given_out(number: str) -> bool:
    """Say whether an E.164 number lies in a range that its country gives out; those for fiction never do.

    What phonenumbers knows of that is never complete: a number of a new range is somebody's all the same.
    """
    import phonenumbers

    try:
        return bool(phonenumbers.is_valid_number(phonenumbers.parse(number)))
    except phonenumbers.NumberParseException:
        return False


def is_possible(number: str) -> bool:
    """Say whether a text is a possible number in its E.164 form already."""
    return _phone_number(number, None) == number


_FEWEST, _MOST = 7, 15
"""How many digits a number has that somebody may have: fewer are a short code, or are cut off; more E.164 has not."""


def lacks_country(phone: str, region: str | None) -> bool:
    """Say whether a number that can't be one, as it is recorded, could be one if its country were known.

    `region` is as `phone_number` has it; None: that is said of any number without "+" that is long enough. With one it
    is so where the number was recorded before that country was known.
    """
    if "+" in phone or "@" in phone:
        return False
    if region is not None:
        return phone_number(phone, region) is not None
    return _FEWEST <= sum(map(str.isdigit, phone)) <= _MOST
