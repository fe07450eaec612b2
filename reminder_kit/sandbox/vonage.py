"""Vonage's Messages API, as its API reference documents it: texts and MMS of every kind, signed webhooks.

Never schedules and never cancels: a message that was taken is on its way.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from reminder_kit.model.instants import iso, seconds
from reminder_kit.sandbox.http_messages import Answer, Call, answer
from reminder_kit.sandbox.messages import Parked
from reminder_kit.sandbox.problems import VONAGE
from reminder_kit.sandbox.webhooks import Hook

if TYPE_CHECKING:
    from reminder_kit.sandbox.state import SandboxState

__all__ = ["reply", "report", "respond"]

WORDS = {
    "sent": "submitted",
    "delivered": "delivered",
    "delivery_unconfirmed": "submitted",
    "sending_failed": "rejected",
    "delivery_failed": "undeliverable",
}
"""Vonage's word for each of Telnyx' statuses; any other word stays as it is."""

_NUMBER = re.compile(r"[1-9]\d{6,14}")
_LONGEST, _LONGEST_CAPTION = 3200, 3000
_ERRORS = "https://developer.vonage.com/api-errors/messages"
_MEDIA = ("image", "vcard", "audio", "video", "file")
"""The kinds of media of an MMS; several of them are a `content`."""


def _problem(status: int, code: str, title: str, parameter: str = "") -> Answer:
    value = VONAGE.write(status, code, title)
    if parameter:
        value["invalid_parameters"] = [{"name": parameter, "reason": title}]
    return answer(status, value)


def respond(sandbox: SandboxState, call: Call) -> Answer:
    """Answer one request."""
    scheme, _, given = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() not in {"basic", "bearer"} or not given or not _is_known(sandbox, scheme.lower(), given):
        return VONAGE.of_fault("unauthorized")
    if (call.method, call.path) == ("GET", "/v2/applications"):
        return answer(200, {"_embedded": {"applications": []}, "page": 1, "page_size": 1, "total_items": 0})
    if (call.method, call.path) != ("POST", "/v1/messages"):
        return VONAGE.of_fault("unknown_path")
    return _create(sandbox, call)


def _is_known(sandbox: SandboxState, scheme: str, given: str) -> bool:
    """Say whether credentials are right: those of Basic by their secret; a token is not looked into."""
    if sandbox.key is None or scheme == "bearer":
        return True
    try:
        return base64.b64decode(given, validate=True).decode().partition(":")[2] == sandbox.key
    except ValueError:
        return False


def _create(sandbox: SandboxState, call: Call) -> Answer:
    try:
        fields = call.json()
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        return _problem(422, "invalid-json", "The request body did not contain valid JSON")
    refused = _check(fields)
    if refused:
        return _problem(422, "1150", refused[1], refused[0])
    media, now = _media(fields), sandbox.now()
    message = Parked(
        id=sandbox.new_id(),
        kind="vonage",
        to=f"+{fields['to']}",
        from_=fields["from"],
        text=fields.get("text") or next((item["caption"] for item in media if item.get("caption")), ""),
        send_at=now,
        created_at=now,
        scheduled=False,
        status="queued",
        type=fields["channel"].upper(),
        media_urls=tuple(item["url"] for item in media),
        webhook_url=fields.get("webhook_url"),
        idempotency_key=fields.get("client_ref") or "",
    )
    sandbox.accept(message)
    return answer(202, {"message_uuid": message.id})


def _media(fields: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the media of a message that was checked."""
    kind = fields["message_type"]
    return [] if kind == "text" else fields["content"] if kind == "content" else [fields[kind]]


def _check(fields: dict[str, Any]) -> tuple[str, str] | None:
    """Return the parameter that is wrong and why; None means that all is right."""
    for name in ("to", "from", "channel", "message_type", "text", "client_ref", "webhook_url"):
        if not isinstance(fields.get(name, ""), str):
            return name, f"`{name}` must be a string"
    if not _NUMBER.fullmatch(fields.get("to", "")):
        return "to", "`to` is no E.164 number without its plus sign"
    if not fields.get("from"):
        return "from", "`from` is required"
    if len(fields.get("client_ref", "")) > 100:
        return "client_ref", "`client_ref` is too long"
    kind, channel = fields.get("message_type"), fields.get("channel")
    if kind == "text" and channel in {"sms", "mms"}:
        taken = 0 < len(fields.get("text", "")) <= _LONGEST
        return None if taken else ("text", f"`text` must have 1 to {_LONGEST} characters")
    if channel != "mms" or kind not in {*_MEDIA, "content"}:
        return "message_type", "unsupported channel and message type"
    items = fields.get(kind)
    listed = items if kind == "content" and isinstance(items, list) else [items]
    if listed and all(_is_medium(item, typed=kind == "content") for item in listed):
        return None
    return kind, f"`{kind}` must have a `url`, and a `caption` of up to {_LONGEST_CAPTION} characters"


def _is_medium(item: object, *, typed: bool) -> bool:
    """Say whether a value is one medium; in a `content` it names its type."""
    if not isinstance(item, dict) or not isinstance(item.get("url"), str) or not item["url"]:
        return False
    caption = item.get("caption", "")
    return isinstance(caption, str) and len(caption) <= _LONGEST_CAPTION and (not typed or item.get("type") in _MEDIA)


# Webhooks


def _packed(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _signed_json(sandbox: SandboxState, hook: Hook, now: datetime) -> tuple[dict[str, str], bytes]:
    """Return headers and body of a webhook as Vonage writes it: JSON, with a token that carries its digest."""
    body = json.dumps(hook.payload).encode()
    claims = {"iss": "Vonage", "iat": seconds(now), "jti": hook.id, "payload_hash": hashlib.sha256(body).hexdigest()}
    signed = ".".join(_packed(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    signature = _packed(hmac.digest(sandbox.secret.encode(), signed.encode(), hashlib.sha256))
    return {"content-type": "application/json", "authorization": f"Bearer {signed}.{signature}"}, body


def _hook(sandbox: SandboxState, kind: str, at: datetime, payload: dict[str, Any], url: str | None) -> Hook:
    return Hook(kind, at, payload, lambda hook, now, _attempt, _url: _signed_json(sandbox, hook, now), url)


def report(sandbox: SandboxState, message: Parked, at: datetime) -> Hook:
    """Return the status webhook of a message."""
    word = WORDS.get(message.status, message.status)
    payload: dict[str, Any] = {
        "message_uuid": message.id,
        "channel": message.type.lower(),
        "to": message.to.lstrip("+"),
        "from": message.from_.lstrip("+"),
        "timestamp": iso(at),
        "status": word,
        "client_ref": message.idempotency_key,
    }
    if message.errors:
        code = "1240" if message.errors[0]["code"] == "40300" else message.errors[0]["code"]
        told = {"title": code, "detail": message.errors[0]["title"], "instance": message.id}
        payload["error"] = {"type": f"{_ERRORS}#{code}", **told}
    return _hook(sandbox, word, at, payload, message.webhook_url or sandbox.webhook_url)


def reply(sandbox: SandboxState, number: str, text: str, to: str, automatic: str | None) -> Hook:  # noqa: ARG001 - Vonage does not say it
    """Return the webhook of a reply; Vonage does not say what it takes the reply for."""
    payload = {
        "message_uuid": sandbox.new_id(),
        "channel": "sms",
        "message_type": "text",
        "to": to.lstrip("+"),
        "from": number.lstrip("+"),
        "text": text,
        "timestamp": iso(sandbox.now()),
    }
    return _hook(sandbox, "received", sandbox.now(), payload, sandbox.webhook_url)
