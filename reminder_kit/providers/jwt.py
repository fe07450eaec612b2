"""JSON Web Tokens (RFC 7519), as far as Vonage uses them: HS256 is verified, RS256 is signed.

Pure: no clock, no I/O. Never takes a token's own word for its algorithm (RFC 8725, 3.1).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

from reminder_kit.errors import ConfigurationError, SignatureError

__all__ = ["made_rs256", "verified_hs256"]


def _packed(value: bytes) -> bytes:
    """Return bytes in base64url without padding (RFC 7515, 2)."""
    return base64.urlsafe_b64encode(value).rstrip(b"=")


def _unpacked(text: str) -> bytes:
    """Return the bytes of base64url without padding; raises `ValueError`."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def verified_hs256(token: str, secret: str, what: str) -> dict[str, Any]:
    """Return the claims of a token signed with that secret; `what` names the webhook in errors.

    Raises `SignatureError` where the signature, the algorithm or the form is another. The claims themselves (age,
    digest of the body) are for the caller to check.
    """
    head, _, rest = token.partition(".")
    claims, _, signature = rest.partition(".")
    made = hmac.digest(secret.encode(), f"{head}.{claims}".encode(), hashlib.sha256)
    try:
        right = hmac.compare_digest(made, _unpacked(signature)) and json.loads(_unpacked(head)).get("alg") == "HS256"
        found = json.loads(_unpacked(claims)) if right else None
    except (ValueError, AttributeError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise SignatureError(f"{what}: the token is not signed with our secret")
    return found


def made_rs256(claims: dict[str, Any], private_key: str) -> str:
    """Return a token that carries these claims, signed with an RSA private key (PEM).

    Raises `ConfigurationError` where `cryptography` is not installed or the key can't be read.
    """
    try:
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import padding, rsa
    except ImportError:
        raise ConfigurationError(
            "a private key needs the package cryptography: pip install 'reminder-kit[webhooks]'"
        ) from None
    try:
        key = serialization.load_pem_private_key(private_key.encode(), None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ConfigurationError("the private key is no RSA key in PEM form: copy the provider's file as it is")
    parts = ({"alg": "RS256", "typ": "JWT"}, claims)
    signed = b".".join(_packed(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
    return (signed + b"." + _packed(key.sign(signed, padding.PKCS1v15(), hashes.SHA256()))).decode()
