"""The key by which the sandbox's Telnyx signs its webhooks.

Never signs anything until it is sent, so that a sandbox without webhooks needs no `cryptography`.
"""

from __future__ import annotations

import base64
import json
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING

from reminder_kit.errors import ConfigurationError
from reminder_kit.model.instants import seconds
from reminder_kit.sandbox.webhooks import Hook

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


__all__ = ["Signer"]


class Signer:
    """An Ed25519 key, always the same for the same seed, so that its public key can be written down."""

    def __init__(self, seed: str = "reminder_kit sandbox") -> None:
        self._seed = sha256(seed.encode()).digest()

    @cached_property
    def _key(self) -> Ed25519PrivateKey:
        try:
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        except ImportError:
            raise ConfigurationError(
                "the sandbox cannot sign webhooks without the package cryptography: "
                "pip install 'reminder-kit[webhooks]'"
            ) from None
        return Ed25519PrivateKey.from_private_bytes(self._seed)

    @property
    def public_key(self) -> str:
        """The public key, in base64, as `Telnyx(public_key=…)` takes it."""
        return base64.b64encode(self._key.public_key().public_bytes_raw()).decode()

    def headers(self, body: bytes, at: datetime) -> dict[str, str]:
        """Return the headers with which Telnyx would send this body at that instant (UTC)."""
        timestamp = str(seconds(at))
        signature = base64.b64encode(self._key.sign(timestamp.encode() + b"|" + body)).decode()
        return {
            "content-type": "application/json",
            "telnyx-timestamp": timestamp,
            "telnyx-signature-ed25519": signature,
        }

    def letter(self, hook: Hook, now: datetime, attempt: int, url: str | None) -> tuple[dict[str, str], bytes]:
        """Return headers and body of one attempt to send a webhook, as Telnyx writes it.

        `now` is when it is signed, `attempt` counts from 1, `url` is where it goes (None: it is only kept).
        """
        data = {
            "event_type": hook.type,
            "id": hook.id,
            "occurred_at": hook.occurred_at.isoformat(timespec="microseconds"),
            "payload": hook.payload,
            "record_type": "event",
        }
        meta = {"attempt": attempt, "delivered_to": url}
        body = json.dumps({"data": data, "meta": meta}).encode()
        return self.headers(body, now), body
