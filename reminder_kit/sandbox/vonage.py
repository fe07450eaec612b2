"""Vonage's Messages API, as its API reference documents it: text and image messages, signed webhooks.

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
from reminder_kit.sandbox.webhooks import Hook

if TYPE_CHECKING:
    from reminder_kit.sandbox.state import SandboxState

__all__ = ["reply", "report", "respond"]

WORDS = {
    "sent": "submitted",
    "delivered": "delivered",
    "sending_failed": "rejected",
    "delivery_failed": "undeliverable",
}
"""Vonage's word for each of Telnyx' statuses; any other word stays as it is."""

_NUMBER = re.compile(r"[1-9]\d{6,14}")
_LONGEST = 1000
_ERRORS = "https://developer.vonage.com/api-errors/messages-olympus"


def _problem(status: int, code: str, title: str, parameter: str = "") -> Answer:
    value: dict[str, Any] = {"type": f"{_ERRORS}#{code}", "title": title, "detail": title, "instance": "sandbox"}
    if parameter:
        value["invalid_parameters"] = [{"name": parameter, "reason": title}]
    return answer(status, value)


def respond(sandbox: SandboxState, call: Call) -> Answer:
    """Answer one request."""
    scheme, _, given = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() not in {"basic", "bearer"} or not given or not _is_known(sandbox, scheme.lower(), given):
        return _problem(401, "1", "Unauthorized")
    if (call.method, call.path) == ("GET", "/v2/applications"):
        return answer(200, {"_embedded": {"applications": []}, "page": 1, "page_size": 1, "total_items": 0})
    if (call.method, call.path) != ("POST", "/v1/messages"):
        return _problem(404, "2", "Not found")
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
        return _problem(422, "1020", "The request body is not valid JSON")
    refused = _check(fields)
    if refused:
        return _problem(422, "1020", refused[1], refused[0])
    image = fields.get("image") or {}
    now = sandbox.now()
    message = Parked(
        id=sandbox.new_id(),
        kind="vonage",
        to=f"+{fields['to']}",
        from_=str(fields["from"]),
        text=str(fields.get("text") or image.get("caption") or ""),
        send_at=now,
        created_at=now,
        scheduled=False,
        status="queued",
        type="MMS" if image else "SMS",
        media_urls=(image["url"],) if image else (),
        webhook_url=fields.get("webhook_url"),
        idempotency_key=str(fields.get("client_ref") or ""),
    )
    sandbox.accept(message)
    return answer(202, {"message_uuid": message.id})


def _check(fields: dict[str, Any]) -> tuple[str, str] | None:
    """Return the parameter that is wrong and why; None means that all is right."""
    if not _NUMBER.fullmatch(str(fields.get("to", ""))):
        return "to", "`to` is no E.164 number without its plus sign"
    if not fields.get("from"):
        return "from", "`from` is required"
    kind = (fields.get("channel"), fields.get("message_type"))
    if kind not in {("sms", "text"), ("mms", "image")}:
        return "message_type", "unsupported channel and message type"
    if kind == ("sms", "text") and not 0 < len(str(fields.get("text") or "")) <= _LONGEST:
        return "text", "`text` must have 1 to 1000 characters"
    if kind == ("mms", "image") and not (isinstance(fields.get("image"), dict) and fields["image"].get("url")):
        return "image", "`image.url` is required"
    return ("client_ref", "`client_ref` is too long") if len(str(fields.get("client_ref") or "")) > 100 else None


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
        "from": message.from_,
        "timestamp": iso(at),
        "status": word,
        "client_ref": message.idempotency_key,
    }
    if message.errors:
        code = "1240" if message.errors[0]["code"] == "40300" else message.errors[0]["code"]
        payload["error"] = {"type": f"{_ERRORS}#{code}", "title": code, "detail": message.errors[0]["title"]}
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
