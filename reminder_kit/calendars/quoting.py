"""Quoting: what a message may show of a value that can't be read, which may hold a name or a phone number.

Pure: no clock, no I/O. Never shows a word, nor as many digits as a number has, unless they are a date's.
"""

from __future__ import annotations

import re

__all__ = ["quoted"]

_DATE = r"(?:19|20)\d\d[01]\d[0-3]\d|\d{4}[-/.]\d\d?[-/.]\d\d?|\d\d?[-/.]\d\d?[-/.]\d{4}"
_DATED = re.compile(rf"(?:{_DATE})(?:[Tt ][\d:.]{{1,12}}(?:[Zz]|[+-]\d\d:?\d\d)?)?")
"""What somebody wrote who meant a date or a time."""
_SIGNS = re.compile(r"[\d:.,/+\-TZPWDHMS ]{,20}", re.IGNORECASE)
"""The signs of dates, durations, offsets and numbers."""
_FEW = 6
"""As many digits are no phone number."""


def quoted(text: str) -> str:
    """Return a value as a message shows it: one in the signs of dates and numbers as it is, else only its length."""
    text = text.strip()
    if _DATED.fullmatch(text) or (_SIGNS.fullmatch(text) and sum(map(str.isdigit, text)) <= _FEW):
        return repr(text)
    return f"({len(text)} characters)"
