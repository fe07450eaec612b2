"""What kinds of senders may do, whoever the provider is.

Never asks a provider. Sources: Telnyx, "Alphanumeric sender ID"; Twilio, "International support for Alphanumeric Sender
ID"; Vonage, "Country-specific features": carriers of these countries carry no names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["barred_countries", "is_name"]

_NO_NAMES = ("US", "CA", "PR")
_NUMBER = re.compile(r"\+?[0-9 ().-]+")


def is_name(sender: str | None) -> bool:
    """Say whether a sender is a name (an alphanumeric sender), and no number or short code; None is none."""
    return bool(sender) and not _NUMBER.fullmatch(sender or "")


def barred_countries(sender: str | None) -> Mapping[str, str]:
    """Return the countries (two letters) to which a sender can't write, each with why; empty: it may write to any."""
    if not is_name(sender):
        return {}
    return {
        country: f"the sender {sender!r} is a name, and no carrier of {country} takes messages from names: send from a "
        "number there"
        for country in _NO_NAMES
    }
