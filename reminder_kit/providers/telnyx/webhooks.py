"""Telnyx' webhooks: verify the bytes, then read what happened to a message or what a person replied.

Pure: no clock, no I/O. Never reads what is not signed, never refuses a signed event for a word that it does not know.
Sources: Telnyx, "Receiving Webhooks for Messaging" (envelope, signature, at most 2 seconds for the answer, up to three
attempts for each address) and "Advanced Opt-In/Out" (`autoresponse_type`). Events come in any order and more than once,
each with one id.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from reminder_kit.errors import ConfigurationError, PayloadError, SignatureError
from reminder_kit.model.consent import sender_names
from reminder_kit.model.messages import DeliveryEvent
from reminder_kit.providers.answers import instant_of, text_of
from reminder_kit.providers.replies import reply_type
from reminder_kit.providers.signatures import check_age, lowered, verify_ed25519
from reminder_kit.providers.telnyx.responses import STATUSES, first, token_in

__all__ = ["event", "verified"]

_WHAT = "Telnyx webhook"
_REPLIES = {"STOP": "opted_out", "START": "opted_in"}
"""What Telnyx itself took a reply for (`autoresponse_type`); HELP changes nothing, and is an ordinary reply."""
_FROM_PEOPLE = frozenset({"received", "opted_out", "opted_in"})
"""The types of events that are replies."""


def verified(
    keys: tuple[str, ...], headers: Mapping[str, str], body: bytes, now: datetime, tolerance: timedelta
) -> tuple[DeliveryEvent, ...]:
    """Return the event of a webhook whose signature and age are right.

    Telnyx signs `timestamp|body` with Ed25519. Raises `ConfigurationError` where there is no public key,
    `SignatureError` where no key fits or the timestamp is further than `tolerance` from `now`, and `PayloadError` where
    the body is no event.
    """
    if not keys:
        raise ConfigurationError(
            f"{_WHAT}: no public key to verify it with: set TELNYX_PUBLIC_KEY (Telnyx portal, Keys & Credentials)"
        )
    names = lowered(headers)
    timestamp, signature = names.get("telnyx-timestamp", ""), names.get("telnyx-signature-ed25519", "")
    if not timestamp or not signature:
        raise SignatureError(f"{_WHAT}: it has no telnyx-timestamp and telnyx-signature-ed25519; it is not from Telnyx")
    verify_ed25519(keys, signature, timestamp.encode() + b"|" + body, _WHAT)
    signed_at = check_age(timestamp, now, tolerance, _WHAT)
    return (event(body, signed_at),)


def event(body: bytes, signed_at: datetime) -> DeliveryEvent:
    """Return the event that a webhook's body holds; `signed_at` (UTC) stands in for a missing time.

    Raises `PayloadError` where the body is no JSON object with `data` and an id.
    """
    try:
        raw = json.loads(body)
    except (ValueError, RecursionError):
        raise PayloadError(f"{_WHAT}: the body is no JSON") from None
    data = first(raw.get("data")) if isinstance(raw, dict) else {}
    if not (event_id := text_of(data.get("id"))):
        raise PayloadError(f"{_WHAT}: the body has no data.id")
    payload = first(data.get("payload"))
    kind, number, code = _type_number_code(text_of(data.get("event_type")), payload)
    return DeliveryEvent(
        id=event_id,
        type=kind,
        occurred_at=instant_of(data.get("occurred_at")) or signed_at,
        provider="telnyx",
        provider_id=text_of(payload.get("id")) or None,
        token=_token(raw, payload),
        number=number,
        text=text_of(payload.get("text")) if kind in _FROM_PEOPLE else None,
        code=code,
        raw=raw,
        senders=_senders(payload) if kind in _FROM_PEOPLE else (),
    )


def _senders(payload: Mapping[str, Any]) -> tuple[str, ...]:
    """Return to whom of ours a reply was sent: the number, and the messaging profile, for all of which a STOP holds."""
    return sender_names(_number(payload.get("to")), text_of(payload.get("messaging_profile_id")))


def _token(raw: Mapping[str, Any], payload: Mapping[str, Any]) -> str | None:
    """Return our token: from the message's own webhook address, else from the address that this webhook came to."""
    places = (payload.get("webhook_url"), first(raw.get("meta")).get("delivered_to"))
    return next((token for place in places if (token := token_in(text_of(place)))), None)


def _number(value: object) -> str:
    """Return the number of who is named, alone or first in a list: as an object or, in other events, as text."""
    named = value[0] if isinstance(value, list) and value else value
    return text_of(named.get("phone_number") if isinstance(named, dict) else named)


def _type_number_code(event_type: str, payload: Mapping[str, Any]) -> tuple[str, str | None, str]:
    """Return our type of event, the person's number (None: not named) and Telnyx' code.

    A `message.sent` with a status of before the sending still says that the message was sent.
    """
    if event_type == "message.received":
        number = _number(payload.get("from")) or None
        automatic = text_of(payload.get("autoresponse_type")).upper()
        return _REPLIES.get(automatic) or reply_type(text_of(payload.get("text"))), number, automatic
    addressee = first(payload.get("to"))
    number = _number(payload.get("to")) or None
    code = text_of(first(payload.get("errors")).get("code"))
    if event_type not in {"message.sent", "message.finalized", "message.delivered"}:
        return "unknown", number, code
    status = STATUSES.get(text_of(addressee.get("status")).lower(), "unknown")
    if event_type == "message.sent" and status in {"unknown", "scheduled"}:
        status = "sent"
    return status, number, code
