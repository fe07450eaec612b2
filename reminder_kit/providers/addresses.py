"""Addresses that a provider is configured with.

Pure: text in, text out. Never connects.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from reminder_kit.errors import ConfigurationError
from reminder_kit.model.host_data import shown_name

__all__ = ["http_address"]


def http_address(text: str, provider: str, what: str) -> str:
    """Return an http(s) address as it is; raises `ConfigurationError` naming `provider` and `what` for any other."""
    try:
        parts = urlsplit(text)
        is_one = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except (ValueError, AttributeError, TypeError):  # no port, no closing bracket, no text at all
        is_one = False
    if not is_one:
        raise ConfigurationError(f"{provider}: {what} {shown_name(text)} is no http(s) address")
    return text
