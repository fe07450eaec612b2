"""Webhooks in the format of Vonage's SMS API, which an account can be set to: a STOP comes in it all the same.

Pure: no clock, no I/O. Never takes one that is not signed, nor one whose signature is a bare MD5 of secret and fields.

An account's "Default SMS Setting" decides in which format replies to its numbers come (Vonage, "Inbound SMS" of both
APIs). Those of the SMS API have no token: with signed webhooks switched on, one parameter is the HMAC of the others
("Signing messages"). They come as JSON or as a form; those by GET are nobody's body, and are not taken.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from reminder_kit.errors import SignatureError
from reminder_kit.model.consent import sender_names
from reminder_kit.model.messages import DeliveryEvent
from reminder_kit.providers.answers import text_of
from reminder_kit.providers.replies import reply_type
from reminder_kit.providers.signatures import check_age

__all__ = ["check_signature", "event", "fields_of", "is_sms_api"]

_STATUSES = {
    "accepted": "sent",
    "buffered": "sent",
    "delivered": "delivered",
    "expired": "undelivered",
    "failed": "undelivered",
    "rejected": "undelivered",
}
"""The SMS API's words for a message, in ours; any other is `unknown` ("Delivery receipts")."""

_DIGESTS = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}
"""The HMAC of each length of a signature: an account picks one of them ("Signing messages")."""

_SWITCH = (
    "switch the account to the Messages API (Vonage dashboard, API settings, Default SMS Setting), "
    "or its webhooks to signed ones (SHA-256 HMAC, POST)"
)
_MOST_FIELDS = 100


def fields_of(body: bytes) -> dict[str, Any]:
    """Return the fields of a body that is a JSON object or a form; an empty mapping for any other."""
    with suppress(ValueError, RecursionError):
        if body.lstrip()[:1] == b"{":
            return dict(json.loads(body))
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    return {}


def is_sms_api(fields: Mapping[str, Any]) -> bool:
    """Say whether a webhook is in the SMS API's format: it names the person as `msisdn`, or the message `messageId`."""
    return "message_uuid" not in fields and ("msisdn" in fields or "messageId" in fields)


def check_signature(fields: Mapping[str, Any], secret: str, now: datetime, tolerance: timedelta, what: str) -> None:
    """Check `sig` over all other fields, and their `timestamp`; `what` names the webhook in errors.

    Raises `SignatureError` where one is missing, wrong or too old, and says which setting lets them come otherwise.
    """
    given = text_of(fields.get("sig")).lower()
    digest = _DIGESTS.get(len(given))
    if digest is None:
        raise SignatureError(f"{what}: it is in the format of the SMS API, and not signed: {_SWITCH}")
    signed = "".join(f"&{name}={_plain(fields[name])}" for name in sorted(fields) if name != "sig")
    made = hmac.new(secret.encode(), signed.encode("utf-8", "surrogatepass"), digest).hexdigest()
    if not hmac.compare_digest(made.encode(), given.encode()):
        raise SignatureError(f"{what}: it is in the format of the SMS API, and signed with another secret: {_SWITCH}")
    check_age(text_of(fields.get("timestamp")), now, tolerance, what)


def _plain(value: object) -> str:
    """Return a value as it is signed: what parts fields is replaced."""
    return text_of(value).replace("&", "_").replace("=", "_")


def event(fields: Mapping[str, Any], now: datetime) -> DeliveryEvent | None:
    """Return the event of verified fields: a status where they have one, else a reply; None: they name no message."""
    if not (message := text_of(fields.get("messageId"))):
        return None
    status, text = text_of(fields.get("status")), text_of(fields.get("text"))
    number, code = text_of(fields.get("msisdn")).lstrip("+"), text_of(fields.get("err-code"))
    return DeliveryEvent(
        id=f"{message}:{status or 'received'}",
        type=_STATUSES.get(status, "unknown") if status else reply_type(text),
        occurred_at=_instant(text_of(fields.get("message-timestamp"))) or now,
        provider="vonage",
        provider_id=message,
        token=text_of(fields.get("client-ref")) or None,
        number=f"+{number}" if number else None,
        text=None if status else text,
        code="" if code == "0" else code,
        raw=fields,
        senders=() if status else sender_names(text_of(fields.get("to"))),
    )


def _instant(text: str) -> datetime | None:
    """Return the instant that the SMS API writes ("2026-02-15 14:29:59", UTC); None: it is none."""
    with suppress(ValueError):
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    return None
