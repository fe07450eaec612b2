"""What adapters need to verify webhooks: age, HMAC, and headers by one spelling of their names.

Pure: no clock, no I/O; `now` is handed in. Never parses what has not been verified.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta

from reminder_kit.errors import SignatureError
from reminder_kit.model.instants import from_seconds, utc

__all__ = ["check_age", "check_near", "lowered", "same_hmac"]


def lowered(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers with names in lower case and dashes, whether they came by name or as WSGI variables (HTTP_…)."""
    return {name.lower().removeprefix("http_").replace("_", "-"): value for name, value in headers.items()}


def check_age(timestamp: str, now: datetime, tolerance: timedelta, what: str) -> datetime:
    """Return the UTC instant that a Unix timestamp (seconds, in ASCII digits) names; `what` is the webhook in errors.

    Raises `SignatureError` where it is further than `tolerance` from `now`, either way, see `check_near`.
    """
    with suppress(ValueError, OverflowError):
        if timestamp.isascii() and timestamp.isdigit():  # `int` takes more than that, and no provider writes it
            return check_near(from_seconds(int(timestamp)), now, tolerance, what)
    raise SignatureError(f"{what}: the timestamp {timestamp[:20]!r} is no Unix time")


def check_near(at: datetime, now: datetime, tolerance: timedelta, what: str) -> datetime:
    """Return the instant at which a webhook was signed; raises `SignatureError` where that is too far from `now`.

    Either way: an old webhook may be a replay, one of the future shows that a clock is wrong.
    """
    if abs(utc(now) - at) > tolerance:
        raise SignatureError(
            f"{what}: signed at {at:%Y-%m-%dT%H:%M:%SZ}, more than {tolerance} from now: a replay, or a clock is wrong"
        )
    return at


def same_hmac(secret: str, signed: bytes, signature: str, algorithm: str) -> bool:
    """Say, in constant time, whether a base64 signature is the HMAC of what was signed.

    `algorithm` is a name of hashlib, such as `sha1`.
    """
    made = base64.b64encode(hmac.digest(secret.encode(), signed, getattr(hashlib, algorithm)))
    return hmac.compare_digest(made, signature.encode())
