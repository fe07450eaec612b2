"""JSON Web Tokens (RFC 7519), as far as Vonage uses them: HS256 is verified, RS256 is signed; PyJWT does both.

Pure: no clock, no I/O; `now` is handed in, which PyJWT itself would read off the machine. Never takes a token's own
word for its algorithm (RFC 8725, 3.1). PyJWT comes with `reminder-kit[webhooks]`, and is loaded when it is used.
"""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from reminder_kit.errors import ConfigurationError, SignatureError
from reminder_kit.model.instants import from_seconds, utc

if TYPE_CHECKING:
    from jwt import PyJWS

__all__ = ["made_rs256", "numeric_date", "verified_hs256"]


def _missing(package: str) -> ConfigurationError:
    return ConfigurationError(f"a token needs the package {package}: pip install 'reminder-kit[webhooks]'")


@cache
def _hs256() -> PyJWS:
    """Return what verifies HS256, and nothing else; raises `ConfigurationError` where PyJWT is not installed.

    PyJWT warns of secrets below 32 bytes: Vonage's may have 16, and who has one can't choose a longer one here.
    """
    try:
        from jwt import PyJWS
        from jwt.algorithms import HMACAlgorithm
    except ImportError:
        raise _missing("PyJWT") from None

    class OfAnyLength(HMACAlgorithm):
        def check_key_length(self, key: Any) -> str | None:  # noqa: ARG002 - of any length
            return None

    found = PyJWS(algorithms=[])
    found.register_algorithm("HS256", OfAnyLength(HMACAlgorithm.SHA256))
    return found


def verified_hs256(token: str, secret: str, now: datetime, tolerance: timedelta, what: str) -> dict[str, Any]:
    """Return the claims of a token signed with that secret, and valid at `now`; `what` names the webhook in errors.

    Raises `SignatureError` where signature, algorithm or form is another, where `exp` is over, where `nbf` is still to
    come by more than `tolerance` (its clock may be ahead of ours), and where a time in it is none. All other claims
    (`iat`, the body's digest) are for the caller to check.
    """
    verifier = _hs256()
    from jwt.exceptions import PyJWTError

    try:
        found = json.loads(verifier.decode(token, secret, algorithms=["HS256"]))
    except (PyJWTError, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise SignatureError(f"{what}: the token is not signed with our secret")
    if (until := numeric_date(found.get("exp"), what)) is not None and utc(now) >= until:
        raise SignatureError(f"{what}: the token is over since {until:%Y-%m-%dT%H:%M:%SZ}: a replay")
    if (since := numeric_date(found.get("nbf"), what)) is not None and utc(now) + tolerance < since:
        raise SignatureError(f"{what}: the token holds only from {since:%Y-%m-%dT%H:%M:%SZ} on: a clock is wrong")
    return found


def numeric_date(value: object, what: str) -> datetime | None:
    """Return the instant of a NumericDate (RFC 7519, 2: seconds, perhaps with a fraction); None: there is none."""
    if value is None:
        return None
    with suppress(ValueError, OverflowError):
        if isinstance(value, int | float) and not isinstance(value, bool):
            return from_seconds(int(value))
    raise SignatureError(f"{what}: a time in the token is none")


def made_rs256(claims: dict[str, Any], private_key: str) -> str:
    """Return a token that carries these claims, signed with an RSA private key (PEM).

    Raises `ConfigurationError` where PyJWT or `cryptography` is not installed or the key can't be read.
    """
    try:
        import cryptography  # noqa: F401 - PyJWT goes on without it, and without RSA
        import jwt
    except ImportError:
        raise _missing("PyJWT, and cryptography") from None
    try:
        return jwt.encode(claims, private_key, algorithm="RS256")
    except (ValueError, TypeError, AttributeError, jwt.PyJWTError):  # AttributeError: a public key, which signs nothing
        raise ConfigurationError(
            "the private key is no RSA key in PEM form: copy the provider's file as it is"
        ) from None
