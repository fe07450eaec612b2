"""What the answers of all providers have in common: JSON that may be broken, texts that may say too much.

Pure: no I/O. Never lets a provider's words into an error unchecked.
"""

from __future__ import annotations

import json
import re
from typing import Any

from reminder_kit.model.phones import masked
from reminder_kit.ports import Response

__all__ = ["json_object", "short", "text_of"]

_LONGEST = 160
_NUMBER = re.compile(r"\+?\d(?:[\s().-]?\d){6,}")


def json_object(response: Response) -> dict[str, Any] | None:
    """Return the answer's body as a JSON object, or None where it is anything else."""
    try:
        value = json.loads(response.body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def text_of(value: object) -> str:
    """Return a JSON scalar as text; "" for null, lists and objects."""
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def short(text: str) -> str:
    """Return a provider's words on one line, cut, and with phone numbers masked."""
    line = _NUMBER.sub(lambda found: masked(found.group()), " ".join(text.split()))
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
