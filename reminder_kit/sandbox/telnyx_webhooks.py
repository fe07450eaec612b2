"""Telnyx' webhooks as the sandbox sends them: events in their envelope.

Never signs anything by itself: the signer does, once a webhook is sent, so that a sandbox without webhooks needs no
`cryptography`.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from reminder_kit.sandbox.messages import Parked
from reminder_kit.sandbox.webhooks import Hook

if TYPE_CHECKING:
    from reminder_kit.sandbox.state import SandboxState

__all__ = ["reply", "report"]


def report(sandbox: SandboxState, message: Parked, at: datetime) -> Hook:
    """Return the webhook that says that a message was sent, or is over."""
    kind = "message.sent" if message.completed_at is None else "message.finalized"
    url = message.webhook_url or sandbox.webhook_url
    return Hook(kind, at, message.payload(), sandbox.signer.letter, url, message.webhook_failover_url)


def reply(sandbox: SandboxState, number: str, text: str, to: str, automatic: str | None) -> Hook:
    """Return the webhook of a reply; `automatic` is what Telnyx itself takes it for (None: nothing)."""
    payload: dict[str, Any] = {
        "record_type": "message",
        "direction": "inbound",
        "id": sandbox.new_id(),
        "type": "SMS",
        "messaging_profile_id": sandbox.profile,
        "from": {"phone_number": number, "carrier": "", "line_type": ""},
        "to": [{"phone_number": to, "status": "webhook_delivered", "carrier": "", "line_type": ""}],
        "text": text,
        "media": [],
        "autoresponse_type": automatic,
        "webhook_url": sandbox.webhook_url,
        "received_at": sandbox.now().isoformat(),
        "errors": [],
    }
    return Hook("message.received", sandbox.now(), payload, sandbox.signer.letter, sandbox.webhook_url)
