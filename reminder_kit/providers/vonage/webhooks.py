"""Vonage's webhooks as events: what happened to a message, or what a person replied.

Pure: no clock, no I/O. Never reads what was not verified before, and never refuses a word that it does not know.
Sources: Messages API, "Message Status" and "Inbound Message", in its present form and in that of version 0.1, in which
numbers and texts are wrapped; an application, or a message's `webhook_version`, chooses.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from reminder_kit.errors import PayloadError
from reminder_kit.model.consent import sender_names
from reminder_kit.model.messages import DeliveryEvent
from reminder_kit.providers.answers import instant_of, text_of
from reminder_kit.providers.replies import reply_type
from reminder_kit.providers.vonage import sms_api
from reminder_kit.providers.vonage.responses import STATUSES

__all__ = ["read_event", "sms_api_event"]

_WHAT = "Vonage webhook"


def read_event(body: bytes, now: datetime) -> DeliveryEvent:
    """Return the event of a verified body, in whichever format it is; `now` (UTC) stands in for its time.

    Raises `PayloadError` where it is no JSON object, or names no message.
    """
    try:
        raw = json.loads(body)
    except (ValueError, RecursionError):
        raise PayloadError(f"{_WHAT}: the body is no JSON") from None
    if not isinstance(raw, dict):
        raise PayloadError(f"{_WHAT}: it names no message")
    return sms_api_event(raw, now) if sms_api.is_sms_api(raw) else _event(raw, now)


def sms_api_event(fields: Mapping[str, Any], now: datetime) -> DeliveryEvent:
    """Return the event of verified fields in the SMS API's format; raises `PayloadError` where they name no message."""
    if (found := sms_api.event(fields, now)) is None:
        raise PayloadError(f"{_WHAT}: it names no message")
    return found


def _event(raw: Mapping[str, Any], now: datetime) -> DeliveryEvent:
    """Return the event of a body of the Messages API: a status where it has one, else a reply."""
    if not (message := text_of(raw.get("message_uuid"))):
        raise PayloadError(f"{_WHAT}: it names no message")
    status, text = text_of(raw.get("status")), _text(raw)
    number = _number(raw.get("to" if status else "from")).lstrip("+")
    error = raw.get("error")
    return DeliveryEvent(
        id=f"{message}:{status or 'received'}",
        type=STATUSES.get(status, "unknown") if status else reply_type(text),
        occurred_at=instant_of(raw.get("timestamp")) or now,
        provider="vonage",
        provider_id=message,
        token=text_of(raw.get("client_ref")) or None,
        number=f"+{number}" if number else None,
        text=None if status else text,
        code=text_of(error.get("title")) if isinstance(error, dict) else "",
        raw=raw,
        senders=() if status else sender_names(_number(raw.get("to"))),
    )


def _number(value: object) -> str:
    """Return a number as it stands, or as version 0.1 wraps it (`{"type": "sms", "number": …}`)."""
    return text_of(value.get("number") if isinstance(value, dict) else value)


def _text(raw: Mapping[str, Any]) -> str:
    """Return what a person wrote, as it stands or as version 0.1 wraps it (`message.content.text`).

    What is written under a picture is its caption.
    """
    inner = raw.get("message")
    inner = inner.get("content") if isinstance(inner, dict) else None
    found = [part for part in (raw, inner) if isinstance(part, dict)]
    captions = [part[kind].get("caption") for part in found for kind in _MEDIA if isinstance(part.get(kind), dict)]
    return next(filter(None, map(text_of, [*(part.get("text") for part in found), *captions])), "")


_MEDIA = ("image", "video", "audio", "file")
