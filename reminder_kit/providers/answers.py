"""What the answers of all providers have in common: JSON that may be broken, words that may hold a phone number.

Pure: no clock, no I/O. Never lets a provider's words into an error without masking the numbers in them.
"""

from __future__ import annotations

import json
import re
from typing import Any

from reminder_kit.model.host_data import whole_text
from reminder_kit.model.phones import masked
from reminder_kit.ports import Response
from reminder_kit.text.printable import printable

__all__ = ["json_object", "short", "text_of"]

_LONGEST = 160
"""Characters of a provider's words that an error shows."""

_NUMBER = re.compile(r"\+?\d(?:[\s().-]?\d){6,}")
"""Seven digits or more, however they are grouped: what may be a phone number."""


def json_object(response: Response) -> dict[str, Any] | None:
    """Return the answer's body as a JSON object; None means that it is anything else."""
    try:
        value = json.loads(response.body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def text_of(value: object) -> str:
    """Return a JSON scalar as whole text, without half characters and NUL; "" for null, lists and objects."""
    return whole_text(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def short(text: str) -> str:
    """Return a provider's words on one printable line, cut, and with phone numbers masked."""
    line = _NUMBER.sub(lambda found: masked(found.group()), printable(" ".join(text.split())))
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
