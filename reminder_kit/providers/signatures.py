"""Signatures of webhooks, verified over the bytes as they came.

Pure: no clock, no I/O; `now` is handed in. Never parses what has not been verified.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable

from reminder_kit.errors import ConfigurationError, SignatureError
from reminder_kit.ports import check_age, lowered, same_hmac
from reminder_kit.ports.verifying import check_near

__all__ = ["check_age", "check_ed25519_key", "check_near", "lowered", "same_hmac", "verify_ed25519"]

_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P
"""The field and the constant of the curve Ed25519 (RFC 8032, 5.1)."""
_EIGHTH = 0x5FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_SMALL_ORDER = frozenset({0, 1, _P - 1, _EIGHTH, _P - _EIGHTH})
"""The y of the eight points that come to nothing after at most eight steps: under such a key anybody can sign."""


def _decoded(text: str, size: int, otherwise: str) -> bytes:
    """Return the bytes of a base64 text; raises `ValueError`, with these words, where they are not `size` bytes."""
    try:
        value = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        value = b""
    if len(value) != size:
        raise ValueError(otherwise)
    return value


def check_ed25519_key(key: str, what: str) -> None:
    """Raise `ConfigurationError` for what is no Ed25519 public key (base64, 32 bytes), or one that proves nothing.

    Under a point of small order, such as the key of 32 zero bytes, some signatures hold for every message; a y of the
    field's size or more, or of no point of the curve, is no key that anybody was given (RFC 8032, 5.1.3).
    """
    try:
        raw = _decoded(key, 32, "is not base64 of 32 bytes")
    except (ValueError, TypeError):
        raise ConfigurationError(f"{what} is not base64 of 32 bytes") from None
    y = int.from_bytes(raw, "little") & (2**255 - 1)
    squared = (y * y - 1) * (_D * y * y + 1)
    if y % _P in _SMALL_ORDER:
        raise ConfigurationError(f"{what} is one under which anybody can sign")
    if y >= _P or pow(squared % _P, (_P - 1) // 2, _P) != 1:
        raise ConfigurationError(f"{what} is no point of the curve, so that nobody can have signed under it")


def verify_ed25519(keys: Iterable[str], signature: str, signed: bytes, what: str) -> None:
    """Check an Ed25519 signature (base64) against any of several public keys (base64, 32 bytes).

    Several keys let a key be changed without losing an event. Raises `SignatureError`
    where none fits and `ConfigurationError` where `cryptography` is not installed or a
    key cannot be read.
    """
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        raise ConfigurationError(
            f"{what}: cannot be verified without the package cryptography: pip install 'reminder-kit[webhooks]'"
        ) from None
    try:
        raw = _decoded(signature, 64, "the signature is not base64 of 64 bytes")
    except ValueError as error:
        raise SignatureError(f"{what}: {error}") from None
    for key in keys:
        try:
            public = Ed25519PublicKey.from_public_bytes(_decoded(key, 32, "the public key is not base64 of 32 bytes"))
        except ValueError as error:
            raise ConfigurationError(f"{what}: {error}; copy it from the provider's portal") from None
        try:
            public.verify(raw, signed)
        except InvalidSignature:
            continue
        return
    raise SignatureError(f"{what}: the signature fits none of our public keys; check the key, and use the raw body")
