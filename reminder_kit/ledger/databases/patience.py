"""Patience: for how long a ledger waits for a lock that somebody else holds.

Never waits itself: drivers and servers are told.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from reminder_kit.errors import ConfigurationError, InvalidRuleError
from reminder_kit.rules.offsets import parse_length

__all__ = ["PATIENCE", "patience"]

PATIENCE = 30.0
"""Seconds for which a connection waits while another one writes, unless its ledger says otherwise."""

_LONGEST = 3600.0


def patience(value: Any, what: str) -> float:
    """Return a length of time in seconds, from a number of seconds or from words; `what` is the setting's name.

    0 does not wait at all. Raises `ConfigurationError`.
    """
    try:
        found = float(value) if type(value) in (int, float) else _in_words(value, what).total_seconds()
    except InvalidRuleError as error:
        raise ConfigurationError(str(error)) from None
    if not 0 <= found <= _LONGEST:
        raise ConfigurationError(f'{what} must be 0 (no waiting) to an hour, not {value!r}: write "5 seconds"')
    return found


def _in_words(value: Any, what: str) -> timedelta:
    return value if isinstance(value, timedelta) else parse_length(value, what)
